"""contract_page: the contract in plain words, as one HTML file without script and without anything fetched.

For the person who makes the files: what to send, field by field, what is checked, what each finding code means, when it
is due, whom to ask. Reads top down and prints; every text is escaped where it enters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contracts.contract import Contract, SourceForm
from contracts.kit import pagecodes, pagefields, pagelimits
from contracts.kit.duetexts import levels
from contracts.kit.pagefields import joined, sentence
from contracts.kit.pagestyle import CSS
from contracts.render.markup import Markup, tag, text
from contracts.yamltree import plain

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_KINDS = {"coa": "certificates of analysis", "pat": "process data", "schedule": "schedules"}
_FORMATS = {
    "json": "JSON",
    "ndjson": "JSON lines",
    "csv": "CSV",
    "xlsx": "Excel workbook",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "piwebapi": "PI Web API",
    "xml": "XML",
    "icalendar": "iCalendar",
}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}


def contract_page(contract: Contract) -> str:
    """The whole page."""
    sections = [
        ("send", "What you send", _send(contract)),
        ("fields", "Fields", pagefields.fields(contract)),
        ("tests", "Tests and limits", pagelimits.tests(contract.schema.tests)),
        ("tags", "Tags and limits", pagelimits.tags(contract)),
        ("words", "Words and codes", _words(contract)),
        ("due", "When it is due", _due(contract)),
        ("checks", "What is checked", pagecodes.checks(contract)),
        ("codes", "Finding codes", pagecodes.explained(contract)),
        ("contacts", "Whom to ask", _contacts(contract)),
        ("versions", "Versions", _versions(contract)),
    ]
    kept = [(id_, title, body) for id_, title, body in sections if body]
    links = [tag("li", tag("a", title, href=f"#{id_}")) for id_, title, _ in kept]
    main = tag(
        "main",
        _top(contract),
        tag("nav", tag("ol", *links), aria_label="on this page"),
        *(_section(id_, title, body) for id_, title, body in kept),
        tag("footer", "Made from the contract itself; the contract is what counts."),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{contract.name}, {contract.version}"),
        tag("style", Markup(CSS)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', main), lang='en')}\n"


def _section(id_: str, title: str, body: Sequence[Markup]) -> Markup:
    return tag("section", tag("h2", title), *body, class_="box", id=id_)


def _top(contract: Contract) -> Markup:
    about = plain(contract.tree.get("description")) if contract.tree is not None else None
    said = about if isinstance(about, dict) else {}
    meta = tag(
        "dl",
        *_pairs(
            [
                ("contract", text(tag("code", contract.id), f" {contract.version}")),
                ("status", contract.status),
                ("partner", f"{contract.partner}, site {contract.site}" if contract.site else contract.partner),
            ]
        ),
        class_="meta",
    )
    lines = [tag("p", str(said[key]).strip()) for key in ("purpose", "limitations") if said.get(key)]
    left = tag("div", tag("p", f"Contract for {_KINDS[contract.kind]}", class_="eyebrow"), tag("h1", contract.name))
    return tag("header", tag("div", left, meta, class_="top"), tag("div", *lines, class_="lede"))


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[Markup]:
    return [tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs]


def _send(contract: Contract) -> list[Markup]:
    schema = contract.schema
    forms = [tag("li", tag("strong", _FORMATS.get(form.format, form.format)), _form(form)) for form in schema.sources]
    mark = "comma" if schema.locale.decimal == "," else "point"
    groups = (
        f"; digits may be grouped with {' or '.join(map(repr, schema.locale.group))}" if schema.locale.group else ""
    )
    power = "powers of ten such as 1.5E+08 are allowed" if schema.locale.scientific else "no powers of ten"
    power = power.replace("1.5", f"1{schema.locale.decimal}5")
    zone = schema.time.zone
    times = (
        "with their offset from UTC, such as 2026-11-20T15:04:00+01:00"
        if zone == "offset"
        else f"as local time in {zone}, or with their offset"
    )
    one = "" if len(forms) < 2 else "Any one of these forms; "
    facts = [
        ("forms", text(one, tag("ul", *forms, class_="plain"))),
        ("numbers", f"with a decimal {mark}; {power}{groups}"),
        ("dates", "year first, such as 2026-11-20"),
        ("times", times),
        ("size", f"at most {contract.safety.max_bytes / 1_000_000:g} MB"),
    ]
    if contract.receipt:
        facts.append(("receipt", f"an answer named {contract.receipt.get('name', '')} comes back on the same channel"))
    kit = [
        ("check a file before you send it", f"jid check FILE --contract {contract.id}"),
        (
            "see what a code means",
            "jid explain COA-E104" if contract.kind == "coa" else f"jid explain {_family(contract)}",
        ),
        ("get samples, good and bad", f"jid contracts sample {contract.id} --all -o kit"),
    ]
    commands = [tag("li", said, " ", tag("code", *_unbroken(command))) for said, command in kit]
    return [tag("dl", *_pairs(facts), class_="facts"), tag("ul", *commands, class_="commands")]


def _unbroken(command: str) -> list[Markup]:
    """A command that may be broken between its words only: `--all` over two lines would be typed wrong."""
    return [text(" " if n else "", tag("span", word)) for n, word in enumerate(command.split())]


def _family(contract: Contract) -> str:
    return {"pat": "PAT-E303", "schedule": "SCH-E101"}.get(contract.kind, "FILE-E201")


def _form(form: SourceForm) -> str:
    """The rest of the sentence after the name of the form."""
    match form.format:
        case "xlsx":
            cells = f", {len(form.header_cells)} fields in cells of their own" if form.header_cells else ""
            sheet = f", sheet {form.sheet}" if form.sheet else ""
            return f"{sheet}, column names in row {form.header_row}{cells}"
        case "csv":
            delimiter = _DELIMITERS.get(form.delimiter, form.delimiter)
            return f", {' or '.join(form.encoding)}, cells separated by {delimiter}, column names in the first line"
        case "json" | "ndjson":
            return f", {' or '.join(form.encoding)}"
        case "piwebapi":
            return ", recorded values, one stream a tag"
        case _:
            return ""


def _words(contract: Contract) -> list[Markup]:
    schema = contract.schema
    made: list[Markup] = []
    for name, words in schema.vocabularies.items():
        rows = [(word, [s for s in synonyms if s != word]) for word, synonyms in words.items()]
        listed = [
            tag("li", tag("code", word), *([", or ", *joined(others, ", ")] if others else [])) for word, others in rows
        ]
        made += [tag("h3", name.replace("_", " ")), tag("ul", *listed, class_="plain")]
    if schema.quality_map:
        meanings: dict[str, list[str]] = {}
        for code, word in schema.quality_map.items():
            meanings.setdefault(word, []).append(code)
        listed = [tag("li", f"{word.lower()}: ", *joined(found, ", ")) for word, found in meanings.items()]
        made += [tag("h3", "quality of a point"), tag("ul", *listed, class_="plain")]
    if schema.phases:
        critical = [f"{p} (critical)" if p in schema.critical_phases else p for p in schema.phases]
        made += [tag("h3", "phases"), tag("p", ", ".join(critical))]
    units = schema.units
    rules = [
        tag("li", "write ", tag("code", unit), "; ", tag("code", alias), " is read as the same")
        for alias, unit in units.aliases.items()
    ]
    rules += [
        tag("li", "write ", tag("code", unit), " and not ", tag("code", alias), ", which means something else")
        for alias, unit in units.flagged.items()
    ]
    rules += [
        tag("li", tag("code", a), " is converted to ", tag("code", b), f" (times {factor})")
        for (a, b), factor in units.convert.items()
    ]
    if rules:
        made += [tag("h3", "units"), tag("ul", *rules, class_="plain")]
    return made


def _due(contract: Contract) -> list[Markup]:
    made = []
    for level in levels(contract):
        steps = [
            tag("li", tag("span", step.when, class_="when"), tag("span", step.what), class_=step.look)
            for step in level.steps
        ]
        made.append(tag("h3", sentence(level.said)))
        if level.condition:
            made.append(tag("p", level.condition, class_="note"))
        made.append(tag("p", f"For example, times in {level.zone}:", class_="note"))
        made.append(tag("ol", *steps, class_="steps"))
    return made


def _contacts(contract: Contract) -> list[Markup]:
    listed = []
    for channel in contract.support:
        address = channel.url.removeprefix("mailto:") if channel.url else None
        listed.append(
            tag(
                "li",
                tag("strong", channel.id),
                f", for {channel.audience}",
                text(", ", tag("code", address)) if address else None,
                tag(
                    "span",
                    f"is told of {', '.join(channel.codes)} from impact {channel.min_impact.value}",
                    class_="sub",
                ),
            )
        )
    team = plain(contract.tree.get("team")) if contract.tree is not None else None
    members = team.get("members", ()) if isinstance(team, dict) else ()
    for member in members if isinstance(members, list) else ():
        who = member.get("name") or member.get("username")
        if who:
            listed.append(tag("li", tag("strong", str(member.get("role", "contact"))), ", ", tag("code", str(who))))
    return [tag("ul", *listed, class_="plain")] if listed else []


def _versions(contract: Contract) -> list[Markup]:
    facts: list[tuple[str, str]] = [("this version", f"{contract.version}, {contract.status}")]
    if contract.overlap is not None:
        until = contract.overlap.until.date().isoformat()
        facts.append(("also accepted", f"version {contract.overlap.with_version}, before {until}"))
    for ref in contract.refs:
        spec = f"; specification {ref.specification[0]} version {ref.specification[1]}" if ref.specification else ""
        facts.append(("reference table", f"{ref.name} version {ref.version}{spec}"))
    facts.append(("file", text("sha256 ", tag("code", contract.sha256))))
    return [tag("dl", *_pairs(facts), class_="facts")]
