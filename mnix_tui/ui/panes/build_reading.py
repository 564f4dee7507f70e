"""What the log of a rebuild's tab shows: everything as it comes, or what one node printed."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from mnix_tui.nixlog import Line, NodeState
from mnix_tui.ui import build_text, words
from mnix_tui.ui.output import tone_of
from mnix_tui.ui.widgets.log_lines import LogLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnix_tui.fleet import BuildWatch
    from mnix_tui.nixlog import Node
    from mnix_tui.ui.widgets.log_panel import LogPanel

AT_ONCE = 5000
"""Lines that are taken in one go: about a millisecond."""
_NAME = 40
_WRONG = re.compile(
    r"\b(?:error|fatal|FAILED|FAILURES|panicked)\b[:\[ ]|\*\*\* |^E  ", re.IGNORECASE
)
_NEAR = 200
_PATH = re.compile(r"/nix/store/[0-9a-z]{32}-")
"""What says nothing to people in nix's messages; a node's own log tells its whole path."""


class Reading:
    """Fills a ``LogPanel``. ``key`` is the node, or "" for everything; ``whole`` after ``begin``."""

    def __init__(self, panel: LogPanel, watch: BuildWatch) -> None:
        self._panel = panel
        self._watch = watch
        self._next = 0
        self._begun = False
        self.key = ""
        self.whole = False
        """The server's log is being read, or was: there is more than what is at hand."""

    def present(self, line: Line) -> LogLine:
        """Return a line as it is shown: among everything, with the name of who printed it."""
        origin = ""
        if line.node and not self.key and line.kind == "build":
            node = self._watch.build.nodes.get(line.node)
            origin = f"{words.fit(node.name, _NAME)}> " if node is not None else ""
        text = _PATH.sub("", line.text) if line.kind == "message" and not self.key else line.text
        return LogLine(text, tone_of(line), origin)

    @property
    def node(self) -> Node | None:
        """The node whose log is shown."""
        return self._watch.build.nodes.get(self.key) if self.key else None

    def turn_to(self, key: str) -> None:
        """Show what is at hand of a node, or of everything."""
        self.key, self.whole, self._begun = key, False, False
        self._panel.clear()
        self._panel.view.following = True
        self._next = 0
        node = self.node
        if node is not None:
            self._introduce(node)

    def _introduce(self, node: Node) -> None:
        told = [words.plain(node.key)]
        if node.machine:
            told.append(f"built on {words.plain(node.machine)}")
        if node.error:
            told.append(words.plain(node.error))
        lines = [Line("message", text, node.key) for text in told]
        if node.lines > len(node.tail):
            self._next = node.lines - len(node.tail)
            text = f"… {self._next:,} lines before these: enter shows all"
            lines.append(Line("message", text, node.key))
        elif not node.lines and node.state is not NodeState.WAITING:
            lines += self._told_of(node) or [Line("message", "it printed nothing", node.key)]
        self._panel.extend(lines)

    def _told_of(self, node: Node) -> list[Line]:
        """Return what nix itself told of a node that failed."""
        problems = (one for one in self._watch.build.problems if one.node_key == node.key)
        return [Line("error", text, node.key) for one in problems for text in one.lines]

    def take(self) -> bool:
        """Take over what is new; say whether there is more to take at once."""
        if self.whole:
            return False
        return self._take_tail() if self.key else self._take_all()

    def _take_tail(self) -> bool:
        node = self.node
        if node is None or node.lines <= self._next:
            return False
        new = min(node.lines - self._next, len(node.tail))
        self._skipped(node.lines - self._next - new, node.key)
        self._next = node.lines
        texts = list(node.tail)[len(node.tail) - new :]
        self._panel.extend([Line("build", text, node.key) for text in texts])
        return False

    def _take_all(self) -> bool:
        watch = self._watch
        self._skipped(watch.first - self._next, "")
        self._next = max(self._next, watch.first)
        start = self._next - watch.first
        stop = min(start + AT_ONCE, len(watch.lines))
        if start >= stop:
            return False
        self._panel.extend(list(islice(watch.lines, start, stop)))
        self._next = watch.first + stop
        return stop < len(watch.lines)

    def _skipped(self, count: int, key: str) -> None:
        if count > 0:
            text = f"… {count:,} lines are not shown here"
            self._panel.extend([Line("message", text, key)])

    # -- the whole log, read again

    @property
    def complete(self) -> bool:
        """Whether all that there is, is at hand."""
        node = self.node
        if node is not None:
            return node.lines <= len(node.tail)
        return self._watch.first == 0

    def begin(self) -> None:
        """From now on ``add`` brings the lines; until the first come, what is there stays."""
        self.whole, self._begun = True, False

    def add(self, lines: Sequence[Line]) -> None:
        """Take lines of the whole log."""
        if not self._begun:
            self._begun = True
            self._panel.clear()
        self._panel.extend(lines)

    def stop(self) -> None:
        """The whole log can't be read: what is at hand will do."""
        if not self._begun:
            self.whole = False

    def go_to_error(self) -> None:
        """Bring the first sign of an error among the last lines into sight."""
        view = self._panel.view
        kept = view.kept
        for number in range(max(kept.first, kept.end - _NEAR), kept.end):
            line = kept.line(number)
            if line.tone == "bad" or _WRONG.search(kept.plain(number)):
                view.show_line(number)
                return
        view.action_bottom()

    def title(self) -> str:
        """Return what is shown, in a few words."""
        node = self.node
        if node is None:
            return "Everything" if not self.key else "Log"
        parts = [words.plain(node.name)]
        if node.phase and node.state is NodeState.RUNNING:
            parts.append(build_text.phase(node.phase))
        parts.append(words.count(node.lines, "line"))
        return " · ".join(parts)
