"""From a roster's pupils and guardians to changes: pupils, guardians, who answers for whom.

A guardian is a person with an access to iT.SCHOOL in each school and school year of a child.
One line of the plan is about one pupil, or about one guardian in one school; a further child
of a guardian is a line of its own. Who loses the last child in a school loses the access with
it, in the same line, so that leaving the line out keeps both.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from models.access import search_key_for
from models.addresses import address_key
from models.bulk import neutral, table_named
from models.consents import SIGNED_FORM
from models.families import CORRECTED
from models.language import Wording, say
from models.text import name_key
from services.belonging import NOT_FROM_HERE
from services.imports.drafting import MASS_FROM, Drafting, SchoolPlace
from services.imports.matching import PERSON, Days, Known, Register, load_register
from services.imports.planning_people import (
    ACCESS,
    ALIKE,
    KEY,
    SUSPENSION,
    People,
    sentences,
)
from services.imports.planning_schools import Schools
from services.imports.roster import GuardianshipRecord, PersonRecord, PupilRecord
from services.plans import NOW, update_change

#: The service that guardians have access to.
SERVICE = "it_school"
#: Why a guardian's access is suspended whose children have all left the school.
NO_CHILD = "no_child"

#: Up to this many people, only those who may be meant are looked up.
_FEW = 500

_PUPIL = (
    "school_id", "school_year_id", "source_id", "key", "surname", "first_name", "surname_key",
    "first_name_key", "birth_date", "group",
)  # fmt: skip
_GUARDIANSHIP = ("pupil_id", "person_id", "school_id", "source_id", "relation")
_MADE: dict[str, dict[str, Any]] = {
    "pupil": {"created_at": NOW, "disappeared_at": None},
    "guardianship": {"since": NOW, "ended_at": None},
}

_NEW_PUPIL = say("New pupil.")
_NEW_GUARDIAN = say("New guardian: access created.")
_KNOWN_AS_STAFF = say("Known already as staff, and the same person: access as a guardian created.")
_KNOWN_GUARDIAN = say("Known already: access as a guardian created.")
_REAPPEARED = say("Is in the file again.")
_CAME_BACK = say("Has a child here again: access reactivated.")
_PUPIL_GONE = say("Disappeared: the pupil is no longer in the file.")
_LINK_GONE = say("A guardian is no longer named.")
_REUSED_KEY = say("Row refused: its identifier names somebody else in this file.")
_TAKEN_KEY = say("Row refused: its identifier names somebody else until now.")
_ADDRESS_KEPT = say("The address that was signed for is kept; the file has another one.")
_CORRECTION_KEPT = say("The address corrected by hand is kept; the file has another one.")
_STAFF_ADDRESS = say(
    "The address on the staff record is kept; the file has another one: correct it where needed."
)
_RECORDED = say("The source’s identifier is recorded.")
_KNOWN_ELSEWHERE = say("Known already in another school: what is recorded there stays.")

_LABELS = {
    "surname": say("surname"),
    "first_name": say("first name"),
    "birth_date": say("birth date"),
    "group": say("class"),
    "relation": say("relation"),
    "language": say("language"),
    "personal_email": say("personal e-mail"),
    "school_year_id": say("school year"),
}
_ADDRESS = ("personal_email", "personal_email_key", "personal_email_field")


@dataclass(slots=True, eq=False)
class _Pupil:
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
class _Guardian:
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
class _Link:
    """A guardianship in the database."""

    id: int
    pupil: int
    person: int
    source_id: int | None
    relation: str
    ended: bool
    seen: bool = False


@dataclass(slots=True)
class _Loss:
    """What an import takes from guardians: a pupil, or one guardianship of a pupil."""

    label: str
    text: Wording
    changes: list[Any]
    place: SchoolPlace
    year: int
    people: set[int]

    def said(self, names: dict[int, str]) -> Wording:
        """Return what is lost; `names` are those of the guardians."""
        if self.text is _PUPIL_GONE:
            return self.text
        (person,) = self.people
        return say("%(name)s is no longer named as a guardian.", name=names.get(person, ""))


class Families:
    """Plans the families of a roster, once its schools are planned."""

    def __init__(self, drafting: Drafting, schools: Schools, people: People | None = None) -> None:
        self.drafting = drafting
        self.people = people
        self.schools = schools
        self.days = Days()
        self.pupils: list[_Pupil] = []
        self.gone_pupils = 0
        self._places = {place.ref: place for place in schools.places.values()}
        self._pupil_of: list[_Pupil | None] = []
        self._known_pupils: list[_Pupil] = []
        self._links: dict[tuple[int, int], _Link] = {}
        self._links_of_pupil: defaultdict[int, list[_Link]] = defaultdict(list)
        self._accesses: dict[tuple[int, int, int], tuple[int, int | None]] = {}
        self._kept: set[tuple[int, int]] = set()
        self._service = 0
        self._staff: dict[int, set[str]] = {}
        for table, names in (
            ("person", PERSON), ("person_key", KEY), ("access", ACCESS),
            ("suspension", SUSPENSION), ("pupil", _PUPIL), ("guardianship", _GUARDIANSHIP),
        ):  # fmt: skip
            drafting.draft.columns[table] = names
            drafting.draft.constants[table] = ALIKE.get(table, _MADE.get(table, {}))

    # The order of things

    def plan(self) -> None:
        """Plan every pupil and guardian of the roster, then who is missing from it."""
        drafting = self.drafting
        service = table_named("service")
        wanted = select(service.c.id).where(service.c.code == SERVICE)
        self._service = int(drafting.connection.scalars(wanted).one())
        known_schools = frozenset(ref for ref in self._places if ref > 0)
        self._load(known_schools)
        drafting.look()
        self._match_pupils()
        self._plan_pupils()
        drafting.look()
        register = load_register(
            drafting.connection, drafting.roster.guardians, drafting.source_id, known_schools,
            drafting.owned,
        )  # fmt: skip
        self._load_staff(register)
        self._add_new_staff(register)
        links = self._matched_links(register)
        drafting.look()
        self._plan_links(links)
        self._tell_shared_mailboxes([guardian for guardian, _pupil, _record in links], register)
        self._plan_missing(register)

    # What is known

    def _load(self, schools: frozenset[int]) -> None:
        if not schools:
            return
        connection, wanted = self.drafting.connection, sorted(schools)
        table = table_named("pupil")
        names = [name for name in _PUPIL if name not in ("school_id", "source_id")]
        columns = [table.c[name] for name in names]
        statement = select(
            table.c.id, table.c.school_id, table.c.source_id, table.c.disappeared_at, *columns
        ).where(table.c.school_id.in_(wanted))
        for row in connection.execute(statement):
            values = dict(zip(names, row[4:], strict=True))
            values["birth_date"] = self.days[values["birth_date"]]
            pupil = _Pupil(self._places[row[1]], values["school_year_id"], None, row[0], values)
            pupil.source_id, pupil.disappeared = row[2], row[3] is not None
            values["disappeared_at"] = neutral(row[3])
            self._known_pupils.append(pupil)
        self._load_links(wanted)
        self._load_accesses(wanted)

    def _load_links(self, schools: list[int]) -> None:
        table = table_named("guardianship")
        statement = select(
            table.c.id, table.c.pupil_id, table.c.person_id, table.c.source_id, table.c.relation,
            table.c.ended_at,
        ).where(table.c.school_id.in_(schools)).order_by(table.c.id)  # fmt: skip
        for row in self.drafting.connection.execute(statement):
            link = _Link(*row[:5], ended=row[5] is not None)
            before = self._links.get((link.pupil, link.person))
            if before is None or before.ended:
                self._links[link.pupil, link.person] = link
        for link in self._links.values():
            self._links_of_pupil[link.pupil].append(link)

    def _load_accesses(self, schools: list[int]) -> None:
        access, suspension = table_named("access"), table_named("suspension")
        ours = access.c.school_id.in_(schools) & (access.c.service_id == self._service)
        columns = (
            access.c.person_id, access.c.school_id, access.c.school_year_id, access.c.id,
        )  # fmt: skip
        open_ones = select(suspension.c.access_id, suspension.c.id).where(
            suspension.c.until_at.is_(None), suspension.c.reason == NO_CHILD
        )
        suspended = {row[0]: row[1] for row in self.drafting.connection.execute(open_ones)}
        for person, school, year, row_id in self.drafting.connection.execute(
            select(*columns).where(ours)
        ):
            self._accesses[person, school, year] = (row_id, suspended.get(row_id))

    def _load_staff(self, register: Register) -> None:
        """Who of those known has a post, and at which school addresses."""
        post = table_named("post")
        statement = select(post.c.person_id, post.c.school_email_key)
        if len(register.by_id) <= _FEW:
            statement = statement.where(post.c.person_id.in_(list(register.by_id)))
        for person, email in self.drafting.connection.execute(statement):
            if person in register.by_id:
                addresses = self._staff.setdefault(person, set())
                if email:
                    addresses.add(email)

    def _add_new_staff(self, register: Register) -> None:
        """Who comes in as staff with the same roster may be a guardian, too."""
        people = self.people
        if people is None:
            return
        for ref, values in people.made.items():
            register.by_id[ref] = Known(ref, values)
            self._staff[ref] = people.school_emails.get(ref, set())
        for key, ref in people.key_refs.items():
            if ref in register.by_id:
                register.by_key[key] = register.by_id[ref]

    # Pupils

    def _match_pupils(self) -> None:
        """Find out which pupil each record is about; several rows may be about one."""
        inside: dict[tuple[Any, ...], _Pupil] = {}
        for record in self.drafting.roster.pupils:
            place = self.schools.places.get(record.school)
            year = self.schools.year_of(place, record.year) if place is not None else None
            if place is None or year is None:
                self._refuse(record, self.schools.refusal(record))
                self._pupil_of.append(None)
                continue
            pupil = _same_pupil(inside, place, record, self.days[record.birth_date])
            if pupil is None:
                pupil = _Pupil(place, year, record)
                self.pupils.append(pupil)
            elif pupil.record is not None and _names_of(pupil.record) != _names_of(record):
                self._refuse(record, _REUSED_KEY)
                self._pupil_of.append(None)
                continue
            else:
                _complete(pupil, record)
            for mark in _marks(place, pupil.record or record, self.days[record.birth_date]):
                inside.setdefault(mark, pupil)
            self._pupil_of.append(pupil)
        self._find_known_pupils()

    def _find_known_pupils(self) -> None:
        """By the source's identifier; then by name and birth date; then by a unique name."""
        ours = [p for p in self._known_pupils if p.source_id in (self.drafting.source_id, None)]
        by_key = {
            (p.place.ref, p.values["key"]): p
            for p in ours
            if p.values["key"] is not None and p.source_id == self.drafting.source_id
        }
        by_name: defaultdict[tuple[int, str, str], list[_Pupil]] = defaultdict(list)
        for known in ours:
            place = known.place.ref
            by_name[place, known.values["surname_key"], known.values["first_name_key"]].append(
                known
            )
        for sure in (True, False):
            for pupil in self.pupils:
                record = pupil.record
                assert record is not None
                if pupil.ref:
                    continue
                found = by_key.get((pupil.place.ref, record.key)) if record.key else None
                if found is None:
                    namesakes = by_name.get((pupil.place.ref, *_names_of(record)), [])
                    found = self._namesake(record, namesakes, sure=sure)
                if found is not None and not found.seen:
                    found.seen = True
                    pupil.ref, pupil.values = found.ref, found.values
                    pupil.disappeared, pupil.source_id = found.disappeared, found.source_id

    def _namesake(
        self, record: PupilRecord, namesakes: list[_Pupil], *, sure: bool
    ) -> _Pupil | None:
        birth = self.days[record.birth_date]
        free = [one for one in namesakes if not one.seen and not _contradicts(one, record, birth)]
        if sure:
            same = [one for one in free if birth and one.values["birth_date"] == birth]
            same += [one for one in free if record.group and one.values["group"] == record.group]
            return same[0] if same else None
        return free[0] if len(free) == 1 else None

    def _plan_pupils(self) -> None:
        tick = self.drafting.ticker(len(self.pupils))
        for done, pupil in enumerate(self.pupils):
            tick(done)
            record = pupil.record
            assert record is not None
            if record.removed:
                continue
            if not pupil.ref:
                if not record.surname:
                    self._refuse(record, say("Row refused: the name is missing."))
                    continue
                pupil.ref = self.drafting.draft.new_ref("pupil")
                values = list(self._pupil_values(pupil, record).values())
                change = ["+", "pupil", pupil.ref, values]
                self._tell(
                    "information", "new", pupil.label, pupil.place, record, _NEW_PUPIL, [change]
                )
            else:
                self._plan_known_pupil(pupil, record)

    def _pupil_values(self, pupil: _Pupil, record: PupilRecord) -> dict[str, Any]:
        surname_key, first_name_key = _names_of(record)
        values = (
            pupil.place.ref, pupil.year, self.drafting.source_id, record.key, record.surname,
            record.first_name, surname_key, first_name_key, self.days[record.birth_date],
            record.group,
        )  # fmt: skip
        return dict(zip(_PUPIL, values, strict=True))

    def _plan_known_pupil(self, pupil: _Pupil, record: PupilRecord) -> None:
        new = self._pupil_values(pupil, record)
        after = {
            name: new[name]
            for name in pupil.values
            if name in new and new[name] not in (None, "") and new[name] != pupil.values[name]
        }
        told = [
            _difference(name, pupil.values[name], after[name]) for name in after if name in _LABELS
        ]
        if pupil.source_id is None:
            after["source_id"] = self.drafting.source_id
        if pupil.disappeared:
            after["disappeared_at"] = None
            told.append(_REAPPEARED)
        if not after:
            return
        own = {"source_id": pupil.source_id}
        before = {name: own.get(name, pupil.values.get(name)) for name in after}
        self.drafting.note_change("pupil", pupil.ref)
        text = sentences(told or [_RECORDED])
        change = update_change("pupil", pupil.ref, before, after)
        self._tell("information", "changed", pupil.label, pupil.place, record, text, [change])

    # Guardians

    def _matched_links(
        self, register: Register
    ) -> list[tuple[_Guardian, _Pupil, GuardianshipRecord]]:
        """Say which guardian and which pupil each row is about."""
        roster = self.drafting.roster
        finder = _Finder(self.drafting, register, self._staff, self._links_of_pupil)
        of_record: dict[int, _Guardian | None] = {}
        found = []
        for record in roster.guardianships:
            pupil = self._pupil_of[record.pupil]
            if pupil is None or not pupil.ref:
                continue
            if record.guardian not in of_record:
                of_record[record.guardian] = finder.inside(roster.guardians[record.guardian], pupil)
            guardian = of_record[record.guardian]
            if guardian is None:
                at = roster.guardians[record.guardian]
                _doubt(pupil)
                self._tell("error", "refused", _label(at), pupil.place, at, _REUSED_KEY)
                continue
            found.append((guardian, pupil, record))
        return self._known_links(found, finder)

    def _known_links(
        self, found: list[tuple[_Guardian, _Pupil, GuardianshipRecord]], finder: "_Finder"
    ) -> list[tuple[_Guardian, _Pupil, GuardianshipRecord]]:
        children: defaultdict[int, list[_Pupil]] = defaultdict(list)
        for guardian, pupil, _record in found:
            children[id(guardian)].append(pupil)
        refused: set[int] = set()
        seen: set[int] = set()
        for guardian, pupil, _record in found:
            if id(guardian) in refused:
                _doubt(pupil)
            if id(guardian) in seen:
                continue
            seen.add(id(guardian))
            if not finder.known(guardian, children[id(guardian)]):
                refused.add(id(guardian))
                _doubt(pupil)
                self._tell(
                    "error", "refused", guardian.label, pupil.place, guardian.record, _TAKEN_KEY
                )
        return [link for link in found if id(link[0]) not in refused]

    def _plan_links(self, links: list[tuple[_Guardian, _Pupil, GuardianshipRecord]]) -> None:
        tick = self.drafting.ticker(len(links))
        linked: set[tuple[int, int]] = set()
        for done, (guardian, pupil, record) in enumerate(links):
            tick(done)
            record_of_pupil = pupil.record
            if record_of_pupil is not None and record_of_pupil.removed:
                continue
            changes, told = self._guardian_changes(guardian, pupil)
            if (pupil.ref, guardian.ref) not in linked:
                linked.add((pupil.ref, guardian.ref))
                self._kept.add((guardian.ref, pupil.place.ref))
                link, sentence = self._link_changes(guardian, pupil, record)
                changes += link
                told += [sentence] if sentence is not None else []
            if changes:
                gains = any(change[1] in ("access", "suspension") for change in changes)
                level, text = "warning" if gains else "information", sentences(told or [_RECORDED])
                self._tell_guardian(level, "guardian", guardian, pupil.place, text, changes, record)
            elif told:
                self._tell_guardian(
                    "information", "kept", guardian, pupil.place, sentences(told), at=record
                )

    def _guardian_changes(
        self, guardian: _Guardian, pupil: _Pupil
    ) -> tuple[list[Any], list[Wording]]:
        """Return what makes or changes a person, and the access in the pupil's school."""
        changes: list[Any] = []
        told: list[Wording] = []
        is_new, staff = guardian.ref == 0, guardian.ref in self._staff
        if is_new:
            changes = self._new_person(guardian)
        elif not guardian.told:
            changes, told = self._person_changes(guardian, pupil)
        guardian.told = True
        where = (guardian.ref, pupil.place.ref, pupil.year)
        if where not in self._accesses:
            ref = self.drafting.draft.new_ref("access")
            self._accesses[where] = (ref, None)
            search = (
                ""
                if guardian.ref > 0
                else search_key_for(*guardian.names, guardian.email_key, None)
            )
            changes.append(["+", "access", ref, [*where, self._service, None, search, ""]])
            text = _NEW_GUARDIAN if is_new else _KNOWN_AS_STAFF if staff else _KNOWN_GUARDIAN
            return changes, [*told, text]
        access, suspension = self._accesses[where]
        if suspension is not None:
            self._accesses[where] = (access, None)
            over = update_change("suspension", suspension, {"until_at": None}, {"until_at": NOW})
            self.drafting.note_change("access", access)
            return [*changes, over], [*told, _CAME_BACK]
        return changes, told

    def _new_person(self, guardian: _Guardian) -> list[Any]:
        record = guardian.record
        guardian.ref = self.drafting.draft.new_ref("person")
        values = [
            record.surname, record.first_name, *guardian.names, None, None, "", record.language,
            record.personal_email or None, guardian.email_key, record.personal_email_field,
        ]  # fmt: skip
        return [["+", "person", guardian.ref, values], *self._new_keys(guardian, guardian.keys)]

    def _new_keys(self, guardian: _Guardian, keys: Iterable[str]) -> list[Any]:
        planned = self.people.key_refs if self.people is not None else {}
        return [
            ["+", "person_key", self.drafting.draft.new_ref("person_key"),
             [self.drafting.source_id, key, guardian.ref]]
            for key in sorted(keys)
            if key not in planned
        ]  # fmt: skip

    def _person_changes(
        self, guardian: _Guardian, pupil: _Pupil
    ) -> tuple[list[Any], list[Wording]]:
        known = guardian.known
        assert known is not None
        after = self._person_difference(guardian, known, pupil)
        if not known.visible:
            return [], [_KNOWN_ELSEWHERE] if after else []
        if known.id < 0:
            # Made by this very plan, as staff: completed there.
            for name, value in after.items():
                known.values[PERSON.index(name)] = value
            return self._new_keys(guardian, guardian.keys), []
        changes: list[Any] = []
        if after:
            before = {name: known.values[PERSON.index(name)] for name in after}
            changes.append(update_change("person", known.id, before, after))
            self.drafting.note_change("person", known.id)
        changes += self._new_keys(
            guardian, guardian.keys - known.keys.get(self.drafting.source_id, set())
        )
        old = dict(zip(PERSON, known.values, strict=True))
        return changes, [
            _difference(name, old[name], value) for name, value in after.items() if name in _LABELS
        ]

    def _person_difference(
        self, guardian: _Guardian, known: Known, pupil: _Pupil
    ) -> dict[str, Any]:
        """Return the new values; of staff only what their own records leave blank."""
        record, old = guardian.record, dict(zip(PERSON, known.values, strict=True))
        names = dict(zip(("surname_key", "first_name_key"), guardian.names, strict=True))
        new: dict[str, Any] = {"language": record.language}
        if guardian.ref not in self._staff and names != {name: old[name] for name in names}:
            new |= {"surname": record.surname, "first_name": record.first_name, **names}
        address = (record.personal_email, guardian.email_key, record.personal_email_field)
        if guardian.email_key and guardian.email_key != old["personal_email_key"]:
            kept = NOT_FROM_HERE if known.shared else self._keeps_address(guardian, old)
            if kept is None:
                new |= dict(zip(_ADDRESS, address, strict=True))
            elif known.shared:
                self._tell_guardian("warning", "kept", guardian, pupil.place, kept)
            elif known.visible:
                self._tell_guardian("information", "kept", guardian, pupil.place, kept)
        elif old["personal_email_field"] == CORRECTED and guardian.email_key:
            # The source has the correction too: from now on it is the source's again.
            new["personal_email_field"] = record.personal_email_field
        if guardian.ref in self._staff and old["language"]:
            del new["language"]
        return {k: v for k, v in new.items() if v not in (None, "") and v != old[k]}

    def _keeps_address(self, guardian: _Guardian, old: dict[str, Any]) -> Wording | None:
        """Return why the address on record stays, None where the file's replaces it."""
        if old["personal_email_field"] == SIGNED_FORM:
            return _ADDRESS_KEPT
        if old["personal_email_field"] == CORRECTED:
            return _CORRECTION_KEPT
        staff = self._staff.get(guardian.ref)
        # Another address would need another consent for what goes to them as staff.
        if staff is not None and guardian.email_key not in staff:
            return _STAFF_ADDRESS
        return None

    def _link_changes(
        self, guardian: _Guardian, pupil: _Pupil, record: GuardianshipRecord
    ) -> tuple[list[Any], Wording | None]:
        link = self._links.get((pupil.ref, guardian.ref))
        if link is not None:
            link.seen = True
        if link is None or link.ended:
            ref = self.drafting.draft.new_ref("guardianship")
            values = [
                pupil.ref,
                guardian.ref,
                pupil.place.ref,
                self.drafting.source_id,
                record.relation,
            ]
            text = say("Guardian of %(pupil)s.", pupil=pupil.label)
            return [["+", "guardianship", ref, values]], text
        if record.relation and record.relation != link.relation:
            before, after = {"relation": link.relation}, {"relation": record.relation}
            self.drafting.note_change("guardianship", link.id)
            change = update_change("guardianship", link.id, before, after)
            return [change], _difference("relation", link.relation, record.relation)
        return [], None

    # Shared mailboxes

    def _tell_shared_mailboxes(self, guardians: list[_Guardian], register: Register) -> None:
        """Tell each of several guardians of one mailbox; they are never one (DOMAIN §3)."""
        sharing: defaultdict[str, dict[int, _Guardian | Known]] = defaultdict(dict)
        for guardian in guardians:
            if guardian.email_key:
                sharing[guardian.email_key][guardian.ref] = guardian
        for known in register.by_id.values():
            email = known.email_key
            if email is not None and email in sharing and known.visible:
                sharing[email].setdefault(known.id, known)
        for people in sharing.values():
            if len(people) < 2 or not any(
                isinstance(p, _Guardian) and _is_news(p) for p in people.values()
            ):
                continue
            for ref, one in people.items():
                if isinstance(one, _Guardian):
                    others = sorted(_name(p) for other, p in people.items() if other != ref)
                    text = say(
                        "Shares an e-mail address with %(others)s: two people, never merged. Each "
                        "has an own token; the second chooses another address when activating.",
                        others=", ".join(others[:3]),
                    )
                    self._tell_guardian("warning", "shared", one, None, text)

    # Who is missing

    def _plan_missing(self, register: Register) -> None:
        losses: list[_Loss] = []
        covered = {pupil.place.ref for pupil in self.pupils}
        complete = self.drafting.roster.complete
        removed = {p.ref for p in self.pupils if p.record and p.record.removed and p.ref > 0}
        had: defaultdict[int, int] = defaultdict(int)
        lost: defaultdict[int, int] = defaultdict(int)
        for pupil in self._known_pupils:
            ours = pupil.source_id == self.drafting.source_id and not pupil.disappeared
            if not ours or pupil.place.ref not in covered:
                continue
            had[pupil.place.ref] += 1
            if (complete and not pupil.seen) or pupil.ref in removed:
                lost[pupil.place.ref] += 1
                losses.append(self._pupil_loss(pupil))
        self.gone_pupils = sum(lost.values())
        losses += self._link_losses() if complete else self._removed_guardians(register)
        self._tell_losses(losses)
        self._ask_before_mass_change(had, lost)

    def _pupil_loss(self, pupil: _Pupil) -> _Loss:
        change = update_change(
            "pupil", pupil.ref, {"disappeared_at": None}, {"disappeared_at": NOW}
        )
        people = {link.person for link in self._links_of_pupil[pupil.ref] if not link.ended}
        return _Loss(pupil.label, _PUPIL_GONE, [change], pupil.place, pupil.year, people)

    def _link_losses(self) -> list[_Loss]:
        """Whoever the file no longer names for a pupil that it does name."""
        named = {
            p.ref: p for p in self.pupils if p.record and not (p.record.removed or p.record.unsure)
        }
        return [
            _link_loss(link, named[link.pupil])
            for link in self._links.values()
            if link.pupil in named and not (link.seen or link.ended)
            and link.source_id == self.drafting.source_id
        ]  # fmt: skip

    def _removed_guardians(self, register: Register) -> list[_Loss]:
        """Whoever the source itself has marked as gone."""
        keys = {r.key for r in self.drafting.roster.guardians if r.removed and r.key is not None}
        people = {register.by_key[key].id for key in keys if key in register.by_key}
        pupils = {pupil.ref: pupil for pupil in self._known_pupils}
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
            self._tell(
                "warning", "disappeared", label, together[0].place, None,
                sentences(told), changes,
            )  # fmt: skip

    def _childless(self, losses: list[_Loss]) -> set[tuple[int, int]]:
        """Return whom, and in which school, these losses leave without a child."""
        gone = {(change[1], change[2]) for loss in losses for change in loss.changes}
        known = {pupil.ref: pupil for pupil in self._known_pupils}
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
        self.drafting.note_change("access", access[0])
        ref = self.drafting.draft.new_ref("suspension")
        self._accesses[person, loss.place.ref, loss.year] = (access[0], ref)
        return [["+", "suspension", ref, [access[0], loss.place.ref, NO_CHILD]]]

    def _names(self, people: Iterable[int]) -> dict[int, str]:
        table = table_named("person")
        wanted = sorted(people)
        names: dict[int, str] = {}
        for start in range(0, len(wanted), 500):
            rows = self.drafting.connection.execute(
                select(table.c.id, table.c.surname, table.c.first_name).where(
                    table.c.id.in_(wanted[start : start + 500])
                )
            )
            names |= {row[0]: f"{row[1]} {row[2]}" for row in rows}
        return names

    def _ask_before_mass_change(self, had: dict[int, int], lost: dict[int, int]) -> None:
        share, draft = self.drafting.request.mass_share, self.drafting.draft
        worst = max(
            ((lost[school] / had[school], school) for school in lost if lost[school] >= MASS_FROM),
            default=None,
        )
        if worst is None or worst[0] <= share:
            return
        school = worst[1]
        draft.confirm_number = draft.confirm_number or self._places[school].number
        text = say(
            "%(lost)s of the %(had)s pupils of school %(school)s would disappear: "
            "is this the right file?",
            lost=lost[school],
            had=had[school],
            school=self._places[school].number,
        )
        self.drafting.tell("warning", "mass", "", text)

    # Telling

    def _refuse(self, record: PupilRecord, text: Wording) -> None:
        label = f"{record.surname} {record.first_name}".strip()
        self.drafting.tell("error", "refused", label, text, at=record)

    def _tell(
        self, level: Any, action: str, label: str, place: SchoolPlace | None, at: Any,
        text: Wording, changes: list[Any] | None = None,
    ) -> None:  # fmt: skip
        school = place.ref if place is not None else None
        self.drafting.tell(level, action, label, text, changes, at=at, school_id=school)

    def _tell_guardian(
        self, level: Any, action: str, guardian: _Guardian, place: SchoolPlace | None,
        text: Wording, changes: list[Any] | None = None, at: Any = None,
    ) -> None:  # fmt: skip
        self.drafting.tell(
            level, action, guardian.label, text, changes, at=at or guardian.record,
            person_id=guardian.ref, school_id=place.ref if place is not None else None,
        )  # fmt: skip


