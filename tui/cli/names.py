"""The commands of the program: their names, what they are for, and where they are defined.

Apart from the modules that define them, so that the help and a wrong name are answered
without loading all of those, and a command without loading the others (30 ms).
"""

from collections.abc import Mapping

from models.language import N_

#: In the order of the help: what each is for.
HELP: Mapping[str, str] = {
    "import": N_("Read a file of records; nothing changes before the plan."),
    "search": N_("Find anybody and anything that a caller names."),
    "diagnose": N_("Why somebody calls, what to tell them, what mends it."),
    "access": N_("Who has access in a school, and who not yet, and why."),
    "families": N_("Guardians and children, and who has signed in."),
    "invite": N_("Put the invitations of a team into the outbox."),
    "send": N_("Send the mails that are due."),
    "bounces": N_("Read mails that came back."),
    "invitations": N_("What became of each invitation."),
    "serve": N_("Open the sessions over SSH quickly; for systemd."),
    "nightly": N_("Do what is due at night; run again, it does nothing twice."),
    "doctor": N_("What is configured, what is wrong, what to do."),
    "demo": N_("The console over sample schools; nothing is kept."),
    "plan": N_("Look at plans, apply and undo them."),
    "export": N_("CSV files that are safe to open in a spreadsheet."),
    "consent": N_("Consent forms: print, list, record, withdraw."),
    "headnet": N_("HeadNet: heads of school, their addresses and passwords."),
    "workshop": N_("Virtual workshops: requests, their days, attendance."),
    "document": N_("Documents of the reading room: list, read, publish, import."),
    "conference": N_("Conferences of the reading room, and their calendar files."),
    "committee": N_("Committees of heads: members, terms, minutes."),
    "election": N_("Elections for committees: the ballots, the result, a recount."),
    "school-years": N_("School years and their holidays."),
    "account": N_("Who may sign in to the console."),
    "db": N_("Look after the database."),
}

#: The module that defines each.
MODULES: Mapping[str, str] = {
    "import": "tui.cli.imports",
    "search": "tui.cli.search",
    "diagnose": "tui.cli.diagnose",
    "access": "tui.cli.access",
    "families": "tui.cli.families",
    "invite": "tui.cli.mail",
    "send": "tui.cli.mail",
    "bounces": "tui.cli.mail",
    "invitations": "tui.cli.mail",
    "serve": "tui.cli.serve",
    "nightly": "tui.cli.nightly",
    "doctor": "tui.cli.database",
    "demo": "tui.cli.demo",
    "plan": "tui.cli.plans",
    "export": "tui.cli.access",
    "consent": "tui.cli.consents",
    "headnet": "tui.cli.headnet",
    "workshop": "tui.cli.workshop",
    "document": "tui.cli.document",
    "conference": "tui.cli.conference",
    "committee": "tui.cli.committee",
    "election": "tui.cli.election",
    "school-years": "tui.cli.school_years",
    "account": "tui.cli.accounts",
    "db": "tui.cli.database",
}
