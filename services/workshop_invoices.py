"""What a workshop costs: the fee table, invoices, and which are overdue.

Fees are unknown to us (DOMAIN §3): the office enters them. An invoice is due two weeks after
the end; amounts are in hundredths of their currency.
"""

import re
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlmodel import col

from models.database import ActorSession, change
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.references import make_workshop_reference
from models.schools import School
from models.text import clean, squeeze
from models.workshop_dates import local_day
from models.workshops import (
    CATEGORIES,
    DEFAULT_CURRENCY,
    FEE_UNITS,
    PROGRAMMES,
    Workshop,
    WorkshopFee,
    WorkshopInvoice,
    facts_of,
)
from services import workshop_letters
from services.workshop_rules import require_office
from services.workshops import find, live_participants, refused_step, step, zone_of

_CURRENCY = re.compile(r"[A-Z]{3}")
#: Hundredths in the largest amount that is no slip of the hand.
MOST = 100_000_000
_LONGEST_NUMBER = 40


class InvoiceRefused(TrousseauError):
    """No invoice or fee can be made of this."""

    heading = N_("Invoice")


@dataclass(frozen=True, slots=True)
class FeeRow:
    """A line of the fee table; programme "" and category 0 are every one."""

    id: int
    programme: str
    category: int
    people: int
    unit: str
    amount: int
    currency: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Quote:
    """What a workshop would cost, and by which line of the fee table."""

    quantity: int
    amount: int
    currency: str
    fee: FeeRow


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice; `overdue` is whether it was due before today, in its school's zone."""

    id: int
    workshop_id: int
    reference: str
    title: str
    school: str
    number: str
    quantity: int
    amount: int
    currency: str
    issued_on: date
    due_on: date
    paid_on: date | None
    overdue: bool


def shown_amount(amount: int, currency: str) -> str:
    """Return an amount in hundredths as `1234.50 EUR`, alike in every language: for programs."""
    return f"{amount // 100}.{amount % 100:02} {currency}"


