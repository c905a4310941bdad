"""What is known of a failure besides its words: explanations are chosen by these facts."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AnsweredBy(StrEnum):
    """Who sent the answer that an error is about."""

    NOBODY = "nobody"  # no answer came, or none of which the sender is known
    NEXUS = "nexus"
    REGISTRY = "registry"
    TOKEN_SERVER = "token-server"
    STORAGE = "storage"  # the host to which a registry redirects for the bytes of a blob
    PROXY = "proxy"  # a proxy or a gateway on the way
    OTHER = "other"  # a page of something else: a filter, a sign-in page, another product


class Served(StrEnum):
    """What a registry can serve of one repository."""

    TOKEN = "token"
    INDEX = "index"
    MANIFEST = "manifest"
    BLOB = "blob"


class Facts(msgspec.Struct, frozen=True):
    """``sign_in_sent``: the request carried a user's credentials, or a token that was given for
    them. ``sign_in_read``: the server that asked for them looked at them, and its answer tells
    so. ``served``: what the same repository already gave to this run."""

    answered_by: AnsweredBy = AnsweredBy.NOBODY
    sign_in_sent: bool = False
    sign_in_read: bool = False
    served: frozenset[Served] = frozenset()
