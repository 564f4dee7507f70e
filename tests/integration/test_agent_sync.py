"""`mnix-server sync` over real processes: what is told, what is applied, and what is left after a cut."""

import fcntl
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from server_agent.core import lifecycle, projects, recovery
from server_agent.protocol import sync
from server_agent.protocol.frames import Type, frame
from server_agent.trees import digest
from tests.helpers.settle import settle
from tests.integration.agent_rig import Rig, agent
from tests.integration.sync_client import Failed, SyncClient

LARGE = random.Random(1).randbytes(3 << 20)


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig.make("demo", "host")
    yield rig
    lifecycle.remove(rig.id)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def top(rig: Rig) -> Path:
    return Path(rig.project.workspace)


def tree(rig: Rig) -> dict[str, bytes]:
    found = {}
    for path in sorted(top(rig).rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(top(rig)))] = os.readlink(path).encode()
        elif path.is_file():
            found[str(path.relative_to(top(rig)))] = path.read_bytes()
    return found


def test_what_is_there_is_told_fetched_and_changed(rig: Rig) -> None:
    (top(rig) / "sub").mkdir()
    (top(rig) / "sub" / "tool").write_bytes(b"tool")
    (top(rig) / "sub" / "tool").chmod(0o755)
    (top(rig) / "link").symlink_to("sub/tool")
    (top(rig) / "large").write_bytes(LARGE)
    (top(rig) / ".gitignore").write_text("*.log\n")
    (top(rig) / "build.log").write_text("x")
    os.mkfifo(top(rig) / "fifo")
    with SyncClient(rig.id, {}) as client:
        there, ready = client.there.changed, client.there.ready
        assert set(there) == {".gitignore", "large", "link", "sub", "sub/tool"}
        assert ready["full"] is True
        assert ready["free"] > 1 << 20
        assert [note[:2] for note in ready["notes"]] == [["fifo", "special"]]
        assert (there["sub/tool"].mode, there["sub/tool"].value) == (0o755, "")
        assert client.digests("sub/tool", "large", "nowhere") == {
            "sub/tool": digest.of_bytes(b"tool"),
            "large": digest.of_bytes(LARGE),
            "nowhere": None,
        }
        rows = [[path, "", None, 0] for path in ("link", "sub/tool", "large", "nowhere")]
        found, missing = client.fetch(*rows)
        assert found == {"link": b"sub/tool", "sub/tool": b"tool", "large": LARGE}
        assert missing == [["nowhere", "gone"]]
        # Only what is as it was known is changed.
        there = client.refresh(0).changed
        (top(rig) / "sub" / "tool").write_bytes(b"theirs")
        client.batch(["x", "link", list(there["link"])])
        client.files({"new/a": b"a", "new/b": b"", "sub/tool": b"mine"}, there)
        client.large("new/large", LARGE[::-1])
        done = client.commit()
        assert (done["applied"], done["trashed"]) == (4, 1)
        assert [row[:2] for row in done["skipped"]] == [["sub/tool", "changed"]]
        now = client.refresh(done["seq"])
        assert set(now.changed) == {"sub/tool"}
    files = tree(rig)
    assert files["sub/tool"] == b"theirs"
    assert files["new/large"] == LARGE[::-1]
    assert (files["new/a"], files["new/b"], "link" in files) == (b"a", b"", False)
    assert rig.project.pushed is not None
    # Only what changed since is told, also to another process.
    (top(rig) / "new" / "a").unlink()
    known = {"index": now.ready["index"], "seq": now.seq}
    with SyncClient(rig.id, known) as client:
        assert (client.there.changed, client.there.gone) == ({}, ["new/a"])
        assert client.there.ready["full"] is False
    for other in ({"index": "x", "seq": 1}, {**known, "seq": 10**9}):
        with SyncClient(rig.id, other) as client:
            assert client.there.ready["full"] is True
            assert "new/b" in client.there.changed
    with SyncClient(rig.id, {"dot_git": False, "extra": ["new/"]}) as client:
        assert set(client.there.changed) == {".gitignore", "large", "sub", "sub/tool"}


