"""nix's words in all the releases: plans, failures, errors of evaluation."""

import pytest

from mnix_tui.nixlog import NodeKind, NodeState
from tests.unit.nixlog.logs import drv, error, message, nix, out, read, result, start, started, stop

PLANS = [
    ["this derivation will be built:\n  {a}"],
    ["these derivations will be built:", "  {a}", "  {b}"],
    ["these 2 derivations will be built:", "  {a}", "  {b}"],
    ["\x1b[1mthese 2 derivations will be built:\x1b[0m", "  {a}", "  {b}"],
]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("level", [0, 3])
def test_plans_of_builds(plan: list[str], level: int) -> None:
    texts = [each.format(a=drv("a"), b=drv("b")) for each in plan]
    build, lines = read(nix(*(message(text, level) for text in texts)))
    names = [n.name for n in build.nodes.values()]
    assert names == ["a", "b"][: len(names)]
    assert len(names) == (1 if "this " in plan[0] else 2)
    assert {n.state for n in build.nodes.values()} == {NodeState.INTERRUPTED}
    assert [each.title for each in build.problems] == ["the rebuild broke off"]
    assert {line.kind for line in lines} == {"message"}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("these 3 paths will be fetched (0.89 MiB download, 2.00 MiB unpacked):", 2 << 20),
        ("this path will be fetched (0.89 MiB download, 2.50 KiB unpacked):", 2560),
        ("these paths will be fetched (1.20 GiB download, 3.00 GiB unpacked):", 3 << 30),
        ("these 3 paths will be fetched (1 B download, 900 B unpacked):", 900),
    ],
)
def test_plans_of_downloads(text: str, size: int) -> None:
    build, _ = read(nix(message(text, 3), message(f"  {out('a')}", 3), message("other", 3)))
    assert [(n.name, n.kind) for n in build.nodes.values()] == [("a", NodeKind.DOWNLOAD)]
    assert build.summary().bytes_total == size


def test_paths_outside_a_plan_are_only_text() -> None:
    build, _ = read(nix(message("something:", 3), message(f"  {drv('a')}", 3)))
    assert build.nodes == {}


NEW = """Cannot build '{a}'.
       Reason: builder {why}.
       Output paths:
         /nix/store/x-a
       Last 2 log lines:
       > one
       > two
       For full logs, run:
         nix log {a}"""
OLD = """builder for '{a}' {why};
       last 2 log lines:
       > one
       > two
       For full logs, run 'nix log {a}'."""
OLDER = "builder for '{a}' {why}; last 2 log lines:\n  > one\n  > two"
WHYS = [
    ("failed with exit code 2", "a failed to build (exit code 2)"),
    ("failed due to signal 9 (Killed)", "a was killed (signal 9)"),
    ("failed due to signal 11 (Segmentation fault)", "a was killed by signal 11 (Segmentation fault)"),
    ("failed to produce output path for output 'out' at '/nix/store/x-a'",
     "a was built, and its output “out” is not there"),
]  # fmt: skip


@pytest.mark.parametrize("words", [NEW, OLD, OLDER])
@pytest.mark.parametrize(("why", "title"), WHYS)
def test_failed_builders_of_all_releases(words: str, why: str, title: str) -> None:
    text = words.format(a=drv("a"), why=why)
    build, _ = read(nix(start(1, 104), started(2, "a"), result(1, 105, 0, 1, 0, 1), error(text)))
    [problem] = build.problems
    assert problem.title == title
    assert problem.lines == ("one", "two")
    assert problem.hint
    assert build.nodes[drv("a")].state is NodeState.FAILED


@pytest.mark.parametrize(
    "text",
    [
        "1 dependencies of derivation '{b}' failed to build",
        "1 dependency of derivation '{b}' failed to build",
        "cannot build derivation '{b}': 1 dependencies couldn't be built",
        "Cannot build '{b}'.\n       Reason: 1 dependency failed.\n       Output paths:\n  /nix/store/x",
    ],
)
def test_what_was_not_begun_is_interrupted_and_no_problem_of_its_own(text: str) -> None:
    log = nix(
        start(1, 104),
        started(2, "a"),
        result(1, 105, 0, 1, 0, 1),
        error(f"builder for '{drv('a')}' failed with exit code 1"),
        stop(2),
        error(text.format(b=drv("b"))),
        error(f"build of '{drv('b')}' failed"),
        error("build failed due to failed dependency"),
    )
    build, _ = read(log)
    assert build.nodes[drv("b")].state is NodeState.INTERRUPTED
    assert build.nodes[drv("b")].error == "1 of its dependencies failed"
    assert [each.node_key for each in build.problems] == [drv("a")]


