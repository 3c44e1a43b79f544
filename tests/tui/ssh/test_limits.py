"""How sessions are counted: by locks of real processes, and by nothing that stays."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_project import ROOT
from tui.ssh.limits import Limits, NoRoom, limits, seat

_HOLD = """
import sys
from pathlib import Path
from tui.ssh.limits import Limits, seat
with seat(Path(sys.argv[1]), sys.argv[2], Limits(2, 3)):
    print("seated", flush=True)
    sys.stdin.read()
"""


def _hold(folder: Path, person: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder), person], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "seated\n"
    return process


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_one_too_many_is_refused_until_another_has_gone(tmp_path: Path) -> None:
    folder, few = tmp_path / "state", Limits(2, 3)
    first, second = _hold(folder, "a"), _hold(folder, "a")
    with pytest.raises(NoRoom, match="2 session"), seat(folder, "a", few):
        pass
    with seat(folder, "b", few):  # somebody else may
        pass
    third = _hold(folder, "b")
    with pytest.raises(NoRoom, match="monde"), seat(folder, "c", few):
        pass
    _end(first)
    with seat(folder, "a", few):
        pass
    _end(second)
    _end(third)
    assert [path.name for path in folder.iterdir()] == ["sessions"]
    assert (folder / "sessions").stat().st_size == 0


def test_a_folder_that_cannot_be_written_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with seat(tmp_path / "file" / "state", "a", Limits()):
        pass


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "4097", "²", "9" * 30])
def test_a_number_that_cannot_be_meant_leaves_the_usual_one(value: str) -> None:
    assert limits({"TROUSSEAU_SESSIONS_A_PERSON": value, "TROUSSEAU_SESSIONS": "7"}) == Limits(
        in_all=7
    )
