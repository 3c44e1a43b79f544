"""Long work as it is shown, left and found again."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from models.language import _
from screens.commands import bindings
from screens.jobs import PERIOD, Job
from screens.widgets.dialog import Dialog
from screens.widgets.progress import ProgressLine
from screens.widgets.text import safe


class ProgressScreen(Dialog[Job]):
    """Show one job. `Esc` leaves it running, `c` stops it; the result is the job."""

    BINDINGS = [*bindings("progress.cancel", "progress.leave")]

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog-box") as box:
            box.border_title = safe(self.job.title.text())
            yield ProgressLine(self.job.reading)
            yield from self.more()
            yield Static(safe(_("Esc leaves it running   c stops it")), classes="keys")

    def more(self) -> ComposeResult:
        """Yield what stands between the work and the keys."""
        yield from ()

    def on_mount(self) -> None:
        self.set_interval(PERIOD, self._look)

    def _look(self) -> None:
        self.query_one(ProgressLine).show(self.job.reading)
        if not self.job.running and self.is_current:
            self.dismiss(self.job)

    def action_cancel(self) -> None:
        self.job.stop()
        self._look()

    def action_leave(self) -> None:
        self.dismiss(self.job)


class CallProgressScreen(ProgressScreen):
    """A sending that belongs to a call in hand: `x` has the call closed once it has ended well.

    The key that closes the call on the screen below, for whoever types ahead. `hangs_up` tells
    that it was pressed.
    """

    BINDINGS = [*bindings("progress.hang-up")]
    hangs_up = False

    def more(self) -> ComposeResult:
        yield Static(safe(_("x closes the call once the mails have left")), id="hang-up")

    def action_hang_up(self) -> None:
        self.hangs_up = True
        told = _("The call closes once they have left. Esc keeps it open.")
        self.query_one("#hang-up", Static).update(safe(told))
