"""How strong a new password is, in words, while it is being typed (FACTS, Passwords)."""

from dataclasses import dataclass

from models.language import Wording, say, say_n
from services.passwords import SHORTEST, PasswordRefused, check_password

#: From how many characters on a password is called better than enough. A phrase of four
#: words has some 20, one of six some 30.
_STRONG, _VERY_STRONG = 20, 30


@dataclass(frozen=True, slots=True)
class Strength:
    """Whether a password would be taken, and what to say of it."""

    accepted: bool
    wording: Wording


def strength(password: str, *personal: str) -> Strength:
    """Return how strong a password is; `personal` is what `check_password` takes."""
    if not password:
        return Strength(
            False,
            say(
                "At least %(count)s characters: four words that do not belong together, "
                "for instance. Spaces are welcome, and so is pasting.",
                count=SHORTEST,
            ),
        )
    if (missing := SHORTEST - len(password)) > 0:
        return Strength(
            False,
            say_n(
                "Too short: %(count)s more character",
                "Too short: %(count)s more characters",
                missing,
            ),
        )
    try:
        check_password(password, *personal)
    except PasswordRefused as refused:
        return Strength(False, refused.wording)
    return Strength(True, _praise(min(len(password), 3 * len(set(password)))))


def _praise(size: int) -> Wording:
    if size >= _VERY_STRONG:
        return say("Very strong")
    return say("Strong") if size >= _STRONG else say("Good: long enough")
