"""Whom somebody asks who is not known here: the manager of the school (DOMAIN §3).

A school's contact is public, and nothing else is told.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from models.schools import School
from models.text import clean, name_key
from services.sign_in import Entrance

#: As many as fit on a screen; whoever sees so many types one more word.
MOST = 10
_LONGEST, _MOST_WORDS = 200, 8


@dataclass(frozen=True, slots=True)
class SchoolContact:
    """A school and its manager."""

    name: str
    fase_number: int | None
    contact_name: str
    contact_email: str
    contact_phone: str


def whom_to_ask(entrance: Entrance, text: str) -> list[SchoolContact]:
    """Return the contacts of the schools with this FASE number, or these words in the name.

    At most `MOST`, by name; none for an empty text.
    """
    text = clean(text, _LONGEST).strip()
    words = [key for word in text.split()[:_MOST_WORDS] if (key := name_key(word))]
    if not words:
        return []
    schools = select(School).order_by(col(School.name_key), col(School.id)).limit(MOST)
    if text.isascii() and text.isdigit() and len(text) <= 9:
        schools = schools.where(col(School.fase_number) == int(text))
    else:
        schools = schools.where(*(col(School.name_key).contains(w, autoescape=True) for w in words))
    with entrance.looking() as session:
        return [_contact(school) for school in session.scalars(schools)]


def _contact(school: School) -> SchoolContact:
    return SchoolContact(
        name=school.name,
        fase_number=school.fase_number,
        contact_name=school.contact_name,
        contact_email=school.contact_email,
        contact_phone=school.contact_phone,
    )
