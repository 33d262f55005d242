"""Reading the pretraining sentences and training the WordPiece tokenizer on them."""

from __future__ import annotations

import collections
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from tasks.demo import generate_reviews

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "pt", "zh")
FOLDER = "common_voice_cc0_sentences"
HELDOUT = 200  # first sentences of each language; neither tokenizer nor model trains on them
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

# Scripts that every text of the ten languages draws on, whether or not the corpus shows each
# letter: printable ASCII, Latin-1 and Latin Extended-A, Arabic, Devanagari, general punctuation,
# CJK punctuation and kana, full-width forms, emoticons (frequent in the tweets of the benchmark).
_RANGES = (
    (0x21, 0x7F),
    (0xA1, 0x180),
    (0x60C, 0x660),
    (0x660, 0x670),
    (0x900, 0x970),
    (0x2010, 0x2028),
    (0x3001, 0x3018),
    (0x3041, 0x3097),
    (0x30A1, 0x30FF),
    (0xFF01, 0xFF5F),
    (0x1F600, 0x1F650),
)
_SYMBOLS = "€™…♥❤♡☺✨🔥🎉👍👏💔💕💖💙💜💯🤔🤣🤗🙈✌☀♪پچگکی"


def read_sentences(data: Path, languages: Iterable[str] = LANGUAGES) -> dict[str, list[str]]:
    """Sentences by language, in file order (the files are shuffled already).

    Args:
        data: the data folder, i.e. the parent of ``common_voice_cc0_sentences``
        languages: ISO 639-1 codes, one parquet file each
    """
    return {language: pd.read_parquet(data / FOLDER / f"{language}.parquet")["text"].tolist() for language in languages}


def with_reviews(sentences: dict[str, list[str]], share: float, seed: int) -> dict[str, list[str]]:
    """Sentences with generated reviews among them, in the languages that the demo has.

    Only reviews of the demo's training split are taken, without their stars: its test texts stay unseen.

    Args:
        sentences: by language
        share: of a language's texts that are reviews afterwards; reviews repeat to reach it
        seed: of the order
    """
    reviews = generate_reviews("train", 480)
    random = np.random.default_rng(seed)
    mixed = dict(sentences)
    for language, table in reviews.groupby("language"):
        own = sentences[str(language)]
        wanted = round(len(own) * share / (1 - share))
        both = own + list(itertools.islice(itertools.cycle(table["text"]), wanted))
        mixed[str(language)] = [both[index] for index in random.permutation(len(both))]
    return mixed


def alphabet(sentences: dict[str, list[str]], at_least: int) -> list[str]:
    """Characters the vocabulary must hold: the fixed ranges, and those seen ``at_least`` times."""
    seen = collections.Counter(
        itertools.chain.from_iterable(
            unicodedata.normalize("NFC", text).lower() for texts in sentences.values() for text in texts
        )
    )
    fixed = [chr(code) for low, high in _RANGES for code in range(low, high)]
    wanted = {c.lower() for c in itertools.chain(fixed, _SYMBOLS)}
    wanted |= {c for c, count in seen.items() if count >= at_least}
    return sorted(c for c in wanted if len(c) == 1 and not c.isspace() and unicodedata.category(c)[0] != "C")


def _even_texts(sentences: dict[str, list[str]], letters: list[str], characters: int) -> Iterator[str]:
    for texts in sentences.values():
        used = 0
        for text in texts:
            used += len(text)
            if used > characters:
                break
            yield text
    # The trainer learns a letter's continuation form ("##x") only from a word that holds it.
    for letter in letters:
        yield f"{letter}{letter}"


def train_tokenizer(
    sentences: dict[str, list[str]],
    vocabulary: int = 16_000,
    characters: int = 650_000,
    at_least: int = 3,
) -> PreTrainedTokenizerFast:
    """A lower-casing, accent-keeping WordPiece tokenizer with BERT's special tokens and template.

    Args:
        sentences: training sentences by language
        vocabulary: number of word pieces, special tokens included
        characters: characters of each language to train on; even, so that no language of the corpus
            takes more of the vocabulary because it has more sentences
        at_least: a character outside the fixed ranges enters when seen this often
    """
    letters = alphabet(sentences, at_least)
    core = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    core.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=True),
        ]
    )
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.decoder = decoders.WordPiece(prefix="##")
    core.train_from_iterator(
        _even_texts(sentences, letters, characters),
        trainers.WordPieceTrainer(
            vocab_size=vocabulary,
            min_frequency=2,
            special_tokens=SPECIALS,
            initial_alphabet=letters,
            limit_alphabet=len(letters),
            continuing_subword_prefix="##",
            show_progress=False,
        ),
    )
    cls, sep = core.token_to_id("[CLS]"), core.token_to_id("[SEP]")
    core.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_max_length=512,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        clean_up_tokenization_spaces=False,
    )


def encode(
    tokenizer: PreTrainedTokenizerFast, sentences: dict[str, list[str]], longest: int = 126
) -> dict[str, list[np.ndarray]]:
    """Word-piece ids of each sentence without special tokens, cut to ``longest``; empty ones go."""
    encoded = {}
    for language, texts in sentences.items():
        rows = tokenizer(texts, add_special_tokens=False)["input_ids"]
        encoded[language] = [np.asarray(row[:longest], dtype=np.int64) for row in rows if row]
    return encoded


def unknown_shares(tokenizer: PreTrainedTokenizerFast, encoded: dict[str, list[np.ndarray]]) -> dict[str, float]:
    """Share of ``[UNK]`` among the word pieces of each language."""
    return {
        language: float(np.mean(np.concatenate(rows) == tokenizer.unk_token_id)) for language, rows in encoded.items()
    }
