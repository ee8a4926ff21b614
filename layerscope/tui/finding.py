"""``/`` on the explorer's screen: in each window what one looks for there; what is found, n and N walk."""

from __future__ import annotations

from textual import on

from layerscope.tui.files import FilesPane
from layerscope.tui.finder import FindBar
from layerscope.tui.views import Views


class FindingScreen(Views):
    """Filters Files and Waste, looks through History, Config and the preview."""

    def action_find(self) -> None:
        """Type what to look for in the pane that has the keys, else in the window beside it."""
        if self.focused is self.preview:
            self.find_in_preview()
        elif self.sought is not None:
            self.give_keys(self.sought)
            self.seeker.open()
            self.seeker.count(self.sought.counted)
        else:
            self.action_show("files")
            self.finder.open()
            self.finder.count(self.files.counted)

    def action_find_anywhere(self) -> None:
        """Type what to look for in the files of all layers."""
        self.action_show("files")
        self.finder.open()
        self.finder.begin("in:all")

    def action_next_match(self, step: int) -> None:
        """To the next or previous match of what was looked for."""
        if self.focused is self.preview:
            self.preview.next_match(step)
        elif self.sought is not None:
            self.sought.next_match(step)
        else:
            self.files.next_match(step)

    # In Files.

    @on(FindBar.Typed, "#find")
    def _typed(self, event: FindBar.Typed) -> None:
        self.files.search(event.text)

    @on(FindBar.Kept, "#find")
    def _kept(self) -> None:
        if self.files.wanted is None and not self.files.fault:
            self.clear_filter()
        self.set_focus(self.files)

    @on(FindBar.Submitted, "#find")
    def _submitted(self) -> None:
        if not self.files.item_count:
            self.files.action_select()

    @on(FindBar.Cleared, "#find")
    def clear_filter(self) -> None:
        """Show all files again."""
        self.finder.close()
        self.files.search("")
        self.set_focus(self.files)

    @on(FilesPane.Changed)
    def _files_changed(self) -> None:
        self.finder.count(self.files.counted)
        self.finder.complain(self.files.fault)
        self.label()

    # In Waste, History and Config.

    @on(FindBar.Typed, "#seek")
    def _sought(self, event: FindBar.Typed) -> None:
        if self.sought is not None:
            self.sought.search(event.text)
            self.seeker.count(self.sought.counted)
            self.seeker.complain(self.waste.rows.model.fault if self.window == "waste" else "")

    @on(FindBar.Kept, "#seek")
    def _seek_kept(self) -> None:
        if self.sought is not None:
            self.seeker.display = bool(self.sought.needle)
            self.set_focus(self.sought)

    @on(FindBar.Cleared, "#seek")
    def clear_sought(self) -> None:
        """Look for nothing in this window any more."""
        self.seeker.close()
        if self.sought is not None:
            self.sought.search("")
            self.set_focus(self.sought)
        self.label()
