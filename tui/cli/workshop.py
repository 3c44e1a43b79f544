"""`trousseau workshop`: the requests, one with its days, what follows from a date, attendance."""

import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, Wording, _, say
from tui.cli import workshop_attendance
from tui.cli.files import write_private
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json, OptionalSchool, School, WorkshopReference, group
from tui.cli.output import print_json, print_line, print_table, tell

if TYPE_CHECKING:
    from models.workshop_dates import PlanStep
    from services.workshop_days import DayAsked, LastDays
    from services.workshop_invoices import InvoiceRow
    from services.workshop_page import WorkshopPage
    from services.workshop_queue import WorkshopRow

Status = Annotated[
    str | None, typer.Option("--status", help=N_("Only those with this status, as in --json."))
]
Search = Annotated[
    str,
    typer.Option("--search", metavar="TEXT", help=N_("Words of title, school or contact.")),
]
Sort = Annotated[str, typer.Option("--sort", help=N_("risk, date or newest."))]
Calendar = Annotated[
    Path | None,
    typer.Option(
        "--ics",
        metavar="FILE",
        help=N_("Write the event and its deadlines as a calendar file; - prints it alone."),
    ),
]
Day = Annotated[
    datetime | None,
    typer.Argument(
        metavar="DATE",
        formats=["%Y-%m-%d", "%d/%m/%Y"],
        help=N_("The first day; without it, what today is the last day for."),
    ),
]


def register(app: typer.Typer) -> None:
    workshop = group(app, "workshop", HELP["workshop"])
    workshop.command("list", help=N_("The requests, what presses most first."))(list_workshops)
    workshop.command("show", help=N_("One request: its days, its life, what is wrong."))(show)
    workshop.command(
        "check-date", help=N_("Until when a date can be asked for, and all that follows.")
    )(check_date)
    workshop_attendance.register(workshop)


# --- the requests -------------------------------------------------------------------------


def list_workshops(
    school: OptionalSchool = None,
    status: Status = None,
    search: Search = "",
    sort: Sort = "risk",
    as_json: Json = False,
) -> None:
    from models.workshops import STATUS_CODES
    from services import workshop_queue as queue

    for given, known, option in (
        (status, (*queue.GROUPS, *STATUS_CODES), "--status"),
        (sort, queue.SORTS, "--sort"),
    ):
        if given is not None and given not in known:
            raise typer.BadParameter(", ".join(known), param_hint=option)
    with office() as here:
        school_id = here.school_id(school) if school else None
        query = queue.WorkshopQuery(search, status, school_id, sort)
        rows = here.desk.read(queue.all_rows, query)
    if as_json:
        print_json([_row_json(row) for row in rows])
    else:
        _print_rows(rows)


def _row_json(row: "WorkshopRow") -> dict[str, Any]:
    return {
        "reference": row.reference,
        "status": row.status,
        "title": row.title,
        "programme": row.programme,
        "category": row.category,
        "language": row.language,
        "school": row.school,
        "first_day": row.school_day,
        "next_step": row.next_step or "",
        "due_on": row.due_on,
        "days_left": row.days_left,
        "risk": row.risk,
        "late": row.late,
        "people": row.people,
        "participants": row.participants,
        "submitted_at": row.submitted_at,
    }


def _print_rows(rows: list["WorkshopRow"]) -> None:
    headings = (
        _("Reference"), _("Status"), _("Next step"), _("By"), _("Days left"), _("First day"),
        _("School"), _("Participants"), _("Title"),
    )  # fmt: skip
    print_table(
        headings,
        (
            (
                row.reference,
                _status(row.status),
                row.next_step,
                row.due_on,
                _days_left(row),
                row.school_day,
                row.school,
                f"{row.participants} / {row.people}",
                row.title,
            )
            for row in rows
        ),
    )


def _status(code: str) -> str:
    from services.workshops import STATUS_WORDS

    sign, words = STATUS_WORDS[code]
    return f"{sign} {words}"


def _days_left(row: "WorkshopRow") -> str:
    if row.days_left is None:
        return ""
    return f"{row.days_left} !" if row.risk == "overdue" else str(row.days_left)


