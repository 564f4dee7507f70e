from pathlib import Path

import pytest

from mnix_tui.domain.servers import Endpoint
from mnix_tui.errors import ConfigError
from mnix_tui.link import sshconfig


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh" / "config"


def test_without_a_file_everything_is_open(config: Path) -> None:
    found = sshconfig.load(Endpoint("box"))
    assert found.text("Hostname") == ""
    assert found.texts("IdentityFile") is None


def test_a_host_block_is_found_by_its_alias(config: Path) -> None:
    config.write_text("Host box\n  HostName 10.0.0.7\n  Port 2200\n  User ann\n  ProxyJump hop\n")
    found = sshconfig.load(Endpoint("box"))
    assert (found.text("Hostname"), found.get("Port"), found.text("User")) == (
        "10.0.0.7",
        2200,
        "ann",
    )
    assert found.text("ProxyJump") == "hop"


def test_what_the_endpoint_says_wins(config: Path) -> None:
    config.write_text("Host *\n  Port 2200\n  User ann\n")
    found = sshconfig.load(Endpoint("box", "bob", 22))
    assert (found.get("Port"), found.text("User")) == (22, "bob")


@pytest.mark.parametrize(
    ("text", "seconds"), [("1m", 60), ("90", 90), ("1h30m", 5400), ("none", None)]
)
def test_times_are_read_as_openssh_does(config: Path, text: str, seconds: int | None) -> None:
    config.write_text(f"ServerAliveInterval {text}\nConnectTimeout {text}\n")
    found = sshconfig.load(Endpoint("box"))
    assert found.get("ServerAliveInterval") == seconds
    assert found.get("ConnectTimeout") == seconds


def test_key_files_that_are_not_there_are_passed_over(config: Path) -> None:
    (config.parent / "mine").write_text("key")
    config.write_text("IdentityFile ~/.ssh/mine\nIdentityFile ~/.ssh/gone\n")
    assert sshconfig.load(Endpoint("box")).texts("IdentityFile") == ["~/.ssh/mine"]


def test_tokens_that_openssh_knows_are_expanded(config: Path) -> None:
    (config.parent / "id_vault").write_text("key")
    config.write_text("HostKeyAlias vault\nIdentityFile %d/.ssh/id_%k\n")
    assert sshconfig.load(Endpoint("box")).texts("IdentityFile") == [
        str(config.parent / "id_vault")
    ]


def test_the_agent_may_be_named_by_a_variable(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_AGENT", "/run/agent")
    config.write_text("IdentityAgent $MY_AGENT\n")
    assert sshconfig.load(Endpoint("box")).text("IdentityAgent") == "/run/agent"
    config.write_text("IdentityAgent SSH_AUTH_SOCK\n")
    assert sshconfig.load(Endpoint("box")).get("IdentityAgent") is None


def test_options_that_nobody_knows_are_passed_over(config: Path) -> None:
    config.write_text("VisualHostKey yes\nFancyOption 3\nPort 2200\n")
    assert sshconfig.load(Endpoint("box")).get("Port") == 2200


@pytest.mark.parametrize(
    "text", ["Port twenty\n", "ForwardAgent\n", 'User "open\n', "ServerAliveInterval soon\n"]
)
def test_a_bad_line_is_named(config: Path, text: str) -> None:
    config.write_text("# first\n" + text)
    with pytest.raises(ConfigError) as caught:
        sshconfig.load(Endpoint("box"))
    assert "line 2" in caught.value.detail
    assert str(config) in caught.value.title
    assert caught.value.hint


def test_a_file_that_is_no_text_is_named(config: Path) -> None:
    config.write_bytes(b"Host \xff\xfe\n")
    with pytest.raises(ConfigError) as caught:
        sshconfig.load(Endpoint("box"))
    assert str(config) in caught.value.title
