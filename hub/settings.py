"""Settings: one hub's `hub.toml`, read with the line of everything that is wrong in it. Only this file reads the
environment.

    [hub]
    name = "sponsor-demo"

    [store]                                    # relative paths start at the home, the folder of hub.toml
    ledger = "sqlite:///data/ledger.db"
    archive = "data/archive"
    lake = "data/lake"

    [contracts]
    folder = "catalog"                         # the contracts that are shipped; else a folder of ODCS files
    [partners]
    folder = "partners"
    [registries]                               # may be left out: lots, batches, sites ... on file (hub/registries.py)
    folder = "registries"

    [[channels]]
    name = "mailbox"
    kind = "maildir"
    folder = "mail"

    [[routes]]                                 # first match wins; the last one must match everything
    channels = ["mailbox"]
    recipients = ["quality@sponsor.example"]
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from connectors.configfile import ConfigFile
from connectors.duration import Period
from connectors.errors import ConfigError, ConfigProblem
from connectors.secrets import SecretRef, is_reference
from contracts.errors import valid_values
from hub import faults
from hub.tomlplaces import places

FILE = "hub.toml"
SHIPPED = "catalog"


def _reference(text: str | None) -> str | None:
    if text is not None and not is_reference(text):
        raise ValueError("a secret is written as a reference, env:NAME or file:PATH, never as its value")
    return text


OptionalRef = Annotated[str | None, AfterValidator(_reference)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class HubSettings(_Closed):
    name: str = Field(default="hub", pattern=r"^[a-z0-9][a-z0-9-]*$", description="lower case letters, digits and -")


class StoreSettings(_Closed):
    """Where the store keeps its three things. After loading, paths are absolute."""

    ledger: str = Field(default="sqlite:///data/ledger.db", description='"sqlite:///data/ledger.db"')
    archive: Path = Path("data/archive")
    lake: Path = Path("data/lake")

    @field_validator("ledger")
    @classmethod
    def _known_engine(cls, url: str) -> str:
        if not re.fullmatch(r"sqlite:///[^?]+", url):
            raise ValueError("not a ledger that this version can open; write sqlite:///PATH")
        return url

    def under(self, home: Path) -> StoreSettings:
        """The same store with every relative path starting at `home`."""
        ledger = home / self.ledger.removeprefix("sqlite:///")
        return StoreSettings(ledger=f"sqlite:///{ledger}", archive=home / self.archive, lake=home / self.lake)


class FolderSettings(_Closed):
    folder: Path


class WatchSettings(_Closed):
    every: Period = Field(default=timedelta(minutes=1), description="how often due items are evaluated: 1m")


class SeveritySettings(_Closed):
    """The hours of the severity table (experience.md 2.3)."""

    critical_before_slot_hours: float = Field(default=48, ge=0)
    high_before_slot_hours: float = Field(default=120, ge=0)

    @property
    def critical_before_slot(self) -> timedelta:
        return timedelta(hours=self.critical_before_slot_hours)

    @property
    def high_before_slot(self) -> timedelta:
        return timedelta(hours=self.high_before_slot_hours)


class AlertSettings(_Closed):
    reopen_within: Period = Field(default=timedelta(days=14), description="14d")


class _Channel(_Closed):
    name: str = Field(min_length=1, description="what routes call it")


class TerminalChannel(_Channel):
    kind: Literal["terminal"]


class MaildirChannel(_Channel):
    kind: Literal["maildir"]
    folder: Path = Field(default=Path("mail"), description="a mail folder, for a mail reader or a test")
    sender: str = Field(default="hub@localhost", alias="from")


class SmtpChannel(_Channel):
    kind: Literal["smtp"]
    host: str = Field(description="the mail server's name")
    port: int = Field(default=587, ge=1, le=65535)
    sender: str = Field(alias="from", description="the address that mails come from")
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: OptionalRef = None
    password: OptionalRef = None


class WebhookChannel(_Channel):
    kind: Literal["webhook"]
    url: str = Field(pattern=r"^(https?://|env:|file:)", description="https://..., or a reference to it")
    secret: SecretRef = Field(description="reference to the signing secret: env:NAME or file:PATH")
    old_secret: OptionalRef = Field(default=None, description="the one before, while receivers change over")


ChannelSettings: TypeAlias = TerminalChannel | MaildirChannel | SmtpChannel | WebhookChannel
CHANNELS: dict[str, type[_Channel]] = {
    "terminal": TerminalChannel,
    "maildir": MaildirChannel,
    "smtp": SmtpChannel,
    "webhook": WebhookChannel,
}


class Route(_Closed):
    """Which channels and recipients an alert goes to. Patterns are globs: `coa.*`, `partner:*`."""

    kind: str = "*"
    severity: str = "*"
    audience: str = "*"
    partner: str = "*"
    channels: tuple[str, ...] = Field(min_length=1, description="names of [[channels]]")
    recipients: tuple[str, ...] = Field(default=(), description="addresses; a terminal or webhook needs none")

    def matches(self, *, kind: str, severity: str, audience: str, partner: str | None) -> bool:
        told = ((self.kind, kind), (self.severity, severity), (self.audience, audience), (self.partner, partner or ""))
        return all(fnmatchcase(text, pattern) for pattern, text in told)

    @property
    def is_default(self) -> bool:
        return (self.kind, self.severity, self.audience, self.partner) == ("*", "*", "*", "*")


class Settings(_Closed):
    """Everything that `hub.toml` says, with the home it was read from and the environment of the process."""

    hub: HubSettings = HubSettings()
    store: StoreSettings = StoreSettings()
    contracts: FolderSettings = FolderSettings(folder=Path(SHIPPED))
    partners: FolderSettings = FolderSettings(folder=Path("partners"))
    registries: FolderSettings | None = None
    channels: tuple[ChannelSettings, ...] = (TerminalChannel(name="terminal", kind="terminal"),)
    routes: tuple[Route, ...] = (Route(channels=("terminal",)),)
    severity: SeveritySettings = SeveritySettings()
    alerts: AlertSettings = AlertSettings()
    watch: WatchSettings = WatchSettings()

    _home: Path = PrivateAttr(default=Path())
    _environ: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def load(cls, home: Path, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `<home>/hub.toml`. Raises ConfigError with every problem: file:line, what is wrong, what is valid.

        `environ` (default: the process's) stays with the settings, for references to secrets. JID_FAULT=name[:n] in it
        arms a fault point.
        """
        environ = os.environ if environ is None else environ
        settings = _read(home / FILE)
        settings._environ = dict(environ)
        settings._home = home.resolve()
        arm_faults(environ)
        return settings.model_copy(update={"store": settings.store.under(settings._home)})

    @property
    def home(self) -> Path:
        return self._home

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment as it was at load, for references (`env:NAME`). Never shown."""
        return self._environ

    @property
    def contracts_folder(self) -> Path | None:
        """None: the catalog that is shipped with the package."""
        folder = self.contracts.folder
        return None if folder == Path(SHIPPED) else self._home / folder

    @property
    def partners_folder(self) -> Path:
        return self._home / self.partners.folder

    @property
    def registries_folder(self) -> Path | None:
        """None: nothing is on file, and clauses that ask a registry need the hub also in the hub."""
        return self._home / self.registries.folder if self.registries is not None else None

    def route(self, *, kind: str, severity: str, audience: str, partner: str | None) -> Route:
        """The first route that matches; the default route matches everything."""
        return next(
            r for r in self.routes if r.matches(kind=kind, severity=severity, audience=audience, partner=partner)
        )


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """JID_HOME, else the working folder."""
    return Path((os.environ if environ is None else environ).get("JID_HOME") or ".")


def otlp_endpoint(environ: Mapping[str, str] | None = None) -> str | None:
    """Where telemetry goes, None: nowhere."""
    return (os.environ if environ is None else environ).get("OTEL_EXPORTER_OTLP_ENDPOINT") or None


def arm_faults(environ: Mapping[str, str]) -> None:
    """Arm the fault point that JID_FAULT names, for crash tests. Raises ConfigError for an unknown name."""
    armed = environ.get("JID_FAULT")
    if not armed:
        return
    name, _, nth = armed.partition(":")
    if name not in faults.POINTS or (nth and not nth.isdigit()):
        valid = f"write NAME or NAME:N; {valid_values(name, faults.POINTS, shown=len(faults.POINTS))}"
        raise ConfigError([ConfigProblem("JID_FAULT", 1, 1, f"{armed!r} is no fault point", valid)])
    faults.arm(name, nth=int(nth or 1))


def _read(path: Path) -> Settings:
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise ConfigError(
            [
                ConfigProblem(
                    file,
                    1,
                    1,
                    f"cannot be read: {said}",
                    "jid demo makes an example; docs/platform-engineer.md shows one",
                )
            ]
        ) from None
    except UnicodeDecodeError:
        raise ConfigError([ConfigProblem(file, 1, 1, "is not UTF-8", "save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax(file, text, str(error))]) from None
    config = ConfigFile(file, places(text, data), data)
    problems = list(_problems(config))
    if problems:
        raise ConfigError(sorted(problems, key=lambda p: (p.line, p.column)))
    return Settings.model_validate(data)


def _syntax(file: str, text: str, said: str) -> ConfigProblem:
    at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    line, column = (int(at[1]), int(at[2])) if at and at[1] else (text.count("\n") + 1, 1)
    message = said[: at.start()] if at else said
    return ConfigProblem(file, line, column, message[:1].lower() + message[1:], 'TOML: key = "value" under [table]')


def _problems(config: ConfigFile) -> Iterator[ConfigProblem]:
    """Everything wrong with the file: form first, then what its parts say about each other."""
    try:
        Settings.model_validate({**config.data, "channels": (), "routes": ()})
    except ValidationError as error:
        yield from config.explain(Settings, error, ())
    names = yield from _channel_problems(config)
    routes = config.data.get("routes", [{"channels": ["terminal"]}])
    if not _is_tables(routes):
        yield config.problem(("routes",), '"routes" must be a list of tables', "write each as [[routes]]")
        return
    default = False
    for n, route in enumerate(routes):
        if default:
            yield config.problem(
                ("routes", n), "no alert ever comes here", "the default route above matches everything"
            )
            break
        try:
            one = Route.model_validate(route)
        except ValidationError as error:
            yield from config.explain(Route, error, ("routes", n))
            continue
        default = one.is_default
        for unknown in [name for name in one.channels if name not in names]:
            said = f'there is no channel "{unknown}"'
            yield config.problem(("routes", n, "channels"), said, valid_values(unknown, names))
    if not default:
        last = ("routes", len(routes) - 1) if routes else ()
        wanted = "end with a [[routes]] that has channels and recipients and no patterns"
        yield config.problem(last, "there is no default route: an alert could reach nobody", wanted)


def _channel_problems(config: ConfigFile) -> Any:
    """Yields problems, returns the channels' names."""
    channels = config.data.get("channels")
    if channels is None:
        return ["terminal"]
    if not _is_tables(channels):
        yield config.problem(("channels",), '"channels" must be a list of tables', "write each as [[channels]]")
        return []
    names: list[str] = []
    for n, channel in enumerate(channels):
        kind = channel.get("kind")
        model = CHANNELS.get(kind) if isinstance(kind, str) else None
        if model is None:
            said = '"kind" is missing' if kind is None else f'"kind" cannot be {kind!r}'
            yield config.problem(("channels", n, "kind"), said, valid_values(str(kind or ""), list(CHANNELS)))
        else:
            try:
                model.model_validate(channel)
            except ValidationError as error:
                yield from config.explain(model, error, ("channels", n))
        name = str(channel.get("name", ""))
        if name in names:
            yield config.problem(("channels", n, "name"), f'"{name}" names two channels', "each needs its own name")
        names.append(name)
    return names


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
