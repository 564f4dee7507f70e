"""What a failed build's last words mean."""

import json

import pytest

from server_agent.core.relay_hints import KEPT, Tail, meaning


def said(text: str, level: int = 0) -> bytes:
    event = {"action": "msg", "level": level, "msg": f"\x1b[31;1merror:\x1b[0m {text}"}
    return b"@nix " + json.dumps(event, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("writing to file: No space left on device", "disk is full"),
        ("executing SQLite statement: database or disk is full", "disk is full"),
        ("flake 'x' does not provide attribute 'devShells.x86_64-linux.ci'", "no such shell"),
        ("fatal: detected dubious ownership in repository at '/workspace'", "another user"),
        ("access to absolute path '/etc/x' is forbidden in pure eval mode", "outside of it"),
        ("path 'x' does not exist in Git repository \"/workspace\"", "does not track"),
        ("builder for '/nix/store/x.drv' failed due to signal 9 (Killed)", "was killed"),
        ("unable to download 'https://x': Couldn't resolve host name (6)", "be downloaded"),
        ("opening file '/workspace/flake.lock': Permission denied", "can't be written"),
    ],
)
def test_known_errors_have_a_next_step(text: str, what: str) -> None:
    tail = Tail()
    tail.feed(said(text))
    found = meaning(tail.errors)
    assert what in found.message
    assert found.hint


def test_only_what_nix_calls_an_error_counts() -> None:
    tail = Tail()
    line = {"action": "result", "fields": ["No space left on device"], "id": 1, "type": 101}
    tail.feed(b"@nix " + json.dumps(line, separators=(",", ":")).encode() + b"\n")
    tail.feed(said("unable to download x; retrying", level=1))
    tail.feed(said("undefined variable 'x'"))
    found = meaning(tail.errors)
    assert found.message == ""
    assert "correct the flake" in found.hint


def test_a_flake_without_its_surroundings_is_told_what_helps() -> None:
    tail = Tail()
    tail.feed(
        said("access to absolute path '/nix/store/shared.txt' is forbidden in pure eval mode")
    )
    assert "git init" in meaning(tail.errors, alone=True).hint
    assert "impure" in meaning(tail.errors).hint


def test_a_tail_is_bounded_and_ends_with_the_last_words() -> None:
    tail = Tail()
    for _ in range(1000):
        tail.feed(b"noise\n" * 1000)
    tail.feed(b"error: No space left on device\n")
    assert len(tail.errors) <= KEPT
    assert meaning(tail.errors).code == "no-space"
