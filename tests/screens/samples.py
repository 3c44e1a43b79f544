"""Invented people and plans for the tests of screens and widgets.

Their sentences are French as they stand, for they are no part of the catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

from models.language import Wording, say
from screens.plan import PlanCalls
from screens.widgets.table import Cell, Column, Page, Row, Sort
from services.plans import Applied, Difference, PlanRow, PlanSummary

NAMES = (
    "Élise Vandenbroeck", "Jean-Marc Dupont", "Fatima El Amrani", "Noémie D’Hondt",
    "Łukasz Nowak", "Marie-Christine de Brouckère", "Ann Desmet", "Bérénice Lejeune",
    "Aïcha Benali", "Étienne Lefèvre", "Zoë Peeters",
)  # fmt: skip
FUNCTIONS = ("enseignant", "éducateur", "économe", "directeur adjoint")
STATUSES = (
    Cell("activée", "good"),
    Cell("recevra un e-mail", "accent"),
    Cell("sans autorisation", "warning"),
    Cell("refusée", "error"),
    Cell("envoyée le 01/09"),
)
COLUMNS = (
    Column("name", "Nom", 22, grow=2),
    Column("function", "Fonction", 17, priority=1),
    Column("email", "Adresse e-mail", 22, grow=3, priority=2),
    Column("status", "Statut", 18),
)

#: Each shows, does or breaks something where it isn't made safe.
HOSTILE = (
    "\x1b]52;c;aGVsbG8=\x07clip",
    "\x1b]0;title\x07",
    "\x1b[6n\x1b[31mred",
    "\x9b31mC1",
    "Bob [/b]",
    "[@click=app.leave]Ann[/]",
    "[bold]urgent[/bold]",
    "\u202eabc\u2066d\u2069",
    "zero\u200bwidth\ufeff",
    "two\nlines\tand\rmore",
    "x" * 10_000,
    "\ud800 half",
    "NUL\x00bell\x07",
    "漢字名前漢字名前漢字名前漢字名前",
    "e\u0301e\u0301",
)


def person(number: int) -> Row:
    name = NAMES[number % len(NAMES)]
    address = f"{'p' + str(number)}@ecole.example"
    status = STATUSES[number * 7 % len(STATUSES)]
    return Row(number, (name, FUNCTIONS[number * 3 % 4], address, status))


@dataclass
class People:
    """A list of people that answers like a service, and remembers what it was asked."""

    size: int = 500
    knows_total: bool = True
    asked: list[tuple[int, int, str, Sort | None]] = field(default_factory=list)
    broken: bool = False
    #: While set for a filter, the answer to it is held back until the event is.
    held_back: dict[str, Event] = field(default_factory=dict)

    def load(self, offset: int, limit: int, wanted: str, sort: Sort | None) -> Page:
        self.asked.append((offset, limit, wanted, sort))
        if self.broken:
            raise RuntimeError("no disk")
        if wanted in self.held_back:
            assert self.held_back[wanted].wait(10)
        numbers = self._matching(wanted)
        if sort and sort.descending:
            numbers = list(reversed(numbers))
        rows = [person(number) for number in numbers[offset : offset + limit]]
        return Page(rows, len(numbers) if self.knows_total else None)

    def count(self, wanted: str) -> int:
        return len(self._matching(wanted))

    def locate(self, key: object, wanted: str, sort: Sort | None) -> int | None:
        numbers = self._matching(wanted)
        if sort and sort.descending:
            numbers = list(reversed(numbers))
        return numbers.index(key) if key in numbers else None

    def _matching(self, wanted: str) -> list[int]:
        every = range(self.size)
        return [n for n in every if wanted.casefold() in NAMES[n % len(NAMES)].casefold()]


AT = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)


def plan_row(position: int) -> PlanRow:
    name = NAMES[position % len(NAMES)]
    kind = position % 5
    level, text, changes = _KINDS[kind]
    return PlanRow(
        position, level, "change", name, text, "personnel.csv", position + 2,
        "Fonction" if kind == 2 else "", position, False, changes,
    )  # fmt: skip


_KINDS: tuple[tuple[str, Wording, tuple[Difference, ...]], ...] = (
    ("information", say("Fonction modifiée"),
     (Difference("post", "function", "enseignant", "éducateur"),)),
    ("warning", say("Nouvel accès, rôle %(role)s", role="enseignant"),
     (Difference("post", "function", "", "enseignant"),
      Difference("post", "start_date", "", "2026-08-24"),
      Difference("person", "personal_email", "", "prenom.nom@example.org"),
      Difference("person", "birth_date", "", "1984-02-29"),
      Difference("person", "language", "", "fr"))),
    ("error", say("« %(value)s » n’est pas une fonction connue : ligne refusée",
                  value="prof. de gym"), ()),
    ("information", say("Date de sortie complétée"),
     (Difference("post", "exit_date", "", "2026-06-30"),)),
    ("warning", say("Absent du fichier : montré comme disparu"), ()),
)  # fmt: skip


class SamplePlan:
    """A plan in memory behind the callables of the plan screen."""

    def __init__(self, size: int = 40, confirm_number: str = "", state: str = "open") -> None:
        self.items = [plan_row(position) for position in range(size)]
        self.state, self.confirm_number = state, confirm_number
        self.applied_with: list[str] = []
        self.error: Exception | None = None

    @property
    def calls(self) -> PlanCalls:
        return PlanCalls(self.show, self.rows, self.leave_out, self.apply, self.undo)

    def show(self) -> PlanSummary:
        levels = dict.fromkeys(("information", "warning", "error"), 0)
        for item in self.items:
            levels[item.level] += 1
        return PlanSummary(
            id=12, kind="import", title=say("Import de %(file)s", file="personnel.csv"),
            school_id=1, actor="a.lambert", state=self.state, created_at=AT, applied_at=None,
            undone_at=None, levels=levels, actions={}, summary={},
            left_out=sum(item.left_out for item in self.items),
            confirm_number=self.confirm_number,
        )  # fmt: skip

    def rows(self, offset: int, limit: int, level: str | None) -> list[PlanRow]:
        found = [item for item in self.items if level in (None, item.level)]
        return found[offset : offset + limit]

    def leave_out(self, position: int, left_out: bool) -> None:
        self.items[position] = self.items[position]._replace(left_out=left_out)

    def apply(self, number: str) -> Applied:
        if self.error:
            raise self.error
        self.applied_with.append(number)
        self.state = "applied"
        return Applied(12, {"post": 8}, {"post": 16}, {}, 0)

    def undo(self) -> Applied:
        self.state = "undone"
        return Applied(12, {}, {"post": 16}, {"post": 8}, 0)


class SampleDoor:
    """A door that knows nobody, refuses nothing and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        #: What the next look at a token returns, or raises.
        self.admission: Any = None
        self.contacts: Sequence[Any] = ()

    def prepare(self) -> Wording | None:
        return None

    def sign_in(self, email: str, password: str) -> Any:
        return email

    def look_at_token(self, token: str) -> Any:
        self.asked.append(token)
        if isinstance(self.admission, Exception):
            raise self.admission
        return self.admission

    def set_password(self, token: str, password: str, address: str | None) -> Any:
        self.asked.append((token, password, address))
        return "somebody"

    def confirm_address(self, token: str) -> Any:
        self.asked.append(("confirm", token))

    def forgot_password(self, address: str) -> None:
        self.asked.append(address)

    def whom_to_ask(self, text: str) -> Sequence[Any]:
        self.asked.append(text)
        return self.contacts
