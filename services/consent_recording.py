"""Recording signed forms: a plan says what each would change, and applying it does that.

What a signed form says about the address counts: where it differs from the one on file,
recording the form changes the address too, and an import leaves an address that was signed
for alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col

from models.access import Access, FactColumns
from models.addresses import AddressError, address_key, likely_typing_error, parse_address
from models.consent_texts import consent_text
from models.consents import SIGNED_FORM
from models.database import ActorSession
from models.language import Wording, say
from models.people import Person, Post
from models.references import ReferenceMistyped, parse_reference
from models.schools import School
from models.text import clean
from services import plans
from services.belonging import CHILD, NOT_FROM_HERE, beyond_actor
from services.consents import ConsentUnknown, check_version, post_of, select_team, unknown_form
from services.imports.roster import Notice
from services.plans import NOW, Item, PlanDraft, guard, update_change

KIND = "consents"


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One returned form as it was typed or read from a file."""

    reference: str
    signed_on: date
    email: str = ""
    file: str = ""
    line: int = 0


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
    posts = {post for line in lines if (post := post_of(line.reference)) is not None}
    facts = FactColumns(session.at, session.at.date())
    days = _Days(session)
    found: dict[int, _OnFile] = {}
    wanted = sorted(posts)
    for start in range(0, len(wanted), 500):
        statement = select_team(
            session.at, Access.school_id, Access.post_id, Access.person_id,
            Person.surname, Person.first_name, facts.address, facts.address_key,
            Person.personal_email, Person.personal_email_key, Person.personal_email_field,
            Post.school_email, Post.school_email_key, Post.school_email_field,
            facts.school_first, facts.latest_consent("id"),
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
        check_version(version)
    except (ReferenceMistyped, ConsentUnknown) as error:
        item.text, item.column = error.wording, "reference"
        return item
    who = on_file.get(post_id)
    if who is None:
        item.text, item.column = unknown_form(line.reference).wording, "reference"
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
