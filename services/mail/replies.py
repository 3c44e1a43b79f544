"""What became of one attempt to deliver a message, and when to try again.

The classes are those of FACTS, "Mail": a fault of the address ends a message, a fault of
ours holds it without blaming the address, a fault of the sender's own sign-in stops the
sender, a missing answer after the last byte is `UNCERTAIN`.
"""

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from models.language import Wording
from models.text import clean, squeeze

WORDS_LIMIT = 300

_FIRST_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120))
_LATER_DELAY = timedelta(hours=4)
_SPREAD = (0.75, 1.25)

_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)", re.ASCII)
# Old servers say these only in words. They are looked at where there is no enhanced status.
_FULL_WORDS = re.compile(
    r"mailbox.{0,20}full|(?:over|exceed\w*).{0,20}quota|quota.{0,20}exceed|insufficient.{0,20}stor"
    r"|bo[iî]te.{0,40}pleine",
    re.IGNORECASE,
)
_OUR_FAULT_WORDS = re.compile(
    r"relay|spam|block ?list|black ?list|blocked|reputation|\bspf\b|\bdkim\b|\bdmarc\b|\bptr\b"
    r"|reverse dns|helo|polic(?:y|ies)|too (?:large|big)|not authori[sz]ed|sender verify",
    re.IGNORECASE,
)


class Result(StrEnum):
    """What came of it. The values are stored with the message."""

    SENT = "sent"  #: the server has taken the message
    RETRY = "retry"  #: not taken for now
    FULL = "full"  #: the mailbox is full: again, slowly
    REFUSED = "refused"  #: final; the address is at fault
    HELD = "held"  #: our own fault (policy, size, routing): the helpdesk must look
    STOP = "stop"  #: nothing can be sent until the settings are mended
    UNCERTAIN = "uncertain"  #: all was sent, no answer came: it may have arrived


#: After these the message is tried again at `next_try`.
TRIED_AGAIN = frozenset({Result.RETRY, Result.FULL, Result.UNCERTAIN})

#: Where in the dialogue a reply came: before any message, to the sender's address, to the
#: recipient's, to the message.
Stage = Literal["session", "sender", "recipient", "message"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt.

    `code` is the SMTP code (0 where no server spoke), `status` the enhanced status
    (`5.1.1`, or ""), `words` the server's own words, clean and short, `reason` ours where
    the server said nothing. `about_server` tells that nothing was learnt about this
    message: the next one would fare the same, and no attempt need be counted.
    """

    result: Result
    code: int = 0
    status: str = ""
    words: str = ""
    reason: Wording | None = None
    about_server: bool = False


def outcome_of_reply(code: int, text: str, stage: Stage) -> Outcome:
    """Return the outcome of a server's reply that ended an attempt at `stage`."""
    status = enhanced_status(code, text)
    result = _result(code, status, text, stage)
    about_server = stage == "session" or result is Result.STOP
    return Outcome(result, code, status, server_words(text), about_server=about_server)


def enhanced_status(code: int, text: str) -> str:
    """Return the enhanced status (RFC 3463) a reply begins with, if it agrees with its code."""
    found = _ENHANCED.match(text)
    if found is None or int(found[1]) != code // 100:
        return ""
    return ".".join(str(int(number)) for number in found.groups())


def server_words(text: str) -> str:
    """Return what a server or a bounce said: one line, safe to show, at most 300 characters."""
    return squeeze(clean(text[: 4 * WORDS_LIMIT].replace("\r", " "), limit=WORDS_LIMIT))


def is_full(status: str) -> bool:
    return status in ("5.2.2", "4.2.2")


def is_our_fault(status: str) -> bool:
    """Tell whether a permanent status blames us, not the address.

    5.1.7 and 5.1.8 are about the sender's address, 5.3 the system, 5.4 the routing, 5.5 the
    dialogue, 5.6 the content, 5.7 policy (FACTS, Mail; RFC 3463).
    """
    return status in ("5.1.7", "5.1.8") or status[:4] in ("5.3.", "5.4.", "5.5.", "5.6.", "5.7.")


def says_full(text: str) -> bool:
    return _FULL_WORDS.search(text) is not None


def _result(code: int, status: str, text: str, stage: Stage) -> Result:
    if code // 100 == 2:
        return Result.SENT if stage == "message" else Result.RETRY
    if code in (530, 534, 535, 538):
        return Result.STOP
    if code // 100 == 5:
        return _permanent(code, status, text, stage)
    if stage in ("recipient", "message") and is_full(status):
        return Result.FULL
    return Result.RETRY


def _permanent(code: int, status: str, text: str, stage: Stage) -> Result:
    if stage == "session":
        return Result.STOP
    if stage == "sender" or is_our_fault(status):
        return Result.HELD
    if is_full(status):
        return Result.FULL
    if status:
        return Result.REFUSED
    return _permanent_without_status(code, text)


def _permanent_without_status(code: int, text: str) -> Result:
    if code == 552 or says_full(text):
        return Result.FULL
    # 500 to 504 say that the server did not understand us.
    if code <= 504 or _OUR_FAULT_WORDS.search(text):
        return Result.HELD
    return Result.REFUSED


def next_try(
    result: Result,
    attempts: int,
    now: datetime,
    expires_at: datetime,
    randomness: random.Random,
) -> datetime | None:
    """Return when a message is tried again, or None when it is not.

    `attempts` is how many have been made, 1 or more. The delays are 1, 5, 15, 30, 60 and
    120 minutes, then 4 hours each time, and 4 hours from the first for a full mailbox; each
    is multiplied by 0.75 to 1.25 so that a batch does not come back as one. Never beyond
    `expires_at`, when the token that the mail carries is worth nothing. Instants are UTC.
    """
    if result not in TRIED_AGAIN:
        return None
    slow = result is Result.FULL or attempts > len(_FIRST_DELAYS)
    delay = _LATER_DELAY if slow else _FIRST_DELAYS[max(attempts, 1) - 1]
    moment = now + delay * randomness.uniform(*_SPREAD)
    return moment if moment < expires_at else None
