"""From the people of a roster to suspected doubles, for somebody to decide."""

from sqlalchemy import select

from models.bulk import table_named
from models.language import Wording, say
from services.imports.drafting import Drafting
from services.imports.matching import Incoming, Known, Register, doubles
from services.plans import NOW


def plan_doubles(drafting: Drafting, looked: list[Incoming], register: Register) -> None:
    """Plan a line for each pair that may be one person, unless it was decided before.

    Two who have both activated an access have shown that they are two.
    """
    found = list(doubles(looked, register)) if looked else []
    if not found:
        return
    decided = _decided_pairs(drafting)
    active = _activated(drafting)
    for one, other, score in found:
        pair = _pair(one.ref, other.ref if isinstance(other, Incoming) else other.id)
        if pair in decided or pair[0] == pair[1] or active.issuperset(pair):
            continue
        decided.add(pair)
        made = drafting.draft.insert(
            "suspected_double",
            person_id=pair[0],
            other_id=pair[1],
            score=score,
            found_at=NOW,
            decided_at=None,
            decision="",
        )
        drafting.tell(
            "warning", "double", one.label, _double_text(one, other), [made], at=one.record,
            person_id=one.ref,
        )  # fmt: skip


def _decided_pairs(drafting: Drafting) -> set[tuple[int, int]]:
    table = table_named("suspected_double")
    pairs = drafting.connection.execute(select(table.c.person_id, table.c.other_id))
    return {_pair(row[0], row[1]) for row in pairs}


def _activated(drafting: Drafting) -> set[int]:
    table = table_named("access")
    active = select(table.c.person_id).where(table.c.activated_at.is_not(None))
    return set(drafting.connection.scalars(active))


def _pair(one: int, other: int) -> tuple[int, int]:
    """A pair in one order: those known before those new, the earlier first."""
    if (one > 0) != (other > 0):
        return (one, other) if one > 0 else (other, one)
    return (one, other) if abs(one) < abs(other) else (other, one)


def _double_text(one: Incoming, other: Incoming | Known) -> Wording:
    if isinstance(other, Known):
        if not other.visible:
            return say("May be the same person as somebody in another school.")
        name = f"{other.values[0]} {other.values[1]}"
        return say("May be the same person as %(name)s, known already.", name=name)
    place = other.record
    return say(
        "May be the same person as %(name)s of line %(line)s.", name=other.label, line=place.line
    )
