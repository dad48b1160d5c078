"""A YAML file that a person wrote, and the place in it of whatever a pydantic model finds wrong.

Partner files use it here, and so may any other settings file in YAML: `read_config`, `validate`, `explain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from connectors.errors import ConfigProblem
from contracts.errors import valid_values
from contracts.yamltree import Mapping, Node, Sequence, plain, read_yaml

Steps = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """`data` is the file as plain Python; `root` keeps the places."""

    file: str
    root: Mapping
    data: dict[str, Any]

    def place(self, steps: Steps, *, key: bool = False) -> tuple[int, int]:
        """Line and column of the value at `steps` (of its key with `key=True`), or of the nearest thing around it."""
        node: Node = self.root
        line, column = node.line, node.column
        for index, step in enumerate(steps):
            match node:
                case Mapping() if isinstance(step, str) and step in node.entries:
                    name, node = node.entries[step]
                    last = index == len(steps) - 1
                    line, column = (name.line, name.column) if key and last else (node.line, node.column)
                case Sequence() if isinstance(step, int) and step < len(node.items):
                    node = node.items[step]
                    line, column = node.line, node.column
        return line, column

    def problem(self, steps: Steps, message: str, help: str = "", *, key: bool = False) -> ConfigProblem:
        return ConfigProblem(self.file, *self.place(steps, key=key), message, help)

    def explain(self, model: type[BaseModel], error: ValidationError, prefix: Steps) -> Iterator[ConfigProblem]:
        """Each error in words with its place. Values are shown for choices only: a secret may stand anywhere else."""
        errors = error.errors(include_url=False)
        for found in errors:
            steps = found["loc"]
            name = ".".join(str(step) for step in steps if isinstance(step, str)) or "this"
            owner = _model_at(model, steps[:-1])
            match found["type"]:
                case "missing":
                    about = owner.model_fields.get(str(steps[-1])) if owner else None
                    hint = (about.description if about else None) or ""
                    yield self.problem((*prefix, *steps[:-1]), f'"{name}" is missing', hint)
                case "extra_forbidden":
                    known = [field.alias or key for key, field in owner.model_fields.items()] if owner else []
                    hint = valid_values(str(steps[-1]), known)
                    yield self.problem((*prefix, *steps), f'unknown key "{steps[-1]}"', hint, key=True)
                case "literal_error" | "enum":
                    choices = re.findall(r"'([^']*)'", found["ctx"]["expected"])
                    hint = valid_values(str(found["input"]), choices)
                    yield self.problem((*prefix, *steps), f'"{name}" cannot be {found["input"]!r}', hint)
                case "too_short":
                    # pydantic also counts a list as empty when each of its items is wrong: those say enough.
                    if not any(other["loc"][: len(steps)] == steps for other in errors if other is not found):
                        yield self.problem((*prefix, *steps), f'"{name}" is empty')
                case "value_error":
                    yield self.problem((*prefix, *steps), f'"{name}": {found["ctx"]["error"]}')
                case _:
                    said = found["msg"][:1].lower() + found["msg"][1:]
                    yield self.problem((*prefix, *steps), f'"{name}": {said}')


def read_config(path: Path, *, starts_with: str) -> tuple[ConfigFile | None, list[ConfigProblem]]:
    """The file, or why it can't be read. `starts_with` is the help for a file that holds no mapping at all."""
    file = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        return None, [ConfigProblem(file, 1, 1, f"cannot be read: {error.strerror or type(error).__name__}")]
    tree = read_yaml(data)
    problems = [
        ConfigProblem(file, p.line, p.column, p.message, p.help) for p in tree.problems if tree.root is not None
    ]
    match tree.root:
        case Mapping() as root:
            return ConfigFile(file, root, plain(root)), problems
        case None if data.strip():
            return None, [ConfigProblem(file, p.line, p.column, p.message, p.help) for p in tree.problems]
        case _:
            return None, [ConfigProblem(file, 1, 1, "the file holds no keys", starts_with)]


def _model_at(model: type[BaseModel], steps: Steps) -> type[BaseModel] | None:
    """The model that the last of `steps` leads to. List positions and pydantic's own steps lead nowhere new."""
    here = model
    for step in steps:
        field = here.model_fields.get(step) if isinstance(step, str) else None
        if field is not None:
            below = _first_model(field.annotation)
            if below is None:
                return None
            here = below
    return here


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _first_model(part))), None)
