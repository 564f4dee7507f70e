"""The body of a rebuild: everything up to the switch leaves what runs untouched."""

from __future__ import annotations

import copy
import fcntl
import json
import os
import signal
import sys
from typing import Any, NoReturn, Optional

from server_agent.adapters import nix
from server_agent.core import (
    config,
    environment,
    flakes,
    isolations,
    mnixtoml,
    paths,
    projects,
    running,
    scripts,
)
from server_agent.core.ports import Isolation
from server_agent.core.projects import Box, Project
from server_agent.core.relay_log import RelayLog
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings


class Cancelled(BaseException):
    """A signal asked for the end."""


def main(project_id: str, job_id: str) -> int:
    """Rebuild a project as the job ``job_id``; return the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _cancel)
    log = RelayLog()
    try:
        with projects.locked(project_id, "rebuild", job=job_id) as project:
            before = environment.current(project)
            try:
                generation = _Rebuild(project, job_id, log).run()
            except Exception as error:
                from server_agent.jobs import faults

                known = faults.as_agent_error(error, "rebuild")
                _failed(project, known, log)
                raise known from error
            project.failure = ""
            if not projects.save_if_possible(project):
                log.say("warning: the disk is full, so what this rebuild warned of is not kept")
        _result(job_id, generation)
        running.tidy(project, job_id)
        changed = generation != before
        log.result(True, generation, changed, f"generation {generation} runs")
        return 0
    except AgentError as error:
        hint = f" ({error.hint})" if error.hint else ""
        log.say(f"error: {error.message}{hint}")
        log.result(False, None, False, error.message)
        return 75 if error.code == "busy" else 1
    except Cancelled:
        running.end_inside(project_id, job_id, signal.SIGKILL)
        log.say("cancelled; the environment is as it was")
        log.result(False, None, False, "cancelled")
        return 143


class _Rebuild:
    def __init__(self, project: Project, job_id: str, log: RelayLog) -> None:
        self.log = log
        self.project = project
        self.job_id = job_id
        self.config = config.load()
        self.isolation: Isolation = isolations.of(project.isolation, self.config)
        self.box: Box = {}
        self.notes: list[str] = []

    def say(self, line: str) -> None:
        """Print a line, and keep it with the project when it is a warning that lasts."""
        self.log.say(line)
        if line.startswith("warning: "):
            self.notes.append(line[len("warning: ") :])

    def run(self) -> int:
        """Do it; return the generation that runs then."""
        self.log.phase("prepare")
        for warning in self.config.warnings:
            self.log.say(f"warning: {warning}")
        settings = mnixtoml.load(self.project, self.say)
        conflict = mnixtoml.isolation_conflict(self.project, settings.isolation)
        if conflict is not None:
            raise conflict
        scripts.install(self.project.env)
        self.isolation.sweep(self.project, self._in_use)
        self.box = self.isolation.ensure(self.project, settings, self.say)
        if not self.project.box:
            # The first one: there is nothing to keep running, and a shell in it helps to see why
            # a build fails.
            self.isolation.adopt(self.project, self.box)
            projects.save(self.project)
        made = self.box.get("id") != self.project.box.get("id")
        try:
            generation = self._build(settings)
        except BaseException:
            if made:
                self.isolation.discard(self.box)
            raise
        return generation

    def _in_use(self, box: str) -> bool:
        return running.in_use(self.project, self.isolation, box)

    def _build(self, settings: Settings) -> int:
        # The candidate: as the project will be, if all goes well.
        new = copy.copy(self.project)
        new.box = self.box
        found = nix.probe(self.isolation, new)
        if not found.version:
            return self._without_nix(new, settings)
        flakes.check(new)
        ref = nix.reference(self.isolation, new, found, settings.dev_shell)
        if ref.startswith("path:"):
            flakes.warn_of_size(new, self.say)
        self.log.phase("evaluate")
        self.log.say(f"evaluating {ref} with nix {found.version}")
        lines = nix.conf(found, self.isolation.kind == "container", self.config.nix_conf)
        with _store_lock():
            built = nix.build(self.isolation, new, self.job_id, ref, lines, self.log.feed)
            return self._take(new, settings, environment.script(built.script), built)

    def _without_nix(self, new: Project, settings: Settings) -> int:
        if self.isolation.kind == "container":
            raise AgentError(
                "no-image",
                f"the image {new.box.get('image')} has no nix",
                "use one that has: image in mnix.toml, base_image in server.toml",
            )
        self.say("warning: this machine has no nix: the environment is the login shell's")
        return self._take(new, settings, "# This machine has no nix.\n", None)

    def _take(self, new: Project, settings: Settings, text: str, built: Optional[nix.Built]) -> int:
        volume = str(new.box.get("volume", ""))
        store_path = built.store_path if built else None
        now = environment.current(new)
        old: dict[str, Any] = environment.meta(new, now) if now is not None else {}
        same = old.get("store_path") == store_path and old.get("volume") == volume
        if now is not None and same:
            self._warm_up(new, settings, now)
            self._commit(new, now)
            self.log.say(f"nothing changed: generation {now} stays")
            return now
        number = environment.add(
            new, text, cause=f"rebuild {self.job_id}", store_path=store_path, volume=volume
        )
        try:
            if built is not None:
                nix.keep(self.isolation, new, built, self.job_id, number)
            self._warm_up(new, settings, number)
        except BaseException:
            environment.drop(new, number)
            raise
        self._commit(new, number)
        self.log.say(f"generation {number} runs")
        return number

    def _warm_up(self, new: Project, settings: Settings, number: int) -> None:
        command = settings.warmup_command or self.config.warmup_command
        if not command:
            return
        self.log.phase("warm-up")
        self.log.say(f"warming up: {command.strip()}")
        with self.log.plain():
            code = nix.run(
                self.isolation,
                new,
                self.job_id,
                ["sh", "-c", command],
                self.log.feed,
                mode="run",
                cwd=nix.flake_folder(self.isolation, new),
                env={"MNIX_GENERATION": str(number), "MNIX_PROJECT": new.name},
            )
        if code != 0:
            ended = (
                f"signal {-code if code < 0 else code - 128}" if code < 0 or code > 128 else code
            )
            raise AgentError(
                "error",
                f"the warm-up ended with {ended}",
                "correct warmup_command, or what it runs",
            )

    def _commit(self, new: Project, number: int) -> None:
        self.log.phase("switch")
        project = self.project
        project.notes = self.notes
        if self.box.get("id") == project.box.get("id"):
            environment.switch(project, number)
            return
        # The box and the generation belong together: what a crash leaves here is finished by
        # ``recovery`` at the next look.
        project.switch = number
        self.isolation.adopt(project, self.box)
        projects.save(project)
        environment.switch(project, number)
        project.switch = 0
        self.isolation.sweep(project, self._in_use)
        projects.save(project)


def _failed(project: Project, error: AgentError, log: RelayLog) -> None:
    now = environment.current(project)
    if now is not None:
        log.say(f"the rebuild failed: generation {now} stays as it is")
    project.failure = error.message
    projects.save_if_possible(project)  # if not, the log says what matters


def _result(job_id: str, generation: int) -> None:
    folder = paths.job(job_id)
    if os.path.isdir(folder):
        data = json.dumps({"generation": generation}).encode()
        paths.write_atomic(os.path.join(folder, "result.json"), data)


def _cancel(number: int, frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)
    raise Cancelled


class _store_lock:  # noqa: N801 - read as what it does
    """Keeps a garbage collection away from what is being built: it takes this lock alone."""

    def __enter__(self) -> None:
        self._file = open(os.path.join(paths.private_dir(paths.data()), "store.lock"), "ab")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def __exit__(self, *_: object) -> None:
        self._file.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
