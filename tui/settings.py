"""What the program is told by its environment, and the folders it keeps its files in.

Every setting is a variable `TROUSSEAU_…`. Importing this module costs about 110 ms on top
of Textual: import it in the first worker, or in a command; what the first picture needs is
in `tui.appearance`.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from models.addresses import AddressError, parse_address
from models.errors import TrousseauError, reason_of
from models.language import N_, Wording, say
from services.mail.url import MailSettings, is_loopback, mail_settings_from_environment
from tui.appearance import Appearance, Style, recognised_style

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from models.nightly import Schedule
    from services.bigbluebutton import MeetingServer
    from services.mail.sender import Letterhead, Mailing
    from services.nightly import Nightwork

_PREFIX = "TROUSSEAU_"


class SettingsRefused(TrousseauError):
    """A variable of the environment has a value that the program cannot use."""

    heading = N_("The settings cannot be used")


@dataclass(frozen=True, slots=True)
class Folders:
    """The three folders of the program, each open to its owner alone."""

    config: Path
    data: Path
    state: Path

    @property
    def key_file(self) -> Path:
        """The key of the tokens: beside the configuration, outside the database's folder."""
        return self.config / "key"

    @property
    def database(self) -> Path:
        return self.data / "trousseau.db"

    @property
    def maildir(self) -> Path:
        return self.data / "mail"

    @property
    def log(self) -> Path:
        return self.state / "trousseau.log"

    def create(self) -> None:
        """Make the folders that are missing, with mode 0700; leave the others as they are.

        Raises `SettingsRefused` where that is not possible.
        """
        for folder in (self.config, self.data, self.state):
            try:
                _create(folder)
            except OSError as error:
                raise SettingsRefused(
                    say(
                        "The folder %(folder)s cannot be made: %(reason)s. "
                        "TROUSSEAU_HOME chooses another place.",
                        folder=str(folder),
                        reason=reason_of(error),
                    )
                ) from None


def folders(home: Path | None) -> Folders:
    """Return the folders below `home`, or without it those that the system reserves for us."""
    if home is not None:
        home = home.expanduser().absolute()
        return Folders(home / "config", home / "data", home / "state")
    return Folders(
        platformdirs.user_config_path("trousseau"),
        platformdirs.user_data_path("trousseau"),
        platformdirs.user_state_path("trousseau"),
    )


def _create(folder: Path) -> None:
    # Path.mkdir gives the mode to the last part only.
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


