"""How generations and what differs between them are written. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.domain.generations import Changes, Generation, GenerationDiff, PackageChange

Part = tuple[str, str]
"""A text and its tone, as in ``about``."""
MARKS = {"added": ("+", "good"), "removed": ("−", "bad"), "changed": ("~", "busy")}
_VERSIONS = 3


def size_change(count: int) -> str:
    """Return by how much something grew or shrank (``+12 MiB``, ``−3.4 KiB``, ``±0``)."""
    if not count:
        return "±0"
    return f"{'+' if count > 0 else '−'}{words.size(abs(count))}"


def counts(changes: Changes | None) -> str:
    """Return what changed, in numbers (``+3 −1 ~4 (+12 MiB)``); "" where nobody knows."""
    if changes is None:
        return ""
    if not changes:
        return "same versions"
    numbers = (("+", changes.added), ("−", changes.removed), ("~", changes.changed))
    said = " ".join(f"{sign}{number}" for sign, number in numbers if number)
    return f"{said} ({size_change(changes.bytes)})".strip()


def made(one: Generation, now: float) -> str:
    """Return when, why and in what time a generation was made, and how large it is."""
    parts = [f"{words.plain(one.cause) or 'built'} {words.ago(one.created, now)}"]
    if one.duration is not None:
        parts.append(f"took {words.took(one.duration)}")
    if one.size is not None:
        parts.append(words.size(one.size))
    return " · ".join(parts)


def row(one: Generation, now: float, width: int) -> str:
    """Return the same in columns, with what it changed, as far as ``width`` goes."""
    took = words.took(one.duration) if one.duration is not None else ""
    size = words.size(one.size) if one.size is not None else ""
    when = f"{words.fit(words.plain(one.cause), 8):<9}{words.ago(one.created, now):>8}"
    what = f"  {counts(one.changes):>23}"
    for columns in (f"  {took:>12}  {size:>8}{what}", f"  {size:>8}{what}", what, f"  {size:>8}"):
        if len(when) + len(columns) <= width:
            return when + columns
    return words.fit(when, width)


def totals(diff: GenerationDiff) -> list[Part]:
    """Return the diff's headline: which two, how many of each kind, and the sizes."""
    a, b = diff.sizes
    parts: list[Part] = [(f"{diff.a} → {diff.b}", "")]
    for kind, (sign, tone) in MARKS.items():
        if found := len(getattr(diff, kind)):
            parts.append((f"  {sign}{found} {kind}", tone))
    sizes = f", {words.size(a)} → {words.size(b)}" if a and b else ""
    parts.append((f"  {size_change(diff.bytes)}{sizes}", "idle"))
    return parts


def lines(diff: GenerationDiff, width: int) -> list[list[Part]]:
    """Return a line for each package that differs, the larger ones first within each kind."""
    found: list[list[Part]] = []
    for kind, (sign, tone) in MARKS.items():
        each: tuple[PackageChange, ...] = getattr(diff, kind)
        ordered = sorted(each, key=lambda one: (-abs(one.bytes), one.name))
        found += [_line(one, sign, tone, width) for one in ordered]
    if diff.more:
        found.append([(f"  and {words.count(diff.more, 'more package')}", "idle")])
    if not found:
        found.append([("  The same packages: nothing was added, removed or changed.", "idle")])
    return found


def _line(one: PackageChange, sign: str, tone: str, width: int) -> list[Part]:
    bytes_ = size_change(one.bytes)
    versions = _versions(one)
    name_width = max(min(32, width - 40), 12)
    room = max(width - name_width - 14, 8)
    name = words.fit(words.plain(one.name), name_width)
    return [
        (f"{sign} ", tone),
        (f"{name:<{name_width}} ", ""),
        (f"{words.fit(versions, room):<{room}}", "idle" if sign != "~" else ""),
        (f"{bytes_:>10}", "idle"),
    ]


def _versions(one: PackageChange) -> str:
    before, after = _some(one.before), _some(one.after)
    return f"{before} → {after}" if before and after else before or after


def _some(versions: tuple[str, ...]) -> str:
    shown = [words.plain(version) or "no version" for version in versions[:_VERSIONS]]
    more = len(versions) - len(shown)
    return ", ".join(shown) + (f" +{more}" if more else "")
