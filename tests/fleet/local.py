"""Podman for whoever runs the tests, in a store of its own."""

import os
import shutil
from pathlib import Path

from tests.fleet.bases import BASES, cache_folder, import_image
from tests.fleet.claims import Claim
from tests.fleet.run import run
from tests.fleet.users import CONTAINERS_CONF


class LocalPodman:
    """A store, a run folder and a configuration that no other Podman of this user shares."""

    def __init__(self) -> None:
        self._claim = Claim("store")
        number = self._claim.number
        if os.geteuid() == 0:
            self.folder = Path(f"/var/lib/mnix-test/store-{number}")
            self._run = Path(f"/run/mnix-test/store-{number}")
        else:
            self.folder = cache_folder() / f"store-{number}"
            self._run = Path(f"/tmp/mnix-test-{os.geteuid()}/store-{number}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run.mkdir(parents=True, exist_ok=True)
        storage = self.folder / "storage.conf"
        storage.write_text(
            '[storage]\ndriver = "overlay"\n'
            f'graphroot = "{self.folder / "graph"}"\nrunroot = "{self._run}"\n'
        )
        config = self.folder / "containers.conf"
        # Locks in files: those in shared memory belong to all stores of a user at once.
        config.write_text(f'{CONTAINERS_CONF}lock_type = "file"\ntmp_dir = "{self._run / "tmp"}"\n')
        self.env = {
            "CONTAINERS_CONF": str(config),
            "CONTAINERS_STORAGE_CONF": str(storage),
        }
        self._images: set[str] = set()

    def podman(self, *argv: str, check: bool = True, timeout: float = 60) -> str:
        """Run podman on this store and return what it printed."""
        done = run(["podman", *argv], check=check, timeout=timeout, env=os.environ | self.env)
        return done.stdout

    def image(self, name: str) -> str:
        """Make sure that the store has a base's image, and return its full name."""
        base = BASES[name]
        if name not in self._images or not self._has(base.image):
            env = [f"{key}={value}" for key, value in self.env.items()]
            import_image(base, ["env", *env, "podman"])
            self._images.add(name)
        return base.image

    def reset(self) -> None:
        """Remove all containers and volumes; images stay."""
        self.podman("rm", "-a", "-f", "-t", "0")
        self.podman("volume", "rm", "-a", "-f")

    def close(self) -> None:
        """Leave nothing running."""
        self.reset()
        if os.geteuid() != 0:
            # Rootless Podman leaves a process that holds its namespace; this ends ours.
            self.podman("system", "migrate")
        shutil.rmtree(self._run / "tmp", ignore_errors=True)
        self._claim.release()

    def _has(self, image: str) -> bool:
        argv = ["podman", "image", "exists", image]
        return run(argv, check=False, env=os.environ | self.env).returncode == 0
