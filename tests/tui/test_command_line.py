"""The command line: what each command does, prints, refuses; nothing of it is a mock."""

import csv
import io
import json
import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.access import STATUS_CODES
from models.language import current_language
from tests.demo_home import demo_home, demo_template
from tests.servers import MailServer
from tests.tui.conftest import type_in
from tui.command_line import language

__all__ = ["demo_home", "demo_template"]

PASSWORD = "quatre tortues lisent Kant"
SCHOOL = ("--school", "98101")


# --- the frame --------------------------------------------------------------------------


def test_help_names_every_command(command: Any) -> None:
    status, out, _err = command("--help")
    assert status == 0
    for name in (
        "import", "plan", "access", "consent", "invite", "send", "bounces", "invitations",
        "headnet", "workshop", "document", "conference", "committee", "account", "db", "doctor",
        "export", "demo",
    ):  # fmt: skip
        assert re.search(rf"^  {name} ", out, re.MULTILINE), name


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["access"], ["plan", "show", "many"], ["send", "--limit", "0"], ["--nothing"]],
)
def test_a_mistake_in_the_arguments_is_exit_2(command: Any, arguments: list[str]) -> None:
    status, out, err = command(*arguments)
    assert status == 2
    assert out == ""
    assert err


def test_version(command: Any) -> None:
    status, out, _err = command("--version")
    assert status == 0
    assert re.fullmatch(r"trousseau \d+\.\d+\.\d+\n", out)


def test_the_language_is_the_settings_or_the_locales() -> None:
    assert language({"TROUSSEAU_LANGUAGE": "en", "LANG": "fr_BE.UTF-8"}) == "en"
    assert language({"LANG": "en_GB.UTF-8"}) == "en"
    assert language({"LC_ALL": "fr_BE.UTF-8", "LANG": "en_GB.UTF-8"}) == "fr"
    assert language({"LANG": "C.UTF-8"}) == "fr"
    assert language({}) == "fr"


