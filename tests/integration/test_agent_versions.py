"""Agents of several versions on one server: an upgrade ends nothing."""

import pytest

from tests.fleet import Fleet
from tests.helpers.settle import settle
from tests.integration.job_client import JobClient
from tests.integration.serve_rig import Serve, deliver, named

pytestmark = pytest.mark.fleet

OLDER = "0.0.1"
WORK = "until [ -e go ]; do sleep 0.1; done; echo finished"


def test_an_upgrade_ends_no_session_and_no_job(fleet: Fleet) -> None:
    server = fleet.server("tokyo")
    server.write(".config/mnix/server.toml", 'base_image = "localhost/mnix-base"\n')
    old, new = deliver(server, OLDER), deliver(server)
    with Serve.over_ssh(server, new) as upgraded:
        with Serve.over_ssh(server, old) as before:
            assert before.hello["version"] == OLDER != upgraded.hello["version"]
            for serve in (before, upgraded):
                serve.ask("subscribe")
            api = before.ask("project.create", name="api", isolation="container")["id"]
            before.ask("project.start", project=api)
            shell = before.ask("session.open", project=api, cols=80, rows=24)
            work = before.ask("job.start", project=api, argv=["sh", "-c", WORK], bare=True)
            with JobClient(shell["socket"], "a") as a:
                a.type(b"x=40; echo =$((x+2))\n")
                a.until_text(b"=42\r\n")
            jobs = {shell["id"], work["id"]}
            upgraded.state(lambda state: {each["id"] for each in state["jobs"]} == jobs)
            # Each sees what the other does.
            upgraded.ask("session.rename", job=shell["id"], name="kept")
            before.state(lambda state: "kept" in {each["name"] for each in state["jobs"]})
            before.ask("project.rename", project=api, name="web")
            upgraded.state(lambda state: "web" in named(state))
        # The old one has gone with its client: what it started goes on.
        assert {each["state"] for each in upgraded.ask("state.get")["jobs"]} == {"running"}
        with JobClient(shell["socket"], "b") as b:
            b.type(b"echo =$((x+3)); touch go\n")
            b.until_text(b"=43\r\n")
        settle(
            lambda: upgraded.ask("job.get", job=work["id"])["state"] == "exited",
            what="the end of what the old agent started",
        )
        assert upgraded.ask("job.get", job=work["id"])["exit_code"] == 0
        assert server.processes(old)
        # Nor does it need its agent's files any more, should somebody clear them up.
        server.run(f"rm -rf {old}")
        with JobClient(shell["socket"], "c") as c:
            c.type(b"echo =$((x+4))\n")
            c.until_text(b"=44\r\n")
            c.type(b"exit 7\n")
        settle(
            lambda: upgraded.ask("job.get", job=shell["id"])["state"] == "exited",
            what="the end of the shell",
            timeout=30,  # Podman takes its time where everything else runs as well
        )
        assert upgraded.ask("job.get", job=shell["id"])["exit_code"] == 7
        assert upgraded.ask("session.open", project=api, cols=80, rows=24)["state"] == "running"
        settle(lambda: not server.processes(old), what="the end of the old agent's last holder")
