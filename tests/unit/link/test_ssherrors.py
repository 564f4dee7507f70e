import errno
import socket
from pathlib import Path

import asyncssh
import pytest

from mnix_tui.domain.servers import Endpoint
from mnix_tui.errors import (
    AgentUnusable,
    ConfigError,
    LoginRefused,
    LoginWaits,
    MnixError,
    Refused,
    Unreachable,
)
from mnix_tui.link import LinkOptions
from mnix_tui.link.login.findings import Findings
from mnix_tui.link.login.login import Login
from mnix_tui.link.model import SecretQuestion
from mnix_tui.link.sshconfig import config as sshconfig
from mnix_tui.link.ssherrors import explain, login_refused
from mnix_tui.ui.problems import problem

BOX = Endpoint("box.lab", "ann", 2222)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("error", "kind", "title"),
    [
        (TimeoutError(), Unreachable, "box: no answer"),
        (socket.gaierror(-2, "Name or service not known"), Unreachable, "box: unknown host"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary"), Unreachable, "box: no name service"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Unreachable, "box: no route"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Unreachable, "box: no network"),
        (ConnectionRefusedError(111, "refused"), Unreachable, "box: connection refused"),
        (TimeoutError(errno.ETIMEDOUT, "timed out"), Unreachable, "box: no answer"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] Connect"),
            Unreachable,
            "box: connection refused",
        ),
        (OSError("something odd"), Unreachable, "box: unreachable"),
        (asyncssh.ConnectionLost("Connection lost"), Unreachable, "box: connection lost"),
        (asyncssh.PermissionDenied("Permission denied"), LoginRefused, "box: login refused"),
        (
            asyncssh.DisconnectError(2, "Too many authentication failures"),
            LoginRefused,
            "box: login refused",
        ),
        (asyncssh.KeyExchangeFailed("No matching"), Refused, "box: no common algorithm"),
        (asyncssh.ChannelOpenError(2, "refused"), Unreachable, "box: no way through"),
        (PermissionError(13, "Permission denied", "/k"), ConfigError, "box: a file can't be used"),
        (
            asyncssh.KeyImportError("Invalid private key"),
            ConfigError,
            "box: the SSH configuration can't be used",
        ),
        (KeyError("what"), AgentUnusable, "box: SSH failed"),
    ],
)
def test_each_failure_has_its_name(error: Exception, kind: type[MnixError], title: str) -> None:
    found = explain(error, "box", sshconfig.load(BOX))
    assert (type(found), found.title) == (kind, title)
    assert found.detail


def test_the_detail_names_host_and_port() -> None:
    found = explain(TimeoutError(), "box", sshconfig.load(BOX))
    assert "box.lab port 2222" in found.detail


def test_a_user_without_any_key_is_told_to_make_one() -> None:
    error = asyncssh.PermissionDenied("Permission denied")
    found = explain(error, "box", sshconfig.load(BOX))
    assert "ann@box.lab" in found.detail
    assert found.hint.endswith("ssh-keygen -t ed25519, then ssh-copy-id -p 2222 ann@box.lab")


def test_too_many_keys_are_told_apart_from_wrong_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    error = asyncssh.DisconnectError(2, "Too many authentication failures")
    found = explain(error, "box", sshconfig.load(BOX))
    assert "IdentitiesOnly" in found.hint
    assert "SSH agent" in found.detail


def test_a_refused_login_says_what_was_missing_and_what_was_wrong() -> None:
    config = sshconfig.load(BOX)
    known = Findings(
        tried=["~/.ssh/id_rsa"],
        problems=["~/.ssh/gone: there is no such file"] * 9,
        needed=["the passphrase of ~/.ssh/id_rsa"],
        banner="Closed for today",
    )
    found = login_refused("box", config, known)
    assert "ann@box.lab wants the passphrase of ~/.ssh/id_rsa" in found.detail
    assert found.detail.count("no such file") == 4
    assert found.detail.endswith("the server says: Closed for today")
    assert "ssh-add" in found.hint
    stopped = login_refused("box", config, Findings(stopped="nobody answered"), too_many=True)
    assert (stopped.detail, "again" in stopped.hint) == ("nobody answered", True)


def test_a_login_that_nobody_wanted_says_what_it_wants_and_asks_nobody() -> None:
    async def nobody(question: SecretQuestion) -> None:
        raise AssertionError(question)

    config = sshconfig.load(BOX)
    options = LinkOptions(ask_secret=nobody, may_ask=lambda server: server == "wanted")
    assert Login("wanted", config, options).person.there
    login = Login("box", config, options)
    assert not login.person.there
    assert type(login.refusal()) is LoginRefused
    for needed, wants in (("the passphrase of k", "a passphrase"), ("a code", "a password")):
        login.found.needed = [needed]
        error = login.refusal()
        assert (type(error), error.title) == (LoginWaits, f"box: wants {wants}")
        assert needed in error.detail
        assert "ctrl+r asks" in problem(error).hint


def test_keys_that_others_may_read_come_with_the_command_that_mends_them() -> None:
    problem = "~/.ssh/my id: not used: others may read it (mode 0644)"
    for tried in ([], ["~/.ssh/other"]):
        found = Findings(tried=tried, problems=[problem], exposed=["/home/ann/.ssh/my id"])
        error = login_refused("box", sshconfig.load(BOX), found)
        assert problem in error.detail
        assert error.fix == "chmod 600 '/home/ann/.ssh/my id'"
        assert error.fix in error.hint
