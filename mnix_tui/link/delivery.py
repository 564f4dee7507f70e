"""The agent as an archive, and the commands that run and install it under any login shell.

A login shell may be bash, zsh, fish or csh, so what it parses is kept to ``exec sh -c`` and
words in single quotes that hold no quote, backslash before one, ``!`` or newline. The real work is
done by a POSIX sh. Nothing here does I/O but ``build``, which reads the agent's own files.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mnix_tui.errors import AgentUnusable, UsageError

LONGEST_COMMAND = 900
"""Bytes of a command line that every shell takes: BSD csh ends at 1,024 for a word."""
LONGEST_LINE = 100 << 10
"""Bytes of arguments that fit through sh and execve: Linux ends at 128 KiB for one string."""

_MAIN = "from server_agent.cli import entry\n\nentry()\n"


@dataclass(frozen=True)
class Archive:
    """The agent, ready to be sent."""

    name: str
    """The folder's name on the server."""
    sha256: str
    data: bytes


@dataclass(frozen=True)
class RemoteCommand:
    """What a login shell is given to run, and what its program reads first."""

    line: str
    stdin: bytes = b""


@lru_cache(maxsize=1)
def files() -> dict[str, bytes]:
    """Return what the agent consists of, by path."""
    folder = agent_folder()
    found = {"__main__.py": _MAIN.encode()}
    for path in sorted(folder.rglob("*")):
        if path.suffix != ".pyc" and path.is_file():
            found[f"server_agent/{path.relative_to(folder)}"] = path.read_bytes()
    return found


@lru_cache(maxsize=1)
def name() -> str:
    """Return the agent's name on a server: its version, and a digest of all of its files."""
    from server_agent import __version__

    digest = hashlib.sha256()
    for path, data in files().items():
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return f"{__version__}-{digest.hexdigest()}"


@lru_cache(maxsize=1)
def build() -> Archive:
    """Return the agent, packed; the same files give the same bytes."""
    return pack(name(), files())


def pack(name: str, files: dict[str, bytes]) -> Archive:
    """Return an agent of these files, by path, for its installer (see installer.py)."""
    data = zlib.compress(marshal.dumps(files, 2))  # every Python reads and packs that alike
    return Archive(name, hashlib.sha256(data).hexdigest(), data)


def agent_folder() -> Path:
    """Return the folder of the installed ``server_agent`` package."""
    spec = importlib.util.find_spec("server_agent")
    if spec is None or not spec.submodule_search_locations:
        raise AgentUnusable("mnix is installed without its agent", "", "install it again")
    return Path(next(iter(spec.submodule_search_locations)))


def run_command(agent: str, nonce: str, args: tuple[str, ...]) -> RemoteCommand:
    """Return the command that runs the delivered agent, or says that it is missing."""
    return _command(_RUN.format(name=agent, nonce=nonce), args)


def installed_command(binary: str, args: tuple[str, ...]) -> RemoteCommand:
    """Return the command that runs an agent that the user has installed there."""
    return _command(_INSTALLED, (binary, *args))


def install_command() -> RemoteCommand:
    """Return the command that only installs: it reads ``bootstrap`` and what follows that."""
    return RemoteCommand(_BY_STDIN)


def bootstrap(name: str, nonce: str) -> bytes:
    """Return what a ``run_command`` that said "missing" reads: a script, and the installer.

    ``head`` and the archive's data follow. Then the agent runs as it was asked to.
    """
    source = Path(__file__).with_name("installer.py").read_bytes()
    return _BOOTSTRAP.format(nonce=nonce, name=name, size=len(source)).encode() + b"\n" + source


def head(archive: Archive) -> bytes:
    """Return the line before an archive's data."""
    return f"{archive.sha256} {len(archive.data):010}\n".encode()


def _command(script: str, args: tuple[str, ...]) -> RemoteCommand:
    words = [_word(arg) for arg in args]
    if any(encoded != arg for encoded, arg in zip(words, args, strict=True)):
        script = _DECODE + script
    line = " ".join(["exec sh -c", _quoted(script), "mnix", *map(_quoted, words)])
    if len(line) <= LONGEST_COMMAND:
        return RemoteCommand(line)
    return _by_stdin(script, tuple(words))


