"""Questions for passwords and codes on a real terminal: nothing is shown, nothing stays changed."""

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.settle import settle
from tests.integration.cli_rig import Mnix, Terminal

ASK = """
import asyncio, sys
from mnix_tui.cli import prompts
from mnix_tui.link.model import SecretQuestion

async def work():
    if not prompts.can_ask():
        return print("nobody to ask")
    question = SecretQuestion(sys.argv[1], sys.argv[2], "me@tokyo", PROMPTS, TEXT, ATTEMPT, JUMP)
    ticks = asyncio.create_task(tick())
    print("answered", await prompts.ask_secret(question), flush=True)
    await ticks

async def tick():
    await asyncio.sleep(0.01)
    print("the loop runs on", flush=True)

asyncio.run(work())
"""
Ask = Callable[..., Terminal]


def script(
    prompts: tuple[tuple[str, bool], ...], text: str = "", attempt: int = 1, jump: str = ""
) -> str:
    return (
        ASK.replace("PROMPTS", repr(prompts))
        .replace("TEXT", repr(text))
        .replace("ATTEMPT", str(attempt))
        .replace("JUMP", repr(jump))
    )


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    opened: list[Terminal] = []

    def begin(code: str, kind: str = "password", server: str = "tokyo") -> Terminal:
        argv = [sys.executable, "-c", code, server, kind]
        opened.append(terminal := Terminal(argv, Mnix(tmp_path)))
        return terminal

    yield begin
    for each in opened:
        each.close()


def echoes(terminal: Terminal) -> bool:
    return bool(termios.tcgetattr(terminal.fd)[3] & termios.ECHO)


def test_a_password_is_asked_without_showing_it(ask: Ask) -> None:
    terminal = ask(script((("Password:", False),), attempt=2, jump="bastion"), server="a\x1b[2J")
    terminal.wait_for("a\\x1b[2J (on the way there: bastion): the password of me@tokyo")
    terminal.wait_for("attempt 2")
    terminal.wait_for("Password: ")
    terminal.wait_for("the loop runs on")
    assert not echoes(terminal)
    terminal.type("gehéim \n".encode())
    terminal.wait_for("answered ('gehéim ',)")
    assert terminal.exit_code() == 0
    assert echoes(terminal)


def test_codes_are_shown_where_the_server_says_so(ask: Ask) -> None:
    prompts = (("Password", False), ("Code:", True))
    terminal = ask(script(prompts, text="Enter what\nyour phone shows\x1b[2J"), kind="codes")
    terminal.wait_for("log in as me@tokyo")
    terminal.wait_for("  tokyo says: your phone shows\\x1b[2J")
    terminal.wait_for("  (me@tokyo) Password: ")
    terminal.type(b"one\n")
    terminal.wait_for("Code: ")
    assert echoes(terminal)
    terminal.type(b"123456\n")
    terminal.wait_for("123456\r\n")
    terminal.wait_for("answered ('one', '123456')")
    assert b"one" not in terminal.seen.partition(b"answered")[0]
    assert terminal.exit_code() == 0


@pytest.mark.parametrize(("typed", "answer"), [(b"yes\n", "()"), (b"no\n", "None")])
def test_a_confirmation_is_a_yes_or_a_no(ask: Ask, typed: bytes, answer: str) -> None:
    terminal = ask(script((), text="Use the key?"), kind="confirm")
    terminal.wait_for("[yes/no] ")
    terminal.type(b"perhaps\n")
    terminal.wait_for("[yes/no] ")
    terminal.type(typed)
    terminal.wait_for(f"answered {answer}")


def test_whatever_ends_a_question_the_terminal_shows_again_what_is_typed(ask: Ask) -> None:
    code = script((("Password:", False),))
    cancelled = ask(code)
    cancelled.wait_for("Password: ")
    cancelled.type(b"\x04")
    cancelled.wait_for("answered None")
    interrupted = ask(code)
    interrupted.wait_for("Password: ")
    interrupted.type(b"half a pass\x03")
    settle(lambda: interrupted.process.poll() is not None)
    ended = ask(code)
    ended.wait_for("Password: ")
    (child,) = _children(ended.process.pid)
    os.kill(child, signal.SIGTERM)
    settle(lambda: ended.process.poll() is not None)
    for each in (cancelled, interrupted, ended):
        settle(lambda each=each: echoes(each))


