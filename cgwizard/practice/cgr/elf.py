"""A program of a few dozen instructions that runs in an otherwise empty image.

Written byte by byte because no compiler is at hand when an image is made, and because the
bytes, and so the digests, must never depend on one.
"""

from __future__ import annotations

import struct
from typing import Literal

Architecture = Literal["amd64", "arm64"]

_ADDRESS = 0x400000
_HEADERS = 64 + 56  # the ELF header and one program header


def _amd64(size: int) -> bytes:
    return b"".join(
        (
            b"\xb8\x01\x00\x00\x00",  # mov eax, 1 (write)
            b"\xbf\x01\x00\x00\x00",  # mov edi, 1 (standard output)
            b"\x48\x8d\x35" + struct.pack("<i", 16),  # lea rsi, [rip + 16]: the text
            b"\xba" + struct.pack("<I", size),  # mov edx, size
            b"\x0f\x05",  # syscall
            b"\xb8\x3c\x00\x00\x00",  # mov eax, 60 (exit)
            b"\x31\xff",  # xor edi, edi
            b"\x0f\x05",  # syscall
        )
    )


def _arm64(size: int) -> bytes:
    return struct.pack(
        "<8I",
        0xD2800020,  # mov x0, #1 (standard output)
        0x100000E1,  # adr x1, #28: the text
        0xD2800002 | size << 5,  # mov x2, #size
        0xD2800808,  # mov x8, #64 (write)
        0xD4000001,  # svc #0
        0xD2800000,  # mov x0, #0
        0xD2800BA8,  # mov x8, #93 (exit)
        0xD4000001,  # svc #0
    )


def program(architecture: Architecture, text: str) -> bytes:
    """A static Linux executable that prints ``text`` (under 64 KiB) and exits with 0."""
    message = text.encode()
    machine, code = {
        "amd64": (0x3E, _amd64(len(message))),
        "arm64": (0xB7, _arm64(len(message))),
    }[architecture]
    body = code + message
    total = _HEADERS + len(body)
    identification = b"\x7fELF\x02\x01\x01" + bytes(9)  # 64 bits, little endian, System V
    header = identification + struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, _ADDRESS + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    # Readable and executable; 64 KiB alignment suits kernels with large pages too.
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _ADDRESS, _ADDRESS, total, total, 0x10000)
    return header + segment + body
