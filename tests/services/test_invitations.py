"""Invitations: who is in the plan, what applying and undoing do, and the token's one use."""

import multiprocessing
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.access import Access, Mission, Suspension
from models.accounts import Account
from models.consents import Consent
from models.database import SYSTEM, ActorSession, OutOfScope, change, make_engine, writing
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import Key
from models.language import use_language
from models.mail import Mail
from models.people import Person, SuspectedDouble
from models.tokens import TokenMistyped, make_token
from services import access_rows, plans
from services.activation import spend
from services.desk import ChangedMeanwhile, Desk
from services.findings import why_not
from services.invitations import InvitationCounts, counts_of, plan_invitations, sentence_for
from services.outbox import claim, release, worker_name
from services.plans import PlanRefused, PlanStale
from services.token_refusals import TokenRefused
from tests.worlds import NOW, World, make_world

KEY = Key(bytes(range(32)))
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def world(engine) -> World:  # type: ignore[no-untyped-def]
    return make_world(engine)


def invite(world: World, desk: Desk | None = None, **wanted: object) -> InvitationCounts:
    """Plan and apply, as a screen does; return what the plan said."""
    desk = desk or world.desk
    plan = desk.write(plan_invitations, world.mine, world.year, **wanted)
    desk.write(plans.apply, plan)
    return desk.read(counts_of, plan)


def plan_of(world: World, **wanted: object) -> int:
    return world.desk.write(plan_invitations, world.mine, world.year, **wanted)


def texts(world: World, plan: int) -> dict[str, tuple[str, str, str]]:
    use_language("en")
    rows = world.desk.read(plans.rows, plan, 0, 500)
    return {row.label: (row.action, row.level, row.text.text()) for row in rows}


def column(world: World, column: object) -> list[object]:
    return world.desk.read(lambda session: list(session.scalars(select(column))))  # type: ignore[call-overload]


def edit(world: World, table: type, row_id: int, **values: object) -> None:
    with writing(world.engine, SYSTEM, world.clock()) as session:
        change(session, table, table.id == row_id, **values)  # type: ignore[attr-defined]


def consent_of(world: World, person: int) -> int:
    found = select(col(Consent.id)).where(col(Consent.person_id) == person)
    consent = world.desk.read(lambda session: session.scalars(found).one())
    assert consent is not None
    return consent


# --- who is in the plan -------------------------------------------------------------------


def everybody(world: World) -> None:
    """One person for each way of being left out, one to confirm, two to invite."""
    world.person(surname="Consenti")
    world.person(surname="Fautif", email="fautif@gmial.com")
    world.person(surname="Sansaccord", consent=False)
    world.person(surname="Sansadresse", email=None)
    world.person(surname="Sansrôle", function="")
    known = world.person(surname="Connu")
    double = world.person(surname="Double")
    asleep = world.person(surname="Écarté")
    done = world.person(surname="Actif")
    with writing(world.engine, SYSTEM, world.clock()) as session:
        session.add_all(
            [
                Access(
                    person_id=known.person, school_id=world.other, school_year_id=world.year,
                    service_id=world.service, post_id=known.post, granted_at=NOW,
                    activated_at=NOW, activation="token",
                ),
                Account(
                    person_id=known.person, email="connu@courriel.example",
                    email_key="connu@courriel.example", password_set_at=NOW,
                    address_proved_at=NOW, created_at=NOW,
                ),
                SuspectedDouble(
                    person_id=double.person, other_id=known.person, score=4, found_at=NOW,
                    decided_at=None,
                ),
                Suspension(
                    access_id=asleep.access, school_id=world.mine, from_at=NOW, reason="absence"
                ),
            ]
        )  # fmt: skip
    edit(world, SuspectedDouble, 1, decided_at=NOW)
    edit(world, SuspectedDouble, 1, decided_at=None, other_id=done.person)
    edit(world, Access, done.access, activated_at=NOW, activation="token")


