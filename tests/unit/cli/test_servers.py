"""The commands about servers that need none: tags, when to connect, logs, names, mistakes."""

import asyncio
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnix_tui.cli import own_terminal, sessions
from mnix_tui.cli.context import Context
from mnix_tui.cli.run import run
from mnix_tui.domain.audit import Ran
from mnix_tui.domain.projects import Project
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.store import Store, audit


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "client.toml"
    config.write_text(f'database_path = "{tmp_path}/client.db"\n')
    monkeypatch.setenv("MNIX_CLIENT_CONFIG", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    asyncio.run(_fill(tmp_path / "client.db"))
    return tmp_path / "client.db"


async def _fill(path: Path) -> None:
    async with Store.open(path) as store:
        await store.add_server(Server("tokyo", "me@tokyo", ("asia", "gpu")))
        await store.add_server(Server("lima", "lima", ("gpu",), "never"))
        await store.put_project(Project("api", "tokyo", "abcd2345"))
        await store.put_project(Project("api", "lima", "abcd9999"))


@pytest.fixture
def mnix(database: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    def call(*argv: str, code: int = 0) -> tuple[str, str]:
        assert run(argv) == code
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return said.out, said.err

    return call


Mnix = Callable[..., tuple[str, str]]


def test_ls_shows_tags_and_when_to_connect(mnix: Mnix) -> None:
    rows = [line.split() for line in mnix("server", "ls")[0].splitlines()]
    assert rows[0] == ["NAME", "ENDPOINT", "STATE", "SEEN", "TAGS", "CONNECT"]
    assert rows[2] == ["lima", "lima", "unknown", "never", "gpu", "never"]
    assert rows[3] == ["tokyo", "me@tokyo", "unknown", "never", "asia", "gpu", "auto"]
    found = json.loads(mnix("server", "ls", "--tag", "Asia", "--json")[0])
    assert [(each["name"], each["tags"], each["connect"]) for each in found] == [
        ("tokyo", ["asia", "gpu"], "auto")
    ]


def test_ls_names_the_servers_of_which_nothing_is_known(mnix: Mnix, database: Path) -> None:
    assert "Not asked" not in mnix("ls")[0]
    mnix("server", "add", "me@oslo", "oslo", "--tag", "new")
    line = "Not asked yet what is there: oslo (mnix ls --refresh asks)"
    assert mnix("ls")[0].splitlines()[-1] == line
    assert line in mnix("ls", "--tag", "new")[0]
    assert "Not asked" not in mnix("ls", "--tag", "asia")[0]

    async def answered() -> None:
        async with Store.open(database) as store:
            await store.put_server_status("oslo", ServerStatus(ServerState.ONLINE, seen=1e9))

    asyncio.run(answered())
    assert "Not asked" not in mnix("ls")[0]


def test_ls_takes_one_line_a_server_on_a_terminal_and_tells_all_elsewhere(
    mnix: Mnix, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = f"the host key of tokyo changed: {'SHA256:' + 'x' * 43} is not {'y' * 50}"

    async def refuse() -> None:
        async with Store.open(database) as store:
            await store.put_server_status("tokyo", ServerStatus(ServerState.REFUSED, reason))

    asyncio.run(refuse())
    assert reason in mnix("server", "ls")[0]
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(own_terminal, "size", lambda: (80, 24))
    monkeypatch.setattr(sys, "stdout", terminal)
    mnix("server", "ls")
    head, *rows = terminal.getvalue().splitlines()
    assert [len(row) <= 80 for row in (head, *rows)] == [True] * 4
    assert "  refused (the host key of" in rows[-1]
    assert rows[-1].endswith("…  never  asia gpu  auto")
    assert "  unknown" in rows[-2]


def test_projects_are_listed_by_their_servers_tags(mnix: Mnix) -> None:
    found = json.loads(mnix("ls", "--tag", "asia", "--json")[0])
    assert [each["server"] for each in found["projects"]] == ["tokyo"]
    assert [each["name"] for each in found["servers"]] == ["tokyo"]
    found = json.loads(mnix("ls", "--tag", "gpu", "--server", "lima", "--json")[0])
    assert [each["server"] for each in found["projects"]] == ["lima"]


def test_tags_come_and_go(mnix: Mnix) -> None:
    assert mnix("server", "tag", "tokyo")[0] == "tokyo: asia gpu\n"
    assert mnix("server", "tag", "tokyo", "web", "--remove", "asia")[0] == "tokyo: gpu web\n"
    assert mnix("server", "tag", "tokyo", "-r", "gpu", "-r", "WEB")[0] == "tokyo: no tags\n"
    assert "is not a tag" in mnix("server", "tag", "tokyo", "two words", code=2)[1]
    assert "did you mean tokyo?" in mnix("server", "tag", "tokio", "x", code=1)[1]
    assert "this machine" in mnix("server", "tag", "local", "x", code=2)[1]


def test_when_to_connect_is_set(mnix: Mnix) -> None:
    assert mnix("server", "set", "tokyo", "--connect", "always")[0] == "tokyo: connect always\n"
    assert "always" in mnix("server", "ls", "--tag", "asia")[0]
    assert "'sometimes'" in mnix("server", "set", "tokyo", "--connect", "sometimes", code=2)[1]


def test_a_server_is_called_as_its_host_unless_somebody_says_otherwise(mnix: Mnix) -> None:
    assert mnix("server", "add", "ssh://me@cairo:2222")[0] == (
        "saved server cairo -> me@cairo:2222\n"
    )
    mnix("server", "add", "other", "cairo", "--replace", "--tag", "africa")
    assert "africa" in mnix("server", "ls")[0]
    err = mnix("server", "add", "me@Cairo_West", code=2)[1]
    assert "→ say what to call it: mnix server add me@Cairo_West cairo_west" in err
    assert "mnix server add '[::1]:22' 1" in mnix("server", "add", "[::1]:22", code=2)[1]
    assert "reserved" in mnix("server", "add", "local", code=2)[1]
    assert "is not a tag" in mnix("server", "add", "x", "--tag", "-", code=2)[1]
    assert "not a server's address" in mnix("server", "add", "ssh://-oProxyCommand=x", code=2)[1]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("server", "rm", "tokyo"), "--forget (they stay there) or --purge"),
        (("server", "rm", "tokyo", "--forget", "--purge"), "choose one of both"),
        (("server", "rm", "tokyo", "--force"), "--force is for --purge"),
        (("server", "rm", "local", "--purge", "--yes"), "this machine"),
        (("server", "doctor"), "name some, or --all"),
        (("server", "doctor", "tokyo", "--all"), "choose one"),
        (("rebuild-switch", "x.nix", "--all"), "FLAKE is for one project"),
        (("rebuild-switch", "--project", "api", "--tag", "gpu"), "--project is for one project"),
        (("start", "api@tokyo", "--all"), "are ways to say it"),
        (("stop", "--all", "--yes", "--project", "api"), "--project is for one project"),
        (("start", "api@tokyo", "api@lima", "--project", "api"), "--project is for one project"),
        (("stop", "--all"), "2 projects on 2 servers"),
        (("stop", "--tag", "asia"), "1 project on 1 server"),
        (("start", "api", "api@lima"), "on several servers"),
    ],
)
def test_mistakes_are_told_with_the_next_step(
    mnix: Mnix, argv: tuple[str, ...], words: str
) -> None:
    assert words in mnix(*argv, code=2)[1]


