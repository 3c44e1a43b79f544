"""One workshop: what was asked for, its days, what is wrong, what has happened, its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from models.language import N_, Wording, _, format_day, say, say_n
from models.text import clean
from models.workshop_dates import DayShown, PlanStep, delivery_type, shown_in
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.facts import indented, section, told_at
from screens.reading import ReadingScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.reader import Paragraph
from screens.workplace import Workplace
from screens.workshop_dialogs import AskLineScreen, CalendarFileScreen, tell
from services import (
    workshop_findings,
    workshop_invoices,
    workshop_meetings,
    workshop_page,
    workshops,
)
from services.findings import Finding, Remedy
from services.workshop_form import CATEGORY_LABELS, LANGUAGE_LABELS, day_from
from services.workshop_invoices import InvoiceRow, Quote, told_amount
from services.workshop_meetings import MeetingRow
from services.workshop_page import HISTORY_WORDS, FurtherSchool, WorkshopPage
from services.workshops import (
    LONGEST_LINK,
    LONGEST_REASON,
    STATUS_WORDS,
    Cancellation,
)

_LONGEST_DAY, _LONGEST_NUMBER = 20, 40
#: In which statuses there is something to see of who was there.
_HAS_ATTENDANCE = ("accepted", "held", "attended", "invoiced")
#: In which statuses a meeting can be prepared.
_HAS_MEETING = ("accepted", "held")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page shows."""

    page: WorkshopPage
    findings: tuple[Finding, ...]
    invoice: InvoiceRow | None
    meeting: MeetingRow | None


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
        return _Words(page).all()

    def _show(self) -> None:
        super()._show()
        if self._page is not None:
            self._next.show(_told_next(self._page))
            self.refresh_bindings()

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = _OFFERED.get(action)
        if known is None:
            return True
        return self._page is not None and known(self._page)

    def action_next(self) -> None:
        comes = next_step(self._page) if self._page else None
        if comes is not None:
            getattr(self, f"action_{comes[0]}")()

    def _do(self, deed: Callable[[], object], told: Wording, *, mailed: bool = True) -> None:
        def do() -> None:
            deed()
            self.post_message(self._Done(told, mailed))

        self.attempt(do)

    @on(_Done)
    def _tell_done(self, message: _Done) -> None:
        message.stop()
        tell(self, message.told, mailed=message.mailed)
        self.action_refresh()

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
            quoted(message.quote),
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


def quoted(quote: Quote) -> Wording:
    """Return what an invoice will be of, and what is asked about it."""
    return say_n(
        "%(amount)s for %(count)s participant. The invoice’s number; left empty, it is made of "
        "the reference.",
        "%(amount)s for %(count)s participants. The invoice’s number; left empty, it is made of "
        "the reference.",
        quote.quantity,
        amount=told_amount(quote.amount, quote.currency),
    )


# --- what comes next ----------------------------------------------------------------------


def next_step(facts: Facts) -> tuple[str, Wording] | None:
    """Return the action that comes next for whoever looks, with its words; None for nothing."""
    page = facts.page
    until = page.registration_until
    prepared = facts.meeting is not None and facts.meeting.created_at is not None
    steps: tuple[tuple[str, str, Wording], ...] = (
        ("accept", "accept", say("accept the request, or refuse it with n")),
        ("attendance", "attendance", say("record who was there")),
        ("invoice", "invoice", say("make the invoice")),
        ("pay", "invoice", say("note the payment of the invoice")),
    )
    for step, action, words in steps:
        if step in page.steps:
            return action, words
    if page.may_decide and page.status in _HAS_MEETING and not prepared:
        return "meeting", say("prepare the meeting")
    if "participants" in page.steps:
        return "participants", say("enter the participants, until %(day)s", day=until)
    if "late_change" in page.steps:
        return "participants", say("send a change of the participants as a message")
    return None


def _told_next(facts: Facts) -> Wording | str:
    comes, others = next_step(facts), awaited(facts)
    if comes is None:
        return others
    told = say("Next step (F8): %(step)s", step=comes[1])
    answers = facts.page.status in ("submitted", "in_treatment")
    if answers and not facts.page.may_decide:
        return say("%(first)s. %(second)s", first=told, second=others)
    return told


