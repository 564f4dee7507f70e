"""The fleet is what the other integration tests stand on, so it is proved first."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.fleet import ClientHome, FlakeMaker, Fleet, FleetServer, Pythons
from tests.fleet.local import LocalPodman

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]


def _start(server: FleetServer, name: str, flake: Path | None = None) -> None:
    mount = f"-v {server.home}/flake:/workspace" if flake else ""
    if flake:
        tar = subprocess.run(["tar", "-C", flake, "-c", "."], capture_output=True, check=True)
        subprocess.run(
            server.ssh_argv("mkdir -p flake && tar -x -C flake"), input=tar.stdout, check=True
        )
    server.run(f"podman run -d --name {name} -v nix:/nix {mount} localhost/mnix-base sleep 600")


@pytest.mark.parametrize(
    ("name", "runtime_dir"), [("tokyo", True), ("osaka", False)], ids=["logind", "no-runtime-dir"]
)
def test_a_flake_builds_offline_in_a_rootless_container(
    fleet: Fleet, flake: FlakeMaker, name: str, runtime_dir: bool
) -> None:
    server = fleet.server(name, runtime_dir=runtime_dir)
    assert server.run("id -un").stdout.strip() == server.user
    assert server.run("id -u").stdout.strip() != "0"
    seen = server.run('echo "${XDG_RUNTIME_DIR:-none}"').stdout.strip()
    assert seen == (f"/run/user/{server.uid}" if runtime_dir else "none")

    _start(server, "one", flake("tiny"))
    _start(server, "two")
    assert "2.26" in server.run("podman exec one nix --version").stdout
    build = "nix print-dev-env --profile /nix/var/nix/profiles/tiny path:/workspace"
    script = server.run(f"podman exec one {build}").stdout
    assert "GREETING='hi'" in script
    # The second container sees what the first one built, through the volume.
    path = server.run("podman exec two readlink -f /nix/var/nix/profiles/tiny").stdout.strip()
    assert path.startswith("/nix/store/")
    assert server.run(f"podman exec two test -e {shlex.quote(path)}").returncode == 0


def test_two_servers_are_two_users_with_their_own_keys(
    fleet: Fleet, client_home: ClientHome
) -> None:
    tokyo, osaka = fleet.server("tokyo"), fleet.server("osaka", runtime_dir=False)
    for server in (tokyo, osaka):
        client_home.add(server)
        assert client_home.ssh(server.name, "id", "-un").stdout.strip() == server.user
    assert tokyo.user != osaka.user
    assert tokyo.known_hosts_line != osaka.known_hosts_line
    done = subprocess.run(
        ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
         "-o", f"UserKnownHostsFile={client_home.known_hosts}", "-i", str(osaka.key_path),
         "-p", str(tokyo.port), f"{tokyo.user}@{tokyo.host}", "true"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 255
    assert b"Permission denied" in done.stderr


def test_a_server_goes_away_and_comes_back(fleet: Fleet, client_home: ClientHome) -> None:
    tokyo = fleet.server("tokyo")
    client_home.add(tokyo)
    with subprocess.Popen(
        tokyo.ssh_argv("echo up; read -r _"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as ssh:
        assert ssh.stdout is not None
        assert ssh.stdout.readline() == b"up\n"
        tokyo.kill_sshd()
        assert ssh.wait(timeout=10) == 255
    tokyo.wait_port(up=False)
    assert client_home.ssh("tokyo", "true", check=False).returncode == 255
    tokyo.start_sshd()
    assert client_home.ssh("tokyo", "true").returncode == 0
    tokyo.new_host_key()
    changed = client_home.ssh("tokyo", "true", check=False)
    assert changed.returncode == 255
    assert "HOST IDENTIFICATION HAS CHANGED" in changed.stderr


def test_a_reset_leaves_nothing_of_the_last_test(fleet: Fleet) -> None:
    tokyo = fleet.server("tokyo")
    _start(tokyo, "one")
    tokyo.run("mkdir -p .local/share/mnix && touch .local/share/mnix/x /tmp/mnix-of-$USER")
    tokyo.run("setsid sleep 1234 >/dev/null 2>&1 < /dev/null &")
    tokyo.bashrc("echo noise")
    tokyo.banner("Authorised use only\n")
    greeted = tokyo.run("true")
    assert "noise" in greeted.stdout
    assert "Authorised use only" in greeted.stderr
    assert tokyo.processes("sleep 1234")

    tokyo.reset()

    assert not tokyo.processes("sleep 1234")
    left = tokyo.run("podman ps -aq; podman volume ls -q; ls .local/share")
    assert left.stdout.split() == ["containers"]
    assert "Authorised" not in left.stderr
    assert not Path(f"/tmp/mnix-of-{tokyo.user}").exists()
    assert tokyo.run("podman image exists localhost/mnix-base").returncode == 0


def test_a_hidden_program_is_not_there(fleet: Fleet) -> None:
    bare = fleet.server("bare", images=(), hide=("podman", "python3*"))
    found = bare.run("command -v podman; command -v python3; command -v git", check=False)
    assert found.stdout.split() == [f"{fleet.folder}/bare/bin/git"]


def test_options_of_sshd_are_honoured(fleet: Fleet) -> None:
    tokyo = fleet.server("tokyo")
    tokyo.set_sshd(MaxSessions="1", AllowStreamLocalForwarding="no")
    assert tokyo.run("true").returncode == 0
    config = tokyo.sshd.folder / "sshd_config"
    assert "AllowStreamLocalForwarding no" in config.read_text()
    tokyo.reset()
    assert "AllowStreamLocalForwarding" not in config.read_text()


def test_the_older_nix_reads_the_same_flake(local_podman: LocalPodman, flake: FlakeMaker) -> None:
    image = local_podman.image("mnix-base-nix28")
    argv = ["run", "--rm", "-v", f"{flake('tiny')}:/workspace", image]
    assert "2.8" in local_podman.podman(*argv, "nix", "--version")
    assert "GREETING='hi'" in local_podman.podman(*argv, "nix", "print-dev-env", "path:/workspace")


@pytest.mark.parametrize("version", ["3.9", "3.11", "3.13"])
def test_debians_pythons_run(pythons: Pythons, tmp_path: Path, version: str) -> None:
    (tmp_path / "which.py").write_text("import sys\nprint('%d.%d' % sys.version_info[:2])\n")
    argv = pythons.argv(version, "/src/which.py", mounts={tmp_path: "/src"})
    assert (
        subprocess.run(argv, capture_output=True, check=True, text=True).stdout.strip() == version
    )


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("broken", 1, "thisNameIsUndefined"), ("failing", 100, "the tool refuses to be built")],
)
def test_bad_flakes_fail_as_they_should(
    local_podman: LocalPodman, flake: FlakeMaker, name: str, code: int, said: str
) -> None:
    done = subprocess.run(
        ["podman", "run", "--rm", "-v", f"{flake(name)}:/workspace", "localhost/mnix-base",
         "nix", "print-dev-env", "-L", "path:/workspace"],
        capture_output=True, text=True, check=False, env=os.environ | local_podman.env,
    )  # fmt: skip
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize("name", ["slow", "nasty", "strict"])
def test_odd_flakes_build(local_podman: LocalPodman, flake: FlakeMaker, name: str) -> None:
    done = subprocess.run(
        ["podman", "run", "--rm", "-v", f"{flake(name, seconds=1)}:/workspace",
         "localhost/mnix-base", "nix", "print-dev-env", "-L", "path:/workspace"],
        capture_output=True, text=True, check=False, env=os.environ | local_podman.env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ("slow line 5" in done.stderr) == (name == "slow")
