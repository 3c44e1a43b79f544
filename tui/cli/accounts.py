"""`trousseau account`: who may sign in to the console."""

import getpass
import sys
from typing import Annotated

import typer

from models.language import N_, _, say
from tui.cli import account_keys
from tui.cli.office import office
from tui.cli.options import Json, group
from tui.cli.output import print_json, print_table, tell

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
#: No password is longer; what is, was not meant.
_LONGEST_LINE = 8_192


def register(app: typer.Typer) -> None:
    account = group(app, "account", N_("Who may sign in to the console."))
    account.command("add", help=N_("Make an account; the password is asked for."))(add)
    account.command("list", help=N_("Every account."))(list_accounts)
    account_keys.register(account)


def add(
    email: Email, role: Role, school: Schools = None, name: Name = "", as_json: Json = False
) -> None:
    from models.language import current_language
    from services import accounts, lookup
    from services.passwords import Hasher, check_password

    with office() as here:
        schools = [here.desk.read(lookup.find_school, text).id for text in school or ()]
        accounts.check_account(email, role, schools)
        password = _password()
        check_password(password, email, name)
        account = here.desk.write(
            accounts.add_account,
            email,
            role,
            [identifier for identifier in schools if identifier is not None],
            password_hash=Hasher(here.settings.folders.state).hash(password),
            name=name,
            language=current_language(),
        )
    if as_json:
        print_json({"account": account})
    else:
        tell(say("%(email)s can sign in now, with: trousseau", email=email))


def _password() -> str:
    """Return what is typed twice without being shown, or one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
    password = getpass.getpass(_("Password: "))
    if getpass.getpass(_("Once more: ")) != password:
        from services.passwords import PasswordRefused

        raise PasswordRefused(say("The two passwords are not the same. Nothing was done."))
    return password


def list_accounts(as_json: Json = False) -> None:
    from services import accounts

    with office() as here:
        rows = here.desk.read(accounts.list_accounts)
    if as_json:
        print_json(
            [
                {
                    "account": row.id,
                    "email": row.email,
                    "role": row.role,
                    "name": row.name,
                    "schools": row.schools,
                    "created_at": row.created_at,
                    "locked_until": row.locked_until,
                    "disabled_at": row.disabled_at,
                }
                for row in rows
            ]
        )
        return
    headings = (_("E-mail"), _("Role"), _("Name"), _("Schools"), _("Locked until"))
    print_table(
        headings,
        (
            (
                row.email,
                accounts.role_label(row.role),
                row.name,
                ", ".join(row.schools),
                row.locked_until,
            )
            for row in rows
        ),
    )
