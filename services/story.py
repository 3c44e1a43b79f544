"""The story of one person across schools: all that is on record, newest first.

One timeline from the plans (imports and every other action on many rows), the journal, the
mails, the record of the door and the workshops. Whose rows are whose the session decides: a
director reads the own schools only, and nothing of the door.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
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
from models.consents import PrintedForm
from models.database import ActorSession
from models.invitations import Invitation
from models.journal import JournalLine
from models.language import Wording, dumps, say, wording_from_json
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.plans import Plan, PlanItem
from models.schools import School
from models.text import name_key
from models.workshops import (
    Workshop,
    WorkshopAttendance,
    WorkshopParticipant,
    WorkshopSchool,
    WorkshopSession,
)
from services import consent_recording, doubles, invitations, team_changes
from services.access_rows import NotFound
from services.imports import planning
from services.plans import Difference, differences_of
from services.story_words import (
    EXPLAINED,
    KIND_WORDS,
    KINDS,
    event_text,
    mail_facts,
    mail_name,
    told_of,
)

__all__ = [
    "KINDS", "KIND_WORDS", "MESSAGE", "PLAN", "WORKSHOP", "MailTold", "Origin", "StoryLine",
    "StoryPage", "StoryQuery", "message", "page",
]  # fmt: skip

#: Where a line may have come from: what `Origin.kind` is.
PLAN, MESSAGE, WORKSHOP = "plan", "message", "workshop"
#: Rows of each kind that are read at most, the latest: nobody reads further back on a screen.
MOST_ROWS = 1000
#: Items of a plan that are looked through for the one that made a person.
_LOOKED_THROUGH = 2000
#: How often persons may have been merged one into the other.
_MERGES = 5


@dataclass(frozen=True, slots=True)
class Origin:
    """What a line came from: a plan, a message or a workshop, with its identifier."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened. Texts may come from outside.

    `actor` is who did it, "" for a server or where nobody is known. `words` are the server's
    own, `reason` ours in their place. What happened `times` times did so until `until`.
    `source` names the plan, with `file` and `line` where it was an import of one.
    """

    key: str
    at: datetime
    kind: str
    text: Wording
    school: str = ""
    actor: str = ""
    words: str = ""
    reason: Wording | None = None
    times: int = 1
    until: datetime | None = None
    differences: tuple[Difference, ...] = ()
    source: Wording | None = None
    file: str = ""
    line: int = 0
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """Whose story, of which kind (one of `KINDS`, None for all), and what is looked for."""

    person_id: int
    kind: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StoryPage:
    """Lines, how many match, how many there are of each kind, and whether older ones exist.

    What is older than the oldest row that was read of some table is left out, so that no line
    is missing between two that are told.
    """

    rows: list[StoryLine]
    total: int
    counts: dict[str, int]
    name: str
    cut: bool


def page(session: ActorSession, query: StoryQuery, offset: int, limit: int) -> StoryPage:
    """Return a page of a person's story, the newest first.

    Raises `NotFound` for a person out of the actor's sight.
    """
    who = _who(session, query.person_id)
    lines, cut = _Reading(session, who).all()
    counts = dict.fromkeys(KINDS, 0)
    for line in lines:
        counts[line.kind] += 1
    found = [line for line in lines if query.kind in (None, line.kind)]
    if words := name_key(query.text).split():
        found = [line for line in found if _holds(line, words)]
    shown = found[max(0, offset) : max(0, offset) + max(0, limit)]
    return StoryPage(shown, len(found), counts, who.name, cut)


def _holds(line: StoryLine, words: Sequence[str]) -> bool:
    source = line.source.text() if line.source else ""
    told = (line.text.text(), line.school, line.actor, line.words, source, line.file)
    text = name_key(" ".join(told))
    return all(word in text for word in words)


# --- whose ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Who:
    """A person with those who were found to be the same, and what is known by them."""

    person: Person
    people: tuple[int, ...]
    accesses: tuple[int, ...] = ()
    posts: tuple[int, ...] = ()
    schools: tuple[int, ...] = ()
    accounts: tuple[int, ...] = ()
    addresses: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.person.surname} {self.person.first_name}".strip()


def _who(session: ActorSession, person_id: int) -> _Who:
    person = session.scalars(select(Person).where(col(Person.id) == person_id)).one_or_none()
    if person is None:
        raise NotFound(say("There is no such person in your schools."))
    people = _merged_with(session, person_id)
    posts = session.execute(
        select(col(Post.id), col(Post.school_id), col(Post.school_email_key)).where(
            col(Post.person_id).in_(people)
        )
    ).all()
    own = {person.personal_email_key, *(post.school_email_key for post in posts)}
    return _Who(
        person,
        people,
        accesses=_ids(session, Access, col(Access.person_id).in_(people)),
        posts=tuple(post.id for post in posts),
        schools=tuple(sorted({post.school_id for post in posts})),
        accounts=_ids(session, Account, col(Account.person_id).in_(people)),
        addresses=frozenset(filter(None, own)),
    )


def _merged_with(session: ActorSession, person_id: int) -> tuple[int, ...]:
    """Return a person and those found to be the same; what they did is this one's story too."""
    people = [person_id]
    latest: tuple[int, ...] = (person_id,)
    for _round in range(_MERGES):
        latest = _ids(session, Person, col(Person.merged_into_id).in_(latest))
        latest = tuple(each for each in latest if each not in people)
        if not latest:
            break
        people += latest
    return tuple(people)


