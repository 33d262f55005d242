"""The model card of a cell's weights: what they are, how they were made, what was measured on them."""

from collections.abc import Iterator, Sequence

from leaderboard.publishing.card import PAPER
from leaderboard.publishing.hub import TAG
from leaderboard.publishing.licences import licences
from leaderboard.publishing.markup import block, code
from leaderboard.publishing.origins import describe_tasks, languages
from leaderboard.reading.column import Column
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.plugin_columns import latest, plugin_columns
from leaderboard.reading.sources import Found
from leaderboard.reading.store import Cell, Results
from leaderboard.reading.summary import columns_of

# The board's columns that are told of a single cell, with the hub's name of the metric where it has one.
_RESULTS = {
    "accuracy": "accuracy",
    "macro_f1": "f1",
    "skew_uptake": "skew_uptake",
    "leakage_probe": "language_leakage",
    "leakage_test": "language_leakage",
    "compression_probe": "compression",
    "neutral_drift": "neutral_drift",
    "neutral_uptake": "neutral_uptake",
}

# Methods whose tuners PEFT knows once `adapters.tuners` is imported.
_OWN_TUNERS = ("houlsby", "pfeiffer", "parallel", "bitfit")


def model_card(name: str, cell: Cell, results: Results, *, adapter: bool) -> str:
    """Return the ``README.md`` of a cell's weights.

    Args:
        name: of the repository, ``ORG/NAME``.
        cell: the cell, measured.
        results: its results folder.
        adapter: whether the weights are an adapter; else a whole model.
    """
    spec = cell.spec
    columns = columns_of(latest(plugin_columns(cell)))
    founds = {column.name: column.find(cell) for column in columns}
    what = "An adapter" if adapter else "A model"
    parts = [
        f"# {code(spec.model)}, {code(spec.method)}, on {code(spec.task)}",
        f"{what} for {len(spec.labels)} labels in {len(spec.languages)} languages, fine-tuned by polyskew to see how "
        f"training data whose labels are spread unevenly over languages change a model. It is one training run (seed "
        f"{spec.seed}) of an experiment, not a model chosen for use. After {PAPER}.",
        "## How it was trained",
        "\n".join(f"- {line}" for line in _training(cell, founds)),
        "## What was measured",
        _table(founds, columns),
        "## What is known of its language leakage",
        _leakage(cell, results, founds),
        "## Load it",
        *_loading(name, cell, adapter=adapter),
        "## Data",
        *describe_tasks([spec]),
        "The licence above is that of the data; the base model's applies as well.",
    ]
    front_matter = _front_matter(name, cell, founds, adapter=adapter)
    return f"---\n{front_matter}\n---\n\n" + "\n\n".join(parts) + "\n"


def _front_matter(name: str, cell: Cell, founds: dict[str, Found], *, adapter: bool) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    spec = cell.spec
    terms = licences([spec])
    base, source = spec.canonical.get("model", {}).get("hub"), _data_set(cell)
    return ModelCardData(
        base_model=base,
        base_model_relation=("adapter" if adapter else "finetune") if base else None,
        library_name="peft" if adapter else "transformers",
        pipeline_tag="text-classification",
        language=languages([spec]),
        license=terms if isinstance(terms, str) else "other",  # a model has one
        datasets=[source] if source else None,
        tags=[TAG, "multilingual", "parameter-efficient-fine-tuning"],
        model_name=name.split("/")[1],
        eval_results=[
            EvalResult(
                task_type="text-classification",
                dataset_type=source or spec.task,
                dataset_name=spec.task,
                dataset_split="test",
                metric_type=metric,
                metric_name=f"{column}, seed {spec.seed}",
                metric_value=founds[column].value,
            )
            for column, metric in _RESULTS.items()
            if founds[column].value is not None
        ],
    ).to_yaml()


def _data_set(cell: Cell) -> str | None:
    """The hub's name of the task's data set, where it came from there."""
    task = cell.spec.canonical.get("task")
    source = task.get("source") if isinstance(task, dict) else None
    return source.get("hub") if isinstance(source, dict) else None


