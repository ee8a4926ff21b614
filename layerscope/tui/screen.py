"""The explorer's screen: what the panes share, the choice of layers, and all commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message

from layerscope.core.view import View
from layerscope.text import decode, printable
from layerscope.tui.arriving import ArrivingScreen
from layerscope.tui.files import FilesPane
from layerscope.tui.insides import Inside
from layerscope.tui.keys import bindings
from layerscope.tui.layers import LayersPane
from layerscope.tui.preferences import PLAIN, Preferences
from layerscope.tui.rows import Rows
from layerscope.tui.selection import Selection

if TYPE_CHECKING:
    from layerscope.analysis.model import Analysis
    from layerscope.core.outline import Outline
    from layerscope.index import ImageIndex
    from layerscope.tui.filetree import FileTree
    from layerscope.tui.wastegroups import WasteRows


class ExplorerScreen(ArrivingScreen):
    """Keeps the panes at the same layers; each command of the registry is an action here."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("screen")]

    class StopAsked(Message):
        """Reading shall stop, and what is there be shown."""

    class AnotherAsked(Message):
        """The user wants to choose another image."""

    def __init__(self, reference: str, preferences: Preferences = PLAIN) -> None:
        super().__init__(reference, preferences)
        self.files.columns.on = preferences.attributes
        self._view: tuple[int, int] | None = None
        self._analysed = False

    # What arrives.

    def show_index(self, index: ImageIndex, outline: Outline, files: FileTree) -> None:
        """The files are there."""
        chosen = self.chosen_name
        self.index, self.outline = index, outline
        self.inside = Inside(index.tree, outline, index.described)
        self.preview.follow(self.inside)
        self.layer_list.show_tree(index.tree)
        self.config.show_image(index.image)
        self.history.show_image(index.image)
        self.title_bar.say("finding waste")
        self.waste.wait("looking for waste")
        names = [layer.name for layer in index.image.layers]
        if chosen in names and chosen != names[self.selection.layer]:
            self.selection = Selection(names.index(chosen), upto=self.selection.upto)
        with self.first_files(files):
            self.files.show_tree(files)
            self.select(self.selection)

    def show_analysis(self, analysis: Analysis) -> None:
        """The answers are there."""
        self._analysed = True
        self.title_bar.answer(analysis)
        self.layer_list.show_analysis(analysis)
        self.details.show_analysis(analysis)
        self.history.show_analysis(analysis)
        self.commands = [layer.command for layer in analysis.layers]
        self.history.follow(self.selection.layer)
        if self.outline is not None:
            self.map.know(self.outline, analysis)
        self.label()

    def show_waste(self, analysis: Analysis, rows: WasteRows, fault: str) -> None:
        """The causes of the waste are there."""
        self.waste.show_waste(analysis, rows, fault)
        self.details.show_waste(rows.items)
        self.label()

    # The layers that are looked at.

    def select(self, selection: Selection) -> None:
        """Look at other layers: every pane follows."""
        with self.app.batch_update():
            self._select(selection)

    def _select(self, selection: Selection) -> None:
        self.chose = self.chose or selection.layer != self.selection.layer
        self.selection = selection
        self.layer_list.show_selection(selection)
        self.details.show_layer(selection.layer, self.layer_list.is_placed(selection.layer))
        self.follow_in_history()
        if self.index is None:
            self.look_at_arrived()
        if self.index is None or self.outline is None or not self.index.layers:
            return
        self.files.layer_fault = self.index.layers[selection.layer].fault
        wanted = (selection.first - 1, selection.last)
        if wanted != self._view:
            self._view = wanted
            self.files.show_view(View(self.outline, *wanted))
            self.label()

    def shown_layer(self, inside: Inside, version: int) -> int:
        """The layer after which a version is there: what is shown, or in front of it, else the one that made it."""
        tree, model = inside.tree, self.files.model
        if inside.alone:
            return len(tree.layers) - 1
        shown = (model.view.after, model.view.before) if model is not None else ()
        there = (layer for layer in shown if tree.version_at(tree.version_node(version), layer) == version)
        return next(there, tree.version_layer(version))

    def action_step_layer(self, step: int) -> None:
        """To the layer above or below, from any pane."""
        layer = max(0, min(self.selection.layer + step, self.layer_list.item_count - 1))
        self.select(self.selection.moved(layer))

    def action_toggle_mode(self) -> None:
        """This layer, or all up to here."""
        self.select(Selection(self.selection.layer, upto=not self.selection.upto))

    def action_set_mode(self, mode: str) -> None:
        """``layer`` or ``upto``."""
        self.select(Selection(self.selection.layer, upto=mode == "upto"))

    @on(LayersPane.RangeAsked)
    def _range(self) -> None:
        self.select(self.selection.ranged())

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        # The cursors themselves are asked: keys may have moved them on since the event was sent.
        if event.rows is self.layer_list:
            if self.layer_list.cursor != self.selection.layer:
                self.select(self.selection.moved(self.layer_list.cursor))
        elif event.rows is self.history and self.focused is event.rows:
            layer = self.history.layer_of(self.history.cursor)
            if layer is not None and layer != self.selection.layer and self.layer_list.is_placed(layer):
                self.select(self.selection.moved(layer))
        elif event.rows is self.files and self.files.model is not None:
            self.details.show_file(self.files.model, self.files.node, self.files.version(self.files.position))

    @on(Rows.Selected)
    def _selected(self, event: Rows.Selected) -> None:
        if event.rows is self.layer_list:
            self.action_show("files")
        elif event.rows is self.waste.rows:
            self._jump_to_waste()
        elif event.rows is self.map.rows:
            self._jump_from_map()
        elif event.rows is self.history:
            self.action_show("files")

    def _jump_from_map(self) -> None:
        """A file is shown in its layer; what is wasted has a view of its own."""
        part, model = self.map.rows.part, self.map.rows.model
        if part is None or model is None:
            return
        if part.position < 0:
            self.action_show("waste")
            return
        self.select(Selection(model.layer_of(part)))
        if self.files.model is not None:
            self.go_to(self.files.model.path(part.position))

    def _jump_to_waste(self) -> None:
        item = self.waste.item
        if item is None:
            return
        layer = item.stored_in[-1] if item.stored_in else item.wasted_by
        self.select(Selection(layer))
        self.go_to(item.path.encode("utf-8", "surrogateescape"))

    def go_to(self, path: bytes) -> None:
        """Put the cursor of Files on a path, or say why it cannot be."""
        self.action_show("files")
        self.files.when_done(lambda: self._put_cursor(path))

    def _put_cursor(self, path: bytes) -> None:
        if not self.files.go_to(path):
            self.key_bar.notice("That path is hidden: by the filter, by A M R U, or it is not in this layer.")

    def go_anywhere(self, path: bytes) -> None:
        """Go to a path; to the last layer that has it, where it is not in those that are shown."""
        model = self.files.model
        position = model.find(path) if model is not None else -1
        if model is not None and position >= 0 and not model.view.marks[position]:
            version = model.tree.newest(model.outline.nodes[position])
            self.select(Selection(max(0, model.tree.version_layer(version))))
        self.go_to(path)

    # Files.

    @on(FilesPane.LayerAsked)
    def _go_to_layer(self, event: FilesPane.LayerAsked) -> None:
        self.select(Selection(event.layer))
        matches = "1 match" if event.count == 1 else f"{event.count:,} matches"
        self.key_bar.notice(f"went to layer {event.layer + 1}, which has {matches}")

    # The rest.

    def action_copy(self, what: str) -> None:
        """``path`` of the file or waste item, the ``value`` of what has the keys, or the ``dockerfile``."""
        text = {"path": self._path, "value": self._value, "dockerfile": self.history.dockerfile}[what]()
        # Each line for itself: only a Dockerfile has several.
        shown = "\n".join(map(printable, text.split("\n"))) if what == "dockerfile" else printable(text)
        if not shown:
            self.key_bar.notice(self._why_not_copied(what))
            return
        self.app.copy_to_clipboard(shown)
        lines = shown.count("\n")
        self.key_bar.notice(f"copied a Dockerfile of {lines} lines" if what == "dockerfile" else f"copied {shown}")

    def _why_not_copied(self, what: str) -> str:
        """Why there is nothing to copy: nothing at all, or not yet."""
        if self._analysed or (self.index is not None and what != "dockerfile"):
            return "nothing to copy here"
        if what == "dockerfile":
            return "the Dockerfile is told when reading is over: nobody knows before which layers are the base image's"
        if what == "path":
            panes: dict[str, Rows] = {"waste": self.waste.rows, "map": self.map.rows}
            return panes[self.window].empty_sentence if self.window in panes else self.why_nothing
        if self.window in ("history", "config") and self.focused is not self.layer_list:
            return (self.history if self.window == "history" else self.config).empty_sentence
        return "this is known when the image's manifest has come"

    def _path(self) -> str:
        if self.window == "waste":
            return "/" + self.waste.item.path if self.waste.item is not None else ""
        if self.window == "map" and self.map.rows.part is not None and self.files.model is not None:
            position = self.map.rows.part.position
            return "/" + decode(self.files.model.path(position)) if position >= 0 else ""
        return "/" + decode(self.files.path) if self.files.item_count else ""

    def _value(self) -> str:
        if self.window == "history" and self.focused is not self.layer_list:
            return self.history.value(self.history.cursor)
        if self.window == "config" and self.focused is not self.layer_list:
            return self.config.value(self.config.cursor)
        return self.details.value

    def action_another_image(self) -> None:
        """Leave this image for the choice of one."""
        self.post_message(self.AnotherAsked())

    def action_help(self) -> None:
        """All keys."""
        from layerscope.tui.help import HelpScreen

        self.app.push_screen(HelpScreen(self.pane_with_keys))

    def action_back(self) -> None:
        """One step back: what is written or previewed, reading, the filter, the range, the zoom."""
        if self.stop_writing():
            self.key_bar.notice("stopping")
        elif self.focused is self.preview and self.searcher.display:
            self.clear_search()
        elif self.focused is self.preview:
            self.close_preview()
        elif self.index is None:
            self.post_message(self.StopAsked())
        elif self.sought is not None and self.sought.needle:
            self.clear_sought()
        elif self.sought is None and (self.files.wanted is not None or self.files.fault):
            self.clear_filter()
        elif self.window == "map" and self.map.rows.model is not None and not self.map.rows.model.at_top:
            self.map.rows.action_out()
        elif self.selection.anchor is not None:
            self.select(self.selection.ranged())
        elif self.zoomed:
            self.action_zoom()
        elif self.window != "files" and self.focused is not self.layer_list:
            self.action_show("files")
