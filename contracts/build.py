"""From the node tree of a contract that lint has passed to the Contract that everybody else uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts.codes import Action, Impact, Severity
from contracts.contract import (
    Contract,
    Field,
    Locale,
    Overlap,
    RefTable,
    Safety,
    Schema,
    ServiceLevel,
    SourceForm,
    SupportChannel,
    TimeRules,
)
from contracts.duration import calendar_days, parse_duration
from contracts.place import Mark
from contracts.tables import agreed_tag, decimal, panel_test, units, vocabularies
from contracts.yamltree import Mapping as MapNode
from contracts.yamltree import Node, plain
from contracts.yamltree import Sequence as ListNode


def build(root: MapNode, *, file: str, sha256: str, refs: Sequence[RefTable]) -> Contract:
    """The Contract without its clauses (contracts.compile adds them). `root` has passed lint."""
    ours = custom(root)
    feed = ours["feed"]
    personal = ours.get("personalData", {})
    receipt = ours.get("receipt", {})
    return Contract(
        id=plain(root.get("id")),
        version=plain(root.get("version")),
        name=plain(root.get("name")) or plain(root.get("id")),
        status=plain(root.get("status")) or "draft",
        api_version=plain(root.get("apiVersion")),
        file=file,
        sha256=sha256,
        partner=feed["partner"],
        kind=feed["kind"],
        site=feed.get("site"),
        schema=_schema(next(iter(nodes(root, "schema"))), refs),
        clauses=(),
        refs=tuple(refs),
        service_levels=tuple(
            _service_level(node) for node in nodes(root, "slaProperties") if "subject" in custom(node)
        ),
        support=tuple(_channel(node) for node in nodes(root, "support") if "alertRoute" in custom(node)),
        safety=_safety(ours.get("safety", {})),
        personal_data=tuple(personal.get("detectors", ())),
        personal_data_allow=tuple(personal.get("allow", ())),
        severity={code: _levels(body) for code, body in ours.get("severity", {}).items()},
        receipt={key: str(value) for key, value in receipt.items()},
        overlap=_overlap(ours["overlap"]) if "overlap" in ours else None,
        tree=root,
    )


def nodes(owner: MapNode, key: str) -> Iterable[MapNode]:
    """The mappings of a list under `key`; none when the key is absent."""
    node = owner.get(key)
    return (item for item in node if isinstance(item, MapNode)) if isinstance(node, ListNode) else ()


def custom(owner: MapNode) -> dict[str, Any]:
    """Our custom properties of one object, by name: those of vendor `justindata`, or without a vendor."""
    return {
        plain(node.get("property")): plain(node.get("value"))
        for node in nodes(owner, "customProperties")
        if plain(node.get("vendor")) in (None, "justindata")
    }


def custom_mark(owner: MapNode | None, name: str) -> Mark | None:
    """Where a custom property of ours, or a plain key of that name, stands in its owner."""
    if owner is None:
        return None
    found = next((node for node in nodes(owner, "customProperties") if plain(node.get("property")) == name), None)
    node = found or owner.get(name)
    return None if node is None else mark(node)


def mark(node: Node) -> Mark:
    return Mark(node.line, node.column)


def _schema(node: MapNode, refs: Sequence[RefTable]) -> Schema:
    ours = custom(node)
    tables = {table.name: table for table in refs}
    reject = ours.get("rejectAbove", {})
    phases = ours.get("phases", ())
    tests, tags = ours.get("tests", ()), ours.get("tags", ())
    unit_rules, words = ours.get("units", {}), ours.get("vocabularies", {})
    return Schema(
        name=plain(node.get("name")),
        document_kind=ours["documentKind"],
        mark=mark(node),
        fields=tuple(_field(child, "") for child in nodes(node, "properties")),
        closed=ours.get("contentModel", "closed") == "closed",
        sources=tuple(_source(body) for body in ours.get("source", ())),
        locale=_locale(ours.get("locale", {})),
        time=_time(ours.get("time", {})),
        units=tables[unit_rules["ref"]].units if "ref" in unit_rules else units(unit_rules),
        vocabularies=tables[words["ref"]].vocabularies if _is_ref(words) else vocabularies(words),
        tests=tables[tests["ref"]].tests if isinstance(tests, dict) else tuple(panel_test(body) for body in tests),
        tags=tables[tags["ref"]].tags if isinstance(tags, dict) else tuple(agreed_tag(body) for body in tags),
        quality_map={code: word for word, listed in ours.get("qualityMap", {}).items() for code in listed},
        phases=tuple(phase["name"] for phase in phases),
        phase_aliases=tuple(alias for phase in phases for alias in phase.get("aliases", ())),
        critical_phases=tuple(phase["name"] for phase in phases if phase.get("critical")),
        reject_bad_rows_percent=decimal(reject.get("badRowsPercent", 1)),
        reject_any_of=tuple(reject.get("anyOf", ())),
    )


def _is_ref(words: Mapping[str, Any]) -> bool:
    """`{ref: name}` and not a vocabulary that is called ref."""
    return isinstance(words.get("ref"), str)


def _field(node: MapNode, owner: str, *, item: bool = False) -> Field:
    """One field. An array's items carry the array's own name and path."""
    name = owner.rpartition(".")[2] if item else plain(node.get("name"))
    path = owner if item or not owner else f"{owner}.{name}"
    path = path or name
    synonyms = [plain(child) for child in nodes(node, "synonyms") if plain(child.get("source")) == "header"]
    items = node.get("items")
    options = plain(node.get("logicalTypeOptions")) or {}
    return Field(
        name=name,
        path=path,
        type=plain(node.get("logicalType")) or "string",
        mark=mark(node),
        required=bool(plain(node.get("required"))),
        physical_name=plain(node.get("physicalName")),
        options={key: _limit(value) for key, value in options.items()},
        enum=tuple(_enum_text(child) for child in nodes(node, "enum")),
        header_synonyms=tuple(s["synonym"] for s in synonyms if s.get("status") in (None, "active")),
        pending_synonyms=tuple(s["synonym"] for s in synonyms if s.get("status") not in (None, "active")),
        primary_key=_key_position(node),
        critical=bool(plain(node.get("criticalDataElement"))),
        classification=plain(node.get("classification")),
        description=plain(node.get("description")),
        custom=custom(node),
        fields=tuple(_field(child, path) for child in nodes(node, "properties")),
        items=_field(items, path, item=True) if isinstance(items, MapNode) else None,
    )


def _limit(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _enum_text(node: MapNode) -> str:
    value = plain(node.get("value"))
    return {True: "true", False: "false", None: ""}.get(value, str(value)) if not isinstance(value, str) else value


def _key_position(node: MapNode) -> int | None:
    if not plain(node.get("primaryKey")):
        return None
    return plain(node.get("primaryKeyPosition")) or 1


def _source(body: Mapping[str, Any]) -> SourceForm:
    version = body.get("schemaVersion", {})
    return SourceForm(
        format=body["format"],
        encoding=tuple(body.get("encoding", ("utf-8",))),
        delimiter=body.get("delimiter", ","),
        quote=body.get("quote", '"'),
        preamble_rows=body.get("preambleRows", 0),
        sep_line=body.get("sepLine", False),
        trailing_delimiter=body.get("trailingDelimiter", False),
        sheet=body.get("sheet"),
        header_row=body.get("headerRow", 1),
        header_cells=body.get("headerCells", {}),
        rows=body.get("rows"),
        merged=body.get("merged", "forbid"),
        hidden=body.get("hidden", "forbid"),
        schema_version_at=version.get("at"),
        schema_version_allowed=tuple(version.get("allowed", ())),
        footer=body.get("footer", {}).get("rowCount"),
    )


def _locale(body: Mapping[str, Any]) -> Locale:
    return Locale(body.get("decimal", "."), tuple(body.get("group", ())), body.get("scientific", True))


def _time(body: Mapping[str, Any]) -> TimeRules:
    tolerance = body.get("futureTolerance")
    return TimeRules(
        zone=body.get("zone", "offset"),
        base=body.get("base", "absolute"),
        start=body.get("start"),
        minimum=instant(body["minimum"]) if "minimum" in body else None,
        placeholders=tuple(body.get("placeholders", ())),
        future_tolerance=parse_duration(tolerance) if tolerance else None,
    )


def instant(text: str) -> datetime:
    """A date or an ISO time with offset, as aware UTC. A date is its first instant. Raises ValueError."""
    if len(text) == len("2020-01-01"):
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return moment.astimezone(UTC)


def _overlap(body: Mapping[str, str]) -> Overlap:
    """`until` is the last day of the window, or the moment at which it ends."""
    whole_day = timedelta(days=1) if len(body["until"]) == len("2026-12-31") else timedelta()
    return Overlap(body["withVersion"], instant(body["until"]) + whole_day)


def _service_level(node: MapNode) -> ServiceLevel:
    ours = custom(node)
    steps = sorted(
        (parse_duration(step["at"]), Impact(step["impact"]), tuple(step["to"])) for step in ours.get("escalate", ())
    )
    return ServiceLevel(
        id=plain(node.get("id")),
        subject=ours["subject"]["kind"],
        level=ours["subject"].get("level"),
        anchor=ours["anchor"],
        lead_time=parse_duration(ours["leadTime"]),
        grace=parse_duration(ours.get("grace", "PT0S")),
        timezone=ours.get("timezone", "UTC"),
        applies_when={
            key: tuple(str(v) for v in (value if isinstance(value, list) else [value]))
            for key, value in ours.get("appliesWhen", {}).items()
        },
        escalate=tuple(steps),
        mark=mark(node),
        lead_days=calendar_days(ours["leadTime"]),
    )


def _channel(node: MapNode) -> SupportChannel:
    route = custom(node)["alertRoute"]
    channel = plain(node.get("channel"))
    return SupportChannel(
        id=plain(node.get("id")) or channel,
        channel=channel,
        tool=plain(node.get("tool")),
        url=plain(node.get("url")),
        audience=route["audience"],
        codes=tuple(route["codes"]),
        min_impact=Impact(route.get("minImpact", "low")),
    )


def _safety(body: Mapping[str, Any]) -> Safety:
    limits = Safety()
    return Safety(
        max_bytes=body.get("maxBytes", limits.max_bytes),
        max_rows=body.get("maxRows", limits.max_rows),
        max_cells=body.get("maxCells", limits.max_cells),
        max_depth=body.get("maxDepth", limits.max_depth),
        max_inflate_ratio=body.get("maxInflateRatio", limits.max_inflate_ratio),
    )


def _levels(body: Mapping[str, str]) -> tuple[Severity | None, Impact | None, Action | None]:
    severity, impact, action = body.get("severity"), body.get("impact"), body.get("action")
    return (
        Severity(severity) if severity else None,
        Impact(impact) if impact else None,
        Action(action) if action else None,
    )
