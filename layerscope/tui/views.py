"""What the views of the whole image do on the explorer's screen: Waste and Map."""

from __future__ import annotations

from layerscope.tui.inside import InsideScreen
from layerscope.tui.mapmodel import Division
from layerscope.tui.wastegroups import Grouping


class Views(InsideScreen):
    """Commands of Waste and Map; the screen of an image adds the others."""

    def action_group(self, name: str) -> None:
        """The waste by ``BYTES``, ``LAYER``, ``DIRECTORY`` or ``REASON``."""
        self.waste.group(Grouping[name])
        self.label()

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
            self.waste.group()
            self.label()
        elif self.window == "map" and self.map.rows.model is not None:
            by_folders = self.map.rows.model.division is Division.FOLDERS
            self.map.rows.divide(Division.LAYERS if by_folders else Division.FOLDERS)
        else:
            return False
        return True
