"""The colours and weights of what stands in rows: the same in every list, so the application has them."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from rich.style import Style
from textual.app import App

Result = TypeVar("Result")


class TonedApp(App[Result]):
    """Has the styles of rows, looked up once.

    As component styles of each list, Textual would match all their rules anew whenever the list gets or loses the keys.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--cursor",
        "rows--cursor-blurred",
        "rows--added",
        "rows--modified",
        "rows--removed",
        "rows--dim",
        "rows--wasted",
        "rows--bar",
        "rows--title",
        "rows--match",
        "rows--note",
        "rows--found",
    }
    DEFAULT_CSS = """
    TonedApp {
        & .rows--added { color: $text-success; }
        & .rows--modified { color: $text-warning; }
        & .rows--removed { color: $text-error; text-style: strike; }
        & .rows--dim { color: $foreground 55%; }
        &:ansi .rows--dim { color: $foreground; text-style: dim; }
        & .rows--wasted { color: $text-error; }
        & .rows--bar { color: $primary; }
        & .rows--title { text-style: bold; }
        & .rows--match { text-style: bold underline; }
        & .rows--note { color: $text-warning; }
        & .rows--found { text-style: reverse; }
        & .rows--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        & .rows--cursor-blurred {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._tones: dict[str, Style] = {}

    def notify_style_update(self) -> None:
        """A new theme: the styles are looked up again when they are needed."""
        super().notify_style_update()
        self._tones.clear()

    def tone(self, names: str) -> Style:
        """What the rules of these names set (``added``, ``dim``…, separated by blanks), and nothing else.

        Colours are mixed with what lies below them.
        """
        found = self._tones.get(names)
        if found is None:
            found = Style.null()
            for name in names.split():
                styles = self.get_component_styles(f"rows--{name}")
                own, mixed = styles.partial_rich_style, styles.rich_style
                found += own + Style(color=own.color and mixed.color, bgcolor=own.bgcolor and mixed.bgcolor)
            self._tones[names] = found
        return found
