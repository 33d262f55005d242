"""Stage ``attributions``: what each token of the explained texts adds to each class's probability."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from filelock import FileLock, Timeout

from benchmark import inputs
from benchmark.attributions import get_explainer
from benchmark.attributions.chunks import Chunks
from benchmark.attributions.classifier import Classifier
from benchmark.attributions.deviation import deviation
from benchmark.attributions.engine import Attribution, Explainer, explain
from benchmark.attributions.explainer import engine_of
from benchmark.attributions.gradients import IntegratedGradients
from benchmark.attributions.reference import StringRows, string_text
from benchmark.attributions.rows import IdRows, Render
from benchmark.attributions.settings import MODES, Precision
from benchmark.attributions.texts import Text, token_text
from benchmark.models.loading import device, load_tokenizer
from benchmark.progress import Report
from benchmark.stages import ATTRIBUTIONS, Cell
from benchmark.stages.predict import trained_model
from polyskew.canonical import digest
from polyskew.files import write_json

CHUNKS = "attributing"


def run(cell: Cell, out: Path, report: Report) -> None:
    """Write ``attributions.parquet``, one row a text, and for a precision other than fp32 ``precision.json``.

    Columns: id, group, language, label, mode, evaluations (rows asked for), rows (distinct rows computed), token_ids
    (list of int32, the T features), pieces (list of T strings, each token's part of the text), second (the first
    feature of a pair's second side, T for a single text), values (list of float32, T x C row by row, of
    probabilities), errors (the same of the values' standard errors, null where none are stated), base and output
    (lists of float32, C).
    """
    texts = explained_texts(cell)
    chunks = Chunks(_work(cell), texts, cell.measure.attributions)
    chunks.compute(partial(_explainer, cell), report)
    table, chosen = chunks.table(), inputs.explained_rows(cell.spec, cell.measure.explained_texts)[0]
    columns: dict[str, Any] = {name: chosen[name].to_numpy() for name in ("id", "group", "language", "label")}
    columns |= {name: table.column(name) for name in ("mode", "evaluations", "rows")}
    columns["token_ids"] = pyarrow.array([text.ids[text.features] for text in texts], pyarrow.list_(pyarrow.int32()))
    columns["pieces"] = pyarrow.array([text.pieces for text in texts], pyarrow.list_(pyarrow.string()))
    columns["second"] = pyarrow.array([text.second for text in texts], pyarrow.int32())
    columns |= {name: table.column(name) for name in ("values", "errors", "base", "output")}
    pyarrow.parquet.write_table(pyarrow.table(columns), out / "attributions.parquet", compression="zstd")
    asked = cell.measure.attributions.precision
    if asked != "fp32":
        write_json(out / "precision.json", deviation(texts, asked, partial(_explainer, cell)))


def assist(cell: Cell, report: Report) -> None:
    """Compute chunks of a stage that another process is at, as long as it is at it."""
    if not _wanted(cell):
        return
    try:
        chunks = Chunks(_work(cell), explained_texts(cell), cell.measure.attributions)
        chunks.compute(partial(_explainer, cell), report, partial(_wanted, cell))
    finally:
        if ATTRIBUTIONS.is_done(cell):  # taking a lock may have brought the folder back
            clear(cell)


def _wanted(cell: Cell) -> bool:
    if not (cell.folder / CHUNKS).is_dir() or ATTRIBUTIONS.is_done(cell):
        return False
    try:
        with FileLock(cell.folder / ".lock", timeout=0):
            return False  # nobody is at it any more
    except Timeout:
        return True


def clear(cell: Cell) -> None:
    """Remove the chunks, once the stage is done."""
    shutil.rmtree(cell.folder / CHUNKS, ignore_errors=True)


def _work(cell: Cell) -> Path:
    """The folder of the chunks: those of other settings, inputs or devices are not mixed with these."""
    return cell.folder / CHUNKS / digest(ATTRIBUTIONS.asked(cell) | {"device": device().type})


def explained_texts(cell: Cell) -> list[Text]:
    """Return the cell's explained texts in the order of their rows."""
    spec, settings = cell.spec, cell.measure.attributions
    tokenizer = load_tokenizer(spec.model)
    chosen, places = inputs.explained_rows(spec, cell.measure.explained_texts)
    encoded = inputs.tokens(spec, "test")
    columns = ["text", "text_pair"] if spec.task.task.pair else ["text"]
    segments = chosen[columns].astype(object).to_numpy().tolist()
    if settings.mode == "reference":
        return [string_text(tokenizer, sides) for sides in segments]
    return [
        token_text(tokenizer, sides, encoded.rows[place], encoded.special[place], words=settings.words)
        for sides, place in zip(segments, places, strict=True)
    ]


def _explainer(cell: Cell, precision: Precision | None = None) -> Explainer:
    """The cell's explainer; to compare precisions, one that draws all permutations it may, the same in each."""
    spec, settings = cell.spec, cell.measure.attributions
    if precision:
        settings = settings.model_copy(update={"standard_error": 1e-12})
    tokenizer = load_tokenizer(spec.model)
    classifier = Classifier(trained_model(cell), precision or settings.precision)
    mask_id = int(tokenizer.mask_token_id)
    if settings.mode not in MODES:
        plugin = get_explainer(settings.mode, settings.options)
        return engine_of(plugin, classifier, mask_id, settings.label(settings.mode))
    if settings.mode == "layer_integrated_gradients":
        return IntegratedGradients(classifier, settings, mask_id)
    render: Render = partial(IdRows, mask_id=mask_id)
    if settings.mode == "reference":
        render = partial(StringRows, tokenizer=tokenizer, max_length=spec.recipe.max_length)

    def explainer(texts: Sequence[Text], computed: Callable[[int], None]) -> Iterator[tuple[int, Attribution]]:
        return explain(classifier, texts, settings, render, tokens=classifier.tokens, report=computed)

    return explainer
