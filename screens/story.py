"""The story of one person: all that has happened, newest first; Enter opens where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, _, format_day, ngettext
from models.schools import DEFAULT_TIME_ZONE
from screens.commands import bindings
from screens.facts import told_moment
from screens.mail_told import mail_screen
from screens.plan import PlanScreen, plan_calls
from screens.plan_words import column_name, is_told, value_text
from screens.whole_line import WholeLineScreen
from screens.widgets.chrome import KeyBar, LineDetail, Sentence, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.deeds import DeedScreen
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from services import story
from services.story import (
    CALL,
    CONSENT,
    HEADNET,
    MESSAGE,
    PLAN,
    WORKSHOP,
    ConsentTold,
    MailTold,
    Origin,
    StoryLine,
    StoryPage,
    StoryQuery,
)
from services.story_words import KIND_WORDS, LINE_WORDS

_SIGNS: dict[str, tuple[str, Tone]] = {
    "import": ("»", "accent"),
    "change": ("~", ""),
    "consent": ("§", "good"),
    "role": ("*", ""),
    "access": ("+", "good"),
    "message": ("@", "accent"),
    "token": ("#", ""),
    "door": ("o", ""),
    "double": ("=", "warning"),
    "workshop": ("¤", "accent"),
    "headnet": ("^", ""),
    "call": ("&", "accent"),
}
STORY_KINDS = {kind: Kind(sign, KIND_WORDS[kind], tone) for kind, (sign, tone) in _SIGNS.items()}
_LINES = {kind: Kind(sign, LINE_WORDS[kind], tone) for kind, (sign, tone) in _SIGNS.items()}
_COLUMNS = (
    Column("at", N_("When"), 18, sortable=False),
    Column("kind", N_("Kind"), 14, sortable=False, priority=1),
    Column("text", N_("What happened"), 30, grow=4, sortable=False),
    Column("school", N_("School"), 20, grow=1, priority=2, sortable=False),
    Column("actor", N_("Who"), 16, grow=1, priority=3, sortable=False),
)
#: What Enter opens, after a detail that has more behind it.
_OPENS = {
    PLAN: N_("Enter opens the plan."),
    MESSAGE: N_("Enter opens the message."),
    WORKSHOP: N_("Enter opens the workshop."),
    CONSENT: N_("Enter opens the consent."),
    HEADNET: N_("Enter opens the HeadNet account."),
    CALL: N_("Enter opens the note of the call."),
}


class StoryScreen(DeedScreen[None]):
    """The timeline of a person across the schools that one sees. `f` shows one kind only."""

    DEFAULT_CSS = """
    StoryScreen > #who { height: 1; text-style: bold; }
    StoryScreen > #story-detail { height: 4; padding: 0 3; }
    """
    is_left_for_search = True
    BINDINGS = [*bindings("story.kind", "app.back")]

    @dataclass
    class _Read(Message):
        page: StoryPage

    @dataclass
    class _MailRead(Message):
        mail: MailTold

    @dataclass
    class _ConsentRead(Message):
        consent: ConsentTold

    def __init__(self, workplace: Workplace, person_id: int) -> None:
        super().__init__()
        self._workplace = workplace
        here = workplace.here
        self._zone = here.zone if here else ZoneInfo(DEFAULT_TIME_ZONE)
        self._person_id = person_id
        self._kind: str | None = None
        self._counts: dict[str, int] = {}
        self._lines: dict[str, StoryLine] = {}
        self._who = Sentence("", id="who")
        self._by_kind = Counts(STORY_KINDS, lines=2)
        self._table = PagedTable(
            _COLUMNS,
            self._load,
            selectable=False,
            empty=N_("Nothing has happened yet."),
            nothing_found=N_("Nothing matches. f shows other kinds, Esc all words."),
        )
        self._detail = LineDetail(id="story-detail")

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("History"), *self._workplace.title)
        yield self._who
        yield self._by_kind
        yield FilteredTable(self._table, N_("/ to search: a word, a school, who did it"))
        yield self._detail
        yield KeyBar()

    def language_changed(self) -> None:
        self._table.reload()

    # Reading

    def _load(self, offset: int, limit: int, text: str, _sort: Sort | None) -> Page:
        query = StoryQuery(self._person_id, self._kind, text)
        found = self._workplace.desk.read(story.page, query, offset, limit)
        kept = self._lines if offset else {}
        self._lines = {**kept, **{line.key: line for line in found.rows}}
        self.post_message(self._Read(found))
        return Page([self._row(line) for line in found.rows], found.total)

    def _row(self, line: StoryLine) -> Row:
        kind = _LINES[line.kind]
        cells = (
            told_moment(line.at, self._zone),
            Cell(kind.text, kind.tone),
            _text(line, self._zone),
            line.school,
            _actor(line),
        )
        return Row(line.key, cells)

    @on(_Read)
    def _show_counts(self, message: _Read) -> None:
        message.stop()
        page = message.page
        told = _("%(name)s: only the latest is shown") if page.cut else "%(name)s"
        self._who.show(told % {"name": page.name})
        self._counts = page.counts
        self._by_kind.show(page.counts, self._kind)
        self.refresh_bindings()

    @property
    def _current(self) -> StoryLine | None:
        row = self._table.row
        return self._lines.get(row.key) if row and isinstance(row.key, str) else None

    @on(PagedTable.Highlighted)
    def _show_detail(self) -> None:
        line = self._current
        self._detail.show(" · ".join(_details(line, self._zone)) if line else "")

    def tell_line(self) -> list[str]:
        """Return all that is told of the current line."""
        line = self._current
        return list(_details(line, self._zone)) if line else []

    # Doing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "kind" or any(self._counts.values())

    def action_kind(self) -> None:
        """Go from all to the kinds of which there is a line, one after the other."""
        self._kind = self._by_kind.next
        self._by_kind.show(self._counts, self._kind)
        self._table.reload()

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        line = self._lines.get(str(event.row.key))
        if line is None or line.origin is None:
            self._table.action_whole()
        else:
            self._open_origin(line.origin)

    def _open_origin(self, origin: Origin) -> None:
        if origin.kind == PLAN:
            self._open_plan(origin.id)
        elif origin.kind == MESSAGE:
            self.attempt(partial(self._read_mail, origin.id))
        elif origin.kind == CONSENT:
            self.attempt(partial(self._read_consent, origin.id))
        elif origin.kind == WORKSHOP:
            from screens.workshop import WorkshopScreen

            self.app.push_screen(WorkshopScreen(self._workplace, origin.id))
        elif origin.kind == HEADNET:
            from screens.headnet_account import HeadnetAccountScreen

            self.app.push_screen(HeadnetAccountScreen(self._workplace, origin.id))
        else:
            from screens.call import CallScreen

            screen = CallScreen(self._workplace, origin.id)
            self.app.push_screen(screen, lambda _outcome: self._table.reload())

    def _open_plan(self, plan_id: int) -> None:
        school, year, who = self._workplace.title
        calls = plan_calls(self._workplace.desk, plan_id)
        screen = PlanScreen(calls, school=school, year=year, who=who)
        self.app.push_screen(screen, lambda _outcome: self._table.reload())

    def _read_mail(self, mail_id: int) -> None:
        self.post_message(self._MailRead(self._workplace.desk.read(story.message, mail_id)))

    @on(_MailRead)
    def _show_mail(self, message: _MailRead) -> None:
        message.stop()
        self.app.push_screen(mail_screen(message.mail, self._zone))

    def _read_consent(self, consent_id: int) -> None:
        self.post_message(self._ConsentRead(self._workplace.desk.read(story.consent, consent_id)))

    @on(_ConsentRead)
    def _show_consent(self, message: _ConsentRead) -> None:
        message.stop()
        told = list(_consent(message.consent, self._zone))
        self.app.push_screen(WholeLineScreen(told, [], title=_("Consent")))


# --- in words -----------------------------------------------------------------------------


def _actor(line: StoryLine) -> str:
    return "Trousseau" if line.actor == "system" else line.actor


def _text(line: StoryLine, zone: ZoneInfo) -> str:
    if line.times == 1:
        return line.text.text()
    told = ngettext(
        "%(what)s (%(count)d time until %(at)s)",
        "%(what)s (%(count)d times until %(at)s)",
        line.times,
    )
    values = {"what": line.text, "count": line.times, "at": told_moment(line.until, zone)}
    return told % values


def _details(line: StoryLine, zone: ZoneInfo) -> Iterator[str]:
    """Yield all that is known of a line, what matters most first."""
    yield _text(line, zone)
    if line.words:
        yield _("The server’s own words: %(words)s") % {"words": line.words}
    elif line.reason is not None:
        yield line.reason.text()
    for each in line.differences:
        if is_told(each.column, each.table):
            yield _("%(what)s: %(before)s → %(after)s") % {
                "what": column_name(each.column, each.table),
                "before": value_text(each.before, each.column, each.table),
                "after": value_text(each.after, each.column, each.table),
            }
    if line.source is not None:
        yield line.source.text()
    if line.file:
        yield _("%(file)s, line %(line)d") % {"file": line.file, "line": line.line}
    yield from filter(None, (line.school, _actor(line)))
    if line.origin is not None:
        yield _(_OPENS[line.origin.kind])


def _consent(consent: ConsentTold, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Yield what is known of a consent: titles with texts."""
    yield _("E-mail"), consent.address
    yield _("School"), consent.school
    yield _("Signed on"), format_day(consent.signed_on)
    yield _("Recorded on"), told_moment(consent.recorded_at, zone)
    yield _("Withdrawn"), told_moment(consent.withdrawn_at, zone)
    yield _("Version of the text"), str(consent.text_version)
