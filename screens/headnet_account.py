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

from models.language import N_, Wording, say
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.facts import told_at
from screens.headnet_continue import AddressCheckScreen, ContinueScreen, Said
from screens.headnet_words import OFFERED, AccountWords, Facts, told_state, what_comes
from screens.led_to import LedTo
from screens.reading import ReadingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import head_addresses, headnet_checks, headnet_passwords, headnet_school, heads
from services.headnet_passwords import Asked, Continuation, FormerPassword
from services.heads import Ending


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
        self.led_to = LedTo()
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
        return say("%(name)s: %(status)s", name=head.name, status=told_state(page.page))

    def paragraphs(self, page: Facts) -> Iterator[Paragraph]:
        return AccountWords(page).all()

    def _show(self) -> None:
        super()._show()
        if self._page is not None:
            self._bar.show(school=self._page.page.school)
            self._next.show(what_comes(self._page.page))
            self.refresh_bindings()

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = OFFERED.get(action)
        if known is None:
            return True
        if action == "end" and self._once:
            return False
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
        self.look_or_leave()

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
        self.led_to = LedTo(mail_id=asked.mail_id, done=True)
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
        self.look_or_leave()

    def action_try_now(self) -> None:
        self._do(self._try_now, say("The mail is tried now. F5 shows what became of it."))

    def _try_now(self) -> None:
        mail_id = self.workplace.desk.write(headnet_passwords.try_now, self._school)
        self.led_to = LedTo(mail_id=mail_id, done=True)

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
