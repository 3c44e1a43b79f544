"""What the page of a HeadNet account says, and which of its keys it offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from models.language import Wording, _, format_day, say, say_n
from models.text import clean
from screens.commands import command
from screens.facts import section, told_at
from screens.headnet import STATE_KINDS
from screens.key_names import key_name
from screens.widgets.reader import Paragraph
from screens.widgets.text import Tone, signed
from services.findings import Finding
from services.headnet_school import MAIL_STATE_WORDS, Address, Head, HeadnetPage, MailTold, Password


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page shows."""

    page: HeadnetPage
    findings: tuple[Finding, ...]


#: When an action is offered; the others always are.
OFFERED: dict[str, Callable[[HeadnetPage], bool]] = {
    "go_on": lambda page: True,
    "address": lambda page: page.head is not None,
    "new_head": lambda page: page.head is not None,
    "end": lambda page: page.head is not None,
    "take_back": lambda page: page.pending is not None,
    "try_now": lambda page: _can_try(page),
}


def _can_try(page: HeadnetPage) -> bool:
    """Whether the latest password's mail waits for a later try, which could be made now."""
    mail = page.latest.mail if page.latest is not None else None
    return mail is not None and mail.can_try_now


def told_state(page: HeadnetPage) -> str:
    """Return how the account stands, with its sign."""
    if page.address is None:
        return STATE_KINDS["no_address"].text
    latest = page.latest
    return STATE_KINDS["no_password" if latest is None else latest.state].text


def what_comes(page: HeadnetPage) -> Wording:
    """Return what is to be done now, or from when the password works."""
    latest, zone = page.latest, ZoneInfo(page.zone)
    if page.head is None:
        return say("Next step (F8): record the head of school.")
    if page.address is None:
        return say("Next step (F8): record the head’s address.")
    if latest is None:
        return say("Next step (F8): have the first password mailed to the head.")
    at = told_at(latest.takes_effect_at, zone)
    if latest.state == "never_delivered":
        return say("Next step (F8): check the address and send a new password.")
    if latest.state == "overdue":
        return say("It should work since %(at)s; it does once the update is done.", at=at)
    if latest.state == "waiting":
        return say("The password works from %(at)s on, after the nightly update.", at=at)
    return say("The password works since %(at)s.", at=told_at(latest.in_force_at, zone))


#: How a finding is meant: as wrong, but for what only takes its time.
_WRONG: tuple[str, Tone] = ("!", "warning")
_SIGNS: dict[str, tuple[str, Tone]] = {
    "headnet_waits": ("o", "accent"),
    "headnet_mail_waits": ("~", "accent"),
}


