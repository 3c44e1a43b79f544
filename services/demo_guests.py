"""Who may try the console with the sample schools; apart from what builds those.

What builds them loads most of the services, which a start does without (60 ms).
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from models.accounts import Account, AccountRole
from models.database import Actor, ActorSession
from models.headnet import HeadAddress, HeadnetPassword, in_force
from services import demo_schools
from services.profiles import actor_as, identity_of, identity_of_head

ROLES = ("helpdesk", "director", "coordinator", "head", "parent")


@dataclass(frozen=True, slots=True)
class Guest:
    """Who tries the console: the actor, and how to speak to the person."""

    actor: Actor
    name: str
    language: str


def somebody(session: ActorSession, role: str, language: str) -> Guest:
    """Return who tries the console in a role of `ROLES`, as if they had signed in."""
    if role == "head":
        return _head(session, language)
    given = select(col(AccountRole.account_id)).where(col(AccountRole.role) == role)
    holds: ColumnElement[bool] = col(Account.id).in_(given)
    if role == "parent":  # given by the child, and by nobody
        holds = col(Account.email_key) == demo_schools.PARENT
    wanted = select(Account).where(holds).order_by(col(Account.id))
    account = session.scalars(wanted).first()
    if account is None:
        raise LookupError("there are no sample schools here")
    assert account.id is not None
    return Guest(actor_as(identity_of(session, account.id), role), account.name, language)


def _head(session: ActorSession, language: str) -> Guest:
    """Return a head whose HeadNet password works, as if it had been typed."""
    found = session.execute(
        select(
            col(HeadAddress.headship_id), col(HeadnetPassword.generation), col(HeadAddress.email)
        )
        .join(HeadnetPassword, col(HeadnetPassword.headship_id) == col(HeadAddress.headship_id))
        .where(
            in_force(HeadAddress),
            col(HeadnetPassword.in_force_at).is_not(None),
            col(HeadnetPassword.replaced_at).is_(None),
        )
        .order_by(col(HeadAddress.headship_id))
        .limit(1)
    ).first()
    if found is None:
        raise LookupError("there is no sample head who could sign in")
    identity = identity_of_head(session, *found)
    return Guest(actor_as(identity, "head"), identity.name, language)
