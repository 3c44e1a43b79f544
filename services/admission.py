"""What a one-use token opens: an invitation, a forgotten password or a new address.

Whoever types a token that this program never gave learns that and nothing else; whoever holds
a genuine one is told exactly why it opens nothing (DOMAIN §5). Opening a token changes
nothing, for scanners of mail open links too; `services.activation` spends it.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, or_, select
from sqlmodel import col

from models.access import INVITED, Access, FactColumns, Service, joined
from models.accounts import ADDRESS_PURPOSE, PASSWORD_PURPOSE, Account, AddressChange, PasswordReset
from models.addresses import address_key
from models.database import ActorSession
from models.families import Guardianship
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import Key
from models.language import Wording, say
from models.mail import Mail
from models.people import Person
from models.schools import School, SchoolYear
from models.tokens import ParsedToken, matching_generation, parse_token
from services import tries
from services.access_rows import AT, DAY
from services.account_mail import contact_of
from services.sign_in import AccountLocked, Entrance, zone_of
from services.token_refusals import (
    AccountDeactivated,
    TokenBlocked,
    TokenExpired,
    TokenInvalid,
    TokenOfOtherYear,
    TokenRefused,
    TokenUsed,
    TokenWithdrawn,
    account_disabled,
    expired,
    invitation_withdrawn,
    no_password,
    replaced,
    used_already,
)
from services.zones import local

Kind = Literal["invitation", "reset", "address"]


@dataclass(frozen=True, slots=True)
class Admission:
    """What a genuine and usable token is for; nothing in it is secret.

    `email` is what the person signs in with afterwards. `known` tells that the person has an
    account under another address: its present password is asked for, and not a new one.
    `shared` that `email` is another person's user name, so that another has to be given.
    """

    kind: Kind
    name: str
    email: str
    school: str
    service: str
    valid_until: datetime
    account_id: int | None = None
    access_id: int | None = None
    known: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Genuine:
    """A token whose authentication fits: its kind, its generation, and its latest row."""

    kind: Kind
    generation: int
    row: Any


@dataclass(frozen=True, slots=True)
class Opened:
    """A usable token with all that using it needs."""

    admission: Admission
    row: Any
    account: Account | None = None
    person: Person | None = None
    school: School | None = None


def look_at_token(entrance: Entrance, text: str) -> Admission:
    """Return what a token opens, spending nothing.

    Raises `TokenMistyped` before anything is looked up, `TokenInvalid` for what this program
    never gave (`TooManyTries` after many of those), and for a genuine token one of the other
    errors of this module, with the reason. A genuine token is looked at even while its origin
    waits: nobody can guess one, and so nobody can keep its holder out.
    """
    parsed = parse_token(text)
    try:
        with entrance.looking() as session:
            return open_token(session, entrance.key, parsed, entrance.knocker).admission
    except TokenRefused as refused:
        _note_refusal(entrance, parsed, refused)
        raise


def open_token(session: ActorSession, key: Key, parsed: ParsedToken, origin: str) -> Opened:
    found = genuine(session, key, parsed)
    if found is None:
        tries.check_origin(session, origin)
        raise TokenInvalid(
            say(
                "This program has not given this token. Compare it with the e-mail; if it is "
                "the same, ask your school’s manager."
            )
        )
    return open_genuine(found, session)


def open_genuine(found: Genuine, session: ActorSession) -> Opened:
    """Return what a genuine token opens; raises why it opens nothing (`TokenRefused`)."""
    return _OPENERS[found.kind](session, found)


_TABLES: tuple[tuple[Kind, str, Any], ...] = (
    ("invitation", TOKEN_PURPOSE, Invitation),
    ("reset", PASSWORD_PURPOSE, PasswordReset),
    ("address", ADDRESS_PURPOSE, AddressChange),
)


def genuine(session: ActorSession, key: Key, parsed: ParsedToken) -> Genuine | None:
    """Return the row that a token belongs to, None for one that was never given.

    Everything is looked up and computed whatever is found on the way. In a session that
    writes, the row is locked: whoever comes second sees that the token is used.
    """
    found: Genuine | None = None
    for kind, purpose, table in _TABLES:
        owner: Any = table.access_id if table is Invitation else table.account_id
        latest: Any = (
            select(table).where(owner == parsed.row_id).order_by(table.generation.desc()).limit(1)
        )
        if session.writes:
            latest = latest.with_for_update()
        row = session.scalars(latest).one_or_none()
        given = row.generation if row is not None else 1
        generation = matching_generation(key, purpose, parsed, given)
        if row is not None and generation is not None:
            found = Genuine(kind, generation, row)
    return found


def _note_refusal(entrance: Entrance, parsed: ParsedToken, refused: TokenRefused) -> None:
    """Write down for the helpdesk why a token opened nothing, and count what was guessed."""
    with entrance.acting() as session:
        found = genuine(session, entrance.key, parsed)
        if found is None:
            tries.count_origin(session, entrance.knocker)
        row = found.row if found else None
        tries.record(
            session,
            "token",
            refused.outcome,
            entrance.knocker,
            account_id=getattr(row, "account_id", None),
            access_id=getattr(row, "access_id", None),
        )


def _open_invitation(session: ActorSession, found: Genuine) -> Opened:
    row: Invitation = found.row
    facts = _access_facts(session, row.access_id)
    access, person, school = facts.Access, facts.Person, facts.School
    account = _account_of(session, person.id)
    _check_person(session, account, school, facts)
    used = select(func.max(col(Invitation.used_at))).where(col(Invitation.access_id) == access.id)
    _check_used(session, access, account, school, session.scalar(used))
    if found.generation < row.generation:
        raise replaced(local(row.queued_at, school.time_zone))
    _check_invitation(session, row, school, facts)
    recipient = _recipient(session, row, facts)
    same_mailbox = account_at(session, recipient)
    if account is None and same_mailbox is not None and same_mailbox.person_id is None:
        account, same_mailbox = same_mailbox, None  # made on the command line: now theirs
        _check_person(session, account, school, facts)
    known = account is not None and account.email_key != address_key(recipient)
    if known and account is not None and account.password_hash is None:
        raise no_password(account)
    shared = same_mailbox is not None and (account is None or same_mailbox.id != account.id)
    admission = Admission(
        kind="invitation",
        name=f"{person.first_name} {person.surname}",
        email=account.email if account and known else recipient,
        school=school.name,
        service=facts.service,
        valid_until=local(row.valid_until, school.time_zone),
        account_id=account.id if account else None,
        access_id=access.id,
        known=known,
        shared=shared and not known,
    )
    return Opened(admission, row, account, person, school)


def _access_facts(session: ActorSession, access_id: int) -> Any:
    """Return an access with its person and school, and its status on the day it is there."""
    zone = session.scalar(
        select(col(School.time_zone))
        .join(Access, col(Access.school_id) == col(School.id))
        .where(col(Access.id) == access_id)
    )
    day = session.at.astimezone(ZoneInfo(zone or "UTC")).date()
    values = {"at": session.at, "day": day, "access": access_id}
    return session.execute(_facts_statement(), values).one()


@cache
def _facts_statement() -> Any:
    """Built once, for that takes longer than running it."""
    facts = FactColumns(AT, DAY)
    statement: Any = select(
        Access,
        Person,
        School,
        col(Service.name).label("service"),
        col(SchoolYear.label).label("year"),
        facts.status.label("status"),
        facts.address.label("address"),
    ).select_from(Access)
    statement = joined(statement, AT, of_guardians=True).join(
        School, col(School.id) == Access.school_id
    )
    return statement.where(col(Access.id) == bindparam("access"))


def _account_of(session: ActorSession, person_id: int) -> Account | None:
    """Return the account of a person, also where it was made for one found to be the same."""
    same = select(col(Person.id)).where(col(Person.merged_into_id) == person_id)
    whose = or_(col(Account.person_id) == person_id, col(Account.person_id).in_(same))
    accounts = select(Account).where(whose).order_by(col(Account.disabled_at).is_not(None))
    return session.scalars(accounts.order_by(col(Account.id)).limit(1)).one_or_none()


def account_at(session: ActorSession, address: str, *, hold: bool = False) -> Account | None:
    wanted = select(Account).where(col(Account.email_key) == address_key(address))
    return session.scalars(wanted.with_for_update() if hold else wanted).one_or_none()


def _check_person(
    session: ActorSession, account: Account | None, school: School, facts: Any
) -> None:
    """Refuse where the account, the access or its school year is closed."""
    contact = contact_of(school)
    if account is not None and account.disabled_at is not None:
        raise account_disabled(contact)
    if facts.status == "deactivated" or not _has_reason(session, facts):
        raise AccountDeactivated(
            say(
                "%(school)s has deactivated your access. Ask %(contact)s.",
                school=school.name,
                contact=contact,
            )
        )
    if facts.status == "ended":
        raise TokenOfOtherYear(
            say(
                "This token was for the school year %(year)s, which has ended. Ask %(contact)s "
                "for the new year.",
                year=facts.year,
                contact=contact,
            )
        )


def _has_reason(session: ActorSession, facts: Any) -> bool:
    """Tell whether a guardian still answers for a child there; others have their post."""
    access: Access = facts.Access
    if access.post_id is not None:
        return True
    children = select(col(Guardianship.id)).where(
        col(Guardianship.person_id) == access.person_id,
        col(Guardianship.school_id) == access.school_id,
        col(Guardianship.ended_at).is_(None),
    )
    return session.scalars(children.limit(1)).first() is not None


def _check_used(
    session: ActorSession,
    access: Access,
    account: Account | None,
    school: School,
    used_at: datetime | None,
) -> None:
    """Refuse where the access is active, and tell how to come in nevertheless."""
    active = access.activated_at is not None and access.activated_at <= session.at
    if used_at is None and not active:
        return
    _check_lock(session, account, school.time_zone)
    if used_at is None:
        raise TokenUsed(
            say(
                "Your access is active already, without this token: sign in with your address "
                "and your password. “Forgotten password” gets you a new one."
            )
        )
    raise used_already(local(used_at, school.time_zone))


def _check_lock(session: ActorSession, account: Account | None, zone: str) -> None:
    """The holder of a token that was the own is told of the lock: it is what keeps them out."""
    if account is None or account.locked_until is None or account.locked_until <= session.at:
        return
    raise AccountLocked(account.locked_until, zone)


def _check_invitation(session: ActorSession, row: Invitation, school: School, facts: Any) -> None:
    contact = contact_of(school)
    if row.cancelled_at is not None:
        raise invitation_withdrawn(contact)
    if row.valid_until <= session.at:
        raise TokenExpired(
            say(
                "This token was valid until %(at)s. Ask %(contact)s to send you a new one.",
                at=local(row.valid_until, school.time_zone),
                contact=contact,
            )
        )
    if facts.status not in INVITED:
        raise TokenBlocked(
            say("%(reason)s Ask %(contact)s.", reason=_BLOCKS[facts.status], contact=contact)
        )
    sent_to = _recipient(session, row, facts)
    if address_key(sent_to) != address_key(facts.address):
        raise TokenWithdrawn(
            say(
                "Your address has been changed in the school’s records since this e-mail. Ask "
                "%(contact)s to send you a new token.",
                contact=contact,
            )
        )


#: Why a token that was good when it was sent opens nothing now, by the access's status.
_BLOCKS: dict[str, Wording] = {
    "no_address": say("Your address has been removed from the school’s records."),
    "no_consent": say("Your signed consent for this address is missing or was withdrawn."),
    "duplicate": say("The school must decide first whether you are recorded twice."),
    "no_role": say("The school has given you no role yet."),
    "to_invite": say("This invitation has been taken back."),
}


def _recipient(session: ActorSession, row: Invitation, facts: Any) -> str:
    """Return where the token was mailed to: that mailbox is what its holder has shown."""
    sent = session.scalar(select(col(Mail.recipient)).where(col(Mail.id) == row.mail_id))
    return str(sent or facts.address)


def _own_account(session: ActorSession, row: PasswordReset | AddressChange) -> tuple[Account, str]:
    """Return the account that such a token is for, and its owner's zone."""
    account = session.scalars(select(Account).where(col(Account.id) == row.account_id)).one()
    if account.disabled_at is not None:
        raise account_disabled()
    return account, zone_of(session, account.person_id)


