"""Twenty calls to the helpdesk, one for each cause of DOMAIN §5, by keyboard alone.

The agent sits at the console that `trousseau` opens, over one database with all twenty callers
in it, and mails go to a real mail server. Each call begins and ends on the dashboard. Every key
is counted but the letters that are typed; at most ten mend it. What is measured is the table
"Twenty calls" of docs/helpdesk.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    PASSWORD,
    Switchboard,
    seed,
)
from tests.replayed import wanted
from tests.services.workshop_world import CONTACT
from tui.app import TrousseauApp

pytestmark = pytest.mark.timeout(300)

MOST_KEYS = 10
TABLE = Path(__file__).parents[2] / "docs" / "helpdesk.md"
_HEADING = "## Twenty calls"
_NAMES = {"enter": "Enter", "escape": "Esc", "ctrl+r": "Ctrl+R", "tab": "Tab", "down": "↓"}


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
    the remedies that the note holds. `mended` asserts by what is stored and was mailed.
    """

    number: int
    cause: str
    words: Callable[[Switchboard], str]
    keys: tuple[str | Typed, ...]
    done: tuple[str, ...]
    repairs: str
    mended: Mended
    told: str = ""
    pastes: bool = False
    picture: str = ""


def words(text: str) -> Callable[[Switchboard], str]:
    return lambda _board: text


# --- what mends them ----------------------------------------------------------------------


def mail_opens(number: int) -> Mended:
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
    workshop = board.row(Workshop, board.workshop)
    assert workshop.accepted_at is not None and workshop.registration_link == LINK
    assert any(LINK in text for text in board.mailed(CONTACT))


def said(_board: Switchboard) -> None:
    """Nothing changes in the program: what was said stands in the note (`check`)."""


CALLS = [
    Call(1, "held", words("vandenbrouk elise"), ("enter", "f8", "o"), ("send_now",),
         "the e-mail leaves; its token opens the account", mail_opens(1), picture="01-held"),
    Call(2, "expired", words("lefevre etiene"), ("enter", "f8", "o"), ("invite_again",),
         "a new token is mailed; it opens the account", mail_opens(2)),
    Call(3, "token_used", lambda board: board.callers[3].email, ("enter", "f8", "o"),
         ("reset_password",), "a token for a new password is mailed; it opens the account",
         mail_opens(3), told="an e-mail address"),
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
         ("reactivate",), "the access is open again", access_open),
    Call(11, "mission_not_renewed", words("gerrard charlote"), ("enter", "f8"),
         ("give_mission",), "the mission is given, and its menus with it", mission_given),
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
         told="the address of one of two"),
    Call(15, "wrong_identifier", lambda board: board.address("membre{}@ecole.example", 15),
         ("enter",), ("tell_caller",),
         "said and noted: to sign in with the address of the account",
         said, told="the address that they type"),
    Call(16, "reset_never_activated", lambda board: board.callers[16].email, ("enter",),
         ("tell_caller",), "said and noted: never activated, the invitation’s token opens",
         said, told="an e-mail address"),
    Call(17, "locked", words("jansens thomas"), ("enter", "f8"), ("unlock_account",),
         "the account is unlocked", unlocked),
    Call(18, "ended", words("colard pauline"),
         ("enter", Typed(lambda board: str(board.new_list()), "the file"), "f8", "f8",
          "enter", "f8"),
         ("renew", "invite"), "the new year’s list is imported; the access is active", renewed),
    Call(19, "headnet_mail_lost", words("technique st gilbert"), ("enter", "o", "o", "escape"),
         ("headnet_continue",), "a new password is mailed; it opens HeadNet after the night",
         new_headnet_password),
    Call(20, "answer_overdue", lambda board: board.reference,
         ("enter", Typed(words(LINK), "the link"), "enter", "enter", "escape"),
         ("answer_workshop",), "the workshop is accepted, and the school has the link",
         workshop_accepted, told="a workshop’s reference", picture="20-workshop"),
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
    if call.mended is said:
        (finding,), (step,) = still, note.steps
        assert finding.tell is not None
        for language in LANGUAGES:
            assert step.sentence.text(language) == finding.tell.text(language)
    else:
        assert not still or call.number == 13  # which the forms mend once they are signed


# --- the calls ----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def both_on_two_terminals() -> None:
    """Look at one terminal: what is told on two is tried by other journeys."""


async def test_twenty_calls(
    school: conftest.School,
    open_console: Callable[[], TrousseauApp],
    picture: SnapshotAssertion,
) -> None:
    board = seed(school)
    logs: list[Log] = []
    async with open_console().run_test(size=(80, 24)) as pilot:
        agent = Agent(pilot, picture)
        await agent.settled()
        await agent.comes_in()
        for call in CALLS:
            await agent.takes(call, board)
            logs.append(Log(call, note_of(board), agent.keys, agent.typed))
            check(logs[-1], board)
    board.night()
    assert board.opens_headnet(19, board.headnet_password)
    measured = [log.line for log in logs]
    print("\n".join(measured))
    assert [log.call.number for log in logs] == list(range(1, 21))
    if not any(wanted()):
        assert measured == _table(), "\n".join(measured)


def _table() -> list[str]:
    text = TABLE.read_text(encoding="utf-8").partition(_HEADING)[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return lines[2:]
