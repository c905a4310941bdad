"""Removing every secret and every saved run of this program from this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from cgwizard.changes import undo
from cgwizard.errors import Code, WizardError
from cgwizard.runs import saved
from cgwizard.runs.lock import Lock
from cgwizard.secrets import encrypted_file, index, systemd_creds
from cgwizard.secrets import keyring as keyrings
from cgwizard.secrets.store import Kind
from cgwizard.system import files
from cgwizard.text import decode


class Trace(msgspec.Struct, frozen=True):
    """Something that is on this machine because of this program."""

    kind: Literal["secret", "secrets-file", "credential", "run", "journal", "crash", "draft"]
    name: str  # for users
    place: str  # a path, or "KIND ACCOUNT" in the keyring


def traces(folder: Path, *, journals: bool = False) -> list[Trace]:
    """What `remove` would remove. Journals only where asked for: without them nothing can be
    undone any more."""
    found = [Trace("secret", _words(k), f"{k.kind} {k.account}") for k in _secrets(folder)]
    if encrypted_file.path().exists():
        held = ", ".join(_words(k) for k in index.entries() if k.store == encrypted_file.STORE)
        name = f"the encrypted secrets file{f', with {held}' if held else ''}"
        found.append(Trace("secrets-file", name, str(encrypted_file.path())))
    found += _credentials()
    if (damaged := index.unread()).exists():
        found.append(Trace("draft", f"the damaged list of kept secrets {damaged}", str(damaged)))
    found += [Trace("run", f"saved run {p.stem}", str(p)) for p in _files(folder / "runs", "json")]
    found += [
        Trace("crash", f"crash report {p.stem}", str(p)) for p in _files(folder / "crashes", "txt")
    ]
    found += _drafts(folder)
    if journals:
        found += [
            Trace("journal", f"journal {p.stem}", str(p))
            for p in _files(folder / "journal", "jsonl")
        ]
    return found


def remove(trace: Trace) -> None:
    """Raises WizardError: ``keyring-…``, ``run-in-use``, ``not-forgotten``."""
    try:
        _remove(trace)
    except WizardError as error:
        # Their own next steps are for the guide.
        steps = {Code.RUN_IN_USE: "end that one, then: cgwizard forget"}
        if error.code.concerns_keyring:
            steps[error.code] = "unlock the keyring that holds it, then: cgwizard forget"
        if error.code not in steps:
            raise
        raise error.but(next_step=steps[error.code]) from error


def _remove(trace: Trace) -> None:
    if trace.kind == "secret":
        kind, _, account = trace.place.partition(" ")
        keyrings.forget(decode.convert(kind, Kind), account)
        return
    path = Path(trace.place)
    if trace.kind == "run":
        _refuse_open(path)
    if trace.kind == "journal":
        _refuse_open(path.parent.parent / "runs" / f"{path.stem}.json")
    try:
        files.remove(path)
    except OSError as error:
        raise files.not_removed(path, error) from error
    if trace.kind == "secrets-file":
        index.drop_all(encrypted_file.STORE)
    elif trace.kind == "credential":
        for k in index.entries():
            if k.store == systemd_creds.STORE and systemd_creds.path_of(k.kind, k.account) == path:
                index.drop(k.kind, k.account, k.store)


def standing(folder: Path, unread: list[Path] | None = None) -> int:
    """How many repositories the journals could still undo; each Nexus has its own. ``unread``
    gets those that cannot be read."""
    entries = undo.entries_of(folder / "journal", unread=unread)
    return sum(
        len(undo.standing(entry for entry in entries if entry.nexus == nexus))
        for nexus in {entry.nexus for entry in entries}
    )


def _words(each: index.IndexEntry) -> str:
    return f"the {each.kind.replace('-', ' ')} of {each.account}"


def _credentials() -> Iterator[Trace]:
    """Every file that was encrypted by systemd; one that is not in the list, too."""
    names = {
        systemd_creds.path_of(k.kind, k.account): _words(k)
        for k in index.entries()
        if k.store == systemd_creds.STORE
    }
    for path in _files(systemd_creds.folder(), "cred"):
        name = names.get(path, f"the secret {path.stem}")
        yield Trace("credential", f"{name}, encrypted by systemd", str(path))


def _drafts(folder: Path) -> Iterator[Trace]:
    """What `files.write_whole` left where it was killed on the way."""
    for place in (folder, folder / "runs", folder / "crashes", systemd_creds.folder()):
        for path in sorted(place.glob(".*.????????")):
            name = path.name[1:].rpartition(".")[0]
            yield Trace("draft", f"an unfinished write of {name}", str(path))


def _secrets(folder: Path) -> Iterator[index.IndexEntry]:
    """Those in the keyring that were noted, and those that earlier runs may have kept."""
    seen: set[index.IndexEntry] = set()
    noted = [k for k in index.entries() if k.store == "keyring"]
    candidates = [*noted, index.IndexEntry("pull-token", "cgr.dev")]
    for path in _files(folder / "runs", "json"):
        try:
            run = saved.read(path)
        except WizardError:
            continue
        candidates.append(index.IndexEntry("nexus-password", f"{run.user}@{run.nexus}"))
    usable = bool(keyrings.probe().usable)
    for each in candidates:
        if each in seen:
            continue
        seen.add(each)
        if each in noted or (usable and _is_there(each)):
            yield each


def _is_there(each: index.IndexEntry) -> bool:
    try:
        return keyrings.load(each.kind, each.account) is not None
    except WizardError:
        return False


def _refuse_open(path: Path) -> None:
    """A run that is at work would be saved again a moment later."""
    try:
        run = saved.read(path)
    except WizardError:
        return
    lock = Lock(path.parent.parent / "locks", run.nexus, "")
    lock.acquire()
    lock.release()


def _files(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.glob(f"*.{suffix}"))
