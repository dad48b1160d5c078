"""A bad contract is told where it is bad: exact code, line and column, what is valid, and everything at once.

Promise: contracts.md 1.2, 2.1 and 4.1 step 2. Each case changes one thing of a sound contract; `@` in the new text
marks the place that lint must name.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from contracts.codes import Severity
from contracts.errors import ContractInvalid
from contracts.lint import lint
from contracts.odcs import load
from contracts.tables import RefFile

SOUND = """\
apiVersion: v3.2.0
kind: DataContract
id: northvale-coa
version: 2.3.0
status: active
customProperties:
  - {property: jidProfile, value: 1}
  - {property: feed, value: {partner: northvale, kind: coa}}
  - {property: refs, value: [{name: panel, version: "3"}]}
schema:
  - name: certificate
    customProperties:
      - {property: documentKind, value: certificate}
      - {property: source, value: [{format: xlsx, sheet: Results, headerCells: {lot_number: B1}, rows: results}]}
      - {property: time, value: {zone: offset, minimum: "2020-01-01"}}
      - {property: units, value: {convert: [{from: ug/mL, to: ng/mL, factor: "1000"}]}}
      - {property: vocabularies, value: {absent: {absent: [absent, negative]}}}
      - {property: tests, value: {ref: panel}}
    properties:
      - {name: lot_number, logicalType: string, required: true, logicalTypeOptions: {pattern: "^LV-[0-9]{4}$"}}
      - {name: issued_at, logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}}
      - name: results
        logicalType: array
        items:
          logicalType: object
          properties:
            - {name: code, logicalType: string}
            - {name: value, logicalType: string, customProperties: [{property: unitFrom, value: unit}]}
            - {name: unit, logicalType: string}
            - {name: word, logicalType: string, customProperties: [{property: vocabulary, value: absent}]}
    quality:
      - {id: in_spec, type: custom, engine: justindata, severity: warning,
         implementation: {rule: within, each: results, code: code, value: value}}
      - {id: dates, type: custom, engine: justindata,
         implementation: {rule: crossField, left: issued_at, op: "<=", right: $.issued_at, code: COA-E505}}
slaProperties:
  - id: l1_due
    property: latency
    value: 48
    unit: h
    customProperties:
      - {property: subject, value: {kind: lot, level: L1}}
      - {property: anchor, value: slot.planned_start}
      - {property: leadTime, value: -PT48H}
      - {property: timezone, value: Europe/Brussels}
      - {property: escalate, value: [{at: PT0S, impact: high, to: [desk]}]}
support:
  - {id: desk, channel: data-desk,
     customProperties: [{property: alertRoute, value: {audience: partner, codes: ["COA-*"]}}]}
"""

TABLE = """\
name: panel
version: "3"
labs: [QC]
tests:
  - {code: PH, level: L1, required: true, valueKind: numeric, unit: "[pH]", criterion: {range: ["6.9", "7.8"]}}
  - {code: MYCO, level: L1, required: true, valueKind: qualitative, criterion: {absent: true}}
"""


@dataclass
class MemoryRefs:
    """Reference tables kept in memory: the smallest RefSource."""

    tables: dict[str, bytes] = field(default_factory=lambda: {"panel@3": TABLE.encode()})

    def find(self, name: str, version: str) -> RefFile | None:
        key = f"{name}@{version}"
        return RefFile(f"{key}.yaml", self.tables[key]) if key in self.tables else None

    def known(self) -> tuple[str, ...]:
        return tuple(self.tables)


def problems(text: str, refs: MemoryRefs | None = None):
    return lint(text.encode(), "contract.yaml", refs or MemoryRefs())


def marked(text: str) -> tuple[str, int, int]:
    """The text without its mark, and the mark's line and column."""
    at = text.index("@")
    line = text.count("\n", 0, at) + 1
    return text.replace("@", "", 1), line, at - text.rfind("\n", 0, at)


def test_the_sound_contract_has_no_problem():
    assert problems(SOUND) == []


