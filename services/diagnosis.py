"""Why somebody calls: the causes that hold, most likely first (DOMAIN §5).

On a person, a school, a pasted token or an address. Each cause is a finding with its evidence
and times, a sentence to tell the caller (`tell`), and a remedy that can be prepared or is a
form filled in (`services.diagnosis_remedies`). The rules are those of the lists, of the
dashboard and of the door; here they are put together and in order. Where all is well nothing
is found. What is seen is what the session's actor sees: a director learns nothing of accounts
and of other schools.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col

from models.access import Access
from models.accounts import Account, SignInEvent
from models.addresses import AddressError, address_key, likely_typing_error, parse_address
from models.base import Instant
from models.database import ActorSession
from models.headnet import HeadAddress, Headship
from models.kept_text import token_in
from models.keys import Key
from models.language import Wording, say
from models.people import Person, Post
from models.prepared import fetch, fetch_value
from models.schools import School
from models.text import clean
from models.tokens import TokenMistyped, parse_token
from services import diagnosis_remedies as remedies
from services import door_words, headnet_checks, search_codes
from services.access_rows import NotFound
from services.admission import genuine, open_genuine
from services.diagnosis_door import at_the_door
from services.diagnosis_facts import Known, gather, gather_account, sees_accounts
from services.diagnosis_guardian import of_guardian
from services.diagnosis_order import NUMBERS, most_likely_first
from services.diagnosis_person import of_headnet, of_person, told_of_head, with_words
from services.diagnosis_remedies import prepare
from services.diagnosis_school import of_school, of_workshop
from services.diagnosis_words import Told
from services.findings import INVITE_AGAIN, STATUS_WORDS, About, Evidence, Finding
from services.headnet_rows import is_manager
from services.headnet_sign_in import KIND
from services.school_years import Here
from services.school_years import here as school_here
from services.search import LONGEST_TEXT, Hit, search
from services.sign_in import AccountLocked
from services.token_refusals import TokenRefused
from services.zones import local

__all__ = [
    "NUMBERS", "Diagnosis", "PlacedDiagnosis", "Standing", "diagnose", "diagnose_account",
    "diagnose_address", "diagnose_hit", "diagnose_person", "diagnose_placed", "diagnose_school",
    "diagnose_token", "prepare", "warm_up",
]  # fmt: skip

#: People at one address of whom all is looked at.
_MOST_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an access stands: school, status with its words, and since when."""

    school: str
    status: str
    words: Wording
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What holds for `subject` (`kind` is person, school, token, address or workshop).

    `findings` are most likely first, none where all is well. `standing` says for a person
    where each access stands, also when all is well: that an e-mail was sent, and when.
    """

    kind: str
    id: int
    subject: Wording | str
    findings: tuple[Finding, ...] = ()
    standing: tuple[Standing, ...] = ()
    others: tuple[Hit, ...] = ()

    @property
    def first(self) -> Finding | None:
        return self.findings[0] if self.findings else None


# --- people and schools --------------------------------------------------------------------


def diagnose_person(
    session: ActorSession, person_id: int, school_id: int | None = None
) -> Diagnosis:
    """Return what holds for a person, in one school or in all that the actor sees.

    Raises `NotFound` for a person out of sight, or who never was in that school.
    """
    known = gather(session, person_id, school_id)
    return _of_known(session, known, school_id)


def _of_known(session: ActorSession, known: Known, school_id: int | None) -> Diagnosis:
    ordered = _in_order(session, _found(session, known, school_id), known.is_in)
    return Diagnosis("person", known.person.id, known.name, ordered, _standing(known))


def _found(session: ActorSession, known: Known, school_id: int | None) -> Iterator[Finding]:
    """Yield all that holds for somebody, in no order."""
    yield from of_person(known, session, school_id)
    yield from of_guardian(known, session)
    yield from at_the_door(known)


def _in_order(session: ActorSession, found: Iterable[Finding], is_in: bool) -> tuple[Finding, ...]:
    """Return each cause once, most likely first, with what the actor can do about it."""
    ordered = most_likely_first(_each_once(found), is_in)
    return remedies.allowed(session, ordered)


def _standing(known: Known) -> tuple[Standing, ...]:
    return tuple(
        Standing(
            each.place.school,
            each.row.status,
            STATUS_WORDS[each.row.status].label,
            local(each.row.since, each.place.zone) if each.row.since else None,
        )
        for each in known.anywhere
    )


def _each_once(findings: Iterable[Finding]) -> list[Finding]:
    """Return each cause once in each school; what is said of all is said once."""
    found: dict[tuple[Any, ...], Finding] = {}
    for finding in findings:
        about = finding.about
        key: tuple[Any, ...] = (finding.cause, about.school_id, about.workshop_id, about.account_id)
        if finding.cause.startswith("mission_") and finding.remedy is not None:
            key = (*key, finding.remedy.needs.get("mission"))
        found.setdefault(key, finding)
    return list(found.values())


def diagnose_school(session: ActorSession, school_id: int) -> Diagnosis:
    """Return what holds for a school: its team, its head's account, its workshops.

    Raises `SchoolYearRefused` for a school that is not the actor's.
    """
    place = school_here(session, school_id)
    found = _in_order(session, of_school(session, school_id), is_in=False)
    return Diagnosis("school", school_id, place.school, found)


# --- tokens --------------------------------------------------------------------------------

#: What a person's own finding says better than the refusal of the token, by its outcome.
_SAID_BY: dict[str, tuple[str, ...]] = {
    "expired": ("expired",),
    "deactivated": ("deactivated", "lost_in_one_school", "account_disabled"),
    "other_year": ("ended", "no_post"),
    "withdrawn": ("address_changed",),
    "blocked": (
        "no_address", "no_consents_at_all", "consent_withdrawn", "consent_other_address",
        "consent_printed", "no_consent", "duplicate", "no_role", "not_invited", "no_password",
    ),
    "shared": ("shared_mailbox",),
    "locked": ("locked",),
}  # fmt: skip


def diagnose_token(session: ActorSession, text: str, key: Key | None) -> Diagnosis:
    """Return why a pasted token opens nothing, and what else holds for whose it is.

    The reason is the one that its holder is told at the door (`services.admission`). Nothing
    of what was pasted is repeated. Without the key no token can be known.
    """
    subject = say("Token")
    text = token_in(text) or text  # it may stand in a mail that was pasted as it is
    try:
        parsed = parse_token(text)
    except TokenMistyped as mistyped:
        wrong = Finding("token_mistyped", mistyped.wording, remedy=remedies.TELL_COPY)
        return Diagnosis("token", 0, subject, (with_words(wrong, About(), Told()),))
    found = genuine(session, key, parsed) if key is not None else None
    if found is None:
        return _other_token(session, text, key, subject)
    hit = search_codes.token(session, text, key)
    if hit is None or hit.status == "unknown":
        return _unknown_token(subject)
    refusal: TokenRefused | AccountLocked | None = None
    try:
        open_genuine(found, session)
    except (TokenRefused, AccountLocked) as refused:
        refusal = refused
    if hit.person_id is None:
        findings: list[Finding] = []
        standing: tuple[Standing, ...] = ()
        account_id = getattr(found.row, "account_id", None)
    else:
        known = gather(session, hit.person_id, hit.school_id)
        whole = _of_known(session, known, hit.school_id)
        findings, standing = list(whole.findings), whole.standing
        account_id = next((a.id for a in known.accounts if a.disabled_at is None), None)
    if refusal is not None:
        findings = _with_refusal(findings, refusal, found.row, hit, account_id)
    return Diagnosis("token", hit.id, hit.title, remedies.allowed(session, findings), standing)


def _other_token(session: ActorSession, text: str, key: Key | None, subject: Wording) -> Diagnosis:
    """Return what holds for a head's password, else that the token is unknown."""
    hit = search_codes.token(session, text, key) if key is not None else None
    if hit is None or hit.status == "unknown" or hit.school_id is None:
        return _unknown_token(subject)
    school = school_here(session, hit.school_id).school
    found = [*of_headnet(session, hit.school_id, school)]
    if hit.status == "replaced" and all(each.cause != "headnet_replaced" for each in found):
        # It has not been tried at the door yet.
        older = Finding("headnet_replaced", door_words.HEADNET_OLDER,
                        remedy=remedies.TELL_LATEST)  # fmt: skip
        at = _asked_at(session, hit.school_id)
        about = About(school_id=hit.school_id, school=school)
        found.insert(0, with_words(older, about, Told(at=at)))
    return Diagnosis("token", hit.id, hit.title, remedies.allowed(session, found))


