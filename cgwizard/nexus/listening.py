"""Does something listen on a port, as seen from here?"""

from __future__ import annotations

import socket


def listening(host: str, port: int, *, timeout: float = 1.0) -> bool | None:
    """True: a connection works. False: refused. None: it cannot be known (no answer, no route,
    a firewall; or a container that does not publish the port may refuse in its place)."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except ConnectionRefusedError:
        return False
    except (OSError, UnicodeError):
        return None
