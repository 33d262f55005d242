"""What a running grid says of the time that a stage will take."""

import io

import pytest
from rich.console import Console

from benchmark import progress as module
from benchmark.progress import GridProgress


class Clock:
    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module.time, "monotonic", lambda: found.now)
    return found


def test_without_a_terminal_a_line_a_minute_tells_the_time_left(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with GridProgress(1, Console(file=io.StringIO(), force_terminal=False)) as shown:
        shown.stage("cell", "train", 0.5)
        clock.now = 10
        for second in range(0, 400, 10):  # a stage that goes on from 40% and takes 50 minutes more
            clock.now = 10 + second
            shown.stage("cell", "attributions", 0.4 + 0.6 * second / 3000)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"cell: attributions {0.4 + 0.6 * second / 3000:.0%}, about {(3000 - second) / 60:.0f} min left"
        for second in range(60, 400, 60)
    ]


def test_in_a_terminal_the_time_left_counts_from_where_the_stage_went_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    console = Console(file=io.StringIO(), force_terminal=True, width=120, get_time=lambda: now)
    with GridProgress(2, console) as shown:
        shown.stage("cell", "train", 0.9)
        for second in range(0, 300, 10):
            now = 100.0 + second
            shown.stage("cell", "attributions", 0.5 + 0.5 * second / 3000)
        bar = shown._bar
        assert bar is not None
        row = next(task for task in bar.tasks if task.fields.get("stage"))
        left = row.time_remaining
        assert left == pytest.approx(3000 - 290, rel=0.05), "neither the training nor what was there before counts"
        assert module._StageTimeLeft().render(row).plain != ""
        assert module._StageTimeLeft().render(bar.tasks[0]).plain == "", "none for the grid as a whole"
