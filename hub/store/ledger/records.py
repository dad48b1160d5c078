"""Records: what accepted deliveries mean, in versions. Nothing is updated; the highest version counts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, func, select

from hub.store.ledger.part import Part, number
from hub.store.ledger.tables import delivery, record
from hub.store.ledger.types import canonical
from hub.store.rows import RecordRow


class Records(Part):
    def records(
        self,
        kind: str,
        natural_key: str | None = None,
        *,
        current: bool = True,
        feed: str | None = None,
        delivery_id: str | None = None,
    ) -> list[RecordRow]:
        """Stored records in the order they were stored; `current` keeps the highest version of each natural key.

        `feed` and `delivery_id` narrow to what came by them (a current record of another feed is not replaced by an
        older one of this feed).
        """
        query = select(record).where(record.c.kind == kind).order_by(record.c.id)
        if natural_key is not None:
            query = query.where(record.c.natural_key == natural_key)
        if current:
            newest = select(func.max(record.c.id)).where(record.c.kind == kind)
            if natural_key is not None:
                newest = newest.where(record.c.natural_key == natural_key)
            query = query.where(record.c.id.in_(newest.group_by(record.c.natural_key)))
        if feed is not None:
            query = query.join(delivery, delivery.c.id == record.c.delivery).where(delivery.c.feed == feed)
        if delivery_id is not None:
            query = query.where(record.c.delivery == number(delivery_id, "D", "delivery"))
        return [_row(row) for row in self.connection.execute(query)]

    def records_about(self, kind: str, name: str, values: Collection[str]) -> list[RecordRow]:
        """Every version, oldest first, of the records of which any version says one of `values` in the field `name`.

        All versions come along, because a correction may have moved a record elsewhere (another lot).
        """
        said = select(record.c.natural_key).where(record.c.kind == kind, self._text_in(name).in_(values))
        query = select(record).where(record.c.kind == kind, record.c.natural_key.in_(said)).order_by(record.c.id)
        return [_row(row) for row in self.connection.execute(query)]

    def _text_in(self, name: str) -> ColumnElement[str]:
        """A top-level text field of the body, in SQL."""
        if self.connection.dialect.name == "postgresql":
            return record.c.body.op("->>", return_type=Text())(name)
        return func.json_extract(record.c.body, f"$.{name}", type_=Text())

    def record_history(self, kind: str, natural_key: str) -> list[RecordRow]:
        """Every version of one record, oldest first."""
        return self.records(kind, natural_key, current=False)


@dataclass(frozen=True, slots=True)
class Put:
    """What became of one record: stored as `version`, the same as one that is there, or older than the current one."""

    version: int | None = None
    older_than: str | None = None  # the delivery that brought the current version


def put_record(part: Part, row: RecordRow, delivery_number: int) -> Put:
    """Store a record as the next version, unless its content is there already.

    A delivery that is judged again later than its successor (a replay) must not put its content over the successor's:
    then nothing is stored and `older_than` names the delivery that stands.
    """
    same_key = (record.c.kind == row.kind) & (record.c.natural_key == row.natural_key)
    versions = part.connection.execute(
        select(record.c.version, record.c.delivery, record.c.sha256).where(same_key).order_by(record.c.version)
    ).all()
    digest = hashlib.sha256(canonical(row.body).encode("utf-8")).hexdigest()
    newest = versions[-1] if versions else None
    if newest is not None:
        if newest.sha256 == digest:
            return Put()
        if newest.delivery > delivery_number:
            known = any(version.sha256 == digest for version in versions)
            return Put() if known else Put(older_than=f"D-{newest.delivery}")
    version = newest.version + 1 if newest else 1
    received = select(delivery.c.received_at).where(delivery.c.id == delivery_number).scalar_subquery()
    part.connection.execute(
        record.insert().values(
            kind=row.kind,
            natural_key=row.natural_key,
            version=version,
            delivery=delivery_number,
            body=row.body,
            sha256=digest,
            supersedes=newest.version if newest else None,
            reason=row.reason,
            received_at=received,
        )
    )
    return Put(version=version)


def _row(row: Row[Any]) -> RecordRow:
    return RecordRow(
        kind=row.kind,
        natural_key=row.natural_key,
        body=row.body,
        delivery_id=f"D-{row.delivery}",
        version=row.version,
        supersedes=row.supersedes,
        reason=row.reason,
        received_at=row.received_at,
    )
