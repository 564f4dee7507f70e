"""What becomes of folders, once it is known what becomes of all that is in them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.sync.gitdirs import unit_of
from mnix_tui.sync.verdicts import is_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mnix_tui.sync.building import Builder
    from mnix_tui.sync.units import Unit


class Folders:
    """Decides about folders, the deepest first."""

    def __init__(self, builder: Builder, units: Mapping[str, Unit]) -> None:
        self._builder = builder
        self._units = units
        self._used_here: set[str] = set()
        """Folders that something here will be in."""
        self._used_there: set[str] = set()

    def settle(self, folders: list[str]) -> None:
        """Decide about ``folders``, sorted; everything else was decided before."""
        if not folders:
            return
        self._see_what_stays()
        for path in reversed(folders):
            _, here, there = self._builder.triples[path]
            if here is not None and there is not None:
                self._builder.settle(path)
                _use(path, self._used_here)
                _use(path, self._used_there)
            else:
                self._only_on(path, here=there is None)

    def _only_on(self, path: str, *, here: bool) -> None:
        """Decide about a folder that only one side has: ``here``, or else there."""
        builder = self._builder
        base = builder.triples[path][0]
        unit = self._units.get(unit_of(path))
        mine, others = self._used_here, self._used_there
        give, take = builder.to_there, builder.to_here
        gives, takes = builder.sends, builder.fetches
        if not here:
            mine, others, give, take, gives, takes = others, mine, take, give, takes, gives
        stays = True
        if path in others:
            give(path)
            _use(path, others)
        elif unit is not None:
            if unit.flow == ("there" if here else "here"):
                give(path)
                _use(path, others)
            elif here and unit.is_over(path) and path not in mine:
                take(path)
                stays = False
        elif not is_folder(base):
            if gives:
                give(path)
                _use(path, others)
            else:
                builder.keep(path, there=not here)
        elif not takes:
            builder.keep(path, there=here)
        elif path in mine:
            builder.keep(path, there=not here)
        else:
            take(path)
            stays = False
        if stays:
            _use(path, mine)

    def _see_what_stays(self) -> None:
        """Note the folders of everything that is on a side once the plan was done."""
        builder = self._builder
        plan = builder.plan
        gone_here = {action.path for action in plan.delete_here}
        gone_there = {action.path for action in plan.delete_there}
        pending = builder.done
        for path, (_, here, there) in builder.triples.items():
            decided = path in pending
            if here is not None and path not in gone_here and (decided or not is_folder(here)):
                _use(path, self._used_here)
            if there is not None and path not in gone_there and (decided or not is_folder(there)):
                _use(path, self._used_there)
        _use_all((action.path for action in plan.fetch), self._used_here)
        _use_all((action.path for action in plan.send), self._used_there)


def _use_all(paths: Iterable[str], used: set[str]) -> None:
    for path in paths:
        _use(path, used)


def _use(path: str, used: set[str]) -> None:
    """Note all folders that ``path`` is in."""
    folder = path.rpartition("/")[0]
    while folder and folder not in used:
        used.add(folder)
        folder = folder.rpartition("/")[0]