def test_what_is_not_there_is_told_with_the_nearest(mnix: Mnix) -> None:
    assert "did you mean asia?" in mnix("server", "doctor", "--tag", "asja", code=1)[1]
    assert "did you mean asia?" in mnix("start", "--tag", "asja", code=1)[1]
    assert "did you mean asia?" in mnix("ls", "--tag", "asja", code=1)[1]
    assert "did you mean asia?" in mnix("server", "ls", "--tag", "asja", code=1)[1]
    mnix("server", "tag", "tokyo", "-r", "asia")
    mnix("server", "add", "empty", "--tag", "asia")
    assert "no such projects" in mnix("stop", "--tag", "asia", code=1)[1]


def test_where_nothing_runs_is_told(mnix: Mnix) -> None:
    assert sessions._named_place(Context(server="lima")) == " on lima"
    assert sessions._named_place(Context(project="api@lima")) == " of api on lima"


def test_forgetting_a_server_keeps_its_log(mnix: Mnix, database: Path) -> None:
    audit.append(database, [Ran("lima", time.time(), "connect", "lima", "ok", 0.1)])
    assert mnix("server", "rm", "lima", "--forget")[0] == "removed server lima\n"
    assert "→ ok" in mnix("server", "log", "lima")[0]


def test_the_log_names_projects_and_is_as_long_as_asked_for(mnix: Mnix, database: Path) -> None:
    assert mnix("server", "log", "tokyo") == ("", "mnix: nothing was done on tokyo yet\n")
    now = float(int(time.time()))
    records = [
        Ran("tokyo", now, "connect", "me@tokyo", "no route", 15.0),
        Ran("tokyo", now + 60, "request", "project.start project=abcd2345", "ok", 0.25),
        Ran("tokyo", now + 61, "command", "exec --project abcd2345 -- \x1b[2J", "exit 3", 1.5),
    ]
    audit.append(database, records)
    first, second, third = mnix("server", "log", "tokyo")[0].splitlines()
    assert first.endswith("  15.00 s  connect   me@tokyo  → no route")
    assert second.endswith("0.25 s  request   project.start project=api  → ok")
    assert third.endswith("1.50 s  command   exec --project api -- \\x1b[2J  → exit 3")
    assert mnix("server", "log", "tokyo", "-n", "1")[0].splitlines() == [third]
    assert mnix("server", "log", "tokyo", "-n", "0")[0] == ""
    lines = [json.loads(line) for line in mnix("server", "log", "tokyo", "--json")[0].splitlines()]
    assert [each["result"] for each in lines] == ["no route", "ok", "exit 3"]
    assert lines[1] == {
        "server": "tokyo",
        "at": now + 60,
        "what": "request",
        "detail": "project.start project=abcd2345",
        "result": "ok",
        "seconds": 0.25,
    }


def test_names_are_completed(
    mnix: Mnix, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (database.parent / ".ssh").mkdir()
    (database.parent / ".ssh/config").write_text("Host oslo *.lan\nHost rome\n")
    monkeypatch.setenv("_MNIX_COMPLETE", "bash_complete")
    for words, offered in {
        "mnix server ": ["add", "doctor", "log", "ls", "rm", "set", "tag"],
        "mnix server add o": ["oslo"],
        "mnix server add oslo oslo --tag a": ["asia"],
        "mnix server doctor l": ["local", "lima"],
        "mnix server doctor --tag ": ["asia", "gpu"],
        "mnix server rm l": ["lima"],
        "mnix server tag tokyo g": ["gpu"],
        "mnix server tag tokyo --remove g": ["gpu"],
        "mnix server set tokyo --connect a": ["auto", "always"],
        "mnix server log t": ["tokyo"],
        "mnix ls --tag g": ["gpu"],
        "mnix start api@lima api@": ["api@lima", "api@tokyo"],
        "mnix stop --tag g": ["gpu"],
        "mnix rebuild-switch --tag as": ["asia"],
    }.items():
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        run([])
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(",")[1] for line in lines if line] == offered, words
