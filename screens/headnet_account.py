"""The HeadNet account of one school: its head, the address, the passwords, and *Continue*."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, format_day, say, say_n
from models.text import clean
from screens.commands import bindings, command
from screens.confirm import ConfirmScreen
from screens.facts import section, told_at
from screens.headnet import STATE_KINDS
from screens.headnet_continue import AddressCheckScreen, ContinueScreen, Said
from screens.key_names import key_name
from screens.reading import ReadingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph
from screens.widgets.text import Tone, signed
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import head_addresses, headnet_checks, headnet_passwords, headnet_school, heads
from services.findings import Finding
from services.headnet_passwords import Asked, Continuation, FormerPassword
from services.headnet_school import MAIL_STATE_WORDS, Address, Head, HeadnetPage, MailTold, Password
from services.heads import Ending


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page shows."""

    page: HeadnetPage
    findings: tuple[Finding, ...]


class HeadnetAccountScreen(ReadingScreen[Facts]):
    """The page of one school's account, with what can be done about it. F8 is *Continue*."""

    DEFAULT_CSS = """
    HeadnetAccountScreen > #next { height: auto; margin-bottom: 1; color: ansi_cyan; }
    """
    BINDINGS = [
        *bindings("headnet-account.go-on", "headnet-account.address"),
        *bindings("headnet-account.take-back", "headnet-account.try-now"),
        *bindings("headnet-account.new-head", "headnet-account.end"),
    ]
    place = N_("HeadNet account")

    @dataclass
    class _Prepared(Message):
        plan: Continuation

    @dataclass
    class _Asked(Message):
        asked: Asked
        zone: ZoneInfo

    @dataclass
    class _Ends(Message):
        ending: Ending

    @dataclass
    class _Done(Message):
        told: Wording
        mailed: bool = True

    def __init__(self, workplace: Workplace, school_id: int) -> None:
        super().__init__(workplace)
        self._school = school_id
        self._bar = TitleBar(self.place, "", "", workplace.who)
        self._next = Sentence("", id="next")

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._headline
        yield self._next
        yield self._reader
        yield KeyBar()

    # Reading

    def read(self) -> Facts:
        desk, school = self.workplace.desk, self._school
        return Facts(
            desk.read(headnet_school.school_page, school),
            tuple(desk.read(headnet_checks.explain, school)),
        )

    def headline(self, page: Facts) -> Wording:
        head = page.page.head
        if head is None:
            return say("No head is recorded")
        return say("%(name)s: %(status)s", name=head.name, status=_state(page.page))

    def paragraphs(self, page: Facts) -> Iterator[Paragraph]:
        return _Words(page).all()

    def _show(self) -> None:
        super()._show()
        if self._page is not None:
            self._bar.show(school=self._page.page.school)
            self._next.show(_what_comes(self._page.page))
            self.refresh_bindings()

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = _OFFERED.get(action)
        if known is None:
            return True
        return self._page is not None and known(self._page.page)

    def _do(self, deed: Callable[[], object], told: Wording, *, mailed: bool = True) -> None:
        def do() -> None:
            deed()
            self.post_message(self._Done(told, mailed))

        self.attempt(do)

    @on(_Done)
    def _tell_done(self, message: _Done) -> None:
        message.stop()
        tell(self, message.told, mailed=message.mailed)
        self._look()

    def failed(self, error: Exception) -> None:
        """Tell what went wrong, and show the page as it is: it may have changed meanwhile."""
        super().failed(error)
        if self._page is not None:
            self._look()

    # Continue

    def action_go_on(self) -> None:
        assert self._page is not None
        if self._page.page.head is None:
            self.action_new_head()
        elif self._page.page.address is None:
            self.action_address()
        else:
            self.attempt(self._prepare)

    def _prepare(self) -> None:
        nights = self.workplace.nights()
        plan = self.workplace.desk.read(headnet_passwords.prepare, self._school, nights)
        self.post_message(self._Prepared(plan))

    @on(_Prepared)
    def _check_address(self, message: _Prepared) -> None:
        message.stop()
        plan = message.plan
        dialog = AddressCheckScreen(
            plan.head,
            plan.email,
            say("Recorded; counts since %(at)s.", at=_at(plan.email_since, plan)),
            tuple(_about_address(plan)),
            waiting=plan.pending_email is not None,
        )
        self.app.push_screen(dialog, partial(self._address_checked, plan))

    def _address_checked(self, plan: Continuation, said: Said | None) -> None:
        if said == "other":
            self.action_address()
        elif said == "wait" and plan.pending_from is not None:
            told = say(
                "Nothing was sent. From %(at)s on, Continue sends to %(email)s.",
                at=_at(plan.pending_from, plan),
                email=plan.pending_email or "",
            )
            tell(self, told)
        elif said == "yes":
            self.app.push_screen(_question(plan), partial(self._answered, plan))

    def _answered(self, plan: Continuation, yes: bool | None) -> None:
        if yes:
            self.attempt(partial(self._send, plan))

    def _send(self, plan: Continuation) -> None:
        asked = self.workplace.desk.write(
            headnet_passwords.send,
            plan,
            self.workplace.nights(),
            address_confirmed=True,
            former_confirmed=True,
        )
        self.post_message(self._Asked(asked, ZoneInfo(plan.zone)))

    @on(_Asked)
    def _tell_asked(self, message: _Asked) -> None:
        message.stop()
        asked = message.asked
        told = say(
            "The mail to %(email)s leaves now. The password works from %(at)s on.",
            email=asked.email,
            at=told_at(asked.works_from, message.zone),
        )
        tell(self, told, mailed=True)
        self._look()

    def action_try_now(self) -> None:
        deed = partial(self.workplace.desk.write, headnet_passwords.try_now, self._school)
        self._do(deed, say("The mail is tried now. F5 shows what became of it."))

    # Address and head

    def action_address(self) -> None:
        from screens.head_form import HeadAddressScreen

        assert self._page is not None
        self.app.push_screen(HeadAddressScreen(self.workplace, self._page.page))

    def action_take_back(self) -> None:
        assert self._page is not None
        page = self._page.page
        if page.pending is None or page.address is None:
            return
        question = say(
            "Take the change to %(other)s back? Mails go on to %(email)s.",
            other=page.pending.email,
            email=page.address.email,
        )
        deed = partial(
            self.workplace.desk.write,
            head_addresses.cancel_change,
            self._school,
            page.pending.address_id,
        )
        told = say("The change is taken back: %(email)s stays.", email=page.address.email)
        self.app.push_screen(
            ConfirmScreen(say("Recorded address"), question),
            lambda yes: self._do(deed, told, mailed=False) if yes else None,
        )

    def action_new_head(self) -> None:
        from screens.head_form import NewHeadScreen

        assert self._page is not None
        self.app.push_screen(NewHeadScreen(self.workplace, self._page.page))

    def action_end(self) -> None:
        self.attempt(self._prepare_end)

    def _prepare_end(self) -> None:
        ending = self.workplace.desk.read(heads.prepare_end, self._school)
        self.post_message(self._Ends(ending))

    @on(_Ends)
    def _ask_end(self, message: _Ends) -> None:
        from screens.head_form import together, told_end

        message.stop()
        ending = message.ending
        question = say(
            "Has %(name)s left, and nobody follows yet? It cannot be taken back.", name=ending.head
        )
        deed = partial(self.workplace.desk.write, heads.end_head, self._school, ending)
        told = say("The access of %(name)s has ended.", name=ending.head)
        self.app.push_screen(
            ConfirmScreen(say("The head leaves"), question, together(*told_end(ending))),
            lambda yes: self._do(deed, told) if yes else None,
        )


