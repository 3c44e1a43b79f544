"""`trousseau account key`: the public SSH keys that sign an account in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.language import N_, _, say
from tui.cli.files import FileRefused, read_limited
from tui.cli.office import office
from tui.cli.options import Json, group
from tui.cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from services.account_keys import AccountKeyRow

Email = Annotated[str, typer.Argument(metavar="EMAIL", help=N_("The address of the account."))]
File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help=N_("A file that ends in .pub; - is standard input.")),
]
Name = Annotated[str, typer.Option("--name", help=N_("What lists call this key."))]
Which = Annotated[
    str, typer.Argument(metavar="KEY", help=N_("The key’s number or its fingerprint."))
]
#: No line that is a key is longer; two of them are refused in words.
_LARGEST = 20_000


def register(account: typer.Typer) -> None:
    key = group(account, "key", N_("The SSH keys that sign an account in."))
    key.command("add", help=N_("Give an account a public key."))(add)
    key.command("list", help=N_("The keys of an account."))(list_keys)
    key.command("remove", help=N_("Take a key from an account."))(remove)


def add(email: Email, file: File = Path("-"), name: Name = "", as_json: Json = False) -> None:
    from services import account_keys

    try:
        line = read_limited(file, _LARGEST).decode()
    except UnicodeDecodeError:
        raise FileRefused(say("%(file)s is no text.", file=str(file))) from None
    with office() as here:
        account = here.desk.read(account_keys.account_named, email)
        key = here.desk.write(account_keys.add_key, account, line, name)
    if as_json:
        print_json(_as_json(key))
    else:
        tell(say("%(key)s signs %(email)s in from now on.", key=key.fingerprint, email=email))


def list_keys(email: Email, as_json: Json = False) -> None:
    from services import account_keys

    with office() as here:
        account = here.desk.read(account_keys.account_named, email)
        rows = here.desk.read(account_keys.keys_of, account)
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    headings = (_("No."), _("Name"), _("Kind"), _("Fingerprint"), _("Added"), _("Last used"))
    print_table(
        headings,
        ((r.id, r.name, r.kind, r.fingerprint, r.added_at, r.last_used_at) for r in rows),
    )


def remove(email: Email, key: Which, as_json: Json = False) -> None:
    from services import account_keys

    with office() as here:
        account = here.desk.read(account_keys.account_named, email)
        removed = here.desk.write(account_keys.remove_key, account, key)
    if as_json:
        print_json(_as_json(removed))
    else:
        tell(say("%(key)s signs nobody in any more.", key=removed.fingerprint))


def _as_json(row: "AccountKeyRow") -> dict[str, Any]:
    return {
        "key": row.id,
        "kind": row.kind,
        "fingerprint": row.fingerprint,
        "name": row.name,
        "added_at": row.added_at,
        "last_used_at": row.last_used_at,
    }
