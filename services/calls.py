"""Notes of calls to the helpdesk: opened with a search, kept up with what was found and done.

A note is the helpdesk's alone. Each step is one conditional UPDATE whose row count is checked,
so that two agents who close one at once are told. What a caller reads out is kept without the
tokens in it (`models.kept_text`), and sentences of findings as well.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlmodel import col

from models.access import Access, happened
from models.accounts import Account, AccountRole
from models.calls import (
    STATUS_CODES,
    CallCause,
    CallColumns,
    CallNote,
    CallStep,
    facts_of,
    search_key_of,
)
from models.database import ActorSession, change
from models.errors import TrousseauError
from models.kept_text import kept
from models.language import N_, Wording, say, wording_from_json
from models.mail import Mail
from models.people import Person
from models.plans import Plan
from models.schools import DEFAULT_TIME_ZONE, School
from models.scope import not_allowed
from models.text import clean, name_key, squeeze
from services.findings import Finding
from services.search_rows import Hit
from services.team_access import LONGEST_PAGE, Page

__all__ = [
    "LONGEST_REMARKS", "MESSAGE", "STATUS_WORDS", "About", "CallChanged", "CallNotFound",
    "CallPage", "CallQuery", "CallRefused", "CallRow", "Caller", "CauseRow", "CommonCause", "Done",
    "Seen", "StepRow", "about_hit", "agents", "calls_page", "close", "commonest", "counts",
    "hand_on", "hit_of", "note_done", "note_found", "open_call", "open_message", "page",
    "suggested_caller", "total", "update_note", "week_of",
]  # fmt: skip

#: Every status in words, with one sign that needs no colour.
STATUS_WORDS: dict[str, tuple[str, Wording]] = {
    "open": ("o", say("Still open")),
    "handed_on": (">", say("Handed on")),
    "closed": ("+", say("Closed")),
}
#: How a list can be sorted: who has waited longest, or the latest call, first.
SORTS = ("waiting", "newest")
#: Causes that are told of a week.
MOST_COMMON = 10
LONGEST_NAME, LONGEST_CONTACT = 80, 120
#: Longest remarks, in characters (`models.kept_text`).
LONGEST_REMARKS = 2_000
_LONGEST_NAME, _LONGEST_CONTACT, _LONGEST_SEARCH = LONGEST_NAME, LONGEST_CONTACT, 200
_MOST_CAUSES, _MOST_STEPS, _MOST_WORDS = 40, 200, 8
_GREATEST_FASE = 99_999
#: The code of the step that begins a note which a message to the helpdesk has opened.
MESSAGE = "message"
_WORDS_SHOWN = 200


class CallNotFound(TrousseauError):
    """There is no such note, or the actor does not see it."""

    heading = N_("Not found")


class CallRefused(TrousseauError):
    """A step of a call that cannot be done as things stand."""


class CallChanged(CallRefused):
    """Somebody else has changed the note since it was read."""

    heading = N_("Changed meanwhile")


# --- what a call is about -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called, as the caller said it: the four search keys of DOMAIN §5."""

    surname: str = ""
    first_name: str = ""
    fase_number: int | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Whom or what a call is about, as far as it is known."""

    person_id: int | None = None
    school_id: int | None = None
    access_id: int | None = None


def about_hit(hit: Hit) -> About:
    """Return whom or what a result of the search stands for."""
    person = hit.id if hit.kind == "person" else hit.person_id
    school = hit.id if hit.kind == "school" else hit.school_id
    return About(person, school, hit.access_id)


def hit_of(session: ActorSession, call_id: int) -> Hit | None:
    """Return what a note is about as a result of the search, None where nothing is known.

    Raises `CallNotFound`.
    """
    known = page(session, call_id)
    about, found = known.about, say("Call")
    if about.person_id is not None:
        return Hit(
            "person", about.person_id, known.person, known.school, found,
            person_id=about.person_id, school_id=about.school_id, access_id=about.access_id,
        )  # fmt: skip
    if about.school_id is not None:
        return Hit("school", about.school_id, known.school, "", found, school_id=about.school_id)
    return None


def suggested_caller(session: ActorSession, about: About) -> Caller:
    """Return what the form of a note can begin with: the person and the school it is about."""
    _require_helpdesk(session)
    person = _row(session, Person, about.person_id)
    school = _row(session, School, about.school_id)
    return Caller(
        person.surname if person else "",
        person.first_name if person else "",
        school.fase_number if school else None,
    )


# --- the life of a note -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done: in words, and the plan or the mail that it led to.

    `code` is that of the remedy (`services.findings.Remedy`), "" where it was none.
    """

    sentence: Wording
    code: str = ""
    plan_id: int | None = None
    mail_id: int | None = None


