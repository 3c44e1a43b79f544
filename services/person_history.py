"""What has happened to one person: the journal, the plans and the mails, newest first.

Only what lies in the actor's schools, or belongs to the person alone, is told.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.database import ActorSession
from models.invitations import REMINDER
from models.journal import JournalLine
from models.language import Wording, say, wording_from_json
from models.mail import Mail
from models.plans import Plan, PlanItem
from models.roles import MISSIONS, ROLES, role_label

#: Lines of each kind that are read at most: nobody reads further back on a screen.
LONGEST_HISTORY = 200


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened: when, what in words, and who did it ("" for a mail server)."""

    at: datetime
    text: Wording
    actor: str = ""
    plan_id: int | None = None


def history(
    session: ActorSession, person_id: int, limit: int = LONGEST_HISTORY
) -> list[HistoryLine]:
    """Return what happened to a person, the newest first."""
    limit = min(limit, LONGEST_HISTORY)
    lines = [
        *_from_journal(session, person_id, limit),
        *_from_plans(session, person_id, limit),
        *_from_mails(session, person_id, limit),
    ]
    # What fell on one moment keeps the order in which it was done, turned round.
    return sorted(lines, key=lambda line: line.at)[::-1][:limit]


# --- plans ----------------------------------------------------------------------------------


def _from_plans(session: ActorSession, person_id: int, limit: int) -> Iterator[HistoryLine]:
    items = (
        select(PlanItem, Plan)
        .join(Plan, col(Plan.id) == PlanItem.plan_id)
        .where(
            col(PlanItem.person_id) == person_id,
            col(PlanItem.changes) != "",
            col(PlanItem.left_out).is_(False),
            col(Plan.applied_at).is_not(None),
        )
        .order_by(col(Plan.applied_at).desc())
        .limit(limit)
    )
    for item, plan in session.execute(items):
        assert plan.applied_at is not None
        text = wording_from_json(json.loads(item.text))
        yield HistoryLine(plan.applied_at, text, plan.actor, plan.id)
        if plan.undone_at is not None:
            yield HistoryLine(plan.undone_at, say("Undone: %(what)s", what=text), "", plan.id)


# --- mails ----------------------------------------------------------------------------------


def _from_mails(session: ActorSession, person_id: int, limit: int) -> Iterator[HistoryLine]:
    mails = select(Mail).where(col(Mail.person_id) == person_id).order_by(col(Mail.id).desc())
    for mail in reversed(session.scalars(mails.limit(limit)).all()):
        yield from _mail_lines(mail)


def _mail_lines(mail: Mail) -> Iterator[HistoryLine]:
    number: int | Wording = mail.generation
    if mail.template == REMINDER:
        number = say("%(number)s (reminder)", number=mail.generation)
    values = {"address": mail.recipient, "number": number}
    words = mail.reply or (wording_from_json(mail.reason) if mail.reason else "–")
    yield HistoryLine(mail.queued_at, say("Mail no. %(number)s for %(address)s queued", **values))
    if mail.sent_at:
        yield HistoryLine(mail.sent_at, say("Mail no. %(number)s sent to %(address)s", **values))
    if mail.uncertain_at:
        text = say("Mail no. %(number)s: the server gave no answer", **values)
        yield HistoryLine(mail.uncertain_at, text)
    if mail.refused_at:
        text = say("Mail no. %(number)s refused: %(words)s", words=words, **values)
        yield HistoryLine(mail.refused_at, text)
    if mail.bounced_at:
        text = say("Mail no. %(number)s came back: %(words)s", words=words, **values)
        yield HistoryLine(mail.bounced_at, text)
    if mail.held_at:
        text = say("Mail no. %(number)s held by our own server: %(words)s", words=words, **values)
        yield HistoryLine(mail.held_at, text)
    if mail.cancelled_at:
        yield HistoryLine(mail.cancelled_at, say("Mail no. %(number)s withdrawn", **values))


# --- the journal ----------------------------------------------------------------------------


def _from_journal(session: ActorSession, person_id: int, limit: int) -> Iterator[HistoryLine]:
    lines = (
        select(JournalLine)
        .where(col(JournalLine.person_id) == person_id)
        .order_by(col(JournalLine.id).desc())
        .limit(limit)
    )
    for line in reversed(session.scalars(lines).all()):
        if (text := _words(line)) is not None:
            yield HistoryLine(line.at, text, line.actor)


def _words(line: JournalLine) -> Wording | None:
    """Return a line in words; None for what says nothing to a person."""
    data = json.loads(line.data)
    before, after = data.get("before") or {}, data.get("after") or {}
    tell = _TELLERS.get(line.entity)
    return tell(line.action, before, after) if tell else None


_Facts = dict[str, Any]


def _person_words(action: str, before: _Facts, after: _Facts) -> Wording | None:
    if action == "insert":
        return say("Put on record")
    if after.get("merged_into_id"):
        return say("Found to be the same as another person on record")
    if "personal_email" in after:
        return say(
            "Address changed: %(before)s → %(after)s",
            before=before.get("personal_email") or "–",
            after=after["personal_email"] or "–",
        )
    return say("Name or other particulars corrected")


def _post_words(action: str, before: _Facts, after: _Facts) -> Wording | None:
    if action == "insert":
        return say("Post taken over from the records")
    if "role" in after:
        role = after["role"]
        if role in ROLES:
            return say("Role set: %(role)s", role=role_label(role))
        return say("Role set by hand taken away: the one of the function holds")
    if after.get("disappeared_at"):
        return say("No longer named by a complete import")
    if "school_email" in after:
        return say(
            "Address changed: %(before)s → %(after)s",
            before=before.get("school_email") or "–",
            after=after["school_email"] or "–",
        )
    return say("Post changed")


def _access_words(action: str, before: _Facts, after: _Facts) -> Wording | None:
    if action == "insert":
        return say("Access opened")
    if after.get("activated_at"):
        if after.get("activation") == "known":
            return say("Confirmed without a mail: the account exists already")
        return say("Access activated")
    return None


def _consent_words(action: str, before: _Facts, after: _Facts) -> Wording | None:
    if action == "insert":
        return say(
            "Consent recorded for %(address)s, signed on %(day)s",
            address=after.get("email", ""),
            day=date.fromisoformat(after["signed_on"]),
        )
    return say("Consent withdrawn") if after.get("withdrawn_at") else None


def _mission_words(action: str, before: _Facts, after: _Facts) -> Wording | None:
    code = after.get("code", "")
    if action == "insert" and code in MISSIONS:
        return say("Mission given: %(mission)s", mission=MISSIONS[code].label)
    return say("Mission ended") if after.get("removed_at") else None


def _double_words(action: str, before: _Facts, after: _Facts) -> Wording | None:
    if action == "insert":
        return say("Suspected to be on record twice")
    if after.get("decision") == "different":
        return say("Decided: not the same person")
    return None


_TELLERS: dict[str, Callable[[str, _Facts, _Facts], Wording | None]] = {
    "person": _person_words,
    "post": _post_words,
    "access": _access_words,
    "consent": _consent_words,
    "mission": _mission_words,
    "suspected_double": _double_words,
}
