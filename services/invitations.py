"""Invitations to a team or to guardians: who receives one, who needs none, who is left out and why.

The plan is computed from the same facts as the lists. Applied, it makes for each
invited person a row of the next generation and a mail in the outbox, in one transaction;
the mail is rendered when it is sent (`services.mail.sender`).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import INVITED, Access, FactColumns, Service, joined
from models.accounts import Account
from models.addresses import likely_typing_error
from models.database import ActorSession
from models.invitations import Invitation
from models.language import DEFAULT_LANGUAGE, Wording, say, say_n
from models.mail import Mail
from models.people import Person, Post
from models.schools import School, SchoolYear
from services import access_rows, guardians, plans
from services.attention import known_domains
from services.findings import why_not
from services.plans import NOW, Item, PlanDraft, guard, now_plus, update_change

KIND = "invitation"
#: The service that a team is invited to.
SERVICE = "extranet"
_TEMPLATES = {SERVICE: KIND, guardians.SERVICE: "guardian_invitation"}
#: Statuses of an invitation that has left the house, and may be sent again.
REPEATED = tuple(status for status in INVITED if status != "queued")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One access with what an invitation needs to know."""

    access_id: int
    person_id: int
    surname: str
    first_name: str
    language: str
    status: str
    address: str | None
    personal_email: str | None
    school_email: str | None
    post_id: int | None
    consent_id: int | None
    invitation_id: int | None
    latest_generation: int
    bounced_address: str | None
    known: bool

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}"


@dataclass(frozen=True, slots=True)
class InvitationCounts:
    """What a plan of invitations will do: the figures of `trousseau invite --json`."""

    queued: int
    confirmed: int
    left_out: dict[str, int]


def candidates(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int] | None = None,
    service: str = SERVICE,
) -> list[Candidate]:
    """Return every access of the team, or of the guardians where `service` is theirs, with its
    facts at the session's moment, by name."""
    families = service == guardians.SERVICE
    at = session.at
    facts = FactColumns(at, at.astimezone(_zone(session, school_id)).date())
    earlier: Any = aliased(Invitation)
    latest = (
        select(func.max(earlier.generation))
        .where(earlier.access_id == Access.id)
        .correlate(Access)
        .scalar_subquery()
    )
    # The unique one of each access, also where it was cancelled and so is not joined.
    unreplaced = (
        select(earlier.id)
        .where(earlier.access_id == Access.id, earlier.replaced_at.is_(None))
        .correlate(Access)
        .scalar_subquery()
    )
    statement = (
        joined(
            select(  # type: ignore[call-overload,misc]
                Access.id,
                Person.id,
                Person.surname,
                Person.first_name,
                Person.language,
                facts.status,
                facts.address,
                Person.personal_email,
                Post.school_email,
                Access.post_id,
                facts.latest_consent("id"),
                unreplaced,
                latest,
                Mail.recipient,
                Mail.bounced_at,
                Mail.refused_at,
                _known_already(families, facts),
            ).select_from(Access),
            at,
            of_guardians=families,
        )
        .where(
            col(Access.school_id) == school_id,
            col(Access.school_year_id) == school_year_id,
            col(Service.code) == service,
        )
        .order_by(Person.surname_key, Person.first_name_key, Person.id)
    )
    if person_ids is not None:
        statement = statement.where(col(Access.person_id).in_(sorted(person_ids)))
    return [_candidate(row) for row in session.execute(statement)]


def _known_already(families: bool, facts: FactColumns) -> Any:
    """SQL: the person has activated the service in this school before, in another year; or in
    another school with an account of exactly the address in force here, proved by a mail. Of
    guardians any such account will do, for instance one that they have as staff.

    An identity is one across schools (DOMAIN §3), so this alone looks beyond the actor's: at
    the bare tables, which the session does not filter. It tells yes or no and nothing else.
    What another school says of the person does not count: it may have put any address on
    record, and have given the account to whoever reads there. A mail to ours tells them apart.
    """
    other = Access.__table__.alias()  # type: ignore[attr-defined]

    def before(*conditions: Any) -> Any:
        earlier = select(other.c.id).where(
            other.c.person_id == Access.person_id,
            other.c.service_id == Access.service_id,
            other.c.id != Access.id,
            other.c.activated_at.is_not(None),
            *conditions,
        )
        return exists(earlier)

    own = _own_account(facts)
    here = before(other.c.school_id == Access.school_id)
    return or_(here, own if families else and_(before(), own))


