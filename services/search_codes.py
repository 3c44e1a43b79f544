"""What is not a word: tokens, references, message ids, staff and FASE numbers.

Each kind is recognised by its form, looked up through the session, and checked with the key
where it carries a proof. Nothing that was pasted is repeated in what is returned.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlmodel import col

from models.access import Access
from models.accounts import Account
from models.database import ActorSession
from models.errors import TrousseauError
from models.headnet import HEADNET_PURPOSE, HeadnetPassword, Headship
from models.invitations import TOKEN_PURPOSE
from models.keys import Key
from models.language import Wording, say
from models.mail import Mail
from models.people import Person, Post
from models.prepared import fetch
from models.references import parse_reference, parse_workshop_reference
from models.rights import may_see
from models.schools import GoverningBody, School, Site
from models.text import clean
from models.tokens import (
    ParsedToken,
    TokenMistyped,
    count_characters,
    mark_for_message,
    matching_generation,
    parse_token,
    read_bounce_mark,
)
from services import search_rows
from services.admission import genuine
from services.invitation_status import STATE_WORDS
from services.search_rows import Found, Hit

STAFF_NUMBER = say("Staff number")
_DIGITS, _LETTERS = "0123456789", re.compile(r"[^\W\d_]")
_STAFF_DIGITS, _SHORTEST_STAFF_NUMBER = 11, 6
_SHORTEST_FASE, _LONGEST_FASE = 2, 5
_SEPARATORS = re.compile(r"[\s./-]+")
_FASE_LABEL = re.compile(
    r"\b(?:fase|n[°ºo.]|num[ée]ro|matricule)(?![^\W\d_])[\s.:°º]*", re.IGNORECASE
)
_GROUPS = re.compile(r"[0-9A-Za-z]{4,6}(?:[\s-]+[0-9A-Za-z]{4,6}){3,5}")
_TOKEN_FORM = re.compile(r"[0-9A-Za-z]{23,27}")
_MARK = re.compile(r"([a-z]{1,20})\.([1-9][0-9]{0,17})\.([1-9][0-9]{0,8})\.([0-9a-z]{12})")
_MOST_SITES = 8
#: Beyond every id that a column holds.
_TOO_GREAT = 2**31


# --- tokens -------------------------------------------------------------------------------


def token(session: ActorSession, text: str, key: Key | None) -> Hit | None:
    """Return what a pasted token is: whose, of which generation, or that it is mistyped.

    None where it does not look like one. Without the key nothing can be proved, and a token
    is called unknown.
    """
    try:
        parsed = parse_token(text)
    except TokenMistyped as mistyped:
        if not _looks_like_a_token(text):
            return None
        return _of_token(0, say("Mistyped token"), mistyped.wording, "mistyped")
    if not any(character in _DIGITS for character in text):
        return None  # words of 25 letters: a name may be as long
    if key is not None:
        for look in (_sign_in_token, _head_password):
            if (hit := look(session, key, parsed)) is not None:
                return hit
    return _of_token(
        0,
        say("Unknown token"),
        say("This program has not given it, or not to anybody whom you see."),
        "unknown",
    )


def _looks_like_a_token(text: str) -> bool:
    bare = text.strip()
    typed, whole = count_characters(bare)
    form = _GROUPS.fullmatch(bare) or _TOKEN_FORM.fullmatch(bare)
    return bool(form) and abs(typed - whole) <= 5 and sum(c in _DIGITS for c in bare) >= 2


def _of_token(row_id: int, title: Wording, detail: Wording | str, status: str, **more: Any) -> Hit:
    return Hit("token", row_id, title, detail, say("Token"), status=status, **more)


def _sign_in_token(session: ActorSession, key: Key, parsed: ParsedToken) -> Hit | None:
    found = genuine(session, key, parsed)
    if found is None:
        return None
    if found.kind == "invitation":
        return _invitation_token(session, parsed.row_id, found)
    account = fetch(session, _account(), {"id": parsed.row_id})
    if not account:
        return None
    title = _TITLES[found.kind]
    return _of_token(
        parsed.row_id,
        say("%(token)s: %(name)s", token=title, name=account[0].name or say("an account")),
        _generation(found.generation, found.row.generation),
        "latest" if found.generation == found.row.generation else "replaced",
        person_id=account[0].person_id,
        generation=found.generation,
    )


_TITLES: dict[str, Wording] = {
    "reset": say("Token for a forgotten password"),
    "address": say("Token for a new address"),
}


@cache
def _account() -> Any:
    return select(col(Account.id), col(Account.name), col(Account.person_id)).where(
        col(Account.id) == bindparam("id")
    )


def _invitation_token(session: ActorSession, access_id: int, found: Any) -> Hit | None:
    access = fetch(session, _access(), {"id": access_id})
    if not access:
        return None
    matched = say("Token")
    hits = search_rows.people(session, [Found(access[0].person_id, 1.0, matched)])
    if not hits:
        return None
    person = hits[0]
    return _of_token(
        access_id,
        say("%(token)s: %(name)s", token=say("Sign-in token"), name=person.title),
        _generation(found.generation, found.row.generation),
        "latest" if found.generation == found.row.generation else "replaced",
        status_words=person.status_words,
        person_id=access[0].person_id,
        school_id=access[0].school_id,
        school_year_id=access[0].school_year_id,
        access_id=access_id,
        generation=found.generation,
    )


@cache
def _access() -> Any:
    columns = (Access.id, Access.person_id, Access.school_id, Access.school_year_id)
    return select(*(col(column) for column in columns)).where(col(Access.id) == bindparam("id"))


def _generation(number: int, latest: int) -> Wording:
    if number == latest:
        return say("Genuine, n° %(number)s, the latest one", number=number)
    return say("Genuine, n° %(number)s, replaced by n° %(latest)s", number=number, latest=latest)


def _head_password(session: ActorSession, key: Key, parsed: ParsedToken) -> Hit | None:
    """Tell whose HeadNet password it is, to those alone who may see them."""
    if not may_see(session.actor.role, "headnet") and not session.actor.sees_all:
        return None
    rows = fetch(session, _head(), {"id": parsed.row_id})
    if not rows:
        return None
    latest = rows[0].generation
    generation = matching_generation(key, HEADNET_PURPOSE, parsed, latest)
    if generation is None:
        return None
    name = f"{rows[0].surname} {rows[0].first_name}".strip()
    return _of_token(
        parsed.row_id,
        say("%(token)s: %(name)s", token=say("HeadNet password"), name=name),
        _generation(generation, latest),
        "latest" if generation == latest else "replaced",
        school_id=rows[0].school_id,
        generation=generation,
    )


@cache
def _head() -> Any:
    return (
        select(
            col(Headship.id),
            col(Headship.school_id),
            col(Headship.surname),
            col(Headship.first_name),
            col(HeadnetPassword.generation),
        )
        .join(HeadnetPassword, col(HeadnetPassword.headship_id) == Headship.id)
        .where(col(Headship.id) == bindparam("id"))
        .order_by(col(HeadnetPassword.generation).desc())
        .limit(1)
    )


# --- references ---------------------------------------------------------------------------


def form(session: ActorSession, text: str) -> Hit | None:
    """Return the consent form of a reference, None where it is none or out of sight."""
    try:
        post_id, version = parse_reference(text)
    except TrousseauError:
        return None
    rows = fetch(session, _post(), {"id": post_id}) if post_id < _TOO_GREAT else []
    if not rows:
        return None
    matched = say("Reference of a consent form")
    hits = search_rows.people(session, [Found(rows[0].person_id, 1.0, matched)])
    if not hits:
        return None
    return Hit(
        "form",
        post_id,
        say("Consent form: %(name)s", name=hits[0].title),
        say("%(where)s, version %(number)s", where=hits[0].detail, number=version),
        matched,
        status=hits[0].status,
        status_words=hits[0].status_words,
        person_id=rows[0].person_id,
        school_id=rows[0].school_id,
        school_year_id=rows[0].school_year_id,
        access_id=hits[0].access_id,
    )


@cache
def _post() -> Any:
    columns = (Post.id, Post.person_id, Post.school_id, Post.school_year_id)
    return select(*(col(column) for column in columns)).where(col(Post.id) == bindparam("id"))


def workshop(session: ActorSession, text: str) -> Hit | None:
    """Return the workshop of a reference, None where it is none or out of sight."""
    try:
        workshop_id = parse_workshop_reference(text)
    except TrousseauError:
        return None
    if workshop_id >= _TOO_GREAT:
        return None
    found = [Found(workshop_id, 1.0, say("Reference of a workshop"))]
    return next(iter(search_rows.workshops(session, found)), None)


# --- messages -----------------------------------------------------------------------------


def message(session: ActorSession, text: str, key: Key | None) -> Hit | None:
    """Return the message of a Message-ID or of a bounce's address; None where it is none."""
    if key is None:
        return None
    mail_id = _message_number(text, key)
    rows = [] if mail_id is None else fetch(session, _mail(), {"id": mail_id})
    if not rows:
        return None
    row = rows[0]
    state = next((code for code, column in _FATES if getattr(row, column) is not None), "queued")
    name = f"{row.surname or ''} {row.first_name or ''}".strip()
    return Hit(
        "message",
        row.id,
        say("Message: %(name)s", name=name) if name else say("Message"),
        say("Asked for on %(day)s, n° %(number)s", day=row.queued_at.date(), number=row.generation),
        say("Message id"),
        status=state,
        status_words=STATE_WORDS[state],
        person_id=row.person_id,
        school_id=row.school_id,
        access_id=row.access_id,
        generation=row.generation,
    )


