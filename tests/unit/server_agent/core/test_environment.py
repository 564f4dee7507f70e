"""Generations, and the script of an environment as it is kept."""

import subprocess
from pathlib import Path

import pytest

from server_agent.adapters import box_args
from server_agent.core import environment, flakes, inner, projects, usecases
from server_agent.core.config import ServerConfig
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Mount, Settings

PRINTED = {
    "2.8": "PATH='/path-not-set'\nexport PATH\nshellHook='echo no'\nPATH=\"$PATH${saved:+:$saved}\"\n"
    'export NIX_BUILD_TOP="$(mktemp -d -t nix-shell.XXXXXX)"\nexport TMP="$NIX_BUILD_TOP"\n'
    'eval "$shellHook"\n',
    "2.26": "PATH='/path-not-set'\nexport PATH\nshellHook='echo no'\nPATH=\"$PATH${saved:+:$saved}\"\n"
    'export NIX_BUILD_TOP="$(mktemp -d -t nix-shell.XXXXXX)"\nexport TMP="$NIX_BUILD_TOP"\n'
    'eval "${shellHook:-}"\n',
}


@pytest.fixture
def project() -> Project:
    return projects.load(usecases.create("demo", "host")["id"])


@pytest.mark.parametrize("printed", PRINTED.values(), ids=PRINTED.keys())
def test_a_script_runs_no_hook_makes_no_folder_and_has_a_clean_path(printed: str) -> None:
    text = "saved=/usr/bin:/bin\n" + environment.script(printed) + 'echo "$PATH $TMP"\n'
    done = subprocess.run(["bash", "-c", text], capture_output=True, check=True)
    assert done.stdout == b"/usr/bin:/bin /tmp\n"


def test_generations_are_counted_listed_and_switched(project: Project) -> None:
    assert environment.current(project) is None
    for number in (1, 2, 3):
        assert environment.add(project, "X=1\n", cause="test", store_path=None, volume="") == number
    assert environment.current(project) is None
    for number in (1, 3, 2):
        environment.switch(project, number)
    rows = usecases.generations(project.id)["generations"]
    assert [(row["number"], row["current"]) for row in rows] == [(3, False), (2, True), (1, False)]
    assert usecases.rollback(project.id)["generation"] == 1
    with pytest.raises(AgentError, match="no older generation"):
        usecases.rollback(project.id)
    with pytest.raises(AgentError, match="has no generation 9") as error:
        usecases.rollback(project.id, 9)
    assert error.value.hint == "it has: 1, 2, 3"


def test_a_generation_that_was_half_written_does_not_count(project: Project) -> None:
    Path(project.env, "generations", "1.new").mkdir()
    assert usecases.generations(project.id) == {"generations": []}
    assert environment.add(project, "", cause="test", store_path=None, volume="") == 1


def test_a_generation_of_another_image_is_not_rolled_back_to(project: Project) -> None:
    environment.add(project, "", cause="test", store_path=None, volume="old-volume")
    with pytest.raises(AgentError, match="another image"):
        usecases.rollback(project.id, 1)


def test_a_switch_that_was_cut_off_is_finished(project: Project) -> None:
    environment.add(project, "", cause="test", store_path=None, volume="")
    project.switch = 1
    projects.save(project)
    assert usecases.get(project.id)["generation"] in (None, 1)
    assert usecases.get(project.id)["generation"] == 1
    assert projects.load(project.id).switch == 0


def test_the_nearest_flake_is_the_hint(project: Project) -> None:
    with pytest.raises(AgentError, match=r"there is no flake\.nix") as error:
        flakes.check(project)
    assert "nix flake init" in error.value.hint
    for folder in ("node_modules/x", ".git", "b/deep"):
        Path(project.workspace, folder).mkdir(parents=True)
        Path(project.workspace, folder, "flake.nix").write_text("{}")
    with pytest.raises(AgentError) as error:
        flakes.check(project)
    assert error.value.hint == "there is b/deep/flake.nix: mnix rebuild-switch b/deep/flake.nix"


def test_a_container_s_digest_changes_with_what_it_is_made_of() -> None:
    project, config = Project("abcdefgh", "demo"), ServerConfig()
    settings = [
        Settings(),
        Settings(env={"A": "1"}),
        Settings(memory="1g"),
        Settings(cpus=1.0),
        Settings(store="private"),
        Settings(mounts=(Mount("/a", "/b"),)),
    ]
    digests = {box_args.digest(project, setting, "sha256:1", config) for setting in settings}
    digests.add(box_args.digest(project, Settings(), "sha256:2", config))
    digests.add(
        box_args.digest(project, Settings(), "sha256:1", ServerConfig(container_command="x"))
    )
    assert len(digests) == 8
    renamed = Project("abcdefgh", "other")
    ran_before = box_args.digest(project, Settings(warmup_command="true"), "sha256:1", config)
    assert ran_before == box_args.digest(renamed, Settings(), "sha256:1", config)


def test_a_note_that_finds_no_room_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "boot").symlink_to("/dev/full")
    inner.note_boot(str(tmp_path))
    assert inner.noted_boot(str(tmp_path)) != inner.boot_id()


def test_a_generation_that_never_ran_is_neither_gone_back_to_nor_kept(project: Project) -> None:
    for number in (1, 2, 3):
        environment.add(project, "", cause="test", store_path=None, volume="")
        if number != 2:
            environment.switch(project, number)
    assert environment.rollback(project, None) == 1
    environment.drop_unused(project)
    assert environment.numbers(project) == [1, 3]


def test_a_generation_that_is_being_switched_to_is_kept(project: Project) -> None:
    project.switch = environment.add(project, "", cause="test", store_path=None, volume="")
    environment.drop_unused(project)
    assert environment.numbers(project) == [1]
