"""Why somebody calls: the causes that hold, what to tell the caller, and the remedy on Enter.

The screen that the search leads to; it opens from the pages of people, too. What was opened
from a search is a call in hand: it is noted with the first remedy, or when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from models.language import N_, Wording, _, say, say_n
from models.schools import DEFAULT_TIME_ZONE
from screens.call_in_hand import CallInHand, is_same
from screens.commands import allowed, bindings
from screens.diagnosis_remedies import Way, offered, way_of, whom_to_ask
from screens.diagnosis_words import Standings, all_well, evidence_told
from screens.facts import told_at
from screens.jobs import Job
from screens.led_to import LedTo, led_to
from screens.plan import PlanScreen, plan_calls
from screens.print_forms import PrintingScreen
from screens.progress import CallProgressScreen, ProgressScreen
from screens.sending import SendingScreen, all_sent, leaving
from screens.team_changes import ChangeScreen, ChangingScreen, role_changes
from screens.whole_line import WholeLineScreen
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.findings import FindingLine, FindingList
from screens.widgets.reader import Paragraph, Reader
from screens.workplace import Workplace
from screens.workshop_dialogs import tell
from services import (
    consents,
    diagnosis,
    families,
    faq,
    headnet_school,
    school_years,
)
from services.diagnosis import PlacedDiagnosis
from services.diagnosis_remedies import MAILS
from services.families import Correction
from services.findings import Finding, Remedy
from services.guardians import GuardianRow
from services.headnet_school import HeadnetPage
from services.school_years import Here
from services.search import Hit

#: The lines of the list at least, and its part of what list and detail have together.
_LEAST_LINES, _PART_OF_LIST = 3, 2 / 5

_NO_TEAM = (0, 0)
_INVITES = ("invite", "invite_again")
#: What is said to be noted where a caller was told of a cause and there was nothing else to do.
_CAUSE_TOLD = say("the caller is told of it")


class DiagnosisScreen(ChangingScreen, PrintingScreen):
    """What holds for one result of the search; for the helpdesk with the call in hand.

    `searched` is what the caller said, as it was typed. Where the screen is opened from a
    page (`of_person`, `of_school`, `of_account`, `of_workshop`) there is no call until `c`.
    """

    DEFAULT_CSS = """
    DiagnosisScreen > #causes { height: 1; text-style: bold underline; margin-top: 1; }
    DiagnosisScreen > FindingList { height: 3; }
    DiagnosisScreen > Reader { height: 1fr; margin-top: 1; }
    """
    BINDINGS = [
        *bindings("diagnosis.history", "diagnosis.page", "diagnosis.question"),
        *bindings("diagnosis.call", "diagnosis.close-call"),
        *bindings("diagnosis.down", "diagnosis.up", "app.refresh"),
    ]

    @dataclass
    class _Read(Message):
        seen: PlacedDiagnosis

    @dataclass
    class _There(Message):
        here: Here
        then: Callable[[Workplace], None]
        year: bool

    @dataclass
    class _Prepared(Message):
        finding: Finding
        plan_id: int
        question: Wording | None

    @dataclass
    class _ToPrint(Message):
        at: Workplace
        people: list[int]

    @dataclass
    class _Noted(Message):
        pass

    @dataclass
    class _ToOpen(Message):
        call_id: int

    @dataclass
    class _Closed(Message):
        call_id: int

    @dataclass
    class _Made(Message):
        finding: Finding
        make: Callable[[], Screen[Any]]

    @dataclass
    class _Guardian(Message):
        finding: Finding
        row: GuardianRow

    @dataclass
    class _Corrected(Message):
        correction: Correction

    def __init__(
        self,
        workplace: Workplace,
        hit: Hit,
        searched: str = "",
        *,
        call: bool = True,
        call_id: int | None = None,
    ) -> None:
        """`call_id` is the note of a call that goes on, None where one may begin."""
        super().__init__(workplace, _NO_TEAM)
        self._hit, self._searched = hit, searched
        self._may_note = allowed("calls!", workplace.role)
        self._in_hand = call and self._may_note
        self._call = CallInHand(workplace.desk, hit, searched, call_id)
        self._seen: PlacedDiagnosis | None = None
        self._key = 0
        self._current: Finding | None = None
        self._begun: Finding | None = None
        #: The form that was opened for a cause, until one is back and has read what holds now.
        self._opened: Finding | None = None
        self._form: Screen[Any] | None = None
        self._is_done = False
        #: The call is to be closed as soon as it is known whether the form has mended it.
        self._hangs_up = False
        self._sending: CallProgressScreen | None = None
        self._sent_here = False
        self._bar = TitleBar(self._title, *workplace.title)
        self._who = Standings()
        self._causes = Sentence("", id="causes")
        self._list = FindingList(N_("Nothing is wrong here."))
        #: The causes, or what was asked for, are being read: Enter is for what comes then.
        self.awaits_another = True
        self._reader = Reader()

    @classmethod
    def of_person(
        cls, workplace: Workplace, person_id: int, team: tuple[int, int]
    ) -> DiagnosisScreen:
        """Open it from the page of a person, seen from a school and a school year."""
        hit = Hit("person", person_id, "", "", Wording(""), person_id=person_id,
                  school_id=team[0], school_year_id=team[1])  # fmt: skip
        return cls(workplace, hit, call=False)

    @classmethod
    def of_school(cls, workplace: Workplace, school_id: int) -> DiagnosisScreen:
        hit = Hit("school", school_id, "", "", Wording(""), school_id=school_id)
        return cls(workplace, hit, call=False)

    @classmethod
    def of_workshop(
        cls, workplace: Workplace, workshop_id: int, title: str, school_id: int | None
    ) -> DiagnosisScreen:
        hit = Hit("workshop", workshop_id, title, "", Wording(""), school_id=school_id)
        return cls(workplace, hit, call=False)

    def compose(self) -> ComposeResult:
        yield self._bar
        yield self._who
        yield self._causes
        yield self._list
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._list.focus()
        self._look()

    def on_screen_resume(self) -> None:
        if self._seen is not None:
            self._look()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._make_room)

    def language_changed(self) -> None:
        self._show()

    @property
    def is_left_for_search(self) -> bool:
        """Whether nothing is lost with it: what is done is in the note of the call, or unbegun."""
        return not self.awaits_another and self._opened is None

    @property
    def _title(self) -> Wording | str:
        if self._call.id is not None:
            return say("Diagnosis · call n° %(number)s", number=self._call.id)
        return say("Diagnosis · call in hand") if self._in_hand else N_("Diagnosis")

    # Reading

    @on(SendingScreen.Sent)
    def _look(self, _message: Message | None = None) -> None:
        self.attempt(self._read, group="read", reads=True)

    def action_refresh(self) -> None:
        self._look()

    def _read(self) -> None:
        key = self.workplace.key() if self._hit.kind == "token" else None
        seen = self.workplace.desk.read(diagnosis.diagnose_placed, self._hit, self._searched, key)
        self.post_message(self._Read(seen))

    @on(_Read)
    def _take(self, message: _Read) -> None:
        message.stop()
        self._seen, self.awaits_another = message.seen, False
        self._show()
        self.refresh_bindings()
        opened, form, self._opened, self._form = self._opened, self._form, None, None
        mended = opened and not any(is_same(opened, f) for f in self._findings)
        led = led_to(form)
        if opened is not None and (mended or led.done or self._is_done):
            self.note(opened, led)
        if self._hangs_up:
            self.action_close_call()

    @property
    def _findings(self) -> tuple[Finding, ...]:
        return self._seen.diagnosis.findings if self._seen else ()

    @property
    def _zone(self) -> ZoneInfo:
        here = (self._seen.here if self._seen else None) or self.workplace.here
        return here.zone if here else ZoneInfo(DEFAULT_TIME_ZONE)

    # Showing

    def _show(self) -> None:
        if self._seen is None:
            return
        self._who.show(self._seen.diagnosis, self._zone)
        count = len(self._findings)
        told = say_n("%(count)s cause", "%(count)s causes, the likeliest first", count)
        self._causes.show(told if count else N_("Where things stand"))
        self._list.display, self._current = True, self._at(self._key)
        self._list.show([self._line(k, each) for k, each in enumerate(self._findings)])
        self._show_detail()
        self._make_room()

    def _line(self, key: int, finding: Finding) -> FindingLine:
        now = self.workplace.desk.now()
        times = [each.at for each in finding.evidence if each.at is not None and each.at <= now]
        at = max(times, default=None)
        sentence = finding.sentence
        if at is not None:
            sentence = say("%(cause)s · %(at)s", cause=sentence, at=told_at(at, self._zone))
        return FindingLine(key, sentence, leads=self._can_begin(finding))

    @on(FindingList.Highlighted)
    def _highlight(self, message: FindingList.Highlighted) -> None:
        message.stop()
        self._key = message.line.key if message.line else 0
        self._current = self._at(self._key)
        self._show_detail()
        self.refresh_bindings()

    def _at(self, key: int) -> Finding | None:
        """Return a finding; None where there are fewer than when the list was shown."""
        return self._findings[key] if key < len(self._findings) else None

    def _show_detail(self) -> None:
        if self._current is not None:
            self._reader.show(list(self._words(self._current)))
        elif self._seen is not None:
            self._reader.show(list(all_well(self._seen.diagnosis)))

    def _make_room(self) -> None:
        """Give the list the lines it needs, as long as the detail keeps the larger part."""
        if self._seen is None or not self.size.height:
            return
        both = self._list.size.height + self._reader.size.height
        most = max(_LEAST_LINES, int(both * _PART_OF_LIST))
        self._list.styles.height = min(self._list.needed(self.size.width), most)

    def _words(self, finding: Finding) -> Iterator[Paragraph]:
        for evidence in finding.evidence:
            yield Paragraph(evidence_told(evidence, self._zone), apart=False, hang=2)
        if finding.tell is not None:
            yield Paragraph(_("To say: %(words)s") % {"words": finding.tell}, "strong", hang=2)
        if finding.remedy is None and self._can_begin(finding):
            yield Paragraph(_("Enter notes that it is said."), "accent", hang=2)
        elif finding.remedy is not None:
            told = self._told_remedy(finding.remedy)
            yield Paragraph(told, "accent" if self._can_begin(finding) else "", hang=2)

    def _told_remedy(self, remedy: Remedy) -> str:
        way = way_of(remedy)
        values: dict[str, Any] = {"remedy": remedy.label}
        if way is not None and not offered(way, self.workplace.role):
            values["who"] = whom_to_ask(way)
            return _("Remedy: %(remedy)s. To be asked of: %(who)s") % values
        if way is not None and way.is_list:
            return _("Remedy (Enter shows the list): %(remedy)s") % values
        if way is not None:
            return _("Remedy (Enter): %(remedy)s") % values
        if remedy.kind == "say":
            if self._in_hand:
                return _("Remedy: %(remedy)s (Enter notes that it is said)") % values
            return _("Remedy: %(remedy)s") % values
        if self._in_hand:
            return _("Remedy, elsewhere: %(remedy)s (Enter notes that it is said)") % values
        return _("Remedy, elsewhere: %(remedy)s") % values

    # The remedy

    def _can_begin(self, finding: Finding) -> bool:
        remedy = finding.remedy
        if remedy is None:
            return self._in_hand and finding.tell is not None
        way = way_of(remedy)
        if way is None:
            return self._in_hand
        return offered(way, self.workplace.role)

    @on(FindingList.Chosen)
    def _begin(self, message: FindingList.Chosen) -> None:
        message.stop()
        finding = self._at(message.key)
        if finding is None or not self._can_begin(finding):
            return
        remedy = finding.remedy
        way = way_of(remedy) if remedy is not None else None
        self._begun = finding
        self._call.remember(self._findings)
        if remedy is None or way is None:
            self.note(finding)
            what = remedy.label if remedy is not None else _CAUSE_TOLD
            self.app.notify(say("Noted: %(remedy)s", remedy=what).text(), markup=False)
            return
        self.awaits_another = True
        needs = remedy.needs
        school = needs.get("school_id") or self._hit.school_id
        self.team = (school or 0, needs.get("school_year_id") or 0)
        self._go_to(school, needs.get("school_year_id"), partial(self._open_way, way, finding),
                    year=way.year)  # fmt: skip

    def _open_way(self, way: Way, finding: Finding, at: Workplace) -> None:
        if at.here is not None and at.here.year is not None:
            self.team = at.chosen
        way.begin(self, finding, at)

    def _go_to(
        self,
        school_id: int | None,
        year_id: int | None,
        then: Callable[[Workplace], None],
        *,
        year: bool = False,
    ) -> None:
        """Go on in a school, as if one had chosen it and the school year."""
        if school_id is None:
            self.awaits_another = False
            if year:
                self.app.notify(_("No school is known here."), markup=False)
            else:
                then(self.workplace)
            return
        self.attempt(partial(self._read_place, school_id, year_id, then, year))

    def _read_place(
        self, school: int, year_id: int | None, then: Callable[[Workplace], None], year: bool
    ) -> None:
        here = self.workplace.desk.read(school_years.here, school, year_id)
        self.post_message(self._There(here, then, year))

    @on(_There)
    def _be_there(self, message: _There) -> None:
        message.stop()
        self.awaits_another = False
        if message.year and message.here.year is None:
            told = say("No school year runs in %(school)s today.", school=message.here.school)
            self.app.notify(told.text(), severity="warning", markup=False)
            return
        message.then(self.workplace.at(message.here))

    def open(self, screen: Screen[Any], finding: Finding) -> None:
        """Open a form; the cause is noted as mended if it is gone when one comes back.

        Or if the form says by its result that it is done: an address counts the next day only.
        """
        self._opened, self._form, self._is_done = finding, screen, False
        self._show_screen(screen, self._form_left)

    def _form_left(self, result: Any) -> None:
        self._is_done = result is True

    def _show_screen(self, screen: Screen[Any], then: Callable[[Any], None] | None = None) -> None:
        """Open the screen for which the keys are that were typed meanwhile."""
        self.awaits_another = False
        self.app.push_screen(screen, then)

    def failed(self, error: Exception) -> None:
        """Tell what went wrong; where nothing is shown yet, in the stead of the causes."""
        self.awaits_another = self._hangs_up = False
        if self._seen is None:
            self._list.display = False
            self._reader.show([Paragraph(str(getattr(error, "wording", "")), "warning")])
        super().failed(error)

    def prepare(self, finding: Finding) -> None:
        """Show the plan of the remedy, and what it asks before anything leaves the house."""
        self.awaits_another = True
        self.attempt(partial(self._prepare, finding))

    def _prepare(self, finding: Finding) -> None:
        assert finding.remedy is not None
        desk, code = self.workplace.desk, finding.remedy.code
        plan_id = desk.write(diagnosis.prepare, finding.remedy)
        question: Wording | None = None
        if code in _INVITES:
            from services.invitations import counts_of

            question = leaving(desk.read(counts_of, plan_id).queued)
        elif code in MAILS:
            question = say("A mail leaves the house and cannot be called back. Send it?")
        self.post_message(self._Prepared(finding, plan_id, question))

    @on(_Prepared)
    def _show_prepared(self, message: _Prepared) -> None:
        message.stop()
        school, year, who = self.workplace.title
        screen = PlanScreen(
            plan_calls(self.workplace.desk, message.plan_id),
            leaves_the_house=message.question,
            close_when_applied=True,
            school=school or message.finding.about.school,
            year=year,
            who=who,
        )
        self._show_screen(screen, partial(self._plan_applied, message))

    def _plan_applied(self, plan: _Prepared, outcome: str | None) -> None:
        if outcome != "applied":
            return
        assert plan.finding.remedy is not None
        self.note(plan.finding, LedTo(plan_id=plan.plan_id))
        if plan.question is None:
            self._look()
        elif plan.finding.remedy.code in _INVITES:
            self.send()
        else:
            told = say("The mail is on its way.")
            tell(self, told, mailed=True)

    @on(ChangingScreen.Changed)
    def _changed(self, message: ChangingScreen.Changed) -> None:
        if self._begun is not None and message.plan_id is not None:
            self.note(self._begun, LedTo(plan_id=message.plan_id))
        self._look()

    @on(PrintingScreen.Printed)
    def _tell_printed(self, message: PrintingScreen.Printed) -> None:
        message.stop()
        printed = message.printed
        told = say_n(
            "%(count)s form is in %(path)s. Print it, have it signed, then record it.",
            "%(count)s forms are in %(path)s. Print them, have them signed, then record them.",
            printed.count,
            path=str(printed.path),
        )
        self.app.notify(told.text(), timeout=20, markup=False)
        if self._begun is not None:
            self.note(self._begun)
        self._look()

    def set_role(self, person_id: int) -> None:
        """Ask which role somebody is to have."""
        assert self._seen is not None
        self._ask(ChangeScreen(self._seen.diagnosis.subject, role_changes()), [person_id])

    def print_team(self, at: Workplace) -> None:
        """Print the forms of all who have none signed."""
        self.attempt(partial(self._find_team, at))

    def _find_team(self, at: Workplace) -> None:
        self.post_message(self._ToPrint(at, at.desk.read(consents.without_consent, *at.chosen)))

    @on(_ToPrint)
    def _print_found(self, message: _ToPrint) -> None:
        message.stop()
        if message.people:
            self.print_forms(message.at.desk, message.at.chosen, message.people)
        else:
            self.app.notify(_("No form is left to print."), markup=False)

    def record_form(self, finding: Finding, at: Workplace) -> None:
        """Open the list of returned forms with that of the person, where one is known."""
        self.awaits_another = True
        self.attempt(partial(self._find_form, finding, at))

    def _find_form(self, finding: Finding, at: Workplace) -> None:
        from screens.record_consents import RecordConsentsScreen

        post = finding.about.post_id
        form = at.desk.read(consents.of_post, post, at.chosen[0]) if post else None
        reference = form.reference if form else ""
        make = partial(RecordConsentsScreen, at, reference, once=True)
        self.post_message(self._Made(finding, make))

    @on(_Made)
    def _open_made(self, message: _Made) -> None:
        message.stop()
        self.open(message.make(), message.finding)

    def open_about_head(
        self, finding: Finding, at: Workplace, make: Callable[[HeadnetPage], Screen[Any]]
    ) -> None:
        """Open a form about the head of the school, which shows what is known of the account."""
        self.awaits_another = True
        self.attempt(partial(self._find_head, finding, at, make))

    def _find_head(
        self, finding: Finding, at: Workplace, make: Callable[[HeadnetPage], Screen[Any]]
    ) -> None:
        assert at.here is not None
        page = at.desk.read(headnet_school.school_page, at.here.school_id)
        self.post_message(self._Made(finding, partial(make, page)))

    def correct_guardian(self, finding: Finding, at: Workplace) -> None:
        """Ask for the right address of a guardian."""
        assert finding.remedy is not None
        self.awaits_another = True
        self.attempt(partial(self._find_guardian, finding, finding.remedy.needs["person_id"], at))

    def _find_guardian(self, finding: Finding, person_id: int, at: Workplace) -> None:
        row = at.desk.read(families.guardian, *at.chosen, person_id)
        self.post_message(self._Guardian(finding, row))

    @on(_Guardian)
    def _ask_address(self, message: _Guardian) -> None:
        from screens.families import CorrectionScreen

        message.stop()
        correct = partial(self._correct, message.finding, message.row)
        self._show_screen(CorrectionScreen(message.row), correct)

    def _correct(self, finding: Finding, row: GuardianRow, address: str | None) -> None:
        if address is not None:
            self.attempt(partial(self._write_address, finding, row.person_id, address))

    def _write_address(self, finding: Finding, person_id: int, address: str) -> None:
        done = self.workplace.desk.write(families.correct_address, *self.team, person_id, address)
        self._note(finding, LedTo(plan_id=done.plan_id))
        self.post_message(self._Corrected(done))

    @on(_Corrected)
    def _tell_correction(self, message: _Corrected) -> None:
        message.stop()
        self.app.notify(message.correction.sentence.text(), timeout=20, markup=False)
        if message.correction.sent:
            self.send()
        else:
            self._look()

    # The call in hand

    def note(self, finding: Finding, to: LedTo | None = None) -> None:
        """Note what was done about a finding and what that led to, where there is a call."""
        if self._in_hand and self._call.add(finding, to or LedTo()):
            self.attempt(self._keep_done)

    def _note(self, finding: Finding, to: LedTo) -> None:
        if self._in_hand and self._call.add(finding, to):
            self._keep_done()

    def _keep_done(self) -> None:
        if self._call.keep_done():
            self.post_message(self._Noted())

    def _keep(self, *, close: bool = False) -> int:
        call_id = self._call.keep(close=close)
        self.post_message(self._Noted())
        return call_id

    @on(_Noted)
    def _show_number(self, message: _Noted) -> None:
        message.stop()
        self._in_hand = True
        self._bar.show(place=self._title)
        self.refresh_bindings()

    def action_call(self) -> None:
        self._call.remember(self._findings)
        self.attempt(self._open_call)

    def _open_call(self) -> None:
        self.post_message(self._ToOpen(self._keep()))

    @on(_ToOpen)
    def _show_call(self, message: _ToOpen) -> None:
        from screens.call import CallScreen

        message.stop()
        self.app.push_screen(CallScreen(self.workplace, message.call_id), self._call_left)

    def _call_left(self, outcome: str | None) -> None:
        if outcome == "closed":
            self.app.go("dashboard")  # type: ignore[attr-defined]
        elif outcome == "handed_on":
            self.dismiss(None)

    def action_close_call(self) -> None:
        if self._opened is not None:
            self._hangs_up = True
            self._look()
            return
        self._hangs_up = False
        self._call.remember(self._findings)
        self.attempt(self._close_call)

    def _close_call(self) -> None:
        self.post_message(self._Closed(self._keep(close=True)))

    def progress_of(self, job: Job, *, started: bool) -> ProgressScreen:
        if not self._in_hand:
            return super().progress_of(job, started=started)
        self._sending, self._sent_here = CallProgressScreen(job), started
        return self._sending

    def _left(self, job: Job | None) -> None:
        super()._left(job)
        if job is None or job.running or self._sending is None or not self._sending.hangs_up:
            return
        if self._sent_here and job.state == "done" and all_sent(job.result):
            self.action_close_call()
        else:
            told = say("The call stays open: see first what became of the mail.")
            self.app.notify(told.text(), severity="warning", markup=False)

    @on(_Closed)
    def _leave(self, message: _Closed) -> None:
        message.stop()
        told = say("Call n° %(number)s is closed.", number=message.call_id)
        self.app.notify(told.text(), markup=False)
        self.app.go("dashboard")  # type: ignore[attr-defined]

    # Looking further

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "history":
            return self._person_id is not None
        if action == "page":
            return self._page_of() is not None
        if action == "question":
            return self._current is not None and faq.question_of(self._current.cause) is not None
        if action == "call":
            return self._may_note and self._seen is not None
        if action == "close_call":
            return self._in_hand and self._seen is not None
        return True

    @property
    def _person_id(self) -> int | None:
        if self._hit.person_id is not None or self._seen is None:
            return self._hit.person_id
        found = self._seen.diagnosis
        return found.id if found.kind == "person" else None

    def action_history(self) -> None:
        from screens.story import StoryScreen

        person = self._person_id
        if person is not None:
            self._go_to(*self._place, lambda at: self._push(StoryScreen(at, person)))

    @property
    def _place(self) -> tuple[int | None, int | None]:
        """The school and the school year where what is shown is looked at."""
        here = self._seen.here if self._seen else None
        return (here.school_id, here.school_year_id) if here else (None, None)

    def _push(self, screen: Screen[Any]) -> None:
        self.app.push_screen(screen)

    def _page_of(self) -> tuple[Callable[[Workplace], Screen[Any]], bool] | None:
        """Return what makes the page of what it is about, and whether that takes a year."""
        hit, role = self._hit, self.workplace.role
        if hit.kind == "workshop":
            return partial(_workshop_page, hit.id), False
        school, year = self._place
        if school is None or year is None:
            return None
        if self._person_id is not None:
            return (partial(_person_page, self._person_id), True) if allowed("team", role) else None
        return (_team_page, True) if allowed("team!", role) else None

    def action_page(self) -> None:
        if (found := self._page_of()) is not None:
            make, year = found
            self._go_to(*self._place, lambda at: self._push(make(at)), year=year)

    def action_question(self) -> None:
        found = faq.question_of(self._current.cause) if self._current else None
        if found is not None:
            self._push(WholeLineScreen([], [found.question, found.answer], title=_("Question")))

    def action_down(self) -> None:
        self._reader.action_page_down()

    def action_up(self) -> None:
        self._reader.action_page_up()


def _person_page(person_id: int, at: Workplace) -> Screen[Any]:
    from screens.person import PersonScreen

    return PersonScreen(at, person_id)


def _team_page(at: Workplace) -> Screen[Any]:
    from screens.team_access import TeamAccessScreen

    return TeamAccessScreen(at)


def _workshop_page(workshop_id: int, at: Workplace) -> Screen[Any]:
    from screens.workshop import WorkshopScreen

    return WorkshopScreen(at, workshop_id)