def _message_number(text: str, key: Key) -> int | None:
    """Return the mail that a mark belongs to, None where the mark is not genuine."""
    bounced = read_bounce_mark(key, text)
    if bounced is not None:
        return bounced[0] if bounced[0] < _TOO_GREAT else None
    found = _MARK.search(text[:400].lower())
    if found is None:
        return None
    purpose, mail_id, generation = found[1], int(found[2]), int(found[3])
    expected = (
        mark_for_message(key, purpose, mail_id, generation) if purpose == TOKEN_PURPOSE else ""
    )
    return mail_id if expected == found[0] and mail_id < _TOO_GREAT else None


#: What became of a mail, the deciding fact first.
_FATES = (
    ("bounced", "bounced_at"),
    ("refused", "refused_at"),
    ("cancelled", "cancelled_at"),
    ("sent", "sent_at"),
    ("uncertain", "uncertain_at"),
    ("held", "held_at"),
)


@cache
def _mail() -> Any:
    facts: list[Any] = [getattr(Mail, column) for _code, column in _FATES]
    columns: tuple[Any, ...] = (
        Mail.id, Mail.person_id, Mail.school_id, Mail.access_id, Mail.generation, Mail.queued_at,
    )  # fmt: skip
    return (
        select(*(col(column) for column in (*columns, *facts, Person.surname, Person.first_name)))
        .outerjoin(Person, col(Person.id) == Mail.person_id)
        .where(col(Mail.id) == bindparam("id"))
    )