def told_amount(amount: int, currency: str) -> Wording:
    """Return an amount in hundredths as people write it: `1,234.50 EUR`, `1 234,50 EUR`."""
    cents = f"{amount % 100:02}"
    # Translators: an amount of money, as in 450.00 EUR
    return say(
        "%(whole)s.%(cents)s %(currency)s",
        whole=_grouped(amount // 100),
        cents=cents,
        currency=currency,
    )


def _grouped(whole: int) -> Wording | str:
    if whole < 1000:
        return str(whole)
    rest = f"{whole % 1000:03}"
    # Translators: the thousands of a number and its last three figures, as in 1,234
    return say("%(thousands)s,%(rest)s", thousands=_grouped(whole // 1000), rest=rest)


# --- fees ---------------------------------------------------------------------------------


def fees(session: ActorSession) -> list[FeeRow]:
    """Return the fee table, the latest lines first."""
    rows = session.scalars(
        select(WorkshopFee).order_by(
            col(WorkshopFee.valid_from).desc(),
            col(WorkshopFee.programme),
            col(WorkshopFee.category),
            col(WorkshopFee.people),
        )
    )
    return [_fee(row) for row in rows]


def _fee(row: WorkshopFee) -> FeeRow:
    return FeeRow(
        row.id or 0, row.programme, row.category, row.people, row.unit, row.amount,
        row.currency, row.valid_from,
    )  # fmt: skip


def add_fee(
    session: ActorSession,
    amount: int,
    valid_from: date,
    *,
    programme: str = "",
    category: int = 0,
    people: int = 0,
    unit: str = FEE_UNITS[0],
    currency: str = DEFAULT_CURRENCY,
) -> int:
    """Add a line to the fee table, in place of one for the same, and return its id.

    For the office; raises `InvoiceRefused` for what can't be a fee.
    """
    require_office(session)
    right = (
        0 <= amount <= MOST
        and programme in ("", *PROGRAMMES)
        and category in (0, *CATEGORIES)
        and people >= 0
        and unit in FEE_UNITS
        and _CURRENCY.fullmatch(currency)
    )
    if not right:
        raise InvoiceRefused(say("This is no fee: look at each of its values."))
    same = and_(
        col(WorkshopFee.programme) == programme,
        col(WorkshopFee.category) == category,
        col(WorkshopFee.people) == people,
        col(WorkshopFee.valid_from) == valid_from,
    )
    if not change(session, WorkshopFee, same, amount=amount, unit=unit, currency=currency):
        session.add(
            WorkshopFee(
                programme=programme, category=category, people=people, unit=unit,
                amount=amount, currency=currency, valid_from=valid_from,
            )
        )  # fmt: skip
        session.flush()
    return session.scalars(select(col(WorkshopFee.id)).where(same)).one() or 0


def remove_fee(session: ActorSession, fee_id: int) -> None:
    """Take a line out of the fee table; invoices that were made keep their amount."""
    require_office(session)
    row = session.scalars(select(WorkshopFee).where(col(WorkshopFee.id) == fee_id)).one_or_none()
    if row is None:
        raise InvoiceRefused(say("There is no such line in the fee table."))
    session.delete(row)


def best_fee(lines: list[FeeRow], workshop: Workshop, quantity: int) -> FeeRow | None:
    """Return the line that holds for a workshop of so many: the one that says most about it.

    Programme counts before category, category before number, and the latest of the same.
    """
    fitting = [
        line
        for line in lines
        if line.valid_from <= workshop.first_day
        and line.people <= quantity
        and line.programme in ("", workshop.programme)
        and line.category in (0, workshop.category)
    ]
    return max(
        fitting,
        key=lambda line: (line.programme != "", line.category != 0, line.people, line.valid_from),
        default=None,
    )


def quote(session: ActorSession, workshop_id: int) -> Quote:
    """Return what a workshop costs: for its participants, or while none is entered for the
    number that was asked for. Raises `InvoiceRefused` where no fee is known."""
    workshop = find(session, workshop_id)
    quantity = len(live_participants(session, workshop_id)) or workshop.people
    fee = best_fee(fees(session), workshop, quantity)
    if fee is None:
        raise InvoiceRefused(say("The fee table has no line for this workshop: add one."))
    amount = fee.amount * (quantity if fee.unit == FEE_UNITS[0] else 1)
    return Quote(quantity, amount, fee.currency, fee)


# --- invoices -----------------------------------------------------------------------------


def issue(session: ActorSession, workshop_id: int, number: str = "") -> int:
    """Make the invoice of a workshop and return its id; its contact is told.

    Possible once the attendance is complete, or where a cancellation is charged. Without a
    `number` it gets one from the workshop's reference. For the office; raises
    `InvoiceRefused`, `StepRefused`.
    """
    require_office(session)
    workshop, cost = find(session, workshop_id), quote(session, workshop_id)
    due = facts_of(workshop, session.at).status == "attended" or workshop.charged
    if not due or workshop.invoiced_at is not None:
        raise refused_step(workshop, session.at)
    named = squeeze(clean(number, _LONGEST_NUMBER)) or _number(workshop_id)
    if session.scalar(select(col(WorkshopInvoice.id)).where(col(WorkshopInvoice.number) == named)):
        raise InvoiceRefused(say("There is an invoice %(number)s already.", number=named))
    step(session, workshop, col(Workshop.invoiced_at).is_(None), invoiced_at=session.at)
    invoice = WorkshopInvoice(
        workshop_id=workshop_id,
        school_id=workshop.school_id,
        number=named,
        quantity=cost.quantity,
        amount=cost.amount,
        currency=cost.currency,
        issued_on=local_day(session.at, zone_of(session, workshop)),
        due_on=workshop.invoice_due,
    )
    session.add(invoice)
    session.flush()
    amount = told_amount(cost.amount, cost.currency)
    workshop_letters.tell_contact(
        session, workshop, "invoiced", number=named, amount=amount, due=workshop.invoice_due
    )
    assert invoice.id is not None
    return invoice.id


def _number(workshop_id: int) -> str:
    return f"AV-{make_workshop_reference(workshop_id)}"


def pay(session: ActorSession, workshop_id: int, day: date) -> None:
    """Note that the invoice of a workshop was paid on a day, not in the future. For the office."""
    require_office(session)
    workshop = find(session, workshop_id)
    if day > local_day(session.at, zone_of(session, workshop)):
        raise InvoiceRefused(say("This day has not come yet."))
    unpaid = and_(
        col(WorkshopInvoice.workshop_id) == workshop_id, col(WorkshopInvoice.paid_on).is_(None)
    )
    if not change(session, WorkshopInvoice, unpaid, paid_on=day):
        raise InvoiceRefused(say("There is no invoice to be paid."))
    step(session, workshop, col(Workshop.paid_at).is_(None), paid_at=session.at)


def invoice_of(session: ActorSession, workshop_id: int) -> InvoiceRow | None:
    """Return the invoice of a workshop, None where there is none."""
    found = _rows(session, col(WorkshopInvoice.workshop_id) == workshop_id, 1)
    return found[0] if found else None


def overdue(session: ActorSession, limit: int = 200) -> list[InvoiceRow]:
    """Return the invoices that were due and are not paid, the oldest first."""
    unpaid = col(WorkshopInvoice.paid_on).is_(None)
    # East of Greenwich today may be a day ahead; `overdue` of the row decides.
    late = col(WorkshopInvoice.due_on) <= session.at.date()
    return [row for row in _rows(session, and_(unpaid, late), limit) if row.overdue]


def unpaid(session: ActorSession, limit: int = 200) -> list[InvoiceRow]:
    """Return the invoices that are not paid, the one that is due first at the top."""
    return _rows(session, col(WorkshopInvoice.paid_on).is_(None), limit)


def _rows(session: ActorSession, condition: object, limit: int) -> list[InvoiceRow]:
    rows = session.execute(
        select(WorkshopInvoice, col(Workshop.title), col(School.name), col(School.time_zone))
        .join(Workshop, col(Workshop.id) == col(WorkshopInvoice.workshop_id))
        .join(School, col(School.id) == col(WorkshopInvoice.school_id))
        .where(condition)  # type: ignore[arg-type]
        .order_by(col(WorkshopInvoice.due_on), col(WorkshopInvoice.id))
        .limit(limit)
    ).all()
    return [_invoice(session, *row) for row in rows]


def _invoice(
    session: ActorSession, row: WorkshopInvoice, title: str, school: str, zone: str
) -> InvoiceRow:
    today = local_day(session.at, ZoneInfo(zone))
    return InvoiceRow(
        row.id or 0, row.workshop_id, make_workshop_reference(row.workshop_id), title, school,
        row.number, row.quantity, row.amount, row.currency, row.issued_on, row.due_on,
        row.paid_on, row.paid_on is None and row.due_on < today,
    )  # fmt: skip


def overdue_sentence(row: InvoiceRow) -> Wording:
    """Return what is to be said of an invoice that is overdue."""
    return say(
        "Invoice %(number)s of %(amount)s was due on %(day)s.",
        number=row.number,
        amount=told_amount(row.amount, row.currency),
        day=row.due_on,
    )
