"""How busy servers and containers are: in columns, with an age, and quiet when it is old."""

from dataclasses import replace

import pytest

from mnix_tui.domain.states import ServerState
from mnix_tui.fleet import Samples, ServerView, UsageSamples
from mnix_tui.ui import about_group, about_server, fleet_index, fleet_metrics, fleet_notes, words
from mnix_tui.ui import fleet_rows as rows
from mnix_tui.ui.fleet_look import Look
from mnix_tui.ui.fleet_places import places
from mnix_tui.ui.workbench import demo, demo_fleet

NOW = demo.NOW
FLEET = demo_fleet.fleet(NOW, 20, 6)


def _row(key: str, *, now: float = NOW, **changes: object) -> rows.Row:
    found = rows.rows(replace(FLEET, **changes), now=now)  # type: ignore[arg-type]
    at = found.find(key)
    assert at is not None
    return found[at]


def _line(row: rows.Row, width: int) -> str:
    return row.name + "".join(
        text for text, _ in fleet_notes.cells(row, width, fleet_notes.columns(width))
    )


def test_a_server_s_row_has_a_column_for_each_value_there_is_room_for() -> None:
    row = _row("host-0")
    assert [len(fleet_notes.columns(width)) for width in (30, 40, 60, 80, 120)] == [0, 1, 2, 3, 4]
    shown = fleet_notes.columns(120)
    heading = fleet_notes.header(shown)
    cells = "".join(text for text, _ in fleet_notes.cells(row, 100, shown))
    assert [heading.split()[0], *heading.split()[-3:]] == ["load,", "memory", "disk", "store"]
    percent = f"{round(FLEET.samples['host-0'].memory[-1] * 100)}%"
    assert percent in cells
    assert cells.rstrip().endswith(words.brief_size(FLEET.samples["host-0"].store[-1]))
    # Every value ends where its heading ends.
    assert len(cells[-len(heading) :]) == len(heading)


@pytest.mark.parametrize("width", [16, 22, 34, 44, 60, 90, 190])
def test_no_row_is_wider_than_its_room(width: int) -> None:
    for row in rows.rows(FLEET, now=NOW):
        if row.name and len(row.name) < width // 2:
            assert len(_line(row, width)) <= width, (row.key, width)


def test_a_value_is_stale_from_fifteen_seconds_on_and_says_how_old_it_is() -> None:
    fresh, old = _row("host-5", now=NOW + 12), _row("host-5", now=NOW + 40)
    assert not fresh.metrics[0].stale
    assert not fresh.stale
    assert old.metrics[0].stale
    cells = fleet_notes.cells(old, 60, fleet_notes.columns(60))
    assert "42s ago" in "".join(text for text, _ in cells)
    assert {tone for text, tone in cells if text.strip()} == {"stale", "spark"}
    assert "42s ago" not in _line(fresh, 60)


def test_a_server_that_is_away_shows_the_reason_and_no_load_of_long_ago() -> None:
    row = _row("host-3")
    assert row.metrics == ()
    assert "no route to host" in _line(row, 60)
    assert "3h ago" in _line(row, 60)


def test_a_server_that_nobody_connected_to_shows_what_was_known_and_since_when() -> None:
    servers = tuple(
        replace(view, status=replace(view.status, state=ServerState.UNKNOWN, seen=NOW - 7200))
        for view in FLEET.servers
    )
    samples = {name: replace(one, seen=NOW - 7200) for name, one in FLEET.samples.items()}
    row = _row("host-0", servers=servers, samples=samples)
    assert (row.note, row.stale) == ("2h ago", True)
    assert "2h ago" in _line(row, 60)


def test_a_container_s_row_says_what_it_uses() -> None:
    usage = {("host-0-web", "host-0"): UsageSamples((0.1, 0.5), (1e8, 2e8), int(4e8), NOW - 1)}
    row = _row("host-0/host-0-web", usage=usage)
    assert [(one.column, one.text, one.shares[-1]) for one in row.metrics] == [
        ("load", "0.50", 0.5),
        ("memory", "191M", 0.5),
    ]
    full = {("host-0-web", "host-0"): UsageSamples((3.0,), (3.9e8,), int(4e8), NOW - 1)}
    assert _row("host-0/host-0-web", usage=full).metrics[1].tone == "bad"


def test_what_is_stopped_or_out_of_reach_uses_nothing_that_is_known() -> None:
    usage = {view.project.key: UsageSamples((1.0,), (1e8,), seen=NOW) for view in FLEET.projects}
    stopped = next(view for view in FLEET.projects if view.status.state.value == "stopped")
    key = fleet_index.project_key(stopped)
    assert _row(key, usage=usage).metrics == ()
    assert _row("host-3/host-3-api", usage=usage).metrics == ()


def test_a_server_s_page_says_the_age_of_what_is_old() -> None:
    view = FLEET.servers[0]
    fresh = about_server.of_server(view, (), now=NOW, snapshot=FLEET)
    facts = {fact.label: fact for fact in fresh.facts}
    assert {"Load", "Memory", "Disk", "Store", "Tags"} <= facts.keys()
    assert "ago" not in facts["Load"].note
    later = about_server.of_server(view, (), now=NOW + 100, snapshot=FLEET)
    load = next(fact for fact in later.facts if fact.label == "Load")
    assert load.note.startswith("1m ago · ")
    assert load.tone == "idle"


def test_without_a_history_the_last_value_counts() -> None:
    view: ServerView = FLEET.servers[0]
    alone = replace(FLEET, samples={})
    (load, *_) = fleet_metrics.of_server(alone, view, NOW)
    assert len(load.shares) == 1
    assert fleet_metrics.of_server(alone, replace(view, stats=None), NOW) == ()


def test_a_group_s_row_and_page_count_what_is_in_it() -> None:
    index = fleet_index.index(FLEET)
    found, _ = places(index, Look())
    group = next(place for place in found if place.key == "#ci")
    row = rows.make(group, rows.Scene(index, NOW))
    assert (row.kind, row.name, row.note) == ("group", "ci", "✕ 1 of 4")
    page = about_group.of_group(index, group, NOW)
    assert page.summary == "4 servers · 24 projects"
    assert page.lines[0].key == "host-3"  # what is in trouble comes first
    assert "1 offline" in page.state


def test_rows_are_made_when_they_are_asked_for() -> None:
    found = rows.rows(FLEET, now=NOW)
    assert len(found) == 20 * 7 + 5
    assert all(found.made(at) is None for at in range(len(found)))
    row = found[7]
    assert found.made(7) is row
    assert sum(found.made(at) is not None for at in range(len(found))) == 1
    assert found.find(row.key) == 7


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (812, "812B"), (1023, "1.0K"), (3.4 * 2**20, "3.4M"), (9.99 * 2**30, "10G"),
     (999.7 * 2**20, "1.0G"), (2000 * 2**40, "999T")],
)  # fmt: skip
def test_sizes_in_four_characters(size: float, text: str) -> None:
    assert words.brief_size(size) == text


@pytest.mark.parametrize(
    ("cores", "text"),
    [(0, "0.00"), (0.314, "0.31"), (9.999, "10.0"), (99.96, "100"), (1e6, "9999")],
)
def test_cores_in_four_characters(cores: float, text: str) -> None:
    assert words.cores(cores) == text


def test_samples_of_nothing_are_nothing() -> None:
    assert (
        fleet_metrics.of_server(
            replace(FLEET, samples={"host-0": Samples()}),
            replace(FLEET.servers[0], stats=None),
            NOW,
        )
        == ()
    )
    assert fleet_metrics.of_project(UsageSamples(), NOW) == ()
