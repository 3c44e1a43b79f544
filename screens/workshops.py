"""Virtual workshops: a school's requests, and the office's queue, the most pressing first."""

from __future__ import annotations

from textual import on

from models.language import N_, Wording, format_day, say, say_n
from screens.commands import bindings
from screens.counted_list import CountedListScreen
from screens.widgets.chrome import Sentence, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from screens.workshop_calendar import open_workshop
from screens.workshop_dialogs import CalendarFileScreen
from services import drafts, workshop_queue, workshops
from services.workshop_form import CATEGORY_LABELS, LANGUAGE_LABELS
from services.workshop_queue import SORTS, WorkshopQuery, WorkshopRow
from services.workshops import STATUS_WORDS

_TONES: dict[str, Tone] = {
    "draft": "accent",
    "submitted": "accent",
    "accepted": "good",
    "refused": "error",
    "attended": "good",
    "cancelled": "quiet",
    "replaced": "quiet",
}
STATUS_KINDS = {
    status: Kind(sign, word, _TONES.get(status, ""))
    for status, (sign, word) in STATUS_WORDS.items()
}
_DRAFT = "draft"
#: How pressing the next step is: a sign that needs no colour, and how it is meant.
_RISKS: dict[str, tuple[str, Tone]] = {"overdue": ("!", "error"), "near": ("~", "warning")}


def _columns(several: bool) -> tuple[Column, ...]:
    """Return the columns; with the school where there are several, at the step's expense."""
    columns = (
        Column("status", N_("Status"), 16, sortable=False),
        Column("title", N_("Title"), 15, grow=4, sortable=False),
        Column("school", N_("School"), 15, grow=2, priority=1, sortable=False),
        Column("date", N_("First day"), 12),
        Column("step", N_("Next step"), 16, priority=2, sortable=False),
        Column("risk", N_("Days left"), 9, align="right"),
        Column("newest", N_("Reference"), 10, priority=3),
    )
    return columns if several else tuple(each for each in columns if each.key != "school")


class WorkshopsScreen(CountedListScreen[WorkshopRow], CalendarFileScreen[None]):
    """Every workshop that somebody sees, by risk: what is overdue first, then what is near."""

    DEFAULT_CSS = """
    WorkshopsScreen > #workshop-detail { height: 3; padding: 0 3; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("workshops.ask", "workshops.calendar", "workshops.status", "workshops.file"),
    ]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        schools = self._desk.actor.schools
        self._several = schools is None or len(schools) > 1
        wish = workplace.wished("workshops")
        self._status = wish.status if wish.status in STATUS_KINDS else None
        # All schools at once: the one that is chosen elsewhere would mislead on top.
        title = ("", "", workplace.who) if self._several else workplace.title
        listed = FilteredTable(
            PagedTable(
                _columns(self._several),
                self._load,
                count=self._total,
                sort=Sort(SORTS[0]),
                selectable=False,
                empty=N_("No workshop was asked for yet."),
                nothing_found=N_("Nothing matches. f shows other statuses, Esc all of them."),
            ),
            N_("/ to search: title, school, contact or reference"),
            text=wish.text,
        )
        self.set_out(
            TitleBar(N_("Virtual workshops"), *title),
            Counts(STATUS_KINDS, lines=2),
            listed,
            Sentence("", id="workshop-detail", classes="line-detail"),
        )

    # Reading

    def _query(self, text: str, sort: Sort | None = None) -> WorkshopQuery:
        sort = sort or Sort(SORTS[0])
        return WorkshopQuery(text, self._status, sort=sort.column, descending=sort.descending)

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        query = self._query(text, sort)
        found = self._desk.read(workshop_queue.page, query, offset, limit, count=False)
        self.keep(offset, {row.id: row for row in found.rows})
        return Page([_as_row(row, self._several) for row in found.rows])

    def _total(self, text: str) -> int:
        return self._desk.read(workshop_queue.total, self._query(text))

    def read_counts(self) -> dict[str, int]:
        counts = self._desk.read(workshop_queue.counts)
        begun = self._desk.read(drafts.load, workshops.draft_name())
        return {_DRAFT: 1 if begun else 0, **counts}

    def told(self, entry: WorkshopRow) -> Wording:
        return _detail(entry)

    def action_status(self) -> None:
        """Go from all to the statuses that some request has, one after the other."""
        if self._by_status.next == _DRAFT:  # what is not sent yet is no line of the list
            self._by_status.show(self._counts, _DRAFT)
        self.choose_next()

    # Doing

    @on(PagedTable.Highlighted)
    def _offer(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.current is not None if action == "file" else True

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        if isinstance(event.row.key, int):
            open_workshop(self, self._workplace, event.row.key)

    def action_ask(self) -> None:
        """Open the form, with what was typed before; where no school is chosen, that first."""
        if self._workplace.here is None:
            from screens.schools import SchoolsScreen

            self.app.push_screen(SchoolsScreen(self._workplace, then="workshops"))
            return
        from screens.workshop_request import WorkshopRequestScreen

        self.app.push_screen(WorkshopRequestScreen(self._workplace), self._asked)

    def _asked(self, workshop_id: int | None) -> None:
        if workshop_id is not None:
            open_workshop(self, self._workplace, workshop_id)

    def action_calendar(self) -> None:
        from screens.workshop_calendar import WorkshopCalendarScreen

        row = self.current
        day = row.school_day if row is not None else None
        self.app.push_screen(WorkshopCalendarScreen(self._workplace, day))

    def action_file(self) -> None:
        row = self.current
        if row is not None:
            self.keep_workshop(self._desk, row.id, row.reference)


def _as_row(row: WorkshopRow, several: bool) -> Row:
    kind = STATUS_KINDS[row.status]
    sign, tone = _RISKS.get(row.risk, ("", ""))
    left = "" if row.days_left is None else f"{sign} {row.days_left}".strip()
    cells = (
        Cell(kind.text, kind.tone),
        row.title,
        row.school or "–",
        format_day(row.school_day),
        row.next_step.text() if row.next_step else "–",
        Cell(left, tone),
        row.reference,
    )
    return Row(row.id, cells if several else (*cells[:2], *cells[3:]))


def _detail(row: WorkshopRow) -> Wording:
    """Return which workshop it is, who comes, and what is waited for until when."""
    return say(
        "%(reference)s · %(programme)s, %(category)s · %(language)s · %(people)s · %(next)s",
        reference=row.reference,
        programme=row.programme,
        category=CATEGORY_LABELS.get(row.category, row.category),
        language=LANGUAGE_LABELS.get(row.language, row.language),
        people=say_n(
            "%(entered)s entered of %(count)s participant",
            "%(entered)s entered of %(count)s participants",
            row.people,
            entered=row.participants,
        ),
        next=_next(row),
    )


def _next(row: WorkshopRow) -> Wording:
    if row.due_on is None or row.days_left is None or row.next_step is None:
        return say("Nothing is waited for.")
    if row.days_left < 0:
        told = say_n(
            "%(step)s: overdue by %(count)s day, since %(day)s",
            "%(step)s: overdue by %(count)s days, since %(day)s",
            -row.days_left,
            step=row.next_step,
            day=row.due_on,
        )
    else:
        told = say_n(
            "%(step)s by %(day)s: %(count)s day left",
            "%(step)s by %(day)s: %(count)s days left",
            row.days_left,
            step=row.next_step,
            day=row.due_on,
        )
    return say("%(told)s (asked for late)", told=told) if row.late else told
