"""One explained text of a cell beside the same text in its reference cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.drift import SETS, THRESHOLD, set_index, set_sums
from leaderboard.reading.store import Cell, Results
from leaderboard.shading.explained import Explained, read_text
from polyskew.errors import UserError, suggest


@dataclass(frozen=True)
class Side:
    """What the tokens say in one cell about one label, in units of probability.

    Attributes:
        values: ``[T]``; ``base + values.sum()`` is the output.
        errors: standard errors of the values, ``[T]``, or None.
        base: the label's probability with every token masked.
        output: the label's probability for the text.
        predicted: the label with the largest probability.
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64] | None
    base: float
    output: float
    predicted: str


@dataclass(frozen=True)
class ShadedText:
    """An explained text and all that is said about it.

    Attributes:
        cell: id of the cell that was asked for.
        work: id of the cell that did its work; ``cell`` unless the two are identical.
        setting: regime, method, weighting and seed of ``cell`` in words.
        task: name of the task.
        id: of the text.
        language: of the text.
        truth: the true label.
        label: the label that ``own`` and ``reference`` are about.
        mode: how the values were computed.
        pieces: surface text of each token with the whitespace before it, T of them.
        second: index of the first token of a pair's second side; T for a single text.
        own: the cell's values.
        reference: the reference cell's values of the same tokens, computed in the same mode; or None.
        reference_id: id of the reference cell, empty without ``reference``.
        alone: why there is no ``reference``: one clause, empty if there is one.
        redistribute: whether the task lets its texts be redistributed.
    """

    cell: str
    work: str
    setting: str
    task: str
    id: str
    language: str
    truth: str
    label: str
    mode: str
    pieces: tuple[str, ...]
    second: int
    own: Side
    reference: Side | None
    reference_id: str
    alone: str
    redistribute: bool

    @property
    def scale(self) -> float:
        """The largest absolute value of both cells: the one scale of their shading."""
        sides = [self.own, self.reference] if self.reference else [self.own]
        return max(float(np.abs(side.values).max(initial=0.0)) for side in sides)

    @property
    def sets(self) -> list[str]:
        """The set of each token, of ``leaderboard.measures.drift.SETS``, by the reference's values if there are any."""
        values = (self.reference or self.own).values
        return [SETS[place] for place in set_index(values[:, None], THRESHOLD)[:, 0]]

    @property
    def drift(self) -> dict[str, float | None]:
        """By set, the sum of this cell's values less the reference's, None without tokens; empty if shown alone."""
        if self.reference is None:
            return {}
        one = np.zeros(len(self.pieces), dtype=np.int64)
        sums, present = set_sums(self.reference.values[:, None], self.own.values[:, None], one, 1, THRESHOLD)
        return {name: float(sums[0, 0, k]) if present[0, 0, k] else None for k, name in enumerate(SETS)}


def shaded_text(
    results: Results, cell: Cell, text: str, language: str | None = None, label: str | None = None
) -> ShadedText:
    """Read an explained text of a cell and of its reference cell.

    Args:
        results: the results folder of the cell.
        cell: the cell; one that points to an identical cell is answered by that one.
        text: id of the text.
        language: its language; needed where the id stands in several.
        label: name of the label to speak about; the text's true label by default.

    Raises:
        UserError: the cell has no attributions, the text is not explained, or the language or label is unknown.
        DataError: the attributions are broken or lack a column.
    """
    spec, work = cell.spec, results.resolve(cell)
    if not work.has("attributions"):
        fault = "is not fine-tuned, so it is not explained" if spec.is_untuned else "has no attributions yet"
        raise UserError(f"the cell {work.spec.id} {fault}")
    if label is not None and label not in spec.labels:
        raise UserError(f"the task {spec.task} has no label {label!r}{suggest(label, spec.labels)}")
    own = read_text(work, text, language)
    column = own.label if label is None else spec.labels.index(label)
    reference, alone = _reference(results, cell, work, own)
    axes = (spec.regime, spec.method, spec.weighting, spec.learning_rate)
    seed = "" if spec.seed is None else f", seed {spec.seed}"
    return ShadedText(
        cell=spec.id,
        work=work.spec.id,
        setting=" / ".join(name for name in axes if name) + seed,
        task=spec.task,
        id=own.id,
        language=own.language,
        truth=spec.labels[own.label],
        label=spec.labels[column],
        mode=own.mode,
        pieces=own.pieces,
        second=own.second,
        own=_side(own, spec.labels, column),
        reference=_side(reference[1], spec.labels, column) if reference else None,
        reference_id=reference[0] if reference else "",
        alone=alone,
        redistribute=cell.spec.redistribute,
    )


def _reference(results: Results, cell: Cell, work: Cell, own: Explained) -> tuple[tuple[str, Explained] | None, str]:
    """Return the reference's id and the same text there; or None and why there is nothing to compare with."""
    found = results.reference(cell)
    if found is None:
        return None, "there is no reference cell (balanced, unweighted, of the same seed) beside it"
    if found.spec.id == work.spec.id:
        return None, "this is the reference cell" if cell is work else "its work is that of the reference cell"
    if not found.has("attributions"):
        return None, f"the reference cell {found.spec.id} has no attributions yet"
    try:
        other = read_text(found, own.id, own.language)
    except UserError as error:
        # A page that shows the reason is read where this folder's path says nothing.
        return None, str(error).replace(str(found.folder), found.spec.id)
    if other.mode != own.mode:
        return None, f"its values were computed in the mode {own.mode!r}, the reference cell's in {other.mode!r}"
    if not np.array_equal(other.token_ids, own.token_ids):
        return None, f"the text has other tokens in the reference cell {found.spec.id}"
    return (found.spec.id, other), ""


def _side(text: Explained, labels: tuple[str, ...], column: int) -> Side:
    return Side(
        values=text.values[:, column],
        errors=None if text.errors is None else text.errors[:, column],
        base=float(text.base[column]),
        output=float(text.output[column]),
        predicted=labels[int(text.output.argmax())],
    )