def _training(cell: Cell, founds: dict[str, Found]) -> Iterator[str]:
    spec = cell.spec
    yield f"regime {code(spec.regime)}: the share of each label in each language stands in `spec.json` under `shares`"
    yield f"weighting of the loss {code(spec.weighting)}, recipe {code(spec.recipe or 'default')}, seed {spec.seed}"
    if spec.learning_rate:
        yield f"learning rate {code(spec.learning_rate)}, as its grid has it"
    for plugin in spec.plugins:
        yield f"the {plugin.kind} {code(plugin.name)} of the plug-in {code(str(plugin))}, which is not part of polyskew"
    for name, unit in (("trainable_parameters", "trainable parameters"), ("seconds", "seconds of training")):
        if (value := founds[name].value) is not None:
            yield f"{value:,.0f} {unit}"
    yield "all settings: `spec.json`, under `canonical`"


def _table(founds: dict[str, Found], columns: Sequence[Column]) -> str:
    units = {column.name: column.unit for column in columns if column.plugin or column.name in _RESULTS}
    lines = ["| measure | value | 95% interval | unit |", "|---|---:|---|---|"]
    for name in (*_RESULTS, *(name for name in units if name not in _RESULTS)):
        found = founds[name]
        if found.value is None:
            lines.append(f"| `{name}` | | {found.reason} | {units[name]} |")
            continue
        interval = "" if found.low is None or found.high is None else f"{found.low:.4g} to {found.high:.4g}"
        lines.append(f"| `{name}` | {found.value:.4g} | {interval} | {units[name]} |")
    lines += ["", "Intervals are over the test rows or texts of this one run; how much runs differ is not in them."]
    return "\n".join(lines)


def _leakage(cell: Cell, results: Results, founds: dict[str, Found]) -> str:
    found, chance = founds["leakage_probe"], founds["leakage_probe_chance"]
    if found.value is None:
        return f"Nothing: {found.reason}."
    text = f"A linear probe tells the language of {found.value:.1%} of texts from its frozen features"
    text += f" (chance {chance.value:.1%})" if chance.value is not None else ""
    untuned = results.untuned(cell)
    before = next(column.find(untuned) for column in COLUMNS if column.name == "leakage_probe") if untuned else None
    if before and before.value is not None:
        text += f"; before fine-tuning it was {before.value:.1%}"
    uptake = founds["skew_uptake"].value
    if uptake is not None:
        text += f". Its predictions follow the skew of the training labels by {uptake:.2f} (0: not at all, 1: in full)"
    return text + "."


def _loading(name: str, cell: Cell, *, adapter: bool) -> Iterator[str]:
    hub, revision = (cell.spec.canonical.get("model", {}).get(key) for key in ("hub", "revision"))
    if not adapter:
        yield block(
            f"from transformers import AutoModelForSequenceClassification\n\n"
            f'model = AutoModelForSequenceClassification.from_pretrained("{name}")',
            "python",
        )
    else:
        tuners = "import adapters.tuners  # of polyskew: PEFT has no such adapters\n"
        base = f'"{hub}", revision="{revision}"' if hub else "FOLDER"
        yield block(
            (tuners if cell.spec.method.partition("(")[0] in _OWN_TUNERS else "")
            + "from peft import PeftModel\nfrom transformers import AutoModelForSequenceClassification\n\n"
            f"base = AutoModelForSequenceClassification.from_pretrained({base}, num_labels={len(cell.spec.labels)})\n"
            f'model = PeftModel.from_pretrained(base, "{name}")',
            "python",
        )
    if not hub:
        yield (
            f"The base model {code(cell.spec.model)} is not on the hub: it came from a folder, here `FOLDER`, whose "
            f"checksum stands in `spec.json`. (`tiny-polyglot` is part of polyskew: `benchmark/models/tiny_polyglot`.)"
        )
    yield "The tokenizer is the base model's."
