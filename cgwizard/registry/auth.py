"""Signing in at a registry: Basic, or Bearer tokens from the endpoint that it names.

A password that was refused is never sent again: Nexus locks the user out after a few.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import AnsweredBy, Code
from cgwizard.registry.challenge import Challenge, parse_challenges
from cgwizard.registry.errors import RegistryError, never_shown, refused
from cgwizard.registry.refusal import RegistryRefusal
from cgwizard.registry.responses import shown
from cgwizard.registry.transport import Transport
from cgwizard.registry.validation import is_page, read_body
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    import httpx

DEFAULT_LIFE = 60.0  # seconds; what the token specification says where the answer does not
OPEN = "open"  # not a scheme of HTTP: the registry asks for no sign-in
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Token(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


class _CachedToken(msgspec.Struct, frozen=True):
    token: Secret
    until: float  # by time.monotonic()


class Authority:
    """What one registry wants to see before it answers, for several threads at once."""

    def __init__(self, transport: Transport, credentials: Credentials | None) -> None:
        self._transport = transport
        self._credentials = credentials
        self._challenge: Challenge | None = None
        self._tokens: dict[str, _CachedToken] = {}
        self._wider: dict[str, str] = {}  # scope asked for -> what the registry named besides
        self._accepted = False
        self._open_root = False  # the root answers without a sign-in: it judges none
        self._refused: RegistryError | None = None
        self._lock = threading.RLock()

    def header(self, scope: str) -> str | None:
        """The `Authorization` to send for ``scope``; None while the server asked for none.

        May ask the registry's root for its challenge and the token endpoint for a token.
        Raises RegistryError when the credentials are refused, or were earlier.
        """
        with self._lock:
            if self._credentials and self._challenge is None:
                # As docker does: else a registry that shows some images to everybody would
                # never hear who we are.
                self._challenge = self._ask_root()
            if self._challenge is None or self._challenge.scheme == OPEN:
                return None
            if self._challenge.scheme == "basic":
                return self._checked_basic()
            kept = self._tokens.get(scope)
            if kept is None or kept.until < time.monotonic():
                kept = self._tokens[scope] = self._fetch(self._challenge, scope)
            return f"Bearer {kept.token.reveal()}"

    def challenged(self, response: httpx.Response, scope: str, sent: str | None) -> str:
        """The header for another try, after a 401 to a request that carried ``sent``.

        Raises RegistryError when there is nothing that could help.
        """
        refusal = self._transport.refusal(response)
        challenges = parse_challenges(response.headers.get_list("www-authenticate"))
        with self._lock:
            chosen = self._choose(challenges)
            if sent is not None and sent.startswith("Basic "):
                raise self._refused_late(refusal)
            if chosen is None:
                raise self._not_asked(refusal)
            self._challenge = chosen
            wider = chosen.get("scope")
            if wider not in {"", scope} and "*" not in wider:
                self._wider[scope] = wider
            kept = self._tokens.get(scope)
            if kept is not None and sent == f"Bearer {kept.token.reveal()}":
                del self._tokens[scope]
            header = self.header(scope)
        if header is None or header == sent:
            raise self._not_asked(refusal) if header is None else refused(refusal)
        return header

    def check(self, scope: str) -> bool:
        """Show the credentials once, for ``scope``; whether they were looked at. Raises
        RegistryError when they are refused."""
        with self._lock:
            self._tokens.pop(scope, None)
            header = self.header(scope)
            basic = header is not None and header.startswith("Basic ")
            return header is not None and not (basic and self._open_root)

    def _ask_root(self) -> Challenge:
        with self._transport.request("GET", self._transport.url("v2/"), {}) as response:
            if response.status_code == 401 and self._transport.is_ours(response):
                refusal = self._transport.refusal(response)
                values = response.headers.get_list("www-authenticate")
                chosen = self._choose(parse_challenges(values))
                if chosen is None:
                    raise self._not_asked(refusal)
                return chosen
            if response.status_code == 401 and self._credentials:
                raise self.not_passed_on(self._transport.refusal(response))
            if response.status_code >= 300 or is_page(response, None):
                raise self._transport.explain(response)
        self._open_root = True
        return Challenge(OPEN)

    def _not_asked(self, refusal: RegistryRefusal) -> RegistryError:
        """A 401 without a challenge that can be met."""
        if self._credentials is None or refusal.by_another:
            return refused(refusal)
        return never_shown(
            refusal,
            f"{self._transport.who} refuses, but asks for no sign-in of a kind that is known here "
            f"(Basic, Bearer): that of {self._username} was given and never shown",
        )

    def not_passed_on(self, refusal: RegistryRefusal) -> RegistryError:
        """A 401 after a redirect to another host."""
        if refusal.by_another:
            return refused(refusal)
        return never_shown(
            refusal,
            f"{self._transport.who} sent us to another host, which wants a sign-in: that of "
            f"{self._username} is for {self._transport.who} and is not passed on",
        )

    def _refused_late(self, refusal: RegistryRefusal) -> RegistryError:
        """A 401 to a sign-in by Basic. Where the root had taken it, only a right is missing."""
        if not refusal.signed_in:
            return self.not_passed_on(refusal)
        if not self._open_root or refusal.by_another:
            return refused(refusal)
        error = self._explain(refusal, "the registry")
        self._refused = error
        return error

    def _choose(self, challenges: list[Challenge]) -> Challenge | None:
        if any("sonatype nexus" in c.get("realm").lower() for c in challenges):
            self._transport.nexus = True
        bearer = [c for c in challenges if c.scheme == "bearer" and c.get("realm")]
        basic = [c for c in challenges if c.scheme == "basic" and self._credentials]
        return next(iter(bearer + basic), None)

    def _checked_basic(self) -> str | None:
        """The header for Basic. It is first used at the registry's root, where a wrong password
        differs from a right one without rights. After a refusal it is not used again."""
        if self._credentials is None:
            return None
        header = _basic(self._credentials)
        if self._refused is not None:
            raise self._refused
        if not self._accepted and not self._open_root:
            root = self._transport.url("v2/")
            self._show_credentials(root, header)
        return header

    def _fetch(self, challenge: Challenge, scope: str) -> _CachedToken:
        url = self._endpoint(challenge)
        service = challenge.get("service")
        if service:
            url = url.copy_set_param("service", service)
        wanted = [scope, *self._wider.get(scope, "").split()]
        for one in dict.fromkeys(wanted):
            url = url.copy_add_param("scope", one)
        header = _basic(self._credentials) if self._credentials else None
        body = self._show_credentials(url, header, at_token_server=True)
        try:
            answer = decode.json(body, _Token)
        except decode.Unreadable as error:
            raise self._no_token(url, "something that is no JSON of a token") from error
        token = answer.token or answer.access_token or ""
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise self._no_token(url, "an answer without a usable token")
        life = max(answer.expires_in or DEFAULT_LIFE, 1.0)
        return _CachedToken(Secret(token), time.monotonic() + life * 0.8)

    def _show_credentials(
        self, url: httpx.URL, header: str | None, *, at_token_server: bool = False
    ) -> bytes:
        if self._refused is not None:
            raise self._refused
        asked = AnsweredBy.TOKEN_SERVER if at_token_server else None
        with self._transport.request("GET", url, {}, authorization=header) as response:
            if response.status_code == 200 and not is_page(response, None):
                self._accepted = self._accepted or header is not None
                return read_body(response, self._transport.who, unpack=True)
            refusal = self._transport.refusal(response, asked)
        error = self._explain(refusal, "its token endpoint" if asked else "the registry")
        if header is not None and (refusal.status == 401 or error.code == Code.NEXUS_LOCKED_OUT):
            self._refused = error
        raise error

    def _explain(self, refusal: RegistryRefusal, tried_at: str) -> RegistryError:
        error = refused(refusal)
        at_realm = refusal.asked is AnsweredBy.TOKEN_SERVER
        if refusal.no_token_server and not refusal.by_another:
            return error.but(
                Code.TOKEN_UNREADABLE,
                tried=f"asking for a token, {refusal.tried}",
                cause=f"there is no token endpoint at the address that {self._transport.who} names",
                next_step="check the address and what stands between",
            )
        judged = refusal.status in {401, 403} or (at_realm and refusal.says_why)
        if not judged or refusal.by_another or error.code.startswith("nexus-"):
            return error
        who = self._transport.who
        if self._credentials is None:
            code = Code.NO_LOGIN if refusal.status == 401 else Code.NOT_ENTITLED
            cause = f"{who} gives no token to those who did not sign in, for this name"
            step = "check the name; private images need a user name and password"
        elif self._transport.nexus:
            code = Code.LOGIN_WRONG
            cause = "the user name or the password is wrong, or the user is not active"
            step = "correct them; Nexus locks a user out after a few wrong ones"
        else:
            code = Code.TOKEN_REFUSED
            cause = "the sign-in is wrong, expired or revoked, or has no right to this name"
            step = "make a new pull token, or check which organization it belongs to"
        if at_realm and refusal.message and self._credentials:
            cause = f"{who} refuses this sign-in: {refusal.words}; {cause}"
        return error.but(
            code,
            tried=f"the sign-in of {self._username} at {tried_at}, {refusal.tried}",
            cause=cause,
            next_step=step,
        )

    def _endpoint(self, challenge: Challenge) -> httpx.URL:
        """The realm as a URL that may have the credentials. Raises `challenge-wrong-host`.

        Nexus builds it from the headers of the proxy before it, and several versions built it
        wrongly: scheme null, the port twice, http where https was used.
        """
        base, realm = self._transport.base, challenge.get("realm")
        try:
            url = decode.url(realm, base)
        except decode.Unreadable:
            raise self._wrong_realm(realm) from None
        plain = url.scheme == "http"
        if (
            url.scheme not in {"http", "https"}
            or not url.host
            or (base.scheme == "https" and plain)
        ):
            raise self._wrong_realm(realm)
        same = url.host == base.host or {url.host, base.host} <= LOOPBACK
        if plain and self._credentials and not same:
            raise self._wrong_realm(realm)
        return url.copy_with(userinfo=b"")

    def _wrong_realm(self, realm: str) -> RegistryError:
        return RegistryError(
            Code.CHALLENGE_WRONG_HOST,
            tried=f"asking {self._transport.who} where to get a token",
            came_back=f"{shortened(realm)!r}, which is no address for a sign-in made at "
            f"{shown(self._transport.base)}",
            cause="the proxy before it sets Host or X-Forwarded-* wrongly, or the base URL is",
        )

    def _no_token(self, url: httpx.URL, came_back: str) -> RegistryError:
        return RegistryError(
            Code.TOKEN_UNREADABLE,
            tried=f"asking for a token, GET {shown(url)}",
            came_back=came_back,
            cause="what answers there is not the registry's token endpoint, or is broken",
            next_step="check the address and what stands between",
        )

    @property
    def _username(self) -> str:
        return shortened(self._credentials.username) if self._credentials else "nobody"


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password.reveal()}"
    return f"Basic {b64encode(pair.encode()).decode('ascii')}"
