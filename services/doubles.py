"""Suspected doubles: two persons on record who may be one, and what is decided of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import Access, Mission, Suspension
from models.consents import Consent, PrintedForm
from models.database import ActorSession, change
from models.errors import TrousseauError
from models.families import Guardianship
from models.invitations import Invitation
from models.language import N_, Wording, say
from models.mail import Mail
from models.people import Person, PersonKey, Post, SuspectedDouble
from models.schools import School
from services import plans
from services.access_rows import NotFound
from services.plans import NOW, Item, PlanDraft, update_change

KIND = "merge"
SAME, DIFFERENT = "same", "different"


class NotYours(TrousseauError):
    """One of the two also works in a school that the actor doesn't see."""

    heading = N_("Ask the helpdesk")


@dataclass(frozen=True, slots=True)
class DoublePerson:
    """One of the two. Without `visible` only that there is somebody is told."""

    person_id: int
    visible: bool
    name: str = ""
    birth_date: date | None = None
    staff_number: str | None = None
    email: str | None = None
    posts: tuple[str, ...] = ()
    activated: bool = False


@dataclass(frozen=True, slots=True)
class DoublePair:
    """A suspicion, with the two side by side."""

    double_id: int
    score: int
    found_at: datetime
    one: DoublePerson
    other: DoublePerson


def open_pairs(
    session: ActorSession, offset: int = 0, limit: int = 50, person_id: int | None = None
) -> list[DoublePair]:
    """Return the undecided suspicions within the actor's schools, the oldest first."""
    wanted = select(SuspectedDouble).where(col(SuspectedDouble.decided_at).is_(None))
    if person_id is not None:
        wanted = wanted.where(_about(person_id))
    few = wanted.order_by(col(SuspectedDouble.id)).offset(offset).limit(limit)
    pairs = session.scalars(few).all()
    people = _people(session, {p for pair in pairs for p in (pair.person_id, pair.other_id)})
    return [
        DoublePair(
            double_id=pair.id or 0,
            score=pair.score,
            found_at=pair.found_at,
            one=people[pair.person_id],
            other=people[pair.other_id],
        )
        for pair in pairs
    ]


def _about(person_id: int) -> Any:
    double = SuspectedDouble
    return or_(col(double.person_id) == person_id, col(double.other_id) == person_id)


def _people(session: ActorSession, ids: set[int]) -> dict[int, DoublePerson]:
    wanted = sorted(ids)
    found = {person: DoublePerson(person, visible=False) for person in wanted}
    posts = _post_words(session, wanted)
    active = set(
        session.scalars(
            select(col(Access.person_id)).where(
                col(Access.person_id).in_(wanted), col(Access.activated_at).is_not(None)
            )
        )
    )
    for person in session.scalars(select(Person).where(col(Person.id).in_(wanted))):
        assert person.id is not None
        found[person.id] = DoublePerson(
            person_id=person.id,
            visible=True,
            name=f"{person.surname} {person.first_name}".strip(),
            birth_date=person.birth_date,
            staff_number=person.staff_number,
            email=person.personal_email,
            posts=tuple(posts.get(person.id, ())),
            activated=person.id in active,
        )
    return found


def _post_words(session: ActorSession, ids: list[int]) -> dict[int, list[str]]:
    """Return the names of the schools in which each of them has a post."""
    posts = (
        select(col(Post.person_id), col(School.name))
        .join(School, col(School.id) == Post.school_id)
        .where(col(Post.person_id).in_(ids))
        .order_by(col(School.name))
        .distinct()
    )
    words: dict[int, list[str]] = {}
    for person_id, school in session.execute(posts):
        words.setdefault(person_id, []).append(school)
    return words


# --- not the same -------------------------------------------------------------------------


def decide_different(session: ActorSession, double_id: int) -> None:
    """Record that the two are not the same; what was blocked is free again.

    Raises `NotFound` where somebody has decided before, or the pair is out of sight.
    """
    undecided = (col(SuspectedDouble.id) == double_id) & col(SuspectedDouble.decided_at).is_(None)
    facts = {"decided_at": session.at, "decision": DIFFERENT}
    if not change(session, SuspectedDouble, undecided, **facts):
        raise NotFound(say("This has been decided already, or is not yours to decide."))


# --- the same -----------------------------------------------------------------------------


def plan_merge(session: ActorSession, double_id: int, school_id: int) -> int:
    """Store the plan that makes the two one person, and return its id.

    The one who has activated stays, else the one on record longer. What the other had goes
    over to them; where both have a post in the same school and year, the two become one.
    `school_id` is the school for which it is done. Raises `NotYours` where one of the two
    also has posts in a school out of the actor's sight.
    """
    pair = session.scalars(
        select(SuspectedDouble).where(
            col(SuspectedDouble.id) == double_id, col(SuspectedDouble.decided_at).is_(None)
        )
    ).one_or_none()
    if pair is None:
        raise NotFound(say("This has been decided already, or is not yours to decide."))
    _refuse_beyond(session, (pair.person_id, pair.other_id))
    both = _people(session, {pair.person_id, pair.other_id})
    keep, drop = sorted(both.values(), key=lambda p: (not p.activated, p.person_id))
    merge = _Merge(session, keep.person_id, drop.person_id)
    item = Item(
        "warning",
        "merge",
        f"{keep.name} = {drop.name}",
        say("Become one person: what is known of the second goes over to the first"),
        merge.changes(pair),
        keep.person_id,
        school_id,
    )
    title = say("One person: %(name)s", name=keep.name)
    return plans.store(session, PlanDraft(KIND, title, school_id, items=[item, *merge.told]))


