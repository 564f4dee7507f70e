"""A rebuild waits for a warm-up, also for one that begins while it is about to start."""

from pathlib import Path
from typing import Any

import pytest

from mnix_tui.actions import rebuild, warming
from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server
from mnix_tui.errors import Busy
from mnix_tui.link import AgentClient, CommandChannel
from mnix_tui.store import Store

PROJECT = Project("p", "local", "pppppppp", "/somewhere", in_place=True)


def job(id_: str, cause: str, state: str = "running") -> dict[str, Any]:
    return {
        "id": id_,
        "kind": "rebuild",
        "project_id": "pppppppp",
        "state": state,
        "cause": cause,
        "started": 1.0,
    }


class Box:
    """A server on which somebody else builds: it answers as the agent does."""

    def __init__(self) -> None:
        self.server = Server("local", "")
        self.agent = AgentClient(self._answer)
        self.builds: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.looks = 0
        """Looks at a build after which it has ended."""
        self.begins: dict[str, Any] | None = None
        """A build that begins just before the next one is asked for."""
        self.options: dict[str, Any] = {}

    async def command(
        self,
        *args: str,
        bulk: bool = False,
        early: bytes = b"",
        forward_agent: bool = False,
    ) -> CommandChannel:
        raise AssertionError(f"nothing is sent to a folder in place: {args}")

    async def _answer(self, method: str, params: dict[str, Any], timeout: float | None) -> Any:
        self.asked.append(method)
        if method == "job.list":
            return {"jobs": self.builds}
        if method == "job.get":
            self.looks -= 1
            if self.looks <= 0:
                self.builds[0]["state"] = "exited"
            return self.builds[0]
        assert method == "project.rebuild"
        if self.begins:
            self.builds, self.begins = [self.begins], None
        if any(one["state"] == "running" for one in self.builds):
            raise Busy("p is busy: a rebuild")
        self.options = params
        return job("mine", "rebuild")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "LOOK", 0.001)


async def build(box: Box, path: Path, told: list[str], **options: Any) -> str:
    async with Store.open(path / "client.db") as store:
        made = await rebuild(
            store, box, PROJECT, progress=lambda what, done, total: told.append(what), **options
        )
    return made.id


async def test_a_warm_up_is_waited_for_before_anything_is_sent(tmp_path: Path) -> None:
    box, told = Box(), list[str]()
    box.builds, box.looks = [job("warm", "warm-up")], 3
    assert await build(box, tmp_path, told) == "mine"
    assert box.asked == ["job.list", "job.get", "job.get", "job.get", "project.rebuild"]
    assert told[0].startswith("waiting for the warm-up")
    assert told[-1] == "starting the build"


async def test_a_warm_up_that_begins_meanwhile_is_waited_for_too(tmp_path: Path) -> None:
    box, told = Box(), list[str]()
    box.begins, box.looks = job("warm", "warm-up"), 1
    assert await build(box, tmp_path, told) == "mine"
    assert box.asked.count("project.rebuild") == 2


async def test_another_rebuild_is_busy(tmp_path: Path) -> None:
    box, told = Box(), list[str]()
    box.builds = [job("other", "rebuild")]
    with pytest.raises(Busy):
        await build(box, tmp_path, told)
    assert "waiting" not in " ".join(told)


async def test_options_for_once_are_sent_only_when_given(tmp_path: Path) -> None:
    box = Box()
    await build(box, tmp_path, [])
    assert box.options == {"project": "pppppppp", "flake": None}
    await build(
        box, tmp_path, [], dev_shell="ci", override_inputs={"nixpkgs": "path:./n"}, impure=True
    )
    assert box.options == {
        "project": "pppppppp",
        "flake": None,
        "dev_shell": "ci",
        "override_inputs": {"nixpkgs": "path:./n"},
        "impure": True,
    }
