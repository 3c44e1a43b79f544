"""Lists of pupils and guardians: read by their headers, planned, applied, undone."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select
from sqlmodel import col

from models.access import Access, Service, Suspension
from models.database import SYSTEM, Actor, OutOfScope, writing
from models.families import CORRECTED, Guardianship, Pupil
from models.language import use_language
from models.people import Person, PersonKey, SuspectedDouble
from services import importing, plans
from services.desk import Desk
from services.imports.families import read_families
from services.imports.family_columns import proposed_columns
from services.imports.oneroster import read_oneroster
from services.imports.planning import plan_roster
from services.imports.staff import read_staff
from tests.worlds import World

HEADER = (
    "Nom élève;Prénom élève;Date de naissance;Classe;Identifiant élève;"
    "Nom responsable;Prénom responsable;E-mail;Lien de parenté;Langue\n"
)
LEA = "Dupont;Léa;03/04/2015;3A;e1;"
TOM = "Dupont;Tom;13/09/2017;1B;e2;"
ANNE = "Martin;Anne;anne@famille.example;mère;fr\n"
JEAN = "Dupont;Jean;jean@famille.example;père;en\n"


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


def load(
    world: World, rows: str, *, desk: Desk | None = None, number: str = "", **request: Any
) -> tuple[int, dict[str, Any]]:
    """Import rows of a list of families, and return the plan's id and what it tells."""
    desk = desk or world.director()
    roster = read_families((HEADER + rows).encode())
    asked = desk.read(
        importing.request_for, "families", school_id=request.pop("school", world.mine), **request
    )
    plan = desk.write(lambda s: plans.store(s, plan_roster(s, roster, asked)))
    result = desk.read(importing.import_result, plan)
    desk.write(plans.apply, plan, result["confirm_number"])
    return plan, result


def texts(result: dict[str, Any], part: str) -> list[str]:
    return [m["text"] for m in result["messages"] if part in m["text"]]


def all_of(world: World, table: Any, *conditions: Any) -> list[Any]:
    def read(session: Any) -> list[Any]:
        return list(session.scalars(select(table).where(*conditions).order_by(table.id)))

    return world.desk.read(read)


def guardians(world: World) -> dict[str, Person]:
    people = {one.person_id for one in all_of(world, Guardianship)}
    return {p.first_name: p for p in all_of(world, Person, col(Person.id).in_(people))}


def accesses(world: World) -> list[Access]:
    wanted = select(col(Service.id)).where(col(Service.code) == "it_school").scalar_subquery()
    return all_of(world, Access, col(Access.service_id) == wanted)


def suspensions(world: World) -> list[tuple[int, bool]]:
    return [(s.access_id, s.until_at is None) for s in all_of(world, Suspension)]


# --- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (
            "Nom;Prénom;Né(e) le;Classe;Nom père;Prénom père;Email père;Nom mère",
            "pupil: surname first_name birth_date group; 1: surname first_name email; 2: surname",
        ),
        (
            "Nom de l'élève;Prénom de l'élève;Matricule;Nom;Prénom;Courriel;Lien avec l'élève",
            "pupil: surname first_name key; 1: surname first_name email relation",
        ),
        (
            "Student last name;Student first name;Class;Guardian last name;Guardian email",
            "pupil: surname first_name group; 1: surname email",
        ),
        (
            "Élève;Classe;N° FASE;Responsable légal 1;Mail resp. 1;Parent 2;Parent 2 e-mail",
            "pupil: full_name group school; 1: full_name email; 2: full_name email",
        ),
    ],
)  # fmt: skip
def test_columns_are_recognised_by_their_headers(header: str, fields: str) -> None:
    columns = header.split(";")
    expected = [
        f"{who.strip()}_{name}" if who.strip() == "pupil" else f"guardian{who.strip()}_{name}"
        for part in fields.split(";")
        for who, names in [part.split(":")]
        for name in names.split()
    ]
    proposed = proposed_columns(columns)
    assert list(proposed) == expected
    assert sorted(proposed.values()) == list(range(len(columns)))


def test_national_numbers_and_telephones_are_not_read() -> None:
    columns = ["Nom élève", "Prénom élève", "Registre national", "Téléphone responsable 1"]
    assert list(proposed_columns(columns).values()) == [0, 1]


