"""Find a `PullToken` in pasted text, by the shape of its two halves.

Shells, consoles, terminals and chat programs wrap, quote and label a token in different ways, so
nothing is parsed as a command line. The user name (hexadecimal, one slash) and the password (a
JSON Web Token) are found by what they look like; white space inside them is removed. The text
around them is read only for the kind of the token, the organization's name, and which half was
meant to be which.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from cgwizard.errors import WizardError
from cgwizard.secrets.secret import Credentials, Secret
from cgwizard.text.sanitize import lines
from cgwizard.tokens import claims, docker_auths, pull_secret, refusals
from cgwizard.tokens.claims import PullToken
from cgwizard.tokens.refusals import PasteRefusal

# claims.USERNAME with white space allowed anywhere. The last part must not include the start of a
# token ("eyJ", whose e is a hexadecimal digit) or of a word that follows.
_HEX = r"[0-9a-fA-F]"
_TOKEN_START = r"e\s*y\s*J"
_LOOSE_USERNAME = re.compile(
    rf"(?<!{_HEX})(?:{_HEX}\s*){{39}}{_HEX}"
    rf"(?:\s*/(?:\s*(?!{_TOKEN_START}){_HEX}){{16}}(?!(?!{_TOKEN_START})\w))+"
)
_NEAR_USERNAME = re.compile(rf"(?<![\w./-])({_HEX}{{12,64}})/({_HEX}{{1,40}})(?![\w.-])")
# {" in base64. A token's second part starts with it too, so no dot may come before it. The option
# -p may, without a space, and with or without a line break between its two characters.
_TOKEN_REGION = re.compile(
    rf"(?:(?<![\w.-])|(?<=\s-p)|(?<=\sp)){_TOKEN_START}[\w.\s-]{{0,8000}}", re.ASCII
)

_USERNAME_LABEL = re.compile(
    r"(?:--username|(?<!\w)-u|username|identity_id)[\s:=\"']*\Z", re.IGNORECASE
)
_PASSWORD_LABEL = re.compile(
    r"(?:--password|(?<!\w)-p|password|secret|token)[\s:=\"']*\Z", re.IGNORECASE
)
_JSON_ESCAPE = re.compile(r"\\u(002[bdefBDEF]|003[adAD]|005[fF])")
_ESCAPED_SLASH = re.compile(r"(?<!\\)\\++/|%2[fF]")  # in JSON, in a URL
_LINE_CONTINUATION = re.compile(r"[\\`^]\n")
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")

_VARIABLE = re.compile(r"CHAINGUARD_([A-Z0-9_]{1,60}?)_(?:IDENTITY_ID|TOKEN)")
_REPOSITORY = re.compile(r"--(?:repository|library-ecosystem)[=\s]+[\"']?([\w,]+)")
_CREATED_KIND = re.compile(r"Creating new (\w+) (?:\w+ )?pull-token in", re.IGNORECASE)
_ECOSYSTEMS = frozenset({"java", "javascript", "python", "go", "rust", "ruby", "dotnet"})

_NAMED_IN = re.compile(
    r"Creating new [\w ]{1,60} pull-token in\s+(\S+)"
    r"|Selected (?:folder|organization|location)\s+(\S+)|--parent[=\s]+(\S+)",
    re.IGNORECASE,
)
_ORGANIZATION = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")

_LOGIN = re.compile(r"\b(?:docker|podman|nerdctl|skopeo|buildah|registry|auth|oras)\s+login\b")
MAX_CHARACTERS = 100_000  # a token has about a thousand
MAX_STARTS = 20  # places in the text where a token may begin


def parse(text: str) -> PullToken:
    """Read a pull token out of pasted text.

    Takes what ``chainctl`` and the Console print (a ``docker login`` line, ``Username:`` and
    ``Password:``, JSON, ``export`` lines), two lines, or two words, with any quoting and line
    breaks; a whole configuration of Docker, also in a Kubernetes Secret; base64 of these.
    Swapped halves are corrected and mentioned in `PullToken.notes`.

    Raises `WizardError` with code ``token-empty``, ``token-truncated``, ``token-wrong-kind``,
    ``token-other-registry`` or ``token-unreadable``; none of them holds any of the text.
    """
    clean = _clean(text)
    if not clean.strip():
        raise refusals.EMPTY.error()
    if found := pull_secret.configurations(clean):
        return _from_configurations(found)
    return _by_shape(clean)


def _from_configurations(found: list[Mapping[str, object]]) -> PullToken:
    """The token for cgr.dev; that of another host, such as a mirror, only where there is none.
    No name in a configuration is surely an organization's."""
    every = pull_secret.entries(found)
    named = [entry for entry in every if entry.host == docker_auths.HOST]
    chosen = named or [e for e in every if not e.host.endswith(f".{docker_auths.HOST}")]
    tokens: dict[tuple[str, str], PullToken] = {}
    errors: list[WizardError] = []
    for entry in chosen:
        try:
            if entry.fault:
                raise refusals.entry_unreadable(docker_auths.shown(entry.key), entry.fault).error()
            if entry.username or entry.password:
                token = from_fields(entry.username, entry.password)
                key = (token.credentials.username, token.credentials.password.reveal())
                tokens[key] = replace(token, organization="")
        except WizardError as error:
            errors.append(error)
    if len(tokens) > 1:
        raise refusals.SEVERAL.error()
    if tokens:
        return next(iter(tokens.values()))
    if named and errors:
        raise errors[0]
    if named:
        raise refusals.KEPT_BY_PROGRAM.error()
    kind = _other_kind(" ".join(entry.host for entry in every))
    raise (refusals.wrong_kind(kind) if kind else refusals.NOT_IN_CONFIGURATION).error()


