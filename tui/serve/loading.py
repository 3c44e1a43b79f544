"""Importing everything that a session may need, once for all of them."""

import gc
import importlib
import os
import pkgutil
import threading

from tui.environment import tidy

_PACKAGES = ("models", "services", "screens", "tui")


def load() -> None:
    """Import the whole program; raises `RuntimeError` where that leaves a thread behind.

    Everything is frozen then: the collector of a session would otherwise touch, and so copy,
    all that it shares.
    """
    tidy(os.environ)
    gc.disable()
    for package in _PACKAGES:
        for module in pkgutil.walk_packages(
            importlib.import_module(package).__path__, f"{package}."
        ):
            if "migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    importlib.import_module("tui.ssh.__main__")
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    if threading.active_count() > 1:  # a fork would have its locks, and not itself
        raise RuntimeError("a thread was started by an import")
    gc.collect()
    gc.freeze()
    gc.enable()
