"""`trousseau headnet`: what scripts rely on, what people read, and that `--yes` confirms."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.services.headnet_world import ADDRESS, Heads, make_heads
from tui.cli import office

SCHOOL = ("--school", "9901")
NEW = ("--first-name", "Ève", "--surname", "Neuf", "--email", "eve@gmial.com")


@pytest.fixture
def house(served: Engine, monkeypatch: pytest.MonkeyPatch) -> Heads:
    made = make_heads(served)
    monkeypatch.setattr(office, "now", made.world.clock)
    return made


@pytest.fixture
def command(house: Heads, command: Any) -> Any:
    """Run `trousseau headnet …`."""
    return partial(command, "headnet")


def test_a_password_is_sent_once_it_is_confirmed(house: Heads, command: Any, as_json: Any) -> None:
    house.record()
    status, out, err = command("send", *SCHOOL)
    assert status == 0 and ADDRESS in out and "23/11/2026 03:00" in out and "--yes" in err
    assert house.mails("headnet_password") == []
    first = as_json("send", *SCHOOL, "--yes")
    assert first == {
        "school": "Institut Saint-Exemple",
        "head": "Luc D’Hondt",
        "email": ADDRESS,
        "email_since": "2026-11-22T13:00:00+00:00",
        "pending_email": "",
        "pending_from": None,
        "works_from": "2026-11-23T02:00:00+00:00",
        "number": 1,
        "former": [],
        "advice": [],
        "done": True,
    }
    house.later(minutes=5)
    again = as_json("send", *SCHOOL)
    assert again["former"] == [{"number": 1, "state": "waiting"}] and len(again["advice"]) == 1
    assert not again["done"] and len(house.mails("headnet_password")) == 1
    _status, out, err = command("send", *SCHOOL, "--yes")
    assert "goes to" in out and "stops working at once" in err
    shown = as_json("show", *SCHOOL)
    assert [(each["number"], each["state"]) for each in shown["passwords"]] == [
        (2, "waiting"),
        (1, "replaced"),
    ]
    assert shown["passwords"][0]["mail"]["state"] == "queued"
    causes = [each["cause"] for each in shown["findings"]]
    assert causes == ["headnet_waits", "headnet_mail_waits"]
    status, out, _err = command("show", *SCHOOL)
    assert "Waits for the update" in out and "Replaced by a newer one" in out


def test_heads_and_addresses_are_recorded(house: Heads, command: Any, as_json: Any) -> None:
    house.record()
    house.ask()
    status, out, err = command("address", ADDRESS, *SCHOOL, "--yes")
    assert (status, out) == (1, "") and "in force already" in err
    assert not as_json("address", "luc@autre.example", *SCHOOL)["done"]
    assert as_json("address", "luc@autre.example", *SCHOOL, "--yes")["old_email"] == ADDRESS
    plan = as_json("new-head", *NEW, *SCHOOL)
    assert plan["ends"]["passwords"] == 1 and plan["ends"]["pending_email"] == "luc@autre.example"
    assert set(plan["hints"]) == {"email"}
    _status, out, err = command("new-head", *NEW, *SCHOOL, "--yes")
    assert "Ève Neuf is head of" in out and "Luc D’Hondt ends" in err
    (row,) = as_json("list", "--search", "neuf")
    assert (row["fase"], row["state"], row["email"]) == (9901, "no_password", "eve@gmial.com")
    assert [row["fase"] for row in as_json("list", "--state", "no_head")] == [9902]
    assert [row["fase"] for row in as_json("list", *SCHOOL)] == [9901]
    status, out, _err = command("list")
    assert status == 0 and len(out.splitlines()) == 3 and "No head" in out
    status, _out, err = command("new-head", *SCHOOL, *NEW[:2], "--surname", "", "--email", "x")
    assert status == 1 and "surname is missing" in err and "no @" in err


@pytest.mark.parametrize(
    "arguments",
    [("list", "--state", "happy"), ("list", "--sort", "colour"), ("show",), ("send",),
     ("address", *SCHOOL), ("new-head", *SCHOOL)],
)  # fmt: skip
def test_a_mistake_in_the_arguments_is_exit_2(command: Any, arguments: tuple[str, ...]) -> None:
    status, out, err = command(*arguments)
    assert (status, out) == (2, "") and err


def test_a_school_without_a_head_is_exit_1(command: Any) -> None:
    status, out, err = command("send", *SCHOOL, "--yes")
    assert (status, out) == (1, "") and "no head of school" in err
