"""What holds for one person: the accesses, the posts and the missions (DOMAIN §5)."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.addresses import likely_typing_error
from models.database import ActorSession
from models.families import Guardianship
from models.headnet import Headship
from models.language import Wording, say
from models.people import Person, Post
from models.prepared import fetch, fetch_value
from models.schools import SchoolYear
from models.workshops import WorkshopParticipant
from services import diagnosis_remedies as remedies
from services import headnet_checks, workshop_attendance
from services.access_rows import DAY
from services.attention import known_domains
from services.diagnosis_facts import PATIENCE, Here, Known
from services.diagnosis_words import Told, tell
from services.findings import (
    CORRECT_IN_SOURCE,
    RENEW,
    About,
    Evidence,
    Finding,
    Remedy,
    findings_of,
    not_invited,
)
from services.headnet_rows import is_manager, school_of
from services.headnet_school import HeadnetPage, school_page
from services.wider_causes import HEAD, anybody_signed, is_former_head
from services.zones import local

_NO_CONSENT = ("no_consent", "consent_printed")


def with_words(
    finding: Finding, about: About, told: Told, remedy: Remedy | None = None, **more: Any
) -> Finding:
    """Return a finding with what to tell, whom it is about, and its remedy filled in."""
    return replace(
        finding,
        tell=tell(finding.cause, told) or finding.sentence,
        about=about,
        remedy=remedies.filled(remedy or finding.remedy, about, **more),
    )


def of_person(known: Known, session: ActorSession, asked_school: int | None) -> Iterator[Finding]:
    """Yield what holds for the accesses, posts and missions of a person, in no order."""
    current = [each for each in known.here if not each.place.is_over]
    for each in known.here:
        if each.place.is_over and current and asked_school is None:
            continue  # they work elsewhere now
        yield from _of_access(session, known, each)
        yield from _of_missions(known, each)
        yield from _former_head(session, known, each)
    if not known.here and (known.posts or not (known.guarding or _is_guardian(session, known))):
        yield _nowhere(known)
    yield from _headnet(session, known)
    yield from _workshops(session, known)


# --- accesses ------------------------------------------------------------------------------


def _about(known: Known, here: Here, **more: Any) -> About:
    place, row = here.place, here.row
    return About(
        known.person.id, place.school_id, place.school_year_id, place.access_id, row.post_id,
        school=place.school, **more,
    )  # fmt: skip


def _of_access(session: ActorSession, known: Known, here: Here) -> Iterator[Finding]:
    row, about = here.row, _about(known, here)
    told = _told(here)
    if here.place.is_over and row.status == "ended":
        yield _ended(session, known, here)
        return
    for finding in findings_of(row, local(session.at, here.place.zone), _domains(session, here)):
        yield from _told_of(session, known, here, finding, about, told)
    invited = not_invited(row)
    if invited is not None:
        yield with_words(invited, about, told)
    yield from _waits(session, here, about, told)
    yield from _several(known, here, about)


def _domains(session: ActorSession, here: Here) -> frozenset[str]:
    """Return the domains in use, read only where an address looks mistyped without them."""
    email = here.row.email
    if not email or likely_typing_error(email) is None:
        return frozenset()
    return known_domains(session, here.place.school_id)


def _told(here: Here) -> Told:
    """Return what sentences about an access name: the deciding moments on the school's clocks."""
    row, zone = here.row, here.place.zone
    since = row.since
    facts = row.details
    until: Any = local(facts.valid_until, zone) if facts.valid_until else None
    return Told(
        school=here.place.school,
        year=facts.year,
        at=local(since, zone) if since else None,
        until=until,
    )


def _told_of(
    session: ActorSession,
    known: Known,
    here: Here,
    finding: Finding,
    about: About,
    told: Told,
) -> Iterator[Finding]:
    """Yield a finding of the team's list with its words, and the wider cause behind it."""
    facts, zone = here.row.details, here.place.zone
    cause = finding.cause
    if cause in _NO_CONSENT and not anybody_signed(session, here.place.school_id):
        yield _no_consents(here, about)
    elif cause == "deactivated" and _works_elsewhere(known, here):
        finding = replace(finding, cause="lost_in_one_school")
    elif cause == "duplicate":
        double = next(iter(known.doubles), None)
        about = replace(about, double_id=double)
    elif cause == "disappeared" and facts.disappeared_at:
        told = replace(told, at=local(facts.disappeared_at, zone))
    elif cause == "date_passed":
        told = replace(told, until=facts.exit_date)
    elif cause == "address_changed":
        told = replace(told, at=local(facts.sent_at or facts.queued_at, zone))  # type: ignore[arg-type]
    of_records = finding.remedy is CORRECT_IN_SOURCE
    more: dict[str, Any] = {"source": here.row.email_source} if of_records else {}
    yield with_words(finding, about, told, **more)


