"""`trousseau diagnose`: why somebody calls, what to tell them, and what mends it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json
from tui.cli.output import print_json, print_table

if TYPE_CHECKING:
    from services.diagnosis import Diagnosis
    from services.findings import Finding

Who = Annotated[
    list[str],
    typer.Argument(
        metavar="WHO", help=N_("A name, an address, a school, a number, a token or a reference.")
    ),
]
AtSchool = Annotated[
    str | None,
    typer.Option("--school", metavar="FASE", help=N_("In this school alone: its FASE number.")),
]


def register(app: typer.Typer) -> None:
    app.command("diagnose", help=HELP["diagnose"])(diagnose)


def diagnose(who: Who, school: AtSchool = None, as_json: Json = False) -> None:
    from services import diagnosis as service

    with office() as here:
        school_id = here.school_id(school) if school else None
        found = here.desk.read(service.diagnose, " ".join(who), here.key(), school_id)
    if as_json:
        print_json(_as_json(found, service.NUMBERS))
        return
    print_table(
        (_("Who"), _("School"), _("Status"), _("Since")),
        ((_name(found), s.school, s.words, s.since or "") for s in found.standing)
        if found.standing
        else ((_name(found), "", "", ""),),
    )
    if not found.findings:
        print(_("Nothing keeps them out."))
        return
    print_table(
        (_("Cause"), _("Tell the caller"), _("Then")),
        (
            (each.cause, each.tell or "", each.remedy.label if each.remedy else "")
            for each in found.findings
        ),
    )


def _name(found: "Diagnosis") -> str:
    """Whom it is about; an address that was typed is not repeated."""
    return _("Address") if found.kind == "address" else str(found.subject)


def _as_json(found: "Diagnosis", numbers: dict[str, int]) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "id": found.id,
        "subject": _name(found),
        "standing": [
            {"school": s.school, "status": s.status, "since": s.since} for s in found.standing
        ],
        "findings": [_finding(each, numbers) for each in found.findings],
    }


def _finding(finding: "Finding", numbers: dict[str, int]) -> dict[str, Any]:
    """What may leave the house of a finding: its times, and no value that may be an address."""
    remedy = finding.remedy
    return {
        "cause": finding.cause,
        "number": numbers.get(finding.cause),
        "tell": {language: finding.tell.text(language) if finding.tell else ""
                 for language in ("fr", "en")},
        "evidence": [{"what": str(e.label), "at": e.at} for e in finding.evidence],
        "remedy": remedy
        and {"code": remedy.code, "kind": remedy.kind, "label": str(remedy.label),
             "needs": {k: v for k, v in remedy.needs.items() if k != "text"}},
        "school": finding.about.school_id,
    }  # fmt: skip
