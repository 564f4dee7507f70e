"""Room for as many open files as many servers need."""

import resource

from mnix_tui.fleet.room import BESIDE, PER_SERVER, make_room


def test_a_low_limit_is_raised_and_a_high_one_stays() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (BESIDE, before[1]))
        make_room(4)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (BESIDE + 4 * PER_SERVER, before[1])
        make_room(1)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == BESIDE + 4 * PER_SERVER
        make_room(1 << 40)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
