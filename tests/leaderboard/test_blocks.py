"""Blocks that are left out of ``metrics.json`` before it is parsed."""

import json

from hypothesis import given
from hypothesis import strategies as st

from leaderboard.measures import METRICS
from leaderboard.reading.blocks import only
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.measured import Block, Metrics, dump
from leaderboard.reading.sources import Source
from leaderboard.reading.summary import UNREAD

names = st.sampled_from(["accuracy", "drift", "leakage"])
texts = st.text() | st.sampled_from(['\n{"measure":"drift"', "]}"])
values = st.builds(lambda text, number: {"by": {"language": text}, "value": number, "reason": text}, texts, st.none())
blocks = st.builds(
    lambda name, found: Block(measure=name, version=1, unit="share", values=found), names, st.lists(values, max_size=3)
)


@given(st.lists(blocks, max_size=5), st.sets(names))
def test_the_wanted_blocks_are_left_whole(measures: list[Block], wanted: set[str]) -> None:
    text = dump(Metrics(cell="a", measures=measures)).encode()
    found = Metrics.model_validate_json(only(text, lambda block: block.partition('"')[0] in wanted))
    assert found.measures == [block for block in measures if block.measure in wanted]


def test_a_file_that_is_laid_out_otherwise_is_left_as_it_is() -> None:
    text = dump(Metrics(cell="a", measures=[Block(measure="drift", version=1, unit="share", values=[])]))
    for other in (json.dumps(json.loads(text), indent=2).encode(), b"", b"{}", b"\xff"):
        assert only(other, lambda _: False) == other


def test_no_column_reads_what_is_not_read() -> None:
    read = {column.find.measure for column in COLUMNS if isinstance(column.find, Source)}
    assert not read & set(UNREAD)
    assert set(UNREAD) <= set(METRICS.names())
