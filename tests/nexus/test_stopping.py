"""A user who cancels waits for nothing more, whatever Nexus does or does not do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.discovery import find
from cgwizard.practice.faults.nexus_filtered import NexusFiltered
from tests.support.scripted_server import (
    ADMIN,
    CE,
    ReceivedRequest,
    Reply,
    ScriptedServer,
    raw_server,
)

SOON = 1.0  # seconds


def silent(connection: socket.socket) -> None:
    """Takes everything and never answers."""
    while connection.recv(65536):
        pass


def trickling(connection: socket.socket) -> None:
    """An answer of which a byte comes now and then, for ever."""
    connection.recv(65536)
    connection.sendall(f"HTTP/1.1 200 OK\r\nServer: {CE}\r\nContent-Length: 9999\r\n\r\n".encode())
    gone = threading.Event()
    while not gone.wait(0.02):
        connection.sendall(b" ")


def headers_without_end(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    gone = threading.Event()
    while not gone.wait(0.02):
        connection.sendall(b"X: y\r\n")


def stopped(work: Callable[[Cancel], object]) -> float:
    """Seconds from asking ``work`` to stop, once it is under way, until Cancelled arrived."""
    cancel = Cancel()
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        cancel.set()

    timer = threading.Timer(0.3, ask)
    timer.start()
    with pytest.raises(Cancelled):
        work(cancel)
    timer.join()
    return time.monotonic() - asked[0]


@pytest.mark.parametrize("server", [silent, trickling, headers_without_end])
def test_a_request_that_is_under_way_ends(server: Callable[[socket.socket], None]) -> None:
    with raw_server(server) as port:
        url = f"http://127.0.0.1:{port}"

        def ask(cancel: Cancel) -> None:
            with NexusClient(url, ADMIN, cancel=cancel) as client:
                client.server()

        assert stopped(ask) < SOON
        assert stopped(lambda cancel: find(url, ADMIN, cancel=cancel)) < SOON


def test_a_connection_that_is_being_made_ends() -> None:
    with NexusFiltered().port() as port:
        url = f"http://127.0.0.1:{port}"
        assert stopped(lambda cancel: find(url, ADMIN, cancel=cancel)) < SOON


def test_what_was_stopped_sends_nothing_more_and_the_client_is_good_for_the_next_call() -> None:
    hold, held = threading.Event(), threading.Event()

    def slowly(_seen: ReceivedRequest) -> Reply:
        held.set()
        hold.wait(10)
        return Reply(body=[])

    def stop(cancel: Cancel) -> None:
        held.wait(10)
        cancel.set()

    routes = {"/service/rest/v1/blobstores": slowly}
    with ScriptedServer(routes) as nexus, NexusClient(nexus.url, ADMIN) as client:
        client.server()
        for _ in range(12):  # more than a client has connections: none is lost
            held.clear()
            client.cancel = cancel = Cancel()
            threading.Thread(target=stop, args=(cancel,), daemon=True).start()
            with pytest.raises(Cancelled):
                client.blob_stores()
            sent = len(nexus.seen)
            with pytest.raises(Cancelled):
                client.repositories()  # who asked to stop is not asked for more
            assert len(nexus.seen) == sent
        hold.set()
        client.cancel = None
        assert client.blob_stores() == []
