"""Servers are added in sight of what is tried, looked after, labelled and removed."""

import asyncio
from dataclasses import replace

import pytest
from textual.widgets import Button, Input, OptionList, Static

from mnix_tui.actions.servers import Purged, PurgedProject
from mnix_tui.domain import checks
from mnix_tui.domain.audit import Ran, calling
from mnix_tui.domain.checks import CheckState
from mnix_tui.errors import AlreadyExists, LinkLost, MnixError, NotFound
from mnix_tui.link import HostKeyQuestion
from mnix_tui.link.model import SecretQuestion
from mnix_tui.ui.dialogs import sudden
from mnix_tui.ui.dialogs.add_server import AddServerDialog
from mnix_tui.ui.dialogs.base import Check
from mnix_tui.ui.dialogs.doctor import DoctorScreen
from mnix_tui.ui.dialogs.host_key import HostKeyDialog
from mnix_tui.ui.dialogs.purge import PurgeDialog, RemoveServerDialog
from mnix_tui.ui.dialogs.secret import SecretDialog
from mnix_tui.ui.dialogs.server_log import ServerLogScreen
from mnix_tui.ui.dialogs.tags import TagsDialog
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.memory import MemoryWorkbench
from tests.ui.dashboard import Dashboard, dashboard

QUESTION = HostKeyQuestion("new", "new.example", "ssh-ed25519", "SHA256:abcdef", "+--[art]--+")


def _input(ui: Dashboard, name: str) -> Input:
    return ui.app.screen.query_one(f"#{name}", Input)


async def _try(ui: Dashboard, address: str = "berlin") -> None:
    """Have a server tried that isn't there yet."""
    await ui.press("a")
    _input(ui, "endpoint").value = address
    await ui.wait(lambda: _ready(ui))
    await ui.press("enter")


def _said(ui: Dashboard, name: str) -> str:
    return str(ui.app.screen.query_one(f"#{name}", Check).content)


def _ready(ui: Dashboard) -> bool:
    return not ui.app.screen.query_one("#yes", Button).disabled


def _on(ui: Dashboard, screen: type) -> bool:
    return isinstance(ui.app.screen, screen)


def failing(key: str, said: str, fix: str = "", hint: str = "") -> tuple[checks.Check, ...]:
    """Return checks of which one failed and what comes behind it was not tried."""
    at, found = checks.KEYS.index(key), []
    for number, one in enumerate(checks.fresh()):
        state = CheckState.OK if number < at else CheckState.SKIPPED
        found.append(replace(one, state=state, said="" if number < at else "not tried"))
    found[at] = replace(found[at], state=CheckState.FAILED, said=said, fix=fix, hint=hint)
    return tuple(found)


REFUSED = failing(
    "login", "no key was accepted", fix="ssh-copy-id dev@berlin", hint="have your key added there"
)


async def test_a_server_is_added_with_a_name_suggested_from_its_address() -> None:
    async with dashboard() as ui:
        await ui.press("a")
        assert not _ready(ui)
        _input(ui, "endpoint").value = "dev@berlin.example:2222"
        await ui.pilot.pause()
        assert _input(ui, "name").value == "berlin"
        assert _ready(ui)
        _input(ui, "tags").value = "work,eu"
        await ui.press("enter")
        added = ("add_server", "berlin", "dev@berlin.example:2222", "work", "eu")
        await ui.wait(lambda: added in ui.bench.calls)
        assert "✓ SSH configuration" in ui.text()  # what was tried stays to be read
        await ui.wait(lambda: "Done" in ui.text())
        await ui.press("enter")
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.key == "berlin")


async def test_hosts_of_the_ssh_configuration_are_offered() -> None:
    async with dashboard() as ui:
        ui.bench.places = {"lisbon": "ci@lisbon.example", "build-us": "us.example via bastion"}
        await ui.press("a")
        hosts = ui.app.screen.query_one("#hosts", OptionList)
        await ui.wait(lambda: [option.id for option in hosts.options][2:] == ["tokyo", "lisbon"])
        assert "us.example via bastion" in ui.text()
        assert "ci@lisbon.example · here already" in ui.text()
        _input(ui, "endpoint").value = "build"
        await ui.pilot.pause()
        assert [option.id for option in hosts.options] == ["build-eu", "build-us"]
        await ui.press("down", "enter")
        assert _input(ui, "endpoint").value == "build-eu"
        assert _input(ui, "name").value == "build-eu"


