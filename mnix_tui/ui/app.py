"""The application: shows the main screen first, and connects behind it."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.message import Message
from textual.screen import ModalScreen, Screen

from mnix_tui.config.model import ClientConfig
from mnix_tui.ui import styles, themes, words
from mnix_tui.ui.claims import claimed
from mnix_tui.ui.input.driver import TerminalDriver
from mnix_tui.ui.pauses import keep_pauses_short
from mnix_tui.ui.problems import problem
from mnix_tui.ui.prompting import Prompting, SwallowsKeys
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.terminal.keyboard import KeyboardHandling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textual.binding import BindingType
    from textual.timer import Timer

    from mnix_tui.ui.workbench.port import Workbench

SETTLED = 5.0
"""Seconds after the first paint by which the modules for connecting have been loaded too."""
FOLLOWED = 1.0
"""Seconds after which keys go on, whatever became of what the leader asked for."""
HOLD = 10.0
"""Seconds that keys wait for a shell to open."""


class MnixApp(Prompting, inherit_bindings=False):
    """Shows a workbench. It is given what it needs: it opens no file and no connection."""

    TITLE = "mnix"
    CSS_PATH: ClassVar[list[str | PurePath]] = [*styles.sheets()]
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False  # ours is made from the key tables, in the dashboard's looks
    NOTIFICATION_TIMEOUT = 4

    @dataclass
    class Troubled(Message):
        """Something failed that belongs to no server and no project."""

        error: BaseException

    def __init__(
        self,
        bench: Workbench,
        *,
        theme: str = "",
        leader: str = "ctrl+backslash",
        scrollback_mib: int = ClientConfig.scrollback_mib,
        notify_after: float = ClientConfig.notify_after,
        warm_up: bool = ClientConfig.warm_up,
        clock: Callable[[], float] = time.time,
        home: str | None = None,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.bench = bench
        self.bench.ask_host_key = self.ask_host_key
        self.bench.ask_secret = self.ask_secret
        self.painted = asyncio.Event()
        self._opening: Screen[Any] | None = None
        self._held: list[events.Key | events.Paste] = []
        self._following = False
        self._follow_timer: Timer | None = None
        self._leader_to: KeyboardHandling | None = None
        self._scrollback_mib = scrollback_mib
        self._notify_after = notify_after
        self._warm_up = warm_up
        for one in themes.load():
            self.register_theme(one)
        self.ansi_theme_dark = themes.ansi("dark")
        self.ansi_theme_light = themes.ansi("light")
        self.theme = themes.resolve(theme, self.available_themes)
        self._leader = leader
        self._clock = clock
        self._home_folder = str(Path.home()) if home is None else home

    def get_default_screen(self) -> MainScreen:
        """Return the main screen: it is there from the first paint on."""
        return MainScreen(
            self.bench,
            self._clock,
            leader=self._leader,
            home=self._home_folder,
            scrollback_mib=self._scrollback_mib,
            notify_after=self._notify_after,
            warm_up=self._warm_up,
        )

    def on_mount(self) -> None:
        """Say when the first paint is done: what is slow waits for it."""
        self.call_after_refresh(self.painted.set)

    def push_screen(self, screen: Any, *args: Any, **options: Any) -> Any:
        """Show a screen; what is typed before it has its fields waits for them."""
        pushed = super().push_screen(screen, *args, **options)
        if isinstance(screen, ModalScreen):
            if self._opening is not None or not self._following:
                self.drop_keys()  # it was for something else; behind the leader it is for this
            self._opening = screen
            # Runs on the new screen, once it is composed and has given a field the keyboard.
            screen.call_after_refresh(self.release_keys)
        return pushed

    @property
    def holds_keys(self) -> bool:
        """Whether keys wait: for what is being opened, or for what the leader asked for."""
        view = self.focused
        leading = isinstance(view, KeyboardHandling) and view.leader_pressed
        return self._opening is not None or self._following or leading

    def hold_keys(self) -> None:
        """Hold what is typed for the shell that is being opened, until it has the keyboard."""
        self._opening = opening = self.screen
        self.set_timer(HOLD, lambda: self.drop_keys() if self._opening is opening else None)

    def release_keys(self) -> None:
        """Hand what was held to whatever has the keyboard now."""
        if self._opening is not None:
            self.call_next(self._opened)

    def drop_keys(self) -> None:
        """Forget what was held, and say so: what it was typed for did not open."""
        self._opening = None
        if self._held:
            self._held.clear()
            self.notify("What was typed for it is dropped.", title="Not opened", severity="warning")

    def leader_done(self) -> None:
        """What the leader asked for is done: hand on what was typed behind it."""
        if self._following:
            self._following = False
            self.call_next(self._hand_on)

    async def on_event(self, event: events.Event) -> None:
        """Hold keys and pastes for what is opening; handle everything else as ever."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            opening = self._opening
            if opening is not None and opening not in self.screen_stack and not self._following:
                await self._opened()
            if self._following or (self._opening is not None and self._is_for_it(event)):
                self._held.append(event)
                return
            if not isinstance(self.screen, MainScreen) and self._is_swallowed():
                return
        if isinstance(event, events.Key) and not event.is_forwarded:
            focused = self.focused
            if isinstance(focused, KeyboardHandling) and focused.is_press(event):
                self._follow_leader(focused, event)
            elif isinstance(self.screen, MainScreen) and (lead := self.screen.lead(event.key)):
                if lead == "key":
                    self._follow()
                return
            if focused is not None and getattr(focused, "takes_every_key", False):
                # Looking through all bindings first would add a millisecond to each key.
                focused._forward_event(event)
                return
            if (claim := claimed(focused, event.key)) is not None:
                # At once: what it opens gets what is typed right behind the key.
                await self.run_action(claim.binding.action, claim.node)
                return
        await super().on_event(event)

    def _is_swallowed(self) -> bool:
        screen = self.screen
        return isinstance(screen, SwallowsKeys) and screen.swallows_key()

    def _is_for_it(self, event: events.Key | events.Paste) -> bool:
        """Whether what is typed is for what is opening, not for what has the keyboard still."""
        if isinstance(event, events.Paste):
            return True
        if isinstance(self.focused, KeyboardHandling):
            return self.focused.is_press(event)  # also ^C: the shell that has it is being left
        return _is_text(event)

    def _follow_leader(self, view: KeyboardHandling, event: events.Key) -> None:
        """Hold what is typed behind the key after the leader: that may move the keyboard."""
        pressed = view.leader_pressed or self._leader_to is view
        self._leader_to = None
        if view.is_leader(event):
            self._leader_to = None if pressed else view
        elif pressed:
            self._follow()

    def _follow(self) -> None:
        self._following = True
        if self._follow_timer is not None:
            self._follow_timer.stop()
        self._follow_timer = self.set_timer(FOLLOWED, self.leader_done)

    async def _opened(self) -> None:
        self._opening = None
        await self._hand_on()

    async def _hand_on(self) -> None:
        held, self._held = self._held, []
        for event in held:
            await self.on_event(event)

    def tell_outside(self, title: str, body: str) -> None:
        """Have the terminal that this runs in show a notification, where it knows how."""
        from mnix_tui.ui.outer_notice import sequence

        if self._driver is not None:
            self._driver.write(sequence(title, body, os.environ))

    @on(Troubled)
    def _troubled(self, event: Troubled) -> None:
        from mnix_tui.ui.dialogs.problem import ProblemDialog

        self.drop_keys()
        self.push_screen(ProblemDialog(problem(event.error)))

    async def action_quit(self) -> None:
        """Leave, and say what goes on without us, and what was typed for nobody."""
        from mnix_tui.ui.panes.shell import ShellPane

        live = [job for job in self.bench.snapshot().jobs if job.live]
        shells = sum(job.kind == "session" for job in live)
        builds = sum(job.kind == "rebuild" for job in live)
        parts = [words.count(shells, "shell")] if shells else []
        parts += [words.count(builds, "build")] if builds else []
        goes, them = ("goes", "it") if shells + builds == 1 else ("go", "them")
        text = f"{' and '.join(parts)} {goes} on without mnix; it shows {them} again."
        said = [text] if parts else []
        shells_shown = [pane for screen in self.screen_stack for pane in screen.query(ShellPane)]
        if unsent := sum(pane.link.unsent for pane in shells_shown):
            said.append(words.unsent(unsent))
        self.exit(0, message="\n".join(said) or None)


