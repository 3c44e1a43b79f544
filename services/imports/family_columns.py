"""Which column of a list of families holds what: pupils, and any number of guardians.

Headers are recognised by their words, for no layout is published: whom a column is about
(pupil, or guardian 1, 2, father, mother) and what it says of them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.language import Wording, say
from models.text import name_key
from services.imports.columns import named_columns, never_read
from services.imports.notices import Notices

#: Guardians of one pupil in one row at most; further ones come in rows of their own.
MOST_GUARDIANS = 6

_OF_PUPIL: dict[str, Wording] = {
    "surname": say("Pupil: surname"),
    "first_name": say("Pupil: first name"),
    "full_name": say("Pupil: surname and first name in one column"),
    "birth_date": say("Pupil: date of birth"),
    "group": say("Pupil: class"),
    "key": say("Pupil: identifier in the source"),
    "school": say("FASE number of the school"),
    "school_name": say("Name of the school"),
}
_OF_GUARDIAN: dict[str, str] = {
    "surname": say("Guardian %(number)s: surname").message,
    "first_name": say("Guardian %(number)s: first name").message,
    "full_name": say("Guardian %(number)s: surname and first name in one column").message,
    "email": say("Guardian %(number)s: e-mail").message,
    "relation": say("Guardian %(number)s: relation to the pupil").message,
    "language": say("Guardian %(number)s: language").message,
    "key": say("Guardian %(number)s: identifier in the source").message,
}
#: What a column can hold, in the order in which a screen shows the choice.
FAMILY_FIELDS: dict[str, Wording] = {
    **{f"pupil_{name}": label for name, label in _OF_PUPIL.items()},
    **{
        f"guardian{number}_{name}": Wording(message, {"number": number})
        for number in range(1, MOST_GUARDIANS + 1)
        for name, message in _OF_GUARDIAN.items()
    },
}
#: Field to column index, or to column name; "dates" to "dmy" or "mdy". Plain JSON.
FamilyMapping = Mapping[str, int | str]

_PUPIL = re.compile(r"eleves?|enfants?|pupils?|students?|children|child|leerling|apprenants?")
_GUARDIAN = re.compile(
    r"responsables?(?:legal|legaux)?|representants?(?:legal|legaux)?|respleg(?:al)?|resp|"
    r"tuteurs?|tutrices?|parents?(?!e)|parents?(?=email)|peres?|meres?|papa|maman|fathers?|"
    r"mothers?|guardians?|voogd|ouders?|vader|moeder|contact(?=\d)"
)
_DIGIT = re.compile(r"[1-9]")
_RELATION = re.compile(r"lien|relation|parente(?!mail)|qualite|verwantschap")
# Tried in this order on what is left of a header without whom it is about.
_WHAT: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"mail|courriel|adresseelectronique")),
    ("", re.compile(r"tel|gsm|mobile|phone|rue|adresse|street|postal|localite|sexe|national|pays")),
    ("birth_date", re.compile(r"naissance|birth|^ddn$|^nee?le|geboorte|^dnaiss")),
    ("group", re.compile(r"^(?:la)?classe|^class$|^klas|^group|classe$|anneedetudes?$")),
    ("language", re.compile(r"langue|language|taal$")),
    ("school", re.compile(r"fase(?!.*(?:implant|po$|pouvoir|site))")),
    ("school_name", re.compile(r"^(?:nom(?:del)?)?(?:ecole|etablissement)$|^school(?:name)?$")),
    ("full_name", re.compile(r"noms?(?:et)?prenom|prenoms?(?:et)?nom|nomcomplet|fullname")),
    ("first_name", re.compile(r"prenom|firstname|givenname|forename|voornaam")),
    ("surname", re.compile(r"^noms?(?!bre)|nom$|surname|lastname|familyname|naam$|^name$")),
    ("key", re.compile(r"^id|identif|^code|matricule|^ref|sourcedid|externalid|^key$|^n[or]?$")),
)  # fmt: skip
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class _Recognised:
    """Whom a header is about ("pupil", "guardian" with its `slot`, or "" for unsaid), and what."""

    about: str
    slot: str
    what: str


def _recognised(header: str) -> _Recognised | None:
    normal = name_key(header[:_SHOWN])
    if not normal:
        return None
    guardian, pupil = _GUARDIAN.search(normal), _PUPIL.search(normal)
    if _RELATION.search(normal):
        return _Recognised("guardian", _slot(normal, guardian, named=False), "relation")
    found = guardian or pupil
    if found is None:
        what = _what(normal)
        return _Recognised("", "", what) if what else None
    rest = normal[: found.start()] + normal[found.end() :]
    if guardian:
        slot = _slot(normal, guardian, named=True)
        what = _what(_DIGIT.sub("", rest)) if _DIGIT.sub("", rest) else "full_name"
        return _Recognised("guardian", slot, what) if what in _OF_GUARDIAN else None
    what = _what(rest) if rest else "full_name"
    return _Recognised("pupil", "", what) if what in _OF_PUPIL else None


def _slot(normal: str, guardian: "re.Match[str] | None", *, named: bool) -> str:
    """Return which guardian a header is about: a digit, father, mother, or "" for the only one."""
    digit = _DIGIT.search(normal)
    if digit:
        return digit.group()
    word = guardian.group() if guardian else ""
    if word.startswith(("pere", "papa", "father", "vader")):
        return "father"
    return "mother" if word.startswith(("mere", "maman", "mother", "moeder")) else ""


def _what(rest: str) -> str:
    return next((name for name, pattern in _WHAT if pattern.search(rest)), "")


def is_header(cells: list[str]) -> bool:
    """Tell whether a row is a header, for titles may stand above it: two fields are known."""
    found = {one for cell in cells if (one := _recognised(cell)) is not None}
    return len(found) >= 2


def proposed_columns(columns: Sequence[str]) -> dict[str, int]:
    """Return for each field of `FAMILY_FIELDS` the column that its header names, the first one."""
    hidden = never_read(columns)
    found = [
        (index, one)
        for index, header in enumerate(columns)
        if index not in hidden and (one := _recognised(header)) is not None
    ]
    # Names without a word are the guardian's where the pupil's are called so, else the pupil's.
    pupils_named = any(one.about == "pupil" and one.what in _NAMES for _i, one in found)
    slots = _Slots()
    proposal: dict[str, int] = {}
    bare: list[tuple[int, str]] = []
    for index, one in found:
        about = one.about or ("guardian" if pupils_named and one.what in _NAMES else "pupil")
        if about == "pupil" and one.what in _OF_PUPIL:
            proposal.setdefault(f"pupil_{one.what}", index)
        elif one.about and one.slot:
            proposal.setdefault(f"guardian{slots.number(one.slot)}_{one.what}", index)
        elif one.what in _NAMES:
            proposal.setdefault(f"guardian{slots.number('')}_{one.what}", index)
        else:
            bare.append((index, one.what))
    for index, what in bare:
        if what in _OF_GUARDIAN and slots.count <= 1:
            proposal.setdefault(f"guardian1_{what}", index)
    return {name: proposal[name] for name in FAMILY_FIELDS if name in _tidied(proposal)}


_NAMES = ("surname", "first_name", "full_name")


class _Slots:
    """Numbers the guardians of a row in the order of their columns."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    @property
    def count(self) -> int:
        return len(self._numbers)

    def number(self, slot: str) -> int:
        return self._numbers.setdefault(slot, len(self._numbers) + 1)


