"""The remedies of a diagnosis: what each code means, of which kind it is, and what it needs.

`Remedy.kind` is *plan* (`prepare` stores it; it is shown, applied and undone like every plan),
*form* (a screen that opens filled in with `needs`), *say* (the sentence to read is all), or
*elsewhere* (the label says where it is done). `needs` holds values by name; of those below
everything is there, except that what is marked ? may be missing. A line about a whole school
(`diagnose_school`) is always a form, whatever its code: its `needs` are `go_to`, the place of
the console with the list, and `status` and `text`, the filters to set there.

    plan    invite, invite_again   person_id school_id school_year_id access_id service
            reactivate             person_id school_id school_year_id access_id
            give_mission           person_id school_id school_year_id mission
            reset_password         account_id, person_id?  a token goes to the account's address
            unlock_account         account_id, person_id?
            enable_account         account_id, person_id?
            merge_accounts         account_id (stays) other_ids (are closed) person_id
            send_now               mail_id or access_id    the mail that waits is tried at once
    form    print_form             person_id school_id school_year_id access_id
            print_forms            school_id school_year_id, go_to "consents", status "no_consent"
            record_consent         person_id school_id school_year_id post_id: the returned form,
                                   which may bring another address
            decide_double          person_id school_id school_year_id double_id
            set_role               person_id school_id school_year_id post_id
            correct_address        person_id school_id school_year_id: a guardian's address,
                                   `services.families.correct_address`
            renew                  school_id, go_to "import"
            school_years           school_id, go_to "school-years"
            headnet_continue       school_id               check the address, new password
            head_address           school_id, email?       the address that was typed
            record_head            school_id, surname? first_name?   the new head
            headnet_try_now        school_id               the head's mail that waits
            answer_workshop, enter_participants, late_change, record_attendance,
            issue_invoice, record_payment                  workshop_id school_id
            tell_helpdesk          school_id: the message to the helpdesk (`services.support`)
    say     tell_caller, tell_head
    elsewhere  correct_source      the address, in the records (source? says in which field)
            correct_post, end_post the post, in the records
            run_night              trousseau nightly, where the program runs

Plans of `MAILS` put a mail into the outbox: once they are applied, it is sent. What the actor
may not do themselves becomes `tell_helpdesk` (`allowed`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from models.database import ActorSession
from models.errors import TrousseauError
from models.language import N_, say
from models.rights import may_change
from services import desk_plans, invitations, team_changes
from services.findings import RENEW, TELL_HELPDESK, About, Finding, Remedy
from services.team_changes import TeamChange

GIVE_MISSION = Remedy("give_mission", say("Give the mission"))
RESET_PASSWORD = Remedy("reset_password", say("Send a token for a new password"))
SEND_AGAIN = Remedy("reset_password", say("Send the token again, once their mailbox takes it"))
UNLOCK = Remedy("unlock_account", say("Unlock the account"))
ENABLE = Remedy("enable_account", say("Open the account again"))
OWN_ADDRESS = Remedy("record_consent", say("Record a signed form with an address of their own"))
GUARDIANS_ADDRESS = Remedy("correct_address", say("Correct the guardian’s address"))
TELL_ADDRESS = Remedy("tell_caller", say("Have them sign in with the address of the account"))
TELL_LATEST = Remedy("tell_caller", say("Have them open the latest e-mail"))
TELL_COPY = Remedy("tell_caller", say("Have them copy the token once more"))
TELL_WAIT = Remedy("tell_caller", say("Have them wait an hour"))
SEND_NOW = Remedy("send_now", say("Send what waits"))
ENTER_POST = Remedy("correct_post", say("Have the post entered in the records"))
END_POST = Remedy("end_post", say("Have the former head’s post ended in the records"))
PRINT_ALL = Remedy("print_forms", say("Print the forms of the whole team"))
MERGE = Remedy("merge_accounts", say("Keep one account and close the other"))
SCHOOL_YEARS = Remedy("school_years", say("Enter the days of the school year"))

#: Plans that put a mail into the outbox, so that it has to be sent once they are applied.
MAILS = frozenset(("invite", "invite_again", "reset_password", "send_now"))

#: What somebody must be allowed to change to do it themselves; "helpdesk" is for it alone.
_NEEDED: dict[str, str] = {
    **dict.fromkeys(
        ("invite", "invite_again", "reactivate", "give_mission", "set_role", "send_now", "renew"),
        "plans",
    ),
    **dict.fromkeys(("print_form", "print_forms", "record_consent"), "consents"),
    "decide_double": "doubles",
    "correct_address": "families",
    **dict.fromkeys(
        ("reset_password", "unlock_account", "enable_account", "merge_accounts", "school_years",
         "answer_workshop", "record_attendance", "issue_invoice", "record_payment", "run_night"),
        "helpdesk",
    ),
    **dict.fromkeys(
        ("headnet_continue", "head_address", "record_head", "headnet_try_now"), "headnet"
    ),
    **dict.fromkeys(("enter_participants", "late_change"), "workshops"),
    "tell_helpdesk": "",
}  # fmt: skip
_SAID = frozenset(("tell_caller", "tell_head"))
#: Forms that are a place of the console rather than one row's.
_PLACES: dict[str, dict[str, Any]] = {
    "print_forms": {"go_to": "consents", "status": "no_consent"},
    "renew": {"go_to": "import"},
    "school_years": {"go_to": "school-years"},
}
_IDS = ("person_id", "school_id", "school_year_id", "access_id", "post_id", "account_id",
        "double_id", "workshop_id")  # fmt: skip


class NotAPlan(TrousseauError):
    """The remedy is no plan: it is a form, something to say, or done elsewhere."""

    heading = N_("Nothing to prepare")


def filled(remedy: Remedy | None, about: About, **more: Any) -> Remedy | None:
    """Return a remedy with its kind and the values that the plan or the form needs."""
    if remedy is None:
        return None
    ids = {name: value for name in _IDS if (value := getattr(about, name)) is not None}
    if remedy.code == RENEW.code:
        ids.pop("school_year_id", None)  # it is the year that has ended; what comes is of another
    places = _PLACES.get(remedy.code, {})
    return replace(remedy, kind=kind_of(remedy.code), needs={**ids, **places, **more})


def kind_of(code: str) -> str:
    """Return of which kind the remedy with a code is."""
    if code in _PREPARED:
        return "plan"
    if code in _SAID:
        return "say"
    return "form" if code in _NEEDED and code != "run_night" else "elsewhere"


def allowed(session: ActorSession, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with remedies that the session's actor can carry out.

    What is the helpdesk's becomes a message to it; what the helpdesk was to be told of, it
    does itself.
    """
    return tuple(_allowed(session, finding) for finding in findings)


