"""What became of every invitation: state, times, the server's own words; try and send again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.message import Message

from models.language import N_, Wording, _, say, say_n
from screens.commands import bindings
from screens.counted_list import CountedListScreen
from screens.sending import SendingScreen
from screens.widgets.chrome import LineDetail, TitleBar
from screens.widgets.counts import Counts, Kind
from screens.widgets.filter import FilteredTable
from screens.widgets.table import Cell, Column, Page, PagedTable, Row, Selection, Sort
from screens.widgets.text import Tone
from screens.workplace import Workplace
from services import invitation_status, outbox
from services.invitation_status import OPEN, SORTS, STATE_WORDS, InvitationQuery, InvitationRow

_SIGNS: dict[str, tuple[str, Tone]] = {
    "queued": (":", "accent"),
    "sent": ("»", ""),
    "uncertain": ("~", "warning"),
    "held": ("#", "error"),
    "refused": ("!", "error"),
    "bounced": ("«", "error"),
    "expired": ("°", "warning"),
    "used": ("+", "good"),
    "replaced": ("=", "quiet"),
    "cancelled": ("x", "quiet"),
}
STATE_KINDS = {
    state: Kind(sign, STATE_WORDS[state], tone) for state, (sign, tone) in _SIGNS.items()
}
_COLUMNS = (
    Column("state", N_("State"), 13, grow=1),
    Column("name", N_("Name"), 18, grow=3),
    Column("recipient", N_("Sent to"), 18, grow=4, priority=1, sortable=False),
    Column("queued_at", N_("Asked for"), 11, priority=3),
    Column("sent_at", N_("Sent on"), 11, priority=2),
)


class InvitationsScreen(CountedListScreen[InvitationRow], SendingScreen):
    """The invitations of a team. F8 sends again, F6 sends what waits, `t` tries at once."""

    DEFAULT_CSS = """
    InvitationsScreen > #invitation-detail { height: 3; padding: 0 3; }
    InvitationsScreen.-narrow > #invitation-detail { height: 4; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [
        *bindings("invitations.again", "invitations.send", "invitations.try-now"),
        *bindings("invitations.state"),
    ]

    @dataclass
    class _Chosen(Message):
        people: set[int]

    @dataclass
    class _Tried(Message):
        count: int

    def __init__(self, workplace: Workplace) -> None:
        super().__init__(workplace)
        assert workplace.here is not None
        self._zone = workplace.here.zone
        wish = workplace.wished("invitations")
        self._status = wish.status if wish.status in STATE_KINDS else None
        listed = FilteredTable(
            PagedTable(
                _COLUMNS,
                self._load,
                count=self._total,
                sort=Sort("queued_at", descending=True),
                empty=N_("Nobody has been invited yet. The team’s list sends invitations: g, a."),
                nothing_found=N_("Nothing matches. f shows other states, Esc all names."),
            ),
            N_("/ to search: a name or an address"),
            text=wish.text,
        )
        bar = TitleBar(N_("Invitations and mail"), *workplace.title)
        by_state = Counts(STATE_KINDS, lines=2)
        self.set_out(bar, by_state, listed, LineDetail(id="invitation-detail"))

    # Reading

    def _load(self, offset: int, limit: int, text: str, sort: Sort | None) -> Page:
        desk, query = self.workplace.desk, self._query(text, sort)
        found = desk.read(invitation_status.page, query, offset, limit, count=False)
        self.keep(offset, {row.invitation_id: row for row in found.rows})
        return Page([_as_row(row, self._zone) for row in found.rows])

    def _total(self, text: str) -> int:
        """Return how many match, and say how many there are in each state: in a thread."""
        counts = self.workplace.desk.read(invitation_status.counts, *self.team)
        self.post_message(self.Counted(counts))
        if text:
            return self.workplace.desk.read(invitation_status.total, self._query(text))
        return counts[self._status] if self._status else sum(counts.values())

    def _query(self, text: str, sort: Sort | None = None) -> InvitationQuery:
        sort = sort if sort and sort.column in SORTS else Sort("name")
        return InvitationQuery(*self.team, self._status, text, sort.column, sort.descending)

    def count(self) -> None:
        """The counts come with the total."""

    def told(self, entry: InvitationRow) -> Wording:
        return _detail(entry, self._zone)

    def action_state(self) -> None:
        """Go from all to the states that some invitation is in, one after the other."""
        self.choose_next()

    # Doing

    @on(PagedTable.Opened)
    def _open_person(self, event: PagedTable.Opened) -> None:
        from screens.person import PersonScreen

        row = self._rows.get(event.row.key)
        if row is not None:
            self.app.push_screen(PersonScreen(self.workplace, row.person_id))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("try_now", "send"):
            return any(self._counts.get(state) for state in OPEN)
        if action == "again":
            return any(self._counts.values())
        return True

    def action_send(self) -> None:
        self.send()

    def action_again(self) -> None:
        selection = self.table.selection
        if selection.keys or selection.all_matching:
            self.attempt(partial(self._choose, selection))
        else:
            self.invite(again=True)

    def _choose(self, selection: Selection) -> None:
        rows = self._selected(selection)
        self.post_message(self._Chosen({row.person_id for row in rows}))

    @on(_Chosen)
    def _invite_chosen(self, message: _Chosen) -> None:
        message.stop()
        self.invite(message.people, again=True)

    def action_try_now(self) -> None:
        self.attempt(partial(self._try_now, self.table.selected_or_current))

    def _try_now(self, selection: Selection) -> None:
        mails = [row.mail_id for row in self._selected(selection) if row.mail_id is not None]
        self.post_message(self._Tried(self.workplace.desk.write(outbox.try_now, mails)))

    def _selected(self, selection: Selection) -> list[InvitationRow]:
        query, desk = self._query(selection.filter), self.workplace.desk
        if selection.all_matching:
            found = desk.read(invitation_status.rows, query)
            return [row for row in found if row.invitation_id in selection]
        chosen = [key for key in selection.keys if isinstance(key, int)]
        return desk.read(invitation_status.rows_of, query.school_id, chosen)

    @on(_Tried)
    def _tell_tried(self, message: _Tried) -> None:
        message.stop()
        if message.count:
            self.table.clear_selection()
            self.send()
        else:
            told = _("None of these mails is waiting any more. F8 sends them again.")
            self.app.notify(told, markup=False)

    @on(SendingScreen.Sent)
    def _look_again(self) -> None:
        self.table.clear_selection()
        self.table.reload()


