"""The process that sends, for tests that kill it: small, and without pytest."""

import os
import threading

from models.database import make_engine
from models.keys import Key
from services.mail.sender import Letterhead, send_now
from services.mail.url import mail_settings
from tests.worlds import NOW

KEY = Key(bytes(range(32)))
CONNECTIONS = 3


def run(database_url: str, mail_url: str) -> None:
    """Send all that is due, with a process number of its own, and end with 0."""
    engine = make_engine(database_url)
    settings = mail_settings(f"{mail_url}?connections={CONNECTIONS}")
    letterhead = Letterhead("trousseau@ecole.example")
    send_now(engine, settings, KEY, letterhead, clock=lambda: NOW)
    assert threading.active_count() == 1, os.getpid()
