"""Promise: each kind of change is told as the contract reference (contracts.md 6.1) says: what it does to the files
that pass, for whom it breaks, and which part of the version it needs. Every expected class is read from that table by
hand."""

from __future__ import annotations

import pytest

from contracts.change import Change, Comparison, Effect, Grade, Part, compare
from tests.contracts.change_support import change, edited, made, shipped, table_change, text_of

T, L, B, U, D = Effect.TIGHTENS, Effect.LOOSENS, Effect.BOTH, Effect.UNDETERMINED, Effect.DOC_ONLY
BREAKS, WARNS, SAFE = Grade.BREAKING, Grade.WARNING, Grade.SAFE
COA, PAT, SLOTS = "northvale-coa", "northvale-pat", "northvale-schedule"

LOQ = "            - {name: loq, logicalType: string, customProperties: [{property: valueKind, value: numeric}]}\n"
UNIT = "{name: unit, logicalType: string"
COLOUR = (
    "  - {code: COLOUR, level: L1, required: true, valueKind: qualitative, criterion: {oneOf: [conforms]}}\n"
    "  - {code: OSMO,"
)
VALUE = "      - {name: value, logicalType: number}"
KEY = "primaryKey: true, primaryKeyPosition: 2, "
PH = "{code: PH, name: pH, level: L1, required:"
NOTE = "- {name: note, logicalType: string}\n            "
NEEDED = "- {name: note, logicalType: string, required: true}\n            "
ITEM = "- {name: characteristic, logicalType"


def one(told: Comparison, what: str) -> Change:
    (found,) = [c for c in told.changes if c.what == what]
    return found


def classed(found: Change) -> tuple[Effect, Grade, Grade, Part]:
    return found.effect, found.producer, found.consumer, found.part


