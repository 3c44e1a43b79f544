"""Questions and answers: what people call about, found while typing, in the language chosen."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from models.language import N_
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.filter import FilteredTable, FilterInput
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from services import faq
from services.faq import Question

_COLUMNS = (Column("question", N_("Question"), 30, grow=1, sortable=False),)


class _Questions(FilteredTable):
    """The best question is the one on the line, whatever was there before."""

    @on(FilterInput.Edited)
    def _go_to_best(self, event: FilterInput.Edited) -> None:
        event.stop()
        event.prevent_default()
        # What the list tells as it searches comes to the screen if it does so by itself.
        self.table.call_next(self._search, event.text)

    def _search(self, text: str) -> None:
        self.table.search(text)
        self.table.action_first()


class FaqScreen(DeedScreen[None]):
    """Every question with its answer; `code` is a cause whose answer is shown at once.

    One types at once; the best question's answer stands below.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    FaqScreen > Reader { height: 10; margin-top: 1; }
    FaqScreen.-narrow > Reader { margin-top: 0; }
    """
    BINDINGS = [*bindings("faq.support", "app.back")]

    def __init__(self, workplace: Workplace, code: str = "") -> None:
        super().__init__()
        self._workplace = workplace
        self._code = code
        self._list = _Questions(
            PagedTable(
                _COLUMNS,
                self._load,
                selectable=False,
                at_once=True,
                nothing_found=N_("No question has these words. Use fewer, or contact support: F4."),
            ),
            N_("Type what it is about: token, password, leaver, workshop"),
        )
        self._answer = Reader()

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Questions and answers"), *self._workplace.title)
        yield self._list
        yield self._answer
        yield KeyBar()

    def on_mount(self) -> None:
        if not self._code:
            self.call_after_refresh(self._list.search.focus)

    def language_changed(self) -> None:
        self.table.reload()

    def _load(self, offset: int, limit: int, text: str, _sort: Sort | None) -> Page:
        found = faq.search(text)
        if text:
            self._code = ""
        found.sort(key=lambda each: bool(self._code) and self._code not in each.codes)
        rows = [Row(each.codes[0], (each.question,)) for each in found]
        return Page(rows[offset : offset + limit], len(rows))

    @on(PagedTable.Highlighted)
    def _show_answer(self, event: PagedTable.Highlighted) -> None:
        event.stop()
        question = faq.question_of(str(event.row.key)) if event.row else None
        self._answer.show(_paragraphs(question) if question else [])

    @on(PagedTable.Opened)
    def _read(self, event: PagedTable.Opened) -> None:
        """Go down into the answer, where it is longer than its place."""
        event.stop()
        self._answer.focus()

    def action_support(self) -> None:
        from screens.support import SupportScreen

        self.app.push_screen(SupportScreen(self._workplace))


def _paragraphs(question: Question) -> list[Paragraph]:
    return [
        Paragraph(question.question, "strong"),
        Paragraph(question.answer, apart=False),
    ]
