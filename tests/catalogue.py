"""The translations: kept up to date with the sources, and checked.

python -m tests.catalogue check            nothing missing, doubtful, obsolete or misfitting
python -m tests.catalogue update           take new sentences in, throw obsolete ones out
python -m tests.catalogue merge FILE...    take translations over from loose .po files
python -m tests.catalogue compile          write the .mo files
"""

import ast
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "models" / "locale"
PACKAGES = ("models", "services", "screens", "tui")
KEYWORDS = {**DEFAULT_KEYWORDS, "say": None, "say_n": (1, 2), "Wording": None}
# Dates and defaults of the tool, which would make every run a change.
_IDLE_HEADER = re.compile(
    r'^"(Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team'
    r"|Generated-By):.*\n",
    re.MULTILINE,
)
_PLACE = re.compile(r"%\((\w+)\)")


def catalogue_paths() -> list[Path]:
    return sorted(LOCALES.glob("*/LC_MESSAGES/trousseau.po"))


def read(path: Path) -> Catalog:
    """Return the catalogue in a .po file."""
    locale = path.parent.parent.name if path.is_relative_to(LOCALES) else None
    with path.open("rb") as source:
        return read_po(source, locale=locale, domain="trousseau", abort_invalid=True)


def write(catalogue: Catalog, path: Path) -> None:
    """Write the catalogue sorted and without line numbers: it changes only with the text."""
    output = BytesIO()
    write_po(output, catalogue, width=100, sort_by_file=True, include_lineno=False)
    text = _IDLE_HEADER.sub("", output.getvalue().decode())
    if not path.exists() or text != path.read_text(encoding="utf-8"):
        path.write_text(text, encoding="utf-8")


def extract() -> Catalog:
    """Return the sentences that stand in the sources, untranslated."""
    found = Catalog(domain="trousseau", project="trousseau")
    for package in PACKAGES:
        for file, line, message, comments, context in extract_from_dir(
            ROOT / package,
            method_map=[("**.py", "tests.catalogue:calls_in")],
            keywords=KEYWORDS,
            comment_tags=("Translators:",),
        ):
            place = f"{package}/{Path(file).as_posix()}"
            found.add(message, None, [(place, line)], auto_comments=comments, context=context)
    return found


def calls_in(
    file: IO[bytes], keywords: Collection[str], comment_tags: object, options: object
) -> Iterator[tuple[int, str, tuple[str | None, ...], list[str]]]:
    """Yield the calls of `keywords` in a Python file, as Babel asks of an extraction method.

    Babel's own method overlooks a call inside the arguments of another, which is how one
    wording is put into the next: `say("… %(reason)s", reason=say("…"))`.
    """
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            texts = tuple(_literal(argument) for argument in node.args)
            if name in keywords and any(texts):
                yield node.lineno, name, texts, []


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def update(path: Path, extra: Sequence[Path] = ()) -> Iterator[str]:
    """Bring a catalogue up to date, with translations from `extra` where they fit.

    Yields one line for each translation of `extra` that no sentence of the sources takes.
    """
    catalogue = read(path)
    catalogue.project, catalogue.version = "trousseau", ""
    catalogue.update(extract(), no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    sentences = {_key(message): message for message in _sentences(catalogue)}
    for file in extra:
        for offered in _sentences(read(file)):
            message = sentences.get(_key(offered))
            if message is not None and _fits(offered, message):
                message.string = offered.string
            else:
                yield f"{file.name}: not taken over: {offered.id!r}"
    write(catalogue, path)


def _fits(offered: Message, message: Message) -> bool:
    return all(_forms(offered)) and type(offered.id) is type(message.id)


def problems(catalogue: Catalog, sources: Catalog) -> Iterator[str]:
    """Yield one line for each thing that is wrong with a catalogue."""
    known = {_key(message): message for message in _sentences(catalogue)}
    wanted = {_key(message): message for message in _sentences(sources)}
    for key, message in wanted.items():
        place = message.locations[0][0] if message.locations else "?"
        if key not in known:
            yield f"missing ({place}): {message.id!r}"
        elif not all(_forms(known[key])):
            yield f"not translated ({place}): {message.id!r}"
        elif type(known[key].id) is not type(message.id):
            yield f"plural on one side only ({place}): {message.id!r}"
        else:
            yield from _misfits(known[key])
    for key, message in known.items():
        if key not in wanted:
            yield f"no longer in the sources: {message.id!r}"
        elif message.fuzzy:
            yield f"doubtful (fuzzy): {message.id!r}"
    for message in catalogue.obsolete.values():
        yield f"obsolete: {message.id!r}"


def _misfits(message: Message) -> Iterator[str]:
    """Yield where the places for values differ: a plural may leave the count out."""
    ids = message.id if isinstance(message.id, list | tuple) else [message.id]
    expected = {frozenset(_PLACE.findall(text)) for text in ids}
    allowed = frozenset().union(*expected)
    for text in _forms(message):
        places = frozenset(_PLACE.findall(text))
        if not places <= allowed or (allowed - places) - {"count"}:
            yield f"other places than {sorted(allowed)}: {text!r}"
        elif allowed:
            try:
                # Values are given by name, so a bare % would break the sentence.
                _ = text % dict.fromkeys(allowed, 0)
            except (ValueError, TypeError) as error:
                yield f"cannot be filled in ({error}): {text!r}"


def _sentences(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def compile_all() -> None:
    """Write each .mo file that is older than its .po file."""
    for path in catalogue_paths():
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime_ns < path.stat().st_mtime_ns:
            unfinished = compiled.with_suffix(".mo.new")
            with unfinished.open("wb") as output:
                write_mo(output, read(path))
            unfinished.replace(compiled)


def main(arguments: Sequence[str]) -> int:
    command, *files = arguments or ("check",)
    if command == "check":
        sources = extract()
        found = [
            f"{path.relative_to(ROOT)}: {problem}"
            for path in catalogue_paths()
            for problem in problems(read(path), sources)
        ]
        print("\n".join([*found, f"translations: {len(sources)} sentences, {len(found)} problems"]))
        return 1 if found or not catalogue_paths() else 0
    if command in ("update", "merge"):
        for path in catalogue_paths():
            for line in update(path, [Path(file) for file in files]):
                print(line)
    if command in ("update", "merge", "compile"):
        compile_all()
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
