"""`trousseau diagnose`: why somebody calls, what to tell them, and what mends it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli.files import words_given
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json
from tui.cli.output import print_json, print_line, print_sentence, shown

if TYPE_CHECKING:
    from services.diagnosis import Diagnosis
    from services.findings import Finding

Who = Annotated[
    list[str],
    typer.Argument(
        metavar="WHO",
        help=N_(
            "A name, an address, a school, a number, a token or a reference. “-” alone reads "
            "them from standard input, one line: a token does not belong on a command line."
        ),
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
        found = here.desk.read(service.diagnose, words_given(who), here.key(), school_id)
    if as_json:
        print_json(_as_json(found, service.NUMBERS))
        return
    _print(found)


def _print(found: "Diagnosis") -> None:
    """Write whom it is about and where it stands, then each cause with what to say and to do."""
    print_line(_name(found))
    for each in found.standing:
        place = say("%(label)s: %(facts)s", label=each.school, facts=each.words)
        since = shown(each.since)
        print_sentence(
            say("%(name)s, since %(day)s", name=place, day=since) if since else place, "  "
        )
    if not found.findings:
        print_line()
        print_line(say("Nothing keeps them out."))
    for number, finding in enumerate(found.findings, 1):
        print_line()
        _print_finding(finding, f"{number}. ")
    if found.others:
        print_line()
        print_line(say("May have been meant just as well:"))
        for hit in found.others:
            print_sentence(f"{hit.title}, {hit.detail}", "  ")


def _print_finding(finding: "Finding", sign: str) -> None:
    margin = " " * len(sign)
    assert finding.tell is not None  # which a diagnosis adds; the sentence may name an address
    print_sentence(finding.tell, sign)
    for each in finding.evidence:
        if each.at is not None:
            print_sentence(f"{each.label}, {shown(each.at)}", f"{margin}- ")
    if finding.remedy:
        print_sentence(finding.remedy.label, f"{margin}> ")


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
        "others": [
            {"kind": hit.kind, "id": hit.id, "title": str(hit.title), "detail": str(hit.detail)}
            for hit in found.others
        ],
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
