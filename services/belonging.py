"""Who belongs to a school beyond an actor's own: what one school says changes nothing there.

A person is one across schools (DOMAIN §3), with one address that every school writes to. A
school that could change it for the others would have their tokens sent wherever it likes.
"""

from collections.abc import Collection

from sqlalchemy import Connection, select

from models.bulk import table_named
from models.database import ActorSession
from models.language import say

#: Where somebody belongs to a school: by a post, or by a child.
POST, CHILD = "post", "guardianship"

#: Whom to ask, in the words of an import's line.
NOT_FROM_HERE = say(
    "Known in another school too: the address recorded there is not changed from here. Ask the "
    "helpdesk which one is right."
)

#: As many as go into one question; and beyond how many all are asked for at once.
_AT_ONCE, _ONE_BY_ONE = 500, 5_000


def beyond(
    connection: Connection,
    schools: Collection[int] | None,
    people: Collection[int],
    places: Collection[str] = (POST, CHILD),
) -> set[int]:
    """Return those of `people` who have, or had, a place in a school that is none of `schools`.

    With None for somebody who sees every school there is none. Former places count: a child
    may come back, and a post be renewed.
    """
    if schools is None:
        return set()
    found: set[int] = set()
    wanted = sorted(people)
    for name in places:
        place = table_named(name)
        theirs = select(place.c.person_id).where(place.c.school_id.not_in(sorted(schools)))
        if len(wanted) > _ONE_BY_ONE:
            found |= set(connection.scalars(theirs.distinct())).intersection(wanted)
            continue
        for start in range(0, len(wanted), _AT_ONCE):
            part = place.c.person_id.in_(wanted[start : start + _AT_ONCE])
            found |= set(connection.scalars(theirs.where(part)))
    return found


def beyond_actor(
    session: ActorSession, people: Collection[int], places: Collection[str] = (POST, CHILD)
) -> set[int]:
    """Return those of `people` who belong to a school that the session's actor does not see.

    It tells that there is such a school, and not which.
    """
    return beyond(session.connection(), session.actor.schools, people, places)
