"""That each benchmark still runs, at its smallest; how fast is for `make bench` to say."""

import gc
import json
import os
import select
import sys
from pathlib import Path

import pytest

from benchmarks import (
    diagnosis,
    identity,
    imports,
    keys,
    lists,
    sending,
    sessions,
    tables,
    team_keys,
    terminal,
    workshops,
)
from benchmarks.__main__ import MODULES, main
from benchmarks.databases import Databases
from benchmarks.measuring import NO_GOAL, Figure, Goal, Line, NotMeasured
from benchmarks.people import members
from benchmarks.team import make_team
from tests.servers import PostgresServer


@pytest.fixture(autouse=True)
def _only_ones_own_garbage() -> None:
    """Leave what pytest and the other tests hold out of the collections before each measurement:
    half a second each, of which there are dozens."""
    gc.freeze()


@pytest.fixture
def databases(tmp_path: Path) -> Databases:
    return Databases(tmp_path, None)


@pytest.fixture
def both_databases(tmp_path: Path, postgres_server: PostgresServer) -> Databases:
    return Databases(tmp_path, postgres_server)


def figures(lines: list[Line]) -> list[Figure]:
    assert [line for line in lines if isinstance(line, NotMeasured)] == []
    found = [line for line in lines if isinstance(line, Figure)]
    assert found
    assert all(figure.value > 0 for figure in found)
    return found


def test_imports(both_databases: Databases) -> None:
    found = figures(list(imports.measure(both_databases, [20], 1)))
    assert len(found) == 4
    assert all(figure.floor for figure in found)


def test_lists(databases: Databases) -> None:
    found = figures(list(lists.measure(databases, [60], 0, ["director"])))
    assert all(figure.floor for figure in found)
    assert len({figure.what for figure in found}) == len(found)


def test_workshops(databases: Databases) -> None:
    found = figures(list(workshops.measure(databases, [60], 0)))
    assert len(found) == 14 and all(figure.floor for figure in found)


def test_diagnosis(databases: Databases) -> None:
    found = figures(list(diagnosis.measure(databases, [120], 0)))
    assert len(found) == 17 and sum(bool(figure.floor) for figure in found) == 11


