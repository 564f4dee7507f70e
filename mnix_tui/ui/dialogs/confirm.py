"""Questions before something goes: each says what goes, and what stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from mnix_tui.ui import words
from mnix_tui.ui.dialogs.base import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from mnix_tui.domain.generations import Generation
    from mnix_tui.domain.jobs import Job
    from mnix_tui.domain.projects import ProjectView
    from mnix_tui.domain.servers import Server


@dataclass(frozen=True)
class Question:
    """What is asked, what goes if the answer is yes, and what stays."""

    title: str
    goes: tuple[str, ...]
    stays: tuple[str, ...]
    yes: str
    heading: str = "Goes"
    """What is said before what happens: nothing goes of what is only started, say."""


def stop_question(view: ProjectView, live: list[Job]) -> Question:
    """Ask before shells end with their project."""
    shells = sum(job.kind == "session" for job in live)
    others = len(live) - shells
    goes = [words.count(shells, "open shell")] if shells else []
    goes += [words.count(others, "running job")] if others else []
    name = words.plain(view.project.name)
    stays = ("the files, the environment, all generations", "S starts it again as it was")
    return Question(f"Stop {name}?", tuple(goes), stays, "Stop")


def kill_question(view: ProjectView, job: Job, called: str = "", running: str = "") -> Question:
    """Ask before a shell or job is ended; a shell is ``called`` something and may run something."""
    name = words.plain(view.project.name)
    what = {"session": "shell", "rebuild": "build"}.get(job.kind, "command")
    title = words.plain(running or job.title)
    goes = f"the {what}" + (f" ({title})" if title else "") + ", with all that runs in it"
    stays = ["the environment as it is"] if job.kind == "rebuild" else []
    others = job.clients - 1
    seen = (f"it is open in {words.count(others, 'other client')}, too",) if others > 0 else ()
    ask = f"End {called} of {name}?" if called else f"End this {what} of {name}?"
    return Question(ask, (goes, *seen), (*stays, "its log"), "End")


def remove_question(view: ProjectView, missing: bool) -> Question:
    """Ask before a project goes."""
    name, server = words.plain(view.project.name), words.plain(view.project.server)
    folder = words.plain(view.project.folder)
    stays = [f"the folder on this machine: {folder}"] if folder else []
    if missing:
        return Question(f"Forget {name}?", ("its row here",), tuple(stays), "Forget")
    goes = [f"its shells and jobs on {server}"]
    if view.status.isolation == "container":
        goes.append("its container")
    goes.append("its environment and generations")
    if view.project.in_place:
        return Question(f"Remove {name}?", tuple(goes), tuple(stays), "Remove")
    goes.append(f"its workspace on {server}, with what was only changed there")
    return Question(f"Remove {name} from {server}?", tuple(goes), tuple(stays), "Remove")


def gc_question(view: ProjectView, generations: tuple[Generation, ...]) -> Question:
    """Ask before what nothing needs goes from a project's store."""
    name, server = words.plain(view.project.name), words.plain(view.project.server)
    lost = [one for one in generations if not one.kept and not one.current]
    goes = ["every package that nothing needs any more"]
    if view.status.store in ("daemon", "host"):
        goes = [f"all that has no root in the nix store of {server} itself, whoever put it there"]
    if lost:
        numbers = ", ".join(str(one.number) for one in lost[:6]) + ("…" if len(lost) > 6 else "")
        sizes = [one.size for one in lost if one.size]
        most = f" (up to {words.size(sum(sizes))})" if sizes else ""
        goes.append(f"{words.count(len(lost), 'generation')} not kept any more: {numbers}{most}")
    kept = [one for one in generations if one.kept]
    stays = [f"{words.count(len(kept), 'generation')} of {name}"] if kept else []
    if view.status.store == "volume":
        stays.append(f"what the other projects on {server} need")
    stays.append("what runs now; while something builds, all of it")
    return Question(
        f"Collect garbage in the store of {name}?", tuple(goes), tuple(stays), "Collect"
    )


def forget_question(server: Server, projects: int) -> Question:
    """Ask before a server goes."""
    name = words.plain(server.name)
    goes = ["its row here"]
    if projects:
        goes.append(f"the rows of its {words.count(projects, 'project')}")
    stays = (
        "everything on the server itself",
        "a adds it again, and its projects come back with it",
    )
    return Question(f"Forget {name}?", tuple(goes), stays, "Forget")


class ConfirmDialog(Dialog[bool]):
    """Shows a ``Question``; dismisses with ``True`` only when it was answered with yes."""

    VARIANT = "error"
    AUTO_FOCUS = "#no"

    def __init__(self, question: Question) -> None:
        super().__init__(classes="-careful")
        self._question = question
        self.HEADING = question.title
        self.YES = question.yes

    def body(self) -> ComposeResult:
        """Show what goes and what stays."""
        yield from self.told(self._question)

    @staticmethod
    def told(question: Question) -> ComposeResult:
        """Show what goes and what stays."""
        yield Static(listing(question.heading, "$warning", question.goes), classes="text")
        if question.stays:
            yield Static(listing("Stays", "$success", question.stays), classes="text")

    def accept(self) -> None:
        """Say yes."""
        self.dismiss(True)


def listing(label: str, colour: str, items: tuple[str, ...]) -> Content:
    """Return lines with a label before the first."""
    lines = [
        Content.assemble((f"{label if number == 0 else '':<7}", f"bold {colour}"), item)
        for number, item in enumerate(items)
    ]
    return Content("\n").join(lines)
