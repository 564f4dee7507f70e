"""The flake evaluates without a network: nixpkgs is a stub that has what the flake may use."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.needs("nix")

SYSTEMS = ["aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux"]
_REPO = Path(__file__).parents[2]
_SOURCES = ("flake.nix", "pyproject.toml", "requirements.lock")


@pytest.fixture(scope="module")
def nix(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a function that runs nix on a copy of the flake, with a store of its own."""
    folder = tmp_path_factory.mktemp("flake")
    source = folder / "source"
    source.mkdir()
    for name in _SOURCES:
        shutil.copy(_REPO / name, source / name)
    registry = folder / "registry.json"
    registry.write_text('{"flakes":[],"version":2}')
    config = {
        "experimental-features": "nix-command flakes",
        "build-users-group": "",
        "substituters": "",
        "flake-registry": str(registry),
        "warn-dirty": "false",
    }
    env = os.environ | {
        "NIX_CONFIG": "".join(f"{key} = {value}\n" for key, value in config.items()),
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }

    def run(command: str, *args: str, attribute: str = "") -> Any:
        stub = f"path:{_REPO / 'tests/fleet/stub-nixpkgs'}"
        where = ["--store", str(folder / "store"), "--override-input", "nixpkgs", stub]
        argv = ["nix", *command.split(), f"path:{source}{attribute}", "--json"]
        done = subprocess.run(
            [*argv, *where, "--no-write-lock-file", *args],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_the_outputs_are_a_package_an_app_and_a_shell_for_each_system(nix: Any) -> None:
    shown = nix("flake show")
    assert {output: sorted(shown[output]) for output in shown} == {
        "apps": SYSTEMS,
        "devShells": SYSTEMS,
        "packages": SYSTEMS,
    }
    for system in SYSTEMS:
        assert shown["packages"][system]["default"]["name"] == "mnix"
        assert shown["apps"][system]["default"] == {"type": "app"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_everything_evaluates_to_derivations(nix: Any, system: str) -> None:
    for output in ("packages", "devShells"):
        path = nix("eval", attribute=f"#{output}.{system}.default.drvPath")
        assert path.endswith(".drv")
    program = nix("eval", attribute=f"#apps.{system}.default.program")
    assert program.endswith("/bin/mnix")


def test_the_package_has_the_version_and_dependencies_of_pyproject(nix: Any) -> None:
    project = tomllib.loads((_REPO / "pyproject.toml").read_text())["project"]
    attribute = "#packages.x86_64-linux.default.passthru"
    assert nix("eval", attribute=f"{attribute}.version") == project["version"]
    names = nix(
        "eval", "--apply", "map (d: d.passthru.pname)", attribute=f"{attribute}.dependencies"
    )
    wanted = [requirement.split(">")[0].split("=")[0] for requirement in project["dependencies"]]
    assert sorted(names) == sorted(wanted)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_wheel_is_one_that_the_lock_knows(nix: Any, system: str) -> None:
    lock = (_REPO / "requirements.lock").read_text()
    wheel = '(builtins.head (builtins.filter (d: d.passthru.pname == "pyghostty") all)).passthru'
    attribute = f"#packages.{system}.default.passthru.dependencies"
    version = nix("eval", "--apply", f"all: {wheel}.version", attribute=attribute)
    assert lock.count(f"\npyghostty=={version} ") == 1
    digest = nix("eval", "--apply", f"all: {wheel}.src.sha256", attribute=attribute)
    entry = re.search(r"^pyghostty==.*\n((?: +--hash=.*\n)+)", lock, re.MULTILINE)
    assert entry is not None
    assert f"--hash=sha256:{digest}" in entry[1]
