"""The program behind `ForceCommand`: the console, or one command of the closed list.

Started by `deploy/bin/ssh` as `python -I -m tui.ssh`. Exit 0 done, 1 refused or failed, 2
not a thing that can be asked for here.
"""

import io
import os
import signal
import sys
from typing import TYPE_CHECKING

from models.errors import TrousseauError
from models.language import N_, current_language, say, use_language
from tui import collector
from tui.appearance import appearance
from tui.cli.office import now
from tui.cli.output import tell
from tui.environment import NoTerminal, require_terminal, tidy
from tui.light import load_textual
from tui.settings_file import take_settings
from tui.ssh import log
from tui.ssh.commands import RequestRefused, name_for_log, parse
from tui.ssh.discretion import out_of_order
from tui.ssh.visitor import Visitor, visitor_of
from tui.state import state_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cli.office import Office
    from tui.ssh.commands import Request

#: Seconds that a command may take, its input included.
LONGEST_COMMAND = 900
#: Ctrl+Z, Ctrl+\ and their like, before the console has taken the terminal over.
_IGNORED = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGQUIT)


class TimeUp(TrousseauError):
    """A command has taken longer than it may."""

    heading = N_("The time is up")


def main() -> None:
    """Serve whoever has come in, and end the process with the exit status."""
    collector.hold()
    ignore_keys()
    visitor = visitor_of(os.environ)
    sys.exit(settle() or serve(visitor))


def ignore_keys() -> None:
    """Let no key stop or kill the process before the console has taken the terminal over."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)


def settle() -> int:
    """Take the settings and the language, forget what sshd said; 1 where that cannot be."""
    for name in [name for name in os.environ if name.startswith("SSH_")]:
        del os.environ[name]
    try:
        take_settings(os.environ)
    except (OSError, ValueError):
        tell(say("The settings of this installation cannot be read."))
        return 1
    tidy(os.environ)
    use_language(appearance(os.environ).language)
    return 0


def serve(visitor: Visitor) -> int:
    """Open the console or run a command for a visitor, and return the exit status."""
    try:
        if visitor.asked.strip():
            return _command(visitor)
        return _console(visitor)
    except RequestRefused as refusal:
        _note(visitor, "refused", reason=refusal.reason)
        tell(refusal.wording)
        return 2
    except TrousseauError as error:
        _note(visitor, "failed", reason=type(error).__name__)
        tell(error.wording)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:
        _note(visitor, "failed", reason="crash")
        tell(out_of_order(error).wording)
        return 1


def _note(visitor: Visitor, outcome: str, **facts: str | int | None) -> None:
    asked = {"asked": name_for_log(visitor.asked)} if visitor.asked.strip() else {}
    log.record(
        state_folder(os.environ),
        now(),
        outcome,
        origin=visitor.origin,
        key=visitor.fingerprint,
        **{**asked, **facts},
    )


# --- the console ------------------------------------------------------------------------


def _console(visitor: Visitor) -> int:
    try:
        require_terminal()
    except NoTerminal:
        raise RequestRefused(
            say("The console needs a terminal. Over SSH, ask for one: ssh -t"), "no-terminal"
        ) from None
    from tui.ssh.limits import limit_memory, limits, seat

    allowed = limits(os.environ)
    limit_memory(allowed.memory)
    with seat(state_folder(os.environ), visitor.person, allowed):
        load_textual()
        from tui.console import open_for

        _note(visitor, "console")
        return open_for(visitor)


# --- a command --------------------------------------------------------------------------


def _command(visitor: Visitor) -> int:
    request = parse(visitor.asked)
    if request.command.at_the_door:
        return _at_the_door(visitor, request)
    if visitor.fingerprint is None:
        from tui.ssh.account import no_account

        raise no_account()
    if request.command.takes_input and sys.stdin.isatty():
        raise RequestRefused(
            say("A file comes without a terminal: ssh -T … < file.csv"), "terminal"
        )
    if request.words_come and sys.stdin.isatty():
        raise RequestRefused(
            say("Words for - come without a terminal: ssh -T … < file.txt"), "terminal"
        )
    _limit()
    return _run(visitor, request)


def _at_the_door(visitor: Visitor, request: "Request") -> int:
    """Run what anybody may ask for, counted among the sessions: strangers may come in crowds."""
    from tui.ssh.account import office_at_the_door
    from tui.ssh.limits import limit_memory, limits, seat

    _limit()
    allowed = limits(os.environ)
    limit_memory(allowed.memory)
    with (
        seat(state_folder(os.environ), visitor.person, allowed),
        office_at_the_door(visitor) as here,
    ):
        return _do(visitor, here, request.arguments)


def _limit() -> None:
    """Limit the time that a command takes, and what it reads."""
    from tui.ssh.standard_input import WholeInput

    def time_is_up(*_signal: object) -> None:
        raise TimeUp(
            say("This took too long and was stopped. The list of plans shows what was done.")
        )

    signal.signal(signal.SIGALRM, time_is_up)
    signal.alarm(LONGEST_COMMAND)
    whole = WholeInput(io.FileIO(0, closefd=False), other_side=1)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(whole, 1 << 20), encoding="utf-8")


def _run(visitor: Visitor, request: "Request") -> int:
    """Run a command of the command line as the account whose key it is."""
    from tui.ssh.account import office_for

    with office_for(visitor, request) as (here, school):
        about = [f"--school={school}"] if school else []
        return _do(visitor, here, [*request.arguments, *about])


def _do(visitor: Visitor, here: "Office", arguments: "Sequence[str]") -> int:
    from tui import command_line
    from tui.cli.office import working_at

    os.environ["TROUSSEAU_LANGUAGE"] = current_language()
    account = here.desk.actor.account_id
    _note(visitor, "begun", account=account)
    status = 1
    try:
        with working_at(here):
            status = command_line.run([*arguments])
    finally:  # nobody may be left to be told
        _note(visitor, "done", account=account, status=status)
    return status


if __name__ == "__main__":
    main()
