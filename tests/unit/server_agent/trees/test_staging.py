"""Where transfers wait: claimed by whoever works on them, gone with them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from server_agent.protocol.errors import AgentError
from server_agent.trees import staging

if TYPE_CHECKING:
    from pathlib import Path


def test_a_client_keeps_its_things_in_a_folder_that_git_passes_over(tmp_path: Path) -> None:
    place = staging.own_folder(os.fspath(tmp_path))
    assert staging.own_folder(os.fspath(tmp_path)) == place
    assert place == os.fspath(tmp_path / ".mnix")
    assert (tmp_path / ".mnix" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / ".mnix").stat().st_mode & 0o777 == 0o700


def test_it_is_never_made_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    (root / ".mnix").symlink_to(outside)
    with pytest.raises(AgentError, match="is no folder"):
        staging.own_folder(os.fspath(root))
    (root / ".mnix").unlink()
    (root / ".mnix").write_text("a file of somebody's")
    with pytest.raises(AgentError, match="is no folder"):
        staging.own_folder(os.fspath(root))
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["incoming", "trash", "incoming/parts"])
def test_nor_is_what_is_in_it_reached_through_one(tmp_path: Path, name: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    link = root / ".mnix" / name
    link.parent.mkdir(parents=True)
    staging.check_own(os.fspath(root))
    link.symlink_to(outside)
    with pytest.raises(AgentError, match="is no folder"):
        staging.own_folder(os.fspath(root))
    with pytest.raises(AgentError, match="is no folder"):
        staging.check_own(os.fspath(root))


def test_a_place_is_claimed_while_it_is_used_and_stays_only_with_a_journal(tmp_path: Path) -> None:
    incoming = os.fspath(tmp_path / "in")
    with staging.place(incoming) as place:
        assert os.listdir(place) == [staging.TREE]
        assert staging.left(incoming) == []
        with pytest.raises(BlockingIOError), staging.claimed(place, tries=2):
            pass
    assert os.listdir(incoming) == []
    with staging.place(incoming) as place:
        (tmp_path / "in" / os.path.basename(place) / staging.JOURNAL).write_text("{}")
    assert staging.left(incoming) == [place]
    staging.remove(place)
    assert staging.left(incoming) == []


def test_a_place_that_somebody_clears_up_before_it_is_claimed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = staging.claimed
    gone: list[str] = []

    def late(path: str, tries: int = 1) -> object:
        if not gone:
            gone.append(path)
            os.rmdir(path)
        return claimed(path, tries)

    monkeypatch.setattr(staging, "claimed", late)
    with staging.place(os.fspath(tmp_path)) as place:
        assert os.listdir(tmp_path) == [os.path.basename(place)]
        with pytest.raises(BlockingIOError), claimed(place):
            pass
    assert os.listdir(tmp_path) == []


def test_what_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    for name in ("parts", "abcdefgh", "abcdefgi.new", "ABCDEFGH", "abcdefghi", "notes.txt"):
        (tmp_path / name).mkdir()
    (tmp_path / "aaaaaaaa").symlink_to(tmp_path / "parts")
    found = [os.path.basename(path) for path in staging.left(os.fspath(tmp_path))]
    assert found == ["abcdefgh", "abcdefgi.new"]
    assert staging.left(os.fspath(tmp_path / "none")) == []
    assert staging.is_token(staging.new_token())


@pytest.mark.parametrize(("number", "code"), [(28, "no-space"), (122, "no-space"), (5, "error")])
def test_a_full_disk_is_said_as_one(number: int, code: str) -> None:
    assert staging.translated(OSError(number, os.strerror(number))).code == code
