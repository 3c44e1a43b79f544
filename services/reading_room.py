"""The reading room in one list: documents, conferences and committees, searched in one place.

Conferences and committees are few, documents many: a page is put together from the few that
match and from as many documents as it may need. Titles that hold all that is searched for come
before contents, and the newest first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    Integer,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)
from sqlmodel import col

from models.among import among
from models.database import ActorSession
from models.language import Wording, say
from models.prepared import fetch, fetch_value
from models.reading_room import (
    DOCUMENT_KINDS,
    Committee,
    CommitteeMember,
    Conference,
    Document,
    DocumentFile,
    DocumentReading,
    DocumentVersion,
)
from models.text import name_key
from services import documents
from services.reading_room_rules import has_all, local_date, may_manage, own_zone, words_of
from services.team_access import LONGEST_PAGE, Page

#: What the list can be narrowed to, in the order in which it is offered.
KINDS = (*DOCUMENT_KINDS, "conference", "committee")
#: Each kind in words.
KIND_WORDS: dict[str, Wording] = {
    **documents.KIND_WORDS,
    "conference": say("Conference"),
    "committee": say("Committee"),
}
#: Conferences or committees that a list holds at most.
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class RoomQuery:
    """What of the room, searched for what.

    Each word of `text` must occur in title or contents; accents, case and hyphens do not
    matter. `kind` is one of `KINDS`, `unread` leaves documents whose latest version the actor
    has not opened, `committee_id` a committee's minutes and documents. `withdrawn` asks for
    what is withdrawn and for nothing else; only who manages the room finds any.
    """

    text: str = ""
    kind: str | None = None
    unread: bool = False
    committee_id: int | None = None
    withdrawn: bool = False


@dataclass(slots=True)
class RoomRow:
    """One thing of the room: a document (`kind` official or minutes), conference, committee.

    `day` is the document's, the conference's first, or when the committee was published.
    `version` is the number of a document's latest version, 0 for others. `committee` is the
    name of the one that a document is of. `in_title` is False where only the contents hold
    what was searched for.
    """

    kind: str
    id: int
    title: str
    day: date
    unread: bool
    in_title: bool
    version: int
    media: str
    committee: str

    @property
    def is_document(self) -> bool:
        return self.kind in DOCUMENT_KINDS

    @property
    def _place(self) -> tuple[bool, int, int, int]:
        return (not self.in_title, -self.day.toordinal(), KINDS.index(self.kind) // 2, -self.id)


def page(
    session: ActorSession, query: RoomQuery, offset: int, limit: int, *, count: bool = True
) -> Page[RoomRow]:
    """Return a page of the room, at most `LONGEST_PAGE` rows.

    Without `count` the total is not asked for.
    """
    offset, limit = max(0, offset), max(0, min(limit, LONGEST_PAGE))
    asked = _Asked(session, query)
    others = asked.others()
    # Of the rows before a document at most these are none, so it is not far from its place.
    first = max(0, offset - len(others))
    found = [*asked.documents(first, offset + limit - first), *others]
    found.sort(key=lambda row: row._place)
    rows = tuple(found[offset - first : offset - first + limit])
    return Page(rows, asked.count() + len(others) if count else None)


def all_rows(session: ActorSession, query: RoomQuery) -> list[RoomRow]:
    """Return all that a query finds, for a script."""
    asked = _Asked(session, query)
    found = [*asked.documents(0, 2**31 - 1), *asked.others()]
    return sorted(found, key=lambda row: row._place)


def total(session: ActorSession, query: RoomQuery) -> int:
    """Return how many things a query finds."""
    asked = _Asked(session, query)
    return asked.count() + len(asked.others())


def counts(session: ActorSession) -> dict[str, int]:
    """Return how many things of each kind are in the room, zeros too, and `unread` of them."""
    found = {kind: total(session, RoomQuery(kind=kind)) for kind in KINDS}
    return {**found, "unread": unread_documents(session)}


def unread_documents(session: ActorSession) -> int:
    """Return of how many documents the actor has not opened the latest version."""
    return total(session, RoomQuery(unread=True))


class _Asked:
    """One question: its form, of which the statements are kept, and its values."""

    def __init__(self, session: ActorSession, query: RoomQuery) -> None:
        self.session, self.query = session, query
        self.words = words_of(query.text)
        withdrawn = query.withdrawn and may_manage(session)
        kind = query.kind if query.kind in DOCUMENT_KINDS else None
        self.nothing = query.withdrawn and not withdrawn
        self.form = _Form(
            len(self.words), kind, query.unread, query.committee_id is not None, withdrawn
        )
        self.values: dict[str, Any] = {
            "owner": session.actor.owner,
            "kind": kind,
            "committee": query.committee_id,
            **{f"word_{n}": f"%{word}%" for n, word in enumerate(self.words)},
        }
        self._found: dict[int, bool] | None = None

    @property
    def _has_documents(self) -> bool:
        return not self.nothing and self.query.kind in (None, *DOCUMENT_KINDS)

    def _search(self) -> dict[int, bool]:
        """Return the documents in which all words occur, in order, and whether in the title.

        All at once: to count them, or to know the first, takes as long.
        """
        if self._found is None:
            rows = fetch(self.session, _found_by(self.form), self.values)
            self._found = {number: not rank for number, rank in rows}
        return self._found

    def documents(self, offset: int, limit: int) -> list[RoomRow]:
        if not self._has_documents:
            return []
        if not self.words:
            values = {**self.values, "offset": offset, "limit": limit}
            rows = fetch(self.session, _page_of(self.form), values)
            return [_row(row, in_title=True) for row in rows]
        found = self._search()
        wanted = list(islice(found, offset, offset + limit))
        shown = fetch(self.session, _rows_among(), {**self.values, "ids": wanted})
        by_id = {row.id: _row(row, in_title=found[row.id]) for row in shown}
        return [by_id[number] for number in wanted]

    def count(self) -> int:
        if not self._has_documents:
            return 0
        if self.words:
            return len(self._search())
        return fetch_value(self.session, _count_of(self.form), self.values) or 0

    def others(self) -> list[RoomRow]:
        query = self.query
        if self.nothing or query.unread or query.committee_id is not None:
            return []
        found: list[RoomRow] = []
        if query.kind in (None, "conference"):
            found += self._conferences()
        if query.kind in (None, "committee"):
            found += self._committees()
        return found

    def _conferences(self) -> Iterator[RoomRow]:
        rows = fetch(
            self.session, _conferences_of(len(self.words), self.form.withdrawn), self.values
        )
        for row in rows:
            in_title = has_all(self.words, row.title_key)
            yield RoomRow(
                "conference", row.id, row.title, row.first_day, False, in_title, 0, "", ""
            )

    def _committees(self) -> Iterator[RoomRow]:
        """Of committees, the names of members and their schools are searched too."""
        rows = fetch(self.session, _committees_of(self.form.withdrawn), {})
        members = _members(self.session) if self.words and rows else {}
        zone = own_zone(self.session) if rows else None
        for row in rows:
            in_title = has_all(self.words, row.name_key)
            if in_title or has_all(self.words, row.name_key, *members.get(row.id, ())):
                assert zone is not None
                day = local_date(row.published_at, zone)
                yield RoomRow("committee", row.id, row.name, day, False, in_title, 0, "", "")


def _row(row: Any, *, in_title: bool) -> RoomRow:
    return RoomRow(
        row.kind, row.id, row.title, row.dated_on, not row.read, in_title, row.version, row.media,
        row.committee or "",
    )  # fmt: skip


def _members(session: ActorSession) -> dict[int, list[str]]:
    """Return the normal forms of all members and their schools, by committee."""
    found: dict[int, list[str]] = {}
    for row in fetch(session, _all_members(), {}):
        found.setdefault(row.committee_id, []).extend((row.name_key, name_key(row.school_name)))
    return found


# --- statements ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Form:
    """What the statements about documents depend on."""

    words: int
    kind: str | None
    unread: bool
    of_committee: bool
    withdrawn: bool


@lru_cache(maxsize=256)
def _page_of(form: _Form) -> Any:
    offset, limit = (bindparam(name, type_=Integer()) for name in ("offset", "limit"))
    return _narrowed(_rows(), form).order_by(*_newest()).offset(offset).limit(limit)


@cache
def _rows_among() -> Any:
    return _rows().where(among(col(Document.id), "ids"))


def _rows() -> Any:
    return (
        select(  # type: ignore[call-overload]
            Document.kind, Document.id, Document.title, Document.dated_on,
            _read().label("read"), Document.version, DocumentVersion.media,
            col(Committee.name).label("committee"),
        )
        .select_from(Document)
        .join(DocumentVersion, _is_latest())
        .outerjoin(Committee, col(Committee.id) == Document.committee_id)
    )  # fmt: skip


def _newest() -> tuple[Any, Any]:
    return col(Document.dated_on).desc(), col(Document.id).desc()


@lru_cache(maxsize=256)
def _found_by(form: _Form) -> Any:
    places = range(form.words)
    rank: Any = case((and_(*(_named(place) for place in places)), 0), else_=1).label("rank")
    statement = (
        select(Document.id, rank)  # type: ignore[call-overload]
        .select_from(Document)
        .join(DocumentVersion, _is_latest())
        .join(DocumentFile, col(DocumentFile.id) == DocumentVersion.file_id)
        .outerjoin(Committee, col(Committee.id) == Document.committee_id)
        .where(*(or_(_named(n), col(DocumentFile.text_key).like(_word(n))) for n in places))
    )
    return _narrowed(statement, form).order_by(rank, *_newest())


@lru_cache(maxsize=256)
def _count_of(form: _Form) -> Any:
    counted = select(func.count(col(Document.id)).label("n")).select_from(Document)
    if form.unread:
        counted = counted.join(DocumentVersion, _is_latest())
    return _narrowed(counted, form)


def _narrowed(statement: Any, form: _Form) -> Any:
    gone = col(Document.withdrawn_at)
    conditions: list[Any] = [gone.is_not(None) if form.withdrawn else gone.is_(None)]
    if form.kind is not None:
        conditions.append(col(Document.kind) == bindparam("kind", type_=String()))
    if form.of_committee:
        conditions.append(col(Document.committee_id) == bindparam("committee", type_=Integer()))
    if form.unread:
        conditions.append(~_read())
    return statement.where(*conditions)


def _is_latest() -> Any:
    version = DocumentVersion
    return and_(
        col(version.document_id) == Document.id, col(version.number) == col(Document.version)
    )


def _read() -> Any:
    return exists(
        select(col(DocumentReading.id)).where(
            col(DocumentReading.version_id) == DocumentVersion.id,
            col(DocumentReading.owner) == bindparam("owner", type_=String()),
        )
    )


def _word(place: int) -> Any:
    return bindparam(f"word_{place}", type_=String())


def _named(place: int) -> Any:
    """SQL: the title, or the name of the committee that a document is of, has a word."""
    word = _word(place)
    of_committee = func.coalesce(col(Committee.name_key), "").like(word)
    return or_(col(Document.title_key).like(word), of_committee)


@cache
def _conferences_of(words: int, withdrawn: bool) -> Any:
    row = Conference
    gone = col(row.withdrawn_at)
    found = (
        or_(col(row.title_key).like(_word(n)), col(row.text_key).like(_word(n)))
        for n in range(words)
    )
    return (
        select(row.id, row.title, row.title_key, row.first_day)  # type: ignore[call-overload]
        .where(gone.is_not(None) if withdrawn else gone.is_(None), *found)
        .order_by(col(row.first_day).desc(), col(row.id).desc())
        .limit(_MOST)
    )


@cache
def _committees_of(withdrawn: bool) -> Any:
    row, gone = Committee, col(Committee.withdrawn_at)
    return (
        select(row.id, row.name, row.name_key, row.published_at)  # type: ignore[call-overload]
        .where(gone.is_not(None) if withdrawn else gone.is_(None))
        .order_by(col(row.name_key), col(row.id))
        .limit(_MOST)
    )


@cache
def _all_members() -> Any:
    row = CommitteeMember
    return select(row.committee_id, row.name_key, row.school_name).where(  # type: ignore[call-overload]
        col(row.removed_at).is_(None)
    )
