"""What nix is given to look at."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from server_agent.adapters.nix_scripts import BUILD

if TYPE_CHECKING:
    from pathlib import Path

# Can't take a folder through a filter, and lists the one it is given then.
NIX = """#!/bin/sh
case $1 in
  --version) echo "nix (Nix) 2.20.0" ;;
  print-dev-env) for last; do :; done; cd "${last#path:}" && find . ! -type d | sort ;;
  *) exit 1 ;;
esac
"""


@pytest.mark.parametrize("repositories", [(".git",), ("sub/.git", "lib/deep/.git"), ()])
def test_no_repository_s_own_files_are_given_to_nix(
    tmp_path: Path, repositories: tuple[str, ...]
) -> None:
    top, tools, out = tmp_path / "ws", tmp_path / "tools", tmp_path / "out"
    tools.mkdir()
    (tools / "nix").write_text(NIX)
    (tools / "nix").chmod(0o755)
    for folder in ("sub", "lib/deep", *repositories):
        (top / folder).mkdir(parents=True, exist_ok=True)
        (top / folder / "HEAD").write_text("x")
    (top / "flake.nix").write_text("{}")
    words = [tmp_path / "profile", out, "", "", top, "", "", "", f"path:{top}", ""]
    subprocess.run(
        ["sh", "-c", BUILD, "mnix", *map(str, words), tmp_path / "tmp", top],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        check=False,
        timeout=30,
    )
    assert out.read_text().split() == ["./flake.nix", "./lib/deep/HEAD", "./sub/HEAD"]
