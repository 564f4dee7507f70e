"""What to do about what nix says: titles and hints for errors of every release since 2.4."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mnix_tui.nixlog.text import name_of


@dataclass(frozen=True)
class Reading:
    """How an error is told to people."""

    title: str
    """With ``{name}`` for what failed, and the groups of the pattern by number."""
    hint: str
    build: bool = False
    """The error is of the derivation that it names: it failed."""


LOG_HINT = "Its last lines tell why; the whole log: `mnix logs --node {name}`."
_MEMORY = (
    "Most often the server ran out of memory: end something there, or let nix build less at once "
    "(`max-jobs` and `cores` in nix_conf)."
)
_DISK = "The server's disk is full: `mnix gc` frees what no generation needs, then rebuild."
NET_HINT = (
    "Can the server reach that address? Check its network and the substituters in server.toml, "
    "then rebuild: what has come is kept."
)
HOOK_HINT = (
    "What it was to follow is built. Correct {name} on the server, or take `post-build-hook` out of "
    "its nix's settings, then rebuild."
)
_READ = 3000
"""Characters of an error that are looked at: more would only take time."""
_AFTER = re.compile(r"\s*(?:at [/«<]|\d+\||\|\s*\^|…)")
"""A line that is no longer the error's own words."""
_STORE = "/nix/store/"
_ANY = "Read what nix says; the old environment stays as it is."
_LINE = "Correct the flake at the line above, then rebuild. The old environment stays as it is."

