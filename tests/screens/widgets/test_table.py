"""The paged table: what it reads, holds, selects, paints and says."""

from threading import Event
from typing import Any

import pytest
from textual import on
from textual.app import ComposeResult
from textual.events import Paste
from textual.geometry import Region
from textual.screen import Screen
from textual.worker import WorkerState

from models.language import use_language
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Column, PagedTable, Selection, Sort, share_out
from screens.widgets.window import CHUNK, HELD, Window
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import COLUMNS, People


class ListScreen(Screen[None]):
    """A list as a feature screen makes one."""

    def __init__(self, people: People, **options: Any) -> None:
        super().__init__()
        options = {"sort": Sort("name"), **options}
        self.table: PagedTable = PagedTable(COLUMNS, people.load, **options)
        self.heard: list[Any] = []

    def compose(self) -> ComposeResult:
        yield TitleBar("Team access", "Institut Saint-Joseph", "2026-2027", "Anne Lambert")
        yield FilteredTable(self.table)
        yield KeyBar()

    @on(PagedTable.Opened)
    @on(PagedTable.SelectionChanged)
    @on(PagedTable.SortChanged)
    def _hear(self, message: Any) -> None:
        self.heard.append(message)


async def test_first_page_is_shown_and_only_that_is_read(console: MakeApp) -> None:
    people = People(100_000)
    screen = ListScreen(people)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        assert [(offset, limit) for offset, limit, *_rest in people.asked] == [(0, CHUNK)]
        assert screen.table.total == 100_000
        assert "Élise Vandenbroeck" in screen_text(pilot.app)


async def test_never_holds_more_than_a_few_pages(console: MakeApp) -> None:
    screen = ListScreen(People(100_000))
    async with console(screen).run_test(size=(120, 24)) as pilot:
        await settled(pilot)
        for _page in range(60):
            await pilot.press("pagedown")
        await settled(pilot)
        assert screen.table.rows_held <= HELD * CHUNK
        await pilot.press("end")
        await settled(pilot)
        assert screen.table.row is not None
        assert screen.table.row.key == 99_999
        assert "99999@" in screen_text(pilot.app)


async def test_rows_are_painted_before_the_total_is_known(console: MakeApp) -> None:
    people = People(300, knows_total=False)
    may_count = Event()

    def count(wanted: str) -> int:
        assert may_count.wait(10)
        return people.count(wanted)

    screen = ListScreen(people, count=count)
    async with console(screen).run_test() as pilot:
        while screen.table.rows_held == 0:
            await pilot.pause()
        assert "Élise Vandenbroeck" in screen_text(pilot.app)
        assert screen.table.total is None
        may_count.set()
        await settled(pilot)
        assert screen.table.total == 300


async def test_without_any_total_the_list_reads_on_to_its_end(console: MakeApp) -> None:
    screen = ListScreen(People(2 * CHUNK, knows_total=False))
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        for _time in range(4):
            await pilot.press("end")
            await settled(pilot)
        assert screen.table.total == 2 * CHUNK
        assert screen.table.cursor == 2 * CHUNK - 1


async def test_a_newer_filter_wins_over_a_slow_older_one(console: MakeApp) -> None:
    people = People(500)
    people.held_back["é"] = Event()
    screen = ListScreen(people)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("slash", "é")
        await pilot.pause()
        slow = [w for w in pilot.app.workers if w.group == "rows" and not w.is_finished]
        await pilot.press("l", "i")
        await pilot.pause()
        assert [worker.state for worker in slow] == [WorkerState.CANCELLED]
        people.held_back["é"].set()
        await settled(pilot)
        assert screen.table.wanted == "éli"
        assert screen.table.total == people.count("éli")
        assert "Jean-Marc" not in screen_text(pilot.app)


async def test_enter_opens_and_space_selects(console: MakeApp) -> None:
    screen = ListScreen(People())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("down", "space", "space", "enter")
        assert screen.table.selection.keys == {1, 2}
        assert [type(message).__name__ for message in screen.heard] == [
            "SelectionChanged", "SelectionChanged", "Opened",
        ]  # fmt: skip
        assert screen.heard[-1].row.key == 3
        assert " • Jean-Marc Dupont" in screen_text(pilot.app)


async def test_all_means_all_that_match_and_ends_with_the_filter(console: MakeApp) -> None:
    screen = ListScreen(People())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("a", "space")
        assert screen.table.selection == Selection(frozenset({0}), all_matching=True)
        assert screen.table.selection.count(500) == 499
        assert 7 in screen.table.selection
        assert 0 not in screen.table.selection
        screen.table.search("Dupont")
        await settled(pilot)
        assert screen.table.selection == Selection(filter="Dupont")


