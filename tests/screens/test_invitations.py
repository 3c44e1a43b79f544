"""The status of invitations on screen, and the way from the plan to the sending."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col
from textual.pilot import Pilot

from models.database import SYSTEM, change, writing
from models.invitations import Invitation
from models.keys import Key
from models.language import use_language
from models.mail import Mail
from screens.confirm import ConfirmScreen
from screens.invitations import InvitationsScreen
from screens.person import PersonScreen
from screens.plan import PlanScreen
from screens.progress import ProgressScreen
from screens.workplace import Workplace
from services import outbox, plans, school_years
from services.invitations import plan_invitations
from services.mail.sender import Letterhead, Mailing
from services.mail.url import mail_settings
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.servers import MailServer
from tests.worlds import NOW, World

KEY = Key(bytes(range(32)))


def workplace(world: World, server: MailServer | None = None, query: str = "") -> Workplace:
    desk = world.director()
    here = desk.read(school_years.here, world.mine)
    port = server.port if server else 1
    mailing = Mailing(
        mail_settings(f"smtp://127.0.0.1:{port}{query}"), KEY, Letterhead("trousseau@ecole.example")
    )
    return Workplace(desk, who="A. Lambert", here=here, mailing=lambda: mailing)


def invite(world: World, **wanted: Any) -> None:
    plan = world.desk.write(plan_invitations, world.mine, world.year, **wanted)
    world.desk.write(plans.apply, plan)


def mark(world: World, number: int, **facts: Any) -> None:
    with writing(world.engine, SYSTEM, NOW) as session:
        session.execute(
            update(Mail).where(col(Mail.id) == number).values(**facts),
            execution_options={"synchronize_session": False},
        )


#: What is written into a mail for each state it can be in.
FACTS: dict[str, dict[str, Any]] = {
    "queued": {},
    "sent": {"sent_at": NOW, "closed_at": NOW, "attempts": 1, "reply": "250 2.0.0 queued as 4F2"},
    "uncertain": {
        "uncertain_at": NOW, "attempts": 1, "next_attempt_at": NOW + timedelta(minutes=1),
    },
    "held": {"held_at": NOW, "attempts": 1, "reply": "554 5.7.1 blocked by policy"},
    "refused": {
        "refused_at": NOW, "closed_at": NOW, "attempts": 1, "reply": "550 5.1.1 User unknown",
    },
    "bounced": {
        "sent_at": NOW, "bounced_at": NOW, "closed_at": NOW, "attempts": 1,
        "reply": "5.1.1 no such mailbox",
    },
    "expired": {"expires_at": NOW, "closed_at": NOW},
    "used": {"sent_at": NOW, "closed_at": NOW, "attempts": 1},
    "replaced": {"sent_at": NOW, "closed_at": NOW, "attempts": 1},
    "cancelled": {"cancelled_at": NOW, "closed_at": NOW},
}  # fmt: skip
NAMES = (
    "Vandenbroeck", "D’Hondt", "El Amrani", "Lefèvre", "Peeters", "Nowak", "Benali", "Lejeune",
    "Desmet", "de Brouckère",
)  # fmt: skip


def in_every_state(world: World) -> None:
    for name, state in zip(NAMES, FACTS, strict=True):
        world.person(surname=name, first_name="Anne", email=f"{state}@courriel.example")
    invite(world)
    with writing(world.engine, SYSTEM, NOW) as session:
        mails = {mail.recipient.partition("@")[0]: mail.id for mail in session.query(Mail)}
        for state, column in (("used", "used_at"), ("replaced", "replaced_at")):
            theirs = col(Invitation.mail_id) == mails[state]
            change(session, Invitation, theirs, **{column: NOW})
        theirs = col(Invitation.mail_id) == mails["expired"]
        change(session, Invitation, theirs, valid_until=NOW)
    for state, facts in FACTS.items():
        if facts and mails[state] is not None:
            mark(world, mails[state], **facts)


def told(pilot: Pilot[Any]) -> str:
    """Return what the console has said in its messages."""
    return " ".join(message.message for message in pilot.app._notifications)


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait for what other threads do; the test's own time-out ends it."""
    while not holds():
        await pilot.pause()
        await asyncio.sleep(0.01)
    await pilot.pause()


async def test_every_state_is_told_by_sign_word_and_count(console: MakeApp, world: World) -> None:
    in_every_state(world)
    use_language("en")
    app = console(InvitationsScreen(workplace(world)), language="en")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
    for words in (
        ": waiting 1", "» sent 1", "~ uncertain 1", "# held 1", "! refused 1", "« returned 1",
        "° expired 1", "+ used 1", "= replaced 1", "x withdrawn 1",
    ):  # fmt: skip
        assert words in shown, words
    assert "refused@courriel" in shown and "01/09 10:00" in shown


async def test_detail_holds_the_servers_own_words(console: MakeApp, world: World) -> None:
    in_every_state(world)
    screen = InvitationsScreen(workplace(world))
    async with console(screen, language="en").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"peet", "enter")
        await settled(pilot)
        shown = " ".join(screen_text(pilot.app).split())
        assert "Refused for good on 01/09/2026, 10:00." in shown
        assert "1 try. The server: “550 5.1.1 User unknown”" in shown


