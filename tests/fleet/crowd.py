"""Two hundred servers on one machine: several sshds and users, and every fifth one dead."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.fleet.fleet import Fleet
from tests.fleet.home import ClientHome

_DEFAULT = {"MaxStartups": "10:30:100"}
"""sshd's own default, which the tests' servers otherwise widen."""


@dataclass(frozen=True)
class Crowd:
    """The names of all servers, as ~/.ssh/config has them."""

    living: tuple[str, ...]
    refusing: tuple[str, ...]
    """Nothing listens there."""
    dropping: tuple[str, ...]
    """Packets go there, and nothing comes back."""
    silent: tuple[str, ...]
    """They take connections and never say a word."""

    one_of_each: tuple[str, ...]
    """A living name for each machine: the others are the same users at the same machines."""

    @property
    def dead(self) -> tuple[str, ...]:
        """Return the names of those that never answer."""
        return (*self.refusing, *self.dropping, *self.silent)

    @property
    def all(self) -> tuple[str, ...]:
        """Return all names, the dead among the living."""
        return tuple(sorted((*self.living, *self.dead)))


@contextmanager
def crowd(fleet: Fleet, home: ClientHome, count: int = 200, machines: int = 8) -> Iterator[Crowd]:
    """Let the client know ``count`` servers, every fifth of them dead."""
    with ExitStack() as stack:
        living = [
            fleet.server(f"crowd{number}", images=(), sshd=_DEFAULT) for number in range(machines)
        ]
        for server in living:
            server.reset()
        refuses = stack.enter_context(socket.socket())
        refuses.bind(("", 0))
        drops = stack.enter_context(socket.create_server(("", 0), backlog=0))
        for _ in range(2):  # the queue is full then: the kernel drops what comes to it
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(drops.getsockname())
        says_nothing = stack.enter_context(socket.create_server(("", 0), backlog=256))
        names: dict[str, list[str]] = {"living": [], "r": [], "d": [], "s": []}
        firsts: dict[int, str] = {}
        dead = {"r": refuses, "d": drops, "s": says_nothing}
        with home.ssh_config.open("a") as config:
            for number in range(count):
                name = f"s{number:03}"
                if number % 5:
                    names["living"].append(name)
                    firsts.setdefault(number % machines, name)
                    config.write(living[number % machines].ssh_config_text(name, home.known_hosts))
                else:
                    kind = "rds"[number // 5 % 3]
                    names[kind].append(name)
                    port = dead[kind].getsockname()[1]
                    # An address for each, or they would be one host.
                    config.write(f"Host {name}\n  HostName 127.0.{number}.1\n  Port {port}\n")
        with home.known_hosts.open("a") as known:
            known.writelines(server.known_hosts_line for server in living)
        yield Crowd(
            tuple(names["living"]),
            tuple(names["r"]),
            tuple(names["d"]),
            tuple(names["s"]),
            tuple(firsts.values()),
        )
