"""The trash, as it is listed, and what of it is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mnix_tui.cli.trash import ID, lines, pick
from mnix_tui.domain.sync import Trashed
from mnix_tui.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ENTRIES = [
    Trashed("20261121-11-aa", 1e9, "laptop", "src/a", "f", 2048),
    Trashed("20261121-11-aa", 1e9, "laptop", "src/b\x1b", "l", 0),
    Trashed("20261120-10-bb", 1e9, "", "src", "d", 0),
    Trashed("20261120-10-bb", 1e9, "", "src/a", "f", 10),
]


def test_each_transfer_is_listed_with_its_paths() -> None:
    found = lines(ENTRIES)
    assert found[0].startswith("20261121-11-aa  2001-09-")
    assert found[0].endswith(" by laptop: 2 paths, 2.0 KiB")
    assert found[1:3] == ["     2.0 KiB  src/a", "        link  src/b\\x1b"]
    assert found[3].endswith("): 2 paths, 10 B")
    assert found[4:] == ["      folder  src", "        10 B  src/a"]


def test_a_terminal_is_not_flooded() -> None:
    many = [Trashed("id", 1e9, "", f"{at:03}", "f", 1) for at in range(500)]
    found = lines(many, 8)
    assert len(found) == 10
    assert found[-1].endswith("… and 492 more: mnix trash list --all")
    assert len(lines(many)) == 501


def test_what_is_not_listed_is_told() -> None:
    found = lines([Trashed("id", 1e9, "", "out/a", "f", 1, of=3000)], 8)
    assert found[0].endswith(": 3,000 paths")
    assert found[-1].endswith("… and 2999 more: mnix trash list PATH")


class Asked:
    """A trash that says what is at or below paths."""

    def __init__(self, entries: Sequence[Trashed]) -> None:
        self.entries = entries
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, paths: Sequence[str]) -> list[Trashed]:
        self.asked.append(tuple(paths))
        tops = paths or [""]
        return [
            each
            for each in self.entries
            if any(not top or f"{each.path}/".startswith(f"{top}/") for top in tops)
        ]


async def test_paths_are_asked_for_as_they_are_called_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    folder, look = str(tmp_path), Asked(ENTRIES)
    assert await pick(look, "2026", ["src/a"], folder) == ["src/a"]
    assert look.asked == [("src/a", "src/src/a")]
    assert await pick(look, "", ["a", ".."], folder) == ["src/a", ""]
    assert await pick(look, "2026", []) == []
    with pytest.raises(NotFound, match="Nothing in the trash has the ID x"):
        await pick(Asked([]), "x", ["src"])
    with pytest.raises(NotFound, match="not in the trash under 2026") as said:
        await pick(look, "2026", ["src/c"])
    assert said.value.hint == "did you mean src/a?"
    with pytest.raises(NotFound, match=r"/nowhere is not in the trash$"):
        await pick(look, "", ["/nowhere"], folder)


def test_an_id_looks_like_a_date() -> None:
    for fit in ("2026", "2026-11-21T1502", "2026-11-21T150252Z-i4ztgyvx"):
        assert ID.fullmatch(fit)
    for unfit in ("out", "./2026", "2026/a", "20notes", "2026.txt"):
        assert not ID.fullmatch(unfit)
