"""Who was present at which session, and who meets the requirements: all sessions (DOMAIN §3).

By hand one by one; from a file or the meeting's server, which `services.attendance_files` and
`services.meeting_reports` read, by a plan.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, Wording, say, say_n
from models.workshops import (
    ATTENDANCE_SOURCES,
    Workshop,
    WorkshopAttendance,
    WorkshopParticipant,
    WorkshopSession,
    facts_of,
)
from services import plans, workshops
from services.attendance_files import (
    WHOLE,
    AttendanceFile,
    AttendanceRow,
    Expected,
    MatchedFile,
    match,
)
from services.findings import Finding, Remedy
from services.workshop_rules import office, require_office
from services.workshops import find, live_participants, refused_step

PLAN_KIND = "workshop_attendance"
#: Sessions of one workshop at most: twelve hours hold no more.
MOST_SESSIONS = 24
#: Longer than this nobody was there: a day of minutes.
MOST_MINUTES = 1_440


class AttendanceRefused(TrousseauError):
    """What was given is no attendance of this workshop."""

    heading = N_("Attendance")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session of a workshop; both instants UTC."""

    id: int
    number: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of one participant at one session; `present` None for nothing yet."""

    present: bool | None = None
    minutes: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One participant: each session's presence in order, and the numbers of those missed.

    `met` is None while some session is not recorded and none is missed.
    """

    participant_id: int
    title: str
    surname: str
    first_name: str
    email: str
    sessions: tuple[Presence, ...]
    missed: tuple[int, ...]
    met: bool | None

    @property
    def finding(self) -> Finding | None:
        """Why the requirements are not met, None where they are or it is not known yet."""
        if self.met is not False:
            return None
        numbers = ", ".join(map(str, self.missed))
        return Finding(
            "session_missed",
            say(
                "Was not present at session %(numbers)s: the requirements are not met.",
                numbers=numbers,
            ),
            remedy=Remedy("correct_attendance", say("Correct the attendance")),
        )


def user_id_of(participant_id: int) -> str:
    """Return by what a meeting's server knows a participant, and names them afterwards."""
    return f"p{participant_id}"


# --- sessions -----------------------------------------------------------------------------


def sessions(session: ActorSession, workshop_id: int) -> tuple[SessionRow, ...]:
    """Return the sessions of a workshop, in order; none before it is accepted."""
    rows = session.scalars(
        select(WorkshopSession)
        .where(col(WorkshopSession.workshop_id) == workshop_id)
        .order_by(col(WorkshopSession.number))
    )
    return tuple(SessionRow(row.id or 0, row.number, row.starts_at, row.ends_at) for row in rows)


def set_sessions(
    session: ActorSession, workshop_id: int, times: Sequence[tuple[datetime, datetime]]
) -> None:
    """Replace the sessions of an accepted workshop; each from one instant to a later one.

    For the office; raises `AttendanceRefused` once attendance is recorded, or for sessions that
    overlap or lie outside the event.
    """
    workshop = recordable_workshop(session, workshop_id)
    if _recorded(session, workshop_id):
        raise AttendanceRefused(say("Attendance is recorded already: the sessions stay."))
    _check_times(workshop, times)
    for row in session.scalars(
        select(WorkshopSession).where(col(WorkshopSession.workshop_id) == workshop_id)
    ):
        session.delete(row)
    session.flush()
    session.add_all(
        WorkshopSession(
            workshop_id=workshop_id, school_id=workshop.school_id, number=number,
            starts_at=start, ends_at=end,
        )
        for number, (start, end) in enumerate(sorted(times), 1)
    )  # fmt: skip


def _check_times(workshop: Workshop, times: Sequence[tuple[datetime, datetime]]) -> None:
    if not 0 < len(times) <= MOST_SESSIONS:
        raise AttendanceRefused(say("Give 1 to %(most)s sessions.", most=MOST_SESSIONS))
    last = workshop.starts_at
    for start, end in sorted(times):
        if not last <= start < end <= workshop.ends_at:
            raise AttendanceRefused(say("The sessions lie within the event, one after the other."))
        last = end


