"""OneRoster 1.1 and 1.2, bulk and delta, and School Data Sync 2.1."""

import io
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from services.imports.oneroster import read_oneroster
from services.imports.roster import Roster
from services.imports.sds import read_sds

SHARED = Path(__file__).parents[3].parent / "shared/data"
needs_data = pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not here")

MANIFEST = "propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n{files}"
BULK = "file.orgs,bulk\nfile.users,bulk\n"
DELTA = "file.orgs,absent\nfile.users,delta\nfile.roles,delta\n"
ORGS = """sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
d,,,Ville de Nulle-Part,district,1136,
s1,,,École A,school,6,d
s2,,,École B,school,7,l
l,,,Section locale,local,x,d
dep,,,Sciences,department,,s1
empty,,,Sans personne,department,,s1
"""
USERS = """sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,\
givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password
u1,,,true,"s1,s2",teacher,x,,Zoé,Dupont,,1,z@example.be,,,,,Secret-9
u2,,,true,d,administrator,x,,Luc,Durand,,2,luc@@example.be,,,,,Secret-9
u3,,,false,dep,aide,x,,Ann,Bee,,3,,,,,,
p1,,,true,s1,student,x,,Kid,Small,,4,k@example.be,,,g1,,
g1,,,true,s1,guardian,x,,Mum,Small,,5,m@example.be,,,p1,,
w1,,,true,s1,wizard,x,,Mer,Lin,,6,w@example.be,,,,,
"""
SESSIONS = """sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,\
schoolYear
y,,,Year,schoolYear,2026-08-24,2027-07-03,,2027
t,,,Term,term,2026-08-24,2026-12-20,y,2027
"""
DEMOGRAPHICS = """sourcedId,status,dateLastModified,birthDate,sex
u1,,,1980-03-12,female
p1,,,2015-01-01,male
"""
USERS_12 = """sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,\
familyName,middleName,identifier,email,password
u1,,,true,x,,Zoé,Dupont,,1,z@example.be,Secret-9
p1,,,true,x,,Kid,Small,,4,k@example.be,
"""
ROLES_12 = """sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,\
orgSourcedId,userProfileSourcedId
r1,,,u1,secondary,teacher,2026-09-01,2027-07-01,s1,
r2,,,u1,primary,principal,2026-08-24,2027-07-03,s1,
r3,,,u1,secondary,teacher,2026-08-24,,s2,
r4,,,u1,secondary,parent,,,s1,
r5,,,p1,primary,student,,,s1,
"""


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def manifest(files: str = BULK, version: str = "1.1") -> str:
    return MANIFEST.format(version=version, files=files)


def told(roster: Roster, level: str) -> list[str]:
    return [n.text.text("en") for n in roster.notices if n.level == level]


@pytest.fixture
def district(tmp_path: Path) -> Path:
    return folder(
        tmp_path,
        manifest=manifest(),
        orgs=ORGS,
        users=USERS,
        academicSessions=SESSIONS,
        demographics=DEMOGRAPHICS,
    )


def test_bulk_1_1_gives_staff_and_nobody_else(district: Path) -> None:
    roster = read_oneroster(district)
    assert roster.complete
    assert not roster.refused
    assert [(p.key, p.surname, p.first_name) for p in roster.people] == [
        ("u1", "Dupont", "Zoé"),
        ("u2", "Durand", "Luc"),
        ("u3", "Bee", "Ann"),
    ]
    assert [(p.person, p.school, p.function, p.present) for p in roster.posts] == [
        (0, "s1", "teacher", None),
        (0, "s2", "teacher", None),
        (1, "d", "administrative", None),
        (2, "dep", "educator", False),
    ]
    assert {p.year for p in roster.posts} == {"y"}
    assert roster.posts[0].school_email == "z@example.be"
    assert roster.posts[0].school_email_field == "users.csv: email"
    assert roster.posts[2].school_email == ""
    assert any("The address is not used" in text for text in told(roster, "warning"))
    assert any("wizard" in text for text in told(roster, "warning"))
    assert any("1 person who is not staff" in text for text in told(roster, "information"))
    assert "Secret-9" not in repr(roster)
    assert "Lin" not in repr(roster)


def test_bulk_1_1_gives_pupils_with_guardians_and_no_pupil_becomes_staff(district: Path) -> None:
    roster = read_oneroster(district)
    assert [(p.key, p.surname, p.school, p.birth_date) for p in roster.pupils] == [
        ("p1", "Small", "s1", date(2015, 1, 1))
    ]
    (mother,) = roster.guardians
    assert (mother.key, mother.personal_email) == ("g1", "m@example.be")
    assert [(g.guardian, g.pupil, g.relation) for g in roster.guardianships] == [(0, 0, "guardian")]
    assert not {"p1", "g1"} & {p.key for p in roster.people}


