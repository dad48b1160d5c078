"""Promise kept here: a contract that would reject everything, judge nothing or say two things at once is told so where
it says it, with the valid values.

Each case changes one thing of a sound contract or of its reference table; `@` marks the place that lint must name.
"""

from __future__ import annotations

import pytest

from contracts.codes import Severity
from contracts.lint import lint
from contracts.odcs import CATALOG
from tests.contracts.test_lint import SOUND, TABLE, MemoryRefs, marked, problems

FIELD = "      - {name: lot_number, logicalType: string, required: true"
QUALITY = "    quality:\n"
CRITERION = '{range: ["6.9", "7.8"]}'

CONTRACT = [
    # fields: native
    (
        "CON-E105",
        "logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}",
        "logicalType: date, logicalTypeOptions: {minimum: @soon}",
        'minimum is "soon", which is no date',
        "write year, month and day: 2026-01-31",
    ),
    (
        "CON-E105",
        '{pattern: "^LV-[0-9]{4}$"}',
        "{minLength: 9, maxLength: @4}",
        "no value meets minLength 9 and maxLength 4",
        "write the smaller one as the lower end",
    ),
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: number, logicalTypeOptions: {exclusiveMinimum: 1.5, maximum: @1.5}}",
        "no value meets exclusiveMinimum 1.5 and maximum 1.5",
        "write the smaller",
    ),
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: @map, map: {key: {logicalType: string}, value: {logicalType: string}}}",
        "a map is not read",
        "list its keys as properties of an object",
    ),
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: array, items: {logicalType: @array, items: {logicalType: string}}}",
        "a list of lists is not read",
        "give the inner list a name",
    ),
    (
        "CON-E117",
        FIELD,
        FIELD.replace("required: true", "@unique: true, required: true"),
        "unique is not evaluated",
        "write primaryKey: true, or a rule uniqueKey",
    ),
    (
        "CON-E117",
        '{pattern: "^LV-[0-9]{4}$"}',
        "{@format: uuid}",
        "the format of a text is not evaluated",
        "write its pattern",
    ),
    (
        "CON-E117",
        "logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}",
        "logicalType: timestamp, logicalTypeOptions: {@defaultTimezone: Etc/UTC}",
        "defaultTimezone is not evaluated",
        "no zone is ever assumed: ",
    ),
    # fields: profile
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: number, customProperties: [{property: @vocabulary, value: absent}]}",
        "vocabulary has no meaning for the type number",
        "it needs string",
    ),
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: string, customProperties: [{property: @dateOrder, value: dmy}]}",
        "dateOrder has no meaning for the type string",
        "it needs date or timestamp",
    ),
    (
        "CON-E104",
        "      - {property: tests, value: {ref: panel}}\n",
        "      - {property: tests, value: {ref: panel}}\n      - {property: @phases, value: [{name: growth}]}\n",
        "phases has no meaning for a certificate",
        "it belongs to series contracts",
    ),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: Results, @delimiter: ';',",
        "delimiter has no meaning for xlsx",
        "it belongs to csv",
    ),
    (
        "CON-E105",
        "{property: leadTime, value: -PT48H}",
        "{property: leadTime, value: -PT48H}\n      - {property: grace, value: @-PT5M}",
        "grace is negative",
        "write how long it is, without a minus",
    ),
    (
        "CON-E105",
        FIELD,
        FIELD + ", classification: @Restricted",
        'classification is "Restricted"',
        "did you mean restricted?",
    ),
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: integer, enum: [{value: 1}, @{value: one}]}",
        "code one is no whole number",
        "write a number",
    ),
    # forms of files
    (
        "CON-E117",
        "sheet: Results,",
        "sheet: Results}, {format: @xml,",
        "no reader of xml is in this package",
        "install the package that reads it, or agree on one of json, csv, xlsx",
    ),
    ("CON-E117", "sheet: Results,", "sheet: R}, {format: xml, @root: A,", "root is not evaluated", "a reader of XML"),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: Results}, {format: @parquet,",
        "a certificate is not read from parquet",
        "valid: csv, json, xlsx",
    ),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: @Results/2026,",
        'no sheet can be called "Results/2026"',
        "1 to 31 characters",
    ),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: Results}, {format: csv, encoding: [@utf8-ish],",
        'encoding "utf8-ish" is not known',
        "utf-8, utf-16",
    ),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: Results}, {format: csv, delimiter: @';;',",
        'delimiter is ";;"',
        "write one character",
    ),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: Results}, {format: csv, preambleRows: @-1,",
        "preambleRows is -1",
        "at least 0",
    ),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: Results}, {format: json, schemaVersion: @{at: /version},",
        "schemaVersion lacks allowed",
        "write {at: /version",
    ),
    (
        "CON-E105",
        "sheet: Results,",
        "sheet: Results, @schemaVersion: {at: /version, allowed: ['1']},",
        "schemaVersion has no meaning for xlsx",
        "it belongs to json and xml",
    ),
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: string, customProperties: [{property: locator, value: {json: @Result/Unit}}]}",
        '"Result/Unit" is no JSON pointer',
        "start it with /",
    ),
    (
        "CON-E105",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: string, customProperties: [{property: locator, value: {xlsx: {cell: @1B}}}]}",
        '"1B" is no cell',
        "capital letters: B1",
    ),
    (
        "CON-E117",
        "{name: unit, logicalType: string}",
        "{name: unit, logicalType: string, customProperties: [{property: locator, value: {@xml: /a/b}}]}",
        "xml is not evaluated",
        "no reader of XML",
    ),
    # names that become parts of file names and commands
    ("CON-E105", "id: northvale-coa", "id: @../../northvale", 'id is "../../northvale"', "letters, digits"),
    ("CON-E105", "partner: northvale", "partner: @north/vale", 'partner is "north/vale"', "letters, digits"),
    ("CON-E105", "version: 2.3.0", "version: @next", 'version is "next"', "three numbers"),
    # conditions that never hold
    (
        "CON-E115",
        "{property: leadTime, value: -PT48H}",
        "{property: leadTime, value: -PT48H}\n      - {property: appliesWhen, value: {batch: @runing}}",
        'batch is never "runing"',
        "did you mean running?",
    ),
    # native against own
    (
        "CON-E116",
        FIELD,
        FIELD + ", customProperties: [{property: presence, value: @mustExist}]",
        "required is true, and presence mustExist lets it be empty",
        "keep one of the two",
    ),
    (
        "CON-E116",
        FIELD,
        FIELD + ", customProperties: [{property: presence, value: @optional}]",
        "required is true and presence is optional",
        "keep one of the two",
    ),
    (
        "CON-E116",
        FIELD,
        FIELD + ", enum: [@{value: LX-1}]",
        "code LX-1 does not match the pattern of its field",
        "it is ^LV-",
    ),
    (
        "CON-E116",
        FIELD,
        FIELD + ', customProperties: [{property: identifier, value: {scheme: lot, pattern: @"^LW$"}}]',
        "the identifier's pattern differs from logicalTypeOptions.pattern",
        "write the same",
    ),
    (
        "CON-E116",
        "customProperties: [{property: unitFrom, value: unit}]",
        "customProperties: [{property: unit, value: ng/mL}, {property: unitFrom, value: @unit}]",
        "unit is fixed, and unitFrom reads it",
        "keep one of the two",
    ),
    (
        "CON-E116",
        "value: -PT48H",
        "value: @-PT24H",
        'leadTime is "-PT24H", but value and unit say 48 h',
        "write the same time twice: 48 h is PT48H",
    ),
    # library metrics
    (
        "CON-E105",
        QUALITY,
        QUALITY + "      - {metric: @nullValues, mustBe: 0}\n",
        "nullValues counts the values of one field",
        "write the rule on a property",
    ),
    (
        "CON-E105",
        QUALITY,
        QUALITY + "      - {metric: rowCount, mustBe: 1, unit: @shelves}\n",
        'rowCount is not counted in "shelves"',
        "valid: percent, rows",
    ),
    (
        "CON-E105",
        QUALITY,
        QUALITY + "      - {metric: @duplicateValues, mustBe: 0}\n",
        "duplicateValues lacks its argument",
        "add arguments: {properties: [...]}",
    ),
    (
        "CON-E110",
        QUALITY,
        QUALITY + "      - {metric: duplicateValues, mustBe: 0, arguments: {properties: [@lot]}}\n",
        "path lot points nowhere",
        "valid: issued_at, lot_number, results",
    ),
    (
        "CON-E105",
        FIELD,
        FIELD + ", quality: [{metric: invalidValues, mustBe: 0, arguments: {@valid: [a]}}]",
        "valid is no argument of invalidValues",
        "did you mean validValues? ",
    ),
    (
        "CON-E107",
        FIELD,
        FIELD + ', quality: [{metric: invalidValues, mustBe: 0, arguments: {pattern: @"(?!a)"}}]',
        'pattern "(?!a)" cannot be used: look-around',
        "look-around and back references",
    ),
    # service levels
    (
        "CON-E115",
        "value: slot.planned_start",
        "value: @slot.planned_begin",
        '"slot.planned_begin" is no anchor of a lot',
        "did you mean slot.planned_end? ",
    ),
    (
        "CON-E115",
        "{property: leadTime, value: -PT48H}",
        "{property: leadTime, value: -PT48H}\n      - {property: appliesWhen, value: {@bath: running}}",
        "nothing is known about bath",
        "did you mean batch? valid: batch, phase",
    ),
    (
        "CON-E115",
        "value: Europe/Brussels",
        "value: @Europe/Bruges",
        'time zone "Europe/Bruges" is not known',
        "an IANA name: ",
    ),
    (
        "CON-E115",
        "      - {property: timezone",
        "      - {property: calendar, value: @BE-working}\n      - {property: timezone",
        'calendar "BE-working" cannot be counted',
        "only continuous is; ",
    ),
    ("CON-E110", "to: [desk]", "to: [@dusk]", "support channel dusk does not exist", "did you mean desk? "),
]

