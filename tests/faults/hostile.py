"""Rows and files that try to show, break or do something wherever they come out again."""

import gzip
import io
import zipfile
from functools import cache

ESC = "\x1b"
#: What somebody might put into any cell. Each is one kind of mischief.
VALUES = (
    f"{ESC}]52;c;aGVsbG8=\x07clip",
    f"{ESC}]0;title\x07",
    f"{ESC}]8;;https://evil.example\x07link{ESC}]8;;\x07",
    f"{ESC}[6n{ESC}[31mred{ESC}[2J",
    f"{ESC}P+q544e{ESC}\\",
    f"{ESC}_apc{ESC}\\{ESC}^pm{ESC}\\",
    "\x9b31mC1\x9d0;t\x9c",
    "DEL\x7f\x08\x08BS",
    "bell\x07 vt\x0b ff\x0c",
    "Bob [/b]",
    "[bold red]urgent[/]",
    "[urgent]",
    "[@click=app.quit]Ann[/]",
    "[link=https://evil.example]x[/link]",
    "$error [$warning]",
    "=cmd|'/c calc'!A0",
    '=HYPERLINK("https://evil.example","x")',
    "+SUM(A1:A9)",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "x,=cmd|'/c calc'!A0",
    "x;=cmd|'/c calc'!A0",
    'Zoé "la";=1+1',
    "two\nlines\r\nand\rmore",
    "\u202eelbisreveR",
    "\u2066isolate\u2069\u200f\u061c",
    "zero\u200bwidth\ufeff\u2060",
    "z" + "\u0301\u0489" * 60,
    "漢字名前" * 30,
    "👩‍👩‍👧‍👦🏴‍☠️" * 5,
    "N" * 10_000,
    "M" * 60_000,
    "Nul\x00le",
    "\ufdd0\ufffe\uffff",
    "a@b.example\r\nBcc: x@evil.example",
    "a@b.example, c@evil.example",
    '"x\r\nSubject: y" <a@evil.example>',
    "victim@evil.example\x00@b.example",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt;&#x1b;[31m",
    "%s%n%d %(name)s %(count)d",
    "{0} {name} {x!r} {0.__class__}",
    "'; DROP TABLE person; --",
    "../../../../etc/passwd",
    "..\\..\\con",
    "99999999999999999999999999999",
    "1e400",
    "31/02/2020",
    "00/00/0000",
    "29/02/99999",
    '"',
    "\\",
)
HEADINGS = (
    "Nom", "Prénom", "Date de naissance", "Matricule", "Fonction", "E-mail privé",
    "E-mail école", "Rôle",
)  # fmt: skip
_LATE, _EARLY = 5, 3


def rows() -> list[tuple[str, ...]]:
    """Return a row for each value in each column, and ragged ones; all else in them is fine."""
    found: list[tuple[str, ...]] = []
    for place, value in enumerate(VALUES):
        for column in range(len(HEADINGS)):
            number = place * len(HEADINGS) + column
            cells = [
                f"Nom{number}", f"Pré{number}", f"{1 + number % 28:02}/03/1980", "", "Enseignant",
                f"p{number}@prive.example", f"s{number}@ecole.example", "",
            ]  # fmt: skip
            cells[column] = value
            found.append(tuple(cells))
    found += [row[:_EARLY] for row in found[::50]]
    found += [row + ("x",) * _LATE for row in found[7::50]]
    return found


def staff_file() -> bytes:
    """Return a staff list of all of these rows, in UTF-8."""
    lines = [HEADINGS, *rows()]
    return "\r\n".join(";".join(map(_quoted, line)) for line in lines).encode(
        "utf-8", "surrogatepass"
    )


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@cache
def strange_files() -> dict[str, bytes]:
    """Return files that are not what they say, by name."""
    head = ";".join(HEADINGS)
    row = "Nom;Pré;01/03/1980;;Enseignant;p@prive.example;;"
    return {
        "empty.csv": b"",
        "blank.csv": b"\r\n \r\n",
        "header.csv": head.encode(),
        "pdf.csv": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 9,
        "program.csv": b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 50,
        "bomb.zip": (bomb := _bomb()),
        "bomb.csv": bomb,
        "zip.csv.gz": gzip.compress(head.encode() * 9),
        "c1.csv": f"{head}\r\n".encode("cp1252") + b"\x9b31mN;\x9d0;P\x81\x8d\xff\xfe;;;;;;\r\n",
        "lone.csv": f"{head}\r\n".encode() + b"N\xc3;P\xed\xa0\x80\xf8\x88;;;;;;\r\n",
        "half.csv": f"{head}\r\n{row}".encode("utf-16")[:-1],
        "wide.csv": (";".join(["c"] * 20_000) + "\r\n" + row).encode(),
        "line.csv": head.encode() + b"\r\n" + b"x" * 300_000,
        "quote.csv": f'{head}\r\n"never closed;{row}\r\n{row}'.encode(),
        "twice.csv": f"{head};{head}\r\n{row};{row}".encode(),
        "\x1b[31mname\x1b]0;t\x07\u202e.csv": f"{head}\r\n{row}".encode()[:40],
    }


def _bomb() -> bytes:
    """A workbook of much that packs to nothing."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml", "users.csv", "orgs.csv"):
            with archive.open(name, "w", force_zip64=True) as part:
                for _ in range(24):
                    part.write(b" " * 2**20)
    return packed.getvalue()
