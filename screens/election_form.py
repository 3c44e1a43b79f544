"""The form of an election: its terms, and the candidates in their order on the ballot."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from zlib import crc32

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message

from models.language import N_, Wording, _, say, say_n
from screens.commands import bindings
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
from screens.widgets.table import Column, Page, PagedTable, Row, Sort
from screens.widgets.writing import WritingField
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import committees, drafts, election_form, elections
from services.election_form import LONGEST, CandidateEntry, ElectionCheck, ElectionFormRefused
from services.elections import NETWORK_ZONE

_LABELS = {
    "title": N_("Title"),
    "committee_id": N_("Committee"),
    "seats": N_("Seats"),
    "opens_on": N_("Opens on"),
    "opens_at": N_("at"),
    "closes_on": N_("Closes on"),
    "closes_at": N_("at"),
    "information": N_("Information"),
}
_LONGEST = {"title": LONGEST["title"], "seats": 3, "information": LONGEST["information"]}
_LONGEST_MOMENT = 20
#: Under which name a draft keeps the candidates.
_CANDIDATES = "candidates"
_COLUMNS = (
    Column("number", N_("No."), 4, sortable=False, align="right"),
    Column("name", N_("Candidate"), 18, grow=2, sortable=False),
    Column("school", N_("School"), 14, grow=2, priority=1, sortable=False),
    Column("statement", N_("Statement"), 14, grow=1, priority=2, sortable=False),
)


@dataclass
class _Keeper:
    """The draft of the whole form. The fields are filled in by the screen, with the rest."""

    drafts: drafts.DraftsOf
    name: str
    candidates: tuple[CandidateEntry, ...] = ()

    def load(self, form: str) -> Mapping[str, str]:
        return {}

    def save(self, form: str, values: Mapping[str, str]) -> None:
        candidates = json.dumps([asdict(each) for each in self.candidates])
        self.drafts.save(self.name, {**values, _CANDIDATES: candidates})

    def forget(self, form: str) -> None:
        self.drafts.forget(self.name)


def _candidates_of(kept: str) -> tuple[CandidateEntry, ...]:
    """Return the candidates of a draft; none where another version has written it."""
    try:
        found = json.loads(kept)
        return tuple(
            CandidateEntry(*(str(each[name]) for name in ("name", "school_name", "statement")))
            for each in found
        )
    except (ValueError, KeyError, TypeError):
        return ()


class _ElectionSheet(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _ElectionSheet Field > .label { width: 14; }
    _ElectionSheet Field > .message { width: 18; }
    _ElectionSheet WritingField, _ElectionSheet WritingField > .entry { height: 3; }
    """
    BINDINGS = [*bindings("form.next", "form.previous", "form.save")]


class _CandidateTable(PagedTable):
    """The candidates in their order. Letters work here, where nobody types."""

    DEFAULT_CSS = "_CandidateTable { height: 8; }"
    BINDINGS = [*bindings("candidates.remove", "candidates.earlier", "candidates.later")]

    @dataclass
    class Moved(Message):
        """The candidate on the line is to go `step` places on, or away (None)."""

        place: int
        step: int | None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("remove", "earlier", "later"):
            return self.row is not None
        return super().check_action(action, parameters)

    def _tell(self, step: int | None) -> None:
        if self.row is not None:
            self.post_message(self.Moved(self.cursor, step))

    def action_remove(self) -> None:
        self._tell(None)

    def action_earlier(self) -> None:
        self._tell(-1)

    def action_later(self) -> None:
        self._tell(1)


