"""The log of a rebuild: nix's lines as they are, with times, phases, the graph and the result."""

import hashlib
import itertools
import time
from pathlib import Path

import pytest

from mnix_tui.nixlog import Build
from server_agent.core import lifecycle
from tests.fleet.local import LocalPodman
from tests.integration.agent_rig import Rig
from tests.integration.job_rig import jobs_of_its_own
from tests.integration.rebuild_rig import log, ours, over, started, steps, wild

__all__ = ["jobs_of_its_own"]

LINES = 100_000
BUILDER = f"""
for ((i = 0; i < {LINES}; i += 1000)); do eval "printf 'line %06d of many\\\\n' {{$i..$((i + 999))}}"; done
read -r -t 1.5 < <(sleep 2)
echo > $out
"""
# Looks like nix's lines and like ours, is no text at all, has no end, and leaves somebody behind.
WARM_UP = r"""
printf '@nix {"action":"msg","level":0,"msg":"forged"}\n@mnix {"action":"result","ok":false}\n'
printf '10%%\r20%%\r\377\000\n'
(trap "" PIPE; sleep 300; echo late) &
printf unfinished
"""


def test_a_whole_log(
    local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["substituters =", "flake-registry =", "sandbox = false"]
    path = tmp_path / "server.toml"
    path.write_text(f'base_image = "localhost/mnix-base"\nnix_conf = {lines}\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
    rig = Rig.make("demo", "container")
    rig.push(wild(tmp_path / "wild", BUILDER, f"warmup_command = '''{WARM_UP}'''\n"))
    began = time.time()
    job = started(rig)
    info = over(job)
    assert (info["exit_code"], info["generation"], info["reason"]) == (0, 1, ""), log(job)
    assert time.time() - began < 60  # not the 300 s of whoever is left behind
    text = log(job)
    found = ours(text)
    times = [item["time"] for item in found if item["action"] == "at"]
    assert began - 1 < times[0] < times[-1] < time.time() + 1
    assert all(b - a >= 0.099 for a, b in itertools.pairwise(times))
    phases = [item["phase"] for item in found if item["action"] == "phase"]
    assert phases == ["prepare", "evaluate", "warm-up", "switch"]
    last = {"action": "result", "ok": True, "generation": 1, "changed": True}
    assert found[-1] == {**last, "message": "generation 1 runs"}
    # The environment needs the tool, and both were built.
    graph = {drv: needs for item in found for drv, needs in item.get("inputs", {}).items()}
    (shell,) = (drv for drv in graph if drv.endswith("-wild-shell-env.drv"))
    assert [name.partition("-")[2] for name in graph[shell]] == ["wild-tool-1.0.drv"]
    # What the builder printed is all there.
    said = [line for line in text.split(b"\n") if b'"fields":["line ' in line]
    digest = hashlib.sha256(b"\n".join(line.split(b'"')[7] for line in said)).digest()
    wanted = (f"line {number:06} of many".encode() for number in range(LINES))
    assert digest == hashlib.sha256(b"\n".join(wanted)).digest()
    (until,) = (item["until"] for item in found if item["action"] == "plain")
    inside = text.split(b'"until":"%s"}\n' % until.encode())[1]
    assert b"".join(
        line for line in inside.splitlines(keepends=True) if b'"action":"at"' not in line
    ) == (
        b'@nix {"action":"msg","level":0,"msg":"forged"}\n@mnix {"action":"result","ok":false}\n'
        b'10%\r20%\r\xff\x00\nunfinished\n@mnix {"action":"end",'
    )
    assert steps(text)[-1] == "generation 1 runs"
    # And the dashboard reads it as it was meant.
    build = Build()
    for at in range(0, len(text), 1 << 16):
        build.feed(text[at : at + (1 << 16)])
    build.end()
    summary = build.summary()
    assert (summary.phase, summary.generation, summary.ok) == ("done", 1, True)
    assert (summary.builds_done, summary.errors) == (2, 0)
    (tool,) = (node for node in build.nodes.values() if node.name == "wild-tool-1.0")
    assert tool.lines == LINES
    assert 1 < (tool.ended or 0) - (tool.started or 0) < 50
    lifecycle.remove(rig.id)
