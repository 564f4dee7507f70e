"""What a holder does beside its loop."""

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from server_agent.jobs import faults
from server_agent.jobs.holder import Holder


def test_a_signal_that_fails_keeps_no_other_from_being_sent() -> None:
    sent = []

    def signal_job(_id: str, _meta: dict[str, Any], number: int) -> None:
        sent.append(number)
        if number == signal.SIGHUP:
            raise ValueError("a project.json that nobody understands")

    holder: Any = SimpleNamespace(
        _id="abcdefgh", _meta={}, _signalling=True, _signals=[signal.SIGHUP, signal.SIGTERM]
    )
    Holder._send_signals(holder, SimpleNamespace(signal_job=signal_job))
    assert sent == [signal.SIGHUP, signal.SIGTERM]
    assert not holder._signalling
    assert "that nobody understands" in Path(faults.log_path()).read_text()
