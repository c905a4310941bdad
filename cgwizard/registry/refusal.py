"""A registry's refusal, read: who sent it, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from cgwizard.errors import AnsweredBy, Facts
from cgwizard.net.failures import between
from cgwizard.registry.models import Index, Manifest
from cgwizard.text import decode
from cgwizard.text.excerpt import looks_like_html, page_title
from cgwizard.text.sanitize import shortened


class _Error(msgspec.Struct):
    code: str = ""
    message: str | None = None


class _Message(msgspec.Struct):
    error_description: object = None
    message: object = None
    details: object = None
    detail: object = None
    error: object = None


class _Errors(msgspec.Struct):
    errors: list[_Error]


class Part(NamedTuple):
    """A part of an image, which the image's manifest or index names."""

    what: str  # "its config", "layer 2 of 5", "the manifest for linux/arm64"
    is_blob: bool


def parts(manifest: Manifest) -> Iterator[tuple[str, Part]]:
    """What a manifest or index names, each with its digest."""
    parsed = manifest.parsed
    if isinstance(parsed, Index):
        for entry in parsed.manifests:
            known = entry.platform is not None and entry.platform.known
            of = f"for {entry.platform}" if known else f"{entry.digest[:19]}…"
            yield entry.digest, Part(f"the manifest {of}", is_blob=False)
        return
    for number, layer in enumerate(parsed.layers, 1):
        yield layer.digest, Part(f"layer {number} of {len(parsed.layers)}", is_blob=True)
    yield parsed.config.digest, Part("its config", is_blob=True)


class RegistryRefusal(msgspec.Struct, frozen=True):
    """A refusal, read: enough to explain it without the connection."""

    tried: str  # "GET https://cgr.dev/v2/..."
    who: str  # "cgr.dev"
    status: int
    reason: str
    server: str
    content_type: str
    text: str  # the beginning of the body
    retry_after: float | None
    registry: bool  # it named itself one in its headers
    nexus: bool  # the registry that was asked is a Nexus, as its answers told
    signed_in: bool  # the request carried the sign-in, or a token given for it
    asked: AnsweredBy  # to whom the request was sent
    part: Part | None = None  # that was asked for, of an image that the registry served before
    proxy: str = ""  # the variable that names the proxy that the request went through

    @property
    def codes(self) -> list[_Error]:
        """The errors in the shape of the distribution specification, if there are any."""
        try:
            return decode.json(self.text, _Errors).errors
        except decode.Unreadable:
            return []

    @property
    def message(self) -> str:
        """What an answer says in JSON: the specification's errors, or what token servers and
        gateways write."""
        if said := "; ".join(e.message or e.code for e in self.codes):
            return said
        try:
            other = decode.json(self.text, _Message)
        except decode.Unreadable:
            return ""
        texts = (other.error_description, other.message, other.details, other.detail, other.error)
        return next((text for text in texts if isinstance(text, str) and text), "")

    @property
    def html(self) -> bool:
        return "html" in self.content_type or looks_like_html(self.text[:512].encode())

    @property
    def title(self) -> str:
        return page_title(self.text) if self.html else ""

    @property
    def words(self) -> str:
        """What the server said, on one line and short."""
        said = self.message
        if not said and self.html:
            said = f"a web page ({self.title})" if self.title else "a web page"
        return shortened(said or self.text)

    @property
    def answered_by(self) -> AnsweredBy:
        if self.server.startswith("Nexus/"):
            return AnsweredBy.NEXUS
        # A registry says why in the specification's form, a token server in any.
        of_registry = self.asked is AnsweredBy.REGISTRY
        if not (self.registry or (self.codes if of_registry else self.message)):
            if stranger := between(self.status, html=self.html, server=self.server):
                return stranger
            odd = self.text and (self.message or "json" not in self.content_type)
            if odd and of_registry and self.status < 500:
                return AnsweredBy.OTHER
        if self.nexus and self.asked is AnsweredBy.REGISTRY:
            return AnsweredBy.NEXUS
        return self.asked

    @property
    def by_another(self) -> bool:
        """Something between here and the server answered with its own page. A 404 without one
        may be that of a web server to which the address leads."""
        if self.answered_by is AnsweredBy.OTHER and self.status not in {404, 410}:
            return True
        return self.html and self.answered_by in {AnsweredBy.OTHER, AnsweredBy.PROXY}

    @property
    def says_why(self) -> bool:
        """Of a token server that gives no token."""
        passing = self.status in {407, 408, 425, 429}
        return 400 <= self.status < 500 and not passing and bool(self.words)

    @property
    def no_token_server(self) -> bool:
        """What answered at the realm does not know what it was asked for."""
        at_realm = self.asked is AnsweredBy.TOKEN_SERVER
        return at_realm and self.status in {404, 405, 410} and not self.message

    @property
    def facts(self) -> Facts:
        judges = {AnsweredBy.NEXUS, AnsweredBy.REGISTRY, AnsweredBy.TOKEN_SERVER}
        # A server that asks for fewer requests, or that fails, has not looked at a sign-in.
        judged = self.answered_by in judges and self.status < 500 and self.status != 429
        judged = judged and not self.no_token_server
        return Facts(self.answered_by, self.signed_in, self.signed_in and judged)

    @property
    def _good(self) -> bool:
        """Whether the body is what was asked for, whatever is wrong with the status."""
        return self.status < 300 and not self.html

    @property
    def came_back(self) -> str:
        said = f": {self.words}" if self.words and not self._good else ""
        when = "" if self.retry_after is None else f", again after {self.retry_after:g} seconds"
        return f"{self.status} {self.reason}{when}{said}"
