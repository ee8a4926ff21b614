"""A screen that asks for one answer."""

from __future__ import annotations

from textual.screen import ModalScreen


class Modal(ModalScreen[str]):
    """Gives one text, and takes no second answer: keys may come faster than screens go."""

    def answer(self, text: str) -> None:
        """Close with this text, unless that was done already."""
        if self.is_current:
            self.dismiss(text)