def awaited(facts: Facts) -> Wording | str:
    """Return what somebody else is waited for, "" where nobody is."""
    page = facts.page
    due = page.due_on
    if due is None:
        return ""
    if page.status in ("submitted", "in_treatment"):
        return say("The workshop office answers by %(day)s.", day=due)
    if page.status in ("accepted", "held"):
        return say("The attendance list comes by %(day)s.", day=due)
    return say("The invoice is due on %(day)s.", day=due)


def _may(*steps: str) -> Callable[[Facts], bool]:
    return lambda facts: any(step in facts.page.steps for step in steps)


#: When an action is offered; the others always are.
_OFFERED: dict[str, Callable[[Facts], bool]] = {
    "next": lambda facts: next_step(facts) is not None,
    "take_up": _may("take_up"),
    "accept": _may("accept"),
    "refuse": _may("refuse"),
    "cancel": _may("cancel"),
    "replace": _may("replace"),
    "invoice": _may("invoice", "pay"),
    "participants": lambda facts: True,
    "attendance": lambda facts: facts.page.status in _HAS_ATTENDANCE,
    "meeting": lambda facts: facts.page.may_decide and facts.page.status in _HAS_MEETING,
    "fees": lambda facts: facts.page.may_decide,
    "calendar": lambda facts: True,
    "other": lambda facts: bool(facts.page.replaced_by_id or facts.page.replaces_id),
}


# --- in words -----------------------------------------------------------------------------


