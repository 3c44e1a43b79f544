"""What somebody has typed and not yet sent: kept by person and form, so that nothing is lost.

A draft holds what the form needs to go on and no more, and goes as soon as it has been sent.
It is nobody else's business: only its owner sees it, and it is not journaled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import col

from models.accounts import Draft
from models.database import ActorSession
from models.errors import TrousseauError
from models.language import dumps, say
from services.desk import Desk

#: Longest draft, in characters of JSON; a list of 2,000 returned forms takes half of it.
LONGEST_DRAFT = 500_000


class DraftTooLong(TrousseauError):
    """More was typed than a draft can keep."""


def save(session: ActorSession, form: str, contents: Any) -> None:
    """Keep `contents`, a JSON value, as the actor's draft of a form, in place of an earlier one.

    Raises `DraftTooLong`.
    """
    packed = dumps(contents)
    if len(packed) > LONGEST_DRAFT:
        raise DraftTooLong(
            say("This list is too long to be kept: send it with F8, then begin the next one.")
        )
    draft = _find(session, form)
    if draft is None:
        draft = Draft(owner=session.actor.owner, form=form, contents=packed, saved_at=session.at)
        session.add(draft)
    else:
        draft.contents, draft.saved_at = packed, session.at


def load(session: ActorSession, form: str) -> Any:
    """Return what the actor's draft of a form holds, None where there is none."""
    draft = _find(session, form)
    if draft is None:
        return None
    try:
        return json.loads(draft.contents)
    except ValueError:  # written by another version, or by hand
        return None


def discard(session: ActorSession, form: str) -> None:
    """Throw away the actor's draft of a form, if there is one."""
    session.execute(
        delete(Draft).where(col(Draft.owner) == session.actor.owner, col(Draft.form) == form),
        execution_options={"synchronize_session": False},
    )


def _find(session: ActorSession, form: str) -> Draft | None:
    mine = select(Draft).where(col(Draft.owner) == session.actor.owner, col(Draft.form) == form)
    return session.scalars(mine).one_or_none()


@dataclass(frozen=True)
class DraftsOf:
    """The drafts of a desk's actor, for forms of named values (`screens.widgets.field`)."""

    desk: Desk

    def load(self, form: str) -> Mapping[str, str]:
        found = self.desk.read(load, form)
        if not isinstance(found, dict):
            return {}
        return {str(name): value for name, value in found.items() if isinstance(value, str)}

    def save(self, form: str, values: Mapping[str, str]) -> None:
        self.desk.write(save, form, dict(values))

    def forget(self, form: str) -> None:
        self.desk.write(discard, form)
