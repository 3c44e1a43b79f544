"""How to call any function of the services at random, as a director who should not."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel, col

import services
from models.access import Access
from models.accounts import Account, AddressChange, PasswordReset
from models.database import SYSTEM, Actor, ActorSession, reading
from models.elections import Election
from models.errors import TrousseauError
from models.headnet import HeadAddress, Headship
from models.keys import Key
from models.language import say
from models.nightly import Schedule
from models.references import make_reference
from models.tokens import make_token, parse_token
from models.workshops import Workshop
from services import (
    access_rows,
    attention,
    calls,
    committees,
    conferences,
    consent_printing,
    consent_recording,
    consents,
    document_files,
    documents,
    families,
    headnet,
    headnet_passwords,
    headnet_sign_in,
    heads,
    invitation_status,
    outbox,
    plans,
    reading_room,
    story,
    team_access,
    team_changes,
    workshop_participants,
    workshop_queue,
)
from services.attendance_files import AttendanceFile, AttendanceRow
from services.bigbluebutton import MeetingServer
from services.document_files import Upload
from services.election_form import CandidateEntry
from services.election_voting import Choice
from services.elections import NETWORK_ZONE, STATUSES
from services.findings import Finding, Remedy
from services.imports.drafting import ImportRequest
from services.imports.roster import (
    GuardianshipRecord,
    PersonRecord,
    PostRecord,
    PupilRecord,
    Roster,
    SchoolRecord,
)
from services.mail.replies import Outcome, Result
from services.search_rows import Found, Hit
from services.search_vocabulary import vocabulary
from services.urn import new_receipt
from tests.faults.two_schools import MARKER, OTHER_NUMBER, Schools
from tests.worlds import NOW

Make = Callable[["Chooser"], Any]


def functions() -> dict[str, Callable[..., Any]]:
    """Return every public function of the services that works in a session, by its name."""
    return dict(_functions())


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for found in pkgutil.walk_packages(services.__path__, "services."):
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(thing):
                continue
            if thing.__module__ == module.__name__ and _takes_session(thing):
                yield f"{found.name.removeprefix('services.')}.{name}", thing


def _takes_session(thing: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(thing).parameters.values()), None)
    return first is not None and (
        first.name == "session" or "ActorSession" in str(first.annotation)
    )


@dataclass
class Chooser:
    """Picks arguments at random, of either school, and remembers which it gave out."""

    schools: Schools
    random: Random
    ids: dict[str, list[int]]
    session: ActorSession
    key: Key

    def one(self, table: str) -> int:
        """An identifier of a table: of either school, or of none."""
        known = self.ids[table]
        return self.random.choice([*known, *known, 0, -1, 2**31 - 1])

    def some(self, table: str) -> list[int]:
        known = self.ids[table]
        return self.random.sample(known, self.random.randint(0, min(6, len(known))))

    def school(self) -> int:
        world = self.schools.world
        return self.random.choice([world.mine, world.other, world.other, self.one("school")])

    def year(self) -> int:
        year = self.schools.world.year
        return self.random.choice([year, year, year, self.one("school_year")])

    def text(self) -> str:
        return self.random.choice(
            ["", "a", "Membre", MARKER, f"Nom{MARKER}1", str(OTHER_NUMBER), str(OTHER_NUMBER + 1),
             "9901", f"p1@{MARKER}.example", "%", "_", "'; --", f"records-{MARKER}:{MARKER}",
             make_reference(self.one_of_many("post"), 1)]
        )  # fmt: skip

    def one_of_many(self, table: str) -> int:
        return self.random.choice(self.ids[table])

    def row(self, table: Any) -> Any:
        """A row that was read for somebody who sees everything."""
        with reading(self.schools.world.engine, SYSTEM, NOW) as session:
            return self.random.choice(list(session.scalars(select(table))))

    def maybe(self, value: Any) -> Any:
        return self.random.choice([None, value])


#: How an argument is chosen, by the name of the parameter.
ARGUMENTS: dict[str, Make] = {
    "school_id": lambda c: c.school(),
    "school_ids": lambda c: c.maybe([c.school(), c.school()]),
    "school_year_id": lambda c: c.year(),
    "year_id": lambda c: c.year(),
    "calendar_id": lambda c: c.maybe(c.one("calendar")),
    "person_id": lambda c: c.one("person"),
    "other_id": lambda c: c.one("person"),
    "person_ids": lambda c: c.maybe(c.some("person")),
    "merged_ids": lambda c: c.some("person"),
    "account_id": lambda c: c.one("account"),
    "post_id": lambda c: c.one("post"),
    "access_id": lambda c: c.one("access"),
    "access_ids": lambda c: c.some("access"),
    "mission_id": lambda c: c.one("mission"),
    "double_id": lambda c: c.one("suspected_double"),
    "invitation_id": lambda c: c.one("invitation"),
    "invitation_ids": lambda c: c.some("invitation"),
    "mail_id": lambda c: c.one("mail"),
    "keep_id": lambda c: c.one("account"),
    "other_ids": lambda c: [c.one("account")],
    "mail_ids": lambda c: c.some("mail"),
    "plan_id": lambda c: c.one("plan"),
    "position": lambda c: c.random.randint(0, 9),
    "left_out": lambda c: c.random.choice([True, False]),
    "again": lambda c: c.random.choice([True, False]),
    "generation": lambda c: c.random.randint(1, 2),
    "offset": lambda c: c.random.choice([0, 0, 1, 5]),
    "limit": lambda c: c.random.choice([1, 10, 200]),
    "count": lambda c: c.random.choice([True, False]),
    "level": lambda c: c.random.choice([None, "warning"]),
    "state": lambda c: c.random.choice([None, *consents.STATES]),
    "status": lambda c: c.random.choice([None, "no_consent", "active", "sent"]),
    "on": lambda c: c.maybe(date(2026, 9, 1)),
    "at": lambda c: c.maybe(NOW),
    "first_day": lambda c: date(2026, 8, 24),
    "last_day": lambda c: date(2027, 7, 2),
    "text": lambda c: c.text(),
    "school": lambda c: c.random.choice([str(OTHER_NUMBER), "9901", c.text()]),
    "year": lambda c: c.maybe("2026-2027"),
    "form": lambda c: c.random.choice(["consents", "other"]),
    "contents": lambda c: {"a": "b"},
    "confirm_number": lambda c: c.random.choice(["", str(OTHER_NUMBER)]),
    "format": lambda c: c.random.choice(["staff", "schools", "oneroster"]),
    "source": lambda c: c.random.choice(["", "proeco", f"records-{MARKER}"]),
    "language": lambda c: c.random.choice(["fr", "en"]),
    "mapping": lambda c: None,
    "file": lambda c: "personnel.csv",
    "mass_share": lambda c: 0.3,
    "fase_identifiers": lambda c: c.random.choice([None, True]),
    "address_rule": lambda c: c.random.choice([None, "school_first"]),
    "texts": lambda c: [make_reference(post, 1) for post in c.some("post")],
    "notices": lambda c: (),
    "wanted": lambda c: team_change(c),
    "roster": lambda c: _roster(c),
    "request": lambda c: _request(c),
    "reason": lambda c: "parti",
    "code": lambda c: c.random.choice(["digital_lead", "none"]),
    "role": lambda c: c.random.choice([None, "teacher", "manager"]),
    "worker": lambda c: "worker",
    "lease": lambda c: timedelta(minutes=1),
    "words": lambda c: "550 no",
    "names": lambda c: {(f"nom{MARKER}{n}", "anne"): 0.0 for n in range(3)} | {("membre", ""): 0.0},
    "found": lambda c: [Found(c.one(c.random.choice(["person", "school"])), 1.0, say("a"))],
    "hit": lambda c: _hit(c),
    "remedy": lambda c: _remedy(c),
    "digits": lambda c: c.random.choice([str(OTHER_NUMBER), "98", "9901", "1740314"]),
    "most": lambda c: 5,
    "known": lambda c: vocabulary(c.session),
    "parsed": lambda c: parse_token(make_token(c.key, "invitation", c.one_of_many("access"), 1)),
    "randomness": lambda c: c.random,
    "key": lambda c: c.key,
    "query": lambda c: team_access.TeamQuery(
        c.school(), c.year(), c.text(), sort=c.random.choice(team_access.SORTS)
    ),
    "draft": lambda c: hostile_plan(c),
    "progress": lambda c: None,
    "after": lambda c: c.random.choice([0, 0, 3]),
    "days": lambda c: c.random.choice([0, 7]),
    "schedule": lambda c: Schedule(),
    "change_id": lambda c: c.one("address_change"),
    "service": lambda c: c.random.choice(["extranet", "it_school"]),
    "address": lambda c: f"neuf{c.random.randint(1, 9)}@exemple.example",
    "pupil_id": lambda c: c.maybe(c.one("pupil")),
    "workshop_id": lambda c: c.one("workshop"),
    "replaced_id": lambda c: c.one("workshop"),
    "participant_id": lambda c: c.one("workshop_participant"),
    "fee_id": lambda c: c.one("workshop_fee"),
    "values": lambda c: workshop_form(c),
    "entry": lambda c: _entry(c),
    "confirm_late": lambda c: c.random.choice([True, False]),
    "confirm_charge": lambda c: c.random.choice([True, False]),
    "link": lambda c: "https://ib.example/r/1",
    "registration_until": lambda c: c.maybe(date(2027, 2, 1)),
    "number": lambda c: c.random.choice([1, 2, 3]),
    "present": lambda c: c.random.choice([True, False, None]),
    "minutes": lambda c: c.maybe(400),
    "amount": lambda c: 100_00,
    "valid_from": lambda c: date(2026, 9, 1),
    "unit": lambda c: "participant",
    "currency": lambda c: "EUR",
    "programme": lambda c: c.random.choice(["", "PYP"]),
    "category": lambda c: c.random.choice([0, 2]),
    "people": lambda c: c.random.choice([0, 20]),
    "day": lambda c: date(2026, 9, 1),
    "first": lambda c: date(2026, 8, 1),
    "last": lambda c: date(2027, 6, 30),
    "figures": lambda c: {"notice_days": 56},
    "email": lambda c: f"neuf{c.random.random()}@exemple.example",
    "name": lambda c: "neuf",
    "headings": lambda c: ("a", "b", "c", "d", "e"),
    "group": lambda c: c.random.choice(["", "FR"]),
    "leader": lambda c: "Anne",
    "server": lambda c: MeetingServer("https://bbb.example/bigbluebutton/", "secret"),
    "meeting_id": lambda c: f"m{c.random.random()}",
    "created_at": lambda c: c.maybe(NOW),
    "reply": lambda c: "SUCCESS",
    "times": lambda c: [(NOW, NOW + timedelta(hours=1))],
    "met": lambda c: 1,
    "kind": lambda c: "submitted",
    "document_id": lambda c: c.one("document"),
    "conference_id": lambda c: c.one("conference"),
    "committee_id": lambda c: c.one("committee"),
    "member_id": lambda c: c.one("committee_member"),
    "upload": lambda c: Upload("note.md", f"Texte {c.random.random()}".encode()),
    "term": lambda c: committees.Term("Neuf", date(2026, 9, 1)),
    "note": lambda c: "revu",
    "purpose": lambda c: "",
    "workshop": lambda c: c.row(Workshop),
    "headship_id": lambda c: c.one("headship"),
    "election_id": lambda c: c.one("election"),
    "election_ids": lambda c: c.some("election"),
    "candidates": lambda c: [CandidateEntry("Neuf")],
    "zone": lambda c: NETWORK_ZONE,
    "choice": lambda c: c.random.choice([Choice.BLANK, Choice.of(*c.some("candidate"))]),
    "receipt": lambda c: new_receipt(),
    "drawn": lambda c: c.some("candidate"),
    "call_id": lambda c: c.one("call_note"),
    "consent_id": lambda c: c.one("consent"),
    "caller": lambda c: c.maybe(calls.Caller("Neuf", "Jo", OTHER_NUMBER, "02 256 70 11")),
    "about": lambda c: calls.About(c.maybe(c.one("person")), c.maybe(c.school())),
    "searched": lambda c: c.text(),
    "remarks": lambda c: c.text(),
    "findings": lambda c: [Finding("no_consent", say("a"))],
    "seen": lambda c: c.maybe(calls.Seen(calls.Caller(), "")),
    "typed": lambda c: calls.Seen(calls.Caller("Neuf", "Jo", OTHER_NUMBER, "02"), c.text()),
    "close": lambda c: c.maybe(True),
    "done": lambda c: calls.Done(say("a"), plan_id=c.maybe(c.one("plan"))),
    "to": lambda c: "autre",
    "by": lambda c: "autre",
}  # fmt: skip


def _head_form(c: Chooser) -> dict[str, str]:
    email = f"chef{c.random.random()}@exemple.example"
    return {"first_name": "Jo", "surname": "Neuf", "email": email, "language": "fr"}


def _shown(c: Chooser, prepare: Callable[..., Any], *given: Any) -> Any:
    """What a screen of the helpdesk showed of either school, for others to send back."""
    world = c.schools.world
    with reading(world.engine, SYSTEM, NOW) as session:
        school = c.random.choice([world.mine, world.other])
        try:
            return prepare(session, school, *given)
        except TrousseauError:  # the school has no head any more
            return prepare(session, world.mine + world.other - school, *given)


def workshop_form(c: Chooser) -> dict[str, str]:
    """A form in which everything is right, but perhaps for the date and the type."""
    return {
        "programme": "PYP", "category": "2", "title": "L’évaluation", "language": "fr",
        "delivery_type": c.random.choice(["virtual", "virtual", "virtual", "mixed"]),
        "first_day": c.random.choice(["15/03/2027", "15/03/2027", "01/10/2026", "01/10/2020"]),
        "begins": "09:00", "ends": "16:00", "time_zone": "Europe/Brussels", "people": "20",
        "further_schools": c.random.choice(["", "9901", str(OTHER_NUMBER), "9"]),
        "support_name": "Paul", "support_contact": "+32 2 256 70 11", "contact_name": "Anne",
        "contact_email": "anne@exemple.example", "remarks": "",
    }  # fmt: skip


def election_form(c: Chooser) -> dict[str, str]:
    return {
        "title": "Comité neuf", "committee_id": str(c.maybe(c.one("committee")) or ""),
        "seats": "1", "opens_on": "01/10/2026", "opens_at": "9", "closes_on": "02/10/2026",
        "closes_at": "18",
    }  # fmt: skip


def _entry(c: Chooser) -> workshop_participants.Entry:
    number = c.random.choice([None, None, OTHER_NUMBER, 9901])
    email = f"p{c.random.random()}@exemple.example"
    return workshop_participants.Entry("", "Neuf", "Paul", email, number)


def _settled(c: Chooser) -> list[Any]:
    return [
        outbox.Settled(mail, Outcome(c.random.choice(list(Result)), 250, words="ok"), NOW)
        for mail in c.some("mail")
    ]


def _account(c: Chooser) -> Account:
    return Account(id=c.one("account"), email="x@y.example", email_key="x", role="director")


def _lines(c: Chooser) -> list[consent_recording.RecordLine]:
    return [
        consent_recording.RecordLine(
            make_reference(post, 1), date(2026, 8, 28), "neuf@exemple.example"
        )
        for post in c.some("post")
    ]


def _forms(c: Chooser) -> list[Any]:
    """Forms that were computed for the other school's director."""
    world = c.schools.world
    return world.desk.read(
        consent_printing.forms, c.random.choice([world.mine, world.other]), world.year
    )


