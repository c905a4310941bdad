"""What Chainguard attaches to an image: signature, attestation and SBOM, marked as practice.

Signatures and attestations by cosign's tag scheme (`sha256-<hex>.sig`, `.att`), the SBOM also
by the referrers API of the distribution specification 1.1. Nothing here verifies: there is no
key, and every document says so.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cgwizard.practice.cgr.layers import MADE_TEXT

if TYPE_CHECKING:
    from cgwizard.practice.cgr.images import Builder

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_EMPTY = "application/vnd.oci.empty.v1+json"
SPDX = "application/spdx+json"
_SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
_DSSE = "application/vnd.dsse.envelope.v1+json"
_NOTE = "made for practice: proves nothing"


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _spdx(repository: str, digest: str) -> dict[str, object]:
    return {
        "SPDXID": "SPDXRef-DOCUMENT",
        "comment": _NOTE,
        "creationInfo": {"created": MADE_TEXT, "creators": ["Tool: cgwizard practice"]},
        "dataLicense": "CC0-1.0",
        "documentNamespace": f"https://practice.invalid/{repository}/{digest.replace(':', '/')}",
        "name": f"{repository}@{digest}",
        "packages": [],
        "spdxVersion": "SPDX-2.3",
    }


def _layer(
    builder: Builder, data: bytes, media_type: str, annotations: dict[str, str]
) -> dict[str, object]:
    return {
        "mediaType": media_type,
        "size": len(data),
        "digest": builder.put_blob(data),
        "annotations": annotations,
    }


def _cosign(builder: Builder, layer: dict[str, object], tag: str) -> None:
    config = _json(
        {
            "architecture": "",
            "config": {},
            "created": MADE_TEXT,
            "history": [{"created": MADE_TEXT}],
            "os": "",
            "rootfs": {"diff_ids": [layer["digest"]], "type": "layers"},
        }
    )
    builder.put_manifest(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {
                "mediaType": _CONFIG,
                "size": len(config),
                "digest": builder.put_blob(config),
            },
            "layers": [layer],
        },
        tag=tag,
    )


def attach(builder: Builder, repository: str, digest: str) -> None:
    """Give the manifest ``digest`` its signature, attestation and SBOM."""
    stem = digest.replace(":", "-")
    payload = _json(
        {
            "critical": {
                "identity": {"docker-reference": f"cgr.dev/{repository}"},
                "image": {"docker-manifest-digest": digest},
                "type": "cosign container image signature",
            },
            "optional": {"note": _NOTE},
        }
    )
    signature = base64.b64encode(_NOTE.encode()).decode()
    signed = _layer(
        builder, payload, _SIMPLE_SIGNING, {"dev.cosignproject.cosign/signature": signature}
    )
    _cosign(builder, signed, f"{stem}.sig")

    spdx = _spdx(repository, digest)
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicate": spdx,
        "predicateType": "https://spdx.dev/Document",
        "subject": [
            {"digest": {"sha256": digest.removeprefix("sha256:")}, "name": f"cgr.dev/{repository}"}
        ],
    }
    envelope = _json(
        {
            "payload": base64.b64encode(_json(statement)).decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"keyid": "", "sig": signature}],
        }
    )
    attested = _layer(
        builder,
        envelope,
        _DSSE,
        {
            "dev.cosignproject.cosign/signature": "",
            "predicateType": "https://spdx.dev/Document",
        },
    )
    _cosign(builder, attested, f"{stem}.att")

    annotations = {
        "org.opencontainers.image.created": MADE_TEXT,
        "org.opencontainers.image.description": f"SBOM, {_NOTE}",
    }
    sbom = builder.put_manifest(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "artifactType": SPDX,
            "config": {"mediaType": _EMPTY, "size": 2, "digest": builder.put_blob(b"{}")},
            "layers": [_layer(builder, _json(spdx), SPDX, {})],
            "subject": {
                "mediaType": builder.media_type_of(digest),
                "size": builder.size_of(digest),
                "digest": digest,
            },
            "annotations": annotations,
        }
    )
    builder.refer(
        digest,
        {
            "mediaType": _MANIFEST,
            "size": len(sbom.body),
            "digest": sbom.digest,
            "artifactType": SPDX,
            "annotations": annotations,
        },
    )