class _Finder:
    """Says who a guardian is: within the file, and among those known.

    By the source's identifier, or by e-mail and name; without an address by the name and the
    family: one who answers for the same pupil, or in one file for a child of the same name.
    Somebody of another school only where the address is the very one that a token would go to,
    or that school would say where this one's tokens go.
    """

    def __init__(
        self,
        drafting: Drafting,
        register: Register,
        staff: dict[int, set[str]],
        links: dict[int, list[_Link]],
    ) -> None:
        self.register = register
        self.source_id = drafting.source_id
        self._links = links
        self._by_key: dict[str, _Guardian] = {}
        self._by_email: dict[tuple[str, tuple[str, str]], _Guardian] = {}
        self._by_family: dict[tuple[Any, ...], _Guardian] = {}
        self._claimed: dict[int, _Guardian] = {}
        self._known_by_email: dict[tuple[str, str, str], Known] = {}
        for known in register.by_id.values():
            own = known.email_key
            of_staff = staff.get(known.id, ()) if known.visible else ()
            for email in {*of_staff, *([own] if own else [])}:
                place = (email, known.values[2], known.values[3])
                self._known_by_email.setdefault(place, known)

    def inside(self, record: PersonRecord, pupil: _Pupil) -> _Guardian | None:
        """Return the guardian of a record, None where its identifier names two people."""
        names = (name_key(record.surname), name_key(record.first_name))
        email = address_key(record.personal_email) if record.personal_email else None
        same = self._by_key.get(record.key) if record.key is not None else None
        if same is not None and same.names != names:
            return None
        family = (pupil.place.ref, names, name_key(pupil.record.surname if pupil.record else ""))
        if same is None and email is not None:
            same = self._by_email.get((email, names))
        if same is None:
            same = self._of_family(family, record, email)
        if same is None:
            same = _Guardian(record, names, email, set())
        elif same.email_key is None and email is not None:
            same.email_key = email
            same.record.personal_email = record.personal_email
            same.record.personal_email_field = record.personal_email_field
        same.record.language = same.record.language or record.language
        if record.key is not None:
            same.keys.add(record.key)
            self._by_key[record.key] = same
        if same.email_key is not None:
            self._by_email.setdefault((same.email_key, names), same)
        self._by_family.setdefault(family, same)
        return same

    def _of_family(
        self, family: tuple[Any, ...], record: PersonRecord, email: str | None
    ) -> _Guardian | None:
        one = self._by_family.get(family)
        if one is None or (one.email_key and email and one.email_key != email):
            return None
        return None if one.keys and record.key is not None else one

    def known(self, guardian: _Guardian, children: list[_Pupil]) -> bool:
        """Find a guardian among those known; False where the identifier is somebody else's."""
        for key in guardian.keys:
            found = self.register.by_key.get(key)
            if found is None:
                continue
            if not _one_name_agrees(found, guardian):
                return False
            if found.visible or _is_surely(found, guardian):
                self._claim(guardian, found)
                return True
            return False
        if guardian.email_key is not None:
            found = self._known_by_email.get((guardian.email_key, *guardian.names))
            if found is not None:
                self._claim(guardian, found)
                return True
        for pupil in children:
            for link in self._links.get(pupil.ref, ()):
                found = self.register.by_id.get(link.person)
                if found is not None and self._is_the_same(guardian, found):
                    self._claim(guardian, found)
                    return True
        return True

    def _is_the_same(self, guardian: _Guardian, known: Known) -> bool:
        keys = known.keys.get(self.source_id, set())
        if known.id in self._claimed or (guardian.keys and keys and not guardian.keys & keys):
            return False
        return _both_names_agree(known, guardian)

    def _claim(self, guardian: _Guardian, known: Known) -> None:
        guardian.known, guardian.ref = known, known.id
        first = self._claimed.setdefault(known.id, guardian)
        if first is not guardian:
            # The same person by another row: what changes in the person is told once.
            first.keys |= guardian.keys
            guardian.told = True


