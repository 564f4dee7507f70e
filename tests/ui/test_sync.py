"""Files that go both ways: previews, conflicts, the trash, watching, cloning and adopting."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button, Input, OptionList

from mnix_tui.domain.projects import Project
from mnix_tui.domain.sync import Direction, Trashed
from mnix_tui.errors import RemoteError, SyncError, Unreachable
from mnix_tui.sync.model import Action, Conflict, Plan, Preview, Skipped, SyncReport
from mnix_tui.sync.watch import Beware, Synced, Trouble, Waiting, Watching
from mnix_tui.ui import sync_keys
from mnix_tui.ui.dialogs.adopt import AdoptDialog
from mnix_tui.ui.dialogs.conflicts import DIFFS_KEPT, ConflictsScreen
from mnix_tui.ui.dialogs.new_project import NewProjectDialog
from mnix_tui.ui.dialogs.preview import PreviewScreen
from mnix_tui.ui.dialogs.trash import TrashScreen
from mnix_tui.ui.widgets.choice import Choice
from mnix_tui.ui.widgets.lines import Lines
from mnix_tui.ui.widgets.work_bar import WorkBar
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from mnix_tui.ui.workbench.port import Progress
from tests.ui.dashboard import Dashboard, dashboard

API, GATEWAY, WEB, DOCS = (
    "tokyo/tokyo-api",
    "lisbon/lisbon-gateway",
    "tokyo/tokyo-web",
    "tokyo/tokyo-docs-site",
)


def _calls(ui: Dashboard, *names: str) -> list[tuple[str, ...]]:
    return [call for call in ui.bench.calls if call[0] in names]


def _notes(ui: Dashboard) -> str:
    return "\n".join(f"{note.title}: {note.message}" for note in ui.app._notifications)


async def _screen(ui: Dashboard, row: str, key: str, until: str) -> None:
    await ui.go(row)
    await ui.press(key)
    await ui.wait(lambda: until in ui.text(), until)


def _project(bench: MemoryWorkbench, name: str) -> Project:
    return next(one.project for one in bench.state.projects if one.project.name == name)


def _changed(bench: MemoryWorkbench, name: str, **changes: object) -> MemoryWorkbench:
    """Give a project of the demo other fields."""
    project = _project(bench, name)
    changed = replace(project, **changes)  # type: ignore[arg-type]
    bench._replace(project, lambda view: replace(view, project=changed))
    return bench


# -- before a push or a pull


async def test_a_preview_says_what_would_be_done_and_enter_does_it() -> None:
    async with dashboard() as ui:
        await _screen(ui, API, "p", "12 files to tokyo, 142 MiB")
        text = ui.text()
        for said in (
            "2 to delete on tokyo",
            "looks like a secret",
            "5 new, 7 changed",
            "assets/map/",
            "src/routes/legacy.rs",
            "Kept: changed only on tokyo (1)",
            "Ignored (7)",
            "/target  .gitignore:1",
        ):
            assert said in text, said
        assert _calls(ui, "push") == []
        await ui.press("enter")
        await ui.wait(lambda: "sent 12 files" in _notes(ui))
        assert "1 changed only there (P fetches)" in _notes(ui)
        assert _calls(ui, "sync_preview", "push") == [
            ("sync_preview", "api@tokyo", "push"),
            ("push", "api@tokyo"),
        ]
        assert "pushed now" in ui.text()
        assert "1 file changed only on tokyo" in ui.text()


async def test_a_preview_shows_each_file_and_scrolls() -> None:
    async with dashboard(size=(80, 24)) as ui:
        await _screen(ui, API, "p", "assets/map/")
        lines = ui.app.screen.query_one(Lines)
        await ui.press("pagedown")
        await ui.wait(lambda: lines.scroll_offset.y > 5)
        await ui.press("pageup", "j", "down", "k", "up", "j")
        await ui.wait(lambda: lines.scroll_offset.y == 1)
        await ui.press("f")
        await ui.wait(lambda: "src/routes/health.rs" in ui.text())
        assert lines.scroll_offset.y == 0
        await ui.press("f")
        await ui.wait(lambda: "src/routes/health.rs" not in ui.text())


async def test_tab_shows_the_other_way_and_each_is_looked_at_once() -> None:
    async with dashboard() as ui:
        await _screen(ui, API, "p", "12 files to tokyo")
        await ui.press("tab")
        await ui.wait(lambda: "Pull api from tokyo" in ui.text())
        await ui.wait(lambda: "1 file to here" in ui.text())
        await ui.press("tab", "tab")
        await ui.wait(lambda: "1 file to here" in ui.text())
        assert len(_calls(ui, "sync_preview")) == 2
        await ui.press("enter")
        await ui.wait(lambda: "fetched 1 file" in _notes(ui))
        assert _calls(ui, "push", "pull") == [("pull", "api@tokyo")]


async def test_what_is_typed_behind_p_is_for_the_preview() -> None:
    async with dashboard() as ui:
        await ui.go(API)
        await ui.pilot.press("P", "tab", "escape")
        await ui.wait(lambda: ui.app.screen is ui.main)
        assert _calls(ui, "sync_preview")[0] == ("sync_preview", "api@tokyo", "pull")
        assert ui.tree.has_focus


async def test_enter_does_nothing_before_it_is_known_what_it_would_do() -> None:
    bench = _Gated()
    async with dashboard(bench) as ui:
        await _screen(ui, API, "p", "Comparing the files")
        await ui.press("enter")
        assert isinstance(ui.app.screen, PreviewScreen)
        bench.gate.set()
        await ui.wait(lambda: "12 files to tokyo" in ui.text())
        assert _calls(ui, "push") == []


async def test_nothing_to_do_closes_with_enter() -> None:
    async with dashboard() as ui:
        await _screen(ui, DOCS, "p", "Nothing to do")
        await ui.press("enter")
        await ui.wait(lambda: ui.app.screen is ui.main)
        assert _calls(ui, "push") == []


async def test_a_preview_that_fails_says_why_and_looks_again() -> None:
    bench = demo.workbench()
    bench.failures["sync_preview"] = SyncError("The folder is gone", "~/code/api", "put it back")
    async with dashboard(bench) as ui:
        await _screen(ui, API, "p", "The folder is gone")
        assert "→ put it back" in ui.text()
        await ui.press("enter")  # there is nothing that it could do
        assert isinstance(ui.app.screen, PreviewScreen)
        del bench.failures["sync_preview"]
        await ui.press("r")
        await ui.wait(lambda: "12 files to tokyo" in ui.text())


async def test_what_deletes_most_is_shown_and_done_only_when_it_is_meant() -> None:
    bench = demo.workbench()
    plan = Plan(delete_there=[Action(f"data/{number}", None, None) for number in range(201)])
    refused = "More than half of the files would be deleted on the server"
    bench.previews["api@tokyo", "push"] = Preview("push", plan, refused=refused)
    async with dashboard(bench) as ui:
        await _screen(ui, API, "p", refused)
        assert "201 to delete on tokyo" in ui.text()
        assert "data/7" in ui.text()
        await ui.press("enter")
        assert isinstance(ui.app.screen, PreviewScreen)
        await ui.press("Y")
        await ui.wait(lambda: "deleted 201 on tokyo" in _notes(ui))
        assert _calls(ui, "push") == [("push", "api@tokyo", "allow_empty")]


async def test_a_preview_leads_to_the_conflicts() -> None:
    async with dashboard() as ui:
        await _screen(ui, GATEWAY, "p", "Conflicts (2)")
        await ui.press("c")
        await ui.wait(lambda: isinstance(ui.app.screen, ConflictsScreen))


async def test_a_hostile_name_is_shown_as_text() -> None:
    bench = demo.workbench()
    name = "a[b]\x1b[31m\u202egnp.\udcff"
    plan = Plan(keep_there=[name], conflicts=[Conflict(name)])
    bench.previews["api@tokyo", "push"] = Preview("push", plan)
    async with dashboard(bench) as ui:
        await _screen(ui, API, "p", "Kept")
        assert "a[b]\\x1b[31m\\x202egnp.\\xff" in ui.text()


class _Gated(MemoryWorkbench):
    """Looks and pushes when it is let to."""

    def __init__(self) -> None:
        super().__init__(**vars(demo.workbench()))
        self.gate = asyncio.Event()
        self.cancelled = False

    async def sync_preview(self, project: Project, direction: Direction) -> SyncReport:
        await self.gate.wait()
        return await super().sync_preview(project, direction)

    async def push(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        for done in range(10_000):  # as fast as a transfer tells, or faster
            progress("sending files", done, 20_000)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        raise AssertionError


async def test_a_push_shows_how_far_it_is_and_can_be_cancelled() -> None:
    bench = _Gated()
    bench.gate.set()
    async with dashboard(bench) as ui:
        await _screen(ui, API, "p", "12 files to tokyo")
        await ui.press("enter")
        await ui.wait(lambda: ui.main.query_one(WorkBar).display)
        assert "push api" in ui.text()
        assert "sending files" in ui.text()
        await ui.press("p")  # the same project again: the first one goes on
        await ui.wait(lambda: "12 files to tokyo" in ui.text())
        await ui.press("enter")
        await ui.wait(lambda: "Still busy" in _notes(ui))
        await ui.press("ctrl+x")
        await ui.wait(lambda: bench.cancelled and not ui.main.works)
        assert "push api: cancelled" in _notes(ui)


@pytest.mark.parametrize("key", ["p", "P", "c", "W"])
async def test_a_project_without_a_folder_says_how_it_gets_one(key: str) -> None:
    bench = _changed(demo.workbench(), "docs-site", folder="")
    async with dashboard(bench) as ui:
        await ui.go(DOCS)
        await ui.press(key)
        await ui.wait(lambda: "A gives it one" in _notes(ui))
        await ui.go("local/local-notes")
        await ui.press(key)
        await ui.wait(lambda: "works in its folder itself" in _notes(ui))
        await ui.go("tokyo")
        await ui.press(key)
        await ui.wait(lambda: "Choose a project" in _notes(ui))


async def test_what_was_skipped_is_said() -> None:
    bench = _Skips(**vars(demo.workbench()))
    async with dashboard(bench) as ui:
        await _screen(ui, API, "p", "12 files")
        await ui.press("enter")
        await ui.wait(lambda: "3 skipped: 2 changed, 1 unreadable" in _notes(ui))


class _Skips(MemoryWorkbench):
    async def push(
        self, project: Project, progress: Progress, *, allow_empty: bool = False
    ) -> SyncReport:
        skipped = (Skipped("a", "changed"), Skipped("b", "changed"), Skipped("c", "unreadable"))
        return SyncReport("push", skipped=skipped)


# -- conflicts


async def test_conflicts_show_how_the_copies_differ() -> None:
    async with dashboard() as ui:
        await _screen(ui, GATEWAY, "c", "retries = 5")
        assert "on lisbon  file · 1.3 KiB · 1h ago" in ui.text()
        await ui.press("down")
        await ui.wait(lambda: "can't be compared line by line" in ui.text())
        await ui.press("up")
        await ui.wait(lambda: "retries = 5" in ui.text())
        asked = [call[2] for call in _calls(ui, "conflict_diff")]
        assert asked == ["config/routes.toml", "web/static/logo.png"]  # each once


async def test_choices_are_applied_on_enter_and_only_those() -> None:
    async with dashboard() as ui:
        await _screen(ui, GATEWAY, "c", "retries = 5")
        await ui.press("enter")  # nothing is chosen yet
        await ui.wait(lambda: "Choose first" in _notes(ui))
        await ui.press("t")
        await ui.wait(lambda: "▸ there" in ui.text())
        await ui.press("enter")
        await ui.wait(lambda: bool(_calls(ui, "resolve")))
        assert _calls(ui, "resolve") == [("resolve", "gateway@lisbon", "config/routes.toml=there")]
        await ui.wait(lambda: "running · 1 conflict ·" in ui.text())
        await ui.wait(lambda: "1 conflict (c chooses)" in _notes(ui))


@pytest.mark.parametrize(
    ("press", "chosen"),
    [
        (("h",), {"config/routes.toml=here"}),
        (("b", "down", "h"), {"config/routes.toml=both", "web/static/logo.png=here"}),
        (
            ("b", "up", "down", "t", "down", "h"),
            {"config/routes.toml=both", "web/static/logo.png=here"},
        ),
        (("H",), {"config/routes.toml=here", "web/static/logo.png=here"}),
        (("T", "u"), {"web/static/logo.png=there"}),
        (("B", "down", "backspace"), {"config/routes.toml=both"}),
    ],
)
async def test_every_key_of_the_conflicts(press: tuple[str, ...], chosen: set[str]) -> None:
    async with dashboard() as ui:
        await _screen(ui, GATEWAY, "c", "retries = 5")
        await ui.press(*press)
        await ui.press("enter")
        await ui.wait(lambda: bool(_calls(ui, "resolve")))
        assert set(_calls(ui, "resolve")[0][2:]) == chosen


async def test_escape_leaves_conflicts_as_they_are() -> None:
    async with dashboard() as ui:
        await _screen(ui, GATEWAY, "c", "retries = 5")
        await ui.press("h", "escape")
        assert ui.app.screen is ui.main
        assert _calls(ui, "resolve") == []


async def test_a_difference_scrolls_and_a_failed_one_is_asked_for_again() -> None:
    bench = demo.workbench()
    bench.failures["conflict_diff"] = RemoteError("lisbon is busy", "", "wait for it")
    async with dashboard(bench, size=(80, 24)) as ui:
        await _screen(ui, GATEWAY, "c", "wait for it")
        del bench.failures["conflict_diff"]
        await ui.press("down", "up")
        await ui.wait(lambda: "retries = 5" in ui.text())
        await ui.press("J")
        await ui.wait(lambda: ui.app.screen.query_one(Lines).scroll_offset.y > 3)
        await ui.press("K")
        await ui.wait(lambda: ui.app.screen.query_one(Lines).scroll_offset.y == 0)


async def test_many_conflicts_keep_few_differences() -> None:
    bench = demo.workbench()
    bench.clashes["gateway@lisbon"] = [Conflict(f"f{at:03}") for at in range(DIFFS_KEPT + 9)]
    async with dashboard(bench) as ui:
        await _screen(ui, GATEWAY, "c", "f000")
        screen = ui.app.screen
        assert isinstance(screen, ConflictsScreen)
        for _ in range(DIFFS_KEPT + 8):
            await ui.press("down")
        await ui.wait(lambda: f"f{DIFFS_KEPT + 8:03}" in screen._diffs)
        assert len(screen._diffs) <= DIFFS_KEPT


# -- the trash


async def test_what_is_marked_comes_back() -> None:
    async with dashboard() as ui:
        await _screen(ui, API, "T", "7 files, 139 MiB")
        assert "4m ago · by dev@laptop · 3 files" in ui.text()
        await ui.press("space", "down", "down", "space")
        await ui.wait(lambda: "restores 2 files" in ui.text())
        await ui.press("enter")
        await ui.wait(lambda: "2 files brought back on tokyo" in _notes(ui))
        assert _calls(ui, "restore") == [
            (
                "restore",
                "api@tokyo",
                "there",
                "20250615T113320-19cc/src/routes/legacy.rs",
                "20250615T150240-7f3a/flake.lock",
            )
        ]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_a_trash_that_has_to_be_scrolled_has_each_file_on_one_line(
    size: tuple[int, int],
) -> None:
    bench = demo.workbench()
    found = [Trashed("20250615T1", demo.NOW, "", f"f{n:03}", "f", 5, 300) for n in range(300)]
    bench.trashes["api@tokyo", False] = found
    async with dashboard(bench, size=size) as ui:
        await _screen(ui, API, "T", "300 files")
        await ui.wait(lambda: "f008" in ui.text(), "a line for each")
        lines = [line for line in ui.text().splitlines() if " f00" in line]
        assert all("5 B" in line for line in lines)


async def test_without_a_mark_the_highlighted_one_comes_back() -> None:
    async with dashboard() as ui:
        await _screen(ui, API, "T", "flake.lock")
        await ui.press("down", "enter")
        await ui.wait(lambda: bool(_calls(ui, "restore")))
        assert _calls(ui, "restore")[0][3:] == ("20250615T150240-7f3a/src/lib.rs",)


async def test_all_of_a_transfer_is_marked_and_unmarked() -> None:
    async with dashboard() as ui:
        await _screen(ui, API, "T", "flake.lock")
        await ui.press("b")
        await ui.wait(lambda: "restores 3 files" in ui.text())
        await ui.press("b")
        await ui.wait(lambda: "restores this one" in ui.text())


async def test_the_trash_of_this_machine_is_on_the_other_side() -> None:
    async with dashboard() as ui:
        await _screen(ui, API, "T", "7 files")
        await ui.press("space", "tab")
        await ui.wait(lambda: "2 files, 139 MiB" in ui.text())
        assert "restores this one" in ui.text()  # marks are of one side
        await ui.press("enter")
        await ui.wait(lambda: "brought back here" in _notes(ui))
        assert _calls(ui, "restore")[0][2] == "here"


async def test_a_trash_that_can_not_be_read_is_asked_for_again() -> None:
    bench = demo.workbench()
    bench.failures["trash"] = RemoteError("tokyo is busy", "a push runs", "wait for it")
    async with dashboard(bench) as ui:
        await _screen(ui, API, "T", "wait for it")
        del bench.failures["trash"]
        await ui.press("tab", "tab")
        await ui.wait(lambda: "7 files" in ui.text())
        await ui.pilot.click(ui.app.screen.query_one(OptionList), offset=(10, 3))
        assert isinstance(ui.app.screen, TrashScreen)  # a click only chooses
        assert _calls(ui, "restore") == []


async def test_a_project_without_a_folder_has_one_trash() -> None:
    async with dashboard(_changed(demo.workbench(), "docs-site", folder="")) as ui:
        await _screen(ui, DOCS, "T", "Nothing was replaced")
        assert "this machine" not in ui.text()
        await ui.press("tab")
        assert len(_calls(ui, "trash")) == 1


# -- watching


async def test_w_watches_and_ends_it() -> None:
    async with dashboard() as ui:
        await ui.go(API)
        await ui.press("W")
        await ui.wait(lambda: "is sent as it is saved" in _notes(ui))
        await ui.wait(lambda: "⇄ pushed 4m ago" in ui.text())
        await ui.press("W")
        await ui.wait(lambda: "wait for p or r again" in _notes(ui))
        assert [call[2] for call in _calls(ui, "watch")] == ["on", "off"]
        assert "⇄ pushed 4m" not in ui.text()


async def test_many_transfers_of_a_watch_are_one_line_of_the_log() -> None:
    async with dashboard() as ui:
        await ui.go(WEB)
        web = _project(ui.bench, "web")
        redraws = _counted(ui)
        for number in range(200):
            report = SyncReport("push", sent=(f"src/{number}.ts",), seconds=0.1)
            ui.bench.tell_watch(web, Synced(report))
        await ui.wait(lambda: bool(ui.main.model.watches))
        told = [entry.text for entry in ui.main.activity.of(WEB) if "⇄" in entry.text]
        assert told == ["⇄ sent 200 files in 200 transfers"]
        assert redraws() < 10
        before = redraws()
        for name in ("web", "api", "db", "docs-site"):
            ui.bench.tell_watch(_project(ui.bench, name), Synced(SyncReport(sent=("a",))))
        await ui.wait(lambda: len(ui.main.model.watches) == 4)
        assert redraws() <= before + 2  # one, and perhaps the clock's
        await ui.wait(lambda: "in step" in ui.text())


def _counted(ui: Dashboard) -> Callable[[], int]:
    count, redraw = 0, ui.main.redraw

    def counting() -> None:
        nonlocal count
        count += 1
        redraw()

    ui.main.redraw = counting  # type: ignore[method-assign]
    return lambda: count


def _sign(ui: Dashboard) -> str:
    """Return the tone of the watched project's sign in the tree."""
    return next(row.watching for row in ui.tree.rows if row.key == WEB)


