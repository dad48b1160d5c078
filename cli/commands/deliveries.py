"""`jid deliveries`: what partners sent, how it ended, and the bytes themselves."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from cli.exits import Exit, Stop, say
from cli.home import open_hub
from cli.output import COMMON, CommonOptions, colour_wanted, emit_json, table

if TYPE_CHECKING:
    from hub.hub import Hub
    from hub.store import DeliveryRow


def list_(
    *,
    partner: Annotated[str | None, Parameter(help="One partner only.")] = None,
    kind: Annotated[Literal["coa", "pat", "schedule"] | None, Parameter(help="One kind of feed only.")] = None,
    quarantined: Annotated[bool, Parameter(negative="", help="Only what waits in quarantine.")] = False,
    limit: Annotated[int, Parameter(help="The newest this many.")] = 50,
    common: CommonOptions = COMMON,
) -> int:
    """The newest deliveries, oldest first, each with its verdict.

    For example:

        jid deliveries list --partner brightwater --quarantined
    """
    from connectors.partners import find_partner

    hub = open_hub(common.home)
    try:
        if partner is not None:
            find_partner(hub.partners, partner)  # a name that nobody has is not an empty list
        with hub.store.reading() as tx:
            rows = tx.deliveries(partner=partner, kind=kind, limit=None if quarantined else limit)
            if quarantined:
                waiting = {q.delivery_id for q in tx.quarantined(states=["open"])}
                rows = [r for r in rows if r.id in waiting][-limit:]
    finally:
        hub.close()
    if common.as_json:
        emit_json("deliveries", deliveries=rows)
        return Exit.FINE
    shown = [
        (
            r.id,
            r.received_at,
            r.feed,
            r.file,
            r.revision,
            (r.verdict or r.state).replace("_", " "),
            r.errors,
            r.warnings,
        )
        for r in rows
    ]
    print(table(["id", "received", "feed", "file", "rev", "verdict", "errors", "warnings"], shown))
    return Exit.FINE


def show(
    delivery: str,
    *,
    file_only: Annotated[
        bool, Parameter(negative="", help="Only what the file alone shows: the partner's report.")
    ] = False,
    common: CommonOptions = COMMON,
) -> int:
    """One delivery: where it came from, its report in the partner's words, what is in quarantine.

    The report is the text that `jid check` prints for the same file. Exit code 1: rejected.

    For example:

        jid deliveries show D-4
    """
    hub = open_hub(common.home)
    try:
        with hub.store.reading() as tx:
            row, report = tx.delivery(delivery), None
            if row is None:
                raise Stop(f"no delivery {delivery!r}", next_step="jid deliveries list")
            report = tx.report(delivery)
            held = tx.quarantined(delivery)
    finally:
        hub.close()
    if report is not None and file_only:
        report = report.file_part()
    if common.as_json:
        from contracts.render.json import to_json

        emit_json("delivery", delivery=row, quarantine=held, report=to_json(report) if report else None)
        return Exit.FINE
    if not file_only:
        print(f"{row.id}  {row.feed}  {row.file}  revision {row.revision}  {row.size:,} bytes")
        print(f"  received  {row.received_at:%Y-%m-%d %H:%M:%S}Z from {row.origin_uri}")
        print(f"  sha256    {row.sha256}")
        for q in held:
            what = f"{q.rows:,} rows" if q.scope == "rows" else f"the {q.scope}"
            print(f"  quarantine  {what}, {q.state}: {q.why}")
        print()
    if report is None:
        print("not judged yet")
        return Exit.FINE
    from contracts.render.terminal import terminal

    sys.stdout.write(terminal(report, colour=colour_wanted()))
    return Exit.FINDINGS if report.verdict == "rejected" else Exit.FINE


def download(
    delivery: str,
    *,
    to: Annotated[Path | None, Parameter(help="Folder or file to write (default: this folder).")] = None,
    report: Annotated[
        Literal["html", "annotated"] | None,
        Parameter(help="Instead of the bytes: the report as a page, or the file with its failing cells marked."),
    ] = None,
    common: CommonOptions = COMMON,
) -> int:
    """The original bytes of a delivery, exactly as received, under the partner's file name; or its report.

    For example:

        jid deliveries download D-4 --to /tmp

        jid deliveries download D-4 --report annotated
    """
    hub = open_hub(common.home)
    try:
        with hub.store.reading() as tx:
            row = tx.delivery(delivery)
        if row is None:
            raise Stop(f"no delivery {delivery!r}", next_step="jid deliveries list")
        name = Path(row.file).name  # a partner's name is metadata: only its last part may name a file here
        if report is not None:
            name = f"{Path(name).stem}.{'report.html' if report == 'html' else 'marked.xlsx'}"
        target = to or Path()
        if target.is_dir():
            target /= name
        if target.exists():
            raise Stop(f"{target} exists already", next_step="name another place: --to DIR")
        if report is not None:
            made = _report_file(hub, row, report)
            target.write_bytes(made)
            say(f"{target}  {len(made):,} bytes")
            return Exit.FINE
        with hub.store.archive.open(row.sha256) as source, target.open("xb") as out:
            shutil.copyfileobj(source, out)
    finally:
        hub.close()
    say(f"{target}  {row.size:,} bytes  sha256 {row.sha256}")
    return Exit.FINE


def _report_file(hub: Hub, row: DeliveryRow, form: Literal["html", "annotated"]) -> bytes:
    """The delivery's report as a page, or its file marked."""
    with hub.store.reading() as tx:
        report = tx.report(row.id)
    if report is None:
        raise Stop(f"{row.id} is not judged yet")
    if form == "html":
        from contracts.render.html import html

        return html(report).encode()
    from contracts.render.workbook import MOST_BYTES, annotated

    with hub.store.archive.open(row.sha256) as source:
        original = source.read() if row.size <= MOST_BYTES else b""
    return annotated(report, original)