# --- small things ------------------------------------------------------------------------


def _names_of(record: PupilRecord) -> tuple[str, str]:
    return name_key(record.surname), name_key(record.first_name)


def _marks(place: SchoolPlace, record: PupilRecord, birth: str | None) -> list[tuple[Any, ...]]:
    """Return by what a later row of the file is known to be about the same pupil."""
    names = _names_of(record)
    if record.key is not None:
        return [(place.ref, "key", record.key)]
    return [(place.ref, names, birth or record.group)]


def _same_pupil(
    inside: dict[tuple[Any, ...], _Pupil],
    place: SchoolPlace,
    record: PupilRecord,
    birth: str | None,
) -> _Pupil | None:
    return next((inside[mark] for mark in _marks(place, record, birth) if mark in inside), None)


def _doubt(pupil: _Pupil) -> None:
    if pupil.record is not None:
        pupil.record.unsure = True


def _complete(pupil: _Pupil, more: PupilRecord) -> None:
    kept = pupil.record
    assert kept is not None
    kept.birth_date, kept.group = kept.birth_date or more.birth_date, kept.group or more.group
    kept.removed = kept.removed and more.removed
    kept.unsure = kept.unsure or more.unsure


def _contradicts(known: _Pupil, record: PupilRecord, birth: str | None) -> bool:
    old = known.values
    if birth and old["birth_date"] and birth != old["birth_date"]:
        return True
    return bool(old["key"] and record.key and old["key"] != record.key)


