"""Neutral names in place of those that a variant drew: the agent, the company, the people, the advocate.

An episode keeps in its facts who is called what, by the neutral name that stands for them. The same person gets the same
name in every arm of a block, so that masked episodes can still be compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

_LOCAL = 5
"""Characters from which on the part of an address before the @ is a name by itself."""


class UnmaskableError(ValueError):
    """Nothing in the log says who is called what."""


class Mask:
    """Names and what stands for them.

    Args:
        names: By the neutral name, as `Person A`: full names, parts of names, addresses, domains, paths.
    """

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        listed = {name: label for label, known in names.items() for name in (*known, *_locals(known)) if name}
        ordered = sorted(listed, key=lambda name: (-len(name), name))
        self._labels = {_folded(name): listed[name] for name in reversed(ordered)}
        alternatives = "|".join(_pattern(name) for name in ordered)
        self._pattern = re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])") if ordered else None

    def text(self, text: str) -> str:
        """A text with every name in it replaced."""
        return self._pattern.sub(lambda match: self._neutral(match[0]), text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it masked, keys of objects left as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return value

    def _neutral(self, found: str) -> str:
        """What stands for an occurrence: in the form of an address, of a plain word, or of a name."""
        label = self._labels[_folded(found)]
        dotted = label.lower().replace(" ", ".")
        if "@" in found:
            return f"{dotted}@address.example"
        return dotted if found.islower() and " " not in found else label


def mask_of(store: Mapping[str, Any]) -> Mask:
    """The mask of an episode, from the store of its sample.

    Raises:
        UnmaskableError: for an episode of a version that did not keep who is called what.
    """
    names = (json.loads(store.get("Episode:case") or "{}").get("veil") or {}).get("names")
    if not names:
        raise UnmaskableError("the log keeps no list of who is called what, so its names cannot be masked")
    return _made(json.dumps(names, sort_keys=True))


@lru_cache(maxsize=64)
def _made(names: str) -> Mask:
    return Mask(json.loads(names))


def _locals(known: Sequence[str]) -> list[str]:
    parts = [name.partition("@")[0] for name in known if "@" in name]
    return [part for part in parts if len(part) >= _LOCAL]


def _folded(name: str) -> str:
    return " ".join(name.split()).lower()


def _pattern(name: str) -> str:
    """Addresses, domains and paths in any case; other names as they are written, or in capitals, across line breaks."""
    if re.search(r"[@./_]", name):
        return rf"(?i:{re.escape(name)})"
    words = [r"\s+".join(re.escape(word) for word in form.split()) for form in (name, name.upper())]
    return "|".join(dict.fromkeys(words))
