"""`mnix-server clone`: a repository becomes a workspace, or nothing happened."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server_agent.core import cloning, lifecycle, recovery
from server_agent.protocol import lines
from tests.fleet import Fleet
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig, agent_argv

Line = dict[str, Any]


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig.make("demo", "host")
    yield rig
    lifecycle.remove(rig.id)


@pytest.fixture
def quiet() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    argv = ["git", *identity, "-c", "protocol.file.allow=always", "-C", str(folder), *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "flake.nix").write_text("{ }")
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "tool").chmod(0o755)
    (folder / "link").symlink_to("tool")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def asked(rig: Rig, url: str, ref: str = "") -> subprocess.Popen[bytes]:
    argv = agent_argv("clone", "--project", rig.id, "--nonce", "n0", "--url", url, "--ref", ref)
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def cloned(rig: Rig, url: str, ref: str = "") -> list[Line]:
    with asked(rig, url, ref) as process:
        assert process.stdout is not None
        said = process.stdout.read()
    reader = lines.PrefaceReader("n0")
    assert reader.feed(said)
    return [json.loads(line) for line in reader.rest.splitlines()]


def test_a_repository_with_submodules_becomes_the_workspace(rig: Rig, tmp_path: Path) -> None:
    inner = repository(tmp_path / "inner")
    outer = repository(tmp_path / "outer")
    git(outer, "submodule", "add", "-q", "../inner", "sub")
    git(outer, "commit", "-qm", "second")
    said = cloned(rig, f"file://{outer}")
    assert said[-1] == {"done": {"commit": git(outer, "rev-parse", "HEAD"), "branch": "main"}}
    assert all(set(line) == {"progress", "fraction"} for line in said[:-1])
    workspace = Path(rig.project.workspace)
    assert git(workspace, "status", "--porcelain") == ""
    assert git(workspace / "sub", "rev-parse", "HEAD") == git(inner, "rev-parse", "HEAD")
    assert os.access(workspace / "sub" / "tool", os.X_OK)
    assert os.readlink(workspace / "link") == "tool"
    assert sorted(os.listdir(rig.project.files)) == sorted(os.listdir(rig.project.folder))
    assert not os.path.exists(os.path.join(rig.project.files, "clone"))
    again = cloned(rig, f"file://{outer}")[-1]["error"]
    assert again["code"] == "exists"
    assert "not empty" in again["message"]


def test_a_branch_a_tag_and_a_commit_that_no_branch_has(rig: Rig, tmp_path: Path) -> None:
    source = repository(tmp_path / "source")
    first = git(source, "rev-parse", "HEAD")
    git(source, "tag", "v1")
    git(source, "switch", "-qc", "topic/one")
    (source / "more").write_text("more")
    git(source, "add", ".")
    git(source, "commit", "-qm", "more")
    second = git(source, "rev-parse", "HEAD")
    git(source, "switch", "-q", "main")
    git(source, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(source, "update-ref", "refs/hidden/x", git(source, "commit-tree", "-m", "x", "HEAD^{tree}"))
    hidden = git(source, "rev-parse", "refs/hidden/x")
    workspace = Path(rig.project.workspace)
    wanted = {
        "topic/one": {"commit": second, "branch": "topic/one"},
        "v1": {"commit": first, "branch": ""},
        first[:10]: {"commit": first, "branch": ""},
        hidden: {"commit": hidden, "branch": ""},
    }
    for ref, done in wanted.items():
        assert cloned(rig, f"file://{source}", ref)[-1] == {"done": done}
        assert (workspace / "more").exists() == (ref == "topic/one")
        subprocess.run(["find", workspace, "-mindepth", "1", "-delete"], check=True)
    error = cloned(rig, f"file://{source}", "nowhere")[-1]["error"]
    assert (error["code"], "no branch, tag or commit nowhere" in error["message"]) == (
        "not-found",
        True,
    )
    assert os.listdir(workspace) == []


def test_what_is_no_repository_s_address_is_never_given_to_git(rig: Rig, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for url in (
        f"ext::touch% {trap}",
        f"--upload-pack=touch {trap}",
        f"ssh://-oProxyCommand=touch${{IFS}}{trap}/x",
        f"-oProxyCommand=touch {trap}:x",
        "/etc",
        "file:///a\nb",
        "",
    ):
        assert cloned(rig, url)[-1]["error"]["code"] == "usage", url
    for ref in (f"--upload-pack=touch {trap}", "a..b", "-x", "a b", "x@{1}"):
        assert cloned(rig, "file:///nowhere", ref)[-1]["error"]["code"] == "usage", ref
    assert not trap.exists()
    error = cloned(rig, f"file://{tmp_path}/nowhere")[-1]["error"]
    assert (error["code"], error["message"]) == ("not-found", "there is no such repository")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = cloned(rig, f"http://127.0.0.1:{port}/x")[-1]["error"]
    assert "can't reach 127.0.0.1" in error["message"], error
    assert recovery.needed(rig.project) is False


def test_a_client_that_goes_takes_git_along(rig: Rig, quiet: socket.socket) -> None:
    with asked(rig, f"git://127.0.0.1:{quiet.getsockname()[1]}/x") as process:
        connection, _ = quiet.accept()
        second = cloned(rig, "file:///nowhere")[-1]["error"]
        assert second["code"] == "busy"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 1
        connection.settimeout(10)
        while connection.recv(4096):  # until nobody has it open any more
            pass
        connection.close()
    assert not os.path.exists(os.path.join(rig.project.files, "clone"))
    assert os.listdir(rig.project.workspace) == []


def test_a_clone_whose_agent_was_killed_is_finished_or_gone(
    rig: Rig, quiet: socket.socket, tmp_path: Path
) -> None:
    place = Path(rig.project.files, "clone")
    with asked(rig, f"git://127.0.0.1:{quiet.getsockname()[1]}/x") as process:
        connection, _ = quiet.accept()
        process.send_signal(signal.SIGKILL)
        process.wait()
        connection.close()
        settle(lambda: cloning.interrupted(rig.project), what="the claim's end")
        assert rig.info["state"] == "created"
        settle(lambda: not place.exists(), what="the rest's removal")
    source = repository(tmp_path / "source")
    git(tmp_path, "clone", "-q", str(source), str(place / "tree"))
    (place / "whole").write_text("")
    # As it is when the move was cut in the middle.
    workspace = Path(rig.project.workspace)
    (place / "tree" / "flake.nix").rename(workspace / "flake.nix")
    assert rig.info["state"] == "created"
    assert not place.exists()
    assert git(workspace, "status", "--porcelain") == ""


def test_over_ssh_the_host_key_and_the_login_have_to_be_right(
    rig: Rig, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fleet.server("user-mnix-base")
    server.run(
        "git init -q r && cd r && git -c user.name=a -c user.email=a commit -qm a --allow-empty"
    )
    url = f"ssh://{server.user}@{server.host}:{server.port}{server.home}/r"
    known, key = tmp_path / "known", tmp_path / "key"
    options = f"-F none -o UserKnownHostsFile={known} -o GlobalKnownHostsFile=none -i {key}"
    monkeypatch.setenv("GIT_SSH_COMMAND", f"ssh {options} -o IdentityAgent=none")
    told = []
    for step in range(3):
        error = cloned(rig, url)[-1].get("error", {})
        told.append((error.get("code"), error.get("message"), error.get("hint", "")))
        if step == 0:
            known.write_text(server.known_hosts_line)
        else:
            key.write_bytes(server.key_path.read_bytes())
            key.chmod(0o600)
    place = f"{server.host}:{server.port}"
    assert told[0][:2] == ("refused", f"the server does not know the host key of {place}")
    assert f"ssh -p {server.port} {server.user}@{server.host} " in told[0][2]
    assert told[1][:2] == ("refused", f"{place} refuses the server's keys")
    assert "--forward-agent" in told[1][2]
    assert told[2][0] is None
    assert git(Path(rig.project.workspace), "log", "--format=%s") == "a"
