"""`python -I -m tui.serve PLACE [PROCESS:DESCRIPTOR …]`: the parent, and each of its forks.

The pairs are the sessions that the program before this one had, which was replaced.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from tui.serve.session import live  # first: see there


def main() -> None:
    """Be the parent until asked to end; in a fork, be a session."""
    from tui.serve.loading import load
    from tui.serve.parent import Parent, PlaceRefused
    from tui.serve.program import build

    place, *pairs = sys.argv[1:]
    parent = Parent(Path(place), build, held(pairs), command(place))
    load()
    try:
        parent.listen()
    except PlaceRefused as error:
        sys.exit(f"trousseau serve: {error}")
    caller = parent.serve()
    if caller is not None:
        sys.exit(live(caller))


def command(place: str) -> list[str]:
    """Return the command line that starts a parent at a place."""
    return [sys.executable, "-I", "-X", "utf8", "-m", "tui.serve", place]


def held(pairs: Iterable[str]) -> dict[int, int]:
    """Return the descriptors by process of pairs such as `4711:9`."""
    return {int(process): int(number) for process, number in (p.split(":") for p in pairs)}


if __name__ == "__main__":
    main()
