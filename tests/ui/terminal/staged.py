"""An app with two terminals, an input and a toast, told what to do through a socket.

Runs on a real terminal, so that what is written past Textual's compositor can be looked at:
``python -m tests.ui.terminal.staged SOCKET``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import TYPE_CHECKING, Any

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from mnix_tui.ui.terminal.view import TerminalView
from tests.helpers import asettle
from tests.ui.terminal.demo import STYLES

if TYPE_CHECKING:
    from pathlib import Path


class Question(ModalScreen[None]):
    """Lies over the middle of the terminals."""

    DEFAULT_CSS = (
        "Question { align: center middle; } Question Label { background: $error; padding: 2 8; }"
    )

    def compose(self) -> ComposeResult:
        yield Label("a question")


class StagedApp(App[None]):
    """Obeys orders: each is a JSON object, answered with what the view says of itself."""

    CSS_PATH = STYLES
    CSS = "TerminalView.-zoomed { column-span: 2; } Horizontal { height: 1fr; }"

    def __init__(self, orders: str) -> None:
        super().__init__()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(orders)
        self.marks = 0

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield TerminalView(id="left")
            yield TerminalView(id="right")
        yield Input()

    def on_mount(self) -> None:
        self.view("left").focus()
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self.obey)
        self.call_after_refresh(self.answer, "left")

    def view(self, name: str) -> TerminalView:
        return self.screen_stack[0].query_one(f"#{name}", TerminalView)

    def obey(self) -> None:
        if order := self.socket.recv(1 << 20):
            self.run_worker(self.carry_out(json.loads(order)), group="orders")

    async def carry_out(self, order: dict[str, Any]) -> None:
        name = order.get("view", "left")
        view = self.view(name)
        match order["do"]:
            case "feed":
                await view.feed(bytes.fromhex(order["data"]))
                await view.drained()
                await asettle(lambda: view._draw_timer is None, what="the last frame")
            case "repaint":
                self.screen.refresh()
            case "toast":
                self.notify("a toast", timeout=600)
            case "no toast":
                self.clear_notifications()
            case "modal":
                await self.push_screen(Question())
            case "no modal":
                self.pop_screen()
            case "theme":
                self.theme = order["name"]
            case "dim":
                view.set_dimmed(order["on"])
            case "focus":
                self.screen_stack[0].query_one(order["on"]).focus()
            case "zoom":
                self.view("right").display = not order["on"]
            case "leave":
                self.exit()
                return
        self.call_after_refresh(self.answer, name)

    def answer(self, name: str) -> None:
        view = self.view(name)
        # Behind all that was drawn: who sees the title has seen the drawing.
        self.marks += 1
        assert self._driver is not None
        self._driver.write(f"\x1b]2;mark {self.marks}\x07")
        self._driver.flush()
        said = {
            "mark": f"mark {self.marks}",
            "painted": len(view._painted),
            "real cursor": view._outer.has_cursor(view),
            "size": [view.emulator.cols, view.emulator.rows],
        }
        self.socket.send(json.dumps(said).encode())


class Director:
    """The other end of the socket."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(self.path)
        self._listener.listen()
        self._listener.settimeout(20)
        self._peer: socket.socket | None = None
        self.mark = ""
        """The title that the outer terminal has once it shows what the last order drew."""

    def ready(self) -> None:
        """Wait until the app is there."""
        self._peer = self._listener.accept()[0]
        self._peer.settimeout(20)
        self.mark = json.loads(self._peer.recv(4096))["mark"]

    def do(self, what: str, **more: Any) -> dict[str, Any]:
        """Give an order; return what the view said once it was carried out."""
        assert self._peer is not None
        self._peer.send(json.dumps({"do": what, **more}).encode())
        answer: dict[str, Any] = json.loads(self._peer.recv(4096) or "{}")
        self.mark = answer.get("mark", self.mark)
        return answer

    def feed(self, data: bytes | str, view: str = "left") -> dict[str, Any]:
        """Let a terminal show a program's output."""
        raw = data.encode() if isinstance(data, str) else data
        return self.do("feed", data=raw.hex(), view=view)

    def close(self) -> None:
        """Hang up."""
        self._listener.close()
        if self._peer is not None:
            self._peer.close()


if __name__ == "__main__":
    StagedApp(sys.argv[1]).run()
