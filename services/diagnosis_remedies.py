"""The remedies of a diagnosis: plans that can be prepared at once, and forms filled in."""

from dataclasses import replace
from typing import Any

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, say
from services import invitations, team_changes
from services.findings import About, Remedy
from services.team_changes import TeamChange

GIVE_MISSION = Remedy("give_mission", say("Give the mission"))
RESET_PASSWORD = Remedy("reset_password", say("Send a token for a new password"))
UNLOCK = Remedy("unlock_account", say("Unlock the account"))
ENABLE = Remedy("enable_account", say("Open the account again"))
OTHER_ADDRESS = Remedy("change_address", say("Record an address of their own"))
TELL_ADDRESS = Remedy("tell_caller", say("Have them sign in with the address of the account"))
TELL_LATEST = Remedy("tell_caller", say("Have them open the latest e-mail"))
TELL_COPY = Remedy("tell_caller", say("Have them copy the token once more"))
TELL_WAIT = Remedy("tell_caller", say("Have them wait an hour"))
SEND_NOW = Remedy("send_now", say("Send what waits: trousseau send"))
ENTER_POST = Remedy("correct_post", say("Have the post entered in the records"))
END_POST = Remedy("end_post", say("Have the former head’s post ended in the records"))
PRINT_ALL = Remedy("print_forms", say("Print the forms of the whole team"))
MERGE = Remedy("merge_accounts", say("Put the accounts together"))

#: Remedies that are plans, those that are forms, and those that are only said.
_PLANS = frozenset(("invite", "invite_again", "reactivate", "give_mission"))
_FORMS = frozenset(
    (
        "print_form", "print_forms", "record_consent", "decide_double", "set_role", "renew",
        "reset_password", "unlock_account", "enable_account", "change_address", "merge_accounts",
        "headnet_continue", "head_address", "record_head", "headnet_try_now",
        "answer_workshop", "enter_participants", "late_change", "record_attendance",
        "issue_invoice", "record_payment",
    )
)  # fmt: skip
_SAID = frozenset(("tell_caller", "tell_head"))


class NotAPlan(TrousseauError):
    """The remedy is no plan: it is a form, something to say, or done elsewhere."""

    heading = N_("Nothing to prepare")


def filled(remedy: Remedy | None, about: About, **more: Any) -> Remedy | None:
    """Return a remedy with its kind and the values that the plan or the form needs."""
    if remedy is None:
        return None
    ids = {
        name: value
        for name in ("person_id", "school_id", "school_year_id", "access_id", "post_id",
                     "account_id", "double_id", "workshop_id")
        if (value := getattr(about, name)) is not None
    }  # fmt: skip
    return replace(remedy, kind=_kind(remedy.code), needs={**ids, **more})


def _kind(code: str) -> str:
    if code in _PLANS:
        return "plan"
    if code in _FORMS:
        return "form"
    return "say" if code in _SAID else "elsewhere"


def prepare(session: ActorSession, remedy: Remedy) -> int:
    """Store the plan of a remedy whose kind is `plan`, and return its id; nothing is applied.

    Raises `NotAPlan` for any other, and what the plan's own service raises.
    """
    if remedy.kind != "plan":
        raise NotAPlan(say("This remedy is no plan."))
    needs = remedy.needs
    place = needs["school_id"], needs["school_year_id"]
    people = {needs["person_id"]}
    if remedy.code in ("invite", "invite_again"):
        again = remedy.code == "invite_again"
        return invitations.plan_invitations(session, *place, person_ids=people, again=again)
    if remedy.code == "give_mission":
        wanted = TeamChange("give_mission", needs["mission"])
    else:
        wanted = TeamChange("reactivate")
    return team_changes.plan_change(session, *place, people, wanted)
