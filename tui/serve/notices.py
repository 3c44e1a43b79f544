"""What systemd is told of the parent (`Type=notify`, and the watchdog), without its library."""

import os
import socket


def tell_systemd(state: str) -> None:
    """Send a state such as `READY=1`; nothing happens where systemd has not started us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # one without a file
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        try:
            notices.sendto(state.encode(), address)
        except OSError:
            pass  # it is told again by the next one