def _is_text(event: events.Key) -> bool:
    return event.is_printable or event.key in ("enter", "tab", "backspace")


def run(config: ClientConfig) -> int:
    """Open the dashboard; return the exit code when it is left."""
    return asyncio.run(_run(config))


async def _run(config: ClientConfig) -> int:
    async with wired(config) as app:
        code = await app.run_async()
    return code or app.return_code or 0


@asynccontextmanager
async def wired(config: ClientConfig) -> AsyncIterator[MnixApp]:
    """Give the app over the real store and servers; it connects as soon as it has been painted."""
    from mnix_tui.ui.workbench.live import LiveWorkbench

    bench = LiveWorkbench(config)
    bench.read()
    app = MnixApp(
        bench,
        theme=config.theme,
        leader=config.leader,
        scrollback_mib=config.scrollback_mib,
        notify_after=config.notify_after,
        warm_up=config.warm_up,
    )

    async def keep() -> None:
        await app.painted.wait()
        keep_pauses_short()
        asyncio.get_running_loop().call_later(SETTLED, keep_pauses_short)
        for warning in config.warnings:
            app.notify(warning, title="Settings", severity="warning", markup=False)
        try:
            await bench.keep()
        except Exception as error:
            app.post_message(app.Troubled(error))

    async with asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(keep(), name="workbench")
        try:
            yield app
        finally:
            keeper.cancel()