def open_call(
    session: ActorSession,
    searched: str = "",
    caller: Caller | None = None,
    about: About | None = None,
    findings: Sequence[Finding] = (),
    remarks: str = "",
    by: str = "",
) -> int:
    """Open a note with what was searched and, where they are known, the causes; return its id.

    `by` is who opens it, the actor where it is nobody else. Raises `CallRefused` for a FASE
    number that is none and for what it is about that does not exist, `OutOfScope` for whoever is
    not the helpdesk.
    """
    _require_helpdesk(session)
    note = CallNote(
        **_of_caller(caller or Caller()),
        **_of_about(session, about or About()),
        searched=kept(searched, _LONGEST_SEARCH),
        remarks=kept(remarks),
        opened_at=session.at,
        opened_by=by or session.actor.name,
    )
    note.search_key = search_key_of(note)
    session.add(note)
    session.flush()
    assert note.id is not None
    _add_causes(session, note, findings)
    return note.id


@dataclass(frozen=True, slots=True)
class Seen:
    """Who called and the remarks, as whoever corrects them has read them."""

    caller: Caller
    remarks: str


def update_note(
    session: ActorSession,
    call_id: int,
    caller: Caller | None = None,
    about: About | None = None,
    remarks: str | None = None,
    seen: Seen | None = None,
) -> None:
    """Correct who called, what it is about, or the remarks of an open note; None leaves it.

    Raises `CallNotFound`, `CallRefused` like `open_call` or where the note is closed, and
    `CallChanged` where it is not any more as it was `seen`.
    """
    note = _open_note(session, call_id)
    _check_seen(note, seen)
    values: dict[str, Any] = {}
    if caller is not None:
        values |= _of_caller(caller)
    if about is not None:
        values |= _of_about(session, about)
    if remarks is not None:
        values["remarks"] = kept(remarks)
    for name, value in values.items():
        setattr(note, name, value)
    note.search_key = search_key_of(note)
    if about is not None:
        session.flush()
        change(
            session,
            CallCause,
            (col(CallCause.call_id) == call_id)
            & col(CallCause.school_id).is_distinct_from(note.school_id),
            school_id=note.school_id,
        )


def note_found(session: ActorSession, call_id: int, findings: Sequence[Finding]) -> int:
    """Add causes to an open note, the likeliest first; return how many are new to it.

    What was found before stays with its time, also once it is mended.
    """
    return _add_causes(session, _open_note(session, call_id), findings)


def note_done(session: ActorSession, call_id: int, done: Done, by: str = "") -> None:
    """Add to an open note what was done, by the actor where it was nobody else.

    Raises `CallRefused` for no such plan or mail.
    """
    _open_note(session, call_id)
    counted = select(func.count(col(CallStep.id))).where(col(CallStep.call_id) == call_id)
    if (session.scalar(counted) or 0) >= _MOST_STEPS:
        raise CallRefused(say("This note is full: close it and open another one."))
    for table, row_id in ((Plan, done.plan_id), (Mail, done.mail_id)):
        _existing(session, table, row_id)
    kind = "plan" if done.plan_id is not None else "mail" if done.mail_id is not None else "other"
    session.add(
        CallStep(
            call_id=call_id,
            kind=kind,
            code=clean(done.code, _LONGEST_NAME),
            plan_id=done.plan_id,
            mail_id=done.mail_id,
            sentence=_kept_wording(done.sentence).to_json(),
            done_at=session.at,
            done_by=by or session.actor.name,
        )
    )