def _by_shape(clean: str) -> PullToken:
    kind = _other_kind(clean)
    if kind:
        raise refusals.wrong_kind(kind).error()
    tokens, usernames = _tokens(clean), _usernames(clean)
    if not tokens and (decoded := pull_secret.halves(clean)):
        clean = f"{clean}\n{decoded}"
        tokens, usernames = _tokens(clean), _usernames(clean)
    if len({token for _, token in tokens}) > 1 or len({name for _, name in usernames}) > 1:
        raise refusals.SEVERAL.error()
    if not tokens:
        raise _why_no_token(clean, bool(usernames)).error()
    if not usernames:
        raise _why_no_username(clean, tokens[0][1]).error()
    notes: tuple[str, ...] = ()
    if _swapped(clean, usernames[0][0], tokens[0][0]):
        notes = ("The user name and the password were swapped; they are the right way round now.",)
    return claims.read(
        Credentials(usernames[0][1], Secret(tokens[0][1])),
        organization=_organization(clean),
        notes=notes,
    )


def from_fields(username: str, password: str) -> PullToken:
    """Read a pull token out of two entry fields, either of which may hold a whole pasted line.

    Raises what `parse` raises.
    """
    if not username.strip() or not password.strip():
        return parse(username + password)
    return _by_shape(_clean(f"Username: {username}\nPassword: {password}"))


