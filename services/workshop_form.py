"""The form that asks for a workshop: what each field must hold, told beside it while typing.

`place` reads once what the form depends on; `check` is then a plain function of what is typed,
quick enough for each key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from models.addresses import AddressError, likely_typing_error, parse_address
from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, Wording, current_language, say
from models.public_holidays import public_holidays
from models.schools import School
from models.text import clean, squeeze
from models.workshop_dates import (
    EARLIEST,
    LATEST,
    VIRTUAL,
    Break,
    DateCheck,
    DayNote,
    DayShown,
    Event,
    WorkshopPlan,
    WorkshopRules,
    backward_plan,
    check_date,
    day_notes,
    delivery_type,
    second_day,
    shown_in,
    time_problems,
)
from models.workshops import CATEGORIES, LANGUAGES, PROGRAMMES
from services import school_holidays
from services.attention import known_domains
from services.workshop_rules import Office, office

#: The fields, in their order on the form.
FIELDS = (
    "programme", "category", "title", "language", "delivery_type", "first_day", "begins",
    "ends", "time_zone", "people", "further_schools", "support_name", "support_contact",
    "contact_name", "contact_email", "remarks",
)  # fmt: skip
#: The longest that each may be, in characters.
LONGEST = dict.fromkeys(FIELDS, 100) | {"title": 200, "remarks": 1000, "contact_email": 254}
#: More people than this in one workshop are a slip of the hand.
MOST_PEOPLE = 500
#: Further schools of one request.
MOST_SCHOOLS = 30

CATEGORY_LABELS: dict[int, Wording] = {
    1: say("Category 1: new to the IB"),
    2: say("Category 2: delivery"),
    3: say("Category 3: specialised"),
}
LANGUAGE_LABELS: dict[str, Wording] = {
    "en": say("English"),
    "fr": say("French"),
    "es": say("Spanish"),
}

_DAY = timedelta(days=1)
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_CLOCK = re.compile(r"(\d{1,2})(?:\s*[:hH.]\s*(\d{2})?)?")
_NUMBER = re.compile(r"\d{1,5}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")


class FormRefused(TrousseauError):
    """The form holds what can't be sent; `check` says it field by field."""

    heading = N_("The request is not complete")

    def __init__(self, wording: Wording, check: "FormCheck | None" = None) -> None:
        super().__init__(wording)
        self.check = check


@dataclass(frozen=True, slots=True)
class FormPlace:
    """What the form of one school depends on; `breaks` are the days without school there."""

    school_id: int
    school: str
    fase_number: int | None
    zone: ZoneInfo
    language: str
    office: Office
    breaks: tuple[Break, ...] = ()
    domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FieldMessage:
    """What stands beside a field. An error keeps the form from being sent."""

    field: str
    level: Literal["error", "warning"]
    sentence: Wording


@dataclass(frozen=True, slots=True)
class Request:
    """A form whose every field is right. `school_day` is the first day in the school's zone."""

    programme: str
    category: int
    title: str
    language: str
    delivery_type: str
    event: Event
    school_day: date
    people: int
    further_schools: tuple[int, ...]
    support_name: str
    support_contact: str
    contact_name: str
    contact_email: str
    remarks: str


@dataclass(frozen=True, slots=True)
class FormCheck:
    """What is to be said of a form as it is typed.

    `date_check` and `plan` are there once the first day is one, `shown` (the hours in the school's
    zone) once the hours are, `request` once everything is.
    """

    messages: tuple[FieldMessage, ...]
    second_day: date | None = None
    date_check: DateCheck | None = None
    plan: WorkshopPlan | None = None
    notes: tuple[DayNote, ...] = ()
    shown: tuple[DayShown, ...] = ()
    request: Request | None = None

    @property
    def late(self) -> bool:
        """Whether the requester must confirm that the request may be delayed or refused."""
        return self.date_check is not None and self.date_check.verdict == "late"

    def beside(self, name: str) -> tuple[FieldMessage, ...]:
        """Return the messages of one field, errors first."""
        mine = [message for message in self.messages if message.field == name]
        return tuple(sorted(mine, key=lambda message: message.level))


def place(session: ActorSession, school_id: int) -> FormPlace:
    """Return what the form of a school depends on; raises `FormRefused` where it isn't theirs."""
    school = session.scalars(select(School).where(col(School.id) == school_id)).one_or_none()
    if school is None:
        raise FormRefused(say("This school is not one of yours."))
    return FormPlace(
        school_id,
        school.name,
        school.fase_number,
        ZoneInfo(school.time_zone),
        school.language,
        office(session),
        breaks_of(session, school.calendar_id),
        known_domains(session, school_id),
    )


