"""What is said of a clone that git could not make."""

import pytest

from server_agent.core.git_clone import failure

OTHERS = """Cloning into '/w'...
fatal: detected dubious ownership in repository at '/srv/the repo.git'
To add an exception for this directory, call:

\tgit config --global --add safe.directory '/srv/the repo.git'
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""


@pytest.mark.parametrize(
    ("url", "where"),
    [("file:///srv/the repo.git", "the server"), ("ssh://me@forge/srv/the repo.git", "forge")],
)
def test_another_user_s_repository_is_named_with_the_command_that_trusts_it(
    url: str, where: str
) -> None:
    error = failure(OTHERS, 128, url)
    assert error.code == "refused"
    assert "another user's" in error.message
    command = "git config --global --add safe.directory '/srv/the repo.git'"
    assert error.hint == f"if you trust it, on {where}: {command}"
    assert "dubious ownership" in str(error.detail)
