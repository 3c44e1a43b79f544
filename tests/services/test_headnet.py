"""The account manager: the list, a school's page, a head recorded and followed by another."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.database import OutOfScope
from models.headnet import HeadAddress, Headship
from models.mail import Mail
from services import (
    head_addresses,
    headnet,
    headnet_passwords,
    headnet_school,
    heads,
    nightly,
)
from services.desk import Desk
from services.headnet import HeadnetQuery
from services.headnet_attention import headnet_lines
from services.headnet_passwords import NotConfirmed, PreparedMeanwhile
from services.headnet_rows import HeadnetNotFound, HeadnetRefused
from tests.services.headnet_world import ADDRESS, HEAD, Heads, make_heads


@pytest.fixture
def house(sqlite_engine: Engine) -> Heads:
    return make_heads(sqlite_engine)


def found(house: Heads, **query: str) -> list[str]:
    wanted = HeadnetQuery(**query)  # type: ignore[arg-type]
    page = house.helpdesk.read(headnet.heads_page, wanted, 0, 50)
    assert page.total == len(page.rows) == house.helpdesk.read(headnet.total, wanted)
    assert list(page.rows) == house.helpdesk.read(headnet.all_rows, wanted)
    return [row.school for row in page.rows]


# --- the list -----------------------------------------------------------------------------

MINE, OTHER = "Institut Saint-Exemple", "Athénée de l’Essai"


def test_each_school_has_a_line_those_without_a_head_too(engine: Engine) -> None:
    house = make_heads(engine)
    assert found(house) == [OTHER, MINE]
    assert found(house, state="no_head") == [OTHER, MINE]
    house.record()
    house.later(minutes=1)
    asked = house.ask()
    rows = house.helpdesk.read(headnet.heads_page, HeadnetQuery(), 0, 9).rows
    assert [row.state for row in rows] == ["no_head", "waiting"]
    mine = rows[1]
    assert (mine.head, mine.email, mine.pending_email) == ("D’Hondt Luc", ADDRESS, "")
    assert (mine.asked_at, mine.takes_effect_at) == (house.world.clock(), asked.works_from)
    assert mine.email_since == mine.head_since == house.world.clock() - timedelta(minutes=1)
    assert (rows[0].head, rows[0].email, rows[0].asked_at, rows[0].generation) == ("", "", None, 0)
    house.coordinator.write(
        head_addresses.change_address, house.world.mine, "autre@ecole.example", house.schedule
    )
    (mine,) = house.coordinator.read(headnet.heads_page, HeadnetQuery(), 0, 9).rows
    assert (mine.email, mine.pending_email) == (ADDRESS, "autre@ecole.example")
    assert mine.pending_from == asked.works_from
    counts = house.helpdesk.read(headnet.counts)
    assert (counts["no_head"], counts["waiting"], counts["valid"]) == (1, 1, 0)


def test_what_is_typed_and_chosen_narrows_it(engine: Engine) -> None:
    house = make_heads(engine)
    house.record()
    house.coordinator.write(
        head_addresses.change_address, house.world.mine, "a_b@autre.example", house.schedule
    )
    for text in ("saint-exemple", "9901", "dhondt", "LUC", "direction@ecole", "a_b@", "9901 luc"):
        assert found(house, text=text) == [MINE], text
    for text in ("%", "_", "99", "direction@école", "aub@", "9902 luc"):
        assert MINE not in found(house, text=text) or text in "_", text
    assert found(house, text="_") == [MINE], "an underscore is one of the address"
    assert found(house, state="no_password") == [MINE]
    assert found(house, state=headnet.ATTENTION) == [OTHER]
    for sort in headnet.SORTS:
        assert found(house, sort=sort) == found(house, sort=sort), sort
    assert found(house, sort="head") == [MINE, OTHER], "without a head at the end"


def test_each_sees_its_own_and_others_nothing(house: Heads) -> None:
    house.record()
    page = house.coordinator.read(headnet.heads_page, HeadnetQuery(), 0, 9)
    assert [row.school for row in page.rows] == [MINE]
    for role in ("director", "head", "staff", "parent"):
        desk = house.desk(role, house.world.mine)
        for deed in (
            lambda desk=desk: desk.read(headnet.heads_page, HeadnetQuery(), 0, 9),
            lambda desk=desk: desk.read(headnet.counts),
            lambda desk=desk: desk.read(headnet_school.school_page, house.world.mine),
            lambda desk=desk: desk.read(
                headnet_passwords.prepare, house.world.mine, house.schedule
            ),
            lambda desk=desk: desk.write(heads.record_head, house.world.mine, HEAD),
        ):
            with pytest.raises(OutOfScope):
                deed()
    neighbour = house.desk("coordinator", house.world.other)
    with pytest.raises(HeadnetNotFound):
        neighbour.read(headnet_school.school_page, house.world.mine)
    with pytest.raises(HeadnetNotFound):
        neighbour.read(headnet_passwords.prepare, house.world.mine, house.schedule)


# --- Continue -----------------------------------------------------------------------------


def test_continue_says_what_comes_and_does_it(engine: Engine) -> None:
    house = make_heads(engine)
    head = house.record()
    plan = house.coordinator.read(headnet_passwords.prepare, house.world.mine, house.schedule)
    assert (plan.email, plan.head, plan.generation, plan.again) == (
        ADDRESS,
        "Luc D’Hondt",
        1,
        False,
    )
    assert plan.works_from == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert (plan.former, plan.advice) == ((), ())
    with pytest.raises(NotConfirmed):
        house.coordinator.write(
            headnet_passwords.send, plan, house.schedule, address_confirmed=False
        )
    asked = house.coordinator.write(
        headnet_passwords.send, plan, house.schedule, address_confirmed=True
    )
    (mail,) = house.mails("headnet_password")
    assert (mail.recipient, mail.headship_id, mail.generation) == (ADDRESS, head, 1)
    assert house.tries(ADDRESS, house.password(head)) == "waiting"
    house.world.clock.now = asked.works_from
    assert house.tries(ADDRESS, house.password(head)) == "overdue"
    assert house.page().latest.state == "overdue"  # type: ignore[union-attr]
    assert house.night().done["headnet"] == 1
    assert house.tries(ADDRESS.upper(), house.password(head).lower()) == "ok"
    assert house.page().latest.state == "valid"  # type: ignore[union-attr]


def test_a_second_continue_says_so_and_cancels_the_former_at_once(engine: Engine) -> None:
    house = make_heads(engine)
    head = house.record()
    house.ask()
    house.later(hours=1)
    plan = house.coordinator.read(headnet_passwords.prepare, house.world.mine, house.schedule)
    assert [(one.generation, one.state) for one in plan.former] == [(1, "waiting")]
    assert plan.again and len(plan.advice) == 1
    with pytest.raises(NotConfirmed):
        house.coordinator.write(
            headnet_passwords.send, plan, house.schedule, address_confirmed=True
        )
    house.coordinator.write(
        headnet_passwords.send, plan, house.schedule, address_confirmed=True, former_confirmed=True
    )
    assert [one.state for one in house.page().passwords] == ["waiting", "replaced"]
    assert house.tries(ADDRESS, house.password(head)) == "replaced"
    with pytest.raises(PreparedMeanwhile):
        house.coordinator.write(
            headnet_passwords.send, plan, house.schedule, address_confirmed=True,
            former_confirmed=True,
        )  # fmt: skip
    assert len(house.page().passwords) == 2


def test_what_was_shown_holds_or_is_refused(house: Heads) -> None:
    house.record()
    plan = house.coordinator.read(headnet_passwords.prepare, house.world.mine, house.schedule)

    def refused() -> str:
        with pytest.raises(PreparedMeanwhile) as error:
            house.coordinator.write(
                headnet_passwords.send, plan, house.schedule, address_confirmed=True
            )
        return error.value.wording.text("en")

    before = house.world.clock.now
    house.world.clock.now = plan.works_from
    assert "update has become due" in refused()
    house.world.clock.now = before
    house.coordinator.write(
        head_addresses.change_address, house.world.mine, "autre@ecole.example", house.schedule
    )
    assert "something about this head" in refused().lower()
    house.later(days=1)
    house.night()
    assert "address in force" in refused()
    new = house.coordinator.read(heads.prepare_new_head, house.world.mine, {**HEAD, "surname": "A"})
    house.coordinator.write(heads.record_new_head, new)
    assert "new head" in refused()
    assert house.mails("headnet_password") == []


# --- addresses ----------------------------------------------------------------------------


def test_a_change_waits_for_the_update_and_the_old_address_is_told(engine: Engine) -> None:
    house = make_heads(engine)
    head = house.record()
    house.ask()
    mine = house.world.mine
    plan = house.coordinator.write(
        head_addresses.change_address, mine, "lucdhondt@gmial.com", house.schedule
    )
    assert plan.hint is not None and plan.old_email == ADDRESS
    later = house.coordinator.write(
        head_addresses.change_address, mine, " luc.dhondt@gmail.com ", house.schedule
    )
    assert later.cancelled == "lucdhondt@gmial.com"
    assert house.page().pending.email == "luc.dhondt@gmail.com"  # type: ignore[union-attr]
    house.world.clock.now = plan.takes_effect_at
    assert house.night().done["headnet"] == 2
    page = house.page()
    assert page.address is not None and page.address.email == "luc.dhondt@gmail.com"
    assert [one.state for one in page.addresses] == ["in_force", "cancelled", "former"]
    assert [mail.recipient for mail in house.mails("head_address_changed")] == [ADDRESS]
    password = house.password(head)
    assert house.tries("luc.dhondt@gmail.com", password) == "ok"
    assert house.tries(ADDRESS, password) == "address"


def test_a_change_that_waits_can_be_cancelled(house: Heads) -> None:
    house.record()
    mine = house.world.mine
    for text in ("direction", "", ADDRESS, f"Luc <{ADDRESS}>"):
        with pytest.raises(HeadnetRefused):
            house.coordinator.write(head_addresses.change_address, mine, text, house.schedule)
    house.coordinator.write(
        head_addresses.change_address, mine, "autre@ecole.example", house.schedule
    )
    pending = house.page().pending
    assert pending is not None
    house.coordinator.write(head_addresses.cancel_change, mine, pending.address_id)
    with pytest.raises(HeadnetRefused):
        house.coordinator.write(head_addresses.cancel_change, mine, pending.address_id)
    house.later(days=2)
    house.night()
    assert house.page().address.email == ADDRESS  # type: ignore[union-attr]


# --- heads --------------------------------------------------------------------------------


def test_a_form_says_what_is_wrong_beside_each_field(house: Heads) -> None:
    mine = house.world.mine
    values = {"first_name": " ", "surname": "x" * 101, "email": "x", "language": "nl"}
    form = house.coordinator.read(heads.check_form, mine, values)
    assert set(form.wrong) == {"first_name", "surname", "email", "language"}
    with pytest.raises(heads.FormWrong):
        house.coordinator.read(heads.prepare_new_head, mine, values)
    slip = house.coordinator.read(heads.check_form, mine, {**HEAD, "email": "a@gmial.com"})
    assert not slip.wrong and set(slip.hints) == {"email"}


def test_a_new_head_ends_all_that_the_former_had(engine: Engine) -> None:
    house = make_heads(engine)
    first = house.record()
    house.ask()
    mine = house.world.mine
    house.coordinator.write(
        head_addresses.change_address, mine, "autre@ecole.example", house.schedule
    )
    with pytest.raises(HeadnetRefused):
        house.coordinator.write(heads.record_head, mine, HEAD)
    values = {**HEAD, "first_name": "Ève", "email": "eve@ecole.example"}
    plan = house.coordinator.read(heads.prepare_new_head, mine, values)
    assert plan.ending is not None
    assert (plan.ending.passwords, plan.ending.mails) == (1, 1)
    assert plan.ending.waiting_email == "autre@ecole.example" and not plan.same_person
    house.later(minutes=5)
    second = house.coordinator.write(heads.record_new_head, plan)
    with pytest.raises(PreparedMeanwhile):
        house.coordinator.write(heads.record_new_head, plan)
    page = house.page()
    assert page.head is not None and page.head.headship_id == second
    assert page.address is not None and page.address.email == "eve@ecole.example"
    assert (page.passwords, page.pending, page.asked) == ((), None, 0)
    assert [former.headship_id for former in page.former] == [first]
    old = house.helpdesk.read(headnet_school.passwords_of, first)
    assert [one.state for one in old] == ["ended"]
    assert [mail.recipient for mail in house.mails("headnet_ended")] == [ADDRESS]
    house.later(days=2)
    house.night()
    assert house.tries(ADDRESS, house.password(first)) == "ended"
    addresses = house.rows(select(HeadAddress).where(col(HeadAddress.headship_id) == first))
    assert all(one.ended_at or one.cancelled_at for one in addresses)
    assert house.rows(select(Mail).where(col(Mail.cancelled_at).is_not(None))) != []


def test_a_head_may_leave_without_a_successor(house: Heads) -> None:
    house.record()
    ending = house.coordinator.read(heads.prepare_end, house.world.mine)
    house.coordinator.write(heads.end_head, house.world.mine, ending)
    assert house.page().head is None
    with pytest.raises(HeadnetRefused):
        house.coordinator.read(headnet_passwords.prepare, house.world.mine, house.schedule)
    house.record()
    assert len(house.rows(select(Headship))) == 2


# --- what needs attention -----------------------------------------------------------------


def causes(house: Heads, desk: Desk | None = None) -> dict[str, int]:
    lines = (desk or house.helpdesk).read(headnet_lines)
    assert all(line.sentence.text("fr") for line in lines)
    return {line.cause: line.count for line in lines}


def test_what_needs_attention_is_told_to_whom_it_concerns(engine: Engine) -> None:
    house = make_heads(engine)
    assert causes(house) == {}, "where no school has a head HeadNet is not used"
    assert causes(house, house.coordinator) == {"headnet_no_head": 1}
    house.record()
    asked = house.ask()
    assert causes(house) == {"headnet_no_head": 1}
    house.world.clock.now = asked.works_from
    assert "headnet_overdue" not in causes(house), "it may just be late"
    house.later(hours=1)
    assert causes(house)["headnet_overdue"] == 1
    assert causes(house, house.coordinator) == {"headnet_overdue": 1}
    assert causes(house, house.desk("coordinator", house.world.other)) == {"headnet_no_head": 1}
    assert causes(house, house.desk("director", house.world.mine)) == {}
    house.night()
    house.edit(Mail, col(Mail.id) == asked.mail_id, refused_at=house.world.clock())
    assert causes(house, house.coordinator) == {"headnet_undelivered": 1}
    at = house.world.clock()
    house.edit(HeadAddress, col(HeadAddress.school_id) == house.world.mine, ended_at=at)
    assert causes(house, house.coordinator)["headnet_no_address"] == 1
    assert found(house, state="no_address") == [MINE]


def test_the_console_keeps_the_hour_that_no_timer_kept(house: Heads) -> None:
    house.record()
    house.night()
    asked = house.ask()
    work = house.nightwork()
    house.world.clock.now = asked.works_from - timedelta(minutes=1)
    assert nightly.do_if_overdue(work) is None and house.latest().in_force_at is None
    house.world.clock.now = asked.works_from
    assert nightly.do_if_overdue(work) is None, "the night is not overdue yet"
    assert house.latest().in_force_at == asked.works_from
