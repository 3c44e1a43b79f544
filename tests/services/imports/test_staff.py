"""A staff list as the records of a school export it, in its many ways."""

import io
import json
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.imports.cells import split_name
from services.imports.roster import Cancelled, PostRecord, Roster
from services.imports.staff import read_layout, read_staff
from services.imports.staff_columns import STAFF_FIELDS, named_mapping

PROECO = (
    "Matricule;Nom ;Prénom;Sexe;Date  de naissance;Langue;Fonction;Date d'entrée;Date de sortie;"
    "Présence  administrative;E-mail privé;E-mail école;Rôle;N° FASE;Registre national\r\n"
    "28003121234;D'Hondt;Zoé;F;12/03/1980;FR;Éducatrice;01/09/2019;;X;z@exemple.be;zd@ecole.be;;"
    "6;80.03.12-123.45\r\n"
    "17011050001;Lefèvre;Jean-Marc;M;05/11/1970;NL;Directeur;24.8.09;30/06/2026;;;jm@ecole.be;"
    "gestionnaire;11;\r\n"
)


def told(roster: Roster, level: str = "warning") -> list[tuple[int, str, str]]:
    return [(n.line, n.column, n.text.text("en")) for n in roster.notices if n.level == level]


def staff(text: str, **options: Any) -> Roster:
    return read_staff(text.encode(), **options)


def only_post(text: str) -> PostRecord:
    (post,) = staff(text).posts
    return post


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_list_from_the_staff_records(encoding: str) -> None:
    roster = read_staff(PROECO.encode(encoding), default_school="here")
    assert not roster.refused
    assert told(roster, "error") == []
    assert told(roster) == []
    zoe, marc = roster.people
    assert (zoe.surname, zoe.first_name, zoe.sex, zoe.language) == ("D'Hondt", "Zoé", "F", "fr")
    assert (zoe.birth_date, zoe.staff_number) == (date(1980, 3, 12), "28003121234")
    assert zoe.key == zoe.staff_number
    assert (zoe.personal_email, zoe.personal_email_field) == ("z@exemple.be", "E-mail privé")
    assert (marc.personal_email, marc.personal_email_field) == ("", "")
    first, second = roster.posts
    assert (first.function, first.school, first.present) == ("educator", "6", True)
    assert (first.start_date, first.exit_date) == (date(2019, 9, 1), None)
    assert (first.school_email, first.school_email_field) == ("zd@ecole.be", "E-mail école")
    # The column holds ticks and blanks only, so that a blank says no.
    assert (second.function, second.role, second.present) == ("principal", "gestionnaire", False)
    assert (second.start_date, second.exit_date) == (date(2009, 8, 24), date(2026, 6, 30))
    assert [(s.key, s.fase_number) for s in roster.schools] == [("6", 6), ("11", 11)]


def test_national_numbers_are_never_kept() -> None:
    roster = staff(PROECO)
    assert "80.03.12-123" not in repr(roster)
    assert any("never kept" in text for _, _, text in told(roster, "information"))
    layout = read_layout(PROECO.encode())
    assert layout.never_read == ["Registre national"]
    assert "80.03.12-123" not in repr(layout)
    chosen = {**layout.mapping, "key": 14}
    assert "80.03.12-123" not in repr(staff(PROECO, mapping=chosen))

    # 85 07 30 033 28: the example of the national register's own documentation.
    hidden = staff("Nom;Prénom;Matricule;Identifiant;Rôle\nA;B;85073003328;85.07.30-033.28;x\n")
    assert (hidden.people[0].staff_number, hidden.people[0].key) == (None, None)
    assert len(told(hidden)) == 2
    assert "033" not in repr(hidden)


def test_the_layout_is_shown_for_correction() -> None:
    layout = read_layout(PROECO.encode("cp1252"))
    assert (layout.encoding, layout.separator, layout.date_order) == ("cp1252", ";", "dmy")
    assert layout.mapping["surname"] == 1
    assert layout.matched["surname"] == "Nom"
    assert layout.mapping["present"] == 9
    assert layout.missing == []
    assert set(layout.mapping) <= set(STAFF_FIELDS)
    assert layout.sample[0][1] == "D'Hondt"
    assert json.loads(json.dumps(layout.mapping)) == layout.mapping


