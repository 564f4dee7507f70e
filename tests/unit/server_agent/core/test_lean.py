"""The start of the agent imports little: every `exec` waits for it."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "argparse",
    "asyncio",
    "dataclasses",
    "json",
    "re",
    "subprocess",
    "typing",
    "socket",
    "tarfile",
}
SEEN = "import sys; sys.path.insert(0, sys.argv.pop(1))\n{}\nprint(*sorted(sys.modules))"


def modules(repo: Path, code: str, *args: str) -> set[str]:
    argv = [sys.executable, "-I", "-S", "-c", SEEN.format(code), str(repo), *args]
    return set(subprocess.run(argv, capture_output=True, check=True, text=True).stdout.split())


def test_exec_imports_nothing_heavy(repo: Path) -> None:
    found = modules(repo, "import server_agent.cli, server_agent.core.execing")
    assert found & HEAVY == set()


def test_the_way_that_exec_takes_when_all_is_well_imports_nothing_heavy(
    repo: Path, tmp_path: Path
) -> None:
    # `true` stands for the command line of podman: what matters here is what we import for it.
    code = (
        "import os; from server_agent.core import execing, inner\n"
        "folder = execing._folder('abcdefgh'); os.makedirs(folder + '/run')\n"
        "inner.write_box(folder, 'podman', 'true', 'box', str(os.getpid()), inner.started(os.getpid()))\n"
        "assert execing.main(['--project', 'abcdefgh', '--nonce', 'n', '--', 'x']) == 0\n"
    )
    assert modules(repo, code) & HEAVY == set()


@pytest.mark.parametrize("part", ["server_agent.core.upload", "server_agent.core.usecases"])
def test_nothing_imports_asyncio_or_argparse(repo: Path, part: str) -> None:
    assert modules(repo, f"import {part}") & {"argparse", "asyncio"} == set()


def test_a_scan_without_rules_imports_no_pathspec(repo: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from server_agent.trees import index, rules, scan\n"
        "chooser = rules.RuleChooser(sys.argv[1])\n"
        "scan.scan(sys.argv[1], index.Index(), chooser, eager=lambda path, size: True)"
    )
    (tmp_path / "file").write_text("x")
    without = modules(repo, code, str(tmp_path))
    assert without & {"argparse", "asyncio", "dataclasses", "subprocess", "tarfile"} == set()
    assert not [name for name in without if "pathspec" in name]
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert [name for name in modules(repo, code, str(tmp_path)) if "_vendor.pathspec" in name]


def test_a_sync_that_finds_nothing_new_imports_nothing_heavy(repo: Path, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n")
    code = (
        "from server_agent.core import syncing\n"
        "from server_agent.trees import rules\n"
        f"rules.RuleChooser({str(tmp_path)!r}, ['*.o'])\n"
    )
    heavy = {*(HEAVY - {"re", "json", "typing"}), "inspect", "pathlib", "tempfile"}
    found = modules(repo, code)
    assert found & heavy == set()
    assert not [name for name in found if "pathspec" in name]


def test_the_state_of_what_runs_imports_no_adapter_and_nothing_heavy(repo: Path) -> None:
    code = (
        "import os; from server_agent.core import inner, projects, usecases\n"
        "from server_agent.control import dispatch, watch\n"
        "box = {'id': 'box', 'name': 'mnix-api', 'mountpoint': '/nowhere'}\n"
        "project = projects.Project('abcdefgh', 'api', box=box)\n"
        "os.makedirs(project.folder); projects.save(project)\n"
        "pid = os.getpid()\n"
        "inner.write_box(project.folder, 'podman', 'podman', 'box', str(pid), inner.started(pid))\n"
        "assert dispatch.state()['projects'][0]['state'] == 'running'\n"
    )
    found = modules(repo, code)
    assert found & {*(HEAVY - {"re", "json", "typing"}), "inspect", "shutil", "tomllib"} == set()
    assert not [name for name in found if name.startswith("server_agent.adapters")]
