"""What the journal and the mails say of a person, in words: for `services.story`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models.language import Wording, say
from models.roles import ROLES
from services.field_words import value_words

#: What a line may be about, in the order in which lists count and filter them.
KIND_WORDS: dict[str, Wording] = {
    "import": say("Imports"),
    "change": say("Changes"),
    "consent": say("Consents"),
    "role": say("Roles and missions"),
    "access": say("Accesses"),
    "message": say("Messages"),
    "token": say("Tokens"),
    "door": say("Sign-ins"),
    "double": say("Doubles"),
    "workshop": say("Workshops"),
    "headnet": say("HeadNet"),
    "call": say("Calls"),
}
KINDS = tuple(KIND_WORDS)
#: The same of one line.
LINE_WORDS: dict[str, Wording] = {
    "import": say("Import"),
    "change": say("Changed"),
    "consent": say("Consent"),
    "role": say("Role"),
    "access": say("Access"),
    "message": say("Message"),
    "token": say("Token"),
    "door": say("Sign-in"),
    "double": say("Double"),
    "workshop": say("Workshop"),
    "headnet": say("HeadNet"),
    "call": say("Call"),
}

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """A line in words: its kind, and whether the values before and after say more."""

    kind: str
    text: Wording
    differs: bool = False


# --- the journal ----------------------------------------------------------------------------


def told_of(entity: str, action: str, before: Facts, after: Facts) -> Told | None:
    """Return a line of the journal in words; None for what says nothing to a person."""
    tell = _TELLERS.get(entity)
    return tell(action, before, after) if tell else None


def _person(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        return Told("change", say("Put on record"))
    if action == "delete":
        return None
    if after.get("merged_into_id"):
        return Told("double", say("Found to be the same as another person on record"))
    if "personal_email" in after:
        return Told("change", _address(before, after, "personal_email"), differs=True)
    return Told("change", say("Name or other particulars corrected"), differs=True)


def _address(before: Facts, after: Facts, column: str) -> Wording:
    return say(
        "Address changed: %(before)s → %(after)s",
        before=before.get(column) or "–",
        after=after[column] or "–",
    )


def _post(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        return Told("change", say("Post taken over from the records"))
    if action == "delete":
        return None
    if "role" in after:
        return Told("role", _role(after["role"]), differs=True)
    if after.get("disappeared_at"):
        return Told("import", say("No longer named by a complete import"))
    if "school_email" in after:
        return Told("change", _address(before, after, "school_email"), differs=True)
    return Told("change", say("Post changed"), differs=True)


def _role(role: Any) -> Wording:
    if role in ROLES:
        return say("Role set: %(role)s", role=value_words("role", role))
    return say("Role set by hand taken away: the one of the function holds")


def _access(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        return Told("access", say("Access opened"))
    if not after.get("activated_at"):
        return None
    if after.get("activation") == "known":
        return Told("access", say("Confirmed without a mail: the account exists already"))
    return Told("access", say("Access activated"))


def _suspension(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        return Told(
            "access", say("Access deactivated: %(reason)s", reason=after.get("reason") or "–")
        )
    if action == "update" and after.get("until_at"):
        return Told("access", say("Access reactivated"))
    return None


def _consent(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        text = say(
            "Consent recorded for %(address)s, signed on %(day)s",
            address=after.get("email", ""),
            day=date.fromisoformat(after["signed_on"]),
        )
        return Told("consent", text)
    return Told("consent", say("Consent withdrawn")) if after.get("withdrawn_at") else None


def _printed(action: str, before: Facts, after: Facts) -> Told | None:
    if action != "insert":
        return None
    address = after.get("email") or "–"
    return Told("consent", say("Consent form printed for %(address)s", address=address))


def _mission(action: str, before: Facts, after: Facts) -> Told | None:
    code = after.get("code", "")
    if action == "insert":
        label = value_words("code", code, "mission")
        return Told("role", say("Mission given: %(mission)s", mission=label))
    return Told("role", say("Mission ended")) if after.get("removed_at") else None


def _double(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        return Told("double", say("Suspected to be on record twice"))
    decided = {"different": say("Decided: not the same person"), "same": say("Decided: the same")}
    text = decided.get(after.get("decision", ""))
    return Told("double", text) if text else None


def _invitation(action: str, before: Facts, after: Facts) -> Told | None:
    if action != "update":
        return None
    facts = {
        "used_at": say("Token of the invitation used"),
        "replaced_at": say("Token of the invitation replaced by a newer one"),
        "cancelled_at": say("Invitation taken back: its token opens nothing"),
    }
    return _first("token", facts, after)


def _reset(action: str, before: Facts, after: Facts) -> Told | None:
    if action != "update":
        return None
    facts = {
        "used_at": say("Token for a forgotten password used"),
        "replaced_at": say("Token for a forgotten password replaced or closed"),
    }
    return _first("token", facts, after)


def _address_change(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        address = after.get("email", "")
        text = say("Asked for another address of the account: %(address)s", address=address)
        return Told("change", text)
    facts = {
        "cancelled_at": say("Change of the account’s address cancelled"),
        "applied_at": say("New address of the account counts"),
        "confirmed_at": say("New address of the account confirmed by its token"),
    }
    return _first("token", facts, after)


def _account(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        return Told("change", say("Account opened: %(address)s", address=after.get("email", "")))
    if action == "delete":
        return None
    if "email" in after:
        text = say(
            "Address of the account changed: %(before)s → %(after)s",
            before=before.get("email") or "–",
            after=after["email"] or "–",
        )
        return Told("change", text)
    facts = {
        "disabled_at": say("Account closed"),
        "locked_until": say("Account locked for a time after wrong passwords"),
        "password_set_at": say("Password set"),
    }
    if after.get("disabled_at", "") is None:
        return Told("change", say("Account opened again"))
    return _first("change", facts, after)


def _account_role(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        role = value_words("role", after.get("role"), "account_role")
        text = say("Role in the console given: %(role)s", role=role)
        return Told("role", text)
    return Told("role", say("Role in the console ended")) if after.get("ended_at") else None


def _account_key(action: str, before: Facts, after: Facts) -> Told | None:
    if action == "insert":
        return Told("change", say("Key added: %(name)s", name=after.get("name") or "–"))
    facts = {"removed_at": say("Key removed"), "proved_at": say("Key proved: it signs in")}
    return _first("change", facts, after)


def _first(kind: str, facts: dict[str, Wording], after: Facts) -> Told | None:
    return next((Told(kind, text) for name, text in facts.items() if after.get(name)), None)


_TELLERS: dict[str, Callable[[str, Facts, Facts], Told | None]] = {
    "person": _person,
    "post": _post,
    "access": _access,
    "suspension": _suspension,
    "consent": _consent,
    "printed_form": _printed,
    "mission": _mission,
    "suspected_double": _double,
    "invitation": _invitation,
    "password_reset": _reset,
    "address_change": _address_change,
    "account": _account,
    "account_role": _account_role,
    "account_key": _account_key,
}


# --- mails ----------------------------------------------------------------------------------

TEMPLATE_WORDS: dict[str, Wording] = {
    "invitation": say("Invitation"),
    "guardian_invitation": say("Invitation of a guardian"),
    "reminder": say("Reminder"),
    "password_reset": say("Token for a forgotten password"),
    "password_changed": say("Notice of a new password"),
    "address_confirm": say("Token for a new address"),
    "address_changed": say("Notice of a new address"),
    "key_added": say("Notice of a new key"),
    "workshop": say("Letter about a workshop"),
    "headnet_password": say("HeadNet password"),
    "headnet_ended": say("Notice of the end of the HeadNet account"),
    "head_address_changed": say("Notice of another address of the head"),
    "support": say("Letter to the helpdesk"),
}


def mail_name(template: str, generation: int) -> Wording:
    """Return what a mail is, with its number."""
    what = TEMPLATE_WORDS.get(template, say("Mail"))
    return say("%(what)s no. %(number)s", what=what, number=generation)


#: What can happen to a mail: the column that tells when, and what in words.
_MAIL_FACTS: dict[str, Wording] = {
    "queued_at": say("%(mail)s queued for %(address)s"),
    "sent_at": say("%(mail)s sent to %(address)s"),
    "uncertain_at": say("%(mail)s: the server gave no answer"),
    "refused_at": say("%(mail)s refused for %(address)s"),
    "bounced_at": say("%(mail)s came back from %(address)s"),
    "held_at": say("%(mail)s held by our own server"),
    "cancelled_at": say("%(mail)s withdrawn"),
}


def mail_facts(mail: Any) -> Iterator[tuple[str, datetime]]:
    """Yield what happened to a mail: the column, and when."""
    for column in _MAIL_FACTS:
        at = getattr(mail, column)
        if at is not None:
            yield column, at


def mail_text(mail: Any, column: str) -> Wording:
    """Return what happened to a mail, in words."""
    values = {"mail": mail_name(mail.template, mail.generation), "address": mail.recipient}
    return Wording(_MAIL_FACTS[column].message, values)


#: Facts of a mail for which the server, or the program in its place, gave a reason.
EXPLAINED = ("sent_at", "uncertain_at", "refused_at", "bounced_at", "held_at")
