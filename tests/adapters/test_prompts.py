"""Prompt learning within the body: PEFT's own outputs where those are right, and what they lack."""

from typing import Any

import pytest
import torch
from peft import PeftModelForSequenceClassification, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig

from adapters import get_method
from adapters.parts import unwrapped
from adapters.prompted import Prompted
from polyskew.errors import UserError

from .models import batch, logits, step, tiny

CONFIGS: dict[str, Any] = {
    "prefix_tuning": lambda: PrefixTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=4),
    "prompt_tuning": lambda: PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=4),
    "p_tuning": lambda: PromptEncoderConfig(task_type="SEQ_CLS", num_virtual_tokens=4, encoder_hidden_size=6),
}


def scrambled(model: Any) -> Any:
    generator = torch.Generator().manual_seed(1)
    for parameter in model.prompt_encoder.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator))
    return model.eval()


@pytest.mark.parametrize("types", [False, True])
@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "electra", "deberta-v2"])
@pytest.mark.parametrize("name", CONFIGS)
def test_outputs_are_pefts(name: str, family: str, types: bool) -> None:
    if (name, family) in {
        ("prefix_tuning", "deberta-v2"),  # refused
        ("prompt_tuning", "electra"),  # PEFT takes the width of the layers for that of the embeddings
        ("p_tuning", "electra"),
    }:
        pytest.skip("PEFT cannot do it")
    config = CONFIGS[name]()
    ours = scrambled(Prompted(tiny(family), config))
    theirs = scrambled(PeftModelForSequenceClassification(tiny(family), config))
    inputs = batch()
    if types and family == "bert":
        inputs["token_type_ids"] = (torch.arange(9) > 3).long().expand(6, 9)
    with torch.no_grad():
        torch.testing.assert_close(ours(**inputs).logits, theirs(**inputs).logits, rtol=0, atol=1e-6)
        del inputs["attention_mask"]
        torch.testing.assert_close(ours(**inputs).logits, theirs(**inputs).logits, rtol=0, atol=1e-6)


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("name", CONFIGS)
def test_the_head_reads_what_the_body_gives(name: str, family: str) -> None:
    """Features are taken from the body alone; language heads from the hidden states of the whole."""
    model = scrambled(Prompted(tiny(family), CONFIGS[name]()))
    classifier: Any = unwrapped(model)
    with torch.no_grad():
        output = model(**batch(), output_hidden_states=True)
        vectors = classifier.base_model(**batch())
        assert torch.equal(output.hidden_states[-1], vectors.last_hidden_state)
        pooled = vectors.pooler_output if family == "bert" else vectors.last_hidden_state
        assert torch.equal(classifier.classifier(pooled), output.logits)
        count = 0 if name == "prefix_tuning" else 4
        assert vectors.last_hidden_state.shape[1] == batch()["input_ids"].shape[1] + count


@pytest.mark.parametrize("name", CONFIGS)
def test_padding_changes_nothing(name: str) -> None:
    model = scrambled(Prompted(tiny(), CONFIGS[name]()))
    ids = batch()["input_ids"][:, :6]
    padded = torch.cat([ids, torch.zeros(6, 3, dtype=torch.long)], dim=1)
    mask = torch.cat([torch.ones_like(ids), torch.zeros(6, 3, dtype=torch.long)], dim=1)
    with torch.no_grad():
        alone = model(input_ids=ids).logits
        torch.testing.assert_close(model(input_ids=padded, attention_mask=mask).logits, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", ["deberta-v2", "distilbert"])
def test_a_prefix_wants_past_keys_and_values(family: str) -> None:
    with pytest.raises(UserError, match="takes no past keys and values"):
        get_method("prefix_tuning").prepare(tiny(family))


@pytest.mark.parametrize(("family", "room"), [("bert", 32), ("xlm-roberta", 30), ("distilbert", 32)])
def test_a_text_that_is_too_long_is_one_sentence(family: str, room: int) -> None:
    model = get_method("prompt_tuning", {"tokens": 10}).prepare(tiny(family)).eval()
    ids = torch.full((1, room - 10), 7)
    model(input_ids=ids)
    with pytest.raises(UserError, match=f"has room for {room - 10}; set a smaller max_length"):
        model(input_ids=torch.full((1, room - 9), 7))


@pytest.mark.parametrize("name", ["prompt_tuning", "p_tuning", "prefix_tuning"])
@pytest.mark.parametrize(("family", "room"), [("bert", 32), ("xlm-roberta", 30)])
def test_room_for_a_text_is_told_from_the_models_shape(family: str, room: int, name: str) -> None:
    method = get_method(name, {"tokens": 10})
    with torch.device("meta"):
        model = tiny(family)
    method.check(model, room - 10)
    with pytest.raises(UserError, match=f"beside the 10 trained tokens there is room for {room - 10} of a text, and"):
        method.check(model, room - 9)


def test_the_network_of_p_tuning_goes_on_where_it_was() -> None:
    """PEFT's files hold its output alone."""
    method = get_method("p_tuning")
    model: Any = method.prepare(tiny())
    step(method, model, rate=0.1)
    state = model.training_state()
    assert {"prompt_encoder.default.embedding.weight", "prompt_encoder.default.mlp_head.0.weight"} <= state.keys()


def test_prompt_tuning_starts_at_words() -> None:
    model: Any = get_method("prompt_tuning").prepare(tiny())
    words = tiny().bert.embeddings.word_embeddings.weight
    start = model.prompt_encoder["default"].embedding.weight
    assert all((words == row).all(dim=1).any() for row in start)
    assert not torch.allclose(logits(model), logits(tiny()))
