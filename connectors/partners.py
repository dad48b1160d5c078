"""Partner, Site, Feed: one YAML file a partner (design.md 6), read with the line of everything that is wrong in it.

partner: northvale
name: Northvale Vectors
sites: [{site: NV-BOS, timezone: America/New_York, roles: [vector_mfg, test_lab]}]
contacts: [{audience: partner, email: data-desk@northvale.example}]
feeds:
  - kind: coa
    contract: northvale-coa@2.3          # any 2.3.x
    every: 15m
    connector: rest                      # options: see the module of the transport
    options: {base_url: "env:NORTHVALE_URL", path: /v1/certificates, items: $.data}
    format: json
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from connectors import registry
from connectors.configfile import ConfigFile, read_config
from connectors.duration import Duration, Period
from connectors.errors import ConfigError, ConfigProblem, ConnectorError, UnknownPartner
from connectors.transport import Options as Closed
from contracts.errors import UnknownContract
from contracts.shelf import Catalog

Kind = Literal["coa", "pat", "schedule"]

_PARTNER_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
_CONTRACT = re.compile(r"[a-z][a-z0-9-]*@[0-9]+(\.[0-9]+){0,2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Site(Closed):
    site: str = Field(min_length=1, description="the site's id, own or GLN")
    timezone: str = Field(description="IANA name, for example Europe/Brussels")
    roles: tuple[Literal["vector_mfg", "test_lab", "cell_mfg", "sponsor"], ...] = Field(
        min_length=1, description="what is done there"
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is not an IANA time zone; write it like Europe/Brussels") from None
        return name


class Contact(Closed):
    audience: Literal["partner", "quality", "platform"] = Field(description="who this address belongs to")
    email: str = Field(description="an address, name@example.org")
    name: str | None = None

    @field_validator("email")
    @classmethod
    def _address(cls, email: str) -> str:
        if not _EMAIL.fullmatch(email):
            raise ValueError("not an e-mail address; write name@example.org")
        return email


class Feed(Closed):
    """One stream of deliveries of a partner. `options` are checked against the transport's own model at load time."""

    kind: Kind = Field(description="coa, pat or schedule")
    contract: str = Field(description="id@version of a contract; name@2.3 means any 2.3.x")
    every: Period = Field(description="how often it is pulled: 5m, 15m, 1h")
    grace: Duration | None = Field(default=None, description="how late a delivery may be before it counts as late")
    connector: str = Field(description="the transport")
    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    format: str | None = Field(default=None, description="json, csv, xlsx, ...; found from the bytes when left out")

    _partner: str = PrivateAttr(default="")

    @property
    def partner(self) -> str:
        return self._partner

    @property
    def name(self) -> str:
        """`<partner>/<kind>`: the feed's name in the ledger, in leases and on the command line."""
        return f"{self._partner}/{self.kind}"

    @field_validator("contract")
    @classmethod
    def _contract_reference(cls, text: str) -> str:
        if not _CONTRACT.fullmatch(text):
            raise ValueError("not a contract reference; write id@version like northvale-coa@2.3")
        return text


class Partner(Closed):
    partner: str = Field(description="the partner's id: small letters, digits, hyphens")
    name: str = Field(min_length=1, description="the partner's name for people")
    sites: tuple[Site, ...] = Field(min_length=1, description="where they work: site, timezone, roles")
    contacts: tuple[Contact, ...] = ()
    feeds: tuple[Feed, ...] = Field(min_length=1, description="what is pulled: kind, contract, every, connector")

    @field_validator("partner")
    @classmethod
    def _plain_id(cls, text: str) -> str:
        if not _PARTNER_ID.fullmatch(text):
            raise ValueError("not a partner id; use small letters, digits and hyphens, a letter first")
        return text

    @model_validator(mode="after")
    def _feeds_know_their_partner(self) -> Partner:
        for feed in self.feeds:
            feed._partner = self.partner
        return self

    def feed(self, kind: str) -> Feed:
        """Raises UnknownPartner, which lists the kinds that this partner has."""
        for feed in self.feeds:
            if feed.kind == kind:
                return feed
        raise UnknownPartner(f"feed of {self.partner}", kind, [feed.kind for feed in self.feeds])


def load_partner(path: Path) -> Partner:
    """Raises ConfigError with every problem of the file."""
    config, problems = _read(path)
    partner = _check(config, problems) if config else None
    if partner is None or problems:
        raise ConfigError(_in_order(problems))
    return partner


