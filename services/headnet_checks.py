"""Why a head of school was refused: the three checks in their order, with what is known filled in.

`explain` is for the page of a school's account, and for whoever has the head on the telephone:
the recorded address, the 24 hours, the latest password (DOMAIN §3, HeadNet), then the mail that
brought it, and what was typed. What it returns is empty where nothing keeps the head out.
`explain_try` does the same for one line of the door's record, `refusals` gives the dashboard's.

The coordinator reads the tries at the own schools' heads and no others (`models.rights`); where
a try came from is in nothing of this.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.accounts import SignInEvent
from models.addresses import address_key
from models.database import ActorSession
from models.headnet import (
    LOST,
    UNDER_WAY,
    HeadAddress,
    HeadnetPassword,
    Headship,
    in_force,
)
from models.language import Wording, say, say_n
from models.rights import may_change
from models.schools import School
from services import door_words
from services.attention import AttentionLine
from services.findings import Evidence, Finding, Remedy
from services.headnet_rows import HeadnetNotFound
from services.headnet_school import HeadnetPage, Password, school_page
from services.headnet_sign_in import KIND
from services.zones import local

#: For how long a refused try is told of, unless the head comes in before.
TOLD_FOR = timedelta(days=14)
#: Tries that an explanation looks at, the latest first.
_MOST_TRIES = 50

CONTINUE = Remedy("headnet_continue", say("Check the address and send a new password"))
OTHER_ADDRESS = Remedy("head_address", say("Record the address that the head uses"))
RECORD_HEAD = Remedy("record_head", say("Record the new head of school"))
TRY_NOW = Remedy("headnet_try_now", say("Try to send the mail now"))
RUN_NIGHT = Remedy("run_night", say("Run the nightly update: trousseau nightly"))
TELL_WHEN = Remedy("tell_head", say("Tell the head from when it works"))
TELL_ADDRESS = Remedy("tell_head", say("Tell the head which address to sign in with"))
TELL_LATEST = Remedy("tell_head", say("Have the head open the latest mail"))
TELL_COPY = Remedy("tell_head", say("Have the head copy the password from the mail"))


def explain(session: ActorSession, school_id: int) -> list[Finding]:
    """Return what keeps a school's head out of HeadNet, in the order of the three checks.

    Looks at the account as it is now, and at what was refused since the last sign-in, within
    `TOLD_FOR`. Each finding has its facts as evidence, and what to do as a remedy whose `code`
    says which key it is: headnet_continue, head_address, record_head, headnet_try_now;
    run_night and tell_head are done elsewhere. Raises `OutOfScope` for whoever manages no
    account, `HeadnetNotFound` for another's school.
    """
    page = school_page(session, school_id)
    heads = [head.headship_id for head in (page.head, *page.former) if head is not None]
    since = session.at - TOLD_FOR
    if page.head is not None and page.head.last_sign_in_at is not None:
        since = max(since, page.head.last_sign_in_at)
    tries = (
        select(SignInEvent)
        .where(
            col(SignInEvent.headship_id).in_(heads),
            col(SignInEvent.kind) == KIND,
            col(SignInEvent.outcome) != "ok",
            col(SignInEvent.last_at) > since,
        )
        .order_by(col(SignInEvent.last_at).desc(), col(SignInEvent.id).desc())
        .limit(_MOST_TRIES)
    )
    return list(_Explained(session, page, list(session.scalars(tries))).findings())


def explain_try(session: ActorSession, event_id: int) -> list[Finding]:
    """Return what was wrong with one try that was refused, as things stand now.

    Raises `HeadnetNotFound` where the actor sees no such try at HeadNet.
    """
    wanted = select(SignInEvent).where(
        col(SignInEvent.id) == event_id, col(SignInEvent.kind) == KIND
    )
    event = session.scalars(wanted).one_or_none()
    if event is None:
        raise HeadnetNotFound(say("There is no such try to sign in."))
    if event.headship_id is None:
        return [_nobodys(event)]
    school = select(col(Headship.school_id)).where(col(Headship.id) == event.headship_id)
    page = school_page(session, session.scalars(school).one())
    return list(_Explained(session, page, [event]).findings())


def _nobodys(event: SignInEvent) -> Finding:
    if event.outcome == "mistyped":
        sentence = say(
            "A HeadNet password was typed with a slip, and the address is recorded for no head."
        )
    else:
        sentence = say(
            "Check 1, the address: %(address)s is recorded for no head of school.",
            address=event.address or "–",
        )
    return Finding("headnet_unknown", sentence, (_refused(event),))


def _refused(event: SignInEvent) -> Evidence:
    label = say_n("Refused at sign-in", "Refused %(count)s times, at last", event.times)
    return Evidence(label, event.address, event.last_at or event.at)


@dataclass(frozen=True)
class _Explained:
    """An account, and the tries at it that were refused, the latest first."""

    session: ActorSession
    page: HeadnetPage
    tries: list[SignInEvent]

    def findings(self) -> Iterator[Finding]:
        page = self.page
        yield from self._ended()
        if page.head is None:
            return
        yield from self._address()
        latest = page.latest
        if latest is None:
            yield from self._none()
        else:
            yield from self._age(latest)
            yield from self._latest(latest)
            yield from self._mail(latest)
            yield from self._typed(latest)

    def _at(self, at: datetime) -> datetime:
        return local(at, self.page.zone)

    def _try(
        self, *outcomes: str, since: datetime | None = None, but_with: str | None = None
    ) -> SignInEvent | None:
        """Return the latest try at the present head with such an outcome.

        None before `since`, and none with the address of the key `but_with`.
        """
        head = self.page.head
        for event in self.tries:
            mine = head is not None and event.headship_id == head.headship_id
            late = since is None or (event.last_at or event.at) >= since
            other = but_with is None or event.address_key != but_with
            if mine and late and other and event.outcome in outcomes:
                return event
        return None

    # A former head

    def _ended(self) -> Iterator[Finding]:
        event = next((event for event in self.tries if event.outcome == "ended"), None)
        former = next(
            (head for head in self.page.former if event and head.headship_id == event.headship_id),
            None,
        )
        if event is None or former is None or former.ended_at is None:
            return
        until, head = self._at(former.ended_at), self.page.head
        if head is None:
            sentence = say(
                "%(name)s was head of school until %(until)s, and nobody is recorded since.",
                name=former.name,
                until=until,
            )
            yield Finding("headnet_ended", sentence, (_refused(event),), RECORD_HEAD)
            return
        sentence = say(
            "%(name)s was head of school until %(until)s; %(head)s is head now. A former head’s "
            "password opens nothing.",
            name=former.name,
            until=until,
            head=head.name,
        )
        yield Finding("headnet_ended", sentence, (_refused(event),))

    # 1. Is it the recorded address?

    def _address(self) -> Iterator[Finding]:
        recorded = self.page.address
        key = address_key(recorded.email) if recorded else None
        event = self._try("other_address", "wrong", "mistyped", but_with=key)
        if event is None:
            return
        if recorded is None:
            sentence = say("Check 1, the address: none is recorded for the head.")
            yield Finding("headnet_address", sentence, (_refused(event),), OTHER_ADDRESS)
            return
        since = Evidence(
            say("Recorded address, in force since"), recorded.email, recorded.in_force_at
        )
        sentence, remedy = self._other_address(event, recorded.email)
        yield Finding("headnet_address", sentence, (_refused(event), since), remedy)

    def _other_address(self, event: SignInEvent, recorded: str) -> tuple[Wording, Remedy]:
        typed = {"typed": event.address or "–", "recorded": recorded}
        pending = self.page.pending
        if pending is not None and address_key(pending.email) == event.address_key:
            sentence = say(
                "Check 1, the address: %(typed)s counts from %(when)s on; until then the head "
                "signs in with %(recorded)s.",
                **typed,
                when=self._at(pending.takes_effect_at),
            )
            return sentence, TELL_ADDRESS
        former = (
            address.ended_at
            for address in self.page.addresses
            if address.ended_at and address_key(address.email) == event.address_key
        )
        if (until := next(former, None)) is not None:
            sentence = say(
                "Check 1, the address: %(typed)s counted until %(when)s; recorded now is "
                "%(recorded)s.",
                **typed,
                when=self._at(until),
            )
            return sentence, TELL_ADDRESS
        sentence = say(
            "Check 1, the address: it was typed with %(typed)s; recorded is %(recorded)s.", **typed
        )
        return sentence, OTHER_ADDRESS

    # 2. Is it less than 24 hours old?

    def _age(self, latest: Password) -> Iterator[Finding]:
        if latest.in_force_at is not None:
            return
        works = self._at(latest.takes_effect_at)
        asked = Evidence(say("Password asked for by"), latest.asked_by, latest.asked_at)
        if latest.takes_effect_at <= self.session.at:
            sentence = say(
                "Check 2, the 24 hours: the password should work since %(when)s, but the nightly "
                "update has not been done.",
                when=works,
            )
            yield Finding("headnet_overdue", sentence, (asked,), RUN_NIGHT)
            return
        sentence = say(
            "Check 2, the 24 hours: the password was asked for %(ago)s, and works from %(when)s "
            "on.",
            ago=_ago(self.session.at - latest.asked_at),
            when=works,
        )
        yield Finding("headnet_waits", sentence, (asked, *self._tried("too_early")), TELL_WHEN)

    def _tried(self, *outcomes: str) -> Iterator[Evidence]:
        event = self._try(*outcomes)
        if event is not None:
            yield _refused(event)

    # 3. Is it the latest one?

    def _latest(self, latest: Password) -> Iterator[Finding]:
        event = self._try("replaced", since=latest.asked_at)
        if event is None:
            return
        asked = self._at(latest.asked_at)
        if latest.in_force_at is None:
            sentence = say(
                "Check 3, the latest one: an older password was typed. The one of %(asked)s has "
                "replaced it, and works from %(when)s on.",
                asked=asked,
                when=self._at(latest.takes_effect_at),
            )
        else:
            sentence = say(
                "Check 3, the latest one: an older password was typed. The one of %(asked)s has "
                "replaced it.",
                asked=asked,
            )
        mailed = Evidence(say("Latest password, mailed to"), latest.email, latest.asked_at)
        yield Finding("headnet_replaced", sentence, (_refused(event), mailed), TELL_LATEST)

    # What comes with it

    def _none(self) -> Iterator[Finding]:
        event = self._try("wrong", "mistyped", "other_address")
        if event is not None:
            sentence = say("No HeadNet password was ever asked for: the head cannot have one.")
            yield Finding("headnet_none", sentence, (_refused(event),), CONTINUE)

    def _mail(self, latest: Password) -> Iterator[Finding]:
        """Tell that the mail has not arrived; of one that was used nothing needs to be told."""
        mail, signed_in = latest.mail, self.page.head and self.page.head.last_sign_in_at
        if latest.in_force_at and signed_in and signed_in >= latest.in_force_at:
            return
        if mail is None or mail.state in LOST:
            words = (mail.reply or mail.reason) if mail else ""
            sentence = say(
                "The mail with the latest password never reached %(email)s.", email=latest.email
            )
            yield Finding("headnet_mail_lost", sentence, tuple(_of_mail(latest, words)), CONTINUE)
        elif mail.state in UNDER_WAY:
            sentence = say(
                "The mail with the latest password to %(email)s has not certainly left yet: the "
                "head may not have it.",
                email=latest.email,
            )
            remedy = TRY_NOW if mail.can_try_now else None
            words = mail.reply or mail.reason
            yield Finding("headnet_mail_waits", sentence, tuple(_of_mail(latest, words)), remedy)

    def _typed(self, latest: Password) -> Iterator[Finding]:
        event = self._try("mistyped", since=latest.asked_at)
        if event is not None:
            sentence = door_words.HEADNET_MISTYPED
            yield Finding("headnet_mistyped", sentence, (_refused(event),), TELL_COPY)
        event = self._try("wrong", since=latest.asked_at)
        if event is not None:
            sentence = door_words.HEADNET_WRONG
            yield Finding("headnet_wrong", sentence, (_refused(event),), TELL_LATEST)


def _of_mail(latest: Password, words: Wording | str | None) -> Iterator[Evidence]:
    at = latest.mail.since if latest.mail else latest.asked_at
    if isinstance(words, Wording):
        yield Evidence(words, at=at)
    elif words:
        yield Evidence(say("The server’s own words"), words, at)
    else:
        yield Evidence(say("Mail"), latest.email, at)


def _ago(time: timedelta) -> Wording:
    minutes = max(0, int(time.total_seconds() // 60))
    if not minutes:
        return say("just now")
    if minutes < 60:
        return say_n("%(count)s minute ago", "%(count)s minutes ago", minutes)
    return say_n("%(count)s hour ago", "%(count)s hours ago", minutes // 60)


# --- the dashboard ------------------------------------------------------------------------

#: What is told of the heads who were refused by a password that was theirs, or nearly.
_CAUSES: dict[str, Callable[[], Wording]] = {
    "other_address": lambda: say("another address than the recorded one"),
    "too_early": lambda: say("the password does not work yet"),
    "replaced": lambda: say("an older password"),
    "mistyped": lambda: say("a slip in the password"),
}


def refusals(session: ActorSession) -> list[AttentionLine]:
    """Return the dashboard's line of heads who were refused and have not come in since.

    Of those whose account is the actor's to manage; guesses of strangers are not told. The
    line leads to the accounts, to the one school where it is only one.
    """
    actor = session.actor
    if not (actor.sees_all or may_change(actor.role, "headnet")):
        return []
    found: dict[int, tuple[str, str]] = {}
    for headship, school, outcome in session.execute(_refused_heads(session.at)):
        found.setdefault(headship, (school, outcome))
    if not found:
        return []
    school, outcome = next(iter(found.values()))
    sentence = say_n(
        "%(count)s head of school was refused at HeadNet and has not come in since: %(school)s "
        "(%(cause)s).",
        "%(count)s heads of school were refused at HeadNet and have not come in since: "
        "%(school)s (%(cause)s), for instance.",
        len(found),
        school=school,
        cause=_CAUSES[outcome](),
    )
    text = school if len(found) == 1 else ""
    return [AttentionLine("headnet_refused", len(found), sentence, "headnet", text=text)]


def _refused_heads(at: datetime) -> Any:
    """SQL: live heads, school and cause, by the latest of the tries that still say something."""
    newer: Any = aliased(HeadnetPassword)
    of_head = and_(newer.headship_id == Headship.id, newer.replaced_at.is_(None))
    works = exists(select(newer.id).where(of_head, newer.in_force_at.is_not(None)))
    asked_since = exists(select(newer.id).where(of_head, newer.asked_at > SignInEvent.last_at))
    address: Any = aliased(HeadAddress)
    counts_now = exists(
        select(address.id).where(
            address.headship_id == Headship.id,
            address.email_key == SignInEvent.address_key,
            in_force(address),
        )
    )
    outcome = col(SignInEvent.outcome)
    signed_in = col(Headship.last_sign_in_at)
    return (
        select(col(Headship.id), col(School.name), outcome)
        .join(Headship, col(Headship.id) == col(SignInEvent.headship_id))
        .join(School, col(School.id) == col(Headship.school_id))
        .where(
            col(SignInEvent.kind) == KIND,
            outcome.in_(_CAUSES),
            col(SignInEvent.at) > at - TOLD_FOR - timedelta(hours=1),
            col(SignInEvent.last_at) > at - TOLD_FOR,
            col(Headship.ended_at).is_(None),
            or_(signed_in.is_(None), col(SignInEvent.last_at) > signed_in),
            ~and_(outcome == "too_early", works),
            ~and_(outcome == "other_address", counts_now),
            or_(outcome == "other_address", ~asked_since),
        )
        .order_by(col(SignInEvent.last_at).desc(), col(SignInEvent.id).desc())
    )
