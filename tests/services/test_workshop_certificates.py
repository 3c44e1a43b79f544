"""Certificates for those who meet the requirements, and for nobody else."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.database import OutOfScope
from services import workshop_attendance, workshop_certificates
from services import workshop_participants as participants
from services.workshop_certificates import CertificatesRefused, print_certificates
from services.workshop_participants import Entry
from tests.services.workshop_world import Ateliers, make_ateliers


def attended(ateliers: Ateliers, *there: bool) -> int:
    """Return a workshop that is over, with one participant for each of `there`."""
    workshop = ateliers.accepted(further_schools="9902")
    people = [
        ateliers.coordinator.write(
            participants.add,
            workshop,
            Entry(
                "Dr", f"Nom{number}", "Ève", f"p{number}@ecole.example", 9902 if number else None
            ),
        )
        for number, _present in enumerate(there)
    ]
    ateliers.at("2027-03-17T08:00Z")
    for person, present in zip(people, there, strict=True):
        for number in (1, 2):
            ateliers.office.write(
                workshop_attendance.record, workshop, person, number, number == 1 or present
            )
    return workshop


def test_who_was_there_has_one_once_the_list_is_complete(engine: Engine, tmp_path: Path) -> None:
    ateliers = make_ateliers(engine)
    workshop = attended(ateliers, True, False, True)
    with pytest.raises(CertificatesRefused, match="complète"):
        print_certificates(ateliers.office, workshop, "", tmp_path)
    ateliers.office.write(workshop_attendance.complete, workshop)
    found = ateliers.office.read(workshop_certificates.certificates, workshop, " Anne  Dubois ")
    assert [(each.name, each.school) for each in found] == [
        ("Dr Ève Nom0", "Institut Saint-Exemple"),
        ("Dr Ève Nom2", "Athénée de l’Essai"),
    ]
    first = found[0]
    assert (first.leader, first.issued_by, first.hours) == (
        "Anne Dubois",
        "Bureau des ateliers",
        12,
    )
    assert [str(day) for day in (first.first_day, first.last_day, first.issued_on)] == [
        "2027-03-15", "2027-03-16", "2027-03-17",
    ]  # fmt: skip
    printed = print_certificates(ateliers.office, workshop, "", tmp_path)
    assert printed.count == 2 and printed.doubtful == ()
    assert printed.path.read_bytes().startswith(b"%PDF")


def test_letters_that_the_type_lacks_are_told(sqlite_engine: Engine, tmp_path: Path) -> None:
    ateliers = make_ateliers(sqlite_engine)
    workshop = ateliers.accepted()
    entry = Entry("", "漢字", "Ève", "eve@ecole.example")
    person = ateliers.coordinator.write(participants.add, workshop, entry)
    ateliers.at("2027-03-17T08:00Z")
    for number in (1, 2):
        ateliers.office.write(workshop_attendance.record, workshop, person, number, True)
    ateliers.office.write(workshop_attendance.complete, workshop)
    assert print_certificates(ateliers.office, workshop, "", tmp_path).doubtful == ("Ève 漢字",)


def test_nobody_there_and_nobody_elses(sqlite_engine: Engine, tmp_path: Path) -> None:
    ateliers = make_ateliers(sqlite_engine)
    workshop = attended(ateliers, False)
    ateliers.office.write(workshop_attendance.complete, workshop)
    with pytest.raises(CertificatesRefused, match="Personne"):
        print_certificates(ateliers.office, workshop, "", tmp_path / "pdf")
    with pytest.raises(OutOfScope):
        print_certificates(ateliers.coordinator, workshop, "", tmp_path / "pdf")
    assert not (tmp_path / "pdf").exists()