def open_message(
    session: ActorSession,
    caller: Caller,
    about: About,
    findings: Sequence[Finding],
    words: str,
    mail_id: int,
    by: str,
) -> int:
    """Open the note of a message that somebody writes to the helpdesk; return its id.

    It waits on the list of calls until it is taken. The words are its remarks, the mail is its
    first step. Raises what `open_call` and `note_done` raise.
    """
    call_id = open_call(session, "", caller, about, findings, words, by)
    done = Done(say("Wrote to the helpdesk."), MESSAGE, mail_id=mail_id)
    note_done(session, call_id, done, by)
    return call_id


def _check_seen(note: CallNote, seen: Seen | None) -> None:
    if seen is not None and seen != Seen(_caller_of(note), note.remarks):
        raise CallChanged(
            say(
                "Somebody else has changed this note since you opened it: look at it (F5) "
                "before you save, or yours takes its place."
            )
        )


def _caller_of(note: CallNote) -> Caller:
    return Caller(note.surname, note.first_name, note.fase_number, note.contact)


def close(session: ActorSession, call_id: int, remarks: str | None = None) -> None:
    """Close an open note; raises `CallNotFound`, `CallRefused` where it is closed already."""
    _end_with(session, call_id, remarks, closed_at=session.at, closed_by=session.actor.name)


def hand_on(session: ActorSession, call_id: int, to: str, remarks: str | None = None) -> None:
    """Hand an open note on to somebody, in words or by the name of an account.

    It stays open, and waits for them. Whoever takes it hands it on to themselves.
    """
    name = squeeze(kept(to, _LONGEST_CONTACT))
    if not name:
        raise CallRefused(say("Say to whom the call is handed on."))
    _end_with(
        session,
        call_id,
        remarks,
        handed_at=session.at,
        handed_by=session.actor.name,
        handed_to=name,
    )


def _end_with(session: ActorSession, call_id: int, remarks: str | None, **facts: Any) -> None:
    note = _open_note(session, call_id)
    if remarks is not None:
        facts["remarks"] = kept(remarks)
    for name, value in facts.items():
        if name in ("remarks", "handed_to"):
            setattr(note, name, value)
    key = search_key_of(note)
    session.flush()
    still = (col(CallNote.id) == call_id) & col(CallNote.closed_at).is_(None)
    if change(session, CallNote, still, **facts, search_key=key) != 1:
        raise _closed()


def _open_note(session: ActorSession, call_id: int) -> CallNote:
    """Return an open note, held so that nobody closes it meanwhile."""
    _require_helpdesk(session)
    wanted = select(CallNote).where(col(CallNote.id) == call_id)
    if session.writes:
        wanted = wanted.with_for_update()
    note = session.scalars(wanted).one_or_none()
    if note is None:
        raise _not_found()
    if note.closed_at is not None:
        raise _closed()
    return note


def _not_found() -> CallNotFound:
    return CallNotFound(say("There is no such call."))


def _closed() -> CallRefused:
    return CallRefused(say("This call is closed: nothing can be added to it. Open another one."))


def _require_helpdesk(session: ActorSession) -> None:
    if not session.actor.sees_all:
        raise not_allowed()


def _of_caller(caller: Caller) -> dict[str, Any]:
    number = caller.fase_number
    if number is not None and not 1 <= number <= _GREATEST_FASE:
        raise CallRefused(say("A FASE number has one to five digits."))
    return {
        "surname": squeeze(kept(caller.surname, _LONGEST_NAME)),
        "first_name": squeeze(kept(caller.first_name, _LONGEST_NAME)),
        "fase_number": number,
        "contact": squeeze(kept(caller.contact, _LONGEST_CONTACT)),
    }


def _of_about(session: ActorSession, about: About) -> dict[str, Any]:
    tables: tuple[tuple[Any, int | None], ...] = (
        (Person, about.person_id),
        (School, about.school_id),
        (Access, about.access_id),
    )
    for table, row_id in tables:
        _existing(session, table, row_id)
    return {
        "person_id": about.person_id,
        "school_id": about.school_id,
        "access_id": about.access_id,
    }


