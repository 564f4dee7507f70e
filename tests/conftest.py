"""Fixtures and hooks for all tests."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.helpers.needs import check_marks

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script: the programs under test must still hear a Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("mnix", deadline=None)  # many tests share the machine
settings.load_profile("mnix")

pytest_plugins = ["tests.fleet.fixtures"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Honour `@pytest.mark.needs(...)` before any fixture is made."""
    check_marks(item.iter_markers("needs"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn a skip into a failure where nothing may be skipped."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if report.skipped and os.environ.get("MNIX_REQUIRE_ALL") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under MNIX_REQUIRE_ALL: {report.longrepr}"
    return report  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test off the real configuration and database of whoever runs it."""
    home = tmp_path_factory.mktemp("xdg")
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.setenv("MNIX_KEEP_READY", "0")  # no test shall leave a process behind
    for name in ("MNIX_CLIENT_CONFIG", "MNIX_SERVER_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repo() -> Path:
    """Return the checkout's folder."""
    return Path(__file__).parent.parent
