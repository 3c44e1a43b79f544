"""What a diagnosis rests on: everything about one person, read by identifiers in few statements.

Only what the session's actor sees is in it: accounts and the record of the door are the
helpdesk's alone, what lies in other schools is nobody else's (`models.rights`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import Access, Mission, Service
from models.accounts import Account, AccountKey, PasswordReset, SignInEvent
from models.among import among
from models.base import Instant
from models.database import ActorSession
from models.invitations import Invitation
from models.language import say
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.prepared import fetch
from models.rights import may_see, right
from models.schools import School, SchoolYear
from services import guardians
from services.access_rows import SERVICE, AccessRow, Moment, NotFound, rows_of
from services.guardians import GuardianRow
from services.headnet_checks import TOLD_FOR
from services.wider_causes import was_not_renewed

#: Events at the door that are looked at, the latest first.
_MOST_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """An access with its school and school year; `day` is the day there now."""

    access_id: int
    school_id: int
    school: str
    zone: str
    school_year_id: int
    calendar_id: int
    first_day: date
    access_ends: date
    year: str
    service: str
    day: date

    @property
    def when(self) -> int:
        """0 for a year that is running, 1 for one to come, 2 for one that is over."""
        if self.is_over:
            return 2
        return int(self.first_day > self.day)

    @property
    def is_over(self) -> bool:
        """Whether the school year is over."""
        return self.access_ends < self.day


@dataclass(frozen=True, slots=True)
class Here:
    """One school of a person: the access that counts there, or the last one that did."""

    place: Place
    row: AccessRow


@dataclass(frozen=True, slots=True)
class Guarding:
    """One school of a guardian's children: the access that counts there, or the last one."""

    place: Place
    row: GuardianRow


@dataclass(frozen=True, slots=True)
class Nobody:
    """Whoever has an account and is on record nowhere."""

    surname: str
    first_name: str = ""
    id: None = None
    birth_date: None = None


@dataclass(frozen=True)
class Known:
    """Everything known of one person at the session's moment.

    `here` and `guarding` have each school once. `accounts` are those of the person, `others`
    those of somebody else under one of the person's addresses. `events` are what was tried at the
    door since the person last came in, the latest first.
    """

    at: datetime
    person: Any
    here: tuple[Here, ...]
    schools: int
    guarding: tuple[Guarding, ...] = ()
    posts: tuple[Any, ...] = ()
    missions: tuple[Any, ...] = ()
    #: Missions that were not given again, each with the school year in which they were not.
    not_renewed: frozenset[tuple[int, int]] = frozenset()
    invitations: tuple[Any, ...] = ()
    accounts: tuple[Any, ...] = ()
    others: tuple[Any, ...] = ()
    same_address: tuple[Any, ...] = ()
    keys: frozenset[str] = frozenset()
    by_key: frozenset[int] = frozenset()
    resets: tuple[Any, ...] = ()
    events: tuple[Any, ...] = ()
    doubles: dict[int, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.person.first_name} {self.person.surname}".strip()

    @property
    def zone(self) -> str:
        return self.anywhere[0].place.zone if self.anywhere else "Europe/Brussels"

    @property
    def anywhere(self) -> tuple[Here | Guarding, ...]:
        return (*self.here, *self.guarding)

    @property
    def is_in(self) -> bool:
        """Tell whether some access works, or would but for what is wrong at the door."""
        return any(each.row.status == "active" for each in self.anywhere)

    @property
    def may_come_in(self) -> bool:
        """Tell whether it is the door alone that can keep them out."""
        return self.is_in or self.person.id is None

    def event(self, kind: str, *outcomes: str, among: Collection[str] | None = None) -> Any:
        """Return the latest try that ended so, None where there was none."""
        for event in self.events:
            fits = event.kind == kind and event.outcome in outcomes
            if fits and (among is None or event.address_key in among):
                return event
        return None


def sees_accounts(session: ActorSession) -> bool:
    """Tell whether the actor sees accounts and what was tried at the door."""
    return session.actor.sees_all or right(session.actor.role, "door").reach == "all"


