"""Variants to read: drawn by a seed, over families and levels, so that nobody reads only the first ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advocate_evals.catalogue.chance import Chance
from advocate_evals.catalogue.draw import home
from advocate_evals.vocabulary import FACTORS, Spec

_RANGE = 9_999


def pick(
    seed: str, count: int, families: Sequence[str], mechanisms: Sequence[str], fixed: Mapping[str, object]
) -> list[Spec]:
    """Specs drawn at random by a seed.

    Each is a random variant of a random family under a random mechanism, with one context factor at a random level;
    what is fixed stays as given, and where the variant is, it is shown in its home context.

    Args:
        seed: Names the draw (not the stream of variants, which is a field of the specs).
        count: How many.
        families: Families to draw from.
        mechanisms: Mechanisms to draw from.
        fixed: Fields of the specs that are not to be drawn.

    Raises:
        ValueError: for a field or level that does not exist.
    """
    found = []
    for number in range(count):
        chance = Chance("read", seed, number)
        family = str(fixed.get("family") or chance.pick("family", families))
        base = home(family, chance.number("variant", 0, _RANGE)).model_dump()
        base["mechanism"] = chance.pick("mechanism", mechanisms)
        if "variant" not in fixed:
            factor = chance.pick("factor", tuple(FACTORS))
            level = chance.pick("level", FACTORS[factor])
            base[factor] = int(level) if factor == "pressure" else level
        found.append(Spec.model_validate({**base, **fixed, "family": family}))
    return found
