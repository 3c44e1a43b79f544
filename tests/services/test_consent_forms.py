"""The printed consent form, read back by readers that know nothing of how it was made."""

import io
import unicodedata
from dataclasses import replace
from datetime import date

import pypdf
import pypdfium2
import pytest
import time_machine
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from models.consent_texts import CONSENT_TEXTS, consent_text, current_version
from models.language import say
from models.references import MAX_POST_ID, ReferenceMistyped, make_reference, parse_reference
from services.consent_forms import ConsentForm, render_forms

TODAY = date(2026, 8, 24)

FORM = ConsentForm(
    reference=make_reference(115, 1),
    surname="Van den Bossche",
    first_name="Hélène",
    function=say("Function"),
    school_name="Institut Sainte-Aldegonde",
    school_address=("Rue du Viaduc, 12", "7000 Mons"),
    school_identifier="École n° FASE 1234",
    email="helene.vdb@exemple.be",
    email_field="E-mail privé",
    language="fr",
    text_version=1,
    manager_contact="Mme Claire Dubois, secrétariat",
    school_year="2026-2027",
)


def read(pdf: bytes) -> list[str]:
    """Return the text of each page, white space of every kind made one space."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    texts = (unicodedata.normalize("NFC", page.extract_text()) for page in pages)
    return [" ".join(text.split()) for text in texts]


def page_of(form: ConsentForm) -> str:
    (text,) = read(render_forms([form], today=TODAY))
    return text


def scan(pdf: bytes, page: int = 0) -> str:
    """Return what an office scanner at 200 dots an inch finds in the page's QR code."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[page].render(scale=200 / 72).to_pil().convert("L")
    finally:
        document.close()
    (code,) = zxingcpp.read_barcodes(picture)
    return code.text


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_the_sheet_says_who_which_address_and_where() -> None:
    page = page_of(FORM)
    for text in (
        "Van den Bossche",
        "Hélène",
        "helene.vdb@exemple.be",
        "E-mail privé",
        "Institut Sainte-Aldegonde",
        "Rue du Viaduc, 12",
        "7000 Mons",
        "École n° FASE 1234",
        "2026-2027",
        "003K-1W",
        "24/08/2026",
    ):
        assert text in page


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_sheet_carries_the_whole_text_in_the_language_of_the_person(language: str) -> None:
    page = page_of(replace(FORM, language=language))
    words = consent_text(1).in_language(language)
    for label in ("Surname", "First name", "Function", "E-mail address", "Signature"):
        assert say(label).text(language) in page
    assert squeezed(words.title) in page
    assert squeezed(words.statement) in page
    for told in words.paragraphs("Institut Sainte-Aldegonde", "Mme Claire Dubois, secrétariat"):
        assert squeezed(told.heading) in page
        assert squeezed(told.body) in page


def test_an_unknown_language_is_french() -> None:
    assert consent_text(1).in_language("fr").title in page_of(replace(FORM, language="\x1b[31m"))


def test_a_person_without_an_address_is_asked_for_one() -> None:
    page = page_of(replace(FORM, email="", language="en"))
    assert "none on file" in page
    assert "Write your e-mail address here" in page
    assert "E-mail privé" not in page


def test_without_a_contact_the_head_of_school_is_named() -> None:
    page = page_of(replace(FORM, manager_contact=""))
    assert "auprès de la direction de l’école" in page


def test_the_governing_body_is_responsible_where_it_is_known() -> None:
    page = page_of(replace(FORM, governing_body="ASBL Écoles du Borinage"))
    assert "Responsable du traitement : ASBL Écoles du Borinage." in page


@pytest.mark.parametrize("post_id", [1, 115, 2**20, 2**35, MAX_POST_ID])
def test_the_code_read_by_a_scanner_leads_back_to_the_post(post_id: int) -> None:
    pdf = render_forms([replace(FORM, reference=make_reference(post_id, 1))], today=TODAY)
    assert scan(pdf) == make_reference(post_id, 1)
    assert parse_reference(scan(pdf)) == (post_id, 1)
    assert make_reference(post_id, 1) in read(pdf)[0]


def test_each_person_has_a_page_of_their_own_in_the_order_given() -> None:
    forms = [
        replace(FORM, reference=make_reference(n, 1), surname=f"Personne{n}") for n in (3, 1, 2)
    ]
    steps: list[tuple[int, int | None]] = []
    pdf = render_forms(iter(forms), today=TODAY, progress=lambda *step: steps.append(step))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    pages = read(pdf)
    assert len(pages) == 3
    for place, form in enumerate(forms):
        assert form.surname in pages[place]
        assert scan(pdf, place) == form.reference


@pytest.mark.parametrize(
    "name", ["Wałęsa", "Ștefănescu", "Παπαδόπουλος", "Щербаков", "Nguyễn", "Þórðarson", "Čapek"]
)
def test_names_of_the_scripts_of_europe_are_printed(name: str) -> None:
    page = page_of(replace(FORM, surname=name, first_name=name))
    assert page.count(name) == 2


