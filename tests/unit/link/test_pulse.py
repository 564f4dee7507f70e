from mnix_tui.link.policy import Nap
from mnix_tui.link.pulse import Pulse


def test_a_peer_that_says_something_is_never_silent() -> None:
    pulse = Pulse(5, 0, 1000)
    for now in range(100):
        assert not pulse.hear(now)
        assert pulse.quiet(now + 0.9) == 0


def test_silence_is_told_within_ten_seconds_and_ends_with_the_first_byte() -> None:
    pulse = Pulse(5, 0, 1000)
    assert pulse.quiet(7.9) == 0
    assert pulse.quiet(8.0) == 8.0
    assert pulse.quiet(9.0) == 9.0
    assert pulse.hear(9.5)
    assert pulse.quiet(9.6) == 0
    assert not pulse.hear(9.7)


def test_who_misses_an_answer_has_the_peer_asked_once_and_need_not_wait_long() -> None:
    pulse = Pulse(5, 0, 1000)
    assert not pulse.doubt(0.5)  # it said something just now
    assert pulse.doubt(3)
    assert not pulse.doubt(4)
    assert pulse.quiet(4.9) == 0
    assert pulse.quiet(5.1) == 5.1
    pulse.hear(6)
    assert pulse.quiet(7.9) == 0


def test_a_machine_that_slept_is_noticed_once() -> None:
    pulse = Pulse(5, 10, 1000)
    assert not pulse.slept(11, 1001)
    assert pulse.slept(12, 4000)
    assert not pulse.slept(13, 4001)


def test_what_was_said_before_a_sleep_is_no_sign_of_life_after_it() -> None:
    pulse = Pulse(5, 0, 1000)
    pulse.hear(9.9)
    assert not pulse.doubt(10)
    assert pulse.slept(10, 4000)
    assert pulse.doubt(10)


def test_a_nap_is_over_when_it_is_or_when_the_machine_slept() -> None:
    nap = Nap(30, 100, 5000)
    assert nap.left(110, 5010) == 20
    assert nap.left(130, 5030) == 0
    assert nap.left(111, 9000) == 0
