"""What a team's list is searched by follows persons and posts, whoever writes them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import LONGEST_SEARCH_KEY, Access, Service, search_key_for
from models.database import SYSTEM, ActorSession, change, writing
from models.people import Person, Post
from models.schools import School, SchoolYear
from models.text import name_key
from models.upgrades import fill_catalogues

AT = datetime(2026, 9, 1, 8, tzinfo=UTC)


def add_access(session: ActorSession, surname: str = "D’Hondt", **access: Any) -> Access:
    """Add a person with a post and an access, each in a flush of its own."""
    year = session.scalars(select(SchoolYear).where(col(SchoolYear.label) == "2026-2027")).one()
    service = session.scalars(select(Service).where(col(Service.code) == "extranet")).one()
    school = School(name="École", name_key="ecole", calendar_id=year.calendar_id)
    person = Person(
        surname=surname,
        first_name="Noémie",
        surname_key=name_key(surname),
        first_name_key="noemie",
        birth_date=date(1990, 1, 2),
        personal_email="n@ex.be",
        personal_email_key="n@ex.be",
        created_at=AT,
    )
    session.add_all([school, person])
    session.flush()
    post = Post(
        person_id=person.id,
        school_id=school.id,
        school_year_id=year.id,
        function="teacher",
        school_email="nd@ecole.be",
        school_email_key="nd@ecole.be",
        created_at=AT,
    )
    session.add(post)
    session.flush()
    row = Access(
        person_id=person.id,
        school_id=school.id,
        school_year_id=year.id,
        service_id=service.id,
        post_id=post.id,
        granted_at=AT,
        **access,
    )
    session.add(row)
    session.flush()
    return row


def keys(session: ActorSession, access: Access) -> tuple[str, str]:
    row = session.execute(
        select(col(Access.search_key), col(Access.function_key)).where(col(Access.id) == access.id)
    ).one()
    return row[0], row[1]


def test_an_access_takes_its_keys_from_person_and_post(engine: Engine) -> None:
    fill_catalogues(engine, AT)
    with writing(engine, SYSTEM, AT) as session:
        access = add_access(session)
        expected = search_key_for("dhondt", "noemie", "n@ex.be", "nd@ecole.be")
        assert keys(session, access) == (expected, "teacher")


def test_a_key_that_is_given_is_kept(engine: Engine) -> None:
    fill_catalogues(engine, AT)
    with writing(engine, SYSTEM, AT) as session:
        access = add_access(session, search_key="mine", function_key="worker")
        assert keys(session, access) == ("mine", "worker")


def test_the_keys_follow_later_changes(engine: Engine) -> None:
    fill_catalogues(engine, AT)
    with writing(engine, SYSTEM, AT) as session:
        access = add_access(session)
        mine = col(Person.id) == access.person_id
        change(session, Person, mine, surname_key="smet", personal_email_key=None)
        assert keys(session, access) == ("smet noemie  nd@ecole.be", "teacher")
        change(session, Post, col(Post.id) == access.post_id, function="educator")
        assert keys(session, access) == ("smet noemie  nd@ecole.be", "educator")
        change(session, Post, col(Post.id) == access.post_id, school_email_key=None)
        assert keys(session, access) == ("smet noemie  ", "educator")


def test_the_keys_follow_an_access_to_another_person(engine: Engine) -> None:
    fill_catalogues(engine, AT)
    with writing(engine, SYSTEM, AT) as session:
        access, other = add_access(session), add_access(session, "Smet")
        moved = col(Access.id) == access.id
        change(session, Access, moved, person_id=other.person_id)
        assert keys(session, access)[0].startswith("smet noemie ")


@pytest.mark.parametrize("length", [LONGEST_SEARCH_KEY, 10_000])
@pytest.mark.every_case
def test_a_name_without_end_is_cut(engine: Engine, length: int) -> None:
    fill_catalogues(engine, AT)
    with writing(engine, SYSTEM, AT) as session:
        access = add_access(session, "é" * length)
        expected = search_key_for("e" * length, "noemie", "n@ex.be", "nd@ecole.be")
        assert keys(session, access)[0] == expected
        assert len(expected) == LONGEST_SEARCH_KEY
