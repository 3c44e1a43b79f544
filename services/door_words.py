"""What was tried at the door and how it ended, in words for the helpdesk.

One set of them: the findings of a diagnosis and of HeadNet's checks say the same as the record
of the door in a person's story. What a token is refused for is headed as its holder reads it.
"""

from typing import Any

from models.language import Wording, say
from services import token_refusals

WRONG_PASSWORD = say("The password that was typed is wrong.")
ACCOUNT_CLOSED = say("The helpdesk has closed this account.")
NO_PASSWORD = say("The access is active, and the account has no password.")
TOKEN_DONE = say("A token was typed that has done its work: the access is active.")
OLDER_TOKEN = say("The token of an older mail was typed: the latest counts.")
NEVER_ACTIVATED = say("A password was said to be forgotten that was never made: not activated yet.")
TOO_OFTEN = say("Too many mails for a forgotten password were asked for within an hour.")
ADDRESS_NOT_KNOWN = say("The address typed for a forgotten password was not known.")
SHARED = say("The address is also somebody else’s: a mailbox that two people share.")
HEADNET_WRONG = say(
    "What was typed is none of this head’s HeadNet passwords: it may be that of another service."
)
HEADNET_MISTYPED = say(
    "A HeadNet password was typed with a slip: a character is missing, wrong or too many. Spaces "
    "and hyphens do not matter."
)
HEADNET_OLDER = say("It is an older HeadNet password.")

#: Every outcome of `services.tries.OUTCOMES` but "ok", whatever was tried.
OUTCOME_WORDS: dict[str, Wording] = {
    "wrong": WRONG_PASSWORD,
    "locked": say("Too many wrong passwords: the account is locked for a time."),
    "unknown": say("What was typed is not known here."),
    "disabled": ACCOUNT_CLOSED,
    "no_password": NO_PASSWORD,
    "no_access": say("Nothing is open to this person."),
    "queued": say("A mail that was asked for before waits already."),
    "never_activated": NEVER_ACTIVATED,
    "limited": TOO_OFTEN,
    "taken": say("The address belongs to another account."),
    "shared": SHARED,
    "mistyped": say("It was typed with a slip."),
    "too_early": say("It works after the nightly update only."),
    "other_address": say("Another address is recorded."),
    "ended": say("This person is no longer head of school."),
} | {
    refused.outcome: say(refused.heading)
    for refused in (
        token_refusals.TokenUsed,
        token_refusals.TokenExpired,
        token_refusals.TokenReplaced,
        token_refusals.TokenWithdrawn,
        token_refusals.TokenOfOtherYear,
        token_refusals.AccountDeactivated,
        token_refusals.TokenBlocked,
    )
}
#: What says more of one kind of try.
_OF_KIND: dict[tuple[str, str], Wording] = {
    ("headnet", "wrong"): HEADNET_WRONG,
    ("headnet", "mistyped"): HEADNET_MISTYPED,
    ("headnet", "replaced"): HEADNET_OLDER,
    ("reset", "unknown"): ADDRESS_NOT_KNOWN,
    ("password", "unknown"): say("The address that was typed is no user name."),
}
_CAME_IN = {
    "password": say("Signed in with the password"),
    "headnet": say("Signed in with a HeadNet password"),
    "token": say("Came in with a token"),
    "key": say("Signed in with a key"),
    "reset": say("Asked for a token for a forgotten password"),
    "address": say("Asked for a new address"),
}
_REFUSED = {
    "password": say("Sign-in refused. %(why)s"),
    "headnet": say("Sign-in to HeadNet refused. %(why)s"),
    "token": say("Token refused. %(why)s"),
    "key": say("Key refused. %(why)s"),
    "reset": say("Forgotten password, no mail sent. %(why)s"),
    "address": say("New address refused. %(why)s"),
}


def why(kind: str, outcome: str) -> Wording | str:
    """Return why a try of a kind ended so; the code itself where it is none of ours."""
    said = _OF_KIND.get((kind, outcome), OUTCOME_WORDS.get(outcome))
    return outcome if said is None else said


def event_text(event: Any) -> Wording:
    """Return what was tried at the door (kind and outcome of `SignInEvent`), and how it ended."""
    if event.outcome == "ok":
        return _CAME_IN.get(event.kind, say("Signed in"))
    refused = _REFUSED.get(event.kind, say("Refused at the door. %(why)s"))
    return Wording(refused.message, {"why": why(event.kind, event.outcome)})
