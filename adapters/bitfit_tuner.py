"""BitFit (Ben Zaken et al. 2022) as a PEFT tuner; importing this module registers it with PEFT.

Each bias b of the body becomes b + d with a trained vector d, which begins at 0 and is added to the module's output:
the same function and gradients as if b itself were trained, while the base model, quantized or not, stays as it is.
PEFT's BEFT has the same vectors for Linear modules alone; the biases of LayerNorms belong to BitFit too.
"""

from dataclasses import dataclass
from typing import Any

import torch
from peft.config import PeftConfig
from peft.utils import PeftType
from torch import nn

from adapters.parts import find
from adapters.tuner import OneAdapterLayer, OneAdapterTuner, register


@dataclass
class BitFitConfig(PeftConfig):
    """Configuration of BitFit.

    Attributes:
        target_modules: full names of the modules whose bias is trained; by default all Linear modules and LayerNorms
            of the body that have one.
        modules_to_save: further modules trained and saved with the adapter, such as the classification head.
    """

    target_modules: list[str] | None = None
    modules_to_save: list[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = PeftType["BITFIT"]


class BiasLayer(OneAdapterLayer):
    """A Linear or LayerNorm to whose output a trained vector is added: d parameters."""

    adapter_layer_names = ("bitfit_bias",)
    bitfit_bias: nn.ParameterDict

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: BitFitConfig) -> None:
        super().__init__(base_layer, adapter_name, config, nn.ParameterDict)

    def update_layer(self, adapter_name: str, config: BitFitConfig) -> None:
        """Add a vector of zeros."""
        base: Any = self.get_base_layer()
        self.bitfit_bias[adapter_name] = nn.Parameter(torch.zeros_like(base.bias, dtype=torch.float32))
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Apply the base layer and add the active adapter's vector: [..., d]."""
        output = self.base_layer(x, *args, **kwargs)
        name = self.active()
        return output if name is None else output + self.bitfit_bias[name].to(output.dtype)


class BitFitModel(OneAdapterTuner):
    """A model with trained biases; made by `peft.get_peft_model` from a `BitFitConfig`."""

    prefix = "bitfit_"
    tuner_layer_cls = OneAdapterLayer
    kind = "BitFit adapter"

    def _prepare_model(self, peft_config: Any, model: nn.Module) -> None:
        if peft_config.target_modules is None:
            names = [*find(model, nn.Linear), *find(model, nn.LayerNorm)]
            peft_config.target_modules = [name for name in names if _has_bias(model.get_submodule(name))]

    def new_layer(self, config: BitFitConfig, adapter_name: str, target: nn.Module) -> OneAdapterLayer:
        """Return a trained bias around a module."""
        return BiasLayer(target, adapter_name, config)


def _has_bias(module: Any) -> bool:
    base = module.get_base_layer() if isinstance(module, OneAdapterLayer) else module
    return base.bias is not None


register("BITFIT", BitFitConfig, BitFitModel)