def gather(session: ActorSession, person_id: int, school_id: int | None) -> Known:
    """Return what is known of a person, in one school or in all that the actor sees.

    Raises `NotFound` for a person out of sight, or who never was in that school.
    """
    person = _person_of(session, person_id)
    posts = fetch(session, _posts(), {"person": person.id})
    places = _places(session, person.id)
    if school_id is not None:
        places = [place for place in places if place.school_id == school_id]
        posts = [post for post in posts if post.school_id == school_id]
        if not places and not posts:
            raise _nobody()
    schools = len({place.school_id for place in places})
    here = _here(session, _counting([p for p in places if p.service == SERVICE]))
    guarding = _guarding(session, _counting([p for p in places if p.service != SERVICE]))
    keys = _keys(person, posts)
    known: dict[str, Any] = _at_the_door(session, person.id, keys, places)
    if any((each.row.details.generation or 0) > 1 for each in here):
        asked = {"ids": [each.row.access_id for each in here]}
        known["invitations"] = tuple(fetch(session, _invitations(), asked))
    doubted = any(each.row.details.double_found_at is not None for each in here) or any(
        each.row.status == "duplicate" for each in guarding
    )
    missions = tuple(fetch(session, _missions(), {"person": person.id}))
    lost = fetch(session, _not_renewed(), {"person": person.id}) if missions else ()
    return Known(
        session.at,
        person,
        here,
        schools,
        guarding,
        tuple(posts),
        missions,
        frozenset(map(tuple, lost)),
        same_address=_same_address(session, person),
        keys=keys,
        doubles=_doubles(session, person.id) if doubted else {},
        **known,
    )


def gather_account(session: ActorSession, account_id: int) -> Known:
    """Return what is known of an account that is nobody's on record, for the helpdesk.

    Raises `NotFound` for whoever sees no accounts.
    """
    rows = fetch(session, _account(), {"id": account_id}) if sees_accounts(session) else []
    if not rows:
        raise NotFound(say("There is no such account."))
    account = rows[0]
    values = {
        "accounts": [account.id], "accesses": [0], "keys": [account.email_key],
        "since": session.at - TOLD_FOR,
    }  # fmt: skip
    proved = fetch(session, _ssh_keys(), {"ids": [account.id]})
    return Known(
        session.at,
        Nobody(account.name),
        (),
        0,
        accounts=(account,),
        keys=frozenset((account.email_key,)),
        by_key=frozenset(row.account_id for row in proved),
        resets=tuple(fetch(session, _resets(), {"ids": [account.id]})),
        events=_since_last_in(fetch(session, _events(), values), [account.id]),
    )


def _nobody() -> NotFound:
    return NotFound(say("There is no such person in your schools."))


# --- the person, the posts, the accesses ---------------------------------------------------


def _person_of(session: ActorSession, person_id: int) -> Any:
    rows = fetch(session, _person(), {"id": person_id})
    if rows and rows[0].merged_into_id is not None:
        rows = fetch(session, _person(), {"id": rows[0].merged_into_id})
    if not rows:
        raise _nobody()
    return rows[0]


@cache
def _person() -> Any:
    columns = (
        Person.id, Person.surname, Person.first_name, Person.surname_key, Person.first_name_key,
        Person.birth_date, Person.personal_email, Person.personal_email_key,
        Person.merged_into_id,
    )  # fmt: skip
    return select(*(col(column) for column in columns)).where(col(Person.id) == bindparam("id"))


@cache
def _posts() -> Any:
    columns: tuple[Any, ...] = (
        Post.id, Post.school_id, Post.school_year_id, Post.function, Post.start_date,
        Post.exit_date, Post.present, Post.created_at, Post.school_email_key,
        Post.disappeared_at, SchoolYear.first_day, SchoolYear.access_ends,
    )  # fmt: skip
    labelled: tuple[Any, ...] = (
        col(School.name).label("school"),
        col(SchoolYear.label).label("year"),
    )
    return (
        select(*(col(column) for column in columns), *labelled)
        .join(SchoolYear, col(SchoolYear.id) == Post.school_year_id)
        .join(School, col(School.id) == Post.school_id)
        .where(col(Post.person_id) == bindparam("person"))
        .order_by(col(SchoolYear.first_day).desc(), col(Post.id))
    )


def _places(session: ActorSession, person_id: int) -> list[Place]:
    found = []
    services = [SERVICE]
    if session.actor.sees_all or may_see(session.actor.role, "families"):
        services.append(guardians.SERVICE)
    values = {"person": person_id, "services": services}
    for row in fetch(session, _accesses(), values):
        day = session.at.astimezone(ZoneInfo(row.zone)).date()
        found.append(Place(*(*row, day)))
    return found


@cache
def _accesses() -> Any:
    return (
        select(
            col(Access.id),
            col(Access.school_id),
            col(School.name),
            col(School.time_zone).label("zone"),
            col(Access.school_year_id),
            col(SchoolYear.calendar_id),
            col(SchoolYear.first_day),
            col(SchoolYear.access_ends),
            col(SchoolYear.label).label("year"),
            col(Service.code).label("service"),
        )
        .join(School, col(School.id) == Access.school_id)
        .join(SchoolYear, col(SchoolYear.id) == Access.school_year_id)
        .join(Service, col(Service.id) == Access.service_id)
        .where(col(Access.person_id) == bindparam("person"))
        .where(col(Service.code).in_(bindparam("services", expanding=True)))
        .order_by(col(Access.id))
    )


