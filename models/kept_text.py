"""Text that is kept of what somebody typed or read aloud: without the token that may be in it.

No row, journal or backup holds a token (DESIGN §2.5), and a caller's mail is pasted as it is.
What may be one is taken out before anything else is done to the text: a genuine token in any
writing that the door accepts, and what is nearly one, in the form of a token.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.errors import TrousseauError
from models.text import clean
from models.tokens import parse_token

#: What stands for a token that was taken out, in every language.
TAKEN_OUT = "[•••••]"
#: Characters of a text that are looked at; nothing longer is kept.
LONGEST_KEPT = 2_000

_WHOLE = 25
#: A token with slips has so many characters.
_NEARLY = range(22, 29)
#: An unbroken word of so many characters and some digits is a token or another secret.
_LONG_WORD = 20
#: What may stand between the characters of a token: anything but letters and digits, shortly.
_LONGEST_GAP = 3
_LONGEST_TOKEN = _WHOLE * (1 + _LONGEST_GAP)


@dataclass(frozen=True, slots=True)
class _Word:
    """Letters and digits of ASCII that follow each other, and where each stands in the text."""

    letters: str
    places: tuple[int, ...]

    @property
    def begin(self) -> int:
        return self.places[0]

    @property
    def end(self) -> int:
        return self.places[-1] + 1

    @property
    def is_mixed(self) -> bool:
        return any(map(str.isdigit, self.letters)) and any(map(str.isalpha, self.letters))


_Run = list[_Word]
_Spans = Iterator[tuple[int, int]]


def kept(text: str, limit: int = LONGEST_KEPT) -> str:
    """Return `text` as it may be kept and shown: cleaned, cut, without what may be a token."""
    return clean(without_tokens(text), limit).strip()


def token_in(text: str) -> str:
    """Return the first well-formed token in `text`, such as a pasted mail; "" where none is."""
    for run in _runs(text[: 2 * LONGEST_KEPT]):
        for begin, end in _genuine(run):
            return text[begin:end]
    return ""


def without_tokens(text: str) -> str:
    """Return `text` with `TAKEN_OUT` in place of each piece that is, or may be, a token.

    Of a text of more than twice `LONGEST_KEPT` characters the rest is cut away, and so much
    before it as a token can take that the cut goes through.
    """
    looked_at = text[: 2 * LONGEST_KEPT]
    end = len(text) if looked_at == text else len(looked_at) - _LONGEST_TOKEN
    return _replaced(_replaced(looked_at, end, _genuine), None, _nearly)


def _replaced(text: str, end: int | None, found: Callable[[_Run], _Spans]) -> str:
    """Return `text` until `end`, with what is found in its runs taken out."""
    end = len(text) if end is None else end
    pieces, done = [], 0
    for run in _runs(text):
        for begin, stop in found(run):
            if begin >= end:
                break
            pieces += [text[done:begin], TAKEN_OUT]
            done = stop
    return "".join([*pieces, text[done : max(done, end)]])


def _runs(text: str) -> Iterator[_Run]:
    """Return the words of ASCII, as lists of those with nothing but short gaps between them."""
    run: _Run = []
    for word in _words(text):
        gap = text[run[-1].end : word.begin] if run else ""
        if run and (len(gap) > _LONGEST_GAP or any(c.isalnum() for c in gap)):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _words(text: str) -> Iterator[_Word]:
    letters, places = "", []
    for place, character in enumerate(f"{text} "):
        # As the door reads them: some letters become one or two of ASCII.
        plain = character.upper()
        if plain.isascii() and plain.isalnum():
            letters += plain
            places += [place] * len(plain)
        elif letters:
            yield _Word(letters, tuple(places))
            letters, places = "", []


def _genuine(run: _Run) -> _Spans:
    """Return where well-formed tokens stand, also stuck to what is before and behind.

    Ordinary words pass the check one time in 32: a token must begin as they do too, with the
    zeros of a row's number.
    """
    letters = "".join(word.letters for word in run)
    places = [place for word in run for place in word.places]
    begins = {word.begin for word in run}
    at = 0
    while at <= len(letters) - _WHOLE:
        token = letters[at : at + _WHOLE]
        if _begins_a_token(token, places[at] in begins) and _is_well_formed(token):
            yield places[at], places[at + _WHOLE - 1] + 1
            at += _WHOLE
        else:
            at += 1


def _begins_a_token(letters: str, is_word: bool) -> bool:
    return letters.startswith(("0", "O") if is_word else ("00",)) and _digits(letters) >= 3


def _is_well_formed(letters: str) -> bool:
    try:
        parse_token(letters)
    except TrousseauError:
        return False
    return True


def _nearly(run: _Run) -> _Spans:
    """Return where something stands that may be a token with slips in it, or another secret."""
    number = 0
    while number < len(run):
        last = _nearly_from(run, number)
        if last is not None:
            yield run[number].begin, run[last].end
        number = number + 1 if last is None else last + 1


def _nearly_from(run: _Run, first: int) -> int | None:
    """Return the last word of what may be a token, None where nothing may be one."""
    word = run[first].letters
    if len(word) >= _LONG_WORD and sum(map(str.isdigit, word)) >= 2:
        return first
    if not (_digits(word[0]) or run[first].is_mixed):
        return None
    letters, found, best = "", None, _WHOLE
    for last in range(first, min(len(run), first + _NEARLY.stop)):
        letters += run[last].letters
        if len(letters) >= _NEARLY.stop:
            break
        far = abs(len(letters) - _WHOLE)
        if far < best and len(letters) in _NEARLY and _has_the_form(run[first : last + 1]):
            found, best = last, far
    return found


def _has_the_form(words: _Run) -> bool:
    """Tell whether words are grouped as a token is: by five, with slips, or by one or two."""
    lengths = [len(word.letters) for word in words]
    letters = "".join(word.letters for word in words)
    if _digits(letters) < 3 or sum(map(str.isalpha, letters)) < 3:
        return False
    grouped = 4 <= len(words) <= 6 and min(lengths) >= 3 and max(lengths) <= 7
    return (grouped and lengths.count(5) >= 3) or max(lengths) <= 2


def _digits(letters: str) -> int:
    return sum(c.isdigit() or c == "O" for c in letters)
