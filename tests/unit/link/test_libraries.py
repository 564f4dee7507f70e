import ctypes.util
import sys

import pytest

from mnix_tui.link.libraries import find, found_quickly

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's folders")


@on_linux
def test_a_library_that_is_there_is_found_and_one_that_is_not_is_not() -> None:
    assert find("no-such-library") is None
    found = find("c")
    assert found is None or "/libc.so" in found


@on_linux
def test_what_can_not_be_loaded_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("lib")
    (folder / "libodd.so.1").write_text("/* GNU ld script */")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    assert find("odd") is None


def test_the_thorough_way_is_back_afterwards() -> None:
    before = ctypes.util.find_library
    with found_quickly():
        pass
    assert ctypes.util.find_library is before
