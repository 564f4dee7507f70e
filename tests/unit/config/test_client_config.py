"""client.toml: defaults, what is odd, what is wrong, and editing."""

import ast
import dataclasses
import inspect
import itertools
from pathlib import Path

import pytest

from mnix_tui import config
from mnix_tui.config import model, paths
from mnix_tui.errors import ConfigError
from server_agent.protocol import mnixtoml


def write(folder: Path, text: str) -> Path:
    path = folder / "client.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    loaded = config.load(tmp_path / "none.toml")
    assert loaded.default_server == ""
    assert loaded.leader == "ctrl+backslash"
    assert loaded.warnings == ()


def test_the_keys_of_pypi_mnix_are_understood(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'ssh_binary = "ssh"\nremote_binary = "/opt/mnix-server"\nremote_podman_binary = "podman"\n'
        'default_server = "tokyo"\ndatabase_path = "~/db/client.db"\n',
    )
    loaded = config.load(path)
    assert loaded.remote_binary == "/opt/mnix-server"
    assert loaded.default_server == "tokyo"
    assert loaded.database_path == Path.home() / "db/client.db"
    assert loaded.warnings == ()


def test_an_empty_database_path_is_the_default_one_as_in_pypi_mnix(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, 'database_path = ""')).database_path == (
        paths.default_database_path()
    )


def test_a_key_without_effect_is_said(tmp_path: Path) -> None:
    (warning,) = config.load(write(tmp_path, 'ssh_binary = "/opt/ssh"')).warnings
    assert "ssh_binary has no effect" in warning


def test_pypi_hole_9_unknown_keys_are_named_with_the_nearest_one(tmp_path: Path) -> None:
    path = write(tmp_path, 'defualt_server = "tokyo"\nzzz = 1\n')
    first, second = config.load(path).warnings
    assert str(path) in first
    assert "'defualt_server' is not a setting; did you mean 'default_server'?" in first
    assert second.endswith("'zzz' is not a setting")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("default_server = 5", "a text"),
        ("default_server = ['a']", "a text"),
        ("database_path = true", "a path"),
        ("connect_timeout = 'soon'", "a number"),
        ("connect_timeout = true", "a number"),
        ("scrollback_mib = 1.5", "a whole number"),
        ("scrollback_mib = true", "a whole number"),
        ("accept_host_keys = 'yes'", "true or false"),
    ],
)
def test_pypi_hole_9_a_wrong_type_names_file_and_key(tmp_path: Path, line: str, kind: str) -> None:
    path = write(tmp_path, line)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert caught.value.title == f"{path}: {line.split()[0]} must be {kind}"


@pytest.mark.parametrize(
    "line", ["connect_timeout = 0", "connect_timeout = nan", "scrollback_mib = -1"]
)
def test_a_number_has_limits(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=line.split()[0]):
        config.load(write(tmp_path, line))


def test_a_word_is_one_of_a_few(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, "connect = 'all'")).connect == "all"
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, "connect = 'alll'"))
    assert "connect is 'alll'" in caught.value.title
    assert caught.value.detail == "it can be used or all; did you mean 'all'?"


@pytest.mark.parametrize("text", ["a = ", "[", "a = 1\na = 2", "\x00"])
def test_what_is_not_toml_names_the_file(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match="is not valid TOML") as caught:
        config.load(path)
    assert str(path) in caught.value.title


def test_a_file_that_is_not_utf8_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    path.write_bytes(b'default_server = "\xff"')
    with pytest.raises(ConfigError, match="is not valid TOML"):
        config.load(path)


def test_a_folder_in_its_place_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        config.load(tmp_path)


def test_the_environment_says_where_the_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert paths.client_config_path() == tmp_path / "mnix/client.toml"
    monkeypatch.setenv("MNIX_CLIENT_CONFIG", str(tmp_path / "other.toml"))
    assert paths.client_config_path() == tmp_path / "other.toml"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert config.load().database_path == tmp_path / "mnix/client.db"


def test_editing_keeps_comments_and_order(tmp_path: Path) -> None:
    path = write(tmp_path, "# mine\nleader = 'ctrl+a'  # short\n\ntheme = 'x'\n# end\n")
    config.edit(path, "leader", "ctrl+b")
    config.edit(path, "theme", None)
    config.edit(path, "scrollback_mib", 8)
    assert path.read_text() == '# mine\nleader = "ctrl+b"  # short\n\n# end\nscrollback_mib = 8\n'
    assert config.load(path).scrollback_mib == 8


def test_editing_makes_the_file_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new/client.toml"
    config.edit(path, "default_server", "tokyo")
    assert config.load(path).default_server == "tokyo"


def test_editing_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    real = write(tmp_path, "")
    link = tmp_path / "link.toml"
    link.symlink_to(real)
    config.edit(link, "theme", "x")
    assert link.is_symlink()
    assert real.read_text() == 'theme = "x"\n'


@pytest.mark.parametrize(("key", "value"), [("nope", "x"), ("scrollback_mib", "x")])
def test_editing_refuses_what_loading_would(tmp_path: Path, key: str, value: str) -> None:
    path = write(tmp_path, "# mine\n")
    with pytest.raises(ConfigError):
        config.edit(path, key, value)
    assert path.read_text() == "# mine\n"


def test_mnix_toml_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "mnix.toml").write_text(
        'isolation = "host"\nimage = "i"\ndevShell = "ci"\nflake = "nix/flake.nix"\n'
        'memory = "512m"\ncpus = 2\nstore = "private"\nwarmup_command = "make deps"\n'
        '[env]\nA = "1"\n[[mounts]]\nsource = "/data"\ntarget = "/data"\n'
    )
    loaded = config.load_project(tmp_path)
    assert (loaded.isolation, loaded.dev_shell, loaded.cpus) == ("host", "ci", 2.0)
    assert loaded.warmup_command == "make deps"
    assert loaded.env == {"A": "1"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('isolation = "vm"', "isolation must be"),
        ('memory = "lots"', "memory must be a size"),
        ("mounts = 'x'", "mounts must be a list of tables"),
        ("mounts = [1]", "mounts[0] must be a table"),
        ("env = {A = 1}", "env.A must be one line of text"),
        ("cpus = -1", "cpus must be a number of processors"),
    ],
)
def test_mnix_toml_names_what_is_wrong(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "mnix.toml").write_text(line)
    with pytest.raises(ConfigError) as caught:
        config.load_project(tmp_path)
    assert words in caught.value.title
    assert str(tmp_path / "mnix.toml") in caught.value.title


def test_every_setting_is_explained() -> None:
    for module, name in ((model, "ClientConfig"), (mnixtoml, "Settings")):
        tree = ast.parse(inspect.getsource(module))
        (body,) = [n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name]
        explained = {
            ast.unparse(field.target)
            for field, text in itertools.pairwise(body)
            if isinstance(field, ast.AnnAssign)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        }
        settings = {item.name for item in dataclasses.fields(getattr(module, name))}
        assert settings - explained == set()


def test_a_leader_that_is_no_key_is_an_error_with_the_nearest_one(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    path.write_text('leader = "ctrl+bakslash"\n')
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert "ctrl+bakslash" in str(caught.value) + caught.value.title
    assert "backslash" in caught.value.detail
