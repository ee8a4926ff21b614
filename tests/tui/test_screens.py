"""Baselines of screens as text: what the explorer shows, story by story."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

import handmade
from explorers import load_acme, load_demo, load_handmade, pressed, screen_after

#: Each story: the image, the keys, the sizes that it is worth looking at.
STORIES = {
    "start": (load_acme, "", ["60x15", "80x24", "120x40", "200x60"]),
    "pip_layer": (load_acme, "] ] ] ] 2", ["80x24", "120x40"]),
    "up_to_here": (load_acme, "] ] ] ] c", ["80x24"]),
    "range": (load_acme, "] ] v ] ]", ["80x24"]),
    "removing_layer": (load_acme, "] ] ] ] ] ] ] 2", ["80x24"]),
    "only_changes": (load_acme, "] ] ] ] 2 U", ["80x24"]),
    "by_size": (load_acme, "] ] ] ] 2 s", ["80x24"]),
    "by_changes": (load_acme, "] 2 s s", ["80x24"]),
    "attributes": (load_acme, "] ] ] ] 2 b", ["80x24"]),
    "unfolded": (load_acme, "] ] ] ] 2 =", ["80x24"]),
    "filter": (load_acme, "] ] ] ] / c o r e", ["80x24"]),
    "filter_glob": (load_acme, "] ] ] ] / * . s o enter", ["80x24"]),
    "filter_size": (load_acme, "] ] ] ] / > 5 0 M B enter", ["80x24"]),
    "filter_empty": (load_acme, "/ x y z", ["80x24"]),
    "map": (load_acme, "t", ["60x15", "80x24", "120x40", "200x60"]),
    "map_in_a_folder": (load_acme, "t enter z down", ["120x40"]),
    "map_by_layer": (load_acme, "t s down", ["80x24", "120x40"]),
    "map_of_a_layer": (load_demo, "t s enter z", ["100x30"]),
    "waste_by_layer": (load_acme, "3 s", ["80x24"]),
    "waste_by_layer_open": (load_acme, "3 s =", ["120x40"]),
    "waste_by_directory": (load_acme, "3 s s =", ["120x40"]),
    "waste_by_reason": (load_acme, "3 s s s", ["80x24"]),
    "waste_filter": (load_acme, "3 / c a c h e", ["80x24"]),
    "history_search": (load_acme, "4 / a p t", ["100x30"]),
    "filter_hidden": (load_acme, "2 A M R / p i p enter", ["80x24"]),
    "waste_folded": (load_demo, "3 s down", ["100x30"]),
    "waste_commands": (load_demo, "3 down", ["200x60"]),
    "wider_layers": (load_acme, "} } } } )", ["120x40"]),
    "waste": (load_acme, "3", ["60x15", "80x24", "120x40"]),
    "waste_chown": (load_acme, "w down down", ["120x40"]),
    "history": (load_acme, "] ] ] ] 4", ["80x24", "120x40"]),
    "config": (load_acme, "5", ["80x24"]),
    "image_details": (load_acme, "i", ["120x40"]),
    "file_details": (load_acme, "] ] 2 / t e m p l a t e s enter i i", ["120x40"]),
    "no_details": (load_acme, "i i i", ["80x24"]),
    "zoomed_files": (load_acme, "] ] ] ] 2 z", ["120x40"]),
    "help": (load_acme, "?", ["60x15", "80x24"]),
    "help_in_waste": (load_acme, "3 ?", ["120x40"]),
    "narrow": (load_acme, "", ["40x15"]),
    "narrow_files": (load_acme, "] ] ] ] 2", ["40x15"]),
    "narrow_waste": (load_acme, "3", ["40x15"]),
    "demo": (load_demo, "", ["80x24", "120x40"]),
    "demo_map": (load_demo, "t z", ["120x40"]),
    "demo_history": (load_demo, "4", ["120x40"]),
    "demo_config": (load_demo, "5", ["120x40"]),
    "history_wide": (load_demo, "4 z G", ["100x30"]),
    "demo_waste": (load_demo, "3", ["120x40"]),
    "preview": (load_demo, "] 2 / p a s s w d enter enter", ["80x24", "200x60"]),
    "difference": (load_demo, "] 2 / p a s s w d enter enter d", ["80x24"]),
    "binary": (load_demo, "] 2 / / ^ p a s s w d $ / enter n enter", ["100x24"]),
}


@pytest.mark.parametrize(
    ("story", "size"),
    [pytest.param(story, size, id=f"{story}-{size}") for story in STORIES for size in STORIES[story][2]],
)
def test_story(story: str, size: str, snapshot_text: SnapshotAssertion) -> None:
    load, keys, _sizes = STORIES[story]
    width, height = map(int, size.split("x"))
    reference = "demo" if load is load_demo else "acme/api:2.4"
    assert screen_after(load, pressed(keys), size=(width, height), reference=reference) == snapshot_text


IMAGES: dict[str, list[list[handmade.Entry]]] = {
    "no_layers": [],
    "one_empty_layer": [[]],
    "nothing_wasted": [[handmade.file("hello", 12_000)]],
    "hostile": [[handmade.file(name, 100) for name in ("\x1b]0;x\x07", "[red]x[b]", "new\nline", "漢字/\u202etxt")]],
    "many_layers": [[handmade.file(f"file{number}", number * 1000)] for number in range(130)],
}


@pytest.mark.parametrize("image", IMAGES)
def test_strange_image(image: str, snapshot_text: SnapshotAssertion) -> None:
    screen = screen_after(load_handmade(IMAGES[image]), "2 equals_sign 1 end", reference=image)
    assert screen == snapshot_text
