"""What the views of the whole image do on the explorer's screen: Waste and Map."""

from __future__ import annotations

from layerscope.tui.inside import InsideScreen
from layerscope.tui.mapmodel import Division
from layerscope.tui.wastegroups import Grouping


class Views(InsideScreen):
    """Commands of Waste and Map; the screen of an image adds the others."""

    def action_group(self, name: str) -> None:
        """The waste by ``BYTES``, ``LAYER``, ``DIRECTORY`` or ``REASON``."""
        if self.lacks_waste():
            return
        self.waste.group(Grouping[name])
        self.label()

    def lacks_waste(self) -> bool:
        """Whether nobody knows what is wasted; then it is said why."""
        if not self.waste.rows.known:
            self.key_bar.notice(self.waste.rows.waiting)
        return not self.waste.rows.known

    def lacks_files(self) -> bool:
        """Whether there are no files that could be shown in another way; then it is said why."""
        if self.files.model is None:
            self.key_bar.notice(self.why_nothing)
        return self.files.model is None

    # Folds and orders, of Waste or of Files.

    def action_fold_all(self) -> None:
        """Fold every folder, or every group of waste."""
        self._fold_all(True)

    def action_unfold_all(self) -> None:
        """Unfold every folder, or every group of waste."""
        self._fold_all(False)

    def _fold_all(self, folded: bool) -> None:
        if self.window == "waste":
            if not self.lacks_waste():
                self.waste.rows.fold_all(folded)
        elif not self.lacks_files():
            self.files.fold_all(folded)

    def action_fold_level(self, step: int) -> None:
        """One level of folders more or less."""
        if not self.lacks_files():
            self.files.fold_level(step)

    def action_toggle_mark(self, name: str) -> None:
        """Show or hide added, modified, removed or unchanged files."""
        if not self.lacks_files():
            self.files.toggle_mark(name)

    def action_sort(self) -> None:
        """Another order of the files, other groups of the waste, another division of the map."""
        if not self.sort_view() and not self.lacks_files():
            self.files.sort()

    def action_reverse(self) -> None:
        """The other way round."""
        if self.window == "waste":
            if not self.lacks_waste():
                self.waste.reverse()
                self.label()
        elif not self.lacks_files():
            self.files.reverse()

    # The map.

    def action_map(self) -> None:
        """What is big in the whole image; again: back."""
        self.action_show("files" if self.window == "map" else "map")

    def action_divide(self, name: str) -> None:
        """The map by ``FOLDERS`` or ``LAYERS``."""
        self.map.rows.divide(Division[name])

    def action_leave_part(self) -> None:
        """In the map: out of the folder or the layer."""
        self.map.rows.action_out()

    def sort_view(self) -> bool:
        """Another order or division of the view that is shown; False where Files are."""
        if self.window == "waste":
            if not self.lacks_waste():
                self.waste.group()
                self.label()
        elif self.window == "map" and self.map.rows.model is None:
            self.key_bar.notice(self.map.rows.empty_sentence)
        elif self.window == "map" and self.map.rows.model is not None:
            by_folders = self.map.rows.model.division is Division.FOLDERS
            self.map.rows.divide(Division.LAYERS if by_folders else Division.FOLDERS)
        else:
            return False
        return True