def _moment(c: Chooser) -> access_rows.Moment:
    return world_moment(c)


def world_moment(c: Chooser) -> access_rows.Moment:
    return c.schools.world.desk.read(access_rows.moment, c.schools.world.mine)


def _condition(c: Chooser) -> Any:
    world = c.schools.world
    return c.random.choice(
        [col(Access.id) > 0, col(Access.school_id) == world.other, col(Access.person_id) > 0]
    )


def _token(c: Chooser) -> str:
    return str(make_token(c.key, "invitation", c.one_of_many("access"), c.random.randint(1, 2)))


def _roster(c: Chooser) -> Roster:
    """A file that names the other school, and people whom only it knows."""
    with_key = c.random.choice([None, "1", f"key-{MARKER}"])
    known = c.session.get_bind()
    people = [PersonRecord("Nouveau", "Paul", personal_email="paul@exemple.example", key=with_key)]
    with known.connect() as connection:
        person = SQLModel.metadata.tables["person"]
        rows = connection.execute(select(person)).mappings().all()
    for row in c.random.sample(list(rows), 4):
        people.append(
            PersonRecord(
                row["surname"],
                row["first_name"],
                birth_date=row["birth_date"],
                staff_number=c.maybe(row["staff_number"]),
                personal_email=c.random.choice(["", "autre@exemple.example"]),
            )
        )
    key = c.random.choice(["", str(OTHER_NUMBER)])
    schools = [SchoolRecord(key, "", fase_number=OTHER_NUMBER)] if key else []
    posts = [PostRecord(n, key, function="teacher") for n in range(len(people))]
    pupils, guardians, links = _families(c, key)
    return Roster(
        "staff", c.random.choice([True, False]), 5, [], schools, people=people, posts=posts,
        pupils=pupils, guardians=guardians, guardianships=links,
    )  # fmt: skip