def test_the_help_is_in_the_readers_language(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUSSEAU_LANGUAGE", "en")
    english = command("account", "--help")[1]
    assert "Who may sign in" in english
    monkeypatch.setenv("TROUSSEAU_LANGUAGE", "fr")
    assert "Who may sign in" not in command("account", "--help")[1]
    assert current_language() == "fr"


def test_the_console_refuses_to_run_without_a_terminal(home: Path) -> None:
    found = subprocess.run(
        [Path(sys.executable).parent / "trousseau"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert found.returncode == 1
    assert found.stdout == ""
    assert "ssh -t" in found.stderr
    assert not home.exists()


def test_a_mistake_in_the_program_shows_a_number_and_no_value(
    command: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services import team_access

    def fail(*_arguments: Any, **_more: Any) -> None:
        raise ZeroDivisionError("the token is ABCDE")

    monkeypatch.setattr(team_access, "status_rows", fail)
    monkeypatch.setattr("tui.cli.office.Office.team", fail)
    status, out, err = command("access", *SCHOOL)
    assert (status, out) == (1, "")
    reference = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", err)
    assert reference
    log = home / "state" / "crashes.jsonl"
    assert reference[0] in log.read_text()
    assert "ZeroDivisionError" in log.read_text()
    assert "ABCDE" not in log.read_text() + err
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_reader_that_has_read_enough_is_no_error(demo_home: Path) -> None:
    command = [Path(sys.executable).parent / "trousseau", "access", *SCHOOL, "--csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


# --- files of records -------------------------------------------------------------------

STAFF = (
    "Nom;Prénom;Date de naissance;E-mail privé;Fonction\n"
    "Wauters;Célestine;03/03/1990;celestine@boite.example;Enseignante\n"
)


def test_importing_shows_the_plan_and_applies_it(
    demo_home: Path, tmp_path: Path, as_json: Any
) -> None:
    file = tmp_path / "staff.csv"
    file.write_text(STAFF)
    arguments = ("import", str(file), "--as", "staff", "--source", "other", *SCHOOL)
    dry = as_json(*arguments, "--dry-run")
    assert (dry["applied"], dry["rows"], dry["created"]["people"]) == (False, 1, 1)
    done = as_json(*arguments, "--yes")
    assert done["applied"]
    assert done["created"]["accesses"] == 1
    assert {"plan", "format", "information", "warning", "error", "changed", "disappeared"} <= set(
        done
    )
    assert set(done["messages"][0]) == {"level", "file", "line", "column", "text"}
    again = as_json(*arguments, "--yes")
    assert again["created"]["people"] == 0
    assert as_json("plan", "undo", str(again["plan"])) or True
    undone = as_json("plan", "undo", str(done["plan"]))
    assert undone["removed"]["person"] == 1
    assert as_json("plan", "show", str(done["plan"]))["state"] == "undone"


def test_without_a_yes_nothing_is_applied(demo_home: Path, tmp_path: Path, command: Any) -> None:
    file = tmp_path / "staff.csv"
    file.write_text(STAFF)
    status, _out, err = command("import", str(file), "--as", "staff", "--source", "other", *SCHOOL)
    assert status == 1
    number = re.search(r"plan apply (\d+)", err)
    assert number
    assert command("plan", "apply", number[1])[0] == 0
    assert "Wauters" in command("access", *SCHOOL)[1]
    assert command("plan", "apply", number[1])[0] == 1


def test_records_come_on_standard_input(
    demo_home: Path, as_json: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, STAFF.encode("cp1252"))
    done = as_json("import", "-", "--as", "staff", "--source", "other", *SCHOOL, "--yes")
    assert done["created"]["people"] == 1


def test_a_file_that_is_none_changes_nothing(demo_home: Path, tmp_path: Path, command: Any) -> None:
    file = tmp_path / "staff.csv"
    file.write_bytes(b"%PDF-1.7 and more")
    status, out, err = command("import", str(file), "--as", "staff", *SCHOOL, "--yes", "--json")
    assert status == 1
    result = json.loads(out)
    assert result["refused"]
    assert not result["applied"]
    assert err


def test_plans_are_listed_the_newest_first(demo_home: Path, command: Any, as_json: Any) -> None:
    listed = as_json("plan", "list")
    numbers = [plan["plan"] for plan in listed]
    assert numbers == sorted(numbers, reverse=True)
    status, out, _err = command("plan", "list")
    assert status == 0
    assert len(out.splitlines()) == len(listed) + 1
    assert command("plan", "show", str(numbers[0]))[1]


# --- access -----------------------------------------------------------------------------


def test_access_is_as_the_contract_has_it(demo_home: Path, as_json: Any) -> None:
    rows = as_json("access", *SCHOOL)
    assert list(rows[0]) == [
        "person", "surname", "first_name", "function", "role", "email", "email_source",
        "consent", "status", "since", "reason",
    ]  # fmt: skip
    assert {row["status"] for row in rows} == set(STATUS_CODES) - {"ended"}
    assert all(row["email"] == "" for row in rows if row["consent"] != "signed")
    bounced = as_json("access", *SCHOOL, "--status", "bounced")
    assert {row["surname"] for row in bounced} == {"Lejeune", "Simon"}
    before = as_json("access", *SCHOOL, "--year", "2025-26", "--on", "2026-08-01")
    assert {row["status"] for row in before} == {"active"}


def test_no_address_leaves_without_consent(
    demo_home: Path, command: Any, as_json: Any, tmp_path: Path
) -> None:
    from models.database import SYSTEM, make_engine, reading
    from services import team_access
    from services.lookup import team
    from tests.demo_home import AT

    engine = make_engine(f"sqlite:///{demo_home / 'data' / 'trousseau.db'}")
    with reading(engine, SYSTEM, AT) as session:
        where = team(session, "98101")
        rows = team_access.status_rows(session, where.school_id, where.school_year_id)
    engine.dispose()
    hidden = {row.email for row in rows if row.email and row.consent != "signed"}
    assert len(hidden) > 3
    told = [command(what, *SCHOOL)[1] for what in ("access", "invitations")]
    told += [command(what, *SCHOOL, "--json")[1] for what in ("access", "invitations")]
    told.append(command("access", *SCHOOL, "--csv")[1])
    for kind in ("access", "consents", "invitations"):
        told.append(command("export", kind, *SCHOOL, "-o", "-")[1])
    for text in told:
        assert text
        assert not [address for address in hidden if address in text]


def test_csv_is_safe_and_complete(demo_home: Path, command: Any) -> None:
    status, out, _err = command("access", *SCHOOL, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert len(rows) > 30
    assert {row["surname"] for row in rows} >= {"D’Hondt", "Nguyễn"}


def test_exports_open_in_a_spreadsheet(demo_home: Path, command: Any, tmp_path: Path) -> None:
    for kind in ("access", "consents", "invitations"):
        file = tmp_path / f"{kind}.csv"
        assert command("export", kind, *SCHOOL, "-o", str(file))[0] == 0
        content = file.read_text(encoding="utf-8")
        assert content.startswith("\ufeff")
        assert len(list(csv.reader(io.StringIO(content), delimiter=";"))) > 10
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("school", ["12345", "Saint-Aubert", "federation:none", "98111", ""])
def test_an_unknown_school_is_told(demo_home: Path, command: Any, school: str) -> None:
    status, out, err = command("access", "--school", school, "--json")
    assert (status, out) == (1, "")
    assert err


def test_an_unknown_status_is_a_mistake_in_the_arguments(demo_home: Path, command: Any) -> None:
    assert command("access", *SCHOOL, "--status", "happy")[0] == 2


# --- consents, invitations, mail --------------------------------------------------------


def test_from_the_form_to_the_mail_and_back(
    demo_home: Path,
    as_json: Any,
    command: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mail_server: MailServer,
) -> None:
    listed = as_json("consent", "list", *SCHOOL)
    assert list(listed[0]) == ["reference", "person", "surname", "first_name", "email", "state"]
    (ines,) = [row for row in listed if row["surname"] == "Lambrecht"]
    assert ines["state"] == "missing"
    pdf = tmp_path / "form.pdf"
    person = str(ines["person"])
    assert command("consent", "form", *SCHOOL, "--person", person, "-o", str(pdf))[0] == 0
    assert pdf.read_bytes().startswith(b"%PDF")
    line = f"reference,signed_on,email\n{ines['reference']},2026-11-19,\nnonsense,2026-11-19,\n"
    type_in(monkeypatch, line.encode())
    recorded = as_json("consent", "record", "-")
    assert (recorded["record"], recorded["refused"]) == (1, 1)
    dry = as_json("invite", *SCHOOL, "--person", person, "--dry-run")
    assert (dry["queued"], dry["confirmed"]) == (1, 0)
    assert as_json("access", *SCHOOL, "--status", "queued")[0]["surname"] == "Piette"
    invited = as_json("invite", *SCHOOL, "--person", person)
    assert set(invited) >= {"queued", "confirmed", "left_out"}
    monkeypatch.setenv("TROUSSEAU_MAIL_URL", mail_server.url)
    sent = as_json("send")
    assert set(sent) == {
        "sent", "retry", "refused", "uncertain", "held", "remaining", "seconds"
    }  # fmt: skip
    assert (sent["sent"], sent["remaining"]) == (3, 0)
    recipients = {message.recipients[0] for message in mail_server.messages}
    assert "ines.lambrecht@courriel.example" in recipients
    _check_invitation(as_json, "sent")
    bounce = _bounce_for(mail_server, "ines.lambrecht@courriel.example")
    type_in(monkeypatch, bounce)
    assert as_json("bounces", "-") == {"read": 1, "bounced": 1, "known": 0, "ignored": 0}
    _check_invitation(as_json, "bounced")
    assert as_json("consent", "withdraw", *SCHOOL, "--person", person) == {"withdrawn": 1}
    assert as_json("access", *SCHOOL, "--status", "no_consent")


def _check_invitation(as_json: Any, state: str) -> None:
    rows = as_json("invitations", *SCHOOL)
    (row,) = [row for row in rows if row["surname"] == "Lambrecht"]
    assert (row["state"], row["generation"]) == (state, 1)
    assert as_json("access", *SCHOOL, "--status", state)


def _bounce_for(server: MailServer, recipient: str) -> bytes:
    """Return what the recipient's server would send back to the envelope sender."""
    (sender,) = {m.sender for m in server.messages if m.recipients == [recipient]}
    return (
        f"To: {sender}\r\nFrom: MAILER-DAEMON@courriel.example\r\nSubject: Undelivered\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    ).encode()


def test_a_list_of_consents_that_is_none_is_refused(
    demo_home: Path, command: Any, tmp_path: Path
) -> None:
    file = tmp_path / "consents.csv"
    file.write_text("name,date\nx,y\n")
    status, out, err = command("consent", "record", *SCHOOL, str(file), "--json")
    assert (status, out) == (1, "")
    assert "reference" in err


def test_mail_goes_into_the_embedded_folder(demo_home: Path, as_json: Any) -> None:
    assert as_json("send", "--limit", "1")["sent"] == 1
    assert len(list((demo_home / "data" / "mail" / "new").iterdir())) == 1


# --- accounts ---------------------------------------------------------------------------


def test_an_account_signs_in_with_the_password_of_standard_input(
    demo_home: Path, as_json: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.console import Door

    type_in(monkeypatch, f"{PASSWORD}\n".encode())
    as_json("account", "add", "new@saint-aubert.example", "--role", "director", "--school", "98101")
    rows = as_json("account", "list")
    (row,) = [row for row in rows if row["email"] == "new@saint-aubert.example"]
    assert row["roles"] == [{"role": "director", "school": "Institut Saint-Aubert"}]
    entered = Door().sign_in("new@saint-aubert.example", PASSWORD).entered
    assert entered is not None and entered.workplace.role == "director"
    entered.workplace.desk.engine.dispose()


def test_roles_are_given_and_end_and_an_account_is_closed(
    demo_home: Path, command: Any, as_json: Any
) -> None:
    email, school = "direction@saint-aubert.example", ("--school", "98102")
    account = next(row for row in as_json("account", "list") if row["email"] == email)["account"]
    # No password is asked for: the account has one, or has it made by "forgotten password".
    added = as_json("account", "add", email, "--role", "coordinator", *school)
    assert added == {"account": account, "new": False}
    assert as_json("account", "role", "add", email, "--role", "head", *school)
    assert command("account", "role", "add", email, "--role", "head", *school)[0] == 1

    def roles() -> list[str]:
        rows = as_json("account", "list")
        (row,) = [row for row in rows if row["email"] == email]
        return [role["role"] for role in row["roles"]]

    assert roles() == ["director", "coordinator", "head"]
    assert as_json("account", "role", "end", email, "--role", "head") == {"ended": 1}
    assert roles() == ["director", "coordinator"]
    for what, key in (("disable", "disabled"), ("enable", "enabled")):
        assert as_json("account", what, email) == {key: True}
        assert as_json("account", what, email) == {key: False}
    assert as_json("account", "unlock", email) == {"unlocked": False}
    for what in ("disable", "enable", "unlock"):
        status, out, err = command("account", what, "nobody@x.example")
        assert (status, out) == (1, "") and "nobody@x.example" in err


def test_an_account_without_a_password_has_one_made(demo_home: Path, as_json: Any) -> None:
    added = as_json("account", "add", "neuf@x.example", "--role", "helpdesk", "--no-password")
    assert added["new"]


def test_the_password_is_asked_for_twice_on_a_terminal(demo_home: Path) -> None:
    answers = [PASSWORD, PASSWORD + "x"]
    shown = _on_a_terminal(
        ["account", "add", "new@saint-aubert.example", "--role", "helpdesk"], answers
    )
    assert PASSWORD not in shown
    assert "new@saint-aubert.example" not in shown


def _on_a_terminal(arguments: list[str], answers: list[str]) -> str:
    """Run the command on a terminal of its own, answer its questions, return what it shows."""
    process, terminal = pty.fork()
    if not process:
        program = Path(sys.executable).parent / "trousseau"
        os.execv(program, [str(program), *arguments])
    shown = b""
    try:
        while True:
            shown += os.read(terminal, 4096)
            if answers and shown.endswith(b": "):
                os.write(terminal, f"{answers.pop(0)}\n".encode())
    except OSError:  # the terminal closes with the program
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1
    return shown.decode()


@pytest.mark.parametrize(
    ("password", "arguments"),
    [
        ("too short", ["new@saint-aubert.example", "--role", "helpdesk"]),
        (PASSWORD, ["new@saint-aubert.example", "--role", "director"]),
        (PASSWORD, ["not an address", "--role", "helpdesk"]),
        (PASSWORD, ["new@saint-aubert.example", "--role", "king"]),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    demo_home: Path,
    command: Any,
    as_json: Any,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
    arguments: list[str],
) -> None:
    before = as_json("account", "list")
    type_in(monkeypatch, f"{password}\n".encode())
    status, out, err = command("account", "add", *arguments)
    assert (status, out) == (1, "")
    assert password not in err
    assert as_json("account", "list") == before


# --- the installation -------------------------------------------------------------------


def test_backup_and_restore(demo_home: Path, command: Any, as_json: Any, tmp_path: Path) -> None:
    before = as_json("access", *SCHOOL)
    assert command("db", "backup", str(tmp_path / "b.db"))[0] == 0
    assert as_json("invite", *SCHOOL)["queued"] == 2
    assert as_json("access", *SCHOOL) != before
    assert command("db", "restore", str(tmp_path / "b.db"))[0] == 2  # nobody can be asked
    assert command("db", "restore", str(tmp_path / "b.db"), "--yes")[0] == 0
    assert as_json("access", *SCHOOL) == before
    assert command("db", "verify")[0] == 0


def test_a_new_installation_makes_itself(command: Any, as_json: Any, home: Path) -> None:
    assert as_json("account", "list") == []
    assert (home / "data" / "trousseau.db").exists()
    assert command("db", "upgrade")[0] == 0
    assert all(check["state"] == "good" for check in as_json("db", "verify"))


def test_the_doctor_changes_nothing(as_json: Any, home: Path) -> None:
    checks = as_json("doctor")
    assert {"key", "database", "mail", "terminal"} <= {check["check"] for check in checks}
    assert not home.exists()


def test_the_doctor_sees_what_is_wrong(
    demo_home: Path, as_json: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (demo_home / "data").chmod(0o755)
    monkeypatch.setenv("TROUSSEAU_MAIL_URL", "gopher://mail")
    checks = {check["check"]: check["state"] for check in as_json("doctor", status=1)}
    assert (checks["data"], checks["mail"]) == ("wrong", "wrong")


def test_a_wrong_setting_is_told_by_its_name(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUSSEAU_TOKEN_DAYS", "many")
    status, out, err = command("access", *SCHOOL)
    assert (status, out) == (1, "")
    assert "TROUSSEAU_TOKEN_DAYS" in err
