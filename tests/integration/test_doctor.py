"""Trying a server step by step, over real servers: what is told, and what is said to be wrong."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mnix_tui.actions.doctor import Report, doctor
from mnix_tui.domain.checks import KEYS, Check, CheckState
from mnix_tui.domain.servers import Server
from mnix_tui.link import HostKeyQuestion, LinkOptions
from tests.fleet import ClientHome, Fleet, FleetServer
from tests.helpers.disks import fill
from tests.helpers.needs import require
from tests.integration.agent_rig import zipapp
from tests.integration.link_rig import rigged
from tests.integration.test_end_to_end import NO_PYTHON

pytestmark = pytest.mark.fleet
TOKYO = Server("tokyo", "tokyo")
OK, WARN, FAILED, SKIPPED = CheckState.OK, CheckState.WARN, CheckState.FAILED, CheckState.SKIPPED
OPTIONS = LinkOptions(connect_timeout=10)


@pytest.fixture
def tokyo(fleet: Fleet, client_home: ClientHome) -> FleetServer:
    server = fleet.server("tokyo")
    client_home.add(server)
    return server


def found(report: Report) -> dict[str, Check]:
    return {check.key: check for check in report.checks}


async def failure(options: LinkOptions = OPTIONS, server: Server = TOKYO) -> Check:
    """The only check that fails, with nothing tried after it and all well before it."""
    report = await doctor(server, options)
    failed = report.failed
    assert failed is not None
    assert not report.ok
    at = KEYS.index(failed.key)
    assert [check.state for check in report.checks[at + 1 :]] == [SKIPPED] * (len(KEYS) - at - 1)
    assert {check.state for check in report.checks[:at]} <= {OK, SKIPPED}
    assert "Traceback" not in failed.said
    return failed


@contextmanager
def mounted(server: FleetServer, *options: str) -> Iterator[Path]:
    """A small file system of its own where a server keeps its projects."""
    folder = server.home / ".local/share/mnix"
    server.write(".local/share/mnix/here", "").unlink()
    shape = f"uid={server.uid},gid={server.uid},mode=700"
    argv = ["mount", "-t", "tmpfs", "-o", ",".join([shape, *options]), "tmpfs", str(folder)]
    subprocess.run(argv, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_everything_is_tried_while_one_watches(tokyo: FleetServer) -> None:
    told: list[tuple[Check, ...]] = []
    report = await doctor(TOKYO, OPTIONS, told.append)
    checks = found(report)
    assert report.ok, report
    assert [check.key for check in report.checks] == list(KEYS)
    assert {each.state for each in told[0]} == {CheckState.WAITING}
    assert told[-1] == report.checks
    running = [each.key for now in told for each in now if each.state is CheckState.RUNNING]
    assert [key for key in KEYS if key in running][:1] == ["config"]
    assert {"python", "podman", "nix", "disk", "linger"} <= set(running)
    assert checks["login"].said == f"as {tokyo.user}"
    assert checks["resolve"].said == "127.0.0.1"
    assert checks["hostkey"].said.startswith("ssh-ed25519 SHA256:")
    assert checks["python"].said.startswith("3.")
    assert checks["agent"].said.startswith("delivered, ")
    assert checks["podman"].said.endswith("rootless")
    assert "free in" in checks["disk"].said
    assert all(checks[key].seconds for key in ("python", "podman", "disk"))

    again = await doctor(TOKYO, OPTIONS)
    assert found(again)["agent"].said == "was there already"
    shown = json.loads(json.dumps(again.to_json()))
    assert (shown["server"], shown["ok"], len(shown["checks"])) == ("tokyo", True, len(KEYS))


async def test_a_step_that_fails_is_named_with_what_mends_it(
    tokyo: FleetServer, client_home: ClientHome
) -> None:
    nowhere = await failure(server=Server("lab", "nobody.invalid"))
    assert (nowhere.key, "unknown host" in nowhere.said) == ("resolve", True)

    known = client_home.known_hosts.read_text()
    client_home.known_hosts.write_text("")
    unknown = await failure()
    assert unknown.key == "hostkey"
    assert "SHA256:" in unknown.said

    async def no(_: HostKeyQuestion) -> bool:
        return False

    assert (await failure(replace(OPTIONS, ask_host_key=no))).key == "hostkey"
    client_home.known_hosts.write_text(known)
    tokyo.new_host_key()
    changed = await failure()
    assert (changed.key, changed.said.count("SHA256:")) == ("hostkey", 2)
    assert changed.fix.startswith("ssh-keygen -R ")
    client_home.known_hosts.write_text(tokyo.known_hosts_line)

    keys = tokyo.key_path.with_name("authorized_keys")
    allowed = keys.read_text()
    keys.write_text("")
    try:
        refused = await failure()
    finally:
        keys.write_text(allowed)
    assert refused.key == "login"
    assert f"{tokyo.user}@127.0.0.1" in refused.said
    assert refused.fix.startswith("ssh-copy-id ")

    config = client_home.ssh_config.read_text()
    client_home.ssh_config.write_text(f"{config}  ConnectionAttempts many\n  Port ten\n")
    assert (await failure()).key == "config"
    client_home.ssh_config.write_text(config)

    tokyo.kill_sshd()
    away = await failure()
    assert (away.key, "connection refused" in away.said) == ("connect", True)
    assert away.hint


async def test_what_a_server_lacks_is_named_with_the_command_that_installs_it(
    fleet: Fleet, tokyo: FleetServer, client_home: ClientHome
) -> None:
    login = tokyo.write("login", NO_PYTHON, 0o755)
    tokyo.set_sshd(ForceCommand=f"unshare --map-root-user --mount {login}")
    python = await failure()
    assert python.key == "python"
    assert "Python 3.9 or later" in python.said
    assert python.fix.endswith("install python3") or "nix profile" in python.fix

    bare = fleet.server("bare", images=(), hide=("podman", "nix*"))
    client_home.add(bare)
    report = await doctor(Server("bare", "bare"), OPTIONS)
    checks = found(report)
    assert not report.ok
    assert (checks["podman"].state, checks["nix"].state) == (FAILED, WARN)
    assert "not installed" in checks["podman"].said
    assert "install podman" in checks["podman"].fix
    assert checks["disk"].state is OK  # the others are looked at all the same


async def test_a_python_that_only_nix_has_will_do(
    tokyo: FleetServer, client_home: ClientHome
) -> None:
    real = tokyo.as_user("readlink", "-f", "/usr/bin/python3").stdout.strip()
    # In the login's own mounts: Debian's Python moves to where nix has one.
    script = NO_PYTHON.replace(
        "for python", f"touch nix-python; mount --bind {real} nix-python\nfor python"
    )
    login = tokyo.write("login", script, 0o755)
    tokyo.write(".nix-profile/bin/here", "").unlink()
    tokyo.as_user("ln", "-s", f"{tokyo.home}/nix-python", ".nix-profile/bin/python3")
    tokyo.set_sshd(ForceCommand=f"unshare --map-root-user --mount {login}")
    checks = found(await doctor(TOKYO, OPTIONS))
    assert checks["python"].state is OK, checks["python"]
    assert checks["python"].said.endswith("/.nix-profile/bin/python3")


async def test_disks(tokyo: FleetServer) -> None:
    require("root")
    with mounted(tokyo, "size=96m", "noexec") as folder:
        report = await doctor(TOKYO, OPTIONS)
        disk = found(report)["disk"]
        assert report.ok  # the agent needs no program of its own
        assert (disk.state, "noexec" in disk.said) == (WARN, True)
        assert disk.fix.endswith(f"mount -o remount,exec {folder}")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        disk = found(await doctor(TOKYO, OPTIONS))["disk"]
        assert (disk.state, "Read-only" in disk.said) == (FAILED, True)
        assert disk.fix.endswith(f"mount -o remount,rw {folder}")
    with mounted(tokyo, "size=16m") as folder:
        small = found(await doctor(TOKYO, OPTIONS))["disk"]
        assert (small.state, "MiB free" in small.said) == (FAILED, True)
        fill(folder)
        full = found(await doctor(TOKYO, OPTIONS))["disk"]
        assert (full.state, "is full" in full.said) == (FAILED, True)


@pytest.fixture
def answer(tokyo: FleetServer) -> Callable[[str, str], dict[str, str]]:
    """Ask the agent for one check as the server's user, after something was done to the machine."""
    require("root", "unshare")
    app = tokyo.home / "agent.pyz"
    app.write_bytes(zipapp())
    app.chmod(0o644)
    ask = (
        f"import sys, json; sys.path.insert(0, {str(app)!r}); "
        "from server_agent.core import usecases; print(json.dumps(usecases.server_check({!r})))"
    )

    def asked(what: str, before: str) -> dict[str, str]:
        as_user = ["setpriv", f"--reuid={tokyo.uid}", f"--regid={tokyo.uid}", "--init-groups"]
        python = ["/usr/bin/python3", "-I", "-c", ask.format(what)]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", f'{before} && exec "$@"', "-", *as_user, *python],
            env=tokyo.env,
            cwd=tokyo.home,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, str] = json.loads(done.stdout)
        return result

    return asked


