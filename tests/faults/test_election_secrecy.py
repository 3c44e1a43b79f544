"""What a school voted cannot be told from anything that is kept, without the key of the urn.

Two elections take the same course, but for who voted what. Whatever is kept of them is then the
same, down to the numbers of rows and transactions and the bytes of the file; only the sealed
bytes of the urn differ, which are of one length and different with each writing.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from models.database import TABLES, make_engine
from services import election_results, election_voting, urn
from services.election_voting import Choice
from tests.services.election_world import CLOSES, KEY, OPENS, Scrutin, make_scrutin

#: What six schools vote, in the order in which they do; and the same, otherwise shared out.
VOTES: list[tuple[int, ...] | str] = [(1,), (2, 4), "blank", (1, 3), "abstention", (4,)]
ORDERS = (VOTES, [*reversed(VOTES)])
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scrutin(engine: Any) -> Scrutin:
    return make_scrutin(engine, len(VOTES) - 2)


def cast(scrutin: Scrutin, election: int, votes: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """Let school after school vote, a minute apart; yield each with its receipt."""
    for place, (school, vote) in enumerate(zip(scrutin.schools, votes, strict=True)):
        scrutin.at(OPENS + place * MINUTE)
        if isinstance(vote, str):
            yield school, scrutin.cast(election, school, kind=vote)
        else:
            yield school, scrutin.cast(election, school, *vote)


# --- rows and transactions ----------------------------------------------------------------


def rows(engine: Engine, since: dict[str, int]) -> dict[str, list[Any]]:
    """Return all rows with a greater number than `since`, with what the database adds to them.

    Numbers of rows and transactions are told by their order, and the bytes of an urn by how
    many they are. Two courses are alike where all this is equal.
    """
    on_sqlite = engine.dialect.name == "sqlite"
    system = "rowid AS rowid" if on_sqlite else "ctid::text, xmin::text::bigint AS xmin"
    found: dict[str, list[Any]] = {}
    with engine.connect() as connection:
        for name in SQLModel.metadata.tables:
            columns, new = f"{system}, *", f"WHERE id > {since.get(name, 0)}"
            if name not in since:
                columns, new = "*", ""
            answer = connection.execute(text(f'SELECT {columns} FROM "{name}" {new}')).mappings()
            found[name] = [dict(row) for row in answer]
    for row in (row for each in found.values() for row in each if "ctid" in row):
        row["ctid"] = tuple(map(int, row["ctid"].strip("()").split(",")))
    for name in found:
        for number in ("rowid", "ctid", "id", "election_id"):
            _rank([row for row in found[name] if number in row], number)
    _rank([row for each in found.values() for row in each if "xmin" in row], "xmin")
    for row in found["election_urn"]:
        row["ballots"] = len(row["ballots"])
    for row in found["journal"]:
        told = json.loads(row["data"])
        for side in told.values():
            for number in ("id", "election_id"):
                side.pop(number, None)
        row.update(data=told, entity_id=None, hash=None, previous=None)
    return found


def _rank(rows: list[dict[str, Any]], number: str) -> None:
    places = {value: place for place, value in enumerate(sorted({row[number] for row in rows}))}
    for row in rows:
        row[number] = places[row[number]]


def tidy(engine: Engine) -> None:
    """Take the holes out of PostgreSQL's tables that other tests have left: rows fill them."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in ("election", "candidate", "election_voter", "election_ballot", "journal"):
                connection.execute(text(f"VACUUM FULL {name}"))


def last_rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            str(table.__tablename__): connection.scalar(
                text(f'SELECT coalesce(max(id), 0) FROM "{table.__tablename__}"')
            )
            for table in TABLES
            if "id" in table.model_fields
        }


def test_no_row_number_or_transaction_tells_who_voted_what(scrutin: Scrutin) -> None:
    engine = scrutin.world.engine
    courses: list[list[Any]] = []
    for votes in ORDERS:
        tidy(engine)
        since = last_rows(engine)
        election = scrutin.opened()
        course, urns = [rows(engine, since)], [scrutin.urn(election)]
        for _ in cast(scrutin, election, votes):
            course.append(rows(engine, since))
            urns.append(scrutin.urn(election))
        _check_urns(urns)
        scrutin.at(CLOSES)
        assert election_results.publish_overdue(scrutin.helpdesk, lambda: KEY) == (election,)
        last = rows(engine, since)
        ballots = last.pop("election_ballot")
        # The list is in the order of the receipts, whatever else it is put in order by.
        for number in ("id", *(n for n in ("rowid", "ctid") if n in ballots[0])):
            receipts = [row["receipt"] for row in sorted(ballots, key=lambda row: row[number])]
            assert receipts == sorted(receipts)
        assert len({row.get("xmin") for row in ballots}) == 1
        (kept,) = last["election"]
        assert kept.pop("ballots_digest")
        for line in last["journal"]:
            line["data"].get("after", {}).pop("ballots_digest", None)
        courses.append([*course, last])
    one, other = courses
    assert one == other
    # And there was something to compare.
    assert [len(step["election_voter"]) for step in one] == [0, 1, 2, 3, 4, 5, 6, 6]
    told = {row["entity"] for row in one[-1]["journal"]}
    assert told == {"election", "candidate", "election_voter"}
    added = {name for name, found in one[-1].items() if found}
    assert added == {"election", "candidate", "election_voter", "election_urn", "journal"}


