"""Bottleneck adapters as a PEFT tuner; importing this module registers it with PEFT.

PEFT has no bottleneck adapters. With this module imported, `BottleneckConfig` works like PEFT's own configurations
with `get_peft_model`, `save_pretrained`, `PeftModel.from_pretrained`, `disable_adapter`, several named adapters,
`set_adapter`, `delete_adapter` and `unload`. Merging is refused: a bottleneck is not linear.

A(x) = scaling * up(activation(down(x))) stands in one of three places, with F the feed-forward block or the attention,
x its input, LN the LayerNorm after the residual is added, and s = F(x) + x:

- ``houlsby`` (Houlsby et al. 2019, section 2.1, figure 2): LN(F(x) + A(F(x)) + x), after attention and feed-forward;
- ``pfeiffer`` (Pfeiffer et al. 2021, as the authors' library AdapterHub has it): LN(s + A(LN(s))), after
  the feed-forward block, with the layer's own LN twice;
- ``parallel`` (He et al. 2022, section 3.3): LN(F(x) + x + A(x)), beside the feed-forward block.

Dropout: the code of Houlsby et al. has that of the output projection before the bottleneck, here it comes after,
because transformers applies it outside of the projection. Without dropout the two are the same.
"""

import copy
import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from peft.config import PeftConfig
from peft.utils import PeftType
from torch import nn

from adapters.names import ATTENTION_OUTPUT, FEED_FORWARD_BLOCK, FEED_FORWARD_NORM, FEED_FORWARD_OUTPUT
from adapters.parts import find, named
from adapters.tuner import OneAdapterLayer, OneAdapterTuner, register
from polyskew.errors import UserError

INITIAL_DEVIATION = 1e-2

_ACTIVATIONS: dict[str, Any] = {"gelu": nn.functional.gelu, "relu": nn.functional.relu}


@dataclass
class BottleneckConfig(PeftConfig):
    """Configuration of bottleneck adapters.

    Attributes:
        bottleneck: the width m of each bottleneck.
        placement: where it stands.
        activation: between its two projections.
        scaling: of its output.
        init_weights: ``normal``: both projections from a Gaussian with standard deviation 0.01, truncated at two of
            them (Houlsby et al. 2019, section 3.6); ``lora``: down as torch draws a Linear's weight, up 0, so that
            training begins at the base model (He et al. 2022). Biases are 0.
        target_modules: full names, or their last parts, of the modules in the body that get a bottleneck; by default
            those that the placement says, in every layer.
        norm_modules: full names of the LayerNorms to train; None is all of the body's.
        modules_to_save: further modules trained and saved with the adapter, such as the classification head.
    """

    bottleneck: int = 64
    placement: Literal["houlsby", "pfeiffer", "parallel"] = "houlsby"
    activation: Literal["gelu", "relu"] = "gelu"
    scaling: float = 1.0
    init_weights: Literal["normal", "lora"] = "normal"
    target_modules: list[str] | None = None
    norm_modules: list[str] | None = None
    modules_to_save: list[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = PeftType["BOTTLENECK"]


class BottleneckLayer(OneAdapterLayer):
    """A module with a bottleneck after, around or beside it: 2 * d * m + d + m parameters for vectors of width d."""

    adapter_layer_names = ("bottleneck_down", "bottleneck_up")
    bottleneck_down: nn.ModuleDict
    bottleneck_up: nn.ModuleDict

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: BottleneckConfig, width: int) -> None:
        self._width = width
        self._settings: dict[str, BottleneckConfig] = {}
        super().__init__(base_layer, adapter_name, config, nn.ModuleDict)

    def update_layer(self, adapter_name: str, config: BottleneckConfig) -> None:
        """Add a bottleneck that begins at or near the identity."""
        self._settings[adapter_name] = config
        down = nn.Linear(self._width, config.bottleneck)
        up = nn.Linear(config.bottleneck, self._width)
        if config.init_weights == "lora":
            nn.init.kaiming_uniform_(down.weight, a=math.sqrt(5))
            nn.init.zeros_(up.weight)
        else:
            for linear in (down, up):
                # nn.init's bounds are absolute.
                nn.init.trunc_normal_(
                    linear.weight, std=INITIAL_DEVIATION, a=-2 * INITIAL_DEVIATION, b=2 * INITIAL_DEVIATION
                )
        nn.init.zeros_(down.bias)
        nn.init.zeros_(up.bias)
        device = next(self.get_base_layer().parameters()).device
        self.bottleneck_down[adapter_name] = down.to(device)
        self.bottleneck_up[adapter_name] = up.to(device)
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Apply the base layer with the active adapter's bottleneck, if there is one."""
        name = self.active()
        if name is None:
            return self.base_layer(x, *args, **kwargs)
        placement = self._settings[name].placement
        if placement == "pfeiffer":  # x is the sum that the LayerNorm is given
            return self.base_layer(x + self._bottleneck(name, self.base_layer(x)))
        if placement == "houlsby":
            output = self.base_layer(x, *args, **kwargs)
            return output + self._bottleneck(name, output)
        if args:  # a block that is given the inner layer's output and the residual, and adds it
            (residual,) = args
            return self.base_layer(x, residual + self._bottleneck(name, residual))
        return self.base_layer(x) + self._bottleneck(name, x)

    def _bottleneck(self, name: str, x: torch.Tensor) -> torch.Tensor:
        config = self._settings[name]
        down: Any = self.bottleneck_down[name]
        output = self.bottleneck_up[name](_ACTIVATIONS[config.activation](down(x.to(down.weight.dtype))))
        return (output if config.scaling == 1 else config.scaling * output).to(x.dtype)


