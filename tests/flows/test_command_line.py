"""The first day by the command line: what scripts rely on, from the file to the bounce.

Every command with --json prints one JSON value on standard output and nothing else (DESIGN §7).
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from models.access import STATUS_CODES
from services import importing
from tests.flows.conftest import MISTYPED, RIGHT, STAFF, School
from tests.servers import MailServer
from tui.command_line import run

pytestmark = pytest.mark.timeout(180)

FASE = ("--school", "9901")
DATA = Path(__file__).parents[3] / "shared" / "data"
ELISE, FATIMA = "elise.vdb@courriel.example", "fatima.elamrani@courriel.example"

IMPORT_KEYS = {
    "plan", "format", "applied", "rows", "information", "warning", "error",
    "created", "changed", "disappeared", "messages",
}  # fmt: skip
KINDS = {"schools", "sites", "governing_bodies", "school_years", "people", "posts", "accesses"}
ACCESS_KEYS = [
    "person", "surname", "first_name", "function", "role", "email", "email_source", "consent",
    "status", "since", "reason",
]  # fmt: skip
SEND_KEYS = {"sent", "retry", "refused", "uncertain", "held", "remaining", "seconds"}


class Shell:
    """Types commands and holds their exit status and what they print to the rules."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: str, status: int = 0) -> str:
        """Run a command and return what it printed on standard output."""
        ended = run([str(each) for each in arguments])
        said = self._capsys.readouterr()
        assert ended == status, f"{arguments}: exit {ended}\n{said.out}\n{said.err}"
        assert "Traceback" not in said.err
        return said.out

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", status=status))


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], school: School) -> Shell:
    school.write_staff("personnel.csv", STAFF.replace("Où écrire", "E-mail privé"))
    return Shell(capsys)


def test_first_day(shell: Shell, school: School) -> None:
    _import(shell)
    references = _forms(shell, school)
    _record(shell, school, references)
    _invite_and_send(shell, school)
    _correct(shell, school, references)
    _bounce(shell, school)
    _lists_that_leave(shell, school)


def _import(shell: Shell) -> None:
    command = ("import", "personnel.csv", "--as", "staff", *FASE)
    plan = shell.json(*command, "--dry-run")
    assert set(plan) >= IMPORT_KEYS
    assert set(plan["created"]) == set(plan["changed"]) == set(plan["disappeared"]) == KINDS
    assert (plan["applied"], plan["rows"], plan["created"]["people"]) == (False, 7, 6)
    assert all(
        set(told) == {"level", "file", "line", "column", "text"} for told in plan["messages"]
    )
    assert shell.json("access", *FASE) == []
    shell.json(*command, status=1)  # nobody said yes
    done = shell.json(*command, "--yes")
    assert (done["applied"], done["created"]["accesses"]) == (True, 7)
    assert shell.json("plan", "undo", str(done["plan"]))["plan"] == done["plan"]
    assert shell.json("access", *FASE) == []
    assert shell.json(*command, "--yes")["applied"]


def _forms(shell: Shell, school: School) -> dict[str, str]:
    """Print the forms; return the reference of each surname."""
    shell.run("consent", "form", *FASE, "-o", "forms.pdf")
    assert len(PdfReader(school.folder / "forms.pdf").pages) == 7
    rows = shell.json("consent", "list", *FASE)
    assert [set(row) for row in rows] == [
        {"reference", "person", "surname", "first_name", "email", "state"}
    ] * 7
    assert {row["state"] for row in rows} == {"printed"}
    return {row["surname"]: row["reference"] for row in rows}


def _record(shell: Shell, school: School, references: dict[str, str]) -> None:
    returned = [references[name] for name in ("Vandenbroeck", "El Amrani", "Lefèvre", "Lejeune")]
    lines = [f"{reference},2026-08-28," for reference in returned]
    _write_consents(school, [*lines, "9999-ZZ,2026-08-28,"])
    told = shell.json("consent", "record", *FASE, "returned.csv")
    assert (told["record"], told["refused"]) == (4, 1)
    _write_consents(school, lines)
    assert shell.json("consent", "record", *FASE, "returned.csv")["known"] == 4


def _write_consents(school: School, lines: list[str]) -> None:
    text = "\n".join(["reference,signed_on,email", *lines])
    (school.folder / "returned.csv").write_text(text, "utf-8")


def _invite_and_send(shell: Shell, school: School) -> None:
    expected = {"queued": 3, "confirmed": 1, "left_out": {"no_address": 1, "no_consent": 2}}
    for more in (["--dry-run"], []):
        counts = shell.json("invite", *FASE, *more)
        assert {name: counts[name] for name in expected} == expected
    school.server.answer("RCPT", "550 5.1.1 User unknown", address=MISTYPED)
    done = shell.json("send")
    assert set(done) == SEND_KEYS
    assert (done["sent"], done["refused"], done["remaining"]) == (2, 1, 0)
    assert shell.json("send")["sent"] == 0
    states = {row["surname"]: row["state"] for row in shell.json("invitations", *FASE)}
    assert states == {"Vandenbroeck": "sent", "El Amrani": "sent", "Lefèvre": "refused"}


