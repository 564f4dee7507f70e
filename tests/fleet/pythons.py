"""The Pythons of Debian's releases, for running the agent as old systems would."""

from collections.abc import Mapping
from pathlib import Path

from tests.fleet.local import LocalPodman

IMAGES = {"3.9": "mnix-py39", "3.11": "mnix-py311", "3.13": "mnix-py313"}


class Pythons:
    """Command lines that run a Python of another Debian, in a container."""

    def __init__(self, local: LocalPodman) -> None:
        self._local = local

    def argv(self, version: str, *args: str, mounts: Mapping[Path, str] | None = None) -> list[str]:
        """Return the command line of `python3 ARGS`; `mounts` maps folders here to paths there.

        stdin and stdout pass through. The container goes when the program ends.
        """
        image = self._local.image(IMAGES[version])
        env = [f"{key}={value}" for key, value in self._local.env.items()]
        volumes = [f"--volume={here}:{there}:ro" for here, there in (mounts or {}).items()]
        podman = ["podman", "run", "--rm", "--interactive", "--network=none", *volumes]
        return ["env", *env, *podman, image, "python3", *args]