def _ids(session: ActorSession, table: Any, where: Any) -> tuple[int, ...]:
    wanted = select(col(table.id)).where(where).order_by(col(table.id).desc()).limit(MOST_ROWS)
    return tuple(session.scalars(wanted))


# --- reading --------------------------------------------------------------------------------


@dataclass
class _Reading:
    """Reads the rows about somebody, table by table, and tells them."""

    session: ActorSession
    who: _Who
    _horizon: datetime | None = None
    _schools: dict[int, str] = field(default_factory=dict)

    def all(self) -> tuple[list[StoryLine], bool]:
        """Return every line, the newest first, and whether older ones were left out."""
        planned = list(self._plans())
        queued = {line.at for line, kind in planned if kind == invitations.KIND}
        lines = [
            *(line for line, _kind in planned),
            *self._journal(),
            *(line for line in self._mails() if not _planned(line, queued)),
            *self._door(),
            *self._workshops(),
        ]
        if self._horizon is not None:
            lines = [line for line in lines if line.at >= self._horizon]
        # What fell on one moment keeps the order in which it was done, turned round.
        lines = sorted(lines, key=lambda line: line.at)[::-1]
        return lines, self._horizon is not None

    def _rows(self, statement: Any, when: Callable[[Any], datetime | None]) -> list[Any]:
        """Return rows, the oldest first; `statement` asks for the latest first."""
        rows = self.session.execute(statement.limit(MOST_ROWS + 1)).all()
        if len(rows) > MOST_ROWS:
            rows = rows[:MOST_ROWS]
            oldest = when(rows[-1])
            if oldest is not None and (self._horizon is None or oldest > self._horizon):
                self._horizon = oldest
        return list(reversed(rows))

    def _school(self, school_id: int | None) -> str:
        """Return a school's name, "" for none or one out of sight."""
        if school_id is None:
            return ""
        if school_id not in self._schools:
            named = select(col(School.name)).where(col(School.id) == school_id)
            self._schools[school_id] = self.session.scalar(named) or ""
        return self._schools[school_id]

    # Plans

    def _plans(self) -> Iterator[tuple[StoryLine, str]]:
        """Yield what plans did, with the kind of the plan."""
        applied = (
            select(PlanItem, Plan)
            .join(Plan, col(Plan.id) == PlanItem.plan_id)
            .where(
                col(PlanItem.person_id).in_(self.who.people),
                col(PlanItem.changes) != "",
                col(PlanItem.left_out).is_(False),
                col(Plan.applied_at).is_not(None),
            )
            .order_by(col(Plan.applied_at).desc(), col(PlanItem.position).desc())
        )
        found = self._rows(applied, lambda row: row[1].applied_at)
        made = [pair for person in self.who.people if (pair := self._made_by(person))]
        seen: set[tuple[int, int]] = set()
        for item, plan in [*made, *found]:
            if (item.plan_id, item.position) not in seen:
                seen.add((item.plan_id, item.position))
                yield from self._plan_lines(item, plan)

    def _made_by(self, person_id: int) -> tuple[PlanItem, Plan] | None:
        """Return the item of the import that made a person, which could not name it yet.

        A plan numbers its new rows from -1 down in the order of its items, so that of the
        n-th person stands at the n-th place or later.
        """
        made = select(col(Person.created_at)).where(col(Person.id) == person_id)
        at = self.session.scalar(made)
        plans = select(Plan).where(col(Plan.applied_at) == at, col(Plan.kind) == planning.KIND)
        for plan in self.session.scalars(plans.limit(10)):
            first = (plan.first_ids or {}).get("person")
            count = (plan.columns or {}).get("person", {}).get("count", 0)
            if first is None or not first <= person_id < first + count:
                continue
            number = person_id - first + 1
            change = dumps(["+", "person", -number])[:-1] + ","
            item = self.session.scalars(
                select(PlanItem)
                .where(
                    col(PlanItem.plan_id) == plan.id,
                    col(PlanItem.position) >= number - 1,
                    col(PlanItem.position) < number - 1 + _LOOKED_THROUGH,
                    col(PlanItem.changes).contains(change, autoescape=True),
                )
                .order_by(col(PlanItem.position))
                .limit(1)
            ).one_or_none()
            return None if item is None else (item, plan)
        return None

    def _plan_lines(self, item: PlanItem, plan: Plan) -> Iterator[tuple[StoryLine, str]]:
        assert plan.applied_at is not None
        text = wording_from_json(json.loads(item.text))
        line = StoryLine(
            key=f"plan:{item.plan_id}:{item.position}",
            at=plan.applied_at,
            kind=_kind_of(plan.kind, item.changes),
            text=text,
            school=self._school(item.school_id or plan.school_id),
            actor=plan.actor,
            differences=tuple(differences_of(item.changes, plan.columns or {})),
            source=wording_from_json(plan.title),
            file=item.file,
            line=item.line,
            origin=Origin(PLAN, item.plan_id),
        )
        yield line, plan.kind
        if plan.undone_at is not None:
            turned = tuple(
                replace(each, before=each.after, after=each.before) for each in line.differences
            )
            yield (
                replace(
                    line,
                    key=f"{line.key}:undone",
                    at=plan.undone_at,
                    text=say("Undone: %(what)s", what=text),
                    actor=self._who_undid(item.plan_id),
                    differences=turned,
                ),
                "",
            )

    def _who_undid(self, plan_id: int) -> str:
        undone = select(col(JournalLine.actor)).where(
            col(JournalLine.entity) == "plan",
            col(JournalLine.entity_id) == plan_id,
            col(JournalLine.action) == "plan.undo",
        )
        return self.session.scalar(undone.limit(1)) or ""

    # The journal

    def _journal(self) -> Iterator[StoryLine]:
        found: dict[int, JournalLine] = {}
        for where in self._journaled():
            lines = select(JournalLine).where(*where).order_by(col(JournalLine.id).desc())
            found |= {row.id: row for (row,) in self._rows(lines, lambda row: row[0].at)}
        for number in sorted(found):
            yield from self._journal_line(found[number])

    def _journaled(self) -> Iterator[tuple[Any, ...]]:
        """Yield the conditions of lines about the person, each answered by one index."""
        for person in self.who.people:
            yield (col(JournalLine.person_id) == person,)
        for table, ids in self._related():
            if ids:
                entity = str(table.__tablename__)
                yield (col(JournalLine.entity) == entity, col(JournalLine.entity_id).in_(ids))

    def _related(self) -> Iterator[tuple[Any, tuple[int, ...]]]:
        """Yield rows that belong to the person by their access, post or account alone."""
        who, session = self.who, self.session
        for table in (Suspension, Invitation):
            yield table, _ids(session, table, col(table.access_id).in_(who.accesses))
        yield PrintedForm, _ids(session, PrintedForm, col(PrintedForm.post_id).in_(who.posts))
        other = col(SuspectedDouble.other_id).in_(who.people)
        yield SuspectedDouble, _ids(session, SuspectedDouble, other)
        if who.accounts:
            for owned in (AccountRole, AccountKey, PasswordReset, AddressChange):
                yield owned, _ids(session, owned, col(owned.account_id).in_(who.accounts))

    def _journal_line(self, row: JournalLine) -> Iterator[StoryLine]:
        data = json.loads(row.data)
        before, after = data.get("before") or {}, data.get("after") or {}
        told = told_of(row.entity, row.action, before, after)
        if told is None:
            return
        differences: tuple[Difference, ...] = ()
        if told.differs:
            change = dumps([["~", row.entity, row.entity_id, before, after]])
            differences = tuple(each for each in differences_of(change, {}) if each.after != "…")
        yield StoryLine(
            key=f"journal:{row.id}",
            at=row.at,
            kind=told.kind,
            text=told.text,
            school=self._school(row.school_id),
            actor=row.actor,
            differences=differences,
            origin=self._origin(row),
        )

    def _origin(self, row: JournalLine) -> Origin | None:
        """Return the mail that brought a token."""
        table = _BY_MAIL.get(row.entity)
        if table is None:
            return None
        brought = select(col(table.mail_id)).where(col(table.id) == row.entity_id)
        mail = self.session.scalar(brought)
        return Origin(MESSAGE, mail) if mail else None

    # Mails

    def _mails(self) -> Iterator[StoryLine]:
        about = [
            col(Mail.person_id).in_(self.who.people),
            col(Mail.access_id).in_(self.who.accesses),
        ]
        if self.who.accounts:
            about.append(col(Mail.account_id).in_(self.who.accounts))
        seen: set[int] = set()
        for each in about:
            mails = select(Mail).where(each).order_by(col(Mail.id).desc())
            for (mail,) in self._rows(mails, lambda row: row[0].queued_at):
                if mail.id not in seen:
                    seen.add(mail.id)
                    yield from self._mail_lines(mail)

    def _mail_lines(self, mail: Mail) -> Iterator[StoryLine]:
        reason = wording_from_json(mail.reason) if mail.reason else None
        for column, at, text in mail_facts(mail):
            explained = column in EXPLAINED
            yield StoryLine(
                key=f"mail:{mail.id}:{column}",
                at=at,
                kind="message",
                text=text,
                school=self._school(mail.school_id),
                words=mail.reply if explained else "",
                reason=reason if explained and not mail.reply else None,
                origin=Origin(MESSAGE, mail.id or 0),
            )

    # The door

    def _door(self) -> Iterator[StoryLine]:
        who = self.who
        nobodys = col(SignInEvent.account_id).is_(None) & col(SignInEvent.headship_id).is_(None)
        about = [
            col(SignInEvent.account_id).in_(who.accounts),
            col(SignInEvent.access_id).in_(who.accesses),
            col(SignInEvent.address_key).in_(sorted(who.addresses)) & nobodys,
        ]
        seen: set[int] = set()
        for each in about:
            events = select(SignInEvent).where(each).order_by(col(SignInEvent.id).desc())
            for (event,) in self._rows(events, lambda row: row[0].at):
                if event.id not in seen:
                    seen.add(event.id)
                    yield _event_line(event)

    # Workshops

    def _workshops(self) -> Iterator[StoryLine]:
        """Yield the workshops of the person's schools in which somebody of this name takes part.

        Participants are entered by name, and nothing else ties them to the staff records; where
        two colleagues share one, the address given for the workshop decides.
        """
        if not self.who.schools:
            return
        person, place = self.who.person, WorkshopSchool
        theirs = _ids(self.session, Workshop, col(Workshop.school_id).in_(self.who.schools))
        shared = select(col(place.workshop_id), col(place.id)).where(
            col(place.other_id).in_(self.who.schools)
        )
        places = {row.id: row.workshop_id for row in self.session.execute(shared.limit(MOST_ROWS))}
        entered = (
            select(WorkshopParticipant, Workshop)
            .join(Workshop, col(Workshop.id) == WorkshopParticipant.workshop_id)
            .where(
                col(WorkshopParticipant.surname_key) == person.surname_key,
                col(WorkshopParticipant.first_name_key) == person.first_name_key,
                or_(
                    col(WorkshopParticipant.workshop_id).in_(theirs)
                    & col(WorkshopParticipant.place_id).is_(None),
                    col(WorkshopParticipant.place_id).in_(sorted(places)),
                ),
            )
            .order_by(col(WorkshopParticipant.id).desc())
        )
        rows = self._rows(entered, lambda row: row[0].added_at)
        if rows and self._has_namesake():
            rows = [row for row in rows if row[0].email_key in self.who.addresses]
        presence = self._presence([row[0].id for row in rows])
        for participant, workshop in rows:
            yield from self._workshop_lines(participant, workshop, presence)

    def _has_namesake(self) -> bool:
        """Whether somebody else of these names works in a school of the person's."""
        person, who = self.who.person, self.who
        another = (
            select(col(Person.id))
            .join(Post, col(Post.person_id) == Person.id)
            .where(
                col(Person.surname_key) == person.surname_key,
                col(Person.first_name_key) == person.first_name_key,
                col(Person.id).not_in(who.people),
                col(Post.school_id).in_(who.schools),
            )
        )
        return self.session.scalar(another.limit(1)) is not None

    def _presence(self, ids: list[int]) -> dict[int, list[tuple[WorkshopAttendance, int]]]:
        attended = (
            select(WorkshopAttendance, col(WorkshopSession.number))
            .join(WorkshopSession, col(WorkshopSession.id) == WorkshopAttendance.session_id)
            .where(col(WorkshopAttendance.participant_id).in_(ids))
            .order_by(col(WorkshopSession.number))
            .limit(MOST_ROWS)
        )
        found: dict[int, list[tuple[WorkshopAttendance, int]]] = {}
        for row, number in self.session.execute(attended):
            found.setdefault(row.participant_id, []).append((row, number))
        return found

    def _workshop_lines(
        self,
        participant: WorkshopParticipant,
        workshop: Workshop,
        presence: dict[int, list[tuple[WorkshopAttendance, int]]],
    ) -> Iterator[StoryLine]:
        values = {"title": workshop.title, "day": workshop.school_day}
        facts = [
            ("added", participant.added_at, say("Entered for the workshop %(title)s", **values)),
            (
                "withdrawn",
                participant.withdrawn_at,
                say("Taken off the workshop %(title)s", **values),
            ),
        ]
        for row, number in presence.get(participant.id or 0, ()):
            was_there = say("Present at session %(number)s of %(title)s", number=number, **values)
            missed = say("Missed session %(number)s of %(title)s", number=number, **values)
            told = was_there if row.present else missed
            facts.append((f"session{number}", row.recorded_at, told))
        for name, at, text in facts:
            if at is not None:
                yield StoryLine(
                    key=f"workshop:{participant.id}:{name}",
                    at=at,
                    kind="workshop",
                    text=text,
                    school=self._school(workshop.school_id),
                    source=say("Workshop of %(day)s", **values),
                    origin=Origin(WORKSHOP, participant.workshop_id),
                )


