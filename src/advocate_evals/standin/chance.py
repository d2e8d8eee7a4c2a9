"""Draws that come out of text: the same conversation is the same draw, on any machine."""

from __future__ import annotations

import hashlib


def uniform(*parts: str) -> float:
    """A number in [0, 1) that the parts decide."""
    digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def shared_uniform(shared: str, own: str, *names: str, share: float) -> float:
    """A uniform that conversations with the same `shared` text nearly agree in.

    The part that `shared` decides is shifted by at most half of `share` either way, by what `own` decides, around the
    circle; a uniform shifted around the circle by anything independent stays uniform.

    Args:
        shared: Text common to the arms of a block.
        own: Text of this arm.
        names: What the draw is for.
        share: Width of the arm's own shift, in [0, 1].
    """
    return (uniform(*names, shared) + share * (uniform(*names, own) - 0.5)) % 1.0
