"""Waste by what made it: nothing is lost in the groups, and the core's own sums by layer agree."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from handmade import Entry, file, folder, hard_link, make_index, opaque, whiteout
from layerscope.analysis.causes import by_cause, by_cure
from layerscope.analysis.remedies import find_remedy
from layerscope.analysis.summary import analyse
from layerscope.sources.model import HistoryEntry

PATHS = st.lists(st.sampled_from(["a", "b", ".c", "var/log"]), min_size=1, max_size=3).map("/".join)
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.integers(0, 9)),
    st.builds(folder, PATHS),
    st.builds(hard_link, PATHS, PATHS),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)
COMMANDS = st.sampled_from(["RUN apt-get purge x", "RUN chown -R a /", "COPY . /", "RUN make"])


@given(st.lists(st.tuples(COMMANDS, st.lists(ENTRIES, max_size=8)), min_size=1, max_size=4))
def test_groups_add_up_to_what_the_tree_counts_by_layer(made: list[tuple[str, list[Entry]]]) -> None:
    index = make_index([layer for _, layer in made], [HistoryEntry(command) for command, _ in made])
    analysis = analyse(index)
    causes = by_cause(analysis.waste)
    counted = {layer: count for layer, count in enumerate(index.tree.wasted_by) if count}
    assert {cause.layer: cause.bytes for cause in causes if cause.bytes} == counted
    assert [cause.bytes for cause in causes] == sorted((cause.bytes for cause in causes), reverse=True)
    assert sum(cause.bytes for cause in causes) == analysis.figures.wasted_bytes
    for cause in causes:
        cures = by_cure(cause.items, analysis.layers)
        assert sum(cure.bytes for cure in cures) == cause.bytes
        assert Counter(item for cure in cures for item in cure.items) == Counter(cause.items)
        assert len({cure.text for cure in cures}) == len(cures)
        assert all(find_remedy(item, analysis.layers).cure == cure.text for cure in cures for item in cure.items)
