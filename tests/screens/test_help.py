"""Help, places, and the table of commands behind them."""

import re
from typing import Any

import pytest
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from models.rights import ROLES, THINGS
from screens.commands import COMMANDS, PLACES, allowed, bindings, known, places_for
from screens.help import GoScreen, HelpScreen, commands_of
from screens.widgets.chrome import KeyBar, footer_commands
from tests.screens.conftest import MakeApp, settled
from tests.screens.samples import People
from tests.screens.widgets.test_table import ListScreen
from tui.app import TrousseauApp

#: FACTS, "Keys": what terminals, the line or the shell take for themselves.
OFTEN_TAKEN = {"f1", "f10", "f11"}
TAKEN = {*(f"ctrl+{letter}" for letter in "abhijmpqsz"), "ctrl+backslash"}


def test_no_command_sits_on_a_key_that_does_not_arrive() -> None:
    for command in COMMANDS:
        keys = set(command.keys.split(","))
        assert not keys & TAKEN, command.id
        assert keys - OFTEN_TAKEN, command.id


def test_identifiers_and_letters_are_used_once() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)
    assert len({place.letter for place in PLACES}) == len(PLACES)


def test_identifiers_are_kebab_case() -> None:
    assert all(
        re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*", command.id) for command in COMMANDS
    )


def test_what_is_needed_is_in_the_table_of_rights() -> None:
    needed = {entry.needs.removesuffix("!") for entry in (*COMMANDS, *PLACES)}
    assert needed - {""} <= set(THINGS.values())


@pytest.mark.parametrize(
    ("needs", "roles"),
    [
        ("", (*ROLES, "")),
        ("team", ("helpdesk", "director", "coordinator")),
        ("team!", ("helpdesk", "director")),
        ("journal!", ()),
        ("door!", ("helpdesk",)),
    ],
)
def test_who_is_offered_what(needs: str, roles: tuple[str, ...]) -> None:
    assert [role for role in (*ROLES, "", "root") if allowed(needs, role)] == [
        role for role in (*ROLES, "", "root") if role in roles or not needs
    ]


@pytest.mark.parametrize("role", ["head", "staff", "parent"])
def test_who_runs_no_school_is_offered_what_is_their_own(role: str) -> None:
    seen = ["workshops", "reading-room", "elections"] if role == "head" else []
    own = [
        "dashboard",
        *seen,
        "faq",
        "support",
        "own-access",
        "own-account",
        "accounts",
        "sign-out",
    ]
    assert [place.id for place in places_for(role)] == own


def test_nobody_unknown_is_offered_a_place() -> None:
    assert places_for("") == []


class Deciding(Screen[None]):
    """A screen with a key for directors and one for everybody."""

    BINDINGS = [*bindings("doubles.same", "person.history")]
    done = ""

    def compose(self) -> ComposeResult:
        yield KeyBar()

    def action_same(self) -> None:
        self.done += "same "

    def action_history(self) -> None:
        self.done += "history "


@pytest.mark.parametrize(
    ("role", "done"), [("director", "same history "), ("coordinator", "history "), ("", "history ")]
)
async def test_a_key_that_a_role_is_not_offered_is_not_shown_and_does_nothing(
    console: MakeApp, role: str, done: str
) -> None:
    screen = Deciding()
    async with console(screen, role=role).run_test() as pilot:
        await settled(pilot)
        shown = {command.id for command, _key in footer_commands(screen)}
        assert ("doubles.same" in shown) == ("same" in done)
        assert known("doubles.same") in commands_of(screen) or "same" not in done
        await pilot.press("m", "h")
        assert screen.done == done


async def test_every_key_of_the_screen_is_told(console: MakeApp) -> None:
    app = console(ListScreen(People()))
    async with app.run_test() as pilot:
        await settled(pilot)
        told = {command.id for command in commands_of(app.screen)}
        active = {b.binding.id for b in app.screen.active_bindings.values() if not b.binding.system}
        ours = {identifier for identifier in active if identifier}
        assert ours <= told
        assert {"list.open", "list.search", "app.help", "app.go", "app.language"} <= told


async def test_enter_on_a_line_of_the_help_runs_the_command(console: MakeApp) -> None:
    screen = ListScreen(People())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        await settled(pilot)
        lines = [row.key for row in pilot.app.screen._rows]  # type: ignore[attr-defined]
        await pilot.press(*["down"] * lines.index("list.select-all"), "enter")
        await settled(pilot)
        assert screen.table.selection.all_matching


def _current(app: TrousseauApp) -> Screen[Any]:
    return app.screen


async def test_g_and_a_letter_go_to_a_place(console: MakeApp) -> None:
    places = {
        "team-access": lambda: ListScreen(People()),
        "dashboard": lambda: ListScreen(People()),
    }
    first = ListScreen(People())
    app = console(first, places=places)
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("g", "a")
        await settled(pilot)
        second: Screen[Any] = app.screen
        assert second is not first
        await pilot.press("g", "c")
        assert isinstance(app.screen, GoScreen)
        await pilot.press("escape", "g", "a")
        await settled(pilot)
        assert _current(app) is not second
        assert len(app.screen_stack) == 2
        await pilot.press("g", "d")
        await settled(pilot)
        assert _current(app) is first


async def test_two_keys_at_once_close_one_screen(console: MakeApp) -> None:
    app = console(ListScreen(People()), places={"dashboard": lambda: ListScreen(People())})
    async with app.run_test() as pilot:
        await settled(pilot)
        before = list(app.screen_stack)
        await pilot.press("g")
        places = app.screen
        assert isinstance(places, GoScreen)
        for _key in range(2):
            places.post_message(events.Key("d", "d"))
        await settled(pilot)
        places.action_close()
        await settled(pilot)
        assert list(app.screen_stack) == before


def test_picture_help(console: MakeApp, snap_compare: Any) -> None:
    async def ask(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("question_mark")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)

    assert snap_compare(console(ListScreen(People())), run_before=ask)


def test_picture_places(console: MakeApp, snap_compare: Any) -> None:
    async def ask(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("g")
        await settled(pilot)

    places = {place.id: lambda: ListScreen(People()) for place in PLACES}
    assert snap_compare(console(ListScreen(People()), places=places), run_before=ask)
