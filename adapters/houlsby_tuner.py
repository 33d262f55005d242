"""Bottleneck adapters of Houlsby et al. (2019) as a PEFT tuner; importing this module registers it with PEFT.

PEFT has no bottleneck adapters. With this module imported, `HoulsbyConfig` works like PEFT's own configurations with
`get_peft_model`, `save_pretrained`, `PeftModel.from_pretrained`, `disable_adapter`, several named adapters,
`set_adapter`, `delete_adapter` and `unload`. Merging is refused.

From the paper: a bottleneck x + up(gelu(down(x))) stands twice in each layer, after the output projection of the
attention and after that of the feed-forward block, before the residual is added (section 2.1, figure 2); its weights
are drawn from a Gaussian with standard deviation 0.01, truncated at two of them (section 3.6), its biases are 0; the
LayerNorms are trained, the embeddings' included, as in the authors' code (google-research/adapter-bert).

One difference: the authors' code has the dropout of the output projection before the bottleneck, here it comes after,
because transformers applies it outside of the projection. Without dropout the two are the same.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from aenum import extend_enum
from peft.config import PeftConfig
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer, check_target_module_exists
from peft.utils import PeftType, register_peft_method
from torch import nn

from adapters.parts import ATTENTION_OUTPUT, FEED_FORWARD_OUTPUT, find, is_quantized, named
from polyskew.errors import UserError

INITIAL_DEVIATION = 1e-2

_NO_MERGE = (
    "Houlsby adapters cannot be merged into the base model: a bottleneck is not linear; "
    "keep the adapter on its base model"
)


@dataclass
class HoulsbyConfig(PeftConfig):
    """Configuration of Houlsby adapters.

    Attributes:
        bottleneck: the width m of each bottleneck.
        target_modules: full names, or their last parts, of the Linear modules in the body after which a bottleneck
            stands; by default the output projections of attention and feed-forward block of every layer.
        norm_modules: full names of the LayerNorms to train; by default all of the body's.
        modules_to_save: further modules trained and saved with the adapter, such as the classification head.
    """

    bottleneck: int = 64
    target_modules: list[str] | None = None
    norm_modules: list[str] | None = None
    modules_to_save: list[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = PeftType["HOULSBY"]


class _HoulsbyLayer(nn.Module, BaseTunerLayer):
    """What bottlenecks and LayerNorm copies share: the wrapped module and the choice of the active adapter."""

    base_layer: nn.Module

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: HoulsbyConfig) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.merged_adapters: list[str] = []
        self._active_adapter = adapter_name
        for layer_name in self.adapter_layer_names:
            setattr(self, layer_name, nn.ModuleDict())
        self.update_layer(adapter_name, config)

    def update_layer(self, adapter_name: str, config: HoulsbyConfig) -> None:
        """Add the weights of one more adapter."""
        raise NotImplementedError

    def active(self) -> str | None:
        """Return the adapter to apply, or None for the bare base layer."""
        if self.disable_adapters:
            return None
        known = getattr(self, self.adapter_layer_names[0])
        return next((name for name in self.active_adapters if name in known), None)

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """Refuse: a bottleneck is not linear."""
        raise UserError(_NO_MERGE)

    def unmerge(self) -> None:
        """Do nothing: nothing is ever merged."""

    def supports_lora_conversion(self, adapter_name: str = "default") -> bool:
        """Return False: the update is not a matrix added to the weight."""
        return False


class BottleneckLayer(_HoulsbyLayer):
    """A Linear followed by a bottleneck with its inner skip connection: y + up(gelu(down(y))), y = base(x)."""

    adapter_layer_names = ("houlsby_down", "houlsby_up")
    houlsby_down: nn.ModuleDict
    houlsby_up: nn.ModuleDict

    def update_layer(self, adapter_name: str, config: HoulsbyConfig) -> None:
        """Add a bottleneck of near-identity: 2 * d * m + d + m parameters for d output features."""
        base: Any = self.get_base_layer()
        down = nn.Linear(base.out_features, config.bottleneck)
        up = nn.Linear(config.bottleneck, base.out_features)
        for linear in (down, up):
            # nn.init's bounds are absolute.
            nn.init.trunc_normal_(
                linear.weight, std=INITIAL_DEVIATION, a=-2 * INITIAL_DEVIATION, b=2 * INITIAL_DEVIATION
            )
            nn.init.zeros_(linear.bias)
        self.houlsby_down[adapter_name] = down.to(base.weight.device)
        self.houlsby_up[adapter_name] = up.to(base.weight.device)
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Apply the base layer and the active adapter's bottleneck: [..., in features] to [..., d]."""
        output = self.base_layer(x, *args, **kwargs)
        name = self.active()
        if name is None:
            return output
        down: Any = self.houlsby_down[name]
        hidden = nn.functional.gelu(down(output.to(down.weight.dtype)))
        return output + self.houlsby_up[name](hidden).to(output.dtype)


