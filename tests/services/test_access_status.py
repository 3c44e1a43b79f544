"""The status of an access: in SQL and in Python the same, whatever the facts and the moment."""

import random
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import (
    STATUS_CODES,
    Access,
    AccessFacts,
    FactColumns,
    Mission,
    Suspension,
    joined,
)
from models.addresses import address_key
from models.consents import Consent
from models.database import SYSTEM, reading, writing
from models.invitations import Invitation
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.roles import effective_role
from models.schools import School, SchoolYear, Source
from services import team_access
from services.access_rows import end_of_day, moment, rows_where
from tests.services.team_world import NOW, make_world

HOUR = timedelta(hours=1)
PEOPLE = 400
MOMENTS = 12


def happened(fact: datetime | None, at: datetime) -> bool:
    return fact is not None and fact <= at


def holds(since: datetime, until: datetime | None, at: datetime) -> bool:
    return since <= at and (until is None or until > at)


class Dice:
    """Random facts around one moment, unset about half the time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def when(self, chance: float = 0.5) -> datetime | None:
        if self.random.random() >= chance:
            return None
        return NOW + HOUR * self.random.randrange(-60, 60)

    def sure(self) -> datetime:
        return NOW + HOUR * self.random.randrange(-60, 60)

    def one_in(self, n: int) -> bool:
        return self.random.randrange(n) == 0

    def of(self, *choices: Any) -> Any:
        return self.random.choice(choices)


@pytest.fixture
def everyone(engine: Engine) -> Engine:
    """Hundreds of accesses with every combination of facts that chance brings."""
    world = make_world(engine)
    dice = Dice(7)
    with writing(engine, SYSTEM, NOW) as session:
        sources = [
            Source(code=rule, name=rule, format="staff", address_rule=rule)
            for rule in ("personal_first", "school_first")
        ]
        calendar = session.scalars(select(SchoolYear)).first()
        assert calendar is not None
        school = School(name="É", name_key="e", calendar_id=calendar.calendar_id)
        years = [
            SchoolYear(
                calendar_id=calendar.calendar_id,
                label=f"ends {day}",
                first_day=date(2025, 9, 1),
                last_day=day,
                access_ends=day,
                status="edited",
            )
            for day in (date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2027, 8, 1))
        ]
        session.add_all([*sources, school, *years])
        session.flush()
        people = []
        for number in range(PEOPLE):
            email = dice.of(None, f"p{number}@ex.be", f"p{number}@ex.be")
            person = Person(
                surname=f"S{number}",
                first_name="A",
                surname_key=f"s{number}",
                first_name_key="a",
                personal_email=email,
                personal_email_key=email and address_key(email),
                created_at=NOW,
            )
            session.add(person)
            people.append(person)
        session.flush()
        for person in people:
            own = dice.of(None, None, f"s{person.id}@ecole.be")
            year = dice.of(*years, years[-1], years[-1])
            post = Post(
                person_id=person.id,
                school_id=school.id,
                school_year_id=year.id,
                source_id=dice.of(None, *[source.id for source in sources]),
                function=dice.of("teacher", "teacher", "educator", "", "unheard of"),
                role=dice.of(None, None, None, "reader"),
                school_email=own,
                school_email_key=own,
                created_at=NOW,
            )
            session.add(post)
            session.flush()
            access = Access(
                person_id=person.id,
                school_id=school.id,
                school_year_id=year.id,
                service_id=world.service_id,
                post_id=post.id,
                granted_at=NOW - 99 * HOUR,
                activated_at=dice.when(0.15),
            )
            session.add(access)
            session.flush()
            for _turn in range(dice.of(0, 0, 0, 1, 2)):
                session.add(
                    Suspension(
                        access_id=access.id,
                        school_id=school.id,
                        from_at=dice.sure(),
                        until_at=dice.when(0.7),
                        reason="r",
                    )
                )
            for address in filter(None, (person.personal_email, own, "other@ex.be")):
                if not dice.one_in(4):
                    session.add(
                        Consent(
                            person_id=person.id,
                            school_id=school.id,
                            email=address,
                            email_key=address,
                            text_version=1,
                            signed_on=date(2026, 8, 1),
                            recorded_at=dice.of(NOW - 90 * HOUR, dice.sure()),
                            withdrawn_at=dice.when(0.2),
                        )
                    )
            for _turn in range(dice.of(0, 0, 1, 2)):
                session.add(
                    Mission(
                        person_id=person.id,
                        school_id=school.id,
                        school_year_id=year.id,
                        code="c",
                        role=dice.of(None, "management", "reader"),
                        given_at=dice.sure(),
                        removed_at=dice.when(),
                    )
                )
            if dice.one_in(6):
                other = dice.of(*people)
                if other is not person:
                    known = {tuple(sorted((p.person_id, p.other_id))) for p in session.new
                             if isinstance(p, SuspectedDouble)}  # fmt: skip
                    ends = tuple(sorted((person.id or 0, other.id or 0)))
                    if ends not in known:
                        session.add(
                            SuspectedDouble(
                                person_id=ends[0],
                                other_id=ends[1],
                                score=4,
                                found_at=dice.sure(),
                                decided_at=dice.when(),
                            )
                        )
                        session.flush()
            moments = sorted(dice.sure() for _ in range(dice.of(0, 1, 1, 2)))
            for generation, queued in enumerate(moments, start=1):
                mail = Mail(
                    school_id=school.id,
                    person_id=person.id,
                    access_id=access.id,
                    template="invitation",
                    language="fr",
                    recipient="x@ex.be",
                    queued_at=queued,
                    expires_at=queued,
                    next_attempt_at=queued,
                    sent_at=dice.when(),
                    uncertain_at=dice.when(0.2),
                    refused_at=dice.when(0.2),
                    bounced_at=dice.when(0.2),
                )
                session.add(mail)
                session.flush()
                last = generation == len(moments)
                session.add(
                    Invitation(
                        access_id=access.id,
                        school_id=school.id,
                        mail_id=dice.of(None, mail.id, mail.id, mail.id),
                        generation=generation,
                        queued_at=queued,
                        valid_until=queued + HOUR * dice.random.randrange(1, 90),
                        replaced_at=None if last else moments[generation],
                        cancelled_at=dice.when(0.1),
                    )
                )
    return engine


class Rows:
    """Every row, read once, by the table and the column that is asked for."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.held: dict[Any, dict[Any, list[Any]]] = {}

    def __call__(self, table: Any, column: str, value: Any) -> list[Any]:
        if (table, column) not in self.held:
            by_value = self.held[table, column] = {}
            for row in self.session.scalars(select(table)):
                by_value.setdefault(getattr(row, column), []).append(row)
        return self.held[table, column].get(value, [])


