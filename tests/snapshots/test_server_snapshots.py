"""What adding, checking, labelling and removing servers looks like, and what a login asks."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from mnix_tui.errors import HostKeyChanged
from mnix_tui.link import HostKeyQuestion
from mnix_tui.link.model import SecretQuestion
from mnix_tui.ui.app import MnixApp
from mnix_tui.ui.screens.main import MainScreen
from mnix_tui.ui.widgets.fleet_tree import FleetTree
from mnix_tui.ui.workbench import demo, demo_checks
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.helpers import asettle

NARROW, WIDE = (80, 24), (200, 50)
both = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "200x50"])
ADDRESS = "dev@berlin.example:2222"

Compare = Callable[..., bool]
Steps = Callable[[Pilot[int]], Awaitable[None]]


def _app(bench: MemoryWorkbench | None = None) -> MnixApp:
    app = MnixApp(bench or demo.workbench(), clock=lambda: demo.NOW, home=demo.HOME)
    app.animation_level = "none"
    return app


def _text(pilot: Pilot[int]) -> str:
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


async def _still(pilot: Pilot[int], until: str) -> None:
    """Wait until a text is on screen; keep cursors from blinking, and the fleet out of sight."""
    await asettle(lambda: until in _text(pilot), what=until)
    for part in pilot.app.screen_stack[0].children:
        part.visible = False  # other pictures show it: these are about what lies over it
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    await pilot.pause()
    pilot.app.screen_stack[0].refresh()  # nothing of what lay there stays
    await pilot.pause()


def _at(row: str, *press: str, until: str) -> Steps:
    """Select a row, press keys, and wait until a text is on screen."""

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.pause()
        main = pilot.app.screen_stack[0]
        assert isinstance(main, MainScreen)
        assert main.query_one(FleetTree).select(row)
        await pilot.pause()
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        await _still(pilot, until)

    return steps


def _adding(*, until: str) -> Steps:
    async def steps(pilot: Pilot[int]) -> None:
        await _at("tokyo", "a", until="Add a server")(pilot)
        pilot.app.screen.query_one("#endpoint", Input).value = ADDRESS
        await pilot.pause()
        await pilot.press("enter")
        await _still(pilot, until)

    return steps


def _asked(question: SecretQuestion | HostKeyQuestion, *, until: str) -> Steps:
    """Have a server ask something while its row is looked at."""

    async def steps(pilot: Pilot[int]) -> None:
        await asettle(lambda: "Overview" in _text(pilot))
        app = pilot.app
        assert isinstance(app, MnixApp)
        if isinstance(question, HostKeyQuestion):
            app.run_worker(app.ask_host_key(question))
        else:
            app.run_worker(app.ask_secret(question))
        await _still(pilot, until)

    return steps


@both
def test_adding_a_server(snap_compare: Compare, size: tuple[int, int]) -> None:
    bench = demo.workbench()
    bench.places = {
        "build-eu": "ci@build-eu.example.net:2222 via bastion",
        "build-us": "build-us.example.net",
    }
    steps = _at("tokyo", "a", until="build-eu")
    assert snap_compare(_app(bench), terminal_size=size, run_before=steps)


def test_a_server_is_tried(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.checkups["berlin"] = demo_checks.steps()[:9]
    bench.unending.add("berlin")
    steps = _adding(until="◐ log in")
    assert snap_compare(_app(bench), terminal_size=NARROW, run_before=steps)


@both
def test_a_server_that_refuses(snap_compare: Compare, size: tuple[int, int]) -> None:
    bench = demo.workbench()
    bench.checkups["berlin"] = [demo_checks.refused()]
    steps = _adding(until="Try again")
    assert snap_compare(_app(bench), terminal_size=size, run_before=steps)


def test_a_server_that_was_added(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.checkups["berlin"] = [demo_checks.without_linger()]
    steps = _adding(until="Done")
    assert snap_compare(_app(bench), terminal_size=NARROW, run_before=steps)


def test_doctor(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.checkups["tokyo"] = [demo_checks.without_linger()]
    steps = _at("tokyo", "C", until="tries again")
    assert snap_compare(_app(bench), terminal_size=NARROW, run_before=steps)


def test_server_log(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.server_logs["tokyo"] = demo_checks.log("tokyo", demo.NOW)
    steps = _at("tokyo", "L", "down", "down", "down", until="12 failed")
    assert snap_compare(_app(bench), terminal_size=NARROW, run_before=steps)


def test_tags(snap_compare: Compare) -> None:
    steps = _at("tokyo", "E", *"work", until="work")
    assert snap_compare(_app(), terminal_size=NARROW, run_before=steps)


def test_forget(snap_compare: Compare) -> None:
    steps = _at("tokyo", "d", until="Forget tokyo?")
    assert snap_compare(_app(), terminal_size=NARROW, run_before=steps)


def test_purge(snap_compare: Compare) -> None:
    bench = demo.workbench()
    bench.purges["tokyo"] = demo_checks.purged()
    steps = _at("tokyo", "d", "tab", "enter", *"tok", until="running sessions")
    assert snap_compare(_app(bench), terminal_size=NARROW, run_before=steps)


ART = """\
+--[ED25519 256]--+
|      o.oo+      |
|     . =.B .     |
|      . B * o    |
|       . O = .   |
|        S * o    |
|         o = .   |
|          + o    |
|         . E     |
|          .      |
+----[SHA256]-----+"""
KEY = "SHA256:" + "aB3/" * 10 + "xyz"


@pytest.mark.parametrize("others", [(), ("ssh-rsa " + KEY,)], ids=["first", "another-kind"])
def test_host_key(snap_compare: Compare, others: tuple[str, ...]) -> None:
    hint = "its other keys are known" if others else ""
    question = HostKeyQuestion(
        "tokyo", "[tokyo.example]:2222", "ssh-ed25519", KEY, ART, others, hint
    )
    steps = _asked(question, until="ED25519 256")
    assert snap_compare(_app(), terminal_size=NARROW, run_before=steps)


def test_changed_host_key(snap_compare: Compare) -> None:
    bench = demo.workbench()
    error = HostKeyChanged(
        "tokyo: host key changed",
        f"[tokyo.example]:2222 shows ED25519 SHA256:{'b' * 43};"
        f" known is ED25519 {KEY} (~/.ssh/known_hosts line 12)",
        "ask its owner whether it was installed anew; only then forget the old key",
    )
    error.fix = "ssh-keygen -f ~/.ssh/known_hosts -R '[tokyo.example]:2222'"
    bench.failures["start"] = error
    steps = _at("tokyo/tokyo-db", "S", until="key changed")
    assert snap_compare(_app(bench), terminal_size=NARROW, run_before=steps)


QUESTIONS = {
    "passphrase": SecretQuestion(
        "tokyo", "passphrase", "~/.ssh/id_ed25519", (("Passphrase", False),)
    ),
    "password": SecretQuestion(
        "tokyo", "password", "dev@bastion", (("Password: ", False),), "", 2, "bastion"
    ),
    "codes": SecretQuestion(
        "tokyo",
        "codes",
        "dev@tokyo.example.net",
        (("Verification code: ", True), ("PIN: ", False)),
        "Two factors are needed.\n 1. a push to +XX 11\n 2. a code of the list",
    ),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_secret(snap_compare: Compare, kind: str) -> None:
    steps = _asked(QUESTIONS[kind], until="Cancel")
    assert snap_compare(_app(), terminal_size=NARROW, run_before=steps)
