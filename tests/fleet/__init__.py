"""Several real servers on one machine: Unix users, each with rootless Podman and a private sshd.

Fixtures (registered in tests/conftest.py; skipped with a reason where the machine lacks a part,
failed under MNIX_REQUIRE_ALL):

    async def test_something(fleet: Fleet, client_home: ClientHome, flake: FlakeMaker) -> None:
        tokyo = fleet.server("tokyo")              # made at first use, kept for the whole run
        tokyo.run("podman ps")                     # over real ssh -> CompletedProcess[str]
        client_home.add(tokyo)                     # Host "tokyo" in ~/.ssh/config, key, known_hosts
        folder = flake("tiny")                     # a fresh copy below tmp_path

`fleet`          hands out servers and resets at the test's end those that the test used
`fleet_session`  the same fleet, session-scoped and never reset by itself (for module fixtures)
`client_home`    a temporary HOME with ~/.ssh and the XDG folders, set in os.environ
`flake`          flake("tiny" | "broken" | "failing" | "slow" | "nasty" | "strict", git=False,
                 seconds=20): no inputs, builds offline
`local_podman`   Podman of whoever runs the tests, in a store of its own (CONTAINERS_CONF and
                 CONTAINERS_STORAGE_CONF set for the run), with localhost/mnix-base in it; emptied
                 after each test that asks for it
`pythons`        Debian's old and new Pythons: pythons.argv("3.9", "agent.pyz", "version",
                 mounts={folder: "/src"}) is a command line (versions: 3.9, 3.11, 3.13)

A server (`fleet.server(name, **options)`; another set of options makes it anew):
    .name .host .port .user .uid .home .endpoint     ("mnix-t1@127.0.0.1:PORT")
    .key_path .known_hosts_line .ssh_config_text(alias)
    .run(command, check=True, input=None, timeout=60)       through ssh
    .as_user(*argv)                  the same user and environment, without ssh (faster)
    .ssh_argv(*args)                 command line of a real ssh to it
    .kill_sshd() .start_sshd()       the server goes away (with its connections), and comes back
    .drop_connections()              the connections die, sshd stays
    .freeze() .thaw()                sshd falls silent without closing anything, and goes on
    .wait_port(up=True)                waits until the port answers, or no longer does
    .new_host_key()                  as if the machine had been replaced
    .set_sshd(**options)             changes sshd's options and restarts it
    .processes(text)                 pids of this user's processes whose command line has text
    .reset()                         containers, volumes, processes, files of the home: all gone;
                                     images stay
    .bashrc(text) .banner(text)      a noisy login
options:
    runtime_dir=False    no /run/user/UID and no XDG_RUNTIME_DIR (default: both, as with logind)
    images=("mnix-base",)   what to import; also "mnix-base-nix28" (bookworm's nix), or ()
    hide=("podman",)     programs that PATH does not have there (globs: "python3*")
    sshd={"MaxSessions": "1", "AllowStreamLocalForwarding": "no"}   sshd_config lines

Several runs may go on at once: a run claims its users (mnix-t1, mnix-u1, ...) with a lock, so
name servers as you like, and never assume which user one gets. The base trees are made with
mmdebstrap from this machine's own apt sources and cached in ${XDG_CACHE_HOME:-~/.cache}/mnix-test.
Users and their images stay from run to run; daemons and everything else do not.
"""

from tests.fleet.flakes import FlakeMaker
from tests.fleet.fleet import Fleet
from tests.fleet.home import ClientHome
from tests.fleet.pythons import Pythons
from tests.fleet.server import FleetServer

__all__ = ["ClientHome", "FlakeMaker", "Fleet", "FleetServer", "Pythons"]
