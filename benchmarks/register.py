"""A database of a whole federation: thousands of schools, and people spread over them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col

from benchmarks.belgian_names import people
from benchmarks.databases import NOW, settle_down
from models import bulk
from models.access import Service, search_key_for
from models.database import SYSTEM, reading
from models.schools import SchoolYear
from models.text import name_key
from models.upgrades import refresh_statistics

#: The Federation's list, where it lies beside the program; it is nobody's to copy.
SCHOOLS_FILE = Path(__file__).parents[2] / "shared/data/schools-fwb/signaletique-fase.csv"
_FUNCTIONS = ("teacher", "teacher", "teacher", "educator", "administrative")
_FUNCTION_KEYS = _FUNCTIONS
_PLAIN = {
    "kind": "school", "calendar_id": 1, "time_zone": "Europe/Brussels", "language": "fr",
    "enterprise_number": "", "network": "", "street": "", "postal_code": "",
    "contact_name": "Anne Lecomte", "contact_email": "secretariat@ecole.example",
    "contact_phone": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody or a school on record: the id, the name as two parts."""

    id: int
    first: str
    second: str


@cache
def federation() -> tuple[tuple[int, str, str], ...]:
    """Return (FASE number, name, place) of the Federation's schools, () without the list."""
    if not SCHOOLS_FILE.exists():
        return ()
    found: dict[int, tuple[int, str, str]] = {}
    with SCHOOLS_FILE.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        names = [name.strip("\ufeff ") for name in next(rows)]
        number, name, place = (
            names.index(heading)
            for heading in (
                "N° FASE de l'établissement",
                "Nom de l'établissement",
                "Localité de l'établissement",
            )
        )
        for row in rows:
            found.setdefault(int(row[number]), (int(row[number]), row[name], row[place]))
    return tuple(found.values())


def made_up_schools(size: int) -> tuple[tuple[int, str, str], ...]:
    """Return as many schools, where the Federation's list is not at hand."""
    return tuple((n, f"École {n} de Hautefagne", f"Hautefagne {n}") for n in range(1, size + 1))


def make_register(
    engine: Engine, size: int, schools: Sequence[tuple[int, str, str]]
) -> tuple[list[Named], list[Named]]:
    """Fill an empty database; return its people and its schools."""
    with reading(engine, SYSTEM, NOW) as session:
        label = col(SchoolYear.label)
        year = session.scalars(select(col(SchoolYear.id)).where(label == "2026-2027")).one()
        service = session.scalars(select(col(Service.id)).where(col(Service.code) == "extranet"))
        service_id = service.one()
    at = bulk.neutral(NOW)
    named = [Named(n, *each) for n, each in enumerate(people(size), 1)]
    places = [Named(n, name, place) for n, (_fase, name, place) in enumerate(schools, 1)]

    def insert(table: str, columns: str, rows: list[Any], **alike: Any) -> None:
        bulk.insert_rows(connection, table, columns.split(), rows, alike)

    with engine.execution_options(writes=True).begin() as connection:
        rows = [(s.id, s.first, name_key(s.first), s.second, schools[s.id - 1][0]) for s in places]
        insert("school", "id name name_key locality fase_number", rows, **_PLAIN)
        keys = [(name_key(p.first), name_key(p.second)) for p in named]
        mails = [f"{f}.{s}{n}@courriel{n % 40}.example" for n, (s, f) in enumerate(keys, 1)]
        insert(
            "person",
            "id surname first_name surname_key first_name_key personal_email personal_email_key"
            " staff_number",
            [
                (p.id, p.first, p.second, *k, mail, mail, f"1{p.id:010}")
                for p, k, mail in zip(named, keys, mails, strict=True)
            ],
            sex="", language="", personal_email_field="e-mail", created_at=at,
        )  # fmt: skip
        where = [1 + p.id % len(places) for p in named]
        does = [_FUNCTIONS[p.id % len(_FUNCTIONS)] for p in named]
        insert(
            "post",
            "id person_id school_id function",
            [(p.id, p.id, s, f) for p, s, f in zip(named, where, does, strict=True)],
            school_year_id=year, other_functions="", role_by_hand=False, present=True,
            school_email_field="", created_at=at,
        )  # fmt: skip
        insert(
            "access",
            "id person_id post_id school_id function_key search_key",
            [
                (p.id, p.id, p.id, s, f, search_key_for(*k, mail, None))
                for p, s, f, k, mail in zip(named, where, does, keys, mails, strict=True)
            ],
            school_year_id=year, service_id=service_id, granted_at=at, activation="",
        )  # fmt: skip
        insert(
            "consent",
            "person_id post_id school_id email email_key",
            [
                (p.id, p.id, s, mail, mail)
                for p, s, mail in zip(named, where, mails, strict=True)
                if p.id % 3
            ],
            text_version=1, signed_on="2026-08-28", recorded_at=at,
        )  # fmt: skip
        refresh_statistics(connection)
    settle_down(engine)
    return named, places
