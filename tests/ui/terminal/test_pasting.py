"""What is pasted: at once where the program knows a paste, after a question at a plain prompt."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from textual import events
from textual.widgets import Button

from mnix_tui.ui.terminal.paste import LARGE_BYTES, MOST_BYTES, Pasted
from mnix_tui.ui.terminal.paste_question import PasteQuestion
from tests.helpers.settle import asettle
from tests.ui.terminal.test_view import Host, drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot


@asynccontextmanager
async def pasted(text: str, before: bytes = b"") -> AsyncIterator[tuple[Host, Pilot[Any]]]:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.view.feed(before)
        await app.view.drained()
        app.post_message(events.Paste(text))
        await pilot.pause()
        yield app, pilot


async def asked(app: Host) -> None:
    await asettle(lambda: isinstance(app.screen, PasteQuestion) and app.focused is not None)


@pytest.mark.parametrize(
    ("before", "text", "sent"),
    [
        (b"", "ls -l", b"ls -l"),
        (b"", "中\tx", "中\tx".encode()),
        (b"\x1b[?2004h", "one\ntwo\n", b"\x1b[200~one\rtwo\r\x1b[201~"),
        (b"\x1b[?2004h", "a\x1b[201~\x07b", b"\x1b[200~a[201~b\x1b[201~"),
        (b"\x1b[?1049h", "one\ntwo", b"one\rtwo"),
    ],
)
async def test_goes_at_once(before: bytes, text: str, sent: bytes) -> None:
    async with pasted(text, before) as (app, _pilot):
        await asettle(lambda: app.sent == sent)
        assert not isinstance(app.screen, PasteQuestion)


@pytest.mark.parametrize(
    "text", ["rm -r x\n", "one\ntwo", "a\rb", "\x03x", "x" * (LARGE_BYTES + 1)], ids=range(5)
)
async def test_asks_first_and_nothing_is_typed_before_the_answer(text: str) -> None:
    async with pasted(text) as (app, pilot):
        await asked(app)
        await pilot.press("x", "y")
        assert app.sent == b""
        await pilot.press("escape")
        await asettle(lambda: not isinstance(app.screen, PasteQuestion))
        assert app.sent == b""
        await pilot.press("z")
        await asettle(lambda: app.sent == b"z")


async def test_an_enter_that_was_meant_for_the_shell_pastes_nothing() -> None:
    async with pasted("one\ntwo") as (app, pilot):
        await asked(app)
        await pilot.press("enter")
        await asettle(lambda: not isinstance(app.screen, PasteQuestion))
        assert app.sent == b""


@pytest.mark.parametrize(("button", "sent"), [("yes", b"one\r  two\r"), ("line", b"one two")])
async def test_pastes_as_answered(button: str, sent: bytes) -> None:
    async with pasted("one\n  two\n") as (app, _pilot):
        await asked(app)
        app.screen.query_one(f"#{button}", Button).press()
        await asettle(lambda: app.sent == sent)


async def test_keys_move_between_the_answers() -> None:
    async with pasted("one\ntwo") as (app, pilot):
        await asked(app)
        await pilot.press("right", "right", "enter")
        await asettle(lambda: app.sent == b"one\rtwo")


async def test_large_pastes_are_sent_whole_and_endless_ones_refused() -> None:
    text = "x" * 5_000_000
    async with pasted(text, b"\x1b[?2004h") as (app, _pilot):
        await asettle(lambda: len(app.sent) == len(text) + 12)
        app.take()
        app.view.paste("x" * (MOST_BYTES + 1))
        await asettle(lambda: "not pasted" in drawn(app)[-1])
        assert app.sent == b""


def test_describes_what_would_be_pasted() -> None:
    text = "first\n\x1b[31msecond\n" + "more\n" * 10
    one = Pasted(text)
    assert one.summary() == "12 lines, 68 bytes"
    assert one.beginning() == ["first", "�[31msecond", "more", "more", "more", "… 7 more lines"]
    assert one.dropped == 1
    assert Pasted("x" * 250_000).summary() == "1 line, 250 kB"
    assert Pasted("a  \r\n  b\rc\n").one_line == "a b c"
    assert not Pasted("tab\there").doubtful
