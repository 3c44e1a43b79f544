"""Roles, missions, and which role holds (DOMAIN §3)."""

import pytest

from models.functions import FUNCTIONS, function_label
from models.roles import (
    DEFAULT_ROLES,
    MISSIONS,
    ROLES,
    effective_role,
    role_from,
    role_label,
)


def test_every_function_gives_a_role() -> None:
    assert set(DEFAULT_ROLES) == set(FUNCTIONS)
    assert set(DEFAULT_ROLES.values()) <= set(ROLES)


def test_missions_confer_known_roles_and_are_found_by_their_code() -> None:
    assert {mission.role for mission in MISSIONS.values()} <= {None, *ROLES}
    assert all(code == mission.code for code, mission in MISSIONS.items())
    assert MISSIONS["ib_coordinator"].role is None


@pytest.mark.parametrize(
    ("missions", "recorded", "function", "expected"),
    [
        (["reader", "management"], "teaching", "worker", ("reader", "mission")),
        ([None, "access_management"], "teaching", "worker", ("access_management", "mission")),
        ([None], "teaching", "worker", ("teaching", "recorded")),
        ([], "teaching", None, ("teaching", "recorded")),
        ([], None, "worker", ("support", "function")),
        ([], "", "principal", ("management", "function")),
        ([], None, None, (None, "none")),
        ([], None, "astronaut", (None, "none")),
    ],
)
def test_order_of_roles(
    missions: list[str | None], recorded: str | None, function: str | None, expected: object
) -> None:
    assert effective_role(missions, recorded, function) == expected


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Lecteur", "reader"),
        ("lecture seule", "reader"),
        ("Gestionnaire des accès", "access_management"),
        ("access_management", "access_management"),
        ("DIRECTION", "management"),
        ("directrice adjointe", "management"),
        ("Secrétariat", "administration"),
        ("enseignant", "teaching"),
        ("teacher", "teaching"),
        ("administrator", "administration"),
        ("ouvrière", "support"),
        ("student", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_roles_as_written(text: str, role: str | None) -> None:
    assert role_from(text) == role


def test_codes_and_labels_are_recognised_again() -> None:
    for role in ROLES:
        assert role_from(role) == role
        assert role_from(role_label(role).text("en")) == role


def test_the_name_of_a_function_means_its_role() -> None:
    for function in FUNCTIONS:
        assert role_from(function_label(function).text("en")) == DEFAULT_ROLES[function]
