"""Contract and Clause: an ODCS document, read and compiled. Immutable; may be shared between threads.

`contracts.odcs.load` makes a Contract from bytes, `contracts.compile` fills `clauses`. Limits are Decimal and keep
their digits; durations are timedelta; patterns have been translated to a linear-time engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from contracts.codes import Action, Impact, Severity
from contracts.place import Mark
from contracts.yamltree import Mapping as MapNode

FeedKind = Literal["coa", "pat", "schedule"]
DocumentKind = Literal["certificate", "series", "schedule"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing the data must satisfy. The list of clauses feeds checker, due plan, comparison, page and explain."""

    id: str  # author's id, or auto.<path>.<what>; unique in the contract
    kind: str  # rule name or implied kind
    path: str  # path in the contract, e.g. certificate.quality.in_spec
    params: Mapping[str, Any]
    codes: tuple[str, ...]
    severity: Severity | None  # None: take it from the code (implied clauses)
    impact: Impact | None
    action: Action | None
    needs: frozenset[str]  # file, history, registry, schedule, clock, hub
    mark: Mark

    @property
    def by_file(self) -> bool:
        return self.needs <= {"file"}


@dataclass(frozen=True, slots=True)
class Criterion:
    """Acceptance criterion of a test (contracts.md 2.5). Exactly one of the forms; `op` says which."""

    op: Literal["le", "lt", "ge", "gt", "range", "equals", "oneOf", "absent", "reportOnly", "anyOf", "allOf"]
    limit: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    include_lower: bool = True
    include_upper: bool = True
    words: tuple[str, ...] = ()
    parts: tuple[Criterion, ...] = ()
    of: str | None = None


@dataclass(frozen=True, slots=True)
class TestDef:
    """One test of a panel: what is measured, at which level it is required, and what passes."""

    __test__ = False  # not a pytest class

    code: str
    level: Literal["L1", "L2", "INFO"]
    required: bool
    value_kind: Literal["numeric", "qualitative", "text"]
    criterion: Criterion
    name: str | None = None
    aliases: tuple[str, ...] = ()
    vocabulary: str | None = None
    unit: str | None = None
    decimals: int | None = None
    rounding: Literal["half_up", "half_even", "none"] = "half_up"
    criterion_text: tuple[str, ...] = ()
    physical: tuple[Decimal, Decimal] | None = None
    plausible_factor: Decimal | None = None
    plausible_min_history: int | None = None
    methods: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()
    stage_allowed: tuple[str, ...] = ("final",)
    min_duration: timedelta | None = None
    tat_working_days: int | None = None
    loq_max: Decimal | None = None
    replicates: int | None = None  # fewest
    replicates_max: int | None = None


@dataclass(frozen=True, slots=True)
class TagDef:
    """One agreed PAT tag. A limit that is None switches its rule off for the tag."""

    tag: str
    name: str
    unit: str
    low: Decimal | None
    high: Decimal | None
    kind: Literal["measured", "setpoint", "calculated", "spectral"] = "measured"
    interval: timedelta | None = None
    max_gap: timedelta | None = None
    heartbeat: timedelta | None = None
    sentinels: tuple[Decimal, ...] = ()
    noise_floor: Decimal | None = None
    stuck_after: timedelta | None = None
    max_rate: Decimal | None = None  # units per second
    phases: tuple[str, ...] = ()
    critical: bool = False
    min_good_percent: Decimal | None = None
    aliases: tuple[str, ...] = ()
    looks_like: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Units:
    aliases: Mapping[str, str] = field(default_factory=dict)  # alias -> unit
    flagged: Mapping[str, str] = field(default_factory=dict)  # means something else in UCUM -> unit
    convert: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)  # (from, to) -> factor


@dataclass(frozen=True, slots=True)
class RefTable:
    """A versioned, hashed reference table: a test panel, a tag list, units or words; the rest is empty."""

    name: str
    version: str
    sha256: str
    file: str
    specification: tuple[str, str, date | None] | None = None  # id, version, effective from
    tests: tuple[TestDef, ...] = ()
    tags: tuple[TagDef, ...] = ()
    labs: tuple[str, ...] = ()
    units: Units = field(default_factory=Units)
    vocabularies: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    tree: MapNode | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SourceForm:
    """One accepted physical form of a delivery (contracts.md 2.4).

    `header_cells` maps fields of the document to cells of the sheet. A key is a path: `lot_number`, `spec.id`, or with
    a position in a list `signatories.0.user_id`. An object or list item whose cells are all empty is absent.
    """

    format: str
    encoding: tuple[str, ...] = ("utf-8",)
    delimiter: str = ","
    quote: str = '"'
    preamble_rows: int = 0
    sep_line: bool = False
    trailing_delimiter: bool = False
    sheet: str | None = None
    header_row: int = 1
    header_cells: Mapping[str, str] = field(default_factory=dict)
    rows: str | None = None
    merged: Literal["forbid", "header"] = "forbid"
    hidden: Literal["forbid", "ignore"] = "forbid"
    schema_version_at: str | None = None
    schema_version_allowed: tuple[str, ...] = ()
    footer: str | None = None
    """What stands before the number of rows in the last row of a table. None: tables have no such row."""


@dataclass(frozen=True, slots=True)
class Locale:
    decimal: Literal[".", ","] = "."
    group: tuple[str, ...] = ()
    scientific: bool = True


