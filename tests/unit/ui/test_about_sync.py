"""What the overview says of a project's files."""

from mnix_tui.domain.projects import Project, ProjectView
from mnix_tui.domain.sync import SyncSummary
from mnix_tui.sync.watch import Sending, WatchEvent, Watching
from mnix_tui.ui import about_sync


def _watched(event: WatchEvent, **summary: int) -> tuple[str, str]:
    project = Project("api", "tokyo", "id", "/home/me/api")
    view = ProjectView(project, sync=SyncSummary(watching=True, **summary))
    found = about_sync.facts(view, event, 0)
    return next((each.value, each.note) for each in found if each.label == "Watched")


def test_a_watch_that_sends_says_how_much_of_it() -> None:
    sending = Sending("sending files", 41 << 20, 100 << 20)
    assert _watched(sending) == ("⇄ sending 41 %", "41.0 MiB of 100 MiB; W ends it")
    assert about_sync.watch_tone(sending) == "busy"


def test_only_what_is_in_step_is_said_to_be() -> None:
    assert _watched(Watching()) == ("⇄ in step", "W ends it")
    assert _watched(Watching(), conflicts=1) == ("⇄ yes", "W ends it")
    assert _watched(Watching(), kept=1) == ("⇄ yes", "W ends it")
