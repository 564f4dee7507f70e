"""What a person should know of a plan, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.domain.text import plain
from mnix_tui.sync.model import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mnix_tui.sync.converse import There
    from mnix_tui.sync.model import Plan
    from mnix_tui.sync.verdicts import Triple


def remarks(
    plan: Plan,
    there: There | None,
    triples: Mapping[str, Triple],
    in_the_way: Mapping[str, int],
    *,
    server: str,
    elsewhere: bool,
) -> Iterator[str]:
    """Yield them. ``elsewhere``: the folder here is another one than the one that was agreed."""
    if there is not None:
        for path, _, text in there.notes:
            yield f"{printable(path)} on {server} {plain(text)}"
    if plan.postponed:
        yield (
            f"{len(plan.postponed)} files that the server no longer lists are still here: its"
            " ignore rules changed as well. Once they are the same here a pull goes by them"
        )
    for path, count in in_the_way.items():
        yield (
            f"{printable(path)} is in the way here: {count} path{'s' * (count > 1)} on {server}"
            " can't be fetched. Remove it, or rename it"
        )
    missing = sum(path in triples and triples[path][1] is None for path in plan.keep_there)
    if missing and elsewhere:
        yield (
            f"{missing} path{'s' * (missing > 1)} of the workspace {'are' if missing > 1 else 'is'}"
            " not in this folder, which is another one than before: nothing of that was deleted"
            " there. A pull fetches it"
        )
    # Said when it is news: they differ for good.
    if there is not None and any(each.path in there.changed for each in plan.withheld):
        yield (
            f"{len(plan.withheld)} files of a repository's settings or hooks were not fetched:"
            " git here would obey them (mnix pull --dry-run lists them)"
        )
