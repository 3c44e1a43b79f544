"""Signing in: what the keys do, what is said, and that the password stays hidden."""

from threading import Event
from typing import Any

from textual import on
from textual.screen import Screen

from models.errors import TrousseauError
from models.language import Wording, say
from screens.sign_in import SignInScreen
from services.sign_in import SignInRefused
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import SampleDoor

PASSWORD = "quatre tortues lisent Kant"


class Door(SampleDoor):
    """Lets one pair in, as `services.sign_in` does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []

    def sign_in(self, email: str, password: str) -> str:
        self.asked.append((email, password))
        if (email, password) != ("anne@ecole.example", PASSWORD):
            raise SignInRefused
        return "Anne Lambert"


class Watched(SignInScreen):
    """The screen, and whom it announced."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.entered: list[Any] = []

    @on(SignInScreen.SignedIn)
    def _hear(self, message: SignInScreen.SignedIn) -> None:
        self.entered.append(message.who)


async def type_in(pilot: Any, email: str, password: str) -> None:
    await pilot.press(*email, "enter", *password, "enter")
    await settled(pilot)


async def test_enter_goes_on_and_then_signs_in(console: MakeApp) -> None:
    screen = Watched(door := Door())
    async with console(screen).run_test() as pilot:
        await type_in(pilot, "anne@ecole.example", PASSWORD)
        assert screen.entered == ["Anne Lambert"]
        assert door.asked == [("anne@ecole.example", PASSWORD)]


async def test_f8_signs_in_too(console: MakeApp) -> None:
    screen = Watched(Door())
    async with console(screen).run_test() as pilot:
        await pilot.press(*"anne@ecole.example", "tab", *PASSWORD, "f8")
        await settled(pilot)
        assert screen.entered == ["Anne Lambert"]


async def test_a_wrong_password_is_said_and_taken_away(console: MakeApp) -> None:
    screen = Watched(Door())
    async with console(screen).run_test() as pilot:
        await type_in(pilot, "anne@ecole.example", "wrong")
        shown = " ".join(screen_text(pilot.app).split())
        assert SignInRefused().wording.text() in shown
        assert "anne@ecole.example" in shown
        assert screen.entered == []
        await pilot.press(*PASSWORD, "enter")  # the focus is on the password again
        await settled(pilot)
        assert screen.entered == ["Anne Lambert"]


async def test_nothing_is_asked_while_something_is_missing(console: MakeApp) -> None:
    screen = Watched(door := Door())
    async with console(screen).run_test() as pilot:
        await pilot.press("f8", "tab", "enter")
        await settled(pilot)
        assert door.asked == []


async def test_the_password_is_never_shown(console: MakeApp) -> None:
    gone, asked = Event(), Event()

    class Slow(SampleDoor):
        def sign_in(self, email: str, password: str) -> None:
            asked.set()
            assert gone.wait(10)

    screen = Watched(Slow())
    async with console(screen).run_test() as pilot:
        await pilot.press(*"anne@ecole.example", "enter", *PASSWORD, "enter")
        await pilot.pause()
        assert asked.wait(10)
        assert PASSWORD not in screen_text(pilot.app)
        assert not [w for w in pilot.app.workers if PASSWORD in f"{w!r}{w.description}"]
        gone.set()
        await settled(pilot)


async def test_what_opening_the_database_has_to_say_is_shown(console: MakeApp) -> None:
    notice = say("There is no account yet.")

    class New(SampleDoor):
        def prepare(self) -> Wording | None:
            return notice

    screen = Watched(New())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        assert notice.text() in screen_text(pilot.app)


async def test_a_database_that_cannot_be_opened_is_told_in_words(console: MakeApp) -> None:
    class Broken(SampleDoor):
        def prepare(self) -> Wording | None:
            raise TrousseauError(say("The database lies on a network drive."))

    screen = Watched(Broken())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        assert say("The database lies on a network drive.").text() in screen_text(pilot.app)


async def test_escape_leaves_the_program(console: MakeApp) -> None:
    app = console(Watched(Door()))
    async with app.run_test() as pilot:
        await pilot.press("escape")
        await pilot.pause()
    assert app.return_value == 0


async def test_it_follows_the_language(console: MakeApp) -> None:
    screen: Screen[Any] = Watched(Door())
    async with console(screen, language="en").run_test() as pilot:
        await settled(pilot)
        assert "Password" in screen_text(pilot.app)


def test_at_80_by_24(console: MakeApp, snap_compare: Any) -> None:
    async def typed(pilot: Any) -> None:
        await type_in(pilot, "anne@ecole.example", "wrong")

    # Not `Watched`: what a screen looks like is said of its own class, not of those below it.
    app = console(SignInScreen(Door()))
    assert snap_compare(app, terminal_size=(80, 24), run_before=typed)