def show(reference: WorkshopReference, ics: Calendar = None, as_json: Json = False) -> None:
    from services import workshop_findings, workshop_invoices, workshop_page, workshops

    with office() as here:
        workshop = here.desk.read(workshops.by_reference, reference)
        page = here.desk.read(workshop_page.page, workshop)
        found = here.desk.read(workshop_findings.findings, workshop)
        invoice = here.desk.read(workshop_invoices.invoice_of, workshop)
        calendar = here.desk.read(workshops.calendar_of, workshop) if ics else b""
    if str(ics) == "-":
        sys.stdout.write(calendar.decode())
        return
    if ics is not None:
        write_private(ics, calendar)
        tell(say("The calendar file is %(file)s.", file=str(ics)))
    if as_json:
        print_json(
            {
                **_page_json(page),
                "findings": [{"cause": each.cause, "text": each.sentence} for each in found],
                "invoice": _invoice_json(invoice) if invoice else None,
            }
        )
        return
    _print_page(page)
    for finding in found:
        print_line(f"! {finding.sentence}")


def _page_json(page: "WorkshopPage") -> dict[str, Any]:
    event = page.event
    return {
        "reference": page.reference,
        "status": page.status,
        "title": page.title,
        "programme": page.programme,
        "category": page.category,
        "language": page.language,
        "delivery_type": page.delivery_type,
        "school": page.school,
        "zone": page.zone.key,
        "further_schools": [
            {"fase": each.fase_number, "school": each.name} for each in page.further_schools
        ],
        "event": {
            "first_day": event.first_day,
            "second_day": event.days[-1],
            "begins": f"{event.begins:%H:%M}",
            "ends": f"{event.ends:%H:%M}",
            "zone": event.zone.key,
            "starts_at": event.starts_at,
            "ends_at": event.ends_at,
        },
        "days_there": [{"begins": day.begins, "ends": day.ends} for day in page.shown],
        "people": page.people,
        "participants": page.participants,
        "support_name": page.support_name,
        "support_contact": page.support_contact,
        "contact_name": page.contact_name,
        "contact_email": page.contact_email,
        "remarks": page.remarks,
        "registration_link": page.registration_link,
        "due_on": page.due_on,
        "charged": page.charged,
        "refused_reason": page.refused_reason,
        "cancelled_reason": page.cancelled_reason,
        "replaces": page.replaces,
        "replaced_by": page.replaced_by,
        "plan": [_step_json(step, page.date_check.today) for step in page.plan.steps],
        "history": [{"what": code, "at": at} for code, at in page.history],
        "steps": page.steps,
    }


def _invoice_json(invoice: "InvoiceRow") -> dict[str, Any]:
    from services.workshop_invoices import shown_amount

    amount, _space, currency = shown_amount(invoice.amount, invoice.currency).partition(" ")
    return {
        "number": invoice.number,
        "quantity": invoice.quantity,
        "amount": amount,
        "currency": currency,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "paid_on": invoice.paid_on,
        "overdue": invoice.overdue,
    }


def _print_page(page: "WorkshopPage") -> None:
    print_line(f"{page.reference}  {_status(page.status)}")
    print_line(page.title)
    for label, value in _facts(page):
        print_line(say("%(label)s: %(facts)s", label=label, facts=value))
    print_line()
    if not page.is_over:
        _print_steps(page.plan.steps, page.date_check.today)
        print_line()
    _print_history(page)


