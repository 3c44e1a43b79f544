"""`trousseau nightly`: the nightly update, for a timer; run again, it finds its work done."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from models.language import Wording, say
from tui.cli.names import HELP
from tui.cli.office import now, office
from tui.cli.options import Json
from tui.cli.output import print_json, print_line, tell

if TYPE_CHECKING:
    from services.nightly import NightResult

#: Each step in words, before its count.
STEP_WORDS: Mapping[str, Wording] = {
    "headnet": say("passwords and addresses of heads in force"),
    "bounces": say("mails came back"),
    "expired_mails": say("mails closed that were out of date"),
    "withdrawn_mails": say("mails closed that may no longer be sent"),
    "ended_accesses": say("accesses ended with their school year"),
    "addresses": say("new reference addresses in force"),
    "reminders": say("reminders in the outbox"),
    "locks": say("locks lifted"),
    "sign_ins": say("old sign-ins forgotten"),
    "origins": say("old origins forgotten"),
    "drafts": say("old drafts forgotten"),
    "files": say("unused files of the reading room removed"),
    "elections": say("elections counted"),
    "journal": say("lines of the journal looked at"),
}


def register(app: typer.Typer) -> None:
    app.command("nightly", help=HELP["nightly"])(nightly)


def nightly(as_json: Json = False) -> None:
    from services import nightly as service

    with office() as here:
        result = service.run(here.settings.nightwork(here.desk.engine, now))
    if as_json:
        print_json(
            {
                "night": result.night,
                "done": result.done,
                "already": result.already,
                "running": result.running,
                "finished": result.finished,
                "in_force": result.in_force,
                "seconds": result.seconds,
            }
        )
    else:
        _tell(result)
    for trouble in result.troubles:
        tell(trouble)
    if result.troubles:
        raise typer.Exit(1)


def _tell(result: "NightResult") -> None:
    tell(_sentence(result))
    counts = {"headnet": result.in_force} if result.already else {}
    for name, count in {**result.done, **counts}.items():
        if count:
            print_line(f"{count:8}  {STEP_WORDS[name]}")


def _sentence(result: "NightResult") -> Wording:
    night = result.night
    if result.running:
        return say("The nightly update of %(night)s is being done elsewhere.", night=night)
    if result.already:
        return say("The nightly update of %(night)s had been done already.", night=night)
    if not result.finished:
        return say("The nightly update of %(night)s is not complete.", night=night)
    return say("The nightly update of %(night)s is done.", night=night)
