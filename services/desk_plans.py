"""What the helpdesk puts right for one caller, each as a plan: shown, applied, undone.

Accounts that are locked, closed, without a password or double, and mails that wait. For the
helpdesk alone, except mails of the actor's own schools (`models.rights`).
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.accounts import Account, AccountRole, PasswordReset
from models.database import ActorSession
from models.errors import TrousseauError
from models.invitations import Invitation
from models.language import N_, Wording, say, say_n
from models.mail import Mail
from models.people import Person
from services import account_mail, plans
from services.account_tokens import next_generation
from services.accounts import NoSuchAccount
from services.forgotten_passwords import RESET_LIFE
from services.plans import NOW, Item, PlanDraft, guard, now_plus, update_change

#: The kinds of the plans made here, for lists of plans and for the story.
ACCOUNT_KIND, MAIL_KIND = "account", "mail"


class NothingToDo(TrousseauError):
    """What was to be put right is so already."""

    heading = N_("Nothing to put right")


# --- one account ---------------------------------------------------------------------------


def plan_unlock(session: ActorSession, account_id: int) -> int:
    """Store the plan that lifts the wait after wrong tries, and return its id.

    The owner is told of those tries at the next sign-in nevertheless. Raises `NothingToDo`
    where there is no wait, `NoSuchAccount`.
    """
    account = _account(session, account_id)
    if account.locked_until is None:
        raise NothingToDo(say("This account is not locked."))
    before = {"locked_until": account.locked_until, "failed_tries": account.failed_tries}
    change = update_change("account", account_id, before, {"locked_until": None, "failed_tries": 0})
    text = say("Signs in again at once; the wrong tries are told at the next sign-in")
    return _store(session, account, say("Unlock the account of %(name)s"), text, [change])


def plan_enable(session: ActorSession, account_id: int) -> int:
    """Store the plan that opens a closed account as it was, and return its id.

    Raises `NothingToDo` where it is open, `NoSuchAccount`.
    """
    account = _account(session, account_id)
    if account.disabled_at is None:
        raise NothingToDo(say("This account is not closed."))
    before = {"disabled_at": account.disabled_at}
    change = update_change("account", account_id, before, {"disabled_at": None})
    text = say("Signs in again with the same address and password")
    return _store(session, account, say("Open the account of %(name)s again"), text, [change])


def plan_reset(session: ActorSession, account_id: int) -> int:
    """Store the plan that mails a token for a new password, and return its id.

    As if the owner had asked for it with *Forgotten password*: the address of the account
    receives it, and older tokens count no more. Raises `NothingToDo` for a closed account,
    `NoSuchAccount`.
    """
    account = _account(session, account_id)
    if account.disabled_at is not None:
        raise NothingToDo(say("This account is closed: open it again first."))
    draft = PlanDraft(ACCOUNT_KIND, _named(session, account, _RESET))
    changes = [guard("account", account_id, email=account.email, disabled_at=None)]
    changes += [
        update_change("password_reset", reset_id, {"replaced_at": None}, {"replaced_at": NOW})
        for reset_id in _open_resets(session, account_id)
    ]
    generation = next_generation(session, PasswordReset, account_id)
    until = now_plus(RESET_LIFE.total_seconds())
    mail = draft.insert(
        "mail",
        account_id=account_id,
        template=account_mail.PASSWORD_RESET,
        language=account.language,
        generation=generation,
        recipient=account.email,
        values=account_mail.letterhead(session, account.person_id),
        queued_at=NOW,
        expires_at=until,
        next_attempt_at=NOW,
        attempts=0,
        reply="",
        # Told, so that the plan cannot be undone once a sender has taken the mail.
        claimed_by=None,
    )
    reset = draft.insert(
        "password_reset",
        account_id=account_id,
        generation=generation,
        mail_id=mail[2],
        asked_at=NOW,
        valid_until=until,
    )
    text = say(
        "A token for a new password goes to %(address)s, valid for %(hours)s hours",
        address=account.email,
        hours=RESET_LIFE // timedelta(hours=1),
    )
    return _kept(session, draft, account, text, [*changes, mail, reset])


_RESET = say("A token for a new password of %(name)s")


def _open_resets(session: ActorSession, account_id: int) -> list[int]:
    wanted = select(col(PasswordReset.id)).where(
        col(PasswordReset.account_id) == account_id,
        col(PasswordReset.used_at).is_(None),
        col(PasswordReset.replaced_at).is_(None),
    )
    return [found for found in session.scalars(wanted) if found is not None]


def plan_join(session: ActorSession, keep_id: int, other_ids: Collection[int]) -> int:
    """Store the plan that leaves one of a person's accounts, and return its id.

    What was given to the others goes over to it, and nobody signs in with them any more.
    Raises `NothingToDo` where the others are closed, or are another person's.
    """
    keep = _account(session, keep_id)
    wanted = select(Account).where(
        col(Account.id).in_(sorted(other_ids)), col(Account.disabled_at).is_(None)
    )
    others = [account for account in session.scalars(wanted) if account.id != keep_id]
    persons = {_who(session, account.person_id) for account in (keep, *others)}
    if not others or len(persons) > 1 or None in persons:
        raise NothingToDo(say("There are no longer two open accounts of this person."))
    (person_id,) = persons
    changes = [guard("account", keep_id, disabled_at=None)]
    if keep.person_id != person_id:
        before, after = {"person_id": keep.person_id}, {"person_id": person_id}
        changes = [update_change("account", keep_id, before, after)]
    for other in others:
        assert other.id is not None
        changes += _roles_moved(session, keep_id, other.id)
        changes.append(
            update_change("account", other.id, {"disabled_at": None}, {"disabled_at": NOW})
        )
    text = say_n(
        "%(address)s stays; %(count)s other account is closed, and its roles go over",
        "%(address)s stays; %(count)s other accounts are closed, and their roles go over",
        len(others),
        address=keep.email,
    )
    return _store(session, keep, say("One account for %(name)s"), text, changes)


def _who(session: ActorSession, person_id: int | None) -> int | None:
    """Return whose account it is: of somebody found to be another, that other."""
    merged = select(col(Person.merged_into_id)).where(col(Person.id) == (person_id or 0))
    return session.scalar(merged) or person_id


def _roles_moved(session: ActorSession, keep_id: int, other_id: int) -> Iterable[Any]:
    roles = select(AccountRole).where(
        col(AccountRole.account_id).in_((keep_id, other_id)), col(AccountRole.ended_at).is_(None)
    )
    found = session.scalars(roles).all()
    has = {(role.role, role.school_id) for role in found if role.account_id == keep_id}
    for role in found:
        if role.account_id == other_id and (role.role, role.school_id) not in has:
            assert role.id is not None
            yield update_change(
                "account_role", role.id, {"account_id": other_id}, {"account_id": keep_id}
            )


def _account(session: ActorSession, account_id: int) -> Account:
    account = session.scalars(select(Account).where(col(Account.id) == account_id)).one_or_none()
    if account is None or not session.actor.sees_all:
        raise NoSuchAccount(say("There is no such account."))
    return account


def _store(
    session: ActorSession, account: Account, title: Wording, text: Wording, changes: list[Any]
) -> int:
    draft = PlanDraft(ACCOUNT_KIND, _named(session, account, title))
    return _kept(session, draft, account, text, changes)


def _kept(
    session: ActorSession, draft: PlanDraft, account: Account, text: Wording, changes: list[Any]
) -> int:
    label = _name(session, account)
    item = Item("information", "change", label, text, changes, account.person_id)
    draft.items.append(item)
    return plans.store(session, draft)


def _named(session: ActorSession, account: Account, title: Wording) -> Wording:
    return Wording(title.message, {"name": _name(session, account)})


def _name(session: ActorSession, account: Account) -> str:
    if account.person_id is not None:
        names = select(col(Person.first_name), col(Person.surname))
        row = session.execute(names.where(col(Person.id) == account.person_id)).first()
        if row is not None:
            return " ".join(row).strip()
    return account.name or f"n° {account.id}"


# --- mails ---------------------------------------------------------------------------------


def plan_try_now(session: ActorSession, mail_id: int) -> int:
    """Store the plan by which a mail that waits is tried at once, and return its id.

    Raises `NothingToDo` where it has left, was given up, or belongs to others.
    """
    mail = session.scalars(
        select(Mail).where(col(Mail.id) == mail_id, col(Mail.closed_at).is_(None))
    ).one_or_none()
    if mail is None:
        raise NothingToDo(say("This mail does not wait any more."))
    before = {"next_attempt_at": mail.next_attempt_at, "held_at": mail.held_at}
    change = update_change("mail", mail_id, before, {"next_attempt_at": NOW, "held_at": None})
    draft = PlanDraft(MAIL_KIND, say("Send at once what waits"), mail.school_id)
    text = say("The mail to %(address)s is tried at once", address=mail.recipient)
    label = f"n° {mail_id}"
    draft.items.append(
        Item("information", "change", label, text, [change], mail.person_id, mail.school_id)
    )
    return plans.store(session, draft)


def mail_of(session: ActorSession, access_id: int) -> int:
    """Return the mail of an access's latest invitation that has not left yet.

    Raises `NothingToDo` where there is none.
    """
    wanted = (
        select(col(Mail.id))
        .join(Invitation, col(Invitation.mail_id) == Mail.id)
        .where(
            col(Invitation.access_id) == access_id,
            col(Invitation.replaced_at).is_(None),
            col(Mail.closed_at).is_(None),
        )
    )
    found = session.scalars(wanted).first()
    if found is None:
        raise NothingToDo(say("This mail does not wait any more."))
    return found
