"""The tar reader: what tarfile writes it reads, cut anywhere; and it takes nothing else."""

import tarfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.core.tarstream import Member, TarReader
from server_agent.protocol.errors import AgentError
from tests.unit.server_agent.core.archives import archive, folder, link, member

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=120)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map(
    "/".join
)


def read(data: bytes, cuts: list[int]) -> list[tuple[Member, bytes]]:
    reader, found = TarReader(), list[tuple[Member, bytes]]()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        for part in reader.feed(data[start:end]):
            if isinstance(part, Member):
                found.append((part, b""))
            else:
                found[-1] = (found[-1][0], found[-1][1] + part)
    assert reader.complete
    return found


def code_of(data: bytes) -> str:
    """Return the code of the error for these bytes; any other exception goes through."""
    try:
        list(TarReader().feed(data))
    except AgentError as error:
        return error.code
    return ""


@given(
    st.lists(st.tuples(PATHS, st.binary(max_size=2000), st.integers(0, 0o777)), max_size=6),
    st.sampled_from((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)),
    st.lists(st.integers(0), max_size=8),
)
def test_reads_what_tarfile_writes_however_it_is_cut(
    files: list[tuple[str, bytes, int]], form: int, cuts: list[int]
) -> None:
    packed = [member(name, data, mode=mode, mtime=1234567890) for name, data, mode in files]
    got = read(archive(*packed, form=form), cuts)
    assert [(m.name, m.mode, m.mtime_ns, data) for m, data in got] == [
        (name, mode, 1234567890 * 10**9, data) for name, data, mode in files
    ]


def test_reads_folders_links_and_fractions_of_seconds() -> None:
    got = read(archive(folder("d"), link("d/l", "../x"), member("f", b"1", mtime=1.25)), [])
    assert [(m.name, m.kind, m.target) for m, _ in got] == [
        ("d/", "dir", ""), ("d/l", "link", "../x"), ("f", "file", ""),
    ]  # fmt: skip
    assert got[2][0].mtime_ns == 1_250_000_000


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"S", b"Z"])
def test_refuses_devices_fifos_and_what_it_does_not_know(kind: bytes) -> None:
    with pytest.raises(AgentError, match="refused") as error:
        read(archive(member("x", kind=kind)), [])
    assert error.value.code == "unsafe-upload"


@given(st.binary(min_size=512, max_size=2048))
def test_noise_is_an_agent_error_and_nothing_else(noise: bytes) -> None:
    assert code_of(noise) in ("", "unsafe-upload")


@given(st.integers(0, 1535), st.integers(0, 255))
def test_one_damaged_byte_is_an_agent_error_or_harmless(at: int, value: int) -> None:
    data = bytearray(archive(member("a" * 150, b"x" * 100, pax_headers={"mtime": "1.5"})))
    data[at] = value
    assert code_of(bytes(data)) in ("", "unsafe-upload")


def test_refuses_a_header_that_wants_gigabytes_of_memory() -> None:
    info = tarfile.TarInfo("big")
    info.type, info.size = tarfile.XHDTYPE, 8 << 30
    with pytest.raises(AgentError, match="too long"):
        list(TarReader().feed(info.tobuf(tarfile.GNU_FORMAT)))


def test_refuses_what_comes_behind_the_end() -> None:
    data = archive(member("a", b"1"))
    with pytest.raises(AgentError, match="behind"):
        list(TarReader().feed(data + data))
