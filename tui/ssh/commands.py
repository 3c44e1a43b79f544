"""The closed list of what may be asked for over SSH, and how a request is read.

A request is taken apart into words and put together anew as arguments of the command line:
only what stands in this list gets through, no word of it ever names a file, and no shell
sees it (FACTS, SSH).
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.rights import ROLES, right
from models.text import clean, is_clean

LONGEST_REQUEST = 1_000
_LONGEST_WORD = 80

_NUMBER = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR = re.compile(r"[0-9]{4}-[0-9]{2}(?:[0-9]{2})?")
_CODE = re.compile(r"[a-z_]{1,40}")
#: A FASE number, or SOURCE:IDENTIFIER.
_SCHOOL = re.compile(r"[^\s-][^\n]{0,79}")
#: What may be the reference of a workshop: letters and figures, in groups.
_REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{0,39}")
#: An address, and a name: the command itself says what is wrong with one.
_EMAIL = re.compile(r"[^\s/$-][^\s/$]{0,253}")
#: A code of the reading room, and what it may be mistyped as.
_DOWNLOAD = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{0,79}")
_NAME = re.compile(r"[^\s/$-][^\n/$]{0,99}")
#: What may be searched for: anything that is no option and names no file.
_TEXT = re.compile(r"[^-/$`][^/$`]{0,199}")
_SMALL = re.compile(r"[0-9]{1,2}")
#: An option without a value.
_FLAG = None


class RequestRefused(TrousseauError):
    """The request is not among those that are answered; `reason` is a code for the log."""

    heading = N_("This is not possible here")

    def __init__(self, wording: Wording, reason: str) -> None:
        super().__init__(wording)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the list.

    `words` ask for it and `arguments` are what the command line is given instead. `thing` is
    what of `models.rights` it is about; all of a school's must be seen, or may be changed with
    `change`. With `takes_input` it reads standard input, which `-` may say too. With `about` one
    word of that pattern says what it is about, or with `phrase` all words before the options
    together, or `-` for a line of standard input. `school` tells whether the command line is given
    one: always, where one is asked for, or never; in any case `--school` says which profile
    is meant. With `at_the_door` whoever comes in may ask for it, and nobody is signed in.
    """

    words: tuple[str, ...]
    arguments: tuple[str, ...]
    thing: str
    options: Mapping[str, re.Pattern[str] | None]
    change: bool = False
    takes_input: bool = False
    about: re.Pattern[str] | None = None
    phrase: bool = False
    school: Literal["always", "asked", "never"] = "always"
    at_the_door: bool = False

    @property
    def name(self) -> str:
        return " ".join(self.words)

    def is_for(self, role: str) -> bool:
        """Tell whether a role may ask for it."""
        its = right(role, self.thing)
        return its.reach in ("all", "schools") and (its.change or not self.change)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for: arguments of the command line, and as whom, for which school.

    With `words_come` the words are read from standard input.
    """

    command: Command
    arguments: tuple[str, ...]
    role: str | None = None
    school: str | None = None
    words_come: bool = False


_ABOUT = {"--school": _SCHOOL, "--year": _YEAR, "--as": _CODE}
_JSON = {**_ABOUT, "--json": _FLAG}
_OF_ONE = {"--school": _SCHOOL, "--as": _CODE, "--json": _FLAG}
_IMPORT = {**_JSON, "--dry-run": _FLAG, "--yes": _FLAG, "--confirm": _NUMBER}


def _import(name: str, thing: str) -> Command:
    arguments = ("import", "-", f"--as={name}")
    # An import is about the schools that the file names, or finds the only one by itself.
    return Command(
        ("import", name), arguments, thing, _IMPORT, change=True, takes_input=True, school="asked"
    )


def _export(name: str, thing: str, change: bool = False) -> Command:
    return Command(("export", name), ("export", name, "--output=-"), thing, _ABOUT, change)


def _workshop(
    name: str, thing: str, about: re.Pattern[str], school: Literal["always", "never"]
) -> Command:
    words = ("workshop", name)
    return Command(words, words, thing, _OF_ONE, about=about, school=school)


def _room(
    name: str, verb: str, about: re.Pattern[str] | None = None, **options: re.Pattern[str] | None
) -> Command:
    words = (name, verb)
    return Command(
        words, words, "reading_room", {**_OF_ONE, **options}, about=about, school="never"
    )


def _election(
    verb: str, about: re.Pattern[str] | None = None, **options: re.Pattern[str] | None
) -> Command:
    words = ("election", verb)
    return Command(words, words, "elections", {**_OF_ONE, **options}, about=about, school="never")


def _headnet(
    name: str,
    options: Mapping[str, re.Pattern[str] | None],
    about: re.Pattern[str] | None = None,
) -> Command:
    words = ("headnet", name)
    with_options = {**_OF_ONE, **options}
    return Command(words, words, "headnet", with_options, change=name != "show", about=about)


COMMANDS = (
    _import("staff", "team"),
    _import("oneroster", "team"),
    _import("sds", "team"),
    _import("families", "families"),
    _export("access", "team"),
    # Shows addresses that nobody has agreed to yet: for those who compare them with the paper.
    _export("consents", "consents", change=True),
    _export("invitations", "mail"),
    Command(
        ("access",), ("access",), "team", {**_JSON, "--status": _CODE, "--on": _DAY, "--csv": _FLAG}
    ),
    Command(
        ("search",),
        ("search",),
        "people",
        {**_OF_ONE, "--limit": _SMALL},
        about=_TEXT,
        phrase=True,
        school="never",
    ),
    Command(
        ("diagnose",),
        ("diagnose",),
        "people",
        _OF_ONE,
        about=_TEXT,
        phrase=True,
        school="never",
    ),
    Command(("consent", "list"), ("consent", "list"), "consents", _JSON, change=True),
    Command(("invitations",), ("invitations",), "mail", {**_JSON, "--state": _CODE}),
    Command(
        ("workshop", "list"),
        ("workshop", "list"),
        "workshops",
        {**_OF_ONE, "--status": _CODE, "--sort": _CODE},
        school="asked",
    ),
    Command(
        ("headnet", "list"),
        ("headnet", "list"),
        "headnet",
        {**_OF_ONE, "--state": _CODE, "--sort": _CODE},
        school="asked",
    ),
    _headnet("show", {}),
    _headnet("send", {"--yes": _FLAG}),
    _headnet("address", {"--yes": _FLAG}, _EMAIL),
    _headnet(
        "new-head",
        {
            "--first-name": _NAME,
            "--surname": _NAME,
            "--email": _EMAIL,
            "--language": _CODE,
            "--yes": _FLAG,
        },
    ),
    _workshop("show", "workshops", _REFERENCE, "never"),
    _workshop("check-date", "workshops", _DAY, "always"),
    _workshop("attendance", "events", _REFERENCE, "never"),
    # What is published in the reading room is read here; no file of this machine is written.
    _room("document", "list", **{"--kind": _CODE, "--unread": _FLAG}),
    _room("document", "show", _NUMBER, **{"--version": _NUMBER}),
    Command(
        ("document", "get"),
        ("document", "get", "--output=-"),
        "reading_room",
        {"--school": _SCHOOL, "--as": _CODE, "--version": _NUMBER},
        about=_NUMBER,
        school="never",
    ),
    # For heads who have no account: the code says which file, and that they may have it.
    Command(
        ("document", "fetch"),
        ("document", "fetch", "--output=-"),
        "reading_room",
        {},
        about=_DOWNLOAD,
        school="never",
        at_the_door=True,
    ),
    _room("conference", "list", **{"--past": _FLAG}),
    Command(
        ("conference", "ics"),
        ("conference", "ics", "--output=-"),
        "reading_room",
        {"--school": _SCHOOL, "--as": _CODE},
        about=_NUMBER,
        school="never",
    ),
    _room("committee", "list"),
    _room("committee", "show", _NUMBER),
    _election("list", **{"--status": _CODE}),
    _election("show", _NUMBER),
    _election("ballots", _NUMBER, **{"--csv": _FLAG}),
)

#: What the word is called that a command is about.
_ABOUT_WHAT = {_DAY: "DATE", _NUMBER: "ID", _EMAIL: "ADDRESS", _DOWNLOAD: "CODE"}
#: Names that the log may repeat; anything else that was typed might be a secret.
_TRIED = frozenset(
    {"scp", "sftp", "internal-sftp", "sftp-server", "rsync", "git-upload-pack", "sh", "bash"}
    | {command.words[0] for command in COMMANDS}
)


def parse(text: str) -> Request:
    """Return the request that `text` is; raises `RequestRefused`."""
    if len(text) > LONGEST_REQUEST:
        raise RequestRefused(say("This request is too long."), "too-long")
    if not is_clean(text):
        raise _unreadable()
    try:
        words = shlex.split(text)
    except ValueError:
        raise _unreadable() from None
    command = _command(words)
    rest = words[len(command.words) :]
    reads = (command.takes_input or command.phrase) and rest[:1] == ["-"]
    rest = rest[1:] if reads else rest
    about = ["-"] if command.phrase and reads else []
    if command.about is not None and not about:
        about = [(_phrase if command.phrase else _about)(command.about, rest)]
    return _request(command, about, _options(command, rest))


def _unreadable() -> RequestRefused:
    return RequestRefused(
        say("This request holds characters or quotes that cannot be read."), "unreadable"
    )


def _command(words: list[str]) -> Command:
    if words[:1] == ["trousseau"]:
        del words[0]
    for command in COMMANDS:
        if tuple(words[: len(command.words)]) == command.words:
            return command
    raise RequestRefused(
        say(
            "Over this connection there is the console, without a command, and: %(commands)s.",
            commands=", ".join(command.name for command in COMMANDS),
        ),
        "unknown",
    )


def _about(pattern: re.Pattern[str], words: list[str]) -> str:
    """Take off the word that a command is about: it stands before the options or behind them."""
    first = bool(words) and not words[0].startswith("-")
    word = words.pop(0 if first else -1) if words else ""
    if not pattern.fullmatch(word):
        raise RequestRefused(
            say(
                "“%(value)s” is no value for %(option)s.",
                value=clean(word, _LONGEST_WORD),
                option=_ABOUT_WHAT.get(pattern, "REFERENCE"),
            ),
            "value",
        )
    return word


def _phrase(pattern: re.Pattern[str], words: list[str]) -> str:
    """Take off the words before the first option, and return them as one."""
    end = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    text, words[:end] = " ".join(words[:end]), []
    if not pattern.fullmatch(text):
        # What was typed may be a token, and is not repeated.
        raise RequestRefused(say("Say what is to be found: search WORDS"), "value")
    return text


def _options(command: Command, words: list[str]) -> dict[str, str]:
    """Return the options by name; a flag's value is empty."""
    found: dict[str, str] = {}
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name not in command.options or name in found:
            raise _not_known(command, name)
        pattern = command.options[name]
        if pattern is None:
            if equals:
                raise _not_known(command, name)
            value = ""
        else:
            value = value if equals else words.pop(0) if words else ""
            if not pattern.fullmatch(value):
                raise RequestRefused(
                    say(
                        "“%(value)s” is no value for %(option)s.",
                        value=clean(value, _LONGEST_WORD),
                        option=name,
                    ),
                    "value",
                )
        found[name] = value
    return found


