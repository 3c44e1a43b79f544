"""The sample schools, built as their people would: files imported, forms signed, mails sent.

Everything goes through the services that the console uses, at moments before `at`: a year
ago, last month, last week, today. So each screen has something true to show, and every
status of DESIGN §7 is there, and of a workshop.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlmodel import col

from models.consent_texts import current_version
from models.consents import PrintedForm
from models.database import SYSTEM, Actor
from models.invitations import TOKEN_PURPOSE
from models.keys import Key
from models.people import Person
from models.schools import DEFAULT_TIME_ZONE, School, SchoolYear
from models.tokens import make_token
from services import (
    accounts,
    activation,
    consent_recording,
    consent_withdrawals,
    consents,
    demo_calls,
    demo_elections,
    demo_headnet,
    demo_reading_room,
    demo_schools,
    demo_workshops,
    families,
    invitations,
    lookup,
    outbox,
    plans,
    school_holidays,
)
from services.desk import Desk
from services.imports.drafting import ImportRequest
from services.imports.families import read_families
from services.imports.planning import plan_roster
from services.imports.roster import Roster
from services.imports.schools import read_schools
from services.imports.staff import read_staff
from services.mail.replies import Outcome, Result
from services.outbox import Claim, Settled
from services.passwords import hash_of_nobody
from services.profiles import actor_as, identity_of
from services.team_changes import TeamChange, change_now

_LEASE = timedelta(minutes=5)
_ACCEPTED = Outcome(Result.SENT, 250, "2.0.0", "2.0.0 Ok: queued")
_REFUSED = Outcome(Result.REFUSED, 550, "5.1.1", "5.1.1 Mailbox unavailable")
_NO_ANSWER = Outcome(Result.UNCERTAIN)
_AGENT = "helpdesk@trousseau.example"


@dataclass(frozen=True)
class DemoSchools:
    """What was built: the actor of each role of `demo_guests.ROLES`, and the main school's team."""

    actors: dict[str, Actor]
    school_id: int
    school_year_id: int


def build(engine: Engine, key: Key, at: datetime) -> DemoSchools:
    """Fill an empty database with the sample schools as they stand at `at`, an aware instant.

    The same `at` gives the same rows, but for the sealed bytes of an urn. Takes a few tenths of
    a second.
    """
    story = _Story(engine, key, at)
    story.found_schools()
    workshops, votes = story.workshops(), story.elections()
    room, headnet = story.reading_room(), story.headnet()
    story.last_year()
    workshops.go_on(until=41)
    headnet.go_on(until=41)
    room.go_on(until=41)
    story.september()
    workshops.go_on(until=10)
    headnet.go_on(until=10)
    room.go_on(until=10)
    votes.go_on(until=10)
    story.this_week()
    workshops.go_on(until=0)
    headnet.go_on(until=0)
    room.go_on(until=0)
    votes.go_on(until=0)
    story.today()
    story.calls()
    return DemoSchools(story.actors, story.main, story.year_id)


def _addresses(staff: str) -> set[str]:
    """Return the private addresses of a staff list."""
    return {line.split(";")[4] for line in staff.splitlines()} - {""}