def _own_account(facts: FactColumns) -> Any:
    """SQL: the person, or one found to be the same, signs in with the address in force, proved."""
    account = Account.__table__.alias()  # type: ignore[attr-defined]
    merged = Person.__table__.alias()  # type: ignore[attr-defined]
    proved = (
        account.c.email_key == facts.address_key,
        account.c.address_proved_at.is_not(None),
        account.c.password_set_at.is_not(None),
        account.c.disabled_at.is_(None),
    )
    own = select(account.c.id).where(account.c.person_id == Access.person_id, *proved)
    of_the_same = select(account.c.id).where(
        merged.c.merged_into_id == Access.person_id,
        account.c.person_id == merged.c.id,
        *proved,
    )
    return or_(exists(own), exists(of_the_same))


def _candidate(row: Any) -> Candidate:
    (
        access_id, person_id, surname, first_name, language, status, address, personal, school,
        post_id, consent_id, invitation_id, latest, recipient, bounced, refused, known,
    ) = row  # fmt: skip
    return Candidate(
        access_id=access_id,
        person_id=person_id,
        surname=surname,
        first_name=first_name,
        language=language or DEFAULT_LANGUAGE,
        status=status,
        address=address,
        personal_email=personal,
        school_email=school,
        post_id=post_id,
        consent_id=consent_id,
        invitation_id=invitation_id,
        latest_generation=latest or 0,
        bounced_address=recipient if bounced or refused or _is_elsewhere(row) else None,
        known=bool(known),
    )


def _is_elsewhere(row: Any) -> bool:
    """Tell whether a guardian's invitation went to another address than the one in force now."""
    status, address, post_id, recipient = row[5], row[6], row[9], row[13]
    return post_id is None and status in INVITED and recipient not in (None, address)


def _zone(session: ActorSession, school_id: int) -> ZoneInfo:
    name = session.scalar(select(School.time_zone).where(col(School.id) == school_id))  # type: ignore[call-overload]
    return ZoneInfo(name or "UTC")


# --- the plan ---------------------------------------------------------------------------


def plan_invitations(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    person_ids: Collection[int] | None = None,
    again: bool = False,
    service: str = SERVICE,
) -> int:
    """Store the plan of a mass invitation and return its id.

    Everyone in the team, or every guardian where `service` is theirs, is in it: invited,
    confirmed without a mail because the account exists, or left out with the reason. With
    `again` those are invited who were before and have not activated, and nobody else
    (DOMAIN §3).
    """
    team = candidates(session, school_id, school_year_id, person_ids, service)
    policy = session.scalars(select(Service).where(col(Service.code) == service)).one()
    found = select(SchoolYear).where(col(SchoolYear.id) == school_year_id)
    year = session.scalars(found).one_or_none()
    if year is None:
        raise plans.PlanRefused(say("There is no such school year."))
    draft = PlanDraft(
        kind=KIND,
        title=_title(again, year.label, service),
        school_id=school_id,
        request={"school_year_id": school_year_id, "again": again, "service": service},
    )
    words = _Words(
        blocks=_blocks(session, school_id, team, again, service),
        domains=known_domains(session, school_id),
    )
    counts: Counter[str] = Counter()
    for candidate in team:
        item = _item(draft, candidate, policy, again, words)
        counts[item.action] += 1
        draft.items.append(item)
    draft.summary = _summary(counts)
    return plans.store(session, draft)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the plan's sentences need: findings by access, and domains that are no slips."""

    blocks: dict[int, Wording]
    domains: frozenset[str]


def _title(again: bool, year: str, service: str) -> Wording:
    if service == guardians.SERVICE:
        if again:
            return say("Invitations to guardians, sent again (%(year)s)", year=year)
        return say("Invitations to guardians (%(year)s)", year=year)
    if again:
        return say("Invitations to my team, sent again (%(year)s)", year=year)
    return say("Invitations to my team (%(year)s)", year=year)


def _summary(counts: Counter[str]) -> dict[str, Any]:
    left_out = {
        action.removeprefix("left_out:"): count
        for action, count in counts.items()
        if action.startswith("left_out:")
    }
    return {"queued": counts["invite"], "confirmed": counts["confirm"], "left_out": left_out}


def counts_of(session: ActorSession, plan_id: int) -> InvitationCounts:
    """Return what a stored plan of invitations will do, or has done."""
    plan = plans.find(session, plan_id)
    if plan.kind != KIND:
        raise plans.PlanRefused(say("There is no plan number %(number)s.", number=plan_id))
    return InvitationCounts(**(plan.summary or {}))


def _item(draft: PlanDraft, who: Candidate, service: Service, again: bool, words: _Words) -> Item:
    item = Item("information", "", who.name, Wording(""), [], who.person_id, draft.school_id)
    if code := _left_out(who, again):
        item.action = f"left_out:{code}"
        item.text = words.blocks.get(who.access_id) or _REASONS[code]
        item.level = "information" if code in _REASONS else "warning"
    elif who.known:
        item.action, item.text = "confirm", say("Has an account already: confirmed without a mail")
        item.changes = _confirmed(who)
    else:
        item.action = "invite"
        item.level, item.text = _announcement(who, words.domains)
        item.changes = _invited(draft, who, service)
    return item


