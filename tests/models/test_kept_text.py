"""What is kept of a text holds no token, and else is what was typed."""

import time
from random import Random

import pytest

from models.kept_text import LONGEST_KEPT, TAKEN_OUT, kept, without_tokens
from models.keys import Key
from models.tokens import ALPHABET, make_token

KEY = Key(b"k" * 32)


def _token(row: int = 41) -> str:
    return make_token(KEY, "invitation", row, 1)


def _spread(token: str, gap: str) -> str:
    return gap.join(token.replace("-", ""))


WRITINGS = {
    "as it is": lambda t: t,
    "small": str.lower,
    "without hyphens": lambda t: t.replace("-", ""),
    "with spaces": lambda t: t.replace("-", " "),
    "over two lines": lambda t: t.replace("-", "-\r\n", 1),
    "with long dashes": lambda t: t.replace("-", " – "),
    "with zero-width spaces": lambda t: t.replace("-", "\u200b"),
    "with points": lambda t: t.replace("-", "."),
    "letter by letter": lambda t: _spread(t, " "),
    "two and two": lambda t: _spread(t, "-"),
    "O for 0": lambda t: t.replace("0", "O"),
    "stuck to a word": lambda t: f"jeton{t}",
    "in a link": lambda t: f"https://ecole.example/activer?jeton={t}&l=fr",
    "in brackets": lambda t: f"<{t}>",
    "too short": lambda t: t[:-1],
    "too long": lambda t: f"{t}7",
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_no_token_is_kept_however_it_is_written(writing: str) -> None:
    for row in (1, 41, 5_000, 999_999, 2**20 - 1):
        token = _token(row)
        text = f"Elle lit : {WRITINGS[writing](token)}, et rien ne s’ouvre."
        found = kept(text)
        assert TAKEN_OUT in found, found
        bare = "".join(c for c in found.upper() if c.isalnum())
        secret = token.replace("-", "")[6:]
        assert not any(secret[at : at + 6] in bare for at in range(len(secret) - 5)), found
        assert found.startswith("Elle lit") and found.endswith("rien ne s’ouvre.")


def test_slips_leave_no_token_behind() -> None:
    random = Random(7)
    for row in range(1, 400, 3):
        token = list(_token(row))
        at = random.choice([n for n, c in enumerate(token) if c != "-"])
        token[at] = random.choice(ALPHABET)
        assert kept("".join(token)) == TAKEN_OUT


def test_two_tokens_in_one_text_are_both_taken_out() -> None:
    text = f"l’ancien {_token(1)} et le nouveau {_token(2)}"
    assert kept(text) == f"l’ancien {TAKEN_OUT} et le nouveau {TAKEN_OUT}"


@pytest.mark.parametrize(
    "text",
    [
        "Rappeler le 12/03/2026 entre 12 h 30 et 14 h au 0475 12 34 56.",
        "0475 123 456 appeler demain, ou 02 256 70 11",
        "n° FASE 95123, matricule 17803150042, implantation 3021",
        "Jean-Marc D’Hondt, jean-marc.dhondt.2026@ecole-saint-joseph.example",
        "formulaire AC-000041-1-K, plan 318, courriel 10000045",
        "Otorhinolaryngologiste, anticonstitutionnellement : deux mots de plus de vingt lettres",
        "3e année B, local 012, ordinateur PC 07, depuis la rentrée 2025",
        "Ne reçoit rien depuis septembre ; 3 messages attendus, aucun arrivé en 2026.",
        "",
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    assert kept(text) == text


def test_tokens_pasted_again_and_again_are_all_taken_out() -> None:
    assert set(kept(_token() * 300)) <= set(TAKEN_OUT)
    assert kept(f"{_token()}{_token(2)}vu") == f"{TAKEN_OUT}{TAKEN_OUT}vu"


def test_what_is_cut_does_not_leave_half_a_token() -> None:
    token = _token()
    for before in range(2 * LONGEST_KEPT - 60, 2 * LONGEST_KEPT):
        # What stands before shrinks, so that the end would be kept.
        filler = f"{_token(9)} " * (before // 30)
        found = without_tokens(f"{filler:<{before}}{token}")
        assert token[:11] not in found


def test_a_hostile_text_costs_little() -> None:
    for text in ("0 " * 100_000, "00 A1 " * 50_000, f"{_token()} " * 5_000, "A1" * 100_000):
        begin = time.process_time()
        assert len(kept(text)) <= LONGEST_KEPT
        assert time.process_time() - begin < 1.0
    assert kept("\x1b[31m\u202eabc") == "\ufffd[31m\ufffdabc"
