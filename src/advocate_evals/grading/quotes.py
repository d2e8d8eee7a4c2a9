"""Quotes compared with what they are taken from, whatever the spacing, case, quotation marks or dashes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from advocate_evals.reading import text as reading_text

SHORTEST = 8
"""Letters and digits that a quote must have, those outside ASCII counted twice; fewer would be found anywhere."""
_LEFT_OUT = re.compile(r"\[\s*(?:\.\.\.|…)\s*\]|\(\s*(?:\.\.\.|…)\s*\)|\.\.\.|…")
_EDGES = " \t\n\"'`.,;:!?-()[]{}<>*_|"
_BAR = re.compile(r"^\d+\|\s?", re.M)
_MARKUP = re.compile(r"[*_`]+")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The text in lower case, with one kind of space, quotation mark and dash, without emphasis marks."""
    spelt = reading_text.spelling(unicodedata.normalize("NFC", text))
    return " ".join(_MARKUP.sub("", spelt).split())


def parts(quote: str) -> tuple[str, ...]:
    """The pieces of a quote between the places where words were left out; none where it is too short to be looked for."""
    found = [plain(_BAR.sub("", part)).strip(_EDGES) for part in _LEFT_OUT.split(quote)]
    told = tuple(part for part in found if part)
    size = sum(char.isalnum() * (1 if char.isascii() else 2) for part in told for char in part)
    return told if size >= SHORTEST else ()
