"""Made-up staff in any number: the same people for the same size, in every run."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from models.text import name_key

_BEGINNINGS = (
    "Du", "Van", "Le", "Mar", "Del", "Bou", "Fran", "Ro", "Lam", "Cha", "Ber", "Gé", "Hau", "Mi",
    "Per", "Thi", "Sim", "Col", "Noë", "Wau", "Ver", "Pi", "Gil", "Hen", "Jac", "D’Ho", "El Am",
    "De Smet-", "van den ", "Éti",
)  # fmt: skip
_MIDDLES = (
    "pont", "den", "grand", "che", "ti", "lier", "mo", "bert", "quet", "vaux", "ré", "sse", "ma",
    "don", "nar", "lle", "ran", "to", "ghe", "chi",
)  # fmt: skip
_ENDINGS = ("", "s", "n", "t", "x", "val", "ne", "ois", "eau", "in", "ier", "man", "court", "lais")
_FIRST_NAMES = (
    "Anne", "Aurélie", "Béatrice", "Benoît", "Camille", "Cécile", "Chloé", "Christophe", "Clément",
    "Cyrielle", "David", "Delphine", "Élise", "Émile", "Éric", "Fatima", "Florence", "François",
    "Gaëlle", "Geneviève", "Gérard", "Hélène", "Hugues", "Inès", "Isabelle", "Jean-Marc", "Jérôme",
    "Joëlle", "Julien", "Karim", "Laurence", "Léa", "Loïc", "Luc", "Łukasz", "Maëlle", "Marie",
    "Marie-Christine", "Mathéo", "Mehdi", "Mélanie", "Nathalie", "Noémie", "Olivier", "Pascale",
    "Philippe", "Quentin", "Rachid", "Raphaël", "Régine", "Sébastien", "Solène", "Sophie",
    "Stéphanie", "Thérèse", "Thomas", "Valérie", "Véronique", "Xavier", "Yasmine", "Zoé",
)  # fmt: skip
_SECOND_NAMES = ("", "", "", "", " Marie", " Jean", " Anne", " Louis")
#: As a staff file writes functions, and the codes that they are read as.
FUNCTIONS = (
    ("Enseignant", "teacher"),
    ("Enseignante", "teacher"),
    ("Enseignant", "teacher"),
    ("Éducateur", "educator"),
    ("Ouvrier", "worker"),
    ("Personnel administratif", "administrative"),
)
HEADER = (
    "Identifiant", "Nom", "Prénom", "Date de naissance", "Matricule", "Sexe", "E-mail privé",
    "E-mail école", "Fonction", "Date entrée", "Présence administrative", "N° FASE",
)  # fmt: skip
FIRST_FASE = 1001


@dataclass(frozen=True, slots=True)
class Member:
    """One made-up staff member, the `number`-th of all."""

    number: int
    surname: str
    first_name: str
    birth_date: date
    sex: str
    email: str
    school_email: str
    function: str
    function_code: str
    school: int

    @property
    def staff_number(self) -> str:
        day = self.birth_date.strftime("%y%m%d")
        return f"{'1' if self.sex == 'M' else '2'}{day}{self.number % 10_000:04}"

    @property
    def keys(self) -> tuple[str, str]:
        return name_key(self.surname), name_key(self.first_name)


def members(size: int, schools: int = 1) -> Iterator[Member]:
    """Yield `size` people, spread over as many schools; names recur as they do in life."""
    choices = Random(20260901)
    for number in range(1, size + 1):
        surname = "".join(map(choices.choice, (_BEGINNINGS, _MIDDLES, _ENDINGS)))
        first_name = choices.choice(_FIRST_NAMES) + choices.choice(_SECOND_NAMES)
        school = number % schools
        yield Member(
            number,
            surname,
            first_name,
            date(1958, 1, 1) + timedelta(days=choices.randrange(16_000)),
            choices.choice("MF"),
            f"membre{number}@courriel{number % 50}.example",
            f"membre{number}@ecole{school}.example",
            *choices.choice(FUNCTIONS),
            school,
        )


def schools_for(size: int) -> int:
    """Return in how many schools so many people work: fifty each, and two at least."""
    return max(2, size // 50)


def write_staff_file(path: Path, size: int) -> Path:
    """Write people as a CSV such as a secretary's office exports."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(HEADER)
        for one in members(size, schools_for(size)):
            rows.writerow(
                (
                    f"P{one.number:06}", one.surname, one.first_name,
                    one.birth_date.strftime("%d/%m/%Y"), one.staff_number, one.sex, one.email,
                    one.school_email, one.function, "24/08/2026", "Oui", FIRST_FASE + one.school,
                )
            )  # fmt: skip
    return path
