"""The dashboard's lines: what needs attention, how many, and where to go (DESIGN §2.3)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Date,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import STATUS_CODES, Access, FactColumns, Mission, Suspension, joined
from models.addresses import likely_typing_error
from models.database import Actor, ActorSession, dialect_of
from models.language import Wording, say, say_n
from models.mail import Mail
from models.people import Person, Post
from models.prepared import fetch, fetch_value
from models.rights import may_change
from models.schools import School, SchoolYear
from services.access_rows import AT, DAY, Moment, moment, of_service
from services.wider_causes import HEAD, is_former_head, signed_in, was_not_renewed


def known_domains(session: ActorSession, school_id: int | None = None) -> frozenset[str]:
    """Return the domains that schools really use, so that none is called a typing error.

    Those of the schools' contacts, and those under which three people or more have a school
    address: fewer may well be the same slip.
    """
    values, of_school = {"school": school_id}, school_id is not None
    contacts = fetch(session, _contacts(of_school), values)
    found = {str(row.contact_email).rpartition("@")[2].lower() for row in contacts}
    shared = fetch(session, _shared_domains(of_school, dialect_of(session)), values)
    return frozenset(found | {row.its_domain for row in shared})


@cache
def _contacts(of_school: bool) -> Any:
    contacts = select(col(School.contact_email)).where(col(School.contact_email) != "")
    return contacts.where(col(School.id) == _SCHOOL) if of_school else contacts


@cache
def _shared_domains(of_school: bool, dialect: str) -> Any:
    # Grouped by its name: PostgreSQL takes the same expression with other parameters for
    # another one.
    domain = _domain(dialect, col(Post.school_email_key)).label("its_domain")
    shared = select(domain).where(col(Post.school_email_key).is_not(None))
    if of_school:
        shared = shared.where(col(Post.school_id) == _SCHOOL)
    return shared.group_by("its_domain").having(func.count() >= 3)


def _domain(dialect: str, key: Any) -> ColumnElement[str]:
    """SQL: what stands behind the @ of an address's key."""
    if dialect == "sqlite":
        return func.substr(key, func.instr(key, "@") + 1)
    return func.split_part(key, "@", 2)


@dataclass(frozen=True, slots=True)
class AttentionLine:
    """What needs attention, how many, what it means and what to do, and where to go.

    `go_to` is a place of the console, "" where none is about it; `status` and `text` are the
    filters to set there.
    """

    cause: str
    count: int
    sentence: Wording
    go_to: str
    status: str | None = None
    text: str = ""


def attention(
    session: ActorSession,
    school_id: int | None,
    school_year_id: int | None,
    now: datetime | None = None,
    counts: Mapping[str, int] | None = None,
) -> list[AttentionLine]:
    """Return what needs attention, the most pressing first; nothing where all is well.

    `school_id` None means all schools that the actor sees, `school_year_id` None the year
    that is running in each, `now` None the session's moment. `counts` are the numbers of
    `status_counts` of the same team where they are known already: they are half of the work.
    """
    present = _present(session, school_id, now or session.at)
    team = _Team(school_id, school_year_id, present)
    if not fetch(session, _any_post(team.shape), team.values):
        return [*_year_lines(session, team), *_nothing_imported(session.actor)]
    return [
        *_year_lines(session, team),
        *_held_lines(session, team),
        *_unsigned_lines(session, team),
        *_status_lines(counts or _statuses(session, team)),
        *_typing_lines(session, team),
        *_post_lines(session, team),
        *_head_lines(session, team),
        *_mission_lines(session, team),
    ]


#: For how long after a school year's first day missions of the last one are asked about.
_NEW_YEAR = timedelta(days=60)

#: What a statement asks of the school and the year that are looked at, by their ids.
_SCHOOL: Any = bindparam("school")
_YEAR: Any = bindparam("year")


class _Shape(NamedTuple):
    """Of which rows statements are: of one school or all, of one school year or those running."""

    of_school: bool
    of_year: bool

    def of(self, table: Any) -> ColumnElement[bool]:
        """SQL: a row of a table with school and year belongs to the team."""
        conditions = [table.school_id == _SCHOOL] if self.of_school else []
        return and_(*conditions, self.in_year(table))

    def in_year(self, table: Any) -> ColumnElement[bool]:
        if self.of_year:
            return cast(ColumnElement[bool], table.school_year_id == _YEAR)
        year: Any = aliased(SchoolYear)
        running = select(year.id).where(year.first_day <= DAY, year.access_ends >= DAY)
        return cast(ColumnElement[bool], table.school_year_id.in_(running))