@dataclass(frozen=True, slots=True)
class TimeRules:
    """How times are written. `zone` is "offset" (every time carries its offset) or an IANA name."""

    zone: str = "offset"
    base: Literal["absolute", "relative"] = "absolute"
    start: str | None = None  # field with the start that relative times are counted from
    minimum: datetime | None = None  # aware UTC
    placeholders: tuple[str, ...] = ()
    future_tolerance: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `path` is dotted from the record; an array's items hang under the array's own path."""

    name: str
    path: str
    type: Literal["string", "integer", "number", "boolean", "date", "timestamp", "time", "object", "array"]
    mark: Mark
    required: bool = False
    physical_name: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # logicalTypeOptions, numbers as Decimal
    enum: tuple[str, ...] = ()
    header_synonyms: tuple[str, ...] = ()  # approved column aliases
    pending_synonyms: tuple[str, ...] = ()  # listed, not approved yet
    primary_key: int | None = None
    critical: bool = False
    classification: str | None = None
    description: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    """Custom properties of ours by name: identifier, valueKind, unitFrom, vocabulary, storedAsText, locator, ..."""
    fields: tuple[Field, ...] = ()  # of an object
    items: Field | None = None  # of an array

    def child(self, name: str) -> Field | None:
        """The field of this object, or of this array's items, that has `name`."""
        owner = self.items if self.items is not None else self
        return next((f for f in owner.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """The one schema object of a contract: what a record of the delivery looks like."""

    name: str
    document_kind: DocumentKind
    mark: Mark
    fields: tuple[Field, ...]
    closed: bool = True
    sources: tuple[SourceForm, ...] = ()
    locale: Locale = field(default_factory=Locale)
    time: TimeRules = field(default_factory=TimeRules)
    units: Units = field(default_factory=Units)
    vocabularies: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # name -> word -> synonyms
    tests: tuple[TestDef, ...] = ()
    tags: tuple[TagDef, ...] = ()
    quality_map: Mapping[str, str] = field(default_factory=dict)  # partner code -> GOOD | UNCERTAIN | BAD | STALE
    phases: tuple[str, ...] = ()
    phase_aliases: tuple[str, ...] = ()  # other words for a phase that are agreed too
    critical_phases: tuple[str, ...] = ()
    reject_bad_rows_percent: Decimal = Decimal(1)
    reject_any_of: tuple[str, ...] = ()

    def find(self, path: str) -> Field | None:
        """The field at a dotted path (`results.value`), arrays entered by their name."""
        fields, found = self.fields, None
        for part in path.removeprefix("$.").split("."):
            found = next((f for f in fields if f.name == part), None)
            if found is None:
                return None
            fields = found.items.fields if found.items is not None else found.fields
        return found


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """When data is due (contracts.md 2.7): one due item per subject; due = anchor + lead_time + grace."""

    id: str
    subject: Literal["lot", "slot", "tag", "feed"]
    level: Literal["L1", "L2"] | None
    anchor: str  # e.g. slot.planned_start
    lead_time: timedelta
    grace: timedelta
    timezone: str
    applies_when: Mapping[str, tuple[str, ...]]
    escalate: tuple[tuple[timedelta, Impact, tuple[str, ...]], ...]
    mark: Mark
    lead_days: int = 0
    """How much of `lead_time` was written as days: those are days on the wall clock of `timezone`, not 24 h each."""


@dataclass(frozen=True, slots=True)
class SupportChannel:
    """Where alerts of this contract go (contracts.md 2.8)."""

    id: str
    channel: str
    tool: str | None
    url: str | None
    audience: str
    codes: tuple[str, ...]
    min_impact: Impact


@dataclass(frozen=True, slots=True)
class Safety:
    max_bytes: int = 50_000_000
    max_rows: int = 20_000_000
    max_cells: int = 2_000_000
    max_depth: int = 64
    max_inflate_ratio: int = 100


@dataclass(frozen=True, slots=True)
class Overlap:
    """The former version that is still accepted where this one rejects, and until when (aware UTC, not included)."""

    with_version: str
    until: datetime


@dataclass(frozen=True)
class Contract:
    """One partner, one feed, one version. Frozen by `sha256`, the hash of its file; `refs` are part of its identity."""

    id: str
    version: str
    name: str
    status: str
    api_version: str
    file: str
    sha256: str
    partner: str
    kind: FeedKind
    site: str | None
    schema: Schema
    clauses: tuple[Clause, ...]
    refs: tuple[RefTable, ...] = ()
    service_levels: tuple[ServiceLevel, ...] = ()
    support: tuple[SupportChannel, ...] = ()
    safety: Safety = field(default_factory=Safety)
    personal_data: tuple[str, ...] = ()  # detectors; empty: the clause is off
    personal_data_allow: tuple[str, ...] = ()
    severity: Mapping[str, tuple[Severity | None, Impact | None, Action | None]] = field(default_factory=dict)
    receipt: Mapping[str, str] = field(default_factory=dict)
    overlap: Overlap | None = None
    tree: MapNode | None = field(default=None, compare=False, repr=False)
    """The file as it was read, with every place: for whoever compares or shows what is not compiled."""

    def clause(self, id: str) -> Clause:
        return next(c for c in self.clauses if c.id == id)