def test_everybody_is_invited_confirmed_or_left_out_with_the_reason(world: World) -> None:
    everybody(world)
    plan = plan_of(world)
    assert world.desk.read(counts_of, plan) == InvitationCounts(
        queued=2,
        confirmed=1,
        left_out={
            "no_consent": 1, "no_address": 1, "no_role": 1, "duplicate": 1, "deactivated": 1,
            "active": 1,
        },
    )  # fmt: skip
    told = texts(world, plan)
    assert told["Consenti Jeanne"] == (
        "invite", "information", "Will receive an invitation at consenti@courriel.example",
    )  # fmt: skip
    assert told["Fautif Jeanne"] == (
        "invite", "warning",
        "Will receive an invitation at fautif@gmial.com: is fautif@gmail.com meant?",
    )  # fmt: skip
    assert told["Connu Jeanne"][:2] == ("confirm", "information")


def test_reasons_are_the_sentences_of_the_findings(world: World) -> None:
    everybody(world)
    told = texts(world, plan_of(world))
    rows = world.desk.read(
        lambda s: access_rows.rows_where(
            s, access_rows.moment(s, world.mine), access_rows.in_team(world.mine, world.year)
        )
    )
    blocked = {row.name: why_not(row, NOW) for row in rows}
    blocked = {name: finding for name, finding in blocked.items() if finding is not None}
    assert len(blocked) == 5
    for name, finding in blocked.items():
        assert told[name][2] == finding.sentence.text()


def test_director_learns_that_an_account_exists_elsewhere_and_nothing_more(world: World) -> None:
    everybody(world)
    director = world.director()
    counts = invite(world, director)
    assert counts.confirmed == 1
    assert column(world, Access.activation).count("known") == 1
    seen = director.read(lambda session: session.scalars(select(col(Access.school_id))).all())
    assert set(seen) == {world.mine}


def test_director_plans_for_no_other_school(world: World) -> None:
    world.person()
    with pytest.raises(Exception) as refused:
        world.director(world.other).write(plan_invitations, world.mine, world.year)
    assert isinstance(refused.value, OutOfScope | access_rows.NotFound)


def test_selection_limits_the_plan_to_its_persons(world: World) -> None:
    one, _other = world.person(surname="Une"), world.person(surname="Autre")
    counts = invite(world, person_ids={one.person})
    assert counts.queued == 1
    assert column(world, Mail.recipient) == ["une@courriel.example"]


# --- applying -----------------------------------------------------------------------------


def test_applying_makes_invitation_and_mail_together(world: World) -> None:
    member = world.person()
    assert invite(world).queued == 1
    with writing(world.engine, SYSTEM, NOW) as session:
        invitation, mail = session.scalars(select(Invitation)).one(), session.get(Mail, 1)
    assert mail is not None
    assert (invitation.access_id, invitation.generation) == (member.access, 1)
    assert (invitation.mail_id, mail.access_id) == (mail.id, member.access)
    assert invitation.valid_until == mail.expires_at == NOW + timedelta(days=14)
    assert (mail.recipient, mail.school_id) == ("dupont@courriel.example", world.mine)
    assert mail.sent_at is None and mail.closed_at is None and mail.attempts == 0


def test_applied_twice_or_planned_twice_invites_once(world: World) -> None:
    world.people(3)
    first, second = plan_of(world), plan_of(world)
    world.desk.write(plans.apply, first)
    with pytest.raises(PlanRefused):
        world.desk.write(plans.apply, first)
    with pytest.raises((PlanStale, ChangedMeanwhile)):
        world.desk.write(plans.apply, second)
    assert len(column(world, Mail.id)) == len(column(world, Invitation.id)) == 3


def test_stale_when_consent_is_withdrawn_between_plan_and_apply(world: World) -> None:
    member = world.person()
    plan = plan_of(world)
    edit(world, Consent, consent_of(world, member.person), withdrawn_at=NOW)
    with pytest.raises(PlanStale):
        world.desk.write(plans.apply, plan)
    assert column(world, Mail.id) == []