class _Words:
    """Turns the facts of a workshop into paragraphs, with times by the school's clocks."""

    def __init__(self, facts: Facts) -> None:
        self._facts, self._page = facts, facts.page

    def all(self) -> Iterator[Paragraph]:
        page = self._page
        yield Paragraph(page.title, "strong")
        yield from indented(self._kind())
        yield from self._findings()
        yield from section(_("How it ended"), self._end())
        yield from section(_("When"), self._hours())
        yield from section(_("The days that follow from it"), self._plan())
        yield from section(_("The request"), self._request())
        yield from section(_("Meeting"), self._meeting())
        yield from section(_("Invoice"), self._invoice())
        yield from section(_("History"), self._history())

    def _kind(self) -> Iterator[str]:
        page = self._page
        category = CATEGORY_LABELS[page.category].text()
        yield f"{page.programme}, {category}, {LANGUAGE_LABELS[page.language].text()}"
        yield page.school or _("another school")

    def _findings(self) -> Iterator[Paragraph]:
        for finding in self._facts.findings:
            yield Paragraph(f"! {finding.sentence}", "warning")
            for evidence in finding.evidence:
                facts = "  ".join(filter(None, (self._at(evidence.at), evidence.value)))
                told = say("%(label)s: %(facts)s", label=evidence.label, facts=facts)
                yield Paragraph(f"  {told}", apart=False)
            if finding.remedy is not None and _can(self._page, finding.remedy):
                yield Paragraph(f"  → {finding.remedy.label}", "accent", apart=False)

    def _at(self, at: datetime | None) -> str:
        return told_at(at, self._page.zone)

    def _hours(self) -> Iterator[str]:
        page, event = self._page, self._page.event
        for day in shown_in(event, event.zone):
            yield _hours_of(day, event.zone)
        if event.zone != page.zone:
            for day in page.shown:
                yield _("here: %(hours)s") % {"hours": _hours_of(day, page.zone)}

    def _plan(self) -> Iterator[str]:
        page, today = self._page, self._page.date_check.today
        if page.is_over:
            return
        comes, done = page.coming, page.done
        for step in page.plan.steps:
            if step.code in done:
                sign, told = "+", _("done")
            else:
                sign = ">" if step is comes else "." if step.day >= today else "x"
                told = _in_days(step, today)
            yield f"{sign} {format_day(step.day)}  {step.label} – {told}"

    def _request(self) -> Iterator[str]:
        page = self._page
        form = delivery_type(page.delivery_type)
        yield form.label.text() if form else page.delivery_type
        yield _("Participants: %(entered)s entered, %(asked)s asked for") % {
            "entered": page.participants,
            "asked": page.people,
        }
        for school in page.further_schools:
            yield _further(school)
        yield _("Contact: %(name)s, %(address)s") % {
            "name": page.contact_name,
            "address": page.contact_email,
        }
        yield _("Technical support: %(name)s, %(contact)s") % {
            "name": page.support_name,
            "contact": page.support_contact,
        }
        if page.registration_link:
            yield _("Registration, until %(day)s: %(link)s") % {
                "day": format_day(page.registration_until),
                "link": page.registration_link,
            }
        if page.remarks:
            yield _("Remarks: %(text)s") % {"text": page.remarks}
        if page.replaces:
            yield _("It takes the place of %(reference)s.") % {"reference": page.replaces}

    def _end(self) -> Iterator[str]:
        page = self._page
        if page.refused_reason:
            yield _("Refused: %(reason)s") % {"reason": page.refused_reason}
        if page.cancelled_reason:
            yield _("Cancelled: %(reason)s") % {"reason": page.cancelled_reason}
        if page.charged:
            yield _("The registrations are charged in full.")
        if page.replaced_by:
            yield _("Replaced by %(reference)s: w goes there.") % {"reference": page.replaced_by}

    def _meeting(self) -> Iterator[str]:
        meeting = self._facts.meeting
        if meeting is not None and meeting.created_at is not None:
            yield _("Made on the meeting server, %(at)s") % {"at": self._at(meeting.created_at)}
        elif meeting is not None:
            yield _("Refused by the meeting server, %(at)s: %(words)s") % {
                "at": self._at(meeting.tried_at),
                "words": clean(meeting.reply),
            }

    def _invoice(self) -> Iterator[str]:
        invoice = self._facts.invoice
        if invoice is None:
            return
        yield _("%(number)s: %(amount)s, issued on %(day)s, due on %(due)s") % {
            "number": invoice.number,
            "amount": told_amount(invoice.amount, invoice.currency),
            "day": format_day(invoice.issued_on),
            "due": format_day(invoice.due_on),
        }
        if invoice.paid_on:
            yield _("Paid on %(day)s") % {"day": format_day(invoice.paid_on)}

    def _history(self) -> Iterator[str]:
        for code, at in self._page.history:
            yield f"{self._at(at)}  {HISTORY_WORDS[code]}"


#: The step by which whoever looks can take a remedy.
_STEPS_OF = {
    workshop_findings.ANSWER.code: "accept",
    workshop_findings.ENTER.code: "participants",
    workshop_findings.CHANGE_BY_MESSAGE.code: "late_change",
    workshop_findings.RECORD_ATTENDANCE.code: "attendance",
    workshop_findings.ISSUE_INVOICE.code: "invoice",
    workshop_findings.RECORD_PAYMENT.code: "pay",
}


def _can(page: WorkshopPage, remedy: Remedy) -> bool:
    """Whether a remedy is for whoever looks: a school pays, and does not record that it did."""
    return _STEPS_OF.get(remedy.code) in page.steps


def _hours_of(day: DayShown, zone: ZoneInfo) -> str:
    told = f"{format_day(day.begins.date())} {day.begins:%H:%M} – {day.ends:%H:%M}"
    if day.ends.date() != day.begins.date():
        told += " " + _("(the next day)")
    return f"{told}  {zone.key}"


def _in_days(step: PlanStep, today: date) -> str:
    left = step.days_until(today)
    if left == 0:
        return _("today")
    if left < 0:
        return _("over")
    return say_n("in %(count)s day", "in %(count)s days", left).text()


def _further(school: FurtherSchool) -> str:
    name = school.name or _("a school not seen from here")
    linked = "" if school.linked else ", " + _("not found yet")
    values = {"number": school.fase_number, "name": name, "linked": linked}
    return _("With school %(number)s, %(name)s%(linked)s") % values
