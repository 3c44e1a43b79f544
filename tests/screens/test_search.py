"""The one search on screen: found while typing, opened by Enter, from wherever one is."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from models.database import SYSTEM, Actor, writing
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import Key
from models.mail import Mail
from models.tokens import make_token
from screens.call import CallScreen
from screens.diagnosis import DiagnosisScreen
from screens.record_consents import RecordConsentsScreen
from screens.schools import SchoolsScreen
from screens.search import KIND_SIGNS, SearchInput, SearchScreen, has_token
from screens.story import StoryScreen
from screens.widgets.field import TextInput
from screens.workplace import Workplace
from services import school_years
from services.desk import Desk
from services.passwords import Hasher
from services.search import KINDS
from services.sign_in import Entrance
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.worlds import NOW, Member, World

KEY = Key(b"k" * 32)
TOKEN = "00012-AB3DE-FGH4K-7QRST-VWXYZ"


@dataclass(frozen=True)
class SlowDesk(Desk):
    """A desk that answers a question about one text only once it is let."""

    slow: str | None = None
    let: Event = field(default_factory=Event)

    def read(self, question: Any, *args: Any, **kwargs: Any) -> Any:
        if args and args[0] == self.slow:
            assert self.let.wait(20)
        return super().read(question, *args, **kwargs)


def workplace(world: World, role: str = "helpdesk", slow: str | None = None) -> Workplace:
    schools = None if role == "helpdesk" else frozenset({world.mine})
    desk = SlowDesk(world.engine, Actor("A. Lambert", role, schools), world.clock, slow)
    here = desk.read(school_years.here, world.mine) if schools else None

    def entrance() -> Entrance:
        return Entrance(world.engine, Hasher(Path()), KEY, world.clock)

    return Workplace(desk, here=here, entrance=entrance)


def opened(console: MakeApp, here: Workplace, first: Screen[Any] | None = None) -> Any:
    """Return the console on a screen from which the search is opened."""
    places = {"search": lambda: SearchScreen(here)}
    return console(first or SchoolsScreen(here), places=places, role=here.role)


def people(world: World) -> dict[str, Member]:
    return {
        surname: world.person(surname=surname, first_name=first, **facts)
        for surname, first, facts in (
            ("Dupont", "Marie", {}),
            ("Dupond", "Marc", {"consent": False}),
            ("D’Hondt", "Jean-Marc", {"email": None}),
            ("Vandenbroeck", "Élise", {"school": world.other}),
        )
    }


async def packet(pilot: Pilot[Any], *keys: str) -> None:
    """Give the program all keys at once, as they come in one packet."""
    for key in keys:
        character = key if len(key) == 1 else None
        pilot.app.post_message(events.Key(key, character))
    await settled(pilot)


def titles(screen: SearchScreen) -> list[str]:
    return [str(hit.title) for hit in screen._shown]


def person_opened(app: Any) -> int | None:
    assert isinstance(app.screen, DiagnosisScreen)
    return app.screen._hit.person_id


async def test_it_finds_while_typing_and_enter_opens_the_first(
    console: MakeApp, world: World
) -> None:
    known = people(world)
    async with opened(console, workplace(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"dupon")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, SearchScreen)
        assert set(titles(screen)) == {"Dupont Marie", "Dupond Marc"}
        await pilot.press("t")
        await settled(pilot)
        assert titles(screen)[0] == "Dupont Marie"
        text = screen_text(pilot.app)
        assert "Institut Saint-Exemple" in text and "personne" in text
        await pilot.press("enter")
        await settled(pilot)
        assert person_opened(pilot.app) == known["Dupont"].person
        await pilot.press("escape", "escape")
        assert isinstance(pilot.app.screen, SchoolsScreen)


async def test_twenty_calls_in_a_row_pile_up_no_screens(console: MakeApp, world: World) -> None:
    known = people(world)
    first = SchoolsScreen(workplace(world))
    async with opened(console, workplace(world), first).run_test(size=(80, 24)) as pilot:
        app = pilot.app
        await settled(pilot)
        search = None
        for turn in range(20):
            surname = ("Dupont", "D’Hondt")[turn % 2]
            await pilot.press("ctrl+r", *surname.replace("’", "").lower(), "enter")
            await settled(pilot)
            assert person_opened(app) == known[surname].person
            if turn % 3 == 1:
                await pilot.press("h")  # the story above it is left as well
                await settled(pilot)
                assert isinstance(app.screen, StoryScreen)
            found = [each for each in app.screen_stack if isinstance(each, SearchScreen)]
            assert len(found) == 1 and search in (None, found[0])
            search = found[0]
            assert len(app.screen_stack) <= 4
        await pilot.press("ctrl+r")
        assert app.screen is search
        await pilot.press("escape")
        assert app.screen is first


async def test_what_holds_something_stays_below_another_search(
    console: MakeApp, world: World
) -> None:
    people(world)
    async with opened(console, workplace(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"dupond", "enter")
        await settled(pilot)
        diagnosis = pilot.app.screen
        assert isinstance(diagnosis, DiagnosisScreen)
        diagnosis._opened = diagnosis._findings[0]  # its form is open, and is not noted yet
        await pilot.press("ctrl+r")
        assert isinstance(pilot.app.screen, SearchScreen)
        await pilot.press("escape")
        assert pilot.app.screen is diagnosis
        await settled(pilot)
        form = CallScreen(workplace(world))
        await pilot.app.push_screen(form)
        await settled(pilot)
        await pilot.press("ctrl+r", "escape")
        assert pilot.app.screen is form


async def test_what_was_searched_last_stays_and_the_next_letter_takes_its_place(
    console: MakeApp, world: World
) -> None:
    people(world)
    async with opened(console, workplace(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"hondt", "escape", "ctrl+r")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, SearchScreen) and titles(screen) == ["D’Hondt Jean-Marc"]
        await pilot.press("end", "ctrl+r", *"elise")
        await settled(pilot)
        assert pilot.app.screen is screen and titles(screen) == ["Vandenbroeck Élise"]


@pytest.mark.parametrize("seconds_known", [False, True])
async def test_enter_opens_the_hit_of_the_whole_text_however_late_it_is_found(
    console: MakeApp, world: World, seconds_known: bool
) -> None:
    """All keys in one packet; and with the answer to the whole text held back."""
    known = people(world)
    here = workplace(world, slow="dupond" if seconds_known else None)
    async with opened(console, here).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        desk = here.desk
        assert isinstance(desk, SlowDesk)
        if seconds_known:
            pilot.app.set_timer(0.2, desk.let.set)
        await packet(pilot, "ctrl+r", *"dupond", "enter")
        assert person_opened(pilot.app) == known["Dupond"].person


async def test_arrows_typed_ahead_are_counted_in_the_hits_of_the_whole_text(
    console: MakeApp, world: World
) -> None:
    known = people(world)
    here = workplace(world)
    async with opened(console, here).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await packet(pilot, "ctrl+r", *"dupont", "down", "enter")
        assert person_opened(pilot.app) == known["Dupond"].person


async def test_a_letter_behind_enter_takes_it_back(console: MakeApp, world: World) -> None:
    people(world)
    here = workplace(world, slow="dupon")
    async with opened(console, here).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"dupon", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, SearchScreen) and screen.awaits_another
        await pilot.press("d")
        assert not screen.awaits_another
        here.desk.let.set()  # type: ignore[attr-defined]
        await settled(pilot)
        assert pilot.app.screen is screen and titles(screen)[0] == "Dupond Marc"


async def test_nothing_found_says_what_can_be_searched(console: MakeApp, world: World) -> None:
    people(world)
    async with opened(console, workplace(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"zwxkq", "enter")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, SearchScreen) and not screen.awaits_another
        text = " ".join(screen_text(pilot.app).split())
        assert "numéro FASE" in text and "jeton" in text


async def test_a_token_is_masked_and_not_kept(console: MakeApp, world: World) -> None:
    member = people(world)["Dupont"]
    token = invited(world, member)
    here = workplace(world)
    async with opened(console, here).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"abc ")
        assert not pilot.app.screen.query_one(SearchInput).password
        first, second = token[:12], token[12:]
        await pilot.press("ctrl+u")
        pilot.app.post_message(events.Paste(f"Bonjour,\nmon jeton : {first}\n{second}\n"))
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, SearchScreen)
        assert screen.query_one(SearchInput).password
        assert [hit.kind for hit in screen._shown] == ["token"]
        text = screen_text(pilot.app)
        assert "Dupont Marie" in text
        assert first not in text and second.strip("-") not in text
        await pilot.press("enter")
        await settled(pilot)
        assert person_opened(pilot.app) == member.person
        assert first not in screen_text(pilot.app) and here.searched == ""


def invited(world: World, member: Member) -> str:
    """Invite somebody, and return the token."""
    with writing(world.engine, SYSTEM, NOW) as session:
        mail = Mail(
            school_id=world.mine, person_id=member.person, access_id=member.access,
            template="invitation", language="fr", generation=1, recipient="d@ex.be",
            queued_at=NOW, expires_at=NOW + timedelta(days=14), next_attempt_at=NOW,
        )  # fmt: skip
        session.add(mail)
        session.flush()
        session.add(
            Invitation(
                access_id=member.access, school_id=world.mine, mail_id=mail.id, generation=1,
                queued_at=NOW, valid_until=NOW + timedelta(days=14),
            )
        )  # fmt: skip
    return make_token(KEY, TOKEN_PURPOSE, member.access, 1)


@pytest.mark.parametrize("text", [TOKEN, TOKEN.replace("-", " "), f"jeton : {TOKEN}."])
def test_what_may_be_a_token_is_masked(text: str) -> None:
    assert has_token(text)
    assert not has_token("Institut Saint-Exemple 9901 dupont.marie@ecole.example")


async def test_it_opens_from_a_form_whose_draft_stays(console: MakeApp, world: World) -> None:
    people(world)
    here = workplace(world, "director")
    first = RecordConsentsScreen(here)
    async with opened(console, here, first).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        field = first.query(TextInput).first()
        field.focus()
        await packet(pilot, *"abc", "ctrl+r", *"hondt")
        assert isinstance(pilot.app.screen, SearchScreen)
        assert titles(pilot.app.screen) == ["D’Hondt Jean-Marc"]
        await pilot.press("escape")
        assert pilot.app.screen is first and field.value == "abc"


async def test_a_director_finds_the_own_school_only(console: MakeApp, world: World) -> None:
    people(world)
    async with opened(console, workplace(world, "director")).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"vandenbroeck")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, SearchScreen) and titles(screen) == []


@pytest.mark.parametrize("role", ["", "head", "staff", "parent"])
async def test_others_have_no_search(console: MakeApp, world: World, role: str) -> None:
    here = workplace(world)
    first = SchoolsScreen(here)
    app = console(first, places={"search": lambda: SearchScreen(here)}, role=role)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r")
        assert pilot.app.screen is first


async def test_names_that_are_escapes_do_nothing(console: MakeApp, world: World) -> None:
    for number, name in enumerate(HOSTILE):
        world.person(
            surname=f"Piège {name}".replace("\ud800", "?")[:60],
            first_name=str(number),
            email=f"{number}@x.be",
        )
    async with opened(console, workplace(world)).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r", *"piege")
        await settled(pilot)
        assert len(titles(pilot.app.screen)) > 5  # type: ignore[arg-type]
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", screen_text(pilot.app))


def test_every_kind_has_a_sign() -> None:
    assert set(KIND_SIGNS) == set(KINDS)
    assert len(set(KIND_SIGNS.values())) == len(KINDS)


# --- pictures -----------------------------------------------------------------------------


def look(*keys: str) -> Any:
    async def typed(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("ctrl+r", *keys)
        await settled(pilot)

    return typed


def test_picture(console: MakeApp, world: World, snap_compare: Any) -> None:
    people(world)
    app = opened(console, workplace(world))
    assert snap_compare(app, run_before=look(*"dupond"), terminal_size=(80, 24))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_picture_of_nothing_found(
    console: MakeApp, world: World, snap_compare: Any, language: str
) -> None:
    places = {"search": lambda: SearchScreen(here)}
    here = workplace(world)
    app = console(SchoolsScreen(here), places=places, role="helpdesk", language=language)
    assert snap_compare(app, run_before=look(*"zwxkq"), terminal_size=(80, 24))


@pytest.mark.parametrize("style", ["monochrome", "accessible"])
def test_picture_at_60_by_20(console: MakeApp, world: World, snap_compare: Any, style: str) -> None:
    people(world)
    here = workplace(world)
    places = {"search": lambda: SearchScreen(here)}
    app = console(SchoolsScreen(here), places=places, role="helpdesk", style=style)
    assert snap_compare(app, run_before=look(*"dupond", "down"), terminal_size=(60, 20))
