"""Why a token opens nothing, in words for whoever holds it."""

from datetime import datetime
from typing import ClassVar

from models.accounts import Account
from models.errors import TrousseauError
from models.language import N_, say


class TokenRefused(TrousseauError):
    """A token that is well formed opens nothing; `outcome` is its code for the helpdesk."""

    outcome: ClassVar[str]


class TokenInvalid(TokenRefused):
    """This program has never given such a token. That is all that a stranger learns."""

    heading = N_("The token is not valid")
    outcome = "unknown"


class TokenUsed(TokenRefused):
    """The token has done its work, or the access became active without it."""

    heading = N_("The token has been used already")
    outcome = "used"


class TokenExpired(TokenRefused):
    """The token was valid until a time that has passed."""

    heading = N_("The token has expired")
    outcome = "expired"


class TokenReplaced(TokenRefused):
    """A later mail has brought another token."""

    heading = N_("A later e-mail has replaced this token")
    outcome = "replaced"


class TokenWithdrawn(TokenRefused):
    """Whoever gave the token has taken it back, or it went to an address that counts no more."""

    heading = N_("The token has been withdrawn")
    outcome = "withdrawn"


class TokenOfOtherYear(TokenRefused):
    """The access ended with its school year."""

    heading = N_("The token is of another school year")
    outcome = "other_year"


class AccountDeactivated(TokenRefused):
    """The school has deactivated the access, or the helpdesk the account."""

    heading = N_("The access is deactivated")
    outcome = "deactivated"


class TokenBlocked(TokenRefused):
    """Something must be decided first at the school: a double, a consent, a role."""

    heading = N_("The access is not open yet")
    outcome = "blocked"


class SharedMailbox(TokenRefused):
    """The address is another person's user name: this person has to choose another."""

    heading = N_("Choose another address")
    outcome = "shared"


class AddressRefused(TrousseauError):
    """What was typed cannot be the new reference address."""

    heading = N_("Choose another address")


def no_password(account: Account) -> TokenBlocked:
    """Whoever holds this mailbox must show that the other account is theirs, too."""
    return TokenBlocked(
        say(
            "You have an account already, under %(email)s, and it has no password yet. Make one "
            "first with “Forgotten password” and that address; then give this token again.",
            email=account.email,
        )
    )


def account_disabled(contact: str = "") -> AccountDeactivated:
    if not contact:
        return AccountDeactivated(say("The helpdesk has closed this account. Ask it why."))
    return AccountDeactivated(
        say("The helpdesk has closed your account. Ask it, or %(contact)s.", contact=contact)
    )


def used_already(at: datetime) -> TokenUsed:
    return TokenUsed(
        say(
            "This token was used on %(at)s: sign in with your address and your password. "
            "“Forgotten password” gets you a new one.",
            at=at,
        )
    )


def replaced(at: datetime) -> TokenReplaced:
    return TokenReplaced(
        say(
            "A later e-mail has brought you another token, which replaces this one: use the "
            "mail of %(time)s, sent on %(day)s.",
            time=f"{at:%H:%M}",
            day=at.date(),
        )
    )


def invitation_withdrawn(contact: str) -> TokenWithdrawn:
    return TokenWithdrawn(
        say("This invitation has been taken back. Ask %(contact)s.", contact=contact)
    )


def expired(at: datetime) -> TokenExpired:
    return TokenExpired(say("This token was valid until %(at)s. Ask for a new one here.", at=at))
