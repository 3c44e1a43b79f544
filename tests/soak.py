"""`python -m tests.soak keys|sessions|screens`: what the tests do in a minute, for an hour.

`keys` walks with so many random keys and resizes in each of the nine combinations of size and
style, `sessions` opens and cuts so many sessions by each of the four ways in, `screens` runs
every test of a screen and every journey on two terminals in each of the combinations. The
seed is said, so that what has failed can be done again.
"""

import argparse
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence

from tests.walks import SIZES
from tui.appearance import STYLES

#: What is tried, by its name: the tests, the variable that says how much, and how much it is.
TRIALS = {
    "keys": ("tests/flows/test_same_screens.py", "TROUSSEAU_SOAK_STEPS", 10_000),
    "sessions": ("tests/faults/test_sessions_cut.py", "TROUSSEAU_SOAK_SESSIONS", 250),
}
#: The journeys that go through the console.
JOURNEYS = (
    "tests/flows/test_election.py",
    "tests/flows/test_first_day.py",
    "tests/flows/test_headnet.py",
    "tests/flows/test_headnet_door.py",
    "tests/flows/test_reading_room.py",
    "tests/flows/test_the_door.py",
    "tests/flows/test_workshop_life.py",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("trial", choices=[*TRIALS, "screens"])
    parser.add_argument("--count", type=int, help="keys of a walk, or sessions of a way")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--workers", default="2")
    asked = parser.parse_args()
    if asked.trial == "screens":
        return max(_screens(asked.workers, size, style) for size in SIZES for style in STYLES)
    tests, variable, count = TRIALS[asked.trial]
    told = {variable: str(asked.count or count), "TROUSSEAU_SOAK_SEED": asked.seed}
    print(f"{told[variable]} each, seed {asked.seed}", flush=True)
    return _run([tests], "-rA", "-n", asked.workers, **told)


def _screens(workers: str, size: tuple[int, int], style: str) -> int:
    told = {"TROUSSEAU_SOAK_SIZE": f"{size[0]}x{size[1]}", "TROUSSEAU_SOAK_STYLE": style}
    print(*told.values(), flush=True)
    tests = ("tests/screens", *JOURNEYS)
    # A few tests wait for words that are not there at another size.
    options = ("-p", "tests.replayed", "-n", workers, "-r", "fE", "-o", "timeout=40")
    return _run(tests, *options, **told)


def _run(tests: Sequence[str], *options: str, **variables: str) -> int:
    """Run tests with variables, without a limit of time unless told; return pytest's status."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "timeout=0"]
    return subprocess.run(
        [*command, *options, *tests], env={**os.environ, **variables}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
