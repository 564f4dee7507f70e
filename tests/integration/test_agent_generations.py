"""Generations in real stores: told, compared, kept and let go; and what a collection may not take."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server_agent.core import lifecycle, paths, storelock, usecases
from server_agent.protocol.errors import AgentError
from tests.fleet import FlakeMaker
from tests.fleet.local import LocalPodman
from tests.integration.agent_rig import Rig, agent, agent_argv
from tests.integration.hooked import Typist

FETCHED = re.compile(r'"action":"start".*"type":(100|101|105|108)[,}]')
"""Nix copies, downloads, builds or substitutes a path."""


@pytest.fixture
def config(
    local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    path = tmp_path / "server.toml"
    path.write_text('base_image = "localhost/mnix-base"\nkeep_generations = 2\nkeep_days = 0\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
    yield path
    Typist.end_all()


def build(rig: Rig, folder: Path, greeting: str, version: str) -> None:
    """Rebuild with another greeting, and another version of the tool."""
    path = folder / "flake.nix"
    old = path.with_suffix(".old")
    if not old.exists():
        old.write_text(path.read_text())
    text = old.read_text().replace('"hi"', f'"{greeting}"')
    path.write_text(text.replace("tiny-tool-1.0", f"tiny-tool-{version}"))
    rig.push(folder)
    code, log = rig.rebuild()
    assert code == 0, log


def raw_rebuild(rig: Rig) -> str:
    """Rebuild; return the whole log, with nix's own lines."""
    done = agent("_rebuild", rig.id, paths.new_id())
    assert done.returncode == 0, done
    return done.stdout.decode()


def rows(rig: Rig) -> dict[int, dict[str, Any]]:
    return {row["number"]: row for row in usecases.generations(rig.id)["generations"]}


def no_nix_is_started(rig: Rig, folder: Path) -> None:
    """Shells and commands of a warm project start no nix, nor does entering a new generation."""
    # All of nix's programs are this one.
    wrap = (
        'real=$(readlink -f "$(command -v nix)"); mv "$real" "$real.real"; printf '
        '\'#!/bin/sh\\necho "$0 $*" >> /workspace/started\\nexec %s.real "$@"\\n\' '
        '"$real" > "$real"; chmod +x "$real"'
    )
    assert rig.exec("sh", "-c", wrap, bare=True).returncode == 0
    started = Path(rig.project.workspace, "started")
    shell = Typist(rig)
    assert "five" in shell.ask("echo $GREETING")
    assert rig.out("printenv", "GREETING") == "five\n"
    assert not started.exists()
    build(rig, folder, "six", "1.5")
    assert started.exists()  # it is seen
    started.unlink()
    assert "generation 6 is ready" in shell.ask("true")
    shell.type("mnix-reenter")
    assert "six" in shell.ask("echo $GREETING")
    assert shell.generation == 6
    assert not started.exists()
    assert shell.leave() == 0


@pytest.mark.timeout(180)
def test_generations_are_told_compared_and_let_go(config: Path, flake: FlakeMaker) -> None:
    rig = Rig.make("demo", "container")
    folder = flake("tiny")
    build(rig, folder, "one", "1.0")
    shell = Typist(rig)
    shell.ask("true")
    for number in (2, 3, 4):
        build(rig, folder, f"number {number}", f"1.{number}")
    found = rows(rig)
    assert list(found) == [4, 3, 2, 1]
    # The last two, and the one that a shell runs in.
    assert [number for number, row in found.items() if row["kept"]] == [4, 3, 1]
    assert [number for number, row in found.items() if row["current"]] == [4]
    assert all(row["paths"] == 3 and row["size"] > 1_000_000 for row in found.values())
    assert all(row["duration"] > 0 and row["job"] for row in found.values())
    assert (found[1]["changes"], found[4]["changes"]["changed"]) == (None, 1)
    # Those that are gone can still be compared, but not switched to.
    told = usecases.diff(rig.id, 2, 4)
    assert told["changed"] == [
        {"name": "tiny-tool", "before": ["1.2"], "after": ["1.4"], "bytes": 0}
    ]
    assert (told["added"], told["removed"], told["more"]) == ([], [], 0)
    assert told["size"] == [found[2]["size"], found[4]["size"]]
    with pytest.raises(AgentError, match="generation 2 is not kept any more"):
        usecases.rollback(rig.id, 2)
    with pytest.raises(AgentError, match="no generation 9"):
        usecases.diff(rig.id, 2, 9)

    freed = usecases.gc(rig.id)
    assert freed["paths"] > 0
    assert freed["bytes"] > 0
    with storelock.alone():  # what ran in the container holds nothing
        pass
    gone = rig.exec("test", "-e", found[2]["store_path"]).returncode
    assert (gone, rig.exec("test", "-e", found[1]["store_path"]).returncode) == (1, 0)
    assert "hello" in shell.ask("cat $TOOL")
    assert usecases.rollback(rig.id)["generation"] == 3
    assert rig.out("sh", "-c", "echo $GREETING; cat $TOOL") == "number 3\nhello\n"
    assert shell.leave() == 0
    build(rig, folder, "five", "1.5")
    assert [number for number, row in rows(rig).items() if row["kept"]] == [5, 4]

    no_nix_is_started(rig, folder)

    # What was built, and what lies there now.
    assert rig.info["inputs"]["workspace"] == rig.info["inputs"]["generation"]
    Path(rig.project.workspace, "flake.nix").write_text("{ }\n")
    inputs = rig.info["inputs"]
    assert inputs["workspace"]["flake.nix"] != inputs["generation"]["flake.nix"]
    texts = usecases.flake(rig.id)
    assert texts["workspace"]["flake.nix"] == "{ }\n"
    assert '"six"' in str(texts["generation"]["flake.nix"])
    assert texts["workspace"]["mnix.toml"] is None
    lifecycle.remove(rig.id)


