"""From a plan back to the steps' fields: what `apply` answers, and what a resumed run typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.plan import model as plan

if TYPE_CHECKING:
    from cgwizard.guide.session import Session

IMAGE = "chainguard-base"


def fill(session: Session, chosen: plan.Plan) -> None:
    """Answer the steps' questions as in ``chosen``; parts that are not decided stay as they are.

    Secrets are not in a plan: they are set apart.
    """
    for step, values in typed(chosen).items():
        for field, text in values.items():
            getattr(session.steps, step).set(field, text)
    if chosen.connect is not None:
        pinned = chosen.connect.fingerprint
        session.steps.connect.fingerprint = pinned.lower() if pinned else None


def typed(chosen: plan.Plan) -> dict[str, dict[str, str]]:
    """The text of each field by step, as a user would have typed it."""
    found: dict[str, dict[str, str]] = {}
    if part := chosen.connect:
        ca_file = str(part.ca_file) if part.ca_file else ""
        found["connect"] = {"url": part.url, "user": part.user, "ca_file": ca_file}
    if port := chosen.routing:
        found["routing"] = {"port": str(port.port), "scheme": port.scheme}
    if developer := chosen.developer:
        found["developer"] = {
            "name": developer.name,
            "remote": developer.remote_url,
            "blob_store": developer.blob_store,
            "existing": "change" if developer.existing == "change" else "use",
        }
    if (token := chosen.token) and token.mode != "skip":
        found["token"] = _token(token, chosen.pull)
    if pull := chosen.pull:
        found["pull"] = {
            "free_image": pull.free_image,
            "platform": pull.platform,
            "engine": pull.engine,
        }
        if pull.private_image:
            found["pull"]["private_image"] = pull.private_image
    return found


def _token(token: plan.Token, pull: plan.Pull | None) -> dict[str, str]:
    image = pull.private_image if pull and pull.private_image else ""
    if not image and token.organization:
        image = f"{token.organization}/{IMAGE}"
    values = {"mode": token.mode, "image": image}
    if token.mode == "separate":
        values["name"] = token.name
        if token.port is not None:
            values["port"] = str(token.port)
    return values
