"""Announcing a conference, and correcting what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.language import N_, Wording, say
from models.schools import DEFAULT_TIME_ZONE
from screens.room_form import RoomField, RoomFormScreen, RoomWriting, day_fault
from screens.workplace import Workplace
from services import conferences
from services.conferences import LONGEST_LINK
from services.reading_room_rules import LONGEST_TEXT, LONGEST_TITLE

_LONGEST_DAY, _LONGEST_TIME, _LONGEST_ZONE = 20, 10, 60


class ConferenceFormScreen(RoomFormScreen):
    """A conference; the result is its identifier.

    Without hours whole days are meant, without a last day the first alone.
    """

    def __init__(
        self,
        workplace: Workplace,
        conference_id: int | None = None,
        values: Mapping[str, str] | None = None,
    ) -> None:
        self._conference = conference_id
        here = workplace.here
        zone = here.zone.key if here is not None else DEFAULT_TIME_ZONE
        known = {"time_zone": zone, **(values or {})}

        def line(name: str, label: str, longest: int, **options: Any) -> RoomField:
            return RoomField(name, label, known.get(name, ""), max_length=longest, **options)

        information = known.get("information", "")
        fields = [
            line("title", N_("Title"), LONGEST_TITLE, required=True),
            line("place", N_("Place"), LONGEST_TITLE),
            line("first_day", N_("First day"), _LONGEST_DAY, required=True, check=day_fault),
            line("last_day", N_("Last day"), _LONGEST_DAY, check=day_fault),
            line("begins", N_("Begins each day at"), _LONGEST_TIME),
            line("ends", N_("Ends each day at"), _LONGEST_TIME),
            line("time_zone", N_("Time zone"), _LONGEST_ZONE),
            line("link", N_("Link"), LONGEST_LINK),
            RoomWriting("information", N_("Information"), information, max_length=LONGEST_TEXT),
        ]
        draft = "conference" if conference_id is None else f"conference-{conference_id}"
        title = N_("New conference") if conference_id is None else N_("Correct a conference")
        super().__init__(workplace, title, draft, fields)

    def save(self, values: dict[str, str]) -> tuple[Any, Wording]:
        facts = conferences.facts_from(values)
        if self._conference is None:
            made = self.desk.write(conferences.add, facts)
            return made, say("The conference is announced.")
        changed = self.desk.write(conferences.alter, self._conference, facts)
        told = say("The correction is saved.") if changed else say("Nothing was different.")
        return self._conference, told
