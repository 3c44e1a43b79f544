"""Tokens, marks for bounces and the key they come from."""

import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import TrousseauError
from models.keys import Key, KeyRefused, load_key
from models.tokens import (
    ALPHABET,
    MAX_ROW_ID,
    TokenMistyped,
    is_nearly_token,
    make_token,
    mark_for_bounce,
    mark_for_message,
    matching_generation,
    parse_token,
    read_bounce_mark,
)

KEY = Key(bytes(range(32)))
OTHER_KEY = Key(bytes(range(1, 33)))
rows = st.integers(0, MAX_ROW_ID)
generations = st.integers(1, 10_000)


def flat(token: str) -> str:
    return token.replace("-", "")


@given(rows, generations)
def test_a_token_reads_back_and_matches_its_generation_only(row: int, generation: int) -> None:
    token = make_token(KEY, "invitation", row, generation)
    parsed = parse_token(token)
    assert parsed.row_id == row
    assert matching_generation(KEY, "invitation", parsed, generation) == generation
    assert matching_generation(KEY, "invitation", parsed, generation + 3) == generation
    assert matching_generation(KEY, "invitation", parsed, generation - 1) is None
    assert matching_generation(KEY, "password", parsed, generation) is None
    assert matching_generation(OTHER_KEY, "invitation", parsed, generation) is None


def test_a_token_has_five_groups_of_five_plain_letters_and_never_changes() -> None:
    token = make_token(KEY, "invitation", 123_456_789, 2)
    groups = token.split("-")
    assert [len(group) for group in groups] == [5] * 5
    assert set(flat(token)) <= set(ALPHABET)
    # Fixed for ever: a changed computation would make every mailed token worthless.
    assert token == "3NQK8-NX0HQ-H7AP5-8T87R-A52CJ"


@given(rows, generations, st.integers(0, 24), st.integers(1, 31))
def test_every_wrong_character_is_found(row: int, generation: int, place: int, by: int) -> None:
    text = flat(make_token(KEY, "invitation", row, generation))
    wrong = ALPHABET[(ALPHABET.index(text[place]) + by) % 32]
    with pytest.raises(TokenMistyped):
        parse_token(text[:place] + wrong + text[place + 1 :])


@given(rows, generations, st.integers(0, 23))
def test_every_swap_of_neighbours_is_found(row: int, generation: int, place: int) -> None:
    text = flat(make_token(KEY, "invitation", row, generation))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if swapped != text:
        with pytest.raises(TokenMistyped):
            parse_token(swapped)


@pytest.mark.parametrize(
    "spell",
    [
        str.lower,
        flat,
        lambda token: "  " + token.replace("-", " ") + "\r\n",
        lambda token: token.replace("-", "\u00a0"),
        lambda token: token.replace("-", "\u2011"),
        lambda token: token.replace("-", "\u2013"),
        lambda token: "\u200b".join(token) + "\ufeff",
        lambda token: token.replace("0", "O").replace("1", "l"),
        lambda token: token.replace("0", "o").replace("1", "I"),
    ],
)
def test_spaces_hyphens_case_and_look_alikes_do_not_matter(spell) -> None:  # type: ignore[no-untyped-def]
    for row in (0, 1, 32, MAX_ROW_ID):
        token = make_token(KEY, "invitation", row, 1)
        assert parse_token(spell(token)) == parse_token(token)


@pytest.mark.parametrize("text", ["", "A", "U" * 25, "é" * 25, "0" * 26, "0" * 24, "x" * 100_000])
def test_what_is_no_token_is_called_mistyped(text: str) -> None:
    with pytest.raises(TokenMistyped) as caught:
        parse_token(text)
    assert isinstance(caught.value, TrousseauError)
    assert caught.value.wording.text("en")


def test_a_row_that_does_not_fit_is_refused() -> None:
    for row in (-1, MAX_ROW_ID + 1):
        with pytest.raises(ValueError):
            make_token(KEY, "invitation", row, 1)


