"""`trousseau election`: the elections, one of them, its published ballots, and a recount."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import TrousseauError
from models.language import N_, _, say
from tui.cli.files import read_limited
from tui.cli.names import HELP
from tui.cli.office import Office, office
from tui.cli.options import Json, group
from tui.cli.output import print_json, print_line, print_table, tell

if TYPE_CHECKING:
    from services.election_recount import Recount
    from services.election_results import ElectionResult
    from services.elections import ElectionPage, ElectionRow

ElectionId = Annotated[
    int, typer.Argument(metavar="ID", min=1, help=N_("The number of the election."))
]
Status = Annotated[
    str | None, typer.Option("--status", help=N_("Only those with this status, as in --json."))
]
Csv = Annotated[bool, typer.Option("--csv", help=N_("As CSV, for a spreadsheet."))]
File = Annotated[
    Path, typer.Argument(metavar="FILE", help=N_("The published list; - for standard input."))
]
Seats = Annotated[
    int | None,
    typer.Option(
        "--seats", min=1, help=N_("How many are elected, where the list does not say (JSON does).")
    ),
]


def register(app: typer.Typer) -> None:
    election = group(app, "election", HELP["election"])
    election.command("list", help=N_("The elections, open ones first."))(list_elections)
    election.command("show", help=N_("One election: candidates, who has voted, the result."))(show)
    election.command(
        "ballots", help=N_("The published ballots, line by line: sha256sum gives their digest.")
    )(ballots)
    election.command("count", help=N_("Count a published list anew, from the file alone."))(count)


# --- the elections ------------------------------------------------------------------------


def list_elections(status: Status = None, as_json: Json = False) -> None:
    from services import elections

    if status not in (None, *elections.STATUSES):
        raise typer.BadParameter(", ".join(elections.STATUSES), param_hint="--status")
    with office() as here:
        _publish_overdue(here)
        rows = here.desk.read(elections.elections, status)
    if as_json:
        print_json([_row_json(row) for row in rows])
        return
    headings = (
        _("Number"), _("Status"), _("Opens"), _("Closes"), _("Seats"), _("Candidates"),
        _("Schools that voted"), _("Title"),
    )  # fmt: skip
    print_table(
        headings,
        (
            (
                row.id,
                _status(row),
                row.opens_at,
                row.closes_at,
                row.seats,
                row.candidates,
                f"{row.voters} / {row.schools}",
                row.title,
            )
            for row in rows
        ),
    )


def _publish_overdue(here: Office) -> None:
    """Publish what has closed; an urn that can't be opened is told and holds nobody up."""
    from services import election_results

    try:
        election_results.publish_overdue(here.desk, here.key)
    except TrousseauError as error:
        tell(error.wording)


def _status(row: "ElectionRow") -> str:
    from services.elections import STATUS_WORDS

    sign, words = STATUS_WORDS[row.status]
    return f"{sign} {words}"


def _row_json(row: "ElectionRow") -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "status": row.status,
        "committee": row.committee,
        "seats": row.seats,
        "candidates": row.candidates,
        "opens_at": row.opens_at,
        "closes_at": row.closes_at,
        "published": row.published,
        "voters": row.voters,
        "schools": row.schools,
        "voted": [{"school": each.school, "at": each.voted_at} for each in row.voted],
    }


def show(election: ElectionId, as_json: Json = False) -> None:
    from services import election_results, elections

    with office() as here:
        _publish_overdue(here)
        page = here.desk.read(elections.page, election)
        found = None
        if page.row.published:
            found = here.desk.read(election_results.result, election)
    if as_json:
        print_json({**_page_json(page), "result": _result_json(found) if found else None})
        return
    _print_page(page)
    if found is not None:
        print_line()
        _print_result(found)


def _page_json(page: "ElectionPage") -> dict[str, Any]:
    return {
        **_row_json(page.row),
        "information": page.information,
        "candidates": [
            {
                "number": each.number,
                "name": each.name,
                "school": each.school_name,
                "statement": each.statement,
            }
            for each in page.candidates
        ],
        "cancelled_at": page.cancelled_at,
        "cancelled_reason": page.cancelled_reason,
        "published_at": page.published_at,
        "digest": page.ballots_digest,
        "steps": page.steps,
    }


