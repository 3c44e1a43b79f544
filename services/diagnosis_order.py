"""Which cause is told first, and which of DOMAIN §5's twenty it is.

What keeps somebody out now comes before what will matter later, and what has to be repaired
first before what follows from it.
"""

from collections.abc import Iterable

from services.findings import Finding

#: Every cause with its number in DOMAIN §5, in the order in which they are told to somebody
#: who has no access that works.
_CAUSES = """
    token_mistyped 5, token_unknown 5, account_disabled 10,
    deactivated 10, no_child 10, no_school_year 18, no_post 7, ended 18,
    no_address 8, no_consents_at_all 13, consent_withdrawn 1, consent_other_address 1,
    consent_printed 1, no_consent 1, duplicate 14, no_role 11,
    held 1, bounced 1, refused 1, typing_error 6, address_changed 6, expired 2,
    token_replaced 4, token_withdrawn 1, token_expired 2, token_used 3, token_blocked 1,
    token_deactivated 10, token_other_year 18,
    mail_waits 1, uncertain 1, not_invited 1, several_mails 4,
    headnet_ended 12, headnet_former_head 12, headnet_unknown 19, headnet_address 19,
    headnet_waits 19, headnet_overdue 19, headnet_replaced 19, headnet_none 19,
    headnet_mail_lost 19, headnet_mail_waits 19, headnet_mistyped 19, headnet_wrong 19,
    former_head 12, shared_mailbox 16, token_shared 16,
    reset_never_activated 16, locked 17, no_password 3, wrong_identifier 15,
    unknown_address 15, two_accounts 14, reset_mail_lost 16, reset_mail_waits 16,
    reset_limited 16, reset_unknown 16, wrong_password 17,
    lost_in_one_school 10, mission_removed 11, mission_not_renewed 11,
    date_passed 9, absent 9, disappeared 9,
    answer_overdue 20, few_participants 20, requirements_not_met 20, asked_late 20,
    registration_closed 20, cancelling_is_charged 20, attendance_overdue 20,
    invoice_overdue 20, invoice_missing 20,
    nothing_imported 7, school_year_undecided 18, to_invite 1
"""
_TOLD = [entry.split() for entry in _CAUSES.replace("\n", " ").split(",")]
#: The number in DOMAIN §5 of each cause that a diagnosis names.
NUMBERS: dict[str, int] = {cause: int(number) for cause, number in _TOLD}
_PLACES = {cause: place for place, cause in enumerate(NUMBERS)}

#: What keeps somebody out whose access works, or has just been met with at the door.
_AT_THE_DOOR = (
    "token_mistyped", "token_unknown", "account_disabled", "locked", "no_password",
    "headnet_ended", "headnet_former_head", "headnet_address", "headnet_replaced",
    "headnet_mistyped", "headnet_wrong", "headnet_none",
    "token_used", "token_replaced", "token_expired", "token_withdrawn",
    "wrong_identifier", "unknown_address", "shared_mailbox", "reset_mail_lost",
    "reset_limited", "reset_mail_waits", "reset_unknown", "wrong_password",
)  # fmt: skip
_DOOR_PLACES = {cause: place for place, cause in enumerate(_AT_THE_DOOR)}


def most_likely_first(findings: Iterable[Finding], is_in: bool) -> list[Finding]:
    """Return the findings in order; `is_in` tells that some access works.

    Of one cause in several schools the order given is kept.
    """

    def place(finding: Finding) -> tuple[int, int]:
        if is_in and finding.cause in _DOOR_PLACES:
            return 0, _DOOR_PLACES[finding.cause]
        return 1, _PLACES.get(finding.cause, len(_PLACES))

    return sorted(findings, key=place)
