"""``mnix-server project …``: the commands of PyPI mnix-server 0.2.0, on today's use cases.

What has an answer prints one JSON object: ``workspace_path``, ``flake_path``, ``container_name``,
``stdout``, ``stderr`` (``containers`` for ls, the last two for rm).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Callable

from server_agent.core import flakes, lifecycle, paths, projects, running, selfcmd, upload
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

USAGE = """usage: mnix-server project COMMAND

  ls                                     the projects that run
  launch --name NAME --flake FLAKE       make a project from a .tar.gz on stdin
  rebuild-switch --name NAME --flake FLAKE
                                         upload a .tar.gz from stdin and rebuild
  shell --name NAME --flake FLAKE        open a shell
  exec --name NAME --flake FLAKE COMMAND…
                                         run a command
  rm --name NAME                         remove a project
"""
OLD_ROOT = "/tmp/mnix/workspaces"  # noqa: S108 - where older versions kept workspaces, only read


def main(args: list[str]) -> int:
    """Run one of the commands; return its exit code."""
    command, rest = (args[0], args[1:]) if args else ("", [])
    if command in ("", "-h", "--help"):
        return _usage("", 0 if command else 2)
    if command not in _COMMANDS:
        return _usage(f"there is no command {command!r}", 2)
    if rest[:1] in (["-h"], ["--help"]):
        return _usage("", 0)
    options, words = _parse(rest)
    action, wanted, attached = _COMMANDS[command]
    missing = [name for name in wanted if name not in options]
    if missing:
        return _usage(f"{command} needs --{missing[0]}", 2)
    if words and command != "exec":
        return _usage(f"{words[0]} is not understood", 2)
    try:
        return action(options, words)
    except AgentError as error:
        message = f"{error.message}\n{error.hint}".strip()
        if attached:
            print(message, file=sys.stderr)
        else:
            _answer(_reply(stderr=message))
        return 75 if error.code == "busy" else 1


def _parse(args: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    at = 0
    while at < len(args):
        name, equals, value = args[at].partition("=")
        if name not in ("--name", "--flake"):
            break
        if not equals:
            at += 1
            if at == len(args):
                return options, [name]
            value = args[at]
        options[name[2:]] = value
        at += 1
    return options, args[at + 1 :] if args[at : at + 1] == ["--"] else args[at:]


def _ls(options: dict[str, str], words: list[str]) -> int:
    from server_agent.core import status

    found = [
        info for info in status.infos(projects.every()) if info["state"] in ("running", "building")
    ]
    _answer({"containers": [info["container"] or f"mnix-{info['name']}" for info in found]})
    return 0


def _launch(options: dict[str, str], words: list[str]) -> int:
    info = lifecycle.create(options["name"], None, options["flake"], None, None)
    code = 1
    try:
        code = _sync(info["id"])
    finally:
        if code != 0:
            lifecycle.remove(info["id"])  # what did not come to be leaves nothing behind
    return code


def _rebuild_switch(options: dict[str, str], words: list[str]) -> int:
    name, flake = lifecycle.check_name(options["name"]), flakes.clean(options["flake"])
    project = projects.by_name(name)
    if project is None:
        info = lifecycle.create(name, None, flake, None, _old_workspace(name))
        return _sync(info["id"])
    with projects.locked(project.id, "upload") as project:
        if project.flake != flake:
            project.flake = flake
            projects.save(project)
    return _sync(project.id)


def _sync(project_id: str) -> int:
    upload.receive_archive(project_id, _stdin())
    # In its own process: its output is ours to pass on, and a signal to us is not one to it.
    done = subprocess.run(
        selfcmd.argv("_rebuild", project_id, paths.new_id()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    project = projects.load(project_id)
    log = _readable(done.stdout.decode("utf-8", "replace"))
    err = done.stderr.decode("utf-8", "replace")
    good = done.returncode == 0
    _answer(_reply(project, stdout=log if good else "", stderr=err if good else log + err))
    return done.returncode


def _shell(options: dict[str, str], words: list[str]) -> int:
    project = _find(options)
    sys.stdout.flush()
    argv, cwd, env = running.launch(
        project.id,
        None,
        paths.new_id(),
        tty=True,
        term=os.environ.get("TERM", ""),
        cwd=os.path.dirname(project.flake),
    )
    if not os.isatty(0):
        argv = [word for word in argv if word not in ("-t", "--detach-keys=")]
    os.chdir(cwd)
    os.execvpe(argv[0], argv, env)  # returns never


def _exec(options: dict[str, str], words: list[str]) -> int:
    from server_agent.core.execing import Run

    if not words:
        raise AgentError("usage", "command required")
    project = _find(options)
    return Run(project.id, words, bare=False, cwd=os.path.dirname(project.flake)).main()


def _rm(options: dict[str, str], words: list[str]) -> int:
    project = _named(options["name"])
    lifecycle.remove(project.id)
    _answer({"stdout": project.name, "stderr": ""})
    return 0


def _find(options: dict[str, str]) -> Project:
    project = _named(options["name"])
    project.flake = flakes.clean(options["flake"])
    flakes.check(project)
    return project


def _named(name: str) -> Project:
    found = projects.by_name(lifecycle.check_name(name))
    if found is None:
        raise AgentError("not-found", f"there is no project {name}", "see: mnix-server project ls")
    return found


def _old_workspace(name: str) -> str | None:
    from server_agent.core import config

    path = os.path.join(config.load().workspace_root or OLD_ROOT, name)
    mine = os.path.isdir(path) and not os.path.islink(path) and os.stat(path).st_uid == os.getuid()
    return path if mine else None


def _reply(project: Project | None = None, *, stdout: str = "", stderr: str = "") -> dict[str, str]:
    return {
        "workspace_path": project.workspace if project else "",
        "flake_path": os.path.join(project.workspace, project.flake) if project else "",
        "container_name": str(project.box.get("name") or "") if project else "",
        "stdout": stdout.strip(),
        "stderr": stderr.strip(),
    }


def _readable(log: str) -> str:
    # Of nix's own lines only the messages: the rest draws a progress that nobody sees here.
    lines = []
    for line in log.splitlines():
        if line.startswith("@mnix "):
            continue
        if not line.startswith("@nix "):
            lines.append(line)
            continue
        try:
            found = json.loads(line[5:])
        except ValueError:
            continue
        if found.get("action") == "msg":
            lines.append(str(found.get("msg", "")))
    return "\n".join(lines)


def _answer(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def _stdin() -> Iterator[bytes]:
    while True:
        piece = os.read(0, 1 << 18)
        if not piece:
            return
        yield piece


def _usage(problem: str, code: int) -> int:
    text = f"mnix-server project: {problem}\n\n{USAGE}" if problem else USAGE
    print(text, end="", file=sys.stderr if code else sys.stdout)
    return code


_Action = Callable[[dict[str, str], list[str]], int]
_COMMANDS: dict[str, tuple[_Action, tuple[str, ...], bool]] = {
    "ls": (_ls, (), False),
    "launch": (_launch, ("name", "flake"), False),
    "rebuild-switch": (_rebuild_switch, ("name", "flake"), False),
    "shell": (_shell, ("name", "flake"), True),
    "exec": (_exec, ("name", "flake"), True),
    "rm": (_rm, ("name",), False),
}
