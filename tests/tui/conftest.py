"""The console around one screen, as the tests of screens have it."""

from tests.screens.conftest import console

__all__ = ["console"]
