"""Whom to ask: schools by FASE number or by words of the name, and nobody else's data."""

import pytest
from sqlmodel import col

from models.schools import School
from services.whom_to_ask import MOST, whom_to_ask
from tests.services.door_world import House


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("9901", ["Institut Saint-Exemple"]),
        (" 9902 ", ["Athénée de l’Essai"]),
        ("exemple SAINT", ["Institut Saint-Exemple"]),
        ("athenee essai", ["Athénée de l’Essai"]),
        ("e", ["Athénée de l’Essai", "Institut Saint-Exemple"]),
        ("1", []),
        ("", []),
        ("  \t ", []),
        ("%", []),
        ("_", []),
        ("nowhere", []),
        ("99999999999999999999999999", []),
        ("\x1b[2J" * 500, []),
    ],
)
def test_what_is_found(house: House, text: str, names: list[str]) -> None:
    assert [school.name for school in whom_to_ask(house.entrance, text)] == names


def test_the_contact_is_told(house: House) -> None:
    house.edit(School, col(School.id) == house.world.mine, contact_phone="081 00 00 00")
    (school,) = whom_to_ask(house.entrance, "9901")
    assert (school.fase_number, school.contact_name) == (9901, "Anne Lecomte")
    assert (school.contact_email, school.contact_phone) == (
        "secretariat@ecole.example", "081 00 00 00",
    )  # fmt: skip


def test_no_more_than_fit_on_a_screen(house: House) -> None:
    schools = [School(name=f"École {n}", name_key=f"ecole{n:02}", calendar_id=1) for n in range(15)]
    house.add(*schools)
    assert len(whom_to_ask(house.entrance, "école")) == MOST
