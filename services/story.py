"""The story of one person across schools: all that is on record, newest first.

One timeline from the plans (imports and every other action on many rows), the journal, the
mails, the record of the door, the calls, HeadNet and the workshops. Whose rows are whose the
session decides: a director reads the own schools only, and nothing of the door.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import col

from models.accounts import AddressChange, PasswordReset
from models.database import ActorSession
from models.invitations import Invitation
from models.language import Wording, dumps, say, wording_from_json
from models.mail import Mail
from models.schools import School
from models.text import name_key
from services import consent_recording, doubles, invitations, story_rows, team_changes
from services.access_rows import NotFound
from services.door_words import event_text
from services.imports import planning
from services.plans import Difference, differences_of
from services.story_rows import Rows, Who
from services.story_words import (
    EXPLAINED,
    KIND_WORDS,
    KINDS,
    Told,
    mail_facts,
    mail_name,
    mail_text,
    told_of,
)

__all__ = [
    "CALL", "CONSENT", "HEADNET", "KINDS", "KIND_WORDS", "MESSAGE", "PLAN", "WORKSHOP",
    "ConsentTold", "MailTold", "Origin", "StoryLine", "StoryPage", "StoryQuery", "consent",
    "message", "page",
]  # fmt: skip

#: Where a line may have come from: what `Origin.kind` is.
PLAN, MESSAGE, WORKSHOP, CONSENT = "plan", "message", "workshop", "consent"
CALL, HEADNET = "call", "headnet"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a line came from, with its identifier; that of HeadNet's account is the school's."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened. Texts may come from outside.

    `actor` is who did it, "" for a server or where nobody is known. `words` are the server's
    own, `reason` ours in their place, or what was found during a call. What happened `times`
    times did so until `until`. `source` names the plan, with `file` and `line` where it was an
    import of one.
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
    who = story_rows.who(session, query.person_id)
    if who is None:
        raise NotFound(say("There is no such person in your schools."))
    rows = Rows(session, who)
    events = _events(rows, who)
    counts = {**dict.fromkeys(KINDS, 0), **Counter(event.kind for event in events)}
    found = [event for event in events if query.kind in (None, event.kind)]
    telling = _Telling(rows)
    if words := name_key(query.text).split():
        found = telling.holding(found, words)
    shown = found[max(0, offset) : max(0, offset) + max(0, limit)]
    return StoryPage(telling.lines(shown), len(found), counts, who.name, rows.horizon is not None)


# --- what happened --------------------------------------------------------------------------


class _Event(NamedTuple):
    """One thing that happened; a person has thousands at times, of which a page is told.

    `tell` says it in words, of a `row` that was read; `what` is what of the row happened.
    """

    at: datetime
    kind: str
    tell: Callable[["_Telling", "_Event"], StoryLine]
    row: Any
    what: Any = None


def _events(rows: Rows, who: Who) -> list[_Event]:
    """Return all that happened, the newest first; of one moment the last that was done."""
    planned = list(_planned(rows.plan_items()))
    invited = {event.at for event in planned if event.row.kind == invitations.KIND}
    heads = rows.headships()
    headships = tuple([head.id for head in heads])
    events = [
        *_of_calls(rows.calls()),
        *_of_workshops(rows),
        *_of_headnet(rows, heads),
        *(_Event(tried.at, "door", _tell_try, tried) for tried in rows.events(headships)),
        *_of_mails(rows.mails(headships), invited),
        *_of_journal(rows.journal()),
        *planned,
    ]
    if rows.horizon is not None:
        events = [event for event in events if event.at >= rows.horizon]
    return sorted(events, key=attrgetter("at"), reverse=True)


def _planned(items: Iterable[Any]) -> Iterator[_Event]:
    for item in items:
        kind = _kind_of(item.kind, item.changes)
        if item.undone_at is not None:
            yield _Event(item.undone_at, kind, _Telling.undone, item)
        yield _Event(item.applied_at, kind, _Telling.item, item)


def _of_journal(rows: Iterable[Any]) -> Iterator[_Event]:
    for row in rows:
        data = json.loads(row.data)
        before, after = data.get("before") or {}, data.get("after") or {}
        told = told_of(row.entity, row.action, before, after)
        if told is not None:
            yield _Event(row.at, told.kind, _Telling.journaled, row, (told, before, after))


def _of_mails(mails: Iterable[Any], invited: set[datetime]) -> Iterator[_Event]:
    """Yield what became of mails; the plan that queued one tells that."""
    for mail in mails:
        for column, at in reversed(list(mail_facts(mail))):
            if column != "queued_at" or at not in invited:
                yield _Event(at, "message", _Telling.mailed, mail, column)


def _of_calls(notes: Iterable[Any]) -> Iterator[_Event]:
    for note in notes:
        for column in ("closed", "handed", "opened"):
            at = getattr(note, f"{column}_at")
            if at is not None:
                yield _Event(at, "call", _Telling.call, note, column)


def _of_workshops(rows: Rows) -> Iterator[_Event]:
    entered = rows.participations()
    by_id = {row.id: row for row in entered}
    for met in reversed(rows.presence(tuple(by_id))):
        yield _Event(met.recorded_at, "workshop", _Telling.session, by_id[met.participant_id], met)
    for row in entered:
        for column in ("withdrawn_at", "added_at"):
            at = getattr(row, column)
            if at is not None:
                yield _Event(at, "workshop", _Telling.entered, row, column)


def _of_headnet(rows: Rows, heads: Sequence[Any]) -> Iterator[_Event]:
    headships = tuple([head.id for head in heads])
    for password in rows.head_passwords(headships):
        for column in ("replaced_at", "in_force_at", "asked_at"):
            at = getattr(password, column)
            if at is not None:
                yield _Event(at, "headnet", _Telling.head_password, password, column)
    for address in rows.head_addresses(headships):
        for column in ("cancelled_at", "in_force_at", "recorded_at"):
            at = getattr(address, column)
            if at is not None and (column == "recorded_at" or at != address.recorded_at):
                yield _Event(at, "headnet", _Telling.head_address, address, column)
    for head in heads:
        for column in ("ended_at", "since"):
            at = getattr(head, column)
            if at is not None:
                yield _Event(at, "headnet", _Telling.headship, head, column)


# --- told -----------------------------------------------------------------------------------


class _Telling:
    """Tells events in words, and looks up what only those that are told take."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._schools: dict[Any, str] = {None: ""}
        self._plans: dict[int, Any] = {}
        self._causes: dict[int, Any] = {}

    def lines(self, events: Sequence[_Event]) -> list[StoryLine]:
        """Return lines with all that is known of them."""
        return [self._whole(event, line) for event, line in self._told(events)]

    def holding(self, events: Sequence[_Event], words: Sequence[str]) -> list[_Event]:
        """Return the events of which the lines hold these words, as `name_key` writes them."""
        keys: dict[str, str] = {}

        def key(text: str) -> str:
            if text not in keys:
                keys[text] = name_key(text)
            return keys[text]

        found = []
        for event, line in self._told(events):
            reason = line.reason.text() if line.reason else ""
            source = line.source.text() if line.source else ""
            told = (
                line.text.text(),
                line.school,
                line.actor,
                line.words,
                reason,
                source,
                line.file,
            )
            text = " ".join(map(key, told))
            if all(word in text for word in words):
                found.append(event)
        return found

    def _told(self, events: Sequence[_Event]) -> Iterator[tuple[_Event, StoryLine]]:
        self._look_up(events)
        for event in events:
            yield event, event.tell(self, event)

    def _look_up(self, events: Sequence[_Event]) -> None:
        """Read the schools, plans and causes that these events name, each table once."""
        rows = [event.row for event in events]
        schools: set[Any] = {getattr(row, name, None) for row in rows for name in _SCHOOLS}
        schools |= set(self._rows.school_of_item.values())
        wanted = [school for school in schools if school not in self._schools]
        if wanted:
            self._schools |= dict.fromkeys(wanted, "")
            self._schools |= self._rows.schools(wanted)
        plans = {row.plan_id for row in rows if hasattr(row, "plan_id")} - self._plans.keys()
        if plans:
            self._plans |= self._rows.plans(tuple(plans))
        calls = {event.row.id for event in events if event.kind == "call"} - self._causes.keys()
        if calls:
            self._causes |= dict.fromkeys(calls) | self._rows.causes(tuple(calls))

    def _whole(self, event: _Event, line: StoryLine) -> StoryLine:
        """Return a line with what was before and after, and where it came from."""
        _at, _kind, tell, row, what = event
        if tell is _Telling.journaled:
            told, before, after = what
            differences: Iterable[Difference] = ()
            if told.differs:
                change = dumps([["~", row.entity, row.entity_id, before, after]])
                differences = [d for d in differences_of(change, {}) if d.after != "…"]
            return replace(line, differences=tuple(differences), origin=self._came_from(row))
        if tell is _Telling.item or tell is _Telling.undone:
            columns = self._plans[row.plan_id].columns or {}
            differences = differences_of(row.changes, columns)
            if tell is _Telling.undone:
                differences = [replace(d, before=d.after, after=d.before) for d in differences]
                line = replace(line, actor=self._rows.who_undid(row.plan_id))
            return replace(line, differences=tuple(differences))
        return line

    def _came_from(self, row: Any) -> Origin | None:
        """Return the consent a line of the journal is about, or the mail that brought a token."""
        if row.entity == "consent":
            return Origin(CONSENT, row.entity_id)
        table = _BY_MAIL.get(row.entity)
        mail = self._rows.mail_of_token(table, row.entity_id) if table else None
        return Origin(MESSAGE, mail) if mail else None

    # Plans and the journal

    def item(self, event: _Event) -> StoryLine:
        at, kind, _tell, row, _what = event
        return StoryLine(
            key=f"plan:{row.plan_id}:{row.position}",
            at=at,
            kind=kind,
            text=wording_from_json(json.loads(row.text)),
            school=self._schools[row.school_id or row.plan_school_id or self._place(row)],
            actor=row.actor,
            source=wording_from_json(self._plans[row.plan_id].title),
            file=row.file,
            line=row.line,
            origin=Origin(PLAN, row.plan_id),
        )

    def _place(self, row: Any) -> int | None:
        return self._rows.school_of_item.get((row.plan_id, row.position))

    def undone(self, event: _Event) -> StoryLine:
        done = self.item(event)
        text = say("Undone: %(what)s", what=done.text)
        return replace(done, key=f"{done.key}:undone", text=text, actor="")

    def journaled(self, event: _Event) -> StoryLine:
        at, kind, _tell, row, what = event
        told: Told = what[0]
        return StoryLine(
            key=f"journal:{row.id}",
            at=at,
            kind=kind,
            text=told.text,
            school=self._schools[row.school_id],
            actor=row.actor,
        )

    # Mails, the door and calls

    def mailed(self, event: _Event) -> StoryLine:
        at, kind, _tell, mail, column = event
        explained = column in EXPLAINED
        reason = wording_from_json(mail.reason) if explained and mail.reason else None
        return StoryLine(
            key=f"mail:{mail.id}:{column}",
            at=at,
            kind=kind,
            text=mail_text(mail, column),
            school=self._schools[mail.school_id],
            words=mail.reply if explained else "",
            reason=None if mail.reply else reason,
            origin=Origin(MESSAGE, mail.id),
        )

    def call(self, event: _Event) -> StoryLine:
        at, kind, _tell, note, column = event
        caller = f"{note.surname} {note.first_name}".strip() or "–"
        texts = {
            "opened": say("Call noted, from %(caller)s", caller=caller),
            "handed": say("Call handed on to %(agent)s", agent=note.handed_to or "–"),
            "closed": say("Call closed"),
        }
        cause = self._causes.get(note.id)
        return StoryLine(
            key=f"call:{note.id}:{column}",
            at=at,
            kind=kind,
            text=texts[column],
            school=self._schools[note.school_id],
            actor=getattr(note, f"{column}_by"),
            reason=wording_from_json(cause) if cause and column == "opened" else None,
            origin=Origin(CALL, note.id),
        )

    # HeadNet

    def headship(self, event: _Event) -> StoryLine:
        texts = {
            "since": say("Recorded as head of school"),
            "ended_at": say("No longer recorded as head of school"),
        }
        return self._of_headnet(event, texts)

    def head_address(self, event: _Event) -> StoryLine:
        row = event.row
        texts = {
            "recorded_at": say("Address of the head recorded: %(address)s", address=row.email),
            "in_force_at": say("Address of the head counts: %(address)s", address=row.email),
            "cancelled_at": say("Address of the head taken back: %(address)s", address=row.email),
        }
        return self._of_headnet(event, texts, row.recorded_by)

    def head_password(self, event: _Event) -> StoryLine:
        number = event.row.generation
        texts = {
            "asked_at": say("HeadNet password no. %(number)s asked for", number=number),
            "in_force_at": say("HeadNet password no. %(number)s works", number=number),
            "replaced_at": say("HeadNet password no. %(number)s replaced", number=number),
        }
        return self._of_headnet(event, texts, event.row.asked_by)

    def _of_headnet(self, event: _Event, texts: dict[str, Wording], actor: str = "") -> StoryLine:
        """Return a line about a head; `actor` is who did what comes first of a row."""
        at, kind, tell, row, column = event
        return StoryLine(
            key=f"{tell.__name__}:{row.id}:{column}",
            at=at,
            kind=kind,
            text=texts[column],
            school=self._schools[row.school_id],
            actor=actor if column in ("recorded_at", "asked_at") else "",
            origin=Origin(HEADNET, row.school_id),
        )

    # Workshops

    def entered(self, event: _Event) -> StoryLine:
        row, column = event.row, event.what
        text = say("Entered for the workshop %(title)s", title=row.title)
        if column == "withdrawn_at":
            text = say("Taken off the workshop %(title)s", title=row.title)
        return self._of_workshop(event, text, column)

    def session(self, event: _Event) -> StoryLine:
        row, met = event.row, event.what
        values = {"number": met.number, "title": row.title}
        text = say("Missed session %(number)s of %(title)s", **values)
        if met.present:
            text = say("Present at session %(number)s of %(title)s", **values)
        return self._of_workshop(event, text, f"session{met.number}")

    def _of_workshop(self, event: _Event, text: Wording, name: str) -> StoryLine:
        at, kind, _tell, row, _what = event
        return StoryLine(
            key=f"workshop:{row.id}:{name}",
            at=at,
            kind=kind,
            text=text,
            school=self._schools[row.school_id],
            source=say("Workshop of %(day)s", day=row.school_day),
            origin=Origin(WORKSHOP, row.workshop_id),
        )


