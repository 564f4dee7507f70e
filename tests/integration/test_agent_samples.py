"""The sample stream: what each container uses, and what the stores hold."""

import sys
from pathlib import Path

import pytest

from server_agent.core import paths
from tests.fleet import Fleet, FleetServer
from tests.fleet.local import LocalPodman
from tests.integration.serve_rig import Json, Serve, deliver

pytestmark = pytest.mark.fleet

BURN = "while :; do :; done"
# Perl keeps the constant and its copy: 100 MiB.
HOLD = '$kept = "x" x (50 << 20); sleep 600'


def a_container(serve: Serve, name: str) -> str:
    made = serve.ask("project.create", name=name, isolation="container")
    serve.ask("project.start", project=made["id"])
    return str(made["id"])


def run(server: FleetServer, box: str, *command: str, user: str = "0") -> None:
    server.as_user("podman", "exec", "-d", "--user", user, f"mnix-{box}", *command)


def test_what_rootless_containers_use_is_told_without_asking_podman(fleet: Fleet) -> None:
    server = fleet.server("tokyo")
    server.write(".config/mnix/server.toml", 'base_image = "localhost/mnix-base"\n')
    with Serve.over_ssh(server, deliver(server)) as serve:
        busy, quiet, stopped = (a_container(serve, name) for name in ("busy", "quiet", "stopped"))
        # A user of the container is a subuid: its processes count as well.
        run(server, "busy", "sh", "-c", BURN, user="65534")
        run(server, "busy", "perl", "-e", HOLD)
        add = "head -c 5000000 /dev/urandom > /tmp/5M; nix-store --add /tmp/5M"
        server.as_user("podman", "exec", "mnix-quiet", "sh", "-c", add)
        assert serve.ask("subscribe", stats=2) == {}

        def known(stats: Json) -> bool:
            return {busy, quiet, stopped} <= set(stats["usage"]) and stats["usage"][busy][
                1
            ] > 96 << 20

        came, stats = serve.event("stats", known)
        assert came - serve.events[0][0] < 6
        cpu, memory, limit = stats["usage"][busy]
        assert 0.1 < cpu < 2.5
        assert 96 << 20 < memory < 140 << 20
        assert limit is None
        cpu, memory, _ = stats["usage"][quiet]
        assert cpu < 0.05
        assert 0 < memory < 16 << 20

        serve.ask("project.stop", project=stopped)
        serve.event("stats", lambda stats: stopped not in stats["usage"])
        server.as_user("podman", "exec", "mnix-busy", "pkill", "-9", "-u", "65534")
        serve.event("stats", lambda stats: stats["usage"][busy][0] < 0.05)
        _, stats = serve.event("stats", lambda stats: stats["store"])
        assert 5_000_000 < stats["store"] < 6_000_000
        told = server.home / ".local/state/mnix-server/stores.json"
        assert str(stats["store"]) in told.read_text()

        # Another client, at its own pace; and one that wants none.
        count = sum(event[1] == "stats" for event in serve.events)
        assert serve.ask("subscribe", stats=0) == {}
        serve.ask("project.rename", project=quiet, name="calm")
        serve.state(lambda state: any(each["name"] == "calm" for each in state["projects"]))
        assert sum(event[1] == "stats" for event in serve.events) <= count + 2
        refused = serve.error("subscribe", stats=1)
        assert (refused["code"], "from 2 to 60" in refused["message"]) == ("usage", True)


def test_where_control_groups_count_they_are_read(
    local_podman: LocalPodman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATA", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    config = tmp_path / "CONFIG" / "mnix" / "server.toml"
    config.parent.mkdir(parents=True)
    config.write_text('base_image = "localhost/mnix-base"\n')
    with Serve.running([sys.executable, "-m", "server_agent", "serve", "--nonce", "n1"]) as serve:
        made = serve.ask("project.create", name="limited", isolation="container")
        Path(made["workspace"], "mnix.toml").write_text('memory = "256m"\n')
        serve.ask("project.start", project=made["id"])
        local_podman.podman("exec", "-d", "mnix-limited", "perl", "-e", HOLD)
        local_podman.podman("exec", "-d", "mnix-limited", "sh", "-c", BURN)
        serve.ask("subscribe", stats=2)
        _, stats = serve.event(
            "stats", lambda stats: stats["usage"].get(made["id"], [0, 0])[1] > 96 << 20
        )
        cpu, memory, limit = stats["usage"][made["id"]]
        assert 0.1 < cpu < 2.5
        assert 96 << 20 < memory < 140 << 20
        assert limit == 256 << 20
        serve.ask("server.purge", force=True)
    assert not Path(paths.data()).exists()
