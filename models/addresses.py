"""E-mail addresses: what is accepted, how two are compared, and probable typing errors.

An address is checked where it enters and never repaired in silence, for mail libraries
rewrite what they do not understand and send to somebody else (FACTS, "Mail").
"""

import re
import unicodedata
from functools import lru_cache

from models.language import Wording, say
from models.text import is_clean

#: Longest address, in octets (RFC 5321 §4.5.3.1.3, less the angle brackets).
LONGEST_ADDRESS = 254
#: Longest part before the @, in octets (RFC 5321 §4.5.3.1.1).
LONGEST_LOCAL_PART = 64

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])"
)


class AddressError(ValueError):
    """The text is not one e-mail address. `wording` says why, without repeating the text."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording.message)
        self.wording = wording


def parse_address(text: str) -> str:
    """Return the one address that `text` holds, in the form in which it is stored and shown.

    Blanks at the ends go, the domain becomes lower-case and Unicode, the part before the @
    stays as written. No display name, comment, quotes, list, space or control character is
    accepted, and no name is looked up. Raises `AddressError`.
    """
    address = text.strip()
    if len(address) <= LONGEST_ADDRESS and _PLAIN.fullmatch(address):
        local, _, domain = address.partition("@")
        if len(local) <= LONGEST_LOCAL_PART:
            domain = domain.lower()
            if "xn--" not in domain:
                return f"{local}@{domain}"
    reason = _what_is_wrong(address)
    if reason is not None:
        raise AddressError(reason)
    return _parse_international(address)


def needs_smtputf8(address: str) -> bool:
    """Tell whether only a server with SMTPUTF8 can take this address (RFC 6531)."""
    return not address.rpartition("@")[0].isascii()


def to_ascii(address: str) -> str:
    """Return a parsed address as SMTP takes it: the domain as A-labels."""
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    return f"{local}@{_a_labels(domain)}"


def address_key(address: str) -> str:
    """Return the form in which parsed addresses are compared: no case, A-label domain."""
    if address.isascii():
        return address.lower()
    local, _, domain = address.rpartition("@")
    return f"{unicodedata.normalize('NFC', local.casefold())}@{_a_labels(domain.lower())}"


def _what_is_wrong(address: str) -> Wording | None:
    """Return the reason for refusal that can be told exactly, or None when none was found."""
    if not address:
        return say("The e-mail address is missing.")
    if len(address.encode("utf-8", "replace")) > LONGEST_ADDRESS:
        return say("The e-mail address is longer than 254 characters.")
    if not is_clean(unicodedata.normalize("NFC", address)):
        return say("The e-mail address contains an invisible or control character.")
    if address.count("@") > 1 or any(c in address for c in ",;"):
        return say("Give one e-mail address only.")
    if any(c in address for c in '<>()[]"\\:'):
        return say("Give the e-mail address alone, without name, brackets, quotes or comment.")
    if any(c.isspace() for c in address):
        return say("The e-mail address contains a space.")
    if "@" not in address:
        return say("The e-mail address has no @.")
    return _what_is_wrong_in_parts(*address.split("@"))


def _what_is_wrong_in_parts(local: str, domain: str) -> Wording | None:
    if not local:
        return say("The e-mail address has nothing before the @.")
    if len(local.encode("utf-8", "replace")) > LONGEST_LOCAL_PART:
        return say("The part before the @ is longer than 64 characters.")
    if "." not in domain.strip("."):
        return say("The part after the @ is not complete: it needs a name, a dot and an ending.")
    if ".." in f".{local}.@" or ".." in f".{domain}.":
        return say("The e-mail address has a dot too many.")
    last = domain.rpartition(".")[2]
    if len(last) < 2 or last.isdigit():
        return say("No address ends in “.%(ending)s”.", ending=last)
    return None


def _parse_international(address: str) -> str:
    """Check what is left to check: letters beyond ASCII, and A-labels to show as Unicode."""
    # Imported late: most addresses never come here, and the import costs a start-up.
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise AddressError(
            say("This is not an e-mail address: it contains characters that none may have.")
        ) from None
    if len(to_ascii(checked.normalized)) > LONGEST_ADDRESS:
        raise AddressError(say("The e-mail address is longer than 254 characters."))
    return checked.normalized


@lru_cache(maxsize=1_024)
def _a_labels(domain: str) -> str:
    import idna

    return idna.encode(domain, uts46=True).decode("ascii")


# --- Probable typing errors (DOMAIN §5, 6) ---

# Endings under which each provider really gives addresses, the likelier first. An address in
# any of these domains is never called an error.
_PROVIDERS = {
    "gmail": "com",
    "hotmail": "com be fr nl de it es co.uk ch ca se no dk fi gr pt at com.tr com.br com.ar co.jp",
    "outlook": "com be fr de it es pt dk cz gr at ie hu lv sk jp kr ph sa com.br com.tr com.ar"
    " com.au com.vn com.pe cl co.id co.il co.th in my sg",
    "yahoo": "fr com be co.uk de it es ca nl ie se dk no fi pl pt ro gr ch at com.br com.ar"
    " com.mx com.au com.tr com.vn co.in co.jp co.id co.za co.nz com.hk com.sg com.ph in",
    "live": "be fr com nl de it co.uk ca se no dk ie at com.pt com.mx com.ar com.au cn jp cl",
    "icloud": "com",
    "skynet": "be",
    "proximus": "be com",
    "telenet": "be",
    "voo": "be",
    "scarlet": "be",
    "brutele": "be",
    "belgacom": "net be",
    "orange": "fr be com net",
    "wanadoo": "fr be nl es",
    "laposte": "net fr",
    "free": "fr",
    "sfr": "fr",
    "numericable": "fr be",
    "bbox": "fr",
    "segec": "be",
    "enseignement": "be",
    "uclouvain": "be",
}
_WELL_KNOWN = tuple(
    f"{name}.{ending}" for name, endings in _PROVIDERS.items() for ending in endings.split()
)
# Real domains of one typing error's distance, and others that people really use.
_OTHERS = (
    "mail.com email.com ymail.com rocketmail.com fastmail.com googlemail.com hushmail.com"
    " mail.be mail.fr email.fr gmx.net gmx.com gmx.de gmx.fr gmx.at gmx.ch gmx.be web.de"
    " msn.com me.com mac.com aol.com aol.fr aim.com proton.me protonmail.com pm.me"
    " protonmail.ch tutanota.com tuta.com tuta.io zoho.com zoho.eu yandex.com yandex.ru"
    " base.be edpnet.be dommel.be tiscali.be tvcablenet.be ulb.be ulb.ac.be vub.be ulg.ac.be"
    " uliege.be student.uliege.be umons.ac.be unamur.be fundp.ac.be ucl.ac.be ugent.be"
    " kuleuven.be cfwb.be ens.irisnet.be swing.be arcor.de t-online.de libero.it"
    " ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl pt.lu vo.lu internet.lu education.lu"
    " bluewin.ch videotron.ca neuf.fr aliceadsl.fr cegetel.net club-internet.fr"
)
_REAL = frozenset((*_WELL_KNOWN, *_OTHERS.split()))
# Endings that do not exist; each is what comes of typing the other too fast.
_NO_ENDINGS = {
    wrong: right
    for right, all_wrong in {
        "com": "con cmo ocm vom xom cim cpm coom comm ccom conm copm comn cok clm",
        "be": "b bbe bee",
        "fr": "f frr ffr fre",
        "net": "nte nett nnet ner",
        "org": "ogr orgg prg",
    }.items()
    for wrong in all_wrong.split()
}
_USUAL_ENDINGS = frozenset(
    ("com", "be", "fr", "net", "org", "eu", "nl", "de", "lu", "uk", "it", "es", "ch", "edu")
)
# Providers that own their name under every ending, so that another ending is an error.
_ALONE_WITH_THEIR_NAME = frozenset(("gmail", "icloud", "hotmail", "outlook", "yahoo"))
# In shorter names than this, too many real ones lie one letter apart ...
_SHORTEST_NAME = 5
# ... and in these, too many differ in the first letter alone (`gmail`, `email`, `ymail`).
_FIRST_LETTER_COUNTS = 6


def likely_typing_error(address: str, known_domains: frozenset[str] = frozenset()) -> str | None:
    """Return the address that was probably meant, or None when nothing looks mistyped.

    Only the domain is judged: one letter wrong, missing, doubled or swapped with regard to a
    common provider or one of `known_domains` (lower-case, those of the schools), or an ending
    that does not exist. A domain that is itself known is never called an error.
    """
    local, _, domain = address.rpartition("@")
    meant = _meant_domain(domain.lower(), known_domains)
    return f"{local}@{meant}" if local and meant else None


@lru_cache(maxsize=4_096)
def _meant_domain(domain: str, known: frozenset[str]) -> str | None:
    name, _, ending = domain.rpartition(".")
    if not name or domain in _REAL or domain in known:
        return None
    right_ending = _NO_ENDINGS.get(ending)
    if right_ending is None:
        return _nearest(domain, known)
    mended = f"{name}.{right_ending}"
    if mended in _REAL or mended in known:
        return mended
    return _nearest(mended, known) or mended


def _nearest(domain: str, known: frozenset[str]) -> str | None:
    """Return the first well-known domain that one typing error turns into `domain`."""
    name, _, ending = domain.rpartition(".")
    if name in ("gmail", "icloud"):
        return f"{name}.com"
    for candidate in (*_WELL_KNOWN, *sorted(known)):
        if _one_slip(domain, candidate):
            its_name, _, its_ending = candidate.rpartition(".")
            if ending != its_ending:
                if name in _ALONE_WITH_THEIR_NAME or ending not in _USUAL_ENDINGS:
                    return candidate
            elif _is_slip(name, its_name):
                return candidate
    return None


def _one_slip(typed: str, meant: str) -> bool:
    """Tell whether two texts differ by one letter: another, one more, one less, or two swapped."""
    shorter = min(len(typed), len(meant))
    start = next((i for i in range(shorter) if typed[i] != meant[i]), shorter)
    typed, meant = typed[start:], meant[start:]
    if len(typed) != len(meant):
        longer, other = sorted((typed, meant), key=len, reverse=True)
        return longer[1:] == other
    swapped = len(typed) > 1 and typed[:2] == meant[1::-1] and typed[2:] == meant[2:]
    return typed != meant and (swapped or typed[1:] == meant[1:])


def _is_slip(typed: str, meant: str) -> bool:
    """Tell whether a name one letter away is rather an error than somebody else's name."""
    if len(meant) < _SHORTEST_NAME or _digits(typed) != _digits(meant):
        return False
    swapped = sorted(typed[:2]) == sorted(meant[:2])
    return len(meant) > _FIRST_LETTER_COUNTS or typed[0] == meant[0] or swapped


def _digits(name: str) -> str:
    # `ecole1.be` and `ecole2.be` are two schools, not one and a slip.
    return "".join(c for c in name if c.isdigit())
