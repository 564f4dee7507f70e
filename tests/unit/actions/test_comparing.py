"""The drift report: what differs, to read."""

import os
from pathlib import Path

from mnix_tui.actions.comparing import MAX_DIFF, compare, read_local, report
from mnix_tui.domain.drift_report import DriftReport
from tests.unit.actions.test_locks import lock, locked


def test_a_text_differs_by_its_lines() -> None:
    found = compare("flake.nix", "a\nb\nc\n", "a\nB\x1b[2J\nc\n")
    assert found is not None
    assert found.diff == (
        "--- flake.nix before",
        "+++ flake.nix now",
        "@@ -1,3 +1,3 @@",
        " a",
        "-b",
        "+B [2J",
        " c",
    )
    assert found.inputs == ()


def test_a_lock_file_differs_by_its_inputs_else_by_its_lines() -> None:
    before, after = (lock({"nixpkgs": "n"}, n=locked(rev)) for rev in "ab")
    found = compare("flake.lock", before, after)
    assert found is not None
    assert found.inputs == ("nixpkgs: aaaaaaa (2025-06-15) → bbbbbbb (2025-06-15)",)
    assert found.diff == ()
    broken = compare("flake.lock", "{", "[")
    assert broken is not None
    assert "-{" in broken.diff
    assert "+[" in broken.diff


def test_a_missing_file_differs_from_an_empty_one() -> None:
    assert compare("mnix.toml", None, None) is None
    assert compare("mnix.toml", "", None) is not None
    new = compare("mnix.toml", None, "store = 'x'\n")
    assert new is not None
    assert new.diff[0] == "--- none"
    assert "+store = 'x'" in new.diff


def test_a_huge_difference_is_cut_and_too_long_a_file_only_said() -> None:
    old, new = ("\n".join(f"{tag}{n}" for n in range(3000)) for tag in "ab")
    found = compare("flake.nix", old, new)
    assert found is not None
    assert len(found.diff) == MAX_DIFF
    assert found.more > 4000
    long = compare("flake.nix", "x\n" * 100_000, "y\n" * 100_000)
    assert long is not None
    assert long.diff == ("100000 lines before, 100000 now: too many to compare one by one",)


def test_the_report_knows_both_steps() -> None:
    there = {"flake.nix": "b\n", "flake.lock": "{}", "mnix.toml": None}
    found = report({"flake.nix": "c\n"}, there, {**there, "flake.nix": "a\n"})
    assert [one.name for one in found.unpushed] == ["flake.nix"]
    assert "+c" in found.unpushed[0].diff
    assert [one.name for one in found.unbuilt] == ["flake.nix"]
    assert "-a" in found.unbuilt[0].diff
    assert report({"flake.nix": "c"}, {}, {}) == DriftReport()
    assert not report({}, there, {})


def test_the_files_here_are_read_where_they_belong(tmp_path: Path) -> None:
    (tmp_path / "nix").mkdir()
    (tmp_path / "nix" / "flake.nix").write_bytes(b"{ \xff }")
    (tmp_path / "flake.lock").write_text("of another flake")
    (tmp_path / "mnix.toml").write_text("memory = '1g'")
    os.mkfifo(tmp_path / "nix" / "flake.lock")
    assert read_local(tmp_path, "nix/flake.nix") == {
        "flake.nix": "{ � }",
        "mnix.toml": "memory = '1g'",
    }