@pytest.mark.timeout(180)
def test_a_collection_takes_nothing_that_another_project_needs(
    config: Path, flake: FlakeMaker, local_podman: LocalPodman
) -> None:
    one, two = Rig.make("one", "container"), Rig.make("two", "container")
    folder = flake("tiny")
    one.push(folder)
    log = raw_rebuild(one)
    assert FETCHED.search(log)
    two.push(folder)
    log = raw_rebuild(two)
    assert not FETCHED.search(log), log
    build(one, flake("tiny"), "mine", "2.0")

    def alive(rig: Rig, greeting: str) -> None:
        assert rig.out("sh", "-c", "echo $GREETING; cat $TOOL") == f"{greeting}\nhello\n"
        assert rig.info["warm"]

    # What was built by hand has a root only where it was built, until mnix sees it.
    by_hand = (
        "echo made > f; nix-store --realise $(nix-store --add f) --add-root 'a result' --indirect"
    )
    assert one.exec("sh", "-c", by_hand, bare=True).returncode == 0
    # And what merely runs has none at all.
    shell = Typist(one)
    shell.ask("echo runs > g; p=$(nix-store --add g); X=$p sleep 300 & true")
    shell.ask("until grep -qs X= /proc/$!/environ; do :; done")
    usecases.gc(two.id)
    assert "runs\r\nend" in shell.ask("cat $p")
    assert "is-143" in shell.ask("kill $!; wait $!; echo is-$?")
    usecases.gc(two.id)
    assert "No such file" in shell.ask("cat $p")
    assert shell.leave() == 0
    assert one.out("cat", "a result") == "made\n"

    # By hand in one container, by mnix, and with the other one stopped.
    typed = two.exec("nix", "store", "gc", bare=True)
    assert b"store paths deleted" in typed.stdout + typed.stderr
    alive(one, "mine")
    assert two.exec("nix-collect-garbage", "-d", bare=True).returncode == 0
    usecases.gc(two.id)
    alive(one, "mine")
    usecases.stop(two.id)
    usecases.gc(one.id)
    assert usecases.start(two.id)["state"] == "running"
    alive(two, "hi")

    assert one.out("cat", "a result") == "made\n"
    target = Path(one.project.workspace, "a result").readlink()
    Path(one.project.workspace, "a result").unlink()
    usecases.gc(one.id)
    assert one.exec("test", "-e", str(target), bare=True).returncode == 1

    # While one of them builds.
    one.push(flake("slow", seconds=3))
    job = paths.new_id()
    with subprocess.Popen(agent_argv("_rebuild", one.id, job), stdout=subprocess.PIPE) as process:
        assert process.stdout
        while b"slow line 1" not in process.stdout.readline():
            pass
        with pytest.raises(AgentError, match="one is busy: rebuild") as refused:
            usecases.gc(two.id)
        assert (refused.value.code, refused.value.detail) == ("busy", job)
        assert two.exec("nix", "store", "gc", bare=True).returncode == 0
        alive(two, "hi")
        log = process.stdout.read().decode()
        assert process.wait(60) == 0, log
    assert one.info["warm"]
    assert one.out("sh", "-c", "echo $((1 + 1))") == "2\n"

    # A store of its own.
    (folder / "mnix.toml").write_text('store = "private"\n')
    two.push(folder)
    assert FETCHED.search(raw_rebuild(two))
    assert (one.info["store"], two.info["store"]) == ("volume", "private")
    assert len(local_podman.podman("volume", "ls", "-q").split()) == 2
    with pytest.raises(AgentError, match="another image or store") as other:
        usecases.rollback(two.id, 1)
    assert "store in mnix.toml" in other.value.hint
    usecases.gc(one.id)
    alive(two, "hi")
    # What it had in the shared one is let go as well, when its time comes.
    shared = Path(one.project.box["mountpoint"], "var/nix/profiles/mnix")
    assert (shared / two.id / "1").is_symlink()
    for greeting in ("other", "another"):
        build(two, folder, greeting, "1.0")
    assert not (shared / two.id / "1").exists()
    assert len(list((shared / one.id).glob("[0-9]*"))) == 2
    lifecycle.remove(one.id)
    assert not (shared / one.id).exists()
    lifecycle.remove(two.id)
    assert len(local_podman.podman("volume", "ls", "-q").split()) == 1