def _existing(session: ActorSession, table: Any, row_id: int | None) -> None:
    if row_id is not None and _row(session, table, row_id) is None:
        raise CallRefused(say("What the call is about is not there any more: search again."))


def _row(session: ActorSession, table: Any, row_id: int | None) -> Any:
    if row_id is None:
        return None
    return session.scalars(select(table).where(table.id == row_id)).one_or_none()


def _add_causes(session: ActorSession, note: CallNote, findings: Sequence[Finding]) -> int:
    wanted = select(CallCause).where(col(CallCause.call_id) == note.id)
    known = {cause.code: cause.place for cause in session.scalars(wanted)}
    place, before = max(known.values(), default=-1), len(known)
    for finding in findings:
        code = clean(finding.cause, _LONGEST_NAME)
        if code in known or len(known) >= _MOST_CAUSES:
            continue
        place += 1
        known[code] = place
        session.add(
            CallCause(
                call_id=note.id or 0,
                school_id=note.school_id,
                code=code,
                place=place,
                sentence=_kept_wording(finding.sentence).to_json(),
                found_at=session.at,
            )
        )
    session.flush()
    return len(known) - before


def _kept_wording(wording: Wording) -> Wording:
    """Return a sentence whose values hold no token, and are not long without end."""
    values = {name: _kept_value(value) for name, value in wording.values.items()}
    return Wording(wording.message, values, wording.plural, wording.count)


def _kept_value(value: Any) -> Any:
    if isinstance(value, Wording):
        return _kept_wording(value)
    return kept(value, _LONGEST_SEARCH) if isinstance(value, str) else value


def agents(session: ActorSession) -> list[str]:
    """Return to whom a note can be handed on: the open accounts of the helpdesk, by address."""
    _require_helpdesk(session)
    roles = select(col(AccountRole.account_id)).where(
        col(AccountRole.role) == "helpdesk", ~happened(col(AccountRole.ended_at), session.at)
    )
    wanted = select(col(Account.email)).where(
        col(Account.id).in_(roles), col(Account.disabled_at).is_(None)
    )
    return [str(each) for each in session.scalars(wanted.order_by(col(Account.email)).limit(100))]


# --- looking ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallQuery:
    """Which notes, in which order.

    Each word of `text` must occur in who called, what was searched, or to whom it went.
    `status` is one of `models.calls.STATUS_CODES`, "undone" for all that are not closed, or
    None. `mine` are those that wait for the actor: handed on to them, or opened by them.
    """

    text: str = ""
    status: str | None = "undone"
    school_id: int | None = None
    mine: bool = False
    sort: str = SORTS[0]


@dataclass(frozen=True, slots=True)
class CallRow:
    """One note as lists show it; `cause` is the likeliest that was found, and its code.

    `words` are the first of a message that opened it, None where somebody called.
    """

    id: int
    status: str
    surname: str
    first_name: str
    fase_number: int | None
    contact: str
    searched: str
    opened_at: datetime
    opened_by: str
    handed_to: str
    school_id: int | None
    school: str
    code: str
    cause: Wording | None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class CauseRow:
    """A cause as it was found, in the words of then."""

    code: str
    sentence: Wording
    found_at: datetime


@dataclass(frozen=True, slots=True)
class StepRow:
    """Something that was done; `kind` is one of `models.calls.STEP_KINDS`."""

    kind: str
    code: str
    sentence: Wording
    plan_id: int | None
    mail_id: int | None
    done_at: datetime
    done_by: str


@dataclass(frozen=True, slots=True)
class CallPage:
    """All of one note. `person` and `school` are names, "" where none is known."""

    id: int
    status: str
    caller: Caller
    about: About
    person: str
    school: str
    searched: str
    remarks: str
    opened_at: datetime
    opened_by: str
    handed_at: datetime | None
    handed_by: str
    handed_to: str
    closed_at: datetime | None
    closed_by: str
    causes: tuple[CauseRow, ...]
    steps: tuple[StepRow, ...]

    @property
    def written(self) -> bool:
        """Whether a message to the helpdesk has opened it, and no call."""
        return any(step.code == MESSAGE for step in self.steps)


