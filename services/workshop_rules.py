"""What the workshop office sets: the figures behind the deadlines, and where it is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select

from models.addresses import AddressError, parse_address
from models.database import ActorSession, change
from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.rights import may_change
from models.scope import not_allowed
from models.text import clean, squeeze
from models.workshop_dates import DEFAULT_RULES, WorkshopRules
from models.workshops import WorkshopSetting

_LONGEST_NAME = 100
#: No figure of the rules is greater: a year of days, or a number of people.
GREATEST = 400
_GREATEST_OF = {"presence_percent": 100}


class RulesRefused(TrousseauError):
    """A figure or the address can't be what the office wants to set."""

    heading = N_("Rules of the workshops")


@dataclass(frozen=True, slots=True)
class Office:
    """The rules that hold, and the workshop office: both addresses may be ""."""

    rules: WorkshopRules = DEFAULT_RULES
    name: str = ""
    email: str = ""


#: Each figure in words, for a form.
RULE_LABELS: dict[str, Wording] = {
    "notice_days": say("Asked for at least so many days before"),
    "free_days": say("Cancelled free of charge at least so many days before"),
    "registration_days": say("Registration closes so many days before"),
    "answer_days": say("A request is answered within so many days"),
    "attendance_days": say("The attendance list comes so many days after the end"),
    "invoice_days": say("The invoice is due so many days after the end"),
    "fewest": say("Fewest participants"),
    "most": say("Most participants, 0 for any number"),
    "per_leader": say("Participants for one workshop leader"),
    "presence_percent": say("Present from so many percent of a session"),
}


def office(session: ActorSession) -> Office:
    """Return the rules that hold and the office's address; the defaults where none are set."""
    found = _setting(session)
    return Office(found.rules, found.office_name, found.office_email) if found else Office()


def set_office(
    session: ActorSession, figures: Mapping[str, int], name: str = "", email: str = ""
) -> Office:
    """Set figures of the rules, the others staying, and the office's name and address.

    What was asked for before keeps its deadlines. For the office alone, else `OutOfScope`;
    raises `RulesRefused` for a figure that no rule can have, or what is no address.
    """
    require_office(session)
    values: dict[str, Any] = {
        **_figures(figures),
        "office_name": squeeze(clean(name, _LONGEST_NAME)),
    }
    values["office_email"] = _address(email)
    found = _setting(session)
    if found is None:
        session.add(WorkshopSetting(**values))
    else:
        change(session, WorkshopSetting, WorkshopSetting.id == found.id, **values)
    session.flush()
    return office(session)


def is_office(session: ActorSession) -> bool:
    """Tell whether the session's actor does the workshop office's work."""
    return session.actor.sees_all or may_change(session.actor.role, "events")


def require_office(session: ActorSession) -> None:
    """Raise `OutOfScope` for whoever is not the workshop office."""
    if not is_office(session):
        raise not_allowed()


def may_ask(session: ActorSession) -> bool:
    """Tell whether the session's actor asks for workshops, of some school."""
    return session.actor.sees_all or may_change(session.actor.role, "workshops")


def require_requester(session: ActorSession) -> None:
    """Raise `OutOfScope` for whoever may not ask for workshops."""
    if not may_ask(session):
        raise not_allowed()


def _setting(session: ActorSession) -> WorkshopSetting | None:
    return session.scalars(select(WorkshopSetting).limit(1)).one_or_none()


def _figures(figures: Mapping[str, int]) -> dict[str, Any]:
    known = {rule.name for rule in fields(WorkshopRules)}
    for name, value in figures.items():
        most = _GREATEST_OF.get(name, GREATEST)
        if name not in known or not 0 <= value <= most:
            raise RulesRefused(
                say("%(value)s is not possible here: 0 to %(most)s.", value=value, most=most)
            )
    return dict(figures)


def _address(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return parse_address(text)
    except AddressError as error:
        raise RulesRefused(error.wording) from None
