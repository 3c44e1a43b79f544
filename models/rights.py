"""What each role of the console sees and may change: the one table of rights (DESIGN §9).

The session keeps to it for every row (`models.database`), the screens offer what it allows
(`screens.commands`), and the tests try to get past it. Nothing of the data layer is imported
here, for the first picture needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: Roles of the console, the one with the widest view first.
ROLES = ("helpdesk", "director", "coordinator", "head", "staff", "parent")

#: How far a right reaches: every row; those of the actor's schools; those about the actor's
#: own person or account; those about the actor's children as well; none.
Reach = Literal["all", "schools", "own", "children", "none"]

# "!" allows changes too. A role that may only see something is shown no key that changes it.
_TABLE = """
    thing         helpdesk  director  coordinator  head     staff    parent

    reference     all!      all       all          all      all      all
    sources       all!      schools!  schools      schools  schools  none
    school        all!      schools!  schools      schools  schools  schools
    people        all!      schools!  schools      own      own      children
    team          all!      schools!  schools      own      own      none
    access        all!      schools!  schools      own      own      own
    doubles       all!      schools!  schools      none     none     none
    consents      all!      schools!  schools      own      own      none
    mail          all!      schools!  none         own      own      own
    plans         all!      schools!  none         none     none     none
    families      all!      schools!  none         none     none     children
    accounts      all!      own       own          own      own      own
    door          all!      none      none         none     none     none
    journal       all       schools   none         none     none     none
    workshops     all!      schools   schools!     schools  none     none
    events        all!      schools   schools      schools  none     none
    fees          all!      all       all          all      none     none
    headnet       all!      none      schools!     none     none     none
    reading_room  all!      none      none         all      none     none
    elections     all!      none      none         all      none     none
    votes         all       none      none         schools! none     none
    urns          none      none      none         none     none     none
    readings      own!      none      none         own!     none     none
    drafts        own!      own!      own!         own!     own!     own!
    calls         all!      none      none         none     none     none
"""

#: Tables of other things of which some rows are about a workshop or an account of HeadNet.
#: Whoever may change those has these rows of their schools too, and no other row there
#: (`models.scope`): a request tells people by mail, participants come in by a plan, and a head's
#: password goes by mail.
ABOUT: Mapping[str, tuple[str, ...]] = {
    "workshops": ("mail", "plan", "plan_item"),
    "headnet": ("mail",),
}
#: The same of tables in which they read these rows and write none: why a head was refused
#: stands in the record of the door.
READ_ABOUT: Mapping[str, tuple[str, ...]] = {"headnet": ("sign_in_event",)}
#: How the kind of a plan about a workshop begins.
WORKSHOP_PLANS = "workshop"

#: The thing that a table's rows are part of.
THINGS: Mapping[str, str] = {
    "calendar": "reference",
    "school_year": "reference",
    "school_holiday": "reference",
    "governing_body": "reference",
    "service": "reference",
    "service_role": "reference",
    "source": "sources",
    "school": "school",
    "site": "school",
    "person": "people",
    "person_key": "people",
    "post": "team",
    "mission": "team",
    "access": "access",
    "suspension": "access",
    "invitation": "access",
    "suspected_double": "doubles",
    "consent": "consents",
    "printed_form": "consents",
    "mail": "mail",
    "plan": "plans",
    "plan_item": "plans",
    "pupil": "families",
    "guardianship": "families",
    "account": "accounts",
    "account_role": "accounts",
    "account_key": "accounts",
    "password_reset": "accounts",
    "address_change": "accounts",
    "origin": "door",
    "sign_in_event": "door",
    "nightly_run": "door",
    "journal": "journal",
    "workshop": "workshops",
    "workshop_school": "workshops",
    "workshop_participant": "workshops",
    "workshop_session": "events",
    "workshop_attendance": "events",
    "workshop_meeting": "events",
    "workshop_invoice": "events",
    "workshop_fee": "fees",
    "workshop_setting": "fees",
    "headship": "headnet",
    "head_address": "headnet",
    "headnet_password": "headnet",
    "document": "reading_room",
    "document_file": "reading_room",
    "document_version": "reading_room",
    "conference": "reading_room",
    "committee": "reading_room",
    "committee_member": "reading_room",
    "election": "elections",
    "candidate": "elections",
    "election_ballot": "elections",
    "election_voter": "votes",
    "election_urn": "urns",
    "document_reading": "readings",
    "draft": "drafts",
    "call_note": "calls",
    "call_cause": "calls",
    "call_step": "calls",
    "support_request": "calls",
}


@dataclass(frozen=True, slots=True)
class Right:
    """How far somebody sees a thing, and whether it may be changed there too."""

    reach: Reach
    change: bool = False


def _parsed(table: str) -> dict[str, dict[str, Right]]:
    head, *lines = (line.split() for line in table.splitlines() if line.strip())
    rights: dict[str, dict[str, Right]] = {role: {} for role in head[1:]}
    for thing, *cells in lines:
        for role, cell in zip(head[1:], cells, strict=True):
            rights[role][thing] = Right(cell.removesuffix("!"), cell.endswith("!"))  # type: ignore[arg-type]
    return rights


_RIGHTS = _parsed(_TABLE)
_NONE = Right("none")


def right(role: str, thing: str) -> Right:
    """Return what a role may do with a thing; nothing where either is unknown."""
    return _RIGHTS.get(role, {}).get(thing, _NONE)


def right_to(role: str, table: str) -> Right:
    """Return what a role may do with the rows of a table; nothing where either is unknown."""
    return right(role, THINGS.get(table, ""))


def rows_about(role: str, table: str) -> tuple[str, ...]:
    """Return the things whose rows are a role's, of a table that otherwise is not."""
    return _things_about(ABOUT, role, table)


def rows_read_about(role: str, table: str) -> tuple[str, ...]:
    """Return the same with the things whose rows are only read there."""
    return rows_about(role, table) or _things_about(READ_ABOUT, role, table)


def _things_about(about: Mapping[str, tuple[str, ...]], role: str, table: str) -> tuple[str, ...]:
    if right_to(role, table).reach != "none":
        return ()
    return tuple(
        thing
        for thing, tables in about.items()
        if table in tables and right(role, thing) == Right("schools", change=True)
    )


def may_change(role: str, thing: str) -> bool:
    """Tell whether a role may change anything of a thing."""
    return right(role, thing).change


def may_see(role: str, thing: str) -> bool:
    """Tell whether a role sees anything of a thing."""
    return right(role, thing).reach != "none"
