"""A plan about a workshop, shown to whoever may change workshops."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from models.language import Wording
from screens.commands import bindings
from screens.doorway import MailQueued
from screens.plan import PlanScreen, plan_calls
from screens.workplace import Workplace

if TYPE_CHECKING:
    from services.plans import Applied


class WorkshopPlanScreen(PlanScreen):
    """The screen of every plan, with the rights of workshops: coordinators have no other plans."""

    BINDINGS = [
        *bindings("workshop-plan.apply", "workshop-plan.undo", "workshop-plan.leave-out"),
    ]


def show_plan(
    screen: Screen[Any],
    workplace: Workplace,
    plan_id: int,
    leaves_the_house: Wording | None = None,
) -> None:
    """Show a stored plan; what it mails leaves as soon as it is applied."""
    calls = plan_calls(workplace.desk, plan_id)
    app = screen.app

    def apply(number: str) -> Applied:
        done = calls.apply(number)
        app.post_message(MailQueued())
        return done

    school, year, who = workplace.title
    screen.app.push_screen(
        WorkshopPlanScreen(
            replace(calls, apply=apply),
            leaves_the_house=leaves_the_house,
            school=school,
            year=year,
            who=who,
        )
    )