class NormLayer(_HoulsbyLayer):
    """A LayerNorm of which each adapter trains a copy of its own."""

    adapter_layer_names = ("houlsby_norm",)
    houlsby_norm: nn.ModuleDict

    def update_layer(self, adapter_name: str, config: HoulsbyConfig) -> None:
        """Add a copy of the base LayerNorm: 2 * d parameters."""
        self.houlsby_norm[adapter_name] = copy.deepcopy(self.get_base_layer())
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Apply the active adapter's LayerNorm, or the base model's."""
        name = self.active()
        if name is None:
            return self.base_layer(x, *args, **kwargs)
        norm: Any = self.houlsby_norm[name]
        return norm(x.to(norm.weight.dtype), *args, **kwargs).to(x.dtype)


class HoulsbyModel(BaseTuner):
    """A model with Houlsby adapters in it; made by `peft.get_peft_model` from a `HoulsbyConfig`."""

    prefix = "houlsby_"
    tuner_layer_cls = _HoulsbyLayer

    def _prepare_adapter_config(self, peft_config: Any, model_config: dict[str, Any]) -> Any:
        """Leave the configuration as it is: targets are found in the model itself, by `_prepare_model`."""
        return peft_config

    def _prepare_model(self, peft_config: Any, model: nn.Module) -> None:
        if is_quantized(model):
            raise UserError(
                "Houlsby adapters do not work on a quantized base model yet; "
                "load it unquantized, or use the method 'lora'"
            )
        if peft_config.target_modules is None:
            attention = find(model, nn.Linear, ATTENTION_OUTPUT)
            feed_forward = find(model, nn.Linear, FEED_FORWARD_OUTPUT)
            if not attention or len(attention) != len(feed_forward):
                raise UserError(
                    f"the output projections of attention and feed-forward block were not found in "
                    f"{type(model).__name__}; name them with target_modules"
                )
            peft_config.target_modules = attention + feed_forward
        else:
            peft_config.target_modules = named(model, peft_config.target_modules)
        if peft_config.norm_modules is None:
            peft_config.norm_modules = find(model, nn.LayerNorm)

    @staticmethod
    def _check_target_module_exists(peft_config: Any, key: str) -> Any:
        return key in (peft_config.norm_modules or ()) or check_target_module_exists(peft_config, key)

    def _create_and_replace(
        self,
        peft_config: Any,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        parameter_name: str | None = None,
    ) -> None:
        if isinstance(target, _HoulsbyLayer):
            target.update_layer(adapter_name, peft_config)
            return
        kind = NormLayer if isinstance(target, nn.LayerNorm) else BottleneckLayer
        layer = kind(target, adapter_name, peft_config)
        if adapter_name not in self.active_adapters:
            layer.requires_grad_(False)
        self._replace_module(parent, target_name, layer, target)

    def set_adapter(self, adapter_name: str | list[str], inference_mode: bool = False) -> None:
        """Make one adapter the active one.

        Raises:
            UserError: several are named: they would need a LayerNorm each at the same place.
        """
        if not isinstance(adapter_name, str) and len(adapter_name) > 1:
            raise UserError(f"only one Houlsby adapter can be active at a time, not {', '.join(adapter_name)}")
        super().set_adapter(adapter_name, inference_mode=inference_mode)

    def _check_merge_allowed(self) -> None:
        raise UserError(_NO_MERGE)


def _register() -> None:
    # PEFT refuses a method that its enum does not know.
    if "HOULSBY" not in PeftType.__members__:
        extend_enum(PeftType, "HOULSBY", "HOULSBY")
        register_peft_method(name="houlsby", config_cls=HoulsbyConfig, model_cls=HoulsbyModel)


_register()
