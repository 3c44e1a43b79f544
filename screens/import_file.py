"""Importing a file: name it, say how it is meant, see it read, and look at the plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from models.language import N_, Wording, _, say
from models.school_years import start_year_of
from screens.commands import bindings
from screens.jobs import Job, Jobs
from screens.led_to import LedTo
from screens.mapping import MappingScreen
from screens.plan import PlanScreen, plan_calls
from screens.progress import ProgressScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Field, Form
from screens.workplace import Workplace
from services import importing
from services.importing import FORMATS, Completion, ImportRequest, Remembered, StaffLayout
from services.imports.files import open_source
from services.imports.roster import Progress

_LONGEST_PATH = 1_000
_CURRENT, _THIS, _IN_FILE = "", "this", "file"
_NAMES_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a file tells: its format, and for a list its columns."""

    path: str
    format: str | None
    layout: StaffLayout | None = None
    problem: Wording | None = None
    remembered: Remembered | None = None


class _Request(Form, inherit_bindings=False):
    """The fields; F8 computes the plan, which saves nothing yet."""

    BINDINGS = [*bindings("form.next", "form.previous")]


class ImportScreen(DeedScreen[None]):
    """Ask for a file and how it is meant; read it in the background; hand over the plan."""

    DEFAULT_CSS = """
    ImportScreen > #import-body { height: 1fr; padding: 1 0 0 0; }
    ImportScreen #import-found { margin-top: 1; text-style: bold; }
    ImportScreen #import-names { height: 1fr; margin-top: 1; }
    ImportScreen Field > .message { width: 0; }
    ImportScreen #field-path > .message { width: 13; }
    ImportScreen #field-year > .message { width: 22; }
    ImportScreen.-narrow #field-path > .message { width: auto; max-width: 13; }
    ImportScreen.-narrow #field-year > .message { width: 14; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [*bindings("import.start", "import.columns", "import.complete", "app.back")]

    @dataclass
    class _Looked(Message):
        look: Look
        go_on: str

    @dataclass
    class _Completed(Message):
        completion: Completion

    def __init__(self, workplace: Workplace, *, once: bool = False) -> None:
        """With `once` it closes as soon as the plan of a file is applied."""
        super().__init__()
        self._workplace, self._once = workplace, once
        self.led_to = LedTo()
        self._look = Look("", None)
        self._mapping: dict[str, int | str] | None = None
        self._bar = TitleBar(N_("Import a file"), *workplace.title)
        self._found = Sentence(
            N_("Type the name of a file, a folder or a ZIP archive. F3 completes it."),
            id="import-found",
        )
        self._names = Sentence("", id="import-names")
        self._form = _Request("import", *self._fields())

    def _fields(self) -> list[Field]:
        formats = [("", say("recognised")), *FORMATS.items()]
        return [
            Field("path", N_("File or folder"), max_length=_LONGEST_PATH, required=True),
            Field("format", N_("Format"), options=formats),
            Field("school", N_("School"), self._first_school, options=self._schools()),
            Field("year", N_("School year"), self._year, max_length=9, check=_year_problem),
            Field("source", N_("Name of the source"), max_length=importing.LONGEST_SOURCE),
            Field("address", N_("Which address wins"), options=_ADDRESSES),
            Field("fase", N_("Identifiers"), options=_IDENTIFIERS),
        ]

    @property
    def _first_school(self) -> str:
        return _THIS if self._workplace.here is not None else _IN_FILE

    @property
    def _year(self) -> str:
        here = self._workplace.here
        return here.year.label if here is not None and here.year is not None else ""

    def _schools(self) -> list[tuple[str, str | Wording]]:
        here = self._workplace.here
        named: list[tuple[str, str | Wording]] = [(_IN_FILE, say("those that the file names"))]
        return named if here is None else [(_THIS, say("%(school)s", school=here.school)), *named]

    def compose(self) -> ComposeResult:
        yield self._bar
        with Vertical(id="import-body"):
            yield self._form
            yield self._found
            yield self._names
        yield KeyBar()

    def language_changed(self) -> None:
        """Say in the empty fields what leaving them empty means."""
        for name, hint in _HINTS.items():
            entry = self._form[name].entry
            if isinstance(entry, Input):
                entry.placeholder = _(hint)

    def on_mount(self) -> None:
        self.language_changed()
        self._form["path"].entry.focus()

    # The file's name

    def action_complete(self) -> None:
        text = self._form["path"].value
        self.attempt(partial(self._complete, text), "complete", reads=True)

    def _complete(self, text: str) -> None:
        self.post_message(self._Completed(importing.complete_path(text)))

    @on(_Completed)
    def _show_completion(self, message: _Completed) -> None:
        done = message.completion
        entry = self._form["path"]
        if done.path and done.path != entry.value:
            entry.value = done.path
        if isinstance(entry.entry, Input):
            entry.entry.focus()
            entry.entry.cursor_position = len(entry.entry.value)
        if len(done.names) == 1 and not done.names[0].endswith("/"):
            self._names.show("")
            self._look_at("")
            return
        shown = done.names[:_NAMES_SHOWN]
        more = done.more + len(done.names) - len(shown)
        listed = "   ".join(shown)
        if not shown:
            self._names.show(N_("Nothing here begins so."))
        elif more:
            self._names.show(say("%(names)s   and %(count)s more", names=listed, count=more))
        else:
            self._names.show(say("%(names)s", names=listed))

    @on(Input.Submitted)
    def _path_typed(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is self._form["path"].entry:
            self._look_at("")
        self.focus_next()

    # Looking into the file

    def _look_at(self, go_on: str) -> None:
        """Recognise the file; then do what `go_on` says (start, columns or nothing)."""
        values = self._form.values
        if not values["path"]:
            self._form.problems()
            return
        self.attempt(partial(self._look_into, values, go_on), "look", exclusive=True)

    def _look_into(self, values: dict[str, str], go_on: str) -> None:
        path = values["path"]
        source = open_source(path)
        kind = values["format"] or importing.recognise(source)
        problem = next((n.text for n in source.notices.all() if n.hard), None)
        layout = importing.layout_of(source, kind) if kind and problem is None else None
        known = self._remembered(kind, values) if kind else None
        self.post_message(self._Looked(Look(path, kind, layout, problem, known), go_on))

    def _remembered(self, kind: str, values: dict[str, str]) -> Remembered | None:
        desk, school = self._workplace.desk, self._school_id(values)
        code = values["source"] or desk.read(importing.default_source, kind, school)
        return desk.read(importing.remembered, code)

    def _school_id(self, values: dict[str, str]) -> int | None:
        here = self._workplace.here
        return here.school_id if here is not None and values["school"] == _THIS else None

    @on(_Looked)
    def _show_look(self, message: _Looked) -> None:
        seen, now = self._look, message.look
        if (now.path, now.format) != (seen.path, seen.format):
            self._mapping = None
        look = self._look = message.look
        self._found.show(_found(look))
        if look.problem is not None or look.format is None:
            return
        if self._mapping is None and look.remembered is not None and look.remembered.mapping:
            self._mapping = dict(look.remembered.mapping)
        if message.go_on == "columns" or (message.go_on == "start" and self._lacks_columns()):
            self._show_columns()
        elif message.go_on == "start":
            self._start()

    def _lacks_columns(self) -> bool:
        layout = self._look.layout
        return layout is not None and bool(layout.missing) and self._mapping is None

    # Columns

    def action_columns(self) -> None:
        self._look_at("columns")

    def _show_columns(self) -> None:
        layout = self._look.layout
        if layout is None or not layout.columns:
            self._found.show(N_("Only a list of staff or families has columns to choose."))
            return
        screen = MappingScreen(self._workplace, layout, self._mapping or {})
        self.app.push_screen(screen, self._take_columns)

    def _take_columns(self, mapping: dict[str, int | str] | None) -> None:
        if mapping is not None:
            self._mapping = mapping
            self._found.show(N_("The columns are chosen. F8 reads the file and computes the plan."))

    # Reading and planning

    def action_start(self) -> None:
        if not self._form.problems():
            self._look_at("start")

    def _start(self) -> None:
        jobs: Jobs = self.app.jobs  # type: ignore[attr-defined]
        work = partial(self._work, self._form.values, self._look.format or "", self._mapping)
        job = jobs.start(say("Import"), work)
        self.app.push_screen(ProgressScreen(job), self._show_plan)

    def _work(
        self,
        values: dict[str, str],
        kind: str,
        mapping: dict[str, int | str] | None,
        progress: Progress,
    ) -> int:
        desk = self._workplace.desk
        request: ImportRequest = desk.read(
            importing.request_for,
            kind,
            school_id=self._school_id(values),
            year=values["year"] or None,
            source=values["source"],
            fase_identifiers=values["fase"] == "fase" if values["fase"] else None,
            address_rule=values["address"] or None,
            mass_share=self._workplace.mass_share,
            mapping=mapping,
            file=Path(values["path"]).name,
        )
        roster = importing.read(
            values["path"],
            kind,
            mapping=mapping,
            fase_identifiers=request.fase_identifiers,
            progress=progress,
        )
        return importing.prepare(desk, roster, request, progress)

    def _show_plan(self, job: Job | None) -> None:
        """Open the plan of a job that has ended; one left running ends in the list of plans."""
        if job is None or job.running:
            self._found.show(N_("The plan will be in the list of plans: g, then p."))
            return
        if job.state == "done":
            school, year, who = self._workplace.title
            calls = plan_calls(self._workplace.desk, job.result)
            screen = PlanScreen(
                calls, close_when_applied=self._once, school=school, year=year, who=who
            )
            self.app.push_screen(screen, partial(self._plan_left, job.result))

    def _plan_left(self, plan_id: int, outcome: str | None) -> None:
        if self._once and outcome == "applied":
            self.led_to = LedTo(plan_id=plan_id)
            self.app.notify(_("Applied. To undo it: g, p, then u."), markup=False)
            self.dismiss(None)


_HINTS = {
    "path": N_("such as lists/staff.csv"),
    "year": N_("the current one"),
    "source": N_("the usual one"),
}
_ADDRESSES: list[tuple[str, str | Wording]] = [
    ("", say("as before; at first the personal one")),
    ("personal_first", say("the personal address")),
    ("school_first", say("the school’s address")),
]
_IDENTIFIERS: list[tuple[str, str | Wording]] = [
    ("", say("as before; at first the source’s own")),
    ("own", say("the source’s own")),
    ("fase", say("FASE numbers of schools")),
]


def _year_problem(text: str) -> Wording | None:
    if start_year_of(text) is None:
        return say("as in 2026-2027")
    return None


def _found(look: Look) -> Wording:
    if look.problem is not None:
        return look.problem
    if look.format is None:
        return say("The format was not recognised: choose it.")
    name = FORMATS[look.format]
    if look.layout is None:
        return say("Recognised: %(format)s. F8 reads it and computes the plan.", format=name)
    if look.layout.missing:
        return say("Recognised: %(format)s, but columns are missing. F2 shows them.", format=name)
    return say(
        "Recognised: %(format)s, %(count)s columns found. F2 shows them, F8 computes the plan.",
        format=name,
        count=len(look.layout.mapping),
    )
