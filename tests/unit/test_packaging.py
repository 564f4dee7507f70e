"""What is shipped, what is locked, and what the checkout promises about itself."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import server_agent

REPO = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())


def _pins(lock: str) -> dict[str, str]:
    text = (REPO / lock).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def _named(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=;\s]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_hashes_and_no_lock_names_a_host(lock: str) -> None:
    text = (REPO / lock).read_text()
    body = [line for line in text.splitlines() if not line.startswith("#")]
    entries = "\n".join(body).replace("\\\n", " ").splitlines()
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry
    for forbidden in ("://", "index-url", "find-links", "file:", " @ "):
        assert forbidden not in text


def test_the_locks_cover_what_pyproject_asks_for() -> None:
    groups = PROJECT["dependency-groups"]
    runtime = _named(PROJECT["project"]["dependencies"]) | _named(groups["build"])
    tools = _named([entry for entry in groups["dev"] if isinstance(entry, str)])
    assert runtime <= _pins("requirements.lock").keys()
    assert runtime | tools <= _pins("requirements-dev.lock").keys()


def test_both_locks_pin_the_same_versions() -> None:
    run, dev = _pins("requirements.lock"), _pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_exact_pins_of_pyproject_are_those_of_the_lock() -> None:
    requirements = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["build-system"]["requires"],
        *(entry for entry in PROJECT["dependency-groups"]["dev"] if isinstance(entry, str)),
    ]
    matches = [re.match(r"(\S+?)==([^;\s]+)", requirement) for requirement in requirements]
    exact = {found[1]: found[2] for found in matches if found}
    assert exact
    pins = _pins("requirements-dev.lock")
    assert {name: pins[name] for name in exact} == exact


def test_there_is_one_version() -> None:
    assert PROJECT["project"]["version"] == server_agent.__version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(argv, cwd=REPO, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_has_both_packages_and_the_styles(wheel: list[str]) -> None:
    sources = {
        str(path.relative_to(REPO))
        for package in ("mnix_tui", "server_agent")
        for path in (REPO / package).rglob("*.py")
    }
    styles = {f"mnix_tui/ui/styles/{path.name}" for path in (REPO / "styles").iterdir()}
    assert styles
    assert sources | styles <= set(wheel)


def test_the_wheel_has_nothing_else(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    info = f"mnix-{PROJECT['project']['version']}.dist-info"
    assert tops == {"mnix_tui", "server_agent", info}
    assert not [name for name in wheel if name.endswith((".pyc", ".orig"))]
    assert f"{info}/licenses/LICENSE" in wheel


def test_make_has_the_five_commands() -> None:
    makefile = (REPO / "Makefile").read_text()
    for command in ("setup", "run", "check", "test", "bench"):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command


def test_only_the_terminal_names_the_native_library() -> None:
    # It is loaded by name, which import-linter can't see.
    users = {
        path.relative_to(REPO).parts[1]
        for path in (REPO / "mnix_tui").rglob("*.py")
        if re.search(r"""["']pyghostty|import pyghostty""", path.read_text())
    }
    assert users == {"terminal"}
