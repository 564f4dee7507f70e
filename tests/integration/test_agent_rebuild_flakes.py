"""Flakes as they are in real life: parts of a repository, with inputs, several shells, odd owners."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server_agent.core import lifecycle, projects
from tests.fleet.flakes import static_bash
from tests.fleet.local import LocalPodman
from tests.integration.agent_rig import Rig
from tests.integration.job_rig import jobs_of_its_own
from tests.integration.rebuild_rig import log, over, started, steps, wild

__all__ = ["jobs_of_its_own"]

HEAD = """
  let make = name: extra: derivation ({
    inherit name; system = "x86_64-linux"; builder = "${TOOLCHAIN}/bash";
    args = [ "-c" "echo > $out" ]; outputs = [ "out" ]; } // extra);
  in"""
SHELLS = """{
  inputs.word = { url = "path:/workspace/one"; flake = false; };
  outputs = { self, word }: HEAD {
    devShells.x86_64-linux.default = make "a" { WORD = builtins.readFile "${word}/word"; };
    devShells.x86_64-linux.ci = make "b" { WORD = "ci"; };
    packages.x86_64-linux.tool = make "c" { WORD = "tool"; };
    devShells.x86_64-linux.open = make "d" { WORD = builtins.readFile /etc/word; };
  };
}"""
PART = """{
  outputs = { self }: HEAD {
    devShells.x86_64-linux.default = make "part" { WORD = builtins.readFile ../shared; };
  };
}"""


@pytest.fixture
def rig(
    request: pytest.FixtureRequest,
    local_podman: LocalPodman,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:
    image = getattr(request, "param", "mnix-base")
    local_podman.image(image)
    path = tmp_path / "server.toml"
    lines = ["substituters =", "flake-registry =", "sandbox = false"]
    path.write_text(f'base_image = "localhost/{image}"\nnix_conf = {lines}\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
    rig = Rig.make("demo", "container")
    yield rig
    lifecycle.remove(rig.id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "toolchain").mkdir(parents=True)
    shutil.copy(static_bash(), folder / "toolchain" / "bash")
    return folder


def write(path: Path, text: str, toolchain: str = "./toolchain") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("HEAD", HEAD.replace("TOOLCHAIN", toolchain)))


def built(rig: Rig, **options: Any) -> tuple[str, list[str]]:
    """Rebuild; return the environment's word, and what was said."""
    job = started(rig, **options)
    info = over(job)
    assert info["exit_code"] == 0, log(job)
    return rig.out("printenv", "WORD").strip(), steps(log(job))


def failed(rig: Rig, **options: Any) -> str:
    """Rebuild; return the error."""
    job = started(rig, **options)
    assert over(job)["exit_code"] == 1, log(job)
    return steps(log(job))[-1]


@pytest.mark.parametrize("rig", ["mnix-base-nix28"], indirect=True)
def test_shells_by_name_inputs_overridden_and_impure_evaluation(rig: Rig, folder: Path) -> None:
    write(folder / "flake.nix", SHELLS)
    for name in ("one", "two"):
        write(folder / name / "word", name)
    rig.push(folder)
    word, said = built(rig)
    assert word == "one"
    assert any("nix updated flake.lock in the workspace" in line for line in said)
    assert Path(rig.project.workspace, "flake.lock").exists()
    assert rig.info["inputs"]["workspace"] == rig.info["inputs"]["generation"]
    override = {"word": "path:/workspace/two"}
    assert built(rig, override_inputs=override)[0] == "two"
    assert built(rig, dev_shell="ci")[0] == "ci"
    assert built(rig, dev_shell=".packages.x86_64-linux.tool")[0] == "tool"
    error = failed(rig, dev_shell="nowhere")
    assert "the flake has no such shell" in error
    assert "--dev-shell" in error
    rig.exec("sh", "-c", "printf open > /etc/word", bare=True)
    assert "rebuild with --impure" in failed(rig, dev_shell="open")
    assert built(rig, dev_shell="open", impure=True)[0] == "open"
    # All of it can be said for good.
    table = '[override_inputs]\nword = "path:/workspace/two"\n'
    (folder / "mnix.toml").write_text(f'dev_shell = "default"\nimpure = true\n{table}')
    rig.push(folder)
    assert built(rig)[0] == "two"


@pytest.mark.parametrize("rig", ["mnix-base", "mnix-base-nix28"], indirect=True)
def test_a_flake_in_a_subfolder_sees_its_repository(
    rig: Rig, folder: Path, request: pytest.FixtureRequest
) -> None:
    old = "nix28" in request.node.name
    write(folder / "sub dir" / "flake.nix", PART, "../toolchain")
    (folder / "shared").write_text("shared")
    rig.push(folder)
    project = rig.project
    project.flake = "sub dir/flake.nix"
    projects.save(project)
    if old:
        error = failed(rig)
        assert "looks at files beside its folder" in error
        assert "git init" in error
    else:
        word, said = built(rig)
        assert word == "shared"
        assert any("path:/workspace?dir=sub%20dir " in line for line in said)
    git(Path(rig.project.workspace), "init", "-q")
    git(Path(rig.project.workspace), "add", ".")
    word, said = built(rig)
    assert word == "shared"
    assert any("git+file:///workspace?dir=sub%20dir " in line for line in said)


def test_a_git_tree_that_git_refuses_is_taken_as_a_folder(rig: Rig, folder: Path) -> None:
    write(folder / "flake.nix", SHELLS)
    write(folder / "one" / "word", "first")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    rig.push(folder)
    workspace = Path(rig.project.workspace)
    assert built(rig)[0] == "first"
    (workspace / "untracked").write_text("x")
    git(workspace, "rm", "-q", "--cached", "flake.nix")
    assert any("git does not track flake.nix" in line for line in built(rig)[1])
    for at in [workspace, *workspace.rglob("*")]:
        os.chown(at, 12345, 12345, follow_symlinks=False)
    said = built(rig)[1]
    assert any("belongs to another user" in line and "safe.directory" in line for line in said)
    assert any("evaluating path:/workspace with" in line for line in said)
    assert "safe.directory" in rig.info["detail"]
    rig.exec("rm", "/usr/bin/git", bare=True)
    assert any("there is no git in here" in line for line in built(rig)[1])


@pytest.mark.parametrize("rig", ["mnix-base", "mnix-base-nix28"], indirect=True)
def test_what_git_keeps_for_itself_makes_nothing_new(rig: Rig, folder: Path) -> None:
    write(folder / "flake.nix", SHELLS)
    write(folder / "one" / "word", "first")
    rig.push(folder)
    workspace = Path(rig.project.workspace)
    git(workspace, "init", "-q")
    git(workspace, "add", "one")
    (workspace / ".hidden").symlink_to("nowhere")
    word, said = built(rig)  # git does not track flake.nix
    assert word == "first"
    assert any("evaluating path:/workspace with" in line for line in said)
    assert any("nix updated flake.lock in the workspace" in line for line in said)
    first = rig.exec("sh", "-c", "ls /nix/store", bare=True).stdout
    for words in (("add", "toolchain"), ("config", "x.y", "z"), ("branch", "-m", "other")):
        git(workspace, *words)
    said = built(rig)[1]
    assert any("nothing changed: generation 1 stays" in line for line in said)
    assert rig.exec("sh", "-c", "ls /nix/store", bare=True).stdout == first
    assert rig.exec("sh", "-c", "ls -d /tmp/mnix-*; :", bare=True).stdout == b""


def test_a_server_s_caches_are_asked_and_their_keys_trusted(rig: Rig, tmp_path: Path) -> None:
    rig.push(wild(tmp_path / "wild", "echo > $out"))
    assert built(rig)[0] == "new"
    script = """
      cd /root && nix key generate-secret --key-name ours > secret
      tool=$(nix path-info -r /nix/var/nix/profiles/mnix/*/1 | grep wild-tool)
      nix store sign -k secret $tool && nix copy --to file:///root/cache $tool
      nix key convert-secret-to-public < secret
      rm -rf /nix/var/nix/profiles/mnix; nix-store --gc > /dev/null
    """
    done = rig.exec("sh", "-c", f"({script}) 2> /dev/null", bare=True)
    key = done.stdout.decode().strip()
    config = Path(os.environ["MNIX_SERVER_CONFIG"])
    # Where there is no network nix asks no cache, unless it is told to.
    text = config.read_text().replace("'sandbox = false'", "'sandbox = false', 'substitute = true'")
    config.write_text(
        f'{text}substituters = ["file:///root/cache"]\ntrusted_public_keys = ["{key}"]\n'
    )
    job = started(rig)
    assert over(job)["exit_code"] == 0, log(job)
    found = re.findall(rb'"start","fields":\["[^"]*wild-tool[^\n]*"type":(105|108)}', log(job))
    assert found == [b"108"]


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True)
