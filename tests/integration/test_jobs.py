"""Jobs on real processes: they outlive everybody, and every byte arrives once."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from server_agent import jobs
from server_agent.core import paths
from server_agent.jobs import killing, log, procs, prune, store
from server_agent.protocol import frames
from server_agent.protocol.errors import AgentError
from server_agent.protocol.frames import FrameReader, Type
from tests.helpers.settle import settle
from tests.integration.job_client import JobClient
from tests.integration.job_rig import PROJECT, cpu, ended, holder_of, jobs_of_its_own, memory, start

__all__ = ["jobs_of_its_own"]


def test_a_job_outlives_whoever_started_it(repo: Path) -> None:
    code = (
        "import sys, os; sys.path.insert(0, sys.argv[1]); from server_agent import jobs\n"
        "job = jobs.start('session', 'aaaaaaaa', ['cat'], '/', None, pty=True)\n"
        "print(job['id'], flush=True); os.kill(os.getpid(), 9)"
    )
    starter = subprocess.run(
        [sys.executable, "-c", code, str(repo)], capture_output=True, check=False, text=True
    )
    assert starter.returncode == -signal.SIGKILL
    job = jobs.get(starter.stdout.strip())
    assert job["state"] == "running"
    with JobClient(job["socket"]) as client:
        client.type(b"still here\n")
        client.until_text(b"still here\r\nstill here")


@pytest.mark.parametrize("kind", ["session", "exec"])
def test_two_clients_resume_byte_for_byte_wherever_they_are_cut(kind: str) -> None:
    seed = random.randrange(1 << 30)
    lines = "'%x %d' % (n * 2654435761, n) for n in range(200_000)"
    code = f"import time\nfor line in ({lines}): print(line)\nprint(end='', flush=True)\n"
    expected = "".join(f"{n * 2654435761:x} {n}\n" for n in range(200_000)).encode()
    if kind == "session":
        expected = expected.replace(b"\n", b"\r\n")
    job = start(sys.executable, "-c", code + "time.sleep(1000)", kind=kind)
    with ThreadPoolExecutor() as pool:
        chances = [random.Random(seed + n) for n in range(2)]
        got = list(pool.map(lambda c: _read_in_pieces(job, len(expected), c), chances))
    for data in got:
        assert hashlib.sha256(data).digest() == hashlib.sha256(expected).digest(), f"seed {seed}"


def _read_in_pieces(job: dict[str, Any], size: int, chance: random.Random) -> bytes:
    got = bytearray()
    while len(got) < size:
        with JobClient(job["socket"], f"c{id(got)}", offset=len(got)) as client:
            # Raw bytes are cut anywhere, not only between frames; half a frame is forgotten.
            budget = chance.randrange(1, 600_000)
            while budget > 0 and len(got) < size:
                client.socket.settimeout(10)
                data = client.socket.recv(min(budget, 65536))
                budget -= len(data)
                for frame in client.reader.feed(data):
                    if frame.type is Type.DATA:
                        at, piece = frame.offset_and_bytes()
                        assert at == len(got)
                        got += piece
    return bytes(got)


def test_input_that_is_sent_again_is_not_typed_twice() -> None:
    job = start("sh", "-c", "stty -echo; echo ready; cat")
    with JobClient(job["socket"], "typist") as client:
        client.until_text(b"ready")
        client.type(b"first\n")
        client.until_text(b"first")
        client.send(frames.data_frame(Type.INPUT, 0, b"first\nsecond\n"))
        client.until_text(b"second")
    with JobClient(job["socket"], "typist", offset=0) as client:
        assert client.until_type(Type.ATTACHED).json()["accepted"] == 13
        client.send(frames.data_frame(Type.INPUT, 6, b"second\nthird\n"))
        client.until(lambda f: f.type is Type.ACK and f.offsets(1) == (19,))
        output = client.until_text(b"third")
    assert [output.count(word) for word in (b"first", b"second", b"third")] == [1, 1, 1]


def test_a_client_that_does_not_read_delays_nobody() -> None:
    flood = "stty -echo; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done; exec cat"
    job = start("sh", "-c", flood)
    with JobClient(job["socket"], "slow") as slow, JobClient(job["socket"], "quick") as quick:
        quick.until_text(b"done", timeout=30)
        waits = []
        for key in range(20):
            begun = time.perf_counter()
            quick.type(b"key %d\n" % key)
            quick.until_text(b"key %d\r\n" % key)
            waits.append(time.perf_counter() - begun)
        assert sorted(waits)[10] < 0.05
        # It did not cost the slow one anything either.
        assert slow.until_text(b"done", timeout=30).count(b"x") == 20_000_000


def test_input_for_a_program_that_does_not_read_waits_at_the_client() -> None:
    job = start("sh", "-c", "stty raw -echo; echo ready; exec sleep 1000")
    with JobClient(job["socket"], "paste") as paste, JobClient(job["socket"], "other") as other:
        paste.until_text(b"ready")
        with pytest.raises(TimeoutError):
            _paste(paste, 100 << 20)
        assert memory(holder_of(job)) < 40 << 20
        other.send(frames.frame(Type.LEAD))
        other.until(lambda f: f.type is Type.LEADS and f.json()["client"] == "other")
        for _ in range(10):  # what was on its way, and then nothing
            before = cpu(holder_of(job))
            try:
                other.receive(timeout=0.5)
            except TimeoutError:
                break
        else:
            pytest.fail(f"the holder is not quiet: {other.seen[-10:]}")
        assert cpu(holder_of(job)) - before < 0.1  # it waits, and does not ask again and again


def _paste(client: JobClient, size: int) -> None:
    client.socket.settimeout(0.5)
    for offset in range(0, size, 4096):
        client.send(frames.data_frame(Type.INPUT, offset, b"x" * 4096))


def test_who_typed_last_leads_and_sets_the_size() -> None:
    script = 'stty -echo; while :; do s=$(stty size); [ "$s" = "$o" ] || echo "$s"; o=$s; sleep .02; done'
    job = start("bash", "-c", script)
    with JobClient(job["socket"], "a", size=(90, 20)) as a:
        a.until_text(b"20 90")
        with JobClient(job["socket"], "b", size=(70, 10)) as b:
            assert b.until_type(Type.ATTACHED).json()["leader"] == "a"
            b.send(frames.resize_frame(75, 15))  # it does not lead: only noted
            b.type(b"\n")
            b.until_text(b"15 75")
            found = a.until(lambda f: f.type is Type.LEADS and f.json()["client"] == "b").json()
            assert (found["cols"], found["rows"]) == (75, 15)
            a.send(frames.frame(Type.LEAD))
            b.until(lambda f: f.type is Type.LEADS and f.json()["client"] == "a")
        assert b"10 70" not in a.output
        a.until(lambda f: f.type is Type.CLIENTS and f.json()["clients"] == 1)


@pytest.mark.needs("vim")
def test_a_fresh_client_sees_what_vim_shows(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("a needle in vim\n")
    job = start("vim", "-u", "NONE", "-N", str(file))
    with JobClient(job["socket"], "a") as a:
        a.until_text(b"needle")
        with JobClient(job["socket"], "b") as b:
            b.until_type(Type.LIVE)
            replayed = b.output.count(b"needle")
            assert b"\x1b[?1049h" in b.output
            # The redraw was asked for after the replay, and has the size that it had before.
            b.until(lambda f: b.output.count(b"needle") > replayed)
            assert b.until_type(Type.ATTACHED).json()["rows"] == 24


def test_a_preamble_sets_the_modes_that_are_no_longer_replayed() -> None:
    script = "printf '\\033[?1049h\\033[?2004h\\033]2;my title\\007'; seq 1500000; echo end; cat"
    job = start("sh", "-c", script)
    with JobClient(job["socket"], "a", offset=0) as a:
        a.until_text(b"end", timeout=30)
    with JobClient(job["socket"], "b") as b:
        attached = b.until_type(Type.ATTACHED).json()
        b.until_type(Type.LIVE)
        assert 0 < attached["end"] - attached["offset"] <= 8 << 20
        assert b.seen[1].type is Type.PREAMBLE
        assert b.seen[1].payload == b"\x1b[?1049h\x1b[?2004h\x1b]2;my title\x07"


def test_a_session_drops_the_oldest_part_of_its_log() -> None:
    job = start("seq", "300000", log_limit=256 << 10)
    ended(job)
    kept = log.bytes_kept(os.path.join(paths.job(job["id"]), "log"))
    assert 128 << 10 < kept <= 256 << 10
    seen = _attach_by_command(job, offset=0)
    gap = next(f for f in seen if f.type is Type.GAP).offsets(2)
    assert gap[0] == 0
    data = b"".join(f.offset_and_bytes()[1] for f in seen if f.type is Type.DATA)
    assert data.endswith(b"300000\r\n")
    assert len(data) == jobs.get(job["id"])["log_size"] - gap[1] == kept


def test_a_rebuild_keeps_the_head_and_the_tail_of_its_log() -> None:
    job = start("seq", "300000", kind="rebuild", log_limit=256 << 10)
    ended(job)
    kinds = [f.type for f in _attach_by_command(job, offset=0)]
    assert kinds.count(Type.GAP) == 1
    assert kinds.index(Type.DATA) < kinds.index(Type.GAP) < len(kinds) - 2
    folder = os.path.join(paths.job(job["id"]), "log")
    assert log.bytes_kept(folder) <= 256 << 10
    assert log.LogReader(folder).read(0, 4) == (0, b"1\n2\n")


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 100,
        frames.frame(Type.RESIZE, b"\0"),
        frames.frame(Type.INPUT, b"x"),
        frames.data_frame(Type.INPUT, 99, b"x"),
        frames.json_frame(Type.ATTACH, {"client": "again", "offset": 0}),
        frames.frame(Type.DATA, bytes(8)),
        bytes([1, 255, 255, 255, 255]),
    ],
)
def test_bad_frames_end_only_the_client_that_sent_them(garbage: bytes) -> None:
    job = start("cat")
    with JobClient(job["socket"], "good") as good, JobClient(job["socket"], "bad") as bad:
        bad.until_type(Type.ATTACHED)
        bad.send(garbage)
        assert bad.ended()
        good.type(b"fine\n")
        good.until_text(b"fine\r\nfine")


def test_a_job_with_a_dead_holder_is_lost_and_its_leftovers_are_ended() -> None:
    job = start("bash", "-c", "trap '' HUP TERM; (sleep 1000; :) & echo $!; wait")
    with JobClient(job["socket"]) as client:
        left = int(client.until_text(b"\n").split()[0])
        os.kill(holder_of(job), signal.SIGKILL)
        client.ended()
    settle(lambda: jobs.get(job["id"])["state"] == "lost")
    lost = jobs.get(job["id"])
    assert (lost["reason"], lost["exit_code"]) == ("its holder was killed", None)
    assert procs.start_time(left)
    jobs.kill(job["id"], 0.0)
    settle(lambda: not procs.start_time(left), what="the leftover's end")
    # What it printed is still there.
    seen = _attach_by_command(job, offset=None)
    assert str(left).encode() in b"".join(f.payload for f in seen if f.type is Type.DATA)
    assert seen[-1].json()["reason"] == "its holder was killed; the shell was ended"


def test_a_lost_job_s_shell_may_have_ended_before_what_it_started() -> None:
    job = start("bash", "-c", "(trap '' HUP TERM; sleep 1000; :) & echo $!; wait")
    with JobClient(job["socket"]) as client:
        left = int(client.until_text(b"\n").split()[0])
        os.kill(holder_of(job), signal.SIGKILL)
        client.ended()
    settle(lambda: jobs.get(job["id"])["state"] == "lost")
    shell = store.read_meta(paths.job(job["id"]))["child"]["pid"]
    settle(lambda: not procs.start_time(shell), what="the shell's end")
    jobs.kill(job["id"], 0.0)
    settle(lambda: not procs.start_time(left), what="the leftover's end")


def test_a_later_session_that_had_a_lost_job_s_pid_is_left_alone() -> None:
    job = start("cat")
    os.kill(holder_of(job), signal.SIGKILL)
    settle(lambda: jobs.get(job["id"])["state"] == "lost")
    argv = ["sh", "-c", "sleep 63 > /dev/null & echo $!"]
    with subprocess.Popen(argv, start_new_session=True, stdout=subprocess.PIPE) as leader:
        other = int(leader.communicate()[0])
    folder = paths.job(job["id"])
    gone = {"pid": leader.pid, "start": "1"}
    store.write_meta(folder, {**store.read_meta(folder), "child": gone})
    jobs.kill(job["id"], 0.0)
    assert procs.start_time(other)
    os.kill(other, signal.SIGKILL)


def test_kill_asks_first_and_then_makes_it() -> None:
    polite = start(
        "bash",
        "-c",
        "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done",
        kind="exec",
    )
    with JobClient(polite["socket"]) as client:
        client.until_text(b"ready")
        assert jobs.kill(polite["id"], 5.0)["exit_code"] == 7
        assert b"bye" in client.until_text(b"bye")
    stubborn = start("bash", "-c", "trap '' HUP TERM INT; echo ready; while :; do sleep 0.05; done")
    with JobClient(stubborn["socket"]) as client:
        client.until_text(b"ready")
        info = jobs.kill(stubborn["id"], 0.2)
    assert (info["state"], info["exit_code"], info["reason"]) == (
        "exited",
        137,
        "killed by SIGKILL",
    )


def test_a_command_that_cannot_be_run_is_a_job_that_says_so() -> None:
    job = start("/no/such/program")
    assert ended(job)["exit_code"] == 127
    kept = b"".join(part.read_bytes() for part in Path(paths.job(job["id"]), "log").iterdir())
    assert b"/no/such/program: there is no such file" in kept


def test_the_holder_ends_its_job_when_it_is_asked_to_end() -> None:
    job = start("sh", "-c", "echo ready; sleep 1000")
    with JobClient(job["socket"]) as client:
        client.until_text(b"ready")
        os.kill(holder_of(job), signal.SIGHUP)  # ignored: a closed login is no reason
        os.kill(holder_of(job), signal.SIGTERM)
        client.until_type(Type.EXIT)
    assert ended(job)["exit_code"] in (129, 143)


def test_interrupt_end_of_input_and_signals_reach_the_program() -> None:
    program = """
