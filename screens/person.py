"""One person: everything known, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, format_day, say
from screens.commands import bindings
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
from screens.sending import SendingScreen
from screens.team_changes import ChangingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.text import signed
from screens.workplace import Workplace
from services import person
from services.access_rows import AccessRow
from services.findings import CONSENT_WORDS, STATUS_WORDS, Finding
from services.person import (
    DoubleFacts,
    InvitationFacts,
    PersonPage,
    PostFacts,
)


class PersonScreen(ChangingScreen):
    """The page of one person, seen from the school and year that one works in."""

    DEFAULT_CSS = "PersonScreen > #who { height: 1; text-style: bold; }"
    is_left_for_search = True
    BINDINGS = [
        *bindings("person.invite", "person.history", "person.why", "team.mission", "team.role"),
        *bindings("team.deactivate", "team.doubles", "app.refresh"),
    ]

    @dataclass
    class _Read(Message):
        page: PersonPage

    def __init__(self, workplace: Workplace, person_id: int) -> None:
        super().__init__(workplace)
        assert workplace.here is not None
        self._zone = workplace.here.zone
        self._person_id = person_id
        self._page: PersonPage | None = None
        self._who = Sentence("", id="who")
        self._reader = Reader()

    def compose(self) -> ComposeResult:
        yield TitleBar(N_("Person"), *self.workplace.title)
        yield self._who
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._reader.focus()
        self._look()

    def on_screen_resume(self) -> None:
        if self._page is not None:
            self._look()

    def language_changed(self) -> None:
        self._show()

    # Reading

    @on(ChangingScreen.Changed)
    @on(SendingScreen.Sent)
    def _look(self, _message: Message | None = None) -> None:
        self.attempt(self._read_page, "read", reads=True)

    def action_refresh(self) -> None:
        self._look()

    def _read_page(self) -> None:
        page = self.workplace.desk.read(person.person_page, self._person_id, *self.team)
        self.post_message(self._Read(page))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._page = message.page
        self._show()
        self.refresh_bindings()

    def _show(self) -> None:
        if self._page is None:
            return
        self._who.show(_who(self._page))
        self._reader.show(_Words(self._zone).page(self._page))

    # Doing

    @property
    def _access(self) -> AccessRow | None:
        return self._page.access if self._page else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("invite", "mission", "role", "deactivate"):
            return self._access is not None
        if action == "doubles":
            doubles = self._page.doubles if self._page else ()
            return any(double.decided_at is None for double in doubles)
        return True

    def action_history(self) -> None:
        from screens.story import StoryScreen

        self.app.push_screen(StoryScreen(self.workplace, self._person_id))

    def action_why(self) -> None:
        from screens.diagnosis import DiagnosisScreen

        screen = DiagnosisScreen.of_person(self.workplace, self._person_id, self.team)
        self.app.push_screen(screen)

    def action_invite(self) -> None:
        access = self._access
        if access is not None:
            again = access.details.queued_at is not None
            self.invite([self._person_id], again=again)

    def action_mission(self) -> None:
        self.choose_mission([self._person_id], self._access)

    def action_role(self) -> None:
        self.choose_role([self._person_id], self._access)

    def action_deactivate(self) -> None:
        self.ask_reason([self._person_id], self._access)

    def action_doubles(self) -> None:
        from screens.doubles import DoublesScreen

        self.app.push_screen(DoublesScreen(self.workplace, self._person_id))


def _who(page: PersonPage) -> Wording:
    if page.access is None:
        return say("%(name)s: no access in this team", name=page.name)
    words = STATUS_WORDS[page.access.status]
    return say("%(name)s: %(status)s", name=page.name, status=signed(words.sign, words.label))


class _Words:
    """Turns facts into paragraphs, with times in the school's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def page(self, page: PersonPage) -> list[Paragraph]:
        return [
            *self._findings(page.findings),
            *self._access(page.access),
            *section(_("Addresses on file"), self._addresses(page)),
            *section(_("Posts"), (self._post(post) for post in page.posts)),
            *section(_("Consents"), (told_consent(c, self._zone) for c in page.consents)),
            *section(_("Missions"), (told_mission(m, self._zone) for m in page.missions)),
            *section(_("Invitations"), (self._invitation(i) for i in page.invitations)),
            *section(_("Suspected doubles"), (self._double(d) for d in page.doubles)),
            *section(_("Other accesses"), self._others(page)),
            *section(_("Identity"), self._identity(page)),
        ]

    def _findings(self, findings: tuple[Finding, ...]) -> Iterator[Paragraph]:
        for finding in findings:
            yield Paragraph(signed("!", finding.sentence), "warning", hang=2)
            for evidence in finding.evidence:
                facts = "  ".join(filter(None, (told_at(evidence.at, self._zone), evidence.value)))
                told = say("%(label)s: %(facts)s", label=evidence.label, facts=facts)
                yield Paragraph(f"  {told}", apart=False)
            if finding.remedy is not None:
                yield Paragraph(f"  {signed('→', finding.remedy.label)}", "accent", apart=False)

    def _access(self, access: AccessRow | None) -> Iterator[Paragraph]:
        if access is None:
            return
        since = told_at(access.since, self._zone)
        status = STATUS_WORDS[access.status].label.text()
        yield Paragraph(_("Access"), "strong")
        lines = (
            _("Status: %(status)s, since %(since)s") % {"status": status, "since": since},
            _("Role: %(role)s (%(origin)s)")
            % {"role": role_name(access.role), "origin": _(_ORIGINS[access.role_origin])},
            _("E-mail: %(address)s (%(source)s)")
            % {"address": access.email or "–", "source": access.email_source or "–"},
            _("Consent: %(consent)s") % {"consent": CONSENT_WORDS[access.consent]},
            _("Until: %(day)s") % {"day": format_day(access.details.access_ends)},
        )
        yield from indented(lines)

    def _addresses(self, page: PersonPage) -> Iterator[str]:
        for address in page.addresses:
            kind = _("personal") if address.kind == "personal" else _("of the school")
            place = f", {address.school}" if address.school else ""
            yield f"{address.email} ({kind}{place} · {address.source or '–'})"

    def _post(self, post: PostFacts) -> str:
        parts = [f"{post.school}, {post.year} – {function_name(post.function)}"]
        if post.start_date or post.exit_date:
            parts.append(f"{told_day(post.start_date)} – {told_day(post.exit_date)}")
        parts.append(_("present") if post.present else _("not ticked present"))
        if post.disappeared_at:
            parts.append(
                _("disappeared on %(at)s") % {"at": told_at(post.disappeared_at, self._zone)}
            )
        return ", ".join([*parts, post.source or "–"])

    def _invitation(self, invitation: InvitationFacts) -> str:
        facts = (
            (N_("queued"), invitation.queued_at),
            (N_("sent"), invitation.sent_at),
            (N_("not confirmed by the server"), invitation.uncertain_at),
            (N_("refused"), invitation.refused_at),
            (N_("came back"), invitation.bounced_at),
            (N_("held"), invitation.held_at),
            (N_("used"), invitation.used_at),
            (N_("replaced"), invitation.replaced_at),
            (N_("cancelled"), invitation.cancelled_at),
            (N_("valid until"), invitation.valid_until),
        )
        told = ", ".join(f"{_(word)} {told_at(at, self._zone)}" for word, at in facts if at)
        number = _("no. %(number)d") % {"number": invitation.generation}
        line = f"{invitation.school}, {number}, {invitation.recipient} – {told}"
        if invitation.reply:
            line += ". " + _("The server’s own words: %(words)s") % {"words": invitation.reply}
        elif invitation.reason is not None:
            line += f". {invitation.reason.text()}"
        return line

    def _double(self, double: DoubleFacts) -> str:
        name = double.other or _("somebody in another school")
        if double.decided_at is None:
            return _("%(name)s: to decide, suspected since %(at)s") % {
                "name": name,
                "at": told_at(double.found_at, self._zone),
            }
        same = _("the same person") if double.decision == "same" else _("not the same person")
        return f"{name} – {same}, {told_at(double.decided_at, self._zone)}"

    def _others(self, page: PersonPage) -> Iterator[str]:
        schools = {post.post_id: post.school for post in page.posts}
        for access in page.accesses:
            if page.access is None or access.access_id != page.access.access_id:
                words = STATUS_WORDS[access.status]
                place = f"{schools.get(access.post_id, '')}, {access.details.year}"
                yield f"{place} – {signed(words.sign, words.label)}, {role_name(access.role)}"

    def _identity(self, page: PersonPage) -> Iterator[str]:
        if page.birth_date:
            yield _("Born on %(day)s") % {"day": format_day(page.birth_date)}
        if page.staff_number:
            yield _("Staff number: %(number)s") % {"number": page.staff_number}
        for source, key in page.keys:
            yield _("Known to %(source)s as %(key)s") % {"source": source, "key": key}


#: Where a role comes from, in words.
_ORIGINS = {
    "mission": N_("from a mission"),
    "by_hand": N_("set by hand"),
    "recorded": N_("from the records"),
    "function": N_("from the function"),
    "none": N_("from nowhere"),
}