# --- numbers ------------------------------------------------------------------------------


def number_in(text: str) -> str:
    """Return the digits of a text that is a number, with or without a label; "" otherwise."""
    bare = _SEPARATORS.sub("", _FASE_LABEL.sub("", text))
    return bare if bare.isascii() and bare.isdigit() and len(bare) <= 13 else ""


def with_number(text: str) -> tuple[str, str]:
    """Return a name and the FASE number that stands beside it, "" each where there is none."""
    bare = _FASE_LABEL.sub(" ", text)
    words = bare.split()
    numbers = [word for word in words if word.isascii() and word.isdigit()]
    if len(numbers) != 1 or len(numbers[0]) > _LONGEST_FASE:
        return "", ""
    return " ".join(word for word in words if word != numbers[0]), numbers[0]


def staff(session: ActorSession, digits: str, most: int) -> list[Found]:
    """Return the people of a staff number: begun, whole, or with one slip."""
    if not _SHORTEST_STAFF_NUMBER <= len(digits) <= _STAFF_DIGITS + 1:
        return []
    exact = fetch(session, _staff_begun(), {"from": digits, "to": digits + ":", "most": most})
    found = [Found(row.id, 1.0, STAFF_NUMBER) for row in exact]
    if found or abs(len(digits) - _STAFF_DIGITS) > 1:
        return found
    rows = fetch(session, _staff_among(), {"numbers": sorted(_one_slip_from(digits))})
    fit = 1 - 1 / _STAFF_DIGITS
    return [Found(row.id, fit, STAFF_NUMBER) for row in rows[:most]]


