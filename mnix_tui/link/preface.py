"""Waiting for the agent's preface behind whatever a login shell prints."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mnix_tui.domain.text import plain
from mnix_tui.errors import AgentUnusable, MnixError, PythonMissing
from mnix_tui.link import wire
from server_agent.protocol import PROTOCOL
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.lines import PrefaceReader

if TYPE_CHECKING:
    from mnix_tui.link.channels import BaseCommand

_NOISE = "look at what the login shell's start files (.bashrc, .profile) do without a terminal"


_BY_NIX = "nix profile install nixpkgs#python3"
_PYTHON = {
    "debian": "sudo apt install python3",
    "ubuntu": "sudo apt install python3",
    "fedora": "sudo dnf install python3",
    "rhel": "sudo dnf install python3.11",
    "centos": "sudo dnf install python3.11",
    "arch": "sudo pacman -S python",
    "suse": "sudo zypper install python3",
    "opensuse": "sudo zypper install python3",
    "alpine": "apk add python3",
    "nixos": _BY_NIX,
}
"""How Python is installed, by a word of os-release's ID or ID_LIKE."""


async def read_preface(channel: BaseCommand, nonce: str, seconds: float) -> dict[str, Any]:
    """Skip login noise, return the preface's object; leave what follows to be read.

    Raise ``AgentUnusable`` when no preface comes, with what came instead, and ``LinkLost``
    when the connection goes away.
    """
    reader = PrefaceReader(nonce)
    try:
        async with asyncio.timeout(seconds):
            while data := await channel.read():
                if reader.feed(data):
                    channel.unread(reader.rest)
                    channel.hello = reader.hello or {}
                    return channel.hello
    except ProtocolError as error:
        detail = f"{error.message}; the last of it: {shorten(reader.noise)}"
        raise AgentUnusable("The agent's answer can't be understood", detail, _NOISE) from error
    except TimeoutError as error:
        detail = f"the login printed: {shorten(reader.noise)}" if reader.noise.strip() else ""
        title = f"The agent gave no answer within {seconds:.0f} s"
        raise AgentUnusable(title, detail, _NOISE) from error
    errors = await channel.stderr_tail()
    said = shorten(f"{reader.noise}\n{errors}")
    detail = f"the server said: {said}" if said else "the server said nothing"
    raise AgentUnusable("The agent did not start", detail, "" if errors else _NOISE)


def shorten(text: str, limit: int = 400) -> str:
    """Return the end of ``text`` on one line, without control characters."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(printable.split())
    return line if len(line) <= limit else "…" + line[-limit:]


def objection(server: str, hello: dict[str, Any]) -> MnixError | None:
    """Return what is wrong with a preface's object, if anything is.

    It may be the agent's refusal of a command, the bootstrap's word on what is missing, or the
    hello of an agent that speaks another protocol.
    """
    if isinstance(failed := hello.get("error"), dict):
        return wire.error(failed, server=server)
    if hello.get("missing") == "python":
        return _no_python(server, hello)
    if "missing" in hello:
        return AgentUnusable(
            f"{server}: agent missing",
            "it was installed, and is not there",
            "is the home folder the same for each login?",
        )
    if (spoken := hello.get("protocol", PROTOCOL)) != PROTOCOL:
        return AgentUnusable(
            f"{server}: other agent version",
            f"it speaks protocol {plain(spoken, 40)}, mnix speaks {PROTOCOL}",
            "update mnix there, or remove remote_binary from client.toml",
        )
    return None


def _no_python(server: str, hello: dict[str, Any]) -> PythonMissing:
    found = hello.get("tried")
    listed = [plain(each, 80) for each in found[:8]] if isinstance(found, list) else []
    commands = [_PYTHON[word] for word in str(hello.get("os") or "").split() if word in _PYTHON]
    if hello.get("nix") is True:
        commands.append(_BY_NIX)
    error = PythonMissing(
        f"{server}: no Python",
        f"the agent needs Python 3.9 or later; found: {', '.join(listed) or 'none at all'}",
        f"install it there: {', or '.join(dict.fromkeys(commands)) or 'nix has one, too'}",
    )
    error.fix = commands[0] if commands else ""
    error.fix_on = wire.elsewhere(server)
    return error
