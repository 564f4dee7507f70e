"""`python -m mnix_tui.nixlog`, as it is run."""

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.nixlog.logs import recorded


def run(*argv: str, log: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mnix_tui.nixlog", *argv]
    return subprocess.run(command, input=log, capture_output=True, timeout=30, check=False)


def test_a_file_and_stdin_and_json(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(recorded("nix28", "fallen"))
    done = run(str(log), "--width", "80")
    assert done.returncode == 1
    assert done.stdout.decode().startswith("✕ gnutls-3.8.4 failed to build (exit code 2)\n")
    assert b"\x1b" not in done.stdout
    data = json.loads(run(str(log), "--json").stdout)
    assert data["summary"]["phase"] == "failed"
    assert data["problems"][0]["node_key"] in {each["key"] for each in data["nodes"]}
    done = run("-", log=recorded("nix226", "forest"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "generation 13 is ready" in done.stdout.decode()


def test_no_such_file_is_said_without_a_traceback(tmp_path: Path) -> None:
    done = run(str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stderr.decode() == f"can't read {tmp_path / 'none'}: No such file or directory\n"
    done = run("-")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"- is empty: there is no rebuild in it\n"


def test_it_imports_nothing_but_itself() -> None:
    code = (
        "import sys, mnix_tui.nixlog; print([m for m in sys.modules if m.startswith('mnix_tui.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all("nixlog" in name for name in eval(found.stdout))
