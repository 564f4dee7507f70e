"""Reading OpenSSH's client configuration for one host: Host, Match, Include, the first value wins.

A line that does not concern the host is never read closer than to its keyword, so that it can't
spoil anything; a bad one that does is a ``ConfigError`` with its file, its number and a remedy.
"""

from __future__ import annotations

import glob
import os
import re
import subprocess
from pathlib import Path
from typing import NoReturn

from mnix_tui.errors import ConfigError
from mnix_tui.link.sshconfig import words as sshwords
from mnix_tui.link.sshconfig.options import COLLECTED, COMMANDS, MANY, NAMES, PARSERS, Value
from mnix_tui.link.sshconfig.patterns import any_of, in_list, matches
from mnix_tui.link.sshconfig.tokens import Tokens, home, local_user, tilded, untilde

MAX_DEPTH = 16
"""Files that include each other, at most."""
MAX_FILE = 8 << 20
EXEC_TIME = 10.0
"""Seconds for a program of ``Match exec``."""
SYSTEM = Path("/etc/ssh/ssh_config")


class Reader:
    """What the files say of one host. ``read`` may be called for several, in order."""

    def __init__(self, given: str, preset: dict[str, Value], *, final: bool = False) -> None:
        """Read for the host that was typed as ``given``; ``preset`` counts before all files.

        ``final``: the host's real name is known and among the preset, and ``Host`` means that.
        """
        self.given = given
        self._name = str(preset["Hostname"]).replace("%%", "%") if final else given
        self.values: dict[str, Value] = dict(preset)
        self.origins: dict[str, str] = {}
        self.wants_final = False
        """Whether something asks for the final pass (``Match final``)."""
        self._final = final
        self._ran: dict[str, bool] = {}
        self._path = Path()
        self._line = 0
        self._text = ""

    def read(self, path: Path, *, users: bool) -> None:
        """Read a file that may be missing; ``users``: it is the user's own, and must be safe."""
        self._file(path, users=users, active=True, depth=0)

    def tokens(self) -> Tokens:
        """Return what the tokens mean by what is known so far."""
        values = self.values
        port = values.get("Port")
        alias, jump = values.get("HostKeyAlias"), values.get("ProxyJump")
        return Tokens(
            given=self.given,
            host=self.host(),
            user=str(values.get("User") or local_user()),
            port=port if isinstance(port, int) else 22,
            alias=str(alias or ""),
            jump=str(jump or ""),
        )

    def host(self) -> str:
        """Return the host's name as known so far."""
        name = self.values.get("Hostname")
        if not isinstance(name, str):
            return self.given
        return Tokens(self.given, self.given, "", 0).expand(name, "h")

    def _file(self, path: Path, *, users: bool, active: bool, depth: int) -> None:
        before = self._path, self._line, self._text
        data = self._bytes(path, checked=users)
        self._path = path
        for self._line, raw in enumerate(data.split(b"\n"), 1):
            self._text = raw.decode("utf-8", "surrogateescape")
            try:
                active = self._one(active, users, depth)
            except ValueError as error:
                self._bad(str(error))
        self._path, self._line, self._text = before

    def _bytes(self, path: Path, *, checked: bool) -> bytes:
        try:
            if path.exists() and not path.is_file():
                return b""  # what is no file could keep us waiting for ever
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                if checked and (found.st_uid not in (0, os.getuid()) or found.st_mode & 0o022):
                    raise ConfigError(
                        "SSH config can't be trusted",
                        f"others may write to {path}, and it can name programs to run",
                        f"chown {local_user()} {path} && chmod 600 {path}",
                    )
                return file.read(MAX_FILE)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise ConfigError(
                "SSH config can't be read",
                f"{path}: {error.strerror or error}",
                f"chmod 600 {path}",
            ) from error

    def _one(self, active: bool, users: bool, depth: int) -> bool:
        """Take one line, and return whether those that follow concern the host."""
        try:
            keyword, rest = sshwords.keyword_and_rest(self._text)
        except ValueError:
            if active:
                raise
            return active
        if keyword == "host":
            return self._host(rest)
        if keyword == "match":
            return self._match(rest)
        if not active or not keyword:
            return active
        if keyword == "include":
            self._include(rest, users, depth)
        elif keyword in NAMES:
            self._option(NAMES[keyword], rest)
        return active

    def _host(self, rest: str) -> bool:
        try:
            return any_of(self._name, self._words(rest))
        except ValueError:
            if any_of(self._name, re.split(r"[\s\"']+", rest)):
                raise
            return False  # whomever it means: not this host

    def _words(self, rest: str) -> list[str]:
        found = sshwords.words(rest)
        if not found and not rest.startswith("#"):  # a comment alone: none of them
            raise ValueError("something must follow")
        return found

    def _include(self, rest: str, users: bool, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise ValueError("too many files include each other")
        for pattern in self._words(rest):
            if pattern.startswith("~") and not users:
                raise ValueError(f"{pattern!r} can't be included from a file for everyone")
            folder = home() / ".ssh" if users else SYSTEM.parent
            where = folder / untilde(pattern)  # an absolute one stays what it is
            for name in sorted(glob.glob(str(where))):  # noqa: PTH207 - patterns with absolute paths
                self._file(Path(name), users=users, active=True, depth=depth + 1)

    def _option(self, name: str, rest: str) -> None:
        value = self._value(name, rest)
        if value is None or (name in self.values and name not in COLLECTED):
            return  # read all the same: OpenSSH stops at a bad one
        if _is_broken(value):
            raise ValueError("it is not UTF-8")
        jump = str(self.values.get("ProxyJump") or "none").lower()
        if name == "ProxyCommand" and jump != "none":
            return  # the first of the two counts
        if name == "ProxyJump" and "ProxyCommand" in self.values:
            return
        if name in COLLECTED:
            old = self.values.get(name)
            kept = list(old) if isinstance(old, list) else []
            new = value if isinstance(value, list) else [str(value)]
            value = list(dict.fromkeys(_sent(kept, new) if name == "SendEnv" else [*kept, *new]))
        self.values[name] = value
        self.origins.setdefault(name, f"{self._path}:{self._line}")

    def _value(self, name: str, rest: str) -> Value | None:
        if name in COMMANDS:
            args = [sshwords.command(rest)]
            if not args[0]:
                args = []
        else:
            args = sshwords.words(rest)
        if not args and name in MANY and rest.startswith("#"):
            return None
        if not args:
            raise ValueError(f"{name} needs a value")
        value = PARSERS[name](args)
        if args:
            raise ValueError(f"too much after {name}: {' '.join(args)}")
        return value

    def _match(self, rest: str) -> bool:
        """Say whether a ``Match`` line concerns the host."""
        left = sshwords.criteria(rest)
        if not left:
            raise ValueError("something must follow")
        if left[0].lower().lstrip("!") == "all":
            if len(left) > 1:
                raise ValueError("all stands alone")
            return not left[0].startswith("!")
        result = True
        doubt: ValueError | None = None
        while left:
            word = left.pop(0)
            negated, name = word.startswith("!"), word.lstrip("!").lower()
            if name in ("final", "canonical"):
                self.wants_final |= name == "final"
                found = self._final
            elif name == "all":
                raise ValueError("all stands alone")
            elif not left:
                raise ValueError(f"Match {name} needs a value")
            else:
                text = left.pop(0)
                try:
                    found = result and self._criterion(name, text)
                except ValueError as error:
                    doubt, found = error, not negated
            result = result and found is not negated
        if result and doubt is not None:
            raise doubt
        return result

    def _criterion(self, name: str, text: str) -> bool:
        if name == "host":
            return in_list(self.host(), text, fold=True)
        if name == "originalhost":
            return in_list(self.given, text, fold=True)
        if name == "user":
            return in_list(str(self.values.get("User") or local_user()), text)
        if name == "localuser":
            return in_list(local_user(), text)
        if name == "tagged":
            return in_list(str(self.values.get("Tag") or ""), text)
        if name == "sessiontype":
            return in_list("exec", text)
        if name == "exec":
            return self._exec(self.tokens().expand(text))
        raise ValueError(f"Match {name} can't be judged here")

    def _exec(self, command: str) -> bool:
        if command not in self._ran:
            shell = os.environ.get("SHELL") or "/bin/sh"
            quiet = subprocess.DEVNULL
            try:
                done = subprocess.run(
                    [shell, "-c", command],
                    stdin=quiet,
                    stdout=quiet,
                    stderr=quiet,
                    timeout=EXEC_TIME,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise ValueError(f"its program runs for over {EXEC_TIME:.0f} s") from error
            except OSError as error:
                raise ValueError(f"{shell}: {error.strerror}") from error
            self._ran[command] = done.returncode == 0
        return self._ran[command]

    def _bad(self, reason: str) -> NoReturn:
        line = self._text.strip().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        line = "".join(char if char.isprintable() else "?" for char in line)
        where = f"{self._path}:{self._line}"
        hint = f"change or remove line {self._line} of {tilded(str(self._path))}"
        raise sshwords.unusable(where, "", f"{line[:200]}: {reason}", hint)


def _sent(kept: list[str], new: list[str]) -> list[str]:
    """Return the variables to send: ``-NAME`` takes those back that were named before it."""
    found = list(kept)
    for word in new:
        if word.startswith("-"):
            found = [each for each in found if not matches(each, word[1:])]
        else:
            found.append(word)
    return found


def _texts(value: Value) -> list[str]:
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []


def _is_broken(value: Value) -> bool:
    return any("\udc80" <= char <= "\udcff" for text in _texts(value) for char in text)
