"""Passwords: what is refused, and that a hash fits its password and no other."""

import fcntl
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from services.passwords import LONGEST, SHORTEST, Hasher, PasswordRefused, check_password

GOOD = "quatre tortues lisent Kant"


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "x9!kQz&81_vv#Qd",
        "une phrase avec ses espaces",
        "我喜欢在学校的图书馆里读很多书啊",
        GOOD * 4,
    ],
)
def test_what_is_hard_to_guess_is_taken(password: str) -> None:
    check_password(password, "anne.lambert@ecole.example")


@pytest.mark.parametrize(
    "password",
    [
        "a" * SHORTEST,
        "123456789012345",
        "password12345678",
        "MotDePasseMotDePasse",
        "azertyuiop12345",
        "trousseau trousseau",
        "Trousseau2026!!",
        "anne.lambert@ecole.example",
        "lambert lambert 1",
        "                    ",
    ],
)
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        check_password(password, "anne.lambert@ecole.example")


def test_length_is_counted_in_characters_as_they_are_compared() -> None:
    exactly = GOOD[:SHORTEST]
    check_password(exactly)
    with pytest.raises(PasswordRefused):
        check_password(exactly[:-1])
    with pytest.raises(PasswordRefused):
        check_password(unicodedata.normalize("NFD", "é" * (SHORTEST - 1)))
    check_password((GOOD * LONGEST)[:LONGEST])
    with pytest.raises(PasswordRefused):
        check_password((GOOD * LONGEST)[: LONGEST + 1])


def test_the_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(PasswordRefused) as refused:
        check_password("hunter2")
    assert "hunter2" not in refused.value.wording.text()


@pytest.mark.usefixtures("true_hashes")
def test_a_hash_fits_its_password_and_no_other(tmp_path: Path) -> None:
    hasher = Hasher(tmp_path)
    stored = hasher.hash(GOOD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.fits(stored, GOOD)
    assert not hasher.fits(stored, GOOD + " ")
    assert not hasher.fits(stored, GOOD * LONGEST)
    assert not hasher.fits(None, GOOD)
    assert not hasher.fits("not a hash", GOOD)


def test_composed_and_decomposed_letters_are_the_same_password(tmp_path: Path) -> None:
    hasher = Hasher(tmp_path)
    stored = hasher.hash(unicodedata.normalize("NFD", "une clé très cachée"))
    assert hasher.fits(stored, unicodedata.normalize("NFC", "une clé très cachée"))


def test_an_unknown_address_costs_a_hash(tmp_path: Path) -> None:
    """The lock of a turn is taken although there is nothing to compare."""
    hasher = Hasher(tmp_path)
    hasher.fits(None, GOOD)
    assert len(list(tmp_path.glob("password-*.lock"))) == 2


def test_no_third_hash_at_once(tmp_path: Path) -> None:
    """While two processes hold both turns, a third waits until one is given back."""
    Hasher(tmp_path).hash(GOOD)  # makes the lock files
    held = [os.open(path, os.O_RDWR) for path in sorted(tmp_path.glob("password-*.lock"))]
    for handle in held:
        fcntl.flock(handle, fcntl.LOCK_EX)
    program = (
        "import sys; from pathlib import Path; from services.passwords import Hasher\n"
        "print('ready', flush=True)\n"
        f"Hasher(Path({str(tmp_path)!r})).hash('x'); print('hashed', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as third:
        assert third.stdout is not None
        assert third.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            third.wait(timeout=0.5)
        for handle in held:
            os.close(handle)
        assert third.stdout.readline() == "hashed\n"
