"""A folder on one side where the other has a file (or a link): all below it is one matter. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sync.verdicts import alike

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnix_tui.sync.building import Builder


def settle_clash(builder: Builder, path: str, copy: Callable[[str], str]) -> None:
    """Decide what becomes of ``path`` and all below it; ``copy`` names the server's copy."""
    paths = [path, *builder.below(path)]
    builder.done.update(paths)
    triples = [builder.triples[each] for each in paths]
    there_stayed = _all([alike(base, there) for base, _, there in triples])
    here_stayed = _all([alike(base, here) for base, here, _ in triples])
    if there_stayed:
        if builder.sends:
            _move(paths, builder.to_there)
        else:
            builder.keep(path, there=False)
    elif here_stayed:
        if builder.fetches:
            _move(paths, builder.to_here)
        else:
            builder.keep(path, there=True)
    elif there_stayed is None or here_stayed is None:
        builder.ask(
            each
            for each, (base, here, there) in zip(paths, triples, strict=True)
            if alike(base, there) is None
        )
    else:
        _choose(builder, path, paths, copy)


def _choose(builder: Builder, path: str, paths: list[str], copy: Callable[[str], str]) -> None:
    choice = builder.choices.get(path)
    if choice is None:
        builder.conflict(path, "folder-file", len(paths))
    elif choice == "there":
        _move(paths, builder.to_here)
    else:
        if choice == "both":
            beside = copy(path)
            for each in paths:
                builder.copy(each, beside + each[len(path) :])
        _move(paths, builder.to_there)


def _move(paths: list[str], move: Callable[[str], None]) -> None:
    for path in paths:
        move(path)


def _all(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True
