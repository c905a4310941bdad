"""A step that asks for a secret, and where that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cgwizard.guide.secret_storage import DOUBTS, SECRET_FIELDS, Entry
from cgwizard.guide.shown import Field, Report
from cgwizard.guide.step import Step

if TYPE_CHECKING:
    from cgwizard.errors import Code
    from cgwizard.guide.session import Session
    from cgwizard.secrets.secret import Secret
    from cgwizard.secrets.store import Kind


class SecretStep(Step):
    """The answer to where the secret is kept is the value ``keep``."""

    kind: ClassVar[Kind]
    keep_label: ClassVar[str]
    secret_fields = SECRET_FIELDS
    doubts: ClassVar[dict[Code, str]] = DOUBTS

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.keeping = session.keeping

    def keep_fields(self) -> list[Field]:
        return self.keeping.fields(self.values["keep"], self.secrets, self.keep_label)

    def keep_problems(self) -> dict[str, str]:
        return self.keeping.problems(self.values["keep"], self.secrets)

    def keep_notes(self) -> tuple[str, ...]:
        return self.keeping.notes(self.values["keep"], self.secrets, self.kind)

    def unlock(self, report: Report) -> None:
        """Open the secrets file where its passphrase was typed. Raises WizardError."""
        self.keeping.unlock(self.secrets, report)
        self._drop_passphrase()

    def keep(self, account: str, secret: Secret, report: Report) -> None:
        """Keep the secret as chosen."""
        where = self.keeping.choice(self.values["keep"], self.secrets)
        entry = Entry(where, self.kind, account, secret)
        self.keeping.keep(entry, self.secrets.get("passphrase"), report)
        self._drop_passphrase()

    def _drop_passphrase(self) -> None:
        """Once the secrets file is open, its passphrase is not needed any more."""
        if self.keeping.file is not None:
            for field in SECRET_FIELDS:
                self.secrets.pop(field, None)
