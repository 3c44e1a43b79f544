"""A few families in the small world of the tests, brought in as a list of a school is."""

from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.families import Guardianship, Pupil
from models.people import Person
from services import importing, plans
from services.desk import Desk
from services.imports.families import read_families
from services.imports.planning import plan_roster
from tests.worlds import World

HEADER = (
    "Nom élève;Prénom élève;Date de naissance;Classe;Identifiant élève;"
    "Nom responsable;Prénom responsable;E-mail;Lien de parenté;Langue\n"
)
LEA = "Dupont;Léa;03/04/2015;3A;e1;"
TOM = "Dupont;Tom;13/09/2017;1B;e2;"
ADA = "Okoye;Ada;21/02/2016;2C;e3;"
ANNE = "Martin;Anne;anne@famille.example;mère;fr\n"
JEAN = "Dupont;Jean;jean@famille.example;père;en\n"
NGOZI = "Okoye;Ngozi;;mère;fr\n"
#: Two children of two guardians, and one of a guardian without an address.
THREE_FAMILIES = LEA + ANNE + LEA + JEAN + TOM + ANNE + ADA + NGOZI


def load(
    world: World, rows: str, *, desk: Desk | None = None, school: int | None = None
) -> tuple[int, dict[str, Any]]:
    """Import rows of a list of families, and return the plan's id and what it tells."""
    desk = desk or world.director()
    roster = read_families((HEADER + rows).encode())
    asked = desk.read(importing.request_for, "families", school_id=school or world.mine)
    plan = desk.write(lambda session: plans.store(session, plan_roster(session, roster, asked)))
    result = desk.read(importing.import_result, plan)
    desk.write(plans.apply, plan, result["confirm_number"])
    return plan, result


def people(world: World) -> dict[str, int]:
    """Return every guardian's identifier by first name."""

    def read(session: Any) -> dict[str, int]:
        rows = session.execute(
            select(col(Person.first_name), col(Person.id)).join(
                Guardianship, col(Guardianship.person_id) == Person.id
            )
        )
        return {row[0]: row[1] for row in rows}

    return world.desk.read(read)


def pupils(world: World) -> dict[str, int]:
    """Return every pupil's identifier by first name."""

    def read(session: Any) -> dict[str, int]:
        return {p.first_name: p.id for p in session.scalars(select(Pupil))}

    return world.desk.read(read)