@dataclass(frozen=True, slots=True)
class _Team:
    school_id: int | None
    school_year_id: int | None
    now: Moment

    @property
    def shape(self) -> _Shape:
        return _Shape(self.school_id is not None, self.school_year_id is not None)

    @property
    def values(self) -> dict[str, Any]:
        begun = self.now.day - _NEW_YEAR
        school = {"school": self.school_id, "year": self.school_year_id}
        return {**self.now.values, **school, "begun": begun}


def _present(session: ActorSession, school_id: int | None, at: datetime) -> Moment:
    if school_id is not None:
        return moment(session, school_id, at=at)
    first = session.scalar(select(col(School.id)).order_by(col(School.id)).limit(1))
    if first is not None:
        return moment(session, first, at=at)
    return Moment(at, at.date(), ZoneInfo("UTC"))


@cache
def _any_post(shape: _Shape) -> Any:
    return select(col(Post.id)).where(shape.of(Post)).limit(1)


def _nothing_imported(actor: Actor) -> Iterator[AttentionLine]:
    """Yield that nobody is known yet, for whoever can import somebody."""
    if not (actor.sees_all or may_change(actor.role, "plans")):
        return
    yield AttentionLine(
        "nothing_imported",
        0,
        say(
            "Nobody is known in this school year yet. Import the staff records: "
            "a plan is shown first, and nothing changes before you apply it."
        ),
        "import",
    )


def status_counts(
    session: ActorSession, now: Moment, condition: ColumnElement[bool]
) -> dict[str, int]:
    """Return how many accesses have each status; every status is there, zeros too."""
    statement = _counted_statuses().where(condition).group_by(literal_column("1"))
    counted = session.execute(statement, now.values).all()
    return {**dict.fromkeys(STATUS_CODES, 0), **dict(counted)}


@cache
def _counted_statuses() -> Any:
    """SQL: status and number, to be grouped by position: said twice, it would differ."""
    status = FactColumns(AT, DAY).status
    return joined(
        select(status.label("its_status"), func.count().label("n")).select_from(Access), AT
    )


def _statuses(session: ActorSession, team: _Team) -> dict[str, int]:
    return dict.fromkeys(STATUS_CODES, 0) | dict(
        fetch(session, _by_status(team.shape), team.values)
    )


@cache
def _by_status(shape: _Shape) -> Any:
    counted = _counted_statuses().where(shape.of(Access), of_service())
    return counted.group_by(literal_column("1"))


def _status_lines(counts: Mapping[str, int]) -> Iterator[AttentionLine]:
    for status, go_to, sentence in _STATUS_LINES:
        if count := counts[status]:
            yield AttentionLine(status, count, sentence(count), go_to, status)


def _refused_line(n: int) -> Wording:
    return say_n(
        "%(count)s invitation was refused by the mail server: correct the address, send again.",
        "%(count)s invitations were refused by the mail server: correct the addresses, send again.",
        n,
    )


def _bounced_line(n: int) -> Wording:
    return say_n(
        "%(count)s invitation came back undelivered: correct the address, send again.",
        "%(count)s invitations came back undelivered: correct the addresses, send again.",
        n,
    )


def _expired_line(n: int) -> Wording:
    return say_n(
        "%(count)s invitation has expired without being used: send it again.",
        "%(count)s invitations have expired without being used: send them again.",
        n,
    )


def _double_line(n: int) -> Wording:
    return say_n(
        "%(count)s person may be on record twice: decide before inviting.",
        "%(count)s people may be on record twice: decide before inviting.",
        n,
    )


def _consent_line(n: int) -> Wording:
    return say_n(
        "%(count)s consent is missing: print the form, have it signed, record it.",
        "%(count)s consents are missing: print the forms, have them signed, record them.",
        n,
    )


def _address_line(n: int) -> Wording:
    return say_n(
        "%(count)s person has no e-mail address: have it entered in the records.",
        "%(count)s people have no e-mail address: have it entered in the records.",
        n,
    )


def _role_line(n: int) -> Wording:
    return say_n(
        "%(count)s person has no role: set one, or give a mission.",
        "%(count)s people have no role: set one, or give a mission.",
        n,
    )


def _invite_line(n: int) -> Wording:
    return say_n(
        "%(count)s person can be invited now.",
        "%(count)s people can be invited now.",
        n,
    )


def _uncertain_line(n: int) -> Wording:
    return say_n(
        "%(count)s delivery is uncertain: the server did not confirm it; it is tried again.",
        "%(count)s deliveries are uncertain: the server did not confirm them; "
        "they are tried again.",
        n,
    )


