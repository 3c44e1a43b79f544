"""The process that does a night, for tests that kill it: small, and without pytest."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event

from models.database import make_engine
from services.nightly import Nightwork, run
from tests.nights import KEY, NIGHT


def work(url: str, bounces: str, dies_at: int | None = None, start: Any = None) -> None:
    """Do the night; exit with 0 where this process did it, 3 where another had or was.

    With `dies_at` it kills itself before that statement of its own; `start` is waited for.
    """
    engine = make_engine(url)
    left = [dies_at]

    @event.listens_for(engine, "before_cursor_execute")
    def _count(*_: Any) -> None:
        if left[0] is not None:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if start is not None:
        start.wait(60)
    result = run(Nightwork(engine, lambda: NIGHT, lambda: KEY, bounces=Path(bounces)))
    assert not result.troubles
    assert threading.active_count() == 1, os.getpid()
    # What hands an exit status over does not wait for the connections of a pool.
    engine.dispose()
    if result.already:
        raise SystemExit(3)
