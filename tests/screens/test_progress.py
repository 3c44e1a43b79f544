"""Long work: shown, left, found again, stopped."""

from collections.abc import Callable
from threading import Event
from typing import Any

from textual.app import ComposeResult
from textual.screen import Screen

from models.errors import TrousseauError
from models.language import say
from screens.jobs import Job, JobEnded
from screens.progress import CallProgressScreen, ProgressScreen
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.progress import Reading, duration
from services.imports.roster import Progress
from tests.screens.conftest import MakeApp, screen_text, settled


class EmptyScreen(Screen[None]):
    def compose(self) -> ComposeResult:
        yield TitleBar("Dashboard", "Institut Saint-Joseph", "2026-2027", "Anne Lambert")
        yield KeyBar()


class Sending:
    """Work that goes on when it is told to."""

    def __init__(self) -> None:
        self.go_on, self.begun = Event(), Event()

    def __call__(self, report: Progress) -> str:
        report(90, 200)
        self.begun.set()
        assert self.go_on.wait(10)
        report(200, 200)
        return "sent"


async def until(pilot: Any, true: Callable[[], bool]) -> None:
    for _time in range(1_000):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came about")


async def test_left_and_found_again(console: MakeApp) -> None:
    work = Sending()
    app = console(EmptyScreen())
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        job = app.jobs.start(say("Envoi"), work)
        await until(pilot, work.begun.is_set)
        await pilot.press("f7")
        await pilot.pause()
        assert "90 " in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        app.show_work()
        await pilot.pause()
        assert "F7 Envoi 45 %" in screen_text(app)
        assert job.running
        await pilot.press("f7")
        await pilot.pause()
        assert isinstance(app.screen, ProgressScreen)
        work.go_on.set()
        await until(pilot, lambda: not isinstance(app.screen, ProgressScreen))
        assert (job.state, job.result) == ("done", "sent")


async def test_stop_really_stops(console: MakeApp) -> None:
    work = Sending()
    app = console(EmptyScreen())
    async with app.run_test() as pilot:
        await pilot.pause()
        job = app.jobs.start(say("Envoi"), work)
        await until(pilot, work.begun.is_set)
        await pilot.press("f7", "c")
        assert job.state == "stopping"
        work.go_on.set()
        await until(pilot, lambda: not job.running)
        assert (job.state, job.result, job.done) == ("stopped", None, 90)


async def test_failure_is_told_in_its_own_words(console: MakeApp) -> None:
    def fail(report: Progress) -> None:
        raise TrousseauError(say("Le serveur ne répond pas."))

    app = console(EmptyScreen())
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        app.jobs.start(say("Envoi"), fail)
        await settled(pilot)
        assert "Le serveur ne répond pas." in screen_text(app)


def test_rate_and_time_left() -> None:
    reading = Reading(say("Envoi"), 50, 200, 10.0)
    assert (reading.rate, reading.seconds_left, reading.percent) == (5.0, 30.0, 25)
    assert Reading(say("Envoi"), 199, 200, 10.0).percent == 99
    assert Reading(say("Envoi"), 0, None, 0.0).seconds_left is None
    assert [duration(s) for s in (0, 89, 90, 3_600, 7_260)] == [
        "0 s", "89 s", "2 min", "60 min", "2 h 01",
    ]  # fmt: skip


def opened(make: Callable[[Job], ProgressScreen], *keys: str) -> Callable[[Any], Any]:
    """Return what opens the window of a sending that is under way, and presses keys there."""
    moments = iter([0.0])
    job = Job(say("Envoi des invitations"), clock=lambda: next(moments, 45.0))
    job.report(90, 200)

    async def open_progress(pilot: Any) -> None:
        await pilot.pause()
        await pilot.app.push_screen(make(job))
        await pilot.press(*keys)
        await pilot.pause()

    return open_progress


def test_picture(console: MakeApp, snap_compare: Any) -> None:
    assert snap_compare(console(EmptyScreen()), run_before=opened(ProgressScreen))


def test_picture_of_a_call(console: MakeApp, snap_compare: Any) -> None:
    app = console(EmptyScreen(), role="helpdesk")
    assert snap_compare(app, run_before=opened(CallProgressScreen, "x"))


async def test_the_end_of_work_and_a_tick_find_the_screens_gone(console: MakeApp) -> None:
    work = Sending()
    work.go_on.set()
    app = console(EmptyScreen())
    async with app.run_test() as pilot:
        job = app.jobs.start(say("Envoi"), work)
        await until(pilot, lambda: not job.running)
    assert not app.screen_stack
    app.show_work()
    await app._dispatch_message(JobEnded(job))
    assert app._exception is None
