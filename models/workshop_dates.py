"""The days of a virtual workshop: until when it may be asked for, and what follows from its date.

All of it is counted in calendar days, between dates as the requesting school's clocks show
them (DOMAIN §3, Virtual workshops): hours play no part, so that neither the hour of a request
nor a change of the clock moves a deadline. What no source says (registration, attendance
list, answer, numbers) is in `WorkshopRules`, each with a stated default, for the workshop
office to change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from models.language import Wording, say

#: In time; late, and so to be confirmed by whoever asks; gone by, and so refused.
Verdict = Literal["in_time", "late", "past"]
#: Who must do what a day is the last for.
Who = Literal["school", "office", "everybody"]

_DAY = timedelta(days=1)
#: The first and the last day somebody may name; whatever lies before or after is mistyped.
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
#: Two consecutive days, twelve hours in all (DOMAIN §3).
DAYS = 2
HOURS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class WorkshopRules:
    """The figures behind the days, in calendar days.

    From a source (DOMAIN §3): `notice_days` 56, `free_days` 22, `invoice_days` 14, `fewest` 15
    and `per_leader` 20 of older guides. Unknown, with our default: registration closes 14 days
    before the first day, the attendance list comes 7 days after the end, a request is answered
    within 14 days, there is no greatest number (`most` 0), and where only minutes are known,
    whoever was there for 75 % of a session was present.
    """

    notice_days: int = 56
    free_days: int = 22
    registration_days: int = 14
    answer_days: int = 14
    attendance_days: int = 7
    invoice_days: int = 14
    fewest: int = 15
    most: int = 0
    per_leader: int = 20
    presence_percent: int = 75


#: What holds where the workshop office has set nothing else.
DEFAULT_RULES = WorkshopRules()


# --- the last day to ask ------------------------------------------------------------------


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the date of an aware instant as the clocks of `zone` show it."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(zone).date()


def second_day(first_day: date) -> date:
    """Return the second of the two consecutive days (DOMAIN §3)."""
    return first_day + _DAY


def last_day_to_ask(first_day: date, rules: WorkshopRules = DEFAULT_RULES) -> date:
    """Return the last date, inclusive, on which a workshop can be asked for in time.

    Eight weeks, 56 days, before its first day; both in the school's zone (DOMAIN §3).
    """
    return first_day - timedelta(days=rules.notice_days)


def first_day_in_time(at: datetime, zone: ZoneInfo, rules: WorkshopRules = DEFAULT_RULES) -> date:
    """Return the first date, in the school's `zone`, that can be asked for in time at `at`."""
    return local_day(at, zone) + timedelta(days=rules.notice_days)


def days_left(
    first_day: date, at: datetime, zone: ZoneInfo, rules: WorkshopRules = DEFAULT_RULES
) -> int:
    """Return how many days are left to ask in time: 0 on the last day, negative after it."""
    return (last_day_to_ask(first_day, rules) - local_day(at, zone)).days


def verdict(
    first_day: date, at: datetime, zone: ZoneInfo, rules: WorkshopRules = DEFAULT_RULES
) -> Verdict:
    """Tell whether a request made at `at` is in time.

    Later than 56 days before is allowed, may be delayed or refused, and whoever asks must
    confirm having read it; a date that has gone by is an error (DOMAIN §3). `first_day` is
    the date in the school's `zone`.
    """
    if first_day < local_day(at, zone):
        return "past"
    return "late" if days_left(first_day, at, zone, rules) < 0 else "in_time"


@dataclass(frozen=True, slots=True)
class DateCheck:
    """What a form says of a date while it is typed."""

    first_day: date
    today: date
    last_day: date
    days_left: int
    first_in_time: date
    verdict: Verdict

    @property
    def second_day(self) -> date:
        return second_day(self.first_day)

    @property
    def sentence(self) -> Wording:
        """The verdict in words."""
        if self.verdict == "past":
            return say("This date has gone by: choose a later one.")
        if self.verdict == "late":
            return say(
                "Late: it should have been asked for by %(last)s. The request may be delayed or "
                "refused. The first date still in time is %(first)s.",
                last=self.last_day,
                first=self.first_in_time,
            )
        if self.days_left == 0:
            return say("In time: today is the last day to ask for this date.")
        return say(
            "In time: it can be asked for until %(last)s. Days left: %(days)s.",
            last=self.last_day,
            days=self.days_left,
        )


