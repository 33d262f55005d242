"""Several trainings that differ in their learning rates alone, of which the one of least validation loss is kept."""

import math
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.checkpoints import clear
from benchmark.job import Trained
from benchmark.meter import noted
from benchmark.progress import Report
from benchmark.trainer import DivergedError
from polyskew.files import MANIFEST, atomic_folder, read_json, write_json

Training = Callable[[float, Path, Path, Report], Trained]
"""Given a factor of the learning rates, a folder to work in, one for the trained weights, and whom to report to."""

_TRIAL, _WEIGHTS = "trial.json", "weights"


def search(factors: Sequence[float], folder: Path, training: Training, weights: Path, report: Report) -> Trained:
    """Train once for each factor, and keep the training whose best checkpoint has the least validation loss.

    Of equal losses the one whose factor is nearest to 1 is kept. A training that diverges loses. A search that is
    killed keeps its finished trainings and goes on with the one that it was at.

    Args:
        factors: of the learning rates in force, in ascending order.
        folder: to work in.
        training: trains once; it goes on with what it finds in its folder.
        weights: the folder for the weights that are kept.
        report: told the share of all trainings that is done.

    Returns:
        What the kept training left. Its cost also has ``search`` (factors, losses and seconds of all trainings, the
        place of the chosen one, and whether it is the first or last, beyond which the best may lie),
        ``search_trainings`` and ``search_seconds``, the sum over all trainings, the kept one included.

    Raises:
        DivergedError: all trainings diverged.
    """
    places = [folder / f"x{factor:g}" for factor in factors]
    trials: list[dict[str, Any]] = []
    best: int | None = None
    for index, (factor, place) in enumerate(zip(factors, places, strict=True)):
        if not (place / _TRIAL).exists():
            part = partial(_report_part, report, index, len(factors))
            write_json(place / _TRIAL, _trial(training, factor, place, part))
        clear(place)
        trials.append(read_json(place / _TRIAL))
        best = _best(factors, [trial["loss"] for trial in trials])
        for lost in places[: index + 1]:
            if best is None or lost != places[best]:
                shutil.rmtree(lost / _WEIGHTS, ignore_errors=True)
    if best is None:
        shutil.rmtree(folder)  # so that another run tries again
        tried = ", ".join(f"{factor:g}" for factor in factors)
        raise DivergedError(f"the training diverged with each of the factors {tried} of its learning rates")
    with atomic_folder(weights) as kept:
        shutil.copytree(places[best] / _WEIGHTS, kept, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
    seconds = [trial["seconds"] for trial in trials]
    found = {
        "factors": list(factors),
        "losses": [trial["loss"] for trial in trials],
        "seconds": seconds,
        "chosen": best,
        "at_edge": best in (0, len(factors) - 1),
    }
    flat = {"search_seconds": round(sum(seconds), 3), "search_trainings": len(factors)}
    return Trained(trials[best]["history"], trials[best]["cost"] | {"search": found, **flat})


def _trial(training: Training, factor: float, place: Path, report: Report) -> dict[str, Any]:
    try:
        trained = training(factor, place, place / _WEIGHTS, report)
    except DivergedError:
        return {"loss": None, "seconds": round(noted(place)[0], 3)}
    loss = min(entry["eval_loss"] for entry in trained.history if "eval_loss" in entry)
    return {"loss": loss, "seconds": trained.cost["seconds"], "history": trained.history, "cost": trained.cost}


def _best(factors: Sequence[float], losses: Sequence[float | None]) -> int | None:
    """The place of the least loss, or None where there is none; of equal ones that of the smallest change."""
    order = [(loss, abs(math.log(factors[place])), place) for place, loss in enumerate(losses) if loss is not None]
    return min(order)[2] if order else None


def _report_part(report: Report, index: int, parts: int, share: float) -> None:
    report((index + share) / parts)
