"""Which servers are worth a connection."""

import pytest

from mnix_tui.domain.servers import LOCAL, Server
from mnix_tui.fleet.wanting import ALL, USED, Need, keeps

IDLE = Need(wanted=False, projects=False, unknown=False)
WANTED = Need(wanted=True, projects=False, unknown=False)
HOME = Need(wanted=False, projects=True, unknown=False)
NEW = Need(wanted=False, projects=False, unknown=True)


@pytest.mark.parametrize(
    ("connect", "policy", "need", "kept"),
    [
        ("auto", USED, IDLE, False),
        ("auto", USED, WANTED, True),
        ("auto", USED, HOME, True),
        ("auto", USED, NEW, True),
        ("auto", ALL, IDLE, True),
        ("always", USED, IDLE, True),
        ("never", USED, HOME, False),
        ("never", USED, NEW, False),
        ("never", ALL, HOME, False),
        ("never", USED, WANTED, True),
    ],
)
def test_a_server_in_use_is_kept(connect: str, policy: str, need: Need, kept: bool) -> None:
    assert keeps(Server("tokyo", "t", connect=connect), policy, need) is kept


def test_this_machine_is_always_there_unless_told_otherwise() -> None:
    assert keeps(Server(LOCAL, ""), USED, IDLE)
    assert not keeps(Server(LOCAL, "", connect="never"), USED, IDLE)
