"""How the two copies of a conflict are shown."""

import time

from mnix_tui.cli.conflicts import difference
from mnix_tui.domain.sync import ConflictDiff, Side

DIFF = ConflictDiff(
    "src/main.py",
    ("@@ -1,2 +1,2 @@", " a", "-\tb", "+c\x1b[31m"),
    here=Side("f", 20, time.time() - 300, 0o644),
    there=Side("f", 10, time.time() - 9000, 0o755),
    more=12,
)


def test_a_difference_says_whose_copy_is_which() -> None:
    found = difference(DIFF, "tokyo", colour=False)
    assert found[0].startswith("--- src/main.py on tokyo  10 B, executable, 2")
    assert found[0].endswith(" (2h ago)")
    assert found[1].startswith("+++ src/main.py here  20 B, 2")
    assert found[2:] == [
        "@@ -1,2 +1,2 @@",
        " a",
        "-       b",
        "+c\\x1b[31m",
        "… and 12 more lines",
    ]


def test_colours_are_ours_alone() -> None:
    found = difference(DIFF, "tokyo", colour=True)
    assert found[2] == "\x1b[36m@@ -1,2 +1,2 @@\x1b[m"
    assert found[3] == " a"
    assert found[5] == "\x1b[32m+c\\x1b[31m\x1b[m"


def test_what_can_t_be_compared_is_said() -> None:
    found = difference(ConflictDiff("x", (), Side("l"), Side(), binary=True), "tokyo", False)
    assert found == [
        "--- x on tokyo  deleted",
        "+++ x here  link",
        "they can't be compared as text",
    ]
    same = ConflictDiff("x", (), Side("f", 1, None, 0o644), Side("f", 1, None, 0o755))
    shown = difference(same, "tokyo", False)[-1]
    assert shown == "their text is the same; permissions 644 here, 755 there"
    kinds = ConflictDiff("x", (), Side("d"), Side("l"))
    assert difference(kinds, "tokyo", False)[-1] == "they are of different kinds"