async def test_a_bad_address_tag_or_taken_name_is_said_while_typing() -> None:
    async with dashboard() as ui:
        await ui.press("a", *"h:0")
        assert "not a port" in _said(ui, "endpoint-check")
        _input(ui, "endpoint").value = "-oProxyCommand=reboot"
        await ui.pilot.pause()
        assert "not a host name" in _said(ui, "endpoint-check")
        _input(ui, "endpoint").value = "tokyo.example"
        await ui.pilot.pause()
        assert "already" in _said(ui, "name-check")
        assert not _ready(ui)
        _input(ui, "name").value = "other"
        _input(ui, "tags").value = "a b/c"
        await ui.wait(lambda: "not a tag" in _said(ui, "tags-check"))
        assert not _ready(ui)


async def test_an_address_that_is_here_already_is_said_and_can_have_another_name() -> None:
    async with dashboard() as ui:
        await ui.press("a")
        _input(ui, "endpoint").value = "ssh://dev@tokyo.example.net:2222"
        _input(ui, "name").value = "other"
        await ui.wait(lambda: "tokyo has this address already" in _said(ui, "endpoint-check"))
        assert _ready(ui)
        _input(ui, "endpoint").value = "dev@tokyo.example.net"
        await ui.wait(lambda: "already" not in _said(ui, "endpoint-check"))


async def test_what_failed_is_said_with_the_command_that_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = demo.workbench()
    bench.checkups["berlin"] = [REFUSED]
    async with dashboard(bench) as ui:
        copied: list[str] = []
        monkeypatch.setattr(ui.app, "copy_to_clipboard", copied.append)
        await _try(ui)
        await ui.wait(lambda: "log in" in _said(ui, "outcome"))
        text = ui.text()
        assert "no key was accepted" in text
        assert "→ have your key added there" in text
        assert "$ ssh-copy-id dev@berlin" in text
        assert "not tried: Python, mnix's agent" in text
        assert not any(call[0] == "add_server" for call in bench.calls)
        await ui.press("c")
        assert copied == ["ssh-copy-id dev@berlin"]
        del bench.checkups["berlin"]
        await ui.press("enter")  # tries again
        await ui.wait(lambda: ("add_server", "berlin", "berlin") in bench.calls)
        assert [call[0] for call in bench.calls].count("check_server") == 2


async def test_a_server_that_can_not_be_reached_can_be_added_anyway() -> None:
    bench = demo.workbench()
    bench.checkups["berlin"] = [failing("connect", "no route to host")]
    async with dashboard(bench) as ui:
        await _try(ui)
        await ui.wait(lambda: "connect" in _said(ui, "outcome"))
        await ui.pilot.click("#anyway")
        await ui.wait(lambda: ui.tree.selected and ui.tree.selected.key == "berlin")
        assert ("add_server", "berlin", "berlin") in bench.calls


async def test_escape_stops_the_trying_then_goes_back_then_closes() -> None:
    bench = demo.workbench()
    bench.checkups["berlin"] = [checks.changed(checks.fresh(), "connect", state=CheckState.RUNNING)]
    bench.unending.add("berlin")
    async with dashboard(bench) as ui:
        await _try(ui)
        await ui.wait(lambda: "◐ connect" in ui.text())
        assert "Trying berlin" in _said(ui, "outcome")
        await ui.press("escape")
        assert ui.app.screen.query_one("#form").display
        assert _input(ui, "endpoint").value == "berlin"  # nothing has to be typed again
        await ui.press("escape")
        await ui.wait(lambda: not _on(ui, AddServerDialog))
        assert not any(call[0] == "add_server" for call in bench.calls)


async def test_a_name_that_was_taken_meanwhile_is_said() -> None:
    bench = demo.workbench()
    bench.failures["add_server"] = AlreadyExists("There is a server called berlin already")
    async with dashboard(bench) as ui:
        await _try(ui)
        await ui.wait(lambda: "called berlin already" in _said(ui, "outcome"))
        assert _on(ui, AddServerDialog)