def test_a_row_with_two_guardians_names_both_and_a_blank_one_nobody() -> None:
    header = "Nom;Prénom;Classe;Nom père;Prénom père;Email père;Nom mère;Prénom mère;Email mère\n"
    rows = (
        "Dupont;Léa;3A;Dupont;Jean;j@x.example;Martin;Anne;a@x.example\n"
        'Dupont;Tom;1B;;;;Martin;Anne;"a@x.example, b@x.example"\n'
        "Noël;Zoé;1B;;;orphelin@x.example;;;\n"
    )
    roster = read_families((header + rows).encode("cp1252"))
    assert [(g.guardian, g.pupil) for g in roster.guardianships] == [(0, 0), (1, 0), (2, 1)]
    assert roster.guardians[2].personal_email == "a@x.example"
    told = [notice.text.text() for notice in roster.notices]
    assert any("several addresses" in text for text in told)
    assert any("without a name" in text for text in told)


def test_a_list_without_guardians_is_refused() -> None:
    roster = read_families(b"Nom;Pr\xc3\xa9nom;Classe\nDupont;L\xc3\xa9a;3A\n")
    assert roster.refused


def test_the_format_is_recognised_by_its_header() -> None:
    assert importing.recognise((HEADER + LEA + ANNE).encode()) == "families"
    assert importing.recognise("Nom;Prénom;Fonction\nDurand;Luc;Directeur\n".encode()) == "staff"


def test_a_workbook_of_families_is_recognised_and_a_title_may_stand_above() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Liste des élèves et de leurs responsables, 2026-2027"])
    sheet.append(HEADER.strip().split(";"))
    sheet.append((LEA + ANNE).strip().split(";"))
    content = io.BytesIO()
    book.save(content)
    assert importing.recognise(content.getvalue()) == "families"
    roster = read_families(content.getvalue())
    assert [(p.first_name, p.birth_date) for p in roster.pupils] == [("Léa", date(2015, 4, 3))]
    assert roster.guardians[0].personal_email == "anne@famille.example"


def test_columns_may_be_chosen_by_name() -> None:
    rows = "A;B;C;D;E\nDupont;Léa;Martin;Anne;anne@x.example\n".encode()
    assert read_families(rows).refused
    names = ("pupil_surname", "pupil_first_name", "guardian1_surname", "guardian1_first_name")
    choice = {**dict(zip(names, "ABCD", strict=True)), "guardian1_email": "E"}
    roster = read_families(rows, mapping=choice)
    assert roster.guardians[0].personal_email == "anne@x.example"


# --- planning -----------------------------------------------------------------------------


def test_pupils_and_guardians_come_in_with_an_access_each(world: World) -> None:
    _plan, result = load(world, LEA + ANNE + LEA + JEAN + TOM + ANNE)
    created = result["created"]
    assert (created["pupils"], created["people"]) == (2, 2)
    assert (created["guardianships"], created["accesses"]) == (3, 2)
    pupils = all_of(world, Pupil)
    assert [(p.first_name, p.group, p.key) for p in pupils] == [
        ("Léa", "3A", "e1"),
        ("Tom", "1B", "e2"),
    ]
    assert pupils[0].birth_date == date(2015, 4, 3)
    anne = guardians(world)["Anne"]
    assert (anne.personal_email, anne.personal_email_field) == ("anne@famille.example", "E-mail")
    assert guardians(world)["Jean"].language == "en"
    assert all(a.post_id is None and a.school_id == world.mine for a in accesses(world))
    assert "martinanne" in accesses(world)[0].search_key.replace(" ", "")


def test_the_same_list_again_changes_nothing(world: World) -> None:
    load(world, LEA + ANNE + LEA + JEAN + TOM + ANNE)
    _plan, result = load(world, LEA + ANNE + LEA + JEAN + TOM + ANNE)
    assert not any(result["created"].values()) and not any(result["changed"].values())
    assert [m for m in result["messages"] if m["level"] != "information"] == []


def test_a_corrected_spelling_class_and_address_are_told_before_and_after(world: World) -> None:
    load(world, LEA + ANNE)
    changed = LEA.replace("3A", "3C") + ANNE.replace("anne@", "anne.martin@")
    _plan, result = load(world, changed)
    assert texts(result, "class: 3A → 3C")
    assert texts(result, "anne@famille.example → anne.martin@famille.example")
    assert guardians(world)["Anne"].personal_email == "anne.martin@famille.example"
    assert len(accesses(world)) == 1