class ElectionFormScreen(DeedScreen[int | None]):
    """Prepare an election, or correct one that is not open yet; the result is its number."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    ElectionFormScreen > VerticalScroll { height: 1fr; scrollbar-size: 0 0; }
    ElectionFormScreen > #told { height: auto; text-style: bold; }
    ElectionFormScreen.-narrow _ElectionSheet { padding: 0 1; margin-top: 0; }
    ElectionFormScreen.-narrow _CandidateTable { height: 5; }
    """
    BINDINGS = [*bindings("candidates.add", "form.save")]

    @dataclass
    class _Opened(Message):
        values: Mapping[str, str]
        candidates: tuple[CandidateEntry, ...]
        committees: Sequence[tuple[int, str]]

    @dataclass
    class _Saved(Message):
        election_id: int

    def __init__(self, workplace: Workplace, election_id: int | None = None) -> None:
        super().__init__()
        self._workplace, self._desk, self._election = workplace, workplace.desk, election_id
        name = elections.draft_name(election_id)
        self._keeper = _Keeper(drafts.DraftsOf(self._desk), name)
        self._form: _ElectionSheet | None = None
        self._left: set[str] = set()
        self._told = Sentence("", id="told")
        self._table = _CandidateTable(
            _COLUMNS,
            self._load,
            selectable=False,
            at_once=True,
            empty=N_("Nobody stands yet. F4 enters a candidate."),
        )

    def compose(self) -> ComposeResult:
        title = N_("New election") if self._election is None else N_("Correct an election")
        yield TitleBar(title, *self._workplace.title)
        yield VerticalScroll(can_focus=False)
        yield self._told
        yield self._table
        yield KeyBar()

    def on_mount(self) -> None:
        self.attempt(self._open, "open")

    def language_changed(self) -> None:
        self._tell()

    # Opening

    def _open(self) -> None:
        values, candidates = election_form.empty(), tuple[CandidateEntry, ...]()
        if self._election is not None:
            values, candidates = self._desk.read(elections.form_of, self._election)
        kept = dict(self._keeper.drafts.load(self._keeper.name))
        if _CANDIDATES in kept:
            candidates = _candidates_of(kept.pop(_CANDIDATES))
        known = [(row.id, row.name) for row in self._desk.read(committees.all_committees)]
        self.post_message(self._Opened({**values, **kept}, candidates, known))

    @on(_Opened)
    async def _fill(self, message: _Opened) -> None:
        message.stop()
        self._keeper.candidates = message.candidates
        form = _ElectionSheet("election", *_fields(message), drafts=self._keeper)
        await self.query_one(VerticalScroll).mount(form)
        self._form = form
        form["title"].entry.focus()
        self._table.reload()
        self._tell()

    # While somebody types

    @property
    def _check(self) -> ElectionCheck | None:
        if self._form is None:
            return None
        return election_form.check(
            self._form.values, self._keeper.candidates, NETWORK_ZONE, self._desk.now()
        )

    @on(Field.Edited)
    def _edited(self, event: Field.Edited) -> None:
        event.stop()
        self._tell()

    @on(events.DescendantBlur)
    def _was_left(self, event: events.DescendantBlur) -> None:
        parent = event.widget.parent
        if isinstance(parent, Field) and parent.value:
            self._left.add(parent.key)
        self._tell()

    @on(events.DescendantFocus)
    def _come(self) -> None:
        self._tell()

    def _tell(self) -> None:
        """Mark the fields that are wrong, and tell below what is wrong with the one in hand."""
        check = self._check
        if check is None or self._form is None:
            return
        here: str = _CANDIDATES if self._table.has_focus else ""
        for field in self.query(Field):
            wrong = bool(check.beside(field.key)) and field.key in self._left
            field.complain(say("! see below") if wrong else None)
            if field.entry.has_focus:
                here = field.key
        self._told.show(self._sentence(check, here))

    def _sentence(self, check: ElectionCheck, here: str) -> Wording:
        about = [each for each in check.messages if each.field == here]
        if about and here in {*self._left, _CANDIDATES}:
            return about[0].sentence
        wrong = sum(each.level == "error" for each in check.messages)
        if wrong:
            return say_n(
                "Still to fill in or correct: %(count)s. Moments are those of %(zone)s.",
                "Still to fill in or correct: %(count)s. Moments are those of %(zone)s.",
                wrong,
                zone=NETWORK_ZONE.key,
            )
        return say("All is there. F8 saves; it can be corrected until the vote opens.")

    # The candidates

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        rows = [
            Row(place, (str(place + 1), each.name, each.school_name, _begun(each.statement)))
            for place, each in enumerate(self._keeper.candidates)
        ]
        return Page(rows[offset : offset + limit], len(rows))

    def _set(self, candidates: Sequence[CandidateEntry]) -> None:
        self._keeper.candidates = tuple(candidates)
        if self._form is not None:
            self._form.keep()
        self._table.reload()
        self._tell()

    def action_add(self) -> None:
        self._edit(None)

    @on(PagedTable.Opened)
    def _open_candidate(self, event: PagedTable.Opened) -> None:
        event.stop()
        self._edit(int(str(event.row.key)))

    def _edit(self, place: int | None) -> None:
        if self._form is None:
            return
        now = list(self._keeper.candidates)
        entry = CandidateEntry("") if place is None else now[place]

        def take(found: CandidateEntry | None) -> None:
            if found is None:
                return
            if place is None:
                self._set([*now, found])
            else:
                self._set([*now[:place], found, *now[place + 1 :]])

        # By what it was, for places change; a new one has no place yet.
        known = "" if place is None else f"-{crc32(repr(entry).encode()):x}"
        draft = f"{self._keeper.name.replace(':', '-')}-candidate{known}"
        self.app.push_screen(CandidateScreen(self._workplace, entry, draft), take)

    @on(_CandidateTable.Moved)
    def _move(self, event: _CandidateTable.Moved) -> None:
        event.stop()
        now = list(self._keeper.candidates)
        moved = now.pop(event.place)
        if event.step is not None:
            now.insert(max(0, event.place + event.step), moved)
        self._set(now)

    # Saving

    def action_save(self) -> None:
        """Save from the list of candidates, too."""
        if self._form is not None:
            self._form.action_save()

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        check = self._check
        if check is None or self._form is None:
            return
        if check.terms is None:
            self._go_to_first_error(check)
            return
        work = partial(self._write, dict(event.values), self._keeper.candidates)
        self.attempt(work, "save", exclusive=True)

    def _go_to_first_error(self, check: ElectionCheck) -> None:
        assert self._form is not None
        wrong = {each.field for each in check.messages if each.level == "error"}
        self._left |= wrong
        first = next((name for name in election_form.FIELDS if name in wrong), None)
        if first is not None:
            self._form[first].entry.focus()
        else:
            self._table.focus()
        self._tell()

    def _write(self, values: dict[str, str], candidates: tuple[CandidateEntry, ...]) -> None:
        if self._election is None:
            made = self._desk.write(elections.create, values, candidates)
        else:
            self._desk.write(elections.correct, self._election, values, candidates)
            made = self._election
        self.post_message(self._Saved(made))

    @on(_Saved)
    def _leave(self, message: _Saved) -> None:
        message.stop()
        if self._form is not None:
            self._form.submitted()
        tell(self, say("The election is saved. Heads see it from now on."))
        self.dismiss(message.election_id)

    def failed(self, error: Exception) -> None:
        if isinstance(error, ElectionFormRefused):
            self._tell()
        super().failed(error)


