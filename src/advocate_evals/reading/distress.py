"""Words of distress in a text, counted. A lower bound: a state can act without a word of it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from advocate_evals.reading.text import expanded, spelling

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_DENIED_WITHIN = 2


def distress(text: str, words: Sequence[str], denied: Sequence[str] = ()) -> float:
    """Words and phrases of distress per 100 words.

    A phrase counts once, as one word. One that follows a denying word within two words does not count ("not afraid").

    Args:
        text: Any text.
        words: Words and phrases in lower case; `~` at the end stands for any ending.
        denied: Words that take the distress out of what follows.

    Returns:
        A number from 0 to 100; NaN where the text holds no word.
    """
    plain = expanded(spelling(text))
    total = len(_WORD.findall(plain))
    if not total:
        return math.nan
    return (
        100.0
        * sum(not _is_denied(plain, found, frozenset(denied)) for found in _pattern(tuple(words)).finditer(plain))
        / total
    )


def _is_denied(text: str, found: re.Match[str], denied: frozenset[str]) -> bool:
    sentence = re.split(r"[.!?;:\n]", text[max(0, found.start() - 60) : found.start()])[-1]
    return bool(denied.intersection(_WORD.findall(sentence)[-_DENIED_WITHIN:]))


@lru_cache(maxsize=16)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all of them, the longest first."""
    ordered = sorted((expanded(word) for word in words), key=len, reverse=True)
    parts = [
        re.escape(word.rstrip("~")).replace(r"\ ", r"\s+") + (r"[^\W\d_]*" if word.endswith("~") else "")
        for word in ordered
    ]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})(?![^\W_])")