IN_TABLE = [
    (
        "CON-E105",
        CRITERION,
        '@{range: ["15", "16"]}, physical: ["0", "14"]',
        "no real value meets this criterion: it is >= 15 and <= 16, and physical is >= 0 and <= 14",
        "correct the criterion or physical",
    ),
    (
        "CON-E105",
        CRITERION,
        '{range: @["7", "7"], includeUpper: false}',
        "no value is >= 7 and < 7",
        "include both ends, or write a wider range",
    ),
    (
        "CON-E105",
        CRITERION,
        '{range: @["7.8", "6.9"]}',
        "the range starts at 7.8 and ends at 6.9",
        "write the smaller number first",
    ),
    (
        "CON-E105",
        CRITERION,
        '{allOf: [{gt: "7"}, @{lt: "7"}]}',
        "no value meets these together: > 7 and < 7",
        "correct one of the two, or write anyOf",
    ),
    (
        "CON-E105",
        CRITERION,
        '{allOf: [{ge: "7"}, @{equals: "6.5"}]}',
        "no value meets these together: >= 7 and >= 6.5 and <= 6.5",
        "correct one",
    ),
    (
        "CON-E105",
        CRITERION,
        '{anyOf: [{ge: "7"}, {range: @["3", "2"]}]}',
        "the range starts at 3 and ends at 2",
        "write the smaller number first",
    ),
    (
        "CON-E105",
        CRITERION,
        "{@absent: true}",
        "no numeric result can meet absent",
        "valid: equals, ge, gt, le, lt, range, reportOnly; or change valueKind",
    ),
    ("CON-E105", CRITERION, "{@oneOf: [absent]}", "no numeric result can meet oneOf", "valid: equals, "),
    (
        "CON-E105",
        "criterion: {absent: true}",
        'criterion: {@le: "3"}',
        "no qualitative result can meet le",
        "valid: absent, oneOf, reportOnly; or change valueKind",
    ),
    (
        "CON-E105",
        "criterion: {absent: true}",
        "criterion: {anyOf: [{absent: true}, {of: PH, @absent: true}]}",
        "no numeric result can meet absent",
        "valid: equals",
    ),
    ("CON-E105", "criterion: {absent: true}", "criterion: {oneOf: @[]}", "oneOf has no entries", "at least 1"),
    (
        "CON-E105",
        CRITERION,
        '{le: "7", @includeUpper: false}',
        "includeUpper without range",
        "write it beside range, or remove it",
    ),
    ("CON-E105", CRITERION, "@{}", "criterion has no keys", "at least 1"),
    (
        "CON-E105",
        CRITERION,
        CRITERION + ", minDuration: @P1Y",
        'duration "P1Y" has no fixed length',
        "write weeks, days, ",
    ),
    ("CON-E105", CRITERION, CRITERION + ", minDuration: @-P1D", "minDuration is negative", "write how long it is"),
    ("CON-E108", '"[pH]"', "@ph", 'unit "ph" is not in the unit table', "did you mean "),
    ("CON-E105", "labs: [QC]", "labs: [@7]", "laboratory 7 is no text", "write its id, in quotes if it is a number"),
    (
        "CON-E105",
        "labs: [QC]",
        "specification: {id: S, version: @true}",
        "version of the specification is missing",
        "add version",
    ),
    (
        "CON-E105",
        "labs: [QC]",
        "specification: {id: S, version: '1', effectiveFrom: @soon}",
        '"soon" is no date',
        "write year, month and day: ",
    ),
    ("CON-E106", "code: MYCO", "aliases: [@PH], code: MYCO", "test code PH is there twice", "the first is on line 5"),
]


