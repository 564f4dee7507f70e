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
    terminal.wait_for("  your phone shows\\x1b[2J")
    terminal.wait_for("Password: ")
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
