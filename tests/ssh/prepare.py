"""Fill the server's home with the sample schools, accounts and keys, as its Unix user.

Reads JSON from standard input (public keys by name) and writes JSON (tokens by address).
"""

import json
import sys
from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import col

from models.accounts import Account, AccountRole
from models.database import SYSTEM, ActorSession, change
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import load_key
from models.mail import Mail
from models.tokens import make_token
from services import account_keys, accounts, demo, lookup
from services.desk import Desk
from services.opening import open_database
from services.passwords import Hasher
from tui.settings import load_settings

PASSWORD = "quatre tortues lisent Kant"
#: Accounts beside those of the sample schools: role and school.
ACCOUNTS = {
    "helpdesk": [("helpdesk", None)],
    "director": [("director", "98101")],
    "coordinator": [("coordinator", "98103")],
    "head": [("head", "98101")],
    "staff": [("staff", "98101")],
    "two": [("director", "98101"), ("coordinator", "98103")],
    "gone": [("helpdesk", None)],
    "removed": [("helpdesk", None)],
}


def main() -> None:
    """Do it, once."""
    at = datetime.now(UTC)
    settings = load_settings()
    settings.folders.create()
    engine = open_database(settings.database(), embedded=True, at=at)
    key = load_key(settings.folders.key_file)
    demo.build(engine, key, at)
    desk = Desk(engine, SYSTEM, lambda: at)
    hashed = Hasher(settings.folders.state).hash(PASSWORD)
    for name, line in json.load(sys.stdin).items():
        desk.write(_add, name, line, hashed)
    tokens = {
        recipient: make_token(key, TOKEN_PURPOSE, access, generation)
        for recipient, access, generation in desk.read(_open_invitations)
    }
    json.dump(tokens, sys.stdout)
    engine.dispose()


def _add(session: ActorSession, name: str, line: str, hashed: str) -> None:
    (role, school), *others = ACCOUNTS[name]
    account = accounts.add_account(
        session,
        f"{name}@ssh.example",
        role,
        [lookup.find_school(session, school).id or 0] if school else [],
        password_hash=hashed,
        name=f"{name.title()} Dupuis",
    )
    for other, where in others:
        found = lookup.find_school(session, where or "").id
        session.add(
            AccountRole(account_id=account, role=other, school_id=found, given_at=session.at)
        )
    key = account_keys.add_key(session, account, line)
    if name == "removed":
        account_keys.remove_key(session, account, key.id)
    if name == "gone":
        change(session, Account, col(Account.id) == account, disabled_at=session.at)


def _open_invitations(session: ActorSession) -> list[tuple[str, int, int]]:
    """Return recipient, access and generation of each invitation that waits to be used."""
    rows = session.execute(
        select(Mail.recipient, Invitation.access_id, Invitation.generation)  # type: ignore[call-overload]
        .join(Mail, col(Mail.id) == Invitation.mail_id)
        .where(
            col(Invitation.used_at).is_(None),
            col(Invitation.replaced_at).is_(None),
            col(Invitation.cancelled_at).is_(None),
            col(Mail.sent_at).is_not(None),
        )
    )
    return [tuple(row) for row in rows]


if __name__ == "__main__":
    main()