def test_pupils_without_identifier_are_found_again(world: World) -> None:
    bare = LEA.replace("e1", "") + ANNE + TOM.replace("e2", "").replace("13/09/2017", "") + ANNE
    load(world, bare)
    _plan, result = load(world, bare.replace("1B", "2B"))
    assert not any(result["created"].values())
    assert [p.group for p in all_of(world, Pupil)] == ["3A", "2B"]


def test_a_guardian_without_address_is_one_person_for_brother_and_sister(world: World) -> None:
    nobody = "Martin;Anne;;mère;\n"
    load(world, LEA + nobody + TOM + nobody)
    assert list(guardians(world)) == ["Anne"]
    load(world, LEA + nobody + TOM + nobody)
    assert len(all_of(world, Guardianship)) == 2


def test_a_shared_mailbox_is_never_merged_and_both_are_told(world: World) -> None:
    shared = "famille@famille.example"
    anne, jean = (
        ANNE.replace("anne@famille.example", shared),
        JEAN.replace("jean@famille.example", shared),
    )
    _plan, result = load(world, LEA + anne + LEA + jean)
    assert set(guardians(world)) == {"Anne", "Jean"}
    told = texts(result, "Shares an e-mail address")
    assert len(told) == 2 and "Dupont Jean" in told[0] and "Martin Anne" in told[1]
    assert all_of(world, SuspectedDouble) == []
    assert not texts(load(world, LEA + anne + LEA + jean)[1], "Shares")


def test_a_teacher_with_the_same_name_and_address_is_the_same_person(world: World) -> None:
    teacher = world.person(surname="Martin", first_name="Anne", email="anne@famille.example")
    _plan, result = load(world, LEA + ANNE)
    assert guardians(world)["Anne"].id == teacher.person
    assert texts(result, "Known already as staff")
    assert result["created"]["people"] == 0


def test_a_teacher_of_the_same_name_alone_is_somebody_else(world: World) -> None:
    teacher = world.person(surname="Martin", first_name="Anne", email="a.martin@ecole.example")
    load(world, LEA + ANNE)
    assert guardians(world)["Anne"].id != teacher.person
    assert all_of(world, SuspectedDouble) == []


def test_a_staff_list_suspects_no_guardian_by_the_name_alone(world: World) -> None:
    load(world, LEA + ANNE)
    for address, suspected in (("a.martin@ecole.example", 0), ("anne@famille.example", 1)):
        rows = f"Nom;Prénom;E-mail privé;Fonction\nMartin;Anne;{address};Enseignante\n"
        desk = world.director()
        asked = desk.read(importing.request_for, "staff", source=f"liste {address}")
        roster = read_staff(rows.encode())
        plan = desk.write(lambda s, r=roster, a=asked: plans.store(s, plan_roster(s, r, a)))
        desk.write(plans.apply, plan)
        assert len(all_of(world, SuspectedDouble)) >= suspected
        assert suspected or not all_of(world, SuspectedDouble)


def test_one_guardian_with_children_in_two_schools_is_one_person(world: World) -> None:
    load(world, LEA + ANNE)
    other = world.director(world.other)
    _plan, result = load(world, TOM + ANNE, desk=other, school=world.other)
    assert result["created"]["people"] == 0
    assert {a.school_id for a in accesses(world)} == {world.mine, world.other}
    assert len({a.person_id for a in accesses(world)}) == 1


def test_another_school_learns_and_changes_nothing_of_a_guardian_known_elsewhere(
    world: World,
) -> None:
    load(world, LEA + ANNE)
    other = world.director(world.other)
    _plan, result = load(world, TOM + ANNE.replace(";fr", ";nl"), desk=other, school=world.other)
    assert guardians(world)["Anne"].language == "fr"
    assert texts(result, "Known already in another school")


