"""The triggers that refuse changes. Used by migrations; they take names, so that a migration stays what it was.

A trigger protects from a fault in the hub and from a hand on the database file that does not know better. Against
somebody who drops it first, the audit chain is the witness.
"""

from __future__ import annotations

from collections.abc import Iterable


def refuse_changes(dialect: str, table: str) -> list[str]:
    """Statements after which `table` refuses UPDATE and DELETE."""
    return [*_refuse(dialect, table, "UPDATE", f"{table} is insert only"), *refuse_deletes(dialect, table)]


def refuse_deletes(dialect: str, table: str) -> list[str]:
    """Statements after which `table` refuses DELETE."""
    return _refuse(dialect, table, "DELETE", f"rows of {table} are never deleted")


def freeze_columns(dialect: str, table: str, columns: Iterable[str]) -> list[str]:
    """Statements after which the `columns` of `table` keep their first value."""
    return _refuse(dialect, table, "UPDATE OF " + ", ".join(columns), f"only the state of a {table} may change")


def _refuse(dialect: str, table: str, event: str, why: str) -> list[str]:
    name = f"{table}_no_{event.split()[0].lower()}"
    if dialect == "postgresql":
        body = f"BEGIN RAISE EXCEPTION '{why}'; END"
        return [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
    return [f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{why}'); END"]
