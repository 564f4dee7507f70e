"""The rules against git itself, over random patterns and names."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from server_agent.trees.index import Index
from server_agent.trees.model import ABOVE
from server_agent.trees.patterns import Rules, lines_of
from server_agent.trees.rules import RuleChooser
from server_agent.trees.scan import scan

NAMES = st.text("ab.[]!#-\\* ?cé\n\t", min_size=1, max_size=4).filter(
    lambda x: x not in (".", "..")
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
PIECES = st.sampled_from(
    ["a", "b", "ab", ".", "*", "**", "?", "/", "/", "!", "#", "\\", "[ab]", "[!a]", "[^b", "]", "[]a]",
     "[a-c]", "[c-a]", "[[:alpha:]]", "[\\]]", " ", "\t", "\\ ", "é", "c", "-"]
)  # fmt: skip
PATTERNS = st.lists(PIECES, min_size=1, max_size=6).map("".join)


class Git:
    """One repository that ``check-ignore`` is asked in, with no files at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
        }
        self("init", "-q", ".")

    def __call__(self, *args: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(
            ["git", *args],
            cwd=self.root,
            env=self.env,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def verdict(self, rules: str, path: str) -> bool | None:
        """What the rules say of a path that does not exist (git judges it as a file)."""
        (self.root / ".git/info/exclude").write_bytes(rules.encode())
        out = self(
            "check-ignore", "--no-index", "-v", "-n", "-z", "--stdin", stdin=path.encode() + b"\0"
        )
        source, _, pattern, _ = out.split(b"\0")[:4]
        return None if not source else not pattern.startswith(b"!")


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Git:
    return Git(tmp_path_factory.mktemp("rules"))


@settings(max_examples=120, deadline=None)
@given(PATTERNS, NAMES)
@example("[c-a]", "b")
@example("[c-a]", "c")
@example("[c-a]", "a")
@example("[a-c-e]", "d")
@example("[!c-a]b", "db")
@example("[", "[")
@example("a\\", "a\\")
@example("a \\ ", "a  ")
@example("?", "é")
@example("??", "é")
@example("a\t", "a\t")
@example("[^b\t", "?")
@example("[^b]\t", "c\t")
@example("!#a", "#a")
@example("[[:space:]]", "\t")
@example("[[:nonsense:]]", "n")
@example("**a", "ba")
@example("[a-]", "-")
@example("[]-a]", "^")
@example("***/*", "a")
@example("*ab*b*", "aabab")
@example("*[ab]c*?c", "acbcac")
@example("a*?b*b*", "abbb")
def test_one_pattern_says_of_a_file_what_git_says(git: Git, pattern: str, name: str) -> None:
    mine = Rules(lines_of(pattern.encode())).ignores(name, False)
    assert mine == git.verdict(pattern + "\n", name)


@settings(max_examples=100, deadline=None)
@given(PATTERNS, PATHS)
@example("a/**/b", "a/b")
@example("a/**", "a/b/c")
@example("/**", "a/b")
@example("**/a", "b/a")
@example("a//b", "a/b")
@example("/a/", "a/b")
@example("b/**/", "b/a/c")
@example("*/", "b/a")
@example("**/", "b/a")
@example("a/**/b/**/c", "a/b/a/b/b/c")
@example("**/a*/**/b/**", "b/ab/a/b/c")
@example("**/a/**/a/b", "a/b/a/a/b")
@example("**/a/b/**/a/c", "a/a/b/a/b/a/c")
def test_a_pattern_says_of_a_path_what_git_says(git: Git, pattern: str, path: str) -> None:
    rules = Rules(lines_of(pattern.encode()))
    mine = None
    parts = path.split("/")
    # git judges the folders on the way first, and what it leaves out it does not look into.
    for depth in range(1, len(parts) + 1):
        verdict = rules.ignores("/".join(parts[:depth]), depth < len(parts))
        mine = verdict if verdict is not None else None
        if verdict:
            break
    assert bool(mine) == bool(git.verdict(pattern + "\n", path))


@pytest.mark.parametrize(
    ("pattern", "path", "ends"),
    [
        ("*a*a*a*a*a*a*a*a*a*b", "a" * 250, True),
        ("*?a*[a-c]a*?*aa*a*b", "a" * 250, True),
        ("*a*a*a/" * 8 + "b", "/".join(["a" * 200] * 12), None),
        ("**/a/**/a/**/a/**/a/**/a/**/a/**/b", "/".join("a" * 250), True),
        ("a/**/a*a*/**/a/**/*a/**/a*/**/a*a/**/*b", "a/" + "/".join(["aaa"] * 250), None),
        ("a/**/a*a*/**/aaa/**/*a/**/a*/**/a*a/**/*b", "a/" + "/".join(["aaa"] * 250), True),
    ],
    ids=range(6),
)
def test_no_pattern_takes_for_ever(pattern: str, path: str, ends: bool | None) -> None:
    begin = time.process_time()
    rules = Rules(lines_of(pattern.encode()))
    assert rules.ignores(path, False) is None
    assert rules.ignores(path[:-1] + "b", False) is ends
    assert time.process_time() - begin < 1


FILES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c.log", "build", "x y"]), min_size=1, max_size=4).map(
        tuple
    ),
    min_size=1,
    max_size=12,
)
LINES = st.sampled_from(
    ["*", "a", "/a", "a/", "build/", "!build", "!a/b", "*.log", "!c.log", "a/**", "!**/b", "b/*", "/*",
     "!/a/", "**/a/b", "x y", "build/**/b", "# no", "", "!*/", "!.gitignore"]
)  # fmt: skip
RULES = st.dictionaries(
    st.sampled_from(["", "a", "a/b", "build"]), st.lists(LINES, min_size=1, max_size=4), max_size=3
)


