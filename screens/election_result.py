"""The result of an election in words: counts, who is elected, ties told as ties."""

from __future__ import annotations

from collections.abc import Iterator

from models.language import _, ngettext
from screens.facts import indented, section
from screens.widgets.reader import Paragraph
from screens.widgets.text import Tone, number, signed
from services.election_results import CandidateResult, ElectionResult

_OUTCOMES: dict[str, tuple[str, Tone]] = {
    "elected": ("+", "good"),
    "tied": ("=", "warning"),
    "not_elected": (".", ""),
}


def result_paragraphs(result: ElectionResult) -> Iterator[Paragraph]:
    """Yield the result, from who is elected to the digest of the list."""
    yield Paragraph(_("The result"), "strong")
    for each in result.candidates:
        _sign, tone = _OUTCOMES[each.outcome]
        yield Paragraph(f"  {_told(each)}", tone, apart=False)
    yield from indented(_seats(result))
    yield from section(_("The ballots"), _counts(result))
    yield from section(_("Count it yourself"), _recount(result))


def _told(each: CandidateResult) -> str:
    sign, _tone = _OUTCOMES[each.outcome]
    outcome = {
        "elected": _("elected"),
        "tied": _("tied"),
        "not_elected": _("not elected"),
    }[each.outcome]
    told = ngettext(
        "%(name)s: %(count)s vote, %(outcome)s",
        "%(name)s: %(count)s votes, %(outcome)s",
        each.votes,
    ) % {"name": each.candidate.name, "count": number(each.votes), "outcome": outcome}
    return signed(sign, told)


def _seats(result: ElectionResult) -> Iterator[str]:
    if result.tied:
        names = ", ".join(each.candidate.name for each in result.tied)
        told = ngettext(
            "A tie for %(count)s seat between %(names)s. The console does not decide it: the "
            "committee’s own rule does.",
            "A tie for %(count)s seats between %(names)s. The console does not decide it: the "
            "committee’s own rule does.",
            result.tied_seats,
        )
        yield told % {"count": result.tied_seats, "names": names}
    if result.vacant:
        told = ngettext(
            "%(count)s seat stays vacant: nobody else received a vote.",
            "%(count)s seats stay vacant: nobody else received a vote.",
            result.vacant,
        )
        yield told % {"count": result.vacant}


def _counts(result: ElectionResult) -> Iterator[str]:
    share = 100 * result.voters / result.schools if result.schools else 0.0
    values = {
        "voters": number(result.voters),
        "schools": number(result.schools),
        "share": number(share),
    }
    yield _("Turnout: %(voters)s of %(schools)s schools (%(share)s %%)") % values
    named = result.voters - result.blank - result.abstentions
    yield _("With names: %(count)s") % {"count": number(named)}
    yield _("Blank: %(count)s") % {"count": number(result.blank)}
    yield _("Abstentions: %(count)s") % {"count": number(result.abstentions)}


def _recount(result: ElectionResult) -> Iterator[str]:
    yield _("b shows every ballot, and writes them to a file with c.")
    told = _("trousseau election count FILE --seats %(seats)s counts that file, with no database.")
    yield told % {"seats": result.seats}
    yield _("SHA-256 of the list: %(digest)s") % {"digest": result.digest}
    if not result.intact:
        yield _("The list is no longer the one that was published: tell the helpdesk.")