async def test_a_folded_server_shows_the_worst_of_what_it_hides() -> None:
    async with dashboard() as ui:
        web = _project(ui.bench, "web")
        ui.bench.tell_watch(web, Waiting("no route to host"))
        await ui.wait(lambda: WEB in ui.main.model.watches)
        await ui.go("tokyo")
        await ui.press("h")
        row = next(row for row in ui.tree.rows if row.key == "tokyo")
        assert (row.watching, row.conflicts) == ("busy", 0)
        await ui.go("lisbon")
        await ui.press("h")
        row = next(row for row in ui.tree.rows if row.key == "lisbon")
        assert (row.watching, row.conflicts) == ("", 2)


async def test_a_watch_in_trouble_is_a_notice_and_said_once() -> None:
    async with dashboard() as ui:
        await ui.go(WEB)
        web = _project(ui.bench, "web")
        error = Unreachable("The disk of tokyo is full", "12 KiB are free", "make room there")
        for _ in range(2):
            ui.bench.tell_watch(web, Trouble(error))
            await ui.wait(lambda: WEB in ui.main.model.watches)
            ui.main.model.watches[WEB] = Trouble(error)  # as it is before the next news
        await ui.wait(lambda: "Not synced: The disk of tokyo is full" in ui.text())
        assert "make room there" in ui.text()
        assert _sign(ui) == "bad"
        await ui.go("tokyo")  # from elsewhere it is seen as well
        assert "⇄✕ 1 not synced" in ui.text()
        assert "web ⇄✕" in ui.text()
        await ui.go(WEB)
        ui.bench.tell_watch(web, Waiting("no route to host"))
        await ui.wait(lambda: "⇄ waiting" in ui.text())
        assert _sign(ui) == "busy"
        assert "⇄✕" not in ui.text()
        ui.bench.tell_watch(web, Watching())
        await ui.wait(lambda: "⇄ in step" in ui.text())
        assert _sign(ui) == "watch"
        told = [entry.text for entry in ui.main.activity.of(WEB)]
        assert told.count("⇄ The disk of tokyo is full") == 1
        assert "⇄ waiting: no route to host" in told