def test_either_side_may_name_the_relation_and_strangers_are_told(district: Path) -> None:
    users = USERS.replace("m@example.be,,,p1,,", "m@example.be,,,nobody,,").replace(
        "p1,,,true,s1,student", "p2,,,true,s1,student,x,,Lonely,One,,9,,,,,,\np1,,,true,s1,student"
    )
    (district / "users.csv").write_text(users, encoding="utf-8")
    roster = read_oneroster(district)
    assert [p.key for p in roster.pupils] == ["p1"] and len(roster.guardianships) == 1
    texts = told(roster, "warning") + told(roster, "information")
    assert any("1 child that a guardian names is not in the set" in text for text in texts)
    assert any("1 pupil without a guardian was passed over" in text for text in texts)


def test_organisations_become_schools_bodies_and_one_office(district: Path) -> None:
    roster = read_oneroster(district)
    assert [(s.key, s.kind, s.governing_body) for s in roster.schools] == [
        ("d", "office", "d"),
        ("s1", "school", "d"),
        ("s2", "school", "l"),
        ("dep", "school", "d"),
    ]
    assert [body.key for body in roster.governing_bodies] == ["d", "l"]
    assert {s.fase_number for s in roster.schools} == {None}


def test_fase_numbers_are_read_only_when_the_source_is_said_to_use_them(district: Path) -> None:
    roster = read_oneroster(district, fase_identifiers=True)
    assert [s.fase_number for s in roster.schools] == [None, 6, 7, None]
    assert [body.fase_number for body in roster.governing_bodies] == [1136, None]
    assert any("FASE" in text for text in told(roster, "warning"))


def test_a_school_year_ends_the_day_before_its_end_date(district: Path) -> None:
    (year,) = read_oneroster(district).school_years
    assert (year.key, year.label) == ("y", "2026-2027")
    assert (year.first_day, year.last_day) == (date(2026, 8, 24), date(2027, 7, 2))


def test_birth_dates_come_from_demographics_for_staff_only(district: Path) -> None:
    roster = read_oneroster(district)
    assert [(p.birth_date, p.sex) for p in roster.people] == [
        (date(1980, 3, 12), "F"),
        (None, ""),
        (None, ""),
    ]


def test_the_same_set_zipped_reads_alike(district: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for path in district.iterdir():
            made.write(path, f"export/{path.name}")
    assert read_oneroster(stream.getvalue()) == read_oneroster(district)


def test_version_1_2_takes_role_school_and_days_from_roles(tmp_path: Path) -> None:
    roster = read_oneroster(
        folder(
            tmp_path,
            manifest=manifest(BULK + "file.roles,bulk\n", "1.2"),
            orgs=ORGS,
            users=USERS_12,
            roles=ROLES_12,
        )
    )
    assert [p.key for p in roster.people] == ["u1"]
    first, second = roster.posts
    assert (first.school, first.function, first.other_functions) == ("s1", "principal", "teacher")
    assert (first.start_date, first.exit_date) == (date(2026, 8, 24), date(2027, 7, 2))
    assert (second.school, second.exit_date) == ("s2", None)
    assert "Secret-9" not in repr(roster)


def test_a_delta_removes_who_is_to_be_deleted_and_says_nothing_of_others(tmp_path: Path) -> None:
    users = USERS.replace("u1,,", "u1,tobedeleted,").replace("u2,,", "u2,active,")
    users += "x9,tobedeleted,,,,,,,,,,,,,,,,\n"
    roster = read_oneroster(folder(tmp_path, manifest=manifest(DELTA), users=users))
    assert not roster.complete
    assert not roster.schools
    assert [(p.key, p.removed) for p in roster.people] == [
        ("u1", True),
        ("u2", False),
        ("u3", False),
        ("x9", True),
    ]
    assert [p.removed for p in roster.posts] == [True, True, False, False]


def test_a_delta_1_2_may_name_a_person_by_key_alone(tmp_path: Path) -> None:
    roles = ROLES_12.replace("r3,,,u1", "r3,tobedeleted,,u9")
    roster = read_oneroster(
        folder(tmp_path, manifest=manifest(DELTA, "1.2"), users=USERS_12, roles=roles)
    )
    assert [(p.key, p.surname) for p in roster.people] == [("u1", "Dupont"), ("u9", "")]
    assert [(p.person, p.school, p.removed) for p in roster.posts] == [
        (0, "s1", False),
        (1, "s2", True),
    ]


def test_status_and_manifest_are_read_with_tolerance(tmp_path: Path) -> None:
    active = USERS.replace(",,,true", ",active,2026-01-01T00:00:00Z,true")
    path = folder(tmp_path, manifest=manifest("file.orgs,bulk\n"), orgs=ORGS, users=active)
    assert read_oneroster(path).complete
    (path / "manifest.csv").unlink()
    roster = read_oneroster(path)
    assert len(roster.people) == 3
    assert not roster.complete
    assert any("Nothing says whether" in text for text in told(roster, "warning"))
    folder(path, users=USERS)
    assert read_oneroster(path).complete


def test_rows_with_faults_are_refused_with_line_and_column(tmp_path: Path) -> None:
    users = USERS + (
        "u1,,,true,s1,teacher,x,,Again,Dupont,,1,,,,,,\n"
        ",,,true,s1,teacher,x,,No,Key,,1,,,,,,\n"
        "u7,,,true,s1,teacher,x,,,Nofirst,,1,,,,,,\n"
        "u8,,,true,nowhere,teacher,x,,Lost,Soul,,1,,,,,,\n"
    )
    path = folder(tmp_path, manifest=manifest(), orgs=ORGS, users=users)
    roster = read_oneroster(path)
    errors = [(n.line, n.column) for n in roster.notices if n.level == "error"]
    assert errors == [(8, "sourcedId"), (9, "sourcedId"), (10, "givenName"), (11, "")]
    assert not roster.refused


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("users", "sourcedId", "sourcedid", "is written “sourcedid”"),
        ("users", "familyName", "surname", "“familyName” is missing"),
        ("orgs", "parentSourcedId", "parent", "“parentSourcedId” is missing"),
    ],
)
def test_columns_are_case_sensitive(
    district: Path, name: str, old: str, new: str, words: str
) -> None:
    path = district / f"{name}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    roster = read_oneroster(district)
    assert roster.refused
    assert any(words in text for text in told(roster, "error"))


