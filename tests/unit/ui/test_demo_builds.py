"""The rebuilds of the pictures say what they are meant to say."""

from mnix_tui.nixlog import NodeState
from mnix_tui.ui.workbench import demo
from mnix_tui.ui.workbench.replay import MemoryWatch


def watch(id_: str) -> MemoryWatch:
    bench = demo.workbench()
    (job,) = [one for one in bench.state.jobs if one.id == id_]
    (view,) = [one for one in bench.state.projects if one.project.remote_id == job.project_id]
    bench.watch_build(view.project, job)
    return bench.watches[id_]


def test_one_is_in_the_middle_with_an_estimate() -> None:
    running = watch("web1")
    found = running.build.summary()
    assert not running.done
    assert found.phase == "build"
    assert (found.builds_done, found.builds_running, found.builds_waiting) == (3, 2, 4)
    assert found.downloads_done == 4
    assert found.eta
    assert found.now == demo.NOW
    assert demo.fleet().builds == {("web1", ""): found}
    (node,) = [one for one in running.build.nodes.values() if one.name == "web-node-modules-7.2"]
    assert (node.phase, node.expected, node.lines) == ("buildPhase", 31.0, 5)


def test_one_made_a_generation() -> None:
    ended = watch("build12")
    assert ended.done
    assert (ended.build.summary().ok, ended.build.summary().generation) == (True, 12)


def test_one_failed_in_a_builder_and_one_before() -> None:
    failed = watch("fore34").build
    assert failed.summary().ok is False
    assert [n.name for n in failed.nodes.values() if n.state is NodeState.FAILED] == [
        "xarray-grid-1.7"
    ]
    assert any("test_poles" in line for line in failed.problems[0].lines)
    broken = watch("etl1").build
    assert "pkgz" in broken.problems[0].title
    assert (broken.problems[0].line, broken.problems[0].column) == (14, 22)