async def test_what_a_watch_sends_first_of_secrets_is_told() -> None:
    async with dashboard() as ui:
        web = _project(ui.bench, "web")
        warned = tuple(f".env.{at}: may hold secrets" for at in range(5))
        ui.bench.tell_watch(web, Beware(warned))
        await ui.wait(lambda: "web: sending for the first time" in _notes(ui))
        assert ".env.2: may hold secrets\nand 2 more" in _notes(ui)


async def test_conflicts_of_a_watch_are_told_when_they_come_up() -> None:
    async with dashboard() as ui:
        web = _project(ui.bench, "web")
        for _ in range(2):
            report = SyncReport("both", conflicts=(Conflict("package.json"),))
            ui.bench.tell_watch(web, Synced(report))
            await ui.wait(lambda: WEB in ui.main.model.watches)  # it was told
            del ui.main.model.watches[WEB]
        assert _notes(ui).count("changed on both sides") == 1


# -- files that are elsewhere


async def test_adopting_gives_a_project_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bench = _changed(demo.workbench(), "docs-site", folder="")
    bench.previews["docs-site@tokyo", "pull"] = bench.previews["api@tokyo", "pull"]
    async with dashboard(bench) as ui:
        await ui.go(DOCS)
        assert "give it a folder on this machine" in ui.text()
        await ui.press("A")
        await ui.wait(lambda: isinstance(ui.app.screen, AdoptDialog))
        await ui.wait(lambda: "It is new" in ui.text())
        (tmp_path / "file").touch()
        field = ui.app.screen.query_one(Input)
        field.value = str(tmp_path / "file")
        await ui.wait(lambda: "That is a file" in ui.text())
        assert ui.app.screen.query_one("#yes", Button).disabled
        field.value = str(tmp_path)
        await ui.wait(lambda: "what differs becomes a conflict" in ui.text())
        field.value = str(tmp_path / "docs")
        await ui.press("enter")
        await ui.wait(lambda: "fetched 1 file" in _notes(ui))
        assert _calls(ui, "adopt") == [("adopt", "docs-site@tokyo", str(tmp_path / "docs"))]


