"""The note of a call on screen: typed, kept, closed, handed on; two agents at once are told."""

from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from models.accounts import Account, AccountRole
from models.database import SYSTEM, Actor, writing
from models.language import say
from models.mail import Mail
from screens.call import CallScreen
from screens.diagnosis import DiagnosisScreen
from screens.hand_on import HandOnScreen
from screens.whole_line import WholeLineScreen
from screens.widgets.writing import TextBox
from screens.workplace import Workplace
from services import calls
from services.calls import About, Caller, CallQuery, Done
from services.desk import Desk
from services.drafts import DraftsOf
from services.findings import Finding
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.headnet_place import asked, press, write
from tests.screens.samples import HOSTILE
from tests.worlds import NOW, World

DUPONT = Caller("D’Hondt", "Éloïse", 9901, "0475 12 34 56")
NO_CONSENT = Finding("no_consent", say("No signed consent for %(address)s.", address="e@d.be"))
LOCKED = Finding("locked", say("Locked until %(until)s.", until=NOW))


def agent(world: World, name: str = "agent@aide.example") -> Desk:
    return Desk(world.engine, Actor(name, "helpdesk", None, 1), world.clock)


def place(world: World, name: str = "agent@aide.example") -> Workplace:
    return Workplace(agent(world, name), who="Agent")


def a_call(world: World, caller: Caller = DUPONT) -> int:
    """A call that was searched for, with two causes and two things done."""
    desk, member = agent(world), world.person()
    about = About(member.person, world.mine)
    call = desk.write(calls.open_call, "dupon jeane", caller, about, [NO_CONSENT, LOCKED])
    world.clock.now += timedelta(minutes=2)
    desk.write(calls.note_done, call, Done(say("The invitation is sent again."), "invite_again"))
    desk.write(calls.note_done, call, Done(say("Told")))
    return call


def agents(world: World, *names: str) -> None:
    with writing(world.engine, SYSTEM, NOW) as session:
        for name in names:
            account = Account(email=name, email_key=name, created_at=NOW)
            session.add(account)
            session.flush()
            session.add(AccountRole(account_id=account.id or 0, role="helpdesk", given_at=NOW))


async def come_to(pilot: Pilot[Any], screen: CallScreen) -> None:
    """Open a note above another screen, for closing it leads back there."""
    pilot.app.push_screen(screen)
    await settled(pilot)


async def remark(pilot: Pilot[Any], text: str) -> None:
    """Write where the typing begins in a note whose caller is known."""
    box = pilot.app.focused
    assert isinstance(box, TextBox)
    box.insert(text)
    await settled(pilot)


def notified(pilot: Pilot[Any]) -> str:
    return " ".join(each.message for each in pilot.app._notifications).replace("\u00a0", " ")


def shown(pilot: Pilot[Any]) -> str:
    return screen_text(pilot.app).replace("\u00a0", " ")


async def test_who_called_is_typed_kept_and_the_call_closed(console: MakeApp, world: World) -> None:
    screen = CallScreen(place(world))
    async with console(Screen(), role="helpdesk").run_test(size=(80, 24)) as pilot:
        await come_to(pilot, screen)
        assert agent(world).read(calls.total, CallQuery()) == 0  # nothing for a mere look
        for text in ("Dupont", "Jeanne", "9901", "0475 12 34 56"):
            await write(pilot, text)
            await press(pilot, "tab")
        await remark(pilot, "rappeler après midi")
        await pilot.press("f8", "f8", "f8")
        await settled(pilot)
        (row,) = agent(world).read(calls.calls_page, CallQuery(), 0, 9).rows
        assert (row.surname, row.first_name, row.fase_number) == ("Dupont", "Jeanne", 9901)
        assert screen.call_id == row.id
        assert agent(world).read(calls.page, row.id).remarks == "rappeler après midi"
        screen._form["contact"].entry.focus()  # type: ignore[index]
        await settled(pilot)
        await write(pilot, " le soir")
        await settled(pilot)
        kept = DraftsOf(agent(world))
        assert kept.load("call-new") == {}  # what is typed is of the note that there is now
        assert kept.load(f"call-{row.id}")["contact"].endswith("le soir")
        await press(pilot, "f4")
        page = agent(world).read(calls.page, row.id)
        assert page.status == "closed" and page.caller.contact == "0475 12 34 56 le soir"
        assert pilot.app.screen is not screen


async def test_what_was_typed_is_there_again(console: MakeApp, world: World) -> None:
    call = a_call(world)
    for typed, there in (("à rappeler", ""), (" demain", "à rappeler")):
        screen = CallScreen(place(world), call)
        async with console(Screen(), role="helpdesk").run_test(size=(80, 24)) as pilot:
            await come_to(pilot, screen)
            assert there in shown(pilot)
            await press(pilot, "end")
            await remark(pilot, typed)
    assert agent(world).read(calls.page, call).remarks == ""


