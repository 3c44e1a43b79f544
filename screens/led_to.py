"""What was done on a screen has led to: for whoever opened it, and notes that it was done."""

from dataclasses import dataclass
from typing import Any

from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class LedTo:
    """The plan that was applied, or the mail that was queued.

    `done` says that it was what one came for, whatever still holds: a request that came late
    stays late once it is answered.
    """

    plan_id: int | None = None
    mail_id: int | None = None
    done: bool = False


def led_to(screen: Screen[Any] | None) -> LedTo:
    """Return what a screen says of itself in `led_to`; nothing where it says none."""
    found = getattr(screen, "led_to", None)
    return found if isinstance(found, LedTo) else LedTo()
