"""What holds at the door for one person: accounts, passwords, tries (DOMAIN §5, 3, 15 to 17).

For the helpdesk alone: nobody else sees accounts or what was tried (`models.rights`), and
`Known` holds nothing of it for them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from models.language import Wording, say, say_n
from services import diagnosis_remedies as remedies
from services import door_words
from services.diagnosis_facts import PATIENCE, Guarding, Here, Known, since
from services.diagnosis_person import with_words
from services.diagnosis_words import Told
from services.findings import About, Evidence, Finding, Remedy
from services.zones import local


def at_the_door(known: Known) -> Iterator[Finding]:
    """Yield what keeps a person out at the door, in no order."""
    live = [account for account in known.accounts if account.disabled_at is None]
    for account in live or known.accounts:
        yield from _of_account(known, account)
    yield from _two_accounts(known)
    yield from _shared(known)
    yield from _tried(known)
    yield from _resets(known)


def _found(
    known: Known,
    cause: str,
    sentence: Wording,
    evidence: tuple[Evidence, ...],
    remedy: Remedy,
    told: Told,
    account: Any = None,
    **more: Any,
) -> Finding:
    first = known.anywhere[0] if known.anywhere else None
    about = About(
        known.person.id,
        first.place.school_id if first else None,
        first.place.school_year_id if first else None,
        first.place.access_id if first else None,
        known.here[0].row.post_id if known.here else None,
        account.id if account is not None else None,
        school=first.place.school if first else "",
    )
    return with_words(Finding(cause, sentence, evidence, remedy), about, told, **more)


def _tries(event: Any) -> Evidence:
    label = say_n("Tried at the door", "Tried %(count)s times, at last", event.times)
    return Evidence(label, event.address, since(event))


# --- accounts ------------------------------------------------------------------------------


def _of_account(known: Known, account: Any) -> Iterator[Finding]:
    if account.disabled_at is not None:
        yield _found(
            known, "account_disabled", door_words.ACCOUNT_CLOSED,
            (Evidence(say("Closed"), at=account.disabled_at),), remedies.ENABLE,
            Told(at=local(account.disabled_at, known.zone)), account,
        )  # fmt: skip
        return
    wrong = known.event("password", "wrong", "locked")
    if account.locked_until is not None and account.locked_until > known.at:
        until = local(account.locked_until, known.zone)
        evidence = [Evidence(say("Locked until"), at=account.locked_until)]
        if wrong is not None:
            evidence.append(_tries(wrong))
        yield _found(
            known, "locked",
            say("Too many wrong passwords: the account is locked until %(until)s.", until=until),
            tuple(evidence), remedies.UNLOCK, Told(until=until), account,
        )  # fmt: skip
    elif wrong is not None and wrong.account_id == account.id:
        yield _found(
            known, "wrong_password", door_words.WRONG_PASSWORD,
            (_tries(wrong),), remedies.RESET_PASSWORD,
            Told(at=local(since(wrong), known.zone)), account,
        )  # fmt: skip
    if known.may_come_in and not account.has_password and account.id not in known.by_key:
        yield _found(
            known, "no_password", door_words.NO_PASSWORD,
            (Evidence(say("Account made"), at=account.created_at),), remedies.RESET_PASSWORD,
            Told(), account,
        )  # fmt: skip


def _two_accounts(known: Known) -> Iterator[Finding]:
    live = [account for account in known.accounts if account.disabled_at is None]
    if len(live) < 2:
        return
    # The one that they can sign in with; of several the oldest.
    keep = next((account for account in live if account.has_password), live[0])
    evidence = tuple(Evidence(say("Account made"), a.email_key, a.created_at) for a in live)
    yield _found(
        known, "two_accounts",
        say_n("There is %(count)s account of this person.",
              "There are %(count)s accounts of this person.", len(live)),
        evidence, remedies.MERGE, Told(at=local(keep.created_at, known.zone)), keep,
        other_ids=[account.id for account in live if account is not keep],
    )  # fmt: skip


def _shared(known: Known) -> Iterator[Finding]:
    """Tell of an address that is somebody else's user name, or on record for two people."""
    evidence = [Evidence(say("Account made"), a.name, a.created_at) for a in known.others]
    evidence += [
        Evidence(say("Also on record for"), f"{other.surname} {other.first_name}".strip())
        for other in known.same_address
        if other.id not in known.doubles.values() and _are_two(known.person, other)
    ]
    if not evidence:
        return
    yield _found(
        known, "shared_mailbox",
        door_words.SHARED, tuple(evidence),
        remedies.OWN_ADDRESS if known.here else remedies.GUARDIANS_ADDRESS, Told(),
    )  # fmt: skip


