"""References of consent forms: there and back, and every slip of the fingers found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.references import (
    MAX_POST_ID,
    MAX_VERSION,
    ReferenceMistyped,
    make_reference,
    parse_reference,
)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
post_ids = st.one_of(st.integers(1, 5000), st.integers(1, MAX_POST_ID))
versions = st.integers(1, MAX_VERSION)
references = st.builds(make_reference, post_ids, versions)


def characters(reference: str) -> list[str]:
    return list(reference.replace("-", ""))


@given(post_ids, versions)
def test_a_reference_leads_back_to_what_it_was_made_of(post_id: int, version: int) -> None:
    assert parse_reference(make_reference(post_id, version)) == (post_id, version)


def test_references_already_printed_stay_what_they_are() -> None:
    assert make_reference(115, 1) == "003K-1W"
    assert make_reference(2**20, 2) == "1-0000-2E"
    assert make_reference(2**35, 1) == "1000-0000-1R"


@given(references, st.data())
def test_one_wrong_character_is_found(reference: str, data: st.DataObject) -> None:
    typed = characters(reference)
    place = data.draw(st.integers(0, len(typed) - 1))
    typed[place] = data.draw(st.sampled_from([c for c in ALPHABET if c != typed[place]]))
    with pytest.raises(ReferenceMistyped):
        parse_reference("".join(typed))


@given(references, st.data())
def test_two_characters_that_changed_places_are_found(reference: str, data: st.DataObject) -> None:
    typed = characters(reference)
    first, second = (data.draw(st.integers(0, len(typed) - 1)) for _ in range(2))
    typed[first], typed[second] = typed[second], typed[first]
    if typed == characters(reference):
        assert parse_reference("".join(typed)) == parse_reference(reference)
    else:
        with pytest.raises(ReferenceMistyped):
            parse_reference("".join(typed))


@pytest.mark.parametrize(
    "typed",
    [
        "003k-1w",
        "OO3K-IW",
        "oo3k lw",
        "003K1W",
        " 0 0 3 K - 1 W ",
        "003K–1W",
        "003K\u00a01W",
        "003K-1W\r\n",
        "\x02003K-1W\x03",
        "]Q1003K-1W",
        "Réf. : 003K-1W",
        "Référence : 003K-1W.",
        "n° 003K-1W",
        "003K_1W",
        "\u200e003K-1W",
    ],
    ids=ascii,
)
def test_what_people_and_scanners_do_to_a_reference_is_tolerated(typed: str) -> None:
    assert parse_reference(typed) == (115, 1)


@given(references)
def test_a_scanner_set_to_the_american_keyboard_before_a_belgian_one(reference: str) -> None:
    american = "0123456789-AQZWM"
    belgian = "à&é\"'(§è!ç)QAWZ?"
    typed = reference.translate(str.maketrans(american, belgian))
    assert parse_reference(typed) == parse_reference(reference)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "too short"),
        ("003K", "too short"),
        ("003K-1X", "mistyped"),
        ("0000-00", "mistyped"),
        ("UUUU-1W", "never occurs"),
        ("café@école.be", "never occurs"),
        ("\x1b]52;c;aGk=\x07003K-1W", "never occurs"),
        ("Z" * 65, "too long"),
        ("Z" * 64, "mistyped"),
    ],
    ids=ascii,
)
def test_what_is_no_reference_is_refused_with_the_reason(typed: str, reason: str) -> None:
    with pytest.raises(ReferenceMistyped) as refusal:
        parse_reference(typed)
    assert reason in refusal.value.wording.text("en")


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        post_id, version = parse_reference(text)
    except ReferenceMistyped:
        return
    assert parse_reference(make_reference(post_id, version)) == (post_id, version)


@pytest.mark.parametrize(
    ("post_id", "version"), [(0, 1), (-1, 1), (MAX_POST_ID + 1, 1), (1, 0), (1, MAX_VERSION + 1)]
)
def test_numbers_out_of_range_get_no_reference(post_id: int, version: int) -> None:
    with pytest.raises(ValueError, match="no reference"):
        make_reference(post_id, version)
