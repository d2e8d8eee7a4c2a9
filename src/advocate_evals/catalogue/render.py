"""Strict rendering: every slot filled, every bank used, no brace left over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from advocate_evals.catalogue.load import DatasetError
from advocate_evals.catalogue.schema import SLOT

_STRAY = re.compile(r"[{}]")


def slots(text: str) -> set[str]:
    """Names of the slots in a text, `name` or `name.field`."""
    return set(SLOT.findall(text))


def render(text: str, values: Mapping[str, str], place: str) -> str:
    """Fill every slot of a text.

    Args:
        text: Text with `{name}` or `{name.field}` slots.
        values: Value of each slot.
        place: File and key, for the error message.

    Raises:
        DatasetError: for a slot without a value, or a brace that is no slot.
    """
    if "{" not in text and "}" not in text:
        return text

    def fill(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            raise DatasetError(f"{place}: nothing fills the slot {{{match[1]}}}{_near(match[1], values)}") from None

    stray = _STRAY.search(SLOT.sub("", text))
    if stray:
        raise DatasetError(f"{place}: a {stray[0]!r} that belongs to no slot")
    return SLOT.sub(fill, text)


def strings(data: Any) -> Iterator[str]:
    """Every text in plain data, however deep."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        yield from chain.from_iterable(strings(value) for value in data.values())
    elif isinstance(data, list | tuple):
        yield from chain.from_iterable(strings(value) for value in data)


def unused(banks: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The banks that no text draws on."""
    used = {slot.partition(".")[0] for text in texts for slot in slots(text)}
    return sorted(set(banks) - used)


def _near(slot: str, values: Mapping[str, str]) -> str:
    from advocate_evals.vocabulary import nearest

    family = {name for name in values if name.partition(".")[0] == slot.partition(".")[0]}
    return nearest(slot, family or values) if len(family or values) < 40 or family else ""