def _are_two(one: Any, other: Any) -> bool:
    """Tell whether two people at one address are certainly two (DOMAIN §3, Identity)."""
    both = one.birth_date is not None and other.birth_date is not None
    return both and one.birth_date != other.birth_date


# --- tries ---------------------------------------------------------------------------------


def _tried(known: Known) -> Iterator[Finding]:
    yield from _wrong_identifier(known)
    used = known.event("token", "used")
    if used is not None:
        account = next((a for a in known.accounts if a.disabled_at is None), None)
        yield _found(
            known, "token_used",
            door_words.TOKEN_DONE, (_tries(used),),
            remedies.RESET_PASSWORD if account else remedies.TELL_LATEST, Told(), account,
        )  # fmt: skip
    replaced = known.event("token", "replaced")
    if replaced is not None and known.anywhere:
        yield from _replaced(known, replaced)
    never = known.event("reset", "never_activated")
    if never is not None and not known.is_in:
        yield _found(
            known, "reset_never_activated",
            door_words.NEVER_ACTIVATED,
            (_tries(never),), remedies.TELL_LATEST, Told(),
        )  # fmt: skip
    for outcome, remedy in (("limited", remedies.TELL_WAIT), ("unknown", remedies.TELL_ADDRESS)):
        event = known.event("reset", outcome)
        if event is not None:
            yield _found(
                known, f"reset_{outcome}", _RESET_SENTENCES[outcome], (_tries(event),), remedy,
                Told(at=local(since(event), known.zone)),
            )  # fmt: skip


_RESET_SENTENCES: dict[str, Wording] = {
    "limited": door_words.TOO_OFTEN,
    "unknown": door_words.ADDRESS_NOT_KNOWN,
}


def _wrong_identifier(known: Known) -> Iterator[Finding]:
    own = {account.email_key for account in known.accounts}
    live = [account for account in known.accounts if account.disabled_at is None]
    event = known.event("password", "unknown", among=known.keys - own)
    if event is None or not live:
        return
    yield _found(
        known, "wrong_identifier",
        say("They sign in with an address of theirs that is not the one of the account."),
        (_tries(event), Evidence(say("Address of the account"), live[0].email_key)),
        remedies.TELL_ADDRESS, Told(), live[0],
    )  # fmt: skip


def _replaced(known: Known, event: Any) -> Iterator[Finding]:
    """Tell that an older token was typed, and when the latest was sent (DOMAIN §5, 4)."""
    of_access = [h for h in known.anywhere if h.row.access_id == event.access_id]
    here = (of_access or list(known.anywhere))[0]
    sent, recipient = _latest_mail(here)
    if here.row.status == "active" or sent is None or sent > since(event):
        return
    yield _found(
        known, "token_replaced", door_words.OLDER_TOKEN,
        (_tries(event), Evidence(say("Latest mail"), recipient, sent)),
        remedies.TELL_LATEST, Told(at=local(sent, here.place.zone)),
    )  # fmt: skip


def _latest_mail(here: Here | Guarding) -> tuple[datetime | None, str]:
    """Return when the latest invitation left, or was asked for, and where it went."""
    if isinstance(here, Guarding):
        return here.row.since, here.row.email or ""
    facts = here.row.details
    return facts.sent_at or facts.queued_at, facts.recipient


# --- forgotten passwords -------------------------------------------------------------------


def _resets(known: Known) -> Iterator[Finding]:
    """Tell what became of the mail of the latest forgotten password that is still open."""
    if not known.resets:
        return
    reset = known.resets[0]
    if reset.used_at is not None or reset.replaced_at is not None:
        return
    account = next((a for a in known.accounts if a.id == reset.account_id), None)
    asked = Evidence(say("Asked for"), at=reset.asked_at)
    lost = reset.bounced_at or reset.refused_at
    if lost is not None:
        yield _found(
            known, "reset_mail_lost",
            say("The mail for a forgotten password was refused or came back."),
            (asked, Evidence(say("The server’s own words"), reset.reply or "", lost)),
            remedies.SEND_AGAIN, Told(at=local(lost, known.zone)), account,
        )  # fmt: skip
    elif reset.valid_until <= known.at:
        expired = known.event("token", "expired")
        if expired is not None and expired.account_id == reset.account_id:
            until = local(reset.valid_until, known.zone)
            yield _found(
                known, "token_expired", say("The token was valid until %(at)s.", at=until),
                (asked, _tries(expired)), remedies.RESET_PASSWORD, Told(until=until), account,
            )  # fmt: skip
    elif reset.sent_at is None and (reset.held_at or known.at - reset.asked_at > PATIENCE):
        yield _found(
            known, "reset_mail_waits",
            say("The mail for a forgotten password has not left yet."),
            (asked,), remedies.SEND_NOW, Told(at=local(reset.asked_at, known.zone)), account,
            mail_id=reset.mail_id,
        )  # fmt: skip