def _asked_at(session: ActorSession, school_id: int) -> datetime | None:
    from services.headnet_school import school_page

    page = school_page(session, school_id)
    return local(page.latest.asked_at, page.zone) if page.latest else None


def _unknown_token(subject: Wording) -> Diagnosis:
    unknown = Finding(
        "token_unknown",
        say("This program has not given it, or not to anybody whom you see."),
        remedy=remedies.TELL_LATEST,
    )
    return Diagnosis("token", 0, subject, (with_words(unknown, About(), Told()),))


def _with_refusal(
    findings: list[Finding],
    refusal: TokenRefused | AccountLocked,
    row: Any,
    hit: Hit,
    account_id: int | None,
) -> list[Finding]:
    """Put first why the token opens nothing, in the words of the door."""
    outcome = refusal.outcome if isinstance(refusal, TokenRefused) else "locked"
    causes = (f"token_{outcome}", *_SAID_BY.get(outcome, ()))
    said = [finding for finding in findings if finding.cause in causes]
    if said:
        first = said[0]
        return [first, *(finding for finding in findings if finding is not first)]
    latest = getattr(row, "queued_at", None) or getattr(row, "asked_at", None)
    evidence = (Evidence(say("Latest mail"), at=latest),) if latest else ()
    invited = outcome in ("withdrawn", "expired") and hit.access_id is not None
    remedy = INVITE_AGAIN if invited else remedies.RESET_PASSWORD
    if outcome == "replaced" or (account_id is None and not invited):
        remedy = remedies.TELL_LATEST
    about = About(
        hit.person_id, hit.school_id, hit.school_year_id, hit.access_id, account_id=account_id
    )
    first = Finding(f"token_{outcome}", refusal.wording, evidence, None, refusal.wording, about)
    first = replace(first, remedy=remedies.filled(remedy, about))
    covered = {"several_mails"} if outcome == "replaced" else set()
    return [first, *(each for each in findings if each.cause not in covered)]


