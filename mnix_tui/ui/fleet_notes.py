"""What stands beside a name in the fleet tree, as far as there is room for it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from mnix_tui.ui import words

if TYPE_CHECKING:
    from mnix_tui.ui.fleet_metrics import Metric
    from mnix_tui.ui.fleet_rows import Row

WIDE = 34
"""From this room on, what is said stands in two columns."""
_HOST, _DRIFT = ("⌂", "host"), ("Δ", "drift")
_MOST = 99
NOTE = 9
"""Cells of the column that says how a project is, where there are columns."""
_SPARK, _VALUE = 5, 5
_NAME, _MORE = 28, 46
"""Where there is much room, a name has a column too, and more is said behind it."""
_COLUMNS = ((40, "load", "load, cpu"), (56, "memory", "memory"), (72, "disk", "disk"),
            (84, "store", "store"))  # fmt: skip


class Column(NamedTuple):
    """One value of every row, below its heading."""

    name: str
    heading: str


def columns(width: int) -> tuple[Column, ...]:
    """Return the columns that a tree of this width has; none in a narrow one."""
    return tuple(Column(name, heading) for least, name, heading in _COLUMNS if width >= least)


def header(shown: tuple[Column, ...]) -> str:
    """Return the line above the columns, to be set at the right edge."""
    return "".join(f"  {column.heading:>{_SPARK + _VALUE}}" for column in shown)


def signs(row: Row) -> list[tuple[str, str]]:
    """Return the signs behind a row's name, with their tones."""
    found = [_HOST] if row.host else []
    if row.watching:
        found.append(("⇄✕" if row.watching == "bad" else "⇄", row.watching))
    if row.conflicts:
        found.append((f"!{min(row.conflicts, _MOST)}", "busy"))
    if row.drift:
        found.append(_DRIFT)
    if row.mark.text:
        found.append((row.mark.sign, row.mark.tone or "note"))
    return found


def cells(row: Row, space: int, shown: tuple[Column, ...]) -> list[tuple[str, str]]:
    """Return what a row says in ``space`` behind its name: in columns, where there are any."""
    in_columns = row.metrics or (row.kind == "project" and row.build is None)
    if not shown or not in_columns or (row.build is not None and not row.is_server):
        return [(f"  {text}", tone) for text, tone in notes(row, space)]
    note, tone = row.note, row.tone if row.tone in ("busy", "bad") else "note"
    if row.is_server:  # its load has a column of its own
        note = f"{words.span(row.metrics[0].age)} ago" if row.metrics[0].stale else ""
        tone = "stale"
        if row.build is not None:
            note, tone = f"◐ {row.build.count} {row.build.percent}".rstrip(), "busy"
    note = words.fit(note, NOTE)
    room = space - cell_len(row.name) - (_SPARK + _VALUE + 2) * len(shown)
    found = [(f"  {note:>{NOTE}}" if room >= NOTE + 2 else f"  {note}", tone)]
    if not note:
        found = [(" " * (NOTE + 2), tone)] if room >= NOTE + 2 else []
    if row.about and room > _MORE:
        lead = max(_NAME - cell_len(row.name), 2)
        text = " " * lead + words.fit(row.about, room - NOTE - 2 - lead)
        found.insert(0, (f"{text:<{room - NOTE - 2}}", "spark"))
    values = {metric.column: metric for metric in row.metrics}
    for column in shown:
        first, *rest = _cell(values.get(column.name))
        found += [(f"  {first[0]}", first[1]), *rest]
    return found


def _cell(metric: Metric | None) -> list[tuple[str, str]]:
    if metric is None:
        return [(" " * (_SPARK + _VALUE), "note")]
    spark = words.spark(metric.shares, _SPARK)
    loud = metric.tone in ("busy", "bad")
    tone = metric.tone if loud else "stale" if metric.stale else "note"
    return [(f"{spark:>{_SPARK}}", tone if loud else "spark"), (f"{metric.text:>{_VALUE}}", tone)]


def notes(row: Row, space: int) -> list[tuple[str, str]]:
    """Return what fits into ``space`` with the name, with tones: the name keeps half of it."""
    if row.build is not None and row.kind == "project":
        return [(_progress(row, space), "busy")]
    last = row.tone if row.tone in ("busy", "bad") else "stale" if row.stale else "note"
    name = cell_len(row.name)
    note = words.fit(row.note, max(space // 2, min(space - name - 2, len(row.note))))
    for column, tone in _columns(row, space):
        rest = f"{note:>9}" if space >= WIDE else note
        if name + cell_len(column) + len(rest) + 4 <= space:
            return [(column, tone), (rest, last)]
    if row.build is not None:  # more of interest than how busy the server is
        fitting = (one for one in _columns(row, space) if name + cell_len(one[0]) + 2 <= space)
        return [next(fitting, ("◐", "busy"))]
    return [(note, last)] if note else []


def _columns(row: Row, space: int) -> list[tuple[str, str]]:
    """Return what a second column could say, the best first."""
    if row.build is not None:
        count, share = row.build.count, row.build.percent
        building = f"◐ {count} building {share}".rstrip()
        return [(building, "busy"), (f"◐ {count} {share}".rstrip(), "busy"), (f"◐ {count}", "busy")]
    if not row.more:
        return []
    tone = "spark" if row.metrics else "note"
    if space >= WIDE:
        return [(f"{row.more:>8}", tone)]
    return [(row.more, tone)] if row.is_server else []


def _progress(row: Row, space: int) -> str:
    assert row.build is not None
    return row.build.note(max(space - cell_len(row.name) - 2, space // 2, 4))
