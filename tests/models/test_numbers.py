"""FASE, enterprise, staff and national numbers (DOMAIN §3)."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.numbers import (
    NumberError,
    looks_like_national_number,
    parse_enterprise_number,
    parse_fase,
    parse_staff_number,
    staff_number_disagreements,
)

FEDERATION = Path(__file__).parents[2].parent / "shared/data/schools-fwb/signaletique-fase.csv"


@given(st.integers(1, 99_999))
def test_every_fase_number_is_read_back(number: int) -> None:
    assert parse_fase(f" {number} ") == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("0", "begin with a zero"),
        ("0123", "begin with a zero"),
        ("123456", "at most 5"),
        ("12a", "digits only"),
        ("-1", "digits only"),
        ("12.0", "digits only"),
        ("1 234", "digits only"),
        ("١٢", "digits only"),
        ("²", "digits only"),
    ],
)
def test_no_fase_number(text: str, reason: str) -> None:
    with pytest.raises(NumberError) as refusal:
        parse_fase(text)
    assert reason in refusal.value.wording.text("en")


@pytest.mark.parametrize(
    "text", ["0206582284", "0206.582.284", "BE 0206 582 284", "be0206582284", "2167249026"]
)
def test_enterprise_numbers(text: str) -> None:
    assert len(parse_enterprise_number(text)) == 10


@given(st.integers(0, 99_999_999), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(first_eight: int, place: int, shift: int) -> None:
    right = f"{first_eight:08d}{97 - first_eight % 97:02d}"
    assert parse_enterprise_number(right) == right
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    with pytest.raises(NumberError, match="check digits"):
        parse_enterprise_number(wrong)


@pytest.mark.parametrize("text", ["", "206582284", "02065822844", "0206582E84", "x" * 5_000])
def test_no_enterprise_number(text: str) -> None:
    with pytest.raises(NumberError):
        parse_enterprise_number(text)


def test_numbers_of_the_federation() -> None:
    if not FEDERATION.exists():
        pytest.skip("the Federation's list of schools is not here")
    with FEDERATION.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    header = [name.strip("\ufeff") for name in rows[0]]
    fase, enterprise = header.index("N° FASE de l'établissement"), 2
    assert {parse_fase(row[fase]) for row in rows[1:]}
    numbers = {row[enterprise] for row in rows[1:] if row[enterprise]}
    assert {parse_enterprise_number(number) for number in numbers} == numbers


@pytest.mark.parametrize("text", ["28405120001", "2 840512 0001", "1.000229.1234"])
def test_staff_numbers(text: str) -> None:
    assert len(parse_staff_number(text)) == 11


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("2840512000", "11 digits"),
        ("38405120001", "begins with 1"),
        ("28413120001", "date of birth"),
        ("28402300001", "date of birth"),
        ("85073003328", "national number"),
        ("85.07.30-033.28", "national number"),
    ],
)
def test_no_staff_number(text: str, reason: str) -> None:
    with pytest.raises(NumberError) as refusal:
        parse_staff_number(text)
    assert reason in refusal.value.wording.text("en")


def test_a_refusal_never_repeats_the_number() -> None:
    with pytest.raises(NumberError) as refusal:
        parse_staff_number("85073003328")
    assert "8507" not in f"{refusal.value!r} {refusal.value} {refusal.value.wording!r}"


def test_agreement_with_sex_and_birth_date() -> None:
    born = date(1984, 5, 12)
    assert staff_number_disagreements("28405120001", "F", born) == []
    assert staff_number_disagreements("28405120001") == []
    (sex,) = staff_number_disagreements("28405120001", "M", born)
    assert "sex" in sex.text("en")
    (day,) = staff_number_disagreements("28405120001", "F", date(1984, 12, 5))
    assert "05/12/1984" in day.text("en")
    assert len(staff_number_disagreements("28405120001", "M", date(1990, 1, 1))) == 2


def national_number(born: date, serial: int, raised: int = 0) -> str:
    first_nine = f"{born:%y}{born.month + raised:02d}{born:%d}{serial:03d}"
    century = "2" if born.year >= 2000 else ""
    return f"{first_nine}{97 - int(century + first_nine) % 97:02d}"


@given(
    st.dates(date(1920, 1, 1), date(2026, 12, 31)),
    st.integers(1, 998),
    st.sampled_from([0, 20, 40]),
)
def test_national_numbers_of_both_centuries(born: date, serial: int, raised: int) -> None:
    number = national_number(born, serial, raised)
    assert looks_like_national_number(number)
    shown = f" {number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]} "
    assert looks_like_national_number(shown)


@given(st.dates(date(1930, 1, 1), date(2008, 12, 31)), st.integers(1, 998))
def test_the_national_number_of_staff_is_never_taken_for_a_staff_number(
    born: date, serial: int
) -> None:
    with pytest.raises(NumberError, match="national number"):
        parse_staff_number(national_number(born, serial))


@pytest.mark.parametrize(
    "text", ["", "85073003329", "85133003328", "8507300332", "jean", "0206582284", "8" * 400]
)
def test_not_a_national_number(text: str) -> None:
    assert not looks_like_national_number(text)