@pytest.mark.parametrize("known", [False, True])
def test_stale_when_the_address_changes_between_plan_and_apply(world: World, known: bool) -> None:
    if known:
        everybody(world)
    member = world.person(surname="Muté")
    plan = plan_of(world)
    edit(world, Person, member.person, personal_email="autre@courriel.example")
    with pytest.raises(PlanStale):
        world.desk.write(plans.apply, plan)


def test_undone_while_nothing_was_sent(world: World) -> None:
    world.people(2)
    plan = plan_of(world)
    world.desk.write(plans.apply, plan)
    world.desk.write(plans.undo, plan)
    assert column(world, Mail.id) == column(world, Invitation.id) == []
    assert invite(world).queued == 2


def test_not_undone_once_a_sender_has_taken_a_mail_and_again_after_it_gave_it_back(
    world: World,
) -> None:
    world.people(2)
    plan, worker = plan_of(world), worker_name()
    world.desk.write(plans.apply, plan)
    world.desk.write(claim, worker, 1, timedelta(minutes=5))
    with pytest.raises(PlanRefused):
        world.desk.write(plans.undo, plan)
    world.desk.write(release, worker)
    world.desk.write(plans.undo, plan)


# --- again --------------------------------------------------------------------------------


def mark(world: World, member_access: int, **facts: object) -> None:
    """Write facts into the mail of an access, as a sender does."""
    from sqlalchemy import update

    with writing(world.engine, SYSTEM, world.clock()) as session:
        session.execute(
            update(Mail).where(col(Mail.access_id) == member_access).values(**facts),
            execution_options={"synchronize_session": False},
        )


def test_again_goes_to_those_who_were_invited_and_have_not_activated(world: World) -> None:
    sent, active, waiting = (world.person(surname=name) for name in ("Envoyé", "Actif", "Attend"))
    invite(world)
    new = world.person(surname="Neuf")
    for member in (sent, active):
        mark(world, member.access, sent_at=NOW, closed_at=NOW)
    edit(world, Access, active.access, activated_at=NOW, activation="token")
    world.clock.now += timedelta(hours=1)
    counts = invite(world, again=True)
    assert counts == InvitationCounts(1, 0, {"active": 1, "waiting": 1, "never_invited": 1})
    generations = Counter(column(world, Invitation.access_id))
    assert generations == {sent.access: 2, active.access: 1, waiting.access: 1}
    assert new.access not in generations


@pytest.mark.parametrize("fact", ["bounced_at", "refused_at", "uncertain_at"])
def test_again_after_what_became_of_the_first(world: World, fact: str) -> None:
    member = world.person()
    invite(world)
    mark(world, member.access, **{fact: NOW, "closed_at": NOW})
    plan = plan_of(world, again=True)
    action, level, _text = texts(world, plan)["Dupont Jeanne"]
    assert (action, level) == ("invite", "information" if fact == "uncertain_at" else "warning")
    world.desk.write(plans.apply, plan)
    assert sorted(column(world, Invitation.generation)) == [1, 2]  # type: ignore[type-var]


@pytest.mark.parametrize("fact", ["bounced_at", "refused_at"])
def test_a_corrected_address_is_invited_without_asking_for_it_again(
    world: World, fact: str
) -> None:
    """What came back never reached the person: the new address is a first invitation to them."""
    member = world.person()
    invite(world)
    mark(world, member.access, **{fact: NOW, "closed_at": NOW})
    assert invite(world).left_out == {"already_invited": 1}
    new = {"personal_email": "new@courriel.example", "personal_email_key": "new@courriel.example"}
    edit(world, Person, member.person, **new)
    assert invite(world).left_out == {"no_consent": 1}
    consent = {"email": "new@courriel.example", "email_key": "new@courriel.example"}
    edit(world, Consent, consent_of(world, member.person), **consent)
    assert invite(world).queued == 1
    assert sorted(column(world, Mail.recipient)) == [  # type: ignore[type-var]
        "dupont@courriel.example",
        "new@courriel.example",
    ]


