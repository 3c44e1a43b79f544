"""The first picture, drawn once where nobody sees it, before the first session is forked.

Textual loads some modules, and makes up tables and styles, when they are first needed; each
session would do so again. Drawn beforehand the sign-in screen is there in three quarters of
the time.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, cast

from models.language import LANGUAGES, translations
from screens.sign_in import SignInScreen
from tui.app import TrousseauApp

if TYPE_CHECKING:
    from screens.doorway import Doorway

#: No file is written there.
_NOWHERE = Path("/nonexistent")


class _Wall:
    """A door that leads nowhere."""

    def prepare(self) -> None:
        """Open nothing: the parent has no data."""


def rehearse() -> None:
    """Draw the sign-in screen for nobody, and read the catalogues."""
    for language in LANGUAGES:
        translations(language)
    asyncio.run(_rehearse())


async def _rehearse() -> None:
    door = cast("Doorway", _Wall())
    app = TrousseauApp(lambda: SignInScreen(door), state_folder=_NOWHERE)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
