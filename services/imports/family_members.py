"""The members of families as an import finds them: in the file, in the database, or in both."""

from dataclasses import dataclass, field
from typing import Any

from services.imports.drafting import SchoolPlace
from services.imports.matching import Known
from services.imports.roster import PersonRecord, PupilRecord

#: The service that guardians have access to.
SERVICE = "it_school"
#: Why a guardian's access is suspended whose children have all left the school.
NO_CHILD = "no_child"


@dataclass(slots=True, eq=False)
class Pupil:
    """A pupil of the file, or of the database, or both. `ref` is the id, or below 0."""

    place: SchoolPlace
    year: int
    record: PupilRecord | None
    ref: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    source_id: int | None = None
    disappeared: bool = False
    seen: bool = False

    @property
    def label(self) -> str:
        if self.record is not None:
            return f"{self.record.surname} {self.record.first_name}"
        return f"{self.values['surname']} {self.values['first_name']}"


@dataclass(slots=True, eq=False)
class Guardian:
    """A guardian of the file, whichever rows name them."""

    record: PersonRecord
    names: tuple[str, str]
    email_key: str | None
    keys: set[str]
    known: Known | None = None
    ref: int = 0
    told: bool = False

    @property
    def label(self) -> str:
        return f"{self.record.surname} {self.record.first_name}"


@dataclass(slots=True, eq=False)
class Link:
    """A guardianship in the database."""

    id: int
    pupil: int
    person: int
    source_id: int | None
    relation: str
    ended: bool
    seen: bool = False
