"""Who an account is, and what it may be chosen for: a role in schools, or for a child.

Nothing of it is stored: it is derived from the roles that were given, from the accesses that
are active, and from the children whom a person answers for (DESIGN §2.1).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlmodel import col

from models.access import Access, FactColumns, Mission, Service, holds, joined
from models.accounts import Account, AccountRole
from models.database import Actor, ActorSession
from models.errors import TrousseauError
from models.families import Guardianship, Pupil
from models.headnet import HeadnetPassword, Headship
from models.language import N_, Wording, say
from models.people import Person
from models.rights import ROLES
from models.roles import CONSOLE_ROLE
from models.schools import School

#: The role that sees every school, and so belongs to none.
EVERYWHERE = "helpdesk"
#: The service whose accesses open the console to the staff, and the one of guardians.
STAFF_SERVICE, GUARDIAN_SERVICE = "extranet", "it_school"
_COORDINATOR_MISSION = "ib_coordinator"
#: A role that leaves nothing to one of those behind it, in the same school.
_INCLUDES = {"director": ("staff",), "coordinator": ("staff",), "head": ("staff",)}

_ROLE_LABELS = {
    "helpdesk": say("Helpdesk agent"),
    "director": say("Director"),
    "coordinator": say("Coordinator"),
    "head": say("Head of school"),
    "staff": say("Staff member"),
    "parent": say("Parent"),
}


def role_label(role: str) -> Wording:
    """Return the name of a role of the console. An unknown code raises `KeyError`."""
    return _ROLE_LABELS[role]


class UnknownAccount(TrousseauError):
    """There is no such account, or the actor does not see it."""

    heading = N_("Not found")


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account may be chosen for; on screen it is called “compte”.

    `school_ids` is None for a role that sees every school. `schools` are their names, in the
    order of the alphabet; `child` is the name of the pupil of a parent's profile. A head who
    came in with a HeadNet password has a headship, and the `generation` of that password.
    """

    role: str
    school_ids: frozenset[int] | None
    schools: tuple[str, ...] = ()
    pupil_id: int | None = None
    child: str = ""
    headship_id: int | None = None
    generation: int | None = None

    @property
    def label(self) -> Wording:
        """The profile in one line: the role and the school, or the child."""
        role = role_label(self.role)
        if self.child:
            return say(
                "%(role)s of %(child)s, %(school)s",
                role=role,
                child=self.child,
                school=", ".join(self.schools),
            )
        if self.school_ids is None:
            return say("%(role)s, all schools", role=role)
        return say("%(role)s, %(school)s", role=role, school=", ".join(self.schools))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has signed in, and the profiles to choose from, the one with the widest view first.

    `account_id` is None for a head who came in with a HeadNet password.
    """

    account_id: int | None
    email: str
    name: str
    language: str
    person_id: int | None
    profiles: tuple[Profile, ...]


def actor_for(identity: Identity, profile: Profile) -> Actor:
    """Return the actor that somebody works as in one profile."""
    return Actor(
        identity.email,
        profile.role,
        profile.school_ids,
        identity.account_id,
        identity.person_id,
        frozenset(() if profile.pupil_id is None else (profile.pupil_id,)),
        profile.headship_id,
        profile.generation,
    )


def actor_as(identity: Identity, role: str) -> Actor:
    """Return the actor of somebody in one of their roles, which they must have."""
    return actor_for(identity, next(p for p in identity.profiles if p.role == role))


def identity_of(session: ActorSession, account_id: int) -> Identity:
    """Return who an account is at the session's moment; raises `UnknownAccount`."""
    account = session.scalars(select(Account).where(col(Account.id) == account_id)).one_or_none()
    if account is None:
        raise UnknownAccount(say("There is no such account."))
    person = person_of(session, account)
    profiles = _all_of(session, account_id, person)
    return Identity(
        account_id=account_id,
        email=account.email,
        name=account.name or account.email,
        language=account.language,
        person_id=person,
        profiles=tuple(sorted(_without_included(profiles), key=_order)),
    )