def _result_json(found: "ElectionResult") -> dict[str, Any]:
    return {
        "candidates": [
            {
                "number": each.candidate.number,
                "name": each.candidate.name,
                "votes": each.votes,
                "rank": each.rank,
                "shared": each.shared,
                "outcome": each.outcome,
            }
            for each in found.candidates
        ],
        "blank": found.blank,
        "abstentions": found.abstentions,
        "voters": found.voters,
        "schools": found.schools,
        "seats": found.seats,
        "tied_seats": found.tied_seats,
        "vacant": found.vacant,
        "intact": found.intact,
    }


def _print_page(page: "ElectionPage") -> None:
    row = page.row
    print_line(f"{row.title}  {_status(row)}")
    facts = (
        (_("Committee"), row.committee),
        (_("Seats"), row.seats),
        (_("Opens"), f"{row.opens_at.astimezone():%d/%m/%Y %H:%M}"),
        (_("Closes"), f"{row.closes_at.astimezone():%d/%m/%Y %H:%M}"),
        (_("Schools that voted"), f"{row.voters} / {row.schools}"),
        (_("Reason"), page.cancelled_reason),
        (_("Digest of the ballots"), page.ballots_digest),
    )
    for label, value in facts:
        if value:
            print_line(say("%(label)s: %(facts)s", label=label, facts=value))
    for line in page.information.splitlines():
        print_line(line)
    print_line()
    for each in page.candidates:
        print_line(
            f"{each.number}. {each.name}" + (f", {each.school_name}" * bool(each.school_name))
        )
        for line in each.statement.splitlines():
            print_line(f"   {line}")
    for voted in row.voted:
        print_line(voted.sentence)


def _print_result(found: "ElectionResult") -> None:
    from services.election_words import OUTCOME_WORDS

    print_table(
        (_("Rank"), _("Votes"), _("Candidate"), _("Outcome")),
        (
            (
                f"{each.rank}=" if each.shared else each.rank,
                each.votes,
                f"{each.candidate.number}. {each.candidate.name}",
                OUTCOME_WORDS[each.outcome],
            )
            for each in found.candidates
        ),
    )
    for sentence in found.sentences:
        print_line(sentence)


# --- the published list -------------------------------------------------------------------


def ballots(election: ElectionId, as_csv: Csv = False, as_json: Json = False) -> None:
    from services import election_results, elections

    with office() as here:
        _publish_overdue(here)
        page = here.desk.read(elections.page, election)
        listed = here.desk.read(election_results.ballots, election)
    if as_json:
        print_json(
            {
                "election": page.row.title,
                "seats": page.row.seats,
                "candidates": [{"number": c.number, "name": c.name} for c in page.candidates],
                "digest": page.ballots_digest,
                "ballots": [{"receipt": b.receipt, "choice": b.choice} for b in listed],
            }
        )
        return
    separator = " "
    if as_csv:
        separator = ";"
        print("receipt;choice")
    for each in listed:
        print(f"{each.receipt}{separator}{each.choice}")


def count(file: File, seats: Seats = None, as_json: Json = False) -> None:
    from services.election_recount import LARGEST, recount

    found = recount(read_limited(file, LARGEST).decode(errors="replace"), seats)
    if as_json:
        print_json(_recount_json(found))
    else:
        _print_recount(found)
    for problem in found.problems:
        tell(problem)
    if found.problems:
        raise typer.Exit(1)


def _recount_json(found: "Recount") -> dict[str, Any]:
    return {
        "votes": [
            {"number": number, "name": found.names.get(number, ""), "votes": votes}
            for number, votes in found.votes.items()
        ],
        "blank": found.blank,
        "abstentions": found.abstentions,
        "ballots": found.ballots,
        "seats": found.seats,
        "elected": found.seated,
        "tied": found.tied,
        "digest": found.digest,
        "problems": [problem.text() for problem in found.problems],
    }


def _print_recount(found: "Recount") -> None:
    from services.election_words import OUTCOME_WORDS

    def outcome(number: int) -> Any:
        if found.seats is None:
            return ""
        elected, tied = number in found.seated, number in found.tied
        return OUTCOME_WORDS["elected" if elected else "tied" if tied else "not_elected"]

    print_table(
        (_("Votes"), _("Candidate"), _("Outcome")),
        (
            (votes, f"{number}. {found.names.get(number, '')}", outcome(number))
            for number, votes in found.votes.items()
        ),
    )
    facts = (
        (_("Blank ballots"), found.blank),
        (_("Abstentions"), found.abstentions),
        (_("Ballots"), found.ballots),
        (_("Digest of the ballots"), found.digest),
    )
    for label, value in facts:
        print_line(say("%(label)s: %(facts)s", label=label, facts=value))