@pytest.mark.parametrize(("code", "old", "new", "message", "help"), CONTRACT, ids=[f"{c[0]}-{c[3]}" for c in CONTRACT])
def test_what_a_contract_cannot_mean_is_told(code: str, old: str, new: str, message: str, help: str) -> None:
    assert SOUND.count(old) >= 1
    text, line, column = marked(SOUND.replace(old, new, 1))
    told(lint(text.encode(), "contract.yaml", MemoryRefs()), (code, "contract.yaml", line, column), message, help)


@pytest.mark.parametrize(("code", "old", "new", "message", "help"), IN_TABLE, ids=[f"{c[0]}-{c[3]}" for c in IN_TABLE])
def test_what_a_table_cannot_mean_is_told_in_its_own_file(
    code: str, old: str, new: str, message: str, help: str
) -> None:
    assert TABLE.count(old) >= 1
    text, line, column = marked(TABLE.replace(old, new, 1))
    refs = MemoryRefs({"panel@3": text.encode()})
    told(lint(SOUND.encode(), "contract.yaml", refs), (code, "panel@3.yaml", line, column), message, help)


def told(found, where, message: str, help: str) -> None:
    """Exactly one problem is there, at the place, in these words."""
    (problem,) = [p for p in found if (p.code, p.file, p.line, p.column) == where] or [found]
    assert problem in found, found
    assert problem.message.startswith(message), problem.message
    assert problem.help.startswith(help), problem.help
    assert [p for p in found if p.severity is Severity.ERROR and p is not problem] == []