def identity_of_head(
    session: ActorSession, headship_id: int, generation: int, email: str
) -> Identity:
    """Return who a head is that came in by a HeadNet password: head of that school, no more.

    An account of the same address adds nothing: its own password was not given. Raises
    `UnknownAccount`.
    """
    found = session.execute(
        select(Headship, col(School.name))
        .join(School, col(School.id) == col(Headship.school_id))
        .where(col(Headship.id) == headship_id)
    ).one_or_none()
    if found is None:
        raise UnknownAccount(say("There is no such account."))
    headship, school = found
    profile = Profile(
        "head",
        frozenset((headship.school_id,)),
        (school,),
        headship_id=headship_id,
        generation=generation,
    )
    return Identity(
        account_id=None,
        email=email,
        name=f"{headship.first_name} {headship.surname}".strip() or email,
        language=headship.language,
        person_id=None,
        profiles=(profile,),
    )


def _all_of(session: ActorSession, account_id: int, person: int | None) -> list[Profile]:
    profiles = list(_given(session, account_id))
    if person is not None:
        profiles += _of_accesses(session, person)
        profiles += _of_children(session, person)
    return profiles


def still_holds(session: ActorSession, actor: Actor) -> bool:
    """Tell whether an actor's account is open and still has what the actor works as.

    Somebody stays in for hours, and roles end, accesses are deactivated, accounts are closed
    meanwhile; a head is followed by another, or has a newer password that is in force. Whoever
    has neither account nor headship, such as the owner of the files, keeps what they have.
    """
    if actor.account_id is None:
        headship = actor.headship_id
        return headship is None or _still_head(session, headship, actor.generation or 0)
    account = session.scalars(select(Account).where(col(Account.id) == actor.account_id)).first()
    if account is None or account.disabled_at is not None:
        return False
    profiles = _all_of(session, actor.account_id, person_of(session, account))
    return any(_covers(profile, actor) for profile in profiles)


def _still_head(session: ActorSession, headship_id: int, generation: int) -> bool:
    """Tell whether a head who came in with a generation of the password may stay.

    *Continue* alone puts nobody out; the update does that brings a newer password into force.
    """
    live = select(col(Headship.id)).where(
        col(Headship.id) == headship_id, col(Headship.ended_at).is_(None)
    )
    newer = select(col(HeadnetPassword.id)).where(
        col(HeadnetPassword.headship_id) == headship_id,
        col(HeadnetPassword.generation) > generation,
        col(HeadnetPassword.in_force_at) <= session.at,
    )
    if session.scalars(live).first() is None:
        return False
    return session.scalars(newer.limit(1)).first() is None


def _covers(profile: Profile, actor: Actor) -> bool:
    """Tell whether a profile allows all that an actor does; it may allow more."""
    if profile.role != actor.role or not actor.pupils <= {profile.pupil_id}:
        return False
    if profile.school_ids is None:
        return True
    return actor.schools is not None and actor.schools <= profile.school_ids


def person_of(session: ActorSession, account: Account) -> int | None:
    """Return whom an account belongs to: the person kept, where two were found to be one."""
    person = account.person_id
    for _ in range(10):
        if person is None:
            return None
        kept = session.scalar(select(col(Person.merged_into_id)).where(col(Person.id) == person))
        if kept is None:
            return person
        person = kept
    return person


def _order(profile: Profile) -> tuple[int, tuple[str, ...], str]:
    return ROLES.index(profile.role), profile.schools, profile.child


def _without_included(profiles: Iterable[Profile]) -> Iterator[Profile]:
    """Leave out profiles that add nothing to another: a director is not also of the staff."""
    profiles = list(dict.fromkeys(profiles))
    covered: set[tuple[str, int]] = set()
    for profile in profiles:
        for role in (profile.role, *_INCLUDES.get(profile.role, ())):
            if profile.role != role or len(profile.school_ids or ()) > 1:
                covered |= {(role, school) for school in profile.school_ids or ()}
    for profile in profiles:
        schools = profile.school_ids or ()
        alone = len(schools) == 1 and profile.pupil_id is None
        if not (alone and all((profile.role, school) in covered for school in schools)):
            yield profile