def test_sending(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_MANY", 10)  # each is sent once, and not a hundred times
    found = figures(list(sending.measure(databases, [10], 1)))
    assert [figure.unit for figure in found] == ["/s"] * len(sending.CONNECTIONS)


@pytest.mark.timeout(240)  # two consoles start, which takes what the machine leaves them
def test_sessions(databases: Databases) -> None:
    found = figures(list(sessions.measure(databases, [1], 1, keys=2)))
    assert [figure.unit for figure in found] == ["ms", "ms", "MB", "ms", "ms"]
    assert all(figure.floor for figure in found)


STEPS = [
    keys.Step("cursor down", keys.DOWN, 210),
    keys.Step("to the search", b"/"),
    keys.Step("a character typed, other rows", b"l"),
]


class TestKeys:
    @pytest.mark.parametrize("drawn_by", keys.DRIVERS)
    def test_on_a_list_in_the_console(self, tmp_path: Path, drawn_by: str) -> None:
        program = keys.sample_program(tmp_path, 60)
        with terminal.opened(program, tmp_path, keys.DRIVERS[drawn_by]) as shown:
            first = shown.first_paint()
            assert "Accès de l’équipe" in shown.picture
            lines = list(keys.pressed(shown, STEPS, 60, drawn_by, first))
        found = figures([line for line in lines if not line.what.startswith("later")])
        assert {figure.unit for figure in found} >= {"bytes", "ms", "MB"}
        assert {figure.goal for figure in found} != {NO_GOAL} or drawn_by == "stock"

    def test_on_a_list_drawn_by_curses(self, tmp_path: Path) -> None:
        program = (sys.executable, "-m", "benchmarks.curses_list", "60")
        with terminal.opened(program, tmp_path) as shown:
            first = shown.first_paint()
            assert "1–19 sur 60" in shown.picture
            shown.press(b"/")
            typed = shown.press(b"l")
            assert "/" not in shown.picture.splitlines()[1]
            assert shown.press(b"\x7f").bytes > 0
        assert first.bytes > typed.bytes > 0

    def test_the_last_letters_of_the_search_leave_the_list_as_it_is(self) -> None:
        def found(text: str, size: int) -> list[int]:
            return [one.number for one in members(size) if text in one.surname.lower()]

        typed = [step.keys.decode() for step in keys.script(b"c", 1) if step.keys.isalpha()]
        before, after = "".join(typed[1:5]), "".join(typed[1:])
        assert found(before, 500) == found(after, 500) != []
        assert len(found(before, 500)) < len(found(typed[1], 500))
        assert found(before, 50_000) == found(after, 50_000)

    def test_the_real_console_opens_over_a_database(
        self, tmp_path: Path, databases: Databases
    ) -> None:
        with databases.fresh("sqlite") as engine:
            make_team(engine, 30)
            url = engine.url.render_as_string(hide_password=False)
            program = (sys.executable, "-m", "benchmarks.opened_console", url)
            with terminal.opened(program, tmp_path) as shown:
                shown.first_paint(team_keys.DASHBOARD)
                shown.press(b"g")
                shown.press(b"a", words=team_keys.TEAM)
                assert "1–15 sur 30" in shown.picture


class TestTerminal:
    #: Answers each key with three of it, and a dot for itself.
    ECHO = """
import os, tty
tty.setraw(0)
os.write(1, b"ready")
while key := os.read(0, 1):
    os.write(1, key * 3 + b".")
"""

    def test_counts_the_bytes_of_each_key_and_those_that_come_later(self, tmp_path: Path) -> None:
        with terminal.opened((sys.executable, "-c", self.ECHO), tmp_path) as shown:
            assert shown.first_paint().stream == b"ready"
            paint = shown.press(b"a")
            assert (paint.stream, paint.bytes, paint.characters, shown.late) == (b"aaa.", 4, 4, 0)
            assert paint.compressed > 0 and 0 < paint.cpu < paint.until_last_byte
            os.write(shown.line, b"b")
            select.select([shown.line], [], [], 10)
            assert shown.press(b"c").stream == b"ccc."
            assert shown.late == 4
            assert "ready" in shown.picture and not shown.ended

    def test_counts_what_compression_would_carry(self, tmp_path: Path) -> None:
        program = "print(chr(10).join(['Accès de l’équipe'] * 20))"
        with terminal.opened((sys.executable, "-c", program), tmp_path) as shown:
            paint = shown.first_paint()
        assert 20 < paint.compressed < paint.bytes / 5


def test_doubles(databases: Databases) -> None:
    (figure,) = figures(list(identity.measure(databases, [1_000], 1)))
    assert "pairs" in figure.note


class TestTables:
    MISSED = Figure("slow", 90.0, "ms", 10, 10.0, goal=Goal(most=50, ratio_most=3))
    REACHED = Figure("fast", 20.0, "ms", 10, 10.0, goal=Goal(most=50, ratio_most=3))

    def test_a_goal_is_missed_by_what_is_worst(self) -> None:
        assert self.MISSED.verdict == "MISSED by 200%"
        assert self.REACHED.verdict == "reached"
        assert Figure("few", 40.0, "/s", 10, 100.0, goal=Goal(ratio_least=0.5)).verdict == (
            "MISSED by 25%"
        )

    def test_every_size_has_a_column(self) -> None:
        larger = Figure("slow", 400.0, "ms", 1_000, 200.0, goal=Goal(most=50, ratio_most=3))
        lines = [line.as_json() for line in (self.MISSED, larger, self.REACHED)]
        text = tables.as_text("Lists", lines)
        assert "90.0 ms : 10.0 ms = 9.0 ×" in text
        assert "MISSED by 200% at 10, 700% at 1,000" in text
        assert text.count("\n") == 5
        assert "**MISSED" in tables.as_markdown(lines)

    def test_what_is_set_side_by_side_has_a_column_each(self) -> None:
        goal = Goal(most=210)
        lines = [
            Figure("cursor down", 797.0, "bytes", 500, series="stock").as_json(),
            Figure("cursor down", 252.0, "bytes", 500, goal=goal, series="ours").as_json(),
            Figure("cursor down", 797.0, "bytes", 5_000, series="stock").as_json(),
            Figure("cursor down", 200.0, "bytes", 5_000, goal=goal, series="ours").as_json(),
        ]
        titles, _marks, row = tables.as_markdown(lines).splitlines()
        assert titles == "|  | 500 stock | 500 ours | 5,000 stock | 5,000 ours | goal |  |"
        cells = "797 bytes | 252 bytes | 797 bytes | 200 bytes | ≤ 210 bytes"
        assert row == f"| cursor down | {cells} | **MISSED by 20% at 500** |"

    def test_a_goal_of_nothing_is_missed_by_a_byte(self) -> None:
        assert Figure("untouched", 0.0, "bytes", goal=Goal(most=0)).verdict == "reached"
        assert Figure("untouched", 1.0, "bytes", goal=Goal(most=0)).verdict.startswith("MISSED")

    def test_a_document_keeps_its_words_around_the_tables(self) -> None:
        document = "Before.\n<!-- bench: keys -->\nold\n<!-- end of keys -->\nAfter.\n"
        put = tables.put(document, {"keys": "new"})
        assert put == "Before.\n<!-- bench: keys -->\n\nnew\n\n<!-- end of keys -->\nAfter.\n"
        assert tables.put(put, {"keys": "new"}) == put
        with pytest.raises(KeyError, match="sending"):
            tables.put(document, {"sending": "new"})

    def test_every_table_has_a_place_in_the_documentation(self) -> None:
        document = (Path(__file__).parent.parent / "docs" / "speed.md").read_text()
        blocks = dict.fromkeys(MODULES, "a table")
        assert tables.put(document, blocks).count("\na table\n") == len(MODULES)

    def test_what_could_not_be_measured_says_why(self) -> None:
        lines = [self.REACHED.as_json(), NotMeasured("PostgreSQL", "it does not start").as_json()]
        assert "not measured: it does not start" in tables.as_text("Lists", lines)


def test_the_last_run_can_be_shown_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "bench.json"
    result = {
        "title": "Suspected doubles",
        "at": "2026-09-01T08:00:00+00:00",
        "load": [0.1, 0.2],
        "machine": "2 cores",
        "lines": [Figure("everybody", 1.0, "ms", 1_000).as_json()],
    }
    kept.write_text(json.dumps({"identity": result}))
    assert main(["--show", "--markdown", "--output", str(kept)]) == 0
    assert "| everybody | 1.00 ms |" in capsys.readouterr().out
