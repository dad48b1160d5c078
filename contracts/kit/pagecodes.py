"""The part of a contract page about findings: what is checked, and what each code that may come back means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.codes import Action, Code, Severity, codes
from contracts.contract import Clause, Contract
from contracts.explain import Page, page
from contracts.kit.duetexts import duration_words
from contracts.kit.ruletexts import IMPLIED_TEXTS, RULE_TEXTS
from contracts.render.markup import Markup, tag, text

_SHAPES = {
    Severity.ERROR: "M12 1 23 12 12 23 1 12z",
    Severity.WARNING: "M12 2 23 21H1z",
    Severity.INFO: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
}
_FATES = {
    Severity.ERROR: "not stored until it is corrected",
    Severity.WARNING: "stored",
    Severity.INFO: "stored and noted",
}
_ACTORS = {Action.PARTNER: "you", Action.SPONSOR: "the sponsor", Action.PLATFORM: "whoever runs the hub"}
_CANNOT = "CON-E201"


def checks(contract: Contract) -> list[Markup]:
    """Each rule with the codes it can raise; what only the hub can judge is said to be so."""
    own = [c for c in contract.clauses if not c.id.startswith("auto.") and c.kind != "due"]
    rows = [_row(c.id, _asks(c), c.codes, by_file=c.by_file) for c in own]
    by_kind: dict[str, list[str]] = {}
    for clause in contract.clauses:
        if clause.id.startswith("auto.") and clause.kind in IMPLIED_TEXTS:
            by_kind.setdefault(clause.kind, []).extend(clause.codes)
    implied = [_row(kind, IMPLIED_TEXTS[kind], tuple(dict.fromkeys(found))) for kind, found in by_kind.items()]
    heads = tag("tr", *(tag("th", name, scope="col") for name in ("clause", "what it asks for", "codes")))
    return [
        tag("p", "Rules of this contract first, then what its fields and forms ask for by themselves.", class_="note"),
        tag("table", tag("thead", heads), tag("tbody", *rows, *implied), class_="checks"),
    ]


_COMPARED = {
    "<": "lies before",
    "<=": "is not after",
    "=": "is the same as",
    "!=": "differs from",
    ">=": "is not before",
    ">": "lies after",
}


def _asks(clause: Clause) -> str:
    """What a rule asks for; a comparison names its two fields."""
    if clause.kind != "crossField":
        return RULE_TEXTS.get(clause.kind, clause.kind)
    left, right = (str(clause.params[side]).removeprefix("$.") for side in ("left", "right"))
    plus = clause.params.get("plus")
    later = f" plus {duration_words(plus)}" if plus else ""
    return f"{left} {_COMPARED.get(str(clause.params['op']), 'agrees with')} {right}{later}"


def _row(name: str, said: str, found: Sequence[str], *, by_file: bool = True) -> Markup:
    hub = tag("p", "Needs the hub: a check by hand cannot judge it.", class_="form") if not by_file else None
    links = [tag("a", tag("code", code), href=f"#{code}") for code in found]
    return tag(
        "tr",
        tag("th", tag("code", name), scope="row"),
        tag("td", tag("p", said if "_" in said.split()[0] else _sentence(said)), hub),
        tag("td", *[text(" " if n else "", link) for n, link in enumerate(links)], class_="links"),
    )


def explained(contract: Contract) -> list[Markup]:
    """Every code that a delivery of this contract may come back with, in the order of the catalogue."""
    raised = {code for clause in contract.clauses for code in clause.codes} | {_CANNOT}
    known = codes()
    listed = [_one(contract, known[code]) for code in known if code in raised]
    return [tag("ol", *listed, class_="codes")]


def _one(contract: Contract, code: Code) -> Markup:
    severity = _level(contract, code)
    told = _page(code.code)
    facts = text(
        chip(severity),
        tag(
            "span",
            f"{_FATES[severity]}; {_ACTORS[_actor(contract, code)]} must act"
            if severity is not Severity.INFO
            else _FATES[severity],
            class_="fate",
        ),
    )
    body = [tag("h3", tag("code", code.code), " ", _sentence(code.title)), tag("p", facts, class_="chipline")]
    if told is not None:
        body += [tag("p", told.what), tag("p", tag("strong", "How to fix it: "), *_marked(told.fix))]
    return tag("li", *body, id=code.code)


def _marked(said: str) -> list[Markup]:
    """A page's text, with what stands in back quotes as code."""
    return [tag("code", part) if n % 2 else text(part) for n, part in enumerate(said.split("`"))]


def _level(contract: Contract, code: Code) -> Severity:
    own = contract.severity.get(code.code)
    if own is not None and own[0] is not None:
        return own[0]
    written = {c.severity for c in contract.clauses if code.code in c.codes}
    [only] = written if len(written) == 1 else [None]
    return only or code.severity


def _actor(contract: Contract, code: Code) -> Action:
    own: Mapping[str, tuple[object, object, Action | None]] = contract.severity
    found = own.get(code.code)
    return (found[2] if found is not None else None) or code.action


def _page(code: str) -> Page | None:
    try:
        return page(code)
    except FileNotFoundError:
        return None


def chip(severity: Severity) -> Markup:
    """The severity as colour, shape and word."""
    shape = tag("svg", tag("path", d=_SHAPES[severity]), viewBox="0 0 24 24", aria_hidden="true")
    return tag("span", shape, severity.value, class_=f"chip {severity.value}")


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]
