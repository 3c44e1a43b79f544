"""Hundreds of hostile rows and files: clear notices, never an exception, only clean text."""

import dataclasses
import io
import random
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from models.language import LANGUAGES
from models.text import is_clean
from services.imports.families import read_families
from services.imports.oneroster import read_oneroster
from services.imports.roster import Roster
from services.imports.schools import read_schools
from services.imports.sds import read_sds
from services.imports.staff import read_layout, read_staff

HEADER = "Nom;Prénom;Date de naissance;Matricule;Fonction;E-mail privé;Présence administrative"
NASTY = [
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b[2J\x1b[6n",
    "\x9b31m",
    "[bold]Bob [/b]",
    "[@click=app.screenshot('x')]Zoé[/]",
    '=HYPERLINK("https://x.example","y")',
    "=cmd|'/c calc'!A0",
    "@SUM(A1)",
    "+32",
    "-1",
    "\u202eelbisreveR",
    "\u2066a\u2069\u200f",
    "zero\u200bwidth\ufeff",
    "Nul\x00le",
    "N" * 10_000,
    "M" * 10_001,
    "é" * 200_000,
    "e\u0301\u0301\u0301" * 300,
    "tab\tbed",
    "two\nlines",
    "'; DROP TABLE person; --",
    "%s%n%(name)s {0} {x!r}",
    "\U0001f600",
    "\ufffd\ufffe\uffff",
    "   ",
    "",
    "85.07.30-033.28",
    "a" * 64 + "@" + "b" * 300,
    "x@y.be\r\nBcc: all@example.be",
    "31/02/2020",
    "99999999999999999999999999",
    '"',
    '""";""',
    "..\\..\\etc\\passwd",
]


def all_texts(value: Any) -> list[str]:
    """Return every text inside records, notices and their wordings in both languages."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return [text for item in value for text in all_texts(item)]
    if isinstance(value, dict):
        return all_texts([*value.keys(), *value.values()])
    if hasattr(value, "message"):
        return [value.text(language) for language in LANGUAGES]
    if dataclasses.is_dataclass(value):
        return [t for f in dataclasses.fields(value) for t in all_texts(getattr(value, f.name))]
    return []


def assert_sound(roster: Roster) -> None:
    dirty = [text[:60] for text in all_texts(roster) if not is_clean(text)]
    assert not dirty
    assert all(len(text) <= 400 for text in all_texts(roster))
    assert all(0 <= post.person < len(roster.people) for post in roster.posts)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def hostile_rows(seed: int) -> list[str]:
    """Return rows of which each has a nasty cell in some column, quoted, bare or ragged."""
    chance = random.Random(seed)
    rows = []
    for number, nasty in enumerate(NASTY * 3):
        cells = ["Dupont", "Zoé", "12/03/1980", "28003121234", "Enseignant", "z@example.be", "Oui"]
        cells[(number + seed) % len(cells)] = nasty
        if chance.random() < 0.2:
            cells = cells[: chance.randrange(1, 7)]
        elif chance.random() < 0.2:
            cells += ["x"] * chance.randrange(1, 9)
        rows.append(";".join(quoted(cell) for cell in cells))
    return rows


@pytest.mark.parametrize("seed", range(7))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_hostile_rows_are_told_and_the_good_one_comes_through(seed: int, encoding: str) -> None:
    rows = [HEADER, *hostile_rows(seed), "Durand;Luc;01/02/1970;;Directeur;l@example.be;Oui"]
    data = "\r\n".join(rows).encode(encoding, "replace")

    roster = read_staff(data)

    assert_sound(roster)
    assert not roster.refused, [n.text.text("en") for n in roster.notices if n.hard]
    assert (roster.people[-1].surname, roster.posts[-1].function) == ("Durand", "principal")
    refused = {notice.line for notice in roster.notices if notice.level == "error"}
    assert len(refused) >= 10
    assert refused.isdisjoint(person.line for person in roster.people)
    assert not any("850730" in text or "85.07.30" in text for text in all_texts(roster.people))


FAMILIES = (
    "Nom élève;Prénom élève;Date de naissance;Classe;Matricule;Nom responsable;Prénom responsable;"
    "E-mail;Lien de parenté"
)


@pytest.mark.parametrize("seed", range(9))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_hostile_families_are_told_and_the_good_one_comes_through(seed: int, encoding: str) -> None:
    chance = random.Random(seed)
    rows = [FAMILIES]
    for number, nasty in enumerate(NASTY * 3):
        cells = ["Dupont", "Léa", "12/03/2015", "3A", f"e{number}", "Martin", "Anne", "a@x.be", ""]
        cells[(number + seed) % len(cells)] = nasty
        if chance.random() < 0.2:
            cells = cells[: chance.randrange(1, 9)]
        rows.append(";".join(quoted(cell) for cell in cells))
    rows.append("Durand;Zoé;01/02/2016;1A;e999;Durand;Luc;luc@example.be;père")
    roster = read_families("\r\n".join(rows).encode(encoding, "replace"))
    assert_sound(roster)
    assert not roster.refused, [n.text.text("en") for n in roster.notices if n.hard]
    assert (roster.pupils[-1].surname, roster.guardians[-1].first_name) == ("Durand", "Luc")
    assert all(g.guardian < len(roster.guardians) for g in roster.guardianships)
    assert all(g.pupil < len(roster.pupils) for g in roster.guardianships)
    assert not any("85.07.30" in text for text in all_texts(roster.pupils + roster.guardians))


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_nasty_relations_in_a_set_never_raise(nasty: str) -> None:
    head = (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
        "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades"
    )
    orgs = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\ns1,,,A,school,,"
    cell = quoted(nasty)
    users = "\n".join(
        [
            head,
            "t1,,,true,s1,teacher,x,,Zoé,Dupont,,,,,,,",
            f"g1,,,true,{cell},parent,x,,Anne,Martin,,,{cell},,,{cell},",
            f"g2,,,true,s1,parent,x,,{cell},{cell},,,,,,p1,",
            f"p1,,,true,s1,student,x,,Léa,Dupont,,,,,,{cell},{cell}",
            f"p2,,,true,{cell},student,x,,{cell},{cell},,,,,,g1,{cell}",
        ]
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("orgs.csv", orgs)
        archive.writestr("users.csv", users.encode("utf-8", "replace"))
    assert_sound(read_oneroster(content.getvalue()))


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_a_file_of_one_nasty_row_never_raises(nasty: str) -> None:
    for row in (f"{nasty};{nasty};{nasty}", ";".join([quoted(nasty)] * 7), nasty):
        for head in (HEADER, nasty, f"{HEADER};{quoted(nasty)}"):
            data = f"{head}\n{row}\n".encode("utf-8", "replace")
            assert_sound(read_staff(data))
            layout = read_layout(data)
            layout.separator = layout.separator.strip("\t")
            assert all(is_clean(text) for text in all_texts(layout))


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def archive(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def mutilated(content: bytes, seed: int) -> bytes:
    """Return the content with bytes changed, cut out or repeated."""
    chance = random.Random(seed)
    data = bytearray(content)
    for _ in range(chance.randrange(1, 12)):
        place = chance.randrange(len(data))
        what = chance.random()
        if what < 0.6:
            data[place] = chance.randrange(256)
        elif what < 0.8:
            del data[place : place + chance.randrange(1, 40)]
        else:
            data[place:place] = data[: chance.randrange(1, 40)]
    return bytes(data)


GOOD_STAFF = f"{HEADER}\nDupont;Zoé;12/03/1980;;Enseignant;z@example.be;Oui\n".encode()
ORGS = b"sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\no1,,,E,school,1,\n"
USERS = (
    b"sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,"
    b"familyName,email\nu1,,,true,o1,teacher,u,Ann,Bee,a@example.be\n"
)
ROSTER_ZIP = archive(
    manifest__csv=b"propertyName,value\noneroster.version,1.1\nfile.users,bulk\n",
    orgs__csv=ORGS,
    users__csv=USERS,
)
SDS_ZIP = archive(
    orgs__csv=b"sourcedId,name,type,parentSourcedId\no1,E,school,\n",
    users__csv=b"sourcedId,username,givenName,familyName,password\nu1,u,Ann,Bee,Secret9\n",
    roles__csv=b"userSourcedId,orgSourcedId,role\nu1,o1,teacher\n",
)
SCHOOLS = (
    "N° FASE de l'établissement;Nom de l'établissement;N° FASE de l'implantation;"
    "N° FASE du P.O.;Nom de P.O.\n6;Ecole;15;1136;Collège\n"
).encode()


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize(
    ("reader", "content"),
    [
        (read_staff, GOOD_STAFF),
        (read_staff, workbook([["Nom", "Prénom"], ["Dupont", "Zoé"]])),
        (read_oneroster, ROSTER_ZIP),
        (read_sds, SDS_ZIP),
        (read_schools, SCHOOLS),
    ],
    ids=["csv", "xlsx", "oneroster", "sds", "schools"],
)
def test_damaged_files_never_raise(
    reader: Callable[..., Roster], content: bytes, seed: int
) -> None:
    roster = reader(mutilated(content, seed))
    assert_sound(roster)
    assert roster.people or roster.schools or roster.refused or roster.notices


@pytest.mark.parametrize(
    ("reader", "content", "people", "schools"),
    [
        (read_staff, GOOD_STAFF, 1, 0),
        (read_staff, workbook([["Nom", "Prénom"], ["Dupont", "Zoé"]]), 1, 0),
        (read_oneroster, ROSTER_ZIP, 1, 1),
        (read_sds, SDS_ZIP, 1, 1),
        (read_schools, SCHOOLS, 0, 1),
    ],
    ids=["csv", "xlsx", "oneroster", "sds", "schools"],
)
def test_the_same_files_undamaged_are_read(
    reader: Callable[..., Roster], content: bytes, people: int, schools: int
) -> None:
    roster = reader(content)
    assert not roster.refused
    assert (len(roster.people), len(roster.schools)) == (people, schools)


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_nasty_cells_in_exchange_files(nasty: str) -> None:
    cell = quoted(nasty).encode("utf-8", "replace")
    for column in range(5):
        user = [b"u2", b"", b"", b"true", b"o1", b"teacher", b"n", b"Ann", b"Bee", b"a@example.be"]
        user[(0, 4, 5, 8, 9)[column]] = cell
        orgs = ORGS + b"o2,,," + cell + b"," + cell + b",1," + cell + b"\n"
        users = USERS + b",".join(user) + b"\n"
        assert_sound(read_oneroster(archive(orgs__csv=orgs, users__csv=users)))
        assert_sound(read_oneroster(archive(orgs__csv=ORGS, users__csv=users)))
