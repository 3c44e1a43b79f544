"""Microsoft School Data Sync 2.1: orgs, users and roles, and what the others add.

The format states no rule for the end of a role: it is taken as the last day, inclusive. The
address comes from `email`, else from `activeDirectoryMatchId` where that is an address; the
field is told with it.
"""

from models.language import say
from services.imports.dates import Dates
from services.imports.exchange import Exchange, ExchangeFile, RoleRow
from services.imports.files import SourceLike, open_source
from services.imports.roster import Progress, Roster

_FILES = ("orgs.csv", "academicSessions.csv", "users.csv", "roles.csv", "demographics.csv")
_ADDRESS_COLUMNS = ("email", "activeDirectoryMatchId")


def read_sds(source: SourceLike, *, progress: Progress | None = None) -> Roster:
    """Return the staff, schools and school years of a School Data Sync 2.1 set.

    Raises `Cancelled` through `progress` only; whatever is wrong is in the roster's notices.
    """
    source = open_source(source)
    roster = Roster("sds")
    if not source.archive and source.files:
        text = say("A folder or a ZIP archive is needed, for the set has several files.")
        source.notices.stop(text, source.name)
    if not source.notices.hard:
        _read(Exchange(source, roster, _FILES, progress, all_are_schools=True))
    roster.notices = source.notices.all()
    return roster


def _read(exchange: Exchange) -> None:
    orgs = exchange.open("orgs.csv", ("sourcedId", "name", "type"), ("parentSourcedId",))
    if orgs is not None:
        exchange.read_orgs(orgs)
    if exchange.has("academicSessions.csv"):
        columns = ("sourcedId", "type", "startDate", "endDate")
        sessions = exchange.open("academicSessions.csv", columns, ("schoolYear",))
        if sessions is not None:
            exchange.read_sessions(sessions, end_is_exclusive=False)
    roles = _read_roles(exchange)
    _read_users(exchange, roles)
    if exchange.has("demographics.csv"):
        demographics = exchange.open("demographics.csv", ("userSourcedId",), ("birthDate", "sex"))
        if demographics is not None:
            exchange.read_demographics(demographics, "userSourcedId")
    exchange.finish_orgs(exchange.actual("orgs.csv"))


def _read_roles(exchange: Exchange) -> dict[str, list[RoleRow]]:
    columns = ("userSourcedId", "orgSourcedId", "role")
    optional = ("sessionSourcedId", "isPrimary", "roleStartDate", "roleEndDate")
    file = exchange.open("roles.csv", columns, optional)
    roles: dict[str, list[RoleRow]] = {}
    if file is None:
        return roles
    at = file.at
    dates = Dates("mdy")
    years = {year.key for year in exchange.roster.school_years}
    for line, row in file.rows():
        function = exchange.function(row[at["role"]], file.name, line)
        if function is None:
            continue
        user = exchange.key(row[at["userSourcedId"]], file.name, line, "userSourcedId")
        if user is None:
            continue
        session = row[at["sessionSourcedId"]].strip()
        role = RoleRow(
            user,
            row[at["orgSourcedId"]].strip(),
            function,
            file.name,
            line,
            year=session if session in years else None,
            start=exchange.day(dates, row, file, line, "roleStartDate"),
            exit=exchange.day(dates, row, file, line, "roleEndDate"),
            primary=row[at["isPrimary"]].strip().lower() in ("true", "1", "yes"),
        )
        roles.setdefault(user, []).append(role)
    return roles


def _read_users(exchange: Exchange, roles: dict[str, list[RoleRow]]) -> None:
    columns = ("sourcedId", "givenName", "familyName")
    file = exchange.open("users.csv", columns, _ADDRESS_COLUMNS)
    if file is None:
        return
    for line, row in file.rows():
        key = row[file.at["sourcedId"]].strip()
        if key not in roles:
            exchange.passed_over[""] += 1
            continue
        index = exchange.add_person(key, row, file, line)
        if index is None:
            continue
        email, column = _address(exchange, file, row, line)
        for role in sorted(roles[key], key=lambda role: not role.primary):
            exchange.add_post(index, role, email, f"users.csv: {column}")
    for user in roles:
        for role in roles[user] if user not in exchange.people else ():
            text = say(
                "Row refused: the user %(user)s is not in users.csv, or was refused there.",
                user=user[:60],
            )
            exchange.notices.error(text, role.file, role.line, "userSourcedId")
    if not exchange.people and not exchange.notices.hard:
        text = say("The set names no staff at all; nothing is imported from it.")
        exchange.notices.stop(text, file.name)
    exchange.tell_passed_over(file.name)


def _address(exchange: Exchange, file: ExchangeFile, row: list[str], line: int) -> tuple[str, str]:
    """Return the address and the column that it came from."""
    email, match = (row[file.at[column]] for column in _ADDRESS_COLUMNS)
    if email.strip():
        return exchange.email(email, file.name, line, "email"), "email"
    # The second may be any identifier; only one that is an address can be one.
    if "@" not in match:
        return "", "email"
    column = "activeDirectoryMatchId"
    return exchange.email(match, file.name, line, column), column
