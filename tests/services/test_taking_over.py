"""What one school says of a person opens nothing of what another school holds.

Each test is an attempt: the director of `mine` knows name and address of somebody of `other`,
and wants to come in as them.
"""

from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col

from models.access import Access, Service
from models.accounts import Account, AccountKey
from models.database import SYSTEM, OutOfScope, change, writing
from models.invitations import TOKEN_PURPOSE
from models.keys import Key
from models.language import use_language
from models.mail import Mail
from models.people import Person, Post
from models.plans import Plan
from models.references import make_reference
from models.tokens import make_token
from services import (
    account_keys,
    consent_recording,
    families,
    importing,
    invitations,
    plans,
)
from services.activation import set_password, spend
from services.admission import look_at_token
from services.desk import Desk
from services.imports.families import read_families
from services.imports.planning import plan_roster
from services.imports.staff import read_staff
from services.passwords import Hasher
from services.profiles import identity_of
from services.sign_in import Entrance, WrongPassword
from services.token_refusals import TokenBlocked
from tests.families import ANNE, HEADER, LEA, TOM, load, people
from tests.services.test_account_keys import ed25519
from tests.worlds import Member, World, make_world

KEY = Key(bytes(range(32)))
MINE, THEIRS = "dix-sept tournesols au jardin", "quatre tortues lisent Kant"
ANNES, TRAP = "anne@famille.example", "piege@ailleurs.example"
AT_TRAP = ANNE.replace(ANNES, TRAP)


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return make_world(sqlite_engine)


@pytest.fixture
def two_engines(engine: Engine) -> World:
    return make_world(engine)


def entrance(world: World) -> Entrance:
    return Entrance(world.engine, Hasher(Path(gettempdir())), KEY, world.clock, least=0.0)


def rows(world: World, statement: Any) -> list[Any]:
    return world.desk.read(lambda session: list(session.scalars(statement)))


def invite(world: World, desk: Desk, school: int, **service: str) -> tuple[int, int]:
    """Invite everybody whom a school may invite; return how many are invited, and confirmed."""
    plan = desk.write(invitations.plan_invitations, school, world.year, **service)
    desk.write(plans.apply, plan)
    counts = desk.read(invitations.counts_of, plan)
    return counts.queued, counts.confirmed


def send(world: World, desk: Desk, school: int) -> tuple[int, int]:
    return invite(world, desk, school, service="it_school")


def token(world: World, school: int) -> tuple[str, str]:
    """Return where the latest token of a school went, and the token."""
    wanted = select(Mail).where(col(Mail.school_id) == school).order_by(col(Mail.id).desc())
    mail = rows(world, wanted)[0]
    with writing(world.engine, SYSTEM, world.clock()) as session:
        change(session, Mail, col(Mail.id) == mail.id, sent_at=session.at, closed_at=session.at)
    return mail.recipient, make_token(KEY, TOKEN_PURPOSE, mail.access_id, mail.generation)


def seen(world: World, email: str) -> list[str]:
    """Return what an account may be chosen for."""
    (account,) = rows(world, select(Account).where(col(Account.email_key) == email))
    identity = world.desk.read(identity_of, account.id)
    return sorted(p.child or p.role for p in identity.profiles)


def anne(world: World) -> Person:
    return rows(world, select(Person).where(col(Person.first_name) == "Anne"))[0]


def correct(world: World, desk: Desk, school: int, address: str) -> None:
    desk.write(families.correct_address, school, world.year, people(world)["Anne"], address)


# --- guardians ------------------------------------------------------------------------------