@pytest.mark.parametrize("trusted", [True, False])
async def test_an_unknown_host_key_is_asked_about(trusted: bool) -> None:
    bench = demo.workbench()
    bench.question = replace(QUESTION, others=("ssh-rsa SHA256:old",), hint="another kind")
    async with dashboard(bench) as ui:
        await _try(ui)
        await ui.wait(lambda: _on(ui, HostKeyDialog))
        for part in ("SHA256:abcdef", "+--[art]--+", "ssh-rsa SHA256:old", "→ another kind"):
            assert part in ui.text()
        await ui.press(*(["tab"] if trusted else []), "enter")  # refusing has the focus
        names = [view.server.name for view in bench.state.servers]
        if trusted:
            await ui.wait(lambda: "berlin" in [view.server.name for view in bench.state.servers])
        else:
            await ui.wait(lambda: "host key" in _said(ui, "outcome"))
            assert "was not accepted" in ui.text()
            assert "berlin" not in names


# -- what a login asks


def _asking(*questions: SecretQuestion) -> MemoryWorkbench:
    bench = demo.workbench()
    bench.secrets = list(questions)
    return bench


PASSWORD = SecretQuestion("berlin", "password", "dev@berlin", (("Password: ", False),))
CODES = SecretQuestion(
    "berlin",
    "codes",
    "dev@berlin",
    (("Verification code: ", True), ("PIN: ", False)),
    "Two factors \x1b]0;evil\x07are needed",
    jump="bastion",
)


async def test_a_password_and_codes_are_asked_for_and_never_shown() -> None:
    bench = _asking(PASSWORD, replace(PASSWORD, attempt=2), CODES)
    async with dashboard(bench) as ui:
        await _try(ui)
        await ui.wait(lambda: _on(ui, SecretDialog))
        await ui.press(*"bad")
        assert "bad" not in ui.text()
        assert "•" * 3 in ui.text()
        await ui.press("enter")
        await ui.wait(lambda: "was not right" in ui.text())
        _input(ui, "answer-0").value = "s3cret"
        await ui.press("enter")
        await ui.wait(lambda: "Two factors are needed" in ui.text())
        assert "bastion" in ui.text()
        _input(ui, "answer-0").value = "123456"
        await ui.press("enter", *"99", "enter")
        await ui.wait(lambda: "Done" in ui.text())
        assert "123456" not in ui.text()
        assert bench.answers == [("bad",), ("s3cret",), ("123456", "99")]


async def test_enter_on_an_empty_passphrase_is_no_answer_and_escape_cancels() -> None:
    bench = _asking(SecretQuestion("berlin", "passphrase", "~/.ssh/id", (("Passphrase", False),)))
    async with dashboard(bench) as ui:
        await _try(ui)
        await ui.wait(lambda: _on(ui, SecretDialog))
        await ui.press("enter")
        assert _on(ui, SecretDialog)
        await ui.press("escape")
        await ui.wait(lambda: "log in" in _said(ui, "outcome"))
        assert bench.answers == [None]


async def test_a_question_that_comes_by_itself_takes_no_key_that_was_meant_for_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sudden, "QUIET", 3600.0)
    async with dashboard() as ui:
        asking = asyncio.ensure_future(ui.app.ask_secret(PASSWORD))
        await ui.wait(lambda: _on(ui, SecretDialog))
        await ui.press(*"rm x", "enter", "escape")  # somebody goes on typing
        assert _on(ui, SecretDialog)
        assert _input(ui, "answer-0").value == ""
        monkeypatch.setattr(sudden, "QUIET", 0.0)  # as after a moment without a key
        await ui.press(*"yes", "enter")
        assert await asking == ("yes",)


async def test_a_question_that_comes_by_itself_waits_until_an_open_dialog_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sudden, "QUIET", 0.0)
    async with dashboard() as ui:
        await ui.press("a")
        await ui.wait(lambda: _on(ui, AddServerDialog))
        asking = asyncio.ensure_future(ui.app.ask_secret(PASSWORD))
        await ui.wait(lambda: "berlin asks something to log in. Close this" in ui.text())
        gone = asyncio.ensure_future(ui.app.ask_host_key(QUESTION))
        await ui.wait(lambda: "nobody knows. Close this" in ui.text())
        gone.cancel()
        await ui.press("escape")  # meant for the dialog that is open
        await ui.wait(lambda: _on(ui, SecretDialog))
        await ui.press(*"yes", "enter")
        assert await asking == ("yes",)
        await ui.wait(lambda: ui.app.screen is ui.main)