class AccountWords:
    """Turns the facts of an account into paragraphs, with times by the school's clocks."""

    def __init__(self, facts: Facts) -> None:
        self._page, self._findings = facts.page, facts.findings
        self._zone = ZoneInfo(facts.page.zone)

    def all(self) -> Iterator[Paragraph]:
        page = self._page
        yield from self._wrong()
        yield from section(_("What the head does"), self._advice())
        yield from section(_("Head of school"), self._head())
        yield from section(_("Recorded address"), self._addresses())
        yield from self._passwords()
        yield from section(_("Former heads"), map(self._former, page.former))

    def _at(self, at: datetime | None) -> str:
        return told_at(at, self._zone)

    def _wrong(self) -> Iterator[Paragraph]:
        latest = self._page.latest
        lost = latest is not None and latest.state == "never_delivered"
        for finding in self._findings:
            if lost and finding.cause == "headnet_waits":
                continue  # nobody is to wait for what never arrived
            sign, tone = _SIGNS.get(finding.cause, _WRONG)
            yield Paragraph(signed(sign, finding.sentence), tone, hang=2)
            for evidence in finding.evidence:
                facts = "  ".join(filter(None, (self._at(evidence.at), clean(evidence.value))))
                told = say("%(label)s: %(facts)s", label=evidence.label, facts=facts)
                yield Paragraph(f"  {told}", apart=False)
            if finding.remedy is not None:
                remedy = _told_remedy(finding.remedy.code, finding.remedy.label, self._page)
                yield Paragraph(f"  {signed('→', remedy)}", "accent", apart=False)

    def _advice(self) -> Iterator[str]:
        """Yield what the head is to be told, where a password is on its way or works."""
        page, latest = self._page, self._page.latest
        if page.address is None or latest is None or latest.state == "never_delivered":
            return
        if page.asked > 1:
            yield _("Opens the mail of %(at)s: only the latest one counts.") % {
                "at": self._at(latest.asked_at)
            }
        else:
            yield _("Opens the mail of %(at)s.") % {"at": self._at(latest.asked_at)}
        values = {"at": self._at(latest.takes_effect_at), "email": clean(page.address.email)}
        if latest.state == "waiting":
            yield _("Signs in from %(at)s on, with %(email)s and the password in it.") % values
        else:
            yield _("Signs in with %(email)s and the password in it.") % values
        if page.pending is not None:
            yield _("From %(at)s on, signs in with %(email)s and the same password.") % {
                "at": self._at(page.pending.takes_effect_at),
                "email": clean(page.pending.email),
            }

    def _head(self) -> Iterator[str]:
        head = self._page.head
        if head is None:
            yield _("None is recorded yet.")
            return
        since = format_day(head.since.astimezone(self._zone).date())
        yield _("%(name)s, since %(day)s") % {"name": clean(head.name), "day": since}
        if head.last_sign_in_at is None:
            yield _("Has not signed in yet")
        else:
            yield _("Last sign-in: %(at)s") % {"at": self._at(head.last_sign_in_at)}

    def _addresses(self) -> Iterator[str]:
        shown = (self._page.pending, self._page.address)
        for address in filter(None, shown):
            yield self._address(address)
        for address in self._page.addresses:
            if address.state == "former":
                yield self._address(address)

    def _address(self, address: Address) -> str:
        values = {
            "email": clean(address.email),
            "from": self._at(address.in_force_at or address.takes_effect_at),
            "until": self._at(address.ended_at),
            "recorded": self._at(address.recorded_at),
            "who": clean(address.recorded_by),
        }
        if address.state == "in_force":
            return signed("+", _("%(email)s, counts since %(from)s") % values)
        if address.state == "former":
            return signed("-", _("%(email)s, from %(from)s to %(until)s") % values)
        if address.state == "overdue":
            told = _("%(email)s, should count since %(from)s (recorded %(recorded)s, %(who)s)")
            return signed("!", told % values)
        told = _("%(email)s, counts from %(from)s on (recorded %(recorded)s, %(who)s)")
        return signed("o", told % values)

    def _passwords(self) -> Iterator[Paragraph]:
        page = self._page
        if not page.passwords:
            return
        yield Paragraph(_("Passwords asked for, the latest first"), "strong")
        for password in page.passwords:
            yield Paragraph(f"  {self._password(password)}", apart=False)
            if password.mail is not None:
                yield Paragraph(f"    {self._mail(password.mail, password)}", apart=False)
        if more := page.asked - len(page.passwords):
            told = say_n("and %(count)s before", "and %(count)s before", more)
            yield Paragraph(f"  {told}", "quiet", apart=False)

    def _password(self, password: Password) -> str:
        kind = STATE_KINDS[password.state]
        told = {
            "waiting": _("waits for the update of %(from)s"),
            "overdue": _("the update of %(from)s has not been done"),
            "valid": _("valid since %(since)s"),
            "replaced": _("replaced on %(replaced)s"),
            "never_delivered": _("never delivered"),
        }.get(password.state, kind.word.text()) % {
            "from": self._at(password.takes_effect_at),
            "since": self._at(password.in_force_at),
            "replaced": self._at(password.replaced_at),
        }
        line = _("no. %(number)s: %(told)s; asked for on %(asked)s (%(who)s)") % {
            "number": password.generation,
            "told": told,
            "asked": self._at(password.asked_at),
            "who": clean(password.asked_by),
        }
        return signed(kind.sign, line)

    def _mail(self, mail: MailTold, password: Password) -> str:
        _sign, word = MAIL_STATE_WORDS[mail.state]
        told = _("Mail to %(email)s: %(state)s, %(at)s") % {
            "email": clean(password.email),
            "state": word,
            "at": self._at(mail.since),
        }
        if mail.next_try_at is not None and mail.attempts:
            told += ". " + _("Next try %(at)s") % {"at": self._at(mail.next_try_at)}
        if mail.reply and mail.state != "sent":
            told += ". " + _("The server’s own words: %(words)s") % {"words": clean(mail.reply)}
        elif mail.reason is not None:
            told += f". {mail.reason}"
        return told

    def _former(self, head: Head) -> str:
        told = _("%(name)s, %(from)s – %(until)s") % {
            "name": clean(head.name),
            "from": format_day(head.since.astimezone(self._zone).date()),
            "until": self._at(head.ended_at),
        }
        if head.last_sign_in_at is not None:
            told += "; " + _("last sign-in %(at)s") % {"at": self._at(head.last_sign_in_at)}
        return told


#: The command by which each remedy is taken.
_REMEDY_COMMANDS = {
    "headnet_continue": "headnet-account.go-on",
    "head_address": "headnet-account.address",
    "headnet_try_now": "headnet-account.try-now",
    "record_head": "headnet-account.go-on",
}


def _told_remedy(code: str, label: Wording, page: HeadnetPage) -> str:
    """Return a remedy, after the key that takes it where there is one."""
    name = _REMEDY_COMMANDS.get(code)
    if name is None or not OFFERED[command(name).method](page):
        return label.text()
    return _("%(title)s: %(text)s") % {
        "title": key_name(command(name).keys.split(",")[0]),
        "text": label,
    }