def test_the_account_of_another_school_made_before_is_not_taken_for_ours(
    two_engines: World,
) -> None:
    """Activated at an address of one's own, put back to the real one, and then waited."""
    world = two_engines
    mine, other = world.director(), world.director(world.other)
    load(world, LEA + AT_TRAP)
    send(world, mine, world.mine)
    _where, first = token(world, world.mine)
    set_password(entrance(world), first, MINE)
    correct(world, mine, world.mine, ANNES)
    load(world, TOM + ANNE, desk=other, school=world.other)
    assert len(rows(world, select(Person))) == 1
    assert send(world, other, world.other) == (1, 0)
    where, second = token(world, world.other)
    assert where == ANNES
    assert seen(world, TRAP) == ["Léa Dupont"]
    # Who reads there doesn't come into an account of somebody else's either.
    with pytest.raises(WrongPassword):
        set_password(entrance(world), second, THEIRS)
    assert seen(world, TRAP) == ["Léa Dupont"]


def test_a_correction_is_not_undone_once_another_school_relies_on_it(world: World) -> None:
    mine, other = world.director(), world.director(world.other)
    load(world, LEA + AT_TRAP)
    correct(world, mine, world.mine, ANNES)
    plan = rows(world, select(Plan).where(
        col(Plan.kind) == families.CORRECTION))[0].id  # fmt: skip
    sent = rows(world, select(Plan).where(
        col(Plan.kind) == invitations.KIND))[0].id  # fmt: skip
    mine.write(plans.undo, sent)
    load(world, TOM + ANNE, desk=other, school=world.other)
    with pytest.raises(OutOfScope, match="Known in another school too"):
        mine.write(plans.undo, plan)
    assert anne(world).personal_email == ANNES


def test_an_address_that_was_only_typed_confirms_nothing(world: World) -> None:
    """The token goes to one’s own mailbox; the real address is chosen while activating."""
    mine, other = world.director(), world.director(world.other)
    load(world, LEA + AT_TRAP)
    send(world, mine, world.mine)
    _where, first = token(world, world.mine)
    set_password(entrance(world), first, MINE, address=ANNES)
    correct(world, mine, world.mine, ANNES)
    (account,) = rows(world, select(Account))
    _key(world, account.id)
    load(world, TOM + ANNE, desk=other, school=world.other)
    assert send(world, other, world.other) == (1, 0)
    assert seen(world, ANNES) == ["Léa Dupont"]
    where, second = token(world, world.other)
    assert where == ANNES
    # Whoever reads there has the account from now on, and nobody else: neither the former
    # password nor a key that was left in it.
    set_password(entrance(world), second, THEIRS)
    assert seen(world, ANNES) == ["Léa Dupont", "Tom Dupont"]
    (account,) = rows(world, select(Account))
    assert entrance(world).hasher.fits(account.password_hash, THEIRS)
    assert account.address_proved_at == world.clock()
    assert rows(world, select(AccountKey).where(col(AccountKey.removed_at).is_(None))) == []


def _key(world: World, account: int) -> None:
    world.desk.write(account_keys.add_key, account, ed25519())


def test_the_address_of_a_guardian_of_two_schools_is_changed_by_neither(world: World) -> None:
    """The real person has not activated yet: their token must not go elsewhere."""
    mine, other = world.director(), world.director(world.other)
    load(world, TOM + ANNE, desk=other, school=world.other)
    load(world, LEA + ANNE)
    with pytest.raises(families.AddressRefused, match="helpdesk"):
        correct(world, mine, world.mine, TRAP)
    # By a further list, where the child says who is meant; or by an identifier.
    _plan, told = load(world, LEA + AT_TRAP)
    assert [m["level"] for m in told["messages"]] == ["warning"]
    assert "not changed from here" in told["messages"][0]["text"]
    assert anne(world).personal_email == ANNES
    assert send(world, other, world.other) == (1, 0)
    assert token(world, world.other)[0] == ANNES
    # Whoever sees both schools may.
    correct(world, world.desk, world.mine, "anne@neuf.example")
    assert anne(world).personal_email == "anne@neuf.example"