def test_secrets_do_not_show() -> None:
    token = make_token(KEY, "invitation", 7, 1)
    shown = repr(KEY) + str(KEY) + repr(parse_token(token))
    assert parse_token(token).mac not in shown
    assert repr(KEY.secret) not in shown
    assert KEY.secret.hex() not in shown
    assert KEY.fingerprint != OTHER_KEY.fingerprint


@given(st.integers(1, 2**62), st.integers(1, 999_999_999))
def test_a_bounce_mark_reads_back_in_any_case(row: int, generation: int) -> None:
    mark = mark_for_bounce(KEY, row, generation)
    assert len(mark) <= 64, "RFC 5321 limits a local part to 64 octets"
    for spelt in (mark, mark.upper(), f"{mark}@mail.example.be", f" {mark}@X "):
        assert read_bounce_mark(KEY, spelt) == (row, generation)
    assert read_bounce_mark(OTHER_KEY, mark) is None


def test_a_bounce_mark_of_somebody_else_is_not_believed() -> None:
    mark = mark_for_bounce(KEY, 12, 3)
    mac = mark.rsplit(".", 1)[1]
    forged = [f"b+13.3.{mac}", f"b+12.4.{mac}", f"b+012.3.{mac}", f"b+12.3.{mac}x", "b+12.3.", ""]
    forged += [f"b+١٢.3.{mac}", "x" * 100_000, mark.replace("+", "=")]
    assert [read_bounce_mark(KEY, text) for text in forged] == [None] * len(forged)


def test_a_message_mark_is_stable_and_is_no_bounce_mark() -> None:
    mark = mark_for_message(KEY, "invitation", 12, 3)
    assert mark == mark_for_message(KEY, "invitation", 12, 3)
    assert mark != mark_for_message(KEY, "invitation", 12, 4)
    assert mark_for_bounce(KEY, 12, 3).rsplit(".", 1)[1] not in mark


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key"
    key = load_key(path)
    assert load_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == key.secret
    assert [found.name for found in path.parent.iterdir()] == ["key"]


def _fingerprint(path: Path) -> str:
    return load_key(path).fingerprint


def test_processes_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        for i in range(10):
            assert len(set(pool.map(_fingerprint, [tmp_path / f"key{i}"] * 8, chunksize=1))) == 1


def test_a_doubtful_key_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_key(path)
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(KeyRefused) as caught:
            load_key(path)
        assert f"{mode:o}" in caught.value.wording.text("en")
    path.chmod(0o600)
    for content in (b"", b"x" * 31, b"x" * 33):
        path.write_bytes(content)
        with pytest.raises(KeyRefused):
            load_key(path)
        assert path.read_bytes() == content


def test_links_folders_pipes_and_absence_are_refused(tmp_path: Path) -> None:
    load_key(tmp_path / "key")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "folder", "pipe"):
        with pytest.raises(KeyRefused):
            load_key(tmp_path / name)
    with pytest.raises(KeyRefused):
        load_key(tmp_path / "absent", create=False)
    assert not (tmp_path / "absent").exists()


# --- nearly a token -----------------------------------------------------------------------


@pytest.mark.parametrize("slip", [0, 7, 13, 24])
def test_a_slip_is_known_from_another_password(slip: int) -> None:
    plain = make_token(KEY, "headnet", 7, 2).replace("-", "")
    for typed in (
        plain[:slip] + plain[slip + 1 :],  # one left out
        plain[:slip] + plain[slip] * 2 + plain[slip + 1 :],  # one twice
        plain[:slip] + "U" + plain[slip + 1 :],  # a letter that no token has
        plain[: slip + 1].lower() + " - " + plain[slip + 1 :],
    ):
        assert is_nearly_token(typed)


@pytest.mark.parametrize(
    "password",
    [
        "", "0", "quatre tortues lisent Kant", "cinq loutres jouent du tuba", "motdepasse2026",
        "anne.lambert@ecole.example", "0000-0001", "x" * 1_000, "0" * 251,
        "un mot de passe 1234567890 très long et sûr",
    ],
)  # fmt: skip
def test_other_passwords_are_not_taken_for_one(password: str) -> None:
    assert not is_nearly_token(password)
