"""Plans: computed, stored, shown, applied in one transaction, undone (DESIGN §2.2).

A plan is a list of items, one for each thing to tell. Behind an item stand changes:

    ["+", table, ref, [values]]          a new row; `ref` < 0 stands for its id
    ["~", table, id, {before}, {after}]  a changed row
    ["-", table, id, {before}]           a removed row
    ["=", table, id, {expected}]         a row that must still be so, and is left alone

Values are neutral ones of `models.bulk`. In a column of instants `NOW` stands for the
moment of application and `now_plus(seconds)` for a later one; a column that refers to
another table may hold a `ref` of that table.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam, func, select, text, type_coerce, update
from sqlmodel import col

from models import bulk
from models.database import TABLES, ActorSession, OutOfScope, change
from models.errors import TrousseauError
from models.journal import Change
from models.language import Wording, dumps, say, wording_from_json
from models.plans import Plan, PlanItem
from models.prepared import fetch
from models.rights import rows_about
from models.scope import SHARED_SCOPES, is_about, require_change
from models.text import clean
from models.upgrades import MANY_ROWS, refresh_statistics
from services.belonging import CHILD, NOT_FROM_HERE, POST, beyond_actor

NOW = "@now"
#: Items are read from their JSON by this many at a time.
_ITEMS_AT_ONCE = 500
LEVELS = ("information", "warning", "error")

_TABLES = {str(table.__tablename__): table for table in TABLES}
_ORDER = {str(table.__tablename__): place for place, table in enumerate(TABLES)}
#: Rows of these tables may be made by somebody limited to schools only together with one of
#: those by which a person belongs to a school.
_WITH_A_PLACE = ("person", "person_key", "suspected_double")
_PLACES = (POST, CHILD)
#: What every school writes to, and the kind of plan that changes it because of a signature.
_ADDRESS = {"personal_email", "personal_email_key"}
_SIGNED = "consents"
#: The kinds of plan about a workshop: bound to its registration deadline, and to its invoice.
_OF_PARTICIPANTS, _OF_ATTENDANCE = "workshop_participants", "workshop_attendance"


class PlanStale(TrousseauError):
    """What the plan was computed from has changed since."""


class PlanRefused(TrousseauError):
    """The plan may not be applied or undone as it is."""


def now_plus(seconds: float) -> str:
    """Return the value that becomes the moment of application plus `seconds`."""
    return f"{NOW}+{seconds:g}"


@dataclass(slots=True)
class Item:
    """One line of a plan on its way into the database."""

    level: str
    action: str
    label: str
    text: Wording
    changes: list[Any] = field(default_factory=list)
    person_id: int | None = None
    school_id: int | None = None
    file: str = ""
    line: int = 0
    column: str = ""


@dataclass(slots=True)
class PlanDraft:
    """A plan that is being computed.

    `columns` names, for each table that gets new rows, the columns of their values;
    `constants` holds further columns with the value that all new rows of a table have.
    `confirm_number` is what must be typed before so large a change is applied ("" for
    nothing). A `refused` plan can be shown and never applied. `basis` is what
    `import_basis` said when the reading began on which an import's plan rests.
    """

    kind: str
    title: Wording
    school_id: int | None = None
    request: Any = None
    summary: dict[str, Any] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    columns: dict[str, Sequence[str]] = field(default_factory=dict)
    constants: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: bool = False
    confirm_number: str = ""
    basis: int | None = None
    _refs: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def new_ref(self, table: str) -> int:
        """Return the next reference that stands for a new row of `table`."""
        self._refs[table] -= 1
        return self._refs[table]

    def insert(self, table: str, **values: Any) -> list[Any]:
        """Return the change that makes one row; the reference is its third element."""
        names = self.columns.setdefault(table, tuple(values))
        return ["+", table, self.new_ref(table), [bulk.neutral(values[name]) for name in names]]

    def counted(self) -> dict[str, Any]:
        """Return what `Plan.columns` keeps of each table that gets new rows."""
        return {
            table: {
                "columns": list(names),
                "count": -self._refs[table],
                "constants": self.constants.get(table, {}),
            }
            for table, names in self.columns.items()
            if self._refs[table]
        }


def update_change(table: str, row_id: int, before: dict[str, Any], after: dict[str, Any]) -> Any:
    """Return the change of one row, given the column values before and after."""
    neutral = bulk.neutral
    return [
        "~",
        table,
        row_id,
        {name: neutral(value) for name, value in before.items()},
        {name: neutral(value) for name, value in after.items()},
    ]


def guard(table: str, row_id: int, **expected: Any) -> Any:
    """Return the condition that a row still holds these values when the plan is applied."""
    return ["=", table, row_id, {name: bulk.neutral(value) for name, value in expected.items()}]


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan as lists and screens show it. `state` is open, refused, applied or undone."""

    id: int
    kind: str
    title: Wording
    school_id: int | None
    actor: str
    state: str
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None
    levels: dict[str, int]
    actions: dict[str, int]
    left_out: int
    confirm_number: str
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value before and after; empty text where there is none."""

    table: str
    column: str
    before: str
    after: str


class PlanRow(NamedTuple):
    """One item of a plan as a screen shows it."""

    position: int
    level: str
    action: str
    label: str
    text: Wording
    file: str
    line: int
    column: str
    person_id: int | None
    left_out: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What an application did: rows made, changed and removed, by table."""

    plan_id: int
    created: dict[str, int]
    changed: dict[str, int]
    removed: dict[str, int]
    left_out: int