async def test_refresh_keeps_selection_and_place(console: MakeApp) -> None:
    people = People()
    screen = ListScreen(people, locate=people.locate)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("space", *["pagedown"] * 8)
        await settled(pilot)
        place, line = screen.table.cursor, screen.table.row
        await pilot.press("f5")
        await settled(pilot)
        assert (screen.table.cursor, screen.table.row) == (place, line)
        assert screen.table.selection.keys == {0}
        await pilot.press("S")
        await settled(pilot)
        assert screen.table.row == line
        assert screen.table.cursor == 499 - place


async def test_fewer_rows_after_a_refresh_leave_the_cursor_on_one(console: MakeApp) -> None:
    people = People(500)
    screen = ListScreen(people)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("end")
        await settled(pilot)
        people.size = 30
        await pilot.press("f5")
        await settled(pilot)
        assert screen.table.row is not None
        assert screen.table.row.key == 29
        people.size = 0
        await pilot.press("f5")
        await settled(pilot)
        assert screen.table.row is None


async def test_sorting_goes_round_the_columns(console: MakeApp) -> None:
    screen = ListScreen(People())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("s")
        assert screen.table.sort == Sort("function")
        await pilot.press("S")
        assert screen.table.sort == Sort("function", descending=True)
        await settled(pilot)
        assert "↓" in screen_text(pilot.app)


async def test_a_failure_is_told_and_can_be_tried_again(console: MakeApp, home: Any) -> None:
    people = People(broken=True)
    screen = ListScreen(people)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        use_language("en")
        pilot.app.screen.refresh()
        await pilot.pause()
        log = (home / "state" / "crashes.jsonl").read_text()
        assert "builtins.RuntimeError" in log
        assert "no disk" not in log
        people.broken = False
        await pilot.press("f5")
        await settled(pilot)
        assert screen.table.total == 500


async def test_escape_takes_the_search_away_before_it_goes_back(console: MakeApp) -> None:
    screen = ListScreen(People())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("slash", *"dup", "escape")
        assert screen.table.has_focus
        assert screen.table.wanted == "dup"
        await pilot.press("escape")
        await settled(pilot)
        assert screen.table.wanted == ""
        assert screen.table.total == 500


async def test_escape_leads_back_from_any_screen_but_the_first(console: MakeApp) -> None:
    first = ListScreen(People())
    async with console(first).run_test() as pilot:
        await settled(pilot)
        await pilot.app.push_screen(ListScreen(People()))
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is first
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is first


class Watched(PagedTable):
    """Remembers how often it was asked to paint."""

    def refresh(self, *regions: Region, **options: bool) -> "Watched":
        self.painted = [*getattr(self, "painted", []), regions]
        super().refresh(*regions, **options)
        return self


async def test_a_search_that_finds_the_same_paints_no_row_again(console: MakeApp) -> None:
    screen = ListScreen(People())
    screen.table = table = Watched(COLUMNS, People().load)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        table.search("dup")
        await settled(pilot)
        table.painted = []
        table.search("dupo")
        await settled(pilot)
        assert table.wanted == "dupo"
        assert table.painted == []
        table.search("fatima")
        await settled(pilot)
        assert table.painted


class Told(PagedTable):
    """Remembers what its last line said."""

    def _status(self) -> str:
        said = super()._status()
        self.told = getattr(self, "told", set()) | {said}
        return said