def _correct(shell: Shell, school: School, references: dict[str, str]) -> None:
    corrected = STAFF.replace("Où écrire", "E-mail privé").replace(MISTYPED, RIGHT)
    school.write_staff("corrected.csv", corrected)
    done = shell.json("import", "corrected.csv", "--as", "staff", *FASE, "--yes")
    assert done["changed"]["people"] >= 1 and not any(done["created"].values())
    (row,) = shell.json("access", *FASE, "--status", "no_consent")[-1:]
    assert (row["surname"], row["email"]) == ("Lefèvre", "")
    _write_consents(school, [f"{references['Lefèvre']},2026-08-30,{RIGHT}"])
    shell.json("consent", "record", *FASE, "returned.csv")
    again = shell.json("invite", *FASE, "--again", "--person", str(row["person"]))
    assert (again["queued"], again["confirmed"]) == (1, 0)
    assert shell.json("send")["sent"] == 1
    assert school.server.recipients[-1] == RIGHT


def _bounce(shell: Shell, school: School) -> None:
    (school.folder / "bounce.eml").write_bytes(_returned(school.server, FATIMA))
    counts = {"read": 1, "bounced": 1, "known": 0, "ignored": 0}
    assert shell.json("bounces", "bounce.eml") == counts
    assert shell.json("bounces", "bounce.eml") == {**counts, "bounced": 0, "known": 1}
    (row,) = shell.json("access", *FASE, "--status", "bounced")
    assert row["surname"] == "El Amrani"


def _returned(server: MailServer, recipient: str) -> bytes:
    """Return what the recipient's server sends back to the envelope's sender."""
    (sender,) = {mail.sender for mail in server.messages if mail.recipients == [recipient]}
    return (
        f"To: {sender}\r\nFrom: MAILER-DAEMON@courriel.example\r\nSubject: Undelivered\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    ).encode()


def _lists_that_leave(shell: Shell, school: School) -> None:
    rows = shell.json("access", *FASE)
    assert [list(row) for row in rows] == [ACCESS_KEYS] * 7
    assert {row["status"] for row in rows} <= set(STATUS_CODES)
    addresses = {row["surname"]: row["email"] for row in rows}
    assert addresses["Vandenbroeck"] == ELISE
    assert addresses["Benali"] == addresses["D'Hondt"] == ""  # their forms have not come back
    table = list(csv.DictReader(io.StringIO(shell.run("access", *FASE, "--csv"))))
    assert list(table[0]) == ACCESS_KEYS
    assert [row["email"] for row in table] == [row["email"] for row in rows]
    shell.run("access", *FASE, "--status", "nonsense", status=2)
    shell.run("access", "--school", "9", status=1)
    first = [plan for plan in shell.json("plan", "list") if plan["state"] == "applied"][-1]
    shell.run("plan", "undo", str(first["plan"]), status=1)  # too much stands on it
    shell.json("doctor")
    shell.run("db", "verify")


@pytest.mark.parametrize(
    ("name", "file_format", "staff", "posts"),
    [("oneroster-district", "oneroster", 216, 216), ("sds-v2.1", "sds", 2, 3)],
)
def test_records_of_others(
    shell: Shell, school: School, name: str, file_format: str, staff: int, posts: int
) -> None:
    """The staff come in, pupils and the passwords of the sample do not."""
    source = DATA / name
    if not source.exists():
        pytest.skip(f"the sample data of others, {name}, is not beside this checkout")
    done = shell.json("import", str(source), "--as", file_format, "--yes")
    assert set(done) >= IMPORT_KEYS
    assert (done["format"], done["applied"], done["error"]) == (file_format, True, 0)
    assert (done["created"]["people"], done["created"]["posts"]) == (staff, posts)
    kept = b"".join(path.read_bytes() for path in (school.home / "data").glob("trousseau.db*"))
    assert b"P@ssword123" not in kept


def test_the_list_of_schools_of_the_federation(shell: Shell) -> None:
    source = DATA / "schools-fwb" / "signaletique-fase.csv"
    if not source.exists():
        pytest.skip("the Federation's list of schools is not beside this checkout")
    done = shell.json("import", str(source), "--as", "schools", "--yes")
    assert done["format"] in importing.FORMATS
    assert (done["rows"], done["created"]["schools"]) == (8346, 3029)
    assert (done["created"]["sites"], done["created"]["governing_bodies"]) == (5772, 1035)
    assert shell.json("access", "--school", "6") == []
