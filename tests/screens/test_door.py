"""The ways in besides the password: what the keys do, what is said, and what is never shown."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from textual import on
from textual.pilot import Pilot
from textual.screen import Screen

from models.language import say
from models.tokens import TokenMistyped
from screens.choose_account import ChooseAccountScreen
from screens.doorway import LONGEST_TOKEN, DoorScreen
from screens.forgotten_password import ForgottenPasswordScreen
from screens.headnet_checks import HeadnetChecksScreen
from screens.known_account import KnownAccountScreen
from screens.new_password import NewPasswordScreen
from screens.notices import NoticesScreen
from screens.sign_in import SignInScreen
from screens.token import TokenScreen
from screens.whom_to_ask import WhomToAskScreen
from screens.widgets.chrome import Sentence
from screens.widgets.field import TextInput
from services.admission import Admission
from services.profiles import Profile
from services.sign_in import wrong_tries_notice
from services.whom_to_ask import SchoolContact
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import SampleDoor

UNTIL = datetime(2026, 9, 15, 10, 30, tzinfo=timezone(timedelta(hours=2)))
TOKEN = "0003K-7QX2A-9BCDE-FGHJK-MNPQ1"
PHRASE = "quatre tortues lisent Kant"
INVITED = Admission(
    "invitation",
    "Élise Vandenbroeck",
    "elise.vdb@courriel.example",
    "Institut Saint-Exemple",
    "Extranet",
    UNTIL,
)
RESET = Admission("reset", "Élise Vandenbroeck", "elise@courriel.example", "", "", UNTIL)
KNOWN = Admission(
    "invitation",
    "Élise Vandenbroeck",
    "elise@courriel.example",
    "Athénée de l’Essai",
    "Extranet",
    UNTIL,
    account_id=3,
    known=True,
)
SHARED = Admission(
    "invitation",
    "Élise Vandenbroeck",
    "famille.vdb@courriel.example",
    "Institut Saint-Exemple",
    "Extranet",
    UNTIL,
    shared=True,
)
ADDRESS = Admission("address", "Élise Vandenbroeck", "nouvelle@courriel.example", "", "", UNTIL)
PROFILES = (
    Profile("director", frozenset({1}), ("Institut Saint-Exemple",)),
    Profile("staff", frozenset({2}), ("Athénée de l’Essai",)),
    Profile("parent", frozenset({1}), ("Institut Saint-Exemple",), 7, "Zoë Vandenbroeck"),
)
CONTACTS = (
    SchoolContact(
        "Institut Saint-Exemple", 9901, "Anne Lecomte", "a.lecomte@ecole.example", "02 000 00 01"
    ),
    SchoolContact("Institut Saint-Autre", 9903, "", "", ""),
)


def shown(app: Any) -> str:
    """Return what the screen says, line ends and runs of spaces apart."""
    return " ".join(screen_text(app).split())


@pytest.fixture
def door() -> SampleDoor:
    return SampleDoor()


# --- the token ----------------------------------------------------------------------------


async def test_a_token_leads_to_the_password_and_stays_for_whoever_comes_back(
    console: MakeApp, door: SampleDoor
) -> None:
    door.admission = INVITED
    screen = TokenScreen(door)
    async with console(screen, role="").run_test() as pilot:
        await pilot.press(*"0003k 7qx2a", "f8")
        await settled(pilot)
        assert door.asked == ["0003k 7qx2a"]
        assert isinstance(pilot.app.screen, NewPasswordScreen)
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is screen
        assert "0003k 7qx2a" in shown(pilot.app)


async def test_a_refusal_is_told_with_its_title_and_the_token_stays(
    console: MakeApp, door: SampleDoor
) -> None:
    door.admission = MISTYPED
    screen = TokenScreen(door)
    async with console(screen, role="").run_test() as pilot:
        await pilot.press(*TOKEN, "enter")
        await settled(pilot)
        assert door.admission.title.text() in shown(pilot.app)
        assert door.admission.wording.text() in shown(pilot.app)
        assert TOKEN in shown(pilot.app)


async def test_a_paste_of_a_file_is_cut(console: MakeApp, door: SampleDoor) -> None:
    from textual.events import Paste

    screen = TokenScreen(door)
    async with console(screen, role="").run_test() as pilot:
        await pilot.pause()
        screen.query_one(TextInput).post_message(Paste("A" * 100_000))
        await settled(pilot)
        assert len(screen.query_one(TextInput).value) <= LONGEST_TOKEN


async def test_an_address_is_confirmed_after_a_question(console: MakeApp, door: SampleDoor) -> None:
    door.admission = ADDRESS
    async with console(TokenScreen(door), role="").run_test() as pilot:
        await pilot.press(*TOKEN, "enter")
        await settled(pilot)
        await pilot.press("n")
        await settled(pilot)
        assert door.asked == [TOKEN]
        await pilot.press("enter")
        await settled(pilot)
        assert "nouvelle@courriel.example" in shown(pilot.app)
        await pilot.press("o")
        await settled(pilot)
        assert door.asked[-1] == ("confirm", TOKEN)


# --- a HeadNet password that is refused ----------------------------------------------------


async def test_the_three_checks_lead_on_to_whom_to_ask(console: MakeApp, door: SampleDoor) -> None:
    first = SignInScreen(door)
    async with console(first, role="").run_test() as pilot:
        await settled(pilot)
        await pilot.press("f3")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HeadnetChecksScreen)
        told = shown(pilot.app)
        places = [told.index(f"{number}  ".strip() + " ") for number in (1, 2, 3)]
        assert places == sorted(places)
        await pilot.press("f9")
        await settled(pilot)
        assert "Is it the recorded address?" in shown(pilot.app)
        await pilot.press("f6")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WhomToAskScreen)
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is first
        assert door.asked == []


# --- the password -------------------------------------------------------------------------


class Watched(NewPasswordScreen):
    entered: Any = None

    @on(DoorScreen.SignedIn)
    def _hear(self, message: DoorScreen.SignedIn) -> None:
        self.entered = message.who


async def test_the_password_is_set_once_typed_twice(console: MakeApp, door: SampleDoor) -> None:
    async with console(lambda: Watched(door, INVITED, TOKEN), role="").run_test() as pilot:
        screen: Any = pilot.app.screen
        await pilot.press(*PHRASE, "f8")
        await settled(pilot)
        assert door.asked == []
        await pilot.press(*PHRASE, "f8")  # the focus has gone where something is missing
        await settled(pilot)
        assert door.asked == [(TOKEN, PHRASE, "elise.vdb@courriel.example")]
        assert screen.entered == "somebody"
        assert PHRASE not in shown(pilot.app)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("abc", "encore 12 caractères"),
        ("quatorze-lettr", "encore 1 caractère"),
        ("motdepassemotdepasse", "parmi les premiers"),
        ("elise.vdb.elise.vdb", "parmi les premiers"),
        ("douze jaspes vf", "Bon : assez long"),
        (PHRASE, "Solide"),
        (PHRASE + " et Spinoza", "Très solide"),
    ],
)
async def test_the_strength_is_told_while_typing(
    console: MakeApp, door: SampleDoor, typed: str, told: str
) -> None:
    async with console(
        lambda: NewPasswordScreen(door, INVITED, TOKEN), role=""
    ).run_test() as pilot:
        await pilot.press(*typed)
        await settled(pilot)
        assert told in shown(pilot.app).replace("\u00a0", " ")
        assert typed not in shown(pilot.app)


async def test_what_is_typed_can_be_shown_and_hidden(console: MakeApp, door: SampleDoor) -> None:
    async with console(
        lambda: NewPasswordScreen(door, INVITED, TOKEN), role=""
    ).run_test() as pilot:
        await pilot.press(*PHRASE, "f4")
        await settled(pilot)
        assert PHRASE in shown(pilot.app)
        await pilot.press("f4")
        await settled(pilot)
        assert PHRASE not in shown(pilot.app)


async def test_another_address_is_checked_and_handed_on(console: MakeApp, door: SampleDoor) -> None:
    async with console(
        lambda: NewPasswordScreen(door, INVITED, TOKEN), role=""
    ).run_test() as pilot:
        await pilot.press("shift+tab", "end", *["backspace"] * 40, *"elise@gmial.com", "tab")
        await settled(pilot)
        assert "gmail.com" in shown(pilot.app)
        await pilot.press("shift+tab", "end", *["backspace"] * 9, *"chez.example", "tab")
        await pilot.press(*PHRASE, "tab", *PHRASE, "f8")
        await settled(pilot)
        assert door.asked == [(TOKEN, PHRASE, "elise@chez.example")]


async def test_who_shares_a_mailbox_gives_an_address_first(
    console: MakeApp, door: SampleDoor
) -> None:
    async with console(lambda: NewPasswordScreen(door, SHARED, TOKEN), role="").run_test() as pilot:
        await pilot.press(*"elise@chez.example", "tab", *PHRASE, "tab", *PHRASE, "f8")
        await settled(pilot)
        assert door.asked == [(TOKEN, PHRASE, "elise@chez.example")]


async def test_a_forgotten_password_leaves_the_address_alone(
    console: MakeApp, door: SampleDoor
) -> None:
    async with console(lambda: NewPasswordScreen(door, RESET, TOKEN), role="").run_test() as pilot:
        await pilot.press(*PHRASE, "tab", *PHRASE, "f8")
        await settled(pilot)
        assert door.asked == [(TOKEN, PHRASE, None)]


async def test_who_has_an_account_gives_its_password(console: MakeApp, door: SampleDoor) -> None:
    door.admission = KNOWN
    async with console(TokenScreen(door), role="").run_test() as pilot:
        await pilot.press(*TOKEN, "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, KnownAccountScreen)
        await pilot.press(*PHRASE, "enter")
        await settled(pilot)
        assert door.asked[-1] == (TOKEN, PHRASE, None)


async def test_neither_token_nor_password_is_in_what_textual_describes(
    console: MakeApp, door: SampleDoor
) -> None:
    from threading import Event

    asked, gone = Event(), Event()

    class Slow(SampleDoor):
        def set_password(self, token: str, password: str, address: str | None) -> Any:
            asked.set()
            assert gone.wait(10)

    async with console(
        lambda: NewPasswordScreen(Slow(), INVITED, TOKEN), role=""
    ).run_test() as pilot:
        screen = pilot.app.screen
        await pilot.press(*PHRASE, "tab", *PHRASE, "f8")
        await pilot.pause()
        assert asked.wait(10)
        told = "".join(f"{w!r}{w.description}{w.name}" for w in pilot.app.workers)
        told += repr(screen) + repr(DoorScreen.SignedIn(PHRASE))
        gone.set()
        assert PHRASE not in told
        assert TOKEN not in told
        await settled(pilot)


# --- forgotten, and whom to ask -----------------------------------------------------------


async def test_the_answer_is_the_same_whatever_the_address(console: MakeApp) -> None:
    answers = set()
    for address in ("known@ecole.example", "unknown@ecole.example"):
        door = SampleDoor()
        async with console(
            partial(ForgottenPasswordScreen, door, address), role=""
        ).run_test() as pilot:
            await pilot.press("enter")
            await settled(pilot)
            assert door.asked == [address]
            answers.add(shown(pilot.app).replace(address, ""))
    assert len(answers) == 1


async def test_the_contact_of_a_school_is_found(console: MakeApp, door: SampleDoor) -> None:
    door.contacts = CONTACTS
    async with console(WhomToAskScreen(door), role="").run_test() as pilot:
        await pilot.press(*"institut", "enter")
        await settled(pilot)
        assert door.asked == ["institut"]
        assert "a.lecomte@ecole.example" in shown(pilot.app)
        door.contacts = ()
        await pilot.press("x", "enter")
        await settled(pilot)
        assert "Aucune école ne correspond" in shown(pilot.app)


async def test_the_ways_in_are_one_key_away(console: MakeApp, door: SampleDoor) -> None:
    screen = SignInScreen(door)
    async with console(screen, role="").run_test() as pilot:
        for key, kind in (
            ("f2", TokenScreen),
            ("f4", ForgottenPasswordScreen),
            ("f6", WhomToAskScreen),
        ):
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(pilot.app.screen, kind)
            await pilot.press("escape")
            await settled(pilot)
            assert pilot.app.screen is screen


# --- several accounts ---------------------------------------------------------------------


class Choosing(ChooseAccountScreen):
    chosen: Any = None

    @on(ChooseAccountScreen.Chosen)
    def _hear(self, message: ChooseAccountScreen.Chosen) -> None:
        message.stop()
        self.chosen = message.what


async def test_enter_uses_an_account(console: MakeApp) -> None:
    screen = Choosing("Élise", PROFILES, lambda profile: profile)
    async with console(screen, role="").run_test() as pilot:
        await settled(pilot)
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        assert screen.chosen == PROFILES[2]


# --- pictures -----------------------------------------------------------------------------

Keys = Callable[[Pilot[Any]], Awaitable[None]]


def press(*keys: str) -> Keys:
    async def pressed(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(*keys)
        await settled(pilot)

    return pressed


class SampleDoorOf(SampleDoor):
    def __init__(self, admission: Any = None, contacts: Any = ()) -> None:
        super().__init__()
        self.admission, self.contacts = admission, contacts


MISTYPED = TokenMistyped(
    say(
        "One or more characters of the token are wrong. Compare it with the e-mail, or"
        " copy and paste it."
    )
)
NOTICE = say("Invitation expired")

SCREENS: dict[str, tuple[Callable[[], Screen[Any]], Keys]] = {
    "token": (lambda: TokenScreen(SampleDoorOf(MISTYPED)), press(*TOKEN, "enter")),
    "new-password": (
        lambda: NewPasswordScreen(SampleDoor(), INVITED, TOKEN),
        press(*PHRASE, "tab", *PHRASE[:9]),
    ),
    "forgotten-new-password": (
        lambda: NewPasswordScreen(SampleDoor(), RESET, TOKEN),
        press(*"motdepassemotdepasse"),
    ),
    "shared-mailbox": (lambda: NewPasswordScreen(SampleDoor(), SHARED, TOKEN), press()),
    "known-account": (lambda: KnownAccountScreen(SampleDoor(), KNOWN, TOKEN), press(*PHRASE)),
    "forgotten-password": (
        lambda: ForgottenPasswordScreen(SampleDoor(), "elise.vdb@courriel.example"),
        press("f8"),
    ),
    "whom-to-ask": (
        lambda: WhomToAskScreen(SampleDoorOf(contacts=CONTACTS)),
        press(*"institut", "enter"),
    ),
    "headnet-checks": (lambda: HeadnetChecksScreen(SampleDoor()), press()),
    "choose-account": (
        lambda: ChooseAccountScreen("Élise Vandenbroeck", PROFILES, id, PROFILES[0]),
        press("down"),
    ),
}


@pytest.mark.parametrize("name", SCREENS)
def test_picture(console: MakeApp, snap_compare: Any, name: str) -> None:
    make, run_before = SCREENS[name]
    assert snap_compare(console(make, role=""), terminal_size=(80, 24), run_before=run_before)


@pytest.mark.parametrize(
    "name", ["token", "new-password", "known-account", "whom-to-ask", "headnet-checks"]
)
def test_picture_on_a_small_screen(console: MakeApp, snap_compare: Any, name: str) -> None:
    make, run_before = SCREENS[name]
    assert snap_compare(console(make, role=""), terminal_size=(60, 20), run_before=run_before)


@pytest.mark.parametrize("options", [{"language": "en"}, {"style": "monochrome"}])
def test_picture_in_another_way(
    console: MakeApp, snap_compare: Any, options: dict[str, str]
) -> None:
    make, run_before = SCREENS["new-password"]
    app = console(make, role="", **options)
    assert snap_compare(app, terminal_size=(80, 24), run_before=run_before)


@pytest.mark.parametrize("options", [{"language": "en"}, {"style": "monochrome"}])
def test_picture_of_the_three_checks(
    console: MakeApp, snap_compare: Any, options: dict[str, str]
) -> None:
    app = console(lambda: HeadnetChecksScreen(SampleDoor()), role="", **options)
    assert snap_compare(app, terminal_size=(80, 24))


def test_picture_of_notices(console: MakeApp, snap_compare: Any) -> None:
    notice = wrong_tries_notice(12, datetime(2026, 9, 1, 10, 0, tzinfo=UNTIL.tzinfo))

    async def show(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        pilot.app.push_screen(NoticesScreen([notice]))
        await settled(pilot)

    app = console(lambda: SignInScreen(SampleDoor()), role="")
    assert snap_compare(app, terminal_size=(80, 24), run_before=show)


async def test_a_notice_waits_for_a_key(console: MakeApp) -> None:
    screen = SignInScreen(SampleDoor())
    async with console(screen, role="").run_test() as pilot:
        await settled(pilot)
        pilot.app.push_screen(NoticesScreen([NOTICE]))
        await settled(pilot)
        assert NOTICE.text() in shown(pilot.app)
        await pilot.press("enter")
        await settled(pilot)
        assert pilot.app.screen is screen
        assert screen.query(Sentence)
