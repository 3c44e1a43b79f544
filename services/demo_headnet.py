"""The sample schools' heads: passwords of every state, a former head, a change of address.

Told as in `services.demo`: through the services, by whoever would do it, days before today.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from models.database import SYSTEM, Actor
from models.headnet import HeadnetPassword
from models.nightly import Schedule
from services import (
    demo_schools,
    head_addresses,
    headnet_passwords,
    headnet_sign_in,
    headnet_update,
    heads,
    outbox,
)
from services.desk import Desk
from services.headnet_rows import head_of

#: Who is head of which school, the first one of the college until she retired.
HEADS = {
    demo_schools.MAIN: ("Anne", "Lambert", "direction@saint-aubert.example"),
    demo_schools.PRIMARY: ("Catherine", "Mertens", "c.mertens@ecole-tilleuls.example"),
    demo_schools.COLLEGE: ("Ulrike", "Heinen", "u.heinen@hautefagne.example"),
}
SUCCESSOR = ("Étienne", "Charlier", "e.charlier@hautefagne.example")
NEW_ADDRESS = "a.lambert@saint-aubert.example"
_NO_SUCH_USER = "550 5.1.1 The e-mail account does not exist"
_SCHEDULE = Schedule()


@dataclass(frozen=True, slots=True)
class _Deed:
    """Something that was done to the accounts of heads so many days ago."""

    ago: float
    actor: Actor
    do: Callable[[Any], object]


class DemoHeadnet:
    """Three heads' accounts, each to where it stands today; `go_on` tells them.

    `desk` gives an actor's desk at a moment, `deliver` lets a mail server of the story take the
    mails that are due at one. `at` is the moment of the demonstration.
    """

    def __init__(
        self,
        at: datetime,
        actors: Mapping[str, Actor],
        schools: Mapping[int, int],
        desk: Callable[[Actor, datetime], Desk],
        deliver: Callable[[datetime], object],
    ) -> None:
        self._at, self._schools = at, schools
        self._office, self._coordinator = actors["helpdesk"], actors["coordinator"]
        self._desk, self._deliver = desk, deliver
        self._deeds = sorted(
            [*self._main(), *self._primary(), *self._college()], key=lambda deed: -deed.ago
        )

    def go_on(self, until: float) -> None:
        """Let happen what happened more than `until` days ago and was not told yet."""
        due = [deed for deed in self._deeds if deed.ago > until]
        self._deeds = [deed for deed in self._deeds if deed.ago <= until]
        for deed in due:
            at = self._at - timedelta(days=deed.ago)
            self._desk(deed.actor, at).write(deed.do)
            self._deliver(at + timedelta(minutes=1))

    def _main(self) -> list[_Deed]:
        """A password that works, and an address that changes tonight."""
        school = self._schools[demo_schools.MAIN]
        return [
            self._record(60, self._office, demo_schools.MAIN),
            self._ask(16, self._office, school),
            _Deed(15 - 0.01, SYSTEM, _update),
            _Deed(4, SYSTEM, lambda session: _sign_in(session, school)),
            _Deed(
                0.03,
                self._office,
                lambda session: head_addresses.change_address(
                    session, school, NEW_ADDRESS, _SCHEDULE
                ),
            ),
        ]

    def _primary(self) -> list[_Deed]:
        """A password whose mail came back."""
        school = self._schools[demo_schools.PRIMARY]
        return [
            self._record(60, self._office, demo_schools.PRIMARY),
            self._ask(6, self._office, school),
            _Deed(5.9, SYSTEM, lambda session: _come_back(session, school)),
            _Deed(5 - 0.01, SYSTEM, _update),
        ]

    def _college(self) -> list[_Deed]:
        """The coordinator's: one head after the other, three passwords, the last of today."""
        school = self._schools[demo_schools.COLLEGE]

        def succeed(session: Any) -> None:
            plan = heads.prepare_new_head(session, school, _form(SUCCESSOR))
            heads.record_new_head(session, plan)

        return [
            self._record(60, self._coordinator, demo_schools.COLLEGE),
            self._ask(50, self._coordinator, school),
            _Deed(49 - 0.01, SYSTEM, _update),
            _Deed(30, self._coordinator, succeed),
            self._ask(29, self._coordinator, school),
            _Deed(28 - 0.01, SYSTEM, _update),
            self._ask(9, self._coordinator, school),
            _Deed(8 - 0.01, SYSTEM, _update),
            self._ask(0.02, self._coordinator, school),
        ]

    def _record(self, ago: float, actor: Actor, fase: int) -> _Deed:
        form = _form(HEADS[fase])
        return _Deed(
            ago, actor, lambda session: heads.record_head(session, self._schools[fase], form)
        )

    def _ask(self, ago: float, actor: Actor, school: int) -> _Deed:
        def ask(session: Any) -> None:
            plan = headnet_passwords.prepare(session, school, _SCHEDULE)
            headnet_passwords.send(
                session, plan, _SCHEDULE, address_confirmed=True, former_confirmed=True
            )

        return _Deed(ago, actor, ask)


def _form(head: tuple[str, str, str]) -> dict[str, str]:
    first_name, surname, email = head
    return {"first_name": first_name, "surname": surname, "email": email}


def _update(session: Any) -> None:
    headnet_update.take_into_force(session, 100)


def _sign_in(session: Any, school: int) -> None:
    head = head_of(session, school)
    assert head is not None and head.id is not None
    headnet_sign_in.note_sign_in(session, head.id)


def _come_back(session: Any, school: int) -> None:
    asked = select(HeadnetPassword).where(col(HeadnetPassword.school_id) == school)
    password = session.scalars(asked).one()
    outbox.record_bounce(session, password.mail_id, password.generation, _NO_SUCH_USER)
