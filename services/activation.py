"""One-use tokens: looked at without being spent, and spent when the password is set.

An invitation, a forgotten password and a new address each have a token. Whoever types one that
this program never gave learns that and nothing else; whoever holds a genuine one is told
exactly why it opens nothing (DOMAIN §5). Opening a token changes nothing, for scanners of
mail open links too; setting the password does everything in one transaction.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, or_, select
from sqlmodel import col

from models.access import INVITED, Access, FactColumns, Service, joined
from models.accounts import (
    ADDRESS_PURPOSE,
    PASSWORD_PURPOSE,
    Account,
    AddressChange,
    PasswordReset,
    SignInEvent,
)
from models.addresses import AddressError, address_key, parse_address
from models.database import ActorSession, change
from models.errors import TrousseauError
from models.families import Guardianship
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import Key
from models.language import DEFAULT_LANGUAGE, N_, Wording, say
from models.mail import Mail
from models.people import Person, Post
from models.schools import School, SchoolYear
from models.tokens import ParsedToken, TokenMistyped, matching_generation, parse_token
from services import account_mail, tries
from services.access_rows import AT, DAY
from services.account_keys import remove_all_keys
from services.account_mail import contact_of
from services.desk import ChangedMeanwhile
from services.passwords import check_password
from services.sign_in import (
    AccountLocked,
    Entrance,
    SignedIn,
    TooManyTries,
    admitted,
    confirm_password,
    let_in,
    zone_of,
)
from services.zones import local

__all__ = [
    "RESET_LIFE", "AccountDeactivated", "AccountLocked", "AddressRefused", "Admission", "Kind",
    "SharedMailbox", "TokenBlocked", "TokenExpired", "TokenInvalid", "TokenMistyped",
    "TokenOfOtherYear", "TokenRefused", "TokenReplaced", "TokenUsed", "TokenWithdrawn",
    "TooManyTries", "close_address_changes", "close_resets", "forgot_password", "hold_account",
    "look_at_token", "next_generation", "set_password", "spend",
]  # fmt: skip

Kind = Literal["invitation", "reset", "address"]

#: For how long the token of a forgotten password is valid.
RESET_LIFE = timedelta(hours=24)
#: Mails for a forgotten password within an hour, at most.
RESETS_OF_ACCOUNT, RESETS_OF_ORIGIN = 3, 20


# --- what a token is refused for ---------------------------------------------------------


class TokenRefused(TrousseauError):
    """A token that is well formed opens nothing; `outcome` is its code for the helpdesk."""

    outcome: ClassVar[str]


class TokenInvalid(TokenRefused):
    """This program has never given such a token. That is all that a stranger learns."""

    heading = N_("The token is not valid")
    outcome = "unknown"


class TokenUsed(TokenRefused):
    """The token has done its work, or the access became active without it."""

    heading = N_("The token has been used already")
    outcome = "used"


class TokenExpired(TokenRefused):
    """The token was valid until a time that has passed."""

    heading = N_("The token has expired")
    outcome = "expired"


class TokenReplaced(TokenRefused):
    """A later mail has brought another token."""

    heading = N_("A later e-mail has replaced this token")
    outcome = "replaced"


class TokenWithdrawn(TokenRefused):
    """Whoever gave the token has taken it back, or it went to an address that counts no more."""

    heading = N_("The token has been withdrawn")
    outcome = "withdrawn"


class TokenOfOtherYear(TokenRefused):
    """The access ended with its school year."""

    heading = N_("The token is of another school year")
    outcome = "other_year"


class AccountDeactivated(TokenRefused):
    """The school has deactivated the access, or the helpdesk the account."""

    heading = N_("The access is deactivated")
    outcome = "deactivated"


class TokenBlocked(TokenRefused):
    """Something must be decided first at the school: a double, a consent, a role."""

    heading = N_("The access is not open yet")
    outcome = "blocked"


class SharedMailbox(TokenRefused):
    """The address is another person's user name: this person has to choose another."""

    heading = N_("Choose another address")
    outcome = "shared"


class AddressRefused(TrousseauError):
    """What was typed cannot be the new reference address."""

    heading = N_("Choose another address")


# --- looking -----------------------------------------------------------------------------


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
class _Genuine:
    """A token whose authentication fits: its kind, its generation, and its latest row."""

    kind: Kind
    generation: int
    row: Any


@dataclass(frozen=True, slots=True)
class _Opened:
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
            return _open(session, entrance.key, parsed, entrance.knocker).admission
    except TokenRefused as refused:
        _note_refusal(entrance, parsed, refused)
        raise