def test_invited_anew_after_a_withdrawn_invitation(world: World) -> None:
    member = world.person()
    invite(world)
    edit(world, Invitation, 1, cancelled_at=NOW)
    mark(world, member.access, cancelled_at=NOW, closed_at=NOW)
    world.clock.now += timedelta(hours=1)
    assert invite(world).queued == 1
    assert column(world, Invitation.replaced_at) == [world.clock(), None]


def test_sentence_counts_in_both_languages() -> None:
    counts = InvitationCounts(2, 1, {"no_consent": 3})
    assert (
        sentence_for(counts).text("en") == "2 invitations, 1 confirmed without a mail, 3 left out"
    )


# --- the token ----------------------------------------------------------------------------


def token(access: int, generation: int = 1) -> str:
    return make_token(KEY, TOKEN_PURPOSE, access, generation)


def use(world: World, text: str) -> None:
    world.desk.write(spend, KEY, text, None)


def refusal(world: World, text: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        use(world, text)
    return refused.value.outcome


def test_token_activates_once(world: World) -> None:
    member = world.person()
    invite(world)
    use(world, f"  {token(member.access).lower().replace('-', ' ')} ")
    assert column(world, Access.activation) == ["token"]
    assert refusal(world, token(member.access)) == "used"


def test_each_token_that_opens_nothing_says_why(world: World) -> None:
    member = world.person()
    assert refusal(world, token(member.access)) == "unknown"
    invite(world)
    assert refusal(world, token(member.access, 2)) == "unknown"
    with pytest.raises(TokenMistyped):
        use(world, token(member.access)[:-1])
    mark(world, member.access, sent_at=NOW, closed_at=NOW)
    invite(world, again=True)
    assert refusal(world, token(member.access, 1)) == "replaced"
    with writing(world.engine, SYSTEM, NOW) as session:
        session.add(
            Suspension(
                access_id=member.access, school_id=world.mine, from_at=NOW, until_at=None,
                reason="absence",
            )
        )  # fmt: skip
    assert refusal(world, token(member.access, 2)) == "deactivated"
    edit(world, Suspension, 1, until_at=NOW)
    world.clock.now += timedelta(days=14)
    assert refusal(world, token(member.access, 2)) == "expired"
    world.clock.now -= timedelta(days=14)
    edit(world, Invitation, 2, cancelled_at=NOW)
    assert refusal(world, token(member.access, 2)) == "withdrawn"


def _use_all(url: str, accesses: list[int], number: int, won: "multiprocessing.SimpleQueue[int]"):  # type: ignore[no-untyped-def]
    engine = make_engine(url)
    for access in accesses[number:] + accesses[:number]:
        try:
            with writing(engine, SYSTEM, NOW) as session:
                spend(session, KEY, token(access), None)
            won.put(access)
        except TokenRefused as refused:
            if refused.outcome != "used":
                raise
    engine.dispose()


def test_twelve_processes_use_thirty_tokens_thirty_times(world: World, database_url: str) -> None:
    accesses = [member.access for member in world.people(30)]
    invite(world)
    world.engine.dispose()
    won = FORK.SimpleQueue()
    users = [
        FORK.Process(target=_use_all, args=(database_url, accesses, n, won)) for n in range(12)
    ]
    for user in users:
        user.start()
    for user in users:
        user.join(50)
    assert [user.exitcode for user in users] == [0] * 12
    found = []
    while not won.empty():
        found.append(won.get())
    assert sorted(found) == sorted(accesses)


def _mission(session: ActorSession, world: World, person: int) -> None:
    session.add(
        Mission(
            person_id=person, school_id=world.mine, school_year_id=world.year,
            code="it_contact", role="staff", given_at=NOW,
        )
    )  # fmt: skip


def test_mission_makes_a_role_where_the_function_gives_none(world: World) -> None:
    member = world.person(function="")
    assert invite(world).left_out == {"no_role": 1}
    with writing(world.engine, SYSTEM, NOW) as session:
        _mission(session, world, member.person)
    assert invite(world).queued == 1
