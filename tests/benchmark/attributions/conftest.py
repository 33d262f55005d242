"""Small random encoders whose tokenizers know several scripts."""

from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from benchmark.models import ModelChoice
from benchmark.models.loading import load_tokenizer
from tasks.demo.reviews import generate_reviews
from tests.benchmark.world import save_unigram

SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "num_labels": 3,
    "initializer_range": 0.3,  # large, so that the words matter to an untrained model
}
Encoder = tuple[PreTrainedTokenizerFast, torch.nn.Module]
SCRIPTS = [
    "الكتاب جميل جدا ولكن التسليم تأخر كثيرا",
    "किताब अच्छी है लेकिन देर से आई",
    "книга хорошая, но пришла поздно",
    "😀 👍🏽 ❤️ 🎉",
]


@pytest.fixture(scope="session")
def bert_encoder() -> Encoder:
    """A BERT of 2 layers x 32 with the WordPiece tokenizer of the embedded model."""
    tokenizer = load_tokenizer(ModelChoice(name="tiny-polyglot"))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer),
        **SMALL,
    )
    return tokenizer, BertForSequenceClassification(config).eval()


@pytest.fixture(scope="session")
def xlmr_encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """An XLM-R of 2 layers x 32 with a Unigram tokenizer of several scripts, two separators between a pair's sides."""
    sentences = [*generate_reviews("train", 6, languages=("fr", "en", "ja", "zh"))["text"], *SCRIPTS]
    folder = tmp_path_factory.mktemp("unigram")
    pieces = save_unigram(folder, sentences, 900, max_length=512)
    torch.manual_seed(4)
    config = XLMRobertaConfig(
        vocab_size=pieces,
        **SMALL,
        max_position_embeddings=514,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        type_vocab_size=1,
    )
    return PreTrainedTokenizerFast.from_pretrained(folder), XLMRobertaForSequenceClassification(config).eval()


@pytest.fixture(params=["bert_encoder", "xlmr_encoder"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    """Both, in turn."""
    found: Encoder = request.getfixturevalue(request.param)
    return found
