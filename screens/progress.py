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
            yield Static(safe(_("Esc leaves it running   c stops it")), classes="keys")

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
