"""What every format is read into: records with the place in the file they come from.

A reader knows its format and nothing of the database; the planner knows the database and
nothing of formats. Every text in a record has gone through `models.text.clean`.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from models.language import Wording
from services.cancelling import Cancelled as Cancelled
from services.cancelling import Progress as Progress

Level = Literal["information", "warning", "error"]


@dataclass(slots=True, frozen=True)
class Notice:
    """One thing to tell about a row. A hard one stops the whole import."""

    level: Level
    text: Wording
    file: str = ""
    line: int = 0
    column: str = ""
    hard: bool = False


@dataclass(slots=True)
class GoverningBodyRecord:
    key: str
    name: str
    fase_number: int | None = None
    enterprise_number: str | None = None
    street: str = ""
    postal_code: str = ""
    locality: str = ""
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class SchoolRecord:
    """A school, or (`kind` "office") the staff of a governing body itself."""

    key: str
    name: str
    kind: Literal["school", "office"] = "school"
    fase_number: int | None = None
    governing_body: str | None = None
    enterprise_number: str | None = None
    network: str = ""
    street: str = ""
    postal_code: str = ""
    locality: str = ""
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class SiteRecord:
    school: str
    fase_number: int
    street: str = ""
    postal_code: str = ""
    locality: str = ""
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class SchoolYearRecord:
    """A school year as the source states it; `last_day` is the last day, inclusive."""

    key: str
    label: str
    first_day: date
    last_day: date
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class PersonRecord:
    """A staff member, or a guardian.

    `key` identifies the person within the source, where it has such a key.
    """

    surname: str
    first_name: str
    key: str | None = None
    birth_date: date | None = None
    staff_number: str | None = None
    sex: Literal["M", "F", ""] = ""
    language: str = ""
    personal_email: str = ""
    personal_email_field: str = ""
    removed: bool = False
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class PostRecord:
    """A person's post in a school. `person` is the index in `Roster.people`.

    `school` is the key of a `SchoolRecord`, or "" for the school the import is for.
    `exit_date` is the last day, inclusive. `present` is None where the source does not say.
    """

    person: int
    school: str
    year: str | None = None
    function: str = ""
    other_functions: str = ""
    role: str = ""
    start_date: date | None = None
    exit_date: date | None = None
    present: bool | None = None
    school_email: str = ""
    school_email_field: str = ""
    removed: bool = False
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class PupilRecord:
    """A pupil. `school` and `year` are as in `PostRecord`, `group` is the class.

    `unsure` tells that a guardian could not be read, so that absent ones may be no leavers.
    """

    surname: str
    first_name: str
    school: str = ""
    key: str | None = None
    birth_date: date | None = None
    group: str = ""
    year: str | None = None
    removed: bool = False
    unsure: bool = False
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class GuardianshipRecord:
    """That somebody answers for a pupil: indexes in `Roster.guardians` and `Roster.pupils`."""

    guardian: int
    pupil: int
    relation: str = ""
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class Roster:
    """Everything one source says. `complete` tells that absent people have left."""

    format: str
    complete: bool = True
    rows: int = 0
    governing_bodies: list[GoverningBodyRecord] = field(default_factory=list)
    schools: list[SchoolRecord] = field(default_factory=list)
    sites: list[SiteRecord] = field(default_factory=list)
    school_years: list[SchoolYearRecord] = field(default_factory=list)
    people: list[PersonRecord] = field(default_factory=list)
    posts: list[PostRecord] = field(default_factory=list)
    pupils: list[PupilRecord] = field(default_factory=list)
    guardians: list[PersonRecord] = field(default_factory=list)
    guardianships: list[GuardianshipRecord] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many records there are to plan, of staff and of families."""
        return len(self.posts) + len(self.pupils) + len(self.guardianships)

    @property
    def refused(self) -> bool:
        """Whether a hard error stands, so that nothing of this may be applied."""
        return any(notice.hard for notice in self.notices)
