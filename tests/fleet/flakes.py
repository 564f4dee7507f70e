"""Flakes without inputs, which build offline with nothing but a static bash."""

import shutil
import tarfile
import uuid
from pathlib import Path
from typing import Protocol

from tests.fleet.bases import BASES, base_tar, cache_folder
from tests.fleet.run import run
from tests.helpers.needs import require

_TEMPLATES = Path(__file__).parent / "flake_templates"
NAMES = ("tiny", "broken", "failing", "slow", "nasty", "strict", "forest", "fallen")

_TEMPLATE_OF = {"fallen": "forest"}
"""The forest, in which two trees fall."""


class FlakeMaker(Protocol):
    """What the `flake` fixture is."""

    def __call__(self, name: str, *, git: bool = False, seconds: int = 20) -> Path:
        """Copy the template `name` into a new folder; `seconds` is how long `slow` builds."""


def make_flake(name: str, folder: Path, *, git: bool = False, seconds: int = 20) -> Path:
    """Copy a template into `folder` and give it its toolchain."""
    shutil.copytree(_TEMPLATES / _TEMPLATE_OF.get(name, name), folder)
    (folder / "toolchain").mkdir()
    shutil.copy(static_bash(), folder / "toolchain" / "bash")
    if name == "slow":
        (folder / "seconds").write_text(f"{seconds}\n")
    if name == "fallen":
        (folder / "fails.nix").write_text('[ "python3.11-numpy" "gnutls" ]\n')
    if name in ("slow", "forest", "fallen"):
        # A store that has built it once would never be slow again.
        (folder / "nonce").write_text(f"{uuid.uuid4()}\n")
    if git:
        require("git")
        run(["git", "init", "-q", "-b", "main", folder])
        identity = ["-c", "user.name=mnix tests", "-c", "user.email=tests@mnix.invalid"]
        run(["git", "-C", folder, "add", "."])
        run(["git", "-C", folder, *identity, "commit", "-q", "-m", "The flake"])
    return folder


def static_bash() -> Path:
    """Return a bash that runs anywhere: this machine's, or the base tree's."""
    found = shutil.which("bash-static")
    if found:
        return Path(found)
    target = cache_folder() / "bash-static"
    if not target.exists():
        require("mmdebstrap", "root")
        with tarfile.open(base_tar(BASES["mnix-base"])) as tar:
            member = next(m for m in tar if m.name.endswith("/bin/bash-static"))
            source = tar.extractfile(member)
            assert source is not None
            unfinished = target.with_suffix(".tmp")
            unfinished.write_bytes(source.read())
        unfinished.chmod(0o755)
        unfinished.rename(target)
    return target