def _works_elsewhere(known: Known, here: Here) -> bool:
    return any(each is not here and each.row.status == "active" for each in known.here)


def no_consents(school: str) -> Wording:
    """Return the sentence that nothing is sent in a school at all."""
    return say(
        "No signed consent is recorded in %(school)s: nothing is sent to anybody.", school=school
    )


def _no_consents(here: Here, about: About) -> Finding:
    school = here.place.school
    finding = Finding(
        "no_consents_at_all",
        no_consents(school),
        (Evidence(say("Access granted"), at=here.row.details.granted_at),),
        remedies.PRINT_ALL,
    )  # fmt: skip
    return with_words(finding, about, Told(school=school))


def _waits(session: ActorSession, here: Here, about: About, told: Told) -> Iterator[Finding]:
    """Tell of a mail that nobody sends, though nothing holds it back."""
    facts = here.row.details
    if here.row.status != "queued" or facts.held_at is not None or facts.queued_at is None:
        return
    if session.at - facts.queued_at < PATIENCE:
        return
    finding = Finding(
        "mail_waits",
        say("The invitation waits in the outbox and nobody sends it."),
        (Evidence(say("Asked for"), facts.recipient, facts.queued_at),),
        remedies.SEND_NOW,
    )
    yield with_words(finding, about, told)


def _several(known: Known, here: Here, about: About) -> Iterator[Finding]:
    """Tell that several mails have left, of which the latest alone counts (DOMAIN §5, 4)."""
    row = here.row
    if row.status not in ("queued", "sent", "uncertain"):
        return
    sent = [
        each for each in known.invitations
        if each.access_id == row.access_id and each.sent_at is not None
    ]  # fmt: skip
    if not any(each.generation < (row.details.generation or 0) for each in sent):
        return
    latest = row.details.sent_at or row.details.queued_at
    assert latest is not None
    finding = Finding(
        "several_mails",
        say("Several invitations were sent: only the token of the latest opens anything."),
        tuple(
            Evidence(say("Sent, n° %(number)s", number=each.generation), at=each.sent_at)
            for each in sent
        ),
        remedies.TELL_LATEST,
    )
    yield with_words(finding, about, Told(at=local(latest, here.place.zone)))


# --- posts ---------------------------------------------------------------------------------


def _ended(session: ActorSession, known: Known, here: Here) -> Finding:
    """Tell what ended with the year: the person's post alone, or the whole school's."""
    place, facts = here.place, here.row.details
    running = _running_year(session, place.calendar_id, here)
    if running is not None and _has_posts(session, place.school_id, running):
        return _no_post(known, place.school_id, place.school, place.zone, here)
    finding = Finding(
        "ended",
        say(
            "The access ended with the school year %(year)s, on %(day)s. "
            "A post in the new year gives a new one.",
            year=facts.year,
            day=facts.access_ends,
        ),
        (Evidence(say("Ended"), at=facts.ended_at),),
        RENEW,
    )
    return with_words(finding, _about(known, here), _told(here))


def _running_year(session: ActorSession, calendar_id: int, here: Here) -> int | None:
    values = {"calendar": calendar_id, "day": here.place.day}
    found: int | None = fetch_value(session, _year_running(), values)
    return found


@cache
def _year_running() -> Any:
    day: Any = DAY
    return select(col(SchoolYear.id)).where(
        col(SchoolYear.calendar_id) == bindparam("calendar"),
        col(SchoolYear.first_day) <= day,
        col(SchoolYear.access_ends) >= day,
    )


def _has_posts(session: ActorSession, school_id: int, school_year_id: int) -> bool:
    values = {"school": school_id, "year": school_year_id}
    return fetch_value(session, _any_post(), values) is not None


@cache
def _any_post() -> Any:
    return (
        select(col(Post.id))
        .where(
            col(Post.school_id) == bindparam("school"),
            col(Post.school_year_id) == bindparam("year"),
        )
        .limit(1)
    )


