"""Lists of school holidays: what is read, what is refused in words, what a plan makes of them."""

from datetime import date

import pytest
from sqlalchemy import Engine

from models.database import Actor, OutOfScope
from services import plans, school_holidays, school_years, workshop_form
from services.desk import Desk
from services.holiday_files import UNTOLD, read_holidays
from tests.worlds import World, make_world

_TABLE = (
    "Congés scolaires 2026-2027\nCongé;Du;Au\nToussaint;19/10/2026;01/11/2026\nPont;3/5/2027;\n"
)
_CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\n"
    "BEGIN:VEVENT\r\nUID:noel\r\nSUMMARY:Vacances d’hiver\r\nDTSTART;VALUE=DATE:20261221\r\n"
    "DTEND;VALUE=DATE:20270104\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:pont\r\nSUMMARY:Pont\r\nDTSTART;VALUE=DATE:20270503\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:mercredis\r\nSUMMARY:Mercredi\r\nDTSTART;VALUE=DATE:20260902\r\n"
    "RRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:soir\r\nSUMMARY:Fancy fair\r\nDTSTART:20270508T140000Z\r\n"
    "DTEND:20270509T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return make_world(sqlite_engine)


def office(world: World, role: str = "helpdesk") -> Desk:
    return Desk(world.engine, Actor(role, role, None), world.clock)


def calendar_of(world: World) -> int:
    return office(world).read(school_years.of_school, world.mine)[0].calendar_id


def planned(world: World, text: str) -> int:
    desk = office(world)
    return desk.write(school_holidays.plan_holidays, text.encode(), calendar_of(world))


def known(world: World) -> list[tuple[date, date, str]]:
    found = office(world).read(school_holidays.of_calendar, calendar_of(world))
    return [(row.first_day, row.last_day, row.name) for row in found]


def test_a_table_of_ones_own_is_read() -> None:
    found = read_holidays(_TABLE.encode("cp1252"))
    assert [(row.first_day, row.last_day, row.names) for row in found.rows] == [
        (date(2026, 10, 19), date(2026, 11, 1), {UNTOLD: "Toussaint"}),
        (date(2027, 5, 3), date(2027, 5, 3), {UNTOLD: "Pont"}),
    ]
    assert [notice.level for notice in found.notices if notice.level != "information"] == []


def test_a_calendar_file_is_read() -> None:
    found = read_holidays(_CALENDAR.encode())
    assert [(row.key, row.first_day, row.last_day) for row in found.rows] == [
        ("noel", date(2026, 12, 21), date(2027, 1, 3)),
        ("pont", date(2027, 5, 3), date(2027, 5, 3)),
        ("soir", date(2027, 5, 8), date(2027, 5, 8)),
    ]
    assert [(notice.level, notice.hard) for notice in found.notices] == [("error", False)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 400,
        b"%PDF-1.7 conges",
        b"PK\x03\x04 broken",
        b"<html><body>Vacances</body></html>",
        b"Nom;Classe\nx;y\n",
        "Congé;Du;Au\n".encode(),
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\n" + b"\xff\xfe\x1b[31m" * 40,
        b"a;b\n" * 6_000,
        b"BEGIN:VCALENDAR\r\n" + b"x" * (2 * 2**20),
    ],
)
def test_what_is_no_list_is_told_in_words(content: bytes) -> None:
    found = read_holidays(content)
    assert not found.rows
    assert [notice for notice in found.notices if notice.hard and notice.text.text()]


@pytest.mark.parametrize(
    "row",
    [
        "Noël;31/02/2027;01/03/2027", "Noël;bientôt;", "Noël;05/05/2027;01/05/2027",
        "Noël;01/01/0001;01/01/0001", "Noël;01/09/2026;30/06/2027", ";03/05/2027;",
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_refused_alone(row: str) -> None:
    found = read_holidays(f"Congé;Du;Au\n{row}\nPont;03/05/2027;\n".encode())
    assert [each.line for each in found.rows] == [3]
    assert [(notice.level, notice.line) for notice in found.notices] == [("error", 2)]


def test_no_sign_of_a_name_reaches_the_terminal() -> None:
    (row,) = read_holidays("Nom;Du\n\x1b[31mNoël\u202e;03/05/2027\n".encode()).rows
    assert "\x1b" not in row.names[UNTOLD] and "\u202e" not in row.names[UNTOLD]


def test_a_list_is_taken_over_corrected_and_taken_back(world: World) -> None:
    first = planned(world, _TABLE)
    desk = office(world)
    desk.write(plans.apply, first)
    assert [row[1:] for row in known(world)] == [
        (date(2026, 11, 1), "Toussaint"), (date(2027, 5, 3), "Pont"),
    ]  # fmt: skip
    assert [row.action for row in desk.read(plans.rows, planned(world, _TABLE), 0, 9)] == ["told"]
    second = planned(world, _TABLE.replace("01/11/2026", "02/11/2026"))
    desk.write(plans.apply, second)
    assert known(world)[0] == (date(2026, 10, 19), date(2026, 11, 2), "Toussaint")
    desk.write(plans.undo, second)
    assert known(world)[0][1] == date(2026, 11, 1)
    desk.write(plans.undo, first)
    assert known(world) == []


def test_the_same_days_from_another_list_are_no_second_holidays(world: World) -> None:
    office(world).write(plans.apply, planned(world, _TABLE))
    rows = office(world).read(plans.rows, planned(world, _CALENDAR), 0, 9)
    assert [row.label for row in rows if row.action == "add"] == ["Vacances d’hiver", "Fancy fair"]


def test_a_summer_that_was_read_in_is_told_once(world: World) -> None:
    summer = "Congé;Du;Au\nGrandes vacances;03/07/2027;29/08/2027\n"
    desk = office(world)
    desk.write(plans.apply, planned(world, summer))
    told = desk.read(school_holidays.of_year, world.year)
    assert [row.name for row in told] == ["Grandes vacances"]
    breaks = office(world).read(workshop_form.place, world.mine).breaks
    day = date(2027, 7, 20)
    assert [each.name for each in breaks if each.first_day <= day <= each.last_day] == [
        "Grandes vacances"
    ]


def test_of_several_groups_one_must_be_named(world: World) -> None:
    several = "Id;StartDate;Name;Groups\na;2027-02-01;NL Krokus;NL\nb;2027-02-22;FR Congé;FR\n"
    with pytest.raises(school_holidays.SeveralGroups) as caught:
        planned(world, several)
    assert caught.value.groups == ("FR", "NL")
    plan = office(world).write(
        school_holidays.plan_holidays, several.encode(), calendar_of(world), group="fr"
    )
    assert [row.label for row in office(world).read(plans.rows, plan, 0, 9)] == ["Congé"]


@pytest.mark.parametrize("role", ["director", "coordinator", "head"])
def test_only_whoever_may_correct_the_years_reads_holidays_in(world: World, role: str) -> None:
    assert not school_holidays.may_import(role)
    desk = Desk(world.engine, Actor(role, role, frozenset({world.mine})), world.clock)
    with pytest.raises(OutOfScope):
        desk.write(school_holidays.plan_holidays, _TABLE.encode(), calendar_of(world))
    assert [row.names for row in desk.read(school_holidays.of_year, world.year)] == [{}]