#: In the order in which the dashboard shows them: what only a person can mend comes first.
_STATUS_LINES: tuple[tuple[str, str, Callable[[int], Wording]], ...] = (
    ("refused", "invitations", _refused_line),
    ("bounced", "invitations", _bounced_line),
    ("expired", "invitations", _expired_line),
    ("duplicate", "team-access", _double_line),
    ("no_consent", "consents", _consent_line),
    ("no_address", "team-access", _address_line),
    ("no_role", "team-access", _role_line),
    ("to_invite", "team-access", _invite_line),
    ("uncertain", "invitations", _uncertain_line),
)


def _held_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    if count := fetch_value(session, _held(team.school_id is not None), team.values) or 0:
        sentence = say_n(
            "%(count)s mail is held back by our own mail server: tell the helpdesk.",
            "%(count)s mails are held back by our own mail server: tell the helpdesk.",
            count,
        )
        yield AttentionLine("held", count, sentence, "invitations")


@cache
def _held(of_school: bool) -> Any:
    held = select(func.count(col(Mail.id)).label("n")).where(
        col(Mail.held_at).is_not(None), col(Mail.closed_at).is_(None)
    )
    return held.where(col(Mail.school_id) == _SCHOOL) if of_school else held


def _unsigned_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    """Tell where nothing is sent at all, because nobody has signed (DOMAIN §5, 13)."""
    count = fetch_value(session, _unsigned(team.shape), team.values)
    if not count:
        return
    sentence = say_n(
        "In %(count)s school no signed consent is recorded: nothing is sent to anybody there.",
        "In %(count)s schools no signed consent is recorded: nothing is sent to anybody there.",
        count,
    )
    yield AttentionLine("no_consents_at_all", count, sentence, "consents", "no_consent")


@cache
def _unsigned(shape: _Shape) -> Any:
    """SQL: the number of schools with a team of which nobody has signed."""
    post: Any = aliased(Post)
    has_team = exists(select(post.id).where(post.school_id == School.id, shape.in_year(post)))
    schools = select(func.count(col(School.id)).label("n")).where(
        has_team, ~signed_in(col(School.id))
    )
    return schools.where(col(School.id) == _SCHOOL) if shape.of_school else schools


def _typing_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    wrong = Counter(mistyped_domains(session, team))
    if wrong:
        count = wrong.total()
        sentence = say_n(
            "%(count)s address looks mistyped (%(domain)s): correct it in the records.",
            "%(count)s addresses look mistyped (%(domain)s…): correct them in the records.",
            count,
            domain=wrong.most_common(1)[0][0],
        )
        first = f"@{wrong.most_common(1)[0][0]}"
        yield AttentionLine("typing_error", count, sentence, "team-access", text=first)


def mistyped_domains(session: ActorSession, team: _Team) -> dict[str, int]:
    """Return the domains that look mistyped, with the number of people in each."""
    known = known_domains(session, team.school_id)
    counts: Counter[str] = Counter()
    for own in (True, False):
        rows = fetch(session, _domains_of(team.shape, dialect_of(session), own), team.values)
        counts.update({row.its_domain: row.n for row in rows})
    return {name: n for name, n in counts.items() if likely_typing_error(f"x@{name}", known)}


@cache
def _domains_of(shape: _Shape, dialect: str, own: bool) -> Any:
    key = col(Person.personal_email_key) if own else col(Post.school_email_key)
    return (
        select(_domain(dialect, key).label("its_domain"), func.count().label("n"))
        .select_from(Access)
        .join(Post, col(Post.id) == Access.post_id)
        .join(Person, col(Person.id) == Access.person_id)
        .where(shape.of(Access), of_service(), key.is_not(None))
        .group_by("its_domain")
    )


def _post_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    (found,) = fetch(session, _wrong_posts(team.shape), team.values)
    for cause, sentence in _POST_LINES:
        if count := getattr(found, cause):
            yield AttentionLine(cause, count, sentence(count), "team-access")


@cache
def _wrong_posts(shape: _Shape) -> Any:
    """SQL: how many posts are ended by half, in one pass over them (DOMAIN §3)."""
    past = and_(col(Post.exit_date).is_not(None), col(Post.exit_date) < DAY)
    here, present = col(Post.disappeared_at).is_(None), col(Post.present).is_(True)
    conditions = {
        "date_passed": and_(here, present, past),
        "absent": and_(here, ~present, ~_true(past)),
        "disappeared": ~here,
    }
    counted = [
        func.count(case((condition, col(Post.id)))).label(cause)
        for cause, condition in conditions.items()
    ]
    return select(*counted).where(shape.of(Post))


