"""Checks of the repositories in Nexus: are they there, may they serve, is there room?"""

from __future__ import annotations

from collections.abc import Iterator

from cgwizard.diagnosis.check import check
from cgwizard.diagnosis.facts import existing, settings
from cgwizard.diagnosis.finding import Finding, ok, problem, skipped, unknown, warning
from cgwizard.diagnosis.subject import Subject, WantedImage
from cgwizard.errors import Code

LEAST_SPACE = 100 * 1000 * 1000  # bytes; with less, the next image may not fit


@check("repository", "The repository exists and is online", needs=("signed_in", "free"))
def exists(subject: Subject) -> Iterator[Finding]:
    for image in subject.repositories:
        label = f"The repository {image.repository} exists and is online"
        yield _existence(subject, image).labeled(label)


def _existence(subject: Subject, image: WantedImage) -> Finding:
    name = image.repository
    found = settings(subject, image)
    if found is None:
        return _absent(subject, image)
    if not found.online:
        return problem(
            Code.REPOSITORY_OFFLINE,
            f"{name}: online is false",
            "someone took the repository offline: it answers 503 to every pull",
            f"set {name} online in Nexus",
        )
    if found.http_client.blocked:
        return problem(
            Code.REMOTE_MANUALLY_BLOCKED,
            f"{name}: httpClient.blocked is true",
            "an administrator blocked the remote: only what is cached is served",
            f"unblock the remote in the settings of {name}",
        )
    return ok("online, its remote is not blocked by hand")


def _absent(subject: Subject, image: WantedImage) -> Finding:
    name = image.repository
    for other in subject.client.repositories():
        if other.name.lower() == name.lower():
            return problem(
                Code.REPOSITORY_NAME_TAKEN,
                f"there is a repository {other.name}, {other.format} ({other.type})",
            )
    if not image.made:
        return skipped(f"{name} was not made yet")
    return problem(
        Code.REPOSITORY_MISSING,
        f"Nexus knows no docker (proxy) {name}",
    )


@check("repository-rules", "Nothing in Nexus keeps images back", needs=("signed_in", "free"))
def rules(subject: Subject) -> Iterator[Finding]:
    for image, found in existing(subject):
        label = f"Nothing in Nexus keeps images back: {image.repository}"
        if found.routing_rule_name:
            yield warning(
                Code.ROUTING_RULE,
                f"{found.name} has the routing rule {found.routing_rule_name}",
                label=label,
            )
            continue
        cache = found.negative_cache
        remembers = (
            f"what is unknown once stays unknown for {cache.time_to_live} minutes"
            if cache.enabled
            else "what is unknown is not remembered"
        )
        yield ok(f"no routing rule; {remembers}", label=label)


@check("blob-store", "There is room for images", needs=("signed_in", "free"))
def blob_store(subject: Subject) -> Iterator[Finding]:
    stores = {store.name: store for store in subject.client.blob_stores()}
    for image, found in existing(subject):
        label = f"There is room for images: {image.repository}"
        store = stores.get(found.storage.blob_store_name)
        if store is None:
            yield unknown(f"Nexus does not tell of {found.storage.blob_store_name}", label=label)
            continue
        odd = [r for r in subject.client.remarks["blob stores"] if r.startswith(f"{store.name}: ")]
        if odd:
            yield unknown(odd[0], label=label)
            continue
        free = store.available_space_in_bytes
        # Nexus also says 0 of a store that is not started yet.
        if store.unavailable or 0 < free < LEAST_SPACE:
            left = "unavailable" if store.unavailable else f"{free // 1_000_000} MB left"
            yield problem(
                Code.NEXUS_BLOBSTORE_FULL,
                f"blob store {store.name}: {left}",
                label=label,
            )
        else:
            left = f": {free // 1_000_000_000} GB left" if free else ""
            yield ok(f"{store.name}{left}", label=label)
