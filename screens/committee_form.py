"""A committee of heads and its members, entered and corrected."""

from __future__ import annotations

from typing import Any

from models.language import N_, Wording, format_day, say
from screens.room_form import RoomField, RoomFormScreen, RoomWriting, day_fault
from screens.workplace import Workplace
from services import committees
from services.committees import CommitteePage, MemberRow, Term
from services.reading_room_rules import LONGEST_TITLE, RoomRefused
from services.workshop_form import day_from

_LONGEST_NAME, _LONGEST_PURPOSE, _LONGEST_DAY = 120, 4_000, 20


class CommitteeFormScreen(RoomFormScreen):
    """Name and purpose; the result is the committee's identifier."""

    def __init__(self, workplace: Workplace, page: CommitteePage | None = None) -> None:
        self._committee = page.id if page is not None else None
        name, purpose = (page.name, page.purpose) if page is not None else ("", "")
        fields = [
            RoomField("name", N_("Name"), name, max_length=_LONGEST_NAME, required=True),
            RoomWriting(
                "purpose", N_("What it is for"), purpose, max_length=_LONGEST_PURPOSE
            ),
        ]  # fmt: skip
        draft = "committee" if page is None else f"committee-{page.id}"
        title = N_("New committee") if page is None else N_("Name and purpose")
        super().__init__(workplace, title, draft, fields)

    def save(self, values: dict[str, str]) -> tuple[Any, Wording]:
        if self._committee is None:
            made = self.desk.write(committees.add, values["name"], values["purpose"])
            return made, say("The committee is known. F8 enters its members.")
        changed = self.desk.write(
            committees.alter, self._committee, values["name"], values["purpose"]
        )
        told = say("The correction is saved.") if changed else say("Nothing was different.")
        return self._committee, told


class MemberFormScreen(RoomFormScreen):
    """A member with the term; the result is its identifier."""

    def __init__(
        self, workplace: Workplace, committee_id: int, member: MemberRow | None = None
    ) -> None:
        self._committee, self._member = committee_id, member
        term = member.term if member is not None else None
        first = format_day(term.first_day) if term else ""
        last = format_day(term.last_day) if term and term.last_day else ""
        fields = [
            RoomField(
                "name", N_("Name"), term.name if term else "",
                max_length=_LONGEST_NAME, required=True,
            ),
            RoomField(
                "school_name", N_("School"), term.school_name if term else "",
                max_length=LONGEST_TITLE,
            ),
            RoomField(
                "function", N_("Function"), term.function if term else "",
                max_length=_LONGEST_NAME,
            ),
            RoomField(
                "first_day", N_("First day"), first,
                max_length=_LONGEST_DAY, required=True, check=day_fault,
            ),
            RoomField(
                "last_day", N_("Last day"), last, max_length=_LONGEST_DAY, check=day_fault
            ),
        ]  # fmt: skip
        draft = f"member-{member.id}" if member else f"committee-{committee_id}-member"
        title = N_("Correct a member") if member else N_("New member")
        hint = N_("Left empty, the last day is open.")
        super().__init__(workplace, title, draft, fields, hint)

    def save(self, values: dict[str, str]) -> tuple[Any, Wording]:
        first, last = day_from(values["first_day"]), day_from(values["last_day"])
        if first is None:
            raise RoomRefused(say("Give a date, as in 15/03/2027."), "first_day")
        election = self._member.term.election_id if self._member else None
        term = Term(
            values["name"], first, last, values["school_name"], values["function"], election
        )
        if self._member is None:
            made = self.desk.write(committees.add_term, self._committee, term)
            return made, say("%(name)s is entered.", name=term.name)
        changed = self.desk.write(committees.change_term, self._member.id, term)
        told = say("The correction is saved.") if changed else say("Nothing was different.")
        return self._member.id, told
