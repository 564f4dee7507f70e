"""Several users of one machine, and several clients of one user."""

import time
from collections.abc import Callable

import pytest

from tests.fleet import Fleet, FleetServer
from tests.helpers.settle import settle
from tests.integration.serve_rig import Json, Serve, deliver, named

pytestmark = pytest.mark.fleet

SOON = 2.0
"""Seconds after which a client sees what another one did."""


def prepared(fleet: Fleet, name: str) -> tuple[FleetServer, str]:
    server = fleet.server(name)
    server.write(".config/mnix/server.toml", 'base_image = "localhost/mnix-base"\n')
    return server, deliver(server)


def running(serve: Serve, name: str) -> str:
    made = serve.ask("project.create", name=name, isolation="container")
    serve.ask("project.start", project=made["id"])
    return str(made["id"])


def test_other_users_things_are_neither_shown_nor_touched(fleet: Fleet) -> None:
    (ann, ann_s), (bob, bob_s) = prepared(fleet, "tokyo"), prepared(fleet, "osaka")
    assert ann.user != bob.user
    with Serve.over_ssh(ann, ann_s) as of_ann, Serve.over_ssh(bob, bob_s) as of_bob:
        for serve in (of_ann, of_bob):
            serve.ask("subscribe", stats=2)
        api, other = running(of_ann, "api"), running(of_bob, "api")  # the same name, for both
        job = of_ann.ask("session.open", project=api, cols=80, rows=24)
        for serve, own in ((of_ann, api), (of_bob, other)):
            _, stats = serve.event("stats", lambda stats: stats["usage"])
            assert set(stats["usage"]) == {own}
            assert [each["id"] for each in serve.ask("state.get")["projects"]] == [own]
        assert of_bob.ask("state.get")["jobs"] == []
        for method, params in (
            ("project.get", {"project": api}),
            ("project.stop", {"project": api}),
            ("project.remove", {"project": api}),
            ("job.kill", {"job": job["id"]}),
        ):
            assert of_bob.error(method, **params)["code"] == "not-found"
        for place in (job["socket"], f"{ann.home}/.local/share/mnix", f"{ann.home}/.local/state"):
            assert bob.run(f"cat {place} {place}/*", check=False).returncode != 0
        reach = f"import socket; socket.socket(socket.AF_UNIX).connect({job['socket']!r})"
        assert "PermissionError" in bob.run(f'python3 -c "{reach}"', check=False).stderr

        gone = of_bob.ask("server.purge", force=True)
        assert [each["id"] for each in gone["projects"]] == [other]
        assert of_ann.ask("project.get", project=api)["state"] == "running"
        assert of_ann.ask("job.get", job=job["id"])["state"] == "running"


def test_two_clients_of_one_user_see_the_same_within_two_seconds(fleet: Fleet) -> None:
    server, agent = prepared(fleet, "tokyo")
    late: dict[str, float] = {}
    with Serve.over_ssh(server, agent) as second:
        with Serve.over_ssh(server, agent) as first:
            for serve in (first, second):
                serve.ask("subscribe")

            def seen(what: str, fits: Callable[[Json], bool]) -> None:
                did = time.monotonic()
                states = [serve.state(fits) for serve in (first, second)]
                late[what] = max(0.0, *(came - did for came, _ in states))
                assert states[0][1]["projects"] == states[1][1]["projects"]

            api = first.ask("project.create", name="api", isolation="container")["id"]
            seen("made", lambda state: "api" in named(state))
            first.ask("project.start", project=api)
            seen("started", lambda state: named(state)["api"]["state"] == "running")
            job = second.ask("session.open", project=api, cols=80, rows=24)["id"]
            seen("opened", lambda state: [each["id"] for each in state["jobs"]] == [job])
            second.ask("job.kill", job=job)
            seen("ended", lambda state: not state["jobs"])
            first.ask("project.rename", project=api, name="web")
            seen("renamed", lambda state: "web" in named(state))
            server.as_user("podman", "stop", "-t", "0", "mnix-web")
            seen("stopped by hand", lambda state: named(state)["web"]["state"] == "stopped")
            server.as_user("podman", "start", "mnix-web")
            seen("started by hand", lambda state: named(state)["web"]["state"] == "running")
            workspace = named(first.ask("state.get"))["web"]["workspace"]
            server.run(f"echo '{{ }}' > {workspace}/flake.nix")
            seen("edited", lambda state: "flake.nix" in named(state)["web"]["inputs"]["workspace"])
            # One asks the engine for both of them, whoever came first.
            assert len(server.processes("podman events")) == 2  # and the shell that ends it
        # And when that one has gone, the other does.
        server.as_user("podman", "rm", "-f", "-t", "0", "mnix-web")
        did = time.monotonic()
        came, _ = second.state(lambda state: named(state)["web"]["state"] == "failed")
        late["removed by hand"] = came - did
        settle(lambda: len(server.processes("podman events")) == 2, what="the other's events")
    settle(lambda: not server.processes("podman events"), what="the end of them")
    assert max(late.values()) < SOON, late