def test_a_mapping_is_remembered_by_names_and_used_on_other_columns() -> None:
    first = "Machin;Truc;Bidule\nDupont;Zoé;12/03/1980\n"
    mapping = {"surname": 0, "first_name": 1, "birth_date": 2}
    assert read_layout(first.encode()).missing == ["surname", "first_name"]
    remembered = named_mapping(["Machin", "Truc", "Bidule"], mapping)
    assert remembered == {"surname": "Machin", "first_name": "Truc", "birth_date": "Bidule"}
    roster = staff("Bidule;Machin;Truc\n12/03/1980;Dupont;Zoé\n", mapping=remembered)
    assert (roster.people[0].surname, roster.people[0].birth_date) == ("Dupont", date(1980, 3, 12))


def test_a_remembered_column_that_is_gone_is_told() -> None:
    mapping: dict[str, int | str] = {"surname": 0, "first_name": 1, "function": "Emploi", "x": 0}
    roster = staff("A;B;C\nDupont;Zoé;x\n", mapping=mapping)
    assert len(roster.people) == 1
    assert len(told(roster)) == 2
    assert staff("A;B;C\nDupont;Zoé;x\n", mapping={"surname": 0}).refused


def test_english_headers() -> None:
    roster = staff(
        "Last name,First name,Date of birth,Job title,Start date,End date,Personal e-mail,"
        "School e-mail,Gender\nDupont,Zoe,1980-03-12,Deputy head,2020-09-01,,a@b.be,c@d.be,Female\n"
    )
    assert roster.people[0].birth_date == date(1980, 3, 12)
    assert roster.people[0].sex == "F"
    assert roster.posts[0].function == "deputy_principal"
    assert roster.posts[0].school_email_field == "School e-mail"


def test_titles_above_the_header_are_passed_over() -> None:
    roster = staff("Liste du personnel;;\n;;\nNom;Prénom;Fonction\nDupont;Zoé;Ouvrière\n")
    assert (roster.people[0].line, roster.posts[0].function) == (4, "worker")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("24/08/2026", date(2026, 8, 24)),
        ("4/8/26", date(2026, 8, 4)),
        ("24.8.26", date(2026, 8, 24)),
        ("24-08-2026", date(2026, 8, 24)),
        ("2026-08-24", date(2026, 8, 24)),
        ("2026-08-24T00:00:00", date(2026, 8, 24)),
        ("24/08/2026 00:00", date(2026, 8, 24)),
        ("20260824", date(2026, 8, 24)),
        ("24 août 2026", date(2026, 8, 24)),
        ("1er septembre 2026", date(2026, 9, 1)),
        ("00/00/0000", None),
        ("-", None),
    ],
)
def test_dates(written: str, meant: date | None) -> None:
    assert only_post(f"Nom;Prénom;Date d'entrée\nA;B;{written}\n").start_date == meant


@pytest.mark.parametrize("written", ["31/02/2026", "24/13/2026", "hier", "1/1/1", "0026-08-24"])
def test_what_is_no_date_refuses_the_row_with_line_and_column(written: str) -> None:
    roster = staff(f"Nom;Prénom;Date d'entrée\nA;B;{written}\nC;D;24/08/2026\n")
    assert [(line, column) for line, column, _ in told(roster, "error")] == [(2, "Date d'entrée")]
    assert [p.surname for p in roster.people] == ["C"]


def test_two_digit_years_of_birth_are_of_the_last_century_from_30_on() -> None:
    roster = staff("Nom;Prénom;Né le\nA;B;12/03/58\nC;D;12/03/01\n")
    assert [p.birth_date for p in roster.people] == [date(1958, 3, 12), date(2001, 3, 12)]


def test_an_exit_date_far_away_is_none() -> None:
    assert only_post("Nom;Prénom;Date de sortie\nA;B;31/12/9999\n").exit_date is None


