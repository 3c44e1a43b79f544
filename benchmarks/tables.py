"""The results as tables: for a terminal, and in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def number(value: float, unit: str) -> str:
    """Return a value with three digits that count, and its unit."""
    if value >= 100 or unit in ("bytes", "cells"):
        return f"{value:,.0f} {unit}"
    digits = 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f} {unit}"


def _cell(line: dict[str, Any]) -> str:
    """Return `measured : floor = ratio`, with the ratio of the CPU where it is known."""
    unit = line["unit"]
    value = number(line["value"], unit)
    if line["ratio"] is None:
        return value
    cpu = "" if line["cpu_ratio"] is None else f" (CPU {line['cpu_ratio']:.1f} ×)"
    ratio = line["ratio"]
    shown = f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.1f}" if ratio >= 2 else f"{ratio:.2f}"
    return f"{value} : {number(line['floor'], unit)} = {shown} ×{cpu}"


#: A column: how many things, and which of those set side by side; 0 and "" for neither.
_Column = tuple[int, str]


def _column(line: dict[str, Any]) -> _Column:
    return line["size"] or 0, line.get("series", "")


def _grid(lines: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows: one row for what was measured, one column for each size.

    Where several were set side by side, each has a column for each size, in the order in
    which they were measured.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        rows.setdefault(line["what"], []).append(line)
    found = dict.fromkeys(_column(line) for line in lines if "size" in line)
    columns = sorted(found, key=lambda column: column[0])
    titles = ["", *map(_title, columns), "goal", ""]
    return titles, [_row(what, found, columns) for what, found in rows.items()]


def _title(column: _Column) -> str:
    size, series = column
    return " ".join(part for part in (f"{size:,}" if size else "", series) if part) or "measured"


def _row(what: str, found: Sequence[dict[str, Any]], columns: Sequence[_Column]) -> list[str]:
    measured = [line for line in found if "not_measured" not in line]
    reasons = [f"not measured: {line['not_measured']}" for line in found if line not in measured]
    cells = {_column(line): _cell(line) for line in measured}
    goals = [line["goal"] for line in measured if line["goal"]]
    notes = [line["note"] for line in measured if line["note"]]
    return [
        f"{what} ({notes[-1]})" if notes else what,
        *(cells.get(column, "") for column in columns),
        goals[-1] if goals else "",
        "; ".join(filter(None, (_verdict(measured), *reasons))),
    ]


def _verdict(found: Sequence[dict[str, Any]]) -> str:
    """Return "reached" where every size reaches the goal, else which do not, and by how much."""
    judged = [line for line in found if line["verdict"]]
    missed = [line for line in judged if line["verdict"].startswith("MISSED")]
    if not missed:
        return judged[-1]["verdict"] if judged else ""
    by = ", ".join(
        f"{line['verdict'].rpartition(' ')[2]} at {line['size']:,}"
        if line["size"]
        else line["verdict"].rpartition(" ")[2]
        for line in missed
    )
    return f"MISSED by {by}"


def as_text(title: str, lines: Sequence[dict[str, Any]]) -> str:
    """Return a table of fixed width."""
    titles, rows = _grid(lines)
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]

    def laid(cells: Sequence[str]) -> str:
        parts = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join(parts).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([title, rule, laid(titles), *map(laid, rows), ""])


def as_markdown(lines: Sequence[dict[str, Any]]) -> str:
    """Return the same table in Markdown without its title, a missed goal in bold."""
    titles, rows = _grid(lines)

    def laid(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    marks = ["---"] * len(titles)
    shown = [[f"**{c}**" if c.startswith("MISSED") else c for c in row] for row in rows]
    return "\n".join([laid(titles), laid(marks), *map(laid, shown), ""])


def put(document: str, blocks: Mapping[str, str]) -> str:
    """Return a document with each block between its own marks, and the words around them kept.

    The marks are lines: `<!-- bench: NAME -->` and `<!-- end of NAME -->`. KeyError where the
    document has no place for a block.
    """
    for name, block in blocks.items():
        first, last = f"<!-- bench: {name} -->\n", f"<!-- end of {name} -->\n"
        before, opened, rest = document.partition(first)
        _former, closed, after = rest.partition(last)
        if not (opened and closed):
            raise KeyError(name)
        document = f"{before}{first}\n{block}\n\n{last}{after}"
    return document