def page(session: ActorSession, call_id: int) -> CallPage:
    """Return one note; raises `CallNotFound`, for others than the helpdesk `OutOfScope`."""
    _require_helpdesk(session)
    note = _row(session, CallNote, call_id)
    if note is None:
        raise _not_found()
    person, school = _row(session, Person, note.person_id), _row(session, School, note.school_id)
    return CallPage(
        id=call_id,
        status=facts_of(note, session.at).status,
        caller=_caller_of(note),
        about=About(note.person_id, note.school_id, note.access_id),
        person=f"{person.first_name} {person.surname}".strip() if person else "",
        school=school.name if school else "",
        searched=note.searched,
        remarks=note.remarks,
        opened_at=note.opened_at,
        opened_by=note.opened_by,
        handed_at=note.handed_at,
        handed_by=note.handed_by,
        handed_to=note.handed_to,
        closed_at=note.closed_at,
        closed_by=note.closed_by,
        causes=tuple(_causes(session, call_id)),
        steps=tuple(_steps(session, call_id)),
    )


def _causes(session: ActorSession, call_id: int) -> Iterator[CauseRow]:
    wanted = select(CallCause).where(col(CallCause.call_id) == call_id)
    for row in session.scalars(wanted.order_by(col(CallCause.place), col(CallCause.id))):
        yield CauseRow(row.code, wording_from_json(row.sentence), row.found_at)


def _steps(session: ActorSession, call_id: int) -> Iterator[StepRow]:
    wanted = select(CallStep).where(col(CallStep.call_id) == call_id)
    for row in session.scalars(wanted.order_by(col(CallStep.id))):
        yield StepRow(
            row.kind,
            row.code,
            wording_from_json(row.sentence),
            row.plan_id,
            row.mail_id,
            row.done_at,
            row.done_by,
        )


def calls_page(
    session: ActorSession, query: CallQuery, offset: int, limit: int, *, count: bool = True
) -> Page[CallRow]:
    """Return a page of notes, at most `LONGEST_PAGE`; without `count` the total is not asked."""
    _require_helpdesk(session)
    likeliest = (
        select(func.min(col(CallCause.place)))
        .where(col(CallCause.call_id) == CallNote.id)
        .correlate(CallNote)
        .scalar_subquery()
    )
    first = (col(CallCause.call_id) == CallNote.id) & (col(CallCause.place) == likeliest)
    wanted = (
        select(  # type: ignore[call-overload]
            CallNote.id, CallColumns(session.at).status.label("status"), CallNote.surname,
            CallNote.first_name, CallNote.fase_number, CallNote.contact, CallNote.searched,
            CallNote.opened_at, CallNote.opened_by, CallNote.handed_to, CallNote.school_id,
            col(School.name).label("school"), CallCause.code, CallCause.sentence,
            func.substr(CallNote.remarks, 1, _WORDS_SHOWN).label("words"),
            _written().label("written"),
        )
        .outerjoin(School, col(School.id) == CallNote.school_id)
        .outerjoin(CallCause, first)
        .where(*_conditions(session, query))
        .order_by(*_order(query.sort))
        .offset(max(0, offset))
        .limit(max(0, min(limit, LONGEST_PAGE)))
    )  # fmt: skip
    rows = tuple(_call_row(row) for row in session.execute(wanted))
    return Page(rows, total(session, query) if count else None)


def _written() -> Any:
    """Ask whether a message has opened the note."""
    of_it = (col(CallStep.call_id) == CallNote.id) & (col(CallStep.code) == MESSAGE)
    return select(col(CallStep.id)).where(of_it).correlate(CallNote).exists()


def total(session: ActorSession, query: CallQuery) -> int:
    """Return how many notes a query finds."""
    _require_helpdesk(session)
    counted = select(func.count(col(CallNote.id))).where(*_conditions(session, query))
    return session.scalar(counted) or 0


