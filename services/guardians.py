"""Guardians as lists show them: one row for each access, with the children and where it stands."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import Access, FactColumns, Service, Suspension, holds, joined
from models.database import ActorSession
from models.families import CORRECTED, Guardianship, Pupil
from models.invitations import Invitation
from models.language import Wording, say
from models.mail import Mail
from models.people import Person, Post
from models.schools import SchoolYear, Source
from services.access_rows import AT, DAY, Moment, address_source, end_of_day
from services.findings import STATUS_WORDS
from services.imports.family_members import NO_CHILD, SERVICE

__all__ = ["SERVICE", "Child", "GuardianRow", "among_guardians", "rows_of"]

#: Identifiers in one statement at most, below every engine's limit.
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil whom a guardian answers for; `group` is the class, `relation` the source's word."""

    pupil_id: int
    surname: str
    first_name: str
    group: str
    relation: str

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}"


@dataclass(frozen=True, slots=True)
class GuardianRow:
    """One guardian in one school and school year.

    `status` is one of `models.access.STATUS_CODES`, "active" being that the guardian has
    signed in with the token or was known before; `since` is when the deciding fact happened
    (UTC), `reason` says what keeps the guardian from signing in, where something does.
    `corrected` tells that the school itself has put the address right, `staff` that the
    guardian works in some school, so that the address is one of the staff records.
    """

    access_id: int
    person_id: int
    school_id: int
    school_year_id: int
    surname: str
    first_name: str
    language: str
    email: str | None
    email_source: str
    corrected: bool
    staff: bool
    children: tuple[Child, ...]
    status: str
    since: datetime | None
    activation: str
    reason: Wording | None

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}"


@cache
def of_guardians() -> ColumnElement[bool]:
    """SQL: the access is one that guardians have because of their children."""
    service: Any = aliased(Service)
    wanted = select(service.id).where(service.code == SERVICE).scalar_subquery()
    return and_(col(Access.service_id) == wanted, col(Access.post_id).is_(None))


def among_guardians(school_id: Any, school_year_id: Any) -> ColumnElement[bool]:
    """SQL: the access is a guardian's in one school and school year."""
    return and_(
        col(Access.school_id) == school_id,
        col(Access.school_year_id) == school_year_id,
        of_guardians(),
    )


def rows_of(session: ActorSession, now: Moment, access_ids: Sequence[int]) -> list[GuardianRow]:
    """Return the guardians of these accesses, in their order."""
    found: dict[int, GuardianRow] = {}
    for start in range(0, len(access_ids), _CHUNK):
        chunk = list(access_ids[start : start + _CHUNK])
        rows = session.execute(_statement(), {**now.values, "chosen": chunk}).all()
        children = _children(session, rows)
        for row in rows:
            found[row.access_id] = _row(row, children[row.person_id, row.school_id], now)
    return [found[access_id] for access_id in access_ids if access_id in found]


@cache
def _statement() -> Any:
    facts = FactColumns(AT, DAY)
    suspension: Any = aliased(Suspension)
    held = (suspension.access_id == Access.id, holds(suspension.from_at, suspension.until_at, AT))
    latest = select(suspension.reason).where(*held).order_by(suspension.from_at.desc()).limit(1)
    columns: dict[str, Any] = {
        "access_id": Access.id,
        "person_id": Access.person_id,
        "school_id": Access.school_id,
        "school_year_id": Access.school_year_id,
        "surname": Person.surname,
        "first_name": Person.first_name,
        "language": Person.language,
        "email": facts.address,
        "email_field": Person.personal_email_field,
        "staff": _is_staff(),
        "status": facts.status,
        "granted_at": Access.granted_at,
        "activated_at": Access.activated_at,
        "activation": Access.activation,
        "access_ends": SchoolYear.access_ends,
        "queued_at": Invitation.queued_at,
        "valid_until": Invitation.valid_until,
        "sent_at": Mail.sent_at,
        "uncertain_at": Mail.uncertain_at,
        "refused_at": Mail.refused_at,
        "bounced_at": Mail.bounced_at,
        "reply": Mail.reply,
        "recipient": Mail.recipient,
        "suspended_at": select(func.max(suspension.from_at)).where(*held).scalar_subquery(),
        "suspension_reason": latest.scalar_subquery(),
    }
    chosen = joined(
        select(*(column.label(name) for name, column in columns.items())).select_from(Access),
        AT,
        of_guardians=True,
    )
    return chosen.where(col(Access.id).in_(bindparam("chosen", expanding=True)))


def _is_staff() -> ColumnElement[bool]:
    """SQL: the guardian has a post, in whatever school; that there is one, and nothing else."""
    post = Post.__table__.alias()  # type: ignore[attr-defined]
    return exists(select(post.c.id).where(post.c.person_id == Access.person_id))


@dataclass(slots=True)
class _Family:
    children: list[Child]
    source: str = ""


