"""What a path on the command line means."""

import os
from pathlib import Path

import pytest

from mnix_tui.cli import paths
from mnix_tui.errors import NotFound, UsageError

KNOWN = ("README", "src/README", "src/a b", "src/lib/x.py", "odd\udcff")


@pytest.mark.parametrize(
    ("typed", "cwd", "found"),
    [
        ("README", "/p", {"README"}),
        ("README", "/elsewhere", {"README"}),
        ("./README", "/p/src", {"src/README"}),
        ("../README", "/p/src", {"README"}),
        ("x.py", "/p/src/lib", {"src/lib/x.py"}),
        ("src/lib/x.py", "/p/src", {"src/lib/x.py"}),
        ("src", "/", {"src/README", "src/a b", "src/lib/x.py"}),
        ("src/", "/p", {"src/README", "src/a b", "src/lib/x.py"}),
        (".", "/p/src/lib", {"src/lib/x.py"}),
        ("..", "/p/src", set(KNOWN)),
        ("/p/README", "/elsewhere", {"README"}),
        ("/q/README", "/p", set()),
        ("../q", "/p", set()),
        (".", "/elsewhere", set()),
        ("odd\udcff", "/p", {"odd\udcff"}),
        ("nothing", "/p", set()),
        ("READ", "/p", set()),
    ],
)
def test_a_path_is_read_from_the_projects_folder_and_from_here(
    typed: str, cwd: str, found: set[str]
) -> None:
    assert paths.meant(typed, KNOWN, "/p", cwd) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (r"odd/a\nb", {"odd/a\nb"}),
        (r"odd/\xff\xfe", {"odd/\udcff\udcfe/x"}),
        (r"a\nb", {r"a\nb"}),
        (r"odd/c\nd", set()),
    ],
)
def test_a_path_is_taken_as_it_is_printed(typed: str, found: set[str]) -> None:
    known = ("odd/a\nb", "odd/\udcff\udcfe/x", "a\nb", r"a\nb")
    assert paths.meant(typed, known) == found
    assert found <= set(known) & {*paths.spellings(typed), "odd/\udcff\udcfe/x"}


def test_a_path_that_means_two_things_is_asked_about() -> None:
    with pytest.raises(UsageError) as said:
        paths.meant("README", KNOWN, "/p", "/p/src")
    assert said.value.title == "README is README, and seen from this folder src/README"
    assert "./README" in said.value.hint


def test_a_folder_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real/src").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    found = paths.meant("README", ["src/README"], str(tmp_path / "link"), f"{tmp_path}/real/src")
    assert found == {"src/README"}


def test_without_a_folder_only_what_is_printed_counts() -> None:
    assert paths.meant("README", KNOWN, "", os.sep) == {"README"}
    assert paths.meant("./README", KNOWN, "", os.sep) == set()


def test_the_nearest_path_is_named() -> None:
    with pytest.raises(NotFound) as said:
        paths.require("src/REDME", KNOWN, "is in no conflict", "/p", "mnix conflicts")
    assert str(said.value) == "src/REDME is in no conflict"
    assert said.value.hint == "did you mean src/README?"
    with pytest.raises(NotFound) as said:
        paths.require("\x1b[31m", KNOWN, "is in no conflict", "/p", "mnix conflicts")
    assert str(said.value) == "\\x1b[31m is in no conflict"
    assert said.value.hint == "mnix conflicts lists what there is"
