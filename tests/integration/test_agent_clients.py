"""Several clients on one session: who is here, who leads, and what the session is called."""

import json
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from server_agent import jobs
from server_agent.control import dispatch
from server_agent.core import paths
from server_agent.jobs import store
from server_agent.protocol import frames
from server_agent.protocol.errors import AgentError
from server_agent.protocol.frames import Frame, Type
from tests.helpers.settle import settle
from tests.integration.job_client import JobClient
from tests.integration.job_rig import PROJECT, cpu, holder_of, jobs_of_its_own, memory, start

__all__ = ["jobs_of_its_own"]

SIZES = (
    'stty -echo; while :; do s=$(stty size); [ "$s" = "$o" ] || echo "<$s>"; o=$s; sleep .02; done'
)


def count(client: JobClient, number: int) -> list[dict[str, Any]]:
    """Wait until so many are attached; return who they are."""

    def fits(frame: Frame) -> bool:
        return frame.type is Type.CLIENTS and frame.json()["clients"] == number

    seen = [frame for frame in client.seen if frame.type is Type.CLIENTS]
    frame = seen[-1] if seen and fits(seen[-1]) else client.until(fits)
    names = frame.json()["names"]
    assert isinstance(names, list)
    return names


def leads(client: JobClient, name: str) -> dict[str, Any]:
    """Wait until a client leads; return what is told of it."""
    return client.until(lambda f: f.type is Type.LEADS and f.json()["client"] == name).json()


def test_each_client_is_told_who_else_is_here() -> None:
    job = start("cat")
    with JobClient(job["socket"], "a", called="ann@laptop") as a:
        with JobClient(job["socket"], "b", called="bob") as b:
            for client, own in ((a, "a"), (b, "b")):
                found = count(client, 2)
                assert [set(n) - {"mine"} for n in found] == [{"client", "name", "since"}] * 2
                assert [(n["client"], n["name"]) for n in found] == [
                    ("a", "ann@laptop"),
                    ("b", "bob"),
                ]
                assert [n["client"] for n in found if n.get("mine")] == [own]
            settle(lambda: jobs.get(job["id"])["clients"] == 2, what="the number in the files")
        assert [n["client"] for n in count(a, 1)] == ["a"]
    settle(lambda: jobs.get(job["id"])["clients"] == 0, what="the number in the files")


def test_a_client_that_comes_back_has_been_here_all_the_time() -> None:
    job = start("cat")
    with JobClient(job["socket"], "a") as a, JobClient(job["socket"], "watcher") as watcher:
        a.type(b"x")
        since = count(watcher, 2)[0]["since"]
        with JobClient(job["socket"], "a", offset=0) as again:
            assert again.until_type(Type.ATTACHED).json()["leader"] == "a"
            assert a.ended()
            assert count(again, 2)[0]["since"] == since


def test_a_leader_that_leaves_hands_the_lead_to_who_typed_last() -> None:
    job = start("bash", "-c", SIZES)
    with (
        JobClient(job["socket"], "a", size=(90, 20)) as a,
        JobClient(job["socket"], "b", size=(70, 10)) as b,
        JobClient(job["socket"], "c", size=(60, 9)) as c,
        JobClient(job["socket"], "logs", size=None) as logs,
    ):
        b.type(b"\n")
        b.until_text(b"<10 70>")
        a.type(b"\n")
        a.until_text(b"<10 70>\r\n<20 90>")  # the first <20 90> may be older: a attached first
        c.until_type(Type.ATTACHED)
        logs.until_type(Type.ATTACHED)
        a.socket.close()
        assert leads(c, "b") == {"client": "b", "cols": 70, "rows": 10}
        logs.until_text(b"<10 70>\r\n<20 90>\r\n<10 70>")
        b.socket.close()
        assert leads(logs, "c")["cols"] == 60
        logs.until_text(b"<9 60>")


def test_the_last_size_stays_when_all_are_gone() -> None:
    job = start("bash", "-c", SIZES)
    with JobClient(job["socket"], "a", size=(90, 20)) as a:
        a.until_text(b"<20 90>")
    with JobClient(job["socket"], "log", size=None) as log:
        attached = log.until_type(Type.ATTACHED).json()
        assert (attached["leader"], attached["cols"], attached["rows"]) == (None, 90, 20)


def open_named(name: str) -> dict[str, Any]:
    return start("cat", name=name)


