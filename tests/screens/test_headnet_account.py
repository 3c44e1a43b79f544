"""The page of a HeadNet account: what it says, and *Continue* as it is guided."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select
from textual.pilot import Pilot

from models.headnet import HeadnetPassword
from models.mail import Mail
from screens.confirm import ConfirmScreen
from screens.head_form import HeadAddressScreen, NewHeadScreen
from screens.headnet_account import HeadnetAccountScreen
from screens.headnet_continue import AddressCheckScreen, ContinueScreen
from tests.screens.conftest import MakeApp, settled
from tests.screens.headnet_place import (
    MORNING,
    asked,
    at_helpdesk,
    at_school,
    bounced,
    change_address,
    delayed,
    mail,
    press,
    sent,
)
from tests.screens.samples import HOSTILE
from tests.screens.workshop_place import shown, told
from tests.services.headnet_world import ADDRESS, Heads, make_heads
from tui.app import TrousseauApp

WORKS = "23/11/2026 03:00"
NEW = "luc@ecole.example"


@pytest.fixture
def heads(sqlite_engine: Engine) -> Heads:
    found = make_heads(sqlite_engine)
    found.record()
    return found


@pytest.fixture
def page(console: MakeApp, heads: Heads) -> TrousseauApp:
    screen = HeadnetAccountScreen(at_school(heads), heads.world.mine)
    return console(screen, role="coordinator")


def live(heads: Heads) -> list[int]:
    """Return the generations of the passwords that were asked for and not replaced."""
    rows = heads.rows(select(HeadnetPassword).order_by(HeadnetPassword.generation))  # type: ignore[arg-type]
    return [row.generation for row in rows if row.replaced_at is None]


# Continue


async def test_the_first_password_is_guided(page: TrousseauApp, heads: Heads) -> None:
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Luc D’Hondt : . Sans mot de passe" in shown(pilot)
        assert "Étape suivante (F8) : faire envoyer le premier" in shown(pilot)
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, AddressCheckScreen)
        assert ADDRESS in asked(pilot) and "compte depuis le 22/11/2026 14:00" in asked(pilot)
        assert "attendre" not in asked(pilot)
        await press(pilot, "o")
        assert isinstance(pilot.app.screen, ContinueScreen)
        assert f"valable à partir du {WORKS}" in asked(pilot) and "!" not in asked(pilot)
        assert live(heads) == []
        await press(pilot, "o")
        assert live(heads) == [1]
        assert f"valable à partir du {WORKS}" in told(pilot)
        assert f"Le mot de passe est valable à partir du {WORKS}" in shown(pilot)
        assert f"Se connecte à partir du {WORKS}, avec {ADDRESS}" in shown(pilot)
        headship = heads.latest().headship_id
        assert heads.password(headship)[:10] not in shown(pilot) + told(pilot)
    (letter,) = heads.mails("headnet_password")
    assert letter.recipient == ADDRESS


@pytest.mark.parametrize("keys", [("escape",), ("a",), ("o", "escape"), ("o", "n"), ("o", "enter")])
async def test_until_the_last_yes_nothing_is_done(
    page: TrousseauApp, heads: Heads, keys: tuple[str, ...]
) -> None:
    before = heads.ask()
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8", *keys)
        assert live(heads) == [before.generation]
    assert len(heads.rows(select(Mail))) == 1


async def test_before_a_second_one_the_former_is_told_to_end(
    page: TrousseauApp, heads: Heads
) -> None:
    heads.ask()
    async with page.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "f8", "o")
        assert "! Le mot de passe n° 1 du 22/11/2026 14:00 attend" in asked(pilot)
        assert "ne sera jamais valable" in asked(pilot)
        await press(pilot, "escape")
        heads.at(MORNING)
        heads.night()
        await press(pilot, "f5")
        assert "+ Valable" in shown(pilot) and f"depuis le {WORKS[:10]} 04:00" in shown(pilot)
        await press(pilot, "f8", "o")
        told_before = "Il cesse de l’être aussitôt : d’ici au 24/11/2026 03:00, le chef"
        assert told_before in asked(pilot)
        await press(pilot, "o")
        assert live(heads) == [2]
        assert "n° 1 : remplacé le 23/11/2026 04:00" in shown(pilot)
        assert "seul le dernier compte" in shown(pilot)


async def test_a_change_that_waits_is_told_and_can_be_waited_for(
    page: TrousseauApp, heads: Heads
) -> None:
    change_address(heads, NEW)
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert f"{NEW}, compte à partir du {WORKS}" in shown(pilot)
        await press(pilot, "f8")
        assert f"! À partir du {WORKS}, c’est {NEW}" in asked(pilot)
        await press(pilot, "w")
        assert f"Rien n’a été envoyé. À partir du {WORKS}" in told(pilot)
        assert live(heads) == [] and isinstance(pilot.app.screen, HeadnetAccountScreen)
        await press(pilot, "f8", "y", "y")
        assert live(heads) == [1]
    assert [mail.recipient for mail in heads.mails("headnet_password")] == [ADDRESS]


async def test_another_address_leads_to_the_form(page: TrousseauApp, heads: Heads) -> None:
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8", "n")
        assert isinstance(pilot.app.screen, HeadAddressScreen)
    assert live(heads) == []


def _update_is_due(heads: Heads) -> None:
    heads.at(MORNING)


def _somebody_asks(heads: Heads) -> None:
    heads.ask()


@pytest.mark.parametrize(
    ("happens", "tells", "left"),
    [(_update_is_due, "24/11/2026 03:00", []), (_somebody_asks, "Quelqu’un", [1])],
)
async def test_what_was_shown_is_what_is_done_or_nothing(
    page: TrousseauApp,
    heads: Heads,
    happens: Callable[[Heads], None],
    tells: str,
    left: list[int],
) -> None:
    """The question stands there while an update becomes due, or somebody else asks."""
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f8", "o")
        happens(heads)
        await press(pilot, "o")
        assert live(heads) == left
        assert tells in told(pilot)


# What became of the mail


async def test_lost_mail_is_told_in_the_servers_words_and_sent_again(
    page: TrousseauApp, heads: Heads
) -> None:
    heads.ask()
    bounced(heads)
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "x Jamais arrivé" in shown(pilot)
        assert "5.1.1 Mailbox does not exist" in shown(pilot)
        assert "→ F8 :" in shown(pilot) and "Vérification 2" not in shown(pilot)
        await press(pilot, "f8")
        assert "! L’e-mail du 22/11/2026 14:00 n’y est jamais arrivé" in asked(pilot)
        await press(pilot, "o")
        assert "jamais arrivé, est annulé aussitôt" in asked(pilot)
        await press(pilot, "o")
        assert live(heads) == [2] and "o Attend la mise à jour" in shown(pilot)


async def test_delayed_mail_is_tried_at_once(page: TrousseauApp, heads: Heads) -> None:
    heads.ask()
    delayed(heads)
    async with page.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        assert "Prochain essai 23/11/2026 00:00" in shown(pilot)
        assert "4.7.1 Greylisted" in shown(pilot)
        assert "→ t :" in shown(pilot)
        await press(pilot, "t")
        assert "réessayé maintenant" in told(pilot)
    (letter,) = heads.mails("headnet_password")
    assert letter.next_attempt_at == heads.world.clock()


async def test_an_update_that_was_not_done_is_told(page: TrousseauApp, heads: Heads) -> None:
    heads.ask()
    sent(heads)
    heads.at(MORNING)
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert f"devrait être valable depuis le {WORKS}" in shown(pilot)
        await press(pilot, "t")
        assert told(pilot) == ""  # it has left


# The head


async def test_a_change_that_waits_is_taken_back(page: TrousseauApp, heads: Heads) -> None:
    change_address(heads, NEW)
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "z", "n")
        assert heads.page().pending is not None
        await press(pilot, "z", "o")
        assert NEW not in shown(pilot) and f"{ADDRESS} reste" in told(pilot)
        await press(pilot, "z")
        assert not isinstance(pilot.app.screen, ConfirmScreen)
    assert heads.page().pending is None


async def test_a_head_leaves_and_another_is_recorded(page: TrousseauApp, heads: Heads) -> None:
    heads.ask()
    async with page.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "x")
        assert "L’accès de Luc D’Hondt prend fin aussitôt" in asked(pilot)
        assert "Le mot de passe cesse aussitôt" in asked(pilot)
        await press(pilot, "o")
        assert "Aucun chef d’établissement n’est enregistré" in shown(pilot)
        assert "Luc D’Hondt, 22/11/2026 – 22/11/2026 14:00" in shown(pilot)
        await press(pilot, "x", "f2", "z", "t")
        assert isinstance(pilot.app.screen, HeadnetAccountScreen)
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, NewHeadScreen)
    assert heads.page().head is None


async def test_the_helpdesk_sees_what_the_coordinator_sees(console: MakeApp, heads: Heads) -> None:
    heads.ask()
    screen = HeadnetAccountScreen(at_helpdesk(heads), heads.world.mine)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Luc D’Hondt : o Attend" in shown(pilot)
        assert "Institut Saint-Exemple" in shown(pilot)
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, AddressCheckScreen)


async def test_nobody_else_sees_anything(console: MakeApp, heads: Heads) -> None:
    heads.ask()
    place = at_school(heads)
    place.desk = heads.desk("director", heads.world.mine)
    screen = HeadnetAccountScreen(place, heads.world.mine)
    async with console(screen, role="director").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "D’Hondt" not in shown(pilot) and ADDRESS not in shown(pilot)
        await press(pilot, "f8", "f2", "n", "x")
        assert pilot.app.screen is screen


async def test_hostile_words_are_harmless(console: MakeApp, heads: Heads) -> None:
    heads.ask()
    bounced(heads)
    said = " ".join(text for text in HOSTILE if len(text) < 100 and "\ud800" not in text)
    mail(heads, reply=said)
    screen = HeadnetAccountScreen(at_school(heads), heads.world.mine)
    async with console(screen, role="coordinator").run_test(size=(80, 50)) as pilot:
        await settled(pilot)
        text = shown(pilot)
        assert "[@click=app.leave]Ann[/]" in text
        assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text)


# Pictures


def life(heads: Heads) -> None:
    """Two passwords, the first replaced, and a change of address; it is the next morning."""
    heads.ask()
    sent(heads)
    heads.later(hours=2)
    heads.ask()
    sent(heads)
    heads.at(MORNING)
    heads.night()
    heads.later(hours=5)
    change_address(heads, NEW)


def test_picture(page: TrousseauApp, heads: Heads, snap_compare: Any) -> None:
    life(heads)
    assert snap_compare(page, terminal_size=(80, 24), run_before=settled)


def test_picture_of_lost_mail(page: TrousseauApp, heads: Heads, snap_compare: Any) -> None:
    heads.ask()
    bounced(heads)
    assert snap_compare(page, terminal_size=(80, 24), run_before=settled)


@pytest.mark.parametrize("keys", [("f8",), ("f8", "o")], ids=["address", "password"])
def test_picture_of_continue(
    page: TrousseauApp, heads: Heads, snap_compare: Any, keys: tuple[str, ...]
) -> None:
    life(heads)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, *keys)

    assert snap_compare(page, terminal_size=(80, 24), run_before=look)
