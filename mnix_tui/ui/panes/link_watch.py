"""A shell's link, as people see it: the faded screen, and what is being done about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mnix_tui.ui import keys
from mnix_tui.ui.shell_status import Trouble

if TYPE_CHECKING:
    from textual.timer import Timer

    from mnix_tui.sessions import AttachEvent
    from mnix_tui.ui.panes.shell import ShellOptions, ShellPane

_EVERY = 0.5


class LinkWatch:
    """Keeps the banner of one pane true while its link is down or silent."""

    def __init__(self, pane: ShellPane, options: ShellOptions) -> None:
        self._pane = pane
        self._clock = options.clock
        self._retry = keys.after_leader(options.leader, "leader.retry")
        self._trouble: Trouble | None = None
        self._timer: Timer | None = None

    def heard(self, event: AttachEvent) -> None:
        """Take note of what the stream told."""
        from mnix_tui import sessions

        now = self._clock()
        match event:
            case sessions.LinkDown(reason=reason, since=since):
                self._set(Trouble(reason, since or now))
            case sessions.LinkWaiting(reason=reason, attempt=attempt, next_try=at):
                known = self._trouble or Trouble(reason, now)
                self._set(
                    replace(
                        known,
                        reason=reason,
                        down=True,
                        attempt=attempt,
                        next_try=at,
                        asks=at is None,
                    )
                )
            case sessions.Silent(seconds=seconds):
                if self._trouble is None or not self._trouble.down:
                    self._set(Trouble("", now - seconds, down=False))
            case sessions.LinkUp() | sessions.Speaks():
                self._set(None)

    @property
    def unsent(self) -> int:
        """The bytes that were typed and that wait for a link which does not answer."""
        return self._pane.typing.waiting if self._trouble is not None else 0

    @property
    def down(self) -> bool:
        """Whether nothing that is typed arrives now."""
        return self._trouble is not None

    def over(self) -> None:
        """Say nothing more: the session has ended."""
        self._set(None)

    def _set(self, trouble: Trouble | None) -> None:
        self._trouble = trouble
        if self._pane.view is not None:
            self._pane.view.set_dimmed(trouble is not None and trouble.down)
        if trouble is not None and self._timer is None:
            self._timer = self._pane.set_interval(_EVERY, self._show)
        elif trouble is None and self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._show()

    def _show(self) -> None:
        trouble = self._trouble
        if trouble is None:
            self._pane.banner.say("link", "")
        else:
            text = trouble.told(self._clock(), self._pane.typing.waiting, self._retry)
            self._pane.banner.say("link", text)
