"""From the mail to the dashboard: a token, a password of one's own, and what keeps one out.

The mails are those that the program's own sender hands to a real mail server; the console is
the one that `trousseau` opens. Each step has its picture in snapshots/flows/.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col
from syrupy.assertion import SnapshotAssertion

from models.access import Access
from models.accounts import Account
from models.database import SYSTEM, change, reading, writing
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import KEY_BYTES, Key, load_key
from models.language import _
from models.schools import SchoolYear
from models.tokens import TokenMistyped, make_token
from screens.choose_account import ChooseAccountScreen
from screens.dashboard import DashboardScreen
from screens.new_password import NewPasswordScreen
from screens.own_access import OwnAccessScreen
from screens.sign_in import SignInScreen
from screens.token import TokenScreen
from screens.widgets.field import TextInput
from services import (
    activation,
    admission,
    invitations,
    plans,
    sign_in,
    team_changes,
    token_refusals,
)
from services.passwords import Hasher
from services.sign_in import Entrance
from services.team_changes import TeamChange
from tests.flows.conftest import DIRECTOR, PASSWORD, Journey, School
from tests.flows.test_first_day import TOKEN, OpenConsole
from tests.worlds import Member
from tui import console
from tui.command_line import run as run_command

pytestmark = pytest.mark.timeout(300)

PHRASE = "sept girafes relisent Spinoza"
ELISE, MARC = "elise.vdb@courriel.example", "marc.dupont@courriel.example"


# --- what happens around the console ------------------------------------------------------


@pytest.fixture(autouse=True)
def known_key(school: School) -> None:
    """The tokens in the pictures are the same each time."""
    file = school.home / "config" / "key"
    file.write_bytes(bytes(range(KEY_BYTES)))
    file.chmod(0o600)


def add_elise(school: School, where: int | None = None, **facts: Any) -> Member:
    return school.world.person(
        where, surname="Vandenbroeck", first_name="Élise", email=ELISE, **facts
    )


def invite(school: School, *members: Member, again: bool = False, year: int | None = None) -> None:
    """Invite people as the director's screen does, and let `trousseau send` send it."""
    desk, world = school.world.desk, school.world
    people = {member.person for member in members}
    plan = desk.write(
        invitations.plan_invitations,
        world.mine,
        year or world.year,
        person_ids=people,
        again=again,
    )
    desk.write(plans.apply, plan)
    with ThreadPoolExecutor(1) as aside:  # a command has its own event loop
        assert aside.submit(run_command, ["send"]).result() == 0


def body_to(school: School, address: str) -> str:
    """Return the text of the mail that came last to an address."""
    mail = [m for m in school.server.messages if m.recipients == [address]][-1]
    read: Any = message_from_bytes(mail.content, policy=policy.default)
    return str(read.get_body(("plain",)).get_content())


def token_to(school: School, address: str) -> str:
    found = TOKEN.search(body_to(school, address))
    assert found, body_to(school, address)
    return found[0]


def entrance(school: School) -> Entrance:
    key = load_key(school.home / "config" / "key")
    return Entrance(school.world.engine, Hasher(school.home / "state"), key, school.clock)


def account_of(school: School, address: str) -> Account | None:
    with reading(school.world.engine, SYSTEM, school.clock()) as session:
        found = select(Account).where(col(Account.email_key) == address)
        account = session.scalars(found).one_or_none()
        if account is not None:
            session.expunge(account)
        return account


def as_typed(token: str) -> str:
    """Return a token as somebody types it from a mail: small letters, spaces here and there."""
    return token.lower().replace("-", "  ")


async def enter_token(who: Journey, token: str) -> None:
    await who.press("ctrl+u")
    await who.type(token, "f8")


async def choose_password(who: Journey, password: str = PHRASE) -> None:
    await who.type(password, "tab")
    await who.type(password, "f8")


# --- the journey ---------------------------------------------------------------------------


