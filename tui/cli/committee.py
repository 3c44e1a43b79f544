"""`trousseau committee`: the committees of heads, and who is in them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json, group
from tui.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from services.committees import MemberRow
    from services.reading_room import RoomRow

CommitteeId = Annotated[int, typer.Argument(metavar="ID", help=N_("The committee’s number."))]


def register(app: typer.Typer) -> None:
    committee = group(app, "committee", HELP["committee"])
    committee.command("list", help=N_("The committees by name."))(list_committees)
    committee.command("show", help=N_("A committee: its members, terms and minutes."))(show)


def list_committees(as_json: Json = False) -> None:
    from services import committees

    with office() as here:
        rows = here.desk.read(committees.all_committees)
    if as_json:
        print_json(
            [
                {
                    "committee": row.id,
                    "name": row.name,
                    "purpose": row.purpose,
                    "members": row.members,
                    "documents": row.minutes,
                }
                for row in rows
            ]
        )
        return
    print_table(
        (_("Number"), _("Members"), _("Documents"), _("Name")),
        ((row.id, row.members, row.minutes, row.name) for row in rows),
    )


def show(committee: CommitteeId, as_json: Json = False) -> None:
    from services import committees, reading_room

    with office() as here:
        page = here.desk.read(committees.page, committee)
        query = reading_room.RoomQuery(committee_id=committee)
        found = here.desk.read(reading_room.all_rows, query)
    if as_json:
        print_json(
            {
                "committee": page.id,
                "name": page.name,
                "purpose": page.purpose,
                "members": [_member_json(each) for each in page.members],
                "documents": [_document_json(row) for row in found],
            }
        )
        return
    print_line(page.name)
    for line in page.purpose.split("\n"):
        print_line(line)
    print_table(
        (_("From"), _("Until"), _("Status"), _("Function"), _("Name"), _("School")),
        (
            (each.term.first_day, each.term.last_day, committees.STATE_WORDS[each.state],
             each.term.function, each.term.name, each.term.school_name)
            for each in page.members
        ),
    )  # fmt: skip
    print_line()
    print_table((_("Number"), _("Date"), _("Title")), ((r.id, r.day, r.title) for r in found))


def _member_json(member: "MemberRow") -> dict[str, Any]:
    term = member.term
    return {
        "name": term.name,
        "school": term.school_name,
        "function": term.function,
        "first_day": term.first_day,
        "last_day": term.last_day,
        "state": member.state,
        "election": term.election_id,
    }


def _document_json(row: "RoomRow") -> dict[str, Any]:
    return {"document": row.id, "kind": row.kind, "title": row.title, "day": row.day}
