"""Opening what the user names, and what is told of files that are not what they seem."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.imports.files import Limits, Source, open_source
from services.imports.notices import REFUSED_LIMIT, SAME_REMARK_LIMIT, Notices
from services.imports.roster import Cancelled, Notice
from services.imports.tables import open_table, the_only_table

SMALL = Limits(
    file_bytes=50_000,
    expanded_bytes=100_000,
    ratio=50,
    ratio_from=20_000,
    members=20,
    lines=50,
    columns=10,
    cell=100,
)


def texts(notices: list[Notice]) -> list[str]:
    return [notice.text.text("en") for notice in notices]


def rows_of(data: bytes, **options: Any) -> tuple[list[str], list[list[str]], Source]:
    source = open_source(data, name="list.csv", limits=options.pop("limits", Limits()))
    table = open_table(source, "list.csv", **options)
    if table is None:
        return [], [], source
    return table.columns, [row for _, row in table.rows], source


def hard_text(data: bytes, **options: Any) -> str:
    """Return the one hard notice that reading this content gives."""
    _, _, source = rows_of(data, **options)
    (text,) = [n.text.text("en") for n in source.notices.all() if n.hard]
    return text


def zipped(members: dict[str, bytes], **options: Any) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return stream.getvalue()


def workbook(rows: list[list[Any]], more: dict[str, list[list[Any]]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, others in (more or {}).items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


# Content that is no text


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\xef\xbb\xbf%PDF-1.4\n", "a PDF document"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)"),
        (b"\x1f\x8b\x08", "a compressed archive"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"  <HTML><table>", "a web page"),
        (b"<?xml version='1.0'?>", "an XML document"),
        (b"{\\rtf1", "a text document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
    ],
)
def test_another_kind_of_file_is_told_in_words(start: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "staff.csv"
    path.write_bytes(start + b" some more content" * 10)
    source = open_source(path)
    name = the_only_table(source)
    assert name == "staff.csv"
    assert open_table(source, name) is None
    (notice,) = source.notices.all()
    assert notice.hard
    assert notice.file == "staff.csv"
    assert f"This is {kind}" in notice.text.text("en")


def test_an_open_document_spreadsheet_is_told_in_words(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", "<x/>")
    path = tmp_path / "staff.ods"
    path.write_bytes(stream.getvalue())
    source = open_source(path)
    assert open_table(source, "staff.ods") is None
    assert "OpenDocument" in texts(source.notices.all())[0]


def test_noise_is_not_read_as_text() -> None:
    assert "is not text" in hard_text(bytes(range(14, 32)) * 50)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n \r\n", b";;\n"])
def test_an_empty_file_is_told(data: bytes) -> None:
    assert hard_text(data) == "The file is empty."


# Encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_accents_survive_every_encoding(encoding: str) -> None:
    text = "Nom;Prénom\r\nLefèvre;Zoé\r\nD’Hondt;Noël\r\n"
    columns, rows, source = rows_of(text.encode(encoding))
    assert columns == ["Nom", "Prénom"]
    assert rows == [["Lefèvre", "Zoé"], ["D’Hondt", "Noël"]]
    assert not source.notices.all()


def test_several_byte_order_marks_are_dropped() -> None:
    assert rows_of(b"\xef\xbb\xbf\xef\xbb\xbfA;B\n1;2\n")[0] == ["A", "B"]


def test_one_line_of_another_encoding_is_told_and_the_rest_keeps_its_accents() -> None:
    data = "A;B\né;è\nà;ç\n".encode() + "ö;ü\n".encode("cp1252") + "ñ;î\n".encode()
    _, rows, source = rows_of(data)
    assert rows == [["é", "è"], ["à", "ç"], ["ö", "ü"], ["ñ", "î"]]
    (notice,) = source.notices.all()
    assert (notice.level, notice.line) == ("warning", 4)


def test_decomposed_accents_are_composed() -> None:
    assert rows_of("A;B\nZoe\u0301;x\n".encode())[1] == [["Zoé", "x"]]


# Separators, quotes, ragged rows


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
def test_separators_are_recognised(sign: str) -> None:
    data = f'A{sign}B{sign}C\n"x{sign}y"{sign}2{sign}3, 4; 5\n'
    if sign in ",;":
        data = f'A{sign}B{sign}C\n"x{sign}y"{sign}2{sign}3\n'
    columns, rows, _ = rows_of(data.encode())
    assert columns == ["A", "B", "C"]
    assert rows[0][:2] == [f"x{sign}y".replace("\t", " "), "2"]


def test_commas_in_values_do_not_hide_semicolons() -> None:
    data = b"Nom;Note\n" + b"Dupont;a, b, c\n" * 5
    assert rows_of(data)[1][0] == ["Dupont", "a, b, c"]


def test_excel_names_its_separator() -> None:
    columns, rows, source = rows_of(b"sep=|\r\nA;x|B\r\n1;2|3\r\n")
    assert (columns, rows) == (["A;x", "B"], [["1;2", "3"]])
    assert not source.notices.all()


def test_a_prescribed_separator_that_is_not_there_is_told() -> None:
    columns, _, source = rows_of(b"a;b\n1;2\n", separator=",")
    assert columns == ["a", "b"]
    assert [n.level for n in source.notices.all()] == ["information"]


def test_lines_are_those_of_the_file_also_behind_cells_of_several_lines() -> None:
    source = open_source(b'A;B\n"x\ny";1\n\n;\nz;2\n', name="list.csv")
    table = open_table(source, "list.csv")
    assert table is not None
    assert list(table.rows) == [(2, ["x y", "1"]), (6, ["z", "2"])]


def test_ragged_rows_are_padded_or_refused_and_told() -> None:
    _, rows, source = rows_of(b"A;B;C\n1;2\n1;2;3;;\n1;2;3;4\n1;2;3\n")
    assert rows == [["1", "2", ""], ["1", "2", "3"], ["1", "2", "3"]]
    assert [(n.level, n.line) for n in source.notices.all()] == [("warning", 2), ("error", 4)]


@pytest.mark.parametrize(
    "data", [b'A;B\n"x;1\ny;2\nz;3\n', b'A;B\nx;"1\n' + b"y;2\n" * 300, b'A;B\n"x;1\n' * 3]
)
def test_a_quotation_mark_left_open_stops_the_import(data: bytes) -> None:
    _, _, source = rows_of(data)
    assert any("quotation mark" in n.text.text("en") for n in source.notices.all() if n.hard)


def test_headers_lose_stray_spaces_and_doubles_are_told() -> None:
    columns, _, source = rows_of(b" Nom  de ;E-mail;E-mail \n1;2;3\n")
    assert columns == ["Nom de", "E-mail", "E-mail"]
    (notice,) = source.notices.all()
    assert (notice.level, notice.line, notice.column) == ("warning", 1, "E-mail")


def test_signs_that_cannot_be_shown_are_replaced_and_told_with_their_column() -> None:
    _, rows, source = rows_of("A;B\nx;\x1b[31mred\u202e\ny;Nul\x00le\n".encode())
    assert rows == [["x", "\ufffd[31mred\ufffd"], ["y", "Nul\ufffdle"]]
    assert [(n.level, n.line, n.column) for n in source.notices.all()] == [
        ("warning", 2, "B"),
        ("warning", 3, "B"),
    ]


# Limits


def test_a_cell_over_the_limit_refuses_its_row_only() -> None:
    data = b"A;B\n" + b"x" * 101 + b";1\n" + b"x" * 100 + b";2\n"
    _, rows, source = rows_of(data, limits=SMALL)
    assert [row[1] for row in rows] == ["2"]
    (notice,) = source.notices.all()
    assert (notice.level, notice.hard, notice.line, notice.column) == ("error", False, 2, "A")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"A;B\n" + b"1;2\n" * 50, "more than 50 lines"),
        (b";".join([b"A"] * 11) + b"\n", "more than 10 columns"),
        (b"A;B\n" + b"x" * 50_000, "larger than"),
    ],
    ids=["lines", "columns", "bytes"],
)
def test_limits_of_a_file(data: bytes, told: str) -> None:
    source = open_source(data, name="list.csv", limits=SMALL)
    if not source.notices.hard:
        open_table(source, "list.csv")
    assert told in texts([n for n in source.notices.all() if n.hard])[0]


def test_an_archive_that_grows_too_much_is_not_opened() -> None:
    bomb = zipped({"users.csv": b"0" * 90_000})
    assert "times when opened" in texts(open_source(bomb, limits=SMALL).notices.all())[0]
    bomb = zipped({f"{n}.csv": b"0" * 30_000 for n in range(4)})
    assert "would grow" in texts(open_source(bomb, limits=SMALL).notices.all())[0]
    many = zipped({f"{n}.csv": b"" for n in range(21)})
    assert "more than 20 files" in texts(open_source(many, limits=SMALL).notices.all())[0]


def test_a_workbook_that_grows_too_much_is_not_opened() -> None:
    bomb = zipped(
        {"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/a.xml": b"0" * 30 * 2**20}
    )
    assert "times when opened" in hard_text(bomb)


# Archives and folders


def test_an_archive_is_read_by_base_names_the_highest_first() -> None:
    data = zipped(
        {
            "set/users.csv": b"A;B\n",
            "set/old/users.csv": b"X;Y\n",
            "__MACOSX/._users.csv": b"",
            "set/.hidden": b"",
        }
    )
    source = open_source(data)
    assert source.archive
    assert source.files == ["users.csv"]
    assert source.read("users.csv") == b"A;B\n"


def test_names_that_leave_the_archive_and_links_are_left_out() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in ("../orgs.csv", "/etc/users.csv", "..\\..\\roles.csv", "C:/x.csv"):
            made.writestr(name, b"A;B\n")
        link = zipfile.ZipInfo("demographics.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("good.csv", b"A;B\n")
    source = open_source(stream.getvalue())
    assert source.files == ["good.csv"]
    assert len([n for n in source.notices.all() if n.level == "warning"]) == 5


def test_the_same_file_twice_stops_the_import() -> None:
    source = open_source(zipped({"a/users.csv": b"1", "b/users.csv": b"2"}))
    assert source.notices.hard


def test_encrypted_and_damaged_members_are_told() -> None:
    data = bytearray(zipped({"users.csv": b"A;B\n1;2\n" * 50}))
    data[40] ^= 0xFF
    source = open_source(bytes(data))
    assert source.read("users.csv") is None
    assert "damaged" in texts(source.notices.all())[0]

    data = bytearray(zipped({"users.csv": b"A;B\n"}))
    place = data.index(b"PK\x01\x02") + 8
    data[place : place + 2] = struct.pack("<H", 1)
    source = open_source(bytes(data))
    assert source.read("users.csv") is None
    assert "password" in texts(source.notices.all())[0]


def test_a_folder_gives_its_files_but_no_links_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("x")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "users.csv").write_text("A;B\n")
    (folder / "orgs.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "same.csv").symlink_to("users.csv")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe.csv")
    source = open_source(folder)
    assert source.files == ["same.csv", "users.csv"]
    assert [n.file for n in source.notices.all()] == ["orgs.csv"]


def test_what_is_no_file_is_told_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "nothing.csv", "a\x00b"):
        source = open_source(path)
        assert source.notices.hard
        assert source.files == []


def test_standard_input_is_read_as_the_content(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"A;B\n1;2\n")
    with path.open("rb") as stream:
        source = open_source(stream, name="-")
    assert source.files == ["-"]
    table = open_table(source, "-")
    assert table is not None
    assert [row for _, row in table.rows] == [["1", "2"]]


def test_one_list_is_found_among_other_files_and_two_are_told(tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_text("A;B\n")
    (tmp_path / "readme.pdf").write_text("x")
    assert the_only_table(open_source(tmp_path)) == "staff.csv"
    (tmp_path / "more.xlsx").write_text("x")
    source = open_source(tmp_path)
    assert the_only_table(source) is None
    assert "more.xlsx, staff.csv" in texts(source.notices.all())[0]


# Workbooks


def test_a_workbook_gives_values_and_iso_dates() -> None:
    from datetime import date, datetime

    data = workbook(
        [
            ["Nom", "Né le", "N°", "Actif", "Somme"],
            ["Zoé", date(1980, 3, 12), 28003121234, True, "=1+1"],
            [None, None, None, None, None],
            ["Luc", datetime(1981, 3, 12, 8, 30), 1.5, False, None],
        ]
    )
    columns, rows, source = rows_of(data)
    assert columns == ["Nom", "Né le", "N°", "Actif", "Somme"]
    # The formula was never computed, and nothing here computes it.
    assert rows == [
        ["Zoé", "1980-03-12", "28003121234", "true", ""],
        ["Luc", "1981-03-12 08:30:00", "1.5", "false", ""],
    ]
    assert [n.level for n in source.notices.all()] == ["information"]


def test_the_library_does_not_write_its_warnings_across_the_screen(
    capfd: pytest.CaptureFixture[str],
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Nom", "Né le"])
    book.active.append(["Zoé", 1e9])
    book.active["B2"].number_format = "dd/mm/yyyy"
    stream = io.BytesIO()
    book.save(stream)
    _, rows, source = rows_of(stream.getvalue())
    assert rows == [["Zoé", "#VALUE!"]]
    assert not source.notices.hard
    assert capfd.readouterr().err == ""


def test_the_first_sheet_with_a_table_is_read_and_others_are_told() -> None:
    data = workbook([], {"Personnel": [["A", "B"], [1, 2]], "Notes": [["x"]]})
    columns, rows, source = rows_of(data)
    assert (columns, rows) == (["A", "B"], [["1", "2"]])
    assert any("Personnel" in text for text in texts(source.notices.all()))


def test_a_damaged_workbook_is_told() -> None:
    made = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x"})
    assert "The workbook is damaged" in hard_text(made)


def test_entities_that_explode_are_told() -> None:
    levels = "".join(
        f'<!ENTITY l{n + 1} "{"&l%d;" % n * 10}">'  # noqa: UP031
        for n in range(12)
    )
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]><worksheet>&l12;</worksheet>'
    good = workbook([["A", "B"], [1, 2]])
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = bomb.encode()
    _, rows, source = rows_of(zipped(parts))
    assert rows == []
    assert source.notices.hard


# Progress and remarks


def test_progress_is_told_about_every_thousand_rows_and_can_end_the_reading() -> None:
    from services.imports.files import Meter

    told: list[tuple[int, int | None]] = []
    rows_of(b"A;B\n" + b"1;2\n" * 3500, meter=Meter(lambda n, of: told.append((n, of))))
    assert [n for n, _ in told] == [1000, 2000, 3000, 3500]
    assert all(of is not None and n <= of for n, of in told)

    def cancel(n: int, of: int | None) -> None:
        raise Cancelled

    for data in (b"A;B\n" + b"1;2\n" * 1500, workbook([["A", "B"]] + [[1, 2]] * 1500)):
        with pytest.raises(Cancelled):
            rows_of(data, meter=Meter(cancel))


def test_a_remark_on_very_many_rows_is_counted() -> None:
    data = b"A;B;C\n" + b"1;2\n" * (SAME_REMARK_LIMIT + 7)
    _, rows, source = rows_of(data)
    notices = source.notices.all()
    assert len(rows) == SAME_REMARK_LIMIT + 7
    assert len(notices) == SAME_REMARK_LIMIT + 1
    assert "7 more rows" in notices[-1].text.text("en")


def test_too_many_refused_rows_stop_the_import() -> None:
    notices = Notices()
    from models.language import say

    for line in range(REFUSED_LIMIT + 50):
        notices.error(say("row refused"), "x.csv", line)
    assert notices.hard
    assert len(notices.all()) == REFUSED_LIMIT + 1
