"""What the container engine tells, and what is done where it tells nothing."""

from pathlib import Path

import pytest

from server_agent.control import engine
from tests.helpers.settle import settle


def test_settings_that_can_not_be_read_end_no_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "server.toml"
    settings.write_text("podman_binary = [")
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(settings))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(engine, "RETRY", (0.02,))
    monkeypatch.setattr(engine, "_POLL", 0.01)
    podman = tmp_path / "podman"
    podman.write_text("#!/bin/sh\necho start\n")
    podman.chmod(0o755)
    woken: list[None] = []
    events = engine.EngineEvents(lambda: woken.append(None))
    settle(lambda: len(woken) > 3, what="looks without a word from the engine")
    settings.write_text(f'podman_binary = "{podman}"\n')
    settle(lambda: events._process is not None, what="the engine to be followed")
    events.close()