#: Tables of tokens, by their names: each row says which mail brought the token.
_BY_MAIL: dict[str, Any] = {
    str(table.__tablename__): table for table in (Invitation, PasswordReset, AddressChange)
}


def _event_line(event: SignInEvent) -> StoryLine:
    again = event.times > 1
    return StoryLine(
        key=f"door:{event.id}",
        at=event.at,
        kind="door",
        text=event_text(event),
        actor=event.address,
        times=event.times,
        until=event.last_at if again else None,
    )


def _planned(line: StoryLine, moments: Iterable[datetime]) -> bool:
    """Whether a mail's beginning is told by the plan that queued it."""
    return line.key.endswith(":queued_at") and line.at in moments


#: What the lines of a kind of plan are about; one about a team tells it by what it changes.
_PLAN_KINDS = {
    planning.KIND: "import",
    consent_recording.KIND: "consent",
    invitations.KIND: "message",
    doubles.KIND: "double",
}
_TABLE_KINDS = (("mission", "role"), ("suspension", "access"), ("post", "role"))


def _kind_of(kind: str, changes: str) -> str:
    if kind in _PLAN_KINDS:
        return _PLAN_KINDS[kind]
    if kind.startswith("workshop"):
        return "workshop"
    if kind != team_changes.KIND:
        return "change"
    tables = {change[1] for change in json.loads(changes) if change[0] != "="}
    return next((found for table, found in _TABLE_KINDS if table in tables), "change")


# --- one message ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailTold:
    """One message as the story opens it; `facts` are what happened to it, with the times."""

    name: Wording
    recipient: str
    school: str
    facts: tuple[tuple[Wording, datetime], ...]
    expires_at: datetime
    next_attempt_at: datetime | None
    attempts: int
    words: str
    reason: Wording | None


def message(session: ActorSession, mail_id: int) -> MailTold:
    """Return one message; raises `NotFound` for one out of the actor's sight."""
    mail = session.scalars(select(Mail).where(col(Mail.id) == mail_id)).one_or_none()
    if mail is None:
        raise NotFound(say("There is no such message in your schools."))
    named = select(col(School.name)).where(col(School.id) == mail.school_id)
    return MailTold(
        name=mail_name(mail.template, mail.generation),
        recipient=mail.recipient,
        school=session.scalar(named) or "",
        facts=tuple((text, at) for _column, at, text in mail_facts(mail)),
        expires_at=mail.expires_at,
        next_attempt_at=mail.next_attempt_at if mail.closed_at is None else None,
        attempts=mail.attempts,
        words=mail.reply,
        reason=wording_from_json(mail.reason) if mail.reason else None,
    )
