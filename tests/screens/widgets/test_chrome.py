"""Sentences on a screen: they have the room that their words need."""

from typing import Any

import pytest
from textual.app import ComposeResult
from textual.screen import Screen

from screens.widgets.chrome import Sentence
from tests.screens.conftest import MakeApp, settled

WORDS = "un deux trois quatre cinq " * 12


class Place(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Sentence("kurz")


@pytest.mark.parametrize("mounted", [True, False])
async def test_a_sentence_has_the_room_of_its_latest_words(console: MakeApp, mounted: bool) -> None:
    """Also one that was measured and changes before its mounting has come to an end."""
    app: Any = console(Place())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        sentence = app.screen.query_one(Sentence)
        assert sentence.size.height == 1
        sentence._is_mounted = mounted
        sentence.show(WORDS)
        sentence._is_mounted = True
        await settled(pilot)
        assert sentence.size.height == 5
        sentence.show("kurz")
        await settled(pilot)
        assert sentence.size.height == 1
