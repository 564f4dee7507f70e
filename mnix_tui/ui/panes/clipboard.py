"""A program's wish to write to the clipboard: asked beside the screen, remembered by server.

The question takes no key but what follows the leader: a program that asks while somebody types
can't have the answer typed by accident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mnix_tui.ui import keys, words
from mnix_tui.ui.shell_status import clipboard_question

if TYPE_CHECKING:
    from textual.timer import Timer

    from mnix_tui.ui.panes.shell import ShellOptions, ShellPane
    from mnix_tui.ui.workbench.port import Workbench

Answer = Literal["once", "always", "never"]
ASKED = 60.0
"""Seconds after which an unanswered question goes: without an answer nothing is written."""


class Clipboard:
    """Asks for one pane."""

    def __init__(
        self, pane: ShellPane, bench: Workbench, server: str, options: ShellOptions
    ) -> None:
        self._pane = pane
        self._bench = bench
        self._server = server
        self._keys = (
            keys.after_leader(options.leader, "leader.clipboard_once"),
            keys.after_leader(options.leader, "leader.clipboard_always"),
            keys.after_leader(options.leader, "leader.clipboard_never"),
        )
        self._wanted = ""
        self._timer: Timer | None = None

    @property
    def asking(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._wanted)

    def wanted(self, text: str) -> None:
        """Write ``text`` to the clipboard, if that is allowed; else ask."""
        known = self._bench.setting(f"clipboard:{self._server}")
        if known == "always":
            self._pane.app.copy_to_clipboard(text)
        elif known != "never":
            self._wanted = text
            self._ask()

    def answer(self, answer: Answer) -> bool:
        """Take the person's answer; say whether there was a question."""
        text, self._wanted = self._wanted, ""
        self._pane.banner.say("clipboard", "")
        if not text:
            return False
        if answer != "once":
            self._bench.keep_setting(f"clipboard:{self._server}", answer)
        if answer != "never":
            self._pane.app.copy_to_clipboard(text)
        return True

    def _ask(self) -> None:
        size = len(self._wanted.encode("utf-8", "replace"))
        title = self._pane.status.title.split(" ")[0]
        who = f"{self._pane.called} ({words.fit(title, 20)})" if title else self._pane.called
        server = words.plain(self._server)
        self._pane.banner.say("clipboard", clipboard_question(who, size, server, self._keys))
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._pane.set_timer(ASKED, self._forget)

    def _forget(self) -> None:
        self._wanted = ""
        self._pane.banner.say("clipboard", "")
