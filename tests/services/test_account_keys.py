"""Keys of accounts: what is accepted, whose they are, and what sshd is told of them."""

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col

from models.accounts import Account
from models.database import SYSTEM, Actor, OutOfScope, change, reading, writing
from models.key_lookup import live_key
from models.ssh_keys import KeyRefused, fingerprint, parse_public_key
from services import account_keys
from services.account_keys import NoSuchKey
from services.accounts import add_account

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def part(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def line(kind: str, *parts: bytes, comment: str = "") -> str:
    blob = b"".join(part(each) for each in (kind.encode(), *parts))
    return f"{kind} {base64.b64encode(blob).decode()} {comment}".strip()


def ed25519(number: int = 1, comment: str = "") -> str:
    return line("ssh-ed25519", bytes([number]) * 32, comment=comment)


def rsa(bits: int) -> str:
    return line("ssh-rsa", b"\x01\x00\x01", b"\x00" + (2 ** (bits - 1) + 1).to_bytes(bits // 8))


@pytest.fixture
def accounts_of_two(engine: Any) -> tuple[int, int]:
    with writing(engine, SYSTEM, NOW) as session:
        return (
            add_account(session, "anne@ecole.example", "helpdesk", password_hash=None),
            add_account(session, "paul@ecole.example", "helpdesk", password_hash=None),
        )


# --- what is accepted -------------------------------------------------------------------


@pytest.mark.parametrize(
    "good",
    [
        ed25519(),
        rsa(3_072),
        line("ecdsa-sha2-nistp256", b"nistp256", b"\x04" + b"a" * 64),
        line("ecdsa-sha2-nistp521", b"nistp521", b"\x04" + b"a" * 132),
        line("sk-ssh-ed25519@openssh.com", b"a" * 32, b"ssh:"),
        line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"\x04" + b"a" * 64, b"ssh:"),
    ],
    ids=lambda text: text.split()[0],
)
def test_the_usual_keys_are_accepted(good: str) -> None:
    key = parse_public_key(f"  {good} anne@portable \n")
    assert (key.kind, key.key, key.comment) == (*good.split(), "anne@portable")
    assert key.fingerprint == fingerprint(base64.b64decode(key.key))


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    path = tmp_path / "key"
    try:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    except FileNotFoundError:
        pytest.skip("there is no ssh-keygen to compare with")
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", path], check=True, capture_output=True, text=True
    ).stdout
    assert parse_public_key(path.with_suffix(".pub").read_text()).fingerprint == told.split()[1]


@pytest.mark.parametrize(
    ("bad", "because"),
    [
        ("", "Give one public key"),
        (f"{ed25519(1)}\n{ed25519(2)}", "Give one public key"),
        ("x" * 9_000, "Give one public key"),
        (f'command="sh" {ed25519()}', "begins with its kind"),
        (line("ssh-dss", b"a"), "begins with its kind"),
        (line("ssh-ed25519-cert-v01@openssh.com", b"a"), "begins with its kind"),
        (rsa(2_048), "3072 bits"),
        (ed25519()[:-8], "damaged"),
        ("ssh-ed25519 !!!!", "damaged"),
        (ed25519().replace("ssh-ed25519", "ssh-rsa"), "damaged"),
        (line("ecdsa-sha2-nistp256", b"nistp384", b"\x04" + b"a" * 96), "damaged"),
        (line("ecdsa-sha2-nistp256", b"nistp256", b"\x02" + b"a" * 32), "damaged"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n", "private half"),
    ],
)
def test_what_is_no_acceptable_key_is_refused_in_words(bad: str, because: str) -> None:
    with pytest.raises(KeyRefused) as refused:
        parse_public_key(bad)
    assert because in refused.value.wording.message % {"bits": 3072, "kinds": ""}
    assert "b3BlbnNzaC1r" not in str(refused.value)


def test_a_comment_is_made_safe() -> None:
    assert "\x1b" not in parse_public_key(ed25519(comment="\x1b]0;x\x07 anne")).comment


# --- whose they are ---------------------------------------------------------------------


def test_a_key_is_added_found_and_removed(engine: Any, accounts_of_two: tuple[int, int]) -> None:
    anne, _paul = accounts_of_two
    with writing(engine, SYSTEM, NOW) as session:
        added = account_keys.add_key(session, anne, ed25519(comment="portable"))
    assert added.name == "portable"
    with writing(engine, SYSTEM, LATER) as session:
        found = account_keys.find_by_fingerprint(session, added.fingerprint)
        assert found is not None and found.account_id == anne and found.id is not None
        account_keys.note_use(session, found.id)
    with reading(engine, SYSTEM, LATER) as session:
        (row,) = account_keys.keys_of(session, anne)
        assert (row.id, row.last_used_at) == (added.id, LATER)
    with writing(engine, SYSTEM, LATER) as session:
        account_keys.remove_key(session, anne, added.fingerprint)
    with reading(engine, SYSTEM, LATER) as session:
        assert account_keys.find_by_fingerprint(session, added.fingerprint) is None
        assert account_keys.keys_of(session, anne) == []


def test_a_key_belongs_to_one_account_at_a_time(
    engine: Any, accounts_of_two: tuple[int, int]
) -> None:
    anne, paul = accounts_of_two
    with writing(engine, SYSTEM, NOW) as session:
        row = account_keys.add_key(session, anne, ed25519())
        for account, because in ((anne, "this account already"), (paul, "in use already")):
            with pytest.raises(KeyRefused) as refused:
                account_keys.add_key(session, account, ed25519())
            assert because in refused.value.wording.message
        with pytest.raises(NoSuchKey):
            account_keys.remove_key(session, paul, row.id)
        account_keys.remove_key(session, anne, row.id)
        assert account_keys.add_key(session, paul, ed25519()).id != row.id


def test_there_are_not_more_keys_than_computers(
    engine: Any, accounts_of_two: tuple[int, int]
) -> None:
    with writing(engine, SYSTEM, NOW) as session:
        for number in range(account_keys.MOST_KEYS):
            account_keys.add_key(session, accounts_of_two[0], ed25519(number))
        with pytest.raises(KeyRefused):
            account_keys.add_key(session, accounts_of_two[0], ed25519(200))


def test_ones_own_keys_are_changed_without_the_right_to_change_accounts(
    engine: Any, accounts_of_two: tuple[int, int]
) -> None:
    anne, paul = accounts_of_two
    teacher = Actor("anne@ecole.example", "staff", frozenset(), anne)
    with pytest.raises(OutOfScope), writing(engine, teacher, NOW) as session:
        account_keys.add_key(session, anne, ed25519())
    with writing(engine, SYSTEM, NOW) as session:
        row = account_keys.add_key(session, anne, ed25519(), "portable")
    assert account_keys.own_keys(engine, lambda: NOW, teacher) == [row]
    other = Actor("paul@ecole.example", "staff", frozenset(), paul)
    with pytest.raises(NoSuchKey):
        account_keys.remove_own_key(engine, lambda: NOW, other, row.id)
    account_keys.remove_own_key(engine, lambda: NOW, teacher, row.id)
    assert account_keys.own_keys(engine, lambda: NOW, teacher) == []


def test_an_account_is_found_by_its_address(engine: Any, accounts_of_two: tuple[int, int]) -> None:
    with reading(engine, SYSTEM, NOW) as session:
        assert account_keys.account_named(session, "Anne@Ecole.example") == accounts_of_two[0]
        for address in ("nobody@ecole.example", "no address"):
            with pytest.raises(NoSuchKey):
                account_keys.account_named(session, address)


# --- what sshd is told ------------------------------------------------------------------


def test_sshd_is_told_live_keys_of_live_accounts_and_nothing_else(
    engine: Any, database_url: str, accounts_of_two: tuple[int, int]
) -> None:
    with writing(engine, SYSTEM, NOW) as session:
        anne, paul = (
            account_keys.add_key(session, account, ed25519(account)) for account in accounts_of_two
        )
    assert live_key(database_url, anne.fingerprint) == tuple(ed25519(accounts_of_two[0]).split())
    for stranger in ("SHA256:" + "A" * 43, "", "' OR 1=1 --", "%", anne.fingerprint.lower()):
        assert live_key(database_url, stranger) is None
    with writing(engine, SYSTEM, NOW) as session:
        account_keys.remove_key(session, accounts_of_two[0], anne.id)
        change(session, Account, col(Account.id) == accounts_of_two[1], disabled_at=NOW)
    assert live_key(database_url, anne.fingerprint) is None
    assert live_key(database_url, paul.fingerprint) is None