def _one_name_agrees(known: Known, guardian: _Guardian) -> bool:
    return known.values[2] == guardian.names[0] or known.values[3] == guardian.names[1]


def _both_names_agree(known: Known, guardian: _Guardian) -> bool:
    return (known.values[2], known.values[3]) == guardian.names


def _is_surely(known: Known, guardian: _Guardian) -> bool:
    """Tell whether somebody of another school is meant: all must agree, the address too."""
    same_mailbox = known.email_key is not None and known.email_key == guardian.email_key
    return same_mailbox and _both_names_agree(known, guardian)


def _label(record: PersonRecord) -> str:
    return f"{record.surname} {record.first_name}"


def _name(one: _Guardian | Known) -> str:
    return one.label if isinstance(one, _Guardian) else f"{one.values[0]} {one.values[1]}"


def _is_news(guardian: _Guardian) -> bool:
    return guardian.known is None or guardian.known.email_key != guardian.email_key


def _difference(name: str, before: Any, after: Any) -> Wording:
    if name == "school_year_id":
        return say("In a new school year.")
    return say(
        "%(what)s: %(before)s → %(after)s",
        what=_LABELS[name],
        before=before or say("nothing"),
        after=after,
    )


def _ends_for(name: str) -> Wording:
    return say("%(name)s has no child left here: the access ends.", name=name)


def _without_repeats(texts: list[Wording]) -> list[Wording]:
    return [text for place, text in enumerate(texts) if text not in texts[:place]]


def _link_loss(link: _Link, pupil: _Pupil) -> _Loss:
    change = update_change("guardianship", link.id, {"ended_at": None}, {"ended_at": NOW})
    return _Loss(pupil.label, _LINK_GONE, [change], pupil.place, pupil.year, {link.person})


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