def recordable_workshop(session: ActorSession, workshop_id: int) -> Workshop:
    """Return a workshop whose attendance this actor may record or correct at this moment.

    From its acceptance until it is invoiced. Raises `OutOfScope` for whoever is not the office,
    `StepRefused` before and after.
    """
    require_office(session)
    workshop = find(session, workshop_id)
    if facts_of(workshop, session.at).status not in ("accepted", "held", "attended"):
        raise refused_step(workshop, session.at)
    return workshop


# --- results ------------------------------------------------------------------------------


def results(session: ActorSession, workshop_id: int) -> list[Result]:
    """Return who was present at what, for those whom the actor sees, by name."""
    find(session, workshop_id)
    order = sessions(session, workshop_id)
    known = _recorded(session, workshop_id)
    return [
        _result(person, order, known.get(person.id or 0, {}))
        for person in live_participants(session, workshop_id)
    ]


def _recorded(session: ActorSession, workshop_id: int) -> dict[int, dict[int, WorkshopAttendance]]:
    """Return what is recorded, by participant and session."""
    found: dict[int, dict[int, WorkshopAttendance]] = defaultdict(dict)
    rows = session.scalars(
        select(WorkshopAttendance).where(col(WorkshopAttendance.workshop_id) == workshop_id)
    )
    for row in rows:
        found[row.participant_id][row.session_id] = row
    return found


def _result(
    person: WorkshopParticipant,
    order: Sequence[SessionRow],
    known: Mapping[int, WorkshopAttendance],
) -> Result:
    rows = [known.get(each.id) for each in order]
    shown = tuple(
        Presence(row.present, row.minutes, row.source) if row else Presence() for row in rows
    )
    missed = tuple(
        each.number
        for each, presence in zip(order, shown, strict=True)
        if presence.present is False
    )
    complete = bool(shown) and all(presence.present is not None for presence in shown)
    met = False if missed else (True if complete else None)
    return Result(
        person.id or 0, person.title, person.surname, person.first_name, person.email,
        shown, missed, met,
    )  # fmt: skip


def record(
    session: ActorSession,
    workshop_id: int,
    participant_id: int,
    number: int,
    present: bool | None,
    minutes: int | None = None,
) -> None:
    """Record by hand whether a participant was at the session of that number; None forgets it.

    For the office; raises `AttendanceRefused` for who or what is not of this workshop, or
    before a session has begun, `StepRefused` where the workshop is not accepted.
    """
    workshop = recordable_workshop(session, workshop_id)
    its = {each.number: each for each in sessions(session, workshop_id)}
    people = {person.id for person in live_participants(session, workshop_id)}
    if number not in its or participant_id not in people:
        raise AttendanceRefused(say("This is no participant or no session of this workshop."))
    if its[number].starts_at > session.at:
        raise AttendanceRefused(say("This session has not begun yet."))
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        raise AttendanceRefused(say("Minutes are 0 to %(most)s.", most=MOST_MINUTES))
    _write(session, workshop, its[number].id, participant_id, present, minutes)


def _write(
    session: ActorSession,
    workshop: Workshop,
    session_id: int,
    participant_id: int,
    present: bool | None,
    minutes: int | None,
) -> None:
    row = session.scalars(
        select(WorkshopAttendance)
        .where(
            col(WorkshopAttendance.session_id) == session_id,
            col(WorkshopAttendance.participant_id) == participant_id,
        )
        .with_for_update()
    ).one_or_none()
    if present is None:
        if row is not None:
            session.delete(row)
        return
    if row is None:
        assert workshop.id is not None
        row = WorkshopAttendance(
            workshop_id=workshop.id, school_id=workshop.school_id, session_id=session_id,
            participant_id=participant_id, present=present, source="hand", recorded_at=session.at,
        )  # fmt: skip
        session.add(row)
    row.present, row.minutes = present, minutes
    row.source, row.recorded_at = ATTENDANCE_SOURCES[0], session.at


# --- from a file --------------------------------------------------------------------------