async def test_a_question_goes_when_nobody_waits_for_its_answer() -> None:
    async with dashboard() as ui:
        first = asyncio.ensure_future(ui.app.ask_secret(PASSWORD))
        await ui.wait(lambda: _on(ui, SecretDialog))
        first.cancel()
        await ui.wait(lambda: not _on(ui, SecretDialog))
        below = asyncio.ensure_future(ui.app.ask_host_key(QUESTION))
        await ui.wait(lambda: _on(ui, HostKeyDialog))
        above = asyncio.ensure_future(ui.app.ask_secret(replace(PASSWORD, kind="confirm")))
        await ui.wait(lambda: _on(ui, SecretDialog))
        below.cancel()
        await ui.pilot.pause()
        assert _on(ui, SecretDialog)
        ui.app.screen.query_one("#no", Button).press()
        assert await above is None
        await ui.wait(lambda: ui.app.screen is ui.main)


# -- looking after servers


async def test_the_doctor_says_what_is_wrong_and_tries_again() -> None:
    bench = demo.workbench()
    bench.checkups["tokyo"] = [REFUSED]
    async with dashboard(bench) as ui:
        await ui.go("tokyo/tokyo-api")  # of the project's server, too
        await ui.press("C")
        await ui.wait(lambda: _on(ui, DoctorScreen))
        await ui.wait(lambda: "It can't be used" in ui.text())
        assert "$ ssh-copy-id dev@berlin" in ui.text()
        del bench.checkups["tokyo"]
        await ui.press("r")
        await ui.wait(lambda: "Everything is fine" in ui.text())
        await ui.press("escape")
        await ui.wait(lambda: ui.app.screen is ui.main)
        assert bench.calls.count(("check_server", "tokyo")) == 2


async def test_leaving_the_doctor_ends_what_it_tries() -> None:
    bench = demo.workbench()
    bench.failures["check_server"] = NotFound("There is no server tokyo")
    async with dashboard(bench) as ui:
        await ui.go("tokyo")
        await ui.press("C")
        await ui.wait(lambda: "There is no server tokyo" in ui.text())
        del bench.failures["check_server"]
        bench.unending.add("tokyo")
        await ui.press("r")
        await ui.wait(lambda: "Trying all" in ui.text())
        doctor = ui.app.screen
        await ui.press("escape")
        await ui.wait(lambda: not any(work.node is doctor for work in ui.app.workers))


LOG = [
    Ran("tokyo", demo.NOW - 5, "command", "mnix-server sync \x1b[31m--project api", "exit 3", 1.25),
    Ran("tokyo", demo.NOW - 9, "request", "project.start project=api", "ok", 0.21),
    Ran("tokyo", demo.NOW - 20, "connect", "dev@tokyo", "ok", 0.14),
]


async def test_the_log_of_a_server_shows_what_was_run_there() -> None:
    bench = demo.workbench()
    bench.server_logs["tokyo"] = LOG
    async with dashboard(bench) as ui:
        await ui.go("tokyo")
        await ui.press("L")
        await ui.wait(lambda: "3 entries · 1 failed" in ui.text())
        table = ui.app.screen.query_one(OptionList)
        whole = ui.app.screen.query_one("#server-log-text", Static)
        assert "mnix-server sync --project api" in str(whole.content)
        await ui.press("down")
        assert "project.start" in str(whole.content)
        bench.server_logs["tokyo"] = [replace(LOG[2], at=demo.NOW), *LOG]  # it goes on meanwhile
        await ui.press("r")
        await ui.wait(lambda: "4 entries" in ui.text())
        assert "project.start" in str(whole.content)
        bench.failures["server_log"] = MnixError("the database is locked")
        await ui.press("r")
        await ui.wait(lambda: "can't be read: the database is locked" in ui.text())
        del bench.failures["server_log"]
        await ui.press("r")
        await ui.wait(lambda: "4 entries" in ui.text())
        await ui.press("f")
        assert table.option_count == 1
        await ui.press("f", "o")
        assert table.option_count == 2
        assert "only connect" in ui.text()
        await ui.press("escape")
        await ui.wait(lambda: not _on(ui, ServerLogScreen))


async def test_tags_and_when_to_connect_are_kept() -> None:
    bench = demo.workbench()
    bench.state = replace(
        bench.state,
        servers=tuple(
            replace(view, server=replace(view.server, tags=("eu", "ci")))
            if view.server.name == "lisbon"
            else view
            for view in bench.state.servers
        ),
    )
    async with dashboard(bench) as ui:
        await ui.go("tokyo")
        await ui.press("E")
        await ui.wait(lambda: _on(ui, TagsDialog))
        assert "Others have: ci eu" in ui.text()
        _input(ui, "tags").value = "Work, asia"
        await ui.press("tab", "right", "enter")
        await ui.wait(lambda: ("set_connect", "tokyo", "always") in bench.calls)
        assert ("set_tags", "tokyo", "work", "asia") in bench.calls


