"""Notes of calls: their life, the list of open ones, the commonest causes, and no token in any."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import SQLModel, col

from models.calls import STATUS_CODES, CallColumns, CallNote, facts_of
from models.database import SYSTEM, Actor, OutOfScope, reading, writing
from models.kept_text import TAKEN_OUT
from models.keys import Key
from models.language import say, use_language
from models.mail import Mail
from models.tokens import make_token
from services import calls
from services.calls import (
    About,
    CallChanged,
    Caller,
    CallNotFound,
    CallQuery,
    CallRefused,
    Done,
)
from services.desk import Desk
from services.findings import Finding
from services.search_rows import Hit
from tests.worlds import NOW, World, make_world

HOUR = timedelta(hours=1)
DUPONT = Caller("D’Hondt", "Éloïse", 9901, "0475 12 34 56")
NO_MAIL = Finding("no_consent", say("No signed consent for %(address)s.", address="a@b.example"))
LOCKED = Finding("locked", say("Locked until %(until)s.", until=NOW))
TOKEN = make_token(Key(b"k" * 32), "invitation", 41, 1)


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


@pytest.fixture
def world(engine: Engine) -> World:
    return make_world(engine)


def _agent(world: World, name: str = "agent@aide.example") -> Desk:
    return Desk(world.engine, Actor(name, "helpdesk", None, 1), world.clock)


def test_python_and_sql_give_every_note_the_same_status(engine: Engine) -> None:
    moments = (None, NOW - HOUR, NOW, NOW + HOUR)
    with writing(engine, SYSTEM, NOW) as session:
        session.add_all(
            CallNote(opened_at=NOW - HOUR, opened_by="x", handed_at=handed, closed_at=closed)
            for handed, closed in product(moments, moments)
        )
    columns, found = CallColumns(NOW), set()
    with reading(engine, SYSTEM, NOW) as session:
        for note, status in session.execute(select(CallNote, columns.status)).all():
            assert facts_of(note, NOW).status == status
            found.add(status)
            for code in STATUS_CODES:
                same = select(col(CallNote.id)).where(
                    col(CallNote.id) == note.id, columns.has_status(code)
                )
                assert (session.scalar(same) is not None) == (code == status)
    assert found == set(STATUS_CODES)


def test_a_call_is_opened_worked_on_handed_on_and_closed(world: World) -> None:
    agent, member = _agent(world), world.person()
    hit = Hit("person", member.person, "Dupont Jeanne", "", say("Name"), school_id=world.mine)
    about = calls.about_hit(hit)
    assert about == About(member.person, world.mine)
    assert agent.read(calls.suggested_caller, about) == Caller("Dupont", "Jeanne", 9901)
    call = agent.write(calls.open_call, "dupon jeane", DUPONT, about, [NO_MAIL])
    world.clock.now += HOUR
    assert agent.write(calls.note_found, call, [LOCKED, NO_MAIL]) == 1
    with writing(world.engine, SYSTEM, NOW) as session:
        mail = Mail(
            template="test", language="fr", recipient="a@b.example", queued_at=NOW,
            expires_at=NOW, next_attempt_at=NOW,
        )  # fmt: skip
        session.add(mail)
        session.flush()
        sent = mail.id
    agent.write(calls.note_done, call, Done(say("Sent again"), "invite_again", mail_id=sent))
    agent.write(calls.note_done, call, Done(say("Told")))
    assert agent.read(calls.page, call).status == "open"

    hit_again = agent.read(calls.hit_of, call)
    assert hit_again is not None
    assert (hit_again.kind, hit_again.id) == ("person", member.person)
    seen = calls.Seen(DUPONT, "")
    agent.write(calls.update_note, call, remarks="la sienne", seen=seen)
    with pytest.raises(CallChanged):
        agent.write(calls.update_note, call, remarks="la mienne", seen=seen)
    agent.write(calls.hand_on, call, "deuxième  ligne", "à rappeler")
    found = agent.read(calls.page, call)
    assert found.status == "handed_on" and found.handed_to == "deuxième ligne"
    assert (found.caller, found.about, found.remarks) == (DUPONT, about, "à rappeler")
    assert (found.person, found.school) == ("Jeanne Dupont", "Institut Saint-Exemple")
    assert [(c.code, c.found_at) for c in found.causes] == [
        ("no_consent", NOW),
        ("locked", NOW + HOUR),
    ]
    assert found.causes[0].sentence == NO_MAIL.sentence and found.causes[1] != LOCKED.sentence
    assert [(s.kind, s.code, s.mail_id) for s in found.steps] == [
        ("mail", "invite_again", sent),
        ("other", "", None),
    ]

    other = _agent(world, "autre@aide.example")
    other.write(calls.close, call)
    found = agent.read(calls.page, call)
    assert (found.status, found.closed_by, found.remarks) == (
        "closed",
        "autre@aide.example",
        "à rappeler",
    )
    for refused in (
        lambda: agent.write(calls.close, call),
        lambda: agent.write(calls.hand_on, call, "x"),
        lambda: agent.write(calls.note_found, call, [NO_MAIL]),
        lambda: agent.write(calls.note_done, call, Done(say("x"))),
        lambda: agent.write(calls.update_note, call, remarks="x"),
    ):
        with pytest.raises(CallRefused, match="closed"):
            refused()
    with pytest.raises(CallNotFound):
        agent.read(calls.page, call + 1)


def test_a_note_is_corrected_and_its_causes_follow_the_school(world: World) -> None:
    agent = _agent(world)
    call = agent.write(calls.open_call, "x", DUPONT, About(school_id=world.mine), [NO_MAIL])
    agent.write(calls.update_note, call, Caller("Peeters"), About(school_id=world.other))
    assert agent.read(calls.page, call).caller == Caller("Peeters")
    (cause,) = agent.read(calls.commonest)
    assert cause.schools == ((world.other, "Athénée de l’Essai", 1),)
    assert agent.read(calls.total, CallQuery("peeters")) == 1
    assert agent.read(calls.total, CallQuery("dhondt")) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"about": About(person_id=999)},
        {"about": About(school_id=2**31 - 1)},
        {"about": About(access_id=999)},
        {"caller": Caller(fase_number=0)},
        {"caller": Caller(fase_number=100_000)},
    ],
)
def test_what_is_not_there_is_refused(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(CallRefused):
        _agent(world).write(calls.open_call, "x", **wrong)
    call = _agent(world).write(calls.open_call, "x")
    with pytest.raises(CallRefused):
        _agent(world).write(calls.note_done, call, Done(say("x"), plan_id=12))
    with pytest.raises(CallRefused):
        _agent(world).write(calls.hand_on, call, " \u200b"[:1])


def test_open_calls_are_paged_searched_and_sorted(world: World) -> None:
    agent, other = _agent(world), _agent(world, "autre@aide.example")
    ids = []
    for number in range(5):
        caller = Caller(f"Membre{number}", "Zoé", 9901 + number % 2)
        ids.append(agent.write(calls.open_call, f"recherche {number}", caller))
        world.clock.now += HOUR
    mine = other.write(calls.open_call, "Là-bas", Caller("Été"), None, [LOCKED, NO_MAIL])
    agent.write(calls.close, ids[0])
    agent.write(calls.hand_on, ids[1], "autre@aide.example")

    def found(**query: Any) -> list[int]:
        rows = other.read(calls.calls_page, CallQuery(**query), 0, 50)
        assert rows.total == len(rows.rows)
        return [row.id for row in rows.rows]

    assert found() == [*ids[1:], mine]
    assert found(sort="newest") == [mine, *reversed(ids[1:])]
    assert found(status="closed") == [ids[0]]
    assert found(status="handed_on") == [ids[1]]
    assert found(status=None) == [*ids, mine]
    assert found(mine=True) == [ids[1], mine]
    assert found(text="zoe 9901") == [ids[2], ids[4]]
    assert found(text="la bas ETE") == [mine]
    assert found(text="%") == [*ids[1:], mine] and found(text="autre@aide") == [ids[1]]
    part = other.read(calls.calls_page, CallQuery(), 1, 2, count=False)
    assert [row.id for row in part.rows] == ids[2:4] and part.total is None
    last = other.read(calls.calls_page, CallQuery("ete"), 0, 1).rows[0]
    assert (last.code, last.cause, last.status) == ("locked", LOCKED.sentence, "open")
    assert agent.read(calls.counts) == {"closed": 1, "handed_on": 1, "open": 4}


def test_the_commonest_causes_of_a_week_by_school(world: World) -> None:
    agent = _agent(world)
    codes = [Finding(f"cause{n:02}", say("x")) for n in range(12)]
    for number in range(12):
        about = About(school_id=world.mine if number % 3 else world.other)
        agent.write(calls.open_call, "x", None, about, codes[: number + 1])
    agent.write(calls.open_call, "x", None, None, codes[:1])
    found = agent.read(calls.commonest)
    assert [(c.code, c.calls) for c in found[:2]] == [("cause00", 13), ("cause01", 11)]
    assert len(found) == calls.MOST_COMMON and found[-1].code == "cause09"
    assert found[0].schools == (
        (world.mine, "Institut Saint-Exemple", 8),
        (world.other, "Athénée de l’Essai", 4),
        (None, "", 1),
    )
    (one,) = agent.read(calls.commonest, None, world.other, 1)
    assert (one.code, one.calls) == ("cause00", 4)
    assert agent.read(calls.commonest, date(2026, 8, 30)) == []
    begin, end = calls.week_of(date(2026, 9, 6))
    assert begin == datetime(2026, 8, 30, 22, tzinfo=UTC) and end - begin == timedelta(days=7)


def test_no_token_and_nothing_hostile_is_kept_anywhere(world: World) -> None:
    agent = _agent(world)
    caller = Caller(f"Dupont {TOKEN}", TOKEN.lower(), 9901, TOKEN.replace("-", " "))
    said = Finding("mistyped", say("%(typed)s, %(more)s", typed=TOKEN, more=say("%(a)s", a=TOKEN)))
    call = agent.write(calls.open_call, f"\x1b[2J{TOKEN}", caller, None, [said], TOKEN * 300)
    agent.write(calls.note_done, call, Done(say("%(a)s", a=TOKEN)))
    agent.write(calls.update_note, call, caller, None, f"il lit {TOKEN}")
    agent.write(calls.hand_on, call, TOKEN, TOKEN)
    agent.write(calls.close, call, TOKEN)
    found = agent.read(calls.page, call)
    assert TAKEN_OUT in found.searched and "\x1b" not in found.searched
    assert found.causes[0].sentence.text("en") == f"{TAKEN_OUT}, {TAKEN_OUT}"
    bare = TOKEN.replace("-", "")
    with world.engine.connect() as connection:
        for table in ("call_note", "call_cause", "call_step", "journal"):
            rows = connection.execute(select(SQLModel.metadata.tables[table])).all()
            text = "".join(c for c in str(rows).upper() if c.isalnum())
            assert rows and bare not in text and bare[:12] not in text


@pytest.mark.parametrize("role", ["director", "coordinator", "head", "staff", "parent"])
def test_a_note_is_the_helpdesks_alone(world: World, role: str) -> None:
    about = About(world.person().person, world.mine)
    call = _agent(world).write(calls.open_call, "x", DUPONT, about, [NO_MAIL])
    actor = Actor("x@y.example", role, frozenset({world.mine}), 7, about.person_id)
    desk = Desk(world.engine, actor, world.clock)
    for look in (
        lambda: desk.read(calls.page, call),
        lambda: desk.read(calls.calls_page, CallQuery(), 0, 9),
        lambda: desk.read(calls.commonest),
        lambda: desk.read(calls.counts),
        lambda: desk.write(calls.close, call),
        lambda: desk.write(calls.open_call, "x"),
    ):
        with pytest.raises(OutOfScope):
            look()
    with reading(world.engine, actor, NOW) as session:
        assert session.scalars(select(CallNote)).all() == []


def test_of_those_who_close_one_call_at_once_one_does(world: World) -> None:
    call = _agent(world).write(calls.open_call, "x")

    def close(number: int) -> int | None:
        try:
            _agent(world, f"agent{number}").write(calls.close, call)
        except CallRefused:
            return None
        return number

    with ThreadPoolExecutor(4) as threads:
        (who,) = [n for n in threads.map(close, range(4)) if n is not None]
    assert _agent(world).read(calls.page, call).closed_by == f"agent{who}"


def test_what_several_find_at_once_is_kept_once(world: World) -> None:
    call = _agent(world).write(calls.open_call, "x")
    found = [Finding(f"cause{n}", say("x")) for n in range(3)]
    with ThreadPoolExecutor(4) as threads:
        new = list(
            threads.map(lambda _: _agent(world).write(calls.note_found, call, found), range(4))
        )
    assert sorted(new) == [0, 0, 0, 3]
    assert [cause.code for cause in _agent(world).read(calls.page, call).causes] == [
        "cause0",
        "cause1",
        "cause2",
    ]
