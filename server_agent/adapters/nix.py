"""Everything that runs nix: the scripts for it, run inside through an isolation."""

from __future__ import annotations

import getpass
import os
import urllib.parse
from typing import Callable, NamedTuple, Optional

from server_agent.adapters import programs
from server_agent.adapters.streaming import Stream
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

Take = Callable[[bytes], None]
"""Gets what a program prints, as it comes."""

_PATHS = 'PATH="$PATH:$HOME/.nix-profile/bin:/nix/var/nix/profiles/default/bin:/run/current-system/sw/bin"\n'

_PROBE = (
    _PATHS
    + r"""cd "$1" || exit 1
command -v nix > /dev/null 2>&1 && echo "nix=$(nix --version 2> /dev/null)"
grep -q '^nixbld:' /etc/group && echo nixbld=1
grep -Eqs '^[[:space:]]*sandbox[[:space:]]*=' /etc/nix/nix.conf && echo sandbox=1
echo "uid=$(id -u)"
if git ls-files --error-unmatch -- flake.nix > /dev/null 2>&1; then
  echo "top=$(git rev-parse --show-toplevel)"
  echo "prefix=$(git rev-parse --show-prefix)"
fi
:
"""
)

# $1 profile, $2 flake reference, $3 where the script goes, $4 lines of nix.conf
_BUILD = (
    _PATHS
    + r"""export PATH
NIX_CONFIG="${NIX_CONFIG:+$NIX_CONFIG
}$4"
export NIX_CONFIG
# The build before this one left its profile: a root for what it made, until now.
rm -f "${1%/*}"/build-* "$3" "$3.path"
mkdir -p "${1%/*}" || exit 1
nix print-dev-env --profile "$1" --log-format internal-json "$2" > "$3" || exit $?
readlink -f "$1" > "$3.path"
"""
)

# $1 profile, $2 store path, $3 the generation's link
_LINK = (
    _PATHS
    + r"""mkdir -p "${3%/*}" || exit 1
case $3 in
  /nix/var/nix/*) ln -sfn "$2" "$3" ;;
  *) nix-store --realise "$2" --add-root "$3" --indirect > /dev/null ;;
esac
"""
)


class Probe(NamedTuple):
    """What nix finds inside."""

    version: str
    build_users: bool
    sandbox_set: bool
    root: bool
    git_top: str
    git_prefix: str


class Built(NamedTuple):
    """An environment that was built: its script and its store path."""

    script: str
    store_path: str


def probe(isolation: Isolation, project: Project) -> Probe:
    """Look at nix and git where the flake is; ``version`` is "" when there is no nix."""
    argv = isolation.argv(
        project, ["sh", "-c", _PROBE, "mnix", flake_folder(isolation, project)], stdin=False
    )
    done = programs.run(argv)
    found = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    if "uid" not in found:
        raise AgentError("error", f"nothing runs in the project: {done.reason}", "", done.err)
    return Probe(
        found.get("nix", "").rpartition(" ")[2],
        "nixbld" in found,
        "sandbox" in found,
        found["uid"] == "0",
        found.get("top", ""),
        found.get("prefix", ""),
    )


def flake_folder(isolation: Isolation, project: Project) -> str:
    """Return the folder of the project's flake, as it is seen from inside."""
    folder = os.path.dirname(project.flake)
    return (
        os.path.join(isolation.places(project)[0], folder)
        if folder
        else isolation.places(project)[0]
    )


def reference(isolation: Isolation, project: Project, found: Probe, dev_shell: str) -> str:
    """Return the flake reference: ``git+file`` where git tracks the flake, else ``path:``."""
    if found.git_top:
        below = found.git_prefix.rstrip("/")
        text = "git+file://" + urllib.parse.quote(found.git_top)
        text += f"?dir={urllib.parse.quote(below)}" if below else ""
    else:
        # The flake's own folder, as nix itself does: older ones don't understand path: with ?dir.
        text = "path:" + urllib.parse.quote(flake_folder(isolation, project))
    return text if dev_shell in ("", "default") else f"{text}#{dev_shell}"