#: Why somebody is left out whose access nothing blocks; what blocks one, findings tell.
_REASONS: dict[str, Wording] = {
    "active": say("Has activated already"),
    "already_invited": say("Has been invited already: use “send again”"),
    "never_invited": say("Has not been invited yet"),
    "waiting": say("The invitation is still waiting to be sent"),
}


def _left_out(who: Candidate, again: bool) -> str:
    """Return the reason for leaving somebody out as a code, "" for none."""
    if who.status == "to_invite":
        return "never_invited" if again and not who.known else ""
    if who.status not in INVITED:
        return who.status
    if not again:
        # What came back from another address never reached the person.
        return "" if who.bounced_address not in (None, who.address) else "already_invited"
    return "" if who.status in REPEATED else "waiting"


def _blocks(
    session: ActorSession, school_id: int, team: Sequence[Candidate], again: bool, service: str
) -> dict[int, Wording]:
    """Return, by access, the sentence of the finding for each one that is left out."""
    ids = [who.access_id for who in team if _left_out(who, again) not in ("", *_REASONS)]
    now = access_rows.moment(session, school_id)
    if service == guardians.SERVICE:
        rows = guardians.rows_of(session, now, ids)
        return {row.access_id: row.reason for row in rows if row.reason is not None}
    team_rows = access_rows.rows_of(session, now, ids)
    found = {row.access_id: why_not(row, session.at) for row in team_rows}
    return {access: finding.sentence for access, finding in found.items() if finding}


def _announcement(who: Candidate, domains: frozenset[str]) -> tuple[str, Wording]:
    """Return level and sentence for somebody who will be invited."""
    assert who.address is not None
    if who.bounced_address == who.address:
        return "warning", say(
            "Will receive an invitation at %(address)s, from where the last one came back",
            address=who.address,
        )
    if (better := likely_typing_error(who.address, domains)) is not None:
        return "warning", say(
            "Will receive an invitation at %(address)s: is %(better)s meant?",
            address=who.address,
            better=better,
        )
    return "information", say("Will receive an invitation at %(address)s", address=who.address)


def _confirmed(who: Candidate) -> list[Any]:
    activated = update_change(
        "access",
        who.access_id,
        {"activated_at": None, "activation": ""},
        {"activated_at": NOW, "activation": "known"},
    )
    return [*_still_agreed(who), activated]


def _still_agreed(who: Candidate) -> list[Any]:
    """Return the conditions that address and consent are still those of the plan."""
    guards = [guard("person", who.person_id, personal_email=who.personal_email)]
    if who.post_id is not None:
        guards.append(guard("post", who.post_id, school_email=who.school_email))
    if who.consent_id is not None:
        guards.append(guard("consent", who.consent_id, withdrawn_at=None))
    return guards


def _invited(draft: PlanDraft, who: Candidate, service: Service) -> list[Any]:
    generation = who.latest_generation + 1
    until = now_plus(timedelta(days=service.token_days).total_seconds())
    mail = draft.insert(
        "mail",
        school_id=draft.school_id,
        person_id=who.person_id,
        access_id=who.access_id,
        template=_TEMPLATES[service.code],
        language=who.language,
        generation=generation,
        recipient=who.address,
        queued_at=NOW,
        expires_at=until,
        next_attempt_at=NOW,
        attempts=0,
        reply="",
        # Told, so that the plan cannot be undone once a sender has taken the mail.
        claimed_by=None,
    )
    invitation = draft.insert(
        "invitation",
        access_id=who.access_id,
        school_id=draft.school_id,
        mail_id=mail[2],
        generation=generation,
        queued_at=NOW,
        valid_until=until,
    )
    changes = [guard("access", who.access_id, activated_at=None), *_still_agreed(who)]
    if who.invitation_id is not None:
        replaced = ({"replaced_at": None}, {"replaced_at": NOW})
        changes.append(update_change("invitation", who.invitation_id, *replaced))
    return [*changes, mail, invitation]


def sentence_for(counts: InvitationCounts) -> Wording:
    """Return one sentence that says what a plan of invitations comes to."""
    return say(
        "%(invited)s, %(confirmed)s, %(left_out)s",
        invited=say_n("%(count)s invitation", "%(count)s invitations", counts.queued),
        confirmed=say_n(
            "%(count)s confirmed without a mail",
            "%(count)s confirmed without a mail",
            counts.confirmed,
        ),
        left_out=say_n("%(count)s left out", "%(count)s left out", sum(counts.left_out.values())),
    )
