"""What the suite's own PEFT tuners share: layers of which one adapter at a time is active, and that never merge."""

from typing import Any

from aenum import extend_enum
from peft.config import PeftConfig
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer, check_target_module_exists
from peft.utils import PeftType, register_peft_method
from torch import nn

from polyskew.errors import UserError


class OneAdapterLayer(nn.Module, BaseTunerLayer):
    """A wrapped module, and the choice of the adapter that acts on it.

    A subclass names its ``nn.ModuleDict`` or ``nn.ParameterDict`` attributes in ``adapter_layer_names`` and makes them
    before it calls this initializer, which adds the first adapter.
    """

    base_layer: nn.Module

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: Any, container: type[nn.Module]) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.merged_adapters: list[str] = []
        self._active_adapter = adapter_name
        for layer_name in self.adapter_layer_names:
            setattr(self, layer_name, container())
        self.update_layer(adapter_name, config)

    def update_layer(self, adapter_name: str, config: Any) -> None:
        """Add the weights of one more adapter."""
        raise NotImplementedError

    def active(self) -> str | None:
        """Return the adapter to apply, or None for the bare base layer."""
        if self.disable_adapters:
            return None
        known = getattr(self, self.adapter_layer_names[0])
        return next((name for name in self.active_adapters if name in known), None)

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """Refuse."""
        raise UserError("this adapter cannot be merged into the base model; keep it on its base model")

    def unmerge(self) -> None:
        """Do nothing: nothing is ever merged."""

    def supports_lora_conversion(self, adapter_name: str = "default") -> bool:
        """Return False: the update is not a matrix added to the weight."""
        return False


class OneAdapterTuner(BaseTuner):
    """A tuner whose targets, full names, are found in the model by ``_prepare_model``."""

    kind: str
    """What users call the adapters."""

    def _prepare_adapter_config(self, peft_config: Any, model_config: dict[str, Any]) -> Any:
        """Leave the configuration as it is: targets are found in the model itself."""
        return peft_config

    @staticmethod
    def _check_target_module_exists(peft_config: Any, key: str) -> Any:
        return key in (getattr(peft_config, "norm_modules", None) or ()) or check_target_module_exists(peft_config, key)

    def new_layer(self, config: Any, adapter_name: str, target: nn.Module) -> OneAdapterLayer:
        """Return the layer that stands in for a target."""
        raise NotImplementedError

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
        if isinstance(target, OneAdapterLayer):
            target.update_layer(adapter_name, peft_config)
            return
        layer = self.new_layer(peft_config, adapter_name, target)
        if adapter_name not in self.active_adapters:
            layer.requires_grad_(False)
        self._replace_module(parent, target_name, layer, target)

    def set_adapter(self, adapter_name: str | list[str], inference_mode: bool = False) -> None:
        """Make one adapter the active one.

        Raises:
            UserError: several are named.
        """
        if not isinstance(adapter_name, str) and len(adapter_name) > 1:
            raise UserError(f"only one {self.kind} can be active at a time, not {', '.join(adapter_name)}")
        super().set_adapter(adapter_name, inference_mode=inference_mode)

    def _check_merge_allowed(self) -> None:
        raise UserError(f"{self.kind}s cannot be merged into the base model; keep the adapter on its base model")


def register(kind: str, config: type[PeftConfig], model: type[OneAdapterTuner]) -> None:
    """Make a tuner known to PEFT, which refuses a type that its enum does not have.

    Args:
        kind: the type, in capitals, as it stands in ``adapter_config.json``.
        config: the class of its configurations.
        model: the tuner.
    """
    if kind not in PeftType.__members__:
        extend_enum(PeftType, kind, kind)
        register_peft_method(name=kind.lower(), config_cls=config, model_cls=model)
