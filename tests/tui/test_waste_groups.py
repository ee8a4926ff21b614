"""Waste in groups: what belongs together, what folds, what a hundred thousand items cost."""

from __future__ import annotations

import pytest

from effort import effort
from layerscope.analysis.model import OVERWRITTEN, REMOVED, WasteItem
from layerscope.tui.wastegroups import Grouping, WasteRows


def item(path: str, size: int, by: int = 1, reason: str = REMOVED) -> WasteItem:
    return WasteItem(path, size, 1, 1, reason, (0,), by)


ITEMS = [
    item("var/lib/apt/lists/", 50, 3),
    item("usr/lib/x/a.so", 40, 2, OVERWRITTEN),
    item("var/lib/dpkg/status", 30, 2, OVERWRITTEN),
    item("root/.cache/", 20, 3),
    item("a", 10, 1),
]


def names(model: WasteRows) -> list[str]:
    """The rows: headings in brackets, items by their paths."""
    return [
        f"[{model.groups[model.group_at(row)].name}]" if model.group_at(row) >= 0 else model.items[number].path
        for row, number in enumerate(model.rows)
    ]


def test_items_stand_largest_first() -> None:
    assert names(WasteRows(ITEMS)) == [each.path for each in ITEMS]


@pytest.mark.parametrize(
    ("grouping", "heads"),
    [
        (Grouping.LAYER, {"[layer 4]": 70, "[layer 3]": 70, "[layer 2]": 10}),
        (Grouping.DIRECTORY, {"[/var/lib]": 80, "[/usr/lib]": 40, "[/root]": 20, "[/]": 10}),
        (Grouping.REASON, {"[removed]": 80, "[overwritten]": 70}),
    ],
)
def test_groups_are_sorted_by_their_bytes_and_add_up(grouping: Grouping, heads: dict[str, int]) -> None:
    model = WasteRows(ITEMS)
    model.group_by(grouping)
    assert [f"[{group.name}]" for group in model.groups] == list(heads)
    assert [group.bytes for group in model.groups] == list(heads.values())
    assert sum(group.bytes for group in model.groups) == model.total
    assert sorted(number for group in model.groups for number in group.items) == list(range(len(ITEMS)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lib", ["var/lib/apt/lists/", "usr/lib/x/a.so", "var/lib/dpkg/status"]),
        (">30", ["var/lib/apt/lists/", "usr/lib/x/a.so"]),
        ("<=20", ["root/.cache/", "a"]),
        ("> 10 B <30", ["root/.cache/"]),
        ("layer:3", ["usr/lib/x/a.so", "var/lib/dpkg/status"]),
        ("layer:1 layer:2", ["a"]),
        ("is:overwritten", ["usr/lib/x/a.so", "var/lib/dpkg/status"]),
        ("is:removed lib", ["var/lib/apt/lists/"]),
        ("is:removed is:overwritten in:all is:wasted", [each.path for each in ITEMS]),
        ("*.so", ["usr/lib/x/a.so"]),
        ("l?sts", ["var/lib/apt/lists/"]),
        ("/var/*s", ["var/lib/dpkg/status"]),
        ("lib is:nonsense", ["var/lib/apt/lists/", "usr/lib/x/a.so", "var/lib/dpkg/status"]),
    ],
)
def test_waste_is_asked_for_as_files_are(text: str, found: list[str]) -> None:
    model = WasteRows(ITEMS)
    model.search(text)
    assert names(model) == found
    assert model.fault == ("is: overwritten rewritten removed hidden replaced duplicate" if "sense" in text else "")


def test_groups_fold_and_keep_the_order_within() -> None:
    model = WasteRows(ITEMS)
    model.group_by(Grouping.LAYER)
    assert names(model) == ["[layer 4]", "[layer 3]", "[layer 2]"]
    model.fold_all(False)
    assert names(model)[:3] == ["[layer 4]", "var/lib/apt/lists/", "root/.cache/"]
    model.toggle(0)
    assert names(model)[:2] == ["[layer 4]", "[layer 3]"]
    assert model.row_of(3) == 0
    model.toggle(0)
    assert model.row_of(3) == 2
    model.fold_all(True)
    assert len(model.rows) == 3
    model.fold_all(False)
    assert len(model.rows) == 8


def test_backwards_turns_groups_and_items_around() -> None:
    model = WasteRows(ITEMS)
    model.group_by(Grouping.LAYER, backwards=True)
    model.fold_all(False)
    assert names(model)[:4] == ["[layer 2]", "a", "[layer 3]", "var/lib/dpkg/status"]
    assert names(model)[5:] == ["[layer 4]", "root/.cache/", "var/lib/apt/lists/"]
    assert model.heading_of(4) == 2


@pytest.mark.parametrize("text", ["lib", "LIB", "/a", "zz"])
def test_only_paths_with_a_text(text: str) -> None:
    model = WasteRows(ITEMS)
    fold = text == text.lower()
    wanted = [each.path for each in ITEMS if text in ("/" + (each.path.lower() if fold else each.path))]
    model.search(text)
    assert names(model) == wanted
    model.group_by(Grouping.DIRECTORY)
    assert sorted(name for name in names(model) if name[0] != "[") == sorted(wanted)
    assert sum(len(group.items) for group in model.groups) == len(wanted)
    model.search("")
    assert names(model) == ["[/var/lib]", "[/usr/lib]", "[/root]", "[/]"]


def test_ten_times_the_items_are_ten_times_the_work() -> None:
    def work(count: int) -> int:
        model = WasteRows([item(f"usr/{number % 97}/{number}", count - number, number % 40) for number in range(count)])

        def group() -> None:
            for grouping in (Grouping.DIRECTORY, Grouping.LAYER, Grouping.REASON):
                model.group_by(grouping)
                model.toggle(0)

        return effort(group)

    assert work(10_000) < 11 * work(1000)
