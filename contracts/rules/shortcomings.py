"""What may be wrong with one result, in words: what is due, and what to write or do instead."""

from __future__ import annotations

from decimal import Decimal

from contracts.contract import TestDef
from contracts.rules.criterion import wording
from contracts.rules.reading import Reading
from contracts.values.problem import Problem


def not_final(test: TestDef) -> Problem:
    allowed = " or ".join(test.stage_allowed)
    return Problem(
        "COA-E109",
        f"is not {allowed}",
        expected=f"a result in stage {allowed}",
        fix="send the final result in the next revision when it is there",
    )


def pending(test: TestDef) -> Problem:
    return Problem(
        "COA-E109",
        "is not there yet",
        expected=f"a result in stage {' or '.join(test.stage_allowed)}",
        fix="send the final result in the next revision when it is there",
    )


def too_coarse(test: TestDef) -> Problem:
    most = f"{test.loq_max}" + (f" {test.unit}" if test.unit else "")
    return Problem(
        "COA-E107",
        f"is censored above the highest agreed limit of quantification, {test.loq_max}",
        expected=f"a limit of quantification of at most {most}",
        fix="repeat the test with a lower limit of quantification, or justify the result",
    )


def operators_differ(written: str, stated: str) -> Problem:
    return Problem(
        "COA-E101",
        f"says {written} while the operator says {stated}",
        expected="one operator",
        fix=f"write the number alone and the operator as {written}",
        note="the hub does not choose between two operators",
    )


def more_than_nothing(stated: str) -> Problem:
    return Problem(
        "COA-E101",
        f"says {stated} while the value is a word for not detected",
        expected="no operator beside a word, or < and the limit as the value",
        fix="leave the operator out, or write < and the limit of detection",
    )


def impossible(low: Decimal, high: Decimal, unit: str | None) -> Problem:
    where = f"{low} to {high}" + (f" {unit}" if unit else "")
    return Problem(
        "COA-E112",
        "is physically impossible",
        expected=f"a value of {where}",
        fix="check the decimal mark and the unit",
    )


def rounded(decimals: int, value: Decimal) -> Problem:
    return Problem(
        "COA-E114",
        "has more digits than its specification",
        expected=_decimals(decimals),
        fix=f"round to {_decimals(decimals)}",
        note=f"compared as {value}; the text as sent is kept",
    )


def _decimals(count: int) -> str:
    return "1 decimal" if count == 1 else f"{count} decimals" if count else "a whole number"


def proves_nothing(test: TestDef, reading: Reading) -> Problem:
    said = wording(test.criterion)
    if reading.not_detected and reading.lod is None:
        fix = "state the limit of detection"
    elif reading.censored:
        fix = "repeat the test with a lower limit of quantification, or justify the result"
    else:
        fix = "send the results of all tests that this criterion looks at"
    return Problem("COA-E107", "cannot prove its acceptance criterion", expected=said, fix=fix)