# --- storing and showing ----------------------------------------------------------------


def store(session: ActorSession, draft: PlanDraft) -> int:
    """Store a computed plan and return its id."""
    plan = Plan(
        kind=draft.kind,
        title=draft.title.to_json(),
        school_id=draft.school_id,
        actor=session.actor.name,
        created_at=session.at,
        request=draft.request,
        summary=draft.summary,
        columns=draft.counted(),
        refused=draft.refused,
        confirm_number=draft.confirm_number,
    )
    with bulk.many_rows(session.connection(), len(draft.items)):
        return _store(session, plan, draft)


def _store(session: ActorSession, plan: Plan, draft: PlanDraft) -> int:
    packed = [_pack(item.changes) if item.changes else "" for item in draft.items]
    digest = _digest(packed)
    plan.columns["digest"] = digest
    if draft.kind.startswith("import"):
        read = draft.basis is not None
        plan.columns["basis"] = draft.basis if read else import_basis(session.connection())
    session.add(plan)
    session.flush()
    assert plan.id is not None
    _store_items(session, plan.id, draft.items, packed)
    _recent.keep(session, plan.id, digest, draft.items)
    return plan.id


#: One encoder for all: making one costs as much as encoding an item.
_pack = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def _digest(packed: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(filter(None, packed)).encode()).hexdigest()


class _Recent:
    """The changes of the plan that this process stored last, so that they need no reading.

    They are given out once, for applying makes its references real in place, and only for
    the digest that stands in the database beside the plan.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[tuple[str, int, str], list[list[Any]]] | None = None

    def keep(self, session: ActorSession, plan_id: int, digest: str, items: list[Item]) -> None:
        changes = [item.changes for item in items if item.changes]
        with self._lock:
            self._held = (self._key(session, plan_id, digest), changes)

    def take(self, session: ActorSession, plan_id: int, digest: str) -> list[list[Any]] | None:
        with self._lock:
            held, self._held = self._held, None
        if held is not None and held[0] == self._key(session, plan_id, digest):
            return held[1]
        return None

    @staticmethod
    def _key(session: ActorSession, plan_id: int, digest: str) -> tuple[str, int, str]:
        return str(session.connection().engine.url), plan_id, digest


_recent = _Recent()


def _store_items(
    session: ActorSession, plan_id: int, items: Sequence[Item], packed: Sequence[str]
) -> None:
    # Most items of a large plan share one of a few sentences.
    texts = {id(item.text): item.text for item in items}
    as_json = {key: dumps(text.to_json()) for key, text in texts.items()}
    columns: dict[str, Sequence[Any]] = {
        "position": range(len(items)),
        "level": [item.level for item in items],
        "action": [item.action for item in items],
        "label": [clean(item.label, 200) for item in items],
        "text": [as_json[id(item.text)] for item in items],
        "file": [item.file for item in items],
        "line": [item.line for item in items],
        "column": [item.column for item in items],
        "person_id": [item.person_id for item in items],
        "school_id": [item.school_id for item in items],
        "changes": packed,
    }
    alike = {"plan_id": plan_id, "left_out": False}
    bulk.insert_columns(session.connection(), "plan_item", columns, alike)


def find(session: ActorSession, plan_id: int) -> Plan:
    """Return a plan within the actor's scope; raises `PlanRefused` where there is none."""
    plan = session.scalars(select(Plan).where(col(Plan.id) == plan_id)).one_or_none()
    if plan is None:
        raise _no_plan(plan_id)
    return plan


