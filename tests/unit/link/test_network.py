import asyncio
import socket

from mnix_tui.link import network
from mnix_tui.link.network import Network


def test_the_way_to_an_address_is_one_of_ours_or_a_reason() -> None:
    assert network.way((socket.AF_INET, ("127.0.0.9", 22))) == "127.0.0.1"
    assert network.way((socket.AF_INET, ("255.255.255.255", 22))).startswith("error ")


async def test_only_a_change_of_a_way_that_matters_is_told() -> None:
    told: list[int] = []
    mine = Network()
    end = mine.watch(lambda: told.append(1))
    address = (socket.AF_INET, ("127.0.0.9", 22))
    network.tried(address)
    mine._look()
    assert told == []
    network._ways[address] = "10.9.9.9"  # as if it had been another network
    mine._look()
    mine._look()
    assert told == [1]
    end()
    del network._ways[address]


async def test_while_a_name_can_not_be_looked_up_any_change_may_help() -> None:
    told: list[int] = []
    mine = Network()
    end = mine.watch(lambda: told.append(1))
    network.named("box.example", found=False)
    mine._look()
    mine._look()  # but not all the time
    network.named("box.example", found=True)
    mine._look()
    assert told == [1]
    end()


async def test_nothing_is_left_when_nobody_watches() -> None:
    loop = asyncio.get_running_loop()
    mine = Network()
    ends = [mine.watch(lambda: None) for _ in range(3)]
    line = mine._socket
    assert line is not None
    for end in ends:
        end()
    assert mine._socket is None
    assert line.fileno() == -1
    assert Network.of_loop() is Network.of_loop()
    assert loop.is_running()
