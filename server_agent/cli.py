"""``mnix-server``: which command was asked for, and nothing more imported than it needs."""

from __future__ import annotations

import os
import sys

USAGE = """usage: mnix-server COMMAND

  serve --nonce N                          the control channel, on stdin and stdout
  sync --project ID --nonce N              a workspace's files, both ways
  clone --project ID --nonce N --url URL [--ref R]
                                           clone a git repository into a project
  exec --project ID [--bare] -- COMMAND…   run a command in a project
  attach JOB --nonce N                     a job's stream, on stdin and stdout
  project launch|rebuild-switch|shell|exec|ls|rm
                                           for clients of an older mnix, and by hand
  version
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    args = sys.argv[1:] if argv is None else argv
    command, rest = (args[0], args[1:]) if args else ("", [])
    if command == "exec":
        from server_agent.core.execing import main as execute

        return execute(rest)
    known = _COMMANDS.get(command)
    if known is None:
        wanted = command in ("", "-h", "--help", "help")
        print(
            USAGE if wanted else f"mnix-server: there is no command {command!r}\n\n{USAGE}",
            end="",
            file=sys.stdout if command and wanted else sys.stderr,
        )
        return 0 if command and wanted else 2
    from server_agent.protocol.errors import AgentError

    try:
        return known(rest)
    except AgentError as error:
        hint = f"\nmnix-server: {error.hint}" if error.hint else ""
        print(f"mnix-server: {error.message}{hint}", file=sys.stderr)
        return 75 if error.code == "busy" else 1


def entry() -> None:
    """Run as a program."""
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Our reader went away: nobody is left to tell, and the last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 141
    sys.exit(code)


def _option(args: list[str], name: str, default: str = "") -> str:
    if name in args[:-1]:
        return args[args.index(name) + 1]
    if not default and name == "--nonce":
        from server_agent.protocol.errors import AgentError

        raise AgentError("usage", "--nonce is needed", "this command is for the mnix client")
    return default


def _serve(args: list[str]) -> int:
    from server_agent.control import serve

    return serve.run(_option(args, "--nonce"))


def _sync(args: list[str]) -> int:
    from server_agent.core import syncing

    return syncing.main(*(_option(args, name) for name in ("--project", "--nonce", "--hello")))


def _finish(args: list[str]) -> int:
    from server_agent.core import incoming

    return incoming.finish_here(*args)


def _archive(args: list[str]) -> int:
    from server_agent.core import upload

    return upload.apply_here(*args)


def _file(args: list[str]) -> int:
    from server_agent.core import files

    return files.look_here(*args)


def _trash(args: list[str]) -> int:
    from server_agent.core import trashing

    return trashing.here(*args)


def _clone(args: list[str]) -> int:
    from server_agent.core import cloning

    names = ("--project", "--nonce", "--url", "--ref")
    return cloning.main(*(_option(args, name) for name in names))


def _attach(args: list[str]) -> int:
    from server_agent import attach

    return attach.run(args[0] if args else "", _option(args, "--nonce"))


def _hold(args: list[str]) -> int:
    from server_agent.jobs import holder

    return holder.run(args[0])


def _rebuild(args: list[str]) -> int:
    from server_agent.core import rebuild

    return rebuild.main(args[0], args[1])


def _project(args: list[str]) -> int:
    from server_agent.core import standalone

    return standalone.main(args)


def _measure(args: list[str]) -> int:
    from server_agent.core import storesize

    return storesize.measure()


def _version(args: list[str]) -> int:
    from server_agent import __version__

    print(__version__)
    return 0


_COMMANDS = {
    "serve": _serve,
    "clone": _clone,
    "sync": _sync,
    "attach": _attach,
    "project": _project,
    "version": _version,
    "--version": _version,
    "_hold": _hold,
    "_rebuild": _rebuild,
    "_finish": _finish,
    "_archive": _archive,
    "_file": _file,
    "_trash": _trash,
    "_measure": _measure,
}
