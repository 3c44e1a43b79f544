"""From a roster's pupils and guardians to changes: pupils, guardians, who answers for whom.

A guardian is a person with an access to iT.SCHOOL in each school and school year of a child.
One line of the plan is about one pupil, or about one guardian in one school; a further child
of a guardian is a line of its own. Who loses the last child in a school loses the access with
it, in the same line, so that leaving the line out keeps both.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from models.access import search_key_for
from models.bulk import neutral, table_named
from models.consents import SIGNED_FORM
from models.families import CORRECTED
from models.language import Wording, say
from models.text import name_key
from services.belonging import NOT_FROM_HERE
from services.field_words import value_words
from services.imports.differences import sentences
from services.imports.drafting import Drafting, SchoolPlace
from services.imports.family_losses import FamilyLosses
from services.imports.family_members import NO_CHILD, SERVICE, Guardian, Link, Pupil
from services.imports.guardian_finder import GuardianFinder
from services.imports.matching import PERSON, Days, Known, Register, load_register
from services.imports.planning_people import ACCESS, ALIKE, KEY, SUSPENSION, People
from services.imports.planning_schools import Schools
from services.imports.roster import GuardianshipRecord, PersonRecord, PupilRecord
from services.plans import NOW, update_change

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


class Families:
    """Plans the families of a roster, once its schools are planned."""

    def __init__(self, drafting: Drafting, schools: Schools, people: People | None = None) -> None:
        self.drafting = drafting
        self.people = people
        self.schools = schools
        self.days = Days()
        self.pupils: list[Pupil] = []
        self.gone_pupils = 0
        self._places = {place.ref: place for place in schools.places.values()}
        self._pupil_of: list[Pupil | None] = []
        self._known_pupils: list[Pupil] = []
        self._links: dict[tuple[int, int], Link] = {}
        self._links_of_pupil: defaultdict[int, list[Link]] = defaultdict(list)
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
        self._plan_losses(register)

    def _plan_losses(self, register: Register) -> None:
        losses = FamilyLosses(
            self.drafting, self.pupils, self._known_pupils, self._links, self._links_of_pupil,
            self._accesses, self._kept,
        )  # fmt: skip
        losses.plan(register)
        self.gone_pupils = losses.pupils

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
            pupil = Pupil(self._places[row[1]], values["school_year_id"], None, row[0], values)
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
            link = Link(*row[:5], ended=row[5] is not None)
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
        inside: dict[tuple[Any, ...], Pupil] = {}
        for record in self.drafting.roster.pupils:
            place = self.schools.places.get(record.school)
            year = self.schools.year_of(place, record.year) if place is not None else None
            if place is None or year is None:
                self._refuse(record, self.schools.refusal(record))
                self._pupil_of.append(None)
                continue
            pupil = _same_pupil(inside, place, record, self.days[record.birth_date])
            if pupil is None:
                pupil = Pupil(place, year, record)
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
        by_name: defaultdict[tuple[int, str, str], list[Pupil]] = defaultdict(list)
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

    def _namesake(self, record: PupilRecord, namesakes: list[Pupil], *, sure: bool) -> Pupil | None:
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

    def _pupil_values(self, pupil: Pupil, record: PupilRecord) -> dict[str, Any]:
        surname_key, first_name_key = _names_of(record)
        values = (
            pupil.place.ref, pupil.year, self.drafting.source_id, record.key, record.surname,
            record.first_name, surname_key, first_name_key, self.days[record.birth_date],
            record.group,
        )  # fmt: skip
        return dict(zip(_PUPIL, values, strict=True))

    def _plan_known_pupil(self, pupil: Pupil, record: PupilRecord) -> None:
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
    ) -> list[tuple[Guardian, Pupil, GuardianshipRecord]]:
        """Say which guardian and which pupil each row is about."""
        roster = self.drafting.roster
        finder = GuardianFinder(self.drafting, register, self._staff, self._links_of_pupil)
        of_record: dict[int, Guardian | None] = {}
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
        self, found: list[tuple[Guardian, Pupil, GuardianshipRecord]], finder: GuardianFinder
    ) -> list[tuple[Guardian, Pupil, GuardianshipRecord]]:
        children: defaultdict[int, list[Pupil]] = defaultdict(list)
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

    def _plan_links(self, links: list[tuple[Guardian, Pupil, GuardianshipRecord]]) -> None:
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
        self, guardian: Guardian, pupil: Pupil
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

    def _new_person(self, guardian: Guardian) -> list[Any]:
        record = guardian.record
        guardian.ref = self.drafting.draft.new_ref("person")
        values = [
            record.surname, record.first_name, *guardian.names, None, None, "", record.language,
            record.personal_email or None, guardian.email_key, record.personal_email_field,
        ]  # fmt: skip
        return [["+", "person", guardian.ref, values], *self._new_keys(guardian, guardian.keys)]

    def _new_keys(self, guardian: Guardian, keys: Iterable[str]) -> list[Any]:
        planned = self.people.key_refs if self.people is not None else {}
        return [
            ["+", "person_key", self.drafting.draft.new_ref("person_key"),
             [self.drafting.source_id, key, guardian.ref]]
            for key in sorted(keys)
            if key not in planned
        ]  # fmt: skip

    def _person_changes(self, guardian: Guardian, pupil: Pupil) -> tuple[list[Any], list[Wording]]:
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

    def _person_difference(self, guardian: Guardian, known: Known, pupil: Pupil) -> dict[str, Any]:
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

    def _keeps_address(self, guardian: Guardian, old: dict[str, Any]) -> Wording | None:
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
        self, guardian: Guardian, pupil: Pupil, record: GuardianshipRecord
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

    def _tell_shared_mailboxes(self, guardians: list[Guardian], register: Register) -> None:
        """Tell each of several guardians of one mailbox; they are never one (DOMAIN §3)."""
        sharing: defaultdict[str, dict[int, Guardian | Known]] = defaultdict(dict)
        for guardian in guardians:
            if guardian.email_key:
                sharing[guardian.email_key][guardian.ref] = guardian
        for known in register.by_id.values():
            email = known.email_key
            if email is not None and email in sharing and known.visible:
                sharing[email].setdefault(known.id, known)
        for people in sharing.values():
            if len(people) < 2 or not any(
                isinstance(p, Guardian) and _is_news(p) for p in people.values()
            ):
                continue
            for ref, one in people.items():
                if isinstance(one, Guardian):
                    others = sorted(_name(p) for other, p in people.items() if other != ref)
                    text = say(
                        "Shares an e-mail address with %(others)s: two people, never merged. Each "
                        "has an own token; the second chooses another address when activating.",
                        others=", ".join(others[:3]),
                    )
                    self._tell_guardian("warning", "shared", one, None, text)

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
        self, level: Any, action: str, guardian: Guardian, place: SchoolPlace | None,
        text: Wording, changes: list[Any] | None = None, at: Any = None,
    ) -> None:  # fmt: skip
        self.drafting.tell(
            level, action, guardian.label, text, changes, at=at or guardian.record,
            person_id=guardian.ref, school_id=place.ref if place is not None else None,
        )  # fmt: skip


def _names_of(record: PupilRecord) -> tuple[str, str]:
    return name_key(record.surname), name_key(record.first_name)


def _marks(place: SchoolPlace, record: PupilRecord, birth: str | None) -> list[tuple[Any, ...]]:
    """Return by what a later row of the file is known to be about the same pupil."""
    names = _names_of(record)
    if record.key is not None:
        return [(place.ref, "key", record.key)]
    return [(place.ref, names, birth or record.group)]


def _same_pupil(
    inside: dict[tuple[Any, ...], Pupil],
    place: SchoolPlace,
    record: PupilRecord,
    birth: str | None,
) -> Pupil | None:
    return next((inside[mark] for mark in _marks(place, record, birth) if mark in inside), None)


def _doubt(pupil: Pupil) -> None:
    if pupil.record is not None:
        pupil.record.unsure = True


def _complete(pupil: Pupil, more: PupilRecord) -> None:
    kept = pupil.record
    assert kept is not None
    kept.birth_date, kept.group = kept.birth_date or more.birth_date, kept.group or more.group
    kept.removed = kept.removed and more.removed
    kept.unsure = kept.unsure or more.unsure


def _contradicts(known: Pupil, record: PupilRecord, birth: str | None) -> bool:
    old = known.values
    if birth and old["birth_date"] and birth != old["birth_date"]:
        return True
    return bool(old["key"] and record.key and old["key"] != record.key)


def _label(record: PersonRecord) -> str:
    return f"{record.surname} {record.first_name}"


def _name(one: Guardian | Known) -> str:
    return one.label if isinstance(one, Guardian) else f"{one.values[0]} {one.values[1]}"


def _is_news(guardian: Guardian) -> bool:
    return guardian.known is None or guardian.known.email_key != guardian.email_key


def _difference(name: str, before: Any, after: Any) -> Wording:
    if name == "school_year_id":
        return say("In a new school year.")
    return say(
        "%(what)s: %(before)s → %(after)s",
        what=_LABELS[name],
        before=value_words(name, before),
        after=value_words(name, after),
    )
