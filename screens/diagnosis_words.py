"""What a diagnosis shows beside its causes: where somebody stands, evidence, that all is well."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from models.language import N_, Wording, _, say_n
from models.schools import DEFAULT_TIME_ZONE
from screens.facts import told_at
from screens.widgets.reader import Paragraph
from screens.widgets.text import TONES, fit, signed
from services.diagnosis import Diagnosis, Standing
from services.findings import STATUS_WORDS, Evidence

#: Accesses that are told of above the causes; of more there is one line that says so.
_MOST_STANDING = 3
#: No longer name is shown; the rest of one that a source made up tells nobody anything.
_LONGEST_NAME = 120


def evidence_told(evidence: Evidence, zone: ZoneInfo) -> str:
    """Return a piece of evidence with its time in the zone."""
    facts = "  ".join(filter(None, (told_at(evidence.at, zone), evidence.value)))
    if not facts:
        return evidence.label.text()
    return _("%(label)s: %(facts)s") % {"label": evidence.label, "facts": facts}


def all_well(found: Diagnosis) -> Iterator[Paragraph]:
    """Yield what to tell a caller for whom nothing is wrong."""
    for each in found.standing:
        sentence = _TOLD_WELL.get(each.status)
        if sentence is not None and each.since is not None:
            values = {"school": each.school, "at": each.since}
            told = Wording(sentence, values).text()
            yield Paragraph(_("To say: %(words)s") % {"words": told}, "strong", hang=2)


_TOLD_WELL = {
    "active": N_(
        "Your access to %(school)s is active since %(at)s: sign in with your address and your "
        "password."
    ),
    "sent": N_(
        "Your invitation for %(school)s was sent on %(at)s: open it and make your password; look "
        "among the unwanted mails too."
    ),
    "queued": N_(
        "Your invitation for %(school)s was asked for on %(at)s and is about to leave; it does "
        "not depend on you."
    ),
}


class Standings(Widget):
    """Whom or what it is about, and below it where each access stands, a line each."""

    DEFAULT_CSS = "Standings { height: 1; width: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._found: Diagnosis | None = None
        self._zone = ZoneInfo(DEFAULT_TIME_ZONE)

    def show(self, found: Diagnosis, zone: ZoneInfo) -> None:
        if (found, zone) != (self._found, self._zone):
            self._found, self._zone = found, zone
            self.styles.height = len(self._lines)
            self.refresh()

    def language_changed(self) -> None:
        self.refresh()

    @property
    def _lines(self) -> list[str]:
        if self._found is None:
            return [""]
        subject = self._found.subject
        name = subject.text() if isinstance(subject, Wording) else subject
        standing = self._found.standing
        lines = [name[:_LONGEST_NAME], *(self._line(each) for each in standing[:_MOST_STANDING])]
        if len(standing) > _MOST_STANDING:
            more = len(standing) - _MOST_STANDING + 1
            told = say_n("and %(count)s more access", "and %(count)s more accesses", more)
            lines[-1] = told.text()
        return lines

    def _line(self, standing: Standing) -> str:
        # The school comes last: it is what may be cut where the screen is narrow.
        words = STATUS_WORDS[standing.status]
        since = told_at(standing.since, self._zone)
        parts = (signed(words.sign, words.label), since, standing.school)
        return "  ".join(filter(None, parts))

    def render_line(self, y: int) -> Strip:
        width, lines = self.size.width, self._lines
        if y >= len(lines):
            return Strip.blank(width)
        style = TONES["" if y else "strong"]
        return Strip([Segment(fit("   " + lines[y], width), style)], width)
