"""What the tests of services and of the parent of sessions stand on, for those who attack them."""

from tests.services.conftest import house, light
from tests.tui.serve.conftest import folder

__all__ = ["folder", "house", "light"]
