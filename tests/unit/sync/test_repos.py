"""One repository that is asked while somebody works in it."""

import subprocess
from pathlib import Path

from mnix_tui.sync.repos import Repo


def test_a_file_that_is_made_while_git_lists_is_not_taken_for_ignored(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.log\n")
    early = [f"early{number}" for number in range(64)]
    for name in early:
        (tmp_path / name).touch()
    asked = Repo(str(tmp_path), "")
    try:
        # So many that all of the repository is listed; what is made later is not in that list.
        assert asked.choose("", [(name, False) for name in early]) == set(early)
        (tmp_path / "late.txt").touch()
        (tmp_path / "late.log").touch()
        assert asked.choose("", [("late.txt", False), ("late.log", False)]) == {"late.txt"}
    finally:
        asked.close()