def _tidied(proposal: dict[str, int]) -> dict[str, int]:
    """Leave out the whole name where its two parts have columns of their own."""
    for name in list(proposal):
        person = name.removesuffix("_full_name")
        if person != name and {f"{person}_surname", f"{person}_first_name"} <= proposal.keys():
            del proposal[name]
    return proposal


def chosen_columns(
    columns: list[str], choice: FamilyMapping, file: str, line: int, notices: Notices
) -> dict[str, int]:
    """Return the columns that a mapping names; what it names in vain is told."""
    return _tidied(named_columns(columns, choice, FAMILY_FIELDS, file, line, notices))


def guardian_numbers(at: Mapping[str, int]) -> list[int]:
    """Return the numbers of the guardians whose names have columns."""
    return [n for n in range(1, MOST_GUARDIANS + 1) if _named(at, f"guardian{n}")]


def missing_fields(at: Mapping[str, int]) -> list[str]:
    """Return the fields without which no family can be read, as far as they are missing."""
    missing = []
    if not _named(at, "pupil"):
        missing += [n for n in ("pupil_surname", "pupil_first_name") if n not in at]
    if not guardian_numbers(at):
        missing += [n for n in ("guardian1_surname", "guardian1_first_name") if n not in at]
    return missing


def _named(at: Mapping[str, int], person: str) -> bool:
    both = {f"{person}_surname", f"{person}_first_name"}
    return f"{person}_full_name" in at or both <= at.keys()
