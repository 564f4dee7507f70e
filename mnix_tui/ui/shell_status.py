"""What is said about a shell beside its screen: its title, who else is there, its link. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mnix_tui.ui import words


@dataclass(frozen=True)
class Status:
    """A shell's title and who else looks at it."""

    title: str = ""
    """The program's title, else the folder it works in."""
    others: tuple[str, ...] = ()
    """The other clients, as they call themselves."""
    size: tuple[int, int] | None = None
    """The leader's columns and rows, while that is somebody else."""
    copying: bool = False
    """The keys move through the history instead of going to the program."""
    ready: int = 0
    """The generation that it could enter, 0 for none."""
    reenter: str = ""
    """The keys that enter it."""

    @property
    def behind(self) -> bool:
        """Whether another client's size counts."""
        return self.size is not None

    @property
    def aside(self) -> str:
        """What is said beside the title: who else is here, and what to do about it."""
        if self.copying:
            return "copy mode"
        if self.size is not None:
            who = self.others[0] if len(self.others) == 1 else "another client"
            return f"{who} has {self.size[0]}×{self.size[1]} · type to take over"
        if self.ready:
            return f"generation {self.ready} is ready · {self.reenter} re-enters"
        if not self.others:
            return ""
        more = f" +{len(self.others) - 1}" if len(self.others) > 1 else ""
        return f"also here: {self.others[0]}{more}"

    @property
    def aside_short(self) -> str:
        """The same in a few cells."""
        if self.copying:
            return "copy"
        if self.size is not None:
            return f"{self.size[0]}×{self.size[1]}"
        if self.ready:
            return f"↻ {self.ready}: {self.reenter}"
        return f"+{len(self.others)}" if self.others else ""

    @property
    def line(self) -> str:
        """All of it on one line."""
        return " · ".join(part for part in (self.title, self.aside) if part)


@dataclass(frozen=True)
class Trouble:
    """A link that is down, or silent, and what is being done about it."""

    reason: str
    since: float
    down: bool = True
    """Down for certain; else there is only no answer."""
    attempt: int = 0
    next_try: float | None = None
    asks: bool = False
    """It is not tried again by itself."""

    def told(self, now: float, waiting: int, retry: str) -> str:
        """Say it on one line; ``retry`` is the key that tries again now."""
        age = words.span(max(now - self.since, 0))
        if not self.down:
            seconds = int(now - self.since)
            parts = [f"No answer for {seconds} s", "asking whether the server is still there"]
        else:
            parts = [words.plain(self.reason) or "The connection is lost"]
            if age != "now":
                parts.append(f"for {age}")
            parts.append(self._doing(now, retry))
        if waiting:
            parts.append(f"{words.count(waiting, 'key')} wait{'s' if waiting == 1 else ''}")
            parts[-1] += ", to be sent" if not self.down else ", they will be sent"
        return " · ".join(parts)

    def _doing(self, now: float, retry: str) -> str:
        if self.asks:
            return f"{retry} tries again"
        attempt = f" (attempt {self.attempt + 1})" if self.attempt else ""
        wait = -1 if self.next_try is None else round(self.next_try - now)
        if wait <= 0:
            return f"reconnecting{attempt}"
        return f"next try in {wait} s{attempt} · {retry} tries now"


def directory(path: str, home: str = "") -> str:
    """Return a folder as a title says it: its last two parts."""
    shown = words.home_short(words.plain(path), home)
    parts = shown.split("/")
    return shown if len(parts) <= 3 else "…/" + "/".join(parts[-2:])


def clipboard_question(who: str, size: int, server: str, keys: tuple[str, str, str]) -> str:
    """Ask whether a program may write to the clipboard; ``keys``: once, always, never."""
    once, always, never = keys
    return (
        f"{who} wants to put {words.size(size)} into your clipboard · {once} once · "
        f"{always} always on {server} · {never} never"
    )
