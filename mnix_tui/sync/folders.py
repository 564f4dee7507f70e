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
            elif there is None:
                self._only_here(path)
            else:
                self._only_there(path)

    def _only_here(self, path: str) -> None:
        builder = self._builder
        base = builder.triples[path][0]
        unit = self._units.get(unit_of(path))
        stays = True
        if path in self._used_there:
            builder.to_there(path)
            _use(path, self._used_there)
        elif unit is not None:
            if unit.flow == "there":
                builder.to_there(path)
                _use(path, self._used_there)
            elif unit.is_over(path) and path not in self._used_here:
                builder.to_here(path)
                stays = False
        elif not is_folder(base):
            if builder.sends:
                builder.to_there(path)
                _use(path, self._used_there)
            else:
                builder.keep(path, there=False)
        elif not builder.fetches:
            builder.keep(path, there=True)
        elif path in self._used_here:
            builder.keep(path, there=False)
        else:
            builder.to_here(path)
            stays = False
        if stays:
            _use(path, self._used_here)

    def _only_there(self, path: str) -> None:
        builder = self._builder
        base = builder.triples[path][0]
        unit = self._units.get(unit_of(path))
        stays = True
        if path in self._used_here:
            builder.to_here(path)
            _use(path, self._used_here)
        elif unit is not None:
            if unit.flow == "here":
                builder.to_here(path)
                _use(path, self._used_here)
        elif not is_folder(base):
            if builder.fetches:
                builder.to_here(path)
                _use(path, self._used_here)
            else:
                builder.keep(path, there=True)
        elif not builder.sends:
            builder.keep(path, there=False)
        elif path in self._used_there:
            builder.keep(path, there=True)
        else:
            builder.to_there(path)
            stays = False
        if stays:
            _use(path, self._used_there)

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
