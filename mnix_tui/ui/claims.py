"""Which keys a widget takes before the screen does: a log's ``n`` is not a new project."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.actions import parse
from textual.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import Binding
    from textual.dom import DOMNode
    from textual.widget import Widget


class Claim(NamedTuple):
    """A binding, and the node whose action it is."""

    binding: Binding
    node: DOMNode


def claims(focused: Widget | None) -> Iterator[Claim]:
    """Give the bindings that come before the screen's, the innermost first.

    A node has them if it says so with a true ``claims_keys``, and as far as its ``check_action``
    lets them through now.
    """
    typing = getattr(focused, "takes_every_key", False)
    for node in focused.ancestors_with_self if focused is not None else ():
        if isinstance(node, Screen):
            return
        if not getattr(node, "claims_keys", False):
            continue
        for key, binding in node._bindings:
            if typing and key != "escape":
                continue  # a field gets what is typed
            _, name, parameters = parse(binding.action)
            if node.check_action(name, parameters):
                yield Claim(binding, node)


def claimed(focused: Widget | None, key: str) -> Claim | None:
    """Return who takes a key before the screen does."""
    return next((claim for claim in claims(focused) if claim.binding.key == key), None)