ROWS = [
    # new required field: the model is closed, so files that have it pass only now
    (COA, [(ITEM, NEEDED + ITEM)], "field.added", (B, BREAKS, SAFE, Part.MAJOR), "results.note: new required field"),
    (
        COA,
        [("{name: unit, logicalType: string}", "{name: unit, logicalType: string, required: true}")],
        "field.required",
        (T, BREAKS, SAFE, Part.MAJOR),
        "results.unit: optional -> required",
    ),
    (
        COA,
        [("{minItems: 1, maxItems: 200}", "{minItems: 1, maxItems: 100}")],
        "field.items",
        (T, BREAKS, SAFE, Part.MAJOR),
        "results: most items 200 -> 100",
    ),
    (
        COA,
        [('{value: ">"}, ', "")],
        "field.code.removed",
        (T, BREAKS, SAFE, Part.MAJOR),
        "results.operator: code > removed",
    ),
    (
        COA,
        [("leadTime, value: -PT48H", "leadTime, value: -PT72H"), ("value: 48\n", "value: 72\n")],
        "due.time",
        (T, BREAKS, SAFE, Part.MAJOR),
        "l1_due: due 24 h earlier, -48 h -> -72 h",
    ),
    # field removed, required to optional, new code in a list
    (
        COA,
        [("media_type, logicalType: string, required: true", "media_type, logicalType: string")],
        "field.required",
        (L, SAFE, BREAKS, Part.MAJOR),
        "attachments.media_type: required -> optional",
    ),
    (
        COA,
        [("[{value: final}, {value: interim}]", "[{value: final}, {value: interim}, {value: draft}]")],
        "field.code.added",
        (L, SAFE, BREAKS, Part.MAJOR),
        "results.stage: code draft added",
    ),
    # wider range, later due time
    (
        COA,
        [("{minItems: 1, maxItems: 200}", "{minItems: 1, maxItems: 300}")],
        "field.items",
        (L, SAFE, WARNS, Part.MINOR),
        "results: most items 200 -> 300",
    ),
    (
        COA,
        [("leadTime, value: -PT48H", "leadTime, value: -PT36H"), ("value: 48\n", "value: 36\n")],
        "due.time",
        (L, SAFE, WARNS, Part.MINOR),
        "l1_due: due 12 h later, -48 h -> -36 h",
    ),
    (SLOTS, [("max: P30D", "max: P40D")], "rule.length", (L, SAFE, WARNS, Part.MINOR), "span: longest 30 d -> 40 d"),
    # new optional field, closed model
    (COA, [(ITEM, NOTE + ITEM)], "field.added", (L, SAFE, SAFE, Part.MINOR), "results.note: new optional field"),
    # rename, type, unit, key, time zone, decimal mark, meaning of empty
    (
        COA,
        [("{name: media_type", "{name: mime_type")],
        "field.renamed",
        (B, BREAKS, BREAKS, Part.MAJOR),
        "attachments.mime_type: renamed to attachments.mime_type",
    ),
    (
        COA,
        [("{name: replicate, logicalType: integer", "{name: replicate, logicalType: string")],
        "field.type",
        (B, BREAKS, BREAKS, Part.MAJOR),
        "results.replicate: type integer -> string",
    ),
    (
        COA,
        [(KEY + "logicalTypeOptions: {minimum: 1}", "logicalTypeOptions: {minimum: 1}")],
        "field.key",
        (B, BREAKS, BREAKS, Part.MAJOR),
        "revision: place in the key 2 -> none",
    ),
    (
        PAT,
        [("{zone: offset, base", "{zone: Europe/Brussels, base")],
        "time.zone",
        (B, BREAKS, BREAKS, Part.MAJOR),
        "time: time zone offset -> Europe/Brussels",
    ),
    (
        PAT,
        [('{decimal: "."', '{decimal: ","')],
        "locale.decimal",
        (B, BREAKS, BREAKS, Part.MAJOR),
        "locale: decimal mark . -> ,",
    ),
    # alias of a word added and removed
    (
        SLOTS,
        [("[cancelled, canceled]", "[cancelled, canceled, called off]")],
        "word.added",
        (L, SAFE, SAFE, Part.MINOR),
        "vocabularies: slot_status: word called off added for cancelled",
    ),
    (
        SLOTS,
        [("[cancelled, canceled]", "[cancelled]")],
        "word.removed",
        (T, BREAKS, SAFE, Part.MAJOR),
        "vocabularies: slot_status: word canceled removed",
    ),
    # pattern changed
    (
        COA,
        [("^COA-[0-9]{7}$", "^COA-[0-9]{5,7}$")],
        "field.pattern",
        (U, BREAKS, BREAKS, Part.MAJOR),
        "certificate_no: pattern ^COA-[0-9]{7}$ -> ^COA-[0-9]{5,7}$",
    ),
    # severity up and down
    (
        SLOTS,
        [
            (
                "id: moved, type: custom, engine: justindata, dimension: timeliness, severity: warning",
                "id: moved, type: custom, engine: justindata, dimension: timeliness, severity: error",
            )
        ],
        "rule.severity",
        (T, BREAKS, SAFE, Part.MAJOR),
        None,
    ),
    (
        SLOTS,
        [
            (
                "id: span, type: custom, engine: justindata, dimension: consistency, severity: error",
                "id: span, type: custom, engine: justindata, dimension: consistency, severity: warning",
            )
        ],
        "rule.severity",
        (L, SAFE, BREAKS, Part.MAJOR),
        None,
    ),
    # documentation
    (
        COA,
        [("domain: vector-release", "domain: release")],
        "documentation",
        (D, SAFE, SAFE, Part.PATCH),
        "domain: changed",
    ),
    (COA, [("role: data owner", "role: data keeper")], "documentation", (D, SAFE, SAFE, Part.PATCH), "team: changed"),
    (
        COA,
        [("data-desk@northvale.example\n", "desk@northvale.example\n")],
        "documentation",
        (D, SAFE, SAFE, Part.PATCH),
        "support.partner-desk: changed",
    ),
    # the life of a contract is no change of what it says
    (COA, [("status: active", "status: deprecated")], "contract.status", (D, SAFE, SAFE, Part.NONE), None),
]


