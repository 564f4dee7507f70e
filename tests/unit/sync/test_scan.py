"""What is sent: git's files, or what .gitignore leaves; what is left out is said."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from mnix_tui.errors import NotFound, SyncError, UsageError
from mnix_tui.sync import find_flakes, find_root, scan


def make(root: Path, *paths: str) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return root


def git(folder: Path, *args: str) -> None:
    identity = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@t.invalid",
        "-c",
        "protocol.file.allow=always",
    ]
    subprocess.run(["git", *identity, *args], cwd=folder, check=True, capture_output=True)


def sent(root: Path) -> set[str]:
    return {entry.path for entry in scan(root).entries}


@pytest.mark.needs("git")
def test_pypi_hole_8_in_a_repository_git_decides(tmp_path: Path) -> None:
    make(tmp_path, "a", "new", "build/x", "deep/keep", "deep/x.log", ".env")
    (tmp_path / ".gitignore").write_text("build/\n.env\n")
    (tmp_path / "deep/.gitignore").write_text("*.log\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "a")
    (tmp_path / ".git/info/exclude").write_text("new\n")
    assert sent(tmp_path) == {"a", "deep/keep", ".gitignore", "deep/.gitignore"}


@pytest.mark.needs("git")
def test_a_deleted_file_is_not_sent_and_an_ignored_but_tracked_one_is(tmp_path: Path) -> None:
    make(tmp_path, "gone", "tracked")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    (tmp_path / "gone").unlink()
    (tmp_path / ".gitignore").write_text("tracked\n")
    assert sent(tmp_path) == {"tracked", ".gitignore"}


@pytest.mark.needs("git")
def test_submodules_and_nested_repositories_are_sent_as_files(tmp_path: Path) -> None:
    other = make(tmp_path / "other", "lib", "trash.o")
    (other / ".gitignore").write_text("*.o\n")
    git(other, "init", "-q")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "x")
    root = make(tmp_path / "root", "a", "nested/n")
    git(root, "init", "-q")
    git(root / "nested", "init", "-q")
    git(root, "submodule", "--quiet", "add", str(other), "sub")
    assert {"a", "nested/n", "sub/lib", "sub/.gitignore"} <= sent(root)
    assert not any(".git/" in path or path.endswith((".o", "/.git")) for path in sent(root))


@pytest.mark.needs("git")
def test_a_folder_that_its_repository_ignores_is_still_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "ignored/a")
    (tmp_path / ".gitignore").write_text("*\n")
    git(tmp_path, "init", "-q")
    assert sent(tmp_path / "ignored") == {"a"}


@pytest.mark.needs("git")
def test_another_repository_in_the_environment_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a")
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    assert sent(tmp_path) == {"a"}


def test_without_git_the_rules_of_every_level_decide(tmp_path: Path) -> None:
    make(tmp_path, "a", "x.log", "deep/x.log", "deep/y.log", "deep/er/z.log", "out/a", "deep/out/b")
    (tmp_path / ".gitignore").write_text("*.log\n/out/\n")
    (tmp_path / "deep/.gitignore").write_text("!x.log\n")
    assert sent(tmp_path) == {"a", "deep/x.log", "deep/out/b", ".gitignore", "deep/.gitignore"}


@pytest.mark.parametrize("where", ["missing", "refusing"])
def test_a_git_that_can_not_be_asked_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    root = make(tmp_path / "root", "a", "b.log", ".git/HEAD")
    (root / ".gitignore").write_text("*.log\n")
    if where == "missing":
        monkeypatch.setenv("PATH", str(tmp_path))
    found = scan(root)
    assert {entry.path for entry in found.entries} == {"a", ".gitignore"}
    assert any(".gitignore files were asked" in note for note in found.notes)


def test_pypi_hole_8_what_is_no_file_is_left_out_and_said(tmp_path: Path) -> None:
    make(tmp_path, "a", "sub/b")
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock"))
    (tmp_path / "sub/in").symlink_to("../a")
    (tmp_path / "sub/dangling").symlink_to("nowhere")
    (tmp_path / "sub/out").symlink_to("../../b")
    (tmp_path / "abs").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("sub")
    found = scan(tmp_path)
    links = {entry.path: entry.target for entry in found.entries if entry.target}
    assert links == {"sub/in": "../a", "sub/dangling": "nowhere", "folder": "sub"}
    assert {entry.path for entry in found.entries} - links.keys() == {"a", "sub/b"}
    text = "\n".join(found.notes)
    assert "fifo was left out: it is a FIFO" in text
    assert "sock was left out: it is a socket" in text
    assert "sub/out was left out: it is a link that points out" in text
    assert "abs was left out: it is a link that points out" in text


def test_pypi_hole_8_secrets_are_not_sent_without_a_word(tmp_path: Path) -> None:
    make(tmp_path, ".env", "deep/.env.production", ".env.example")
    text = "\n".join(scan(tmp_path).notes)
    assert ".env is sent" in text
    assert "deep/.env.production is sent" in text
    assert ".env.example is sent" not in text


def test_a_name_that_is_not_utf8_is_sent(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff\n"
    os.close(os.open(raw, os.O_CREAT))
    assert [os.fsencode(entry.path) for entry in scan(tmp_path).entries] == [b"\xff\n"]


def test_a_root_that_vanished_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SyncError, match="can't be read"):
        scan(tmp_path / "gone")
    with pytest.raises(SyncError):
        scan(make(tmp_path, "file") / "file")


@pytest.mark.needs("git")
def test_pypi_hole_8_a_flake_in_a_subfolder_takes_the_repository_along(tmp_path: Path) -> None:
    make(tmp_path, "nix/flake.nix", "src/main.py")
    git(tmp_path, "init", "-q")
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


def test_the_likeliest_flake_is_first(tmp_path: Path) -> None:
    make(tmp_path, "x/flake.nix", "nix/flake.nix", "node_modules/a/flake.nix", ".git/flake.nix")
    assert find_flakes(tmp_path) == ["nix/flake.nix", "x/flake.nix"]
    make(tmp_path, "flake.nix")
    assert find_flakes(tmp_path)[0] == "flake.nix"
