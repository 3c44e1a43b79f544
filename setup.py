"""The one step that pyproject.toml cannot say: the catalogues are compiled when it is built."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithCatalogues(build_py):
    """Build the packages after turning every .po below them into the .mo that gettext reads."""

    def run(self) -> None:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for source in Path("models/locale").glob("*/LC_MESSAGES/*.po"):
            with source.open("rb") as po:
                catalogue = read_po(po)
            with source.with_suffix(".mo").open("wb") as mo:
                write_mo(mo, catalogue)
        super().run()


setup(cmdclass={"build_py": BuildWithCatalogues})