def _open(session: ActorSession, key: Key, parsed: ParsedToken, origin: str) -> _Opened:
    found = _genuine(session, key, parsed)
    if found is None:
        tries.check_origin(session, origin)
        raise TokenInvalid(
            say(
                "This program has not given this token. Compare it with the e-mail; if it is "
                "the same, ask your school’s manager."
            )
        )
    return _OPENERS[found.kind](session, found)


_TABLES: tuple[tuple[Kind, str, Any], ...] = (
    ("invitation", TOKEN_PURPOSE, Invitation),
    ("reset", PASSWORD_PURPOSE, PasswordReset),
    ("address", ADDRESS_PURPOSE, AddressChange),
)


def _genuine(session: ActorSession, key: Key, parsed: ParsedToken) -> _Genuine | None:
    """Return the row that a token belongs to, None for one that was never given.

    Everything is looked up and computed whatever is found on the way. In a session that
    writes, the row is locked: whoever comes second sees that the token is used.
    """
    found: _Genuine | None = None
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
            found = _Genuine(kind, generation, row)
    return found


def _note_refusal(entrance: Entrance, parsed: ParsedToken, refused: TokenRefused) -> None:
    """Write down for the helpdesk why a token opened nothing, and count what was guessed."""
    with entrance.acting() as session:
        found = _genuine(session, entrance.key, parsed)
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


# --- invitations -------------------------------------------------------------------------


def _open_invitation(session: ActorSession, found: _Genuine) -> _Opened:
    row: Invitation = found.row
    facts = _access_facts(session, row.access_id)
    access, person, school = facts.Access, facts.Person, facts.School
    account = _account_of(session, person.id)
    _check_person(session, account, school, facts)
    used = select(func.max(col(Invitation.used_at))).where(col(Invitation.access_id) == access.id)
    _check_used(session, access, account, school, session.scalar(used))
    if found.generation < row.generation:
        raise _replaced(local(row.queued_at, school.time_zone))
    _check_invitation(session, row, school, facts)
    recipient = _recipient(session, row, facts)
    same_mailbox = _account_at(session, recipient)
    if account is None and same_mailbox is not None and same_mailbox.person_id is None:
        account, same_mailbox = same_mailbox, None  # made on the command line: now theirs
        _check_person(session, account, school, facts)
    known = account is not None and account.email_key != address_key(recipient)
    if known and account is not None and account.password_hash is None:
        raise _no_password(account)
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
    return _Opened(admission, row, account, person, school)


def _no_password(account: Account) -> TokenBlocked:
    """Whoever holds this mailbox must show that the other account is theirs, too."""
    return TokenBlocked(
        say(
            "You have an account already, under %(email)s, and it has no password yet. Make one "
            "first with “Forgotten password” and that address; then give this token again.",
            email=account.email,
        )
    )


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


def _account_at(session: ActorSession, address: str, *, hold: bool = False) -> Account | None:
    wanted = select(Account).where(col(Account.email_key) == address_key(address))
    return session.scalars(wanted.with_for_update() if hold else wanted).one_or_none()


def _check_person(
    session: ActorSession, account: Account | None, school: School, facts: Any
) -> None:
    """Refuse where the account, the access or its school year is closed."""
    contact = contact_of(school)
    if account is not None and account.disabled_at is not None:
        raise _account_disabled(contact)
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


def _account_disabled(contact: str = "") -> AccountDeactivated:
    if not contact:
        return AccountDeactivated(say("The helpdesk has closed this account. Ask it why."))
    return AccountDeactivated(
        say("The helpdesk has closed your account. Ask it, or %(contact)s.", contact=contact)
    )


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
    raise _used(local(used_at, school.time_zone))


def _check_lock(session: ActorSession, account: Account | None, zone: str) -> None:
    """The holder of a token that was the own is told of the lock: it is what keeps them out."""
    if account is None or account.locked_until is None or account.locked_until <= session.at:
        return
    raise AccountLocked(account.locked_until, zone)


def _used(at: datetime) -> TokenUsed:
    return TokenUsed(
        say(
            "This token was used on %(at)s: sign in with your address and your password. "
            "“Forgotten password” gets you a new one.",
            at=at,
        )
    )


def _replaced(at: datetime) -> TokenReplaced:
    return TokenReplaced(
        say(
            "A later e-mail has brought you another token, which replaces this one: use the "
            "mail of %(time)s, sent on %(day)s.",
            time=f"{at:%H:%M}",
            day=at.date(),
        )
    )


