"""Who takes part in a workshop: typed one by one, or pasted or read from a file by a plan.

Until registration closes the school that asks changes its participants itself; afterwards the
change is a message to the professional-development contact, made ready here (DOMAIN §3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from models.addresses import AddressError, address_key, likely_typing_error, parse_address
from models.database import ActorSession, change
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.schools import School
from models.text import clean, name_key, squeeze
from models.workshop_dates import local_day
from models.workshops import OPEN, Workshop, WorkshopParticipant, WorkshopSchool, facts_of
from services import plans, workshop_letters
from services.attention import known_domains
from services.exports import csv_text
from services.findings import Evidence, Finding, Remedy
from services.imports.cells import split_name
from services.imports.files import open_source
from services.imports.tables import open_table
from services.workshop_rules import is_office, office, require_requester
from services.workshops import find, live_participants, refused_step, zone_of

#: Longest title and names, in characters.
LONGEST_TITLE, LONGEST_NAME = 20, 80
#: Longest description of a change that is asked for.
LONGEST_CHANGE = 500
#: More rows than this are no list of participants.
MOST_ROWS = 1_000
PLAN_KIND = "workshop_participants"


class ParticipantRefused(TrousseauError):
    """What was given is no participant, or comes when nothing may be changed any more."""

    heading = N_("Participants")


@dataclass(frozen=True, slots=True)
class Entry:
    """A participant as typed. `fase_number` names a further school, None the one that asks."""

    title: str
    surname: str
    first_name: str
    email: str
    fase_number: int | None = None


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """A participant as lists show one; `hint` is the address that was probably meant."""

    id: int
    title: str
    surname: str
    first_name: str
    email: str
    fase_number: int | None
    changed: bool
    hint: str | None

    @property
    def finding(self) -> Finding | None:
        return _mistyped(self.email, self.hint)


def _mistyped(email: str, hint: str | None) -> Finding | None:
    if hint is None:
        return None
    return Finding(
        "typing_error",
        say("%(address)s looks mistyped: is %(better)s meant?", address=email, better=hint),
        (Evidence(say("Address given"), email),),
        Remedy("correct_participant", say("Correct the address")),
    )


def listed(session: ActorSession, workshop_id: int) -> list[ParticipantRow]:
    """Return the participants of a workshop whom the actor sees, by name."""
    workshop = find(session, workshop_id)
    domains = known_domains(session, workshop.school_id)
    places = _places(session, workshop_id)
    return [_row(each, places, domains) for each in live_participants(session, workshop_id)]


def _row(
    person: WorkshopParticipant, places: Mapping[int, int], domains: frozenset[str]
) -> ParticipantRow:
    return ParticipantRow(
        person.id or 0,
        person.title,
        person.surname,
        person.first_name,
        person.email,
        places.get(person.place_id) if person.place_id else None,
        person.changed_at is not None,
        likely_typing_error(person.email, domains),
    )


def _places(session: ActorSession, workshop_id: int) -> dict[int, int]:
    """Return the FASE number of each further school by the id of its place."""
    rows = session.scalars(
        select(WorkshopSchool).where(col(WorkshopSchool.workshop_id) == workshop_id)
    )
    return {row.id or 0: row.fase_number for row in rows}


def checked(entry: Entry) -> Entry:
    """Return a participant with every value brought into its form.

    Raises `ParticipantRefused` for a name that is none, or what is not one address.
    """
    try:
        email = parse_address(entry.email)
    except AddressError as error:
        raise ParticipantRefused(error.wording) from None
    surname, first_name = _checked_name(entry.surname), _checked_name(entry.first_name)
    title = squeeze(clean(entry.title, LONGEST_TITLE))
    return Entry(title, surname, first_name, email, entry.fase_number)


def _checked_name(text: str) -> str:
    name = squeeze(clean(text))
    if not any(map(str.isalpha, name)):
        raise ParticipantRefused(say("A participant needs a surname and a first name."))
    if len(name) > LONGEST_NAME:
        raise ParticipantRefused(
            say("A name has at most %(limit)s characters.", limit=LONGEST_NAME)
        )
    return name


# --- one by one ---------------------------------------------------------------------------


def add(session: ActorSession, workshop_id: int, entry: Entry) -> int:
    """Enter a participant and return its id; one of an accepted workshop is told by mail.

    Raises `ParticipantRefused` where the entry is wrong, the address is there already or
    registration has closed, `OutOfScope` for whoever may not enter anybody.
    """
    workshop = open_workshop(session, workshop_id)
    right = checked(entry)
    _refuse_second(session, workshop_id, right.email)
    person = WorkshopParticipant(
        workshop_id=workshop_id,
        school_id=workshop.school_id,
        added_at=session.at,
        **_columns(session, workshop_id, right),
    )
    session.add(person)
    session.flush()
    _invite(session, workshop, person)
    assert person.id is not None
    return person.id


def correct(session: ActorSession, participant_id: int, entry: Entry) -> None:
    """Change a participant's title, name, address or school.

    Where the address is another, both are told by mail. Raises what `add` does.
    """
    person = _participant(session, participant_id)
    workshop = open_workshop(session, person.workshop_id)
    right = checked(entry)
    moved = address_key(right.email) != person.email_key
    if moved:
        _refuse_second(session, person.workshop_id, right.email)
        _tell_withdrawn(session, workshop, person)
    live = (col(WorkshopParticipant.id) == participant_id) & _LIVE
    values = _columns(session, person.workshop_id, right)
    if not change(session, WorkshopParticipant, live, **values, changed_at=session.at):
        raise ParticipantRefused(say("This participant has just been withdrawn."))
    if moved:
        session.refresh(person)
        _invite(session, workshop, person)


def withdraw(session: ActorSession, participant_id: int) -> None:
    """Withdraw a participant, who is told where the workshop was accepted. Raises as `add`."""
    person = _participant(session, participant_id)
    workshop = open_workshop(session, person.workshop_id)
    live = (col(WorkshopParticipant.id) == participant_id) & _LIVE
    if not change(session, WorkshopParticipant, live, withdrawn_at=session.at):
        raise ParticipantRefused(say("This participant has just been withdrawn."))
    _tell_withdrawn(session, workshop, person)


def _tell_withdrawn(session: ActorSession, workshop: Workshop, person: WorkshopParticipant) -> None:
    if workshop.accepted_at is not None:
        workshop_letters.tell_participants(session, workshop, [person], "withdrawn")


_LIVE = col(WorkshopParticipant.withdrawn_at).is_(None)


def _invite(session: ActorSession, workshop: Workshop, person: WorkshopParticipant) -> None:
    if workshop.accepted_at is not None:
        workshop_letters.tell_participants(session, workshop, [person], "invited")


def _participant(session: ActorSession, participant_id: int) -> WorkshopParticipant:
    mine = select(WorkshopParticipant).where(col(WorkshopParticipant.id) == participant_id)
    found = session.scalars(mine.where(_LIVE)).one_or_none()
    if found is None:
        raise ParticipantRefused(say("There is no such participant."))
    return found


def _columns(session: ActorSession, workshop_id: int, entry: Entry) -> dict[str, Any]:
    return _columns_at(entry, _place(session, workshop_id, entry.fase_number))


def _columns_at(entry: Entry, place_id: int | None) -> dict[str, Any]:
    return {
        "place_id": place_id,
        "title": entry.title,
        "surname": entry.surname,
        "first_name": entry.first_name,
        "surname_key": name_key(entry.surname),
        "first_name_key": name_key(entry.first_name),
        "email": entry.email,
        "email_key": address_key(entry.email),
    }


def _place(session: ActorSession, workshop_id: int, number: int | None) -> int | None:
    found = {fase: place for place, fase in _places(session, workshop_id).items()}
    return _find_place(found, number)


def _find_place(places: Mapping[int, int], number: int | None) -> int | None:
    """Return the place of the further school with this number, None for the one that asks."""
    if number is not None and number not in places:
        raise ParticipantRefused(
            say("School %(number)s is none of this request’s further schools.", number=number)
        )
    return None if number is None else places[number]


def _refuse_second(session: ActorSession, workshop_id: int, email: str) -> None:
    same = select(func.count(col(WorkshopParticipant.id))).where(
        col(WorkshopParticipant.workshop_id) == workshop_id,
        col(WorkshopParticipant.email_key) == address_key(email),
        _LIVE,
    )
    if session.scalar(same):
        raise ParticipantRefused(
            say("%(address)s is entered already: each participant has their own.", address=email)
        )


# --- until when ---------------------------------------------------------------------------


def is_open(session: ActorSession, workshop: Workshop) -> bool:
    """Tell whether the school can still change its participants itself.

    Until the end of the registration deadline's day in the school's zone.
    """
    return local_day(session.at, zone_of(session, workshop)) <= workshop.registration_until


def open_workshop(session: ActorSession, workshop_id: int) -> Workshop:
    """Return a workshop whose participants this actor may change at this moment.

    Raises `StepRefused` where it has ended, `ParticipantRefused` for a further school and, save
    for the office, once registration has closed; `OutOfScope` for whoever may not ask.
    """
    require_requester(session)
    workshop = find(session, workshop_id)
    if facts_of(workshop, session.at).status not in OPEN:
        raise refused_step(workshop, session.at)
    schools = session.actor.schools
    if schools is not None and workshop.school_id not in schools:
        raise ParticipantRefused(say("The school that asked for this workshop enters them."))
    if not is_open(session, workshop) and not is_office(session):
        raise ParticipantRefused(
            say(
                "Registration closed on %(day)s: send the change as a message.",
                day=workshop.registration_until,
            )
        )
    return workshop


@dataclass(frozen=True, slots=True)
class LateMessage:
    """A change after the registration deadline, ready to send."""

    recipient: str
    subject: str
    lines: tuple[str, ...]


def late_change(
    session: ActorSession, workshop_id: int, text: str, language: str = "fr"
) -> LateMessage:
    """Return the message that asks the workshop office for a change, as it would be sent.

    `text` says which change. Raises `ParticipantRefused` where there is nobody to ask.
    """
    workshop, to = find(session, workshop_id), office(session)
    if not to.email:
        raise ParticipantRefused(say("The workshop office has given no address. Call it."))
    said = squeeze(clean(text, LONGEST_CHANGE))
    if not said:
        raise ParticipantRefused(say("Say what is to be changed."))
    words = workshop_letters.letter_in_words(
        workshop, "late_change", to.name, language, change=said
    )
    lines = (words["what"], *words["facts"].split("\n"), words["then"])
    return LateMessage(to.email, words["subject"], lines)


def send_late_change(session: ActorSession, workshop_id: int, text: str) -> None:
    """Queue the message of `late_change` for the workshop office. Raises as it does."""
    require_requester(session)
    late_change(session, workshop_id, text)
    workshop, to = find(session, workshop_id), office(session)
    said = squeeze(clean(text, LONGEST_CHANGE))
    workshop_letters.tell_office(session, workshop, "late_change", to.name, to.email, change=said)


# --- many at once -------------------------------------------------------------------------

#: By which words a column is recognised.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "email": ("mail", "courriel", "adresseelectronique"),
    "first_name": ("prenom", "firstname", "givenname"),
    "surname": ("nom", "surname", "lastname", "familyname", "nomdefamille"),
    "name": ("nometprenom", "nomprenom", "name", "fullname", "participant"),
    "title": ("titre", "title", "civilite"),
    "school": ("fase", "nfase", "numerofase", "ecole", "etablissement", "school"),
}


def plan_participants(
    session: ActorSession, workshop_id: int, content: bytes | str, name: str = ""
) -> int:
    """Compute and store the plan that enters the participants of a list; return its id.

    `content` is what was pasted from a spreadsheet (tab, semicolon or comma, with or without
    headings), or a CSV file or workbook. A row that is refused says why, an address that looks
    mistyped or is entered already is told; the rest comes in. Raises as `add` does, and so
    does applying the plan: what was computed in time may come too late.
    """
    workshop = open_workshop(session, workshop_id)
    data = content.encode() if isinstance(content, str) else content
    reading = _Reading(session, workshop)
    draft = plans.PlanDraft(
        PLAN_KIND,
        say("Participants of “%(title)s”", title=workshop.title),
        workshop.school_id,
        request={"workshop": workshop_id},
    )
    reading.into(draft, data, name)
    draft.summary = {"workshop": workshop_id, "rows": reading.rows}
    return plans.store(session, draft)


class _Reading:
    """Reads a list into the items of a plan."""

    def __init__(self, session: ActorSession, workshop: Workshop) -> None:
        self.session, self.workshop = session, workshop
        assert workshop.id is not None
        self.domains = known_domains(session, workshop.school_id)
        self.places = {n: place for place, n in _places(session, workshop.id).items()}
        people = live_participants(session, workshop.id)
        self.seen = {person.email_key for person in people}
        own = select(col(School.fase_number)).where(col(School.id) == workshop.school_id)
        self.own_number = session.scalar(own)
        self.rows = 0
        self.guard = plans.guard(
            "workshop",
            workshop.id,
            # Who comes in before the acceptance is told by it, and after it by the plan.
            accepted_at=workshop.accepted_at,
            cancelled_at=workshop.cancelled_at,
            registration_until=workshop.registration_until,
        )

    def into(self, draft: plans.PlanDraft, data: bytes, name: str) -> None:
        source = open_source(data, name=name or "-")
        files = source.files
        table = open_table(source, files[0]) if len(files) == 1 else None
        if table is not None:
            self._read(draft, table.columns, table.header_line, table.rows)
        for notice in source.notices.all():
            level = "error" if notice.level == "error" else "warning"
            draft.items.append(
                plans.Item(level, "told", "", notice.text, file=notice.file, line=notice.line)
            )
            draft.refused = draft.refused or notice.hard
        if not self.rows and not draft.items:
            self._tell(draft, "error", "refused", say("There is no row in this list."), 0)

    def _read(
        self, draft: plans.PlanDraft, header: list[str], line: int, rows: Iterator[Any]
    ) -> None:
        at = _columns_of(header)
        if not at:
            # No headings: what stands first is the first participant.
            at = _guessed(header)
            self._row(draft, line, at, header)
        if "email" not in at:
            text = say("No column holds e-mail addresses: each participant needs one.")
            draft.refused = True
            self._tell(draft, "error", "refused", text, line)
            return
        for number, cells in rows:
            if self.rows >= MOST_ROWS:
                text = say(
                    "At most %(most)s participants at once; the rest is left.", most=MOST_ROWS
                )
                self._tell(draft, "error", "refused", text, number)
                return
            self._row(draft, number, at, cells)

    def _row(
        self, draft: plans.PlanDraft, line: int, at: Mapping[str, int], cells: list[str]
    ) -> None:
        if not any(cell.strip() for cell in cells):
            return
        self.rows += 1
        try:
            entry = checked(self._entry(at, cells))
            _find_place(self.places, entry.fase_number)
        except ParticipantRefused as error:
            shown = " ".join(cell for cell in cells if cell)
            self._tell(draft, "error", "refused", error.wording, line, shown)
            return
        key = address_key(entry.email)
        if key in self.seen:
            text = say("%(address)s is entered already: left as it is.", address=entry.email)
            self._tell(draft, "warning", "known", text, line, entry.email)
            return
        self.seen.add(key)
        self._enter(draft, entry, line)

    def _entry(self, at: Mapping[str, int], cells: list[str]) -> Entry:
        def cell(name: str) -> str:
            place = at.get(name, -1)
            return cells[place].strip() if 0 <= place < len(cells) else ""

        surname, first_name = cell("surname"), cell("first_name")
        if "name" in at and not (surname and first_name):
            surname, first_name = split_name(cell("name"))
        return Entry(
            cell("title"), surname, first_name, cell("email"), self._number(cell("school"))
        )

    def _number(self, text: str) -> int | None:
        """Return the further school that a cell names; the one that asks is none."""
        if not (text.isascii() and text.isdigit() and len(text) <= 5):
            return None
        number = int(text)
        return None if number == self.own_number else number

    def _enter(self, draft: plans.PlanDraft, entry: Entry, line: int) -> None:
        meant = likely_typing_error(entry.email, self.domains)
        level, text = "information", say("Will be entered.")
        if meant is not None:
            level = "warning"
            text = say(
                "%(address)s looks mistyped: is %(better)s meant?",
                address=entry.email,
                better=meant,
            )
        label = f"{entry.surname} {entry.first_name}"
        item = plans.Item(level, "enter", label, text, line=line)
        item.school_id = self.workshop.school_id
        item.changes = [draft.insert("workshop_participant", **self._values(entry)), self.guard]
        if self.workshop.accepted_at is not None:
            item.changes.append(draft.insert("mail", **self._letter(entry)))
        draft.items.append(item)

    def _values(self, entry: Entry) -> dict[str, Any]:
        return {
            "workshop_id": self.workshop.id,
            "school_id": self.workshop.school_id,
            **_columns_at(entry, _find_place(self.places, entry.fase_number)),
            "added_at": plans.NOW,
        }

    def _letter(self, entry: Entry) -> dict[str, Any]:
        to = workshop_letters.reader(entry, self.workshop.contact_language)
        values = workshop_letters.mail_values(self.workshop, "invited", to, self.session.at)
        expires = plans.now_plus(workshop_letters.TRIED_FOR.total_seconds())
        moments = {"queued_at": plans.NOW, "next_attempt_at": plans.NOW, "expires_at": expires}
        return {**values, **moments, "generation": 1, "attempts": 0, "reply": ""}

    @staticmethod
    def _tell(
        draft: plans.PlanDraft, level: str, action: str, text: Wording, line: int, label: str = ""
    ) -> None:
        draft.items.append(plans.Item(level, action, label, text, line=line))


def _columns_of(header: list[str]) -> dict[str, int]:
    """Return which column holds what, by its heading; nothing where these are no headings."""
    if any("@" in cell for cell in header):
        return {}
    found: dict[str, int] = {}
    for place, cell in enumerate(header):
        key = name_key(cell)
        for field, words in _COLUMNS.items():
            exact = key in words or (field == "email" and any(word in key for word in words))
            if exact and field not in found:
                found[field] = place
    return found


def _guessed(cells: list[str]) -> dict[str, int]:
    """Return which column holds what where no headings stand: by what is in the first row."""
    email = next((place for place, cell in enumerate(cells) if "@" in cell), None)
    if email is None:
        return {}
    others = [place for place, cell in enumerate(cells) if place != email and cell.strip()]
    found = {"email": email}
    numbers = [place for place in others if cells[place].strip().isdigit()]
    if numbers:
        found["school"] = numbers[0]
        others.remove(numbers[0])
    if len(others) == 1:
        return {**found, "name": others[0]}
    if len(others) >= 3:
        found["title"] = others.pop(0)
    return {**found, "surname": others[0], "first_name": others[1]} if others else found


# --- going out ----------------------------------------------------------------------------


def as_csv(session: ActorSession, workshop_id: int, headings: tuple[str, ...]) -> str:
    """Return the participants as CSV under five headings: title, surname, first name, e-mail,
    FASE number of a further school."""
    rows = listed(session, workshop_id)
    return csv_text(
        headings, [(r.title, r.surname, r.first_name, r.email, r.fase_number) for r in rows]
    )