def _is_guardian(session: ActorSession, known: Known) -> bool:
    """Tell whether somebody is there for a pupil: then no post is missing."""
    return bool(fetch(session, _guardianships(), {"person": known.person.id}))


@cache
def _guardianships() -> Any:
    return (
        select(col(Guardianship.id))
        .where(col(Guardianship.person_id) == bindparam("person"))
        .where(col(Guardianship.ended_at).is_(None))
        .limit(1)
    )


def _nowhere(known: Known) -> Finding:
    last = known.posts[0] if known.posts else None
    school_id, school = (last.school_id, last.school) if last else (None, "–")
    return _no_post(known, school_id, school, known.zone, None)


def _no_post(
    known: Known, school_id: int | None, school: str, zone: str, here: Here | None
) -> Finding:
    evidence: tuple[Evidence, ...] = ()
    if here is not None:
        facts = here.row.details
        evidence = (Evidence(say("Last post: %(year)s", year=facts.year), at=facts.ended_at),)
    finding = Finding(
        "no_post",
        say("The records name no post in %(school)s for this school year.", school=school),
        evidence,
        remedies.ENTER_POST,
    )
    about = _about(known, here) if here else About(known.person.id, school_id, school=school)
    return with_words(finding, about, Told(school=school))


# --- missions (DOMAIN §5, 11) ---------------------------------------------------------------


def _of_missions(known: Known, here: Here) -> Iterator[Finding]:
    if here.row.status in ("deactivated", "ended"):
        return
    place, told = here.place, set(here.row.missions)
    for mission in known.missions:
        if mission.school_id != place.school_id or mission.code in told:
            continue
        told.add(mission.code)
        if mission.school_year_id == place.school_year_id and mission.removed_at is not None:
            yield _lost_mission("mission_removed", known, here, mission)
        elif (mission.id, place.school_year_id) in known.not_renewed:
            yield _lost_mission("mission_not_renewed", known, here, mission)


def _lost_mission(cause: str, known: Known, here: Here, mission: Any) -> Finding:
    told = Told(school=here.place.school, mission=mission.code, year=mission.year)
    evidence = [Evidence(say("Given"), at=mission.given_at)]
    if mission.removed_at is not None:
        told = replace(told, at=local(mission.removed_at, here.place.zone))
        evidence.append(Evidence(say("Taken away"), at=mission.removed_at))
    finding = Finding(cause, _of_mission(cause, told), tuple(evidence), remedies.GIVE_MISSION)
    return with_words(finding, _about(known, here), told, mission=mission.code)


def _of_mission(cause: str, told: Told) -> Wording:
    if cause == "mission_removed":
        return say("A mission was taken away on %(at)s: its menus are missing.", at=told.at)
    return say("A mission of %(year)s was not given again: its menus are missing.", year=told.year)


# --- heads (DOMAIN §5, 12 and 19) ------------------------------------------------------------


def _former_head(session: ActorSession, known: Known, here: Here) -> Iterator[Finding]:
    """Tell of a head before whose post is still live, to whoever came after (DOMAIN §5, 12)."""
    row, place = here.row, here.place
    if row.function != HEAD or row.status in ("deactivated", "ended"):
        return
    values = {"post": row.post_id, "day": place.day}
    for other in fetch(session, _former_heads(), values):
        name = f"{other.first_name} {other.surname}".strip()
        finding = Finding(
            "former_head",
            say("The post of the former head, %(name)s, is still live.", name=name),
            (Evidence(say("Post on record since"), name, other.created_at),),
            remedies.END_POST,
        )
        yield with_words(
            finding, _about(known, here), Told(school=place.school, name=name),
            former_person_id=other.person_id, former_post_id=other.id,
        )  # fmt: skip


@cache
def _former_heads() -> Any:
    newer: Any = aliased(Post)
    mine = select(newer.id).where(newer.id == bindparam("post"), is_former_head(Post, newer, DAY))
    columns: tuple[Any, ...] = (
        Post.id, Post.person_id, Post.created_at, Person.surname, Person.first_name,
    )  # fmt: skip
    return (
        select(*(col(column) for column in columns))
        .join(Person, col(Person.id) == Post.person_id)
        .where(exists(mine))
        .order_by(col(Post.id))
    )


