"""A firewall drops what is sent to a port: nothing answers, and nothing refuses."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import ClassVar

from cgwizard.practice.faults.base import Fault, Origin


class NexusFiltered(Fault):
    where: ClassVar[Origin] = "connection"

    @contextlib.contextmanager
    def port(self) -> Iterator[int]:
        """A port whose backlog is full: the kernel drops what comes, as a firewall does."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            port = listener.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port)):
                yield port