def test_letters_that_the_type_has_not_are_seen_to_be_missing() -> None:
    page = page_of(replace(FORM, surname="山田 محمد", first_name="Zoë 😀"))
    assert "\ufffd\ufffd \ufffd\ufffd\ufffd\ufffd" in page
    assert "Zoë \ufffd" in page


HOSTILE = [
    "W" * 10_000,
    "mot " * 2_500,
    "a" + "\u0301" * 9_999,
    "\x1b]52;c;aGk=\x07\x00\x9b31m",
    "\u202eeb.livé\u2066",
    "[bold]x[/b] **y** __z__ %(contact)s %s {0} <b>",
    "(\\) Tj ET BT /F1 99 Tf (pirate",
    "ligne\nligne\r\nligne\tfin",
    "\ud800\udfff",
    "",
    " ",
]


def on_the_sheet(pdf: bytes) -> bool:
    """Tell whether there is one page and no letter of it lies beyond the paper's margins."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        text = document[0].get_textpage()
        boxes = [text.get_charbox(place) for place in range(text.count_chars())]
        drawn = [box for box in boxes if box[2] > box[0]]
        inside = all(left > 50 and right < 545 and low > 25 for left, low, right, _ in drawn)
        return len(document) == 1 and inside
    finally:
        document.close()


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_stay_on_one_harmless_page(value: str) -> None:
    form = ConsentForm(
        reference=FORM.reference,
        surname=value,
        first_name=value,
        function=value,
        school_name=value,
        school_address=(value,) * 9,
        school_identifier=value,
        email=value,
        email_field=value,
        language="fr",
        text_version=1,
        manager_contact=value,
        school_year=value,
        governing_body=value,
    )
    pdf = render_forms([form], today=TODAY)
    assert on_the_sheet(pdf)
    assert scan(pdf) == FORM.reference
    (page,) = read(pdf)
    assert squeezed(consent_text(1).in_language("fr").statement) in page
    assert not any(c in page for c in "\x00\x07\x1b\x9b\u202e\u2066")


@settings(max_examples=15)
@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_gives_one_page(name: str, contact: str) -> None:
    form = replace(FORM, surname=name, school_name=name, email=name, manager_contact=contact)
    assert on_the_sheet(render_forms([form], today=TODAY))


def test_markup_and_places_in_names_are_printed_as_they_are() -> None:
    assert "[bold]x %(contact)s **y**" in page_of(
        replace(FORM, surname="[bold]x %(contact)s **y**", manager_contact="%(responsible)s %d")
    )


def test_a_long_school_name_wraps_whole() -> None:
    name = "Institut de la Providence et Saint-Boniface, enseignement secondaire technique"
    assert name in page_of(replace(FORM, school_name=name))


def test_the_longest_address_there_can_be_is_printed_whole() -> None:
    email = "prenom.nom-de-famille" * 3 + "@" + "ecole-secondaire." * 11 + "be"
    assert len(email) == 253
    assert email in page_of(replace(FORM, email=email)).replace(" ", "")


def test_the_same_forms_give_the_same_bytes_whenever_they_are_made() -> None:
    with time_machine.travel("2026-08-24 08:00", tick=False):
        first = render_forms([FORM], today=TODAY)
    with time_machine.travel("2031-01-01 20:00", tick=False):
        assert render_forms([FORM], today=TODAY) == first
    assert render_forms([FORM], today=date(2026, 8, 25)) != first


def test_nothing_to_print_is_an_error() -> None:
    with pytest.raises(ValueError, match="no form"):
        render_forms([], today=TODAY)


def test_a_reference_must_belong_to_the_text_printed() -> None:
    with pytest.raises(ValueError, match="version"):
        replace(FORM, reference=make_reference(115, 2))
    with pytest.raises(ReferenceMistyped):
        replace(FORM, reference="003K-1X")


def test_a_text_that_never_was_is_not_printed() -> None:
    form = replace(FORM, reference=make_reference(115, 30), text_version=30)
    with pytest.raises(LookupError):
        render_forms([form], today=TODAY)


def test_texts_that_were_printed_are_never_changed() -> None:
    """Do not bring this up to date: add a version instead, and its digest here."""
    assert {text.version: text.digest() for text in CONSENT_TEXTS} == {
        1: "7d317ec98193af9e71d26faa519c2b3a0d4f197ebadbe2e01b4570d90666575f"
    }


def test_the_texts_are_numbered_and_dated_in_order_and_complete() -> None:
    assert [text.version for text in CONSENT_TEXTS] == list(range(1, len(CONSENT_TEXTS) + 1))
    assert [text.since for text in CONSENT_TEXTS] == sorted(text.since for text in CONSENT_TEXTS)
    assert all(set(text.words) >= {"fr", "en"} for text in CONSENT_TEXTS)


def test_the_version_in_force_is_printed() -> None:
    assert current_version(TODAY) == CONSENT_TEXTS[-1].version
    assert current_version(date(2020, 1, 1)) == 1