CASES = [
    # the standard
    ("CON-E102", "status: active", "status: active\n@owner: me", "owner is not known"),
    ("CON-E102", "version: 2.3.0", "version: @2.3", "the number 2.3"),
    ("CON-E102", "logicalType: date,", "logicalType: @datum,", "datum"),
    ("CON-E102", "slaProperties:\n", "quality: [{type: text}]\nslaProperties:\n", "quality is not known"),
    ("CON-E102", "    value: 48\n", "", "value is missing"),
    ("CON-E103", "apiVersion: v3.2.0", "apiVersion: @v3.3.0", "v3.3.0"),
    ("CON-E103", "kind: DataContract", "kind: @Contract", "Contract"),
    # what the standard leaves open
    ("CON-E106", "{name: unit, logic", "{name: @code, logic", "twice"),
    ("CON-E106", "{id: dates,", "{id: @in_spec,", "twice"),
    ("CON-E106", "- id: l1_due", "- id: @in_spec", "twice"),
    ("CON-E107", '"^LV-[0-9]{4}$"', '@"^(?=LV)"', "look-around"),
    ("CON-E107", '"^LV-[0-9]{4}$"', r"@'^(a)\1$'", "backreferences"),
    ("CON-E107", "format: yyyy-MM-dd", "format: @yyyy-MM-dd GG", "uses G"),
    ("CON-E112", "logicalType: date, logicalTypeOptions", "@logicalTypeOptions", "without logicalType"),
    ("CON-E105", "severity: warning", "severity: @medium", "medium"),
    ("CON-E113", "- {id: dates, type: custom, engine: justindata", "- @{id: dates, type: custom, engine: soda", "soda"),
    (
        "CON-E117",
        "    quality:\n",
        "    quality:\n      - {metric: rowCount, @mustBeBetween: [1, 5]}\n",
        "open interval",
    ),
    ("CON-E114", "    quality:\n", "    quality:\n      - @{type: sql, query: select 1, mustBe: 1}\n", "SQL"),
    (
        "CON-E111",
        "    quality:\n",
        "    relationships: [{from: [a, b], to: @[c.d]}]\n    quality:\n",
        "from 2 to 1",
    ),
    # the profile
    ("CON-E104", "property: documentKind", "property: @documentKid", "documentKid"),
    ("CON-E104", "{property: time, value: {zone: offset", "{property: @feed, value: {zone: offset", "does not belong"),
    ("CON-E104", "{rule: within,", "{rule: @witin,", "witin"),
    ("CON-E104", "{rule: within,", "{rule: @maxGap, key: code, ts: code}}\n  #", "no meaning for a certificate"),
    ("CON-E105", "code: code, value: value", "code: code, @valeu: value", "valeu is not known"),
    ("CON-E105", "zone: offset, min", "@zon: offset, min", "zon is not known"),
    ("CON-E105", "value: 1}", "value: @2}", "2"),
    ("CON-E105", "{property: feed, value: {partner: northvale, kind: coa}}", "", "feed is missing"),
    ("CON-E105", '"2020-01-01"', '@"01.02.2020"', "01.02.2020"),
    ("CON-E105", "zone: offset", "zone: @Mars/Base", "Mars/Base"),
    ("CON-E105", "code: COA-E505", "code: @COA-E999", "COA-E999"),
    ("CON-E105", "{lot_number: B1}", "{lot_number: @1B}", "no cell"),
    ("CON-E105", '["COA-*"]', '[@"COE-*"]', "COE-*"),
    ("CON-E116", "kind: coa", "kind: pat", "documentKind is certificate"),
    ("CON-E116", "-PT48H", "@-PT24H", "48 h"),
    (
        "CON-E116",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: string, required: true, customProperties: [{property: presence, value: @optional}]}",
        "presence",
    ),
    # every name leads somewhere
    ("CON-E108", "from: ug/mL", "from: @ug/ml", "ug/ml"),
    ("CON-E109", '{name: panel, version: "3"}', '@{name: panel, version: "4"}', "panel@4"),
    ("CON-E109", "ref: panel", "ref: @panl", "panl"),
    ("CON-E110", "value: value", "value: @valeu", "valeu"),
    ("CON-E110", "right: $.issued_at", "right: @$.results.value.x", "points nowhere"),
    ("CON-E110", "each: results", "each: @result", "result"),
    ("CON-E110", "rows: results", "rows: @result", "result"),
    ("CON-E110", "{lot_number: B1}", "{@lot.number: B1}", "lot.number"),
    ("CON-E110", "value: unit}", "value: @units}", "units"),
    ("CON-E110", "property: vocabulary, value: absent", "property: vocabulary, value: @absend", "absend"),
    ("CON-E110", "to: [desk]", "to: [@disk]", "disk"),
    # service levels
    ("CON-E115", "slot.planned_start", "@slot.planned_begin", "planned_begin"),
    ("CON-E115", "Europe/Brussels", "@Europe/Ghent", "Europe/Ghent"),
    ("CON-E115", "{kind: lot, level: L1}", "@{kind: lot}", "level"),
    ("CON-E115", "      - {property: anchor, value: slot.planned_start}\n", "", "anchor is missing"),
    (
        "CON-E115",
        "      - {property: leadTime",
        "      - {property: calendar, value: @BE-working}\n      - {property: leadTime",
        "BE-working",
    ),
]