def _fields(opened: ElectionFormScreen._Opened) -> list[Field]:
    values = opened.values
    committees: list[tuple[str, str | Wording]] = [
        ("", say("none of those kept here")),
        *((str(number), say("%(name)s", name=name)) for number, name in opened.committees),
    ]
    fields: list[Field] = []
    for name in election_form.FIELDS:
        value = values.get(name, "")
        longest = _LONGEST.get(name, _LONGEST_MOMENT)
        if name == "information":
            fields.append(WritingField(name, _LABELS[name], value, max_length=longest))
        elif name == "committee_id":
            fields.append(Field(name, _LABELS[name], value, options=committees))
        else:
            fields.append(Field(name, _LABELS[name], value, max_length=longest))
    return fields


def _begun(statement: str) -> str:
    return statement.replace("\n", " ") or _("none")


# --- one candidate ------------------------------------------------------------------------


class _CandidateSheet(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    _CandidateSheet Field > .label { width: 14; }
    _CandidateSheet Field > .message { width: 14; }
    _CandidateSheet WritingField, _CandidateSheet WritingField > .entry { height: 12; }
    """
    BINDINGS = [*bindings("form.next", "form.previous", "form.save")]


class CandidateScreen(DeedScreen[CandidateEntry | None]):
    """One candidate, kept as typed; F8 puts it on the ballot of the form below."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    DEFAULT_CSS = """
    CandidateScreen > #hint { height: auto; margin-top: 1; }
    CandidateScreen.-narrow Form { padding: 0 1; }
    CandidateScreen.-narrow WritingField, CandidateScreen.-narrow WritingField > .entry {
        height: 9;
    }
    """

    def __init__(self, workplace: Workplace, entry: CandidateEntry, draft: str) -> None:
        super().__init__()
        self._workplace = workplace
        self._form = _CandidateSheet(
            draft,
            Field("name", N_("Name"), entry.name, max_length=LONGEST["name"], required=True),
            Field(
                "school_name", N_("School"), entry.school_name, max_length=LONGEST["school_name"]
            ),
            WritingField(
                "statement", N_("Statement"), entry.statement, max_length=LONGEST["statement"]
            ),
            drafts=drafts.DraftsOf(workplace.desk),
        )

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Candidate"), *self._workplace.title)
        yield self._form
        yield Sentence(N_("The statement may be pasted. Heads read it in full."), id="hint")
        yield KeyBar()

    def on_mount(self) -> None:
        self._form["name"].entry.focus()

    @on(Form.Saved)
    def _save(self, event: Form.Saved) -> None:
        event.stop()
        self._form.submitted()
        self.dismiss(CandidateEntry(**event.values))
