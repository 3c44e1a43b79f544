"""A database with one large team in it, in which every status occurs."""

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import col

from benchmarks.databases import NOW, settle_down
from benchmarks.people import FIRST_FASE, Member, members
from models import bulk
from models.access import Service, search_key_for
from models.database import SYSTEM, Actor, reading
from models.schools import SchoolYear
from services.desk import Desk

#: People in the second school, which a director must not see.
_ELSEWHERE = 50
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Team:
    """The school with the team, its school year, and who looks at it."""

    engine: Engine
    school_id: int
    school_year_id: int
    size: int

    @property
    def helpdesk(self) -> Desk:
        """Somebody who sees every school."""
        return Desk(self.engine, Actor("helpdesk", "helpdesk", None), lambda: NOW)

    @property
    def director(self) -> Desk:
        """Somebody who sees this school alone."""
        actor = Actor("director", "director", frozenset({self.school_id}))
        return Desk(self.engine, actor, lambda: NOW)


def make_team(engine: Engine, size: int, *, ready: bool = False) -> Team:
    """Fill an empty database; with `ready` everybody can be invited, and nobody is yet."""
    with reading(engine, SYSTEM, NOW) as session:
        label = col(SchoolYear.label)
        year = session.scalars(select(col(SchoolYear.id)).where(label == "2026-2027")).one()
        service = session.scalars(select(col(Service.id)).where(col(Service.code) == "extranet"))
        service_id = service.one()
    assert year is not None
    assert service_id is not None
    with engine.execution_options(writes=True).begin() as connection:
        filling = _Filling(connection, year, service_id, ready)
        filling.places()
        filling.people(list(members(size)), 1)
        filling.people(list(members(size + _ELSEWHERE))[size:], 2)
    settle_down(engine)
    return Team(engine, 1, year, size)


class _Filling:
    """Writes rows in the neutral form of `models.bulk`."""

    def __init__(self, connection: Any, year: int, service: int, ready: bool) -> None:
        self._connection = connection
        self._year, self._service, self._ready = year, service, ready
        self._at = bulk.neutral(NOW.astimezone(UTC) - 7 * _DAY)

    def _insert(self, table: str, columns: str, rows: list[Any], **alike: Any) -> None:
        bulk.insert_rows(self._connection, table, columns.split(), rows, alike)

    def places(self) -> None:
        schools = [(i, f"École {i}", f"ecole {i}", FIRST_FASE + i) for i in (1, 2)]
        self._insert(
            "school", "id name name_key fase_number", schools, kind="school", calendar_id=1,
            time_zone="Europe/Brussels", language="fr", enterprise_number="", network="",
            street="", postal_code="", locality="", contact_name="Anne Lecomte",
            contact_email="secretariat@ecole.example", contact_phone="",
        )  # fmt: skip
        sources = [(1, "proeco", "ProEco", "staff")]
        self._insert(
            "source", "id code name format", sources, address_rule="personal_first",
            fase_identifiers=False, mapping="null",
        )  # fmt: skip

    def people(self, people: list[Member], school: int) -> None:
        self._persons(people)
        self._posts(people, school)
        self._accesses(people, school)
        self._consents(people, school)
        if not self._ready:
            self._invitations([p for p in people if self._is_invited(p)], school)

    def _email(self, one: Member) -> str | None:
        return one.email if self._ready or one.number % 20 else None

    def _has_consent(self, one: Member) -> bool:
        return self._ready or (one.number % 3 > 0 and self._email(one) is not None)

    def _is_invited(self, one: Member) -> bool:
        return self._has_consent(one) and one.number % 4 > 0

    def _persons(self, people: list[Member]) -> None:
        rows = [
            (
                p.number, p.surname, p.first_name, *p.keys, p.birth_date.isoformat(), p.sex,
                self._email(p), self._email(p),
            )
            for p in people
        ]  # fmt: skip
        self._insert(
            "person",
            "id surname first_name surname_key first_name_key birth_date sex personal_email"
            " personal_email_key",
            rows, language="", personal_email_field="e-mail privé", created_at=self._at,
        )  # fmt: skip

    def _posts(self, people: list[Member], school: int) -> None:
        self._insert(
            "post", "id person_id function",
            [(p.number, p.number, p.function_code) for p in people],
            school_id=school, school_year_id=self._year, source_id=1, other_functions="",
            role_by_hand=False, present=True, school_email_field="", created_at=self._at,
        )  # fmt: skip

    def _accesses(self, people: list[Member], school: int) -> None:
        rows = [
            (
                p.number, p.number, p.number, search_key_for(*p.keys, self._email(p), None),
                p.function_code, self._activated(p), "token" if self._activated(p) else "",
            )
            for p in people
        ]  # fmt: skip
        self._insert(
            "access",
            "id person_id post_id search_key function_key activated_at activation",
            rows, school_id=school, school_year_id=self._year, service_id=self._service,
            granted_at=self._at,
        )  # fmt: skip

    def _activated(self, one: Member) -> str | None:
        active = not self._ready and self._is_invited(one) and one.number % 5 < 2
        return bulk.neutral(NOW - _DAY) if active else None

    def _consents(self, people: list[Member], school: int) -> None:
        rows = [(p.number, p.number, p.email, p.email) for p in people if self._has_consent(p)]
        self._insert(
            "consent", "person_id post_id email email_key", rows, school_id=school,
            text_version=1, signed_on="2026-08-28", recorded_at=self._at,
        )  # fmt: skip

    def _invitations(self, people: list[Member], school: int) -> None:
        """One mail each: most sent, some refused or bounced, some still waiting."""
        queued, valid = bulk.neutral(NOW - 3 * _DAY), bulk.neutral(NOW + 11 * _DAY)
        sent = bulk.neutral(NOW - 2 * _DAY)
        mails = []
        for p in people:
            fate = p.number % 40
            left, bounced, refused = fate > 9, fate in (11, 12), fate == 9
            ended = sent if left or refused else None
            mails.append(
                (
                    p.number, p.number, p.number, p.email, sent if left else None,
                    sent if bounced else None, sent if refused else None, ended,
                )
            )  # fmt: skip
        self._insert(
            "mail",
            "id person_id access_id recipient sent_at bounced_at refused_at closed_at",
            mails, school_id=school, template="invitation", language="fr", generation=1,
            queued_at=queued, expires_at=valid, next_attempt_at=queued, attempts=1, reply="",
        )  # fmt: skip
        self._insert(
            "invitation", "id access_id mail_id", [(p.number,) * 3 for p in people],
            school_id=school, generation=1, queued_at=queued, valid_until=valid,
        )  # fmt: skip
