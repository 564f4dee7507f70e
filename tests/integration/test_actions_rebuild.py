"""A project's life as the fleet sees it, with this machine's nix: warmed up, drifted, built again."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mnix_tui import actions
from mnix_tui.domain.drift import Drift
from mnix_tui.domain.projects import Project, ProjectView
from mnix_tui.errors import NotFound
from mnix_tui.fleet import Fleet
from mnix_tui.store import Store
from server_agent import jobs
from tests.fleet import ClientHome, FlakeMaker
from tests.fleet.local import LocalPodman
from tests.helpers.settle import asettle
from tests.integration.cli_rig import SERVER_TOML

if TYPE_CHECKING:
    from mnix_tui.domain.jobs import Job

NIX_CONFIG = """\
experimental-features = nix-command flakes
build-users-group =
substituters =
sandbox = false
"""

pytestmark = pytest.mark.needs("nix", "git")


@pytest.fixture(autouse=True)
def _nix(client_home: ClientHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIX_CONFIG", NIX_CONFIG)


def repository(flake: FlakeMaker) -> Path:
    """Return a repository whose flake lies in a folder of it."""
    made = flake("slow", seconds=2)
    root = made.with_name("repository")
    root.mkdir()
    made.rename(root / "nix")
    (root / "README").write_text("beside the flake")
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def edit(root: Path, greeting: str) -> None:
    flake = root / "nix/flake.nix"
    flake.write_text(flake.read_text().replace('GREETING = "hi"', f'GREETING = "{greeting}"'))


async def test_from_a_warm_up_over_drift_to_the_next_generation_and_back(
    client_home: ClientHome, flake: FlakeMaker, tmp_path: Path
) -> None:
    root = repository(flake)
    warmed: list[Job] = []
    told: list[str] = []

    def progress(what: str, done: int, total: int | None) -> None:
        told.append(what)

    async with Store.open(tmp_path / "client.db") as store, Fleet(store) as fleet:
        link = fleet.link("local")
        await link.ready(20)
        project = await actions.new_project(
            store, link, name="slow", flake=str(root / "nix"), isolation="host", copy=True,
            warm_up=True, warming=warmed.append,
        )  # fmt: skip
        assert (project.folder, project.flake) == (str(root), "nix/flake.nix")
        await fleet.refresh()
        workspace = await link.agent.project(project.remote_id)
        assert Path(workspace["workspace"], "README").read_text() == "beside the flake"

        def view() -> ProjectView:
            return next(one for one in fleet.snapshot().projects if one.project.name == "slow")

        (warming,) = warmed
        assert warming.cause == "warm-up"
        await asettle(lambda: (found := fleet.snapshot().builds.get(warming.key))
                      and found.builds_running)  # fmt: skip

        # A rebuild waits for the warm-up; then there is nothing to build.
        job = await actions.rebuild(store, link, project, progress=progress)
        assert told[0].startswith("waiting for the warm-up, which runs for")
        watch = fleet.watch_build(project, job)
        await asettle(lambda: watch.done, timeout=30)
        assert watch.error is None
        assert watch.build.summary().ok
        first = fleet.watch_build(project, warming)
        assert [line.text for line in first.lines if "slow line" in line.text]
        await asettle(lambda: store.build_times("local"))
        assert (await store.build_times("local"))["slow-tool"] > 1
        await asettle(lambda: view().status.generation == 1)
        assert view().drift == Drift()
        (one,) = await actions.generations(link, project)
        assert (one.number, one.cause, one.job) == (1, "warm-up", warming.id)
        assert one.duration
        with pytest.raises(NotFound):
            await actions.diff(link, project)

        # What is edited here is not there, and then not built.
        edit(root, "hello")
        await asettle(lambda: view().drift == Drift(unpushed=("flake.nix",)))
        report = await actions.drift(store, link, project)
        assert [one.name for one in report.unpushed] == ["flake.nix"]
        assert any(line.endswith('GREETING = "hello";') for line in report.unpushed[0].diff)
        assert report.unbuilt == ()
        await actions.push(store, link, project)
        await asettle(lambda: view().drift == Drift(unbuilt=("flake.nix",)))
        report = await actions.drift(store, link, project)
        assert report.unpushed == ()
        assert any(line.endswith('GREETING = "hi";') for line in report.unbuilt[0].diff)

        # A rebuild for once with another shell: its result is a generation like any other.
        job = await actions.rebuild(store, link, project, impure=True)
        await asettle(lambda: view().status.generation == 2, timeout=30)
        await asettle(lambda: view().drift == Drift())
        found = await actions.diff(link, project)
        assert (found.a, found.b) == (1, 2)
        await actions.rollback(store, link, project)
        await asettle(lambda: view().status.generation == 1)
        assert view().drift == Drift(unbuilt=("flake.nix",))
        await actions.remove(store, link, project)
    assert jobs.listing(live=True) == []


async def test_a_flake_finds_what_lies_beside_its_folder(
    local_podman: LocalPodman, client_home: ClientHome, flake: FlakeMaker, tmp_path: Path
) -> None:
    config = tmp_path / "server.toml"
    config.write_text(SERVER_TOML)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIX_SERVER_CONFIG", str(config))
        root = flake("tiny")
        (root / "nix").mkdir()
        text = (root / "flake.nix").read_text()
        (root / "nix/flake.nix").write_text(text.replace("${./toolchain}", "${../toolchain}"))
        (root / "flake.nix").unlink()
        subprocess.run(["git", "init", "-q", root], check=True)
        async with Store.open(tmp_path / "client.db") as store, Fleet(store) as fleet:
            link = fleet.link("local")
            await link.ready(20)
            project = await actions.new_project(
                store, link, name="beside", flake=str(root / "nix/flake.nix"), copy=True
            )
            job = await actions.rebuild(store, link, project)
            watch = fleet.watch_build(project, job)
            await asettle(lambda: watch.done, timeout=60)
            assert watch.build.summary().ok, list(watch.lines)
            assert watch.build.summary().builds_done == 2
            await actions.remove(store, link, project)


async def test_a_project_says_that_it_wants_no_warm_up(
    client_home: ClientHome, flake: FlakeMaker, tmp_path: Path
) -> None:
    root = flake("tiny")
    warmed: list[Job] = []

    async def make(store: Store, link: actions.ActionLink, name: str, warm_up: bool) -> Project:
        return await actions.new_project(
            store, link, name=name, folder=root, isolation="host", warm_up=warm_up,
            warming=warmed.append,
        )  # fmt: skip

    async with Store.open(tmp_path / "client.db") as store, Fleet(store) as fleet:
        link = fleet.link("local")
        await link.ready(20)
        cold = await make(store, link, "cold", warm_up=False)
        await actions.remove(store, link, cold)
        (root / "mnix.toml").write_text("warm_up = false\n")
        refusing = await make(store, link, "refusing", warm_up=True)
        assert warmed == []
        assert await link.agent.jobs(refusing.remote_id) == []
        await actions.remove(store, link, refusing)