async def test_what_is_ours_is_not_adopted() -> None:
    async with dashboard() as ui:
        await ui.go(API)
        await ui.press("A")
        await ui.wait(lambda: "api is yours already" in _notes(ui))


async def test_a_project_from_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("n")
        dialog = ui.app.screen
        assert isinstance(dialog, NewProjectDialog)
        create = dialog.query_one("#yes", Button)
        await ui.press("shift+tab", "right", "tab")
        await ui.wait(lambda: "An address is needed" in ui.text())
        assert create.disabled
        assert "flake" not in ui.text().lower()
        url = dialog.query_one("#git-url", Input)
        for wrong in ("ftp://example.org/x", "-oProxyCommand=x", "just words", "git@example.org:"):
            url.value = wrong
            await ui.pilot.pause()
            assert create.disabled, wrong
        url.value = "https://git.example.org/me/weather.git"
        await ui.wait(lambda: not create.disabled)
        assert dialog.query_one("#name", Input).value == "weather"
        assert not dialog.query_one("#git-agent-row").display
        url.value = "ssh://git@git.example.org/me/tide.git"
        await ui.wait(lambda: dialog.query_one("#git-agent-row").display)
        dialog.query_one("#git-agent", Choice).at = 1
        dialog.query_one("#git-ref", Input).value = "v2"
        url.focus()
        await ui.press("enter")
        await ui.wait(lambda: bool(_calls(ui, "new_project")))
        made = ("new_project", "tide", "tokyo", "ssh://git@git.example.org/me/tide.git", "v2")
        assert _calls(ui, "new_project") == [made]


async def test_a_folder_and_a_repository_keep_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").mkdir()
    monkeypatch.chdir(tmp_path / "notes")
    async with dashboard() as ui:
        await ui.go("tokyo")
        await ui.press("n")
        dialog = ui.app.screen
        source = dialog.query_one("#source", Choice)
        await ui.wait(lambda: not dialog.query_one("#yes", Button).disabled)
        source.at = 1
        await ui.wait(lambda: not dialog.query_one("#folder-row").display)
        assert dialog.query_one("#yes", Button).disabled
        source.at = 0
        await ui.wait(lambda: dialog.query_one("#folder-row").display)
        await ui.wait(lambda: not dialog.query_one("#yes", Button).disabled)
        assert dialog.query_one("#name", Input).value == "notes"


async def test_every_key_of_files_is_in_the_palette() -> None:
    async with dashboard() as ui:
        await ui.go(API)
        await ui.press("colon")
        table = ui.app.screen.query_one(OptionList)
        told = "\n".join(str(option.prompt) for option in table.options)
        for binding in sync_keys.SYNC:
            assert binding.tooltip[1:] in told
