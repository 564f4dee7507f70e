"""The body of a rebuild: everything up to the switch leaves what runs untouched."""

from __future__ import annotations

import copy
import json
import os
import signal
import sys
import threading
import time
from typing import Any, NoReturn, Optional

from server_agent.adapters import nix, nix_scripts
from server_agent.core import (
    config,
    environment,
    flakes,
    inputs,
    isolations,
    keeping,
    mnixtoml,
    options,
    paths,
    projects,
    rebuild_failure,
    running,
    scripts,
    stopping,
    storelock,
)
from server_agent.core.ports import Isolation
from server_agent.core.projects import Box, Project
from server_agent.core.relay_hints import Tail
from server_agent.core.relay_log import ReaderGone, RelayLog
from server_agent.core.relay_side import Graph
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
CANCELLED = 143
"""The exit code of a rebuild that was asked to end."""


class Cancelled(BaseException):
    """A signal asked for the end."""


def main(project_id: str, job_id: str) -> int:
    """Rebuild a project as the job ``job_id``; return the exit code."""
    _listen_for_the_end()
    holder = os.getppid()
    log = RelayLog()
    try:
        with projects.locked(project_id, "rebuild", job=job_id) as project:
            _locked(project, job_id, log, holder)
        return 0
    except AgentError as error:
        hint = f" ({error.hint})" if error.hint else ""
        log.deaf = True
        log.say(f"error: {error.message}{hint}")
        _result(job_id, None, error.message)
        log.result(False, None, False, error.message)
        return 75 if error.code == "busy" else 1
    except (Cancelled, ReaderGone) as error:
        log.deaf = True
        text = "cancelled; the environment is as it was"
        left = getattr(error, "left", [])
        if left:
            text = f"cancelled, but still running there: {', '.join(left)}"
        log.say(text)
        _result(job_id, None, text if left else "cancelled")
        log.result(False, None, False, text)
        return CANCELLED


def _locked(project: Project, job_id: str, log: RelayLog, holder: int) -> None:
    before = environment.current(project)
    try:
        rebuild = _Rebuild(project, job_id, log)
        generation = rebuild.run()
    except Exception as error:
        from server_agent.jobs import faults

        known = faults.as_agent_error(error, "rebuild")
        now = environment.current(project)
        if now is not None:
            log.say(f"the rebuild failed: generation {now} stays as it is")
        project.failure = known.message
        projects.save_if_possible(project)  # if not, the log says what matters
        raise known from error
    except (Cancelled, ReaderGone) as error:
        # Nobody asked for that: who looks at the project should learn what became of it.
        if isinstance(error, ReaderGone) or os.getppid() != holder:
            from server_agent.jobs import store

            project.failure = store.HOLDER_KILLED
            projects.save_if_possible(project)
        raise
    project.failure = ""
    if not projects.save_if_possible(project):
        log.say("warning: the disk is full, so what this rebuild warned of is not kept")
    _result(job_id, generation, "")
    changed = generation != before
    stays = f"nothing changed: generation {generation} stays"
    text = f"generation {generation} runs" if changed else stays
    log.result(True, generation, changed, text)
    if rebuild.settles:
        rebuild.settle()


