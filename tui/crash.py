"""The crash log: a reference number, type, place and identifiers; never a value.

An exception's own message is left out too, for it may quote what somebody typed.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from traceback import walk_tb

#: Without I, L, O, U, 0 and 1: the number is read out over the telephone.
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_FRAMES = 20
LOG_NAME = "crashes.jsonl"


def new_reference() -> str:
    """Return a number such as `7F3K-92QD`."""
    import secrets  # OpenSSL comes with it

    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def record(error: BaseException, folder: Path, at: datetime, **ids: str | int | None) -> str:
    """Write one line about `error` to the log in `folder` and return its reference number.

    `at` is an aware UTC instant; `ids` are identifiers such as the account's or the
    screen's name. A log that can't be written doesn't hide the error: the number comes back.
    """
    import json

    reference = new_reference()
    entry = {
        "reference": reference,
        "at": at.isoformat(),
        **{name: value for name, value in ids.items() if value is not None},
        "errors": [_told(link) for link in _chain(error)],
    }
    try:
        _append(folder / LOG_NAME, json.dumps(entry))
    except OSError:
        pass
    return reference


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, (line + "\n").encode())
    finally:
        os.close(handle)


def _told(error: BaseException) -> dict[str, object]:
    places = [
        f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{line}"
        for frame, line in walk_tb(error.__traceback__)
    ]
    return {"type": f"{type(error).__module__}.{type(error).__qualname__}",
            "places": places[-_FRAMES:]}  # fmt: skip


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
