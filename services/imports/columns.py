"""What lists of staff and of families share in choosing columns: those named, those never read."""

import re
from collections.abc import Mapping, Sequence

from models.language import Wording, say
from models.text import clean, name_key
from services.imports.notices import Notices
from services.imports.tables import Table

_NATIONAL = re.compile(
    r"registrenational|niss|numeronational|nnational|nonational|rijksregister|^rn$|^nrn|"
    r"nationalnumber|nationalregister|nationalid|^insz|^ssin|securitesociale|socialsecurity|"
    r"carteidentite|cartedidentite"
)
_SECRET = re.compile(r"motdepasse|password|^mdp|^pwd|wachtwoord")

_SHOWN = 200


def is_never_read(header: str) -> bool:
    """Tell whether a column is passed over for what it holds: national numbers and passwords."""
    normal = name_key(header)
    return bool(_NATIONAL.search(normal) or _SECRET.search(normal))


def never_read(columns: Sequence[str]) -> set[int]:
    """Return the columns that are passed over for what they hold, whatever anybody chooses."""
    return {index for index, header in enumerate(columns) if is_never_read(header)}


def named_columns(
    columns: list[str],
    choice: Mapping[str, int | str],
    fields: Mapping[str, Wording],
    file: str,
    line: int,
    notices: Notices,
) -> dict[str, int]:
    """Return the columns that a mapping names for `fields`; what it names in vain is told."""
    found: dict[str, int] = {}
    hidden = never_read(columns)
    for name, value in choice.items():
        index = columns.index(value) if isinstance(value, str) and value in columns else value
        if name not in fields or not isinstance(index, int) or not 0 <= index < len(columns):
            text = say(
                "The chosen column for “%(field)s” is not in this file.",
                field=fields.get(name, clean(str(name), _SHOWN)),
            )
            notices.warning(text, file, line, clean(str(value), _SHOWN))
        elif index not in hidden:
            found[name] = index
    return found


def can_be_read(table: Table, missing: Sequence[Wording], notices: Notices) -> bool:
    """Tell what is passed over; where fields that are needed are `missing`, that stops it all."""
    columns, line = table.columns, table.header_line
    if missing:
        text = say(
            "No column was found for “%(field)s”; the columns are: %(columns)s.",
            field=missing[0],
            columns=clean(", ".join(filter(None, columns)), _SHOWN),
        )
        notices.stop(text, table.file, line)
        return False
    for index in sorted(never_read(columns)):
        text = say("This column is not read: national numbers and passwords are never kept.")
        notices.information(text, table.file, line, columns[index])
    return True
