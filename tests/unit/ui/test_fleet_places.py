"""What stands where in the fleet: groups, order, filter, folds, and what is marked."""

from dataclasses import replace

import pytest

from mnix_tui.domain.servers import ServerStatus
from mnix_tui.domain.states import ServerState
from mnix_tui.fleet import FleetSnapshot, Samples, UsageSamples
from mnix_tui.ui import fleet_filter, fleet_index, fleet_look, fleet_places
from mnix_tui.ui.fleet_index import Index
from mnix_tui.ui.fleet_look import Look, Order
from mnix_tui.ui.fleet_view import SETTING, FleetView
from mnix_tui.ui.workbench import demo, demo_fleet


def _demo(**tags: tuple[str, ...]) -> Index:
    """Return the demo fleet, its servers with tags."""
    snapshot = demo.fleet()
    servers = tuple(
        replace(view, server=replace(view.server, tags=tags.get(view.server.name, ())))
        for view in snapshot.servers
    )
    return fleet_index.index(replace(snapshot, servers=servers))


def _keys(index: Index, look: Look) -> list[str]:
    return [place.key for place in fleet_places.places(index, look)[0]]


def _servers(index: Index, look: Look) -> list[str]:
    found, _ = fleet_places.places(index, look)
    return [place.key for place in found if place.kind == "server"]


def test_servers_are_grouped_by_their_first_tag_and_those_without_any_come_last() -> None:
    index = _demo(tokyo=("prod", "asia"), lab=("test",), lisbon=("prod",))
    folded = frozenset({"local", "lab", "lisbon", "tokyo"})
    assert _keys(index, Look(folded=folded)) == [
        "#prod", "lisbon", "tokyo", "#test", "lab", "#", "local",
    ]  # fmt: skip
    flat = _keys(index, Look(grouped=False, folded=folded))
    assert flat == ["local", "lab", "lisbon", "tokyo"]


def test_without_any_tag_there_are_no_groups() -> None:
    assert _keys(_demo(), Look())[:2] == ["local", "local/local-notes"]


def test_a_folded_group_hides_its_servers_and_knows_them() -> None:
    index = _demo(tokyo=("prod",), lisbon=("prod",))
    found, kept = fleet_places.places(index, Look(folded=frozenset({"#prod"})))
    assert found[0].key == "#prod"
    assert found[0].inside == ("lisbon", "tokyo")
    assert "tokyo" not in [place.key for place in found]
    assert kept.projects == 11  # it still counts


def test_numbers_in_names_are_sorted_as_numbers() -> None:
    index = fleet_index.index(demo_fleet.fleet(demo.NOW, 12, 1))
    flat = Look(grouped=False)
    assert _servers(index, flat)[-3:] == ["host-9", "host-10", "host-11"]


def test_trouble_comes_first_when_it_is_asked_for() -> None:
    index = _demo()
    assert _servers(index, Look(order=Order.STATE))[0] == "lab"
    tokyo = [key for key in _keys(index, Look(order=Order.STATE)) if key.startswith("tokyo/")]
    assert tokyo[0] == "tokyo/tokyo-web"  # building, before what merely runs
    assert tokyo[-1] == "tokyo/tokyo-db"  # stopped


def test_a_silent_server_is_trouble_although_it_is_online() -> None:
    index = _demo()
    quiet = ServerStatus(ServerState.ONLINE, silent_since=demo.NOW - 30)
    servers = tuple(
        replace(view, status=quiet) if view.server.name == "tokyo" else view
        for view in index.snapshot.servers
    )
    index = fleet_index.index(replace(index.snapshot, servers=servers))
    assert _servers(index, Look(order=Order.STATE))[:2] == ["lab", "tokyo"]