async def test_filter_goes_round_the_states_that_occur(console: MakeApp, world: World) -> None:
    in_every_state(world)
    screen = InvitationsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert screen.table.total == 10
        seen = []
        for _state in FACTS:
            await pilot.press("f")
            await settled(pilot)
            assert screen.table.total == 1 and screen.table.row
            seen.append(str(screen.table.row.cells[2]).partition("@")[0])
        assert seen == list(FACTS)
        await pilot.press("f")
        await settled(pilot)
        assert screen.table.total == 10


async def test_enter_opens_the_person(console: MakeApp, world: World) -> None:
    in_every_state(world)
    screen = InvitationsScreen(workplace(world))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"peet", "enter")
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PersonScreen))
        await until(pilot, lambda: "Peeters" in screen_text(pilot.app))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)


async def test_sent_again_after_plan_and_question(
    console: MakeApp, world: World, mail_server: MailServer
) -> None:
    in_every_state(world)
    screen = InvitationsScreen(workplace(world, mail_server))
    async with console(screen, language="en").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanScreen)
        await pilot.press("f8")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.screen is screen)
        await settled(pilot)
        await until(pilot, lambda: "7 mails sent." in told(pilot))
    # In force before: sent, uncertain, refused, returned, used (not active), one queued.
    again = [name for name in mail_server.recipients if name.partition("@")[0] != "queued"]
    assert sorted(name.partition("@")[0] for name in again) == [
        "bounced", "expired", "refused", "sent", "uncertain", "used",
    ]  # fmt: skip


async def test_what_was_held_is_tried_at_once(
    console: MakeApp, world: World, mail_server: MailServer
) -> None:
    in_every_state(world)
    screen = InvitationsScreen(workplace(world, mail_server))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"lef", "enter", "t")
        await until(pilot, lambda: "held@courriel.example" in mail_server.recipients)
        await until(pilot, lambda: pilot.app.screen is screen)


async def test_sending_is_left_found_again_and_stopped(
    console: MakeApp, world: World, mail_server: MailServer
) -> None:
    world.people(60)
    invite(world)
    screen = InvitationsScreen(workplace(world, mail_server, "?rate=15"))
    async with console(screen, language="en").run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "F6 Send now" in screen_text(pilot.app))
        await pilot.press("f6")
        await until(pilot, lambda: len(mail_server.messages) >= 2)
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert "The sending goes on. F7 shows it again." in told(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen))
        await pilot.press("c")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: "stay queued" in told(pilot))
    sent = len(mail_server.messages)
    assert sent < 60 and len(set(mail_server.recipients)) == sent
    assert world.desk.read(outbox.counts).due == 60 - sent


async def test_server_that_cannot_be_reached_is_told_in_words(
    console: MakeApp, world: World
) -> None:
    world.people(2)
    invite(world)
    screen = InvitationsScreen(workplace(world))
    async with console(screen, language="en").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f6")
        await until(pilot, lambda: "2 mails stay queued" in told(pilot))


async def test_nobody_invited_yet_says_what_to_do(console: MakeApp, world: World) -> None:
    async with console(InvitationsScreen(workplace(world)), language="en").run_test() as pilot:
        await settled(pilot)
        shown = screen_text(pilot.app)
        assert "Nobody has been invited yet" in shown
        assert "Send now" not in shown and "Try now" not in shown


async def test_hostile_names_and_words_stay_text(console: MakeApp, world: World) -> None:
    for number, name in enumerate(HOSTILE):
        if "\ud800" not in name and "\x00" not in name:
            world.person(surname=name[:200], email=f"p{number}@courriel.example")
    invite(world)
    mark(world, 1, held_at=NOW, attempts=1, reply=HOSTILE[0] + "[bold]x[/]" + HOSTILE[7])
    async with console(InvitationsScreen(workplace(world))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for _line in range(len(HOSTILE)):
            shown = screen_text(pilot.app)
            assert not set("\x1b\x07\x9b\u202e\u200b") & set(shown)
            await pilot.press("down")
            await settled(pilot)


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
def test_picture(console: MakeApp, world: World, snap_compare: Any, size: tuple[int, int]) -> None:
    in_every_state(world)

    async def ready(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash", *"peet", "enter", "escape")
        await settled(pilot)

    app = console(InvitationsScreen(workplace(world)))
    assert snap_compare(app, terminal_size=size, run_before=ready)


def test_picture_of_the_question_before_sending(
    console: MakeApp, world: World, snap_compare: Any, mail_server: MailServer
) -> None:
    in_every_state(world)
    place = workplace(world, mail_server)

    def refuse() -> Mailing:
        raise AssertionError("not asked for in this picture")

    place.mailing = refuse
    screen = InvitationsScreen(place)

    async def ready(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)
        await pilot.press("f8")
        await settled(pilot)

    assert snap_compare(console(screen), terminal_size=(80, 24), run_before=ready)