_READINGS: tuple[tuple[str, Reading], ...] = (
    (r"No space left on device|[Dd]isk quota exceeded|lack of free disk space"
     r"|database or disk is full",
     Reading("{name}: no space left on the server", _DISK, build=True)),
    (r"executing '([^']+)': [^\n]*No such file",
     Reading("{name}: its builder {0} does not exist", "Correct the builder in the flake.",
             build=True)),
    (r"hash mismatch in (?:fixed-output )?derivation|hash mismatch importing path",
     Reading("{name} is not what its hash says",
             "If the new content is right, put the hash after “got” into the flake; if not, "
             "somebody changed the source.", build=True)),
    (r"hash mismatch in file downloaded from '([^']+)'|NAR hash mismatch in input '([^']+)'",
     Reading("{0} is not what its hash says",
             "If the new content is right, put the hash after “got” into the flake, or run "
             "`nix flake update` for that input.")),
    (r"failed (?:due to|with) signal 9\b|exit code 137\b",
     Reading("{name} was killed (signal 9)", _MEMORY, build=True)),
    (r"failed (?:due to|with) signal (\d+(?: \([^)]*\))?)",
     Reading("{name} was killed by signal {0}", LOG_HINT, build=True)),
    (r"builder.*failed with exit code (\d+)",
     Reading("{name} failed to build (exit code {0})", LOG_HINT, build=True)),
    (r"failed to produce output path for output '([^']+)'",
     Reading("{name} was built, and its output “{0}” is not there",
             "Its builder ended well without writing it: let it create “$out”.", build=True)),
    (r"timed out after (\d+) seconds of silence",
     Reading("{name} said nothing for {0} s and was stopped",
             "Raise `max-silent-time` in nix_conf of server.toml, or find out why it hangs.",
             build=True)),
    (r"timed out after (\d+) seconds",
     Reading("{name} took over {0} s and was stopped",
             "Raise `timeout` in nix_conf of server.toml.", build=True)),
    (r"killed after writing more than (\d+) bytes",
     Reading("{name} printed over {0} bytes and was stopped",
             "Raise `max-build-log-size` in nix_conf of server.toml, or make it print less.",
             build=True)),
    (r"a '([^']+)' with features \{([^}]*)\} is required to build"
     r"|Required system: '([^']+)'|Required features: \{([^}]*)\}",
     Reading("{name} can't be built on this server: it needs {0}",
             "Build for the server's own system, or give its nix a builder for that one.",
             build=True)),
    (r"(?:output|path) '[^']+' is not allowed to refer to",
     Reading("{name} refers to what it must not", LOG_HINT, build=True)),
    (r"may not be deterministic",
     Reading("{name} came out different this time", LOG_HINT, build=True)),
    (r"some (?:substitutes|outputs).*failed",
     Reading("{name} could not be downloaded", NET_HINT + " Or set `fallback = true` in nix_conf to "
             "build what can't be downloaded.")),
    (r"path '([^']+)' (?:is required, but there is no substituter|does not exist and cannot be)",
     Reading("{0} can't be downloaded from anywhere", NET_HINT)),
    (r"API rate limit exceeded",
     Reading("GitHub lets this server ask no more for now",
             "Give nix a token, `access-tokens = github.com=…` in nix_conf of server.toml, or "
             "rebuild in an hour.")),
    (r"(?:unable to|cannot|failed to) download '(https://(?:api\.)?git(?:hub|lab)\.com/[^']+)': "
     r"(HTTP error 40[134])",
     Reading("can't download {0}: {1}",
             "It is not there, or private: then give nix a token, `access-tokens = "
             "github.com=…` in nix_conf of server.toml.")),
    (r"(?:unable to download|cannot download|failed to download) '([^']+)'(?:: ([^\n;(]*))?",
     Reading("can't download {0}: {1}", NET_HINT)),
    (r"[Cc]ould ?n[o']t resolve host(?:name)?:? ?'?([^'\s]*)",
     Reading("the server can't find the address of {0}", NET_HINT)),
    (r"lacks a (?:valid )?signature|no signature.*trusted|is not signed by any",
     Reading("{name} is not signed by anybody that the server trusts",
             "Add the cache's key to trusted_public_keys in server.toml.")),
    (r"cached failure of attribute '([^']+)'",
     Reading("{0} failed before, and nix remembers only that",
             "`nix eval --option eval-cache false` of it tells why; any change to the flake makes "
             "nix look anew.")),
    (r"group '([^']+)' specified in 'build-users-group' does not exist",
     Reading("the server has no group “{0}” to build as",
             "Make it and its users, or put `build-users-group =` (empty) into nix_conf of "
             "server.toml.")),
    (r"undefined variable '([^']+)'", Reading("undefined variable “{0}”", _LINE)),
    (r"attribute '([^']+)' missing", Reading("there is no attribute “{0}”", _LINE)),
    (r"syntax error,? ?([^\n]*)", Reading("syntax error: {0}", _LINE)),
    (r"infinite recursion encountered",
     Reading("infinite recursion",
             "Something in the flake is defined by itself; `nix eval --show-trace` shows the way "
             "there.")),
    (r"stack overflow|max-call-depth exceeded",
     Reading("the evaluation went too deep", "Look for a function that never ends.")),
    (r"assertion .*failed", Reading("{text}", _LINE)),
    (r"Package .([^\s’']+)..* has an unfree license",
     Reading("{0} is not free software, and nix does not take it unasked",
             "Set `config.allowUnfree = true` where the flake imports nixpkgs.")),
    (r"Package .([^\s’']+)..* is marked as (insecure|broken)",
     Reading("{0} is marked as {1}", "Take another version, or permit it in nixpkgs' config.")),
    (r"forbidden in pure eval(?:uation)? mode|not allowed in pure",
     Reading("{text}",
             "Rebuild with `--impure` (lasting: `impure = true` in mnix.toml), or pass the thing "
             "as an input of the flake.")),
    (r"does not provide attribute '?(?:(?:devShells|packages)\.[\w-]+\.)*([^',]+)",
     Reading("the flake has no dev shell “{0}”",
             "Name one that exists: `dev_shell` in mnix.toml, or `--dev-shell`.")),
    (r"is not tracked by Git|did you forget to ['‘]?git add",
     Reading("{text}", "Nix sees only what git knows of: `git add` the file, then rebuild.")),
    (r"does not contain a '?flake\.nix'?|flake\.nix.*(?:does not exist|No such file)",
     Reading("there is no flake.nix",
             "Push the folder that has it, or name its place: `flake` in mnix.toml.")),
    (r"experimental (?:Nix )?feature '([^']+)' is disabled",
     Reading("the server's nix does not allow “{0}”",
             "Put `experimental-features = nix-command flakes` into nix_conf of server.toml.")),
    (r"lock file.*(?:changes|out of date|requires)|(?:cannot|can't) write modified lock file",
     Reading("{text}", "Run `nix flake lock` (or update) in your flake's folder, then rebuild.")),
    (r"only works on derivations that use 'bash'",
     Reading("this is no dev shell: its builder is not bash",
             "Use `mkShell`, or name another shell: `dev_shell` in mnix.toml.")),
    (r"cannot (?:find|fetch) (?:flake|input)|unable to (?:find|fetch)",
     Reading("{text}", NET_HINT)),
    (r"cannot find flake '([^']+)' in the flake registries",
     Reading("nobody knows the flake “{0}”", "Write its whole address (`github:owner/repo`).")),
    (r"(?:cannot connect to socket|daemon disconnected unexpectedly|unexpected EOF reading)",
     Reading("the server's nix daemon does not answer",
             "Is it running? `systemctl status nix-daemon` on the server; or `store = \"volume\"` "
             "in mnix.toml, which needs none.")),
    (r"unable to start any build",
     Reading("nix may not build anything here", "Raise `max-jobs` in nix_conf of server.toml.")),
    (r"interrupted by the user|error: interrupted",
     Reading("nix was interrupted", "Rebuild when you like: what was finished is kept.")),
    (r"out of memory|std::bad_alloc|Cannot allocate memory",
     Reading("nix ran out of memory", _MEMORY)),
    (r"database is (?:busy|locked)",
     Reading("another nix holds the store's database", "Wait for it to end, then rebuild.")),
    (r"Permission denied|Operation not permitted", Reading("{text}", "Who owns that path?")),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern, re.DOTALL), reading) for pattern, reading in _READINGS)


