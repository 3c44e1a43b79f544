"""A list of people who each have one status: what the team's list and the guardians' share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar
from zoneinfo import ZoneInfo

from textual import on

from screens.counted_list import CountedListScreen
from screens.sending import SendingScreen
from screens.widgets.chrome import LineDetail, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Column, Page, PagedTable, Row, Selection, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from services.findings import STATUS_WORDS

if TYPE_CHECKING:
    from models.database import ActorSession

_TONES: dict[str, Tone] = {
    "deactivated": "quiet",
    "ended": "quiet",
    "active": "good",
    "no_address": "warning",
    "no_consent": "warning",
    "duplicate": "warning",
    "no_role": "warning",
    "to_invite": "accent",
    "bounced": "error",
    "refused": "error",
    "expired": "warning",
    "uncertain": "warning",
}
STATUS_KINDS = {
    status: Kind(words.sign, words.short, _TONES.get(status, ""))
    for status, words in STATUS_WORDS.items()
}
#: Statuses in which an invitation has been sent, so that inviting means sending again.
SENT_BEFORE = ("sent", "uncertain", "refused", "bounced", "expired")


class Listed(Protocol):
    """A line: whose it is, and the status."""

    @property
    def person_id(self) -> int: ...
    @property
    def status(self) -> str: ...


Entry = TypeVar("Entry", bound=Listed)


class Found(Protocol):
    @property
    def rows(self) -> Sequence[Any]: ...


class ListService(Protocol):
    """What a service answers about its list; a query is of the service's own kind."""

    def page(
        self, session: ActorSession, query: Any, offset: int, limit: int, *, count: bool
    ) -> Found: ...
    def total(self, session: ActorSession, query: Any) -> int: ...
    def position(self, session: ActorSession, query: Any, person_id: int) -> int | None: ...
    def person_ids(self, session: ActorSession, query: Any) -> list[int]: ...
    def counts(self, session: ActorSession, school_id: int, year_id: int) -> dict[str, int]: ...


@dataclass(frozen=True, slots=True)
class Looks:
    """What tells one such list from another: its names, columns and sentences."""

    #: The place in `Workplace.wished`, by which others open the list with a filter.
    place: str
    title: str
    columns: Sequence[Column]
    empty: str
    search: str
    nothing_found: str


class StatusListScreen(CountedListScreen[Entry], SendingScreen):
    """Counts by status, a list filtered as one types, and where the current line stands."""

    DEFAULT_CSS = "StatusListScreen > #detail { height: 3; }"
    looks: ClassVar[Looks]
    service: ClassVar[ListService]

    def __init__(self, workplace: Workplace) -> None:
        super().__init__(workplace)
        assert workplace.here is not None
        self._zone: ZoneInfo = workplace.here.zone
        wish = workplace.wished(self.looks.place)
        self._status = wish.status if wish.status in STATUS_WORDS else None
        listed = FilteredTable(
            PagedTable(
                self.looks.columns,
                self._load,
                count=self._total,
                locate=self._locate,
                sort=Sort("name"),
                empty=self.looks.empty,
                nothing_found=self.looks.nothing_found,
            ),
            self.looks.search,
            text=wish.text,
        )
        bar = TitleBar(self.looks.title, *workplace.title)
        self.set_out(bar, Counts(STATUS_KINDS), listed, LineDetail(id="detail"))

    # What a list says of itself

    def query_for(self, text: str, sort: Sort) -> Any:
        """Return the service's query for a text, the status chosen and an order."""
        raise NotImplementedError

    def as_row(self, entry: Entry) -> Row:
        raise NotImplementedError

    # Reading

    def _query(self, text: str, sort: Sort | None = None) -> Any:
        return self.query_for(text, sort or Sort("name"))

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        query = self._query(text, sort)
        found = self.workplace.desk.read(self.service.page, query, offset, limit, count=False)
        self.keep(offset, {row.person_id: row for row in found.rows})
        return Page([self.as_row(row) for row in found.rows])

    def _total(self, text: str) -> int:
        return self.workplace.desk.read(self.service.total, self._query(text))

    def _locate(self, key: object, text: str, sort: Sort | None) -> int | None:
        assert isinstance(key, int)
        return self.workplace.desk.read(self.service.position, self._query(text, sort), key)

    def finder(self, chosen: Selection) -> Callable[[], list[int]]:
        """Return what finds those of a selection as the list stands now, to call in a thread."""
        query, desk = self._query(chosen.filter), self.workplace.desk
        return lambda: [p for p in desk.read(self.service.person_ids, query) if p in chosen]

    def read_counts(self) -> dict[str, int]:
        return self.workplace.desk.read(self.service.counts, *self.team)

    @on(SendingScreen.Sent)
    def _show_sent(self) -> None:
        self.read_again()

    def action_why(self) -> None:
        """Tell what is wrong for the person on the line."""
        from screens.diagnosis import DiagnosisScreen

        row = self.current
        if row is not None:
            screen = DiagnosisScreen.of_person(self.workplace, row.person_id, self.team)
            self.app.push_screen(screen)

    def action_status(self) -> None:
        """Go from all to the statuses that somebody has, one after the other."""
        self.choose_next()
