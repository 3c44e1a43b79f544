"""Hundreds of hostile rows, the whole way: nothing shows or does anything it shouldn't."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pypdf
import pyte
import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel

from models.text import is_clean
from screens.workplace import Workplace
from services import school_years
from services.desk import Desk
from services.opening import open_database
from tests import terminal
from tests.faults import hostile
from tests.screens.conftest import screen_text, settled
from tests.worlds import NOW, World, make_world
from tui import console
from tui.app import TrousseauApp
from tui.command_line import run
from tui.crash import LOG_NAME

SCHOOL = "9901"
ROOT = Path(__file__).parents[2]


@dataclass
class House:
    """An installation into which the hostile rows have come, and all that was said of it."""

    home: Path
    world: World
    said: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        return self.world.engine

    def command(self, *words: str) -> tuple[int, str, str]:
        """Run a command; return status, standard output and standard error."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = run(words)
        self.said[" ".join(words)] = found = status, out.getvalue(), err.getvalue()
        return found

    def value(self, *words: str) -> Any:
        """Run a command with --json and return its one value."""
        _status, out, _err = self.command(*words, "--json")
        return json.loads(out)

    def log(self) -> str:
        """Return what was logged of mistakes of the program."""
        logs = self.home.rglob(LOG_NAME)
        return "".join(file.read_text() for file in logs)


