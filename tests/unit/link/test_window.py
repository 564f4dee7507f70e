from mnix_tui.link.window import LARGEST, SMALLEST, Window


def flood(window: Window, speed: float, trip: float, count: int, now: float = 0.0) -> float:
    """Send ``count`` bytes over a line: a window a round trip, but no faster than the line."""
    while count > 0:
        piece = min(32768, count)
        now += piece / min(speed, window.size / trip)
        window.take(piece, now)
        count -= piece
    return now


def test_a_short_slow_line_keeps_its_small_window() -> None:
    window = Window(0)
    flood(window, 2.5e6, 0.02, 8 << 20)
    assert window.size <= 2 * SMALLEST


def test_a_long_line_is_filled_and_no_more() -> None:
    window = Window(0)
    took = flood(window, 10e6, 0.05, 8 << 20)
    assert 10e6 * 0.05 < window.size <= 4 * 10e6 * 0.05
    assert took < 2
    window = Window(0)
    assert flood(window, 100e6, 0.1, 64 << 20) < 6
    assert window.size == LARGEST


def test_after_a_pause_the_window_is_small_again() -> None:
    window = Window(0)
    now = flood(window, 100e6, 0.1, 16 << 20)
    assert window.size > SMALLEST
    assert window.take(10, now + 1) == SMALLEST


def test_keys_never_open_it() -> None:
    window = Window(0)
    for at in range(10_000):
        window.take(10, at * 0.2)
    assert window.size <= 2 * SMALLEST


def test_a_calm_stream_is_fast_only_where_that_delays_nobody() -> None:
    for speed, trip, least, most in (
        (2.5e6, 0.02, SMALLEST, SMALLEST),
        (50e6, 0.05, SMALLEST, SMALLEST),
        (100e6, 0.001, 2 * SMALLEST, LARGEST),
    ):
        window = Window(0)
        now = flood(window, speed, trip, 8 << 20)
        window.calm()
        assert window.size <= max(SMALLEST, speed * 0.03)
        flood(window, speed, trip, 32 << 20, now)
        assert least <= window.size <= most
