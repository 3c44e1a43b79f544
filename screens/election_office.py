"""What the helpdesk does with an election: which schools have voted, who comes in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message

from models.language import N_, Wording, say, say_n
from models.text import name_key
from screens.commands import bindings
from screens.elections import told_turnout, zone_of
from screens.facts import told_at
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import drafts, election_results, elections
from services.election_results import CandidateResult, ElectionResult
from services.elections import ElectionRow
from services.workshop_form import day_from

_COLUMNS = (
    Column("school", N_("School"), 24, grow=1, sortable=False),
    Column("at", N_("Voted on"), 17, sortable=False),
)


class ElectionVotersScreen(DeedScreen[None]):
    """The schools that have voted, and when. What they voted is nowhere beside their names."""

    DEFAULT_CSS = "ElectionVotersScreen > #turnout { height: auto; text-style: bold; }"

    def __init__(self, workplace: Workplace, row: ElectionRow) -> None:
        super().__init__()
        self._workplace, self._row = workplace, row
        self._list = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                selectable=False,
                openable=False,
                empty=N_("No school has voted yet."),
                nothing_found=N_("No school of this name has voted. Esc shows all."),
            ),
            N_("/ to search: a school"),
        )

    @property
    def table(self) -> PagedTable:
        return self._list.table

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Who has voted"), *self._workplace.title)
        told = say("Schools that have voted: %(told)s.", told=told_turnout(self._row))
        yield Sentence(told, id="turnout")
        yield self._list
        yield KeyBar()

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        found = self._workplace.desk.read(elections.schools_voted, self._row.id)
        zone = zone_of(self._workplace)
        rows = [
            Row(each.school_id, (each.school, told_at(each.voted_at, zone)))
            for each in found
            if name_key(text) in name_key(each.school)
        ]
        return Page(rows[offset : offset + limit], len(rows))


# --- those elected ------------------------------------------------------------------------

_LONGEST_DAY = 20
_SEATED = "seated"


class _ElectedSheet(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _ElectedSheet Field > .label { width: 26; }
    _ElectedSheet Field > .entry { width: 22; }
    _ElectedSheet Field > .message { width: 1fr; }
    """
    BINDINGS = [*bindings("form.next", "form.previous", "form.save")]


class EnterElectedScreen(DeedScreen[None]):
    """Enter those elected as members of the committee, and of the tied those who were seated."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    EnterElectedScreen > #who { height: auto; margin-top: 1; text-style: bold; }
    EnterElectedScreen > #tied { height: auto; }
    EnterElectedScreen > VerticalScroll { height: 1fr; scrollbar-size: 0 0; }
    EnterElectedScreen.-narrow Form { padding: 0 1; }
    EnterElectedScreen.-narrow Field > .message { max-width: 30; }
    """

    @dataclass
    class _Entered(Message):
        count: int

    def __init__(self, workplace: Workplace, result: ElectionResult) -> None:
        super().__init__()
        self._workplace, self._result = workplace, result
        fields = [
            Field("first_day", N_("First day of the term"), max_length=_LONGEST_DAY,
                  required=True, check=_day_fault),
            Field("last_day", N_("Last day, where known"), max_length=_LONGEST_DAY,
                  check=_day_fault),
            *(_tied_field(each) for each in result.tied),
        ]  # fmt: skip
        self._form = _ElectedSheet(
            f"elected-{result.election_id}", *fields, drafts=drafts.DraftsOf(workplace.desk)
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Enter those elected"), *self._workplace.title)
        yield Sentence(self._told_elected(), id="who")
        yield Sentence(self._told_tied(), id="tied")
        with VerticalScroll(can_focus=False):
            yield self._form
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#tied").display = bool(self._result.tied)
        self._form["first_day"].entry.focus()

    def _told_elected(self) -> Wording:
        names = ", ".join(each.candidate.name for each in self._result.elected)
        if not names:
            return say("Nobody is elected outright.")
        return say("Elected: %(names)s.", names=names)

    def _told_tied(self) -> Wording:
        return say_n(
            "Tied for %(count)s seat: mark whom the committee’s own rule has seated.",
            "Tied for %(count)s seats: mark whom the committee’s own rule has seated.",
            self._result.tied_seats,
        )

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        values = event.values
        first_day, last_day = day_from(values["first_day"]), day_from(values["last_day"])
        assert first_day is not None  # looked at by the form
        drawn = [
            each.candidate.id for each in self._result.tied if values[_field_of(each)] == _SEATED
        ]
        self.attempt(partial(self._enter, first_day, last_day, drawn), exclusive=True)

    def _enter(self, first_day: date, last_day: date | None, drawn: list[int]) -> None:
        count = self._workplace.desk.write(
            election_results.enter_members, self._result.election_id, first_day, last_day, drawn
        )
        self.post_message(self._Entered(count))

    @on(_Entered)
    def _leave(self, message: _Entered) -> None:
        message.stop()
        self._form.submitted()
        told = say_n(
            "%(count)s member of the committee is entered.",
            "%(count)s members of the committee are entered.",
            message.count,
        )
        tell(self, told)
        self.dismiss(None)


def _field_of(each: CandidateResult) -> str:
    return f"tied-{each.candidate.id}"


def _tied_field(each: CandidateResult) -> Field:
    options: list[tuple[str, str | Wording]] = [
        ("", say("not seated")),
        (_SEATED, say("seated")),
    ]
    return Field(_field_of(each), say("%(name)s", name=each.candidate.name), options=options)


def _day_fault(text: str) -> Wording | None:
    return None if day_from(text) else say("Give a date, as in 15/03/2027.")
