"""Importing and exporting through a real sshd, as the account whose key it is."""

import csv
import io
import json
from pathlib import Path

from models.keys import Key
from models.tokens import make_token
from tests.ssh.server import PASSWORD, SshServer

Keys = dict[str, Path]
STAFF = """\
Nom;Prénom;Date de naissance;Sexe;E-mail privé;Fonction;Date d'entrée;Présence administrative
Mertens;Aline;02/05/1980;F;aline.mertens@courriel.example;Enseignante;01/09/2010;x
""".encode()


def test_a_director_exports_the_team(server: SshServer, keys: Keys) -> None:
    answer = server.ask(keys["director"], "export access")
    assert answer.status == 0, answer.err
    rows = list(csv.DictReader(io.StringIO(answer.out.decode()), delimiter=";"))
    assert {"Lambert", "Delvaux"} <= {row["surname"] for row in rows}


def test_lists_come_as_json(server: SshServer, keys: Keys) -> None:
    for command in ("access", "consent list", "invitations"):
        answer = server.ask(keys["director"], f"{command} --json")
        assert answer.status == 0, answer.err
        assert json.loads(answer.out)


def test_workshops_are_followed_by_whoever_sees_them(server: SshServer, keys: Keys) -> None:
    answer = server.ask(keys["director"], "workshop check-date 2027-03-15 --json")
    assert answer.status == 0, answer.err
    found = json.loads(answer.out)
    assert (found["fase"], len(found["plan"])) == (98101, 7)
    everywhere = json.loads(server.ask(keys["helpdesk"], "workshop list --json").out)
    (elsewhere, *_) = [row for row in everywhere if row["school"] != found["school"]]
    shown = server.ask(keys["helpdesk"], f"workshop show {elsewhere['reference']} --json")
    assert json.loads(shown.out)["title"] == elsewhere["title"]
    hidden = server.ask(keys["director"], f"workshop attendance {elsewhere['reference']}")
    assert (hidden.status, hidden.out) == (1, b"")


def test_a_head_fetches_what_is_in_the_reading_room_and_nobody_else(
    server: SshServer, keys: Keys
) -> None:
    answer = server.ask(keys["head"], "document list --unread --json")
    assert answer.status == 0, answer.err
    rows = {row["media"]: row for row in json.loads(answer.out)}
    assert rows.keys() == {"markdown", "text", "file"}
    number = rows["file"]["document"]
    got = server.ask(keys["head"], f"document get {number}")
    assert (got.status, got.err) == (0, "")
    assert got.out.startswith("Poste;Prévu;Réel\r\n".encode("cp1252"))
    refused = server.ask(keys["head"], f"document get {number} -o x")
    assert refused.status != 0 and refused.out == b""
    hidden = server.ask(keys["director"], f"document get {number}")
    assert hidden.status != 0 and hidden.out == b""


#: What the console shows to a head without an account, of the only file that is for download.
_CODE = """
import json
from datetime import UTC, datetime
from models.database import Actor
from models.keys import load_key
from services import document_codes, reading_room
from services.desk import Desk
from services.opening import open_database
from tui.settings import load_settings

settings, at = load_settings(), datetime.now(UTC)
engine = open_database(settings.database(), embedded=True, at=at)
head = Desk(engine, Actor("head", "head", frozenset({1}), headship_id=1), lambda: at)
rows = head.read(reading_room.all_rows, reading_room.RoomQuery())
(file,) = [row for row in rows if row.media == "file"]
key = load_key(settings.folders.key_file)
print(head.read(document_codes.code_for, key, file.id, file.version).text, end="")
"""


def test_whoever_has_a_code_fetches_that_file_and_has_no_account(
    server: SshServer, keys: Keys, tmp_path: Path
) -> None:
    code = server.python("-c", _CODE)
    knock = tmp_path / "knock"
    knock.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    knock.chmod(0o700)
    without_key = {"SSH_ASKPASS": str(knock), "SSH_ASKPASS_REQUIRE": "force"}
    for key, told in ((keys["shared"], {}), (None, without_key)):
        before = server.noted
        got = server.ask(key, f"document fetch {code}", environment=told)
        assert (got.status, got.err) == (0, "")
        assert got.out.startswith("Poste;Prévu;Réel\r\n".encode("cp1252"))
        lines = [json.loads(line) for line in server.noted[len(before) :].splitlines()]
        assert [line["outcome"] for line in lines] == ["begun", "fetched", "done"]
        assert lines[1]["version"] > 0 and "account" not in lines[0]
    other = make_token(Key(bytes(32)), "download", 1, 1)
    for asked, status in (
        (f"document fetch {code[:-1]}", 1),
        (f"document fetch {other}", 1),
        (f"document fetch {code} -o x", 2),
        ("document get 1", 2),
        ("document list --json", 2),
    ):
        refused = server.ask(keys["shared"], asked)
        assert (refused.status, refused.out) == (status, b"") and refused.err, asked
    assert code[7:] not in server.noted + server.told


def test_a_staff_list_comes_by_standard_input(server: SshServer, keys: Keys) -> None:
    shown = server.ask(keys["helpdesk"], "import staff - --school 98102 --dry-run --json",
                       input=STAFF)  # fmt: skip
    assert shown.status == 0, shown.err
    assert json.loads(shown.out)["applied"] is False
    done = server.ask(keys["helpdesk"], "import staff --school=98102 --yes --json --confirm 98102",
                      input=STAFF)  # fmt: skip
    assert done.status == 0, done.err
    result = json.loads(done.out)
    assert result["applied"] and result["created"]["people"] == 1
    made = json.loads(server.trousseau("plan", "list", "--json"))
    assert {plan["actor"] for plan in made if plan["plan"] == result["plan"]} == {
        "helpdesk@ssh.example"
    }


def test_the_administrator_gives_and_takes_a_key(server: SshServer, tmp_path: Path) -> None:
    key = server.keygen(tmp_path / "new")
    assert server.ask(key, "access --json").status == 255
    public = key.with_suffix(".pub").read_bytes()
    server.trousseau("account", "key", "add", "director@ssh.example", input=public)
    listed = json.loads(
        server.trousseau("account", "key", "list", "director@ssh.example", "--json")
    )
    assert server.ask(key, "access --json").status == 0
    used = json.loads(server.trousseau("account", "key", "list", "director@ssh.example", "--json"))
    assert (listed[0]["last_used_at"], used[0]["last_used_at"] is None) == (None, False)
    server.trousseau("account", "key", "remove", "director@ssh.example", str(used[0]["key"]))
    assert server.ask(key, "access --json").status == 255


def test_who_has_several_roles_says_as_which(server: SshServer, keys: Keys) -> None:
    vague = server.ask(keys["two"], "export access")
    assert vague.status == 2 and "--as coordinator | director" in vague.err
    answer = server.ask(keys["two"], "access --as coordinator --json")
    assert answer.status == 0, answer.err
    assert "Delvaux" not in answer.out.decode()
    # Only one of the two roles may change a team at all.
    planned = server.ask(keys["two"], "import staff --dry-run --json", input=STAFF)
    assert planned.status == 0, planned.err
