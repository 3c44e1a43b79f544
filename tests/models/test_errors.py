"""Why the system refuses something, in the reader's words."""

import os
from pathlib import Path

import pytest

from models.errors import reason_of


@pytest.mark.parametrize(
    ("name", "english", "french"),
    [
        ("none", "there is no such file or folder", "ce fichier ou ce dossier n’existe pas"),
        ("", "it is a folder", "c’est un dossier"),
        ("n" * 300, "the name is too long", "le nom est trop long"),
        ("file/below", "it is not a folder", "ce n’est pas un dossier"),
        ("round", "its links lead round in a circle", "ses liens tournent en rond"),
    ],
)
def test_what_is_said_most_often_is_in_both_languages(
    tmp_path: Path, name: str, english: str, french: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(OSError) as refused:
        (tmp_path / name).open()
    reason = reason_of(refused.value)
    assert (reason.text("en"), reason.text("fr")) == (english, french)


def test_the_rest_is_the_systems_own_words() -> None:
    error = OSError(63, os.strerror(63))
    assert reason_of(error).text("fr") == os.strerror(63)
    assert reason_of(OSError("strange %s")).text("fr") == "OSError"
