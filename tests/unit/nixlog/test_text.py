"""Names and keys."""

import pytest

from mnix_tui.nixlog.text import clean, history_key, name_of
from tests.unit.nixlog.logs import drv, out


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("hello-2.12", "hello"),
        ("hello-2.12.tar.gz", "hello.tar.gz"),
        ("python3.11-requests-2.31.0", "python3.11-requests"),
        ("gcc-wrapper-13.2.0", "gcc-wrapper"),
        ("app-1.0-vendor", "app-vendor"),
        ("web-unstable-2024-01-02", "web-unstable"),
        ("source", "source"),
        ("fix-build.patch", "fix-build.patch"),
        ("-1", "-1"),
        ("", ""),
    ],
)
def test_a_key_of_the_history_is_the_name_without_version(name: str, key: str) -> None:
    assert history_key(name) == key


def test_names_for_people() -> None:
    assert name_of(drv("hello-2.12")) == "hello-2.12"
    assert name_of(out("hello-2.12")) == "hello-2.12"
    assert name_of("/elsewhere/thing") == "thing"
    assert name_of("/nix/store/" + "x" * 5000)[-1] == "…"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[1/3] cc -o x\x1b[K", "[1/3] cc -o x"),
        ("\x1b[01;35m\x1b[Kwarning: \x1b[m\x1b[Kx", "\x1b[01;35mwarning: \x1b[mx"),
        ("\x1b[2K\x1b[1Ga\t\x1b[1mb\x1b[0m", "a\t\x1b[1mb\x1b[0m"),
        ("a\u200bb\x07\xa0c", "ab c"),
        ("\x1b\x1b[K[2J\x1b]0;title\x07\x9b31mred", "\x1b[31mred"),
        ("\x1b[3\x001m\x1b[" + "1" * 99 + "mx", "31mx"),
        (" 10 %\r\x1b[K100 %\r", "100 %"),
    ],
)
def test_of_a_terminal_s_sequences_only_whole_colours_stay(text: str, kept: str) -> None:
    assert clean(text) == kept