def _counting(places: Sequence[Place]) -> list[Place]:
    """Return for each school the access that counts: now, else next, else the last one."""
    of_school: defaultdict[int, list[Place]] = defaultdict(list)
    for place in places:
        of_school[place.school_id].append(place)

    def rank(place: Place) -> tuple[int, int]:
        day = place.first_day.toordinal()
        return place.when, day if place.when == 1 else -day

    chosen = [min(each, key=rank) for each in of_school.values()]
    return sorted(chosen, key=lambda place: (place.when, place.school, place.access_id))


def _here(session: ActorSession, places: Sequence[Place]) -> tuple[Here, ...]:
    rows: dict[int, AccessRow] = {}
    for zone, day in sorted({(place.zone, place.day) for place in places}):
        ids = [place.access_id for place in places if (place.zone, place.day) == (zone, day)]
        now = Moment(session.at, day, ZoneInfo(zone))
        rows |= {row.access_id: row for row in rows_of(session, now, ids)}
    return tuple(Here(place, rows[place.access_id]) for place in places if place.access_id in rows)


def _guarding(session: ActorSession, places: Sequence[Place]) -> tuple[Guarding, ...]:
    found = []
    for place in places:
        now = Moment(session.at, place.day, ZoneInfo(place.zone))
        rows = guardians.rows_of(session, now, [place.access_id])
        found += [Guarding(place, row) for row in rows]
    return tuple(found)


@cache
def _missions() -> Any:
    columns = (
        Mission.id, Mission.school_id, Mission.school_year_id, Mission.code, Mission.given_at,
        Mission.removed_at,
    )  # fmt: skip
    labelled: tuple[Any, ...] = (col(SchoolYear.label).label("year"), col(SchoolYear.first_day))
    return (
        select(*(col(column) for column in columns), *labelled)
        .join(SchoolYear, col(SchoolYear.id) == Mission.school_year_id)
        .where(col(Mission.person_id) == bindparam("person"))
        .order_by(col(Mission.id).desc())
    )


@cache
def _not_renewed() -> Any:
    """SQL: the missions of a person that were not given again in a year with an access."""
    its_year: Any = aliased(SchoolYear)
    access: Any = aliased(Access)
    lost = select(its_year.id).where(
        its_year.id == Mission.school_year_id, was_not_renewed(Mission, its_year, SchoolYear)
    )
    still_there = select(access.id).where(
        access.person_id == Mission.person_id,
        access.school_id == Mission.school_id,
        access.school_year_id == SchoolYear.id,
    )
    return (
        select(col(Mission.id).label("mission_id"), col(SchoolYear.id).label("year_id"))
        .join(SchoolYear, true())
        .where(col(Mission.person_id) == bindparam("person"), exists(lost), exists(still_there))
    )


@cache
def _invitations() -> Any:
    return (
        select(
            col(Invitation.access_id),
            col(Invitation.generation),
            col(Invitation.queued_at),
            col(Mail.sent_at),
        )
        .join(Mail, col(Mail.id) == Invitation.mail_id)
        .where(among(Invitation.access_id, "ids"))
        .order_by(col(Invitation.generation).desc())
    )


def _doubles(session: ActorSession, person_id: int) -> dict[int, int]:
    """Return the open suspicions about a person: whom of, by the number of the suspicion."""
    rows = fetch(session, _open_doubles(), {"person": person_id})
    return {r.id: r.other_id if r.person_id == person_id else r.person_id for r in rows}


@cache
def _open_doubles() -> Any:
    person: Any = bindparam("person")
    double = SuspectedDouble
    return select(col(double.id), col(double.person_id), col(double.other_id)).where(
        or_(col(double.person_id) == person, col(double.other_id) == person),
        col(double.decided_at).is_(None),
    )


# --- addresses and the door ----------------------------------------------------------------


def _keys(person: Any, posts: Iterable[Any]) -> frozenset[str]:
    found = {person.personal_email_key, *(post.school_email_key for post in posts)}
    return frozenset(key for key in found if key)


def _same_address(session: ActorSession, person: Any) -> tuple[Any, ...]:
    """Return who else has the person's own address on record."""
    if not person.personal_email_key:
        return ()
    rows = fetch(session, _of_address(), {"key": person.personal_email_key})
    return tuple(row for row in rows if row.id != person.id)


@cache
def _of_address() -> Any:
    columns = (Person.id, Person.surname, Person.first_name, Person.birth_date)
    return (
        select(*(col(column) for column in columns))
        .where(
            col(Person.personal_email_key) == bindparam("key"),
            col(Person.merged_into_id).is_(None),
        )
        .order_by(col(Person.id))
        .limit(5)
    )


