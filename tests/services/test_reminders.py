"""Reminders: to whom they go, to whom they don't, and that each goes once."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_string, policy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from models.access import Access, Suspension
from models.consents import Consent
from models.database import SYSTEM, change, reading, writing
from models.invitations import REMINDER, TOKEN_PURPOSE, Invitation
from models.mail import Mail
from models.people import Person
from models.schools import SchoolYear
from models.tokens import make_token
from services import invitation_status, outbox, plans
from services.invitation_status import InvitationQuery
from services.invitations import plan_invitations
from services.mail.replies import Outcome, Result
from services.mail.sender import Letterhead, send_now
from services.mail.url import mail_settings
from services.nightly import run
from services.outbox import Settled
from services.reminders import remind
from services.story import StoryQuery, page
from tests.nights import (
    INVITED,
    KEY,
    NIGHT,
    account,
    activate,
    bounces,
    invite,
    invited,
    nightwork,
    reminders,
    shorten_tokens,
)
from tests.worlds import Member, World, make_world

WEEK = timedelta(days=7)


def test_who_has_not_activated_is_reminded_once(engine: Any) -> None:
    world = invited(engine, 3)
    assert world.desk.write(remind, 7, 0, 10) == (3, None)
    assert world.desk.write(remind, 7, 0, 10) == (0, None)
    world.clock.now += timedelta(days=2)
    assert world.desk.write(remind, 7, 0, 10) == (0, None)
    assert sorted(reminders(engine).values()) == [1, 1, 1]


def test_not_before_its_day(engine: Any) -> None:
    world = invited(engine, 1)
    world.clock.now = INVITED + WEEK - timedelta(seconds=1)
    assert world.desk.write(remind, 7, 0, 10)[0] == 0
    world.clock.now = INVITED + WEEK
    assert world.desk.write(remind, 7, 0, 10)[0] == 1


def test_the_days_count_from_when_the_invitation_left(engine: Any) -> None:
    world = invited(engine, 1)
    with writing(engine, SYSTEM, NIGHT) as session:
        session.execute(update(Mail).values(sent_at=INVITED + timedelta(days=3)))
    assert world.desk.write(remind, 7, 0, 10)[0] == 0
    world.clock.now = INVITED + timedelta(days=10)
    assert world.desk.write(remind, 7, 0, 10)[0] == 1


def test_in_parts_nobody_is_missed(engine: Any) -> None:
    world = invited(engine, 5)
    first, place = world.desk.write(remind, 7, 0, 2)
    assert (first, place is not None) == (2, True)
    second, place = world.desk.write(remind, 7, place or 0, 2)
    third, last = world.desk.write(remind, 7, place or 0, 2)
    assert (second, third, last) == (2, 1, None)
    assert sorted(reminders(engine).values()) == [1] * 5


def _facts(table: Any, **values: Any) -> Callable[[World, Member], None]:
    def apply(world: World, _member: Member) -> None:
        with writing(world.engine, SYSTEM, INVITED + timedelta(hours=1)) as session:
            if table.journaled:
                change(session, table, col(table.id) > 0, **values)
            else:
                session.execute(update(table).values(**values))

    return apply


def _suspend(world: World, member: Member) -> None:
    with writing(world.engine, SYSTEM, INVITED) as session:
        session.add(
            Suspension(
                access_id=member.access, school_id=world.mine, from_at=INVITED, reason="parti"
            )
        )


def _disable(world: World, member: Member) -> None:
    account(world, "anne@b.be", person_id=member.person, disabled_at=INVITED)


NOT_REMINDED: dict[str, Callable[[World, Member], None]] = {
    "has activated": lambda world, member: activate(world, member.access),
    "is deactivated": _suspend,
    "has a disabled account": _disable,
    "consent withdrawn": _facts(Consent, withdrawn_at=INVITED + timedelta(hours=1)),
    "has another address": _facts(Person, personal_email="new@courriel.example"),
    "has none": _facts(Person, personal_email=None, personal_email_key=None),
    "the mail came back": _facts(Mail, bounced_at=INVITED),
    "the mail was refused": _facts(Mail, refused_at=INVITED, sent_at=None),
    "the mail has not left": _facts(Mail, sent_at=None, closed_at=None),
    "the token is over": _facts(Invitation, valid_until=NIGHT),
    "the token lives for hours": _facts(Invitation, valid_until=NIGHT + timedelta(hours=23)),
    "withdrawn": _facts(Invitation, cancelled_at=INVITED),
    "replaced": lambda world, _m: _replace(world),
    "was reminded": _facts(Invitation, reminded_at=INVITED),
}


def _replace(world: World) -> None:
    world.clock.now = NIGHT - timedelta(days=1)
    invite(world, again=True)
    world.clock.now = NIGHT


@pytest.mark.parametrize("reason", NOT_REMINDED)
def test_who_is_not_reminded(engine: Any, reason: str) -> None:
    world = make_world(engine, INVITED)
    member = world.person()
    invite(world)
    world.clock.now = NIGHT
    NOT_REMINDED[reason](world, member)
    assert world.desk.write(remind, 7, 0, 10)[0] == 0
    assert not reminders(engine)


def test_a_new_generation_is_reminded_of_by_itself(engine: Any) -> None:
    world = invited(engine, 1)
    assert world.desk.write(remind, 7, 0, 10)[0] == 1
    invite(world, again=True)
    world.clock.now += WEEK
    assert world.desk.write(remind, 7, 0, 10)[0] == 1
    assert list(reminders(engine).values()) == [2]


def test_a_token_of_a_week_is_never_reminded_of(engine: Any) -> None:
    world = make_world(engine, INVITED)
    shorten_tokens(world, 7)
    world.people(2)
    invite(world)
    for hours in range(0, 24 * 9, 6):
        world.clock.now = INVITED + timedelta(hours=hours)
        assert world.desk.write(remind, 7, 0, 10)[0] == 0


def test_an_access_that_has_ended_is_not_reminded_of(engine: Any) -> None:
    # Invited a week before the next school year begins, in the school's own zone.
    late = INVITED.replace(year=2027, month=8, day=16)
    world = make_world(engine, late)
    world.people(1)
    invite(world)
    ends = late.replace(day=30) if _ends_on(world).day == 29 else late.replace(day=23)
    world.clock.now = ends
    assert world.desk.write(remind, 7, 0, 10)[0] == 0


def _ends_on(world: World) -> Any:
    with reading(world.engine, SYSTEM, NIGHT) as session:
        found = select(col(SchoolYear.access_ends)).where(col(SchoolYear.id) == world.year)
        return session.scalars(found).one()


def test_guardians_are_reminded_like_everybody(engine: Any, tmp_path: Path) -> None:
    world = make_world(engine, INVITED)
    member = world.person()
    invite(world)
    with writing(engine, SYSTEM, INVITED) as session:
        # An access that rests on children and not on a post.
        change(session, Access, col(Access.id) == member.access, post_id=None)
    world.clock.now = NIGHT
    assert world.desk.write(remind, 7, 0, 10)[0] == 1
    (mail,) = _send(world, tmp_path / "mail")
    assert make_token(KEY, TOKEN_PURPOSE, member.access, 1) in _text(mail)


# --- the mail ---------------------------------------------------------------------------


def _send(world: World, folder: Path) -> list[str]:
    settings = mail_settings(f"maildir:{folder}")
    letterhead = Letterhead("trousseau@ecole.example", sign_in_at="desk.example")
    send_now(world.engine, settings, KEY, letterhead, clock=world.clock)
    return [path.read_text() for path in sorted((folder / "new").iterdir())]


def _text(mail: str) -> str:
    found: Any = message_from_string(mail, policy=policy.default)
    return f"{found['subject']}\n{found.get_body(('plain',)).get_content()}"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_it_brings_the_same_token_with_the_same_end(
    engine: Any, tmp_path: Path, language: str
) -> None:
    world = make_world(engine, INVITED)
    member = world.person(language=language)
    invite(world)
    world.clock.now = NIGHT
    world.desk.write(remind, 7, 0, 10)
    (mail,) = _send(world, tmp_path / "mail")
    text = _text(mail)
    assert text.startswith("Rappel" if language == "fr" else "Reminder")
    assert make_token(KEY, TOKEN_PURPOSE, member.access, 1) in text
    assert "desk.example" in text and "Anne Lecomte" in text
    assert re.search(r"15 (septembre|September) 2026", text)


def test_who_activates_before_it_leaves_receives_none(engine: Any, tmp_path: Path) -> None:
    world = make_world(engine, INVITED)
    member = world.person()
    invite(world)
    world.clock.now = NIGHT
    world.desk.write(remind, 7, 0, 10)
    activate(world, member.access)
    assert _send(world, tmp_path / "mail") == []
    with reading(engine, SYSTEM, NIGHT) as session:
        (mail,) = session.scalars(select(Mail).where(col(Mail.template) == REMINDER))
        assert mail.cancelled_at is not None and mail.sent_at is None
        (invitation,) = session.scalars(select(Invitation))
        assert invitation.cancelled_at is None


def test_a_newer_invitation_closes_the_reminder_of_the_former(engine: Any) -> None:
    world = invited(engine, 1)
    world.desk.write(remind, 7, 0, 10)
    world.desk.write(
        lambda session: session.execute(update(Mail).values(held_at=NIGHT)),
    )
    again = world.desk.write(plan_invitations, world.mine, world.year, again=True)
    world.desk.write(plans.apply, again)
    assert world.desk.write(outbox.sweep) == 1


def test_the_history_of_a_person_tells_it_from_the_invitation(engine: Any) -> None:
    world = make_world(engine, INVITED)
    member = world.person()
    invite(world)
    world.clock.now = NIGHT
    world.desk.write(remind, 7, 0, 10)
    story = world.desk.read(page, StoryQuery(member.person), 0, 50)
    told = [line.text.text("en") for line in story.rows]
    assert len([line for line in told if line.startswith("Reminder no. 1 queued")]) == 1


@pytest.mark.parametrize("fate", ["bounced", "refused"])
def test_what_became_of_it_is_told_of_the_invitation(engine: Any, fate: str) -> None:
    world = invited(engine, 2)
    world.desk.write(remind, 7, 0, 10)
    with writing(engine, SYSTEM, NIGHT) as session:
        first, _second = outbox.claim(session, "w", 5, timedelta(minutes=1))
        if fate == "bounced":
            assert outbox.record_bounce(session, first.mail_id, 1, "5.1.1 no such user")
        else:
            outcome = Outcome(Result.REFUSED, 550, words="no such user")
            outbox.settle(session, "w", [Settled(first.mail_id, outcome, NIGHT)], Random(1))
    rows = world.desk.read(invitation_status.rows, InvitationQuery(world.mine, world.year))
    states = {row.access_id: row.state for row in rows}
    assert states.pop(first.access_id) == fate
    assert set(states.values()) == {"sent"}
    assert "no such user" in next(r.reply for r in rows if r.access_id == first.access_id)


def test_a_bounce_of_the_night_comes_before_its_reminders(engine: Any, tmp_path: Path) -> None:
    world = invited(engine, 3)
    bounces(world, tmp_path / "bounces", 1)
    done = run(nightwork(world, tmp_path / "bounces")).done
    assert (done["bounces"], done["reminders"]) == (1, 2)
