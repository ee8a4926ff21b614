"""The words for how far reading has come."""

from __future__ import annotations

from layerscope.progress import Progress
from layerscope.tui.pace import Pace


class Clock:
    """Tells what it is set to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def layer(number: int, done: int, total: int | None = None) -> Progress:
    return Progress(number, 3, str(number), done, None, 5, total=total)


def test_layers_add_up_and_the_time_left_follows_the_pace() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.words == "reading"
    pace.note(layer(0, 10_000_000, 100_000_000))
    assert pace.words == "reading · 10 % · 10.0 MB of 100.0 MB · 5 entries"
    clock.now = 5
    pace.note(layer(1, 10_000_000, 100_000_000))
    pace.note(layer(0, 15_000_000, 100_000_000))
    assert pace.words == "reading · 25 % · 25.0 MB of 100.0 MB · 15 s left · 10 entries"
    clock.now = 100
    assert "5 min left" in pace.words
    pace.note(layer(2, 75_000_000, 100_000_000))
    assert "100 % · 100.0 MB of 100.0 MB · 0 s left" in pace.words


def test_without_a_total_only_bytes_are_told() -> None:
    pace = Pace(Clock())
    pace.note(layer(0, 7_000_000))
    assert pace.words == "reading · 7.0 MB · 5 entries"
    # More than was announced: nobody knows the end any more.
    pace.note(layer(1, 7_000_000, 8_000_000))
    assert "%" not in pace.words


def test_a_pull_is_measured_by_itself_and_an_export_tells_the_total_of_its_layers() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.note(Progress(-1, 0, "", 0, None, 0, activity="Pulling x"))
    assert pace.words == "Pulling x"
    pace.note(Progress(-1, 0, "", 20_000_000, 40_000_000, 0, activity="Pulling x"))
    clock.now = 4
    assert pace.words == "Pulling x · 50 % · 20.0 MB of 40.0 MB · 4 s left"
    pace.note(Progress(-1, 0, "", 0, 90_000_000, 0, activity="Exporting x"))
    assert pace.words == "Exporting x"
    pace.note(layer(-1, 9_000_000))
    assert pace.words == "reading · 10 % · 9.0 MB of 90.0 MB · 5 entries"