def _refuse_beyond(session: ActorSession, ids: Iterable[int]) -> None:
    """Refuse where a post or a child lies beyond the actor's schools; only that there is one
    is looked at."""
    if session.actor.sees_all:
        return
    schools = sorted(session.actor.schools or ())
    for table, text in ((Post, _WORKS_ELSEWHERE), (Guardianship, _CHILD_ELSEWHERE)):
        rows: Any = table.__table__  # type: ignore[union-attr]
        beyond = select(rows.c.id).where(
            rows.c.person_id.in_(sorted(ids)), rows.c.school_id.not_in(schools)
        )
        if session.connection().execute(beyond.limit(1)).first() is not None:
            raise NotYours(text)


_WORKS_ELSEWHERE = say(
    "One of the two also works in a school that is not one of yours. The helpdesk can decide it."
)
_CHILD_ELSEWHERE = say(
    "One of the two also has a child in a school that is not one of yours. "
    "The helpdesk can decide it."
)


class _Merge:
    """Computes what moves from one person to the other. `told` are lines without a change."""

    def __init__(self, session: ActorSession, keep: int, drop: int) -> None:
        self.session, self.keep, self.drop = session, keep, drop
        self.told: list[Item] = []
        self.lost_access: dict[int, int] = {}
        self.lost_post: dict[int, int] = {}

    def changes(self, pair: SuspectedDouble) -> list[Any]:
        """Return every change; those of posts first, for they say what becomes of the rest."""
        posts = self._posts()
        accesses = self._accesses()
        return [
            *self._person(),
            *posts,
            *accesses,
            *self._moved(PersonKey),
            *self._guardianships(),
            *self._missions(),
            *self._on_posts(Consent),
            *self._on_posts(PrintedForm),
            *self._suspensions(),
            *self._mails(),
            *self._invitations(),
            *self._other_pairs(pair),
            _decided(pair),
            *self._gone(),
        ]

    def _all(self, table: Any, *conditions: Any) -> list[Any]:
        return list(self.session.scalars(select(table).where(*conditions).order_by(table.id)))

    def _of(self, table: Any, person: int) -> list[Any]:
        return self._all(table, table.person_id == person)

    def _person(self) -> list[Any]:
        (kept,) = self._all(Person, col(Person.id) == self.keep)
        (dropped,) = self._all(Person, col(Person.id) == self.drop)
        email = ("personal_email", "personal_email_key", "personal_email_field")
        filled = _blanks_filled(kept, dropped, "birth_date", "staff_number", "sex", "language")
        if not kept.personal_email and dropped.personal_email:
            filled.update({name: getattr(dropped, name) for name in email})
        changes = [_updated("person", kept, filled)] if filled else []
        return [*changes, _updated("person", dropped, {"merged_into_id": self.keep})]

    def _posts(self) -> list[Any]:
        mine = {(p.school_id, p.school_year_id): p for p in self._of(Post, self.keep)}
        changes = []
        for post in self._of(Post, self.drop):
            twin = mine.get((post.school_id, post.school_year_id))
            if twin is None:
                changes.append(_updated("post", post, {"person_id": self.keep}))
                continue
            self.lost_post[post.id] = twin.id
            school = ("school_email", "school_email_key", "school_email_field")
            filled = _blanks_filled(twin, post, "function", "role", "start_date")
            if not twin.school_email and post.school_email:
                filled.update({name: getattr(post, name) for name in school})
            if filled:
                changes.append(_updated("post", twin, filled))
        return changes

    def _accesses(self) -> list[Any]:
        def team(row: Access) -> tuple[int, int, int]:
            return row.school_id, row.school_year_id, row.service_id

        mine = {team(a): a for a in self._of(Access, self.keep)}
        changes = []
        for access in self._of(Access, self.drop):
            twin = mine.get(team(access))
            if twin is None:
                after: dict[str, Any] = {"person_id": self.keep}
                if access.post_id in self.lost_post:
                    after["post_id"] = self.lost_post[access.post_id]
                changes.append(_updated("access", access, after))
                continue
            self.lost_access[access.id] = twin.id
            if access.activated_at and not twin.activated_at:
                facts = {"activated_at": access.activated_at, "activation": access.activation}
                changes.append(_updated("access", twin, facts))
        return changes

    def _moved(self, table: Any) -> list[Any]:
        name = table.__tablename__
        rows = self._of(table, self.drop)
        return [_updated(name, row, {"person_id": self.keep}) for row in rows]

    def _guardianships(self) -> list[Any]:
        """The children go over; of two ties to one child the second ends."""
        held = {g.pupil_id for g in self._of(Guardianship, self.keep) if g.ended_at is None}
        changes = []
        for tie in self._of(Guardianship, self.drop):
            after: dict[str, Any] = {"person_id": self.keep}
            if tie.ended_at is None and tie.pupil_id in held:
                after["ended_at"] = NOW
            changes.append(_updated("guardianship", tie, after))
        return changes

    def _missions(self) -> list[Any]:
        def task(row: Mission) -> tuple[int, int, str]:
            return row.school_id, row.school_year_id, row.code

        held = {task(m) for m in self._of(Mission, self.keep) if m.removed_at is None}
        changes = []
        for mission in self._of(Mission, self.drop):
            after: dict[str, Any] = {"person_id": self.keep}
            if mission.removed_at is None and task(mission) in held:
                after["removed_at"] = NOW
            changes.append(_updated("mission", mission, after))
        return changes

    def _on_posts(self, table: Any) -> list[Any]:
        """Consents and printed forms follow the person, and the post that stays."""
        has_person = hasattr(table, "person_id")
        posts = [post.id for post in self._of(Post, self.drop)]
        rows = (
            self._of(table, self.drop) if has_person else self._all(table, table.post_id.in_(posts))
        )
        changes = []
        for row in rows:
            after: dict[str, Any] = {"person_id": self.keep} if has_person else {}
            if row.post_id in self.lost_post:
                after["post_id"] = self.lost_post[row.post_id]
            if after:
                changes.append(_updated(table.__tablename__, row, after))
        return changes

    def _suspensions(self) -> list[Any]:
        lost = sorted(self.lost_access)
        rows = self._all(Suspension, col(Suspension.access_id).in_(lost))
        moved = self.lost_access
        return [_updated("suspension", r, {"access_id": moved[r.access_id]}) for r in rows]

    def _mails(self) -> list[Any]:
        """Mails go over; those of an access that goes away are not sent any more."""
        changes = []
        for mail in self._of(Mail, self.drop):
            after: dict[str, Any] = {"person_id": self.keep}
            if mail.access_id in self.lost_access:
                after["access_id"] = self.lost_access[mail.access_id]
                if mail.closed_at is None:
                    after.update(closed_at=NOW, cancelled_at=NOW)
            changes.append(_updated("mail", mail, after))
        return changes

    def _invitations(self) -> list[Any]:
        """The tokens of an access that goes away open nothing: its invitations go with it."""
        lost = sorted(self.lost_access)
        rows = self._all(Invitation, col(Invitation.access_id).in_(lost))
        return [_removed("invitation", row) for row in rows]

    def _other_pairs(self, pair: SuspectedDouble) -> list[Any]:
        """What is suspected of the one who goes is now suspected of the one who stays."""
        known = {_ends(row) for row in self._all(SuspectedDouble, _about(self.keep))}
        changes = []
        for row in self._all(SuspectedDouble, _about(self.drop)):
            if row.id == pair.id or row.decided_at is not None:
                continue
            third = row.other_id if row.person_id == self.drop else row.person_id
            ends = (min(third, self.keep), max(third, self.keep))
            if ends in known:
                changes.append(_decided(row))
            else:
                after = {"person_id": ends[0], "other_id": ends[1]}
                changes.append(_updated("suspected_double", row, after))
        return changes

    def _gone(self) -> list[Any]:
        accesses = self._all(Access, col(Access.id).in_(sorted(self.lost_access)))
        posts = self._all(Post, col(Post.id).in_(sorted(self.lost_post)))
        self.told += [self._line(post) for post in posts]
        gone = [_removed("access", row) for row in accesses]
        return [*gone, *(_removed("post", row) for row in posts)]

    def _line(self, post: Post) -> Item:
        someone: Any = aliased(School)
        name = self.session.scalar(select(someone.name).where(someone.id == post.school_id))
        text: Wording = say("Two posts in the same school year become one")
        return Item("information", "post", str(name), text, [], self.keep, post.school_id)


def _ends(row: SuspectedDouble) -> tuple[int, int]:
    return min(row.person_id, row.other_id), max(row.person_id, row.other_id)


def _decided(row: SuspectedDouble) -> Any:
    return _updated("suspected_double", row, {"decided_at": NOW, "decision": SAME})


def _blanks_filled(kept: Any, dropped: Any, *names: str) -> dict[str, Any]:
    """Return what the one who goes knows and the one who stays doesn't."""
    return {
        name: getattr(dropped, name)
        for name in names
        if not getattr(kept, name) and getattr(dropped, name)
    }


def _updated(table: str, row: Any, after: dict[str, Any]) -> Any:
    before = {name: getattr(row, name) for name in after}
    return update_change(table, row.id, before, after)


def _removed(table: str, row: Any) -> Any:
    from models.bulk import neutral

    columns = row.__table__.columns
    values = {c.name: neutral(getattr(row, c.name)) for c in columns if c.name != "id"}
    return ["-", table, row.id, values]