def _no_plan(plan_id: int) -> PlanRefused:
    return PlanRefused(say("There is no plan number %(number)s.", number=plan_id))


def show(session: ActorSession, plan_id: int) -> PlanSummary:
    return _summary(session, find(session, plan_id))


def list_plans(session: ActorSession, limit: int = 200) -> list[PlanSummary]:
    """Return the latest plans, the newest first."""
    newest = select(Plan).order_by(col(Plan.id).desc()).limit(limit)
    return [_summary(session, plan) for plan in session.scalars(newest)]


def _summary(session: ActorSession, plan: Plan) -> PlanSummary:
    assert plan.id is not None
    items = PlanItem
    counts = session.execute(
        select(items.level, items.action, items.left_out, func.count())  # type: ignore[call-overload]
        .where(col(items.plan_id) == plan.id)
        .group_by(items.level, items.action, items.left_out)
    ).all()
    levels = dict.fromkeys(LEVELS, 0)
    actions: dict[str, int] = defaultdict(int)
    for level, action, _left_out, count in counts:
        levels[level] += count
        actions[action] += count
    return PlanSummary(
        id=plan.id,
        kind=plan.kind,
        title=wording_from_json(plan.title),
        school_id=plan.school_id,
        actor=plan.actor,
        state=state_of(plan),
        created_at=plan.created_at,
        applied_at=plan.applied_at,
        undone_at=plan.undone_at,
        levels=levels,
        actions=dict(actions),
        left_out=sum(count for _l, _a, left_out, count in counts if left_out),
        confirm_number=plan.confirm_number,
        summary=plan.summary or {},
    )


def state_of(plan: Plan) -> str:
    if plan.undone_at is not None:
        return "undone"
    if plan.applied_at is not None:
        return "applied"
    return "refused" if plan.refused else "open"


def rows(
    session: ActorSession, plan_id: int, offset: int, limit: int, level: str | None = None
) -> list[PlanRow]:
    """Return a page of a plan's items, in their order."""
    plan = fetch(session, _plan_columns(), {"plan": plan_id})
    if not plan:
        raise _no_plan(plan_id)
    # Positions count from 0 without a gap, so those of a page are known beforehand.
    first = offset if level is None else 0
    values = {"plan": plan_id, "first": first, "level": level, "offset": offset - first}
    items = fetch(session, _page_of(level is not None), {**values, "limit": limit})
    return _rows(plan[0][0] or {}, items)


@cache
def _plan_columns() -> Any:
    return select(col(Plan.columns)).where(col(Plan.id) == bindparam("plan"))


@cache
def _page_of(of_level: bool) -> Any:
    items = PlanItem
    shown = (
        items.position, items.level, items.action, items.label, items.text, items.file,
        items.line, items.column, items.person_id, type_coerce(items.left_out, Integer),
        items.changes,
    )  # fmt: skip
    statement = select(*shown).where(  # type: ignore[call-overload]
        col(items.plan_id) == bindparam("plan"), col(items.position) >= bindparam("first")
    )
    if of_level:
        statement = statement.where(col(items.level) == bindparam("level"))
    ordered = statement.order_by(col(items.position))
    return ordered.offset(bindparam("offset")).limit(bindparam("limit"))


def _rows(columns: dict[str, Any], items: Sequence[Any]) -> list[PlanRow]:
    """Return items as rows; by column, which takes a third of the time of row by row."""
    if not items:
        return []
    *before, texts, file, line, column, person, left_out, changes = zip(*items, strict=True)
    told, out = map(_told, texts), map(bool, left_out)
    differences = (tuple(differences_of(each, columns)) if each else () for each in changes)
    by_column = (*before, told, file, line, column, person, out, differences)
    return list(map(PlanRow._make, zip(*by_column, strict=True)))


@lru_cache(maxsize=1024)
def _told(text: str) -> Wording:
    """Return the sentence of an item; most items of a plan share a few."""
    return wording_from_json(json.loads(text))


#: Columns that say nothing to a person.
_MUTE = ("_key", "_id", "_at", "key")


def differences_of(changes: str, columns: dict[str, Any]) -> Iterator[Difference]:
    """Yield what the changes of an item, as JSON, set to what, as far as it says something.

    `columns` is what `Plan.columns` keeps of the tables that get new rows.
    """
    for verb, table, _ref, *rest in json.loads(changes):
        if verb == "+":
            before, after = {}, dict(zip(columns[table]["columns"], rest[0], strict=True))
        elif verb == "~":
            before, after = rest
        elif verb == "-":
            before, after = rest[0], {}
        else:
            continue
        for name in {**before, **after}:
            old, new = _shown(before.get(name)), _shown(after.get(name))
            if old != new and not name.endswith(_MUTE):
                yield Difference(table, name, old, new)


