"""Publishing documents, replacing them by newer versions, correcting what is said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from models.language import N_, Wording, current_language, format_day, say
from models.reading_room import DOCUMENT_KINDS
from models.schools import DEFAULT_TIME_ZONE
from models.workshop_dates import local_day
from screens.room_form import (
    PathFormScreen,
    RoomField,
    RoomFormScreen,
    RoomWriting,
    day_fault,
)
from screens.widgets.field import Field
from screens.workplace import Workplace
from screens.workshop_dialogs import content_of
from services import documents
from services.committees import CommitteeRow
from services.document_files import Upload
from services.documents import KIND_WORDS, DocumentFacts, DocumentPage
from services.reading_room_rules import LONGEST_NOTE, LONGEST_TITLE, RoomRefused
from services.workshop_form import day_from

_LONGEST_PATH, _LONGEST_DAY, _LONGEST_STEM = 1_000, 20, 60
_LANGUAGES: list[tuple[str, str | Wording]] = [("fr", say("French")), ("en", say("English"))]
_ENDINGS = N_(
    ".md and .txt are read in the console, every other file is offered for download. "
    "F3 completes the name."
)
_TYPED = N_(
    "Over this connection no file is read: type the text or paste it, with Markdown’s marks if "
    "you like. Files are published on that machine itself: trousseau document publish"
)
#: What is typed into a form and not taken from a file, in characters.
LONGEST_TYPED = 50_000
_NO_NAME = re.compile(r"[\W_]+")


def _fact_fields(facts: DocumentFacts, rows: Sequence[CommitteeRow]) -> list[Field]:
    kinds = [(kind, KIND_WORDS[kind]) for kind in DOCUMENT_KINDS]
    known: list[tuple[str, str | Wording]] = [("", say("of none"))]
    known += [(str(row.id), say("%(title)s", title=row.name)) for row in rows]
    committee = "" if facts.committee_id is None else str(facts.committee_id)
    day = format_day(facts.dated_on)
    return [
        RoomField(
            "title", N_("Title"), facts.title, max_length=LONGEST_TITLE, required=True
        ),
        RoomField("kind", N_("Kind"), facts.kind, options=kinds),
        RoomField(
            "dated_on", N_("Day it bears"), day,
            max_length=_LONGEST_DAY, required=True, check=day_fault,
        ),
        RoomField("committee", N_("Committee"), committee, options=known),
        RoomField("language", N_("Language"), facts.language, options=_LANGUAGES),
    ]  # fmt: skip


def _facts(values: dict[str, str]) -> DocumentFacts:
    day = day_from(values["dated_on"])
    if day is None:
        raise RoomRefused(say("Give a date, as in 15/03/2027."), "dated_on")
    committee = int(values["committee"]) if values["committee"] else None
    return DocumentFacts(values["kind"], values["title"], day, committee, values["language"])


def _upload(values: Mapping[str, str], name: str) -> Upload:
    """Return a file that was named, or the text that was typed, as a file of that name.

    Called in a thread; raises `TrousseauError` in words.
    """
    if "text" in values:
        stem = _NO_NAME.sub("-", name).strip("-")[:_LONGEST_STEM] or "document"
        return Upload(f"{stem}.md", values["text"].encode())
    named = Path(values["file"]).expanduser()
    if not named.is_file():
        raise RoomRefused(say("There is no such file."), "file")
    return Upload(named.name, content_of(named))


class _FileFormScreen(PathFormScreen):
    """A form with a file, or where it is `typed`, with its text."""

    def __init__(
        self, workplace: Workplace, title: str, draft: str, fields: Sequence[Field], typed: bool
    ) -> None:
        source: Field = RoomField("file", N_("File"), max_length=_LONGEST_PATH, required=True)
        if typed:
            source = RoomWriting("text", N_("Text"), max_length=LONGEST_TYPED, required=True)
        ordered = [*fields, source] if typed else [source, *fields]
        draft = f"{draft}-typed" if typed else draft
        super().__init__(workplace, title, draft, ordered, _TYPED if typed else _ENDINGS)

    def field_of(self, meant: str) -> tuple[str, ...]:
        return ("file", "text") if meant == "file" else (meant,)


class PublishScreen(_FileFormScreen):
    """A new document; the result is its identifier."""

    def __init__(
        self,
        workplace: Workplace,
        committees: Sequence[CommitteeRow],
        committee_id: int | None = None,
        *,
        typed: bool = False,
    ) -> None:
        """`committee_id` is whose minutes are being looked at."""
        here, now = workplace.here, workplace.desk.now()
        zone = here.zone if here is not None else ZoneInfo(DEFAULT_TIME_ZONE)
        kind = "official" if committee_id is None else "minutes"
        facts = DocumentFacts(kind, "", local_day(now, zone), committee_id, current_language())
        fields = _fact_fields(facts, committees)
        super().__init__(workplace, N_("Publish a document"), "document", fields, typed)

    def save(self, values: dict[str, str]) -> tuple[Any, Wording]:
        facts, upload = _facts(values), _upload(values, values["title"])
        document = self.desk.write(documents.publish, facts, upload)
        return document, say("Published: every head finds it as unread.")


class ReplaceScreen(_FileFormScreen):
    """A newer version of a document; the result is its number."""

    def __init__(self, workplace: Workplace, page: DocumentPage, *, typed: bool = False) -> None:
        self._page = page
        note = RoomField("note", N_("What is new"), max_length=LONGEST_NOTE)
        draft = f"document-version-{page.id}"
        super().__init__(workplace, N_("New version"), draft, [note], typed)

    def save(self, values: dict[str, str]) -> tuple[Any, Wording]:
        upload = _upload(values, PurePosixPath(self._page.latest.file_name).stem)
        done = self.desk.write(documents.replace, self._page.id, upload, values["note"])
        if not done.is_new:
            return done.number, say(
                "These are the contents of version %(number)s: nothing is new.", number=done.number
            )
        return done.number, say(
            "Version %(number)s is published: every head finds it as unread.", number=done.number
        )


class CorrectDocumentScreen(RoomFormScreen):
    """What is said of a document; whoever has read it has still read it. The result is True."""

    def __init__(
        self, workplace: Workplace, page: DocumentPage, committees: Sequence[CommitteeRow]
    ) -> None:
        self._document = page.id
        facts = DocumentFacts(
            page.kind, page.title, page.dated_on, page.committee_id, page.language
        )
        super().__init__(
            workplace,
            N_("Correct a document"),
            f"document-{page.id}",
            _fact_fields(facts, committees),
        )

    def save(self, values: dict[str, str]) -> tuple[Any, Wording]:
        changed = self.desk.write(documents.correct, self._document, _facts(values))
        return True, say("The correction is saved.") if changed else say("Nothing was different.")