def _at_the_door(
    session: ActorSession, person_id: int, keys: frozenset[str], places: Sequence[Place]
) -> dict[str, Any]:
    """Return accounts, forgotten passwords and tries, for whoever sees them."""
    if not sees_accounts(session):
        return {}
    found = fetch(session, _accounts(), {"person": person_id, "keys": sorted(keys) or [""]})
    mine = tuple(a for a in found if person_id in (a.person_id, a.merged_into_id))
    live = [account.id for account in mine]
    values = {
        "accounts": live or [0],
        "accesses": [place.access_id for place in places] or [0],
        "keys": sorted(keys | {account.email_key for account in mine}) or [""],
        "since": session.at - TOLD_FOR,
    }
    return {
        "accounts": mine,
        "others": tuple(a for a in found if a not in mine and a.person_id is not None),
        "by_key": frozenset(
            row.account_id for row in (fetch(session, _ssh_keys(), {"ids": live}) if live else ())
        ),
        "resets": tuple(fetch(session, _resets(), {"ids": live})) if live else (),
        "events": _since_last_in(fetch(session, _events(), values), live),
    }


def _account_facts() -> Any:
    columns: tuple[Any, ...] = (
        Account.id, Account.email_key, Account.person_id, Account.name, Account.locked_until,
        Account.failed_tries, Account.tries_since, Account.disabled_at, Account.created_at,
        Person.merged_into_id,
    )  # fmt: skip
    return select(
        *(col(column) for column in columns),
        col(Account.password_hash).is_not(None).label("has_password"),
    ).outerjoin(Person, col(Person.id) == Account.person_id)


@cache
def _account() -> Any:
    return _account_facts().where(col(Account.id) == bindparam("id"))


@cache
def _accounts() -> Any:
    """SQL: the accounts of a person, or of one found to be the same, or under an address."""
    person: Any = bindparam("person")
    same: Any = aliased(Person)
    merged = select(same.id).where(same.merged_into_id == person)
    return (
        _account_facts()
        .where(
            or_(
                col(Account.person_id) == person,
                col(Account.person_id).in_(merged),
                col(Account.email_key).in_(bindparam("keys", expanding=True)),
            )
        )
        .order_by(col(Account.id))
    )


@cache
def _ssh_keys() -> Any:
    return select(col(AccountKey.account_id)).where(
        among(AccountKey.account_id, "ids"),
        col(AccountKey.proved_at).is_not(None),
        col(AccountKey.removed_at).is_(None),
    )


@cache
def _resets() -> Any:
    """SQL: forgotten passwords of these accounts with what became of the mail, latest first."""
    reset, mail = PasswordReset, Mail
    columns: tuple[Any, ...] = (
        reset.id, reset.account_id, reset.generation, reset.asked_at, reset.valid_until,
        reset.used_at, reset.replaced_at, reset.mail_id, mail.sent_at, mail.refused_at,
        mail.bounced_at, mail.held_at, mail.uncertain_at, mail.closed_at, mail.reply,
    )  # fmt: skip
    return (
        select(*(col(column) for column in columns))
        .outerjoin(Mail, col(Mail.id) == PasswordReset.mail_id)
        .where(among(PasswordReset.account_id, "ids"))
        .order_by(col(PasswordReset.id).desc())
        .limit(3)
    )


@cache
def _events() -> Any:
    event = SignInEvent
    columns = (
        event.id, event.kind, event.outcome, event.at, event.last_at, event.times,
        event.account_id, event.access_id, event.address, event.address_key,
    )  # fmt: skip
    # One after the other, so that each finds its index.
    mine = or_(
        col(event.account_id).in_(bindparam("accounts", expanding=True)),
        col(event.access_id).in_(bindparam("accesses", expanding=True)),
        col(event.address_key).in_(bindparam("keys", expanding=True)),
    )
    return (
        select(*(col(column) for column in columns))
        .where(mine, col(event.last_at) > bindparam("since", type_=Instant()))
        .order_by(col(event.last_at).desc(), col(event.id).desc())
        .limit(_MOST_EVENTS)
    )


def _since_last_in(events: Sequence[Any], accounts: Sequence[int]) -> tuple[Any, ...]:
    """Return what was tried after the person last came in: what was before is mended."""
    found = []
    for event in events:
        if event.outcome == "ok" and event.account_id in accounts:
            break
        found.append(event)
    return tuple(found)


def since(event: Any) -> datetime:
    """Return when something was last tried."""
    return event.last_at or event.at


#: A mail that has waited for so long waits for a sender, and not for its turn.
PATIENCE = timedelta(hours=1)
