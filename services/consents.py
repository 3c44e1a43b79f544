"""Consents: who has signed for which address; printing forms, recording them, withdrawing.

A consent holds for one address of one person in one school (DOMAIN §3). What a signed form
says about the address counts: where it differs from the one on file, recording the form
changes the address too, and an import leaves an address that was signed for alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.access import (
    CONSENT_STATES,
    Access,
    FactColumns,
    each_by_itself,
    holds,
    joined,
)
from models.addresses import AddressError, address_key, likely_typing_error, parse_address
from models.consent_texts import consent_text, current_version
from models.consents import SIGNED_FORM, Consent, PrintedForm
from models.database import ActorSession, change, dialect_of
from models.errors import TrousseauError
from models.functions import function_label
from models.invitations import Invitation
from models.language import DEFAULT_LANGUAGE, Wording, say
from models.mail import Mail
from models.people import Person, Post
from models.prepared import fetch, fetch_value
from models.references import ReferenceMistyped, make_reference, parse_reference
from models.schools import GoverningBody, School, SchoolYear, Source
from models.text import clean
from services import plans
from services.access_rows import AT, DAY, address_source, in_team, of_service
from services.access_search import Shape, matching, shape_of, values_of, words_of
from services.belonging import CHILD, NOT_FROM_HERE, beyond_actor
from services.imports.roster import Notice
from services.plans import NOW, Item, PlanDraft, guard, update_change

if TYPE_CHECKING:
    from services.consent_forms import ConsentForm

KIND = "consents"
#: States of a person's consent, the deciding one first.
STATES = CONSENT_STATES
#: Identifiers in one statement at most, below every engine's limit.
_CHUNK = 500


class ConsentUnknown(TrousseauError):
    """There is no such person or form among those that may be seen."""


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One person's consent in one school as lists show it.

    `signed_on` is the date on the paper, `email` the address on file (None for none) and
    `email_source` the field it comes from; `signed_email` is the one signed for where it is
    another. An address whose `state` is not signed is for the school's own eyes and forms: no
    export, mail or transfer takes it along (DOMAIN §3).
    """

    reference: str
    person_id: int
    post_id: int
    surname: str
    first_name: str
    function: str
    email: str | None
    email_source: str
    state: str
    signed_on: date | None
    signed_email: str | None
    printed_at: datetime | None

    @property
    def name(self) -> str:
        return f"{self.surname} {self.first_name}".strip()


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One returned form as it was typed or read from a file."""

    reference: str
    signed_on: date
    email: str = ""
    file: str = ""
    line: int = 0


# --- looking ----------------------------------------------------------------------------


class _States:
    """What is known of a person's consents as SQL, beside `FactColumns`."""

    def __init__(self, facts: FactColumns) -> None:
        self.facts = facts
        self.at = facts.at

    def _latest(self, column: str, *conditions: Any) -> Any:
        row: Any = aliased(Consent)
        return (
            select(getattr(row, column))
            .where(
                row.person_id == Access.person_id,
                row.school_id == Access.school_id,
                row.recorded_at <= self.at,
                *[condition(row) for condition in conditions],
            )
            # Not by the identifier alone: for that SQLite walks a whole school's consents.
            .order_by(row.recorded_at.desc(), row.id.desc())
            .limit(1)
            .correlate(Access, Person, Post)
            .scalar_subquery()
        )

    def _standing(self, row: Any) -> ColumnElement[bool]:
        return holds(row.recorded_at, row.withdrawn_at, self.at)

    @property
    def signed_on(self) -> Any:
        return self._latest("signed_on", self._standing)

    @property
    def signed_email(self) -> Any:
        return self._latest("email", self._standing)

    @property
    def printed_at(self) -> Any:
        row: Any = aliased(PrintedForm)
        return (
            select(func.max(row.printed_at))
            .where(row.post_id == Access.post_id, row.printed_at <= self.at)
            .correlate(Access)
            .scalar_subquery()
        )


def _team(at: Any, *columns: Any) -> Any:
    return joined(select(*columns).select_from(Access), at).where(of_service())


def _in_school(statement: Any, school_id: Any, school_year_id: Any) -> Any:
    return statement.where(in_team(school_id, school_year_id))


