"""The note of the call in hand, as a diagnosis keeps it up: what was found, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from screens.diagnosis_remedies import way_of
from screens.led_to import LedTo
from services import call_steps, calls
from services.calls import Done
from services.desk import Desk
from services.findings import Finding
from services.search import Hit

#: What is noted where a caller was told of a cause and there was nothing else to do.
_TOLD = "tell_caller"


class CallInHand:
    """What goes into the note; nothing is stored before the first `keep`, which opens it.

    `keep` and `keep_done` are called in threads, one of which writes at a time. `id` is that of
    the note, None before it is opened.
    """

    def __init__(self, desk: Desk, hit: Hit, searched: str, call_id: int | None) -> None:
        self._desk, self._about, self._searched = desk, calls.about_hit(hit), searched
        self.id = call_id
        self._writing = Lock()
        #: What was found before anything was done about it.
        self._found: list[Finding] = []
        #: What was done and is not in the note yet, the earliest first.
        self._done: list[Done] = []

    def remember(self, findings: Sequence[Finding]) -> None:
        """Keep what is found now: once it is mended it is found no more."""
        new = [f for f in findings if not any(is_same(f, each) for each in self._found)]
        self._found = [*self._found, *new]

    def add(self, finding: Finding, to: LedTo) -> bool:
        """Have it noted what was done about a finding; False where there is nothing to say."""
        remedy = finding.remedy
        way = way_of(remedy) if remedy is not None else None
        said = finding.tell if way is None else None
        sentence = said or (remedy.label if remedy is not None else None)
        if sentence is None:
            return False
        code = remedy.code if remedy is not None else _TOLD
        self._done.append(Done(sentence, code, to.plan_id, to.mail_id))
        return True

    def keep_done(self) -> bool:
        """Write what was done, unless it was taken along with what came after it."""
        with self._writing:
            if self._done:
                self._write()
                return True
        return False

    def keep(self, *, close: bool = False) -> int:
        """Bring the note up to date and return its id.

        All that was done is in it before it is closed, whichever thread comes first.
        """
        with self._writing:
            return self._write(close=close)

    def _write(self, *, close: bool = False) -> int:
        done = list(self._done)
        del self._done[: len(done)]
        self.id = self._desk.write(
            call_steps.keep_up, self.id, self._about, self._searched, self._found, done, close
        )
        return self.id


def is_same(one: Finding, other: Finding) -> bool:
    return (one.cause, one.about) == (other.cause, other.about)
