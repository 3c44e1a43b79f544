"""The one table of commands: it feeds bindings, the key bar, the help screen and the tests.

A screen or widget takes its bindings from here by identifier (`bindings("list.open", …)`);
sentences are message ids and are translated when they are shown. Keys that terminals or
the wire take away are refused by a test: F1, F10, F11, Ctrl+A, B, H, I, J, M, P, Q, S, Z, `\\`
(FACTS, "Keys").
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

from models.language import N_, _

Group = Literal["everywhere", "list", "form", "dialog", "screen"]

#: `models.accounts.CONSOLE_ROLES`, widest first. Repeated, for that module loads the tables,
#: and nothing of the data layer may be loaded before the first paint; a test compares the two.
ROLES = ("helpdesk", "director", "coordinator", "head", "staff", "parent")

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
    key bar, `sentence` the line in the help; `least_role` is the narrowest role of
    `ROLES` that is offered it. `action` is the Textual action,
    by default the identifier with its dots and dashes made underscores.
    """

    id: str
    keys: str
    label: str
    sentence: str
    footer: bool = False
    group: Group = "screen"
    least_role: str = "parent"
    action: str = ""
    priority: bool = False

    @property
    def method(self) -> str:
        return self.action or self.id.rpartition(".")[2].replace("-", "_")

    @property
    def first_key(self) -> str:
        return self.keys.split(",")[0]


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere `g` and a letter lead to."""

    id: str
    letter: str
    title: str
    least_role: str = "staff"


PLACES: tuple[Place, ...] = (
    Place("dashboard", "d", N_("Dashboard")),
    Place("team-access", "a", N_("Team access"), "director"),
    Place("consents", "c", N_("Consents"), "director"),
    Place("invitations", "i", N_("Invitations and mail"), "director"),
    Place("plans", "p", N_("Plans: applied and to apply"), "director"),
    Place("import", "m", N_("Import a file"), "director"),
    Place("schools", "s", N_("Schools"), "coordinator"),
    Place("school-years", "y", N_("School years"), "coordinator"),
    Place("people", "e", N_("People"), "director"),
    Place("helpdesk", "h", N_("Helpdesk"), "helpdesk"),
    Place("journal", "j", N_("Journal"), "director"),
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
        "app.language",
        "f9",
        N_("Français"),
        N_("Switch between French and English"),
        group="everywhere",
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
        least_role="director",
        priority=True,
    ),
    Command(
        "plan.undo",
        "u",
        N_("Undo"),
        N_("Undo the plan that was applied"),
        footer=True,
        least_role="director",
    ),
    Command(
        "plan.leave-out",
        "space",
        N_("Leave out"),
        N_("Leave the line out of the plan, or put it back"),
        footer=True,
        priority=False,
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
    # Screens of the main job
    Command(
        "team.invite",
        "f8",
        N_("Send invitations"),
        N_("Send the invitation e-mails for my team"),
        footer=True,
        least_role="director",
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
        least_role="director",
    ),
    Command(
        "team.role",
        "r",
        N_("Role"),
        N_("Set a role by hand, or take it away"),
        footer=True,
        least_role="director",
    ),
    Command(
        "team.deactivate",
        "x",
        N_("Deactivate"),
        N_("Deactivate the access, or reactivate it"),
        footer=True,
        least_role="director",
    ),
    Command(
        "team.doubles",
        "d",
        N_("Doubles"),
        N_("Decide suspected doubles: the same person or not"),
        least_role="director",
    ),
    Command(
        "team.print",
        "p",
        N_("Print"),
        N_("Make the forms to sign as PDF for those selected"),
        least_role="director",
    ),
    Command(
        "person.history",
        "h",
        N_("History"),
        N_("Show what has happened, or everything known again"),
        footer=True,
    ),
    Command(
        "person.invite",
        "f8",
        N_("Invite"),
        N_("Send the invitation e-mail, or send it again"),
        footer=True,
        least_role="director",
    ),
    Command(
        "doubles.same",
        "m",
        N_("Same person"),
        N_("They are the same person: show what becomes of the two"),
        footer=True,
        least_role="director",
    ),
    Command(
        "doubles.different",
        "n",
        N_("Not the same"),
        N_("They are two people: what was blocked is free again"),
        footer=True,
        least_role="director",
    ),
    Command(
        "consents.print",
        "f8",
        N_("Print"),
        N_("Make the forms to sign as PDF: of those selected, or of all that are missing"),
        footer=True,
        least_role="director",
        priority=True,
    ),
    Command(
        "consents.record",
        "r",
        N_("Record"),
        N_("Record signed forms"),
        footer=True,
        least_role="director",
    ),
    Command(
        "consents.withdraw",
        "w",
        N_("Withdraw"),
        N_("Withdraw the consent of the person on the line"),
        footer=True,
        least_role="director",
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
        least_role="director",
        priority=True,
    ),
    Command(
        "record.file",
        "f3",
        N_("From a file"),
        N_("Add the lines of a file: reference, signed_on, email"),
        footer=True,
        least_role="director",
        priority=True,
    ),
    Command("record.remove", "delete", N_("Remove"), N_("Take the line off the list"), footer=True),
    Command("text.older", "left", N_("Earlier version"), N_("Show the earlier version")),
    Command("text.newer", "right", N_("Later version"), N_("Show the later version")),
    Command("text.up", "up,k", N_("Up"), N_("One line up")),
    Command("text.down", "down,j", N_("Down"), N_("One line down")),
    Command("text.page-up", "pageup", N_("Page up"), N_("One page up")),
    Command("text.page-down", "pagedown,space", N_("Page down"), N_("One page down")),
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
        least_role="coordinator",
    ),
    Command(
        "years.edit",
        "f2",
        N_("Correct the days"),
        N_("Correct the first and the last day of the school year"),
        footer=True,
        least_role="helpdesk",
    ),
    Command(
        "invitations.again",
        "f8",
        N_("Send again"),
        N_("Send again to those who have not activated"),
        footer=True,
        least_role="director",
    ),
    Command(
        "invitations.send",
        "f6",
        N_("Send now"),
        N_("Send the mails that are waiting"),
        footer=True,
        least_role="director",
    ),
    Command(
        "invitations.try-now",
        "t",
        N_("Try now"),
        N_("Let the mails selected be tried at once, also those held"),
        footer=True,
        least_role="director",
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
        least_role="director",
    ),
    Command(
        "import.columns",
        "f2",
        N_("Columns"),
        N_("Look at the columns of the staff list and correct them"),
        footer=True,
        least_role="director",
    ),
    Command(
        "import.complete",
        "f3",
        N_("Complete"),
        N_("Complete the name of the file, or list its folder"),
        footer=True,
        least_role="director",
    ),
    Command(
        "mapping.accept",
        "f8",
        N_("Take over"),
        N_("Read the file with these columns"),
        footer=True,
        least_role="director",
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


def allowed(least_role: str, role: str) -> bool:
    """Tell whether `role` is at least `least_role`, widest first as in `ROLES`."""
    if role not in ROLES:
        return False
    return ROLES.index(role) <= ROLES.index(least_role)


def places_for(role: str) -> list[Place]:
    """Return where somebody of that role may go, in the order of the table."""
    return [place for place in PLACES if allowed(place.least_role, role)]


_KEY_NAMES: Mapping[str, str] = {
    "question_mark": "?",
    "slash": "/",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": N_("Esc"),
    "enter": N_("Enter"),
    "space": N_("Space"),
    "tab": "Tab",
    "shift+tab": "⇧Tab",
    "pageup": N_("PgUp"),
    "pagedown": N_("PgDn"),
    "home": N_("Home"),
    "end": N_("End"),
    "delete": N_("Del"),
    "ctrl+u": "Ctrl+U",
}


def key_name(key: str) -> str:
    """Return how a key is written for people, in the current language."""
    if name := _KEY_NAMES.get(key):
        return _(name)
    return key.upper() if len(key) > 1 else key


def key_names(keys: str | Iterable[str]) -> str:
    """Return all keys of a command, as in `↓ j`."""
    parts = keys.split(",") if isinstance(keys, str) else keys
    return " ".join(key_name(key) for key in parts)


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
