"""The commands that need no server: what they print, and with which exit code."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mnix_tui.cli import conflicts, output, target
from mnix_tui.cli.context import Context
from mnix_tui.cli.run import run
from mnix_tui.domain.projects import Project, ProjectStatus
from mnix_tui.domain.servers import Server, ServerStatus
from mnix_tui.domain.states import ProjectState, ServerState
from mnix_tui.errors import NotFound, StoreError, UsageError
from mnix_tui.store import Store


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "client.toml"
    config.write_text(f'database_path = "{tmp_path}/client.db"\n')
    monkeypatch.setenv("MNIX_CLIENT_CONFIG", str(config))
    return tmp_path / "client.db"


def fill(database: Path, *names: str) -> None:
    asyncio.run(_fill(database, *names))


async def _fill(database: Path, *names: str) -> None:
    async with Store.open(database) as store:
        await store.add_server(Server("tokyo", "me@tokyo"))
        for number, name in enumerate(names):
            await store.put_project(Project(name, "tokyo", f"id{number}", f"/home/{number}"))
            status = ProjectStatus(ProjectState.RUNNING, "container", 3, seen=time.time() - 300)
            await store.put_status("tokyo", {f"id{number}": status})
        offline = ServerStatus(ServerState.OFFLINE, "no route", seen=time.time() - 7200)
        await store.put_server_status("tokyo", offline)


def test_ls_of_nothing_says_how_to_begin(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ls"]) == 0
    assert "mnix new NAME" in capsys.readouterr().out


def test_ls_shows_states_with_their_age(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(database, "api")
    assert run(["ls"]) == 0
    head, row, server = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "NAME",
        "SERVER",
        "STATE",
        "GEN",
        "ISOLATION",
        "SHELLS",
        "PUSHED",
        "SEEN",
    ]
    assert row.split() == ["api", "tokyo", "running", "3", "container", "5m", "ago"]
    assert server == "tokyo: no route (last seen: 2h ago)"


def test_ls_json_has_the_published_form(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(database, "api")
    assert run(["ls", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == {"servers", "projects"}
    local, tokyo = found["servers"]
    assert (local["name"], local["endpoint"], local["state"], local["seen"]) == (
        ("local", "", "unknown", None)
    )
    assert (tokyo["name"], tokyo["endpoint"], tokyo["state"]) == ("tokyo", "me@tokyo", "offline")
    (project,) = found["projects"]
    assert {"name", "server", "state", "isolation", "generation", "seen"} <= project.keys()
    assert (project["state"], project["isolation"], project["generation"]) == (
        ("running", "container", 3)
    )
    assert isinstance(project["seen"], float)


def test_pypi_hole_12_names_are_shown_as_they_are_and_never_cut(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "x" * 300
    fill(database, "[red]bold[/red]", "\x1b[31mansi\n\u202e", long)
    assert run(["ls"]) == 0
    out = capsys.readouterr().out
    assert "[red]bold[/red]" in out
    assert "\\x1b[31mansi\\n\\u202e" in out
    assert long in out
    assert "\x1b" not in out


def test_ambiguous_and_unknown_names_have_exit_codes(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(database, "api")

    async def add() -> None:
        async with Store.open(database) as store:
            await store.put_project(Project("api", "local", "zz"))

    asyncio.run(add())
    assert run(["select", "api"]) == 2
    assert "api@local, api@tokyo" in capsys.readouterr().err
    assert run(["select", "apo@tokyo"]) == 1
    assert "did you mean api@tokyo?" in capsys.readouterr().err
    assert run(["select", "api@tokyo"]) == 0
    assert run(["exec"]) == 2
    assert run(["shell", "--project", "nope"]) == 1


def test_a_hint_names_the_project_unless_a_command_means_it_anyway(
    database: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(database, "api", "odd name")
    api, odd = Project("api", "tokyo"), Project("odd name", "tokyo")
    assert target.naming(database, api) == " --project api@tokyo"  # none is selected
    assert run(["select", "api"]) == 0
    assert target.naming(database, api) == ""
    assert target.naming(database, odd) == " --project 'odd name@tokyo'"


def test_what_moves_files_means_the_folder_one_is_in_and_the_rest_the_selected_project(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    outer, deep = tmp_path / "outer", tmp_path / "outer/inner/deep"
    deep.mkdir(parents=True)
    (tmp_path / "link").symlink_to(outer)
    context = Context()

    async def add() -> None:
        async with Store.open(database) as store:
            for name, folder in (("outer", outer), ("inner", deep.parent), ("else", "/else")):
                await store.put_project(Project(name, "tokyo", name, str(folder)))
            await store.put_project(Project("linked", "tokyo", "linked", f"{tmp_path}/link"))
            await store.put_project(Project("inner", "local", "i2", str(deep.parent)))

    asyncio.run(add())
    assert run(["select", "else"]) == 0
    monkeypatch.chdir(outer)
    assert target.of_files(context).project.name == "outer"
    assert target.project(context).project.name == "else"
    assert target.of_files(context, "inner@tokyo").project.name == "inner"
    assert target.naming(database, Project("outer", "tokyo")) == " --project outer@tokyo"
    assert target.naming(database, Project("else", "tokyo")) == " --project else@tokyo"
    monkeypatch.chdir(deep)  # two servers have this one
    with pytest.raises(UsageError, match="Which project"):
        target.of_files(context)
    assert run(["select", "inner@local"]) == 0
    assert target.of_files(context).project.ref == "inner@local"
    assert target.naming(database, Project("inner", "local")) == ""
    monkeypatch.chdir(tmp_path)
    assert target.of_files(context).project.ref == "inner@local"
    monkeypatch.setenv("PWD", f"{tmp_path}/link")
    monkeypatch.chdir(outer)
    assert run(["select", "linked"]) == 0
    assert target.of_files(context).project.name == "linked"
    monkeypatch.setenv("PWD", str(tmp_path))  # not where we are
    assert target.of_files(context).project.name == "outer"
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert target.of_files(context).project.name == "linked"


def test_a_project_s_name_in_place_of_a_path_is_told_how_projects_are_named(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, "api", "web")
    monkeypatch.chdir(tmp_path)
    web = target.project(Context(), "web")

    def hint(*wanted: str) -> str:
        with (
            pytest.raises(NotFound) as caught,
            conflicts.hinted_by_name(Context(), wanted, web),
        ):
            raise NotFound("it is in no conflict", hint="see")
        return caught.value.hint

    assert hint("api") == "api is a project: name it with --project api@tokyo"
    assert hint("src") == "see"
    assert hint("api", "src") == "see"
    (tmp_path / "api").touch()
    assert hint("api") == "see"


@pytest.mark.parametrize("mark", ["flake.nix", ".mnix", ".git"])
def test_a_folder_with_files_of_its_own_moves_no_other_project_s(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    fill(database, "api")
    mine = tmp_path / "mine"
    (mine / "src").mkdir(parents=True)
    monkeypatch.chdir(mine / "src")
    context = Context()
    assert target.of_files(context).project.name == "api"  # nothing is here
    (mine / mark).mkdir()
    for select in (None, ["select", "api"]):
        if select:
            assert run(select) == 0
        with pytest.raises(UsageError, match="is no project's") as caught:
            target.of_files(context)
        assert f"{mine} " in caught.value.detail
        assert "--project api@tokyo" in caught.value.hint
    assert target.of_files(context, "api").project.name == "api"
    assert target.of_files(Context(project="api")).project.name == "api"
    assert target.project(context).project.name == "api"
    assert target.naming(database, Project("api", "tokyo")) == " --project api@tokyo"
    monkeypatch.setenv("HOME", str(mine))  # its files are kept in git: that makes it no project
    assert target.of_files(context).project.name == "api"


def test_completion_offers_names_from_the_store(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, "api", "web")

    async def built() -> None:
        async with Store.open(database) as store:
            await store.put_build_times("tokyo", {"git": 3.0, "gcc": 9.0, "$(evil)": 1.0}, "job")
            await store.put_project(Project("bob", "tokyo", "id9"))

    asyncio.run(built())
    monkeypatch.setenv("_MNIX_COMPLETE", "bash_complete")
    for words, offered in {
        "mnix select a": ["api"],
        "mnix exec --project ": ["api", "bob", "web"],
        "mnix pull a": ["api"],
        "mnix watch w": ["web"],
        "mnix trash --project a": ["api"],
        "mnix trash re": ["restore"],
        "mnix trash restore ": [],
        "mnix adopt ": ["bob"],
        "mnix adopt bob@": ["bob@tokyo"],
        "mnix resolve --project api ": [],
        "mnix --server t": ["tokyo"],
        "mnix server r": ["rm"],
        "mnix select api@": ["api@tokyo"],
        "mnix logs --project web --rebuild ": ["3", "2", "1"],
        "mnix --project api diff 2 ": ["3", "2", "1"],
        "mnix rollback --project nope ": [],
        "mnix logs --node ": ["gcc", "git"],
        "mnix logs --server local --node gi": [],
    }.items():
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        run([])
        lines = capsys.readouterr().out.splitlines()
        found = [line.split(",")[1] for line in lines if line]
        assert found == offered, words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_MNIX_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["lss"], 2, "Did you mean ls?"),
        (["ls", "--nope"], 2, "No such option"),
        (["server", "add", "ssh://-oProxyCommand=x", "evil"], 2, "not a server's address"),
        (["server", "add", "host", "My Server"], 2, "use my-server?"),
        (["server", "rm", "tokyo"], 1, "There is no server 'tokyo'"),
        (["new", "My App"], 2, "use my-app?"),
        (["ls", "--server", "x"], 1, "There is no server 'x'"),
        (["rm", "-y"], 1, "There are no projects yet"),
        (["pull"], 1, "There are no projects yet"),
        (["resolve", "x"], 2, "add --here, --there or --both"),
        (["resolve", "--here"], 2, "name paths, or --all"),
        (["resolve", "x", "--all", "--here"], 2, "name paths, or --all"),
        (["trash", "restore", "2026"], 2, "mnix trash restore 2026 -a"),
        (["trash", "--json", "restore", "x", "y"], 2, "--json lists"),
        (["adopt", "x", "--server", "y"], 1, "There is no server 'y'"),
        (["new", "x", "--ref", "main"], 2, "add --git URL"),
        (["new", "x", "--git", ""], 2, "add --git URL"),
        (["new", "x", ".", "--git", "https://x"], 2, "leave out FOLDER"),
    ],
)
def test_mistakes_are_told_with_the_next_step(
    database: Path, capsys: pytest.CaptureFixture[str], argv: list[str], code: int, words: str
) -> None:
    assert run(argv) == code
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_a_bad_setting_ends_the_command(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = Path(os.environ["MNIX_CLIENT_CONFIG"])
    config.write_text("default_server = 5\n")
    assert run(["ls"]) == 1
    assert f"{config}: default_server must be a text" in capsys.readouterr().err


@pytest.mark.parametrize("debug", [False, True])
def test_no_traceback_ever(
    database: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    debug: bool,
) -> None:
    if debug:
        monkeypatch.setenv("MNIX_DEBUG", "1")
    database.write_bytes(b"broken" * 999)
    assert run(["ls"]) == StoreError.exit_code
    assert ("Traceback" in capsys.readouterr().err) is debug
    monkeypatch.setattr("mnix_tui.store.listing.read", lambda path: 1 / 0)
    assert run(["ls"]) == 1
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert ("Traceback" in err) is debug
    log = Path(os.environ["XDG_STATE_HOME"]) / "mnix/mnix.log"
    assert str(log) in err
    assert "Traceback" in log.read_text()


def test_alone_and_not_on_a_terminal_it_prints_the_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert run([]) == 0
    out = capsys.readouterr().out
    assert "rebuild-switch" in out
    assert "..." not in out.partition("Commands:")[2]


def test_a_reader_that_goes_away_is_no_error(database: Path, repo: Path) -> None:
    command = f"{sys.executable} -m mnix_tui --help | head -c 1; echo ${{PIPESTATUS[0]}} >&2"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=repo, check=True
    )
    assert done.stderr.strip() in ("0", "141")


def test_ls_imports_neither_textual_nor_asyncssh_nor_rich(database: Path, repo: Path) -> None:
    code = (
        "import sys; from mnix_tui.cli.run import run; run(['ls']);"
        "print([m for m in ('asyncio', 'asyncssh', 'textual', 'rich', 'aiosqlite', 'pathspec')"
        " if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repo, check=True
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (9, "now"), (59, "59s ago"), (60, "1m ago"), (7200, "2h ago"), (200000, "2d ago")],
)
def test_ages(seconds: float, text: str) -> None:
    assert output.age(1000.0, 1000.0 + seconds) == text
    assert output.age(None) == "never"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        ("\x1b[m\n", "\\x1b[m\\n"),
        ("\u202e", "\\u202e"),
        (os.fsdecode(b"\xff\x80"), "\\xff\\x80"),
    ],
)
def test_what_is_not_shown_is_spelled_out(text: str, shown: str) -> None:
    assert output.visible(text) == shown
