"""One workshop: what was asked for, its days, what is wrong, what has happened, its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, format_day, say, say_n
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.led_to import LedTo
from screens.reading import ReadingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen, CalendarFileScreen, tell
from screens.workshop_words import OFFERED, Facts, WorkshopWords, next_step, told_next
from services import (
    workshop_findings,
    workshop_invoices,
    workshop_letters,
    workshop_meetings,
    workshop_page,
    workshops,
)
from services.workshop_form import day_from
from services.workshop_invoices import Quote, told_amount
from services.workshops import (
    LONGEST_LINK,
    LONGEST_REASON,
    STATUS_WORDS,
    Cancellation,
)

_LONGEST_DAY, _LONGEST_NUMBER = 20, 40


class WorkshopScreen(ReadingScreen[Facts], CalendarFileScreen[None]):
    """The page of one workshop, with what whoever looks can do about it now."""

    DEFAULT_CSS = """
    WorkshopScreen > #next { height: auto; color: ansi_cyan; }
    """
    BINDINGS = [
        *bindings("workshop.next", "workshop.take-up", "workshop.accept", "workshop.refuse"),
        *bindings("workshop.participants", "workshop.attendance", "workshop.meeting"),
        *bindings("workshop.invoice", "workshop.replace", "workshop.cancel"),
        *bindings("workshop.calendar", "workshop.other", "workshop.fees", "workshop.why"),
    ]
    place = N_("Workshop")

    @dataclass
    class _Done(Message):
        told: Wording
        mailed: bool

    @dataclass
    class _Costs(Message):
        cost: Cancellation

    @dataclass
    class _Quoted(Message):
        quote: Quote

    def __init__(self, workplace: Workplace, workshop_id: int) -> None:
        super().__init__(workplace)
        self._workshop = workshop_id
        self.led_to = LedTo()
        self._next = Sentence("", id="next")

    def compose(self) -> ComposeResult:
        yield TitleBar(self.place, *self.workplace.title)
        yield self._headline
        yield self._next
        yield self._reader
        yield KeyBar()

    # Reading

    def read(self) -> Facts:
        desk, workshop = self.workplace.desk, self._workshop
        return Facts(
            desk.read(workshop_page.page, workshop),
            tuple(desk.read(workshop_findings.findings, workshop)),
            desk.read(workshop_invoices.invoice_of, workshop),
            desk.read(workshop_meetings.meeting_of, workshop),
        )

    def headline(self, page: Facts) -> Wording:
        sign, status = STATUS_WORDS[page.page.status]
        return say(
            "%(reference)s: %(sign)s %(status)s",
            reference=page.page.reference,
            sign=sign,
            status=status,
        )

    def paragraphs(self, page: Facts) -> Iterator[Paragraph]:
        return WorkshopWords(page).all()

    def _show(self) -> None:
        super()._show()
        if self._page is not None:
            self._next.show(told_next(self._page))
            self.refresh_bindings()

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = OFFERED.get(action)
        if known is None:
            return True
        if action == "cancel" and self._once:
            return False
        return self._page is not None and known(self._page)

    def action_next(self) -> None:
        comes = next_step(self._page) if self._page else None
        if comes is not None:
            getattr(self, f"action_{comes[0]}")()

    def _do(self, deed: Callable[[], object], told: Wording, *, mailed: bool = True) -> None:
        def do() -> None:
            deed()
            newest = workshop_letters.newest_to_contact
            mail = self.workplace.desk.read(newest, self._workshop) if mailed else None
            self.led_to = LedTo(mail_id=mail, done=self._once)
            self.post_message(self._Done(told, mailed))

        self.attempt(do)

    @on(_Done)
    def _tell_done(self, message: _Done) -> None:
        message.stop()
        tell(self, message.told, mailed=message.mailed)
        self.look_or_leave()

    def failed(self, error: Exception) -> None:
        """Tell it, and show what somebody else has done meanwhile."""
        super().failed(error)
        if isinstance(error, workshops.StepRefused):
            self.action_refresh()

    def action_why(self) -> None:
        from screens.diagnosis import DiagnosisScreen

        if self._page is None:
            return
        page = self._page.page
        hit = self._workshop, page.reference, page.school_id
        self.app.push_screen(DiagnosisScreen.of_workshop(self.workplace, *hit))

    # The office's answer

    def action_take_up(self) -> None:
        desk = self.workplace.desk
        told = say("Taken up; whoever asked is told by e-mail.")
        self._once = False  # it is still to be answered
        self._do(lambda: desk.write(workshops.take_up, self._workshop), told)

    def action_accept(self) -> None:
        def link(text: str) -> str | Wording:
            try:
                return workshops.registration_link(text)
            except workshops.StepRefused as refused:
                return refused.wording

        dialog = AskLineScreen(
            say("Accept the request"),
            say("The link by which participants register with the IB:"),
            say("Enter goes on   Esc closes"),
            link,
            longest=LONGEST_LINK,
        )
        self.app.push_screen(dialog, lambda found: self._ask_deadline(found) if found else None)

    def _ask_deadline(self, link: str) -> None:
        assert self._page is not None
        page = self._page.page
        dialog = AskLineScreen(
            say("Accept the request"),
            say("Last day to register. Everybody who is entered is told by e-mail."),
            say("Enter accepts   Esc closes"),
            _day,
            longest=_LONGEST_DAY,
            value=format_day(page.registration_until),
        )

        def accept(day: date | None) -> None:
            if day is not None:
                told = say("Accepted; the contact and the participants are told by e-mail.")
                desk = self.workplace.desk
                self._do(lambda: desk.write(workshops.accept, self._workshop, link, day), told)

        self.app.push_screen(dialog, accept)

    def action_refuse(self) -> None:
        dialog = AskLineScreen(
            say("Refuse the request"),
            say("Why? Whoever asked reads the reason in an e-mail."),
            say("Enter refuses   Esc closes"),
            lambda text: text or say("A few words are needed."),
            longest=LONGEST_REASON,
        )

        def refuse(reason: str | None) -> None:
            if reason:
                told = say("Refused; whoever asked is told by e-mail.")
                desk = self.workplace.desk
                self._do(lambda: desk.write(workshops.refuse, self._workshop, reason), told)

        self.app.push_screen(dialog, refuse)

    # Cancelling and replacing

    def action_cancel(self) -> None:
        self.attempt(self._foresee)

    def _foresee(self) -> None:
        self.post_message(
            self._Costs(self.workplace.desk.read(workshops.cancellation, self._workshop))
        )

    @on(_Costs)
    def _ask_why(self, message: _Costs) -> None:
        message.stop()
        cost = message.cost
        dialog = AskLineScreen(
            say("Cancel the workshop"),
            say(
                "%(cost)s Why is it cancelled? Whoever is told reads it; it may stay empty.",
                cost=cost.sentence,
            ),
            say("Enter goes on   Esc closes"),
            lambda text: (text,),
            longest=LONGEST_REASON,
        )
        self.app.push_screen(dialog, lambda said: self._ask_cancel(cost, said[0]) if said else None)

    def _ask_cancel(self, cost: Cancellation, reason: str) -> None:
        desk, told = self.workplace.desk, say("Cancelled; everybody concerned is told by e-mail.")
        cancel = partial(
            desk.write, workshops.cancel, self._workshop, reason, confirm_charge=cost.charged
        )
        self.app.push_screen(
            ConfirmScreen(
                say("Cancel the workshop"),
                say("Cancel this workshop? It cannot be taken back."),
                cost.sentence,
            ),
            lambda yes: self._do(cancel, told) if yes else None,
        )

    def action_replace(self) -> None:
        from screens.workshop_request import WorkshopRequestScreen

        assert self._page is not None
        school = self._page.page.school_id
        form = WorkshopRequestScreen(self.workplace, school, replaces=self._workshop)
        self.app.push_screen(form, self._open)

    def action_other(self) -> None:
        assert self._page is not None
        page = self._page.page
        self._open(page.replaced_by_id or page.replaces_id)

    def _open(self, other: int | None) -> None:
        if other is not None:
            self.app.push_screen(WorkshopScreen(self.workplace, other))

    # Participants, attendance, meeting, fees

    def action_participants(self) -> None:
        from screens.workshop_participants import WorkshopParticipantsScreen

        self.app.push_screen(WorkshopParticipantsScreen(self.workplace, self._workshop))

    def action_attendance(self) -> None:
        from screens.workshop_attendance import WorkshopAttendanceScreen

        self.app.push_screen(WorkshopAttendanceScreen(self.workplace, self._workshop))

    def action_meeting(self) -> None:
        from screens.workshop_meeting import WorkshopMeetingScreen

        self.app.push_screen(WorkshopMeetingScreen(self.workplace, self._workshop))

    def action_fees(self) -> None:
        from screens.workshop_fees import WorkshopFeesScreen

        self.app.push_screen(WorkshopFeesScreen(self.workplace))

    # The invoice

    def action_invoice(self) -> None:
        assert self._page is not None
        if "pay" in self._page.page.steps:
            self._ask_payment()
        else:
            self.attempt(self._quote)

    def _quote(self) -> None:
        self.post_message(
            self._Quoted(self.workplace.desk.read(workshop_invoices.quote, self._workshop))
        )

    @on(_Quoted)
    def _ask_invoice(self, message: _Quoted) -> None:
        message.stop()
        dialog = AskLineScreen(
            say("Make the invoice"),
            _quoted(message.quote),
            say("Enter makes the invoice   Esc closes"),
            lambda text: (text,),
            longest=_LONGEST_NUMBER,
        )

        def issue(number: tuple[str] | None) -> None:
            if number is not None:
                told = say("The invoice is made; the contact is told by e-mail.")
                desk = self.workplace.desk
                self._do(lambda: desk.write(workshop_invoices.issue, self._workshop, *number), told)

        self.app.push_screen(dialog, issue)

    def _ask_payment(self) -> None:
        assert self._page is not None
        dialog = AskLineScreen(
            say("Note the payment"),
            say("On which day was the invoice paid?"),
            say("Enter notes it   Esc closes"),
            _day,
            longest=_LONGEST_DAY,
            value=format_day(self._page.page.date_check.today),
        )

        def pay(day: date | None) -> None:
            if day is not None:
                told, desk = say("The payment is noted."), self.workplace.desk
                paid = partial(desk.write, workshop_invoices.pay, self._workshop, day)
                self._do(paid, told, mailed=False)

        self.app.push_screen(dialog, pay)

    # The calendar file

    def action_calendar(self) -> None:
        assert self._page is not None
        self.keep_workshop(self.workplace.desk, self._workshop, self._page.page.reference)


def _day(text: str) -> date | Wording:
    return day_from(text) or say("Give a date, as in 15/03/2027.")


def _quoted(quote: Quote) -> Wording:
    """Return what an invoice will be of, and what is asked about it."""
    return say_n(
        "%(amount)s for %(count)s participant. The invoice’s number; left empty, it is made of "
        "the reference.",
        "%(amount)s for %(count)s participants. The invoice’s number; left empty, it is made of "
        "the reference.",
        quote.quantity,
        amount=told_amount(quote.amount, quote.currency),
    )
