"""What the page of a workshop says, what comes next, and which of its keys it offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from models.language import Wording, _, format_day, say, say_n
from models.text import clean
from models.workshop_dates import DayShown, PlanStep, delivery_type, shown_in
from screens.facts import indented, section, told_at
from screens.widgets.reader import Paragraph
from services import workshop_findings
from services.findings import Finding, Remedy
from services.workshop_form import CATEGORY_LABELS, LANGUAGE_LABELS
from services.workshop_invoices import InvoiceRow, told_amount
from services.workshop_meetings import MeetingRow
from services.workshop_page import HISTORY_WORDS, FurtherSchool, WorkshopPage

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


def told_next(facts: Facts) -> Wording | str:
    """Return what comes next, by whoever looks or by others; "" for nothing."""
    comes, others = next_step(facts), _awaited(facts)
    if comes is None:
        return others
    told = say("Next step (F8): %(step)s", step=comes[1])
    answers = facts.page.status in ("submitted", "in_treatment")
    if answers and not facts.page.may_decide:
        return say("%(first)s. %(second)s", first=told, second=others)
    return told


def _awaited(facts: Facts) -> Wording | str:
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
OFFERED: dict[str, Callable[[Facts], bool]] = {
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


class WorkshopWords:
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
