"""Who may try the console with the sample schools; apart from what builds those.

What builds them loads most of the services, which a start does without (60 ms).
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from models.accounts import Account, AccountRole
from models.database import Actor, ActorSession
from services import demo_schools
from services.profiles import actor_as, identity_of

ROLES = ("helpdesk", "director", "coordinator", "parent")


@dataclass(frozen=True, slots=True)
class Guest:
    """Who tries the console: the actor, and how to speak to the person."""

    actor: Actor
    name: str
    language: str


def somebody(session: ActorSession, role: str, language: str) -> Guest:
    """Return who tries the console in a role of `ROLES`, as if they had signed in."""
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
