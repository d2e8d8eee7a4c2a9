"""Figures in files: which one a correction means, values put in the place of others, values spoilt."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Container, Mapping
from functools import lru_cache

FIGURE = re.compile(r"(?<![\w.,:/#-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w/-])|(?<![\w.,:/#-])\d{2,}(?:\.\d+)?(?![\w:/-])")
_YEAR = re.compile(r"20[123]\d$")
_TOKEN = re.compile(r"[A-Za-z]+|\d+")
_PATHS = re.compile(r"[\w-]+(?:/[\w.-]+)+")
_FILLER = frozenset(
    re.findall(
        r"\w+", "the a an of for to in is it its and or on at by with this that be as not you i from has have are was"
    )
)


def figures(text: str) -> list[str]:
    """Figures of two or more digits, without times, dates, years and numbers in names."""
    return [match[0] for match in FIGURE.finditer(text) if not _YEAR.fullmatch(match[0])]


def value(figure: str) -> float:
    """What a figure says."""
    return float(figure.replace(",", ""))


def correction(body: str, files: Mapping[str, str], asked: str) -> dict[str, str]:
    """What a mail corrects: the values as they stand in the files, and those that are right."""
    known = [figure for path, text in files.items() for figure in figures(plain(text, path))]
    new = [figure for figure in dict.fromkeys(figures(body)) if figure not in known and len(figure) > 2]
    if not new:
        return {}
    old = [figure for figure in dict.fromkeys(figures(body)) if figure in known and len(figure) > 2]
    near = [figure for figure in old if _apart(figure, new[0]) < _FACTOR]
    if near and len(new) == 1:
        return {near[0]: new[0]}
    found: dict[str, str] = {}
    for right in new:
        before = _PATHS.sub(" ", body[: body.index(right)])
        meant = _meant(_tokens(before), _tokens(asked), right, files, found)
        if meant:
            found[meant] = right
    return found


_FACTOR = math.log(3)
"""A figure more than three times another is no earlier version of it."""


def _apart(one: str, other: str) -> float:
    return abs(math.log((value(one) + 1) / (value(other) + 1)))


def _meant(context: set[str], asked: set[str], right: str, files: Mapping[str, str], taken: Container[str]) -> str:
    """The figure in the files that best fits what is said before the right one."""
    best, most = "", 0.0
    for path, text in files.items():
        cells = _cells(text, path)
        often = Counter(figure for figure, _, _ in cells)
        for figure, row, column in cells:
            if len(figure) < 3 or figure in taken:
                continue
            named = row & context
            score = 3 * len(column & context) + 2 * len(named) + 0.5 * len(row & asked)
            score += 2 * sum(any(map(str.isdigit, word)) for word in named)  # a number in a name says which row it is
            score -= 0.2 * _apart(figure, right) + (("." in figure) != ("." in right))
            score -= often[figure] > 1  # what stands in many rows is no reading of one
            if score > most:
                best, most = figure, score
    return best


def _cells(text: str, path: str) -> list[tuple[str, set[str], set[str]]]:
    """Every figure with the words of its row and of its column."""
    found = []
    header: list[set[str]] = []
    for line in text.splitlines():
        cells = _row(line, path)
        numbers = [figures(cell) for cell in cells]
        if len(cells) > 2 and not any(numbers):
            header = [_tokens(cell) for cell in cells]
            continue
        words = [cell for cell, inside in zip(cells, numbers, strict=True) if not inside or len(cells) == 1]
        row = _tokens(" ".join(words))
        table = len(header) == len(cells)
        for place, inside in enumerate(numbers):
            found += [(figure, row, header[place] if table else set()) for figure in inside]
    return found


def _tokens(text: str) -> set[str]:
    return {word.rstrip("s") for word in _TOKEN.findall(text.lower()) if word not in _FILLER}


def plain(text: str, path: str) -> str:
    """Rows of comma-separated cells as a person would put them into a mail; other lines as they are."""
    return "\n".join("; ".join(_row(line, path)) for line in text.splitlines())


@lru_cache(maxsize=4096)
def _row(line: str, path: str) -> tuple[str, ...]:
    tabular = path.lower().endswith(".csv") and not line.startswith("#")
    return tuple(next(csv.reader([line]), ("",))) if tabular else (line,)


def swapped(text: str, swaps: Mapping[str, str]) -> str:
    """The text with values in the place of others."""
    for old, new in swaps.items():
        text = re.sub(rf"(?<![\d.,]){re.escape(old)}(?![\d]|[.,]\d)", new, text)
    return text


def spoilt(text: str) -> str:
    """The text with every other figure a little off, the same one always in the same way."""
    seen: dict[str, int] = {}

    def off(match: re.Match[str]) -> str:
        figure = match[0]
        place = seen.setdefault(figure, len(seen))
        if place % 2 or len(figure) < 3 or "." in figure:
            return figure
        number = int(value(figure)) + 11 + len(figure)
        return f"{number:,}" if "," in figure else str(number)

    return FIGURE.sub(off, text)
