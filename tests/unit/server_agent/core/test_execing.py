"""What a command leaves running when nobody reads it any more."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from server_agent.jobs import procs
from tests.helpers.settle import settle

# The command's child ends while what it runs, elsewhere and deaf to TERM, goes on: as `podman exec`
# does when it can't write what the container's process says.
DETACHED = (
    "setsid sh -c 'trap \"\" TERM; echo $$ - box 0 > {0}; exec sleep 1000' &"
    " while [ ! -s {0} ]; do sleep 0.01; done; cat {0} > {1}; {2}"
)
RUN = """
import sys; sys.path.insert(0, sys.argv[1])
from server_agent.core import execing, projects
project = projects.Project("abcdefgh", "api", "host", box={"id": "box"})
import os; os.makedirs(project.run); projects.save(project)
execing.GRACE = 0.3
run = execing.Run(project.id, [], True, "")
sys.exit(run._watch(["sh", "-c", sys.argv[2].format(run.pidfile, *sys.argv[3:])]))
"""


def run(repo: Path, told: Path, end: str, stdout: int) -> int:
    """Run a command that ends so; return the process that it left."""
    argv = [sys.executable, "-I", "-S", "-c", RUN, str(repo), DETACHED, str(told), end]
    with subprocess.Popen(argv, stdout=stdout) as process:
        if stdout != subprocess.DEVNULL:
            os.close(stdout)
        process.wait(30)
    return int(told.read_text().split()[0])


def test_what_a_command_runs_ends_when_the_reader_goes_even_if_the_child_ends_first(
    repo: Path, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    left = run(repo, tmp_path / "told", "kill -PIPE $$", writer)
    settle(lambda: not procs.start_time(left), what="the end of what ran")
    assert not list(Path(os.environ["XDG_DATA_HOME"]).glob("mnix/projects/*/run/*.pid"))


def test_what_a_command_left_on_purpose_goes_on(repo: Path, tmp_path: Path) -> None:
    left = run(repo, tmp_path / "told", "exit 3", subprocess.DEVNULL)
    assert procs.start_time(left)
    os.kill(left, 9)


def test_a_command_is_ended_by_a_pipe_that_nobody_reads(repo: Path) -> None:
    argv = [sys.executable, "-I", "-S", "-c", RUN, str(repo), "kill -PIPE $$"]
    assert subprocess.run(argv, check=False, timeout=30).returncode == 128 + signal.SIGPIPE
