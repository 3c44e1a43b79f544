"""What the school holds about oneself: the dashboard of staff and heads of school."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, format_day, say, say_n
from screens.commands import bindings
from screens.team_access import function_name, mission_name, role_name
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.reader import Paragraph, Reader
from screens.workplace import Workplace
from services.findings import CONSENT_WORDS, STATUS_WORDS
from services.own_access import Contact, OwnAccess, OwnPage, own_page
from services.person import ConsentFacts, MissionFacts, PostFacts


class OwnAccessScreen(DeedScreen[None]):
    """One's own accesses first, then everything they rest on, and whom to ask."""

    DEFAULT_CSS = "OwnAccessScreen > #who { height: 1; text-style: bold; }"
    BINDINGS = [*bindings("app.refresh")]

    @dataclass
    class _Read(Message):
        page: OwnPage

    def __init__(self, workplace: Workplace) -> None:
        super().__init__()
        self._workplace = workplace
        self._page: OwnPage | None = None
        self._who = Sentence("", id="who")
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("My accesses"), *self._workplace.title)
        yield self._who
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._reader.focus()

    def on_screen_resume(self) -> None:
        self._look()

    def action_refresh(self) -> None:
        self._look()

    def language_changed(self) -> None:
        self._show()

    def _look(self) -> None:
        self.attempt(self._read_page, exclusive=True)

    def _read_page(self) -> None:
        self.post_message(self._Read(self._workplace.desk.read(own_page)))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page = message.page
        self._show()

    def failed(self, error: Exception) -> None:
        self._who.show(getattr(error, "wording", ""))
        super().failed(error)

    def _show(self) -> None:
        if self._page is not None:
            self._who.show(_headline(self._page))
            self._reader.show(list(_Words(self._page.zone).page(self._page)))


def _headline(page: OwnPage) -> Wording:
    active = sum(access.row.status == "active" for access in page.accesses)
    told = say_n("%(count)s access activated", "%(count)s accesses activated", active)
    return say("%(name)s: %(accesses)s", name=page.name, accesses=told)


class _Words:
    """Turns facts into paragraphs, with times in the school's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def page(self, page: OwnPage) -> Iterator[Paragraph]:
        for access in page.accesses:
            yield from self._access(access)
        yield from _section(_("Whom to ask"), map(_contact, page.contacts))
        yield from _section(_("My posts"), map(self._post, page.posts))
        yield from _section(_("My missions"), map(self._mission, page.missions))
        yield from _section(
            _("My addresses on file"),
            (f"{found.email} ({found.source or '–'})" for found in page.addresses),
        )
        yield from _section(_("My consents"), map(self._consent, page.consents))
        yield from _section(_("My identity"), _identity(page))

    def _access(self, access: OwnAccess) -> Iterator[Paragraph]:
        row = access.row
        words = STATUS_WORDS[row.status]
        told = _("%(service)s, %(school)s (%(year)s)") % {
            "service": access.service,
            "school": access.school,
            "year": row.details.year,
        }
        yield Paragraph(told, "strong")
        lines = [f"{words.sign} {words.label}{self._since(row.since)}"]
        if row.role:
            lines.append(_("Role: %(role)s") % {"role": role_name(row.role)})
        lines.append(_("Until: %(day)s") % {"day": format_day(row.details.access_ends)})
        if row.email:
            lines.append(
                _("E-mail: %(address)s (%(source)s)")
                % {"address": row.email, "source": row.email_source or "–"}
            )
            lines.append(_("Consent: %(consent)s") % {"consent": CONSENT_WORDS[row.consent]})
        yield from _lines(lines)
        if access.missing is not None:
            yield Paragraph(f"  → {access.missing}", "warning", apart=False)

    def _since(self, at: datetime | None) -> str:
        return ", " + _("since %(at)s") % {"at": self._when(at)} if at else ""

    def _when(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{format_day(local.date())} {local:%H:%M}"

    def _post(self, post: PostFacts) -> str:
        parts = [f"{post.school}, {post.year} – {function_name(post.function)}"]
        if post.start_date or post.exit_date:
            parts.append(f"{_day(post.start_date)} – {_day(post.exit_date)}")
        if not post.present:
            parts.append(_("not ticked present"))
        return ", ".join([*parts, post.source or "–"])

    def _mission(self, mission: MissionFacts) -> str:
        told = _("%(school)s, %(year)s: %(mission)s, from %(at)s") % {
            "school": mission.school,
            "year": mission.year,
            "mission": mission_name(mission.code),
            "at": self._when(mission.given_at),
        }
        if mission.removed_at:
            told += " " + _("until %(at)s") % {"at": self._when(mission.removed_at)}
        return told

    def _consent(self, consent: ConsentFacts) -> str:
        told = _("%(school)s: %(address)s, signed on %(day)s, recorded on %(at)s") % {
            "school": consent.school,
            "address": consent.email,
            "day": format_day(consent.signed_on),
            "at": self._when(consent.recorded_at),
        }
        if consent.withdrawn_at:
            told += ", " + _("withdrawn on %(at)s") % {"at": self._when(consent.withdrawn_at)}
        return told


def _contact(contact: Contact) -> str:
    parts = [part for part in (contact.name, contact.email, contact.phone) if part]
    told = "  ·  ".join(parts) or _("No contact is known: ask at the school’s office.")
    return f"{contact.school} – {told}"


def _identity(page: OwnPage) -> Iterator[str]:
    if page.birth_date:
        yield _("Born on %(day)s") % {"day": format_day(page.birth_date)}
    if page.staff_number:
        yield _("Staff number: %(number)s") % {"number": page.staff_number}


def _section(title: str, lines: Iterable[str]) -> Iterator[Paragraph]:
    """Yield a heading and its lines; nothing where there is no line."""
    found = list(lines)
    if found:
        yield Paragraph(title, "strong")
        yield from _lines(found)


def _lines(lines: Iterable[str]) -> Iterator[Paragraph]:
    for line in lines:
        yield Paragraph(f"  {line}", apart=False)


def _day(day: date | None) -> str:
    return format_day(day) if day else "…"
