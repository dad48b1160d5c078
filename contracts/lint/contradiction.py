"""Does a field say one thing to a plain tool of the standard and another one to us? (CON-E116)"""

from __future__ import annotations

from contracts.errors import PatternRefused, valid_values
from contracts.lint.problems import Problems, customs, maps, text
from contracts.lint.tables import Vocabularies
from contracts.pattern import compile_pattern
from contracts.yamltree import Mapping, Node, plain


def check_contradictions(node: Mapping, words: Vocabularies, problems: Problems) -> None:
    """CON-E116: a native field and a custom property say different things, so a plain ODCS tool decides otherwise."""
    ours = {name: value for name, (_entry, value) in customs(node).items()}
    required, presence = plain(node.get("required")), ours.get("presence")
    if presence is not None and required is True and plain(presence) == "optional":
        problems.add("CON-E116", presence, "required is true and presence is optional", "keep one of the two")
    if presence is not None and required is False and plain(presence) == "required":
        problems.add("CON-E116", presence, "required is false and presence is required", "write required: true")
    if presence is not None and required is True and plain(presence) == "mustExist":
        problems.add(
            "CON-E116", presence, "required is true, and presence mustExist lets it be empty", "keep one of the two"
        )
    if "unit" in ours and "unitFrom" in ours:
        problems.add("CON-E116", ours["unitFrom"], "unit is fixed, and unitFrom reads it", "keep one of the two")
    _enum(node, ours, problems)
    identifier, options = ours.get("identifier"), node.get("logicalTypeOptions")
    if isinstance(identifier, Mapping) and isinstance(options, Mapping):
        native, own = text(options, "pattern"), text(identifier, "pattern")
        if native is not None and own is not None and native != own:
            at = identifier.get("pattern") or identifier
            problems.add(
                "CON-E116", at, "the identifier's pattern differs from logicalTypeOptions.pattern", "write the same"
            )
    vocabulary = str(plain(ours["vocabulary"])) if "vocabulary" in ours else ""
    for value in maps(node, "enum") if vocabulary in words else ():
        word = str(plain(value.get("value")))
        if word not in words[vocabulary]:
            known = words[vocabulary]
            problems.add("CON-E116", value, f"code {word} is no word of {vocabulary}", valid_values(word, known))


def _enum(node: Mapping, ours: dict[str, Node], problems: Problems) -> None:
    """CON-E116 for a code that the field's own pattern or length refuses."""
    options, identifier = node.get("logicalTypeOptions"), ours.get("identifier")
    for pattern in (text(options, "pattern"), text(identifier, "pattern")):
        if pattern is None:
            continue
        try:
            ready = compile_pattern(pattern)
        except PatternRefused:
            continue  # told at the pattern
        for value in maps(node, "enum"):
            word = plain(value.get("value"))
            if isinstance(word, str) and not ready.matches(word):
                problems.add(
                    "CON-E116", value, f"code {word} does not match the pattern of its field", f"it is {pattern}"
                )
