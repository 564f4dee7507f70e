"""The last line: the keys that matter here, derived from the bindings; each can be clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from mnix_tui.ui import keys
from mnix_tui.ui.claims import claims

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.binding import Binding
    from textual.screen import Screen

_ALWAYS = ("view.help", "leader.help")


class KeyBar(Widget):
    """Shows as many of the keys as fit; help is always among them."""

    ALLOW_SELECT = False

    in_shell: reactive[bool] = reactive(False)
    """A shell has the keyboard: only the leader is ours."""
    leading: reactive[bool] = reactive(False, toggle_class="-leading")
    """The leader was pressed: these keys may follow."""

    def __init__(self, leader: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._leader = keys.leader(leader)
        self._shown: list[tuple[int, int, Binding]] = []

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_unmount(self) -> None:
        """Stop following."""
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _changed(self, screen: Screen[object]) -> None:
        if not self.in_shell:
            self.refresh()

    def render(self) -> Content:
        """Draw the keys; where they are is kept for clicks."""
        self._shown = []
        parts: list[tuple[str, str]] = []
        x = 0
        for binding in self._fitting(self.content_size.width):
            key, text = _label(binding)
            self._shown.append((x, x + len(key) + 1 + len(text), binding))
            parts.append((key, "bold $footer-key-foreground"))
            parts.append((f" {text}   ", "$footer-description-foreground"))
            x += len(key) + len(text) + 4
        return Content.assemble(*parts)

    def _sources(self) -> Iterable[Binding]:
        if self.in_shell or self.leading:
            return [self._leader, *keys.LEADER]
        active = self.screen.active_bindings.values()
        own = {claim.binding.key: claim.binding for claim in claims(self.screen.focused)}
        if getattr(self.screen.focused, "takes_every_key", False):
            return own.values()  # the screen's keys are text here
        others = [one.binding for one in active if one.enabled and one.binding.key not in own]
        return [*own.values(), *others]

    def _fitting(self, width: int) -> list[Binding]:
        seen: dict[str, Binding] = {}
        for binding in self._sources():
            if binding.show and binding.id:
                seen.setdefault(binding.id, binding)
        chosen: list[Binding] = []
        always = next((seen[one] for one in _ALWAYS if one in seen), None)
        left = width + 3 - (_width(always) if always else 0)
        for binding in seen.values():
            if binding is not always and _width(binding) <= left:
                left -= _width(binding)
                chosen.append(binding)
        return [*chosen, always] if always else chosen

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Explain the key below the mouse."""
        binding = self._at(event)
        self.tooltip = binding.tooltip if binding else None

    async def on_click(self, event: events.Click) -> None:
        """Do what the key does."""
        binding = self._at(event)
        if binding is not None and binding is not self._leader:
            own = next((one for one in claims(self.screen.focused) if one.binding is binding), None)
            node = own.node if own is not None else self.screen
            await self.app.run_action(binding.action, default_namespace=node)

    def _at(self, event: events.MouseEvent) -> Binding | None:
        at = event.get_content_offset(self)
        places = self._shown if at else []
        return next((one for left, right, one in places if at and left <= at.x < right), None)


def _label(binding: Binding) -> tuple[str, str]:
    return keys.shown(binding), binding.description


def _width(binding: Binding) -> int:
    key, text = _label(binding)
    return len(key) + len(text) + 4
