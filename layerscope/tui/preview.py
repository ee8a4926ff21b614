"""Preview: what is in a file, in any of its versions, and what a version changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from layerscope.core.tar import DIRECTORY
from layerscope.text import printable, size
from layerscope.tui.cells import cut
from layerscope.tui.contents import Contents, title
from layerscope.tui.entries import Scrolled
from layerscope.tui.entrywords import versions
from layerscope.tui.keys import bindings
from layerscope.tui.rows import Pieces

if TYPE_CHECKING:
    from layerscope.core.tree import ImageTree


class PreviewPane(Scrolled):
    """Lines of one version of a file; the pane asks for them and is given them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("preview")]

    @dataclass(eq=False)
    class Wanted(Message):
        """The contents of a version are needed; compared with an older one where that is not -1."""

        version: int
        older: int

    @dataclass(eq=False)
    class Given(Message):
        """The contents of a version were read."""

        version: int
        contents: Contents

    def __init__(self) -> None:
        super().__init__("preview", classes="pane")
        self._tree: ImageTree | None = None
        self._versions: list[int] = []
        self._at = 0
        self._compares = False
        self._contents = Contents([], "", "reading")

    @property
    def item_count(self) -> int:
        """How many lines there are, the remark included."""
        return len(self._contents.lines) + bool(self._contents.remark)

    def open(self, tree: ImageTree, node: int, version: int) -> None:
        """Show a path, at a version."""
        self._tree = tree
        self._versions = [step for step in versions(tree, node) if tree.kind(step) != DIRECTORY]
        self._at = self._versions.index(version) if version in self._versions else len(self._versions) - 1
        self._compares = False
        self.border_title = Content(title(tree.path(node)))
        self._ask()

    def _ask(self) -> None:
        if not self._versions:
            self.show(-1, Contents([], "folder", "a folder has no contents of its own"))
            return
        self._contents = Contents([], "", "reading")
        self.refresh_rows()
        self.scroll_to(y=0, animate=False)
        older = self._versions[self._at - 1] if self._compares and self._at else -1
        self.post_message(self.Wanted(self._versions[self._at], older))

    def show(self, version: int, contents: Contents) -> None:
        """The contents of a version are there; too late for another one."""
        if version >= 0 and self._versions[self._at] != version:
            return
        self._contents = contents
        self._describe()
        self.refresh_rows()

    def on_preview_pane_given(self, message: Given) -> None:
        """Show what was read in the thread."""
        self.show(message.version, message.contents)

    def _describe(self) -> None:
        tree = self._tree
        if tree is None or not self._versions:
            return
        version = self._versions[self._at]
        words = [size(tree.size(version)), f"layer {tree.version_layer(version) + 1}", self._contents.kind]
        if len(self._versions) > 1:
            words.insert(0, f"version {self._at + 1} of {len(self._versions)}")
        self.border_subtitle = Content(" · ".join(words))

    def pieces(self, row: int, width: int) -> Pieces:
        """Number and line; a remark in front of all."""
        if self._contents.remark:
            if row == 0:
                yield (cut(printable(self._contents.remark), width), "note")
                return
            row -= 1
        line = cut(printable(self._contents.lines[row]), width)
        if self._contents.kind == "text":
            digits = len(str(len(self._contents.lines)))
            yield (f"{row + 1:>{digits}}  ", "dim")
            yield (cut(line, width - digits - 2), "")
        elif self._contents.kind == "difference":
            yield (line, {"+": "added", "-": "wasted", "@": "bar"}.get(line[:1], ""))
        else:
            yield (line, "")

    def action_step_version(self, step: int) -> None:
        """To an older or newer version of the same path."""
        if self._versions:
            self._at = max(0, min(self._at + step, len(self._versions) - 1))
            self._ask()

    def action_difference(self) -> None:
        """What this version changed in the one below, or its contents again."""
        if self._at:
            self._compares = not self._compares
            self._ask()
        else:
            self._contents = Contents(self._contents.lines, self._contents.kind, "there is no version below")
            self.refresh_rows()