async def test_a_teacher_comes_in(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    elise = add_elise(school)
    invite(school, elise)
    token = token_to(school, ELISE)
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.press("f2")
        await who.type(as_typed(token))
        who.sees("25 caractères sur 25")
        await who.picture("01-token")
        await who.press("f8")
        who.sees("Élise Vandenbroeck", "Extranet, Institut Saint-Exemple", ELISE)
        await who.picture("02-whose-it-is")
        await who.type("sept girafes")
        who.sees("Trop court : encore 3 caractères")
        await who.type(PHRASE.removeprefix("sept girafes"), "tab")
        who.sees("Solide")
        await who.type(PHRASE)
        who.sees("Deux fois le même")
        who.sees_not(PHRASE)
        await who.picture("03-password")
        await who.press("f8")
        assert isinstance(who.app.screen, OwnAccessScreen)
        who.sees("Extranet, Institut Saint-Exemple", "+ Accès activé", ELISE, "Anne Lecomte")
        await who.picture("04-what-the-school-holds")
        await who.press("g", "o")
        who.sees(f"Adresse de référence : {ELISE}", "Mot de passe : défini le 31/08/2026 09:00")
        await who.picture("05-own-account")
        await who.press("g", "q")
        assert isinstance(who.app.screen, SignInScreen)
        who.sees_not("Élise", ELISE)
        await who.type(ELISE, "enter")
        await who.type(PHRASE, "enter")
        assert isinstance(who.app.screen, OwnAccessScreen)
    account = account_of(school, ELISE)
    assert account is not None
    assert account.password_hash is not None
    assert PHRASE not in account.password_hash


async def test_a_director_comes_in(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    marc = school.world.person(
        surname="Dupont", first_name="Marc", email=MARC, function="principal"
    )
    invite(school, marc)
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.press("f2")
        await enter_token(who, as_typed(token_to(school, MARC)))
        await choose_password(who)
        assert isinstance(who.app.screen, DashboardScreen)
        who.sees("Institut Saint-Exemple", "Marc Dupont")
        await who.picture("1-dashboard")
        await who.press("g", "w")
        who.sees("Mes accès", "Direction", "Accès activé")
        await who.picture("2-what-the-school-holds")


async def test_several_accounts(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    """A head here, of the staff elsewhere: one identity, and the title says which is used."""
    here = add_elise(school, function="principal")
    invite(school, here)
    _also_elsewhere(school, here.person)
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.press("f2")
        await enter_token(who, token_to(school, ELISE))
        await choose_password(who)
        assert isinstance(who.app.screen, ChooseAccountScreen)
        who.sees("Directeur ou directrice", "Membre du personnel", "Athénée de l’Essai")
        await who.picture("1-choose")
        await who.press("enter")
        assert isinstance(who.app.screen, DashboardScreen)
        who.sees("Directeur ou directrice : Institut Saint-Exemple")
        await who.picture("2-director")
        await who.press("g", "u")
        await who.picture("3-change")
        await who.press("down", "enter")
        assert isinstance(who.app.screen, OwnAccessScreen)
        who.sees("Membre du personnel : Athénée de l’Essai")
        await who.press("g", "a")
        assert not isinstance(who.app.screen, DashboardScreen)
        who.sees_not("Gestion des accès")
        await who.picture("4-staff")


def _also_elsewhere(school: School, person: int) -> None:
    """Give somebody an active access in the other school too."""
    from models.database import writing
    from models.people import Post

    world = school.world
    with writing(world.engine, SYSTEM, school.clock()) as session:
        post = Post(
            person_id=person, school_id=world.other, school_year_id=world.year,
            source_id=world.source, function="teacher", created_at=session.at,
        )  # fmt: skip
        session.add(post)
        session.flush()
        session.add(
            Access(
                person_id=person,
                school_id=world.other,
                school_year_id=world.year,
                service_id=world.service,
                post_id=post.id,
                granted_at=session.at,
                activated_at=session.at,
                activation="known",
            )
        )


# --- what keeps somebody out ---------------------------------------------------------------


async def test_each_refusal_is_told_apart(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    tokens = _tokens_that_open_nothing(school)
    headings = set()
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.press("f2")
        for name, (token, told) in tokens.items():
            await enter_token(who, token)
            assert isinstance(who.app.screen, TokenScreen), name
            who.sees(*told)
            headings.add(told[0])
            await who.picture(name)
    assert len(headings) == len(tokens)
    assert account_of(school, "expire@courriel.example") is None


def _tokens_that_open_nothing(school: School) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Bring seven people into seven situations; return what each would type, and is told."""
    world, eve = school.world, school.clock.now

    def person(name: str) -> Member:
        return world.person(
            surname=name, first_name="Ann", email=f"{name.lower()}@courriel.example"
        )

    def token(name: str) -> str:
        return token_to(school, f"{name}@courriel.example")

    school.clock.now = eve - timedelta(days=16)
    late, gone = person("Expire"), _of_last_year(school, "Ancien")
    invite(school, late)
    invite(school, gone, year=_last_year(school))
    ancien = token("ancien")
    school.clock.now = eve
    used, locked, twice, closed = map(person, ("Utilise", "Bloque", "Remplace", "Desactive"))
    invite(school, used, locked, twice, closed)
    first = token("remplace")
    for name in ("utilise", "bloque"):
        activation.set_password(entrance(school), token(name), PHRASE)
    school.clock.now += timedelta(hours=5, minutes=2)
    invite(school, twice, again=True)
    change = TeamChange("deactivate", "congé")
    world.desk.write(team_changes.change_now, world.mine, world.year, closed.person, change)
    _guess(school, "bloque@courriel.example")
    right = token("utilise")
    return {
        "mistyped": (
            right[:-1] + ("2" if right[-1] != "2" else "3"),
            (_(TokenMistyped.heading),),
        ),
        "unknown": (
            make_token(Key(bytes(32)), TOKEN_PURPOSE, 1, 1),
            (_(token_refusals.TokenInvalid.heading),),
        ),
        "used": (right, (_(token_refusals.TokenUsed.heading), "31/08/2026 09:00")),
        "expired": (
            token("expire"),
            (_(token_refusals.TokenExpired.heading), "29/08/2026 09:00", "Anne Lecomte"),
        ),
        "replaced": (first, (_(token_refusals.TokenReplaced.heading), "14:02")),
        "other-year": (ancien, (_(token_refusals.TokenOfOtherYear.heading), "2025-2026")),
        "locked": (token("bloque"), (_(sign_in.AccountLocked.heading), "31/08/2026 14:0")),
        "deactivated": (
            token("desactive"),
            (_(token_refusals.AccountDeactivated.heading), "Institut Saint-Exemple"),
        ),
    }


def _guess(school: School, address: str) -> None:
    """Try wrong passwords until the account waits."""
    for _try in range(8):
        with pytest.raises(sign_in.SignInRefused):
            sign_in.sign_in(entrance(school), address, "not the password at all")


def _last_year(school: School) -> int:
    with reading(school.world.engine, SYSTEM, school.clock()) as session:
        found = select(col(SchoolYear.id)).where(col(SchoolYear.label) == "2025-2026")
        year = session.scalars(found).first()
        assert year is not None
        return year


def _of_last_year(school: School, name: str) -> Member:
    world = replace(school.world, year=_last_year(school))
    return world.person(surname=name, first_name="Ann", email=f"{name.lower()}@courriel.example")


# --- the line drops ------------------------------------------------------------------------


STEPS: dict[str, tuple[str, ...]] = {
    "token typed": (),
    "token read": ("f8",),
    "password typed": ("f8", PHRASE),
    "typed twice": ("f8", PHRASE, "tab", PHRASE),
    "gone back": ("f8", PHRASE, "tab", PHRASE, "escape"),
}


@pytest.mark.parametrize("step", STEPS)
async def test_the_line_drops_and_the_token_still_works(
    school: School, open_console: OpenConsole, step: str, picture: SnapshotAssertion
) -> None:
    invite(school, add_elise(school))
    token = token_to(school, ELISE)
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.press("f2")
        await pilot.press(*token)
        for typed in STEPS[step]:
            await (who.type(typed) if typed == PHRASE else who.press(typed))
        await who.settled()
    assert account_of(school, ELISE) is None
    assert drafts(school) == []
    assert admission.look_at_token(entrance(school), token).email == ELISE
    await _comes_in(open_console, token, picture)


async def test_the_line_drops_while_the_password_is_set(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    """Whether or not it came to pass: it is wholly done, or the token still works."""
    invite(school, add_elise(school))
    token = token_to(school, ELISE)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor() as threads:  # which come to their end before anything is asked
        loop.set_default_executor(threads)
        async with open_console().run_test(size=(80, 24)) as pilot:
            who = Journey(pilot, picture)
            await who.settled()
            await who.press("f2")
            await enter_token(who, token)
            await who.type(PHRASE, "tab")
            await pilot.press(*PHRASE, "f8")
    loop.set_default_executor(ThreadPoolExecutor())
    if account_of(school, ELISE) is None:
        assert activated(school) == (None, None)
        await _comes_in(open_console, token, picture)
    else:
        assert None not in activated(school)
        signed_in = sign_in.sign_in(entrance(school), ELISE, PHRASE)
        assert [profile.role for profile in signed_in.identity.profiles] == ["staff"]


async def _comes_in(open_console: OpenConsole, token: str, picture: SnapshotAssertion) -> None:
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.press("f2")
        await enter_token(who, token)
        await choose_password(who)
        assert isinstance(who.app.screen, OwnAccessScreen)


def activated(school: School) -> tuple[datetime | None, datetime | None]:
    """Return when Élise's invitation was used, and when her access became active."""
    with reading(school.world.engine, SYSTEM, school.clock()) as session:
        found = select(col(Invitation.used_at), col(Access.activated_at)).join(
            Access, col(Access.id) == col(Invitation.access_id)
        )
        return tuple(session.execute(found).one())  # type: ignore[return-value]


def drafts(school: School) -> list[str]:
    from models.accounts import Draft

    with reading(school.world.engine, SYSTEM, school.clock()) as session:
        return list(session.scalars(select(col(Draft.form))))


# --- forgotten, and a new address ----------------------------------------------------------


async def test_a_forgotten_password(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.press("f4")
        await who.type("personne@courriel.example", "f8")
        told = who.app.screen
        await who.picture("1-unknown-address")
        assert school.server.recipients == []
        await who.press("ctrl+u")
        await who.type(DIRECTOR, "f8")
        assert who.app.screen is told
        assert school.server.recipients == [DIRECTOR]  # sent by this very console
        await who.press("f2")
        await enter_token(who, as_typed(token_to(school, DIRECTOR)))
        assert isinstance(who.app.screen, NewPasswordScreen)
        await who.picture("2-new-password")
        await choose_password(who)
        assert isinstance(who.app.screen, DashboardScreen)
        assert school.server.recipients == [DIRECTOR, DIRECTOR]  # and told of the change
        await who.press("g", "q")
        await who.type(DIRECTOR, "enter")
        await who.type(PASSWORD, "enter")
        who.sees(_(sign_in.SignInRefused.heading))


async def test_another_address_counts_once_confirmed(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    new = "anne@chez.example"
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        await who.settled()
        await who.type(DIRECTOR, "enter")
        await who.type(PASSWORD, "enter")
        await who.press("g", "o", "e")
        await who.type(new, "tab")
        await who.type("not my password", "f8")
        who.sees(_(sign_in.WrongPassword.heading))
        await who.press("ctrl+u")
        await who.type(PASSWORD, "f8")
        who.sees("À confirmer jusqu’au", new)
        assert school.server.recipients == [new]
        await who.picture("1-to-be-confirmed")
        await who.press("c")
        await who.type(as_typed(token_to(school, new)), "enter")
        who.sees(f"Adresse de référence : {new}")
        assert school.server.recipients == [new, DIRECTOR]
        await who.press("g", "q")
        await who.type(new, "enter")
        await who.type(PASSWORD, "enter")
        assert isinstance(who.app.screen, DashboardScreen)


# --- nobody there --------------------------------------------------------------------------


async def test_who_touches_no_key_is_signed_out(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        app: Any = who.app
        await who.settled()
        await who.type(DIRECTOR, "enter")
        await who.type(PASSWORD, "enter")
        school.clock.now += timedelta(minutes=19)
        app.end_if_idle()
        await who.settled()
        assert isinstance(app.screen, DashboardScreen)
        await who.press("down")
        school.clock.now += timedelta(minutes=19)
        app.end_if_idle()
        await who.settled()
        assert isinstance(app.screen, DashboardScreen)
        await who.press("g", "o", "p")
        school.clock.now += timedelta(minutes=21)
        app.end_if_idle()
        await who.settled()
        assert isinstance(app.screen, SignInScreen)
        assert (app.role, app.who, app.places) == ("", None, {})
        who.sees("Vous avez été déconnecté après 20 minutes")
        who.sees_not("Anne", "Institut")
        await who.picture("1-signed-out")
        await who.press("escape")
    assert app.return_value == 0


async def test_the_console_looks_by_itself_whether_anybody_is_there(
    school: School, open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_LOOK_EVERY", 0.05)
    app: Any = open_console()
    app._leaves = True
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        school.clock.now += timedelta(minutes=21)
        for _ in range(100):
            await pilot.pause(0.05)
            if app.return_value is not None:
                break
    assert app.return_value == 0


async def test_over_ssh_a_way_in_that_nobody_touches_ends(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    for leaves in (False, True):
        app: Any = open_console()
        app._leaves = leaves
        async with app.run_test(size=(80, 24)) as pilot:
            await Journey(pilot, picture).settled()
            school.clock.now += timedelta(minutes=19)
            app.end_if_idle()
            school.clock.now += timedelta(minutes=2)
            app.end_if_idle()
            await pilot.pause()
            assert (app.return_value == 0) == leaves
        school.clock.now += timedelta(minutes=21)
        app.end_if_idle()  # a timer's last tick may come after the screens have gone


async def test_a_token_left_on_screen_goes_too(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    invite(school, add_elise(school))
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        app: Any = who.app
        await who.settled()
        await who.press("f2")
        await enter_token(who, token_to(school, ELISE))
        school.clock.now += timedelta(minutes=21)
        app.end_if_idle()
        await who.settled()
        assert isinstance(app.screen, SignInScreen)
        await who.press("f2")
        assert [entry.value for entry in app.screen.query(TextInput)] == [""]


async def test_whose_account_is_closed_is_shut_out(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    async with open_console().run_test(size=(80, 24)) as pilot:
        who = Journey(pilot, picture)
        app: Any = who.app
        await who.settled()
        await who.type(DIRECTOR, "enter")
        await who.type(PASSWORD, "enter")
        app.look_after_rights()
        await who.settled()
        assert isinstance(app.screen, DashboardScreen)
        with writing(school.world.engine, SYSTEM, school.clock()) as session:
            mine = col(Account.email_key) == DIRECTOR
            assert change(session, Account, mine, disabled_at=school.clock())
        app.look_after_rights()
        await who.settled()
        assert isinstance(app.screen, SignInScreen)
        assert (app.role, app.who, app.places) == ("", None, {})
        who.sees("Votre compte a été fermé")
