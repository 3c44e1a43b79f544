"""Where mail goes, as one line of configuration says it.

`smtp://user@host:587?tls=starttls&rate=5&connections=2`, `smtps://user@host`,
`maildir:PATH`. The password is handed over separately, from a file or the environment, for
a line of configuration is copied into tickets and shown by `ps`.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from models.errors import TrousseauError
from models.language import N_, Wording, say
from models.text import clean, is_clean

URL_VARIABLE = "TROUSSEAU_MAIL_URL"
PASSWORD_VARIABLE = "TROUSSEAU_MAIL_PASSWORD"
PASSWORD_FILE_VARIABLE = "TROUSSEAU_MAIL_PASSWORD_FILE"

#: Messages a second to a relay that is not on this machine, when the URL does not say.
DEFAULT_RATE = 5.0
DEFAULT_CONNECTIONS = 2
_PORTS = {"none": 25, "starttls": 587, "implicit": 465}
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_MAX_PASSWORD_BYTES = 4096

Security = Literal["none", "starttls", "implicit"]


class MailSettingsRefused(TrousseauError):
    """The mail settings are wrong or unsafe."""

    heading = N_("The mail settings cannot be used")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mail goes: an SMTP server (`host`), or a Maildir folder (`maildir`).

    `rate` is in messages a second, 0 for no limit; `connections` how many are open at most;
    `messages` how many go over one of them. `timeout` (seconds) bounds connecting and all
    of a message's dialogue up to its last byte, `final_timeout` the wait for the answer to it.
    """

    maildir: Path | None = None
    host: str = ""
    port: int = 0
    security: Security = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    rate: float = 0.0
    connections: int = DEFAULT_CONNECTIONS
    messages: int = 100
    timeout: float = 60.0
    final_timeout: float = 120.0
    ca_file: Path | None = None

    @property
    def longest_delivery(self) -> float:
        """Seconds that one delivery can last; a lease on a message must be longer."""
        return 0.0 if self.maildir else self.timeout + self.final_timeout

    @property
    def shown(self) -> str:
        """The destination in a few words that hold no secret, for screens and the log."""
        if self.maildir is not None:
            return f"maildir:{self.maildir}"
        scheme = "smtps" if self.security == "implicit" else "smtp"
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{host}:{self.port}"


def mail_settings_from_environment(
    environment: Mapping[str, str], default_maildir: Path
) -> MailSettings:
    """Return the settings that `TROUSSEAU_MAIL_URL` and its password variables describe.

    Without the variable, mail goes into `default_maildir`. Raises `MailSettingsRefused`.
    """
    url = environment.get(URL_VARIABLE, "").strip()
    if not url:
        return MailSettings(maildir=default_maildir)
    password = environment.get(PASSWORD_VARIABLE, "")
    if file := environment.get(PASSWORD_FILE_VARIABLE, ""):
        password = _password_from(Path(file))
    return mail_settings(url, password=password)


def mail_settings(url: str, *, password: str = "") -> MailSettings:
    """Return the settings that `url` describes; raises `MailSettingsRefused` with the reason."""
    if not is_clean(url):
        raise MailSettingsRefused(say("The mail URL contains characters that nobody can see."))
    scheme = url.partition(":")[0].lower()
    if scheme == "maildir":
        return _maildir(url)
    if scheme not in ("smtp", "smtps"):
        raise _wrong(say("it must begin with smtp://, smtps:// or maildir:"))
    return _smtp(scheme, _split(url), password)


