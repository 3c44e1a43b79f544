"""Where lines are broken, and what tells that a text is not there to its end."""

from typing import Any

import pytest
from textual.app import ComposeResult
from textual.screen import Screen

from models.language import say
from screens.widgets.chrome import LineDetail
from screens.widgets.findings import FindingLine, FindingList
from screens.widgets.reader import Paragraph
from screens.widgets.text import safe
from tests.screens.conftest import MakeApp, screen_text, settled

NO_BREAK = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize("mark", [f"{NO_BREAK};", "\N{NARROW NO-BREAK SPACE}!", f"{NO_BREAK}»"])
def test_no_line_begins_with_a_mark(mark: str) -> None:
    lines = [line.plain.rstrip() for line in safe(f"Comparez l’e-mail{mark} suite").wrap(17)]
    assert lines == ["Comparez", f"l’e-mail{mark} suite"]


def test_what_does_not_fit_on_the_line_of_a_fact_stands_further_in() -> None:
    assert Paragraph("  École : un, deux, trois").lines(14) == [
        "  École : un,",
        "    deux,",
        "    trois",
    ]
    assert Paragraph("01/09 mot de passe", hang=6).lines(12) == ["01/09 mot de", "      passe"]
    assert Paragraph("mot de passe").lines(8) == ["mot de", "passe"]


class Told(Screen[None]):
    """A list of sentences with little room, and what is told of a line."""

    DEFAULT_CSS = "Told > FindingList { height: 4; } Told > LineDetail { height: 2; }"

    def compose(self) -> ComposeResult:
        yield FindingList()
        yield LineDetail(id="detail")

    def show(self, detail: str) -> None:
        lines = [FindingLine(n, say("Line %(n)s", n=n)) for n in range(6)]
        self.query_one(FindingList).show(lines)
        self.query_one(LineDetail).show(say(detail))


async def test_more_findings_than_fit_are_told_of(console: MakeApp) -> None:
    screen = Told()
    app = console(screen, language="en")
    async with app.run_test(size=(40, 10)) as pilot:
        screen.show("")
        screen.query_one(FindingList).focus()
        shown: list[Any] = []
        for key in ("", *["down"] * 5, "home"):
            await pilot.press(*filter(None, [key]))
            await settled(pilot)
            lines = [line.strip() for line in screen_text(app).splitlines()[:4]]
            assert f"Line {screen.query_one(FindingList)._cursor}" in " ".join(lines)
            shown.append(lines[-1])
        assert ["more below" in line for line in shown] == [True] * 4 + [False] * 2 + [True]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("one two three", ["one two", "three"]),
        ("one two three four five", ["one two", "three…"]),
        ("one two three · four five", ["one two", "three…"]),
    ],
)
async def test_what_is_told_of_a_line_says_when_it_is_cut(
    console: MakeApp, said: str, told: list[str]
) -> None:
    screen = Told()
    app = console(screen, language="en")
    async with app.run_test(size=(14, 10)) as pilot:  # eight cells between the margins
        screen.show(said)
        await settled(pilot)
        lines = screen_text(app).splitlines()
        assert [line.strip() for line in lines[4:6]] == told
