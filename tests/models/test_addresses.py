"""E-mail addresses: accepted, compared, and suspected of a typing error."""

import subprocess
import sys

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from models.addresses import (
    AddressError,
    _one_slip,
    address_key,
    likely_typing_error,
    needs_smtputf8,
    parse_address,
    to_ascii,
)
from models.text import is_clean


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("jean.dupont@ecole.be", "jean.dupont@ecole.be"),
        ("  Jean.Dupont@Ecole.BE\n", "Jean.Dupont@ecole.be"),
        ("o'brien+tag@sub.domain.example", "o'brien+tag@sub.domain.example"),
        ("a@b-c.ac.be", "a@b-c.ac.be"),
        ("anne@École.be", "anne@école.be"),
        ("anne@xn--cole-9oa.be", "anne@école.be"),
        ("anne@e\u0301cole.be", "anne@école.be"),
        ("hélène@ecole.be", "hélène@ecole.be"),
        ("a@x.museum", "a@x.museum"),
        ("a" * 64 + "@b.be", "a" * 64 + "@b.be"),
    ],
)
def test_accepted(text: str, address: str) -> None:
    assert parse_address(text) == address


REFUSED = {
    "": "missing",
    "   ": "missing",
    "jean": "no @",
    "@b.be": "nothing before",
    "a@": "not complete",
    "a@localhost": "not complete",
    "a@.be": "not complete",
    "a@b.be, c@d.be": "one e-mail address only",
    "a@b.be;": "one e-mail address only",
    "a@b@c.be": "one e-mail address only",
    "a@b.be c@d.be": "one e-mail address only",
    "p@x.be SIZE=1": "contains a space",
    "a b@c.be": "contains a space",
    "a\u00a0b@c.be": "contains a space",
    "Jean <a@b.be>": "alone",
    "<a@b.be>": "alone",
    '"a b"@c.be': "alone",
    "a@b.be (Jean)": "alone",
    "a(x)@b.be": "alone",
    "mailto:a@b.be": "alone",
    "a@[127.0.0.1]": "alone",
    "a\\b@c.be": "alone",
    "a@b.be\r\nBcc: c": "control character",
    "a@b.be\x00": "control character",
    "a\u200b@b.be": "control character",
    "a\u202eb@c.be": "control character",
    "\ud800@b.be": "control character",
    "a..b@c.be": "dot too many",
    ".a@c.be": "dot too many",
    "a.@c.be": "dot too many",
    "a@b..be": "dot too many",
    "a@b.be.": "dot too many",
    "a@skynet.b": "ends in “.b”",
    "a@1.2.3.44": "ends in “.44”",
    "a@-b.be": "none may have",
    "a@b_c.be": "none may have",
    "a@xn--.be": "none may have",
    "a@" + "b" * 64 + ".be": "none may have",
    "a" * 65 + "@b.be": "64 characters",
    "é" * 33 + "@b.be": "64 characters",
    "a@" + "b.b" * 100 + ".be": "254 characters",
    "x" * 1_000_000: "254 characters",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=range(len(REFUSED)))
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_address(text)
    assert reason in refusal.value.wording.text("en")


