"""The stages of a cell, in their order. Each fills one folder, which appears when it is complete."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmark.attributions.settings import Settings
from benchmark.progress import Report
from benchmark.spec import CellSpec, Measurements
from polyskew.canonical import digest
from polyskew.files import MANIFEST, is_complete, read_json, sha256
from tasks import get_probe

STAGE_FILE = "stage.json"


@dataclass(frozen=True)
class Cell:
    """A cell at work.

    Attributes:
        spec: what is asked for.
        folder: ``RESULTS/cells/<id>``.
        measure: what is measured on it.
        keep_weights: whether the weights of full fine-tuning stay.
        report_to: experiment trackers.
    """

    spec: CellSpec
    folder: Path
    measure: Measurements
    keep_weights: bool = False
    report_to: tuple[str, ...] = ()

    @property
    def weights(self) -> Path:
        """The folder of the trained adapter or weights."""
        return self.folder / "weights"

    @property
    def work(self) -> Path:
        """The folder of training checkpoints, gone when training is done."""
        return self.folder / "training"


@dataclass(frozen=True)
class Stage:
    """One step of a cell.

    Attributes:
        name: also the folder it fills.
        version: raised when the same settings would give another artifact; stages of other versions run again.
        needs: the stages whose artifacts it reads.
        settings: which measurement settings it depends on.
        reads_weights: whether it reads the trained weights.
    """

    name: str
    version: int
    needs: tuple[str, ...]
    settings: tuple[str, ...] = ()
    reads_weights: bool = False

    def run(self, cell: Cell, out: Path, report: Report) -> None:
        """Do the work: import the stage's module, which may bring in torch, and fill ``out``."""
        work: Callable[[Cell, Path, Report], None] = import_module(f"benchmark.stages.{self.name}").run
        work(cell, out, report)

    def wanted(self, spec: CellSpec, measure: Measurements) -> dict[str, Any]:
        """Return the version and settings of the artifact that is wanted, as ``spec.json`` records them."""
        return {"version": self.version, "settings": {name: setting(spec, measure, name) for name in self.settings}}

    def asked(self, cell: Cell) -> dict[str, Any]:
        """Return what the artifact depends on: version, settings, and the artifacts it was made from."""
        return {
            **self.wanted(cell.spec, cell.measure),
            "inputs": {name: sha256(cell.folder / name / MANIFEST)[:16] for name in self.needs},
        }

    def is_done(self, cell: Cell) -> bool:
        """Return whether the artifact is there, whole, and what is asked for now."""
        folder = cell.folder / self.name
        if not is_complete(folder) or not all((cell.folder / name / MANIFEST).exists() for name in self.needs):
            return False
        return bool(read_json(folder / STAGE_FILE).get("asked") == self.asked(cell))


_PROBED = ("probe_rows", "probe_layers", "probe_corpus")
DATA = Stage("data", 1, ())
TRAIN = Stage("train", 1, ("data",))
PREDICT = Stage("predict", 1, ("data", "train"), reads_weights=True)
FEATURES = Stage("features", 2, ("data", "train"), _PROBED, reads_weights=True)
ATTRIBUTIONS = Stage("attributions", 2, ("data", "train"), ("explained_texts", "attributions"), reads_weights=True)
UNTUNED_FEATURES = Stage("features", 2, ("data",), _PROBED)


def setting(spec: CellSpec, measure: Measurements, name: str) -> Any:
    """Return what a stage depends on: a field of the measurements, or ``probe_corpus``, what identifies its texts."""
    if name != "probe_corpus":
        value = getattr(measure, name)
        return value.identity() if isinstance(value, Settings) else value
    task = spec.task.task
    if not measure.probe_rows or task.probe is None:
        return None
    return get_probe(task.probe).identity(task.languages)


def stages(spec: CellSpec, measure: Measurements) -> list[Stage]:
    """Return the stages of a cell in their order: the untuned cell has only features."""
    if spec.untuned:
        return [DATA, UNTUNED_FEATURES]
    chosen = [DATA, TRAIN, PREDICT, FEATURES]
    return [*chosen, ATTRIBUTIONS] if measure.explained_texts else chosen


def pending(cell: Cell) -> list[Stage]:
    """Return the stages that have still to run.

    A stage that reads weights which are gone (full fine-tuning keeps them only on request) needs the training again,
    and with it all that comes after.
    """
    todo: list[Stage] = []
    for stage in stages(cell.spec, cell.measure):
        if any(name in {earlier.name for earlier in todo} for name in stage.needs) or not stage.is_done(cell):
            todo.append(stage)
    if any(stage.reads_weights for stage in todo) and TRAIN not in todo and not is_complete(cell.weights):
        todo = [stage for stage in stages(cell.spec, cell.measure) if stage is not DATA or DATA in todo]
    return todo


def settled(cell: Cell) -> bool:
    """Return whether a cell needs no worker: all stages are done, and nobody was killed while tidying up."""
    return (
        not pending(cell) and (cell.folder / "provenance.json").exists() and not (cell.folder / "failure.json").exists()
    )


def comparable(cell: CellSpec, measure: Measurements) -> str:
    """Return a digest of all that must be equal for two cells to be averaged over seeds or compared."""
    form = cell.canonical() | {"task": cell.task.task.identity("balanced")}
    for axis in ("regime", "weighting", "seed"):
        form.pop(axis, None)
    versions = {stage.name: stage.version for stage in (DATA, TRAIN, PREDICT, FEATURES, ATTRIBUTIONS)}
    corpus = setting(cell, measure, "probe_corpus")
    # Layers add values and change none.
    measured = measure.model_dump(exclude={"probe_layers"}) | {"attributions": measure.attributions.identity()}
    asked = {"cell": form, "measure": measured, "probe_corpus": corpus, "stages": versions}
    return digest(asked | {"precision": "fp32"})
