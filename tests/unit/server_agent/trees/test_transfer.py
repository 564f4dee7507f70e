"""Files on their way: small ones together, large ones in pieces, only what changed of them."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from server_agent.protocol import sync
from server_agent.protocol.errors import ProtocolError
from server_agent.protocol.frames import FrameReader, Type
from server_agent.trees import staging
from server_agent.trees.digest import BLOCK, blocks_of, hash_file
from server_agent.trees.model import State
from server_agent.trees.receive import Receiver, Wanted
from server_agent.trees.wire_out import Outgoing, Sender
from tests.unit.server_agent.trees.transfers import (
    alike,
    carry,
    changes,
    packets,
    plant,
    received,
    states,
)

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def kinds(frames: list[bytes]) -> list[Type]:
    reader = FrameReader()
    return [each.type for data in frames for each in reader.feed(data)]


@pytest.mark.parametrize("pack", [False, True])
def test_files_of_all_sizes_arrive(tmp_path: Path, pack: bool) -> None:
    sizes = [0, 1, 10_000, sync.SMALL, sync.SMALL + 1, BLOCK, BLOCK + 1, 3 * MIB + 17]
    here = plant(tmp_path / "here", {f"d{n % 3}/f{n}": noise(n) for n in sizes})
    plant(here, {f"text/{n}": f"line {n}\n" * 400 for n in range(300)})
    there = plant(tmp_path / "there" / "w", {})
    frames = packets(here, changes({}, states(here)), pack=pack)
    assert carry(frames, there).skipped == []
    assert alike(states(there), states(here))
    assert max(map(len, frames)) <= (256 << 10) + 5
    # Hundreds of small files: a few frames.
    assert kinds(frames).count(Type.BATCH_Z if pack else Type.BATCH) < 20


def test_what_does_not_shrink_is_not_packed_again_and_again(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"noise": noise(8 * MIB), "text": b"text\n" * (MIB // 2)})
    found = kinds(packets(here, changes({}, states(here)), pack=True))
    assert found.count(Type.PIECE) >= 32
    assert found.count(Type.PIECE_Z) >= 4


def test_only_the_changed_blocks_of_a_large_file_travel(tmp_path: Path) -> None:
    old = noise(16 * MIB)
    new = old[: 8 * MIB] + noise(100_000, 2) + old[8 * MIB + 100_000 :] + b"tail"
    here = plant(tmp_path / "here", {"big": new})
    there = plant(tmp_path / "there" / "w", {"big": old})
    before, after = states(there)["big"], states(here)["big"]
    lists = {before.value: blocks_of(old), after.value: blocks_of(new)}
    for size in (before.size, 0):
        (there / "big").write_bytes(old)
        item = Outgoing("big", after, before, basis=before.value, basis_size=size)
        frames = packets(here, [item], blocks=lambda value: lists.get(value, b""))
        assert sum(map(len, frames)) < 3 * BLOCK + 2000
        assert carry(frames, there).skipped == []
        assert (there / "big").read_bytes() == new
        trashed = list((tmp_path / "there" / "trash").rglob("big"))
        assert trashed
        assert all(each.read_bytes() == old for each in trashed)


def test_a_basis_that_is_not_there_fails_that_file_only(tmp_path: Path) -> None:
    old = noise(2 * MIB)
    new = old + b"more"
    here = plant(tmp_path / "here", {"big": new, "other": "x"})
    after = states(here)
    lists = {"a" * 32: blocks_of(old), after["big"].value: blocks_of(new)}
    for there_is in (None, noise(2 * MIB, 7), b"short"):
        there = plant(tmp_path / f"there{there_is and len(there_is)}" / "w", {})
        if there_is is not None:
            (there / "big").write_bytes(there_is)
        before = states(there).get("big")
        items = [
            Outgoing("big", after["big"], before, basis="a" * 32, basis_size=len(old)),
            Outgoing("other", after["other"]),
        ]
        frames = packets(here, items, blocks=lambda value: lists.get(value, b""))
        done = carry(frames, there)
        assert [each[:2] for each in done.skipped] == [("big", "basis")]
        assert (there / "other").read_text() == "x"
        assert states(there).get("big") == before


def test_a_cut_large_file_goes_on_where_it_stopped(tmp_path: Path) -> None:
    new = noise(6 * MIB + 5)
    here = plant(tmp_path / "here", {"big": new})
    there = plant(tmp_path / "there" / "w", {})
    incoming = tmp_path / "there" / "incoming"
    state = states(here)["big"]
    frames = packets(here, [Outgoing("big", state)])
    cut = pytest.raises(ProtocolError)  # not whole
    with cut, received(frames[:12], incoming, there):
        pass
    parts = staging.parts(os.fspath(incoming))
    assert parts == {state.value: 11 * sync.PIECE}
    again = packets(here, [Outgoing("big", state, offset=parts[state.value])])
    assert sum(map(len, again)) < len(new) - 11 * sync.PIECE + 1000
    assert carry(again, there).skipped == []
    assert (there / "big").read_bytes() == new
    assert staging.parts(os.fspath(incoming)) == {}


def test_a_part_that_was_damaged_is_thrown_away(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"big": noise(MIB)})
    there = plant(tmp_path / "there" / "w", {})
    incoming = tmp_path / "there" / "incoming"
    state = states(here)["big"]
    plant(incoming, {f"parts/{state.value}": b"z" * 1000})
    done = carry(packets(here, [Outgoing("big", state, offset=1000)]), there)
    assert [each[:2] for each in done.skipped] == [("big", "damaged")]
    assert staging.parts(os.fspath(incoming)) == {}
    done = carry(packets(here, [Outgoing("big", state, offset=1000)]), there)
    assert [each[:2] for each in done.skipped] == [("big", "part")]
    assert carry(packets(here, [Outgoing("big", state)]), there).skipped == []


def test_parts_are_cleared_by_age_and_by_size(tmp_path: Path) -> None:
    incoming = plant(tmp_path / "in", {f"parts/{name}": b"x" * 100 for name in "abcd"})
    for age, name in enumerate("abcd"):
        os.utime(incoming / "parts" / name, (1e9 - age * 86400,) * 2)
    staging.prune_parts(os.fspath(incoming), days=2.5, limit=250, young=0, now=1e9)
    assert staging.parts(os.fspath(incoming)).keys() == {"a", "b"}


def test_a_part_that_came_just_now_is_kept_however_large_it_is(tmp_path: Path) -> None:
    incoming = plant(tmp_path / "in", {f"parts/{name}": b"x" * 100 for name in "abcd"})
    for hours, name in enumerate("abcd"):
        os.utime(incoming / "parts" / name, (1e9 - hours * 43200,) * 2)
    staging.prune_parts(os.fspath(incoming), limit=150, now=1e9)
    assert staging.parts(os.fspath(incoming)).keys() == {"a", "b", "c"}


def test_what_changed_since_it_was_scanned_is_told_and_not_sent(tmp_path: Path) -> None:
    here = plant(
        tmp_path / "here", {"a": "a", "b": "b", "gone": "x", "big": noise(MIB), "c": "c", "l": "l"}
    )
    scanned = states(here)
    (here / "b").write_text("longer")
    (here / "gone").unlink()
    with (here / "big").open("ab") as file:
        file.write(b"more")
    (here / "l").unlink()
    (here / "l").symlink_to("/etc/passwd")
    sender = Sender(os.fspath(here))
    frames = list(sender.frames(changes({}, scanned)))
    there = plant(tmp_path / "there" / "w", {})
    carry(frames, there)
    assert sorted(sender.changed + [path for path, _ in sender.unreadable]) == [
        "b",
        "big",
        "gone",
        "l",
    ]
    assert states(there).keys() == {"a", "c"}
    assert sender.items == 2


def test_a_file_that_grows_while_it_is_sent_is_dropped(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"big": noise(4 * MIB), "z": "z"})
    there = plant(tmp_path / "there" / "w", {})
    sender = Sender(os.fspath(here))
    frames = []
    for data in sender.frames(changes({}, states(here))):
        frames.append(data)
        if len(frames) == 3:
            with (here / "big").open("r+b") as file:
                file.write(b"changed in the middle of it")
    assert sender.changed == ["big"]
    assert carry(frames, there).skipped == []
    assert states(there).keys() == {"z"}
    assert staging.parts(os.fspath(tmp_path / "there" / "incoming")) == {}


def test_nothing_is_read_through_a_link_or_from_a_pipe(tmp_path: Path) -> None:
    outside = plant(tmp_path / "outside", {"secret": "secret", "d/secret": "secret"})
    here = plant(tmp_path / "here", {"link": f"->{outside}"})
    os.mkfifo(here / "pipe")
    state = states(outside)["secret"]
    sender = Sender(os.fspath(here))
    items = [
        Outgoing(path, state) for path in ("link/d/secret", "link/secret", "link", "pipe", "x/y")
    ]
    assert list(sender.frames(items)) == []
    assert len(sender.changed) + len(sender.unreadable) == 5


def test_only_what_was_asked_for_is_taken(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"a": "server's", "d/b": "b", "big": noise(MIB), "liar": "l"})
    there = plant(tmp_path / "there" / "w", {"a": "mine"})
    found, mine = states(here), states(there)
    wanted = {
        "a": Wanted("a.from-server", None, found["a"]),
        "big": Wanted("big", None, found["big"]),
        "liar": Wanted("liar", None, State("f", 0o644, 1000, 0, "")),
    }
    frames = packets(here, [Outgoing(path, found[path]) for path in wanted])
    with received(frames, tmp_path / "there" / "in", there, wanted.get) as batch:
        assert sorted(op.path for op in batch.ops) == ["a.from-server", "big"]
        assert batch.failed == [("liar", "changed", None)]
    more = packets(here, [Outgoing("d/b", found["d/b"])])
    refused = pytest.raises(ProtocolError, match="nobody asked")
    with refused, received(more, tmp_path / "there" / "in", there, wanted.get):
        pass
    removal = packets(here, [Outgoing("a", None, mine["a"])])
    with pytest.raises(ProtocolError), received(removal, tmp_path / "in", there, wanted.get):
        pass


def test_a_receiver_adds_what_it_decides_itself(tmp_path: Path) -> None:
    root = plant(tmp_path / "w", {"gone": "x", "tool": "y"})
    before = states(root)
    from server_agent.trees.apply import apply

    with staging.place(os.fspath(tmp_path / "in")) as place:
        receiver = Receiver(place, os.fspath(root), wanted=lambda _: None)
        receiver.remove("gone", before["gone"])
        receiver.permit("tool", before["tool"]._replace(mode=0o700), before["tool"])
        done = apply(receiver.finish(2), os.fspath(root), os.fspath(tmp_path / "trash"))
    assert (done.applied, done.skipped) == (2, [])
    assert states(root) == {"tool": before["tool"]._replace(mode=0o700)}


def test_a_file_that_is_not_what_its_digest_says_is_not_applied(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"a": "a", "b": "b", "big": noise(MIB)})
    found = states(here)
    wrong = {path: state._replace(value="x" * 32) for path, state in found.items() if path != "b"}
    there = plant(tmp_path / "there" / "w", {})
    frames = packets(here, [Outgoing(path, state) for path, state in {**found, **wrong}.items()])
    done = carry(frames, there)
    assert sorted(each[:2] for each in done.skipped) == [("a", "damaged"), ("big", "damaged")]
    assert states(there).keys() == {"b"}


def test_the_number_of_items_is_held_to(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"a": "a", "b": "b"})
    with staging.place(os.fspath(tmp_path / "in")) as place:
        receiver = Receiver(place, os.fspath(tmp_path), most=1)
        frames = FrameReader().feed(b"".join(packets(here, changes({}, states(here)))))
        with pytest.raises(ProtocolError, match="more than 1"):
            receiver.feed(frames[0])
        with pytest.raises(ProtocolError, match="announced"):
            receiver.finish(2)
        receiver.close()


def test_an_unknown_digest_is_computed_on_the_way(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"a": "a", "big": noise(MIB)})
    there = plant(tmp_path / "there" / "w", {})
    items = [Outgoing(path, each._replace(value="")) for path, each in states(here).items()]
    assert carry(packets(here, items), there).skipped == []
    assert hash_file(there / "big") == hash_file(here / "big")


def test_two_transfers_of_one_content_do_not_write_into_each_other(tmp_path: Path) -> None:
    here = plant(tmp_path / "here", {"big": noise(MIB), "same": noise(MIB)})
    there = plant(tmp_path / "there" / "w", {})
    incoming, found = tmp_path / "there" / "incoming", states(here)
    first = FrameReader().feed(b"".join(packets(here, [Outgoing("big", found["big"])])))
    with staging.place(os.fspath(incoming)) as place:
        receiver = Receiver(place, os.fspath(there))
        for frame in first[:3]:
            receiver.feed(frame)
        done = carry(packets(here, [Outgoing("same", found["same"])]), there)
        assert done.skipped == []
        staging.prune_parts(os.fspath(incoming), days=0, limit=0)
        for frame in first[3:]:
            receiver.feed(frame)
        batch = receiver.finish()
        assert (batch.failed, len(batch.ops)) == ([], 1)
        staged = os.path.join(place, staging.TREE, "big")
        assert hash_file(staged) == hash_file(here / "big")
    assert (there / "same").read_bytes() == noise(MIB)
