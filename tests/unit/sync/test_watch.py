"""What a watch tells while files are on their way."""

from typing import TYPE_CHECKING, cast

from mnix_tui.domain.projects import Project
from mnix_tui.sync.model import Skipped, SyncReport
from mnix_tui.sync.watch import LARGE, Sending, Synced, Watching, _Watcher

if TYPE_CHECKING:
    from mnix_tui.store.store import Store
    from mnix_tui.sync.watch import Kept


def _watcher() -> _Watcher:
    project = Project("api", "tokyo", "id", "/home/me/api")
    return _Watcher(cast("Kept", None), cast("Store", None), project, lambda: ("push", True))


async def test_what_is_large_is_said_at_once_and_its_end_too() -> None:
    watcher = _watcher()
    watcher._progress("comparing files", 0, None)
    watcher._progress("sending files", 0, LARGE - 1)
    assert watcher.told.empty()
    await watcher._tell(SyncReport())
    assert watcher.told.empty()
    watcher._progress("sending files", 5, LARGE)
    watcher._progress("sending files", 6, LARGE)  # nothing that fast
    assert watcher.told.get_nowait() == Sending("sending files", 5, LARGE)
    assert watcher.told.empty()
    await watcher._tell(SyncReport())  # all of it was skipped, and that is known
    assert watcher.told.get_nowait() == Watching()
    report = SyncReport(sent=("big",))
    await watcher._tell(report)
    assert watcher.told.get_nowait() == Synced(report)


async def test_that_nothing_is_skipped_any_more_is_told() -> None:
    watcher = _watcher()
    for skipped in (True, True, False, False):
        await watcher._tell(SyncReport(skipped=(Skipped("a", "changed"),) if skipped else ()))
    told = [cast("Synced", watcher.told.get_nowait()).report.skipped for _ in range(3)]
    assert [bool(each) for each in told] == [True, True, False]
    assert watcher.told.empty()
