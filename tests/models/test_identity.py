"""Certain, suspected and cleared doubles (DOMAIN §3, Identity)."""

import time
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.identity import (
    PARTNERS_IN_LARGE_GROUP,
    Identity,
    double_score,
    is_contradicted,
    is_suspected,
    same_person,
    suspected_pairs,
)

BORN = date(1984, 5, 12)


def person(
    surname: str = "dupont",
    first_name: str = "anne",
    birth_date: date | None = None,
    staff_number: str | None = None,
    emails: tuple[str, ...] = (),
    sources: tuple[tuple[str, str], ...] = (),
) -> Identity:
    return Identity(
        surname, first_name, birth_date, staff_number, frozenset(emails), frozenset(sources)
    )


def test_names_and_birth_date_are_one_person() -> None:
    assert same_person(person(birth_date=BORN), person(birth_date=BORN))


@pytest.mark.parametrize(
    "other",
    [
        person(birth_date=None),
        person(birth_date=BORN + timedelta(days=1)),
        person(surname="durand", birth_date=BORN),
        person(first_name="marie", birth_date=BORN),
        person(first_name="", birth_date=BORN),
    ],
)
def test_anything_less_is_not_certain(other: Identity) -> None:
    assert not same_person(person(birth_date=BORN), other)


def test_unknown_is_never_in_common() -> None:
    nobody = Identity()
    assert double_score(nobody, nobody) == 2
    assert not same_person(nobody, nobody)
    assert not is_suspected(nobody, nobody)


def test_each_match_counts_one() -> None:
    complete = person(birth_date=BORN, emails=("a@x.be", "b@x.be"))
    assert double_score(complete, person("x", "y", emails=("b@x.be",))) == 3
    assert double_score(complete, person(first_name="y")) == 3
    assert double_score(complete, person()) == 4
    assert double_score(complete, complete) == 6


def test_one_match_is_no_suspicion_and_two_are() -> None:
    assert not is_suspected(person("a"), person("b"))
    assert is_suspected(person(), person())
    assert is_suspected(person("a", birth_date=BORN), person("b", birth_date=BORN))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (person(birth_date=BORN), person(birth_date=date(1990, 1, 1))),
        (person(staff_number="28405120001"), person(staff_number="28405120002")),
        (person(sources=(("district", "1"),)), person(sources=(("district", "2"),))),
        (
            person(emails=("famille@x.be",), birth_date=BORN),
            person(emails=("famille@x.be",), birth_date=date(1983, 1, 1)),
        ),
    ],
    ids=["birth dates", "staff numbers", "identifiers in one source", "shared mailbox"],
)
def test_what_speaks_against_clears(a: Identity, b: Identity) -> None:
    assert double_score(a, b) >= 4
    assert is_contradicted(a, b)
    assert not is_suspected(a, b)
    assert not same_person(a, b)


def test_what_only_one_of_them_has_clears_nothing() -> None:
    known = person(birth_date=BORN, staff_number="28405120001", sources=(("a", "1"),))
    assert is_suspected(known, person(sources=(("b", "1"),)))


def test_same_identifier_in_one_source_is_one_person_whatever_the_birth_date() -> None:
    before = person(birth_date=BORN, sources=(("a", "1"),))
    after = person(birth_date=date(1984, 12, 5), sources=(("a", "1"), ("b", "7")))
    assert same_person(before, after)


def test_two_sources_that_disagree_settle_nothing() -> None:
    a = person(birth_date=BORN, sources=(("a", "1"), ("b", "1")))
    b = person(birth_date=BORN, sources=(("a", "1"), ("b", "2")))
    assert not same_person(a, b)


few = st.builds(
    Identity,
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from([None, date(1980, 1, 1), date(1981, 1, 1)]),
    st.sampled_from([None, "18001010001", "18001010002"]),
    st.frozensets(st.sampled_from(["m", "n"]), max_size=2),
    st.frozensets(st.tuples(st.sampled_from(["s", "t"]), st.sampled_from("123")), max_size=2),
)


@given(few, few)
def test_order_of_the_two_does_not_matter(a: Identity, b: Identity) -> None:
    assert double_score(a, b) == double_score(b, a)
    assert is_suspected(a, b) == is_suspected(b, a)
    assert same_person(a, b) == same_person(b, a)


@given(st.lists(few, max_size=30))
def test_pairs_are_those_of_comparing_everyone_with_everyone(people: list[Identity]) -> None:
    found = list(suspected_pairs(people))
    expected = {
        (i, j) for (i, a), (j, b) in combinations(enumerate(people), 2) if is_suspected(a, b)
    }
    assert len(found) == len(set(found))
    assert set(found) == expected


@settings(max_examples=25, deadline=None)
@given(st.lists(few, min_size=1, max_size=12), st.integers(60, 300))
def test_in_large_groups_nobody_suspected_is_left_out(kinds: list[Identity], n: int) -> None:
    people = [kinds[index % len(kinds)] for index in range(n)]
    found = set(suspected_pairs(people))
    assert all(is_suspected(people[i], people[j]) for i, j in found)
    suspected = {
        i
        for pair in combinations(range(n), 2)
        if is_suspected(people[pair[0]], people[pair[1]])
        for i in pair
    }
    assert {i for pair in found for i in pair} == suspected


def test_thousands_of_homonyms_of_one_source_are_no_doubles() -> None:
    people = [person(sources=(("district", str(n)),)) for n in range(5_000)]
    assert list(suspected_pairs(people)) == []
    stranger = [*people, person(sources=(("other", "1"),))]
    assert {i for pair in suspected_pairs(stranger) for i in pair} == set(range(5_001))


def test_a_large_group_names_a_bounded_number_of_pairs() -> None:
    people = [person(emails=("office@x.be",)) for _ in range(2_000)]
    pairs = list(suspected_pairs(people))
    assert len(pairs) <= 3 * PARTNERS_IN_LARGE_GROUP * len(people)
    assert {i for pair in pairs for i in pair} == set(range(2_000))


def _roster(n: int) -> list[Identity]:
    """People of whom a twentieth are homonyms and a fiftieth share one mailbox."""
    return [
        person(
            "martin" if k % 20 == 0 else f"surname{k % (n // 3)}",
            "marie" if k % 20 == 0 else f"first{k % 97}",
            BORN + timedelta(days=k % 12_000) if k % 3 else None,
            emails=("office@x.be",) if k % 50 == 0 else (f"p{k}@x.be",),
            sources=(("s", str(k)),) if k % 2 else (),
        )
        for k in range(n)
    ]


def test_cost_grows_in_proportion() -> None:
    def cpu(n: int) -> float:
        people = _roster(n)
        start = time.process_time()
        sum(1 for _ in suspected_pairs(people))
        return time.process_time() - start

    # Ten times the people would be a hundred times the work, were it quadratic.
    assert cpu(20_000) < 40 * max(cpu(2_000), 0.005)
