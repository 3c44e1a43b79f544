"""What somebody sees first: where things stand, what needs attention, what to do next."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlmodel import col

from models.database import ActorSession
from models.language import Wording, say
from models.rights import may_change, right
from models.schools import School, SchoolYear
from services import team_access
from services.access_rows import Moment, of_service
from services.attention import AttentionLine, attention, status_counts
from services.election_attention import election_lines
from services.headnet_attention import headnet_lines
from services.headnet_checks import refusals
from services.house_attention import house_lines
from services.reading_room_attention import reading_room_lines
from services.school_years import Here, here
from services.wider_causes import anybody_signed
from services.workshop_attention import workshop_lines

#: Statuses in which nobody has been invited yet and nothing but that is missing.
_READY = "to_invite"


@dataclass(frozen=True, slots=True)
class Overview:
    """One school in one school year, or (`here` None) all schools that the actor sees.

    `counts` has every status, zeros too. `next_step` says what comes next while the console
    is new to the school, None once the work runs, and for whoever cannot do it.
    """

    here: Here | None
    schools: int
    attention: tuple[AttentionLine, ...]
    counts: dict[str, int]
    next_step: Wording | None

    @property
    def team(self) -> int:
        return sum(self.counts.values())


def overview(
    session: ActorSession, school_id: int | None = None, school_year_id: int | None = None
) -> Overview:
    """Return what the dashboard shows of a school, or of all of them.

    Whoever has one school only is in it without choosing. `counts` is empty for whoever sees no
    team.
    """
    schools = session.scalar(select(func.count(col(School.id)))) or 0
    if school_id is None:
        place = only_school(session)
    else:
        place = here(session, school_id, school_year_id)
    counts = _counts(session, place) if _sees_teams(session) else {}
    year = place.school_year_id if place else None
    known = counts if year else None
    lines: list[AttentionLine] = []
    if _sees_teams(session) and not schools:
        lines = [_no_school()]
    elif _sees_teams(session):
        lines = attention(session, school_id, year, session.at, known)
    told = (
        *house_lines(session),
        *refusals(session),
        *headnet_lines(session),
        *election_lines(session),
        *reading_room_lines(session),
        *workshop_lines(session),
        *lines,
    )
    return Overview(place, schools, told, counts, _next(session, schools, place, counts))


def _sees_teams(session: ActorSession) -> bool:
    """Tell whether the actor has to do with the teams of schools, as heads have not."""
    actor = session.actor
    return actor.sees_all or right(actor.role, "team").reach in ("all", "schools")


def only_school(session: ActorSession) -> Here | None:
    """Return the school of whoever has one only, in its present year; None for several."""
    first_two = [key for key in session.scalars(select(col(School.id)).limit(2)) if key]
    return here(session, first_two[0]) if len(first_two) == 1 else None


def _counts(session: ActorSession, place: Here | None) -> dict[str, int]:
    if place is None:
        now = Moment(session.at, session.at.date(), ZoneInfo("UTC"))
        runs = and_(col(SchoolYear.first_day) <= now.day, col(SchoolYear.access_ends) >= now.day)
        return status_counts(session, now, and_(of_service(), runs))
    if place.school_year_id is None:
        return {}
    return team_access.counts(session, place.school_id, place.school_year_id)


def _no_school() -> AttentionLine:
    return AttentionLine(
        "no_school",
        0,
        say("No school is known yet: import the Federation’s list, or the records of a school."),
        "import",
    )


def _next(
    session: ActorSession, schools: int, place: Here | None, counts: dict[str, int]
) -> Wording | None:
    actor = session.actor
    if not schools or place is None or not (actor.sees_all or may_change(actor.role, "plans")):
        return None
    if not any(counts.values()):
        return say("Next: import the staff records of the school (g m).")
    if not anybody_signed(session, place.school_id):
        return say(
            "Next: print the consent forms (g c, then F8), have them signed, record them (r)."
        )
    if counts[_READY] and counts[_READY] + counts["no_consent"] >= sum(counts.values()):
        return say("Next: send the invitations to your team (g a, then F8).")
    return None
