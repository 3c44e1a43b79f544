"""People who call the helpdesk: each with what is wrong, many in one database.

A situation is put together from *troubles*: what the records, the mails or the door hold of
one person. Most are independent of each other, so that two of them make a pair.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.access import Access, Mission, Suspension
from models.accounts import Account, PasswordReset, SignInEvent
from models.consents import Consent, PrintedForm
from models.database import SYSTEM, ActorSession, writing
from models.headnet import HeadAddress, HeadnetPassword, Headship
from models.invitations import Invitation
from models.mail import Mail
from models.people import Person, Post, SuspectedDouble
from models.schools import School, SchoolYear
from models.text import name_key
from tests.worlds import Member, World, _person

_STAGES = ("active", "invited", "known")
#: Everybody of these worlds was recorded so long before the call.
BEFORE = timedelta(days=5)


@dataclass
class Caller:
    """Somebody in the world, while the rows about them are made."""

    session: ActorSession
    world: World
    school: int
    member: Member
    email: str
    account: int = 0
    generation: int = 0
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return self.session.at

    def add(self, *rows: Any) -> None:
        self.session.add_all(rows)
        self.session.flush()

    def row(self, table: Any, key: int) -> Any:
        return self.session.scalars(select(table).where(col(table.id) == key)).one()

    @property
    def person(self) -> Any:
        return self.row(Person, self.member.person)

    @property
    def post(self) -> Any:
        return self.row(Post, self.member.post)

    @property
    def access(self) -> Any:
        return self.row(Access, self.member.access)

    # What happens to everybody

    def invite(self, ago: timedelta = timedelta(days=1), **mail: Any) -> Any:
        """Invite once more; the mail was sent unless said otherwise."""
        queued = self.at - ago
        for old in self.session.scalars(
            select(Invitation).where(
                col(Invitation.access_id) == self.member.access,
                col(Invitation.replaced_at).is_(None),
            )
        ):
            old.replaced_at = queued
            self.session.flush()
        self.generation += 1
        letter = Mail(
            school_id=self.school, person_id=self.member.person, access_id=self.member.access,
            template="invitation", language="fr", generation=self.generation,
            recipient=self.email, queued_at=queued, expires_at=queued + timedelta(days=14),
            next_attempt_at=queued, **{"sent_at": queued, **mail},
        )  # fmt: skip
        self.add(letter)
        self.add(
            Invitation(
                access_id=self.member.access, school_id=self.school, mail_id=letter.id,
                generation=self.generation, queued_at=queued,
                valid_until=queued + timedelta(days=14),
            )
        )  # fmt: skip
        return letter

    def activate(self, **account: Any) -> None:
        self.access.activated_at = self.at - timedelta(hours=20)
        self.access.activation = "token"
        if not self.account:
            self.account = self.new_account(self.email, **account)

    def new_account(self, email: str, **facts: Any) -> int:
        row = Account(
            **{
                "email": email, "email_key": email.casefold(), "person_id": self.member.person,
                "password_hash": "$argon2id$", "created_at": self.at - timedelta(hours=20),
                **facts,
            }
        )  # fmt: skip
        self.add(row)
        assert row.id is not None
        return row.id

    def tried(self, kind: str, outcome: str, **facts: Any) -> None:
        """Note a try at the door, an hour ago."""
        at = self.at - timedelta(hours=1)
        self.add(SignInEvent(at=at, last_at=at, kind=kind, outcome=outcome, origin="192.0.2.7",
                             **facts))  # fmt: skip


@dataclass
class Town:
    """A world with as many callers and schools as a test needs, made in one transaction."""

    world: World
    numbers: Any = field(default_factory=lambda: count(1))

    def callers(
        self,
        troubles: list[tuple[str, ...]],
        also: list[str] | None = None,
        happen: Callable[[Caller, str], None] | None = None,
    ) -> list[tuple[tuple[str, ...], Member]]:
        """Add one caller for each list of troubles, and return them in that order.

        With `happen` something more comes to each, of what `also` names.
        """
        found = []
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            for place, each in enumerate(troubles):
                caller = self._caller(session, each)
                if happen is not None and also is not None:
                    happen(caller, also[place])
                    session.flush()
                found.append((each, caller.member))
        return found

    def call(self, *troubles: str, **who: Any) -> Caller:
        """Add one caller with these troubles, and what the records say of who it is."""
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            return self._caller(session, troubles, who)

    def invited(self) -> Member:
        """Add somebody whose invitation was sent a day ago."""
        with writing(self.world.engine, SYSTEM, self.world.clock()) as session:
            member = _person(session, self.world, self.world.mine, {"surname": "Invité"})
            Caller(session, self.world, self.world.mine, member, "invite@courriel.example").invite()
        return member

    def school(self, session: ActorSession) -> int:
        number = next(self.numbers)
        mine = session.scalars(select(School).where(col(School.id) == self.world.mine)).one()
        school = School(
            name=f"École n° {number}", name_key=f"ecole n {number}", fase_number=20_000 + number,
            calendar_id=mine.calendar_id,
        )  # fmt: skip
        session.add(school)
        session.flush()
        assert school.id is not None
        return school.id

    def _caller(
        self,
        session: ActorSession,
        troubles: tuple[str, ...],
        who: Mapping[str, Any] | None = None,
    ) -> Caller:
        number = next(self.numbers)
        school = self.world.mine
        if any(TROUBLES[trouble].own_school for trouble in troubles):
            school = self.school(session)
        email = f"membre{number}@courriel.example"
        facts: dict[str, Any] = {"surname": f"Appelant{number}", "email": email, **(who or {})}
        for trouble in troubles:
            facts |= TROUBLES[trouble].facts
        if "email" in facts and facts["email"] and "{n}" in facts["email"]:
            facts["email"] = facts["email"].format(n=number)
        member = _person(session, self.world, school, dict(facts))
        caller = Caller(session, self.world, school, member, facts["email"] or email)
        caller.facts["number"] = number
        wanted = sorted(troubles, key=list(TROUBLES).index)
        stages = [TROUBLES[trouble].stage for trouble in wanted]
        stage = max(stages, key=_STAGES.index, default="active")
        if stage in ("active", "invited"):
            caller.invite()
        if stage == "active":
            caller.activate()
        for trouble in wanted:
            if TROUBLES[trouble].happen is not None:
                TROUBLES[trouble].happen(self, caller)
        session.flush()
        return caller


@dataclass(frozen=True)
class Trouble:
    """What is wrong: facts of the records, what happened, and how far the caller had come.

    `stage` is active, invited or known: the earliest of a situation's troubles holds.
    """

    happen: Callable[..., None] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    stage: str = "active"
    own_school: bool = False


# --- the troubles, by cause ----------------------------------------------------------------


def _other_consent(town: Town, caller: Caller) -> None:
    caller.add(_consent(caller, f"autre{caller.facts['number']}@courriel.example"))


def _withdrawn(town: Town, caller: Caller) -> None:
    caller.add(_consent(caller, caller.email, withdrawn_at=caller.at - timedelta(days=1)))


def _consent(caller: Caller, email: str, **facts: Any) -> Consent:
    return Consent(
        person_id=caller.member.person, school_id=caller.school, post_id=caller.member.post,
        email=email, email_key=email.casefold(), text_version=1, signed_on=date(2026, 8, 28),
        recorded_at=caller.at - BEFORE, **facts,
    )  # fmt: skip


def _printed(town: Town, caller: Caller) -> None:
    caller.add(
        PrintedForm(
            post_id=caller.member.post, school_id=caller.school, text_version=1, language="fr",
            email=caller.email, printed_at=caller.at - BEFORE,
        )
    )  # fmt: skip


def _mail(**facts: Any) -> Callable[..., None]:
    """The latest mail came to something else than being sent."""

    def happen(town: Town, caller: Caller) -> None:
        letter = caller.session.scalars(
            select(Mail).where(col(Mail.access_id) == caller.member.access)
            .order_by(col(Mail.id).desc())
        ).first()  # fmt: skip
        assert letter is not None
        letter.sent_at = None
        for name, value in facts.items():
            setattr(letter, name, caller.at - value if isinstance(value, timedelta) else value)

    return happen


def _expired(town: Town, caller: Caller) -> None:
    latest = caller.session.scalars(
        select(Invitation).where(
            col(Invitation.access_id) == caller.member.access,
            col(Invitation.replaced_at).is_(None),
        )
    ).one()
    latest.queued_at = caller.at - timedelta(days=20)
    latest.valid_until = caller.at - timedelta(days=6)


def _changed(town: Town, caller: Caller) -> None:
    new = f"nouveau{caller.facts['number']}@courriel.example"
    caller.person.personal_email = caller.person.personal_email_key = new
    caller.add(_consent(caller, new))


def _again(town: Town, caller: Caller) -> None:
    caller.invite(timedelta(hours=2))


def _old_token(town: Town, caller: Caller) -> None:
    caller.invite(timedelta(hours=2))
    caller.tried("token", "replaced", access_id=caller.member.access)


def _suspended(town: Town, caller: Caller) -> None:
    caller.add(
        Suspension(
            access_id=caller.member.access, school_id=caller.school,
            from_at=caller.at - timedelta(days=1), reason="sortie",
        )
    )  # fmt: skip


def _lost_here(town: Town, caller: Caller) -> None:
    """Works in two schools, and has lost the access in the first."""
    _suspended(town, caller)
    session = caller.session
    other = town.school(session)
    post = Post(
        person_id=caller.member.person, school_id=other, school_year_id=caller.world.year,
        source_id=caller.world.source, function="teacher", created_at=caller.at,
    )  # fmt: skip
    caller.add(post)
    access = Access(
        person_id=caller.member.person, school_id=other, school_year_id=caller.world.year,
        service_id=caller.world.service, post_id=post.id, granted_at=caller.at - BEFORE,
        activated_at=caller.at - timedelta(days=2), activation="token",
    )  # fmt: skip
    caller.add(access)


def _double(town: Town, caller: Caller) -> None:
    other = _person(
        caller.session, caller.world, caller.school,
        {"surname": f"Sosie{caller.facts['number']}", "email": None, "consent": False},
    )  # fmt: skip
    caller.add(
        SuspectedDouble(
            person_id=caller.member.person,
            other_id=other.person,
            score=4,
            found_at=caller.at - timedelta(days=2),
        )
    )


def _last_year(town: Town, caller: Caller) -> None:
    """Move post and access to the year before."""
    year = caller.session.scalars(
        select(SchoolYear).where(col(SchoolYear.label) == "2025-2026")
    ).one()
    caller.post.school_year_id = caller.access.school_year_id = year.id
    caller.session.flush()


def _left_out(town: Town, caller: Caller) -> None:
    """Everybody else of the school is in the new year already."""
    _last_year(town, caller)
    _person(
        caller.session, caller.world, caller.school,
        {"surname": f"Collègue{caller.facts['number']}"},
    )  # fmt: skip


def _mission(label: str, **facts: Any) -> Callable[..., None]:
    def happen(town: Town, caller: Caller) -> None:
        year = caller.session.scalars(
            select(SchoolYear).where(col(SchoolYear.label) == label)
        ).one()
        removed = facts.get("removed")
        caller.add(
            Mission(
                person_id=caller.member.person, school_id=caller.school, school_year_id=year.id,
                code="digital_lead", given_at=caller.at - timedelta(days=300),
                removed_at=caller.at - removed if removed else None,
            )
        )  # fmt: skip

    return happen


def _predecessor(town: Town, caller: Caller) -> None:
    _person(
        caller.session, caller.world, caller.school,
        {
            "surname": f"Ancien{caller.facts['number']}", "function": "principal",
            "start_date": date(2020, 9, 1), "email": None, "consent": False,
        },
    )  # fmt: skip
    caller.post.start_date = date(2026, 8, 24)


def _locked(town: Town, caller: Caller) -> None:
    account = caller.row(Account, caller.account)
    account.failed_tries, account.tries_since = 6, caller.at - timedelta(minutes=5)
    account.locked_until = caller.at + timedelta(minutes=20)


def _disabled(town: Town, caller: Caller) -> None:
    caller.row(Account, caller.account).disabled_at = caller.at - timedelta(days=1)


def _no_password(town: Town, caller: Caller) -> None:
    caller.row(Account, caller.account).password_hash = None


def _wrong_password(town: Town, caller: Caller) -> None:
    caller.tried("password", "wrong", account_id=caller.account, address_key=caller.email)


def _other_name(town: Town, caller: Caller) -> None:
    """Has a school address, too, and signs in with that one."""
    at_school = f"membre{caller.facts['number']}@ecole.example"
    caller.post.school_email = caller.post.school_email_key = at_school
    caller.tried("password", "unknown", address=at_school, address_key=at_school)


def _token_used(town: Town, caller: Caller) -> None:
    caller.tried("token", "used", access_id=caller.member.access)


def _second_account(town: Town, caller: Caller) -> None:
    caller.new_account(f"second{caller.facts['number']}@courriel.example")


def _reset_never(town: Town, caller: Caller) -> None:
    caller.tried("reset", "never_activated", address=caller.email, address_key=caller.email)


def _reset_limited(town: Town, caller: Caller) -> None:
    caller.tried("reset", "limited", account_id=caller.account, address_key=caller.email)


def _reset_mail(**facts: Any) -> Callable[..., None]:
    def happen(town: Town, caller: Caller) -> None:
        at = caller.at - timedelta(hours=3)
        letter = Mail(
            account_id=caller.account, template="password_reset", language="fr",
            recipient=caller.email, queued_at=at, expires_at=at + timedelta(days=1),
            next_attempt_at=at,
            **{k: caller.at - v if isinstance(v, timedelta) else v for k, v in facts.items()},
        )  # fmt: skip
        caller.add(letter)
        caller.add(
            PasswordReset(
                account_id=caller.account,
                generation=1,
                mail_id=letter.id,
                asked_at=at,
                valid_until=at + timedelta(days=1),
            )
        )

    return happen


def _shared(town: Town, caller: Caller) -> None:
    """Somebody else signs in with the same mailbox."""
    number = caller.facts["number"]
    other = _person(
        caller.session, caller.world, caller.school,
        {"surname": f"Conjoint{number}", "email": caller.email, "birth_date": date(1980, 1, 2)},
    )  # fmt: skip
    if caller.account:
        caller.row(Account, caller.account).email = f"prive{number}@courriel.example"
        caller.row(Account, caller.account).email_key = f"prive{number}@courriel.example"
        caller.session.flush()
    caller.new_account(caller.email, person_id=other.person, name="Conjoint")
    caller.person.birth_date = date(1979, 5, 6)


def _head(town: Town, caller: Caller, surname: str = "", since: timedelta = BEFORE) -> Any:
    person = caller.person
    surname = surname or person.surname
    head = Headship(
        school_id=caller.school, surname=surname, first_name=person.first_name,
        surname_key=name_key(surname), first_name_key=person.first_name_key,
        since=caller.at - since,
    )  # fmt: skip
    caller.add(head)
    address = HeadAddress(
        headship_id=head.id, school_id=caller.school, email=caller.email,
        email_key=caller.email.casefold(), recorded_at=caller.at - since, recorded_by="office",
        takes_effect_at=caller.at - since, in_force_at=caller.at - since,
    )  # fmt: skip
    caller.add(address)
    return head, address


def _password(
    caller: Caller, head: Any, address: Any, ago: timedelta, generation: int = 1, **facts: Any
) -> None:
    asked = caller.at - ago
    letter = Mail(
        school_id=caller.school, headship_id=head.id, template="headnet_password", language="fr",
        generation=generation, recipient=caller.email, queued_at=asked,
        expires_at=asked + timedelta(days=3), next_attempt_at=asked, sent_at=asked,
    )  # fmt: skip
    caller.add(letter)
    caller.add(
        HeadnetPassword(
            **{
                "headship_id": head.id, "school_id": caller.school, "generation": generation,
                "address_id": address.id, "mail_id": letter.id, "asked_at": asked,
                "asked_by": "coordinator", "takes_effect_at": asked + timedelta(hours=17),
                "in_force_at": asked + timedelta(hours=17), **facts,
            }
        )
    )  # fmt: skip


def _too_early(town: Town, caller: Caller) -> None:
    head, address = _head(town, caller)
    _password(caller, head, address, timedelta(hours=2), in_force_at=None)
    caller.tried("headnet", "too_early", headship_id=head.id, address_key=caller.email)


def _older(town: Town, caller: Caller) -> None:
    head, address = _head(town, caller)
    _password(caller, head, address, timedelta(days=3), replaced_at=caller.at - timedelta(days=2))
    _password(caller, head, address, timedelta(days=2), 2)
    caller.tried("headnet", "replaced", headship_id=head.id, address_key=caller.email)


def _elsewhere(town: Town, caller: Caller) -> None:
    head, address = _head(town, caller)
    _password(caller, head, address, timedelta(days=2))
    typed = "autre@courriel.example"
    caller.tried("headnet", "other_address", headship_id=head.id, address=typed, address_key=typed)


def _never_arrived(town: Town, caller: Caller) -> None:
    head, address = _head(town, caller)
    _password(caller, head, address, timedelta(days=2))
    letter = caller.session.scalars(
        select(Mail).where(col(Mail.headship_id) == head.id).order_by(col(Mail.id).desc())
    ).first()
    assert letter is not None
    letter.sent_at, letter.refused_at = None, caller.at - timedelta(days=2)
    letter.reply = "550 5.1.1 unknown user"


def _former_in_headnet(town: Town, caller: Caller) -> None:
    _head(town, caller, surname=f"Ancienne{caller.facts['number']}")


TROUBLES: dict[str, Trouble] = {
    # The records
    "no_address": Trouble(facts={"email": None, "consent": False}, stage="known"),
    "no_consents_at_all": Trouble(facts={"consent": False}, stage="known", own_school=True),
    "consent_withdrawn": Trouble(_withdrawn, {"consent": False}, "known"),
    "consent_other_address": Trouble(_other_consent, {"consent": False}, "known"),
    "consent_printed": Trouble(_printed, {"consent": False}, "known"),
    "no_consent": Trouble(facts={"consent": False}, stage="known"),
    "no_role": Trouble(facts={"function": "gardien"}, stage="known"),
    "typing_error": Trouble(facts={"email": "membre{n}@gmial.com"}, stage="invited"),
    "not_invited": Trouble(stage="known"),
    "date_passed": Trouble(facts={"exit_date": date(2026, 8, 25)}),
    "absent": Trouble(facts={"present": False}),
    "disappeared": Trouble(facts={"disappeared_at": datetime.fromisoformat("2026-08-30T08:00Z")}),
    # The mails
    "held": Trouble(_mail(held_at=timedelta(hours=3)), stage="invited"),
    "bounced": Trouble(_mail(bounced_at=timedelta(hours=3), reply="550 unknown"), stage="invited"),
    "refused": Trouble(_mail(refused_at=timedelta(hours=3), reply="550 no"), stage="invited"),
    "mail_waits": Trouble(_mail(), stage="invited"),
    "uncertain": Trouble(_mail(uncertain_at=timedelta(hours=3)), stage="invited"),
    "address_changed": Trouble(_changed, stage="invited"),
    "expired": Trouble(_expired, stage="invited"),
    "several_mails": Trouble(_again, stage="invited"),
    "token_replaced": Trouble(_old_token, stage="invited"),
    # The person
    "deactivated": Trouble(_suspended),
    "lost_in_one_school": Trouble(_lost_here),
    "duplicate": Trouble(_double),
    "ended": Trouble(_last_year, own_school=True),
    "no_post": Trouble(_left_out, own_school=True),
    "mission_removed": Trouble(_mission("2026-2027", removed=timedelta(days=1))),
    "mission_not_renewed": Trouble(_mission("2025-2026")),
    "former_head": Trouble(_predecessor, {"function": "principal"}, own_school=True),
    # The door
    "account_disabled": Trouble(_disabled),
    "locked": Trouble(_locked),
    "no_password": Trouble(_no_password),
    "wrong_password": Trouble(_wrong_password),
    "wrong_identifier": Trouble(_other_name),
    "token_used": Trouble(_token_used),
    "two_accounts": Trouble(_second_account),
    "reset_never_activated": Trouble(_reset_never, stage="invited"),
    "reset_limited": Trouble(_reset_limited),
    "reset_mail_lost": Trouble(_reset_mail(bounced_at=timedelta(hours=2))),
    "reset_mail_waits": Trouble(_reset_mail()),
    "shared_mailbox": Trouble(_shared),
    # HeadNet
    "headnet_waits": Trouble(_too_early, own_school=True),
    "headnet_replaced": Trouble(_older, own_school=True),
    "headnet_address": Trouble(_elsewhere, own_school=True),
    "headnet_mail_lost": Trouble(_never_arrived, own_school=True),
    "headnet_former_head": Trouble(_former_in_headnet, {"function": "principal"}, own_school=True),
}
