"""The rows that a person's story is told from, read by statements that are kept and prepared.

Each question is answered by one index, whoever asks (DESIGN §8); whose rows they are the
session decides. Rows of a table come the latest first, `MOST_ROWS` of them at most.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Integer, Select, String, bindparam, or_, select
from sqlmodel import col

from models.access import Access, Suspension
from models.accounts import (
    Account,
    AccountKey,
    AccountRole,
    AddressChange,
    PasswordReset,
    SignInEvent,
)
from models.among import among
from models.calls import CallCause, CallNote
from models.consents import Consent, PrintedForm
from models.database import ActorSession
from models.headnet import HeadAddress, HeadnetPassword, Headship
from models.invitations import Invitation
from models.journal import JournalLine
from models.language import dumps
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.plans import Plan, PlanItem
from models.prepared import fetch
from models.rights import right_to
from models.schools import School
from models.workshops import (
    Workshop,
    WorkshopAttendance,
    WorkshopParticipant,
    WorkshopSchool,
    WorkshopSession,
)
from services.imports import planning

#: Rows of each table that are read at most, the latest: nobody reads further back on a screen.
MOST_ROWS = 10_000
#: Rows of other tables that are a person's at most: posts, accesses, tokens.
_MOST_IDS = 2000
#: Items of a plan that are looked through for the one that made a person.
_LOOKED_THROUGH = 2000
#: How often persons may have been merged one into the other.
_MERGES = 5

Ids = tuple[int, ...]


def _select(*columns: Any) -> Select[Any]:
    found: Select[Any] = select(*map(col, columns))
    return found


def _latest(column: Any, *columns: Any, name: str = "ids") -> Select[Any]:
    """Return the question for the latest rows of a table by one of its columns."""
    table = column.class_
    found = select(*columns or (col(table.id),)).where(among(column, name))
    return found.order_by(col(table.id).desc()).limit(bindparam("most", type_=Integer))


def _reaches(session: ActorSession, table: Any) -> bool:
    """Whether the actor sees rows of a table that are about others, of some school at least."""
    reach = right_to(session.actor.role, str(table.__tablename__)).reach
    return session.actor.sees_all or reach in ("all", "schools")


@cache
def _ids_by(column: Any) -> Select[Any]:
    return _latest(column)


def _ids(session: ActorSession, column: Any, ids: Sequence[int]) -> Ids:
    """Return the ids of the rows whose `column` is one of `ids`, the latest first."""
    if not ids or not _reaches(session, column.class_):
        return ()
    asked = {"ids": ids, "most": _MOST_IDS}
    return tuple([row[0] for row in fetch(session, _ids_by(column), asked)])


# --- whose ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Who:
    """A person with those who were found to be the same, and what is known by them.

    `made` is when each of them was put on record, `places` the school of each post.
    """

    id: int
    surname: str
    first_name: str
    surname_key: str
    first_name_key: str
    made: dict[int, datetime]
    accesses: Ids = ()
    places: Mapping[int, int] = field(default_factory=dict)
    accounts: Ids = ()
    addresses: frozenset[str] = frozenset()

    @property
    def people(self) -> Ids:
        return tuple(self.made)

    @property
    def posts(self) -> Ids:
        return tuple(self.places)

    @property
    def schools(self) -> Ids:
        return tuple(sorted(set(self.places.values())))

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}".strip()


@cache
def _person() -> Select[Any]:
    columns = (
        Person.surname, Person.first_name, Person.surname_key, Person.first_name_key,
        Person.personal_email_key, Person.created_at,
    )  # fmt: skip
    return _select(*columns).where(col(Person.id) == bindparam("id"))


@cache
def _merged() -> Select[Any]:
    merged = _latest(Person.merged_into_id, col(Person.id), col(Person.created_at))
    return merged.where(col(Person.merged_into_id).is_not(None))


@cache
def _posts() -> Select[Any]:
    columns = map(col, (Post.id, Post.school_id, Post.school_email_key))
    return _latest(Post.person_id, *columns)


def who(session: ActorSession, person_id: int) -> Who | None:
    """Return whose story it is, None for a person out of the actor's sight."""
    rows = fetch(session, _person(), {"id": person_id})
    if not rows:
        return None
    person = rows[0]
    made = _made(session, person_id, person.created_at)
    people = tuple(made)
    posts = fetch(session, _posts(), {"ids": people, "most": _MOST_IDS})
    own = {person.personal_email_key, *(post.school_email_key for post in posts)}
    return Who(
        person_id,
        person.surname,
        person.first_name,
        person.surname_key,
        person.first_name_key,
        made,
        accesses=_ids(session, Access.person_id, people),
        places={post.id: post.school_id for post in posts},
        accounts=_ids(session, Account.person_id, people),
        addresses=frozenset(filter(None, own)),
    )


