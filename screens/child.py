"""A child: the dashboard of a guardian, with what the school holds and whom to ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, format_day, say
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.reader import Paragraph, Reader
from screens.workplace import Workplace
from services.children import ChildPage, chosen_child


class ChildScreen(DeedScreen[None]):
    """One child of the guardian who has signed in: the one that was chosen."""

    DEFAULT_CSS = "ChildScreen > #child { height: 1; text-style: bold; }"
    BINDINGS = [*bindings("app.refresh")]

    @dataclass
    class _Read(Message):
        page: ChildPage

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._page: ChildPage | None = None
        self._child = Sentence("", id="child")
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("My child"), *self._workplace.title)
        yield self._child
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._reader.focus()

    def on_screen_resume(self) -> None:
        self._look()

    def action_refresh(self) -> None:
        self._look()

    def language_changed(self) -> None:
        self._show()

    def _look(self) -> None:
        self.attempt(self._read_page, exclusive=True)

    def _read_page(self) -> None:
        self.post_message(self._Read(self._workplace.desk.read(chosen_child)))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page = message.page
        self._show()

    def failed(self, error: Exception) -> None:
        self._child.show(getattr(error, "wording", ""))
        super().failed(error)

    def _show(self) -> None:
        if self._page is not None:
            self._child.show(_headline(self._page))
            self._reader.show(list(_paragraphs(self._page)))


def _headline(page: ChildPage) -> Wording:
    if page.group:
        return say("%(child)s, class %(group)s", child=page.child, group=page.group)
    return say("%(child)s", child=page.child)


def _paragraphs(page: ChildPage) -> Iterator[Paragraph]:
    for title, lines in (
        (_("At school"), _school(page)),
        (_("What the school holds about my child"), _child(page)),
        (_("What the school holds about me"), _guardian(page)),
        (_("Whom to ask"), _contact(page)),
    ):
        yield Paragraph(title, "strong")
        for line in lines:
            yield Paragraph(f"  {line}", apart=False)


def _school(page: ChildPage) -> Iterator[str]:
    yield ", ".join(part for part in (page.school, page.place) if part)
    yield _("School year %(year)s, class %(group)s") % {
        "year": page.year, "group": page.group or "–",
    }  # fmt: skip
    if page.left_at is not None:
        yield _("No longer on the school’s list since %(day)s") % {
            "day": format_day(page.left_at.astimezone(page.zone).date())
        }


def _child(page: ChildPage) -> Iterator[str]:
    yield _("Name: %(name)s") % {"name": page.child}
    born = format_day(page.birth_date) if page.birth_date else "–"
    yield _("Date of birth: %(day)s") % {"day": born}


def _guardian(page: ChildPage) -> Iterator[str]:
    name = f"{page.guardian} ({page.relation})" if page.relation else page.guardian
    yield _("Guardian: %(name)s, on file since %(at)s") % {
        "name": name, "at": _when(page, page.guardian_since),
    }  # fmt: skip
    address = page.email or "–"
    yield _("E-mail: %(address)s (%(source)s)") % {
        "address": address, "source": page.address_from.text(),
    }  # fmt: skip
    if page.access_since is not None:
        yield _("Access: open since %(at)s, until %(day)s") % {
            "at": _when(page, page.access_since), "day": format_day(page.access_ends),
        }  # fmt: skip
    yield _("Other guardians are not shown here: each sees the own entry only.")


def _contact(page: ChildPage) -> Iterator[str]:
    contact = page.contact
    if not contact.is_known:
        yield _("No contact is known: ask at the school’s office.")
        return
    yield "  ·  ".join(part for part in (contact.name, contact.email, contact.phone) if part)
    yield _("For anything wrong or missing here: the school corrects it in its records.")


def _when(page: ChildPage, at: datetime) -> str:
    local = at.astimezone(page.zone)
    return f"{format_day(local.date())} {local:%H:%M}"
