"""Attributions of many texts: modes are chosen, texts of similar length advance together."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.attributions.exact import exact
from benchmark.attributions.modes import Floats, Game, Values, Window
from benchmark.attributions.partition import SHAP_BATCH, SHAP_TEXT_BATCH, partition
from benchmark.attributions.permutations import permutations
from benchmark.attributions.rows import Batches, Predict, Render
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text
from polyskew.errors import UserError

_WINDOW_BYTES = 64_000_000
"""What the rows of a window may take: so much that batches are full, so little that memory does not matter."""


@dataclass(frozen=True)
class Attribution:
    """Values of one text: ``base + values.sum(axis=0) == output``.

    Attributes:
        mode: how they were computed; values of different modes are never compared.
        evaluations: rows that were asked for.
        rows: distinct rows that the model computed.
        values: float64 [T, C], of the class probabilities.
        errors: float64 [T, C], standard errors of the values: 0 where they are exact, None where none is stated.
        base: float64 [C], the probabilities with every feature masked.
        output: float64 [C], the probabilities of the text itself.
    """

    mode: str
    evaluations: int
    rows: int
    values: Floats
    errors: Floats | None
    base: Floats
    output: Floats


Explainer = Callable[[Sequence[Text], Callable[[int], None]], Iterator[tuple[int, Attribution]]]
"""Takes texts, and a function that is told of the tokens computed; yields each text's place and attribution."""


def mode_of(text: Text, settings: Settings) -> str:
    """Return how a text is explained. The text alone decides, so that two models agree.

    Raises:
        UserError: ``exact`` was asked for and the text would ask more than ``max_rows`` rows.
    """
    if settings.mode not in ("auto", "exact"):
        return settings.mode
    rows = text.expansion
    if rows <= settings.max_rows:
        return "exact"
    if settings.mode == "auto":
        return "permutations"
    raise UserError(
        f"mode exact: a text of {text.length} tokens asks {rows:,} rows, more than max_rows, {settings.max_rows:,}; "
        "raise max_rows, or take mode auto, which draws permutations for such a text"
    )


def work_of(text: Text, settings: Settings) -> int:
    """Return how many tokens the model will compute for a text, at most."""
    mode, rows = mode_of(text, settings), text.expansion
    if mode == "layer_integrated_gradients":
        rows = 3 * settings.steps  # forward and backward
    elif mode != "exact":
        rows = min(rows, settings.max_rows if mode == "permutations" else settings.evaluations)
    return rows * text.length


def order_of(texts: Sequence[Text], settings: Settings) -> list[int]:
    """Return the texts' places in the order of work: mode by mode, texts of one length side by side."""
    keys = [(mode_of(text, settings), text.length, len(text.features)) for text in texts]
    return sorted(range(len(texts)), key=lambda place: (*keys[place], place))


def explain(
    predict: Predict,
    texts: Sequence[Text],
    settings: Settings,
    render: Render,
    *,
    tokens: int = 2048,
    report: Callable[[int], None] = lambda tokens: None,
) -> Iterator[tuple[int, Attribution]]:
    """Yield each text's place and its attribution, in the order of work.

    Args:
        predict: the model.
        texts: the texts, all of one tokenizer.
        settings: how.
        render: makes masked rows of a window: `rows.IdRows`, or `rows.StringRows` for the mode ``reference``.
        tokens: of a batch, at most.
        report: told after each batch how many tokens the model has computed.

    Raises:
        UserError: see `mode_of`; or the mode is another explainer's, or ``reference`` and a text has no string.
    """
    if settings.mode == "layer_integrated_gradients":
        raise UserError("mode layer_integrated_gradients needs the network itself: take gradients.IntegratedGradients")
    if settings.mode == "reference" and any(text.string is None for text in texts):
        raise UserError("mode reference explains strings: make texts with reference.string_text, rows with StringRows")
    batches = Batches(predict, tokens, report)
    for mode, places in _windows(texts, settings):
        chosen = [texts[place] for place in places]
        rows = render(chosen, batches)
        window = Window(
            trees=[text.children for text in chosen],
            sizes=np.array([len(text.features) for text in chosen], dtype=np.int64),
            seeds=[zlib.crc32(text.ids.tobytes()) for text in chosen],
            base=rows.base(),
        )
        game = _MODES[mode](window, settings)
        asked = next(game)
        while True:
            try:
                asked = game.send(rows(asked))
            except StopIteration as end:
                found: list[Values] = end.value
                break
        label = settings.label(mode)
        for place, base, count, got in zip(places, window.base, rows.counts, found, strict=True):
            yield place, Attribution(label, got.evaluations, int(count), got.values, got.errors, base, got.output)


_MODES: dict[str, Callable[[Window, Settings], Game]] = {
    "exact": lambda window, settings: exact(window),
    "permutations": permutations,
    "partition": lambda window, settings: partition(window, settings.evaluations, SHAP_BATCH),
    "reference": lambda window, settings: partition(window, settings.evaluations, SHAP_TEXT_BATCH),
}


def _windows(texts: Sequence[Text], settings: Settings) -> Iterator[tuple[str, list[int]]]:
    """Texts that advance together: of one mode, in the order of work, as many as memory allows."""
    window: list[int] = []
    before, taken = "", 0
    for place in order_of(texts, settings):
        mode = mode_of(texts[place], settings)
        size = _bytes(texts[place], mode, settings)
        if window and (mode != before or taken + size > _WINDOW_BYTES):
            yield before, window
            window, taken = [], 0
        window.append(place)
        before, taken = mode, taken + size
    if window:
        yield before, window


def _bytes(text: Text, mode: str, settings: Settings) -> int:
    """What a text's rows take while it is explained: masks, and about 128 bytes a row for outputs and bookkeeping."""
    features = len(text.features)
    rows = text.expansion if mode == "exact" else settings.evaluations
    if mode == "permutations":
        rows = settings.max_rows
    return rows * (features + 128) + 2 * features**2