def conf(found: Probe, contained: bool, extra: tuple[str, ...]) -> str:
    """Return the lines of nix.conf that a build needs inside."""
    lines = ["extra-experimental-features = nix-command flakes"]
    if found.root and not found.build_users:
        lines.append("build-users-group =")  # else root can't build at all
    if contained and not found.sandbox_set:
        lines.append("sandbox = false")  # the container is one; nix's own wants more rights
    return "\n".join([*lines, *extra])


def profiles(isolation: Isolation, project: Project) -> str:
    """Return the folder of the project's profiles, as it is seen from inside.

    Inside ``/nix/var/nix/profiles``, because a root elsewhere looks stale from another container.
    """
    if isolation.kind == "container":
        return f"/nix/var/nix/profiles/mnix/{project.id}"
    return host_profiles(project.id)


def host_profiles(project_id: str) -> str:
    """Return the folder of a project's profiles on this machine itself."""
    shared = "/nix/var/nix/profiles"
    for base in (shared, f"{shared}/per-user/{getpass.getuser()}"):
        if os.access(base, os.W_OK):
            return f"{base}/mnix/{project_id}"
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "nix", "profiles", "mnix", project_id)


def build(
    isolation: Isolation, project: Project, job_id: str, ref: str, nix_conf: str, take: Take
) -> Built:
    """Build the environment to a temporary profile; ``take`` gets nix's log."""
    name = f"build-{job_id}"
    inside, seen = (
        f"{isolation.places(project)[2]}/{name}.sh",
        os.path.join(project.run, f"{name}.sh"),
    )
    profile = f"{profiles(isolation, project)}/{name}"
    command = ["sh", "-c", _BUILD, "mnix", profile, ref, inside, nix_conf]
    code = run(isolation, project, job_id, command, take)
    if code != 0:
        trouble = _store_trouble(isolation, project)
        if trouble:
            raise trouble
        raise AgentError("error", _why(code), "see the messages above, correct the flake, rebuild")
    try:
        with open(seen, encoding="utf-8", errors="surrogateescape") as file:
            script = file.read()
        with open(f"{seen}.path", encoding="utf-8") as file:
            return Built(script, file.read().strip())
    except OSError as error:
        raise AgentError(
            "error", f"nix left no environment: {error.strerror}", "rebuild"
        ) from error
    finally:
        for path in (seen, f"{seen}.path"):
            if os.path.exists(path):
                os.unlink(path)


def keep(
    isolation: Isolation, project: Project, built: Built, job_id: str, generation: int
) -> None:
    """Root a generation's store path, so that no garbage collection takes it."""
    folder = profiles(isolation, project)
    argv = [
        "sh",
        "-c",
        _LINK,
        "mnix",
        f"{folder}/build-{job_id}",
        built.store_path,
        f"{folder}/{generation}",
    ]
    done = programs.run(isolation.argv(project, argv, stdin=False))
    if done.code != 0:
        raise AgentError(
            "error", f"the environment can't be kept: {done.reason}", "rebuild", done.err
        )


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
    """Run a command inside, its output going to ``take``; return its exit code."""
    from server_agent.core import inner

    _, env_dir, run_dir = isolation.places(project)
    box = str(project.box.get("id", ""))
    entry = inner.entry(env_dir, f"{run_dir}/{job_id}.pid", box, mode, command)
    argv = isolation.argv(project, entry, stdin=False, cwd=cwd, env=env)
    stream = Stream(argv, take)
    try:
        return stream.run() or 0
    finally:
        stream.close()


def _store_trouble(isolation: Isolation, project: Project) -> Optional[AgentError]:
    # An ordinary user can't use a store of root's without its daemon, and no flake changes that.
    if isolation.kind != "host":
        return None
    script = f"{_PATHS}exec nix --extra-experimental-features nix-command store ping"
    done = programs.run(isolation.argv(project, ["sh", "-c", script], stdin=False))
    if done.code == 0:
        return None
    hint = "start its daemon there (systemctl enable --now nix-daemon), or use a container"
    return AgentError("error", f"nix can't use its store: {done.reason}", hint, done.err)


def _why(code: int) -> str:
    if code < 0 or code > 128:
        return f"nix was ended by signal {-code if code < 0 else code - 128}"
    return "the environment does not build" if code == 100 else "nix could not make the environment"
