"""How much two variants of a family have in common: shared sequences of words, outside the texts that all families share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean

from advocate_evals.catalogue import load
from advocate_evals.catalogue.background import background
from advocate_evals.catalogue.draw import home, scene, usual
from advocate_evals.catalogue.render import render
from advocate_evals.catalogue.scene import Scene

LENGTH = 8
"""Words in a sequence."""
MOST = 0.50
"""The largest mean likeness a family may have."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@dataclass(frozen=True, slots=True)
class Likeness:
    """Likeness over pairs of variants of one family, in [0, 1]."""

    mean: float
    most: float
    """Of the most alike pair."""
    pairs: int


def sequences(drawn: Scene) -> frozenset[tuple[str, ...]]:
    """Every sequence of eight words in the mails, files, jobs and role of a scene; none of the shared frame's."""
    found: set[tuple[str, ...]] = set()
    for text in _texts(drawn):
        words = [word.lower() for word in _WORD.findall(text)]
        found.update(tuple(words[at : at + LENGTH]) for at in range(len(words) - LENGTH + 1))
    return frozenset(found)


def _texts(drawn: Scene) -> Iterator[str]:
    role, values = load.family(drawn.spec.family).plot.role, background(usual(drawn.spec)).values
    yield from (render(text, values, "family.yaml: role") for text in (role.job, role.house))
    yield from (f"{mail.subject}\n{mail.body}" for mail in drawn.mail)
    yield from (file.text for file in drawn.files)
    yield from (job.description for job in drawn.jobs)


def alike(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Share of the shorter variant's sequences that the other has too (the overlap coefficient)."""
    return len(one & other) / min(len(one), len(other))


def too_alike(shelf: load.Shelf) -> Iterator[tuple[str, str]]:
    """Two variants of a family have not too much of their wording in common."""
    found = likeness(shelf.plot.name)
    if found.mean > MOST:
        yield "mail.yaml", f"two variants share {found.mean:.0%} of their {LENGTH}-word sequences, at most {MOST:.0%}"


def likeness(family: str, variants: int = 20, seed: str = "0") -> Likeness:
    """Likeness over all pairs of the first variants of a family, in its home context.

    Args:
        family: Name of the family.
        variants: How many variants are compared, at least 2.
        seed: Names the stream of variants.

    Raises:
        ValueError: for fewer than two variants.
        DatasetError: if there is no such family.
    """
    if variants < 2:
        raise ValueError(f"variants: at least 2 are compared, not {variants}")
    found = [sequences(scene(home(family, variant, seed))) for variant in range(variants)]
    pairs = [alike(one, other) for at, one in enumerate(found) for other in found[at + 1 :]]
    return Likeness(mean(pairs), max(pairs), len(pairs))