# --- addresses -----------------------------------------------------------------------------


def diagnose_address(session: ActorSession, text: str) -> Diagnosis:
    """Return what holds for whoever has an address, or that nobody has it.

    Where it is an address of somebody whose account is under another one, that comes first
    once the account works: the caller says with what they sign in.
    """
    typed = clean(text[: LONGEST_TEXT + 1], LONGEST_TEXT).strip()
    try:
        key = address_key(parse_address(typed))
    except AddressError as wrong:
        return Diagnosis("address", 0, typed, (_unknown_address(typed, wrong.wording),))
    people, schools, accounts = _whose(session, key)
    tried = list(_tried_at_headnet(session, key, schools))
    if not people and not schools and not accounts and not tried:
        better = likely_typing_error(typed)
        sentence = say("Nobody whom you see has this address, and no account.")
        if better is not None:
            sentence = say("Nobody has this address: is %(better)s meant?", better=better)
        return Diagnosis("address", 0, typed, (_unknown_address(typed, sentence),))
    found: list[Finding] = tried
    standing: list[Standing] = []
    is_in = False
    for person_id in people[:_MOST_PEOPLE]:
        known = gather(session, person_id, None)
        is_in = is_in or known.is_in
        found += _found(session, known, None)
        found += _under_another(known, key)
        standing += _standing(known)
    for account_id in accounts:
        is_in = True
        found += at_the_door(gather_account(session, account_id))
    for school_id in schools:
        found += of_headnet(session, school_id, school_here(session, school_id).school)
    ordered = _in_order(session, found, is_in)
    return Diagnosis("address", people[0] if people else 0, typed, ordered, tuple(standing))


def _unknown_address(typed: str, sentence: Wording) -> Finding:
    finding = Finding(
        "unknown_address", sentence, (Evidence(say("Typed"), typed),), remedies.TELL_ADDRESS
    )
    return with_words(finding, About(), Told())


