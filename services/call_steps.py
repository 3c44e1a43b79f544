"""What is done to the note of a call in one go: stored and closed, or kept up while one works.

Each is one transaction of its caller; the rules are those of `services.calls`.
"""

from collections.abc import Sequence

from models.database import ActorSession
from services import calls
from services.calls import About, Done, Seen
from services.findings import Finding


def store(session: ActorSession, call_id: int | None, typed: Seen, seen: Seen) -> int:
    """Open the note, or correct it as typed; return its id.

    Raises `CallRefused`, and `CallChanged` where it is no longer as its writer had `seen` it.
    """
    if call_id is None:
        return calls.open_call(session, caller=typed.caller, remarks=typed.remarks)
    calls.update_note(session, call_id, typed.caller, remarks=typed.remarks, seen=seen)
    return call_id


def store_and_close(session: ActorSession, call_id: int | None, typed: Seen, seen: Seen) -> int:
    """Store the note, close it, and return its id; raises what `store` and `close` raise."""
    stored = store(session, call_id, typed, seen)
    calls.close(session, stored)
    return stored


def store_and_hand_on(
    session: ActorSession, call_id: int | None, typed: Seen, seen: Seen, to: str
) -> int:
    """Store the note, hand it on, and return its id; raises what `store` and `hand_on` raise."""
    stored = store(session, call_id, typed, seen)
    calls.hand_on(session, stored, to)
    return stored


def keep_up(
    session: ActorSession,
    call_id: int | None,
    about: About,
    searched: str,
    findings: Sequence[Finding],
    done: Sequence[Done],
    close: bool,
) -> int:
    """Bring the note of the call in hand up to date, or open it, and return its id.

    Raises `CallRefused` where it was closed meanwhile.
    """
    if call_id is None:
        caller = calls.suggested_caller(session, about)
        call_id = calls.open_call(session, searched, caller, about, findings)
    elif not close:
        calls.note_found(session, call_id, findings)
    for each in done:
        calls.note_done(session, call_id, each)
    if close:
        calls.close(session, call_id)
    return call_id
