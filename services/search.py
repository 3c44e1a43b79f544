"""The one search of the console: people, schools, and whatever a caller reads out.

What is typed may be a name in any order, half typed or with slips, an address, a staff or
FASE number, a school as people call it, a pasted token, the reference of a consent form or
of a workshop, or a message id. The best match comes first, and only what the session's actor
may see is found (DOMAIN §5, the search keys).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col

from models.accounts import Account
from models.database import ActorSession
from models.headnet import HeadAddress
from models.kept_text import token_in
from models.keys import Key
from models.language import Wording, say
from models.people import Person, Post
from models.prepared import fetch
from models.text import clean
from services import search_codes, search_rows
from services.search_names import words_of
from services.search_rows import Found, Hit
from services.search_schools import SchoolFound
from services.search_vocabulary import Vocabulary, addresses, vocabulary
from services.search_words import compare

__all__ = ["KINDS", "KIND_WORDS", "LONGEST_TEXT", "Hit", "search", "warm_up"]

#: What can be found. `site` is an implantation: `school_id` says whose.
KIND_WORDS: dict[str, Wording] = {
    "person": say("person"),
    "head": say("head of school"),
    "account": say("account"),
    "school": say("school"),
    "site": say("site"),
    "token": say("token"),
    "form": say("consent form"),
    "workshop": say("workshop"),
    "message": say("message"),
}
KINDS = tuple(KIND_WORDS)
#: What is typed is cut to this many characters, and names to this many words.
LONGEST_TEXT, _MOST_WORDS = 200, 8
MOST_ROWS = 50
#: Of a kind that has fewer good answers so many are shown in any case; of heads and workshops
#: there are few.
_LEAST_OF_KIND = {"person": 3, "school": 3, "head": 1, "workshop": 1}
_MOST_WORKSHOPS = 5
#: How well what was typed must fit a workshop's title.
_TITLE_FITS = 0.6

#: The fit of a school from which on people are looked for in so many steps only.
_STEPS, _ALL_STEPS = ((0.88, 1), (0.78, 2)), 4
#: From so many words on the least of these fits is enough for the fewest steps.
_MANY_WORDS = 3
#: How well a name must fit to be meant beside a school's number.
_RATHER = 0.7

_NAME, _SCHOOL = say("Name"), say("School")
_FORMER_NAME, _HEAD, _TITLE = say("Former name"), say("Name of the head"), say("Title")
_NAME_AND_NUMBER = say("Name and FASE number")
_PERSONAL, _OF_SCHOOL = say("Personal address"), say("School address")
_OF_ACCOUNT, _OF_HEAD = say("Address of the account"), say("Recorded address of the head")


def search(session: ActorSession, text: str, limit: int = 12, key: Key | None = None) -> list[Hit]:
    """Return what may have been meant, the best match first, at most `limit` (up to 50).

    With `key` (that of tokens) a pasted token or message id is told to be genuine or not.
    Deterministic: the same rows give the same answer in the same order. Never raises for
    what was typed.
    """
    limit = max(0, min(limit, MOST_ROWS))
    text = token_in(text) or text
    text = clean(text[: LONGEST_TEXT + 1], LONGEST_TEXT).strip()
    if not text or not limit:
        return []
    certain = _certain(session, text, key, limit)
    if search_codes.number_in(text) or (certain and certain[0].kind == "token"):
        return _without_twice(certain)[:limit]
    return _without_twice([*certain, *_likely(session, text, limit)])[:limit]


def warm_up(session: ActorSession) -> None:
    """Read what `search` needs beforehand, such as when a screen opens."""
    compare()
    vocabulary(session)


def _certain(session: ActorSession, text: str, key: Key | None, limit: int) -> list[Hit]:
    """Return what has the form of a code and is one that is known."""
    if (hit := search_codes.token(session, text, key)) is not None:
        return [hit]
    found: list[Hit] = []
    if any(character.isdigit() for character in text):
        looked = (
            search_codes.form(session, text),
            search_codes.workshop(session, text),
            search_codes.message(session, text, key),
        )
        found += [hit for hit in looked if hit is not None]
    if digits := search_codes.number_in(text):
        found += search_codes.fase(session, digits)
        found += search_codes.fase_begun(session, digits)
        found += search_rows.people(session, search_codes.staff(session, digits, limit))
    return found


def _likely(session: ActorSession, text: str, limit: int) -> list[Hit]:
    """Return what words and addresses may mean."""
    known = vocabulary(session)
    if _is_address(text):
        return _by_address(session, known, text, limit)
    name, number = search_codes.with_number(text)
    numbered = _in_numbered_school(session, known, name, number, limit) if name else []
    schools = known.schools.find(text, limit)
    names = _names(known, text, limit, steps=_steps(text, schools))
    found = {
        "person": _people(session, names, text, limit),
        "school": [_of_school(each) for each in schools],
        "head": _heads(session, known, text, limit),
        "workshop": _workshops(known, text),
    }
    chosen = _shared_out(found, limit)
    shown = {
        (hit.kind, hit.id): hit
        for kind, rows in _ROWS.items()
        for hit in rows(session, [one for k, one in chosen if k == kind])
    }
    return [
        *numbered,
        *(shown[kind, one.id] for kind, one in chosen if (kind, one.id) in shown),
    ]


_ROWS: dict[str, Callable[[ActorSession, Sequence[Found]], list[Hit]]] = {
    "person": search_rows.people,
    "school": search_rows.schools,
    "head": search_rows.heads,
    "workshop": search_rows.workshops,
}


def _steps(text: str, schools: Sequence[SchoolFound]) -> int:
    """Return how far people are looked for beside schools that fit what was typed.

    What fits a school in several words is hardly somebody's name with many slips.
    """
    words = len(text.split())
    fit = schools[0].fit if schools and words > 1 else 0.0
    if fit >= _STEPS[-1][0] and words >= _MANY_WORDS:
        return _STEPS[0][1]
    return next((steps for least, steps in _STEPS if fit >= least), _ALL_STEPS)


def _of_school(found: SchoolFound) -> Found:
    return Found(found.id, round(found.fit, 4), _SCHOOL)


def _shared_out(found: Mapping[str, Sequence[Found]], limit: int) -> list[tuple[str, Found]]:
    """Return the best of all kinds, of each at least some where there are any."""
    ranked = sorted(
        ((kind, one) for kind, ones in found.items() for one in ones),
        key=lambda each: -each[1].fit,
    )
    needed = {
        kind: min(_LEAST_OF_KIND[kind], limit // 3, len(ones)) for kind, ones in found.items()
    }
    chosen: list[tuple[str, Found]] = []
    for kind, one in ranked:
        others = sum(count for other, count in needed.items() if other != kind)
        if len(chosen) + others >= limit and not needed[kind]:
            continue
        chosen.append((kind, one))
        needed[kind] = max(0, needed[kind] - 1)
        if len(chosen) >= limit:
            break
    return chosen


# --- people by name -----------------------------------------------------------------------


def _names(
    known: Vocabulary, text: str, most: int, *, steps: int = 4
) -> dict[tuple[str, str], float]:
    """Return the names that may have been meant, with what differs, in slips."""
    words = words_of(text)[:_MOST_WORDS]
    found = known.names.find(words, most, steps=steps)
    if known.late is not None:
        found = sorted({*found, *known.late.find(words, most, steps=steps)})[:most]
    return {(each.surname, each.first_name): each.cost for each in found}


def _people(
    session: ActorSession,
    names: dict[tuple[str, str], float],
    text: str,
    limit: int,
    schools: Sequence[int] | None = None,
) -> list[Found]:
    """Return the people of these names, in these schools alone where some are given."""
    rows = search_rows.people_named(session, names, schools)
    kept = search_rows.kept_of(session, {r.id for r in rows if r.merged_into_id is not None})
    ranked = sorted(
        (
            names[row.surname_key, row.first_name_key],
            row.surname_key,
            row.first_name_key,
            row.id in kept,
            kept.get(row.id, row.id),
        )
        for row in rows
    )
    length = _length(text)
    best: dict[int, Found] = {}
    for cost, _surname, _first_name, former, person in ranked:
        matched = _FORMER_NAME if former else _NAME
        best.setdefault(person, Found(person, round(1 - cost / length, 4), matched))
    return list(best.values())[:limit]


def _length(text: str) -> int:
    return max(3, sum(map(len, words_of(text)[:_MOST_WORDS])))


def _heads(session: ActorSession, known: Vocabulary, text: str, limit: int) -> list[Found]:
    """Return the heads of school who may have been meant, for those who may see them."""
    if known.heads is None:
        return []
    found = known.heads.names.find(words_of(text)[:_MOST_WORDS], limit)
    costs = {(each.surname, each.first_name): each.cost for each in found}
    ranked = sorted(
        (costs[row.surname_key, row.first_name_key], -row.id)
        for row in search_rows.heads_named(session, costs)
    )
    length = _length(text)
    return [Found(-row, round(1 - cost / length, 4), _HEAD) for cost, row in ranked[:limit]]


def _workshops(known: Vocabulary, text: str) -> list[Found]:
    """Return the workshops whose title has these words."""
    if known.workshops is None:
        return []
    found = known.workshops.find(text, _MOST_WORKSHOPS)
    return [Found(one.id, round(one.fit, 4), _TITLE) for one in found if one.fit >= _TITLE_FITS]


def _in_numbered_school(
    session: ActorSession, known: Vocabulary, name: str, number: str, limit: int
) -> list[Hit]:
    """Return the people of a name in the school of a FASE number, and that school.

    Callers say surname, first name and the school's number (DOMAIN §5). Nothing where nobody
    of that name is there: then the number is part of a school's name.
    """
    places = search_codes.fase(session, number)
    ids = sorted({hit.school_id for hit in places if hit.school_id is not None})
    if not ids:
        return []
    names = _names(known, name, MOST_ROWS)
    there = [
        replace(one, matched=_NAME_AND_NUMBER)
        for one in _people(session, names, name, limit, ids)
        if one.fit >= _RATHER
    ]
    return [*search_rows.people(session, there), *places] if there else []


# --- addresses ----------------------------------------------------------------------------


def _is_address(text: str) -> bool:
    """Tell whether one word was typed that is, or may become, an address."""
    if len(text.split()) > 1:
        return False
    inside = text.strip("-.'’")
    return "@" in text or any(c in "._+" or c.isdigit() for c in inside)


def _by_address(session: ActorSession, known: Vocabulary, text: str, limit: int) -> list[Hit]:
    keys: dict[str, float] = {}
    for part in addresses(session, known):
        for address, slips in part.find(text).items():
            keys[address] = min(slips, keys.get(address, slips))
    people, accounts = _owners(session, keys, len(text))
    hits = search_rows.people(session, people[:limit]) + accounts
    if known.heads is not None:
        of_heads = known.heads.addresses.find(text)
        hits += search_rows.heads(session, _heads_at(session, of_heads, len(text))[:limit])
    if not hits and "@" not in text:
        text = _as_words(text)
        people = _people(session, _names(known, text, limit), text, limit)
        hits = search_rows.people(session, people)
    return sorted(hits, key=lambda hit: -hit.fit)


def _as_words(text: str) -> str:
    return " ".join("".join(c if c.isalpha() else " " for c in text).split())


def _owners(
    session: ActorSession, keys: dict[str, float], length: int
) -> tuple[list[Found], list[Hit]]:
    """Return whose addresses these are: people, and accounts of nobody on record."""
    if not keys:
        return [], []
    values = {"keys": sorted(keys)}
    found: list[tuple[float, int, Any]] = []
    for statement, matched in ((_personal(), _PERSONAL), (_of_post(), _OF_SCHOOL)):
        rows = fetch(session, statement, values)
        found += [(keys[row.email_key], row.person_id, matched) for row in rows]
    accounts = []
    for row in fetch(session, _accounts(), values):
        slips = keys[row.email_key]
        if row.person_id is not None:
            found.append((slips, row.person_id, _OF_ACCOUNT))
            continue
        name = row.name or say("Account n° %(number)s", number=row.id)
        fit = round(1 - slips / max(length, 3), 4)
        accounts.append(Hit("account", row.id, name, say("Account"), _OF_ACCOUNT, fit))
    best: dict[int, Found] = {}
    for slips, person_id, matched in sorted(found, key=lambda each: each[:2]):
        fit = round(1 - slips / max(length, 3), 4)
        best.setdefault(person_id, Found(person_id, fit, matched))
    return list(best.values()), accounts


def _heads_at(session: ActorSession, keys: dict[str, float], length: int) -> list[Found]:
    """Return the heads for whom these addresses are or were recorded."""
    best: dict[int, float] = {}
    for row in fetch(session, _of_heads(), {"keys": sorted(keys)}) if keys else ():
        slips = keys[row.email_key]
        best[row.headship_id] = min(slips, best.get(row.headship_id, slips))
    ranked = sorted(best.items(), key=lambda each: (each[1], -each[0]))
    return [Found(head, round(1 - slips / max(length, 3), 4), _OF_HEAD) for head, slips in ranked]


@cache
def _of_heads() -> Any:
    key = col(HeadAddress.email_key)
    return select(col(HeadAddress.headship_id), key.label("email_key")).where(
        key.in_(bindparam("keys", expanding=True)), col(HeadAddress.cancelled_at).is_(None)
    )


@cache
def _personal() -> Any:
    key = col(Person.personal_email_key)
    return select(col(Person.id).label("person_id"), key.label("email_key")).where(
        key.in_(bindparam("keys", expanding=True)), col(Person.merged_into_id).is_(None)
    )


@cache
def _of_post() -> Any:
    key = col(Post.school_email_key)
    return select(col(Post.person_id), key.label("email_key")).where(
        key.in_(bindparam("keys", expanding=True))
    )


@cache
def _accounts() -> Any:
    return select(
        col(Account.id), col(Account.name), col(Account.person_id), col(Account.email_key)
    ).where(col(Account.email_key).in_(bindparam("keys", expanding=True)))


def _without_twice(hits: Iterable[Hit]) -> list[Hit]:
    """Return each thing once, where it came first."""
    found: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        found.setdefault((hit.kind, hit.id), hit)
    return list(found.values())
