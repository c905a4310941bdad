"""Who may pull from the repository of the organization's images."""

from __future__ import annotations

from cgwizard.practice.world import PracticeWorld
from tests.support.guide import session_of, through, walk


def test_a_group_of_its_own_is_made_with_its_pull_user(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="token")
    api = session.nexus.security
    role = api.role("chainguard-private-pull")
    assert role is not None
    assert set(role.privileges) == {
        f"nx-repository-view-docker-{name}-{action}"
        for name in ("chainguard", "chainguard-private")
        for action in ("browse", "read")
    }
    user = api.user("pull-chainguard-private")
    assert user is not None
    assert user.roles == (role.id,)
    assert session.plan.token is not None
    assert (session.plan.token.access, session.plan.token.role) == ("role", role.id)
    assert session.plan.token.pull_user == user.user_id
    assert session.pull_user is not None
    through(session.steps.pull)
    assert all(proof.verified for proof in session.proofs)
