"""Who a guardian of a file is: within the file, and among those known."""

from typing import Any

from models.addresses import address_key
from models.text import name_key
from services.imports.drafting import Drafting
from services.imports.family_members import Guardian, Link, Pupil
from services.imports.matching import Known, Register
from services.imports.roster import PersonRecord


class GuardianFinder:
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
        links: dict[int, list[Link]],
    ) -> None:
        self.register = register
        self.source_id = drafting.source_id
        self._links = links
        self._by_key: dict[str, Guardian] = {}
        self._by_email: dict[tuple[str, tuple[str, str]], Guardian] = {}
        self._by_family: dict[tuple[Any, ...], Guardian] = {}
        self._claimed: dict[int, Guardian] = {}
        self._known_by_email: dict[tuple[str, str, str], Known] = {}
        for known in register.by_id.values():
            own = known.email_key
            of_staff = staff.get(known.id, ()) if known.visible else ()
            for email in {*of_staff, *([own] if own else [])}:
                place = (email, known.values[2], known.values[3])
                self._known_by_email.setdefault(place, known)

    def inside(self, record: PersonRecord, pupil: Pupil) -> Guardian | None:
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
            same = Guardian(record, names, email, set())
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
    ) -> Guardian | None:
        one = self._by_family.get(family)
        if one is None or (one.email_key and email and one.email_key != email):
            return None
        return None if one.keys and record.key is not None else one

    def known(self, guardian: Guardian, children: list[Pupil]) -> bool:
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

    def _is_the_same(self, guardian: Guardian, known: Known) -> bool:
        keys = known.keys.get(self.source_id, set())
        if known.id in self._claimed or (guardian.keys and keys and not guardian.keys & keys):
            return False
        return _both_names_agree(known, guardian)

    def _claim(self, guardian: Guardian, known: Known) -> None:
        guardian.known, guardian.ref = known, known.id
        first = self._claimed.setdefault(known.id, guardian)
        if first is not guardian:
            # The same person by another row: what changes in the person is told once.
            first.keys |= guardian.keys
            guardian.told = True


def _one_name_agrees(known: Known, guardian: Guardian) -> bool:
    return known.values[2] == guardian.names[0] or known.values[3] == guardian.names[1]


def _both_names_agree(known: Known, guardian: Guardian) -> bool:
    return (known.values[2], known.values[3]) == guardian.names


def _is_surely(known: Known, guardian: Guardian) -> bool:
    """Tell whether somebody of another school is meant: all must agree, the address too."""
    same_mailbox = known.email_key is not None and known.email_key == guardian.email_key
    return same_mailbox and _both_names_agree(known, guardian)
