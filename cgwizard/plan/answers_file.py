"""The answers file in TOML: the plan, and where its secrets are found. It holds no secret itself.

Reading it is strict: the error for a wrong key or value names the file, the line, the key and the
nearest key that exists.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from cgwizard.errors import Code, ExitCode, WizardError
from cgwizard.plan import model as plan
from cgwizard.plan import toml_errors
from cgwizard.text import decode

MAX_BYTES = 1 << 20

Source = Annotated[
    str,
    Meta(
        pattern=r"^(keyring|systemd-creds|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$",
        description="keyring, systemd-creds, env:VARIABLE, or file:PATH (mode 0600).",
    ),
]


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Where the secrets are found."""

    nexus_password: Source = "keyring"
    pull_token: Source = "keyring"
    # Of the pull user; without it no user is made.
    pull_user: Source | None = None


class Answers(plan.Plan, frozen=True):
    """Everything that `cgwizard apply` needs to know."""

    secrets: Secrets = Secrets()

    @property
    def plan(self) -> plan.Plan:
        return plan.Plan(**{name: getattr(self, name) for name in plan.Plan.__struct_fields__})

    def asking(self, url: str) -> Answers:
        """The same with another registry to ask from here, whatever these name."""
        return msgspec.structs.replace(
            self, registry=msgspec.structs.replace(self.registry, url=url)
        )


def of(chosen: plan.Plan, secrets: Secrets | None = None) -> Answers:
    members = {name: getattr(chosen, name) for name in plan.Plan.__struct_fields__}
    return Answers(**members, secrets=secrets or Secrets())


def write(answers: Answers, kept_nowhere: Container[str] = ()) -> str:
    """The file's text, with a comment on how it is used.

    ``kept_nowhere`` holds the keys of secrets whose source is still to be set: a comment says so.
    The source of the pull token is left out where no step needs one.
    """
    lines = [_HEAD, plan.to_toml(answers.plan), "[secrets]"]
    for key, source in msgspec.to_builtins(answers.secrets).items():
        if source is None:
            continue
        if key == "pull-token" and answers.token is not None and answers.token.mode == "skip":
            continue
        if key in kept_nowhere:
            variable = source.partition(":")[2]
            lines.append(f"# It is kept nowhere: set {variable}, or name another source.")
        lines.append(msgspec.toml.encode({key: source}).decode().strip())
    return "\n".join(lines) + "\n"


_HEAD = """\
# Answers for: cgwizard apply FILE   (--dry-run shows what it would do)
# No secret is in here. Under [secrets] stands where each is found:
# "keyring", "systemd-creds", "env:VARIABLE", or "file:PATH" of a file with mode 0600.
"""


def incomplete(came_back: str, next_step: str) -> WizardError:
    """The answers are not enough for the guide: a usage error, nothing was tried."""
    return WizardError(
        Code.ANSWERS_INCOMPLETE,
        tried="filling in the guide from the answers",
        came_back=came_back,
        cause="the answers leave open what the guide must know, or no step takes them so",
        next_step=next_step,
        exit_code=ExitCode.USAGE,
    )


def text_of(path: Path) -> str:
    """The text of the file. Raises WizardError ``answers-unreadable``, a usage error."""
    tried = f"reading the answers file {path}"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) <= MAX_BYTES:
            return decode.text(data, "utf-8-sig")
    except (OSError, decode.Unreadable) as error:
        came_back = getattr(error, "strerror", None) or str(error)
        raise WizardError(
            Code.ANSWERS_UNREADABLE, tried=tried, came_back=came_back, exit_code=ExitCode.USAGE
        ) from error
    raise WizardError(
        Code.ANSWERS_UNREADABLE,
        tried=tried,
        came_back="more than a megabyte",
        cause="this is another file",
        next_step="name the answers file; the wizard offers to write one on Finish",
        exit_code=ExitCode.USAGE,
    )


def parse(text: str, name: str = "answers") -> Answers:
    """Raises WizardError ``answers-invalid``, a usage error; ``name`` stands in the message."""
    try:
        return decode.toml(text, Answers, plan.dec_hook)
    except decode.WrongShape as error:
        raise _refused(name, toml_errors.not_valid(text, error, Answers)) from error
    except decode.Unreadable as error:
        raise _refused(name, toml_errors.not_toml(text, error)) from error


def schema() -> str:
    """JSON Schema of the file, for editors; ``assets/answers.schema.json`` is this text."""
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(Answers, schema_hook=_path_schema),
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _path_schema(kind: type) -> dict[str, str]:
    if kind is Path:
        return {"type": "string", "description": "A path; ~ is your home."}
    raise NotImplementedError(kind)


def _refused(name: str, mistake: toml_errors.TomlError) -> WizardError:
    return WizardError(
        Code.ANSWERS_INVALID,
        tried=f"reading {name}",
        came_back=f"{name}:{mistake.line}: {mistake.message}",
        cause="a slip of the pen, or a file for another version of cgwizard",
        next_step=mistake.correction,
        exit_code=ExitCode.USAGE,
    )