@pytest.mark.parametrize(("code", "old", "new", "says"), CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_one_fault_is_one_problem_at_its_place(code, old, new, says):
    assert SOUND.count(old) >= 1
    text = SOUND.replace(old, new, 1)
    line = column = None
    if "@" in new:
        text, line, column = marked(text)
    found = [p for p in problems(text) if p.code == code and (line is None or (p.line, p.column) == (line, column))]
    assert len(found) == 1, problems(text)
    assert says in found[0].message
    assert found[0].help


def test_the_nearest_known_name_is_offered():
    by_message = {p.message: p.help for p in problems(SOUND.replace("rule: within", "rule: witin"))}
    assert "did you mean within?" in by_message["rule witin is not known"]
    (typo,) = problems(SOUND.replace("to: [desk]", "to: [disk]"))
    assert typo.help == "did you mean desk? valid: desk"


def test_all_problems_are_told_at_once():
    text = SOUND
    changes = [
        ("apiVersion: v3.2.0", "apiVersion: v9"),
        ("status: active", "status: active\nowner: me"),
        ("rule: within", "rule: witin"),
        ("slot.planned_start", "slot.begin"),
        ("zone: offset", "zone: Mars/Base"),
        ("property: documentKind", "property: docKind"),
        ("from: ug/mL", "from: ug/ml"),
        ('version: "3"', 'version: "9"'),
    ]
    for old, new in changes:
        text = text.replace(old, new, 1)
    found = problems(text)
    wanted = {"CON-E102", "CON-E103", "CON-E104", "CON-E105", "CON-E108", "CON-E109", "CON-E115"}
    assert wanted <= {p.code for p in found}
    assert [(p.line, p.column) for p in found] == sorted((p.line, p.column) for p in found)


def test_a_contract_that_is_no_yaml_is_told():
    (problem,) = problems("a: [1\n")
    assert (problem.code, problem.line) == ("CON-E101", 2)
    (repeated,) = problems(SOUND.replace("status: active", "status: active\nstatus: draft"))
    assert (repeated.code, repeated.line, repeated.column) == ("CON-E101", 6, 1)
    (shape,) = problems("- a\n- b\n")
    assert shape.code == "CON-E101"


def test_a_310_contract_is_read_with_the_310_schema():
    text = SOUND.replace("v3.2.0", "v3.1.0")
    text = text.replace("{name: unit, logicalType: string}", "{name: unit, logicalType: string, enum: [{value: a}]}")
    found = problems(text)
    assert {p.code for p in found} == {"CON-E102"}
    messages = {p.message for p in found}
    assert any("enum is not known" in m for m in messages)
    assert any("customProperties is not known" in m for m in messages)  # of the service level
    lines = {p.line for p in found}
    assert lines == {29, text[: text.index("    unit: h\n")].count("\n") + 2}


def test_a_key_of_a_newer_version_is_told_so():
    (problem,) = [p for p in problems(SOUND.replace("v3.2.0", "v3.1.0")) if p.code == "CON-E102"]
    assert "write apiVersion: v3.2.0" in problem.help
    unknown = problems(SOUND.replace("v3.2.0", "v3.1.0").replace("status: active", "status: active\nowner: me"))
    assert "write apiVersion" not in next(p for p in unknown if p.message.startswith("owner")).help


OF_A_PACKAGE = "no reader of icalendar is in this package"  # the schedule offers it beside JSON


def test_the_shared_examples_as_310_fail_where_310_lacks_something(shared: Path):
    paths = sorted((shared / "examples").glob("*.odcs.yaml"))
    if not paths:
        pytest.skip("no example contracts in ../shared/examples")
    for path in paths:
        data = path.read_bytes().replace(b"v3.2.0", b"v3.1.0")
        found = [p for p in lint(data, str(path)) if p.message != OF_A_PACKAGE]
        keys = {p.message.partition(" ")[0] for p in found}
        assert {p.code for p in found} == {"CON-E102"}
        # contracts.md 3: custom properties of service levels; the certificate also because of enum and synonyms.
        more = {"enum", "synonyms"} if path.name.startswith("coa") else set()
        assert keys == {"customProperties"} | more


def test_without_the_profile_only_the_standard_judges():
    text = "apiVersion: v3.2.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\n"
    (note,) = problems(text)
    assert (note.code, note.severity) == ("CON-E104", Severity.INFO)
    with pytest.raises(ContractInvalid, match="profile is not switched on"):
        load(text.encode(), file="contract.yaml", refs=MemoryRefs())


def test_a_foreign_vendors_property_is_left_alone():
    text = SOUND.replace("value: 1}", "value: 1}\n  - {property: theirs, value: 1, vendor: acme}")
    assert problems(text) == []
    ours = SOUND.replace("value: 1}", "value: 1}\n  - {property: theirs, value: 1, vendor: justindata}")
    assert [p.code for p in problems(ours)] == ["CON-E104"]


TABLE_CASES = [
    (
        "CON-E105",
        "level: L1, required: true, valueKind: numeric",
        "@lvl: L1, required: true, valueKind: numeric",
        "lvl",
    ),
    ("CON-E106", "code: MYCO", "code: @PH", "twice"),
    ("CON-E108", '"[pH]"', "@pH", "pH"),
    ("CON-E105", '["6.9", "7.8"]', '@["7.8", "6.9"]', "starts at 7.8"),
    ("CON-E105", '{range: ["6.9", "7.8"]}', '@{le: "7", ge: "8"}', "le and ge"),
    ("CON-E110", '{range: ["6.9", "7.8"]}', '{le: "7", of: @PHX}', "PHX"),
    ("CON-E110", "criterion: {absent: true}", "criterion: {oneOf: [@clear]}", "clear"),
    ("CON-E109", 'version: "3"', 'version: @"2"', "2"),
    ("CON-E105", "labs: [QC]", "@lab: [QC]", "lab"),
    ("CON-E105", "tests:\n", "tests:\n  - @[absent]\n", "list"),
    ("CON-E105", "tests:\n", "tests:\n  - @MYCO\n", "text"),
]


@pytest.mark.parametrize(("code", "old", "new", "says"), TABLE_CASES)
def test_a_fault_in_a_table_is_told_in_the_tables_own_file(code, old, new, says):
    text, line, column = marked(TABLE.replace(old, new, 1))
    found = problems(SOUND, MemoryRefs({"panel@3": text.encode()}))
    assert any(
        (p.code, p.file, p.line, p.column) == (code, "panel@3.yaml", line, column) and says in p.message for p in found
    ), found


def test_a_table_must_be_the_one_that_was_agreed():
    text = SOUND.replace('version: "3"}', f'version: "3", sha256: {"0" * 64}}}')
    (problem,) = problems(text)
    assert problem.code == "CON-E109"
    assert RefFile("", TABLE.encode()).sha256 in problem.help
    countersigned = SOUND.replace("status: active", "status: countersigned")
    assert [p.code for p in problems(countersigned)] == ["CON-E109"]


@pytest.mark.parametrize("text", [SOUND, TABLE])
def test_lint_never_breaks_whatever_is_cut_out(text):
    """Whatever shape a file has, lint answers with problems and not with an exception."""
    lines = text.splitlines()
    for number in range(len(lines)):
        cut = "\n".join(lines[:number] + lines[number + 1 :])
        if text is SOUND:
            problems(cut)
        else:
            problems(SOUND, MemoryRefs({"panel@3": cut.encode()}))
    for value in ("[]", "{}", "7", "text", "null", "[[1]]", "{a: {b: 1}}"):
        for key in ("customProperties", "schema", "slaProperties", "support", "id", "version"):
            problems(f"{SOUND.split(key + ':')[0]}{key}: {value}\n")


_VALUES = (
    "[]",
    "{}",
    "7",
    "text",
    "null",
    "true",
    "[[1]]",
    "{a: {b: 1}}",
    '"0.5"',
    "P1Y",
    "{ref: panel}",
    "[{}]",
    '""',
)
_VALUE = re.compile(r"(?<=: )(?:[^,{}\[\]\n]+|\{[^{}\n]*\}|\[[^\[\]\n]*\])")


def test_lint_never_breaks_whatever_stands_there(seed: int):
    """Any value may stand anywhere: a sound contract loads, an unsound one has problems, nothing else happens."""
    random = Random(seed)
    for _ in range(150):
        texts = [SOUND, TABLE]
        which = int(random.random() < 0.3)
        for _ in range(random.randint(1, 3)):
            place = random.choice(list(_VALUE.finditer(texts[which])))
            texts[which] = texts[which][: place.start()] + random.choice(_VALUES) + texts[which][place.end() :]
        with suppress(ContractInvalid):
            load(texts[0].encode(), file="x", refs=MemoryRefs({"panel@3": texts[1].encode()}))


def test_the_shared_examples_have_no_problem(shared: Path):
    paths = sorted((shared / "examples").glob("*.odcs.yaml"))
    if not paths:
        pytest.skip("no example contracts in ../shared/examples")
    for path in paths:
        assert [p for p in lint(path.read_bytes(), str(path)) if p.message != OF_A_PACKAGE] == []
