"""What an import takes from families: pupils and guardians whom the file no longer names.

Who loses the last child in a school loses the access with it, in the same line of the plan,
so that leaving the line out keeps both.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from models.bulk import table_named
from models.language import Wording, say
from services.imports.differences import sentences
from services.imports.drafting import MASS_FROM, Drafting, SchoolPlace
from services.imports.family_members import NO_CHILD, Link, Pupil
from services.imports.matching import Register
from services.plans import NOW, update_change

_PUPIL_GONE = say("Disappeared: the pupil is no longer in the file.")


@dataclass(slots=True)
class _Loss:
    """What an import takes from guardians: a `whole` pupil, or one guardianship of a pupil."""

    label: str
    changes: list[Any]
    place: SchoolPlace
    year: int
    people: set[int]
    whole: bool = False

    def said(self, names: dict[int, str]) -> Wording:
        """Return what is lost; `names` are those of the guardians."""
        if self.whole:
            return _PUPIL_GONE
        (person,) = self.people
        return say("%(name)s is no longer named as a guardian.", name=names.get(person, ""))


class FamilyLosses:
    """Plans who is missing from a roster of families, once all that it names is planned.

    `named` are the pupils of the file, `known` those of the database; `kept` which person
    answers for a child in which school by the file itself.
    """

    def __init__(
        self,
        drafting: Drafting,
        named: list[Pupil],
        known: list[Pupil],
        links: dict[tuple[int, int], Link],
        links_of_pupil: defaultdict[int, list[Link]],
        accesses: dict[tuple[int, int, int], tuple[int, int | None]],
        kept: set[tuple[int, int]],
    ) -> None:
        #: How many pupils are lost.
        self.pupils = 0
        self._drafting = drafting
        self._named, self._known, self._links = named, known, links
        self._accesses, self._kept = accesses, kept
        self._links_of_pupil = links_of_pupil

    def plan(self, register: Register) -> None:
        """Plan every loss, and ask before very many."""
        losses: list[_Loss] = []
        covered = {pupil.place.ref for pupil in self._named}
        complete = self._drafting.roster.complete
        removed = {p.ref for p in self._named if p.record and p.record.removed and p.ref > 0}
        had: defaultdict[int, int] = defaultdict(int)
        lost: defaultdict[int, int] = defaultdict(int)
        for pupil in self._known:
            ours = pupil.source_id == self._drafting.source_id and not pupil.disappeared
            if not ours or pupil.place.ref not in covered:
                continue
            had[pupil.place.ref] += 1
            if (complete and not pupil.seen) or pupil.ref in removed:
                lost[pupil.place.ref] += 1
                losses.append(self._pupil_loss(pupil))
        self.pupils = sum(lost.values())
        losses += self._link_losses() if complete else self._removed_guardians(register)
        self._tell_losses(losses)
        self._ask_before_mass_change(had, lost)

    def _pupil_loss(self, pupil: Pupil) -> _Loss:
        change = update_change(
            "pupil", pupil.ref, {"disappeared_at": None}, {"disappeared_at": NOW}
        )
        people = {link.person for link in self._links_of_pupil[pupil.ref] if not link.ended}
        return _Loss(pupil.label, [change], pupil.place, pupil.year, people, whole=True)

    def _link_losses(self) -> list[_Loss]:
        """Whoever the file no longer names for a pupil that it does name."""
        named = {
            p.ref: p for p in self._named if p.record and not (p.record.removed or p.record.unsure)
        }
        return [
            _link_loss(link, named[link.pupil])
            for link in self._links.values()
            if link.pupil in named and not (link.seen or link.ended)
            and link.source_id == self._drafting.source_id
        ]  # fmt: skip

    def _removed_guardians(self, register: Register) -> list[_Loss]:
        """Whoever the source itself has marked as gone."""
        keys = {r.key for r in self._drafting.roster.guardians if r.removed and r.key is not None}
        people = {register.by_key[key].id for key in keys if key in register.by_key}
        pupils = {pupil.ref: pupil for pupil in self._known}
        return [
            _link_loss(link, pupils[link.pupil])
            for link in self._links.values()
            if link.person in people and link.pupil in pupils and not (link.seen or link.ended)
        ]

    def _tell_losses(self, losses: list[_Loss]) -> None:
        """One line for all that must happen together, so that it can only be left out together."""
        childless = self._childless(losses)
        names = self._names({person for loss in losses for person in loss.people})
        for together in _together(losses, childless):
            changes = [change for loss in together for change in loss.changes]
            told = _without_repeats([loss.said(names) for loss in together])
            for person, loss in {p: one for one in together for p in one.people}.items():
                if (person, loss.place.ref) in childless and (
                    gone := self._suspended(person, loss)
                ):
                    changes += gone
                    told.append(_ends_for(names.get(person, "")))
            label = ", ".join(dict.fromkeys(loss.label for loss in together))
            place = together[0].place.ref
            text = sentences(told)
            self._drafting.tell("warning", "disappeared", label, text, changes, school_id=place)

    def _childless(self, losses: list[_Loss]) -> set[tuple[int, int]]:
        """Return whom, and in which school, these losses leave without a child."""
        gone = {(change[1], change[2]) for loss in losses for change in loss.changes}
        known = {pupil.ref: pupil for pupil in self._known}
        left = set(self._kept)
        for link in self._links.values():
            pupil = known[link.pupil]
            lives = pupil.seen or not pupil.disappeared
            stays = ("pupil", pupil.ref) not in gone and ("guardianship", link.id) not in gone
            if lives and stays and not link.ended:
                left.add((link.person, pupil.place.ref))
        return {(p, loss.place.ref) for loss in losses for p in loss.people} - left

    def _suspended(self, person: int, loss: _Loss) -> list[Any]:
        access = self._accesses.get((person, loss.place.ref, loss.year))
        if access is None or access[1] is not None or access[0] < 0:
            return []
        self._drafting.note_change("access", access[0])
        ref = self._drafting.draft.new_ref("suspension")
        self._accesses[person, loss.place.ref, loss.year] = (access[0], ref)
        return [["+", "suspension", ref, [access[0], loss.place.ref, NO_CHILD]]]

    def _names(self, people: Iterable[int]) -> dict[int, str]:
        table = table_named("person")
        wanted = sorted(people)
        names: dict[int, str] = {}
        for start in range(0, len(wanted), 500):
            rows = self._drafting.connection.execute(
                select(table.c.id, table.c.surname, table.c.first_name).where(
                    table.c.id.in_(wanted[start : start + 500])
                )
            )
            names |= {row[0]: f"{row[1]} {row[2]}" for row in rows}
        return names

    def _ask_before_mass_change(self, had: dict[int, int], lost: dict[int, int]) -> None:
        share, draft = self._drafting.request.mass_share, self._drafting.draft
        worst = max(
            ((lost[school] / had[school], school) for school in lost if lost[school] >= MASS_FROM),
            default=None,
        )
        if worst is None or worst[0] <= share:
            return
        school = worst[1]
        number = next(pupil.place.number for pupil in self._known if pupil.place.ref == school)
        draft.confirm_number = draft.confirm_number or number
        text = say(
            "%(lost)s of the %(had)s pupils of school %(school)s would disappear: "
            "is this the right file?",
            lost=lost[school],
            had=had[school],
            school=number,
        )
        self._drafting.tell("warning", "mass", "", text)


def _ends_for(name: str) -> Wording:
    return say("%(name)s has no child left here: the access ends.", name=name)


def _without_repeats(texts: list[Wording]) -> list[Wording]:
    return [text for place, text in enumerate(texts) if text not in texts[:place]]


def _link_loss(link: Link, pupil: Pupil) -> _Loss:
    change = update_change("guardianship", link.id, {"ended_at": None}, {"ended_at": NOW})
    return _Loss(pupil.label, [change], pupil.place, pupil.year, {link.person})


def _together(losses: list[_Loss], childless: set[tuple[int, int]]) -> list[list[_Loss]]:
    """Group the losses that end an access between them, the others alone, in their order."""
    leader = list(range(len(losses)))

    def lead(index: int) -> int:
        while leader[index] != index:
            leader[index] = index = leader[leader[index]]
        return index

    first: dict[tuple[int, int], int] = {}
    for index, loss in enumerate(losses):
        for person in loss.people:
            where = (person, loss.place.ref)
            if where in childless:
                one, other = lead(first.setdefault(where, index)), lead(index)
                leader[max(one, other)] = min(one, other)
    groups: defaultdict[int, list[_Loss]] = defaultdict(list)
    for index, loss in enumerate(losses):
        groups[lead(index)].append(loss)
    return list(groups.values())