TEXTS = [
    ("error: hash mismatch in fixed-output derivation '{a}':\n  specified: sha256-A\n     got:    sha256-B",
     "a is not what its hash says", "after “got”"),
    ("writing to file: No space left on device", "no space left on the server", "mnix gc"),
    ("building of '{a}!out' from .drv file timed out after 5 seconds of silence",
     "a said nothing for 5 s", "max-silent-time"),
    ("building '{a}' timed out after 60 seconds", "a took over 60 s", "timeout"),
    ("a 'i686-linux' with features {{kvm}} is required to build '{a}', but I am a 'x86_64-linux'",
     "a can't be built on this server: it needs i686-linux", "builder"),
    ("Cannot build '{a}'.\nReason: required system or feature not available\nRequired system: "
     "'i686-linux' with features {{}}", "a can't be built on this server: it needs i686-linux", "system"),
    ("unable to download 'https://c.example/x.nar.xz': HTTP error 404\n\n  response body:\n  gone",
     "can't download https://c.example/x.nar.xz: HTTP error 404", "network"),
    ("attribute 'devShells' missing", "there is no attribute “devShells”", "rebuild"),
    ("flake 'path:/w' does not provide attribute 'devShells.x86_64-linux.web', 'packages.x86'",
     "the flake has no dev shell “web”", "dev_shell"),
    ("access to absolute path '/etc' is forbidden in pure evaluation mode (use '--impure')",
     "access to absolute path '/etc' is forbidden in pure", "impure = true"),
    ("path '/nix/store/x-source/new.nix' does not exist: Path 'new.nix' is not tracked by Git",
     "path '/nix/store/x-source/new.nix' does not exist", "git add"),
    ("experimental Nix feature 'flakes' is disabled; use '--extra-experimental-features flakes'",
     "the server's nix does not allow “flakes”", "experimental-features"),
    ("cannot connect to socket at '/nix/var/nix/daemon-socket/socket': Connection refused",
     "the server's nix daemon does not answer", "nix-daemon"),
    ("interrupted by the user", "nix was interrupted", "kept"),
    ("Package ‘steam-1.0’ in /nix/store/x/default.nix:3 has an unfree license (‘unfree’), refusing",
     "steam-1.0 is not free software", "allowUnfree"),
    ("insert into x: database or disk is full (in '/nix/var/nix/db')", "no space left", "mnix gc"),
    ("unable to download 'https://api.github.com/repos/a/b': HTTP error 403\n\n  response body:\n\n"
     "  API rate limit exceeded for 1.2.3.4", "GitHub lets this server ask no more", "access-tokens"),
    ("unable to download 'https://github.com/a/b.tar.gz': HTTP error 404",
     "can't download https://github.com/a/b.tar.gz: HTTP error 404", "access-tokens"),
    ("cached failure of attribute 'devShells.x.default'", "devShells.x.default failed", "eval-cache"),
    ("the group 'nixbld' specified in 'build-users-group' does not exist",
     "the server has no group “nixbld”", "build-users-group"),
    ("cannot coerce null to a string\n       at /w/flake.nix:3:5:\n            3| x\n  |   ^\n"
     "       Did you mean builder failed with exit code 4?", "cannot coerce null to a string", "line"),
    ("builder failed with exit code 4", "nix failed to build (exit code 4)", "`mnix logs`"),
    ("something that no release has said yet", "something that no release has said yet", "old environment"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "title", "hint"), TEXTS)
def test_each_problem_says_what_to_do(text: str, title: str, hint: str) -> None:
    build, lines = read(nix(error(text.format(a=drv("a")))))
    [problem] = build.problems
    assert problem.title.startswith(title)
    assert "flake.nix:" not in problem.title
    assert hint in problem.hint
    assert "{" not in problem.title + problem.hint
    assert {line.kind for line in lines} == {"error"}
    assert build.phase == "failed"


def test_a_builder_that_found_the_disk_full_says_so() -> None:
    build, _ = read(
        nix(
            started(2, "a"),
            result(2, 101, "cp: error writing 'x': No space left on device"),
            error(f"builder for '{drv('a')}' failed with exit code 1"),
        )
    )
    assert build.problems[0].title == "a: no space left on the server"


def test_places_from_fields_and_from_text() -> None:
    text = "undefined variable 'x'\n\n       at /w/flake.nix:5:38:\n\n            4| a"
    for more in ({"file": "/w/flake.nix", "line": 5, "column": 38}, {},
                 {"file": "/w/flake.nix:5:38", "line": 5, "column": 38},
                 {"file": None, "line": True, "column": "x"}):  # fmt: skip
        build, _ = read(nix(error(text, **more)))
        [problem] = build.problems
        assert (problem.file, problem.line, problem.column) == ("/w/flake.nix", 5, 38)


def test_noise_is_no_error() -> None:
    build, lines = read(
        nix(
            message("\x1b[31;1merror (ignored):\x1b[0m error: cannot find flake 'nixpkgs'"),
            message("(use '--show-trace' to show detailed location information)"),
            message("trace: looking at it"),
            message("", 0),
            message("chatter", 5),
        )
    )
    assert [(line.kind, line.text) for line in lines] == [("message", "trace: looking at it")]
    assert build.problems == []
    assert build.phase == "done"


def test_warnings_are_kept_once_and_counted() -> None:
    text = "\x1b[35;1mwarning:\x1b[0m Git tree '/w' is dirty"
    build, lines = read(nix(message(text, 1), message(text, 1)))
    assert build.warnings == ["Git tree '/w' is dirty"]
    assert build.summary().warnings == 1
    assert {line.kind for line in lines} == {"warning"}
    build, lines = read(
        nix(
            message("evaluation warning: x\n  has been renamed\n\tto y", 1),
            message("cannot build on 'ssh://b': error: failed to start SSH connection to 'b'"),
            start(1, 111, text=f"waiting for lock on '{out('a')}'", level=1),
            stop(1),
        )
    )
    assert [each[:40] for each in build.warnings] == [
        "evaluation warning: x has been renamed t",
        "cannot build on 'ssh://b': error: failed",
        f"waiting for lock on '{out('a')}'"[:40],
    ]
    assert {line.kind for line in lines} == {"warning"}


def test_a_thrown_text_may_say_error_itself() -> None:
    told = "\x1b[31;1merror:\x1b[0m"
    trace = f"{told}\n       … while calling the 'throw' builtin\n         at /w/flake.nix:3:5:\n\n"
    text = f"{trace}       {told} The config is wrong:\n       - a\n       error: and that too"
    build, _ = read(nix(message(text) | {"raw_msg": text}))
    [problem] = build.problems
    assert problem.title == "The config is wrong: - a error: and that too"
    assert (problem.file, problem.line) == ("/w/flake.nix", 3)
