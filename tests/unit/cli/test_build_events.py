"""The events of a build for programs."""

import asyncio
import json
import os

import pytest

from mnix_tui.cli import build_events, stdio
from mnix_tui.cli.build_events import Events
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.projects import Project
from mnix_tui.domain.states import JobState
from mnix_tui.nixlog import Build
from tests.unit.cli.test_node_log import A, C, begin, nix, said

PROJECT = Project("api", "tokyo", "id1")


def job(**values: object) -> Job:
    known = {"started": 100.0, "ended": 103.5, "exit_code": 0, "generation": 3, **values}
    return Job("aaaa2345", "rebuild", "id1", JobState.EXITED, **known)  # type: ignore[arg-type]


def events(
    *pieces: bytes, ended: Job, capfd: pytest.CaptureFixture[str]
) -> list[dict[str, object]]:
    async def feed() -> None:
        build, display = Build(), Events()
        with display.held(build, PROJECT, ended):
            for piece in pieces:
                await display.take(build.feed(piece))
            await display.take(build.end())
            display.ended(ended, ended.exit_code == 0)

    asyncio.run(feed())
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def at(seconds: float) -> bytes:
    return b'@mnix {"action":"at","time":%f}\n' % seconds


def test_what_begins_stands_before_its_lines_and_its_end(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found = events(
        at(1000) + begin(1, A) + said(1, "hello") + at(1002.5) + nix(action="stop", id=1),
        at(1003) + b"mnix: generation 3 runs\n"
        b'@mnix {"action":"result","ok":true,"generation":3,"changed":true,"message":""}\n',
        ended=job(),
        capfd=capfd,
    )
    names = [each["event"] for each in found]
    assert names[0] == "job"
    assert names[-1] == "end"
    told = [(each["event"], each.get("text", each.get("name"))) for each in found]
    order = [("start", "tool-1.0"), ("line", "hello"), ("stop", "tool-1.0")]
    assert [each for each in told if each in order] == order
    stop = next(each for each in found if each["event"] == "stop")
    assert (stop["node"], stop["state"], stop["seconds"]) == (A, "done", 2.5)
    assert (
        next(each for each in found if each["event"] == "line" and each["kind"] == "build")["node"]
        == A
    )
    assert found[-1] == {
        "event": "end",
        "ok": True,
        "generation": 3,
        "changed": True,
        "exit_code": 0,
        "reason": "",
        "duration": 3.5,
    }
    assert [each["phase"] for each in found if each["event"] == "phase"][-1] == "done"


def test_a_failure_is_a_problem_and_what_ran_was_interrupted(
    capfd: pytest.CaptureFixture[str],
) -> None:
    failed = f"error: builder for '{A}' failed with exit code 2"
    found = events(
        at(5) + begin(1, A) + begin(2, C) + said(1, "no such thing"),
        nix(action="stop", id=1) + nix(action="msg", level=0, msg=failed, raw_msg=failed),
        ended=job(exit_code=1, generation=None, reason="it does not build"),
        capfd=capfd,
    )
    (problem,) = [each for each in found if each["event"] == "problem"]
    assert problem["node"] == A
    assert "no such thing" in str(problem["lines"])
    stops = {each["node"]: each["state"] for each in found if each["event"] == "stop"}
    assert stops == {A: "failed", C: "interrupted"}
    assert (found[-1]["ok"], found[-1]["reason"]) == (False, "it does not build")


def test_progress_is_told_twice_a_second_at_most(capfd: pytest.CaptureFixture[str]) -> None:
    pieces = [at(number / 10) + said(1, "x") for number in range(200)]
    found = events(at(0) + begin(1, A), *pieces, ended=job(), capfd=capfd)
    told = [each for each in found if each["event"] == "progress"]
    assert 1 <= len(told) <= 6
    assert {"fraction", "eta", "builds_running", "bytes_total"} <= told[0].keys()


async def test_a_reader_that_stopped_does_not_stop_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(build_events, "write_fd", lambda _, data: stdio.write_fd(writing, data))
    build, display = Build(), Events()
    try:
        with display.held(build, PROJECT, job()):
            loud = b"".join(said(1, "x" * 1000) for _ in range(200))
            taking = asyncio.create_task(display.take(build.feed(begin(1, A) + loud)))
            drawing = asyncio.create_task(display.run())
            display.trouble("no route")
            await asyncio.wait((taking, drawing), timeout=0.05)  # a pipe holds 64 KiB
            assert not taking.done()
            assert json.loads(os.read(reading, 300).splitlines()[0])["event"] == "job"
            taking.cancel()
            drawing.cancel()
            await asyncio.wait((taking, drawing))
    finally:
        os.close(reading)
        os.close(writing)


async def test_what_comes_between_the_pieces_is_printed_at_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    display = Events()
    with display.held(Build(), PROJECT, job()):
        running = asyncio.create_task(display.run())
        for event in ("job", "link"):
            for _ in range(5):
                await asyncio.sleep(0)
            assert json.loads(capfd.readouterr().out)["event"] == event
            display.trouble("no route")
        running.cancel()
