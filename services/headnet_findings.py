"""What is wrong with the HeadNet account of a school's head, and what mends it."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from models.language import say
from services.findings import Evidence, Finding, Remedy
from services.headnet_school import MAIL_STATE_WORDS, HeadnetPage, MailTold, Password

RECORD_HEAD = Remedy("record_head", say("Record the head of school"))
CHANGE_ADDRESS = Remedy("change_address", say("Record another address"))
CONTINUE = Remedy("continue", say("Send a new password"))
TRY_NOW = Remedy("try_now", say("Try the mail now"))


def findings(page: HeadnetPage) -> tuple[Finding, ...]:
    """Return what is wrong or has to be waited for, the deciding one first.

    The order is that in which somebody who is refused should look: is it the recorded address,
    has the update passed, is it the latest password (DOMAIN §3, HeadNet).
    """
    return tuple(_findings(page))


def _findings(page: HeadnetPage) -> Iterator[Finding]:
    zone = ZoneInfo(page.zone)
    if page.head is None:
        yield Finding("no_head", say("The school has no head: record one."), remedy=RECORD_HEAD)
        return
    if page.address is None:
        words = say("No address is recorded: no password can be sent.")
        yield Finding("no_address", words, remedy=CHANGE_ADDRESS)
    if page.pending is not None:
        values = {
            "email": page.pending.email,
            "when": page.pending.takes_effect_at.astimezone(zone),
        }
        if page.pending.state == "overdue":
            words = say(
                "The address %(email)s should count since %(when)s: the update has not run yet.",
                **values,
            )
            yield Finding("address_overdue", words)
        else:
            words = say("The address %(email)s counts from %(when)s on.", **values)
            yield Finding("address_waiting", words)
    if page.latest is None:
        if page.address is not None:
            words = say("No password has been asked for yet.")
            yield Finding("no_password", words, remedy=CONTINUE)
        return
    yield from _of_password(page.latest, zone)


def _of_password(latest: Password, zone: ZoneInfo) -> Iterator[Finding]:
    values = {
        "when": latest.takes_effect_at.astimezone(zone),
        "asked": latest.asked_at.astimezone(zone),
        "email": latest.email,
    }
    if latest.state == "never_delivered":
        yield Finding(
            "never_delivered",
            say(
                "The password asked for on %(asked)s never reached %(email)s. Check the address, "
                "then send again: that makes a new password.",
                **values,
            ),
            _told(latest.mail),
            CONTINUE,
        )
    elif latest.state == "overdue":
        words = say(
            "The password should work since %(when)s: the nightly update has not run yet.", **values
        )
        yield Finding("overdue", words)
    elif latest.state == "waiting":
        words = say("The password sent to %(email)s works from %(when)s on, not before.", **values)
        yield Finding("waiting", words)
    if latest.mail is not None and latest.mail.can_try_now:
        values["next"] = (latest.mail.next_try_at or latest.asked_at).astimezone(zone)
        words = say("Its mail has not left yet: it is tried again at %(next)s.", **values)
        yield Finding("mail_delayed", words, _told(latest.mail), TRY_NOW)


def _told(mail: MailTold | None) -> tuple[Evidence, ...]:
    """What the mail server said, in its own words, or why there is no mail."""
    if mail is None:
        return ()
    words = mail.reply or (mail.reason.text() if mail.reason else "")
    return (Evidence(MAIL_STATE_WORDS[mail.state][1], words, at=mail.since),)
