"""What a dry run shows."""

import pytest

from mnix_tui.cli import output
from mnix_tui.cli.sync_plan import Paper, lines
from mnix_tui.domain.projects import Project
from mnix_tui.sync.model import Action, Conflict, FolderSize, Ignored, Plan, Preview, Warned
from server_agent.trees.model import State

PROJECT = Project("api", "tokyo", "id", "/home/me/api")
LONG = "a/very/long/path/" * 9 + "file.py"


def file(size: int, value: str = "x" * 32) -> State:
    return State("f", 0o644, size, 0, value)


def much() -> Preview:
    plan = Plan(
        send=[Action(f"src/{LONG}{at}", file(1000), None) for at in range(40)],
        delete_there=[Action(f"old/{LONG}{at}", None, file(9)) for at in range(40)],
        keep_there=[LONG] * 40,
        conflicts=[Conflict(f"{LONG}{at}") for at in range(40)],
    )
    return Preview(
        "push",
        plan,
        send_folders=tuple(FolderSize(f"src/{LONG}{at}", 2, 2000) for at in range(20)),
        ignored=tuple(Ignored(LONG, LONG, LONG) for _ in range(40)),
        ignored_more=7,
        warnings=tuple(Warned(LONG, "large", "900 MiB " * 20) for _ in range(40)),
        notes=("n" * 60,),
    )


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_terminal_shows_it_within_its_width(width: int) -> None:
    found = lines(much(), PROJECT, "", Paper(width, 10))
    assert len(found) < 100
    assert all(output.width(each) <= max(width, 80) for each in found)
    assert "  … and 37 more paths" in found  # 30 and 7


def test_a_pipe_gets_all_of_it() -> None:
    text = "\n".join(lines(much(), PROJECT, "", Paper()))
    assert all(f"src/{LONG}{at}\n" in text for at in range(40))
    assert all(f"{LONG}{at}  changed on both sides" in text for at in range(40))
    assert "…" not in text.replace("… and 7 more paths", "")


def test_secrets_and_conflicts_come_first() -> None:
    warnings = (Warned("big", "large", "1.0 GiB"), Warned(".env", "secret", "may be a secret"))
    plan = Plan(send=[Action("a", file(5), None)], conflicts=[Conflict("c")])
    found = lines(Preview("push", plan, warnings=warnings), PROJECT, " -p api", Paper(80, 10))
    assert found == [
        "would push api to tokyo: send 1 (5 B), 1 conflict",
        "look at this before it is sent for the first time",
        "  ! .env  may be a secret",
        "  ! big   1.0 GiB",
        "  → leave something out: a line in .gitignore or .mnixignore",
        "in conflict, and left alone on both sides",
        "  ✕ c  changed on both sides",
        "  → see how they differ: mnix conflicts c -p api",
        "  → settle: mnix resolve c -p api --here, --there or --both",
        "to send",
        "         5 B  + a",
    ]


def test_few_paths_are_named_and_many_counted_by_folder() -> None:
    few = Plan(
        send=[
            Action("new", file(2048), None),
            Action("changed", file(10), file(9, "y" * 32)),
            Action("mode", file(10), State("f", 0o755, 10, 0, "x" * 32)),
            Action("folder", State("d", 0, 0, 0, ""), None),
        ]
    )
    found = lines(Preview("push", few, (FolderSize("", 4, 2068),)), PROJECT, "", Paper(80, 10))
    assert found[2:] == [
        "     2.0 KiB  + new",
        "        10 B  ~ changed",
        "        mode  ~ mode",
        "              + folder/",
    ]
    many = Plan(send=[Action(f"d/{at}", file(1), None) for at in range(20)])
    folders = (FolderSize("d", 19, 19), FolderSize("", 1, 1))
    found = lines(Preview("push", many, folders), PROJECT, "", Paper(80, 10))
    assert found[2:] == ["        19 B       19 files  d/", "         1 B         1 file  ./"]


def test_what_is_ignored_comes_with_its_rule() -> None:
    ignored = (Ignored("build/", "build/", ".gitignore:3"), Ignored("x", "*", "sub/.gitignore:1"))
    found = lines(Preview("push", Plan(), ignored=ignored), PROJECT, "", Paper(80, 10))
    assert found == [
        "would push api to tokyo: nothing to do",
        "ignored",
        "  build/  .gitignore:3: build/",
        "  x       sub/.gitignore:1: *",
    ]


def test_a_preview_of_both_ways() -> None:
    plan = Plan(
        fetch=[Action("f", file(3), None)],
        delete_there=[Action("gone", None, file(1))],
        delete_here=[Action("too", None, file(1))],
        withheld=[Action(".git/hooks/x", file(1), None)],
    )
    found = lines(Preview("both", plan), PROJECT, "", Paper(80, 10))
    assert found[0] == "would sync api with tokyo: fetch 1 (3 B), delete 1 there, delete 1 here"
    assert "to delete on tokyo; the trash there keeps it" in found
    assert "to delete here; the trash here keeps it" in found
    assert "never fetched, because git here would obey it" in found


def test_names_are_shown_safely() -> None:
    evil = "\x1b[31m\u202e\udcff"
    plan = Plan(send=[Action(evil, file(1), None)], keep_there=[evil], conflicts=[Conflict(evil)])
    preview = Preview(
        "push",
        plan,
        ignored=(Ignored(evil, evil, evil),),
        warnings=(Warned(evil, "secret", evil),),
        notes=(evil,),
    )
    found = lines(preview, PROJECT, "", Paper())
    assert all(each.isprintable() for each in found)
    assert any("\x1b[31m" in each for each in lines(preview, PROJECT, "", Paper(colour=True)))


def test_what_would_be_refused_is_shown_with_the_way_to_mean_it() -> None:
    plan = Plan(delete_there=[Action("a", None, file(5))])
    preview = Preview("push", plan, refused="All of it would be deleted")
    found = lines(preview, PROJECT, " -p api", Paper(80, 10))
    assert found[1:3] == [
        "nothing of this is done: All of it would be deleted",
        "  → if that is meant: mnix push -p api --allow-empty",
    ]
    assert "  a" in found
    assert preview.to_json()["refused"] == "All of it would be deleted"
