"""A server in a network of its own, at the end of a wire that can be cut without a word."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_numbers = count()


class Wire:
    """Two network namespaces: the server's, and a router on the way that can drop all packets.

    The drop is on the way and not at an end, because a kernel that drops its own packets knows it
    and tries again sooner than after a real loss.
    """

    def __init__(self) -> None:
        number = next(_numbers)
        # Interface names end at 15 characters; runs at the same time must not share a subnet.
        self.name = f"mnix{os.getpid() % 100000}w{number}"
        self._router = f"{self.name}r"
        net = 8 * ((os.getpid() * 16 + number) % (1 << 13))
        first = f"10.{213 + net // 65536}.{net // 256 % 256}"
        at = net % 256
        self.here, self._near = f"{first}.{at + 1}", f"{first}.{at + 2}"
        self._far, self.there = f"{first}.{at + 5}", f"{first}.{at + 6}"
        self._beyond = f"{first}.{at + 4}/30"
        other = first.replace("10.213.", "10.214.")
        self._other_here, self._other_near = f"{other}.{at + 1}", f"{other}.{at + 2}"
        self._ends = [f"{self.name}{letter}" for letter in "abcd"]
        self._routed = True

    @property
    def inside(self) -> tuple[str, ...]:
        """The command line that runs a program at the far end."""
        return ("ip", "netns", "exec", self.name)

    @property
    def _on_the_way(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self._router)

    def lay(self) -> None:
        """Make the network."""
        ends = self._ends
        for space in (self._router, self.name):
            _run("ip", "netns", "add", space)
            _run("ip", "-n", space, "link", "set", "lo", "up")
        pair = ("type", "veth", "peer", "name")
        _run("ip", "link", "add", ends[0], *pair, ends[1], "netns", self._router)
        _run("ip", "-n", self._router, "link", "add", ends[2], *pair, ends[3], "netns", self.name)
        self._address((), ends[0], self.here)
        self._address(("-n", self._router), ends[1], self._near)
        self._address(("-n", self._router), ends[2], self._far)
        self._address(("-n", self.name), ends[3], self.there)
        _run("ip", "route", "add", self._beyond, "via", self._near)
        _run("ip", "-n", self.name, "route", "add", "default", "via", self._far)
        _run(*self._on_the_way, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")

    def cut(self) -> None:
        """Drop every packet, in both directions."""
        _run(*self._on_the_way, "iptables", "-I", "FORWARD", "-j", "DROP")

    def mend(self) -> None:
        """Let the packets through again."""
        _run(*self._on_the_way, "iptables", "-D", "FORWARD", "-j", "DROP")

    def forget(self) -> None:
        """Drop every packet of the connections that are open now, as a router does that lost them."""
        listed = subprocess.run(
            ["ss", "-Htn", "dst", self.there], capture_output=True, text=True, check=True
        )
        for line in listed.stdout.splitlines():
            port = line.split()[3].rpartition(":")[2]
            for side in ("--sport", "--dport"):
                rule = ("-I", "FORWARD", "-p", "tcp", side, port, "-j", "DROP")
                _run(*self._on_the_way, "iptables", *rule)

    def unroute(self) -> None:
        """Have no way to the server, as before a VPN is up."""
        _run("ip", "route", "replace", "unreachable", self._beyond)
        self._routed = False

    def route(self) -> None:
        """Have a way again."""
        _run("ip", "route", "replace", self._beyond, "via", self._near)
        self._routed = True

    def move(self) -> None:
        """Be in another network here, with another address: what was connected is cut off."""
        _run(
            "ip", "-n", self._router, "addr", "add", f"{self._other_near}/30", "dev", self._ends[1]
        )
        _run("ip", "addr", "del", f"{self.here}/30", "dev", self._ends[0])
        _run("ip", "addr", "add", f"{self._other_here}/30", "dev", self._ends[0])
        _run("ip", "route", "replace", self._beyond, "via", self._other_near)

    def remove(self) -> None:
        """Take the network away, and the interfaces with it."""
        if not self._routed:
            _run("ip", "route", "del", "unreachable", self._beyond)
        _run("ip", "netns", "del", self._router)
        _run("ip", "netns", "del", self.name)

    def _address(self, where: tuple[str, ...], interface: str, address: str) -> None:
        _run("ip", *where, "addr", "add", f"{address}/30", "dev", interface)
        _run("ip", *where, "link", "set", interface, "up")


@contextmanager
def laid() -> Iterator[Wire]:
    """Give a wire, and take it away."""
    wire = Wire()
    try:
        wire.lay()
        yield wire
    finally:
        wire.remove()


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, (argv, done.stderr)