def expected(rows: Rows, access: Access, at: datetime, day: date) -> AccessFacts:
    """Return the facts of an access, worked out row by row in Python."""
    (person,) = rows(Person, "id", access.person_id)
    (post,) = rows(Post, "id", access.post_id)
    (year,) = rows(SchoolYear, "id", access.school_year_id)
    source = next(iter(rows(Source, "id", post.source_id)), None)
    personal, school = person.personal_email_key, post.school_email_key
    school_first = source is not None and source.address_rule == "school_first"
    address = (school or personal) if school_first else (personal or school)
    consents = rows(Consent, "person_id", person.id)
    doubles = [
        *rows(SuspectedDouble, "person_id", person.id),
        *rows(SuspectedDouble, "other_id", person.id),
    ]
    missions = [
        m.role
        for m in sorted(rows(Mission, "person_id", person.id), key=lambda m: -m.id)
        if holds(m.given_at, m.removed_at, at) and m.role
    ]
    function = post.function if post.function in ("teacher", "educator") else None
    role, _origin = effective_role(missions, post.role, function)
    latest = [
        i
        for i in rows(Invitation, "access_id", access.id)
        if holds(i.queued_at, i.replaced_at, at) and not happened(i.cancelled_at, at)
    ]
    invitation = latest[0] if latest else None
    mail = next(iter(rows(Mail, "id", invitation.mail_id if invitation else None)), None)
    suspensions = rows(Suspension, "access_id", access.id)
    return AccessFacts(
        suspended=any(holds(s.from_at, s.until_at, at) for s in suspensions),
        over=year.access_ends < day,
        activated=happened(access.activated_at, at),
        address=address,
        consented=any(
            c.email_key == address and holds(c.recorded_at, c.withdrawn_at, at) for c in consents
        ),
        doubtful=any(holds(d.found_at, d.decided_at, at) for d in doubles),
        role=role,
        invited=invitation is not None,
        bounced=mail is not None and happened(mail.bounced_at, at),
        refused=mail is not None and happened(mail.refused_at, at),
        expired=invitation is not None and invitation.valid_until <= at,
        uncertain=mail is not None
        and happened(mail.uncertain_at, at)
        and not happened(mail.sent_at, at),
        sent=mail is not None and happened(mail.sent_at, at),
    )


