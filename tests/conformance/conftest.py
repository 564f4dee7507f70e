"""One tmux server for all comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.oracle import Oracle
from tests.helpers.needs import require

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """Return a tmux pane to feed."""
    require("tmux")
    with Oracle(tmp_path_factory.mktemp("oracle")) as running:
        yield running
