"""Tiny encoders, tasks and grids, made on the spot."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import yaml
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from tasks.demo.nli import generate_nli
from tasks.demo.reviews import generate_reviews

WIDTH = 32
TASK: dict[str, Any] = {
    "name": "tiny_reviews",
    "languages": ["fr", "en"],
    "labels": ["1", "2", "3", "4", "5"],
    "source": {"generated": "reviews", "rows": {"train": 22, "validation": 6, "test": 6}},
    "train_cell": 20,  # 60 rows a language
    "validation_cell": 5,
    "test_cell": 4,
    "regimes": {"imbalanced": {"fr": [1, 2, 3, 4, 5], "en": [5, 4, 3, 2, 1]}},
    "probe": "demo_wiki",
    "redistribute": True,
}


MEASURE: dict[str, Any] = {"probe_rows": 8, "explained_texts": 2, "attributions": {"max_rows": 100}}


@lru_cache
def texts() -> tuple[str, ...]:
    """Sentences to train the tokenizers on."""
    return (
        *generate_reviews("train", 12, languages=("fr", "en"))["text"],
        *generate_nli("train", 8, languages=("fr", "en"))["text"],
    )


def _saved(tokenizer: Tokenizer, folder: Path, names: list[str], max_length: int = 64, **special: str) -> None:
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=max_length, model_input_names=names, **special
    ).save_pretrained(folder)


def make_bert(folder: Path, *, layers: int = 1, dropout: float = 0.1, spread: float = 0.2) -> Path:
    """Write a BERT checkpoint with random weights."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        texts(), trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    _saved(
        tokenizer,
        folder,
        ["input_ids", "token_type_ids", "attention_mask"],
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=400,
        hidden_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=80,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=spread,  # large, so that the words matter to an untrained model
    )
    BertModel(config).save_pretrained(folder)
    return folder


def save_unigram(folder: Path, sentences: Iterable[str], pieces: int, max_length: int = 64) -> int:
    """Write a Unigram tokenizer in XLM-R's form, trained on sentences; return its number of pieces."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        sentences,
        trainers.UnigramTrainer(vocab_size=pieces, special_tokens=special, unk_token="<unk>", show_progress=False),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    _saved(
        tokenizer,
        folder,
        ["input_ids", "attention_mask"],
        max_length,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
        mask_token="<mask>",
    )
    return int(tokenizer.get_vocab_size())


def make_xlmr(folder: Path) -> Path:
    """Write an XLM-R checkpoint with random weights."""
    pieces = save_unigram(folder, texts(), 400)
    torch.manual_seed(8)
    config = XLMRobertaConfig(
        vocab_size=pieces,
        hidden_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=80,
        initializer_range=0.2,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        type_vocab_size=1,
    )
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def write_task(folder: Path, **changes: Any) -> Path:
    """Write the tiny task, with some of its settings changed, into a YAML file."""
    path = folder / "tiny_reviews.yaml"
    path.write_text(yaml.safe_dump({**TASK, **changes}, sort_keys=False))
    return path


def grid_of(task: Path, model: Path, **changes: Any) -> dict[str, Any]:
    """A grid of two regimes x two methods x two weightings on the tiny task."""
    return {
        "version": 1,
        "name": "tiny",
        "tasks": [str(task)],
        "models": [{"name": "tiny", "path": str(model)}],
        "methods": ["full", "lora"],
        "weightings": ["none", "per_language"],
        "recipe": {
            "base": "small",
            "change": {"batch_size": 8, "accumulation": 2, "epochs": 1, "max_length": 24},
        },
        "measure": MEASURE,
        **changes,
    }


def write_grid(path: Path, content: dict[str, Any]) -> Path:
    """Write a grid into a YAML file."""
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path
