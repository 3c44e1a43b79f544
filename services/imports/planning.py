"""From a roster to a plan: what applying it will create, change and show as disappeared.

The plan says everything row by row at three levels (DOMAIN §4) and stops where a hard error
stands. It is computed from one reading of the database; `services.plans` refuses to apply
it once an import has been applied or undone in between.
"""

from collections import Counter
from typing import Any

from sqlalchemy import select

from models.bulk import many_rows, table_named
from models.database import ActorSession
from models.language import Wording, say
from services.imports.drafting import MASS_SHARE, Drafting, ImportRequest
from services.imports.planning_families import Families
from services.imports.planning_people import People
from services.imports.planning_schools import Schools
from services.imports.roster import Progress, Roster
from services.plans import LEVELS, PlanDraft, import_basis, update_change

__all__ = ["KIND", "KINDS", "MASS_SHARE", "ImportRequest", "plan_roster"]

KIND = "import"
#: What an import counts (DESIGN §7), and the tables behind.
KINDS = {
    "schools": "school",
    "sites": "site",
    "governing_bodies": "governing_body",
    "school_years": "school_year",
    "people": "person",
    "posts": "post",
    "accesses": "access",
}
#: What is counted besides where a roster names families.
FAMILY_KINDS = {"pupils": "pupil", "guardianships": "guardianship"}


def plan_roster(
    session: ActorSession,
    roster: Roster,
    request: ImportRequest,
    progress: Progress | None = None,
) -> PlanDraft:
    """Return the plan of an import. Nothing is written.

    `progress` hears how many rows are planned, and may raise `Cancelled`. Rows that the
    actor may not touch, or that cannot be placed, become errors of their own; a hard notice
    of the reader makes the whole plan refused.
    """
    drafting = Drafting(session, roster, request, _draft(session, roster, request), progress)
    with many_rows(drafting.connection, roster.size):
        return _plan(drafting)


def _plan(drafting: Drafting) -> PlanDraft:
    roster = drafting.roster
    drafting.draft.basis = import_basis(drafting.connection)
    _tell_notices(drafting)
    people: People | None = None
    families: Families | None = None
    if not roster.refused:
        _plan_source(drafting)
        schools = Schools(drafting)
        schools.plan()
        if not drafting.draft.refused and roster.people:
            people = People(drafting, schools)
            people.plan()
        if not drafting.draft.refused and roster.pupils:
            families = Families(drafting, schools, people)
            families.plan()
    drafting.draft.summary = _summary(drafting, people, families)
    return drafting.draft


def _draft(session: ActorSession, roster: Roster, request: ImportRequest) -> PlanDraft:
    owned = session.actor.schools
    # A limited actor's plan belongs to the school that it is for, or nobody could open it.
    school_id = request.school_id or (min(owned) if owned else None)
    return PlanDraft(
        kind=KIND,
        title=_title(request),
        school_id=school_id,
        request={
            "source": request.source,
            "format": roster.format,
            "school": request.school_id,
            "year": request.year,
            "today": request.today.isoformat(),
        },
    )


def _title(request: ImportRequest) -> Wording:
    source = request.source_name or request.source
    if request.file:
        return say("Import of %(file)s, source %(source)s", file=request.file, source=source)
    return say("Import, source %(source)s", source=source)


def _tell_notices(drafting: Drafting) -> None:
    for notice in drafting.roster.notices:
        drafting.draft.refused |= notice.hard
        drafting.tell(
            notice.level,
            "refused" if notice.level == "error" else "notice",
            "",
            notice.text,
            at=notice,
            column=notice.column,
        )


# --- the source -------------------------------------------------------------------------


def _plan_source(drafting: Drafting) -> None:
    """Find the source of the records, or plan it, with the rules that are asked for."""
    request = drafting.request
    table = table_named("source")
    rows = drafting.connection.execute(select(table).where(table.c.code == request.source))
    found = rows.mappings().one_or_none()
    if found is None:
        _new_source(drafting)
        return
    drafting.source_id = found["id"]
    owned = drafting.owned
    if owned is not None and found["school_id"] is not None and found["school_id"] not in owned:
        drafting.stop(say("This source belongs to another school: give it another name."))
        return
    wanted: dict[str, Any] = {}
    if request.address_rule is not None:
        wanted["address_rule"] = request.address_rule
    if request.mapping is not None:
        wanted["mapping"] = request.mapping
    after = {name: value for name, value in wanted.items() if value != found[name]}
    if after and (owned is None or found["school_id"] is not None):
        before = {name: found[name] for name in after}
        change = update_change("source", found["id"], before, after)
        text = say("The rules of this source are recorded.")
        drafting.tell("information", "source", found["name"], text, [change])


def _new_source(drafting: Drafting) -> None:
    request = drafting.request
    school_id = request.school_id
    if drafting.owned is not None and school_id is None:
        school_id = min(drafting.owned, default=None)
    name = request.source_name or request.source
    made = drafting.draft.insert(
        "source",
        code=request.source,
        name=name,
        format=drafting.roster.format,
        school_id=school_id,
        address_rule=request.address_rule or "personal_first",
        fase_identifiers=request.fase_identifiers,
        mapping=request.mapping or {},
    )
    drafting.source_id = made[2]
    drafting.tell("information", "source", name, say("New source of records."), [made])


# --- what is counted --------------------------------------------------------------------


def _summary(
    drafting: Drafting, people: People | None, families: Families | None
) -> dict[str, Any]:
    """Return the figures of DESIGN §7; its messages are the items."""
    draft = drafting.draft
    kinds = {**KINDS, **(FAMILY_KINDS if families else {})}
    levels = Counter(item.level for item in draft.items)
    created = Counter(
        change[1]
        for item in draft.items
        for change in item.changes
        if change[0] == "+" and not (change[1] == "school" and _is_office(draft, change))
    )
    return {
        "format": drafting.roster.format,
        "rows": drafting.roster.rows,
        **{level: levels[level] for level in LEVELS},
        "created": {kind: created[table] for kind, table in kinds.items()},
        "changed": {kind: len(drafting.changed.get(table, ())) for kind, table in kinds.items()},
        "disappeared": {
            **dict.fromkeys(kinds, 0),
            "people": len(people.gone_people) if people else 0,
            "posts": people.gone_posts if people else 0,
            **({"pupils": families.gone_pupils} if families else {}),
        },
    }


def _is_office(draft: PlanDraft, change: list[Any]) -> bool:
    """The staff of a governing body are kept like a school, and not counted as one."""
    return bool(change[3][list(draft.columns["school"]).index("kind")] == "office")
