"""What needs attention among the workshops: requests to answer, lists and invoices overdue."""

from collections.abc import Callable, Iterator

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import col

from models.database import ActorSession
from models.language import Wording, say_n
from models.rights import may_see
from models.workshops import Workshop
from services.attention import AttentionLine
from services.workshop_rules import is_office

GO_TO = "workshops"


def workshop_lines(session: ActorSession) -> list[AttentionLine]:
    """Return what needs attention among the workshops that the actor sees, most pressing first.

    Answers and attendance lists are the office's affair, invoices its own and the school's.
    Nothing for whoever sees no workshops.
    """
    if not (session.actor.sees_all or may_see(session.actor.role, "workshops")):
        return []
    return list(_lines(session))


def _lines(session: ActorSession) -> Iterator[AttentionLine]:
    answered = col(Workshop.accepted_at).is_not(None)
    listed = col(Workshop.attended_at).is_not(None)
    cancelled = col(Workshop.cancelled_at).is_not(None)  # and charged, or nothing would be due
    billed = col(Workshop.invoiced_at).is_not(None)
    office = is_office(session)
    if office:
        yield from _line(session, "workshop_answer_overdue", ~answered, _unanswered)
        waiting = and_(answered, ~listed, ~cancelled)
        yield from _line(session, "workshop_attendance_overdue", waiting, _unlisted)
        yield from _line(
            session, "workshop_invoice_missing", and_(or_(listed, cancelled), ~billed), _unbilled
        )
    yield from _line(session, "workshop_invoice_overdue", billed, _unpaid)


def _line(
    session: ActorSession,
    cause: str,
    condition: ColumnElement[bool],
    sentence: Callable[[int], Wording],
) -> Iterator[AttentionLine]:
    overdue = col(Workshop.due_on) < session.at.date()
    n = session.scalar(select(func.count(col(Workshop.id))).where(overdue, condition)) or 0
    if n:
        yield AttentionLine(cause, n, sentence(n), GO_TO)


def _unanswered(n: int) -> Wording:
    return say_n(
        "%(count)s workshop request should have been answered by now.",
        "%(count)s workshop requests should have been answered by now.",
        n,
    )


def _unlisted(n: int) -> Wording:
    return say_n(
        "The attendance list of %(count)s workshop is overdue.",
        "The attendance lists of %(count)s workshops are overdue.",
        n,
    )


def _unbilled(n: int) -> Wording:
    return say_n(
        "%(count)s workshop is past its invoice’s day and has none yet.",
        "%(count)s workshops are past their invoices’ days and have none yet.",
        n,
    )


def _unpaid(n: int) -> Wording:
    return say_n(
        "%(count)s workshop invoice is overdue.",
        "%(count)s workshop invoices are overdue.",
        n,
    )
