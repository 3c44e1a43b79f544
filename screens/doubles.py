"""Suspected doubles, two by two, side by side: the same person or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, _, format_day
from screens.commands import bindings
from screens.team_changes import ChangingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from services import doubles
from services.doubles import DoublePair, DoublePerson

_COLUMNS = (
    Column("one", N_("One"), 24, grow=1, sortable=False),
    Column("other", N_("The other"), 24, grow=1, sortable=False),
    Column("found", N_("Suspected on"), 14, priority=1, sortable=False),
)


class DoublesScreen(ChangingScreen):
    """The undecided suspicions of one's schools, or those about one person."""

    DEFAULT_CSS = """
    DoublesScreen > PagedTable { height: 1fr; }
    DoublesScreen > Reader { height: 11; }
    DoublesScreen > #doubles-hint { height: auto; }
    """
    BINDINGS = [*bindings("doubles.same", "doubles.different")]

    @dataclass
    class _Decided(Message):
        pass

    def __init__(self, workplace: Workplace, person_id: int | None = None) -> None:
        super().__init__(workplace)
        assert workplace.here is not None
        self._zone = workplace.here.zone
        self._person_id = person_id
        self._pairs: dict[int, DoublePair] = {}
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            openable=False,
            empty=N_("No double is suspected: nobody is held up by one."),
        )
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Suspected doubles"), *self.workplace.title)
        yield Sentence(
            N_("Neither of the two is invited before it is decided whether they are one person."),
            id="doubles-hint",
        )
        yield self._table
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._table.focus()

    def language_changed(self) -> None:
        self._show()

    def _load(self, offset: int, limit: int, wanted: str, sort: Sort | None) -> Page:
        found = self.workplace.desk.read(doubles.open_pairs, offset, limit, self._person_id)
        kept = self._pairs if offset else {}
        self._pairs = {**kept, **{pair.double_id: pair for pair in found}}
        return Page([self._as_row(pair) for pair in found])

    def _as_row(self, pair: DoublePair) -> Row:
        found = format_day(pair.found_at.astimezone(self._zone).date())
        return Row(pair.double_id, (_name(pair.one), _name(pair.other), found))

    @property
    def _current(self) -> DoublePair | None:
        row = self._table.row
        return self._pairs.get(row.key) if row and isinstance(row.key, int) else None

    @on(PagedTable.Highlighted)
    def _highlight(self, event: PagedTable.Highlighted) -> None:
        self._show()
        self.refresh_bindings()

    def _show(self) -> None:
        pair = self._current
        self._reader.show(_side_by_side(pair) if pair else [])

    @on(ChangingScreen.Changed)
    @on(_Decided)
    def _read_again(self, _message: Message | None = None) -> None:
        self._table.reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("same", "different"):
            return self._current is not None
        return True

    def action_same(self) -> None:
        if pair := self._current:
            self.attempt(partial(self._plan_merge, pair.double_id))

    def _plan_merge(self, double_id: int) -> None:
        plan_id = self.workplace.desk.write(doubles.plan_merge, double_id, self.team[0])
        self.post_message(self._ToApply(plan_id))

    def action_different(self) -> None:
        if pair := self._current:
            self.attempt(partial(self._decide, pair.double_id))

    def _decide(self, double_id: int) -> None:
        self.workplace.desk.write(doubles.decide_different, double_id)
        self.post_message(self._Decided())

    @on(_Decided)
    def _tell(self, message: _Decided) -> None:
        self.app.notify(_("Decided: not the same person."), markup=False)


def _name(person: DoublePerson) -> str:
    return person.name if person.visible else _("somebody in another school")


def _side_by_side(pair: DoublePair) -> list[Paragraph]:
    paragraphs: list[Paragraph] = []
    for person in (pair.one, pair.other):
        paragraphs.append(Paragraph(_name(person), "strong"))
        if person.visible:
            paragraphs += [Paragraph(f"  {line}", apart=False) for line in _facts(person)]
    return paragraphs


def _facts(person: DoublePerson) -> list[str]:
    unknown = _("not known")
    born = format_day(person.birth_date) if person.birth_date else _("date not known")
    places = ", ".join(person.posts) or "–"
    state = _("Has activated an access") if person.activated else _("Has not activated any access")
    return [
        _("Born: %(day)s   Staff number: %(number)s")
        % {"day": born, "number": person.staff_number or unknown},
        _("E-mail: %(address)s") % {"address": person.email or unknown},
        _("%(places)s. %(state)s.") % {"places": places, "state": state},
    ]