class Settings(BaseSettings):
    """Every setting, read and checked. Nothing secret shows in its `repr` or its errors."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    home: Path | None = None
    #: May hold a password, and so may the mail's.
    database_url: SecretStr | None = None
    mail_url: SecretStr | None = None
    mail_password: SecretStr | None = None
    mail_password_file: Path | None = None
    #: The `From` of every mail; the mailbox of bounces; where a token is used, for people.
    mail_from: str = ""
    mail_bounces: str = ""
    sign_in_at: str = ""
    #: The helpdesk's address, to which people who have signed in can write; "" for nobody.
    support_address: str = ""
    #: The server of the workshops' meetings, the secret shared with it, and where it reports
    #: who was there.
    bigbluebutton_url: str = ""
    bigbluebutton_secret: SecretStr | None = None
    bigbluebutton_secret_file: Path | None = None
    bigbluebutton_callback: str = ""
    language: Literal["fr", "en"] = "fr"
    #: None leaves it to what the terminal shows.
    style: Style | None = None
    driver: Literal["changes", "stock"] = "changes"
    #: The share of a school's people above which a plan stops (DESIGN §2.2).
    mass_change_share: float = Field(default=0.25, gt=0, le=1)
    #: Minutes without a key after which somebody is signed out.
    idle_minutes: int = Field(default=20, ge=1, le=1_440)
    #: Sessions over SSH on this machine: of one key or, without one, of one address; in all.
    sessions_a_person: int = Field(default=20, ge=1, le=4_096)
    sessions: int = Field(default=200, ge=1, le=4_096)
    #: Megabytes that each of them may write to.
    session_memory: int = Field(default=1_024, ge=256, le=65_536)
    #: Days for which a token is valid; None leaves what the database says, 14 at first.
    token_days: int | None = Field(default=None, ge=1, le=365)
    #: When the nightly update is due: a time of the day and, if not that of Brussels, a zone.
    nightly_at: str = "03:00"
    #: Days after which whoever has not activated is reminded once; 0 for never.
    reminder_days: int = Field(default=7, ge=0, le=365)
    #: Where returned mails lie, for the nightly update: a Maildir, an mbox or a folder.
    bounce_source: Path | None = None
    #: The keys of desks and kiosks: they let anybody in to the sign-in screen, and are nobody's.
    shared_keys: Path = Path("/etc/trousseau/shared_keys")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # No .env: a file in whatever folder the program is started from is not ours.
        return (init_settings, env_settings)

    @field_validator("nightly_at")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if not re.fullmatch(r"(?:[01]?\d|2[0-3]):[0-5]\d(?: +[A-Za-z0-9_+/-]+)?", value, re.ASCII):
            raise ValueError("not a time of day")
        return value

    @field_validator("support_address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            return parse_address(value) if value else ""
        except AddressError:
            raise ValueError("not an address") from None

    @property
    def folders(self) -> Folders:
        return folders(self.home)

    @property
    def appearance(self) -> Appearance:
        return Appearance(self.language, self.style or recognised_style(os.environ))

    @property
    def embedded(self) -> bool:
        """Whether the database is the program's own file, which it may migrate by itself."""
        return self.database_url is None

    def database(self) -> str:
        """Return the address for `models.database.make_engine`. It may hold a password."""
        if self.database_url is None:
            return f"sqlite:///{self.folders.database}"
        return self.database_url.get_secret_value()

    def mail(self) -> MailSettings:
        """Return where mail goes; raises `MailSettingsRefused` with the reason."""
        given: Mapping[str, Any] = {
            "MAIL_URL": _revealed(self.mail_url),
            "MAIL_PASSWORD": _revealed(self.mail_password),
            "MAIL_PASSWORD_FILE": str(self.mail_password_file or ""),
        }
        environment = {_PREFIX + name: value for name, value in given.items() if value}
        return mail_settings_from_environment(environment, self.folders.maildir)

    def meetings(self) -> "MeetingServer | None":
        """Return the meeting server, if there is one; raises `MeetingSettingsRefused`."""
        from services.bigbluebutton import meeting_server_from_environment

        given: Mapping[str, Any] = {
            "URL": self.bigbluebutton_url,
            "SECRET": _revealed(self.bigbluebutton_secret),
            "SECRET_FILE": str(self.bigbluebutton_secret_file or ""),
            "CALLBACK": self.bigbluebutton_callback,
        }
        return meeting_server_from_environment(
            {f"{_PREFIX}BIGBLUEBUTTON_{name}": value for name, value in given.items() if value}
        )

    def letterhead(self) -> "Letterhead":
        """Return from whom mails come; raises `MailSettingsRefused` like `mail`."""
        from services.mail.sender import Letterhead

        sender = self.mail_from or default_sender(self.mail())
        return Letterhead(sender, bounces=self.mail_bounces, sign_in_at=self.sign_in_at)

    def mailing(self) -> "Mailing":
        """Return all that it takes to send; raises an error in words where something lacks."""
        from models.keys import load_key
        from services.mail.sender import Mailing

        return Mailing(self.mail(), load_key(self.folders.key_file), self.letterhead())

    def schedule(self) -> "Schedule":
        """Return when the nightly update is due; raises `SettingsRefused`."""
        from models.nightly import parse_schedule

        try:
            return parse_schedule(self.nightly_at)
        except ValueError:
            raise _refused("nightly_at") from None

    def nightwork(self, engine: "Engine", clock: Callable[[], datetime]) -> "Nightwork":
        """Return all that the nightly update needs; raises `SettingsRefused`."""
        from models.keys import load_key
        from services.nightly import Nightwork

        return Nightwork(
            engine,
            clock,
            lambda: load_key(self.folders.key_file),
            schedule=self.schedule(),
            reminder_days=self.reminder_days,
            bounces=self.bounce_source and self.bounce_source.expanduser(),
        )


#: Where nothing leaves this machine, and so nobody answers.
_NOBODY = "trousseau@localhost.localdomain"


def default_sender(mail: MailSettings) -> str:
    """Return the address that mails come from where `TROUSSEAU_MAIL_FROM` does not say.

    The account at the mail server if it is an address, else one at the server's own name.
    """
    if "@" in mail.user:
        return mail.user
    if mail.maildir is not None or is_loopback(mail.host) or not _DOMAIN.fullmatch(mail.host):
        return _NOBODY
    return f"trousseau@{mail.host}"


_DOMAIN = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


def _revealed(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


#: What each setting that can be wrong must be.
_EXPECTED: dict[str, Wording] = {
    "language": say("fr or en"),
    "style": say("colour, monochrome or accessible"),
    "driver": say("changes or stock"),
    "mass_change_share": say("a number above 0 and up to 1, such as 0.25 for a quarter"),
    "token_days": say("a whole number of days from 1 to 365"),
    "idle_minutes": say("a whole number of minutes from 1 to 1440"),
    "sessions_a_person": say("a whole number from 1 to 4096"),
    "sessions": say("a whole number from 1 to 4096"),
    "session_memory": say("a whole number of megabytes from 256 to 65536"),
    "support_address": say("an address that receives mail, such as aide@ecole.example"),
    "nightly_at": say("a time of the day, such as 03:00 or 03:00 Europe/Brussels"),
    "reminder_days": say("a whole number of days from 0 to 365"),
}


def load_settings() -> Settings:
    """Return the settings of the environment; raises `SettingsRefused` naming the variable."""
    try:
        return Settings()
    except ValidationError as error:
        name = str(error.errors(include_input=False)[0]["loc"][0]).removeprefix(_PREFIX).lower()
        # Without its cause: that one would be free to show the value.
        raise _refused(name) from None


def _refused(name: str) -> SettingsRefused:
    return SettingsRefused(
        say(
            "The variable %(variable)s must be %(expected)s.",
            variable=_PREFIX + name.upper(),
            expected=_EXPECTED.get(name, say("written otherwise")),
        )
    )