def test_sql_and_python_agree(everyone: Engine) -> None:
    seen: set[str] = set()
    with reading(everyone, SYSTEM, NOW) as session:
        accesses = {a.id: a for a in session.scalars(select(Access))}
        rows = Rows(session)
        for turn in range(MOMENTS):
            # On the hour: moments and facts often fall together, where < and <= differ.
            at = NOW + HOUR * random.Random(turn).randrange(-70, 70)
            day = at.date()
            status = FactColumns(at, day).status
            found = session.execute(joined(select(Access.id, status).select_from(Access), at)).all()
            assert len(found) == len(accesses)
            for access_id, in_sql in found:
                in_python = expected(rows, accesses[access_id], at, day).status
                assert in_sql == in_python, (access_id, at)
                seen.add(in_sql)
    assert seen == set(STATUS_CODES)


def test_a_filter_by_status_finds_exactly_those_of_that_status(everyone: Engine) -> None:
    """What narrows the search to a few never leaves one out, joined or each by itself."""
    with reading(everyone, SYSTEM, NOW) as session:
        for turn in range(6):
            at = NOW + HOUR * random.Random(turn).randrange(-70, 70)
            facts, plain = FactColumns(at, at.date()), select(Access.id).select_from(Access)
            everybody = session.execute(
                joined(select(Access.id, facts.status).select_from(Access), at)
            )
            found: dict[str, set[int]] = {code: set() for code in STATUS_CODES}
            for access_id, status in everybody:
                found[status].add(access_id)
            for code, each in product(STATUS_CODES, (False, True)):
                asked = plain if each else joined(plain, at)
                filtered = session.scalars(asked.where(facts.has_status(code, each=each)))
                assert set(filtered) == found[code], (code, each, at)


def test_rows_pages_and_counts_agree_with_it(everyone: Engine) -> None:
    with reading(everyone, SYSTEM, NOW) as session:
        school = session.scalars(select(School)).one()
        years = session.scalars(
            select(SchoolYear).where(col(SchoolYear.label).startswith("ends "))
        ).all()
        for on in (None, date(2026, 8, 30), date(2026, 9, 2)):
            now = moment(session, school.id or 0, on)
            for year in years:
                rows = rows_where(session, now, col(Access.school_year_id) == year.id)
                counts = team_access.counts(session, school.id or 0, year.id or 0, on)
                for status in STATUS_CODES:
                    query = team_access.TeamQuery(
                        school.id or 0, year.id or 0, status=status, on=on
                    )
                    number = sum(row.status == status for row in rows)
                    assert counts[status] == team_access.total(session, query) == number


def test_the_end_of_a_day_is_the_school_s_own(engine: Engine) -> None:
    world = make_world(engine)
    school = world.school()
    with reading(engine, SYSTEM, NOW) as session:
        zone = moment(session, school).zone
        # The clocks go back on 25 October 2026: that day has 25 hours.
        assert (
            end_of_day(date(2026, 10, 24), zone).isoformat() == "2026-10-24T21:59:59.999999+00:00"
        )
        assert (
            end_of_day(date(2026, 10, 25), zone).isoformat() == "2026-10-25T22:59:59.999999+00:00"
        )
