"""How clients use what the guide made: commands and files, each for one tool. None holds a secret:
each asks for the password, or reads a login that was made before."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from cgwizard.guide.shown import Commands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cgwizard.proof.result import Proof

ANY_USER = "YOUR-USER"  # where no user was made for pulls; an administrator's name is never given
CERTS = "/etc/containerd/certs.d"
UPSTREAM = "cgr.dev"


def client_commands(
    proofs: Sequence[Proof], schemes: Mapping[str, str], user: str
) -> tuple[Commands, ...]:
    """By tool. ``schemes``: "http" or "https" by HOST:PORT. ``user``: who pulls, "" for nobody in
    particular."""
    references = [proof.reference for proof in proofs]
    registries = list(dict.fromkeys(_host(reference) for reference in references))
    user = user or ANY_USER
    if not references:
        return ()
    plain = [registry for registry in registries if schemes.get(registry) == "http"]

    def tls(reference: str) -> str:
        return " --tls-verify=false" if _host(reference) in plain else ""

    def logins(tool: str) -> list[str]:
        return [f"{tool} login{tls(r)} {r} --username {shlex.quote(user)}" for r in registries]

    docker = [f"docker login {r} --username {shlex.quote(user)}" for r in registries]
    return (
        Commands("docker", (*docker, *(f"docker pull {r}" for r in references))),
        Commands("podman", (*logins("podman"), *(f"podman pull{tls(r)} {r}" for r in references))),
        Commands(
            "skopeo",
            (*logins("skopeo"), *(f"skopeo inspect{tls(r)} docker://{r}" for r in references)),
        ),
        *_plain_http(plain),
        Commands("cosign, the signature as it comes through Nexus", _cosign(proofs, plain)),
        Commands(
            "Kubernetes, in bash or zsh; it waits for the password",
            (_secret(user, registries),),
        ),
        *_containerd([f"{schemes.get(r, 'https')}://{r}" for r in registries]),
        Commands(
            "containerd, to try it: asks for the password",
            tuple(
                f"ctr images pull --hosts-dir {CERTS} --user {shlex.quote(user)} "
                f"{UPSTREAM}/{reference.partition('/')[2]}"
                for reference in references
            ),
        ),
    )


def _host(reference: str) -> str:
    return reference.partition("/")[0]


def _cosign(proofs: Sequence[Proof], plain: list[str]) -> tuple[str, ...]:
    from cgwizard.proof.upstream import cosign_lines
    from cgwizard.registry.reference import Reference

    lines: list[str] = []
    for proof in proofs:
        reference = Reference.parse(proof.reference)
        digest, http = proof.finished.digest, _host(proof.reference) in plain
        lines += cosign_lines(reference, digest, reference.repository, plain_http=http)
    return tuple(lines)


def _plain_http(registries: list[str]) -> tuple[Commands, ...]:
    """Clients refuse plain HTTP to anything but this machine unless configured to."""
    if not registries:
        return ()
    title = "docker elsewhere, /etc/docker/daemon.json (this is plain HTTP)"
    return (Commands(title, (json.dumps({"insecure-registries": registries}),), file=True),)


def _secret(user: str, registries: list[str]) -> str:
    """One command, so that the next pasted line is not read as the password; `printf` is part
    of the shell, so that the password is no argument of a process; in base64 it needs no quoting.
    Images are named after Nexus, or after cgr.dev where containerd asks Nexus in its place."""
    first, *others = (f'{name} "$A"' for name in (*registries, UPSTREAM))
    return (
        f"(IFS= read -rs P; A=$(printf %s:%s {shlex.quote(user)} \"$P\" | base64 | tr -d '\\n'); "
        f"""printf '{{"auths":{{"%s":{{"auth":"%s"}}' {first}; """
        f"""printf ',"%s":{{"auth":"%s"}}' {" ".join(others)}; printf '}}}}') | """
        "kubectl create secret generic nexus-pull --type=kubernetes.io/dockerconfigjson "
        "--from-file=.dockerconfigjson=/dev/stdin"
    )


def _containerd(urls: list[str]) -> tuple[Commands, ...]:
    """One file for all names at cgr.dev. containerd asks the hosts in their order and goes on to
    the next where one refuses; ``server`` is asked last, and is cgr.dev where it is not named."""
    *others, last = urls
    lines = [f"# {UPSTREAM} itself is never asked.", f'server = "{last}"']
    for url in others or urls:
        lines += ["", f'[host."{url}"]', '  capabilities = ["pull", "resolve"]']
    cri = {
        "1": 'plugins."io.containerd.grpc.v1.cri".registry',
        "2": "plugins.'io.containerd.cri.v1.images'.registry",
    }
    return (
        Commands(f"containerd, {CERTS}/{UPSTREAM}/hosts.toml", tuple(lines), file=True),
        *(
            Commands(
                f"containerd {version}, /etc/containerd/config.toml (for Kubernetes)",
                (f"[{table}]", f'  config_path = "{CERTS}"'),
                file=True,
            )
            for version, table in cri.items()
        ),
    )
