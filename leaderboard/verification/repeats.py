"""Seeds of one row are trainings of their own: what comes of chance is never the same twice."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable

from leaderboard.reading.artifacts import Predictions
from leaderboard.reading.store import SPEC, Cell
from leaderboard.verification.drawn import Drawn
from leaderboard.verification.findings import Findings
from leaderboard.verification.specs import ratios
from polyskew.files import MANIFEST, checksums, sha256

_ENOUGH = 20  # rows of one label and language, of which two seeds do not draw the same order
_KINDS = {
    "order": "its training rows and their order",
    "history": "the losses of its training",
    "weights": "its weights",
    "logits": "its logits",
    "vectors": "its vectors",
}


def note_chance(cell: Cell, drawn: Drawn | None, predictions: Predictions | None, findings: Findings) -> None:
    """Add to ``prints`` what depends on a cell's seed, as far as it is there.

    Args:
        cell: one that did its own work.
        drawn: its rows, or None.
        predictions: its predictions, or None.
        findings: of the cell.
    """
    if drawn is not None and ratios(cell.spec) is not None:  # without ratios all rows are taken, in their own order
        train = [(language, key, label) for split, language, key, label, _ in drawn.keyed() if split == "train"]
        if max(Counter((language, label) for language, _, label in train).values(), default=0) >= _ENOUGH:
            findings.prints["order"] = _digest(json.dumps(train).encode())
    if predictions is not None:
        findings.prints["logits"] = _digest(predictions.logits.tobytes())
    history = cell.folder / "train" / "history.json"
    if "train" not in findings.broken and history.exists() and json.loads(history.read_bytes()):
        findings.prints["history"] = sha256(history)
    for kind, stage in (("weights", "weights"), ("vectors", "features")):
        if stage not in findings.broken and (cell.folder / stage / MANIFEST).exists():
            tensors = {name: value for name, value in checksums(cell.folder / stage).items() if ".safetensors" in name}
            if tensors:
                findings.prints[kind] = _digest(json.dumps(tensors, sort_keys=True).encode())


def check_repeats(cells: Iterable[Cell], findings: dict[str, Findings]) -> None:
    """Tell cells that differ in their seed only, and are the same training all the same."""
    rows: dict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.spec.seed is None:
            continue
        row = json.dumps({**cell.spec.canonical, "seed": None}, sort_keys=True)
        for kind in _KINDS.keys() & findings[cell.spec.id].prints.keys():
            rows[row, kind, findings[cell.spec.id].prints[kind]].append(cell)
    for (_, kind, _), same in sorted(rows.items()):
        first, *others = sorted(same, key=lambda cell: cell.spec.seed or 0)
        for cell in others:
            seed = first.spec.seed
            findings[cell.spec.id].fault(SPEC, f"is the same training as seed {seed}: {_KINDS[kind]} are the same")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
