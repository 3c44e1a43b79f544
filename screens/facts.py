"""How the pages that are read tell facts: moments, days, missions, consents, sections of lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from models.functions import FUNCTIONS, function_label
from models.language import _, format_day
from models.roles import MISSIONS, ROLES, role_label
from screens.widgets.reader import Paragraph

if TYPE_CHECKING:
    from services.person import ConsentFacts, MissionFacts


def told_at(at: datetime | None, zone: ZoneInfo) -> str:
    """Return day and time of an instant by the clocks of a time zone, nothing for None."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"{format_day(local.date())} {local:%H:%M}"


def told_moment(at: datetime | None, zone: ZoneInfo) -> str:
    """Return the same; in the hour that comes twice it says which: `+2` or `+1` from UTC."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    other = local.replace(fold=1 - local.fold).utcoffset()
    offset = local.utcoffset()
    if offset is None or offset == other:
        return told_at(at, zone)
    return f"{told_at(at, zone)}{offset.total_seconds() / 3600:+g}"


def told_day(day: date | None) -> str:
    return format_day(day) if day else "…"


def section(title: str, lines: Iterable[str]) -> Iterator[Paragraph]:
    """Yield a heading and its lines; nothing where there is no line."""
    found = list(lines)
    if found:
        yield Paragraph(title, "strong")
        yield from indented(found)


def indented(lines: Iterable[str]) -> Iterator[Paragraph]:
    for line in lines:
        yield Paragraph(f"  {line}", apart=False)


def told_mission(mission: MissionFacts, zone: ZoneInfo) -> str:
    told = _("%(school)s, %(year)s: %(mission)s, from %(at)s") % {
        "school": mission.school,
        "year": mission.year,
        "mission": mission_name(mission.code),
        "at": told_at(mission.given_at, zone),
    }
    if mission.removed_at:
        told += " " + _("until %(at)s") % {"at": told_at(mission.removed_at, zone)}
    return told


def told_consent(consent: ConsentFacts, zone: ZoneInfo) -> str:
    told = _("%(school)s: %(address)s, signed on %(day)s, recorded on %(at)s") % {
        "school": consent.school,
        "address": consent.email,
        "day": format_day(consent.signed_on),
        "at": told_at(consent.recorded_at, zone),
    }
    if consent.withdrawn_at:
        told += ", " + _("withdrawn on %(at)s") % {"at": told_at(consent.withdrawn_at, zone)}
    return told


def role_name(code: str | None) -> str:
    """Return a role in words; one that a source made up is shown as it is."""
    if code is None:
        return "–"
    return role_label(code).text() if code in ROLES else code


def function_name(code: str) -> str:
    """Return a function in words, in the same way."""
    return function_label(code).text() if code in FUNCTIONS else code or "–"


def mission_name(code: str) -> str:
    return MISSIONS[code].label.text() if code in MISSIONS else code
