"""Copy mode: a cursor of our own that moves through the history, searches, selects and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.terminal import Cursor, CursorShape
from mnix_tui.ui.terminal import copy_keys, motions
from mnix_tui.ui.terminal.copy_moves import Moves
from mnix_tui.ui.terminal.history_text import HistoryText
from mnix_tui.ui.terminal.search_bar import SearchBar
from mnix_tui.ui.terminal.selection import Place, Selection, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.terminal import Emulator
    from mnix_tui.ui.terminal.selecting import Selecting


class CopyMode(Moves):
    """The state of copy mode, and what its keys do. It ends by calling ``leave``."""

    def __init__(
        self,
        emulator: Emulator,
        selecting: Selecting,
        cursor: Cursor,
        *,
        changed: Callable[[], None],
        copy: Callable[[], None],
        tell: Callable[[str], None],
        leave: Callable[[], None],
    ) -> None:
        self._emulator = emulator
        self._selecting = selecting
        self._changed, self._copy, self._tell, self._leave = changed, copy, tell, leave
        self.text = HistoryText(emulator)
        scroll = emulator.scrollbar
        self.top = emulator.dropped + scroll.offset
        """The stable row at the top of the view: it stays there whatever is printed."""
        if not (scroll.at_bottom and cursor.visible):
            cursor = Cursor(0, emulator.rows - 1)
        self.place = motions.settled(self.text, Place(self.top + cursor.y, cursor.x))
        self._goal = self.place.column
        self.unit: Unit | None = None
        self.search = SearchBar(emulator, changed, self._found)
        self.bar_on_top = False
        self.news = False
        """Whether there was output since."""
        self._world = (emulator.reflows, emulator.alternate_screen)
        self._place_bar()

    # -- keys -----------------------------------------------------------------------------

    def key(self, key: str, character: str | None) -> None:
        """Take a key."""
        self.text.forget()
        if self.search.edit is not None:
            self.search.key(key, character)
            self._changed()
            return
        action = copy_keys.ACTIONS.get(key)
        if action is not None:
            getattr(self, f"do_{action}")()

    def go(self, place: Place, *, goal: int | None = None) -> None:
        """Put the cursor somewhere, into view; the selection grows with it."""
        block = self.unit is Unit.BLOCK
        row = max(self.text.first, min(place.row, self.text.last))
        free = Place(row, max(0, min(place.column, self._emulator.cols - 1)))
        self.place = free if block else motions.settled(self.text, Place(row, place.column))
        self._goal = self.place.column if goal is None else goal
        height = self._emulator.rows
        self._scroll_to(min(self.place.row, max(self.top, self.place.row - height + 1)))
        if self.unit is not None:
            self._selecting.extend(self.place)
        self._place_bar()
        self._changed()

    def _scroll_to(self, top: int) -> None:
        height = self._emulator.rows
        self.top = max(self.text.first, min(top, self.text.last - height + 1))
        self._emulator.scroll_to(self.top - self._emulator.dropped)

    def _place_bar(self) -> None:
        """Keep the status line away from the cursor: it is at the bottom, or else at the top."""
        y = self.place.row - self.top
        if y == (0 if self.bar_on_top else self._emulator.rows - 1):
            self.bar_on_top = not self.bar_on_top

    def scroll(self, lines: int) -> None:
        """Scroll the view; the cursor stays in sight."""
        self.text.forget()
        self._scroll_to(self.top + lines)
        bottom = self.top + self._emulator.rows - 1
        row = max(self.top, min(self.place.row, bottom))
        self.go(Place(row, self._goal), goal=self._goal)

    def keep_still(self) -> bool:
        """Stay where the view was though there was output; false if that place is gone."""
        if self._world != (self._emulator.reflows, self._emulator.alternate_screen):
            return False
        self.news = True
        self.text.forget()
        self.top = max(self.top, self.text.first)
        if self.place.row < self.top:
            self.place = Place(self.top, 0)
        if self._emulator.scrollbar.offset != self.top - self._emulator.dropped:
            self._emulator.scroll_to(self.top - self._emulator.dropped)
        if self.unit is not None and self._selecting.selection is None:
            self.unit = None
        self.search.changed()
        return True

    def cursor(self) -> Cursor:
        """Return the cursor as it is drawn."""
        y = self.place.row - self.top
        visible = 0 <= y < self._emulator.rows and self.search.edit is None
        return Cursor(self.place.column, y, visible, CursorShape.BLOCK)

    # -- selecting ------------------------------------------------------------------------

    def _select(self, unit: Unit) -> None:
        if self.unit is unit:
            self.unit = None
            self._selecting.clear()
        elif self.unit is not None:
            self.unit = unit
            self._selecting.turn(unit, self.place)
        else:
            self.unit = unit
            self._selecting.begin(self.place, unit, at_once=True)
        self.go(self.place)

    def do_select(self) -> None:
        """Select characters from here, or no longer."""
        self._select(Unit.CHARACTER)

    def do_select_lines(self) -> None:
        """Select lines from here, or no longer."""
        self._select(Unit.LINE)

    def do_select_block(self) -> None:
        """Select a block from here, or no longer."""
        self._select(Unit.BLOCK)

    def do_output(self) -> None:
        """Select what the command here printed."""
        shift = self._emulator.dropped
        row = self.place.row - shift
        prompt = row if self._emulator.prompts.at(row) else self._emulator.prompts.before(row)
        rows = self._emulator.output_of(prompt) if prompt is not None else None
        if rows is None:
            self._tell("no command's output here")
            return
        first, last = (row + shift for row in rows)
        self.unit = None
        self.go(Place(first, 0))
        self.go(Place(last, 0))
        end = Place(last, self._emulator.cols - 1)
        self._selecting.clear()
        self._selecting.put(Selection(Place(first, 0), end))
        self.unit = Unit.LINE
        self._selecting.follow(Unit.LINE)

    def do_copy(self) -> None:
        """Copy what is selected, and leave."""
        if self._selecting.selection is None:
            self._tell("nothing is selected: v begins")
            return
        self._copy()
        self._leave()

    def do_leave(self) -> None:
        """Drop the selection, else the matches, else leave."""
        if self._selecting.selection is not None:
            self.unit = None
            self._selecting.clear()
            self._changed()
        else:
            self._leave()

    # -- searching, prompts ---------------------------------------------------------------

    def _found(self, place: Place) -> None:
        self.text.forget()
        height = self._emulator.rows
        if not self.top <= place.row < self.top + height:
            self._scroll_to(place.row - height // 2)
        self.go(place)

    def do_search(self) -> None:
        """Search down."""
        self.search.open(self.place, forward=True)
        self._changed()

    def do_search_up(self) -> None:
        """Search up."""
        self.search.open(self.place, forward=False)
        self._changed()

    def do_next(self) -> None:
        """Go to the next match."""
        self.search.move(self.place, same=True)

    def do_previous(self) -> None:
        """Go to the match before."""
        self.search.move(self.place, same=False)

    def prompt(self, direction: int) -> None:
        """Go to another prompt: up if negative."""
        self.text.forget()
        prompts, shift = self._emulator.prompts, self._emulator.dropped
        row = self.place.row - shift
        found = prompts.before(row) if direction < 0 else prompts.after(row)
        if found is None:
            self._tell("no more prompts" if len(prompts) else "this shell marks no prompts")
            return
        self.go(Place(found + shift, 0))

    def do_prompt_up(self) -> None:
        """Go to the prompt before."""
        self.prompt(-1)

    def do_prompt_down(self) -> None:
        """Go to the next prompt."""
        self.prompt(1)
