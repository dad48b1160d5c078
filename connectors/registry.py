"""Which transports there are, and how a feed of a partner file becomes a Connector.

Built in: `rest`, `sftp`, `folder`. Others register by entry point (`justindata.connectors`, see `transport.py`); a
built-in name can't be taken by one. Modules are imported when a feed first names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from connectors.connector import Connector
from connectors.errors import ConfigError, ConfigProblem, ConnectorError, UnknownPartner
from connectors.secrets import is_reference, resolve_secret
from connectors.timing import Timing
from connectors.transport import Setup, Transport

if TYPE_CHECKING:
    from connectors.partners import Feed, Partner

GROUP = "justindata.connectors"

_BUILT_IN = {
    "folder": "connectors.transports.folder",
    "rest": "connectors.transports.rest",
    "sftp": "connectors.transports.sftp",
}


def names() -> tuple[str, ...]:
    """Every name that `connector:` may hold here, sorted."""
    return tuple(sorted({*_BUILT_IN, *(point.name for point in entry_points(group=GROUP))}))


def find(name: str) -> Transport:
    """The transport called `name`. Raises UnknownPartner with the valid names, or ConnectorError for a broken one."""
    if name in _BUILT_IN:
        transport = import_module(_BUILT_IN[name]).TRANSPORT
    else:
        points = entry_points(group=GROUP, name=name)
        if not points:
            raise UnknownPartner("connector", name, names())
        point = next(iter(points))
        try:
            transport = point.load()
        except (ImportError, AttributeError) as error:
            raise ConnectorError(f'connector "{name}" ({point.value}) cannot be loaded: {error}') from error
    if not isinstance(transport, Transport):
        raise ConnectorError(f'connector "{name}" does not register a connectors.transport.Transport')
    return transport


def connect(partner: Partner, feed: Feed, *, environ: Mapping[str, str], base: Path, timing: Timing) -> Connector:
    """A connector bound to one feed, with its secrets resolved. Opens no connection yet.

    `environ` and `base` are where references are looked up: `env:NAME` in the one, relative `file:PATH` in the other.
    Raises SecretMissing, MissingExtra, ConfigError.
    """

    def resolve(text: str) -> str:
        return resolve_secret(text, environ, base) if is_reference(text) else text

    transport = find(feed.connector)
    try:
        options = transport.options.model_validate(feed.options)
    except ValidationError as error:
        where = f"{partner.partner}.feeds.{feed.kind}.options"
        raise ConfigError(
            ConfigProblem(where, 1, 1, f"{'.'.join(str(step) for step in problem['loc'])}: {problem['msg']}")
            for problem in error.errors(include_input=False, include_url=False)
        ) from None
    return transport.open(Setup(feed.name, feed.every, feed.format, base, timing, resolve), options)
