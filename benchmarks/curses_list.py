"""The sample list as curses draws it, for what a key costs where nothing could be lighter.

`python -m benchmarks.curses_list SIZE` runs it: title, search line, table, key bar; help by
`?`, a question by `c`. It draws everything anew after each key, and curses sends what changed.
"""

import curses
import locale
import sys
from collections.abc import Sequence

from benchmarks.people import members

_TITLE = " Accès de l’équipe"
_WHO = "Institut Saint-Exemple  ·  2026-2027  ·  Anne Lecomte "
_HINT = "   / pour chercher"
_KEYS = " ⏎ Ouvrir   Espace Choisir   / Chercher   g Aller à   Échap Retour   ? Touches"
_HELP = (
    ("Listes", ""),
    ("⏎", "Ouvrir la ligne"),
    ("Espace", "Choisir la ligne, ou ne plus la choisir"),
    ("a", "Choisir toutes les lignes trouvées, ou aucune"),
    ("s", "Trier par la colonne suivante"),
    ("S", "Inverser l’ordre"),
    ("↑ ou k", "Une ligne plus haut"),
    ("↓ ou j", "Une ligne plus bas"),
    ("Pg↑", "Une page plus haut"),
    ("Pg↓", "Une page plus bas"),
    ("Début", "Première ligne"),
    ("Fin", "Dernière ligne"),
    ("/", "Chercher dans la liste pendant que vous tapez"),
    ("Partout", ""),
    ("?", "Montrer toutes les touches de cet écran"),
    ("g", "Aller ailleurs : g, puis sa lettre"),
    ("Échap", "Revenir ; ce que vous avez tapé est gardé"),
    ("F9", "Passer du français à l’anglais"),
    ("q", "Quitter ; ce que vous avez tapé est gardé"),
)
_QUESTION = (
    "Envoyer 500 invitations ?",
    "Chaque personne reçoit un e-mail. Ce qui est parti ne",
    "revient pas.",
    "o oui   n non   Échap non",
)
_BACKSPACE, _CLEAR, _ESCAPE = ("\x7f", "\b"), "\x15", "\x1b"
_ACCENT, _WARNING = 1, 2


class List:
    """The list on the terminal, until the line is cut."""

    def __init__(self, window: "curses.window", size: int) -> None:
        self._window = window
        self._rows = sorted(
            (f"{one.surname} {one.first_name}", one.function, one.email, bool(one.number % 3))
            for one in members(size)
        )
        self._found: Sequence[tuple[str, str, str, bool]] = self._rows
        self._selected: set[str] = set()
        self._cursor = self._top = 0
        self._text, self._searching, self._over = "", False, ""
        for pair, colour in ((_ACCENT, curses.COLOR_CYAN), (_WARNING, curses.COLOR_YELLOW)):
            curses.init_pair(pair, colour, -1)

    def run(self) -> None:
        """Draw, and do what keys say, for ever."""
        while True:
            self._draw()
            self._do(self._window.get_wch())

    # Keys

    def _do(self, key: str | int) -> None:
        if self._over:
            self._over = "" if key == _ESCAPE else self._over
        elif self._searching:
            self._type(key)
        elif key == "/":
            self._searching = True
        elif key in ("?", "c"):
            self._over = str(key)
        elif key == " ":
            self._selected ^= {self._found[self._cursor][2]}
            self._move(1)
        elif isinstance(key, int):
            last = len(self._found)
            self._move({
                curses.KEY_DOWN: 1, curses.KEY_UP: -1, curses.KEY_NPAGE: self._height,
                curses.KEY_PPAGE: -self._height, curses.KEY_HOME: -last, curses.KEY_END: last,
            }.get(key, 0))  # fmt: skip

    def _type(self, key: str | int) -> None:
        if key == _ESCAPE:
            self._searching = False
            return
        if key in _BACKSPACE or key == curses.KEY_BACKSPACE:
            self._text = self._text[:-1]
        elif key == _CLEAR:
            self._text = ""
        elif isinstance(key, str) and key.isprintable():
            self._text += key
        wanted = self._text.lower()
        self._found = [row for row in self._rows if wanted in row[0].lower()]
        self._cursor = self._top = 0

    def _move(self, by: int) -> None:
        farthest = max(0, len(self._found) - self._height)
        self._cursor = max(0, min(self._cursor + by, len(self._found) - 1))
        if abs(by) >= self._height:
            self._top += by
        elif not self._top <= self._cursor < self._top + self._height:
            self._top = self._cursor - self._height // 2
        self._top = max(0, min(self._top, farthest))

    # Drawing

    @property
    def _height(self) -> int:
        return int(self._window.getmaxyx()[0]) - 5

    def _draw(self) -> None:
        lines, width = self._window.getmaxyx()
        self._window.erase()
        self._line(0, _TITLE + _WHO.rjust(width - len(_TITLE)), curses.A_REVERSE)
        self._line(1, f"   {self._text}" if self._text or self._searching else _HINT)
        titles = f"   {'Nom':<24}  {'Fonction':<12}  {'E-mail':<22}  État"
        self._line(2, titles.ljust(width), curses.A_BOLD)
        for y in range(min(self._height, len(self._found) - self._top)):
            self._row(y + 3, self._top + y, width)
        last = min(self._top + self._height, len(self._found))
        self._line(lines - 2, f"   {self._top + 1}–{last} sur {len(self._found)}", curses.A_DIM)
        self._line(lines - 1, _KEYS)
        if self._over:
            self._box()
        if self._searching:
            self._window.move(1, 3 + len(self._text))
        else:
            self._window.move(3 + self._cursor - self._top, 0)
        self._window.refresh()

    def _row(self, y: int, index: int, width: int) -> None:
        name, function, email, ready = self._found[index]
        mark = " • " if email in self._selected else "   "
        text = f"{mark}{name[:24]:<24}  {function[:12]:<12}  {email[:22]:<22}  "
        status = "À inviter" if ready else "Sans accord"
        if index == self._cursor:
            self._line(y, (text + status).ljust(width), curses.A_REVERSE)
            return
        self._line(y, text)
        tone = curses.color_pair(_ACCENT if ready else _WARNING)
        self._window.addstr(y, len(text), status, tone)

    def _box(self) -> None:
        lines = [f"{key:<12}  {said}" for key, said in _HELP] if self._over == "?" else _QUESTION
        height, width = len(lines) + 2, 64
        top, left = (curses.LINES - height) // 2, (curses.COLS - width) // 2
        box = self._window.derwin(height, width, top, left)
        box.erase()
        box.box()
        for y, text in enumerate(lines, 1):
            box.addstr(y, 2, text)

    def _line(self, y: int, text: str, style: int = 0) -> None:
        # The last cell of the screen is left out: curses cannot write there.
        self._window.insnstr(y, 0, text, self._window.getmaxyx()[1], style)


def main(window: "curses.window") -> None:
    """Show the list of as many people as the command line says."""
    curses.use_default_colors()
    List(window, int(sys.argv[1])).run()


if __name__ == "__main__":
    locale.setlocale(locale.LC_ALL, "")
    curses.set_escdelay(25)
    curses.wrapper(main)
