"""Look inside: what the explorer's screen does with the contents of files, each in a thread of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import SuspendNotSupported
from textual.message import Message
from textual.worker import get_current_worker

from layerscope.errors import CancelledError, LayerscopeError
from layerscope.text import decode, printable, size
from layerscope.tui.columns import CHOICES
from layerscope.tui.contents import Contents, Watch, compare, open_file, paced, pieces, read_contents
from layerscope.tui.entrywords import changed
from layerscope.tui.files import FilesPane
from layerscope.tui.finder import FindBar
from layerscope.tui.frame import Frame
from layerscope.tui.insides import BELOW, lies_below
from layerscope.tui.preview import PreviewPane
from layerscope.tui.programs import edit, editor, page, pager

if TYPE_CHECKING:
    from layerscope.core.outline import Outline
    from layerscope.index import ImageIndex
    from layerscope.tui.insides import Inside

#: No more than this is handed to an editor (bytes).
_MAX_EDIT = 64_000_000
_NO_PATH = "the cursor is on no path"
_NOTHING_YET = "no layer has been read yet"
_CUT = "reading was stopped before this file had come"
_STORY = "what layers did to a path is told as soon as all layers below this one are read"


class InsideScreen(Frame):
    """A frame whose files can be looked into once ``inside`` is there: while layers still come, as far as they have.

    ``index`` and ``outline`` are those of the whole image.
    """

    @dataclass
    class Said(Message):
        """What a thread tells the user, in a line."""

        text: str

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.index: ImageIndex | None = None
        self.outline: Outline | None = None
        self.inside: Inside | None = None
        self.commands: list[str] = []

    def on_inside_screen_said(self, message: Said) -> None:
        """A thread has something to say."""
        self.key_bar.notice(message.text)

    # Preview.

    @on(FilesPane.Opened)
    def _open_file(self, event: FilesPane.Opened) -> None:
        if self.files.model is not None:
            self._look(self.files.model.outline.nodes[event.position], self.files.version(event.position))

    def _look(self, node: int, version: int, form: str = "") -> None:
        if self.inside is None:
            self.key_bar.notice(self.why_nothing)
            return
        self.previews = True
        self.give_keys(self.preview)
        self.preview.open(self.inside, node, version, form)

    @property
    def why_nothing(self) -> str:
        """Why there is no path under the cursor."""
        if self.index is not None or self.files.model is not None:
            return _NO_PATH
        return self.files.waiting if self.inside is not None else _NOTHING_YET

    def action_story(self) -> None:
        """What every layer did to the path."""
        inside, node, version = self._looked_at()
        if inside is None or node < 0:
            self.key_bar.notice(self.why_nothing)
        elif inside.alone:
            self.key_bar.notice(_STORY)
        else:
            self._look(node, version, "story")

    def _looked_at(self) -> tuple[Inside | None, int, int]:
        """The path that keys act on, its version, and whose: of the preview, of the waste, else of the files."""
        if self.focused is self.preview:
            return self.preview.inside, self.preview.node, self.preview.version
        item = self.waste.item if self.window == "waste" and self.focused is not self.layer_list else None
        if item is not None and self.index is not None:
            node = self.index.tree.find(item.path.encode("utf-8", "surrogateescape"))
            return self.inside, node, self.index.tree.newest(node) if node >= 0 else -1
        return self.inside, self.files.node, self.files.version(self.files.position)

    def close_preview(self) -> None:
        """Back to the files; what is still being read is not waited for."""
        self.workers.cancel_group(self, "preview")
        self.searcher.close()
        super().close_preview()

    @on(PreviewPane.Turned)
    def _preview_turned(self) -> None:
        self.show_keys()

    @on(PreviewPane.Wanted)
    def _read_preview(self, event: PreviewPane.Wanted) -> None:
        self._read_contents(event)

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False, description="read a file")
    def _read_contents(self, wanted: PreviewPane.Wanted) -> None:
        """In a thread: a layer may have to be unpacked, or fetched, up to the file."""
        worker = get_current_worker()

        def report(done: int, total: int) -> None:
            self.preview.post_message(PreviewPane.Given(wanted.request, None, done, total))

        watch = paced(report, lambda: worker.is_cancelled)
        try:
            contents = self._contents(wanted, watch)
        except CancelledError:
            contents = Contents([], "file", _CUT, cut=True)
        if not worker.is_cancelled:
            self.preview.post_message(PreviewPane.Given(wanted.request, contents))

    def _contents(self, wanted: PreviewPane.Wanted, watch: Watch) -> Contents:
        from layerscope.tui.pathstory import path_story

        inside = wanted.inside
        if wanted.version < 0:
            return path_story(
                inside, inside.outline, wanted.node, self.commands, lambda: watch(0, 0), so_far=inside.so_far
            )
        contents = read_contents(inside, wanted.version, watch, raw=wanted.raw)
        if wanted.older < 0:
            return contents
        tree = inside.tree
        names = (f"layer {tree.version_layer(wanted.older) + 1}", f"layer {tree.version_layer(wanted.version) + 1}")
        changes = changed(tree, wanted.older, wanted.version)
        return compare(read_contents(inside, wanted.older, watch), contents, names, changes)

    # Looking for a text in the preview.

    def find_in_preview(self) -> None:
        """Type a text to look for."""
        self.searcher.open()

    @on(FindBar.Typed, "#search")
    def _search_typed(self, event: FindBar.Typed) -> None:
        self.preview.search(event.text)

    @on(FindBar.Kept, "#search")
    def _search_kept(self) -> None:
        self.set_focus(self.preview)

    @on(FindBar.Cleared, "#search")
    def clear_search(self) -> None:
        """Look for nothing in the preview any more."""
        self.searcher.close()
        self.preview.search("")
        self.set_focus(self.preview)

    # Other programs.

    def _file(self) -> tuple[Inside, int] | None:
        """The version that stores the bytes of the file that keys act on; None, with a word, for none."""
        inside, _node, version = self._looked_at()
        if inside is None or version < 0:
            self.key_bar.notice(self.why_nothing)
            return None
        data = inside.tree.data(version)
        if data < 0:
            self.key_bar.notice(BELOW if lies_below(inside.tree, version) else "the cursor is on no file")
            return None
        return inside, data

    def action_pager(self) -> None:
        """Hand the file to $PAGER."""
        if (found := self._file()) is not None:
            inside, data = found

            def show(command: list[str]) -> None:
                with closing(open_file(inside, data, lambda _done, _total: True)) as reader:
                    page(command, pieces(reader))

            self._step_aside(pager, show, "pager")

    def action_editor(self) -> None:
        """Hand a copy of the file, which is thrown away, to $EDITOR."""
        if (found := self._file()) is None:
            return
        inside, data = found
        bytes_ = inside.tree.stored_size(data)
        if bytes_ > _MAX_EDIT:
            self.key_bar.notice(f"{size(bytes_)} are more than an editor is given; e writes the file to disk")
            return
        name = Path(decode(inside.tree.name(inside.tree.version_node(data)))).name

        def show(command: list[str]) -> None:
            with tempfile.TemporaryDirectory(prefix="layerscope-") as folder:
                copy = Path(folder) / "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[-100:]
                with closing(open_file(inside, data, lambda _done, _total: True)) as reader, copy.open("xb") as file:
                    file.writelines(pieces(reader))
                copy.chmod(0o400)
                edit(command, copy)

        self._step_aside(editor, show, "editor")

    def _step_aside(self, choose: Callable[[], list[str]], show: Callable[[list[str]], None], what: str) -> None:
        """Give the terminal to another program for a while."""
        failed: Exception | None = None
        try:
            command = choose()
            with self.app.suspend():
                try:
                    show(command)
                except (LayerscopeError, OSError, ValueError) as error:
                    failed = error  # Textual would not take the terminal back from an exception
        except SuspendNotSupported:
            self.key_bar.notice(f"there is no terminal for a {what} here")
        except (LayerscopeError, ValueError) as error:
            failed = error
        if failed is not None:
            self.key_bar.notice(str(failed))

    # Onto the disk.

    def action_extract(self) -> None:
        """Ask where to write the file or folder."""
        from layerscope.tui.ask import AskScreen

        inside, node, version = self._looked_at()
        if inside is None or node < 0 or version < 0:
            self.key_bar.notice(self.why_nothing)
            return
        if lies_below(inside.tree, version):
            self.key_bar.notice(BELOW)
            return
        name = printable(decode(inside.tree.name(node)))

        def answered(answer: str | None) -> None:
            if answer:
                self.key_bar.notice("writing · esc stops", lasting=True)
                self._extract(inside, node, version, answer)

        self.app.push_screen(AskScreen(f"Write {name} to", f"./{name}"), answered)

    @work(thread=True, exclusive=True, group="extract", exit_on_error=False, description="extract")
    def _extract(self, inside: Inside, node: int, version: int, answer: str) -> None:
        """In a thread: write what was asked for, then say what came of it."""
        from layerscope.tui.extract import extract

        worker = get_current_worker()
        tree = inside.tree
        layer = self.shown_layer(inside, version)

        def report(done: int, total: int) -> None:
            self.post_message(self.Said(f"writing, {size(done)} of {size(total)} read · esc stops"))

        try:
            done = extract(
                inside,
                node,
                lambda child: version if child == node else tree.version_at(child, layer),
                Path(answer).expanduser(),
                paced(report, lambda: worker.is_cancelled),
                inside.lock,
            )
            self.post_message(self.Said(done.sentence))
        except (LayerscopeError, OSError, ValueError, RuntimeError) as error:
            self.post_message(self.Said(str(error)))

    def shown_layer(self, inside: Inside, version: int) -> int:
        """The layer after which a version is there, of those that are looked at."""
        raise NotImplementedError

    def stop_writing(self) -> bool:
        """Stop what is being written to disk; was anything?"""
        busy = any(worker.group == "extract" and not worker.is_finished for worker in self.workers)
        self.workers.cancel_group(self, "extract")
        return busy

    # Columns.

    def action_attributes(self) -> None:
        """Columns beside the names, or not."""
        self.files.toggle_columns()

    def action_columns(self) -> None:
        """Choose the columns beside the names."""
        from layerscope.tui.pick import PickScreen

        def picked(names: frozenset[str] | None) -> None:
            if names is not None:
                self.files.choose_columns(names)

        self.app.push_screen(PickScreen("Columns of Files", CHOICES, self.files.columns.chosen), picked)
