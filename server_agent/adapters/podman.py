"""The isolation ``container``: the only module that runs Podman."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from typing import Any, Callable, Optional

from server_agent.adapters import box_args, daemon, podman_ours, programs, volumes
from server_agent.adapters.programs import Done
from server_agent.core import inner as inside
from server_agent.core import paths, removing, scripts
from server_agent.core.config import ServerConfig
from server_agent.core.mnixtoml import allowed
from server_agent.core.ports import EngineInfo, Say
from server_agent.core.projects import Box, Project
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings

OLDEST = (4, 3)
_NETWORK = re.compile(
    r"slirp4netns|pasta|netavark|aardvark|/dev/net/tun|\bcni\b|iptables|nftables", re.I
)
_SEEN: dict[str, EngineInfo] = {}  # what probe() found, by binary: it costs 0.1 s


class Podman:
    """Containers, each with the workspace at /workspace and a volume at /nix."""

    kind = "container"

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._binary = config.podman_binary

    def probe(self) -> EngineInfo:
        """Say which Podman runs here; raise ``no-engine`` with what is wrong."""
        if self._binary in _SEEN:
            return _SEEN[self._binary]
        hint = "install Podman 4.3 or later, or use: --isolation host"
        template = "{{.Version.Version}} {{.Host.Security.Rootless}}"
        try:
            done = programs.run([self._binary, "info", "--format", template])
        except OSError as error:
            raise AgentError(
                "no-engine", f"Podman is not installed ({self._binary})", hint
            ) from error
        if done.code != 0:
            raise AgentError("no-engine", f"Podman does not work: {done.reason}", hint, done.err)
        version, _, rootless = done.out.strip().partition(" ")
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        if numbers < OLDEST:
            raise AgentError("no-engine", f"Podman {version} is too old", hint)
        _SEEN[self._binary] = {"kind": "podman", "version": version, "rootless": rootless == "true"}
        return _SEEN[self._binary]

    def ensure(self, project: Project, settings: Settings, say: Say, *, pull: bool = True) -> Box:
        """Return a running container with these settings: the project's own, or a new one."""
        if not project.box:  # with one, what follows shows as well that Podman works
            self.probe()
        allowed(settings.mounts, self._config.mount_roots)
        image = settings.image or self._config.base_image
        image_id = self._image(image, project, say, pull)
        digest = box_args.digest(project, settings, image_id, self._config)
        if project.box.get("digest") == digest:
            found = _running(project) or self._look(project.box["id"])
            if found is not None:
                if project.box.get("daemon"):
                    daemon.check(project)
                elif "mountpoint" not in project.box:
                    self._locate(project.box)  # a box of an older agent
                self._start(project, found)
                return project.box
        if not project.box:
            self._take_name(project, say)
        say(f"making the container from {image}")
        return self._make(project, settings, image, image_id, digest, say)

    def adopt(self, project: Project, box: Box) -> None:
        """Make ``box`` the project's own; the old container keeps running under another name."""
        wanted = f"mnix-{project.name}"
        if project.box and project.box.get("id") != box["id"]:
            self._run("rename", project.box["id"], f"{wanted}-old-{project.box['id'][:6]}")
            project.replaced.append(project.box["id"])
        if box["name"] != wanted:
            self._take_name(project, lambda line: None)
            self._run("rename", box["id"], wanted)
            box["name"] = wanted
        project.box = box
        self._remember(project, box)

    def discard(self, box: Box) -> None:
        """Remove a container that did not become the project's."""
        self._run("rm", "--force", "--time", "1", box["id"])

    def start(self, project: Project) -> None:
        """Start the container, if it does not run."""
        found = self._look(project.box["id"]) if project.box else None
        if found is None:
            raise AgentError(
                "error", f"{project.name} has no container", "make one: mnix rebuild-switch"
            )
        self._start(project, found)

    def stop(self, project: Project) -> None:
        """Stop the container, and those that it replaced."""
        for found in self._list(project.id):
            if found["State"] == "running":
                self._must(
                    self._run("stop", "--time", "5", found["Id"]), "the container does not stop"
                )

    def remove(self, project: Project) -> None:
        """Remove the project's containers, its profiles and its private volumes."""
        for name, place in volumes.places(self._run(*volumes.LIST).out).items():
            if not volumes.forget(place, project.id) and name == project.box.get("volume"):
                # It can't be reached from here: through a container then.
                own = ("profiles", "gcroots")
                gone = "rm -rf " + " ".join(f"/nix/var/nix/{at}/mnix/{project.id}" for at in own)
                argv = ["run", "--rm", "--network=none", "--pull=never", "--volume"]
                self._run(*argv, f"{name}:/nix", project.box["image_id"], "sh", "-c", gone)
        for found in self._list(project.id):
            self._must(
                self._run("rm", "--force", "--time", "2", found["Id"]),
                "the container can't be removed",
            )
        for name in self._run(
            "volume", "ls", "-q", "--filter", f"label=mnix.project={project.id}"
        ).out.split():
            self._run("volume", "rm", "--force", name)

    def unroot(self, project: Project, volume: str, numbers: list[int]) -> None:
        """Let go of generations in a store that the project used before."""
        place = volumes.places(self._run(*volumes.LIST).out).get(volume)
        if volume == daemon.VOLUME:
            volumes.unlink(daemon.roots(project), (), numbers)
        elif place is not None:
            volumes.unlink(place, (*volumes.ROOTS, project.id), numbers)

    def rename(self, project: Project, name: str) -> None:
        """Name the container after the project's new name."""
        if project.box:
            wanted = f"mnix-{name}"
            self._must(
                self._run("rename", project.box["id"], wanted),
                f"the container can't be called {wanted}",
            )
            project.box["name"] = wanted

    def states(self, projects: list[Project]) -> dict[str, str]:
        """Return ``running``, ``stopped`` or ``missing``; asks Podman only where /proc can't tell."""
        found = {project.id: "missing" for project in projects}
        asleep = []
        for project in projects:
            if inside.runs(project.folder, project.box):
                found[project.id] = "running"
            elif project.box:
                asleep.append(project)
        if asleep:
            boxes = {box["Id"]: box["State"] for box in self._list()}
            for project in asleep:
                state = boxes.get(project.box["id"])
                if state == "running":
                    self._remember(project, project.box)
                if state is not None:
                    found[project.id] = "running" if state == "running" else "stopped"
        return found

    def sweep(self, project: Project, in_use: Callable[[str], bool]) -> None:
        """Remove containers that were replaced and in which nothing runs any more."""
        left = []
        for found in self._list(project.id):
            if found["Id"] == project.box.get("id"):
                continue
            if found["State"] == "running" and in_use(found["Id"]):
                left.append(found["Id"])
            else:
                self._run("rm", "--force", "--time", "1", found["Id"])
        project.replaced = left

    def places(self, project: Project) -> tuple[str, str, str]:
        """Return workspace, environment and run folders as they are seen from inside."""
        return "/workspace", "/mnix/env", "/mnix/run"

    def argv(
        self,
        project: Project,
        inner: list[str],
        *,
        tty: bool = False,
        stdin: bool = True,
        cwd: str = "",
        env: Optional[dict[str, str]] = None,
    ) -> list[str]:
        """Return the argv that runs ``inner`` in the container."""
        box = project.box["id"]
        return inside.podman_exec(self._binary, box, inner, tty=tty, stdin=stdin, cwd=cwd, env=env)

    def owns(self, project: Project, box: str) -> bool:
        """Say whether a container is the project's; asks Podman only of one it does not know."""
        if box in (project.box.get("id"), *project.replaced):
            return True
        return any(found["Id"] == box for found in self._list(project.id))

    def end(self, project: Project, pidfile: str, signal: int) -> bool:
        """Signal a whole session inside; return whether it still lives."""
        found = inside.read_pidfile(os.path.join(project.run, pidfile))
        if found is None:
            return False
        pid, start, box = found
        if not self.owns(project, box):
            return False  # what runs inside wrote that file, and may name another project's
        job_id = pidfile.rpartition(".")[0]
        script = ["sh", "-c", scripts.END, "mnix", str(pid), start, str(int(signal)), job_id]
        return self._run("exec", box, *script).code == 0

    def ours(self, projects: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return our containers (with their projects) and volumes (with their places)."""
        found = podman_ours.containers(self._run)
        return found, podman_ours.volumes(self._run, {*projects, *found.values()})

    def clear(self, containers: Collection[str], volumes: Collection[str]) -> list[str]:
        """Remove containers, then volumes; return why some stay."""
        left = []
        for kind, wanted in (("container", containers), ("volume", volumes)):
            argv = ("rm", "--force", "--time", "1") if kind == "container" else ("rm",)
            for each in wanted:
                done = self._run(kind, *argv, each)
                if done.code != 0 and self._run(kind, "exists", each).code == 0:
                    left.append(f"{kind} {each}: {done.reason}")
        return left

    def delete(self, path: str) -> None:
        """Remove a tree; what belongs to other users of the container goes through a namespace."""
        left = removing.tree(path)
        owner = self.as_owner([])
        if left and owner:
            left = removing.as_owner(path, owner)
        if left:
            raise AgentError("error", f"{path} can't be removed: {left}", "remove it by hand")

    def as_owner(self, argv: list[str]) -> Optional[list[str]]:
        """Return the argv that runs a program as the container's root, for a rootless Podman."""
        return [self._binary, "unshare", *argv] if os.getuid() != 0 else None

    def _start(self, project: Project, found: dict[str, Any]) -> None:
        if not os.path.isdir(project.workspace):
            raise AgentError(
                "error",
                f"the workspace of {project.name} is gone: {project.workspace}",
                "put the folder back, or remove the project",
            )
        if project.box.get("daemon"):
            daemon.own(project)
        if not found["Running"]:
            box = project.box["id"]
            self._must(self._run("start", box), f"the container of {project.name} does not start")
            found = self._look(box) or found
        self._remember(project, project.box, found)

    def _run(self, *args: str, timeout: float = 60.0) -> Done:
        try:
            return programs.run([self._binary, *args], timeout)
        except OSError as error:
            raise AgentError(
                "no-engine", f"Podman can't be run: {error.strerror}", "install Podman again"
            ) from error

    @staticmethod
    def _must(done: Done, what: str) -> Done:
        if done.code != 0:
            code = "no-space" if "no space left" in done.err else "error"
            raise AgentError(code, f"{what}: {done.reason}", "", done.err)
        return done

    def _look(self, box: str) -> Optional[dict[str, Any]]:
        done = self._run("container", "inspect", "--format", "{{json .State}}", box)
        return json.loads(done.out) if done.code == 0 else None

    def _list(self, project_id: str = "") -> list[dict[str, Any]]:
        label = "label=mnix.project" + (f"={project_id}" if project_id else "")
        done = self._run("ps", "--all", "--no-trunc", "--filter", label, "--format", "json")
        found = json.loads(self._must(done, "Podman can't list containers").out or "[]")
        return found if isinstance(found, list) else []

    def _remember(self, project: Project, box: Box, found: Optional[dict[str, Any]] = None) -> None:
        found = found or self._look(box["id"])
        pid = int(found["Pid"]) if found else 0
        inside.write_box(
            project.folder, "podman", self._binary, box["id"], str(pid), inside.started(pid)
        )

    def _image(self, image: str, project: Project, say: Say, pull: bool) -> str:
        done = self._run("image", "inspect", "--format", "{{.Id}}", image)
        if done.code == 0:
            return done.out.strip()
        if pull:
            say(f"fetching the image {image}")
            done = self._run("pull", "--quiet", image, timeout=3600)
            if done.code == 0:
                return self._run("image", "inspect", "--format", "{{.Id}}", image).out.strip()
        if project.box.get("image") == image and self._look(project.box["id"]) is not None:
            say(f"warning: the image {image} is not there any more; the container keeps its own")
            return str(project.box["image_id"])
        hint = "name another one (image in mnix.toml, base_image in server.toml), or load it there"
        if not pull:
            hint = "fetch it with: mnix rebuild-switch"
        raise AgentError(
            "no-image", f"the image {image} can't be had: {done.reason}", hint, done.err
        )

    def _take_name(self, project: Project, say: Say) -> None:
        # A container of our name that is not ours: one of an older mnix keeps all it has under
        # another name; anybody else's is left alone.
        wanted = f"mnix-{project.name}"
        done = self._run("container", "inspect", wanted)
        if done.code != 0:
            return
        found = json.loads(done.out)[0]
        label = (found["Config"].get("Labels") or {}).get("mnix.project")
        if label == project.id:
            self._run("rename", found["Id"], f"{wanted}-old-{found['Id'][:6]}")
            return
        places = [mount.get("Destination") for mount in found.get("Mounts") or []]
        if label is None and "/workspace" in places:
            legacy = f"{wanted}-legacy"
            if self._run("container", "exists", legacy).code == 0:
                legacy += f"-{found['Id'][:6]}"
            self._must(self._run("rename", found["Id"], legacy), f"{wanted} can't be renamed")
            say(f"the container {wanted} of an older mnix is now called {legacy}")
            return
        raise AgentError(
            "exists",
            f"there is a container {wanted} that is not this project's",
            f"rename the project, or the container: podman rename {wanted} …",
        )

    def _make(
        self, project: Project, settings: Settings, image: str, image_id: str, digest: str, say: Say
    ) -> Box:
        if not os.path.isdir(project.workspace):
            raise AgentError("error", f"the workspace is gone: {project.workspace}", "put it back")
        name = f"mnix-{project.name}" + (f"-new-{paths.new_id()}" if project.box else "")
        box: Box = {"name": name, "image": image, "image_id": image_id, "digest": digest}
        box["network"] = "default"
        store = self._store(project, settings, box)
        arguments = box_args.create(project, settings, image_id, name, store, self._config)
        done = self._boot(box, arguments)
        if done.code != 0 and _NETWORK.search(done.err):
            say(f"the container gets no network, since this Podman can't make one: {done.reason}")
            box["network"] = "none"
            done = self._boot(box, ["--network=none", *arguments])
        if done.code != 0 and box.get("daemon") and "executable file" in done.err:
            raise AgentError(
                "no-image",
                f'the image {image} has its programs in /nix, where store = "daemon" puts the '
                "server's own",
                "use an image that has them elsewhere, such as Debian's, or another store",
                done.err,
            )
        self._must(done, "the container does not start")
        return box

    def _store(self, project: Project, settings: Settings, box: Box) -> list[str]:
        # What the container gets at /nix, as arguments; the box remembers it.
        if settings.store == "daemon":
            daemon.check(project)
            daemon.prepare(project)
            box.update(volume=daemon.VOLUME, private=False, daemon=True)
            box["profiles"] = daemon.roots(project)
            return daemon.arguments(project)
        volume, private = box_args.volume(project, settings, box["image_id"])
        box.update(volume=volume, private=private)
        label = f"mnix.project={project.id}" if private else f"{podman_ours.USER}={os.getuid()}"
        if self._run("volume", "exists", volume).code != 0:
            self._run("volume", "create", "--label", label, volume)
        self._locate(box)
        return ["--volume", f"{volume}:/nix"]

    def _locate(self, box: Box) -> None:
        # So that whether an environment is still there can be seen without asking anybody.
        done = self._run("volume", "inspect", "--format", "{{.Mountpoint}}", box["volume"])
        if done.code == 0:
            box["mountpoint"] = done.out.strip()

    def _boot(self, box: Box, arguments: list[str]) -> Done:
        # What does not start leaves no container behind.
        made = self._must(self._run("create", *arguments), "the container can't be made")
        box["id"] = made.out.strip().splitlines()[-1]
        done = self._run("start", box["id"])
        if done.code != 0:
            self.discard(box)
        return done


def _running(project: Project) -> Optional[dict[str, Any]]:
    # Of a container whose first process is still the one that was noted, without asking Podman.
    lines = inside.read_box(project.folder)
    if lines[:1] != ["podman"] or lines[2] != project.box.get("id"):
        return None
    return {"Running": True, "Pid": int(lines[3])}
