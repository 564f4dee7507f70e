import hashlib
import json
import marshal
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnix_tui.errors import UsageError
from mnix_tui.link import LinkOptions, delivery
from mnix_tui.link.delivery import Archive, RemoteCommand
from mnix_tui.link.local import agent_argv
from server_agent.core import selfcmd
from tests.helpers.settle import settle

SHELLS = ["sh", "bash", "zsh", "fish", "csh", "tcsh"]
PRINT_ARGS = "import sys\nsys.stdout.buffer.write('\\0'.join(sys.argv[1:]).encode('utf-8','surrogateescape'))"
HARD = [
    "",
    "a'b",
    'a"b',
    "x!y",
    "n\nl\n",
    "back\\slash",
    "\\0101",
    "$HOME `id` *",
    "ü日本",
    "--",
    "~",
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(shell: str, command: RemoteCommand, data: Path, stdin: bytes = b"") -> str:
    done = subprocess.run(
        [shell, "-c", command.line],
        input=command.stdin + stdin,
        capture_output=True,
        env={**os.environ, "XDG_DATA_HOME": str(data)},
        timeout=30,
        check=False,
    )
    return done.stdout.decode("utf-8", "surrogateescape")


def tiny(code: str = PRINT_ARGS) -> Archive:
    """An agent that prints its arguments."""
    entry = "\n".join(["def entry():", *(f"    {line}" for line in code.splitlines())])
    main = "from server_agent.cli import entry\n\nentry()\n"
    files = {"__main__.py": main, "server_agent/__init__.py": "", "server_agent/cli.py": entry}
    return delivery.pack("0-tiny", {path: text.encode() for path, text in files.items()})


def handed_over(agent: Archive, nonce: str) -> bytes:
    """What a server is sent that misses the agent."""
    return delivery.bootstrap(agent.name, nonce) + delivery.head(agent) + agent.data


def install(shell: str, agent: Archive, data: Path) -> str:
    """Only install, and wait until the note is one that lasts."""
    said = run(shell, delivery.install_command(), data, handed_over(agent, "n"))
    note = data / "mnix" / "agent" / agent.name / "python"
    settle(lambda: note.read_text().count("\n") == 1, what="the agent to be on the disk for good")
    return said


def login_shell(name: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.mark.parametrize("name", SHELLS)
def test_it_is_handed_over_once_and_run_with_every_argument_whole(name: str, data: Path) -> None:
    shell, agent = login_shell(name), tiny()
    command = delivery.run_command(agent.name, "n1", tuple(HARD))
    missing = 'MNIX/1 n1 {"missing":"agent"}\n'
    assert run(shell, command, data) == missing
    said = run(shell, command, data, handed_over(agent, "n1"))
    assert said == missing + "\0".join(HARD)
    assert run(shell, command, data) == "\0".join(HARD)


@pytest.mark.parametrize("name", SHELLS)
def test_it_can_be_installed_without_being_run(name: str, data: Path) -> None:
    shell, agent = login_shell(name), tiny()
    assert install(shell, agent, data).startswith('MNIX/1 n {"installed": ')
    assert run(shell, delivery.run_command(agent.name, "n3", ("x",)), data) == "x"


def test_what_follows_the_archive_is_for_the_agent(data: Path) -> None:
    agent = tiny("import os; os.write(1, os.read(0, 100))")
    command = delivery.run_command(agent.name, "n", ("serve",))
    said = run("sh", command, data, handed_over(agent, "n") + b"for the agent\n")
    assert said == 'MNIX/1 n {"missing":"agent"}\nfor the agent\n'


def test_it_arrives_whole_however_slowly(data: Path) -> None:
    agent = tiny()
    argv = ["sh", "-c", delivery.run_command(agent.name, "n", ("x",)).line]
    env = {**os.environ, "XDG_DATA_HOME": str(data)}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, env=env) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert b"missing" in process.stdout.readline()
        for byte in handed_over(agent, "n"):
            process.stdin.write(bytes([byte]))
            process.stdin.flush()
        assert process.stdout.read() == b"x"


def test_who_does_not_hand_it_over_leaves_nothing_running(data: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", delivery.run_command("0-none", "n", ()).line],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10,
    )  # fmt: skip
    assert done.stdout == b'MNIX/1 n {"missing":"agent"}\n'
    assert done.stderr == b""


@pytest.mark.parametrize("name", SHELLS)
def test_a_command_line_longer_than_csh_takes_goes_another_way(name: str, data: Path) -> None:
    shell, agent = login_shell(name), tiny()
    install(shell, agent, data)
    args = ("long'" * 20,) * 50
    command = delivery.run_command(agent.name, "n", args)
    assert len(command.line) < delivery.LONGEST_COMMAND
    assert run(shell, command, data) == "\0".join(args)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, Path]:
    data, agent = tmp_path_factory.mktemp("data"), tiny()
    install("sh", agent, data)
    return agent, data


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    args=st.lists(
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30),
        min_size=1,
        max_size=5,
    )
)
def test_any_argument_arrives_as_it_was(ready: tuple[Archive, Path], args: list[str]) -> None:
    agent, data = ready
    assert run("sh", delivery.run_command(agent.name, "n", tuple(args)), data) == "\0".join(args)


def test_bytes_that_are_no_text_arrive_too(ready: tuple[Archive, Path]) -> None:
    agent, data = ready
    arg = os.fsdecode(b"caf\xe9")
    assert run("sh", delivery.run_command(agent.name, "n", (arg,)), data) == arg


