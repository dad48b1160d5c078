"""Reference tables: versioned, hashed YAML files beside a contract that hold a test panel, a tag list, units or words.

`read_table` expects a table that lint has passed; a table is read with the same strict YAML reader as a contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from contracts.contract import Criterion, RefTable, TagDef, TestDef, Units
from contracts.duration import parse_duration
from contracts.yamltree import Mapping as MapNode
from contracts.yamltree import Node, plain


@dataclass(frozen=True, slots=True)
class RefFile:
    """A reference table's bytes and the name of the file that holds them."""

    file: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class RefSource(Protocol):
    """Where reference tables come from: a folder, or whatever a caller keeps them in."""

    def find(self, name: str, version: str) -> RefFile | None: ...

    def known(self) -> tuple[str, ...]:
        """`name@version` of every table there is, for the help of an error."""
        ...


@dataclass(frozen=True)
class FolderRefs:
    """Reference tables as files `<name>@<version>.yaml` in folders; the first folder that has one wins."""

    folders: tuple[Path, ...]

    def find(self, name: str, version: str) -> RefFile | None:
        for folder in self.folders:
            path = folder / f"{name}@{version}.yaml"
            # A name comes from a contract that somebody else may have written: it must not lead out of the folder.
            if path.parent == folder and path.is_file():
                return RefFile(str(path), path.read_bytes())
        return None

    def known(self) -> tuple[str, ...]:
        return tuple(sorted({path.stem for folder in self.folders for path in folder.glob("*@*.yaml")}))


def refs_of(path: Path) -> FolderRefs:
    """Where the reference tables of a contract file are looked for: `refs/` beside it, then in the folder above."""
    folders = (path.parent / "refs", path.parent.parent / "refs")
    return FolderRefs(tuple(folder for folder in folders if folder.is_dir()))


def read_table(ref: RefFile, root: Node) -> RefTable:
    """The table of a parsed file. `defaults` of a tag list are applied to every tag."""
    body = plain(root)
    spec = body.get("specification")
    labs = tuple(body.get("labs", ()))
    defaults = body.get("defaults", {})
    return RefTable(
        name=body["name"],
        version=str(body["version"]),
        sha256=ref.sha256,
        file=ref.file,
        specification=(str(spec["id"]), str(spec["version"]), _date(spec.get("effectiveFrom"))) if spec else None,
        tests=tuple(panel_test(test, labs) for test in body.get("tests", ())),
        tags=tuple(agreed_tag(defaults | tag) for tag in body.get("tags", ())),
        labs=labs,
        units=units(body.get("units", {})),
        vocabularies=vocabularies(body.get("vocabularies", {})),
        tree=root if isinstance(root, MapNode) else None,
    )


def panel_test(body: Mapping[str, Any], labs: tuple[str, ...] = ()) -> TestDef:
    """One TestDef; `labs` of the table stand in where the test names none."""
    physical = body.get("physical")
    plausible = body.get("plausible", {})
    return TestDef(
        code=str(body["code"]),
        level=body["level"],
        required=body["required"],
        value_kind=body["valueKind"],
        criterion=criterion(body["criterion"]),
        name=body.get("name"),
        aliases=tuple(body.get("aliases", ())),
        vocabulary=body.get("vocabulary"),
        unit=body.get("unit"),
        decimals=body.get("decimals"),
        rounding=body.get("rounding", "half_up"),
        criterion_text=tuple(body.get("criterionText", ())),
        physical=(decimal(physical[0]), decimal(physical[1])) if physical else None,
        plausible_factor=decimal(plausible["factor"]) if "factor" in plausible else None,
        plausible_min_history=plausible.get("minHistory"),
        methods=tuple(body.get("methods", ())),
        labs=tuple(body.get("labs", labs)),
        stage_allowed=tuple(body.get("stageAllowed", ("final",))),
        min_duration=parse_duration(body["minDuration"]) if "minDuration" in body else None,
        tat_working_days=body.get("tatWorkingDays"),
        loq_max=decimal(body["loqMax"]) if "loqMax" in body else None,
        replicates=body.get("replicates", {}).get("min"),
        replicates_max=body.get("replicates", {}).get("max"),
    )


def criterion(body: Mapping[str, Any]) -> Criterion:
    """One acceptance criterion, with the criteria it is made of."""
    of = body.get("of")
    for op in ("le", "lt", "ge", "gt", "equals"):
        if op in body:
            return Criterion(op, limit=decimal(body[op]), of=of)
    if "range" in body:
        low, high = body["range"]
        lower, upper = body.get("includeLower", True), body.get("includeUpper", True)
        return Criterion("range", low=decimal(low), high=decimal(high), include_lower=lower, include_upper=upper, of=of)
    if "oneOf" in body:
        return Criterion("oneOf", words=tuple(body["oneOf"]), of=of)
    if "anyOf" in body:
        return Criterion("anyOf", parts=tuple(criterion(part) for part in body["anyOf"]))
    if "allOf" in body:
        return Criterion("allOf", parts=tuple(criterion(part) for part in body["allOf"]))
    return Criterion("absent" if "absent" in body else "reportOnly", of=of)


def agreed_tag(body: Mapping[str, Any]) -> TagDef:
    def length(key: str) -> Any:
        return parse_duration(body[key]) if key in body else None

    def number(key: str) -> Decimal | None:
        return decimal(body[key]) if key in body else None

    low, high = body.get("range", (None, None))
    return TagDef(
        tag=str(body["tag"]),
        name=body.get("name", body["tag"]),
        unit=body.get("unit", ""),
        low=None if low is None else decimal(low),
        high=None if high is None else decimal(high),
        kind=body.get("kind", "measured"),
        interval=length("interval"),
        max_gap=length("maxGap"),
        heartbeat=length("heartbeat"),
        sentinels=tuple(decimal(value) for value in body.get("sentinels", ())),
        noise_floor=number("noiseFloor"),
        stuck_after=length("stuckAfter"),
        max_rate=number("maxRate"),
        phases=tuple(body.get("phases", ())),
        critical=body.get("critical", False),
        min_good_percent=number("minGoodPercent"),
        aliases=tuple(body.get("aliases", ())),
        looks_like={unit: (decimal(a), decimal(b)) for unit, (a, b) in body.get("looksLike", {}).items()},
    )


def units(body: Mapping[str, Any]) -> Units:
    """Spellings, flagged codes and conversions. An alias is turned round: alias -> unit."""
    return Units(
        aliases={alias: unit for unit, listed in body.get("aliases", {}).items() for alias in listed},
        flagged={alias: unit for unit, listed in body.get("flagged", {}).items() for alias in listed},
        convert={(c["from"], c["to"]): decimal(c["factor"]) for c in body.get("convert", ())},
    )


def vocabularies(body: Mapping[str, Any]) -> dict[str, dict[str, tuple[str, ...]]]:
    return {name: {word: tuple(listed) for word, listed in words.items()} for name, words in body.items()}


def decimal(value: object) -> Decimal:
    """A limit, from text or number; its digits are kept."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _date(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None
