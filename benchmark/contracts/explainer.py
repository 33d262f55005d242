"""What an explainer promises: a value for each feature and class, the same every time, and a model left as it was."""

import json
from collections.abc import Iterator

import numpy as np
import torch

from benchmark.attributions.classifier import Classifier
from benchmark.attributions.engine import Attribution
from benchmark.attributions.explainer import Explainer, engine_of
from benchmark.attributions.texts import Text
from benchmark.contracts.encoders import FAMILIES, VOCABULARY, encoder
from benchmark.contracts.promises import BrokenError

MASK, _CLS, _SEP = 4, 2, 3
_SUM = 1e-4  # between a text's output and base and values, as `polyskew verify` has it


def options_are_json(explainer: Explainer) -> None:
    """It has a whole number as its version, and options that are plain values."""
    if not isinstance(explainer.version, int) or explainer.version < 1:
        raise BrokenError(f"version is {explainer.version!r}; a whole number from 1 is wanted")
    if json.loads(json.dumps(explainer.options)) != explainer.options:
        raise BrokenError(f"options {explainer.options} do not survive JSON; take numbers, strings, lists or None")


def features_have_values(explainer: Explainer) -> None:
    """Each feature has a finite value for each class, in texts of any length and in pairs."""
    for _, _, _ in _explained(explainer):
        pass  # shape and numbers are checked wherever values are made


def the_same_text_has_the_same_values(explainer: Explainer) -> None:
    """The same text has the same values every time."""
    for (family, text, first), (_, _, second) in zip(_explained(explainer), _explained(explainer), strict=True):
        if not np.array_equal(first.values, second.values):
            raise BrokenError(
                f"on {family} a text of {len(text.features)} features has other values the second time; draw random "
                "numbers from a generator seeded by the text"
            )


def values_add_up(explainer: Explainer) -> str | None:
    """Values add up to the probabilities of the text less those of the masked one."""
    off = max(
        (
            float(np.abs(found.base + found.values.sum(axis=0) - found.output).max())
            for *_, found in _explained(explainer)
        ),
        default=0.0,
    )
    if off <= _SUM:
        return None
    if not explainer.additive:
        return f"declared otherwise (additive = False); they are off by up to {off:.2g}"
    raise BrokenError(
        f"they are off by up to {off:.2g}; if they are not meant to, declare additive: ClassVar[bool] = False"
    )


def the_model_is_left_as_it_was(explainer: Explainer) -> None:
    """The model is left as it was."""
    for family in FAMILIES:
        model = encoder(family)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        list(_run(explainer, model, texts(family)))
        if model.training:
            raise BrokenError(f"on {family} the model is left in training mode; call eval() on it")
        for name, tensor in model.state_dict().items():
            if not torch.equal(tensor, before[name]):
                raise BrokenError(f"on {family} the weight {name} has changed")


PROMISES = (
    options_are_json,
    features_have_values,
    the_same_text_has_the_same_values,
    values_add_up,
    the_model_is_left_as_it_was,
)


def subject(name: str) -> Explainer:
    """Return an explainer with its options at their defaults."""
    from benchmark.attributions import get_explainer

    return get_explainer(name)


def texts(family: str) -> list[Text]:
    """Return made-up texts: of no, one and several features, and a pair."""
    drawn = np.random.default_rng(0)
    return [
        _text(drawn, family, (0,)),
        _text(drawn, family, (1,)),
        _text(drawn, family, (7,)),
        _text(drawn, family, (3, 4)),
    ]


def _text(drawn: np.random.Generator, family: str, sizes: tuple[int, ...]) -> Text:
    ids, types = [_CLS], [0]
    features: list[int] = []
    for side, size in enumerate(sizes):
        if side and family != "BERT":  # XLM-R puts two separators between the sides of a pair
            ids, types = [*ids, _SEP], [*types, side]
        features += range(len(ids), len(ids) + size)
        ids = [*ids, *drawn.integers(5, VOCABULARY, size).tolist(), _SEP]
        types += [side] * (size + 1)
    total = sum(sizes)
    # The tree joins the features from left to right.
    children = [(0 if node == 0 else total + node - 1, node + 1) for node in range(total - 1)]
    return Text(
        ids=np.array(ids, dtype=np.int32),
        types=np.array(types, dtype=np.int32) if family == "BERT" else None,
        features=np.array(features, dtype=np.int32),
        children=np.array(children, dtype=np.int32).reshape(-1, 2),
        pieces=tuple(f" {ids[place]}" for place in features),
        second=sizes[0],
    )


def _explained(explainer: Explainer) -> Iterator[tuple[str, Text, Attribution]]:
    for family in FAMILIES:
        found = texts(family)
        for place, attribution in _run(explainer, encoder(family), found):
            yield family, found[place], attribution


def _run(explainer: Explainer, model: torch.nn.Module, found: list[Text]) -> Iterator[tuple[int, Attribution]]:
    return engine_of(explainer, Classifier(model), MASK, explainer.name)(found, lambda tokens: None)