def test_what_rootless_podman_needs_of_the_system(
    answer: Callable[[str, str], dict[str, str]], tokyo: FleetServer
) -> None:
    # All of /etc, since useradd of a neighbour replaces a file, and what is mounted on it is gone.
    own = "mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/ && mount --bind /mnt/etc /etc && truncate -s 0"
    none = answer("podman", f"{own} /etc/subuid /etc/subgid")
    assert (none["state"], none["said"]) == (
        "failed",
        f"{tokyo.user} has no subuids and no subgids",
    )
    assert "usermod --add-subuids 100000-165535 --add-subgids 100000-165535" in none["fix"]
    assert none["fix"].endswith("podman system migrate")
    half = answer("podman", f"{own} /etc/subgid")
    assert "has no subgids" in half["said"]
    assert "--add-subuids" not in half["fix"]
    newuidmap = shutil.which("newuidmap")
    assert newuidmap is not None
    program = answer("podman", f"mount --bind /dev/null {newuidmap}")
    assert (program["state"], program["said"]) == ("failed", "newuidmap is missing")
    assert "install" in program["fix"]
    fine = answer("podman", "true")
    assert fine["state"] == "ok", fine


def test_linger_is_asked_of_systemd(
    answer: Callable[[str, str], dict[str, str]], tokyo: FleetServer, tmp_path: Path
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    tmp_path.chmod(0o755)
    for says, state in (("no", "warn"), ("yes", "ok"), ("", "skipped")):
        loginctl = tools / "loginctl"
        loginctl.write_text(f"#!/bin/sh\necho {says}\n")
        loginctl.chmod(0o755)
        # A machine that systemd runs, whose loginctl says so.
        there = (
            "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system"
            f" && mount -t tmpfs tmpfs /usr/local/bin && cp {loginctl} /usr/local/bin/"
            " && chmod 755 /usr/local/bin"
        )
        said = answer("linger", there)
        assert said["state"] == state, said
        assert (said["fix"] == f"loginctl enable-linger {tokyo.user}") == (state == "warn")


async def test_a_jump_host_is_tried_like_the_server_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rigged(tmp_path, monkeypatch) as rig:
        hop, target = rig.start(), rig.start()
        user = hop.server.endpoint.split("@")[0]
        (rig.home / ".ssh/config").write_text(
            f"Host inner\n  HostName 127.0.0.1\n  Port {target.port}\n  User {user}\n"
            f"  ProxyJump {user}@127.0.0.1:{hop.port}\n"
        )
        inner, options = Server("inner", "inner"), LinkOptions(accept_host_keys=True)
        told: list[tuple[Check, ...]] = []
        report = await doctor(inner, options, told.append)
        assert all(found(report)[key].state is OK for key in KEYS[:7]), report
        running = [c for now in told for c in now if c.state is CheckState.RUNNING]
        assert any(c.key == "login" and c.said.startswith("via ") for c in running)
        assert any(c.key == "login" and not c.said for c in running)
        hop.stop()
        away = await failure(options, inner)
        assert (away.key, str(hop.port) in away.said) == ("connect", True)
        hop.start()
        (hop.folder / "authorized_keys").write_text("")
        refused = await failure(options, inner)
        assert refused.key == "login"
        assert "127.0.0.1" in refused.said
