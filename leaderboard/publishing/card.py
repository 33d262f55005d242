"""The data card: the ``README.md`` of a published results folder."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from leaderboard.board import Board
from leaderboard.publishing.hub import TAG
from leaderboard.publishing.licences import licences
from leaderboard.publishing.markup import code, codes
from leaderboard.publishing.origins import describe_tasks, grid_names, languages
from leaderboard.publishing.parquet import ROWS
from leaderboard.reading.schema import Spec
from leaderboard.reading.store import Results

_ROWS_SHOWN = 60  # more would bury the rest of the card

PAPER = (
    "Jung and van der Plas, *Understanding the effects of language-specific class imbalance in multilingual "
    "fine-tuning*, Findings of EACL 2024"
)


def data_card(name: str, results: Results, board: Board, withheld: dict[str, str]) -> str:
    """Return the card of a results folder.

    Args:
        name: of the repository, ``ORG/NAME``.
        results: the folder as it goes out.
        board: its board.
        withheld: why files stay at home, by path.
    """
    specs = [cell.spec for cell in results.cells.values()]
    parts = [
        f"# Language or task? {codes(grid_names(results.folder))}",
        "Multilingual encoders were fine-tuned on data whose labels are spread unevenly over languages, with several "
        "methods and weightings of the loss. Each was measured by its accuracy, by how far its predictions follow the "
        "skew, by how well its frozen features give the language away, and by how much tokens that say nothing become "
        f"evidence. Made with polyskew, after {PAPER}.",
        "## The board",
        board.to_markdown().strip()
        if len(board.rows) <= _ROWS_SHOWN
        else f"{len(board.rows)} rows: [board.html](board.html), [board.md](board.md), [board.csv](board.csv).",
        "## Data",
        *describe_tasks(specs),
        "## What was run",
        "\n".join(f"- {line}" for line in (*_axes(specs), *_plugins(results))),
        "## What was measured, and what not",
        *_measured(results, board),
        "## What was withheld",
        _withheld(withheld),
        "## Use it",
        _usage(name),
    ]
    return f"---\n{_front_matter(specs, results.folder)}\n---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def finished(results: Results) -> tuple[int, int]:
    """Return how many cells are finished and measured, and of how many; cells of identical work count once."""
    workers = {cell.spec.id: cell for cell in map(results.resolve, results.cells.values())}.values()
    return sum(cell.done for cell in workers), len(workers)


def _front_matter(specs: list[Spec], folder: Path) -> str:
    from huggingface_hub import DatasetCardData

    return DatasetCardData(
        pretty_name=f"polyskew: {', '.join(grid_names(folder))}",
        language=languages(specs),
        license=licences(specs),
        task_categories=["text-classification"],
        tags=[TAG, "leaderboard", "multilingual", "parameter-efficient-fine-tuning", "language-identification"],
        configs=[{"config_name": "board", "data_files": ROWS, "default": True}],
    ).to_yaml()


def _axes(specs: list[Spec]) -> Iterator[str]:
    for axis, title in (
        ("regime", "regimes"),
        ("method", "methods"),
        ("weighting", "weightings"),
        ("recipe", "recipes"),
        ("learning_rate", "learning rates, beside the methods' own"),
    ):
        names = sorted({str(value) for spec in specs if (value := getattr(spec, axis))})
        if names or axis != "learning_rate":
            yield f"{title}: {codes(names)}"
    seeds = sorted({spec.seed for spec in specs if spec.seed is not None})
    yield f"seeds: {codes(seeds)}"
    for name, identity in sorted({spec.model: spec.canonical.get("model", {}) for spec in specs}.items()):
        hub, checksum = identity.get("hub"), identity.get("sha256")
        where = f"{code(hub)} at {code(identity.get('revision'))}" if hub else f"weights with checksum {code(checksum)}"
        yield f"model {code(name)}: {where if hub or checksum else 'no source recorded'}"


def _plugins(results: Results) -> Iterator[str]:
    """Yield what is not polyskew's own, with the package or file that brings it: whoever runs it again needs that."""
    found = set()
    for cell in results.cells.values():
        found |= {(plugin.kind, plugin.name, str(plugin)) for plugin in cell.spec.plugins}
        found |= {("measure", name, str(block.plugin)) for name, block in cell.plugin_blocks.items()}
        cell.forget()
    for kind, name, source in sorted(found):
        yield f"plug-in: the {kind} {code(name)} of {code(source)}, which is not part of polyskew"


def _measured(results: Results, board: Board) -> Iterator[str]:
    done, cells = finished(results)
    some = "" if done == cells else " What the others lack is missing on the board, with the reason."
    yield f"{done} of {cells} cells (trainings, and models before fine-tuning) are finished and measured.{some}"
    found = {column.name: [row.numbers[column.name] for row in board.rows] for column in board.columns}
    there = [name for name, numbers in found.items() if any(number.value is not None for number in numbers)]
    yield f"Measured, in at least one row: {codes(there)}."
    missing = {name: Counter(number.reason for number in found[name]).most_common(1) for name in found.keys() - there}
    yield "\n".join(f"- not measured: {code(name)} ({reason})" for name, [(reason, _)] in sorted(missing.items()))
    yield (
        "Intervals are of 95%. With several seeds they are t intervals of the mean over training runs on this test set "
        "(for drift, over runs and explained texts); with one seed they are over the test rows of that one run, and "
        "how much runs differ is not known. `*_interval` in the tables names each one's method."
    )
    yield (
        "Not measured: other test sets, languages and models than those above. What training cost is recorded as it "
        "was on the machine at hand, and cannot be recomputed from these files."
    )


def _withheld(withheld: dict[str, str]) -> str:
    if not withheld:
        return "Nothing but the weights, logs and locks of the results folder; checkpoints are never kept."
    reasons = Counter(withheld.values())
    lines = [f"- {count} file{'s' * (count != 1)}: {reason}" for reason, count in sorted(reasons.items())]
    return "\n".join([*lines, "", "`withheld.json` names each. Weights, logs and locks stay at home in any case."])


def _usage(name: str) -> str:
    return f"""```sh
polyskew verify {name}       # recomputes the numbers from the stored logits, features and attributions
```

```python
from datasets import load_dataset

rows = load_dataset("{name}")["train"]      # the board: one row a task, model, method, regime and weighting
```

`cells/ID/` has each cell: `spec.json` (what it is), `metrics.json` (all its numbers), `provenance.json` (versions,
device), and by stage its rows, logits, features and attributions. `board.csv`, `.json`, `.md`, `.tex` and `.html` are
the board."""
