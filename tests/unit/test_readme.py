"""The README keeps up with what it explains."""

import dataclasses
import re
from pathlib import Path

import pytest

from mnix_tui.cli.root import COMMANDS
from mnix_tui.config import ClientConfig
from server_agent.core.config import ServerConfig
from server_agent.protocol.mnixtoml import Settings


@pytest.mark.parametrize("settings", [ClientConfig, Settings, ServerConfig])
def test_every_setting_is_in_a_table(repo: Path, settings: type) -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", (repo / "README.md").read_text(), re.MULTILINE))
    keys = {field.name for field in dataclasses.fields(settings)} - {"path", "warnings"}
    assert keys - rows == set()


def test_every_command_is_named(repo: Path) -> None:
    text = (repo / "README.md").read_text()
    assert [name for name in COMMANDS if not re.search(rf"[`·] ?`?(mnix )?{name}\b", text)] == []


def test_its_picture_is_there(repo: Path) -> None:
    pictures = re.findall(r"!\[.*?]\((.*?)\)", (repo / "README.md").read_text())
    assert pictures
    assert [path for path in pictures if not (repo / path).is_file()] == []