async def test_a_count_that_comes_at_once_is_said_once(
    console: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.widgets.table._PATIENCE", 60.0)
    people = People(300, knows_total=False)
    screen = ListScreen(people)
    screen.table = table = Told(COLUMNS, people.load, count=people.count)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        table.search("e")
        await settled(pilot)
        wanted = f"   1–19 sur {people.count('e')}"
        assert wanted in screen_text(pilot.app)
        assert table.told == {"", "   1–19 sur 300", wanted}


async def test_a_count_that_takes_its_time_is_told_of(console: MakeApp) -> None:
    people = People(300, knows_total=False)
    may_count = Event()

    def count(wanted: str) -> int:
        assert may_count.wait(10)
        return people.count(wanted)

    async with console(ListScreen(people, count=count)).run_test() as pilot:
        while "1–19, comptage" not in screen_text(pilot.app):
            await pilot.pause()
        may_count.set()
        await settled(pilot)
        assert "1–19 sur 300" in screen_text(pilot.app)


class FollowedScreen(ListScreen):
    """Remembers on which rows the cursor came to stand."""

    @on(PagedTable.Highlighted)
    def _follow(self, message: PagedTable.Highlighted) -> None:
        self.heard.append(message.row and message.row.key)


async def test_rows_that_come_at_once_are_painted_once(
    console: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.widgets.table._PATIENCE", 60.0)
    screen = FollowedScreen(People())
    screen.table = table = Watched(COLUMNS, People().load)
    async with console(screen).run_test(size=(120, 24)) as pilot:
        await settled(pilot)
        table.painted = []
        screen.heard.clear()
        await pilot.press("end")
        await settled(pilot)
        assert table.painted == [()]
        assert "p499@" in screen_text(pilot.app)
        assert screen.heard == [499]


async def test_rows_that_take_their_time_are_told_of(console: MakeApp) -> None:
    people = People()
    screen = ListScreen(people)
    async with console(screen).run_test(size=(120, 24)) as pilot:
        await settled(pilot)
        people.held_back[""] = Event()
        await pilot.press("end")
        while "   …" not in screen_text(pilot.app):
            await pilot.pause()
        assert "p0@" not in screen_text(pilot.app)
        assert screen.table.row is None
        people.held_back[""].set()
        await settled(pilot)
        assert "p499@" in screen_text(pilot.app)


async def test_the_next_page_is_read_before_it_is_asked_for(console: MakeApp) -> None:
    people = People()
    screen = ListScreen(people)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for _page in range(2):
            await pilot.press("pagedown")
        await settled(pilot)
        assert [offset for offset, *_rest in people.asked] == [0, CHUNK]
        assert screen.table.cursor < CHUNK - screen.table.size.height


@pytest.mark.parametrize("height", [70, 130, 250])
async def test_a_tall_terminal_is_filled_without_reading_for_ever(
    console: MakeApp, height: int
) -> None:
    people = People(2_000)
    screen = ListScreen(people)
    async with console(screen).run_test(size=(120, height)) as pilot:
        await settled(pilot)
        for _page in range(3):
            await pilot.press("pagedown")
            await settled(pilot)
        await pilot.press("end")
        await settled(pilot)
        assert "   …" not in screen_text(pilot.app)
        assert "p1999@" in screen_text(pilot.app)
        assert len(people.asked) < 40


async def test_a_paste_of_megabytes_is_cut(console: MakeApp) -> None:
    screen = ListScreen(People())
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        box = screen.query_one(FilteredTable).search
        box.post_message(Paste("\x1b[31m" + "x" * 5_000_000))
        await settled(pilot)
        assert len(box.value) == 80
        box.value = "\x1b[31m" + "x" * 5_000_000
        await settled(pilot)
        assert len(screen.table.wanted) <= 80
        assert "\x1b" not in screen.table.wanted


@pytest.mark.parametrize("width", [60, 80, 120, 160])
async def test_columns_fill_the_width(console: MakeApp, width: int) -> None:
    screen = ListScreen(People())
    async with console(screen).run_test(size=(width, 24)) as pilot:
        await settled(pilot)
        for line in pilot.app.screen._compositor.render_strips():
            assert line.cell_length == width


def test_narrow_screens_lose_the_least_important_columns_first() -> None:
    shown = {width: [c.key for _i, c, _w in share_out(COLUMNS, width)] for width in (56, 66, 156)}
    assert shown[56] == ["name", "status"]
    assert shown[66] == ["name", "function", "status"]
    assert shown[156] == ["name", "function", "email", "status"]
    widths = [w for _i, _c, w in share_out(COLUMNS, 156)]
    assert sum(widths) + 2 * 3 == 156


def test_columns_that_always_stay_are_kept_however_narrow() -> None:
    columns = [Column("a", "A", 30), Column("b", "B", 30)]
    assert len(share_out(columns, 20)) == 2


def test_window_asks_for_the_chunk_that_is_missing() -> None:
    window: Window[int] = Window()
    window.put(1, 0, range(CHUNK), 1000)
    assert window.missing(0, 20) is None
    assert window.missing(CHUNK - 5, CHUNK + 5) == CHUNK
    window.put(2, CHUNK, range(CHUNK), 1000)
    assert window.get(0) is None


def test_picture(console: MakeApp, snap_compare: Any) -> None:
    async def select_some(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("down", "space", "space", "down")
        await settled(pilot)

    assert snap_compare(console(ListScreen(People())), run_before=select_some)


def test_picture_nothing_found(console: MakeApp, snap_compare: Any) -> None:
    async def look_for_nobody(pilot: Any) -> None:
        await settled(pilot)
        await pilot.press("slash", *"xyz")
        await settled(pilot)

    assert snap_compare(console(ListScreen(People())), run_before=look_for_nobody)


@pytest.mark.parametrize("size", [(60, 20), (160, 50)], ids=["60x20", "160x50"])
def test_picture_sizes(console: MakeApp, snap_compare: Any, size: tuple[int, int]) -> None:
    app = console(ListScreen(People()))
    assert snap_compare(app, terminal_size=size, run_before=settled)
