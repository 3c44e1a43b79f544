"""A plug-in: `pytest -p tests.replayed tests/screens` runs every console on two terminals.

The journeys of tests/flows, which always do, take size and style from it.

`TROUSSEAU_SOAK_SIZE` (such as 60x20) and `TROUSSEAU_SOAK_STYLE` replace what the tests ask for.
What they expect of a picture is then no longer there: only screens that differ count, and all
else that fails is passed over.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.both_drivers import Pair, ScreensDiffer, both_drivers
from tests.emulator import NotUnderstood

_SIZE = os.environ.get("TROUSSEAU_SOAK_SIZE", "")
_STYLE = os.environ.get("TROUSSEAU_SOAK_STYLE", "")


def wanted() -> tuple[tuple[int, int] | None, str | None]:
    """Return the size and the style that take the place of those of the tests, if any do."""
    columns, _, lines = _SIZE.partition("x")
    return (int(columns), int(lines)) if _SIZE else None, _STYLE or None


@pytest.fixture(autouse=True)
def both_on_two_terminals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with both_drivers(monkeypatch, *wanted()) as pair:
        yield pair


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[Any]:
    try:
        return (yield)
    except (Exception, pytest.fail.Exception) as error:  # the second where its time is up
        if not (_SIZE or _STYLE) or isinstance(error, ScreensDiffer | NotUnderstood):
            raise
        pytest.skip(f"left at another size or in another style: {type(error).__name__}")
