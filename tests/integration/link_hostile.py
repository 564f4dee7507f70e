"""An agent that misbehaves as its first argument says, for tests of the client; run on a server."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

MEBI = 1 << 20


def main(how: str, argv: list[str]) -> None:
    nonce = argv[argv.index("--nonce") + 1]
    hello = {"protocol": 1, "version": "9", "python": "\x1b]0;owned\x07" + "3" * 9999, "home": []}
    say(b"MNIX/1 %s %s\n" % (nonce.encode(), json.dumps(hello).encode()))
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"id": request["id"], "result": {"projects": [], "jobs": []}}
        if request["method"] == "server.check":
            texts = {name: ["\x1b[2J"] * 999 for name in ("said", "fix", "hint", "executable")}
            answer["result"] = {"state": {}, "now": 1e300, **texts}
        HOW[how](answer)


def say(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def tell(message: object) -> None:
    say(json.dumps(message).encode() + b"\n")


def long_line(answer: object) -> None:
    for _ in range(100):
        say(b"x" * MEBI)


def stderr_flood(answer: object) -> None:
    for _ in range(20):
        os.write(2, b"noise\x1b[2J\n" * (MEBI // 10))
    tell(answer)


def event_flood(answer: object) -> None:
    tell(answer)
    stats = json.dumps({"event": "stats", "data": {"load1": "much", "cpus": -1}}).encode()
    for _ in range(20):
        say((stats + b"\n") * 500)


def strangers(answer: dict[str, object]) -> None:
    tell({**answer, "id": 1 << 60})


HOW: dict[str, Callable[[Any], None]] = {
    "well": tell,
    "invalid-utf-8": lambda answer: say(b'{"id": 1, "result": "\xff\xfe"}\n'),
    "broken-json": lambda answer: say(b'{"id": 1, "result": \n'),
    "endless-line": long_line,
    "no-question": strangers,
    "odd-ids": lambda answer: tell({**answer, "id": True}),
    "deep": lambda answer: say(b"[" * 200_000 + b"\n"),
    "huge-number": lambda answer: say(b'{"id": 1, "result": ' + b"1" * 9000 + b"}\n"),
    "no-object": lambda answer: tell([answer]),
    "odd-state": lambda answer: tell({"event": "state", "data": {"projects": 5, "jobs": {}}}),
    "odd-job": lambda answer: tell({"event": "state", "data": {"projects": [], "jobs": [{}]}}),
    "odd-answer": lambda answer: tell({**answer, "result": ["\x1b[2J"]}),
    "odd-error": lambda answer: tell({"id": answer["id"], "error": {"message": ["\x1b[2J"]}}),
    "stderr-flood": stderr_flood,
    "event-flood": event_flood,
    "nothing": lambda answer: None,
}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
