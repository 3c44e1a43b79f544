"""`trousseau plan`: look at plans, apply them, undo them."""

import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from models.language import N_, Wording, _, say
from tui.cli.names import HELP
from tui.cli.office import Office, office
from tui.cli.options import Confirm, Json, PlanId, group
from tui.cli.output import print_json, print_line, print_table, tell

if TYPE_CHECKING:
    from services.plans import Applied, PlanRow, PlanSummary

_PAGE = 500
_ADDRESS = re.compile(r"[^\s<>()«»“”]+@[^\s<>()«»“”]+")


def register(app: typer.Typer) -> None:
    plan = group(app, "plan", HELP["plan"])
    plan.command("list", help=N_("The latest plans, the newest first."))(list_plans)
    plan.command("show", help=N_("What a plan changes, line by line."))(show)
    plan.command("apply", help=N_("Apply a plan, whole or not at all."))(apply)
    plan.command("undo", help=N_("Bring back what was before a plan."))(undo)


def list_plans(as_json: Json = False) -> None:
    from services import plans

    with office() as here:
        found = here.desk.read(plans.list_plans)
    if as_json:
        print_json([plan_json(plan) for plan in found])
        return
    headings = (_("Plan"), _("Made"), _("State"), _("Errors"), _("Warnings"), _("Title"))
    print_table(
        headings,
        (
            (p.id, p.created_at, state_word(p.state), *_faults(p), p.title)
            for p in found
        ),
    )  # fmt: skip


def _faults(plan: "PlanSummary") -> tuple[int, int]:
    return plan.levels["error"], plan.levels["warning"]


def show(plan: PlanId, as_json: Json = False) -> None:
    from services import plans

    with office() as here:
        summary = here.desk.read(plans.show, plan)
        lines = [_without_addresses(line) for line in _lines(here, plan)]
    if as_json:
        print_json({**plan_json(summary), "messages": [line_json(line) for line in lines]})
        return
    print_line(summary.title)
    print_line(f"{_('State')}: {state_word(summary.state)}")
    for line in lines:
        print_line(line_text(line))


def apply(plan: PlanId, confirm: Confirm = "", as_json: Json = False) -> None:
    from services import plans

    with office() as here:
        done = here.desk.write(plans.apply, plan, confirm)
    _report(done, as_json, say("Plan %(number)s is applied.", number=plan))


def undo(plan: PlanId, as_json: Json = False) -> None:
    from services import plans

    with office() as here:
        done = here.desk.write(plans.undo, plan)
    _report(done, as_json, say("Plan %(number)s is undone.", number=plan))


def _report(done: "Applied", as_json: bool, sentence: Any) -> None:
    if as_json:
        print_json(
            {
                "plan": done.plan_id,
                "created": done.created,
                "changed": done.changed,
                "removed": done.removed,
                "left_out": done.left_out,
            }
        )
    else:
        tell(sentence)


def _lines(here: Office, plan: int) -> Any:
    """Yield every line of a plan, a page at a time."""
    from services import plans

    offset = 0
    while page := here.desk.read(plans.rows, plan, offset, _PAGE):
        yield from page
        offset += _PAGE


def _without_addresses(line: "PlanRow") -> "PlanRow":
    """Return a stored line with no address in it: nobody is asked here whether one may leave.

    A plan tells of those who have not agreed too, and agreements are withdrawn after it was
    made (DOMAIN §3).
    """
    text = Wording(_ADDRESS.sub("…", line.text.text()))
    return line._replace(text=text, label=_ADDRESS.sub("…", line.label))


def settle(here: Office, plan: int, dry_run: bool, yes: bool, as_json: bool) -> dict[str, Any]:
    """Show a plan that a file has given, apply it where that is wanted; return what to tell."""
    from services import plans

    summary = here.desk.read(plans.show, plan)
    lines = list(_lines(here, plan))
    if not as_json:
        for line in lines:
            if line.level != "information":
                print_line(line_text(line))
    refused = summary.state == "refused"
    applied = is_wanted(refused, dry_run, yes)
    if applied:
        here.desk.write(plans.apply, plan)
    return {
        "plan": plan,
        "applied": applied,
        "refused": refused,
        **summary.levels,
        "messages": [line_json(line) for line in lines],
    }


def conclude(done: dict[str, Any], dry_run: bool) -> int:
    """Say what became of a plan that `settle` has returned; return the exit status."""
    if done["applied"]:
        tell(
            say("The plan is applied. To undo it: trousseau plan undo %(plan)s", plan=done["plan"])
        )
        return 0
    if done["refused"]:
        tell(say("This plan holds an error that stops the whole of it. Nothing was changed."))
        return 1
    tell(say("Nothing is changed yet. To do it: trousseau plan apply %(plan)s", plan=done["plan"]))
    return 0 if dry_run else 1


def is_wanted(refused: bool, dry_run: bool, yes: bool) -> bool:
    """Tell whether a plan is to be applied now; ask, where that is open and there is somebody."""
    if dry_run or refused:
        return False
    if yes:
        return True
    asked = sys.stdin.isatty() and sys.stderr.isatty()
    return asked and typer.confirm(_("Apply this plan?"), err=True)


def plan_json(plan: "PlanSummary") -> dict[str, Any]:
    """Return a plan as lists print it."""
    return {
        "plan": plan.id,
        "kind": plan.kind,
        "title": plan.title.text(),
        "state": plan.state,
        "actor": plan.actor,
        "created_at": _instant(plan.created_at),
        "applied_at": _instant(plan.applied_at),
        "undone_at": _instant(plan.undone_at),
        **plan.levels,
        "left_out": plan.left_out,
    }


def line_json(line: Any) -> dict[str, Any]:
    """Return one line of a plan: level, place in the file, and what is told."""
    return {
        "level": line.level,
        "file": line.file,
        "line": line.line,
        "column": line.column,
        "text": line.text.text(),
    }


def line_text(line: Any) -> str:
    """Return one line of a plan for people: sign, place, about whom, what."""
    sign = {"information": " ", "warning": "!", "error": "X"}[line.level]
    place = ":".join(str(part) for part in (line.file, line.line or "", line.column) if part)
    return " ".join(
        part for part in (sign, place, getattr(line, "label", ""), "–", line.text.text()) if part
    )


def state_word(state: str) -> str:
    return {
        "open": _("to apply"),
        "refused": _("refused"),
        "applied": _("applied"),
        "undone": _("undone"),
    }[state]


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
