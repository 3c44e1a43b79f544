"""The list of returned forms: what was typed, whose each is, and how it is kept as a draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.addresses import AddressError, address_key, likely_typing_error, parse_address
from models.language import N_, _, format_day
from screens.widgets.table import Cell, Column, Row
from services import consents, drafts
from services.consent_recording import RecordLine
from services.consents import ConsentRow
from services.desk import Desk

COLUMNS = (
    Column("name", N_("Name"), 18, grow=2, sortable=False),
    Column("signed_on", N_("Signed on"), 10, sortable=False),
    Column("email", N_("Address on the form"), 18, grow=3, sortable=False),
    Column("remark", N_("Remark"), 14, grow=1, priority=1, sortable=False),
    Column("reference", N_("Reference"), 9, priority=2, sortable=False),
)


@dataclass(frozen=True, slots=True)
class Returned:
    """One form on the list: what was typed, and whose it is (None where nobody is known)."""

    line: RecordLine
    who: ConsentRow | None

    @property
    def remark(self) -> Cell:
        if self.who is None:
            return Cell(_("unknown"), "error")
        better = likely_typing_error(self.line.email) if self.line.email else None
        if better is not None:
            meant = {"domain": better.rpartition("@")[2]}
            return Cell(_("%(domain)s?") % meant, "warning")
        if self.line.email and not _same(self.line.email, self.who.email):
            return Cell(_("new address"), "warning")
        return Cell("")


def _same(one: str, other: str | None) -> bool:
    try:
        return other is not None and address_key(parse_address(one)) == address_key(other)
    except AddressError:
        return False


def as_row(place: int, each: Returned) -> Row:
    """Return the line of the table for the form at that place of the list."""
    line, name = each.line, each.who.name if each.who else "?"
    return Row(
        place, (name, format_day(line.signed_on), line.email or _("on file"), each.remark,
                line.reference),
    )  # fmt: skip


def packed(lines: Sequence[RecordLine]) -> list[list[str]]:
    """Return what is kept: references say whose form it is, so that no name is."""
    return [[line.reference, line.signed_on.isoformat(), line.email] for line in lines]


def restored(desk: Desk, draft: str, school_id: int) -> list[Returned]:
    """Return the list as it was last kept, empty where nothing readable was."""
    found = desk.read(drafts.load, draft)
    if not isinstance(found, list):
        return []
    lines = [line for kept in found if (line := _unpacked(kept)) is not None]
    return known(desk, lines, school_id)


def _unpacked(kept: Any) -> RecordLine | None:
    try:
        reference, day, email = kept
        return RecordLine(str(reference), date.fromisoformat(day), str(email))
    except (TypeError, ValueError):  # written by another version
        return None


def known(desk: Desk, lines: Sequence[RecordLine], school_id: int) -> list[Returned]:
    """Return the lines with the people they are about."""
    people = desk.read(consents.find_forms, [line.reference for line in lines], school_id)
    return [Returned(line, people.get(line.reference)) for line in lines]
