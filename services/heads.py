"""The head of a school: recorded, followed by another, ended.

Everything that the former head had ends in the transaction in which the new one begins: the
access, the passwords, an address that waited, the mails that were to leave. The former head is
told; the first address of the new one counts at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_
from sqlmodel import col

from models.addresses import AddressError, parse_address
from models.database import ActorSession, change
from models.headnet import LIVE, HeadAddress, Headship, in_force, is_waiting
from models.language import LANGUAGES, Wording, say
from models.schools import School
from models.text import clean, name_key, squeeze
from services import headnet_letters
from services.head_addresses import check_address, new_address
from services.headnet_passwords import PreparedMeanwhile
from services.headnet_rows import (
    HeadnetRefused,
    address_in_force,
    head_of,
    name_of,
    required_head,
    school_of,
    waiting_address,
)
from services.headnet_school import passwords_of

#: The fields of the form, in order.
FIELDS = ("first_name", "surname", "email", "language")
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class HeadForm:
    """A form that has been looked at: what stands beside which field.

    `wrong` keeps the head from being recorded; `hints` point at a likely slip. The rest is the
    form as it is kept.
    """

    first_name: str
    surname: str
    email: str
    language: str
    wrong: Mapping[str, Wording]
    hints: Mapping[str, Wording]


class FormWrong(HeadnetRefused):
    """Something in the form is missing or wrong; `form` says what."""

    def __init__(self, wording: Wording, form: HeadForm) -> None:
        super().__init__(wording)
        self.form = form


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends with a headship: whose, the address, and how many of what."""

    headship_id: int
    head: str
    email: str | None
    waiting_email: str | None
    passwords: int
    mails: int


@dataclass(frozen=True, slots=True)
class NewHead:
    """A new head as it was shown: `ending` is what ends with the former, None for no former."""

    school_id: int
    school: str
    form: HeadForm
    ending: Ending | None

    @property
    def name(self) -> str:
        return f"{self.form.first_name} {self.form.surname}".strip()

    @property
    def same_person(self) -> bool:
        """Whether the new head has the name of the former one: then only the address changes."""
        return self.ending is not None and name_key(self.ending.head) == name_key(self.name)


def check_form(session: ActorSession, school_id: int, values: Mapping[str, str]) -> HeadForm:
    """Return a form of `FIELDS` as it was understood, with what is wrong; it changes nothing."""
    school = school_of(session, school_id)
    wrong: dict[str, Wording] = {}
    hints: dict[str, Wording] = {}
    names = {field: _name(values.get(field, ""), field, wrong) for field in FIELDS[:2]}
    checked = check_address(session, school_id, values.get("email", ""))
    if checked.wrong is not None:
        wrong["email"] = checked.wrong
    if checked.hint is not None:
        hints["email"] = checked.hint
    language = values.get("language", "").strip() or school.language
    if language not in LANGUAGES:
        wrong["language"] = say("Choose one of: %(languages)s.", languages=", ".join(LANGUAGES))
    return HeadForm(names["first_name"], names["surname"], checked.email, language, wrong, hints)


_MISSING: dict[str, Wording] = {
    "first_name": say("The first name is missing."),
    "surname": say("The surname is missing."),
}


def _name(text: str, field: str, wrong: dict[str, Wording]) -> str:
    name = squeeze(clean(text))
    if len(name) > LONGEST_NAME:
        wrong[field] = say("At most %(most)s characters.", most=LONGEST_NAME)
    elif not name_key(name):
        wrong[field] = _MISSING[field]
    return name[:LONGEST_NAME]


def prepare_new_head(session: ActorSession, school_id: int, values: Mapping[str, str]) -> NewHead:
    """Return what recording this head would do, and what ends with the former one.

    It changes nothing. Raises `FormWrong` with what stands beside which field.
    """
    school = school_of(session, school_id)
    form = check_form(session, school_id, values)
    if form.wrong:
        raise FormWrong(say("Something is missing or wrong: see beside the fields."), form)
    return _prepared(session, school, form, head_of(session, school_id))


