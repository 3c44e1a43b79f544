"""Inviting from a screen: the plan, then the sending, which can be left and found again.

A screen that invites is a `SendingScreen`: it calls `invite` and is told `Sent` at the end.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from models.language import Wording, say, say_n
from screens.jobs import Job, Jobs
from screens.plan import PlanScreen, plan_calls
from screens.progress import ProgressScreen
from screens.widgets.deeds import DeedScreen
from screens.workplace import Workplace
from services.cancelling import Cancelled, Progress

if TYPE_CHECKING:
    from services.invitations import InvitationCounts
    from services.mail.sender import SendResult
    from services.outbox import OutboxCounts

#: The name of the work, by which a sending under way is found again.
SENDING = say("Sending of the mails")


class SendingScreen(DeedScreen[None]):
    """A screen about one school from which invitations are planned and sent."""

    @dataclass
    class Sent(Message):
        """A sending has come to its end; None where there was nothing to send."""

        result: SendResult | None

    @dataclass
    class _Planned(Message):
        plan_id: int
        counts: InvitationCounts

    @dataclass
    class _Interrupted(Message):
        counts: OutboxCounts

    def __init__(self, workplace: Workplace, team: tuple[int, int] | None = None) -> None:
        """`team` is the school and the school year where they are not those chosen."""
        super().__init__()
        self.workplace = workplace
        self.team = workplace.chosen if team is None else team

    def invite(self, person_ids: Collection[int] | None = None, *, again: bool = False) -> None:
        """Show the plan of the invitations, and send them when it is applied.

        Without `person_ids` to the whole team. With `again` only to those who were invited
        before and have not activated.
        """
        self.attempt(partial(self._plan, person_ids, again))

    def _plan(self, person_ids: Collection[int] | None, again: bool) -> None:
        from services.invitations import counts_of, plan_invitations

        desk = self.workplace.desk
        plan_id = desk.write(plan_invitations, *self.team, person_ids=person_ids, again=again)
        self.post_message(self._Planned(plan_id, desk.read(counts_of, plan_id)))

    @on(_Planned)
    def _show_plan(self, message: _Planned) -> None:
        message.stop()
        queued = message.counts.queued
        school, year, who = self.workplace.title
        screen = PlanScreen(
            plan_calls(self.workplace.desk, message.plan_id),
            leaves_the_house=leaving(queued),
            close_when_applied=True,
            school=school,
            year=year,
            who=who,
        )
        self.app.push_screen(screen, partial(self._applied, queued))

    def _applied(self, queued: int, outcome: str | None) -> None:
        if outcome == "applied" and queued:
            self.send()
        elif outcome == "applied":
            self.post_message(self.Sent(None))

    def send(self) -> None:
        """Send what is due of this school; a sending that runs already is shown instead."""
        jobs: Jobs = self.app.jobs  # type: ignore[attr-defined]
        job, started = jobs.current, False
        if job is None or job.title != SENDING:
            job, started = jobs.start(SENDING, self._send), True
        self.app.push_screen(self.progress_of(job, started=started), self._left)

    def progress_of(self, job: Job, *, started: bool) -> ProgressScreen:
        """Return the window of a sending, which was `started` here or was found running."""
        return ProgressScreen(job)

    def _left(self, job: Job | None) -> None:
        if job is not None and job.running:
            told = say("The sending goes on. F7 shows it again.")
            self.app.notify(told.text(), markup=False)

    def _send(self, report: Progress) -> SendResult:
        from services.mail.sender import send_now
        from services.outbox import counts

        desk, school = self.workplace.desk, self.team[0]
        mailing = self.workplace.mailing()
        try:
            result = send_now(
                desk.engine,
                mailing.settings,
                mailing.key,
                mailing.letterhead,
                clock=desk.clock,
                actor=desk.actor,
                school_ids={school},
                progress=report,
            )
        except Cancelled:
            self.post_message(self._Interrupted(desk.read(counts, {school})))
            raise
        self.post_message(self.Sent(result))
        return result

    @on(Sent)
    def _tell_result(self, message: Sent) -> None:
        if (result := message.result) is None:
            return
        wrong = result.stopped is not None or _failed(result)
        severity = "warning" if wrong else "information"
        self.app.notify(told_of(result).text(), severity=severity, timeout=15, markup=False)  # type: ignore[arg-type]

    @on(_Interrupted)
    def _tell_interrupted(self, message: _Interrupted) -> None:
        message.stop()
        told = say_n(
            "Stopped. %(count)s mail stays queued; F6 sends it later.",
            "Stopped. %(count)s mails stay queued; F6 sends them later.",
            message.counts.remaining,
        )
        self.app.notify(told.text(), timeout=15, markup=False)
        self.post_message(self.Sent(None))


def leaving(queued: int) -> Wording | None:
    """Return what is asked before so many invitations are sent, None for none."""
    if not queued:
        return None
    return say_n(
        "%(count)s invitation leaves the house and cannot be called back. Send it?",
        "%(count)s invitations leave the house and cannot be called back. Send them?",
        queued,
    )


def all_sent(result: SendResult) -> bool:
    """Tell whether a sending came to its end with every mail sent."""
    return bool(result.sent) and not _failed(result) and result.stopped is None


def _failed(result: SendResult) -> int:
    return result.refused + result.uncertain + result.held + result.retry


def told_of(result: SendResult) -> Wording:
    """Return what a sending came to, in one sentence for each thing that happened."""
    parts = [say_n("%(count)s mail sent.", "%(count)s mails sent.", result.sent)]
    if result.refused:
        parts.append(
            say_n(
                "%(count)s refused by the mail server.",
                "%(count)s refused by the mail server.",
                result.refused,
            )
        )
    if again := result.uncertain + result.retry:
        parts.append(
            say_n("%(count)s will be tried again.", "%(count)s will be tried again.", again)
        )
    if result.held:
        parts.append(
            say_n(
                "%(count)s held: tell the helpdesk.",
                "%(count)s held: tell the helpdesk.",
                result.held,
            )
        )
    if result.stopped is not None:
        parts += [result.stopped, _waiting(result.remaining)]
    return reduce(lambda said, part: say("%(first)s %(second)s", first=said, second=part), parts)


def _waiting(count: int) -> Wording:
    return say_n("%(count)s mail stays queued.", "%(count)s mails stay queued.", count)
