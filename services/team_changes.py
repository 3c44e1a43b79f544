"""Missions, roles, deactivation and reactivation, for one person or many at once.

Each is a plan (DESIGN §2.2), also for one person: shown before where there are many, applied
at once where there is one, and undone alike. What a person may not be given is left out of
the plan with the reason, and nothing else changes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlmodel import col

from models.access import Mission, Suspension
from models.database import ActorSession
from models.errors import TrousseauError
from models.invitations import Invitation
from models.language import Wording, say
from models.mail import Mail
from models.people import Post
from models.roles import MISSIONS, ROLES, role_label
from models.text import clean, squeeze
from services import plans
from services.access_rows import AccessRow
from services.plans import NOW, Item, PlanDraft, guard, update_change
from services.team_access import status_rows

#: The kind of the plans made here, for lists of plans.
KIND = "team"
LONGEST_REASON = 200

Action = Literal["give_mission", "remove_mission", "set_role", "deactivate", "reactivate"]


class ChangeRefused(TrousseauError):
    """The change can't be made as it was asked for."""


@dataclass(frozen=True, slots=True)
class TeamChange:
    """What is to be changed. `value` is the code of a mission or role, or the reason.

    With `set_role` an empty value takes away the role recorded on the post, so that the one
    of the function holds again.
    """

    action: Action
    value: str = ""


def plan_change(
    session: ActorSession,
    school_id: int,
    school_year_id: int,
    person_ids: Collection[int],
    wanted: TeamChange,
) -> int:
    """Store the plan of a change to some of a team, and return its id.

    Raises `ChangeRefused` for an unknown code or a missing reason, `NotFound` for a school
    out of sight.
    """
    wanted = _checked(wanted)
    rows = status_rows(session, school_id, school_year_id, person_ids)
    if not rows:
        raise ChangeRefused(say("None of these people is in the team any longer."))
    draft = PlanDraft(
        kind=KIND,
        title=_title(wanted),
        school_id=school_id,
        request={"action": wanted.action, "value": wanted.value, "year": school_year_id},
    )
    facts = _Facts(session, rows, draft)
    draft.items.extend(_item(facts, row, wanted) for row in rows)
    return plans.store(session, draft)


def change_now(
    session: ActorSession, school_id: int, school_year_id: int, person_id: int, wanted: TeamChange
) -> int:
    """Change one person's access at once and return the plan's id, by which it is undone.

    Raises `ChangeRefused` with the reason where there is nothing to change.
    """
    plan_id = plan_change(session, school_id, school_year_id, {person_id}, wanted)
    (only,) = plans.rows(session, plan_id, 0, 1)
    if only.action == "left_out":
        raise ChangeRefused(only.text)
    plans.apply(session, plan_id)
    return plan_id


def _checked(wanted: TeamChange) -> TeamChange:
    value = squeeze(clean(wanted.value, LONGEST_REASON))
    if wanted.action in ("give_mission", "remove_mission") and value not in MISSIONS:
        raise ChangeRefused(say("There is no such mission."))
    if wanted.action == "set_role" and value and value not in ROLES:
        raise ChangeRefused(say("There is no such role."))
    if wanted.action == "deactivate" and not value:
        raise ChangeRefused(say("Say why: the reason is shown to whoever asks later."))
    return TeamChange(wanted.action, value)


def _title(wanted: TeamChange) -> Wording:
    match wanted.action:
        case "give_mission":
            return say("Give the mission “%(mission)s”", mission=MISSIONS[wanted.value].label)
        case "remove_mission":
            return say("Take away the mission “%(mission)s”", mission=MISSIONS[wanted.value].label)
        case "set_role" if wanted.value:
            return say("Set the role “%(role)s”", role=role_label(wanted.value))
        case "set_role":
            return say("Take away the role set by hand")
        case "deactivate":
            return say("Deactivate: %(reason)s", reason=wanted.value)
    return say("Reactivate")


class _Facts:
    """The rows that a change may touch, read once for all the people it is about."""

    def __init__(
        self, session: ActorSession, rows: Collection[AccessRow], draft: PlanDraft
    ) -> None:
        self.draft = draft
        people = sorted({row.person_id for row in rows})
        accesses = sorted({row.access_id for row in rows})
        self.posts = _by(
            session.scalars(
                select(Post).where(col(Post.id).in_(sorted(row.post_id for row in rows)))
            ),
            "id",
        )
        self.missions = _lists_by(
            session.scalars(
                select(Mission).where(
                    col(Mission.person_id).in_(people), col(Mission.removed_at).is_(None)
                )
            ),
            "person_id",
        )
        self.suspensions = _lists_by(
            session.scalars(
                select(Suspension).where(
                    col(Suspension.access_id).in_(accesses), col(Suspension.until_at).is_(None)
                )
            ),
            "access_id",
        )
        self.invitations = _lists_by(_open_invitations(session, accesses), "access_id")
        self.mails = _lists_by(_open_mails(session, accesses), "access_id")

    def missions_of(self, row: AccessRow, code: str) -> list[Mission]:
        return [
            mission
            for mission in self.missions.get(row.person_id, ())
            if mission.code == code
            and (mission.school_id, mission.school_year_id) == (row.school_id, row.school_year_id)
        ]


