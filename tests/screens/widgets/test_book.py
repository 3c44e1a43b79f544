"""Documents in the console: what Markdown becomes, and a long reader that keeps its place."""

import time

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen

from models.language import use_language
from screens.widgets.book import MOST, MOST_CHARACTERS, Book, fold, markdown_parts
from screens.widgets.book_reader import SearchedBook
from screens.widgets.chrome import KeyBar, TitleBar
from tests.screens.conftest import MakeApp, screen_text, settled

MINUTES = """# Procès-verbal

Réunion du **12 octobre**, à *Namur*, selon [le règlement](https://ib.example/r)
et <https://ib.example/>, voir [la note][1] et [plus bas](#suite).

## Ordre du jour

1. Approbation
2. Budget
   - recettes
   - dépenses qui se suivent assez longtemps pour aller sur une deuxième ligne, au moins

> Une remarque
>
> en deux temps

```
def f(x):
	return x
```

| Poste | Montant |
|---|--:|
| Salle | 1 200 |
| Orateur | *300* |

---
![plan](plan.png)

[1]: https://ib.example/note
"""


def lines(text: str, width: int = 60, **options: bool) -> list[str]:
    book = Book(text, **options)
    return [
        "".join(piece.text for piece in line).rstrip()
        for part in range(book.parts)
        for line in book.lines(part, width)
    ]


def test_what_markdown_becomes() -> None:
    use_language("fr")
    assert lines(MINUTES) == [
        "Procès-verbal",
        "Réunion du 12 octobre, à Namur, selon le règlement",
        "(https://ib.example/r) et https://ib.example/, voir la note",
        "(https://ib.example/note) et plus bas.",
        "",
        "Ordre du jour",
        "1. Approbation",
        "2. Budget",
        "   • recettes",
        "   • dépenses qui se suivent assez longtemps pour aller sur",
        "     une deuxième ligne, au moins",
        "",
        "│ Une remarque",
        "│",
        "│ en deux temps",
        "",
        "    def f(x):",
        "        return x",
        "",
        "Poste    Montant",
        "Salle      1 200",
        "Orateur      300",
        "",
        "* * *",
        "",
        "[image\xa0: plan] (plan.png)",
    ]


def test_a_table_that_is_too_wide_becomes_heading_and_value() -> None:
    use_language("fr")
    table = "| Poste | Montant |\n|---|--:|\n| Salle | 1 200 |\n| Orateur | *300* |\n"
    assert lines(table, 14) == [
        "Poste\xa0: Salle", "Montant\xa0: 1", "  200", "",
        "Poste\xa0:", "  Orateur", "Montant\xa0: 300",
    ]  # fmt: skip


def test_read_aloud_signs_are_words() -> None:
    use_language("fr")
    told = lines("# Titre\n\n> dit\n\n- un", aloud=True)
    assert told == ["Titre de niveau 1\xa0: Titre", "Citation\xa0:", "  dit", "", "- un"]


def test_loose_lists_quotes_in_items_and_items_without_text() -> None:
    assert lines("3) a\n\n4) b\n   > c\n\n   d\n-\n- e") == [
        "3) a", "", "4) b", "", "   │ c", "", "   d", "", "•", "• e",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "hostile",
    [
        "[@click=app.quit]x[/] [bold]", "<script>alert(1)</script>", "\x1b]52;c;eA==\x07",
        "&#27;[31m", "`\x9b31m`", "    \x1b[2J", "[a](javascript:x)", "\u202eabc", "| \x1b |\n|-|",
        "> " * 500 + "a", "\n".join(" " * 2 * n + "- a" for n in range(200)),
        "|a" * 500 + "|\n" + "|-" * 500 + "|\n" + "|x" * 500 + "|",
    ],
)  # fmt: skip
def test_nothing_raw_remains_and_nothing_is_lost(hostile: str) -> None:
    shown = " ".join(lines(hostile))
    assert shown.replace("│", "").strip()
    assert not any(ord(each) < 32 or 0x7F <= ord(each) < 0xA0 or each == "\u202e" for each in shown)
    if hostile.startswith(("[@", "<", "[a]")):
        assert shown == hostile
    if hostile.startswith(("> >", "- ")):
        assert shown.count("a") == hostile.count("a")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 30_000, "*a_ " * 20_000, "![l" * 20_000, "x" * 300_000, "mot " * 75_000,
        "|a" * 3_000 + "|\n" + "|-" * 3_000 + "|\n" + ("|x" * 3_000 + "|\n") * 5,
        "> " * 5_000 + "a", "日本" * 30_000, "- un\n" * 2_500, "mot *mot* `c`\n" * 2_500,
    ],
)  # fmt: skip
def test_no_part_takes_long(text: str) -> None:
    # 0.05 at most where they were measured; what else runs can delay each try, not all of them.
    assert any(_worst_part(Book(text)) < 0.25 for _try in range(4))


