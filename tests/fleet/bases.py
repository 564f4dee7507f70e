"""Base trees of Debian, made by mmdebstrap and cached outside the checkout."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.fleet.claims import Exclusive
from tests.fleet.run import run
from tests.helpers.needs import give_up, require

NIX_CONF = """\
experimental-features = nix-command flakes
build-users-group =
substituters =
flake-registry = /etc/nix/empty-registry.json
sandbox = false
"""
EMPTY_REGISTRY = '{"flakes":[],"version":2}\n'

# Raise it when the way a tree is made changes in a way that its recipe does not show.
_FORMAT = 1


@dataclass(frozen=True)
class Base:
    """How one base tree is made: a Debian suite and the packages in it."""

    name: str
    suite: str
    packages: tuple[str, ...]
    nix: bool = False

    @property
    def digest(self) -> str:
        """Return what changes with the recipe, for the names of the cached file and the image."""
        recipe = repr((self, NIX_CONF, EMPTY_REGISTRY, _FORMAT))
        return hashlib.sha256(recipe.encode()).hexdigest()[:12]

    @property
    def image(self) -> str:
        """Return the image's name in every store that has it."""
        return f"localhost/{self.name}"


_WITH_NIX = ("nix-bin", "ca-certificates", "procps", "git", "less", "vim-tiny", "bash-static")
BASES = {
    base.name: base
    for base in (
        Base("mnix-base", "trixie", _WITH_NIX, nix=True),
        Base("mnix-base-nix28", "bookworm", _WITH_NIX, nix=True),
        Base("mnix-py39", "bullseye", ("python3", "procps")),
        Base("mnix-py311", "bookworm", ("python3", "procps")),
        Base("mnix-py313", "trixie", ("python3", "procps")),
    )
}


def cache_folder() -> Path:
    """Return the folder that keeps base trees from run to run."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "mnix-test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def mirror() -> str:
    """Return the archive that this machine's own apt uses for Debian itself."""
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for place in places:
        if not place.is_file() or place.suffix not in (".list", ".sources"):
            continue
        text = "\n".join(
            line for line in place.read_text().splitlines() if not line.lstrip().startswith("#")
        )
        for stanza in re.split(r"\n\s*\n", text):
            uris = re.search(r"^URIs:\s*(\S+)", stanza, re.MULTILINE)
            if uris and re.search(r"^Components:.*\bmain\b", stanza, re.MULTILINE):
                return uris[1]
        entry = re.search(r"^deb\s+(?:\[[^]]*]\s+)?(\S+)\s+\S+\s+.*\bmain\b", text, re.MULTILINE)
        if entry and "security" not in entry[1]:
            return entry[1]
    give_up("this machine's apt sources name no Debian archive to make base trees from")
    raise AssertionError("unreachable")


def base_tar(base: Base) -> Path:
    """Return the cached tar of a base tree; make it when it is missing (about 20 s)."""
    folder = cache_folder()
    target = folder / f"{base.name}-{base.digest}.tar"
    with Exclusive(f"base-{base.name}"):
        if target.exists():
            return target
        require("mmdebstrap")
        for old in folder.glob(f"{base.name}-????????????.tar"):
            old.unlink()
        unfinished = target.with_suffix(f".{os.getpid()}.tmp.tar")
        try:
            run(_mmdebstrap(base, unfinished), timeout=600)
            unfinished.rename(target)
        finally:
            unfinished.unlink(missing_ok=True)
    return target


def _mmdebstrap(base: Base, target: Path) -> list[str]:
    argv = ["mmdebstrap", "--quiet", "--variant=minbase"]
    argv.append(f"--include={','.join(base.packages)}")
    # What a container never reads, a quarter of the tree.
    for path in ("doc", "man", "locale", "info"):
        argv.append(f"--dpkgopt=path-exclude=/usr/share/{path}/*")
    if base.nix:
        config = cache_folder() / "etc-nix"
        config.mkdir(exist_ok=True)
        (config / "nix.conf").write_text(NIX_CONF)
        (config / "empty-registry.json").write_text(EMPTY_REGISTRY)
        argv.append('--customize-hook=mkdir -p "$1/etc/nix"')
        argv += [
            f"--customize-hook=copy-in {config / name} /etc/nix"
            for name in ("nix.conf", "empty-registry.json")
        ]
    return [*argv, base.suite, str(target), mirror()]


def import_image(base: Base, podman: list[str]) -> None:
    """Make sure that a store has the base's image; `podman` is how to call it there."""
    # The digest in a second name tells an image of an older recipe from the right one, and
    # brings the first name back where a test took it away.
    known = f"{base.image}:{base.digest}"
    tag = [*podman, "tag", known, f"{base.image}:latest"]
    if run(tag, check=False).returncode == 0:
        return
    shell = 'tar=$1; shift; exec "$@" < "$tar"'
    load = [*podman, "import", "--quiet", "--change=CMD=/bin/bash", "-", known]
    run(["sh", "-c", shell, "sh", base_tar(base), *load], timeout=180)
    run(tag)
