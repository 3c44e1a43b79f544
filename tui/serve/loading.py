"""Importing everything that a session may need, once for all of them."""

import gc
import os
import threading

from tui.environment import tidy


def load() -> None:
    """Load the whole program; raises `RuntimeError` where that leaves a thread behind.

    Everything is frozen then: the collector of a session would otherwise touch, and so copy,
    all that it shares.
    """
    tidy(os.environ)  # before Textual, which reads its variables on import
    gc.disable()
    from tui.preload import load_everything

    load_everything()
    import tui.ssh.__main__  # noqa: F401
    from tui.serve.rehearsal import rehearse

    rehearse()
    if threading.active_count() > 1:  # a fork would have its locks, and not itself
        raise RuntimeError("a thread was left behind")
    gc.collect()
    gc.freeze()
    gc.enable()