def plan_attendance(
    session: ActorSession, workshop_id: int, found: AttendanceFile, source: str = "file"
) -> int:
    """Compute and store the plan that records what a file or server says; return its id.

    `found` is what a file or report was read into; whoever is not in it missed the sessions
    that it tells about. What was typed by hand stays, and is told. Where only minutes
    are known, whoever was there for the share of a session that the office has set was present.
    For the office; raises as `record` does, and so does applying the plan.
    """
    workshop = recordable_workshop(session, workshop_id)
    draft = plans.PlanDraft(
        PLAN_KIND,
        say("Attendance of “%(title)s”", title=workshop.title),
        workshop.school_id,
        request={"workshop": workshop_id, "source": source},
    )
    _Recording(session, workshop, source).into(draft, found)
    return plans.store(session, draft)


class _Recording:
    """Makes the items of a plan of what a file says of participants and sessions."""

    def __init__(self, session: ActorSession, workshop: Workshop, source: str) -> None:
        assert workshop.id is not None
        self.workshop, self.source = workshop, source
        people = live_participants(session, workshop.id)
        self.people = {user_id_of(person.id or 0): person for person in people}
        self.sessions = {each.number: each for each in sessions(session, workshop.id)}
        self.known = _recorded(session, workshop.id)
        self.share = office(session).rules.presence_percent
        self.done: set[tuple[int, int]] = set()

    def into(self, draft: plans.PlanDraft, found: AttendanceFile) -> None:
        expected = [
            Expected(key, person.surname, person.first_name, person.email)
            for key, person in self.people.items()
        ]
        matched = match(found, expected)
        for whom, row in sorted(matched.rows, key=_whole_last):
            self._row(draft, row, self.people[whom.user_id])
        self._missing(draft, matched)
        for notice in matched.notices:
            item = plans.Item(notice.level, "told", "", notice.text, line=notice.line)
            draft.items.append(item)
            draft.refused = draft.refused or notice.hard
        if not matched.rows:
            # Nobody at all is rather another workshop's list than a workshop that all missed.
            draft.refused = True
            text = say("The list names nobody of this workshop.")
            draft.items.append(plans.Item("error", "refused", "", text))

    def _missing(self, draft: plans.PlanDraft, matched: MatchedFile) -> None:
        """Record as absent who is not in a list that tells of a session."""
        named = {(whom.user_id, row.session) for whom, row in matched.rows}
        for key, person in self.people.items():
            for number in matched.sessions:
                if (key, number) not in named:
                    row = AttendanceRow(key, "", "", number, None, False, 0)
                    self._row(draft, row, person)

    def _row(self, draft: plans.PlanDraft, row: AttendanceRow, person: WorkshopParticipant) -> None:
        if row.session != WHOLE:
            if row.session in self.sessions:
                self._one(draft, row, person, self.sessions[row.session])
            else:
                self._tell(draft, row, "error", say("There is no session of this number."), person)
            return
        if self._present_throughout(row) is None:
            text = say("The file counts the whole event and not each session: decide by hand.")
            self._tell(draft, row, "warning", text, person)
            return
        for each in self.sessions.values():
            self._one(draft, row, person, each)

    def _present_throughout(self, row: AttendanceRow) -> bool | None:
        """Tell what a row about the whole event says of every session, None for nothing."""
        if row.present is False or (row.present is None and row.minutes == 0):
            return False
        if row.minutes is None:
            return row.present
        lengths = [each.ends_at - each.starts_at for each in self.sessions.values()]
        least = timedelta(minutes=row.minutes)
        # So long that no session can have been missed, whichever was left early.
        missing = sum(lengths, timedelta()) - least
        enough = all(missing <= length * (100 - self.share) / 100 for length in lengths)
        return True if enough else None

    def _one(
        self,
        draft: plans.PlanDraft,
        row: AttendanceRow,
        person: WorkshopParticipant,
        each: SessionRow,
    ) -> None:
        assert person.id is not None
        present = self._is_present(row, each)
        if present is None:
            self._tell(draft, row, "error", say("Neither presence nor minutes are given."), person)
            return
        if (person.id, each.id) in self.done:
            return  # a row of the session itself counts before one of the whole event
        self.done.add((person.id, each.id))
        minutes = row.minutes if row.session != WHOLE else None
        before = self.known.get(person.id, {}).get(each.id)
        if before is not None and before.source == "hand":
            self._stays(draft, row, person, each, before, present)
            return
        label = f"{person.surname} {person.first_name}"
        text = _said(each.number, present, minutes)
        item = plans.Item("information", "record", label, text, line=row.line)
        item.changes = [self._change(draft, person.id, each.id, before, present, minutes)]
        draft.items.append(item)

    def _is_present(self, row: AttendanceRow, each: SessionRow) -> bool | None:
        if row.session == WHOLE:
            return self._present_throughout(row)
        if row.present is not None or row.minutes is None:
            return row.present
        length = (each.ends_at - each.starts_at).total_seconds() / 60
        return row.minutes * 100 >= length * self.share

    def _stays(
        self,
        draft: plans.PlanDraft,
        row: AttendanceRow,
        person: WorkshopParticipant,
        each: SessionRow,
        before: WorkshopAttendance,
        present: bool,
    ) -> None:
        if before.present != present:
            text = say(
                "Session %(number)s: typed by hand otherwise, which stays.", number=each.number
            )
            self._tell(draft, row, "warning", text, person)

    def _change(
        self,
        draft: plans.PlanDraft,
        participant_id: int,
        session_id: int,
        before: WorkshopAttendance | None,
        present: bool,
        minutes: int | None,
    ) -> list[Any]:
        after = {
            "present": present,
            "minutes": minutes,
            "source": self.source,
            "recorded_at": plans.NOW,
        }
        if before is not None and before.id is not None:
            held = {name: getattr(before, name) for name in after}
            return list(plans.update_change("workshop_attendance", before.id, held, after))
        return draft.insert(
            "workshop_attendance",
            workshop_id=self.workshop.id,
            school_id=self.workshop.school_id,
            session_id=session_id,
            participant_id=participant_id,
            **after,
        )

    @staticmethod
    def _tell(
        draft: plans.PlanDraft,
        row: AttendanceRow,
        level: str,
        text: Wording,
        person: WorkshopParticipant,
    ) -> None:
        label = f"{person.surname} {person.first_name}"
        draft.items.append(plans.Item(level, "told", label, text, line=row.line))