def test_a_plan_made_before_the_other_school_came_changes_nothing_after(world: World) -> None:
    mine, other = world.director(), world.director(world.other)
    load(world, LEA + ANNE)
    row = mine.read(families.all_rows, world.mine, world.year)[0]
    draft = families._correction(anne(world), row, TRAP, TRAP)
    plan = mine.write(plans.store, draft)
    load(world, TOM + ANNE, desk=other, school=world.other)
    with pytest.raises(OutOfScope, match="Known in another school too"):
        mine.write(plans.apply, plan)
    assert anne(world).personal_email == ANNES


def test_invited_from_both_sides_a_known_account_still_asks_for_its_password(
    world: World,
) -> None:
    mine, other = world.director(), world.director(world.other)
    load(world, TOM + ANNE, desk=other, school=world.other)
    send(world, other, world.other)
    set_password(entrance(world), token(world, world.other)[1], THEIRS)
    load(world, LEA + ANNE)
    assert send(world, mine, world.mine) == (0, 1)  # proved at this very address
    assert seen(world, ANNES) == ["Léa Dupont", "Tom Dupont"]


def test_an_identifier_of_a_shared_source_brings_nobody_in_at_another_address(
    world: World,
) -> None:
    """Two schools with one source: whoever was there first had said where tokens go."""
    header = HEADER.replace("Nom responsable", "Identifiant responsable;Nom responsable")

    def bring(desk: Desk, school: int, text: str) -> dict[str, Any]:
        asked = desk.read(importing.request_for, "families", school_id=school, source="commune")
        roster = read_families((header + text).encode())
        plan = desk.write(lambda session: plans.store(session, plan_roster(session, roster, asked)))
        told = desk.read(importing.import_result, plan)
        desk.write(plans.apply, plan)
        return told

    mine, other = world.director(), world.director(world.other)
    # The helpdesk made the source for both.
    bring(world.desk, world.mine, LEA + "g1;" + AT_TRAP)
    with writing(world.engine, SYSTEM, world.clock()) as session:
        session.connection().exec_driver_sql("UPDATE source SET school_id = NULL")
    told = bring(other, world.other, TOM + "g1;" + ANNE)
    assert [m["level"] for m in told["messages"] if "identifier" in m["text"]] == ["error"]
    assert not rows(world, select(Access).where(col(Access.school_id) == world.other))
    assert mine is not other


def test_a_school_address_given_to_staff_elsewhere_leads_no_guardian_astray(world: World) -> None:
    """The real address stands as the school address of staff whose own address is another."""
    other = world.director(world.other)
    world.person(surname="Martin", first_name="Anne", email=TRAP, school_email=ANNES)
    load(world, TOM + ANNE, desk=other, school=world.other)
    assert send(world, other, world.other) == (1, 0)
    assert token(world, world.other)[0] == ANNES


def test_an_account_without_a_password_is_not_given_to_another_mailbox(world: World) -> None:
    mine, other = world.director(), world.director(world.other)
    load(world, TOM + ANNE, desk=other, school=world.other)
    send(world, other, world.other)
    text = token(world, world.other)[1]
    with writing(world.engine, SYSTEM, world.clock()) as session:
        spend(session, KEY, text, None)
    load(world, LEA + ANNE)
    correct(world, world.desk, world.mine, TRAP)
    send(world, mine, world.mine)
    where, second = token(world, world.mine)
    assert where == TRAP
    with pytest.raises(TokenBlocked, match="Forgotten password"):
        look_at_token(entrance(world), second)
    assert [a.email for a in rows(world, select(Account))] == [ANNES]


# --- staff ----------------------------------------------------------------------------------

HEAD = "Nom;Prénom;Date de naissance;Fonction;E-mail privé\n"
ROW = "Lambert;Paul;02/03/1970;Directeur;%s\n"
PAULS = "paul@lambert.example"


