import os
import pwd
from pathlib import Path

import pytest

import mnix_tui.link
from mnix_tui.domain.servers import Endpoint
from mnix_tui.errors import ConfigError
from mnix_tui.link.sshconfig import config as sshconfig
from mnix_tui.link.sshconfig import reader as sshreader
from mnix_tui.link.sshconfig import tokens as sshtokens
from mnix_tui.link.sshconfig.options import PARSERS, UNUSED


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh" / "config"


def test_without_a_file_everything_is_open(config: Path) -> None:
    found = sshconfig.load(Endpoint("box"), config.parent / "no-system")
    assert (found.host, found.port) == ("box", 22)
    assert found.texts("IdentityFile") is None
    assert found.origins == {}


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
    (config.parent / "held-by-the-agent.pub").write_text("key")
    with config.open("a") as file:
        file.write("IdentityFile ~/.ssh/held-by-the-agent\n")
    found = sshconfig.load(Endpoint("box"))
    folder = config.parent
    assert found.identities() == [str(folder / "mine"), str(folder / "held-by-the-agent")]
    assert found.missing == (str(folder / "gone"),)


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
    assert caught.value.title == "SSH config, line 2, can't be used"  # a row has few columns
    assert caught.value.detail.startswith(f"{config}:2: ")
    assert caught.value.hint


def test_bytes_that_are_no_text_spoil_only_what_they_are_for(config: Path) -> None:
    config.write_bytes(
        b"# \xe9\nHost \xff\xfe\n  User \xff\n\x00\xffHost *\nHost box\n Port 2200\n"
    )
    assert sshconfig.load(Endpoint("box")).port == 2200
    config.write_bytes(b"Host box\n  User \xe9\x1b[31m\n")
    with pytest.raises(ConfigError, match=r"line 2, .*: User .*UTF-8") as caught:
        sshconfig.load(Endpoint("box"))
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_to_is_not_trusted(config: Path, mode: int) -> None:
    config.write_text("ProxyCommand evil\n")
    config.chmod(mode)
    with pytest.raises(ConfigError, match="others may write") as caught:
        sshconfig.load(Endpoint("box"))
    assert f"chmod 600 {config}" in caught.value.hint


def test_a_folder_in_place_of_the_file_says_nothing(config: Path) -> None:
    config.mkdir()
    assert sshconfig.load(Endpoint("box")).port == 22


def test_a_program_of_match_exec_runs_once_and_never_for_long(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tmp_path / "count"
    config.write_text(
        f'Match exec "echo >>{count}"\n Port 1\nMatch exec "echo >>{count}"\n User x\n'
    )
    found = sshconfig.load(Endpoint("box"))
    assert (found.port, found.user, count.read_text()) == (1, "x", "\n")
    monkeypatch.setattr(sshreader, "EXEC_TIME", 0.05)
    config.write_text('Match host other exec "sleep 60"\n Port 1\nMatch host box exec "sleep 60"\n')
    with pytest.raises(ConfigError, match="line 3"):
        sshconfig.load(Endpoint("box"))


def test_where_home_is_nowhere_the_one_of_passwd_counts(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sshtokens.home() == config.parent.parent
    monkeypatch.setenv("HOME", "/homeless-shelter")
    assert sshtokens.home() == Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_each_option_that_is_read_is_used_or_listed_as_unused() -> None:
    link = Path(mnix_tui.link.__file__).parent
    files = [file for file in link.rglob("*.py") if file.name != "options.py"]
    code = "\n".join(file.read_text() for file in files)
    unused = {name for name in PARSERS if f'"{name}"' not in code}
    assert unused == set(UNUSED)
