"""What is wrong or blocks something: cause, evidence, remedy, in words (DESIGN §2.3).

The reason beside a name in a list, the page of a person and the dashboard's lines all come
from here, so that they never contradict each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.addresses import address_key, likely_typing_error
from models.functions import FUNCTIONS, function_label
from models.language import Wording, say
from services.access_rows import AccessRow
from services.attention import AttentionLine, attention, known_domains

__all__ = [
    "CONSENT_WORDS", "STATUS_WORDS", "About", "AttentionLine", "Evidence", "Finding", "Remedy",
    "StatusWords", "attention", "findings_of", "known_domains", "not_invited", "typing_error",
    "why_not",
]  # fmt: skip

# --- statuses in words --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusWords:
    """A status for people: one sign that needs no colour, a few words, and one or two."""

    sign: str
    label: Wording
    short: Wording


#: Every status, in the order of `models.access.STATUSES`. No two share a sign, and each
#: sign is one of Latin-1, which every terminal has.
STATUS_WORDS: dict[str, StatusWords] = {
    "deactivated": StatusWords("x", say("Access deactivated"), say("Deactivated")),
    "ended": StatusWords("-", say("Ended with the school year"), say("Ended")),
    "active": StatusWords("+", say("Access activated"), say("Activated")),
    "no_address": StatusWords("@", say("No e-mail address on file"), say("No address")),
    "no_consent": StatusWords("§", say("Consent not recorded"), say("Consent missing")),
    "duplicate": StatusWords("=", say("Suspected double, to decide"), say("Suspected double")),
    "no_role": StatusWords("?", say("No role known"), say("No role")),
    "to_invite": StatusWords("o", say("Will receive an invitation e-mail"), say("To invite")),
    "bounced": StatusWords("«", say("Invitation returned undelivered"), say("Returned")),
    "refused": StatusWords("!", say("Invitation refused by the mail server"), say("Refused")),
    "expired": StatusWords("°", say("Invitation expired"), say("Invitation expired")),
    "uncertain": StatusWords("~", say("Delivery uncertain"), say("Uncertain")),
    "sent": StatusWords("»", say("Invitation sent"), say("Invitation sent")),
    "queued": StatusWords(":", say("Invitation waiting to be sent"), say("Waiting")),
}

CONSENT_WORDS: dict[str, Wording] = {
    "signed": say("signed"),
    "other_address": say("for another address"),
    "withdrawn": say("withdrawn"),
    "printed": say("form printed"),
    "missing": say("missing"),
}


# --- findings -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that a finding rests on; `value` may come from outside."""

    label: Wording
    value: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """What can be done. Screens know by `code` which key or form it is.

    In a diagnosis `kind` says whether it is a plan to prepare, a form to fill in, something to
    say to the caller, or done elsewhere, and `needs` holds the values for that, by name.
    """

    code: str
    label: Wording
    kind: str = ""
    needs: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class About:
    """Whom or what a finding is about, by the ids of the rows; None where it is not."""

    person_id: int | None = None
    school_id: int | None = None
    school_year_id: int | None = None
    access_id: int | None = None
    post_id: int | None = None
    account_id: int | None = None
    double_id: int | None = None
    workshop_id: int | None = None
    school: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its cause as a code, and what to tell about it.

    A diagnosis adds `tell`, the sentence to read to a caller, without any address, and whom
    it is about.
    """

    cause: str
    sentence: Wording
    evidence: tuple[Evidence, ...] = ()
    remedy: Remedy | None = None
    tell: Wording | None = None
    about: About = About()


CORRECT_IN_SOURCE = Remedy("correct_source", say("Correct the address in the records"))
PRINT_FORM = Remedy("print_form", say("Print the form to sign"))
RECORD_CONSENT = Remedy("record_consent", say("Record the signed form"))
DECIDE_DOUBLE = Remedy("decide_double", say("Decide: same person or not"))
SET_ROLE = Remedy("set_role", say("Set a role"))
REACTIVATE = Remedy("reactivate", say("Reactivate"))
RENEW = Remedy("renew", say("Import the records of the new school year"))
INVITE = Remedy("invite", say("Send the invitation"))
INVITE_AGAIN = Remedy("invite_again", say("Send the invitation again"))
CORRECT_POST = Remedy("correct_post", say("Correct the post in the records"))
TELL_HELPDESK = Remedy("tell_helpdesk", say("Tell the helpdesk"))


def why_not(row: AccessRow, now: datetime) -> Finding | None:
    """Return what keeps a person from working with the access, None where nothing does.

    Covers every status but those in which all is well or only time is needed: to_invite,
    sent, active, and queued unless our own mail server holds the message back.
    """
    judge = _JUDGES.get(row.status)
    return judge(row) if judge else None


def findings_of(row: AccessRow, now: datetime, domains: frozenset[str]) -> list[Finding]:
    """Return everything that is wrong with one access, what blocks it first.

    `now` is on the clocks of the school, whose day decides. `domains` are those of
    `known_domains`, which no address is called mistyped for.
    """
    found = (
        why_not(row, now),
        typing_error(row, domains),
        _address_changed(row),
        _also_suspected(row),
        _also_without_role(row),
        _still_present(row, now),
    )
    return [finding for finding in found if finding is not None]


def not_invited(row: AccessRow) -> Finding | None:
    """Return that no invitation was ever asked for, where nothing stands in its way."""
    if row.status != "to_invite":
        return None
    return Finding(
        "not_invited",
        say("No invitation has been asked for yet. Nothing stands in its way: send it."),
        (Evidence(say("Access granted"), at=row.details.granted_at),),
        INVITE,
    )


def _no_address(row: AccessRow) -> Finding:
    return Finding(
        "no_address",
        say(
            "No e-mail address is on file, so no invitation can be sent. "
            "Have it entered in the records; it comes with the next import."
        ),
        remedy=CORRECT_IN_SOURCE,
    )


def _no_consent(row: AccessRow) -> Finding:
    address, facts = row.email or "", row.details
    evidence = [Evidence(say("Address on file"), f"{address} ({row.email_source})")]
    if row.consent == "withdrawn":
        sentence = say(
            "The consent was withdrawn: nothing is sent to %(address)s. "
            "A new form has to be signed.",
            address=address,
        )
        evidence.append(Evidence(say("Withdrawn"), at=facts.withdrawn_at))
        return Finding("consent_withdrawn", sentence, tuple(evidence), PRINT_FORM)
    if row.consent == "other_address":
        sentence = say(
            "The signed consent is for another address than %(address)s. "
            "Have a form signed for this one.",
            address=address,
        )
        return Finding("consent_other_address", sentence, tuple(evidence), PRINT_FORM)
    if row.consent == "printed":
        sentence = say(
            "The form is printed and not recorded yet: nothing is sent to %(address)s before.",
            address=address,
        )
        return Finding("consent_printed", sentence, tuple(evidence), RECORD_CONSENT)
    sentence = say(
        "No signed consent for %(address)s: nothing is sent there. "
        "Print the form, have it signed, record it.",
        address=address,
    )
    return Finding("no_consent", sentence, tuple(evidence), PRINT_FORM)


def _duplicate(row: AccessRow) -> Finding:
    return Finding(
        "duplicate",
        say(
            "May be the same person as somebody else on record. "
            "Decide it before an invitation is sent."
        ),
        (Evidence(say("Suspected"), at=row.details.double_found_at),),
        DECIDE_DOUBLE,
    )


def _also_suspected(row: AccessRow) -> Finding | None:
    """Tell of a suspected double where something else blocks first, or nothing any more."""
    found_at = row.details.double_found_at
    if found_at is None or row.status not in ("active", "no_address", "no_consent"):
        return None
    return _duplicate(row)


def _also_without_role(row: AccessRow) -> Finding | None:
    """Tell that a role is missing, too, where something else blocks first."""
    blocked = row.status in ("no_address", "no_consent", "duplicate")
    return _no_role(row) if blocked and row.role is None else None


def _no_role(row: AccessRow) -> Finding:
    return Finding(
        "no_role",
        say(
            "Neither a mission nor the records nor the function (%(function)s) gives a role. "
            "Set one.",
            function=function_label(row.function if row.function in FUNCTIONS else None),
        ),
        remedy=SET_ROLE,
    )


def _deactivated(row: AccessRow) -> Finding:
    facts = row.details
    return Finding(
        "deactivated",
        say("The access is deactivated: %(reason)s.", reason=facts.suspension_reason or "–"),
        (Evidence(say("Deactivated"), at=facts.suspended_from),),
        REACTIVATE,
    )


def _ended(row: AccessRow) -> Finding:
    facts = row.details
    return Finding(
        "ended",
        say(
            "The access ended with the school year %(year)s, on %(day)s. "
            "A post in the new year gives a new one.",
            year=facts.year,
            day=facts.access_ends,
        ),
        remedy=RENEW,
    )


def _bounced(row: AccessRow) -> Finding:
    return Finding(
        "bounced",
        say(
            "The mail to %(address)s came back. Correct the address in the records, "
            "then send again.",
            address=row.details.recipient,
        ),
        _words_of_server(row, row.details.bounced_at),
        CORRECT_IN_SOURCE,
    )


def _refused(row: AccessRow) -> Finding:
    return Finding(
        "refused",
        say(
            "The mail server refused %(address)s for good. Correct the address in the records, "
            "then send again.",
            address=row.details.recipient,
        ),
        _words_of_server(row, row.details.refused_at),
        CORRECT_IN_SOURCE,
    )


def _expired(row: AccessRow) -> Finding:
    facts = row.details
    return Finding(
        "expired",
        say("The invitation was not used in time. Send a new one; the latest one counts."),
        (
            Evidence(say("Sent"), facts.recipient, facts.sent_at),
            Evidence(say("Valid until"), at=facts.valid_until),
        ),
        INVITE_AGAIN,
    )


def _uncertain(row: AccessRow) -> Finding:
    return Finding(
        "uncertain",
        say(
            "The mail server took the message and did not confirm it. "
            "It is sent again by itself; a second mail holds the same token."
        ),
        _words_of_server(row, row.details.uncertain_at),
    )


def _held(row: AccessRow) -> Finding | None:
    if row.details.held_at is None:
        return None
    return Finding(
        "held",
        say(
            "Our own mail server does not pass the message on; the address is not at fault. "
            "The helpdesk has to look at it."
        ),
        _words_of_server(row, row.details.held_at),
        TELL_HELPDESK,
    )


def _words_of_server(row: AccessRow, at: datetime | None) -> tuple[Evidence, ...]:
    facts = row.details
    if not facts.reply and facts.our_reason is not None:
        return (Evidence(facts.our_reason, at=at),)
    return (Evidence(say("The server’s own words"), facts.reply, at),)


_JUDGES: dict[str, Callable[[AccessRow], Finding | None]] = {
    "deactivated": _deactivated,
    "ended": _ended,
    "no_address": _no_address,
    "no_consent": _no_consent,
    "duplicate": _duplicate,
    "no_role": _no_role,
    "bounced": _bounced,
    "refused": _refused,
    "expired": _expired,
    "uncertain": _uncertain,
    "queued": _held,
}


def typing_error(row: AccessRow, domains: frozenset[str]) -> Finding | None:
    """Return what looks mistyped in the domain of the address (DOMAIN §5, 6)."""
    meant = likely_typing_error(row.email, domains) if row.email else None
    if meant is None:
        return None
    return Finding(
        "typing_error",
        say(
            "%(address)s looks mistyped: is %(better)s meant? Correct it in the records.",
            address=row.email,
            better=meant,
        ),
        (Evidence(say("Address on file"), f"{row.email} ({row.email_source})"),),
        CORRECT_IN_SOURCE,
    )


def _address_changed(row: AccessRow) -> Finding | None:
    """Tell that the records give another address since the invitation (DOMAIN §5, 6)."""
    facts = row.details
    if row.status not in ("queued", "sent", "uncertain") or not row.email or not facts.recipient:
        return None
    if address_key(row.email) == address_key(facts.recipient):
        return None
    return Finding(
        "address_changed",
        say(
            "The invitation went to %(old)s; the records say %(new)s since. Its token opens "
            "nothing any more: send a new one.",
            old=facts.recipient,
            new=row.email,
        ),
        (
            Evidence(say("Sent"), facts.recipient, facts.sent_at or facts.queued_at),
            Evidence(say("Address on file"), f"{row.email} ({row.email_source})"),
        ),
        INVITE_AGAIN,
    )


def _still_present(row: AccessRow, now: datetime) -> Finding | None:
    facts = row.details
    if facts.disappeared_at is not None:
        return Finding(
            "disappeared",
            say(
                "The last complete import no longer named this person. The access stays "
                "until the records say that the person has left."
            ),
            (Evidence(say("Disappeared"), at=facts.disappeared_at),),
            CORRECT_POST,
        )
    if facts.exit_date is not None and facts.present and facts.exit_date < now.date():
        return Finding(
            "date_passed",
            say(
                "The exit date %(day)s has passed and the presence is still ticked: "
                "untick it in the records to end the access.",
                day=facts.exit_date,
            ),
            (Evidence(say("Exit date"), facts.exit_date.isoformat()),),
            CORRECT_POST,
        )
    gone = facts.exit_date is not None and facts.exit_date < now.date()
    if not facts.present and not gone and row.status not in ("deactivated", "ended"):
        return Finding(
            "absent",
            say(
                "The presence is no longer ticked and there is no past exit date: the access "
                "stays until the records give one."
            ),
            remedy=CORRECT_POST,
        )
    return None
