"""The server's git, as a clone runs it: which URLs it may follow, and what it says."""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Any, Optional

from server_agent.protocol.errors import AgentError

SCHEMES = ("https", "http", "ssh", "git", "file")
_URL = re.compile(r"([a-z+]+)://[^\s\x00-\x1f\x7f]+", re.I)
_SCP = re.compile(
    r"(?:[\w.+-]+@)?(?!-)(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):(?![:/]{2})[^\s\x00-\x1f\x7f]+"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|\x1b\[[0-9;]*[A-Za-z]")
_PERCENT = re.compile(r"^([A-Z][A-Za-z ]{1,40}): +(\d{1,3})%")
_STEPS = {  # what each takes of the whole, about
    "Receiving objects": (0.0, 0.8),
    "Resolving deltas": (0.8, 0.9),
    "Updating files": (0.9, 1.0),
}
_APART = 0.1  # seconds from one line of progress to the next
_TAIL = 8 << 10
_GRACE = 2.0
_BATCH = "-o BatchMode=yes"


class Gone(Exception):
    """The client went away."""


def protocol(url: str) -> str:
    """Return how git gets at a URL; raise ``usage`` for one that it must not follow."""
    found = _URL.fullmatch(url)
    scheme = found.group(1).lower() if found else "ssh" if _SCP.fullmatch(url) else ""
    host = url.partition("://")[2].rpartition("@")[2] if found else url
    if len(url) > 2000 or scheme not in SCHEMES or host.startswith("-"):
        raise AgentError(
            "usage",
            f"{_clean(url)[:200]!r} is not the URL of a git repository",
            "give one such as https://… or git@host:owner/repository",
        )
    return scheme


class Git:
    """Runs git without ever asking anybody; ends it, and all that it started, when stdin ends."""

    def __init__(self, scheme: str, stdin: int = 0) -> None:
        # Files of the server's own are for who asks for them, not for a submodule of somebody's.
        allowed = ["https", "http", "ssh", "git"] + (["file"] if scheme == "file" else [])
        self._env = {
            **os.environ,
            "LC_ALL": "C",
            "GIT_ALLOW_PROTOCOL": ":".join(allowed),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS_REQUIRE": "never",
        }
        self._stdin: Optional[int] = stdin
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._tail = b""

    def __enter__(self) -> Git:
        ssh = self._env.get("GIT_SSH_COMMAND") or self._ask(["config", "core.sshCommand"]) or "ssh"
        self._env["GIT_SSH_COMMAND"] = f"{ssh} {_BATCH}"
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def clone(self, url: str, ref: str, tree: str) -> Iterator[dict[str, Any]]:
        """Clone into a folder that is not there yet, with submodules; give the progress."""
        yield from self._run("clone", "--no-checkout", "--progress", "--", url, tree, url=url)
        if ref:
            yield from self._checkout(url, ref, tree)
        elif self._ask(["-C", tree, "rev-parse", "-q", "--verify", "HEAD"]):
            yield from self._run("-C", tree, "checkout", "--progress", url=url)
        if os.path.isfile(os.path.join(tree, ".gitmodules")):
            update = ("submodule", "update", "--init", "--recursive", "--progress")
            yield from self._run("-C", tree, *update, url=url, told=False)

    def head(self, tree: str) -> dict[str, str]:
        """Return which commit and which branch were checked out ("": none)."""
        commit = self._ask(["-C", tree, "rev-parse", "-q", "--verify", "HEAD"])
        branch = self._ask(["-C", tree, "symbolic-ref", "-q", "--short", "HEAD"])
        return {"commit": commit, "branch": branch}

    def _checkout(self, url: str, ref: str, tree: str) -> Iterator[dict[str, Any]]:
        known = (f"refs/remotes/origin/{ref}", f"refs/tags/{ref}", f"{ref}^{{commit}}")
        found = [
            name
            for name in known
            if self._ask(["-C", tree, "rev-parse", "-q", "--verify", name, "--"])
        ]
        if not found:
            # What no branch leads to has to be asked for by itself.
            try:
                yield from self._run("-C", tree, "fetch", "--progress", "origin", ref, url=url)
            except AgentError as error:
                raise AgentError(
                    "not-found",
                    f"the repository has no branch, tag or commit {ref}",
                    "look at its branches: git ls-remote URL",
                    error.detail,
                ) from error
            found = ["FETCH_HEAD"]
        branch = found[0] == known[0]
        how = ["-B", ref, "--track", f"origin/{ref}"] if branch else ["--detach", found[0]]
        yield from self._run("-C", tree, "checkout", "--progress", *how, "--", url=url)

    def _run(self, *words: str, url: str, told: bool = True) -> Iterator[dict[str, Any]]:
        process = self._start(["git", *words])
        assert process.stderr is not None
        last, buffer = 0.0, b""
        while True:
            data = self._read(process.stderr.fileno())
            if not data:
                break
            self._tail = (self._tail + data)[-_TAIL:]
            *lines, buffer = (buffer + data).replace(b"\r", b"\n").split(b"\n")
            buffer = buffer[-_TAIL:]
            texts = [text for text in map(_text, lines) if text]
            if texts and time.monotonic() - last >= _APART:
                last = time.monotonic()
                yield {"progress": texts[-1], "fraction": _fraction(texts[-1]) if told else None}
        if process.wait() != 0:
            raise failure(self._tail.decode("utf-8", "replace"), process.returncode, url)

    def _start(self, argv: list[str]) -> subprocess.Popen[bytes]:
        self._tail = b""
        try:
            # A group of its own, so that git's helpers can be ended with it.
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=self._env,
                cwd="/",
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise _no_git() from error
        return self._process

    def _read(self, handle: int) -> bytes:
        while True:
            watched = [handle] if self._stdin is None else [handle, self._stdin]
            ready, _, _ = select.select(watched, [], [])
            if self._stdin in ready and not os.read(self._stdin or 0, 4096):
                self._stdin = None
                raise Gone
            if handle in ready:
                return os.read(handle, 64 << 10)

    def _ask(self, words: Sequence[str]) -> str:
        try:
            done = subprocess.run(
                ["git", *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                env=self._env,
                cwd="/",
                timeout=60,
            )
        except FileNotFoundError as error:
            raise _no_git() from error
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""

    def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.stderr is not None:
            process.stderr.close()
        if process.poll() is None:
            _signal(process.pid, signal.SIGTERM)
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                pass
        _signal(process.pid, signal.SIGKILL)  # helpers that it left
        process.wait()


def failure(said: str, code: int, url: str) -> AgentError:
    """Return the error for what git said when it failed."""
    lines = [_clean(line).strip() for line in said.replace("\r", "\n").split("\n")]
    lines = [line for line in lines if line and not _PERCENT.match(line)]
    known = next((found for found in _KNOWN if re.search(found[0], said, re.I)), None)
    detail = "\n".join(lines[-10:])[:2000]
    if known is not None:
        _, kind, message, hint = known
        whose = re.search(_WHOSE, "\n".join(lines))
        words = _words(url, whose.group(1) if whose else "PATH")
        return AgentError(kind, message.format(**words), hint.format(**words), detail)
    told = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
    reason = (told or lines or [f"git ended with {code}"])[-1][:300]
    return AgentError("error", f"git can't clone it: {reason}", "look at the URL", detail)


_WHOSE = r"detected dubious ownership in repository at '([^\n]{1,400})'"
_KNOWN = (
    (
        _WHOSE,
        "refused",
        "git does not trust the repository: it is another user's",
        "if you trust it, on {where}: git config --global --add safe.directory {path}",
    ),
    (
        r"No space left on device|Disk quota exceeded",
        "no-space",
        "the server's disk is full",
        "make room there, then clone again",
    ),
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        "refused",
        "the host key of {host} is not the one that the server knows",
        "find out why; if it is right: ssh-keygen -R {known} on the server, then {ssh} once",
    ),
    (
        r"Host key verification failed",
        "refused",
        "the server does not know the host key of {host}",
        "on the server, run once: {ssh} (and compare the fingerprint)",
    ),
    (
        r"Permission denied \(|Too many authentication failures",
        "refused",
        "{host} refuses the server's keys",
        "use yours: mnix new --git URL --forward-agent NAME, or give the server a key of its own",
    ),
    (
        r"could not read Username|could not read Password|Authentication failed|"
        r"terminal prompts disabled|returned error: 40[13]",
        "refused",
        "{host} wants a login, or does not have this repository",
        "use its ssh URL with --forward-agent, or set up git's credential helper on the server",
    ),
    (
        r"Could not resolve host|Name or service not known|Temporary failure in name resolution",
        "error",
        "the server can't find {host}",
        "look at the URL, and at the server's network",
    ),
    (
        r"Connection refused|Connection timed out|Failed to connect|No route to host|"
        r"Network is unreachable",
        "error",
        "the server can't reach {host}",
        "look at the server's network, or clone here and push",
    ),
    (
        r"transport '[^']{0,40}' not allowed",
        "refused",
        "it has a submodule at an address that is not followed",
        "clone it by hand in the workspace",
    ),
    (
        r"repository '?[^\n]{0,400}'? (?:not found|does not exist)|"
        r"does not appear to be a git repository|Repository not found",
        "not-found",
        "there is no such repository",
        "look at the URL",
    ),
)


def _no_git() -> AgentError:
    return AgentError(
        "error",
        "there is no git on the server",
        "install it there, or clone here and make the project from that folder",
    )


def _words(url: str, path: str) -> dict[str, str]:
    # Who is asked, how a person asks it by hand, and under which name its key is known.
    address = url.partition("://")[2].partition("/")[0] if "://" in url else url.partition(":")[0]
    login, _, host = _clean(address)[:200].rpartition("@")
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdigit():
        name, port = host, ""
    user = f"{login.partition(':')[0]}@" if login else ""
    return {
        "host": host or "the server's own disk",
        "where": host or "the server",
        "path": shlex.quote(path),
        "ssh": f"ssh -p {port} {user}{name}" if port else f"ssh {user}{name}",
        "known": f"'[{name}]:{port}'" if port else name,
    }


def _fraction(text: str) -> Optional[float]:
    found = _PERCENT.match(text)
    step = _STEPS.get(found.group(1)) if found else None
    if found is None or step is None:
        return None
    first, last = step
    return round(first + (last - first) * min(100, int(found.group(2))) / 100, 3)


def _text(line: bytes) -> str:
    return _clean(line.decode("utf-8", "replace")).strip()[:200]


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass
