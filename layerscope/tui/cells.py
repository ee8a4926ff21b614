"""Text in terminal cells: cut, padded, wrapped by what a terminal shows, not by ``len()``."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

_EIGHTHS = " ▏▎▍▌▋▊▉"


def cut(text: str, width: int) -> str:
    """The text in at most ``width`` cells, with an ellipsis where something was left out."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…" if width == 1 else ""
    return set_cell_size(text, width - 1).rstrip() + "…"


def fit(text: str, width: int) -> str:
    """The text in exactly ``width`` cells, cut or padded on the right."""
    text = cut(text, width)
    return text + " " * (max(0, width) - cell_len(text))


def cut_middle(text: str, width: int) -> str:
    """The text in at most ``width`` cells, its end kept: for paths, whose end tells more."""
    length = cell_len(text)
    if length <= width:
        return text
    if width <= 8:
        return cut(text, width)
    head = max(1, width // 4)
    tail = text
    while cell_len(tail) > width - head - 1:
        tail = tail[max(1, (cell_len(tail) - (width - head - 1)) // 2) :]
    return set_cell_size(text, head).rstrip() + "…" + tail


def cut_front(text: str, width: int) -> str:
    """The text in at most ``width`` cells, its end kept, with an ellipsis where its beginning was left out."""
    if cell_len(text) <= width:
        return text
    tail = text
    while tail and cell_len(tail) > width - 1:
        tail = tail[max(1, (cell_len(tail) - width + 1) // 2) :]
    return "…" + tail if width > 0 else ""


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` cells, broken at blanks where there are any."""
    width = max(1, width)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and cell_len(line) + 1 + cell_len(word) <= width:
            line += " " + word
            continue
        if line:
            lines.append(line)
        while cell_len(word) > width:
            piece = set_cell_size(word, width).rstrip() or word[:1]
            lines.append(piece)
            word = word[len(piece) :]
        line = word
    lines.append(line)
    return lines


def bar(useful: int, wasted: int, largest: int, width: int) -> tuple[str, str]:
    """A size bar of at most ``width`` cells: ``█`` for useful bytes, then ``░`` for wasted ones.

    Scaled to ``largest`` bytes, and never empty while there are bytes; a lone cell tells the larger
    of the two shares. The last useful cell is drawn in eighths where no waste follows.
    """
    total = useful + wasted
    if largest <= 0 or width <= 0 or total <= 0:
        return "", ""
    cells = min(width, max(1, round(total * width / largest)))
    waste = min(cells, int(wasted * cells / total + 0.5))
    if cells == 1:
        waste = int(wasted > useful)
    if waste:
        return "█" * (cells - waste), "░" * waste
    full, rest = divmod(max(1, round(total * width * 8 / largest)), 8)
    return "█" * full + (_EIGHTHS[rest] if rest else ""), ""
