"""Everything that runs nix: the scripts for it, run inside through an isolation."""

from __future__ import annotations

import getpass
import os
import urllib.parse
from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional

from server_agent.adapters import nix_scripts, programs
from server_agent.adapters.streaming import Stream
from server_agent.core import relay_graph, stopping, within
from server_agent.core.options import Options
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

Take = Callable[[bytes], None]
"""Gets what a program prints, as it comes."""

_LAST_WORDS = 0.5  # seconds that what was ended has to say so
_READ_LIMIT = 20.0
_FACTS = 64 << 10
_SCRIPT = 64 << 20  # a longer one is none


@dataclass(frozen=True)
class Wanted:
    """What is to be built, for which job."""

    job_id: str
    options: Options
    nix_conf: str


class Facts(NamedTuple):
    """What was found out inside before nix began."""

    version: str
    ref: str
    warnings: tuple[str, ...]
    alone: bool
    """Whether the flake's folder was taken without the rest of the workspace."""


class Built(NamedTuple):
    """How a build ended; script and store path are "" unless it worked."""

    code: int
    script: str
    store_path: str
    facts: Facts


def version(isolation: Isolation, project: Project) -> str:
    """Return which nix there is inside; "": none."""
    done = programs.run(
        isolation.argv(project, ["sh", "-c", nix_scripts.VERSION, "mnix"], stdin=False)
    )
    if done.code != 0:
        raise AgentError("error", f"nothing runs in the project: {done.reason}", "", done.err)
    return done.out.strip().rpartition(" ")[2]


def flake_folder(isolation: Isolation, project: Project) -> str:
    """Return the folder of the project's flake, as it is seen from inside."""
    folder = os.path.dirname(project.flake)
    top = isolation.places(project)[0]
    return os.path.join(top, folder) if folder else top


def references(isolation: Isolation, project: Project) -> tuple[str, str, str, str]:
    """Return how the flake can be named: as part of a git tree, of a folder, or alone.

    First its folder below the git tree's top. What is not possible is "".
    """
    folder = flake_folder(isolation, project)
    workspace = isolation.places(project)[0]
    below = os.path.dirname(project.flake)
    part, git = _git_top(isolation, project)
    if git:
        git = f"git+file://{urllib.parse.quote(git)}"
        git += f"?dir={urllib.parse.quote(part)}" if part else ""
    whole = f"path:{urllib.parse.quote(workspace)}?dir={urllib.parse.quote(below)}" if below else ""
    return f"{part}/" if part else "", git, whole, "path:" + urllib.parse.quote(folder)


def _git_top(isolation: Isolation, project: Project) -> tuple[str, str]:
    # The nearest folder with a .git above the flake that is seen from inside as well.
    seen = os.path.join(project.workspace, os.path.dirname(project.flake)).rstrip("/")
    top = project.workspace.rstrip("/") if isolation.kind == "container" else ""
    part: list[str] = []
    while seen:
        if os.path.lexists(os.path.join(seen, ".git")):
            inside = isolation.places(project)[0] + seen[len(project.workspace.rstrip("/")) :]
            return "/".join(reversed(part)), inside if isolation.kind == "container" else seen
        if seen == top:
            break
        seen, _, name = seen.rpartition("/")
        part.append(name)
    return "", ""


def profiles(isolation: Isolation, project: Project) -> str:
    """Return the folder of the project's profiles, as it is seen from inside.

    Inside ``/nix/var/nix/profiles``, because a root elsewhere looks stale from another container.
    """
    if isolation.kind == "container":
        own = str(project.box.get("profiles") or "")
        return own or f"/nix/var/nix/profiles/mnix/{project.id}"
    return host_profiles(project.id)


def host_profiles(project_id: str) -> str:
    """Return the folder of a project's profiles on this machine itself."""
    shared = "/nix/var/nix/profiles"
    for base in (shared, f"{shared}/per-user/{getpass.getuser()}"):
        if os.access(base, os.W_OK):
            return f"{base}/mnix/{project_id}"
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "nix", "profiles", "mnix", project_id)


