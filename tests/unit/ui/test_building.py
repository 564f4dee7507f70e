"""How far rebuilds are is told in the room that there is, and never more than is known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mnix_tui.domain.drift import Drift
from mnix_tui.domain.jobs import Job
from mnix_tui.domain.states import JobState, ServerState
from mnix_tui.nixlog import Summary
from mnix_tui.ui import behind, building, fleet_notes, fleet_rows
from mnix_tui.ui.building import Building
from mnix_tui.ui.fleet_rows import Row
from mnix_tui.ui.marks import BUILD_FAILED, STALE
from mnix_tui.ui.workbench import demo

FLEET = demo.fleet()
WEB = "tokyo/tokyo-web"


def _row(key: str = WEB, **changes: object) -> Row:
    found = fleet_rows.rows(replace(FLEET, **changes), now=demo.NOW)  # type: ignore[arg-type]
    return next(row for row in found if row.key == key)


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (40, "web-node-modules-7.2…  ━━━━━╌╌╌ 59%  48s"),
        (30, "web-node-m…  ━━━━━╌╌╌ 59%  48s"),
        (20, "━━━━━╌╌╌ 59%  48s"),
        (12, "59%  48s"),
        (7, "59% 48s"),
        (4, "59%"),
    ],
)
def test_what_fits_is_said_the_most_telling_first(room: int, text: str) -> None:
    one = Building(1, 0.595, 48, "building", "building web-node-modules-7.2 and 1 more")
    assert one.note(room) == text


@given(
    st.builds(
        Building,
        st.integers(1, 40),
        st.none() | st.floats(-1, 2),
        st.none() | st.floats(0, 1e9),
        st.text(max_size=20),
        st.text(max_size=80),
    ),
    st.integers(3, 80),
)
def test_a_note_never_takes_more_than_its_room(one: Building, room: int) -> None:
    assert len(one.note(room)) <= max(room, len(one.percent))
    assert one.percent != "100%"


@given(st.text(min_size=1, max_size=40), st.integers(4, 60), st.integers(0, 99))
def test_a_row_leaves_room_for_its_name(name: str, space: int, percent: int) -> None:
    row = replace(_row(), name=name, build=Building(1, percent / 100, 100.0))
    (note, _), *_ = fleet_notes.notes(row, space)
    assert len(note) <= max(space - cell_len(name) - 2, space // 2, 4)


def test_several_are_as_far_as_their_mean_and_take_as_long_as_the_longest() -> None:
    two = building.together([Building(1, 0.2, 10), Building(1, 0.6, 90, failed=1)])
    assert two is not None
    assert (two.count, two.percent, two.eta, two.failed) == (2, "40%", 90, 1)
    unknown = building.together([Building(1, 0.2, 10), Building(1, None, None)])
    assert unknown is not None
    assert (unknown.fraction, unknown.eta) == (None, None)  # rather nothing than a guess
    assert building.together([]) is None


def test_every_server_sums_up_its_own() -> None:
    jobs = (
        Job("a", "rebuild", "tokyo-api", JobState.RUNNING),
        Job("b", "rebuild", "tokyo-db", JobState.RUNNING),
        Job("c", "rebuild", "lisbon-etl", JobState.RUNNING),
        Job("d", "rebuild", "lisbon-gateway", JobState.EXITED),
    )
    builds = {("a", ""): Summary(fraction=0.5, eta=3), ("b", ""): Summary(fraction=0.9)}
    tokyo = _row("tokyo", jobs=jobs, builds=builds).build
    lisbon = _row("lisbon", jobs=jobs, builds=builds).build
    assert tokyo is not None
    assert (tokyo.count, tokyo.percent, tokyo.left) == (2, "70%", "")
    assert lisbon is not None
    assert (lisbon.count, lisbon.percent) == (1, "")
    assert _row("tokyo/tokyo-api", jobs=jobs, builds=builds).glyph == "◐"


def test_of_a_server_that_is_away_no_progress_is_claimed() -> None:
    servers = tuple(
        replace(view, status=replace(view.status, state=ServerState.OFFLINE))
        for view in FLEET.servers
    )
    assert _row(servers=servers).build is None
    assert _row("tokyo", servers=servers).build is None


def test_signs_stand_behind_the_name() -> None:
    row = replace(_row("lisbon/lisbon-gateway"), drift=True, mark=BUILD_FAILED)
    assert [sign for sign, _ in fleet_notes.signs(row)] == ["⌂", "!2", "Δ", "✕"]
    docs = fleet_rows.rows(FLEET, now=demo.NOW, marks={"tokyo/tokyo-docs-site": STALE})
    (found,) = (row for row in docs if row.key == "tokyo/tokyo-docs-site")
    assert [sign for sign, _ in fleet_notes.signs(found)] == ["Δ", "↻"]
    assert [sign for sign, _ in fleet_notes.signs(_row("tokyo/tokyo-web"))] == ["⇄"]
    clean = tuple(replace(view, drift=Drift()) for view in FLEET.projects)
    assert not _row("tokyo/tokyo-docs-site", projects=clean).drift


@pytest.mark.parametrize(
    ("job", "generation", "ready"),
    [
        ({"generation": 11}, 12, 12),
        ({"generation": 13}, 12, 12),  # after a rollback, the other way
        ({"generation": 0}, 12, 12),  # opened before anything was built
        ({"generation": 12}, 12, None),
        ({"generation": 12, "replaced": True}, 12, 12),
        ({"generation": None}, 12, None),  # an older agent does not say
        ({"generation": 11}, None, None),
        ({"generation": 11, "state": JobState.EXITED}, 12, None),
        ({"generation": 11, "kind": "exec"}, 12, None),
    ],
)
def test_a_shell_is_behind_when_new_ones_get_something_else(
    job: dict[str, object], generation: int | None, ready: int | None
) -> None:
    shell = replace(Job("s", "session", "p", JobState.RUNNING), **job)  # type: ignore[arg-type]
    status = replace(FLEET.projects[2].status, generation=generation)
    found = behind.ready(shell, status)
    assert (found.generation if found else None) == ready


def test_one_whose_log_has_ended_is_not_at_99_percent() -> None:
    done, failed = (building.of(Summary(fraction=0.99, eta=3, ok=ok)) for ok in (True, False))
    assert (done.percent, done.brief) == ("", "done")
    assert (failed.percent, failed.brief) == ("", "failed")
    both = building.together([done, Building(1, 0.5, 20)])
    assert both is not None
    assert (both.percent, both.eta) == ("75%", 20)