def test_the_busiest_come_first_and_who_said_nothing_last() -> None:
    snapshot = demo.fleet()
    samples = {"local": Samples((0.1,)), "lisbon": Samples((0.9, 0.3)), "tokyo": Samples((0.8,))}
    samples["lab"] = Samples((3.6,))  # from before it was out of reach
    usage = {
        ("tokyo-docs-site", "tokyo"): UsageSamples((2.0,)),
        ("tokyo-api", "tokyo"): UsageSamples((0.5,)),
    }
    index = fleet_index.index(replace(snapshot, samples=samples, usage=usage))
    look = Look(order=Order.LOAD)
    assert _servers(index, look) == ["tokyo", "lisbon", "local", "lab"]
    mine = [key for key in _keys(index, look) if key.startswith("tokyo/")]
    assert mine[:2] == ["tokyo/tokyo-docs-site", "tokyo/tokyo-api"]


def test_servers_of_about_the_same_load_keep_their_places() -> None:
    snapshot = demo.fleet()

    def order(lisbon: float) -> list[str]:
        samples = {"lisbon": Samples((lisbon,)), "tokyo": Samples((0.41,))}
        index = fleet_index.index(replace(snapshot, samples=samples))
        found, _ = fleet_places.places(index, Look(order=Order.LOAD), loads=loads)
        return [place.key for place in found if place.kind == "server"]

    loads: dict[str, float] = {}
    assert order(0.34) == order(0.44) == order(0.38) == order(0.2)
    assert order(0.9) != order(0.1)


def test_what_is_in_use_comes_before_what_was_used_last() -> None:
    look = Look(order=Order.USED)
    keys = [key for key in _keys(_demo(), look) if key.startswith("tokyo/")]
    assert set(keys[:2]) == {"tokyo/tokyo-api", "tokyo/tokyo-web"}  # shells, and a build
    assert keys[2:] == ["tokyo/tokyo-docs-site", "tokyo/tokyo-db"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("db", ["tokyo", "tokyo/tokyo-db"]),
        ("TOKYO stop", ["tokyo", "tokyo/tokyo-db"]),
        ("#prod building", ["tokyo", "tokyo/tokyo-web"]),
        ("@lab !stopped", ["lab", "lab/lab-robot-arm"]),
        ("offline", ["lab"]),
        ("#pro !#asia", ["lisbon", "lisbon/lisbon-etl", "lisbon/lisbon-forecast-service-2",
                         "lisbon/lisbon-gateway"]),
        ("# @ !", None),
        ("nothing is like this", []),
    ],
)  # fmt: skip
def test_a_filter_keeps_what_has_all_words(text: str, kept: list[str] | None) -> None:
    index = _demo(tokyo=("prod", "asia"), lisbon=("prod",))
    look = Look(grouped=False, filter=text)
    expected = _keys(index, Look(grouped=False)) if kept is None else kept
    assert _keys(index, look) == expected


def test_a_filter_finds_what_rows_say_of_a_rebuild_and_of_why_a_server_is_away() -> None:
    index, view = _demo(), FleetView()
    view.set_filter("failed @tokyo")
    before = {place.key for place in view.places(index)}
    assert "tokyo/tokyo-db" not in before
    view.failed = frozenset({"tokyo/tokyo-db"})  # it runs on with the generation before
    assert {place.key for place in view.places(index)} == before | {"tokyo", "tokyo/tokyo-db"}
    view.set_filter("!failed @tokyo")
    assert "tokyo/tokyo-db" not in [place.key for place in view.places(index)]
    view.set_filter("")
    view.reorder(Order.STATE)
    mine = [place.key for place in view.places(index) if place.key.startswith("tokyo/")]
    assert mine[0] == "tokyo/tokyo-db"
    away = _demo().servers["lisbon"]
    (words,) = fleet_filter.parse("changed")
    refused = replace(away, status=ServerStatus(ServerState.REFUSED, "host key changed"))
    assert fleet_filter.server_matches((words,), refused)
    online = replace(away, status=ServerStatus(ServerState.ONLINE, "host key changed"))
    assert not fleet_filter.server_matches((words,), online)


def test_a_server_above_what_was_found_is_not_found_itself() -> None:
    found, kept = fleet_places.places(_demo(), Look(filter="notes"))
    assert [(place.key, place.found) for place in found] == [
        ("local", False),
        ("local/local-notes", True),
    ]
    assert (kept.servers, kept.projects) == (0, 1)


