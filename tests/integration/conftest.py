"""Integration tests run real programs, so each may take longer than a unit test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.link_rig import Rig, Sshd, rigged

_TIMEOUT = 180


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder more time, unless they say themselves how much."""
    for item in items:
        if (
            Path(__file__).parent in item.path.parents
            and item.get_closest_marker("timeout") is None
        ):
            item.add_marker(pytest.mark.timeout(_TIMEOUT))


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Give a home and a place for sshds to the tests of one file."""
    folder = tmp_path_factory.mktemp("rig")
    with pytest.MonkeyPatch.context() as patch, rigged(folder, patch) as made:
        yield made


@pytest.fixture(scope="module")
def sshd(rig: Rig) -> Sshd:
    """Give one sshd to the tests of one file."""
    return rig.start()
