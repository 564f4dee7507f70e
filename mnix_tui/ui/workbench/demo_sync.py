"""Files to look at: what pushes and pulls would do, conflicts, and what is in the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.domain.sync import ConflictDiff, Side, Trashed
from mnix_tui.sync.model import (
    Action,
    Conflict,
    FolderSize,
    Ignored,
    Plan,
    Preview,
    Warned,
)
from server_agent.trees.model import State

if TYPE_CHECKING:
    from mnix_tui.ui.workbench.memory_sync import MemoryFiles

_KIB, _MIB = 1024, 1024**2


def fill(bench: MemoryFiles, now: float) -> None:
    """Give some projects of the demo something to move, to decide and to bring back."""
    bench.previews |= {
        ("api@tokyo", "push"): _push(),
        ("api@tokyo", "pull"): _pull(),
        ("gateway@lisbon", "push"): _clashing(),
    }
    bench.clashes["gateway@lisbon"] = list(_clashing().plan.conflicts)
    bench.clash_diffs |= {
        ("gateway@lisbon", diff.path): diff for diff in (_routes(now), _logo(now))
    }
    bench.trashes |= {
        ("api@tokyo", False): _trash(now),
        ("api@tokyo", True): _trash(now)[-2:],
    }


def _file(size: int, digest: str = "b", mode: int = 0o644) -> State:
    return State("f", mode, size, 0, digest)


def _send(path: str, size: int, *, new: bool = False) -> Action:
    return Action(path, _file(size), None if new else _file(size, "a"))


def _gone(path: str) -> Action:
    return Action(path, None, _file(2048))


def _push() -> Preview:
    plan = Plan(
        send=[
            _send(".env.local", 212, new=True),
            _send("Cargo.lock", 48 * _KIB),
            _send("assets/fonts/inter.woff2", 312 * _KIB, new=True),
            _send("assets/map/tiles.mbtiles", 142 * _MIB, new=True),
            _send("flake.lock", 1810),
            _send("migrations/0042_sessions.sql", 2 * _KIB, new=True),
            _send("src/lib.rs", 18 * _KIB),
            _send("src/routes/health.rs", 900),
            _send("src/routes/login.rs", 7 * _KIB),
            _send("src/store/mod.rs", 21 * _KIB),
            _send("src/store/session.rs", 9 * _KIB, new=True),
            Action("scripts/deploy.sh", _file(1400, mode=0o755), _file(1400)),
        ],
        delete_there=[_gone("src/routes/legacy.rs"), _gone("tests/legacy_login.rs")],
        keep_there=["notes/profile-0614.txt"],
    )
    return Preview(
        "push",
        plan,
        send_folders=(
            FolderSize("assets/map", 1, 142 * _MIB),
            FolderSize("assets/fonts", 1, 312 * _KIB),
            FolderSize("", 3, 50 * _KIB),
            FolderSize("src/store", 2, 30 * _KIB),
            FolderSize("src", 1, 18 * _KIB),
            FolderSize("src/routes", 2, 8 * _KIB),
            FolderSize("migrations", 1, 2 * _KIB),
            FolderSize("scripts", 1, 0),
        ),
        ignored=(
            Ignored("target/", "/target", ".gitignore:1"),
            Ignored("node_modules/", "node_modules/", ".gitignore:2"),
            Ignored("assets/map/cache/", "cache/", "assets/.gitignore:1"),
            Ignored("coverage/", "coverage*", ".mnixignore:4"),
        ),
        ignored_more=3,
        warnings=(
            Warned(".env.local", "secret", "looks like a secret"),
            Warned("assets/map/tiles.mbtiles", "large", "142 MiB, sent for the first time"),
        ),
        notes=("run/api.sock is a socket: skipped",),
    )


def _pull() -> Preview:
    plan = Plan(
        fetch=[Action("notes/profile-0614.txt", _file(36 * _KIB), None)],
        keep_here=sorted(one.path for one in _push().plan.send),
    )
    return Preview("pull", plan, fetch_folders=(FolderSize("notes", 1, 36 * _KIB),))


def _clashing() -> Preview:
    plan = Plan(
        send=[_send("README.md", 4 * _KIB)],
        conflicts=[
            Conflict("config/routes.toml", "changed", _file(1_240), _file(1_310, "c")),
            Conflict("web/static/logo.png", "changed", _file(18_204), _file(17_990, "c")),
        ],
    )
    return Preview("push", plan, send_folders=(FolderSize("", 1, 4 * _KIB),))


def _routes(now: float) -> ConflictDiff:
    return ConflictDiff(
        "config/routes.toml",
        (
            "--- lisbon",
            "+++ here",
            "@@ -12,9 +12,9 @@",
            " [routes.orders]",
            ' path = "/v2/orders"',
            ' upstream = "orders.internal:8080"',
            "-timeout = 30",
            "-retries = 5",
            "+timeout = 10",
            "+retries = 2",
            " ",
            " [routes.search]",
            ' path = "/v2/search"',
            "@@ -31,4 +31,6 @@",
            ' upstream = "search.internal:9200"',
            "-# raised while the index is rebuilt",
            "-timeout = 120",
            "+timeout = 15",
            "+",
            "+[routes.search.cache]",
            "+ttl = 60",
        ),
        Side("f", 1_240, now - 720, 0o644),
        Side("f", 1_310, now - 5_400, 0o644),
    )


def _logo(now: float) -> ConflictDiff:
    return ConflictDiff(
        "web/static/logo.png",
        (),
        Side("f", 18_204, now - 86_400, 0o644),
        Side("f", 17_990, now - 7_200, 0o644),
        binary=True,
    )


def _trash(now: float) -> list[Trashed]:
    def batch(id_: str, ago: float, by: str, files: dict[str, int]) -> list[Trashed]:
        return [Trashed(id_, now - ago, by, path, "f", size) for path, size in files.items()]

    return [
        *batch(
            "20250615T150240-7f3a",
            240,
            "dev@laptop",
            {"src/lib.rs": 17_900, "src/routes/login.rs": 6_912, "flake.lock": 1_794},
        ),
        *batch(
            "20250615T113320-19cc",
            12_840,
            "dev@laptop",
            {"src/routes/legacy.rs": 4_120, "tests/legacy_login.rs": 2_377},
        ),
        *batch(
            "20250612T094102-e01b",
            280_000,
            "ann@workstation",
            {"assets/map/tiles.mbtiles": 139 * _MIB, "assets/map/style.json": 22_310},
        ),
    ]
