"""Rebuilds as jobs, with flakes made for the occasion: what their log says, and what they leave."""

import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from server_agent import jobs
from server_agent.core import lifecycle, paths
from server_agent.jobs.log import LogReader
from tests.fleet.flakes import static_bash
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig

SHELL = """
{ outputs = { self }: let
    make = name: script: extra: derivation ({
      inherit name; system = "x86_64-linux"; builder = "${./toolchain}/bash";
      args = [ "-c" "export PATH=/usr/bin:/bin\\n: ${builtins.readFile ./nonce}\\n${script}" ];
      outputs = [ "out" ];
    } // extra);
    tool = make "wild-tool-1.0" (builtins.readFile ./builder.sh) { };
  in { devShells.x86_64-linux.default = make "wild-shell" "exit 1" { TOOL = tool; WORD = "new"; }; }; }
"""


def wild(folder: Path, builder: str, toml: str = "") -> Path:
    """Make a flake whose tool is built by a shell script, always anew."""
    (folder / "toolchain").mkdir(parents=True, exist_ok=True)
    if not (folder / "toolchain" / "bash").exists():
        shutil.copy(static_bash(), folder / "toolchain" / "bash")
    (folder / "flake.nix").write_text(SHELL)
    (folder / "builder.sh").write_text(builder)
    (folder / "nonce").write_text(str(uuid.uuid4()))
    (folder / "mnix.toml").write_text(toml)
    return folder


def started(rig: Rig, **options: Any) -> dict[str, Any]:
    """Start a rebuild as a job."""
    return lifecycle.rebuild(rig.id, None, options)


def log(job: dict[str, Any]) -> bytes:
    """Return what a job has printed so far."""
    reader = LogReader(os.path.join(paths.job(job["id"]), "log"))
    found = b""
    while True:
        _, data = reader.read(len(found), 1 << 20)
        if not data:
            return found
        found += data


def says(job: dict[str, Any], text: str) -> None:
    """Wait until a job has printed something."""
    settle(lambda: text.encode() in log(job), what=f"{text!r} in the log", timeout=30)


def over(job: dict[str, Any]) -> dict[str, Any]:
    """Wait for a job's end; return its JobInfo."""
    settle(lambda: jobs.get(job["id"])["state"] not in ("starting", "running"), timeout=60)
    return jobs.get(job["id"])


def ours(text: bytes) -> list[dict[str, Any]]:
    """Return the objects of ours in a log."""
    return [json.loads(line[6:]) for line in text.split(b"\n") if line.startswith(b"@mnix ")]


def steps(text: bytes) -> list[str]:
    """Return the lines for people in a log."""
    return [line[6:].decode() for line in text.split(b"\n") if line.startswith(b"mnix: ")]


def sleepers(*words: str) -> list[str]:
    """Return which of these ``sleep WORD`` run, in whatever container."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        found += [word for word in words if line == f"sleep\0{word}\0".encode()]
    return sorted(found)