def test_words_of_a_filter() -> None:
    assert fleet_filter.parse(" !#eu  @a b ") == (
        fleet_filter.Word("eu", "#", unwanted=True),
        fleet_filter.Word("a", "@"),
        fleet_filter.Word("b"),
    )


def test_the_look_is_kept_and_nonsense_is_not_believed() -> None:
    look = Look(False, Order.LOAD, "web", frozenset({"tokyo", "#eu"}))
    assert fleet_look.from_json(look.to_json()) == look
    for text in ("", "[]", "null", "{", '{"order": 3, "folded": {"a": 1}, "filter": null}', "1"):
        assert fleet_look.from_json(text) == Look()


def test_what_a_person_chose_is_there_for_the_next_dashboard() -> None:
    kept: dict[str, str] = {}
    view = FleetView(lambda key: kept.get(key, ""), kept.__setitem__)
    view.reorder(Order.STATE)
    view.regroup()
    view.fold("tokyo", True)
    view.set_filter("web")
    assert list(kept) == [SETTING]
    again = FleetView(lambda key: kept.get(key, ""))
    assert again.look == view.look


def test_a_filter_shows_what_is_folded_and_folds_come_back_behind_it() -> None:
    index, view = _demo(), FleetView()
    view.fold("tokyo", True)
    view.set_filter("db")
    assert [place.key for place in view.places(index)] == ["tokyo", "tokyo/tokyo-db"]
    view.fold("tokyo", True)
    assert [place.key for place in view.places(index)] == ["tokyo"]
    view.set_filter("")
    keys = [place.key for place in view.places(index)]
    assert "tokyo" in keys
    assert "tokyo/tokyo-db" not in keys


def test_folding_all_and_showing_a_row_that_is_hidden() -> None:
    index, view = _demo(tokyo=("prod",)), FleetView()
    view.fold("#prod", True)
    assert view.fold_all(index)
    assert all(place.kind != "project" for place in view.places(index))
    view.reveal(index, "tokyo/tokyo-db")
    assert "tokyo/tokyo-db" in [place.key for place in view.places(index)]
    assert view.fold_all(index)  # one was open: it is folded with the others
    assert not view.fold_all(index)
    view.set_filter("notes")
    view.reveal(index, "tokyo/tokyo-db")  # the filter would hide it
    assert view.look.filter == ""
    assert "tokyo/tokyo-db" in [place.key for place in view.places(index)]


def test_marking_a_group_means_what_the_filter_keeps_of_it() -> None:
    index, view = _demo(tokyo=("prod",), lisbon=("prod",)), FleetView()
    view.set_filter("api")
    group = view.places(index)[0]
    assert group.key == "#prod"
    assert view.mark(index, group)
    assert view.chosen == {"tokyo/tokyo-api"}
    view.set_filter("")
    view.mark(index, view.places(index)[0])
    assert len(view.chosen) == 7
    view.mark(index, view.places(index)[0])
    assert not view.chosen


def test_all_is_marked_folded_ones_too_and_what_is_gone_is_not() -> None:
    index, view = _demo(), FleetView()
    view.fold_all(index)
    view.mark_all(index)
    assert len(view.marked(index)) == 11
    rest = tuple(view for view in index.snapshot.projects if view.project.server != "tokyo")
    index = fleet_index.index(replace(index.snapshot, projects=rest), index)
    assert len(view.marked(index)) == 7
    view.mark_all(index)
    assert not view.chosen


def test_an_index_takes_over_what_did_not_change() -> None:
    first = fleet_index.index(demo.fleet())
    later = fleet_index.index(replace(first.snapshot, samples={"tokyo": Samples((0.5,))}), first)
    assert later.projects is first.projects
    assert later.job is first.job
    fresh = fleet_index.index(FleetSnapshot(), later)
    assert not fresh.projects
    assert not fresh.jobs