def _children(
    session: ActorSession, rows: Collection[Any]
) -> defaultdict[tuple[int, int], _Family]:
    """Return the children whom each of these people answers for now, by person and school."""
    found: defaultdict[tuple[int, int], _Family] = defaultdict(lambda: _Family([]))
    if not rows:
        return found
    values = {
        "people": sorted({row.person_id for row in rows}),
        "schools": sorted({row.school_id for row in rows}),
    }
    for row in session.execute(_living_children(), values):
        family = found[row.person_id, row.school_id]
        family.source = row.source or family.source
        family.children.append(
            Child(row.pupil_id, row.surname, row.first_name, row.group, row.relation)
        )
    return found


@cache
def _living_children() -> Any:
    return (
        select(  # type: ignore[call-overload]
            Guardianship.person_id, Guardianship.school_id, Guardianship.relation,
            col(Pupil.id).label("pupil_id"), Pupil.surname, Pupil.first_name, Pupil.group,
            col(Source.name).label("source"),
        )
        .join(Pupil, col(Pupil.id) == Guardianship.pupil_id)
        .outerjoin(Source, col(Source.id) == Guardianship.source_id)
        .where(
            col(Guardianship.person_id).in_(bindparam("people", expanding=True)),
            col(Guardianship.school_id).in_(bindparam("schools", expanding=True)),
            col(Guardianship.ended_at).is_(None),
            col(Pupil.disappeared_at).is_(None),
        )
        .order_by(col(Pupil.surname_key), col(Pupil.first_name_key), col(Pupil.id))
    )  # fmt: skip


def _row(row: Any, family: _Family, now: Moment) -> GuardianRow:
    corrected = row.email_field == CORRECTED
    # Not from the list of families where the staff records hold the address.
    source = "" if corrected else address_source(family.source, row.email_field)
    made = GuardianRow(
        access_id=row.access_id,
        person_id=row.person_id,
        school_id=row.school_id,
        school_year_id=row.school_year_id,
        surname=row.surname,
        first_name=row.first_name,
        language=row.language,
        email=row.email,
        email_source=source if row.email else "",
        corrected=corrected,
        staff=bool(row.staff),
        children=tuple(family.children),
        status=row.status,
        since=_since(row, now),
        activation=row.activation,
        reason=None,
    )
    explain = _REASONS.get(row.status)
    return replace(made, reason=explain(row, now)) if explain else made


def _since(row: Any, now: Moment) -> datetime | None:
    deciding: dict[str, datetime | None] = {
        "deactivated": row.suspended_at,
        "ended": end_of_day(row.access_ends, now.zone) + timedelta(microseconds=1),
        "active": row.activated_at,
        "bounced": row.bounced_at,
        "refused": row.refused_at,
        "expired": row.valid_until,
        "uncertain": row.uncertain_at,
        "sent": row.sent_at,
        "queued": row.queued_at,
    }
    found: datetime | None = deciding.get(row.status, row.granted_at)
    return found


# --- why not ------------------------------------------------------------------------------


def _no_address(_row: Any, _now: Moment) -> Wording:
    return say("No e-mail address is on file. F2 enters one, then the invitation is sent.")


def _duplicate(_row: Any, _now: Moment) -> Wording:
    return say("May be the same person as somebody else on record. Decide it first: g, a, d.")


def _deactivated(row: Any, _now: Moment) -> Wording:
    if row.suspension_reason == NO_CHILD:
        return say("No child of theirs is in this school any more.")
    return say("The access is deactivated: %(reason)s.", reason=row.suspension_reason or "–")


def _ended(row: Any, _now: Moment) -> Wording:
    day: date = row.access_ends
    return say("The access ended with the school year, on %(day)s.", day=day)


def _bounced(row: Any, _now: Moment) -> Wording:
    return say(
        "The mail to %(address)s came back. F2 corrects the address and sends again.",
        address=row.recipient,
    )


def _refused(row: Any, _now: Moment) -> Wording:
    return say(
        "The mail server refused %(address)s. F2 corrects the address and sends again.",
        address=row.recipient,
    )


def _expired(row: Any, now: Moment) -> Wording:
    return say(
        "The token was valid until %(at)s and was not used. F8 sends a new one.",
        at=row.valid_until.astimezone(now.zone),
    )


def _uncertain(_row: Any, _now: Moment) -> Wording:
    return say("The mail server gave no answer: it may have arrived. F8 sends again.")


def _plainly(status: str) -> Callable[[Any, Moment], Wording]:
    return lambda _row, _now: STATUS_WORDS[status].label


_REASONS: dict[str, Callable[[Any, Moment], Wording]] = {
    "no_address": _no_address,
    "no_consent": _plainly("no_consent"),
    "duplicate": _duplicate,
    "no_role": _plainly("no_role"),
    "deactivated": _deactivated,
    "ended": _ended,
    "bounced": _bounced,
    "refused": _refused,
    "expired": _expired,
    "uncertain": _uncertain,
}