def test_who_is_missing_disappears_and_the_last_child_ends_the_access(world: World) -> None:
    load(world, LEA + ANNE + TOM + ANNE)
    _plan, result = load(world, LEA + ANNE)
    assert result["disappeared"]["pupils"] == 1
    assert suspensions(world) == []
    world.clock.now = world.clock.now.replace(day=2)
    nobody = "Autre;Ada;01/01/2016;2A;e9;Autre;Paul;paul@x.example;;\n"
    _plan, result = load(world, nobody)
    assert texts(result, "Martin Anne has no child left here")
    (access,) = [a for a in accesses(world) if a.person_id == guardians(world)["Anne"].id]
    assert suspensions(world) == [(access.id, True)]
    _plan, result = load(world, nobody + LEA + ANNE)
    assert texts(result, "access reactivated")
    assert suspensions(world) == [(access.id, False)]
    assert len(accesses(world)) == 2


def test_leaving_a_family_out_keeps_child_and_access(world: World) -> None:
    load(world, LEA + ANNE + TOM + ANNE)
    desk = world.director()
    roster = read_families((HEADER + "Autre;Ada;;2A;e9;Autre;Paul;;;\n").encode())
    asked = desk.read(importing.request_for, "families", school_id=world.mine)
    plan = desk.write(lambda s: plans.store(s, plan_roster(s, roster, asked)))
    gone = [row for row in desk.read(plans.rows, plan, 0, 50) if row.action == "disappeared"]
    assert [row.label for row in gone] == ["Dupont Léa, Dupont Tom"]
    desk.write(plans.leave_out, plan, gone[0].position, True)
    desk.write(plans.apply, plan, desk.read(plans.show, plan).confirm_number)
    assert suspensions(world) == []
    assert all(p.disappeared_at is None for p in all_of(world, Pupil))


def test_a_guardian_no_longer_named_for_a_child_answers_for_it_no_more(world: World) -> None:
    load(world, LEA + ANNE + LEA + JEAN)
    _plan, result = load(world, LEA + ANNE)
    assert texts(result, "Dupont Jean is no longer named as a guardian")
    (over,) = [g for g in all_of(world, Guardianship) if g.ended_at is not None]
    assert over.person_id == guardians(world)["Jean"].id
    assert [still for _access, still in suspensions(world)] == [True]
    load(world, LEA + ANNE + LEA + JEAN)
    assert len([g for g in all_of(world, Guardianship) if g.ended_at is None]) == 2
    assert [still for _access, still in suspensions(world)] == [False]


def test_a_mass_disappearance_asks_for_the_schools_number(world: World) -> None:
    rows = "".join(f"Élève{n};Lou;;3A;e{n};Parent{n};Sam;p{n}@x.example;;\n" for n in range(8))
    load(world, rows)
    desk = world.director()
    roster = read_families((HEADER + LEA + ANNE).encode())
    asked = desk.read(importing.request_for, "families", school_id=world.mine)
    plan = desk.write(lambda s: plans.store(s, plan_roster(s, roster, asked)))
    assert desk.read(plans.show, plan).confirm_number
    with pytest.raises(plans.PlanRefused):
        desk.write(plans.apply, plan)


def test_an_import_is_undone_whole(world: World) -> None:
    plan, _result = load(world, LEA + ANNE + LEA + JEAN)
    world.director().write(plans.undo, plan)
    assert all_of(world, Pupil) == [] and accesses(world) == [] and guardians(world) == {}


def test_an_address_corrected_by_hand_stays_until_the_source_has_it(world: World) -> None:
    load(world, LEA + ANNE)
    person = guardians(world)["Anne"].id
    with writing(world.engine, SYSTEM, world.clock()) as session:
        anne = session.get_one(Person, person)
        anne.personal_email = anne.personal_email_key = "anne@neuf.example"
        anne.personal_email_field = CORRECTED
    _plan, result = load(world, LEA + ANNE)
    assert texts(result, "corrected by hand is kept")
    assert guardians(world)["Anne"].personal_email == "anne@neuf.example"
    load(world, LEA + ANNE.replace("famille", "neuf"))
    assert guardians(world)["Anne"].personal_email_field == "E-mail"


