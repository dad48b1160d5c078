"""What the definition of a field demands of its column by itself: not empty, a listed word, a pattern, bounds.

Judged on the words of the column's dictionary; each word is looked at once however many rows hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.contract import Clause, Contract
from contracts.pattern import compile_pattern
from contracts.series.rules import Index
from contracts.values.identifiers import Identifier
from contracts.values.personal import PersonalData
from contracts.values.words import Vocabulary

_TESTS: Final[Mapping[str, Callable[[pa.Array, pa.Scalar], pa.Array]]] = {
    "minimum": pc.less,
    "exclusiveMinimum": pc.less_equal,
    "maximum": pc.greater,
    "exclusiveMaximum": pc.greater_equal,
}
_MEMORY: Final = 1 << 16
"""Words whose answer is remembered. Beyond it each batch asks again: a free-text column must not grow the memory."""


@dataclass
class FieldClause:
    """One implied clause of one column. `ask` says what is wrong with a word: the code, or None."""

    clause: Clause
    column: str
    code: str
    ask: Callable[[str], str | None] | None = None
    bounds: Mapping[str, Any] = field(default_factory=dict)
    _known: dict[str, str | None] = field(default_factory=dict)

    def failing(self, column: pa.Array) -> dict[str, Index]:
        """Code -> places of the rows that fail."""
        if self.ask is not None:
            return self._words(column, self.ask)
        if self.clause.kind == "required":
            return _found(self.code, pc.is_null(column)) if column.null_count else {}
        outside = [
            _TESTS[name](column, pa.scalar(float(limit))) for name, limit in self.bounds.items() if name in _TESTS
        ]
        flags = outside[0]
        for more in outside[1:]:
            flags = pc.or_(flags, more)
        return _found(self.code, flags)

    def _words(self, column: pa.Array, ask: Callable[[str], str | None]) -> dict[str, Index]:
        words = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
        wrong: dict[str, list[int]] = {}
        for place, word in enumerate(words.dictionary.to_pylist()):
            if word is None:
                continue
            if word not in self._known and len(self._known) < _MEMORY:
                self._known[word] = ask(word)
            code = self._known[word] if word in self._known else ask(word)
            if code is not None:
                wrong.setdefault(code, []).append(place)
        found: dict[str, Index] = {}
        for code, places in wrong.items():
            found |= _found(code, pc.is_in(words.indices, pa.array(places, words.indices.type)))
        return found


def _found(code: str, flags: pa.Array) -> dict[str, Index]:
    rows = np.flatnonzero(pc.fill_null(flags, fill_value=False).to_numpy(zero_copy_only=False))
    return {code: rows} if len(rows) else {}


def field_clauses(contract: Contract, judged_elsewhere: frozenset[tuple[str, str]]) -> tuple[FieldClause, ...]:
    """The field clauses of a contract, without those (column, kind) that a rule of the series has a code for."""
    found: list[FieldClause] = []
    for clause in contract.clauses:
        column = clause.path.rpartition(".")[2]
        if clause.codes and (column, clause.kind) not in judged_elsewhere:
            found.extend(_compiled(contract, clause, column))
    return tuple(found)


def can_judge(clause: Clause) -> bool:
    """Whether `field_clauses` judges a clause of this kind with these parameters."""
    if clause.kind == "bounds":
        return "multipleOf" not in clause.params
    return clause.kind in ("required", "text", "enum", "identifier", "vocabulary", "personalData")


def _compiled(contract: Contract, clause: Clause, column: str) -> list[FieldClause]:
    params = clause.params
    if not can_judge(clause):
        return []
    match clause.kind:
        case "required":
            return [] if params.get("empty_allowed") else [FieldClause(clause, column, "FILE-E209")]
        case "bounds":
            return [FieldClause(clause, column, "FILE-E212", bounds=params)]
        case "enum":
            return [FieldClause(clause, column, "FILE-E211", _listed({str(v) for v in params["values"]}))]
        case "vocabulary":
            name = str(params.get("vocabulary"))
            vocabulary = Vocabulary(name, contract.schema.vocabularies.get(name, {}))
            return [FieldClause(clause, column, "FILE-E211", _vocabulary(vocabulary))]
        case "identifier":
            code = clause.codes[0]
            rules = Identifier(params, malformed=code, confusable=code)
            return [FieldClause(clause, column, code, _identifier(rules))]
        case "personalData":
            texts = [f.name for f in contract.schema.fields if f.type == "string"]
            detect = _personal(PersonalData(contract.personal_data))
            kept = [name for name in texts if name not in contract.personal_data_allow]
            return [FieldClause(clause, name, "FILE-E701", detect) for name in kept]
        case _:
            return [FieldClause(clause, column, "FILE-E210", _text(params))]


def _listed(words: set[str]) -> Callable[[str], str | None]:
    return lambda word: None if word.strip(" ") in words else "FILE-E211"


def _vocabulary(vocabulary: Vocabulary) -> Callable[[str], str | None]:
    return lambda word: None if vocabulary.read(word) is not None else "FILE-E211"


def _identifier(rules: Identifier) -> Callable[[str], str | None]:
    def ask(word: str) -> str | None:
        problem = rules.read(word)
        return None if problem is None else problem.code

    return ask


def _personal(detectors: PersonalData) -> Callable[[str], str | None]:
    return lambda word: None if detectors.in_text(word) is None else "FILE-E701"


def _text(params: Mapping[str, Any]) -> Callable[[str], str | None]:
    pattern = compile_pattern(params["pattern"]) if "pattern" in params else None
    shortest, longest = int(params.get("minLength", 0)), int(params.get("maxLength", 1 << 62))

    def ask(word: str) -> str | None:
        fits = shortest <= len(word) <= longest and (pattern is None or pattern.matches(word))
        return None if fits else "FILE-E210"

    return ask
