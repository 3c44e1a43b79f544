"""Values of the data in words: no code is shown where people have a word for it."""

from datetime import date
from typing import Any

import pytest

from models.functions import FUNCTIONS
from models.language import use_language
from models.rights import ROLES as CONSOLE_ROLES
from models.roles import MISSIONS, ROLES
from services.field_words import value_words


@pytest.fixture(autouse=True)
def _french() -> None:
    use_language("fr")


@pytest.mark.parametrize(
    ("table", "column", "value", "told"),
    [
        ("post", "role", "administration", "administration"),
        ("post", "role", "teaching", "enseignement"),
        ("post", "role", None, "rien"),
        ("account_role", "role", "coordinator", "Coordonnateur ou coordonnatrice"),
        ("mission", "code", "acting_principal", "Direction faisant fonction"),
        ("mission", "role", "management", "direction"),
        ("service", "code", "acting_principal", "acting_principal"),
        ("post", "function", "educator", "Éducateur"),
        ("post", "function", "chef de fanfare", "chef de fanfare"),
        ("post", "other_functions", "educator,teacher", "Éducateur ; Enseignant"),
        ("post", "present", "True", "oui"),
        ("post", "role_by_hand", False, "non"),
        ("person", "language", "de", "allemand"),
        ("person", "language", "eo", "eo"),
        ("suspected_double", "decision", "same", "la même personne"),
        ("school_year", "status", "edited", "corrigées à la main"),
        ("person", "surname", "", "rien"),
        ("person", "surname", "teacher", "teacher"),
        ("person", "surname", "9999-99-99", "9999-99-99"),
        ("post", "exit_date", "2026-06-30", date(2026, 6, 30)),
        ("school", "fase_number", 9901, 9901),
    ],
)
def test_what_a_value_is_called(table: str, column: str, value: Any, told: Any) -> None:
    found = value_words(column, value, table)
    if isinstance(told, str):
        assert str(found).replace("\u00a0", " ").casefold() == told.casefold()
    else:
        assert found == told


def test_every_code_has_a_word() -> None:
    for table, column, codes in (
        ("post", "role", ROLES), ("account_role", "role", CONSOLE_ROLES),
        ("post", "function", FUNCTIONS), ("mission", "code", MISSIONS),
    ):  # fmt: skip
        for code in codes:
            assert not isinstance(value_words(column, code, table), str), code
