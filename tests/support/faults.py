"""The harm that a `FaultProxy` does to an answer on its way."""

from __future__ import annotations

import re

from tests.support.fault_proxy import Answer, Asked, Fault, Line


def cut(after: int, *, reset: bool = True) -> Fault:
    """The head and ``after`` bytes of the body, then the end."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        line.end(Answer(answer.head, answer.body[:after]).bytes)
        if reset:
            # A RST overtakes bytes that the client did not read yet: let them arrive.
            line.hang(0.05)
            line.reset()

    return fault


def dropped(line: Line, _asked: Asked, _answer: Answer) -> None:
    """No answer at all, the connection reset."""
    line.reset()


def stall(after: int) -> Fault:
    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        line.send(Answer(answer.head, answer.body[:after]).bytes)
        line.hang()

    return fault


def silent(line: Line, _asked: Asked, _answer: Answer) -> None:
    """The connection stands, and nothing comes."""
    line.hang()


def slow(step: int, seconds: float) -> Fault:
    """``step`` bytes of the body every ``seconds``."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        line.send(Answer(answer.head, b"").bytes)
        for start in range(0, len(answer.body), step):
            # Before, not after: the next request may come as soon as the last byte is there.
            line.hang(seconds)
            line.send(answer.body[start : start + step])

    return fault


def corrupt(at: int) -> Fault:
    """One byte of the body turned over."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        body = bytearray(answer.body)
        body[at] ^= 0xFF
        line.send(Answer(answer.head, bytes(body)).bytes)

    return fault


def longer(line: Line, _asked: Asked, answer: Answer) -> None:
    """A byte too many, and a Content-Length that says so."""
    answer.body += b"!"
    answer.set("Content-Length", str(len(answer.body)))
    line.send(answer.bytes)


def chunked(extra: bytes = b"", *, short: int = 0) -> Fault:
    """The body in chunked coding, ``extra`` bytes added or ``short`` left out, ended well."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        body = answer.body[: len(answer.body) - short] + extra
        answer.drop("Content-Length")
        answer.set("Transfer-Encoding", "chunked")
        answer.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        line.send(answer.bytes)

    return fault


def swollen(line: Line, _asked: Asked, answer: Answer) -> None:
    """A byte before the others, and slowly, so that many are taken before there are too many."""
    answer.drop("Content-Length")
    line.send(Answer(answer.head, b"!" + answer.body[:9]).bytes)
    line.hang(0.25)
    line.send(answer.body[9:-9])
    line.hang(0.25)
    line.end(answer.body[-9:])


def open_ended(*, short: int = 0) -> Fault:
    """No length at all: the end of the connection is that of the body, ``short`` bytes early."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        answer.drop("Content-Length")
        line.end(Answer(answer.head, answer.body[: len(answer.body) - short]).bytes)

    return fault


def trailing(line: Line, _asked: Asked, answer: Answer) -> None:
    """Bytes after the end of a good answer, on a connection that stays open."""
    line.send(answer.bytes + b"!" * 9)


def announced(more: int) -> Fault:
    """A Content-Length that is wrong by ``more``, before the right bytes and the end."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        answer.set("Content-Length", str(len(answer.body) + more))
        line.end(answer.bytes)

    return fault


def status(text: str) -> Fault:
    """The right bytes under another status."""

    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        answer.head = re.sub(r"\AHTTP/1.1 [^\r]*", f"HTTP/1.1 {text}", answer.head)
        line.send(answer.bytes)

    return fault


def rubbish(line: Line, _asked: Asked, _answer: Answer) -> None:
    """No HTTP."""
    line.end(b"\x00\x01 rubbish\r\n\r\n")


def wanting_password(line: Line, asked: Asked, answer: Answer) -> None:
    """A registry with Basic sign-in, whoever signs in."""
    if "authorization" in asked.headers:
        line.send(answer.bytes)
    else:
        unauthorized(line, asked, answer)


def unauthorized(line: Line, asked: Asked, answer: Answer) -> None:
    """A registry with Basic sign-in that takes nobody's."""
    challenge = 'Basic realm="faults"'
    answering("401 Unauthorized", WWW_Authenticate=challenge)(line, asked, answer)


def header(name: str, value: str) -> Fault:
    def fault(line: Line, _asked: Asked, answer: Answer) -> None:
        answer.set(name, value)
        line.send(answer.bytes)

    return fault


def flood(line: Line, _asked: Asked, _answer: Answer) -> None:
    """Headers without end."""
    line.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        line.send(b"".join(b"X-%d: flood\r\n" % n for n in range(1000)))


def interim_flood(line: Line, _asked: Asked, _answer: Answer) -> None:
    """Interim answers without end."""
    while True:
        line.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10)
        line.hang(0.01)


def answering(status: str, body: bytes = b"", **headers: str) -> Fault:
    """An answer of our own; underscores in names become hyphens."""

    def fault(line: Line, _asked: Asked, _answer: Answer) -> None:
        own = Answer(f"HTTP/1.1 {status}", body)
        for name, value in headers.items():
            own.set(name.replace("_", "-"), value)
        own.set("Content-Length", str(len(body)))
        line.send(own.bytes)

    return fault


def page(body: bytes, *, measured: bool = True) -> Fault:
    """A web page in place of the answer, with or without its length."""

    def fault(line: Line, asked: Asked, _answer: Answer) -> None:
        own = Answer("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8", body)
        own.set("Content-Length", str(len(body)))
        (passing if measured else chunked())(line, asked, own)

    return fault


def circle(line: Line, asked: Asked, _answer: Answer) -> None:
    """A redirect to the same place under ever another query."""
    path = asked.target.partition("?")[0]
    number = len(asked.target)
    line.send(
        f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {path}?{'x' * number}\r\n"
        "Content-Length: 0\r\n\r\n".encode()
    )


def without_range(asked: Asked) -> None:
    """The registry never hears of the range: it sends everything, with 200."""
    asked.headers.pop("range", None)


def passing(line: Line, _asked: Asked, answer: Answer) -> None:
    line.send(answer.bytes)
