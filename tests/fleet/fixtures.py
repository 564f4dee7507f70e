"""pytest fixtures of the fleet; see `tests.fleet` for how to use them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.flakes import FlakeMaker, make_flake
from tests.fleet.fleet import Fleet
from tests.fleet.home import ClientHome
from tests.fleet.local import LocalPodman
from tests.fleet.pythons import Pythons
from tests.helpers.needs import require


@pytest.fixture(scope="session")
def fleet_session() -> Iterator[Fleet]:
    """Give the fleet for the whole run; nothing resets it between tests."""
    require("root", "useradd", "podman", "runc", "sshd", "ssh", "mmdebstrap")
    fleet = Fleet()
    yield fleet
    fleet.close()


@pytest.fixture
def fleet(fleet_session: Fleet) -> Iterator[Fleet]:
    """Give the fleet, and reset the servers that the test used."""
    fleet_session.used.clear()
    yield fleet_session
    fleet_session.reset_used()


@pytest.fixture
def client_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClientHome:
    """Give a temporary HOME with ~/.ssh and the XDG folders."""
    return ClientHome(tmp_path / "home", monkeypatch)


@pytest.fixture
def flake(tmp_path: Path) -> FlakeMaker:
    """Give a maker of flakes that build offline."""

    def make(name: str, *, git: bool = False, seconds: int = 20) -> Path:
        number = len(list(tmp_path.glob(f"flake-*-{name}")))
        folder = tmp_path / f"flake-{number}-{name}" / name
        folder.parent.mkdir()
        return make_flake(name, folder, git=git, seconds=seconds)

    return make


@pytest.fixture(scope="session")
def _local_podman_store() -> Iterator[LocalPodman]:
    require("podman", "runc")
    local = LocalPodman()
    before = {name: os.environ.get(name) for name in local.env}
    os.environ.update(local.env)
    yield local
    local.close()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture
def local_podman(_local_podman_store: LocalPodman) -> Iterator[LocalPodman]:
    """Give the tests' own Podman with localhost/mnix-base, and empty it afterwards."""
    _local_podman_store.image("mnix-base")
    yield _local_podman_store
    _local_podman_store.reset()


@pytest.fixture(scope="session")
def pythons(_local_podman_store: LocalPodman) -> Pythons:
    """Give Debian's Pythons of several releases."""
    require("mmdebstrap")
    return Pythons(_local_podman_store)
