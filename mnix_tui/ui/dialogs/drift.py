"""What differs between the local folder, the workspace on the server and what runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from mnix_tui.ui import keys, words
from mnix_tui.ui.dialogs.framed import Framed
from mnix_tui.ui.problems import problem
from mnix_tui.ui.widgets.lines import Lines, Parts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from mnix_tui.domain.drift_report import DriftReport, FileDrift

MOST_LINES = 5_000
"""Lines that are shown of all diffs together."""


class DriftScreen(ModalScreen[bool | None]):
    """Dismisses with ``True`` when a rebuild is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [*Framed.CLOSE, *keys.DRIFT]

    @dataclass
    class Read(Message):
        """The report is here, or why it is not."""

        report: DriftReport | None
        error: BaseException | None = None

    def __init__(
        self,
        project: str,
        generation: int | None,
        source: Callable[[], Awaitable[DriftReport]],
        *,
        here: bool = True,
    ) -> None:
        """``generation``: the one that runs; ``here``: whether a folder here is its own."""
        super().__init__()
        self._project = project
        self._here = here
        self._generation = generation
        self._source = source

    def compose(self) -> ComposeResult:
        """Lay out one text that scrolls."""
        with Framed(f"What differs in {self._project}", id="drift-frame"):
            yield Lines(id="drift")
            yield Static(id="drift-foot", classes="quiet")

    def on_mount(self) -> None:
        """Ask for it."""
        self._show([[("Comparing…", "idle")]], rebuild=False)
        self.run_worker(self._read(), group="drift", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            self.post_message(self.Read(await self._source()))
        except Exception as error:
            self.post_message(self.Read(None, error))

    @on(Read)
    def _was_read(self, event: Read) -> None:
        event.stop()
        if event.report is not None:
            lines = report_lines(event.report, self._generation, here=self._here)
            self._show(lines, rebuild=bool(event.report) or self._generation is None)
        elif event.error is not None:
            shown = problem(event.error)
            told: list[Parts] = [[(f"✕ {shown.line}", "bad")]]
            if shown.hint:
                told.append([(f"→ {shown.hint}", "idle")])
            self._show(told, rebuild=False)

    def _show(self, lines: list[Parts], *, rebuild: bool) -> None:
        self.query_one(Lines).show(lines)
        hints = [("r", "pushes and builds", "accept")] if rebuild else []
        hints += [("↓", "scrolls", "page(1)"), ("escape", "closes", "dismiss(None)")]
        self.query_one("#drift-foot", Static).update(Framed.hints(hints))

    def action_accept(self) -> None:
        """Ask for a rebuild."""
        self.dismiss(True)

    def action_line(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one(Lines).move(lines=by)

    def action_page(self, by: int) -> None:
        """Scroll by a page."""
        self.query_one(Lines).move(pages=by)


def report_lines(report: DriftReport, generation: int | None, *, here: bool = True) -> list[Parts]:
    """Return a report as lines: what is not pushed, then what is not built."""
    lines: list[Parts] = []
    running = f"generation {generation}"
    if report.unpushed:
        lines.append([("Not pushed", "head"), ("  − on the server   + here", "idle")])
        for each in report.unpushed:
            lines += _file(each)
    if report.unbuilt:
        lines.append([("Not built", "head"), (f"  − in {running}   + on the server", "idle")])
        for each in report.unbuilt:
            lines += _file(each)
    built: list[Parts] = []
    if generation is None:
        built = [[("○ ", "idle"), ("Nothing is built yet: r makes the first generation", "")]]
    if not lines:
        return _same(running if generation is not None else "", here=here) + built
    lines += built
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES
        lines = [*lines[:MOST_LINES], [(f"and {words.count(left, 'more line')}", "idle")]]
    return lines


def _same(running: str, *, here: bool) -> list[Parts]:
    """Say which places were compared, and have the same; one alone is the same as nothing."""
    places = [*(["here"] if here else []), "on the server", *([f"in {running}"] if running else [])]
    if len(places) < 2:
        return []
    listed = f"{', '.join(places[:-1])} and {places[-1]}"
    return [
        [("● ", "good"), ("flake.nix, flake.lock and mnix.toml are the same", "")],
        [(f"  {listed}", ""), ("; other files are not compared", "idle")],
    ]


def _file(drift: FileDrift) -> list[Parts]:
    lines: list[Parts] = [[(f"▌ {words.plain(drift.name)}", "accent")]]
    lines += [[("  ~ ", "busy"), (words.visible(one), "")] for one in drift.inputs]
    lines += [_diff_line(one) for one in drift.diff if not one.startswith(("---", "+++"))]
    if drift.more:
        lines.append([(f"  and {words.count(drift.more, 'more line')}", "idle")])
    return [*lines, []]


def _diff_line(text: str) -> Parts:
    tones = {"+": "good", "-": "bad", "@": "accent"}
    return [("  ", ""), (words.visible(text), tones.get(text[:1], "idle"))]
