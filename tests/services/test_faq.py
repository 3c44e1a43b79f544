"""Every cause that a finding can name has its question and answer, in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from models.language import LANGUAGES
from models.text import is_clean
from services import faq


def _causes() -> Iterator[str]:
    """Return every code that the services give a finding."""
    for file in Path(services.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id == "Finding" and node.args:  # type: ignore[attr-defined]
                cause = node.args[0]  # type: ignore[attr-defined]
                if isinstance(cause, ast.Constant) and isinstance(cause.value, str):
                    yield cause.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_has_its_answer(language: str) -> None:
    causes = set(_causes())
    assert len(causes) > 40 and {"no_consent", "headnet_waits", "asked_late"} <= causes
    assert causes - faq.codes(language) == set()
    for code in faq.codes(language):
        question = faq.question_of(code, language)
        assert question is not None and code in question.codes


def test_both_languages_have_the_same_questions_about_all_twenty_causes() -> None:
    french, english = faq.questions("fr"), faq.questions("en")
    assert [(q.number, q.codes) for q in french] == [(q.number, q.codes) for q in english]
    assert sorted({q.number for q in french}) == list(range(1, 21))
    assert all(one.answer != other.answer for one, other in zip(french, english, strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_short_and_fit_to_be_read_aloud(language: str) -> None:
    for question in faq.questions(language):
        assert question.question.endswith("?") and len(question.question) <= 80
        assert 60 <= len(question.answer) <= 600 and question.answer.endswith(".")
        assert is_clean(question.question) and is_clean(question.answer)
        assert len(question.codes) == len(set(question.codes))
        if language == "fr":
            for text in (question.question, question.answer):
                assert "'" not in text and not any(f" {mark}" in text for mark in ":;?!»")


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("deux e-mails", "fr", "several_mails"),
        ("JETON perime", "fr", "expired"),
        ("mon jeton est-il périmé ?", "fr", "expired"),
        ("compte bloqué", "fr", "locked"),
        ("boite partagee", "fr", "shared_mailbox"),
        ("menus", "fr", "no_role"),
        ("facture", "fr", "invoice_missing"),
        ("ancien chef", "fr", "headnet_former_head"),
        ("headnet_waits", "fr", "headnet_waits"),
        ("locked account", "en", "locked"),
        ("expired token", "en", "expired"),
        ("two emails", "en", "several_mails"),
        ("Menu", "en", "no_role"),
    ],
)
def test_a_question_is_found_by_its_words(text: str, language: str, code: str) -> None:
    assert code in [c for q in faq.search(text, language)[:2] for c in q.codes]


def test_what_is_not_asked_is_not_found() -> None:
    assert faq.search("", "fr") == list(faq.questions("fr"))
    assert faq.search("xylophone", "fr") == faq.search("\x1b[2J" * 500, "fr") == []
    assert faq.search("?!", "fr") == []
    with pytest.raises(ValueError):
        faq.questions("de")


@pytest.mark.parametrize("text", ["[1 a]\nQuestion ?", "no head\nq\na", "[x a]\nq\na"])
def test_a_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        faq.parse(text)