def _tried_at_headnet(session: ActorSession, key: str, schools: list[int]) -> Iterator[Finding]:
    """Yield what was wrong when HeadNet was last tried with an address that is no head's.

    The heads of `schools` have it as theirs: of them everything is told anyhow.
    """
    if not is_manager(session):
        return
    values = {"key": key, "since": session.at - headnet_checks.TOLD_FOR}
    for row in fetch(session, _last_try(), values):
        if row.school_id in schools:
            continue
        name = school_here(session, row.school_id).school if row.school_id else ""
        about = About(school_id=row.school_id, school=name)
        for finding in headnet_checks.explain_try(session, row.id):
            yield told_of_head(finding, about, Told(school=name))


@cache
def _last_try() -> Any:
    event = SignInEvent
    return (
        select(col(event.id), col(Headship.school_id))
        .outerjoin(Headship, col(Headship.id) == event.headship_id)
        .where(
            col(event.address_key) == bindparam("key"),
            col(event.kind) == KIND,
            col(event.outcome) != "ok",
            col(event.last_at) > bindparam("since", type_=Instant()),
        )
        .order_by(col(event.last_at).desc(), col(event.id).desc())
        .limit(1)
    )


def _under_another(known: Known, key: str) -> list[Finding]:
    """Tell that the account is under another address than the one that the caller names."""
    live = [account for account in known.accounts if account.disabled_at is None]
    if not live or any(account.email_key == key for account in (*live, *known.others)):
        return []
    finding = Finding(
        "wrong_identifier",
        say("The account of this person is under another address."),
        (Evidence(say("Address of the account"), live[0].email_key, live[0].created_at),),
        remedies.TELL_ADDRESS,
    )
    first = known.anywhere[0].place if known.anywhere else None
    about = About(
        known.person.id, first.school_id if first else None, account_id=live[0].id,
        school=first.school if first else "",
    )  # fmt: skip
    return [with_words(finding, about, Told())]


def _whose(session: ActorSession, key: str) -> tuple[list[int], list[int], list[int]]:
    """Return whose address this is: people, heads by their schools, accounts of nobody else."""
    values = {"key": key}
    people = [row.id for row in fetch(session, _own(), values)]
    people += [row.person_id for row in fetch(session, _at_school(), values)]
    accounts: list[int] = []
    if sees_accounts(session):
        rows = fetch(session, _account(), values)
        accounts = [row.id for row in rows if row.person_id is None]
        people = [row.person_id for row in rows if row.person_id is not None] + people
    schools: list[int] = []
    if is_manager(session):
        schools = [row.school_id for row in fetch(session, _heads(), values)]
    return list(dict.fromkeys(people)), list(dict.fromkeys(schools)), accounts


@cache
def _own() -> Any:
    return (
        select(col(Person.id))
        .where(
            col(Person.personal_email_key) == bindparam("key"),
            col(Person.merged_into_id).is_(None),
        )
        .order_by(col(Person.id))
    )


@cache
def _at_school() -> Any:
    return (
        select(col(Post.person_id))
        .where(col(Post.school_email_key) == bindparam("key"))
        .order_by(col(Post.person_id))
    )


@cache
def _account() -> Any:
    return select(col(Account.id), col(Account.person_id)).where(
        col(Account.email_key) == bindparam("key")
    )


@cache
def _heads() -> Any:
    return select(col(HeadAddress.school_id)).where(
        col(HeadAddress.email_key) == bindparam("key"), col(HeadAddress.ended_at).is_(None)
    )


# --- before anybody asks -------------------------------------------------------------------


def warm_up(session: ActorSession) -> None:
    """Make the statements ready that a diagnosis needs, for the session's actor.

    Once for each actor and process, while somebody still types what they look for: the first
    diagnosis takes as long as the next ones then.
    """
    somebody = fetch_value(session, _somebody(), {})
    if somebody is not None:
        diagnose_person(session, somebody)
    diagnose_address(session, "personne@courriel.example")
    school = fetch_value(session, _some_school(), {})
    if school is not None:
        diagnose_school(session, school)


