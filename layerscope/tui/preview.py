"""Preview: what is in a file, in any of its versions, what a version changed, and a path's story."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from layerscope.core.tar import DIRECTORY
from layerscope.text import decode, printable, size
from layerscope.tui.cells import cut, cut_front
from layerscope.tui.contents import Contents
from layerscope.tui.entries import Scrolled
from layerscope.tui.entrywords import versions
from layerscope.tui.insides import lies_below, same_version
from layerscope.tui.keys import bindings
from layerscope.tui.rows import Pieces, marked

if TYPE_CHECKING:
    from layerscope.core.tree import ImageTree
    from layerscope.tui.insides import Inside

_READING: Final = "reading"
#: What keys do to a version of a file, as the registry has it.
_OLDER: Final = "step_version(-1)"
_NEWER: Final = "step_version(1)"
_DIFFERENCE: Final = "difference"
_RAW: Final = "raw"
_PAGER: Final = "pager"
_STORY: Final = "story"
#: The style of a line by its first sign, by the kind of contents.
_TONES: Final = {
    "difference": {"+": "added", "-": "wasted", "@": "bar"},
    "story": {"/": "title", "l": "bar"},
}


class PreviewPane(Scrolled):
    """Lines of one version of a file; the pane asks for them and is given them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("preview")]

    @dataclass(eq=False)
    class Wanted(Message):
        """The contents of a version are needed: as they are, or compared with an older one (-1: not).

        ``version`` is -1 where the story of ``node`` is wanted.
        """

        request: int
        inside: Inside
        node: int
        version: int
        older: int = -1
        raw: bool = False

    @dataclass(eq=False)
    class Given(Message):
        """What was asked for was read; or, where ``contents`` is None, how far reading has come (bytes)."""

        request: int
        contents: Contents | None
        done: int = 0
        total: int = 0

    @dataclass(eq=False)
    class Turned(Message):
        """Other keys do something now."""

    def __init__(self) -> None:
        super().__init__("preview", classes="pane")
        self._idle: frozenset[str] = frozenset()
        #: Whose path is looked at.
        self.inside: Inside | None = None
        self._node = -1
        self._versions: list[int] = []
        self._at = 0
        self._form = ""
        self._request = 0
        self._contents = Contents([], "", _READING)
        self._column = 0
        self._needle = ""
        self._matches: list[int] = []

    @property
    def item_count(self) -> int:
        """How many lines there are, the remark included."""
        return len(self._contents.lines) + bool(self._contents.remark)

    @property
    def _tree(self) -> ImageTree | None:
        return self.inside.tree if self.inside is not None else None

    @property
    def node(self) -> int:
        """The path that is looked at; -1 for none."""
        return self._node

    @property
    def version(self) -> int:
        """The version that is looked at; -1 for none."""
        return self._versions[self._at] if self._versions else -1

    @property
    def idle(self) -> frozenset[str]:
        """The actions that would do nothing to what is shown: a folder has no contents, the lowest none below."""
        told, none, last = self._form == "story", not self._versions, len(self._versions) - 1
        idle = {
            _OLDER: told or self._at <= 0,
            _NEWER: told or self._at == last,
            _DIFFERENCE: self._at <= 0,
            _RAW: none,
            _PAGER: none,
            _STORY: told,
        }
        return frozenset(action for action, is_idle in idle.items() if is_idle)

    # What is shown.

    def open(self, inside: Inside, node: int, version: int, form: str = "") -> None:
        """Show a path, at a version; ``form`` is ``raw``, ``difference``, ``story`` or nothing."""
        self._turn_to(inside, node, version)
        self._form = form
        self._ask()

    def _turn_to(self, inside: Inside, node: int, version: int) -> None:
        tree = inside.tree
        self.inside, self._node = inside, node
        self._versions = [step for step in versions(tree, node) if tree.kind(step) != DIRECTORY]
        self._at = self._versions.index(version) if version in self._versions else len(self._versions) - 1

    def follow(self, inside: Inside) -> None:
        """More layers are there: the same path in the same layer may have more versions now."""
        before = self.inside
        if before is None or self._node < 0:
            return
        node = inside.tree.find(before.tree.path(self._node))
        version = same_version(before.tree, self.version, inside.tree, node) if node >= 0 else -1
        if version < 0 <= self.version or node < 0:
            return
        was_below = self.version >= 0 and lies_below(before.tree, self.version)
        self._turn_to(inside, node, version)
        self._describe()
        if self._contents.cut or was_below or (self._form == "story" and before.so_far):
            self._ask()

    def _ask(self) -> None:
        assert self.inside is not None
        self._request += 1
        self._column = 0
        self.search("")
        if self._form != "story" and not self._versions:
            self._show(Contents([], "folder", "a folder has no contents of its own"))
            return
        self._show(Contents([], "", _READING))
        self.scroll_to(y=0, animate=False)
        older = self._versions[self._at - 1] if self._form == "difference" and self._at else -1
        version = -1 if self._form == "story" else self.version
        self.post_message(self.Wanted(self._request, self.inside, self._node, version, older, self._form == "raw"))

    def on_preview_pane_given(self, message: Given) -> None:
        """Show what was read in the thread, unless something else is wanted by now."""
        if message.request != self._request:
            return
        if message.contents is None:
            self._show(Contents([], "", f"{_READING}: {size(message.done)} of {size(message.total)} · esc stops"))
        else:
            self._show(message.contents)

    def _show(self, contents: Contents) -> None:
        self._contents = contents
        self._describe()
        self.refresh_rows()

    def on_resize(self) -> None:
        """Another width: more of the path, or less."""
        super().on_resize()
        self._entitle()

    def _entitle(self) -> None:
        """The path and the layer whose version is shown; of a long path the end."""
        if self._tree is None or self.inside is None:
            return
        tells_layer = self._versions and self._form != "story" and self.inside.numbered
        layer = f" in layer {self._tree.version_layer(self.version) + 1}" if tells_layer else ""
        path = "/" + printable(decode(self._tree.path(self._node)))
        self.border_title = Content(cut_front(path, max(8, self.outer_size.width - 6 - len(layer))) + layer)

    def _describe(self) -> None:
        self._entitle()
        if self.idle != self._idle:
            self._idle = self.idle
            self.post_message(self.Turned())
        tree = self._tree
        words = [self._contents.kind] if self._contents.kind else []
        if tree is not None and self._versions and self._form != "story":
            words = [size(tree.size(self.version)), *words]
            if len(self._versions) > 1:
                words.insert(0, f"version {self._at + 1} of {len(self._versions)}")
        if self._needle:
            words.insert(
                0, f"{len(self._matches):,} line{'' if len(self._matches) == 1 else 's'} with '{self._needle}'"
            )
        self.border_subtitle = Content(printable(" · ".join(words)))

    # Painting.

    def pieces(self, row: int, width: int) -> Pieces:
        """Number and line; a remark in front of all."""
        if self._contents.remark:
            if row == 0:
                yield (cut(printable(self._contents.remark), width), "note")
                return
            row -= 1
        line = self._contents.lines[row]
        tone = _TONES.get(self._contents.kind, {}).get(line[:1], "")
        if self._contents.kind == "text":
            digits = len(str(len(self._contents.lines)))
            yield (f"{row + 1:>{digits}}  ", "dim")
            width -= digits + 2
        # A line may be megabytes long: only what may be seen of it is looked at.
        shown = line[self._column : self._column + 4 * max(1, width) + 64]
        yield from marked(cut(printable(shown), width), printable(self._needle), tone)

    # Keys.

    def action_step_version(self, step: int) -> None:
        """To an older or newer version of the same path."""
        if self._versions and self._form != "story":
            self._at = max(0, min(self._at + step, len(self._versions) - 1))
            self._ask()

    def action_difference(self) -> None:
        """What this version changed in the one below, or its contents again."""
        if self._form == "difference":
            self._form = ""
        elif self._at:
            self._form = "difference"
        elif not self._versions:
            return
        else:
            alone = self.inside is not None and self.inside.alone
            why = "the layers below are still being read" if alone else "there is no version below"
            self._show(Contents(self._contents.lines, self._contents.kind, why))
            return
        self._ask()

    def action_raw(self) -> None:
        """The bytes in hex, or what they mean again."""
        if not self._versions:
            return
        self._form = "" if self._form == "raw" else "raw"
        self._ask()

    def action_sideways(self, cells: int) -> None:
        """Move along long lines."""
        longest = max(map(len, self._contents.lines), default=0)
        self._column = max(0, min(self._column + cells, longest - 1))
        self.refresh()

    # Looking for something in it.

    def search(self, text: str) -> None:
        """Mark a text and go to its first match from here on; small letters match both."""
        self._needle = text
        lines = self._contents.lines
        if text and text == text.lower():
            self._matches = [row for row, line in enumerate(lines) if text in line.lower()]
        else:
            self._matches = [row for row, line in enumerate(lines) if text in line] if text else []
        self._describe()
        self.refresh()
        if self._matches:
            top = self.scroll_offset.y - bool(self._contents.remark)
            self._go(bisect_left(self._matches, max(0, top)) % len(self._matches))

    def next_match(self, step: int) -> None:
        """To the next line with the text that was looked for, or the one before."""
        if not self._matches:
            return
        here = self.scroll_offset.y + self._margin - bool(self._contents.remark)
        at = bisect_right(self._matches, here) if step > 0 else bisect_left(self._matches, here) - 1
        self._go(at % len(self._matches))

    @property
    def _margin(self) -> int:
        """Rows that are left above a match."""
        return self.scrollable_content_region.height // 3

    def _go(self, match: int) -> None:
        """Bring a line into sight, and the place in it."""
        row = self._matches[match]
        line = self._contents.lines[row]
        text = line.lower() if self._needle == self._needle.lower() else line
        place = text.find(self._needle)
        room = max(8, self.scrollable_content_region.width - 12)
        self._column = 0 if place + len(self._needle) < room else max(0, place - room // 2)
        self.scroll_to(y=row + bool(self._contents.remark) - self._margin, animate=False)
        self.refresh()
