"""Drift: which of the three places differ."""

from mnix_tui.domain.drift import Drift, compare


def test_places_that_agree_do_not_drift() -> None:
    same = {"flake.nix": "a", "flake.lock": "b"}
    assert not compare(same, same, same)
    assert Drift() == compare({}, {}, {})


def test_each_pair_of_places_is_told_apart() -> None:
    drift = compare(
        {"flake.nix": "new", "flake.lock": "l"},
        {"flake.nix": "old", "flake.lock": "l", "mnix.toml": "m"},
        {"flake.nix": "old", "flake.lock": "older"},
    )
    assert drift == Drift(unpushed=("flake.nix",), unbuilt=("flake.lock", "mnix.toml"))
    assert drift


def test_a_place_of_which_nothing_is_known_does_not_differ() -> None:
    files = {"flake.nix": "a"}
    assert not compare(files, {}, files)
    assert not compare({}, files, {})
    assert compare(files, {"flake.lock": "l"}, {}) == Drift(unpushed=("flake.nix",))


def test_a_file_that_only_the_server_has_is_not_unpushed() -> None:
    # nix wrote the lock file there, and a push would leave it.
    there = {"flake.nix": "a", "flake.lock": "l"}
    assert not compare({"flake.nix": "a"}, there, there)
