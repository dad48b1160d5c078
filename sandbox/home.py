"""A hub's home for the sandbox: hub.toml and one partner file each, so that every `jid` command works on it.

The files are what a person would write, comments included: they are the example that people copy from. They are written
anew at each start, because the servers listen on free ports; secrets stay in files of their own, only referred to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Template

from sandbox.servers.brightwater import USER
from sandbox.story import CDMOS, PartnerId, Story

CLIENT_ID = "jid-hub"
WEB_ID = "F1EmBR01"
"""The historian's name of the set of streams of the unit BR01."""
RECORDED = f"/piwebapi/streamsets/{WEB_ID}/recorded"
WINDOW_MINUTES = 10
"""One delivery of the historian. The contract allows 15 minutes of silence, so a window must be shorter."""
SETTLE_SECONDS = 10
"""How long after its end a window is left to fill up before it is asked for."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the sandbox's servers listen. `brightwater_host_key` is the fingerprint, SHA256:..., to be pinned."""

    northvale_url: str
    brightwater_port: int
    brightwater_host_key: str


LOOK_BACK = "the demo looks through everything again, to show that repeats do no harm; default: twice `every`"

_HUB = """\
# The hub of the demo. Relative paths start at this folder.
[hub]
name = "sandbox"

[store]
ledger = "sqlite:///data/ledger.db"
archive = "data/archive"
lake = "data/lake"

[contracts]
folder = "catalog"            # the contracts that are shipped with the package

[partners]
folder = "partners"

[[channels]]
name = "mailbox"
kind = "maildir"
folder = "mail"               # every message is a file in here
from = "hub@sponsor.example"

# First match wins. A partner gets only what is about its own data.
$routes
[[routes]]
audience = "platform"
channels = ["mailbox"]
recipients = ["platform@sponsor.example"]

[[routes]]
channels = ["mailbox"]
recipients = ["quality@sponsor.example"]
"""

_ROUTE = """\
[[routes]]
audience = "partner:$partner"
channels = ["mailbox"]
recipients = ["data-desk@$partner.example"]
"""

_HEAD = """\
# $name: $what
partner: $partner
name: $name
sites: [{site: $site, timezone: $timezone, roles: [vector_mfg, test_lab, cell_mfg]}]
contacts: [{audience: partner, email: data-desk@$partner.example}]
"""

_NORTHVALE = """\
feeds:
  - kind: coa
    contract: northvale-coa@2.3
    every: 15m
    connector: rest
    options:
      base_url: "$northvale_url"
      auth: &sign_in
        oauth2: {token_path: /oauth/token, client_id: $client_id, client_secret: "file:secrets/northvale_client_secret"}
      path: /v1/certificates
      items: $$.data
      paginator: {cursor: $$.next}
      since: {param: updated_since, overlap: 365d}   # $look_back
      key: "{certificate_no}:{revision}"
      file: "{lot_number}_{certificate_no}_r{revision}.json"
    format: json
"""

_HISTORIAN = """\
  - kind: pat
    contract: northvale-pat@1.4
    every: 5m
    connector: rest
    options:
      base_url: "$northvale_url"
      auth: *sign_in
      path: $recorded_path
      params: {maxCount: 3600}
      windows: {start: "$pat_start", size: ${window}m, settle: ${settle}s, inclusive_end: true}
    format: piwebapi
"""

_NORTHVALE_SCHEDULE = """\
  - kind: schedule
    contract: northvale-schedule@1.1
    every: 15m
    connector: rest
    options:
      base_url: "$northvale_url"
      auth: *sign_in
      path: /v1/schedule
    format: json
"""

_BRIGHTWATER_FEED = """\
  - kind: $kind
    contract: brightwater-$kind@$version
    every: $every
    connector: sftp
    options:
      host: 127.0.0.1
      port: $port
      username: $user
      password: "file:secrets/brightwater_password"
      host_key: ["$host_key"]
      paths: ["/$kind/*.$suffix"]
      ready: {stable_for: 1s}
      overlap: 365d                                  # $look_back
    format: $suffix
"""

_HALDEN_FEED = """\
  - kind: $kind
    contract: halden-$kind@$version
    every: $every
    connector: folder
    options:
      root: sandbox/halden
      paths: ["$kind/*.$suffix"]
      ready: {stable_for: 1s}
      overlap: 365d                                  # $look_back
    format: $suffix
"""

_WHAT: dict[PartnerId, str] = {
    "northvale": "certificates, schedule and historian over HTTP, signed in with OAuth2.",
    "brightwater": "workbooks and CSV files in an SFTP drop.",
    "halden": "JSON and CSV files in a shared folder.",
}
_VERSIONS = {"coa": "2.3", "pat": "1.4", "schedule": "1.1"}
_EVERY = {"coa": "15m", "pat": "5m", "schedule": "15m"}


def historian_closed(story: Story, now: datetime) -> bool:
    """Whether the batch is over, and the first window after it is about to be.

    The windows of a historian go on for ever; a unit without a batch has nothing to say in them. So its feed leaves the
    partner file, as a person would take it out.
    """
    return now >= story.pat_end + timedelta(minutes=WINDOW_MINUTES)


def write_home(home: Path, story: Story, addresses: Addresses, now: datetime) -> None:
    """Write `<home>/hub.toml` and `<home>/partners/*.yaml`."""
    (home / "partners").mkdir(parents=True, exist_ok=True)
    routes = "\n".join(Template(_ROUTE).substitute(partner=partner) for partner in CDMOS)
    _write(home / "hub.toml", Template(_HUB).substitute(routes=routes))
    for partner in CDMOS:
        _write(home / "partners" / f"{partner}.yaml", partner_file(partner, story, addresses, now))


def partner_file(partner: PartnerId, story: Story, addresses: Addresses, now: datetime) -> str:
    """The YAML text of one partner."""
    cdmo = CDMOS[partner]
    head = Template(_HEAD).substitute(
        partner=partner, name=cdmo.name, what=_WHAT[partner], site=cdmo.site, timezone=cdmo.timezone
    )
    if partner == "northvale":
        historian = "" if historian_closed(story, now) else _HISTORIAN
        return head + Template(_NORTHVALE + historian + _NORTHVALE_SCHEDULE).substitute(
            look_back=LOOK_BACK,
            northvale_url=addresses.northvale_url,
            client_id=CLIENT_ID,
            recorded_path=RECORDED,
            pat_start=story.pat_start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            window=WINDOW_MINUTES,
            settle=SETTLE_SECONDS,
        )
    form = Template(_BRIGHTWATER_FEED if partner == "brightwater" else _HALDEN_FEED)
    suffixes = {"coa": "xlsx" if partner == "brightwater" else "json", "pat": "csv", "schedule": "csv"}
    texts = (
        form.substitute(
            look_back=LOOK_BACK,
            kind=kind,
            version=_VERSIONS[kind],
            every=_EVERY[kind],
            suffix=suffix,
            port=addresses.brightwater_port,
            host_key=addresses.brightwater_host_key,
            user=USER,
        )
        for kind, suffix in suffixes.items()
    )
    return f"{head}feeds:\n{''.join(texts)}"


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