_OF_BUILDERS = _COMPILED[:2]


@dataclass(frozen=True)
class Told:
    """An error as people are told it."""

    title: str
    hint: str
    build: bool


def read_error(text: str, name: str, *, said: str = "", position: bool = False) -> Told:
    """Return how to tell an error.

    `text` is nix's own, without colours; `said` is what a failed builder printed last.
    """
    first = _head(text)
    head = " ".join(first.split())
    tries = [(each, said) for each in _OF_BUILDERS] + [(each, text[:_READ]) for each in _COMPILED]
    for (pattern, reading), where in tries:
        # A position, code and what nix guesses say nothing of a builder.
        found = pattern.search(first if reading.build and where is not said else where)
        if found:
            groups = [each for each in found.groups() if each]
            return Told(
                _fill(reading.title, name, head, groups),
                _hint(reading.hint, name),
                reading.build,
            )
    return Told(head, _LINE if position else _ANY, build=False)


def _head(text: str) -> str:
    """Return an error's own words: what stands before its position, its code and its trace."""
    lines: list[str] = []
    for line in text[:_READ].split("\n"):
        if lines and (not line.strip() or _AFTER.match(line)):
            break
        if line.strip():
            lines.append(line)
    return "\n".join(lines)


def _hint(hint: str, name: str) -> str:
    """Return a hint, which names no node when nobody knows of which it is."""
    return hint.replace("{name}", name) if name else hint.replace(" --node {name}", "")


def _fill(title: str, name: str, head: str, groups: list[str]) -> str:
    if not name:
        title = title.removeprefix("{name}: ")
    shown = title.replace("{text}", head).replace("{name}", name or "nix")
    for i in range(2):
        group = groups[i] if i < len(groups) else ""
        shown = shown.replace(f"{{{i}}}", name_of(group) if group.startswith(_STORE) else group)
    return shown.rstrip(": ")
