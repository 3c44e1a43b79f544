"""What to tell a caller, in one sentence ready to be read aloud.

No sentence names an address: whoever calls may be anybody, and an address is told to nobody
without the signed consent (DOMAIN §3). Moments are those of the clocks of the school.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from models.language import Wording, say
from models.roles import MISSIONS


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence may name. `at` and `until` are in the school's zone, or days there."""

    school: str = ""
    year: str = ""
    at: datetime | date | None = None
    until: datetime | date | None = None
    name: str = ""
    mission: str = ""
    words: Wording | None = None


def tell(cause: str, told: Told) -> Wording | None:
    """Return what to tell of a cause, None where the finding's own sentence does."""
    sentence = _TELL.get(cause)
    return sentence(told) if sentence else None


def _mission(told: Told) -> Wording | str:
    mission = MISSIONS.get(told.mission)
    return mission.label if mission else told.mission


_TELL: dict[str, Callable[[Told], Wording]] = {
    # 1. No mail came
    "not_invited": lambda t: say(
        "Nothing has been sent to you yet: I am preparing your invitation now."
    ),
    "mail_waits": lambda t: say(
        "Your invitation was asked for on %(at)s and has not left yet; it does not depend on you.",
        at=t.at,
    ),
    "held": lambda t: say(
        "Your e-mail is held back by our own mail server; your address is right, and we see to it."
    ),
    "refused": lambda t: say(
        "Your mail server refused our e-mail on %(at)s: the address on record has to be "
        "corrected, then we send it again.",
        at=t.at,
    ),
    "bounced": lambda t: say(
        "Our e-mail came back on %(at)s: the address on record has to be corrected, then we "
        "send it again.",
        at=t.at,
    ),
    "uncertain": lambda t: say(
        "Your mail server took our e-mail on %(at)s without confirming it: look among the "
        "unwanted mails too; it is sent again by itself.",
        at=t.at,
    ),
    "no_consent": lambda t: say(
        "%(school)s has recorded no signed form of yours yet: sign it at the school office, and "
        "the e-mail goes out.",
        school=t.school,
    ),
    "consent_printed": lambda t: say(
        "Your form is printed at %(school)s and not recorded yet: hand it in signed, and the "
        "e-mail goes out.",
        school=t.school,
    ),
    "consent_withdrawn": lambda t: say(
        "The consent for your address was withdrawn: a new form has to be signed at %(school)s.",
        school=t.school,
    ),
    "consent_other_address": lambda t: say(
        "Your signed form is for another address than the one on record: sign one for this "
        "address at %(school)s.",
        school=t.school,
    ),
    # 2 to 5. Tokens
    "expired": lambda t: say(
        "Your token was valid until %(until)s: you will get a new one by e-mail.", until=t.until
    ),
    "token_expired": lambda t: say(
        "Your token was valid until %(until)s: ask for a new one with “Forgotten password”.",
        until=t.until,
    ),
    "token_used": lambda t: say(
        "Your token has done its work and your access is active: sign in with your password, or "
        "make a new one with “Forgotten password”."
    ),
    "no_password": lambda t: say(
        "Your access is active and has no password yet: make one with “Forgotten password”."
    ),
    "several_mails": lambda t: say(
        "Several e-mails were sent to you: only the latest counts, that of %(at)s.", at=t.at
    ),
    "token_replaced": lambda t: say(
        "You used the token of an older e-mail: only the latest counts, that of %(at)s.", at=t.at
    ),
    "token_withdrawn": lambda t: say(
        "The token that you have no longer counts: you will get a new one by e-mail."
    ),
    "token_mistyped": lambda t: say(
        "The token is mistyped: copy it once more from the e-mail; spaces and hyphens do not "
        "matter."
    ),
    "token_unknown": lambda t: say(
        "This token is none of ours: look for the latest e-mail, and copy the token from it."
    ),
    # 6 to 8. The records
    "typing_error": lambda t: say(
        "The address on record looks mistyped: %(school)s has to correct it, and it reaches us "
        "with the next import, some days later.",
        school=t.school,
    ),
    "address_changed": lambda t: say(
        "Your address was changed after the e-mail of %(at)s: you will get a new one at the new "
        "address.",
        at=t.at,
    ),
    "no_post": lambda t: say(
        "The records of %(school)s name no post of yours for this school year: ask the school "
        "office to enter it.",
        school=t.school,
    ),
    "no_address": lambda t: say(
        "There is no e-mail address of yours on record: ask %(school)s to enter one; it reaches "
        "us with the next import, some days later.",
        school=t.school,
    ),
    # 9 to 12. Posts, schools, roles
    "date_passed": lambda t: say(
        "The exit date, %(until)s, has passed and the presence is still ticked: untick it in the "
        "records, and the access ends with the next import.",
        until=t.until,
    ),
    "absent": lambda t: say(
        "The presence is no longer ticked, but no exit date is entered: enter it in the records, "
        "and the access ends with the next import."
    ),
    "disappeared": lambda t: say(
        "The import of %(at)s no longer named this person: if they have left, enter the exit "
        "date in the records.",
        at=t.at,
    ),
    "deactivated": lambda t: say(
        "%(school)s deactivated your access on %(at)s: the school can open it again.",
        school=t.school,
        at=t.at,
    ),
    "no_child": lambda t: say(
        "No child of yours is on record in %(school)s any more: ask the school office to enter it.",
        school=t.school,
    ),
    "headnet_unknown": lambda t: say(
        "The address with which HeadNet was tried is recorded for no head of school: ask the "
        "coordinator which one is."
    ),
    "lost_in_one_school": lambda t: say(
        "Your access ended in %(school)s alone, on %(at)s; your other schools are still open to "
        "you.",
        school=t.school,
        at=t.at,
    ),
    "account_disabled": lambda t: say(
        "The helpdesk closed this account on %(at)s: we look into why before it is opened again.",
        at=t.at,
    ),
    "no_role": lambda t: say(
        "%(school)s has given you no role yet, and nothing opens without one: the school sets it.",
        school=t.school,
    ),
    "mission_removed": lambda t: say(
        "Your mission “%(mission)s” in %(school)s was taken away on %(at)s, and its menus with it.",
        mission=_mission(t),
        school=t.school,
        at=t.at,
    ),
    "mission_not_renewed": lambda t: say(
        "Your mission “%(mission)s” ended with the school year %(year)s and was not given again "
        "in %(school)s: its menus come back with it.",
        mission=_mission(t),
        year=t.year,
        school=t.school,
    ),
    "former_head": lambda t: say(
        "In %(school)s the post of the former head, %(name)s, is still open: it has to be ended "
        "in the records.",
        school=t.school,
        name=t.name,
    ),
    "headnet_former_head": lambda t: say(
        "In HeadNet %(name)s is still recorded as the head of %(school)s: the coordinator has "
        "to record you.",
        school=t.school,
        name=t.name,
    ),
    # 13 to 16
    "no_consents_at_all": lambda t: say(
        "Nothing was sent to anybody in %(school)s, for no signed form is recorded yet: have them "
        "printed, signed and recorded.",
        school=t.school,
    ),
    "duplicate": lambda t: say(
        "You may be on record twice: we have to decide that first, then everything goes its way."
    ),
    "two_accounts": lambda t: say(
        "You have two accounts: sign in with the one made on %(at)s, and we close the other.",
        at=t.at,
    ),
    "wrong_identifier": lambda t: say(
        "You sign in with another address than the one of your account: use the address at "
        "which you received the token."
    ),
    "unknown_address": lambda t: say(
        "No account and nobody on record has this address: ask your school’s manager which one "
        "is on record."
    ),
    "reset_never_activated": lambda t: say(
        "You have no password to forget yet, for your access was never activated: use the token of "
        "the invitation."
    ),
    "reset_unknown": lambda t: say(
        "The address you typed on %(at)s was not known: that is why no e-mail came.", at=t.at
    ),
    "reset_limited": lambda t: say(
        "You asked for too many e-mails within an hour, the last time on %(at)s: wait an hour, "
        "and use the latest one.",
        at=t.at,
    ),
    "reset_mail_lost": lambda t: say(
        "The e-mail for your forgotten password never arrived: your mail server refused it on "
        "%(at)s.",
        at=t.at,
    ),
    "reset_mail_waits": lambda t: say(
        "The e-mail for your forgotten password was asked for on %(at)s and has not left yet.",
        at=t.at,
    ),
    "shared_mailbox": lambda t: say(
        "Your address is also somebody else’s, and each account needs one of its own: give us "
        "another."
    ),
    # 17, 18
    "locked": lambda t: say(
        "After too many wrong passwords your account is locked until %(until)s: with “Forgotten "
        "password” you get in at once.",
        until=t.until,
    ),
    "wrong_password": lambda t: say(
        "The password was wrong, the last time on %(at)s: make a new one with “Forgotten "
        "password”.",
        at=t.at,
    ),
    "ended": lambda t: say(
        "Your access to %(school)s ended with the school year %(year)s: it is renewed once the "
        "records of the new year are read.",
        school=t.school,
        year=t.year,
    ),
    # 19. HeadNet
    "headnet_ended": lambda t: say(
        "You are no longer recorded as the head of %(school)s: a former head’s password opens "
        "nothing.",
        school=t.school,
    ),
    "headnet_address": lambda t: say(
        "You signed in with another address than the one recorded for the head: use that one, or "
        "have the coordinator record yours."
    ),
    "headnet_waits": lambda t: say(
        "Your HeadNet password is less than 24 hours old: it works from %(until)s on.",
        until=t.until,
    ),
    "headnet_overdue": lambda t: say(
        "Your HeadNet password should work by now, but the nightly update was not done: we see "
        "to it."
    ),
    "headnet_replaced": lambda t: say(
        "You used an older HeadNet password: only the latest counts, asked for on %(at)s.",
        at=t.at,
    ),
    "headnet_none": lambda t: say(
        "No HeadNet password was ever asked for: the coordinator has one sent to you."
    ),
    "headnet_mail_lost": lambda t: say(
        "The e-mail with your HeadNet password never arrived: check with the coordinator which "
        "address is recorded."
    ),
    "headnet_mail_waits": lambda t: say(
        "The e-mail with your HeadNet password may not have left yet: it is tried again."
    ),
    "headnet_mistyped": lambda t: say(
        "Your HeadNet password was typed with a slip: copy it from the e-mail; spaces and "
        "hyphens do not matter."
    ),
    "headnet_wrong": lambda t: say(
        "What you typed is none of your HeadNet passwords: it may be that of another service."
    ),
    # 20. Workshops
    "requirements_not_met": lambda t: say(
        "A session of the workshop was missed: the requirements are met by whoever was present "
        "at all of them."
    ),
    "asked_late": lambda t: say(
        "The workshop was asked for less than eight weeks before its first day: it may be "
        "delayed or refused."
    ),
}