def test_names_are_unique_among_the_sessions_that_run() -> None:
    first = open_named("build")
    assert (first["name"], first["title"]) == ("build", "build")
    with pytest.raises(AgentError, match="a session build already") as refused:
        open_named("build")
    assert refused.value.code == "exists"
    other = open_named("")
    with pytest.raises(AgentError, match="already"):
        jobs.rename(other["id"], " build ")
    assert jobs.rename(first["id"], "build")["name"] == "build"  # its own name is no other's
    assert jobs.rename(first["id"], "tests ✓")["title"] == "tests ✓"
    assert jobs.rename(other["id"], "build")["name"] == "build"
    assert jobs.rename(other["id"], "")["title"] == "cat"
    jobs.kill(first["id"], 0.0)
    assert open_named("tests ✓")["state"] == "running"  # an ended one keeps no name from others


def test_of_many_who_want_a_name_at_once_one_gets_it() -> None:
    def attempt(_: int) -> bool:
        try:
            open_named("mine")
        except AgentError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert len(store.listing(PROJECT, live=True)) == 1


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "x" * 65, "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(AgentError) as refused:
        open_named(name)
    assert refused.value.code == "usage"
    assert jobs.listing() == []


def test_a_session_is_renamed_over_the_control_channel_and_its_clients_see_it() -> None:
    job = open_named("one")
    assert dispatch.call("session.rename", {"job": job["id"], "name": "two"})["name"] == "two"
    with JobClient(job["socket"], "a") as a:
        assert a.until_type(Type.ATTACHED).json()["job"]["name"] == "two"
    jobs.kill(job["id"], 0.0)
    with pytest.raises(AgentError, match="has ended"):
        dispatch.call("session.rename", {"job": job["id"], "name": "three"})


def test_floods_of_small_frames_cost_little() -> None:
    job = start("cat")
    with JobClient(job["socket"], "good") as good:
        flood = frames.resize_frame(80, 24) + frames.resize_frame(81, 25)
        flood += frames.frame(Type.LEAD) + frames.frame(Type.SIGNAL, b"WINCH")
        clients = [JobClient(job["socket"], f"bad{n}") for n in range(62)]
        try:
            for client in clients:
                threading.Thread(target=_pour, args=(client, flood * 2000), daemon=True).start()
            for number in range(20):
                good.type(b"key %d\n" % number)
                good.until_text(b"key %d\r\n" % number)
            assert memory(holder_of(job)) < 40 << 20
        finally:
            for client in clients:
                client.socket.close()


def _pour(client: JobClient, data: bytes) -> None:
    try:
        client.send(data)
    except OSError:
        pass


def test_a_flood_of_signals_starts_no_flood_of_threads() -> None:
    job = start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
    with JobClient(job["socket"], "a") as a:
        a.until_text(b"ready")
        a.send(frames.frame(Type.SIGNAL, b"TERM") * 5000)
        a.send(frames.resize_frame(81, 25))
        leads(a, "a")
        threads = len(os.listdir(f"/proc/{holder_of(job)}/task"))
        assert threads < 10


def test_64_clients_that_never_read_cost_no_memory() -> None:
    flood = "stty -echo -opost; read x; yes | head -c 60000000; echo; echo the end; cat"
    job = start("sh", "-c", flood)
    with JobClient(job["socket"], "good") as good:
        rest = [JobClient(job["socket"], f"slow{n}", offset=0) for n in range(63)]
        try:
            half = frames.data_frame(Type.INPUT, 0, b"x" * 120_000)
            for client in rest[:30]:
                client.socket.settimeout(1)
                client.send(half[:100_000])  # a frame that never ends
            good.type(b"\n")
            good.until_text(b"the end", timeout=60)
            assert memory(holder_of(job)) < 40 << 20
            with socket.socket(socket.AF_UNIX) as more:
                more.connect(job["socket"])
                more.settimeout(5)
                assert more.recv(1) == b""
        finally:
            for client in rest:
                client.socket.close()


def test_a_holder_with_nothing_to_do_does_nothing() -> None:
    job = start("cat")
    with JobClient(job["socket"], "a") as a:
        a.type(b"hello\n")
        a.until_text(b"hello\r\nhello")
        before = cpu(holder_of(job))
        frames_of_a_second = 0
        try:
            while a.receive(timeout=1.0):
                frames_of_a_second += 1
        except TimeoutError:
            assert frames_of_a_second < 5
        assert cpu(holder_of(job)) - before <= 0.01


def test_the_number_of_clients_is_in_the_state(tmp_path: object) -> None:
    job = start("cat")
    with JobClient(job["socket"], "a") as a:
        a.until_type(Type.ATTACHED)
        path = os.path.join(paths.job(job["id"]), "clients")
        settle(lambda: os.path.exists(path), what="the note")
        state = json.loads(json.dumps(dispatch.state()))
        assert [j["clients"] for j in state["jobs"]] == [1]
