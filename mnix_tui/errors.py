"""Every error that mnix raises on purpose.

::

    MnixError                title, what happened, the next step, an exit code
    ├── UsageError           2   the command line or a dialog was filled in wrongly
    │   ├── NameInvalid      2   a name breaks the rules; says which name would do
    │   └── PatternInvalid   2   a pattern to search for can't be used
    ├── ConfigError          1   client.toml or mnix.toml can't be used as it is
    ├── StoreError           1   the client's database can't be read or written
    ├── NotFound             1   no such server, project, session or generation
    ├── AlreadyExists        1   the name is taken
    ├── LinkError            69  the server can't be reached
    │   ├── Unreachable      69  no answer, no route, name not found, time-out
    │   │   └── NoWay        69  the ProxyCommand that leads there ended
    │   ├── LinkLost         69  it was there, and went away
    │   ├── InputFull        69  more was typed than may wait for a silent server
    │   └── AgentUnusable    69  connected, but the agent can't run there (no room, no answer…)
    │       └── PythonMissing  69  there is no Python that could run it
    ├── Refused              77  the server, or we, said no
    │   ├── LoginRefused     77  no key or password was accepted
    │   │   └── LoginWaits   77  it takes a person, who was not asked: nobody wanted the server
    │   ├── HostKeyUnknown   77  never seen; needs a yes
    │   ├── HostKeyChanged   77  known, and different; never accepted
    │   └── HostKeyRevoked   77  somebody says not to trust it; never accepted
    ├── Busy                 75  another operation holds the project
    ├── RemoteError          1   the agent answered with a typed error
    ├── SyncError            1   files could not be read, packed or applied
    └── TerminalUnavailable  1   no terminal emulator for this platform

``Unreachable`` and ``LinkLost`` are transient: a link soon tries again. ``Refused`` and
``PythonMissing`` wait for a person. After anything else it tries again slowly.
"""

from __future__ import annotations

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 69
EXIT_BUSY = 75
EXIT_REFUSED = 77


class MnixError(Exception):
    """An error to show a person: ``title`` says what failed, ``detail`` why, ``hint`` what to do."""

    exit_code = EXIT_ERROR
    default_hint = ""
    fix = ""
    """A command that mends it, to be copied as it is; "" where there is none."""
    fix_on = ""
    """The server that the command is for, and comes from; "" for this machine."""

    def __init__(self, title: str, detail: str = "", hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint or self.default_hint

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title


class UsageError(MnixError):
    """The command line or a dialog was filled in wrongly."""

    exit_code = EXIT_USAGE


class NameInvalid(UsageError):
    """A name breaks the rules; ``suggestion`` is one that would do, or empty."""

    def __init__(self, title: str, detail: str = "", suggestion: str = "") -> None:
        super().__init__(title, detail, f"use {suggestion}?" if suggestion else "")
        self.suggestion = suggestion


class PatternInvalid(UsageError):
    """A pattern to search for can't be used; the detail says why."""


class ConfigError(MnixError):
    """A configuration file can't be used as it is; the title names file and key."""


class StoreError(MnixError):
    """The client's database can't be read or written."""


class NotFound(MnixError):
    """No such server, project, session or generation."""


class AlreadyExists(MnixError):
    """The name is taken."""


class LinkError(MnixError):
    """The server can't be reached."""

    exit_code = EXIT_UNREACHABLE


class Unreachable(LinkError):
    """No answer: no route, refused, unknown host, time-out. Transient."""


class NoWay(Unreachable):
    """The ProxyCommand that leads to the server said no; the detail has its words. Transient."""


class LinkLost(LinkError):
    """The connection was there and went away. Transient."""


class InputFull(LinkError):
    """More was typed or pasted than may wait while the server is silent."""


class AgentUnusable(LinkError):
    """Connected, but the agent can't run there: no Python, no space, wrong answer."""


class PythonMissing(AgentUnusable):
    """Connected, but there is no Python that could run the agent."""


class Refused(MnixError):
    """The server, or the client itself, said no. Never retried."""

    exit_code = EXIT_REFUSED


class LoginRefused(Refused):
    """No key or password was accepted."""


class LoginWaits(LoginRefused):
    """It takes a person, and none was asked: nobody wanted the server just now."""

    default_hint = "connect to be asked"


class HostKeyUnknown(Refused):
    """The host key has never been seen, and nobody said yes to it."""

    default_hint = "check the fingerprint, then add --accept-host-key"
    declined = "you said no; trying again asks again"

    def __init__(
        self, title: str, detail: str, hint: str = "", *, host: str, key_type: str, fingerprint: str
    ):
        super().__init__(title, detail, hint)
        self.host = host
        self.key_type = key_type
        self.fingerprint = fingerprint


class HostKeyChanged(Refused):
    """The host key differs from the known one; both fingerprints are in the detail."""


class HostKeyRevoked(Refused):
    """The host key, or who signed it, is revoked; the detail says where."""


class Busy(MnixError):
    """Another operation holds the project; the detail says who, since when."""

    exit_code = EXIT_BUSY


class RemoteError(MnixError):
    """The agent answered with a typed error; ``code`` is the protocol's."""

    def __init__(self, title: str, detail: str = "", hint: str = "", *, code: str = "error"):
        super().__init__(title, detail, hint)
        self.code = code


class SyncError(MnixError):
    """Files could not be read, packed, verified or applied."""


class TerminalUnavailable(MnixError):
    """There is no terminal emulator for this platform."""
