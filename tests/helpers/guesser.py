"""A classifier that guesses the arm from the words: Gaussian naive Bayes on hashed words and pairs of words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_SIZE = 1 << 15


def features(text: str) -> NDArray[np.float64]:
    """Counts of each word and each pair of adjacent words (log of 1 + count), hashed into a vector."""
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    row = np.zeros(_SIZE)
    for grams in (words, [f"{first} {second}" for first, second in pairwise(words)]):
        slots, counts = np.unique([crc32(gram.encode()) % _SIZE for gram in grams], return_counts=True)
        row[slots] += counts
    return np.log1p(row)


def accuracy(
    texts: Sequence[str], labels: Sequence[str], blocks: Sequence[str], families: Sequence[str], folds: int = 4
) -> float:
    """Share of texts whose label a classifier guesses right that was trained on other families.

    Features are taken relative to the mean of the text's own block: the classifier learns how the arms of a block
    differ and has to say which arm is which. A tie among k labels counts as 1/k right.

    Args:
        texts: The texts, complete blocks of them.
        labels: The label of each text.
        blocks: The block of each text.
        families: The family of each text; texts of one family are never in both the training and the test set.
        folds: Number of folds; families are divided among them.
    """
    rows = np.array([features(text) for text in texts])
    label_names, block_names, family_names = sorted(set(labels)), sorted(set(blocks)), sorted(set(families))
    truth = np.array([label_names.index(label) for label in labels])
    block_index = np.array([block_names.index(block) for block in blocks])
    fold_index = np.array([family_names.index(family) % folds for family in families])
    block_means = np.array([rows[block_index == block].mean(axis=0) for block in range(len(block_names))])
    rows = rows - block_means[block_index]
    right = 0.0
    for fold in range(folds):
        is_test = fold_index == fold
        means = np.array([rows[~is_test & (truth == label)].mean(axis=0) for label in range(len(label_names))])
        spread = rows[~is_test].var(axis=0) + 1e-3
        for row, label in zip(rows[is_test], truth[is_test], strict=True):
            scores = (-((row - means) ** 2) / spread).sum(axis=1)
            best = np.isclose(scores, scores.max(), rtol=0, atol=1e-9)
            right += best[label] / best.sum()
    return float(right / len(texts))