def _at_home(patch: pytest.MonkeyPatch, home: Path) -> None:
    patch.setenv("TROUSSEAU_HOME", str(home))
    patch.setenv("TROUSSEAU_MAIL_FROM", "comptes@ecole.example")
    for module in ("tui.cli.office", "tui.cli.mail", "tui.cli.database", "tui.console"):
        patch.setattr(f"{module}.now", lambda: NOW)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole main job by the command line: import, consents, invitations, sending."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    for part in ("config", "data", "state"):
        (home / part).mkdir(parents=True, mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        _at_home(patch, home)
        engine = open_database(f"sqlite:///{home / 'data' / 'trousseau.db'}", embedded=True, at=NOW)
        house = House(home, make_world(engine))
        _main_job(house)
        yield house
        engine.dispose()


def _main_job(house: House) -> None:
    file = house.home.parent / "personnel.csv"
    file.write_bytes(hostile.staff_file())
    staff = ("import", str(file), "--as", "staff", "--school", SCHOOL)
    house.said["plan"] = 0, json.dumps(house.value(*staff, "--dry-run")), ""
    house.command(*staff, "--dry-run")
    house.said["import"] = 0, json.dumps(house.value(*staff, "--yes")), ""
    signed = io.StringIO()
    writer = csv.writer(signed)
    writer.writerow(("reference", "signed_on", "email"))
    listed = house.value("consent", "list", "--school", SCHOOL)
    writer.writerows((row["reference"], "2026-08-31", "") for row in listed if row["email"])
    signed_file = house.home.parent / "signed.csv"
    signed_file.write_text(signed.getvalue())
    house.value("consent", "record", str(signed_file), "--school", SCHOOL)
    house.value("invite", "--school", SCHOOL)
    house.value("send")


@pytest.fixture(autouse=True)
def at_home(house: House, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _at_home(monkeypatch, house.home)


def assert_no_mistake(house: House) -> None:
    assert house.log() == ""


# --- the way in ---------------------------------------------------------------------------


def test_the_rows_come_in_with_clear_messages(house: House) -> None:
    plan, applied = (json.loads(house.said[name][1]) for name in ("plan", "import"))
    assert len(hostile.rows()) >= 300
    assert plan["rows"] >= len(hostile.rows()) - 20 and not plan["applied"] and applied["applied"]
    assert plan["created"] == applied["created"] and applied["created"]["people"] > 300
    told = [line for line in plan["messages"] if line["level"] == "error"]
    assert len(told) >= 30 and all(line["line"] and len(line["text"]) > 15 for line in told)
    assert_no_mistake(house)


def test_every_stored_text_is_clean(house: House) -> None:
    with house.engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"'):
                dirty = [cell for cell in row if isinstance(cell, str) and not is_clean(cell)]
                assert not dirty, (table.name, dirty[0][:200])
                longest = max((len(cell) for cell in row if isinstance(cell, str)), default=0)
                assert longest < 20_000, table.name


@pytest.mark.parametrize("name", hostile.strange_files(), ids=range(len(hostile.strange_files())))
def test_strange_files_are_refused_in_words(name: str, house: House, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(hostile.strange_files()[name])
    for kind in ("staff", "oneroster", "schools"):
        _refused_in_words(house, file, kind)


def _refused_in_words(house: House, file: Path, kind: str) -> None:
    words = ["import", str(file), "--as", kind]
    words += ["--school", SCHOOL] if kind == "staff" else []
    status, out, err = house.command(*words, "--dry-run", "--json")
    assert_plain(out + err)
    assert status in (0, 1)
    if out:
        plan = json.loads(out)
        assert plan["error"] + plan["warning"] + plan["information"] > 0 or plan["rows"] == 0
    if status:
        assert len(err.strip()) > 20 or json.loads(out)["messages"]
    assert_no_mistake(house)


# --- the command line ---------------------------------------------------------------------


def assert_plain(text: str) -> None:
    dirty = [line for line in text.split("\n") if not is_clean(line)]
    assert not dirty, repr(dirty[0][:300])


LISTS = (
    ("access",),
    ("consent", "list"),
    ("invitations",),
    ("invite", "--dry-run"),
    ("invite", "--again", "--dry-run"),
)


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_lists_are_clean_on_both_streams(words: tuple[str, ...], house: House) -> None:
    status, out, err = house.command(*words, "--school", SCHOOL)
    assert status == 0, err
    assert_plain(out)
    assert_plain(err)
    assert max(map(len, out.split("\n"))) < 400
    value = house.value(*words, "--school", SCHOOL)
    assert all(is_clean(text) for text in texts(value))
    assert_no_mistake(house)


def test_everything_said_so_far_was_clean(house: House) -> None:
    plans = house.value("plan", "list")
    for plan in plans:
        assert house.command("plan", "show", str(plan.get("id", plan.get("plan"))))[0] == 0
    assert len(house.said) > 8
    for _status, out, err in house.said.values():
        assert_plain(out)
        assert_plain(err)
    assert_no_mistake(house)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


# --- spreadsheets -------------------------------------------------------------------------

EXPORTS = {
    "access": ("export", "access", "-o", "-"),
    "consents": ("export", "consents", "-o", "-"),
    "invitations": ("export", "invitations", "-o", "-"),
    "access --csv": ("access", "--csv"),
}
_FORMULA = re.compile(r"""^[\s"]*[=+\-@＝＋－＠|%]""")


@pytest.mark.parametrize("name", EXPORTS)
def test_csv_parses_back_without_a_formula(name: str, house: House) -> None:
    status, out, err = house.command(*EXPORTS[name], "--school", SCHOOL)
    assert status == 0, err
    own = ";" if "export" in EXPORTS[name] else ","
    rows = list(csv.reader(io.StringIO(out), delimiter=own))
    assert len({len(row) for row in rows}) == 1 and len(rows) > 250
    assert len(house.value("access", "--school", SCHOOL)) == len(rows) - 1 or "access" not in name
    assert not [cell for row in rows for cell in row if _FORMULA.match(cell)]
    # Somebody's spreadsheet may take another sign for the separator.
    for other in ",;\t":
        cells = [cell for line in out.split("\r\n") for cell in line.split(other)]
        assert not [cell for cell in cells if _FORMULA.match(cell)], other
    assert all(is_clean(cell) for row in rows for cell in row)


# --- mail ---------------------------------------------------------------------------------

_HEADERS = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
    "auto-submitted", "x-auto-response-suppress", "reply-to", "content-language", "sender",
    "return-path", "precedence", "delivered-to",
}  # fmt: skip
_TAGS = {"html", "head", "meta", "title", "body", "div", "p", "table", "tr", "td", "tbody", "b",
         "strong", "a", "br", "span", "h1", "h2", "code", "style", "ul", "ol", "li", "hr", "em",
         "small", "th", "pre"}  # fmt: skip


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _value in attrs)
        assert not any("evil" in (value or "") for _name, value in attrs), attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_mails_say_only_what_they_should_to_whom_they_should(house: House) -> None:
    with house.engine.connect() as connection:
        recipients = sorted(
            row[0] for row in connection.exec_driver_sql("SELECT recipient FROM mail")
        )
    files = [file for file in house.home.rglob("new/*") if file.is_file()]
    mails = [message_from_bytes(file.read_bytes(), policy=default) for file in files]
    assert len(mails) == len(recipients) > 200
    assert sorted(_recipient(mail) for mail in mails) == recipients
    shown = ""
    for mail in mails:
        assert {name.lower() for name in mail} <= _HEADERS, mail.keys()
        assert len({name.lower() for name in mail}) == len(mail.keys())
        parts = {part.get_content_type(): part.get_content() for part in mail.walk()
                 if not part.is_multipart()}  # fmt: skip
        assert set(parts) == {"text/plain", "text/html"}
        for text in (mail["subject"], mail["from"], mail["to"], *parts["text/plain"].splitlines()):
            assert is_clean(str(text)), repr(text)
        html = _Html()
        html.feed(parts["text/html"])
        assert html.tags <= _TAGS, html.tags - _TAGS
        assert not [name for name in html.attributes if name.startswith("on")]
        assert all(is_clean(line) for line in html.text.splitlines())
        shown += html.text
    for name in ("<script>alert(1)</script>", "%(name)s", "{name}", "[bold red]urgent[/]"):
        assert name in shown, name


def _recipient(mail: EmailMessage | Any) -> str:
    (address,) = mail["to"].addresses
    return str(address.addr_spec)


# --- paper --------------------------------------------------------------------------------


def test_consent_forms_are_one_page_each(house: House, tmp_path: Path) -> None:
    pdf = tmp_path / "forms.pdf"
    status, _out, err = house.command("consent", "form", "--school", SCHOOL, "-o", str(pdf))
    assert status == 0, err
    people = house.value("access", "--school", SCHOOL)
    document = pypdf.PdfReader(pdf)
    assert len(document.pages) == len(people)
    root: Any = document.trailer["/Root"]
    assert not {"/JavaScript", "/AA", "/Names"} & set(root)
    assert not hasattr(root.get("/OpenAction"), "keys")  # a view, and nothing that is done
    for page in document.pages[::20]:
        assert "/Annots" not in page
    assert_no_mistake(house)


# --- screens ------------------------------------------------------------------------------


def workplace(house: House) -> Workplace:
    desk = Desk(house.engine, house.world.director().actor, lambda: NOW)
    here = desk.read(school_years.here, house.world.mine, house.world.year)
    return Workplace(desk, here=here)


def console_app(house: House, place: str, state: Path) -> TrousseauApp:
    places = console.places(workplace(house))
    return TrousseauApp(
        places[place], places=places, role="director", state_folder=state, clock=lambda: NOW
    )


#: What is pressed in each place; every key, so that each page, row and dialog is drawn.
_WAYS = {
    "team-access": ("enter", "escape", "pagedown", "end", "enter", "escape", "home", "f8"),
    "consents": ("pagedown", "end", "enter", "escape", "f8", "escape"),
    "invitations": ("pagedown", "end", "enter", "escape"),
    "plans": ("enter", "pagedown", "enter", "escape", "end", "enter", "escape"),
}


@pytest.mark.parametrize("place", list(console.places(None)))  # type: ignore[arg-type]
async def test_no_screen_shows_or_does_what_rows_say(
    place: str, house: House, tmp_path: Path
) -> None:
    app = console_app(house, place, tmp_path)
    seen = ""
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for key in ("f5", *_WAYS.get(place, ()), *["pagedown"] * 8, *["pageup"] * 3):
            seen += assert_safe(app)
            await pilot.press(key)
            await settled(pilot)
        seen += assert_safe(app)
        assert app.is_running and app.return_code is None
    assert not (tmp_path / LOG_NAME).exists(), (tmp_path / LOG_NAME).read_text()
    if place in ("team-access", "consents"):
        assert "[bold red]urgent[/]" in seen and "[@click=app.quit]" in seen


def assert_safe(app: Any) -> str:
    """Return what the screen shows, in which nothing is raw and nothing can be clicked."""
    width, _height = app.size
    for strip in app.screen._compositor.render_strips():
        # Sign by sign: what somebody types need not be composed.
        assert all(map(is_clean, set(strip.text))), repr(strip.text)
        assert strip.cell_length == width, repr(strip.text)
        for segment in strip:
            meta = segment.style.meta if segment.style else {}
            assert "@click" not in meta, segment
            assert not (segment.style and segment.style.link), segment
    return screen_text(app)


async def test_typed_into_the_filter_it_breaks_nothing(house: House, tmp_path: Path) -> None:
    app: Any = console_app(house, "team-access", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for value in hostile.VALUES:
            await pilot.press("slash")
            app.screen.focused.value = value[:300]
            await settled(pilot)
            assert_safe(app)
    assert not (tmp_path / LOG_NAME).exists(), (tmp_path / LOG_NAME).read_text()


# --- the terminal itself ------------------------------------------------------------------

_PROGRAM = """
import os, sys
from tui.environment import tidy
tidy(os.environ)
from pathlib import Path
from datetime import datetime
from models.database import Actor, make_engine
from screens.workplace import Workplace
from services import school_years
from services.desk import Desk
from tui import console
from tui.app import TrousseauApp, run
url, school, year, at, place, state = sys.argv[1:]
desk = Desk(make_engine(url), Actor("d", "director", frozenset({int(school)})),
            lambda: datetime.fromisoformat(at))
here = desk.read(school_years.here, int(school), int(year))
places = console.places(Workplace(desk, here=here))
sys.exit(run(TrousseauApp(places[place], places=places, role="director",
                          state_folder=Path(state), clock=desk.clock)))
"""
#: What the drivers send: colours, the cursor, erasing, modes, questions, the pointer.
_KNOWN = re.compile(
    rb"\x1b\[[0-9;]*m|\x1b\[[0-9;]*[HJKXABCDGdbr]|\x1b\[\?[0-9;]+[hl]|\x1b\[\?[0-9]+\$p"
    rb"|\x1b\[[<>=?]?[0-9;]*u|\x1b\[[0-9]*t|\x1b\[c|\x1b\[>[0-9;]*[mq]|\x1b[78=>M]|\x1b\([0B]"
    rb"|\x1b\[[0-9]* q|\x1b\]22;[a-z]+\x07"
)


_FIRST_SHOWN = {"team-access": "Pré", "consents": "Pré", "plans": "Import"}


class _Recording(terminal.Terminal):
    """A terminal that keeps every byte that came down the line."""

    def __init__(self, *arguments: str) -> None:
        program = Path(sys.executable)
        super().__init__(arguments, program=program, columns=120, lines=40, patience=20)
        self.raw = b""
        recording = self

        class Stream(pyte.ByteStream):
            def feed(self, data: bytes) -> None:
                recording.raw += data
                super().feed(data)

        self._stream = Stream(self._screen)


@pytest.mark.parametrize("place", ["team-access", "consents", "plans"])
def test_a_real_terminal_receives_only_what_draws(
    place: str, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    world = house.world
    given = (str(house.engine.url), str(world.mine), str(world.year), NOW.isoformat(), place)
    with _Recording("-c", _PROGRAM, *given, str(tmp_path)) as line:
        line.wait_for(_FIRST_SHOWN[place])
        for keys in ("\x1b[6~", "\x1b[6~", "\x1b[F", "\x1b[H", "q"):
            line.type(keys)
        assert line.wait_for_end() == 0
    text = _KNOWN.sub(b"", line.raw).decode()
    strange = re.findall(r"[\x1b\x80-\x9f][^\r\n]{0,40}|[\x00-\x07\x0b\x0c\x0e-\x1a\x7f]", text)
    assert not strange, strange[:5]
    assert not [sign for sign in set(text) - set("\r\n\t\x08") if not is_clean(sign)]
    assert not (tmp_path / LOG_NAME).exists(), (tmp_path / LOG_NAME).read_text()