def breaks_of(session: ActorSession, calendar_id: int) -> tuple[Break, ...]:
    """Return the days without school of a calendar, named in the current language if known.

    Those that were read in, and the summer between two school years, which the days of the
    years themselves give.
    """
    return tuple(
        Break(row.name, row.first_day, row.last_day)
        for row in school_holidays.with_summers(session, calendar_id)
    )


def empty(at_place: FormPlace) -> dict[str, str]:
    """Return the values that a new form begins with."""
    begun = {"delivery_type": VIRTUAL, "begins": "09:00", "ends": "16:00"}
    begun["time_zone"] = at_place.zone.key
    return {name: begun.get(name, "") for name in FIELDS}


def day_from(text: str) -> date | None:
    """Return the date that `15/03/2027`, `15.3.2027` or `2027-03-15` names, None for none."""
    text = text.strip()
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, found.groups())
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, found.groups())
    else:
        return None
    try:
        named = date(year, month, day)
    except ValueError:
        return None
    return named if EARLIEST <= named <= LATEST else None


def time_from(text: str) -> time | None:
    """Return the time of day that `9`, `9h`, `9:30` or `09h30` names, None for none."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def zone_from(text: str) -> ZoneInfo | None:
    """Return the time zone of that name, None where there is none."""
    text = text.strip()
    if len(text) > LONGEST["time_zone"] or not _ZONE.fullmatch(text):
        return None
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return None


# --- checking -----------------------------------------------------------------------------


def check(values: Mapping[str, str], at_place: FormPlace, at: datetime) -> FormCheck:
    """Return what is to be said of a form typed at `at` (an aware instant).

    `values` are texts as typed, by the names of `FIELDS`; a missing one is empty.
    """
    return _Checking(values, at_place, at).result()


@dataclass
class _Checking:
    """One check of a form: collects messages, and the values that are right."""

    values: Mapping[str, str]
    place: FormPlace
    at: datetime
    messages: list[FieldMessage] = field(default_factory=list)

    def result(self) -> FormCheck:
        programme = self._choice("programme", PROGRAMMES)
        category = self._choice("category", tuple(map(str, CATEGORIES)))
        language = self._choice("language", LANGUAGES)
        texts = {
            name: self._text(name)
            for name in ("title", "support_name", "support_contact", "contact_name")
        }
        remarks = self._text("remarks", needed=False)
        delivery, people = self._delivery(), self._people()
        schools = self._schools()
        contact_email = self._contact_email()
        self._support(texts["support_contact"])
        event, first_day = self._event()
        school_day = event.first_day_in(self.place.zone) if event else first_day
        found = check_date(school_day, self.at, self.place.zone, self.rules) if school_day else None
        if (
            found and event and event.starts_at <= self.at
        ):  # by its hours, too, and not its day alone
            found = replace(found, verdict="past")
        self._date(found)
        request = None
        if event and school_day and not self._refused:
            request = Request(
                programme, int(category), texts["title"], language, delivery, event, school_day,
                people, schools, texts["support_name"], texts["support_contact"],
                texts["contact_name"], contact_email, remarks,
            )  # fmt: skip
        notes = self._notes(school_day)
        return FormCheck(
            tuple(self.messages),
            found.second_day if found else None,
            found,
            backward_plan(school_day, self.rules) if school_day else None,
            notes,
            shown_in(event, self.place.zone) if event else (),
            request,
        )

    @property
    def rules(self) -> WorkshopRules:
        return self.place.office.rules

    @property
    def _refused(self) -> bool:
        return any(message.level == "error" for message in self.messages)

    def _error(self, name: str, sentence: Wording) -> None:
        self.messages.append(FieldMessage(name, "error", sentence))

    def _warn(self, name: str, sentence: Wording) -> None:
        self.messages.append(FieldMessage(name, "warning", sentence))

    def _typed(self, name: str) -> str:
        return squeeze(clean(self.values.get(name, "")))

    def _text(self, name: str, *, needed: bool = True) -> str:
        text = self._typed(name)
        if needed and not text:
            self._error(name, say("This is needed."))
        elif len(text) > LONGEST[name]:
            self._error(name, say("At most %(limit)s characters.", limit=LONGEST[name]))
        return text

    def _choice(self, name: str, choices: tuple[str, ...]) -> str:
        text = self._typed(name)
        if text in choices:
            return text
        if text.upper() in choices:
            return text.upper()
        self._error(name, say("Choose one of: %(choices)s.", choices=", ".join(choices)))
        return choices[0]

    def _delivery(self) -> str:
        found = delivery_type(self._typed("delivery_type"))
        if found is None:
            self._error("delivery_type", say("Choose a delivery type."))
            return VIRTUAL
        if found.refused:
            self._error("delivery_type", found.refused)
        return found.code

    def _people(self) -> int:
        text = self._typed("people")
        if not _NUMBER.fullmatch(text) or not 0 < int(text) <= MOST_PEOPLE:
            sentence = say("Give how many will take part: 1 to %(most)s.", most=MOST_PEOPLE)
            self._error("people", sentence)
            return 1
        number, rules = int(text), self.rules
        if rules.most and number > rules.most:
            self._error("people", say("At most %(most)s can take part.", most=rules.most))
        elif number < rules.fewest:
            self._warn(
                "people",
                say("Fewer than %(fewest)s: the workshop may not take place.", fewest=rules.fewest),
            )
        elif rules.per_leader and number > rules.per_leader:
            leaders = -(-number // rules.per_leader)
            self._warn("people", say("%(leaders)s workshop leaders are needed.", leaders=leaders))
        return number

    def _schools(self) -> tuple[int, ...]:
        texts = [each for each in re.split(r"[\s,;]+", self._typed("further_schools")) if each]
        if len(texts) > MOST_SCHOOLS:
            sentence = say("At most %(most)s further schools.", most=MOST_SCHOOLS)
            self._error("further_schools", sentence)
            return ()
        for text in texts:
            if not (text.isascii() and _NUMBER.fullmatch(text)) or text.startswith("0"):
                self._error(
                    "further_schools",
                    say("“%(text)s” is no FASE number of a school.", text=clean(text, 40)),
                )
            elif int(text) == self.place.fase_number:
                sentence = say("%(number)s is your own school.", number=text)
                self._error("further_schools", sentence)
        if self._has_error("further_schools"):
            return ()
        return tuple(dict.fromkeys(map(int, texts)))

    def _has_error(self, name: str) -> bool:
        return any(m.field == name and m.level == "error" for m in self.messages)

    def _contact_email(self) -> str:
        try:
            address = parse_address(self.values.get("contact_email", ""))
        except AddressError as error:
            self._error("contact_email", error.wording)
            return ""
        self._hint("contact_email", address)
        return address

    def _support(self, contact: str) -> None:
        """The support person is reached by telephone or by e-mail."""
        if "@" not in contact:
            if contact and sum(c.isdigit() for c in contact) < 6:
                sentence = say("Give an e-mail address or a telephone number.")
                self._error("support_contact", sentence)
            return
        try:
            self._hint("support_contact", parse_address(contact))
        except AddressError as error:
            self._error("support_contact", error.wording)

    def _hint(self, name: str, address: str) -> None:
        meant = likely_typing_error(address, self.place.domains)
        if meant is not None:
            self._warn(name, say("Is %(better)s meant?", better=meant))

    def _event(self) -> tuple[Event | None, date | None]:
        first_day = day_from(self.values.get("first_day", ""))
        if first_day is None:
            self._error("first_day", say("Give a date, as in 15/03/2027."))
        begins, ends = (self._clock(name) for name in ("begins", "ends"))
        zone = zone_from(self.values.get("time_zone", ""))
        if zone is None:
            self._error("time_zone", say("Give a time zone, as in Europe/Brussels."))
        if first_day is None or begins is None or ends is None or zone is None:
            return None, first_day
        event = Event(first_day, begins, ends, zone)
        for problem in time_problems(event):
            (self._error if problem.refused else self._warn)(problem.field, problem.sentence)
        return event, first_day

    def _clock(self, name: str) -> time | None:
        found = time_from(self.values.get(name, ""))
        if found is None:
            self._error(name, say("Give a time, as in 09:00."))
        return found

    def _date(self, found: DateCheck | None) -> None:
        if found is None:
            return
        if found.verdict == "past":
            self._error("first_day", found.sentence)
        elif found.verdict == "late":
            self._warn("first_day", found.sentence)

    def _notes(self, school_day: date | None) -> tuple[DayNote, ...]:
        """Tell what speaks against the days beside the date, too."""
        if school_day is None:
            return ()
        notes = notes_on(school_day, self.place)
        for note in notes:
            self._warn("first_day", note.sentence)
        return notes


def notes_on(school_day: date, at_place: FormPlace) -> tuple[DayNote, ...]:
    """Return what speaks against a workshop that begins on a day, a date of the school.

    Names are in the current language; the first call loads the public holidays (190 ms).
    """
    days = (school_day, second_day(school_day))
    language = current_language()
    holidays = {
        day: name
        for year in {day.year for day in days}
        for day, name in public_holidays(at_place.zone.key, year, language).items()
    }
    return day_notes(days, holidays, at_place.breaks)
