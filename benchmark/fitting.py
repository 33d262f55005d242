"""Which methods, weightings and losses of a grid do not fit its encoders or data, told before anything is trained."""

import warnings
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from adapters import LOSSES
from benchmark.spec import CellSpec
from polyskew.errors import UserError


def check_methods(specs: Iterable[CellSpec]) -> None:
    """Refuse a method that cannot be used with its encoder.

    Looked at are methods whose options are set and those that read tokens beside the text, each with the encoder's
    shape, without its weights. The others fit what the suite supports; they are not worth importing torch for.

    Args:
        specs: cells that are to be trained.

    Raises:
        UserError: the method finds nothing to attach to, or texts are too long for it.
    """
    asked = {
        (spec.model, spec.method.name, spec.recipe.max_length): spec
        for spec in specs
        if not spec.untuned and (spec.method.options or spec.method.method.added_tokens)
    }
    for spec in asked.values():
        from benchmark.models.loading import outline

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they come again while training
                spec.method.method.check(outline(spec.model), spec.recipe.max_length)
        except UserError as error:
            raise UserError(f"the method {spec.method.name!r} on the model {spec.model.name!r}: {error}") from error


def check_weightings(specs: Iterable[CellSpec], counts: NDArray[np.int64]) -> None:
    """Refuse a weighting or a loss that cannot be used with the training rows.

    Args:
        specs: cells of one task and regime.
        counts: its training rows n[l, c], [L, C].

    Raises:
        UserError: weights are not numbers of at least 0, or a loss wants rows of a label that a language lacks.

    Warns:
        EmptyCellWarning: a language has no rows of a label that a weighting is to balance.
    """
    for spec in {str(spec.weighting): spec for spec in specs if spec.weighting is not None}.values():
        assert spec.weighting is not None, "they are left out above"
        try:
            spec.weighting.weigh(counts)
            loss = spec.weighting.loss
            if LOSSES.origin(loss.use) or not counts.all():  # else nothing can be wrong, and a loss imports torch
                loss.prepare(counts)
        except UserError as error:
            where = f"the weighting {spec.weighting} on the regime {spec.regime!r} of the task {spec.task.name!r}"
            raise type(error)(f"{where}: {error}") from error
