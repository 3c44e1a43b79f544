"""Questions and answers, and the message to the helpdesk: for everybody who has signed in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from textual.pilot import Pilot

from models.accounts import Account
from models.calls import SupportRequest
from models.database import SYSTEM, Actor, reading, writing
from models.keys import Key
from models.mail import TEXT_FILE, Mail
from screens.faq import FaqScreen
from screens.own_account import OwnAccountScreen
from screens.support import SupportScreen
from screens.workplace import Workplace
from services import faq
from services.desk import Desk
from services.passwords import Hasher
from services.sign_in import Entrance
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.headnet_place import press, write
from tests.screens.test_call import LOOKS
from tests.worlds import NOW, World

HELPDESK = "aide@segec.example"
EMAIL = "lea.bastin@courriel.example"


def entrance(world: World) -> Entrance:
    return Entrance(world.engine, Hasher(Path("locks")), Key(bytes(32)), world.clock)


def teacher(world: World) -> Actor:
    """Somebody whose signed form is not recorded; she has an account all the same."""
    member = world.person(surname="Bastin", first="Léa", email=EMAIL, consent=False)
    with writing(world.engine, SYSTEM, NOW) as session:
        account = Account(email=EMAIL, email_key=EMAIL, person_id=member.person, created_at=NOW)
        session.add(account)
        session.flush()
        number = account.id
    return Actor(EMAIL, "staff", frozenset({world.mine}), number, member.person)


def parent(world: World) -> Actor:
    with writing(world.engine, SYSTEM, NOW) as session:
        account = Account(email="p@q.example", email_key="p@q.example", created_at=NOW)
        session.add(account)
        session.flush()
        return Actor("p@q.example", "parent", frozenset({world.mine}), account.id)


def head(world: World) -> Actor:
    number = world.head("Lambert", "Luc", "luc@chef.example")
    return Actor("luc@chef.example", "head", frozenset({world.mine}), headship_id=number)


def place(world: World, actor: Actor, helpdesk: str = HELPDESK) -> Workplace:
    desk = Desk(world.engine, actor, world.clock)
    door = entrance(world)
    return Workplace(desk, who=actor.name, entrance=lambda: door, helpdesk=lambda: helpdesk)


def mails(world: World) -> list[Mail]:
    with reading(world.engine, SYSTEM, NOW) as session:
        return list(session.scalars(select(Mail).where(col(Mail.template) == "support")))


def shown(pilot: Pilot[Any]) -> str:
    return " ".join(screen_text(pilot.app).replace("\u00a0", " ").split())


def say_words(pilot: Pilot[Any], words: str) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, SupportScreen) and screen._form is not None
    screen._form["words"].entry.insert(words)  # type: ignore[union-attr]


@pytest.mark.parametrize("who", [teacher, parent, head])
async def test_whoever_has_signed_in_writes_to_the_helpdesk(
    console: MakeApp, world: World, who: Callable[[World], Actor]
) -> None:
    actor = who(world)
    first = FaqScreen(place(world, actor))
    async with console(first, role=actor.role).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f4")
        screen = pilot.app.screen
        assert isinstance(screen, SupportScreen)
        attached = [line.strip() for line in screen._lines or () if line[0].isdigit()]
        if who is teacher:
            assert len(attached) == 1 and "[no_consent]" in attached[0], attached
            assert attached[0][:40] in shown(pilot) and EMAIL not in " ".join(attached)
        if who is parent:  # who is not on record gives the name
            await write(pilot, "Peeters")
        say_words(pilot, "Je n’ai rien reçu depuis lundi.")
        await settled(pilot)
        await pilot.press("f8", "f8")
        await settled(pilot)
        assert pilot.app.screen is first
        (mail,) = mails(world)
        assert mail.recipient == HELPDESK and mail.values["what"].startswith("Je n’ai rien reçu")
        assert all(line in mail.values[TEXT_FILE] for line in attached)
    with reading(world.engine, SYSTEM, NOW) as session:
        (request,) = session.scalars(select(SupportRequest))
        assert (request.account_id, request.headship_id) == (actor.account_id, actor.headship_id)
    again = SupportScreen(place(world, actor))
    async with console(again, role=actor.role).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert again._form is not None and again._form["words"].value == ""  # the draft is gone


async def test_what_was_typed_is_there_again_and_what_lacks_is_told(
    console: MakeApp, world: World
) -> None:
    actor = teacher(world)
    for there in ("", "Bonjour"):
        screen = SupportScreen(place(world, actor))
        async with console(screen, role="staff").run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert screen._form is not None and screen._form["words"].value == there
            await press(pilot, "f8") if not there else None
            assert mails(world) == []
            if not there:
                assert "Obligatoire" in shown(pilot)
                say_words(pilot, "Bonjour")
                await settled(pilot)


async def test_where_no_address_is_set_it_says_what_to_do(console: MakeApp, world: World) -> None:
    screen = SupportScreen(place(world, teacher(world), helpdesk=""))
    async with console(screen, role="staff").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "TROUSSEAU_SUPPORT_ADDRESS" in shown(pilot) and "[no_consent]" in shown(pilot)
        await press(pilot, "f8")
        assert pilot.app.screen is screen and screen._form is None


async def test_it_is_reached_from_the_own_account(console: MakeApp, world: World) -> None:
    screen = OwnAccountScreen(place(world, teacher(world)))
    async with console(screen, role="staff").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f4")
        assert isinstance(pilot.app.screen, SupportScreen)


async def test_questions_are_found_while_typing_in_both_languages(
    console: MakeApp, world: World
) -> None:
    screen = FaqScreen(place(world, teacher(world)))
    async with console(screen, role="staff").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for words, code in (("périmé", "expired"), ("ate", None), ("licorne", "")):
            await press(pilot, "ctrl+u")
            await write(pilot, words)
            found = faq.search(words, "fr")
            row = screen.table.row
            assert (row.key if row else "") == (found[0].codes[0] if found else "")
            assert code is None or code in (found[0].codes if found else ("",))
            assert not found or found[0].answer[:30] in shown(pilot)
        await press(pilot, "ctrl+u", "f9")
        assert faq.questions("en")[0].question[:30] in shown(pilot)


async def test_a_cause_shows_its_answer_first(console: MakeApp, world: World) -> None:
    screen = FaqScreen(place(world, teacher(world)), "locked")
    async with console(screen, role="staff").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        question = faq.question_of("locked", "fr")
        assert question is not None and question.answer[:30] in shown(pilot)
        await press(pilot, "slash")
        await write(pilot, "atelier")
        await press(pilot, "ctrl+u")
        assert screen.table.row is not None
        assert screen.table.row.key == faq.questions("fr")[0].codes[0]


@pytest.mark.parametrize("look", LOOKS)
def test_picture_of_the_questions(
    console: MakeApp, world: World, snap_compare: Any, look: str
) -> None:
    size, options, language = LOOKS[look]

    async def typed(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await write(pilot, "jeton" if language == "fr" else "token")

    screen = FaqScreen(place(world, teacher(world)))
    app = console(screen, role="staff", language=language, **options)
    assert snap_compare(app, run_before=typed, terminal_size=size)


@pytest.mark.parametrize("look", [*LOOKS, "nowhere"])
def test_picture(console: MakeApp, world: World, snap_compare: Any, look: str) -> None:
    size, options, language = LOOKS[look if look in LOOKS else "80x24"]

    async def typed(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        if look != "nowhere":
            say_words(pilot, "Je n’ai rien reçu depuis lundi.\nMes collègues bien.")
            await settled(pilot)

    workplace = place(world, replace(teacher(world)), "" if look == "nowhere" else HELPDESK)
    app = console(SupportScreen(workplace), role="staff", language=language, **options)
    assert snap_compare(app, run_before=typed, terminal_size=size)
