"""The address recorded for a head of school: checked, changed with the nightly update, cancelled.

A change takes effect with the update that is due next; a later one cancels it until then. The
old address is told when it counts no more (DOMAIN §3, HeadNet).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_
from sqlmodel import col

from models.addresses import AddressError, address_key, likely_typing_error, parse_address
from models.database import ActorSession, change
from models.headnet import HeadAddress, Headship, is_waiting
from models.language import Wording, say
from models.nightly import Schedule
from services.attention import known_domains
from services.headnet_rows import (
    HeadnetRefused,
    address_in_force,
    required_head,
    school_of,
    waiting_address,
)


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """What an address that was typed is: `email` as it is kept, "" where it is `wrong`.

    `meant` is the address that was probably meant, None where nothing looks mistyped.
    """

    email: str
    wrong: Wording | None = None
    meant: str | None = None

    @property
    def hint(self) -> Wording | None:
        """The likely typing error in words, None where there is none."""
        if self.meant is None:
            return None
        return say("Is it not %(meant)s? Look at it again.", meant=self.meant)


def check_address(session: ActorSession, school_id: int, text: str) -> AddressCheck:
    """Return what a typed address is; it changes nothing."""
    school_of(session, school_id)
    try:
        email = parse_address(text)
    except AddressError as error:
        return AddressCheck("", error.wording)
    return AddressCheck(email, None, likely_typing_error(email, known_domains(session, school_id)))


@dataclass(frozen=True, slots=True)
class AddressChangePlan:
    """What a change of the recorded address would do, as it was shown.

    `email` counts from `takes_effect_at` on, in place of `old_email` (None where the head has
    no address: then it counts at once). `cancelled` is a change that waits and that this one
    cancels.
    """

    school_id: int
    headship_id: int
    head: str
    email: str
    meant: str | None
    old_email: str | None
    takes_effect_at: datetime
    cancelled: str | None

    @property
    def hint(self) -> Wording | None:
        """The likely typing error in words, None where there is none."""
        return AddressCheck(self.email, None, self.meant).hint


def prepare_change(
    session: ActorSession, school_id: int, text: str, schedule: Schedule
) -> AddressChangePlan:
    """Return what recording a typed address would do; it changes nothing.

    Raises `HeadnetRefused` for what is no address, is in force or waits already, or where
    there is no head.
    """
    return _prepared(session, required_head(session, school_id), text, schedule)


def _prepared(
    session: ActorSession, head: Headship, text: str, schedule: Schedule
) -> AddressChangePlan:
    checked = check_address(session, head.school_id, text)
    if checked.wrong is not None:
        raise HeadnetRefused(checked.wrong)
    assert head.id is not None
    now, waiting = address_in_force(session, head.id), waiting_address(session, head.id)
    _refuse_same(checked.email, now, waiting)
    return AddressChangePlan(
        school_id=head.school_id,
        headship_id=head.id,
        head=f"{head.first_name} {head.surname}".strip(),
        email=checked.email,
        meant=checked.meant,
        old_email=now.email if now else None,
        takes_effect_at=schedule.next_due(session.at) if now else session.at,
        cancelled=waiting.email if waiting else None,
    )


def _refuse_same(email: str, now: HeadAddress | None, waiting: HeadAddress | None) -> None:
    if waiting is not None and waiting.email == email:
        raise HeadnetRefused(say("The change to this address waits already."))
    if now is None or now.email != email:
        return
    if waiting is not None:
        raise HeadnetRefused(
            say("This address is in force: cancel the change that waits, and it stays so.")
        )
    raise HeadnetRefused(say("This address is in force already."))


def change_address(
    session: ActorSession, school_id: int, text: str, schedule: Schedule
) -> AddressChangePlan:
    """Record another address for a head, from the next update on; return what was done.

    A change that waits is cancelled. Raises what `prepare_change` raises.
    """
    head = required_head(session, school_id, hold=True)
    plan = _prepared(session, head, text, schedule)
    _cancel_waiting(session, plan.headship_id)
    session.add(new_address(session, head, plan.email, plan.takes_effect_at))
    session.flush()
    return plan


def new_address(
    session: ActorSession, head: Headship, email: str, takes_effect_at: datetime
) -> HeadAddress:
    """Return the row of an address recorded now; one that takes effect now is in force."""
    assert head.id is not None
    return HeadAddress(
        headship_id=head.id,
        school_id=head.school_id,
        email=email,
        email_key=address_key(email),
        recorded_at=session.at,
        recorded_by=session.actor.name,
        takes_effect_at=takes_effect_at,
        in_force_at=session.at if takes_effect_at <= session.at else None,
    )


def cancel_change(session: ActorSession, school_id: int, address_id: int) -> None:
    """Cancel a change of address that waits; raises `HeadnetRefused` where it waits no more."""
    head = required_head(session, school_id, hold=True)
    assert head.id is not None
    if not _cancel_waiting(session, head.id, address_id):
        raise HeadnetRefused(say("This change of address waits no more. Look again."))


def _cancel_waiting(session: ActorSession, headship_id: int, address_id: int | None = None) -> int:
    waiting = and_(col(HeadAddress.headship_id) == headship_id, is_waiting(HeadAddress))
    if address_id is not None:
        waiting = and_(waiting, col(HeadAddress.id) == address_id)
    return change(session, HeadAddress, waiting, cancelled_at=session.at)
