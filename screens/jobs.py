"""Long work: started once, going on wherever one is, and really stopped."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from textual.app import App
from textual.message import Message

from models.language import Wording
from services.cancelling import Cancelled, Progress

if TYPE_CHECKING:
    from screens.widgets.progress import Reading

#: How often what is shown is brought up to date while work runs, in seconds. Each time
#: costs one line on the wire.
PERIOD = 0.5

State = Literal["running", "stopping", "done", "stopped", "failed"]


@dataclass(eq=False)
class Job:
    """A piece of long work. Only its own thread writes `done` and `total`."""

    title: Wording
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    done: int = 0
    total: int | None = None
    state: State = "running"
    result: Any = field(default=None, repr=False)
    error: Exception | None = field(default=None, repr=False)
    _stop: Event = field(default_factory=Event, repr=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    def report(self, done: int, total: int | None) -> None:
        """Say how far the work is (`services.cancelling.Progress`).

        Raises `Cancelled` when somebody has asked to stop: the work ends there, and its
        transaction with it.
        """
        if self._stop.is_set():
            raise Cancelled
        self.done, self.total = done, total

    def stop(self) -> None:
        """Ask the work to end at its next report."""
        if self.state == "running":
            self.state = "stopping"
        self._stop.set()

    @property
    def running(self) -> bool:
        return self.state in ("running", "stopping")

    @property
    def reading(self) -> "Reading":
        """What a progress line shows just now."""
        from screens.widgets.progress import Reading

        return Reading(self.title, self.done, self.total, self.clock() - self._started, self.state)


class JobEnded(Message):
    """Posted to the App when a job has ended, however it ended."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job


class Jobs:
    """The running jobs of one console. They belong to the App and so outlive every screen."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._jobs: list[Job] = []

    @property
    def current(self) -> Job | None:
        """The job that was started last, while it runs."""
        return next((job for job in reversed(self._jobs) if job.running), None)

    def start(self, title: Wording, work: Callable[[Progress], Any]) -> Job:
        """Run `work(report)` in a thread. It must call `report` often: that is where it stops."""
        job = Job(title)
        self._jobs = [job for job in self._jobs if job.running] + [job]
        self._app.run_worker(
            partial(self._run, job, work), thread=True, group="jobs", exit_on_error=False
        )
        return job

    def __contains__(self, job: Job) -> bool:
        return job in self._jobs

    def stop_all(self) -> None:
        for job in self._jobs:
            job.stop()

    def _run(self, job: Job, work: Callable[[Progress], Any]) -> None:
        try:
            job.result = work(job.report)
            job.state = "done"
        except Cancelled:
            job.state = "stopped"
        except Exception as error:
            job.error, job.state = error, "failed"
        self._app.post_message(JobEnded(job))
