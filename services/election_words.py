"""What became of a candidate, in words: for a result and for a recount alike."""

from collections.abc import Mapping

from models.language import Wording, say

OUTCOME_WORDS: Mapping[str, Wording] = {
    "elected": say("elected"),
    "tied": say("tied"),
    "not_elected": say("not elected"),
}
