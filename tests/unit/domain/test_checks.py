from dataclasses import replace

import pytest

from mnix_tui.domain import checks
from mnix_tui.domain.checks import Check, CheckState


def test_checks_are_shown_in_the_order_in_which_they_are_tried() -> None:
    assert checks.KEYS[:5] == ("config", "resolve", "connect", "hostkey", "login")
    assert [check.key for check in checks.fresh()] == list(checks.KEYS)
    assert {check.state for check in checks.fresh()} == {CheckState.WAITING}


def test_one_check_changes_and_the_others_stay() -> None:
    now = checks.changed(checks.fresh(), "nix", state=CheckState.OK, said="nix 2.26")
    assert [check.key for check in now if check.state is CheckState.OK] == ["nix"]
    assert len(now) == len(checks.KEYS)


@pytest.mark.parametrize("state", list(CheckState))
def test_each_state_has_a_shape_of_its_own(state: CheckState) -> None:
    assert checks.GLYPHS[state]
    assert len(set(checks.GLYPHS.values())) == len(CheckState)


@pytest.mark.parametrize(
    ("state", "passes"),
    [
        (CheckState.WAITING, False),
        (CheckState.RUNNING, False),
        (CheckState.OK, True),
        (CheckState.WARN, True),
        (CheckState.FAILED, False),
        (CheckState.SKIPPED, True),
    ],
)
def test_a_server_is_usable_when_nothing_failed_and_all_is_over(
    state: CheckState, passes: bool
) -> None:
    over = [replace(check, state=CheckState.OK) for check in checks.fresh()]
    assert checks.passed([*over, Check("more", "more", state)]) is passes


def test_a_check_as_json() -> None:
    shown = checks.as_json(Check("nix", "nix", CheckState.OK, 0.12345, "nix 2.26"))
    assert shown["state"] == "ok"
    assert shown["seconds"] == 0.123
    assert checks.as_json(Check("nix", "nix"))["seconds"] is None


def test_a_command_is_not_said_twice() -> None:
    without = checks.without_command
    assert without("remove the old one: ssh-keygen -R x", "ssh-keygen -R x") == "remove the old one"
    assert without("as it is", "") == "as it is"
    both = "install it there: apt install python3, or nix profile add python3"
    assert without(both, "apt install python3") == both  # else half a sentence would be left
