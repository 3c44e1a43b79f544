"""What the terminal at the other end understands, by its name and the locale.

The program speaks ECMA-48 and asks terminfo only whether the terminal does so too: an
ability holds where the entry's own string is the standard's. What terminfo gets wrong is put
right in one place, `_put_right`. Where there is no entry the terminal is taken for what its
family's name says, or for a VT100.

Nothing is asked of the terminal itself: an answer costs a turn of the line, and one that
comes late is typed into whatever runs next.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tui.drawing.terminfo import Entry, entry

#: Locales that name a character set which one byte at a time can draw.
_CODECS = {
    "utf8": "utf-8",
    "usascii": "ascii",
    "ascii": "ascii",
    "ansix341968": "ascii",
    "646": "ascii",
    **{f"iso8859{part}": f"iso8859-{part}" for part in range(1, 17) if part != 12},
    **{f"latin{number}": f"latin-{number}" for number in range(1, 11)},
    **{f"cp{page}": f"cp{page}" for page in (437, 850, 858, 1250, 1251, 1252, 1253, 1254, 1257)},
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
}


class Abilities(NamedTuple):
    """What a terminal can show and understands. The defaults are a VT100's.

    A tuple, for to make a frozen data class of so many fields takes two milliseconds at every
    start, and this one a third of one.

    `codec` is the Python name of its character set. `boxes` tells whether it draws the
    single-line box glyphs (─│┌┐└┘├┤┬┴┼), `rounded` whether also ╭╮╯╰, heavy and double
    lines and blocks. `colours` is 0, 8, 16, 256 or 16777216; `attributes` names what it
    draws of bold, dim, italic, underline, blink, reverse, conceal, strike.
    """

    term: str = ""
    codec: str = "ascii"
    boxes: bool = False
    rounded: bool = False
    colours: int = 0
    attributes: frozenset[str] = frozenset({"bold", "underline", "blink", "reverse"})
    #: One attribute can be ended alone (SGR 22 to 29), not only all of them.
    ends_one_attribute: bool = False
    erases_line: bool = True  # EL, to the end of the line
    erases_characters: bool = False  # ECH
    #: Erasing and scrolling leave cells of the background colour that is set.
    erases_in_colour: bool = False
    repeats: bool = False  # REP, of an ASCII character
    scrolls: bool = True  # a scroll region, index and reverse index
    moves_to_column: bool = False  # CHA
    moves_to_row: bool = False  # VPA
    tabs: bool = True  # HT, with a stop in every eighth column
    hides_cursor: bool = False
    alternate_screen: bool = False
    bracketed_paste: bool = False
    #: Understands the request for unambiguous keys of the kitty protocol.
    tells_keys_apart: bool = False

    @property
    def utf8(self) -> bool:
        return self.codec == "utf-8"


_VT100 = Abilities()
_VT220 = _VT100._replace(
    ends_one_attribute=True,
    erases_characters=True,
    hides_cursor=True,
)
_LINUX = _VT220._replace(
    colours=8,
    attributes=_VT220.attributes | {"dim"},
    erases_in_colour=True,
    moves_to_column=True,
    moves_to_row=True,
)
_SCREEN = _LINUX._replace(
    erases_characters=False,
    erases_in_colour=False,
    alternate_screen=True,
    bracketed_paste=True,
)
_TMUX = _SCREEN._replace(
    colours=16, attributes=_SCREEN.attributes | {"italic", "conceal", "strike"}
)
_XTERM = _TMUX._replace(erases_characters=True, erases_in_colour=True)

#: What a name begins with, the longest first, and what such terminals have in common.
_FAMILIES: Mapping[str, Abilities] = {
    "vt52": _VT100,
    "vt1": _VT100,
    **dict.fromkeys(("vt2", "vt3", "vt4", "vt5"), _VT220),
    "linux": _LINUX,
    "screen": _SCREEN,
    "tmux": _TMUX,
    **dict.fromkeys(
        (
            "xterm", "putty", "rxvt", "konsole", "gnome", "vte", "mlterm", "mintty", "kitty",
            "foot", "alacritty", "wezterm", "ghostty", "contour", "iterm", "nsterm", "st",
        ),
        _XTERM,
    ),
}  # fmt: skip
#: These say who they are and document the kitty protocol. Others that claim to be an xterm
#: would read its request as "restore the cursor", or print it.
_KITTY = ("xterm-kitty", "kitty", "foot", "alacritty", "wezterm", "ghostty", "xterm-ghostty")


def recognise(environ: Mapping[str, str]) -> Abilities:
    """Return what the terminal of this environment understands. Never raises."""
    term = environ.get("TERM", "")
    family = _family(term)
    found = entry(term, environ)
    known = _VT100 if family is None else family
    if found is not None:
        known = _put_right(_by_entry(found), family, found)
    codec = _codec(environ, term)
    boxes = _can_show(codec, "─│┌┐└┘├┤┬┴┼")
    return known._replace(
        term=term,
        codec=codec,
        boxes=boxes,
        rounded=boxes and _can_show(codec, "╭╮╯╰━═█▌") and not term.startswith("linux"),
        repeats=_repeats(term, found, environ),
        tells_keys_apart=term.startswith(_KITTY),
    )


def _family(term: str) -> Abilities | None:
    return next((family for name, family in _FAMILIES.items() if term.startswith(name)), None)


#: What the standard's strings look like, by terminfo's names.
_STANDARD = {
    "el": b"\x1b[K",
    "ech": b"\x1b[%p1%dX",
    "csr": b"\x1b[%i%p1%d;%p2%dr",
    "ri": b"\x1bM",
    "hpa": b"\x1b[%i%p1%dG",
    "vpa": b"\x1b[%i%p1%dd",
    "ht": b"\t",
    "rep": b"%p1%c\x1b[%p2%{1}%-%db",
}
_ATTRIBUTES = {
    "bold": "bold",
    "dim": "dim",
    "sitm": "italic",
    "smul": "underline",
    "blink": "blink",
    "rev": "reverse",
    "invis": "conceal",
}


def _by_entry(found: Entry) -> Abilities:
    can = {name for name, string in _STANDARD.items() if found.strings.get(name) == string}
    colours = found.numbers.get("colors", 0) if "setaf" in found.strings else 0
    return Abilities(
        colours=max(size for size in (0, 8, 16, 256, 1 << 24) if size <= max(colours, 0)),
        attributes=frozenset(
            name for string, name in _ATTRIBUTES.items() if string in found.strings
        ),
        # Nothing in terminfo tells this; whoever has colours of the standard has had it since.
        ends_one_attribute=found.strings.get("op") == b"\x1b[39;49m",
        erases_line="el" in can,
        erases_characters="ech" in can,
        erases_in_colour="bce" in found.flags,
        scrolls={"csr", "ri"} <= can,
        moves_to_column="hpa" in can,
        moves_to_row="vpa" in can,
        tabs="ht" in can and found.numbers.get("it") == 8,
        hides_cursor=b"\x1b[?25l" in found.strings.get("civis", b""),
        alternate_screen=b"\x1b[?1049h" in found.strings.get("smcup", b""),
    )


def _put_right(known: Abilities, family: Abilities | None, found: Entry) -> Abilities:
    """Return what an entry says, with what its family is known to do and entries leave out."""
    if family is None:
        return known
    colours = known.colours
    if family.colours == 16 and colours == 8:
        # TERM=xterm and tmux say 8; all that have gone by these names for twenty years draw
        # the bright ones too, and bold is no good substitute for them.
        colours = 16
    return known._replace(
        colours=colours,
        attributes=known.attributes | (family.attributes & {"strike", "italic", "conceal"}),
        ends_one_attribute=known.ends_one_attribute or family.ends_one_attribute,
        bracketed_paste=family.bracketed_paste,
    )


def _repeats(term: str, found: Entry | None, environ: Mapping[str, str]) -> bool:
    """Tell whether REP can be trusted.

    Every entry that begins with xterm has had it since ncurses of July 2017; VTE, Konsole,
    PuTTY, iTerm2, hterm and JediTerm of the same name learnt it late or never, and print one
    character instead of many. A real xterm says so by itself.
    """
    if found is None or found.strings.get("rep") != _STANDARD["rep"]:
        return False
    claims = term.startswith("xterm") and not term.startswith(_KITTY)
    return not claims or bool(environ.get("XTERM_VERSION"))


def _codec(environ: Mapping[str, str], term: str) -> str:
    """Return the character set of the terminal, as the locale or else its age tells.

    The first of LC_ALL, LC_CTYPE and LANG that is set counts, but for an LC_CTYPE of C.UTF-8:
    Python itself sets that where the locale is not installed (PEP 538). A locale that names
    no character set is taken for UTF-8, as are C and POSIX and none at all: many an SSH client
    sends nothing. A terminal older than Unicode has its own set then.
    """
    names = ["LC_ALL", "LC_CTYPE", "LANG"]
    if environ.get("LC_CTYPE") == "C.UTF-8":
        names.remove("LC_CTYPE")
    locale = next((value for name in names if (value := environ.get(name))), "")
    named, _dot, rest = locale.partition(".")
    charset, _at, modifier = rest.partition("@")
    if charset:
        return _CODECS.get("".join(filter(str.isalnum, charset.lower())), "ascii")
    if modifier == "euro" or named.endswith("@euro"):
        return "iso8859-15"
    if term.startswith(("vt1", "vt52", "vt05")):
        return "ascii"
    # The VT220's own set is Latin-1's forerunner: every letter of French but œ is the same.
    return "iso8859-1" if term.startswith(("vt2", "vt3", "vt4", "vt5")) else "utf-8"


def _can_show(codec: str, characters: str) -> bool:
    try:
        characters.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
