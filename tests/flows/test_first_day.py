"""The first day of a school year: a director gets a whole team in, by keyboard alone.

The console is the one that `trousseau` opens: it signs in, reads real files, writes a real PDF,
and sends to a real mail server. Each step has its picture in snapshots/flows/.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from pypdf import PdfReader
from syrupy.assertion import SnapshotAssertion

from models.database import SYSTEM
from models.keys import load_key
from screens.dashboard import DashboardScreen
from screens.help import HelpScreen
from services import activation, token_refusals
from services.desk import Desk
from tests.flows.conftest import DIRECTOR, MISTYPED, PASSWORD, RIGHT, STAFF, Journey, School
from tests.screens.conftest import screen_text, settled
from tui.app import TrousseauApp
from tui.console import Console
from tui.door import Door

pytestmark = pytest.mark.timeout(300)

OpenConsole = Callable[[], TrousseauApp]
TOKEN = re.compile(r"\b(?:[0-9A-Z]{5}-){3,}[0-9A-Z]{5}\b")


# --- what the people of this story do -----------------------------------------------------


async def sign_in(anne: Journey) -> None:
    await anne.type(DIRECTOR, "enter")
    await anne.type(PASSWORD, "enter")


async def choose_the_address_column(anne: Journey) -> None:
    """Eight lines down stands the personal e-mail; four columns on, the one it is in."""
    await anne.press("f2", *["down"] * 8, *["right"] * 4)


async def print_forms(anne: Journey) -> None:
    await anne.press("f8", "ctrl+u")
    await anne.type("~/formulaires", "enter")


async def scan(anne: Journey, *references: str) -> None:
    """Scan each form and take date and address as they are offered."""
    for reference in references:
        await anne.type(reference, "enter", "enter", "enter")


def token_of(school: School, address: str) -> str:
    """Return the token of the mail that came last to an address, as its reader would find it."""
    mail = [m for m in school.server.messages if m.recipients == [address]][-1]
    read = message_from_bytes(mail.content, policy=policy.default)
    body = read.get_body(("plain",))  # type: ignore[attr-defined]
    found = TOKEN.search(body.get_content())
    assert found, "no token in the mail"
    return found[0]


def activate(school: School, token: str) -> None:
    """Do what the service does when somebody has chosen a password."""
    key = load_key(school.home / "config" / "key")
    Desk(school.world.engine, SYSTEM, school.clock).write(activation.spend, key, token, None)


# --- the day ------------------------------------------------------------------------------


async def test_first_day(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    async with open_console().run_test(size=(80, 24)) as pilot:
        anne = Journey(pilot, picture)
        await anne.settled()
        await anne.picture("01-sign-in")
        await sign_in(anne)
        anne.sees("Institut Saint-Exemple", "Prochaine étape", "Importer un fichier")
        await anne.picture("02-dashboard-nothing-imported")
        await _import_the_staff(anne)
        await _collect_consents(anne, school)
        await _invite(anne, school)
        await _correct_an_address(anne, school)
        await _activate_one(anne, school)
        await _send_again(anne, school)
        await _too_late_to_undo(anne)


async def _import_the_staff(anne: Journey) -> None:
    await anne.press("enter")
    await anne.type("pers", "f3")
    anne.sees("personnel.csv", "4 colonnes trouvées")
    await anne.picture("03-import-file")
    await choose_the_address_column(anne)
    anne.sees("E-mail privé", "Où écrire", "Registre national")
    await anne.picture("04-import-columns")
    await anne.press("f8", "f8")
    anne.sees("7 avertissements", "0 erreur", "À appliquer")
    anne.sees("Déjà connue dans un autre")
    await anne.picture("05-import-plan")
    await anne.press("f8")
    anne.sees("Appliqué", "u annule")
    await anne.press("g", "a")
    anne.sees("Pas d’adresse 1", "Autorisation manquante 6")
    await anne.picture("06-team-access")


async def _collect_consents(anne: Journey, school: School) -> None:
    await anne.press("g", "c")
    anne.sees("manquante 7")
    await print_forms(anne)
    anne.sees("7 formulaires se trouvent dans", "imprimée 7")
    await anne.picture("07-consents-printed")
    (pdf,) = school.formulaires.glob("*.pdf")
    assert len(PdfReader(pdf).pages) == 7
    school.clock.now += timedelta(hours=2)
    await anne.press("r")
    await anne.type("0002-1A", "enter", "ctrl+u")
    anne.sees("Vandenbroeck Élise")
    await anne.type("28/08/2026", "enter", "enter")
    await scan(anne, "0003-1E", "0004-1J", "0005-1P", "0006-1T")
    anne.sees("1–5 sur 5")
    await anne.picture("08-record-consents")
    await anne.press("f8")
    anne.sees("5 informations", "Signée le 28/08/2026 pour elise.vdb@courriel.example")
    await anne.picture("09-consents-plan")
    await anne.press("f8")
    anne.sees("Appliqué", "Ajouts : 5")


async def _invite(anne: Journey, school: School) -> None:
    await anne.press("g", "a", "f8")
    anne.sees("Recevra un e-mail d’invitation", "Le formulaire est imprimé")
    anne.sees("Aucune adresse e-mail n’est connue")
    await anne.picture("10-invitations-plan")
    await anne.press("f8")
    await anne.picture("11-invitations-question")
    school.server.answer("RCPT", "550 5.1.1 User unknown", address=MISTYPED)
    await anne.press("o")
    anne.sees("3 e-mails envoyés. 1 refusé par le serveur de messagerie.")
    assert len(school.server.messages) == 3
    assert not {MISTYPED, "berenice.lejeune@courriel.example"} & set(school.server.recipients)
    await anne.picture("12-team-access-sent")
    await anne.press("g", "i")
    anne.sees("envoyée 3", "refusée 1")
    await anne.picture("13-invitations")


async def _correct_an_address(anne: Journey, school: School) -> None:
    """The secretary corrects the file; the old consent does not cover the new address."""
    school.clock.now += timedelta(days=2)
    school.write_staff("personnel-2.csv", STAFF.replace(MISTYPED, RIGHT))
    await anne.press("g", "m")
    await anne.type("personnel-2.csv", "enter", "f8")
    await anne.press("down")
    anne.sees("1 avertissement", "L’autorisation signée ne couvre pas la nouvelle adresse")
    await anne.picture("14-second-import-plan")
    await anne.press("f8", "u")
    anne.sees("Annulé : tout est comme avant le plan.")
    await anne.press("escape", "f8", "f8")
    anne.sees("Appliqué. Ajouts : 0, modifications : 2, retraits : 0.")
    await anne.press("g", "c")
    anne.sees("autre adresse 1")
    await print_forms(anne)
    anne.sees("1 formulaire se trouve dans")
    await anne.press("r")
    anne.sees("Les formulaires encodés s’affichent ici")
    await scan(anne, "0005-1P")
    await anne.press("f8", "f8")
    anne.sees(f"pour {RIGHT}", "Ajouts : 1")


async def _activate_one(anne: Journey, school: School) -> None:
    await anne.press("g", "a")
    activate(school, token_of(school, "elise.vdb@courriel.example"))
    await anne.press("f5", "end")
    anne.sees("+ 2", "+ Activée Vandenbroeck Élise", "Accès activé")
    await anne.picture("15-team-access-activated")


async def _send_again(anne: Journey, school: School) -> None:
    """Only those who have not activated get a second mail; its token replaces the first."""
    first = token_of(school, "fatima.elamrani@courriel.example")
    school.server.messages.clear()
    await anne.press("g", "i", "f8")
    anne.sees("A déjà activé son accès")
    await anne.picture("16-send-again-plan")
    await anne.press("f8", "o")
    anne.sees("3 e-mails envoyés.")
    assert sorted(school.server.recipients) == [
        RIGHT, "fatima.elamrani@courriel.example", "noemie.dhondt@courriel.example",
    ]  # fmt: skip
    await anne.picture("17-invitations-sent-again")
    with pytest.raises(token_refusals.TokenReplaced):
        activate(school, first)
    activate(school, token_of(school, RIGHT))


async def _too_late_to_undo(anne: Journey) -> None:
    """The first import, at the end of the list: consents and accesses stand on it by now."""
    await anne.press("g", "p", "end", "u")
    anne.sees("ne peut donc plus être annulé", "Appliqué Importation de personnel.csv")
    await anne.picture("18-plans")
    await anne.press("g", "a")
    anne.sees("+ 3", "» 2")


# --- in English, and on a small screen ----------------------------------------------------


async def test_in_english(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    async with open_console().run_test(size=(80, 24)) as pilot:
        anne = Journey(pilot, picture)
        await sign_in(anne)
        await anne.press("f9")
        anne.sees("Dashboard", "Next: import the staff records")
        await anne.press("enter")
        await anne.type("personnel.csv", "enter")
        await choose_the_address_column(anne)
        anne.sees("Personal e-mail", "Registre national")
        await anne.press("f8", "f8")
        anne.sees("7 warnings", "To apply")
        await anne.picture("1-plan")
        await anne.press("f8", "g", "c", "r")
        await scan(anne, "0002-1A")
        await anne.press("f8", "f8", "g", "a", "f8", "f8", "y")
        anne.sees("1 mail sent.")
        await anne.picture("2-team-access")
        anne.sees_not("Activée", "Invitation envoyée")
        assert school.server.recipients == ["elise.vdb@courriel.example"]


async def test_on_a_small_screen(
    school: School, open_console: OpenConsole, picture: SnapshotAssertion
) -> None:
    """At 60×20 nothing is lost: each step can be done, and what it says can be read."""
    async with open_console().run_test(size=(60, 20)) as pilot:
        anne = Journey(pilot, picture)
        await sign_in(anne)
        anne.sees("Prochaine étape")
        await anne.press("enter")
        await anne.type("personnel.csv", "enter")
        await choose_the_address_column(anne)
        anne.sees("E-mail privé", "Où écrire")
        await anne.picture("1-columns")
        await anne.press("f8", "f8")
        anne.sees("7 avertissements")
        await anne.picture("2-plan")
        await anne.press("f8", "g", "c", "r")
        await scan(anne, "0002-1A", "0003-1E")
        await anne.picture("3-record-consents")
        await anne.press("f8", "f8", "g", "a", "f8")
        anne.sees("À appliquer")
        await anne.press("f8", "o")
        anne.sees("2 e-mails envoyés.")
        await anne.picture("4-team-access")
        await anne.press("g", "i")
        anne.sees("envoyée 2")
        await anne.picture("5-invitations")
        await pilot.resize_terminal(80, 24)
        await anne.settled()
        anne.sees("Partie le", "31/08 09:00")  # for which there was no room


# --- on the threshold ---------------------------------------------------------------------


async def test_help_left_open_does_not_stay_below(
    school: School, open_console: OpenConsole
) -> None:
    """Whoever is in is on the dashboard, and Esc leads nowhere, least of all to the way in."""
    app = open_console()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        assert isinstance(app, Console)
        app.arrive(Door().sign_in(DIRECTOR, PASSWORD))
        assert isinstance(app.screen, DashboardScreen)
        await settled(pilot)
        await pilot.press("escape", "escape")
        assert isinstance(app.screen, DashboardScreen)


async def test_whoever_is_quick_finds_the_school_chosen(
    school: School, open_console: OpenConsole
) -> None:
    """The keys of a place may come before the dashboard has read anything."""
    app = open_console()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert isinstance(app, Console)
        app.arrive(Door().sign_in(DIRECTOR, PASSWORD))
        app.go("import")
        await settled(pilot)
        assert "Institut Saint-Exemple" in screen_text(app)
