"""What colours tell is told without them too: by a sign, a word, bold, underline or reverse."""

from itertools import combinations
from pathlib import Path

import pytest
from rich.style import Style
from textual.geometry import Offset

from screens.plan import _LEVELS
from screens.status_list import STATUS_KINDS
from screens.widgets.field import TextInput
from screens.widgets.filter import FilterInput
from screens.widgets.table import PagedTable
from screens.widgets.text import CURSOR, CURSOR_ELSEWHERE, HEADER, TONES
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import People
from tests.screens.widgets.test_table import ListScreen
from tui.appearance import STYLES, Appearance, appearance, shows_arrows
from tui.appearance import Style as StyleName
from tui.drawing.characters import shown_as
from tui.styles import style_sheets


def attributes(style: Style) -> tuple[bool, ...]:
    """Return what remains of a style where there are neither colours nor dim."""
    return bool(style.bold), bool(style.underline), bool(style.reverse)


def test_the_cursor_here_and_elsewhere_and_headings_differ_without_colours() -> None:
    plain, error = TONES[""], TONES["error"]
    for one, other in combinations((CURSOR, CURSOR_ELSEWHERE, plain), 2):
        assert attributes(one) != attributes(other)
    assert attributes(HEADER) != attributes(plain) != attributes(error)


@pytest.mark.parametrize("codec", ["utf-8", "iso8859-1", "cp437", "ascii"])
def test_statuses_differ_by_sign_and_by_word_on_every_terminal(codec: str) -> None:
    signs = [shown_as(kind.sign, codec) for kind in STATUS_KINDS.values()]
    assert len(set(signs)) == len(signs)
    words = {kind.word.text() for kind in STATUS_KINDS.values()}
    assert len(words) == len(STATUS_KINDS)


def test_levels_of_a_plan_differ_by_their_words() -> None:
    assert len({word for word, _tone in _LEVELS.values()}) == len(_LEVELS)


@pytest.mark.parametrize(("severity", "title"), [("error", "Erreur"), ("warning", "Avertissement")])
async def test_how_grave_a_message_is_stands_above_it(
    console: MakeApp, severity: str, title: str
) -> None:
    app = console(ListScreen(People()), style="monochrome")
    async with app.run_test() as pilot:
        await settled(pilot)
        app.notify("Une phrase.", severity=severity)  # type: ignore[arg-type]
        await settled(pilot)
        assert [notification.title for notification in app._notifications] == [title]


@pytest.mark.parametrize("style", STYLES)
async def test_selection_order_and_focus_are_signs(console: MakeApp, style: StyleName) -> None:
    app = console(ListScreen(People()), style=style)
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("space")
        await settled(pilot)
        lines = screen_text(app).splitlines()
        table = app.screen.query_one(PagedTable)
        first = lines[table.region.y + 1]
        assert ("•" in first) if style != "accessible" else (" x " in first)
        told = screen_text(app)
        assert ("par Nom" in told) if style == "accessible" else ("↑" in told)
        assert app.cursor_position == table.region.offset + Offset(0, 2)
        await pilot.press("slash", "a", "b")
        await settled(pilot)
        field = app.screen.query_one(FilterInput)
        assert app.cursor_position == field.content_region.offset + Offset(2, 0)


async def test_the_accessible_style_draws_no_frame(console: MakeApp) -> None:
    app = console(ListScreen(People()), style="accessible")
    async with app.run_test() as pilot:
        await settled(pilot)
        for key in ("question_mark", "escape", "l"):
            await pilot.press(key)
            await settled(pilot)
            assert not any("\u2500" <= character <= "\u259f" for character in screen_text(app))


@pytest.mark.parametrize("style", STYLES)
async def test_signs_are_not_there_to_be_read_aloud(console: MakeApp, style: StyleName) -> None:
    console(ListScreen(People()), style=style)
    told = "Refusée" if style == "accessible" else "! Refusée"
    assert STATUS_KINDS["refused"].text == told


@pytest.mark.parametrize(
    ("environment", "style"),
    [
        ({"TERM": "xterm-256color"}, "colour"),
        ({"TERM": "linux"}, "colour"),
        ({"TERM": "vt100"}, "monochrome"),
        ({"TERM": "vt220", "LANG": "fr_BE.UTF-8"}, "monochrome"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "monochrome"),
        ({"TERM": "xterm", "NO_COLOR": ""}, "colour"),
        ({"TERM": "vt220", "TROUSSEAU_STYLE": "colour"}, "colour"),
        ({"TERM": "xterm", "NO_COLOR": "1", "TROUSSEAU_STYLE": "accessible"}, "accessible"),
        ({"TERM": "vt100", "TROUSSEAU_STYLE": "psychedelic"}, "monochrome"),
        ({}, "colour"),
    ],
)
def test_the_style_is_chosen_or_recognised(environment: dict[str, str], style: StyleName) -> None:
    assert appearance(environment) == Appearance("fr", style)


def test_arrows_are_words_where_they_cannot_be_shown() -> None:
    assert shows_arrows({"TERM": "xterm", "LANG": "fr_BE.UTF-8"})
    assert not shows_arrows({"TERM": "xterm", "LANG": "fr_BE.ISO-8859-1"})


# --- function keys --------------------------------------------------------------------------


async def test_ctrl_f_and_a_digit_are_a_function_key_also_in_a_field(console: MakeApp) -> None:
    app = console(ListScreen(People()))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("slash", "a", "ctrl+f", "9")
        await settled(pilot)
        assert "Team access" in screen_text(app)
        await pilot.press("ctrl+f", "9", "ctrl+f", "b", "9")
        await settled(pilot)
        assert app.screen.query_one(FilterInput).value == "ab9"


def test_fields_with_the_focus_are_told_by_more_than_colour() -> None:
    sheet = Path(style_sheets("monochrome")[-1]).read_text()
    for field in (TextInput, FilterInput):
        rule = sheet.split(f"{field.__name__}:focus:ansi")[1].partition("}")[0]
        assert "bold" in rule


@pytest.mark.parametrize("size", [(59, 19), (20, 5), (1, 1)])
async def test_a_window_too_small_is_lived_through(console: MakeApp, size: tuple[int, int]) -> None:
    app = console(ListScreen(People()), style="accessible")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("down", "question_mark", "escape", "l", "escape", "slash", "a", "enter")
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "par Nom" in screen_text(app)
