"""Options of a rebuild: checked, so that none of them can be an option of nix's own."""

import json
import os
from typing import Any

import pytest

from server_agent.core import options, paths
from server_agent.protocol.errors import AgentError
from server_agent.protocol.mnixtoml import Settings, check


def of(settings: Settings | None = None, **given: Any) -> options.Options:
    job = paths.new_id()
    os.makedirs(paths.job(job))
    with open(os.path.join(paths.job(job), "options.json"), "w", encoding="utf-8") as file:
        json.dump(given, file)
    return options.load(job, settings or Settings())


def test_what_is_asked_for_once_goes_over_what_the_file_says() -> None:
    table = {"dev_shell": "ci", "override_inputs": {"a": "path:/a", "b": "path:/b"}}
    settings = check(table)
    found = of(settings, dev_shell="docs", override_inputs={"b": "path:/c"}, impure=True)
    assert found.fragment == "#docs"
    assert found.arguments == [
        *("--impure", "--override-input", "a", "path:/a"),
        *("--override-input", "b", "path:/c"),
    ]
    assert of(settings).fragment == "#ci"
    assert of(check({"impure": True})).arguments == ["--impure"]


def test_without_a_job_of_its_own_a_rebuild_has_the_defaults() -> None:
    found = options.load(paths.new_id(), Settings())
    assert (found.fragment, found.arguments, found.cause) == ("", [], "rebuild")
    assert of(cause="warm-up").cause == "warm-up"
    assert of(cause="another").cause == "rebuild"


@pytest.mark.parametrize(
    ("shell", "fragment"),
    [
        ("default", ""),
        ("ci", "#ci"),
        (".packages.x86_64-linux.tool", "#packages.x86_64-linux.tool"),
        ('checks."a b".c', '#checks."a b".c'),
        ("python3'", "#python3'"),
    ],
)
def test_shells_are_names_or_attribute_paths(shell: str, fragment: str) -> None:
    assert of(dev_shell=shell).fragment == fragment


@pytest.mark.parametrize("shell", ["-x", "a b", "a..b", "a^out", "a$b", "a\nb", "a/b", '"', "#a"])
def test_shells_can_be_nothing_else(shell: str) -> None:
    with pytest.raises(AgentError):
        of(dev_shell=shell)
    with pytest.raises(AgentError):
        check({"dev_shell": shell})


@pytest.mark.parametrize(
    "table",
    [
        {"--impure": "path:/a"},
        {"a": "--impure"},
        {"a": ""},
        {"a": "path:/a b"},
        {"a": "path:/a\n"},
        {"a": 1},
        {"a b": "path:/a"},
        {"": "path:/a"},
        {f"i{number}": "path:/a" for number in range(101)},
    ],
)
def test_overrides_can_be_no_options(table: dict[str, Any]) -> None:
    with pytest.raises(AgentError):
        check({"override_inputs": table})
    with pytest.raises(AgentError):
        of(override_inputs=table)


def test_an_input_of_an_input_can_be_overridden() -> None:
    assert check({"override_inputs": {"a/nixpkgs": "github:a/b?ref=c"}}).override_inputs


def test_what_is_asked_for_wrongly_is_not_blamed_on_the_file() -> None:
    with pytest.raises(AgentError) as error:
        options.parse({"dev_shell": "--impure"})
    assert error.value.message.startswith("dev_shell must be an attribute")
    assert "mnix.toml" not in error.value.hint