def taken(root: Path, chooser: RuleChooser) -> set[str]:
    index = Index()
    scan(str(root), index, chooser, eager=lambda path, size: False)
    return {path for path, state in index.since(0) if state and state.kind != "d"}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(FILES, RULES, st.sets(st.integers(0, 11), max_size=3))
def test_a_tree_holds_the_files_that_git_lists(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[tuple[str, ...]],
    rules: dict[str, list[str]],
    tracked: set[int],
) -> None:
    repo = Git(tmp_path_factory.mktemp("tree"))
    for parts in files:
        path = repo.root.joinpath(*parts)
        if path.is_dir() or any(each.is_file() for each in path.parents if each != repo.root):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    there = [path for parts in files if (path := repo.root.joinpath(*parts)).is_file()]
    for number in tracked:
        if number < len(there):
            repo("add", "-f", "--", str(there[number].relative_to(repo.root)))
    for folder, lines in rules.items():
        if (repo.root / folder).is_dir():
            (repo.root / folder / ".gitignore").write_text("\n".join(lines))
    listed = set(os.fsdecode(repo("ls-files", "-z", "-co", "--exclude-standard")).split("\0")) - {
        ""
    }
    assert taken(repo.root, RuleChooser(str(repo.root), dot_git=False)) == listed


def test_lines_of_ours_come_last_and_decide(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "b.log").write_text("x")
    (tmp_path / "c.txt").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/logs").mkdir()
    (tmp_path / ".git/logs/b.txt").write_text("x")
    (tmp_path / ".gitignore").write_text("*.log\n.*\n")
    (tmp_path / ".mnixignore").write_text("!a.log\nc.txt\n")
    rules = RuleChooser(str(tmp_path), [ABOVE, "c*", "!b.log", "b.txt", "logs"])
    assert taken(tmp_path, rules) == {"a.log", "b.log", ".git/logs/b.txt"}
    assert taken(tmp_path, RuleChooser(str(tmp_path), dot_git=False)) == {"a.log"}


def test_a_users_excludes_count_least(tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "c"):
        (tmp_path / name).write_text("x")
    (tmp_path / ".gitignore").write_text("!a.log\n")
    rules = RuleChooser(str(tmp_path), ["*.log", "c", ABOVE, "!/c"])
    assert taken(tmp_path, rules) == {".gitignore", "a.log", "c"}


def test_a_repository_inside_has_its_own_rules_only(tmp_path: Path) -> None:
    for path in ("x.log", "sub/x.log", "sub/x.tmp"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("x")
    (tmp_path / ".gitignore").write_text("*.log")
    (tmp_path / "sub/.git").mkdir()
    (tmp_path / "sub/.gitignore").write_text("*.tmp")
    assert taken(tmp_path, RuleChooser(str(tmp_path))) == {
        ".gitignore",
        "sub/.gitignore",
        "sub/x.log",
    }


def test_rules_that_no_scan_sees_change_the_token(tmp_path: Path) -> None:
    before = RuleChooser(str(tmp_path)).token
    assert RuleChooser(str(tmp_path), ["a"]).token != before
    assert RuleChooser(str(tmp_path)).token == before
    (tmp_path / ".git/info").mkdir(parents=True)
    (tmp_path / ".git/info/exclude").write_text("secret\n")
    assert RuleChooser(str(tmp_path)).token != before


def test_a_link_or_a_fifo_is_no_file_of_rules(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("*")
    (tmp_path / ".gitignore").symlink_to("real")
    os.mkfifo(tmp_path / ".mnixignore")
    assert taken(tmp_path, RuleChooser(str(tmp_path))) == {"real", ".gitignore"}
