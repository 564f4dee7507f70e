"""Checks as lines: they fit, say what mends them, and hostile text in them does no harm."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.domain import checks
from mnix_tui.domain.checks import Check, CheckState
from mnix_tui.ui import check_words
from mnix_tui.ui.workbench import demo_checks

texts = st.text(max_size=500)


@given(
    st.builds(
        Check, texts, texts, st.sampled_from(CheckState), st.none() | st.floats(0, 1e6), texts
    ),
    st.integers(30, 300),
)
def test_a_line_fits_whatever_a_server_says(check: Check, room: int) -> None:
    line = check_words.line(check, room)
    assert len(line.plain) <= max(room, 2 + check_words.TITLE + 12 + 2)
    assert not set(line.plain) & set("\n\r\x1b\x07")


def test_a_check_that_runs_says_for_how_long_only_when_it_is_slow() -> None:
    check = replace(checks.fresh()[2], state=CheckState.RUNNING)
    assert " s " not in check_words.line(check, 70, 0.4).plain
    assert "2.4 s" in check_words.line(check, 70, 2.4).plain


def test_what_is_worth_a_line() -> None:
    running = demo_checks.steps()[8]
    assert checks.shown(running) == list(running)
    assert check_words.untried(running) is None
    assert running[check_words.leading(running)].key == "login"
    refused = demo_checks.refused()
    assert [check.key for check in checks.shown(refused)] == list(checks.KEYS[:5])
    untried = check_words.untried(refused)
    assert untried is not None
    assert "Python, mnix's agent, Podman, nix, disk, linger" in untried.plain
    assert check_words.leading(checks.shown(refused)) == 4


def test_what_came_of_it() -> None:
    assert check_words.result(demo_checks.well()) == ("✓ Everything is fine (1.0 s)", "good")
    assert "1 thing could be better" in check_words.result(demo_checks.without_linger())[0]
    failed = checks.changed(demo_checks.refused(), "config", state=CheckState.FAILED)
    assert check_words.result(failed)[0].endswith("SSH configuration, and 1 more")


def test_what_is_found_never_hides_what_mends_it() -> None:
    check = replace(demo_checks.refused()[4], said="long " * 500)
    about = check_words.about(check, copy="c").plain
    assert len(about) < 600
    assert about.endswith("$ ssh-copy-id -p 2222 dev@berlin.example   c copies it")
    assert check_words.about(None).plain == ""


def test_what_is_well_is_not_said_again_below_where_its_line_shows_it() -> None:
    linger = checks.changed(
        demo_checks.well(), "linger", state=CheckState.SKIPPED, said="not needed: no systemd"
    )[-1]
    assert check_words.about(linger, room=80).plain == ""
    assert check_words.about(linger, room=40).plain == linger.said
    refused = demo_checks.refused()[4]
    assert refused.said in check_words.about(refused, room=500).plain
