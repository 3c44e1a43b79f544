"""Work in a thread that is done even though the screen which began it has gone."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

from textual.dom import DOMNode
from textual.worker import Worker

#: The group of what keeps a form as it is typed; it is short work, though it is the App's.
DRAFT = "draft"


def do_in_any_case(
    node: DOMNode, work: Callable[[], None], group: str, *, exclusive: bool = False
) -> Worker[Any]:
    """Do it in a thread, as a worker of `node` that may be cancelled without taking it back.

    On a busy machine a thread of Textual's begins only when another has ended, and never where
    its screen is left or the console closed meanwhile: what was just typed or sent is lost.
    """
    begun = asyncio.get_running_loop().run_in_executor(None, Context().run, work)

    async def wait() -> None:
        await asyncio.shield(begun)

    return node.run_worker(wait, group=group, exclusive=exclusive, exit_on_error=False)
