"""The one writer and the pool: nothing is lost, nothing grows without bound."""

import json
import os
import threading
from functools import partial

from server_agent.control.pool import WORKERS, Pool
from server_agent.control.writer import Writer


def test_replies_keep_their_order_and_of_events_the_newest_is_kept() -> None:
    reader, sender = os.pipe()
    writer = Writer(sender, lambda: None)
    writer.reply({"id": 0, "result": "x" * 200_000})  # more than a pipe holds: the writer waits
    with os.fdopen(reader, "rb") as file:
        assert file.read(1) == b"{"
        for number in range(1, 50):
            writer.event("state", {"n": number})
            writer.reply({"id": number})
        file.readline()
        lines = [json.loads(file.readline()) for _ in range(50)]
    writer.close()
    os.close(sender)
    assert [line["id"] for line in lines if "id" in line] == list(range(1, 50))
    assert [line["data"]["n"] for line in lines if "event" in line] == [49]


def test_a_reply_that_is_too_long_is_an_error_for_its_request() -> None:
    reader, sender = os.pipe()
    writer = Writer(sender, lambda: None)
    writer.reply({"id": 7, "result": "x" * (2 << 20)})
    writer.close()
    os.close(sender)
    with os.fdopen(reader, "rb") as file:
        answer = json.loads(file.read())
    assert answer["id"] == 7
    assert "too long" in answer["error"]["message"]


def test_it_says_that_nobody_reads_and_blocks_nobody() -> None:
    reader, sender = os.pipe()
    os.close(reader)
    broken = threading.Event()
    writer = Writer(sender, broken.set)
    for _ in range(100):
        writer.reply({"id": 1, "result": "x" * 100_000})
    assert broken.wait(5)
    writer.close()
    os.close(sender)


def test_the_pool_runs_calls_at_the_same_time_and_finishes_what_began() -> None:
    pool = Pool()
    together = threading.Barrier(WORKERS + 1, timeout=5)
    gate = threading.Event()
    done: list[int] = []

    def call(number: int) -> None:
        together.wait()
        gate.wait(5)
        done.append(number)

    for number in range(WORKERS):
        pool.submit(partial(call, number))
    together.wait()  # all of them run now
    closer = threading.Thread(target=pool.close, args=(5,))
    closer.start()
    gate.set()
    closer.join()
    assert sorted(done) == list(range(WORKERS))
    pool.submit(partial(done.append, 99))
    assert 99 not in done
