"""The files that make a layer a root file system: accounts, release file, folders."""

from __future__ import annotations

from cgwizard.practice.cgr.catalog import ImageRecipe
from cgwizard.practice.cgr.layers import TarEntry

_FOLDERS = (
    *("dev", "etc", "etc/apk", "etc/ssl", "etc/ssl/certs", "home", "opt", "proc", "root", "run"),
    *("sys", "tmp", "usr", "usr/bin", "usr/lib", "usr/local", "usr/local/bin", "usr/sbin"),
    *("usr/share", "usr/share/practice", "var", "var/cache", "var/lib", "var/log", "var/tmp"),
)
_MODES = {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}
_LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib", "sbin": "usr/sbin"}

_FILES = {
    "etc/os-release": (
        'ID=wolfi\nNAME="Wolfi"\nPRETTY_NAME="Wolfi (practice image)"\n'
        'VERSION_ID="20230201"\nHOME_URL="https://wolfi.dev"\n'
    ),
    "etc/passwd": (
        "root:x:0:0:root:/root:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/:/bin/false\n"
        "nonroot:x:65532:65532::/home/nonroot:/bin/sh\n"
    ),
    "etc/group": "root:x:0:root\nnobody:x:65534:\nnonroot:x:65532:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/apk/repositories": "https://packages.wolfi.dev/os\n",
    "etc/ssl/certs/ca-certificates.crt": "# A practice image: it trusts nobody.\n",
}


def base_system(recipe: ImageRecipe) -> list[TarEntry]:
    """The first layer's entries, folders before what they hold."""
    entries = [
        TarEntry(path, kind="folder", mode=_MODES.get(path, 0o755)) for path in sorted(_FOLDERS)
    ]
    entries.append(TarEntry("home/nonroot", kind="folder", mode=0o755, owner=65532))
    entries += [
        TarEntry(path, kind="link", mode=0o777, target=target) for path, target in _LINKS.items()
    ]
    entries += [TarEntry(path, text.encode()) for path, text in _FILES.items()]
    packages = " ".join(packages for packages, _ in recipe.layers).split()
    entries.append(TarEntry("etc/apk/world", "".join(f"{name}\n" for name in packages).encode()))
    return entries
