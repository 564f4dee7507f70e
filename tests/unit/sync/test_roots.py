"""Which folder a flake belongs to, and which flakes a folder has."""

import subprocess
from pathlib import Path

import pytest

from mnix_tui.errors import NotFound, UsageError
from mnix_tui.sync.roots import find_flakes, find_root


def make(root: Path, *paths: str) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return root


@pytest.mark.needs("git")
def test_pypi_hole_8_a_flake_in_a_subfolder_takes_the_repository_along(tmp_path: Path) -> None:
    make(tmp_path, "nix/flake.nix", "src/main.py")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    root = find_root(tmp_path / "nix/flake.nix")
    assert (root.folder, root.flake) == (tmp_path, "nix/flake.nix")
    root = find_root(tmp_path / "nix")
    assert (root.folder, root.flake) == (tmp_path, "nix/flake.nix")


def test_without_a_repository_the_current_folder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "nix/flake.nix")
    assert find_root(tmp_path / "nix/flake.nix").folder == tmp_path / "nix"
    monkeypatch.chdir(tmp_path)
    root = find_root(Path("nix/flake.nix"))
    assert (root.folder, root.flake) == (tmp_path, "nix/flake.nix")


def test_a_home_folder_is_never_sent_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "home/code/api/flake.nix")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in (tmp_path / "home", tmp_path):
        monkeypatch.chdir(folder)
        assert find_root(tmp_path / "home/code/api").folder == tmp_path / "home/code/api"


def test_a_flake_that_is_none_or_elsewhere_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "flake.nix", "other.nix", "sub/x")
    with pytest.raises(NotFound):
        find_root(tmp_path / "sub")
    with pytest.raises(UsageError):
        find_root(tmp_path / "other.nix")
    with pytest.raises(UsageError):
        find_root(tmp_path / "flake.nix", tmp_path / "sub")
    with pytest.raises(NotFound) as missing:
        find_root(tmp_path / "sub/sub", tmp_path / "sub")
    assert missing.value.title == f"There is no {tmp_path}/sub/sub"
    assert missing.value.detail == f"the flake's path counts from {tmp_path}/sub"


def test_the_likeliest_flake_is_first(tmp_path: Path) -> None:
    make(tmp_path, "x/flake.nix", "nix/flake.nix", "node_modules/a/flake.nix", ".git/flake.nix")
    assert find_flakes(tmp_path) == ["nix/flake.nix", "x/flake.nix"]
    make(tmp_path, "flake.nix")
    assert find_flakes(tmp_path)[0] == "flake.nix"
