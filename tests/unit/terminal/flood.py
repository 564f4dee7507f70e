"""Floods of hostile output, run in a process of their own: ``python -m tests.unit.terminal.flood``.

Feeds each one to a terminal as a shell's output would come, and prints as JSON what it cost: the
memory beside what was there before, the longest single feed, what came of it.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mnix_tui.terminal import Emulator, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 8 * 1024
MIB = 1 << 20
ENTIRE = b"\x18\x1b\\\x1bc\x1b[?2026lfine"


def _each(form: bytes, count: int) -> bytes:
    return b"".join(form % number for number in range(count))


FLOODS: dict[str, Callable[[], bytes]] = {
    "random bytes": lambda: random.Random(5).randbytes(20 * MIB),
    "endless OSC": lambda: b"\x1b]2;" + b"x" * (8 * MIB),
    "endless clipboard": lambda: b"\x1b]52;c;" + b"QUFB" * (2 * MIB),
    "endless link": lambda: b"\x1b]8;;http://" + b"x" * (8 * MIB),
    "endless mark": lambda: b"\x1b]133;A;" + b"x" * (8 * MIB),
    "endless CSI": lambda: b"\x1b[" + b"9;" * (4 * MIB),
    "endless DCS": lambda: b"\x1bP+q" + b"41" * (2 * MIB),
    "endless picture": lambda: b"\x1b_G" + b"a" * (8 * MIB),
    "endless APC": lambda: b"\x1b_x" + b"a" * (8 * MIB),
    "kitty clipboard without end": lambda: (
        b"\x1b]5522;type=write\x1b\\"
        + (b"\x1b]5522;type=wdata:mime=dGV4dC9wbGFpbg==;" + b"QUFB" * 1000 + b"\x1b\\") * 1500
    ),
    "one character of many marks": lambda: b"a" + b"\xcc\x81" * (4 * MIB),
    "characters of many marks": lambda: (b"e" + b"\xcc\x81" * 100) * 10_000,
    "links": lambda: _each(b"\x1b]8;;http://host/%d\x1b\\x", 100_000),
    "links with ids": lambda: _each(b"\x1b]8;id=%d;http://host/\x1b\\x", 100_000),
    "long links": lambda: _each(b"\x1b]8;;http://h/%%d/%s\x1b\\x" % (b"y" * 1800), 3000),
    "titles": lambda: _each(b"\x1b]2;%d\x07", 100_000),
    "directories": lambda: _each(b"\x1b]7;file:///%d\x07", 50_000),
    "prompts": lambda: b"\x1b]133;A\x07$ \r\n" * 20_000,
    "commands": lambda: b"\x1b]133;A\x07\x1b]133;C\x07\x1b]133;D;1\x07" * 10_000,
    "queries": lambda: b"\x1b[6n\x1b[c\x1b[>q\x1bP+q544e\x1b\\" * 20_000,
    "bells": lambda: b"\x07" * MIB,
    "line ends": lambda: b"\n" * (3 * MIB),
    "styles": lambda: b"".join(
        b"\x1b[38;2;%d;%d;%dmx" % (n >> 16 & 255, n >> 8 & 255, n & 255) for n in range(200_000)
    ),
    "screens": lambda: b"\x1b[?1049h\x1b[?1049l" * 50_000,
    "keyboard modes": lambda: b"\x1b[>1u" * 200_000,
    "saved titles": lambda: b"\x1b[22t" * 200_000,
    "sizes": lambda: b"\x1b[?40h\x1b[?3h\x1b[?7;3h" * 2000,
    "large numbers": lambda: b"\x1b[H\x1b[9999L\x1b[9999M\x1b[9999@\x1b[9999P\x1b[9999b" * 3000,
    "resets": lambda: b"\x1bc" * 3000,
}


def resident() -> int:
    """Return the process's resident bytes (its peak where /proc is missing)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def flood(name: str) -> dict[str, object]:
    """Run one flood and tell what it cost."""
    data = FLOODS[name]()
    emulator = Emulator(80, 24, scrollback_bytes=16 * MIB)
    before, most, longest, events, replies = resident(), 0, 0.0, 0, 0
    for at in range(0, len(data), CHUNK):
        started = time.perf_counter()
        happened = emulator.feed(data[at : at + CHUNK])
        longest = max(longest, time.perf_counter() - started)
        events = max(events, len(happened))
        replies = max(replies, sum(len(e.data) for e in happened if isinstance(e, Reply)))
        if at % (16 * CHUNK) == 0:
            emulator.frame(force=True)
            most = max(most, resident() - before)
    emulator.feed(ENTIRE)
    return {
        "name": name,
        "mib": round(max(most, resident() - before) / MIB, 1),
        "longest": round(longest, 3),
        "events": events,
        "replies": replies,
        "after": emulator.text().splitlines()[0],
    }


def main() -> int:
    """Run all floods, or those named."""
    for name in sys.argv[1:] or FLOODS:
        print(json.dumps(flood(name)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
