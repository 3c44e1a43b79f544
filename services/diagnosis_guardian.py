"""What holds for a guardian: the accesses that somebody has because of children.

The statuses are those of the list of families; no consent is asked for there, and the address
is put right by the school itself.
"""

from collections.abc import Iterator
from dataclasses import replace

from models.addresses import likely_typing_error
from models.database import ActorSession
from models.language import say
from services import diagnosis_remedies as remedies
from services.attention import known_domains
from services.diagnosis_facts import PATIENCE, Guarding, Known
from services.diagnosis_person import with_words
from services.diagnosis_words import Told
from services.findings import (
    DECIDE_DOUBLE,
    INVITE,
    INVITE_AGAIN,
    RENEW,
    STATUS_WORDS,
    About,
    Evidence,
    Finding,
    Remedy,
)
from services.guardians import SERVICE
from services.zones import local

ENTER_CHILD = Remedy("correct_source", say("Have the child entered in the list of the families"))
#: What is done about each status in which a guardian does not get in.
_REMEDIES: dict[str, Remedy | None] = {
    "no_address": remedies.GUARDIANS_ADDRESS,
    "bounced": remedies.GUARDIANS_ADDRESS,
    "refused": remedies.GUARDIANS_ADDRESS,
    "duplicate": DECIDE_DOUBLE,
    "deactivated": None,
    "ended": RENEW,
    "to_invite": INVITE,
    "expired": INVITE_AGAIN,
    "uncertain": None,
    "queued": remedies.SEND_NOW,
}
#: The causes that are called otherwise than the status.
_CAUSES = {"to_invite": "not_invited", "queued": "mail_waits"}


def of_guardian(known: Known, session: ActorSession) -> Iterator[Finding]:
    """Yield what keeps somebody from an account for their children, in no order."""
    current = [each for each in known.guarding if not each.place.is_over]
    for each in known.guarding:
        if each.place.is_over and (current or known.here):
            continue  # their children are elsewhere now
        finding = _of_status(session, each)
        double = next(iter(known.doubles), None) if each.row.status == "duplicate" else None
        about, told = _about(known, each, double), _told(each)
        if finding is not None:
            yield with_words(finding, about, told, service=SERVICE)
        mistyped = _mistyped(session, each)
        if mistyped is not None:
            yield with_words(mistyped, about, told)


def _of_status(session: ActorSession, each: Guarding) -> Finding | None:
    row = each.row
    if row.status not in _REMEDIES:
        return None
    if row.status == "queued" and (row.since is None or session.at - row.since < PATIENCE):
        return None
    evidence = Evidence(STATUS_WORDS[row.status].label, row.email or "", row.since)
    cause = _CAUSES.get(row.status, row.status)
    finding = Finding(cause, STATUS_WORDS[row.status].label, (evidence,), _REMEDIES[row.status])
    if row.status == "deactivated" and not row.children:
        sentence = say("No child of theirs is in this school any more.")
        finding = replace(finding, cause="no_child", sentence=sentence, remedy=ENTER_CHILD)
    return finding


def _mistyped(session: ActorSession, each: Guarding) -> Finding | None:
    """Tell of an address that looks mistyped and has proved nothing yet (DOMAIN §5, 6)."""
    email = each.row.email
    if each.row.status == "active" or not email or likely_typing_error(email) is None:
        return None
    better = likely_typing_error(email, known_domains(session, each.place.school_id))
    if better is None:
        return None
    sentence = say(
        "%(address)s looks mistyped: is %(better)s meant? Correct it in the records.",
        address=email,
        better=better,
    )
    evidence = Evidence(say("Address on file"), f"{email} ({each.row.email_source})")
    return Finding("typing_error", sentence, (evidence,), remedies.GUARDIANS_ADDRESS)


def _about(known: Known, each: Guarding, double: int | None) -> About:
    place = each.place
    return About(
        known.person.id, place.school_id, place.school_year_id, place.access_id,
        double_id=double, school=place.school,
    )  # fmt: skip


def _told(each: Guarding) -> Told:
    since = each.row.since
    at = local(since, each.place.zone) if since else None
    year = each.place.year
    return Told(school=each.place.school, year=year, at=at, until=at)
