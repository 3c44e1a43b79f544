"""OneRoster 1.1 and 1.2 CSV sets, folder or zip, bulk and delta (DOMAIN §4).

`endDate` is exclusive in the standard, of sessions and of roles: the day before it is the
last day. A set that means it inclusively loses one day of a school year's end, which is in
the holidays, and one day of a post.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import timedelta

from models.language import say, say_n
from models.text import clean
from services.imports.dates import Dates
from services.imports.exchange import LONGEST_KEY, Exchange, ExchangeFile, RoleRow, is_removed
from services.imports.files import SourceLike, open_source
from services.imports.relations import GuardianRow, PupilRow, Relations, kind_of, names_of
from services.imports.roster import PersonRecord, Progress, Roster

_FILES = ("orgs.csv", "academicSessions.csv", "users.csv", "roles.csv", "demographics.csv")
_NAMES = ("sourcedId", "givenName", "familyName")
_OPTIONAL = ("status", "enabledUser", "email", "agentSourcedIds", "grades")
_EMAIL_FIELD = "users.csv: email"


@dataclass(slots=True)
class _Manifest:
    """What the manifest says: the version, and for each file bulk, delta or absent."""

    version: str = ""
    modes: dict[str, str] | None = None

    def mode(self, name: str) -> str:
        """Return the mode of a file; where its line is missing, that of the others if alike."""
        modes = self.modes or {}
        stated = modes.get(name, "")
        if stated:
            return stated
        used = {mode for mode in modes.values() if mode != "absent"}
        return used.pop() if len(used) == 1 else ""


def read_oneroster(
    source: SourceLike, *, progress: Progress | None = None, fase_identifiers: bool = False
) -> Roster:
    """Return the staff, families, schools and school years of a OneRoster set.

    `fase_identifiers` says that `identifier` of the organisations is their FASE number. In a
    delta a person may be given by key alone (both names empty), where only a role changed or
    the person is removed. Raises `Cancelled` through `progress` only; whatever is wrong is in
    the roster's notices.
    """
    source = open_source(source)
    roster = Roster("oneroster")
    if not source.archive and source.files:
        text = say("A folder or a ZIP archive is needed, for the set has several files.")
        source.notices.stop(text, source.name)
    if not source.notices.hard:
        exchange = Exchange(source, roster, _FILES, progress, fase_identifiers=fase_identifiers)
        _Reading(exchange).read()
    roster.notices = source.notices.all()
    return roster


class _Reading:
    """One reading of a set: organisations and years first, for the people refer to them."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.roster = exchange.roster
        self.notices = exchange.notices
        self.manifest = _Manifest()
        self.roles: dict[str, list[RoleRow]] = {}
        #: Of those who are no staff: role and organisations, by the user's key.
        self.others: dict[str, dict[str, list[str]]] = {}
        self.relations = Relations(exchange, _EMAIL_FIELD)
        self.status_seen = False

    def read(self) -> None:
        self._read_manifest()
        mode = self.manifest.mode("users")
        self.roster.complete = mode != "delta"
        if mode == "absent":
            self.notices.stop(say("The manifest says that the set has no users."), "manifest.csv")
            return
        self._read_orgs()
        self._read_sessions()
        if self._has_roles():
            self._read_roles()
            self._read_users_1_2()
        else:
            self._read_users_1_1()
        self.relations.file = self.exchange.actual("users.csv")
        self.relations.year = self.exchange.only_year()
        self.relations.finish()
        if self._wanted("demographics"):
            columns = ("sourcedId", "birthDate", "sex")
            file = self.exchange.open("demographics.csv", columns)
            if file is not None:
                self.exchange.read_demographics(file, "sourcedId")
        self.exchange.finish_orgs(self.exchange.actual("orgs.csv"))
        self._settle_completeness(mode)

    def _wanted(self, name: str) -> bool:
        """Tell whether a file is there and the manifest does not call it absent."""
        if not self.exchange.has(f"{name}.csv"):
            return False
        if (self.manifest.modes or {}).get(name) != "absent":
            return True
        text = say("Not read: the manifest says that this file is absent.")
        self.notices.information(text, self.exchange.actual(f"{name}.csv"))
        return False

    def _has_roles(self) -> bool:
        """Tell whether this is a set of version 1.2, where the roles are in their own file."""
        return self.manifest.version != "1.1" and self._wanted("roles")

    def _read_manifest(self) -> None:
        if not self.exchange.has("manifest.csv"):
            text = say("The set has no manifest; its version is taken from its files.")
            self.notices.warning(text, self.exchange.source.name)
            return
        file = self.exchange.open("manifest.csv", ("propertyName", "value"))
        if file is None:
            return
        said = {
            row[file.at["propertyName"]].strip(): row[file.at["value"]].strip()
            for _, row in file.rows()
        }
        modes = {k[5:]: v.lower() for k, v in said.items() if k.startswith("file.") and v}
        self.manifest = _Manifest(said.get("oneroster.version", "")[:3], modes)
        if self.manifest.version not in ("1.1", "1.2"):
            text = say(
                "The manifest names version “%(version)s”; versions 1.1 and 1.2 are known.",
                version=clean(said.get("oneroster.version", ""), 20),
            )
            self.notices.warning(text, file.name)

    def _read_orgs(self) -> None:
        if not self._wanted("orgs") and self.manifest.mode("users") == "delta":
            # A delta names only what changed; the schools are known from before.
            return
        columns = ("sourcedId", "name", "type", "parentSourcedId")
        file = self.exchange.open("orgs.csv", columns, ("status", "identifier"))
        if file is not None:
            self.exchange.read_orgs(file)

    def _read_sessions(self) -> None:
        if not self._wanted("academicSessions"):
            return
        columns = ("sourcedId", "type", "startDate", "endDate")
        file = self.exchange.open("academicSessions.csv", columns, ("status", "schoolYear"))
        if file is not None:
            self.exchange.read_sessions(file, end_is_exclusive=True)

    # Version 1.1: role and organisations stand in users.csv

    def _read_users_1_1(self) -> None:
        columns = (*_NAMES, "orgSourcedIds", "role")
        file = self.exchange.open("users.csv", columns, _OPTIONAL)
        if file is None:
            return
        at = file.at
        role_at, status_at, orgs_at = at["role"], at["status"], at["orgSourcedIds"]
        year = self.exchange.only_year()
        for line, row in file.rows():
            self.status_seen = self.status_seen or bool(row[status_at])
            function = self.exchange.function(row[role_at], file.name, line)
            removed = is_removed(row[status_at])
            if function is None:
                if not (removed and not row[role_at].strip()):
                    self._take_relation(file, line, row, row[role_at], row[orgs_at])
                    continue
                # A deletion may come with nothing but the identifier.
                function = ""
            key = self.exchange.key(row[at["sourcedId"]], file.name, line, "sourcedId")
            if key is None:
                continue
            orgs = [org.strip() for org in row[at["orgSourcedIds"]].split(",") if org.strip()]
            self._add(file, line, row, [
                RoleRow(key, org, function, file.name, line, year, removed=removed) for org in orgs
            ], key)  # fmt: skip
        self._tell_users(file)

    # Version 1.2: roles.csv says who is what, where and when

    def _read_roles(self) -> None:
        columns = ("userSourcedId", "role", "orgSourcedId")
        optional = ("status", "roleType", "beginDate", "endDate")
        file = self.exchange.open("roles.csv", columns, optional)
        if file is None:
            return
        at = file.at
        dates = Dates("mdy")
        year = self.exchange.only_year()
        for line, row in file.rows():
            self.status_seen = self.status_seen or bool(row[at["status"]])
            function = self.exchange.function(row[at["role"]], file.name, line)
            if function is None:
                self._note_other(row[at["userSourcedId"]].strip(), row, at)
                continue
            user = self.exchange.key(row[at["userSourcedId"]], file.name, line, "userSourcedId")
            if user is None:
                continue
            end = self.exchange.day(dates, row, file, line, "endDate")
            role = RoleRow(
                user,
                row[at["orgSourcedId"]].strip(),
                function,
                file.name,
                line,
                year,
                start=self.exchange.day(dates, row, file, line, "beginDate"),
                exit=end - timedelta(days=1) if end else None,
                primary=row[at["roleType"]].strip().lower() == "primary",
                removed=is_removed(row[at["status"]]),
            )
            if not (role.removed and self.roster.complete):
                self.roles.setdefault(user, []).append(role)

    def _read_users_1_2(self) -> None:
        file = self.exchange.open("users.csv", _NAMES, _OPTIONAL)
        if file is None:
            return
        at = file.at
        for line, row in file.rows():
            key = row[at["sourcedId"]].strip()
            roles = self.roles.get(key, [])
            removed = is_removed(row[at["status"]])
            if key in self.others:
                for role, orgs in self.others[key].items():
                    self._take_relation(file, line, row, role, ",".join(orgs))
                if not roles:
                    continue
            if not roles and not (removed and key and not self.roster.complete):
                self.exchange.passed_over[""] += 1
                continue
            checked = self.exchange.key(key, file.name, line, "sourcedId")
            if checked is not None:
                self._add(file, line, row, roles, checked)
        for user, roles in self.roles.items():
            if user not in self.exchange.people:
                self._add_by_key(user, roles)
        self._tell_users(file)

    def _note_other(self, user: str, row: list[str], at: dict[str, int]) -> None:
        """Keep that somebody is a pupil or guardian somewhere; of others nothing is kept."""
        if user and kind_of(row[at["role"]]) and not is_removed(row[at["status"]]):
            roles = self.others.setdefault(user, {})
            roles.setdefault(row[at["role"]], []).append(row[at["orgSourcedId"]])

    def _add_by_key(self, user: str, roles: list[RoleRow]) -> None:
        """Take the roles of somebody whom this file set does not describe again."""
        if self.roster.complete:
            for role in roles:
                text = say(
                    "Row refused: the user %(user)s is not in users.csv, or was refused there.",
                    user=clean(user, 60),
                )
                self.notices.error(text, role.file, role.line, "userSourcedId")
            return
        first = roles[0]
        person = PersonRecord("", "", key=user, file=first.file, line=first.line)
        index = self.exchange.append_person(person)
        for role in roles:
            self.exchange.add_post(index, role, "", "")

    # Both

    def _take_relation(
        self, file: ExchangeFile, line: int, row: list[str], role: str, orgs: str
    ) -> None:
        """Take a pupil's or guardian's row, where the file says who answers for whom."""
        at = file.at
        kind = kind_of(role)
        key = row[at["sourcedId"]].strip()
        if not kind or at["agentSourcedIds"] == file.blank or not 0 < len(key) <= LONGEST_KEY:
            self.exchange.passed_over[role] += 1
            return
        status = row[at["status"]]
        removed = bool(status) and is_removed(status)
        if removed and self.roster.complete:
            return
        known: Container[str] = self.relations.pupils
        if kind == "guardian":
            known = self.relations.guardians
        if key in known:
            text = say("Row refused: this identifier stands on an earlier row.")
            self.notices.error(text, file.name, line, "sourcedId")
            return
        family, given, agents = (
            row[at["familyName"]], row[at["givenName"]], row[at["agentSourcedIds"]],
        )  # fmt: skip
        if kind == "pupil":
            grades = row[at["grades"]]
            self.relations.pupils[key] = PupilRow(
                line, family, given, orgs, agents, grades, removed
            )
            return
        names = names_of(family, given)
        if names is None and not removed:
            self.exchange.passed_over[role] += 1
            return
        self.relations.guardians[key] = GuardianRow(
            line,
            *(names or ("", "")),
            orgs,
            agents,
            self.exchange.email(row[at["email"]], file.name, line, "email"),
            clean(role.strip(), 40),
            removed,
        )

    def _add(
        self, file: ExchangeFile, line: int, row: list[str], roles: list[RoleRow], key: str
    ) -> None:
        removed = is_removed(row[file.at["status"]])
        if removed and self.roster.complete:
            text = say("Marked as deleted in a complete set: taken as absent.")
            self.notices.information(text, file.name, line, "status")
            # Known from here on as told, so that its roles are not reported again.
            self.roles.pop(key, None)
            return
        index = self.exchange.add_person(key, row, file, line, removed=removed)
        if index is None:
            return
        if not roles and not removed:
            text = say("This person has a staff role but no organisation, and so no post.")
            self.notices.warning(text, file.name, line, "orgSourcedIds")
        email = self.exchange.email(row[file.at["email"]], file.name, line, "email")
        disabled = row[file.at["enabledUser"]].strip().lower() == "false"
        before = len(self.roster.posts)
        for role in sorted(roles, key=lambda role: not role.primary):
            role.removed = role.removed or removed
            self.exchange.add_post(index, role, email, _EMAIL_FIELD)
        if disabled and not removed:
            text = say("The source has switched this person’s access off: taken as not present.")
            self.notices.warning(text, file.name, line, "enabledUser")
            for post in self.roster.posts[before:]:
                post.present = False

    def _tell_users(self, file: ExchangeFile) -> None:
        nobody = not (self.exchange.people or self.relations.guardians)
        if self.roster.complete and nobody and not self.notices.hard:
            text = say("The set names no staff at all; nothing is imported from it.")
            self.notices.stop(text, file.name)
        count = self.exchange.passed_over.total()
        if not self.roster.complete and self.roles and count:
            text = say_n(
                "%(count)s changed user has no role in this delta and was passed over; "
                "a complete set brings the change.",
                "%(count)s changed users have no role in this delta and were passed over; "
                "a complete set brings the changes.",
                count,
            )
            self.notices.information(text, file.name)
        else:
            self.exchange.tell_passed_over(file.name)

    def _settle_completeness(self, mode: str) -> None:
        """Decide whether absent people have left, where no manifest says so.

        The standard leaves `status` blank in bulk sets, so that a filled one may be a delta.
        """
        if mode or not self.roster.complete or not self.status_seen:
            return
        self.roster.complete = False
        text = say(
            "Nothing says whether this set is complete: nobody is taken to have left "
            "because of being absent from it."
        )
        self.notices.warning(text, self.exchange.source.name)