@given(st.text(max_size=30) | st.from_regex(r"\A[^@]{1,8}@[^@]{1,8}\.[a-zé]{2,4}\Z"))
def test_whatever_comes_in_comes_out_as_one_safe_address_or_not_at_all(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert is_clean(address)
    assert parse_address(address) == address
    assert address.count("@") == 1
    assert not set(address) & set(' ,;<>()[]"\\:')
    assert to_ascii(address).rpartition("@")[2].isascii()
    assert address_key(address_key(address)) == address_key(address)
    assert len(to_ascii(address)) <= 254


@given(st.text(alphabet="ab.-@_'+ \"A1", min_size=3, max_size=14))
def test_the_fast_way_accepts_nothing_that_the_library_refuses(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        # The one difference: reserved label prefixes such as `ab--c`.
        assert "--" in address, error  # noqa: PT017


def test_what_smtp_is_given() -> None:
    assert to_ascii("anne@école.be") == "anne@xn--cole-9oa.be"
    assert to_ascii("hélène@ecole.be") == "hélène@ecole.be"
    assert needs_smtputf8("hélène@ecole.be")
    assert not needs_smtputf8("anne@école.be")


def test_comparison() -> None:
    assert address_key("Jean@Ecole.BE") == address_key("jean@ecole.be")
    assert address_key("Anne@École.be") == "anne@xn--cole-9oa.be"
    assert address_key("HÉLÈNE@x.be") == address_key("he\u0301le\u0300ne@x.be")
    assert address_key("jean.dupont@gmail.com") != address_key("jeandupont@gmail.com")


def test_plain_addresses_load_no_library() -> None:
    code = (
        "import sys; from models.addresses import parse_address, address_key;"
        "address_key(parse_address('jean@ecole.be'));"
        "sys.exit(bool({'email_validator', 'idna', 'dns', 'rapidfuzz'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MISTYPED = {
    "gmail.com": "gmial.com gmal.com gmai.com gmaill.com gmail.con gmail.co gmail.cm gmail.be"
    " gmial.con mgail.com gamil.com gmail.fr gnail.com gmail.vom",
    "hotmail.com": "hotmal.com hotmial.com hotmail.co hotmail.con hotmaill.com jotmail.com",
    "hotmail.be": "hotmal.be hotmail.b",
    "outlook.be": "outlok.be outloock.be outlook.bee outllok.be",
    "skynet.be": "skynet.b skinet.be skyent.be",
    "yahoo.fr": "yahoo.fe yaho.fr yahooo.fr",
    "proximus.be": "proximsu.be proxmus.be",
    "laposte.net": "lapost.net laposte.nett",
    "telenet.be": "telent.be telenet.bee",
    "ecole.com": "ecole.con",
    "saint-joseph.be": "saint-jospeh.be saint-joseph.b",
}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(typed, meant) for meant, all_ in MISTYPED.items() for typed in all_.split()],
)
def test_typing_errors(typed: str, meant: str) -> None:
    known = frozenset({"saint-joseph.be"})
    assert likely_typing_error(f"Jean@{typed}", known) == f"Jean@{meant}"


@given(st.text("abc.", max_size=7), st.text("abc.", max_size=7))
def test_one_slip_is_what_the_library_takes_for_one(typed: str, meant: str) -> None:
    assert _one_slip(typed, meant) == (OSA.distance(typed, meant) == 1)


REAL = """gmail.com mail.com email.com ymail.com rocketmail.com live.be live.fr live.nl outlook.be
outlook.fr hotmail.be hotmail.fr hotmail.co.uk yahoo.be yahoo.fr yahoo.co.uk proximus.be voo.be
telenet.be laposte.net gmx.net gmx.com gmx.de gmx.fr gmx.be ulb.be ulb.ac.be ulg.ac.be vub.ac.be
umons.ac.be skynet.be scarlet.be base.be orange.fr orange.be orange.lu free.fr sfr.fr web.de
icloud.com me.com mac.com msn.com aol.com proton.me protonmail.com pm.me segec.be cfwb.be
student.uclouvain.be grange.be fmail.com skynet.com ecole2.be ecole.brussels stjoseph.be stjosef.be
sample.edu example.org x.be yahoo.com live.com belgacom.net"""


@pytest.mark.parametrize("domain", REAL.split())
def test_no_false_alarm(domain: str) -> None:
    known = frozenset({"ecole1.be", "stjoseph.be", "stjosef.be"})
    assert likely_typing_error(f"jean@{domain}", known) is None


@pytest.mark.parametrize("text", ["", "jean", "@gmial.com", "jean@", "jean@gmial"])
def test_what_is_no_address_has_no_correction(text: str) -> None:
    assert likely_typing_error(text) is None


def test_a_known_domain_is_never_called_an_error() -> None:
    assert likely_typing_error("a@gmial.com", frozenset({"gmial.com"})) is None
    assert likely_typing_error("a@gmail.be", frozenset({"gmail.be"})) is None
