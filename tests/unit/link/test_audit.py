"""Records of what is done on a server: what is told, with what result, and never a secret."""

import asyncio
import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.domain.audit import LONGEST, Ran
from mnix_tui.errors import Busy, LinkLost
from mnix_tui.link.audit import LOOKS, Recorder, command_text, request_text
from mnix_tui.link.control import Control
from server_agent.control import dispatch
from server_agent.protocol.lines import encode
from tests.helpers.settle import asettle
from tests.unit.link.memory import MemoryCommand

WORD = "hunter2hunter2"


@pytest.mark.parametrize(
    "argv",
    [
        ["env", f"DB_PASSWORD={WORD}", "make"],
        ["sh", "-c", f"export API_KEY='{WORD} {WORD}'; make"],
        ["curl", "-H", f"Authorization: Bearer {WORD}", "https://host/"],
        ["curl", "-H", f"X-Auth-Token: {WORD}"],
        ["curl", f"https://me:{WORD}@host/x"],
        ["clone", "--url", f"https://{WORD}@host/x.git"],
        ["psql", f"postgres://me:{WORD}@host/db"],
        ["tool", "--token", WORD, "--verbose"],
        ["tool", f"--client-secret={WORD}"],
        ["tool", "-p", f"x?access_token={WORD}&b=1"],
        ["git", "push", f"ghp_{WORD}"],
        ["curl", "-d", f'{{"password":"{WORD}","user":"x"}}'],
        ["curl", "-d", f'{{\\"password\\": \\"{WORD}\\"}}'],
        ["sh", "-c", f"tool --token {WORD}; tool --token 'two {WORD}'"],
        ["sh", "-c", f"tool --password --token {WORD}"],
        ["sh", "-c", f"mysql -u me -p{WORD} db && sshpass -p {WORD} ssh host"],
        ["sh", "-c", f"TOKEN='a'{WORD} tool"],
        ["sh", "-c", f'PASSWORD="not closed {WORD}'],
        ["sh", "-c", f"PASSWORD=$(echo {WORD}) tool"],
        ["tool", f"--password=my pass {WORD}"],
        ["env", f"DB_PASS=my {WORD}", f"MYSQL_PWD={WORD}", f"AUTH={WORD}", "make"],
        ["tool", "--pass", WORD, "--auth", WORD, "--pat", WORD],
        ["curl", "-u", f"me:{WORD}", f"--user=me:{WORD}"],
        ["curl", "-H", f"Authorization: token {WORD}", "-H", f"Cookie: a=b; c={WORD}"],
        ["git", "clone", f"https://me:p@{WORD}@host/x"],
        ["psql", f"postgres://me:{WORD}/tail@host/db"],
        ["aws", "configure", "set", "aws_secret_access_key", WORD],
        ["npm", "config", "set", "//host/:_authToken", WORD],
        ["sh", "-c", f"echo '-----BEGIN OPENSSH PRIVATE KEY-----\n{WORD}\n' > key"],
        ["tool", f"eyJhbGciOi.{WORD}.{WORD}", f"sk-proj-{WORD}", f"hvs.{WORD}"],
        ["docker", "login", "-u", "me", "-p", WORD, "registry"],
        ["psql", "-c", f"ALTER USER me PASSWORD '{WORD}'"],
    ],
    ids=lambda argv: argv[-1][:20],
)
def test_what_looks_like_a_secret_is_not_told(argv: list[str]) -> None:
    assert WORD not in command_text(argv)
    assert WORD not in request_text("job.start", {"argv": argv})
    assert argv[0] in command_text(argv)


def test_a_secret_parameter_is_not_told() -> None:
    assert WORD not in request_text("x", {"password": WORD, "deep": {"a": f"token={WORD}"}})
    assert WORD not in request_text("x", {"env": {"API_TOKEN": WORD, "deep": {"password": WORD}}})
    assert WORD not in request_text("x", {"env": [["API_TOKEN", WORD], {"SSH_PASS": WORD}]})


def test_a_result_tells_no_secret() -> None:
    told: list[Ran] = []
    recorder = Recorder("tokyo", told.append)
    with (
        pytest.raises(Busy),
        recorder.during("request", "x"),
    ):
        raise Busy(f"tokyo: Authentication failed for https://me:{WORD}@host/x")
    assert told[0].result == "Authentication failed for https://…@host/x"