def _check_invitation(session: ActorSession, row: Invitation, school: School, facts: Any) -> None:
    contact = contact_of(school)
    if row.cancelled_at is not None:
        raise _withdrawn(contact)
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


def _withdrawn(contact: str) -> TokenWithdrawn:
    return TokenWithdrawn(
        say("This invitation has been taken back. Ask %(contact)s.", contact=contact)
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


# --- forgotten passwords and new addresses ------------------------------------------------


def _open_reset(session: ActorSession, found: _Genuine) -> _Opened:
    row: PasswordReset = found.row
    account = session.scalars(select(Account).where(col(Account.id) == row.account_id)).one()
    zone = zone_of(session, account.person_id)
    if account.disabled_at is not None:
        raise _account_disabled()
    if found.generation < row.generation and row.used_at is None and row.replaced_at is None:
        raise _replaced(local(row.asked_at, zone))
    if row.used_at is not None:
        _check_lock(session, account, zone)
        raise _used(local(row.used_at, zone))
    if row.replaced_at is not None:
        raise TokenWithdrawn(
            say(
                "The password or the address of this account was changed on %(at)s, after this "
                "e-mail. Ask for a new one with “Forgotten password”.",
                at=local(row.replaced_at, zone),
            )
        )
    if row.valid_until <= session.at:
        raise _own_expired(local(row.valid_until, zone))
    admission = Admission(
        kind="reset",
        name=account.name,
        email=account.email,
        school="",
        service="",
        valid_until=local(row.valid_until, zone),
        account_id=account.id,
    )
    return _Opened(admission, row, account)


def _own_expired(at: datetime) -> TokenExpired:
    return TokenExpired(say("This token was valid until %(at)s. Ask for a new one here.", at=at))


def _open_address(session: ActorSession, found: _Genuine) -> _Opened:
    row: AddressChange = found.row
    account = session.scalars(select(Account).where(col(Account.id) == row.account_id)).one()
    zone = zone_of(session, account.person_id)
    if account.disabled_at is not None:
        raise _account_disabled()
    if found.generation < row.generation:
        raise _replaced(local(row.asked_at, zone))
    if row.confirmed_at is not None:
        raise TokenUsed(
            say("This address was confirmed on %(at)s.", at=local(row.confirmed_at, zone))
        )
    if row.cancelled_at is not None:
        raise TokenWithdrawn(say("This change of address has been taken back."))
    if row.valid_until <= session.at:
        raise _own_expired(local(row.valid_until, zone))
    admission = Admission(
        kind="address",
        name=account.name,
        email=row.email,
        school="",
        service="",
        valid_until=local(row.valid_until, zone),
        account_id=account.id,
    )
    return _Opened(admission, row, account)


_OPENERS = {
    "invitation": _open_invitation,
    "reset": _open_reset,
    "address": _open_address,
}


# --- spending ----------------------------------------------------------------------------


def set_password(
    entrance: Entrance, text: str, password: str, *, address: str | None = None
) -> SignedIn:
    """Spend a token: set the password, activate the access, and sign in at once.

    All of it happens in one transaction, or nothing. With an invitation, `address` makes
    another reference address than the one it was sent to. Where the admission is `known`,
    `password` is the present one of the account. Raises what `look_at_token` raises,
    `PasswordRefused`, `AddressRefused`, `SharedMailbox`, `WrongPassword`, `AccountLocked`.
    """
    admission = look_at_token(entrance, text)
    chosen = _chosen_address(admission, address)
    if admission.kind == "address":
        raise TokenUsed(say("This token confirms an address, and sets no password."))
    if admission.known and admission.account_id is not None:
        stored = confirm_password(entrance, admission.account_id, password)
    else:
        check_password(password, chosen, admission.name)
        stored = entrance.hasher.hash(password)
    with entrance.acting() as session:
        account = spend(session, entrance.key, text, stored, chosen, entrance.knocker)
        signed_in = let_in(session, account, "token", entrance.knocker)
    return admitted(entrance, signed_in)


def _chosen_address(admission: Admission, address: str | None) -> str:
    """Return the address to sign in with from now on."""
    if admission.kind != "invitation" or admission.known or not (address or "").strip():
        return admission.email
    try:
        return parse_address(address or "")
    except AddressError as error:
        raise AddressRefused(error.wording) from None


def spend(
    session: ActorSession,
    key: Key,
    text: str,
    stored: str | None,
    address: str = "",
    origin: str = tries.LOCAL,
) -> Account:
    """Spend a token within the caller's transaction, in which everything happens or nothing.

    Returns the account, made or found, that it is for now. `stored` is the hash of the new
    password, or the present one of a `known` account; with None the account is made and
    nobody can sign in by password. Raises like `set_password`.
    """
    parsed = parse_token(text)
    hold_account(session, parsed.row_id)
    opened = _open(session, key, parsed, origin)
    admission, row = opened.admission, opened.row
    unused = (col(type(row).id) == row.id) & col(type(row).used_at).is_(None)
    if not change(session, type(row), unused, used_at=session.at):
        raise _used(session.at)
    account, chosen = opened.account, address or admission.email
    if account is None:
        account = _make_account(session, opened, chosen, stored)
    elif admission.known:
        if account.password_hash != stored:
            raise ChangedMeanwhile(say("Your password has just been changed. Try again."))
    else:
        _renew_account(session, opened, account, chosen, stored)
    if admission.access_id is not None:
        inactive = (col(Access.id) == admission.access_id) & col(Access.activated_at).is_(None)
        change(session, Access, inactive, activated_at=session.at, activation="token")
    assert account.id is not None
    close_resets(session, account.id, but=row.id if admission.kind == "reset" else None)
    return account


def hold_account(session: ActorSession, account_id: int) -> None:
    """Lock an account, if there is such a one, before any of its tokens.

    Always in this order, for what sets a password and what gives a token do both: one that
    began with the token would wait for the other, and the other for it.
    """
    session.scalars(select(col(Account.id)).where(col(Account.id) == account_id).with_for_update())


def _make_account(
    session: ActorSession, opened: _Opened, chosen: str, stored: str | None
) -> Account:
    person, school, admission = opened.person, opened.school, opened.admission
    assert person is not None and school is not None
    _require_free(session, chosen, admission, None)
    account = Account(
        email=chosen,
        email_key=address_key(chosen),
        name=admission.name,
        language=person.language or school.language or DEFAULT_LANGUAGE,
        person_id=person.id,
        password_hash=stored,
        password_set_at=session.at,
        address_proved_at=session.at if _is_mailed_to(admission, chosen) else None,
        created_at=session.at,
    )
    session.add(account)
    session.flush()
    if not _is_mailed_to(admission, chosen):
        _note_address(session, account, admission.email)
    return account


def _is_mailed_to(admission: Admission, address: str) -> bool:
    """Tell whether a token has shown that its holder reads the mails of an address."""
    return address_key(address) == address_key(admission.email)


def _renew_account(
    session: ActorSession, opened: _Opened, account: Account, chosen: str, stored: str | None
) -> None:
    """Give an account its new password, and tell the address that it had until now.

    An address that a token proves only now may have been typed by somebody else, to whom
    another school gave the account: what they left there goes, down to their keys.
    """
    assert account.id is not None
    close_address_changes(session, account.id)
    if account.address_proved_at is None and account.person_id is not None:
        remove_all_keys(session, account.id)
    before, had_one = account.email, account.password_hash is not None
    values: dict[str, Any] = {
        "password_hash": stored,
        "password_set_at": session.at,
        "address_proved_at": session.at,
    }
    if opened.person is not None:
        values["person_id"] = opened.person.id
        values["name"] = account.name or opened.admission.name
    moved = address_key(chosen) != account.email_key
    if moved:
        _require_free(session, chosen, opened.admission, account.id)
        values |= {"email": chosen, "email_key": address_key(chosen), "address_proved_at": None}
    change(session, Account, col(Account.id) == account.id, **values)
    if had_one:
        account_mail.queue(session, account, account_mail.PASSWORD_CHANGED, before)
    if moved:
        _note_address(session, account, before)


def _require_free(
    session: ActorSession, chosen: str, admission: Admission, account_id: int | None
) -> None:
    """Refuse an address that is another account's user name."""
    taken = _account_at(session, chosen)
    if taken is None or taken.id == account_id:
        return
    if address_key(chosen) == address_key(admission.email):
        raise SharedMailbox(
            say(
                "%(email)s is the user name of another person who shares this mailbox. Give "
                "another address of yours to sign in with.",
                email=chosen,
            )
        )
    raise AddressRefused(say("This address cannot be used. Give another one."))


def _note_address(session: ActorSession, account: Account, old: str) -> None:
    """Keep that an account's address was changed by its token, and tell the old one."""
    assert account.id is not None
    session.add(
        AddressChange(
            account_id=account.id,
            generation=next_generation(session, AddressChange, account.id),
            email=account.email,
            email_key=account.email_key,
            asked_at=session.at,
            valid_until=session.at,
            takes_effect_at=session.at,
            applied_at=session.at,
        )
    )
    account_mail.queue(session, account, account_mail.ADDRESS_CHANGED, old)


def next_generation(session: ActorSession, table: Any, account_id: int) -> int:
    """Return the number of an account's next token of a kind."""
    highest = select(func.max(table.generation)).where(table.account_id == account_id)
    return int(session.scalar(highest) or 0) + 1


def close_resets(session: ActorSession, account_id: int, but: int | None = None) -> None:
    """Make the tokens worthless that were given for a forgotten password, all but one."""
    others = (
        (col(PasswordReset.account_id) == account_id)
        & col(PasswordReset.used_at).is_(None)
        & col(PasswordReset.replaced_at).is_(None)
        & (col(PasswordReset.id) != (but or 0))
    )
    change(session, PasswordReset, others, replaced_at=session.at)


def close_address_changes(session: ActorSession, account_id: int) -> None:
    """Take back the new addresses that an account has not been given yet.

    With every new password: whoever sets one because somebody else knew the old one must not
    lose the account to an address that the other has asked for.
    """
    waiting = (
        (col(AddressChange.account_id) == account_id)
        & col(AddressChange.applied_at).is_(None)
        & col(AddressChange.cancelled_at).is_(None)
    )
    change(session, AddressChange, waiting, cancelled_at=session.at)


# --- forgotten ---------------------------------------------------------------------------


def forgot_password(entrance: Entrance, address: str) -> None:
    """Mail a token to an address that an account has; the answer is always none at all.

    It takes `entrance.least` seconds whatever is found. Raises `TooManyTries` for an origin
    that asks for too many, whatever it asks for.
    """
    begin = time.monotonic()
    with entrance.looking() as session:
        tries.check_origin(session, entrance.knocker)
    with entrance.acting() as session:
        _answer(session, entrance.knocker, address)
    time.sleep(max(0.0, entrance.least - (time.monotonic() - begin)))


def _answer(session: ActorSession, origin: str, typed: str) -> None:
    try:
        address = parse_address(typed)
    except AddressError:
        tries.record(session, "reset", "unknown", origin)
        return
    # Held: of two who ask at once, the second would fail, and only where there is an account.
    account = _account_at(session, address, hold=True)
    outcome = _reset_outcome(session, account, address, origin)
    told = account is not None or outcome != "limited"  # or made-up ones would fill the record
    tries.record(
        session,
        "reset",
        outcome,
        origin,
        account_id=account.id if account else None,
        address=address if told else "",
        address_key=address_key(address) if told else None,
    )
    if account is not None and outcome == "queued":
        _queue_reset(session, account)


def _reset_outcome(
    session: ActorSession, account: Account | None, address: str, origin: str
) -> str:
    if _asked(session, col(SignInEvent.origin) == origin) >= RESETS_OF_ORIGIN:
        return "limited"
    if account is None:
        return "never_activated" if _is_person(session, address) else "unknown"
    if account.disabled_at is not None:
        return "disabled"
    of_account = (col(SignInEvent.account_id) == account.id) & (
        col(SignInEvent.outcome) == "queued"
    )
    return "limited" if _asked(session, of_account) >= RESETS_OF_ACCOUNT else "queued"


def _asked(session: ActorSession, which: Any) -> int:
    """Return how often that was asked for within the last hour."""
    times = select(func.sum(col(SignInEvent.times))).where(
        which,
        col(SignInEvent.kind) == "reset",
        col(SignInEvent.last_at) > session.at - timedelta(hours=1),
    )
    return int(session.scalar(times) or 0)


def _is_person(session: ActorSession, address: str) -> bool:
    """Tell whether an address is on record for somebody who has not activated yet."""
    key = address_key(address)
    columns: tuple[Any, ...] = (col(Person.personal_email_key), col(Post.school_email_key))
    return any(
        session.scalar(select(column).where(column == key).limit(1)) is not None
        for column in columns
    )


def _queue_reset(session: ActorSession, account: Account) -> None:
    assert account.id is not None
    close_resets(session, account.id)
    generation = next_generation(session, PasswordReset, account.id)
    mail = account_mail.queue(
        session,
        account,
        account_mail.PASSWORD_RESET,
        account.email,
        generation=generation,
        life=RESET_LIFE,
    )
    session.add(
        PasswordReset(
            account_id=account.id,
            generation=generation,
            mail_id=mail,
            asked_at=session.at,
            valid_until=session.at + RESET_LIFE,
        )
    )
