"""A server that lies: nothing but what was asked for is written, and nothing outside the folder."""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mnix_tui.actions import sync
from mnix_tui.domain.projects import Project
from mnix_tui.errors import MnixError
from mnix_tui.link import LinkOptions, open_link
from mnix_tui.store.store import Store
from tests.integration.link_rig import Rig, Sshd, rigged
from tests.integration.sync_rig import tree

pytestmark = pytest.mark.needs("sshd", "ssh")

AGENT = """
import json, os, sys
sys.path.insert(0, {repo!r})
from server_agent.protocol import sync
from server_agent.protocol.frames import FrameReader, Type, frame
plan = json.load(open({plan!r}))
nonce = sys.argv[sys.argv.index("--nonce") + 1]
os.write(1, b"MNIX/1 %s {{\\"protocol\\": 1}}\\n" % nonce.encode())
reader = FrameReader()
ready = {{"index": "i", "seq": 1, "full": True, "files": 1, "bytes": 1, "free": 1 << 30,
         "parts": {{}}, "notes": []}}
while data := os.read(0, 1 << 20):
    for found in reader.feed(data):
        if found.type is Type.HELLO:
            os.write(1, sync.message(Type.STATE, {{"changed": plan["state"], "gone": []}}))
            os.write(1, sync.message(Type.READY, {{**ready, **plan.get("ready", {{}})}}))
        elif found.type is Type.FETCH and sync.read(found)["end"]:
            for head, content in plan["batches"]:
                os.write(1, sync.batch(json.dumps(head).encode(), [content.encode()]))
            os.write(1, sync.message(Type.SENT, {{"missing": []}}))
"""

DIGEST = "LPJNul-wow4m6DsqxbninhsWHlwfp0Je"
"""Of the content "hello"."""


def file(path: str, **other: Any) -> list[Any]:
    return [path, "f", 0o644, other.get("size", 5), 1, other.get("value", DIGEST)]


def op(path: str, **other: Any) -> list[Any]:
    return ["f", path, 0o644, 1, other.get("size", 5), other.get("value", DIGEST), None]


LIES: dict[str, dict[str, Any]] = {
    "a listing that leads out": {"state": [file("../out")], "batches": []},
    "an absolute listing": {"state": [file("/tmp/out")], "batches": []},
    "mnix's own folder": {"state": [file(".mnix/trash/x")], "batches": []},
    "a file out of the folder": {"state": [file("a")], "batches": [[[op("../out")], "hello"]]},
    "a file that nobody asked for": {"state": [file("a")], "batches": [[[op("b")], "hello"]]},
    "a file through a link": {
        "state": [["l", "l", 0, 0, 1, "sub"], file("l2/out")],
        "batches": [[[["l", "l2", "/tmp", 1, None], op("l2/out")], "hello"]],
    },
    "a link in a file's place": {
        "state": [file("a")],
        "batches": [[[["l", "a", "../../out", 1, None]], ""]],
    },
    "other content": {"state": [file("a")], "batches": [[[op("a")], "hellO"]]},
    "more than was announced": {"state": [file("a")], "batches": [[[op("a", size=1)], "h"]]},
    "hooks": {
        "state": [[".git", "d", 0, 0, 0, ""], file(".git/hooks/pre-commit")],
        "batches": [],
    },
    "no listing": {"state": "all of it", "batches": []},
    "numbers that are none": {"state": [], "batches": [], "ready": {"seq": "x", "parts": 7}},
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch, rigged(folder, patch) as made:
        yield made


@pytest.fixture(scope="module")
def sshd(rig: Rig) -> Sshd:
    return rig.start()


async def test_a_server_that_lies_writes_nothing(rig: Rig, sshd: Sshd, repo: Path) -> None:
    plan = rig.folder / "plan.json"
    script = rig.folder / "evil.py"
    script.write_text(AGENT.format(repo=str(repo), plan=str(plan)))
    binary = rig.folder / "evil"
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {script} "$@"\n')
    binary.chmod(0o755)
    options = LinkOptions(remote_binary=str(binary), accept_host_keys=True)
    for number, (what, lie) in enumerate(LIES.items()):
        plan.write_text(json.dumps(lie))
        around = rig.folder / f"around{number}"
        here = around / "in" / "here"
        here.mkdir(parents=True)
        project = Project("lie", sshd.server.name, f"id{number}", str(here))
        async with Store.open(rig.folder / f"{number}.db") as store:
            await store.add_server(sshd.server)
            await store.put_project(project)
            async with open_link(sshd.server, options) as link:
                with suppress(MnixError):  # anything else would be a traceback
                    assert (await sync.pull(store, link, project)).fetched == (), what
        assert [each for each in around.rglob("*") if ".mnix" not in each.parts] == [
            around / "in",
            here,
        ], what
        assert tree(here) == {}, what
        assert not any((here / ".mnix").rglob("out")), what
        assert not Path("/tmp/out").exists()


async def test_what_an_honest_server_sends_arrives_by_the_same_way(
    rig: Rig, sshd: Sshd, repo: Path
) -> None:
    plan = rig.folder / "honest.json"
    plan.write_text(json.dumps({"state": [file("a")], "batches": [[[op("a")], "hello"]]}))
    script = rig.folder / "honest.py"
    script.write_text(AGENT.format(repo=str(repo), plan=str(plan)))
    binary = rig.folder / "honest"
    binary.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {script} "$@"\n')
    binary.chmod(0o755)
    here = rig.folder / "honest-here"
    here.mkdir()
    project = Project("honest", sshd.server.name, "id", str(here))
    options = LinkOptions(remote_binary=str(binary), accept_host_keys=True)
    async with Store.open(rig.folder / "honest.db") as store:
        await store.add_server(sshd.server)
        await store.put_project(project)
        async with open_link(sshd.server, options) as link:
            assert (await sync.pull(store, link, project)).fetched == ("a",)
    assert tree(here) == {"a": "hello"}
