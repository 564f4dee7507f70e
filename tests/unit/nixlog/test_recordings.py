"""What real nix said, against what had really happened."""

import pytest

from mnix_tui.nixlog import Build, NodeKind, NodeState
from tests.unit.nixlog.logs import ALL, TRUTH, read, recorded

FORESTS = ("forest", "fallen", "fallen-keep-going")


def states(build: Build) -> dict[str, str]:
    return {n.name: n.state.value for n in build.nodes.values() if n.kind is NodeKind.BUILD}


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(("version", "name"), ALL)
def test_done_is_what_is_valid_afterwards_and_nothing_else(
    version: str, name: str, plain: bool
) -> None:
    truth = TRUTH[version][name]
    build, _ = read(recorded(version, name, plain=plain))
    done = {name for name, state in states(build).items() if state == "done"}
    assert done == {name for name, valid in truth["valid"].items() if valid}
    assert not {"running", "waiting"} & set(states(build).values())
    assert (build.phase == "done") == (truth["exit"] == 0)
    assert bool(build.problems) == (truth["exit"] != 0)
    assert all(each.hint and each.title for each in build.problems)


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_a_forest_with_its_edges_and_times(version: str) -> None:
    build, lines = read(recorded(version, "forest"))
    summary = build.summary()
    assert (summary.builds_done, summary.ok, summary.generation, summary.fraction) == (
        37,
        True,
        13,
        1.0,
    )
    assert build.tree()[0].node.name == "forest-shell-env"
    assert {row.depth for row in build.tree()} >= set(range(7))
    python = next(n for n in build.nodes.values() if n.name == "python3-3.11.8")
    assert 0.5 < python.seconds(build.now) < 5
    assert python.phase == "installPhase"
    assert python.lines == 2 + 4 + 9 + 2 + 1 + 1
    assert list(python.tail)[-1].startswith("installing to /nix/store/")
    said = sum(1 for line in lines if line.kind == "build")
    assert said == sum(node.lines for node in build.nodes.values())


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_without_keep_going_the_others_are_killed_and_not_done(version: str, plain: bool) -> None:
    build, _ = read(recorded(version, "fallen", plain=plain))
    found = states(build)
    assert found["gnutls-3.8.4"] == "failed"
    assert found["workshop-1.0"] == found["wget-1.21.4"] == "interrupted"
    began = [n for n in build.nodes.values() if n.started is not None]
    assert [n.name for n in began if n.state is NodeState.FAILED] == ["gnutls-3.8.4"]
    assert len([n for n in began if n.state is NodeState.INTERRUPTED]) == 3
    [problem] = build.problems
    assert problem.title == "gnutls-3.8.4 failed to build (exit code 2)"
    assert problem.lines[-1] == "make: *** [Makefile:17: build/gnutls-2.o] Error 1"
    assert build.nodes[problem.node_key].error == "exit code 2"
    assert "mnix logs --node gnutls-3.8.4" in problem.hint


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_with_keep_going_both_failures_are_told_and_their_dependents_are_not_done(
    version: str,
) -> None:
    build, _ = read(recorded(version, "fallen-keep-going"))
    assert [each.title.split()[0] for each in build.problems] == [
        "gnutls-3.8.4",
        "python3.11-numpy-1.26.4",
    ]
    blocked = {name for name, state in states(build).items() if state == "interrupted"}
    assert blocked == {
        "wget-1.21.4",
        "python3.11-pandas-2.2.1",
        "api-server-0.9.0",
        "workshop-1.0",
        "forest-shell-env",
    }
    first = build.tree()[:5]
    assert NodeState.FAILED in {row.node.state for row in first}


