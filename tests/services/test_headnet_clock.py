"""Three days around each change of the clock, minute by minute: what works, and what was said.

Passwords are asked for in a row and an address is changed between them, while an update runs
each hour and twice each time, as by a timer on two machines, and fails once. At every minute
exactly the latest password works, from the very minute that was promised when it was asked for
(but for the update that failed: from the next one), with exactly the address in force.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import col

from models.database import SYSTEM, ActorSession, reading
from models.errors import TrousseauError
from models.mail import Mail
from models.nightly import Schedule
from services import head_addresses, headnet_passwords
from services.headnet_passwords import accepts
from tests.services.headnet_world import ADDRESS, KEY, Heads, make_heads

BRUSSELS = ZoneInfo("Europe/Brussels")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OTHER = "luc.dhondt@autre.example"

_FULL_DISK = {
    "sqlite": (
        (
            "CREATE TRIGGER full_disk BEFORE UPDATE ON headnet_password WHEN NEW.in_force_at IS NOT"
            " NULL BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'disk full'; END $$"
        ),
        (
            "CREATE TRIGGER full_disk BEFORE UPDATE ON headnet_password FOR EACH ROW"
            " WHEN (NEW.in_force_at IS NOT NULL) EXECUTE FUNCTION full_disk()"
        ),
    ),
}


@contextmanager
def full_disk(engine: Engine) -> Iterator[None]:
    """Let the database refuse that a password comes into force."""
    kind = engine.dialect.name
    with engine.begin() as connection:
        for statement in _FULL_DISK[kind]:
            connection.exec_driver_sql(statement)
    yield
    with engine.begin() as connection:
        table = "" if kind == "sqlite" else " ON headnet_password"
        connection.exec_driver_sql(f"DROP TRIGGER full_disk{table}")


@dataclass
class Promise:
    """A password as the screen promised it, and as an account by hand keeps it."""

    generation: int
    asked_at: datetime
    works_from: datetime
    token: str
    replaced: bool = False
    works: bool = False
    first_worked: datetime | None = None


@dataclass
class Account:
    """What should hold, kept by hand: it knows no row, but what the screen said."""

    house: Heads
    headship: int
    passwords: list[Promise] = field(default_factory=list)
    address: str = ADDRESS
    pending: tuple[str, datetime] | None = None

    def ask(self) -> None:
        mine, schedule = self.house.world.mine, self.house.schedule
        plan = self.house.coordinator.read(headnet_passwords.prepare, mine, schedule)
        former = [one for one in self.passwords if not one.replaced]
        assert [one.generation for one in plan.former] == [one.generation for one in former]
        assert (plan.email, plan.pending_email) == (self.address, self.pending and self.pending[0])
        self.house.coordinator.write(
            headnet_passwords.send,
            plan,
            schedule,
            address_confirmed=True,
            former_confirmed=bool(former),
        )
        for one in former:
            one.replaced = True
        mail = self.house.latest().mail_id
        sent = {"sent_at": self.house.world.clock(), "closed_at": self.house.world.clock()}
        self.house.edit(Mail, col(Mail.id) == mail, **sent)
        token = self.house.password(self.headship, plan.generation)
        now = self.house.world.clock()
        self.passwords.append(Promise(plan.generation, now, plan.works_from, token))

    def change(self, email: str) -> None:
        """Record an address, or cancel the change that waits where it is the one in force."""
        desk, mine = self.house.coordinator, self.house.world.mine
        if email == self.address:
            pending = self.house.page().pending
            assert pending is not None
            desk.write(head_addresses.cancel_change, mine, pending.address_id)
            self.pending = None
            return
        done = desk.write(head_addresses.change_address, mine, email, self.house.schedule)
        self.pending = (email, done.takes_effect_at)

    def update(self) -> None:
        """What an update that ran should have done."""
        now = self.house.world.clock()
        if self.pending and self.pending[1] <= now:
            self.address, self.pending = self.pending[0], None
        for one in self.passwords:
            one.works = one.works or (not one.replaced and one.works_from <= now)

    def check_door(self, session: ActorSession, all_pairs: bool) -> None:
        """Look at the door: the right pair opens where one should, and no other does."""
        if not self.passwords:
            return
        latest = self.passwords[-1]
        pairs = [(latest, self.address)]
        if all_pairs:
            pairs = [(one, email) for one in self.passwords[-3:] for email in (ADDRESS, OTHER)]
        for one, email in pairs:
            should = one is latest and one.works and not one.replaced and email == self.address
            opens = accepts(session, KEY, email, one.token).headship_id == self.headship
            assert opens == should, (session.at, one.generation, email)
            if opens and one.first_worked is None:
                one.first_worked = session.at

    def check_page(self) -> None:
        """Look at the page: it says of each password and address what is so."""
        page, now = self.house.page(), self.house.world.clock()
        for shown, one in zip(page.passwords, reversed(self.passwords), strict=True):
            due = "overdue" if one.works_from <= now else "waiting"
            state = "replaced" if one.replaced else "valid" if one.works else due
            assert (shown.generation, shown.state) == (one.generation, state), now
            assert shown.takes_effect_at == one.works_from
        assert page.address is not None and page.address.email == self.address
        pending = page.pending and (page.pending.email, page.pending.takes_effect_at)
        assert pending == self.pending


#: What happens when, by the clock of Brussels before the change: hours after the first noon.
#: Around the hours at which the clock is changed passwords are asked for from minute to minute.
_NIGHT = 15  # three o'clock
ASKED = (
    2, 9, _NIGHT - 1 / 60, _NIGHT, _NIGHT + 1 / 60, _NIGHT + 0.5, _NIGHT + 59 / 60, _NIGHT + 1,
    24, 36, _NIGHT + 24 + 5, 58,
)  # fmt: skip
CHANGED = {3: OTHER, _NIGHT + 0.25: ADDRESS, _NIGHT + 7: OTHER, 50: ADDRESS}


def test_at_every_minute_what_was_promised_works_while_the_clock_is_put_back(
    engine: Engine,
) -> None:
    _follow(engine, "2026-10-24T12:00", 1 if engine.dialect.name == "sqlite" else 20)


def test_at_every_minute_what_was_promised_works_while_the_clock_is_put_forward(
    sqlite_engine: Engine,
) -> None:
    _follow(sqlite_engine, "2027-03-27T12:00", 1)


def _follow(engine: Engine, first_noon: str, step: int) -> None:
    """Follow three days: at each minute that something happens, the one before, and each `step`."""
    start = datetime.fromisoformat(first_noon).replace(tzinfo=BRUSSELS).astimezone(UTC)
    house = make_heads(engine, start, Schedule(time(3), BRUSSELS))
    account = Account(house, house.record())
    account.house.later(minutes=1)
    asked = {start + round(hours * 60) * MINUTE for hours in ASKED}
    changed = {start + round(hours * 60) * MINUTE: email for hours, email in CHANGED.items()}
    fails_at = house.schedule.due_at(start.date() + 2 * DAY)
    failures, minute = 0, start
    while minute < start + 3 * DAY:
        happens = minute.minute == 0 or minute in asked or minute in changed
        if happens:
            house.world.clock.now = minute
            failures += _happen(account, minute in asked, changed.get(minute), minute == fails_at)
        until = minute + MINUTE
        while not (until.minute == 0 or until in asked or until in changed):
            until += MINUTE
        with reading(engine, SYSTEM, minute) as session:
            while minute < until:
                session.at = minute
                edge = happens or minute == until - MINUTE
                if edge or minute.minute % step == 0:
                    account.check_door(session, all_pairs=edge)
                happens = False
                minute += MINUTE
        house.world.clock.now = until - MINUTE
        account.check_page()
    assert failures == 1
    _check_promises(account, fails_at)


def _happen(account: Account, asks: bool, email: str | None, fails: bool) -> int:
    """Do what is done at one minute; return how many updates failed."""
    house = account.house
    if email is not None:
        account.change(email)
    if asks:
        account.ask()
    if house.world.clock().minute:
        return 0
    if fails:
        with full_disk(house.world.engine), pytest.raises(TrousseauError):
            house.night()
        return 1
    house.night()
    account.update()
    before = [len(house.mails(name)) for name in ("head_address_changed", "headnet_password")]
    again = house.night()
    assert again.already and again.in_force == 0
    after = [len(house.mails(name)) for name in ("head_address_changed", "headnet_password")]
    assert before == after
    return 0


def _check_promises(account: Account, failed_at: datetime) -> None:
    hour, delayed = account.house.schedule.time, 0
    for one in account.passwords:
        assert timedelta(0) < one.works_from - one.asked_at <= DAY, "never longer than 24 hours"
        by_clock = one.works_from.astimezone(BRUSSELS).time()
        by_old_clock = (one.works_from - DAY).astimezone(BRUSSELS).time()
        assert hour in (by_clock, by_old_clock), "at the hour of the network"
        if one.first_worked is not None:
            late = HOUR if one.works_from == failed_at else timedelta(0)
            assert one.first_worked == one.works_from + late
            delayed += bool(late)
        else:
            assert one.replaced, "whatever never worked was replaced before its hour"
    assert sum(one.first_worked is not None for one in account.passwords) >= 2
    assert delayed == 1, "one of them met the update that failed"