def _opened(
    kind: Kind,
    row: PasswordReset | AddressChange,
    account: Account,
    email: str,
    zone: str,
) -> Opened:
    admission = Admission(
        kind=kind,
        name=account.name,
        email=email,
        school="",
        service="",
        valid_until=local(row.valid_until, zone),
        account_id=account.id,
    )
    return Opened(admission, row, account)


def _open_reset(session: ActorSession, found: Genuine) -> Opened:
    row: PasswordReset = found.row
    account, zone = _own_account(session, row)
    if found.generation < row.generation and row.used_at is None and row.replaced_at is None:
        raise replaced(local(row.asked_at, zone))
    if row.used_at is not None:
        _check_lock(session, account, zone)
        raise used_already(local(row.used_at, zone))
    if row.replaced_at is not None:
        raise TokenWithdrawn(
            say(
                "The password or the address of this account was changed on %(at)s, after this "
                "e-mail. Ask for a new one with “Forgotten password”.",
                at=local(row.replaced_at, zone),
            )
        )
    if row.valid_until <= session.at:
        raise expired(local(row.valid_until, zone))
    return _opened("reset", row, account, account.email, zone)


def _open_address(session: ActorSession, found: Genuine) -> Opened:
    row: AddressChange = found.row
    account, zone = _own_account(session, row)
    if found.generation < row.generation:
        raise replaced(local(row.asked_at, zone))
    if row.confirmed_at is not None:
        raise TokenUsed(
            say("This address was confirmed on %(at)s.", at=local(row.confirmed_at, zone))
        )
    if row.cancelled_at is not None:
        raise TokenWithdrawn(say("This change of address has been taken back."))
    if row.valid_until <= session.at:
        raise expired(local(row.valid_until, zone))
    return _opened("address", row, account, row.email, zone)


_OPENERS = {
    "invitation": _open_invitation,
    "reset": _open_reset,
    "address": _open_address,
}
