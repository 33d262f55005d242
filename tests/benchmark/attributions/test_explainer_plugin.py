"""Explainers of plug-ins behind the engine's interface: counted, checked, kept chunk by chunk."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from benchmark.attributions import EXPLAINERS, chunks, get_explainer
from benchmark.attributions.chunks import Chunks
from benchmark.attributions.classifier import Classifier
from benchmark.attributions.explainer import Explainer, engine_of
from benchmark.attributions.settings import MODES, Settings
from benchmark.contracts.encoders import FAMILIES, encoder
from benchmark.contracts.explainer import MASK
from benchmark.contracts.explainer import texts as made_up
from polyskew.errors import UserError
from polyskew.origin import Origin
from tests.plugin_files import forgotten


class LeaveOneOut(Explainer):
    """How much the probabilities fall when a token is masked, times a number."""

    name: ClassVar[str] = "leave_one_out"
    version: ClassVar[int] = 3
    additive: ClassVar[bool] = False

    times: float = 1.0

    def explain(self, classifier: Any, text: Any, mask_id: int) -> np.ndarray:
        found = np.zeros((len(text.features), 3))
        types = None if text.types is None else text.types[None].astype(np.int64)
        whole = classifier(text.ids[None].astype(np.int64), types).numpy()[0]
        for place, feature in enumerate(text.features):
            row = text.ids[None].astype(np.int64)
            row[0, feature] = mask_id
            found[place] = whole - classifier(row, types).numpy()[0]
        return found * self.times


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with forgotten():
        EXPLAINERS.add("leave_one_out", lambda: LeaveOneOut, summary="", origin=lambda: Origin(sha256="0" * 16))
        yield


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_counted_and_ends_are_the_models(family: str) -> None:
    model = encoder(family)
    texts = made_up(family)
    told: list[int] = []
    found = dict(engine_of(LeaveOneOut(), Classifier(model), MASK, "label")(texts, told.append))
    assert sorted(found) == list(range(len(texts)))
    for place, text in enumerate(texts):
        one, features = found[place], len(text.features)
        assert (one.mode, one.rows, one.evaluations) == ("label", features + 3, features + 3)
        assert told[place] == (features + 3) * text.length
        assert one.values.shape == (features, 3)
        assert one.errors is None
        types = None if text.types is None else text.types[None].astype(np.int64)
        np.testing.assert_allclose(
            one.output, Classifier(model)(text.ids[None].astype(np.int64), types).numpy()[0], atol=1e-6
        )
        if features == 1:
            np.testing.assert_allclose(one.values[0], one.output - one.base, atol=1e-6)
    assert not model._forward_hooks, "nothing is left on the model"


def changed(change: Callable[[np.ndarray], np.ndarray]) -> Explainer:
    class Changed(LeaveOneOut):
        def explain(self, classifier: Any, text: Any, mask_id: int) -> np.ndarray:
            return change(super().explain(classifier, text, mask_id))

    return Changed()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda values: values.T,
            r"gives values of shape \(3, 7\); a value for each of 7 features and 3 classes is wanted",
        ),
        (lambda values: values / 0, r"gives -?(inf|nan) for feature \d and class \d; finite numbers are wanted"),
    ],
)
def test_values_that_cannot_be_are_told(change: Callable[[np.ndarray], np.ndarray], sentence: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(UserError, match=f"the explainer 'leave_one_out' {sentence}"):
        list(
            engine_of(changed(change), Classifier(encoder("BERT")), MASK, "x")(
                made_up("BERT")[2:3], lambda tokens: None
            )
        )


def test_finished_chunks_are_kept_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_TOKENS", 1)  # a chunk for each text
    texts, settings = made_up("BERT"), Settings(mode="leave_one_out")
    calls: list[int] = []

    class Failing(LeaveOneOut):
        def explain(self, classifier: Any, text: Any, mask_id: int) -> np.ndarray:
            calls.append(text.length)
            if len(calls) == 3:
                raise MemoryError
            return super().explain(classifier, text, mask_id)

    def run() -> None:
        engine = engine_of(Failing(), Classifier(encoder("BERT")), MASK, settings.label("leave_one_out"))
        Chunks(tmp_path, texts, settings).compute(lambda: engine, lambda share: None)

    with pytest.raises(MemoryError):
        run()
    assert len(list(tmp_path.glob("*.parquet"))) == 2
    run()
    assert len(calls) == 3 + len(texts) - 2, "what was finished is not computed again"
    table = Chunks(tmp_path, texts, settings).table()
    assert table["mode"].to_pylist() == ["leave_one_out-3"] * len(texts)
    assert [len(values) for values in table["values"].to_pylist()] == [3 * len(text.features) for text in texts]


def test_what_identifies_values() -> None:
    plain, times = Settings(mode="leave_one_out"), Settings(mode="leave_one_out", options={"times": 2})
    assert plain.label("leave_one_out") == "leave_one_out-3"
    assert times.label("leave_one_out") == "leave_one_out-3(times=2.0)"
    assert plain.identity()["plugin"] == {"sha256": "0" * 16}
    assert (plain.identity()["version"], plain.identity()["additive"]) == (3, False)
    assert times.identity()["options"] == {"times": 2.0}
    # The suite's own modes are recorded as they always were, or finished attributions would be computed again.
    names = {"mode", "max_rows", "standard_error", "evaluations", "steps", "words", "precision", "seed"}
    assert all(set(Settings(mode=mode).identity()) == names for mode in MODES)


def test_wrong_modes_and_options_are_told() -> None:
    with pytest.raises(
        ValidationError, match="no mode or explainer called 'leave_one_uot'; did you mean 'leave_one_out'"
    ):
        Settings(mode="leave_one_uot")
    with pytest.raises(ValidationError, match="the mode 'auto' has no options"):
        Settings(options={"times": 2})
    with pytest.raises(UserError, match="explainer 'leave_one_out': unknown key 'tims'; did you mean 'times'"):
        Settings(mode="leave_one_out", options={"tims": 2})
    assert get_explainer("leave_one_out").options == {"times": 1.0}