def _shown(value: Any) -> str:
    return "" if value is None else clean(str(value), 200)


def leave_out(session: ActorSession, plan_id: int, position: int, left_out: bool) -> None:
    """Take one item out of an open plan, or back in."""
    if state_of(find(session, plan_id)) != "open":
        raise PlanRefused(say("This plan is no longer open."))
    session.execute(
        update(PlanItem)
        .where(col(PlanItem.plan_id) == plan_id, col(PlanItem.position) == position)
        .values(left_out=left_out)
    )


# --- applying ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Work:
    """The changes of a plan, grouped by what is done to which table."""

    inserts: dict[str, list[tuple[int, list[Any]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    updates: list[tuple[str, int, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    deletes: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    guards: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)
    left_out: int = 0


def apply(session: ActorSession, plan_id: int, confirm_number: str = "") -> Applied:
    """Apply an open plan whole, within the caller's transaction.

    Raises `PlanStale` when the rows it was computed from have changed since, and
    `PlanRefused` when it holds a hard error, was applied before, or asks for a number
    that was not given. What a plan is about may refuse it as well, with an error of its own.
    """
    plan = find(session, plan_id)
    _check_open(session, plan, confirm_number)
    _check_kind(session, plan)
    with bulk.many_rows(session.connection(), _size(plan)):
        return _apply(session, plan)


def _size(plan: Plan) -> int:
    """Return how many rows a plan makes."""
    return sum(about["count"] for about in (plan.columns or {}).values() if isinstance(about, dict))


def _apply(session: ActorSession, plan: Plan) -> Applied:
    assert plan.id is not None
    work, digest = _gather(session, plan)
    _check_scope(session, plan, work)
    connection = session.connection()
    first_ids = _reserve(connection, plan, work)
    _verify(connection, work, first_ids, session.at)
    _write(connection, plan, work, first_ids, session.at)
    if _size(plan) >= MANY_ROWS:
        refresh_statistics(connection)
    _conclude(session, plan, "plan.apply", digest, applied_at=session.at, first_ids=first_ids)
    return Applied(
        plan_id=plan.id,
        created={table: len(made) for table, made in work.inserts.items()},
        changed=_count(table for table, *_ in work.updates),
        removed=_count(table for table, *_ in work.deletes),
        left_out=work.left_out,
    )


def _count(tables: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for table in tables:
        counts[table] += 1
    return dict(counts)


def _check_open(session: ActorSession, plan: Plan, confirm_number: str) -> None:
    match state_of(plan):
        case "applied":
            raise PlanRefused(say("This plan has been applied already."))
        case "undone":
            raise PlanRefused(say("This plan was undone. Compute it anew."))
        case "refused":
            raise PlanRefused(
                say("This plan holds an error that stops the whole of it. Nothing was changed.")
            )
    if plan.confirm_number and plan.confirm_number != confirm_number.strip():
        raise PlanRefused(
            say(
                "This plan touches a large share of the school’s people. "
                "Type %(number)s to confirm it.",
                number=plan.confirm_number,
            )
        )
    if plan.kind.startswith("import") and _overtaken(session, plan):
        raise PlanStale(
            say("Another import was applied or undone in the meantime. Read the file again.")
        )


def _check_kind(session: ActorSession, plan: Plan) -> None:
    """Let what a plan is about refuse it at this moment, for this actor: guards know rows, and
    neither a deadline nor who is bound by it."""
    if plan.kind == _OF_PARTICIPANTS:
        from services.workshop_participants import open_workshop

        open_workshop(session, plan.request["workshop"])
    elif plan.kind == _OF_ATTENDANCE:
        from services.workshop_attendance import recordable_workshop

        recordable_workshop(session, plan.request["workshop"])


#: One lock for imports on PostgreSQL: "trousse2" read as a number. SQLite has one writer.
_IMPORT_LOCK = 0x7472_6F75_7373_6532


def import_basis(connection: Any) -> int:
    """Return how often imports have been applied or undone, by whomever.

    A plan of an import holds the number it was computed at; another one later means that
    persons may have come in whom it does not know.
    """
    plan = bulk.table_named("plan")
    counted = select(func.count(plan.c.applied_at), func.count(plan.c.undone_at))
    applied, undone = connection.execute(counted.where(plan.c.kind.like("import%"))).one()
    return int(applied) + int(undone)


def _overtaken(session: ActorSession, plan: Plan) -> bool:
    """An import's new persons may have come in by another import since."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    return bool((plan.columns or {})["basis"] != import_basis(connection))


def _gather(session: ActorSession, plan: Plan) -> tuple[_Work, str]:
    """Read the items; an item that needs a row of a left-out one is left out too."""
    assert plan.id is not None
    columns = plan.columns or {}
    left_out = select(col(PlanItem.position)).where(
        col(PlanItem.plan_id) == plan.id, col(PlanItem.left_out), col(PlanItem.changes) != ""
    )
    if session.scalar(left_out.limit(1)) is None:
        changes = _recent.take(session, plan.id, columns.get("digest", ""))
        if changes is not None:
            work = _Work()
            _sort_all_in(work, changes)
            return work, columns["digest"]
    return _gather_stored(session, plan.id, columns)


def _gather_stored(
    session: ActorSession, plan_id: int, columns: dict[str, Any]
) -> tuple[_Work, str]:
    work, missing = _Work(), set[tuple[str, int]]()
    items = session.execute(
        select(PlanItem.changes, PlanItem.left_out)  # type: ignore[call-overload]
        .where(col(PlanItem.plan_id) == plan_id, col(PlanItem.changes) != "")
        .order_by(col(PlanItem.position))
    ).all()
    kept: list[str] = []
    for start in range(0, len(items), _ITEMS_AT_ONCE):
        part = items[start : start + _ITEMS_AT_ONCE]
        read = json.loads("[" + ",".join(packed for packed, _left_out in part) + "]")
        wanted = []
        for (packed, left_out), changes in zip(part, read, strict=True):
            if left_out or (missing and _needs(changes, columns, missing)):
                work.left_out += 1
                missing.update((c[1], c[2]) for c in changes if c[0] == "+")
            else:
                kept.append(packed)
                wanted.append(changes)
        _sort_all_in(work, wanted)
    return work, _digest(kept)


def _needs(changes: list[Any], columns: dict[str, Any], missing: set[tuple[str, int]]) -> bool:
    for verb, table, _ref, *rest in changes:
        if verb not in "+~":
            continue
        values = (
            dict(zip(columns[table]["columns"], rest[0], strict=True)) if verb == "+" else rest[1]
        )
        for name, target in bulk.references(table).items():
            if (target, values.get(name)) in missing:
                return True
    return False


def _sort_all_in(work: _Work, items: Iterable[list[Any]]) -> None:
    inserts = work.inserts
    for changes in items:
        for each in changes:
            verb, table, ref = each[:3]
            if verb == "+":
                inserts[table].append((ref, each[3]))
            elif verb == "~":
                work.updates.append((table, ref, each[3], each[4]))
            elif verb == "-":
                work.deletes.append((table, ref, each[3]))
            else:
                work.guards.append((table, ref, each[3]))


def _reserve(connection: Any, plan: Plan, work: _Work) -> dict[str, int]:
    return {
        table: bulk.reserve_ids(connection, table, (plan.columns or {})[table]["count"])
        for table in sorted(work.inserts, key=_ORDER.__getitem__)
    }


def _real(table: str, ref: Any, first_ids: dict[str, int]) -> Any:
    if isinstance(ref, int) and ref < 0:
        return first_ids[table] - ref - 1
    return ref


def _moment(value: Any, at: datetime) -> Any:
    if isinstance(value, str) and value.startswith(NOW):
        seconds = float(value[len(NOW) + 1 :] or 0)
        return bulk.neutral(at + timedelta(seconds=seconds))
    return value


def _resolved(
    table: str, values: dict[str, Any], first_ids: dict[str, int], at: datetime
) -> dict[str, Any]:
    """Return values with references and moments made real."""
    targets, instants = bulk.references(table), bulk.instant_columns(table)
    return {
        name: _real(targets[name], value, first_ids)
        if name in targets
        else (_moment(value, at) if name in instants else value)
        for name, value in values.items()
    }


def _verify(connection: Any, work: _Work, first_ids: dict[str, int], at: datetime) -> None:
    """Hold what the plan expects against the rows as they are now, and lock them."""
    expected = [*((t, i, b) for t, i, b, _a in work.updates), *work.deletes, *work.guards]
    if _first_different(connection, expected, first_ids, at) is not None:
        raise PlanStale(say("What this plan was computed from has changed since. Compute it anew."))


def _first_different(
    connection: Any,
    expected: Iterable[tuple[str, int, dict[str, Any]]],
    first_ids: dict[str, int],
    at: datetime,
) -> tuple[str, int] | None:
    """Return the first row that does not hold the expected values, or None."""
    by_table: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for table, row_id, values in expected:
        by_table[table].append((row_id, _resolved(table, values, first_ids, at)))
    for table, pairs in by_table.items():
        columns = sorted({name for _id, values in pairs for name in values})
        found = bulk.fetch_rows(connection, table, columns, [row_id for row_id, _v in pairs])
        for row_id, values in pairs:
            row = found.get(row_id)
            if row is None or any(row[name] != value for name, value in values.items()):
                return table, row_id
    return None


def _write(
    connection: Any, plan: Plan, work: _Work, first_ids: dict[str, int], at: datetime
) -> None:
    # What makes room comes first: of an access's invitations only one is not replaced.
    leading, first = _split(work.updates)
    _update(connection, ((t, i, _resolved(t, a, first_ids, at)) for t, i, _b, a in first))
    for table in sorted(work.inserts, key=_ORDER.__getitem__):
        columns, constants = _columns_of(plan, table)
        made = _insertable(table, columns, work.inserts[table], first_ids, at)
        alike = _resolved(table, constants, first_ids, at)
        bulk.insert_columns(connection, table, made, alike)
    _update(connection, ((t, i, _resolved(t, a, first_ids, at)) for t, i, _b, a in leading))
    _delete(connection, [(table, row_id) for table, row_id, _before in work.deletes])


_Updates = list[tuple[str, int, dict[str, Any], dict[str, Any]]]


def _split(updates: _Updates) -> tuple[_Updates, _Updates]:
    """Return the updates that lead to new rows, and the others."""
    leading: _Updates = []
    others: _Updates = []
    for update_ in updates:
        table, _id, _before, after = update_
        new = any(_is_new(after.get(name)) for name in bulk.references(table))
        (leading if new else others).append(update_)
    return leading, others


def _is_new(value: Any) -> bool:
    return isinstance(value, int) and value < 0


def _columns_of(plan: Plan, table: str) -> tuple[list[str], dict[str, Any]]:
    """Return the columns of a plan's new rows, and what all of these rows have alike."""
    about = (plan.columns or {})[table]
    return about["columns"], about.get("constants", {})


def _insertable(
    table: str,
    columns: Sequence[str],
    made: Sequence[tuple[int, list[Any]]],
    first_ids: dict[str, int],
    at: datetime,
) -> dict[str, Sequence[Any]]:
    """Return new rows by column, with references and moments made real."""
    targets, instants = bulk.references(table), bulk.instant_columns(table)
    # The first id is that of the reference -1.
    before = first_ids[table] - 1
    ready: dict[str, Sequence[Any]] = {"id": [before - ref for ref, _values in made]}
    by_column = zip(*(values for _ref, values in made), strict=True)
    for name, values in zip(columns, by_column, strict=True):
        if name in targets:
            before = first_ids.get(targets[name], 0) - 1
            values = tuple([before - v if v is not None and v < 0 else v for v in values])
        elif name in instants:
            values = tuple([_moment(v, at) for v in values])
        ready[name] = values
    return ready


def _update(connection: Any, changes: Iterable[tuple[str, int, dict[str, Any]]]) -> None:
    """Update rows, those with the same columns together."""
    batches: dict[tuple[str, tuple[str, ...]], list[list[Any]]] = defaultdict(list)
    for table, row_id, values in changes:
        batches[table, tuple(values)].append([*values.values(), row_id])
    for (table, columns), updated in batches.items():
        bulk.update_rows(connection, table, columns, updated)


def _delete(connection: Any, gone: Iterable[tuple[str, int]]) -> None:
    """Delete rows, those that refer to others first."""
    by_table: dict[str, list[int]] = defaultdict(list)
    for table, row_id in gone:
        by_table[table].append(row_id)
    for table in sorted(by_table, key=_ORDER.__getitem__, reverse=True):
        bulk.delete_rows(connection, table, by_table[table])


def _conclude(session: ActorSession, plan: Plan, action: str, digest: str, **facts: Any) -> None:
    before = col(Plan.applied_at if action == "plan.apply" else Plan.undone_at)
    if not change(session, Plan, (col(Plan.id) == plan.id) & before.is_(None), **facts):
        raise PlanStale(say("Somebody else has just applied or undone this plan."))
    data = {"kind": plan.kind, "digest": digest}
    session.note(Change(action, "plan", plan.id, None, plan.school_id, data))


# --- scope ------------------------------------------------------------------------------


def _check_scope(session: ActorSession, plan: Plan, work: _Work, *, undoing: bool = False) -> None:
    """Refuse a plan that reaches beyond the actor's schools, whoever computed it."""
    if session.actor.sees_all:
        return
    changed = {*(table for table, *_ in work.updates), *(table for table, *_ in work.deletes)}
    for name in {*work.inserts, *changed}:
        if name in changed or not rows_about(session.actor.role, name):
            require_change(session.actor, name)
    made = list(_made_values(plan, work))
    if undoing:
        # They are no longer there to be looked at, and will be made anew.
        made += [(table, before) for table, _id, before in work.deletes]
    for table, values in made:
        if not _may_insert(session, table, values, work):
            raise _beyond(table)
    touched: dict[str, set[int]] = defaultdict(set)
    gone = [] if undoing else work.deletes
    there = [(t, i) for t, i, _b, _a in work.updates] + [(t, i) for t, i, _b in gone + work.guards]
    for table, row_id in there:
        touched[table].add(row_id)
    _check_addresses(session, plan, work)
    _check_owned(session, there[: len(there) - len(work.guards)])
    for table, after in ((t, a) for t, _i, _b, a in work.updates):
        if "school_id" in after and after["school_id"] not in (session.actor.schools or ()):
            raise _beyond(table)
    if not undoing:
        _add_referred(touched, [*made, *((t, after) for t, _i, _b, after in work.updates)])
    for table, ids in touched.items():
        if _visible(session, table, ids) != ids:
            raise _beyond(table)


def _check_owned(session: ActorSession, changed: Iterable[tuple[str, int]]) -> None:
    """Refuse to change what another school lets be seen, and no more."""
    shared: dict[str, set[int]] = defaultdict(set)
    for table, row_id in changed:
        if _TABLES[table].scope in SHARED_SCOPES:
            shared[table].add(row_id)
    schools = sorted(session.actor.schools or ())
    for table, ids in shared.items():
        model: Any = _TABLES[table]
        if _visible(session, table, ids, model.school_id.in_(schools)) != ids:
            raise _beyond(table)


def _check_addresses(session: ActorSession, plan: Plan, work: _Work) -> None:
    """Refuse to change the address of somebody to whom another school writes as well.

    Here too, for they may have come to that school since the plan was computed, or applied. A
    signed form alone is listened to where the other school has them as staff: without a
    consent of its own for the new address it sends nothing there (DOMAIN §3).
    """
    moved = {i for t, i, _b, after in work.updates if t == "person" and _ADDRESS & after.keys()}
    places = (CHILD,) if plan.kind == _SIGNED else (POST, CHILD)
    if moved and beyond_actor(session, moved, places):
        raise OutOfScope(NOT_FROM_HERE)


def _made_values(plan: Plan, work: _Work) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, made in work.inserts.items():
        columns, constants = _columns_of(plan, table)
        for _ref, values in made:
            yield table, {**dict(zip(columns, values, strict=True)), **constants}


def _add_referred(touched: dict[str, set[int]], rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Add the rows that `rows` lead to, so that nothing hangs on what is out of sight.

    Except persons who receive a post or a child: a file may name somebody known in another school
    only (DOMAIN §3, Identity). A pair of doubles may lie half out of sight.
    """
    hired = {values.get("person_id") for table, values in rows if table in _PLACES}
    for table, values in rows:
        if table == "suspected_double":
            continue
        for name, target in bulk.references(table).items():
            ref = values.get(name)
            if isinstance(ref, int) and ref > 0 and not (target == "person" and ref in hired):
                touched[target].add(ref)


def _beyond(_what: Any) -> OutOfScope:
    return OutOfScope(say("This belongs to a school that is not one of yours."))


def _may_insert(session: ActorSession, table: str, values: dict[str, Any], work: _Work) -> bool:
    schools = session.actor.schools or frozenset()
    things = rows_about(session.actor.role, table)
    if things and not is_about(things, values.get("workshop_id"), values.get("headship_id")):
        return False
    if "school_id" in values:
        return values["school_id"] in schools
    if table == "person":
        return any(work.inserts.get(place) for place in _PLACES)
    if table in _WITH_A_PLACE:
        people = [p for n in ("person_id", "other_id") if (p := values.get(n)) is not None]
        return any(p < 0 or _visible(session, "person", {p}) for p in people)
    return False


def _visible(session: ActorSession, table: str, ids: set[int], *conditions: Any) -> set[int]:
    model: Any = _TABLES[table]
    found: set[int] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        some = model.id.in_(wanted[start : start + 500])
        found.update(session.scalars(select(model.id).where(some, *conditions)))
    return found


# --- undoing ----------------------------------------------------------------------------


def undo(session: ActorSession, plan_id: int) -> Applied:
    """Bring back what was before an applied plan, whole, within the caller's transaction.

    Raises `PlanRefused` when the plan is not applied, or when a row it made or changed
    has been changed or used since: nothing that came later is ever lost. What a plan is about
    may refuse it as well.
    """
    plan = find(session, plan_id)
    if state_of(plan) != "applied":
        raise PlanRefused(say("Only a plan that has been applied can be undone."))
    _check_kind(session, plan)
    assert plan.applied_at is not None
    work, digest = _gather(session, plan)
    _check_scope(session, plan, work, undoing=True)
    first_ids, at = plan.first_ids or {}, plan.applied_at
    connection = session.connection()
    made = [
        (table, _real(table, ref, first_ids), _values(columns, v) | constants)
        for table, inserted in work.inserts.items()
        for columns, constants in [_columns_of(plan, table)]
        for ref, v in inserted
    ]
    now_there = [*made, *((t, i, after) for t, i, _before, after in work.updates)]
    if _first_different(connection, now_there, first_ids, at) is not None:
        raise PlanRefused(
            say(
                "Something that this plan made or changed has been changed since, "
                "so it can no longer be undone as a whole."
            )
        )
    leading, last = _split(work.updates)
    # First, so that rows which this plan itself led to its new ones do not count as users.
    _update(connection, ((t, i, before) for t, i, before, _after in leading))
    _refuse_used(connection, made)
    _delete(connection, [(table, row_id) for table, row_id, _values in made])
    for table, row_id, before in sorted(work.deletes, key=lambda gone: _ORDER[gone[0]]):
        bulk.insert_rows(connection, table, ["id", *before], [[row_id, *before.values()]])
    _update(connection, ((t, i, before) for t, i, before, _after in last))
    _conclude(session, plan, "plan.undo", digest, undone_at=session.at)
    return Applied(
        plan_id=plan_id,
        created=_count(table for table, *_ in work.deletes),
        changed=_count(table for table, *_ in work.updates),
        removed=_count(table for table, *_ in made),
        left_out=work.left_out,
    )


#: Columns that the database itself keeps up to date from other tables.
_KEPT_BY_DATABASE = frozenset(("search_key", "function_key"))


def _values(columns: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    named = zip(columns, values, strict=True)
    return {name: value for name, value in named if name not in _KEPT_BY_DATABASE}


#: What may have been done with the rows of a plan, in words, by table.
_LATER = {
    "person_key": say("identifiers"),
    "post": say("posts"),
    "pupil": say("pupils"),
    "guardianship": say("guardians"),
    "suspected_double": say("suspected doubles"),
    "access": say("accesses"),
    "suspension": say("deactivations"),
    "mission": say("missions"),
    "consent": say("consents"),
    "printed_form": say("printed forms"),
    "mail": say("e-mails"),
    "invitation": say("invitations"),
    "account": say("accounts"),
    "school": say("schools"),
    "site": say("sites"),
    "workshop_participant": say("participants"),
    "document_version": say("versions"),
    "document_reading": say("readings"),
    "workshop_attendance": say("attendances"),
    "workshop_invoice": say("invoices"),
}


def _refuse_used(connection: Any, made: Sequence[tuple[str, int, Any]]) -> None:
    """Refuse when a row from elsewhere refers to one that undoing would remove."""
    ids: dict[str, set[int]] = defaultdict(set)
    for table, row_id, _values in made:
        ids[table].add(row_id)
    for table in _TABLES:
        for name, target in bulk.references(table).items():
            if target in ids and _used(connection, table, name, ids[target], ids.get(table, set())):
                raise PlanRefused(
                    say(
                        "Something has been done since with what this plan made "
                        "(%(what)s), so it can no longer be undone.",
                        what=_LATER.get(table, table),
                    )
                )


def _used(connection: Any, table: str, name: str, targets: set[int], own: set[int]) -> bool:
    rows_of = bulk.table_named(table)
    identifier = rows_of.c.get("id", rows_of.c[name])
    wanted = sorted(targets)
    for start in range(0, len(wanted), 500):
        found = connection.execute(
            select(identifier).where(rows_of.c[name].in_(wanted[start : start + 500]))
        ).scalars()
        if any(row_id not in own for row_id in found):
            return True
    return False
