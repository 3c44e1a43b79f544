"""What opens the remedy of a cause: one table, by the code of the remedy.

What is not in it is said to the caller, or done elsewhere: nothing opens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from models.language import Wording, say
from screens.commands import allowed
from services.findings import Finding, Remedy

if TYPE_CHECKING:
    from textual.screen import Screen

    from screens.diagnosis import DiagnosisScreen
    from screens.workplace import Workplace

Begin = Callable[["DiagnosisScreen", Finding, "Workplace"], None]


@dataclass(frozen=True, slots=True)
class Way:
    """How a remedy is begun: who may (`Command.needs`), what opens, whether it takes a year.

    `begin` is given the diagnosis, the finding, and the desk in the school it is about. Where
    `is_list` it opens the list of those whom the cause is about.
    """

    needs: str
    begin: Begin
    year: bool = False
    is_list: bool = False


def way_of(remedy: Remedy) -> Way | None:
    """Return what opens a remedy, None where nothing does."""
    listed = "person_id" not in remedy.needs and remedy.code != "print_forms"
    if listed and remedy.needs.get("go_to") in _LISTS:
        return _LISTS[remedy.needs["go_to"]]
    return WAYS.get(remedy.code)


def offered(way: Way, role: str) -> bool:
    return allowed(way.needs, role)


def whom_to_ask(way: Way) -> Wording:
    """Return who may do what a role may not."""
    return _ASKED.get(way.needs, _HELPDESK)


_HELPDESK = say("the helpdesk")
_MANAGER = say("the school’s manager, or the helpdesk")
_COORDINATOR = say("the coordinator, or the helpdesk")
_ASKED: Mapping[str, Wording] = {
    "mail!": _MANAGER,
    "team!": _MANAGER,
    "access!": _MANAGER,
    "consents!": _MANAGER,
    "doubles!": _MANAGER,
    "plans!": _MANAGER,
    "headnet!": _COORDINATOR,
    "workshops!": _COORDINATOR,
}


# --- plans --------------------------------------------------------------------------------


def _plan(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    screen.prepare(finding)


# --- consents -----------------------------------------------------------------------------


def _print_form(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    if screen.may_print:
        screen.print_forms(at.desk, at.chosen, [_needs(finding)["person_id"]])


def _print_all(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    if screen.may_print:
        screen.print_team(at)


def _record(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    screen.record_form(finding, at)


# --- the team -----------------------------------------------------------------------------


def _doubles(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.doubles import DoublesScreen

    screen.open(DoublesScreen(at, _needs(finding).get("person_id")), finding)


def _role(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    screen.set_role(_needs(finding)["person_id"])


def _years_of_school(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    screen.open(_years(at), finding)


def _import(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.import_file import ImportScreen

    screen.open(ImportScreen(at, once=True), finding)


def _support(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.support import SupportScreen

    screen.open(SupportScreen(at), finding)


# --- families ------------------------------------------------------------------------------


def _guardian(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    screen.correct_guardian(finding, at)


# --- HeadNet ------------------------------------------------------------------------------


def _headnet(action: str, screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.headnet_account import HeadnetAccountScreen

    page = HeadnetAccountScreen(at, _needs(finding)["school_id"])
    screen.open(page.begin_with(action), finding)


def _head(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.head_form import NewHeadScreen

    known = {name: _needs(finding).get(name, "") for name in ("surname", "first_name")}
    screen.open_about_head(finding, at, lambda page: NewHeadScreen(at, page, **known))


def _head_address(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.head_form import HeadAddressScreen

    email = _needs(finding).get("email", "")
    screen.open_about_head(finding, at, lambda page: HeadAddressScreen(at, page, email))


# --- workshops ----------------------------------------------------------------------------


def _workshop(action: str, screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.workshop import WorkshopScreen

    page = WorkshopScreen(at, _needs(finding)["workshop_id"])
    screen.open(page.begin_with(action), finding)


def _participants(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.workshop_participants import WorkshopParticipantsScreen

    screen.open(WorkshopParticipantsScreen(at, _needs(finding)["workshop_id"]), finding)


def _late_change(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.workshop_participants import LateChangeScreen

    screen.open(LateChangeScreen(at, _needs(finding)["workshop_id"]), finding)


def _attendance(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
    from screens.workshop_attendance import WorkshopAttendanceScreen

    screen.open(WorkshopAttendanceScreen(at, _needs(finding)["workshop_id"]), finding)


# --- the tables ---------------------------------------------------------------------------


def _needs(finding: Finding) -> Mapping[str, Any]:
    assert finding.remedy is not None
    return finding.remedy.needs


WAYS: Mapping[str, Way] = {
    "invite": Way("mail!", _plan),
    "invite_again": Way("mail!", _plan),
    "reactivate": Way("access!", _plan),
    "give_mission": Way("team!", _plan),
    "send_now": Way("mail!", _plan),
    "reset_password": Way("accounts!", _plan),
    "unlock_account": Way("accounts!", _plan),
    "enable_account": Way("accounts!", _plan),
    "merge_accounts": Way("accounts!", _plan),
    "print_form": Way("consents!", _print_form, year=True),
    "print_forms": Way("consents!", _print_all, year=True),
    "record_consent": Way("consents!", _record, year=True),
    "decide_double": Way("doubles!", _doubles, year=True),
    "set_role": Way("team!", _role, year=True),
    "correct_address": Way("families!", _guardian, year=True),
    "renew": Way("plans!", _import),
    "school_years": Way("team", _years_of_school),
    "headnet_continue": Way("headnet!", partial(_headnet, "go_on")),
    "headnet_try_now": Way("headnet!", partial(_headnet, "try_now")),
    "head_address": Way("headnet!", _head_address),
    "record_head": Way("headnet!", _head),
    "answer_workshop": Way("workshops!", partial(_workshop, "next")),
    "enter_participants": Way("workshops!", _participants),
    "late_change": Way("workshops!", _late_change),
    "record_attendance": Way("workshops!", _attendance),
    "issue_invoice": Way("workshops!", partial(_workshop, "invoice")),
    "record_payment": Way("workshops!", partial(_workshop, "invoice")),
    "tell_helpdesk": Way("", _support),
}


# --- what concerns a whole team: the list of those whom it is about -----------------------


def _list(place: str, make: Callable[[Workplace], Screen[Any]], needs: str) -> Way:
    def begin(screen: DiagnosisScreen, finding: Finding, at: Workplace) -> None:
        wanted = _needs(finding)
        at.wish(place, wanted.get("status"), wanted.get("text") or "")
        screen.open(make(at), finding)

    in_year = place not in ("import", "school-years", "plans")
    return Way(needs, begin, year=in_year, is_list=in_year)


def _team(at: Workplace) -> Screen[Any]:
    from screens.team_access import TeamAccessScreen

    return TeamAccessScreen(at)


def _consents(at: Workplace) -> Screen[Any]:
    from screens.consents import ConsentsScreen

    return ConsentsScreen(at)


def _invitations(at: Workplace) -> Screen[Any]:
    from screens.invitations import InvitationsScreen

    return InvitationsScreen(at)


def _file(at: Workplace) -> Screen[Any]:
    from screens.import_file import ImportScreen

    return ImportScreen(at)


def _plans(at: Workplace) -> Screen[Any]:
    from screens.plans import PlansScreen

    return PlansScreen(at)


def _years(at: Workplace) -> Screen[Any]:
    from screens.school_years import SchoolYearsScreen

    return SchoolYearsScreen(at)


_LISTS: Mapping[str, Way] = {
    "team-access": _list("team-access", _team, "team!"),
    "consents": _list("consents", _consents, "consents!"),
    "invitations": _list("invitations", _invitations, "mail!"),
    "plans": _list("plans", _plans, "plans!"),
    "import": _list("import", _file, "plans!"),
    "school-years": _list("school-years", _years, "team"),
}