def _made(session: ActorSession, person_id: int, at: datetime) -> dict[int, datetime]:
    """Return a person and those found to be the same; what they did is this one's story too."""
    found = {person_id: at}
    latest: Sequence[int] = (person_id,)
    for _round in range(_MERGES):
        rows = fetch(session, _merged(), {"ids": latest, "most": _MOST_IDS})
        latest = [row.id for row in rows if row.id not in found]
        found |= {row.id: row.created_at for row in rows if row.id not in found}
        if not latest:
            break
    return found


# --- the rows -------------------------------------------------------------------------------


class Rows:
    """Reads what is on record about somebody, table by table, the latest first.

    `horizon` is the time of the oldest row that was read of a table that has older ones.
    `school_of_item` names the school of plans' items, by plan and position, that could not.
    """

    def __init__(self, session: ActorSession, who: Who) -> None:
        self._session, self._who = session, who
        self.horizon: datetime | None = None
        self.school_of_item: dict[tuple[int, int], int] = {}

    def _read(self, question: Select[Any], when: str, **values: Any) -> list[Any]:
        rows = fetch(self._session, question, {**values, "most": MOST_ROWS + 1})
        if len(rows) > MOST_ROWS:
            rows = rows[:MOST_ROWS]
            oldest = getattr(rows[-1], when)
            if self.horizon is None or oldest > self.horizon:
                self.horizon = oldest
        return rows

    # Plans

    def plan_items(self) -> list[Any]:
        """Return the items of plans that were applied, those that made the person too."""
        found = self._read(_items(), "applied_at", people=self._who.people)
        known = {(row.plan_id, row.position) for row in found}
        for row in (row for person in self._who.made for row in self._made_by(person)):
            if (row.plan_id, row.position) not in known:
                known.add((row.plan_id, row.position))
                found.append(row)
        return sorted(found, key=attrgetter("applied_at", "position"), reverse=True)

    def _made_by(self, person_id: int) -> list[Any]:
        """Return the items of the import that made a person, which could not name it yet.

        Those are the item of the person and that of each post that came with it.
        """
        at = self._who.made[person_id]
        for plan in fetch(self._session, _imports_at(), {"at": at}):
            if made := self._making(plan, "person", person_id):
                return made + self._making_posts(plan)
        return []

    def _making_posts(self, plan: Any) -> list[Any]:
        found: list[Any] = []
        for post, school in self._who.places.items():
            for row in self._making(plan, "post", post):
                self.school_of_item[row.plan_id, row.position] = school
                found.append(row)
        return found

    def _making(self, plan: Any, table: str, row_id: int) -> list[Any]:
        """Return the item of a plan that made a row of a table, none where it did not.

        A plan numbers its new rows from -1 down in the order of its items, so that of the
        n-th row stands at the n-th place or later.
        """
        first = (plan.first_ids or {}).get(table)
        count = (plan.columns or {}).get(table, {}).get("count", 0)
        if first is None or not first <= row_id < first + count:
            return []
        number = row_id - first + 1
        change = dumps(["+", table, -number])[:-1] + ","
        asked = {
            "plan": plan.id,
            "first": number - 1,
            "last": number - 1 + _LOOKED_THROUGH,
            "change": f"%{change}%",
        }
        return fetch(self._session, _making(), asked)

    def plans(self, ids: Sequence[int]) -> dict[int, Any]:
        """Return title and columns of plans, by their ids."""
        return {row.id: row for row in fetch(self._session, _plans(), {"ids": ids})}

    def who_undid(self, plan_id: int) -> str:
        rows = fetch(self._session, _undoing(), {"plan": plan_id})
        return rows[0].actor if rows else ""

    # The journal

    def journal(self) -> list[Any]:
        if not _reaches(self._session, JournalLine):
            return []
        found = {row.id: row for row in self._read(_journal(), "at", people=self._who.people)}
        for column, owners in self._related():
            ids = _ids(self._session, column, owners)
            if ids:
                entity = str(column.class_.__tablename__)
                asked = {"entity": entity, "ids": ids}
                found |= {row.id: row for row in self._read(_journal_of_rows(), "at", **asked)}
        return [found[number] for number in sorted(found, reverse=True)]

    def _related(self) -> Iterator[tuple[Any, Ids]]:
        """Yield what belongs to the person by an access, post or account alone."""
        who = self._who
        yield Suspension.access_id, who.accesses
        yield Invitation.access_id, who.accesses
        yield PrintedForm.post_id, who.posts
        yield SuspectedDouble.other_id, who.people
        for owned in (AccountRole, AccountKey, PasswordReset, AddressChange):
            yield owned.account_id, who.accounts

    def mail_of_token(self, table: Any, row_id: int) -> int | None:
        """Return the mail that brought the token of a row."""
        rows = fetch(self._session, _brought(table), {"id": row_id})
        return rows[0].mail_id if rows else None

    # Mails and the door

    def mails(self, headships: Ids) -> list[Any]:
        who = self._who
        owners = (
            (Mail.person_id, who.people),
            (Mail.access_id, who.accesses),
            (Mail.account_id, who.accounts),
            (Mail.headship_id, headships),
        )
        found: dict[int, Any] = {}
        for column, ids in owners:
            if ids:
                rows = self._read(_mails(column), "queued_at", ids=ids)
                found |= {row.id: row for row in rows}
        return [found[number] for number in sorted(found, reverse=True)]

    def events(self, headships: Ids) -> list[Any]:
        """Return what was tried at the door, and as the head of a school."""
        who, found = self._who, {}
        owners = [(SignInEvent.headship_id, headships)]
        if _reaches(self._session, SignInEvent):
            owners += [
                (SignInEvent.account_id, who.accounts),
                (SignInEvent.access_id, who.accesses),
            ]
            if who.addresses:
                rows = self._read(_strangers(), "at", keys=sorted(who.addresses))
                found = {row.id: row for row in rows}
        for column, ids in owners:
            if ids:
                found |= {row.id: row for row in self._read(_events(column), "at", ids=ids)}
        return [found[number] for number in sorted(found, reverse=True)]

    # Calls

    def calls(self) -> list[Any]:
        """Return the notes of calls about the person: the helpdesk's alone."""
        if not _reaches(self._session, CallNote):
            return []
        found: dict[int, Any] = {}
        for column, ids in (
            (CallNote.person_id, self._who.people),
            (CallNote.access_id, self._who.accesses),
        ):
            if ids:
                found |= {row.id: row for row in self._read(_calls(column), "opened_at", ids=ids)}
        return [found[number] for number in sorted(found, reverse=True)]

    def causes(self, calls: Sequence[int]) -> dict[int, Any]:
        """Return the likeliest cause that was found during each of these calls, as JSON."""
        if not calls:
            return {}
        rows = fetch(self._session, _causes(), {"ids": calls, "most": MOST_ROWS})
        return {row.call_id: row.sentence for row in rows}

    # HeadNet

    def headships(self) -> list[Any]:
        """Return the accounts of HeadNet of whoever bears these names in the person's schools.

        Nothing else ties a head to the staff records; where two colleagues share the names, a
        recorded address decides.
        """
        who = self._who
        if not who.schools or not _reaches(self._session, Headship):
            return []
        names = {"surname": who.surname_key, "first_name": who.first_name_key}
        found = fetch(self._session, _headships(), {"ids": who.schools, **names})
        if found and self.has_namesake():
            addresses = self.head_addresses(tuple([row.id for row in found]))
            own = {row.headship_id for row in addresses if row.email_key in who.addresses}
            found = [row for row in found if row.id in own]
        return found

    def head_addresses(self, headships: Ids) -> list[Any]:
        return self._read(_head_addresses(), "recorded_at", ids=headships) if headships else []

    def head_passwords(self, headships: Ids) -> list[Any]:
        return self._read(_head_passwords(), "asked_at", ids=headships) if headships else []

    # Workshops

    def participations(self) -> list[Any]:
        """Return where somebody of these names takes part in a workshop of the person's schools.

        Participants are entered by name, and nothing else ties them to the staff records; where
        two colleagues share one, the address given for the workshop decides.
        """
        who = self._who
        if not who.schools or not _reaches(self._session, WorkshopParticipant):
            return []
        workshops = _ids(self._session, Workshop.school_id, who.schools)
        places = _ids(self._session, WorkshopSchool.other_id, who.schools)
        if not workshops and not places:
            return []
        rows = self._read(
            _participants(), "added_at", workshops=workshops, places=places,
            surname=who.surname_key, first_name=who.first_name_key,
        )  # fmt: skip
        if rows and self.has_namesake():
            rows = [row for row in rows if row.email_key in who.addresses]
        return rows

    def presence(self, participants: Sequence[int]) -> list[Any]:
        asked = {"ids": participants, "most": _MOST_IDS}
        return fetch(self._session, _presence(), asked) if participants else []

    # Schools and colleagues

    def schools(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the names of schools; those out of sight are missing."""
        return dict(fetch(self._session, _schools(), {"ids": ids})) if ids else {}

    def has_namesake(self) -> bool:
        """Whether somebody else of these names works in a school of the person's."""
        who = self._who
        names = {"surname": who.surname_key, "first_name": who.first_name_key}
        found = fetch(self._session, _namesakes(), {"schools": who.schools, **names})
        return any(row.person_id not in who.made for row in found)


# --- the questions, each made once ----------------------------------------------------------


def _item_columns() -> tuple[Any, ...]:
    columns = (
        PlanItem.plan_id, PlanItem.position, PlanItem.text, PlanItem.file, PlanItem.line,
        PlanItem.school_id, PlanItem.changes, Plan.kind, Plan.actor, Plan.applied_at,
        Plan.undone_at,
    )  # fmt: skip
    return (*map(col, columns), col(Plan.school_id).label("plan_school_id"))


@cache
def _items() -> Select[Any]:
    return (
        select(*_item_columns())
        .join(Plan, col(Plan.id) == PlanItem.plan_id)
        .where(
            among(PlanItem.person_id, "people"),
            col(PlanItem.person_id).is_not(None),
            col(PlanItem.changes) != "",
            col(PlanItem.left_out).is_(False),
            col(Plan.applied_at).is_not(None),
        )
        .order_by(col(Plan.applied_at).desc(), col(PlanItem.position).desc())
        .limit(bindparam("most", type_=Integer))
    )


@cache
def _imports_at() -> Select[Any]:
    columns = (Plan.id, Plan.first_ids, Plan.columns)
    at, kind = col(Plan.applied_at) == bindparam("at"), col(Plan.kind) == planning.KIND
    return _select(*columns).where(at, col(Plan.applied_at).is_not(None), kind).limit(10)


@cache
def _making() -> Select[Any]:
    return (
        select(*_item_columns())
        .join(Plan, col(Plan.id) == PlanItem.plan_id)
        .where(
            col(PlanItem.plan_id) == bindparam("plan"),
            col(PlanItem.position) >= bindparam("first"),
            col(PlanItem.position) < bindparam("last"),
            col(PlanItem.changes).like(bindparam("change", type_=String)),
        )
        .order_by(col(PlanItem.position))
        .limit(1)
    )


@cache
def _plans() -> Select[Any]:
    return _select(Plan.id, Plan.title, Plan.columns).where(among(Plan.id, "ids"))


@cache
def _undoing() -> Select[Any]:
    lines = select(col(JournalLine.actor)).where(
        col(JournalLine.entity) == "plan",
        col(JournalLine.entity_id) == bindparam("plan"),
        col(JournalLine.action) == "plan.undo",
    )
    return lines.limit(1)


def _line_columns() -> Iterator[Any]:
    columns = (
        JournalLine.id, JournalLine.at, JournalLine.actor, JournalLine.action, JournalLine.entity,
        JournalLine.entity_id, JournalLine.school_id, JournalLine.data,
    )  # fmt: skip
    return map(col, columns)


@cache
def _journal() -> Select[Any]:
    return _latest(JournalLine.person_id, *_line_columns(), name="people").where(
        col(JournalLine.person_id).is_not(None)
    )


@cache
def _journal_of_rows() -> Select[Any]:
    return _latest(JournalLine.entity_id, *_line_columns()).where(
        col(JournalLine.entity) == bindparam("entity")
    )


@cache
def _brought(table: Any) -> Select[Any]:
    return select(col(table.mail_id)).where(col(table.id) == bindparam("id"))


@cache
def _mails(column: Any) -> Select[Any]:
    columns = (
        Mail.id, Mail.school_id, Mail.template, Mail.generation, Mail.recipient, Mail.queued_at,
        Mail.sent_at, Mail.uncertain_at, Mail.refused_at, Mail.bounced_at, Mail.held_at,
        Mail.cancelled_at, Mail.reply, Mail.reason,
    )  # fmt: skip
    return _latest(column, *map(col, columns)).where(column.is_not(None))


def _event_columns() -> Iterator[Any]:
    columns = (
        SignInEvent.id, SignInEvent.at, SignInEvent.last_at, SignInEvent.times, SignInEvent.kind,
        SignInEvent.outcome, SignInEvent.address,
    )  # fmt: skip
    return map(col, columns)


@cache
def _events(column: Any) -> Select[Any]:
    return _latest(column, *_event_columns()).where(column.is_not(None))


@cache
def _strangers() -> Select[Any]:
    """Ask for tries with an address that was nobody's user name at the time."""
    return (
        select(*_event_columns())
        .where(
            col(SignInEvent.address_key).in_(bindparam("keys", expanding=True)),
            col(SignInEvent.account_id).is_(None),
            col(SignInEvent.headship_id).is_(None),
        )
        .order_by(col(SignInEvent.id).desc())
        .limit(bindparam("most", type_=Integer))
    )


@cache
def _calls(column: Any) -> Select[Any]:
    columns = (
        CallNote.id, CallNote.surname, CallNote.first_name, CallNote.school_id,
        CallNote.opened_at, CallNote.opened_by, CallNote.handed_at, CallNote.handed_by,
        CallNote.handed_to, CallNote.closed_at, CallNote.closed_by,
    )  # fmt: skip
    return _latest(column, *map(col, columns)).where(column.is_not(None))


@cache
def _causes() -> Select[Any]:
    columns = map(col, (CallCause.call_id, CallCause.sentence))
    return _latest(CallCause.call_id, *columns).where(col(CallCause.place) == 0)


@cache
def _headships() -> Select[Any]:
    columns = (Headship.id, Headship.school_id, Headship.since, Headship.ended_at)
    return _select(*columns).where(
        among(Headship.school_id, "ids"),
        col(Headship.surname_key) == bindparam("surname"),
        col(Headship.first_name_key) == bindparam("first_name"),
    )


@cache
def _head_addresses() -> Select[Any]:
    columns = (
        HeadAddress.id, HeadAddress.headship_id, HeadAddress.school_id, HeadAddress.email,
        HeadAddress.email_key, HeadAddress.recorded_at, HeadAddress.recorded_by,
        HeadAddress.in_force_at, HeadAddress.cancelled_at,
    )  # fmt: skip
    return _latest(HeadAddress.headship_id, *map(col, columns))


@cache
def _head_passwords() -> Select[Any]:
    columns = (
        HeadnetPassword.id, HeadnetPassword.school_id, HeadnetPassword.generation,
        HeadnetPassword.asked_at, HeadnetPassword.asked_by, HeadnetPassword.in_force_at,
        HeadnetPassword.replaced_at,
    )  # fmt: skip
    return _latest(HeadnetPassword.headship_id, *map(col, columns))


@cache
def _participants() -> Select[Any]:
    columns = (
        WorkshopParticipant.id, WorkshopParticipant.workshop_id, WorkshopParticipant.email_key,
        WorkshopParticipant.added_at, WorkshopParticipant.withdrawn_at, Workshop.title,
        Workshop.school_day, Workshop.school_id,
    )  # fmt: skip
    return (
        _select(*columns)
        .join(Workshop, col(Workshop.id) == WorkshopParticipant.workshop_id)
        .where(
            col(WorkshopParticipant.surname_key) == bindparam("surname"),
            col(WorkshopParticipant.first_name_key) == bindparam("first_name"),
            or_(
                among(WorkshopParticipant.workshop_id, "workshops")
                & col(WorkshopParticipant.place_id).is_(None),
                among(WorkshopParticipant.place_id, "places"),
            ),
        )
        .order_by(col(WorkshopParticipant.id).desc())
        .limit(bindparam("most", type_=Integer))
    )


@cache
def _presence() -> Select[Any]:
    columns = (
        WorkshopAttendance.participant_id, WorkshopAttendance.present,
        WorkshopAttendance.recorded_at, WorkshopSession.number,
    )  # fmt: skip
    return (
        _select(*columns)
        .join(WorkshopSession, col(WorkshopSession.id) == WorkshopAttendance.session_id)
        .where(among(WorkshopAttendance.participant_id, "ids"))
        .order_by(col(WorkshopSession.number))
        .limit(bindparam("most", type_=Integer))
    )


@cache
def _schools() -> Select[Any]:
    return _select(School.id, School.name).where(among(School.id, "ids"))


@cache
def _namesakes() -> Select[Any]:
    return (
        select(col(Post.person_id))
        .join(Person, col(Person.id) == Post.person_id)
        .where(
            col(Person.surname_key) == bindparam("surname"),
            col(Person.first_name_key) == bindparam("first_name"),
            among(Post.school_id, "schools"),
        )
        .limit(_MOST_IDS)
    )


# --- one consent ----------------------------------------------------------------------------


@cache
def _consent() -> Select[Any]:
    columns = (
        Consent.id, Consent.email, Consent.signed_on, Consent.recorded_at, Consent.withdrawn_at,
        Consent.school_id, Consent.text_version,
    )  # fmt: skip
    return _select(*columns).where(col(Consent.id) == bindparam("id"))


def consent(session: ActorSession, consent_id: int) -> Any | None:
    """Return one consent as a row, None for one out of the actor's sight."""
    rows = fetch(session, _consent(), {"id": consent_id})
    return rows[0] if rows else None
