"""Where the console runs on somebody else's machine, a file is sent and not named."""

from typing import Any

from sqlalchemy import Engine

from screens.import_by_line import ImportByLineScreen
from screens.import_file import ImportScreen
from screens.workplace import Workplace
from services import school_years
from tests.screens.conftest import MakeApp, settled
from tests.worlds import make_world
from tui.console import places


def workplace(engine: Engine) -> Workplace:
    world = make_world(engine)
    desk = world.director()
    return Workplace(desk, who="A. Lambert", here=desk.read(school_years.here, world.mine))


def test_picture(console: MakeApp, sqlite_engine: Engine, snap_compare: Any) -> None:
    app = console(ImportByLineScreen(workplace(sqlite_engine)), may_write_files=False)
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled)


async def test_it_stands_in_the_place_of_the_import_where_no_file_may_be_named(
    console: MakeApp, sqlite_engine: Engine
) -> None:
    place = workplace(sqlite_engine)
    async with console(ImportByLineScreen(place)).run_test():
        assert isinstance(places(place)["import"](), ImportScreen)
        assert isinstance(places(place, files=False)["import"](), ImportByLineScreen)