def _clean(text: str) -> str:
    text = _TERMINAL_CODES.sub("", text[:MAX_CHARACTERS])
    text = unicodedata.normalize("NFKC", text.replace("…", "..."))
    text = lines(text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.translate({ord(c): '"' for c in "“”„«»"} | {ord(c): "'" for c in "‘’‚"})
    # JSON may write a slash, and a few other characters of a token, with a backslash.
    text = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return _LINE_CONTINUATION.sub("\n", _ESCAPED_SLASH.sub("/", text))


def _tokens(text: str) -> list[tuple[int, str]]:
    """Every complete token with its position in the text."""
    found: list[tuple[int, str]] = []
    position = 0
    for _ in range(MAX_STARTS):
        region = _TOKEN_REGION.search(text, position)
        if not region:
            break
        ends = [run.end() for run in re.finditer(r"\S+", region[0])]
        position = region.start() + ends[0]
        # White space may be a line break inside the token or its end. Take the longest piece that
        # is a whole token: the text behind it hardly ever has the missing size.
        for end in reversed(ends):
            candidate = "".join(region[0][:end].split()).rstrip(".")
            if candidate.count(".") == 2 and claims.is_whole(candidate):
                found.append((region.start(), candidate))
                position = region.start() + end
                break
    return found


def _usernames(text: str) -> list[tuple[int, str]]:
    found = []
    for match in _LOOSE_USERNAME.finditer(text):
        name = "".join(match[0].split()).lower()
        if claims.USERNAME.fullmatch(name):
            found.append((match.start(), name))
    return found


def _why_no_token(text: str, username_found: bool) -> PasteRefusal:
    if region := _TOKEN_REGION.search(text):
        token = "".join(region[0].split())
        return refusals.truncated(len(token), token.count("."))
    if not username_found and _signs_in_elsewhere(text):
        return refusals.OTHER_REGISTRY
    if "--password-stdin" in text:
        return refusals.PASSWORD_ELSEWHERE
    if username_found:
        return refusals.PASSWORD_MISSING
    if re.search(r"\bchainctl\s+\w", text):
        return refusals.COMMAND
    return refusals.UNREADABLE


def _why_no_username(text: str, token: str) -> PasteRefusal:
    if _signs_in_elsewhere(text):
        return refusals.OTHER_REGISTRY
    if re.search(r"(?<!\w)_token\b", text) or _is_session(token):
        return refusals.PERSONAL
    if near := _NEAR_USERNAME.search(text):
        return refusals.username_damaged(len(near[1]), len(near[2]))
    if re.search(r"\w@\w", text):
        return refusals.USERNAME_IS_ADDRESS
    return refusals.USERNAME_MISSING


def _is_session(token: str) -> bool:
    """Whether ``chainctl auth token`` printed it: another issuer, and valid for hours only."""
    said = claims.read(Credentials("", Secret(token)))
    if not said.issued or not said.expires:
        return False
    brief = said.expires - said.issued < timedelta(days=1)
    return brief and said.issuer.startswith("https://issuer.enforce.dev")


def _signs_in_elsewhere(text: str) -> bool:
    return bool(_LOGIN.search(text)) and "cgr.dev" not in "".join(text.split())


def _other_kind(text: str) -> str:
    """In words, what the token is for if the text says that it is not for images; else ""."""
    compact = "".join(text.split())
    for name in _VARIABLE.findall(compact):
        if name not in {"OCI", "CONTAINER", "CONTAINERS", "REGISTRY"}:
            return _kind_in_words(name)
    if "libraries.cgr.dev" in compact:
        return "language libraries"
    if re.search(r"(?:apk|packages)\.cgr\.dev", compact):
        return _kind_in_words("apk")
    chosen = _REPOSITORY.search(text) or _CREATED_KIND.search(text)
    if chosen and not {"oci", "all", "container", "registry"} & set(
        re.split(r"\W", chosen[1].lower())
    ):
        return _kind_in_words(chosen[1])
    return ""


def _kind_in_words(name: str) -> str:
    name = name.lower().removesuffix("_athena")
    if name == "apk":
        return "apk packages"
    return f"{name} libraries" if name in _ECOSYSTEMS else "another kind of repository"


def _organization(text: str) -> str:
    """The organization that the text around a token names; "" where it names several, or only a
    placeholder such as ORGANIZATION, an identifier or a folder's path."""
    names = set()
    for match in _NAMED_IN.finditer(text):
        name = next(filter(None, match.groups())).strip(".,;\"'")
        if not _ORGANIZATION.fullmatch(name) or re.fullmatch(rf"{_HEX}{{40}}", name):
            return ""
        names.add(name)
    return names.pop() if len(names) == 1 else ""


def _swapped(text: str, username_at: int, token_at: int) -> bool:
    return bool(
        _PASSWORD_LABEL.search(text, 0, username_at) and _USERNAME_LABEL.search(text, 0, token_at)
    )
