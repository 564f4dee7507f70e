"""A small agent that speaks the protocol, for tests of the link alone; it is run on the server."""

import json
import os
import select
import socket
import sys


def main(argv: list[str]) -> None:
    at = argv.index("--nonce")
    command, nonce, args = argv[0], argv[at + 1], argv[1:at] + argv[at + 2 :]
    hello = {"protocol": 1, "version": "test", "pid": os.getpid()}
    os.write(1, b"MNIX/1 %s %s\n" % (nonce.encode(), json.dumps(hello).encode()))
    {"serve": serve, "attach": attach, "exec": execute, "receive": receive}[command](args)


def serve(_: list[str]) -> None:
    for line in sys.stdin:
        message = json.loads(line)
        method, params = message["method"], message["params"]
        answer = {"id": message["id"], "result": params}
        if method == "state.get":
            answer["result"] = {"projects": [], "jobs": []}
        elif method == "fail":
            del answer["result"]
            answer["error"] = params
        elif method == "garbage":
            os.write(1, b"Traceback: oh no\n")
        elif method == "die":
            sys.stderr.write("dying as told\n")
            sys.exit(3)
        os.write(1, json.dumps(answer).encode() + b"\n")


def attach(args: list[str]) -> None:
    line = socket.socket(socket.AF_UNIX)
    line.connect(os.path.join(os.environ["XDG_RUNTIME_DIR"], args[0]))
    while True:
        for ready in select.select([0, line.fileno()], [], [])[0]:
            data = os.read(ready, 65536)
            if not data:
                return
            if ready == 0:
                line.sendall(data)
            else:
                os.write(1, data)


def execute(args: list[str]) -> None:
    args = args[args.index("--") + 1 :]
    os.execvp(args[0], args)


def receive(_: list[str]) -> None:
    total = 0
    while True:
        data = os.read(0, 1 << 20)
        if not data:
            break
        total += len(data)
    os.write(1, b"%d\n" % total)


if __name__ == "__main__":
    main(sys.argv[1:])
