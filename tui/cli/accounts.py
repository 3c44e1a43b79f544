"""`trousseau account`: who may sign in to the console, and as what."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from models.language import N_, Wording, _, say
from tui.cli import account_keys
from tui.cli.names import HELP
from tui.cli.office import Office, office
from tui.cli.options import Json, group
from tui.cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from services.accounts import AccountRow

Email = Annotated[str, typer.Argument(metavar="EMAIL", help=N_("The address to sign in with."))]
Role = Annotated[
    str,
    typer.Option("--role", metavar="R", help=N_("helpdesk, director, coordinator, head, staff.")),
]
Schools = Annotated[
    list[str] | None,
    typer.Option("--school", metavar="FASE", help=N_("A school of this account; may be repeated.")),
]
Name = Annotated[str, typer.Option("--name", help=N_("First name and surname, for screens."))]
NoPassword = Annotated[
    bool,
    typer.Option(
        "--no-password", help=N_("Let the owner choose the password, by “forgotten password”.")
    ),
]
#: No password is longer; what is, was not meant.
_LONGEST_LINE = 8_192


def register(app: typer.Typer) -> None:
    account = group(app, "account", HELP["account"])
    account.command(
        "add", help=N_("Make an account; the password is asked for. Or give one a further role.")
    )(add)
    account.command("list", help=N_("Every account, with the roles that were given to it."))(
        list_accounts
    )
    account.command("disable", help=N_("Close an account: nobody signs in with it."))(disable)
    account.command("enable", help=N_("Open a closed account again."))(enable)
    account.command("unlock", help=N_("Lift the wait after wrong passwords."))(unlock)
    account_keys.register(account)
    role = group(account, "role", N_("Roles that are given to accounts."))
    role.command("add", help=N_("Give an account a further role."))(add_role)
    role.command("end", help=N_("End a role of an account, in some schools or in all."))(end_role)


def add(
    email: Email,
    role: Role,
    school: Schools = None,
    name: Name = "",
    no_password: NoPassword = False,
    as_json: Json = False,
) -> None:
    from models.language import current_language
    from services import accounts
    from services.passwords import Hasher, check_password

    with office() as here:
        schools = _school_ids(here, school)
        accounts.check_account(email, role, schools)
        is_new = not here.desk.read(accounts.has_account, email)
        password_hash = None
        if is_new and not no_password:
            password = _password()
            check_password(password, email, name)
            password_hash = Hasher(here.settings.folders.state).hash(password)
        account = here.desk.write(
            accounts.add_account,
            email,
            role,
            schools,
            password_hash=password_hash,
            name=name,
            language=current_language(),
        )
    if as_json:
        print_json({"account": account, "new": is_new})
    elif not is_new:
        tell(say("The account of %(email)s has a further role. Its password stays.", email=email))
    elif no_password:
        tell(say("%(email)s can have a password made by “forgotten password”.", email=email))
    else:
        tell(say("%(email)s can sign in now, with: trousseau", email=email))


def _school_ids(here: Office, schools: list[str] | None) -> list[int]:
    from services import lookup

    found = (here.desk.read(lookup.find_school, text).id for text in schools or ())
    return [identifier for identifier in found if identifier is not None]


def _password() -> str:
    """Return what is typed twice without being shown, or one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
    password = getpass.getpass(_("Password: "))
    if getpass.getpass(_("Once more: ")) != password:
        from services.passwords import PasswordRefused

        raise PasswordRefused(say("The two passwords are not the same. Nothing was done."))
    return password


# --- roles ------------------------------------------------------------------------------


def add_role(email: Email, role: Role, school: Schools = None, as_json: Json = False) -> None:
    from services import accounts

    with office() as here:
        account = here.desk.write(accounts.give_role, email, role, _school_ids(here, school))
    _report(as_json, {"account": account}, say("%(email)s has this role now.", email=email))


def end_role(email: Email, role: Role, school: Schools = None, as_json: Json = False) -> None:
    from services import accounts

    with office() as here:
        ended = here.desk.write(accounts.end_role, email, role, _school_ids(here, school))
    _report(as_json, {"ended": ended}, say("%(email)s has this role no more.", email=email))


# --- open, closed, locked ----------------------------------------------------------------


def disable(email: Email, as_json: Json = False) -> None:
    from services import accounts

    with office() as here:
        done = here.desk.write(accounts.disable_account, email)
    _report(
        as_json,
        {"disabled": done},
        say("Nobody signs in as %(email)s any more.", email=email)
        if done
        else say("The account of %(email)s was closed already.", email=email),
    )


def enable(email: Email, as_json: Json = False) -> None:
    from services import accounts

    with office() as here:
        done = here.desk.write(accounts.enable_account, email)
    _report(
        as_json,
        {"enabled": done},
        say("%(email)s can sign in again.", email=email)
        if done
        else say("The account of %(email)s was not closed.", email=email),
    )


def unlock(email: Email, as_json: Json = False) -> None:
    from services import accounts

    with office() as here:
        done = here.desk.write(accounts.unlock_account, email)
    _report(
        as_json,
        {"unlocked": done},
        say("%(email)s can sign in at once.", email=email)
        if done
        else say("The account of %(email)s was not locked.", email=email),
    )


def _report(as_json: bool, result: dict[str, object], sentence: Wording) -> None:
    if as_json:
        print_json(result)
    else:
        tell(sentence)


# --- the list ---------------------------------------------------------------------------


def list_accounts(as_json: Json = False) -> None:
    from services import accounts

    with office() as here:
        rows = here.desk.read(accounts.list_accounts)
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    headings = (_("E-mail"), _("Name"), _("Roles"), _("Locked until"), _("Closed since"))
    print_table(
        headings,
        ((row.email, row.name, _roles(row), row.locked_until, row.disabled_at) for row in rows),
    )


def _roles(row: "AccountRow") -> str:
    from services.accounts import role_label

    given = (
        (role_label(role.role).text(), f" ({role.school})" if role.school else "")
        for role in row.roles
    )
    return ", ".join(f"{label}{school}" for label, school in given)


def _as_json(row: "AccountRow") -> dict[str, object]:
    return {
        "account": row.id,
        "email": row.email,
        "name": row.name,
        "roles": [{"role": role.role, "school": role.school} for role in row.roles],
        "created_at": row.created_at,
        "locked_until": row.locked_until,
        "disabled_at": row.disabled_at,
    }