def check_date(
    first_day: date, at: datetime, zone: ZoneInfo, rules: WorkshopRules = DEFAULT_RULES
) -> DateCheck:
    """Return the verdict on a date, in the school's `zone`, with the days behind it."""
    return DateCheck(
        first_day,
        local_day(at, zone),
        last_day_to_ask(first_day, rules),
        days_left(first_day, at, zone, rules),
        first_day_in_time(at, zone, rules),
        verdict(first_day, at, zone, rules),
    )


# --- what follows from a date, and the other way round ------------------------------------


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One day of the backward plan: `code` names it, `who` must have acted by its end."""

    code: str
    day: date
    who: Who
    label: Wording

    def days_until(self, today: date) -> int:
        """Return how many days are left, negative once it has gone by."""
        return (self.day - today).days


@dataclass(frozen=True, slots=True)
class WorkshopPlan:
    """All that follows from a workshop's first day, in the order of the days."""

    first_day: date
    steps: tuple[PlanStep, ...]

    def day(self, code: str) -> date:
        """Return the day of a step; raises KeyError for none of `STEPS`."""
        return {step.code: step.day for step in self.steps}[code]

    def next_step(self, today: date) -> PlanStep | None:
        """Return the first step that is not over, None once all are."""
        return next((step for step in self.steps if step.day >= today), None)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A step: by how many days it lies from the first day, who must act, and its name."""

    code: str
    who: Who
    label: Wording
    offset: int


def _steps(rules: WorkshopRules) -> tuple[_Rule, ...]:
    end = DAYS - 1
    return (
        _Rule("ask", "school", say("Last day to ask in time"), -rules.notice_days),
        _Rule("free", "school", say("Free cancellation until"), -rules.free_days),
        _Rule("registration", "school", say("Registration closes"), -rules.registration_days),
        _Rule("first_day", "everybody", say("Workshop, first day"), 0),
        _Rule("second_day", "everybody", say("Workshop, second day"), end),
        _Rule("attendance", "office", say("Attendance list due"), end + rules.attendance_days),
        _Rule("invoice", "school", say("Invoice due"), end + rules.invoice_days),
    )


#: The codes of the steps, in the order of the default rules.
STEPS = tuple(rule.code for rule in _steps(DEFAULT_RULES))


def backward_plan(first_day: date, rules: WorkshopRules = DEFAULT_RULES) -> WorkshopPlan:
    """Return every day that follows from a first day, earliest first.

    Sources (DOMAIN §3): asked for at least 56 days before; free of charge if cancelled at least
    22 days before; the attendance list is sent after the event; the invoice is due two weeks
    after the end. When registration closes and the list comes is configurable.
    """
    steps = [_step(rule, first_day + timedelta(days=rule.offset)) for rule in _steps(rules)]
    return WorkshopPlan(first_day, tuple(sorted(steps, key=lambda step: step.day)))


def first_days_for(today: date, rules: WorkshopRules = DEFAULT_RULES) -> tuple[PlanStep, ...]:
    """Return the plan the other way round: for each step, the first day whose step is `today`.

    So somebody reads what today is the last day for: to ask for a workshop of 56 days hence, to
    cancel one of 22 days hence, and so on. `PlanStep.day` is that workshop's first day.
    """
    steps = (_step(rule, today - timedelta(days=rule.offset)) for rule in _steps(rules))
    return tuple(sorted(steps, key=lambda step: step.day, reverse=True))


def _step(rule: _Rule, day: date) -> PlanStep:
    return PlanStep(rule.code, day, rule.who, rule.label)


def answer_by(first_day: date, asked_on: date, rules: WorkshopRules = DEFAULT_RULES) -> date:
    """Return until when the office should answer: in time for people to register.

    A late request is due at once, for it should have been answered already.
    """
    if asked_on > last_day_to_ask(first_day, rules):
        return asked_on
    closes = first_day - timedelta(days=rules.registration_days)
    return min(asked_on + timedelta(days=rules.answer_days), closes)


# --- the hours of a day -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """When a workshop takes place: two days, the same hours on both, in the event's zone."""

    first_day: date
    begins: time
    ends: time
    zone: ZoneInfo

    @property
    def days(self) -> tuple[date, date]:
        return self.first_day, second_day(self.first_day)

    @property
    def starts_at(self) -> datetime:
        """The instant of the beginning, UTC. A time that occurs twice is the earlier one."""
        return _instant(self.first_day, self.begins, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The instant of the end of the second day, UTC."""
        return _instant(self.days[-1], self.ends, self.zone)

    def first_day_in(self, zone: ZoneInfo) -> date:
        """Return the first day as the clocks of another zone show it: deadlines are counted
        from the date in the school's, which over the date line is another one."""
        return local_day(self.starts_at, zone)

    def hours(self) -> timedelta:
        """Return how long both days take together; a change of the clock between is no part."""
        spans = (
            _instant(day, self.ends, self.zone) - _instant(day, self.begins, self.zone)
            for day in self.days
        )
        return sum(spans, timedelta())


@dataclass(frozen=True, slots=True)
class DayShown:
    """One day of an event as another zone's clocks show it. Both ends are local and aware."""

    day: date
    begins: datetime
    ends: datetime

    @property
    def begins_next_day(self) -> int:
        """By how many days the beginning lies off the event's own date: -1, 0 or 1."""
        return (self.begins.date() - self.day).days

    @property
    def ends_next_day(self) -> int:
        """By how many days the end lies off the event's own date: -1, 0 or 1."""
        return (self.ends.date() - self.day).days


def shown_in(event: Event, zone: ZoneInfo) -> tuple[DayShown, ...]:
    """Return the hours of each day as the clocks of `zone` show them, date included."""
    return tuple(
        DayShown(
            day,
            _instant(day, event.begins, event.zone).astimezone(zone),
            _instant(day, event.ends, event.zone).astimezone(zone),
        )
        for day in event.days
    )


@dataclass(frozen=True, slots=True)
class TimeProblem:
    """What is wrong with the hours: `field` is begins or ends, `refused` whether it stops."""

    field: str
    code: str
    sentence: Wording
    refused: bool = True


def time_problems(event: Event) -> tuple[TimeProblem, ...]:
    """Return what is wrong with the hours of an event, nothing where all is well.

    A local time that a change of the clock leaves out is refused; one that occurs twice is
    told, and taken for the first. Twelve hours over the two days must fit (DOMAIN §3).
    """
    if event.ends <= event.begins:
        return (TimeProblem("ends", "backwards", say("The day must end after it begins.")),)
    found = [
        problem
        for day in event.days
        for name, clock in (("begins", event.begins), ("ends", event.ends))
        if (problem := _clock_problem(name, day, clock, event.zone))
    ]
    if not any(problem.refused for problem in found) and event.hours() < HOURS:
        found.append(_too_short(event.hours()))
    return tuple(found)


def _too_short(hours: timedelta) -> TimeProblem:
    whole, minutes = divmod(int(hours.total_seconds()) // 60, 60)
    return TimeProblem(
        "ends",
        "too_short",
        say(
            "A workshop takes 12 hours over its two days; these times leave %(hours)s h "
            "%(minutes)s min.",
            hours=whole,
            minutes=f"{minutes:02}",
        ),
    )


def _clock_problem(name: str, day: date, clock: time, zone: ZoneInfo) -> TimeProblem | None:
    match times_on_clock(day, clock, zone):
        case 0:
            sentence = say(
                "%(time)s does not exist on %(day)s: the clocks of %(zone)s are put forward.",
                time=f"{clock:%H:%M}",
                day=day,
                zone=zone.key,
            )
            return TimeProblem(name, "missing", sentence)
        case 2:
            sentence = say(
                "%(time)s occurs twice on %(day)s, for the clocks of %(zone)s are put back: the "
                "first one is meant.",
                time=f"{clock:%H:%M}",
                day=day,
                zone=zone.key,
            )
            return TimeProblem(name, "twice", sentence, refused=False)
    return None


def times_on_clock(day: date, clock: time, zone: ZoneInfo) -> int:
    """Return how often the clocks of `zone` show a time on a day: 0, 1 or 2 times."""
    wanted = datetime.combine(day, clock.replace(tzinfo=None))
    instants = {wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sum(at.astimezone(zone).replace(tzinfo=None) == wanted for at in instants)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock.replace(tzinfo=None, fold=0), zone).astimezone(UTC)


# --- days that somebody would rather know of ----------------------------------------------

#: What may be said of a day; none of it is a refusal.
NoteKind = Literal["weekend", "public_holiday", "school_holiday"]


@dataclass(frozen=True, slots=True)
class Break:
    """School holidays: from the first to the last day, both inclusive."""

    name: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class DayNote:
    """Something about one day of an event that speaks against it."""

    day: date
    kind: NoteKind
    name: str = ""

    @property
    def sentence(self) -> Wording:
        if self.kind == "weekend":
            return say(
                "%(day)s is a %(weekday)s.", day=self.day, weekday=_WEEKEND[self.day.weekday()]
            )
        if self.kind == "public_holiday":
            return say("%(day)s is a public holiday: %(name)s.", day=self.day, name=self.name)
        return say("%(day)s is in the school holidays: %(name)s.", day=self.day, name=self.name)


_SATURDAY, _SUNDAY = 5, 6
_WEEKEND = {_SATURDAY: say("Saturday"), _SUNDAY: say("Sunday")}


def day_notes(
    days: Iterable[date],
    public_holidays: Mapping[date, str] | None = None,
    breaks: Iterable[Break] = (),
) -> tuple[DayNote, ...]:
    """Return what speaks against the days of an event, by day and in the order of the kinds."""
    breaks, public_holidays = tuple(breaks), public_holidays or {}
    found: list[DayNote] = []
    for day in days:
        if day.weekday() in _WEEKEND:
            found.append(DayNote(day, "weekend"))
        if name := public_holidays.get(day):
            found.append(DayNote(day, "public_holiday", name))
        found += [
            DayNote(day, "school_holiday", each.name)
            for each in breaks
            if each.first_day <= day <= each.last_day
        ]
    return tuple(found)


# --- the forms in which not everybody is at a computer of their own -----------------------


@dataclass(frozen=True, slots=True)
class DeliveryType:
    """How a workshop is held. A `refused` one says why, and `fits` names what to ask for."""

    code: str
    label: Wording
    refused: Wording | None = None
    fits: str = ""


VIRTUAL = "virtual"
IN_SCHOOL = "in_school"
_VIRTUAL_FITS = say("ask for a virtual workshop with everybody at a computer of their own")
_IN_SCHOOL_FITS = say("ask the workshop office for a workshop in the school")

#: Every delivery type, the only one that can be asked for here first. Each participant sits
#: at their own computer; the four mixed forms are refused (DOMAIN §3).
DELIVERY_TYPES: tuple[DeliveryType, ...] = (
    DeliveryType(VIRTUAL, say("Virtual, everybody at a computer of their own")),
    DeliveryType(
        "mixed",
        say("Mixed: some in one room, others online"),
        say(
            "Those in the room would share what those online have each for themselves; %(fits)s.",
            fits=_VIRTUAL_FITS,
        ),
        VIRTUAL,
    ),
    DeliveryType(
        "grouped",
        say("Grouped: several at one computer"),
        say(
            "Who shares a computer can be neither registered nor counted as present; %(fits)s.",
            fits=_VIRTUAL_FITS,
        ),
        VIRTUAL,
    ),
    DeliveryType(
        "partly_on_site",
        say("Partly on site: one day in the school, one online"),
        say(
            "Both days of a virtual workshop take place online; for days in the school, %(fits)s.",
            fits=_IN_SCHOOL_FITS,
        ),
        IN_SCHOOL,
    ),
    DeliveryType(
        "hybrid",
        say("Hybrid: the workshop leader in the school, others online"),
        say(
            "The workshop leader of a virtual workshop is online, too; for one in the school, "
            "%(fits)s.",
            fits=_IN_SCHOOL_FITS,
        ),
        IN_SCHOOL,
    ),
)
_BY_CODE = {each.code: each for each in DELIVERY_TYPES}


def delivery_type(code: str) -> DeliveryType | None:
    """Return a delivery type, None where the code names none."""
    return _BY_CODE.get(code)
