"""The explorer's screen while layers are being read: each as soon as it is there, and what they make together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from layerscope.analysis.description import describe
from layerscope.core.view import view_of
from layerscope.sources.model import Layer
from layerscope.text import size
from layerscope.tui.finding import FindingScreen
from layerscope.tui.growing import NOTHING, Grown, Growth, SoFar, Stacked
from layerscope.tui.insides import Inside
from layerscope.tui.pace import Pace
from layerscope.tui.preferences import PLAIN, Preferences
from layerscope.tui.reading import Alone, Failed, look_at, start
from layerscope.tui.selection import Selection

if TYPE_CHECKING:
    from layerscope.core.layer import LayerIndex
    from layerscope.core.tree import ImageTree
    from layerscope.core.view import View
    from layerscope.index import Progress
    from layerscope.sources.model import Image
    from layerscope.tui.filetree import FileTree


_NOT_YET: Final = "Contents of this layer can be shown when reading is over."


class ArrivingScreen(FindingScreen):
    """Shows the lowest layers as they will be once all is read, and any other layer by itself.

    Layers come in any order. What they change is known as soon as all layers below them are there; the bytes that
    they waste only grow with those above.
    """

    def __init__(self, reference: str, preferences: Preferences = PLAIN) -> None:
        super().__init__(reference)
        self.selection = Selection(upto=preferences.upto)
        #: Whether the user went to another layer than the first.
        self.chose = False
        self._preferences = preferences
        self._pace = Pace()
        self._stopping = False
        self._image: Image | None = None
        self._arrived: dict[str, LayerIndex] = {}
        #: How what has arrived is opened.
        self._described: dict[LayerIndex, Layer] = {}
        self._growth: Growth | None = None
        self._so_far: SoFar | None = None
        self._grown: Grown | None = None
        self._shown_for: Selection | LayerIndex | None = None
        self._has_files = False

    def select(self, selection: Selection) -> None:
        """Look at other layers: every pane follows."""
        raise NotImplementedError

    def show_progress(self, progress: Progress) -> None:
        """A layer is being read."""
        if self.index is not None:
            return
        self._pace.note(progress)
        self._say_pace()
        if progress.activity:
            return
        if progress.stack is not None and not (self._growth and self._growth.is_of(progress.stack)):
            # The first reading, or another one as the archive holds several images.
            self._growth = Growth(self, progress.stack)
            self._arrived, self._so_far, self._grown, self._shown_for = {}, None, None, None
            self._described = {}
            self._describe(None)
        chosen = self.chosen_name
        self.layer_list.show_progress(progress)
        self.details.show_layer(self.selection.layer, self.layer_list.is_placed(self.selection.layer))
        if progress.image is not self._image:
            self._describe(progress.image)
        if progress.index is not None:
            self._arrived[progress.name] = progress.index
            if progress.described is not None:
                self._described[progress.index] = progress.described
            self._tell_sizes()
        row = self.layer_list.row_of(chosen) if chosen else -1
        if row not in (-1, self.selection.layer):
            self.select(Selection(row, upto=self.selection.upto))  # it is known now where it lies
        self.look_at_arrived()

    @property
    def chosen_name(self) -> str:
        """The name of the layer that the user went to; empty where he did not go anywhere."""
        return self.layer_list.name_of(self.selection.layer) if self.chose else ""

    def _describe(self, image: Image | None) -> None:
        """What the image's documents say is known; None where they turned out to be another's."""
        self._image = image
        told = describe(image) if image is not None else None
        self.layer_list.show_image(image)
        self.details.show_description(told)
        self.config.show_image(image)
        self.history.show_history(told.history if told is not None else ())
        self.follow_in_history()
        self.commands = [layer.command for layer in told.layers] if told is not None else []
        self._tell_sizes()

    def follow_in_history(self) -> None:
        """To the line that made the layer, where it is known which that is."""
        if self.layer_list.is_placed(self.selection.layer):
            self.history.follow(self.selection.layer)

    @property
    def goes_back(self) -> bool:
        """Whether escape would do anything but end reading, which the title tells."""
        return super().goes_back if self.index is not None else self.focused is self.preview

    def _tell_sizes(self) -> None:
        """The history tells how far each layer has come."""
        layers = self._image.layers if self._image is not None else ()
        states = [self._state(number, layer.name) for number, layer in enumerate(layers)]
        self.history.show_arrived(self._so_far.stored if self._so_far is not None else (), states)

    def _state(self, number: int, name: str) -> str:
        """How far a layer has come; empty where nobody knows which of those that come it is."""
        placed = self.layer_list.is_placed(number)
        if name in self._arrived or (placed and self.layer_list.name_of(number) in self._arrived):
            return "read"
        return "waiting" if placed else ""

    def say_stopping(self) -> None:
        """What is being read is read no further."""
        self._stopping = True
        self.title_bar.say("stopping · esc leaves")

    def watch_focused(self) -> None:
        """In the preview escape goes back, and stops nothing else."""
        super().watch_focused()
        if self.index is None and self._arrived:
            self._say_pace()

    def _say_pace(self) -> None:
        if self._stopping:
            return
        words, so_far = self._pace.words, self._so_far
        stops = "" if self.focused is self.preview else " · esc stops"
        texts = [f"{words}{stops}"]
        if so_far is not None and so_far.wasted:
            which = f"layers 1–{so_far.layers}" if so_far.layers > 1 else "layer 1"
            wasted = f"░ {size(so_far.wasted)} wasted so far"
            texts = [f"{words} · {which}: {wasted}{stops}", f"{words} · {wasted}{stops}", *texts]
        self.title_bar.say(*texts)

    def on_stacked(self, message: Stacked) -> None:
        """More of the lowest layers are there: what they changed and wasted is known."""
        if self.index is None:
            self._so_far = message.so_far
            self.layer_list.show_so_far(message.so_far)
            self.details.show_so_far(message.so_far)
            self._tell_sizes()
            self.waste.wait(f"{size(message.so_far.wasted)} wasted so far - causes are told when all layers are read")
            self.files.refresh()  # for the notes of what layers above did
            self._say_pace()
            self.look_at_arrived()

    def look_at_arrived(self) -> None:
        """Show what is known of the layers that are chosen, while others are being read."""
        layers = self._so_far.layers if self._so_far is not None else 0
        if self.selection.last < layers:
            self._look_at_stack()
            return
        found = self._arrived.get(self.layer_list.name_of(self.selection.layer))
        if found is self._shown_for:
            return
        self._shown_for = found
        if found is not None:
            number = self.selection.layer if self.layer_list.is_placed(self.selection.layer) else 1
            start(self, lambda: self.post_message(look_at(found, number)))
        elif self._has_files:
            self.files.wait("this layer is not read yet")

    def _look_at_stack(self) -> None:
        """Show what the chosen layers changed: all layers below them are there."""
        if self._shown_for == self.selection:
            return
        self._shown_for = self.selection
        if self._grown is not None and self.selection.last < self._grown.layers:
            files = self._grown.files
            self._show_stack(files, view_of(files.outline, self.selection.first - 1, self.selection.last))
        elif self._growth is not None:
            self._growth.want(self.selection)

    def on_grown(self, message: Grown) -> None:
        """Files of the lowest layers can be looked at, while others are still coming."""
        if self.index is None:
            self._grown = message
            if message.selection == self._shown_for:
                self._show_stack(message.files, message.view)

    def _show_stack(self, files: FileTree, view: View) -> None:
        stack = self._growth.stack if self._growth is not None else None
        lock = stack.lock if stack is not None else None
        self._show(view, files, Inside(files.tree, files.outline, self._opener(files.tree), so_far=True, lock=lock))

    def on_alone(self, message: Alone) -> None:
        """What a layer writes and deletes can be looked at, while layers below it are still coming."""
        if self.index is None and message.layer is self._shown_for:
            files, row = message.files, self.selection.layer
            known = row > 0 and self.layer_list.is_placed(row)
            describe = self._opener(files.tree)
            inside = Inside(files.tree, files.outline, describe, so_far=True, alone=True, numbered=known)
            self._show(message.view, files, inside)
            self.layer_list.caption = "alone, not compared yet"
            if self._so_far is None:
                self.details.show_so_far(NOTHING)

    def _opener(self, tree: ImageTree) -> Callable[[int], Layer]:
        """What tells how a layer of a tree is opened: by what it is, as numbers may still change."""
        described = self._described

        def describe(layer: int) -> Layer:
            return described.get(tree.layers[layer]) or Layer("", missing=_NOT_YET)

        return describe

    def _show(self, view: View, files: FileTree, inside: Inside) -> None:
        self.inside = inside
        self.preview.follow(inside)
        with self.first_files(files):
            if self.files.model is not files:
                self.files.show_tree(files)
            self.files.show_view(view)
        self.layer_list.caption = self.selection.words

    @contextmanager
    def first_files(self, files: FileTree) -> Iterator[None]:
        """Around what shows files: the first that are shown are so as the user prefers, others as those before."""
        first, self._has_files = not self._has_files, True
        if first:
            files.hide(self._preferences.hide)
        yield
        if first and self._preferences.folded:
            self.files.fold_all(True)

    def on_failed(self, message: Failed) -> None:
        """What looks at an arrived layer failed: the app knows what to do."""
        self.app.post_message(message)
