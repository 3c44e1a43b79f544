"""`python -m benchmarks`: measure, print the tables, write build/bench.json."""

import argparse
import contextlib
import importlib
import json
import os
import platform
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.databases import Databases, databases
from benchmarks.measuring import Line, NotMeasured

#: The benchmarks in the order in which they run; each is a module with the name in plural
#: or not, imported when its turn comes, so that one that is broken spoils no other.
MODULES = {
    "import": "benchmarks.imports",
    "lists": "benchmarks.lists",
    "workshops": "benchmarks.workshops",
    "search": "benchmarks.search",
    "diagnosis": "benchmarks.diagnosis",
    "sending": "benchmarks.sending",
    "console": "benchmarks.console",
    "keys": "benchmarks.keys",
    "team-keys": "benchmarks.team_keys",
    "terminals": "benchmarks.terminals",
    "sessions": "benchmarks.sessions",
    "identity": "benchmarks.identity",
}
RESULTS = Path(__file__).parent.parent / "build" / "bench.json"
ROUNDS, QUICK_ROUNDS = 3, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 although goals may be missed, for this reports and judges not."""
    asked = _asked(arguments)
    results = _read(asked.output)
    if not asked.show:
        # Told to end, it takes its databases and servers with it.
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
        machine = _machine()
        with databases() as made:
            for name in asked.only or MODULES:
                for so_far in _run(name, made, asked.quick):
                    results[name] = {**so_far, "machine": machine}
                    _write(asked.output, results)  # what was measured stays, whatever comes
    shown = [name for name in asked.only or MODULES if name in results]
    if asked.write:
        asked.write.write_text(tables.put(asked.write.read_text(), _blocks(results, shown)))
        return 0
    for name in shown:
        print(_table(results[name], asked.markdown))
    if not asked.markdown:
        print(_verdict(results))
    return 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--only", action="append", choices=MODULES, metavar="NAME", help="again")
    parser.add_argument("--markdown", action="store_true", help="print the tables in Markdown")
    parser.add_argument("--show", action="store_true", help="measure nothing, print the last run")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into FILE")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are kept")
    return parser.parse_args(arguments)


def _run(name: str, made: Databases, quick: bool) -> Iterator[dict[str, Any]]:
    """Yield the results of one benchmark as they grow, with when, and how busy it was."""
    module = importlib.import_module(MODULES[name])
    sizes = module.QUICK if quick else module.SIZES
    at, load = datetime.now(UTC).isoformat(timespec="seconds"), os.getloadavg()[0]
    lines: list[dict[str, Any]] = []
    for line in _lines_of(module, made, sizes, QUICK_ROUNDS if quick else ROUNDS):
        print(f"  {name}: {line.what} {getattr(line, 'size', None) or ''}", file=sys.stderr)
        lines.append(line.as_json())
        loads = [round(load, 1), round(os.getloadavg()[0], 1)]
        yield {"title": module.TITLE, "at": at, "load": loads, "lines": lines}


def _lines_of(module: Any, made: Databases, sizes: Sequence[int], rounds: int) -> Iterator[Line]:
    """Yield what a benchmark yields; where it fails, that, and what went before stays."""
    try:
        yield from module.measure(made, sizes, rounds)
    except Exception as error:
        traceback.print_exc()
        yield NotMeasured("the rest", f"{type(error).__name__}: {error}")


def _machine() -> str:
    model = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")
    return (
        f"{os.cpu_count()} cores{f' of {model}' if model else ''}, {platform.system()},"
        f" Python {platform.python_version()}"
    )


def _table(result: dict[str, Any], markdown: bool) -> str:
    title = result["title"]
    if markdown:
        return f"### {title}\n\n{tables.as_markdown(result['lines'])}\n{_about(result)}.\n"
    return tables.as_text(f"{title}: {_about(result)}", result["lines"])


def _about(result: dict[str, Any]) -> str:
    before, after = result["load"]
    return f"{result['machine']}; {result['at'][:10]}, load {before} to {after}"


def _blocks(results: dict[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return the table of each benchmark as a document holds it, between its marks."""
    return {
        name: f"{tables.as_markdown(results[name]['lines'])}\n{_about(results[name])}."
        for name in names
    }


def _verdict(results: dict[str, Any]) -> str:
    """Return in one line how many goals are reached."""
    judged = [line for line in _lines(results) if line.get("verdict")]
    missed = [line for line in judged if line["verdict"].startswith("MISSED")]
    return f"{len(judged) - len(missed)} of {len(judged)} goals reached."


def _lines(results: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for result in results.values():
        yield from result["lines"]


def _read(path: Path) -> dict[str, Any]:
    """Return the last results; a run of one benchmark replaces its own alone."""
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {name: kept[name] for name in MODULES if name in kept}


def _write(path: Path, results: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    sys.exit(main())
