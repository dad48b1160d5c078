"""Numbers as partners write them: read by what the contract declares, or not at all (contracts.md 4.5).

Decimals keep the digits that were sent. A text with two readings has none, and every bound is tested before anything is
converted, so that `1E+2000000` costs no more than `1`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from functools import lru_cache

from contracts.contract import Locale
from contracts.values.problem import Problem

_MAX_EXPONENT = 30  # no real measurement leaves 10^-30 .. 10^30
_MAX_DIGITS = 60
EXACT = Context(prec=4 * _MAX_DIGITS)
"""For arithmetic with what was read here. The usual 28 digits would round, or refuse, a number that may be sent."""
_POINT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_COMMA = re.compile(r"([+-]?)([0-9]+),([0-9]+)((?:[eE][+-]?[0-9]+)?)")
_POWER = re.compile(r"([+-]?[0-9]+(?:[.,][0-9]+)?) ?[xX×·⋅∙*] ?10(?:\^([+-]?[0-9]+)|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))")
# What an East Asian keyboard and a typesetter write for ASCII: full-width digits, signs and letters; the minus sign.
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x2212: "-", 0x3000: " ", 0x2264: "<=", 0x2265: ">="}
_SUPERSCRIPT = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_GROUPED = re.compile(
    "[+-]?[0-9]{1,3}(?:([ \u00a0\u202f\u2009'\u2019_,.])[0-9]{3})(?:\\1[0-9]{3})*(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?"
)
_OPERATOR = re.compile(r"(<=|>=|<|>)[ ]*")
_CENSORED_WORD = re.compile(
    r"(?:(?:<=|>=|<|>|below|above|under|over)?[ ]*(?:the )?(?:[LU]?LOQ|LOD|MDL|TEST RNG)"
    r"|B[LD]L|BLO?Q|BQL|A[LQ]Q|AQL|N\.?[DTQ]\.?|OOR|out of range|below range|above range"
    r"|not (?:quantifiable|quantified|tested|determined))",
    re.IGNORECASE,
)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity|∞)", re.IGNORECASE)
_MARKED = re.compile(
    r"[*†‡§#()\[\]{}±;ᵃᵇᶜᵈ]|[0-9] *(?:/|–|—| - | to |\.\.\.?|(?<=[0-9])-(?=[0-9])) *[0-9]|[0-9] +[0-9]"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was read: `operator` is the one in front of it, None when there was none."""

    value: Decimal
    operator: str | None = None

    @property
    def decimals(self) -> int:
        """Digits after the mark as written: `7.20` has two, `1.5E+01` has none."""
        exponent = self.value.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0


def read_number(text: str, locale: Locale) -> Number | Problem:
    """The number that `text` is, or why it is none: COA-E101, E103, E104, E105, E106, E111, E115.

    Words of a vocabulary are the caller's business (COA-E102): they are tested before this.
    """
    text = text.strip(" \t")
    if not text.isascii():
        text = text.translate(_WIDE).strip(" ")
    if _CENSORED_WORD.fullmatch(text):
        return Problem(
            "COA-E106",
            "is censored without a numeric limit",
            expected="the limit as a number, such as <0.05",
            fix="write the limit of quantification as a number, such as <0.05",
            note="without the limit nobody can tell whether the result meets its criterion",
        )
    operator = None
    found = _OPERATOR.match(text)
    body = text
    if found is not None:
        operator, body = found[1], text[found.end() :]
    value = _read_body(body, locale)
    if isinstance(value, Problem):
        return _with_operator(operator, value) if operator is not None else value
    return Number(value, operator)


def _with_operator(operator: str, problem: Problem) -> Problem:
    """What to write instead keeps its operator: `<7,2` becomes `<7.2` and never `7.2`."""
    if problem.replacement is None:
        return problem
    written = f"{operator}{problem.replacement}"
    return replace(problem, fix=f"write {written}", replacement=written)


def plain(text: str) -> Decimal | None:
    """The Decimal of a number that a machine wrote (JSON, a number cell); None: out of bounds."""
    form = _POINT.fullmatch(text)
    value = _bounded(text, form[1]) if form is not None else None
    return value if isinstance(value, Decimal) else None


def _read_body(body: str, locale: Locale) -> Decimal | Problem:
    number = body
    for character in locale.group:
        if character in number and _well_grouped(number, character, locale.decimal):
            number = number.replace(character, "")
    if locale.decimal == ",":
        return _read_with_comma(body, number, locale)
    form = _POINT.fullmatch(number)
    if form is not None:
        if form[1] is not None and not locale.scientific:
            return _unreadable("is written with a power of ten, which the contract does not allow")
        return _bounded(number, form[1])
    if locale.scientific:
        power = _POWER.fullmatch(number)
        if power is not None and "," not in power[1]:
            return _power(power[1], power[2] or power[3])
        if power is not None:
            return _decimal_comma(number.replace(",", "."), number)
    comma = _COMMA.fullmatch(number)
    if comma is not None:
        return _comma_under_point(comma, number)
    return _neither(body, ".")


