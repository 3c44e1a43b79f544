"""Two schools full of everything, one of them marked all over.

Every text that belongs to the other school alone holds `MARKER`, and every row of it has an
identifier from a range of its own, so that whatever shows up elsewhere is known for a leak.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine, select, text
from sqlmodel import SQLModel, col

from models.access import Access, Mission, Service, Suspension
from models.accounts import Account, AccountRole, Draft
from models.calls import CallCause, CallNote, CallStep, SupportRequest
from models.consents import Consent, PrintedForm
from models.database import SYSTEM, TABLES, Actor, ActorSession, writing
from models.elections import (
    Candidate,
    Election,
    ElectionBallot,
    ElectionUrn,
    ElectionVoter,
)
from models.families import Guardianship, Pupil
from models.headnet import HeadAddress, HeadnetPassword, Headship
from models.language import say
from models.mail import Mail
from models.people import Person, PersonKey, Post, SuspectedDouble
from models.references import make_reference
from models.schools import School, Site, Source
from models.workshops import (
    Workshop,
    WorkshopAttendance,
    WorkshopFee,
    WorkshopInvoice,
    WorkshopMeeting,
    WorkshopParticipant,
    WorkshopSchool,
    WorkshopSession,
    WorkshopSetting,
)
from services import consent_recording, invitations, outbox, plans
from services.desk import Desk
from services.mail.replies import Outcome, Result
from tests.worlds import NOW, Clock, Member, World, make_world

#: Stands in every text of the other school, and nowhere else.
MARKER = "qzxqzx"
OTHER_NUMBER = 98_765
#: The other school's identifiers begin here, each table's in a range of its own.
BASE, STEP = 10_000_000, 1_000_000

Row = tuple[str, Any]
Rows = dict[Row, tuple[Any, ...]]


@dataclass(frozen=True)
class Schools:
    """`mine` and `other` of a world, with who works where. `both` work in both."""

    world: World
    mine: tuple[Member, ...]
    both: tuple[Member, ...]
    other: tuple[Member, ...]
    account: int
    other_account: int
    family: "Family"

    @property
    def director(self) -> Desk:
        """The desk of the director of `mine`, who has an account."""
        return self._desk("directrice@ecole.example", "director", self.account)

    @property
    def coordinator(self) -> Desk:
        """The desk of the IB coordinator of `mine`."""
        return self._desk("ib@ecole.example", "coordinator")

    @property
    def teacher(self) -> Desk:
        """The desk of a staff member who works in both schools, and has chosen `mine`."""
        return self._desk("prof@ecole.example", "staff", person_id=self.both[0].person)

    @property
    def parent(self) -> Desk:
        """The desk of a guardian of two pupils of `mine`, who has chosen one of them."""
        family = self.family
        chosen = frozenset({family.pupils[0]})
        return self._desk("parent@ecole.example", "parent", None, family.guardian, chosen)

    @property
    def stranger(self) -> Desk:
        """The desk of somebody whose role is none, with schools all the same."""
        return self._desk("inconnu@ecole.example", "visitor")

    def _desk(
        self,
        name: str,
        role: str,
        account: int | None = None,
        person_id: int | None = None,
        pupils: frozenset[int] = frozenset(),
    ) -> Desk:
        schools = frozenset({self.world.mine})
        actor = Actor(name, role, schools, account, person_id, pupils)
        return Desk(self.world.engine, actor, self.world.clock)


@dataclass(frozen=True)
class Family:
    """A guardian of two pupils in one school."""

    guardian: int
    access: int
    pupils: tuple[int, int]


def build(engine: Engine) -> Schools:
    """Fill a migrated, empty database."""
    world = make_world(engine)
    fees = {"amount": 1, "valid_from": date(2026, 1, 1)}
    _save(world, WorkshopFee(**fees), WorkshopSetting(office_email="bureau@ib.example"))
    mine = (*world.people(6), *(world.person(surname="Sansavis", consent=False) for _ in "ab"))
    both = tuple(world.person(surname=f"Partagé{n}") for n in "ab")
    account = _account(world, "directrice@ecole.example", world.mine)
    _fill(world, world.mine, mine, "")
    _workshop(world, world.mine, "")
    _head(world, world.mine, "")
    _call(world, world.mine, mine[0].person, account, "")
    family = _family(world, world.mine, "")
    _family(world, world.mine, "voisins")
    _elections(world)
    _number_from(engine)
    _mark_school(world)
    other = tuple(_other_person(world, n) for n in range(8))
    for shared in both:
        _post_elsewhere(world, shared)
    _fill(world, world.other, other, MARKER)
    _workshop(world, world.other, MARKER)
    _save(world, ElectionVoter(election_id=1, school_id=world.other, voted_at=NOW))
    _head(world, world.other, MARKER)
    _family(world, world.other, MARKER)
    _doubles(world, mine[0], other)
    other_account = _account(world, f"direction@{MARKER}.example", world.other)
    _call(world, world.other, other[0].person, other_account, MARKER)
    for owner, content in ((account, "mine"), (other_account, MARKER)):
        _save(
            world,
            Draft(owner=f"account:{owner}", form="consents", contents=f'"{content}"', saved_at=NOW),
        )
    world.clock.now = NOW + timedelta(hours=4)
    return Schools(world, mine, both, other, account, other_account, family)


def _save(world: World, *rows: Any) -> None:
    with writing(world.engine, SYSTEM, world.clock()) as session:
        session.add_all(rows)


def _number_from(engine: Engine) -> None:
    """Let the identifiers of every table go on in its own range."""
    with engine.begin() as connection:
        for place, table in enumerate(TABLES):
            name, first = str(table.__tablename__), BASE + place * STEP
            if "id" not in SQLModel.metadata.tables[name].c:
                continue
            if engine.dialect.name == "sqlite":
                connection.execute(
                    text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name}
                )
                connection.execute(
                    text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :first)"),
                    {"name": name, "first": first},
                )
            else:
                connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :first)"),
                    {"name": name, "first": first},
                )


def _mark_school(world: World) -> None:
    with writing(world.engine, SYSTEM, NOW) as session:
        school = session.scalars(select(School).where(col(School.id) == world.other)).one()
        school.name, school.name_key = f"Athénée {MARKER}", f"athenee{MARKER}"
        school.fase_number = OTHER_NUMBER
        school.street = school.locality = school.contact_name = f"rue {MARKER}"
        school.contact_email, school.contact_phone = f"contact@{MARKER}.example", MARKER
        source = Source(
            code=f"records-{MARKER}",
            name=f"Records {MARKER}",
            format="staff",
            school_id=world.other,
            mapping={"column": MARKER},
        )
        site = Site(school_id=world.other, fase_number=OTHER_NUMBER + 1, locality=MARKER)
        session.add_all([source, site, Site(school_id=world.mine, fase_number=12)])


def _other_person(world: World, number: int) -> Member:
    return world.person(
        world.other,
        surname=f"Nom{MARKER}{number}",
        first_name=f"Prénom{MARKER}",
        birth_date=date(1980, 1, 1 + number),
        staff_number=f"1800101{number:04}",
        email=f"p{number}@{MARKER}.example",
        school_email=f"s{number}@{MARKER}.example",
        school_email_field=f"field {MARKER}",
        consent=number % 4 != 0,
        role=f"role {MARKER}" if number == 1 else None,
    )


def _post_elsewhere(world: World, shared: Member) -> None:
    """Give somebody of `mine` a post in `other` too, with its own address and consent."""
    with writing(world.engine, SYSTEM, NOW) as session:
        post = Post(
            person_id=shared.person,
            school_id=world.other,
            school_year_id=world.year,
            function="educator",
            other_functions=MARKER,
            role=f"role {MARKER}",
            school_email=f"shared@{MARKER}.example",
            school_email_key=f"shared@{MARKER}.example",
            school_email_field=f"field {MARKER}",
            exit_date=date(2026, 12, 24),
            created_at=NOW,
        )
        session.add(post)
        session.flush()
        session.add(
            Access(
                person_id=shared.person,
                school_id=world.other,
                school_year_id=world.year,
                service_id=world.service,
                post_id=post.id or 0,
                granted_at=NOW,
            )
        )
        session.add(_consent(shared.person, world.other, post.id or 0, f"x@{MARKER}.example"))
        session.add(_mission(world, shared.person, world.other, f"role {MARKER}"))
        source = session.scalars(select(Source).where(col(Source.school_id) == world.other)).one()
        key = f"key-{MARKER}-{shared.person}"
        session.add(PersonKey(source_id=source.id or 0, key=key, person_id=shared.person))


def _consent(person: int, school: int, post: int, email: str) -> Consent:
    return Consent(
        person_id=person,
        school_id=school,
        post_id=post,
        email=email,
        email_key=email,
        text_version=1,
        signed_on=date(2026, 8, 20),
        recorded_at=NOW,
    )


def _mission(world: World, person: int, school: int, role: str | None) -> Mission:
    return Mission(
        person_id=person,
        school_id=school,
        school_year_id=world.year,
        code="digital_lead",
        role=role,
        given_at=NOW,
    )


def _fill(world: World, school: int, team: tuple[Member, ...], mark: str) -> None:
    """Give a school one of everything: forms, missions, suspensions, plans, mails, replies."""
    _save(
        world,
        Suspension(
            access_id=team[-1].access, school_id=school, from_at=NOW, reason=f"reason {mark}"
        ),
        _mission(world, team[1].person, school, f"role {mark}" if mark else None),
        *(
            PrintedForm(
                post_id=who.post,
                school_id=school,
                text_version=1,
                language="fr",
                email=f"printed@{mark or 'ecole'}.example",
                printed_at=NOW,
            )
            for who in team[:3]
        ),
    )
    desk = world.desk
    line = consent_recording.RecordLine(make_reference(team[0].post, 1), date(2026, 8, 21), "")
    desk.write(consent_recording.plan_record, school, [line])
    _invite(world, school, mark)
    draft = plans.PlanDraft("import", say("Import %(mark)s", mark=mark), school)
    draft.summary = {"file": mark}
    draft.items.append(
        plans.Item("warning", "left", f"label {mark}", say("%(m)s", m=mark), file=f"{mark}.csv")
    )
    desk.write(plans.store, draft)


def _invite(world: World, school: int, mark: str) -> None:
    """Invite the team and let the server answer in several ways; one repeats, one activates."""
    desk = world.desk
    for again in (False, True):
        plan = desk.write(invitations.plan_invitations, school, world.year, again=again)
        desk.write(plans.apply, plan)
        claimed = desk.write(outbox.claim, "worker", 50, timedelta(hours=1), [school])
        results = [Result.SENT, Result.REFUSED, Result.HELD, Result.UNCERTAIN]
        settled = [
            outbox.Settled(mail.mail_id, Outcome(results[n % 4], 250, words=f"reply {mark}"), NOW)
            for n, mail in enumerate(claimed)
        ]
        desk.write(outbox.settle, "worker", settled, Random(1))
        world.clock.now += timedelta(minutes=10)
    desk.write(outbox.record_bounce, claimed[0].mail_id, 2, f"550 {mark}") if claimed else None


def _family(world: World, school: int, mark: str) -> Family:
    """Add a guardian with an access, and two pupils."""
    address = f"{mark or 'parent'}@famille.example"
    with writing(world.engine, SYSTEM, NOW) as session:
        service = session.scalars(select(Service).where(col(Service.code) == "it_school")).one()
        guardian = Person(
            surname=f"Parent{mark}", first_name="Sam", surname_key=f"parent{mark}",
            first_name_key="sam", personal_email=address, personal_email_key=address,
            created_at=NOW,
        )  # fmt: skip
        session.add(guardian)
        session.flush()
        place = {"school_id": school, "school_year_id": world.year}
        pupils = [
            Pupil(
                surname=f"Élève{mark}{n}", first_name="Lou", surname_key=f"eleve{mark}{n}",
                first_name_key="lou", group=f"{n}A{mark}", created_at=NOW, **place,
            )
            for n in (1, 2)
        ]  # fmt: skip
        access = Access(
            person_id=guardian.id or 0, service_id=service.id or 0, granted_at=NOW, **place
        )
        session.add_all([*pupils, access])
        session.flush()
        one, two = (pupil.id or 0 for pupil in pupils)
        session.add_all(
            Guardianship(pupil_id=pupil, person_id=guardian.id or 0, school_id=school, since=NOW)
            for pupil in (one, two)
        )
        return Family(guardian.id or 0, access.id or 0, (one, two))


def _workshop(world: World, school: int, mark: str) -> None:
    """Give a school a workshop with everything of it, and one that nobody has answered."""
    day, moments = date(2026, 9, 28), {"starts_at": NOW, "ends_at": NOW + timedelta(hours=30)}
    deadlines = ("free_until", "registration_until", "answer_due", "attendance_due", "invoice_due")
    request = {
        "school_id": school, "programme": "PYP", "category": 1, "title": f"Atelier {mark}",
        "language": "fr", "delivery_type": "virtual", "first_day": day, "begins": "09:00",
        "ends": "16:00", "time_zone": "Europe/Brussels", **moments, "school_day": day,
        "people": 20, "support_name": f"Aide {mark}", "support_contact": f"tel {mark}",
        "contact_name": f"Contact {mark}", "contact_email": f"atelier@{mark or 'ecole'}.example",
        "contact_language": "fr", "remarks": mark, "search_key": f"atelier {mark}", "due_on": day,
        **dict.fromkeys(deadlines, day), "submitted_at": NOW - timedelta(days=60),
    }  # fmt: skip
    with writing(world.engine, SYSTEM, NOW) as session:
        accepted = Workshop(
            **request, accepted_at=NOW, registration_link=f"https://ib.example/{mark}"
        )
        session.add_all([Workshop(**request), accepted])
        session.flush()
        of = {"workshop_id": accepted.id or 0, "school_id": school}
        person = WorkshopParticipant(
            **of, surname=f"Venu{mark}", first_name="Jo", surname_key=f"venu{mark}",
            first_name_key="jo", email=f"w@{mark or 'ecole'}.example",
            email_key=f"w@{mark or 'ecole'}.example", added_at=NOW,
        )  # fmt: skip
        part = WorkshopSession(**of, number=1, **moments)
        session.add_all([
            person, part, WorkshopSchool(**of, fase_number=7),
            WorkshopMeeting(**of, meeting_id=f"m{mark}", tried_at=NOW, reply=mark),
            WorkshopInvoice(
                **of, number=f"AV{mark}", quantity=1, amount=1, currency="EUR", issued_on=day,
                due_on=day,
            ),
            Mail(
                **of, template="workshop", language="fr", recipient=person.email, queued_at=NOW,
                values={"subject": mark}, expires_at=NOW + timedelta(days=7), next_attempt_at=NOW,
            ),
        ])  # fmt: skip
        session.flush()
        session.add(
            WorkshopAttendance(
                **of, session_id=part.id or 0, participant_id=person.id or 0, present=True,
                source="hand", recorded_at=NOW,
            )
        )  # fmt: skip


def _elections(world: World) -> None:
    """Put up an election that is open, and one whose ballots are published."""
    day = timedelta(days=1)
    with writing(world.engine, SYSTEM, NOW) as session:
        for closes, published in ((NOW + 9 * day, None), (NOW - day, NOW)):
            election = Election(
                title="Comité", title_key="comite", opens_at=NOW - 9 * day, closes_at=closes,
                created_at=NOW - 10 * day, published_at=published,
            )  # fmt: skip
            session.add(election)
            session.flush()
            of = {"election_id": election.id or 0}
            session.add_all([
                Candidate(**of, number=1, name="Une"), ElectionUrn(**of, ballots=b""),
                ElectionVoter(**of, school_id=world.mine, voted_at=NOW - 2 * day),
            ])  # fmt: skip
            if published:
                session.add(ElectionBallot(**of, receipt="0000-0000-0000-0000", choice="1"))


def _head(world: World, school: int, mark: str) -> None:
    """Give a school a head with an address, one that waits, and a password by mail."""
    until = NOW + timedelta(days=7)
    with writing(world.engine, SYSTEM, NOW) as session:
        head = Headship(
            school_id=school, surname=f"Chef{mark}", first_name="Jo", surname_key=f"chef{mark}",
            first_name_key="jo", since=NOW,
        )  # fmt: skip
        session.add(head)
        session.flush()
        of = {"headship_id": head.id or 0, "school_id": school}
        now, later = (
            HeadAddress(
                **of, email=f"{who}@{mark or 'ecole'}.example", recorded_by=f"Qui {mark}",
                email_key=f"{who}@{mark or 'ecole'}.example", recorded_at=NOW,
                takes_effect_at=until, in_force_at=NOW if who == "chef" else None,
            )
            for who in ("chef", "autre")
        )  # fmt: skip
        mail = Mail(
            **of, template="headnet_password", language="fr", recipient=now.email,
            queued_at=NOW, expires_at=until, next_attempt_at=NOW,
        )  # fmt: skip
        session.add_all([now, later, mail])
        session.flush()
        session.add(
            HeadnetPassword(
                **of, generation=1, address_id=now.id or 0, mail_id=mail.id, asked_at=NOW,
                asked_by=f"Qui {mark}", takes_effect_at=until,
            )
        )  # fmt: skip


def _call(world: World, school: int, person: int, account: int, mark: str) -> None:
    """Note a call about a school, and a message to the helpdesk; neither is that school's."""
    with writing(world.engine, SYSTEM, NOW) as session:
        note = CallNote(
            surname=f"Appel {mark or 'ici'}", contact=mark, person_id=person, school_id=school,
            searched=mark, remarks=mark, search_key=f"appel {mark}", opened_at=NOW, opened_by="x",
        )  # fmt: skip
        mail = Mail(
            template="support", language="fr", recipient="aide@segec.example", queued_at=NOW,
            expires_at=NOW, next_attempt_at=NOW, closed_at=NOW, values={"what": mark},
        )  # fmt: skip
        session.add_all([note, mail])
        session.flush()
        of = {"call_id": note.id or 0, "sentence": [f"words {mark}", {}]}
        session.add_all([
            CallCause(**of, school_id=school, code="no_consent", found_at=NOW),
            CallStep(**of, kind="mail", mail_id=mail.id, done_at=NOW, done_by="x"),
            SupportRequest(account_id=account, mail_id=mail.id or 0, asked_at=NOW),
        ])  # fmt: skip


