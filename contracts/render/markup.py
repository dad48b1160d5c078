"""Markup that cannot be broken out of: every text is escaped where it enters, and only elements made here are not."""

from __future__ import annotations

from html import escape

from contracts.render.wording import visible


class Markup(str):
    """HTML that was made here and is safe as it stands."""

    __slots__ = ()


_VOID = frozenset({"meta", "br", "col"})


def tag(name: str, /, *inside: str | None, **attributes: str | None) -> Markup:
    """One element. Attribute `class_` is `class`, `aria_label` is `aria-label`; None leaves an argument out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{text(*inside)}</{name}>")


def text(*parts: str | None) -> Markup:
    """Parts one after the other; what is not Markup is escaped, and what does not print is written out."""
    return Markup("".join(p if isinstance(p, Markup) else escape(visible(p)) for p in parts if p is not None))
