"""The list of a team: filter, order, pages, dates, homonyms, and nothing of other schools."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from models.access import STATUS_CODES
from models.errors import TrousseauError
from models.language import say
from services import doubles, findings, person, team_access, team_changes
from services.findings import STATUS_WORDS
from services.team_access import SORTS, NotFound, TeamQuery, access_json
from tests.services.team_world import BEFORE, NOW, Member, World, make_world


@pytest.fixture
def world(engine: Engine) -> World:
    return make_world(engine)


def names(world: World, query: TeamQuery, **more: Any) -> list[str]:
    rows = world.desk().read(team_access.page, query, 0, 50, **more).rows
    return [row.name for row in rows]


def row_of(world: World, member: Member, on: date | None = None) -> Any:
    (row,) = world.desk().read(
        team_access.status_rows, member.school_id, world.year_id, {member.person_id}, on=on
    )
    return row


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["D’Hondt Noémie", "De Smet Jean-Marc", "Łuczak Élise"]),
        ("dhondt", ["D’Hondt Noémie"]),
        ("D'Hondt", ["D’Hondt Noémie"]),
        ("noemie d’hon", ["D’Hondt Noémie"]),
        ("JEANMARC", ["De Smet Jean-Marc"]),
        ("jean-marc de smet", ["De Smet Jean-Marc"]),
        ("smet", ["De Smet Jean-Marc"]),
        ("lucz", ["Łuczak Élise"]),
        ("elise@ex", ["Łuczak Élise"]),
        ("@ex.be", ["D’Hondt Noémie", "Łuczak Élise"]),
        ("educ", ["De Smet Jean-Marc"]),
        ("éduc", ["De Smet Jean-Marc"]),
        ("ensei smet", []),
        ("100%", []),
        ("_", []),
        ("\x1b[2J", []),
        ("x" * 10_000, []),
    ],
)
@pytest.mark.every_case
def test_the_filter_finds_names_addresses_and_functions(
    world: World, typed: str, found: list[str]
) -> None:
    school = world.school()
    world.person(school, "D’Hondt", "Noémie", "noemie@ex.be")
    world.person(school, "De Smet", "Jean-Marc", None, function="educator")
    world.person(school, "Łuczak", "Élise", "elise@ex.be")
    query = TeamQuery(school, world.year_id, typed)
    assert sorted(names(world, query)) == sorted(found)
    assert world.desk().read(team_access.total, query) == len(found)


def test_every_order_and_its_reverse_pages_through_everyone_once(world: World) -> None:
    school = world.school()
    for number in range(70):
        email = f"p{number % 7}@ex.be" if number % 3 else None
        function = ("teacher", "educator", "")[number % 3]
        world.person(school, f"N{number % 5}", "Homonyme", email, function=function)
    for sort in SORTS:
        for descending in (False, True):
            query = TeamQuery(school, world.year_id, sort=sort, descending=descending)
            pages = [world.desk().read(team_access.page, query, o, 16) for o in range(0, 80, 16)]
            seen = [row.access_id for page in pages for row in page.rows]
            assert len(seen) == len(set(seen)) == pages[0].total == 70
            if sort == "email":
                addresses = [row.email for page in pages for row in page.rows]
                assert addresses[:46] == sorted(filter(None, addresses), reverse=descending)


def test_a_row_knows_its_position(world: World) -> None:
    school = world.school()
    for name in "CABAB":
        world.person(school, name, "X")
    for descending in (False, True):
        query = TeamQuery(school, world.year_id, descending=descending)
        rows = world.desk().read(team_access.page, query, 0, 50).rows
        for place, row in enumerate(rows):
            found = world.desk().read(team_access.position, query, row.person_id)
            assert found == place
        narrow = replace(query, text="nobody")
        assert world.desk().read(team_access.position, narrow, rows[2].person_id) is None


def test_a_page_is_bounded(world: World) -> None:
    school = world.school()
    for _number in range(70):
        world.person(school)
    query = TeamQuery(school, world.year_id)
    assert len(world.desk().read(team_access.page, query, 0, 10_000).rows) == 64
    assert world.desk().read(team_access.page, query, -5, -1).rows == ()
    assert world.desk().read(team_access.page, query, 70, 50, count=False).total is None


def test_the_address_says_where_it_comes_from(world: World) -> None:
    row = row_of(world, world.person(world.school()))
    assert (row.email, row.email_source) == ("anne@ex.be", "ProEco, e-mail privé")


def test_mission_before_recorded_role_before_function(world: World) -> None:
    school = world.school()
    member = world.person(school, post={"role": "reader", "role_by_hand": True})
    assert (row_of(world, member).role, row_of(world, member).role_origin) == ("reader", "by_hand")
    member.mission("digital_lead")
    member.mission("acting_principal", "management", given_at=NOW - timedelta(hours=2))
    row = row_of(world, member)
    assert (row.role, row.role_origin) == ("management", "mission")
    assert row.missions == ("digital_lead", "acting_principal")
    earlier = row_of(world, member, on=date(2026, 8, 27))
    assert (earlier.role, earlier.missions) == ("reader", ("digital_lead",))


def test_the_status_of_another_day(world: World) -> None:
    school = world.school()
    member = world.person(school, activated=datetime(2026, 8, 30, 21, 0, tzinfo=UTC))
    member.suspend(from_at=datetime(2026, 10, 2, 22, 30, tzinfo=UTC))  # 3 October in Brussels
    days = {
        date(2026, 8, 24): None,
        date(2026, 8, 29): "to_invite",
        date(2026, 8, 30): "active",
        date(2026, 10, 2): "active",
        date(2026, 10, 3): "deactivated",
        date(2027, 9, 1): "deactivated",
    }
    for day, status in days.items():
        rows = world.desk().read(team_access.status_rows, school, world.year_id, on=day)
        assert [row.status for row in rows] == ([status] if status else [])
        counted = world.desk().read(team_access.counts, school, world.year_id, day)
        assert counted == {**dict.fromkeys(STATUS_CODES, 0), **({status: 1} if status else {})}


def test_an_access_ends_with_its_year_and_not_with_the_last_day_of_class(world: World) -> None:
    member = world.person(world.school(), activated=BEFORE)
    assert row_of(world, member, on=date(2027, 7, 15)).status == "active"
    ended = row_of(world, member, on=date(2027, 9, 15))
    assert ended.status == "ended"
    assert ended.since == datetime(2027, 8, 29, 22, 0, tzinfo=UTC)


def test_each_status_has_its_time_and_what_blocks_it_its_reason(world: World) -> None:
    school, hour = world.school(), NOW - timedelta(hours=1)
    bounced = world.person(school)
    bounced.invite(mail={"sent_at": BEFORE, "bounced_at": hour, "reply": "550 no such user"})
    refused = world.person(school)
    refused.invite(mail={"refused_at": hour, "reply": "550"})
    expired = world.person(school)
    expired.invite(valid_until=hour, mail={"sent_at": BEFORE})
    uncertain = world.person(school)
    ours = say("The server gave no answer for %(seconds)s seconds.", seconds=60)
    uncertain.invite(mail={"uncertain_at": hour, "reason": ours.to_json()})
    sent = world.person(school)
    sent.invite(mail={"sent_at": hour})
    queued = world.person(school)
    queued.invite()
    held = world.person(school)
    held.invite(mail={"held_at": hour, "reply": "554 5.7.1"})
    withdrawn = world.person(school, consent=False)
    withdrawn.consent("anne@ex.be", withdrawn_at=hour)
    printed = world.person(school, consent=False)
    printed.print_form()
    other = world.person(school, consent=False)
    other.consent("autre@ex.be")
    doubtful = world.person(school)
    world.double(doubtful, world.person(school), found_at=hour)
    suspended = world.person(school)
    suspended.suspend("congé [b]", from_at=hour)
    active = world.person(school, activated=hour)
    cases = {
        "bounced": (bounced, "bounced", hour),
        "refused": (refused, "refused", hour),
        "expired": (expired, "expired", hour),
        "uncertain": (uncertain, "uncertain", hour),
        "sent": (sent, None, hour),
        "queued": (queued, None, BEFORE),
        "held": (held, "held", BEFORE),
        "withdrawn": (withdrawn, "consent_withdrawn", hour),
        "printed": (printed, "consent_printed", BEFORE),
        "other": (other, "consent_other_address", BEFORE),
        "missing": (world.person(school, consent=False), "no_consent", BEFORE),
        "address": (world.person(school, email=None), "no_address", BEFORE),
        "role": (world.person(school, function=""), "no_role", BEFORE),
        "double": (doubtful, "duplicate", hour),
        "suspended": (suspended, "deactivated", hour),
        "active": (active, None, hour),
        "new": (world.person(school), None, BEFORE),
    }
    for name, (member, cause, since) in cases.items():
        row = row_of(world, member)
        finding = findings.why_not(row, NOW)
        assert (finding.cause if finding else None) == cause, name
        assert row.since == since, name
        assert row.reason == (finding.sentence if finding else None)
    states = {n: row_of(world, cases[n][0]).consent for n in ("withdrawn", "printed", "other")}
    assert states == {"withdrawn": "withdrawn", "printed": "printed", "other": "other_address"}
    assert "550 no such user" in findings.why_not(row_of(world, bounced), NOW).evidence[0].value
    # Where no server spoke, our own words are the evidence.
    assert findings.why_not(row_of(world, uncertain), NOW).evidence[0].label == ours


def test_only_consented_addresses_leave_the_house(world: World) -> None:
    school = world.school()
    members = [world.person(school), world.person(school, consent=False)]
    members.append(world.person(school, consent=False))
    members[2].consent("anne@ex.be", withdrawn_at=NOW)
    shown = [access_json(row_of(world, member)) for member in members]
    assert [line["email"] for line in shown] == ["anne@ex.be", "", ""]
    assert [line["status"] for line in shown] == ["to_invite", "no_consent", "no_consent"]
    assert "@" not in repr(shown[1:])
    assert list(shown[0]) == [
        "person", "surname", "first_name", "function", "role", "email", "email_source",
        "consent", "status", "since", "reason",
    ]  # fmt: skip


def test_every_status_has_words_and_a_sign_of_its_own() -> None:
    assert tuple(STATUS_WORDS) == STATUS_CODES
    signs = [words.sign for words in STATUS_WORDS.values()]
    assert len(set(signs)) == len(signs)
    for sign in signs:
        assert len(sign.encode("latin-1")) == 1


def test_what_needs_attention(world: World) -> None:
    school = world.school()
    desk = world.desk(school)
    assert [line.cause for line in desk.read(findings.attention, school, None)] == [
        "nothing_imported",
    ]
    world.person(school, consent=False)
    world.person(school, email="x@gmial.com")
    world.person(school, post={"exit_date": date(2026, 8, 31)})
    world.person(school, post={"exit_date": date(2026, 9, 1)})
    world.person(school, post={"present": False})
    world.person(school, post={"disappeared_at": BEFORE})
    world.person(school).invite(mail={"held_at": NOW})
    lines = {line.cause: line for line in desk.read(findings.attention, school, None)}
    counts = {cause: line.count for cause, line in lines.items()}
    assert counts == {
        "held": 1, "no_consent": 1, "to_invite": 5, "typing_error": 1, "date_passed": 1,
        "absent": 1, "disappeared": 1,
    }  # fmt: skip
    assert lines["typing_error"].text == "@gmial.com"
    assert lines["no_consent"].status == "no_consent"
    assert desk.read(findings.attention, None, None) == list(lines.values())


def test_nothing_needs_attention_where_all_is_well(world: World) -> None:
    school = world.school()
    world.person(school, activated=BEFORE)
    assert world.desk(school).read(findings.attention, school, world.year_id) == []


# --- other schools ------------------------------------------------------------------------


def _attempts(world: World, school: int, member: Member, double_id: int) -> list[Any]:
    """Return everything that could be asked about somebody else's school."""
    year, who = world.year_id, member.person_id
    change = team_changes.TeamChange
    return [
        lambda desk: desk.read(team_access.page, TeamQuery(school, year), 0, 50),
        lambda desk: desk.read(team_access.total, TeamQuery(school, year)),
        lambda desk: desk.read(team_access.position, TeamQuery(school, year), who),
        lambda desk: desk.read(team_access.person_ids, TeamQuery(school, year)),
        lambda desk: desk.read(team_access.counts, school, year),
        lambda desk: desk.read(team_access.status_rows, school, year),
        lambda desk: desk.read(team_access.status_rows, school, year, {who}),
        lambda desk: desk.read(findings.attention, school, year),
        lambda desk: desk.read(person.person_page, who, school, year),
        *[
            lambda desk, c=c: desk.write(team_changes.change_now, school, year, who, c)
            for c in (
                change("give_mission", "digital_lead"),
                change("remove_mission", "acting_principal"),
                change("set_role", "reader"),
                change("deactivate", "r"),
                change("reactivate"),
            )
        ],
        lambda desk: desk.write(doubles.decide_different, double_id),
        lambda desk: desk.write(doubles.plan_merge, double_id, school),
    ]


