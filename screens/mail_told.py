"""A message in full: to whom it went, what became of it, and the mail server's own words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from models.language import _
from screens.facts import told_at
from screens.whole_line import WholeLineScreen
from screens.widgets.text import signed
from services.story import MailTold


def mail_screen(mail: MailTold, zone: ZoneInfo) -> WholeLineScreen:
    """Return the dialog that tells all of a message, with times by the clocks of `zone`."""
    told, about = _mail(mail, zone)
    return WholeLineScreen(told, about, title=mail.name.text())


def _mail(mail: MailTold, zone: ZoneInfo) -> tuple[list[tuple[str, str]], list[str]]:
    """Return a message as titles with texts, then what the server said of it."""
    told = [(_("Sent to"), mail.recipient), (_("School"), mail.school)]
    told += [(told_at(at, zone), text.text()) for text, at in mail.facts]
    if mail.attempts:
        told.append((_("Tries"), str(mail.attempts)))
    if mail.next_attempt_at is not None:
        told.append((_("Next try"), told_at(mail.next_attempt_at, zone)))
    told.append((_("Valid until"), told_at(mail.expires_at, zone)))
    about = []
    if mail.words:
        about.append(_("The server’s own words: %(words)s") % {"words": mail.words})
    if mail.reason is not None:
        about.append(signed("!", mail.reason))
    return told, about