def _one_slip_from(digits: str) -> Iterator[str]:
    """Yield the numbers of the right length that one slip of the hand turns into this one."""
    for place in range(len(digits) + 1):
        before, after = digits[:place], digits[place:]
        if len(digits) == _STAFF_DIGITS and after:
            yield from (before + digit + after[1:] for digit in _DIGITS)
            yield before + after[1:2] + after[:1] + after[2:]
        elif len(digits) < _STAFF_DIGITS:
            yield from (before + digit + after for digit in _DIGITS)
        elif after:
            yield before + after[1:]


@cache
def _staff_begun() -> Any:
    return (
        select(col(Person.id))
        .where(
            col(Person.staff_number) >= bindparam("from"),
            col(Person.staff_number) < bindparam("to"),
            col(Person.merged_into_id).is_(None),
        )
        .order_by(col(Person.staff_number), col(Person.id))
        .limit(bindparam("most"))
    )


@cache
def _staff_among() -> Any:
    return (
        select(col(Person.id))
        .where(
            col(Person.staff_number).in_(bindparam("numbers", expanding=True)),
            col(Person.merged_into_id).is_(None),
        )
        .order_by(col(Person.id))
    )


def fase(session: ActorSession, digits: str) -> list[Hit]:
    """Return the school, the sites and the governing body's schools of a FASE number.

    The three kinds overlap, so each says which it is (DOMAIN §2).
    """
    if not digits or len(digits) > _LONGEST_FASE:
        return []
    number = int(digits)
    rows = fetch(session, _numbered(), {"number": number})
    own = [row.id for row in rows if row.fase_number == number]
    bodies = [row.id for row in rows if row.fase_number != number]
    of_school = say("FASE number of the school")
    return [
        *search_rows.schools(session, _found(own, of_school)),
        *_sites(session, number),
        *search_rows.schools(session, _found(bodies, say("FASE number of the governing body"))),
    ]


def fase_begun(session: ActorSession, digits: str) -> list[Hit]:
    """Return some schools whose FASE number begins so, in the order of the numbers."""
    if not _SHORTEST_FASE <= len(digits) < _LONGEST_FASE or digits[0] == "0":
        return []
    number = int(digits)
    ends = {}
    for more in range(1, _LONGEST_FASE):
        ends[f"from_{more}"] = number * 10**more
        ends[f"to_{more}"] = (number + 1) * 10**more - 1
    found = [row.id for row in fetch(session, _number_begun(), ends)]
    matched = say("FASE number of the school")
    return search_rows.schools(session, [Found(each, 0.9, matched) for each in found])


@cache
def _number_begun() -> Any:
    number = col(School.fase_number)
    begun = [
        number.between(bindparam(f"from_{more}"), bindparam(f"to_{more}"))
        for more in range(1, _LONGEST_FASE)
    ]
    return select(col(School.id)).where(or_(*begun)).order_by(number).limit(_MOST_SITES)


def _found(ids: list[int], matched: Wording) -> list[Found]:
    return [Found(each, 1.0, matched) for each in ids]


@cache
def _numbered() -> Any:
    number: Any = bindparam("number")
    return (
        select(col(School.id), col(School.fase_number))
        .outerjoin(GoverningBody, col(GoverningBody.id) == School.governing_body_id)
        .where(or_(col(School.fase_number) == number, col(GoverningBody.fase_number) == number))
        .order_by(col(School.name_key), col(School.id))
        .limit(_MOST_SITES)
    )


def _sites(session: ActorSession, number: int) -> list[Hit]:
    rows = fetch(session, _numbered_sites(), {"number": number})
    return [
        Hit(
            "site",
            row.id,
            say("Site of %(school)s", school=row.name),
            clean(f"{row.street}, {row.postal_code} {row.locality}".strip(", ")),
            say("FASE number of the site"),
            school_id=row.school_id,
        )
        for row in rows
    ]


@cache
def _numbered_sites() -> Any:
    return (
        select(
            col(Site.id),
            col(Site.school_id),
            col(Site.street),
            col(Site.postal_code),
            col(Site.locality),
            col(School.name),
        )
        .join(School, col(School.id) == Site.school_id)
        .where(col(Site.fase_number) == bindparam("number"))
        .order_by(col(School.name_key), col(Site.id))
        .limit(_MOST_SITES)
    )
