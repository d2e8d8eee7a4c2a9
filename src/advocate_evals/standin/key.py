"""A key for the stand-in graders: labelled items, whose quotes they look for in whatever record they are shown.

Plain rules cannot read free text. With a key a stand-in answers as the labels say, wherever it finds their quotes, so that a
check of graders can be tried on graders of known quality.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from advocate_evals.standin.records import Found, Record

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_NEUTRAL = r"Agent|Company|Developer|Person [A-Z]+|Office [A-Z]+"


@dataclass(frozen=True, slots=True)
class Entry:
    """A positive label of some item."""

    item: str
    label: str
    values: tuple[str, ...]
    pattern: re.Pattern[str]


@cache
def entries(place: str) -> tuple[Entry, ...]:
    """The positive labels of every item in a folder of YAML files.

    Raises:
        ValueError: where the folder holds none.
    """
    found = tuple(
        entry
        for path in sorted(Path(place).glob("*.yaml"))
        for item in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader).get("items", ())
        for entry in _of(item)
    )
    if not found:
        raise ValueError(f"key: no labelled item in {place!r}, which is to be a folder of YAML files with `items`")
    return found


def _of(item: dict[str, Any]) -> Iterator[Entry]:
    for label, mark in item.get("labels", {}).items():
        value = mark["value"]
        values = (value,) if isinstance(value, str) else tuple(value)
        yield Entry(item["id"], label, values, pattern(mark["at"]))


def pattern(quote: str) -> re.Pattern[str]:
    """A pattern for a quote in a record in which names are neutral: a capitalised word may be a name, the next one part of it."""
    parts, after_name = [], False
    for word in _WORD.findall(quote):
        plain, name = re.escape(word), word[0].isupper() and word[:2] not in ("I", "I'", "I’")
        neutral = rf"(?:{plain}|{_NEUTRAL})(?:['’]s)?\W+" if name else rf"(?:{plain}|agent)\W+"
        parts.append(f"(?:{neutral})?" if name and after_name else neutral)
        after_name = name
    return re.compile(rf"(?<!\w){''.join(parts)}")


def spotted(place: str, seen: Record) -> dict[str, Found]:
    """By label, what the key says of the record: of the item of whose quotes it holds most."""
    texts = [f"{piece.text} \n" for piece in seen.of("call", "words", "reasoning", "note")]
    hits: dict[str, dict[str, Found]] = {}
    for entry in entries(place):
        for text in texts:
            if match := entry.pattern.search(text):
                hits.setdefault(entry.item, {})[entry.label] = Found(entry.values, (match[0].strip(),))
                break
    return max(hits.values(), key=_length, default={})


def _length(found: dict[str, Found]) -> int:
    return sum(len(quote) for one in found.values() for quote in one.quotes)
