"""`jid contracts diff`: what a new version changes, which version it needs, and what past files would have met."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cli.commands.check import find_contract
from cli.exits import Exit, Stop, relative, say
from cli.output import clean, emit_json, table, terminal_width

if TYPE_CHECKING:
    from contracts.change import At, Change, Comparison
    from hub.intake.backtest import Backtest

Output = Literal["table", "json", "markdown"]


def diff(
    old: str,
    new: str,
    *,
    against_history: Annotated[
        int | None,
        Parameter(help="Also run both versions over this many of the newest archived deliveries of the feed."),
    ] = None,
    contracts: Annotated[Path | None, Parameter(help="Folder of contracts (default: the shipped catalog).")] = None,
    home: Annotated[
        Path | None, Parameter(help="Hub whose archive is looked at (default: JID_HOME, ., build/demo).")
    ] = None,
    output: Annotated[Output, Parameter(help="For people, for machines, or for a ticket or mail.")] = "table",
    json: Annotated[bool, Parameter(name="--json", negative="", help="Short for --output json.")] = False,
) -> int:
    """Every change from one version of a contract to another: for whom it breaks, and the version that it needs.

    OLD and NEW are id@version or contract files. Nothing is changed, neither here nor in the hub. Exit code 1: a
    change breaks one side, or the written version is too small.

    For example:

        jid contracts diff northvale-coa@2.3.0 northvale-coa@2.4.0

        jid contracts diff northvale-coa@2.3 draft.odcs.yaml --against-history 20 --home hub

        jid contracts diff northvale-coa draft.odcs.yaml --output markdown
    """
    from contracts.change import compare, too_small

    if against_history is not None and against_history < 1:
        raise Stop("--against-history counts deliveries", next_step="--against-history 20")
    folder = contracts
    if against_history is not None and folder is None:
        from cli.home import load_settings

        folder = load_settings(home).contracts_folder
    before, after = find_contract(old, folder), find_contract(new, folder)
    comparison = compare(before, after)
    history = _history(before, after, against_history, home) if against_history is not None else None
    match "json" if json else output:
        case "json":
            emit_json("contract_diff", **_body(comparison, history))
        case "markdown":
            print("\n".join(_markdown(comparison, history)))
        case _:
            print("\n".join(_lines(comparison, history)))
    return Exit.FINDINGS if comparison.breaking or too_small(comparison) else Exit.FINE


def _history(old: Any, new: Any, last: int, home: Path | None) -> Backtest:
    from cli.home import load_settings
    from hub.intake.backtest import backtest
    from hub.registries import Registries
    from hub.store import Store

    settings = load_settings(home)
    if not settings.store.archive.is_dir():  # opening would make a store
        raise Stop(f"{settings.home} has no archive yet", next_step="pull first: jid run --once")
    store = Store.open(settings.store)
    try:
        found = backtest(store, old, new, last=last, registries=Registries.load(settings.registries_folder))
    finally:
        store.close()
    if not found.tested:
        say(f"no delivery of {found.feed} is in the archive")
    return found


def _lines(comparison: Comparison, history: Backtest | None) -> Iterator[str]:
    yield _headline(comparison)
    if comparison.changes:
        rows = [
            (c.producer, c.consumer, c.part.name.lower(), _clauses(c), _place(c), _sentence(c))
            for c in comparison.changes
        ]
        yield table(("partner", "sponsor", "needs", "clause", "place", "change"), rows, width=terminal_width())
    yield _version(comparison)
    if history is not None and history.tested:
        yield ""
        yield f"the last {len(history.tested)} deliveries of {history.feed}, judged again by both versions"
        flips = [_flip_row(one) for one in history.tested if one.flip.changed]
        if flips:
            yield table(("delivery", "file", "old", "new", "why"), flips, width=terminal_width())
        clauses = [(c.clause, ", ".join(c.rejects), ", ".join(c.accepts), c.new, c.vanished) for c in history.clauses]
        if clauses:
            yield ""
            yield table(("clause", "rejects", "accepts", "new findings", "vanished"), clauses)
        yield from (f"{one}: its bytes are gone from the archive" for one in history.missing)
        yield history.sentence


def _markdown(comparison: Comparison, history: Backtest | None) -> Iterator[str]:
    yield f"## {_cell(_headline(comparison))}"
    yield ""
    if comparison.changes:
        yield "| partner | sponsor | needs | clause | change |"
        yield "|---|---|---|---|---|"
        for c in comparison.changes:
            cells = (c.producer, c.consumer, c.part.name.lower(), _clauses(c), _sentence(c))
            yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
        yield ""
    yield _version(comparison)
    if history is not None and history.tested:
        yield ""
        yield f"**{history.sentence}.**"
        flips = [_flip_row(one) for one in history.tested if one.flip.changed]
        if flips:
            yield ""
            yield "| delivery | file | old | new | why |"
            yield "|---|---|---|---|---|"
            yield from ("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in flips)


def _cell(text: str) -> str:
    """Text of a contract or a partner in a table of Markdown."""
    shown = clean(str(text)).replace("\n", " ").replace("\\", "\\\\")
    for mark in "|<*_`[]":
        shown = shown.replace(mark, f"\\{mark}" if mark != "<" else "&lt;")
    return shown


def _body(comparison: Comparison, history: Backtest | None) -> dict[str, Any]:
    from contracts.change import suggested, too_small

    body: dict[str, Any] = {
        "contract": comparison.id,
        "old": comparison.old_version,
        "new": comparison.new_version,
        "suggested": suggested(comparison),
        "too_small": too_small(comparison),
        "breaking": comparison.breaking,
        "needs_quality_approval": comparison.needs_quality_approval,
        "changes": [
            {
                "what": c.what,
                "path": c.path,
                "text": c.text,
                "effect": c.effect,
                "producer": c.producer,
                "consumer": c.consumer,
                "needs": c.part.name.lower(),
                "needs_quality_approval": c.needs_quality_approval,
                "clauses": c.clauses,
                "old": c.old,
                "new": c.new,
            }
            for c in comparison.changes
        ],
    }
    if history is not None:
        body["history"] = {
            "feed": history.feed,
            "sentence": history.sentence,
            "missing": history.missing,
            "deliveries": [
                {"id": one.delivery.id, "file": one.delivery.file, "received_at": one.delivery.received_at}
                | {"before": one.flip.before, "after": one.flip.after}
                | {"new": one.flip.new, "vanished": one.flip.vanished}
                for one in history.tested
            ],
            "clauses": history.clauses,
        }
    return body


def _headline(comparison: Comparison) -> str:
    count = len(comparison.changes)
    breaking = sum(change.breaking for change in comparison.changes)
    changes = "no change" if not count else "1 change" if count == 1 else f"{count} changes"
    return (
        f"{comparison.id} {comparison.old_version} -> {comparison.new_version}: {changes}"
        + (f", {breaking} breaking" if count else "")
        + ("; quality must approve" if comparison.needs_quality_approval else "")
    )


def _version(comparison: Comparison) -> str:
    from contracts.change import suggested, too_small

    needed, written = suggested(comparison), comparison.new_version
    if too_small(comparison):
        return f"version {written} is too small: these changes need {needed}"
    return f"version {written} is enough" + (f"; the smallest is {needed}" if needed != written else "")


def _sentence(change: Change) -> str:
    return change.text + (" (quality must approve)" if change.needs_quality_approval else "")


def _clauses(change: Change) -> str:
    more = len(change.clauses) - 1
    return change.clauses[0] + (f" +{more}" if more > 0 else "") if change.clauses else ""


def _place(change: Change) -> str:
    at: At | None = change.new or change.old
    return "" if at is None else f"{Path(relative(Path(at.file))).name}:{at.line}"


def _flip_row(one: Any) -> tuple[str, str, str, str, str]:
    flip = one.flip
    told = [f"+ {m.code} {m.message}" for m in flip.new] + [f"- {m.code} {m.message}" for m in flip.vanished]
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return one.delivery.id, one.delivery.file, flip.before.value, flip.after.value, "; ".join(told[:3]) + more
