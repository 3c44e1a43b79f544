"""What came in over SSH and how it was answered, one line each, for whoever runs the machine.

No line holds what was typed: a password may have been. Written to `ssh.jsonl` in the folder
of logs; the last two files of 4 MiB are kept.
"""

import json
import os
from datetime import datetime
from pathlib import Path

LOG_NAME = "ssh.jsonl"
_LARGEST = 4 * 2**20


def record(folder: Path, at: datetime, outcome: str, **facts: str | int | None) -> None:
    """Append a line to the log in `folder`; a log that cannot be written stops nobody.

    `at` is an aware UTC instant, `outcome` a code, `facts` identifiers and codes.
    """
    told = {name: value for name, value in facts.items() if value is not None}
    line = json.dumps({"at": at.isoformat(timespec="seconds"), "outcome": outcome, **told})
    try:
        _append(folder / LOG_NAME, line)
    except OSError:
        pass


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, (line + "\n").encode())
        full = os.fstat(handle).st_size > _LARGEST
    finally:
        os.close(handle)
    if full:
        path.replace(path.with_suffix(".jsonl.1"))
