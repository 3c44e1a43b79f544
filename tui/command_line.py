"""The program's entry point: `trousseau`, and the commands of DESIGN §7.

What is asked for most is answered without the library of the command line, which takes 0.1 s
to load: the console, the demonstration, the version. `--help` and usage errors are answered
without Textual and without the data layer: every command imports what it needs when it runs.
Exit 0 done, 1 refused or failed (the reason on standard error), 2 usage, 130 stopped with
Ctrl+C.
"""

import os
import sys
from collections.abc import Mapping, Sequence

from tui import __version__, collector

PROGRAM = "trousseau"


def main() -> None:
    """Run the command line of this process and end it with its exit status."""
    collector.hold()
    if sys.argv[1:] == ["--version"]:
        print(PROGRAM, __version__)
        sys.exit(0)
    from tui.environment import tidy
    from tui.settings_file import VARIABLE, take_settings

    if VARIABLE in os.environ:
        try:
            take_settings(os.environ)
        except (OSError, ValueError):
            sys.exit("trousseau: the file of TROUSSEAU_SETTINGS cannot be read")
    tidy(os.environ)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; what it says goes to the standard streams."""
    from models.errors import TrousseauError
    from models.language import _, use_language
    from tui.cli.output import tell
    from tui.environment import NoTerminal

    use_language(language(os.environ))
    try:
        return _status(_answer(list(arguments)))
    except SystemExit as end:
        return _status(end.code)
    except TrousseauError as error:
        tell(error.wording)
    except NoTerminal:
        tell(_("The console needs a terminal. Over SSH, ask for one: ssh -t"))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        _tell_crash(error, arguments)
    return 1


def _answer(arguments: list[str]) -> object:
    """Run one command and return its exit status, or raise it as `SystemExit`."""
    if not arguments:
        from tui.environment import require_terminal
        from tui.light import load_textual

        require_terminal()
        load_textual()
        from tui.console import open_console

        return open_console()
    if arguments[0] == "demo":
        from tui.demonstration import demonstrate, role_in

        if (role := role_in(arguments[1:])) is not None:
            return demonstrate(role)
    from tui.cli.program import answer

    return answer(arguments)


def _status(code: object) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    return 1


def language(environ: Mapping[str, str]) -> str:
    """Return the language of TROUSSEAU_LANGUAGE, else the one of the locale, else French."""
    from models.language import LANGUAGES
    from tui.appearance import appearance

    if environ.get("TROUSSEAU_LANGUAGE", "").strip():
        return appearance(environ).language
    locale = next(
        (environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), ""
    )
    prefix = locale[:2].lower()
    return prefix if prefix in LANGUAGES else appearance(environ).language


def _tell_crash(error: Exception, arguments: Sequence[str]) -> None:
    """Say one sentence and a number; type, places and the command's name go to the log."""
    from datetime import UTC, datetime

    from models.language import say
    from tui import crash
    from tui.cli.output import tell
    from tui.state import state_folder

    words = [word for word in arguments[:2] if word.isalpha()]
    reference = crash.record(
        error, state_folder(os.environ), datetime.now(UTC), command=" ".join(words)
    )
    tell(
        say(
            "This did not work, by a mistake in the program. "
            "Tell the helpdesk this number: %(number)s",
            number=reference,
        )
    )
