"""The diagnosis on screen: causes, what to say, the remedy on Enter, and the call in hand."""

import ast
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import col
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

import services
from models.accounts import PASSWORD_PURPOSE, Account, PasswordReset
from models.calls import CallNote, CallStep
from models.database import SYSTEM, Actor, writing
from models.keys import Key
from models.language import say, use_language
from models.mail import Mail
from models.plans import Plan
from models.tokens import make_token
from screens.call import CallScreen
from screens.confirm import ConfirmScreen
from screens.diagnosis import DiagnosisScreen
from screens.diagnosis_remedies import WAYS
from screens.doubles import DoublesScreen
from screens.families import CorrectionScreen
from screens.head_form import HeadAddressScreen, NewHeadScreen
from screens.person import PersonScreen
from screens.plan import PlanScreen
from screens.print_forms import PrintFormsScreen
from screens.record_consents import RecordConsentsScreen
from screens.schools import SchoolsScreen
from screens.story import StoryScreen
from screens.support import SupportScreen
from screens.team_access import TeamAccessScreen
from screens.team_changes import ChangeScreen
from screens.whole_line import WholeLineScreen
from screens.workplace import Workplace
from services import families, plans, school_years
from services.desk import Desk
from services.diagnosis_remedies import kind_of
from services.mail.sender import Letterhead, Mailing
from services.mail.url import mail_settings
from services.search import Hit, search
from services.workshop_page import page
from tests.families import THREE_FAMILIES, load, people
from tests.screens.ateliers import in_office
from tests.screens.conftest import MakeApp, screen_text, settled
from tests.screens.samples import HOSTILE
from tests.servers import MailServer
from tests.services.diagnosis_world import Town
from tests.services.workshop_world import make_ateliers
from tests.typed import at_once
from tests.worlds import Member, World


def helpdesk(world: World) -> Desk:
    return Desk(world.engine, Actor("helpdesk", "helpdesk", None), world.clock)


def workplace(world: World, *, director: bool = False) -> Workplace:
    """The helpdesk's without a school, a director's in the own one."""
    if not director:
        return Workplace(helpdesk(world), who="H. Desk")
    desk = world.director()
    return Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, world.mine))


def caller(world: World, *troubles: str) -> Member:
    ((_troubles, member),) = Town(world).callers([troubles])
    return member


def found(world: World, text: str = "appelant1") -> Hit:
    hit: Hit = helpdesk(world).read(search, text)[0]
    return hit


def rows(world: World, table: Any) -> list[Any]:
    def ask(session: Any) -> list[Any]:
        return list(session.scalars(select(table).order_by(col(table.id))))

    return world.desk.read(ask)