def _worst_part(book: Book) -> float:
    """Return the CPU seconds that the slowest of some parts takes."""
    worst = 0.0
    for part in range(0, book.parts, max(1, book.parts // 4)):
        begin = time.thread_time()
        book.lines(part, 74)
        worst = max(worst, time.thread_time() - begin)
    return worst


def test_a_long_document_is_cut_where_nothing_is_torn_apart() -> None:
    section = "## Titre\n\nUn paragraphe.\n\n- un\n\n- deux\n\n" * 100
    table = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 500
    code = "~~~\n" + "x = 1\n" * 500 + "~~~\n"
    parts = list(markdown_parts((section + table + "\n" + code).split("\n")))
    assert len(parts) > 10
    for part in parts:
        assert len(part.lines) <= MOST + 2
        assert sum(map(len, part.lines)) <= MOST_CHARACTERS
    shown = lines(section + table + "\n" + code)
    assert shown.count("1  2") == 500 and shown.count("    x = 1") == 500
    assert shown.count("• un") == 100 and not any("~~~" in line or "|" in line for line in shown)
    assert [*shown[:6], "", "Titre"] == [
        "Titre", "Un paragraphe.", "", "• un", "", "• deux", "", "Titre",
    ]  # fmt: skip
    assert shown[:699] == (shown[:7] * 100)[:699]


def test_text_keeps_its_lines_and_blanks() -> None:
    book = Book("Titre\n\n  a  b\tc\n# pas un titre\n" + "  mot" * 30, "text")
    found = ["".join(piece.text for piece in line) for line in book.lines(0, 40)]
    assert found[:4] == ["Titre", "", "  a  b  c", "# pas un titre"]
    assert all(line.startswith("  mot") for line in found[4:]) and len(found) > 6


def test_folding_keeps_places() -> None:
    text = "Œuvre d’Élève\u00a0: ﬁn İ ß 日"
    assert len(fold(text)) == len(text)
    assert fold("Élève") == fold("ELEVE") == "eleve"


# --- the reader ---------------------------------------------------------------------------


class Reading(Screen[None]):
    def __init__(self, book: Book) -> None:
        super().__init__()
        self.book = SearchedBook(book)

    def compose(self) -> ComposeResult:
        yield TitleBar("Document")
        yield self.book
        yield KeyBar()

    def on_mount(self) -> None:
        self.book.reader.focus()


LONG = "".join(f"## Titre {n}\n\nParagraphe {n}, à retrouver.\n\n" for n in range(1, 2_501))
SOME = LONG[: LONG.index("## Titre 600")]


def told(pilot: Pilot[None]) -> str:
    """Return the line that tells the place."""
    return screen_text(pilot.app).splitlines()[-2].strip()


async def press(pilot: Pilot[None], *keys: str) -> str:
    await pilot.press(*keys)
    await settled(pilot)
    return told(pilot)


async def look_for(pilot: Pilot[None], text: str, *keys: str) -> str:
    """Type what to look for, all at once, then keys."""
    await pilot.press("slash")
    screen = pilot.app.screen
    assert isinstance(screen, Reading)
    screen.book.field.value = text
    return await press(pilot, *keys)


async def test_the_place_is_told_and_every_line_comes_once(console: MakeApp) -> None:
    text = "".join(f"- ligne {n}\n" for n in range(120))
    screen = Reading(Book(text))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert told(pilot) == "lignes 1–21 sur 120"
        assert await press(pilot, "pagedown") == "lignes 21–41 sur 120"
        assert await press(pilot, "down") == "lignes 22–42 sur 120"
        assert await press(pilot, "end") == "lignes 100–120 sur 120"
        assert "ligne 119" in screen_text(pilot.app)
        assert await press(pilot, "pageup") == "lignes 80–100 sur 120"
        assert await press(pilot, "home", "up") == "lignes 1–21 sur 120"
        await pilot.resize_terminal(60, 20)
        await settled(pilot)
        assert told(pilot) == "lignes 1–17 sur 120"


async def test_ten_thousand_lines_open_at_once_and_keep_little(console: MakeApp) -> None:
    book = Book(LONG)
    screen = Reading(book)
    async with console(screen).run_test(size=(80, 24)) as pilot:
        assert "Paragraphe 1," in screen_text(pilot.app)
        await settled(pilot)
        assert told(pilot) == "lignes 1–21 sur 7 499".replace(" 4", "\xa04")
        for _page in range(12):
            screen.book.reader.action_page_down()
        assert await press(pilot, "end") == "lignes 7 479–7 499 sur 7 499".replace(" 4", "\xa04")
        assert len(book._lines) <= 4 and len(book._blocks) <= 4


async def test_the_place_in_the_text_is_kept_in_another_width(console: MakeApp) -> None:
    text = "".join(f"Paragraphe {n}, {'mot ' * 30}\n\n" for n in range(1, 250))
    screen = Reading(Book(text))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await look_for(pilot, "paragraphe 200,", "enter")
        assert "Paragraphe 200," in screen_text(pilot.app)
        await pilot.resize_terminal(60, 20)
        await settled(pilot)
        shown = screen_text(pilot.app)
        near = [n for n in range(1, 250) if f"Paragraphe {n}," in shown]
        assert near and min(abs(n - 200) for n in near) <= 5


async def test_looking_for_something(console: MakeApp) -> None:
    screen = Reading(Book(SOME))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert (await look_for(pilot, "titre 12")).endswith("correspondance 1 sur 11")
        assert "Titre 12" in screen_text(pilot.app)
        assert (await press(pilot, "enter", "n", "n")).endswith("correspondance 3 sur 11")
        assert "Titre 121" in screen_text(pilot.app)
        assert (await press(pilot, "N", "N", "N")).endswith("correspondance 11 sur 11")
        assert "Titre 129" in screen_text(pilot.app)
        assert (await look_for(pilot, "A RETROUVER")).endswith("sur 599")
        assert (await look_for(pilot, "nulle part")).endswith("introuvable")
        await press(pilot, "escape")
        assert screen.book.reader.has_focus and screen.book.reader.wanted
        assert "introuvable" not in await press(pilot, "escape")
        assert pilot.app.screen is screen and not screen.book.reader.wanted


async def test_from_heading_to_heading(console: MakeApp) -> None:
    screen = Reading(Book(SOME))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, *"hhh")
        assert screen_text(pilot.app).splitlines()[1].strip() == "Titre 4"
        for _part in range(4):
            screen.book.reader.action_page_down()
        await press(pilot, "h")
        assert screen_text(pilot.app).splitlines()[1].strip() == "Titre 31"
        await press(pilot, "H", "H")
        assert screen_text(pilot.app).splitlines()[1].strip() == "Titre 29"


async def test_a_found_word_is_marked_across_lines_and_styles(console: MakeApp) -> None:
    screen = Reading(Book("mot " * 17 + "avant **la** suite"))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await look_for(pilot, "avant la suite", "enter")
        marked = [
            segment.text
            for strip in screen.book.reader.render_lines(screen.book.reader.size.region)
            for segment in strip
            if segment.style and segment.style.reverse
        ]
        assert "".join(marked) == "avantla suite"  # the blank between them ends the line


async def test_an_empty_document(console: MakeApp) -> None:
    async with console(Reading(Book(""))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert told(pilot) == "Il ne contient aucun texte."
        await press(pilot, "pagedown", "end", "h", "n", "slash", "x", "enter")


async def test_the_language_is_another(console: MakeApp) -> None:
    async with console(Reading(Book("![plan](p.png)"))).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "[image\xa0: plan]" in screen_text(pilot.app)
        assert await press(pilot, "f9") == "line 1 of 1"
        assert "[image: plan]" in screen_text(pilot.app)


async def test_what_was_counted_before_forgets_nothing_that_is_looked_for_now(
    console: MakeApp,
) -> None:
    screen = Reading(Book("", "text"))
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        reader = screen.book.reader
        late = reader.Counted(Book("", "text"), "", found=False)
        screen.book.show(Book("Première ligne\n\nAdopté à l’unanimité", "text"))
        reader.post_message(late)  # counted, and not heard yet when the document came
        screen.book.look_for("unanimité")
        await settled(pilot)
        assert screen.book.field.value == "unanimité"
        assert "correspondance 1 sur 1" in screen_text(pilot.app)
