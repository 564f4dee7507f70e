"""The agent's zipapp for an ordinary user: rootless Podman, files of other uids, old nix, old Python."""

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import FlakeMaker, Fleet, FleetServer, Pythons
from tests.integration.agent_rig import packed, zipapp


@dataclass
class Remote:
    """The agent as one user of one server runs it."""

    server: FleetServer
    python: str = "python3"

    def __post_init__(self) -> None:
        self.pyz = self.server.home / "agent.pyz"
        self.pyz.write_bytes(zipapp())
        self.pyz.chmod(0o644)

    def configure(self, image: str) -> None:
        self.server.write(".config/mnix/server.toml", f'base_image = "localhost/{image}"\n')

    def agent(self, *args: str, stdin: Path | None = None, check: bool = True) -> str:
        words = [self.python, "-I", "-S", str(self.pyz), *args]
        command = shlex.join(words) + (f" < {shlex.quote(str(stdin))}" if stdin else " < /dev/null")
        done = self.server.as_user("sh", "-c", command, check=False)
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        assert done.returncode == 0 or not check, done
        return done.stdout

    def archive(self, folder: Path) -> Path:
        path = self.server.home / "upload.tgz"
        path.write_bytes(packed(folder, "w:gz")[0])
        path.chmod(0o644)
        return path

    def launch(self, folder: Path, command: str = "launch") -> dict[str, Any]:
        archive = self.archive(folder)
        args = ("project", command, "--name", "demo", "--flake", "flake.nix")
        answer = json.loads(self.agent(*args, stdin=archive, check=False))
        assert answer["workspace_path"], answer
        return dict(answer)

    def exec(self, *command: str) -> str:
        return self.agent("project", "exec", "--name", "demo", "--flake", "flake.nix", *command)


@pytest.mark.parametrize("image", ["mnix-base", "mnix-base-nix28"])
def test_an_ordinary_user_s_project(fleet: Fleet, flake: FlakeMaker, image: str) -> None:
    remote = Remote(fleet.server(f"user-{image}", images=(image,)))
    remote.configure(image)
    folder = flake("tiny")
    answer = remote.launch(folder)
    assert "generation 1 runs" in answer["stdout"]
    assert remote.exec("sh", "-c", "echo $GREETING; id -u; cat $TOOL") == "hi\n0\nhello\n"
    again = remote.launch(folder, "rebuild-switch")
    assert "nothing changed: generation 1 stays" in again["stdout"]
    remote.agent("project", "rm", "--name", "demo")
    assert remote.server.as_user("podman", "ps", "-a", "-q").stdout == ""


def test_files_of_other_users_of_the_container_are_replaced_kept_and_removed(
    fleet: Fleet, flake: FlakeMaker
) -> None:
    remote = Remote(fleet.server("user-mnix-base"))
    remote.configure("mnix-base")
    folder = flake("tiny")
    (folder / "theirs").mkdir()
    (folder / "theirs" / "file").write_text("first")
    workspace = remote.launch(folder)["workspace_path"]
    # A folder that only another uid of the container may enter: a subuid, seen from outside.
    remote.exec("sh", "-c", "chown -R 1000:1000 theirs && chmod 700 theirs")
    assert "denied" in remote.server.as_user("ls", f"{workspace}/theirs", check=False).stderr
    (folder / "theirs" / "file").write_text("second")
    remote.launch(folder, "rebuild-switch")
    assert remote.exec("cat", "theirs/file") == "second"
    found = remote.server.as_user(
        "podman", "unshare", "find", f"{Path(workspace).parent}/trash", "-type", "f"
    )
    kept = [path for path in found.stdout.splitlines() if not path.endswith(".json")]
    assert len(kept) == 1
    assert kept[0].endswith("/theirs/file")
    remote.agent("project", "rm", "--name", "demo")
    assert (
        remote.server.as_user("ls", "-A", str(Path(workspace).parents[1])).stdout == "names.lock\n"
    )


def test_without_podman_it_says_so_and_the_host_does(fleet: Fleet, flake: FlakeMaker) -> None:
    remote = Remote(fleet.server("bare", images=(), hide=("podman", "nix*")))
    answer = json.loads(
        remote.agent("project", "launch", "--name", "x", "--flake", "flake.nix", check=False)
    )
    assert "Podman is not installed" in answer["stderr"]
    assert "--isolation host" in answer["stderr"]


# Every module can be imported, a configuration be read, a project made, filled and run there.
EVERYWHERE = """
import importlib, io, os, pkgutil, subprocess, sys, tarfile
sys.path.insert(0, "/src/agent.pyz")
import server_agent
for found in pkgutil.walk_packages(server_agent.__path__, "server_agent."):
    if not found.name.endswith("__main__") and "._vendor" not in found.name:
        importlib.import_module(found.name)
with open("/tmp/server.toml", "w") as file:
    file.write('podman_binary = "no-such-podman"\\nmount_roots = ["/data"]\\n')
os.environ["MNIX_SERVER_CONFIG"] = "/tmp/server.toml"
from server_agent.core import config, toml, usecases, upload
assert config.load().mount_roots == ("/data",)
assert usecases.server_info()["engine_error"]["code"] == "no-engine"
project = usecases.create("demo", "host")["id"]
import gzip
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w:gz") as tar:
    member = tarfile.TarInfo("file")
    member.size = 2
    tar.addfile(member, io.BytesIO(b"hi"))
assert upload.receive_archive(project, [packed.getvalue()])["changed"] == 1
start = [sys.executable, "-I", "-S", "-W", "error", "/src/agent.pyz"]
subprocess.run([*start, "_rebuild", project, "aaaaaaaa"], check=True)
run = subprocess.run([*start, "exec", "--project", project, "--", "cat", "file"], capture_output=True)
assert (run.returncode, run.stdout, run.stderr) == (0, b"hi", b""), run
assert usecases.remove(project) == {}
print("all of it")
"""


@pytest.mark.parametrize("version", ["3.9", "3.11", "3.13"])
def test_the_agent_runs_on_debian_s_python(pythons: Pythons, tmp_path: Path, version: str) -> None:
    (tmp_path / "agent.pyz").write_bytes(zipapp())
    (tmp_path / "everywhere.py").write_text(EVERYWHERE)
    start = ("-I", "-S", "-W", "error", "/src/everywhere.py")
    argv = pythons.argv(version, *start, mounts={tmp_path: "/src"})
    done = subprocess.run(argv, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.stdout.decode().endswith("all of it\n"), done.stderr.decode()
    assert done.stderr == b""