async def test_this_machine_has_no_tags_and_stays() -> None:
    async with dashboard() as ui:
        await ui.go("local")
        await ui.press("E")
        await ui.press("d")
        assert ui.app.screen is ui.main


FOUND = Purged(
    (PurgedProject("1", "api", 1_200_000, 2), PurgedProject("2", "db", 5_000_000, 0)),
    2,
    6_200_000,
    ("~/.local/share/mnix",),
    kept=("volume mnix-nix-1: a container uses it",),
)


async def test_a_purge_shows_what_goes_and_wants_the_name() -> None:
    bench = demo.workbench()
    bench.purges["tokyo"] = FOUND
    async with dashboard(bench) as ui:
        await ui.go("tokyo")
        await ui.press("d")
        await ui.wait(lambda: _on(ui, RemoveServerDialog))
        await ui.pilot.click("#purge")
        await ui.wait(lambda: _on(ui, PurgeDialog))
        await ui.wait(lambda: "2 projects with all files there, 5.9 MiB" in ui.text())
        assert "api, 1.1 MiB, 2 sessions" in ui.text()
        assert "2 running sessions" in ui.text()
        assert "~/.local/share/mnix" in ui.text()
        assert "a container uses it" in ui.text()
        _input(ui, "name").value = "tokyp"
        await ui.press("enter")
        assert _on(ui, PurgeDialog)
        assert "another name" in _said(ui, "name-check")
        await ui.press("backspace", "o", "enter")
        await ui.wait(lambda: ("purge_server", "tokyo", "force") in bench.calls)
        await ui.wait(lambda: "tokyo" not in [view.server.name for view in bench.state.servers])
        await ui.wait(lambda: "2 projects removed from tokyo" in ui.text())
        assert "stays: volume mnix-nix-1: a container uses it" in ui.text()


async def test_what_began_to_run_after_it_was_looked_at_is_not_ended() -> None:
    bench = demo.workbench()
    bench.purges["tokyo"] = replace(FOUND, sessions=0)
    async with dashboard(bench) as ui:
        await ui.go("tokyo")
        await ui.press("d")
        await ui.wait(lambda: _on(ui, RemoveServerDialog))
        await ui.pilot.click("#purge")
        await ui.wait(lambda: "2 projects with all files" in ui.text())
        bench.purges["tokyo"] = FOUND
        _input(ui, "name").value = "tokyo"
        await ui.wait(lambda: _ready(ui))
        await ui.press("enter")
        await ui.wait(lambda: "Sessions run on tokyo" in ui.text())
        assert "tokyo" in [view.server.name for view in bench.state.servers]


async def test_what_can_not_be_looked_at_is_not_purged() -> None:
    bench = demo.workbench()
    bench.failures["purge_server"] = LinkLost("lab is not connected", "no route", "try again")
    async with dashboard(bench) as ui:
        await ui.go("lab")
        await ui.press("d")
        await ui.wait(lambda: _on(ui, RemoveServerDialog))
        await ui.pilot.click("#purge")
        await ui.wait(lambda: "lab is not connected" in ui.text())
        await ui.press(*"lab", "enter")
        assert _on(ui, PurgeDialog)
        assert not _ready(ui)


async def test_a_server_is_forgotten_and_nothing_there_is_touched() -> None:
    async with dashboard() as ui:
        await ui.go("lab")
        await ui.press("d")
        await ui.wait(lambda: _on(ui, RemoveServerDialog))
        assert "everything on the server itself" in ui.text()
        await ui.pilot.click("#yes")
        await ui.wait(lambda: ("remove_server", "lab") in ui.bench.calls)
        assert not any(call[0] == "purge_server" for call in ui.bench.calls)


def test_a_log_calls_projects_by_their_names() -> None:
    ran = Ran("tokyo", 1.0, "command", "sync --project 3hldqudp", "ok", 0.1)
    assert calling({"3hldqudp": "api", "": "old"})(ran).detail == "sync --project api"
    assert calling({"aaaaaaaa": "web"})(ran) is ran
    assert calling({})(ran) is ran