@pytest.mark.parametrize(
    ("name", "edits", "what", "expected", "text"), ROWS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_change_is_told_as_the_reference_says(
    name: str, edits: list[tuple[str, str]], what: str, expected: tuple[Effect, Grade, Grade, Part], text: str | None
) -> None:
    found = one(change(name, *edits), what)
    assert classed(found) == expected
    assert text is None or found.text == text


TABLE_ROWS = [
    # acceptance criterion in either direction: both break, and quality must approve
    (
        COA,
        "lv_panel",
        [('["6.9", "7.8"]', '["6.9", "7.6"]')],
        "test.criterion",
        (T, BREAKS, BREAKS, Part.MAJOR),
        True,
        "PH: upper limit 7.8 -> 7.6",
    ),
    (
        COA,
        "lv_panel",
        [('["6.9", "7.8"]', '["6.8", "7.8"]')],
        "test.criterion",
        (L, BREAKS, BREAKS, Part.MAJOR),
        True,
        "PH: lower limit 6.9 -> 6.8",
    ),
    (
        COA,
        "lv_panel",
        [('["6.9", "7.8"]', '["6.8", "7.6"]')],
        "test.criterion",
        (B, BREAKS, BREAKS, Part.MAJOR),
        True,
        "PH: lower limit 6.9 -> 6.8, upper limit 7.8 -> 7.6",
    ),
    (
        COA,
        "lv_panel",
        [('{le: "1000"}', '{lt: "1000"}')],
        "test.criterion",
        (T, BREAKS, BREAKS, Part.MAJOR),
        True,
        "RES_PLASMID: upper limit 1000 -> 1000 (not included)",
    ),
    (
        COA,
        "lv_panel",
        [('{of: POTENCY_B, ge: "50"}', '{of: POTENCY_B, ge: "45"}')],
        "test.criterion",
        (L, BREAKS, BREAKS, Part.MAJOR),
        True,
        "POTENCY: criterion >= 60 or POTENCY_B >= 50 -> >= 60 or POTENCY_B >= 45",
    ),
    # test added as required, method removed and added, alias
    (
        COA,
        "lv_panel",
        [("  - {code: OSMO,", COLOUR)],
        "test.added",
        (T, BREAKS, SAFE, Part.MAJOR),
        False,
        "COLOUR: new test, required for L1",
    ),
    (
        COA,
        "lv_panel",
        [("methods: [M-PH-02]", "methods: [M-PH-02, M-PH-03]")],
        "test.method.added",
        (L, SAFE, WARNS, Part.MINOR),
        False,
        "PH: method M-PH-03 added",
    ),
    (
        COA,
        "lv_panel",
        [("methods: [M-PH-02]", "methods: [M-PH-03]")],
        "test.method.removed",
        (T, BREAKS, SAFE, Part.MAJOR),
        False,
        "PH: method M-PH-02 removed",
    ),
    (
        COA,
        "lv_panel",
        [(f"{PH} true", f"{PH} false")],
        "test.required",
        (L, SAFE, BREAKS, Part.MAJOR),
        True,
        "PH: required -> not required",
    ),
    (
        COA,
        "lv_panel",
        [('unit: "[pH]", decimals: 1', 'unit: "%", decimals: 1')],
        "test.unit",
        (B, BREAKS, BREAKS, Part.MAJOR),
        False,
        "PH: unit [pH] -> %",
    ),
    # tags: smaller and wider range, larger and smaller gap; more needs approval where a limit is concerned
    (
        PAT,
        "br_tags_northvale",
        [('["6.80", "7.40"]', '["6.80", "7.30"]')],
        "tag.range",
        (T, BREAKS, SAFE, Part.MAJOR),
        False,
        "BR01.PH.PV: upper limit 7.40 -> 7.30",
    ),
    (
        PAT,
        "br_tags_northvale",
        [('["6.80", "7.40"]', '["6.70", "7.40"]')],
        "tag.range",
        (L, SAFE, WARNS, Part.MINOR),
        True,
        "BR01.PH.PV: lower limit 6.80 -> 6.70",
    ),
    (
        PAT,
        "br_tags_northvale",
        [("unit: Cel", "unit: K")],
        "tag.unit",
        (B, BREAKS, BREAKS, Part.MAJOR),
        False,
        "BR01.TEMP.PV: unit Cel -> K",
    ),
]


@pytest.mark.parametrize(("name", "table", "edits", "what", "expected", "approval", "text"), TABLE_ROWS)
def test_a_change_of_a_reference_table_is_told_row_by_row(
    name: str,
    table: str,
    edits: list[tuple[str, str]],
    what: str,
    expected: tuple[Effect, Grade, Grade, Part],
    approval: bool,
    text: str,
) -> None:
    found = one(table_change(name, table, *edits), what)
    assert classed(found) == expected
    assert found.needs_quality_approval is approval
    assert found.text == text


def test_a_longer_gap_loosens_and_a_shorter_one_tightens_every_tag() -> None:
    longer = table_change(PAT, "br_tags_northvale", ("maxGap: PT60S", "maxGap: PT90S"))
    shorter = table_change(PAT, "br_tags_northvale", ("maxGap: PT60S", "maxGap: PT30S"))
    assert {classed(c) for c in longer.changes} == {(L, SAFE, WARNS, Part.MINOR)}
    assert {classed(c) for c in shorter.changes} == {(T, BREAKS, SAFE, Part.MAJOR)}
    assert len(longer.changes) == len(shorter.changes) == 20  # every tag of the reactor


def test_open_to_closed_tightens_and_back_loosens() -> None:
    opened = made(edited(text_of(PAT), ("contentModel, value: closed", "contentModel, value: open")))
    assert classed(one(compare(opened, shipped(PAT)), "object.closed")) == (T, BREAKS, SAFE, Part.MAJOR)
    assert classed(one(compare(shipped(PAT), opened), "object.closed")) == (L, SAFE, WARNS, Part.MINOR)


def test_a_new_optional_field_in_an_open_model_may_meet_another_use_of_its_name() -> None:
    opened = edited(text_of(PAT), ("contentModel, value: closed", "contentModel, value: open"))
    more = edited(opened, (VALUE, f"{VALUE}\n      - {{name: note, logicalType: string}}"))
    found = one(compare(made(opened), made(more)), "field.added")
    assert classed(found) == (T, WARNS, SAFE, Part.MINOR)
    # undone, in an open model nobody who still sends it notices
    assert classed(one(compare(made(more), made(opened)), "field.removed")) == (L, SAFE, BREAKS, Part.MAJOR)


def test_a_field_removed_from_a_closed_model_also_breaks_who_still_sends_it() -> None:
    """The reference calls a removed field safe for the partner. It is not where unknown names are refused."""
    found = one(change(COA, (LOQ, ""), (", loq: loq", "")), "field.removed")
    assert classed(found) == (T, BREAKS, BREAKS, Part.MAJOR)


def test_an_alias_of_a_column_may_come_but_not_go() -> None:
    named = edited(
        text_of(COA),
        (UNIT, UNIT + ", synonyms: [{synonym: Einheit, source: header}]"),
    )
    assert classed(one(compare(shipped(COA), made(named)), "field.alias.added")) == (L, SAFE, SAFE, Part.MINOR)
    assert classed(one(compare(made(named), shipped(COA)), "field.alias.removed")) == (T, BREAKS, SAFE, Part.MAJOR)


def test_a_pattern_that_says_the_same_breaks_nobody() -> None:
    found = one(change(COA, ('"^COA-[0-9]{7}$"', "'^COA-\\d{7}$'")), "field.pattern")
    assert classed(found) == (D, SAFE, SAFE, Part.PATCH)


def test_a_change_says_where_it_stands_in_both_files_and_which_clause_judges_by_it() -> None:
    found = one(table_change(COA, "lv_panel", ('["6.9", "7.8"]', '["6.9", "7.6"]')), "test.criterion")
    assert found.old is not None
    assert found.new is not None
    assert found.old.line == found.new.line == 10  # the line of PH in the panel's file
    assert found.old.file.endswith("lv_panel@3.yaml")
    assert "in_spec" in found.clauses
    field = one(change(COA, ("{minItems: 1, maxItems: 200}", "{minItems: 1, maxItems: 100}")), "field.items")
    assert field.clauses == ("auto.certificate.results.items",)


def test_the_same_contract_written_in_another_way_is_documentation() -> None:
    told = change(
        COA,
        (
            "{rule: unitIs, each: results, code: characteristic, unit: unit}",
            "{rule: unitIs, unit: unit, each: results, code: characteristic}",
        ),
    )
    assert told.changes == ()
    told = change(COA, ("contentModel, value: closed}", "contentModel, value: closed, vendor: justindata}"))
    assert [classed(c) for c in told.changes] == [(D, SAFE, SAFE, Part.PATCH)]
