"""The helpdesk's calls: who has waited longest first; Enter opens a note, `n` takes a new one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from textual import on

from models.language import N_, _, ngettext
from models.schools import DEFAULT_TIME_ZONE
from screens.call import CALL_KINDS, CallScreen
from screens.commands import bindings
from screens.counted_list import CountedListScreen
from screens.facts import told_at
from screens.widgets.chrome import LineDetail, TitleBar
from screens.widgets.counts import Counts
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Sort
from screens.workplace import Workplace
from services import calls
from services.calls import CallQuery, CallRow

_COLUMNS = (
    Column("status", N_("Status"), 12, sortable=False),
    Column("waits", N_("Since"), 9, sortable=False),
    Column("caller", N_("Caller"), 16, grow=2, sortable=False),
    Column("cause", N_("Likeliest cause"), 18, grow=4, sortable=False),
    Column("school", N_("School"), 16, grow=2, priority=1, sortable=False),
    Column("handed_to", N_("Handed on to"), 14, grow=1, priority=2, sortable=False),
)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class CallsScreen(CountedListScreen[CallRow]):
    """The notes that are not closed, or those of one status. `t` shows what they were about."""

    DEFAULT_CSS = "CallsScreen > #calls-detail { height: 3; padding: 0 3; }"
    BINDINGS = [*bindings("calls.new", "calls.status", "calls.commonest")]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self._zone = workplace.here.zone if workplace.here else ZoneInfo(DEFAULT_TIME_ZONE)
        wish = workplace.wished("helpdesk")
        self._status = wish.status if wish.status in CALL_KINDS else None
        listed = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                count=self._total,
                selectable=False,
                empty=N_("No call is open. Ctrl+R finds whoever calls, n takes a note without."),
                nothing_found=N_("Nothing matches. f shows other calls, Esc all words."),
            ),
            N_("/ to search: a caller, what was searched, to whom it went"),
            text=wish.text,
        )
        bar = TitleBar(N_("Calls"), "", "", workplace.who)
        self.set_out(bar, Counts(CALL_KINDS), listed, LineDetail(id="calls-detail"))

    def language_changed(self) -> None:
        self.table.reload()

    # Reading

    def _query(self, text: str) -> CallQuery:
        sort = "newest" if self._status == "closed" else "waiting"
        return CallQuery(text, self._status or "undone", sort=sort)

    def _load(self, offset: int, limit: int, text: str, _sort: Sort | None) -> Page:
        found = self._desk.read(calls.calls_page, self._query(text), offset, limit, count=False)
        self.keep(offset, {row.id: row for row in found.rows})
        return Page([self._row(row) for row in found.rows])

    def _total(self, text: str) -> int:
        return self._desk.read(calls.total, self._query(text))

    def read_counts(self) -> dict[str, int]:
        return self._desk.read(calls.counts)

    def _row(self, row: CallRow) -> Row:
        kind = CALL_KINDS[row.status]
        since = (
            f"{row.opened_at.astimezone(self._zone):%d/%m}"
            if row.status == "closed"
            else told_wait(self._desk.now() - row.opened_at)
        )
        cause = row.cause.text() if row.cause else "–"
        if row.words is not None:
            cause = _("Message: %(text)s") % {"text": row.cause.text() if row.cause else row.words}
        cells = (
            Cell(kind.text, kind.tone), since, _caller(row), cause, row.school or "–",
            row.handed_to or "–",
        )  # fmt: skip
        return Row(row.id, cells)

    def told(self, entry: CallRow) -> str:
        return " · ".join(_details(entry, self._zone))

    # Doing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "status" or any(self._counts.values())

    def action_status(self) -> None:
        """Go from all that are not closed to each status, one after the other."""
        self.choose_next()

    @on(PagedTable.Opened)
    def _open(self, event: PagedTable.Opened) -> None:
        event.stop()
        if isinstance(event.row.key, int):
            self.app.push_screen(CallScreen(self._workplace, event.row.key))

    def action_new(self) -> None:
        self.app.push_screen(CallScreen(self._workplace))

    def action_commonest(self) -> None:
        from screens.commonest_causes import CommonestCausesScreen

        self.app.push_screen(CommonestCausesScreen(self._workplace))


def told_wait(waited: timedelta) -> str:
    """Return for how long somebody has waited: minutes, hours, or days."""
    waited = max(waited, timedelta())
    if waited < _HOUR:
        return _("%(count)s min") % {"count": waited // _MINUTE}
    if waited < _DAY:
        minutes = waited % _HOUR // _MINUTE
        return _("%(hours)s h %(minutes)02d") % {"hours": waited // _HOUR, "minutes": minutes}
    days = waited // _DAY
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


def _caller(row: CallRow) -> str:
    return f"{row.surname} {row.first_name}".strip() or row.contact or "–"


def _details(row: CallRow, zone: ZoneInfo) -> Iterator[str]:
    """Yield what the columns do not hold, or not to the end."""
    if row.words is not None:
        yield _("Message: %(text)s") % {"text": row.words}
    if row.cause is not None:
        yield row.cause.text()
    if row.school:
        yield row.school
    if row.searched:
        yield _("Searched: %(text)s") % {"text": row.searched}
    if row.contact:
        yield _("Contact: %(contact)s") % {"contact": row.contact}
    if row.fase_number is not None:
        yield _("school %(number)s") % {"number": row.fase_number}
    told = N_("Opened on %(at)s by %(who)s.")
    if row.words is not None:
        told = N_("Written on %(at)s by %(who)s.")
    yield _(told) % {"at": told_at(row.opened_at, zone), "who": row.opened_by}
    if row.handed_to:
        yield _("Handed on to %(to)s") % {"to": row.handed_to}