def _facts(page: "WorkshopPage") -> list[tuple[str, Any]]:
    from services.workshop_form import CATEGORY_LABELS, LANGUAGE_LABELS

    event = page.event
    schools = ", ".join([page.school, *(str(each.fase_number) for each in page.further_schools)])
    hours = f"{event.begins:%H:%M}–{event.ends:%H:%M} ({event.zone.key})"
    facts: list[tuple[str, Any]] = [
        (_("School"), schools),
        (_("Programme"), f"{page.programme}, {CATEGORY_LABELS[page.category]}"),
        (_("Language"), LANGUAGE_LABELS[page.language]),
        (_("Days"), f"{event.days[0]:%d/%m/%Y}, {event.days[-1]:%d/%m/%Y}, {hours}"),
        (_("Participants"), f"{page.participants} / {page.people}"),
        (_("Technical support"), f"{page.support_name}, {page.support_contact}"),
        (_("Contact"), f"{page.contact_name}, {page.contact_email}"),
        (_("Registration link"), page.registration_link),
        (_("Remarks"), page.remarks),
        (_("Reason"), page.refused_reason or page.cancelled_reason),
        (_("Replaces"), page.replaces),
        (_("Replaced by"), page.replaced_by),
    ]
    return [(label, value) for label, value in facts if value]


def _print_history(page: "WorkshopPage") -> None:
    from services.workshop_page import HISTORY_WORDS

    headings = (_("When"), _("What"))
    print_table(headings, ((at, HISTORY_WORDS[code]) for code, at in page.history))


# --- days before there is a request -------------------------------------------------------


def check_date(school: School, day: Day = None, as_json: Json = False) -> None:
    first_day = None if day is None else _possible(day.date())
    from services import workshop_days

    with office() as here:
        school_id = here.school_id(school)
        if first_day is None:
            _tell_last_days(here.desk.read(workshop_days.last_days, school_id), as_json)
            return
        asked = here.desk.read(workshop_days.day_asked, school_id, first_day)
    if as_json:
        print_json(_asked_json(asked))
    else:
        _print_asked(asked)
    if asked.check.verdict == "past":
        tell(asked.check.sentence)
        raise typer.Exit(1)


def _possible(day: date) -> date:
    from models.workshop_dates import EARLIEST, LATEST

    if not EARLIEST <= day <= LATEST:
        raise typer.BadParameter(f"{EARLIEST} – {LATEST}", param_hint="DATE")
    return day


def _asked_json(asked: "DayAsked") -> dict[str, Any]:
    check = asked.check
    return {
        "school": asked.school,
        "fase": asked.fase_number,
        "zone": asked.zone.key,
        "today": check.today,
        "first_day": check.first_day,
        "second_day": check.second_day,
        "verdict": check.verdict,
        "text": check.sentence,
        "last_day": check.last_day,
        "days_left": check.days_left,
        "first_in_time": check.first_in_time,
        "plan": [_step_json(step, check.today) for step in asked.plan.steps],
        "notes": [{**asdict(note), "text": note.sentence} for note in asked.notes],
    }


def _step_json(step: "PlanStep", today: date) -> dict[str, Any]:
    return {
        "step": step.code,
        "day": step.day,
        "days_left": step.days_until(today),
        "who": step.who,
        "text": step.label,
    }


def _print_asked(asked: "DayAsked") -> None:
    print_line(f"{asked.school} ({asked.zone.key})")
    print_line(asked.check.sentence)
    for note in asked.notes:
        print_line(f"! {note.sentence}")
    print_line()
    _print_steps(asked.plan.steps, asked.check.today)


def _print_steps(steps: tuple["PlanStep", ...], today: date) -> None:
    headings = (_("Day"), _("Days left"), _("What"), _("Who"))
    print_table(
        headings,
        ((step.day, step.days_until(today), step.label, _who(step.who)) for step in steps),
    )


def _who(code: str) -> Wording:
    return {
        "school": say("the school"),
        "office": say("the workshop office"),
        "everybody": say("everybody"),
    }[code]


def _tell_last_days(found: "LastDays", as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "school": found.school,
                "fase": found.fase_number,
                "zone": found.zone.key,
                "today": found.today,
                "first_days": [
                    {"step": step.code, "first_day": step.day, "who": step.who, "text": step.label}
                    for step in found.steps
                ],
            }
        )
        return
    print_line(f"{found.school} ({found.zone.key})")
    print_line(say("Today: %(day)s", day=found.today))
    print_table(
        (_("Today is"), _("For a workshop on"), _("Who")),
        ((step.label, step.day, _who(step.who)) for step in found.steps),
    )