def test_names_are_utf_8_whatever_the_locale_of_the_login(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A locale for which Python would not choose UTF-8 by itself need not be installed here.
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    flag = "import sys; print(sys.flags.utf8_mode)"
    agent = tiny(flag)
    install("sh", agent, data)
    assert run("sh", delivery.run_command(agent.name, "n", ()), data) == "1\n"
    for argv in (selfcmd.argv(), agent_argv(LinkOptions())):
        python = [*argv[: argv.index("-c")], "-c", flag]
        assert subprocess.run(python, capture_output=True, check=True).stdout == b"1\n"


def test_an_argument_too_long_for_a_server_is_refused_before_it_is_sent() -> None:
    with pytest.raises(UsageError, match="too long"):
        delivery.run_command("0-x", "n", ("x" * 200_000,))


def test_no_python_is_said_with_what_was_found(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "sh").symlink_to(shutil.which("sh") or "/bin/sh")
    for name in ("tr", "cut"):
        (tools / name).symlink_to(shutil.which(name) or name)
    (tools / "python3").write_text("#!/bin/sh\n[ $1 = -V ] && echo Python 3.6.1; exit 1\n")
    (tools / "python3").chmod(0o755)
    script = delivery.bootstrap("0-x", "n1").partition(b"\n")[0].decode()
    for place in ("/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"):
        script = script.replace(f"{place}/", f"{tmp_path}/none/")
    done = subprocess.run(
        ["/bin/sh", "-c", delivery.install_command().line],
        input=script.encode() + b"\n",
        capture_output=True,
        env={"PATH": str(tools), "HOME": str(tmp_path), "USER": "nobody-here"},
        timeout=30,
        check=False,
    )
    hello = json.loads(done.stdout.decode().removeprefix("MNIX/1 n1 "))
    assert hello["missing"] == "python"
    assert hello["tried"][0] == f"{tools}/python3 (Python 3.6.1)"
    assert hello["os"]


def test_of_a_store_only_what_was_chosen_is_run(tmp_path: Path) -> None:
    """Whoever may add to it can add a program of any name."""
    tools, store, chosen = tmp_path / "bin", tmp_path / "store", tmp_path / ".nix-profile"
    for name in ("0-python3-3.13.9", "1-python3-3.12.1", "2-python3-3.12.1-doc"):
        (store / name / "bin").mkdir(parents=True)
    python = store / "1-python3-3.12.1/bin/python3"
    python.symlink_to(Path(sys.executable).resolve())
    planted = store / "0-python3-3.13.9/bin/python3"
    planted.write_text("#!/bin/sh\nexit 0\n")
    tools.mkdir()
    listed = f"{store}/9-glibc\\n{store}/2-python3-3.12.1-doc\\n{python.parents[1]}\\n"
    (tools / "nix-store").write_text(
        f'#!/bin/sh\nread -r x && exit 1\n[ "$*" = "-qR {chosen}" ] && printf "{listed}"\n'
    )
    for program in (planted, tools / "nix-store"):
        program.chmod(0o755)
    for name in ("sh", "tr", "cut"):
        (tools / name).symlink_to(shutil.which(name) or name)
    agent = tiny()
    script, _, rest = delivery.bootstrap(agent.name, "n1").partition(b"\n")
    assert b"/nix/store" not in script
    for place in (b"/usr/local/bin", b"/opt/homebrew/bin", b"/usr/bin"):
        script = script.replace(place + b"/", str(tmp_path).encode() + b"/none/")
    done = subprocess.run(
        ["/bin/sh", "-c", delivery.install_command().line],
        input=script + b"\n" + rest + delivery.head(agent) + agent.data,
        capture_output=True,
        env={"PATH": str(tools), "HOME": str(tmp_path), "USER": "nobody-here"},
        timeout=30,
        check=False,
    )
    assert b'"installed"' in done.stdout, done
    note = tmp_path / ".local/share/mnix/agent" / agent.name / "python"
    assert note.read_text().splitlines()[0] == str(python.resolve())


def test_a_python_that_went_away_is_looked_for_again(data: Path) -> None:
    agent = tiny()
    install("sh", agent, data)
    note = data / "mnix" / "agent" / agent.name / "python"
    note.write_text("/nix/store/collected/bin/python3\n")
    command = delivery.run_command(agent.name, "n", ("x",))
    assert "missing" in run("sh", command, data)
    install("sh", agent, data)
    assert run("sh", command, data) == "x"


def test_an_installed_agent_is_run_instead(data: Path, tmp_path: Path) -> None:
    binary = tmp_path / "my agent"
    binary.write_text(f"#!{sys.executable}\n{PRINT_ARGS}")
    binary.chmod(0o755)
    assert run("sh", delivery.installed_command(str(binary), ("a", "b c")), data) == "a\0b c"


def test_an_installed_agent_may_be_named_from_home(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "agent").write_text(f"#!{sys.executable}\n{PRINT_ARGS}")
    (tmp_path / "agent").chmod(0o755)
    assert run("sh", delivery.installed_command("~/agent", ("a",)), data) == "a"


def test_the_same_files_give_the_same_archive() -> None:
    first = delivery.build()
    for cached in (delivery.files, delivery.name, delivery.build):
        cached.cache_clear()
    assert delivery.build() == first
    assert first.sha256 == hashlib.sha256(first.data).hexdigest()
    assert first.name == delivery.name()
    unpacked = marshal.loads(zlib.decompress(first.data))
    assert unpacked == delivery.files()
    assert "__main__.py" in unpacked
    assert "server_agent/protocol/frames.py" in unpacked
    assert not [name for name in unpacked if "__pycache__" in name]


def test_another_agent_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = delivery.name()
    delivery.name.cache_clear()
    changed = {**delivery.files(), "server_agent/__init__.py": b"__version__ = 'x'"}
    monkeypatch.setattr(delivery, "files", lambda: changed)
    after = delivery.name()
    delivery.name.cache_clear()
    assert after != before