def staff(world: World, desk: Desk, school: int, email: str) -> list[tuple[str, str]]:
    asked = desk.read(importing.request_for, "staff", school_id=school)
    roster = read_staff((HEAD + ROW % email).encode())
    plan = desk.write(lambda session: plans.store(session, plan_roster(session, roster, asked)))
    told = desk.read(importing.import_result, plan)["messages"]
    desk.write(plans.apply, plan)
    return [(m["level"], m["text"]) for m in told]


def sign(world: World, desk: Desk, school: int, email: str = "") -> dict[str, int]:
    """Record a signed form of everybody in a school."""
    posts = desk.read(lambda s: list(s.scalars(select(Post).where(col(Post.school_id) == school))))
    day = world.clock().date()
    lines = [consent_recording.RecordLine(_reference(post), day, email) for post in posts]
    plan = desk.write(consent_recording.plan_record, school, lines)
    desk.write(plans.apply, plan)
    return desk.read(lambda s: plans.find(s, plan).summary)  # type: ignore[return-value]


def _reference(post: Post) -> str:
    assert post.id is not None
    return make_reference(post.id, 1)


def test_a_head_known_elsewhere_by_name_and_birth_date_is_written_to(two_engines: World) -> None:
    """An account made with another school's address is no reason to let it in here."""
    world = two_engines
    mine, other = world.director(), world.director(world.other)
    staff(world, mine, world.mine, TRAP)
    sign(world, mine, world.mine)
    invite(world, mine, world.mine)
    set_password(entrance(world), token(world, world.mine)[1], MINE)
    told = staff(world, other, world.other, PAULS)
    assert len(rows(world, select(Person))) == 1
    # What Paul signs for in this school is his own address.
    sign(world, other, world.other, PAULS)
    assert invite(world, other, world.other) == (1, 0)
    where, second = token(world, world.other)
    assert where == PAULS
    assert seen(world, TRAP) == ["director"]
    with pytest.raises(WrongPassword):
        set_password(entrance(world), second, THEIRS)
    assert [level for level, text in told if "not changed from here" in text] == ["warning"]


def test_another_schools_signed_address_sends_no_token_of_ours(world: World) -> None:
    """Before the head has activated: no consent in our school, so nothing leaves it."""
    mine, other = world.director(), world.director(world.other)
    staff(world, other, world.other, PAULS)
    sign(world, other, world.other)
    staff(world, mine, world.mine, PAULS)
    sign(world, mine, world.mine, TRAP)
    assert invite(world, mine, world.mine) == (1, 0)
    set_password(entrance(world), token(world, world.mine)[1], MINE)
    assert invite(world, other, world.other) == (0, 0)
    assert len(seen(world, TRAP)) == 1


def test_a_signed_address_does_not_become_that_of_another_schools_guardian(world: World) -> None:
    """Families are written to without a consent: there a signature of staff changes nothing."""
    mine, other = world.director(), world.director(world.other)
    load(world, TOM + ANNE, desk=other, school=world.other)
    member = _post_of_anne(world)
    assert sign(world, mine, world.mine, TRAP) == {"record": 0, "known": 0, "refused": 1}
    assert anne(world).personal_email == ANNES and member.person == anne(world).id
    assert send(world, other, world.other) == (1, 0)
    assert token(world, world.other)[0] == ANNES


def _post_of_anne(world: World) -> Member:
    """Give Anne a post in `mine`, as an import of its staff does."""
    person = anne(world).id
    with writing(world.engine, SYSTEM, world.clock()) as session:
        service = session.scalars(select(Service).where(col(Service.code) == "extranet")).one()
        post = Post(
            person_id=person, school_id=world.mine, school_year_id=world.year,
            source_id=world.source, function="teacher", created_at=session.at,
        )  # fmt: skip
        session.add(post)
        session.flush()
        access = Access(
            person_id=person, school_id=world.mine, school_year_id=world.year,
            service_id=service.id, post_id=post.id, granted_at=session.at,
        )  # fmt: skip
        session.add(access)
        session.flush()
        assert person and post.id and access.id
        return Member(person, post.id, access.id)
