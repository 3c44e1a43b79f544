"""The questions callers have, and what to answer: one for each cause of DOMAIN §5.

They stand in `questions.fr.txt` and `questions.en.txt` beside this file, for people to read and
to correct, under the codes that findings bear. A diagnosis and the questions so speak of the same
causes.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.language import DEFAULT_LANGUAGE, LANGUAGES, current_language
from models.text import clean, name_key

__all__ = ["Question", "codes", "question_of", "questions", "search"]

_FOLDER = Path(__file__).parent
_HEAD = re.compile(r"\[(\d+)((?: [a-z][a-z_]*)+)\]")
_LONGEST_TEXT, _MOST_WORDS = 200, 12
#: What a word counts for where it is found: in the question, in the answer.
_IN_QUESTION, _IN_ANSWER = 3, 1
#: Shorter words are in every sentence, and letters that a plural or a verb adds are left away.
_SHORTEST, _STEM = 3, 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer in one language.

    `number` is that of the cause in DOMAIN §5, `codes` the causes of findings that it is about.
    """

    number: int
    codes: tuple[str, ...]
    question: str
    answer: str


@cache
def questions(language: str | None = None) -> tuple[Question, ...]:
    """Return all questions of a language, in the order of DOMAIN §5.

    Raises ValueError for a language that is none of ours, and for a file that is not readable
    as the others.
    """
    language = language or DEFAULT_LANGUAGE
    if language not in LANGUAGES:
        raise ValueError(f"no questions in {language!r}")
    return tuple(parse((_FOLDER / f"questions.{language}.txt").read_text(encoding="utf-8")))


def parse(text: str) -> list[Question]:
    """Return the questions of a file; raises ValueError for a line that is in no question."""
    found: list[Question] = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line.strip() and line[0] != "#"]
        if not lines:
            continue
        head = _HEAD.fullmatch(lines[0].strip())
        if head is None or len(lines) < 3:
            raise ValueError(f"not a question: {lines[0]!r}")
        answer = " ".join(line.strip() for line in lines[2:])
        found.append(Question(int(head[1]), tuple(head[2].split()), lines[1].strip(), answer))
    return found


def codes(language: str | None = None) -> frozenset[str]:
    """Return the codes of all causes that have an answer in a language."""
    return frozenset(code for each in questions(language) for code in each.codes)


def question_of(code: str, language: str | None = None) -> Question | None:
    """Return the question about a cause, in the current language unless said otherwise."""
    all_of_them = questions(language or current_language())
    return next((each for each in all_of_them if code in each.codes), None)


def search(text: str, language: str | None = None) -> list[Question]:
    """Return the questions that hold the words of `text`, the best first; all for no words.

    Neither accents nor case matter, nor the end of a longer word. A code finds its question.
    """
    all_of_them = questions(language or current_language())
    words = _words(clean(text[: _LONGEST_TEXT + 1], _LONGEST_TEXT))[:_MOST_WORDS]
    if not words:
        return list(all_of_them) if not text.strip() else []
    ranked = [(_fit(each, text.strip(), words), -place) for place, each in enumerate(all_of_them)]
    ranked.sort(reverse=True)
    return [all_of_them[-place] for fit, place in ranked if fit > 0]


def _fit(question: Question, text: str, words: list[str]) -> int:
    if text in question.codes:
        return 100
    asked, answered = _index(question)
    fits = [
        _IN_QUESTION if _is_in(word, asked) else _IN_ANSWER if _is_in(word, answered) else 0
        for word in words
    ]
    # Of several words one may be missing, no more.
    return sum(fits) if fits.count(0) <= len(fits) // 3 else 0


@cache
def _index(question: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(_words(question.question)), tuple(_words(question.answer))


def _is_in(word: str, words: tuple[str, ...]) -> bool:
    stem = word[: max(_STEM, len(word) - 2)]
    return any(other.startswith(stem) for other in words)


def _words(text: str) -> list[str]:
    # "e-mail" and "email" are one word.
    keys = (name_key(word) for word in re.split(r"[\W_]+", text.replace("-", "")))
    return [key for key in keys if len(key) >= _SHORTEST or key.isdigit()]
