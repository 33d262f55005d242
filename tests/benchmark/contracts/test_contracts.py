"""The contract functions: the suite's own things keep every promise, and each broken one is found and told."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from adapters import LOSSES, METHODS, WEIGHTINGS, LearningRates, Loss, get_method, get_weighting
from adapters.full import Full
from adapters.lora import Lora
from benchmark.attributions.explainer import Explainer
from benchmark.contracts import explainer, loss, measure, method, task, weighting
from benchmark.contracts.check import check
from benchmark.contracts.promises import findings
from leaderboard.measures import CellMeasure
from polyskew.errors import UserError
from tasks import Splits, Task, get_task
from tests.plugin_files import WEIGHTING, forgotten

INVERSE = get_weighting("per_language")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with forgotten():
        yield


def broken(promises: Any, thing: Any) -> dict[str, str]:
    """What is said of each promise that is not kept, by the promise's function."""
    found = findings(promises, thing)
    return {promise.__name__: one.said for promise, one in zip(promises, found, strict=True) if not one.kept}


@pytest.mark.parametrize("name", ["full", "lora", "houlsby", "ia3", "prefix_tuning", "head"])
def test_shipped_methods_keep_their_promises(name: str) -> None:
    assert broken(method.PROMISES, method.subject(name)) == {}


@pytest.mark.slow
def test_all_shipped_methods_do() -> None:
    assert {name: found for name in METHODS.names() if (found := broken(method.PROMISES, method.subject(name)))} == {}


def test_shipped_weightings_and_losses_keep_their_promises() -> None:
    for name in WEIGHTINGS.names():
        assert broken(weighting.PROMISES, weighting.subject(name)) == {}, name
    for name in LOSSES.names():
        assert broken(loss.PROMISES, loss.subject(name)) == {}, name


def test_a_shipped_task_keeps_its_promises() -> None:
    assert broken(task.PROMISES, task.subject("demo_nli")) == {}


def changing(counts: np.ndarray) -> np.ndarray:
    counts += 1
    return INVERSE(counts)


BAD_WEIGHTINGS: dict[str, tuple[Callable[[np.ndarray], Any], str, str]] = {
    "another shape": (lambda n: INVERSE(n)[0], "weights_have_the_counts_shape", r"it returns \(4,\); an array"),
    "another type": (lambda n: INVERSE(n).astype("float32"), "weights_have_the_counts_shape", "float64 is wanted"),
    "division by zero": (lambda n: n.sum() / n, "weights_are_numbers", "language 0, label 1, of 0 rows, weighs inf"),
    "negative": (lambda n: INVERSE(n) - 1, "weights_are_numbers", "weighs -"),
    "nothing": (lambda n: n * 0.0, "some_row_weighs", "all rows weigh 0"),
    "random": (lambda n: np.random.random(n.shape), "the_same_counts_weigh_the_same", "gives other weights"),
    "changing its input": (changing, "the_same_counts_weigh_the_same", "changed in place"),
    "by place": (lambda n: INVERSE(n) * (1 + np.arange(n.shape[1])), "order_does_not_matter", "reversed order"),
    "raising": (
        lambda n: 1 / 0,
        "weights_have_the_counts_shape",
        r"ZeroDivisionError: division by zero \(test_contracts\.py:\d+\)",
    ),
}


@pytest.mark.parametrize("case", BAD_WEIGHTINGS)
def test_a_broken_weighting_is_told(case: str) -> None:
    function, promise, said = BAD_WEIGHTINGS[case]
    with np.errstate(all="ignore"):
        found = broken(weighting.PROMISES, function)
    assert promise in found
    assert re.search(said, found[promise]), found[promise]


def test_a_wrong_number_is_blamed_for_nothing_else() -> None:
    """A weight that is NaN is neither random nor by place."""
    with np.errstate(all="ignore"):
        found = broken(weighting.PROMISES, lambda n: n.sum(axis=1, keepdims=True) / n)
    assert list(found) == ["weights_are_numbers"]


def test_what_is_wrong_is_said_once() -> None:
    """That a weighting wants another argument is no fault of the line that calls it."""
    found = list(broken(weighting.PROMISES, lambda n, power: n).values())
    assert found[0].startswith("TypeError: ")
    assert found[0].endswith("missing 1 required positional argument: 'power'")
    assert found[1:] == ["the same"] * 5


