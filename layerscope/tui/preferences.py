"""What the user wants of the explorer beside the image: keys, and how it looks at first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Preferences(NamedTuple):
    """Keys by the name of what they do, as Textual writes them: ``{"find": "ctrl+g,f"}``.

    ``keys`` take the place of the registry's, ``dive_keys`` that of dive's chords; ``hide`` names the
    marks (added, modified, removed, unchanged) whose files are not shown at first, ``attributes``
    whether permissions and owner are (None: where there is room), ``upto`` whether the changes of all
    layers up to the cursor's are, ``folded`` whether folders start folded.
    """

    keys: Mapping[str, str] = MappingProxyType({})
    dive_keys: Mapping[str, str] = MappingProxyType({})
    hide: tuple[str, ...] = ()
    attributes: bool | None = None
    upto: bool = False
    folded: bool = False


#: What somebody wants who said nothing.
PLAIN = Preferences()