def load_partners(folder: Path, catalog: Catalog | None = None) -> dict[str, Partner]:
    """Every `*.yaml` of the folder, sorted by partner id. Raises ConfigError with every problem of every file.

    With `catalog` each feed's contract is looked up too: it must be there, and bind this partner and kind of data.
    """
    if not folder.is_dir():
        raise ConfigError([ConfigProblem(str(folder), 1, 1, "this folder of partner files does not exist")])
    problems: list[ConfigProblem] = []
    found: dict[str, tuple[Partner, str, int]] = {}
    for path in sorted({*folder.glob("*.yaml"), *folder.glob("*.yml")}):
        config, here = _read(path)
        partner = _check(config, here) if config else None
        if config is not None and partner is not None:
            line, column = config.place(("partner",))
            if partner.partner in found:
                _, first, first_line = found[partner.partner]
                message = f'a second partner is called "{partner.partner}"'
                here.append(ConfigProblem(str(path), line, column, message, f"the first is in {first}:{first_line}"))
            else:
                found[partner.partner] = (partner, str(path), line)
            if catalog is not None:
                here += _check_contracts(config, partner, catalog)
        problems += _in_order(here)
    if problems:
        raise ConfigError(problems)
    return {name: found[name][0] for name in sorted(found)}


def find_partner(partners: Mapping[str, Partner], wanted: str) -> Partner:
    """Raises UnknownPartner with the valid ids."""
    try:
        return partners[wanted]
    except KeyError:
        raise UnknownPartner("partner", wanted, list(partners)) from None


def _read(path: Path) -> tuple[ConfigFile | None, list[ConfigProblem]]:
    return read_config(path, starts_with='a partner file starts with "partner: <id>"')


def _check(config: ConfigFile, problems: list[ConfigProblem]) -> Partner | None:
    """Adds what is wrong to `problems`. Everything is looked at even when the outer shape is wrong already."""
    partner: Partner | None = None
    try:
        partner = Partner.model_validate(config.data)
    except ValidationError as error:
        problems += config.explain(Partner, error, ())
    feeds = config.data.get("feeds")
    for index, feed in enumerate(feeds if isinstance(feeds, list) else []):
        if isinstance(feed, dict):
            problems += _check_options(config, index, feed)
    problems += _repeated(config, "feeds", "kind", "one feed of a kind is enough")
    problems += _repeated(config, "sites", "site", "name every site once")
    return None if problems else partner


def _check_options(config: ConfigFile, index: int, feed: dict[str, Any]) -> Iterable[ConfigProblem]:
    name, options = feed.get("connector"), feed.get("options", {})
    if not isinstance(name, str):
        return
    try:
        transport = registry.find(name)
    except ConnectorError as error:
        yield config.problem(("feeds", index, "connector"), str(error))
        return
    if isinstance(options, dict):
        try:
            transport.options.model_validate(options)
        except ValidationError as error:
            yield from config.explain(transport.options, error, ("feeds", index, "options"))


def _check_contracts(config: ConfigFile, partner: Partner, catalog: Catalog) -> Iterable[ConfigProblem]:
    for index, feed in enumerate(partner.feeds):
        at = ("feeds", index, "contract")
        valid = f"contracts there are: {', '.join(catalog.names())}"
        try:
            contract = catalog.get(feed.contract)
        except UnknownContract:
            yield config.problem(at, f'there is no contract "{feed.contract}"', valid)
            continue
        if (contract.partner, contract.kind) != (partner.partner, feed.kind):
            binds = f"{contract.partner}/{contract.kind}"
            yield config.problem(at, f'contract "{feed.contract}" binds {binds}, not {feed.name}', valid)


def _repeated(config: ConfigFile, group: str, key: str, help: str) -> Iterable[ConfigProblem]:
    seen: set[str] = set()
    items = config.data.get(group)
    for index, item in enumerate(items if isinstance(items, list) else []):
        value = item.get(key) if isinstance(item, dict) else None
        if isinstance(value, str):
            if value in seen:
                yield config.problem((group, index, key), f'{key} "{value}" stands here a second time', help)
            seen.add(value)


def _in_order(problems: Iterable[ConfigProblem]) -> list[ConfigProblem]:
    return sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.column, problem.message))
