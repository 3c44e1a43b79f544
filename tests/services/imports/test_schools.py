"""The Federation's list of schools."""

import time
from pathlib import Path

import pytest

from services.imports.schools import read_schools

LIST = Path(__file__).parents[3].parent / "shared/data/schools-fwb/signaletique-fase.csv"
HEADER = (
    "\ufeff\ufeffN° FASE de l'établissement;Nom de l'établissement;Numéro BCE de l'établissement;"
    "Réseau;Adresse de l'établissement;Code postal de l'établissement;"
    "Localité de l'établissement;N° FASE de l'implantation;Adresse de l'implantation;"
    "Code postal de l'implantation;Localité de l'implantation;N° FASE du P.O.;Nom de P.O.;"
    "N° BCE du P.O.;Adresse du P.O.;Code postal du P.O.;Localité du P.O."
)
ROW = (
    '6;"Ecole  ""Clair"" Soleil";0206582284;Libre;Rue A 1;1070;ANDERLECHT;6;Rue B 2;1070;'
    "ANDERLECHT;6;Commune;0206582284;Place C 3;1070;ANDERLECHT"
)


def test_one_number_may_name_a_school_a_site_and_a_governing_body() -> None:
    roster = read_schools(
        "\r\n".join([HEADER, ROW, ROW, ROW.replace(";6;Rue B", ";7;Rue B")]).encode()
    )
    assert roster.notices == []
    assert roster.rows == 3
    (school,) = roster.schools
    assert (school.key, school.fase_number, school.name) == ("6", 6, 'Ecole "Clair" Soleil')
    assert (school.network, school.street, school.postal_code) == ("Libre", "Rue A 1", "1070")
    assert (school.governing_body, school.enterprise_number) == ("6", "0206582284")
    assert [(site.school, site.fase_number) for site in roster.sites] == [("6", 6), ("6", 7)]
    (body,) = roster.governing_bodies
    assert (body.key, body.name, body.locality) == ("6", "Commune", "ANDERLECHT")


def test_rows_with_faults_are_refused_or_told_with_line_and_column() -> None:
    rows = [
        HEADER,
        ROW.replace("6;", "06;", 1),
        ROW.replace("0206582284", "0206582285", 1),
        ROW.replace(";6;Commune", ";8;Autre"),
        ROW.replace(";Commune;", ";;"),
    ]
    roster = read_schools("\r\n".join(rows).encode())
    assert [(n.level, n.line, n.column) for n in roster.notices] == [
        ("error", 2, "N° FASE de l'établissement"),
        ("warning", 3, "Numéro BCE de l'établissement"),
        ("warning", 4, "N° FASE du P.O."),
        ("error", 5, "Nom de P.O."),
    ]
    assert len(roster.schools) == 1


def test_another_list_is_refused() -> None:
    assert read_schools(b"Nom;Adresse\nEcole;Rue\n").refused
    assert read_schools(HEADER.encode() + b"\n").refused


@pytest.mark.skipif(not LIST.exists(), reason="../shared/data is not here")
def test_the_whole_federation_in_well_under_a_second() -> None:
    start = time.process_time()
    roster = read_schools(LIST)
    assert time.process_time() - start < 1
    assert (len(roster.schools), len(roster.governing_bodies)) == (3029, 1035)
    assert len({(site.school, site.fase_number) for site in roster.sites}) == 5772
    assert len(roster.sites) == 5772
    assert roster.rows == 8346
    assert roster.notices == []
