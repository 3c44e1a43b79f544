"""The queue by risk, what is typed to search it, the calendar; and holidays read in."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.database import OutOfScope
from services import plans, school_holidays, workshop_form, workshop_page, workshop_queue, workshops
from services.workshop_queue import WorkshopQuery
from tests.services.workshop_world import Ateliers, make_ateliers

SHARED = Path(__file__).parents[3] / "shared" / "data" / "calendar" / "holidays.school.fr.csv"


@pytest.fixture
def ateliers(sqlite_engine: Engine) -> Ateliers:
    return make_ateliers(sqlite_engine)


def found(ateliers: Ateliers, office: bool = True, **query: object) -> list[int]:
    desk = ateliers.office if office else ateliers.coordinator
    wanted = WorkshopQuery(**query)  # type: ignore[arg-type]
    page = desk.read(workshop_queue.page, wanted, 0, 50)
    assert page.total == len(page.rows) == desk.read(workshop_queue.total, wanted)
    return [row.id for row in page.rows]


def test_what_is_late_or_near_stands_first(engine: Engine) -> None:
    ateliers = make_ateliers(engine)
    far, near = ateliers.ask(first_day="01/06/2027"), ateliers.accepted(first_day="18/01/2027")
    late = ateliers.ask(first_day="10/12/2026")
    refused = ateliers.ask(first_day="02/06/2027")
    ateliers.office.write(workshops.refuse, refused, "complet")
    assert found(ateliers) == [late, far, near, refused]
    assert found(ateliers, descending=True) == [near, far, late, refused]
    assert found(ateliers, sort="date") == [late, near, far, refused]
    assert found(ateliers, sort="newest") == [refused, late, near, far]
    ateliers.at("2026-11-23T08:00Z")
    rows = ateliers.office.read(workshop_queue.page, WorkshopQuery(), 0, 2).rows
    assert [(row.risk, row.days_left, row.late) for row in rows] == [
        ("overdue", -1, True),
        ("", 13, False),
    ]
    assert rows[0].next_step and rows[0].next_step.text("fr") == "Réponse à donner"
    assert rows[0].school == "Institut Saint-Exemple"


def test_what_is_typed_and_chosen_narrows_it(ateliers: Ateliers) -> None:
    one = ateliers.ask(title="Évaluer au PP")
    two = ateliers.accepted(title="Mathématiques 100%_", contact_name="Marc Dubois")
    assert found(ateliers, text="evaluer") == [one]
    assert found(ateliers, text="saint-exemple 9901 dubois") == [two]
    assert found(ateliers, text="%") == found(ateliers, text="") == [one, two]
    reference = ateliers.office.read(workshop_page.page, two).reference
    assert found(ateliers, text=reference.lower()) == [two]
    assert found(ateliers, status="accepted") == [two]
    assert found(ateliers, status="open") == found(ateliers, status="waiting") == [one, two]
    assert found(ateliers, status="held") == []
    ateliers.at("2027-03-20T08:00Z")
    assert found(ateliers, status="held") == [two]
    assert found(ateliers, school_id=ateliers.world.other) == []
    counts = ateliers.office.read(workshop_queue.counts)
    assert (counts["submitted"], counts["held"], counts["refused"]) == (1, 1, 0)


def test_each_sees_its_own(ateliers: Ateliers) -> None:
    mine = ateliers.accepted(further_schools="9902")
    ateliers.ask()
    assert len(found(ateliers, office=False)) == 2
    shared = ateliers.neighbour.read(workshop_queue.page, WorkshopQuery(), 0, 50).rows
    assert [(row.id, row.school) for row in shared] == [(mine, "")]
    assert ateliers.neighbour.read(workshop_queue.counts)["accepted"] == 1


def test_a_calendar_has_each_day_of_what_is_open(ateliers: Ateliers) -> None:
    ateliers.accepted()
    asked = ateliers.ask(first_day="13/04/2027")
    gone = ateliers.ask(first_day="14/04/2027")
    ateliers.coordinator.write(workshops.cancel, gone)

    def entries(first: date, last: date) -> list[tuple[int, str]]:
        found = ateliers.coordinator.read(workshop_queue.calendar, first, last)
        return [(each.day.day, each.code) for each in found]

    assert entries(date(2027, 3, 1), date(2027, 3, 31)) == [
        (1, "registration"),
        (15, "first_day"),
        (16, "second_day"),
        (23, "attendance"),
        (30, "invoice"),
        (30, "registration"),
    ]
    # The second day lies in a month that the first does not.
    assert entries(date(2027, 4, 14), date(2027, 4, 30)) == [(14, "second_day")]
    december = ateliers.office.read(workshop_queue.calendar, date(2026, 12, 1), date(2026, 12, 31))
    assert [(each.day.day, each.code, each.workshop_id) for each in december] == [
        (6, "answer", asked)
    ]


# --- school holidays ----------------------------------------------------------------------

_LIST = (
    "\ufeffId;Country;StartDate;EndDate;Type;RegionalScope;Name;Groups\n"
    "a1;BE;2026-12-21;2027-01-03;School;Regional;FR Vacances d'hiver (Noël),EN Winter Holidays;FR\n"
    "a2;BE;2027-03-15;;School;Regional;FR Congé, local,EN Day off;FR\n"
    "a3;BE;2027-02-01;2027-02-05;School;Regional;NL Krokusvakantie;NL\n"
    "a4;BE;2027-05-05;2027-05-01;School;Regional;FR À rebours;FR\n"
)


def calendar_of(ateliers: Ateliers) -> int:
    from services.school_years import of_school

    return ateliers.office.read(of_school, ateliers.world.mine)[0].calendar_id


def read_in(ateliers: Ateliers, content: bytes) -> list[tuple[str, str]]:
    office, calendar = ateliers.office, calendar_of(ateliers)
    plan = office.write(school_holidays.plan_holidays, content, calendar, group="FR")
    told = [(row.level, row.action) for row in office.read(plans.rows, plan, 0, 60)]
    if office.read(plans.show, plan).state == "open":
        office.write(plans.apply, plan)
    return told


def test_a_list_of_holidays_is_read_into_a_calendar(engine: Engine) -> None:
    ateliers = make_ateliers(engine)
    assert read_in(ateliers, _LIST.encode()) == [
        ("information", "add"), ("information", "add"), ("error", "told"),
    ]  # fmt: skip
    rows = ateliers.office.read(school_holidays.of_calendar, calendar_of(ateliers))
    assert [(row.first_day, row.last_day, row.names["fr"]) for row in rows] == [
        (date(2026, 12, 21), date(2027, 1, 3), "Vacances d'hiver (Noël)"),
        (date(2027, 3, 15), date(2027, 3, 15), "Congé, local"),
    ]
    later = _LIST.replace("2027-01-03", "2027-01-04")
    assert read_in(ateliers, later.encode())[0] == ("information", "change")
    place = ateliers.coordinator.read(workshop_form.place, ateliers.world.mine)
    assert place.breaks[0].last_day == date(2027, 1, 4)


@pytest.mark.parametrize("content", [b"", b"a;b\n1;2\n", b"Id;StartDate;Name\n"])
def test_what_is_no_list_of_holidays_changes_nothing(ateliers: Ateliers, content: bytes) -> None:
    assert {level for level, _action in read_in(ateliers, content)} == {"error"}
    assert ateliers.office.read(school_holidays.of_calendar, calendar_of(ateliers)) == []


def test_holidays_are_the_helpdesks(ateliers: Ateliers) -> None:
    with pytest.raises(OutOfScope):
        ateliers.coordinator.write(
            school_holidays.plan_holidays, _LIST.encode(), calendar_of(ateliers)
        )


def test_the_published_list_is_read(ateliers: Ateliers) -> None:
    if not SHARED.exists():
        pytest.skip("the published list is not beside the project")
    told = read_in(ateliers, SHARED.read_bytes())
    assert set(told) == {("information", "add")} and len(told) == 45
    place = ateliers.coordinator.read(workshop_form.place, ateliers.world.mine)
    autumn = [each for each in place.breaks if each.first_day == date(2026, 10, 19)]
    assert [each.last_day for each in autumn] == [date(2026, 11, 1)]