def build(isolation: Isolation, project: Project, wanted: Wanted, take: Take) -> Built:
    """Build the environment to a temporary profile; ``take`` gets nix's log."""
    name = f"build-{wanted.job_id}"
    inside = f"{isolation.places(project)[2]}/{name}.sh"
    seen = os.path.join(project.run, f"{name}.sh")
    command = [
        *("sh", "-c", nix_scripts.BUILD, "mnix"),
        f"{profiles(isolation, project)}/{name}",
        inside,
        wanted.nix_conf,
        "1" if isolation.kind == "container" else "0",
        flake_folder(isolation, project),
        *references(isolation, project),
        wanted.options.fragment,
        stopping.folder(wanted.job_id),
        isolation.places(project)[0],
        *wanted.options.arguments,
    ]
    try:
        code = run(isolation, project, wanted.job_id, command, take)
        facts = _facts(_read(f"{seen}.facts"))
        if code != 0:
            return Built(code, "", "", facts)
        return Built(0, _read(seen), _read(f"{seen}.path").strip(), facts)
    finally:
        for path in (seen, f"{seen}.path", f"{seen}.facts"):
            if os.path.lexists(path):
                os.unlink(path)


def keep(
    isolation: Isolation, project: Project, built: Built, job_id: str, generation: int
) -> None:
    """Root a generation's store path, so that no garbage collection takes it."""
    folder = profiles(isolation, project)
    links = [f"{folder}/build-{job_id}", built.store_path, f"{folder}/{generation}"]
    argv = ["sh", "-c", nix_scripts.LINK, "mnix", *links]
    done = programs.run(isolation.argv(project, argv, stdin=False))
    if done.code != 0:
        code = "no-space" if "o space left" in done.err else "error"
        raise AgentError(code, f"the environment can't be kept: {done.reason}", "rebuild", done.err)


def run(
    isolation: Isolation,
    project: Project,
    job_id: str,
    command: list[str],
    take: Take,
    *,
    mode: str = "bare",
    cwd: str = "",
    env: Optional[dict[str, str]] = None,
) -> int:
    """Run a command inside, its output going to ``take``; return its exit code.

    Whatever ends us early, an exception in ``take`` as well, ends it and all that it started.
    """
    from server_agent.core import inner

    _, env_dir, run_dir = isolation.places(project)
    box = str(project.box.get("id", ""))
    entry = inner.entry(env_dir, f"{run_dir}/{job_id}.pid", box, mode, command)
    stream = None
    try:
        stream = Stream(isolation.argv(project, entry, stdin=False, cwd=cwd, env=env), take)
        return stream.run() or 0
    except BaseException as error:
        if stream is None and isinstance(error, Exception):
            raise  # it could not be started; a signal may come when it just was
        error.left = stopping.last(isolation, project, job_id)  # type: ignore[attr-defined]
        if stream is not None:
            stream.finish(_LAST_WORDS)
        raise
    finally:
        if stream is not None:
            stream.close()


def derivations(isolation: Isolation, project: Project, nix_conf: str, named: list[str]) -> bytes:
    """Return the files of derivations that are being built, and of what is planned with them."""
    sizes = [str(relay_graph.MOST), str(relay_graph.SIZE)]
    script = ["sh", "-c", nix_scripts.DERIVATIONS, "mnix", nix_conf, *sizes, *named]
    done = programs.run(isolation.argv(project, script, stdin=False), _READ_LIMIT)
    return done.out.encode("utf-8", "replace")


def store_trouble(isolation: Isolation, project: Project) -> Optional[AgentError]:
    """Return the error of a store that can't be used at all, which no flake changes."""
    # An ordinary user can't use a store of root's without its daemon.
    if isolation.kind != "host":
        return None
    script = f"{nix_scripts.PATHS}exec nix --extra-experimental-features nix-command store ping"
    done = programs.run(isolation.argv(project, ["sh", "-c", script], stdin=False))
    if done.code == 0:
        return None
    hint = "start its daemon there (systemctl enable --now nix-daemon), or use a container"
    return AgentError("error", f"nix can't use its store: {done.reason}", hint, done.err)


def _facts(text: str) -> Facts:
    found: dict[str, str] = {}
    warnings = []
    for line in text[:_FACTS].splitlines():
        key, _, value = line.partition("=")
        if key == "warning":
            warnings.append(value)
        else:
            found.setdefault(key, value)
    ref = found.get("ref", "")
    return Facts(found.get("nix", ""), ref, tuple(warnings[:10]), "alone" in found)


def _read(path: str) -> str:
    data = within.read(path, _SCRIPT + 1) or b""
    return "" if len(data) > _SCRIPT else data.decode("utf-8", "surrogateescape")
