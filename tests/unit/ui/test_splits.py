"""A tab's room is shared among its shells without a gap, whatever is done to it."""

from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.ui import splits
from mnix_tui.ui.splits import Box, Leaf, Split

ROOM = Box(0, 0, 80, 24)
TWO = Split(True, Leaf("a"), Leaf("b"))
THREE = Split(True, Leaf("a"), Split(False, Leaf("b"), Leaf("c")))


def _tree(names: list[str], choices: list[bool]) -> Leaf | Split:
    tree: Leaf | Split = Leaf(names[0])
    for number, name in enumerate(names[1:]):
        at = splits.jobs(tree)[number // 2]
        tree = splits.split(tree, at, name, beside=choices[number % len(choices)])
    return tree


trees = st.builds(
    _tree,
    st.integers(1, 6).map(lambda n: [f"s{i}" for i in range(n)]),
    st.lists(st.booleans(), min_size=1, max_size=6),
)


@given(trees, st.integers(30, 220), st.integers(10, 60))
def test_every_cell_belongs_to_one_shell_or_to_a_line(
    tree: Leaf | Split, width: int, height: int
) -> None:
    boxes, dividers = splits.place(tree, Box(3, 2, width, height))
    taken: dict[tuple[int, int], str] = {}
    lines = {f"line {one.path}": one.box for one in dividers if one.beside}
    for name, box in {**boxes, **lines}.items():
        for x in range(box.x, box.x + box.width):
            for y in range(box.y, box.y + box.height):
                assert (x, y) not in taken, (name, taken[x, y])
                taken[x, y] = name
    assert len(taken) == width * height
    assert set(boxes) == set(splits.jobs(tree))


def test_side_by_side_has_a_line_between_and_stacked_has_none() -> None:
    boxes, dividers = splits.place(THREE, ROOM)
    assert boxes == {"a": Box(0, 0, 40, 24), "b": Box(41, 0, 39, 12), "c": Box(41, 12, 39, 12)}
    assert [(one.box, one.path) for one in dividers] == [
        (Box(40, 0, 1, 24), ()),
        (Box(41, 12, 39, 1), (1,)),
    ]


def test_closing_one_side_gives_its_room_back() -> None:
    assert splits.without(THREE, "b") == Split(True, Leaf("a"), Leaf("c"))
    assert splits.without(TWO, "a") == Leaf("b")
    assert splits.without(Leaf("a"), "a") is None


def test_neighbours_are_found_by_where_they_are() -> None:
    boxes, _ = splits.place(THREE, ROOM)
    assert splits.neighbour(boxes, "b", "left") == "a"
    assert splits.neighbour(boxes, "b", "down") == "c"
    assert splits.neighbour(boxes, "c", "up") == "b"
    assert splits.neighbour(boxes, "a", "right") == "b"
    assert splits.neighbour(boxes, "a", "left") == ""
    assert splits.neighbour(boxes, "nobody", "left") == ""


def test_the_nearest_line_moves() -> None:
    pushed = splits.push(THREE, ROOM, "b", "left", 4)
    assert splits.place(pushed, ROOM)[0]["a"].width == 36
    pushed = splits.push(THREE, ROOM, "a", "right", 4)
    assert splits.place(pushed, ROOM)[0]["a"].width == 44
    pushed = splits.push(THREE, ROOM, "c", "up", 2)
    assert splits.place(pushed, ROOM)[0]["b"].height == 10
    assert splits.push(TWO, ROOM, "a", "up", 2) == TWO
    assert splits.push(Leaf("a"), ROOM, "a", "up", 2) == Leaf("a")


@given(trees, st.integers(-10, 100), st.integers(0, 3))
def test_a_dragged_line_leaves_both_sides_room(tree: Leaf | Split, to: int, which: int) -> None:
    _, dividers = splits.place(tree, ROOM)
    if dividers:
        tree = splits.drag(tree, ROOM, dividers[which % len(dividers)].path, to)
    assert all(box.width > 0 and box.height > 0 for box in splits.place(tree, ROOM)[0].values())


@given(trees)
def test_what_is_kept_comes_back(tree: Leaf | Split) -> None:
    assert splits.from_json(splits.to_json(tree)) == tree


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["first", "second", "share", "beside"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_nonsense_is_read_as_far_as_it_makes_sense(said: object) -> None:
    tree = splits.from_json(said)
    if tree is not None:
        found = splits.jobs(tree)
        assert len(set(found)) == len(found)
        splits.place(tree, ROOM)


def test_a_pane_is_split_only_where_both_halves_can_be_read() -> None:
    assert splits.has_room(Box(0, 0, 80, 24), beside=True)
    assert not splits.has_room(Box(0, 0, 20, 24), beside=True)
    assert not splits.has_room(Box(0, 0, 80, 5), beside=False)
