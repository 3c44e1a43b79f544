"""What holds for a head's password and its mail: derived alike in Python and in SQL."""

from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement, product
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import SYSTEM, reading, writing
from models.headnet import (
    LIVE,
    LOST,
    MAIL_STATE_CODES,
    STATUS_CODES,
    UNDER_WAY,
    HeadAddress,
    HeadnetPassword,
    Headship,
    PasswordColumns,
    facts_of,
    mail_facts_of,
)
from models.mail import Mail
from tests.worlds import make_world

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_python_and_sql_say_the_same_of_every_mail_and_password(engine: Engine) -> None:
    world = make_world(engine, NOW)
    mails = [*_mails(world.mine), None]
    with writing(engine, SYSTEM, NOW) as session:
        heads = [
            Headship(
                school_id=school, surname="A", first_name="B", surname_key="a", first_name_key="b",
                since=NOW, ended_at=ended, last_sign_in_at=NOW,
            )
            for school, ended in ((world.mine, NOW), (world.other, None))
        ]  # fmt: skip
        session.add_all([*heads, *(mail for mail in mails if mail)])
        session.flush()
        for head in heads:
            of = {"headship_id": head.id or 0, "school_id": head.school_id}
            address = HeadAddress(
                **of, email="a@b.example", email_key="a@b.example", recorded_at=NOW,
                recorded_by="x", takes_effect_at=NOW,
            )  # fmt: skip
            session.add(address)
            session.flush()
            moments = product(mails, (None, NOW), (None, NOW - HOUR, NOW + HOUR), (NOW, NOW + HOUR))
            session.add_all(
                HeadnetPassword(
                    **of, generation=generation, address_id=address.id or 0,
                    mail_id=mail and mail.id, asked_at=NOW - HOUR, asked_by="x",
                    replaced_at=replaced, in_force_at=in_force, takes_effect_at=due,
                )
                for generation, (mail, replaced, in_force, due) in enumerate(moments)
            )  # fmt: skip
    seen: set[str] = set()
    for at in (NOW - HOUR, NOW, NOW + HOUR):
        seen |= _compare(engine, at)
    assert seen == {*STATUS_CODES, *MAIL_STATE_CODES}, "each was met"


def _mails(school: int) -> list[Mail]:
    """Return mails in which each fact has happened, will, or has not, with another or without."""
    facts = ("bounced_at", "refused_at", "sent_at", "uncertain_at", "cancelled_at", "closed_at",
             "held_at")  # fmt: skip
    found = []
    for fact, other in combinations_with_replacement(facts, 2):
        found.append(_mail(school, **{other: NOW + HOUR, fact: NOW}))
    return [*found, _mail(school), _mail(school, attempts=1), _mail(school, expires_at=NOW)]


def _mail(school: int, **facts: Any) -> Mail:
    columns = {
        "school_id": school, "template": "headnet_password", "language": "fr",
        "recipient": "a@b.example", "queued_at": NOW, "expires_at": NOW + 9 * HOUR,
        "next_attempt_at": NOW,
    }  # fmt: skip
    return Mail(**{**columns, **facts})


def _compare(engine: Engine, at: datetime) -> set[str]:
    """Compare both for each row at a moment; return every status and state that occurred."""
    columns = PasswordColumns(at)
    rows: Any = (
        select(HeadnetPassword, Mail, Headship, columns.status, columns.mail_state)  # type: ignore[call-overload]
        .join(Headship, col(Headship.id) == HeadnetPassword.headship_id)
        .outerjoin(Mail, col(Mail.id) == HeadnetPassword.mail_id)
    )
    seen: set[str] = set()
    with reading(engine, SYSTEM, at) as session:
        for password, mail, head, status, state in session.execute(rows):
            assert facts_of(password, mail, head, at).status == status, (password.id, at)
            if mail is not None:
                assert mail_facts_of(mail, at).state == state, (mail.id, at)
                seen.add(state)
            seen.add(status)
    return seen


def test_each_state_is_lost_under_way_or_arrived() -> None:
    assert {*LOST, *UNDER_WAY, "sent"} == set(MAIL_STATE_CODES)
    assert set(STATUS_CODES) == {*LIVE, "ended", "replaced"}
