"""The leader key in what a terminal sends."""

import pytest

from mnix_tui.cli.leader_keys import LeaderKeys, leader_of


def typed(pieces: list[bytes], leader: str = "ctrl+backslash") -> tuple[bytes, list[str]]:
    keys = LeaderKeys(leader_of(leader))
    out, found = b"", []
    for piece in pieces:
        data, some = keys.feed(piece)
        out += data
        found += some
    return out, found


@pytest.mark.parametrize(
    ("pieces", "sent", "keys"),
    [
        ([b"ls\n"], b"ls\n", []),
        ([b"a\x1c\x1cb"], b"a\x1cb", []),
        ([b"a\x1c", b"d", b"b"], b"ab", ["d"]),
        ([b"a\x1cdb"], b"a", ["d"]),
        ([b"\x1cr", b"y"], b"y", ["r"]),
        ([b"\x1c?x\x1cr"], b"x", ["?", "r"]),
        (["ü\x1cü!".encode()], "ü!".encode(), ["ü"]),
        ([b"\x1c\x1b[A", b"y"], b"y", ["escape"]),
        ([b"\x1c\x1b", b"y"], b"y", ["escape"]),
        # kitty's protocol: the leader, its release, shift's press, and then a key
        ([b"\x1b[92;5u\x1b[92;5:3u\x1b[57441;2u\x1b[63;2u"], b"", ["?"]),
        ([b"\x1b[92;5u\x1b[92;5u"], b"\x1b[92;5u", []),
        # what is pasted is text
        ([b"\x1b[200~a\x1cd\x1b[201~b\x1cd"], b"\x1b[200~a\x1cd\x1b[201~b", ["d"]),
        ([b"\x1b[200~a\x1c", b"d\x1b[201~"], b"\x1b[200~a\x1cd\x1b[201~", []),
    ],
)
def test_only_the_leader_and_the_key_behind_it_are_kept_back(
    pieces: list[bytes], sent: bytes, keys: list[str]
) -> None:
    assert typed(pieces) == (sent, keys)


def test_the_setting_decides_the_leader_and_a_wrong_one_is_the_default() -> None:
    assert typed([b"\x01d"], "ctrl+a") == (b"", ["d"])
    assert typed([b"\x1b[24~r"], "f12") == (b"", ["r"])
    assert typed([b"\x1cd"], "no+such+key") == (b"", ["d"])
