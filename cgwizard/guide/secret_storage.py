"""Where secrets are kept, by the user's choice: asked in Connect and in Add token auth.

A keyring that works is proposed; without one nothing is kept. An encrypted file and
systemd-creds are offered beside it. What is opened in one step is open in the next.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Literal, NamedTuple

from cgwizard.errors import Code, WizardError
from cgwizard.guide.shown import Check, Choice, Field, Report
from cgwizard.secrets import encrypted_file, index, systemd_creds
from cgwizard.secrets import keyring as keyrings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgwizard.secrets.encrypted_file import EncryptedFile
    from cgwizard.secrets.index import StoreName
    from cgwizard.secrets.secret import Secret
    from cgwizard.secrets.store import Kind, Store

Where = Literal["keyring", "secrets-file", "systemd-creds", "memory"]
SECRET_FIELDS = frozenset({"passphrase", "passphrase_again"})
DOUBTS = {
    Code.SECRETS_FILE_WRONG_PASSPHRASE: "passphrase",
    Code.SECRETS_FILE_UNREADABLE: "passphrase",
    Code.SECRETS_FILE_OPEN_TO_OTHERS: "passphrase",
}


class Entry(NamedTuple):
    """A secret to keep."""

    where: Where
    kind: Kind
    account: str
    secret: Secret


class Keeping:
    """What can keep secrets here. `look` and what takes a report block.

    ``chosen`` is what was answered to "keep" in a step, ``secrets`` are that step's secrets.
    """

    def __init__(self) -> None:
        self.only: str = ""  # unattended: the one place that the answers name, or "memory"
        self.keyring: keyrings.KeyringStatus | None = None  # None: not looked yet
        self.systemd = False
        self.file: EncryptedFile | None = None  # once it is open
        self.file_exists = False
        self._noted: list[index.IndexEntry] = []
        self._last: Where | None = None  # where a secret of this run was found or kept

    def look(self) -> None:
        """Find out what there is; once."""
        if self.keyring is not None:
            return
        self.look_for_file()
        self.systemd = self.only in {"", "systemd-creds"} and systemd_creds.refusal() is None
        if self.only in {"", "keyring"}:
            self.keyring = keyrings.probe()
        else:
            self.keyring = keyrings.KeyringStatus(False, "", "")

    def look_for_file(self) -> None:
        """Quick: what is shown first must ask for the passphrase already, or it is typed where
        the password belongs."""
        self.file_exists = not self.only and encrypted_file.path().exists()
        self._noted = index.entries()

    @property
    def locked(self) -> bool:
        """There is a secrets file, and nobody has opened it."""
        return self.file_exists and self.file is None

    @property
    def possible(self) -> bool:
        """Whether a secret could be found without asking for anything. Of a keyring only it
        itself knows what it holds; what others hold is listed."""
        likely = {"keyring", self.only, *(each.store for each in self._noted)}
        return any(where in likely for where in self._open())

    # What to ask

    def choices(self) -> tuple[Choice, ...]:
        """What is proposed comes first."""
        if self.keyring is None:
            return ()
        found = [
            Choice("memory", "for this run only: asked again next time"),
            Choice("secrets-file", "encrypted file: asks for its passphrase once a run"),
        ]
        if self.keyring.usable:
            name = self.keyring.backend.partition(" (")[0]
            if len(name) > 22:  # a class that nobody gave a better name
                name = name.rpartition(".")[2]
            told = f"in the keyring: {name}, while it is unlocked"
            found.insert(0, Choice("keyring", told))
        if self.systemd:
            who = "root" if os.geteuid() == 0 else "you"
            told = f"systemd-creds: opened unasked, on this machine, by {who}"
            found.append(Choice("systemd-creds", told))
        return tuple(found)

    def choice(self, chosen: str, secrets: Mapping[str, Secret]) -> Where:
        """What is chosen in a step, or proposed until then."""
        possible = [choice.value for choice in self.choices()]
        if chosen in possible:
            return chosen  # type: ignore[return-value]
        if secrets.get("passphrase"):
            return "secrets-file"
        if self._last in possible:
            return self._last
        return "keyring" if "keyring" in possible else "memory"

    def fields(self, chosen: str, secrets: Mapping[str, Secret], label: str) -> list[Field]:
        """The choice, and the passphrase of a file that is made or opened by it."""
        choices = self.choices()
        if not choices:
            return []
        where = self.choice(chosen, secrets)
        found = [Field("keep", label, where, "choice", choices)]
        if where == "secrets-file" and self.file is None:
            found.append(Field("passphrase", "Passphrase", kind="secret"))
            if not self.file_exists:
                found.append(Field("passphrase_again", "Once more", kind="secret"))
        return found

    def problems(self, chosen: str, secrets: Mapping[str, Secret]) -> dict[str, str]:
        if self.choice(chosen, secrets) != "secrets-file" or self.file is not None:
            return {}
        passphrase = secrets.get("passphrase")
        if self.file_exists:
            return {} if passphrase else {"passphrase": "that of the secrets file that is there"}
        if passphrase is None or len(passphrase.reveal()) < encrypted_file.MIN_LENGTH:
            least = f"at least {encrypted_file.MIN_LENGTH} characters: four or five random words"
            return {"passphrase": least}
        if passphrase != secrets.get("passphrase_again"):
            return {"passphrase_again": "not the same as above"}
        return {}

    def names(self, kind: Kind, account: str) -> bool:
        """Whether the secrets file is known to hold this."""
        return index.IndexEntry(kind, account, "secrets-file") in self._noted

    def notes(self, chosen: str, secrets: Mapping[str, Secret], kind: Kind) -> tuple[str, ...]:
        """Why it is not kept by itself, where it is not."""
        if self.keyring is None or self.keyring.usable:
            return ()
        reason = f"{self.keyring.reason.rstrip('.')}."
        if self.choice(chosen, secrets) != "memory":
            return (reason,)
        what = _WORDS[kind].capitalize()
        return (f"{reason} {what} stays in memory, for this run only.",)

    # What is done

    def unlock(self, secrets: Mapping[str, Secret], report: Report) -> None:
        """Open the secrets file where its passphrase was typed. Raises WizardError."""
        passphrase = secrets.get("passphrase")
        if not self.locked or not passphrase:
            return
        report(Check("unlock", "open the secrets file", "running"))
        self.file = encrypted_file.EncryptedFile.unlock(encrypted_file.path(), passphrase)
        self._opened()
        report(Check("unlock", "opened the secrets file", "done"))

    def load(self, kind: Kind, account: str) -> tuple[Secret, str] | None:
        """What is kept for ``account``, and where, in words. A place that fails is passed over:
        the user is asked instead."""
        for where, store in self._open().items():
            with contextlib.suppress(WizardError):
                if (found := store.load(kind, account)) is not None:
                    self._last = where
                    return found, self.place(where)
        return None

    def keep(self, entry: Entry, passphrase: Secret | None, report: Report) -> None:
        """Keep it as chosen. It is a convenience: where it fails, the guide goes on without."""
        if self.keyring is None:
            return
        where, kind, account, secret = entry
        self._last = where
        if where == "memory":
            return
        label = f"keep {_WORDS[kind]} {_IN[where]}"
        id = "keep-pull-user" if kind == "pull-user" else "keep"
        report(Check(id, label, "running", self._detail(where)))
        try:
            if where == "secrets-file" and self.file is None and passphrase is not None:
                self.file = encrypted_file.EncryptedFile.create(encrypted_file.path(), passphrase)
                self._opened()
            self._open()[where].save(kind, account, secret)
        except WizardError as error:
            self.file_exists = encrypted_file.path().exists()  # another cgwizard may have made it
            report(Check(id, label, "warning", error.problem.came_back, error.problem))
            return
        report(Check(id, label, "done", self._detail(where)))
        self._forget_others(where, kind, account)

    def source(self, kind: Kind, account: str) -> str | None:
        """The word of an answers file for where ``cgwizard apply`` finds it; None where it would
        find it nowhere. The encrypted file is no such place: it asks for its passphrase."""
        for where, store in self._open().items():
            if where != "secrets-file":
                with contextlib.suppress(WizardError):
                    if store.load(kind, account) is not None:
                        return where
        return None

    def places(self) -> list[str]:
        """Where `load` looks now, in words."""
        return [self.place(where) for where in self._open()]

    def place(self, where: Where) -> str:
        """Words behind "comes from"."""
        if where == "keyring" and self.keyring:
            return f"the keyring ({self.keyring.backend})"
        return {"secrets-file": "the encrypted file"}.get(where, where)

    def _detail(self, where: Where) -> str:
        if where == "keyring" and self.keyring:
            return self.keyring.backend
        return str(encrypted_file.path() if where == "secrets-file" else systemd_creds.folder())

    def _opened(self) -> None:
        self.file_exists = True
        self._last = "secrets-file"

    def _open(self) -> dict[StoreName, Store]:
        """The places that can be read now, the one that this run used first."""
        found: dict[StoreName, Store] = {}
        if self.keyring and self.keyring.usable:
            found["keyring"] = keyrings
        if self.systemd:
            found["systemd-creds"] = systemd_creds
        if self.file is not None:
            found["secrets-file"] = self.file
        return dict(sorted(found.items(), key=lambda item: item[0] != self._last))

    def _forget_others(self, where: Where, kind: Kind, account: str) -> None:
        """A secret has one home: what is outdated elsewhere would be found first next time."""
        for each in index.entries():
            store = self._open().get(each.store)
            if (each.kind, each.account) == (kind, account) and each.store != where and store:
                with contextlib.suppress(WizardError):
                    store.forget(kind, account)


_WORDS: dict[Kind, str] = {
    "nexus-password": "the password",
    "pull-token": "the token",
    "pull-user": "the pull user's password",
}
_IN: dict[Where, str] = {
    "keyring": "in the keyring",
    "secrets-file": "in the encrypted file",
    "systemd-creds": "by systemd-creds",
}