@dataclass
class _Story:
    """The schools while they are told into being, each step by whoever would take it."""

    engine: Engine
    key: Key
    at: datetime
    actors: dict[str, Actor] = field(default_factory=dict)
    directors: dict[int, Actor] = field(default_factory=dict)
    ids: dict[int, int] = field(default_factory=dict)
    main: int = 0
    year_id: int = 0
    label: str = ""
    mailboxes: dict[str, int | None] = field(default_factory=dict)
    randomness: Random = field(default_factory=lambda: Random(1))

    # Time and people

    @property
    def today_there(self) -> date:
        return self.at.astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date()

    def ago(self, **time: float) -> datetime:
        return self.at - timedelta(**time)

    def desk(self, actor: Actor, at: datetime) -> Desk:
        # Without the limits of their schools, which cost half of the building's time.
        return Desk(self.engine, replace(actor, schools=None), lambda: at)

    def year(self, first_day: date | None = None) -> SchoolYear:
        """Return the present school year, or the one before `first_day`."""

        def find(session: Any) -> SchoolYear:
            day = self.today_there if first_day is None else first_day - timedelta(days=1)
            years = select(SchoolYear).where(
                col(SchoolYear.first_day) <= day, col(SchoolYear.access_ends) >= day
            )
            return session.scalars(years.order_by(col(SchoolYear.first_day).desc())).first()

        found = self.desk(SYSTEM, self.at).read(find)
        if found is None:
            raise ValueError("the sample schools need a school year that runs today")
        return found

    # Steps

    def found_schools(self) -> None:
        """A year and a half ago: the Federation's list, contacts, accounts."""
        long_ago = self.ago(days=500)
        agent = Actor(_AGENT, "helpdesk", None)
        self._import(agent, long_ago, read_schools(demo_schools.SCHOOLS_FILE.encode()),
                     ImportRequest("federation", "schools", long_ago.date(),
                                   source_name="Fédération Wallonie-Bruxelles"))  # fmt: skip
        self.desk(agent, long_ago).write(self._introduce)
        self._apply(agent, self._plan_holidays, long_ago)

    def _plan_holidays(self, session: Any) -> int:
        """Read in the holidays of the years that workshops of the story may lie in."""
        calendar = session.get_one(School, self.ids[demo_schools.MAIN]).calendar_id
        first = self.at.year - 2
        content = demo_schools.holidays(range(first, first + 5)).encode()
        return school_holidays.plan_holidays(session, content, calendar, name="congés.csv")

    def _introduce(self, session: Any) -> None:
        for fase, contact in demo_schools.CONTACTS.items():
            school: School = lookup.find_school(session, str(fase))
            school.contact_name, school.contact_email = contact.name, contact.email
            school.contact_phone = contact.phone
            assert school.id is not None
            self.ids[fase] = school.id
            self.directors[fase] = self._open(
                session, contact.email, "director", [school.id], contact.name
            )
        self.main = self.ids[demo_schools.MAIN]
        self.actors = {
            "helpdesk": self._open(session, _AGENT, "helpdesk", [], "Helpdesk"),
            "director": self.directors[demo_schools.MAIN],
            "coordinator": self._open(
                session, "ib@hautefagne.example", "coordinator",
                [self.ids[demo_schools.COLLEGE]], "Mathilde Fontaine",
            ),
        }  # fmt: skip

    def _open(self, session: Any, email: str, role: str, schools: list[int], name: str) -> Actor:
        number = accounts.add_account(session, email, role, schools, password_hash=None, name=name)
        return actor_as(identity_of(session, number), role)

    def workshops(self) -> demo_workshops.DemoWorkshops:
        """Return the workshops of half a year, of which nothing has happened yet."""
        return demo_workshops.DemoWorkshops(
            self.at, self.today_there, self.actors, self.ids, self.desk, self._deliver
        )

    def headnet(self) -> demo_headnet.DemoHeadnet:
        """Return the accounts of heads of two months, of which nothing has happened yet."""
        return demo_headnet.DemoHeadnet(self.at, self.actors, self.ids, self.desk, self._deliver)

    def elections(self) -> demo_elections.DemoElections:
        """Return the elections of a month, of which nothing has happened yet."""
        return demo_elections.DemoElections(
            self.engine, self.key, self.today_there, self.actors["helpdesk"], self.ids
        )

    def reading_room(self) -> demo_reading_room.DemoReadingRoom:
        """Return the reading room of a year, in which nothing is yet."""
        return demo_reading_room.DemoReadingRoom(
            self.at, self.today_there, self.actors["helpdesk"], self.desk
        )

    def last_year(self) -> None:
        """Last school year's team of the main school: all but one activated."""
        this = self.year()
        assert this.id is not None
        self.year_id, self.label = this.id, this.label
        before = self.year(this.first_day)
        began = datetime.combine(before.first_day, self.at.timetz()) + timedelta(days=9)
        self._import_staff(demo_schools.MAIN, demo_schools.MAIN_LAST_YEAR, before.label, began)
        assert before.id is not None
        everybody = _addresses(demo_schools.MAIN_LAST_YEAR)
        self._sign(demo_schools.MAIN, everybody, began + timedelta(days=2), before.id)
        self._invite(demo_schools.MAIN, before.id, began + timedelta(days=3))
        mails = self._deliver(began + timedelta(days=3, minutes=5))
        self._use_tokens(mails, began + timedelta(days=5))

    def september(self) -> None:
        """Last month: the first lists, forms printed and signed, most invited and active."""
        main, year = demo_schools.MAIN, self.year_id
        self._import_staff(main, demo_schools.MAIN_SEPTEMBER, self.label, self.ago(days=40))
        self._print_forms(main, self.ago(days=39))
        signed = _addresses(demo_schools.MAIN_SEPTEMBER) - set(demo_schools.NOT_SIGNED_AT_FIRST)
        self._sign(main, signed, self.ago(days=37))
        self._invite(main, year, self.ago(days=36))
        mails = self._deliver(self.ago(days=36, minutes=-5), refused=demo_schools.REFUSED)
        self._bounce(
            [mail for mail in mails if mail.recipient in demo_schools.BOUNCED], self.ago(days=35)
        )
        idle = {*demo_schools.BOUNCED, *demo_schools.REFUSED, *demo_schools.NEVER_USED}
        self._use_tokens([m for m in mails if m.recipient not in idle], self.ago(days=33))

    def this_week(self) -> None:
        """Last week: the other schools' lists, a new one, some invited once more."""
        for fase, staff in (
            (demo_schools.PRIMARY, demo_schools.PRIMARY_NOW),
            (demo_schools.COLLEGE, demo_schools.COLLEGE_NOW),
        ):
            self._import_staff(fase, staff, self.label, self.ago(days=9))
            signed = _addresses(staff) - set(demo_schools.NOT_SIGNED_AT_FIRST)
            self._sign(fase, signed, self.ago(days=8))
            self._invite(fase, self.year_id, self.ago(days=7))
        mails = self._deliver(self.ago(days=7, minutes=-5))
        self._use_tokens([m for m in mails if m.recipient in demo_schools.QUICK], self.ago(days=6))
        main, year = demo_schools.MAIN, self.year_id
        self._import_staff(main, demo_schools.main_now(), self.label, self.ago(days=5))
        self._sign(main, demo_schools.SIGNED_LATE, self.ago(days=4))
        self._invite(main, year, self.ago(days=3))
        again = self._people(demo_schools.INVITED_AGAIN)
        self._invite(main, year, self.ago(days=3, minutes=-2), again, again=True)
        self._deliver(self.ago(days=3, minutes=-5))
        self._bring_families()
        self._withdraw(demo_schools.WITHDRAWN, self.ago(days=1))
        for email, mission in demo_schools.MISSIONS.items():
            self._give(email, mission, self.ago(hours=20))

    def _bring_families(self) -> None:
        """Two schools' families: some guardians sign in, one mail comes back, one is known."""
        main, primary = demo_schools.MAIN, demo_schools.PRIMARY
        self._import_families(main, demo_schools.MAIN_FAMILIES, self.ago(days=3, minutes=-10))
        self._import_families(primary, demo_schools.PRIMARY_FAMILIES, self.ago(days=3, minutes=-15))
        self._send_tokens(main, self.ago(days=3, minutes=-20))
        mails = self._deliver(self.ago(days=3, minutes=-25))
        self._bounce(
            [mail for mail in mails if mail.recipient == demo_schools.BOUNCED_FAMILY],
            self.ago(days=3, minutes=-35),
        )
        used = [mail for mail in mails if mail.recipient in demo_schools.SIGNED_IN]
        self._use_tokens(used, self.ago(days=2))
        self._send_tokens(primary, self.ago(days=2, minutes=-30))
        self._deliver(self.ago(days=2, minutes=-35))

    def today(self) -> None:
        """Today: some forms came back; one mail got no answer, another waits to be sent."""
        main, year = demo_schools.MAIN, self.year_id
        came = (*demo_schools.UNCERTAIN, *demo_schools.WAITING, *demo_schools.TO_INVITE)
        self._sign(main, came, self.ago(minutes=90))
        self._invite(main, year, self.ago(minutes=80), self._people(demo_schools.UNCERTAIN))
        self._deliver(self.ago(minutes=75), uncertain=demo_schools.UNCERTAIN)
        self._invite(main, year, self.ago(minutes=40), self._people(demo_schools.WAITING))

    def calls(self) -> None:
        """What the helpdesk was called about until now, and what was written to it."""
        demo_calls.DemoCalls(
            self.engine, self.key, self.at, self.actors, self.ids, self.desk, self._deliver
        ).tell()

    # Deeds

    def _import(self, actor: Actor, at: datetime, roster: Roster, request: ImportRequest) -> None:
        def plan(session: Any) -> int:
            return plans.store(session, plan_roster(session, roster, request))

        self._apply(actor, plan, at)

    def _import_staff(self, fase: int, rows: str, year: str, at: datetime) -> None:
        days = {
            "left": f"{self.today_there - timedelta(days=10):%d/%m/%Y}",
            "came": f"{self.today_there - timedelta(days=12):%d/%m/%Y}",
        }
        content = (demo_schools.HEADER + rows.format(**days)).encode()
        request = ImportRequest(
            f"proeco-{fase}",
            "staff",
            at.date(),
            source_name="ProEco",
            school_id=self.ids[fase],
            year=year,
        )
        self._import(self.directors[fase], at, read_staff(content), request)

    def _import_families(self, fase: int, rows: str, at: datetime) -> None:
        request = ImportRequest(
            f"eleves-{fase}",
            "families",
            at.date(),
            source_name="ProEco élèves",
            school_id=self.ids[fase],
            year=self.label,
        )
        roster = read_families((demo_schools.FAMILIES_HEADER + rows).encode())
        self._import(self.directors[fase], at, roster, request)

    def _send_tokens(self, fase: int, at: datetime) -> None:
        def plan(session: Any) -> int:
            return families.plan_tokens(session, self.ids[fase], self.year_id)

        self._apply(self.directors[fase], plan, at)

    def _print_forms(self, fase: int, at: datetime) -> None:
        """Note that the team's forms were printed, without loading what prints them: 0.3 s."""

        def note(session: Any) -> None:
            for row in consents.listed(session, self.ids[fase], self.year_id):
                session.add(
                    PrintedForm(
                        post_id=row.post_id,
                        school_id=self.ids[fase],
                        text_version=current_version(at.date()),
                        language="fr",
                        email=row.email,
                        printed_at=at,
                    )
                )

        self.desk(self.directors[fase], at).write(note)

    def _sign(
        self, fase: int, emails: Collection[str], at: datetime, year: int | None = None
    ) -> None:
        """Record the forms of those addresses, signed on the day before."""
        day = at.astimezone(ZoneInfo(DEFAULT_TIME_ZONE)).date() - timedelta(days=1)

        def plan(session: Any) -> int:
            lines = [
                consent_recording.RecordLine(row.reference, day)
                for row in consents.listed(session, self.ids[fase], year or self.year_id)
                if row.email in emails
            ]
            return consent_recording.plan_record(session, self.ids[fase], lines)

        self._apply(self.directors[fase], plan, at)

    def _invite(
        self,
        fase: int,
        year: int,
        at: datetime,
        people: Collection[int] | None = None,
        again: bool = False,
    ) -> None:
        def plan(session: Any) -> int:
            return invitations.plan_invitations(
                session, self.ids[fase], year, person_ids=people, again=again
            )

        self._apply(self.directors[fase], plan, at)

    def _apply(self, actor: Actor, plan: Callable[..., int], at: datetime) -> None:
        desk = self.desk(actor, at)
        desk.write(plans.apply, desk.write(plan))

    def _deliver(
        self, at: datetime, refused: Collection[str] = (), uncertain: Collection[str] = ()
    ) -> list[Claim]:
        """Let a mail server of the story take, refuse or swallow what is due."""

        def outcome(recipient: str) -> Outcome:
            if recipient in refused:
                return _REFUSED
            return _NO_ANSWER if recipient in uncertain else _ACCEPTED

        def settle(session: Any) -> list[Claim]:
            worker = outbox.worker_name()
            claimed = outbox.claim(session, worker, 200, _LEASE)
            results = [Settled(mail.mail_id, outcome(mail.recipient), at) for mail in claimed]
            outbox.settle(session, worker, results, self.randomness)
            return claimed

        return self.desk(SYSTEM, at).write(settle)

    def _bounce(self, claims: Iterable[Claim], at: datetime) -> None:
        words = "5.1.1 The e-mail account does not exist"

        def note(session: Any) -> None:
            for claim in claims:
                outbox.record_bounce(session, claim.mail_id, claim.generation, words)

        self.desk(SYSTEM, at).write(note)

    def _use_tokens(self, claims: Iterable[Claim], at: datetime) -> None:
        """Activate by the token of each mail, one person after the other; nobody can sign in."""
        password = hash_of_nobody(Random(2).randbytes)

        def use(session: Any) -> None:
            for claim in claims:
                assert claim.access_id is not None
                token = make_token(self.key, TOKEN_PURPOSE, claim.access_id, claim.generation)
                activation.spend(
                    session, self.key, token, password, address=self._address(session, claim)
                )

        self.desk(SYSTEM, at).write(use)

    def _address(self, session: Any, claim: Claim) -> str:
        """Return what somebody signs in with: the second one of a shared mailbox another."""
        first = self.mailboxes.setdefault(claim.recipient, claim.person_id)
        if first == claim.person_id:
            return claim.recipient
        person = session.get_one(Person, claim.person_id)
        return f"{person.first_name_key}.{person.surname_key}@courriel.example"

    def _withdraw(self, email: str, at: datetime) -> None:
        desk, school = self.desk(self.directors[demo_schools.MAIN], at), self.main
        (person,) = self._people([email])
        desk.write(consent_withdrawals.withdraw, school, person)

    def _give(self, email: str, mission: str, at: datetime) -> None:
        desk = self.desk(self.directors[demo_schools.MAIN], at)
        wanted = TeamChange("give_mission", mission)
        desk.write(change_now, self.main, self.year_id, self._people([email])[0], wanted)

    # Questions

    def _people(self, emails: Collection[str]) -> list[int]:
        """Return the persons of the main school with those addresses."""
        rows = self.desk(SYSTEM, self.at).read(consents.listed, self.main, self.year_id)
        return [row.person_id for row in rows if row.email in emails]