def _allowed(session: ActorSession, finding: Finding) -> Finding:
    remedy, actor = finding.remedy, session.actor
    if remedy is None:
        return finding
    if actor.sees_all:
        if remedy.code != TELL_HELPDESK.code:
            return finding
        kind = remedy.kind if "go_to" in remedy.needs else "plan"
        return replace(finding, remedy=replace(SEND_NOW, kind=kind, needs=remedy.needs))
    thing = _NEEDED.get(remedy.code, "")
    if not thing or (thing != "helpdesk" and may_change(actor.role, thing)):
        return finding
    needs = {name: value for name, value in remedy.needs.items() if name in _IDS}
    return replace(finding, remedy=replace(TELL_HELPDESK, kind="form", needs=needs))


# --- plans ---------------------------------------------------------------------------------


def prepare(session: ActorSession, remedy: Remedy) -> int:
    """Store the plan of a remedy whose kind is `plan`, and return its id; nothing is applied.

    Raises `NotAPlan` for any other, and what the plan's own service raises: where it was put
    right in the meantime, for instance.
    """
    if remedy.kind != "plan":
        raise NotAPlan(say("This remedy is no plan."))
    return _PREPARED[remedy.code](session, remedy.needs)


_Needs = Mapping[str, Any]


def _invited(again: bool) -> Callable[[ActorSession, _Needs], int]:
    def prepared(session: ActorSession, needs: _Needs) -> int:
        place = needs["school_id"], needs["school_year_id"]
        return invitations.plan_invitations(
            session, *place, person_ids={needs["person_id"]}, again=again,
            service=needs.get("service", invitations.SERVICE),
        )  # fmt: skip

    return prepared


def _changed(session: ActorSession, needs: _Needs, wanted: TeamChange) -> int:
    place = needs["school_id"], needs["school_year_id"]
    return team_changes.plan_change(session, *place, {needs["person_id"]}, wanted)


def _sent(session: ActorSession, needs: _Needs) -> int:
    mail_id = needs.get("mail_id") or desk_plans.mail_of(session, needs["access_id"])
    return desk_plans.plan_try_now(session, mail_id)


_PREPARED: dict[str, Callable[[ActorSession, _Needs], int]] = {
    "invite": _invited(again=False),
    "invite_again": _invited(again=True),
    "reactivate": lambda session, needs: _changed(session, needs, TeamChange("reactivate")),
    "give_mission": lambda session, needs: _changed(
        session, needs, TeamChange("give_mission", needs["mission"])
    ),
    "reset_password": lambda session, needs: desk_plans.plan_reset(session, needs["account_id"]),
    "unlock_account": lambda session, needs: desk_plans.plan_unlock(session, needs["account_id"]),
    "enable_account": lambda session, needs: desk_plans.plan_enable(session, needs["account_id"]),
    "merge_accounts": lambda session, needs: desk_plans.plan_join(
        session, needs["account_id"], needs["other_ids"]
    ),
    "send_now": _sent,
}
