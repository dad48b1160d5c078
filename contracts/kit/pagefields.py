"""The part of a contract page about fields: what belongs in each, how it is written, an example."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.contract import Contract
from contracts.kit.fieldnote import FieldNote, fields_of, note
from contracts.kit.good import AT, good
from contracts.render.markup import Markup, tag, text


def fields(contract: Contract) -> list[Markup]:
    draft = good(contract)
    notes = [note(draft, field, AT) for field in fields_of(contract.schema.fields)]
    heads = tag("tr", *(tag("th", name, scope="col") for name in ("field", "what belongs there", "example")))
    rows = [_field_row(told, _place(contract, told)) for told in notes]
    return [
        tag("p", "A dot marks a required field.", class_="note"),
        tag("table", tag("thead", heads), tag("tbody", *rows), class_="fields"),
    ]


def _place(contract: Contract, told: FieldNote) -> str | None:
    """The cell of a workbook, or the column when it has another name there."""
    for form in contract.schema.sources:
        for path, at in form.header_cells.items():
            if path.replace(".0.", ".") == told.field.path:
                return f"cell {at}"
    if told.field.header_synonyms:
        return f"also called {', '.join(told.field.header_synonyms)}"
    return None


def _field_row(told: FieldNote, place: str | None) -> Markup:
    depth = told.field.path.count(".")
    name = tag("code", told.field.path.rpartition(".")[2])
    dot = tag("span", "required", class_="dot") if told.required else None
    rule = [_offered(told)]
    if told.unit:
        rule.append(f"unit {told.unit}")
    if place:
        rule.append(place)
    said = [
        tag("p", sentence(told.meaning)) if told.meaning else None,
        tag("p", "; ".join(rule), class_="form"),
    ]
    if told.choice is not None and len(told.choice.values) <= _MOST_LISTED:
        said.append(tag("p", *joined(told.choice.values), class_="chips"))
    return tag(
        "tr",
        tag("th", name, dot, scope="row", class_=f"in{min(depth, 3)}"),
        tag("td", *said),
        tag("td", tag("code", told.example) if told.example else None, class_="eg"),
    )


def _offered(told: FieldNote) -> str:
    """The form of a field, with the values that the contract lists in place of the word text."""
    if told.choice is None or (told.choice.what == "codes" and told.field.type == "boolean"):
        return told.form
    few = len(told.choice.values) <= _MOST_LISTED
    listed = (
        f"one of these {told.choice.what}" if few else f"one of the {len(told.choice.values)} {told.choice.what} below"
    )
    if not told.choice.closed:
        listed = listed.replace("one of these", "agreed").replace("one of the", "one of the agreed")
    return listed if told.form == "text" else f"{told.form}; {listed}"


_MOST_LISTED = 10


def joined(values: Sequence[str], mark: str = " ") -> list[Markup]:
    return [text(mark if n else "", tag("code", value)) for n, value in enumerate(values)]


def sentence(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]
