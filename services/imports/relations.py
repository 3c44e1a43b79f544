"""The families of an exchange set: pupils and guardians, and who answers for whom.

Guardians name their children in `agentSourcedIds`, and children their guardians (DOMAIN §4).
Only pupils for whom somebody answers come through: of the others nothing is kept.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from models.language import say, say_n
from models.text import clean, squeeze
from services.imports.exchange import LONGEST_NAME, Exchange
from services.imports.roster import GuardianshipRecord, PersonRecord, PupilRecord

#: Roles of the two standards, in lower case.
PUPIL_ROLES = frozenset(("student", "pupil", "learner", "child"))
GUARDIAN_ROLES = frozenset(("parent", "guardian", "relative"))
_LONGEST_GROUP = 60
_MOST_AGENTS = 50


class PupilRow(NamedTuple):
    """What is kept of a pupil's row until the guardians are known: cells as they stand.

    Most sets name many pupils and no guardian, so making more of each would be in vain.
    """

    line: int
    family: str
    given: str
    orgs: str
    agents: str
    grades: str
    removed: bool


@dataclass(slots=True)
class GuardianRow:
    """A guardian's row of `users.csv`, with what it is called there."""

    line: int
    surname: str
    first_name: str
    orgs: str
    agents: str
    email: str
    relation: str
    removed: bool


@dataclass(slots=True)
class Relations:
    """Collects the pupils and guardians of a set, and makes records of them at its end.

    `file` is the name of the users' file, `email_field` what addresses come from, `year` the
    key of the set's school year.
    """

    exchange: Exchange
    email_field: str
    file: str = ""
    year: str | None = None
    pupils: dict[str, PupilRow] = field(default_factory=dict)
    guardians: dict[str, GuardianRow] = field(default_factory=dict)

    def finish(self) -> None:
        """Make the records, once every user is known."""
        links = self._links()
        complete = self.exchange.roster.complete
        wanted = {pupil for _guardian, pupil in links}
        if not complete:
            wanted |= {key for key, row in self.pupils.items() if row.removed or row.agents}
        places = {
            key: self._add_pupil(key, row) for key, row in self.pupils.items() if key in wanted
        }
        indexes: dict[str, int] = {}
        for guardian, pupil in links:
            if guardian not in indexes:
                indexes[guardian] = self._add_guardian(guardian)
            row = self.guardians[guardian]
            for place in places.get(pupil, ()):
                self.exchange.roster.guardianships.append(
                    GuardianshipRecord(indexes[guardian], place, row.relation, self.file, row.line)
                )
        for key, row in self.guardians.items():
            if row.removed and not complete and key not in indexes:
                self._add_guardian(key)
        self._tell(wanted, indexes)

    def _links(self) -> list[tuple[str, str]]:
        """Return guardian and pupil of each relation that one of the two names."""
        links: dict[tuple[str, str], None] = {}
        strangers = 0
        for key, row in self.guardians.items():
            for agent in () if row.removed else _listed(row.agents):
                if agent not in self.pupils and not self.exchange.roster.complete:
                    # A pupil of whom a delta has nothing new: known from before by the key.
                    self.pupils[agent] = PupilRow(row.line, "", "", row.orgs, "", "", False)
                if agent in self.pupils:
                    links[key, agent] = None
                else:
                    strangers += 1
        if self.guardians:
            for key, pupil in self.pupils.items():
                for agent in () if pupil.removed or not pupil.agents else _listed(pupil.agents):
                    if agent in self.guardians and not self.guardians[agent].removed:
                        links[agent, key] = None
        if strangers:
            text = say_n(
                "%(count)s child that a guardian names is not in the set, and is passed over.",
                "%(count)s children that guardians name are not in the set, and are passed over.",
                strangers,
            )
            self.exchange.notices.warning(text, self.file)
        return list(links)

    def _add_pupil(self, key: str, row: PupilRow) -> list[int]:
        """Take a pupil in each school; return the places in the roster."""
        roster, orgs, notices = self.exchange.roster, self.exchange.orgs, self.exchange.notices
        names = names_of(row.family, row.given)
        if names is None and roster.complete:
            notices.error(say("Row refused: the name is missing."), self.file, row.line)
            return []
        places = []
        for org in _listed(row.orgs):
            if orgs is not None and roster.complete and org not in orgs:
                text = say(
                    "Row refused: the organisation %(org)s is not in orgs.csv.",
                    org=clean(org, _LONGEST_GROUP),
                )
                notices.error(text, self.file, row.line)
                continue
            places.append(len(roster.pupils))
            pupil = PupilRecord(
                *(names or ("", "")), org, key, None, group_of(row.grades), self.year,
                row.removed, file=self.file, line=row.line,
            )  # fmt: skip
            roster.pupils.append(pupil)
            self.exchange.pupils.setdefault(key, []).append(pupil)
        return places

    def _add_guardian(self, key: str) -> int:
        guardians, row = self.exchange.roster.guardians, self.guardians[key]
        guardians.append(
            PersonRecord(
                row.surname,
                row.first_name,
                key,
                personal_email=row.email,
                personal_email_field=self.email_field if row.email else "",
                removed=row.removed,
                file=self.file,
                line=row.line,
            )
        )
        return len(guardians) - 1

    def _tell(self, pupils: set[str], guardians: dict[str, int]) -> None:
        idle = len(self.guardians.keys() - guardians.keys())
        alone = len(self.pupils.keys() - pupils)
        for count, text in (
            (
                idle,
                say_n(
                    "%(count)s guardian has no child here and was passed over.",
                    "%(count)s guardians have no child here and were passed over.",
                    idle,
                ),
            ),
            (
                alone,
                say_n(
                    "%(count)s pupil without a guardian was passed over.",
                    "%(count)s pupils without a guardian were passed over.",
                    alone,
                ),
            ),
        ):
            if count:
                self.exchange.notices.information(text, self.file)


def _listed(cell: str) -> list[str]:
    """Return the identifiers in a cell, each once."""
    found = [part.strip() for part in cell.split(",", _MOST_AGENTS)]
    return list(dict.fromkeys(part for part in found[:_MOST_AGENTS] if part))


@lru_cache(maxsize=256)
def kind_of(role: str) -> str:
    """Return "pupil" or "guardian" for a role of the standards, "" for any other."""
    word = role.strip().lower()
    return "pupil" if word in PUPIL_ROLES else "guardian" if word in GUARDIAN_ROLES else ""


def names_of(family: str, given: str) -> tuple[str, str] | None:
    """Return surname and first name, None where they cannot be taken as names."""
    names = squeeze(family), squeeze(given)
    usable = all(
        name and len(name) <= LONGEST_NAME and any(map(str.isalpha, name)) for name in names
    )
    return names if usable else None


def group_of(grades: str) -> str:
    return clean(squeeze(grades), _LONGEST_GROUP)