#: What rows call the schools they are about.
_SCHOOLS = ("school_id", "plan_school_id")
#: Tables of tokens, by their names: each row says which mail brought the token.
_BY_MAIL: dict[str, Any] = {
    str(table.__tablename__): table for table in (Invitation, PasswordReset, AddressChange)
}


def _tell_try(_telling: _Telling, event: _Event) -> StoryLine:
    at, kind, _tell, tried, _what = event
    return StoryLine(
        key=f"door:{tried.id}",
        at=at,
        kind=kind,
        text=event_text(tried),
        actor=tried.address,
        times=tried.times,
        until=tried.last_at if tried.times > 1 else None,
    )


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
        facts=tuple((mail_text(mail, column), at) for column, at in mail_facts(mail)),
        expires_at=mail.expires_at,
        next_attempt_at=mail.next_attempt_at if mail.closed_at is None else None,
        attempts=mail.attempts,
        words=mail.reply,
        reason=wording_from_json(mail.reason) if mail.reason else None,
    )


# --- one consent ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConsentTold:
    """One consent as the story opens it: for which address, where, and until when."""

    address: str
    school: str
    signed_on: date
    recorded_at: datetime
    withdrawn_at: datetime | None
    text_version: int


def consent(session: ActorSession, consent_id: int) -> ConsentTold:
    """Return one consent; raises `NotFound` for one out of the actor's sight."""
    row = story_rows.consent(session, consent_id)
    if row is None:
        raise NotFound(say("There is no such consent in your schools."))
    named = select(col(School.name)).where(col(School.id) == row.school_id)
    return ConsentTold(
        row.email,
        session.scalar(named) or "",
        row.signed_on,
        row.recorded_at,
        row.withdrawn_at,
        row.text_version,
    )