def _maildir(url: str) -> MailSettings:
    path = unquote(url.partition(":")[2])
    if path.startswith("//"):
        path = path[2:]
    if not path or "?" in path:
        raise _wrong(say("after maildir: the path of a folder must follow, and nothing else"))
    return MailSettings(maildir=Path(path).expanduser())


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (reading it is what checks it)
    except ValueError:
        raise _wrong(say("host or port are not written as in smtp://host:587")) from None
    if parts.password is not None:
        raise MailSettingsRefused(
            say(
                "The password must not be in the mail URL, where others can read it. Put it in"
                " the variable %(variable)s, or in a file that %(file_variable)s names.",
                variable=PASSWORD_VARIABLE,
                file_variable=PASSWORD_FILE_VARIABLE,
            )
        )
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise _wrong(say("the name of the server is missing or is not one"))
    if parts.path not in ("", "/") or parts.fragment:
        raise _wrong(say("after host and port only ?name=value may follow"))
    return parts


def _smtp(scheme: str, parts: SplitResult, password: str) -> MailSettings:
    host = parts.hostname or ""
    local = is_loopback(host)
    options: dict[str, Any] = {"rate": 0.0 if local else DEFAULT_RATE}
    options |= _options(parts.query)
    security = _security(scheme, options.pop("tls", None), local)
    user = unquote(parts.username or "")
    if password and not user:
        raise _wrong(say("there is a password, but no user: smtp://user@host"))
    return MailSettings(
        host=host,
        port=parts.port or _PORTS[security],
        security=security,
        user=user,
        password=password,
        **options,
    )


def _security(scheme: str, asked: str | None, local: bool) -> Security:
    if scheme == "smtps":
        if asked is not None:
            raise _wrong(say("tls= has no place in smtps://, which is always encrypted"))
        return "implicit"
    if asked is None:
        return "none" if local else "starttls"
    if asked == "none" and not local:
        raise MailSettingsRefused(
            say(
                "Mail would leave this machine unencrypted. Only a server on this machine may be"
                " spoken to without encryption: use tls=starttls or smtps://."
            )
        )
    return "starttls" if asked == "starttls" else "none"


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine by its very spelling; names are not looked up."""
    if host.lower() in ("localhost", "localhost."):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _options(query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name in options:
            raise _wrong(say("%(name)s= is there twice", name=clean(name, limit=40)))
        read = _OPTIONS.get(name)
        if read is None:
            raise _wrong(
                say(
                    "%(name)s= is unknown; known are %(known)s",
                    name=clean(name, limit=40),
                    known=", ".join(_OPTION_FIELDS),
                )
            )
        try:
            options[_OPTION_FIELDS[name]] = read(text)
        except ValueError:
            raise _wrong(
                say(
                    "%(name)s=%(value)s is not a value that can be used",
                    name=name,
                    value=clean(text, limit=40),
                )
            ) from None
    return options


def _number(lowest: float, highest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not lowest <= value <= highest:  # refuses NaN too
            raise ValueError(text)
        return value

    return read


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
            raise ValueError(text)
        return int(text)

    return read


def _tls(text: str) -> str:
    if text not in ("none", "starttls"):
        raise ValueError(text)
    return text


def _file(text: str) -> Path:
    if not text:
        raise ValueError(text)
    return Path(text).expanduser()


_OPTIONS: dict[str, Callable[[str], Any]] = {
    "tls": _tls,
    "rate": _number(0, 10_000),
    "connections": _whole(1, 50),
    "messages": _whole(1, 100_000),
    "timeout": _number(0.01, 3600),
    "final_timeout": _number(0.01, 3600),
    "ca": _file,
}
_OPTION_FIELDS = {name: {"ca": "ca_file"}.get(name, name) for name in _OPTIONS}


def _password_from(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_PASSWORD_BYTES + 1)
        if len(content) > _MAX_PASSWORD_BYTES:
            raise ValueError
        return content.decode().rstrip("\r\n")
    except (OSError, ValueError):
        raise MailSettingsRefused(
            say("The file %(path)s with the mail password cannot be read.", path=str(path))
        ) from None


def _wrong(reason: Wording) -> MailSettingsRefused:
    return MailSettingsRefused(
        say(
            "The mail URL (%(variable)s) is wrong: %(reason)s.",
            variable=URL_VARIABLE,
            reason=reason,
        )
    )
