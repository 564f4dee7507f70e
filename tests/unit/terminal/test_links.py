"""Links (OSC 8) in the rows that are drawn."""

from __future__ import annotations

from mnix_tui.terminal import Emulator


def linked(address: str, text: str) -> str:
    return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\"


def links(emulator: Emulator, y: int = 0) -> list[tuple[str, str]]:
    emulator.frame()
    return [(run.text, run.style.link) for run in emulator.row(y) if run.style.link]


def test_runs_carry_their_links() -> None:
    emulator = Emulator(40, 3)
    first = linked("https://one", "first")
    second = linked("https://two", "\x1b[31msecond 中文\x1b[0m")
    emulator.feed(f"a {first}{second} b".encode())
    assert links(emulator) == [("first", "https://one"), ("second 中文", "https://two")]
    assert sum(run.width for run in emulator.row(0)) == 40
    assert [run.style.foreground for run in emulator.row(0) if "second" in run.text] == [1]


def test_another_address_under_the_same_text_is_seen() -> None:
    emulator = Emulator(40, 3)
    for address in ("https://one", "https://two", "https://three"):
        emulator.feed(f"\x1b[H{linked(address, 'text')}".encode())
        assert links(emulator) == [("text", address)]
    emulator.feed(b"\x1b[Htext")
    assert links(emulator) == []


def test_links_move_with_their_rows() -> None:
    emulator = Emulator(40, 3)
    emulator.feed(f"\r\n\r\n{linked('https://one', 'text')}".encode())
    assert links(emulator, 2) == [("text", "https://one")]
    emulator.feed(b"\r\n")
    assert links(emulator, 1) == [("text", "https://one")]
    emulator.feed(b"\r\n" * 5)
    emulator.scroll(-5)
    assert links(emulator, 1) == [("text", "https://one")]
