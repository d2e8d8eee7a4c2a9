"""Neutral names in an episode that leaves the house, by what the log says of who is called what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from advocate_evals.grading.names import Names, names
from advocate_evals.vocabulary import Veil


class UnmaskableError(ValueError):
    """Nothing in the log says who is called what."""


class Mask:
    """What is done to every text of an episode.

    Args:
        names: The names to be hidden; nothing is without them.
    """

    def __init__(self, names: Names | None = None) -> None:
        self._names = names

    def text(self, text: str) -> str:
        """A text with every name in it replaced."""
        return self._names.neutral(text, own=True) if self._names else text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it masked, keys of objects left as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return value


def mask_of(store: Mapping[str, Any]) -> Mask:
    """The mask of an episode, from the store of its sample.

    Raises:
        UnmaskableError: for an episode of a version that did not keep who is called what.
    """
    veil = json.loads(store.get("Episode:case") or "{}").get("veil")
    if not veil:
        raise UnmaskableError("the log keeps no list of who is called what, so its names cannot be masked")
    return Mask(names(Veil.model_validate(veil).model_dump_json()))