import os, signal, sys
for name in ("INT", "TERM"):
    signal.signal(getattr(signal, "SIG" + name), lambda n, _: os.write(1, b"signal %d\\n" % n))
os.write(1, b"ready\\n")
sys.stdin.read()
os.write(1, b"over\\n")
"""
    job = start(sys.executable, "-c", program)
    with JobClient(job["socket"]) as client:
        client.until_text(b"ready")
        client.send(frames.frame(Type.SIGNAL, b"INT"))
        client.until_text(b"signal 2")
        client.send(frames.frame(Type.SIGNAL, b"TERM"))
        client.until_text(b"signal 15")
        client.send(frames.frame(Type.SIGNAL, b"NONSENSE"))
        client.send(frames.frame(Type.EOF) * 2)  # the second is the same end, sent again
        client.until_text(b"over")
        assert client.until_type(Type.EXIT).json()["code"] == 0


@pytest.mark.parametrize("live", [True, False])
def test_attach_serves_live_and_ended_jobs_alike(live: bool) -> None:
    script = "seq 100000; read line; echo got $line" if live else "seq 100000; echo got nothing"
    job = start("sh", "-c", script)
    if not live:
        ended(job)
    typed = frames.data_frame(Type.INPUT, 0, b"it\n") if live else b""
    seen = _attach_by_command(job, offset=0, then=typed)
    data = b"".join(f.offset_and_bytes()[1] for f in seen if f.type is Type.DATA)
    numbers = "".join(f"{n}\r\n" for n in range(1, 100001)).encode()
    assert data.replace(b"it\r\n", b"", 1).startswith(numbers)
    assert data.endswith(b"got it\r\n" if live else b"got nothing\r\n")
    assert seen[-1].type is Type.EXIT


def test_attach_waits_for_a_holder_that_does_not_listen_yet() -> None:
    job = start("sh", "-c", "echo here; read line; echo got $line")
    away = job["socket"] + ".away"
    os.rename(job["socket"], away)
    listens = threading.Timer(2.5, os.rename, (away, job["socket"]))
    listens.start()
    seen = _attach_by_command(job, offset=0, then=frames.data_frame(Type.INPUT, 0, b"it\n"))
    listens.join()
    data = b"".join(f.offset_and_bytes()[1] for f in seen if f.type is Type.DATA)
    assert data.endswith(b"got it\r\n")
    assert (seen[-1].type, seen[-1].json()["code"]) == (Type.EXIT, 0)


def test_attach_to_an_unknown_job_says_so_in_the_preface() -> None:
    done = subprocess.run(
        [*_agent(), "attach", "zzzzzzzz", "--nonce", "n"], capture_output=True, check=False
    )
    hello = json.loads(done.stdout.split(b" ", 2)[2])
    assert (done.returncode, hello["error"]["code"], done.stderr) == (1, "not-found", b"")


def test_old_jobs_go_but_never_live_ones_or_the_last_rebuild() -> None:
    made = []
    for number, kind in enumerate(["rebuild", "exec", "exec", "exec"]):
        made.append(start("echo", str(number), kind=kind))
        ended(made[-1])
    live = start("cat")
    assert prune.prune(PROJECT, per_project=2) == [made[2]["id"], made[1]["id"]]
    assert {job["id"] for job in jobs.listing()} == {live["id"], made[0]["id"], made[3]["id"]}
    assert prune.prune(PROJECT, in_all=0) == [made[3]["id"], made[0]["id"]]
    with pytest.raises(AgentError) as caught:
        jobs.get(made[0]["id"])
    assert caught.value.code == "not-found"


@pytest.mark.needs("root")
def test_a_full_disk_costs_the_log_some_bytes_and_nobody_their_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=True)
    try:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        job = start("sh", "-c", "stty -echo; seq 900000; echo full; read line; echo got $line")
        with JobClient(job["socket"]) as client:
            client.until_text(b"full", timeout=30)
            with JobClient(job["socket"], "two") as second:
                told = second.until_type(Type.ATTACHED).json()["job"]["reason"]
                assert "the disk was full" in told
            client.type(b"it\n")
            client.until_text(b"got it")
            assert "the disk was full" in client.until_type(Type.EXIT).json()["reason"]
        assert ended(job)["exit_code"] == 0
    finally:
        settle(lambda: not procs.start_time(holder_of(job)), what="the holder's end")
        subprocess.run(["umount", str(tmp_path)], check=True)


def _agent() -> list[str]:
    return [sys.executable, "-m", "server_agent"]


def _attach_by_command(
    job: dict[str, Any], *, offset: int | None, then: bytes = b""
) -> list[frames.Frame]:
    """Run `attach` to the job's end; return all frames."""
    ask = frames.json_frame(Type.ATTACH, {"client": "c", "offset": offset, "cols": 80, "rows": 24})
    process = subprocess.Popen(
        [*_agent(), "attach", job["id"], "--nonce", "n"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(ask + then)
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"MNIX/1 n {")
        seen = FrameReader().feed(process.stdout.read())
        process.stdin.close()
    return seen


def test_a_job_whose_log_goes_with_its_end_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = start("sh", "-c", "echo here; exec sleep 1000")
    folder = Path(paths.job(job["id"]))
    real = killing.escalate

    def ended_and_given_up(*args: Any) -> None:
        real(*args)
        prune.prune(PROJECT, per_project=0)
        settle(lambda: not folder.exists())

    monkeypatch.setattr(killing, "escalate", ended_and_given_up)
    assert jobs.kill(job["id"], 1.0)["state"] == "exited"