@cache
def _somebody() -> Any:
    return select(col(Access.person_id)).order_by(col(Access.id).desc()).limit(1)


@cache
def _some_school() -> Any:
    return select(col(School.id)).order_by(col(School.id)).limit(1)


# --- whatever was found --------------------------------------------------------------------


def diagnose(
    session: ActorSession, text: str, key: Key | None = None, school_id: int | None = None
) -> Diagnosis:
    """Return what holds for the best match of a search, and which others match as well.

    Raises `NotFound` where nothing is found: a person who is missing has no post this year.
    """
    typed = clean(text[: LONGEST_TEXT + 1], LONGEST_TEXT).strip()
    if _is_whole_address(typed):
        return diagnose_address(session, typed)
    hits = search(session, typed, 12, key)
    if school_id is not None:
        hits = [hit for hit in hits if _is_there(session, hit, school_id)]
    if not hits:
        raise NotFound(
            say("Nobody and nothing is found. Who is not on record has no post this school year.")
        )
    first, *rest = hits
    alike = (first.kind, first.matched, first.fit)
    others = tuple(hit for hit in rest if (hit.kind, hit.matched, hit.fit) == alike)
    return replace(diagnose_hit(session, first, text, key, school_id), others=others)


def _of_headnet_first(found: Diagnosis) -> Diagnosis:
    """Return a school's diagnosis for who asked for its head: HeadNet's causes before others."""
    others_last = sorted(found.findings, key=lambda each: not each.cause.startswith("headnet_"))
    return replace(found, findings=tuple(others_last))


def _is_whole_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def _is_there(session: ActorSession, hit: Hit, school_id: int) -> bool:
    """Tell whether a result has to do with a school, where somebody has several."""
    if hit.school_id == school_id or hit.kind == "token":
        return True
    if hit.person_id is None:
        return False
    posts = fetch(session, _post_there(), {"person": hit.person_id, "school": school_id})
    return bool(posts)


@cache
def _post_there() -> Any:
    return (
        select(col(Post.id))
        .where(
            col(Post.person_id) == bindparam("person"), col(Post.school_id) == bindparam("school")
        )
        .limit(1)
    )


def diagnose_hit(
    session: ActorSession, hit: Hit, text: str, key: Key | None, school_id: int | None = None
) -> Diagnosis:
    """Return what holds for one result of `services.search`; `text` is what was typed."""
    if hit.kind == "token":
        return diagnose_token(session, text, key)
    if hit.kind == "workshop":
        found = of_workshop(session, hit.id, hit.school_id, "")
        return Diagnosis("workshop", hit.id, hit.title, _in_order(session, found, is_in=False))
    if hit.person_id is not None:
        return diagnose_person(session, hit.person_id, school_id)
    if hit.kind == "account":
        return diagnose_account(session, hit.id)
    if hit.school_id is not None:
        of_it = diagnose_school(session, hit.school_id)
        return _of_headnet_first(of_it) if hit.kind == "head" else of_it
    return Diagnosis(hit.kind, hit.id, hit.title)


@dataclass(frozen=True, slots=True)
class PlacedDiagnosis:
    """A diagnosis, and the school and school year where it holds, None where there is none."""

    diagnosis: Diagnosis
    here: Here | None


def diagnose_placed(session: ActorSession, hit: Hit, text: str, key: Key | None) -> PlacedDiagnosis:
    """Return what holds for a result of the search, and the school where one looks at it."""
    found = diagnose_hit(session, hit, text, key)
    school, year = hit.school_id, hit.school_year_id
    for finding in found.findings:
        if school is None:
            school, year = finding.about.school_id, finding.about.school_year_id
    return PlacedDiagnosis(found, school_here(session, school, year) if school else None)


def diagnose_account(session: ActorSession, account_id: int) -> Diagnosis:
    """Return what holds for an account that is nobody's on record; for the helpdesk.

    Raises `NotFound` for whoever sees no accounts.
    """
    known = gather_account(session, account_id)
    ordered = _in_order(session, at_the_door(known), is_in=True)
    subject = known.name or say("Account n° %(number)s", number=account_id)
    return Diagnosis("account", account_id, subject, ordered)
