"""Names and keys."""

import pytest

from mnix_tui.nixlog.text import history_key, name_of
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
