"""Plan: one contract, made ready to examine documents. Built once a contract and kind of file, then shared by threads.

Knows the fields as readers, the clauses as rules, and how severe each finding is. What it remembers between documents
is only which texts it has read before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from contracts.codes import Action, Impact, Severity
from contracts.context import Context
from contracts.contract import Clause, Contract, Field
from contracts.document import Document
from contracts.finding import ContractRef, Ends
from contracts.levels import levels
from contracts.rules.examination import Examination, Raised
from contracts.rules.familiar import Familiar
from contracts.rules.paths import Path
from contracts.rules.registry import RULES
from contracts.rules.results import ResultTable
from contracts.rules.scalar import Scalar
from contracts.rules.structure import ObjectPlan, StructurePlan
from contracts.rules.verdict import Judge
from contracts.values.personal import PersonalData
from contracts.values.problem import Problem
from contracts.values.words import Vocabulary

Rule = Callable[[Examination], None]
Level = tuple[Severity, Impact, Action]

_STRUCTURED = ("object", "array")
_KEPT = 64  # plans, and lists of pointers in each; a hub with more contracts than this builds the rare ones again
_POINTERS = 4096  # pointers of a list that are kept


class Plan:
    """See the module. `typed` says that the file's format has types of its own (JSON)."""

    def __init__(self, contract: Contract, *, typed: bool) -> None:
        self.contract, self.typed = contract, typed
        schema = contract.schema
        self._by_place: dict[tuple[str, str], Clause] = {(c.path, c.kind): c for c in contract.clauses}
        self._levels: dict[tuple[str, str], Level] = {}
        self._pointers: dict[str, list[str]] = {}
        self._paths: dict[tuple[str, str | None], Path] = {}
        self.vocabularies = {name: Vocabulary(name, words) for name, words in schema.vocabularies.items()}
        self.personal_clause = self._by_place.get((schema.name, "personalData"))
        self.personal = PersonalData(contract.personal_data) if self.personal_clause is not None else None
        self.scalars: dict[str, Scalar] = {}
        self.rows_key = "slots" if schema.document_kind == "schedule" else None
        """Where the records of a schedule stand in the tree; a certificate is one record, the tree itself."""
        self.item_keys: dict[str, tuple[str, ...]] = {}
        self.document_key: tuple[str, ...] = ()
        if self.rows_key is None:
            self.document_key = _key(schema.fields)
        else:
            self.item_keys[self.rows_key] = _key(schema.fields)
        self.revisions = frozenset(
            str(c.params["revision"]) for c in contract.clauses if c.kind == "revision" and "revision" in c.params
        )
        """Fields that only tell one sending of a record from the next."""
        self._missing_time = {
            str(c.params[end]): c for c in contract.clauses if c.kind == "span" for end in ("start", "end")
        }
        self.record = self._object("", schema.fields, schema.name, schema.closed)
        self._rows = self._rows_plan() if self.rows_key is not None else None
        self.judge = Judge(schema.locale, schema.units, self.vocabularies)
        self.result_tables = self._result_tables()
        self.familiar = {each: self._familiar(each) for each in self.result_tables}
        self.file_rules: list[tuple[Clause, Rule]] = []
        self.hub_rules: list[tuple[Clause, Rule]] = []
        self.unknown: list[Clause] = []
        """Clauses of this document's own file that no rule here knows how to judge."""
        self._make_rules()
        self.structural = tuple(c for c in contract.clauses if c.kind in _STRUCTURE)
        refs = tuple((ref.name, ref.version, ref.sha256) for ref in contract.refs)
        self.reference = ContractRef(contract.id, contract.version, contract.sha256, refs)

    def structure(self, exam: Examination) -> None:
        """Walk the document along the fields."""
        if self.rows_key is None:
            self.record.examine(exam.root, "", exam)
            return
        assert self._rows is not None
        self._rows.examine(exam.root, "", exam)
        extra = [key for key in exam.root if key != self.rows_key]
        closed = self._by_place.get((self.contract.schema.name, "closed"))
        if closed is not None:
            for name in extra:
                problem = Problem("FILE-E206", "is not expected", f"only the key {self.rows_key}", "leave the key out")
                message = f"the key {name[:60]} is not in the contract"
                exam.raise_(closed, problem, f"/{name}", name, message=message)

    def known(self, clause: Clause, context: Context) -> bool:
        """Whether `context` has what this clause of the hub must know, and a rule here can judge it."""
        if clause.id not in self._hub_ids or not all(context.knows(need) for need in clause.needs):
            return False
        registry = clause.params.get("registry") or ("signers" if clause.kind == "signed" else None)
        return registry is None or "registry" not in clause.needs or registry in context.registries

    def known_rules(self, context: Context) -> list[tuple[Clause, Rule]]:
        """The rules beyond the file that `context` knows enough for."""
        if context.history is None and context.now is None and not context.registries and context.sponsor is None:
            return []
        return [(clause, rule) for clause, rule in self.hub_rules if self.known(clause, context)]

    def clean_ends(self, judged: tuple[str, ...]) -> tuple[Ends, Ends]:
        """How the clauses end when nothing was found and those in `judged` were judged beyond the file."""
        ends = self._clean.get(judged)
        if ends is None:
            clauses = self.contract.clauses
            ends = self._clean[judged] = (
                Ends.of(
                    (c.id, "could_not_evaluate" if c.kind == "foreign" else "passed") for c in clauses if c.by_file
                ),
                Ends.of((c.id, "passed" if c.id in judged else "needs_hub") for c in clauses if not c.by_file),
            )
        return ends

    def severity(self, one: Raised) -> Severity:
        return one.severity or self.level(one.clause, one.code)[0]

    def is_restricted(self, items: str, name: str) -> bool:
        """Whether the key `name` of an array's items may not be shown."""
        path = name if items == self.rows_key else f"{items}.{name}"
        return path in self.scalars and self.scalars[path].field.classification == "restricted"

    def level(self, clause: Clause, code: str) -> Level:
        """How severe a finding is, what it can do, and who must act (contracts.levels), found once."""
        known = self._levels.get((clause.id, code))
        if known is None:
            known = self._levels[clause.id, code] = levels(self.contract, clause, code)
        return known

    def clause_for(self, code: str, path: str | None = None) -> Clause | None:
        """The clause that raises `code` about the field `path`: the field's own, else any that can."""
        name = self.contract.schema.name
        mine = [c for c in self.contract.clauses if code in c.codes and path and c.path == f"{name}.{path}"]
        others = (c for c in self.contract.clauses if code in c.codes)
        return next(iter(mine), None) or next(others, None) or self._by_place.get((name, "payload"))

    def path(self, text: str, each: str | None) -> Path:
        """A rule's path, resolved: relative to the items of `each`, or to the record."""
        known = self._paths.get((text, each))
        if known is None:
            inside = text.removeprefix("$.")
            field = inside if text.startswith("$.") or each is None else f"{each}.{inside}"
            known = self._paths[text, each] = Path(text, field, self.scalars.get(field))
        return known

    def pointers(self, at: str, count: int) -> list[str]:
        """`at/0`, `at/1`, ...: at least `count` of them, made once where they are not many."""
        made = self._pointers.get(at)
        if made is None or len(made) < count:
            made = [f"{at}/{i}" for i in range(max(count, 32))]
            if count <= _POINTERS and len(self._pointers) < _KEPT:
                self._pointers[at] = made
        return made

    def absent_columns(self, document: Document) -> frozenset[str]:
        """Fields whose whole column the reader has missed already: not missed again in every row."""
        return frozenset(p.field for p in document.problems if p.field is not None)

    def _object(self, path: str, fields: tuple[Field, ...], owner: str, closed: bool) -> ObjectPlan:
        scalars, structures = [], []
        for field in fields:
            if field.type in _STRUCTURED:
                structures.append(self._structure(field, closed))
            else:
                scalars.append(self._scalar(field))
        own = self._by_place.get((owner, "closed"))
        watched = (self.personal_clause, self.personal) if self.personal_clause and self.personal else None
        return ObjectPlan(path, scalars, structures, own, watched, self._missing_time)

    def _scalar(self, field: Field) -> Scalar:
        allowed = field.path in self.contract.personal_data_allow
        scalar = Scalar(
            field,
            self.contract.schema,
            self._clauses_at(field.path),
            typed=self.typed,
            vocabularies=self.vocabularies,
            personal=None if allowed else self.personal,
        )
        self.scalars[field.path] = scalar
        return scalar

    def _structure(self, field: Field, closed: bool) -> StructurePlan:
        name = self.contract.schema.name
        inner: ObjectPlan | Scalar | None = None
        if field.type == "object":
            inner = self._object(field.path, field.fields, f"{name}.{field.path}", closed)
        elif field.items is not None and field.items.type == "object":
            inner = self._object(field.path, field.items.fields, f"{name}.{field.path}[]", closed)
            key = _key(field.items.fields)
            if key:
                self.item_keys[field.path] = key
        elif field.items is not None and field.items.type not in _STRUCTURED:
            inner = self._scalar(field.items)
        return StructurePlan(field, self._clauses_at(field.path), inner, item=self._clauses_at(f"{field.path}[]"))

    def _rows_plan(self) -> StructurePlan:
        """The list of slots: required, and each of its items a record."""
        schema = self.contract.schema
        field = Field(str(self.rows_key), str(self.rows_key), "array", schema.mark)
        payload = self._by_place[schema.name, "payload"]
        clauses = {"type": payload, "required": payload, "items": payload}
        return StructurePlan(field, clauses, self.record, item=clauses)

    def _clauses_at(self, path: str) -> Mapping[str, Clause]:
        whole = f"{self.contract.schema.name}.{path}"
        return {kind: clause for (place, kind), clause in self._by_place.items() if place == whole}

    def _result_tables(self) -> dict[str, ResultTable]:
        arrays: dict[str, list[Clause]] = {}
        for clause in self.contract.clauses:
            if "each" in clause.params and "code" in clause.params and clause.kind != "crossField":
                arrays.setdefault(str(clause.params["each"]), []).append(clause)
        schema = self.contract.schema
        tables = {}
        for each, clauses in arrays.items():
            about_tests = [c for c in clauses if c.kind not in ("oneOfWhen", "uniqueKey")]
            value = next((str(c.params["value"]) for c in about_tests if "value" in c.params), None)
            if about_tests:
                field = self.scalars.get(f"{each}.{value}")
                tables[each] = ResultTable(each, about_tests, schema, self.judge, field)
        return tables

    def _familiar(self, each: str) -> Familiar:
        """The memory for an array's items, which reads their dates and times anew."""
        field = self.contract.schema.find(each)
        items = field.items.fields if field is not None and field.items is not None else ()
        times = [self.scalars[f.path] for f in items if f.type in ("date", "timestamp")]
        return Familiar(times, (f.name for f in items))

    def _make_rules(self) -> None:
        judged_by_tables = {c.id for table in self.result_tables.values() for c in table.clauses}
        for clause in self.contract.clauses:
            make = RULES.get(clause.kind)
            if make is not None:
                (self.file_rules if clause.by_file else self.hub_rules).append((clause, make(clause, self)))
            elif clause.by_file and clause.kind not in _ELSEWHERE and clause.id not in judged_by_tables:
                self.unknown.append(clause)
        self._hub_ids = frozenset(clause.id for clause, _ in self.hub_rules)
        self._clean: dict[tuple[str, ...], tuple[Ends, Ends]] = {}


_STRUCTURE = frozenset(
    {"closed", "type", "required", "text", "bounds", "items", "enum", "number", "time", "vocabulary", "identifier",
     "storedAsText", "personalData"}
)  # fmt: skip
# Judged while the file is read and the document is walked; rules of other engines are counted as not evaluated.
_ELSEWHERE = _STRUCTURE | {"payload", "source", "sheet", "template", "safety", "foreign"}


def _key(fields: tuple[Field, ...]) -> tuple[str, ...]:
    keyed = sorted((f for f in fields if f.primary_key is not None), key=lambda f: f.primary_key or 0)
    return tuple(f.name for f in keyed)


_plans: dict[tuple[int, bool], Plan] = {}
_lock = Lock()


def plan_for(contract: Contract, *, typed: bool) -> Plan:
    """The plan of this very contract object. A plan keeps its contract, so an identity is never used twice."""
    key = (id(contract), typed)
    plan = _plans.get(key)
    if plan is None:
        plan = Plan(contract, typed=typed)
        with _lock:
            while len(_plans) >= _KEPT:
                _plans.pop(next(iter(_plans)))
            _plans[key] = plan
    return plan
