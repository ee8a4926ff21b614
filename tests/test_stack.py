"""Layers that arrive in any order make the tree that they make one after the other."""

from __future__ import annotations

import threading
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stacks import Stack, index_layer, merge_layers, stacks
from core.test_tree_properties import state
from handmade import HandmadeSource, file, make_image
from layerscope.core.layer import LayerIndex
from layerscope.core.tree import ImageTree
from layerscope.index import Progress, build_index
from layerscope.sources.model import Image, Reader
from layerscope.stack import LayerStack


def figures(tree: ImageTree) -> tuple[object, ...]:
    """The sums over a tree."""
    return tree.stored, tree.wasted_in, tree.wasted_by, tree.added, tree.modified, tree.removed, tree.files


@given(stacks, st.randoms(use_true_random=False), st.integers(0, 3))
def test_the_lowest_layers_are_what_they_will_be(layers: Stack, random: Random, steps: int) -> None:
    indexes = [index_layer(entries) for entries in layers]
    there: list[LayerIndex | None] = [None] * len(layers)
    stack = LayerStack()
    for number in random.sample(range(len(layers)), len(layers)):
        there[number] = indexes[number]
        stack.offer(list(there))
        for _ in range(steps):
            stack.step()
        while steps == 3 and stack.step():
            pass
        if steps == 3:
            count = len(stack.tree.layers)
            assert count == next((number for number, layer in enumerate(there) if layer is None), len(there))
            assert figures(stack.tree) == figures(merge_layers(layers[:count]))
            wholly = merge_layers(layers)
            for layer in range(count):
                assert state(stack.tree, layer) == state(wholly, layer)
    tree = stack.conclude(indexes)
    assert figures(tree) == figures(merge_layers(layers))
    assert tree.layers == indexes
    assert not indexes or tree is stack.tree


@given(stacks, stacks)
def test_another_order_starts_anew(wrong: Stack, layers: Stack) -> None:
    stack = LayerStack()
    stack.offer([index_layer(entries) for entries in wrong])
    while stack.step():
        pass
    told: list[tuple[int, int]] = []
    tree = stack.conclude([index_layer(entries) for entries in layers], lambda *done: told.append(done))
    assert figures(tree) == figures(merge_layers(layers))
    assert told == [(number, len(layers)) for number in range(len(layers))]


def test_reading_that_fails_lets_go_of_the_stack() -> None:
    class Failing(HandmadeSource):
        def image(self) -> Image:
            image = super().image()
            image.layers[1].opener = self._fail
            return image

        @staticmethod
        def _fail() -> Reader:
            raise RuntimeError("a bug")

    told: list[Progress] = []
    with pytest.raises(RuntimeError):
        build_index(Failing(make_image([[file("a", 1)], [file("b", 1)]])), progress=told.append)
    assert told[-1].stack is not None
    assert told[-1].stack.closed


def test_who_concludes_waits_for_who_looks() -> None:
    stack = LayerStack()
    with stack.lock:
        thread = threading.Thread(target=stack.conclude, args=([index_layer([])],))
        thread.start()
        while not stack.closed:
            pass
        assert stack.tree.layers == []
    thread.join(10)
    assert len(stack.tree.layers) == 1
