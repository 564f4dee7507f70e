"""What is typed into dialogs, and where it looks things up."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.link.sshconfig import hosts as ssh_hosts
from mnix_tui.ui import folders
from mnix_tui.ui.dialogs.checks import endpoint_problem, folder_problem, name_problem
from mnix_tui.ui.screens.command import commands
from mnix_tui.ui.screens.picker import Pick, ranked


def test_a_bad_name_comes_with_a_good_one() -> None:
    assert "use my-app?" in name_problem("My App", "project")
    assert name_problem("my-app", "project") == ""
    assert name_problem("", "project") == "A name is needed."
    assert "already" in name_problem("api", "project", {"api"})
    assert "reserved" in name_problem("local", "server")


@given(st.text(max_size=80))
def test_checks_never_fail(text: str) -> None:
    name_problem(text, "project")
    endpoint_problem(text)


def test_an_option_is_no_address() -> None:
    assert endpoint_problem("ssh://-oProxyCommand=touch x")
    assert endpoint_problem("dev@tokyo.example:2222") == ""


def test_a_folder_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").touch()
    (tmp_path / "code").mkdir()
    assert folder_problem("~/code") == ""
    assert folder_problem("~/nothing") == "There is no such folder."
    assert "file" in folder_problem("~/file")
    assert folder_problem("~")
    assert folder_problem("/")
    assert folder_problem("")


def test_folders_with_a_flake_come_first(tmp_path: Path) -> None:
    for name in ("apple", "beta", "Bread", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "beta" / "flake.nix").touch()
    (tmp_path / "bfile").touch()
    found = folders.listing(f"{tmp_path}/")
    assert found.names == ("beta", "apple", "Bread")
    assert found.flakes == {"beta"}
    assert folders.listing(f"{tmp_path}/b").names == ("beta", "Bread")
    assert folders.listing(f"{tmp_path}/.").names == (".hidden",)
    assert folders.listing(f"{tmp_path}/none/x").names == ()


def test_hosts_of_the_ssh_configuration(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.conf").write_text("Host included\n")
    config = tmp_path / "config"
    config.write_text(
        "Include more/*.conf\nHost tokyo lisbon\n  HostName %h.example\nhost=build\n"
        "  User ci\n  Port 2222\nHost *.example !no ?x\nUser nobody\nMatch host y\nUser nobody\n"
        "Host tokyo\n  HostName other\n  Port=22\n  ProxyJump bastion\nHost \xe9 \x1b[1m\n"
    )
    assert ssh_hosts.hosts(config) == {
        "included": "",
        "tokyo": "tokyo.example via bastion",
        "lisbon": "lisbon.example",
        "build": "ci@build:2222",
        "\xe9": "",
        "\x1b[1m": "",  # offered as it can be shown, never run
    }
    assert ssh_hosts.hosts(tmp_path / "none") == {}


def test_a_configuration_that_includes_itself_ends(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"Include config\nInclude {tmp_path}/*\nHost a\n")
    for number in range(300):
        (tmp_path / f"c{number:03}").write_text(f"Include {tmp_path}/*\nHost h{number}\n")
    os.mkfifo(tmp_path / "a pipe that nobody writes to")
    assert "a" in ssh_hosts.hosts(config)


def test_the_best_match_comes_first() -> None:
    picks = [Pick("1", "forecast @ tokyo"), Pick("2", "web @ tokyo"), Pick("3", "api @ lisbon")]
    assert next(pick.key for pick, _ in ranked("web", picks)) == "2"
    assert [pick.key for pick, _ in ranked("api lis", picks)] == ["3"]
    assert len(ranked("", picks)) == 3
    assert ranked("zzz", picks) == []


def test_the_palette_has_what_begins_with_what_is_typed_first() -> None:
    found = {
        typed: ranked(typed, commands(["mnix-dark"]))[0][0].name.partition(":")[0]
        for typed in ("tag", "push", "add server", "Start")
    }
    assert found == {"tag": "Tags", "push": "Push", "add server": "Add server", "Start": "Start"}
