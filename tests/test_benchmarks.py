"""That each benchmark still runs, at its smallest; how fast is for `make bench` to say."""

import json
from pathlib import Path

import pytest

from benchmarks import console, identity, imports, lists, sending, tables
from benchmarks.__main__ import main
from benchmarks.databases import Databases
from benchmarks.measuring import Figure, Goal, Line, NotMeasured
from tests.servers import PostgresServer


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


def test_sending(databases: Databases) -> None:
    found = figures(list(sending.measure(databases, [10], 1)))
    assert [figure.unit for figure in found] == ["/s"] * len(sending.CONNECTIONS)


def test_a_list_in_the_console(tmp_path: Path) -> None:
    found = figures(list(console.sample_list(tmp_path, 1, 3)))
    assert {figure.unit for figure in found} == {"s", "bytes", "ms", "MB"}


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
        assert "**MISSED" in tables.as_markdown("Lists", lines)

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
