"""Tests of the explainer my_thing."""

from pathlib import Path

import numpy as np

import polyskew

FILE = Path(__file__).with_name("my_thing.py")


def test_it_keeps_the_promises_of_an_explainer() -> None:
    """As `polyskew check` does."""
    for checked in polyskew.check(FILE):
        assert checked.kept, str(checked)


def test_a_token_alone_has_the_whole_difference() -> None:
    """In a text of one token, that which is left without it is the masked text."""
    from benchmark.attributions.classifier import Classifier
    from benchmark.attributions.explainer import engine_of
    from benchmark.contracts.encoders import encoder
    from benchmark.contracts.explainer import MASK, texts

    polyskew.load_plugin(FILE)
    explain = engine_of(polyskew.get_explainer("my_thing"), Classifier(encoder("BERT")), MASK, "my_thing")
    text = next(text for text in texts("BERT") if len(text.features) == 1)
    ((_, found),) = explain([text], lambda tokens: None)
    np.testing.assert_allclose(found.values[0], found.output - found.base)