class NormLayer(OneAdapterLayer):
    """A LayerNorm of which each adapter trains a copy of its own."""

    adapter_layer_names = ("bottleneck_norm",)
    bottleneck_norm: nn.ModuleDict

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: BottleneckConfig) -> None:
        super().__init__(base_layer, adapter_name, config, nn.ModuleDict)

    def update_layer(self, adapter_name: str, config: BottleneckConfig) -> None:
        """Add a copy of the base LayerNorm: 2 * d parameters."""
        self.bottleneck_norm[adapter_name] = copy.deepcopy(self.get_base_layer())
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Apply the active adapter's LayerNorm, or the base model's."""
        name = self.active()
        if name is None:
            return self.base_layer(x, *args, **kwargs)
        norm: Any = self.bottleneck_norm[name]
        return norm(x.to(norm.weight.dtype), *args, **kwargs).to(x.dtype)


class BottleneckModel(OneAdapterTuner):
    """A model with bottleneck adapters in it; made by `peft.get_peft_model` from a `BottleneckConfig`."""

    prefix = "bottleneck_"
    tuner_layer_cls = OneAdapterLayer
    kind = "bottleneck adapter"

    def _prepare_model(self, peft_config: Any, model: nn.Module) -> None:
        kind = {"houlsby": nn.Linear, "pfeiffer": nn.LayerNorm, "parallel": nn.Module}[peft_config.placement]
        if peft_config.target_modules is not None:
            peft_config.target_modules = named(model, peft_config.target_modules, kind)
        elif peft_config.placement == "houlsby":
            attention = find(model, nn.Linear, ATTENTION_OUTPUT)
            feed_forward = find(model, nn.Linear, FEED_FORWARD_OUTPUT)
            if not attention or len(attention) != len(feed_forward):
                raise UserError(
                    f"the output projections of attention and feed-forward block were not found in "
                    f"{type(model).__name__}; name them with target_modules"
                )
            peft_config.target_modules = attention + feed_forward
        else:
            pattern = FEED_FORWARD_NORM if peft_config.placement == "pfeiffer" else FEED_FORWARD_BLOCK
            peft_config.target_modules = find(model, kind, pattern)
            if not peft_config.target_modules:
                raise UserError(
                    f"the feed-forward blocks were not found in {type(model).__name__}; "
                    "name the modules with target_modules"
                )
        if peft_config.norm_modules is None:
            peft_config.norm_modules = find(model, nn.LayerNorm)

    def new_layer(self, config: BottleneckConfig, adapter_name: str, target: nn.Module) -> OneAdapterLayer:
        """Return a bottleneck, or a LayerNorm's copy, around a module."""
        base: Any = target
        if isinstance(target, nn.LayerNorm) and config.placement != "pfeiffer":
            return NormLayer(target, adapter_name, config)
        width = base.out_features if isinstance(target, nn.Linear) else base_width(self.model)
        return BottleneckLayer(target, adapter_name, config, width)


def base_width(model: Any) -> int:
    """Return the width of the vectors between a model's layers."""
    return int(model.config.hidden_size)


register("BOTTLENECK", BottleneckConfig, BottleneckModel)