def test_an_identifier_that_names_somebody_else_is_refused(world: World) -> None:
    header = HEADER.replace("Langue", "Identifiant responsable")
    first = LEA + ANNE.replace(";fr", ";g1")
    desk = world.director()

    def read(rows: str) -> dict[str, Any]:
        asked = desk.read(importing.request_for, "families", school_id=world.mine)
        roster = read_families((header + rows).encode())
        plan = desk.write(lambda s: plans.store(s, plan_roster(s, roster, asked)))
        result = desk.read(importing.import_result, plan)
        desk.write(plans.apply, plan, result["confirm_number"])
        return result

    read(first)
    assert [k.key for k in all_of(world, PersonKey)] == ["g1"]
    assert texts(read(LEA + JEAN.replace(";en", ";g1")), "names somebody else until now")
    both = LEA + ANNE.replace(";fr", ";g2") + TOM + JEAN.replace(";en", ";g2")
    assert texts(read(both), "names somebody else in this file")


def test_a_director_cannot_import_families_of_another_school(world: World) -> None:
    roster = read_families((HEADER + LEA + ANNE).encode())
    mine = world.director()
    asked = world.desk.read(importing.request_for, "families", school_id=world.other)
    draft = mine.read(plan_roster, roster, asked)
    assert draft.refused


def test_a_parent_may_not_apply_an_import(world: World) -> None:
    parent = Actor("parent", "parent", frozenset({world.mine}), person_id=1)
    roster = read_families((HEADER + LEA + ANNE).encode())
    asked = world.desk.read(importing.request_for, "families", school_id=world.mine)
    desk = Desk(world.engine, parent, world.clock)
    with pytest.raises(OutOfScope):
        desk.write(lambda s: plans.store(s, plan_roster(s, roster, asked)))


# --- OneRoster ----------------------------------------------------------------------------

USERS = """sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,\
givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password
t1,,,true,s1,teacher,x,,Anne,Martin,,1,anne@famille.example,,,,,
g1,,,true,s1,parent,x,,Anne,Martin,,2,anne@famille.example,,,"p1,p2",,
g2,,,true,s1,guardian,x,,Jean,Dupont,,3,jean@famille.example,,,p1,,
p1,,,true,s1,student,x,,Léa,Dupont,,4,lea@ecole.example,,,"g1,g2",3,Secret-9
p2,,,true,s1,student,x,,Tom,Dupont,,5,,,,g1,1,
p3,,,true,s1,student,x,,Seul,Dupont,,6,,,,,1,
"""


def roster_set(tmp_path: Path, users: str, mode: str = "bulk") -> Path:
    files = {
        "manifest.csv": "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n"
        f"file.orgs,bulk\nfile.users,{mode}\n",
        "orgs.csv": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
        "s1,,,École du Canal,school,,\n",
        "users.csv": users,
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def load_set(world: World, folder: Path) -> dict[str, Any]:
    desk = world.desk
    roster = read_oneroster(folder)
    asked = desk.read(importing.request_for, "oneroster")
    plan = desk.write(lambda s: plans.store(s, plan_roster(s, roster, asked)))
    result = desk.read(importing.import_result, plan)
    desk.write(plans.apply, plan, result["confirm_number"])
    return result


def test_a_set_brings_teachers_and_families_and_knows_who_is_both(
    world: World, tmp_path: Path
) -> None:
    result = load_set(world, roster_set(tmp_path, USERS))
    assert (result["created"]["people"], result["created"]["pupils"]) == (2, 2)
    anne = guardians(world)["Anne"]
    assert {k.key for k in all_of(world, PersonKey) if k.person_id == anne.id} == {"t1", "g1"}
    assert anne.personal_email == "anne@famille.example"
    assert len([a for a in all_of(world, Access) if a.person_id == anne.id]) == 2
    again = load_set(world, tmp_path)
    assert not any(again["created"].values()) and not any(again["changed"].values())


def test_a_delta_changes_only_what_it_names(world: World, tmp_path: Path) -> None:
    load_set(world, roster_set(tmp_path, USERS))
    head, *rows = USERS.splitlines(keepends=True)
    gone = [row.replace(",,,true", ",tobedeleted,,true", 1) for row in rows if row[:2] == "p1"]
    moved = [row.replace("g1,1,", "g1,2,") for row in rows if row[:2] == "p2"]
    result = load_set(world, roster_set(tmp_path, head + "".join(gone + moved), "delta"))
    assert result["disappeared"]["pupils"] == 1
    assert [p.group for p in all_of(world, Pupil)] == ["3", "2"]
    (jeans,) = [a for a in accesses(world) if a.person_id == guardians(world)["Jean"].id]
    assert suspensions(world) == [(jeans.id, True)]
