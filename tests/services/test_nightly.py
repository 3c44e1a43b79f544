"""The nightly update: each step, once a night, whoever comes, however late."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlmodel import col

from models.access import Suspension
from models.accounts import Account, AddressChange, Draft, Origin, SignInEvent
from models.consents import Consent
from models.database import SYSTEM, change, reading, writing
from models.errors import TrousseauError
from models.invitations import Invitation
from models.journal import check_after
from models.keys import Key
from models.language import say
from models.mail import Mail
from models.nightly import NightlyRun, Schedule
from models.people import Post
from services import outbox
from services.address_changes import ADDRESS_CHANGED, TAKEN, apply
from services.nightly import (
    LEASE,
    STEPS,
    Nightwork,
    Overtaken,
    do_if_overdue,
    is_overdue,
    last_finished,
    months_before,
    run,
)
from tests.nights import (
    INVITED,
    KEY,
    NIGHT,
    account,
    bounces,
    count,
    fill_the_door,
    invited,
    nightwork,
    reminders,
    report,
    wants,
)
from tests.worlds import World, make_world

NOTHING = dict.fromkeys(STEPS, 0)


def quiet(world: World) -> World:
    """Let the journal have been looked at, so that a night has nothing to do."""
    world.clock.now = NIGHT - timedelta(days=1)
    run(nightwork(world, reminder_days=0))
    world.clock.now = NIGHT
    return world


class TestOnce:
    def test_a_night_is_done_once(self, engine: Any) -> None:
        world = invited(engine, 3)
        first, second = run(nightwork(world)), run(nightwork(world))
        assert first.night == second.night == date(2026, 9, 9)
        assert (first.already, first.finished, first.done["reminders"]) == (False, True, 3)
        assert (second.already, second.running) == (True, False)
        assert second.done == first.done
        assert tuple(first.done) == STEPS
        assert sum(reminders(engine).values()) == 3

    def test_the_next_night_finds_only_what_is_new(self, engine: Any) -> None:
        world = quiet(invited(engine, 3))
        run(nightwork(world))
        world.clock.now += timedelta(days=1)
        later = run(nightwork(world))
        assert later.done == NOTHING

    def test_a_late_run_does_the_night_that_is_due_and_no_missed_one(self, engine: Any) -> None:
        world = quiet(invited(engine, 3))
        world.clock.now = NIGHT + timedelta(days=4, hours=15)
        assert run(nightwork(world)).night == date(2026, 9, 13)
        assert sum(reminders(engine).values()) == 3
        assert count(engine, NightlyRun) == 2

    def test_before_its_time_it_is_still_the_night_before(self, engine: Any) -> None:
        world = invited(engine, 1)
        world.clock.now = datetime(2026, 9, 9, 0, 59, tzinfo=UTC)  # 2:59 in Brussels
        assert run(nightwork(world)).night == date(2026, 9, 8)
        world.clock.now += timedelta(minutes=1)
        assert run(nightwork(world)).night == date(2026, 9, 9)

    @pytest.mark.parametrize("changed", [date(2027, 3, 28), date(2027, 10, 31)])
    def test_over_the_changes_of_the_clock_each_night_once(
        self, sqlite_engine: Any, changed: date
    ) -> None:
        world = make_world(sqlite_engine, INVITED)
        schedule = Schedule(time(2, 30))
        start = datetime(changed.year, changed.month, changed.day - 1, 22, tzinfo=UTC)
        done = []
        for minute in range(0, 30 * 60, 7):
            world.clock.now = start + timedelta(minutes=minute)
            result = run(nightwork(world, schedule=schedule))
            if not result.already:
                done.append(result.night)
        assert done == [changed - timedelta(days=1), changed, changed + timedelta(days=1)]


class TestTakingOver:
    def begun(self, world: World, worker: str, **facts: Any) -> None:
        values = {"lease_until": NIGHT + LEASE, **facts}
        with writing(world.engine, SYSTEM, NIGHT) as session:
            session.add(
                NightlyRun(
                    night=date(2026, 9, 9),
                    started_at=NIGHT,
                    worker=worker,
                    done={"bounces": {"count": 4, "place": None}},
                    **values,
                )
            )

    def test_what_somebody_else_does_is_left_to_them(self, engine: Any) -> None:
        world = invited(engine, 2)
        self.begun(world, "elsewhere|1|1|a")
        result = run(nightwork(world))
        assert (result.already, result.running, result.done) == (True, True, {"bounces": 4})
        assert not reminders(engine)

    def test_after_its_lease_it_goes_on_where_it_was_left(self, engine: Any) -> None:
        world = invited(engine, 2)
        self.begun(world, "elsewhere|1|1|a")
        world.clock.now = NIGHT + LEASE
        result = run(nightwork(world))
        assert (result.already, result.finished) == (False, True)
        assert (result.done["bounces"], result.done["reminders"]) == (4, 2)

    def test_a_process_that_is_gone_is_not_waited_for(self, engine: Any) -> None:
        world = invited(engine, 2)
        machine, _pid, _started, nonce = outbox.worker_name().split("|")
        self.begun(world, f"{machine}|999999|1|{nonce}")
        assert run(nightwork(world)).done["reminders"] == 2

    def test_whoever_was_taken_for_dead_stops(self, engine: Any) -> None:
        world = invited(engine, 2)
        moments = [NIGHT, NIGHT, NIGHT]

        def clock() -> datetime:
            # Between two steps of the first, its machine sleeps for longer than the lease.
            if moments:
                return moments.pop()
            world.clock.now = NIGHT + LEASE
            if not count(engine, NightlyRun, col(NightlyRun.finished_at).is_not(None)):
                run(nightwork(world))
            return world.clock.now

        with pytest.raises(Overtaken):
            run(Nightwork(engine, clock, lambda: KEY))
        assert sorted(reminders(engine).values()) == [1, 1]

    def test_one_that_fails_gives_the_night_back(self, engine: Any) -> None:
        world = invited(engine, 2)
        calls = 0

        def clock() -> datetime:
            nonlocal calls
            calls += 1
            if calls == 6:
                raise RuntimeError("the machine's clock is gone")
            return NIGHT

        with pytest.raises(RuntimeError):
            run(Nightwork(engine, clock, lambda: KEY))
        result = run(nightwork(world))
        assert (result.already, result.done["reminders"]) == (False, 2)


class TestSteps:
    def test_mails_that_are_out_of_date_are_closed(self, engine: Any) -> None:
        world = invited(engine, 3)
        with writing(engine, SYSTEM, INVITED) as session:
            ids = session.scalars(select(col(Mail.id)).order_by(col(Mail.id))).all()
            values: list[dict[str, Any]] = [
                {"expires_at": NIGHT},
                {"held_at": INVITED},
                {"next_attempt_at": NIGHT + timedelta(hours=1)},
            ]
            for mail_id, facts in zip(ids, values, strict=True):
                session.execute(
                    update(Mail)
                    .where(col(Mail.id) == mail_id)
                    .values(sent_at=None, closed_at=None, **facts)
                )
            (last,) = session.scalars(
                select(col(Mail.person_id)).where(col(Mail.id) == ids[2])
            ).all()
            change(session, Consent, col(Consent.person_id) == last, withdrawn_at=INVITED)
        done = run(nightwork(world)).done
        assert (done["expired_mails"], done["withdrawn_mails"]) == (1, 1)
        with reading(engine, SYSTEM, NIGHT) as session:
            mails = session.scalars(select(Mail).order_by(col(Mail.id))).all()
            assert [mail.closed_at is not None for mail in mails] == [True, False, True]
            assert mails[2].cancelled_at == NIGHT
            invitation = session.scalars(
                select(Invitation).where(col(Invitation.mail_id) == ids[2])
            ).one()
            assert invitation.cancelled_at == NIGHT

    def test_ended_accesses_are_counted_on_the_night_after_their_last_day(
        self, engine: Any
    ) -> None:
        world = make_world(engine, INVITED)
        world.people(2)
        counted = []
        for day in range(15, 32):
            world.clock.now = datetime(2027, 8, day, 1, 30, tzinfo=UTC)
            counted.append(run(nightwork(world)).done["ended_accesses"])
        assert sorted(counted) == [0] * 16 + [2]

    def test_ended_accesses_of_missed_nights_are_counted_too(self, engine: Any) -> None:
        world = make_world(engine, INVITED)
        world.people(2)
        for moment, ended in ((datetime(2027, 8, 1, 2), 0), (datetime(2027, 9, 20, 2), 2)):
            world.clock.now = moment.replace(tzinfo=UTC)
            assert run(nightwork(world)).done["ended_accesses"] == ended

    def test_what_has_passed_deactivates_nobody(self, engine: Any) -> None:
        world = invited(engine, 1)
        with writing(engine, SYSTEM, INVITED) as session:
            change(session, Post, col(Post.id) > 0, exit_date=date(2026, 9, 2), present=False)
        run(nightwork(world))
        assert count(engine, Suspension) == 0

    def test_locks_that_are_over_are_lifted_and_the_tries_stay_on_record(self, engine: Any) -> None:
        world = quiet(make_world(engine, INVITED))
        over = account(world, "a@b.be", locked_until=NIGHT, failed_tries=5, tries_since=INVITED)
        on = account(world, "c@d.be", locked_until=NIGHT + timedelta(minutes=1))
        with writing(engine, SYSTEM, NIGHT) as session:
            session.add(Origin(name="a", last_try_at=NIGHT, locked_until=NIGHT))
            session.add(Origin(name="b", last_try_at=NIGHT, locked_until=NIGHT + LEASE))
        assert run(nightwork(world)).done["locks"] == 2
        with reading(engine, SYSTEM, NIGHT) as session:
            accounts = {row.id: row for row in session.scalars(select(Account))}
            assert accounts[over].locked_until is None
            assert (accounts[over].failed_tries, accounts[over].tries_since) == (5, INVITED)
            assert accounts[on].locked_until is not None

    def test_what_is_old_is_forgotten(self, engine: Any) -> None:
        world = quiet(make_world(engine, INVITED))
        fill_the_door(world, old=450, young=3)
        done = run(nightwork(world)).done
        assert (done["sign_ins"], done["origins"], done["drafts"]) == (450, 450, 450)
        assert [count(engine, table) for table in (SignInEvent, Origin, Draft)] == [3, 3, 3]

    def test_months_are_those_of_the_calendar(self) -> None:
        at = datetime(2027, 3, 31, 12, tzinfo=UTC)
        assert months_before(at, 13) == datetime(2026, 2, 28, 12, tzinfo=UTC)
        assert months_before(at, 12) == datetime(2026, 3, 31, 12, tzinfo=UTC)
        assert months_before(at, 3) == datetime(2026, 12, 31, 12, tzinfo=UTC)
        assert months_before(at.replace(year=2028), 1) == datetime(2028, 2, 29, 12, tzinfo=UTC)

    def test_reminders_can_be_left_out(self, engine: Any) -> None:
        world = invited(engine, 2)
        assert run(nightwork(world, reminder_days=0)).done["reminders"] == 0

    def test_many_reminders_take_several_transactions_and_are_counted_once(
        self, sqlite_engine: Any
    ) -> None:
        world = invited(sqlite_engine, 450)
        assert run(nightwork(world)).done["reminders"] == 450
        assert set(reminders(sqlite_engine).values()) == {1}


class TestAddresses:
    def test_a_confirmed_one_takes_effect_and_the_old_one_is_told(self, engine: Any) -> None:
        world = make_world(engine, NIGHT)
        mine = account(world, "old@b.be", name="Anne", language="en")
        wants(world, mine, "New@b.be")
        assert run(nightwork(world)).done["addresses"] == 1
        with reading(engine, SYSTEM, NIGHT) as session:
            (found,) = session.scalars(select(Account))
            assert (found.email, found.email_key) == ("New@b.be", "new@b.be")
            (mail,) = session.scalars(select(Mail))
            assert (mail.recipient, mail.template, mail.language) == (
                "old@b.be", ADDRESS_CHANGED, "en",
            )  # fmt: skip
            assert mail.account_id == mine
            (waiting,) = session.scalars(select(AddressChange))
            assert waiting.applied_at == NIGHT
        world.clock.now += timedelta(days=1)
        assert run(nightwork(world)).done["addresses"] == 0

    @pytest.mark.parametrize(
        "facts",
        [
            {"confirmed_at": None},
            {"takes_effect_at": NIGHT + timedelta(seconds=1)},
            {"takes_effect_at": None},
            {"cancelled_at": INVITED},
            {"applied_at": INVITED},
        ],
        ids=lambda facts: next(iter(facts)),
    )
    def test_others_do_not(self, engine: Any, facts: dict[str, Any]) -> None:
        world = make_world(engine, NIGHT)
        wants(world, account(world, "old@b.be"), "new@b.be", **facts)
        assert run(nightwork(world)).done["addresses"] == 0
        assert count(engine, Account, col(Account.email) == "old@b.be") == 1

    def test_one_that_is_taken_meanwhile_stays_the_others(self, engine: Any) -> None:
        world = make_world(engine, NIGHT)
        mine = account(world, "old@b.be")
        waiting = wants(world, mine, "New@b.be")
        account(world, "new@B.BE".lower())
        assert run(nightwork(world)).done["addresses"] == 0
        with reading(engine, SYSTEM, NIGHT) as session:
            assert {row.email for row in session.scalars(select(Account))} == {
                "old@b.be", "new@b.be",
            }  # fmt: skip
            (told,) = session.scalars(select(SignInEvent))
            assert (told.kind, told.outcome, told.account_id) == ("address", TAKEN, mine)
            (row,) = session.scalars(select(AddressChange))
            assert (row.cancelled_at, row.applied_at) == (NIGHT, None)
        assert count(engine, Mail) == 0
        assert world.desk.write(apply, waiting) is False

    def test_two_who_want_the_same_get_one(self, engine: Any) -> None:
        world = make_world(engine, NIGHT)
        for name in ("a", "b"):
            wants(world, account(world, f"{name}@b.be"), "both@b.be")
        assert run(nightwork(world)).done["addresses"] == 1
        assert count(engine, Account, col(Account.email_key) == "both@b.be") == 1


class TestBounces:
    def test_a_maildir_is_read_once(self, engine: Any, tmp_path: Path) -> None:
        world = invited(engine, 3)
        bounces(world, tmp_path / "b", 2)
        assert run(nightwork(world, tmp_path / "b")).done["bounces"] == 2
        assert not list((tmp_path / "b" / "new").iterdir())
        assert count(engine, Mail, col(Mail.bounced_at).is_not(None)) == 2

    @pytest.mark.parametrize("kind", ["mbox", "folder", "file"])
    def test_other_places_are_left_as_they_are_and_count_once(
        self, engine: Any, tmp_path: Path, kind: str
    ) -> None:
        world = invited(engine, 2)
        with reading(engine, SYSTEM, NIGHT) as session:
            ids = [n or 0 for n in session.scalars(select(col(Mail.id)).order_by(col(Mail.id)))]
        reports = [report(mail_id) for mail_id in ids]
        place = tmp_path / "returned"
        if kind == "mbox":
            lines = [b"From MAILER-DAEMON Wed Sep  9 01:00:00 2026\n" + r for r in reports]
            place.write_bytes(b"\n".join(r.replace(b"\r\n", b"\n") for r in lines))
        elif kind == "folder":
            place.mkdir()
            for number, content in enumerate(reports):
                (place / f"{number}.eml").write_bytes(content)
        else:
            place.write_bytes(reports[0])
        found = 1 if kind == "file" else 2
        assert run(nightwork(world, place)).done["bounces"] == found
        world.clock.now += timedelta(days=1)
        assert run(nightwork(world, place)).done["bounces"] == 0
        assert count(engine, Mail, col(Mail.bounced_at).is_not(None)) == found

    def test_a_place_that_cannot_be_read_is_told_and_tried_again(
        self, engine: Any, tmp_path: Path
    ) -> None:
        world = invited(engine, 2)
        result = run(nightwork(world, tmp_path / "none"))
        assert not result.finished and "none" in result.troubles[0].text("en")
        assert result.done["reminders"] == 2, "the other steps are done"
        assert world.desk.read(last_finished) is None
        bounces(world, tmp_path / "none", 1)
        again = run(nightwork(world, tmp_path / "none"))
        assert (again.already, again.finished, again.troubles) == (False, True, ())
        assert (again.done["bounces"], again.done["reminders"]) == (1, 2)

    def test_a_key_that_cannot_be_read_is_told(self, engine: Any, tmp_path: Path) -> None:
        world = invited(engine, 1)
        (tmp_path / "new").mkdir()

        def key() -> Key:
            raise TrousseauError(say("no key"))

        result = run(Nightwork(engine, world.clock, key, bounces=tmp_path))
        assert [str(trouble) for trouble in result.troubles] == ["no key"]
        assert not result.finished


class TestJournal:
    def test_only_new_lines_are_looked_at(self, engine: Any) -> None:
        world = quiet(make_world(engine, INVITED))
        assert run(nightwork(world)).done["journal"] == 0
        account(world, "a@b.be")
        world.clock.now += timedelta(days=1)
        assert run(nightwork(world)).done["journal"] == 1

    def test_in_parts_the_chain_is_the_same(self, engine: Any) -> None:
        world = make_world(engine, INVITED)
        world.people(3)
        with reading(engine, SYSTEM, NIGHT) as session:
            whole = check_after(session, 0, 10_000)
            place, lines = 0, 0
            while (part := check_after(session, place, 4)).lines:
                assert part.broken is None
                place, lines = part.last, lines + part.lines
        assert (lines, place, whole.broken) == (whole.lines, whole.last, None)

    def test_a_line_that_was_changed_is_told(self, sqlite_engine: Any) -> None:
        world = quiet(make_world(sqlite_engine, INVITED))
        account(world, "a@b.be")
        with sqlite_engine.begin() as connection:
            names = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='journal'")
            ).scalars()
            for name in list(names):
                connection.execute(text(f"DROP TRIGGER {name}"))
            last = "(SELECT max(id) FROM journal)"
            connection.execute(text(f"UPDATE journal SET actor = 'x' WHERE id = {last}"))
        result = run(nightwork(world))
        assert len(result.troubles) == 1
        assert result.finished, "to do it again would not mend the journal"


class TestOverdue:
    def test_an_hour_after_it_was_due_and_not_before(self, engine: Any) -> None:
        world = make_world(engine, INVITED)
        world.clock.now = NIGHT
        run(nightwork(world))
        due = Schedule().next_due(NIGHT)
        for moment, late in (
            (due, False),
            (due + timedelta(minutes=59), False),
            (due + timedelta(hours=1), True),
        ):
            world.clock.now = moment
            assert world.desk.read(is_overdue, Schedule()) is late
            assert (do_if_overdue(nightwork(world)) is not None) is late
        assert do_if_overdue(nightwork(world)) is None

    def test_a_new_installation_has_its_first_night_to_do(self, engine: Any) -> None:
        world = make_world(engine, NIGHT)
        result = do_if_overdue(nightwork(world))
        assert result is not None and result.finished