class _Rebuild:
    def __init__(self, project: Project, job_id: str, log: RelayLog) -> None:
        self.log = log
        self.project = project
        self.job_id = job_id
        self.began = time.time()
        self.config = config.load()
        self.isolation: Isolation = isolations.of(project.isolation, self.config)
        self.box: Box = {}
        self.notes: list[str] = []
        self.options = options.Options()
        self.inputs: dict[str, bytes] = {}
        self.settles = False
        """Whether old generations are to be looked at, once the end was told."""

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
        self.options = options.load(self.job_id, settings)
        conflict = mnixtoml.isolation_conflict(self.project, settings.isolation)
        if conflict is not None:
            raise conflict
        scripts.install(self.project.env)
        self._clear_up()
        stopping.note(self.project, self.job_id)
        self.box = self.isolation.ensure(self.project, settings, self.say)
        if not self.project.box:
            # The first one: there is nothing to keep running, and a shell in it helps to see why
            # a build fails.
            self.isolation.adopt(self.project, self.box)
            projects.save(self.project)
        made = self.box.get("id") != self.project.box.get("id")
        try:
            generation = self._build(settings)
        except BaseException as error:
            # Once it was taken over, it is the project's, whatever became of the rest.
            made = made and self.box.get("id") != self.project.box.get("id")
            if made:
                self.isolation.discard(self.box)
            if made or not getattr(error, "left", []):
                self._forget()
            raise
        self._forget()
        return generation

    def _forget(self) -> None:
        stopping.done(self.project, self.job_id)
        running.tidy(self.project, self.job_id)

    def _clear_up(self) -> None:
        # What rebuilds left that were killed: we hold the lock, so none of them lives.
        environment.drop_unused(self.project)
        for job_id in stopping.left(self.project):
            running_on = stopping.stop(self.isolation, self.project, job_id, 0.0)
            if running_on:
                self.say(f"warning: of an earlier rebuild still runs: {', '.join(running_on)}")
            stopping.done(self.project, job_id)
        if self.project.box:  # also what one left that is cleared up already: its new box
            self.isolation.sweep(self.project, self._in_use)

    def _in_use(self, box: str) -> bool:
        return running.in_use(self.project, self.isolation, box)

    def _build(self, settings: Settings) -> int:
        # The candidate: as the project will be, if all goes well.
        new = copy.copy(self.project)
        new.box = self.box
        if not flakes.there(new):
            if not nix.version(self.isolation, new):
                return self._without_nix(new, settings)
            flakes.check(new)
        self.inputs = inputs.collect(new)
        self.log.phase("evaluate")
        self._watch_size(new)
        with storelock.shared(self.log.say):
            built = self._run_nix(new)
            if built.code == nix_scripts.NO_NIX and not built.facts.version:
                return self._without_nix(new, settings)
            self.notes += built.facts.warnings
            self._look_at_lock(new)
            return self._take(new, settings, environment.script(built.script), built)

    def _run_nix(self, new: Project) -> nix.Built:
        lines = config.nix_lines(self.config)
        tail = Tail()
        graph = Graph(self.log, lambda named: nix.derivations(self.isolation, new, lines, named))

        def take(data: bytes) -> None:
            self.log.feed(data)
            tail.feed(data)
            graph.feed(data)

        wanted = nix.Wanted(self.job_id, self.options, lines)
        try:
            built = nix.build(self.isolation, new, wanted, take)
        finally:
            graph.close()
        if built.code not in (0, nix_scripts.NO_NIX) or (built.code == 0 and not built.store_path):
            raise rebuild_failure.of(self.isolation, new, self.job_id, built, tail)
        return built

    def _watch_size(self, new: Project) -> None:
        # Beside the evaluation: a large tree takes its time.
        _, git, whole, _ = nix.references(self.isolation, new)
        if git:
            return
        folder = new.workspace if whole else os.path.dirname(os.path.join(new.workspace, new.flake))

        def look() -> None:
            warning = flakes.size_warning(folder)
            if warning:
                self.notes.append(warning)
                self.log.later(f"warning: {warning}")

        threading.Thread(target=look, name="size", daemon=True).start()

    def _look_at_lock(self, new: Project) -> None:
        now = inputs.collect(new).get("flake.lock")
        if now is not None and now != self.inputs.get("flake.lock"):
            self.inputs["flake.lock"] = now
            lock = os.path.join(os.path.dirname(new.flake), "flake.lock")
            fetch = f"take it over (mnix exec -- cat {lock}) and "
            fetch = "" if new.in_place else fetch
            self.log.say(f"nix updated {lock} in the workspace: {fetch}commit it")

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
            if built is not None and not environment.rooted(
                new, now, nix.profiles(self.isolation, new)
            ):
                nix.keep(self.isolation, new, built, self.job_id, now)
            self._warm_up(new, settings, now)
            environment.renew(new, now, self.inputs)
            self._commit(new, now)
            self.log.say(f"nothing changed: generation {now} stays")
            return now
        number = environment.add(
            new,
            text,
            cause=self.options.cause,
            store_path=store_path,
            volume=volume,
            started=self.began,
            job=self.job_id,
            inputs=self.inputs,
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
        self.settles = built is not None
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
            raise rebuild_failure.of_warm_up(self.isolation, new, self.job_id, code)

    def _commit(self, new: Project, number: int) -> None:
        # From here on it is too late to cancel.
        _ignore_signals()
        self.log.phase("switch")
        self.log.deaf = True
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

    def settle(self) -> None:
        """Let old generations go. The new one runs, so this can be cut short again."""
        try:
            try:
                _listen_for_the_end()
                keeping.settle(self.project, self.isolation)
            finally:
                _ignore_signals()
        except Cancelled:
            pass
        except Exception as error:
            from server_agent.jobs import faults

            faults.note(error, "letting old generations go")


def _result(job_id: str, generation: Optional[int], reason: str) -> None:
    folder = paths.job(job_id)
    if os.path.isdir(folder):
        data = json.dumps({"generation": generation, "reason": reason}).encode()
        try:
            paths.write_atomic(os.path.join(folder, "result.json"), data)
        except OSError:
            pass  # a full disk: the log says it, and the project


def _listen_for_the_end() -> None:
    for number in _SIGNALS:
        signal.signal(number, _cancel)


def _ignore_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _cancel(number: int, frame: object) -> NoReturn:
    _ignore_signals()
    raise Cancelled


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