def test_american_dates_are_recognised_by_the_whole_file_and_told() -> None:
    data = "Nom;Prénom;Date d'entrée\nA;B;09/01/2019\nC;D;08/24/2026\n"
    roster = staff(data)
    assert [p.start_date for p in roster.posts] == [date(2019, 9, 1), date(2026, 8, 24)]
    assert ["month first" in text for _, _, text in told(roster)] == [True]
    assert read_layout(data.encode()).date_order == "mdy"
    chosen = {**read_layout(data.encode()).mapping, "dates": "dmy"}
    assert len(staff(data, mapping=chosen).people) == 1


def test_dates_that_could_be_either_are_told() -> None:
    rows = "".join(f"A;B;{day:02}/{day % 12 + 1:02}/2019\n" for day in range(1, 13))
    roster = staff("Nom;Prénom;Date d'entrée\n" + rows)
    assert roster.posts[0].start_date == date(2019, 2, 1)
    assert ["whether day or month" in text for _, _, text in told(roster)] == [True]


@pytest.mark.parametrize(
    ("yes", "no"), [("Oui", "Non"), ("1", "0"), ("vrai", "faux"), ("O", "N"), ("true", "false")]
)
def test_presence(yes: str, no: str) -> None:
    roster = staff(f"Nom;Prénom;Présence administrative\nA;B;{yes}\nC;D;{no}\nE;F;\n")
    assert [p.present for p in roster.posts] == [True, False, None]


def test_a_presence_that_says_nothing_is_told() -> None:
    roster = staff("Nom;Prénom;Présence administrative\nA;B;X\nC;D;mardi\nE;F; \n")
    assert [p.present for p in roster.posts] == [True, None, False]
    assert [(line, column) for line, column, _ in told(roster)] == [(3, "Présence administrative")]


def test_staff_numbers_that_disagree_are_told_and_bad_ones_left_out() -> None:
    roster = staff(
        "Nom;Prénom;Matricule;Sexe;Date de naissance\n"
        "A;A;1 800312 1234;F;12/03/1980\nB;B;28003121234;F;13/03/1980\nC;C;123;;\nD;D;;;\n"
    )
    assert [p.staff_number for p in roster.people] == ["18003121234", "28003121234", None, None]
    assert [(line, column) for line, column, _ in told(roster)] == [
        (2, "Matricule"),
        (3, "Matricule"),
        (4, "Matricule"),
    ]


def test_functions_known_unknown_and_several() -> None:
    roster = staff(
        "Nom;Prénom;Fonction\nA;A;Directrice, institutrice\nB;B;Magicien\nC;C;\n"
        "D;D;Professeur de français\n"
    )
    assert [(p.function, p.other_functions) for p in roster.posts] == [
        ("principal", "teacher"),
        ("", ""),
        ("", ""),
        ("teacher", ""),
    ]
    assert told(roster) == [(3, "Fonction", "The function “Magicien” is not known.")]


def test_addresses_are_checked_and_the_first_of_several_used() -> None:
    roster = staff(
        "Nom;Prénom;E-mail\nA;A;a@b\nB;B;b@x.be, c@x.be\nC;C; d@X.BE \nD;D;-\n"
        'E;E;"e@x.be\nBcc: f@x.be"\n'
    )
    assert [p.personal_email for p in roster.people] == ["", "b@x.be", "d@x.be", "", ""]
    assert [line for line, _, _ in told(roster)] == [2, 3, 6]
    assert roster.people[1].personal_email_field == "E-mail"


