"""Starting values of the model: word vectors from co-occurrence counts, smooth positions.

From random weights a model of this size stays for long on the plateau where it predicts token
frequencies only. Started from a factorisation of the corpus' co-occurrence matrix and from the
log-frequencies as output bias, it begins beyond it.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from transformers import BertForPreTraining


def frequencies(encoded: dict[str, list[np.ndarray]], vocabulary: int) -> np.ndarray:
    """Token probabilities of shape ``(vocabulary,)``, each language weighing the same."""
    shares = np.zeros(vocabulary)
    for rows in encoded.values():
        counts = np.bincount(np.concatenate(rows), minlength=vocabulary)
        shares += counts / counts.sum() / len(encoded)
    return shares


def positive_pmi(encoded: dict[str, list[np.ndarray]], vocabulary: int, window: int = 5) -> sparse.csr_matrix:
    """Positive pointwise mutual information of token pairs within ``window`` of a sentence.

    Contexts are smoothed with the exponent 0.75 (Levy, Goldberg and Dagan 2015), else rare
    neighbours dominate. A pair at distance d counts ``1 / d``.

    Args:
        encoded: word-piece ids of the sentences by language
        vocabulary: number of word pieces
        window: largest distance of two tokens

    Returns:
        a sparse matrix of shape ``(vocabulary, vocabulary)``
    """
    total = sparse.csr_matrix((vocabulary, vocabulary))
    for rows in encoded.values():
        ids = np.concatenate(rows)
        sentence = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        weight = 1.0 / len(ids)
        for distance in range(1, window + 1):
            same = sentence[distance:] == sentence[:-distance]
            left, right = ids[:-distance][same], ids[distance:][same]
            values = np.full(len(left), weight / distance)
            total += sparse.coo_matrix((values, (left, right)), shape=total.shape).tocsr()
    total = (total + total.T).tocoo()
    marginal = np.asarray(total.sum(axis=1)).ravel()
    smoothed = marginal**0.75
    smoothed *= marginal.sum() / smoothed.sum()
    pmi = np.log(total.data * marginal.sum() / (marginal[total.row] * smoothed[total.col]))
    keep = pmi > 0
    return sparse.csr_matrix((pmi[keep], (total.row[keep], total.col[keep])), shape=(vocabulary, vocabulary))


def word_vectors(matrix: sparse.csr_matrix, size: int, deviation: float = 0.04, seed: int = 0) -> np.ndarray:
    """Rows of a truncated singular value decomposition, scaled to one standard deviation.

    Args:
        matrix: ``(vocabulary, vocabulary)``
        size: number of components kept
        deviation: standard deviation of the result's entries; tokens without any co-occurrence get
            noise of half of it
        seed: of the randomised decomposition and of the noise

    Returns:
        ``(vocabulary, size)``
    """
    left, values, _ = randomized_svd(matrix, size, n_iter=3, random_state=seed)
    vectors = left * np.sqrt(values)
    empty = np.abs(vectors).sum(axis=1) < 1e-9
    # The longest rows (function words) would otherwise own the scale of all the others.
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.sqrt(np.maximum(lengths, 1e-9))
    vectors *= deviation / vectors[~empty].std()
    noise = np.random.default_rng(seed).normal(0, deviation / 2, vectors.shape)
    return np.where(empty[:, None], noise, vectors)


def sinusoids(positions: int, size: int, deviation: float = 0.02) -> np.ndarray:
    """Sine and cosine position vectors ``(positions, size)`` (Vaswani et al. 2017), made small.

    Neighbouring positions start alike, so one that pretraining rarely sees is near one it sees.
    """
    angle = np.arange(positions)[:, None] / 10_000 ** (np.arange(0, size, 2) / size)
    table = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    return table * deviation / table.std()


@torch.no_grad()
def initialise(model: BertForPreTraining, encoded: dict[str, list[np.ndarray]]) -> None:
    """Writes word vectors, output bias and positions into ``model``, in place."""
    config = model.config
    vectors = word_vectors(positive_pmi(encoded, config.vocab_size), config.hidden_size)
    embeddings = model.bert.embeddings
    words = embeddings.word_embeddings.weight
    words.copy_(torch.from_numpy(vectors).to(words.dtype))
    words[config.pad_token_id] = 0
    places = embeddings.position_embeddings.weight
    table = sinusoids(config.max_position_embeddings, config.hidden_size)
    places.copy_(torch.from_numpy(table).to(places.dtype))
    shares = frequencies(encoded, config.vocab_size)
    bias = np.log(shares + 1e-7)
    model.cls.predictions.bias.copy_(torch.from_numpy(bias - bias.mean()).to(words.dtype))
