"""What the overview says of a project's files."""

from mnix_tui.domain.projects import Project, ProjectView
from mnix_tui.domain.sync import SyncSummary
from mnix_tui.sync.model import Skipped, SyncReport
from mnix_tui.sync.watch import Sending, Synced, WatchEvent, Watching
from mnix_tui.ui import about_sync
from mnix_tui.ui.screens.watch_events import _Told


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


def test_what_was_skipped_is_not_in_step() -> None:
    report = SyncReport(skipped=(Skipped("a", "changed"), Skipped("b", "changed")))
    told = _Told(Project("api", "tokyo"), Synced(report))
    told.take(Watching())  # the watch begins after the first look
    assert _watched(told.last) == ("⇄ all but 2 files", "p looks again; W ends it")
    told.take(Synced(SyncReport()))
    assert _watched(told.last) == ("⇄ in step", "W ends it")
