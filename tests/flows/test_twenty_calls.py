"""Twenty calls to the helpdesk, one for each cause of DOMAIN §5, by keyboard alone.

The agent sits at the console that `trousseau` opens, over one database with all twenty callers
in it, and mails go to a real mail server. Each call begins and ends on the dashboard. Every key
is counted but the letters that are typed; at most ten mend it. What is measured are the tables
"Twenty calls" and "Other reasons" of docs/helpdesk.md: the second are calls for the same causes
that differ for the agent. One of each kind is played on PostgreSQL, and on a small screen in the
accessible style, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlmodel import col
from syrupy.assertion import SnapshotAssertion
from textual import events

from models.access import Mission
from models.accounts import Account
from models.calls import CallNote
from models.headnet import HeadnetPassword, Headship
from models.language import LANGUAGES
from models.people import Person
from models.workshops import Workshop
from screens.dashboard import DashboardScreen
from screens.diagnosis import DiagnosisScreen
from screens.sign_in import SignInScreen
from services import calls
from services.calls import CallPage
from services.diagnosis import diagnose
from tests.flows import conftest
from tests.flows.conftest import Journey
from tests.flows.telephone import (
    HELPDESK,
    LINK,
    NEW_HEAD,
    OTHERS,
    PASSWORD,
    WHO,
    Number,
    Switchboard,
    other_workshops,
    seed,
)
from tests.replayed import wanted
from tests.services.workshop_world import CONTACT, OFFICE
from tui.app import TrousseauApp

pytestmark = pytest.mark.timeout(300)

MOST_KEYS = 10
TABLE = Path(__file__).parents[2] / "docs" / "helpdesk.md"
_HEADING, _OTHERS_HEADING = "## Twenty calls", "## Other reasons"
_OPENS = {"": (False, False), "plan": (True, False), "mail": (False, True)}
#: What was done mends them later: forms once they are signed, an address by night, a message
#: once somebody has read it.
LATER = (13, "19d", "20c")
#: What callers say on the telephone.
OWN_ADDRESS, OTHER_ADDRESS = "k.hermans@poste.example", "autre@courriel.example"
CHANGE = "Lise Peeters est malade : Anne Lecomte vient à sa place."
_NAMES = {
    "enter": "Enter",
    "escape": "Esc",
    "ctrl+r": "Ctrl+R",
    "ctrl+u": "Ctrl+U",
    "tab": "Tab",
    "down": "↓",
}


Mended = Callable[[Switchboard], None]


@dataclass(frozen=True)
class Typed:
    """What is typed into a form: words, of which no letter counts."""

    text: Callable[[Switchboard], str]
    told: str


@dataclass(frozen=True)
class Call:
    """One call: the words as the caller says them, the keys of the remedy, what it comes to.

    `told` stands in the table for words that are a token or a path. `done` are the codes of
    the remedies that the note holds. `mended` asserts by what is stored and was mailed. `opens`
    is what Enter opens from the steps of the note: a plan, a mail or neither; `says` is read out.
    """

    number: Number
    cause: str
    words: Callable[[Switchboard], str]
    keys: tuple[str | Typed, ...]
    done: tuple[str, ...]
    repairs: str
    mended: Mended
    told: str = ""
    pastes: bool = False
    opens: str = ""
    says: str = ""
    picture: str = ""


def words(text: str) -> Callable[[Switchboard], str]:
    return lambda _board: text


# --- what mends them ----------------------------------------------------------------------


def mail_opens(number: Number) -> Mended:
    """The mail that came brings a token that opens the account."""
    return lambda board: board.opens(number)


def access_open(board: Switchboard) -> None:
    assert board.statuses(10) == ["active", "active"]


def mission_given(board: Switchboard) -> None:
    mine = select(Mission).where(col(Mission.person_id) == board.callers[11].member.person)
    given = board.rows(mine.where(col(Mission.school_year_id) == board.town.world.year))
    assert [mission.code for mission in given] == ["digital_lead"]


def head_recorded(board: Switchboard) -> None:
    """The new head is the only one, and the former one is told."""
    here = col(Headship.school_id) == board.callers[12].school
    (head,) = board.rows(select(Headship).where(here, col(Headship.ended_at).is_(None)))
    assert (head.surname, head.first_name) == ("Mertens", "Olivier")
    assert board.causes(12) == ["former_head"]  # which is for the records, and noted as said


def forms_printed(board: Switchboard) -> None:
    (path,) = board.school.formulaires.parent.rglob("autorisations-*.pdf")
    assert len(PdfReader(path).pages) == 1 and board.fase(13) in path.name
    path.unlink()
    assert board.causes(13)[:2] == ["no_consents_at_all", "consent_printed"]


def one_account_left(board: Switchboard) -> None:
    mine = col(Account.person_id) == board.callers[14].member.person
    known = board.rows(select(Account).where(mine))
    assert len(known) == 2 and [a.disabled_at for a in known].count(None) == 1


def unlocked(board: Switchboard) -> None:
    account = board.row(Account, board.callers[17].account)
    assert account.locked_until is None and account.failed_tries == 0


def renewed(board: Switchboard) -> None:
    """The account that is known opens the new year, too, without another mail."""
    assert board.statuses(18) == ["active"]
    assert board.mailed(board.callers[18].email) == []


def new_headnet_password(board: Switchboard) -> None:
    """A password other than the lost one came, and works from the next night on."""
    board.headnet_password = board.token_mailed(19)
    here = col(HeadnetPassword.school_id) == board.callers[19].school
    latest = board.rows(
        select(HeadnetPassword).where(here, col(HeadnetPassword.replaced_at).is_(None))
    )
    assert [(each.generation, each.in_force_at) for each in latest] == [(2, None)]
    assert not board.opens_headnet(19, board.headnet_password)


def workshop_accepted(board: Switchboard) -> None:
    workshop = board.row(Workshop, board.workshops[20])
    assert workshop.accepted_at is not None and workshop.registration_link == LINK
    assert any(LINK in text for text in board.mailed(CONTACT))


def said(_board: Switchboard) -> None:
    """Nothing changes in the program: what was said stands in the note (`check`)."""


def form_printed(board: Switchboard) -> None:
    (path,) = board.school.formulaires.parent.rglob("autorisation*.pdf")
    assert len(PdfReader(path).pages) == 1
    path.unlink()
    assert board.causes("1d")[0] == "consent_printed"


def corrected_opens(board: Switchboard) -> None:
    caller = board.callers["6b"]
    assert board.mailed(caller.email) == []
    caller.email = f"nouveau{caller.facts['number']}@courriel.example"
    board.opens("6b")


def own_address(board: Switchboard) -> None:
    person = board.row(Person, board.callers["16b"].member.person)
    assert person.personal_email == OWN_ADDRESS


def latest_opens(board: Switchboard) -> None:
    old, latest = (board.headnet_token("19c", generation) for generation in (1, 2))
    assert not board.opens_headnet("19c", old) and board.opens_headnet("19c", latest)
    said(board)


def head_address_waits(board: Switchboard) -> None:
    """Until the night the head signs in with the recorded address, and then with the other."""
    token = board.headnet_token("19d")
    assert board.opens_headnet("19d", token)
    assert not board.opens_headnet("19d", token, OTHER_ADDRESS)


def change_sent(board: Switchboard) -> None:
    assert any(CHANGE in text for text in board.mailed(OFFICE))


CALLS = [
    Call(1, "held", words("vandenbrouk elise"), ("enter", "f8", "o"), ("send_now",),
         "the e-mail leaves; its token opens the account", mail_opens(1), opens="plan",
         picture="01-held"),
    Call(2, "expired", words("lefevre etiene"), ("enter", "f8", "o"), ("invite_again",),
         "a new token is mailed; it opens the account", mail_opens(2), opens="plan"),
    Call(3, "token_used", lambda board: board.callers[3].email, ("enter", "f8", "o"),
         ("reset_password",), "a token for a new password is mailed; it opens the account",
         mail_opens(3), told="an e-mail address", opens="plan"),
    Call(4, "token_replaced", lambda board: board.token(4), ("enter",), ("tell_caller",),
         "said and noted: only the latest e-mail counts, that of its time", said,
         told="the older token", pastes=True, picture="04-older-token"),
    Call(5, "token_mistyped", lambda board: board.slip(5), ("enter",), ("tell_caller",),
         "said and noted: mistyped, to be copied once more", said,
         told="a token, two letters changed", pastes=True),
    Call(6, "typing_error", words("peters zoe"), ("enter",), ("correct_source",),
         "said and noted: the school corrects the address; when it arrives", said),
    Call(7, "no_post", words("benali aicha gozee"), ("enter",), ("correct_post",),
         "said and noted: the school enters the post", said),
    Call(8, "no_address", words("2880402 1234"), ("enter",), ("correct_source",),
         "said and noted: the school enters an address", said,
         picture="08-no-address"),
    Call(9, "date_passed", words("wouters marc"), ("enter",), ("correct_post",),
         "said and noted: the presence is to be unticked", said),
    Call(10, "lost_in_one_school", words("jean marc dupond"), ("enter", "f8"),
         ("reactivate",), "the access is open again", access_open, opens="plan"),
    Call(11, "mission_not_renewed", words("gerrard charlote"), ("enter", "f8"),
         ("give_mission",), "the mission is given, and its menus with it", mission_given,
         opens="plan"),
    Call(12, "headnet_former_head", words("mertens olivier"),
         ("enter", Typed(words(NEW_HEAD), "the address"), "f8", "o", "enter"),
         ("record_head", "end_post"),
         "the new head is recorded; the former one’s post is noted for the records",
         head_recorded, picture="12-former-head"),
    Call(13, "no_consents_at_all", lambda board: board.fase(13), ("enter", "enter"),
         ("print_forms",), "the forms of the whole team are printed", forms_printed,
         told="a FASE number", picture="13-school"),
    Call(14, "two_accounts", lambda board: board.address("second{}@courriel.example", 14),
         ("enter", "f8"),
         ("merge_accounts",), "one account is left, the other is closed", one_account_left,
         told="the address of one of two", opens="plan"),
    Call(15, "wrong_identifier", lambda board: board.address("membre{}@ecole.example", 15),
         ("enter",), ("tell_caller",),
         "said and noted: to sign in with the address of the account",
         said, told="the address that they type"),
    Call(16, "reset_never_activated", lambda board: board.callers[16].email, ("enter",),
         ("tell_caller",), "said and noted: never activated, the invitation’s token opens",
         said, told="an e-mail address"),
    Call(17, "locked", words("jansens thomas"), ("enter", "f8"), ("unlock_account",),
         "the account is unlocked", unlocked, opens="plan"),
    Call(18, "ended", words("colard pauline"),
         ("enter", Typed(lambda board: str(board.new_list()), "the file"), "f8", "f8",
          "enter", "f8"),
         ("renew", "invite"), "the new year’s list is imported; the access is active", renewed,
         opens="plan"),
    Call(19, "headnet_mail_lost", words("technique st gilbert"), ("enter", "o", "o"),
         ("headnet_continue",), "a new password is mailed; it opens HeadNet after the night",
         new_headnet_password, opens="mail"),
    Call(20, "answer_overdue", lambda board: board.reference(20),
         ("enter", Typed(words(LINK), "the link"), "enter", "enter"),
         ("answer_workshop",), "the workshop is accepted, and the school has the link",
         workshop_accepted, told="a workshop’s reference", picture="20-workshop", opens="mail"),
]  # fmt: skip


#: The same causes for other reasons, where those differ for the agent.
REASONS = [
    Call("1b", "not_invited", words("delvaux helene"), ("enter", "f8", "o"), ("invite",),
         "the invitation is mailed; its token opens the account", mail_opens("1b"), opens="plan"),
    Call("1c", "refused", words("vermeulen bart"), ("enter",), ("correct_source",),
         "said and noted: the school corrects the address that the server refuses", said),
    Call("1d", "no_consent", words("gilson martine"), ("enter", "enter"), ("print_form",),
         "the form is printed, to be signed", form_printed),
    Call("6b", "address_changed", words("de smet julie"), ("enter", "f8", "o"), ("invite_again",),
         "the invitation goes to the corrected address; its token opens the account",
         corrected_opens, opens="plan"),
    Call("16b", "shared_mailbox", words("hermans karim"),
         ("enter", "enter", "ctrl+u", Typed(words(OWN_ADDRESS), "the address"), "enter", "f8",
          "f8"),
         ("record_consent",), "the form with an address of their own is recorded", own_address,
         opens="plan"),
    Call("19b", "headnet_waits", words("ste barbe fosses"), ("enter",), ("tell_head",),
         "said and noted: less than 24 hours; from when the password works", said,
         says="a moins de 24 heures : il fonctionne à partir du 25/11/2026"),
    Call("19c", "headnet_replaced", lambda board: board.headnet_token("19c"), ("enter",),
         ("tell_head",), "said and noted: an older password; the latest opens HeadNet",
         latest_opens, told="the older HeadNet password", pastes=True,
         says="un ancien mot de passe HeadNet : seul le dernier"),
    Call("19d", "headnet_address", words("notre dame lourdes"), ("enter", "f8"),
         ("head_address",), "the address that the head uses counts after the night",
         head_address_waits, says="avec une autre adresse que celle qui est enregistrée"),
    Call("20b", "asked_late", words("langue d'accueil"), ("enter",), ("tell_caller",),
         "said and noted: less than 56 days; it may be delayed or refused", said),
    Call("20c", "registration_closed", words("carnet de recherche"),
         ("enter", Typed(words(CHANGE), "the change"), "f8"), ("late_change",),
         "less than 22 days: the change goes to the workshop office", change_sent),
    Call("20d", "requirements_not_met", words("profils d'apprenant"), ("enter",),
         ("tell_caller",), "said and noted: a session was missed", said),
]  # fmt: skip


# --- the agent ----------------------------------------------------------------------------


class Agent(Journey):
    """Somebody at the helpdesk, of whom every key but the letters of words is noted.

    `typed` is what was typed in the order of it, words by what they are.
    """

    def __init__(self, pilot: Any, picture: SnapshotAssertion) -> None:
        super().__init__(pilot, picture)
        self.keys: list[str] = []
        self.typed: list[str] = []

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.keys.append(key)
            self.typed.append(_NAMES.get(key, key.upper() if key[0] == "f" else key))
            await super().press(key)

    async def paste(self, text: str) -> None:
        """Paste, which is a key, too."""
        self.keys.append("paste")
        self.typed.append("paste")
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.settled()

    async def comes_in(self) -> None:
        assert isinstance(self.app.screen, SignInScreen)
        await self.type(HELPDESK, "enter")
        await self.type(PASSWORD, "enter")
        assert isinstance(self.app.screen, DashboardScreen)

    async def takes(self, call: Call, board: Switchboard) -> None:
        """Take a call, from the dashboard to the dashboard."""
        self.keys, self.typed = [], []
        self.hear()
        await self.press("ctrl+r")
        if call.pastes:
            await self.paste(call.words(board))
        else:
            self.typed.append("*words*")
            await self.type(call.words(board))
        await self.press("enter")
        assert isinstance(self.app.screen, DiagnosisScreen)
        self.sees(call.says)
        if call.picture:
            await self.picture(call.picture)
        for each in call.keys:
            if isinstance(each, Typed):
                self.typed.append(f"*{each.told}*")
                await self.type(each.text(board))
            else:
                await self.press(each)
        await self.press("x")
        assert isinstance(self.app.screen, DashboardScreen), call.number


@dataclass
class Log:
    """What is found of a call afterwards."""

    call: Call
    note: CallPage
    keys: list[str]
    typed: list[str]

    @property
    def line(self) -> str:
        """Its line of the table."""
        said = self.call.told or f"“{self.note.searched}”"
        cells = (str(self.call.number), f"`{self.note.causes[0].code}`", said,
                 " ".join(self.typed), str(len(self.keys)), self.call.repairs)  # fmt: skip
        return f"| {' | '.join(cells)} |"


def note_of(board: Switchboard) -> CallPage:
    """Return the note of the latest call."""
    newest = board.rows(select(CallNote).order_by(col(CallNote.id).desc()))[0]
    page: CallPage = board.desk.read(calls.page, newest.id)
    return page


def check(log: Log, board: Switchboard) -> None:
    """Hold the note against what was to be found and done, and see that it is mended."""
    call, note = log.call, log.note
    assert len(log.keys) <= MOST_KEYS, log.line
    assert note.status == "closed" and note.opened_by == note.closed_by
    assert note.causes[0].code == call.cause, call.number
    assert tuple(step.code for step in note.steps) == call.done, call.number
    words_kept = note.searched == call.words(board)
    assert words_kept or (call.pastes and "[•" in note.searched), note.searched
    call.mended(board)
    found = board.desk.read(diagnose, call.words(board), board.key).findings
    still = [finding for finding in found if finding.cause == call.cause]
    led = {(step.plan_id is not None, step.mail_id is not None) for step in note.steps}
    assert led == {_OPENS[call.opens]}, call.number
    if call.mended in (said, latest_opens):
        (finding,), (step,) = still, note.steps
        assert finding.tell is not None
        for language in LANGUAGES:
            assert step.sentence.text(language) == finding.tell.text(language)
    else:
        assert not still or call.number in LATER, call.number


# --- the calls ----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def both_on_two_terminals() -> None:
    """Look at one terminal: what is told on two is tried by other journeys."""


async def play(board: Switchboard, calls_in: Sequence[Call], agent: Agent) -> list[str]:
    """Take the calls one after the other, and return their lines of the table."""
    logs: list[Log] = []
    await agent.settled()
    await agent.comes_in()
    for call in calls_in:
        await agent.takes(call, board)
        logs.append(Log(call, note_of(board), agent.keys, agent.typed))
        check(logs[-1], board)
    lines = [log.line for log in logs]
    print("\n".join(lines))
    return lines


async def test_twenty_calls(
    school: conftest.School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
) -> None:
    board = seed(school)
    async with open_console().run_test(size=(80, 24)) as pilot:
        measured = await play(board, CALLS, Agent(pilot, picture))
    board.night()
    assert board.opens_headnet(19, board.headnet_password)
    assert [call.number for call in CALLS] == list(range(1, 21))
    if not any(wanted()):
        assert measured == _table(_HEADING), "\n".join(measured)


async def test_other_reasons(
    school: conftest.School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
) -> None:
    board = seed(school, OTHERS, other_workshops)
    async with open_console().run_test(size=(80, 24)) as pilot:
        measured = await play(board, REASONS, Agent(pilot, picture))
    board.night()
    assert board.opens_headnet("19b", board.headnet_token("19b"))
    assert board.opens_headnet("19d", board.headnet_token("19d"), OTHER_ADDRESS)
    if not any(wanted()):
        assert measured == _table(_OTHERS_HEADING), "\n".join(measured)


#: One of each kind of remedy: what is said or done elsewhere, plans with and without a mail, a
#: sending, forms, a list that is printed, and the pages of HeadNet and of workshops.
_EACH_KIND = (1, 2, 4, 7, 12, 13, 17, 18, 19, 20)


@pytest.mark.parametrize("school", ["postgresql"], indirect=True)
async def test_calls_on_postgresql(
    school: conftest.School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
) -> None:
    board = seed(school, {number: WHO[number] for number in _EACH_KIND if number in WHO})
    some = [replace(call, picture="") for call in CALLS if call.number in _EACH_KIND]
    async with open_console().run_test(size=(80, 24)) as pilot:
        measured = await play(board, some, Agent(pilot, picture))
    board.night()
    assert board.opens_headnet(19, board.headnet_password)
    assert set(measured) <= set(_table(_HEADING)), "\n".join(measured)


_SMALL = (2, 12, 17, 20)


async def test_calls_on_a_small_screen_in_the_accessible_style(
    school: conftest.School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TROUSSEAU_STYLE", "accessible")
    board = seed(school, {number: WHO[number] for number in _SMALL if number in WHO})
    some = [replace(call, picture="") for call in CALLS if call.number in _SMALL]
    async with open_console().run_test(size=(60, 20)) as pilot:
        assert pilot.app.accessible  # type: ignore[attr-defined]
        measured = await play(board, some, Agent(pilot, picture))
    assert set(measured) <= set(_table(_HEADING)), "\n".join(measured)


def _table(heading: str) -> list[str]:
    text = TABLE.read_text(encoding="utf-8").partition(heading)[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return lines[2:]
