"""Spellings, words, quality codes and phases of two contracts against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.change import rows
from contracts.change.spot import Handler, Spot, members, said
from contracts.contract import Units

Words = Mapping[str, Mapping[str, tuple[str, ...]]]


def units(spot: Spot, old: Units, new: Units) -> None:
    """Aliases, flagged codes and conversions."""
    _pairs(spot, old.aliases, new.aliases, "unit.alias", "spelling")
    _pairs(spot, old.flagged, new.flagged, "unit.flagged", "flagged spelling")
    for pair in dict.fromkeys((*old.convert, *new.convert)):
        before, after = old.convert.get(pair), new.convert.get(pair)
        if before != after:
            row = rows.TIGHTER if after is None else rows.WIDER_LIMIT if before is None else rows.MEANING_LIMIT
            text = f"conversion from {pair[0]} to {pair[1]}: factor {said(before)} -> {said(after)}"
            spot.tell("unit.conversion", row, text)


def _pairs(spot: Spot, old: Mapping[str, str], new: Mapping[str, str], what: str, word: str) -> None:
    for alias in dict.fromkeys((*old, *new)):
        before, after = old.get(alias), new.get(alias)
        if before is None:
            spot.tell(f"{what}.added", rows.MORE_NAMES, f"{word} {alias} of {after} added")
        elif after is None:
            spot.tell(f"{what}.removed", rows.TIGHTER, f"{word} {alias} of {before} removed")
        elif before != after:
            spot.tell(what, rows.MEANING, f"{word} {alias} means {before} -> {after}")


def vocabularies(spot: Spot, old: Words, new: Words) -> None:
    """Words and their synonyms. A word that now means another word is a change of meaning."""
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            before, after = _meanings(old.get(name, {})), _meanings(new.get(name, {}))
            _vocabulary(spot, name, before, after)


def _meanings(words: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Every accepted word with the word that it stands for."""
    return {word: canonical for canonical, listed in words.items() for word in (canonical, *listed)}


def _vocabulary(spot: Spot, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for word in dict.fromkeys((*old, *new)):
        before, after = old.get(word), new.get(word)
        if before == after:
            continue
        if before is None:
            code = word == after
            row = rows.WEAKER if code else rows.MORE_NAMES
            spot.tell("word.added", row, f"{name}: word {word} added" + ("" if code else f" for {after}"))
        elif after is None:
            spot.tell("word.removed", rows.TIGHTER, f"{name}: word {word} removed")
        else:
            spot.tell("word.meaning", rows.MEANING, f"{name}: word {word} means {before} -> {after}")


def quality_map(spot: Spot, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """The partner's quality codes and what they mean."""
    for code in dict.fromkeys((*old, *new)):
        before, after = old.get(code), new.get(code)
        if before is None:
            spot.tell("quality.added", rows.WEAKER, f"quality code {code} added, it means {after}")
        elif after is None:
            spot.tell("quality.removed", rows.TIGHTER, f"quality code {code} removed")
        elif before != after:
            spot.tell("quality.meaning", rows.MEANING_LIMIT, f"quality code {code} means {before} -> {after}")


def safety(spot: Spot, old: Any, new: Any) -> None:
    """The parser's limits."""
    for name in old.__dataclass_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            row = rows.TIGHTER if after < before else rows.WIDER
            spot.tell("safety", row, f"{name.replace('_', ' ')} {before} -> {after}")


phases: Handler = members("phase", "phase")
critical_phases: Handler = members("phase.critical", "critical phase", added=rows.TIGHTER, removed=rows.WIDER)
