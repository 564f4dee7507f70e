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
