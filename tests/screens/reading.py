"""A reading room with something of each kind, as tests of its screens find it."""

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from screens.workplace import Workplace
from services import documents, school_years
from services.committees import Term
from services.passwords import Hasher
from services.sign_in import Entrance
from tests.screens.conftest import settled
from tests.services.door_world import KEY
from tests.services.room_world import Room

MINUTES = """# Procès-verbal du bureau

Réunion du **3 octobre 2026**, à *Namur*, de 9 h 30 à 12 h. Présents : voir la liste.

## Ordre du jour

1. Approbation du procès-verbal du 5 juin
2. Budget
   - recettes de l’exercice
   - dépenses
3. Divers

## Décisions

> Le budget est adopté à l’unanimité.

| Poste | Montant | Remarque |
|---|--:|---|
| Salle | 1 200 € | payée |
| Orateurs | 800 € | deux sur trois |

Le texte complet est sur [le site du réseau](https://reseau.example/budget-2026).
"""
PURPOSE = "Le bureau prépare les réunions.\n\n- il se réunit **six fois** par an\n- il fixe l’ordre"
INFORMATION = """## Programme

- *samedi* : ateliers
- *dimanche* : assemblée

Inscription jusqu’au **1er mars**.
"""


@dataclass(frozen=True)
class Stock:
    """What is in the room, by identifier."""

    minutes: int
    rules: int
    brochure: int
    office: int
    conference: int


def stocked(room: Room) -> Stock:
    """Fill the room; the head of the first school has read the rules."""
    office = room.committee(
        "Bureau",
        Term("Claire Renard", date(2025, 9, 1), None, "Institut Saint-Exemple", "présidente"),
        Term("Yusuf Demir", date(2026, 9, 1), date(2028, 8, 31), "Athénée de l’Essai"),
        Term("Inès Faure", date(2027, 1, 1), None, "Collège du Pré", "trésorière"),
        Term("Paul Adam", date(2021, 9, 1), date(2025, 8, 31), "Lycée du Lac", "président"),
        purpose=PURPOSE,
    )
    rules = room.publish(
        "Règlement d’ordre intérieur",
        "Article 1. Les chefs d’établissement se réunissent.\n" * 60,
        "reglement.txt",
        kind="official",
        dated_on=date(2024, 6, 12),
    )
    room.head.write(documents.mark_read, rules)
    minutes = room.publish("Réunion du bureau d’octobre", MINUTES, committee_id=office)
    brochure = room.publish(
        "Brochure de la rentrée",
        b"%PDF-1.7\n" + b"x" * 184_000,
        "brochure 2026.pdf",
        kind="official",
        dated_on=date(2026, 8, 20),
        language="en",
    )
    conference = room.conference(
        "Conférence de printemps",
        begins=time(9, 30),
        ends=time(16),
        time_zone="Europe/London",
        place="Londres, maison du réseau",
        link="https://reseau.example/printemps",
        information=INFORMATION,
    )
    return Stock(minutes, rules, brochure, office, conference)


def head(room: Room) -> Workplace:
    """Return the workplace of the head of the first school."""
    here = room.head.read(school_years.here, room.world.mine)
    return Workplace(room.head, who="C. Renard", here=here, entrance=lambda: door(room))


def door(room: Room, folder: Path = Path()) -> Entrance:
    """Return the door that is knocked at over a line; `folder` is for passwords only."""
    return Entrance(room.world.engine, Hasher(folder), KEY, room.clock, "192.0.2.7")


def head_with_account(room: Room) -> Workplace:
    """Return that of a head who has an account, which may hold an SSH key."""
    desk = room.desk("head", room.world.mine, account_id=7)
    return Workplace(desk, who="C. Renard", here=desk.read(school_years.here, room.world.mine))


def helpdesk(room: Room) -> Workplace:
    return Workplace(room.helpdesk, who="Helpdesk")


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


async def fill(pilot: Pilot[Any], **values: str) -> None:
    """Write into the fields of the form on the screen."""
    form: Any = pilot.app.screen
    for name, value in values.items():
        form.form[name].value = value
    await settled(pilot)


def told(pilot: Pilot[Any]) -> str:
    """Return what the console has said in its messages."""
    said = " ".join(message.message for message in pilot.app._notifications)
    return said.replace("\u00a0", " ")
