"""Recording a head and changing the address: what is said before, beside and after."""

from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot

from screens.confirm import ConfirmScreen
from screens.head_form import HeadAddressScreen, NewHeadScreen
from screens.headnet_account import HeadnetAccountScreen
from tests.screens.conftest import MakeApp, settled
from tests.screens.headnet_place import asked, at_school, change_address, press, write
from tests.screens.workshop_place import shown, told
from tests.services.headnet_world import ADDRESS, Heads, make_heads

NEW, OTHER = "luc@ecole.example", "autre@ecole.example"
WORKS = "23/11/2026 03:00"


@pytest.fixture
def heads(sqlite_engine: Engine) -> Heads:
    return make_heads(sqlite_engine)


def page(heads: Heads) -> HeadnetAccountScreen:
    return HeadnetAccountScreen(at_school(heads), heads.world.mine)


async def fill(pilot: Pilot[Any], *fields: str) -> None:
    for field in fields:
        await write(pilot, field)
        await press(pilot, "tab")


# The address


async def test_a_change_says_from_when_it_counts(console: MakeApp, heads: Heads) -> None:
    heads.record()
    heads.ask()
    async with console(page(heads), role="coordinator").run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "f2")
        assert isinstance(pilot.app.screen, HeadAddressScreen)
        assert f"Le changement compte à partir du {WORKS}" in shown(pilot)
        assert f"D’ici là, les e-mails vont à {ADDRESS}" in shown(pilot)
        assert "Le mot de passe reste le même" in shown(pilot)
        await write(pilot, NEW)
        await press(pilot, "f8")
        assert f"{NEW} compte à partir du {WORKS}" in told(pilot)
        assert f"{NEW}, compte à partir du {WORKS}" in shown(pilot)
        await press(pilot, "f2")
        assert f"! Il remplace le changement en attente vers {NEW}" in shown(pilot)
        await write(pilot, OTHER)
        await press(pilot, "f8")
    account = heads.page()
    assert account.pending is not None and account.pending.email == OTHER
    assert account.address is not None and account.address.email == ADDRESS


@pytest.mark.parametrize("typed", ["luc@", ADDRESS, ""])
async def test_what_cannot_be_the_new_address_stays_in_the_form(
    console: MakeApp, heads: Heads, typed: str
) -> None:
    heads.record()
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f2")
        await write(pilot, typed)
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, HeadAddressScreen)
        assert told(pilot) or "Obligatoire" in shown(pilot)
    assert heads.page().pending is None


async def test_a_likely_slip_is_asked_about_first(console: MakeApp, heads: Heads) -> None:
    heads.record()
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f2")
        await write(pilot, "luc@gmial.com")
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, ConfirmScreen) and "luc@gmail.com" in asked(pilot)
        await press(pilot, "n")
        assert isinstance(pilot.app.screen, HeadAddressScreen) and heads.page().pending is None
        await press(pilot, "f8", "o")
    pending = heads.page().pending
    assert pending is not None and pending.email == "luc@gmial.com"


async def test_what_is_typed_survives_a_dropped_line(console: MakeApp, heads: Heads) -> None:
    heads.record()
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f2")
        await write(pilot, "luc@ec")
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "f2")
        assert "luc@ec" in shown(pilot)
        await write(pilot, "ole.example")
        await press(pilot, "f8", "f2")
        assert "luc@ec" not in shown(pilot).partition("remplace")[0]  # taken over, and forgotten
    pending = heads.page().pending
    assert pending is not None and pending.email == NEW


# The head


async def test_the_first_head_is_recorded_and_continue_comes_next(
    console: MakeApp, heads: Heads
) -> None:
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Aucun chef d’établissement n’est enregistré" in shown(pilot)
        await press(pilot, "n", "x")  # there is nobody to follow or to leave
        assert isinstance(pilot.app.screen, HeadnetAccountScreen)
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, NewHeadScreen)
        assert "Ce qui prend fin" not in shown(pilot)
        await fill(pilot, "Luc", "Dhondt", "luc@")
        await press(pilot, "f8")
        assert isinstance(pilot.app.screen, NewHeadScreen) and heads.page().head is None
        await press(pilot, "shift+tab", "ctrl+u")
        await write(pilot, NEW)
        await press(pilot, "f8")
        assert "F8 fait envoyer le premier mot de passe" in told(pilot)
        assert "Luc Dhondt : . Sans mot de passe" in shown(pilot)
    account = heads.page()
    assert account.address is not None and account.address.email == NEW


async def test_what_ends_is_listed_before_another_head_begins(
    console: MakeApp, heads: Heads
) -> None:
    heads.record()
    heads.ask()
    change_address(heads, OTHER)
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "n")
        ends = ("! L’accès de Luc D’Hondt", f"attend la mise à jour du {WORKS}", f"vers {OTHER}")
        assert all(end in shown(pilot) for end in ends), shown(pilot)
        await fill(pilot, "Ada", "Zorn", "ada@ecole.example")
        await press(pilot, "f8")
        told_again = ("Ada Zorn devient chef", "L’accès de Luc D’Hondt prend", "cesse aussitôt")
        assert all(each in asked(pilot) for each in told_again), asked(pilot)
        await press(pilot, "escape")
        head = heads.page().head
        assert head is not None and head.name == "Luc D’Hondt"
        assert isinstance(pilot.app.screen, NewHeadScreen) and "Zorn" in shown(pilot)
        await press(pilot, "f8", "o")
        assert "Ada Zorn : . Sans mot de passe" in shown(pilot)
        await press(pilot, "pagedown")
        assert "Luc D’Hondt, 22/11/2026 – 22/11/2026 14:00" in shown(pilot)
    head = heads.page().head
    assert head is not None and head.name == "Ada Zorn"
    assert [mail.recipient for mail in heads.mails("headnet_ended")] == [ADDRESS]


async def test_the_same_name_is_told(console: MakeApp, heads: Heads) -> None:
    heads.record()
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "n")
        await fill(pilot, "Luc", "Dhondt", NEW)
        await press(pilot, "f8")
        assert "C’est le même nom" in asked(pilot)


async def test_what_changed_meanwhile_is_not_ended_unseen(console: MakeApp, heads: Heads) -> None:
    heads.record()
    async with console(page(heads), role="coordinator").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "n")
        await fill(pilot, "Ada", "Zorn", "ada@ecole.example")
        await press(pilot, "f8")
        heads.ask()  # a password that nobody said would end
        await press(pilot, "o")
        assert "entre-temps" in told(pilot)
    head = heads.page().head
    assert head is not None and head.name == "Luc D’Hondt"


# Pictures


@pytest.mark.parametrize("key", ["f2", "n"])
def test_picture(console: MakeApp, heads: Heads, snap_compare: Any, key: str) -> None:
    heads.record()
    heads.ask()
    change_address(heads, OTHER)

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await press(pilot, key)
        await fill(pilot, *{"f2": ("luc@gmial.com",), "n": ("Ada", "Zorn")}[key])

    assert snap_compare(console(page(heads), role="coordinator"), terminal_size=(80, 24),
                        run_before=look)  # fmt: skip
