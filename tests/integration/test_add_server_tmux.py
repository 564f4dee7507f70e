"""A server that nobody knew, added and looked after on a real terminal, over a real sshd."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fleet import Fleet, FleetServer
from tests.helpers import settle
from tests.integration.people import COMMAND, Person, configured
from tests.integration.tmux import Tmux

pytestmark = pytest.mark.needs("tmux", "podman", "sshd")
Opener = Callable[[int, int], Tmux]


@pytest.fixture
def anna(tmp_path: Path) -> Person:
    return Person(tmp_path / "anna")


@pytest.fixture
def dashboard(anna: Person) -> Iterator[Opener]:
    """Open dashboards: columns, rows."""
    opened: list[Tmux] = []

    def start(cols: int, rows: int) -> Tmux:
        env = anna.env | {"SSH_AUTH_SOCK": ""}
        opened.append(Tmux([COMMAND], cols=cols, rows=rows, env=env, cwd=anna.folder))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def _with_locked_key(anna: Person, server: FleetServer, passphrase: str) -> None:
    """Have the way to a server in the SSH configuration, with a key that needs a passphrase."""
    key = anna.home.ssh_folder / "id_locked"
    shutil.copy(server.key_path, key)
    key.chmod(0o600)
    change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", passphrase, "-f", str(key)]
    subprocess.run(change, check=True, timeout=20)
    text = server.ssh_config_text(server.name, known_hosts=anna.home.known_hosts)
    anna.home.ssh_config.write_text(text.replace(str(server.key_path), str(key)))


def test_a_server_is_added_in_sight_and_looked_after(
    anna: Person, dashboard: Opener, fleet: Fleet
) -> None:
    tokyo = configured(fleet.server("tokyo", images=()))
    _with_locked_key(anna, tokyo, "open sesame")
    screen = dashboard(80, 24)
    screen.wait_for("● local")
    screen.type("a")
    screen.wait_for(tokyo.endpoint)  # of the SSH configuration
    before = screen.line(tokyo.endpoint)
    screen.keys("Down")
    settle(lambda: screen.line(tokyo.endpoint) != before, what="the host highlighted")
    screen.keys("Enter")
    screen.wait_for("Login, keys and jump hosts")
    screen.keys("Enter")
    shown = screen.wait_for("Is this the right server?")
    assert "+--[" in shown
    fingerprint = subprocess.run(
        ["ssh-keygen", "-lf", "-"],
        input=tokyo.sshd.host_key,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[1]
    assert fingerprint in shown.replace("\n", "")
    screen.keys("Tab", "Enter")

    screen.wait_for("id_locked")
    screen.type("close sesame")
    screen.keys("Enter")
    screen.wait_for("was not right")
    screen.type("open sesame")
    screen.keys("Enter")
    shown = screen.wait_for("Done", timeout=40)
    assert "✓ log in" in shown
    assert f"as {tokyo.user}" in shown
    assert "delivered" in shown
    assert "open sesame" not in shown
    screen.keys("Enter")
    screen.wait_for("● tokyo")  # over a connection of its own: nothing is asked again

    screen.type("C")
    screen.wait_for("Doctor · tokyo")
    assert "was there already" in screen.wait_for("Everything is fine", timeout=40)
    screen.keys("Escape")
    screen.wait_gone("Doctor")
    screen.type("E")
    screen.wait_for("Connected")
    screen.type("work eu")
    screen.keys("Enter")
    screen.wait_gone("Connected")
    settle(lambda: "work eu" in anna.out("server", "ls"), what="the tags")
    screen.type("L")
    screen.wait_for("Log · tokyo")
    assert "failed" in screen.wait_for("deliver")
    screen.keys("Escape")
    screen.wait_gone("Log · tokyo")

    ours = tokyo.home / ".local/share/mnix"
    assert ours.exists()
    screen.type("d")
    screen.wait_for("Forget tokyo?")
    screen.keys("Tab", "Enter")
    screen.wait_for("Remove all of mnix from tokyo?")
    screen.wait_for(".local/share/mnix")
    screen.type("tokyo")
    screen.keys("Enter")
    screen.wait_gone("● tokyo", timeout=30)
    assert not ours.exists()
    assert "tokyo" not in anna.out("server", "ls")
    told = "what was done there stays known"
    settle(lambda: "server.purge" in anna.out("server", "log", "tokyo"), what=told)


def test_a_server_that_refuses_the_login_says_by_which_key_and_what_to_do(
    anna: Person, dashboard: Opener, fleet: Fleet
) -> None:
    tokyo = fleet.server("tokyo", images=())
    key = anna.home.ssh_folder / "id_other"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True, timeout=20)
    anna.home.add(tokyo)
    text = anna.home.ssh_config.read_text()
    anna.home.ssh_config.write_text(text.replace(str(tokyo.key_path), str(key)))
    screen = dashboard(80, 24)
    screen.wait_for("● local")
    screen.type("a")
    screen.wait_for("Add a server")
    screen.type("tokyo")
    screen.keys("Enter")
    shown = screen.wait_for("It can't be used as it is: log in")
    assert "~/.ssh/id_other" in shown
    assert "ssh-copy-id" in shown
    screen.keys("Tab", "Tab", "Enter")  # it is added anyway: its row says why it can't be used
    screen.wait_gone("Add a server")
    screen.wait_for("✕ tokyo")
    assert "tokyo" in anna.out("server", "ls")


def test_a_server_that_was_added_elsewhere_asks_nothing_until_somebody_wants_it(
    anna: Person, dashboard: Opener, fleet: Fleet
) -> None:
    osaka = configured(fleet.server("osaka", images=()))
    text = osaka.ssh_config_text("osaka", known_hosts=anna.home.known_hosts)
    anna.home.ssh_config.write_text(text)
    screen = dashboard(100, 24)
    screen.wait_for("● local")
    anna.run("server", "add", "osaka")
    assert "Is this the right server?" not in screen.wait_for("✕ osaka", timeout=30)
    screen.keys("Down")
    screen.wait_for("ctrl+r asks whether it is the right server")
    screen.keys("C-r")
    screen.wait_for("Is this the right server?")
