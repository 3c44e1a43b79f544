"""No signed consent for exactly this address in this school: it does not leave (DOMAIN §3).

Every way out is walked: what is sent, what a command prints, what a file holds. And every
function through which something can leave is listed here, so that a new one without a
proof fails.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlmodel import col

from models.consents import Consent
from models.database import SYSTEM, change, writing
from models.mail import Mail
from models.people import Person
from models.references import make_reference
from models.schools import Source
from services import consent_printing, consent_recording, consent_withdrawals, plans
from services.consent_recording import RecordLine
from services.invitations import plan_invitations
from tests.worlds import Member, World, make_world
from tui.command_line import run

ROOT = Path(__file__).parents[2]
YEAR = ("--school", "9901", "--year", "2026-2027")
AGREED = "agreed@courriel.example"
#: Stands in every address that may not leave.
SECRET = "secret-"


@dataclass
class House:
    """A school, its people, and what has left it."""

    world: World
    home: Path
    capture: pytest.CaptureFixture[str]

    def person(self, reason: str, **facts: Any) -> Member:
        return self.world.person(
            surname=reason.capitalize(), email=f"{SECRET}{reason}@courriel.example", **facts
        )

    def later(self) -> None:
        self.world.clock.now += timedelta(seconds=1)

    def command(self, *arguments: str) -> str:
        """Return what a command says on both of its outputs."""
        self.capture.readouterr()
        status = run(arguments)
        said = self.capture.readouterr()
        assert status in (0, 1), said.err
        return said.out + said.err

    def mails(self) -> str:
        """Return every mail that has left, with its name."""
        files = [path for path in (self.home / "data" / "mail").rglob("*") if path.is_file()]
        return "\n".join(path.name + path.read_text(errors="replace") for path in files)


@pytest.fixture
def house(
    sqlite_engine: Engine,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> House:
    # The commands have the clock of the machine, and what they read lies before it.
    world = make_world(sqlite_engine, datetime.now(UTC) - timedelta(hours=1))
    address = sqlite_engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TROUSSEAU_DATABASE_URL", address)
    return House(world, home, capsys)


# --- who may not be written to ------------------------------------------------------------

TakeAway = Callable[[House, Member], None]


def _withdraw(house: House, member: Member) -> None:
    house.world.director().write(consent_withdrawals.withdraw, house.world.mine, member.person)


def _move(house: House, member: Member) -> None:
    """Let the records bring another address, as an import does."""
    new = f"{SECRET}new@courriel.example"
    house.world.desk.write(
        lambda s: change(
            s, Person, col(Person.id) == member.person, personal_email=new, personal_email_key=new
        )
    )


def _prefer_school(house: House, member: Member) -> None:
    """Let the rule of the source make another address the one in force."""
    house.world.desk.write(
        lambda s: change(
            s, Source, col(Source.id) == house.world.source, address_rule="school_first"
        )
    )


def _undo(house: House, member: Member) -> None:
    """Record the consent by a plan in place of the one that stands, and undo that plan."""
    _withdraw(house, member)
    house.later()
    desk = house.world.director()
    line = RecordLine(make_reference(member.post, 1), house.world.clock.now.date())
    plan = desk.write(consent_recording.plan_record, house.world.mine, [line])
    desk.write(plans.apply, plan)
    house.later()
    desk.write(plans.undo, plan)


WAYS_TO_LOSE_IT: dict[str, tuple[TakeAway, dict[str, Any]]] = {
    "withdrawn": (_withdraw, {}),
    "moved": (_move, {}),
    "other-rule": (_prefer_school, {"school_email": f"{SECRET}rule@ecole.example"}),
    "undone": (_undo, {}),
}


def without_consent(house: House) -> list[Member]:
    """Make one person for each way of not having agreed, and one who has."""
    world = house.world
    never = house.person("missing", consent=False)
    printed = house.person("printed", consent=False)
    elsewhere = house.person("elsewhere", consent=False)
    with writing(world.engine, SYSTEM, world.clock()) as session:
        address = f"{SECRET}elsewhere@courriel.example"
        session.add(
            Consent(
                person_id=elsewhere.person, school_id=world.other, post_id=elsewhere.post,
                email=address, email_key=address, text_version=1,
                signed_on=world.clock.now.date(), recorded_at=world.clock.now,
            )
        )  # fmt: skip
    sheets = world.desk.read(consent_printing.forms, world.mine, world.year, {printed.person})
    world.desk.write(consent_printing.note_printed, sheets)
    lost = []
    for reason in ("withdrawn", "moved", "undone"):
        member = house.person(reason)
        house.later()
        WAYS_TO_LOSE_IT[reason][0](house, member)
        lost.append(member)
    world.person(surname="Agreed", email=AGREED)
    house.later()
    return [never, printed, elsewhere, *lost]


# --- the ways out -------------------------------------------------------------------------


def _invite(house: House) -> str:
    foreseen = house.command("invite", *YEAR, "--dry-run") + house.command(
        "invite", *YEAR, "--dry-run", "--json"
    )
    return foreseen + house.command("invite", *YEAR, "--json")


def _send(house: House) -> str:
    said = _invite(house)
    return said + house.command("send", "--json") + house.mails()


def _again(house: House) -> str:
    _send(house)
    again = house.command("invite", *YEAR, "--again", "--json")
    return again + house.command("send", "--json") + house.mails()


def _one_by_one(house: House) -> str:
    """Ask for each person by name: that opens no door either."""
    for person in range(1, 9):
        house.command("invite", *YEAR, "--person", str(person), "--json")
        house.command("invite", *YEAR, "--person", str(person), "--again", "--json")
    return house.command("send", "--json") + house.mails()


def _plan(house: House) -> str:
    plan = house.world.desk.write(plan_invitations, house.world.mine, house.world.year)
    shown = house.command("plan", "show", str(plan), "--json")
    return (
        shown + house.command("plan", "show", str(plan)) + house.command("plan", "list", "--json")
    )


def _plan_of_consents(house: House) -> str:
    """Record the consent of somebody who withdraws it after."""
    member = house.person("recorded", consent=False)
    line = RecordLine(make_reference(member.post, 1), house.world.clock.now.date())
    desk = house.world.director()
    plan = desk.write(consent_recording.plan_record, house.world.mine, [line])
    desk.write(plans.apply, plan)
    house.later()
    _withdraw(house, member)
    return house.command("plan", "show", str(plan), "--json") + house.command(
        "plan", "show", str(plan)
    )


def _access(house: House) -> str:
    return "".join(house.command("access", *YEAR, *form) for form in ((), ("--json",), ("--csv",)))


def _invitations(house: House) -> str:
    _send(house)
    return house.command("invitations", *YEAR, "--json") + house.command("invitations", *YEAR)


def _export(what: str) -> Callable[[House], str]:
    def exported(house: House) -> str:
        _send(house)
        printed = house.command("export", what, *YEAR, "-o", "-")
        file = house.home / f"{what}.csv"
        house.command("export", what, *YEAR, "-o", str(file))
        return printed + file.read_text(encoding="utf-8-sig")

    return exported


def _bounces(house: House) -> str:
    _send(house)
    return house.command("bounces", str(house.home / "data" / "mail"), "--json")


def _nightly(house: House) -> str:
    """Let the nightly update remind of invitations that left a week ago."""
    before = _send(house)
    assert AGREED in before
    _let_a_week_pass(house)
    foreseen = house.command("nightly", "--json")
    assert '"reminders": 1' in foreseen
    return before + foreseen + house.command("send", "--json") + house.mails()


def _let_a_week_pass(house: House) -> None:
    with writing(house.world.engine, SYSTEM, house.world.clock()) as session:
        session.execute(update(Mail).values(sent_at=session.at - timedelta(days=8)))


def _families(house: House) -> str:
    """Everybody is a guardian as well: their address is still one of the staff records."""
    known = house.world.desk.read(lambda session: list(session.scalars(select(Person))))
    rows = "".join(
        f"Enfant{n};Lou;1A;{one.surname};{one.first_name};{one.personal_email or ''}\n"
        for n, one in enumerate(known)
    )
    header = "Nom élève;Prénom élève;Classe;Nom responsable;Prénom responsable;E-mail\n"
    file = house.home.with_suffix(".csv")
    file.write_text(header + rows, encoding="utf-8")
    house.command("import", str(file), "--as", "families", *YEAR, "--yes", "--json")
    told = house.command("families", *YEAR) + house.command("families", *YEAR, "--json")
    assert "Enfant0" in told
    return told + house.command("invite", *YEAR, "--families", "--json")


def _doctor(house: House) -> str:
    _send(house)
    return house.command("doctor", "--json") + house.command("doctor")


#: Every way out, and whether an address that has been agreed to is to be seen in it.
WAYS_OUT: dict[str, tuple[Callable[[House], str], bool]] = {
    "invite": (_invite, False),
    "send": (_send, True),
    "invite again": (_again, True),
    "invite one by one": (_one_by_one, True),
    "plan of invitations": (_plan, False),
    "plan of consents": (_plan_of_consents, False),
    "access": (_access, True),
    "invitations": (_invitations, True),
    "export access": (_export("access"), True),
    "export consents": (_export("consents"), True),
    "export invitations": (_export("invitations"), True),
    "bounces": (_bounces, False),
    "nightly": (_nightly, True),
    "families": (_families, False),
    "doctor": (_doctor, False),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_address_leaves_without_consent(house: House, way: str) -> None:
    without_consent(house)
    walk, shows_agreed = WAYS_OUT[way]
    left = walk(house)
    assert SECRET not in left
    assert (AGREED in left) is shows_agreed  # else this proved nothing


@pytest.mark.parametrize("reason", WAYS_TO_LOSE_IT)
def test_a_mail_that_waits_does_not_leave_once_the_consent_is_gone(
    house: House, reason: str
) -> None:
    take_away, facts = WAYS_TO_LOSE_IT[reason]
    member = house.person("queued", **facts)
    house.world.person(surname="Agreed", email=AGREED)
    assert '"queued": 2' in _invite(house)
    house.later()
    take_away(house, member)
    left = house.command("send", "--json") + house.mails()
    assert SECRET not in left
    assert AGREED in left


@pytest.mark.parametrize("reason", WAYS_TO_LOSE_IT)
@pytest.mark.parametrize("when", ["before the night", "before it leaves"])
def test_nobody_is_reminded_once_the_consent_is_gone(house: House, reason: str, when: str) -> None:
    take_away, facts = WAYS_TO_LOSE_IT[reason]
    member = house.person("reminded", **facts)
    house.world.person(surname="Agreed", email=AGREED)
    _send(house)
    _let_a_week_pass(house)
    before = house.mails().count(SECRET)
    house.world.clock.now = datetime.now(UTC)
    steps = [lambda: take_away(house, member), lambda: house.command("nightly")]
    for step in steps if when == "before the night" else reversed(steps):
        step()
    house.command("send", "--json")
    assert house.mails().count(SECRET) == before
    assert house.mails().count(f"To: Jeanne Agreed\n <{AGREED}>") == 2


@pytest.mark.parametrize("reason", WAYS_TO_LOSE_IT)
def test_what_was_sent_is_not_shown_once_the_consent_is_gone(house: House, reason: str) -> None:
    take_away, facts = WAYS_TO_LOSE_IT[reason]
    member = house.person("sent", **facts)
    _send(house)
    assert SECRET in house.mails()
    house.world.clock.now = datetime.now(UTC)
    take_away(house, member)
    told = house.command("invite", *YEAR, "--again", "--json")
    for form in ((), ("--json",)):
        told += house.command("invitations", *YEAR, *form) + house.command("access", *YEAR, *form)
    for what in ("access", "consents", "invitations"):
        told += house.command("export", what, *YEAR, "-o", "-")
    assert SECRET not in told
    before = house.mails()
    house.command("send", "--json")
    assert house.mails() == before


# --- nothing else can let one out ---------------------------------------------------------

#: Calls by which something leaves the program: to a mail server, to a file, to the output.
#: (The console paints the screens of those who may see an address, and keeps nothing.)
LETTING_OUT = {
    "deliver", "sendmail", "send_message", "rcpt", "execute_command", "open_connection",
    "csv_text", "writer", "print_json", "print_table", "print_line", "print_sentence", "print",
    "write_private", "write_bytes", "write_text", "fdopen",
}  # fmt: skip

_WALKED = "walked above"
_MEANS = "a means of the others, which knows no staff"
_NOBODY = "says nothing of staff"
_RECORDED = "of heads, recorded for HeadNet by those who see it, and of no staff record"
_PUBLISHED = "what the helpdesk has published for all heads, and nothing from the records"
#: What somebody gave for a workshop: it is never one of the staff records.
_TYPED = "addresses that were typed for this workshop, to whom they were typed for"
#: Paper, and what a returned sheet is held against: the person signs under that address.
_PAPER = "the form to sign, and the list and plan that record it"

#: Every function that lets something out, and why no address leaves through it without
#: consent. A new one belongs here only with its way among `WAYS_OUT`, or without addresses.
KNOWN: dict[str, str] = {
    "models.keys._create": _NOBODY,
    "models.keys._read": _NOBODY,
    "services.document_folders._contents": _NOBODY,
    "services.new_files._fill": _PAPER,
    "services.exports.csv_text": _MEANS,
    "services.mail.sender._deliver": _WALKED,
    "services.mail.transport._announce": _MEANS,
    "services.mail.transport._deliver_over_some_connection": _MEANS,
    "services.workshop_meetings.links_as_csv": _TYPED,
    "services.workshop_participants.as_csv": _TYPED,
    "tui.cli.access._print_people": _WALKED,
    "tui.cli.access._write": _WALKED,
    "tui.cli.access.access": _WALKED,
    "tui.cli.account_keys.add": "accounts of the console",
    "tui.cli.account_keys.list_keys": "accounts of the console",
    "tui.cli.account_keys.remove": "accounts of the console",
    "tui.cli.accounts._report": "accounts of the console",
    "tui.cli.accounts.add": "accounts of the console",
    "tui.cli.accounts.list_accounts": "accounts of the console",
    "tui.cli.consents._report": _PAPER,
    "tui.cli.consents.form": _PAPER,
    "tui.cli.consents.list_consents": _PAPER,
    "tui.cli.consents.withdraw": _NOBODY,
    "tui.cli.database._print": _WALKED,
    "tui.cli.database._report": _WALKED,
    "tui.cli.families.families": _WALKED,
    "tui.cli.files.write_private": _MEANS,
    "tui.cli.imports._print": "lines of the file that the caller has given",
    "tui.cli.imports.import_file": "lines of the file that the caller has given",
    "tui.cli.imports.__call__": _NOBODY,
    "tui.cli.imports.end": _NOBODY,
    "tui.cli.mail.bounces": _WALKED,
    "tui.cli.mail.invitations": _WALKED,
    "tui.cli.mail.invite": _WALKED,
    "tui.cli.mail.send": _WALKED,
    "tui.cli.nightly._tell": _WALKED,
    "tui.cli.nightly.nightly": _WALKED,
    "tui.cli.output.print_json": _MEANS,
    "tui.cli.output.print_line": _MEANS,
    "tui.cli.output.print_table": _MEANS,
    "tui.cli.output.print_sentence": _MEANS,
    "tui.cli.output.tell": _MEANS,
    "tui.cli.plans._report": _WALKED,
    "tui.cli.plans.list_plans": _WALKED,
    "tui.cli.plans.settle": "lines of the file that the caller has given",
    "tui.cli.plans.show": _WALKED,
    "tui.cli.program._show_version": _NOBODY,
    "tui.cli.school_years.holidays": _NOBODY,
    "tui.cli.school_years.list_years": _NOBODY,
    "tui.cli.committee.list_committees": _PUBLISHED,
    "tui.cli.committee.show": _PUBLISHED,
    "tui.cli.conference.ics": _PUBLISHED,
    "tui.cli.conference.list_conferences": _PUBLISHED,
    "tui.cli.headnet._conclude": _RECORDED,
    "tui.cli.headnet._print_page": _RECORDED,
    "tui.cli.headnet._print_passwords": _RECORDED,
    "tui.cli.headnet._print_rows": _RECORDED,
    "tui.cli.headnet.address": _RECORDED,
    "tui.cli.headnet.list_heads": _RECORDED,
    "tui.cli.headnet.new_head": _RECORDED,
    "tui.cli.headnet.send": _RECORDED,
    "tui.cli.headnet.show": _RECORDED,
    "tui.cli.document._hand_out": _PUBLISHED,
    "tui.cli.document._print_contents": _PUBLISHED,
    "tui.cli.document._print_page": _PUBLISHED,
    "tui.cli.document.list_documents": _PUBLISHED,
    "tui.cli.document.show": _PUBLISHED,
    "tui.cli.document_managing.import_folder": _PUBLISHED,
    "tui.cli.document_managing.publish": _PUBLISHED,
    "tui.cli.document_managing.replace": _PUBLISHED,
    "tui.cli.document_managing.withdraw": _PUBLISHED,
    "tui.cli.election._print_page": _PUBLISHED,
    "tui.cli.election._print_recount": _PUBLISHED,
    "tui.cli.election._print_result": _PUBLISHED,
    "tui.cli.election.ballots": _PUBLISHED,
    "tui.cli.election.count": _PUBLISHED,
    "tui.cli.election.list_elections": _PUBLISHED,
    "tui.cli.election.show": _PUBLISHED,
    "tui.cli.diagnose._print": "names and where their accesses stand, and no address",
    "tui.cli.diagnose._print_finding": "sentences to read aloud, of which none names an address",
    "tui.cli.files.words_given": "asks for the words to look for",
    "tui.cli.diagnose.diagnose": "sentences to read aloud, of which none names an address",
    "tui.cli.search.search": _NOBODY,
    "tui.cli.workshop._print_asked": _NOBODY,
    "tui.cli.workshop._print_history": _NOBODY,
    "tui.cli.workshop._print_page": _TYPED,
    "tui.cli.workshop._print_rows": _NOBODY,
    "tui.cli.workshop._print_steps": _NOBODY,
    "tui.cli.workshop._tell_last_days": _NOBODY,
    "tui.cli.workshop.check_date": _NOBODY,
    "tui.cli.workshop.list_workshops": _NOBODY,
    "tui.cli.workshop.show": _TYPED,
    "tui.cli.workshop_attendance._print_results": _NOBODY,
    "tui.cli.workshop_attendance.attendance": _NOBODY,
    "tui.command_line.main": "prints the version",
    "tui.drawing.driver._send_size": _NOBODY,
    "tui.drawing.driver.start_application_mode": "prepares the terminal",
    "tui.serve.session._be_alone": _NOBODY,
    "tui.ssh.keys.main": "prints a public key for sshd, and whose it is not",
}


def _letting_out() -> Iterator[str]:
    """Yield every function that lets something out, by module and name."""
    for package in ("models", "services", "screens", "tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _calls_out(node):
                    yield f"{module.removesuffix('.__init__')}.{node.name}"


def _calls_out(function: ast.AST) -> bool:
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(getattr(call, "attr", getattr(call, "id", "")) in LETTING_OUT for call in called)


def test_every_function_that_lets_something_out_is_known() -> None:
    assert sorted(set(_letting_out())) == sorted(KNOWN)
