"""The server's configuration: defaults, every wrong value named, unknown keys told of."""

from pathlib import Path

import pytest

from server_agent.core import config
from server_agent.protocol.errors import AgentError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "server.toml"
    monkeypatch.setenv("MNIX_SERVER_CONFIG", str(path))
    return path


def test_without_a_file_there_are_defaults(file: Path) -> None:
    found = config.load()
    assert found.base_image == "docker.io/nixos/nix:latest"
    assert (found.podman_binary, found.container_command) == ("podman", "sleep infinity")


def test_the_file_is_where_xdg_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MNIX_SERVER_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config.path() == f"{tmp_path}/mnix/server.toml"


def test_all_keys_are_read(file: Path) -> None:
    file.write_text(
        'podman_binary = "p"\nbase_image = "i"\nworkspace_root = "/w"\nwarmup_command = "true"\n'
        'container_command = "c"\nnix_conf = ["a = 1", "b = 2"]\nmount_roots = ["/srv"]\n'
    )
    found = config.load()
    assert found == config.ServerConfig(
        "p", "i", "/w", "true", "c", ("a = 1", "b = 2"), ("/srv",), warnings=()
    )


def test_caches_and_their_keys_become_lines_of_nix_conf(file: Path) -> None:
    file.write_text(
        'substituters = ["https://cache.example"]\ntrusted_public_keys = "a:b c:d"\n'
        'nix_conf = ["cores = 1"]\nkeep_generations = 2\nkeep_days = 0.5\nwarm_up = false\n'
    )
    found = config.load()
    assert config.nix_lines(found).split("\n") == [
        "cores = 1",
        "extra-substituters = https://cache.example",
        "extra-trusted-public-keys = a:b c:d",
    ]
    assert (found.keep_generations, found.keep_days, found.warm_up) == (2, 0.5, False)
    assert config.nix_lines(config.ServerConfig()) == ""


def test_pypi_hole_9_unknown_keys_are_told_of_with_the_nearest(file: Path) -> None:
    file.write_text('base_imagee = "x"\nzzz = 1\n')
    near, far = config.load().warnings
    assert "'base_imagee' is unknown; did you mean 'base_image'?" in near
    assert far.endswith("the key 'zzz' is unknown")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("podman_binary = 3", "podman_binary must be text, it is 3"),
        ('base_image = ""', "base_image must be not empty"),
        ("nix_conf = 1", "nix_conf must be a list of texts"),
        ("mount_roots = ['srv']", "mount_roots must be a list of absolute paths"),
        ('workspace_root = "here"', "workspace_root must be an absolute path"),
        ('substituters = ["a b"]', "substituters must be a list of texts without blanks"),
        ('trusted_public_keys = ["a\\nb"]', "trusted_public_keys must be a list"),
        ("keep_generations = 0", "keep_generations must be at least 1"),
        ("keep_generations = 1.5", "keep_generations must be a number"),
        ("keep_days = -1", "keep_days must be not negative"),
        ("warm_up = 1", "warm_up must be true or false"),
        ("podman_binary = ", "is not valid TOML"),
        ("a = 1\na = 2", "is not valid TOML"),
    ],
)
def test_pypi_hole_9_wrong_values_are_named_with_file_and_key(
    file: Path, text: str, said: str
) -> None:
    file.write_text(text)
    with pytest.raises(AgentError) as error:
        config.load()
    assert error.value.code == "usage"
    assert str(file) in error.value.message
    assert said in error.value.message


def test_a_file_that_is_not_text_is_said(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(AgentError, match="is not UTF-8"):
        config.load()


def test_nix_conf_may_be_one_text(file: Path) -> None:
    file.write_text('nix_conf = """\nsubstituters =\ncores = 2\n"""\n')
    assert config.load().nix_conf == ("substituters =", "cores = 2")


def test_the_old_default_warm_up_is_what_a_rebuild_does_anyway(file: Path) -> None:
    file.write_text(f'warmup_command = "{config.OLD_WARMUP}"\n')
    assert config.load().warmup_command == ""