def _true(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return case((condition, True), else_=False)


def _head_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    """Tell of schools that have a former head still, beside the new one (DOMAIN §5, 12)."""
    count = fetch_value(session, _former_heads(team.shape), team.values)
    if not count:
        return
    sentence = say_n(
        "%(count)s former head’s post is still live: have it ended in the records.",
        "%(count)s former heads’ posts are still live: have them ended in the records.",
        count,
    )
    yield AttentionLine("former_head", count, sentence, "team-access")


@cache
def _former_heads(shape: _Shape) -> Any:
    newer: Any = aliased(Post)
    former = exists(select(newer.id).where(is_former_head(Post, newer, DAY)))
    heads = col(Post.function) == HEAD
    return select(func.count(col(Post.id)).label("n")).where(shape.of(Post), heads, former)


def _mission_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    """Tell of missions of last year that were not given again, while the year is new."""
    count = fetch_value(session, _lost_missions(team.shape), team.values)
    if not count:
        return
    sentence = say_n(
        "%(count)s mission of last year was not given again: its menus are missing.",
        "%(count)s missions of last year were not given again: their menus are missing.",
        count,
    )
    yield AttentionLine("mission_not_renewed", count, sentence, "team-access")


@cache
def _lost_missions(shape: _Shape) -> Any:
    """SQL: the number of missions not renewed of people who are still there."""
    access: Any = aliased(Access)
    year: Any = aliased(SchoolYear)
    last: Any = aliased(SchoolYear)
    suspension: Any = aliased(Suspension)
    gone = exists(
        select(suspension.id).where(
            suspension.access_id == access.id, suspension.until_at.is_(None)
        )
    )
    still_there = select(access.id).where(
        access.person_id == col(Mission.person_id),
        access.school_id == col(Mission.school_id),
        access.post_id.is_not(None),
        shape.in_year(access),
        year.id == access.school_year_id,
        year.first_day >= bindparam("begun", type_=Date()),
        last.id == col(Mission.school_year_id),
        was_not_renewed(Mission, last, year),
        ~gone,
    )
    missions = select(func.count(col(Mission.id)).label("n")).where(exists(still_there))
    return missions.where(col(Mission.school_id) == _SCHOOL) if shape.of_school else missions


def _date_passed_line(n: int) -> Wording:
    return say_n(
        "%(count)s person is past the exit date and still ticked present: correct the records.",
        "%(count)s people are past the exit date and still ticked present: correct the records.",
        n,
    )


def _absent_line(n: int) -> Wording:
    return say_n(
        "%(count)s person is no longer ticked present and has no past exit date: "
        "correct the records.",
        "%(count)s people are no longer ticked present and have no past exit date: "
        "correct the records.",
        n,
    )


def _disappeared_line(n: int) -> Wording:
    return say_n(
        "%(count)s person is no longer in the last complete import: have they left?",
        "%(count)s people are no longer in the last complete import: have they left?",
        n,
    )


#: How posts are ended by half, in the order of the dashboard.
_POST_LINES: tuple[tuple[str, Callable[[int], Wording]], ...] = (
    ("date_passed", _date_passed_line),
    ("absent", _absent_line),
    ("disappeared", _disappeared_line),
)


def _year_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    """Say when no school year is running, or the next one's first day is not decided."""
    years = fetch(session, _years(team.school_id is not None), team.values)
    day = team.now.day
    if not any(year.first_day <= day <= year.access_ends for year in years):
        sentence = say("No school year runs today: enter its dates, or nobody has access.")
        yield AttentionLine("no_school_year", 0, sentence, "school-years")
    for year in _near(years, team):
        if year.status == "undecided":
            sentence = say(
                "The first day of the school year %(year)s is not decided "
                "(%(day)s is assumed): enter it once it is known.",
                year=year.label,
                day=year.first_day,
            )
            yield AttentionLine("school_year_undecided", 1, sentence, "school-years")


@cache
def _years(of_school: bool) -> Any:
    year = SchoolYear
    columns = (year.label, year.first_day, year.access_ends, year.status)
    years = select(*(col(column) for column in columns)).order_by(col(year.first_day))
    if not of_school:
        return years
    calendar = select(col(School.calendar_id)).where(col(School.id) == _SCHOOL)
    return years.where(col(year.calendar_id) == calendar.scalar_subquery())


def _near(years: Iterable[Any], team: _Team) -> Iterator[Any]:
    """Yield the year that runs and those that begin within four months."""
    day = team.now.day
    for year in years:
        if year.first_day <= day <= year.access_ends or 0 < (year.first_day - day).days <= 120:
            yield year
