"""Which server is meant, and what may be added."""

from pathlib import Path
from typing import Any

import pytest

from mnix_tui.actions import add_server, choose_server
from mnix_tui.actions.servers import purge
from mnix_tui.domain.servers import Server
from mnix_tui.errors import AlreadyExists, NameInvalid, NotFound, UsageError
from mnix_tui.link import AgentClient
from mnix_tui.store import Store
from mnix_tui.ui.dialogs.purge import goes

LOCAL, A, B = Server("local", ""), Server("a", "a"), Server("b", "b")


def test_the_choice_is_that_of_pypi_mnix() -> None:
    assert choose_server([LOCAL, A, B], "b", "a") == B
    assert choose_server([LOCAL, A, B], "", "a") == A
    assert choose_server([LOCAL, A]) == A
    assert choose_server([LOCAL, A], "", "gone") == A
    assert choose_server([LOCAL, A], "local") == LOCAL
    with pytest.raises(UsageError) as caught:
        choose_server([LOCAL, A, B])
    assert caught.value.detail == "local, a, b"
    with pytest.raises(NotFound):
        choose_server([LOCAL, A], "c")
    with pytest.raises(UsageError, match="several servers") as caught:
        choose_server([Server(str(number), "x") for number in range(1200)])
    assert caught.value.detail == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,190 more"


def test_this_machine_is_the_only_one_when_there_is_no_other() -> None:
    assert choose_server([LOCAL]) == LOCAL


async def test_a_server_is_added_with_its_normalised_address(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "client.db") as store:
        server = await add_server(store, "tokyo", " ssh://me@tokyo:2222/ ")
        assert server.endpoint == "me@tokyo:2222"
        with pytest.raises(AlreadyExists):
            await add_server(store, "tokyo", "other")
        await add_server(store, "tokyo", "other", replace=True)
        with pytest.raises(NameInvalid):
            await add_server(store, "My Server", "host")
        with pytest.raises(UsageError):
            await add_server(store, "evil", "ssh://-oProxyCommand=touch x")
        assert [each.name for each in await store.servers()] == ["local", "tokyo"]


async def test_a_server_keeps_its_tags_when_only_its_address_changes(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "client.db") as store:
        await add_server(store, "tokyo", "tokyo", tags=["Web", "eu"])
        server = await add_server(store, "tokyo", "elsewhere", replace=True)
        assert (server.endpoint, server.tags) == ("elsewhere", ("web", "eu"))
        with pytest.raises(UsageError):
            await add_server(store, "oslo", "oslo", tags=["no tag"])
        assert [each.name for each in await store.servers()] == ["local", "tokyo"]


class _Says:
    """A link to a server whose agent gives one answer."""

    server = A

    def __init__(self, answer: Any) -> None:
        async def send(method: str, params: dict[str, Any], timeout: float | None) -> Any:
            assert (method, params) == ("server.purge", {"dry_run": True, "force": False})
            return answer

        self.agent = AgentClient(send)

    async def command(self, *args: str, **options: Any) -> Any:
        raise NotImplementedError


async def test_what_a_purge_would_remove_is_told() -> None:
    answer = {
        "projects": [{"id": "abc", "name": "api", "bytes": 5, "sessions": 2}],
        "bytes": 7,
        "paths": ["/home/me/.local/share/mnix"],
        "volumes": ["mnix-nix"],
        "sessions": 2,
        "done": False,
    }
    found = await purge(_Says(answer), dry_run=True)
    assert [(p.name, p.bytes, p.sessions) for p in found.projects] == [("api", 5, 2)]
    assert (found.bytes, found.sessions, found.done) == (7, 2, False)
    assert (found.paths, found.volumes) == (("/home/me/.local/share/mnix",), ("mnix-nix",))


@pytest.mark.parametrize(
    "answer",
    [None, [], "x", {"projects": 5, "paths": {}, "bytes": "much"}, {"projects": [None, 5, {}]}],
)
async def test_an_answer_about_a_purge_that_makes_no_sense_breaks_nothing(answer: Any) -> None:
    found = await purge(_Says(answer), dry_run=True)
    assert (found.bytes, found.paths, found.done) == (None, (), False)


@pytest.mark.parametrize("size", [None, -1, 10**400, float("inf"), True, "7"])
async def test_a_size_that_is_none_is_unknown(size: Any) -> None:
    answer = {"projects": [{"name": "api", "bytes": size, "sessions": size}], "bytes": size}
    found = await purge(_Says({**answer, "sessions": size}), dry_run=True)
    (one,) = found.projects
    assert (found.bytes, found.sessions, one.bytes, one.sessions) == (None, 0, None, 0)
    assert "1 project with all files there, size unknown:" in goes(found).plain
    assert "api, size unknown" in goes(found).plain


async def test_what_a_server_says_of_a_purge_is_cleaned() -> None:
    found = await purge(_Says({"paths": ["\x1b[2J/home" + "x" * 999], "done": 1}), dry_run=True)
    assert found.paths[0].startswith(" [2J/home")
    assert len(found.paths[0]) == 300
    assert not found.done