# --- roles that were given --------------------------------------------------------------


def _given(session: ActorSession, account_id: int) -> Iterator[Profile]:
    rows = session.execute(
        select(col(AccountRole.role), col(AccountRole.school_id), col(School.name))
        .outerjoin(School, col(School.id) == AccountRole.school_id)
        .where(
            col(AccountRole.account_id) == account_id,
            holds(col(AccountRole.given_at), col(AccountRole.ended_at), session.at),
        )
    ).all()
    by_role: dict[str, dict[int, str]] = {}
    for role, school, name in rows:
        schools = by_role.setdefault(role, {})
        if school is not None:
            schools[school] = name
    for role, schools in by_role.items():
        if role == EVERYWHERE:
            yield Profile(role, None)
        elif schools and role in ROLES:
            yield Profile(role, frozenset(schools), tuple(sorted(schools.values())))


# --- roles that follow from accesses -----------------------------------------------------


def _of_accesses(session: ActorSession, person_id: int) -> list[Profile]:
    profiles = []
    for school, name, role, coordinates in _active(session, person_id, STAFF_SERVICE):
        opened = CONSOLE_ROLE.get(role, "staff")
        roles = {"coordinator"} if coordinates else set()
        if opened != "staff" or not roles:
            roles.add(opened)
        profiles += [Profile(one, frozenset((school,)), (name,)) for one in sorted(roles)]
    return profiles


def _active(session: ActorSession, person_id: int, service: str) -> list[Any]:
    """Return school, name, role and whether they coordinate, of each active access."""
    found: list[Any] = []
    for zone in _zones(session, person_id):
        day = session.at.astimezone(ZoneInfo(zone)).date()
        facts = FactColumns(session.at, day)
        coordinates = (
            select(col(Mission.id))
            .where(
                col(Mission.person_id) == Access.person_id,
                col(Mission.school_id) == Access.school_id,
                col(Mission.school_year_id) == Access.school_year_id,
                col(Mission.code) == _COORDINATOR_MISSION,
                holds(col(Mission.given_at), col(Mission.removed_at), session.at),
            )
            .correlate(Access)
            .exists()
        )
        statement = joined(
            select(col(Access.school_id), col(School.name), facts.role, coordinates).select_from(
                Access
            ),
            session.at,
            of_guardians=True,
        ).join(School, col(School.id) == Access.school_id)
        found += session.execute(
            statement.where(
                col(Access.person_id) == person_id,
                col(Service.code) == service,
                col(School.time_zone) == zone,
                facts.status == "active",
            )
        ).all()
    return found


def _zones(session: ActorSession, person_id: int) -> list[str]:
    """Return the time zones of a person's schools: the day that it is decides what is active."""
    schools = select(col(Access.school_id)).where(col(Access.person_id) == person_id)
    zones = select(col(School.time_zone)).where(col(School.id).in_(schools)).distinct()
    return sorted(session.scalars(zones))


def _of_children(session: ActorSession, person_id: int) -> list[Profile]:
    schools = {row[0]: row[1] for row in _active(session, person_id, GUARDIAN_SERVICE)}
    if not schools:
        return []
    children = session.execute(
        select(col(Pupil.id), col(Pupil.school_id), col(Pupil.first_name), col(Pupil.surname))
        .join(Guardianship, col(Guardianship.pupil_id) == Pupil.id)
        .where(
            col(Guardianship.person_id) == person_id,
            or_(*(col(Pupil.school_id) == school for school in schools)),
            holds(col(Guardianship.since), col(Guardianship.ended_at), session.at),
            or_(col(Pupil.disappeared_at).is_(None), col(Pupil.disappeared_at) > session.at),
        )
    ).all()
    return [
        Profile("parent", frozenset((school,)), (schools[school],), pupil, f"{first} {last}")
        for pupil, school, first, last in children
    ]
