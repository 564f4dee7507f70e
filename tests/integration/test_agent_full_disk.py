"""A full disk on the server: said as what it is, with nothing changed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_agent.jobs import store
from server_agent.protocol.frames import Type
from tests.integration.job_client import JobClient
from tests.integration.job_rig import ended, holder_of, jobs_of_its_own, memory, start

__all__ = ["jobs_of_its_own"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.needs("root")
def test_a_session_goes_on_over_a_full_disk_and_marks_what_is_missing(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(small_disk))
    job = start("sh", "-c", "stty -echo; echo begin; seq 1500000; echo full; cat; seq 10; exit 3")
    with JobClient(job["socket"], "a") as a:
        a.until_text(b"full", timeout=60)
        a.type(b"still he''re\n")
        a.until_text(b"still he")
        told = a.until_type(Type.ATTACHED).json()["job"]
        assert told["reason"] == ""
        # Who was here all the time missed nothing, or was told what: it may have been slow.
        whole = b"begin\r\n" + "".join(f"{n}\r\n" for n in range(1, 1500001)).encode()
        at = 0
        for frame in a.seen:
            if frame.type is Type.GAP:
                assert frame.offsets(2)[0] == at
                at = frame.offsets(2)[1]
            elif frame.type is Type.DATA:
                offset, data = frame.offset_and_bytes()
                assert offset == at
                assert data.startswith(whole[at : at + len(data)])
                at += len(data)
        assert at >= len(whole)
        with JobClient(job["socket"], "b", offset=0) as b:
            gap = b.until_type(Type.GAP).offsets(2)
            assert 0 < gap[0] < gap[1]
            b.until_text(b"still he")
            assert "the disk was full" in b.until_type(Type.ATTACHED).json()["job"]["reason"]
        with JobClient(job["socket"], "fresh") as fresh:
            fresh.until_text(b"still he")
        assert memory(holder_of(job)) < 40 << 20
        a.type(b"\x04")
        assert a.until_type(Type.EXIT).json()["code"] == 3
    info = ended(job)
    assert "the disk was full" in info["reason"]
    store.remove(job["id"])