def _by(rows: Iterable[Any], name: str) -> dict[Any, Any]:
    return {getattr(row, name): row for row in rows}


def _lists_by(rows: Iterable[Any], name: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found


def _open_invitations(session: ActorSession, accesses: list[int]) -> Iterable[Invitation]:
    """Return the invitations that could still be used."""
    return session.scalars(
        select(Invitation).where(
            col(Invitation.access_id).in_(accesses),
            col(Invitation.replaced_at).is_(None),
            col(Invitation.used_at).is_(None),
            col(Invitation.cancelled_at).is_(None),
        )
    )


def _open_mails(session: ActorSession, accesses: list[int]) -> Iterable[Mail]:
    """Return the mails that have not left yet."""
    return session.scalars(
        select(Mail).where(col(Mail.access_id).in_(accesses), col(Mail.closed_at).is_(None))
    )


def _item(facts: _Facts, row: AccessRow, wanted: TeamChange) -> Item:
    item = Item("information", "left_out", row.name, Wording(""), [], row.person_id, row.school_id)
    doers = {
        "give_mission": _give_mission,
        "remove_mission": _remove_mission,
        "set_role": _set_role,
        "deactivate": _deactivate,
        "reactivate": _reactivate,
    }
    item.text, item.changes = doers[wanted.action](facts, row, wanted.value)
    if item.changes:
        item.action = wanted.action
    return item


_Result = tuple[Wording, list[Any]]


def _give_mission(facts: _Facts, row: AccessRow, code: str) -> _Result:
    kind = MISSIONS[code]
    if facts.missions_of(row, code):
        return say("Has the mission “%(mission)s” already", mission=kind.label), []
    given = facts.draft.insert(
        "mission",
        person_id=row.person_id,
        school_id=row.school_id,
        school_year_id=row.school_year_id,
        code=code,
        role=kind.role,
        given_at=NOW,
    )
    if kind.role is None:
        return say("Mission given: %(mission)s", mission=kind.label), [given]
    sentence = say(
        "Mission given: %(mission)s, which makes the role %(role)s",
        mission=kind.label,
        role=role_label(kind.role),
    )
    return sentence, [given]


def _remove_mission(facts: _Facts, row: AccessRow, code: str) -> _Result:
    held = facts.missions_of(row, code)
    if not held:
        return say("Does not have the mission “%(mission)s”", mission=MISSIONS[code].label), []
    changes = [
        update_change("mission", mission.id or 0, {"removed_at": None}, {"removed_at": NOW})
        for mission in held
    ]
    return say("Mission taken away: %(mission)s", mission=MISSIONS[code].label), changes


def _set_role(facts: _Facts, row: AccessRow, role: str) -> _Result:
    post = facts.posts[row.post_id]
    before = {"role": post.role, "role_by_hand": post.role_by_hand}
    after = {"role": role or None, "role_by_hand": bool(role)}
    if before == after:
        return say("The role is so already"), []
    changes = [update_change("post", row.post_id, before, after)]
    if not role:
        return say("Role set by hand taken away: the one of the function holds"), changes
    if row.role_origin == "mission":
        return say(
            "Role set: %(role)s; the one of the mission holds as long as it is given",
            role=role_label(role),
        ), changes
    return say("Role set: %(role)s", role=role_label(role)), changes


def _deactivate(facts: _Facts, row: AccessRow, reason: str) -> _Result:
    if row.status == "deactivated":
        return say("Is deactivated already"), []
    if row.status == "ended":
        return say("Has ended with the school year already"), []
    suspension = facts.draft.insert(
        "suspension", access_id=row.access_id, school_id=row.school_id, from_at=NOW, reason=reason
    )
    guards = [guard("access", row.access_id, activated_at=row.details.activated_at)]
    called_back = _call_back(facts, row)
    if called_back:
        sentence = say("Deactivated: %(reason)s; the invitation is withdrawn", reason=reason)
        return sentence, [*guards, suspension, *called_back]
    return say("Deactivated: %(reason)s", reason=reason), [*guards, suspension]


def _call_back(facts: _Facts, row: AccessRow) -> list[Any]:
    """Return what withdraws the open invitation: its token must open nothing any more."""
    withdrawn = [
        update_change("invitation", each.id or 0, {"cancelled_at": None}, {"cancelled_at": NOW})
        for each in facts.invitations.get(row.access_id, ())
    ]
    stopped = [
        update_change(
            "mail",
            each.id or 0,
            {"closed_at": None, "cancelled_at": None},
            {"closed_at": NOW, "cancelled_at": NOW},
        )
        for each in facts.mails.get(row.access_id, ())
    ]
    return [*withdrawn, *stopped]


def _reactivate(facts: _Facts, row: AccessRow, _value: str) -> _Result:
    open_ones = facts.suspensions.get(row.access_id, ())
    if not open_ones:
        return say("Is not deactivated"), []
    changes = [
        update_change("suspension", each.id or 0, {"until_at": None}, {"until_at": NOW})
        for each in open_ones
    ]
    return say("Reactivated"), changes
