"""The dashboard's lines: what needs attention, how many, and where to go (DESIGN §2.3)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import STATUS_CODES, Access, FactColumns, joined
from models.addresses import likely_typing_error
from models.database import Actor, ActorSession
from models.language import Wording, say, say_n
from models.mail import Mail
from models.people import Person, Post
from models.rights import may_change
from models.schools import School, SchoolYear
from services.access_rows import AT, DAY, Moment, moment, of_service


def known_domains(session: ActorSession, school_id: int | None = None) -> frozenset[str]:
    """Return the domains that schools really use, so that none is called a typing error.

    Those of the schools' contacts, and those under which three people or more have a school
    address: fewer may well be the same slip.
    """
    contacts = select(col(School.contact_email)).where(col(School.contact_email) != "")
    if school_id is not None:
        contacts = contacts.where(col(School.id) == school_id)
    found = {str(email).rpartition("@")[2].lower() for email in session.scalars(contacts)}
    # Grouped by its name: PostgreSQL takes the same expression with other parameters for
    # another one.
    domain = _domain(session, col(Post.school_email_key)).label("its_domain")
    shared = select(domain, func.count()).where(col(Post.school_email_key).is_not(None))
    if school_id is not None:
        shared = shared.where(col(Post.school_id) == school_id)
    counted = session.execute(shared.group_by("its_domain"))
    return frozenset(found | {name for name, count in counted if count >= 3})


def _domain(session: ActorSession, key: Any) -> ColumnElement[str]:
    """SQL: what stands behind the @ of an address's key."""
    if session.get_bind().dialect.name == "sqlite":
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
    if not _any_post(session, team):
        return [*_year_lines(session, team), *_nothing_imported(session.actor)]
    return [
        *_year_lines(session, team),
        *_held_lines(session, team),
        *_status_lines(counts or _statuses(session, team)),
        *_typing_lines(session, team),
        *_post_lines(session, team),
    ]


@dataclass(frozen=True, slots=True)
class _Team:
    school_id: int | None
    school_year_id: int | None
    now: Moment

    def of(self, table: Any) -> ColumnElement[bool]:
        """SQL: a row of a table with school and year belongs to the team."""
        conditions = []
        if self.school_id is not None:
            conditions.append(table.school_id == self.school_id)
        if self.school_year_id is not None:
            conditions.append(table.school_year_id == self.school_year_id)
        else:
            conditions.append(table.school_year_id.in_(self.running_years()))
        return and_(*conditions)

    def running_years(self) -> Any:
        year: Any = aliased(SchoolYear)
        day = self.now.day
        return select(year.id).where(year.first_day <= day, year.access_ends >= day)


def _present(session: ActorSession, school_id: int | None, at: datetime) -> Moment:
    if school_id is not None:
        return moment(session, school_id, at=at)
    first = session.scalar(select(col(School.id)).order_by(col(School.id)).limit(1))
    if first is not None:
        return moment(session, first, at=at)
    return Moment(at, at.date(), ZoneInfo("UTC"))


def _any_post(session: ActorSession, team: _Team) -> bool:
    found = select(col(Post.id)).where(team.of(Post)).limit(1)
    return session.scalar(found) is not None


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
    return joined(select(status, func.count()).select_from(Access), AT)


def _statuses(session: ActorSession, team: _Team) -> dict[str, int]:
    return status_counts(session, team.now, and_(team.of(Access), of_service()))


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
    held = select(func.count(col(Mail.id))).where(
        col(Mail.held_at).is_not(None), col(Mail.closed_at).is_(None)
    )
    if team.school_id is not None:
        held = held.where(col(Mail.school_id) == team.school_id)
    if count := session.scalar(held) or 0:
        sentence = say_n(
            "%(count)s mail is held back by our own mail server: tell the helpdesk.",
            "%(count)s mails are held back by our own mail server: tell the helpdesk.",
            count,
        )
        yield AttentionLine("held", count, sentence, "invitations")


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
    for key in (col(Person.personal_email_key), col(Post.school_email_key)):
        domain = _domain(session, key)
        counted = (
            select(domain, func.count())
            .select_from(Access)
            .join(Post, col(Post.id) == Access.post_id)
            .join(Person, col(Person.id) == Access.person_id)
            .where(team.of(Access), of_service(), key.is_not(None))
            .group_by(domain)
        )
        counts.update(dict(session.execute(counted).all()))
    return {name: n for name, n in counts.items() if likely_typing_error(f"x@{name}", known)}


def _post_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    day = team.now.day
    past = and_(col(Post.exit_date).is_not(None), col(Post.exit_date) < day)
    gone = col(Post.disappeared_at).is_not(None)
    present = col(Post.present).is_(True)
    if count := _posts(session, team, past, present, ~gone):
        yield AttentionLine("date_passed", count, _date_passed_line(count), "team-access")
    if count := _posts(session, team, ~present, ~_true(past), ~gone):
        yield AttentionLine("absent", count, _absent_line(count), "team-access")
    if count := _posts(session, team, gone):
        yield AttentionLine("disappeared", count, _disappeared_line(count), "team-access")


def _true(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return case((condition, True), else_=False)


def _posts(session: ActorSession, team: _Team, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count(col(Post.id))).where(team.of(Post), *conditions)
    return session.scalar(counted) or 0


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


def _year_lines(session: ActorSession, team: _Team) -> Iterator[AttentionLine]:
    """Say when no school year is running, or the next one's first day is not decided."""
    years = list(session.scalars(_years(team)))
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


def _years(team: _Team) -> Any:
    years = select(SchoolYear).order_by(col(SchoolYear.first_day))
    if team.school_id is None:
        return years
    calendar = select(col(School.calendar_id)).where(col(School.id) == team.school_id)
    return years.where(col(SchoolYear.calendar_id) == calendar.scalar_subquery())


def _near(years: Iterable[SchoolYear], team: _Team) -> Iterator[SchoolYear]:
    """Yield the year that runs and those that begin within four months."""
    day = team.now.day
    for year in years:
        if year.first_day <= day <= year.access_ends or 0 < (year.first_day - day).days <= 120:
            yield year
