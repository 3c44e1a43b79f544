"""A text of several lines: what is pasted is made safe and cut, and it is kept in the draft."""

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from screens.widgets.field import Field, Form
from screens.widgets.writing import TextBox, WritingField, clean_lines
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.widgets.test_field import Drafts


class Writing(Screen[None]):
    def __init__(self, kept: Drafts) -> None:
        super().__init__()
        self.form = Form(
            "letter",
            Field("name", "Name", max_length=40),
            WritingField("text", "Text", max_length=40, required=True),
            drafts=kept,
        )

    def compose(self) -> ComposeResult:
        yield self.form


def test_each_line_is_made_safe() -> None:
    assert clean_lines(" a \r\nb\x1b[31m\rc\n\n") == "a\nb\ufffd[31m\nc"


async def test_what_is_typed_and_pasted_is_safe_cut_and_kept(console: MakeApp) -> None:
    kept = Drafts()
    screen = Writing(kept)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        await pilot.press("tab", *"Bon?", "enter", *"gq")
        box = screen.form["text"].entry
        assert isinstance(box, TextBox) and box.has_focus
        box.post_message(events.Paste("\r\nun\x07 " + "x" * 80))
        await settled(pilot)
        assert screen.form["text"].value == ("Bon?\ngq\nun\ufffd " + "x" * 80)[:40]
        assert kept.kept["letter"]["text"] == screen.form["text"].value
        assert "Trop long : 40" in screen_text(pilot.app).replace("\u00a0", " ")
        await pilot.press("backspace")
        await settled(pilot)
        assert "Trop long" not in screen_text(pilot.app)
        await pilot.press("tab")
        assert not box.has_focus
    again = Writing(kept)
    async with console(again).run_test() as pilot:
        await settled(pilot)
        assert again.form["text"].value == kept.kept["letter"]["text"]
        again.form["text"].value = ""
        assert [each.key for each in again.form.problems()] == ["text"]