def _families(
    c: Chooser, school: str
) -> tuple[list[PupilRecord], list[PersonRecord], list[GuardianshipRecord]]:
    """Pupils of the other school, new ones, and guardians whom only it knows."""
    pupils = [
        PupilRecord(f"Élève{MARKER}1", "Lou", school, c.random.choice([None, "e1"])),
        PupilRecord("Neuf", "Tom", school, group="1A"),
    ]
    known = f"{MARKER}@famille.example"
    guardians = [
        PersonRecord(f"Parent{MARKER}", "Sam", personal_email=c.random.choice(["", known])),
        PersonRecord("Parent", "Neuf", c.random.choice([None, "1"]), personal_email=known),
    ]
    links = [GuardianshipRecord(n % 2, n // 2, "mère") for n in range(c.random.randint(0, 4))]
    return pupils, guardians, links


def _request(c: Chooser) -> ImportRequest:
    source = c.random.choice(["proeco", "neuf", f"records-{MARKER}"])
    return ImportRequest(source, "staff", date(2026, 9, 1), school_id=c.maybe(c.school()))


def _team(c: Chooser) -> Any:
    return attention._Team(c.maybe(c.school()), c.maybe(c.year()), world_moment(c))


#: How an argument is chosen where the name alone does not say.
SPECIAL: dict[str, Make] = {
    "call_steps.keep_up.done": lambda c: [ARGUMENTS["done"](c)],
    **{
        f"reading_room.{name}.query": lambda c: reading_room.RoomQuery(
            c.text(),
            c.maybe("minutes"),
            c.random.choice([True, False]),
            c.maybe(c.one("committee")),
            c.random.choice([True, False]),
        )
        for name in ("page", "total", "all_rows")
    },
    **{
        f"documents.{name}.facts": lambda c: documents.DocumentFacts(
            "minutes", c.text(), date(2026, 9, 1), c.maybe(c.one("committee"))
        )
        for name in ("publish", "correct")
    },
    **{
        f"conferences.{name}.facts": lambda c: conferences.ConferenceFacts(
            c.text(), date(2027, 3, 27), date(2027, 3, 28)
        )
        for name in ("add", "alter")
    },
    "committees.all_committees.withdrawn": lambda c: c.random.choice([True, False]),
    "document_files.keep.file": lambda c: document_files.checked(Upload("note.md", b"Texte")),
    "document_files.keep_all.files": lambda c: [],
    "document_folders.plan_folder.files": lambda c: [],
    "school_holidays.plan_holidays.content": lambda c: (
        b"Id;StartDate;EndDate;Name\nx;2027-03-15;;FR Pont\n"
    ),
    "workshop_participants.plan_participants.content": lambda c: c.random.choice(
        [
            f"Nom;Prénom;E-mail;FASE\nNeuf;Jo;jo{c.random.random()}@exemple.example;\n",
            "Neuf;Jo;w@exemple.example",
            f"Neuf;Jo;jo@exemple.example;{OTHER_NUMBER}",
        ]
    ),
    "workshop_attendance.plan_attendance.found": lambda c: AttendanceFile(
        tuple(
            AttendanceRow(f"p{person}", "", "", 1, None, True, 1)
            for person in c.some("workshop_participant")
        ),
        (),
        (),
    ),
    "workshop_attendance.plan_attendance.source": lambda c: "file",
    "workshop_invoices.issue.number": lambda c: "",
    "workshop_letters.tell_office.name": lambda c: "Bureau",
    "workshop_letters.tell_office.email": lambda c: "bureau@exemple.example",
    "workshop_letters.tell_participants.people": lambda c: [],
    **{
        f"calls.{name}.query": lambda c: calls.CallQuery(c.text(), c.maybe("undone"))
        for name in ("calls_page", "total")
    },
    "elections.committees.found": lambda c: c.session.scalars(select(Election)).all(),
    "elections.create.values": lambda c: election_form(c),
    "elections.correct.values": lambda c: election_form(c),
    "elections.elections.status": lambda c: c.random.choice([None, *STATUSES]),
    "workshops.complete_attendance.people": lambda c: 1,
    "workshops.step.still": lambda c: col(Workshop.id) > 0,
    **{
        f"workshop_queue.{name}.query": lambda c: workshop_queue.WorkshopQuery(
            c.text(),
            c.maybe("submitted"),
            c.maybe(c.school()),
            sort=c.random.choice(workshop_queue.SORTS),
        )
        for name in ("page", "total", "all_rows")
    },
    "accounts.add_account.email": lambda c: f"neuf{c.random.random()}@exemple.example",
    "accounts.add_account.role": lambda c: c.random.choice(["helpdesk", "director"]),
    "accounts.add_account.school_ids": lambda c: c.random.choice([(), (c.school(),)]),
    "accounts.add_account.password_hash": lambda c: "hash",
    "accounts.add_account.name": lambda c: "Neuf",
    "accounts.add_account.language": lambda c: "fr",
    **{
        f"accounts.{name}.email": lambda c: c.random.choice(
            [f"direction@{MARKER}.example", f"neuf{c.random.random()}@exemple.example"]
        )
        for name in (
            "disable_account",
            "enable_account",
            "end_role",
            "give_role",
            "has_account",
            "unlock_account",
        )
    },
    **{
        f"accounts.{name}.school_ids": lambda c: c.random.choice([(), (c.school(),)])
        for name in ("end_role", "give_role")
    },
    **{
        f"accounts.{name}.role": lambda c: c.random.choice(["helpdesk", "director"])
        for name in ("end_role", "give_role")
    },
    **{
        f"{name}.account": _account
        for name in (
            "account_mail.queue",
            "profiles.person_of",
            "sign_in.let_in",
            "tries.count_account",
            "tries.wrong_tries",
        )
    },
    **{
        f"{name}.account_id": lambda c: c.one("account")
        for name in (
            "account_tokens.close_address_changes",
            "account_tokens.close_resets",
            "account_tokens.hold_account",
            "account_tokens.next_generation",
            "profiles.identity_of",
            "tries.forget",
            "tries.record",
            "tries.uncount_account",
        )
    },
    "support.own_findings.actor": lambda c: Actor(
        "x@exemple.example",
        "staff",
        person_id=c.one("person"),
        headship_id=c.maybe(c.one("headship")),
    ),
    "profiles.still_holds.actor": lambda c: Actor(
        "x@exemple.example", "director", frozenset({c.school()}), c.one("account")
    ),
    "attention.attention.counts": lambda c: None,
    "account_mail.queue.template": lambda c: "password_reset",
    "account_mail.queue.recipient": lambda c: "neuf@exemple.example",
    "account_mail.queue.life": lambda c: timedelta(days=1),
    "account_tokens.close_resets.but": lambda c: c.maybe(1),
    "account_tokens.next_generation.table": lambda c: c.random.choice(
        [PasswordReset, AddressChange]
    ),
    "admission.account_at.hold": lambda c: c.random.choice([True, False]),
    "admission.open_token.parsed": lambda c: parse_token(_token(c)),
    "admission.open_token.origin": lambda c: "192.0.2.7",
    "activation.spend.text": _token,
    "activation.spend.stored": lambda c: c.maybe("hash"),
    "activation.spend.origin": lambda c: "192.0.2.7",
    "sign_in.let_in.kind": lambda c: "password",
    "sign_in.let_in.origin": lambda c: "192.0.2.7",
    **{
        f"tries.{name}.origin": lambda c: "192.0.2.7"
        for name in ("check_origin", "count_origin", "record", "take_back")
    },
    "headnet_checks.explain_try.event_id": lambda c: c.random.randint(1, 9),
    "headnet_passwords.accepts.password": _token,
    "headnet_sign_in.judge.password": _token,
    **{
        f"headnet.{name}.query": lambda c: headnet.HeadnetQuery(
            c.text(),
            c.random.choice([None, "attention", "waiting"]),
            c.random.choice(headnet.SORTS),
        )
        for name in ("heads_page", "all_rows", "total")
    },
    **{
        f"heads.{name}.values": lambda c: _head_form(c)
        for name in ("check_form", "prepare_new_head", "record_head")
    },
    "heads.record_new_head.plan": lambda c: _shown(c, heads.prepare_new_head, _head_form(c)),
    "heads.end_head.ending": lambda c: _shown(c, heads.prepare_end),
    "headnet_passwords.send.plan": lambda c: _shown(c, headnet_passwords.prepare, Schedule()),
    "headnet_passwords.send.address_confirmed": lambda c: True,
    "headnet_passwords.send.former_confirmed": lambda c: True,
    "head_addresses.new_address.takes_effect_at": lambda c: NOW,
    "head_addresses.cancel_change.address_id": lambda c: c.one("head_address"),
    **{
        f"{name}.head": lambda c: c.row(Headship)
        for name in ("head_addresses.new_address", "headnet_letters.queue")
    },
    "headnet_letters.queue.address": lambda c: c.row(HeadAddress),
    "headnet_letters.queue.template": lambda c: "headnet_ended",
    "headnet_rows.head_of.hold": lambda c: c.random.choice([True, False]),
    "headnet_rows.required_head.hold": lambda c: c.random.choice([True, False]),
    "headnet_sign_in.judge.typed": lambda c: headnet_sign_in.read(_token(c)),
    "tries.record.headship_id": lambda c: None,
    "tries.record.kind": lambda c: "password",
    "tries.record.outcome": lambda c: "wrong",
    "tries.record.address_key": lambda c: c.maybe("neuf@exemple.example"),
    "tries.record.since": lambda c: c.maybe(NOW),
    "tries.strike.event_id": lambda c: c.random.randint(1, 9),
    "tries.uncount_account.before": lambda c: c.random.randint(0, 3),
    "belonging.beyond_actor.people": lambda c: [c.one("person")],
    "belonging.beyond_actor.places": lambda c: c.random.choice([("post",), ("guardianship",)]),
    "account_keys.add_key.account_id": lambda c: c.one("account"),
    "account_keys.add_key.line": lambda c: (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8NPhF+DHNEAG+jdNikr+XypSc/9AMkwu16TnsH3tMX"
    ),
    "account_keys.add_key.name": lambda c: "neuf",
    "account_keys.add_key.proved": lambda c: c.random.choice([True, False]),
    "account_keys.prove.account_id": lambda c: c.one("account"),
    "account_keys.prove.fingerprint": lambda c: "SHA256:" + "A" * 43,
    "account_keys.remove_all_keys.account_id": lambda c: c.one("account"),
    "account_keys.remove_key.account_id": lambda c: c.one("account"),
    "account_keys.remove_key.which": lambda c: c.one("account_key"),
    "account_keys.keys_of.account_id": lambda c: c.one("account"),
    "account_keys.find_by_fingerprint.fingerprint": lambda c: (
        "SHA256:5xCiHzdD+xPVVcfGigG/b2l4eGM5yykFQHn2cpmp3N8"
    ),
    "account_keys.note_use.key_id": lambda c: c.one("account_key"),
    "account_keys.account_named.email": lambda c: f"p1@{MARKER}.example",
    "access_rows.rows_of.now": _moment,
    "access_rows.rows_where.now": _moment,
    "access_rows.rows_where.condition": _condition,
    "attention.status_counts.now": _moment,
    "attention.status_counts.condition": _condition,
    "attention.attention.now": lambda c: c.maybe(NOW),
    "attention.attention.school_id": lambda c: c.maybe(c.school()),
    "attention.known_domains.school_id": lambda c: c.maybe(c.school()),
    "attention.mistyped_domains.team": _team,
    "consent_printing.note_printed.printed": _forms,
    "consent_recording.plan_record.lines": _lines,
    "dashboard.overview.school_id": lambda c: c.maybe(c.school()),
    "guardians.rows_of.now": _moment,
    "outbox.settle.results": _settled,
    "story.page.query": lambda c: story.StoryQuery(
        c.one("person"), c.maybe(c.random.choice(story.KINDS)), c.text()
    ),
    **{
        f"invitation_status.{name}.query": lambda c: invitation_status.InvitationQuery(
            c.school(), c.year(), text=c.text(), sort=c.random.choice(invitation_status.SORTS)
        )
        for name in ("page", "rows", "total")
    },
    **{
        f"families.{name}.query": lambda c: families.FamilyQuery(
            c.school(), c.year(), c.text(), sort=c.random.choice(families.SORTS)
        )
        for name in ("page", "total", "person_ids", "position")
    },
}


def _hit(c: Chooser) -> Hit:
    who = c.one("person")
    return Hit("person", who, "a", "b", say("a"), person_id=who, school_id=c.school())


def _remedy(c: Chooser) -> Remedy:
    """A plan as a diagnosis of another school's people would offer it."""
    codes = "invite invite_again reactivate give_mission reset_password unlock_account"
    code = c.random.choice([*codes.split(), "enable_account", "merge_accounts", "send_now"])
    needs = {"person_id": c.one("person"), "school_id": c.school(), "school_year_id": c.year(),
             "mission": "digital_lead", "account_id": c.one("account"),
             "other_ids": [c.one("account")], "access_id": c.one("access")}  # fmt: skip
    return Remedy(code, say("a"), "plan", needs)


def team_change(c: Chooser) -> team_changes.TeamChange:
    action, value = c.random.choice(
        [
            ("give_mission", "digital_lead"),
            ("remove_mission", "digital_lead"),
            ("set_role", "teacher"),
            ("deactivate", "parti"),
            ("reactivate", ""),
        ]
    )
    return team_changes.TeamChange(action, value)


def hostile_plan(c: Chooser, actor: Actor | None = None) -> plans.PlanDraft:
    """A plan that reaches into the other school, as no service should compute it.

    With `actor` it is at least stored for a school of theirs.
    """
    world = c.schools.world
    theirs = c.random.choice(c.schools.other)
    draft = plans.PlanDraft("invitation", say("plan"), world.mine if actor else c.school())
    surname, address = _stored(c, theirs.person)
    change = c.random.choice(
        [
            lambda: plans.update_change(
                "person", theirs.person, {"surname": surname}, {"surname": "Volé"}
            ),
            lambda: plans.update_change(
                "mission", 1, {"school_id": world.mine}, {"school_id": world.other}
            ),
            lambda: plans.update_change(
                "mission", 1, {"person_id": c.schools.mine[1].person}, {"person_id": theirs.person}
            ),
            lambda: plans.guard("person", theirs.person, personal_email=address),
            lambda: ["-", "consent", c.one_of_many("consent"), {}],
            lambda: draft.insert("mission", **_mission(c, world.other, c.schools.mine[0].person)),
            lambda: draft.insert("mission", **_mission(c, world.mine, theirs.person)),
            lambda: draft.insert("mission", **_mission(c, world.mine, c.schools.mine[0].person)),
            lambda: draft.insert("person_key", source_id=1, key="k", person_id=theirs.person),
            lambda: draft.insert(
                "account_role", account_id=c.schools.other_account, school_id=world.mine
            ),
            lambda: draft.insert(
                "suspension", access_id=theirs.access, school_id=world.mine, from_at=plans.NOW,
                reason="x",
            ),
        ]
    )  # fmt: skip
    draft.items.append(plans.Item("information", "x", "x", say("x"), [change()]))
    return draft


def _stored(c: Chooser, person: int) -> tuple[str, str]:
    table = SQLModel.metadata.tables["person"]
    with c.schools.world.engine.connect() as connection:
        row = connection.execute(
            select(table.c.surname, table.c.personal_email).where(table.c.id == person)
        ).one()
    return row[0], row[1]


def _mission(c: Chooser, school: int, person: int) -> dict[str, Any]:
    return {
        "person_id": person,
        "school_id": school,
        "school_year_id": c.schools.world.year,
        "code": "digital_lead",
        "role": None,
        "given_at": plans.NOW,
    }


def arguments(name: str, function: Callable[..., Any], chooser: Chooser) -> dict[str, Any]:
    """Return arguments for a call; optional ones are left out now and then."""
    found: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        make = SPECIAL.get(f"{name}.{parameter.name}") or ARGUMENTS.get(parameter.name)
        optional = parameter.default is not inspect.Parameter.empty
        if make is None:
            raise LookupError(f"tests/faults/calls.py does not know {name}({parameter.name})")
        if not optional or chooser.random.random() < 0.7:
            found[parameter.name] = make(chooser)
    return found


__all__ = ["ARGUMENTS", "SPECIAL", "Chooser", "arguments", "functions"]
