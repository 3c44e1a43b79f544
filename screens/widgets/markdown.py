"""Markdown and text, made into blocks that flow: nothing of it is run, opened or believed.

`markdown_it` reads it, which Textual depends on too; it is loaded with the first document that
is opened. HTML is text like any other. An address stands behind its words, for nothing here
follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.style import Style

from models.language import _
from models.text import clean
from screens.widgets.flow import (
    CODE,
    EMPHASIS,
    PLAIN,
    QUIET,
    STRONG,
    Around,
    Block,
    Flow,
    Grid,
    Span,
    Unit,
)
from screens.widgets.text import TITLE

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: A paragraph longer than this is shown as it is: to look for marks in it may take seconds.
#: The time grows with the square of the brackets that are opened.
LONGEST_MARKED, _MOST_BRACKETS = 5_000, 200
#: So is a table of more columns, and what is nested more deeply than `markdown_it` follows.
_MOST_COLUMNS, _DEEPEST = 60, 100
_HEADINGS = {"h1": TITLE + EMPHASIS, "h2": TITLE}
_TAB = 4
_INDENT = "    "


@lru_cache(maxsize=2)
def parser(marks: bool = True) -> MarkdownIt:
    """Return what reads Markdown: as CommonMark says, with tables, and without HTML.

    Without `marks` the text of paragraphs is left as it is.
    """
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST}).enable("table")
    return reader if marks else reader.disable("inline")


@dataclass
class References:
    """The addresses that are defined anywhere in a document, for its parts know nothing else."""

    known: dict[str, Any] = field(default_factory=dict)


_DEFINED = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S[^\n]{0,2000}$", re.MULTILINE)
_MOST_DEFINED = 2_000


def references_of(text: str) -> References:
    """Return the addresses that lines such as `[name]: https://…` define."""
    lines = [found.group() for found in islice(_DEFINED.finditer(text), _MOST_DEFINED)]
    found = References()
    if lines:
        parser().parse("\n\n".join(lines), found.known)
    return found


def text_blocks(lines: Sequence[str]) -> list[Block]:
    """Return lines of plain text as blocks; what is wrapped goes on below its first letter."""
    blocks: list[Block] = []
    for number, line in enumerate(lines):
        written = _verbatim(line)
        indent = written[: len(written) - len(written.lstrip(" "))]
        unit = Unit(number, (Span(written[len(indent) :]),))
        blocks.append(Flow(unit, Around(indent, indent)))
    return blocks


def markdown_blocks(
    text: str, references: References, *, aloud: bool = False, apart: bool = False
) -> list[Block]:
    """Return Markdown as blocks; to be read `aloud`, headings and quotes are named in words.

    With `apart` an empty line stands before the first one.
    """
    lines = text.split("\n")
    if any(line.count("|") > _MOST_COLUMNS for line in lines):
        return text_blocks(lines)
    env = {"references": references.known.get("references", {})}
    tokens = parser().parse(text, env) if _is_easy(text) else _marked(text, env)
    if any(token.level >= _DEEPEST - 1 for token in tokens):
        return text_blocks(lines)
    return list(_Reading(tokens, aloud, apart).blocks())


def _is_easy(text: str) -> bool:
    return len(text) <= LONGEST_MARKED and text.count("[") <= _MOST_BRACKETS


def _marked(text: str, env: dict[str, Any]) -> list[Token]:
    """Return the tokens of a text in which some paragraph may be too hard to look for marks."""
    tokens = parser(marks=False).parse(text, env)
    for token in tokens:
        if token.type == "inline" and _is_easy(token.content):
            token.children = parser().parseInline(token.content, env)[0].children
    return tokens


def _verbatim(line: str) -> str:
    return clean(line.expandtabs(_TAB)).rstrip(" ")


@dataclass
class _Container:
    """A list item or a quote that is being read: what stands before its lines."""

    first: str
    rest: str
    begun: bool = False


class _Reading:
    """Goes through the tokens once, from the first to the last."""

    def __init__(self, tokens: Sequence[Token], aloud: bool, apart: bool) -> None:
        self._tokens, self._aloud = tokens, aloud
        self._place = 0
        self._containers: list[_Container] = []
        self._lists: list[int | None] = []
        self._units = 0
        self._any = apart  # anything stands above
        self._close = False  # the next block follows at once: it is below a heading
        self._list_begins = False

    def blocks(self) -> Iterator[Block]:
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            self._place += 1
            if reads := _READS.get(token.type):
                yield from reads(self, token)

    # What stands around

    def _around(self, *, tight: bool = False, said: str = "") -> Around:
        apart = self._any and not self._close and (self._list_begins if tight else True)
        gap = "".join(each.rest for each in self._containers if each.begun).rstrip()
        first = "".join(each.rest if each.begun else each.first for each in self._containers)
        rest = "".join(each.rest for each in self._containers)
        for each in self._containers:
            each.begun = True
        self._any, self._close, self._list_begins = True, False, False
        return Around(first + said, rest, gap, apart)

    def _unit(self, spans: Sequence[Span]) -> Unit:
        self._units += 1
        return Unit(self._units - 1, tuple(spans))

    # Blocks

    def _heading(self, token: Token) -> Iterator[Block]:
        style = _HEADINGS.get(token.tag, STRONG)
        spans = _spans(self._tokens[self._place], style)
        said = _("Heading %(level)s: ") % {"level": token.tag[1:]} if self._aloud else ""
        yield Flow(self._unit(spans), self._around(said=said), is_heading=True)
        self._close = True

    def _paragraph(self, token: Token) -> Iterator[Block]:
        spans = _spans(self._tokens[self._place])
        yield Flow(self._unit(spans), self._around(tight=token.hidden))

    def _code(self, token: Token) -> Iterator[Block]:
        lines = token.content.removesuffix("\n").split("\n")
        around = self._around()
        for number, line in enumerate(lines):
            if number:
                around = Around(around.rest, around.rest)
            unit = self._unit([Span(_verbatim(line), CODE)])
            indented = Around(
                around.first + _INDENT, around.rest + _INDENT, around.gap, around.apart
            )
            yield Flow(unit, indented, verbatim=True)
            around = Around(around.rest, around.rest)

    def _rule(self, _token: Token) -> Iterator[Block]:
        yield Flow(self._unit([Span("* * *", QUIET)]), self._around())

    def _table(self, _token: Token) -> Iterator[Block]:
        rows: list[list[Unit]] = []
        right: list[bool] = []
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            self._place += 1
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                style = STRONG if len(rows) == 1 else PLAIN
                rows[-1].append(self._unit(_one_line(_spans(token, style))))
            elif token.type == "th_open":
                right.append("right" in str(token.attrGet("style") or ""))
        head, *others = (tuple(row) for row in rows)
        yield Grid(head, tuple(others), tuple(right), self._around())

    # Containers

    def _list(self, token: Token) -> Iterator[Block]:
        start = token.attrGet("start")
        number = int(start) if start is not None else 1
        self._list_begins = not self._lists or self._list_begins
        self._lists.append(number if token.type == "ordered_list_open" else None)
        yield from ()

    def _item(self, token: Token) -> Iterator[Block]:
        number = self._lists[-1]
        sign = "-" if self._aloud else "•"
        marker = f"{sign} "
        if number is not None:
            marker = f"{number}{token.markup} "
            self._lists[-1] = number + 1
        self._containers.append(_Container(marker, " " * len(marker)))
        yield from ()

    def _end_item(self, _token: Token) -> Iterator[Block]:
        if self._containers and not self._containers[-1].begun:  # an item without any text
            yield Flow(self._unit([]), self._around(tight=True))
        self._containers.pop()

    def _end_list(self, _token: Token) -> Iterator[Block]:
        self._lists.pop()
        yield from ()

    def _quote(self, _token: Token) -> Iterator[Block]:
        if self._aloud:
            yield Flow(self._unit([Span(_("Quote:"), QUIET)]), self._around())
            self._close = True
        bar = "  " if self._aloud else "│ "
        self._containers.append(_Container(bar, bar))

    def _end_quote(self, _token: Token) -> Iterator[Block]:
        self._containers.pop()
        self._close = False
        yield from ()


_READS: dict[str, Any] = {
    "heading_open": _Reading._heading,
    "paragraph_open": _Reading._paragraph,
    "fence": _Reading._code,
    "code_block": _Reading._code,
    "hr": _Reading._rule,
    "table_open": _Reading._table,
    "bullet_list_open": _Reading._list,
    "ordered_list_open": _Reading._list,
    "bullet_list_close": _Reading._end_list,
    "ordered_list_close": _Reading._end_list,
    "list_item_open": _Reading._item,
    "list_item_close": _Reading._end_item,
    "blockquote_open": _Reading._quote,
    "blockquote_close": _Reading._end_quote,
}


# --- within a paragraph -------------------------------------------------------------------

_STYLES = {"em_open": EMPHASIS, "strong_open": STRONG}


def _spans(token: Token, style: Style = PLAIN) -> list[Span]:
    """Return the texts of a paragraph in their styles."""
    if not token.children:
        return [Span(clean(token.content), style)] if token.content else []
    spans: list[Span] = []
    styles, links = [style], []
    for child in token.children:
        if child.type in _STYLES:
            styles.append(styles[-1] + _STYLES[child.type])
        elif child.type in ("em_close", "strong_close"):
            styles.pop()
        elif child.type == "link_open":
            links.append((str(child.attrGet("href") or ""), len(spans)))
        elif child.type == "link_close" and links:
            address, begun = links.pop()
            words = "".join(span.text for span in spans[begun:])
            spans += _address(address, words, styles[-1])
        else:
            spans += _plain(child, styles[-1])
    return _joined(spans)


def _plain(child: Token, style: Style) -> Iterator[Span]:
    if child.type == "hardbreak":
        yield Span("\n")
    elif child.type == "softbreak":
        yield Span(" ", style)
    elif child.type == "code_inline":
        yield Span(clean(child.content), style + CODE)
    elif child.type == "image":
        told = {"words": clean(child.content) or "–"}
        yield Span(_("[image: %(words)s]") % told, style)
        yield from _address(str(child.attrGet("src") or ""), "", style)
    elif child.content:
        yield Span(clean(child.content), style)


def _address(address: str, words: str, style: Style) -> Iterator[Span]:
    """Yield the address behind some words, unless they say it already or it leads nowhere."""
    shown = clean(parser().normalizeLinkText(address)).removeprefix("mailto:")
    if not shown or shown.startswith("#") or shown == words.strip():
        return
    if shown in (f"http://{words}", f"https://{words}"):
        return
    yield Span(f" ({shown})", style + QUIET)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return the spans with neighbours of one style made one."""
    found: list[Span] = []
    for span in spans:
        if found and found[-1].style == span.style:
            found[-1] = Span(found[-1].text + span.text, span.style)
        else:
            found.append(span)
    return found


def _one_line(spans: Sequence[Span]) -> list[Span]:
    return [Span(span.text.replace("\n", " "), span.style) for span in spans]
