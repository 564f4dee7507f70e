"""Removing all that is ours from a server, and nothing else."""

import shutil
from pathlib import Path

import pytest

from tests.fleet import Fleet, FleetServer
from tests.integration.serve_rig import Serve, deliver

pytestmark = pytest.mark.fleet

FOREIGN = """
podman run -d --name mine --label other=1 -v mine:/nix localhost/mnix-base sleep 600
podman create --name mnix-theirs --label mnix.project=abcdefgh localhost/mnix-base sleep 600
podman volume create mnix-nix-somebody-0123456789ab
mkdir -p inplace .local/share/mnix && echo keep > inplace/file && echo keep > .local/share/mnix/own
"""
OBSTINATE = """
cd {workspace} && mkdir -p gone/a/b none/c && echo x > gone/a/b/file && echo y > none/c/file
chmod 0555 gone/a/b gone/a gone && chmod 0 none
"""

THEIRS = "mkdir -p t/in; touch t/in/x; chown -R 1000:1000 t; chmod -R a-w t"


def made(serve: Serve, server: FleetServer, name: str, isolation: str, **more: str) -> str:
    """Make and start a project, and give it folders that nobody may write to."""
    found = serve.ask("project.create", name=name, isolation=isolation, **more)
    workspace = found["workspace"]
    if not more:
        server.run(OBSTINATE.format(workspace=workspace))
    serve.ask("project.start", project=found["id"])
    return str(found["id"])


def test_a_purge_removes_all_that_is_ours_and_nothing_else(fleet: Fleet) -> None:
    server = fleet.server("tokyo")
    server.write(".config/mnix/server.toml", 'base_image = "localhost/mnix-base"\n')
    server.run(FOREIGN)
    agent = deliver(server)
    with Serve.over_ssh(server, agent) as serve:
        serve.ask("subscribe")
        api = made(serve, server, "api", "container")
        made(serve, server, "other", "container")
        serve.ask(
            "project.create", name="bare", isolation="host", in_place=f"{server.home}/inplace"
        )
        # What is a subuid's is out of our own reach.
        server.as_user("podman", "exec", "mnix-api", "sh", "-c", THEIRS)
        # Of one, the description is lost, but not its container.
        server.run(f"rm .local/share/mnix/projects/{api}/project.json")
        job = serve.ask(
            "session.open", project=made(serve, server, "web", "container"), cols=80, rows=24
        )

        told = serve.ask("server.purge", dry_run=True)
        assert {each["name"]: each["sessions"] for each in told["projects"]} == {
            "other": 0, "bare": 0, "web": 1, f"{api} (its description is lost)": 0,
        }  # fmt: skip
        assert all(each["bytes"] > 0 for each in told["projects"])
        assert told["bytes"] > 1 << 20
        assert (told["containers"], told["sessions"], told["done"]) == (3, 1, False)
        assert [name.rpartition("-")[0] for name in told["volumes"]] == [f"mnix-nix-{server.user}"]
        assert f"{server.home}/.local/share/mnix/agent" in told["paths"]

        # Somebody uses our packages, and somebody else put something into a workspace.
        (shared,) = told["volumes"]
        server.run(f"podman create --name borrower -v {shared}:/nix localhost/mnix-base true")
        workspace = Path(serve.ask("project.get", project=job["project_id"])["workspace"])
        (workspace / "roots").mkdir()
        (workspace / "roots" / "file").touch()

        refused = serve.error("server.purge")
        assert (refused["code"], refused["hint"]) == ("busy", "end them, or use --force")
        assert "web" in refused["message"]
        assert serve.ask("job.get", job=job["id"])["state"] == "running"

        failed = serve.error("server.purge", force=True)
        assert failed["message"].startswith("1 of 3 projects can't be removed: web: ")
        assert "Permission denied" in failed["message"]
        assert failed["hint"].startswith("the agent and its logs stay")
        assert serve.ask("state.get") == {"projects": [], "jobs": []}
        shutil.rmtree(next(server.home.glob(".local/share/mnix/projects/.removed-*/*/roots")))

        done = serve.ask("server.purge")
        assert (done["done"], len(done["kept"])) == (True, 1)
        assert done["kept"][0].startswith(f"volume {shared}: ")
        assert "being used" in done["kept"][0]
        serve.state(lambda state: not state["projects"])
        assert serve.ask("state.get") == {"projects": [], "jobs": []}
        assert serve.process.poll() is None

    left = server.run("podman ps -a --format '{{.Names}}'; podman volume ls -q").stdout.split()
    others = ["borrower", "mine", "mine", "mnix-nix-somebody-0123456789ab", "mnix-theirs", shared]
    assert sorted(left) == sorted(others)
    assert server.run("cat inplace/file .local/share/mnix/own").stdout == "keep\nkeep\n"
    ours = "ls -d .local/share/mnix/* .local/state/mnix-server /run/user/*/mnix 2> /dev/null"
    assert server.run(ours, check=False).stdout == ".local/share/mnix/own\n"


def test_a_project_goes_with_folders_that_nobody_may_write_to(fleet: Fleet) -> None:
    server = fleet.server("tokyo")
    server.write(".config/mnix/server.toml", 'base_image = "localhost/mnix-base"\n')
    with Serve.over_ssh(server, deliver(server)) as serve:
        project = serve.ask("project.create", name="api", isolation="host")
        server.run(OBSTINATE.format(workspace=project["workspace"]))
        assert serve.ask("project.remove", project=project["id"]) == {}

        # Of another one the description is lost, but not its container.
        lost = made(serve, server, "web", "container")
        server.run(f"rm .local/share/mnix/projects/{lost}/project.json")
        assert serve.ask("project.remove", project=lost) == {}
        assert server.run("podman ps -aq").stdout == ""
    left = server.run("ls -A .local/share/mnix/projects").stdout.split()
    assert [name for name in left if not name.endswith(".lock")] == []
