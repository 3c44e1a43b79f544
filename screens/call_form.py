"""The form of a call's note: who called, what to remember; its draft keeps what was read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from models.language import N_, Wording, say
from screens.commands import bindings
from screens.widgets.field import Field, Form
from screens.widgets.writing import WritingField
from services import calls, drafts
from services.calls import Caller, Seen

#: Under which name a draft keeps what its writer had read.
_SEEN = "seen"
_LONGEST_NUMBER = 5


@dataclass
class DraftKeeper:
    """The draft of a note, with what its writer had read; the screen fills in the fields."""

    drafts: drafts.DraftsOf
    seen: Seen = field(default_factory=lambda: Seen(Caller(), ""))

    def load(self, form: str) -> Mapping[str, str]:
        return {}

    def save(self, form: str, values: Mapping[str, str]) -> None:
        self.drafts.save(form, {**values, _SEEN: json.dumps(values_of(self.seen))})

    def take_up(self, draft: Mapping[str, str]) -> Mapping[str, str]:
        """Return what was typed into a draft, and remember what its writer had read."""
        self.seen = _seen_in_draft(draft.get(_SEEN, ""), self.seen)
        return {name: value for name, value in draft.items() if name != _SEEN}

    def forget(self, form: str) -> None:
        self.drafts.forget(form)


class CallSheet(Form, inherit_bindings=False):
    DEFAULT_CSS = """
    CallSheet Field > .label { width: 14; }
    CallSheet Field > .entry { width: 34; }
    CallSheet WritingField > .entry { width: 1fr; }
    CallSheet Field > .message { width: auto; max-width: 26; }
    CallSheet WritingField, CallSheet WritingField > .entry { height: 3; }
    """
    BINDINGS = [*bindings("form.next", "form.previous")]


def fields(values: Mapping[str, str]) -> list[Field]:
    def value(name: str) -> str:
        return values.get(name, "")

    return [
        Field("surname", N_("Surname"), value("surname"), max_length=calls.LONGEST_NAME),
        Field("first_name", N_("First name"), value("first_name"), max_length=calls.LONGEST_NAME),
        Field(
            "fase_number", N_("FASE number"), value("fase_number"),
            max_length=_LONGEST_NUMBER, check=number_fault,
        ),
        Field("contact", N_("Contact"), value("contact"), max_length=calls.LONGEST_CONTACT),
        WritingField(
            "remarks", N_("Remarks"), value("remarks"), max_length=calls.LONGEST_REMARKS
        ),
    ]  # fmt: skip


def number_fault(text: str) -> Wording | None:
    """Return what is wrong with a FASE number as typed, None where nothing is."""
    fine = text.isascii() and text.isdigit() and not text.startswith("0")
    return None if fine else say("One to five digits")


def _caller(values: Mapping[str, str]) -> Caller:
    number = values["fase_number"]
    return Caller(
        values["surname"], values["first_name"], int(number) if number else None, values["contact"]
    )


def seen_in(values: Mapping[str, str]) -> Seen:
    return Seen(_caller(values), values["remarks"])


def values_of(seen: Seen) -> dict[str, str]:
    """Return a note as its form holds it."""
    caller = seen.caller
    return {
        "surname": caller.surname,
        "first_name": caller.first_name,
        "fase_number": str(caller.fase_number or ""),
        "contact": caller.contact,
        "remarks": seen.remarks,
    }


def _seen_in_draft(kept: str, otherwise: Seen) -> Seen:
    """Return what the writer of a draft had read; `otherwise` where it does not say."""
    try:
        values = {name: str(value) for name, value in json.loads(kept).items()}
        return seen_in(values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return otherwise
