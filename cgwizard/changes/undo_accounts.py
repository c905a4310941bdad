"""Taking back roles and users that were made, and what was added to those of others."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from cgwizard.changes import accounts, open_access
from cgwizard.changes.undo_item import Item, Verdict

if TYPE_CHECKING:
    from cgwizard.changes.journal import Entry
    from cgwizard.nexus.client import NexusClient

# What holds the rights: these lists of a role, and of a user.
HOLDS = {"role": ("privileges", "roles"), "user": ("roles",)}
Settings = dict[str, Any]


def has(client: NexusClient, entry: Entry) -> bool:
    """Whether Nexus has what the change was to make."""
    if entry.kind == "setting":
        return open_access.has(open_access.read(client, entry.repository), entry.after or {})
    found, wanted = _found(client, entry), entry.after or {}
    return found is not None and not _missing(found, wanted, entry)


def look(
    name: str, entries: tuple[Entry, ...], client: NexusClient, own_users: Collection[str]
) -> Item:
    """What can be undone of one role or user. Raises WizardError."""
    found = _found(client, entries[-1])
    if found is None:
        return Item(name, "gone", entries)
    made = list(entries)
    while made and made[-1].state == "begun" and _missing(found, made[-1].after or {}, made[-1]):
        made.pop()
    if not made:
        return Item(name, "gone", entries, reason="it was begun and never done")
    left = made[-1].after or {}
    if made[0].before is not None:
        return _restored(name, entries, found, made)
    if entries[-1].kind == "role" and found.get("privileges") != left.get("privileges"):
        # Nexus takes those of a repository that is removed from every role.
        there = {privilege.name for privilege in client.security.privileges()}
        left = left | {"privileges": [p for p in left.get("privileges", ()) if p in there]}
    differences = tuple(
        (member, str(found.get(member)), str(left.get(member)))
        for member in sorted(left)
        if member not in {"password", "source"} and found.get(member) != left.get(member)
    )
    if differences:
        return Item(name, "changed", entries, differences)
    if entries[-1].kind == "role":
        others = [
            user.user_id
            for user in client.security.users()
            if name in user.roles and user.user_id not in own_users
        ]
        if others:
            told = f"{', '.join(others)} got it since"
            return Item(name, "changed", entries, reason=told)
    return Item(name, "remove", entries)


def undo(item: Item, client: NexusClient) -> None:
    """Raises WizardError."""
    api, before, after = client.security, item.entries[0].before, item.entries[-1].after
    match item.verdict, item.kind:
        case "remove", "role":
            api.delete_role(item.repository)
        case "remove", "user":
            api.delete_user(item.repository)
        case "restore", "setting":
            open_access.restore(client, item.repository, before or {}, after or {})
        case "restore", "role":
            accounts.take_from_role(client, before or {}, after or {})
        case "restore", "user":
            accounts.take_from_user(client, before or {}, after or {})


def look_at_setting(name: str, entries: tuple[Entry, ...], client: NexusClient) -> Item:
    if has(client, entries[-1]):
        return Item(name, "restore", entries)
    return Item(name, "gone", entries, reason="it is not as this program left it")


def _restored(name: str, entries: tuple[Entry, ...], found: Settings, made: list[Entry]) -> Item:
    """Of what was there before, only what was added goes; what others added stays."""
    before, after = made[0].before or {}, made[-1].after or {}
    added = set(_rights(after, made[-1])) - set(_rights(before, made[-1]))
    verdict: Verdict = "restore" if added & set(_rights(found, made[-1])) else "gone"
    reason = "" if verdict == "restore" else "what was added is gone already"
    return Item(name, verdict, entries, reason=reason)


def _found(client: NexusClient, entry: Entry) -> Settings | None:
    if entry.kind == "role":
        role = client.security.role(entry.repository)
        return role.to_request() if role else None
    user = client.security.user(entry.repository)
    return user.to_request() if user else None


def _rights(settings: Settings, entry: Entry) -> list[str]:
    return [name for member in HOLDS[entry.kind] for name in settings.get(member, ())]


def _missing(found: Settings, wanted: Settings, entry: Entry) -> set[str]:
    return set(_rights(wanted, entry)) - set(_rights(found, entry))