def test_what_is_no_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(USERS)
    for what in (tmp_path / "users.csv", tmp_path):
        roster = read_oneroster(what)
        assert roster.refused
    assert any("orgs.csv is missing" in text for text in told(roster, "error"))


def test_a_set_without_staff_is_refused_for_everybody_would_disappear(tmp_path: Path) -> None:
    head = USERS.splitlines()[0] + "\n"
    path = folder(tmp_path, manifest=manifest(), orgs=ORGS, users=head)
    assert read_oneroster(path).refused


def test_parents_in_a_circle_end(tmp_path: Path) -> None:
    orgs = ORGS.replace("d,,,Ville de Nulle-Part,district,1136,", "d,,,Ville,school,1,s1")
    path = folder(tmp_path, manifest=manifest(), orgs=orgs, users=USERS)
    assert read_oneroster(path).schools[1].governing_body is None


def test_american_dates_of_school_data_sync_are_read_month_first(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        orgs="sourcedId,name,type\no,E,school\n",
        users="sourcedId,username,givenName,familyName\nu,x,Ann,Bee\n",
        roles="userSourcedId,orgSourcedId,role,roleStartDate,roleEndDate\n"
        "u,o,teacher,8/24/2026,7/2/2027\n",
    )
    roster = read_sds(path)
    assert roster.posts[0].start_date == date(2026, 8, 24)
    assert roster.posts[0].exit_date == date(2027, 7, 2)
    assert len(told(roster, "information")) == 2


@needs_data
def test_the_district_of_others() -> None:
    roster = read_oneroster(SHARED / "oneroster-district")
    assert Counter(school.kind for school in roster.schools) == {"school": 20, "office": 1}
    assert len(roster.governing_bodies) == 1
    assert (len(roster.people), len(roster.posts)) == (216, 216)
    assert Counter(p.function for p in roster.posts) == {"teacher": 195, "administrative": 21}
    assert {n.level for n in roster.notices} == {"information"}
    assert all(person.birth_date is None for person in roster.people)
    assert roster.school_years[0].label == "2026-2027"


@needs_data
def test_the_school_data_sync_sample_of_others() -> None:
    roster = read_sds(SHARED / "sds-v2.1")
    assert [p.surname for p in roster.people] == ["Jonzer", "Fein"]
    assert [(p.school, p.function) for p in roster.posts] == [
        ("110002", "teacher"),
        ("110004", "teacher"),
        ("110003", "teacher"),
    ]
    assert [(s.key, s.kind) for s in roster.schools] == [
        ("110001", "school"),
        ("110002", "school"),
        ("110003", "school"),
        ("110004", "office"),
    ]
    assert [body.key for body in roster.governing_bodies] == ["110004"]
    assert roster.people[0].birth_date == date(1980, 2, 12)
    assert roster.posts[0].school_email_field == "users.csv: activeDirectoryMatchId"
    assert "P@ssword123" not in repr(roster)
