"""What Chainguard's registry says of an image: the digest behind its tag, and the signature and
SBOM that are attached to it. What Nexus says is in `nexus_record`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import Code, WizardError

if TYPE_CHECKING:
    from cgwizard.registry.client import Registry
    from cgwizard.registry.reference import Reference
    from cgwizard.registry.retry import Retries

UPSTREAM = "https://cgr.dev"
FREE = "chainguard"  # the namespace of the images that everybody may pull
NO_SUCH_IMAGE = frozenset(
    {Code.NOT_ENTITLED, Code.MANIFEST_UNKNOWN, Code.NO_LOGIN, Code.TOKEN_REFUSED}
)  # what it answers for an image that the user may not see, or that is not there

FREE_ISSUER = "https://token.actions.githubusercontent.com"
FREE_IDENTITY = (
    "https://github.com/chainguard-images/images/.github/workflows/release.yaml@refs/heads/main"
)
ORGANIZATION_ISSUER = "https://issuer.enforce.dev"


class Artifacts(msgspec.Struct, frozen=True):
    """What is attached to an image in the same registry."""

    signature: bool  # by cosign's tag scheme, ``sha256-<hex>.sig``
    attestation: bool  # ``.att``: where Chainguard keeps SBOM and provenance
    sbom_tag: bool  # ``.sbom``: the older way
    referrers: tuple[str, ...]  # artifact types, by the referrers API

    @property
    def sbom(self) -> bool:
        named = any("spdx" in kind or "cyclonedx" in kind for kind in self.referrers)
        return self.attestation or self.sbom_tag or named


def names_of(repository: str) -> tuple[str, ...]:
    """The names that an image may have at Chainguard's registry, the likelier first. Through a
    connector the name is the same; by path, Nexus's repository stands before it."""
    first, _, rest = repository.partition("/")
    if "/" not in rest:
        return (repository,)
    by_path = rest.startswith(f"{FREE}/") or "." in rest.partition("/")[0]
    return (rest, repository) if by_path and "." not in first else (repository, rest)


def digest(
    registry: Registry, names: tuple[str, ...], target: str, retries: Retries | None = None
) -> str:
    """What ``target`` points to there, by the first of ``names`` that it has. Raises WizardError
    when the registry cannot be asked, which is no failure of Nexus."""
    for name in names[:-1]:
        try:
            return registry.head(name, target, retries=retries).digest
        except WizardError as error:
            if error.code not in NO_SUCH_IMAGE:
                raise
    return registry.head(names[-1], target, retries=retries).digest


def artifacts(registry: Registry, repository: str, digest: str) -> Artifacts:
    """What is attached to ``digest``, asked of the registry of the pull. Raises WizardError for
    any answer but *there* and *not there*."""
    stem = digest.replace(":", "-")

    def there(end: str) -> bool:
        try:
            registry.head(repository, f"{stem}.{end}")
        except WizardError as error:
            if error.code != Code.MANIFEST_UNKNOWN:
                raise
            return False
        return True

    referrers = registry.referrers(repository, digest)
    kinds = dict.fromkeys(found.artifact_type or found.media_type for found in referrers)
    return Artifacts(there("sig"), there("att"), there("sbom"), tuple(kinds))


def cosign_lines(
    reference: Reference, digest: str, name: str, *, plain_http: bool = False
) -> tuple[str, ...]:
    """The commands that verify the signature of what was pulled. ``name``: what the image is
    called at cgr.dev."""
    image = f"{reference.host}/{reference.repository}@{digest}"
    http = "--allow-http-registry " if plain_http else ""
    organization = name.partition("/")[0]
    if organization == FREE:
        return (
            f"cosign verify {http}--certificate-oidc-issuer={FREE_ISSUER} "
            f"--certificate-identity={FREE_IDENTITY} {image}",
        )
    who = f"chainctl iam account-associations describe {organization} -o json"
    return (
        "# shows CATALOG_SYNCER and APKO_BUILDER:",
        who,
        f"cosign verify {http}--certificate-oidc-issuer={ORGANIZATION_ISSUER} "
        f'--certificate-identity-regexp="{ORGANIZATION_ISSUER}/'
        f'(${{CATALOG_SYNCER}}|${{APKO_BUILDER}})" {image}',
    )
