"""Lists: a page through the service, beside the same statements through the bare driver.

Statements and parameters are written down while the service runs, and then executed and
fetched on a connection of the driver, without SQLAlchemy, rows, statuses or findings.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.databases import NAMES, Databases
from benchmarks.measuring import NO_GOAL, Figure, Goal, Line, NotMeasured, race_of_short_ones
from benchmarks.team import Team, make_team
from models.language import say
from services import consents, invitation_status, plans
from services.desk import Desk
from services.invitation_status import InvitationQuery
from services.plans import Item, PlanDraft
from services.team_access import TeamQuery, counts, page, total

NAME = "lists"
TITLE = "Lists of one school"
SIZES = (1_000, 10_000, 100_000)
QUICK = (500, 2_000)
#: DESIGN §8: to open a list, filter it and go on to the next page, for 100,000 people.
GOAL, GOAL_SIZE = Goal(most=50, ratio_most=3), 100_000
#: Shown without a goal: what a screen asks when the page is there already, another order, and
#: the lines of a plan, which are not people.
_NO_GOAL = ("number of rows", "how many", "by status", "plan,")
ROWS = 40

Question = Callable[[], object]


def measure(
    databases: Databases,
    sizes: Sequence[int],
    rounds: int,
    readers: Sequence[str] = ("helpdesk", "director"),
) -> Iterator[Line]:
    """Yield a figure for each engine, size, list and reader."""
    for kind in databases.kinds:
        for size in sizes:
            with databases.fresh(kind) as engine:
                yield from _measure(make_team(engine, size), NAMES[kind], rounds, readers)
    if databases.refusal:
        yield NotMeasured(NAMES["postgresql"], databases.refusal)


def _measure(team: Team, kind: str, rounds: int, readers: Sequence[str]) -> Iterator[Line]:
    plan_id = _store_plan(team)
    desks = {"helpdesk": team.helpdesk, "director": team.director}
    for reader in readers:
        desk = desks[reader]
        for name, question in _questions(team, desk, plan_id).items():
            with bare(team.engine, question) as (floor, statements):
                times = race_of_short_ones(question, floor, 0.2 * rounds, least=1 + rounds)
            yield Figure(
                f"{kind}, {reader}: {name}",
                times.wall * 1e3,
                "ms",
                team.size,
                times.floor_wall * 1e3,
                goal=_goal(name, team.size),
                note="" if statements == 1 else f"{statements} statements",
            )


def _goal(name: str, size: int) -> Goal:
    is_page = not any(words in name for words in _NO_GOAL)
    return GOAL if is_page and size >= GOAL_SIZE else NO_GOAL


def _questions(team: Team, desk: Desk, plan_id: int) -> dict[str, Question]:
    """Return what a person asks of the lists of a school, by its name."""

    def team_page(offset: int = 0, **query: Any) -> Question:
        asked = TeamQuery(team.school_id, team.school_year_id, **query)
        return lambda: desk.read(page, asked, offset, ROWS, count=False)

    def in_school(service: Callable[..., object], **options: Any) -> Question:
        return lambda: desk.read(service, team.school_id, team.school_year_id, **options)

    everybody = TeamQuery(team.school_id, team.school_year_id)
    invited = InvitationQuery(team.school_id, team.school_year_id)
    return {
        "team, first page": team_page(),
        "team, next page": team_page(ROWS),
        "team, page in the middle": team_page(team.size // 2),
        "team, a name typed": team_page(text="dup"),
        "team, two words typed": team_page(text="dumo zoe"),
        "team, number of rows": lambda: desk.read(total, everybody),
        "team, number of rows with a name typed": lambda: desk.read(
            total, TeamQuery(team.school_id, team.school_year_id, text="dup")
        ),
        "team, by status": team_page(sort="status"),
        "team, of one status": team_page(status="no_consent"),
        "team, of a status that nobody has": team_page(status="deactivated"),
        "team, how many of each status": in_school(counts),
        "consents, first page": in_school(consents.listed, limit=ROWS),
        "consents, a name typed": in_school(consents.listed, text="dup", limit=ROWS),
        "consents, of one state": in_school(consents.listed, state="missing", limit=ROWS),
        "invitations, first page": lambda: desk.read(
            invitation_status.page, invited, 0, ROWS, count=False
        ),
        "invitations, number of rows": lambda: desk.read(invitation_status.total, invited),
        "plan, first page": lambda: desk.read(plans.rows, plan_id, 0, ROWS),
        "plan, page in the middle": lambda: desk.read(plans.rows, plan_id, team.size // 2, ROWS),
    }


def _store_plan(team: Team) -> int:
    """Store a plan with an item for each of the team."""
    draft = PlanDraft("import", say("Benchmark"), school_id=team.school_id)
    text = say("new person: post and access created")
    draft.items = [
        Item("warning", "new", f"Membre {i}", text, school_id=team.school_id, line=i)
        for i in range(1, team.size + 1)
    ]
    return team.director.write(plans.store, draft)


# --- the floor ----------------------------------------------------------------------------


@contextmanager
def bare(engine: Engine, question: Question) -> Iterator[tuple[Question, int]]:
    """Yield what executes and fetches the statements of a question, and how many they are."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    question()  # what is asked once in a process's life is asked now
    event.listen(engine, "before_cursor_execute", note)
    try:
        question()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    statements = [each for each in seen if not each[0].startswith("BEGIN")]
    connection: Any = engine.raw_connection()

    def execute() -> None:
        cursor = connection.cursor()
        for statement, values in statements:
            cursor.execute(statement, values)
            cursor.fetchall()
        cursor.close()
        connection.rollback()

    try:
        yield execute, len(statements)
    finally:
        connection.close()