def _not_known(command: Command, word: str) -> RequestRefused:
    if not command.options:
        return RequestRefused(
            say(
                "“%(word)s” is not known here. With %(command)s goes nothing else.",
                word=clean(word, _LONGEST_WORD),
                command=command.name,
            ),
            "option",
        )
    return RequestRefused(
        say(
            "“%(word)s” is not known here. With %(command)s go: %(options)s.",
            word=clean(word, _LONGEST_WORD),
            command=command.name,
            options=", ".join(command.options),
        ),
        "option",
    )


def _request(command: Command, about: list[str], options: Mapping[str, str]) -> Request:
    role = options.get("--as")
    if role is not None and role not in ROLES:
        raise RequestRefused(say("The roles are: %(known)s.", known=", ".join(ROLES)), "value")
    arguments = [
        # In one word, so that no value can become an option of its own.
        name if command.options[name] is None else f"{name}={value}"
        for name, value in options.items()
        if name not in ("--as", "--school")
    ]
    asked = (*command.arguments, *about, *arguments)
    words_come = command.phrase and about == ["-"]
    return Request(command, asked, role, options.get("--school"), words_come)


def name_for_log(text: str) -> str:
    """Return what the log may say of a request: its first word where that is a known one."""
    word = text[:LONGEST_REQUEST].split(None, 1)[:1]
    name = word[0].rpartition("/")[2] if word else ""
    return name if name in _TRIED else "…"