@cache
def _of_chosen() -> Any:
    facts = FactColumns(AT, DAY)
    states = _States(facts)
    return _team(
        AT, Access.id, Access.post_id, Access.person_id, Person.surname, Person.first_name,
        Post.function, facts.address, facts.address_field, Source.name, facts.consent_state,
        states.signed_on, states.signed_email, states.printed_at,
    ).where(col(Access.id).in_(bindparam("chosen", expanding=True)))  # fmt: skip


def _rows(session: ActorSession, access_ids: Sequence[int]) -> list[ConsentRow]:
    """Return the rows of these accesses, in their order."""
    version, found = current_version(session.at.date()), dict[int, ConsentRow]()
    for start in range(0, len(access_ids), _CHUNK):
        values = {**_moment(session), "chosen": list(access_ids[start : start + _CHUNK])}
        for access_id, *facts in fetch(session, _of_chosen(), values):
            found[access_id] = _row(version, *facts)
    return [found[access_id] for access_id in access_ids if access_id in found]


def _row(
    version: int, post: int, person: int, surname: str, first_name: str, function: str,
    email: str | None, field: str, source: str | None, state: str, signed_on: date | None,
    signed: str | None, printed: datetime | None,
) -> ConsentRow:  # fmt: skip
    return ConsentRow(
        reference=make_reference(post, version),
        person_id=person,
        post_id=post,
        surname=surname,
        first_name=first_name,
        function=function,
        email=email,
        email_source=address_source(source, field) if email else "",
        state=state,
        signed_on=signed_on if state in ("signed", "other_address") else None,
        signed_email=signed if state == "other_address" else None,
        printed_at=printed,
    )


def _moment(session: ActorSession) -> dict[str, Any]:
    """Return the values of `AT` and `DAY`."""
    return {"at": session.at, "day": session.at.date()}