TITLES = {
    "fail": "failing-tool-1.0 failed to build (exit code 3)",
    "kill": "killed-1.0 was killed (signal 9)",
    "noout": "no-output-1.0 was built, and its output “out” is not there",
    "hash": "wrong-hash-1.0.tar.gz is not what its hash says",
    "slow": "slow-1.0 took over 1 s and was stopped",
    "talk": "talkative-1.0 printed over 1000 bytes and was stopped",
    "foreign": "foreign-1.0 can't be built on this server: it needs riscv64-linux",
    "feature": "feature-1.0 can't be built on this server: it needs",
    "missingbuilder": "nobuilder-1.0: its builder /no/such/bash does not exist",
    "undefined": "undefined variable “thisNameIsUndefined”",
    "attr": "there is no attribute “b”",
    "throws": "you must set something",
    "recursion": "infinite recursion",
    "deep": "reached the bottom",
    "syntax": "syntax error: unexpected '=', expecting ';'",
}


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
@pytest.mark.parametrize("name", TITLES)
def test_the_title_says_what_happened_to_what(version: str, name: str) -> None:
    build, _ = read(recorded(version, name))
    [problem] = build.problems
    assert problem.title.startswith(TITLES[name])
    assert build.problems[0].node_key in build.nodes or "build" not in problem.title


POSITIONS = {
    "undefined": ("undef.nix", 1, 13),
    "attr": ("flake.nix", 22, 12),
    "recursion": ("flake.nix", 27, 25),
    "syntax": ("syntax.nix", 1, 11),
}


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
@pytest.mark.parametrize("name", POSITIONS)
def test_an_evaluation_error_has_its_place_in_the_flake(version: str, name: str) -> None:
    build, _ = read(recorded(version, name))
    [problem] = build.problems
    assert (problem.file, problem.line, problem.column) == POSITIONS[name]
    assert any("^" in each for each in problem.lines)
    assert not any("/nix/store" in each or "derivation-internal" in each for each in problem.lines)


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_a_builder_forges_neither_success_nor_failure(version: str) -> None:
    build, lines = read(recorded(version, "forge"))
    assert build.phase == "done"
    assert build.problems == []
    assert build.summary().ok is None
    assert ("build", '@mnix {"action":"result","ok":true}') in [(x.kind, x.text) for x in lines]
    forger = next(n for n in build.nodes.values() if n.name == "forger-1.0")
    assert forger.phase == "buildPhase"


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_what_a_download_says_before_it_works_is_a_warning(version: str) -> None:
    build, _ = read(recorded(version, "url"))
    assert build.problems[0].title.startswith("can't download http://127.0.0.1:9/x.tar.gz: Could")
    assert [n.state for n in build.nodes.values()] in ([], [NodeState.FAILED])
    assert len(build.problems) == 1
    assert len(build.warnings) == 4
    assert build.summary().warnings == 4
    build, _ = read(recorded(version, "warns"))
    assert build.problems == []


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_a_copy_and_its_transfer_and_its_substitution_are_one_download(version: str) -> None:
    build, _ = read(recorded(version, "substitute"))
    downloads = [n for n in build.nodes.values() if n.kind is not NodeKind.BUILD]
    assert {n.name for n in downloads} == {"zlib-1.3.1", "openssl-3.0.13", "python3-3.11.8"}
    assert {n.kind for n in downloads} == {NodeKind.DOWNLOAD}
    assert {n.state for n in downloads} == {NodeState.DONE}
    summary = build.summary()
    assert (summary.downloads_done, summary.downloads_total) == (3, 3)
    assert summary.bytes_done == summary.bytes_total == sum(n.total for n in downloads)
    assert 2_000_000 < summary.bytes_total < 2_200_000
    assert TRUTH["downloads"][version]["substitute"]["exit"] == 0


@pytest.mark.parametrize("version", ["nix28", "nix226", "nix234"])
def test_a_broken_download_is_a_failure_with_its_reason(version: str) -> None:
    truth = TRUTH["downloads"][version]["broken-cache"]
    build, _ = read(recorded(version, "broken-cache"))
    assert build.phase == "failed"
    assert not any(truth["valid"].values())
    assert not any(n.state is NodeState.DONE for n in build.nodes.values())
    titles = {each.title: each for each in build.problems}
    assert len(titles) == 2
    assert "python3-3.11.8 could not be downloaded" in titles
    zlib = next(each for title, each in titles.items() if title.startswith("zlib-1.3.1 "))
    assert zlib.title.endswith(("failed to download", "can't be downloaded from anywhere"))
    assert "archive" in zlib.lines[0]
