"""Programs that listen where an SSH server is expected; run as a program of its own.

``python impostors.py KIND…`` prints the port of each, and serves until it is killed.
"""

import os
import socket
import sys
import threading
import time


def nothing(line: socket.socket) -> None:
    line.recv(65536)
    while line.recv(65536):
        pass


def closing(line: socket.socket) -> None:
    del line


def web(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 400 Bad Request\r\nServer: \x1b[2Jnginx\r\n\r\n")


def banner(line: socket.socket) -> None:
    while True:
        line.sendall(b"Welcome to the finest of all boxes\r\n" * 1000)


def one_line(line: socket.socket) -> None:
    while True:
        line.sendall(b"welcome " * 8192)


def noise(line: socket.socket) -> None:
    while True:
        line.sendall(os.urandom(65536))


def drip(line: socket.socket) -> None:
    while True:
        line.sendall(b"one moment please\r\n")
        time.sleep(0.1)  # noqa: TID251 - this is no test, and slow is what it is


def broken(line: socket.socket) -> None:
    line.sendall(b"SSH-2.0-Broken_1.0\r\n")
    noise(line)


def odd_name(line: socket.socket) -> None:
    line.sendall(b"SSH-2.0-\xff\xfe\x1b[2J\r\n")
    nothing(line)


def odd_packet(line: socket.socket) -> None:
    line.sendall(b"SSH-2.0-Odd_1.0\r\n\0\0\0\x0c\x0a\x14" + bytes(10))
    nothing(line)


def frozen(line: socket.socket) -> None:
    line.sendall(b"SSH-2.0-Frozen_1.0\r\n")
    nothing(line)


KINDS = {
    each.__name__: each
    for each in (
        nothing,
        closing,
        web,
        banner,
        one_line,
        noise,
        drip,
        broken,
        odd_name,
        odd_packet,
        frozen,
    )
}


def serve(kind: str, listener: socket.socket) -> None:
    while True:
        line, _ = listener.accept()
        threading.Thread(target=one, args=(kind, line), daemon=True).start()


def one(kind: str, line: socket.socket) -> None:
    with line:
        try:
            KINDS[kind](line)
        except OSError:
            pass


def main() -> None:
    for kind in sys.argv[1:]:
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        threading.Thread(target=serve, args=(kind, listener), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
