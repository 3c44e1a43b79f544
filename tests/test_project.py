"""What holds for the project as a whole: its layers, its weight, its files, its words."""

import ast
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tests import catalogue
from tui.preload import LIBRARIES

ROOT = Path(__file__).parent.parent
SERVICES_AND_MODELS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("services", "models")
    for path in (ROOT / package).rglob("*.py")
    # Alembic runs these by itself, inside a migration.
    if "migrations" not in path.parts
)
#: A registry's host or address, or a place on the machine of whoever wrote the line. The
#: brackets keep each pattern from finding itself.
FORBIDDEN = {
    "a registry's name": r"py[p]i\.|pythonhoste[d]|artifactor[y]|devp[i]\b",
    "an index": r"-[-](extra-)?index-url|-[-]find-links|-[-]trusted-host|/simpl[e]/?[\"' ]",
    "a machine's path": r"(?<![\w.~/-])/(roo[t]|wor[k])/",
}


def run_clean(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter that has imported nothing of the tests."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=50
    )


def committed_texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file that git knows, or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout, so nobody can say which files belong to it")
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a font, a spreadsheet


def test_imports_go_one_way() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    found = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_services_and_models_know_no_terminal() -> None:
    statements = "\n".join(f"import {name}" for name in SERVICES_AND_MODELS)
    known = "import sys; print({'textual', 'typer', 'tui', 'screens'} & set(sys.modules))"
    found = run_clean("-c", f"{statements}\n{known}")
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("name", ["models.text", "models.language", "tui.appearance"])
def test_what_the_first_picture_needs_is_light(name: str) -> None:
    found = run_clean("-c", f"import {name}, sys; print('\\n'.join(sys.modules))")
    heavy = {"textual", "sqlmodel", "sqlalchemy", "pydantic", "babel"}
    assert not heavy & set(found.stdout.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--no-such-option"]])
def test_a_short_answer_loads_neither_textual_nor_the_data(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from tui.command_line import main\n"
        f"sys.argv = ['trousseau', *{arguments!r}]\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    print('exit', end.code)\n"
        "print('loaded', *sorted({'textual', 'sqlmodel', 'sqlalchemy'} & set(sys.modules)))\n"
    )
    found = run_clean("-c", program)
    assert found.returncode == 0, found.stderr
    assert found.stdout.rstrip().endswith("loaded")
    assert ("exit 2" in found.stdout) == (arguments == ["--no-such-option"])


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_tells_where_it_was_written(kind: str) -> None:
    pattern = re.compile(FORBIDDEN[kind], re.IGNORECASE)
    found = [
        f"{name}: {line.strip()[:100]}"
        for name, text in committed_texts()
        for line in text.splitlines()
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(lines) > 20
    for line in lines:
        assert re.match(r"[\w.-]+==[\w.]+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_the_locks_agree_on_every_version() -> None:
    pins = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    runtime, developers = pins
    assert {name: developers.get(name) for name in runtime} == runtime


def _imported(text: str) -> Iterator[str]:
    """Yield the packages that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_whoever_uses_the_program_has_all_that_it_imports() -> None:
    """The tests run with the developers' libraries, a user has those of requirements.lock."""
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    there = {_distribution(name) for name in pinned}
    owners = packages_distributions()
    ours = {"models", "services", "screens", "tui"}
    used = {name.partition(".")[0] for name in LIBRARIES}
    for package in ours:
        for path in (ROOT / package).rglob("*.py"):
            used.update(_imported(path.read_text(encoding="utf-8")))
    others = used - set(sys.stdlib_module_names) - ours
    assert {"textual", "rapidfuzz"} <= others
    missing = {
        name for name in others if not there.intersection(map(_distribution, owners.get(name, [])))
    }
    assert missing == set()


def _distribution(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class TestTranslations:
    def test_french_is_complete(self) -> None:
        sources = catalogue.extract()
        paths = catalogue.catalogue_paths()
        assert [path.parent.parent.name for path in paths] == ["fr"]
        assert list(catalogue.problems(catalogue.read(paths[0]), sources)) == []

    @pytest.mark.parametrize(
        ("entry", "problem"),
        [
            ('msgid "%(n)s of %(m)s"\nmsgstr "%(n)s sur %(x)s"', "other places"),
            ('msgid "%(n)s of %(m)s"\nmsgstr "%(n)s seulement"', "other places"),
            ('msgid "%(n)s of %(m)s"\nmsgstr "%(n)s / %(m)s = 10 %"', "cannot be filled in"),
            ('msgid "%(n)s of %(m)s"\nmsgstr ""', "not translated"),
            ('#, fuzzy\nmsgid "%(n)s of %(m)s"\nmsgstr "%(n)s sur %(m)s"', "doubtful"),
            ('msgid "gone"\nmsgstr "disparu"', "missing"),
            ('msgid "gone"\nmsgstr "disparu"', "no longer in the sources"),
            ('#~ msgid "gone"\n#~ msgstr "disparu"', "obsolete"),
        ],
    )
    def test_what_is_wrong_is_seen(self, tmp_path: Path, entry: str, problem: str) -> None:
        path = tmp_path / "wrong.po"
        path.write_text(entry + "\n")
        sources = Catalog()
        sources.add("%(n)s of %(m)s")
        found = list(catalogue.problems(catalogue.read(path), sources))
        assert any(line.startswith(problem) for line in found), found

    def test_a_sentence_inside_another_is_found(self) -> None:
        source = io.BytesIO(
            b'say("%(name)s: %(why)s", name=f(), why=language.say_n("1 day", "%(count)s days", n))'
        )
        found = [
            (name, texts)
            for _, name, texts, _ in catalogue.calls_in(source, {"say", "say_n"}, (), {})
        ]
        assert found == [
            ("say", ("%(name)s: %(why)s",)),
            ("say_n", ("1 day", "%(count)s days", None)),
        ]

    def test_merging_takes_what_fits_and_tells_what_does_not(self, tmp_path: Path) -> None:
        (ours,) = catalogue.catalogue_paths()
        path, loose = tmp_path / "ours.po", tmp_path / "loose.po"
        path.write_bytes(ours.read_bytes())
        known = "The settings cannot be used"
        loose.write_text(f'msgid "{known}"\nmsgstr "Autrement"\n\nmsgid "gone"\nmsgstr "parti"\n')
        assert list(catalogue.update(path, [loose])) == ["loose.po: not taken over: 'gone'"]
        merged = catalogue.read(path).get(known)
        assert merged is not None
        assert merged.string == "Autrement"
