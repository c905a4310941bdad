"""What is wrong with the name of an image, as a user types it: without the registry."""

from __future__ import annotations

from cgwizard.errors import WizardError
from cgwizard.plan import model as plan

IMAGE = "chainguard-base"  # every organization has it


def image_problem(image: str) -> str | None:
    """Of ``chainguard/wolfi-base``, perhaps with a tag or digest; None when it reads as one."""
    if "/" not in image:
        return f"with its namespace: {plan.FREE_NAMESPACE}/{image or 'wolfi-base'}"
    if image.startswith("cgr.dev/"):
        return f"without the registry: {image.removeprefix('cgr.dev/')}"
    return _unreadable(image)


def private_image_problem(image: str) -> str | None:
    """Of ``ORG/IMAGE``; None when it reads as one."""
    from cgwizard.registry.reference import Reference

    if "/" not in image:
        return f"your organization and one of its images, for example example.com/{IMAGE}"
    if image.startswith(("cgr.dev/", "http")):
        return "without the registry: ORG/IMAGE"
    if problem := _unreadable(image):
        return problem
    reference = Reference.parse(f"cgr.dev/{image}")
    if reference.tag not in {None, "latest"} or reference.digest:
        return "without tag or digest: ORG/IMAGE"
    if reference.repository.startswith(f"{plan.FREE_NAMESPACE}/"):
        return "an image of your organization; those of chainguard are free and need no token"
    return None


def _unreadable(image: str) -> str | None:
    from cgwizard.registry.reference import Reference

    try:
        Reference.parse(f"cgr.dev/{image}")
    except WizardError as error:
        return f"{error.problem.came_back}: {error.problem.next_step}"
    return None
