"""A folder here, its workspace behind a real sshd, and a store between them."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mnix_tui.domain.projects import Project
from mnix_tui.link import Link, LinkOptions, open_link
from mnix_tui.store.store import Store
from tests.integration.link_rig import Rig, Sshd


@dataclass
class Pair:
    """One project's two sides."""

    store: Store
    link: Link
    project: Project
    here: Path
    there: Path
    sshd: Sshd
    told: list[str] = field(default_factory=list)

    def tell(self, what: str, done: int, total: int | None) -> None:
        self.told.append(what)

    def both(self) -> tuple[dict[str, str], dict[str, str]]:
        """What is in the two folders."""
        return tree(self.here), tree(self.there)

    async def row(self) -> Mapping[str, object]:
        """What the store shows of the synchronisation."""
        view = await self.store.project(self.project.ref)
        return vars(view.sync)


def tree(root: Path) -> dict[str, str]:
    """Return everything in a folder as text, but for what is mnix's own."""
    found = {}
    for base, folders, names in os.walk(root):
        if base == str(root) and ".mnix" in folders:
            folders.remove(".mnix")
        for name in [*folders, *names]:
            path = Path(base, name)
            key = os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_dir():
                found[key] = "/"
            else:
                mode = "x " if path.stat().st_mode & 0o100 else ""
                found[key] = mode + path.read_bytes().decode("utf-8", "backslashreplace")
    return found


def fill(root: Path, files: Mapping[str, str]) -> None:
    """Write files, folders (``/`` at the end) and links (``-> target``)."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif text.startswith("-> "):
            path.unlink(missing_ok=True)
            path.symlink_to(text[3:])
        else:
            path.write_text(text)


@asynccontextmanager
async def pair(
    rig: Rig, sshd: Sshd, name: str, *, link: Link | None = None, client: str = "one"
) -> AsyncIterator[Pair]:
    """Make a project of an empty folder, without a container, and nothing sent yet."""
    database = rig.folder / client / "client.db"
    options = LinkOptions(accept_host_keys=True, connect_timeout=10)
    async with Store.open(database) as store, open_link(sshd.server, options) as opened:
        await store.add_server(sshd.server)
        used = link or opened
        info = await used.agent.create_project(name, isolation="host")
        here = rig.folder / client / name
        here.mkdir(parents=True)
        project = Project(name, sshd.server.name, str(info["id"]), str(here))
        await store.put_project(project)
        there = sshd.data / "mnix" / "projects" / project.remote_id / "workspace"
        yield Pair(store, used, project, here, there, sshd)


def second(pair: Pair, store: Store, folder: Path) -> Pair:
    """The same project for another client, with a folder of its own."""
    project = replace(pair.project, folder=str(folder))
    return Pair(store, pair.link, project, folder, pair.there, pair.sshd)


def git(folder: Path, *args: str) -> str:
    """Run git as somebody."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *args], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode()


Ask = Callable[[], bool]