def listed(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    text: str = "",
    state: str | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> list[ConsentRow]:
    """Return the team with the state of each consent, by name.

    Each word of `text` must occur in the name or in an address; or it is the reference of
    one form.
    """
    form, values = _wanted(session, school_id, school_year_id, text, state)
    part = {"offset": offset, "limit": _ALL if limit is None else limit}
    return _rows(session, [row[0] for row in fetch(session, _page_of(form), {**values, **part})])


def total(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    text: str = "",
    state: str | None = None,
) -> int:
    """Return how many `listed` finds."""
    form, values = _wanted(session, school_id, school_year_id, text, state)
    return fetch_value(session, _count_of(form), values) or 0


def _wanted(
    session: ActorSession, school_id: int, year_id: int, text: str, state: str | None
) -> tuple["_Form", dict[str, Any]]:
    """Return which accesses a list is of, and the values to execute its statements with."""
    words, post_id = words_of(text, functions=False), _post_of(text)
    each = each_by_itself(dialect_of(session))
    values = {**_moment(session), **values_of(words), "post": post_id}
    values |= {"school": school_id, "year": year_id}
    return _Form(shape_of(words), state, post_id is not None, each), values


#: More rows than any list has: neither database takes an empty limit.
_ALL = 2**31


@dataclass(frozen=True, slots=True)
class _Form:
    """What the SQL of a list depends on; all else is a value."""

    words: Shape
    state: str | None
    by_reference: bool
    each: bool


@lru_cache(maxsize=64)
def _page_of(form: _Form) -> Any:
    ordered = _found(form).order_by(col(Access.search_key), col(Access.id))
    return ordered.offset(bindparam("offset")).limit(bindparam("limit"))


@lru_cache(maxsize=64)
def _count_of(form: _Form) -> Any:
    return _found(form).with_only_columns(func.count(col(Access.id)))


def _found(form: _Form) -> Any:
    """SQL: the accesses of a list, found before anything is asked about them, from one index
    where no state is asked for."""
    statement = select(col(Access.id)).select_from(Access)
    if form.state is not None:
        statement = statement if form.each else joined(statement, AT)
        facts = FactColumns(AT, DAY)
        statement = statement.where(facts.has_consent_state(form.state, each=form.each))
    statement = _in_school(statement, bindparam("school"), bindparam("year"))
    words = matching(form.words)
    if not form.by_reference:
        return statement.where(*words)
    # What reads as a reference may still be part of a name.
    return statement.where(or_(col(Access.post_id) == bindparam("post"), and_(*words)))


def counts(session: ActorSession, school_id: int, school_year_id: int) -> dict[str, int]:
    """Return how many of the team are in each state; every state is there."""
    state = FactColumns(session.at, session.at.date()).consent_state
    team = _team(session.at, state.label("consent_state"), func.count())
    # By its label: PostgreSQL does not see that the expression is the one selected.
    grouped = _in_school(team, school_id, school_year_id).group_by("consent_state")
    found: dict[str, int] = dict(session.execute(grouped).all())
    return {state: found.get(state, 0) for state in STATES}


def page(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    *,
    text: str = "",
    state: str | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> tuple[list[ConsentRow], int, dict[str, int]]:
    """Return a part of what `listed` finds, how many there are in all, and `counts`."""
    team = (school_id, school_year_id)
    found = listed(session, *team, text=text, state=state, offset=offset, limit=limit)
    counted = counts(session, *team)
    known = sum(counted.values()) if state is None else counted[state]
    return found, total(session, *team, text=text, state=state) if text else known, counted


def find_form(session: ActorSession, text: str, school_id: int | None = None) -> ConsentRow:
    """Return the person whose form has this reference, typed or scanned.

    Raises `ReferenceMistyped` where it can't be one, `ConsentUnknown` where no form of the
    actor's schools (or of the one given) has it.
    """
    post_id, version = parse_reference(text)
    _check_version(version)
    found = _of_posts(session, [post_id], school_id)
    if not found:
        raise _unknown_form(text)
    return found[0]


def find_forms(
    session: ActorSession, texts: Sequence[str], school_id: int | None = None
) -> dict[str, ConsentRow]:
    """Return the people behind these references; those that name nobody are left out."""
    posts = {text: post for text in texts if (post := _post_of(text)) is not None}
    rows = {row.post_id: row for row in _of_posts(session, list(posts.values()), school_id)}
    return {text: rows[post] for text, post in posts.items() if post in rows}


def _of_posts(
    session: ActorSession, posts: Sequence[int], school_id: int | None
) -> list[ConsentRow]:
    wanted, found = sorted(set(posts)), list[ConsentRow]()
    for start in range(0, len(wanted), _CHUNK):
        of_these = select(col(Access.id)).where(
            of_service(), col(Access.post_id).in_(wanted[start : start + _CHUNK])
        )
        if school_id is not None:
            of_these = of_these.where(col(Access.school_id) == school_id)
        found += _rows(session, list(session.scalars(of_these.order_by(Access.search_key))))
    return found


def _check_version(version: int) -> None:
    try:
        consent_text(version)
    except LookupError:
        raise ConsentUnknown(say("This form has a text that does not exist.")) from None


def without_consent(session: ActorSession, school_id: int, school_year_id: int) -> list[int]:
    """Return the persons whose form is still to be printed, by name.

    Those who have signed for another address or have withdrawn need a new one; those whose
    form is printed already are left out.
    """
    facts = FactColumns(session.at, session.at.date())
    team = _in_school(_team(session.at, Access.person_id), school_id, school_year_id)
    waiting = facts.consent_state.in_(("missing", "other_address", "withdrawn"))
    ordered = team.where(waiting).order_by(Access.search_key, Access.id)
    return list(session.scalars(ordered))


def _unknown_form(text: str) -> ConsentUnknown:
    return ConsentUnknown(
        say("No form of your school has the reference %(reference)s.", reference=clean(text, 40))
    )


# --- printing ---------------------------------------------------------------------------


def forms(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int] | None = None,
) -> list["ConsentForm"]:
    """Return what is printed for the team or a selection of it, by name."""
    # Imported late: the library that makes the PDF takes longer than the whole data layer.
    from services.consent_forms import ConsentForm

    facts = FactColumns(session.at, session.at.date())
    school = session.get(School, school_id)
    if school is None:
        raise ConsentUnknown(say("This school is not one of yours."))
    year = session.get_one(SchoolYear, school_year_id)
    body = (
        session.get(GoverningBody, school.governing_body_id) if school.governing_body_id else None
    )
    team = _in_school(
        _team(
            session.at, Access.post_id, Person.surname, Person.first_name, Person.language,
            Post.function, facts.address, facts.address_field,
        ),
        school_id,
        school_year_id,
    )  # fmt: skip
    if person_ids is not None:
        team = team.where(col(Access.person_id).in_(sorted(person_ids)))
    version = current_version(session.at.date())
    return [
        ConsentForm(
            reference=make_reference(post_id, version),
            surname=surname,
            first_name=first_name,
            function=function_label(function or None),
            school_name=school.name,
            school_address=_address_lines(school),
            school_identifier=_identifier(school),
            email=email or "",
            email_field=field or "",
            language=language or school.language or DEFAULT_LANGUAGE,
            text_version=version,
            manager_contact=_contact(school),
            school_year=year.label,
            governing_body=body.name if body else "",
        )
        for post_id, surname, first_name, language, function, email, field in session.execute(
            team.order_by(Access.search_key, Access.id)
        )
    ]


def note_printed(session: ActorSession, printed: Sequence["ConsentForm"]) -> None:
    """Write down that these forms were printed, for which address and with which text."""
    by_post = {parse_reference(form.reference)[0]: form for form in printed}
    posts: Any = select(col(Post.id), col(Post.school_id)).where(col(Post.id).in_(sorted(by_post)))
    for post_id, school_id in session.execute(posts):
        form = by_post[post_id]
        session.add(
            PrintedForm(
                post_id=post_id,
                school_id=school_id,
                text_version=form.text_version,
                language=form.language,
                email=form.email or None,
                printed_at=session.at,
            )
        )


def _address_lines(school: School) -> tuple[str, ...]:
    place = " ".join(part for part in (school.postal_code, school.locality) if part)
    return tuple(line for line in (school.street, place) if line)


def _identifier(school: School) -> Wording | str:
    if school.fase_number is not None:
        return say("School, FASE number %(number)s", number=school.fase_number)
    return school.source_key or ""


def _contact(school: School) -> str:
    parts = (school.contact_name, school.contact_email, school.contact_phone)
    return ", ".join(part for part in parts if part)


# --- recording --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _OnFile:
    """A person as the plan finds it: the address that counts, and where it is kept.

    `bound` where another school writes to it as a guardian's, which asks for no consent.
    """

    school_id: int
    today: date
    post_id: int
    person_id: int
    name: str
    address: str | None
    address_key: str | None
    personal_email: str | None
    personal_email_key: str | None
    personal_email_field: str
    school_email: str | None
    school_email_key: str | None
    school_email_field: str
    school_first: bool
    consent_id: int | None
    bound: bool = False


def plan_record(
    session: ActorSession,
    school_id: int | None,
    lines: Sequence[RecordLine],
    notices: Sequence[Notice] = (),
) -> int:
    """Store the plan that records returned forms, and return its id.

    Each line says which form was signed, on which day, and for which address ("" for the
    one on file). A line that can't be right is an error of its own and leaves the others;
    `notices` are such errors that reading a file has found already. The items stand in the
    order of the lines, those of the notices after them. Without a school each reference
    says which one it is of; somebody limited to one school is limited to it here too.
    """
    owned = session.actor.schools
    if school_id is None and owned is not None and len(owned) == 1:
        (school_id,) = owned
    on_file = _on_file(session, school_id, lines)
    draft = PlanDraft(
        kind=KIND,
        title=_title(session, school_id),
        school_id=school_id,
        request={"lines": len(lines)},
    )
    seen: set[int] = set()
    for line in lines:
        draft.items.append(_record(draft, line, school_id, on_file, seen))
    draft.items += [_noticed(notice, school_id) for notice in notices]
    kinds = ("record", "known", "refused")
    draft.summary = {k: sum(item.action == k for item in draft.items) for k in kinds}
    return plans.store(session, draft)


def _title(session: ActorSession, school_id: int | None) -> Wording:
    if school_id is None:
        return say("Signed consents")
    school = session.get(School, school_id)
    if school is None:
        raise ConsentUnknown(say("This school is not one of yours."))
    return say("Signed consents: %(school)s", school=school.name)


def _noticed(notice: Notice, school_id: int | None) -> Item:
    label = notice.column or notice.file
    action = "refused" if notice.level == "error" else "noticed"
    return Item(
        notice.level, action, clean(label, 40), notice.text, school_id=school_id,
        file=notice.file, line=notice.line, column=notice.column,
    )  # fmt: skip


def _on_file(
    session: ActorSession, school_id: int | None, lines: Sequence[RecordLine]
) -> dict[int, _OnFile]:
    posts = {post for line in lines if (post := _post_of(line.reference)) is not None}
    facts = FactColumns(session.at, session.at.date())
    consent: Any = aliased(Consent)
    standing = (
        select(func.max(consent.id))
        .where(
            consent.person_id == Access.person_id,
            consent.school_id == Access.school_id,
            consent.email_key == facts.address_key,
            holds(consent.recorded_at, consent.withdrawn_at, session.at),
        )
        .scalar_subquery()
    )
    days = _Days(session)
    found: dict[int, _OnFile] = {}
    wanted = sorted(posts)
    for start in range(0, len(wanted), 500):
        statement = _team(
            session.at, Access.school_id, Access.post_id, Access.person_id,
            Person.surname, Person.first_name, facts.address, facts.address_key,
            Person.personal_email, Person.personal_email_key, Person.personal_email_field,
            Post.school_email, Post.school_email_key, Post.school_email_field,
            facts.school_first, standing,
        ).where(col(Access.post_id).in_(wanted[start : start + 500]))  # fmt: skip
        if school_id is not None:
            statement = statement.where(col(Access.school_id) == school_id)
        for school, post, person, surname, first_name, *rest in session.execute(statement):
            name = f"{surname} {first_name}"
            found[post] = _OnFile(school, days[school], post, person, name, *rest)
    bound = beyond_actor(session, {who.person_id for who in found.values()}, (CHILD,))
    for who in found.values():
        if who.person_id in bound:
            found[who.post_id] = replace(who, bound=True)
    return found


class _Days(dict[int, date]):
    """The present day in each school's zone."""

    def __init__(self, session: ActorSession) -> None:
        super().__init__()
        self._session = session

    def __missing__(self, school_id: int) -> date:
        zone = ZoneInfo(self._session.get_one(School, school_id).time_zone)
        day = self[school_id] = self._session.at.astimezone(zone).date()
        return day


def _post_of(reference: str) -> int | None:
    try:
        return parse_reference(reference)[0]
    except ReferenceMistyped:
        return None


def _record(
    draft: PlanDraft,
    line: RecordLine,
    school_id: int | None,
    on_file: dict[int, _OnFile],
    seen: set[int],
) -> Item:
    item = Item("error", "refused", clean(line.reference, 40), Wording(""))
    item.school_id, item.file, item.line = school_id, line.file, line.line
    try:
        post_id, version = parse_reference(line.reference)
        _check_version(version)
    except (ReferenceMistyped, ConsentUnknown) as error:
        item.text, item.column = error.wording, "reference"
        return item
    who = on_file.get(post_id)
    if who is None:
        item.text, item.column = _unknown_form(line.reference).wording, "reference"
        return item
    item.label, item.person_id, item.school_id = who.name, who.person_id, who.school_id
    if post_id in seen:
        item.text, item.column = say("This form stands in the list twice."), "reference"
        return item
    seen.add(post_id)
    return _record_known(draft, item, line, version, who)


def _record_known(
    draft: PlanDraft, item: Item, line: RecordLine, version: int, who: _OnFile
) -> Item:
    if line.signed_on > who.today:
        item.text, item.column = (
            say("The date %(day)s is still to come.", day=line.signed_on),
            ("signed_on"),
        )
        return item
    try:
        email = parse_address(line.email) if line.email.strip() else who.address
    except AddressError as error:
        item.text, item.column = error.wording, "email"
        return item
    if email is None:
        item.text, item.column = say("Neither the form nor the file gives an address."), "email"
        return item
    if address_key(email) == who.address_key and who.consent_id is not None:
        item.level, item.action = "information", "known"
        item.text = say("Is recorded already for %(address)s", address=email)
        return item
    if who.bound and address_key(email) != who.address_key and not _goes_to_post(who):
        item.text, item.column = NOT_FROM_HERE, "email"
        return item
    item.action = "record"
    item.level, item.text = _announcement(line, version, who, email)
    item.changes = _changes(draft, item, line, version, who, email)
    return item


def _announcement(line: RecordLine, version: int, who: _OnFile, email: str) -> tuple[str, Wording]:
    """Return level and sentence of a form that will be recorded."""
    if line.signed_on < consent_text(version).since:
        return "warning", say(
            "Signed on %(day)s for %(address)s: that is before the text of the form existed",
            day=line.signed_on,
            address=email,
        )
    if (better := likely_typing_error(email)) is not None:
        return "warning", say(
            "Signed on %(day)s for %(address)s: is %(better)s meant?",
            day=line.signed_on,
            address=email,
            better=better,
        )
    if address_key(email) != who.address_key:
        return "warning", say(
            "Signed on %(day)s for %(address)s, which becomes the address on file",
            day=line.signed_on,
            address=email,
        )
    return "information", say(
        "Signed on %(day)s for %(address)s", day=line.signed_on, address=email
    )


def _changes(
    draft: PlanDraft, item: Item, line: RecordLine, version: int, who: _OnFile, email: str
) -> list[Any]:
    changes = [
        draft.insert(
            "consent",
            person_id=who.person_id,
            school_id=item.school_id,
            post_id=who.post_id,
            email=email,
            email_key=address_key(email),
            text_version=version,
            signed_on=line.signed_on,
            recorded_at=NOW,
        )
    ]
    if address_key(email) == who.address_key:
        table, row = ("post", who.post_id) if _from_post(who) else ("person", who.person_id)
        column = "school_email" if table == "post" else "personal_email"
        return [guard(table, row, **{column: who.address}), *changes]
    return [*changes, _new_address(who, email)]


def _from_post(who: _OnFile) -> bool:
    """Whether the address on file is the school's own."""
    return who.address == who.school_email and (who.school_first or who.personal_email is None)


def _goes_to_post(who: _OnFile) -> bool:
    """Whether the address of a signed form becomes the school's own."""
    return who.school_first and who.school_email is not None


def _new_address(who: _OnFile, email: str) -> Any:
    """Put the address of a signed form where the address on file is looked for first."""
    old: tuple[str | None, str | None, str]
    if _goes_to_post(who):
        kept, old = "school_email", (who.school_email, who.school_email_key, who.school_email_field)
        table, row = "post", who.post_id
    else:
        kept, table, row = "personal_email", "person", who.person_id
        old = (who.personal_email, who.personal_email_key, who.personal_email_field)
    columns = (kept, f"{kept}_key", f"{kept}_field")
    new = (email, address_key(email), SIGNED_FORM)
    return update_change(
        table, row, dict(zip(columns, old, strict=True)), dict(zip(columns, new, strict=True))
    )


# --- withdrawing ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What withdrawing would do: the consents that stand, with the day on each paper; the
    invitations that would open nothing any more; whether an active access would stay."""

    consents: tuple[tuple[str, date], ...]
    invitations: int
    active: bool


def withdrawal(session: ActorSession, school_id: int, person_id: int) -> Withdrawal:
    """Return what follows if a person's consents in a school are withdrawn."""
    standing = select(Consent).where(_standing(school_id, person_id)).order_by(col(Consent.id))
    open_ones = select(func.count(col(Invitation.id))).where(_open(school_id, person_id))
    active = select(col(Access.id)).where(
        col(Access.person_id) == person_id,
        col(Access.school_id) == school_id,
        col(Access.activated_at) <= session.at,
    )
    return Withdrawal(
        tuple((consent.email, consent.signed_on) for consent in session.scalars(standing)),
        session.scalar(open_ones) or 0,
        session.scalar(active.limit(1)) is not None,
    )


def _standing(school_id: int, person_id: int) -> ColumnElement[bool]:
    return and_(
        col(Consent.person_id) == person_id,
        col(Consent.school_id) == school_id,
        col(Consent.withdrawn_at).is_(None),
    )


def _theirs(school_id: int, person_id: int) -> Any:
    return select(col(Access.id)).where(
        col(Access.person_id) == person_id, col(Access.school_id) == school_id
    )


def _open(school_id: int, person_id: int) -> ColumnElement[bool]:
    """SQL: an invitation of the person that can still be used, or be sent."""
    return and_(
        col(Invitation.access_id).in_(_theirs(school_id, person_id)),
        col(Invitation.used_at).is_(None),
        col(Invitation.cancelled_at).is_(None),
        col(Invitation.replaced_at).is_(None),
    )


def withdraw(session: ActorSession, school_id: int, person_id: int) -> int:
    """Withdraw every consent of a person in a school, and return how many stood.

    What still waits to be sent is cancelled in the same transaction, and an invitation that
    is out opens nothing any more.
    """
    count = change(session, Consent, _standing(school_id, person_id), withdrawn_at=session.at)
    if count:
        cancel_invitations(session, school_id, person_id)
    return count


def cancel_invitations(session: ActorSession, school_id: int, person_id: int) -> None:
    """Cancel the open invitations of a person in a school, and their mails."""
    theirs = _theirs(school_id, person_id)
    change(session, Invitation, _open(school_id, person_id), cancelled_at=session.at)
    session.execute(
        update(Mail)
        .where(
            col(Mail.access_id).in_(theirs),
            col(Mail.school_id) == school_id,
            col(Mail.closed_at).is_(None),
        )
        .values(cancelled_at=session.at, closed_at=session.at),
        execution_options={"synchronize_session": False},
    )