async def on_screen(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys, one after the other, and return what is shown then."""
    await settled(pilot)
    for typed in at_once(keys):
        await pilot.press(*typed)
        await settled(pilot)
    return " ".join(screen_text(pilot.app).split())


async def test_a_plan_is_shown_applied_and_noted(console: MakeApp, world: World) -> None:
    member = caller(world, "deactivated", "disappeared")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant un")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        text = await on_screen(pilot)
        assert "2 causes" in text
        assert "À dire : L’établissement Institut Saint-Exemple a désactivé" in text
        assert "Remède (Entrée) : Réactiver" in text
        assert not rows(world, CallNote), "a mere look is no call"
        await on_screen(pilot, "enter")
        assert isinstance(pilot.app.screen, PlanScreen)
        text = await on_screen(pilot, "f8")
        assert pilot.app.screen is screen
        assert "1 cause" in text and "Accès activé" in text, "it is read anew"
        (note,), (step,), plan = rows(world, CallNote), rows(world, CallStep), rows(world, Plan)[-1]
        assert (note.person_id, note.searched) == (member.person, "appelant un")
        assert (note.surname, note.closed_at) == ("Appelant1", None)
        assert (step.code, step.plan_id) == ("reactivate", plan.id)
        assert "appel n°" in text.replace("\xa0", " ")
        await on_screen(pilot, "x")
        assert rows(world, CallNote)[0].closed_at is not None


async def test_what_is_said_is_noted_and_x_closes_at_once(console: MakeApp, world: World) -> None:
    caller(world, "several_mails")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await on_screen(pilot, "enter", "x")
        (note,), (step,) = rows(world, CallNote), rows(world, CallStep)
        assert note.closed_at is not None and step.code == "tell_caller"


@pytest.mark.parametrize("trouble", ["locked", "account_disabled", "wrong_password"])
async def test_an_account_is_mended_by_a_plan(console: MakeApp, world: World, trouble: str) -> None:
    member = caller(world, trouble)
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await on_screen(pilot, "enter", "f8")
        if trouble == "wrong_password":
            assert isinstance(pilot.app.screen, ConfirmScreen), "a mail leaves the house"
            await on_screen(pilot, "o")
        assert pilot.app.screen is screen
        account = next(a for a in rows(world, Account) if a.person_id == member.person)
        assert account.locked_until is None and account.disabled_at is None
        assert len(rows(world, PasswordReset)) == (trouble == "wrong_password")
        (step,) = rows(world, CallStep)
        assert step.plan_id == rows(world, Plan)[-1].id


async def test_the_helpdesk_looks_further(console: MakeApp, world: World) -> None:
    caller(world, "expired")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key, kind in (("h", StoryScreen), ("o", PersonScreen), ("f", WholeLineScreen)):
            await on_screen(pilot, key)
            assert isinstance(pilot.app.screen, kind)
            await on_screen(pilot, "escape")
            assert pilot.app.screen is screen
        assert not rows(world, CallNote)


async def test_w_asks_why_from_a_persons_page(console: MakeApp, world: World) -> None:
    member = caller(world, "no_consent")
    screen = PersonScreen(workplace(world, director=True), member.person)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        text = await on_screen(pilot, "w")
        assert isinstance(pilot.app.screen, DiagnosisScreen)
        assert "Diagnostic" in text and "appel en cours" not in text
        assert "x Clore" not in text, "a director has no calls"


def test_no_remedy_has_a_dead_key() -> None:
    """Every code that the services write opens something where it is a plan or a form."""
    codes = {
        str(node.args[0].value)
        for path in Path(services.__file__).parent.rglob("*.py")
        if "Remedy(" in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Remedy"
        if isinstance(node.args[0], ast.Constant)
    }
    assert len(codes) > 30
    assert set(WAYS) == {code for code in codes if kind_of(code) in ("plan", "form")}


#: What the remedy of a trouble opens, and what stands there already.
FORMS: dict[str, tuple[type[Screen[Any]], str]] = {
    "no_consent": (PrintFormsScreen, "1 formulaire à signer"),
    "consent_printed": (RecordConsentsScreen, "Appelant2 Jeanne"),
    "no_role": (ChangeScreen, "Appelant3"),
    "duplicate": (DoublesScreen, "Appelant4 Jeanne"),
    "headnet_former_head": (NewHeadScreen, "Appelant5"),
    "headnet_address": (HeadAddressScreen, "E-mail"),
}


async def test_forms_open_filled_in(console: MakeApp, world: World) -> None:
    callers = Town(world).callers([(trouble,) for trouble in FORMS])
    here = workplace(world)
    async with console(SchoolsScreen(here), role="helpdesk").run_test(size=(80, 24)) as pilot:
        for (trouble,), member in callers:
            hit = Hit("person", member.person, "", "", say(""), person_id=member.person)
            screen = DiagnosisScreen(here, hit, trouble)
            pilot.app.push_screen(screen)
            await settled(pilot)
            await go_to_cause(pilot, screen, trouble)
            text = await on_screen(pilot, "enter")
            kind, words = FORMS[trouble]
            assert isinstance(pilot.app.screen, kind), (trouble, text)
            assert words in text.replace("\xa0", " "), (trouble, text)
            if trouble == "no_role":
                await on_screen(pilot, "enter")
                (step,) = rows(world, CallStep)
                assert (step.code, step.plan_id) == ("set_role", rows(world, Plan)[-1].id)
            else:
                await on_screen(pilot, "escape")
            assert pilot.app.screen is screen
            await on_screen(pilot, "escape")
    assert len(rows(world, CallStep)) == 1, "what was looked at only is not done"


async def go_to_cause(pilot: Pilot[Any], screen: DiagnosisScreen, cause: str) -> None:
    causes = [finding.cause for finding in screen._findings]
    for _step in range(causes.index(cause)):
        await pilot.press("down")
    await settled(pilot)


async def test_a_form_that_has_mended_the_cause_is_noted(console: MakeApp, world: World) -> None:
    caller(world, "duplicate")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        text = await on_screen(pilot, "enter", "n", "escape")
        assert "Rien ne pose problème ici." in text
        (step,) = rows(world, CallStep)
        assert (step.code, step.kind) == ("decide_double", "other")


async def test_a_school_leads_to_the_lists(console: MakeApp, world: World) -> None:
    world.people(2, email=None, consent=False)
    here = Workplace(helpdesk(world), who="H. Desk")
    async with console(SchoolsScreen(here), role="helpdesk").run_test(size=(80, 24)) as pilot:
        await on_screen(pilot, "down")
        text = await on_screen(pilot, "w")
        assert isinstance(pilot.app.screen, DiagnosisScreen)
        assert "2 personnes n’ont pas d’adresse" in text and "Entrée montre la liste" in text
        text = await on_screen(pilot, "enter")
        assert isinstance(pilot.app.screen, TeamAccessScreen)
        assert "Membre0001" in text and here.here is None, "one is still in no school"
        await on_screen(pilot, "escape")
        assert isinstance(pilot.app.screen, DiagnosisScreen)


async def test_what_others_have_to_do_is_told(console: MakeApp, world: World) -> None:
    member = caller(world, "no_role")
    here = workplace(world, director=True)
    here.desk = Desk(
        world.engine, Actor("coordinator", "coordinator", frozenset({world.mine})), world.clock
    )
    screen = DiagnosisScreen.of_person(here, member.person, here.chosen)
    async with console(screen, role="coordinator").run_test(size=(80, 24)) as pilot:
        text = await on_screen(pilot)
        assert "assistance" in text and "Fixer un rôle" not in text
        await on_screen(pilot, "enter")
        assert isinstance(pilot.app.screen, SupportScreen)


async def test_hostile_names_show_nothing_raw(console: MakeApp, world: World) -> None:
    here = workplace(world, director=True)
    words = [name.replace("\ud800", "").replace("\x00", "") for name in HOSTILE]
    names = [max(words, key=len), " ".join(word[:40] for word in words), words[-2]]
    people = [world.person(surname=name, email=f"p{k}@x.example") for k, name in enumerate(names)]
    async with console(SchoolsScreen(here)).run_test(size=(60, 20)) as pilot:
        for person in people:
            pilot.app.push_screen(DiagnosisScreen.of_person(here, person.person, here.chosen))
            text = await on_screen(pilot, "pagedown")
            assert "Recevra" in text and "À dire" in text
            assert not any(mark in text for mark in ("\x1b", "\x07", "\x9b", "\u202e", "\u200b"))
            await pilot.press("escape")


def test_picture(console: MakeApp, world: World, snap_compare: Any) -> None:
    caller(world, "bounced", "typing_error", "mission_not_renewed")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    app = console(screen, role="helpdesk")
    assert snap_compare(app, run_before=settled, terminal_size=(80, 24))


#: Each picture: for which desk, its size, and how the console is drawn.
LOOKS: dict[str, tuple[str, tuple[int, int], dict[str, str]]] = {
    "healthy": ("healthy", (80, 24), {}),
    "waiting": ("waiting", (80, 24), {"language": "en"}),
    "director": ("director", (80, 24), {}),
    "school": ("school", (80, 24), {}),
    "token": ("token", (80, 24), {}),
    "english": ("several", (80, 24), {"language": "en"}),
    "small": ("several", (60, 20), {}),
    "monochrome": ("several", (80, 24), {"style": "monochrome"}),
    "accessible": ("several", (80, 24), {"style": "accessible"}),
}


def situation(world: World, name: str) -> DiagnosisScreen:
    """Make somebody who calls, or a school, and the diagnosis of it."""
    if name == "school":
        world.people(3, consent=False)
        world.people(2, email=None, consent=False)
        world.people(4, function="gardien")
        caller(world, "expired")
        return DiagnosisScreen(workplace(world), found(world, "9901"), "9901")
    if name == "token":
        token = make_token(Key(b"k" * 32), PASSWORD_PURPOSE, 12, 1)
        wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
        return DiagnosisScreen(workplace(world), found(world, wrong), wrong)
    troubles = {
        "healthy": (),
        "waiting": ("several_mails",),
        "director": ("no_role", "typing_error", "absent"),
        "several": ("locked", "deactivated", "duplicate", "mission_not_renewed"),
    }[name]
    member = caller(world, *troubles)
    if name == "director":
        here = workplace(world, director=True)
        return DiagnosisScreen.of_person(here, member.person, here.chosen)
    return DiagnosisScreen(workplace(world), found(world), "appelant")


@pytest.mark.parametrize("look", LOOKS)
def test_pictures(console: MakeApp, world: World, snap_compare: Any, look: str) -> None:
    name, size, options = LOOKS[look]
    use_language(options.get("language", "fr"))
    screen = situation(world, name)
    role = "director" if name == "director" else "helpdesk"
    app = console(screen, role=role, **options)
    assert snap_compare(app, run_before=settled, terminal_size=size)


def test_picture_of_a_workshop(console: MakeApp, sqlite_engine: Engine, snap_compare: Any) -> None:
    ateliers = make_ateliers(sqlite_engine)
    workshop = ateliers.ask(first_day="07/01/2027")
    hit = ateliers.office.read(search, ateliers.office.read(page, workshop).reference)[0]
    screen = DiagnosisScreen(in_office(ateliers), hit, "atelier")
    app = console(screen, role="helpdesk")
    assert snap_compare(app, run_before=settled, terminal_size=(80, 24))


async def test_a_guardians_address_is_corrected_and_noted(console: MakeApp, world: World) -> None:
    load(world, THREE_FAMILIES)
    known, desk = people(world), world.director()
    plan = desk.write(families.plan_tokens, world.mine, world.year, person_ids=[known["Jean"]])
    desk.write(plans.apply, plan)
    here = workplace(world)
    with writing(world.engine, SYSTEM, world.clock()) as session:
        back = session.scalars(select(Mail)).one()
        back.sent_at = back.bounced_at = back.closed_at = session.at
        back.reply = "5.1.1 No such user"
    hit = Hit("person", known["Jean"], "", "", say(""), person_id=known["Jean"])
    screen = DiagnosisScreen(here, hit)
    async with console(screen, role="helpdesk").run_test(size=(80, 24)) as pilot:
        await on_screen(pilot, "enter")
        assert isinstance(pilot.app.screen, CorrectionScreen)
        pilot.app.screen.query_one(Input).value = "jean@x.be"
        await on_screen(pilot, "enter")
        assert rows(world, Mail)[-1].recipient == "jean@x.be"
        (step,) = rows(world, CallStep)
        assert (step.code, step.kind) == ("correct_address", "plan")


async def test_c_opens_the_note_and_closing_it_goes_home(console: MakeApp, world: World) -> None:
    caller(world, "several_mails")
    screen = DiagnosisScreen(workplace(world), found(world), "appelant")
    first = SchoolsScreen(workplace(world))
    places = {"dashboard": lambda: first}
    async with console(first, role="helpdesk", places=places).run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(screen)
        text = await on_screen(pilot, "c")
        assert isinstance(pilot.app.screen, CallScreen)
        assert "Appelant1" in text and "Plusieurs invitations" in text
        await on_screen(pilot, "f3")
        assert pilot.app.screen is screen
        await on_screen(pilot, "c", "f4")
        (note,) = rows(world, CallNote)
        assert note.closed_at is not None and pilot.app.screen is first


async def test_the_console_that_invites_sends(
    console: MakeApp, world: World, mail_server: MailServer
) -> None:
    caller(world, "not_invited")
    here = workplace(world)
    settings = mail_settings(f"smtp://127.0.0.1:{mail_server.port}")
    letterhead = Letterhead("trousseau@ecole.example")
    here.mailing = lambda: Mailing(settings, Key(b"k" * 32), letterhead)
    screen = DiagnosisScreen(here, found(world), "appelant")
    first = SchoolsScreen(here)
    places = {"dashboard": lambda: first}
    async with console(first, role="helpdesk", places=places).run_test(size=(80, 24)) as pilot:
        pilot.app.push_screen(screen)
        await on_screen(pilot, "enter", "f8", "o")
        while pilot.app.screen is not screen:  # the progress of the sending
            await pilot.pause(0.05)
        text = await on_screen(pilot)
        assert [mail.recipients for mail in mail_server.messages] == [["membre1@courriel.example"]]
        assert "Invitation envoyée" in text and "Rien ne pose problème" in text
        assert "Votre invitation pour Institut Saint-Exemple a été envoyée" in text
        await on_screen(pilot, "x")
        assert pilot.app.screen is first
    (note,), (step,) = rows(world, CallNote), rows(world, CallStep)
    assert note.closed_at is not None and step.code == "invite"
