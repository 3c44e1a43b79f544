"""Why a head was refused: each cause, pairs of causes, nothing where all is well; who sees it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from models.accounts import SignInEvent
from models.database import Actor, OutOfScope, change, reading, writing
from services import headnet_checks
from services.attention import AttentionLine
from services.findings import Finding
from services.headnet_checks import TOLD_FOR, explain, explain_try
from services.headnet_rows import HeadnetNotFound
from tests.services.door_world import House
from tests.services.head_world import HEAD_EMAIL, Head, make_head, ready
from tests.services.test_headnet_sign_in import guess

NEW = "direction@ecole.example"


@pytest.fixture
def head(house: House) -> Head:
    found = ready(house)
    found.mail(sent_at=found.now, closed_at=found.now)
    house.later(hours=5)  # six in the morning
    return found


def coordinator(school: int) -> Actor:
    return Actor("coordinator@ecole.example", "coordinator", frozenset({school}), account_id=77)


HELPDESK = Actor("helpdesk@ecole.example", "helpdesk", None, account_id=78)


def explained(head: Head, actor: Actor = HELPDESK) -> list[Finding]:
    with reading(head.house.world.engine, actor, head.now) as session:
        return explain(session, head.school)


def causes(head: Head) -> list[str]:
    return [finding.cause for finding in explained(head)]


def only(head: Head) -> tuple[str, str, str]:
    """Return cause, sentence and remedy of the one finding there is."""
    (finding,) = explained(head)
    return (
        finding.cause,
        finding.sentence.text("en"),
        finding.remedy.code if finding.remedy else "",
    )


def ask(head: Head) -> str:
    """Ask for a password whose mail has left."""
    asked = head.ask()
    head.mail(sent_at=head.now, closed_at=head.now)
    return asked


# --- nothing -------------------------------------------------------------------------------


def test_nothing_is_told_where_all_is_well(house: House, head: Head) -> None:
    assert explained(head) == []
    head.comes()
    assert explained(head) == []
    assert make_head(house, house.world.other).id
    with reading(house.world.engine, HELPDESK, head.now) as session:
        assert explain(session, house.world.other) == []


def test_what_was_refused_is_told_until_the_head_comes_in(head: Head) -> None:
    head.refused("wrong")
    assert causes(head) == ["headnet_wrong"]
    head.house.later()
    head.comes()
    assert causes(head) == []


def test_it_is_not_told_for_ever(head: Head) -> None:
    head.refused("wrong")
    head.house.world.clock.now += TOLD_FOR
    assert causes(head) == []


# --- each cause -----------------------------------------------------------------------------


def test_another_address_than_the_recorded_one(head: Head) -> None:
    head.refused(email=NEW)
    cause, sentence, remedy = only(head)
    assert (cause, remedy) == ("headnet_address", "head_address")
    assert f"typed with {NEW}; recorded is {HEAD_EMAIL}" in sentence
    refused, recorded = explained(head)[0].evidence
    assert (refused.value, refused.at) == (NEW, head.now)
    assert (recorded.value, recorded.at) == (
        HEAD_EMAIL,
        head.addresses(in_force=True)[0].in_force_at,
    )


def test_an_address_that_waits(head: Head) -> None:
    head.record(NEW)
    head.refused(email=NEW)
    cause, sentence, remedy = only(head)
    assert (cause, remedy) == ("headnet_address", "tell_head")
    assert f"{NEW} counts from 03/09/2026, 03:00 on; until then" in sentence
    assert HEAD_EMAIL in sentence
    head.night()
    assert causes(head) == []  # what was typed is right by now


def test_an_address_that_counted_before(head: Head) -> None:
    head.record(NEW)
    head.night()
    head.refused(email=HEAD_EMAIL)
    cause, sentence, _remedy = only(head)
    assert cause == "headnet_address"
    assert f"{HEAD_EMAIL} counted until 03/09/2026, 03:00; recorded now is {NEW}" in sentence


def test_less_than_24_hours(head: Head) -> None:
    ask(head)
    head.house.later(hours=3)
    cause, sentence, remedy = only(head)
    assert (cause, remedy) == ("headnet_waits", "tell_head")
    assert "asked for 3 hours ago, and works from 03/09/2026, 03:00 on" in sentence
    assert [e.value for e in explained(head)[0].evidence] == ["coordinator"]
    head.refused()
    assert [e.value for e in explained(head)[0].evidence] == ["coordinator", HEAD_EMAIL]
    head.night()
    assert causes(head) == []


def test_an_update_that_has_not_been_done(head: Head) -> None:
    ask(head)
    head.house.later(hours=21, minutes=30)
    cause, sentence, remedy = only(head)
    assert (cause, remedy) == ("headnet_overdue", "run_night")
    assert "since 03/09/2026, 03:00" in sentence


def test_an_older_password(head: Head) -> None:
    former = head.password()
    ask(head)
    head.night()
    head.refused(former)
    cause, sentence, remedy = only(head)
    assert (cause, remedy) == ("headnet_replaced", "tell_head")
    assert sentence.endswith("The one of 02/09/2026, 08:00 has replaced it.")
    head.house.later()
    ask(head)  # by which nobody looks for that older one any more
    assert causes(head) == ["headnet_waits"]


def test_a_slip_and_a_password_of_something_else(head: Head) -> None:
    head.refused(head.password()[:-1])
    assert only(head)[::2] == ("headnet_mistyped", "tell_head")
    head.house.later()
    head.refused(guess(head))
    assert causes(head) == ["headnet_mistyped", "headnet_wrong"]


@pytest.mark.parametrize(
    ("what", "cause", "remedy", "words"),
    [
        ({"bounced_at": True}, "headnet_mail_lost", "headnet_continue", "550 no such user"),
        ({"refused_at": True}, "headnet_mail_lost", "headnet_continue", "550 no such user"),
        ({"sent_at": None, "held_at": True}, "headnet_mail_waits", "headnet_try_now", "550 no"),
        ({"sent_at": None}, "headnet_mail_waits", "", "550 no such user"),
    ],
)
def test_a_mail_that_has_not_arrived(
    head: Head, what: dict[str, Any], cause: str, remedy: str, words: str
) -> None:
    values = {name: head.now if value else None for name, value in what.items()}
    open_ = cause == "headnet_mail_waits"
    head.mail(**values, reply="550 no such user", closed_at=None if open_ else head.now)
    found = only(head)
    assert found[::2] == (cause, remedy)
    assert HEAD_EMAIL in found[1]
    assert words in explained(head)[0].evidence[0].value
    head.comes()  # it was received after all
    assert causes(head) == []


def test_no_password_was_ever_asked_for(house: House) -> None:
    head = make_head(house)
    assert causes(head) == []
    head.refused("something")
    assert only(head)[::2] == ("headnet_none", "headnet_continue")


def test_a_former_head(house: House, head: Head) -> None:
    head.end()
    head.refused()
    cause, sentence, remedy = only(head)
    assert (cause, remedy) == ("headnet_ended", "record_head")
    assert "Claire Fontaine was head of school until 02/09/2026, 08:00" in sentence
    following = make_head(house, email="paul@ecole.example", surname="Martin")
    cause, sentence, remedy = only(following)
    assert (cause, remedy) == ("headnet_ended", "")
    assert "Claire Martin is head now" in sentence


# --- several --------------------------------------------------------------------------------


def _with_another_address(head: Head) -> None:
    head.refused(email=NEW)


def _with_an_older_one(head: Head) -> None:
    former = head.password()
    ask(head)
    head.refused(former)
    head.night()


def _too_early(head: Head) -> None:
    ask(head)


def _without_a_mail(head: Head) -> None:
    head.mail(bounced_at=head.now)


def _with_a_slip(head: Head) -> None:
    head.refused(head.password()[:-1])


def _with_something_else(head: Head) -> None:
    head.refused(guess(head))


#: What is done so that each is the case, in an order in which one leaves the other standing.
DEEDS: dict[str, Callable[[Head], None]] = {
    "headnet_replaced": _with_an_older_one,
    "headnet_waits": _too_early,
    "headnet_address": _with_another_address,
    "headnet_mail_lost": _without_a_mail,
    "headnet_mistyped": _with_a_slip,
    "headnet_wrong": _with_something_else,
}
#: The order of the three checks, and of what comes with them.
ORDER = (
    "headnet_address", "headnet_waits", "headnet_replaced", "headnet_mail_lost",
    "headnet_mistyped", "headnet_wrong",
)  # fmt: skip


@pytest.mark.parametrize("pair", combinations(DEEDS, 2), ids="+".join)
def test_two_causes_are_told_in_the_order_of_the_checks(head: Head, pair: tuple[str, str]) -> None:
    if pair == ("headnet_replaced", "headnet_waits"):
        former = head.password()
        ask(head)
        head.refused(former)
    else:
        for cause in pair:
            DEEDS[cause](head)
    assert causes(head) == sorted(pair, key=ORDER.index)


# --- one try --------------------------------------------------------------------------------


def test_one_try_by_itself(house: House, head: Head) -> None:
    head.refused(email=NEW)
    house.later()
    head.refused(head.password()[:-1])
    first, second = head.events()
    with reading(house.world.engine, HELPDESK, head.now) as session:
        assert [f.cause for f in explain_try(session, first.id or 0)] == ["headnet_address"]
        assert [f.cause for f in explain_try(session, second.id or 0)] == ["headnet_mistyped"]
        with pytest.raises(HeadnetNotFound):
            explain_try(session, 999)


def test_a_try_at_nobodys_address(house: House, head: Head) -> None:
    head.refused(guess(head), "nobody@ecole.example")
    event = house.rows(select(col(SignInEvent.id)))[-1]
    with reading(house.world.engine, HELPDESK, head.now) as session:
        (finding,) = explain_try(session, event)
    assert finding.cause == "headnet_unknown"
    assert "nobody@ecole.example is recorded for no head" in finding.sentence.text("en")


# --- who sees it ------------------------------------------------------------------------------


def test_the_coordinator_sees_as_much_of_the_own_school(house: House, head: Head) -> None:
    head.refused(email=NEW)
    assert explained(head, coordinator(head.school)) == explained(head)
    with (
        reading(house.world.engine, coordinator(house.world.other), head.now) as session,
        pytest.raises(HeadnetNotFound),
    ):
        explain(session, head.school)


@pytest.mark.parametrize("role", ["director", "head", "staff"])
def test_nobody_else_sees_any_of_it(head: Head, role: str) -> None:
    head.refused(email=NEW)
    actor = Actor("x@ecole.example", role, frozenset({head.school}), account_id=5)
    with reading(head.house.world.engine, actor, head.now) as session:
        with pytest.raises(OutOfScope):
            explain(session, head.school)
        assert headnet_checks.refusals(session) == []
        assert session.scalars(select(SignInEvent)).all() == []


def test_a_coordinator_reads_the_doors_record_of_the_own_head_alone(
    house: House, head: Head
) -> None:
    other = ready(house, house.world.other, "autre@ecole.example")
    house.activated()
    head.refused("wrong")
    other.refused("wrong", "autre@ecole.example")
    head.refused("wrong", "nobody@ecole.example")
    mine = coordinator(head.school)
    with reading(house.world.engine, mine, head.now) as session:
        assert [e.headship_id for e in session.scalars(select(SignInEvent))] == [head.id]
        assert session.scalar(select(func.count(col(SignInEvent.id)))) == 1
    with writing(house.world.engine, mine, head.now) as session, pytest.raises(OutOfScope):
        change(session, SignInEvent, col(SignInEvent.headship_id) == head.id, times=9)
    event = SignInEvent(at=head.now, kind="headnet", outcome="ok", headship_id=head.id)
    with pytest.raises(OutOfScope), writing(house.world.engine, mine, head.now) as session:
        session.add(event)


def test_where_a_try_came_from_is_told_nobody(head: Head) -> None:
    head.refused(email=NEW)
    head.refused("wrong")
    assert "192.0.2.7" not in repr(explained(head))


# --- the dashboard ----------------------------------------------------------------------------


def lines(head: Head, actor: Actor = HELPDESK) -> list[AttentionLine]:
    with reading(head.house.world.engine, actor, head.now) as session:
        return headnet_checks.refusals(session)


def test_the_dashboard_tells_of_heads_who_were_refused(house: House, head: Head) -> None:
    assert lines(head) == []
    head.refused(guess(head))
    assert lines(head) == []  # anybody may have typed that
    head.refused(email=NEW)
    (line,) = lines(head)
    assert (line.cause, line.count, line.go_to) == ("headnet_refused", 1, "headnet")
    told = line.sentence.text("en")
    assert "Institut Saint-Exemple (another address than the recorded one)" in told
    assert lines(head, coordinator(head.school)) == [line]
    assert lines(head, coordinator(house.world.other)) == []
    other = ready(house, house.world.other, "autre@ecole.example")
    former = other.password()
    other.ask()
    other.refused(former, "autre@ecole.example")
    (line,) = lines(head)
    assert (line.count, line.text) == (2, "")
    assert "Athénée de l’Essai (an older password)" in line.sentence.text("en")
    house.later()
    head.comes()
    (line,) = lines(head)
    assert (line.count, line.text) == (1, "Athénée de l’Essai")


@pytest.mark.parametrize("cause", ["too_early", "other_address", "replaced"])
def test_the_dashboard_forgets_what_has_mended_itself(head: Head, cause: str) -> None:
    if cause == "too_early":
        ask(head)
        head.refused()
    elif cause == "other_address":
        head.record(NEW)
        head.refused(email=NEW)
    else:
        former = head.password()
        ask(head)
        head.refused(former)
        head.house.later()
    assert [line.cause for line in lines(head)] == ["headnet_refused"]
    if cause == "replaced":
        ask(head)
    else:
        head.night()
    assert lines(head) == []


def test_a_try_counted_up_long_after_it_began_is_told_still(head: Head) -> None:
    head.refused(email=NEW)
    head.house.later(minutes=50)
    head.refused(email=NEW)
    assert head.events()[0].times == 2
    assert "2 times" in explained(head)[0].evidence[0].label.text("en")
    assert explained(head)[0].evidence[0].at == head.now
    head.house.world.clock.now += TOLD_FOR - timedelta(minutes=1)
    assert len(lines(head)) == 1
