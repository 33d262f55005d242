"""Models that read trained vectors with every text: prefix tuning, prompt tuning, P-tuning."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from peft import PeftConfig, PeftType
from peft.utils import ModulesToSaveWrapper
from transformers import PreTrainedModel

from adapters.checkpointed import Checkpointed
from adapters.parts import positions
from polyskew.errors import UserError


class Prompted(Checkpointed):
    """A classifier whose body is given the trained vectors wherever it is called.

    Outputs are those of PEFT's own class, which reads the vectors outside of the body. Within it, features can be taken
    from the body as from any other; the model's own head is applied under a prefix (PEFT's class takes a wrong vector
    where hidden states are asked for, and knows no head of two modules); and disabling gives exactly the base model
    (PEFT's class fails for models that cannot generate, and leaves the trained head on).

    Raises:
        UserError: a prefix is wanted and the model takes no past keys and values.
    """

    def __init__(self, model: PreTrainedModel, config: Any, *args: Any, **kwargs: Any) -> None:
        body: Any = model.base_model
        names = inspect.signature(body.forward).parameters
        prefix = config.peft_type in (PeftType.PREFIX_TUNING, PeftType.CARTRIDGE)
        if prefix and "past_key_values" not in names:
            raise UserError(
                f"{type(model).__name__} takes no past keys and values, which {config.peft_type.value} needs; "
                "use a method such as prompt_tuning or lora"
            )
        embeddings: Any = model.get_input_embeddings()
        sizes = {
            "token_dim": model.config.hidden_size if prefix else embeddings.embedding_dim,
            "num_layers": model.config.num_hidden_layers,
            "num_attention_heads": model.config.num_attention_heads,
            "num_transformer_submodules": 1,
            "encoder_hidden_size": model.config.hidden_size,
        }
        for name, size in sizes.items():
            if getattr(config, name, size) is None:
                setattr(config, name, size)
        super().__init__(model, config, *args, **kwargs)
        self._prefix = prefix
        self._count: int = config.num_virtual_tokens
        self._room = positions(model) - self._count
        self._names = tuple(names)
        body.register_forward_pre_hook(self._read, with_kwargs=True)

    @classmethod
    def from_pretrained(cls, model: Any, model_id: Any, *args: Any, **kwargs: Any) -> "Prompted":
        """Put a saved adapter on a base model, for inference."""
        config = PeftConfig.from_pretrained(model_id)
        config.inference_mode = True
        loaded = cls(model, config)
        loaded.load_adapter(model_id, "default")
        return loaded

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the classifier's output."""
        return self.base_model(*args, **kwargs)

    def _read(self, body: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Give the body the trained vectors beside what it is called with."""
        if self._adapters_disabled:
            return None
        given = dict(zip(self._names, args, strict=False)) | kwargs
        mask, types = given.get("attention_mask"), given.get("token_type_ids")
        ids: Any = given.get("input_ids")
        embeds: Any = given.get("inputs_embeds")
        rows, length = (ids if embeds is None else embeds).shape[:2]
        if length > self._room:
            raise UserError(
                f"a text has {length} tokens, and beside the {self._count} trained ones the model has room for "
                f"{max(0, self._room)}; set a smaller max_length, or train fewer tokens"
            )
        if mask is not None:
            given["attention_mask"] = torch.cat([mask.new_ones(rows, self._count), mask], dim=1)
        if self._prefix:
            return (), given | {"past_key_values": self.get_prompt(rows)}
        if embeds is None:
            embeds = body.get_input_embeddings()(ids)
        prompt = self.get_prompt(rows).to(embeds.dtype)
        given |= {"input_ids": None, "inputs_embeds": torch.cat([prompt, embeds], dim=1)}
        if types is not None:
            given["token_type_ids"] = torch.cat([types.new_zeros(rows, self._count), types], dim=1)
        return (), given

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        """Compute with the base model, its own head included, within this block."""
        heads = [module for module in self.modules() if isinstance(module, ModulesToSaveWrapper)]
        self._adapters_disabled = True
        for head in heads:
            head.enable_adapters(False)
        try:
            yield
        finally:
            self._adapters_disabled = False
            for head in heads:
                head.enable_adapters(True)
