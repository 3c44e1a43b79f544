"""Vocabularies: slips, sounds and beginnings, without a database."""

import pytest

from benchmarks.belgian_names import people
from models.sounds import sound_key
from models.text import name_key
from services.search_addresses import Addresses
from services.search_names import Names, words_of
from services.search_schools import Schools
from services.search_words import Words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("philippe", "filipe"), ("jacques", "jakes"), ("thiry", "tiri"), ("leclercq", "leclerk"),
        ("rousseau", "rouso"), ("schmitz", "chmits"), ("gerard", "jerard"), ("wouters", "vouters"),
        ("cecile", "sesile"), ("rijckaert", "rikaert"),
    ],
)  # fmt: skip
def test_names_that_sound_alike_have_one_sound(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other)


@pytest.mark.parametrize(("one", "other"), [("martin", "marin"), ("dupont", "dupuis"), ("", "a")])
def test_names_that_do_not_sound_alike_keep_apart(one: str, other: str) -> None:
    assert sound_key(one) != sound_key(other)


def _keys(words: Words, places: dict[int, float]) -> list[str]:
    return [words.key(place) for place in sorted(places, key=lambda p: (places[p], p))]


def test_words_are_found_by_beginning_end_and_slips() -> None:
    words = Words(["dupont", "dupond", "dhondt", "hondt", "lambert", "dupontel", "lambert"])
    assert len(words) == 6
    assert [words.key(place) for place in range(6)] == sorted(
        ["dupont", "dupond", "dhondt", "hondt", "lambert", "dupontel"]
    )
    assert _keys(words, words.begun("dupont")) == ["dupont", "dupontel"]
    assert _keys(words, words.ending("hondt")) == ["dhondt"]
    assert _keys(words, words.near("lambrt")) == ["lambert"]
    assert _keys(words, words.begun_near("dupomte"))[0] == "dupontel"
    assert words.find("hondt") is not None
    assert words.find("hond") is None


def test_an_empty_vocabulary_finds_nothing() -> None:
    words, names = Words([]), Names([])
    assert (len(words), words.begun("a"), words.near("abcd"), words.find("a")) == (0, {}, {}, None)
    assert names.find(["dupont", "anne"], 5) == []
    assert Schools([]).find("ecole", 5) == []
    assert Addresses([]).find("a@ex.be") == {}


def test_what_was_found_for_a_word_is_the_same_the_second_time() -> None:
    words = Words(["dupont", "dupond"])
    assert words.near("dupomt") == words.near("dupomt")
    words.forget()
    assert words.near("dupomt") == words.near("dupomt")


def test_names_that_nobody_has_together_are_not_found() -> None:
    names = Names([("dupont", "anne"), ("lambert", "jacqueline")])
    assert [(n.surname, n.first_name) for n in names.find(["dupont", "jacqueline"], 5)] == []
    assert [(n.surname, n.first_name) for n in names.find(["jacqueline", "lambert"], 5)] == [
        ("lambert", "jacqueline")
    ]


def test_half_a_thousand_made_up_people_are_all_found_by_their_names() -> None:
    pairs = sorted({(name_key(a), name_key(b)) for a, b in people(500)})
    names = Names(pairs)
    for surname, first_name in pairs[::5]:
        best = names.find([first_name, surname], 5)[0]
        assert (best.surname, best.first_name) == (surname, first_name)


def test_addresses_keep_their_order_and_their_limit() -> None:
    found = Addresses(f"p{n:03}@ex.be" for n in range(300)).find("p@ex.be")
    assert len(found) <= 40
    assert list(found) == sorted(found, key=lambda key: (found[key], key))


def test_schools_of_one_name_come_in_the_order_of_their_ids() -> None:
    schools = Schools((n, "Ecole communale", "") for n in (3, 1, 2))
    assert [found.id for found in schools.find("ecole communale", 5)] == [1, 2, 3]


def test_words_of_a_name_have_no_signs() -> None:
    assert words_of("  D’Hondt   Marie-Christine % ") == ["dhondt", "mariechristine"]