def _headnet(session: ActorSession, known: Known) -> Iterator[Finding]:
    """Yield what keeps somebody out of HeadNet who is, was or should be the head."""
    if not is_manager(session):
        return
    schools = {each.place.school_id: each for each in known.here if not each.place.is_over}
    rows = fetch(session, _headships(), {"schools": sorted(schools) or [0]})
    names = (known.person.surname_key, known.person.first_name_key)
    for school_id, here in schools.items():
        theirs = [row for row in rows if row.school_id == school_id]
        mine = [row for row in theirs if (row.surname_key, row.first_name_key) == names]
        live = next((row for row in theirs if row.ended_at is None), None)
        if mine:
            yield from of_headnet(session, school_id, here.place.school, known.person.id)
        elif live is not None and here.row.function == HEAD:
            yield _former_in_headnet(known, here, live)


@cache
def _headships() -> Any:
    columns = (
        Headship.school_id, Headship.surname, Headship.first_name, Headship.surname_key,
        Headship.first_name_key, Headship.since, Headship.ended_at,
    )  # fmt: skip
    return (
        select(*(col(column) for column in columns))
        .where(col(Headship.school_id).in_(bindparam("schools", expanding=True)))
        .order_by(col(Headship.id).desc())
    )


def _former_in_headnet(known: Known, here: Here, live: Any) -> Finding:
    name = f"{live.first_name} {live.surname}".strip()
    finding = Finding(
        "headnet_former_head",
        say("HeadNet still has %(name)s as the head of the school.", name=name),
        (Evidence(say("Recorded since"), name, live.since),),
        headnet_checks.RECORD_HEAD,
    )
    return with_words(
        finding, _about(known, here), Told(school=here.place.school, name=name),
        surname=known.person.surname, first_name=known.person.first_name,
    )  # fmt: skip


def of_headnet(
    session: ActorSession, school_id: int, school: str, person_id: int | None = None
) -> Iterator[Finding]:
    """Yield what keeps the head of a school out of HeadNet, in words for the telephone.

    Raises `OutOfScope` for whoever manages no such account.
    """
    found = headnet_checks.explain(session, school_id)
    if not found:
        return
    page = school_page(session, school_id)
    about = About(person_id, school_id, school=school_of(session, school_id).name)
    for finding in found:
        yield told_of_head(finding, about, _of_password(page, school))


def told_of_head(finding: Finding, about: About, told: Told) -> Finding:
    """Return a finding of HeadNet with its words; the form begins with the address tried."""
    tried = finding.remedy is headnet_checks.OTHER_ADDRESS and finding.evidence[0].value
    more: dict[str, Any] = {"email": tried} if tried else {}
    return with_words(finding, about, told, **more)


def _of_password(page: HeadnetPage, school: str) -> Told:
    latest = page.latest
    if latest is None:
        return Told(school=school)
    zone = page.zone
    return Told(
        school=school, at=local(latest.asked_at, zone), until=local(latest.takes_effect_at, zone)
    )


# --- workshops (DOMAIN §5, 20) --------------------------------------------------------------


def _workshops(session: ActorSession, known: Known) -> Iterator[Finding]:
    """Tell of a workshop at which the person missed a session."""
    schools = sorted({each.place.school_id for each in known.here})
    values = {
        "schools": schools or [0], "keys": sorted(known.keys) or [""],
        "surname": known.person.surname_key, "first": known.person.first_name_key,
    }  # fmt: skip
    for row in fetch(session, _took_part(), values):
        results = workshop_attendance.results(session, row.workshop_id)
        if not any(each.participant_id == row.id and each.met is False for each in results):
            continue
        finding = Finding(
            "requirements_not_met",
            say("A session of a workshop was missed: the requirements are not met."),
            (Evidence(say("Entered as participant"), at=row.added_at),),
        )
        about = About(known.person.id, row.school_id, workshop_id=row.workshop_id)
        yield with_words(finding, about, Told())


@cache
def _took_part() -> Any:
    participant = WorkshopParticipant
    columns = (participant.id, participant.workshop_id, participant.school_id, participant.added_at)
    same_name = (col(participant.surname_key) == bindparam("surname")) & (
        col(participant.first_name_key) == bindparam("first")
    )
    return (
        select(*(col(column) for column in columns))
        .where(
            col(participant.school_id).in_(bindparam("schools", expanding=True)),
            or_(col(participant.email_key).in_(bindparam("keys", expanding=True)), same_name),
            col(participant.withdrawn_at).is_(None),
        )
        .order_by(col(participant.id).desc())
        .limit(5)
    )
