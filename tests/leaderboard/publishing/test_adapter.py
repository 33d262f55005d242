"""The weights of a cell as a model repository."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard
from safetensors.numpy import save_file

from leaderboard.publishing.publish import pack_adapter
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.store import read_results
from polyskew.errors import UserError
from polyskew.files import read_json, write_json
from tests.leaderboard.publishing.folders import cells, change_spec, seal
from tests.leaderboard.publishing.stand_in import Hub

HUB_MODEL = {"name": "mbert", "hub": "google-bert/bert-base-multilingual-cased", "revision": "abc"}


@pytest.fixture
def trained(measured: Path, tmp_path: Path) -> Path:
    """A measured cell with an adapter that was trained on a base in a local folder."""
    folder = shutil.copytree(measured, tmp_path / "results")
    cell = next(cell for cell in cells(folder, "attributions") if "imbalanced-lora-none-0" in cell.name)
    weights = cell / "weights"
    weights.mkdir()
    config = {"peft_type": "LORA", "base_model_name_or_path": "/home/somebody/models/tiny", "revision": None, "r": 8}
    write_json(weights / "adapter_config.json", config)
    save_file({"a": np.zeros((2, 2), np.float32)}, weights / "adapter_model.safetensors")
    seal(weights)
    return cell


def test_an_adapter_goes_out_with_the_cells_results(hub: Hub, trained: Path) -> None:
    change_spec(trained, canonical={"model": HUB_MODEL, "task": {"source": {"hub": "org/texts"}}}, licence="CC BY 4.0")
    with pack_adapter(trained, "org/adapter") as [parcel]:
        assert parcel.push().url == f"{hub.url}/org/adapter"
    files = hub.repos["model", "org/adapter"].files
    assert set(files) == {"README.md", "adapter_config.json", "adapter_model.safetensors", "spec.json", "metrics.json"}
    config = json.loads(files["adapter_config.json"])
    assert (config["base_model_name_or_path"], config["revision"], config["r"]) == (HUB_MODEL["hub"], "abc", 8)
    card = ModelCard(files["README.md"].decode())
    assert (card.data.base_model, card.data.library_name) == (HUB_MODEL["hub"], "peft")
    assert (card.data.license, card.data.datasets) == ("cc-by-4.0", ["org/texts"])
    cell = read_results(trained.parent.parent).cells[trained.name]
    told = {result.metric_name: result.metric_value for result in card.data.eval_results}
    founds = {column.name: column.find(cell).value for column in COLUMNS}
    assert {name: founds[name.removesuffix(", seed 0")] for name in told} == told
    assert {"accuracy, seed 0", "skew_uptake, seed 0", "leakage_probe, seed 0", "neutral_uptake, seed 0"} <= set(told)
    assert f"{founds['leakage_probe']:.1%} of texts" in card.text


def test_no_local_path_of_the_base_model(trained: Path) -> None:
    with pack_adapter(trained, "org/adapter") as [parcel]:
        assert read_json(parcel.folder / "adapter_config.json")["base_model_name_or_path"] == "synthetic-bert"
        card = (parcel.folder / "README.md").read_text()
    assert "is not on the hub: it came from a folder" in card
    assert "/home/" not in card


def test_weights_of_a_full_fine_tuning(trained: Path) -> None:
    weights = trained / "weights"
    for path in weights.iterdir():
        path.unlink()
    write_json(weights / "config.json", {"model_type": "bert", "_name_or_path": "/home/somebody/models/tiny"})
    save_file({"a": np.zeros((2, 2), np.float32)}, weights / "model.safetensors")
    seal(weights)
    with pack_adapter(trained, "org/model") as [parcel]:
        assert set(parcel.sizes()) == {"README.md", "config.json", "model.safetensors", "spec.json", "metrics.json"}
        assert read_json(parcel.folder / "config.json")["_name_or_path"] == "tiny"
        assert ModelCard((parcel.folder / "README.md").read_text()).data.library_name == "transformers"


def test_another_cells_weights_replace_the_first(hub: Hub, trained: Path) -> None:
    with pack_adapter(trained, "org/model") as [parcel]:
        parcel.push()
    test_weights_of_a_full_fine_tuning(trained)
    with pack_adapter(trained, "org/model") as [parcel]:
        parcel.push()
        assert set(hub.repos["model", "org/model"].files) == set(parcel.sizes())


def test_a_cell_of_identical_work_has_the_weights_of_the_other(trained: Path) -> None:
    twin = trained.parent / trained.name.replace("none", "global")
    with pack_adapter(twin, "org/adapter") as [parcel]:
        assert read_json(parcel.folder / "spec.json")["id"] == trained.name


def test_a_cell_without_weights(trained: Path) -> None:
    shutil.rmtree(trained / "weights")
    wanted = "has no weights: it is not trained yet, or is a full fine-tuning of a grid without keep_weights: true"
    with pytest.raises(UserError, match=wanted), pack_adapter(trained, "org/adapter"):
        pass


def test_a_cell_that_is_not_measured(trained: Path) -> None:
    (trained / "metrics.json").unlink()
    with pytest.raises(UserError, match="is not measured yet"), pack_adapter(trained, "org/adapter"):
        pass
