"""Rows in bulk: whole whatever their number, in their order, and refused as a whole."""

import gc

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from models import bulk
from models.schools import Calendar

CALENDARS = bulk.table_named(str(Calendar.__tablename__))


def _insert(engine: Engine, codes: list[str], **alike: str) -> None:
    columns = {"code": codes, **({} if alike else {"name": [f"n {code}" for code in codes]})}
    with engine.execution_options(writes=True).begin() as connection:
        bulk.insert_columns(connection, "calendar", columns, alike)


def _codes(engine: Engine) -> list[tuple[str, str]]:
    made = select(CALENDARS.c.code, CALENDARS.c.name).where(CALENDARS.c.code.like("t%"))
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(made.order_by(CALENDARS.c.id))]


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 133])
@pytest.mark.every_case
def test_every_row_comes_in_and_in_order(engine: Engine, count: int) -> None:
    codes = [f"t{number}" for number in range(count)]
    _insert(engine, codes)
    assert _codes(engine) == [(code, f"n {code}") for code in codes]


def test_what_all_rows_have_alike_stands_in_each(engine: Engine) -> None:
    _insert(engine, [f"t{number}" for number in range(60)], name="l'école")
    assert {name for _code, name in _codes(engine)} == {"l'école"}


@pytest.mark.parametrize("place", [0, 60, 119])
@pytest.mark.every_case
def test_one_broken_row_leaves_nothing_behind(engine: Engine, place: int) -> None:
    codes = [f"t{number}" for number in range(120)]
    codes[place] = codes[place - 1]
    with pytest.raises(IntegrityError):
        _insert(engine, codes)
    assert _codes(engine) == []


def test_collection_is_given_back_as_it_was() -> None:
    assert gc.isenabled()
    with bulk.no_collection():
        assert not gc.isenabled()
        with bulk.no_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_the_program_has_frozen_stays_so() -> None:
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        with bulk.no_collection():
            pass
        assert gc.get_freeze_count() >= before
    finally:
        gc.unfreeze()
    with bulk.no_collection():
        pass
    assert gc.get_freeze_count() == 0
