"""Files made for a person: nobody else's, whole, and in nobody's place."""

import stat
from pathlib import Path

import pytest

from models.language import LANGUAGES
from services.new_files import NotWritten, write_new


def test_a_file_is_its_owners_alone_and_takes_no_others_place(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "place"
    made = [write_new(bytes([n]), folder, "attestations", "pdf") for n in range(3)]
    names = ["attestations.pdf", "attestations-2.pdf", "attestations-3.pdf"]
    assert [path.name for path in made] == names
    assert [path.read_bytes() for path in made] == [b"\x00", b"\x01", b"\x02"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "attestation.part").write_text("somebody else is writing it")
    for folder in (tmp_path / "file", tmp_path):
        with pytest.raises(NotWritten) as refused:
            write_new(b"x", folder, "attestation", "pdf")
        for language in LANGUAGES:
            assert str(folder) in refused.value.wording.text(language)
    assert not (tmp_path / "attestation.pdf").exists()
