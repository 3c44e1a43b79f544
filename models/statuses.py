"""A status in SQL: the first of several whose test holds."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, case, false, true


def first_to_hold(
    codes: Sequence[str], tests: Mapping[str, ColumnElement[bool]]
) -> ColumnElement[str]:
    """SQL: the first code whose test holds; the last has no test and always holds."""
    *tested, last = codes
    return case(*[(tests[code], code) for code in tested], else_=last)


def is_first_to_hold(
    code: str, codes: Sequence[str], tests: Mapping[str, ColumnElement[bool]]
) -> ColumnElement[bool]:
    """SQL: this code is what `first_to_hold` returns; raises ValueError for none of `codes`.

    No test that comes after it is asked.
    """
    earlier = codes[: codes.index(code)]
    test = true() if code == codes[-1] else tests[code]
    return case(*[(tests[other], false()) for other in earlier], (test, true()), else_=false())
