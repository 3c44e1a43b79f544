"""The families of an exchange set: pupils and guardians, and who answers for whom.

Guardians name their children in `agentSourcedIds`, and children their guardians (DOMAIN §4).
Only pupils for whom somebody answers come through: of the others nothing is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.language import say, say_n
from models.text import clean, squeeze
from services.imports.exchange import LONGEST_NAME, Exchange
from services.imports.roster import GuardianshipRecord, PersonRecord, PupilRecord

#: Roles of the two standards, in lower case.
PUPIL_ROLES = frozenset(("student", "pupil", "learner", "child"))
GUARDIAN_ROLES = frozenset(("parent", "guardian", "relative"))
_LONGEST_GROUP = 60
_MOST_AGENTS = 50


@dataclass(slots=True)
class User:
    """One row of `users.csv` that is about a pupil or a guardian."""

    key: str
    surname: str
    first_name: str
    agents: str
    email: str = ""
    email_field: str = ""
    group: str = ""
    role: str = ""
    year: str | None = None
    orgs: Sequence[str] = ()
    removed: bool = False
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class Relations:
    """Collects the pupils and guardians of a set, and makes records of them at its end."""

    exchange: Exchange
    pupils: dict[str, User] = field(default_factory=dict)
    guardians: dict[str, User] = field(default_factory=dict)

    def finish(self) -> None:
        """Make the records, once every user is known."""
        links = self._links()
        complete = self.exchange.roster.complete
        wanted = {pupil for _guardian, pupil in links}
        if not complete:
            wanted |= {key for key, user in self.pupils.items() if user.removed or user.agents}
        places = {key: self._add_pupil(self.pupils[key]) for key in self.pupils if key in wanted}
        indexes: dict[str, int] = {}
        for guardian, pupil in links:
            if guardian not in indexes:
                indexes[guardian] = self._add_guardian(self.guardians[guardian])
            user = self.guardians[guardian]
            for place in places.get(pupil, ()):
                self.exchange.roster.guardianships.append(
                    GuardianshipRecord(indexes[guardian], place, user.role, user.file, user.line)
                )
        for key, user in self.guardians.items():
            if user.removed and not complete and key not in indexes:
                self._add_guardian(user)
        self._tell(wanted, indexes)

    def _links(self) -> list[tuple[str, str]]:
        """Return guardian and pupil of each relation that one of the two names."""
        links: dict[tuple[str, str], None] = {}
        strangers = 0
        for key, user in self.guardians.items():
            for agent in () if user.removed else _agents(user):
                if agent not in self.pupils and not self.exchange.roster.complete:
                    # A pupil of whom a delta has nothing new: known from before by the key.
                    self.pupils[agent] = User(
                        agent, "", "", "", orgs=user.orgs, file=user.file, line=user.line
                    )
                if agent in self.pupils:
                    links[key, agent] = None
                else:
                    strangers += 1
        for key, user in self.pupils.items():
            for agent in () if user.removed else _agents(user):
                if agent in self.guardians and not self.guardians[agent].removed:
                    links[agent, key] = None
        if strangers:
            text = say_n(
                "%(count)s child that a guardian names is not in the set, and is passed over.",
                "%(count)s children that guardians name are not in the set, and are passed over.",
                strangers,
            )
            self.exchange.notices.warning(text, self.exchange.actual("users.csv"))
        return list(links)

    def _add_pupil(self, user: User) -> list[int]:
        """Take a pupil in each school; return the places in the roster."""
        roster = self.exchange.roster
        orgs = self.exchange.orgs
        places = []
        for org in dict.fromkeys(user.orgs):
            if orgs is not None and roster.complete and org not in orgs:
                text = say(
                    "Row refused: the organisation %(org)s is not in orgs.csv.",
                    org=clean(org, _LONGEST_GROUP) or "“”",
                )
                self.exchange.notices.error(text, user.file, user.line)
                continue
            places.append(len(roster.pupils))
            pupil = PupilRecord(
                user.surname, user.first_name, org, user.key, None, user.group, user.year,
                user.removed, file=user.file, line=user.line,
            )  # fmt: skip
            roster.pupils.append(pupil)
            self.exchange.pupils.setdefault(user.key, []).append(pupil)
        return places

    def _add_guardian(self, user: User) -> int:
        guardians = self.exchange.roster.guardians
        guardians.append(
            PersonRecord(
                user.surname,
                user.first_name,
                user.key,
                personal_email=user.email,
                personal_email_field=user.email_field if user.email else "",
                removed=user.removed,
                file=user.file,
                line=user.line,
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
                self.exchange.notices.information(text, self.exchange.actual("users.csv"))


def _agents(user: User) -> list[str]:
    found = [agent.strip() for agent in user.agents.split(",", _MOST_AGENTS)]
    return list(dict.fromkeys(agent for agent in found[:_MOST_AGENTS] if agent))


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
