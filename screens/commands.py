"""The one table of commands: it feeds bindings, the key bar, the help screen and the tests.

A screen or widget takes its bindings from here by identifier (`bindings("list.open", …)`);
sentences are message ids and are translated when they are shown. Keys that terminals or
the wire take away are refused by a test: F1, F10, F11, Ctrl+A, B, H, I, J, M, P, Q, S, Z, `\\`
(FACTS, "Keys").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from textual.binding import Binding

from models.language import N_
from models.rights import right

Group = Literal["everywhere", "list", "form", "dialog", "screen"]

#: What `?` prints above each group.
GROUP_TITLES: dict[Group, str] = {
    "screen": N_("This screen"),
    "list": N_("Lists"),
    "form": N_("Forms"),
    "dialog": N_("Questions"),
    "everywhere": N_("Everywhere"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a key does.

    `keys` are Textual key names, the first being the one shown; `label` is the word in the
    key bar, `sentence` the line in the help. `needs` says who is offered it, by the things
    of `models.rights`: `"team"` whoever sees the team of a school, `"team!"` whoever may
    change it, `""` everybody. `action` is the Textual action, by default the last word of
    the identifier with its dashes made underscores.
    """

    id: str
    keys: str
    label: str
    sentence: str
    footer: bool = False
    group: Group = "screen"
    needs: str = ""
    action: str = ""
    priority: bool = False

    @property
    def method(self) -> str:
        return self.action or self.id.rpartition(".")[2].replace("-", "_")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere `g` and a letter lead to; `needs` is a command's."""

    id: str
    letter: str
    title: str
    needs: str = ""


PLACES: tuple[Place, ...] = (
    Place("dashboard", "d", N_("Dashboard")),
    Place("team-access", "a", N_("Team access"), "team!"),
    Place("consents", "c", N_("Consents"), "consents!"),
    Place("families", "f", N_("Families"), "families!"),
    Place("invitations", "i", N_("Invitations and mail"), "mail!"),
    Place("workshops", "v", N_("Virtual workshops"), "workshops"),
    Place("headnet", "n", N_("HeadNet accounts"), "headnet"),
    Place("reading-room", "r", N_("Reading room"), "reading_room"),
    Place("elections", "b", N_("Elections"), "elections"),
    Place("plans", "p", N_("Plans: applied and to apply"), "plans!"),
    Place("import", "m", N_("Import a file"), "plans!"),
    Place("schools", "s", N_("Schools"), "team"),
    Place("school-years", "y", N_("School years"), "team"),
    Place("people", "e", N_("People"), "people!"),
    Place("helpdesk", "h", N_("Helpdesk"), "calls!"),
    Place("faq", "k", N_("Questions and answers")),
    Place("support", "t", N_("Contact support")),
    Place("journal", "j", N_("Journal"), "journal"),
    Place("own-access", "w", N_("What the school holds about me")),
    Place("own-account", "o", N_("My account")),
    Place("accounts", "u", N_("Use another of my accounts")),
    Place("sign-out", "q", N_("Sign out")),
)

