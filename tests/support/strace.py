"""Every byte that a process and its children hand to the system.

strace records the writes, the names of files, the arguments and the environments; `read` joins
what went to one place, in its order, since a secret may be split over writes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WRITES = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg"
NAMES = "%file,connect,bind,prctl,fsetxattr,memfd_create,add_key,mq_open,sethostname"
# Ways out of a process whose bytes are not seen here: that none is taken is part of the proof.
# So is a file that is mapped to be written to.
UNSEEN = (
    "sendfile,splice,vmsplice,tee,copy_file_range,io_uring_setup,process_vm_writev,"
    "shmget,mq_timedsend"
)
LONGEST = 1 << 16  # bytes of one text of a call; longer ones are cut, and `cut` tells it
STRACE = (
    *("strace", "-f", "-qq", "-yy", "-v", "-xx", "--seccomp-bpf", "-s", str(LONGEST)),
    *("-e", f"trace={WRITES},{NAMES},{UNSEEN},mmap"),
)

_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)", re.DOTALL)
_CUT_TEXT = '"...'
_CUT = " <unfinished ...>"
_TARGET = re.compile(r"\d+<(.*?)>(?=[,)])")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_RESULT = re.compile(r"\) += (-?\d+)(?:<(.*)>)?[^<>]*$")
_WRITES, _UNSEEN = WRITES.split(","), UNSEEN.split(",")
_UNIX = re.compile(r"UNIX[-\w]*:\[(\d+)")
_PATH = re.compile(r'sun_path=@?"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class Recording:
    """``places``: all bytes that went to a file, socket, terminal or pipe, by its name; and under
    ``names``, ``arguments`` and ``environment`` what else the system got. ``unseen`` are
    the calls whose bytes are not in here, ``made`` the files that were opened to be written, and
    ``cut`` the places to which longer pieces went than are recorded."""

    places: dict[str, bytes] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)

    def to(self, part: str) -> bytes:
        """What went to the places with ``part`` in their names."""
        return b"".join(data for place, data in self.places.items() if part in place)


def under_strace(record: Path, *command: str) -> tuple[str, ...]:
    """``command``, recorded into the file ``record``."""
    return (*STRACE, "-o", str(record), *command)


def read(record: Path) -> Recording:
    """What the first program itself was started with is left out: that was given to it."""
    found = Recording()
    places: defaultdict[str, list[bytes]] = defaultdict(list)
    sockets: dict[str, str] = {}  # the addresses of unix sockets, by inode
    calls = _calls(record)
    if next(calls, ("", ""))[0] != "execve":
        raise ValueError(f"{record} is no recording")
    for name, rest in calls:
        result = _RESULT.search(rest)
        texts = _texts(rest)
        if name in _WRITES:
            target = _TARGET.match(rest)
            data = b"".join(texts)
            if result:  # what the system took; the rest comes again
                data = data[: max(int(result[1]), 0)]
            place = _place(target[1] if target else "", sockets)
            places[place].append(data)
            if _CUT_TEXT in rest:
                found.cut.add(place)
        elif name == "execve":
            program, arguments, environment = rest.split("[", 2)
            places["names"] += _texts(program)
            places["arguments"] += _texts(arguments)
            places["environment"] += _texts(environment)
        elif name in _UNSEEN or (name == "mmap" and _to_a_file(rest)):
            found.unseen.append(f"{name}({_shown(rest)}")
        elif name != "mmap":
            places["names"] += texts
            if name == "connect" and (inode := _UNIX.search(rest)) and (path := _PATH.search(rest)):
                sockets[inode[1]] = _bytes(path[1]).decode("utf-8", "replace")
            if result and result[2] and re.search("O_WRONLY|O_RDWR|O_CREAT", rest):
                found.made.add(_shown(result[2]))
    for place, pieces in places.items():
        between = b"\n" if place in {"names", "arguments", "environment"} else b""
        found.places[place] = between.join(pieces)
    return found


def _calls(record: Path) -> Iterator[tuple[str, str]]:
    """The name and the rest of each call; those that never returned come last."""
    begun: dict[str, tuple[str, str]] = {}
    with record.open(encoding="ascii") as lines:
        for line in lines:
            match = _LINE.match(line.rstrip("\n"))
            if match is None:
                continue  # a signal, or the end of a process
            process, resumed, name, rest = match.groups()
            if resumed:
                yield resumed, begun.pop(process, ("", ""))[1] + rest
            elif rest.endswith(_CUT):
                begun[process] = name, rest.removesuffix(_CUT)
            else:
                yield name, rest
    yield from begun.values()


def _place(target: str, sockets: dict[str, str]) -> str:
    shown = _shown(target)
    if unix := _UNIX.match(shown):
        path = sockets.get(unix[1]) or shown
        return f"unix {path}"
    protocol, colon, rest = shown.partition(":[")
    if colon:
        return f"{protocol.lower()} {rest.rstrip(']')}"
    return f"file {shown}"


def _to_a_file(rest: str) -> bool:
    return "MAP_SHARED" in rest and "PROT_WRITE" in rest and "MAP_ANONYMOUS" not in rest


def _texts(part: str) -> list[bytes]:
    return [_bytes(text) for text in _TEXT.findall(part)]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _shown(text: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text)
