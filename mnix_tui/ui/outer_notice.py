"""Notifications of the terminal that the dashboard runs in, for whoever looks elsewhere. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mnix_tui.ui import words

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 200
_NINE = ("iterm", "wezterm", "ghostty", "kitty", "warp", "windows")
_SEVEN = ("foot", "rxvt", "vte", "konsole")


@runtime_checkable
class TellsOutside(Protocol):
    """The app, as whoever has news sees it."""

    def tell_outside(self, title: str, body: str) -> None:
        """Have the outer terminal show a notification."""


def sequence(title: str, body: str, env: Mapping[str, str]) -> str:
    """Return what makes the outer terminal show a notification, by what it says that it is.

    Which kind it understands can't be asked: of a terminal that nobody knows, both are tried.
    """
    title, body = _clean(title), _clean(body)
    text = f"mnix: {title}" + (f" ({body})" if body else "")
    nine = f"\x1b]9;{words.fit(text, LONGEST)}\x1b\\"
    seven = f"\x1b]777;notify;mnix: {title};{body}\x1b\\"
    kinds = _kinds(env)
    sent = (nine if 9 in kinds else "") + (seven if 777 in kinds else "")
    if env.get("TMUX"):  # lets through what is wrapped like this, if its user allows that
        doubled = sent.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    return sent


def _kinds(env: Mapping[str, str]) -> tuple[int, ...]:
    if env.get("TMUX"):
        return (9, 777)  # what is said of the terminal is about tmux
    called = f"{env.get('TERM_PROGRAM', '')} {env.get('TERM', '')}".lower()
    if env.get("WT_SESSION") or any(name in called for name in _NINE):
        return (9,)
    if env.get("VTE_VERSION") or any(name in called for name in _SEVEN):
        return (777,)
    return (9, 777)


def _clean(text: str) -> str:
    # A semicolon would begin another part of it.
    return words.fit(words.plain(text).replace(";", ","), LONGEST)
