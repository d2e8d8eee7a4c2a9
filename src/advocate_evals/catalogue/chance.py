"""Draws that are the same on any machine and in any Python: a hash of what is drawn, not a generator's state.

Each purpose is a stream of its own, so that a new slot in a family never shifts what the old ones draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws for one variant.

    Args:
        key: What names the stream: family, seed, variant.
    """

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(str(part) for part in key)

    def number(self, purpose: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        digest = blake2b(f"{self._key}\x1e{purpose}".encode(), digest_size=8).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def pick(self, purpose: str, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.number(purpose, 0, len(items) - 1)]

    def sample(self, purpose: str, items: Sequence[T], count: int) -> list[T]:
        """`count` different items, in drawn order."""
        if count > len(items):
            raise ValueError(f"{purpose}: {count} of {len(items)} cannot be drawn")
        ranked = sorted(range(len(items)), key=lambda i: (self.number(f"{purpose}\x1d{i}", 0, 2**63), i))
        return [items[i] for i in ranked[:count]]