async def test_two_agents_at_once_are_told(console: MakeApp, world: World) -> None:
    call = a_call(world)
    screen, other = CallScreen(place(world), call), agent(world, "autre@aide.example")
    async with console(Screen(), role="helpdesk").run_test(size=(80, 24)) as pilot:
        await come_to(pilot, screen)
        await remark(pilot, "la mienne")
        other.write(calls.update_note, call, remarks="la sienne")
        await press(pilot, "f8")
        assert "a modifié cette note" in notified(pilot)
        assert agent(world).read(calls.page, call).remarks == "la sienne"
        await press(pilot, "f8")
        assert agent(world).read(calls.page, call).remarks == "la mienne"
        other.write(calls.close, call)
        await press(pilot, "f4")
        assert "Cet appel est clos" in notified(pilot)
        assert "par autre@aide.example" in shown(pilot)
        assert all(each.disabled for each in screen.query(Input))
        await press(pilot, "x")
        assert pilot.app.screen is screen  # there is nothing left to close


async def test_it_is_handed_on_to_an_account_or_in_words(console: MakeApp, world: World) -> None:
    agents(world, "c.renard@aide.example", "l.maes@aide.example")
    call = a_call(world)
    for keys, to in (("maes", "l.maes@aide.example"), ("", "c.renard@aide.example"), (None, "PO")):
        screen = CallScreen(place(world), call)
        async with console(Screen(), role="helpdesk").run_test(size=(80, 24)) as pilot:
            await come_to(pilot, screen)
            await press(pilot, "f6")
            assert isinstance(pilot.app.screen, HandOnScreen)
            await press(pilot, "enter")
            assert "Obligatoire" in asked(pilot)
            await write(pilot, to if keys is None else keys)
            await press(pilot, *(("enter",) if keys is None else ("down", "enter")))
            page = agent(world).read(calls.page, call)
            assert (page.status, page.handed_to) == ("handed_on", to)


async def test_what_was_done_and_the_diagnosis_open_and_lead_back(
    console: MakeApp, world: World
) -> None:
    call = a_call(world)
    with writing(world.engine, SYSTEM, NOW) as session:
        mail = Mail(
            template="invitation", language="fr", recipient="d@e.example", queued_at=NOW,
            expires_at=NOW, next_attempt_at=NOW, reply="550 5.1.1 inconnu",
        )  # fmt: skip
        session.add(mail)
        session.flush()
        sent = mail.id
    agent(world).write(calls.note_done, call, Done(say("Sent"), "invite_again", mail_id=sent))
    screen = CallScreen(place(world), call)
    async with console(Screen(), role="helpdesk").run_test(size=(80, 24)) as pilot:
        await come_to(pilot, screen)
        await press(pilot, "tab", "end", "enter")
        assert "550 5.1.1 inconnu" in shown(pilot)
        await press(pilot, "escape", "o")
        diagnosis = pilot.app.screen
        assert isinstance(diagnosis, DiagnosisScreen) and "Dupont" in shown(pilot)
        await press(pilot, "c", "f3")
        assert pilot.app.screen is diagnosis  # and not one more above the note


async def test_what_was_found_after_something_was_done_stands_after_it(
    console: MakeApp, world: World
) -> None:
    call = a_call(world)
    world.clock.now += timedelta(minutes=1)
    later = Finding("superseded", say("Only the last one counts."))
    agent(world).write(calls.note_found, call, [later])
    async with console(CallScreen(place(world), call), role="helpdesk").run_test() as pilot:
        await settled(pilot)
        text = shown(pilot)
        told = ("e@d.be", "The invitation is sent again.", "Only the last one counts.")
        assert sorted(told, key=text.index) == list(told)


async def test_enter_opens_what_was_done_and_letters_work_in_the_list(
    console: MakeApp, world: World
) -> None:
    call = a_call(world)
    screen = CallScreen(place(world), call)
    async with console(Screen(), role="helpdesk").run_test(size=(80, 24)) as pilot:
        await come_to(pilot, screen)
        await press(pilot, "tab", "enter")
        assert isinstance(pilot.app.screen, WholeLineScreen)
        await press(pilot, "escape", "x")
        assert agent(world).read(calls.page, call).status == "closed"


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_show_nothing_raw(console: MakeApp, world: World, text: str) -> None:
    text = text.replace("\ud800", "")[:500]
    desk = agent(world)
    finding = Finding("locked", say("%(words)s", words=text))
    call = desk.write(calls.open_call, text, Caller(text, text, None, text), None, [finding], text)
    async with console(CallScreen(place(world), call), role="helpdesk").run_test() as pilot:
        await settled(pilot)
        assert not any(m in shown(pilot) for m in ("\x1b", "\x07", "\x9b", "\u202e", "\u200b"))


LOOKS: dict[str, Any] = {
    "80x24": ((80, 24), {}, "fr"),
    "english": ((80, 24), {}, "en"),
    "60x20": ((60, 20), {}, "fr"),
    "monochrome": ((80, 24), {"style": "monochrome"}, "fr"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_picture(console: MakeApp, world: World, snap_compare: Any, look: str) -> None:
    size, options, language = LOOKS[look]
    screen = CallScreen(place(world), a_call(world))
    app = console(screen, role="helpdesk", language=language, **options)
    assert snap_compare(app, run_before=settled, terminal_size=size)


def test_picture_of_handing_on(console: MakeApp, world: World, snap_compare: Any) -> None:
    agents(world, "c.renard@aide.example", "l.maes@aide.example")
    screen = CallScreen(place(world), a_call(world))

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, "f6")

    assert snap_compare(console(screen, role="helpdesk"), run_before=look, terminal_size=(80, 24))
