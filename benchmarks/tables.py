"""The results as tables: for a terminal, and in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any


def number(value: float, unit: str) -> str:
    """Return a value with three digits that count, and its unit."""
    if value >= 100 or unit == "bytes":
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


def _grid(lines: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows: one row for what was measured, one column for each size."""
    sizes = sorted({line["size"] or 0 for line in lines if "size" in line})
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        rows.setdefault(line["what"], []).append(line)
    titles = ["", *(f"{size:,}" if size else "measured" for size in sizes), "goal", ""]
    return titles, [_row(what, found, sizes) for what, found in rows.items()]


def _row(what: str, found: Sequence[dict[str, Any]], sizes: Sequence[int]) -> list[str]:
    if "not_measured" in found[-1]:
        reason = f"not measured: {found[-1]['not_measured']}"
        return [what, *[""] * len(sizes), "", reason]
    cells = {line["size"] or 0: _cell(line) for line in found}
    note = found[-1]["note"]
    return [
        f"{what} ({note})" if note else what,
        *(cells.get(size, "") for size in sizes),
        found[-1]["goal"],
        _verdict(found),
    ]


def _verdict(found: Sequence[dict[str, Any]]) -> str:
    """Return "reached" where every size reaches the goal, else which do not, and by how much."""
    missed = [line for line in found if line["verdict"].startswith("MISSED")]
    if not missed:
        return found[-1]["verdict"]
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


def as_markdown(title: str, lines: Sequence[dict[str, Any]]) -> str:
    """Return the same table in Markdown, a missed goal in bold."""
    titles, rows = _grid(lines)

    def laid(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    marks = ["---"] * len(titles)
    shown = [[f"**{c}**" if c.startswith("MISSED") else c for c in row] for row in rows]
    return "\n".join([f"### {title}", "", laid(titles), laid(marks), *map(laid, shown), ""])
