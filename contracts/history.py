"""RecordHistory: the past as a list of accepted records. The History that tests, backtests and small hubs use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from contracts.records import Certificate, Record, Slot


class RecordHistory:
    """Feed it the records of each accepted delivery, in the order of receipt."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._certificates: dict[str, list[Certificate]] = {}
        self._replacing: dict[str, list[Certificate]] = {}
        self._slots: dict[str, list[Slot]] = {}
        self._open: dict[str, Slot] = {}
        self._values: dict[str, dict[str, list[Decimal]]] = {}
        self.add(records)

    def add(self, records: Iterable[Record]) -> None:
        """Remember one delivery. A schedule is added whole, because the slots it leaves out are gone."""
        slots: list[Slot] = []
        for record in records:
            if isinstance(record, Slot):
                slots.append(record)
                self._slots.setdefault(record.slot_uid, []).append(record)
            else:
                self._certificates.setdefault(record.certificate_no, []).append(record)
                if record.replaces is not None and record.replaces[0] != record.certificate_no:
                    self._replacing.setdefault(record.replaces[0], []).append(record)
                self._remember_values(record)
        if slots:
            self._open = {
                s.slot_uid: max(self._slots[s.slot_uid], key=lambda one: (one.revision, one.published_at))
                for s in slots
            }

    def certificate(self, certificate_no: str) -> Sequence[Certificate]:
        """Every revision of a certificate, oldest first."""
        return self._certificates.get(certificate_no, ())

    def replacing(self, certificate_no: str) -> Sequence[Certificate]:
        """Certificates of another number that say they replace this one, oldest first."""
        return self._replacing.get(certificate_no, ())

    def slot(self, slot_uid: str) -> Sequence[Slot]:
        """Every revision of a slot, oldest first."""
        return self._slots.get(slot_uid, ())

    def open_slots(self) -> Sequence[Slot]:
        """The newest revision of each slot of the last schedule."""
        return tuple(self._open.values())

    def values(self, characteristic: str) -> Sequence[Decimal]:
        """Exact numeric results of this test, of the newest revision of each certificate, oldest first."""
        return [value for values in self._values.get(characteristic, {}).values() for value in values]

    def _remember_values(self, certificate: Certificate) -> None:
        by_test: dict[str, list[Decimal]] = {}
        for result in certificate.results:
            if result.value is not None and result.operator == "=" and result.level is not None:
                by_test.setdefault(result.characteristic, []).append(result.value)
        for test, values in by_test.items():
            self._values.setdefault(test, {})[certificate.certificate_no] = values