def _doubles(world: World, mine: Member, other: tuple[Member, ...]) -> None:
    pairs = [(mine.person, other[0].person), (other[1].person, other[2].person)]
    _save(
        world,
        *(SuspectedDouble(person_id=a, other_id=b, score=4, found_at=NOW) for a, b in pairs),
    )


def _account(world: World, email: str, school: int) -> int:
    with writing(world.engine, SYSTEM, NOW) as session:
        account = Account(email=email, email_key=email, created_at=NOW)
        session.add(account)
        session.flush()
        number = account.id or 0
        given = AccountRole(account_id=number, role="director", school_id=school, given_at=NOW)
        session.add(given)
    assert account.id is not None
    return account.id


# --- what is not the director's -----------------------------------------------------------


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, read past all scopes."""
    with _cursor(engine) as cursor:
        return {name: list(_rows_of(cursor, name)) for name in SQLModel.metadata.tables}


@contextmanager
def watching(engine: Engine) -> Iterator[Callable[[], bool]]:
    """Give what tells whether anything was committed meanwhile: SQLite itself counts it.

    Where it was not, all rows need not be read again. On PostgreSQL something always may have been.
    """
    if engine.dialect.name != "sqlite":
        yield lambda: True
        return
    with _cursor(engine) as cursor:  # a connection of its own, which sees others' commits

        def count() -> Any:
            return cursor.execute("PRAGMA data_version").fetchone()

        before = count()
        yield lambda: bool(count() != before)


def _rows_of(cursor: Any, table: str) -> Iterator[dict[str, Any]]:
    cursor.execute(f'SELECT * FROM "{table}"')
    columns = [column[0] for column in cursor.description]
    return (dict(zip(columns, values, strict=True)) for values in cursor.fetchall())


def all_ids(engine: Engine) -> dict[str, list[int]]:
    """Return the identifiers in every table that has them."""
    return ids_of(everything(engine))


def ids_of(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[int]]:
    """Return the identifiers of all rows, by table."""
    named = (table.name for table in SQLModel.metadata.sorted_tables if "id" in table.c)
    return {name: sorted(row["id"] for row in tables[name]) for name in named}


@contextmanager
def _cursor(engine: Engine) -> Iterator[Any]:
    """The driver's own: all rows are read thousands of times, and SQLAlchemy takes as long for
    each table as the rest of such a test."""
    connection = engine.raw_connection()
    try:
        yield connection.cursor()
    finally:
        connection.close()


def foreign_rows(engine: Engine, actor: Actor) -> Rows:
    """Return every row that is not the actor's, by table and key, read past all scopes."""
    return foreign_of(everything(engine), actor)


