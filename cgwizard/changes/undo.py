"""Taking back what this program made: from its journal, compared with what Nexus has now.

Only what is unchanged since is removed or restored. What others changed, use, or removed is
reported and left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cgwizard.changes import journal
from cgwizard.changes.journal import Entry, EntryKind, Journal
from cgwizard.changes.undo_item import Difference, Item, Subject, Verdict
from cgwizard.errors import Code, WizardError
from cgwizard.text import decode

if TYPE_CHECKING:
    from cgwizard.nexus.client import NexusClient
    from cgwizard.nexus.docker_proxy import DockerProxy
    from cgwizard.nexus.models import Repository

ORDER: tuple[EntryKind, ...] = ("user", "role", "setting", "repository")


def entries_of(
    folder: Path, nexus: str = "", run: str = "", unread: list[Path] | None = None
) -> list[Entry]:
    """What the journals in ``folder`` hold, oldest first: of one Nexus, of one run, or of all.
    ``unread`` gets those that cannot be read, or the folder."""
    found: list[Entry] = []
    paths: list[Path] = []
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        pass
    except OSError:
        if unread is not None:
            unread.append(folder)
    for path in paths:
        if path.suffix != ".jsonl" or (run and path.stem != run):
            continue
        try:
            found += journal.read(path)
        except (OSError, decode.Unreadable):
            if unread is not None:
                unread.append(path)  # what is in it cannot be undone; the others can
    kept = [entry for entry in found if not nexus or entry.nexus == nexus.rstrip("/")]
    return sorted(kept, key=lambda entry: entry.time)


def standing(entries: Iterable[Entry]) -> dict[Subject, list[Entry]]:
    """By repository, role and user, the changes that stand, oldest first. One that was begun and
    whose end no line records (kill -9, power loss) is among them: Nexus will say."""
    found: dict[Subject, list[Entry]] = {}
    for entry in entries:
        changes = found.setdefault((entry.kind, entry.repository), [])
        begun = bool(changes) and changes[-1].state == "begun"
        same = [e for e in changes if (e.run, e.change) == (entry.run, entry.change)]
        match entry.state:
            case "begun":
                changes.append(entry)
            case "applied":
                if begun and same and same[-1] is changes[-1]:
                    changes.pop()
                changes.append(entry)
            case "failed" if begun and same:
                changes.remove(same[-1])
            case "undone" if same:
                changes.remove(same[-1])
            case _:
                pass
    return {subject: changes for subject, changes in found.items() if changes}


def lasting(entries: Iterable[Entry]) -> list[Entry]:
    """What was done and cannot be undone, oldest first."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.state == "lasting":
            found[entry.change] = entry
        elif entry.state == "failed" and not entry.repository:
            found.pop(entry.change, None)
    return list(found.values())


def survey(entries: Iterable[Entry], client: NexusClient) -> list[Item]:
    """What would be undone: users, then the roles that they have, then settings and the
    repositories that roles read; of each kind the newest first. Raises WizardError when Nexus
    cannot be asked."""
    repositories = client.repositories()
    stands = standing(entries)
    own = {name for kind, name in stands if kind == "user"}
    items = [
        _look(name, changes, client, repositories, own) for (_, name), changes in stands.items()
    ]
    return sorted(items, key=lambda item: (ORDER.index(item.kind), -item.entries[-1].time))


def undo(item: Item, client: NexusClient, note: Callable[[Item], None]) -> Item:
    """Undo one that `acts`, after a last look; returns what was found then.

    ``note`` writes it into the journal. Raises WizardError.
    """
    now = _look(item.repository, list(item.entries), client, client.repositories())
    if not now.acts or now.verdict != item.verdict:
        return now
    if now.kind != "repository":
        from cgwizard.changes import undo_accounts

        undo_accounts.undo(now, client)
    elif now.verdict == "remove":
        client.delete_repository(item.repository)
    else:
        client.update_docker_proxy(_proxy(item.entries[0].before or {}))
    note(now)
    return now


def note_in(folder: Path, item: Item) -> None:
    """Write into the journals that these changes do not stand any more."""
    for entry in reversed(item.entries):
        book = Journal.reopen(folder, entry.run, entry.nexus)
        book.write(entry.change, entry.repository, "undone", kind=entry.kind)


def _look(
    name: str,
    changes: list[Entry],
    client: NexusClient,
    repositories: list[Repository],
    own_users: Collection[str] = (),
) -> Item:
    """``own_users``: those that this program made or changed, and that would be undone too."""
    told = tuple(changes)
    if told[-1].kind != "repository":
        from cgwizard.changes import undo_accounts

        setting = told[-1].kind == "setting"
        return (
            undo_accounts.look_at_setting(name, told, client)
            if setting
            else undo_accounts.look(name, told, client, own_users)
        )
    found = client.docker_proxy(name)
    if found is None:
        taken = next((r for r in repositories if r.name.lower() == name.lower()), None)
        if taken is None:
            return Item(name, "gone", told)
        reason = f"another repository has this name now, {taken.format} ({taken.type})"
        return Item(name, "changed", told, reason=reason)
    made = _made(changes, found, client.version)
    if not made:
        return Item(name, "gone", told, reason="it was begun and never done")
    if differences := compare(found, made[-1].after or {}, client.version):
        return Item(name, "changed", told, tuple(differences))
    before = made[0].before
    reason = ""
    if groups := _groups(name, repositories):
        reason = f"it is a member of {', '.join(groups)}"
    elif before is not None and _proxy(before).credentials_needed:
        reason = "it had upstream credentials before, whose password Nexus never tells"
    verdict: Verdict = "changed" if reason else "remove" if before is None else "restore"
    return Item(name, verdict, told, reason=reason)


def _made(changes: list[Entry], found: DockerProxy, version: str | None) -> list[Entry]:
    """Without what was begun last and, by what is there, never done."""
    made = list(changes)
    while made and made[-1].state == "begun" and compare(found, made[-1].after or {}, version):
        made.pop()
    return made


def compare(found: DockerProxy, left: dict[str, Any], version: str | None) -> list[Difference]:
    """How a repository differs from the settings it was left with; passwords cannot be compared.

    Members that are off, empty or absent are the same: Nexus writes more of them than it is sent.
    """
    now, then = (
        _flat(found.redacted_request(version)),
        _flat(_proxy(left).redacted_request(version)),
    )
    return [
        (member, _shown(now.get(member)), _shown(then.get(member)))
        for member in sorted(now.keys() | then.keys())
        if now.get(member) != then.get(member)
    ]


def _proxy(settings: dict[str, Any]) -> DockerProxy:
    """Of the journal's settings, in which passwords are blanked."""
    from cgwizard.nexus.docker_proxy import DockerProxy

    try:
        return DockerProxy.from_answer(settings)
    except decode.Unreadable as error:
        raise WizardError(
            Code.JOURNAL_UNREADABLE,
            tried="reading what the journal says of a repository",
            came_back=str(error),
            next_step="remove or restore the repository in Nexus's own pages",
        ) from error


def _flat(value: object, path: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        found: dict[str, object] = {}
        for key, item in value.items():
            found |= _flat(item, f"{path}.{key}" if path else str(key))
        return found
    # The rule's name stands twice: Nexus's versions name the member differently.
    if not value or path == "routingRuleName" or value == "***":
        return {}
    return {path: value}


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _groups(name: str, repositories: list[Repository]) -> list[str]:
    """The groups that someone put it into."""
    found = []
    for repository in repositories:
        group = repository.raw.get("group")
        members = group.get("memberNames") if isinstance(group, dict) else None
        if isinstance(members, list) and name in members:
            found.append(repository.name)
    return found