@pytest.mark.parametrize(
    "line",
    [
        "git commit -m 'two words: and more'",
        "curl http://localhost:8080/@vite/client -o key.pub",
        "docker run --rm -p 8080:80 -e AUTHOR=me nginx",
        "sh -c 'mkdir -p build; cd build && cmake .. | tee log'",
        "ssh-keygen -l -f keys/monkey.pub",
        "grep -rn 'def compass(' src",
    ],
)
def test_a_command_without_secrets_is_told_as_it_was(line: str) -> None:
    assert command_text(shlex.split(line)) == line


def test_the_rest_is_told_as_it_was() -> None:
    argv = ["exec", "--project", "abcd2345", "--", "grep", "-r", "two words", "."]
    assert command_text(argv) == "exec --project abcd2345 -- grep -r 'two words' ."
    given = {"project": "abcd2345", "argv": ["make", "-j"], "bare": False, "flake": None}
    assert request_text("job.start", given) == "job.start project=abcd2345 argv=[make -j]"


@given(st.lists(st.text(max_size=200), max_size=30))
def test_any_command_is_one_short_line(argv: list[str]) -> None:
    for text in (command_text(argv), request_text("job.start", {"argv": argv})):
        assert len(text) <= LONGEST
        assert not text or text.isprintable()


MORE = tuple(
    each * 9_000
    for each in ("mysql ", "eyJaaaa.", "https://a:", "cookie:", '\\"', "_", "$(", "a_key ", "a: ")
)


def test_a_long_command_is_cut_quickly() -> None:
    began = time.process_time()
    for hostile in ("a-" * 100_000, "token" * 40_000, "://" * 60_000, "secret=" * 30_000, *MORE):
        assert len(command_text([hostile, hostile])) <= LONGEST
    assert time.process_time() - began < 1


def test_what_only_looks_is_all_that_changes_nothing_there() -> None:
    assert frozenset({*dispatch._USECASES, *dispatch._OWN}) - dispatch.CHANGES == LOOKS


async def test_requests_are_told_when_they_are_over_and_looks_are_not() -> None:
    told: list[Ran] = []
    channel = MemoryCommand()
    control = Control(channel, lambda event: None, Recorder("tokyo", told.append))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(control.run())
        looks = [tasks.create_task(control.request(each, {}, None)) for each in sorted(LOOKS)]
        begun = tasks.create_task(control.request("project.start", {"project": "a"}, None))
        await asettle(lambda: channel.sent.count(b"\n") == len(looks) + 1)
        assert told == []
        for number in range(1, len(looks) + 2):
            channel.says(encode({"id": number, "result": {}}))
        await asyncio.gather(begun, *looks)
        assert [(each.server, each.what, each.result) for each in told] == [
            ("tokyo", "request", "ok")
        ]
        assert told[0].detail == "project.start project=a"

        refused = tasks.create_task(_caught(control, "project.stop"))
        given_up = tasks.create_task(control.request("project.rename", {}, None))
        cut_off = tasks.create_task(_caught(control, "project.rebuild"))
        await asettle(lambda: channel.sent.count(b"\n") == len(looks) + 4)
        number = len(looks) + 2
        channel.says(encode({"id": number, "error": {"code": "busy", "message": "a rebuild runs"}}))
        assert isinstance(await refused, Busy)
        given_up.cancel()
        await asettle(given_up.cancelled)
        channel.ends()
        assert isinstance(await cut_off, LinkLost)
    results = {each.detail: each.result for each in told[1:]}
    assert results == {
        "project.stop": "a rebuild runs",
        "project.rename": "cancelled",
        "project.rebuild": "The agent went away",
    }


async def test_a_commands_result_is_its_exit_code_or_what_it_was_left_for() -> None:
    told: list[str] = []

    def command() -> MemoryCommand:
        made = MemoryCommand()
        made.on_result = told.append
        return made

    ended = command()
    ended.ends(3)
    await ended.close()
    await command().close()
    with pytest.raises(LinkLost):
        await _left_by(command(), LinkLost("The line is gone"))
    assert told == ["exit 3", "ok", "The line is gone"]


async def _left_by(command: MemoryCommand, error: LinkLost) -> None:
    try:
        raise error
    finally:
        await command.close()


async def _caught(control: Control, method: str) -> BaseException:
    try:
        await control.request(method, {}, None)
    except (Busy, LinkLost) as error:
        return error
    raise AssertionError(method)