def _prepared(
    session: ActorSession, school: School, form: HeadForm, former: Headship | None
) -> NewHead:
    assert school.id is not None
    return NewHead(school.id, school.name, form, _ending(session, former) if former else None)


def _ending(session: ActorSession, head: Headship) -> Ending:
    assert head.id is not None
    address, waiting = address_in_force(session, head.id), waiting_address(session, head.id)
    live = [one for one in passwords_of(session, head.id) if one.state in LIVE]
    return Ending(
        headship_id=head.id,
        head=name_of(head),
        email=address.email if address else None,
        waiting_email=waiting.email if waiting else None,
        passwords=len(live),
        mails=sum(one.mail is not None and one.mail.next_try_at is not None for one in live),
    )


def record_new_head(session: ActorSession, plan: NewHead) -> int:
    """End the former head's access as `plan` says, record the new head; return its number.

    All in one transaction. Raises `PreparedMeanwhile` where something else would end by now.
    """
    school = school_of(session, plan.school_id)
    former = head_of(session, plan.school_id, hold=True)
    if _prepared(session, school, plan.form, former) != plan:
        raise PreparedMeanwhile(say("Something about this head has changed meanwhile. Look again."))
    if former is not None:
        _end(session, former)
    return _begin(session, plan.school_id, plan.form)


def record_head(session: ActorSession, school_id: int, values: Mapping[str, str]) -> int:
    """Record the head of a school that has none; return its number.

    Raises `FormWrong`, and `HeadnetRefused` where there is a head already.
    """
    plan = prepare_new_head(session, school_id, values)
    if plan.ending is not None:
        raise HeadnetRefused(
            say("%(school)s has a head already: %(head)s.", school=plan.school,
                head=plan.ending.head)
        )  # fmt: skip
    return record_new_head(session, plan)


def _begin(session: ActorSession, school_id: int, form: HeadForm) -> int:
    head = Headship(
        school_id=school_id,
        surname=form.surname,
        first_name=form.first_name,
        surname_key=name_key(form.surname),
        first_name_key=name_key(form.first_name),
        language=form.language,
        since=session.at,
    )
    session.add(head)
    session.flush()
    session.add(new_address(session, head, _parsed(form.email), session.at))
    session.flush()
    assert head.id is not None
    return head.id


def _parsed(email: str) -> str:
    # A plan comes back from outside of this module.
    try:
        return parse_address(email)
    except AddressError as error:
        raise HeadnetRefused(error.wording) from None


def prepare_end(session: ActorSession, school_id: int) -> Ending:
    """Return what ends where a head leaves and nobody follows yet; it changes nothing."""
    return _ending(session, required_head(session, school_id))


def end_head(session: ActorSession, school_id: int, ending: Ending) -> None:
    """End a head's access as `ending` says; raises `PreparedMeanwhile` where it is not that."""
    head = required_head(session, school_id, hold=True)
    if _ending(session, head) != ending:
        raise PreparedMeanwhile(say("Something about this head has changed meanwhile. Look again."))
    _end(session, head)


def _end(session: ActorSession, head: Headship) -> None:
    """End a headship with its addresses, and tell the former head.

    Its passwords end with it (`models.headnet.STATUSES`), and so do the mails with them, which
    whoever would send them closes (`services.outbox`).
    """
    address = address_in_force(session, head.id)
    live = and_(col(Headship.id) == head.id, col(Headship.ended_at).is_(None))
    if not change(session, Headship, live, ended_at=session.at):
        raise PreparedMeanwhile(say("Something about this head has changed meanwhile. Look again."))
    own = col(HeadAddress.headship_id) == head.id
    change(session, HeadAddress, and_(own, in_force(HeadAddress)), ended_at=session.at)
    change(session, HeadAddress, and_(own, is_waiting(HeadAddress)), cancelled_at=session.at)
    if address is not None:
        headnet_letters.queue(session, head, address, headnet_letters.ENDED)
