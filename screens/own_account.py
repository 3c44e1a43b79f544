"""« Mon compte »: the address and password one signs in with, what for, the keys, who knocked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from textual import on
from textual.message import Message

from models.language import N_, Wording, _, ngettext, say
from models.schools import DEFAULT_TIME_ZONE
from screens.commands import bindings
from screens.doorway import LONGEST_TOKEN, MailQueued
from screens.facts import section, told_at
from screens.reading import ReadingScreen
from screens.widgets.ask import AskDialog
from screens.widgets.reader import Paragraph
from services import own_account
from services.own_account import OwnAccount, SignInRow
from services.tries import LOCAL

_KINDS = {
    "password": N_("password"),
    "token": N_("token"),
    "key": N_("SSH key"),
    "reset": N_("forgotten password"),
    "address": N_("change of address"),
}
#: What came of a try, for its owner: the codes of `services.tries.OUTCOMES`.
_OUTCOMES = {
    "ok": N_("signed in"),
    "wrong": N_("wrong password"),
    "locked": N_("refused: the account was locked"),
    "disabled": N_("refused: the account is closed"),
    "no_password": N_("refused: no password is set"),
    "no_access": N_("refused: nothing was open"),
    "queued": N_("a token was mailed"),
    "limited": N_("refused: too many mails"),
    "used": N_("refused: the token was used"),
    "expired": N_("refused: the token had expired"),
    "replaced": N_("refused: a later token exists"),
    "withdrawn": N_("refused: the token was withdrawn"),
}


class OwnAccountScreen(ReadingScreen[OwnAccount]):
    """One's own account, read; what changes it has a screen of its own."""

    BINDINGS = [
        *bindings("account.password", "account.address", "account.confirm", "account.keys"),
        *bindings("account.support"),
    ]
    place = N_("My account")

    @dataclass
    class _Confirmed(Message):
        email: str

    # Reading

    def read(self) -> OwnAccount:
        place = self.workplace
        return own_account.page(place.entrance(), place.desk.actor)

    def paragraphs(self, page: OwnAccount) -> Iterator[Paragraph]:
        here = self.workplace.here
        return _Words(here.zone if here else ZoneInfo(DEFAULT_TIME_ZONE)).page(page)

    def _show(self) -> None:
        super()._show()
        self.refresh_bindings()

    # Changing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "confirm":
            return self._page is not None and self._page.asked_email is not None
        return True

    def action_password(self) -> None:
        from screens.change_password import ChangePasswordScreen

        self.app.push_screen(ChangePasswordScreen(self.workplace))

    def action_address(self) -> None:
        from screens.change_address import ChangeAddressScreen

        self.app.push_screen(ChangeAddressScreen(self.workplace))

    def action_keys(self) -> None:
        from screens.account_keys import AccountKeysScreen

        self.app.push_screen(AccountKeysScreen(self.workplace))

    def action_support(self) -> None:
        from screens.support import SupportScreen

        self.app.push_screen(SupportScreen(self.workplace))

    def action_confirm(self) -> None:
        def answered(token: str | None) -> None:
            if token is not None:
                self.attempt(lambda: self._confirm(token))

        assert self._page is not None
        self.app.push_screen(ConfirmAddressScreen(self._page.asked_email or ""), answered)

    def _confirm(self, token: str) -> None:
        self.post_message(
            self._Confirmed(own_account.confirm_address(self.workplace.entrance(), token))
        )

    @on(_Confirmed)
    def _tell_confirmed(self, message: _Confirmed) -> None:
        message.stop()
        self.app.post_message(MailQueued())
        told = say("From now on you sign in with %(email)s.", email=message.email)
        self.app.notify(told.text(), markup=False)
        self._look()


class ConfirmAddressScreen(AskDialog[str]):
    """Ask for the token that was mailed to a new address; the result is what was typed."""

    def __init__(self, email: str) -> None:
        super().__init__(
            say("Confirm the address"),
            say("The token that was mailed to %(email)s:", email=email),
            say("Enter confirms   Esc closes"),
            longest=LONGEST_TOKEN,
        )

    def read(self, text: str) -> str | Wording:
        return text if text.strip() else say("Needed")


class _Words:
    """Turns the account into paragraphs, with times in the school's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def page(self, page: OwnAccount) -> Iterator[Paragraph]:
        yield from section(_("To sign in with"), self._ways(page))
        yield from section(_("What for"), (str(profile.label) for profile in page.profiles))
        yield from section(_("SSH keys"), self._keys(page))
        yield from section(_("Latest sign-ins and tries"), map(self._sign_in, page.sign_ins))

    def _ways(self, page: OwnAccount) -> Iterator[str]:
        yield _("Reference address: %(email)s") % {"email": page.email}
        if page.asked_email and page.asked_until:
            yield _("To be confirmed until %(until)s: %(email)s (c)") % {
                "email": page.asked_email,
                "until": told_at(page.asked_until, self._zone),
            }
        if page.password_set_at is None:
            yield _("No password is set")
        else:
            yield _("Password: set on %(at)s") % {"at": told_at(page.password_set_at, self._zone)}

    def _keys(self, page: OwnAccount) -> Iterator[str]:
        for key in page.keys:
            used = (
                _("last used on %(at)s") % {"at": told_at(key.last_used_at, self._zone)}
                if key.last_used_at
                else _("never used")
            )
            yield f"{key.name or key.kind}  {key.fingerprint[:20]}…  {used}"
        if not page.keys:
            yield _("None: s, then n adds one, which signs you in over SSH without a password.")

    def _sign_in(self, row: SignInRow) -> str:
        told = _(_OUTCOMES.get(row.outcome, N_("turned away")))
        times = (
            ngettext(" (%(count)s time)", " (%(count)s times)", row.times) % {"count": row.times}
            if row.times > 1
            else ""
        )
        kind = _(_KINDS[row.kind]) if row.kind in _KINDS else row.kind
        return f"{told_at(row.at, self._zone)}  {kind}, {_place(row.origin)} – {told}{times}"


def _place(origin: str) -> str:
    """Return where somebody knocked from: an address of the network, or this machine."""
    return _("this machine") if origin.partition(":")[0] == LOCAL else origin or "–"
