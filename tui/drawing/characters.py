"""What stands in a cell whose character the terminal cannot show.

A substitute takes exactly as many cells as what it stands for, so that nothing on the line
moves. All functions are pure and remember what they have answered.
"""

import codecs
import unicodedata
from collections.abc import Callable
from functools import lru_cache, partial

from rich.cells import cell_len

#: Where there is nothing better.
UNKNOWN = "?"


def _table(*pairs: tuple[str, str]) -> dict[str, str]:
    return {character: substitute for characters, substitute in pairs for character in characters}


#: Signs, quotes, dashes and arrows, each with what says the same in ASCII. A cut ends in `~`:
#: a full stop would read as an abbreviation, or as the end of a number.
_SIGNS = _table(
    ("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " "),
    ("‘’‚‛′´ʼ", "'"),
    ("“”„‟″¨", '"'),
    ("‐‑‒–—―−¬¯·\u00ad", "-"),
    ("…⋯", "~"),
    ("‧․°º", "."),
    ("¸", ","),
    ("¦", "|"),
    ("×✗✘☒", "x"),
    ("÷⁄", "/"),
    ("¡", "!"),
    ("•●◆★∙", "*"),
    ("○◦◯□☐", "o"),
    ("✓✔☑", "+"),
    ("■▪◼", "#"),
    ("‹«←⇐◀◁◂◄≤", "<"),
    ("›»→⇒▶▷▸►‣≥", ">"),
    ("↑⇑⇧▲△▴", "^"),
    ("↓⇓⇩▼▽▾", "v"),
    ("↔⇔", "-"),
    ("↕⇕", "|"),
    ("↵⏎", "<"),
)
#: Letters that carry no combining mark, or none that can be taken off, and figures.
_LETTERS = _table(
    ("æª", "a"),
    ("Æ", "A"),
    ("¢", "c"),
    ("©", "C"),
    ("đð", "d"),
    ("ĐÐ", "D"),
    ("€", "E"),
    ("ħ", "h"),
    ("Ħ", "H"),
    ("ı", "i"),
    ("ł", "l"),
    ("Ł£", "L"),
    ("ŋ", "n"),
    ("Ŋ", "N"),
    ("øœ", "o"),
    ("ØŒ", "O"),
    ("¶", "P"),
    ("®", "R"),
    ("ßſ", "s"),
    ("§ẞ", "S"),
    ("þŧ", "t"),
    ("ÞŦ™", "T"),
    ("µ", "u"),
    ("¥", "Y"),
    ("ĳ", "y"),
    ("Ĳ", "Y"),
    ("¹", "1"),
    ("²", "2"),
    ("³", "3"),
)
#: Frames drawn with curves, and lines of two weights, as single lines of the oldest fonts.
_ROUND = {"╭": "┌", "╮": "┐", "╰": "└", "╯": "┘"}
_BLOCKS = _table(
    ("▀▄█▌▐▅▆▇▉▊▋▓▙▚▛▜▞▟", "#"),
    ("▒", ":"),
    ("░▖▗▘▝", "."),
    ("▁▂▃", "_"),
    ("▔", "-"),
    ("▍▎▏▕", "|"),
)
#: What every font of the Linux console has besides letters: the kernel's own and those of
#: the distributions (from code page 437).
_ON_EVERY_CONSOLE = frozenset("─│┌┐└┘├┤┬┴┼█▀▄▌▐░▒▓←↑→↓•")


@lru_cache(maxsize=8_192)
def shown_as(character_cluster: str, codec: str) -> str:
    """Return what to send for one cluster (a character with its accents) in that codec.

    `codec` is a name Python knows, such as `utf-8`, `iso8859-15`, `cp437` or `ascii`; raises
    `LookupError` for another. What the codec has comes back unchanged, or composed. Else a
    sign that means the same, the letter without its accent, or `?`; of a wide character `??`.
    """
    if _shows(character_cluster, codec):
        return character_cluster
    composed = unicodedata.normalize("NFC", character_cluster)
    if _shows(composed, codec) and cell_len(composed) == cell_len(character_cluster):
        return composed
    return _filled(_substitute(character_cluster, codec), cell_len(character_cluster))


@lru_cache(maxsize=1_024)
def without_boxes(character: str) -> str:
    """Return `+ - | =` and the like for a box or block glyph, anything else unchanged.

    For terminals whose fonts lack them, though they understand UTF-8.
    """
    return _box(character) or character


@lru_cache(maxsize=1_024)
def on_linux_console(character_cluster: str) -> str:
    """Return what the console of a Linux machine shows: letters, single lines, four arrows.

    Its fonts hold 256 or 512 glyphs; for letters it finds the nearest by itself.
    """
    composed = unicodedata.normalize("NFC", character_cluster)
    plain = _ROUND.get(composed, composed)
    if plain in _ON_EVERY_CONSOLE or not plain.strip() or plain[:1].isalpha():
        return plain if cell_len(plain) == 1 else shown_as(plain, "iso8859-15")
    return shown_as(plain, "iso8859-15")


def substitutes(codec: str, *, boxes: bool, rounded: bool) -> Callable[[str], str]:
    """Return what makes of a cluster what this terminal shows in its stead.

    `codec`, `boxes` and `rounded` are those of `tui.drawing.abilities.Abilities`.
    """
    if not _is_unicode(codec):
        return partial(shown_as, codec=codec)
    if not boxes:
        return without_boxes
    return str if rounded else on_linux_console


@lru_cache(maxsize=16)
def _is_unicode(codec: str) -> bool:
    return codecs.lookup(codec).name.startswith(("utf", "gb18030"))


def _shows(cluster: str, codec: str) -> bool:
    if _is_unicode(codec) or (cluster.isascii() and cluster.isprintable()):
        return True
    if not cluster.isprintable() and cluster != "\u00a0":
        return False
    try:
        cluster.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _filled(substitute: str, width: int) -> str:
    """Return the substitute on exactly `width` cells."""
    if cell_len(substitute) > width or substitute == UNKNOWN:
        return UNKNOWN * width
    return substitute + " " * (width - cell_len(substitute))


def _substitute(cluster: str, codec: str) -> str:
    """Return what stands for a cluster, of whatever width, in characters of the codec."""
    for character in (cluster[:1], *_parts(cluster)):
        if not character.isprintable() and character not in _SIGNS:
            continue
        if _shows(character, codec):
            return character
        if _shows(single := _ROUND.get(character, ""), codec) and single:
            return single
        if found := _SIGNS.get(character) or _LETTERS.get(character) or _box(character):
            return found
    return UNKNOWN


def _parts(cluster: str) -> str:
    """Return the base letter of a cluster, or nothing where it takes several."""
    parts = unicodedata.normalize("NFKD", cluster)
    bases = [part for part in parts if not unicodedata.combining(part)]
    return bases[0] if len(bases) == 1 else ""


def _box(character: str) -> str:
    """Return what stands for a box, block or Braille glyph; nothing for anything else."""
    if len(character) != 1 or not "\u2500" <= character <= "\u28ff":
        return ""
    if character <= "\u257f":
        return _line(unicodedata.name(character))
    if character >= "\u2800":
        dots = (ord(character) & 0xFF).bit_count()
        return "#" if dots > 3 else "." if dots else " "
    return _BLOCKS.get(character, "")


def _line(name: str) -> str:
    """Return the ASCII for a glyph by its Unicode name, as in BOX DRAWINGS LIGHT VERTICAL."""
    words = set(name.split())
    if "DIAGONAL" in words:
        return "X" if "CROSS" in words else "/" if name.endswith("TO LOWER LEFT") else "\\"
    across, along = words & {"HORIZONTAL", "LEFT", "RIGHT"}, words & {"VERTICAL", "UP", "DOWN"}
    if across and along:
        return "+"
    return "|" if along else "=" if "DOUBLE" in words else "-"
