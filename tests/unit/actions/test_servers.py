"""Which server is meant, and what may be added."""

from pathlib import Path

import pytest

from mnix_tui.actions import add_server, choose_server
from mnix_tui.domain.servers import Server
from mnix_tui.errors import AlreadyExists, NameInvalid, NotFound, UsageError
from mnix_tui.store import Store

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
