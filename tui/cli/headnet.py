"""`trousseau headnet`: the accounts of heads of school; whatever changes one asks for `--yes`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, Wording, _, say
from tui.cli.names import HELP
from tui.cli.office import office
from tui.cli.options import Json, OptionalSchool, School, group
from tui.cli.output import print_json, print_line, print_table, tell

if TYPE_CHECKING:
    from services.head_addresses import AddressChangePlan
    from services.headnet import HeadnetRow
    from services.headnet_passwords import Continuation
    from services.headnet_school import Address, Head, HeadnetPage, Password
    from services.heads import NewHead

State = Annotated[
    str | None, typer.Option("--state", help=N_("Only those in this state, as in --json."))
]
Search = Annotated[
    str,
    typer.Option(
        "--search", metavar="TEXT", help=N_("Words of the school, the head or the address.")
    ),
]
Sort = Annotated[str, typer.Option("--sort", help=N_("school, head, asked_at or sign_in."))]
Yes = Annotated[
    bool,
    typer.Option("--yes", help=N_("Do it; without this the command says what it would do.")),
]
Email = Annotated[str, typer.Argument(metavar="ADDRESS", help=N_("The address to record."))]
HeadEmail = Annotated[str, typer.Option("--email", help=N_("The address to record."))]
FirstName = Annotated[str, typer.Option("--first-name", help=N_("The head’s first name."))]
Surname = Annotated[str, typer.Option("--surname", help=N_("The head’s surname."))]
Language = Annotated[
    str, typer.Option("--language", help=N_("The language of the mails; the school’s by default."))
]


def register(app: typer.Typer) -> None:
    headnet = group(app, "headnet", HELP["headnet"])
    headnet.command("list", help=N_("The schools with their heads and passwords."))(list_heads)
    headnet.command("show", help=N_("One school: head, address, every password."))(show)
    headnet.command("send", help=N_("Send the head a new password; the former ones end."))(send)
    headnet.command("address", help=N_("Record another address for the head."))(address)
    headnet.command("new-head", help=N_("Record a head; the former one’s access ends."))(new_head)


# --- looking ------------------------------------------------------------------------------


def list_heads(
    school: OptionalSchool = None,
    state: State = None,
    search: Search = "",
    sort: Sort = "school",
    as_json: Json = False,
) -> None:
    from services import headnet

    for given, known, option in (
        (state, (headnet.ATTENTION, *headnet.STATES), "--state"),
        (sort, headnet.SORTS, "--sort"),
    ):
        if given is not None and given not in known:
            raise typer.BadParameter(", ".join(known), param_hint=option)
    with office() as here:
        school_id = here.school_id(school) if school else None
        rows = here.desk.read(headnet.all_rows, headnet.HeadnetQuery(search, state, sort))
    if school_id is not None:
        rows = [row for row in rows if row.school_id == school_id]
    if as_json:
        print_json([_row_json(row) for row in rows])
    else:
        _print_rows(rows)


def _row_json(row: "HeadnetRow") -> dict[str, Any]:
    return {
        "school": row.school,
        "fase": row.fase_number,
        "state": row.state,
        "head": row.head,
        "email": row.email,
        "email_since": row.email_since,
        "pending_email": row.pending_email,
        "pending_from": row.pending_from,
        "asked_at": row.asked_at,
        "works_from": row.takes_effect_at,
        "last_sign_in": row.last_sign_in_at,
    }


def _print_rows(rows: list["HeadnetRow"]) -> None:
    headings = (
        _("FASE"), _("School"), _("Head"), _("Address"), _("State"), _("Works from"),
        _("Last sign-in"),
    )  # fmt: skip
    print_table(
        headings,
        (
            (
                row.fase_number,
                row.school,
                row.head,
                row.email,
                _state(row.state),
                row.takes_effect_at,
                row.last_sign_in_at,
            )
            for row in rows
        ),
    )


def _state(code: str) -> str:
    from services.headnet import STATE_WORDS

    sign, words = STATE_WORDS[code]
    return f"{sign} {words}"


def show(school: School, as_json: Json = False) -> None:
    from services.headnet_checks import explain
    from services.headnet_school import school_page

    with office() as here:
        school_id = here.school_id(school)
        page, found = here.desk.read(school_page, school_id), here.desk.read(explain, school_id)
    if as_json:
        told = [{"cause": each.cause, "text": each.sentence} for each in found]
        print_json({**_page_json(page), "findings": told})
        return
    _print_page(page)
    for finding in found:
        print_line(f"! {finding.sentence}")


def _page_json(page: "HeadnetPage") -> dict[str, Any]:
    return {
        "school": page.school,
        "zone": page.zone,
        "head": _head_json(page.head) if page.head else None,
        "address": _address_json(page.address) if page.address else None,
        "pending": _address_json(page.pending) if page.pending else None,
        "passwords": [_password_json(each) for each in page.passwords],
        "former": [_head_json(each) for each in page.former],
    }


def _head_json(head: "Head") -> dict[str, Any]:
    return {
        "name": head.name,
        "language": head.language,
        "since": head.since,
        "ended_at": head.ended_at,
        "last_sign_in": head.last_sign_in_at,
    }


def _address_json(address: "Address") -> dict[str, Any]:
    return {
        "email": address.email,
        "state": address.state,
        "since": address.in_force_at,
        "from": address.takes_effect_at,
        "recorded_at": address.recorded_at,
        "recorded_by": address.recorded_by,
    }


def _password_json(password: "Password") -> dict[str, Any]:
    mail = password.mail
    return {
        "number": password.generation,
        "state": password.state,
        "email": password.email,
        "asked_at": password.asked_at,
        "asked_by": password.asked_by,
        "works_from": password.takes_effect_at,
        "in_force_at": password.in_force_at,
        "replaced_at": password.replaced_at,
        "mail": None if mail is None else {
            "state": mail.state,
            "since": mail.since,
            "next_try_at": mail.next_try_at,
            "reply": mail.reply,
            "reason": mail.reason or "",
        },
    }  # fmt: skip


def _print_page(page: "HeadnetPage") -> None:
    print_line(f"{page.school} ({page.zone})")
    for label, value in _facts(page):
        print_line(say("%(label)s: %(facts)s", label=label, facts=value))
    print_line()
    if page.passwords:
        _print_passwords(page.passwords)
        print_line()


def _facts(page: "HeadnetPage") -> list[tuple[str, Any]]:
    from tui.cli.output import shown

    facts: list[tuple[str, Any]] = []
    if page.head is not None:
        facts.append((_("Head"), f"{page.head.name}, {shown(page.head.since)}"))
    if page.address is not None:
        facts.append((_("Address"), f"{page.address.email}, {shown(page.address.in_force_at)}"))
    if page.pending is not None:
        pending = f"{page.pending.email}, {shown(page.pending.takes_effect_at)}"
        facts.append((_("Change of address"), pending))
    if page.head is not None and page.head.last_sign_in_at is not None:
        facts.append((_("Last sign-in"), shown(page.head.last_sign_in_at)))
    facts += [
        (_("Former head"), f"{head.name}, {shown(head.since)} – {shown(head.ended_at)}")
        for head in page.former
    ]
    return facts


def _print_passwords(passwords: tuple["Password", ...]) -> None:
    from services.headnet_school import MAIL_STATE_WORDS

    def told(password: "Password") -> str:
        mail = password.mail
        return "" if mail is None else f"{MAIL_STATE_WORDS[mail.state][1]} {mail.reply}".strip()

    headings = (
        _("No."), _("Asked"), _("Asked by"), _("Went to"), _("Works from"), _("State"), _("Mail"),
    )  # fmt: skip
    print_table(
        headings,
        (
            (
                each.generation,
                each.asked_at,
                each.asked_by,
                each.email,
                each.takes_effect_at,
                _state(each.state),
                told(each),
            )
            for each in passwords
        ),
    )


# --- changing -----------------------------------------------------------------------------


def send(school: School, yes: Yes = False, as_json: Json = False) -> None:
    from services import headnet_passwords

    with office() as here:
        schedule = here.settings.schedule()
        plan = here.desk.read(headnet_passwords.prepare, here.school_id(school), schedule)
        if yes:
            here.desk.write(
                headnet_passwords.send,
                plan,
                schedule,
                address_confirmed=True,
                former_confirmed=True,
            )
    if as_json:
        print_json({**_continuation_json(plan), "done": yes})
        return
    for sentence in plan.advice:
        tell(sentence)
    _conclude(_sending(plan, yes), yes)


def _continuation_json(plan: "Continuation") -> dict[str, Any]:
    return {
        "school": plan.school,
        "head": plan.head,
        "email": plan.email,
        "email_since": plan.email_since,
        "pending_email": plan.pending_email or "",
        "pending_from": plan.pending_from,
        "works_from": plan.works_from,
        "number": plan.generation,
        "former": [{"number": each.generation, "state": each.state} for each in plan.former],
        "advice": list(plan.advice),
    }


def _sending(plan: "Continuation", done: bool) -> Wording:
    from tui.cli.output import shown

    values = {"head": plan.head, "email": plan.email, "when": shown(plan.works_from)}
    if done:
        return say(
            "A password for %(head)s goes to %(email)s. It works from %(when)s on.", **values
        )
    return say(
        "A password for %(head)s would go to %(email)s, and work from %(when)s on.", **values
    )


def _conclude(sentence: Wording, done: bool) -> None:
    print_line(sentence)
    if not done:
        tell(say("Nothing was changed. Check this with the school, then give --yes as well."))


def address(school: School, email: Email, yes: Yes = False, as_json: Json = False) -> None:
    from services import head_addresses

    with office() as here:
        act = here.desk.write if yes else here.desk.read
        does = head_addresses.change_address if yes else head_addresses.prepare_change
        plan = act(does, here.school_id(school), email, here.settings.schedule())
    if as_json:
        print_json({**_change_json(plan), "done": yes})
        return
    for told in _told_of_change(plan):
        tell(told)
    _conclude(_changing(plan, yes), yes)


def _change_json(plan: "AddressChangePlan") -> dict[str, Any]:
    return {
        "head": plan.head,
        "email": plan.email,
        "meant": plan.meant or "",
        "old_email": plan.old_email or "",
        "counts_from": plan.takes_effect_at,
        "cancelled": plan.cancelled or "",
    }


def _told_of_change(plan: "AddressChangePlan") -> list[Wording]:
    told = [] if plan.hint is None else [plan.hint]
    if plan.cancelled is not None:
        told.append(say("The change to %(email)s that waited is cancelled.", email=plan.cancelled))
    return told


def _changing(plan: "AddressChangePlan", done: bool) -> Wording:
    from tui.cli.output import shown

    values = {"head": plan.head, "email": plan.email, "when": shown(plan.takes_effect_at)}
    if done:
        return say("The address of %(head)s is %(email)s from %(when)s on.", **values)
    return say("The address of %(head)s would be %(email)s from %(when)s on.", **values)


def new_head(
    school: School,
    first_name: FirstName,
    surname: Surname,
    email: HeadEmail,
    language: Language = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    from services import heads

    values = {"first_name": first_name, "surname": surname, "email": email, "language": language}
    with office() as here:
        try:
            plan = here.desk.read(heads.prepare_new_head, here.school_id(school), values)
        except heads.FormWrong as error:
            for wrong in error.form.wrong.values():
                tell(wrong)
            raise typer.Exit(1) from None
        if yes:
            here.desk.write(heads.record_new_head, plan)
    if as_json:
        print_json({**_new_head_json(plan), "done": yes})
        return
    for hint in plan.form.hints.values():
        tell(hint)
    if plan.ending is not None:
        tell(_ending(plan))
    _conclude(_recording(plan, yes), yes)


def _new_head_json(plan: "NewHead") -> dict[str, Any]:
    ending = plan.ending
    return {
        "school": plan.school,
        "head": plan.name,
        "email": plan.form.email,
        "language": plan.form.language,
        "hints": dict(plan.form.hints),
        "ends": None if ending is None else {
            "head": ending.head,
            "email": ending.email or "",
            "pending_email": ending.waiting_email or "",
            "passwords": ending.passwords,
            "mails": ending.mails,
        },
    }  # fmt: skip


def _ending(plan: "NewHead") -> Wording:
    assert plan.ending is not None
    return say(
        "The access of %(head)s ends: passwords %(passwords)s, mails that wait %(mails)s.",
        head=plan.ending.head,
        passwords=plan.ending.passwords,
        mails=plan.ending.mails,
    )


def _recording(plan: "NewHead", done: bool) -> Wording:
    values = {"head": plan.name, "school": plan.school, "email": plan.form.email}
    if done:
        return say("%(head)s is head of %(school)s, with the address %(email)s.", **values)
    return say("%(head)s would be head of %(school)s, with the address %(email)s.", **values)