def test_a_criterion_that_some_value_meets_is_left_alone() -> None:
    for fine in (
        '{allOf: [{ge: "7"}, {le: "7"}]}',
        '{allOf: [{gt: "6"}, {of: MYCO, absent: true}]}',
        '{anyOf: [{lt: "6"}, {gt: "7"}]}',
        '{range: ["7", "7"]}',
        "{reportOnly: true}",
    ):
        assert problems(SOUND, MemoryRefs({"panel@3": TABLE.replace(CRITERION, fine).encode()})) == [], fine


def test_sql_of_a_contract_is_told_and_never_run() -> None:
    """There is nothing that could run it: the clause is counted as not evaluated."""
    from contracts.odcs import load

    text = SOUND.replace(QUALITY, QUALITY + "      - {id: drop, type: sql, query: drop table lots, mustBe: 0}\n")
    (told,) = problems(text)
    assert (told.code, told.severity) == ("CON-E114", Severity.WARNING)
    contract = load(text.encode(), file="x", refs=MemoryRefs())
    assert contract.clause("drop").kind == "foreign"
    assert "drop table" not in repr(contract.clause("drop"))


def test_a_series_counts_rows_and_leaves_copies_to_its_own_rule() -> None:
    path = CATALOG / "northvale" / "pat.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    assert (
        lint(
            text.replace(QUALITY, f"{QUALITY}      - {{metric: rowCount, mustBeLessThan: 9}}\n", 1).encode(), str(path)
        )
        == []
    )
    copies = "{metric: @duplicateValues, mustBe: 0, arguments: {properties: [tag]}}"
    spoilt, line, column = marked(text.replace(QUALITY, f"{QUALITY}      - {copies}\n", 1))
    (problem,) = lint(spoilt.encode(), str(path))
    assert (problem.code, problem.line, problem.column) == ("CON-E105", line, column)
    assert problem.message == "duplicateValues is not counted in a series"


def test_a_table_of_limits_holds_tags() -> None:
    path = CATALOG / "northvale" / "pat.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("value: [{name: br_tags", 'value: [{name: lv_panel, version: "3"}, {name: br_tags'),
        ("limits: tags}", "limits: @lv_panel}"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    text, line, column = marked(text)
    found = [p for p in lint(text.encode(), str(path)) if p.file == str(path)]
    (problem,) = found
    assert (problem.code, problem.line, problem.column) == ("CON-E109", line, column)
    assert problem.message == "table lv_panel holds no tags"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{rule: @rangeByKey, key: tag, value: value, limits: tags}", "rule rangeByKey is there twice, and"),
        ("{rule: drift, key: tag, ts: ts, value: @phase}", "value is phase here and value on line"),
    ],
)
def test_a_series_has_one_rule_of_a_kind_and_one_column_of_a_meaning(rule: str, message: str) -> None:
    path = CATALOG / "northvale" / "pat.odcs.yaml"
    end = "slaProperties:\n"
    entry = f"      - {{id: more, type: custom, engine: justindata, implementation: {rule}}}\n"
    text, line, column = marked(path.read_text(encoding="utf-8").replace(end, entry + end, 1))
    (problem,) = lint(text.encode(), str(path))
    assert (problem.code, problem.line, problem.column) == ("CON-E105", line, column)
    assert problem.message.startswith(message)


def test_a_series_is_unique_by_tag_and_time() -> None:
    path = CATALOG / "northvale" / "pat.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    assert "key: [tag, ts]" in text
    text, line, column = marked(text.replace("key: [tag, ts]", "key: @[tag]", 1))
    (problem,) = lint(text.encode(), str(path))
    assert (problem.code, problem.line, problem.column) == ("CON-E105", line, column)
    assert problem.help == "write key: [tag, ts]"
