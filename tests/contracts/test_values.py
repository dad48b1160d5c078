"""How texts become values: every accepted form, every refusal with its code, and no text costs more than its length.

Forms and codes are those of contracts.md 4.5; dates of clock changes are those of 2026 (EU: 29 March and 25 October).
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.contract import Locale, TimeRules, Units
from contracts.document import RawNumber
from contracts.values.identifiers import Identifier, mod37_2, near
from contracts.values.number import Number, read_number
from contracts.values.personal import PersonalData
from contracts.values.problem import Problem
from contracts.values.times import CERTIFICATE, SCHEDULE, TimeReader
from contracts.values.units import read_unit
from contracts.values.words import Vocabulary

POINT = Locale()
COMMA = Locale(decimal=",")
GERMAN = Locale(decimal=",", group=(".",))


def code_of(value: object) -> str | None:
    return value.code if isinstance(value, Problem) else None


@pytest.mark.parametrize(
    ("text", "value", "operator"),
    [
        ("7.2", "7.2", None),
        ("7.20", "7.20", None),
        (" 7.2 ", "7.2", None),
        ("-3", "-3", None),
        ("+4.5E+08", "4.5E+8", None),
        ("1e5", "1E+5", None),
        ("1.2x10^8", "1.2E+8", None),
        ("1.2 x 10^8", "1.2E+8", None),
        ("1.2·10⁸", "1.2E+8", None),
        ("3×10⁻²", "3E-2", None),
        ("<0.05", "0.05", "<"),
        ("<= 5", "5", "<="),
        (">=1E+08", "1E+8", ">="),
        ("1E+30", "1E+30", None),
    ],
)
def test_a_number_keeps_its_digits(text: str, value: str, operator: str | None) -> None:
    read = read_number(text, POINT)
    assert isinstance(read, Number)
    assert str(read.value) == str(Decimal(value))
    assert read.operator == operator


@pytest.mark.parametrize(
    ("text", "code", "fix"),
    [
        ("7,2", "COA-E104", "write 7.2"),
        ("1,84E+09", "COA-E104", "write 1.84E+09"),
        ("0,123", "COA-E104", "write 0.123"),
        ("1.234,5", "COA-E104", "write 1234.5"),
        ("1,2·10⁸", "COA-E104", "write 1.2·10⁸"),
        ("1,234", "COA-E105", "write 1234 or 1.234, whichever was meant"),
        ("274 000", "COA-E103", "write 274000"),
        ("274\u00a0000", "COA-E103", "write 274000"),
        ("274\u202f000", "COA-E103", "write 274000"),
        ("1'200", "COA-E103", "write 1200"),
        ("1.234.567", "COA-E103", "write 1234567"),
        ("1,234,567", "COA-E103", "write 1234567"),
        ("<LOQ", "COA-E106", None),
        ("ND", "COA-E106", None),
        ("> ULOQ", "COA-E106", None),
        ("< TEST RNG", "COA-E106", None),
        ("NaN", "COA-E111", None),
        ("-Infinity", "COA-E111", None),
        ("1E+2000000", "COA-E111", None),
        ("1E+31", "COA-E111", None),
        ("1E-31", "COA-E111", None),
        ("( 280 )*", "COA-E115", None),
        ("7.1; 7.2", "COA-E115", None),
        ("7.1 ± 0.1", "COA-E115", None),
        ("6.9-7.8", "COA-E115", None),
        ("3.1xE8", "COA-E101", None),
        ("~5", "COA-E101", None),
        ("7.", "COA-E101", None),
        ("٧٫٢", "COA-E101", None),
        ("about seven", "COA-E101", None),
    ],
)
def test_a_text_with_no_single_reading_is_no_number(text: str, code: str, fix: str | None) -> None:
    read = read_number(text, POINT)
    assert code_of(read) == code
    if fix is not None:
        assert isinstance(read, Problem)
        assert read.fix == fix


@pytest.mark.parametrize(
    ("text", "locale", "expected"),
    [
        ("7,20", COMMA, Decimal("7.20")),
        ("1,2E+08", COMMA, Decimal("1.2E+8")),
        ("7.2", COMMA, "COA-E101"),
        ("1.234", COMMA, "COA-E105"),
        ("1.234", GERMAN, Decimal(1234)),
        ("1.234,5", GERMAN, Decimal("1234.5")),
        ("1.23", GERMAN, "COA-E101"),
        ("1e5", Locale(scientific=False), "COA-E101"),
    ],
)
def test_the_contract_says_what_a_comma_is(text: str, locale: Locale, expected: Decimal | str) -> None:
    read = read_number(text, locale)
    assert (read.value if isinstance(read, Number) else read.code) == expected


@given(st.text(max_size=80))
def test_reading_never_raises_and_never_reads_two_ways(text: str) -> None:
    read = read_number(text, POINT)
    if isinstance(read, Number) and "," not in text:
        assert read.value.is_finite()
        assert abs(read.value.adjusted()) <= 30 or not read.value


RULES = TimeRules(minimum=datetime(2020, 1, 1, tzinfo=UTC), placeholders=("1970-01-01", "1900-01-00"))
DATE = TimeReader(RULES, CERTIFICATE, instant=False, form="yyyy-MM-dd")
INSTANT = TimeReader(RULES, CERTIFICATE, instant=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-02", date(2026, 11, 2)),
        ("04/11/2026", "COA-E501"),
        ("4.11.2026", "COA-E501"),
        ("13/11/2026", "COA-E502"),
        ("11/13/2026", "COA-E502"),
        ("12/12/2026", "COA-E502"),  # one day only, but not as agreed
        ("20 Nov 2026", "COA-E502"),
        ("2026-02-30", "COA-E502"),
        ("1970-01-01", "COA-E503"),
        ("1900-01-00", "COA-E503"),
        ("2019-12-31", "COA-E503"),
        ("2099-12-31", "COA-E503"),
        ("45235", "COA-E504"),
        (RawNumber("45235"), "COA-E504"),
        ("2026-10", "COA-E508"),
        ("2026", "COA-E508"),
    ],
)
def test_a_date_is_iso_or_refused(text: str, expected: date | str) -> None:
    read = DATE.read(text)
    assert (read.code if isinstance(read, Problem) else read) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T15:04:00Z", datetime(2026, 11, 20, 15, 4, tzinfo=UTC)),
        ("2026-11-20T15:04:00+01:00", datetime(2026, 11, 20, 14, 4, tzinfo=UTC)),
        ("2026-11-20T15:04Z", datetime(2026, 11, 20, 15, 4, tzinfo=UTC)),
        ("2026-11-20T15:04:00.250Z", datetime(2026, 11, 20, 15, 4, 0, 250_000, tzinfo=UTC)),
        ("2026-11-20T15:04:00", "COA-E509"),
        ("04/11/2026 15:04", "COA-E501"),
        ("2026-11-20", "COA-E502"),
        ("20261120T150400Z", "COA-E502"),
        ("2026-11-20T25:04:00Z", "COA-E502"),
    ],
)
def test_an_instant_carries_its_offset(text: str, expected: datetime | str) -> None:
    read = INSTANT.read(text)
    assert (read.code if isinstance(read, Problem) else read) == expected


def test_a_declared_order_settles_a_date_and_a_declared_zone_a_local_time() -> None:
    day_first = TimeReader(RULES, CERTIFICATE, instant=False, order="dmy")
    assert day_first.read("04/11/2026") == date(2026, 11, 4)
    assert code_of(day_first.read("11/04/2026 (04/11/2026)")) == "COA-E502"
    brussels = TimeReader(TimeRules(zone="Europe/Brussels"), SCHEDULE, instant=True)
    assert brussels.read("2026-07-01T12:00:00") == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert code_of(brussels.read("2026-03-29T02:30:00")) == "SCH-E106"  # skipped
    assert code_of(brussels.read("2026-10-25T02:30:00")) == "SCH-E106"  # twice
    assert brussels.read("2026-10-25T02:30:00+01:00") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_declared_form_is_the_only_form() -> None:
    dotted = TimeReader(RULES, CERTIFICATE, instant=False, form="dd.MM.yyyy")
    assert dotted.read("04.11.2026") == date(2026, 11, 4)
    assert code_of(dotted.read("2026-11-04")) == "COA-E502"


UNITS = Units(aliases={"ng/ml": "ng/mL"}, flagged={"[EU]/mL": "{EU}/mL"}, convert={("ug/mL", "ng/mL"): Decimal(1000)})


@pytest.mark.parametrize(
    ("given_unit", "agreed", "code", "factor"),
    [
        ("ng/mL", "ng/mL", None, 1),
        (" ng/mL ", "ng/mL", None, 1),
        ("ng/ml", "ng/mL", "COA-E202", 1),
        ("[EU]/mL", "{EU}/mL", "COA-E206", 1),
        ("ug/mL", "ng/mL", "COA-E205", 1000),
        ("{IU}/mL", "{TU}/mL", "COA-E201", None),
        ("/mL", "{TU}/mL", "COA-E201", None),
        ("", "{TU}/mL", "COA-E203", None),
        (None, "{TU}/mL", "COA-E203", None),
        ("mg/mL", "ng/mL", "COA-E201", None),
    ],
)
def test_annotated_units_never_convert(
    given_unit: str | None, agreed: str, code: str | None, factor: int | None
) -> None:
    reading = read_unit(given_unit, agreed, UNITS)
    assert code_of(reading.problem) == code
    assert reading.factor == factor


def test_words_are_folded_and_nothing_else() -> None:
    words = Vocabulary("absent", {"absent": ("not detected", "n.d."), "present": ("positive",)})
    assert words.read("Not Detected ") == "absent"
    assert words.read("N.D.") == "absent"
    assert words.read("nd") is None
    assert words.read("not  detected") is None
    assert words.unknown("postive", "COA-E108").fix == "write positive, or agree on this word in the contract"


LOT = Identifier(
    {"scheme": "lot", "pattern": "^LV-[0-9]{4}-[0-9]{2,6}$", "nearMatch": True}, malformed="M", confusable="C"
)


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("LV-2601-0012", None, None),
        (" LV-2601-0012 ", None, None),
        ("LV-26O1-0012", "M", "LV-2601-0012"),
        ("lv-2601-0012", "M", "LV-2601-0012"),
        ("LV-2601-00l2", "M", "LV-2601-0012"),
        ("LV–2601-0012", "C", "LV-2601-0012"),
        ("LV-2601-0012\u200b", "C", "LV-2601-0012"),
        ("L\u0412-2601-0012", "C", None),  # a Cyrillic Ve looks like B
        ("LV-2601", "M", None),
    ],
)
def test_an_identifier_is_exact_and_a_near_match_only_a_hint(text: str, code: str | None, hint: str | None) -> None:
    problem = LOT.read(text)
    assert code_of(problem) == code
    if problem is not None and hint is not None:
        assert str(problem.fix).endswith(f"did you mean {hint}")
        assert problem.replacement is None


def test_near_matches_are_unique_or_none() -> None:
    assert near("LV-00l2", ["LV-0012", "LV-0034"]) == "LV-0012"
    assert near("LV-0013", ["LV-0012", "LV-0014"]) is None


def test_check_characters_of_iso_7064() -> None:
    # The example of ISO/IEC 7064 for MOD 37-2, as used by ISBT 128 donation numbers: G123 498 654 321 has H.
    assert mod37_2("G123498654321H")
    assert not mod37_2("G123498654321G")


EVERY = ("date_of_birth", "medical_record_number", "person_name", "email", "phone", "national_id")


@pytest.mark.parametrize(
    "text",
    [
        "CoA_DOB_1981-03-02.pdf",
        "MRN 4471902",
        "patient: Miller",
        "Date of birth: 2.3.1981",
        "patient id 123456",
        "Mrs. Miller",
    ],
)
def test_labelled_personal_data_is_found(text: str) -> None:
    people = PersonalData(["date_of_birth", "medical_record_number", "person_name"])
    assert people.in_text(text) is not None
    assert people.in_text(people.mask(text)) is None


@pytest.mark.parametrize(
    "text",
    ["2026-03-02", "LV-2611-04_CoA_rev2.pdf", "QA approver", "no growth", "0.05", "absent", "M-STE-71", "4471902"],
)
def test_what_a_certificate_is_made_of_is_not_personal(text: str) -> None:
    people = PersonalData(EVERY)
    assert people.in_text(text) is None


HOSTILE = [
    *(part * (100_000 // len(part)) for part in ("1", "1 ", "a", "1,000", "+", "DOB ", "a@", "0-", "-", "2026-", "x ")),
    "(" * 50_000 + ")" * 50_000,
    "1" + " " * 99_998 + "x",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:5])
def test_a_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    people = PersonalData(EVERY)
    for read in (lambda: read_number(text, POINT), lambda: DATE.read(text), lambda: INSTANT.read(text),
                 lambda: LOT.read(text), lambda: people.in_text(text), lambda: people.mask(text)):  # fmt: skip
        best = min(_seconds(read) for _ in range(3))
        assert best < 0.1, read


def test_an_absurd_exponent_is_refused_before_it_is_converted() -> None:
    assert _seconds(lambda: read_number("1E+2000000", POINT)) < 0.01
    assert _seconds(lambda: read_number("1E" + "9" * 100_000, POINT)) < 0.01


def _seconds(call: object) -> float:
    begin = time.process_time()
    call()  # type: ignore[operator]
    return time.process_time() - begin