def _check_urns(urns: list[bytes]) -> None:
    """The size of an urn follows from the number of votes, its bytes from nothing."""
    sizes = [len(each) for each in urns]
    assert sizes[0] == 0 and len({b - a for a, b in pairwise(sizes[1:])}) == 1
    header = 1 + 8  # the format and the name of the key
    for before, after in pairwise(urns[1:]):
        assert before[:header] == after[:header]
        rest = list(zip(before[header:], after[header:], strict=False))
        assert sum(a == b for a, b in rest) < len(rest) / 8


# --- the bytes of the file ----------------------------------------------------------------


def pages(file: Path, urns: Sequence[bytes]) -> list[Any]:
    """Return the pages of a SQLite file and of its WAL, in order, without the bytes of urns."""
    content, log = file.read_bytes(), Path(f"{file}-wal").read_bytes()
    size = int.from_bytes(content[16:18], "big")
    found: list[Any] = [content]
    for place in range(32, len(log), 24 + size):  # a header with salts and checksums each
        found.append((log[place : place + 8], log[place + 24 : place + 24 + size]))
    return [_without(each, urns) for each in found]


def _without(page: Any, urns: Sequence[bytes]) -> Any:
    if isinstance(page, tuple):
        return page[0], _without(page[1], urns)
    for each in urns:
        page = page.replace(each, bytes(len(each))) if each else page
    return page


def test_the_bytes_of_the_file_differ_in_the_urn_alone(sqlite_engine: Any, tmp_path: Path) -> None:
    first = make_scrutin(sqlite_engine, len(VOTES) - 2)
    election = first.put_up()
    sqlite_engine.dispose()
    courses, receipts = [], []
    for number, votes in enumerate(ORDERS):
        file = tmp_path / f"{number}.db"
        shutil.copy2(sqlite_engine.url.database, file)
        engine = make_engine(f"sqlite:///{file}")
        first.world.engine = engine
        urns = []
        for _school, receipt in cast(first, election, votes):
            receipts.append(receipt)
            urns.append(first.urn(election))
        kept = file.read_bytes() + Path(f"{file}-wal").read_bytes()
        assert kept.count(urns[-1]) and kept.count(urns[0])  # each writing is in the WAL
        courses.append(pages(file, urns))
        for each in receipts:
            bare = urn.read_receipt(each)
            assert bare and bare not in kept and each.encode() not in kept
        first.at(CLOSES)
        election_results.publish_overdue(first.helpdesk, lambda: KEY)
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        assert not any(each in file.read_bytes() for each in urns), "nothing is left of the urn"
        engine.dispose()
    assert courses[0] == courses[1]
    assert len(courses[0]) > len(VOTES)


# --- what is printed of it ----------------------------------------------------------------


def test_nothing_on_the_way_shows_choice_or_receipt(scrutin: Scrutin) -> None:
    election = scrutin.opened()
    head = scrutin.head()
    paper = head.read(election_voting.ballot, election)
    shown = [paper, Choice.BLANK, Choice.of(*(each.id for each in paper.candidates[:2]))]
    for choice in shown[1:]:
        assert "blank" not in repr(choice) and "frozenset" not in repr(choice)
    arguments = (election, scrutin.world.mine, shown[2], paper.receipt)
    done = head.write(election_voting.cast, KEY, *arguments)
    again: list[Any] = []
    for receipt in (paper.receipt, urn.new_receipt()):
        with pytest.raises(election_voting.AlreadyVoted) as refused:
            head.write(election_voting.cast, KEY, *arguments[:3], receipt)
        again.append(str(refused.value) + repr(vars(refused.value)))
    told = repr([shown, done, again, urn.SealedBallot(b"0123456789", 2)])
    assert paper.receipt not in told and "0123" not in told
    assert again[0] == again[1], "whether the receipt is in the urn is not told"