#: When an action is offered; the others always are.
_OFFERED: dict[str, Callable[[HeadnetPage], bool]] = {
    "go_on": lambda page: True,
    "address": lambda page: page.head is not None,
    "new_head": lambda page: page.head is not None,
    "end": lambda page: page.head is not None,
    "take_back": lambda page: page.pending is not None,
    "try_now": lambda page: can_try(page),
}


def can_try(page: HeadnetPage) -> bool:
    """Whether the latest password's mail waits for a later try, which could be made now."""
    mail = page.latest.mail if page.latest is not None else None
    return mail is not None and mail.can_try_now


# --- before a password is sent --------------------------------------------------------------


def _at(at: datetime, plan: Continuation) -> str:
    return told_at(at, ZoneInfo(plan.zone))


def _about_address(plan: Continuation) -> Iterator[Wording]:
    if plan.pending_email is not None and plan.pending_from is not None:
        yield say(
            "From %(at)s on it is %(email)s. Waiting until then sends the password there.",
            email=plan.pending_email,
            at=_at(plan.pending_from, plan),
        )
    if plan.former and plan.former[0].state == "never_delivered":
        yield say("The mail of %(at)s never arrived there.", at=_at(plan.former[0].asked_at, plan))


def _question(plan: Continuation) -> ContinueScreen:
    """Return the second question: what will hold, what ends at once, and whether to go on."""
    works = say(
        "The new password works from %(at)s on, after the nightly update, and not before.",
        at=_at(plan.works_from, plan),
    )
    ends = [_end(former, plan) for former in plan.former]
    return ContinueScreen(say("Mail it to %(email)s?", email=plan.email), works, ends)


def _end(former: FormerPassword, plan: Continuation) -> Wording:
    """Return what comes of a former password."""
    values = {
        "number": former.generation,
        "asked": _at(former.asked_at, plan),
        "at": _at(former.works_from, plan),
        "works": _at(plan.works_from, plan),
    }
    if former.state == "valid":
        sentence = N_(
            "Password no. %(number)s of %(asked)s works now. It stops working at once: until "
            "%(works)s the head cannot sign in."
        )
    elif former.state == "never_delivered":
        sentence = N_(
            "Password no. %(number)s of %(asked)s, which never arrived, is cancelled at once."
        )
    else:
        sentence = N_(
            "Password no. %(number)s of %(asked)s waits for the update of %(at)s. It is "
            "cancelled at once and will never work."
        )
    return Wording(sentence, values)


# --- in words -----------------------------------------------------------------------------


def _state(page: HeadnetPage) -> str:
    """Return how the account stands, with its sign."""
    if page.address is None:
        return STATE_KINDS["no_address"].text
    latest = page.latest
    return STATE_KINDS["no_password" if latest is None else latest.state].text


def _what_comes(page: HeadnetPage) -> Wording:
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


class _Words:
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
                remedy = told_remedy(finding.remedy.code, finding.remedy.label, self._page)
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
REMEDY_COMMANDS = {
    "headnet_continue": "headnet-account.go-on",
    "head_address": "headnet-account.address",
    "headnet_try_now": "headnet-account.try-now",
    "record_head": "headnet-account.go-on",
}


def told_remedy(code: str, label: Wording, page: HeadnetPage) -> str:
    """Return a remedy, after the key that takes it where there is one."""
    name = REMEDY_COMMANDS.get(code)
    if name is None or not _OFFERED[command(name).method](page):
        return label.text()
    return _("%(title)s: %(text)s") % {
        "title": key_name(command(name).keys.split(",")[0]),
        "text": label,
    }
