"""“Contact support”: somebody who has signed in writes to the helpdesk, with the diagnosis.

The form begins with what the session knows of its user: surname, first name, FASE number and
contact, the four things that a caller is asked for (DOMAIN §5). The diagnosis is that of the own
accesses and account, and of a head's own account at HeadNet: in the sentences that callers are
told, so that it can be shown before it is sent. It names no address, for none leaves without the
signed consent (DOMAIN §3).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import col

from models.access import Access
from models.accounts import Account
from models.addresses import AddressError, parse_address
from models.calls import SupportRequest
from models.database import Actor, ActorSession
from models.errors import TrousseauError
from models.headnet import HeadAddress, Headship, in_force
from models.kept_text import kept
from models.language import DEFAULT_LANGUAGE, LANGUAGES, N_, Wording, say
from models.mail import REPLY_TO, TEXT_FILE, Mail
from models.people import Person
from models.schools import DEFAULT_TIME_ZONE, School
from models.text import squeeze
from services import calls, faq
from services.account_tokens import hold_account
from services.calls import About, Caller
from services.diagnosis import diagnose_account, diagnose_person
from services.diagnosis_person import of_headnet
from services.findings import Finding
from services.own_account import NotSignedIn
from services.profiles import role_label
from services.school_years import here
from services.sign_in import Entrance
from services.zones import local

__all__ = [
    "LONGEST_CONTACT", "LONGEST_NAME", "LONGEST_WORDS", "MAILS_AN_HOUR", "MAILS_A_DAY", "SUPPORT",
    "Diagnose", "SupportForm", "SupportRefused", "attached", "beginning", "contact_support",
    "own_findings",
]  # fmt: skip

#: The template of the mail.
SUPPORT = "support"
#: Mails to the helpdesk from one account, or one headship, within an hour and within a day.
MAILS_AN_HOUR, MAILS_A_DAY = 3, 10
#: For how long a mail is tried.
TRIED_FOR = timedelta(days=7)
#: Longest text that somebody may write, in characters.
LONGEST_WORDS = 1_500
LONGEST_NAME, LONGEST_CONTACT = 80, 120
_MOST_FINDINGS = 30
_ADDRESS = re.compile(r"[^\s,;:()<>]*@[^\s,;:()<>]*")
_FASE = re.compile(r"[1-9]\d{0,4}", re.ASCII)

#: Finds what is wrong for whoever has signed in, in a session of the door that sees everything.
Diagnose = Callable[[ActorSession, Actor], Sequence[Finding]]
#: Causes that are a school's or the helpdesk's to know: of everybody there, that a post ends.
_FOR_OTHERS = frozenset(("date_passed", "absent", "disappeared", "no_consents_at_all"))
#: Causes whose sentence and evidence name somebody else: of these the question alone is told.
_OF_OTHERS = frozenset(("former_head", "headnet_ended", "headnet_former_head"))


class SupportRefused(TrousseauError):
    """A message to the helpdesk that cannot be sent, and why."""

    heading = N_("The message is not sent")


@dataclass(frozen=True, slots=True)
class SupportForm:
    """What the form holds, all of it as typed. `words` is what the user wants to say."""

    surname: str = ""
    first_name: str = ""
    fase_number: str = ""
    contact: str = ""
    words: str = ""


def beginning(entrance: Entrance, actor: Actor) -> SupportForm:
    """Return the form as it begins; raises `NotSignedIn` for whoever has no account."""
    _require_signed_in(actor)
    with entrance.looking() as session:
        surname, first_name = _names(session, actor)
        return SupportForm(surname, first_name, _fase_number(session, actor), _own(session, actor))


def contact_support(
    entrance: Entrance,
    actor: Actor,
    form: SupportForm,
    helpdesk: str,
    diagnose: Diagnose | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> int:
    """Queue the mail to the helpdesk's address and return its id.

    In the same transaction it opens a note on the helpdesk's list of calls, with the words and
    what was found. `language` is that of the mail. Raises `SupportRefused` where no helpdesk's
    address is set, where nothing was written, where the form is wrong, and after too many
    messages; `NotSignedIn` for whoever has no account.
    """
    _require_signed_in(actor)
    recipient, form = _recipient(helpdesk), _checked(form)
    language = language if language in LANGUAGES else DEFAULT_LANGUAGE
    with entrance.acting() as session:
        _check_limits(session, actor)
        found = (diagnose or own_findings)(session, actor)[:_MOST_FINDINGS]
        letter = _Letter(session, actor, form, found, language)
        mail_id = _queue(session, recipient, letter.values(), language)
        session.add(
            SupportRequest(
                account_id=actor.account_id,
                headship_id=actor.headship_id if actor.account_id is None else None,
                mail_id=mail_id,
                asked_at=session.at,
            )
        )
        about = About(actor.person_id, _school(actor))
        calls.open_message(session, _caller(form), about, found, form.words, mail_id, actor.name)
        return mail_id


def _queue(session: ActorSession, recipient: str, values: dict[str, Any], language: str) -> int:
    mail = Mail(
        template=SUPPORT,
        language=language,
        recipient=recipient,
        values=values,
        queued_at=session.at,
        expires_at=session.at + TRIED_FOR,
        next_attempt_at=session.at,
    )
    session.add(mail)
    session.flush()
    assert mail.id is not None
    return mail.id


def own_findings(session: ActorSession, actor: Actor) -> list[Finding]:
    """Return what is wrong for somebody: with the own accesses and account, or as head at HeadNet.

    It is what the helpdesk finds (`services.diagnosis`), but what only others are to know.
    """
    found: list[Finding] = []
    if actor.person_id is not None:
        found += diagnose_person(session, actor.person_id).findings
    elif actor.account_id is not None:
        found += diagnose_account(session, actor.account_id).findings
    if actor.headship_id is not None:
        found += _of_head(session, actor.headship_id)
    return [finding for finding in found if finding.cause not in _FOR_OTHERS]


def _of_head(session: ActorSession, headship_id: int) -> list[Finding]:
    """Return what the checks of HeadNet say of a live head, and nothing to a former one."""
    head = _row(session, Headship, headship_id)
    if head is None or head.ended_at is not None:
        return []
    return list(of_headnet(session, head.school_id, here(session, head.school_id).school))


def attached(
    entrance: Entrance,
    actor: Actor,
    diagnose: Diagnose | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> list[str]:
    """Return the lines of the diagnosis that a message of the actor brings just now.

    Raises `NotSignedIn` for whoever has no account.
    """
    _require_signed_in(actor)
    with entrance.looking() as session:
        found = (diagnose or own_findings)(session, actor)[:_MOST_FINDINGS]
        return _diagnosis(found, _zone(session, actor.person_id).key, language)


# --- the form -----------------------------------------------------------------------------


def _require_signed_in(actor: Actor) -> None:
    if actor.account_id is None and actor.headship_id is None:
        raise NotSignedIn(say("Sign in with an account of your own first."))


def _names(session: ActorSession, actor: Actor) -> tuple[str, str]:
    for table, row_id in ((Person, actor.person_id), (Headship, actor.headship_id)):
        found: Any = _row(session, table, row_id)
        if found is not None:
            return found.surname, found.first_name
    account = _row(session, Account, actor.account_id)
    return (account.name, "") if account else ("", "")


def _fase_number(session: ActorSession, actor: Actor) -> str:
    """Return the number of the school that the user works in, "" for none or several."""
    school = _row(session, School, _school(actor))
    return str(school.fase_number) if school and school.fase_number else ""


def _school(actor: Actor) -> int | None:
    """Return the school that the user works in, None for none or several."""
    schools = sorted(actor.schools or ())
    return schools[0] if len(schools) == 1 else None


def _caller(form: SupportForm) -> Caller:
    number = int(form.fase_number) if form.fase_number else None
    return Caller(form.surname, form.first_name, number, form.contact)


def _own(session: ActorSession, actor: Actor) -> str:
    """Return the address that somebody has signed in with, "" where none is known."""
    account = _row(session, Account, actor.account_id)
    if account is not None:
        return str(account.email)
    address = select(col(HeadAddress.email)).where(
        col(HeadAddress.headship_id) == (actor.headship_id or 0), in_force(HeadAddress)
    )
    return str(session.scalar(address.limit(1)) or "")


def _row(session: ActorSession, table: Any, row_id: int | None) -> Any:
    if row_id is None:
        return None
    return session.scalars(select(table).where(table.id == row_id)).one_or_none()


def _recipient(helpdesk: str) -> str:
    try:
        return parse_address(helpdesk)
    except AddressError:
        raise SupportRefused(
            say(
                "No address of the helpdesk is set here. Ask your school’s manager, or call the "
                "helpdesk."
            )
        ) from None


def _checked(form: SupportForm) -> SupportForm:
    """Return the form as it is sent; no token that was pasted into it is (`models.kept_text`)."""
    words = squeeze(kept(form.words))
    if not words:
        raise SupportRefused(say("Say first what does not work, in a few words."))
    if len(words) > LONGEST_WORDS:
        raise SupportRefused(
            say("This is too long: %(most)s characters at most.", most=LONGEST_WORDS)
        )
    number = form.fase_number.strip()
    if number and not _FASE.fullmatch(number):
        raise SupportRefused(say("A FASE number has one to five digits."))
    surname, contact = (
        squeeze(kept(form.surname, LONGEST_NAME)),
        squeeze(kept(form.contact, LONGEST_CONTACT)),
    )
    if not surname or not contact:
        raise SupportRefused(say("Give your name, and how the helpdesk reaches you."))
    first_name = squeeze(kept(form.first_name, LONGEST_NAME))
    return SupportForm(surname, first_name, number, contact, words)


def _check_limits(session: ActorSession, actor: Actor) -> None:
    """Refuse more messages than somebody has to write; two at once wait for each other."""
    mine: Any
    if actor.account_id is not None:
        hold_account(session, actor.account_id)
        mine = col(SupportRequest.account_id) == actor.account_id
    else:
        held = select(Headship).where(col(Headship.id) == actor.headship_id).with_for_update()
        session.scalars(held).one_or_none()
        mine = col(SupportRequest.headship_id) == actor.headship_id
    for most, within in (
        (MAILS_AN_HOUR, timedelta(hours=1)),
        (MAILS_A_DAY, timedelta(days=1)),
    ):
        sent = select(func.count(col(SupportRequest.id))).where(
            mine, col(SupportRequest.asked_at) > session.at - within
        )
        if (session.scalar(sent) or 0) >= most:
            raise SupportRefused(
                say(
                    "The helpdesk has your messages already: %(most)s within %(hours)s h. It "
                    "answers them; call it if it cannot wait.",
                    most=most,
                    hours=int(within.total_seconds() // 3600),
                )
            )


def _zone(session: ActorSession, person_id: int | None) -> ZoneInfo:
    zone = select(col(School.time_zone)).join(Access, col(Access.school_id) == col(School.id))
    found = session.scalar(zone.where(col(Access.person_id) == (person_id or 0)).limit(1))
    return ZoneInfo(found or DEFAULT_TIME_ZONE)


# --- the mail -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Letter:
    """The words of a message, in the language of the helpdesk."""

    session: ActorSession
    actor: Actor
    form: SupportForm
    found: Sequence[Finding]
    language: str

    def values(self) -> dict[str, str]:
        form = self.form
        name = f"{form.first_name} {form.surname}".strip()
        said = {
            "subject": say(
                "Support: %(name)s, FASE %(number)s", name=name, number=form.fase_number or "–"
            ),
            "who": say("%(name)s writes from the console to the helpdesk:", name=name),
            "then": self._attached(),
        }
        values = {place: self._text(wording) for place, wording in said.items()}
        values |= {"what": form.words, "facts": "\n".join(self._facts())}
        values |= {
            TEXT_FILE: "\r\n".join(
                (*self._facts(), "", *_diagnosis(self.found, self._zone, self.language), "")
            )
        }
        # Where the answer goes: to the address that the user wrote, if it is one.
        values[REPLY_TO] = form.contact if "@" in form.contact else ""
        return values

    @property
    def _zone(self) -> str:
        return _zone(self.session, self.actor.person_id).key

    def _text(self, wording: Wording) -> str:
        return _text(wording, self.language)

    def _attached(self) -> Wording:
        if not self.found:
            return say("The diagnosis of this account is attached: nothing was found.")
        return say(
            "The diagnosis of this account is attached. Likeliest cause: %(cause)s.",
            cause=self.found[0].cause,
        )

    def _facts(self) -> list[str]:
        form, actor = self.form, self.actor
        at = local(self.session.at, self._zone)
        return [
            self._text(fact)
            for fact in (
                say("Surname: %(value)s", value=form.surname),
                say("First name: %(value)s", value=form.first_name or "–"),
                say("FASE number: %(value)s", value=form.fase_number or "–"),
                say("Contact: %(value)s", value=form.contact),
                say("Signed in as: %(value)s", value=role_label(actor.role)),
                say("Written: %(value)s", value=at),
            )
        ]


def _diagnosis(found: Sequence[Finding], zone: str, language: str) -> list[str]:
    """Return findings as lines: what to tell, since when, and what mends it.

    Values of evidence are left out: they may name others, and whoever reads the mail has the
    console.
    """
    lines = []
    for number, finding in enumerate(found, start=1):
        lines.append(f"{number}. {_told(finding, language)} [{finding.cause}]")
        for evidence in finding.evidence:
            if evidence.at is not None and finding.cause not in _OF_OTHERS:
                at = f"{local(evidence.at, zone):%d/%m/%Y %H:%M}"
                lines.append(f"   - {_text(evidence.label, language)}, {at}")
        if finding.remedy is not None:
            lines.append(f"   > {_text(finding.remedy.label, language)}")
    return lines or [_text(say("Nothing was found."), language)]


def _told(finding: Finding, language: str) -> str:
    """Return what is told of a finding, without any address: none leaves without consent."""
    if finding.cause in _OF_OTHERS:
        question = faq.question_of(finding.cause, language)
        return question.question if question else ""
    return _ADDRESS.sub("…@…", kept(_text(finding.tell or finding.sentence, language)))


def _text(wording: Wording, language: str) -> str:
    return squeeze(wording.text(language))
