"""Every screen has a picture at 80×24 in French, so that a change of what it looks like is seen."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from textual.pilot import Pilot
from textual.screen import Screen

import screens
from models.language import N_, say
from screens.opening import OpeningScreen
from screens.record_consents import RecordConsentsScreen
from screens.workplace import Workplace
from services import school_years
from tests.conftest import SNAPSHOTS
from tests.screens.conftest import MakeApp, settled
from tests.worlds import make_world

#: What no one is ever on: others are made of them.
BASES = {
    "AnswerScreen", "CalendarFileScreen", "ChangingScreen", "CountedListScreen", "DoorScreen",
    "HeadFormScreen", "PathFormScreen", "PrintingScreen", "ReadingScreen", "RoomFormScreen",
    "RoomScreen", "SendingScreen", "StatusListScreen", "_FileFormScreen",
}  # fmt: skip
PICTURES = {
    "AccountKeysScreen": "screens/test_own_account/test_picture[keys]",
    "AddKeyScreen": "screens/test_own_account/test_picture[add-key]",
    "AddressCheckScreen": "screens/test_headnet_account/test_picture_of_continue[address]",
    "AskLineScreen": "screens/test_workshop/test_picture_of_the_link",
    "BallotScreen": "screens/test_ballot/test_picture",
    "CallProgressScreen": "screens/test_progress/test_picture_of_a_call",
    "CallScreen": "screens/test_call/test_picture[80x24]",
    "CallsScreen": "screens/test_calls/test_picture[80x24]",
    "CandidateScreen": "screens/test_election/test_picture_of_the_form[candidate]",
    "CastScreen": "screens/test_ballot/test_picture_of_the_receipt",
    "ChangeAddressScreen": "screens/test_own_account/test_picture[change-address]",
    "ChangePasswordScreen": "screens/test_own_account/test_picture[change-password]",
    "ChangeScreen": "screens/test_team_access/test_picture_of_a_change[m]",
    "ChildScreen": "screens/test_families/test_picture_of_a_child",
    "ChooseAccountScreen": "screens/test_door/test_picture[choose-account]",
    "CommandLineScreen": "screens/test_reading_room/test_picture_of_a_command",
    "CommitteeFormScreen": "screens/test_reading_room/test_picture_of_a_form[committee]",
    "CommitteeScreen": "screens/test_reading_room/test_picture_of_a_committee",
    "CommonestCausesScreen": "screens/test_calls/test_picture_of_the_causes[80x24]",
    "ConferenceFormScreen": "screens/test_reading_room/test_picture_of_a_form[conference]",
    "ConferenceScreen": "screens/test_reading_room/test_picture_of_a_conference",
    "ConfirmAddressScreen": "screens/test_own_account/test_picture[confirm-address]",
    "ConfirmScreen": "screens/test_confirm/test_picture",
    "ConsentTextScreen": "screens/test_consents/test_the_text_at_80_by_24",
    "ConsentsScreen": "screens/test_consents/test_at_80_by_24",
    "ContinueScreen": "screens/test_headnet_account/test_picture_of_continue[password]",
    "CorrectDocumentScreen": "screens/test_reading_room/test_picture_of_a_form[correct]",
    "CorrectionScreen": "screens/test_families/test_picture_of_a_correction",
    "DashboardScreen": "screens/test_dashboard/test_at_80_by_24",
    "DateScreen": "screens/test_workshop_calendar/test_picture_of_the_date",
    "DiagnosisScreen": "screens/test_diagnosis/test_picture",
    "DocumentScreen": "screens/test_reading_room/test_picture_of_a_document",
    "DoublesScreen": "screens/test_team_access/test_picture_of_doubles",
    "EditYearScreen": "screens/test_schools/test_correcting_a_year",
    "ElectionFormScreen": "screens/test_election/test_picture_of_the_form[form]",
    "ElectionScreen": "screens/test_election/test_picture[open]",
    "ElectionVotersScreen": "screens/test_election/test_picture[voters]",
    "ElectionsScreen": "screens/test_elections/test_picture",
    "EnterElectedScreen": "screens/test_election/test_picture[elected]",
    "FamiliesScreen": "screens/test_families/test_picture_of_the_list[80x24]",
    "FaqScreen": "screens/test_support/test_picture_of_the_questions[80x24]",
    "FeeScreen": "screens/test_workshop_fees/test_picture[fee]",
    "ForgottenPasswordScreen": "screens/test_door/test_picture[forgotten-password]",
    "GoScreen": "screens/test_help/test_picture_places",
    "HandOnScreen": "screens/test_call/test_picture_of_handing_on",
    "HeadAddressScreen": "screens/test_head_form/test_picture[f2]",
    "HeadnetAccountScreen": "screens/test_headnet_account/test_picture",
    "HeadnetChecksScreen": "screens/test_door/test_picture[headnet-checks]",
    "HeadnetScreen": "screens/test_headnet/test_picture",
    "HelpScreen": "screens/test_help/test_picture_help",
    "ImportByLineScreen": "screens/test_import_by_line/test_picture",
    "ImportScreen": "screens/test_import_file/test_picture",
    "InvitationsScreen": "screens/test_invitations/test_picture[size0]",
    "JoinLinkScreen": "screens/test_workshop_meeting/test_picture_of_a_link",
    "KnownAccountScreen": "screens/test_door/test_picture[known-account]",
    "LateChangeScreen": "screens/test_workshop_participants/test_picture_of_a_late_change",
    "MappingScreen": "screens/test_import_file/test_picture_of_columns",
    "NewHeadScreen": "screens/test_head_form/test_picture[n]",
    "MemberFormScreen": "screens/test_reading_room/test_picture_of_a_form[member]",
    "NewPasswordScreen": "screens/test_door/test_picture[new-password]",
    "NoticesScreen": "screens/test_door/test_picture_of_notices",
    "OpeningScreen": "screens/test_pictures/test_picture_of_the_opening",
    "OwnAccessScreen": "flows/test_the_door/test_a_teacher_comes_in[04-what-the-school-holds]",
    "OwnAccountScreen": "screens/test_own_account/test_picture[own-account]",
    "ParticipantScreen": "screens/test_workshop_participants/test_picture_of_one",
    "PasteScreen": "screens/test_workshop_participants/test_picture_of_a_paste",
    "PersonScreen": "screens/test_team_access/test_picture_of_a_person[active]",
    "PlanScreen": "screens/test_plan/test_picture",
    "PlansScreen": "screens/test_import_file/test_picture_of_the_plans",
    "PrintFormsScreen": "screens/test_consents/test_where_the_forms_go",
    "ProgressScreen": "screens/test_progress/test_picture",
    "PublishedBallotsScreen": "screens/test_election/test_picture[ballots]",
    "PublishScreen": "screens/test_reading_room/test_picture_of_a_form[publish]",
    "PurposeScreen": "screens/test_reading_room/test_picture_of_a_purpose",
    "ReadingRoomScreen": "screens/test_reading_room/test_picture",
    "ReasonScreen": "screens/test_team_access/test_picture_of_a_change[x]",
    "RecordConsentsScreen": "screens/test_record_consents/test_at_80_by_24",
    "ReplaceScreen": "screens/test_reading_room/test_picture_of_a_form[replace]",
    "SchoolHolidaysScreen": "screens/test_schools/test_school_holidays_at_80_by_24",
    "SchoolYearsScreen": "screens/test_schools/test_school_years_at_80_by_24",
    "SchoolsScreen": "screens/test_schools/test_schools_at_80_by_24",
    "SearchScreen": "screens/test_search/test_picture",
    "SignInScreen": "flows/test_first_day/test_first_day[01-sign-in]",
    "StoryScreen": "screens/test_story/test_picture",
    "SupportScreen": "screens/test_support/test_picture[80x24]",
    "TeamAccessScreen": "screens/test_team_access/test_picture_of_the_list[80x24]",
    "TokenScreen": "screens/test_door/test_picture[token]",
    "TypedConfirmScreen": "screens/test_plan/test_picture_mass_change",
    "VotingSchoolsScreen": "screens/test_ballot/test_picture_of_schools",
    "VersionsScreen": "screens/test_reading_room/test_picture_of_the_versions",
    "WholeLineScreen": "screens/test_whole_line/test_picture",
    "WhomToAskScreen": "screens/test_door/test_picture[whom-to-ask]",
    "WorkshopAttendanceScreen": "screens/test_workshop_attendance/test_picture",
    "WorkshopCalendarScreen": "screens/test_workshop_calendar/test_picture",
    "WorkshopFeesScreen": "screens/test_workshop_fees/test_picture[fees]",
    "WorkshopMeetingScreen": "screens/test_workshop_meeting/test_picture",
    "WorkshopParticipantsScreen": "screens/test_workshop_participants/test_picture",
    "WorkshopPlanScreen": "screens/test_workshop_participants/test_picture_of_the_plan",
    "WorkshopRequestScreen": "screens/test_workshop_request/test_picture",
    "WorkshopRulesScreen": "screens/test_workshop_fees/test_picture[rules]",
    "WorkshopScreen": "screens/test_workshop/test_picture",
    "WorkshopsScreen": "screens/test_workshops/test_picture",
    "_FileScreen": "screens/test_pictures/test_picture_of_the_consent_file",
}
#: The size of a picture of 80 columns and 24 lines, as Rich draws it.
AT_80_BY_24 = 'viewBox="0 0 994 635.5999999999999"'


def all_screens() -> set[str]:
    """Return the names of the screens that `screens` defines."""
    found = set()
    for module in pkgutil.iter_modules(screens.__path__, "screens."):
        for name, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, Screen) and kind.__module__ == module.name:
                found.add(name)
    return found


def test_every_screen_has_a_picture() -> None:
    assert all_screens() - BASES == set(PICTURES)


@pytest.mark.parametrize("screen", PICTURES)
def test_the_picture_is_there_at_80_by_24(screen: str) -> None:
    picture: Path = SNAPSHOTS / f"{PICTURES[screen]}.svg"
    assert AT_80_BY_24 in picture.read_text(encoding="utf-8")


def test_picture_of_the_opening(console: MakeApp, snap_compare: Any) -> None:
    sentence = say("The sample schools are being prepared…")
    app = console(OpeningScreen(N_("Trousseau"), sentence, lambda: None))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


def test_picture_of_the_consent_file(
    console: MakeApp, sqlite_engine: Engine, snap_compare: Any
) -> None:
    world = make_world(sqlite_engine)
    desk = world.director()
    place = Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, world.mine))

    async def look(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("f3", *"retours.csv")
        await settled(pilot)

    app = console(RecordConsentsScreen(place))
    assert snap_compare(app, terminal_size=(80, 24), run_before=look)
