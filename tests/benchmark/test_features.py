"""What the stage ``features`` writes for the probes: vectors of each layer on request, lengths and sources of texts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file

from adapters import get_method
from benchmark import inputs
from benchmark.cell import run_cell
from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.inference import body, extract
from benchmark.models.loading import load_model, load_tokenizer
from benchmark.run import cells
from benchmark.stages import Cell
from polyskew.yamls import validate
from tests.benchmark import world


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers."""
    return world.make_bert(tmp_path_factory.mktemp("encoders") / "bert", layers=2)


def untuned(folder: Path, encoder: Path, *, probe_layers: bool) -> Cell:
    measure = {**world.MEASURE, "probe_layers": probe_layers}
    content = world.grid_of(world.write_task(folder), encoder, regimes=["imbalanced"], measure=measure)
    grid = validate(content, GridSpec, "grid")
    return cells(grid, expand(grid)[:1], folder / "results")[0]


@pytest.mark.parametrize("method", ["full", "lora", "houlsby"])
def test_layers_are_the_hidden_states_of_the_first_token_and_the_last_is_cls(
    tmp_path: Path, encoder: Path, method: str
) -> None:
    spec = untuned(tmp_path, encoder, probe_layers=True).spec
    tokenizer, encoded = load_tokenizer(spec.model), inputs.tokens(spec, "test")
    model = get_method(method).prepare(load_model(spec.model, spec.task.task.labels, 0))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:  # else adapters are still without effect
                parameter += 0.05 * torch.randn_like(parameter)
    plain = extract(model, tokenizer, encoded, lambda share: None)
    found = extract(model, tokenizer, encoded, lambda share: None, layers=True)
    assert set(found) == {"cls", "pooler", "layer_00", "layer_01", "layer_02"}
    assert {name: found[name].tobytes() for name in plain} == {name: plain[name].tobytes() for name in plain}
    assert set(plain) == {"cls", "pooler"}
    np.testing.assert_allclose(found["layer_02"], found["cls"], atol=1e-6)
    row = {name: torch.tensor([ids]) for name, ids in encoded.rows[3].items()}
    seen: list[torch.Tensor] = []
    layer = next(module for name, module in body(model).named_modules() if name.endswith("encoder.layer.0"))
    hook = layer.register_forward_hook(lambda _, given, output: seen.extend((given[0], output)))
    with torch.inference_mode():
        body(model)(**row)
    hook.remove()
    after = seen[1][0] if isinstance(seen[1], tuple) else seen[1]
    np.testing.assert_allclose(found["layer_00"][3], seen[0][0, 0].numpy(), atol=1e-5)
    np.testing.assert_allclose(found["layer_01"][3], after.reshape(-1, world.WIDTH)[0].numpy(), atol=1e-5)
    assert np.abs(found["layer_01"] - found["layer_02"]).max() > 0.01


@pytest.mark.parametrize("layers", [False, True])
def test_the_rows_of_features_say_how_long_texts_are_and_where_they_come_from(
    tmp_path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch, layers: bool
) -> None:
    cell = untuned(tmp_path, encoder, probe_layers=layers)
    corpus = inputs.probe_rows(cell.spec, 8)
    if layers:  # a corpus that names its sources
        corpus = corpus.assign(source=[f"site{row % 3}" for row in range(len(corpus))])
        monkeypatch.setattr(inputs, "probe_rows", lambda spec, count: corpus)
    assert run_cell(cell, lambda stage, share: None) == "done"
    wanted = {
        "test": (inputs.rows(cell.spec).test, inputs.tokens(cell.spec, "test")),
        "probe": (corpus, inputs.probe_tokens(cell.spec, 8)),
    }
    for name, (table, encoded) in wanted.items():
        found = pd.read_parquet(cell.folder / "features" / f"{name}.parquet")
        extra = ["label"] if name == "test" else ["source"] if layers else []
        assert list(found) == ["id", "group", "language", *extra, "tokens", "characters"]
        assert (found["tokens"].dtype, found["characters"].dtype) == (np.int32, np.int32)
        assert found["tokens"].tolist() == [len(row["input_ids"]) for row in encoded.rows]
        assert found["tokens"].max() == 24, "texts are cut to what the model sees"
        assert found["characters"].tolist() == [len(text) for text in table["text"]]
        assert not extra or found[extra[0]].tolist() == table[extra[0]].tolist()
        vectors = load_file(cell.folder / "features" / f"{name}.safetensors")
        assert ("layer_02" in vectors) == layers


def test_both_sides_of_a_pair_count() -> None:
    from benchmark.encoding import Encoded
    from benchmark.stages.features import _rows

    columns = {"id": ["a"], "group": ["a"], "language": ["fr"], "text": ["four"], "text_pair": ["sixsix"]}
    found = _rows(pd.DataFrame(columns), Encoded([], [], np.array([7]), np.array([9])))
    assert found.to_dict("records") == [{"id": "a", "group": "a", "language": "fr", "tokens": 7, "characters": 10}]
