"""The status of workshops: the same from Python and from SQL, whatever the facts."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import SYSTEM, reading, writing
from models.references import (
    NotAWorkshop,
    ReferenceMistyped,
    make_reference,
    make_workshop_reference,
    parse_reference,
    parse_workshop_reference,
)
from models.workshops import (
    STATUS_CODES,
    Workshop,
    WorkshopColumns,
    facts_of,
    next_due,
    search_key_of,
)
from tests.worlds import make_world

NOW = datetime(2027, 3, 20, 12, tzinfo=UTC)
_FACTS = ("taken_at", "accepted_at", "refused_at", "cancelled_at", "attended_at", "invoiced_at")


def workshop(**facts: Any) -> Workshop:
    """Return a workshop that was over four days before `NOW`, unless said otherwise."""
    day = date(2027, 3, 15)
    values: dict[str, Any] = {
        "school_id": 1, "programme": "PYP", "category": 1, "title": "T", "language": "fr",
        "delivery_type": "virtual", "first_day": day, "begins": "09:00", "ends": "16:00",
        "time_zone": "Europe/Brussels", "starts_at": NOW - timedelta(days=5),
        "ends_at": NOW - timedelta(days=4), "school_day": day, "people": 20, "support_name": "S",
        "support_contact": "s@ecole.example", "contact_name": "C",
        "contact_email": "c@ecole.example", "contact_language": "fr",
        "free_until": day - timedelta(days=22), "registration_until": day - timedelta(days=14),
        "answer_due": date(2027, 1, 24), "attendance_due": date(2027, 3, 23),
        "invoice_due": date(2027, 3, 30), "submitted_at": NOW - timedelta(days=90),
    }  # fmt: skip
    return Workshop(**{**values, **facts})


def every_life() -> list[Workshop]:
    """Each fact not there, past or to come, together with each other one; over or not."""
    moments = (None, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    ends = (NOW - timedelta(days=1), NOW, NOW + timedelta(days=1))
    some = [*product(moments[:2], repeat=len(_FACTS)), *([moment] * 6 for moment in moments)]
    lives = [
        workshop(ends_at=end, **dict(zip(_FACTS, facts, strict=True)))
        for end in ends
        for facts in some
    ]
    return [*lives, *(workshop(replaced_at=moment, cancelled_at=moment) for moment in moments)]


def test_python_and_sql_say_the_same(engine: Engine) -> None:
    world = make_world(engine)
    lives = every_life()
    with writing(engine, SYSTEM, NOW) as session:
        for each in lives:
            each.school_id = world.mine
        session.add_all(lives)
        session.flush()
        expected = {each.id: facts_of(each, NOW).status for each in lives}
    assert set(expected.values()) == set(STATUS_CODES)
    columns = WorkshopColumns(NOW)
    with reading(engine, SYSTEM, NOW) as session:
        found = dict(session.execute(select(col(Workshop.id), columns.status)).all())
        assert found == expected
        for code in STATUS_CODES:
            ids = session.scalars(select(col(Workshop.id)).where(columns.has_status(code))).all()
            assert set(ids) == {n for n, status in expected.items() if status == code}, code


@pytest.mark.parametrize(
    ("facts", "due"),
    [
        ({}, "answer_due"),
        ({"taken_at": NOW}, "answer_due"),
        ({"accepted_at": NOW}, "attendance_due"),
        ({"accepted_at": NOW, "attended_at": NOW}, "invoice_due"),
        ({"accepted_at": NOW, "attended_at": NOW, "invoiced_at": NOW}, "invoice_due"),
        ({"invoiced_at": NOW, "paid_at": NOW}, None),
        ({"refused_at": NOW}, None),
        ({"accepted_at": NOW, "cancelled_at": NOW}, None),
        ({"accepted_at": NOW, "cancelled_at": NOW, "charged": True}, "invoice_due"),
        ({"cancelled_at": NOW, "charged": True, "paid_at": NOW}, None),
    ],
)
def test_what_is_waited_for_next(facts: dict[str, Any], due: str | None) -> None:
    found = workshop(**facts)
    assert next_due(found) == (getattr(found, due) if due else None)


def test_a_workshop_is_searched_by_words_without_accents() -> None:
    key = search_key_of("L’évaluation au PP", "Institut Saint-Exemple", 9901, "Anne Lecomte")
    assert key == "levaluation au pp institut saintexemple 9901 anne lecomte"


def test_a_reference_says_whether_it_is_a_workshop_or_a_form() -> None:
    workshop_id, form = make_workshop_reference(4711), make_reference(4711, 1)
    assert workshop_id == "04K7-Z" + workshop_id[-1] and form[:6] == "04K7-1"
    assert parse_workshop_reference(workshop_id.lower().replace("-", " ")) == 4711
    with pytest.raises(NotAWorkshop, match="autorisation"):
        parse_workshop_reference(form)
    with pytest.raises(ReferenceMistyped, match="atelier"):
        parse_reference(workshop_id)
    with pytest.raises(NotAWorkshop):
        parse_workshop_reference(workshop_id[:-1] + ("0" if workshop_id[-1] != "0" else "1"))
    with pytest.raises(ValueError, match="workshop 0"):
        make_workshop_reference(0)
