"""Asking for a workshop: each message beside its field, and what follows while one types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message

from models.language import N_, Wording, _, format_day, say, say_n
from models.public_holidays import public_holidays
from models.workshop_dates import DELIVERY_TYPES, DayShown, local_day
from models.workshops import PROGRAMMES
from screens.commands import bindings
from screens.confirm import ConfirmScreen
from screens.doorway import MailQueued
from screens.widgets.chrome import KeyBar, Sentence, TitleBar
from screens.widgets.deeds import DeedScreen
from screens.widgets.field import Choice, Field, Form
from screens.widgets.reader import Paragraph, Reader
from screens.widgets.text import Tone
from screens.workplace import Workplace
from screens.workshop_calendar import plan_paragraphs, told_day
from services import drafts, workshop_form, workshops
from services.workshop_form import (
    CATEGORY_LABELS,
    LANGUAGE_LABELS,
    LONGEST,
    FieldMessage,
    FormCheck,
    FormPlace,
    FormRefused,
    day_from,
)
from services.workshops import (
    LONGEST_REASON,
    Cancellation,
    ChargeNotConfirmed,
    LateNotConfirmed,
    Submitted,
)

_TO_CHOOSE: list[tuple[str, str | Wording]] = [("", say("to choose"))]
_LABELS = {
    "programme": N_("Programme"),
    "category": N_("Category"),
    "title": N_("Title"),
    "language": N_("Language"),
    "delivery_type": N_("Delivery"),
    "first_day": N_("First day"),
    "begins": N_("Begins each day at"),
    "ends": N_("Ends each day at"),
    "time_zone": N_("Time zone"),
    "people": N_("Participants"),
    "further_schools": N_("Further schools, FASE"),
    "support_name": N_("Technical support"),
    "support_contact": N_("Reached by"),
    "contact_name": N_("Contact"),
    "contact_email": N_("E-mail of the contact"),
    "remarks": N_("Remarks"),
    "reason": N_("Reason of the change"),
}
#: The values of these take the whole line, and their messages the next ones.
_WIDE = ("category", "title", "delivery_type", "remarks", "reason")
#: The messages of these may be as many as stand nowhere but below, on lines of their own.
_BELOW = ("first_day",)
_SIGNS = {"error": "!", "warning": "~", "": "+"}


class RequestField(Field):
    """A field that is told what to say beside it: the form is checked as a whole."""

    DEFAULT_CSS = """
    RequestField { height: auto; }
    RequestField > .line { width: 46; height: 1; }
    RequestField .label { width: 22; height: 1; padding: 0; }
    RequestField .entry { width: 1fr; height: 1; }
    RequestField > .message {
        width: 1fr; height: auto; padding: 0 0 0 2; color: ansi_default; display: none;
    }
    RequestField > .message.-error { color: ansi_red; display: block; }
    RequestField > .message.-warning { color: ansi_yellow; display: block; }
    RequestField > .message.-told { display: block; }
    RequestField.-whole, RequestField.-below { layout: vertical; }
    RequestField.-whole > .line { width: 1fr; }
    RequestField.-whole > .message, RequestField.-below > .message {
        width: 1fr; max-width: 100%; padding: 0 0 0 2;
    }
    """

    def compose(self) -> ComposeResult:
        with Horizontal(classes="line"):
            yield self._label
            yield self.entry
        yield self._message

    @on(events.Resize)
    def keep_in_sight(self) -> None:
        """Where somebody is in this field, show its message, too, which may have grown."""
        if self.entry.has_focus:
            self.scroll_visible(animate=False)

    def complain(self, message: Wording | None) -> None:
        """Leave what stands there: `tell` follows at once."""

    def tell_limit(self, complaint: Wording) -> None:
        self.tell("error", say("%(first)s %(second)s", first=_SIGNS["error"], second=complaint))

    def problem(self) -> Wording | None:
        return None

    def tell(self, level: str, message: Wording | None) -> None:
        """Show a message of a level (error, warning, told), or none."""
        for each in ("error", "warning", "told"):
            self._message.set_class(message is not None and each == level, f"-{each}")
        super().complain(message)


class _Request(Form, inherit_bindings=False):
    """The fields; F8 sends the request as a whole."""

    DEFAULT_CSS = """
    _Request { margin-top: 0; }
    """
    BINDINGS = [*bindings("form.next", "form.previous")]


@dataclass(frozen=True)
class _Kept:
    """The draft under its own name. What it holds is filled in by the screen, with the rest."""

    drafts: drafts.DraftsOf
    name: str

    def load(self, form: str) -> Mapping[str, str]:
        return {}

    def save(self, form: str, values: Mapping[str, str]) -> None:
        self.drafts.save(self.name, values)

    def forget(self, form: str) -> None:
        self.drafts.forget(self.name)


class WorkshopRequestScreen(DeedScreen[int | None]):
    """The form; the result is the workshop that was asked for, None where it was left.

    It is for the school `school_id`, by default the one that somebody works in. `replaces` is
    a workshop that this request takes the place of: its values are there at first, and it is
    cancelled in the same step. `first_day` is a day chosen elsewhere.
    """

    DEFAULT_CSS = """
    WorkshopRequestScreen > VerticalScroll { height: 1fr; scrollbar-size: 0 0; }
    WorkshopRequestScreen > #where { height: 1; text-style: bold; }
    WorkshopRequestScreen > #follows { height: 10; }
    WorkshopRequestScreen.-narrow > #follows { height: 8; }
    WorkshopRequestScreen.-narrow _Request { padding: 0 1; }
    WorkshopRequestScreen.-narrow RequestField { layout: vertical; }
    WorkshopRequestScreen.-narrow RequestField > .line { width: 1fr; }
    WorkshopRequestScreen.-narrow RequestField > .message {
        width: 1fr; max-width: 100%; padding: 0 0 0 2;
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    BINDINGS = [*bindings("request.send", "request.calendar", "app.back")]
    AUTO_FOCUS = ""

    @dataclass
    class _Opened(Message):
        place: FormPlace
        values: dict[str, str]

    @dataclass
    class _Costs(Message):
        cost: Cancellation

    @dataclass
    class _Sent(Message):
        submitted: Submitted

    def __init__(
        self,
        workplace: Workplace,
        school_id: int | None = None,
        *,
        replaces: int | None = None,
        first_day: date | None = None,
    ) -> None:
        super().__init__()
        self._workplace, self._desk = workplace, workplace.desk
        self._replaces = replaces
        self._first_day = first_day
        here = workplace.here
        self._school_id = school_id or (here.school_id if here is not None else None)
        self._draft = workshops.draft_name(replaces)
        self._place: FormPlace | None = None
        self._check: FormCheck | None = None
        self._typed: set[str] = set()
        self._left: set[str] = set()
        self._tried = False
        self._charge_told = False
        place = N_("Ask for a workshop") if replaces is None else N_("Replace a request")
        self._bar = TitleBar(place, *workplace.title)
        keeper = _Kept(drafts.DraftsOf(self._desk), self._draft)
        self._form = _Request("workshop", *self._fields(), drafts=keeper)
        self._where = Sentence("", id="where")
        self._reader = Reader([Paragraph(_("A date shows here what follows from it."), "quiet")])
        self._reader.id = "follows"

    def _fields(self) -> list[Field]:
        programmes = [(code, say("%(names)s", names=code)) for code in PROGRAMMES]
        choices: dict[str, list[tuple[str, str | Wording]]] = {
            "programme": [*_TO_CHOOSE, *programmes],
            "category": [*_TO_CHOOSE, *((str(n), label) for n, label in CATEGORY_LABELS.items())],
            "language": [*_TO_CHOOSE, *LANGUAGE_LABELS.items()],
            "delivery_type": [(each.code, each.label) for each in DELIVERY_TYPES],
        }
        names = [*workshop_form.FIELDS, *(["reason"] if self._replaces is not None else [])]
        longest = {**LONGEST, "reason": LONGEST_REASON}
        fields: list[Field] = []
        for name in names:
            field = RequestField(
                name, _LABELS[name], max_length=longest[name], options=choices.get(name, ())
            )
            field.set_class(name in _WIDE, "-whole")
            field.set_class(name in _BELOW, "-below")
            fields.append(field)
        return fields

    def compose(self) -> ComposeResult:
        yield self._bar
        with VerticalScroll(can_focus=False):
            yield self._form
        yield self._where
        yield self._reader
        yield KeyBar()

    def on_mount(self) -> None:
        self._form["programme"].entry.focus()
        self.attempt(self._open, "open")

    def language_changed(self) -> None:
        self._look()

    # Opening

    def _open(self) -> None:
        place, values = self._desk.read(workshops.beginning, self._school_id, self._replaces)
        values = {**values, **drafts.DraftsOf(self._desk).load(self._draft)}
        today = local_day(self._desk.now(), place.zone)
        for year in (today.year, today.year + 1):  # looked up with each key, and loaded once
            public_holidays(place.zone.key, year)
        self.post_message(self._Opened(place, values))

    @on(_Opened)
    def _fill(self, message: _Opened) -> None:
        message.stop()
        values = message.values
        if self._first_day is not None:
            values = {**values, "first_day": format_day(self._first_day)}
        with self.prevent(Field.Edited):
            for name in values.keys() - self._typed:
                if name in _LABELS and (name != "reason" or self._replaces is not None):
                    self._form[name].value = values[name]
        begun = workshop_form.empty(message.place)
        self._left |= {name for name, value in values.items() if value and value != begun.get(name)}
        self._place = message.place
        self._bar.show(school=message.place.school)
        self._look()

    # While somebody types

    @on(Field.Edited)
    def _edited(self, event: Field.Edited) -> None:
        event.stop()
        self._typed.add(event.field.key)
        self._look()

    @on(events.DescendantBlur)
    def _was_left(self, event: events.DescendantBlur) -> None:
        parent = event.widget.parent
        field = parent.parent if parent is not None else None
        if isinstance(field, RequestField) and field.key not in self._left:
            self._left.add(field.key)
            self._tell(field)

    @on(events.DescendantFocus)
    def _tell_where(self) -> None:
        """Tell which field one is in, for not all are in sight, and how many still lack."""
        fields = list(self.query(RequestField))
        place = next((n for n, field in enumerate(fields, 1) if field.entry.has_focus), 0)
        check = self._check
        if place and check is not None:
            wrong = {each.field for each in check.messages if each.level == "error"}
            told = say(
                "Field %(place)s of %(count)s. Still to fill in or correct: %(wrong)s.",
                place=place,
                count=len(fields),
                wrong=len(wrong),
            )
            self._where.show(told)
            fields[place - 1].keep_in_sight()

    @on(events.Resize)
    def _keep_place(self) -> None:
        for field in self.query(RequestField):
            self.call_after_refresh(field.keep_in_sight)

    def _look(self) -> None:
        """Check the whole form, and tell it beside the fields and below."""
        if self._place is None:
            return
        self._check = workshop_form.check(self._form.values, self._place, self._desk.now())
        for field in self.query(RequestField):
            self._tell(field)
        self._tell_where()
        self._reader.show(list(self._follows(self._check)))

    def _tell(self, field: RequestField) -> None:
        level, told = self._beside(field)
        sign = _SIGNS.get(level, _SIGNS[""])
        field.tell(level, say("%(first)s %(second)s", first=sign, second=told) if told else None)

    def _beside(self, field: RequestField) -> tuple[str, Wording | None]:
        """Return what stands beside a field now: what is wrong, to be minded, or follows."""
        check = self._check
        if check is None:
            return "", None
        messages = check.beside(field.key)
        errors = [each for each in messages if each.level == "error"]
        if errors and isinstance(field.entry, Choice) and not field.value:
            return "error", say("To be chosen with Space.") if self._shows_errors(field) else None
        if errors:
            return "error", _joined(errors) if self._shows_errors(field) else None
        warnings = [each for each in messages if not _is_verdict(each, check)]
        if field.key == "first_day" and check.date_check is not None:
            level = "warning" if check.late or warnings else "told"
            sentences = [each.sentence for each in warnings]
            return level, reduce(_and, [_about_day(check), *sentences])
        if warnings:
            return "warning", _joined(warnings)
        if field.key == "time_zone" and self._is_elsewhere(check):
            return "told", _at_school(check.shown[0])
        return "", None

    def _shows_errors(self, field: RequestField) -> bool:
        """Whether a field is finished, as far as one knows: nobody is corrected while typing."""
        chosen = isinstance(field.entry, Choice) and bool(field.value)
        return self._tried or chosen or field.key in self._left

    def _is_elsewhere(self, check: FormCheck) -> bool:
        if not check.shown or self._place is None:
            return False
        zone = workshop_form.zone_from(self._form["time_zone"].value)
        return zone is not None and zone.key != self._place.zone.key

    def _follows(self, check: FormCheck) -> Iterator[Paragraph]:
        """Yield the verdict on the date and the whole plan."""
        if check.date_check is None or check.plan is None:
            yield Paragraph(_("A date shows here what follows from it."), "quiet")
            return
        tones: dict[str, tuple[str, Tone]] = {
            "in_time": ("+", "good"), "late": ("!", "warning"), "past": ("x", "error"),
        }  # fmt: skip
        sign, tone = tones[check.date_check.verdict]
        yield Paragraph(f"{sign} {check.date_check.sentence}", tone)
        yield from plan_paragraphs(check.plan, check.date_check.today)
        if self._is_elsewhere(check):
            yield Paragraph(_("By the clocks of the school:"), "strong", apart=False)
            for day in check.shown:
                yield Paragraph(f"   {_told_hours(day)}", apart=False)

    # The calendar

    def action_calendar(self) -> None:
        from screens.workshop_calendar import WorkshopCalendarScreen

        day = day_from(self._form["first_day"].value)
        screen = WorkshopCalendarScreen(self._workplace, day, choosing=True)
        self.app.push_screen(screen, self._take_day)

    def _take_day(self, day: date | None) -> None:
        if day is not None:
            self._form["first_day"].value = format_day(day)
            self._form["first_day"].entry.focus()

    # Sending

    def action_send(self) -> None:
        self._tried = True
        self._look()
        check = self._check
        if check is None:
            return
        if check.request is None:
            self._go_to_first_error(check)
        elif self._replaces is not None:
            self.attempt(partial(self._foresee, self._replaces))
        else:
            self._ask(check, None)

    def _go_to_first_error(self, check: FormCheck) -> None:
        wrong = {each.field for each in check.messages if each.level == "error"}
        first = next((name for name in workshop_form.FIELDS if name in wrong), None)
        if first is not None:
            self._form[first].entry.focus()
        told = say_n(
            "%(count)s field is missing or wrong: see beside it.",
            "%(count)s fields are missing or wrong: see beside them.",
            len(wrong),
        )
        self.app.notify(told.text(), severity="warning", markup=False)

    def _foresee(self, replaced: int) -> None:
        self.post_message(self._Costs(self._desk.read(workshops.cancellation, replaced)))

    @on(_Costs)
    def _ask_replacing(self, message: _Costs) -> None:
        message.stop()
        if self._check is not None and self._check.request is not None:
            self._ask(self._check, message.cost)

    def _ask(self, check: FormCheck, cost: Cancellation | None) -> None:
        """Ask whether the request is to go, with what was read of its date and its cost."""
        assert check.request is not None and check.date_check is not None
        question = say(
            "Send the request for “%(title)s”, first day %(day)s?",
            title=check.request.title,
            day=check.request.school_day,
        )
        told = [check.date_check.sentence]
        if check.late:
            told.append(say("Yes means that you have read this and ask all the same."))
        if cost is not None:
            told.append(say("The former request is cancelled in the same step."))
            told.append(cost.sentence)
        title = say("Late request") if check.late else say("Send the request")
        confirmed = partial(self._send, late=check.late, charge=cost is not None and cost.charged)
        self.app.push_screen(
            ConfirmScreen(title, question, reduce(_and, told)),
            lambda yes: confirmed() if yes else None,
        )

    def _send(self, *, late: bool, charge: bool) -> None:
        self._charge_told = charge
        work = partial(self._submit, dict(self._form.values), late, charge)
        self.attempt(work, "send")

    def _submit(self, values: dict[str, str], late: bool, charge: bool) -> None:
        reason = values.pop("reason", "")
        if self._replaces is not None:
            sent = self._desk.write(
                workshops.replace,
                self._replaces,
                values,
                confirm_late=late,
                confirm_charge=charge,
                reason=reason,
            )
        else:
            assert self._place is not None
            sent = self._desk.write(
                workshops.submit, self._place.school_id, values, confirm_late=late
            )
        self.post_message(self._Sent(sent))

    @on(_Sent)
    def _tell_sent(self, message: _Sent) -> None:
        message.stop()
        self._form.submitted()
        self.app.post_message(MailQueued())
        told = _("Sent: %(reference)s. The workshop office and the contact are told by e-mail.")
        self.app.notify(told % {"reference": message.submitted.reference}, markup=False)
        self.dismiss(message.submitted.workshop_id)

    def failed(self, error: Exception) -> None:
        """Ask again where the day or the cost has changed since it was read; else tell."""
        if isinstance(error, LateNotConfirmed | ChargeNotConfirmed):
            self._ask_again(error)
            return
        if isinstance(error, FormRefused):
            self._look()
        super().failed(error)

    def _ask_again(self, error: LateNotConfirmed | ChargeNotConfirmed) -> None:
        charge = self._charge_told or isinstance(error, ChargeNotConfirmed)
        late = isinstance(error, LateNotConfirmed) or bool(self._check and self._check.late)
        question = say("This has changed since you looked. Send the request all the same?")
        self.app.push_screen(
            ConfirmScreen(Wording(error.heading), question, error.wording),
            lambda yes: self._send(late=late, charge=charge) if yes else None,
        )


def _is_verdict(message: FieldMessage, check: FormCheck) -> bool:
    """Whether a message is the sentence about the date, which stands below in full."""
    return check.date_check is not None and message.sentence == check.date_check.sentence


def _about_day(check: FormCheck) -> Wording:
    """Return the second day, and in short whether the first can be asked for in time."""
    assert check.date_check is not None
    second = check.date_check.second_day
    if check.late:
        return say("and %(second)s. Late: to be confirmed.", second=second)
    return say_n(
        "and %(second)s. In time, %(count)s day left.",
        "and %(second)s. In time, %(count)s days left.",
        check.date_check.days_left,
        second=second,
    )


def _at_school(day: DayShown) -> Wording:
    begins, ends = f"{day.begins:%d/%m %H:%M}", f"{day.ends:%d/%m %H:%M}"
    return say("By the school’s clocks %(begins)s to %(ends)s", begins=begins, ends=ends)


def _told_hours(day: DayShown) -> str:
    return f"{told_day(day.begins.date())} {day.begins:%H:%M} – {_ends(day)}"


def _ends(day: DayShown) -> str:
    if day.ends.date() == day.begins.date():
        return f"{day.ends:%H:%M}"
    return f"{told_day(day.ends.date())} {day.ends:%H:%M}"


def _joined(messages: Sequence[FieldMessage]) -> Wording:
    return reduce(_and, [message.sentence for message in messages])


def _and(first: Wording, second: Wording) -> Wording:
    return say("%(first)s %(second)s", first=first, second=second)
