"""Questions: only a clear answer counts."""

from typing import Any

import pytest

from models.language import say, use_language
from screens.confirm import ConfirmScreen
from tests.screens.conftest import MakeApp, settled
from tests.screens.samples import People
from tests.screens.widgets.test_table import ListScreen


def question() -> ConfirmScreen:
    return ConfirmScreen(
        say("Envoyer les invitations"),
        say("120 e-mails partiront vers 120 membres du personnel. Continuer\u00a0?"),
        say("Un e-mail parti ne peut pas être rappelé."),
    )


@pytest.mark.parametrize(
    ("language", "keys", "answer"),
    [
        ("fr", ["o"], True),
        ("fr", ["n"], False),
        ("fr", ["escape"], False),
        ("en", ["y"], True),
        ("fr", ["enter", "space", "n"], False),
    ],
)
async def test_answers(console: MakeApp, language: str, keys: list[str], answer: bool) -> None:
    answers: list[bool | None] = []
    async with console(ListScreen(People()), language=language).run_test() as pilot:
        await settled(pilot)
        await pilot.app.push_screen(question(), answers.append)
        await pilot.press(*keys)
        await settled(pilot)
    use_language("fr")
    assert answers == [answer]


def test_picture(console: MakeApp, snap_compare: Any) -> None:
    async def ask(pilot: Any) -> None:
        await settled(pilot)
        await pilot.app.push_screen(question())
        await settled(pilot)

    assert snap_compare(console(ListScreen(People())), run_before=ask)
