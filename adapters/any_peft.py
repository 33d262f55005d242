"""Any method of PEFT by its own configuration."""

import json
from dataclasses import MISSING, fields
from dataclasses import Field as Entry
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator, model_validator

from adapters.lora import NO_INT8_DORA
from adapters.method import LearningRates
from adapters.names import FEED_FORWARD_OUTPUT, KEY_AND_VALUE, QUERY_AND_VALUE
from adapters.peft_method import PeftMethod
from adapters.peft_support import PEFT_TYPES
from polyskew.errors import UserError, suggest

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel

# What describes a saved adapter or its base model, or is set here: none changes what is trained.
_DESCRIPTION = frozenset(
    {"auto_mapping", "base_model_name_or_path", "inference_mode", "modules_to_save", "peft_version", "revision"}
    | {"num_attention_heads", "num_layers", "num_transformer_submodules", "task_type", "token_dim"}
)
_LORA = 5e-4


class AnyPeft(PeftMethod):
    """A method of PEFT by its configuration, as in the ``adapter_config.json`` of a saved adapter.

    The task type and the modules that are trained in full (the head) are set here. Target modules are looked for in
    the body alone; by default they are the attention's query and value projections (for ``IA3`` keys, values and the
    feed-forward block's inner activations, for ``LN_TUNING`` all LayerNorms).

    Attributes:
        config: ``peft_type`` and what differs from PEFT's defaults. Its keys may also stand among the options
            themselves: ``{peft_type: LOHA, r: 4}``.
        config_file: a JSON file with such a configuration, in place of ``config``; what identifies the method is
            its content.
        body: peak learning rate of the adapter.
        head: peak learning rate of the head.
    """

    name: ClassVar[str] = "peft"

    config: dict[str, Any] = Field(default_factory=lambda: {"peft_type": "LORA"})
    body: float = Field(default=_LORA, gt=0)
    head: float = Field(default=_LORA, gt=0)

    @property
    def rates(self) -> LearningRates:  # noqa: D102  as in `Method`
        given = (self.body, self.head) != (_LORA, _LORA)
        source = "given with the method" if given else "LoRA's (Hu et al. 2021, Table 9), as none are given"
        return LearningRates(self.body, self.head, source)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        own = {key: given for key, given in value.items() if key in cls.model_fields}
        config = {key: given for key, given in value.items() if key not in own and key != "config_file"}
        if ("config_file" in value) + ("config" in own) + bool(config) > 1:
            raise ValueError("config, config_file and keys beside them say the same; give one of them")
        if "config_file" in value:
            config = _read(value["config_file"])
        return own | {"config": config} if config else own

    @field_validator("config")
    @classmethod
    def _is_known(cls, value: dict[str, Any]) -> dict[str, Any]:
        kind = str(value.get("peft_type", "")).upper()
        if kind not in PEFT_TYPES:
            raise ValueError(f"there is no peft_type {kind or None!r}{suggest(kind, PEFT_TYPES)}")
        if reason := PEFT_TYPES[kind].reason:
            raise ValueError(f"peft_type {kind} cannot classify texts here: {reason}")
        known = _config_class(kind)
        defaults = {entry.name: _default(entry) for entry in fields(known)}
        for key in value:
            if key not in defaults:
                raise ValueError(f"{known.__name__} has no key {key!r}{suggest(key, defaults)}")
        if value.get("prefix_projection"):
            raise ValueError("prefix_projection is not supported: PEFT saves its output alone, so that it cannot go on")
        if "num_virtual_tokens" in defaults and not value.get("num_virtual_tokens"):
            raise ValueError(f"{known.__name__} needs num_virtual_tokens, the number of trained tokens")
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the configuration must be JSON: {error}") from None
        left_out = _DESCRIPTION | {"peft_type"}
        plain = {key: given for key, given in value.items() if key not in left_out and given != defaults[key]}
        if isinstance(targets := plain.get("target_modules"), list):
            plain["target_modules"] = sorted(targets)
        return {"peft_type": kind} | dict(sorted(plain.items()))

    @model_validator(mode="after")
    def _works_on_the_base(self) -> "AnyPeft":
        kind = self.config["peft_type"]
        if self.base is not None and not PEFT_TYPES[kind].quantized:
            able = ", ".join(name for name, support in PEFT_TYPES.items() if support.quantized)
            raise ValueError(f"PEFT's {kind} does not work on a quantized base; these do: {able}")
        if self.base == "int8" and self.config.get("use_dora"):
            raise ValueError(NO_INT8_DORA)
        return self

    @property
    def added_tokens(self) -> int:  # noqa: D102  as in `Method`
        return int(self.config.get("num_virtual_tokens") or 0)

    def identity(self) -> dict[str, Any]:
        """Return the method's name, and as its options the configuration's keys, the type always among them."""
        given = self.model_dump(mode="json", exclude_defaults=True, exclude={"config"})
        return {"name": self.name, "options": self.config | given}

    @classmethod
    def written(cls, options: dict[str, Any], folder: Path | None = None) -> dict[str, Any]:
        """Return the options in the one form that grids record, without a file's path."""
        if folder is not None and isinstance(file := options.get("config_file"), str):
            options = options | {"config_file": str(folder / Path(file).expanduser())}
        spelled: dict[str, Any] = cls.model_validate(options).identity()["options"]
        return spelled

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return PEFT's configuration, with the full names of its target modules."""
        from peft import TaskType

        from adapters.parts import head_modules

        given = {key: value for key, value in self.config.items() if key != "peft_type"}
        known = _config_class(self.config["peft_type"])
        if "target_modules" in known.__dataclass_fields__:
            given |= self._targets(model, given)
        try:
            return known(task_type=TaskType.SEQ_CLS, modules_to_save=head_modules(model), **given)
        except (TypeError, ValueError) as error:
            raise UserError(f"the config of the method 'peft' is wrong: {error}") from error

    def _targets(self, model: "PreTrainedModel", given: dict[str, Any]) -> dict[str, Any]:
        from torch import nn

        from adapters.parts import find, targets

        kind, wanted = self.config["peft_type"], given.get("target_modules")
        if kind == "IA3":
            inner = targets(model, FEED_FORWARD_OUTPUT, given.get("feedforward_modules"))
            names = targets(model, KEY_AND_VALUE, wanted)
            return {"target_modules": [*names, *(name for name in inner if name not in names)]} | {
                "feedforward_modules": inner
            }
        if kind == "LN_TUNING":
            return {"target_modules": targets(model, ".*", wanted, nn.LayerNorm)}
        if wanted == "all-linear":
            return {"target_modules": find(model, nn.Linear)}
        if isinstance(wanted, str):
            return {"target_modules": targets(model, wanted)}
        return {"target_modules": targets(model, QUERY_AND_VALUE, wanted)}


def _default(entry: Entry[Any]) -> Any:
    return entry.default if entry.default_factory is MISSING else entry.default_factory()


def _config_class(kind: str) -> Any:
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    return PEFT_TYPE_TO_CONFIG_MAPPING[PeftType(kind)]


def _read(name: Any) -> dict[str, Any]:
    if not isinstance(name, str):
        raise ValueError(f"config_file is the name of a JSON file, such as adapter_config.json, not {name!r}")
    file = Path(name).expanduser()
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"config_file: {file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"config_file: {file} is not valid JSON: {error}") from None
    if not isinstance(config, dict):
        raise ValueError(f"config_file: {file} holds a {type(config).__name__}, not an object with a peft_type")
    return config
