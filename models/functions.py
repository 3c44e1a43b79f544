"""The functions of staff members: their codes, their order, and how sources write them.

DOMAIN §2 names the nine functions. Sources write them in French, in English, abbreviated,
feminine, inclusive (`enseignant·e`), as a subject's title (`professeur de français`) or as a
role of OneRoster or School Data Sync. What is not recognised stays unknown: it is better to
ask than to give the access of another function.
"""

import re
import unicodedata
from functools import cache, lru_cache

from models.language import Wording, say

#: The codes, in the order in which lists show them.
FUNCTIONS = (
    "principal",
    "deputy_principal",
    "teacher",
    "educator",
    "bursar",
    "principal_secretary",
    "administrative",
    "paramedical",
    "worker",
)

#: Where a function stands in lists; an unknown one comes last.
FUNCTION_RANK = {code: rank for rank, code in enumerate(FUNCTIONS)}

#: Longest text in which a function is looked for, in characters.
LONGEST_TEXT = 200

_LABELS = {
    "principal": say("Principal"),
    "deputy_principal": say("Deputy principal"),
    "teacher": say("Teacher"),
    "educator": say("Educator"),
    "bursar": say("Bursar"),
    "principal_secretary": say("Principal’s secretary"),
    "administrative": say("Administrative staff"),
    "paramedical": say("Paramedical staff"),
    "worker": say("Worker"),
}
_NO_FUNCTION = say("No function known")

_DIRECTOR = r"(?:dir|direct(?:eur|rice|ion|or|eure|rices|eurs))"
_DEPUTY = r"(?:adj|adjt|adjointe?s?|deputy|vice|assistant|sous|faisant office)"
_SECRETARY = r"(?:secr|secretaires?|secretary|secretariat|assistante?s?|sec)"

# The first rule that matches decides, so the narrow ones stand before the wide ones: a
# secretary to the management is not the management, a teaching assistant is no teacher.
_RULES = (
    ("teacher", r"\bpersonnel directeur et enseignant\b"),
    (
        "principal_secretary",
        (
            r"\b(?!assistant (?:director|head\w*|principal)\b)"
            rf"{_SECRETARY}(?: (?:de|du|a|la|le|d|l|to|of|the))*"
            r" (?:dir|directeur|directrice|direction|director|head|headmaster|headmistress"
            r"|headteacher|principal(?= s|$)|chef)\b(?! adj)"
            r"|\b(?:principal|head|headmaster|headteacher|director) s (?:pa|secretary|assistant)\b"
            r"|\b(?:direction|principal) secretary\b|\bexecutive (?:secretary|assistant)\b"
        ),
    ),
    (
        "deputy_principal",
        (
            rf"\b{_DIRECTOR} (?:.* )?{_DEPUTY}\b"
            rf"|\b{_DEPUTY} (?:(?:de|du|a|la|le|au|to|of|the) )*{_DIRECTOR}\b"
            r"|\b(?:deputy|vice|assistant) (?:school )?(?:head|principal|headteacher|headmaster)\b"
            r"|\bdeputy(?: headmistress)?$|\bsousdirect(?:eur|rice)\b|\bproviseure?s?\b"
            r"|\bprincipal(?:e)? adj(?:t|ointe?)?\b"
        ),
    ),
    (
        "bursar",
        r"\beconomes?\b|\beconomat\b|\bbursar\b|\bcomptables?\b|\baccountant\b",
    ),
    (
        "educator",
        r"\bteach(?:er|ing|ers) (?:s )?(?:aide|assistant)s?\b|\bprefete? (?:d|de) \w*(?:educ|disc)",
    ),
    (
        "principal",
        (
            r"(?<!\bdu )(?<!\bau )(?<!\bde la )(?<!\ba la )(?<!\bto the )(?<!\bof )"
            r"\b(?:directeure?s?|directrices?|dir|director)\b(?! technique)"
            r"|^(?:la )?direction\b(?! technique)"
            r"|^chef(?:fe)? (?:d |de l )?(?:etablissement|ecole)\b"
            r"|^prefete?(?: des etudes)?$|^principale?$|^school principal$"
            r"|\bhead ?(?:teacher|master|mistress)\b|\bhead of (?:the )?school\b|^head$"
        ),
    ),
    (
        "teacher",
        (
            r"\b(?:prof|profs|professeure?s?|professors?|enseignante?s?|teachers?|faculty)\b"
            r"|\binst(?:it)?\b|\binstit(?:uteur|utrice)s?\b|\bmaitres?\b|\bmaitresses?\b"
            r"|\bens\b|\binstruct(?:or|eur|rice)\b|\blecturer\b|\bcharge[er]? de cours\b"
            r"|\bchargee de cours\b|\bformat(?:eur|rice)s?\b|\bchef(?:fe)? d atelier\b"
            r"|\badjunct\b|\bsubstitute\b|\btitulaires?\b"
        ),
    ),
    (
        "paramedical",
        (
            r"\bparamedica(?:l|le|ux|ls)\b|\bpuericult(?:eur|rice)s?\b|\binfirmi(?:er|ere)s?\b"
            r"|\blogoped(?:e|es|iste)\b|\borthophonistes?\b|\bkine\w*\b|\bergotherapeutes?\b"
            r"|\bpsycholog(?:ue|ues|ist)\b|\bpsychomotricien(?:ne)?s?\b"
            r"|\bassistante?s? sociale?s?\b"
            r"|\bas social\b|\bnurse\b|\b(?:speech|occupational|physio) ?therapist\b|\btherapist\b"
            r"|\bsocial worker\b|\baide soignante?\b|\bgarde malades?\b|\bmedecin\b"
        ),
    ),
    (
        "educator",
        (
            r"\beduc\b|\beducat(?:eur|rice|eurs|rices|or)\b|\bsurveillante?s?\b|\baide(?:s)?$"
            r"|\bauxiliaires? d education\b|\bproctors?\b|\bcounsell?ors?\b|\bparaprofessional\b"
            r"|\baccompagnat(?:eur|rice)s?\b|\bsecretaire bibliothecaire\b"
        ),
    ),
    (
        "worker",
        (
            r"\bouvri(?:er|ere)s?\b|\bworkers?\b|\bgens de (?:metier|maison)\b|\bconcierges?\b"
            r"|\bentretien\b|\bcuisini(?:er|ere)s?\b|\bchauffeurs?\b|\bjardini(?:er|ere)s?\b"
            r"|\btechnicien(?:ne)?s? de surface\b|\bnettoy(?:eur|euse|age)s?\b|\bcaretaker\b"
            r"|\bjanitor\b|\bcleaner\b|\bcook\b|\bdriver\b|\b(?:femme|homme) de (?:menage|charge)\b"
            r"|\bhomme a tout faire\b|\bcommis de cuisine\b|\bmaintenance\b|\bgardener\b"
        ),
    ),
    (
        "administrative",
        (
            r"\badm(?:in)?\b|\badministrati(?:f|fs|ve|ves|on)\b|\badministrat(?:eur|rice|or|ors)\b"
            r"|\bsecretaires?\b|\bsecretariat\b|\bsecretary\b|\bsecr\b|\bcommis\b|\bclerk\b"
            r"|\bredact(?:eur|rice)s?\b|\bemployee?s?\b|\breceptionn?iste?\b|\bregistrar\b"
            r"|\boffice (?:staff|manager)\b"
        ),
    ),
)


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # Only when a function is looked for: it takes a twentieth of the time to load all tables.
    return tuple((code, re.compile(pattern)) for code, pattern in _RULES)


_CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
# `enseignant(e)`, `enseignant·e`, `enseignant.e`, `directeur/trice`, `éducateur-rice`.
_INCLUSIVE = re.compile(
    r"(?<=\w\w)(?:[·•.‧/-]|\()(?:e|ne|ere|ière|ère|trice|rice|teure|euse)(?:[·•.‧/-]?s)?\)?(?!\w)"
)
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_PREFIX = re.compile(r"^(?:(?:m|mme|mr|mrs|ms|madame|monsieur|la|le|l|ff|f f|faisant fonction"
                     r"|acting|interim|a i)(?: de)? )+")  # fmt: skip


@lru_cache(maxsize=4_096)
def function_from(text: str) -> str | None:
    """Return the code of the function that `text` names, or None when it names none.

    When it names two (`directrice et institutrice`) the one of higher rank is meant. Roles of
    people who are no staff (`student`, `guardian`) give None. OneRoster's `administrator` is
    administrative staff, for that role says nothing of who leads the school; `principal`
    does.
    """
    words = _words(text)
    if not words:
        return None
    for code, pattern in _compiled():
        if pattern.search(words):
            return code
    return None


def function_label(code: str | None) -> Wording:
    """Return the name of a function for people; None says that none is known.

    An unknown code raises `KeyError`.
    """
    return _NO_FUNCTION if code is None else _LABELS[code]


def _words(text: str) -> str:
    """Return lower-case words without accents, endings in both genders or leading titles."""
    spaced = _CAMEL_CASE.sub(" ", text[:LONGEST_TEXT]).casefold().replace("œ", "oe")
    neutral = _INCLUSIVE.sub("", unicodedata.normalize("NFC", spaced))
    decomposed = unicodedata.normalize("NFKD", neutral)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _PREFIX.sub("", _NOT_A_WORD.sub(" ", plain).strip())
