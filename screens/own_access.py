"""What the school holds about oneself: the dashboard of staff and heads of school."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from models.language import N_, Wording, _, format_day, say, say_n
from screens.facts import (
    function_name,
    indented,
    role_name,
    section,
    told_at,
    told_consent,
    told_day,
    told_mission,
)
from screens.reading import ReadingScreen
from screens.widgets.reader import Paragraph
from screens.widgets.text import signed
from services.findings import CONSENT_WORDS, STATUS_WORDS
from services.own_access import Contact, OwnAccess, OwnPage, own_page
from services.person import PostFacts


class OwnAccessScreen(ReadingScreen[OwnPage]):
    """One's own accesses first, then everything they rest on, and whom to ask."""

    place = N_("My accesses")

    def read(self) -> OwnPage:
        return self.workplace.desk.read(own_page)

    def headline(self, page: OwnPage) -> Wording:
        active = sum(access.row.status == "active" for access in page.accesses)
        told = say_n("%(count)s access activated", "%(count)s accesses activated", active)
        return say("%(name)s: %(accesses)s", name=page.name, accesses=told)

    def paragraphs(self, page: OwnPage) -> Iterator[Paragraph]:
        return _Words(page.zone).page(page)


class _Words:
    """Turns facts into paragraphs, with times in the school's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def page(self, page: OwnPage) -> Iterator[Paragraph]:
        for access in page.accesses:
            yield from self._access(access)
        yield from section(_("Whom to ask"), map(_contact, page.contacts))
        yield from section(_("My posts"), map(_post, page.posts))
        yield from section(_("My missions"), (told_mission(m, self._zone) for m in page.missions))
        yield from section(
            _("My addresses on file"),
            (f"{found.email} ({found.source or '–'})" for found in page.addresses),
        )
        yield from section(_("My consents"), (told_consent(c, self._zone) for c in page.consents))
        yield from section(_("My identity"), _identity(page))

    def _access(self, access: OwnAccess) -> Iterator[Paragraph]:
        row = access.row
        words = STATUS_WORDS[row.status]
        told = _("%(service)s, %(school)s (%(year)s)") % {
            "service": access.service,
            "school": access.school,
            "year": row.details.year,
        }
        yield Paragraph(told, "strong")
        lines = [signed(words.sign, words.label) + self._since(row.since)]
        if row.role:
            lines.append(_("Role: %(role)s") % {"role": role_name(row.role)})
        lines.append(_("Until: %(day)s") % {"day": format_day(row.details.access_ends)})
        if row.email:
            lines.append(
                _("E-mail: %(address)s (%(source)s)")
                % {"address": row.email, "source": row.email_source or "–"}
            )
            lines.append(_("Consent: %(consent)s") % {"consent": CONSENT_WORDS[row.consent]})
        yield from indented(lines)
        if access.missing is not None:
            yield Paragraph(f"  {signed('→', access.missing)}", "warning", apart=False)

    def _since(self, at: datetime | None) -> str:
        return ", " + _("since %(at)s") % {"at": told_at(at, self._zone)} if at else ""


def _post(post: PostFacts) -> str:
    parts = [f"{post.school}, {post.year} – {function_name(post.function)}"]
    if post.start_date or post.exit_date:
        parts.append(f"{told_day(post.start_date)} – {told_day(post.exit_date)}")
    if not post.present:
        parts.append(_("not ticked present"))
    return ", ".join([*parts, post.source or "–"])


def _contact(contact: Contact) -> str:
    parts = [part for part in (contact.name, contact.email, contact.phone) if part]
    told = "  ·  ".join(parts) or _("No contact is known: ask at the school’s office.")
    return f"{contact.school} – {told}"


def _identity(page: OwnPage) -> Iterator[str]:
    if page.birth_date:
        yield _("Born on %(day)s") % {"day": format_day(page.birth_date)}
    if page.staff_number:
        yield _("Staff number: %(number)s") % {"number": page.staff_number}