def counts(session: ActorSession) -> dict[str, int]:
    """Return how many notes have each status, zeros too."""
    _require_helpdesk(session)
    status = CallColumns(session.at).status.label("its_status")
    rows = session.execute(select(status, func.count(col(CallNote.id))).group_by("its_status"))
    found = {code: int(number) for code, number in rows}
    return {code: found.get(code, 0) for code in STATUS_CODES}


def _conditions(session: ActorSession, query: CallQuery) -> Iterator[Any]:
    columns, actor = CallColumns(session.at), session.actor.name
    for word in clean(query.text, _LONGEST_SEARCH).split()[:_MOST_WORDS]:
        if key := name_key(word):
            yield col(CallNote.search_key).contains(key, autoescape=True)
    if query.status == "undone":
        # By the moment of asking a note is closed or not: the partial index holds the open ones.
        yield col(CallNote.closed_at).is_(None)
    elif query.status in STATUS_CODES:
        yield columns.has_status(query.status)
    if query.school_id is not None:
        yield col(CallNote.school_id) == query.school_id
    if query.mine:
        opened = (col(CallNote.opened_by) == actor) & (col(CallNote.handed_to) == "")
        yield or_(opened, col(CallNote.handed_to) == actor)


def _order(sort: str) -> tuple[Any, ...]:
    since, number = col(CallNote.opened_at), col(CallNote.id)
    if sort == "newest":
        return since.desc(), number.desc()
    return since, number


def _call_row(row: Any) -> CallRow:
    return CallRow(
        id=row.id,
        status=row.status,
        surname=row.surname,
        first_name=row.first_name,
        fase_number=row.fase_number,
        contact=row.contact,
        searched=row.searched,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        handed_to=row.handed_to,
        school_id=row.school_id,
        school=row.school or "",
        code=row.code or "",
        cause=None if row.sentence is None else wording_from_json(row.sentence),
        words=squeeze(row.words) if row.written else None,
    )


# --- the commonest causes -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommonCause:
    """A cause, in how many calls it was found, and in how many about which school.

    `schools` has (id, name, calls), the most first; (None, "", n) are calls about none.
    """

    code: str
    calls: int
    schools: tuple[tuple[int | None, str, int], ...]


def week_of(day: date, zone: str = DEFAULT_TIME_ZONE) -> tuple[datetime, datetime]:
    """Return when the week of a day begins, on Monday, and ends, exclusively."""
    monday = day - timedelta(days=day.weekday())
    begin, end = (
        datetime.combine(each, time(), ZoneInfo(zone)) for each in (monday, monday + _WEEK)
    )
    return begin, end


_WEEK = timedelta(days=7)


def commonest(
    session: ActorSession,
    day: date | None = None,
    school_id: int | None = None,
    limit: int = MOST_COMMON,
) -> list[CommonCause]:
    """Return the commonest causes of the week of `day`, this week's by default.

    With `school_id` those of the calls about one school. A cause counts once in each call.
    """
    _require_helpdesk(session)
    today = session.at.astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date()
    begin, end = week_of(day or today)
    wanted = (
        select(
            col(CallCause.code),
            col(CallCause.school_id),
            col(School.name),
            func.count(col(CallCause.id)),
        )
        .outerjoin(School, col(School.id) == col(CallCause.school_id))
        .where(col(CallCause.found_at) >= begin, col(CallCause.found_at) < end)
        .group_by(col(CallCause.code), col(CallCause.school_id), col(School.name))
    )
    if school_id is not None:
        wanted = wanted.where(col(CallCause.school_id) == school_id)
    totals: Counter[str] = Counter()
    schools: defaultdict[str, list[tuple[int | None, str, int]]] = defaultdict(list)
    for code, school, name, number in session.execute(wanted):
        totals[code] += number
        schools[code].append((school, name or "", number))
    ranked = sorted(totals, key=lambda code: (-totals[code], code))[: max(0, limit)]
    return [
        CommonCause(code, totals[code], tuple(sorted(schools[code], key=_by_number)))
        for code in ranked
    ]


def _by_number(school: tuple[int | None, str, int]) -> tuple[int, str, int]:
    return -school[2], school[1], school[0] or 0