def foreign_of(tables: Mapping[str, list[dict[str, Any]]], actor: Actor) -> Rows:
    """Return which of all rows are not the actor's, by table and key.

    The rule is written here a second time, on purpose: `models.database` is under test.
    """
    schools = actor.schools or frozenset()
    found: Rows = {}
    theirs = {
        row["person_id"]
        for table in ("post", "guardianship")
        for row in tables[table]
        if row["school_id"] in schools
    }
    own_plans = {row["id"] for row in tables["plan"] if row["school_id"] in schools}
    for name, rows in tables.items():
        for row in rows:
            if not _is_own(name, row, actor, theirs, own_plans):
                key = row["id"] if "id" in row else (row["plan_id"], row["position"])
                found[name, key] = tuple(row.values())
    return found


def _is_own(name: str, row: Any, actor: Actor, theirs: set[int], own_plans: set[int]) -> bool:
    match name:
        case "school":
            return row["id"] in (actor.schools or ())
        case "person":
            return row["id"] in theirs or row["merged_into_id"] in theirs
        case "person_key":
            return row["person_id"] in theirs
        case "suspected_double":
            return row["person_id"] in theirs or row["other_id"] in theirs
        case "account":
            return bool(row["id"] == actor.account_id)
        case "account_role":
            return bool(row["account_id"] == actor.account_id)
        case "draft":
            return bool(row["owner"] == actor.owner)
        case "plan_item":
            return row["plan_id"] in own_plans
        case "headship" | "head_address" | "headnet_password":
            return actor.role == "coordinator" and row["school_id"] in (actor.schools or ())
        case "call_note" | "call_cause" | "call_step" | "support_request":
            return False
        case "journal":
            # Nobody changes a line; new ones are written for whoever works.
            return False
        case _:
            return "school_id" in row and row["school_id"] in (actor.schools or ())


__all__ = [
    "BASE",
    "MARKER",
    "OTHER_NUMBER",
    "ActorSession",
    "Clock",
    "Mail",
    "Person",
    "Rows",
    "Schools",
    "all_ids",
    "build",
    "everything",
    "foreign_of",
    "foreign_rows",
    "ids_of",
]  # fmt: skip
