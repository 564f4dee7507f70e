"""Why a rebuild failed, said so that somebody knows what to do next."""

from __future__ import annotations

from server_agent.adapters import nix
from server_agent.core import relay_hints, stopping
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.core.relay_hints import Tail
from server_agent.jobs import procs
from server_agent.protocol.errors import AgentError

_WITH_ITS_BOX = (125, 126, 127, 137, 143, 255)
"""What a command ends with when its container ended."""
_NOTICED = 0.5  # seconds in which it is seen that a container ended
_MEMORY = "often the memory was used up: look at the server's, and at memory in mnix.toml; rebuild"


def of(
    isolation: Isolation, project: Project, job_id: str, built: nix.Built, tail: Tail
) -> AgentError:
    """Return the error of a nix that failed; what it left running, if it was killed, is ended."""
    gone = _ended(isolation, project, job_id, built.code)
    if gone is not None:
        return gone
    if built.code != 0:
        trouble = nix.store_trouble(isolation, project)
        if trouble is not None:
            return trouble
    meaning = relay_hints.meaning(tail.errors, alone=built.facts.alone)
    if built.code == 0:
        return AgentError(meaning.code, meaning.message or "nix left no environment", meaning.hint)
    number = _signal(built.code)
    if number:
        hint = _MEMORY if number == 9 else "rebuild"
        return _killed(isolation, project, job_id, f"nix was ended by signal {number}", hint)
    said = "nix could not make the environment"
    if built.code == 100:
        said = "the environment does not build"
    what = f"{said}: {meaning.message}" if meaning.message else said
    return AgentError(meaning.code, what, meaning.hint)


def of_warm_up(isolation: Isolation, project: Project, job_id: str, code: int) -> AgentError:
    """Return the error of a warm-up that failed."""
    gone = _ended(isolation, project, job_id, code)
    if gone is not None:
        return gone
    number = _signal(code)
    if not number:
        hint = "correct warmup_command, or what it runs"
        return AgentError("error", f"the warm-up ended with {code}", hint)
    hint = _MEMORY if number == 9 else "correct warmup_command, or what it runs"
    return _killed(isolation, project, job_id, f"the warm-up ended with signal {number}", hint)


def _ended(isolation: Isolation, project: Project, job_id: str, code: int) -> AgentError | None:
    if not _signal(code) and code not in _WITH_ITS_BOX:
        return None

    def state() -> str:
        return isolation.states([project]).get(project.id, "missing")

    if isolation.kind == "container" and procs.wait_until(
        lambda: state() != "running", _NOTICED, step=0.1
    ):
        # One that is removed is stopped first.
        if procs.wait_until(lambda: state() == "missing", 2 * _NOTICED, step=0.1):
            what, hint = "the container was removed", "rebuild: a new one is made"
        else:
            what, hint = "the container was stopped", "rebuild: it is started again"
        return AgentError("error", f"{what} while the rebuild ran", hint)
    return None


def _killed(
    isolation: Isolation, project: Project, job_id: str, what: str, hint: str
) -> AgentError:
    # Builders live on without their nix.
    left = stopping.last(isolation, project, job_id, 0.0)
    still = f"; still running there: {', '.join(left)}" if left else ""
    error = AgentError("error", f"{what}{still}", hint)
    error.left = left  # type: ignore[attr-defined]
    return error


def _signal(code: int) -> int:
    return -code if code < 0 else code - 128 if 128 < code < 255 else 0
