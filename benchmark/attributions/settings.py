"""What can be chosen about attributions. Nothing here imports torch or shap."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmark.attributions import EXPLAINERS, MODES, get_explainer
from polyskew.errors import suggest_pluggable

Precision = Literal["fp32", "tf32", "bf16"]


class Settings(BaseModel):
    """How tokens are attributed. The defaults are right for whole test sets of short texts.

    Attributes:
        mode: the name of a plug-in's explainer, or one of the suite's own: ``auto`` is ``exact`` for a text whose full
            expansion asks at most ``max_rows`` rows, which its tree alone decides, and ``permutations`` for the others;
            ``partition`` is shap's budgeted heap on token ids; ``reference`` the paper's way, masked strings that are
            tokenized again; ``layer_integrated_gradients`` is another quantity (Sundararajan et al. 2017), through
            captum.
        max_rows: distinct model rows a text at most, in ``exact`` and ``permutations``; two pairs of orders, without
            which there is no standard error, are drawn in any case.
        standard_error: ``permutations`` draws until the root mean square of the values' standard errors is this
            small, in units of probability, or ``max_rows`` or 1,024 pairs of orders are reached; a tenth of the paper's
            threshold for neutral tokens by default.
        evaluations: ``max_evals`` of ``partition`` and ``reference`` (shap's default and the paper's code: 500).
        steps: of the integral, for ``layer_integrated_gradients``.
        words: whether the pieces of a word are one group of the tree, by the tokenizer's own word boundaries. Shap
            joins pieces that begin with a letter A to Z only.
        precision: of the forward passes; other than ``fp32``, the deviation from it is measured on a sample.
        seed: of the permutations.
        options: of a plug-in's explainer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: str = "auto"
    max_rows: int = Field(4096, ge=8)
    standard_error: float = Field(0.001, gt=0)
    evaluations: int = Field(500, ge=10)
    steps: int = Field(50, ge=2)
    words: bool = False
    precision: Precision = "fp32"
    seed: int = Field(0, ge=0)
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> "Settings":
        if self.mode in MODES:
            if self.options:
                raise ValueError(f"the mode {self.mode!r} has no options; its settings stand beside it")
        elif self.mode not in EXPLAINERS:
            hint = suggest_pluggable(self.mode, [*MODES, *EXPLAINERS.names()])
            raise ValueError(f"there is no mode or explainer called {self.mode!r}{hint}")
        else:
            get_explainer(self.mode, self.options)
        return self

    def identity(self) -> dict[str, Any]:
        """Return what a text's values follow from, as it is recorded with them; of a plug-in also its version."""
        form = self.model_dump(exclude={"options"})
        if self.mode in MODES:
            return form
        explainer, origin = get_explainer(self.mode, self.options), EXPLAINERS.origin(self.mode)
        form |= {"options": explainer.options, "version": explainer.version, "additive": explainer.additive}
        return form | ({"plugin": origin.identity()} if origin else {})

    def label(self, mode: str) -> str:
        """Return what is recorded with a text's values; values of different labels are never compared."""
        if mode not in MODES:
            explainer = get_explainer(mode, self.options)
            changed = explainer.identity().get("options", {})
            spelled = ", ".join(f"{key}={value}" for key, value in sorted(changed.items()))
            return f"{mode}-{explainer.version}" + (f"({spelled})" if spelled else "")
        budget = {
            "partition": self.evaluations,
            "reference": self.evaluations,
            "layer_integrated_gradients": self.steps,
        }
        name = f"{mode.replace('_', '-')}-{budget[mode]}" if mode in budget else mode
        no_tree = mode in ("reference", "layer_integrated_gradients")
        return f"{name}-words" if self.words and not no_tree else name