def _whole_last(pair: tuple[Expected, AttendanceRow]) -> bool:
    return pair[1].session == WHOLE


def _said(number: int, present: bool, minutes: int | None) -> Wording:
    if minutes is not None:
        if present:
            return say(
                "Session %(number)s: present, %(minutes)s min.", number=number, minutes=minutes
            )
        return say("Session %(number)s: absent, %(minutes)s min.", number=number, minutes=minutes)
    if present:
        return say("Session %(number)s: present.", number=number)
    return say("Session %(number)s: absent.", number=number)


# --- complete -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Completed:
    """What an attendance list says once it is complete."""

    met: int
    people: int


def not_recorded(unknown: Sequence[Result]) -> Wording:
    """Return who keeps a list from being complete; `unknown` is not empty."""
    return say_n(
        "%(count)s participant is not recorded at every session yet: %(name)s.",
        "%(count)s participants are not recorded at every session yet, %(name)s for instance.",
        len(unknown),
        name=f"{unknown[0].first_name} {unknown[0].surname}",
    )


def complete(session: ActorSession, workshop_id: int) -> Completed:
    """Declare the attendance list of a workshop that is over complete; its contact is told.

    Raises `AttendanceRefused` while somebody's presence is not recorded and not missed,
    `StepRefused` where the workshop is not over. For the office.
    """
    require_office(session)
    found = results(session, workshop_id)
    unknown = [each for each in found if each.met is None]
    if unknown:
        raise AttendanceRefused(not_recorded(unknown))
    met = sum(bool(each.met) for each in found)
    workshops.complete_attendance(session, workshop_id, met, len(found))
    return Completed(met, len(found))
