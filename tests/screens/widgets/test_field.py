"""Forms: messages beside the field, drafts kept as they are typed, values made safe."""

from collections.abc import Mapping
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Input

from models.language import Wording, say
from screens.widgets.chrome import KeyBar, TitleBar
from screens.widgets.field import Field, Form
from tests.screens.conftest import MakeApp, screen_text, settled


class Drafts:
    """Keeps drafts in memory."""

    def __init__(self, **forms: Mapping[str, str]) -> None:
        self.kept: dict[str, Mapping[str, str]] = dict(forms)

    def load(self, form: str) -> Mapping[str, str]:
        return self.kept.get(form, {})

    def save(self, form: str, values: Mapping[str, str]) -> None:
        self.kept[form] = values

    def forget(self, form: str) -> None:
        self.kept.pop(form, None)


def _address(value: str) -> Wording | None:
    return None if "@" in value else say("Il manque «\u00a0@\u00a0».")


class FormScreen(Screen[None]):
    def __init__(self, drafts: Drafts | None = None) -> None:
        super().__init__()
        self.saved: list[Mapping[str, str]] = []
        self.form = Form(
            "person",
            Field("surname", "Nom", required=True, max_length=60),
            Field("email", "Adresse e-mail", check=_address, max_length=254),
            Field("language", "Langue", "fr", options=[("fr", "Français "), ("nl", "Nederlands")]),
            Field("password", "Mot de passe", password=True, max_length=64),
            drafts=drafts,
        )

    def compose(self) -> ComposeResult:
        yield TitleBar("Person")
        yield self.form
        yield KeyBar()

    @on(Form.Saved)
    def _keep(self, event: Form.Saved) -> None:
        self.saved.append(event.values)


async def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_saved(
    console: MakeApp,
) -> None:
    screen = FormScreen()
    async with console(screen).run_test() as pilot:
        await pilot.press("tab", *"ann", "f8")
        await settled(pilot)
        assert screen.saved == []
        lines = screen_text(pilot.app).splitlines()
        assert (
            next(line for line in lines if "Adresse" in line).rstrip().endswith("«\u00a0@\u00a0».")
        )
        assert screen.form["surname"].entry.has_focus
        await pilot.press(*"Lambert", "tab", *"@ecole.example", "f8")
        await settled(pilot)
        assert screen.saved[0]["email"] == "ann@ecole.example"
        assert "«" not in screen_text(pilot.app)


async def test_choice_goes_round(console: MakeApp) -> None:
    screen = FormScreen()
    async with console(screen).run_test() as pilot:
        await pilot.press("tab", "tab", "right")
        assert screen.form.values["language"] == "nl"
        await pilot.press("right")
        assert screen.form.values["language"] == "fr"


async def test_draft_is_kept_as_it_is_typed_and_comes_back_without_the_password(
    console: MakeApp,
) -> None:
    drafts = Drafts()
    async with console(FormScreen(drafts)).run_test() as pilot:
        await pilot.press(*"Lambert", "tab", "tab", "right", "tab", *"secret")
        await settled(pilot)
    assert drafts.kept == {"person": {"surname": "Lambert", "email": "", "language": "nl"}}
    screen = FormScreen(drafts)
    async with console(screen).run_test() as pilot:
        await settled(pilot)
        assert screen.form.values == {
            "surname": "Lambert", "email": "", "language": "nl", "password": "",
        }  # fmt: skip
        screen.form.submitted()
        await settled(pilot)
    assert drafts.kept == {}


async def test_what_is_pasted_is_cut_and_made_safe(console: MakeApp) -> None:
    screen = FormScreen()
    async with console(screen).run_test() as pilot:
        box = screen.form["surname"].query_one(Input)
        box.insert_text_at_cursor("\x1b]52;c;x\x07" + "y" * 100_000)
        await settled(pilot)
        assert len(screen.form.values["surname"]) <= 60
        assert "\x1b" not in screen.form.values["surname"]


async def test_what_does_not_fit_is_told_of_and_not_taken(console: MakeApp) -> None:
    screen = FormScreen()
    async with console(screen).run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Lambert")
        screen.form["surname"].entry.post_message(events.Paste("y" * 54))
        await settled(pilot)
        assert screen.form["surname"].value == "Lambert"
        assert "Trop long : 60 au plus" in screen_text(pilot.app).replace("\u00a0", " ")
        screen.form["surname"].entry.post_message(events.Paste("y" * 53))
        await settled(pilot)
        assert screen.form["surname"].value == "Lambert" + "y" * 53
        assert "Trop long" not in screen_text(pilot.app)
        await pilot.press("z")  # what is typed, too
        await settled(pilot)
        assert "Trop long" in screen_text(pilot.app)


def test_picture(console: MakeApp, snap_compare: Any) -> None:
    async def fill(pilot: Any) -> None:
        await pilot.press(*"Lambert", "tab", *"anne.lambert", "f8")
        await settled(pilot)

    assert snap_compare(console(FormScreen()), run_before=fill)


async def test_what_a_field_begins_with_takes_no_drafts_place(console: MakeApp) -> None:
    kept = Drafts(person={"name": "Dupont", "zone": "Europe/London"})

    class Begun(Screen[None]):
        def compose(self) -> ComposeResult:
            zone = Field("zone", "Zone", "Europe/Brussels", max_length=40)
            yield Form("person", Field("name", "Name", max_length=40), zone, drafts=kept)

    async with console(Begun).run_test() as pilot:
        await settled(pilot)
        form = pilot.app.screen.query_one(Form)
        assert form.values == {"name": "Dupont", "zone": "Europe/London"}
    assert kept.kept["person"] == {"name": "Dupont", "zone": "Europe/London"}
