"""The printed certificate, read back and looked at by readers that know nothing of its making."""

import io
import unicodedata
from dataclasses import replace
from datetime import date

import pypdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.language import say
from services.certificates import Certificate, render_certificates, unprintable
from services.imports.roster import Cancelled

CERTIFICATE = Certificate(
    reference="V-42-17",
    name="Mme Zoë D’Hondt-Łukaszewska",
    school="Institut Sainte-Aldegonde",
    workshop="Évaluer pour apprendre",
    first_day=date(2027, 3, 31),
    last_day=date(2027, 4, 1),
    hours=12,
    leader="Dr Juan Ångström",
    issued_by="Bureau des ateliers",
    issued_on=date(2027, 4, 16),
    programme="DP",
    category=say("Surname"),
)


def read(pdf: bytes) -> list[str]:
    """Return the text of each page, white space of every kind made one space."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    texts = (unicodedata.normalize("NFC", page.extract_text()) for page in pages)
    return [" ".join(text.split()) for text in texts]


def ink_outside(pdf: bytes) -> int:
    """Return how many dots of a page are drawn in its margin, where only the frame's edge is."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[0].render(scale=1).to_pil().convert("L")
    finally:
        document.close()
    width, height = picture.size
    assert width > height
    millimetre = width / 297
    margins = (
        (0, 0, width, int(9 * millimetre)),
        (0, 0, int(9 * millimetre), height),
        (int(288 * millimetre), 0, width, height),
        (0, int(201 * millimetre), width, height),
        # Between the frame and the text at its left and right.
        (int(14 * millimetre), int(20 * millimetre), int(26 * millimetre), int(190 * millimetre)),
        (int(271 * millimetre), int(20 * millimetre), int(282 * millimetre), int(190 * millimetre)),
    )
    return sum(sum(picture.crop(margin).histogram()[:250]) for margin in margins)


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("en", "on 31 March 2027 and 1 April 2027"),
        ("fr", "le 31 mars 2027 et le 1er avril 2027"),
        ("\x1b", "le 31 mars 2027 et le 1er avril 2027"),
    ],
)
def test_it_says_who_what_when_and_by_whom(language: str, days: str) -> None:
    (page,) = read(render_certificates([replace(CERTIFICATE, language=language)]))
    shown = language if language == "en" else "fr"
    for text in (
        CERTIFICATE.name,
        CERTIFICATE.school,
        CERTIFICATE.workshop,
        CERTIFICATE.leader,
        CERTIFICATE.issued_by,
        CERTIFICATE.reference,
        days,
        say("Certificate of attendance").text(shown),
        f"DP, {say('Surname').text(shown)}",
        "12 heures" if shown == "fr" else "12 hours",
        "16 avril 2027" if shown == "fr" else "16 April 2027",
    ):
        assert text in page


def test_a_page_a_participant_in_the_order_given_and_always_the_same_bytes() -> None:
    several = [replace(CERTIFICATE, name=f"Personne {n}") for n in (3, 1, 2)]
    seen: list[tuple[int, int]] = []
    pdf = render_certificates(several, progress=lambda *at: seen.append(at))
    names = [page.partition("Personne ")[2][0] for page in read(pdf)]
    assert (names, seen) == (["3", "1", "2"], [(1, 3), (2, 3), (3, 3)])
    assert render_certificates(several) == pdf


def test_printing_can_be_stopped() -> None:
    def stop(done: int, total: int | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        render_certificates([CERTIFICATE] * 2, progress=stop)
    with pytest.raises(ValueError):
        render_certificates([])


def test_letters_that_the_type_has_not_are_told_before_printing() -> None:
    assert unprintable(replace(CERTIFICATE, name="Αλέξης Дмитрий Őz Ştefan Ñandú Þór")) == ""
    assert unprintable(replace(CERTIFICATE, name="Li 王小明王")) == "王小明"


@given(st.text(max_size=400), st.text(max_size=400))
@settings(max_examples=8, deadline=None)
def test_whatever_it_says_stays_on_the_page(one: str, other: str) -> None:
    odd = replace(CERTIFICATE, name=one, school=other, workshop=one, leader=other, issued_by=one)
    pdf = render_certificates([odd])
    assert len(read(pdf)) == 1
    assert ink_outside(pdf) == 0


def test_the_longest_of_everything_stays_inside_the_frame() -> None:
    words, letters = "Wagner " * 80, "W" * 400
    for text in (words, letters):
        pdf = render_certificates(
            [replace(CERTIFICATE, name=text, school=text, workshop=text, programme=text,
                     leader=text, issued_by=text, reference=text)]
        )  # fmt: skip
        assert ink_outside(pdf) == 0
        (page,) = read(pdf)
        assert "12 heures" in page