def _by_stdin(script: str, words: tuple[str, ...]) -> RemoteCommand:
    """Send the script as the first line of stdin: one round trip more, and no limits."""
    line = " ".join(["set --", *map(_quoted, words), ";", script]).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        raise UsageError(
            "The command is too long", f"{len(line)} bytes", "put it into a file and run that"
        )
    return RemoteCommand(_BY_STDIN, line)


def _word(arg: str) -> str:
    r"""Return ``arg`` with every byte that some shell might take for itself as ``\0NNN``."""
    out = []
    for byte in arg.encode("utf-8", "surrogateescape"):
        plain = 0x20 <= byte < 0x7F and byte not in b"'\\!"
        out.append(chr(byte) if plain else f"\\0{byte:03o}")
    return "".join(out)


def _quoted(text: str) -> str:
    assert not set(text) & set("'!\n"), text
    return f"'{text}'"


# In these scripts there is no single quote, no "!", no newline: see above.

_BY_STDIN = "exec sh -c 'IFS= read -r s; eval \"$s\"' mnix"

_DECODE = (
    'n=$#; while [ "$n" -gt 0 ]; do '
    'a=$(printf "%b_" "$1"); shift; set -- "$@" "${a%_}"; n=$((n-1)); done; '
)

# A note with a second line counts until the machine starts again: see installer.py.
_RUN = (
    "p=${{XDG_DATA_HOME:-$HOME/.local/share}}/mnix/agent/{name}; r=; b=; "
    'if [ -r "$p/python" ] && [ -r "$p/__main__.py" ]; then {{ read -r r; read -r b; }} <"$p/python"; fi; '
    'if [ -x "$r" ] && {{ [ -z "$b" ] || grep -qs "$b" /proc/sys/kernel/random/boot_id; }}; then '
    'exec "$r" -B -I -S -X utf8 "$p" "$@"; fi; '
    'printf "MNIX/1 %s {{\\"missing\\":\\"agent\\"}}\\n" {nonce}; IFS= read -r s && eval "$s"'
)

_INSTALLED = 'p=$1; shift; case $p in "~/"*) p=$HOME/${p#??};; esac; exec "$p" "$@"'

_PYTHONS = (
    "python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9"
    " $HOME/.nix-profile/bin/python3 $HOME/.local/state/nix/profile/bin/python3"
    " /etc/profiles/per-user/$USER/bin/python3 /nix/var/nix/profiles/default/bin/python3"
    " /run/current-system/sw/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3"
    " /usr/bin/python3"
)

# What root or this user chose to have, and what that needs. Anybody may add to the store itself.
_STORED = (
    "for q in /run/current-system /nix/var/nix/profiles/default $HOME/.nix-profile"
    " $HOME/.local/state/nix/profile; do "
    "PATH=$PATH:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin nix-store -qR $q; "
    "done </dev/null 2>/dev/null | while read -r q; do "
    'case $q in (*-python3-3.*) echo "$q/bin/python3";; esac; done'
)

# Reads no byte more than the installer has: what follows is for the installer.
_LOADER = (
    "import io, sys; "
    "exec(io.BufferedReader(io.FileIO(0, closefd=False), 1).read(int(sys.argv.pop(1))))"
)

_BOOTSTRAP = (
    't=; l="' + _PYTHONS + '"; for r in 1 2; do for c in $l; do '
    'p=$(command -v "$c" 2>/dev/null) || continue; '
    'if "$p" -I -S -c "import sys; sys.exit(sys.version_info < (3, 9))" '
    "</dev/null >/dev/null 2>&1; then "
    'exec "$p" -B -I -S -X utf8 -c "' + _LOADER + '" {size} {nonce} {name} "$@"; fi; '
    'v=$("$p" -V 2>&1 | tr -cd "A-Za-z0-9. " | cut -c 1-20); '
    'case $v in "Python "*) ;; *) v="does not run";; esac; '
    't="$t${{t:+,}}\\"$p ($v)\\""; done; '
    "[ $r = 2 ] || l=$(" + _STORED + "); done; "
    'o=$(. /etc/os-release 2>/dev/null; printf %s "$ID $ID_LIKE" | tr -cd "a-z0-9 " | cut -c 1-80); '
    "n=false; command -v nix >/dev/null 2>&1 && n=true; "
    'printf "MNIX/1 %s {{\\"missing\\":\\"python\\",\\"tried\\":[%s],\\"os\\":\\"%s\\",'
    '\\"nix\\":%s}}\\n" {nonce} "$t" "$o" $n'
)
