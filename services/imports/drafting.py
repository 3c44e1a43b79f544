"""What the parts of an import's planning share: the request, the draft, and what is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection

from models.database import ActorSession
from models.language import Wording
from services.imports.roster import Level, Progress, Roster
from services.plans import Item, PlanDraft

AddressRule = Literal["personal_first", "school_first"]

#: From this share of a school's people on, an import asks for the school's number.
MASS_SHARE = 0.25
#: One person alone is never a mass change, however small the school.
MASS_FROM = 2

#: Rows between two looks at whether somebody has cancelled.
_TICK = 1_000


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What somebody asks for with a file.

    `source` is the code under which the records' origin is remembered, `school_id` the
    school the import is for (None where the file names its schools), `year` the label of the
    school year for rows that name none (None for the current one), `today` the day in the
    school's zone. `fase_identifiers` says that the source's identifiers of organisations are
    FASE numbers (DOMAIN §4). `mapping` is the choice of columns to remember, `file` what the
    file is called in the plan's title.
    """

    source: str
    format: str
    today: date
    source_name: str = ""
    school_id: int | None = None
    year: str | None = None
    fase_identifiers: bool = False
    address_rule: AddressRule | None = None
    mass_share: float = MASS_SHARE
    mapping: Any = None
    file: str = ""


@dataclass(slots=True)
class SchoolPlace:
    """A school that rows are about. `ref` and `calendar` are ids, or references below 0."""

    ref: int
    calendar: int
    number: str
    name: str
    allowed: bool = True


@dataclass(slots=True)
class Drafting:
    """An import's plan while it is computed.

    `owned` holds the schools of a limited actor, None for one who sees all of them.
    """

    session: ActorSession
    roster: Roster
    request: ImportRequest
    draft: PlanDraft
    progress: Progress | None = None
    source_id: int = 0
    changed: dict[str, set[int]] = field(default_factory=dict)

    @property
    def connection(self) -> Connection:
        return self.session.connection()

    @property
    def owned(self) -> frozenset[int] | None:
        return self.session.actor.schools

    def tell(
        self,
        level: Level,
        action: str,
        label: str,
        text: Wording,
        changes: list[Any] | None = None,
        *,
        at: Any = None,
        person_id: int | None = None,
        school_id: int | None = None,
        column: str = "",
    ) -> None:
        """Add one line to the plan; `at` is the record that it comes from, if any."""
        self.draft.items.append(
            Item(
                level,
                action,
                label,
                text,
                changes or [],
                person_id if person_id and person_id > 0 else None,
                school_id if school_id and school_id > 0 else None,
                at.file if at is not None else "",
                at.line if at is not None else 0,
                column,
            )
        )

    def stop(self, text: Wording) -> None:
        """Tell what makes the whole import impossible."""
        self.draft.refused = True
        self.tell("error", "refused", "", text)

    def note_change(self, table: str, row_id: int) -> None:
        self.changed.setdefault(table, set()).add(row_id)

    def ticker(self, total: int) -> Callable[[int], None]:
        """Return what to call with the number of rows done; it raises `Cancelled` when asked."""
        report = self.progress
        if report is None:
            return lambda done: None

        def tick(done: int) -> None:
            if done % _TICK == 0:
                report(done, total)

        return tick

    def look(self) -> None:
        """Give a cancellation the chance to be heard between two phases."""
        if self.progress is not None:
            self.progress(0, self.roster.size or None)
