"""The one mapper from an exception to what a person reads: title, what happened, next step."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from mnix_tui.errors import HostKeyUnknown, LinkError, LoginWaits, MnixError, Refused
from mnix_tui.ui import words

_HERE = {
    HostKeyUnknown.default_hint: "ctrl+r asks whether it is the right server",
    LoginWaits.default_hint: "ctrl+r asks for it",
    "connect again to be asked again": "ctrl+r asks again",
    HostKeyUnknown.declined: "you said no; ctrl+r asks again",
}


@dataclass(frozen=True)
class Problem:
    """An error, ready to be shown as a toast, a dialog or a line of the log."""

    title: str
    detail: str = ""
    hint: str = ""
    severity: str = "error"
    """``error``, or ``warning`` for what is being retried anyway."""
    fix: str = ""
    """The command that mends it, "" where there is none."""
    fix_on: str = ""
    """The server that the command is for, and comes from; "" for this machine."""

    @property
    def line(self) -> str:
        """All of it on one line."""
        return ": ".join(words.plain(part) for part in (self.title, self.detail) if part)


def problem(error: BaseException) -> Problem:
    """Return what to tell a person about ``error``, also about one that nobody expected."""
    if isinstance(error, MnixError):
        severity = "warning" if isinstance(error, LinkError) else "error"
        hint = here(error.hint)
        return Problem(error.title, error.detail, hint, severity, error.fix, error.fix_on)
    if isinstance(error, TimeoutError):
        return Problem("No answer in time", str(error), "try again (ctrl+r reaches out anew)")
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return Problem(f"{error.strerror or 'The system said no'}{where}")
    return Problem(
        "Something went wrong inside mnix",
        f"{type(error).__name__}: {error}",
        "nothing was lost on the servers; please report this with the text above",
    )


def here(hint: str) -> str:
    """Return what to do in the words of the dashboard, which has no command line to add to."""
    return _HERE.get(hint, hint)


def wants_dialog(error: BaseException) -> bool:
    """Say whether an error is too important for a toast that goes by itself."""
    return isinstance(error, Refused)


def trouble(title: str, error: BaseException) -> Content:
    """Return an error as it stands where a list would be: what, why, and the next step."""
    shown = problem(error)
    hint = f"\n→ {words.plain(shown.hint)}" if shown.hint else ""
    return Content.assemble((f"✕ {title}: {shown.line}", "$error"), (hint, "$foreground-muted"))
