import pytest

from mnix_tui.sync.packing import Packing


def carry(size: int, speed: float, *, packer: float, shrinks: float, line: bool = True) -> float:
    """Return the share of a file's bytes that went packed over a line of ``speed`` bytes/s."""
    done, now, packed = 0, 0.0, 0
    packing = Packing(done, now)
    piece = 1 << 20
    while done < size:
        made = piece / packer if packing.pack else piece / 1e9
        travel = piece / speed / (shrinks if packing.pack and line else 1.0)
        step = max(made, travel)
        packed += piece * packing.pack
        done += piece
        now += step
        packing.wrote(done, max(0.0, step - made), now)
    return packed / size


@pytest.mark.parametrize("speed", [1e6, 12.5e6, 40e6])
def test_a_slow_line_gets_packed_files(speed: float) -> None:
    assert carry(500 << 20, speed, packer=90e6, shrinks=3) > 0.8


def test_a_fast_line_gets_them_as_they_are() -> None:
    assert carry(2 << 30, 400e6, packer=90e6, shrinks=3) < 0.1


def test_what_does_not_shrink_goes_as_it_is() -> None:
    assert carry(500 << 20, 12.5e6, packer=90e6, shrinks=1) < 0.15


def test_a_server_that_is_slow_itself_gets_them_as_they_are() -> None:
    assert carry(500 << 20, 40e6, packer=90e6, shrinks=3, line=False) < 0.15
