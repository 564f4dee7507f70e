"""The trash, as it is listed, and what of it is meant."""

import pytest

from mnix_tui.cli.trash import lines, pick
from mnix_tui.domain.sync import Trashed
from mnix_tui.errors import NotFound, UsageError

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


def test_ids_may_be_short_and_folders_mean_what_was_in_them() -> None:
    assert pick(ENTRIES, "20261121", ["src/a"]) == ("20261121-11-aa", ["src/a"])
    assert pick(ENTRIES, "20261120", ["src"]) == ("20261120-10-bb", ["src", "src/a"])
    assert pick(ENTRIES, "20261120", []) == ("20261120-10-bb", ["src", "src/a"])
    with pytest.raises(UsageError, match="Several IDs begin with 2026"):
        pick(ENTRIES, "2026", ["src"])
    with pytest.raises(NotFound, match="Nothing in the trash has the ID x"):
        pick(ENTRIES, "x", ["src"])
    with pytest.raises(NotFound) as said:
        pick(ENTRIES, "20261121", ["src/c"])
    assert said.value.hint == "did you mean src/a?"
