"""A request's deadline and its end from another thread, at each point of its life."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled
from cgwizard.net.client import http_client
from cgwizard.net.connection import Exchange, OpenSockets
from tests.support.scripted_server import Reply, ScriptedServer, raw_server


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def trickling(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    gone = threading.Event()
    while not gone.wait(0.02):
        connection.sendall(b" ")


def ask(url: str, exchange: Exchange) -> None:
    with http_client(url) as client, exchange:
        client.get("/", extensions={"trace": exchange.trace})


@pytest.mark.parametrize(("server", "whole"), [(silent, False), (silent, True), (trickling, True)])
def test_the_deadline_cuts(server: Callable[[socket.socket], None], whole: bool) -> None:
    exchange = Exchange(0.3, whole=whole)
    with raw_server(server) as port:
        began = time.monotonic()
        if server is silent:
            with pytest.raises(httpx.ReadTimeout):
                ask(f"http://127.0.0.1:{port}", exchange)
        else:  # a body without a length ends where the connection does
            ask(f"http://127.0.0.1:{port}", exchange)
        assert time.monotonic() - began < 5
    assert exchange.late


def test_the_deadline_until_the_answer_begins_leaves_its_body_alone() -> None:
    def late_body(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        threading.Event().wait(0.5)
        connection.sendall(b"ok")

    with raw_server(late_body) as port, http_client(f"http://127.0.0.1:{port}") as client:
        request = client.build_request("GET", "/")
        exchange = Exchange(0.3)
        request.extensions["trace"] = exchange.trace
        with exchange:
            response = client.send(request, stream=True)
        assert response.read() == b"ok"
    assert not exchange.late


def test_a_cut_ends_the_request_and_no_other() -> None:
    hold = threading.Event()
    routes = {"/slow": lambda _: (hold.wait(5), Reply(body="done"))[1]}
    with ScriptedServer(routes) as server, http_client(server.url) as client:
        results: list[object] = []

        def get(exchange: Exchange) -> None:
            try:
                results.append(client.get("/slow", extensions={"trace": exchange.trace}).text)
            except httpx.HTTPError as error:
                results.append(error)

        exchanges = [Exchange(), Exchange()]
        threads = [threading.Thread(target=get, args=(each,)) for each in exchanges]
        for thread in threads:
            thread.start()
        while len(server.seen) < 2:
            assert threads[0].is_alive()
        exchanges[0].cut()
        threads[0].join(5)
        hold.set()
        threads[1].join(5)
    assert isinstance(results[0], httpx.HTTPError)
    assert results[1] == "done"


def test_what_was_cut_before_it_began_sends_nothing() -> None:
    with ScriptedServer() as server:
        exchange = Exchange()
        exchange.cut()
        with pytest.raises(Cancelled):
            ask(server.url, exchange)
        assert server.seen == []


def test_cancel_cuts() -> None:
    cancel, exchange = Cancel(), Exchange()
    with raw_server(silent) as port:
        threading.Timer(0.2, cancel.set).start()
        began = time.monotonic()
        with pytest.raises((httpx.HTTPError, Cancelled)), exchange.cut_by(cancel):
            ask(f"http://127.0.0.1:{port}", exchange)
        assert time.monotonic() - began < 5


def test_all_connections_of_a_client_are_cut() -> None:
    sockets = OpenSockets()
    with raw_server(silent) as port:
        threading.Timer(0.3, sockets.cut).start()
        with pytest.raises(httpx.HTTPError):
            ask(f"http://127.0.0.1:{port}", Exchange(sockets=sockets))
