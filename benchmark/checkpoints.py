"""Training checkpoints, and which of them were written to their end."""

import json
import shutil
from pathlib import Path

from polyskew.files import write_json

_WHOLE = "whole"  # marks a checkpoint that was written to its end


def mark_whole(folder: Path, step: int) -> None:
    """Mark the checkpoint of a step as whole."""
    (folder / f"checkpoint-{step}" / _WHOLE).touch()


def last_whole(folder: Path) -> str | None:
    """Return the newest checkpoint that was written to its end, and remove all that were not."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / _WHOLE).exists():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    whole.sort(key=lambda checkpoint: int(checkpoint.name.rpartition("-")[2]))
    while whole:
        # The best checkpoint is recorded with its folder, which may have been moved or copied since.
        file = whole[-1] / "trainer_state.json"
        state = json.loads(file.read_text())
        best = folder / Path(state["best_model_checkpoint"]).name
        if (best / _WHOLE).exists():
            write_json(file, state | {"best_model_checkpoint": str(best)})
            return str(whole[-1])
        shutil.rmtree(whole.pop())
    return None


def clear(folder: Path) -> None:
    """Remove all checkpoints."""
    for checkpoint in folder.glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
