"""`trousseau invite`, `send`, `bounces` and `invitations`: the way of the mails."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _, say, say_n
from tui.cli.files import refused, standard_input
from tui.cli.names import HELP
from tui.cli.office import Office, now, office
from tui.cli.options import DryRun, Json, People, School, Year
from tui.cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from services.invitation_status import InvitationRow

Again = Annotated[
    bool, typer.Option("--again", help=N_("Send again to those who have not activated."))
]
Families = Annotated[
    bool, typer.Option("--families", help=N_("The guardians, with tokens for iT.SCHOOL."))
]
Watch = Annotated[bool, typer.Option("--watch", help=N_("Go on sending until stopped."))]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help=N_("Send no more than N mails."))
]
State = Annotated[
    str | None, typer.Option("--state", help=N_("Only those in this state, as in --json."))
]
Source = Annotated[
    Path,
    typer.Argument(
        metavar="SOURCE",
        help=N_("A Maildir, an mbox, a folder of mails, a file with one mail, or - ."),
    ),
]


def register(app: typer.Typer) -> None:
    app.command("invite", help=HELP["invite"])(invite)
    app.command("send", help=HELP["send"])(send)
    app.command("bounces", help=HELP["bounces"])(bounces)
    app.command("invitations", help=HELP["invitations"])(invitations)


def invite(
    school: School,
    person: People = None,
    again: Again = False,
    families: Families = False,
    dry_run: DryRun = False,
    year: Year = None,
    as_json: Json = False,
) -> None:
    from services import guardians, plans
    from services import invitations as service

    with office() as here:
        team = here.team(school, year)
        plan = here.desk.write(
            service.plan_invitations,
            team.school_id,
            team.school_year_id,
            person_ids=person or None,
            again=again,
            service=guardians.SERVICE if families else service.SERVICE,
        )
        counts = here.desk.read(service.counts_of, plan)
        if not dry_run:
            here.desk.write(plans.apply, plan)
    if as_json:
        print_json(
            {
                "plan": plan,
                "applied": not dry_run,
                "queued": counts.queued,
                "confirmed": counts.confirmed,
                "left_out": counts.left_out,
            }
        )
        return
    tell(service.sentence_for(counts))
    for reason, count in sorted(counts.left_out.items()):
        tell(f"  {count}  {left_out_word(reason)}")
    if dry_run:
        tell(say("Nothing is done yet. To do it: trousseau plan apply %(plan)s", plan=plan))
    elif counts.queued:
        tell(say("To send them: trousseau send"))


def left_out_word(reason: str) -> str:
    """Return why somebody was left out: a status in words where it is one."""
    from services.findings import STATUS_WORDS

    if reason in STATUS_WORDS:
        return STATUS_WORDS[reason].label.text()
    return _("Invited already") if reason == "already_invited" else reason


def send(watch: Watch = False, limit: Limit = None, as_json: Json = False) -> None:
    from services.mail.sender import send_now

    with office() as here:
        done = send_now(
            here.desk.engine,
            here.settings.mail(),
            here.key(),
            here.settings.letterhead(),
            clock=now,
            actor=here.desk.actor,
            watch=watch,
            limit=limit,
        )
    counts = {
        name: getattr(done, name)
        for name in ("sent", "retry", "refused", "uncertain", "held", "remaining")
    }
    if as_json:
        print_json({**counts, "seconds": round(done.seconds, 3)})
    else:
        tell(
            say(
                "%(sent)s sent, %(retry)s to try again, %(refused)s refused, "
                "%(uncertain)s uncertain, %(held)s held, %(remaining)s waiting.",
                **counts,
            )
        )
    if done.stopped is not None:
        tell(done.stopped)
        raise typer.Exit(1)


# --- bounces ----------------------------------------------------------------------------


def bounces(source: Source, as_json: Json = False) -> None:
    from services.returned_mail import take_in

    given = standard_input() if str(source) == "-" else source
    with office() as here:
        try:
            found = take_in(here.desk, given, here.key())
        except OSError as error:
            raise refused(source, error) from None
    if as_json:
        print_json(
            {
                "read": found.read,
                "bounced": found.bounced,
                "known": found.known,
                "ignored": found.ignored,
            }
        )
        return
    tell(
        say_n(
            "%(count)s mail read: %(bounced)s came back, %(known)s known already, "
            "%(ignored)s no bounce of ours.",
            "%(count)s mails read: %(bounced)s came back, %(known)s known already, "
            "%(ignored)s no bounces of ours.",
            found.read,
            bounced=found.bounced,
            known=found.known,
            ignored=found.ignored,
        )
    )


# --- invitations ------------------------------------------------------------------------

COLUMNS = (
    "invitation", "person", "surname", "first_name", "email", "state", "generation",
    "queued_at", "valid_until", "sent_at", "refused_at", "bounced_at", "used_at",
    "next_attempt_at", "attempts", "reply",
)  # fmt: skip


def invitations(
    school: School, state: State = None, year: Year = None, as_json: Json = False
) -> None:
    from services.invitation_status import STATE_WORDS

    with office() as here:
        rows = invitation_rows(here, school, year, state)
    if as_json:
        print_json(rows)
        return
    headings = (_("No."), _("Name"), _("E-mail"), _("State"), _("Sent on"), _("The server’s words"))
    print_table(
        headings,
        (
            (
                row["person"],
                f"{row['surname']} {row['first_name']}",
                row["email"],
                STATE_WORDS[row["state"]],
                row["sent_at"],
                row["reply"],
            )
            for row in rows
        ),
    )


def invitation_rows(
    here: Office, school: str, year: str | None, state: str | None = None
) -> list[dict[str, Any]]:
    """Return what became of each invitation, without addresses that may not leave the house."""
    from services import invitation_status

    if state is not None and state not in invitation_status.STATES:
        raise typer.BadParameter(", ".join(invitation_status.STATES), param_hint="--state")
    team = here.team(school, year)
    query = invitation_status.InvitationQuery(team.school_id, team.school_year_id, state=state)
    return [_as_row(row) for row in here.desk.read(invitation_status.rows, query)]


def _as_row(row: "InvitationRow") -> dict[str, Any]:
    email = row.address_to_pass_on
    told = row.reply or (row.reason.text() if row.reason else "")
    # A server repeats the address in its answer.
    reply = told if email else told.replace(row.recipient, "…")
    named = {name: getattr(row, name) for name in COLUMNS if hasattr(row, name)}
    return {
        **dict.fromkeys(COLUMNS),
        **named,
        "invitation": row.invitation_id,
        "person": row.person_id,
        "email": email,
        "reply": reply,
    }