def test_names_missing_too_long_or_without_letters_refuse_their_row() -> None:
    rows = f"A;\n;B\n{'x' * 201};B\n123;B\n{'x' * 200};B\n=1+A;B\n"
    roster = staff("Nom;Prénom\n" + rows)
    assert [line for line, _, _ in told(roster, "error")] == [2, 3, 4, 5]
    assert [line for line, _, _ in told(roster)] == [7]
    assert [len(p.surname) for p in roster.people] == [200, 4]


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("DUPONT Jean-Marc", ("DUPONT", "Jean-Marc")),
        ("DE SMET Anne Marie", ("DE SMET", "Anne Marie")),
        ("Anne DE SMET", ("DE SMET", "Anne")),
        ("Dupont, Jean", ("Dupont", "Jean")),
        ("Van den Berghe Luc", ("Van den Berghe", "Luc")),
        ("Dupont Jean", ("Dupont", "Jean")),
        ("DUPONT JEAN", ("DUPONT", "JEAN")),
        ("Cher", ("Cher", "")),
    ],
)
def test_names_in_one_column(whole: str, parts: tuple[str, str]) -> None:
    assert split_name(whole) == parts


def test_names_in_one_column_in_a_file() -> None:
    roster = staff('Nom et prénom;Fonction\n"DUPONT Zoé";Prof\nCher;Prof\n')
    assert [(p.surname, p.first_name) for p in roster.people] == [("DUPONT", "Zoé")]
    assert len(told(roster, "error")) == 1


def test_fase_numbers_that_are_none_refuse_their_row() -> None:
    roster = staff("Nom;Prénom;N° FASE\nA;A;012\nB;B;\nC;C;99\n", default_school="here")
    assert [p.school for p in roster.posts] == ["here", "99"]
    assert [line for line, _, _ in told(roster, "error")] == [2]


def test_several_schools_by_name_alone_are_told() -> None:
    assert len(told(staff("Nom;Prénom;École\nA;A;Nord\nB;B;Sud\n"))) == 1
    assert told(staff("Nom;Prénom;École\nA;A;Nord\nB;B;Nord\n")) == []


@pytest.mark.parametrize(
    "text", ["Nom;Prénom\n", "Nom;Fonction\nA;B\n", "un texte\nsans colonnes\n", "", "Nom\nA\n"]
)
def test_what_is_no_staff_list_is_refused(text: str) -> None:
    roster = staff(text)
    assert roster.refused
    assert not roster.people


def test_a_workbook_reads_like_the_csv_file(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Nom", "Prénom", "Né le", "Matricule", "Présence administrative"])
    book.active.append(["Dupont", "Zoé", date(1980, 3, 12), 28003121234, True])
    stream = io.BytesIO()
    book.save(stream)
    for name in ("personnel.xlsx", "personnel.csv"):
        path = tmp_path / name
        path.write_bytes(stream.getvalue())
        roster = read_staff(path)
        assert roster.people[0].birth_date == date(1980, 3, 12)
        assert roster.people[0].staff_number == "28003121234"
        assert roster.posts[0].present is True
    assert "although its name" in told(roster, "information")[0][2]


def test_a_source_can_be_looked_at_and_then_read(tmp_path: Path) -> None:
    from services.imports.files import open_source

    source = open_source(PROECO.encode("cp1252"), name="personnel.csv")
    layout = read_layout(source)
    roster = read_staff(source, mapping=layout.mapping)
    assert len(roster.people) == 2
    assert roster.notices == read_staff(source, mapping=layout.mapping).notices


def test_reading_can_be_ended_by_whoever_asked_for_it() -> None:
    def cancel(rows: int, total: int | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        staff("Nom;Prénom\n" + "A;B\n" * 1500, progress=cancel)


def test_reading_takes_time_in_proportion_to_the_rows() -> None:
    def seconds(rows: int) -> float:
        day = date(1960, 1, 1)
        body = "".join(
            f"Nom{n % 5_000};Zoé{n % 300};{day + timedelta(n % 15_000):%d/%m/%Y};Prof;"
            f"p{n}@exemple.be\r\n"
            for n in range(rows)
        )
        data = ("Nom;Prénom;Né le;Fonction;E-mail privé\r\n" + body).encode()
        best = 60.0
        for _ in range(3):
            start = time.process_time()
            roster = read_staff(data)
            best = min(best, time.process_time() - start)
        assert len(roster.people) == rows
        return best

    small, large = seconds(4_000), seconds(32_000)
    # Eight times the rows; twice that leaves room for a busy machine, not for a square.
    assert large < 16 * small