def test_of_a_large_file_that_changed_only_its_blocks_are_fetched(rig: Rig) -> None:
    with SyncClient(rig.id, {}) as client:
        client.large("large", LARGE)
        client.commit()
        changed = LARGE[:1_000_000] + b"!" + LARGE[1_000_001:]
        (top(rig) / "large").write_bytes(changed)
        client.refresh(0)
        row = ["large", "", digest.of_bytes(LARGE), 0]
        got, _ = client.fetch(row)
        assert got["large"] == changed[3 * digest.BLOCK : 4 * digest.BLOCK]
        assert client.copied == len(LARGE) - digest.BLOCK
        # What is not what was asked for is said, not sent.
        assert client.fetch(["large", digest.of_bytes(b"x"), None, 0]) == (
            {},
            [["large", "changed"]],
        )


def test_a_client_that_goes_at_any_byte_leaves_nothing_but_parts(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SyncClient(rig.id, {}) as client:
        client.files({"a": b"first"})
        client.commit()
    before = tree(rig)
    with SyncClient(rig.id, {}) as client:
        there = client.there.changed
        parts: list[bytes] = []
        with monkeypatch.context() as patch:
            patch.setattr(client, "write", parts.append)
            client.files({"a": b"second", "b": b"new"}, there)
            client.large("large", LARGE)
            client.say(Type.COMMIT, {"items": client.items, "by": "test", "empty": False})
        recorded = b"".join(parts)
    chance = random.Random(2)
    for cut in [1, 5, len(recorded) - 1] + [chance.randrange(len(recorded)) for _ in range(9)]:
        with SyncClient(rig.id, {}) as client:
            client.write(recorded[:cut])
            assert client.end() == 0
        assert tree(rig) == before
        assert set(os.listdir(rig.project.incoming)) <= {"parts"}
    assert recovery.needed(rig.project) is False
    with SyncClient(rig.id, {}) as client:
        size = client.there.ready["parts"][digest.of_bytes(LARGE)]
        assert 0 < size < len(LARGE)
        client.files({"a": b"second"}, client.there.changed)
        client.large("large", LARGE, offset=size)
        assert client.commit()["skipped"] == []
        assert client.refresh(0).ready["parts"] == {}
    assert tree(rig) == {"a": b"second", "large": LARGE}


def test_a_cut_keeps_the_large_files_that_were_whole_too(rig: Rig) -> None:
    place = Path(rig.project.incoming)
    with SyncClient(rig.id, {}) as client:
        client.large("large", LARGE)
        settle(lambda: any(place.glob("*/tree/large")), what="the file")
    with SyncClient(rig.id, {}) as client:  # however old the file itself is
        client.files({"other": b"now"})
        client.commit()
    with SyncClient(rig.id, {}) as client:
        assert client.there.ready["parts"] == {digest.of_bytes(LARGE): len(LARGE)}
        client.large("large", LARGE, offset=len(LARGE))
        client.commit()
    assert tree(rig) == {"large": LARGE, "other": b"now"}
    assert os.listdir(place / "parts") == []


def test_an_agent_that_is_killed_leaves_the_old_or_the_new(rig: Rig) -> None:
    names = [f"f{number:03}" for number in range(300)]
    with SyncClient(rig.id, {}) as client:
        client.files(dict.fromkeys(names, b"0"))
        client.commit()
    chance = random.Random(3)
    for number in range(6):
        old, new = tree(rig)["f000"], b"%d" % (number + 1)
        with SyncClient(rig.id, {}) as client:
            client.files(dict.fromkeys(names, new), client.there.changed)
            client.say(Type.COMMIT, {"items": 300, "by": "test", "empty": False})
            whole = number % 2 == 0 and _whole(Path(rig.project.incoming))
            if number % 2:
                for _ in range(chance.randrange(9000)):
                    os.getppid()
            client.process.send_signal(signal.SIGKILL)
        assert rig.info["state"] == "created"  # who looks finishes it
        assert set(tree(rig).values()) in ([{new}] if whole else [{old}, {new}])
        assert set(os.listdir(rig.project.incoming)) <= {"parts"}
    with SyncClient(rig.id, {}) as client:
        assert len(client.there.changed) == 300


def _whole(incoming: Path) -> bool:
    # Seen at once, not a pause later: there are only some milliseconds from here to the end.
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for place in os.listdir(incoming):
            if os.path.exists(incoming / place / "journal.json"):
                return True
    raise AssertionError("there was no journal")


@pytest.mark.needs("root")
def test_a_full_disk_is_said_and_nothing_is_lost(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server.toml").write_text(f'workspace_root = "{small_disk}"\n')
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(tmp_path / "server.toml"))
    rig = Rig.make("demo", "host")
    with SyncClient(rig.id, {}) as client:
        client.files({"code": b"first"})
        client.commit()
        there = client.refresh(0).changed
        client.files({"code": b"second"}, there)
        with pytest.raises((Failed, BrokenPipeError)) as error:  # noqa: PT012
            client.large("large", LARGE)
            client.commit()
        if error.type is BrokenPipeError:
            with pytest.raises(Failed) as error:
                client.hear()
        assert getattr(error.value, "code", "") == "no-space"
    assert tree(rig) == {"code": b"first"}
    (small_disk / "filler").write_bytes(bytes(1 << 20))
    with SyncClient(rig.id, {}) as client:
        client.files({"code": b"second"}, client.there.changed)
        assert client.commit()["trashed"] == 1
    assert tree(rig) == {"code": b"second"}
    # Full when all of it has arrived: then it is not applied.
    with SyncClient(rig.id, {}) as client:
        client.files({"code": b"third", "new": b"new"}, client.there.changed)
        settle(lambda: any(Path(rig.project.incoming).glob("*/tree/new")), what="the files")
        with (small_disk / "filler").open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        with pytest.raises(Failed) as error:
            client.commit()
        assert error.value.code == "no-space"
    assert tree(rig) == {"code": b"second"}
    (small_disk / "filler").unlink()
    assert rig.info["state"] == "created"
    with SyncClient(rig.id, {}) as client:
        client.files({"code": b"third", "new": b"new"}, client.there.changed)
        assert client.commit()["applied"] == 2
    assert tree(rig) == {"code": b"third", "new": b"new"}
    lifecycle.remove(rig.id)


def test_two_clients_take_turns_and_overwrite_nothing(rig: Rig) -> None:
    with SyncClient(rig.id, {}) as one, SyncClient(rig.id, {}) as two:
        one.files({"a": b"one", "only one": b"1"})
        two.files({"a": b"two", "only two": b"2"})
        first = one.commit()
        second = two.commit()
        assert first["skipped"] == []
        assert [row[:2] for row in second["skipped"]] == [["a", "changed"]]
        assert second["skipped"][0][2][4] == digest.of_bytes(b"one")
        assert set(one.refresh(first["seq"]).changed) == {"only two"}
    assert tree(rig) == {"a": b"one", "only one": b"1", "only two": b"2"}


def test_what_was_seen_before_anybody_asked_counts_only_until_another_one_was_there(
    rig: Rig,
) -> None:
    with SyncClient(rig.id, {}):
        pass  # its rules are known from here on
    (top(rig) / "first").write_bytes(b"1")
    index = Path(rig.project.folder) / "sync" / "index"
    before = index.stat().st_mtime_ns
    with SyncClient(rig.id) as early:
        settle(lambda: index.stat().st_mtime_ns != before, what="a look that nobody asked for")
        with SyncClient(rig.id, {}) as other:
            other.files({"second": b"2"})
            other.commit()
        early.say(Type.HELLO, {"index": "", "seq": 0, "client": "test", "extra": []})
        assert set(early.listing().changed) == {"first", "second"}


def test_a_project_that_is_busy_says_so_and_keeps_what_is_large(rig: Rig) -> None:
    place = Path(rig.project.incoming)
    with SyncClient(rig.id, {}) as client:
        client.large("large", LARGE)
        settle(lambda: any(place.glob("*/tree/large")), what="the file")
        with projects.locked(rig.id, "rebuild", finish=False):
            with pytest.raises(Failed) as error:
                client.commit()
            assert (error.value.code, "rebuild" in str(error.value)) == ("busy", True)
            assert client.end() == 75
            with SyncClient(rig.id, {}) as early:
                early.files({"a": b"a"})
                with pytest.raises(Failed, match="rebuild"):
                    early.hear()
    assert tree(rig) == {}
    with SyncClient(rig.id, {}) as client:
        assert client.there.ready["parts"] == {digest.of_bytes(LARGE): len(LARGE)}
        client.large("large", LARGE, offset=len(LARGE))
        client.commit()
    assert tree(rig) == {"large": LARGE}


def test_nothing_that_a_client_says_breaks_out(rig: Rig, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with SyncClient(rig.id, {}) as client:
        client.files({"a": b"a"})
        client.commit()
    (top(rig) / "way").symlink_to(outside)
    for path in ("../x", "/x", "a/../../x", ".mnix/x", "x\0y", ""):
        with SyncClient(rig.id, {}) as client:
            client.files({path: b"evil"})
            with pytest.raises(Failed) as error:
                client.commit()
            assert error.value.code == "protocol"
    with SyncClient(rig.id, {}) as client:
        client.files({"way/x": b"evil"})
        client.batch(["l", "out", "../..", 1, None])
        assert {row[1] for row in client.commit()["skipped"]} <= {"changed", "link-out"}
        row = client.put("wrong", b"right")
        client.batch(row, contents=[b"wrong"])
        assert client.commit()["skipped"] == [["wrong", "damaged", None]]
    assert list(outside.iterdir()) == []
    rubbish = (
        b"GET / HTTP/1.0\r\n\r\n" * 9,
        frame(Type.HELLO, b"[]"),
        frame(Type.HELLO, b"z" + b"x" * 9),
        sync.message(Type.HELLO, {"seq": "x"}),
        sync.message(Type.COMMIT, {"items": 0}),
    )
    for data in rubbish:
        with SyncClient(rig.id) as client:
            client.write(data)
            with pytest.raises(Failed) as error:
                client.hear()
            assert (error.value.code, client.end()) == ("protocol", 1)
    for kind, value in (
        (Type.COMMIT, {"items": 3}),
        (Type.FETCH, {"items": [["../x", "", None, 0]], "end": True}),
        (Type.FETCH, {"items": [1], "end": True}),
        (Type.DIGEST, {"paths": [7], "end": True}),
        (Type.STATE, {}),
        (Type.FILE_END, {}),
    ):
        with SyncClient(rig.id, {}) as client:
            client.say(kind, value)
            with pytest.raises(Failed) as error:
                client.hear()
            assert error.value.code == "protocol"
    assert tree(rig)["a"] == b"a"
    assert set(os.listdir(rig.project.incoming)) <= {"parts"}


def test_a_workspace_is_not_emptied_by_mistake(rig: Rig, tmp_path: Path) -> None:
    with SyncClient(rig.id, {}) as client:
        client.files({"a": b"a", "b": b"b"})
        client.commit()
        there = client.refresh(0).changed
        gone = [["x", path, list(there[path])] for path in ("a", "b")]
        client.batch(*gone)
        with pytest.raises(Failed, match="nothing would be left"):
            client.commit()
    with SyncClient(rig.id, {}) as client:
        client.batch(*gone)
        assert client.commit(empty=True)["trashed"] == 2
    assert tree(rig) == {}
    in_place = lifecycle.create("other", "host", "flake.nix", str(tmp_path), None)
    with SyncClient(in_place["id"]) as client, pytest.raises(Failed, match="in place"):
        client.hear()
    with SyncClient("aaaaaaaa") as client, pytest.raises(Failed, match="no project"):
        client.hear()
    lifecycle.remove(in_place["id"])


def test_who_watches_is_told_of_changes_and_never_of_its_own(rig: Rig) -> None:
    with SyncClient(rig.id, {"watch": True}) as client:
        client.files({"sub/a": b"a"})
        done = client.commit()
        seq = done["seq"]
        assert client.silent(0.6)  # what it wrote itself is no news
        for number in range(3):
            (top(rig) / "sub" / f"new{number}").mkdir()
            (top(rig) / "sub" / f"new{number}" / "file").write_text("x")
            assert client.hear().type is Type.DIRTY
            found = client.refresh(seq)
            seq = found.seq
            assert f"sub/new{number}/file" in found.changed
        (top(rig) / ".gitignore").write_text("ignored/\n")
        assert client.hear().type is Type.DIRTY
        assert set(client.refresh(seq).changed) == {".gitignore"}
        (top(rig) / "ignored").mkdir()
        (top(rig) / "ignored" / "x").write_text("x")
        (top(rig) / "last").write_text("x")
        assert client.hear().type is Type.DIRTY
        assert set(client.refresh(seq).changed) >= {".gitignore", "last"}
        # Who is told is not told again before it looked.
        (top(rig) / "one").write_text("x")
        assert client.hear().type is Type.DIRTY
        (top(rig) / "two").write_text("x")
        assert client.silent(0.6)


def test_a_watcher_learns_of_what_came_just_before_its_own_change(rig: Rig) -> None:
    with SyncClient(rig.id, {"watch": True}) as one, SyncClient(rig.id, {}) as two:
        two.files({"theirs": b"2"})
        one.files({"mine": b"1"})
        settle(lambda: any(Path(rig.project.incoming).glob("*/tree/mine")), what="its file")
        two.commit()
        one.commit()
        assert one.hear().type is Type.DIRTY
        assert "theirs" in one.refresh(one.there.seq).changed


def test_numbers_of_an_index_that_was_lost_meanwhile_mean_nothing(rig: Rig) -> None:
    with SyncClient(rig.id, {}) as client:
        client.files({"a": b"a"})
        done = client.commit()
        Path(rig.project.folder, "sync", "index").unlink()
        (top(rig) / "b").write_bytes(b"b")
        found = client.refresh(done["seq"])
        assert found.ready["full"] is True
        assert set(found.changed) == {"a", "b"}
        assert client.refresh(found.seq).ready["full"] is False


def test_another_look_waits_for_the_lock_of_this_one(rig: Rig) -> None:
    folder = Path(rig.project.folder, "sync")
    with SyncClient(rig.id, {}):
        pass
    with open(folder / "lock", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with SyncClient(rig.id) as client:
            client.say(Type.HELLO, {"index": "", "seq": 0})
            settle(lambda: b"sync" in _cmdline(client.process.pid), what="the agent's start")
            fcntl.flock(file, fcntl.LOCK_UN)
            assert client.listing().ready["full"] is True


def _cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_project_that_is_removed_meanwhile_is_said_and_stays_removed() -> None:
    rig = Rig.make("gone", "host")
    with SyncClient(rig.id, {}) as client:
        folder = rig.project.folder
        lifecycle.remove(rig.id)
        client.say(Type.REFRESH, {"seq": 0})
        with pytest.raises(Failed, match="is gone") as error:
            client.hear()
        assert error.value.code == "not-found"
    assert not os.path.exists(folder)


def test_by_hand_it_says_what_is_missing() -> None:
    done = agent("sync", "--project", "aaaaaaaa")
    assert done.returncode == 1
    assert b"--nonce is needed" in done.stderr