def test_a_session_keeps_its_keys_and_a_drawing_makes_room(ask: Ask) -> None:
    code = script((("Password:", False),))
    begin = "asyncio.run(work())"
    held = ask(code.replace(begin, f"with prompts.held(lambda: None): {begin}"))
    held.wait_for("answered None")
    room = """
from contextlib import contextmanager

@contextmanager
def lend():
    print("makes room", flush=True)
    yield
    print("draws again", flush=True)

with prompts.held(lend):
    """
    drawn = ask(code.replace(begin, room + begin))
    drawn.wait_for("makes room")
    drawn.wait_for("Password: ")
    drawn.type(b"geheim\n")
    drawn.wait_for("draws again")
    drawn.wait_for("answered ('geheim',)")


def test_a_server_can_not_ask_for_a_passphrase_as_if_it_was_us(ask: Ask) -> None:
    ours = "the passphrase of ~/.ssh/id"
    text = f"Passphrase for ~/.ssh/id of me@{ours}"
    terminal = ask(script(((text, False),), text=f"tokyo: {ours}", jump="bastion"), kind="codes")
    terminal.wait_for("tokyo (on the way there: bastion): log in as me@tokyo\r\n")
    terminal.wait_for(f"  bastion says: tokyo: {ours}\r\n")
    terminal.wait_for("  (me@tokyo) Passphrase for ~/.ssh/id")


def test_what_is_typed_is_not_shown_when_a_stopped_question_goes_on(ask: Ask) -> None:
    terminal = ask(script((("Password:", False),)))
    terminal.wait_for("Password: ")
    (child,) = _children(terminal.process.pid)
    modes = termios.tcgetattr(terminal.fd)
    modes[3] |= termios.ECHO  # as a shell leaves it for a job that goes on
    termios.tcsetattr(terminal.fd, termios.TCSANOW, modes)
    os.kill(child, signal.SIGCONT)
    terminal.wait_for("Password: ")
    assert not echoes(terminal)
    terminal.type(b"\x1a")  # nobody can stop who has no shell above
    terminal.wait_for("Password: ")
    assert not echoes(terminal)
    terminal.type(b"geheim\n")
    terminal.wait_for("answered ('geheim',)")


KEY = """
import asyncio, select
from mnix_tui.cli import connect
from mnix_tui.link.model import HostKeyQuestion

print("ready", flush=True)
select.select([1], [], [])  # what is typed ahead is there
question = HostKeyQuestion("tokyo", "tokyo.example", "ssh-ed25519", "SHA256:Ab")
print("answered", asyncio.run(connect._ask_host_key(question)), flush=True)
"""


@pytest.mark.parametrize(
    ("typed", "answer"), [(b"yes\n", "True"), (b"SHA256:Ab\n", "True"), (b"no\n", "False")]
)
def test_nothing_typed_ahead_says_yes_to_a_host_key(ask: Ask, typed: bytes, answer: str) -> None:
    terminal = ask(KEY)
    terminal.wait_for("ready")
    terminal.type(b"yes\n")
    terminal.wait_for("SHA256:Ab")
    terminal.wait_for("[yes/no/fingerprint] ")
    terminal.type(b"sha256:ab\n")
    terminal.wait_for("[yes/no/fingerprint] ")
    terminal.type(typed)
    terminal.wait_for(f"answered {answer}")


def test_a_person_is_asked_on_the_terminal_also_where_the_rest_are_files(
    ask: Ask, tmp_path: Path
) -> None:
    code = script((("Password:", False),))
    said = tmp_path / "said"
    redirected = """
import os
for fd, path, flags in ((0, os.devnull, os.O_RDONLY), (2, SAID, os.O_WRONLY | os.O_CREAT)):
    os.dup2(os.open(path, flags), fd)
"""
    terminal = ask(redirected.replace("SAID", repr(str(said))) + code)
    terminal.wait_for("the password of me@tokyo")
    terminal.wait_for("Password: ")
    terminal.type(b"geheim\n")
    terminal.wait_for("answered ('geheim',)")
    assert said.read_bytes() == b""


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    argv = ["setsid", "--wait", sys.executable, "-c", script((("Password:", False),)), "tokyo", "x"]
    done = subprocess.run(
        argv,
        env=Mnix(tmp_path).env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == b"nobody to ask\n"


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()] or [pid]