def _read_with_comma(body: str, number: str, locale: Locale) -> Decimal | Problem:
    if "." not in number and number.count(",") <= 1:
        dotted = number.replace(",", ".")
        form = _POINT.fullmatch(dotted)
        if form is not None:
            if form[1] is not None and not locale.scientific:
                return _unreadable("is written with a power of ten, which the contract does not allow")
            return _bounded(dotted, form[1])
        power = _POWER.fullmatch(number) if locale.scientific else None
        if power is not None:
            return _power(power[1].replace(",", "."), power[2] or power[3])
    if _POINT.fullmatch(number) is not None:
        whole, _, fraction = number.partition(".")
        if len(fraction) == 3 and 1 <= len(whole.lstrip("+-")) <= 3 and not whole.lstrip("+-").startswith("0"):
            return _ambiguous(number, f"{whole}{fraction}", f"{whole},{fraction}")
        return Problem(
            "COA-E101",
            "uses a decimal point where the contract says comma",
            expected="a number with a decimal comma",
            fix=f"write {number.replace('.', ',')}",
            replacement=number.replace(".", ","),
        )
    return _neither(body, ",")


def _bounded(text: str, exponent: str | None) -> Decimal | Problem:
    if len(text) > _MAX_DIGITS or (exponent is not None and len(exponent.lstrip("+-").lstrip("0")) > 3):
        return _absurd()
    value = Decimal(text)
    if value and not -_MAX_EXPONENT <= value.adjusted() <= _MAX_EXPONENT:
        return _absurd()
    return value


def _power(mantissa: str, exponent: str) -> Decimal | Problem:
    digits = exponent.translate(_SUPERSCRIPT)
    return _bounded(f"{mantissa}E{digits}", digits)


def _absurd() -> Problem:
    return Problem(
        "COA-E111",
        "is too large or too small for any measurement",
        expected=f"a number between 1E-{_MAX_EXPONENT} and 1E+{_MAX_EXPONENT}",
        fix="write the value that was measured",
    )


def _comma_under_point(comma: re.Match[str], text: str) -> Problem:
    sign, whole, fraction, power = comma.groups()
    pointed = f"{sign}{whole}.{fraction}{power}"
    if len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0") and not power:
        return _ambiguous(text, f"{sign}{whole}{fraction}", pointed)
    return _decimal_comma(pointed, text)


def _decimal_comma(pointed: str, text: str) -> Problem:
    return Problem(
        "COA-E104",
        "uses a decimal comma",
        expected="a number with a decimal point",
        fix=f"write {pointed}",
        replacement=pointed,
        note=f"{text} is not read as {pointed}: the hub never guesses a value",
    )


def _ambiguous(text: str, grouped: str, pointed: str) -> Problem:
    return Problem(
        "COA-E105",
        "can be read as two numbers",
        expected="a number with one reading",
        fix=f"write {grouped} or {pointed}, whichever was meant",
        note=f"{text} could mean {grouped} or {pointed}; the hub never guesses a value",
    )


def _neither(body: str, mark: str) -> Problem:
    name = "point" if mark == "." else "comma"
    if _NOT_FINITE.fullmatch(body):
        return Problem(
            "COA-E111", "is not a finite number", expected="a number", fix="write the value that was measured"
        )
    grouped = _GROUPED.fullmatch(body)
    if grouped is not None:
        bare = body.replace(grouped[1], "")
        fraction = bare.replace("." if mark == "," else ",", mark)
        both = any(c in bare for c in ".,") and grouped[1] in ".,"
        if both and mark not in bare:
            return _decimal_comma(fraction, body) if mark == "." else _separator(fraction, name)
        return _separator(bare, name)
    if any(c.isdigit() for c in body) and _MARKED.search(body):
        return Problem(
            "COA-E115",
            "carries a mark, brackets or more than one number",
            expected="one number and nothing else",
            fix="write the number alone and explain the mark in a comment",
            note="a retest, a footnote or a mean changes what the number means",
        )
    return _unreadable("cannot be read as a number", f"a number with a decimal {name}")


def _separator(bare: str, name: str) -> Problem:
    return Problem(
        "COA-E103",
        "holds a group separator",
        expected=f"digits and a decimal {name} only",
        fix=f"write {bare}",
        replacement=bare,
    )


def _unreadable(says: str, expected: str = "a number with digits only") -> Problem:
    return Problem("COA-E101", says, expected=expected, fix="write the number with digits, such as 3.1E+08")


@lru_cache(maxsize=64)
def _grouped_by(character: str, decimal: str) -> re.Pattern[str]:
    mark, between = re.escape(decimal), re.escape(character)
    return re.compile(rf"[+-]?[0-9]{{1,3}}(?:{between}[0-9]{{3}})+(?:{mark}[0-9]+)?")


def _well_grouped(text: str, character: str, decimal: str) -> bool:
    return _grouped_by(character, decimal).fullmatch(text) is not None
