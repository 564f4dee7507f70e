"""mnix.toml: what it may say, and every wrong value named."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_agent.core import mnixtoml
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Mount, Settings, Sync


def test_everything_that_it_may_say() -> None:
    found = mnixtoml.parse(
        b'isolation = "container"\nimage = "localhost/x"\ndevShell = "ci"\nmemory = "4G"\ncpus = 1.5\n'
        b'store = "private"\nwarmup_command = "true"\nflake = "nix/flake.nix"\n'
        b'[env]\nA = "1"\n[[mounts]]\nsource = "/srv/x"\ntarget = "/data"\nreadonly = false\n'
    )
    assert found == Settings(
        isolation="container",
        image="localhost/x",
        flake="nix/flake.nix",
        dev_shell="ci",
        env={"A": "1"},
        mounts=(Mount("/srv/x", "/data", readonly=False),),
        memory="4g",
        cpus=1.5,
        store="private",
        warmup_command="true",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('isolation = "vm"', 'isolation must be "container" or "host"'),
        ('image = "-rf"', "image must be the name of an image"),
        ('image = ""', "image must be the name of an image"),
        ("env = 1", "env must be a table"),
        ("env.A = 1", "env.A must be one line of text"),
        ('env."A B" = "1"', "'A B' can't be a variable's name"),
        ('memory = "lots"', "memory must be a size"),
        ("cpus = true", "cpus must be a number"),
        ("cpus = 0", "cpus must be a number"),
        ('store = "shared"', "store must be one of"),
        ("impure = 1", "impure must be true or false"),
        ('warm_up = "no"', "warm_up must be true or false"),
        ("override_inputs = []", "override_inputs must be a table"),
        ("mounts = 1", "mounts must be a list"),
        ("mounts = [1]", "mounts[0] must be a table"),
        ('mounts = [{source = "a", target = "/b"}]', "mounts[0].source must be an absolute path"),
        ('mounts = [{source = "/a/../b", target = "/b"}]', "without .."),
        ('mounts = [{source = "/a", target = "/nix/store"}]', "mnix has its own there"),
        ('mounts = [{source = "/a", target = "/workspace"}]', "mnix has its own there"),
        ('mounts = [{source = "/a", target = "//mnix"}]', "mnix has its own there"),
        ("warmup_command = []", "warmup_command must be text"),
        ("= 1", "is not valid TOML"),
    ],
)
def test_wrong_values_are_named(text: str, said: str) -> None:
    with pytest.raises(AgentError) as error:
        mnixtoml.parse(text.encode())
    assert error.value.code == "usage"
    assert error.value.message.startswith("mnix.toml")
    assert said in error.value.message


def test_unknown_keys_are_warned_of() -> None:
    said: list[str] = []
    mnixtoml.parse(b"imag = 1\n", said.append)
    assert said == ["mnix.toml: the key 'imag' is unknown; did you mean 'image'?"]


@given(st.binary(max_size=200))
def test_whatever_the_file_holds_it_is_settings_or_an_agent_error(text: bytes) -> None:
    code = ""
    try:
        mnixtoml.parse(text)
    except AgentError as error:
        code = error.code
    assert code in ("", "usage")


def test_only_a_plain_file_of_sane_size_is_read(tmp_path: Path) -> None:
    project = Project("abcdefgh", "demo", in_place=str(tmp_path))
    assert mnixtoml.load(project) == Settings()
    (tmp_path / "mnix.toml").write_bytes(b"#" * (mnixtoml.MAX_BYTES + 1))
    with pytest.raises(AgentError, match="longer"):
        mnixtoml.load(project)
    (tmp_path / "mnix.toml").unlink()
    os.mkfifo(tmp_path / "mnix.toml")
    with pytest.raises(AgentError, match="not a file"):
        mnixtoml.load(project)
    (tmp_path / "mnix.toml").unlink()
    (tmp_path / "mnix.toml").mkdir()
    with pytest.raises(AgentError, match="not a file"):
        mnixtoml.load(project)


def test_mounts_are_allowed_below_the_roots_only_links_resolved(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "root-not"
    root.mkdir()
    outside.mkdir()
    (root / "in").mkdir()
    (root / "out").symlink_to(outside)
    mnixtoml.allowed((Mount(str(root / "in"), "/a"), Mount(str(root), "/b")), (str(root),))
    for bad in (outside, root / "out", tmp_path):
        with pytest.raises(AgentError) as error:
            mnixtoml.allowed((Mount(str(bad), "/a"),), (str(root),))
        assert error.value.code == "refused"
        assert str(root) in error.value.hint
    with pytest.raises(AgentError, match="does not exist"):
        mnixtoml.allowed((Mount(str(root / "gone"), "/a"),), (str(root),))


def test_less_isolation_than_asked_for_is_refused() -> None:
    host, container = Project("a", "x", "host"), Project("a", "x", "container")
    assert mnixtoml.isolation_conflict(host, "container")
    assert mnixtoml.isolation_conflict(host, "") is None
    assert mnixtoml.isolation_conflict(container, "host") is None


def test_how_files_move() -> None:
    assert mnixtoml.parse(b"").sync == Sync(git=True, both_ways=False)
    assert mnixtoml.parse(b"[sync]\ngit = false\nboth_ways = true\n").sync == Sync(False, True)
    for wrong, said in (
        (b"sync = 1", "table"),
        (b"[sync]\ngit = 1", "sync.git"),
        (b"[sync]\ngti = true", "git"),
    ):
        with pytest.raises(AgentError, match=said) as error:
            mnixtoml.parse(wrong)
        assert error.value.code == "usage"
