"""Why pasted text is not a pull token. No error quotes the text."""

from __future__ import annotations

from typing import NamedTuple

from cgwizard.errors import Code, WizardError
from cgwizard.errors.codes import NEW_PULL_TOKEN

_COPY_AGAIN = (
    f"Copy the whole output of `{NEW_PULL_TOKEN}` again, "
    "or both values from the Console (Settings > Pull tokens), and paste it here."
)


class PasteRefusal(NamedTuple):
    code: Code
    came_back: str
    cause: str
    next_step: str = _COPY_AGAIN

    def error(self) -> WizardError:
        return WizardError(tried="to read a pull token from the text", **self._asdict())


EMPTY = PasteRefusal(Code.TOKEN_EMPTY, "nothing to read", "Nothing was pasted or typed.")
PERSONAL = PasteRefusal(
    Code.TOKEN_WRONG_KIND,
    "the session token of a person, not a pull token",
    "`chainctl auth token` and chainctl's Docker credential helper give tokens that belong to "
    "a signed-in person and end within hours; Nexus would stop pulling then.",
    f"Make a pull token: `{NEW_PULL_TOKEN}`, and paste what it prints.",
)
OTHER_REGISTRY = PasteRefusal(
    Code.TOKEN_OTHER_REGISTRY,
    "a sign-in for another registry than cgr.dev",
    "The line signs in to a different host, and its user name and password do not have "
    "the shape of a Chainguard pull token.",
)
SEVERAL = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "more than one pull token",
    "The text holds several user names or passwords, and which belong together is a guess.",
    "Paste one of them: its user name and its password.",
)
KEPT_BY_PROGRAM = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "a configuration of Docker without the token for cgr.dev",
    "Docker leaves it with the program that credsStore or credHelpers names.",
)
NOT_IN_CONFIGURATION = PasteRefusal(
    Code.TOKEN_OTHER_REGISTRY,
    "a configuration of Docker with nothing for cgr.dev",
    "It signs in to other registries only.",
)
PASSWORD_MISSING = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "a user name without its password",
    "The second half, which starts with eyJ, is not in the text.",
)
PASSWORD_ELSEWHERE = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "a line that takes the password from standard input",
    "With --password-stdin the token itself is not part of the line.",
)
USERNAME_MISSING = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "a password without its user name",
    "The first half, which looks like 40 hexadecimal digits, a slash and 16 more, "
    "is not in the text.",
)
USERNAME_IS_ADDRESS = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "an e-mail address as user name",
    "The user name of a pull token is its identity, not the address that you sign in with.",
)
COMMAND = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "a chainctl command",
    "The command itself was pasted, not what it prints.",
    "Run it in another terminal and paste its output here.",
)
UNREADABLE = PasteRefusal(
    Code.TOKEN_UNREADABLE,
    "no user name and no password of a pull token",
    "Nothing in the text looks like one: the user name is hexadecimal with a slash, "
    "the password starts with eyJ.",
)


def entry_unreadable(key: str, fault: str) -> PasteRefusal:
    return PasteRefusal(
        Code.TOKEN_UNREADABLE,
        f"a configuration of Docker whose entry {key} cannot be read",
        f"In that entry {fault.removeprefix('its ')}.",
    )


def truncated(characters: int, dots: int) -> PasteRefusal:
    missing = (
        "its signature has not the size that it must have"
        if dots == 2
        else f"it has {dots + 1} of the three parts that dots separate"
        if dots < 2
        else "it has more than three parts"
    )
    return PasteRefusal(
        Code.TOKEN_TRUNCATED,
        f"a password of {characters:,} characters that is not whole: {missing}",
        "The end or the middle of the token was lost while it was copied; "
        "whole ones have about 700 to 1,500 characters in three parts.",
    )


def wrong_kind(kind: str) -> PasteRefusal:
    return PasteRefusal(
        Code.TOKEN_WRONG_KIND,
        f"a token for {kind}",
        "It was made for something else than container images, so cgr.dev refuses pulls with it.",
        f"Make one for images: `{NEW_PULL_TOKEN}` "
        "(without --repository it is for images), and paste what it prints.",
    )


def username_damaged(before: int, after: int) -> PasteRefusal:
    return PasteRefusal(
        Code.TOKEN_UNREADABLE,
        f"a user name of {before} and {after} digits around its slash",
        "It must have 40 hexadecimal digits, a slash and 16 more; some were lost or doubled.",
    )
