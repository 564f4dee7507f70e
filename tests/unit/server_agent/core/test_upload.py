"""Archives: refused whole or applied whole, whatever they hold and wherever they are cut."""

import gzip
import os
import stat
import tarfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server_agent.core import lifecycle, projects, upload
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError
from tests.unit.server_agent.core.archives import archive, folder, link, member
from tests.unit.server_agent.trees.test_recover import cut


@pytest.fixture
def project() -> Project:
    return projects.load(lifecycle.create("demo", "host", "flake.nix", None, None)["id"])


def tree(root: str) -> dict[str, str]:
    """Return what is below a folder: path to content, `-> target` or `/`."""
    found = {}
    for path in sorted(Path(root).rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = "/" if path.is_dir() else path.read_text()
    return found


def trashed(project: Project) -> list[dict[str, str]]:
    if not os.path.isdir(project.trash):
        return []
    return [tree(str(path)) for path in sorted(Path(project.trash).iterdir()) if path.is_dir()]


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return gzip.compress(archive(*members), 1)


def test_an_upload_arrives_with_modes_times_and_links(project: Project) -> None:
    data = packed(
        folder("src"),
        member("src/run.sh", b"#!/bin/sh\n", mode=0o755, mtime=1_700_000_000.5),
        link("bin", "src/run.sh"),
    )
    answer = upload.receive_archive(project.id, [data])
    assert (answer["files"], answer["members"], answer["changed"], answer["trashed"]) == (
        2,
        3,
        3,
        0,
    )
    assert tree(project.workspace) == {
        "bin": "-> src/run.sh",
        "src": "/",
        "src/run.sh": "#!/bin/sh\n",
    }
    info = os.stat(f"{project.workspace}/src/run.sh")
    assert stat.S_IMODE(info.st_mode) == 0o755
    assert info.st_mtime_ns == 1_700_000_000_500_000_000
    assert os.listdir(project.incoming) == []
    assert projects.load(project.id).pushed


def test_what_is_replaced_goes_to_the_trash_and_the_rest_stays(project: Project) -> None:
    upload.receive_archive(project.id, [packed(member("same", b"1"), member("other", b"1"))])
    Path(project.workspace, "mine").write_text("made on the server")
    before = os.stat(f"{project.workspace}/same").st_ino
    answer = upload.receive_archive(
        project.id, [packed(member("same", b"1"), member("other", b"2"))]
    )
    assert (answer["changed"], answer["unchanged"], answer["trashed"]) == (1, 1, 1)
    assert tree(project.workspace) == {"mine": "made on the server", "other": "2", "same": "1"}
    assert trashed(project) == [{"other": "1"}]
    assert os.stat(f"{project.workspace}/same").st_ino == before


def test_a_file_may_become_a_folder_and_the_other_way_round(project: Project) -> None:
    upload.receive_archive(
        project.id, [packed(member("a", b"file"), folder("b"), member("b/x", b"x"))]
    )
    upload.receive_archive(
        project.id, [packed(folder("a"), member("a/y", b"y"), member("b", b"file"))]
    )
    assert tree(project.workspace) == {"a": "/", "a/y": "y", "b": "file"}
    assert trashed(project) == [{"a": "file", "b": "/", "b/x": "x"}]


HOSTILE = {
    "absolute": [member("/etc/evil", b"x")],
    "parent": [member("../evil", b"x")],
    "parent inside": [member("a/../../evil", b"x")],
    "link out": [link("a", "../evil")],
    "link absolute": [link("a", "/etc/passwd")],
    "pypi hole 1: a file through a link": [link("a", "."), member("a/evil", b"x")],
    "link through another member": [folder("s"), link("s/d", ".."), link("x", "s/d/..")],
    "link through a later member": [link("x", "s/d/.."), folder("s"), link("s/d", "..")],
    "hard link out": [member("a", kind=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "hard link to a link": [link("l", "f"), member("a", kind=tarfile.LNKTYPE, linkname="l")],
    "fifo": [member("a", kind=tarfile.FIFOTYPE)],
    "device": [member("a", kind=tarfile.CHRTYPE)],
    "setuid": [member("a", b"x", mode=0o4755)],
    "setgid": [member("a", b"x", mode=0o2755)],
    "twice": [member("a", b"1"), member("a", b"2")],
    "file below a file": [member("a", b"1"), member("a/b", b"2")],
    "the root as a file": [member("./", b"")],
    "very deep": [member("d/" * 300 + "f", b"x")],
    "very long": [member("n" * 300, b"x")],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_members_are_refused_and_nothing_changes(
    project: Project, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    upload.receive_archive(project.id, [packed(member("kept", b"1"))])
    if members[0][0].name == "./":
        members[0][0].type = tarfile.SYMTYPE
        members[0][0].linkname = "x"
    with pytest.raises(AgentError) as error:
        upload.receive_archive(project.id, [packed(member("good", b"2"), *members)])
    assert error.value.code == "unsafe-upload"
    assert tree(project.workspace) == {"kept": "1"}
    assert os.listdir(project.incoming) == []


def test_a_link_through_one_that_the_server_has_is_refused(
    project: Project, tmp_path: Path
) -> None:
    Path(project.workspace, "result").symlink_to(tmp_path)
    with pytest.raises(AgentError, match="points out"):
        upload.receive_archive(project.id, [packed(link("x", "result/file"))])


def test_pypi_hole_1_a_link_in_the_workspace_is_not_followed_when_writing(
    project: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    Path(project.workspace, "d").symlink_to(outside)
    Path(project.workspace, "f").symlink_to(outside / "file")
    upload.receive_archive(project.id, [packed(member("d/file", b"new"), member("f", b"new"))])
    assert (outside / "file").read_text() == "precious"
    assert tree(project.workspace) == {"d": "/", "d/file": "new", "f": "new"}


def test_pypi_hole_2_edits_on_the_server_survive_an_upload(project: Project) -> None:
    upload.receive_archive(project.id, [packed(member("code", b"old"))])
    Path(project.workspace, "code").write_text("edited on the server")
    Path(project.workspace, "notes").write_text("only here")
    upload.receive_archive(project.id, [packed(member("code", b"pushed"))])
    assert tree(project.workspace) == {"code": "pushed", "notes": "only here"}
    assert trashed(project) == [{"code": "edited on the server"}]


ARRIVED = {"d": "/", "d/a": "A" * 700, "l": "-> d/a", "z": "new"}
WHOLE = packed(folder("d"), member("d/a", b"A" * 700), link("l", "d/a"), member("z", b"new"))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WHOLE) - 1))
def test_pypi_hole_2_an_upload_that_is_cut_at_any_byte_changes_nothing(
    project: Project, cut: int
) -> None:
    Path(project.workspace, "z").write_text("old")
    with pytest.raises(AgentError) as error:
        upload.receive_archive(project.id, [WHOLE[:cut]])
    assert error.value.code in ("incomplete-upload", "unsafe-upload")
    assert tree(project.workspace) == {"z": "old"}
    assert os.listdir(project.incoming) == []


def test_a_busy_project_says_so_before_anything_is_sent(project: Project) -> None:
    with projects.locked(project.id, "rebuild", job="abcdefgh"):
        with pytest.raises(AgentError, match="demo is busy: rebuild, since") as error:
            upload.receive_archive(project.id, iter(()))
        assert error.value.code == "busy"
        assert error.value.detail == "abcdefgh"


def test_a_receiver_that_is_killed_at_any_step_is_finished_at_the_next_look() -> None:
    first = packed(member("a", b"1"), member("b", b"1"), folder("c"), member("c/x", b"1"))
    second = packed(member("a", b"2"), folder("b"), member("b/y", b"2"), member("c", b"2"))
    before = {"a": "1", "b": "1", "c": "/", "c/x": "1"}
    after = {"a": "2", "b": "/", "b/y": "2", "c": "2"}
    seen = set()
    for step in range(200):
        fresh = projects.load(
            lifecycle.create(f"killed-{step}", "host", "flake.nix", None, None)["id"]
        )
        upload.receive_archive(fresh.id, [first])
        died = cut(partial(upload.receive_archive, fresh.id, [second]), step)
        with projects.locked(fresh.id, "look"):
            pass
        applied = tree(fresh.workspace) == after
        assert applied or tree(fresh.workspace) == before, step
        assert trashed(fresh) == ([before] if applied else []), step
        assert os.listdir(fresh.incoming) == [], step
        seen.add(applied)
        if not died:
            break
    assert seen == {False, True}
    assert step > 20


def test_old_archives_are_taken_through_the_same_checks(project: Project) -> None:
    own = member(".mnix/trash/old", b"not one of the project's files")
    upload.receive_archive(project.id, [gzip.compress(archive(own, member("a", b"1")))])
    assert tree(project.workspace) == {"a": "1"}
    with pytest.raises(AgentError, match="refused"):
        upload.receive_archive(project.id, [gzip.compress(archive(link("a", "/etc")))])
    whole = gzip.compress(archive(member("a", b"2" * 5000)))
    for end in (0, 5, len(whole) // 2, len(whole) - 1):
        with pytest.raises(AgentError):
            upload.receive_archive(project.id, [whole[:end]])
    assert tree(project.workspace) == {"a": "1"}