def _as_row(row: InvitationRow, zone: ZoneInfo) -> Row:
    kind = STATE_KINDS[row.state]
    state = Cell(kind.text, kind.tone)
    queued, sent = _short(row.queued_at, zone), _short(row.sent_at, zone)
    return Row(row.invitation_id, (state, row.name, row.recipient, queued, sent))


def _short(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%d/%m %H:%M") if moment else ""


def _detail(row: InvitationRow, zone: ZoneInfo) -> Wording:
    """Return what is known of one invitation, in up to three lines."""
    parts = [
        say(
            "%(name)s, invitation no. %(number)s, valid until %(until)s.",
            name=row.name,
            number=row.generation,
            until=row.valid_until.astimezone(zone),
        ),
        *_happened(row, zone),
        *_tries(row, zone),
    ]
    said = parts[0]
    for part in parts[1:]:
        said = say("%(first)s %(second)s", first=said, second=part)
    return said


def _happened(row: InvitationRow, zone: ZoneInfo) -> list[Wording]:
    """Return the fact that decides the state, with its time."""
    facts: dict[str, tuple[datetime | None, Wording]] = {
        "sent": (row.sent_at, _at(N_("Handed to the mail server on %(at)s."), row.sent_at, zone)),
        "uncertain": (
            row.uncertain_at,
            _at(N_("No answer from the mail server on %(at)s."), row.uncertain_at, zone),
        ),
        "held": (
            row.held_at,
            _at(N_("Held on %(at)s for a fault of our own mail."), row.held_at, zone),
        ),
        "refused": (row.refused_at, _at(N_("Refused for good on %(at)s."), row.refused_at, zone)),
        "bounced": (row.bounced_at, _at(N_("Came back on %(at)s."), row.bounced_at, zone)),
        "used": (row.used_at, _at(N_("Used on %(at)s."), row.used_at, zone)),
        "replaced": (
            row.replaced_at,
            _at(N_("Replaced by a newer one on %(at)s."), row.replaced_at, zone),
        ),
        "cancelled": (row.cancelled_at, _at(N_("Withdrawn on %(at)s."), row.cancelled_at, zone)),
    }
    moment, sentence = facts.get(row.state, (None, Wording("")))
    return [sentence] if moment is not None else []


def _at(sentence: str, moment: datetime | None, zone: ZoneInfo) -> Wording:
    return Wording(sentence, {"at": moment.astimezone(zone) if moment else ""})


def _tries(row: InvitationRow, zone: ZoneInfo) -> list[Wording]:
    """Return how often it was tried, when again, and the server's own words."""
    told: list[Wording] = []
    if row.attempts:
        told.append(say_n("%(count)s try.", "%(count)s tries.", row.attempts))
    if row.state in ("queued", "uncertain") and row.attempts and row.next_attempt_at is not None:
        told.append(say("Next try %(at)s.", at=row.next_attempt_at.astimezone(zone)))
    if row.reply:
        told.append(say("The server: “%(words)s”", words=row.reply))
    if row.reason is not None:
        told.append(row.reason)
    return told
