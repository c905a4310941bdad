"""From what a user typed to the Nexus that they mean."""

from __future__ import annotations

from collections.abc import Callable

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, Code, WizardError
from cgwizard.net.trust import Trust
from cgwizard.nexus.address import candidates, parse
from cgwizard.nexus.certificates import UntrustedCertificate
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.connection_errors import NexusElsewhere
from cgwizard.secrets.secret import Credentials

# In the order in which they explain most: an answer says more than silence.
_TELLING = (
    Code.NEXUS_STARTING,
    Code.NEXUS_WRONG_PORT_IS_CONNECTOR,
    Code.NEXUS_SERVER_ERROR,
    Code.CLIENT_PROXY_IN_THE_WAY,
    Code.NEXUS_REDIRECTED,
    Code.NEXUS_TLS_FAILED,
    Code.NEXUS_NOT_NEXUS,
    Code.NEXUS_CONTEXT_PATH,
    Code.NEXUS_HTTP_HTTPS_MISMATCH,
    Code.NEXUS_ANSWER_TOO_BIG,
    Code.NEXUS_ANSWER_BROKEN,
    Code.NEXUS_TOO_SLOW,
    Code.NEXUS_NO_ANSWER,
    Code.NEXUS_FILTERED,
    Code.NEXUS_REFUSED,
    Code.NEXUS_CERTIFICATE_CHANGED,
)
# Another port or path of the same host cannot help.
_HOPELESS = frozenset({Code.NEXUS_DNS, Code.CA_FILE_UNREADABLE})
# Another path at the same scheme, host and port cannot help.
_SILENT = frozenset(
    {
        Code.NEXUS_REFUSED,
        Code.NEXUS_FILTERED,
        Code.NEXUS_NO_ANSWER,
        Code.NEXUS_TLS_FAILED,
        Code.NEXUS_HTTP_HTTPS_MISMATCH,
        Code.NEXUS_TOO_SLOW,
    }
)


def find(
    text: str,
    credentials: Credentials | None = None,
    trust: Trust | None = None,
    on_try: Callable[[str], None] = lambda _url: None,
    cancel: Cancel | None = None,
) -> NexusClient:
    """The client of the first base URL that ``text`` may mean at which a Nexus answers.

    Credentials are kept for the client and not sent here. ``on_try`` gets each base URL.
    ``cancel`` stays the client's.
    Raises WizardError: of the one address that was typed, or the most telling one of several;
    UntrustedCertificate at once, so that no user gets from TLS to plain HTTP unnoticed.
    """
    waiting = list(candidates(text))
    scheme = parse(text).scheme
    tried: list[str] = []
    silent: set[str] = set()
    errors: list[WizardError] = []
    while waiting:
        url = waiting.pop(0)
        if url in tried or _origin(url) in silent:
            continue
        if cancel is not None:
            cancel.check()
        tried.append(url)
        on_try(url)
        client = NexusClient(url, credentials, trust, cancel)
        try:
            client.server()
        except Cancelled:
            client.close()
            raise
        except WizardError as error:
            client.close()
            if isinstance(error, UntrustedCertificate) or error.code in _HOPELESS:
                raise
            if error.code == Code.NEXUS_CERTIFICATE_CHANGED and len(tried) == 1:
                raise  # at a guess it only means that this port is not what was confirmed
            errors.append(error)
            if error.code in _SILENT:
                silent.add(_origin(url))
            if isinstance(error, NexusElsewhere) and _allowed(scheme, error.base_url):
                waiting.insert(0, error.base_url)
        else:
            return client
    raise _most_telling(errors, tried)


def _allowed(typed_scheme: str | None, base_url: str) -> bool:
    """Where the user typed https, http is not tried."""
    return typed_scheme != "https" or base_url.startswith("https://")


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _most_telling(errors: list[WizardError], tried: list[str]) -> WizardError:
    def rank(error: WizardError) -> int:
        return _TELLING.index(error.code) if error.code in _TELLING else len(_TELLING)

    # An address to try instead explains nothing where it was tried as well.
    wrong = [e for e in errors if not (isinstance(e, NexusElsewhere) and e.base_url in tried)]
    best = min(wrong or errors, key=rank)
    others = [url for url in tried if url not in best.problem.tried]
    if not others:
        return best
    return best.but(tried=f"{best.problem.tried}; no Nexus either at {', '.join(others)}")