def test_a_thing_that_cannot_be_made_leaves_the_others_to_be_checked(tmp_path: Path) -> None:
    more = 'polyskew.register("weighting", int, name="no_function")\npolyskew.register("loss", 3, name="no")\n'
    (tmp_path / "several.py").write_text(WEIGHTING + "\n\n" + more)
    found = {thing.name: thing for thing in check(tmp_path / "several.py")}
    assert found["cube_root"].kept
    assert "FAILS  It can be made: the weighting 'no_function'" in str(found["no_function"])
    assert not found["no"].kept
    assert [thing.name for thing in check(tmp_path / "several.py", kind="weighting")] == ["cube_root", "no_function"]


def test_what_a_weighting_follows_from_is_remarked() -> None:
    remark = findings(weighting.PROMISES, lambda n: np.log1p(n).astype(float))[-1]
    assert remark.kept
    assert "each cell is run" in remark.said
    assert "do not weigh 1" in remark.said
    assert findings(weighting.PROMISES, INVERSE)[-1].said.startswith("the weights follow from the ratios alone")


def module(forward: Callable[..., torch.Tensor]) -> torch.nn.Module:
    made = torch.nn.Module()
    made.forward = forward
    return made


def rows_of(logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")


class Remembering(torch.nn.Module):
    """Keeps what it learns in an attribute, which no checkpoint has."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, *rows: torch.Tensor) -> torch.Tensor:
        self.seen += 1
        return rows_of(*rows) * self.seen


BAD_LOSSES: dict[str, tuple[Callable[[], torch.nn.Module], str, str]] = {
    "a mean": (lambda: module(lambda *rows: rows_of(*rows).mean()), "rows_have_losses", "a loss a row is wanted"),
    "overflow": (
        lambda: module(
            lambda x, y, _: -torch.log(torch.exp(2 * x) / torch.exp(2 * x).sum(1, True))[range(8), y.clamp_min(0)]
        ),
        "rows_have_losses",
        "is not finite",
    ),
    "no gradient": (
        lambda: module(lambda *rows: rows_of(*rows).detach() + 0 * rows[0].sum(1)),
        "losses_have_gradients",
        "0 everywhere",
    ),
    "by place": (
        lambda: module(lambda *rows: rows_of(*rows) * torch.arange(8)),
        "order_does_not_matter",
        "reversed rows",
    ),
    "by its neighbours": (
        lambda: module(lambda *rows: rows_of(*rows) / rows_of(*rows).mean()),
        "micro_batches_do_not_matter",
        "a row's loss changes with the rows beside it",
    ),
    "no module": (lambda: rows_of, "rows_have_losses", "of the class function; a torch.nn.Module is wanted"),  # type: ignore[dict-item]
    "-100 counts": (
        lambda: module(lambda x, y, z: rows_of(x, y.clamp_min(0), z)),
        "rows_without_label_are_left_out",
        "a row with the label -100 has the loss",
    ),
    "memory": (Remembering, "state_stands_in_buffers", "keep what it learns in buffers"),
}


@pytest.mark.parametrize("case", BAD_LOSSES)
def test_a_broken_loss_is_told(case: str) -> None:
    make, promise, said = BAD_LOSSES[case]

    class Bad(Loss):
        name: ClassVar[str] = "bad"

        def prepare(self, counts: np.ndarray) -> torch.nn.Module:
            return make()

    found = broken(loss.PROMISES, Bad())
    assert said in found[promise]


class MoreThanDeclared(Lora):
    """Lets a weight of the body train that stands in no group."""

    def prepare(self, model: Any) -> Any:
        made = super().prepare(model)
        made.get_base_model().base_model.embeddings.word_embeddings.weight.requires_grad_(True)
        return made

    def parameter_groups(self, model: Any) -> Any:
        groups = super().parameter_groups(model)
        return {"body": [one for one in groups["body"] if one.shape[0] != 50], "head": groups["head"]}


class Pickles(Full):
    def save(self, model: Any, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), folder / "model.bin")

    def load(self, base: Any, folder: Path) -> Any:
        base.load_state_dict(torch.load(folder / "model.bin"))
        return base.train()


class Forgetful(Lora):
    """Loads an adapter that was never trained."""

    def load(self, base: Any, folder: Path) -> Any:
        return self.prepare(base).eval()


class Moving(Full):
    """Moves a weight that does not require gradients."""

    def prepare(self, model: Any) -> Any:
        super().prepare(model)
        weight = model.base_model.embeddings.LayerNorm.weight.requires_grad_(False)

        def move(module: Any, given: Any, output: Any) -> None:
            if model.training:
                weight.data.add_(1)

        model.register_forward_hook(move)
        return model


class Unsure(Full):
    rates: ClassVar[LearningRates] = LearningRates(body=0.0, head=1e-3, source="")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (
            MoreThanDeclared,
            {"declared_weights_require_gradients": "word_embeddings.weight requires gradients and stands in no"},
        ),
        (Pickles, {"files_can_travel": "no safetensors file", "a_saved_model_comes_back": "in training mode"}),
        (Forgetful, {"a_saved_model_comes_back": "after save and load"}),
        (Moving, {"only_declared_weights_move": "LayerNorm.weight moves and requires no gradients"}),
        (Unsure, {"rates_are_positive": "body 0.0"}),
    ],
)
def test_a_broken_method_is_told(kind: Any, wanted: dict[str, str]) -> None:
    found = broken(method.PROMISES, kind())
    for promise, said in wanted.items():
        assert said in found[promise]


class Good(Explainer):
    """Shares out the difference evenly, which adds up."""

    name: ClassVar[str] = "good"

    def explain(self, classifier: Any, text: Any, mask_id: int) -> np.ndarray:
        rows = np.stack([text.ids, text.ids]).astype(np.int64)
        rows[0, text.features] = mask_id
        types = None if text.types is None else np.stack([text.types] * 2).astype(np.int64)
        base, output = classifier(rows, types).numpy()
        return np.tile((output - base) / max(1, len(text.features)), (len(text.features), 1))


def also(change: Callable[[np.ndarray, Any], np.ndarray]) -> Explainer:
    class Changed(Good):
        def explain(self, classifier: Any, text: Any, mask_id: int) -> np.ndarray:
            return change(super().explain(classifier, text, mask_id), classifier)

    return Changed()


def spoil(values: np.ndarray, classifier: Any) -> np.ndarray:
    with torch.no_grad():
        classifier.model.base_model.embeddings.word_embeddings.weight.add_(1)
    return values


def test_explainers_keep_or_break_their_promises() -> None:
    assert broken(explainer.PROMISES, Good()) == {}
    found = broken(explainer.PROMISES, also(lambda values, _: values[:, :1]))
    assert "gives values of shape (0, 1); a value for each of 0 features and 3 classes" in found["features_have_values"]
    found = broken(explainer.PROMISES, also(lambda values, _: values + np.random.random(values.shape)))
    assert "other values the second time" in found["the_same_text_has_the_same_values"]
    assert "declare additive" in found["values_add_up"]
    found = broken(explainer.PROMISES, also(lambda values, _: values * np.nan))
    assert "gives nan for feature 0 and class 0" in found["features_have_values"]
    assert "has changed" in broken(explainer.PROMISES, also(spoil))["the_model_is_left_as_it_was"]


def share(function: Callable[[Any], Any], **more: Any) -> CellMeasure:
    return CellMeasure("bad", 1, "share", function, **more)


def right(rows: Any) -> float:
    return float((rows.predicted == rows.label).mean())


def test_measures_keep_or_break_their_promises() -> None:
    assert broken(measure.PROMISES, share(right, low=0, high=1)) == {}
    by_language = share(lambda rows: dict.fromkeys(rows.languages, 0.5))
    assert broken(measure.PROMISES, by_language) == {}
    assert broken(measure.PROMISES, share(lambda rows: float(rows.vectors.mean()), needs="probe")) == {}
    assert broken(measure.PROMISES, share(lambda rows: float(rows.values.sum()), needs="attributions")) == {}
    assert "not within 0.9 and 1" in broken(measure.PROMISES, share(right, low=0.9, high=1))["values_are_within_bounds"]
    assert "NaN, a missing number" in broken(measure.PROMISES, share(lambda _: np.nan))["a_number_comes_out"]
    for values in ({"xx": 1.0}, {"": 0.5}, {"de": "0.5"}):
        told = broken(measure.PROMISES, share(lambda _, values=values: values))["a_number_comes_out"]
        assert told == "a number for each language by its name is wanted"
    assert "it returns a bool; a number" in broken(measure.PROMISES, share(lambda _: True))["a_number_comes_out"]
    turned = share(lambda rows: {rows.languages[place]: 0.5 + place / 9 for place in dict.fromkeys(rows.language)})
    assert "order_does_not_matter" not in broken(measure.PROMISES, turned)
    assert "it returns a str; a number" in broken(measure.PROMISES, share(lambda _: "much"))["a_number_comes_out"]
    found = broken(measure.PROMISES, share(lambda rows: float(rows.logits[0, 0])))
    assert "in another order" in found["order_does_not_matter"]
    found = broken(measure.PROMISES, share(lambda _: np.random.random()))
    assert re.match(r"it is [\d.e-]+, then [\d.e-]+; draw .* seeded", found["the_same_rows_measure_the_same"])
    found = broken(measure.PROMISES, share(lambda rows: float(rows.logits[rows.language == 1].argmax()) * 0 + 0.5))
    assert "with texts of one language it fails" in found["degenerate_rows_are_survived"]


def test_a_broken_task_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = task.subject("demo_nli")
    splits = loaded.splits

    def with_(change: Callable[[Any], Any], split: str = "validation") -> dict[str, str]:
        parts = {name: getattr(splits, name) for name in ("train", "validation", "test")}
        parts[split] = change(parts[split].copy()).reset_index(drop=True)
        one = task.Loaded(get_task("demo_nli"))
        vars(one)["splits"] = Splits(**parts, report=splits.report)
        return broken(task.PROMISES, one)

    found = with_(lambda rows: rows[(rows.language != "fr") | (rows.label != 2)])
    assert "split validation has no row of label" in found["every_label_in_every_language"]
    text = splits.test["text"].iloc[0], splits.test["text_pair"].iloc[0], splits.test["language"].iloc[0]
    found = with_(lambda rows: rows.assign(text=text[0], text_pair=text[1], language=text[2]))
    assert "stands in validation and in test; keep it in one" in found["no_row_on_both_sides"]
    loud = {name: splits.train[name].iloc[:3].str.upper() + " " for name in ("text", "text_pair")}
    near = replace(splits, test=splits.test.assign(**{name: [*loud[name], *splits.test[name][3:]] for name in loud}))
    one = task.Loaded(get_task("demo_nli"))
    vars(one)["splits"] = near
    assert task.no_row_on_both_sides(one) == "3 test texts are training texts but for capitals and spaces"
    order = iter(range(9))

    def reordered(self: Task) -> Splits:
        return replace(splits, train=splits.train.sample(frac=1, random_state=next(order)))

    monkeypatch.setattr(Task, "load", reordered)
    found = broken(task.PROMISES, task.Loaded(get_task("demo_nli")))
    assert "must not draw or reorder rows" in found["the_same_rows_every_time"]


def test_names_and_files_are_resolved(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(WEIGHTING + "\n\npolyskew.register('weighting', lambda counts: counts, name='whole')\n")
    found = check(file)
    assert [(one.kind, one.name, one.kept) for one in found] == [
        ("weighting", "cube_root", True),
        ("weighting", "whole", False),
    ]
    assert "FAILS  It takes counts" in str(found[1])
    assert [one.name for one in check("cube_root")] == ["cube_root"]
    with pytest.raises(
        UserError, match=r"there is no task, method or other thing called 'lroa'; did you mean 'lora'\?"
    ):
        check("lroa")
    with pytest.raises(UserError, match="there is no loss called 'lora'"):
        check("lora", kind="loss")
    with pytest.raises(UserError, match="nothing of the kind 'colour' can be registered"):
        check("lora", kind="colour")
    with pytest.raises(UserError, match=r"mine\.py registers no task"):
        check(file, kind="task")
    WEIGHTINGS.add("lora", lambda: INVERSE, summary="", origin=lambda: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(UserError, match="'lora' is a method and a weighting; say which with --kind method"):
        check("lora")
    assert check("lora", kind="weighting")[0].kept
    with pytest.raises(UserError, match="the measure 'accuracy' is the suite's own"):
        check("accuracy")
    with pytest.raises(UserError, match=r"a plug-in's \.py file or a task's \.yaml file"):
        check(tmp_path)


def test_a_task_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nlanguages: [fr]\nlabels: [a, b]\nsource: {files: {train: a.csv, validation: b.csv, test: c.csv}}\n"
    )
    with pytest.raises(UserError, match=r"the rows of task 'mine' cannot be read: .*a\.csv"):
        check(path)


def test_every_kind_has_a_contract() -> None:
    from polyskew.plugins import KINDS

    for kind in KINDS:
        contract = import_module(f"benchmark.contracts.{kind}")
        assert all(promise.__doc__ for promise in contract.PROMISES)
        assert callable(contract.subject)


def test_a_method_that_wants_a_quantized_base_is_tried_without() -> None:
    assert method.subject("qlora").quantization is None
    assert get_method("lora").quantization is None


def test_the_command_says_ok_or_fails(polyskew: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(WEIGHTING.replace("np.cbrt(", "-np.cbrt("))
    status, out, err = polyskew("check", "mine.py")
    assert (status, err) == (1, "")
    assert "weighting cube_root\n" in out
    assert (
        "  FAILS  Weights are finite and not negative, for empty cells too: for skewed counts language 0, label 0"
        in out
    )
    status, out, err = polyskew("check", "focal")
    assert (status, err) == (0, "")
    assert out.startswith("loss focal\n  ok ")
    status, _, err = polyskew("check", "fokal")
    assert (status, err.count("\n")) == (2, 1)
    assert "did you mean 'focal'?" in err