COMMANDS: tuple[Command, ...] = (
    # Everywhere
    Command(
        "app.help",
        "question_mark,f1",
        N_("Keys"),
        N_("Show every key of this screen"),
        footer=True,
        group="everywhere",
    ),
    Command(
        "app.go",
        "g",
        N_("Go to"),
        N_("Go to another place: g, then its letter"),
        footer=True,
        group="everywhere",
    ),
    Command(
        "app.back",
        "escape",
        N_("Back"),
        N_("Go back; what you typed is kept"),
        footer=True,
        group="everywhere",
    ),
    Command(
        "app.job", "f7", N_("Work in progress"), N_("Open the work in progress"), group="everywhere"
    ),
    Command(
        "app.search",
        "ctrl+r",
        N_("Search"),
        N_("Find anybody and anything: name, address, number, school, token"),
        group="everywhere",
        needs="team",
        action="search_everything",
        priority=True,
    ),
    Command(
        "app.language",
        "f9",
        N_("Français"),
        N_("Switch between French and English"),
        group="everywhere",
    ),
    Command(
        "app.repaint",
        "ctrl+l",
        N_("Repaint"),
        N_("Paint the whole screen again"),
        group="everywhere",
    ),
    Command(
        "app.function-key",
        "ctrl+f",
        N_("Function key"),
        N_("Then a digit: that function key, where it does not arrive (Ctrl+F 8 is F8)"),
        group="everywhere",
        priority=True,
    ),
    Command("app.leave", "q", N_("Quit"), N_("Quit; what you typed is kept"), group="everywhere"),
    Command("app.refresh", "f5", N_("Refresh"), N_("Read everything again"), group="everywhere"),
    # Lists
    Command(
        "list.search",
        "slash",
        N_("Search"),
        N_("Search in the list as you type"),
        footer=True,
        group="list",
    ),
    Command("list.open", "enter", N_("Open"), N_("Open the line"), footer=True, group="list"),
    Command(
        "list.select",
        "space",
        N_("Select"),
        N_("Select the line, or take it back"),
        footer=True,
        group="list",
    ),
    Command("list.select-all", "a", N_("All"), N_("Select all lines found, or none"), group="list"),
    Command(
        "list.whole",
        "l",
        N_("Whole line"),
        N_("Show the whole line, and all that is told about it"),
        group="list",
    ),
    Command("list.sort", "s", N_("Sort"), N_("Sort by the next column"), group="list"),
    Command("list.reverse", "S", N_("Reverse"), N_("Reverse the order"), group="list"),
    Command("list.up", "up,k", N_("Up"), N_("One line up"), group="list"),
    Command("list.down", "down,j", N_("Down"), N_("One line down"), group="list"),
    Command("list.page-up", "pageup", N_("Page up"), N_("One page up"), group="list"),
    Command("list.page-down", "pagedown", N_("Page down"), N_("One page down"), group="list"),
    Command("list.first", "home", N_("First"), N_("First line"), group="list"),
    Command("list.last", "end", N_("Last"), N_("Last line"), group="list"),
    Command(
        "search.to-list",
        "enter,down",
        N_("To the list"),
        N_("From the search to the list; the search stays"),
        footer=True,
        group="list",
    ),
    Command("search.clear", "ctrl+u", N_("Clear"), N_("Clear the search"), group="list"),
    # The one search
    Command(
        "find.open", "enter", N_("Open"), N_("Open the hit on the line"), footer=True, group="list"
    ),
    Command("find.up", "up", N_("Up"), N_("One hit up"), group="list"),
    Command("find.down", "down", N_("Down"), N_("One hit down"), footer=True, group="list"),
    Command("find.first", "pageup", N_("First"), N_("First hit"), group="list"),
    Command("find.last", "pagedown", N_("Last"), N_("Last hit"), group="list"),
    # Forms
    Command(
        "form.next",
        "tab",
        N_("Next field"),
        N_("Next field"),
        group="form",
        action="app.focus_next",
    ),
    Command(
        "form.previous",
        "shift+tab",
        N_("Previous field"),
        N_("Previous field"),
        group="form",
        action="app.focus_previous",
    ),
    Command(
        "form.save",
        "f8",
        N_("Save"),
        N_("Check the form and save it"),
        footer=True,
        group="form",
        priority=True,
    ),
    Command("form.older", "left", N_("Previous choice"), N_("Previous choice"), group="form"),
    Command("form.newer", "right,space", N_("Next choice"), N_("Next choice"), group="form"),
    # Questions
    Command(
        "dialog.yes-fr", "o", N_("Yes"), N_("Answer yes"), group="dialog", action="answer(True)"
    ),
    Command(
        "dialog.yes-en", "y", N_("Yes"), N_("Answer yes"), group="dialog", action="answer(True)"
    ),
    Command("dialog.no", "n", N_("No"), N_("Answer no"), group="dialog", action="answer(False)"),
    Command("dialog.close", "escape", N_("Close"), N_("Close; nothing is done"), group="dialog"),
    # Work in progress
    Command("progress.cancel", "c", N_("Stop the work"), N_("Stop the work in progress")),
    Command(
        "progress.leave",
        "escape",
        N_("Leave it running"),
        N_("Leave it running; F7 opens it again"),
    ),
    # Plan
    Command(
        "plan.apply",
        "f8",
        N_("Apply"),
        N_("Apply the plan"),
        footer=True,
        needs="plans!",
        priority=True,
    ),
    Command(
        "plan.undo",
        "u",
        N_("Undo"),
        N_("Undo the plan that was applied"),
        footer=True,
        needs="plans!",
    ),
    Command(
        "plan.leave-out",
        "space",
        N_("Leave out"),
        N_("Leave the line out of the plan, or put it back"),
        footer=True,
        needs="plans!",
    ),
    Command(
        "plan.information", "1", N_("Information"), N_("Show the information only, or everything")
    ),
    Command("plan.warnings", "2", N_("Warnings"), N_("Show the warnings only, or everything")),
    Command("plan.errors", "3", N_("Errors"), N_("Show the errors only, or everything")),
    # Signing in
    Command(
        "sign-in.enter",
        "f8",
        N_("Sign in"),
        N_("Sign in with this address and password"),
        footer=True,
        priority=True,
        action="save",
    ),
    Command(
        "sign-in.go-on",
        "enter",
        N_("Go on"),
        N_("From the address to the password, from there sign in"),
        priority=True,
    ),
    Command("sign-in.leave", "escape", N_("Quit"), N_("Leave the program"), footer=True),
    Command("sign-in.token", "f2", N_("Token"), N_("Use the token of an e-mail"), footer=True),
    Command(
        "sign-in.forgotten",
        "f4",
        N_("Forgotten password"),
        N_("Have a token mailed for a password that was forgotten"),
        footer=True,
    ),
    Command("sign-in.whom-to-ask", "f6", N_("Whom to ask"), N_("Find the contact of a school")),
    Command(
        "sign-in.headnet",
        "f3",
        N_("HeadNet refused"),
        N_("Why a head’s HeadNet password is refused: three checks"),
    ),
    Command(
        "token.look",
        "f8,enter",
        N_("Go on"),
        N_("Read the token; that does not use it up"),
        footer=True,
        priority=True,
        action="save",
    ),
    Command(
        "password.set",
        "f8",
        N_("Set the password"),
        N_("Set the password and sign in with it"),
        footer=True,
        priority=True,
        action="save",
    ),
    Command(
        "known.activate",
        "f8,enter",
        N_("Activate"),
        N_("Activate the access with the password you have, and sign in"),
        footer=True,
        priority=True,
        action="save",
    ),
    Command("password.show", "f4", N_("Show"), N_("Show what is typed, or hide it"), footer=True),
    Command(
        "forgotten.send",
        "f8,enter",
        N_("Send"),
        N_("Have the e-mail sent"),
        footer=True,
        priority=True,
        action="save",
    ),
    Command(
        "whom.find",
        "f8,enter",
        N_("Find"),
        N_("Find the schools and their contacts"),
        footer=True,
        priority=True,
        action="save",
    ),
    Command(
        "notices.close", "enter,escape", N_("Go on"), N_("Put the message away"), group="dialog"
    ),
    # One's own account
    Command("account.password", "p", N_("Change password"), N_("Change the password"), footer=True),
    Command(
        "account.address",
        "e",
        N_("Change address"),
        N_("Change the reference address"),
        footer=True,
    ),
    Command(
        "account.confirm",
        "c",
        N_("Confirm the address"),
        N_("Confirm the new address with the token mailed there"),
        footer=True,
    ),
    Command(
        "account.ask-address",
        "f8",
        N_("Change"),
        N_("Have the token mailed that confirms the address"),
        footer=True,
        priority=True,
        action="save",
    ),
    Command("account.keys", "s", N_("SSH keys"), N_("Look at the SSH keys"), footer=True),
    Command("keys.add", "n", N_("New key"), N_("Add an SSH key by pasting it"), footer=True),
    Command("keys.remove", "delete,x", N_("Remove"), N_("Remove the key on the line"), footer=True),
    # Screens of the main job
    Command(
        "team.invite",
        "f8",
        N_("Send invitations"),
        N_("Send the invitation e-mails for my team"),
        footer=True,
        needs="mail!",
    ),
    Command(
        "team.status",
        "f",
        N_("Status"),
        N_("Show one status after the other, then all"),
        footer=True,
    ),
    Command(
        "team.mission",
        "m",
        N_("Mission"),
        N_("Give a mission, or take it away"),
        footer=True,
        needs="team!",
    ),
    Command(
        "team.role",
        "r",
        N_("Role"),
        N_("Set a role by hand, or take it away"),
        footer=True,
        needs="team!",
    ),
    Command(
        "team.deactivate",
        "x",
        N_("Deactivate"),
        N_("Deactivate the access, or reactivate it"),
        footer=True,
        needs="access!",
    ),
    Command(
        "team.doubles",
        "d",
        N_("Doubles"),
        N_("Decide suspected doubles: the same person or not"),
        needs="doubles!",
    ),
    Command(
        "team.print",
        "p",
        N_("Print"),
        N_("Make the forms to sign as PDF for those selected"),
        needs="consents!",
    ),
    Command(
        "families.send",
        "f8",
        N_("Send tokens"),
        N_("Send the sign-in tokens to the guardians, or send them again"),
        footer=True,
        needs="families!",
    ),
    Command(
        "families.status",
        "f",
        N_("Status"),
        N_("Show one status after the other, then all"),
        footer=True,
    ),
    Command(
        "families.correct",
        "f2",
        N_("Correct the address"),
        N_("Correct the guardian’s address, and send the token there"),
        footer=True,
        needs="families!",
    ),
    Command(
        "person.history",
        "h",
        N_("History"),
        N_("Show all that has happened to the person, across schools, newest first"),
        footer=True,
    ),
    Command(
        "story.kind",
        "f",
        N_("Kind"),
        N_("Show one kind of thing that happened after the other, then all"),
        footer=True,
    ),
    Command(
        "person.invite",
        "f8",
        N_("Invite"),
        N_("Send the invitation e-mail, or send it again"),
        footer=True,
        needs="mail!",
    ),
    Command(
        "doubles.same",
        "m",
        N_("Same person"),
        N_("They are the same person: show what becomes of the two"),
        footer=True,
        needs="doubles!",
    ),
    Command(
        "doubles.different",
        "n",
        N_("Not the same"),
        N_("They are two people: what was blocked is free again"),
        footer=True,
        needs="doubles!",
    ),
    Command(
        "consents.print",
        "f8",
        N_("Print"),
        N_("Make the forms to sign as PDF: of those selected, or of all that are missing"),
        footer=True,
        needs="consents!",
        priority=True,
    ),
    Command(
        "consents.record",
        "r",
        N_("Record"),
        N_("Record signed forms"),
        footer=True,
        needs="consents!",
    ),
    Command(
        "consents.withdraw",
        "w",
        N_("Withdraw"),
        N_("Withdraw the consent of the person on the line"),
        footer=True,
        needs="consents!",
    ),
    Command(
        "consents.state",
        "f",
        N_("State"),
        N_("Show one state of consent after the other, then all"),
        footer=True,
    ),
    Command("consents.text", "v", N_("Text"), N_("Read the text that is agreed to")),
    Command(
        "record.plan",
        "f8",
        N_("To the plan"),
        N_("Show the plan that records the list"),
        footer=True,
        needs="consents!",
        priority=True,
    ),
    Command(
        "record.file",
        "f3",
        N_("From a file"),
        N_("Add the lines of a file: reference, signed_on, email"),
        footer=True,
        needs="consents!",
        priority=True,
    ),
    Command(
        "record.remove",
        "delete",
        N_("Remove"),
        N_("Take the line off the list"),
        footer=True,
        needs="consents!",
    ),
    Command("text.older", "left", N_("Earlier version"), N_("Show the earlier version")),
    Command("text.newer", "right", N_("Later version"), N_("Show the later version")),
    Command("text.up", "up,k", N_("Up"), N_("One line up")),
    Command("text.down", "down,j", N_("Down"), N_("One line down")),
    Command("text.page-up", "pageup", N_("Page up"), N_("One page up")),
    Command("text.page-down", "pagedown,space", N_("Page down"), N_("One page down")),
    Command("text.first", "home", N_("Beginning"), N_("To the beginning of the text")),
    Command("text.last", "end", N_("End"), N_("To the end of the text")),
    Command(
        "text.search", "slash", N_("Search"), N_("Look for something in the text"), footer=True
    ),
    Command("text.next", "n", N_("Next match"), N_("The next place where it stands"), footer=True),
    Command("text.previous", "N", N_("Match before"), N_("The place before where it stands")),
    Command("text.next-heading", "h", N_("Next heading"), N_("To the next heading")),
    Command("text.previous-heading", "H", N_("Heading before"), N_("To the heading before")),
    # Dashboard, schools and school years
    Command(
        "findings.number",
        "1,2,3,4,5,6,7,8,9",
        N_("Go to"),
        N_("Go to what the line of this number is about"),
    ),
    Command(
        "dashboard.all-schools",
        "x",
        N_("All schools"),
        N_("Look at all schools again"),
        needs="team",
    ),
    Command(
        "years.edit",
        "f2",
        N_("Correct the days"),
        N_("Correct the first and the last day of the school year"),
        footer=True,
        needs="reference!",
    ),
    Command(
        "years.holidays",
        "f8",
        N_("Holidays"),
        N_("Show the school holidays of the year on the line"),
        footer=True,
        needs="reference",
    ),
    Command(
        "holidays.file",
        "f3",
        N_("From a file"),
        N_("Read school holidays from a list or a calendar file (.ics)"),
        footer=True,
        needs="reference!",
    ),
    Command(
        "invitations.again",
        "f8",
        N_("Send again"),
        N_("Send again to those who have not activated"),
        footer=True,
        needs="mail!",
    ),
    Command(
        "invitations.send",
        "f6",
        N_("Send now"),
        N_("Send the mails that are waiting"),
        footer=True,
        needs="mail!",
    ),
    Command(
        "invitations.try-now",
        "t",
        N_("Try now"),
        N_("Let the mails selected be tried at once, also those held"),
        footer=True,
        needs="mail!",
    ),
    Command(
        "invitations.state",
        "f",
        N_("State"),
        N_("Show the next state only, then all again"),
        footer=True,
    ),
    Command(
        "import.start",
        "f8",
        N_("Compute the plan"),
        N_("Read the file and compute the plan"),
        footer=True,
        needs="plans!",
    ),
    Command(
        "import.columns",
        "f2",
        N_("Columns"),
        N_("Look at the columns of the staff list and correct them"),
        footer=True,
        needs="plans!",
    ),
    Command(
        "import.complete",
        "f3",
        N_("Complete"),
        N_("Complete the name of the file, or list its folder"),
        footer=True,
        needs="plans!",
    ),
    Command(
        "mapping.accept",
        "f8",
        N_("Take over"),
        N_("Read the file with these columns"),
        footer=True,
        needs="plans!",
    ),
    Command("mapping.older", "left", N_("Previous column"), N_("Give the field the column before")),
    Command(
        "mapping.newer",
        "right",
        N_("Other column"),
        N_("Give the field the next column"),
        footer=True,
    ),
    Command("mapping.none", "delete", N_("No column"), N_("Give the field no column")),
    # Virtual workshops
    Command(
        "workshops.ask",
        "f8",
        N_("Ask for one"),
        N_("Ask for a workshop; what was typed before is still there"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "workshops.calendar",
        "c",
        N_("Calendar"),
        N_("Look at the days: what follows from a date, and what falls when"),
        footer=True,
    ),
    Command(
        "workshops.status",
        "f",
        N_("Status"),
        N_("Show one status after the other, then all"),
        footer=True,
    ),
    Command(
        "workshops.file",
        "f6",
        N_("Calendar file"),
        N_("Write the workshop and its deadlines as a calendar file (.ics)"),
    ),
    Command(
        "request.send",
        "f8",
        N_("Send"),
        N_("Check the request and send it to the workshop office"),
        footer=True,
        needs="workshops!",
        priority=True,
    ),
    Command(
        "request.calendar",
        "f4",
        N_("Calendar"),
        N_("Choose the first day in the calendar"),
        footer=True,
        priority=True,
    ),
    Command(
        "calendar.choose",
        "enter",
        N_("Take this day"),
        N_("Ask for a workshop that begins on this day"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "calendar.view",
        "v",
        N_("View"),
        N_("Show what follows from the day, what today is for, what falls on the days"),
        footer=True,
    ),
    Command("calendar.date", "f2", N_("Date"), N_("Type the date to go to"), footer=True),
    Command(
        "calendar.file",
        "f8",
        N_("Calendar file"),
        N_("Write the event and its deadlines as a calendar file (.ics)"),
        footer=True,
    ),
    Command("calendar.earlier", "left", N_("Day before"), N_("The day before")),
    Command("calendar.later", "right", N_("Day after"), N_("The day after")),
    Command("calendar.week-earlier", "up,k", N_("Week before"), N_("A week earlier")),
    Command("calendar.week-later", "down,j", N_("Week after"), N_("A week later")),
    Command("calendar.month-earlier", "pageup", N_("Month before"), N_("A month earlier")),
    Command("calendar.month-later", "pagedown", N_("Month after"), N_("A month later")),
    Command("calendar.today", "home,t", N_("Today"), N_("Go to today")),
    # One workshop
    Command(
        "workshop.next",
        "f8",
        N_("Next step"),
        N_("Take the next step, the one told below the title"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "workshop.participants",
        "p",
        N_("Participants"),
        N_("Look at the participants, enter and correct them"),
        footer=True,
        needs="workshops",
    ),
    Command(
        "workshop.attendance",
        "e",
        N_("Attendance"),
        N_("Look at who was there, and record it"),
        footer=True,
        needs="events",
    ),
    Command(
        "workshop.meeting",
        "m",
        N_("Meeting"),
        N_("Prepare the meeting, and show the links by which people join it"),
        footer=True,
        needs="events!",
    ),
    Command(
        "workshop.take-up",
        "t",
        N_("Take up"),
        N_("Begin to treat the request; whoever asked is told"),
        footer=True,
        needs="events!",
    ),
    Command(
        "workshop.accept",
        "y,o",
        N_("Accept"),
        N_("Accept the request, with the registration link"),
        footer=True,
        needs="events!",
    ),
    Command(
        "workshop.refuse",
        "n",
        N_("Refuse"),
        N_("Refuse the request, with a reason"),
        footer=True,
        needs="events!",
    ),
    Command(
        "workshop.invoice",
        "i",
        N_("Invoice"),
        N_("Make the invoice, or note that it was paid"),
        footer=True,
        needs="events!",
    ),
    Command(
        "workshop.replace",
        "r",
        N_("Replace"),
        N_("Ask for another date or delivery type in its place"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "workshop.cancel",
        "x",
        N_("Cancel"),
        N_("Cancel the workshop; what it costs is told before"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "workshop.calendar",
        "c",
        N_("Calendar file"),
        N_("Write the event and its days as a calendar file (.ics)"),
        needs="workshops",
    ),
    Command(
        "workshop.other",
        "w",
        N_("The other request"),
        N_("Go to the request that took its place, or whose place it took"),
        needs="workshops",
    ),
    Command(
        "workshop.fees",
        "f",
        N_("Fees"),
        N_("Look at the fee table and change it"),
        needs="fees!",
    ),
    Command(
        "workshop-plan.apply",
        "f8",
        N_("Apply"),
        N_("Apply the plan"),
        footer=True,
        needs="workshops!",
        priority=True,
    ),
    Command(
        "workshop-plan.undo",
        "u",
        N_("Undo"),
        N_("Undo the plan that was applied"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "workshop-plan.leave-out",
        "space",
        N_("Leave out"),
        N_("Leave the line out of the plan, or put it back"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "participants.add",
        "f8",
        N_("New participant"),
        N_("Enter participants one by one"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "participants.late-change",
        "f8",
        N_("Change by message"),
        N_("Ask the workshop office for a change, after registration has closed"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "participants.correct",
        "f2",
        N_("Correct"),
        N_("Correct the participant on the line"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "participants.withdraw",
        "delete,x",
        N_("Withdraw"),
        N_("Withdraw the participant on the line"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "participants.paste",
        "v",
        N_("Paste"),
        N_("Paste a list from a spreadsheet; pasting here does it, too"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "participants.file",
        "f3",
        N_("From a file"),
        N_("Read a list from a CSV file or a workbook"),
        footer=True,
        needs="workshops!",
    ),
    Command(
        "participants.csv",
        "c",
        N_("As CSV"),
        N_("Write the list as a CSV file"),
        footer=True,
        needs="workshops",
    ),
    Command(
        "paste.plan",
        "f8",
        N_("To the plan"),
        N_("Show the plan that enters the list"),
        footer=True,
        needs="workshops!",
        priority=True,
    ),
    Command("paste.clear", "ctrl+u", N_("Clear"), N_("Throw away what was pasted"), footer=True),
    Command(
        "late.send",
        "f8",
        N_("Send"),
        N_("Send the message to the workshop office"),
        footer=True,
        needs="workshops!",
        priority=True,
        action="save",
    ),
    Command(
        "attendance.mark",
        "space",
        N_("Mark"),
        N_("Present, absent, not recorded: one after the other, at the session chosen"),
        footer=True,
        needs="events!",
    ),
    Command("attendance.earlier", "left", N_("Session before"), N_("Choose the session before")),
    Command(
        "attendance.later",
        "right",
        N_("Next session"),
        N_("Choose the next session"),
        footer=True,
    ),
    Command(
        "attendance.all",
        "a",
        N_("All present"),
        N_("Show the plan by which all who are not recorded yet were at this session"),
        footer=True,
        needs="events!",
    ),
    Command(
        "attendance.file",
        "f3",
        N_("From a file"),
        N_("Read a list, or the meeting server’s report (.json)"),
        footer=True,
        needs="events!",
    ),
    Command(
        "attendance.complete",
        "f8",
        N_("List complete"),
        N_("Declare the list complete; whoever asked is told"),
        footer=True,
        needs="events!",
    ),
    Command(
        "attendance.certificates",
        "c",
        N_("Certificates"),
        N_("Make the certificates of those who meet the requirements, as PDF"),
        footer=True,
        needs="events!",
    ),
    Command(
        "attendance.sessions",
        "f2",
        N_("Sessions"),
        N_("Change the sessions, while nobody’s attendance is recorded"),
        needs="events!",
    ),
    Command(
        "meeting.create",
        "f8",
        N_("Open the meeting"),
        N_("Have the meeting server make the meeting; asked again it does no harm"),
        footer=True,
        needs="events!",
    ),
    Command(
        "meeting.leader",
        "m",
        N_("Leader’s link"),
        N_("Show a link for whoever leads the workshop, as moderator"),
        footer=True,
        needs="events!",
    ),
    Command(
        "meeting.links",
        "c",
        N_("All as CSV"),
        N_("Write everybody’s link to a file, one line each"),
        footer=True,
        needs="events!",
    ),
    Command(
        "link.file",
        "f8",
        N_("To a file"),
        N_("Write the link to a file, on one line"),
        needs="events!",
    ),
    Command(
        "fees.add",
        "f8",
        N_("New fee"),
        N_("Add a line to the fee table"),
        footer=True,
        needs="fees!",
    ),
    Command(
        "fees.remove",
        "delete,x",
        N_("Remove"),
        N_("Take the line out of the fee table"),
        footer=True,
        needs="fees!",
    ),
    Command(
        "fees.rules",
        "r",
        N_("Rules"),
        N_("Change the figures of the rules"),
        footer=True,
        needs="fees!",
    ),
    # The helpdesk
    Command(
        "call.save",
        "f8",
        N_("Save"),
        N_("Keep the note as it is typed; the call stays open"),
        footer=True,
        needs="calls!",
        priority=True,
    ),
    Command(
        "call.close",
        "x,f4",
        N_("Close call"),
        N_("Close the call, with what is typed"),
        footer=True,
        needs="calls!",
    ),
    Command(
        "call.hand-on",
        "t,f6",
        N_("Hand on"),
        N_("Hand the call on to somebody else, with what is typed"),
        footer=True,
        needs="calls!",
    ),
    Command(
        "call.diagnosis",
        "o,f3",
        N_("Diagnosis"),
        N_("Look again at what the call is about"),
        footer=True,
        needs="calls",
    ),
    Command(
        "hand-on.accounts",
        "down",
        N_("Accounts"),
        N_("From the words to the accounts of the helpdesk"),
        group="dialog",
    ),
    Command(
        "calls.new",
        "n",
        N_("New call"),
        N_("Take a note of a call without a search"),
        footer=True,
        needs="calls!",
    ),
    Command(
        "calls.status",
        "f",
        N_("Status"),
        N_("Show the calls that are open, handed on, closed, then all that are not closed"),
        footer=True,
    ),
    Command(
        "calls.commonest",
        "t",
        N_("Commonest causes"),
        N_("Show the ten commonest causes of this week, school by school"),
        footer=True,
        needs="calls",
    ),
    Command(
        "commonest.earlier",
        "left",
        N_("Week before"),
        N_("Show the week before"),
        footer=True,
    ),
    Command("commonest.later", "right", N_("Next week"), N_("Show the week after"), footer=True),
    Command(
        "commonest.school",
        "f",
        N_("School"),
        N_("Show the calls about one school after the other, then all"),
        footer=True,
    ),
    Command(
        "faq.support",
        "c,f4",
        N_("Contact support"),
        N_("Write to the helpdesk, with the diagnosis of your own account"),
        footer=True,
    ),
    Command(
        "support.send",
        "f8",
        N_("Send"),
        N_("Send the message to the helpdesk"),
        footer=True,
        priority=True,
        action="save",
    ),
    # HeadNet accounts
    Command(
        "headnet.state",
        "f",
        N_("State"),
        N_("Show the next state only, then all again"),
        footer=True,
    ),
    Command(
        "schools.headnet",
        "n",
        N_("HeadNet account"),
        N_("Open the HeadNet account of the school on the line"),
        footer=True,
        group="list",
        needs="headnet",
    ),
    Command(
        "headnet-account.go-on",
        "f8",
        N_("Continue"),
        N_("Have a new password mailed to the head, or record the head where none is"),
        footer=True,
        needs="headnet!",
    ),
    Command(
        "headnet-account.address",
        "f2",
        N_("Address"),
        N_("Change the recorded address of the head"),
        footer=True,
        needs="headnet!",
    ),
    Command(
        "headnet-account.new-head",
        "n",
        N_("New head"),
        N_("Record another head: the access of the present one ends"),
        footer=True,
        needs="headnet!",
    ),
    Command(
        "headnet-account.end",
        "x",
        N_("Head leaves"),
        N_("End the access of the head, where nobody follows yet"),
        needs="headnet!",
    ),
    Command(
        "headnet-account.take-back",
        "z",
        N_("Take back"),
        N_("Take back the change of address that is waiting"),
        footer=True,
        needs="headnet!",
    ),
    Command(
        "headnet-account.try-now",
        "t",
        N_("Try now"),
        N_("Let the mail with the password be tried at once"),
        footer=True,
        needs="headnet!",
    ),
    Command(
        "address-check.wait",
        "w,a",
        N_("Wait"),
        N_("Wait until the change of address counts; nothing is done"),
        group="dialog",
    ),
    # Elections
    Command(
        "elections.new",
        "f8",
        N_("New election"),
        N_("Prepare a new election"),
        footer=True,
        needs="elections!",
    ),
    Command(
        "elections.status",
        "f",
        N_("Status"),
        N_("Show the elections of the next status only, or all"),
        footer=True,
        needs="elections",
    ),
    Command(
        "election.vote",
        "f8",
        N_("Vote"),
        N_("Fill in the ballot of your school"),
        footer=True,
        needs="votes!",
    ),
    Command(
        "election.ballots",
        "b",
        N_("Ballots"),
        N_("Page through the published ballots, and find a receipt code"),
        footer=True,
        needs="elections",
    ),
    Command(
        "election.correct",
        "f2",
        N_("Correct"),
        N_("Correct the election, before it opens"),
        footer=True,
        needs="elections!",
    ),
    Command(
        "election.voters",
        "v",
        N_("Who has voted"),
        N_("Show which schools have voted; what they voted nobody sees"),
        footer=True,
        needs="elections!",
    ),
    Command(
        "election.elected",
        "e",
        N_("Elected"),
        N_("Enter those elected as members of the committee"),
        footer=True,
        needs="elections!",
    ),
    Command(
        "election.cancel",
        "x",
        N_("Cancel"),
        N_("Cancel the election, with a reason"),
        footer=True,
        needs="elections!",
    ),
    Command(
        "candidates.add",
        "f4",
        N_("New candidate"),
        N_("Enter a candidate with a statement"),
        footer=True,
        needs="elections!",
    ),
    Command(
        "candidates.remove",
        "delete,x",
        N_("Remove"),
        N_("Take the candidate on the line off the ballot"),
        footer=True,
        needs="elections!",
    ),
    Command(
        "candidates.earlier",
        "u",
        N_("Earlier"),
        N_("Put the candidate one place earlier on the ballot"),
        needs="elections!",
    ),
    Command(
        "candidates.later",
        "d",
        N_("Later"),
        N_("Put the candidate one place later on the ballot"),
        needs="elections!",
    ),
    Command(
        "ballot.mark",
        "space",
        N_("Choose"),
        N_("Choose the line, or take it back"),
        footer=True,
        needs="votes!",
    ),
    Command(
        "ballot.receipt",
        "f8",
        N_("To the receipt"),
        N_("Show the receipt code of this ballot; nothing is cast yet"),
        footer=True,
        needs="votes!",
    ),
    Command(
        "ballot.cast",
        "f8",
        N_("Cast the ballot"),
        N_("Cast the ballot; it cannot be changed afterwards"),
        footer=True,
        needs="votes!",
    ),
    Command(
        "ballots.file",
        "c",
        N_("To a file"),
        N_("Write the published list to a file, to count it oneself"),
        footer=True,
        needs="elections",
    ),
    # The reading room
    Command(
        "room.kind",
        "f",
        N_("Kind"),
        N_("Show what is unread, then one kind after the other, then all"),
        footer=True,
    ),
    Command(
        "room.publish",
        "f8",
        N_("Publish"),
        N_("Publish a file as a document"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "room.conference",
        "c",
        N_("New conference"),
        N_("Announce a conference"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "room.committee",
        "m",
        N_("New committee"),
        N_("Make a committee known"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "room.folder",
        "f3",
        N_("From a folder"),
        N_("Publish the files of a folder by a plan"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "room.file",
        "f6",
        N_("Calendar file"),
        N_("Write all conferences to come as a calendar file (.ics)"),
    ),
    Command(
        "document.file",
        "f8",
        N_("To a file"),
        N_("Write the file into a folder, or show the command that fetches it"),
        footer=True,
    ),
    Command(
        "document.versions",
        "v",
        N_("Versions"),
        N_("Show all versions, and read another one"),
        footer=True,
    ),
    Command(
        "document.replace",
        "r",
        N_("New version"),
        N_("Publish a file as the newest version"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "document.correct",
        "f2",
        N_("Correct"),
        N_("Correct title, kind, day, committee or language"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "document.withdraw",
        "x",
        N_("Withdraw"),
        N_("Withdraw the document, or publish it again"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "version.withdraw",
        "delete,x",
        N_("Withdraw"),
        N_("Withdraw the version on the line: the one before it is read again"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "conference.file",
        "f8",
        N_("Calendar file"),
        N_("Write the conference as a calendar file (.ics)"),
        footer=True,
    ),
    Command(
        "conference.correct",
        "f2",
        N_("Correct"),
        N_("Correct what is said of the conference"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "conference.withdraw",
        "x",
        N_("Withdraw"),
        N_("Withdraw the conference, or publish it again"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "committee.minutes",
        "p",
        N_("Its minutes"),
        N_("Show the minutes and documents of the committee"),
        footer=True,
    ),
    Command(
        "committee.purpose",
        "v",
        N_("What it is for"),
        N_("Read what the committee is for"),
        footer=True,
    ),
    Command(
        "committee.add",
        "f8",
        N_("New member"),
        N_("Enter a member with the term"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "committee.correct",
        "f2",
        N_("Correct"),
        N_("Correct the member on the line, or end the term"),
        footer=True,
        needs="reading_room!",
    ),
    Command(
        "committee.remove",
        "delete",
        N_("Remove"),
        N_("Take back the line: it was wrong"),
        needs="reading_room!",
    ),
    Command(
        "committee.edit",
        "e",
        N_("Name and purpose"),
        N_("Change the name of the committee, or what it is for"),
        needs="reading_room!",
    ),
    Command(
        "committee.withdraw",
        "x",
        N_("Withdraw"),
        N_("Withdraw the committee, or publish it again"),
        needs="reading_room!",
    ),
)

_BY_ID: Mapping[str, Command] = {command.id: command for command in COMMANDS}


def command(identifier: str) -> Command:
    """Return the command of that identifier; an unknown one is a mistake in the program."""
    return _BY_ID[identifier]


def known(identifier: str | None) -> Command | None:
    """Return the command behind a binding's identifier, or None for a foreign binding."""
    return _BY_ID.get(identifier or "")


def bindings(*identifiers: str, **actions: str) -> list[Binding]:
    """Return the bindings of those commands, for a class's `BINDINGS`.

    `actions` gives a command another action than its own: the identifier with `_` for `.`
    and `-`, as in `bindings("list.open", list_open="show_person")`.
    """
    return [_binding(command(i), actions.get(_word(i), "")) for i in identifiers]


def command_behind(action: Any, node: object) -> Command | None:
    """Return the command whose key on `node` (a widget, a screen, the App) runs that action."""
    for kind in type(node).__mro__ if node is not None else ():
        for binding in vars(kind).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.action == action:
                return known(binding.id)
    return None


def allowed(needs: str, role: str) -> bool:
    """Tell whether somebody of that role is offered what needs that (`Command.needs`)."""
    if not needs:
        return True
    thing = right(role, needs.removesuffix("!"))
    return thing.change if needs.endswith("!") else thing.reach in ("all", "schools")


def places_for(role: str) -> list[Place]:
    """Return where somebody of that role may go, in the order of the table; "" is nobody."""
    return [place for place in PLACES if role and allowed(place.needs, role)]


def _binding(command: Command, action: str) -> Binding:
    return Binding(
        command.keys,
        action or command.method,
        command.label,
        show=command.footer,
        id=command.id,
        priority=command.priority,
    )


def _word(identifier: str) -> str:
    return identifier.replace(".", "_").replace("-", "_")
