"""A server in a network of its own, at the end of a wire that can be cut without a word."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_numbers = count()


class Wire:
    """A network namespace behind a pair of virtual interfaces; packets can be dropped there."""

    def __init__(self) -> None:
        number = next(_numbers)
        # Interface names end at 15 characters; runs at the same time must not share a subnet.
        self.name = f"mnix{os.getpid() % 100000}w{number}"
        net = 4 * ((os.getpid() * 16 + number) % (1 << 14))
        network = f"10.213.{net // 256}"
        self.here, self.there = (f"{network}.{net % 256 + one}" for one in (1, 2))

    @property
    def inside(self) -> tuple[str, ...]:
        """The command line that runs a program at the far end."""
        return ("ip", "netns", "exec", self.name)

    def lay(self) -> None:
        """Make the network."""
        _run("ip", "netns", "add", self.name)
        near, far = f"{self.name}a", f"{self.name}b"
        _run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
        _run("ip", "addr", "add", f"{self.here}/30", "dev", near)
        _run("ip", "link", "set", near, "up")
        _run(*self.inside, "ip", "addr", "add", f"{self.there}/30", "dev", far)
        for interface in (far, "lo"):
            _run(*self.inside, "ip", "link", "set", interface, "up")

    def cut(self) -> None:
        """Drop every packet, in both directions."""
        self._drop("-I")

    def mend(self) -> None:
        """Let the packets through again."""
        self._drop("-D")

    def remove(self) -> None:
        """Take the network away, and both interfaces with it."""
        _run("ip", "netns", "del", self.name)

    def _drop(self, how: str) -> None:
        for chain, side in (("INPUT", "-i"), ("OUTPUT", "-o")):
            _run(*self.inside, "iptables", how, chain, side, f"{self.name}b", "-j", "DROP")


@contextmanager
def laid() -> Iterator[Wire]:
    """Give a wire, and take it away."""
    wire = Wire()
    wire.lay()
    try:
        yield wire
    finally:
        wire.remove()


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, (argv, done.stderr)
