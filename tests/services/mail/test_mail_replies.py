"""The classes of answers and the schedule of further tries."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from services.mail.replies import (
    Result,
    Stage,
    enhanced_status,
    next_try,
    outcome_of_reply,
    server_words,
)

NOW = datetime(2026, 8, 24, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=14)


@pytest.mark.parametrize(
    ("code", "text", "stage", "result"),
    [
        (250, "OK", "message", Result.SENT),
        (421, "4.3.2 closing", "session", Result.RETRY),
        (454, "4.7.0 temporary authentication failure", "session", Result.RETRY),
        (535, "5.7.8 wrong password", "session", Result.STOP),
        (534, "5.7.9 needs an application password", "session", Result.STOP),
        (554, "no SMTP service for you", "session", Result.STOP),
        (530, "5.7.0 sign in first", "recipient", Result.STOP),
        (552, "too much", "sender", Result.HELD),
        (550, "5.1.7 bad sender", "recipient", Result.HELD),
        (550, "5.1.1 unknown", "recipient", Result.REFUSED),
        (550, "5.2.1 mailbox disabled", "recipient", Result.REFUSED),
        (550, "unknown", "recipient", Result.REFUSED),
        (553, "mailbox name not allowed", "recipient", Result.REFUSED),
        (551, "user not local", "recipient", Result.REFUSED),
        (552, "sorry", "recipient", Result.FULL),
        (550, "5.2.2 over quota", "recipient", Result.FULL),
        (452, "4.2.2 over quota", "recipient", Result.FULL),
        (550, "La boîte aux lettres est pleine", "recipient", Result.FULL),
        (550, "5.7.1 policy", "message", Result.HELD),
        (550, "5.3.4 too big", "message", Result.HELD),
        (550, "5.4.6 loop", "recipient", Result.HELD),
        (554, "rejected as spam", "message", Result.HELD),
        (503, "bad sequence", "recipient", Result.HELD),
        (451, "5.1.1 contradiction", "recipient", Result.RETRY),
        (550, "4.2.2 contradiction", "recipient", Result.REFUSED),
        (299, "odd", "recipient", Result.RETRY),
    ],
)
def test_each_answer_has_its_class(code: int, text: str, stage: Stage, result: Result) -> None:
    outcome = outcome_of_reply(code, text, stage)
    assert outcome.result is result
    assert outcome.code == code
    assert outcome.about_server == (stage == "session" or result is Result.STOP)


def test_a_status_is_believed_only_at_the_start_and_with_its_code() -> None:
    assert enhanced_status(550, "5.01.001 x") == "5.1.1"
    assert enhanced_status(550, "see 5.1.1") == ""
    assert enhanced_status(450, "5.1.1 x") == ""
    assert enhanced_status(550, "5.1.1234 x") == ""
    assert enhanced_status(550, "") == ""


def test_words_are_one_safe_short_line() -> None:
    assert server_words("5.1.1 a\nb\r\nc\td") == "5.1.1 a b c d"
    words = server_words("\x1b[31m" + "é" * 5_000 + "\udcff")
    assert "\x1b" not in words
    assert len(words) == 300


def test_the_schedule_grows_to_four_hours() -> None:
    minutes = [1, 5, 15, 30, 60, 120, 240, 240, 240]
    for seed in range(50):
        source = random.Random(seed)
        for attempt, usual in enumerate(minutes, start=1):
            moment = next_try(Result.RETRY, attempt, NOW, LATER, source)
            assert moment is not None
            assert 0.75 <= (moment - NOW) / timedelta(minutes=usual) <= 1.25


def test_a_batch_is_spread() -> None:
    source = random.Random(1)
    moments = {next_try(Result.RETRY, 3, NOW, LATER, source) for _ in range(100)}
    assert len(moments) == 100


def test_a_full_mailbox_is_tried_slowly_from_the_first() -> None:
    moment = next_try(Result.FULL, 1, NOW, LATER, random.Random(1))
    assert moment is not None
    assert moment - NOW >= timedelta(hours=3)


def test_nothing_is_tried_beyond_the_token_or_after_an_end() -> None:
    source = random.Random(1)
    for attempt in range(1, 9):
        expires = NOW + timedelta(seconds=30)
        assert next_try(Result.RETRY, attempt, NOW, expires, source) is None
        assert next_try(Result.UNCERTAIN, attempt, NOW, NOW, source) is None
    assert next_try(Result.UNCERTAIN, 1, NOW, LATER, source) is not None
    for result in (Result.SENT, Result.REFUSED, Result.HELD, Result.STOP):
        assert next_try(result, 1, NOW, LATER, source) is None
