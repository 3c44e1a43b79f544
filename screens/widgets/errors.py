"""How a screen tells an error that came out of a worker."""

from textual.widget import Widget

from models.errors import TrousseauError
from screens.widgets.text import shown


def tell_error(widget: Widget, error: Exception) -> None:
    """Tell the person what went wrong, through the console.

    An error of ours is told in its own words; any other gets a number for the helpdesk and
    goes to the crash log. Outside the console (in a test's bare App) an error that is not
    ours is raised.
    """
    if tell := getattr(widget.app, "tell_error", None):
        tell(error)
    elif isinstance(error, TrousseauError):
        widget.app.notify(shown(error), severity="error", markup=False)
    else:
        raise error
