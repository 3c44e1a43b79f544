"""`python -m tests.soak keys|sessions`: what the tests do in a minute, for an hour.

`keys` walks with so many random keys and resizes in each of the nine combinations of size and
style, `sessions` opens and cuts so many sessions by each of the four ways in. The seed is said,
so that what has failed can be done again.
"""

import argparse
import os
import secrets
import sys

import pytest

#: What is tried, by its name: the tests, the variable that says how much, and how much it is.
TRIALS = {
    "keys": ("tests/flows/test_same_screens.py", "TROUSSEAU_SOAK_STEPS", 10_000),
    "sessions": ("tests/faults/test_sessions_cut.py", "TROUSSEAU_SOAK_SESSIONS", 250),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("trial", choices=TRIALS)
    parser.add_argument("--count", type=int, help="keys of a walk, or sessions of a way")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--workers", default="2")
    asked = parser.parse_args()
    tests, variable, count = TRIALS[asked.trial]
    os.environ[variable] = str(asked.count or count)
    os.environ["TROUSSEAU_SOAK_SEED"] = asked.seed
    print(f"{asked.count or count} each, seed {asked.seed}")
    options = ["-q", "-rA", "-n", asked.workers, "-p", "no:cacheprovider", "-o", "timeout=0"]
    return int(pytest.main([tests, *options]))


if __name__ == "__main__":
    sys.exit(main())
