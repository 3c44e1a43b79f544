"""One-use tokens are spent: the password is set and the access active, in one transaction.

What a token opens, and why not, is told by `services.admission`.
"""

from typing import Any

from sqlmodel import col

from models.access import Access
from models.accounts import Account, AddressChange
from models.addresses import AddressError, address_key, parse_address
from models.database import ActorSession, change
from models.keys import Key
from models.language import DEFAULT_LANGUAGE, say
from models.tokens import parse_token
from services import account_mail, tries
from services.account_keys import remove_all_keys
from services.account_tokens import (
    close_address_changes,
    close_resets,
    hold_account,
    next_generation,
)
from services.admission import Admission, Opened, account_at, look_at_token, open_token
from services.desk import ChangedMeanwhile
from services.passwords import check_password
from services.sign_in import Entrance, SignedIn, admitted, confirm_password, let_in
from services.token_refusals import AddressRefused, SharedMailbox, TokenUsed, used_already


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
    opened = open_token(session, key, parsed, origin)
    admission, row = opened.admission, opened.row
    unused = (col(type(row).id) == row.id) & col(type(row).used_at).is_(None)
    if not change(session, type(row), unused, used_at=session.at):
        raise used_already(session.at)
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


def _make_account(
    session: ActorSession, opened: Opened, chosen: str, stored: str | None
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
    session: ActorSession, opened: Opened, account: Account, chosen: str, stored: str | None
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
    taken = account_at(session, chosen)
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