def test_nothing_of_another_school_is_seen_or_changed(world: World) -> None:
    dice = random.Random(3)
    mine, theirs = world.school("Mienne"), world.school("Autre")
    members = {
        school: [
            world.person(school, dice.choice("AB"), "X", birth_date=date(1990, 1, n + 1))
            for n in range(6)
        ]
        for school in (mine, theirs)
    }
    for member in members[theirs]:
        member.mission("acting_principal", "management")
        member.suspend(until_at=NOW)
    double_id = world.double(*members[theirs][:2])
    before = world.desk().read(team_access.status_rows, theirs, world.year_id)
    desk = world.desk(mine)
    for _turn in range(12):
        member = dice.choice(members[theirs])
        for attempt in _attempts(world, theirs, member, double_id):
            with pytest.raises(TrousseauError):
                attempt(desk)
    assert world.desk().read(team_access.status_rows, theirs, world.year_id) == before
    rows = desk.read(team_access.status_rows, mine, world.year_id)
    assert {row.person_id for row in rows} == {m.person_id for m in members[mine]}
    assert desk.read(doubles.open_pairs) == []
    # A school of one's own with somebody else's person finds nobody.
    with pytest.raises(NotFound):
        desk.read(person.person_page, members[theirs][0].person_id, mine, world.year_id)
    every = desk.read(findings.attention, None, None)
    assert {line.cause: line.count for line in every} == {"to_invite": 6}


def test_somebody_in_two_schools_is_seen_in_each_as_far_as_it_goes(world: World) -> None:
    mine, theirs = world.school("Mienne"), world.school("Autre")
    member = world.person(mine, activated=BEFORE)
    there = world.member(member.person_id, theirs, function="educator")
    there.mission("digital_lead")
    there.consent("anne@ex.be")
    page = world.desk(mine).read(person.person_page, member.person_id, mine, world.year_id)
    assert [post.school for post in page.posts] == ["Mienne"]
    assert len(page.accesses) == len(page.consents) == 1
    assert page.missions == ()
    whole = world.desk().read(person.person_page, member.person_id, theirs, world.year_id)
    assert sorted(post.school for post in whole.posts) == ["Autre", "Mienne"]
    assert whole.access is not None and whole.access.missions == ("digital_lead",)
    assert row_of(world, member).missions == ()
